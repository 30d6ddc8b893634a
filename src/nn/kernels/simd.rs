//! Vectors of f32 and the few operations that the kernels need, once per instruction set.
//!
//! Each operation rounds exactly as its scalar one does, lane by lane: fused multiply-add as
//! `f32::mul_add`, division and addition as IEEE 754 says.

/// A vector of [`Simd::LANES`] numbers.
///
/// # Safety
/// Every function may be called only where the instruction set is present; pointers are to as many
/// numbers as are read or written, and need no alignment.
pub(super) trait Simd {
    /// The vector.
    type V: Copy;
    /// Numbers in a vector.
    const LANES: usize;
    /// Every lane the same.
    unsafe fn splat(x: f32) -> Self::V;
    /// LANES numbers.
    unsafe fn load(from: *const f32) -> Self::V;
    /// The lower half from one place, the upper half from another.
    unsafe fn load_halves(low: *const f32, high: *const f32) -> Self::V;
    /// The first `count` lanes; the others are 0 and their memory is not touched.
    unsafe fn load_first(from: *const f32, count: usize) -> Self::V;
    /// LANES numbers.
    unsafe fn store(to: *mut f32, x: Self::V);
    /// The first `count` lanes; other memory is not touched.
    unsafe fn store_first(to: *mut f32, x: Self::V, count: usize);
    /// The first `count` lanes of the lower and of the upper half, each to its own place.
    #[inline(always)]
    unsafe fn store_halves(to: [*mut f32; 2], x: Self::V, count: [usize; 2]) {
        let mut lanes = [0.0f32; 16];
        // SAFETY: the caller gives room for `count` numbers at each place; no vector has more lanes.
        unsafe {
            Self::store(lanes.as_mut_ptr(), x);
            for half in 0..2 {
                let from = lanes.as_ptr().add(half * (Self::LANES / 2));
                std::ptr::copy_nonoverlapping(from, to[half], count[half]);
            }
        }
    }
    /// a * b + c, rounded once.
    unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// a + b.
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    /// a / b.
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V;
    /// 0 where x < 0, else x: NaN and -0 stay.
    unsafe fn relu(x: Self::V) -> Self::V;
}

/// Plain code, for any machine; where it has no hardware FMA, the exact software one.
pub(super) struct Portable;

impl Simd for Portable {
    type V = [f32; 8];
    const LANES: usize = 8;
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self::V {
        [x; 8]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::V {
        // SAFETY: the caller gives LANES numbers.
        unsafe { from.cast::<Self::V>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn load_halves(low: *const f32, high: *const f32) -> Self::V {
        // SAFETY: the caller gives half of LANES numbers at each.
        std::array::from_fn(|lane| unsafe { if lane < 4 { *low.add(lane) } else { *high.add(lane - 4) } })
    }
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self::V {
        // SAFETY: the caller gives `count` numbers.
        std::array::from_fn(|lane| if lane < count { unsafe { *from.add(lane) } } else { 0.0 })
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, x: Self::V) {
        // SAFETY: the caller gives room for LANES numbers.
        unsafe { to.cast::<Self::V>().write_unaligned(x) }
    }
    #[inline(always)]
    unsafe fn store_first(to: *mut f32, x: Self::V, count: usize) {
        for (lane, x) in x.into_iter().enumerate().take(count) {
            // SAFETY: the caller gives room for `count` numbers.
            unsafe { *to.add(lane) = x };
        }
    }
    #[inline(always)]
    unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        std::array::from_fn(|lane| a[lane].mul_add(b[lane], c[lane]))
    }
    #[inline(always)]
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|lane| a[lane] + b[lane])
    }
    #[inline(always)]
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|lane| a[lane] / b[lane])
    }
    #[inline(always)]
    unsafe fn relu(x: Self::V) -> Self::V {
        x.map(|x| if x < 0.0 { 0.0 } else { x })
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    #![expect(unsafe_op_in_unsafe_fn, reason = "one intrinsic each, under the trait's own conditions")]
    use super::Simd;
    use std::arch::x86_64::*;

    /// AVX-512F: 16 lanes, 32 registers.
    pub(in super::super) struct Avx512;

    impl Simd for Avx512 {
        type V = __m512;
        const LANES: usize = 16;
        #[inline(always)]
        unsafe fn splat(x: f32) -> Self::V {
            _mm512_set1_ps(x)
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self::V {
            _mm512_loadu_ps(from)
        }
        #[inline(always)]
        unsafe fn load_halves(low: *const f32, high: *const f32) -> Self::V {
            let low = _mm512_castpd256_pd512(_mm256_castps_pd(_mm256_loadu_ps(low)));
            let high = _mm256_castps_pd(_mm256_loadu_ps(high));
            _mm512_castpd_ps(_mm512_insertf64x4::<1>(low, high))
        }
        #[inline(always)]
        unsafe fn load_first(from: *const f32, count: usize) -> Self::V {
            _mm512_maskz_loadu_ps(((1u32 << count) - 1) as __mmask16, from)
        }
        #[inline(always)]
        unsafe fn store(to: *mut f32, x: Self::V) {
            _mm512_storeu_ps(to, x);
        }
        #[inline(always)]
        unsafe fn store_first(to: *mut f32, x: Self::V, count: usize) {
            _mm512_mask_storeu_ps(to, ((1u32 << count) - 1) as __mmask16, x);
        }
        #[inline(always)]
        unsafe fn store_halves(to: [*mut f32; 2], x: Self::V, count: [usize; 2]) {
            let low = ((1u32 << count[0]) - 1) as __mmask16;
            let high = (((1u32 << count[1]) - 1) << 8) as __mmask16;
            _mm512_mask_storeu_ps(to[0], low, x);
            // Lane 8 goes to the second place; the lanes before it are not written.
            _mm512_mask_storeu_ps(to[1].wrapping_sub(8), high, x);
        }
        #[inline(always)]
        unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
            _mm512_fmadd_ps(a, b, c)
        }
        #[inline(always)]
        unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
            _mm512_add_ps(a, b)
        }
        #[inline(always)]
        unsafe fn div(a: Self::V, b: Self::V) -> Self::V {
            _mm512_div_ps(a, b)
        }
        #[inline(always)]
        unsafe fn relu(x: Self::V) -> Self::V {
            // The second operand wins where they are equal or one is NaN.
            _mm512_max_ps(_mm512_setzero_ps(), x)
        }
    }

    /// AVX2 with FMA: 8 lanes, 16 registers.
    pub(in super::super) struct Avx2;

    /// All ones in the first `count` lanes.
    #[inline(always)]
    unsafe fn mask(count: usize) -> __m256i {
        let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lanes)
    }

    impl Simd for Avx2 {
        type V = __m256;
        const LANES: usize = 8;
        #[inline(always)]
        unsafe fn splat(x: f32) -> Self::V {
            _mm256_set1_ps(x)
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self::V {
            _mm256_loadu_ps(from)
        }
        #[inline(always)]
        unsafe fn load_halves(low: *const f32, high: *const f32) -> Self::V {
            _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high))
        }
        #[inline(always)]
        unsafe fn load_first(from: *const f32, count: usize) -> Self::V {
            _mm256_maskload_ps(from, mask(count))
        }
        #[inline(always)]
        unsafe fn store(to: *mut f32, x: Self::V) {
            _mm256_storeu_ps(to, x);
        }
        #[inline(always)]
        unsafe fn store_first(to: *mut f32, x: Self::V, count: usize) {
            _mm256_maskstore_ps(to, mask(count), x);
        }
        #[inline(always)]
        unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
            _mm256_fmadd_ps(a, b, c)
        }
        #[inline(always)]
        unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
            _mm256_add_ps(a, b)
        }
        #[inline(always)]
        unsafe fn div(a: Self::V, b: Self::V) -> Self::V {
            _mm256_div_ps(a, b)
        }
        #[inline(always)]
        unsafe fn relu(x: Self::V) -> Self::V {
            // The second operand wins where they are equal or one is NaN.
            _mm256_max_ps(_mm256_setzero_ps(), x)
        }
    }
}

#[cfg(target_arch = "aarch64")]
pub(super) use arm::Neon;

#[cfg(target_arch = "aarch64")]
mod arm {
    #![expect(unsafe_op_in_unsafe_fn, reason = "one intrinsic each, under the trait's own conditions")]
    use super::Simd;
    use std::arch::aarch64::*;

    /// NEON: 4 lanes, 32 registers.
    pub(in super::super) struct Neon;

    impl Simd for Neon {
        type V = float32x4_t;
        const LANES: usize = 4;
        #[inline(always)]
        unsafe fn splat(x: f32) -> Self::V {
            vdupq_n_f32(x)
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self::V {
            vld1q_f32(from)
        }
        #[inline(always)]
        unsafe fn load_halves(low: *const f32, high: *const f32) -> Self::V {
            vcombine_f32(vld1_f32(low), vld1_f32(high))
        }
        #[inline(always)]
        unsafe fn load_first(from: *const f32, count: usize) -> Self::V {
            let mut x = [0.0; 4];
            std::ptr::copy_nonoverlapping(from, x.as_mut_ptr(), count);
            vld1q_f32(x.as_ptr())
        }
        #[inline(always)]
        unsafe fn store(to: *mut f32, x: Self::V) {
            vst1q_f32(to, x);
        }
        #[inline(always)]
        unsafe fn store_first(to: *mut f32, x: Self::V, count: usize) {
            let mut lanes = [0.0; 4];
            vst1q_f32(lanes.as_mut_ptr(), x);
            std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, count);
        }
        #[inline(always)]
        unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
            vfmaq_f32(c, a, b)
        }
        #[inline(always)]
        unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
            vaddq_f32(a, b)
        }
        #[inline(always)]
        unsafe fn div(a: Self::V, b: Self::V) -> Self::V {
            vdivq_f32(a, b)
        }
        #[inline(always)]
        unsafe fn relu(x: Self::V) -> Self::V {
            vbslq_f32(vcltq_f32(x, vdupq_n_f32(0.0)), vdupq_n_f32(0.0), x)
        }
    }
}
