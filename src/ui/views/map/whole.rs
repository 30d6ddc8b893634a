//! The map itself, as large as there is room for.

use super::scene::{Scene, capital, gradient_of_map};
use super::{TITLE, title_ui};
use crate::nn::{Op, Part, Source};
use crate::trace::{Owner, Pass, TensorId};
use crate::ui::{
    names, number,
    tensor_plane::TensorPlane,
    theme::space,
    view::View,
    widgets::{
        addressed_grid::tensor_plane_ui,
        grid::{CellSpan, Overlay, fit_cell, plane_size},
    },
};
use egui::{Rect, Stroke, StrokeKind, Ui, Vec2, vec2};

/// The largest side of a cell.
const LARGEST: f32 = 108.0;

/// The side of a cell with which a map fits into `room`.
fn cell_points(ui: &Ui, rows: usize, cols: usize, room: Vec2) -> f32 {
    fit_cell(room.max(vec2(40.0, 40.0)), rows, cols, 0, ui.pixels_per_point()).min(LARGEST)
}

/// The room that the map takes of `room`.
pub fn size(ui: &Ui, scene: &Scene, room: Vec2) -> Vec2 {
    let (rows, cols) = (scene.plane.rows(), scene.plane.cols());
    plane_size(rows, cols, 0, cell_points(ui, rows, cols, room), ui.pixels_per_point())
}

/// Draws the map with its title; with `both`, its gradient beside it.
pub fn whole_ui(ui: &mut Ui, scene: &Scene, rect: Rect, both: bool) {
    let view = scene.view;
    let name = capital(&names::plane(view, scene.tensor, scene.map));
    let gradient = gradient_of_map(view.state.plan(), scene.tensor).filter(|_| both);
    let Some(gradient) = gradient else {
        title_ui(ui, view, rect, &name, &detail(view, scene.tensor));
        plane_ui(ui, scene, &scene.plane, rect.with_min_y(rect.top() + TITLE), "whole");
        return;
    };
    let half = 0.5 * (rect.width() - space::S);
    let [left, right] = [rect.with_max_x(rect.left() + half), rect.with_min_x(rect.right() - half)];
    title_ui(ui, view, left, &name, "");
    plane_ui(ui, scene, &scene.plane, left.with_min_y(left.top() + TITLE), "whole");
    title_ui(ui, view, right, &view.text("map.gradient"), "");
    let plane = TensorPlane::new(view, gradient, scene.image, scene.map);
    let drawn = plane_ui(ui, scene, &plane, right.with_min_y(right.top() + TITLE), "gradient");
    let stroke = Stroke::new(2.0, view.theme.pass(Pass::Bwd).strong);
    ui.painter().rect_stroke(drawn, 0.0, stroke, StrokeKind::Inside);
}

/// Draws a plane in a part of the stage with the shown cell framed; returns its rectangle.
fn plane_ui(ui: &mut Ui, scene: &Scene, plane: &TensorPlane, rect: Rect, id: &str) -> Rect {
    let view = scene.view;
    let (rows, cols) = (plane.rows(), plane.cols());
    let cell = scene.cell;
    let overlays = vec![Overlay::outline(CellSpan::cell(cell.0, cell.1), view.theme.cursor).with_width(2.5)];
    let own_height = rect.height() - super::foot::height(rect.height() + TITLE);
    let points = cell_points(ui, rows, cols, vec2(rect.width(), own_height));
    let drawn = tensor_plane_ui(ui, view, rect.min, id, plane, points, overlays);
    if let Some((i, j)) = drawn.hovered {
        let value = plane.cell(i, j);
        let words = match value.state {
            crate::ui::widgets::grid::CellState::NotYet => view.text("grid.not_yet"),
            crate::ui::widgets::grid::CellState::Partial
            | crate::ui::widgets::grid::CellState::Current
            | crate::ui::widgets::grid::CellState::Stale => number::four_digits(value.value),
        };
        let name = names::plane(view, plane.tensor(), scene.map);
        let (i, j) = (i.to_string(), j.to_string());
        let parts = [("map", name.as_str()), ("i", &i), ("j", &j), ("value", &words)];
        view.read_out(view.fill("map.cell_is", &parts), view.text("map.cell_click"));
    }
    drawn.response.rect
}

/// Rows and columns, and whether the map is seen before or after the activation of its layer.
fn detail(view: &View, tensor: TensorId) -> String {
    let plan = view.state.plan();
    let [_, _, h, w] = plan.shape_of(tensor).0;
    let size = if view.state.covers_size(tensor) { "?".into() } else { format!("{h} × {w}") };
    let title = |l: Option<usize>| match l.map(|l| &plan.layer(l).op) {
        Some(Op::Activation(activation)) => Some(activation.title()),
        _ => None,
    };
    let (key, title) = match (tensor.owner, tensor.part) {
        (Owner::Layer(l), Part::Out) => {
            match (title(Some(l as usize)), title(plan.network().only_reader(Source::Layer(l as usize)))) {
                (Some(own), _) => ("map.after", own),
                (None, Some(next)) => ("map.before", next),
                (None, None) => return size,
            }
        }
        (_, part) if part.is_activation_gradient() => {
            return format!("{}, {size}", names::tensor(view, tensor));
        }
        (Owner::Layer(_) | Owner::Input | Owner::Loss, _) => return size,
    };
    view.fill(key, &[("size", &size), ("title", title)])
}
