//! Preprocessing from pixels to network inputs: x = (pixel/255 - mean) / std, per channel; on request after all
//! pixels have changed places, always in the same way.

use super::ModelError;
use crate::data::{Permutation, shuffle_pixels};
use crate::tensor::Tensor;
use std::borrow::Cow;

/// Mean and standard deviation for each channel of the input, and whether its pixels are shuffled.
#[derive(Clone, PartialEq, Debug)]
pub struct Preprocess {
    mean: Vec<f64>,
    std: Vec<f64>,
    shuffle: Option<u64>,
}

impl Preprocess {
    /// Preprocessing that only divides by 255.
    pub fn identity(channels: usize) -> Self {
        Self { mean: vec![0.0; channels], std: vec![1.0; channels], shuffle: None }
    }

    /// Preprocessing with these means and deviations.
    ///
    /// # Errors
    /// If a list does not have one number per channel, a deviation is 0, or a number is not finite.
    pub fn new(channels: usize, mean: Vec<f64>, std: Vec<f64>) -> Result<Self, ModelError> {
        for (name, numbers) in [("mean", &mean), ("std", &std)] {
            if numbers.len() != channels {
                return Err(ModelError(format!(
                    "preprocess: expected one {name} for each of the {channels} input channels, got {}; write {name} \
                     = {:?}",
                    numbers.len(),
                    vec![if name == "std" { 1.0 } else { 0.0 }; channels.min(4)]
                )));
            }
            if let Some(odd) = numbers.iter().find(|number| !(**number as f32).is_finite()) {
                return Err(ModelError(format!(
                    "preprocess: expected finite numbers in {name}, got {odd}; for example, write {name} = 0.5 for \
                     each channel"
                )));
            }
        }
        if let Some(c) = std.iter().position(|&std| std as f32 == 0.0) {
            return Err(ModelError(format!(
                "preprocess: expected std other than 0, as it divides, got {} for channel {c}; write 1.0 to leave a \
                 channel unchanged",
                std[c]
            )));
        }
        Ok(Self { mean, std, shuffle: None })
    }

    /// The same with the pixels shuffled by a seed, or not.
    #[must_use]
    pub fn with_shuffle(self, shuffle: Option<u64>) -> Self {
        Self { shuffle, ..self }
    }

    /// The seed by which the pixels are shuffled; see [`Permutation::for_pixels`].
    pub const fn shuffle(&self) -> Option<u64> {
        self.shuffle
    }

    /// The mean of each channel.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The standard deviation of each channel.
    pub fn std(&self) -> &[f64] {
        &self.std
    }

    /// Whether it only divides by 255.
    pub fn is_identity(&self) -> bool {
        self.shuffle.is_none()
            && self.mean.iter().all(|&mean| mean == 0.0)
            && self.std.iter().all(|&std| std == 1.0)
    }

    /// The input for a pixel value of channel `c`. Channels beyond the last have mean 0 and std 1.
    pub fn value(&self, c: usize, pixel: f32) -> f32 {
        let (mean, std) = self.numbers(c);
        (pixel / 255.0 - mean) / std
    }

    /// The pixel value, not rounded, that gives `x` in channel `c`.
    pub fn pixel(&self, c: usize, x: f32) -> f32 {
        let (mean, std) = self.numbers(c);
        (x * std + mean) * 255.0
    }

    /// pixels: (N, C, H, W) in 0..=255 -> x: (N, C, H, W).
    pub fn apply(&self, pixels: &Tensor) -> Tensor {
        self.scaled(self.seen(pixels).into_owned())
    }

    /// Pixels in the places where the network sees them. pixels: (N, C, H, W).
    pub fn seen<'a>(&self, pixels: &'a Tensor) -> Cow<'a, Tensor> {
        match self.shuffle {
            Some(seed) => Cow::Owned(shuffle_pixels(pixels, seed)),
            None => Cow::Borrowed(pixels),
        }
    }

    /// Which of a plane's `pixels` pixels is seen at place `at`.
    pub fn source(&self, at: usize, pixels: usize) -> usize {
        match self.shuffle {
            Some(seed) => Permutation::for_pixels(pixels as u64, seed).at(at as u64) as usize,
            None => at,
        }
    }

    /// Pixels that [`seen`](Self::seen) gave -> x: (N, C, H, W).
    pub fn scaled(&self, seen: Tensor) -> Tensor {
        let mut x = seen;
        for ((_, c, _, _), x) in x.indexed_iter_mut() {
            *x = self.value(c, *x);
        }
        x
    }

    fn numbers(&self, c: usize) -> (f32, f32) {
        let number = |numbers: &[f64], or: f64| numbers.get(c).copied().unwrap_or(or) as f32;
        (number(&self.mean, 0.0), number(&self.std, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applies_per_channel_and_inverts() {
        let preprocess = Preprocess::new(2, vec![0.5, 0.0], vec![0.25, 1.0]).expect("valid");
        let pixels = Tensor::from_shape_vec((1, 2, 1, 2), vec![255.0, 0.0, 255.0, 51.0]).expect("fits");
        let x = preprocess.apply(&pixels);
        assert_eq!(x.iter().copied().collect::<Vec<_>>(), [2.0, -2.0, 1.0, 0.2]);
        for ((_, c, _, _), &x) in x.indexed_iter() {
            assert!((preprocess.value(c, preprocess.pixel(c, x)) - x).abs() < 1e-6);
        }
    }

    #[test]
    fn a_shuffle_moves_pixels_and_scales_them_as_before() {
        let plain = Preprocess::new(2, vec![0.5; 2], vec![0.25; 2]).expect("valid");
        let shuffled = plain.clone().with_shuffle(Some(3));
        let pixels =
            Tensor::from_shape_fn((2, 2, 4, 4), |(n, c, i, j)| (n * 100 + c * 50 + i * 4 + j) as f32);
        let (x, moved) = (plain.apply(&pixels), shuffled.apply(&pixels));
        assert_ne!(x, moved);
        for ((n, c, i, j), &value) in moved.indexed_iter() {
            let from = shuffled.source(i * 4 + j, 16);
            assert_eq!(value, x[[n, c, from / 4, from % 4]]);
            assert_eq!(plain.source(i * 4 + j, 16), i * 4 + j);
        }
        assert_eq!(shuffled.scaled(shuffled.seen(&pixels).into_owned()), moved);
        assert!(!Preprocess::identity(2).with_shuffle(Some(0)).is_identity());
    }

    #[test]
    fn impossible_numbers_are_refused() {
        for (mean, std, expected) in [
            (vec![0.0], vec![1.0; 3], "one mean for each of the 3 input channels, got 1"),
            (vec![0.0; 3], vec![1.0; 4], "one std for each of the 3 input channels, got 4"),
            (vec![0.0; 3], vec![1.0, 0.0, 1.0], "got 0 for channel 1"),
            (vec![f64::NAN, 0.0, 0.0], vec![1.0; 3], "got NaN"),
            (vec![0.0; 3], vec![1e-60, 1.0, 1.0], "std other than 0"),
        ] {
            let error = Preprocess::new(3, mean, std).expect_err(expected).0;
            assert!(error.contains(expected), "{error}");
        }
    }
}
