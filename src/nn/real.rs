//! The number types that the definition runs on.

/// A number type: `f32` in the program, `f64` in gradient checks.
pub trait Real:
    num_traits::Float + num_traits::FromPrimitive + Send + Sync + std::fmt::Debug + 'static
{
    /// The nearest number of this type.
    fn nearest(x: f64) -> Self;
    /// The nearest `f32`.
    fn to_f32(self) -> f32;
    /// The complementary error function, 1 - erf(x).
    fn erfc(self) -> Self;
}

impl Real for f32 {
    fn nearest(x: f64) -> Self {
        x as f32
    }
    fn to_f32(self) -> f32 {
        self
    }
    fn erfc(self) -> Self {
        libm::erfcf(self)
    }
}

impl Real for f64 {
    fn nearest(x: f64) -> Self {
        x
    }
    fn to_f32(self) -> f32 {
        self as f32
    }
    fn erfc(self) -> Self {
        libm::erfc(self)
    }
}
