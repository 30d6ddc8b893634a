//! A tensor of the file in the terms of this program: which layer makes it, and in which order the file counts its
//! cells.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "cells of a picture or of a layer's output, which can be counted"
)]

use super::constant::BATCH;

/// The axes of one picture's tensor in this program: channels, rows, columns.
const ALL: [usize; 3] = [0, 1, 2];

/// A tensor of the file that depends on the picture.
#[derive(Clone, PartialEq, Debug)]
pub struct Value {
    /// The layer that makes it; `None` for the picture.
    pub source: Option<usize>,
    /// The extents [C, H, W] whose cells it has.
    pub cells: [usize; 3],
    /// Whether the layer's output is these cells as a vector, channel by channel, row by row.
    pub is_flat: bool,
    /// The file's axes after the batch. Each runs over some of this program's axes, the outermost first; axes with one
    /// cell are in none.
    pub axes: Vec<Vec<usize>>,
    /// Whether it is a logarithm of a softmax, which only the loss may follow.
    pub has_ended: bool,
    /// Whether the layer's output is read by nothing else.
    pub is_sole: bool,
    /// Zeros that the next layer adds above, on the left, below and on the right.
    pub pad: [usize; 4],
    /// Whether these are not zeros but numbers below all others, which only a max pool adds.
    pub is_low: bool,
    /// The channels as groups and the channels of each, which are the axes [`GROUPS`] and [`WITHIN`], until a Reshape
    /// makes channels of them again.
    pub parts: Option<[usize; 2]>,
}

/// The groups of channels as an axis.
pub const GROUPS: usize = 3;

/// The channels within a group as an axis.
pub const WITHIN: usize = 4;

impl Value {
    /// A vector of features.
    pub fn vector(source: Option<usize>, features: usize) -> Self {
        Self::new(source, [features, 1, 1], true, vec![vec![0]])
    }

    /// A tensor whose file's axes are given; those with one cell are left out.
    pub fn new(source: Option<usize>, cells: [usize; 3], is_flat: bool, axes: Vec<Vec<usize>>) -> Self {
        let long = |axes: Vec<usize>| axes.into_iter().filter(|&axis| cells[axis] > 1).collect();
        let axes = axes.into_iter().map(long).collect();
        Self {
            source,
            cells,
            is_flat,
            axes,
            has_ended: false,
            is_sole: false,
            pad: [0; 4],
            is_low: false,
            parts: None,
        }
    }

    /// The tensor itself, if no Pad came before.
    ///
    /// # Errors
    /// If one came: only a convolution or a pool adds what it adds.
    pub fn unpadded(self) -> Result<Self, String> {
        match self.pad {
            [0, 0, 0, 0] => Ok(self),
            _ => Err("expected a max pool after a Pad with the lowest number, got something else; pad with zeros and export \
                      again"
                .into()),
        }
    }

    /// The extents in the file after the batch.
    pub fn dims(&self) -> Vec<usize> {
        self.axes.iter().map(|axes| axes.iter().map(|&axis| self.extent(axis)).product()).collect()
    }

    /// The extent of an axis of this program, or of groups of channels.
    fn extent(&self, axis: usize) -> usize {
        match (self.cells.get(axis), self.parts) {
            (Some(&cells), _) => cells,
            (None, Some(parts)) => parts[axis - GROUPS],
            (None, None) => 1,
        }
    }

    /// The shape in the file; the batch is [`BATCH`] if it is free.
    pub fn shape(&self, batch: Option<i64>) -> Vec<i64> {
        let dims = self.dims().into_iter().map(|dim| dim as i64);
        std::iter::once(batch.unwrap_or(BATCH)).chain(dims).collect()
    }

    /// The number of cells.
    pub fn features(&self) -> usize {
        self.cells.iter().product()
    }

    /// The extents [C, H, W] that the layer's output has.
    pub fn layer_cells(&self) -> [usize; 3] {
        if self.is_flat { [self.features(), 1, 1] } else { self.cells }
    }

    /// Whether the file's axes are channels, rows and columns.
    pub fn is_maps(&self) -> bool {
        let own: Vec<Vec<usize>> = ALL.map(|axis| vec![axis]).into();
        self.axes == Self::new(None, self.cells, false, own).axes && (!self.is_flat || self.is_column())
    }

    /// Whether the file's axes are channels and one other, as in one-dimensional layers.
    pub fn is_line(&self) -> bool {
        let [first, second] = self.axes.as_slice() else { return false };
        let is_channels = *first == self.along(0) && self.cells[1] == 1;
        is_channels && *second == self.along(2) && (!self.is_flat || self.is_column())
    }

    /// An axis of this program as a list, empty if it has one cell.
    pub fn along(&self, axis: usize) -> Vec<usize> {
        if self.cells[axis] > 1 { vec![axis] } else { Vec::new() }
    }

    /// Which of the file's axes runs over channels, rows or columns, also if they are one: with channels first, the usual
    /// places; with channels last, those.
    pub fn place_of(&self, axis: usize) -> Option<usize> {
        if let Some(place) = self.axes.iter().position(|axes| axes.contains(&axis)) {
            return Some(place);
        }
        let is_last = self.axes.len() == 3 && (self.axes[2].contains(&0) || self.axes[0].contains(&1));
        match (self.axes.len(), is_last) {
            (3, true) => Some((axis + 2) % 3),
            (3, false) => Some(axis),
            (2, _) if axis == 0 => Some(0),
            (2, _) if axis == 2 => Some(1),
            _ => None,
        }
    }

    /// Whether all cells are channels.
    pub fn is_column(&self) -> bool {
        self.cells[1..] == [1, 1]
    }

    /// Whether the file has it as (batch, features).
    pub fn is_vector(&self) -> bool {
        self.axes.len() == 1
    }

    /// For each feature of this program's vector, its place in the file's axis that runs over all cells.
    pub fn places(&self) -> Vec<usize> {
        let order = self.axes.concat();
        let mut strides = [0; 3];
        let mut stride = 1;
        for &axis in order.iter().rev() {
            strides[axis] = stride;
            stride *= self.cells[axis];
        }
        let [c, h, w] = self.cells;
        let cells = (0..c).flat_map(|c| (0..h).flat_map(move |h| (0..w).map(move |w| [c, h, w])));
        cells.map(|cell| (0..3).map(|axis| cell[axis] * strides[axis]).sum()).collect()
    }

    /// Whether the file counts the cells otherwise than this program.
    pub fn is_turned(&self) -> bool {
        !self.axes.concat().is_sorted()
    }

    /// The same cells with the file's axes after the batch grouped to these extents; `None` if an extent would have to
    /// part an axis.
    pub fn regrouped(&self, dims: &[usize]) -> Option<Vec<Vec<usize>>> {
        let order = self.axes.concat();
        let mut rest = order.iter().copied();
        let mut axes = Vec::with_capacity(dims.len());
        for &dim in dims {
            let (mut own, mut len) = (Vec::new(), 1);
            while len < dim {
                let axis = rest.next()?;
                len *= self.extent(axis);
                own.push(axis);
            }
            if len != dim {
                return None;
            }
            axes.push(own);
        }
        rest.next().is_none().then_some(axes)
    }

    /// The same cells with the channels parted, for extents that are groups, channels of a group, and the other axes as
    /// before; `None` if they are something else.
    pub fn parted(&self, dims: &[usize]) -> Option<Self> {
        let &[groups, within, ..] = dims else { return None };
        let is_parted = groups > 1 && within > 1 && groups.checked_mul(within) == Some(self.cells[0]);
        if self.parts.is_some() || !is_parted || !self.is_maps() || self.is_flat {
            return None;
        }
        let others = Self { cells: [1, self.cells[1], self.cells[2]], ..self.clone() };
        let others = Self { axes: self.axes[1..].to_vec(), ..others }.regrouped(&dims[2..])?;
        let axes = [vec![vec![GROUPS], vec![WITHIN]], others].concat();
        Some(Self { axes, parts: Some([groups, within]), ..self.clone() })
    }

    /// The file's axes, in words.
    pub fn words(&self) -> String {
        const NAMES: [&str; 5] = ["channels", "rows", "columns", "groups", "channels of a group"];
        let words = self.axes.iter().map(|axes| match axes.as_slice() {
            [] => "1".to_owned(),
            axes => axes.iter().map(|&axis| NAMES[axis]).collect::<Vec<_>>().join(" x "),
        });
        format!("(batch, {})", words.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The picture 2 x 3 x 4 as a channels-last file has it.
    fn last() -> Value {
        Value::new(None, [2, 3, 4], false, vec![vec![1], vec![2], vec![0]])
    }

    fn maps() -> Value {
        Value::new(None, [2, 3, 4], false, ALL.map(|axis| vec![axis]).into())
    }

    #[test]
    fn a_channels_last_vector_knows_its_places() {
        let flat = Value { axes: vec![vec![1, 2, 0]], is_flat: true, ..last() };
        let places = flat.places();
        // Channel 1, row 2, column 3 is the last in both; channel 0 stands one before it.
        assert_eq!((places.len(), places[23], places[11]), (24, 23, 22));
        assert!(flat.is_turned() && !maps().is_turned());
        assert_eq!(maps().places(), (0..24).collect::<Vec<_>>());
    }

    #[test]
    fn axes_are_grouped_but_not_parted() {
        let value = last();
        assert_eq!(value.dims(), [3, 4, 2]);
        assert_eq!(value.regrouped(&[24]), Some(vec![vec![1, 2, 0]]));
        assert_eq!(value.regrouped(&[1, 12, 1, 2]), Some(vec![vec![], vec![1, 2], vec![], vec![0]]));
        assert_eq!(value.regrouped(&[6, 4]), None);
        assert_eq!(value.regrouped(&[3, 4]), None);
        assert_eq!(value.words(), "(batch, rows, columns, channels)");
    }
}
