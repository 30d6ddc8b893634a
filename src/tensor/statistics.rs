//! Summary statistics of numbers: range, mean, deviation and histogram.

/// The number of bins in a histogram.
pub const BINS: usize = 32;

/// Count, range, mean, deviation and histogram of some cells. NaN and infinities are counted but excluded from all
/// other figures.
#[derive(Clone, PartialEq, Debug)]
pub struct Statistics {
    /// The number of cells.
    pub count: usize,
    /// Cells that are NaN or infinite.
    pub not_finite: usize,
    /// Cells equal to 0.
    pub zeros: usize,
    /// The smallest finite value; 0 if there is none.
    pub min: f32,
    /// The largest finite value; 0 if there is none.
    pub max: f32,
    /// The mean of the finite values, summed in f64.
    pub mean: f64,
    /// The population standard deviation of the finite values.
    pub deviation: f64,
    /// The number of finite values in each of [`BINS`] equal intervals from `min` to `max`; only the last interval
    /// includes its upper end. A single value counts in the first interval.
    pub bins: [u32; BINS],
}

impl Statistics {
    /// Computes the statistics in three passes over the cells.
    pub fn from_cells(cells: impl Iterator<Item = f32> + Clone) -> Self {
        let finite = cells.clone().filter(|x| x.is_finite());
        let mut statistics = Self {
            count: 0,
            not_finite: 0,
            zeros: 0,
            min: f32::INFINITY,
            max: f32::NEG_INFINITY,
            mean: 0.0,
            deviation: 0.0,
            bins: [0; BINS],
        };
        for x in cells {
            statistics.count += 1;
            if !x.is_finite() {
                statistics.not_finite += 1;
                continue;
            }
            statistics.zeros += usize::from(x == 0.0);
            statistics.min = statistics.min.min(x);
            statistics.max = statistics.max.max(x);
            statistics.mean += f64::from(x);
        }
        let known = statistics.count - statistics.not_finite;
        if known == 0 {
            (statistics.min, statistics.max) = (0.0, 0.0);
            return statistics;
        }
        statistics.mean /= known as f64;
        let (low, high) = (f64::from(statistics.min), f64::from(statistics.max));
        for x in finite.map(f64::from) {
            statistics.deviation += (x - statistics.mean).powi(2);
            let bin = if high > low { (x - low) / (high - low) * BINS as f64 } else { 0.0 };
            statistics.bins[(bin as usize).min(BINS - 1)] += 1;
        }
        statistics.deviation = (statistics.deviation / known as f64).sqrt();
        statistics
    }

    /// The share of cells that are 0, from 0 to 1.
    pub fn zero_share(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.zeros as f64 / self.count as f64 }
    }

    /// The lower and upper end of a bin.
    pub fn stretch(&self, bin: usize) -> (f32, f32) {
        let at = |k: usize| {
            let (low, high) = (f64::from(self.min), f64::from(self.max));
            (low + (high - low) * k as f64 / BINS as f64) as f32
        };
        (at(bin), at(bin + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_few_numbers() {
        let cells = [2.0, 0.0, -0.0, f32::NAN, -2.0, f32::INFINITY, 4.0, 2.0];
        let statistics = Statistics::from_cells(cells.into_iter());
        assert_eq!((statistics.count, statistics.not_finite, statistics.zeros), (8, 2, 2));
        assert_eq!((statistics.min, statistics.max, statistics.mean), (-2.0, 4.0, 1.0));
        // Distances 1, 1, 1, 3, 3, 1.
        assert!((statistics.deviation - (22.0f64 / 6.0).sqrt()).abs() < 1e-12);
        assert_eq!(statistics.bins.iter().sum::<u32>(), 6);
        assert_eq!((statistics.bins[0], statistics.bins[BINS - 1]), (1, 1));
        assert_eq!((statistics.stretch(0).0, statistics.stretch(BINS - 1).1), (-2.0, 4.0));
    }

    #[test]
    fn of_none_of_one_and_of_no_finite_ones() {
        let none = Statistics::from_cells(std::iter::empty());
        assert_eq!((none.count, none.mean, none.deviation, none.zero_share()), (0, 0.0, 0.0, 0.0));
        let one = Statistics::from_cells([3.0].into_iter());
        assert_eq!((one.min, one.max, one.mean, one.deviation, one.bins[0]), (3.0, 3.0, 3.0, 0.0, 1));
        let wild = Statistics::from_cells([f32::NAN; 3].into_iter());
        assert_eq!((wild.count, wild.not_finite, wild.min, wild.max), (3, 3, 0.0, 0.0));
        let wide = Statistics::from_cells([-f32::MAX, f32::MAX].into_iter());
        assert_eq!((wide.bins[0], wide.bins[BINS - 1]), (1, 1));
    }
}
