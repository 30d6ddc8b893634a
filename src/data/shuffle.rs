//! Shuffling in closed form: finds the k-th element of a random order without computing or storing the order.

use super::rng::ExampleRng;
use crate::tensor::Tensor;

/// A permutation of 0..n that takes no memory.
///
/// A Feistel network (Luby & Rackoff 1988) permutes 0..4^b, the smallest such range that contains n; a result
/// outside 0..n is permuted again until it is inside, which always happens (cycle walking: Black & Rogaway 2002).
///
/// ```
/// use convstep::data::Permutation;
///
/// let order = Permutation::shuffle(5, 1, 0);
/// let mut all: Vec<u64> = (0..5).map(|k| order.at(k)).collect();
/// all.sort();
/// assert_eq!(all, [0, 1, 2, 3, 4]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permutation {
    n: u64,
    half_bits: u32,
    keys: [u64; ROUNDS],
}

/// Four rounds resist an adversary that may query both directions; two more are cheap.
const ROUNDS: usize = 6;

impl Permutation {
    /// The order of 0..n in pass `pass` over the data.
    pub fn shuffle(n: u64, seed: u64, pass: u64) -> Permutation {
        const SHUFFLE: u64 = 0x5348_5546_464c_4521;
        Permutation::new(n, ExampleRng::new(seed, SHUFFLE, pass))
    }

    /// The order of 0..n whose first elements are held out from training.
    pub(super) fn for_holdout(n: u64, seed: u64) -> Permutation {
        const SPLIT: u64 = 0x5350_4c49_542d_3031;
        Permutation::new(n, ExampleRng::new(seed, SPLIT, 0))
    }

    /// The order in which `seed` shuffles the n pixels of a picture, the same on every machine: place k shows the
    /// pixel that was at place [`at`](Self::at)(k).
    pub fn for_pixels(n: u64, seed: u64) -> Permutation {
        const PIXELS: u64 = 0x5049_5845_4c53_2d31;
        Permutation::new(n, ExampleRng::new(seed, PIXELS, 0))
    }

    fn new(n: u64, mut rng: ExampleRng) -> Permutation {
        let bits = u64::BITS - n.saturating_sub(1).leading_zeros();
        Permutation { n, half_bits: bits.div_ceil(2).max(1), keys: std::array::from_fn(|_| rng.word()) }
    }

    /// The element at place `k`; places from n on map to themselves.
    pub fn at(&self, k: u64) -> u64 {
        if k >= self.n {
            return k;
        }
        let mut at = self.once(k);
        while at >= self.n {
            at = self.once(at);
        }
        at
    }

    fn once(&self, k: u64) -> u64 {
        let mask = (1u64 << self.half_bits) - 1;
        let (mut left, mut right) = (k >> self.half_bits, k & mask);
        for key in self.keys {
            (left, right) = (right, left ^ (mixed(right ^ key) & mask));
        }
        left << self.half_bits | right
    }
}

/// Pictures whose pixels `seed` has shuffled, each in the same way, and the same in each channel.
/// pixels: (N, C, H, W); no number is lost, only who was whose neighbour.
pub fn shuffle_pixels(pixels: &Tensor, seed: u64) -> Tensor {
    let (n, c, h, w) = pixels.dim();
    let order = Permutation::for_pixels((h * w) as u64, seed);
    let from: Vec<usize> = (0..h * w).map(|k| order.at(k as u64) as usize).collect();
    Tensor::from_shape_fn((n, c, h, w), |(n, c, i, j)| {
        let from = from[i * w + j];
        pixels[[n, c, from / w, from % w]]
    })
}

/// Mixes all bits of `x` into each bit of the result: the finalizer of SplitMix64 (Steele, Lea & Flood 2014).
fn mixed(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        #[test]
        fn every_number_comes_once(n in 0u64..3000, seed: u64, pass: u64) {
            let order = Permutation::shuffle(n, seed, pass);
            let mut all: Vec<u64> = (0..n).map(|k| order.at(k)).collect();
            all.sort_unstable();
            prop_assert!(all.into_iter().eq(0..n));
            prop_assert_eq!(order.at(n), n);
        }

        #[test]
        fn the_largest_sets_have_an_order(n in 1u64 << 40..1 << 62, seed: u64, k: u64) {
            prop_assert!(Permutation::shuffle(n, seed, 0).at(k % n) < n);
        }
    }

    #[test]
    fn pixels_change_places_alike_in_each_picture_and_channel() {
        let pixels =
            Tensor::from_shape_fn((2, 3, 4, 5), |(n, c, i, j)| (n * 1000 + c * 100 + i * 5 + j) as f32);
        let shuffled = shuffle_pixels(&pixels, 7);
        assert_ne!(shuffled, pixels);
        for ((n, c, i, j), &value) in shuffled.indexed_iter() {
            assert_eq!(value, shuffled[[0, 0, i, j]] + (n * 1000 + c * 100) as f32);
        }
        let mut places: Vec<f32> = shuffled.iter().take(20).copied().collect();
        places.sort_by(f32::total_cmp);
        assert!(places.into_iter().eq((0..20).map(|k| k as f32)));
        assert_eq!(shuffle_pixels(&pixels, 7), shuffled);
        assert_ne!(shuffle_pixels(&pixels, 8), shuffled);
    }

    /// Files name a shuffle by its seed alone, so what a seed gives stays as it is.
    #[test]
    fn a_seed_gives_this_order_for_ever() {
        let order = Permutation::for_pixels(784, 1);
        let first: Vec<u64> = (0..8).map(|k| order.at(k)).collect();
        assert_eq!(first, [509, 10, 30, 371, 512, 558, 532, 591]);
    }

    #[test]
    fn orders_differ_and_look_random() {
        const N: u64 = 10_000;
        let order = |seed, pass| {
            let order = Permutation::shuffle(N, seed, pass);
            (0..N).map(|k| order.at(k)).collect::<Vec<_>>()
        };
        let orders = [order(1, 0), order(1, 1), order(2, 0)];
        let holdout = Permutation::for_holdout(N, 1);
        assert_ne!((0..N).map(|k| holdout.at(k)).collect::<Vec<_>>(), orders[0]);
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            // Two random orders agree on average in one of N places.
            let same = orders[a].iter().zip(&orders[b]).filter(|(a, b)| a == b).count();
            assert!(same < 10, "{same}");
        }
        for order in orders {
            let rises = order.windows(2).filter(|pair| pair[0] < pair[1]).count() as f64;
            assert!((rises / N as f64 - 0.5).abs() < 0.03, "{rises}");
            // The mean of each stretch is near that of the whole: a set sorted by class gets mixed.
            let mean = order[..500].iter().sum::<u64>() as f64 / 500.0;
            assert!((mean / N as f64 - 0.5).abs() < 0.06, "{mean}");
        }
    }
}
