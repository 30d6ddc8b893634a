//! Which layers read which: the edges of a network, and where the gradient of each output is found.
//!
//! The layers stand in the order in which they run, so that a layer reads only those before it. The backward pass goes
//! through them from the last to the first, and each layer makes the gradients of its inputs in their order. An output
//! that is read once has its reader's gradient; one that is read more than once has the sum of its readers' gradients, in
//! the order in which they are made.

use super::Layer;

/// One reading of an output: an input of a layer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Edge {
    /// The layer that reads.
    pub layer: usize,
    /// The number of its input.
    pub input: usize,
}

/// Where the gradient of an output, or of the picture, is found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Gradient {
    /// The loss makes it.
    Loss,
    /// The only reader makes it.
    Edge(Edge),
    /// The sum of its readers' gradients, which is the output's own [`Part::Dy`](super::Part::Dy).
    Sum,
}

/// The readers of the picture and of each layer's output, by [`Source::place`](super::Source::place): those that lead to
/// the last layer, in the order in which the backward pass makes their gradients.
pub(super) fn readers(layers: &[Layer]) -> Vec<Vec<Edge>> {
    let mut readers = vec![Vec::new(); layers.len() + 1];
    let mut leads = vec![false; layers.len() + 1];
    leads[layers.len()] = true;
    for (l, layer) in layers.iter().enumerate().rev() {
        if !leads[l + 1] {
            continue;
        }
        for (input, source) in layer.sources.iter().enumerate() {
            leads[source.place()] = true;
            readers[source.place()].push(Edge { layer: l, input });
        }
    }
    readers
}
