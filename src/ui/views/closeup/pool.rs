//! Pooling: the window, its winner, the way back.

use super::arithmetic::lines;
use super::caption::Caption;
use super::computed::Computed;
use super::focused_cell::FocusedCell;
use super::part::{Part, map_detail};
use super::parts::Item;
use super::{Closeup, legends};
use crate::app::{Action, BuildAction};
use crate::nn::{
    Op, Part as TensorPart,
    pool::Pool2d,
    spec::{AvgPoolSpec, Kind, MaxPoolSpec, Pair},
};
use crate::trace::{Address, Operand, Stage, Step, TensorId};
use crate::ui::{
    names, number,
    tensor_plane::TensorPlane,
    view::View,
    widgets::{
        flow::body_width,
        grid::{CellSpan, CellState, CellView, Overlay},
    },
};
use egui::{DragValue, RichText, Ui};

/// The close-up of a max or average pool, forward and backward.
pub(super) fn pool<'a>(
    view: &'a View<'a>,
    focus: &Address,
    stage: &Stage,
    l: usize,
    spec: &'a Pool2d,
) -> Option<Closeup<'a>> {
    let spot = FocusedCell::from_address(view, focus)?;
    let is_max = matches!(view.state.plan().layer(l).op, Op::MaxPool2d(_));
    let steps = view.state.trace().cell_until(focus, spot.done).steps;
    let pool = Pool { view, steps, spot, l, spec, is_max };
    match Computed::from_part(stage.tensor.part)? {
        Computed::Output => Some(pool.forward()),
        Computed::SumGradient => Some(pool.divide()),
        Computed::InputGradient => Some(pool.backward()),
        Computed::WeightGradient | Computed::BiasGradient => None,
    }
}

/// Maximum or average, and how large the windows are and how far apart: all downstream follows.
pub(super) fn choices_ui(ui: &mut Ui, view: &View, l: usize) {
    let kind = &view.state.plan().layer(l).spec.kind;
    let (max, avg) = if let Kind::MaxPool2d(spec) = kind {
        let MaxPoolSpec { padding, padding_end, ceil_mode, .. } = *spec;
        (spec.clone(), AvgPoolSpec { padding, padding_end, ceil_mode, ..AvgPoolSpec::new(1) })
    } else if let Kind::AvgPool2d(spec) = kind {
        let AvgPoolSpec { kernel, stride, padding, padding_end, ceil_mode, .. } = *spec;
        (MaxPoolSpec { kernel, stride, padding, padding_end, ceil_mode, ..MaxPoolSpec::new(1) }, spec.clone())
    } else {
        // Over the whole map.
        return;
    };
    let (is_max, kernel, stride) = (matches!(kind, Kind::MaxPool2d(_)), max.kernel, max.stride);
    let become_ = |is_max: bool, kernel: Pair, stride: Option<Pair>| {
        let kind = if is_max {
            Kind::MaxPool2d(MaxPoolSpec { kernel, stride, ..max.clone() })
        } else {
            Kind::AvgPool2d(AvgPoolSpec { kernel, stride, ..avg.clone() })
        };
        view.push(Action::Build(BuildAction::Become(l, kind)));
    };
    for (other, key) in [(true, "closeup.pool_switch_max"), (false, "closeup.pool_switch_avg")] {
        if ui.selectable_label(is_max == other, view.text(key)).clicked() && is_max != other {
            become_(other, kernel, stride);
        }
    }
    let [rows, cols] = view.state.plan().layer(l).input[1..] else { return };
    // A picture of one row has windows of one row.
    let is_line = rows == 1 && cols > 1;
    let most = if is_line { cols.min(16) } else { rows.min(cols).min(16) };
    let shown = |Pair([rows, cols]): Pair| if is_line { cols } else { rows };
    let mut drag = |key: &str, mut n: usize| {
        let name = view.text(key);
        ui.label(RichText::new(&name).color(view.theme.text_weak));
        let drag = DragValue::new(&mut n).range(1..=most).speed(0.05).update_while_editing(false);
        let response = ui.add(drag);
        response.ctx.accesskit_node_builder(response.id, |node| node.set_label(name));
        response.changed().then_some(Pair([if is_line { 1 } else { n }, n]))
    };
    if let Some(size) = drag("closeup.pool_switch_size", shown(kernel)) {
        become_(is_max, size, stride);
    }
    if let Some(step) = drag("closeup.pool_switch_stride", shown(stride.unwrap_or(kernel))) {
        become_(is_max, kernel, Some(step));
    }
    let both = view.state.view().both_pools;
    let is_forward = |stage: &Stage| stage.tensor.part == TensorPart::Out;
    if view.state.plan().stage_at(&view.state.focus()).is_some_and(is_forward) {
        let words = view.text("closeup.pool_both");
        let width = body_width(ui, &words);
        if width + 24.0 > ui.available_width() {
            return;
        }
        let toggle = ui.selectable_label(both, words);
        if toggle.on_hover_text(view.text("closeup.pool_both_tip")).clicked() {
            view.push(Action::ShowBothPools(!both));
        }
    }
}

struct Pool<'a> {
    view: &'a View<'a>,
    steps: Vec<Step>,
    spot: FocusedCell,
    l: usize,
    spec: &'a Pool2d,
    is_max: bool,
}

/// The state of the comparisons within a window.
struct Contest {
    /// The tap that leads.
    best: Option<usize>,
    /// A tap that was equal to the one that led.
    tie: Option<usize>,
}

impl Contest {
    fn from_steps(steps: &[Step]) -> Self {
        let (mut best, mut tie) = (None, None);
        for (m, step) in steps.iter().enumerate() {
            if matches!(step.term.operands[0], Some(Operand::Padding { .. })) {
                continue;
            }
            if best.is_none() || step.after.to_bits() != step.before.to_bits() {
                (best, tie) = (Some(m), None);
            } else if step.values[0] == step.before {
                tie = Some(m);
            }
        }
        Self { best, tie }
    }
}

/// `(3,4)`.
fn cell_words([i, j]: [usize; 2]) -> String {
    format!("({i},{j})")
}

impl<'a> Pool<'a> {
    fn plane(&self, tensor: TensorId) -> TensorPlane<'a> {
        TensorPlane::new(self.view, tensor, self.spot.image, self.spot.at[1])
    }

    fn map(&self, tensor: TensorId) -> Part<'a> {
        let name = names::tensor(self.view, tensor);
        Part::from_plane(self.plane(tensor), name, map_detail(self.view, tensor, self.spot.at[1]))
    }

    /// The same under a title; the name goes into the line under it.
    fn titled(&self, tensor: TensorId, key: &str) -> Part<'a> {
        let name = names::tensor(self.view, tensor);
        let detail = map_detail(self.view, tensor, self.spot.at[1]);
        self.map(tensor).titled(self.view.text(key)).detailed(format!("{name} · {detail}"))
    }

    /// The cells of window (i, j), padding included.
    fn window(&self, [i, j]: [usize; 2]) -> CellSpan {
        let along = |axis: &crate::nn::Axis, i: usize| {
            ((i * axis.stride) as i32 - axis.padding as i32, axis.reach() as i32)
        };
        let ((top, rows), (left, cols)) =
            (along(&self.spec.window.rows, i), along(&self.spec.window.cols, j));
        CellSpan::new(top, left, rows, cols)
    }

    /// The input cell of tap m of window `at`; `None` in the padding.
    fn tap(&self, at: [usize; 2], m: usize) -> Option<[usize; 2]> {
        let cols = self.spec.window.cols.kernel;
        self.spec.window.tap(at, [m / cols, m % cols])
    }

    /// Frames and labels the winner of a window, and crosses out the others.
    fn contest_marks(
        &self,
        tensor: TensorId,
        at: [usize; 2],
        best: Option<usize>,
        compared: usize,
    ) -> Vec<Overlay> {
        let theme = self.view.theme;
        let plane = self.plane(tensor);
        let mut marks = self.skipped(at);
        for m in 0..self.spec.window.taps() {
            let Some([p, q]) = self.tap(at, m) else { continue };
            let (i, j) = (p as i32, q as i32);
            if compared > 0 && m >= compared {
                marks.push(Overlay::tint(CellSpan::cell(p, q), theme.hatch_ground.gamma_multiply(0.7)));
            } else if best.is_some_and(|best| best != m) {
                marks.push(Overlay::cross(i, j, theme.bad));
            }
        }
        // The winner last, so that no neighbour covers its frame.
        if let Some([p, q]) = best.and_then(|m| self.tap(at, m)) {
            let ground = plane.mapping().color(plane.cell(p, q).value);
            marks.push(Overlay::outline(CellSpan::cell(p, q), theme.cursor).with_width(3.0));
            marks.push(Overlay::word(p as i32, q as i32, self.view.text("closeup.pool_largest"), ground));
        }
        marks
    }

    /// Dims the cells between the taps of a dilated window, which it does not read.
    fn skipped(&self, [i, j]: [usize; 2]) -> Vec<Overlay> {
        let (rows, cols) = (self.spec.window.rows, self.spec.window.cols);
        let between = |axis: crate::nn::Axis, i: usize| {
            let cells = (0..axis.reach()).map(move |r| (r, (i * axis.stride + r).checked_sub(axis.padding)));
            cells.filter_map(move |(r, p)| Some((r % axis.dilation == 0, p.filter(|&p| p < axis.len)?)))
        };
        let mut marks = Vec::new();
        for (is_row, p) in between(rows, i) {
            for (_, q) in between(cols, j).filter(|(is_col, _)| !(is_row && *is_col)) {
                marks.push(Overlay::tint(
                    CellSpan::cell(p, q),
                    self.view.theme.hatch_ground.gamma_multiply(0.7),
                ));
            }
        }
        marks
    }

    /// What padding counts as: nothing is below the smallest number, and an average may leave it out.
    fn padding(&self) -> &'static str {
        match (self.is_max, self.spec.count_include_pad) {
            (true, _) => "−∞",
            (false, true) => "0",
            (false, false) => "",
        }
    }

    fn caption(&self) -> Caption {
        Caption::from_steps(self.view, &self.steps)
    }

    fn forward(&self) -> Closeup<'a> {
        let view = self.view;
        let (x, y) = (view.state.plan().input_of(self.l), TensorId::layer(self.l, TensorPart::Out));
        let [_, _, i, j] = self.spot.at;
        let compared = self.steps.len().min(self.spec.window.taps());
        let contest = Contest::from_steps(&self.steps[..compared]);
        let contest = if self.is_max { contest } else { Contest { best: None, tie: None } };
        let here = i * self.plane(y).cols() + j;
        let words = view.text(match (view.state.is_asked(), self.is_max) {
            (true, _) => "closeup.pool_on",
            (false, true) => "closeup.pool_on_max",
            (false, false) => "closeup.pool_on_avg",
        });
        let marks = self.contest_marks(x, [i, j], contest.best, compared);
        // The winner so far, or what is added.
        let read = contest.best.or(compared.checked_sub(1)).and_then(|m| self.tap([i, j], m));
        let mut items: Vec<Item> = vec![
            self.titled(x, "closeup.pool_window")
                .near(self.window([i, j]))
                .outside(self.padding())
                .alone(read)
                .over_large(marks)
                .into(),
            Item::Arrow(words),
            self.map(y).near(CellSpan::cell(i, j)).focus(here).into(),
        ];
        let other = Some(y).filter(|_| view.state.view().both_pools).and_then(|y| self.otherwise(y));
        if let Some(other) = other {
            items.push(Item::Arrow(String::new()));
            items.push(other.near(CellSpan::cell(i, j)).focus(here).into());
        }
        let words = self.forward_words(&contest);
        let caption = self.caption().with_words(words).with_legends(legends(&items));
        let extra = if self.is_max { None } else { lines(view, &self.steps, 5) };
        Closeup::of_parts(items, extra, caption)
    }

    fn forward_words(&self, contest: &Contest) -> Vec<String> {
        let view = self.view;
        let [_, _, i, j] = self.spot.at;
        let tie = contest.tie.and_then(|m| self.tap([i, j], m)).map(cell_words);
        let tie = tie.map(|cell| view.fill("closeup.pool_tie", &[("cell", &cell)]));
        let taps = (0..self.spec.window.taps()).filter(|&m| self.tap([i, j], m).is_some()).count();
        if !self.spot.is_done() {
            return tie.into_iter().collect();
        }
        if !self.is_max {
            let count = self.spec.divisor([i, j]).to_string();
            return vec![view.fill("closeup.pool_mean", &[("count", &count)])];
        }
        let (lost, all) = ((taps - 1).to_string(), taps.to_string());
        let own = (taps > 1).then(|| view.fill("closeup.pool_lost", &[("lost", &lost), ("all", &all)]));
        let windows = self.plane(TensorId::layer(self.l, TensorPart::Out)).cells_done();
        let of_map = view.state.trace().thrown_away(self.l, self.spot.image, self.spot.at[1], windows);
        let of_map = of_map.filter(|_| taps > 1).map(|[lost, all]| {
            let share = number::percent(lost as u64, all as u64);
            let [lost, all] = [lost, all].map(|n| n.to_string());
            let map = [("lost", lost.as_str()), ("all", &all), ("share", &share)];
            let is_complete = windows == self.spec.window.rows.out * self.spec.window.cols.out;
            view.fill(if is_complete { "closeup.pool_lost_whole_map" } else { "closeup.pool_lost_map" }, &map)
        });
        tie.into_iter().chain(own).chain(of_map).collect()
    }

    /// What the other kind of pooling would give, as far as this one has come.
    fn otherwise(&self, y: TensorId) -> Option<Part<'a>> {
        let view = self.view;
        let values = view.state.trace().pooled_otherwise(self.l, self.spot.image, self.spot.at[1])?;
        let plane = self.plane(y);
        let (rows, cols) = (plane.rows(), plane.cols());
        let key = if self.is_max { "closeup.pool_switch_avg" } else { "closeup.pool_switch_max" };
        let cell = move |k: usize| CellView { value: values[k], ..plane.cell(k / cols, k % cols) };
        let form = [rows * cols, rows, cols];
        let detail = map_detail(view, y, self.spot.at[1]);
        Some(Part::from_values(cell, plane.revision(), form, plane.mapping(), view.text(key), detail))
    }

    /// The gradient of the average before its division.
    fn divide(&self) -> Closeup<'a> {
        let view = self.view;
        let [_, _, i, j] = self.spot.at;
        let ds = TensorId::layer(self.l, TensorPart::Ds);
        let k = i * self.plane(ds).cols() + j;
        let dy = self.map(view.state.plan().output_gradient_of(self.l)).focus(k);
        let items: Vec<Item> = vec![dy.into(), "÷".into(), self.map(ds).focus(k).into()];
        let count = self.spec.divisor([i, j]).to_string();
        let words = view.fill("closeup.pool_divided", &[("count", &count)]);
        let caption = self.caption().with_words([words]).with_legends(legends(&items));
        Closeup::of_parts(items, None, caption)
    }

    /// What arrives, who had won, what leaves.
    fn backward(&self) -> Closeup<'a> {
        let view = self.view;
        let [_, _, p, q] = self.spot.at;
        let plan = view.state.plan();
        let gradient = match self.is_max {
            true => plan.output_gradient_of(self.l),
            false => TensorId::layer(self.l, TensorPart::Ds),
        };
        let (x, dx) = (plan.input_of(self.l), TensorId::layer(self.l, TensorPart::Dx));
        let cover = self.spec.cover()[1];
        let reader = |m: usize| self.spec.reader([p, q], [m / cover, m % cover]);
        // The window of the last term that one reads, or else the first one.
        let done = self.spot.done as usize;
        let window =
            (0..done).rev().find_map(reader).or_else(|| (0..self.spot.terms as usize).find_map(reader));
        let here = p * self.plane(dx).cols() + q;
        let leaves = self.titled(dx, if self.is_max { "closeup.pool_gets" } else { "closeup.pool_share" });
        let leaves = leaves.focus(here);
        let Some(at) = window else {
            let items: Vec<Item> = vec![self.map(gradient).into(), "→".into(), leaves.into()];
            let caption =
                self.caption().with_words([view.text("closeup.pool_unseen")]).with_legends(legends(&items));
            return Closeup::of_parts(items, None, caption);
        };
        let winner = self.winner(at, gradient, self.plane(dx).cols());
        let from = self.titled(gradient, "closeup.pool_arrives");
        let from = from.near(CellSpan::cell(at[0], at[1])).focus(at[0] * self.plane(gradient).cols() + at[1]);
        let mut items: Vec<Item> = vec![from.into(), Item::Arrow(view.text("closeup.pool_same"))];
        if self.is_max {
            let taps = self.spec.window.taps();
            let best = winner.and_then(|winner| (0..taps).find(|&m| self.tap(at, m) == Some(winner)));
            let marks = self.contest_marks(x, at, best, taps);
            let who = self
                .titled(x, "closeup.pool_who")
                .near(self.window(at))
                .outside(self.padding())
                .alone(winner);
            items.push(who.over_large(marks).into());
            items.push(Item::Arrow(view.text("closeup.pool_only")));
        }
        items.push(leaves.near(self.window(at)).outside("").into());
        let words = self.backward_words(at, winner, [p, q]);
        let caption = self.caption().with_words(words).with_legends(legends(&items));
        Closeup::of_parts(items, None, caption)
    }

    /// The winner of window `at`, once the forward pass has been there.
    fn winner(&self, at: [usize; 2], gradient: TensorId, cols: usize) -> Option<[usize; 2]> {
        let pooled = self.plane(TensorId::layer(self.l, TensorPart::Out));
        if !self.is_max || pooled.cell(at[0], at[1]).state != CellState::Current {
            return None;
        }
        let index = self.plane(gradient).index(at[0], at[1]);
        let winner = TensorId::layer(self.l, TensorPart::Winner);
        let w = self.view.state.trace().value(winner, self.spot.image, index) as usize;
        Some([w / cols, w % cols])
    }

    fn backward_words(&self, at: [usize; 2], winner: Option<[usize; 2]>, own: [usize; 2]) -> Vec<String> {
        if self.spot.done == 0 || (winner.is_none() && self.is_max) {
            return Vec::new();
        }
        let key = match (self.is_max, winner == Some(own)) {
            (true, true) => "closeup.pool_won",
            (true, false) => "closeup.pool_beaten",
            (false, _) => "closeup.pool_even",
        };
        let count = self.spec.divisor(at).to_string();
        let taps = (0..self.spec.window.taps()).filter(|&m| self.tap(at, m).is_some()).count().to_string();
        let (window, winner, cell) =
            (cell_words(at), winner.map_or(String::new(), cell_words), cell_words(own));
        let words = [
            ("window", window.as_str()),
            ("winner", &winner),
            ("count", &count),
            ("cell", &cell),
            ("taps", &taps),
        ];
        vec![self.view.fill(key, &words)]
    }
}
