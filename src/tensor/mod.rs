//! Rank-4 tensors, their shapes and positions.

pub mod number;
pub mod printed_sum;
mod statistics;

pub use ndarray::Array4;
pub use statistics::{BINS, Statistics};

/// A tensor: rank 4, NCHW. A vector of F features is (N, F, 1, 1); a convolution's weight is
/// (O, I/groups, kh, kw), a dense weight (out, in, 1, 1).
pub type Tensor<T = f32> = Array4<T>;

/// The most cells that one tensor may have; an address counts them in 32 bits.
pub const MAX_CELLS: usize = 1 << 31;

/// The largest of some values and its index; of equal ones the first. NaN is never the largest; without a largest value
/// index 0 and negative infinity.
pub fn argmax(values: impl IntoIterator<Item = f32>) -> (usize, f32) {
    let none = (0, f32::NEG_INFINITY);
    values.into_iter().enumerate().fold(none, |best, (index, x)| if x > best.1 { (index, x) } else { best })
}

/// The extents of a tensor, outermost axis first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Shape(pub [usize; 4]);

impl Shape {
    /// The shape (n, c, h, w).
    pub const fn new(n: usize, c: usize, h: usize, w: usize) -> Self {
        Self([n, c, h, w])
    }

    /// The shape (1, c, h, w) of one image's tensor.
    pub const fn image([c, h, w]: [usize; 3]) -> Self {
        Self([1, c, h, w])
    }

    /// The shape of a single cell.
    pub const SCALAR: Self = Self([1, 1, 1, 1]);

    /// The number of cells.
    pub const fn len(self) -> usize {
        self.0[0] * self.0[1] * self.0[2] * self.0[3]
    }

    /// Whether there are no cells.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The number of cells in a plane, h * w.
    pub const fn plane(self) -> usize {
        self.0[2] * self.0[3]
    }

    /// The number of planes, n * c.
    pub const fn planes(self) -> usize {
        self.0[0] * self.0[1]
    }

    /// The row-major index of the cell at `[n, c, i, j]`.
    pub const fn flat(self, [n, c, i, j]: [usize; 4]) -> usize {
        ((n * self.0[1] + c) * self.0[2] + i) * self.0[3] + j
    }

    /// The position `[n, c, i, j]` of the cell with this row-major index.
    pub const fn at(self, flat: usize) -> [usize; 4] {
        let [_, c, h, w] = self.0;
        let (plane, within) = (flat / (h * w), flat % (h * w));
        [plane / c, plane % c, within / w, within % w]
    }
}

impl std::fmt::Display for Shape {
    /// `3x32x32` if n is 1, else `4x3x32x32`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [n, c, h, w] = self.0;
        if n != 1 {
            write!(f, "{n}x")?;
        }
        write!(f, "{c}x{h}x{w}")
    }
}

/// The shape of a tensor.
pub fn shape_of<T>(tensor: &Tensor<T>) -> Shape {
    let (n, c, h, w) = tensor.dim();
    Shape([n, c, h, w])
}

/// Why a network cannot be built, or a tensor does not fit it, in one line: what was expected, what came, what to
/// do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ShapeError(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_and_at_are_inverse() {
        let shape = Shape::new(2, 3, 4, 5);
        for flat in 0..shape.len() {
            assert_eq!(shape.flat(shape.at(flat)), flat);
        }
    }
}
