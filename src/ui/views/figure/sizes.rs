//! The sizes of all layers' numbers side by side, by the logarithm: of the forward pass the largest outputs, of the
//! backward pass the lengths of the gradients. Whether they vanish or explode is seen at a glance.

use super::says_ui;
use crate::nn::Part;
use crate::tensor::Tensor;
use crate::trace::{Address, Pass, TensorId};
use crate::ui::{
    number,
    theme::{self, text_size},
    view::View,
    widgets::{grid::CellState, hatch::hatch_ui},
};
use egui::{Align2, FontId, Rect, Sense, Stroke, Ui, pos2, vec2};

/// The room of the axis at the left, and of the names below.
const AXIS: [f32; 2] = [74.0, 30.0];
/// From this width of a column on it has its numbers.
const NUMBERED: f32 = 54.0;

/// A layer's bars: the sizes of its tensors, `None` before they are computed.
struct Column {
    layer: usize,
    sizes: Vec<(TensorId, Option<f64>)>,
}

/// Draws the axis and a column per layer that learns.
pub fn sizes_ui(ui: &mut Ui, view: &View) {
    let is_back = view.state.plan().stage_at(&view.state.look()).is_some_and(|stage| stage.pass == Pass::Bwd);
    let columns = columns(view, is_back);
    let (first, last) = (columns.first(), columns.last());
    let text = |column: Option<&Column>| {
        let size = column.and_then(|column| column.sizes[0].1);
        size.map_or_else(|| "?".into(), |size| number::four_digits(size as f32))
    };
    let name = |column: Option<&Column>| {
        column.map_or_else(String::new, |column| view.state.plan().layer(column.layer).name().to_owned())
    };
    let [a, b] = [first, last].map(text);
    let [from, to] = [first, last].map(name);
    let key = if is_back { "figure.sizes_says_back" } else { "figure.sizes_says" };
    let words = view.fill(key, &[("first", &from), ("last", &to), ("a", &a), ("b", &b)]);
    let mut rest = says_ui(ui, view, ui.max_rect(), &words);
    if is_back {
        rest = keys_ui(ui, view, rest);
    }
    let plot = Rect::from_min_max(rest.min + vec2(AXIS[0], 22.0), rest.max - vec2(4.0, AXIS[1]));
    view.read_out_first(view.text("figure.sizes_point"), "");
    let decades = decades(&columns);
    axis_ui(ui, view, plot, decades);
    let pitch = plot.width() / columns.len().max(1) as f32;
    for (k, column) in columns.iter().enumerate() {
        let left = plot.left() + k as f32 * pitch;
        let place = Rect::from_min_max(pos2(left, plot.top()), pos2(left + pitch, plot.bottom()));
        column_ui(ui, view, place, (k, column), decades);
    }
}

/// The tensors whose sizes are shown: per layer with weights its output, or the gradients of its weights and of its
/// output.
fn columns(view: &View, is_back: bool) -> Vec<Column> {
    let plan = view.state.plan();
    let layers = (0..plan.network().layers.len()).filter(|l| plan.layer(*l).parameter_count() > 0);
    let tensors = |l: usize| match is_back {
        true => vec![TensorId::layer(l, Part::Dw), plan.output_gradient_of(l)],
        false => vec![TensorId::layer(l, Part::Out)],
    };
    let column = |l: usize| {
        let sizes = tensors(l).into_iter().map(|tensor| (tensor, size_of(view, tensor, is_back)));
        Column { layer: l, sizes: sizes.collect() }
    };
    layers.map(column).collect()
}

/// The length of a gradient, or the largest magnitude of an output, once all of it is computed at the cursor.
fn size_of(view: &View, tensor: TensorId, is_back: bool) -> Option<f64> {
    let (plane, extents) = super::plane_of(view, tensor, 0);
    let last = (plane.planes() * extents[1] * extents[2]).checked_sub(1)?;
    let is_there =
        plane.cell_at(last as u32).state == CellState::Current && !view.state.covers().any_of(tensor);
    let values = view.state.trace().tensor(tensor).filter(|_| is_there)?;
    let image = view.state.image() as usize;
    Some(if is_back { norm(values, tensor, image) } else { largest(values, image) })
}

/// The root of the sum of squares: of a tensor of pictures, that of one.
fn norm(values: &Tensor, tensor: TensorId, image: usize) -> f64 {
    let squares = |values: &mut dyn Iterator<Item = f32>| values.map(|x| f64::from(x).powi(2)).sum::<f64>();
    match tensor.is_per_image() {
        true => squares(&mut values.index_axis(ndarray::Axis(0), image).iter().copied()).sqrt(),
        false => squares(&mut values.iter().copied()).sqrt(),
    }
}

fn largest(values: &Tensor, image: usize) -> f64 {
    let of_image = values.index_axis(ndarray::Axis(0), image);
    of_image.iter().fold(0.0, |most: f64, x| if x.is_nan() { f64::NAN } else { most.max(f64::from(x.abs())) })
}

/// From which power of ten to which the axis goes.
fn decades(columns: &[Column]) -> (i32, i32) {
    let sizes = columns.iter().flat_map(|column| column.sizes.iter().filter_map(|(_, size)| *size));
    let powers = sizes.filter(|size| size.is_finite() && *size > 0.0).map(f64::log10);
    let (least, most) = powers.fold((f64::MAX, f64::MIN), |(lo, hi), power| (lo.min(power), hi.max(power)));
    if least > most {
        return (-3, 1);
    }
    (least.floor() as i32 - 1, (most.ceil() as i32).max(least.floor() as i32 + 1))
}

/// Lines at powers of ten, at most nine of them.
fn axis_ui(ui: &Ui, view: &View, plot: Rect, (least, most): (i32, i32)) {
    let painter = ui.painter();
    let step = ((most - least) as f32 / 8.0).ceil().max(1.0) as usize;
    for power in (least..=most).step_by(step) {
        let y = height(plot, f64::from(power), (least, most));
        painter.hline(plot.x_range(), y, Stroke::new(1.0, view.theme.line));
        let words = number::short(10f32.powi(power));
        let font = theme::small_font();
        painter.text(pos2(plot.left() - 8.0, y), Align2::RIGHT_CENTER, words, font, view.theme.text_weak);
    }
}

fn height(plot: Rect, power: f64, (least, most): (i32, i32)) -> f32 {
    let share = (power - f64::from(least)) / f64::from(most - least).max(1.0);
    plot.bottom() - plot.height() * share.clamp(0.0, 1.0) as f32
}

/// The bars of a layer, their numbers and its name.
fn column_ui(ui: &mut Ui, view: &View, place: Rect, (n, column): (usize, &Column), decades: (i32, i32)) {
    let name = view.state.plan().layer(column.layer).name().to_owned();
    let inner = place.shrink2(vec2((0.08 * place.width()).min(10.0), 0.0));
    let width = inner.width() / column.sizes.len() as f32;
    let mut said = Vec::new();
    for (k, (tensor, size)) in column.sizes.iter().enumerate() {
        let bar = Rect::from_min_size(
            pos2(inner.left() + k as f32 * width, place.top()),
            vec2(width - 2.0, place.height()),
        );
        let ink = ink(view, k, column.sizes.len());
        let top = match size {
            None => {
                ui.painter().rect_filled(bar, 0.0, view.theme.hatch_ground);
                hatch_ui(ui.painter(), bar, view.theme.hatch_line);
                bar.center().y
            }
            Some(size) if !size.is_finite() => {
                ui.painter().rect_filled(bar, 0.0, view.theme.not_finite);
                bar.top()
            }
            Some(size) => {
                let top = if *size > 0.0 { height(bar, size.log10(), decades) } else { bar.bottom() };
                ui.painter().rect_filled(bar.with_min_y(top), 2.0, ink);
                top
            }
        };
        let words = size.map_or_else(|| "?".to_owned(), |size| number::short(size as f32));
        said.push(format!("{} {words}", crate::ui::names::tensor(view, *tensor)));
        if k == 0 && (place.width() >= NUMBERED || size.is_none()) {
            let font = FontId::proportional(text_size::SMALL);
            let at = pos2(place.center().x, top - 3.0);
            ui.painter().text(at, Align2::CENTER_BOTTOM, words, font, view.theme.text_strong);
        }
    }
    named_ui(ui, view, place, (n, column), &name, &said.join(", "));
}

/// The name below a column; under the pointer its sizes, a click looks at it.
fn named_ui(ui: &mut Ui, view: &View, place: Rect, (n, column): (usize, &Column), name: &str, said: &str) {
    let font = theme::small_font();
    let width = crate::ui::widgets::flow::small_width(ui, name);
    // Where names would touch, each second stands lower.
    let lower = if width + 6.0 > place.width() && n % 2 == 1 { 13.0 } else { 0.0 };
    let at = pos2(place.center().x, place.bottom() + 3.0 + lower);
    if width < 2.2 * place.width() {
        ui.painter().text(at, Align2::CENTER_TOP, name, font, view.theme.text);
    }
    let response = ui.interact(place, ui.scope_id().with(("size", column.layer)), Sense::click());
    let words = format!("{name}: {said}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &words));
    if response.hovered() {
        view.read_out(name, said);
        ui.painter().rect_filled(place, 2.0, view.theme.accent.gamma_multiply(0.06));
    }
    let stage = view.state.plan().stage_of(column.sizes[0].0);
    if let Some(stage) = stage.filter(|_| response.clicked()) {
        view.look(&Address::whole_stage(view.state.trace().time(), view.state.image(), stage));
    }
}

fn ink(view: &View, k: usize, of: usize) -> egui::Color32 {
    let pass = if of > 1 { Pass::Bwd } else { Pass::Fwd };
    let colors = view.theme.pass(pass);
    if k == 0 { colors.strong } else { colors.fill }
}

/// Which bar is which.
fn keys_ui(ui: &mut Ui, view: &View, rect: Rect) -> Rect {
    let mut left = rect.left();
    for (k, key) in ["figure.sizes_weights", "figure.sizes_output"].into_iter().enumerate() {
        let square = Rect::from_min_size(pos2(left, rect.top() + 4.0), vec2(13.0, 13.0));
        ui.painter().rect_filled(square, 2.0, ink(view, k, 2));
        let words = view.text(key);
        let at = pos2(left + 19.0, rect.top() + 10.0);
        let drawn = ui.painter().text(at, Align2::LEFT_CENTER, words, theme::small_font(), view.theme.text);
        left = drawn.right() + 24.0;
    }
    rect.with_min_y(rect.top() + 24.0)
}
