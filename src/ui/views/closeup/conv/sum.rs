//! A sum of windows times filter slices, as the output and the input gradient are made: what the
//! source is, where the window lies in it, which term belongs to which cell. A transposed convolution has them the
//! other way round.

use super::conv_cell::ConvCell;
use crate::nn::{Part, geometry::Axis};
use crate::trace::{Address, TensorId};
use crate::ui::{
    tensor_plane::TensorPlane,
    widgets::grid::{CellSpan, CellState, CellView, Overlay},
};

/// One axis of the padded plane that the window slides over: for each row, the row of the tensor's plane
/// that it shows, or `None` for padding.
pub type Shown = Vec<Option<usize>>;

/// A sum over slices (channels), each a window times a slice of the filter.
pub struct Sum<'c, 'a> {
    conv_cell: &'c ConvCell<'a>,
    /// Whether the filter is flipped: a gathered sum.
    pub flipped: bool,
    /// The tensor that the window slides over.
    pub source: TensorId,
    /// How many slices.
    pub slices: usize,
    /// The channel of the source that the first slice is.
    pub first: usize,
    /// The padded plane's rows and columns.
    pub shown: [Shown; 2],
    /// Where the window begins on the padded plane.
    pub start: [usize; 2],
    /// The filter's rows and columns.
    pub kernel: [usize; 2],
    /// The distance between taps.
    pub dilation: [usize; 2],
}

impl<'c, 'a> Sum<'c, 'a> {
    /// The sum that makes a cell of the output, or of a transposed convolution's input gradient.
    pub fn sliding(conv_cell: &'c ConvCell<'a>) -> Self {
        let window = &conv_cell.spec.window;
        let [_, o, i, j] = conv_cell.at;
        let axes = [&window.rows, &window.cols];
        let shown = axes.map(|axis| {
            (0..axis.padded()).map(|r| r.checked_sub(axis.padding).filter(|&p| p < axis.len)).collect()
        });
        Self {
            conv_cell,
            flipped: false,
            source: conv_cell.over(),
            slices: conv_cell.spec.group_in(),
            first: conv_cell.spec.inputs_of(o).start,
            shown,
            start: [i * window.rows.stride, j * window.cols.stride],
            kernel: axes.map(|axis| axis.kernel),
            dilation: axes.map(|axis| axis.dilation),
        }
    }

    /// The sum that makes a cell of the input gradient: the flipped filter over the output gradient, spread by the
    /// stride and padded; or a cell of a transposed convolution's output, over its input.
    pub fn gathered(conv_cell: &'c ConvCell<'a>) -> Self {
        let window = &conv_cell.spec.window;
        let [_, c, p, q] = conv_cell.at;
        let axes = [&window.rows, &window.cols];
        // Row t of what is spread is row t / S of the source; the window of row p covers
        // t = p + P - D(F - 1) to p + P.
        let lead = axes.map(|axis| {
            let reach = axis.dilation * (axis.kernel - 1);
            reach.saturating_sub(axis.padding)
        });
        let shown = [0, 1].map(|d| {
            let axis = axes[d];
            let last = (axis.len - 1 + axis.padding).max((axis.out - 1) * axis.stride);
            (0..=last + lead[d])
                .map(|r| {
                    let t = r.checked_sub(lead[d])?;
                    (t % axis.stride == 0 && t / axis.stride < axis.out).then(|| t / axis.stride)
                })
                .collect()
        });
        let start = [(0, p), (1, q)].map(|(d, p)| {
            let axis = axes[d];
            (p + axis.padding + lead[d]).saturating_sub(axis.dilation * (axis.kernel - 1))
        });
        Self {
            conv_cell,
            flipped: true,
            source: conv_cell.each(),
            slices: conv_cell.spec.group_out(),
            first: conv_cell.spec.outputs_of(c).start,
            shown,
            start,
            kernel: axes.map(|axis| axis.kernel),
            dilation: axes.map(|axis| axis.dilation),
        }
    }

    /// The filter's pixels in one slice.
    pub const fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// The filter's pixels in all slices.
    pub const fn pixels(&self) -> usize {
        self.taps() * self.slices
    }

    /// The filter's (u, v) at place (a, b) of the window, and back.
    pub const fn tap(&self, [a, b]: [usize; 2]) -> [usize; 2] {
        if self.flipped { [self.kernel[0] - 1 - a, self.kernel[1] - 1 - b] } else { [a, b] }
    }

    /// The term of place (a, b) of slice `k`.
    pub const fn term(&self, k: usize, ab: [usize; 2]) -> usize {
        let [u, v] = self.tap(ab);
        k * self.taps() + u * self.kernel[1] + v
    }

    /// The slice and the place of the marked term, if it is a product.
    pub fn marked(&self) -> Option<(usize, [usize; 2])> {
        let m = self.conv_cell.marked? as usize;
        (m < self.pixels()).then(|| {
            let within = m % self.taps();
            (m / self.taps(), self.tap([within / self.kernel[1], within % self.kernel[1]]))
        })
    }

    /// The slice of the marked term; without one that whose products are the largest.
    pub fn current(&self) -> usize {
        let size = |k: usize| {
            let products =
                (k * self.taps()..(k + 1) * self.taps()).map(|m| self.conv_cell.product(m).value.abs());
            products.sum::<f32>()
        };
        match self.conv_cell.marked {
            Some(m) => (m as usize / self.taps()).min(self.slices - 1),
            None => (0..self.slices).rev().max_by(|&a, &b| size(a).total_cmp(&size(b))).unwrap_or(0),
        }
    }

    /// What slice `k` has contributed to the sum so far.
    pub fn given(&self, k: usize) -> CellView {
        self.conv_cell.brought(k * self.taps(), (k + 1) * self.taps())
    }

    /// The `most` slices that give most to the sum, in their order; of those that give nothing yet the first.
    pub fn strongest(&self, most: usize) -> Vec<usize> {
        let mut slices: Vec<(f32, usize)> = (0..self.slices)
            .map(|k| match self.given(k) {
                CellView { state: CellState::NotYet, .. } => (-1.0, k),
                CellView { value, .. } => (if value.is_nan() { f32::INFINITY } else { value.abs() }, k),
            })
            .collect();
        slices.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut chosen: Vec<usize> = slices.into_iter().take(most).map(|(_, k)| k).collect();
        chosen.sort_unstable();
        chosen
    }

    /// The same with slice `k` among them.
    pub fn strongest_with(&self, most: usize, k: usize) -> Vec<usize> {
        let mut chosen = self.strongest(most);
        if !chosen.contains(&k) && most > 0 {
            let weakest = chosen.iter().copied().min_by(|&a, &b| {
                let size = |k: usize| self.given(k).value.abs();
                size(a).total_cmp(&size(b))
            });
            chosen.retain(|&other| Some(other) != weakest);
            chosen.push(k);
            chosen.sort_unstable();
        }
        chosen
    }

    /// What all slices but `shown` give together, as far as they have come.
    pub fn rest(&self, shown: &[usize]) -> CellView {
        let others = (0..self.slices).filter(|k| !shown.contains(k)).map(|k| self.given(k));
        let mut sum = 0.0;
        let (mut begun, mut complete) = (false, true);
        for given in others {
            begun |= given.state != CellState::NotYet;
            complete &= given.state == CellState::Current;
            if given.state != CellState::NotYet {
                sum += f64::from(given.value);
            }
        }
        let state = match (begun, complete) {
            (_, true) => CellState::Current,
            (true, false) => CellState::Partial,
            (false, false) => return CellView::not_yet(),
        };
        CellView { value: sum as f32, state }
    }

    /// The plane that slice `k` reads.
    pub fn plane(&self, k: usize) -> TensorPlane<'a> {
        TensorPlane::new(self.conv_cell.view, self.source, self.conv_cell.image, self.first + k)
    }

    /// The weights of slice `k`.
    pub fn filter(&self, k: usize) -> TensorPlane<'a> {
        let group_in = self.conv_cell.spec.group_in();
        let [_, channel, ..] = self.conv_cell.at;
        self.conv_cell.weights(if self.flipped {
            (self.first + k) * group_in + channel % group_in
        } else {
            channel * group_in + k
        })
    }

    /// The plane that the sum goes into.
    pub fn result(&self) -> TensorPlane<'a> {
        TensorPlane::new(
            self.conv_cell.view,
            self.conv_cell.stage.tensor,
            self.conv_cell.image,
            self.conv_cell.at[1],
        )
    }

    /// The place on the padded plane of place (a, b) of the window.
    pub const fn on_sheet(&self, [a, b]: [usize; 2]) -> [usize; 2] {
        [self.start[0] + a * self.dilation[0], self.start[1] + b * self.dilation[1]]
    }

    /// The cell of the source at a place on the padded plane; `None` on padding.
    pub fn cell_at(&self, [r, c]: [usize; 2]) -> Option<[usize; 2]> {
        let at = |shown: &Shown, r: usize| shown.get(r).copied().flatten();
        Some([at(&self.shown[0], r)?, at(&self.shown[1], c)?])
    }

    /// What a place on the padded plane of slice `k` shows.
    pub fn sheet_cell(&self, plane: &TensorPlane, place: [usize; 2]) -> CellView {
        self.cell_at(place).map_or_else(|| CellView::current(0.0), |[i, j]| plane.cell(i, j))
    }

    /// Its address.
    pub fn sheet_address(&self, plane: &TensorPlane, place: [usize; 2]) -> Option<Address> {
        self.cell_at(place).map(|[i, j]| plane.address(i, j))
    }

    /// The window on the padded plane.
    pub fn window(&self) -> CellSpan {
        let side = |d: usize| (self.dilation[d] * (self.kernel[d] - 1) + 1) as i32;
        CellSpan::new(self.start[0] as i32, self.start[1] as i32, side(0), side(1))
    }

    /// The padding on the padded plane.
    pub fn padding(&self) -> Vec<Overlay> {
        let [rows, cols] = [self.shown[0].len() as i32, self.shown[1].len() as i32];
        let rows_of = gaps(&self.shown[0]).map(|(from, len)| CellSpan::new(from, 0, len, cols));
        let cols_of = gaps(&self.shown[1]).map(|(from, len)| CellSpan::new(0, from, rows, len));
        rows_of.chain(cols_of).map(Overlay::padding).collect()
    }

    /// The padding within the window.
    pub fn window_padding(&self) -> Vec<Overlay> {
        self.places()
            .filter(|&ab| self.cell_at(self.on_sheet(ab)).is_none())
            .map(|[a, b]| Overlay::padding(CellSpan::cell(a, b)))
            .collect()
    }

    /// The window's places in order.
    pub fn places(&self) -> impl Iterator<Item = [usize; 2]> + use<> {
        let [rows, cols] = self.kernel;
        (0..rows).flat_map(move |a| (0..cols).map(move |b| [a, b]))
    }

    /// What belongs to the cell under the pointer.
    pub fn lit(&self) -> Lit {
        let mut lit = Lit::default();
        let conv_cell = self.conv_cell;
        let trace = conv_cell.view.state.trace();
        let Some(hovered) = conv_cell.view.hovered() else { return lit };
        let Some((tensor, image, index)) = trace.tensor_cell(&hovered) else { return lit };
        if tensor.is_per_image() && image != conv_cell.image {
            return lit;
        }
        let at = conv_cell.view.state.plan().shape_of(tensor).at(index as usize);
        if tensor == self.source {
            self.light_source(&mut lit, at);
        } else if tensor == conv_cell.own(Part::Weight) {
            self.light_weight(&mut lit, at);
        } else if tensor == conv_cell.stage.tensor {
            self.light_result(&mut lit, at);
        }
        lit
    }

    fn axes(&self) -> [&Axis; 2] {
        let window = &self.conv_cell.spec.window;
        [&window.rows, &window.cols]
    }

    /// For a cell of the source: its place in the window, and the cells of the result that read it.
    fn light_source(&self, lit: &mut Lit, [_, channel, i, j]: [usize; 4]) {
        let theme = self.conv_cell.theme();
        lit.slice = channel.checked_sub(self.first).filter(|&k| k < self.slices);
        let place = [(0, i), (1, j)].map(|(d, p)| self.shown[d].iter().position(|s| *s == Some(p)));
        let [Some(r), Some(c)] = place else { return };
        lit.padded.push(Overlay::outline(CellSpan::cell(r, c), theme.hover));
        lit.place = self.places().find(|&ab| self.on_sheet(ab) == [r, c]);
        let read = [(0, i), (1, j)].map(|(d, p)| {
            let axis = self.axes()[d];
            let reads = |u| {
                if self.flipped { axis.tap(p, u) } else { axis.window_of(p, u) }
            };
            let all: Vec<usize> = (0..axis.kernel).filter_map(reads).collect();
            Some((*all.iter().min()?, *all.iter().max()?))
        });
        if let ([Some((top, bottom)), Some((left, right))], Some(_)) = (read, lit.slice) {
            let [rows, cols] = [bottom - top + 1, right - left + 1].map(|len| len as i32);
            let span = CellSpan::new(top as i32, left as i32, rows, cols);
            lit.result.push(Overlay::readers(theme, span));
        }
    }

    /// For a weight: its place in the window, and every place of the padded plane that it meets.
    fn light_weight(&self, lit: &mut Lit, [o, c, u, v]: [usize; 4]) {
        let conv_cell = self.conv_cell;
        let group_in = conv_cell.spec.group_in();
        lit.slice = if self.flipped {
            o.checked_sub(self.first).filter(|&k| k < self.slices && c == conv_cell.at[1] % group_in)
        } else {
            Some(c).filter(|_| o == conv_cell.at[1])
        };
        if lit.slice.is_none() {
            return;
        }
        let place = self.tap([u, v]);
        lit.place = Some(place);
        let last = self
            .axes()
            .map(|axis| if self.flipped { axis.len - 1 } else { (axis.out - 1) * axis.stride } as i32);
        let own = if self.flipped { [conv_cell.at[2], conv_cell.at[3]] } else { self.start };
        let first = [0, 1].map(|d| (self.start[d] - own[d] + place[d] * self.dilation[d]) as i32);
        let span = CellSpan::new(first[0], first[1], last[0] + 1, last[1] + 1);
        lit.padded.push(Overlay::readers(conv_cell.theme(), span));
    }

    /// For another cell of the result: that cell, and its window on the padded planes.
    fn light_result(&self, lit: &mut Lit, [_, channel, i, j]: [usize; 4]) {
        let conv_cell = self.conv_cell;
        let color = conv_cell.theme().hover;
        if channel == conv_cell.at[1] {
            lit.result.push(Overlay::outline(CellSpan::cell(i, j), color));
        }
        let own = [conv_cell.at[2], conv_cell.at[3]];
        if [i, j] != own && self.same_group(channel) {
            let moved = [(0, i), (1, j)].map(|(d, to)| {
                let step = if self.flipped { 1 } else { self.axes()[d].stride as i32 };
                self.start[d] as i32 + (to as i32 - own[d] as i32) * step
            });
            let window = self.window();
            let span = CellSpan::new(moved[0], moved[1], window.rows, window.cols);
            lit.padded.push(Overlay::outline(span, color));
            lit.all_slices = true;
        }
    }

    fn same_group(&self, channel: usize) -> bool {
        let (spec, own) = (self.conv_cell.spec, self.conv_cell.at[1]);
        if self.flipped {
            spec.outputs_of(channel) == spec.outputs_of(own)
        } else {
            spec.inputs_of(channel) == spec.inputs_of(own)
        }
    }
}

/// What belongs to the cell under the pointer, on the planes of a sum.
#[derive(Default)]
pub struct Lit {
    /// The slice that it is in.
    pub slice: Option<usize>,
    /// It is in every slice.
    pub all_slices: bool,
    /// Its place in the window.
    pub place: Option<[usize; 2]>,
    /// On the padded plane of the slice.
    pub padded: Vec<Overlay>,
    /// On the result's plane.
    pub result: Vec<Overlay>,
}

impl Lit {
    /// On the padded plane of slice `k`.
    pub fn on_sheet(&self, k: usize) -> &[Overlay] {
        if self.all_slices || self.slice == Some(k) { &self.padded } else { &[] }
    }

    /// The place in the window of slice `k`.
    pub fn place_in(&self, k: usize) -> Option<[usize; 2]> {
        self.place.filter(|_| self.slice == Some(k))
    }
}

/// The runs of padding along an axis: where each begins and how long it is.
fn gaps(shown: &Shown) -> impl Iterator<Item = (i32, i32)> + use<> {
    let mut runs: Vec<(i32, i32)> = Vec::new();
    for (r, shown) in shown.iter().enumerate() {
        match runs.last_mut() {
            _ if shown.is_some() => {}
            Some((from, len)) if *from + *len == r as i32 => *len += 1,
            Some(_) | None => runs.push((r as i32, 1)),
        }
    }
    runs.into_iter()
}
