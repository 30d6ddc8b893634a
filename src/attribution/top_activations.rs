//! The pictures of a list that excite a unit most, each with the part of it that does.

use super::{Probe, Rect, Unit, receptive_field};
use crate::nn::Watch;
use crate::tensor::Tensor;

/// A picture that excites a unit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TopActivation {
    /// The picture's number in the list.
    pub index: u64,
    /// The unit's value; of a channel the largest over its positions, as in Zeiler & Fergus 2014, section 4.
    pub value: f32,
    /// Where in the layer's output that is.
    pub at: [usize; 2],
    /// The part of the picture that the cell there sees.
    pub patch: Rect,
}

/// The search through a list: one call, one picture.
#[derive(Clone, PartialEq, Debug)]
pub struct TopActivations {
    keep: usize,
    seen: u64,
    best: Vec<TopActivation>,
}

impl TopActivations {
    /// Keeps so many pictures.
    pub const fn new(keep: usize) -> Self {
        Self { keep, seen: 0, best: Vec::new() }
    }

    /// Looks at one picture more; false where it was told to stop. A unit's NaN excites nobody.
    pub fn offer(&mut self, probe: &Probe, index: u64, x: &Tensor, watch: Watch) -> bool {
        let Some(values) = probe.forward(x, watch) else { return false };
        self.seen += 1;
        let last = probe.network().layers.len() - 1;
        let (value, at) = match probe.unit() {
            Unit::Score(_) | Unit::Probability(_) => (probe.value_in(&values), [0, 0]),
            Unit::Cell { at, .. } => (probe.value_in(&values), at),
            Unit::Channel { channel, .. } => {
                let y = values.output();
                probe.positions().fold((f32::NAN, [0, 0]), |best, [i, j]| {
                    let y = y[[0, channel, i, j]];
                    // The first of equals; anything is more than NaN.
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

    /// How many pictures it has looked at.
    pub const fn seen(&self) -> u64 {
        self.seen
    }

    /// The best so far, the most exciting first; of equals the one that came first.
    pub fn best(&self) -> &[TopActivation] {
        &self.best
    }
}
