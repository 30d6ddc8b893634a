//! Random numbers by index: each example has its own stream, so it can be generated without the examples before it.

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A stream of random numbers, determined by the numbers it is created from. It uses only exactly rounded
/// operations (no library's sine or exponential), so that examples have the same bytes on every machine.
pub(super) struct ExampleRng(ChaCha8Rng);

impl ExampleRng {
    /// Stream `index` for `purpose` under `seed`.
    pub(super) fn new(seed: u64, purpose: u64, index: u64) -> ExampleRng {
        ExampleRng::in_epoch(seed, purpose, 0, index)
    }

    /// A stream that also depends on the epoch; epoch 0 gives the stream of [`ExampleRng::new`].
    pub(super) fn in_epoch(seed: u64, purpose: u64, epoch: u64, index: u64) -> ExampleRng {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&purpose.to_le_bytes());
        key[16..24].copy_from_slice(&epoch.to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(index);
        ExampleRng(rng)
    }

    /// 64 random bits.
    pub(super) fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in 0..1.
    pub(super) fn unit(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 / (1 << 24) as f32
    }

    /// Uniform from `low` to `high`.
    pub(super) fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// A uniform integer in 0..n.
    pub(super) fn pick(&mut self, n: usize) -> usize {
        ((u64::from(self.0.next_u32()) * n as u64) >> 32) as usize
    }

    /// True with probability `share`.
    pub(super) fn chance(&mut self, share: f32) -> bool {
        self.unit() < share
    }

    /// Approximately normal with mean 0 and standard deviation 1, never beyond 3.5: the sum of four uniform draws,
    /// each with variance 1/12.
    pub(super) fn bell(&mut self) -> f32 {
        let sum = self.unit() + self.unit() + self.unit() + self.unit();
        (sum - 2.0) * 3.0_f32.sqrt()
    }
}

/// The class of example `index`. Every run of `classes` examples that starts at a multiple of `classes` contains
/// each class once, in random order.
pub(super) fn class_of(seed: u64, purpose: u64, index: u64, classes: usize) -> usize {
    let (run, place) = (index / classes as u64, (index % classes as u64) as usize);
    let mut rng = ExampleRng::new(seed, purpose, run);
    let mut order: Vec<usize> = (0..classes).collect();
    for k in (1..classes).rev() {
        order.swap(k, rng.pick(k + 1));
    }
    order[place]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_each_of_their_numbers() {
        let first = |seed, purpose, index| ExampleRng::new(seed, purpose, index).unit();
        let drawn = [first(1, 1, 1), first(2, 1, 1), first(1, 2, 1), first(1, 1, 2)];
        for (k, a) in drawn.iter().enumerate() {
            assert!(drawn[k + 1..].iter().all(|b| a != b), "{drawn:?}");
        }
        assert_eq!(first(1, 1, 1), drawn[0]);
    }

    #[test]
    fn the_bell_has_mean_0_and_deviation_1() {
        let mut rng = ExampleRng::new(7, 0, 0);
        let drawn: Vec<f32> = (0..20_000).map(|_| rng.bell()).collect();
        let mean = drawn.iter().sum::<f32>() / drawn.len() as f32;
        let variance = drawn.iter().map(|v| v * v).sum::<f32>() / drawn.len() as f32;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }
}
