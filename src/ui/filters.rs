//! Filters as pictures: in colours where a filter reads a colour picture, else a block of slices, one for
//! each map that it reads, in the diverging colours.

use super::{
    atlas::{Atlas, atlas},
    colormap::Mapping,
};
use crate::nn::{Network, Op};
use crate::tensor::Shape;
use egui::{Color32, Context, Pos2, Rect, vec2};
use std::{hash::Hash, sync::Arc};

/// How the weights of a layer are laid out as pictures, one for each filter or neuron.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FilterForm {
    /// Filters, or neurons.
    pub filters: usize,
    /// Slices of a filter: the maps that it reads.
    pub slices: usize,
    /// Rows and columns of a slice.
    pub size: [usize; 2],
    /// The slices are the red, green and blue of one picture.
    pub is_colored: bool,
    /// Weights of a filter; a slice may have room for some more.
    each: usize,
    /// Slices side by side.
    columns: usize,
}

/// A weight of a filter, or with colours the three of a pixel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FilterCell {
    /// The slice; with colours that of red.
    pub slice: usize,
    /// The row within the slice.
    pub row: usize,
    /// The column.
    pub column: usize,
}

impl FilterForm {
    /// The form of the weights of layer `l`, of `shape` (filters, slices, rows, columns). The weights of a neuron lie
    /// as the maps that it reads, or else in rows, about as many as columns.
    pub fn new(network: &Network, l: usize, shape: Shape) -> Self {
        let [filters, inputs, rows, cols] = shape.0;
        let each = inputs * rows * cols;
        let is_first = network.layers[..l].iter().all(|layer| is_passing(&layer.op));
        let (slices, size) = match &network.layers[l].op {
            Op::Dense(_) => match read_maps(network, l).filter(|[c, h, w]| c * h * w == each && h * w > 1) {
                Some([c, h, w]) => (c, [h, w]),
                None => {
                    let cols = root(each);
                    (1, [each.div_ceil(cols), cols])
                }
            },
            Op::Conv2d(_)
            | Op::ConvTranspose2d(_)
            | Op::MaxPool2d(_)
            | Op::AvgPool2d(_)
            | Op::Resample2d(_)
            | Op::Activation(_)
            | Op::PRelu(_)
            | Op::BatchNorm2d(_)
            | Op::GroupNorm(_)
            | Op::LocalResponseNorm(_)
            | Op::Flatten
            | Op::Dropout { .. }
            | Op::Softmax
            | Op::Add
            | Op::Multiply
            | Op::Concat => (inputs, [rows, cols]),
        };
        let reads_slices = !matches!(network.layers[l].op, Op::ConvTranspose2d(_));
        let is_colored = is_first && network.input[0] == 3 && slices == 3 && reads_slices;
        let columns = if is_colored { 1 } else { root(slices) };
        Self { filters, slices, size, is_colored, each, columns }
    }

    /// Weights of a filter, without its bias.
    pub const fn weights(&self) -> usize {
        self.each
    }

    /// The number of a weight in the layer, row-major; `None` for a place without one.
    pub const fn index(&self, filter: usize, cell: FilterCell) -> Option<usize> {
        let [rows, cols] = self.size;
        let within = (cell.slice * rows + cell.row) * cols + cell.column;
        if within < self.each { Some(filter * self.each + within) } else { None }
    }

    /// Rows and columns of a filter's picture; slices stand one apart.
    pub const fn picture(&self) -> [usize; 2] {
        let [rows, cols] = self.size;
        if self.is_colored {
            return [rows, cols];
        }
        let down = self.slices.div_ceil(self.columns);
        [down * (rows + 1) - 1, self.columns * (cols + 1) - 1]
    }

    /// What lies at a row and a column of the picture; `None` between slices and behind the last.
    pub fn at(&self, y: usize, x: usize) -> Option<FilterCell> {
        let [rows, cols] = self.size;
        let (row, column) = (y % (rows + 1), x % (cols + 1));
        let slice = y / (rows + 1) * self.columns + x / (cols + 1);
        let is_there = row < rows && column < cols && (slice < self.slices);
        is_there.then_some(FilterCell { slice, row, column })
    }

    /// Where the picture lies in a square, its cells as square as they fit.
    pub fn fitted(&self, square: Rect) -> Rect {
        let [rows, cols] = self.picture().map(|side| side as f32);
        let room = if self.is_colored || self.slices == 1 { square } else { square.shrink(3.0) };
        let cell = (room.width() / cols).min(room.height() / rows);
        Rect::from_center_size(square.center(), vec2(cell * cols, cell * rows))
    }

    /// Where a cell of the picture lies, in a rectangle that [`FilterForm::fitted`] gave; of slices the whole slice.
    pub fn rect_of(&self, fitted: Rect, cell: FilterCell) -> Rect {
        let [rows, cols] = self.size;
        let [all_rows, all_cols] = self.picture().map(|side| side as f32);
        let side = vec2(fitted.width() / all_cols, fitted.height() / all_rows);
        let (down, across) = (cell.slice / self.columns * (rows + 1), cell.slice % self.columns * (cols + 1));
        if self.slices > 1 && !self.is_colored {
            let size = vec2(cols as f32, rows as f32) * side;
            return Rect::from_min_size(fitted.min + vec2(across as f32, down as f32) * side, size);
        }
        Rect::from_min_size(fitted.min + vec2(cell.column as f32, cell.row as f32) * side, side)
    }

    /// What lies at a point of such a rectangle.
    pub fn under(&self, fitted: Rect, point: Pos2) -> Option<FilterCell> {
        let [rows, cols] = self.picture();
        let along = |from: f32, length: f32, cells: usize| {
            let at = (from / length * cells as f32).floor();
            (at >= 0.0 && at < cells as f32).then_some(at as usize)
        };
        let offset = point - fitted.min;
        let y = along(offset.y, fitted.height(), rows)?;
        let x = along(offset.x, fitted.width(), cols)?;
        self.at(y, x)
    }
}

/// The pictures of some filters, one after another, in one texture. `key` changes with the weights; `mapping` has the
/// colours of a filter, `value` a weight by its number in the layer. With colours grey is 0, and a full colour is the
/// end of the mapping.
pub fn filter_atlas(
    ctx: &Context,
    key: impl Hash,
    form: FilterForm,
    filters: &[usize],
    mapping: impl Fn(usize) -> Mapping,
    value: impl Fn(usize) -> f32,
) -> Arc<Atlas> {
    let mappings: Vec<Mapping> = filters.iter().map(|filter| mapping(*filter)).collect();
    let keys: Vec<_> = mappings.iter().map(Mapping::key).collect();
    let read = |filter, cell| form.index(filter, cell).map(&value);
    atlas(ctx, ("filters", key, form, filters, keys), filters.len(), form.picture(), |k, y, x| {
        let Some(cell) = form.at(y, x) else { return Color32::TRANSPARENT };
        let mapping = mappings[k];
        if form.is_colored {
            let rgb = [0, 1, 2].map(|slice| read(filters[k], FilterCell { slice, ..cell }).unwrap_or(0.0));
            let reach = mapping.hi.abs().max(mapping.lo.abs());
            return Mapping::rgb(-reach, reach, mapping.dark).color_rgb(rgb);
        }
        read(filters[k], cell).map_or(Color32::TRANSPARENT, |value| mapping.color(value))
    })
}

/// The least whole number whose square is at least `n`.
fn root(n: usize) -> usize {
    let root = n.isqrt();
    if root * root < n { root + 1 } else { root.max(1) }
}

/// Whether an operation passes its inputs on in the same order.
fn is_passing(op: &Op) -> bool {
    match op {
        Op::Flatten | Op::Dropout { .. } => true,
        Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Resample2d(_)
        | Op::Dense(_)
        | Op::Activation(_)
        | Op::PRelu(_)
        | Op::BatchNorm2d(_)
        | Op::GroupNorm(_)
        | Op::LocalResponseNorm(_)
        | Op::Softmax
        | Op::Add
        | Op::Multiply
        | Op::Concat => false,
    }
}

/// The maps that reach layer `l` flattened: their number, rows and columns.
fn read_maps(network: &Network, l: usize) -> Option<[usize; 3]> {
    let passing = network.layers[..l].iter().rev().take_while(|layer| is_passing(&layer.op));
    passing.filter(|layer| matches!(layer.op, Op::Flatten)).last().map(|layer| layer.input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_io::bundled;
    use crate::tensor::shape_of;

    fn forms(name: &str) -> Vec<(String, FilterForm, usize)> {
        let model = bundled::load(name).expect("bundled");
        let layers = model.network.layers.iter().enumerate();
        let forms = layers.filter_map(|(l, layer)| {
            let weight = model.params.0[l].get(crate::nn::Part::Weight)?;
            let shape = shape_of(weight);
            Some((layer.name().to_owned(), FilterForm::new(&model.network, l, shape), shape.len()))
        });
        forms.collect()
    }

    #[test]
    fn every_weight_has_one_place_in_the_picture_of_its_filter() {
        for model in bundled::models() {
            for (name, form, count) in forms(model.name) {
                assert_eq!(form.filters * form.weights(), count, "{name}");
                let [rows, cols] = form.picture();
                let colors = if form.is_colored { 3 } else { 1 };
                let mut seen = vec![0; form.weights()];
                for cell in (0..rows * cols).filter_map(|k| form.at(k / cols, k % cols)) {
                    for slice in cell.slice..cell.slice + colors {
                        if let Some(index) = form.index(0, FilterCell { slice, ..cell }) {
                            seen[index] += 1;
                        }
                    }
                }
                assert!(seen.iter().all(|&times| times == 1), "{}: {name}", model.name);
            }
        }
    }

    #[test]
    fn the_first_filters_of_a_colour_network_are_coloured_and_a_neuron_lies_as_its_maps() {
        let photos = forms("photos");
        assert!(photos[0].1.is_colored && photos[1..].iter().all(|(_, form, _)| !form.is_colored));
        assert_eq!((photos[1].1.slices, photos[1].1.size), (32, [3, 3]), "conv2 reads 32 maps");
        assert_eq!(photos[1].1.picture(), [6 * 4 - 1, 6 * 4 - 1]);
        let dense = photos.iter().find(|(name, ..)| name == "fc1").expect("a dense layer");
        assert!(dense.1.slices > 1 && dense.1.size[0] > 1, "{:?}", dense.1);
        let mnist = forms("mnist");
        assert_eq!((mnist[0].1.slices, mnist[0].1.is_colored), (1, false));
    }

    #[test]
    fn a_point_finds_the_cell_that_is_drawn_there() {
        let form = forms("photos")[1].1;
        let fitted = form.fitted(Rect::from_min_size(Pos2::new(7.0, 9.0), vec2(106.0, 106.0)));
        for slice in [0, 5, 20, 31] {
            let cell = FilterCell { slice, row: 0, column: 0 };
            let rect = form.rect_of(fitted, cell);
            assert_eq!(form.under(fitted, rect.center()).map(|cell| cell.slice), Some(slice));
        }
        assert_eq!(form.under(fitted, fitted.min - vec2(1.0, 1.0)), None);
    }
}
