//! Activation maximisation: gradient ascent on a unit's value, from a noise picture.

use super::{Fill, PixelRange, Probe};
use crate::nn::{Execution, activation::Gate};
use crate::tensor::{ShapeError, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The parameters of the ascent.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AscentRules {
    /// The number of steps.
    pub steps: usize,
    /// The root mean square of a step, as a share of the range from black to white.
    pub rate: f32,
    /// The share of the distance to grey that each step removes: L2 decay, Simonyan et al. 2014, equation 1.
    pub decay: f32,
    /// The share of a 3x3 binomial blur that each step mixes in: Yosinski et al. 2015, section 3.
    pub blur: f32,
    /// Each step takes the gradient of the picture shifted cyclically by up to this many cells: Mordvintsev et al.
    /// 2015.
    pub jitter: usize,
    /// The seed of the noise and the shifts.
    pub seed: u64,
}

impl Default for AscentRules {
    fn default() -> Self {
        Self { steps: 100, rate: 0.02, decay: 0.01, blur: 0.25, jitter: 1, seed: 1 }
    }
}

/// A running activation maximisation; each call of [`Self::step`] makes one step of the ascent.
///
/// x <- shift back(shift(x) + rate * range * g / rms(g)), where g is the gradient of the unit's value; then decay
/// towards grey, blur, and clamp to the range of pixels. It starts from grey with noise of a tenth of the range.
#[derive(Clone, Debug)]
pub struct Ascent {
    x: Tensor,
    range: PixelRange,
    rules: AscentRules,
    rng: ChaCha8Rng,
    /// The unit's value before each step done, and after the last one.
    values: Vec<f32>,
    done: usize,
    stuck: bool,
}

impl Ascent {
    /// Starts from the seed's noise.
    ///
    /// # Errors
    /// If a parameter is out of range.
    pub fn new(probe: &Probe, range: PixelRange, rules: AscentRules) -> Result<Self, ShapeError> {
        for (name, got, most) in
            [("rate", rules.rate, 10.0), ("decay", rules.decay, 1.0), ("blur", rules.blur, 1.0)]
        {
            if !(0.0..=most).contains(&got) {
                return Err(ShapeError(format!(
                    "activation maximisation: expected a {name} from 0 to {most}, got {got}; use the default"
                )));
            }
        }
        if rules.steps == 0 {
            return Err(ShapeError(
                "activation maximisation: expected at least 1 step, got 0; use 100".into(),
            ));
        }
        let mut rng = ChaCha8Rng::seed_from_u64(rules.seed);
        let [c, h, w] = probe.network().input;
        let mut x = range.plain(Fill::Grey, [c, h, w]);
        for ((_, c, _, _), x) in x.indexed_iter_mut() {
            let [low, high] = range.bounds(c);
            *x += (rng.random::<f32>() - 0.5) * 0.1 * (high - low);
        }
        Ok(Self { x, range, rules, rng, values: Vec::new(), done: 0, stuck: false })
    }

    /// Makes the next step; false if cancelled. After the last step, the next call computes the final value;
    /// further calls do nothing.
    pub fn step(&mut self, probe: &Probe, exec: Execution) -> bool {
        if self.done == self.rules.steps {
            if self.values.len() == self.done {
                let Some(value) = probe.value(&self.x, exec) else { return false };
                self.values.push(value);
            }
            return true;
        }
        // If cancelled within a step, the step is repeated as if it had not been tried.
        let mut rng = self.rng.clone();
        let shift = [0; 2].map(|_: usize| rng.random_range(0..=2 * self.rules.jitter));
        let shifted = rolled(&self.x, shift, self.rules.jitter, false);
        let Some((value, g)) = probe.input_gradient(&shifted, Gate::Derivative, exec) else { return false };
        // The value that counts is that of the picture itself; without jitter it is already known.
        let value = match self.rules.jitter {
            0 => Some(value),
            _ => probe.value(&self.x, exec),
        };
        let Some(value) = value else { return false };
        self.rng = rng;
        self.values.push(value);
        self.climb(&rolled(&g, shift, self.rules.jitter, true));
        self.done += 1;
        true
    }

    fn climb(&mut self, g: &Tensor) {
        let square: f64 = g.iter().map(|&g| f64::from(g) * f64::from(g)).sum();
        let rms = (square / g.len() as f64).sqrt() as f32;
        // There is no direction to climb if the gradient is 0 or not finite.
        self.stuck = !(rms > 0.0 && rms.is_finite());
        let AscentRules { rate, decay, blur, .. } = self.rules;
        for ((n, c, i, j), x) in self.x.indexed_iter_mut() {
            let [low, high] = self.range.bounds(c);
            if !self.stuck {
                *x += rate * (high - low) * g[[n, c, i, j]] / rms;
            }
            *x += decay * ((low + high) / 2.0 - *x);
        }
        if blur > 0.0 {
            let blurred = blurred(&self.x);
            self.x.zip_mut_with(&blurred, |x, b| *x += blur * (b - *x));
        }
        for ((_, c, _, _), x) in self.x.indexed_iter_mut() {
            let [low, high] = self.range.bounds(c);
            *x = x.clamp(low, high);
        }
    }

    /// The number of steps done, and of all steps.
    pub const fn progress(&self) -> (usize, usize) {
        (self.done, self.rules.steps)
    }

    /// Whether the last step is done and the final value known.
    pub fn is_done(&self) -> bool {
        self.values.len() > self.rules.steps
    }

    /// Whether the last step found no gradient: the unit is dead for this picture, behind ReLUs that output 0.
    pub const fn is_stuck(&self) -> bool {
        self.stuck
    }

    /// The picture so far, (1, C, H, W), as network input.
    pub const fn picture(&self) -> &Tensor {
        &self.x
    }

    /// The unit's value before each step, followed by the final value.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}

/// Shifts cyclically by `shift - jitter` cells down and to the right, or back.
fn rolled(x: &Tensor, shift: [usize; 2], jitter: usize, back: bool) -> Tensor {
    let (_, _, h, w) = x.dim();
    let from = |p: usize, shift: usize, len: usize| {
        let by = shift as i64 - jitter as i64;
        (p as i64 + if back { by } else { -by }).rem_euclid(len as i64) as usize
    };
    Tensor::from_shape_fn(x.dim(), |(n, c, i, j)| x[[n, c, from(i, shift[0], h), from(j, shift[1], w)]])
}

/// Filters each channel with (1 2 1)ᵀ(1 2 1) / 16; the edges are repeated.
fn blurred(x: &Tensor) -> Tensor {
    let (_, _, h, w) = x.dim();
    let near = |p: usize, u: usize, len: usize| (p + u).saturating_sub(1).min(len - 1);
    const TAPS: [f32; 3] = [0.25, 0.5, 0.25];
    Tensor::from_shape_fn(x.dim(), |(n, c, i, j)| {
        let taps = (0..3).flat_map(|u| (0..3).map(move |v| (u, v)));
        taps.fold(0.0, |sum, (u, v)| {
            (TAPS[u] * TAPS[v]).mul_add(x[[n, c, near(i, u, h), near(j, v, w)]], sum)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_and_its_way_back_leave_a_picture_as_it_was() {
        let mut next = 0.0;
        let x = Tensor::from_shape_simple_fn((1, 2, 3, 4), || {
            next += 1.0;
            next
        });
        let there = rolled(&x, [0, 3], 2, false);
        assert_eq!(there[[0, 0, 0, 1]], x[[0, 0, 2, 0]]);
        assert_eq!(rolled(&there, [0, 3], 2, true), x);
    }

    #[test]
    fn blur_keeps_what_is_plain_and_spreads_a_dot() {
        let plain = Tensor::from_elem((1, 1, 4, 5), 3.0);
        assert_eq!(blurred(&plain), plain);
        let mut dot = Tensor::zeros((1, 1, 3, 3));
        dot[[0, 0, 1, 1]] = 16.0;
        let spread = blurred(&dot);
        assert_eq!(spread.iter().copied().collect::<Vec<_>>(), [1.0, 2.0, 1.0, 2.0, 4.0, 2.0, 1.0, 2.0, 1.0]);
    }
}
