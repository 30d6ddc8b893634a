//! Initial weights, seeded.

use super::Real;
use crate::tensor::Tensor;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How a weight (O, I, kh, kw) starts. Fan-in is I * kh * kw, the cells that one output reads, and fan-out
/// O * kh * kw, the outputs that read one input; in groups PyTorch counts all O as well.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Init {
    /// All zero.
    Zeros,
    /// Uniform in +-sqrt(6 / (fan_in + fan_out)): Glorot & Bengio 2010, eq. 16.
    Xavier,
    /// Normal with deviation sqrt(2 / fan_in): He et al. 2015, eq. 10.
    #[default]
    He,
    /// Uniform in +-limit.
    Uniform {
        /// The largest magnitude.
        limit: f64,
    },
    /// Normal around 0.
    Normal {
        /// The standard deviation.
        deviation: f64,
    },
}

/// The random generator for the parameters of one layer: one stream per layer, so that adding a
/// layer leaves the others' weights as they were.
pub fn rng(seed: u64, layer: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(layer as u64);
    rng
}

/// A weight (O, I, kh, kw).
pub fn weight<T: Real>(init: Init, shape: [usize; 4], rng: &mut ChaCha8Rng) -> Tensor<T> {
    let [o, i, kh, kw] = shape;
    let (fan_in, fan_out) = ((i * kh * kw) as f64, (o * kh * kw) as f64);
    let mut draw = || match init {
        Init::Zeros => 0.0,
        Init::Xavier => uniform(rng, (6.0 / (fan_in + fan_out)).sqrt()),
        Init::He => normal(rng) * (2.0 / fan_in).sqrt(),
        Init::Uniform { limit } => uniform(rng, limit),
        Init::Normal { deviation } => normal(rng) * deviation,
    };
    Tensor::from_shape_simple_fn(shape, || T::nearest(draw()))
}

fn uniform(rng: &mut ChaCha8Rng, limit: f64) -> f64 {
    (rng.random::<f64>() * 2.0 - 1.0) * limit
}

/// A standard normal number: Box & Muller 1958.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (a, b) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
    (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}
