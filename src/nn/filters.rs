//! Filters with a name: what one slice (kh, kw) of a convolution's weight can be set to.
//!
//! Each is made for any size from three rows of numbers: the binomial one (1 2 1, 1 4 6 4 1, ...) that smooths,
//! and its first and second differences. So the 3x3 ones are the textbooks' (Gonzalez & Woods, Digital Image
//! Processing, chapter 3), and larger ones do the same more smoothly. Where one would not fit, there is none.
//!
//! Letters: u row, v column of the slice.

use super::init::{self, Init};
use crate::tensor::Tensor;

/// A filter with a name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Filter {
    /// 1 in the middle: the picture itself.
    Identity,
    /// The difference between below and above, smoothed along the edge: Sobel's over 8.
    EdgeHorizontal,
    /// The difference between right and left, smoothed along the edge: Sobel's over 8.
    EdgeVertical,
    /// The sum of the second differences down and across.
    Laplacian,
    /// The mean of the window.
    Box,
    /// A mean that weighs the middle more: binomial numbers.
    Gaussian,
    /// The picture less its Laplacian.
    Sharpen,
    /// The picture plus its slope towards the lower right.
    Emboss,
    /// A drawn half circle, open below: 1 on it, -1 beside it.
    Semicircle,
    /// A drawn line that falls from left to right: 1 on it, -1 beside it.
    Line,
    /// All 0.
    Blank,
    /// Normal numbers around 0 of the deviation that suits a ReLU after it, by a seed: [`Init::He`].
    Random {
        /// The seed.
        seed: u64,
    },
}

impl Filter {
    /// All of them, the random one with seed 0.
    pub const ALL: [Self; 12] = [
        Self::Identity,
        Self::EdgeHorizontal,
        Self::EdgeVertical,
        Self::Laplacian,
        Self::Box,
        Self::Gaussian,
        Self::Sharpen,
        Self::Emboss,
        Self::Semicircle,
        Self::Line,
        Self::Blank,
        Self::Random { seed: 0 },
    ];

    /// Its name in files and in keys of texts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::EdgeHorizontal => "edge-horizontal",
            Self::EdgeVertical => "edge-vertical",
            Self::Laplacian => "laplacian",
            Self::Box => "box",
            Self::Gaussian => "gaussian",
            Self::Sharpen => "sharpen",
            Self::Emboss => "emboss",
            Self::Semicircle => "semicircle",
            Self::Line => "line",
            Self::Blank => "blank",
            Self::Random { .. } => "random",
        }
    }

    /// Its numbers for a slice of kh rows and kw columns, row by row; `None` where it needs a larger one.
    ///
    /// ```
    /// use convstep::nn::filters::Filter;
    /// let laplacian = Filter::Laplacian.slice(3, 3);
    /// assert_eq!(laplacian, Some(vec![0.0, 1.0, 0.0, 1.0, -4.0, 1.0, 0.0, 1.0, 0.0]));
    /// assert_eq!(Filter::Laplacian.slice(1, 3), None);
    /// ```
    pub fn slice(self, kh: usize, kw: usize) -> Option<Vec<f32>> {
        let outer = |rows: &[f64], cols: &[f64]| -> Vec<f64> {
            rows.iter().flat_map(|&r| cols.iter().map(move |&c| r * c)).collect()
        };
        let both = |a: Vec<f64>, b: Vec<f64>, sign: f64| -> Vec<f64> {
            a.into_iter().zip(b).map(|(a, b)| a + sign * b).collect()
        };
        let laplacian = || {
            let down = outer(&second_difference(kh)?, &inner_smooth(kw)?);
            Some(both(down, outer(&inner_smooth(kh)?, &second_difference(kw)?), 1.0))
        };
        let identity = || outer(&middle(kh), &middle(kw));
        let numbers = match self {
            Self::Identity => identity(),
            Self::EdgeHorizontal => outer(&difference(kh)?, &smooth(kw)),
            Self::EdgeVertical => outer(&smooth(kh), &difference(kw)?),
            Self::Laplacian => laplacian()?,
            Self::Box => vec![1.0 / (kh * kw) as f64; kh * kw],
            Self::Gaussian => outer(&smooth(kh), &smooth(kw)),
            Self::Sharpen => both(identity(), laplacian()?, -1.0),
            Self::Emboss => {
                let slope = |k: usize| (k > 1).then(|| (0..k).map(move |u| place(u, k)));
                let (down, across): (Vec<_>, Vec<_>) = (slope(kh)?.collect(), slope(kw)?.collect());
                let slopes = down.iter().flat_map(|&u| across.iter().map(move |&v| u + v)).collect();
                both(slopes, identity(), 1.0)
            }
            Self::Semicircle => drawn(kh, kw, |u, v| {
                // A ring around the middle of the lower edge.
                let radius = ((1.0 - u) / 2.0).hypot(v);
                u < 1.0 && (0.55..=1.15).contains(&radius) || u == 1.0 && v.abs() > 0.55
            })?,
            Self::Line => drawn(kh, kw, |u, v| (u - v).abs() <= 0.55)?,
            Self::Blank => vec![0.0; kh * kw],
            Self::Random { seed } => {
                let shape = [1, 1, kh, kw];
                let weight: Tensor<f64> = init::weight(Init::He, shape, &mut init::rng(seed, 0));
                weight.into_iter().collect()
            }
        };
        Some(numbers.into_iter().map(|number| number as f32).collect())
    }
}

/// -1 at the first of k places, 1 at the last.
fn place(u: usize, k: usize) -> f64 {
    if k > 1 { 2.0 * u as f64 / (k - 1) as f64 - 1.0 } else { 0.0 }
}

/// 1 where something is drawn and -1 elsewhere; (u, v) from -1 to 1. Below 3 x 3 nothing can be
/// distinguished.
fn drawn(kh: usize, kw: usize, is_on: impl Fn(f64, f64) -> bool) -> Option<Vec<f64>> {
    let is_on = &is_on;
    let cells = (0..kh)
        .flat_map(|u| (0..kw).map(move |v| if is_on(place(u, kh), place(v, kw)) { 1.0 } else { -1.0 }));
    (kh >= 3 && kw >= 3).then(|| cells.collect())
}

/// 1 in the middle; of an even number of places the one before it.
fn middle(k: usize) -> Vec<f64> {
    (0..k).map(|u| if u == (k - 1) / 2 { 1.0 } else { 0.0 }).collect()
}

/// Each number and the next weighed by `taps`, one number more for each further tap.
fn convolve(numbers: &[f64], taps: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; numbers.len() + taps.len() - 1];
    for (i, number) in numbers.iter().enumerate() {
        for (j, tap) in taps.iter().enumerate() {
            out[i + j] += number * tap;
        }
    }
    out
}

/// Binomial numbers that add up to 1.
fn smooth(k: usize) -> Vec<f64> {
    (1..k).fold(vec![1.0], |row, _| convolve(&row, &[0.5, 0.5]))
}

/// The binomial numbers of two places fewer, between zeros.
fn inner_smooth(k: usize) -> Option<Vec<f64>> {
    Some(convolve(&smooth(k.checked_sub(2).filter(|&k| k > 0)?), &[0.0, 1.0, 0.0]))
}

/// The first difference, smoothed.
fn difference(k: usize) -> Option<Vec<f64>> {
    match k {
        0 | 1 => None,
        2 => Some(vec![-1.0, 1.0]),
        _ => Some(convolve(&smooth(k - 2), &[-0.5, 0.0, 0.5])),
    }
}

/// The second difference, smoothed.
fn second_difference(k: usize) -> Option<Vec<f64>> {
    (k >= 3).then(|| convolve(&smooth(k - 2), &[1.0, -2.0, 1.0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_textbook_filters_of_three_by_three() {
        let slice = |filter: Filter, times: f32| {
            filter.slice(3, 3).map(|numbers| numbers.iter().map(|x| x * times).collect::<Vec<f32>>())
        };
        let is = |numbers: [i32; 9]| Some(numbers.map(|n| n as f32).to_vec());
        assert_eq!(slice(Filter::EdgeHorizontal, 8.0), is([-1, -2, -1, 0, 0, 0, 1, 2, 1]));
        assert_eq!(slice(Filter::EdgeVertical, 8.0), is([-1, 0, 1, -2, 0, 2, -1, 0, 1]));
        assert_eq!(slice(Filter::Sharpen, 1.0), is([0, -1, 0, -1, 5, -1, 0, -1, 0]));
        assert_eq!(slice(Filter::Emboss, 1.0), is([-2, -1, 0, -1, 1, 1, 0, 1, 2]));
        assert_eq!(slice(Filter::Gaussian, 16.0), is([1, 2, 1, 2, 4, 2, 1, 2, 1]));
    }

    #[test]
    fn sums_are_what_each_filter_promises_at_every_size() {
        for kh in 1..8 {
            for kw in 1..8 {
                for filter in Filter::ALL {
                    let Some(slice) = filter.slice(kh, kw) else { continue };
                    assert_eq!(slice.len(), kh * kw);
                    let sum: f32 = slice.iter().sum();
                    let promised = match filter {
                        Filter::Identity | Filter::Box | Filter::Gaussian | Filter::Sharpen => Some(1.0),
                        Filter::EdgeHorizontal | Filter::EdgeVertical | Filter::Laplacian | Filter::Blank => {
                            Some(0.0)
                        }
                        Filter::Emboss => Some(1.0),
                        Filter::Semicircle | Filter::Line | Filter::Random { .. } => None,
                    };
                    if let Some(promised) = promised {
                        assert!((sum - promised).abs() < 1e-5, "{filter:?} {kh} x {kw}: {sum}");
                    }
                }
            }
        }
    }

    #[test]
    fn drawn_filters_show_both_ink_and_paper() {
        for k in 3..8 {
            for filter in [Filter::Semicircle, Filter::Line] {
                let slice = filter.slice(k, k).expect("fits");
                let ink = slice.iter().filter(|&&x| x == 1.0).count();
                assert!(ink >= k && ink < k * k, "{filter:?} {k}: {slice:?}");
            }
        }
    }

    #[test]
    fn random_numbers_go_by_their_seed() {
        let slice = |seed| Filter::Random { seed }.slice(3, 3);
        assert_eq!(slice(1), slice(1));
        assert_ne!(slice(1), slice(2));
    }
}
