//! The two inner loops: a tile of R x V vectors of cells, each cell its own fold, all in the order
//! of the terms.
//!
//! R rows take their operand by broadcast, V vectors take theirs by a load; a loaded vector serves
//! R rows and a broadcast number serves V vectors, and R * V independent folds hide the latency of
//! the multiply-add. A tile is never cut along its terms.

#![expect(
    clippy::needless_range_loop,
    reason = "r and v are the letters of the tile; as counted loops they unroll"
)]

#[cfg(target_arch = "aarch64")]
use super::simd::Neon;
#[cfg(target_arch = "x86_64")]
use super::simd::{Avx2, Avx512};
use super::simd::{Portable, Simd};

/// An instruction set that this machine has; there is no other way to get one than to ask for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Isa(Set);

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Set {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

/// The one place that says which instruction set is in use.
static IN_USE: std::sync::OnceLock<Isa> = std::sync::OnceLock::new();

impl Isa {
    /// Those that this machine has, the fastest last: portable code, AVX2 with FMA, AVX-512F, NEON.
    pub fn present() -> Vec<Self> {
        #[cfg_attr(target_arch = "wasm32", expect(unused_mut, reason = "no other set is known there"))]
        let mut present = vec![Self(Set::Portable)];
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
                present.push(Self(Set::Avx2));
                if std::arch::is_x86_feature_detected!("avx512f") {
                    present.push(Self(Set::Avx512));
                }
            }
        }
        #[cfg(target_arch = "aarch64")]
        present.push(Self(Set::Neon));
        present
    }

    /// The one that this process computes on: the fastest that this machine has, unless another was chosen.
    pub fn best() -> Self {
        *IN_USE.get_or_init(|| Self::present().last().copied().unwrap_or(Self(Set::Portable)))
    }

    /// Has this process compute on this one from now on.
    ///
    /// # Errors
    /// The one that it computes on already, if that is another.
    pub fn choose(self) -> Result<(), Self> {
        match *IN_USE.get_or_init(|| self) {
            in_use if in_use == self => Ok(()),
            in_use => Err(in_use),
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self.0 {
            Set::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => "avx512",
            #[cfg(target_arch = "aarch64")]
            Set::Neon => "neon",
        }
    }

    /// Numbers in a vector.
    pub const fn lanes(self) -> usize {
        match self.0 {
            Set::Portable => Portable::LANES,
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => Avx2::LANES,
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => Avx512::LANES,
            #[cfg(target_arch = "aarch64")]
            Set::Neon => Neon::LANES,
        }
    }

    /// 16 for AVX-512, 8 for AVX2, else none.
    #[cfg(target_arch = "x86_64")]
    pub(in crate::nn) const fn lanes_of_x86(self) -> Option<usize> {
        match self.0 {
            Set::Portable => None,
            Set::Avx2 => Some(8),
            Set::Avx512 => Some(16),
        }
    }

    /// Whether there are 32 registers, which hold large tiles.
    const fn large(self) -> bool {
        match self.0 {
            Set::Portable => false,
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => false,
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => true,
            #[cfg(target_arch = "aarch64")]
            Set::Neon => true,
        }
    }

    /// How many rows the next tile takes of those that are left.
    pub(super) const fn rows(self, left: usize) -> usize {
        match left {
            10 if self.large() => 10,
            8.. if self.large() => 8,
            5.. if self.large() => 5,
            4.. => 4,
            3 => 2,
            left => left,
        }
    }

    /// How many vectors the next tile takes of those that are left, evenly: of 4 two, not three.
    pub(super) const fn vectors(self, rows: usize, left: usize) -> usize {
        let most = if self.large() && rows <= 8 { MAX_VECTORS } else { 2 };
        left.div_ceil(left.div_ceil(most))
    }
}

/// The most rows in a tile.
pub(super) const MAX_ROWS: usize = 10;
/// The most vectors in a tile.
pub(super) const MAX_VECTORS: usize = 3;
/// More than the lanes of any vector: how far beyond its last number a source may be read.
pub(super) const SLACK: usize = 32;

/// One tile of cells whose terms lie at listed offsets of a source.
///
/// `c[r][v] = relu?(((c[r][v] +)? sum over k of b[v][off[k]] * a[k * R + r]) (/ divide) + bias[r])`.
#[derive(Clone, Copy)]
pub(super) struct Taps {
    /// The rows' operands, (terms, R).
    pub a: *const f32,
    /// Offset of each term from `b`.
    pub off: *const usize,
    /// Number of terms.
    pub terms: usize,
    /// Whether the sums start from what the cells hold, not from 0; not with `halves`.
    pub goes_on: bool,
    /// Where the lower and upper half of each vector is read; the upper one only if `halves`.
    pub b: [[*const f32; 2]; MAX_VECTORS],
    /// Where the lower and upper half of each vector is written in row 0.
    pub c: [[*mut f32; 2]; MAX_VECTORS],
    /// How many numbers are written there.
    pub count: [[usize; 2]; MAX_VECTORS],
    /// Whether those are all lanes.
    pub whole: bool,
    /// Distance of the rows in `c`.
    pub c_row: usize,
    /// The divisor, or 0.
    pub divide: f32,
    /// R numbers, or null.
    pub bias: *const f32,
    /// Whether ReLU follows.
    pub relu: bool,
}

/// # Safety
/// The instruction set is present; `t`'s pointers are to what their fields say.
#[inline(always)]
unsafe fn taps<S: Simd, const R: usize, const V: usize, const HALVES: bool>(t: &Taps) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut acc = [[S::splat(0.0); V]; R];
        let (b, off, mut a) = (t.b, t.off, t.a);
        let (c, count, c_row) = (t.c, t.count, t.c_row);
        if t.goes_on {
            for r in 0..R {
                for v in 0..V {
                    acc[r][v] = S::load_first(c[v][0].add(r * c_row), count[v][0]);
                }
            }
        }
        for k in 0..t.terms {
            let off = *off.add(k);
            let mut x = [S::splat(0.0); V];
            for v in 0..V {
                x[v] = if HALVES {
                    S::load_halves(b[v][0].add(off), b[v][1].add(off))
                } else {
                    S::load(b[v][0].add(off))
                };
            }
            for r in 0..R {
                let w = S::splat(*a.add(r));
                for v in 0..V {
                    acc[r][v] = S::mul_add(x[v], w, acc[r][v]);
                }
            }
            a = a.add(R);
        }
        // Loops without a branch within: those unroll, and the accumulators stay in registers.
        if t.divide != 0.0 {
            let divide = S::splat(t.divide);
            for r in 0..R {
                for v in 0..V {
                    acc[r][v] = S::div(acc[r][v], divide);
                }
            }
        }
        if !t.bias.is_null() {
            for r in 0..R {
                let bias = S::splat(*t.bias.add(r));
                for v in 0..V {
                    acc[r][v] = S::add(acc[r][v], bias);
                }
            }
        }
        if t.relu {
            for r in 0..R {
                for v in 0..V {
                    acc[r][v] = S::relu(acc[r][v]);
                }
            }
        }
        if HALVES {
            for r in 0..R {
                for v in 0..V {
                    S::store_halves(c[v].map(|c| c.add(r * c_row)), acc[r][v], count[v]);
                }
            }
        } else if t.whole {
            for r in 0..R {
                for v in 0..V {
                    S::store(c[v][0].add(r * c_row), acc[r][v]);
                }
            }
        } else {
            for r in 0..R {
                for v in 0..V {
                    S::store_first(c[v][0].add(r * c_row), acc[r][v], count[v][0]);
                }
            }
        }
    }
}

/// One tile of cells whose terms lie on a grid of (i, j), and whose sums start from what the cells hold.
///
/// `c[r][v] += sum over i, j of a[r * a_row + i * a_i + j * a_j] * b[i * b_i + j * b_j + b_off[v]]`.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    /// The rows' operands.
    pub a: *const f32,
    /// Their strides by row, i and j.
    pub a_stride: [usize; 3],
    /// The vectors' operands.
    pub b: *const f32,
    /// Their strides by i and j.
    pub b_stride: [usize; 2],
    /// Offset of each vector's lower and upper half from `b`; the upper one only for halves.
    pub b_off: [[usize; 2]; MAX_VECTORS],
    /// Extents of i and j.
    pub terms: [usize; 2],
    /// The cells of row 0, vectors one after the other.
    pub c: *mut f32,
    /// Distance of the rows in `c`.
    pub c_row: usize,
    /// Lanes of the last vector that are read and written.
    pub count: usize,
}

/// # Safety
/// The instruction set is present; `g`'s pointers are to what their fields say. Only if MASKED is the
/// last vector of `b` read no further than `count`.
#[inline(always)]
unsafe fn grid<S: Simd, const R: usize, const V: usize, const MASKED: bool, const HALVES: bool>(g: &Grid) {
    // SAFETY: the caller's promise.
    unsafe {
        let lanes = |v: usize| if v + 1 == V { g.count } else { S::LANES };
        let mut acc = [[S::splat(0.0); V]; R];
        for r in 0..R {
            for v in 0..V {
                acc[r][v] = S::load_first(g.c.add(r * g.c_row + v * S::LANES), lanes(v));
            }
        }
        let [a_row, a_i, a_j] = g.a_stride;
        let [b_i, b_j] = g.b_stride;
        let count = g.count;
        let off = g.b_off;
        for i in 0..g.terms[0] {
            let (mut a, mut b) = (g.a.add(i * a_i), g.b.add(i * b_i));
            for _ in 0..g.terms[1] {
                let mut x = [S::splat(0.0); V];
                for v in 0..V {
                    let low = b.add(off[v][0]);
                    x[v] = if HALVES {
                        S::load_halves(low, b.add(off[v][1]))
                    } else if MASKED && v + 1 == V {
                        S::load_first(low, count)
                    } else {
                        S::load(low)
                    };
                }
                for r in 0..R {
                    let w = S::splat(*a.add(r * a_row));
                    for v in 0..V {
                        acc[r][v] = S::mul_add(w, x[v], acc[r][v]);
                    }
                }
                a = a.wrapping_add(a_j);
                b = b.wrapping_add(b_j);
            }
        }
        for r in 0..R {
            for v in 0..V {
                S::store_first(g.c.add(r * g.c_row + v * S::LANES), acc[r][v], lanes(v));
            }
        }
    }
}

/// Multiply-adds of [`PEAK`] vectors, round after round, each depending on the one of the round before.
///
/// # Safety
/// The instruction set is present.
#[inline(always)]
unsafe fn peak_rounds<S: Simd>(rounds: usize) -> f32 {
    // SAFETY: the caller's promise.
    unsafe {
        let mut acc = [S::splat(std::hint::black_box(1.0)); PEAK];
        let (a, b) = (S::splat(std::hint::black_box(0.999)), S::splat(std::hint::black_box(1e-3)));
        for _ in 0..rounds {
            for k in 0..PEAK {
                acc[k] = S::mul_add(acc[k], a, b);
            }
        }
        let mut last = [0.0; SLACK];
        for k in 0..PEAK {
            S::store(last.as_mut_ptr(), S::add(acc[k], S::load(last.as_ptr())));
        }
        last[0]
    }
}

/// Vectors in [`peak_rounds`]: enough to hide the latency of a multiply-add.
const PEAK: usize = 12;

/// How many multiply-adds [`Isa::peak`] makes.
pub const fn peak_mul_adds(isa: Isa, rounds: usize) -> usize {
    rounds * PEAK * isa.lanes()
}

/// The tiles of one instruction set, each compiled for it.
macro_rules! tiles {
    ($name:ident, $simd:ty, $([$feature:literal],)? large: $large:tt) => {
        mod $name {
            use super::*;
            $(#[target_feature(enable = $feature)])?
            unsafe fn taps_tile<const R: usize, const V: usize, const H: bool>(t: &Taps) {
                // SAFETY: as the function's own.
                unsafe { super::taps::<$simd, R, V, H>(t) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn grid_tile<const R: usize, const V: usize, const M: bool>(g: &Grid) {
                // SAFETY: as the function's own.
                unsafe { super::grid::<$simd, R, V, M, false>(g) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn grid_halves_tile<const R: usize, const V: usize, const H: bool>(g: &Grid) {
                // SAFETY: as the function's own.
                unsafe { super::grid::<$simd, R, V, false, H>(g) }
            }
            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn peak(rounds: usize) -> f32 {
                // SAFETY: as the function's own.
                unsafe { super::peak_rounds::<$simd>(rounds) }
            }
            /// # Safety
            /// As `super::taps`; rows and vectors as [`Isa::rows`] and [`Isa::vectors`] give them.
            pub(super) unsafe fn taps(t: &Taps, rows: usize, vectors: usize, halves: bool) {
                tiles!(@pick $large, taps_tile, t, rows, vectors, halves)
            }
            /// # Safety
            /// As `super::grid`; rows and vectors as [`Isa::rows`] and [`Isa::vectors`] give them.
            pub(super) unsafe fn grid(g: &Grid, rows: usize, vectors: usize, masked: bool) {
                tiles!(@pick $large, grid_tile, g, rows, vectors, masked)
            }
            /// # Safety
            /// As `super::grid`; rows and vectors as [`Isa::rows`] and [`Isa::vectors`] give them.
            pub(super) unsafe fn grid_halves(g: &Grid, rows: usize, vectors: usize, halves: bool) {
                tiles!(@pick $large, grid_halves_tile, g, rows, vectors, halves)
            }
        }
    };
    (@pick true, $tile:ident, $x:ident, $r:ident, $v:ident, $flag:ident) => {
        tiles!(@match $tile, $x, $r, $v, $flag,
            (1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (4, 1), (4, 2), (4, 3), (5, 1), (5, 2), (5, 3),
            (8, 1), (8, 2), (8, 3), (10, 1), (10, 2))
    };
    (@pick false, $tile:ident, $x:ident, $r:ident, $v:ident, $flag:ident) => {
        tiles!(@match $tile, $x, $r, $v, $flag, (1, 1), (1, 2), (2, 1), (2, 2), (4, 1), (4, 2))
    };
    (@match $tile:ident, $x:ident, $r:ident, $v:ident, $flag:ident, $(($rows:literal, $vectors:literal)),+) => {
        // SAFETY: as the function's own.
        unsafe {
            match ($r, $v, $flag) {
                $(($rows, $vectors, false) => $tile::<$rows, $vectors, false>($x),
                ($rows, $vectors, true) => $tile::<$rows, $vectors, true>($x),)+
                other => unreachable!("no tile of {other:?}"),
            }
        }
    };
}

tiles!(portable, Portable, large: false);
#[cfg(target_arch = "x86_64")]
tiles!(avx2, Avx2, ["avx2,fma"], large: false);
#[cfg(target_arch = "x86_64")]
tiles!(avx512, Avx512, ["avx512f"], large: true);
#[cfg(target_arch = "aarch64")]
tiles!(neon, Neon, ["neon"], large: true);

impl Isa {
    /// # Safety
    /// This instruction set is present and `t`'s pointers are to what their fields say.
    pub(super) unsafe fn taps(self, t: &Taps, rows: usize, vectors: usize, halves: bool) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.0 {
                Set::Portable => portable::taps(t, rows, vectors, halves),
                #[cfg(target_arch = "x86_64")]
                Set::Avx2 => avx2::taps(t, rows, vectors, halves),
                #[cfg(target_arch = "x86_64")]
                Set::Avx512 => avx512::taps(t, rows, vectors, halves),
                #[cfg(target_arch = "aarch64")]
                Set::Neon => neon::taps(t, rows, vectors, halves),
            }
        }
    }

    /// # Safety
    /// This instruction set is present and `g`'s pointers are to what their fields say.
    pub(super) unsafe fn grid(self, g: &Grid, rows: usize, vectors: usize, masked: bool) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.0 {
                Set::Portable => portable::grid(g, rows, vectors, masked),
                #[cfg(target_arch = "x86_64")]
                Set::Avx2 => avx2::grid(g, rows, vectors, masked),
                #[cfg(target_arch = "x86_64")]
                Set::Avx512 => avx512::grid(g, rows, vectors, masked),
                #[cfg(target_arch = "aarch64")]
                Set::Neon => neon::grid(g, rows, vectors, masked),
            }
        }
    }

    /// # Safety
    /// This instruction set is present and `g`'s pointers are to what their fields say.
    pub(super) unsafe fn grid_halves(self, g: &Grid, rows: usize, vectors: usize, halves: bool) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.0 {
                Set::Portable => portable::grid_halves(g, rows, vectors, halves),
                #[cfg(target_arch = "x86_64")]
                Set::Avx2 => avx2::grid_halves(g, rows, vectors, halves),
                #[cfg(target_arch = "x86_64")]
                Set::Avx512 => avx512::grid_halves(g, rows, vectors, halves),
                #[cfg(target_arch = "aarch64")]
                Set::Neon => neon::grid_halves(g, rows, vectors, halves),
            }
        }
    }

    /// So many rounds of multiply-adds that depend on little: what the machine can do at most.
    pub fn peak(self, rounds: usize) -> f32 {
        // SAFETY: an Isa is present.
        unsafe {
            match self.0 {
                Set::Portable => portable::peak(rounds),
                #[cfg(target_arch = "x86_64")]
                Set::Avx2 => avx2::peak(rounds),
                #[cfg(target_arch = "x86_64")]
                Set::Avx512 => avx512::peak(rounds),
                #[cfg(target_arch = "aarch64")]
                Set::Neon => neon::peak(rounds),
            }
        }
    }
}

/// `compiled! { fn name(args) { .. } }`: a function of an [`Isa`] and the arguments, its body compiled once
/// for each instruction set.
macro_rules! compiled {
    ($($(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block)+) => {$(
        $(#[$doc])*
        $vis fn $name(isa: $crate::nn::kernels::Isa, $($arg: $type),*) {
            #[inline(always)]
            fn body($($arg: $type),*) $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn with_avx2($($arg: $type),*) {
                    body($($arg),*);
                }
                #[target_feature(enable = "avx512f,avx2,fma")]
                fn with_avx512($($arg: $type),*) {
                    body($($arg),*);
                }
                // The macro is used outside the kernels too.
                #[allow(unsafe_code)]
                match isa.lanes_of_x86() {
                    // SAFETY: an Isa is present.
                    Some(16) => return unsafe { with_avx512($($arg),*) },
                    // SAFETY: an Isa is present.
                    Some(_) => return unsafe { with_avx2($($arg),*) },
                    None => {}
                }
            }
            // One body for the portable code and NEON, which is always there.
            let _ = isa;
            body($($arg),*);
        }
    )+};
}
pub(in crate::nn) use compiled;
