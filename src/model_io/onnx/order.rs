//! The nodes that an output needs, in an order in which each comes after those that it reads.

#![expect(clippy::arithmetic_side_effects, reason = "counts of inputs that wait, each taken away once")]

use super::{names::quoted, proto::GraphProto};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

/// The places in the file of the nodes that `output` needs, sorted so that each comes after those that it reads; of
/// those that may come next, the one that stands first in the file.
///
/// # Errors
/// If a name is made twice, or if nodes wait for one another.
pub fn sorted(graph: &GraphProto, output: &str) -> Result<Vec<usize>, String> {
    let makers = makers(graph)?;
    let needed = needed(graph, &makers, output);
    // For each node: how many of the nodes that it reads are still to come, and who reads it.
    let mut waiting = vec![0usize; graph.node.len()];
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); graph.node.len()];
    for (n, node) in graph.node.iter().enumerate().filter(|(n, _)| needed[*n]) {
        for maker in node.input.iter().filter_map(|name| makers.get(name.as_str())) {
            waiting[n] += 1;
            readers[*maker].push(n);
        }
    }
    let is_ready = |n: &usize| needed[*n] && waiting[*n] == 0;
    let mut ready: BinaryHeap<Reverse<usize>> = (0..waiting.len()).filter(is_ready).map(Reverse).collect();
    let mut order = Vec::with_capacity(waiting.len());
    while let Some(Reverse(n)) = ready.pop() {
        order.push(n);
        for &reader in &readers[n] {
            waiting[reader] -= 1;
            if waiting[reader] == 0 {
                ready.push(Reverse(reader));
            }
        }
    }
    match (0..waiting.len()).find(|&n| needed[n] && waiting[n] > 0) {
        None => Ok(order),
        Some(n) => Err(format!(
            "node {}: expected nodes that can be computed one after another, got a circle of nodes that wait for one \
             another; the file is damaged, export it again",
            quoted(graph.node[n].output.first().map_or("", String::as_str))
        )),
    }
}

/// Which node makes each name.
fn makers(graph: &GraphProto) -> Result<HashMap<&str, usize>, String> {
    let mut makers = HashMap::new();
    for (n, node) in graph.node.iter().enumerate() {
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            if makers.insert(name.as_str(), n).is_some() {
                return Err(format!(
                    "{}: expected each tensor to be made once, got two nodes that make it; the file is damaged, export \
                     it again",
                    quoted(name)
                ));
            }
        }
    }
    Ok(makers)
}

/// Whether each node is needed for `output`.
fn needed(graph: &GraphProto, makers: &HashMap<&str, usize>, output: &str) -> Vec<bool> {
    let mut needed = vec![false; graph.node.len()];
    let mut open: Vec<usize> = makers.get(output).copied().into_iter().collect();
    while let Some(n) = open.pop() {
        if !std::mem::replace(&mut needed[n], true) {
            open.extend(graph.node[n].input.iter().filter_map(|name| makers.get(name.as_str())));
        }
    }
    needed
}
