//! The fast path of the same sums, in the same order.
//!
//! Today it is one thing: the definitions compiled for hardware fused multiply-add where the
//! machine has it, which rounds exactly as the software one. Vectorised kernels go here, behind
//! the layers' own functions.

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
