//! What a data set is like: mean and deviation of its channels, examples of each class, a class's mean picture.

use super::dataset::{Dataset, Example, Split};
use super::error::DataError;
use super::progress::{Counter, Progress};
use crate::tensor::Tensor;
use rayon::prelude::*;

/// The most examples that are looked at, evenly spread over a part; of generated data a tenth of them.
pub const MEASURED: u64 = 20_000;

/// Mean and deviation of each channel, in the scale where 255 is 1: what preprocessing takes.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelStatistics {
    /// The mean of each channel.
    pub mean: Vec<f64>,
    /// The standard deviation of each channel, over all pixels; 1 for a channel that does not vary, which division
    /// then leaves.
    pub std: Vec<f64>,
    /// The examples looked at.
    pub examples: u64,
}

/// What a part of a set holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The numbers of the examples of each class: of all examples, or of generated data, which have no end, of those
    /// looked at.
    pub by_class: Vec<Vec<u64>>,
    /// The mean picture of each class, (1, C, H, W) in 0..=255, over the examples looked at; `None` where none of them
    /// is of that class.
    pub means: Vec<Option<Tensor>>,
    /// Of the channels, over the examples looked at.
    pub statistics: ChannelStatistics,
}

/// How often each value of 0..=255 comes: sums of whole numbers, the same in any order.
type Histogram = [u64; 256];

/// Sums over examples, which add up in any order.
#[derive(Clone)]
struct Sums {
    channels: Vec<Histogram>,
    /// Of each class the number of examples and the sum of their pixels.
    classes: Vec<(u64, Vec<u64>)>,
    /// The classes of examples that were made for it.
    found: Vec<(u64, usize)>,
}

impl Sums {
    fn new(channels: usize, classes: usize) -> Self {
        let channels = vec![[0u64; 256]; channels];
        Self { channels, classes: vec![(0, Vec::new()); classes], found: Vec::new() }
    }

    fn add(&mut self, index: u64, example: &Example) {
        for ((_, c, _, _), v) in example.pixels.indexed_iter() {
            self.channels[c][*v as usize] += 1;
        }
        self.found.push((index, example.class));
        if let Some((n, sum)) = self.classes.get_mut(example.class) {
            *n += 1;
            sum.resize(example.pixels.len(), 0);
            sum.iter_mut().zip(&example.pixels).for_each(|(sum, v)| *sum += *v as u64);
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.channels.iter_mut().flatten().zip(other.channels.iter().flatten()).for_each(|(a, b)| *a += b);
        for ((n, sum), (m, other)) in self.classes.iter_mut().zip(other.classes) {
            *n += m;
            sum.resize(sum.len().max(other.len()), 0);
            sum.iter_mut().zip(other).for_each(|(a, b)| *a += b);
        }
        self.found.extend(other.found);
        self
    }

    fn statistics(&self) -> ChannelStatistics {
        let (mean, std) = self.channels.iter().map(moments).unzip();
        ChannelStatistics { mean, std, examples: self.found.len() as u64 }
    }
}

impl Dataset {
    /// Mean and deviation of the training part, over at most [`MEASURED`] examples.
    ///
    /// # Errors
    /// Where an example cannot be read, or there is none.
    pub fn statistics(&self) -> Result<ChannelStatistics, DataError> {
        Ok(self.sums(Split::Train, 0, &())?.statistics())
    }

    /// What a part holds: the examples of each class, its mean picture, mean and deviation of the channels. At most
    /// [`MEASURED`] examples are looked at. `progress` hears how far it is, and can stop it.
    ///
    /// # Errors
    /// Where an example cannot be read, or there is none; and [`DataError::Cancelled`].
    pub fn measure(&self, part: Split, progress: &dyn Progress) -> Result<Measured, DataError> {
        let classes = self.classes().len();
        let sums = self.sums(part, classes, progress)?;
        let mut by_class = vec![Vec::new(); classes];
        match self.len(part) {
            None => {
                let mut found = sums.found.clone();
                found.sort_unstable();
                found.into_iter().for_each(|(index, class)| by_class[class].push(index));
            }
            Some(len) => (0..len).for_each(|index| {
                let class = self.stored_class(part, index).and_then(|class| by_class.get_mut(class));
                class.into_iter().for_each(|class| class.push(index));
            }),
        }
        let [c, h, w] = self.shape();
        let mean = |(n, sum): &(u64, Vec<u64>)| {
            let mean = sum.iter().map(|sum| (*sum as f64 / *n as f64) as f32).collect();
            (*n > 0).then(|| Tensor::from_shape_vec((1, c, h, w), mean).ok()).flatten()
        };
        let means = sums.classes.iter().map(mean).collect();
        Ok(Measured { by_class, means, statistics: sums.statistics() })
    }

    fn sums(&self, part: Split, classes: usize, progress: &dyn Progress) -> Result<Sums, DataError> {
        let indices = self.measured(part);
        if indices.is_empty() {
            let what = format!("expected {} examples, got none; choose another part", part.name());
            return Err(DataError::wrong(self.name(), what));
        }
        let counter = Counter::new(progress, indices.len() as u64);
        let none = || Sums::new(self.shape()[0], classes);
        let add = |mut sums: Sums, index: &u64| -> Result<Sums, DataError> {
            sums.add(*index, &self.example(part, *index)?);
            counter.one()?;
            Ok(sums)
        };
        indices.par_iter().try_fold(none, add).try_reduce(none, |a, b| Ok(a.and(b)))
    }

    /// The examples of a part to look at.
    fn measured(&self, part: Split) -> Vec<u64> {
        match self.len(part) {
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
    }

    #[test]
    fn what_a_part_holds_is_that_of_a_plain_computation() {
        let data = Dataset::generated(Generated::Digits, 4);
        let got = data.measure(Split::Train, &()).expect("measures");
        assert_eq!(Ok(got.statistics), data.statistics());
        let ones: Vec<(u64, Tensor)> = (0..MEASURED / 10)
            .map(|index| (index, Generated::Digits.sample(4, index)))
            .filter_map(|(index, (pixels, class))| (class == 1).then_some((index, pixels)))
            .collect();
        assert_eq!(got.by_class[1], ones.iter().map(|(index, _)| *index).collect::<Vec<_>>());
        assert_eq!(got.by_class.iter().map(Vec::len).sum::<usize>() as u64, MEASURED / 10);
        let sum = ones.iter().fold(Tensor::zeros((1, 1, 28, 28)), |sum, (_, x)| sum + x);
        let expected = sum / ones.len() as f32;
        let mean = got.means[1].as_ref().expect("there are ones");
        assert!(mean.iter().zip(&expected).all(|(a, b): (&f32, &f32)| (a - b).abs() < 1e-3));
    }

    #[test]
    fn measuring_can_be_stopped() {
        struct Stop;
        impl Progress for Stop {
            fn cancelled(&self) -> bool {
                true
            }
        }
        let data = Dataset::generated(Generated::Digits, 4);
        assert_eq!(data.measure(Split::Test, &Stop), Err(DataError::Cancelled));
    }
}
