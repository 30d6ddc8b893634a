//! Integrated gradients: the mean gradient along the straight path from a baseline, times the path.

use super::Probe;
use crate::nn::{Execution, activation::Gate};
use crate::tensor::{ShapeError, Tensor};

/// A running computation of integrated gradients; each call of [`Self::step`] evaluates one point of the path.
///
/// a = (x - x') * (1/m) * sum over k of dy/dx at x' + (k + 1/2)/m * (x - x'), k = 0..m: Sundararajan, Taly & Yan
/// 2017, equation 3, but with the midpoints of the m intervals instead of their ends, which approximates the
/// integral better.
#[derive(Clone, PartialEq, Debug)]
pub struct Integrated {
    baseline: Tensor,
    way: Tensor,
    steps: usize,
    done: usize,
    /// The sum of the gradients so far.
    sum: Tensor,
    /// The unit's value for the baseline and for the picture.
    ends: [f32; 2],
}

impl Integrated {
    /// Starts with two forward passes, for the baseline and the picture, which have the same shape. `Ok(None)` if
    /// cancelled.
    ///
    /// # Errors
    /// If `steps` is 0, or the shapes differ.
    pub fn new(
        probe: &Probe,
        x: &Tensor,
        baseline: Tensor,
        steps: usize,
        exec: Execution,
    ) -> Result<Option<Self>, ShapeError> {
        if steps == 0 {
            return Err(ShapeError(
                "integrated gradients: expected at least 1 step, got 0; use 64, which is enough in most cases"
                    .into(),
            ));
        }
        if baseline.dim() != x.dim() {
            return Err(ShapeError(format!(
                "integrated gradients: expected a baseline of shape {:?}, got {:?}; use the shape of the picture",
                x.dim(),
                baseline.dim()
            )));
        }
        let ends = probe.value(&baseline, exec).zip(probe.value(x, exec));
        Ok(ends.map(|(from, to)| Self {
            way: x - &baseline,
            sum: Tensor::zeros(x.dim()),
            baseline,
            steps,
            done: 0,
            ends: [from, to],
        }))
    }

    /// Makes the next step; false if cancelled. After the last step it does nothing.
    pub fn step(&mut self, probe: &Probe, exec: Execution) -> bool {
        if self.done == self.steps {
            return true;
        }
        let part = (self.done as f32 + 0.5) / self.steps as f32;
        let place = &self.baseline + &(&self.way * part);
        let Some((_, dx)) = probe.input_gradient(&place, Gate::Derivative, exec) else { return false };
        self.sum += &dx;
        self.done += 1;
        true
    }

    /// The number of steps done, and of all steps.
    pub const fn progress(&self) -> (usize, usize) {
        (self.done, self.steps)
    }

    /// The map so far, (1, C, H, W); steps still to come contribute nothing yet.
    pub fn cells(&self) -> Tensor {
        &self.way * &self.sum / self.steps as f32
    }

    /// The unit's value for the picture.
    pub const fn value(&self) -> f32 {
        self.ends[1]
    }

    /// The sum of the map's cells, and the sum they should have: the unit's value for the picture minus that for
    /// the baseline.
    pub fn completeness(&self) -> [f32; 2] {
        let sum: f64 = self.cells().iter().map(|&x| f64::from(x)).sum();
        [sum as f32, self.ends[1] - self.ends[0]]
    }

    /// The relative error of the map's sum; NaN if it should be 0.
    pub fn completeness_error(&self) -> f32 {
        let [sum, should] = self.completeness();
        ((sum - should) / should).abs()
    }
}
