//! Names of an ONNX file: as an error message shows them, and as layers have them: the weight's name, else the module's or the node's, else the kind with a
//! number.

#![expect(clippy::arithmetic_side_effects, reason = "counts of layers of a kind")]

use super::proto::NodeProto;
use crate::model_io::architecture::short;
use crate::nn::{outline::check_name, spec::Kind};
use std::collections::{HashMap, HashSet};

/// A valid name that no earlier layer has.
pub fn unused(
    node: &NodeProto,
    kind: &Kind,
    names: &mut HashSet<String>,
    counts: &mut HashMap<&'static str, usize>,
) -> String {
    let word = if matches!(kind, Kind::Dropout(_)) { "drop" } else { kind.stem() };
    let count = counts.entry(word).or_insert(0);
    *count += 1;
    let own = of_weight(node).or_else(|| of_node(node)).filter(|name| check_name(name, &[]).is_ok());
    let first = own.unwrap_or_else(|| format!("{word}{count}"));
    let others = (2..).map(|n| format!("{first}_{n}"));
    let mut free = std::iter::once(first.clone()).chain(others).filter(|name| !names.contains(name));
    let name = free.next().unwrap_or_default();
    names.insert(name.clone());
    name
}

/// Takes `features.0` from a weight `features.0.weight`.
fn of_weight(node: &NodeProto) -> Option<String> {
    clean(node.input.get(1)?.strip_suffix(".weight")?)
}

/// Takes `features.1` from `/features/features.1/Relu`, whose last component is the operator, and `max_pool2d_1`
/// from `node_max_pool2d_1`.
fn of_node(node: &NodeProto) -> Option<String> {
    let mut parts = node.name.rsplit('/').filter(|part| !part.is_empty());
    let last = parts.next()?;
    let own = if last.starts_with(&node.op_type) { parts.next()? } else { last };
    clean(own.strip_prefix("node_").unwrap_or(own))
}

/// A name that is valid in addresses; `None` if only numbers remain, as in an unnamed list of layers.
fn clean(name: &str) -> Option<String> {
    const LONGEST: usize = 40;
    let is_bad = |c: char| c == '/' || c == ':' || c.is_whitespace() || c.is_control();
    let name: String = name.chars().take(LONGEST).map(|c| if is_bad(c) { '_' } else { c }).collect();
    let name = name.trim_matches(['_', '.']);
    name.chars().any(char::is_alphabetic).then(|| name.to_owned())
}

/// A name from the file, as shown in an error message.
pub fn quoted(name: &str) -> String {
    short(&format!("{name:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_file_and_are_valid_and_unique() {
        let (mut names, mut counts) = (HashSet::new(), HashMap::new());
        let mut named = |name: &str, op: &str, weight: &str, kind: &Kind| {
            let input = vec!["x".into(), weight.into()];
            let node = NodeProto { name: name.into(), op_type: op.into(), input, ..NodeProto::default() };
            unused(&node, kind, &mut names, &mut counts)
        };
        for (name, op, weight, expected) in [
            ("/features/features.0/Conv", "Conv", "features.0.weight", "features.0"),
            ("/features/features.1/Relu", "Relu", "", "features.1"),
            ("/Relu_1", "Relu", "", "relu3"),
            ("node_relu_1", "Relu", "", "relu_1"),
            ("/2/Relu", "Relu", "", "relu5"),
            ("/act/Relu", "Relu", "", "act"),
            ("/act/Relu_1", "Relu", "", "act_2"),
            ("loss", "Relu", "", "relu8"),
            ("a.dW", "Relu", "", "relu9"),
            ("a b\nc", "Relu", "", "a_b_c"),
        ] {
            assert_eq!(named(name, op, weight, &Kind::RELU), expected, "{name}");
        }
    }
}
