//! Pooling: the window, its winner, the way back.

use super::arithmetic::{last_steps, lines_ui};
use super::captioned_grid::{CaptionedGrid, Item, LEGENDS_HEIGHT, legends_ui, link_ui, row_ui, zoom_ui};
use super::computed::Computed;
use super::focused_cell::FocusedCell;
use super::heading::{NOTE_HEIGHT, heading_ui, map_detail, note_ui};
use crate::app::{Action, BuildAction};
use crate::nn::{
    Op, Part,
    pool::Pool2d,
    spec::{AvgPoolSpec, Kind, MaxPoolSpec, Pair},
};
use crate::trace::{Address, Pass, Plan, Stage, Step, TensorId};
use crate::ui::{
    names, number,
    tensor_plane::TensorPlane,
    theme::space,
    view::View,
    widgets::grid::{CellSpan, CellState, CellView, Overlay},
};
use egui::{DragValue, RichText, Ui, vec2};

/// Draws the close-up of a max or average pool, forward and backward.
pub fn pool_ui(ui: &mut Ui, view: &View, focus: &Address, stage: &Stage, l: usize, spec: &Pool2d) {
    let Some(spot) = FocusedCell::from_address(view, focus) else { return };
    let is_max = matches!(view.state.plan().layer(l).op, Op::MaxPool2d(_));
    let key = match (is_max, stage.pass, stage.tensor.part) {
        (true, Pass::Fwd, _) => "closeup.pool_max",
        (false, Pass::Fwd, _) => "closeup.pool_avg",
        (true, ..) => "closeup.pool_max_back",
        (false, _, Part::Ds) => "closeup.pool_avg_divide",
        (false, ..) => "closeup.pool_avg_back",
    };
    heading_ui(ui, view, focus, stage, &view.text(key));
    switch_ui(ui, view, l);
    let pool = Pool { view, focus, spot, l, spec, is_max };
    match Computed::from_part(stage.tensor.part) {
        Some(Computed::Output) => pool.forward_ui(ui),
        Some(Computed::SumGradient) => pool.divide_ui(ui),
        Some(Computed::InputGradient) => pool.backward_ui(ui),
        Some(Computed::WeightGradient | Computed::BiasGradient) | None => {}
    }
}

/// Maximum or average, and how large the windows are and how far apart: all downstream follows.
fn switch_ui(ui: &mut Ui, view: &View, l: usize) {
    let kind = &view.state.plan().layer(l).spec.kind;
    let (is_max, kernel, stride, padding, count_include_pad) = if let Kind::MaxPool2d(spec) = kind {
        (true, spec.kernel, spec.stride, spec.padding, true)
    } else if let Kind::AvgPool2d(spec) = kind {
        (false, spec.kernel, spec.stride, spec.padding, spec.count_include_pad)
    } else {
        // Over the whole map.
        return;
    };
    let become_ = |is_max: bool, kernel: Pair, stride: Option<Pair>| {
        let kind = if is_max {
            Kind::MaxPool2d(MaxPoolSpec { kernel, stride, padding })
        } else {
            Kind::AvgPool2d(AvgPoolSpec { kernel, stride, padding, count_include_pad })
        };
        view.act(Action::Build(BuildAction::Become(l, kind)));
    };
    let both = view.state.view().both_pools;
    ui.horizontal_wrapped(|ui| {
        for (other, key) in [(true, "closeup.pool_switch_max"), (false, "closeup.pool_switch_avg")] {
            if ui.selectable_label(is_max == other, view.text(key)).clicked() && is_max != other {
                become_(other, kernel, stride);
            }
        }
        let [rows, cols] = view.state.plan().layer(l).input[1..] else { return };
        let most = rows.min(cols).min(16);
        let mut drag = |key: &str, mut n: usize| {
            let name = view.text(key);
            ui.label(RichText::new(&name).color(view.theme.text_weak));
            let drag = DragValue::new(&mut n).range(1..=most).speed(0.05).update_while_editing(false);
            let response = ui.add(drag);
            response.ctx.accesskit_node_builder(response.id, |node| node.set_label(name));
            response.changed().then_some(Pair::square(n))
        };
        if let Some(size) = drag("closeup.pool_switch_size", kernel.0[0]) {
            become_(is_max, size, stride);
        }
        if let Some(step) = drag("closeup.pool_switch_stride", stride.unwrap_or(kernel).0[0]) {
            become_(is_max, kernel, Some(step));
        }
        if view.state.plan().stage_at(&view.state.focus()).is_some_and(|stage| stage.tensor.part == Part::Out)
        {
            let toggle = ui.selectable_label(both, view.text("closeup.pool_both"));
            if toggle.on_hover_text(view.text("closeup.pool_both_tip")).clicked() {
                view.act(Action::ShowBothPools(!both));
            }
        }
    });
}

struct Pool<'a> {
    view: &'a View<'a>,
    focus: &'a Address,
    spot: FocusedCell,
    l: usize,
    spec: &'a Pool2d,
    is_max: bool,
}

/// What the comparisons of a window have come to.
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
            let is_padding = matches!(step.term.operands[0], Some(crate::trace::Operand::Padding { .. }));
            if is_padding {
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

impl<'a> Pool<'a> {
    fn plane(&self, tensor: TensorId) -> TensorPlane<'a> {
        TensorPlane::new(self.view, tensor, self.spot.image, self.spot.at[1])
    }

    fn detail(&self, tensor: TensorId) -> String {
        map_detail(self.view, tensor, self.spot.at[1])
    }

    fn name(&self, tensor: TensorId) -> String {
        names::tensor(self.view, tensor)
    }

    fn map(&self, tensor: TensorId) -> CaptionedGrid<'a> {
        CaptionedGrid::from_plane(self.plane(tensor), self.name(tensor), self.detail(tensor))
    }

    /// The cells of window (i, j), clipped to the plane.
    fn span(&self, [i, j]: [usize; 2]) -> CellSpan {
        let along = |axis: &crate::nn::Axis, i: usize| {
            let start = (i * axis.stride) as i32 - axis.padding as i32;
            let end = (start + axis.kernel as i32).min(axis.len as i32);
            (start.max(0), end - start.max(0))
        };
        let (top, rows) = along(&self.spec.window.rows, i);
        let (left, cols) = along(&self.spec.window.cols, j);
        CellSpan::new(top, left, rows, cols)
    }

    /// The window's cells of a tensor, enlarged.
    fn window(&self, tensor: TensorId, at: [usize; 2], name: String, detail: String) -> CaptionedGrid<'a> {
        let plane = self.plane(tensor);
        let window = self.spec.window;
        let (rows, cols) = (window.rows.kernel, window.cols.kernel);
        let tap = move |k: usize| window.tap(at, [k / cols, k % cols]);
        let cells = move |k: usize| tap(k).map_or(CellView::not_yet(), |[p, q]| plane.cell(p, q));
        let padding = (0..rows * cols)
            .filter(|&k| tap(k).is_none())
            .map(|k| Overlay::tint(CellSpan::cell(k / cols, k % cols), self.view.theme.padding_ground));
        let revision = plane.revision() ^ ((at[0] as u64) << 32 | at[1] as u64);
        let inside = (0..rows * cols).find_map(tap).unwrap_or([0, 0]);
        CaptionedGrid::from_values(cells, revision, [rows * cols, rows, cols], plane.mapping(), name, detail)
            .addressed(move |k| {
                let [p, q] = tap(k).unwrap_or(inside);
                plane.address(p, q)
            })
            .over(padding)
            .without_legend()
    }

    fn tap_cell(&self, m: usize) -> (i32, i32) {
        let cols = self.spec.window.cols.kernel;
        ((m / cols) as i32, (m % cols) as i32)
    }

    /// What the other kind of pooling would give, as far as this one has come.
    fn otherwise(&self, y: TensorId) -> Option<CaptionedGrid<'a>> {
        let view = self.view;
        let [image, channel] = [self.spot.image as usize, self.spot.at[1]];
        let values = view.state.trace().pooled_otherwise(self.l, image as u32, channel)?;
        let plane = self.plane(y);
        let (rows, cols) = (plane.rows(), plane.cols());
        let key = if self.is_max { "closeup.pool_switch_avg" } else { "closeup.pool_switch_max" };
        let revision = plane.revision();
        let cell = move |k: usize| CellView { value: values[k], ..plane.cell(k / cols, k % cols) };
        let form = [rows * cols, rows, cols];
        Some(CaptionedGrid::from_values(
            cell,
            revision,
            form,
            plane.mapping(),
            view.text(key),
            self.detail(y),
        ))
    }

    fn forward_ui(&self, ui: &mut Ui) {
        let (view, theme) = (self.view, self.view.theme);
        let (x, y) = (Plan::input_of(self.l), TensorId::layer(self.l, Part::Out));
        let [_, _, i, j] = self.spot.at;
        let window = self.spec.window;
        let room = ui.available_size();
        let fold = view.state.trace().cell_until(self.focus, self.spot.done);
        let compared = fold.steps.len().min(window.taps());
        let contest = Contest::from_steps(&fold.steps[..compared]);
        let contest = if self.is_max { contest } else { Contest { best: None, tie: None } };
        let to_input = |m: usize| window.tap([i, j], [m / window.cols.kernel, m % window.cols.kernel]);

        let span = self.span([i, j]);
        let winner = contest.best.and_then(to_input);
        let plane = self.plane(y);
        // The winner last, so that no neighbour covers its frame.
        let mut order: Vec<usize> = (0..window.taps()).filter(|&m| to_input(m).is_some()).collect();
        order.sort_by_key(|&m| (contest.best == Some(m), m + 1 == compared));
        let marks: Vec<Overlay> = order
            .into_iter()
            .flat_map(|m| {
                let cell = self.tap_cell(m);
                let span = CellSpan::new(cell.0, cell.1, 1, 1);
                let faded = Overlay::tint(span, theme.ground.gamma_multiply(0.55));
                let mut marks = Vec::new();
                if m >= compared {
                    marks.push(Overlay::tint(span, theme.hatch_ground.gamma_multiply(0.7)));
                } else if self.is_max && contest.best == Some(m) {
                    marks.push(Overlay::outline(span, theme.accent).with_width(3.0));
                    marks.push(Overlay::dot(cell.0, cell.1, theme.accent));
                } else if self.is_max {
                    marks.extend([faded, Overlay::cross(cell.0, cell.1, theme.bad)]);
                }
                if m + 1 == compared && !self.spot.is_done() {
                    marks.push(Overlay::outline(span, theme.cursor).with_width(2.5));
                }
                marks
            })
            .collect();
        // A window over the whole map need not be shown twice: its marks stand on the map itself.
        let is_whole = window.taps() == window.rows.len * window.cols.len
            && [window.rows, window.cols].iter().all(|a| a.padding == 0);
        let here = i * plane.cols() + j;
        let link = Item::Link { from_cell: winner.is_some() && self.spot.is_done() };
        let mut items: Vec<Item> = vec![
            self.map(x)
                .over([Overlay::reads(theme, span)])
                .over(marks.iter().filter(|_| is_whole).cloned())
                .over(winner.map(|[p, q]| Overlay::dot(p as i32, q as i32, theme.accent)))
                .into(),
            link,
            self.map(y).focus(here).into(),
        ];
        let other = Some(y).filter(|_| view.state.view().both_pools).and_then(|y| self.otherwise(y));
        items.extend(other.map(|other| other.focus(here).into()));
        let drawn = row_ui(ui, view, 0, &items, vec2(room.x, 0.42 * room.y));
        if let ([from, to, ..], Some([p, q]), true) = (&drawn[..], winner, self.spot.is_done()) {
            link_ui(ui, (from, p, q), (to, i, j), theme.accent, theme);
        }
        ui.add_space(space::M);

        let detail = format!("({i},{j}) · {}×{}", window.rows.kernel, window.cols.kernel);
        let enlarged =
            self.window(x, [i, j], view.text("closeup.pool_window"), detail).over(marks).at_most(52.0);
        let below = vec2(0.42 * room.x, (0.4 * room.y).min(ui.available_height() - 44.0).max(90.0));
        ui.horizontal_top(|ui| {
            if !is_whole {
                let large = row_ui(
                    ui,
                    view,
                    1,
                    &[enlarged.into()],
                    vec2(below.x.min(52.0 * window.cols.kernel as f32 + 24.0), below.y),
                );
                if let (Some(small), Some(large)) = (drawn.first(), large.first()) {
                    zoom_ui(ui, small.grid.span_rect(span), large.rect, theme);
                }
            }
            ui.vertical(|ui| {
                let below = NOTE_HEIGHT * if contest.tie.is_some() { 2.5 } else { 1.5 };
                let most = if self.is_max { 5 } else { 4 };
                lines_ui(ui, view, &last_steps(view, &fold.steps, most, self.spot.terms as usize), below);
                ui.add_space(space::XS);
                if let Some(tie) = contest.tie {
                    let cell = to_input(tie).unwrap_or([0, 0]);
                    let cell = format!("({},{})", cell[0], cell[1]);
                    note_ui(ui, view, theme.warn, &view.fill("closeup.pool_tie", &[("cell", &cell)]));
                }
                let taps = (0..window.taps()).filter(|&m| to_input(m).is_some()).count();
                if self.spot.is_done() && self.is_max && taps > 1 {
                    let (lost, all) = ((taps - 1).to_string(), taps.to_string());
                    let mut words = view.fill("closeup.pool_lost", &[("lost", &lost), ("all", &all)]);
                    let trace = view.state.trace();
                    let windows = plane.cells_done();
                    let of_map = trace.thrown_away(self.l, self.spot.image, self.spot.at[1], windows);
                    if let Some([lost, all]) = of_map {
                        let share = number::percent(lost as u64, all as u64);
                        let [lost, all] = [lost, all].map(|n| n.to_string());
                        let map = [("lost", lost.as_str()), ("all", &all), ("share", &share)];
                        let is_complete = windows == window.rows.out * window.cols.out;
                        let key = match is_complete {
                            true => "closeup.pool_lost_whole_map",
                            false => "closeup.pool_lost_map",
                        };
                        words = format!("{words} {}", view.fill(key, &map));
                    }
                    note_ui(ui, view, theme.accent, &words);
                } else if self.spot.is_done() && !self.is_max {
                    let count = self.spec.divisor([i, j]).to_string();
                    note_ui(ui, view, theme.accent, &view.fill("closeup.pool_mean", &[("count", &count)]));
                }
            });
        });
        legends_ui(ui, view, &items);
    }

    /// The gradient of the average before its division.
    fn divide_ui(&self, ui: &mut Ui) {
        let view = self.view;
        let [_, _, i, j] = self.spot.at;
        let dy = view.state.plan().output_gradient_of(self.l);
        let ds = TensorId::layer(self.l, Part::Ds);
        let k = i * self.plane(ds).cols() + j;
        let items: [Item; 3] = [self.map(dy).focus(k).into(), "÷".into(), self.map(ds).focus(k).into()];
        let room = ui.available_size();
        row_ui(ui, view, 0, &items, vec2(room.x, 0.6 * room.y));
        ui.add_space(space::S);
        let fold = view.state.trace().cell_until(self.focus, self.spot.done);
        lines_ui(
            ui,
            view,
            &last_steps(view, &fold.steps, 2, self.spot.terms as usize),
            NOTE_HEIGHT + LEGENDS_HEIGHT,
        );
        let count = self.spec.divisor([i, j]).to_string();
        note_ui(ui, view, view.theme.accent, &view.fill("closeup.pool_divided", &[("count", &count)]));
        legends_ui(ui, view, &items);
    }

    fn backward_ui(&self, ui: &mut Ui) {
        let (view, theme) = (self.view, self.view.theme);
        let plan = view.state.plan();
        let [_, _, p, q] = self.spot.at;
        let gradient =
            if self.is_max { plan.output_gradient_of(self.l) } else { TensorId::layer(self.l, Part::Ds) };
        let dx = TensorId::layer(self.l, Part::Dx);
        let cover = self.spec.cover()[1];
        let reader = |m: usize| self.spec.reader([p, q], [m / cover, m % cover]);
        // The window of the last term, or else the first that there is.
        let current = (self.spot.done as usize).checked_sub(1).and_then(reader);
        let window = current.or_else(|| (0..self.spot.terms as usize).find_map(reader));
        let dx_plane = self.plane(dx);
        let winner = window.filter(|_| self.is_max).map(|at| {
            let index = self.plane(gradient).index(at[0], at[1]);
            let winner = TensorId::layer(self.l, Part::Winner);
            let w = view.state.trace().value(winner, self.spot.image, index) as usize;
            [w / dx_plane.cols(), w % dx_plane.cols()]
        });
        // The winner is known from the forward pass on.
        let pooled = self.plane(TensorId::layer(self.l, Part::Out));
        let is_known = window.is_some_and(|[i, j]| pooled.cell(i, j).state == CellState::Current);
        let winner = winner.filter(|_| is_known);
        let done = |[p, q]: [usize; 2]| dx_plane.cell(p, q).state == CellState::Current;

        let room = ui.available_size();
        let mut over = Vec::new();
        let mut crosses = Vec::new();
        if let Some(at) = window {
            over.push(Overlay::reads(theme, self.span(at)));
            let taps = self.spec.window.cols.kernel;
            for m in 0..self.spec.window.taps() {
                let Some(cell) = self.spec.window.tap(at, [m / taps, m % taps]) else { continue };
                let (i, j) = (cell[0] as i32, cell[1] as i32);
                if winner == Some(cell) {
                    over.push(Overlay::dot(i, j, theme.accent));
                } else if winner.is_some() && done(cell) {
                    over.push(Overlay::cross(i, j, theme.bad));
                    crosses.push(m);
                }
            }
        }
        let from = self.map(gradient).over(window.map(|[i, j]| Overlay::reads(theme, CellSpan::cell(i, j))));
        let to = self.map(dx).over(over).focus(p * dx_plane.cols() + q);
        // Where the window's gradient goes, once it does.
        let goes_to = match self.is_max {
            true => winner.filter(|&cell| done(cell)),
            false => Some([p, q]).filter(|_| self.spot.done > 0),
        };
        let items: [Item; 3] = [from.into(), Item::Link { from_cell: goes_to.is_some() }, to.into()];
        let drawn = row_ui(ui, view, 0, &items, vec2(room.x, 0.36 * room.y));
        if let ([from, to], Some([i, j]), Some([p, q])) = (&drawn[..], window, goes_to) {
            link_ui(ui, (from, i, j), (to, p, q), theme.accent, theme);
        }
        ui.add_space(space::M);
        let Some(at) = window else {
            note_ui(ui, view, theme.warn, &view.text("closeup.pool_unseen"));
            return;
        };
        self.window_back_ui(ui, at, gradient, winner, &crosses);
        let fold = view.state.trace().cell_until(self.focus, self.spot.done);
        let lines = last_steps(view, &fold.steps, 3, self.spot.terms as usize);
        lines_ui(ui, view, &lines, NOTE_HEIGHT + LEGENDS_HEIGHT);
        ui.add_space(space::XS);
        let window_words = format!("({},{})", at[0], at[1]);
        let key = match (self.is_max, winner == Some([p, q])) {
            (true, true) => "closeup.pool_won",
            (true, false) => "closeup.pool_beaten",
            (false, _) => "closeup.pool_even",
        };
        if self.spot.done > 0 && (winner.is_some() || !self.is_max) {
            let count = self.spec.divisor(at).to_string();
            let winner = winner.map_or(String::new(), |[p, q]| format!("({p},{q})"));
            let words = [("window", window_words.as_str()), ("winner", &winner), ("count", &count)];
            note_ui(ui, view, theme.accent, &view.fill(key, &words));
        }
        legends_ui(ui, view, &items);
    }

    /// The window on its way back, enlarged: one gradient, who won forward, who gets it.
    fn window_back_ui(
        &self,
        ui: &mut Ui,
        at: [usize; 2],
        gradient: TensorId,
        winner: Option<[usize; 2]>,
        crosses: &[usize],
    ) {
        let (view, theme) = (self.view, self.view.theme);
        let (x, dx) = (Plan::input_of(self.l), TensorId::layer(self.l, Part::Dx));
        let plane = self.plane(gradient);
        let one = CaptionedGrid::from_values(
            move |_| plane.cell(at[0], at[1]),
            plane.revision() ^ ((at[0] as u64) << 32 | at[1] as u64),
            [1, 1, 1],
            plane.mapping(),
            self.name(gradient),
            format!("({},{})", at[0], at[1]),
        )
        .addressed(move |_| plane.address(at[0], at[1]))
        .at_most(52.0);
        let cols = self.spec.window.cols.kernel;
        let tap = |m: usize| self.spec.window.tap(at, [m / cols, m % cols]);
        let taps = || 0..self.spec.window.taps();
        let dots = || {
            taps().filter(|&m| winner.is_some() && tap(m) == winner).flat_map(|m| {
                let (i, j) = self.tap_cell(m);
                let frame = Overlay::outline(CellSpan::new(i, j, 1, 1), theme.accent).with_width(3.0);
                [frame, Overlay::dot(i, j, theme.accent)]
            })
        };
        let faded = taps().filter(|&m| winner.is_some() && tap(m).is_some() && tap(m) != winner).map(|m| {
            let (i, j) = self.tap_cell(m);
            Overlay::tint(CellSpan::new(i, j, 1, 1), theme.ground.gamma_multiply(0.55))
        });
        let own = taps().find(|&m| tap(m) == Some([self.spot.at[2], self.spot.at[3]]));
        let detail = format!("{} ({},{})", view.text("closeup.pool_window"), at[0], at[1]);
        let dx_window = self
            .window(dx, at, self.name(dx), detail.clone())
            .over(dots())
            .over(crosses.iter().map(|&m| {
                let (i, j) = self.tap_cell(m);
                Overlay::cross(i, j, theme.bad)
            }))
            .focus(own)
            .at_most(52.0);
        let room = vec2(ui.available_width(), (ui.available_height() - 140.0).clamp(76.0, 190.0));
        let items: Vec<Item> = if self.is_max {
            let x_window =
                self.window(x, at, self.name(x), detail.clone()).over(faded).over(dots()).at_most(52.0);
            vec![one.into(), "→".into(), x_window.into(), "→".into(), dx_window.into()]
        } else {
            vec![one.into(), "→".into(), dx_window.into()]
        };
        row_ui(ui, view, 1, &items, room);
    }
}
