//! The fast path of the same sums, in the same order.
//!
//! Every kernel works across cells: the lanes of a vector, the rows of a tile and the work of a thread are
//! different cells, and each cell remains one fold over its terms in plan order by fused multiply-add. So the
//! result is that of the definition, bit for bit, whatever the instruction set and the number of threads (NaN
//! stays NaN; its bit pattern is unspecified).
//!
//! `simd` has the vectors, `tile` the two inner loops, [`conv`] and [`dense`] the plans of the
//! layers, [`norm`] and [`plain`] the loops of the others, [`tensors`] whole tensors.

pub mod conv;
pub mod dense;
pub mod norm;
pub mod plain;
pub mod prelu;
mod simd;
pub mod tensors;
mod tile;

pub(in crate::nn) use tile::compiled;
pub use tile::{Isa, peak_mul_adds};

/// Runs `f` compiled with hardware FMA where run-time detection finds it. The result is the same
/// bit for bit either way; only the time differs.
pub fn fused<R>(f: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,fma")]
        fn with_fma<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        if std::arch::is_x86_feature_detected!("fma") && std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the features were detected just above.
            return unsafe { with_fma(f) };
        }
    }
    f()
}
