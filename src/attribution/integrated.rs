//! Integrated gradients: the gradient's mean on the straight way from a baseline, times the way.

use super::Probe;
use crate::nn::{Watch, activation::Gate};
use crate::tensor::{ShapeError, Tensor};

/// Integrated gradients in the making: one call, one place on the way.
///
/// a = (x - x') * (1/m) * sum over k of dy/dx at x' + (k + 1/2)/m * (x - x'), k = 0..m: Sundararajan, Taly & Yan
/// 2017, equation 3, with the middle of each of the m parts instead of its end, which comes nearer to the integral.
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
    /// Starts; the baseline has the picture's shape. Runs forward twice. `Ok(None)` where it was told to stop.
    ///
    /// # Errors
    /// Where there is no step, or the baseline has another shape than the picture.
    pub fn new(
        probe: &Probe,
        x: &Tensor,
        baseline: Tensor,
        steps: usize,
        watch: Watch,
    ) -> Result<Option<Self>, ShapeError> {
        if steps == 0 {
            return Err(ShapeError(
                "integrated gradients: expected at least 1 step, got 0; take 64, which is enough for most"
                    .into(),
            ));
        }
        if baseline.dim() != x.dim() {
            return Err(ShapeError(format!(
                "integrated gradients: expected a baseline of shape {:?}, got {:?}; make it as large as the picture",
                x.dim(),
                baseline.dim()
            )));
        }
        let ends = probe.value(&baseline, watch).zip(probe.value(x, watch));
        Ok(ends.map(|(from, to)| Self {
            way: x - &baseline,
            sum: Tensor::zeros(x.dim()),
            baseline,
            steps,
            done: 0,
            ends: [from, to],
        }))
    }

    /// Takes the next step; false where it was told to stop. After the last one it does nothing.
    pub fn step(&mut self, probe: &Probe, watch: Watch) -> bool {
        if self.done == self.steps {
            return true;
        }
        let part = (self.done as f32 + 0.5) / self.steps as f32;
        let place = &self.baseline + &(&self.way * part);
        let Some((_, dx)) = probe.input_gradient(&place, Gate::Derivative, watch) else { return false };
        self.sum += &dx;
        self.done += 1;
        true
    }

    /// Steps done, and all.
    pub const fn progress(&self) -> (usize, usize) {
        (self.done, self.steps)
    }

    /// The map as far as the steps done go, (1, C, H, W): those to come add nothing yet.
    pub fn cells(&self) -> Tensor {
        &self.way * &self.sum / self.steps as f32
    }

    /// The unit's value for the picture.
    pub const fn value(&self) -> f32 {
        self.ends[1]
    }

    /// What the map's cells add up to, and what they should: the unit's value for the picture less that for the
    /// baseline.
    pub fn completeness(&self) -> [f32; 2] {
        let sum: f64 = self.cells().iter().map(|&x| f64::from(x)).sum();
        [sum as f32, self.ends[1] - self.ends[0]]
    }

    /// How far the sum of the map is from what it should be, as a part of that; NaN where that is 0.
    pub fn completeness_error(&self) -> f32 {
        let [sum, should] = self.completeness();
        ((sum - should) / should).abs()
    }
}
