//! The places that are lit: those that a beat of a lesson points at, and those of the words under the pointer.

use super::{
    view::View,
    widgets::grid::{CellSpan, Overlay},
};
use crate::app::AppState;
use crate::trace::{Address, AddressText, Grain, TensorId};
use egui::{Painter, Rect, Stroke, StrokeKind, vec2};
use std::collections::HashSet;

/// Places of the tensors of a plan: whole tensors, maps of them, and cells.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Lit {
    tensors: HashSet<TensorId>,
    planes: HashSet<(TensorId, usize)>,
    cells: HashSet<(TensorId, u32)>,
}

impl Lit {
    /// The places that names stand for in the plan at hand; names that it does not have are left out.
    pub fn new<'a>(state: &AppState, places: impl IntoIterator<Item = &'a AddressText>) -> Self {
        let mut lit = Self::default();
        for place in places.into_iter().filter_map(|place| place.resolve(state.plan())) {
            lit.add(state, &place);
        }
        lit
    }

    fn add(&mut self, state: &AppState, place: &Address) {
        let Some((tensor, _, index)) = state.trace().tensor_cell(&place.whole_cell()) else { return };
        match place.grain() {
            Grain::Cell | Grain::Term => {
                self.cells.insert((tensor, index));
            }
            Grain::Channel => {
                let plane = state.plan().shape_of(tensor).plane().max(1);
                self.planes.insert((tensor, index as usize / plane));
            }
            Grain::Layer => {
                self.tensors.insert(tensor);
            }
            Grain::Run | Grain::Epoch | Grain::Batch | Grain::Example | Grain::Pass => {}
        }
    }

    /// Whether nothing is lit.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty() && self.planes.is_empty() && self.cells.is_empty()
    }

    /// Whether a cell is lit, by itself or with its map or tensor.
    pub fn has(&self, state: &AppState, cell: &Address) -> bool {
        let Some((tensor, _, index)) = state.trace().tensor_cell(cell) else { return false };
        let plane = state.plan().shape_of(tensor).plane().max(1);
        self.tensors.contains(&tensor)
            || self.planes.contains(&(tensor, index as usize / plane))
            || self.cells.contains(&(tensor, index))
    }

    /// Whether a whole map is lit.
    pub fn has_map(&self, tensor: TensorId, map: usize) -> bool {
        self.tensors.contains(&tensor) || self.planes.contains(&(tensor, map))
    }

    /// Whether anything of a tensor is lit.
    pub fn has_any_of(&self, tensor: TensorId) -> bool {
        self.tensors.contains(&tensor)
            || self.planes.iter().any(|(own, _)| *own == tensor)
            || self.cells.iter().any(|(own, _)| *own == tensor)
    }

    /// The rectangle of a map in which its lit cells lie; of all maps where none is named.
    fn span(&self, state: &AppState, tensor: TensorId, map: Option<usize>) -> Option<CellSpan> {
        let shape = state.plan().shape_of(tensor);
        let cells = self.cells.iter().filter(|(own, _)| *own == tensor).map(|(_, index)| *index as usize);
        let of_map = cells.filter(|index| map.is_none_or(|map| index / shape.plane().max(1) == map));
        spanned(of_map.map(|index| {
            let [.., i, j] = shape.at(index);
            (i, j)
        }))
    }
}

/// The smallest rectangle around cells, by row and column.
fn spanned(cells: impl Iterator<Item = (usize, usize)>) -> Option<CellSpan> {
    let ends = cells.fold(None, |ends: Option<[usize; 4]>, (i, j)| {
        let [top, left, bottom, right] = ends.unwrap_or([i, j, i, j]);
        Some([top.min(i), left.min(j), bottom.max(i), right.max(j)])
    });
    ends.map(|[top, left, bottom, right]| {
        let side = |from: usize, to: usize| (to - from + 1) as i32;
        CellSpan::new(top as i32, left as i32, side(top, bottom), side(left, right))
    })
}

/// The most cells of a grid that are looked at one by one.
const MOST: usize = 64 * 64;

/// Frames for the lit cells of a grid whose cells have addresses.
pub fn overlays(
    view: &View,
    [rows, cols]: [usize; 2],
    address: &dyn Fn(usize, usize) -> Option<Address>,
) -> Option<Overlay> {
    let lit = view.lit();
    if lit.is_empty() || rows * cols > MOST {
        return None;
    }
    let cells = (0..rows).flat_map(|i| (0..cols).map(move |j| (i, j)));
    let is_lit = |&(i, j): &(usize, usize)| address(i, j).is_some_and(|cell| lit.has(view.state, &cell));
    let span = spanned(cells.filter(is_lit))?;
    Some(Overlay::outline(span, view.theme.point).with_width(3.0))
}

/// Frames what is lit of a map that is drawn into a rectangle: all of it, or some of its cells. `map`: its number;
/// where there is none, the rectangle stands for all maps of the tensor.
pub fn frame_ui(painter: &Painter, view: &View, rect: Rect, tensor: TensorId, map: Option<usize>) {
    let lit = view.lit();
    if lit.is_empty() {
        return;
    }
    let is_whole = map.map_or_else(
        || lit.has_any_of(tensor) && lit.span(view.state, tensor, None).is_none(),
        |map| lit.has_map(tensor, map),
    );
    if is_whole {
        return frame(painter, view, rect);
    }
    let Some(span) = lit.span(view.state, tensor, map) else { return };
    let [_, _, rows, cols] = view.state.plan().shape_of(tensor).0;
    let cell = rect.size() / vec2(cols.max(1) as f32, rows.max(1) as f32);
    let from = rect.min + vec2(span.left as f32, span.top as f32) * cell;
    let inner = Rect::from_min_size(from, vec2(span.cols as f32, span.rows as f32) * cell);
    // A single cell of a small map is framed so that it can be seen.
    frame(painter, view, Rect::from_center_size(inner.center(), inner.size().max(vec2(5.0, 5.0))));
}

fn frame(painter: &Painter, view: &View, rect: Rect) {
    // Over the rim, so that it does not reach into the words above.
    painter.rect_stroke(rect.expand(1.0), 0.0, Stroke::new(4.0, view.theme.halo), StrokeKind::Middle);
    painter.rect_stroke(rect.expand(1.0), 0.0, Stroke::new(3.0, view.theme.point), StrokeKind::Middle);
}
