//! What the network sees as one plane of pixels, to look at, to pick from and to paint on.

use super::{
    colormap::Mapping,
    tensor_plane::TensorPlane,
    view::View,
    widgets::grid::{CellState, CellView, Grid, GridResponse},
};
use crate::app::{Action, EditAction, Ink};
use crate::data::{Content, paint::Pen};
use crate::tensor::Tensor;
use crate::trace::TensorId;
use egui::{Id, Pos2, Sense, Ui};
use std::sync::Arc;

/// What the user paints with.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Brush {
    /// Thickness and edge.
    pub pen: Pen,
    /// Red, green, blue.
    pub colour: [u8; 3],
    /// Whether it erases.
    pub erases: bool,
}

impl Default for Brush {
    fn default() -> Self {
        Self { pen: Pen { radius: 1.2, softness: 1.5 }, colour: [255; 3], erases: false }
    }
}

impl Brush {
    /// The brush as it was left.
    pub fn kept(ui: &Ui) -> Self {
        ui.data(|data| data.get_temp(Id::unique("brush"))).unwrap_or_default()
    }

    /// Keeps it for the next frame.
    pub fn keep(self, ui: &Ui) {
        ui.data_mut(|data| data.insert_temp(Id::unique("brush"), self));
    }

    /// What it leaves.
    pub fn ink(self) -> Ink {
        if self.erases { Ink::Erase } else { Ink::Colour(self.colour) }
    }
}

/// Draws it with cells of this side; with a brush, strokes paint, else a click picks a pixel.
pub fn canvas_ui(
    ui: &mut Ui,
    view: &View,
    name: &str,
    cell_points: f32,
    label: &str,
    brush: Option<Brush>,
) -> GridResponse {
    let [c, h, w] = view.state.model().network.input;
    let in_training = view.state.inputs().training.is_some();
    let from_picture = in_training || matches!(view.state.inputs().picture.content, Content::Picture(_));
    // One paints on the picture, also where the network sees its pixels in other places.
    let is_shuffled = view.state.model().architecture.preprocess.shuffle().is_some();
    let before = (brush.is_some() && is_shuffled).then(|| view.state.inputs().pixels().ok()).flatten();
    let mut pixels = before.map_or_else(|| pixels(ui, view), |fitted| Arc::new(fitted.tensor));
    if brush.is_some() && view.state.inputs().is_inverted_drawing() {
        // The paper, in the pen's own colours.
        pixels = Arc::new(pixels.mapv(|value| 255.0 - value));
    }
    let label = |_: Option<(usize, usize)>| label.to_owned();
    let cursor_id = Id::unique("where the keyboard paints");
    let chosen: Option<(usize, usize)> = brush.and_then(|_| ui.data(|data| data.get_temp(cursor_id)));
    let chosen = chosen.filter(|&(i, j)| i < h && j < w);
    let show = |grid: Grid, ui: &mut Ui| {
        let sense = if brush.is_some() { Sense::click_and_drag() } else { Sense::click() };
        let revision = view.state.revision() ^ (u64::from(view.state.image()) << 32);
        let grid = grid.revision(revision).cell_points(cell_points).label(&label);
        grid.numbers(brush.is_none()).selected(chosen).sense(sense).show_ui(ui)
    };
    let response = if c == 3 && from_picture {
        let cells = |i, j| ([0, 1, 2].map(|c| pixels[[0, c, i, j]]), CellState::Current);
        show(Grid::rgb(name, h, w, Mapping::rgb(0.0, 255.0, view.theme.dark), &cells), ui)
    } else if c == 1 && from_picture {
        // The pixels themselves, before the network's own scaling.
        let cells = |i, j| CellView::current(pixels[[0, 0, i, j]]);
        show(Grid::new(name, h, w, Mapping::gray(0.0, 255.0, view.theme.dark), &cells), ui)
    } else {
        let input = TensorPlane::new(view, TensorId::INPUT, view.state.image(), 0);
        let cells = |i, j| input.cell(i, j);
        show(Grid::new(name, h, w, input.mapping(), &cells), ui)
    };
    let plane = TensorPlane::new(view, TensorId::INPUT, view.state.image(), 0);
    if let Some((i, j)) = response.hovered {
        view.hover(plane.address(i, j));
    }
    match brush {
        Some(brush) if from_picture => {
            if let Some(cell) = response.moved_to {
                ui.data_mut(|data| data.insert_temp(cursor_id, cell));
            }
            paint_ui(ui, view, &response, brush);
        }
        Some(_) | None => {
            if let Some((i, j)) = response.clicked {
                view.look(&plane.address(i, j));
            }
        }
    }
    response
}

/// Strokes of the brush: one is all that is painted while the button is down.
fn paint_ui(ui: &Ui, view: &View, answer: &GridResponse, brush: Brush) {
    let grid = answer.screen_from_grid;
    let response = &answer.response;
    let id = response.id.with("stroke");
    let in_cells = |pos: Pos2| {
        let at = (pos - grid.origin) / grid.cell_points;
        [at.x, at.y]
    };
    let under = response.interact_pointer_pos().map(in_cells);
    let paint = |points: Vec<[f32; 2]>, more: bool| {
        let edit = EditAction::Paint { points, pen: brush.pen, ink: brush.ink() };
        view.push(Action::Edit { edit, more });
    };
    if response.dragged()
        && let Some(at) = under
    {
        let mut points: Vec<[f32; 2]> = ui.data(|data| data.get_temp(id)).unwrap_or_default();
        let is_first = response.drag_started();
        if is_first {
            // Where the button went down, a little before the drag was one.
            points.clear();
            points.extend(ui.input(|input| input.pointer.press_origin()).map(in_cells));
        }
        if is_first || points.last() != Some(&at) {
            // The way there, where a frame took so long that the pointer moved more than once.
            ui.input(|input| {
                points.extend(input.events.iter().filter_map(|event| match event {
                    egui::Event::PointerMoved(pos) => Some(in_cells(*pos)),
                    _ => None,
                }));
            });
            points.push(at);
            ui.data_mut(|data| data.insert_temp(id, points.clone()));
            paint(points, !is_first);
        }
    } else if let Some((i, j)) = answer.clicked {
        // A dot: under the pointer, or where Enter was pressed.
        paint(vec![under.unwrap_or([j as f32 + 0.5, i as f32 + 0.5])], false);
    }
    if let Some(pos) = response.hover_pos() {
        let radius = brush.pen.radius.max(0.5) * grid.cell_points;
        ui.painter().circle_stroke(pos, radius, egui::Stroke::new(1.5, view.theme.cursor));
    }
}

/// The pixels that the network sees, before its own scaling; those of a batch are drawn or read once.
fn pixels(ui: &Ui, view: &View) -> Arc<Tensor> {
    let state = view.state;
    if state.inputs().training.is_none() {
        return Arc::new(state.fitted().tensor.clone());
    }
    type Kept = ((u64, u32), Arc<Tensor>);
    let (id, key) = (Id::unique("pixels of the batch"), (state.revision(), state.image()));
    if let Some((_, pixels)) = ui.data(|data| data.get_temp::<Kept>(id)).filter(|(kept, _)| *kept == key) {
        return pixels;
    }
    let example = state.run().source().pixels(state.trace().time(), state.image());
    let pixels = Arc::new(example.map_or_else(|| state.fitted().tensor.clone(), |(pixels, _)| pixels));
    ui.data_mut(|data| data.insert_temp::<Kept>(id, (key, Arc::clone(&pixels))));
    pixels
}
