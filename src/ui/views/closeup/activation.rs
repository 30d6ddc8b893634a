//! Activations: the curve, the cell's point, the gate both ways.

use super::caption::Caption;
use super::focused_cell::FocusedCell;
use super::part::{Part, around};
use super::parts::{Extra, Item};
use super::{Closeup, legends};
use crate::nn::{
    Part as TensorPart,
    activation::{Activation, Reads},
};
use crate::trace::{Address, Pass, Stage, TensorId};
use crate::ui::{
    colormap::{Mapping, ValueRange},
    names, number,
    tensor_plane::{self, TensorPlane},
    theme,
    view::View,
    widgets::grid::{CellState, CellView},
};
use egui::{Rect, RichText, Ui, UiBuilder};
use egui_plot::{AxisHints, HLine, Line as Curve, LineStyle, Plot, PlotPoints, Points, VLine};

/// The close-up of a cell of an activation's output or input gradient.
pub(super) fn activation<'a>(
    view: &'a View<'a>,
    focus: &Address,
    stage: &Stage,
    l: usize,
    function: Activation,
) -> Option<Closeup<'a>> {
    let spot = FocusedCell::from_address(view, focus)?;
    let steps = view.state.trace().cell_until(focus, spot.done).steps;
    let pass = stage.pass;
    let shown = Shown::new(view, spot, l, function);
    let items = shown.items(pass);
    let caption =
        Caption::from_steps(view, &steps).with_words(shown.words(pass)).with_legends(legends(&items));
    let curve = Extra {
        size: Box::new(|_| [280.0, 200.0]),
        draw: Box::new(move |ui: &mut Ui, rect: Rect| {
            let mut child = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("curve"));
            shown.curve_ui(&mut child, pass, rect.size());
        }),
    };
    Some(Closeup::of_parts(items, Some(curve), caption))
}

/// The heading of an activation's pass.
fn title(view: &View, function: Activation, pass: Pass) -> String {
    match pass {
        Pass::Bwd => view.fill("closeup.act_back", &[("name", function.title())]),
        Pass::Fwd | Pass::Loss | Pass::Update => function.title().to_owned(),
    }
}

pub(super) struct Shown<'a> {
    view: &'a View<'a>,
    spot: FocusedCell,
    function: Activation,
    /// What the derivative is computed from: the input or the output.
    read: TensorId,
    x: TensorId,
    y: TensorId,
    dy: TensorId,
    dx: TensorId,
}

impl<'a> Shown<'a> {
    pub(super) fn new(view: &'a View<'a>, spot: FocusedCell, l: usize, function: Activation) -> Self {
        let plan = view.state.plan();
        let (y, dx) = (TensorId::layer(l, TensorPart::Out), TensorId::layer(l, TensorPart::Dx));
        let x = plan.input_of(l);
        let read = match function.reads() {
            Reads::Input => x,
            Reads::Output => y,
        };
        let dy = plan.output_gradient_of(l);
        Self { view, spot, function, read, x, y, dy, dx }
    }

    fn is_gate(&self) -> bool {
        self.function.is_gate()
    }

    fn is_relu(&self) -> bool {
        self.function == Activation::Relu
    }

    /// The slope at a cell, once the forward pass has been there: what the gate does to a gradient
    /// of one.
    fn slope(&self, index: u32) -> Option<f32> {
        let of = |tensor| TensorPlane::new(self.view, tensor, self.spot.image, 0).cell_at(index);
        let (y, b) = (of(self.y), of(self.read));
        let known = y.state == CellState::Current && b.state == CellState::Current;
        known.then(|| self.function.backward_fn()(1.0, b.value))
    }

    /// The slopes as a map of the same form as the output's.
    fn gate(&self, like: &Part, pass: Pass) -> Part<'a> {
        let view = self.view;
        let [len, ..] = like.form();
        let plane = self.plane_len();
        let first = if plane > 1 { self.spot.index / plane * plane } else { 0 };
        let (y, read) = (
            TensorPlane::new(view, self.y, self.spot.image, 0),
            TensorPlane::new(view, self.read, self.spot.image, 0),
        );
        let revision = y.revision_of(first..first + len as u32).wrapping_add(u64::from(first));
        let backward = self.function.backward_fn();
        let cells = move |k: usize| {
            let (y, b) = (y.cell_at(first + k as u32), read.cell_at(first + k as u32));
            match y.state == CellState::Current {
                true => CellView::current(backward(1.0, b.value)),
                false => CellView::not_yet(),
            }
        };
        let mapping = Mapping::fit_positive([0.0, 1.0], view.theme.dark);
        let key = if self.is_gate() { "closeup.act_gate" } else { "closeup.act_slope" };
        let [forward, backward] = self.function.formulas();
        let formula = names::formula(if pass == Pass::Bwd { backward } else { forward });
        Part::from_values(cells, revision, like.form(), mapping, view.text(key), formula)
            .titled(title(view, self.function, pass))
            .crossing_zeros(self.is_relu())
    }

    fn plane_len(&self) -> u32 {
        self.view.state.plan().shape_of(self.y).plane() as u32
    }

    fn around(&self, tensor: TensorId) -> Part<'a> {
        // All tensors here have the output's shape.
        around(self.view, tensor, self.spot.image, self.spot.index)
    }

    /// Input, gate and output; backward the gradient, the slope and its product.
    fn items(&self, pass: Pass) -> Vec<Item<'a>> {
        let target = self.around(if pass == Pass::Bwd { self.dx } else { self.y });
        let plane = self.plane_len();
        let place = if plane > 1 { self.spot.index % plane } else { self.spot.index };
        let source = self.around(if pass == Pass::Bwd { self.dy } else { self.x });
        if pass != Pass::Bwd && !self.is_gate() {
            let title = title(self.view, self.function, pass);
            let target = target.titled(title).detailed(names::formula(self.function.formulas()[0]));
            return vec![source.into(), "→".into(), target.into()];
        }
        let gate = self.gate(&target, pass).focus(place as usize);
        vec![source.into(), "×".into(), gate.into(), "=".into(), target.into()]
    }

    pub(super) fn curve_ui(&self, ui: &mut Ui, pass: Pass, size: egui::Vec2) {
        let (view, colors) = (self.view, self.view.theme);
        let forward = self.function.forward_fn();
        let ValueRange { min, max, .. } = tensor_plane::value_range(view, self.x, self.spot.image, None);
        let reach = if min <= max { min.abs().max(max.abs()).clamp(1.0, 1e6) } else { 1.0 };
        let reach = if self.is_gate() { reach } else { reach.max(self.function.reach()) };
        let curve: Vec<[f64; 2]> = (-100..=100)
            .map(|k| k as f32 / 100.0 * reach)
            .map(|x| [f64::from(x), f64::from(forward(x))])
            .collect();
        let x = TensorPlane::new(view, self.x, self.spot.image, 0).cell_at(self.spot.index);
        let known = x.state == CellState::Current && x.value.is_finite();
        let color = colors.pass(pass).strong;
        let point = [f64::from(x.value), f64::from(forward(x.value))];
        let tangent = self.slope(self.spot.index).filter(|_| known && pass == Pass::Bwd).map(|slope| {
            let (slope, reach) = (f64::from(slope), 0.5 * f64::from(reach));
            vec![[point[0] - reach, point[1] - slope * reach], [point[0] + reach, point[1] + slope * reach]]
        });
        let words = view.text("closeup.act_curve");
        let small = |text: &str| RichText::new(text).font(theme::small_font());
        // No number is paler than another: what has no room is left out.
        let axis = |hints: AxisHints<'static>, apart: f32| {
            let hints = hints.tick_label_font(theme::small_font()).tick_label_color(colors.text);
            hints.label_spacing(apart..=apart + 0.5)
        };
        let answer = Plot::new("activation")
            .width(size.x)
            .height(size.y)
            .show_background(false)
            .allow_drag(false)
            .allow_zoom(false)
            .allow_scroll(false)
            .allow_boxed_zoom(false)
            .allow_double_click_reset(false)
            .show_x(false)
            .show_y(false)
            .show_grid(false)
            .custom_x_axes(vec![axis(AxisHints::new_x(), 40.0).label(small("x"))])
            .custom_y_axes(vec![axis(AxisHints::new_y(), 18.0).label(small("y"))])
            .show(ui, |plot| {
                let axis = egui::Stroke::new(1.0, colors.line_strong);
                plot.hline(HLine::new("x axis", 0.0).stroke(axis));
                plot.vline(VLine::new("y axis", 0.0).stroke(axis));
                plot.line(Curve::new("y", PlotPoints::from(curve.clone())).color(color).width(2.5));
                if let Some(tangent) = tangent {
                    let line = Curve::new("tangent", PlotPoints::from(tangent)).color(colors.accent);
                    plot.line(line.width(2.0).style(LineStyle::dashed_loose()));
                }
                if known {
                    let stems = vec![[point[0], 0.0], point];
                    plot.line(
                        Curve::new("stem", PlotPoints::from(stems))
                            .color(colors.text_weak)
                            .style(LineStyle::dotted_dense()),
                    );
                    let dot = Points::new("cell", PlotPoints::from(vec![point])).radius(5.5);
                    plot.points(dot.color(colors.cursor));
                }
            });
        answer.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &words));
    }

    /// What the gate or the slope does to this cell, and to how many of its map.
    pub(super) fn words(&self, pass: Pass) -> Vec<String> {
        let view = self.view;
        let x = TensorPlane::new(view, self.x, self.spot.image, 0).cell_at(self.spot.index);
        let dy = TensorPlane::new(view, self.dy, self.spot.image, 0).cell_at(self.spot.index);
        let mut words = Vec::new();
        if !self.is_gate() {
            if let Some(slope) = self.slope(self.spot.index).filter(|_| pass == Pass::Bwd) {
                let slope = number::four_digits(slope);
                words.push(view.fill("closeup.act_tangent", &[("slope", &slope)]));
                if self.function.is_joint(x.value) && x.state == CellState::Current {
                    words.push(view.text("closeup.act_joint"));
                }
            }
            return words;
        }
        if x.state == CellState::Current && self.spot.done > 0 {
            if x.value == 0.0 {
                let key = if self.is_relu() { "closeup.act_zero" } else { "closeup.act_joint" };
                words.push(view.text(key));
            }
            let key = match (x.value > 0.0, self.is_relu(), pass) {
                (true, _, Pass::Bwd) => "closeup.act_open_back",
                (true, ..) => "closeup.act_open",
                (false, true, Pass::Bwd) => "closeup.act_shut_back",
                (false, true, _) => "closeup.act_shut",
                (false, false, Pass::Bwd) => "closeup.act_leak_back",
                (false, false, _) => "closeup.act_leak",
            };
            let (value, gradient) = (number::four_digits(x.value), number::four_digits(dy.value));
            words.push(view.fill(key, &[("x", &value), ("dy", &gradient)]));
        }
        if self.is_relu() {
            words.extend(self.map_words(pass));
        }
        words
    }

    /// How much of its map a ReLU blocks.
    fn map_words(&self, pass: Pass) -> Vec<String> {
        let view = self.view;
        let channel = self.spot.index / self.plane_len().max(1);
        let mut words = Vec::new();
        if TensorPlane::new(view, self.y, self.spot.image, channel as usize).is_dead() {
            words.push(view.text("closeup.act_dead"));
        }
        let (blocked, done, all) = self.count();
        let numbers =
            [("blocked", blocked), ("done", done), ("all", all)].map(|(name, n)| (name, n.to_string()));
        let numbers = numbers.each_ref().map(|(name, number)| (*name, number.as_str()));
        let key = if done == all { "closeup.act_blocked" } else { "closeup.act_blocked_so_far" };
        words.extend((done > 0).then(|| view.fill(key, &numbers)));
        if pass == Pass::Bwd
            && let (arrived @ 1.., killed) = self.killed()
        {
            let numbers = [("killed", killed.to_string()), ("arrived", arrived.to_string())];
            let numbers = numbers.each_ref().map(|(name, number)| (*name, number.as_str()));
            words.push(view.fill("closeup.act_killed", &numbers));
        }
        words
    }

    /// The first cell of the map, or of the vector where there are no maps, and how many cells it has.
    fn map(&self) -> (u32, u32) {
        let plane = self.plane_len();
        if plane > 1 {
            (self.spot.index / plane * plane, plane)
        } else {
            (0, self.view.state.plan().shape_of(self.y).len() as u32)
        }
    }

    /// How many of the gradients that arrive at the map are not 0, and how many of those it stops.
    fn killed(&self) -> (usize, usize) {
        let (first, len) = self.map();
        let x = TensorPlane::new(self.view, self.x, self.spot.image, 0);
        let dy = TensorPlane::new(self.view, self.dy, self.spot.image, 0);
        let arrived = (first..first + len).filter(|&k| {
            let dy = dy.cell_at(k);
            dy.state == CellState::Current && dy.value != 0.0
        });
        arrived.fold((0, 0), |(all, killed), k| (all + 1, killed + usize::from(x.cell_at(k).value <= 0.0)))
    }

    /// How many of the map's cells that the forward pass has made are blocked; how many those are;
    /// how many there are in all.
    fn count(&self) -> (usize, usize, usize) {
        let (first, len) = self.map();
        let (x, y) = (
            TensorPlane::new(self.view, self.x, self.spot.image, 0),
            TensorPlane::new(self.view, self.y, self.spot.image, 0),
        );
        let done = (first..first + len).filter(|&k| y.cell_at(k).state == CellState::Current);
        let (mut blocked, mut all_done) = (0, 0);
        for k in done {
            all_done += 1;
            blocked += usize::from(x.cell_at(k).value <= 0.0);
        }
        (blocked, all_done, len as usize)
    }
}
