//! Occlusion: covers a patch at one position after another and maps how much the unit's value drops.

use super::Probe;
use crate::nn::Execution;
use crate::tensor::{ShapeError, Tensor};

/// The size of the patch and the distance between its positions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Patch {
    /// Its height and width.
    pub size: [usize; 2],
    /// The distance from one position to the next, down and to the right.
    pub stride: [usize; 2],
}

/// A rectangle of the input.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Rect {
    /// First row and column.
    pub at: [usize; 2],
    /// Rows and columns.
    pub size: [usize; 2],
}

impl Rect {
    /// Whether it contains a cell.
    pub fn contains(&self, [i, j]: [usize; 2]) -> bool {
        (self.at[0]..self.at[0] + self.size[0]).contains(&i)
            && (self.at[1]..self.at[1] + self.size[1]).contains(&j)
    }
}

/// A running occlusion; each call of [`Self::step`] covers one position, row by row.
#[derive(Clone, PartialEq, Debug)]
pub struct Occlusion {
    x: Tensor,
    fill: Vec<f32>,
    rows: Vec<usize>,
    cols: Vec<usize>,
    size: [usize; 2],
    value: f32,
    drops: Vec<f32>,
}

impl Occlusion {
    /// Starts with one forward pass; `fill` is the covering value of each channel. `Ok(None)` if cancelled.
    ///
    /// # Errors
    /// If the patch does not fit into the picture, or its stride leaves cells uncovered.
    pub fn new(
        probe: &Probe,
        x: &Tensor,
        patch: Patch,
        fill: Vec<f32>,
        exec: Execution,
    ) -> Result<Option<Self>, ShapeError> {
        let (_, channels, h, w) = x.dim();
        for (name, len, size, stride) in
            [("rows", h, patch.size[0], patch.stride[0]), ("columns", w, patch.size[1], patch.stride[1])]
        {
            if size == 0 || size > len {
                return Err(ShapeError(format!(
                    "occlusion: expected a patch of 1 to {len} {name}, got {size}; choose another size"
                )));
            }
            if stride == 0 || stride > size {
                return Err(ShapeError(format!(
                    "occlusion: expected a stride of 1 to {size} {name}, the patch's size, got {stride}; with more, \
                     some cells would never be covered"
                )));
            }
        }
        if fill.len() != channels {
            return Err(ShapeError(format!(
                "occlusion: expected one fill value for each of {channels} channels, got {}; give one number per channel",
                fill.len()
            )));
        }
        let Some(value) = probe.value(x, exec) else { return Ok(None) };
        let [rows, cols] = [(h, 0), (w, 1)].map(|(len, d)| places(len, patch.size[d], patch.stride[d]));
        Ok(Some(Self { x: x.clone(), fill, rows, cols, size: patch.size, value, drops: Vec::new() }))
    }

    /// Covers the next position; false if cancelled. After the last position it does nothing.
    pub fn step(&mut self, probe: &Probe, exec: Execution) -> bool {
        let (done, all) = self.progress();
        if done == all {
            return true;
        }
        let Some(value) = probe.value(&self.covered(done), exec) else { return false };
        self.drops.push(self.value - value);
        true
    }

    /// The number of positions done, and of all positions.
    pub fn progress(&self) -> (usize, usize) {
        (self.drops.len(), self.rows.len() * self.cols.len())
    }

    /// Position `k` of the patch; beyond the last one, the last.
    pub fn place(&self, k: usize) -> Rect {
        let k = k.min(self.rows.len() * self.cols.len() - 1);
        Rect { at: [self.rows[k / self.cols.len()], self.cols[k % self.cols.len()]], size: self.size }
    }

    /// The picture with position `k` covered, (1, C, H, W).
    pub fn covered(&self, k: usize) -> Tensor {
        let place = self.place(k);
        let mut x = self.x.clone();
        for ((_, c, i, j), x) in x.indexed_iter_mut() {
            if place.contains([i, j]) {
                *x = self.fill[c];
            }
        }
        x
    }

    /// The unit's value for the uncovered picture.
    pub const fn value(&self) -> f32 {
        self.value
    }

    /// The drop of the value at each position done.
    pub fn drops(&self) -> &[f32] {
        &self.drops
    }

    /// Whether a position done so far covers a cell.
    pub fn has_covered(&self, [i, j]: [usize; 2]) -> bool {
        // The first position that covers the cell: positions are in order and leave no cell out.
        let first =
            |starts: &[usize], size: usize, p: usize| starts.partition_point(|&start| start + size <= p);
        let (row, col) = (first(&self.rows, self.size[0], i), first(&self.cols, self.size[1], j));
        row * self.cols.len() + col < self.drops.len()
    }

    /// (1, 1, H, W): for each cell, the mean drop over the positions so far that cover it; NaN if there is none
    /// yet.
    pub fn map(&self) -> Tensor {
        let (_, _, h, w) = self.x.dim();
        let mut sums = Tensor::<f32>::zeros((1, 1, h, w));
        let mut counts = Tensor::<f32>::zeros((1, 1, h, w));
        for (k, drop) in self.drops.iter().enumerate() {
            let Rect { at: [i, j], size: [rows, cols] } = self.place(k);
            for p in (i..i + rows).flat_map(|i| (j..j + cols).map(move |j| [0, 0, i, j])) {
                sums[p] += drop;
                counts[p] += 1.0;
            }
        }
        sums / counts
    }
}

/// The starts of the patch along one axis: every `stride` cells, and one flush with the end.
fn places(len: usize, size: usize, stride: usize) -> Vec<usize> {
    let last = len - size;
    let mut places: Vec<usize> = (0..=last).step_by(stride).collect();
    if places.last() != Some(&last) {
        places.push(last);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn places_reach_both_ends() {
        assert_eq!(places(7, 3, 2), [0, 2, 4]);
        assert_eq!(places(8, 3, 2), [0, 2, 4, 5]);
        assert_eq!(places(3, 3, 1), [0]);
    }
}
