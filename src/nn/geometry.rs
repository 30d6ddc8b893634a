//! Where windows lie: sizes, taps, padding, and the pixels that no window reads.

use crate::tensor::{MAX_CELLS, ShapeError};
use std::ops::Range;

/// One axis of a sliding window.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Axis {
    /// Input extent W.
    pub len: usize,
    /// Kernel extent F.
    pub kernel: usize,
    /// Stride S.
    pub stride: usize,
    /// Padding P before the input.
    pub padding: usize,
    /// Padding P' behind it.
    pub padding_end: usize,
    /// Distance D between taps.
    pub dilation: usize,
    /// Output extent, floor((W + P + P' - D(F - 1) - 1) / S) + 1; where a rest gets a window of its own, one more.
    pub out: usize,
}

/// The numbers of a window, before they meet an input; every pair is (rows, columns).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WindowNumbers {
    /// Kernel extents.
    pub kernel: [usize; 2],
    /// Strides.
    pub stride: [usize; 2],
    /// Padding above and on the left.
    pub padding: [usize; 2],
    /// Padding below and on the right.
    pub padding_end: [usize; 2],
    /// Distances between taps.
    pub dilation: [usize; 2],
    /// Whether a rest at the end gets a window of its own, unless that would begin behind the input.
    pub ceil_mode: bool,
}

impl Axis {
    /// An axis with the same padding on both sides, whose output extent is at least 1.
    ///
    /// # Errors
    /// Where kernel, stride or dilation is 0, or the window is larger than the padded input; `what`
    /// names the layer and the axis in the message.
    pub fn new(
        what: &str,
        len: usize,
        kernel: usize,
        stride: usize,
        padding: usize,
        dilation: usize,
    ) -> Result<Self, ShapeError> {
        let numbers = WindowNumbers {
            kernel: [kernel; 2],
            stride: [stride; 2],
            padding: [padding; 2],
            padding_end: [padding; 2],
            dilation: [dilation; 2],
            ceil_mode: false,
        };
        Self::from_numbers(what, len, &numbers, 0)
    }

    /// Axis `d` of a window, 0 for rows and 1 for columns.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn from_numbers(
        what: &str,
        len: usize,
        numbers: &WindowNumbers,
        d: usize,
    ) -> Result<Self, ShapeError> {
        let WindowNumbers { kernel, stride, padding, padding_end, dilation, ceil_mode } = *numbers;
        let [kernel, stride, padding, padding_end, dilation] =
            [kernel, stride, padding, padding_end, dilation].map(|pair| pair[d]);
        at_least_one(what, [("kernel", kernel), ("stride", stride), ("dilation", dilation)])?;
        let too_big = || {
            ShapeError(format!(
                "{what}: kernel {kernel}, padding {} or dilation {dilation} is too large to count with; use smaller numbers",
                padding.max(padding_end)
            ))
        };
        let reach = dilation.checked_mul(kernel - 1).and_then(|r| r.checked_add(1)).ok_or_else(too_big)?;
        let padded = padding.checked_add(padding_end).and_then(|p| p.checked_add(len)).ok_or_else(too_big)?;
        if padded < reach {
            let (letters, sides) = match padding == padding_end {
                true => ("2P", format!("2*{padding}")),
                false => ("P + P'", format!("{padding} + {padding_end}")),
            };
            return Err(ShapeError(format!(
                "{what}: expected an output of at least 1, got floor((W + {letters} - D(F - 1) - 1)/S) + 1 = \
                 floor(({len} + {sides} - {dilation}*({kernel} - 1) - 1)/{stride}) + 1 = {}; use a smaller \
                 kernel, more padding or a larger input",
                (padded as i128 - reach as i128).div_euclid(stride as i128) + 1
            )));
        }
        let mut out = (padded - reach) / stride + 1;
        let has_rest = !(padded - reach).is_multiple_of(stride);
        // PyTorch's rule: no window begins in the padding behind the input.
        if ceil_mode && has_rest && out.checked_mul(stride).is_some_and(|start| start < len + padding) {
            out += 1;
        }
        Ok(Self { len, kernel, stride, padding, padding_end, dilation, out })
    }

    /// The axis of a transposed convolution, 0 for rows and 1 for columns: its windows, one for each of `cells` input
    /// cells, lie on its output, whose extent is (W - 1)S - P - P' + D(F - 1) + 1 and `output_padding` more at the end.
    ///
    /// # Errors
    /// As [`Self::new`]; and where more is added at the end than the stride or the dilation leaves open.
    pub fn transposed(
        what: &str,
        cells: usize,
        numbers: &WindowNumbers,
        output_padding: usize,
        d: usize,
    ) -> Result<Self, ShapeError> {
        let WindowNumbers { kernel, stride, padding, padding_end, dilation, .. } = *numbers;
        let [kernel, stride, padding, padding_end, dilation] =
            [kernel, stride, padding, padding_end, dilation].map(|pair| pair[d]);
        at_least_one(what, [("kernel", kernel), ("stride", stride), ("dilation", dilation)])?;
        let most = stride.max(dilation) - 1;
        if output_padding > most {
            return Err(ShapeError(format!(
                "{what}: expected an output_padding smaller than the stride {stride} or the dilation {dilation}, got \
                 {output_padding}; set output_padding = {most}"
            )));
        }
        let sizes = || {
            let covered = cells.checked_sub(1)?.checked_mul(stride)?;
            let reach = dilation.checked_mul(kernel - 1)?.checked_add(1)?;
            let padded = covered.checked_add(reach)?.checked_add(output_padding)?;
            Some((padded, padding.checked_add(padding_end)?))
        };
        let (padded, cut) = sizes().ok_or_else(|| {
            ShapeError(format!(
                "{what}: kernel, stride or padding is too large to count with; use smaller numbers"
            ))
        })?;
        if padded <= cut {
            return Err(ShapeError(format!(
                "{what}: expected an output of at least 1, got (W - 1)S - P - P' + D(F - 1) + 1 + output_padding = \
                 ({cells} - 1)*{stride} - {padding} - {padding_end} + {dilation}*({kernel} - 1) + 1 + {output_padding} = \
                 {}; use less padding or a larger kernel",
                padded as i128 - cut as i128
            )));
        }
        Ok(Self { len: padded - cut, kernel, stride, padding, padding_end, dilation, out: cells })
    }

    /// The padded input's extent, W + P + P'.
    pub const fn padded(&self) -> usize {
        self.padding + self.len + self.padding_end
    }

    /// The extent from a window's first tap to its last, D(F - 1) + 1.
    pub const fn reach(&self) -> usize {
        self.dilation * (self.kernel - 1) + 1
    }

    /// How many taps of window `i` lie on the input or its padding: all, but for a window that a rest has got.
    pub const fn taps_on_padded(&self, i: usize) -> usize {
        let room = self.padded().saturating_sub(i * self.stride);
        let taps = room.div_ceil(self.dilation);
        if taps < self.kernel { taps } else { self.kernel }
    }

    /// The input position that tap `u` of window `i` reads; `None` on padding.
    #[inline(always)]
    pub fn tap(&self, i: usize, u: usize) -> Option<usize> {
        (i * self.stride + u * self.dilation).checked_sub(self.padding).filter(|&p| p < self.len)
    }

    /// The window `i` whose tap `u` reads input position `p`; `None` where no window does.
    #[inline(always)]
    pub fn window_of(&self, p: usize, u: usize) -> Option<usize> {
        let start = (p + self.padding).checked_sub(u * self.dilation)?;
        (start % self.stride == 0 && start / self.stride < self.out).then(|| start / self.stride)
    }

    /// The windows whose tap `u` reads the input, not its padding.
    pub fn windows_of_tap(&self, u: usize) -> Range<usize> {
        let [ahead, end] =
            [self.padding, self.padding + self.len].map(|p| p.saturating_sub(u * self.dilation));
        let end = end.div_ceil(self.stride).min(self.out);
        ahead.div_ceil(self.stride).min(end)..end
    }

    /// Whether some window reads input position `p`.
    pub fn is_seen(&self, p: usize) -> bool {
        (0..self.kernel).any(|u| self.window_of(p, u).is_some())
    }

    /// How many windows read input position `p`.
    pub fn windows_over(&self, p: usize) -> usize {
        (0..self.kernel).filter(|&u| self.window_of(p, u).is_some()).count()
    }

    /// The input positions that no window reads, in order.
    pub fn unseen(&self) -> Vec<usize> {
        (0..self.len).filter(|&p| !self.is_seen(p)).collect()
    }
}

/// Checks that none of these numbers is 0.
fn at_least_one(what: &str, numbers: [(&str, usize); 3]) -> Result<(), ShapeError> {
    match numbers.into_iter().find(|(_, value)| *value == 0) {
        Some((name, _)) => {
            Err(ShapeError(format!("{what}: expected a {name} of at least 1, got 0; set {name} = 1")))
        }
        None => Ok(()),
    }
}

/// A window that slides over rows and columns.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Window {
    /// The vertical axis.
    pub rows: Axis,
    /// The horizontal axis.
    pub cols: Axis,
}

impl Window {
    /// A window over (h, w) with the same padding on both sides; every pair is (rows, columns).
    ///
    /// # Errors
    /// As [`Axis::new`], with `what` naming the layer; and where the taps are too many to count.
    pub fn new(
        what: &str,
        [h, w]: [usize; 2],
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
        dilation: [usize; 2],
    ) -> Result<Self, ShapeError> {
        let numbers =
            WindowNumbers { kernel, stride, padding, padding_end: padding, dilation, ceil_mode: false };
        Self::from_numbers(what, [h, w], &numbers)
    }

    /// A window over (h, w).
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn from_numbers(what: &str, [h, w]: [usize; 2], numbers: &WindowNumbers) -> Result<Self, ShapeError> {
        let axis = |name: &str, len, d: usize| Axis::from_numbers(&format!("{what} {name}"), len, numbers, d);
        Self { rows: axis("rows", h, 0)?, cols: axis("columns", w, 1)? }.counted(what)
    }

    /// The window of a transposed convolution on (h, w) input cells, which lies on its output.
    ///
    /// # Errors
    /// As [`Axis::transposed`]; and where the padded output has too many cells to keep.
    pub fn transposed(
        what: &str,
        [h, w]: [usize; 2],
        numbers: &WindowNumbers,
        output_padding: [usize; 2],
    ) -> Result<Self, ShapeError> {
        let axis = |name: &str, cells, d: usize| {
            Axis::transposed(&format!("{what} {name}"), cells, numbers, output_padding[d], d)
        };
        let window = Self { rows: axis("rows", h, 0)?, cols: axis("columns", w, 1)? }.counted(what)?;
        match window.rows.padded().checked_mul(window.cols.padded()) {
            Some(cells) if cells <= MAX_CELLS => Ok(window),
            _ => Err(ShapeError(format!(
                "{what}: expected at most {MAX_CELLS} cells before the padding is cut off, got {} x {}; use smaller \
                 numbers",
                window.rows.padded(),
                window.cols.padded()
            ))),
        }
    }

    /// The window, where its taps can be counted.
    fn counted(self, what: &str) -> Result<Self, ShapeError> {
        let kernel = [self.rows.kernel, self.cols.kernel];
        match kernel[0].checked_mul(kernel[1]) {
            Some(taps) if taps <= MAX_CELLS => Ok(self),
            _ => Err(ShapeError(format!(
                "{what}: expected a kernel of at most {MAX_CELLS} taps, got {}x{}; use a smaller kernel",
                kernel[0], kernel[1]
            ))),
        }
    }

    /// Number of taps, kh * kw.
    pub const fn taps(&self) -> usize {
        self.rows.kernel * self.cols.kernel
    }

    /// Output extents [H', W'].
    pub const fn out(&self) -> [usize; 2] {
        [self.rows.out, self.cols.out]
    }

    /// The input cell that tap (u, v) of window (i, j) reads; `None` on padding.
    #[inline(always)]
    pub fn tap(&self, [i, j]: [usize; 2], [u, v]: [usize; 2]) -> Option<[usize; 2]> {
        Some([self.rows.tap(i, u)?, self.cols.tap(j, v)?])
    }

    /// The window whose tap (u, v) reads input cell (p, q).
    #[inline(always)]
    pub fn window_of(&self, [p, q]: [usize; 2], [u, v]: [usize; 2]) -> Option<[usize; 2]> {
        Some([self.rows.window_of(p, u)?, self.cols.window_of(q, v)?])
    }

    /// How many windows read input cell (p, q).
    pub fn windows_over(&self, [p, q]: [usize; 2]) -> usize {
        self.rows.windows_over(p) * self.cols.windows_over(q)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_a_division_is_dropped_and_named() {
        let axis = Axis::new("conv1 rows", 10, 3, 2, 0, 1).expect("valid");
        assert_eq!(axis.out, 4);
        assert_eq!(axis.unseen(), [9]);
    }

    #[test]
    fn a_size_below_one_shows_the_formula_with_its_numbers() {
        let error = Axis::new("conv1 rows", 3, 5, 1, 0, 1).expect_err("too small").0;
        assert!(error.contains("floor((3 + 2*0 - 1*(5 - 1) - 1)/1) + 1 = -1"), "{error}");
    }

    fn numbers(
        kernel: usize,
        stride: usize,
        padding: [usize; 2],
        dilation: usize,
        ceil_mode: bool,
    ) -> WindowNumbers {
        let [padding, padding_end] = padding.map(|n| [n; 2]);
        let [kernel, stride, dilation] = [kernel, stride, dilation].map(|n| [n; 2]);
        WindowNumbers { kernel, stride, padding, padding_end, dilation, ceil_mode }
    }

    #[test]
    fn a_rest_gets_a_window_unless_that_would_begin_behind_the_input() {
        let out = |len, kernel, stride, padding, dilation| {
            [false, true].map(|ceil| {
                Axis::from_numbers("a", len, &numbers(kernel, stride, padding, dilation, ceil), 0)
                    .map(|axis| axis.out)
            })
        };
        // PyTorch's, of max_pool2d with ceil_mode.
        assert_eq!(out(9, 2, 2, [0, 0], 1), [Ok(4), Ok(5)]);
        assert_eq!(out(8, 2, 2, [0, 0], 1), [Ok(4), Ok(4)]);
        assert_eq!(out(7, 3, 3, [1, 1], 1), [Ok(3), Ok(3)]);
        // The window would begin at 6, on the padding behind 5 cells with one before them.
        assert_eq!(out(5, 2, 3, [1, 1], 1), [Ok(2), Ok(2)]);
        assert_eq!(out(4, 1, 5, [0, 0], 1), [Ok(1), Ok(1)]);
        assert_eq!(out(10, 3, 2, [0, 0], 2), [Ok(3), Ok(4)]);
    }

    #[test]
    fn padding_may_differ_from_side_to_side() {
        let axis = Axis::from_numbers("a", 6, &numbers(4, 1, [1, 2], 1, false), 0).expect("valid");
        assert_eq!((axis.out, axis.padded(), axis.reach()), (6, 9, 4));
        assert_eq!(
            (axis.tap(0, 0), axis.tap(0, 1), axis.tap(5, 1), axis.tap(5, 2)),
            (None, Some(0), Some(5), None)
        );
        let error = Axis::from_numbers("a", 2, &numbers(6, 1, [1, 2], 1, false), 0).expect_err("too small").0;
        assert!(
            error.contains("floor((W + P + P' - D(F - 1) - 1)/S) + 1 = floor((2 + 1 + 2 - 1*(6 - 1) - 1)/1)"),
            "{error}"
        );
    }

    #[test]
    fn a_transposed_axis_has_a_window_for_each_input_cell() {
        let of = |cells, kernel, stride, padding: [usize; 2], dilation, more| {
            Axis::transposed("a", cells, &numbers(kernel, stride, padding, dilation, false), more, 0)
        };
        // PyTorch's, of conv_transpose2d.
        let len = |axis: Result<Axis, ShapeError>| axis.map(|axis| [axis.len, axis.out]);
        assert_eq!(len(of(3, 3, 2, [1, 1], 1, 0)), Ok([5, 3]));
        assert_eq!(len(of(3, 3, 2, [1, 1], 1, 1)), Ok([6, 3]));
        assert_eq!(len(of(4, 2, 1, [0, 1], 3, 2)), Ok([8, 4]));
        let error = of(3, 3, 2, [1, 1], 1, 2).expect_err("too much").0;
        assert!(error.contains("smaller than the stride 2 or the dilation 1, got 2"), "{error}");
        let error = of(1, 2, 1, [1, 1], 1, 0).expect_err("nothing left").0;
        assert!(error.contains("(1 - 1)*1 - 1 - 1 + 1*(2 - 1) + 1 + 0 = 0"), "{error}");
        let error = of(2, 1, usize::MAX, [0, 0], 1, 1).expect_err("too large").0;
        assert!(error.contains("too large to count with"), "{error}");
        let wide = numbers(1, 1 << 16, [1 << 15, 1 << 15], 1, false);
        let error = Window::transposed("a", [2, 2], &wide, [0, 0]).expect_err("too many").0;
        assert!(error.contains("before the padding is cut off"), "{error}");
    }

    #[test]
    fn tap_and_window_of_are_inverse() {
        for (len, k, s, p, d) in [(9, 3, 1, 0, 1), (10, 3, 2, 1, 1), (12, 3, 1, 2, 2), (11, 2, 3, 0, 1)] {
            let axis = Axis::new("a", len, k, s, p, d).expect("valid");
            for u in 0..k {
                for i in 0..axis.out {
                    if let Some(position) = axis.tap(i, u) {
                        assert_eq!(axis.window_of(position, u), Some(i));
                    }
                }
                for position in 0..len {
                    if let Some(i) = axis.window_of(position, u) {
                        assert_eq!(axis.tap(i, u), Some(position));
                    }
                }
            }
        }
    }
}
