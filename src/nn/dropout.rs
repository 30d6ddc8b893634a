//! Dropout with a mask that is a closed-form function of seed, step, layer and cell, so that any
//! moment of training can be computed again.

use super::Real;
use crate::tensor::Tensor;

/// Where the masks of a training step come from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Stream {
    /// The seed of the run.
    pub seed: u64,
    /// The training step.
    pub step: u64,
}

impl Stream {
    /// A number in [0, 1) for cell `cell` of layer `layer`: SplitMix64 (Steele, Lea & Flood 2014)
    /// of the four numbers, its upper 53 bits.
    pub fn uniform(self, layer: usize, cell: usize) -> f64 {
        let mix = |z: u64| {
            let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        let state = [self.seed, self.step, layer as u64, cell as u64]
            .into_iter()
            .fold(0u64, |state, part| mix(state.wrapping_add(part).wrapping_add(0x9e37_79b9_7f4a_7c15)));
        (state >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The mask of one cell: 0 with probability p, else 1/(1-p).
    pub fn mask<T: Real>(self, layer: usize, cell: usize, p: f64) -> T {
        if self.uniform(layer, cell) < p { T::zero() } else { T::nearest(1.0 / (1.0 - p)) }
    }
}

/// The mask of a whole batch, (N, C, H, W).
pub fn mask<T: Real>(stream: Stream, layer: usize, p: f64, dim: (usize, usize, usize, usize)) -> Tensor<T> {
    let mut cell = 0..;
    Tensor::from_shape_simple_fn(dim, || stream.mask(layer, cell.next().unwrap_or(0), p))
}
