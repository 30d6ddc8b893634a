//! The pictures that activate a unit most, each with the patch that does.

use super::{Probe, Rect, Unit, receptive_field};
use crate::nn::Execution;
use crate::tensor::Tensor;

/// A picture among those that activate a unit most.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TopActivation {
    /// The picture's index.
    pub index: u64,
    /// The unit's value; for a channel, the largest over its positions, as in Zeiler & Fergus 2014, section 4.
    pub value: f32,
    /// The position of that value in the layer's output.
    pub at: [usize; 2],
    /// The receptive field of that position: a part of the picture.
    pub patch: Rect,
}

/// A running search for the pictures that activate a unit most, one picture per call.
#[derive(Clone, PartialEq, Debug)]
pub struct TopActivations {
    keep: usize,
    seen: u64,
    best: Vec<TopActivation>,
}

impl TopActivations {
    /// A search that keeps the `keep` best pictures.
    pub const fn new(keep: usize) -> Self {
        Self { keep, seen: 0, best: Vec::new() }
    }

    /// Evaluates one more picture; false if cancelled. Pictures whose value is NaN are not kept.
    pub fn offer(&mut self, probe: &Probe, index: u64, x: &Tensor, exec: Execution) -> bool {
        let Some(values) = probe.forward(x, exec) else { return false };
        self.seen += 1;
        let last = probe.network().layers.len() - 1;
        let (value, at) = match probe.unit() {
            Unit::Score(_) | Unit::Probability(_) => (probe.value_in(&values), [0, 0]),
            Unit::Cell { at, .. } => (probe.value_in(&values), at),
            Unit::Channel { channel, .. } => {
                let y = values.output();
                probe.positions().fold((f32::NAN, [0, 0]), |best, [i, j]| {
                    let y = y[[0, channel, i, j]];
                    // The first of equals; any number is preferred to NaN.
                    if y > best.0 || best.0.is_nan() { (y, [i, j]) } else { best }
                })
            }
        };
        if !value.is_nan() {
            let patch = receptive_field(probe.network(), last, at);
            let place = self.best.partition_point(|other| other.value >= value);
            self.best.insert(place, TopActivation { index, value, at, patch });
            self.best.truncate(self.keep);
        }
        true
    }

    /// The number of pictures evaluated.
    pub const fn seen(&self) -> u64 {
        self.seen
    }

    /// The best pictures so far, largest value first; equals in the order in which they came.
    pub fn best(&self) -> &[TopActivation] {
        &self.best
    }
}
