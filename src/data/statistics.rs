//! What a data set is like: mean and deviation of its channels, examples of each class, a class's mean picture.

use super::dataset::{Dataset, Part};
use super::error::DataError;
use crate::tensor::Tensor;
use rayon::prelude::*;

/// The most training examples that are looked at, evenly spread over the set; of generated data a tenth of them.
pub const MEASURED: u64 = 20_000;

/// Mean and deviation of each channel, in the scale where 255 is 1: what preprocessing takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// The mean of each channel.
    pub mean: Vec<f64>,
    /// The standard deviation of each channel, over all pixels; 1 for a channel that does not vary, which division
    /// then leaves.
    pub std: Vec<f64>,
    /// The examples looked at.
    pub examples: u64,
}

/// How often each value of 0..=255 comes: sums of whole numbers, the same in any order.
type Histogram = [u64; 256];

impl Dataset {
    /// Mean and deviation of the training part, over at most [`MEASURED`] examples.
    ///
    /// # Errors
    /// Where an example cannot be read, or there is none.
    pub fn statistics(&self) -> Result<Statistics, DataError> {
        let channels = self.shape()[0];
        let indices = self.measured();
        let empty = || vec![[0u64; 256]; channels];
        let count = |mut counts: Vec<Histogram>, index: &u64| -> Result<Vec<Histogram>, DataError> {
            let pixels = self.example(Part::Train, *index)?.pixels;
            for ((_, c, _, _), v) in pixels.indexed_iter() {
                counts[c][*v as usize] += 1;
            }
            Ok(counts)
        };
        let add = |mut a: Vec<Histogram>, b: Vec<Histogram>| {
            a.iter_mut().flatten().zip(b.iter().flatten()).for_each(|(a, b)| *a += b);
            Ok(a)
        };
        let counts = indices.par_iter().try_fold(empty, count).try_reduce(empty, add)?;
        let moments = counts.iter().map(moments);
        let (mean, std) = moments.unzip();
        match indices.len() as u64 {
            0 => {
                Err(DataError::wrong(self.name(), "expected training examples, got none; choose other data"))
            }
            examples => Ok(Statistics { mean, std, examples }),
        }
    }

    /// Examples of each class in a part; `None` for generated data, which is endless and even.
    pub fn class_counts(&self, part: Part) -> Option<Vec<u64>> {
        let mut counts = vec![0; self.classes().len()];
        for index in 0..self.len(part)? {
            counts[self.stored_class(part, index)?] += 1;
        }
        Some(counts)
    }

    /// The mean of the training pictures of a class, (1, C, H, W) in 0..=255, over those among the examples that
    /// [`Dataset::statistics`] looks at; `None` where none of them is of that class.
    ///
    /// # Errors
    /// Where an example cannot be read.
    pub fn mean_picture(&self, class: usize) -> Result<Option<Tensor>, DataError> {
        let [c, h, w] = self.shape();
        let of_class: Vec<u64> = self
            .measured()
            .into_iter()
            .filter(|index| self.stored_class(Part::Train, *index).is_none_or(|found| found == class))
            .collect();
        let none = || (0u64, vec![0u64; c * h * w]);
        let add = |(n, mut sum): (u64, Vec<u64>), index: &u64| -> Result<_, DataError> {
            let example = self.example(Part::Train, *index)?;
            if example.class != class {
                return Ok((n, sum));
            }
            sum.iter_mut().zip(&example.pixels).for_each(|(sum, v)| *sum += *v as u64);
            Ok((n + 1, sum))
        };
        let both = |(n, mut a): (u64, Vec<u64>), (m, b): (u64, Vec<u64>)| {
            a.iter_mut().zip(&b).for_each(|(a, b)| *a += b);
            Ok((n + m, a))
        };
        let (n, sum) = of_class.par_iter().try_fold(none, add).try_reduce(none, both)?;
        let mean = sum.iter().map(|sum| (*sum as f64 / n as f64) as f32).collect();
        Ok((n > 0).then(|| Tensor::from_shape_vec((1, c, h, w), mean).ok()).flatten())
    }

    /// The training examples to look at.
    fn measured(&self) -> Vec<u64> {
        match self.len(Part::Train) {
            None => (0..MEASURED / 10).collect(),
            Some(len) if len <= MEASURED => (0..len).collect(),
            Some(len) => (0..MEASURED)
                .map(|k| (u128::from(k) * u128::from(len) / u128::from(MEASURED)) as u64)
                .collect(),
        }
    }
}

/// Mean and standard deviation of v / 255; the deviation over all pixels, not estimated from a sample.
fn moments(counts: &Histogram) -> (f64, f64) {
    let values = || counts.iter().enumerate().map(|(v, &n)| (v as f64 / 255.0, n as f64));
    let total: f64 = values().map(|(_, n)| n).sum();
    let mean = values().map(|(v, n)| v * n).sum::<f64>() / total;
    let variance = values().map(|(v, n)| (v - mean) * (v - mean) * n).sum::<f64>() / total;
    (mean, if variance > 0.0 { variance.sqrt() } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Generated;

    #[test]
    fn statistics_are_those_of_a_plain_computation() {
        let data = Dataset::generated(Generated::Shapes, 4);
        let got = data.statistics().expect("measures");
        let examples: Vec<Tensor> =
            (0..got.examples).map(|index| Generated::Shapes.sample(4, index).0).collect();
        for c in 0..3 {
            let values: Vec<f64> = examples
                .iter()
                .flat_map(|x| {
                    x.index_axis(ndarray::Axis(1), c)
                        .iter()
                        .map(|v| f64::from(*v) / 255.0)
                        .collect::<Vec<_>>()
                })
                .collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let std = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
            assert!(
                (got.mean[c] - mean).abs() < 1e-9 && (got.std[c] - std).abs() < 1e-9,
                "{got:?} {mean} {std}"
            );
        }
        assert_eq!(data.statistics(), Ok(got));
        assert_eq!(data.class_counts(Part::Train), None);
    }

    #[test]
    fn a_mean_picture_is_the_mean_of_its_class() {
        let data = Dataset::generated(Generated::Digits, 4);
        let ones: Vec<Tensor> = (0..MEASURED / 10)
            .map(|index| Generated::Digits.sample(4, index))
            .filter_map(|(pixels, class)| (class == 1).then_some(pixels))
            .collect();
        let sum = ones.iter().fold(Tensor::zeros((1, 1, 28, 28)), |sum, x| sum + x);
        let got = data.mean_picture(1).expect("reads").expect("there are ones");
        let expected = sum / ones.len() as f32;
        assert!(got.iter().zip(&expected).all(|(a, b): (&f32, &f32)| (a - b).abs() < 1e-3));
        assert_eq!(data.mean_picture(10), Ok(None));
    }
}
