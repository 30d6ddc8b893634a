//! Statistics of a data set: mean and deviation of its channels, the examples of each class, each class's mean
//! picture.

use super::counter::Counter;
use super::dataset::{Dataset, Example, Split};
use super::error::DataError;
use crate::execution::Execution;
use crate::tensor::Tensor;

/// The most examples that are measured, spread evenly over a split; of generated data, a tenth of them.
pub const MEASURED: u64 = 20_000;

/// Mean and standard deviation of each channel, on a scale where 255 is 1, as preprocessing uses them.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelStatistics {
    /// The mean of each channel.
    pub mean: Vec<f64>,
    /// The standard deviation of each channel over all pixels; 1 for a constant channel, so that division leaves it
    /// unchanged.
    pub std: Vec<f64>,
    /// The number of measured examples.
    pub examples: u64,
}

/// The statistics of one split.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The indices of each class's examples: of all examples, or of the measured ones if the split is endless.
    pub by_class: Vec<Vec<u64>>,
    /// The mean picture of each class over the measured examples, (1, C, H, W) in 0..=255; `None` if none of them
    /// has that class.
    pub means: Vec<Option<Tensor>>,
    /// The channels' statistics over the measured examples.
    pub statistics: ChannelStatistics,
}

/// How often each value in 0..=255 occurs. The counts are whole numbers, so their sums don't depend on the order.
type Histogram = [u64; 256];

/// Sums over examples; independent of the order in which they are added.
#[derive(Clone)]
struct Sums {
    channels: Vec<Histogram>,
    /// For each class, the number of its examples and the sum of their pixels.
    classes: Vec<(u64, Vec<u64>)>,
    /// The index and class of each generated example.
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
    /// The channel statistics of the training split, over at most [`MEASURED`] examples.
    ///
    /// # Errors
    /// If an example cannot be read, or there is none; or [`DataError::Cancelled`].
    pub fn statistics(&self, exec: Execution) -> Result<ChannelStatistics, DataError> {
        Ok(self.sums(Split::Train, 0, exec)?.statistics())
    }

    /// Measures a split over at most [`MEASURED`] examples.
    ///
    /// # Errors
    /// If an example cannot be read, or there is none; or [`DataError::Cancelled`].
    pub fn measure(&self, split: Split, exec: Execution) -> Result<Measured, DataError> {
        let classes = self.classes().len();
        let sums = self.sums(split, classes, exec)?;
        let mut by_class = vec![Vec::new(); classes];
        match self.len(split) {
            None => {
                let mut found = sums.found.clone();
                found.sort_unstable();
                found.into_iter().for_each(|(index, class)| by_class[class].push(index));
            }
            Some(len) => (0..len).for_each(|index| {
                let class = self.stored_class(split, index).and_then(|class| by_class.get_mut(class));
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

    fn sums(&self, split: Split, classes: usize, exec: Execution) -> Result<Sums, DataError> {
        let indices = self.measured(split);
        if indices.is_empty() {
            let what = format!("expected {} examples, got none; choose another split", split.name());
            return Err(DataError::wrong(self.name(), what));
        }
        let counter = Counter::new(exec, indices.len() as u64);
        let none = || Sums::new(self.shape()[0], classes);
        let add = |sums: &mut Sums, item: usize| {
            sums.add(indices[item], &self.example(split, indices[item])?);
            counter.finish_one()
        };
        Ok(counter.fold(indices.len(), none, add)?.into_iter().fold(none(), Sums::and))
    }

    /// The indices of the examples to measure.
    fn measured(&self, split: Split) -> Vec<u64> {
        match self.len(split) {
            None => (0..MEASURED / 10).collect(),
            Some(len) if len <= MEASURED => (0..len).collect(),
            Some(len) => (0..MEASURED)
                .map(|k| (u128::from(k) * u128::from(len) / u128::from(MEASURED)) as u64)
                .collect(),
        }
    }
}

/// Mean and population standard deviation of v / 255.
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
        let got = data.statistics(Execution::SERIAL).expect("measures");
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
        assert_eq!(data.statistics(Execution::SERIAL), Ok(got));
    }

    #[test]
    fn what_a_part_holds_is_that_of_a_plain_computation() {
        let data = Dataset::generated(Generated::Digits, 4);
        let got = data.measure(Split::Train, Execution::SERIAL).expect("measures");
        assert_eq!(Ok(got.statistics), data.statistics(Execution::SERIAL));
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
        let data = Dataset::generated(Generated::Digits, 4);
        let exec = Execution { on_progress: &|_| false, ..Execution::SERIAL };
        assert_eq!(data.measure(Split::Test, exec), Err(DataError::Cancelled));
        assert_eq!(data.statistics(exec), Err(DataError::Cancelled));
    }
}
