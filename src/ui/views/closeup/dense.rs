//! The dense layer: the flattened strip, the weights, the sum.

use super::arithmetic::{last_steps, lines_ui};
use super::captioned_grid::{CaptionedGrid, Item, around, legends_ui, row_ui, wrap};
use super::computed::Computed;
use super::focused_cell::{FocusedCell, origin};
use super::heading::{NOTE_HEIGHT, heading_ui, note_ui};
use crate::nn::{Part, dense::Dense};
use crate::trace::{Address, Plan, Stage, Step, TensorId};
use crate::ui::{
    colormap::{Mapping, ValueRange},
    names, number,
    tensor_plane::TensorPlane,
    theme::space,
    view::View,
    widgets::grid::{CellSpan, CellView, Overlay},
};
use egui::{RichText, Ui, vec2};

/// Draws the close-up of a dense layer: its output, or the gradient of its weights, biases or input.
pub fn dense_ui(ui: &mut Ui, view: &View, focus: &Address, stage: &Stage, l: usize, spec: &Dense) {
    let Some(spot) = FocusedCell::from_address(view, focus) else { return };
    let Some(computed) = Computed::from_part(stage.tensor.part) else { return };
    let key = match computed {
        Computed::Output => "closeup.dense",
        Computed::WeightGradient => "closeup.dense_dw",
        Computed::BiasGradient => "closeup.dense_db",
        Computed::InputGradient => "closeup.dense_dx",
        Computed::SumGradient => return,
    };
    heading_ui(ui, view, focus, stage, &view.text(key));
    let dense = DenseView { view, focus, spot, l, spec };
    match computed {
        Computed::Output => dense.forward_ui(ui),
        Computed::WeightGradient => dense.weight_ui(ui),
        Computed::BiasGradient => dense.bias_ui(ui),
        Computed::InputGradient => dense.input_ui(ui),
        Computed::SumGradient => {}
    }
}

struct DenseView<'a> {
    view: &'a View<'a>,
    focus: &'a Address,
    spot: FocusedCell,
    l: usize,
    spec: &'a Dense,
}

impl<'a> DenseView<'a> {
    fn own(&self, part: Part) -> TensorId {
        TensorId::layer(self.l, part)
    }

    fn plane(&self, tensor: TensorId) -> TensorPlane<'a> {
        TensorPlane::new(self.view, tensor, self.spot.image, 0)
    }

    /// The sizes [C, H, W] that the input vector comes from, where it was a volume.
    fn volume(&self) -> Option<[usize; 3]> {
        let x = Plan::input_of(self.l);
        let own = self.view.state.plan().layer(self.l).input;
        origin(self.view, x).or((own[1] * own[2] > 1).then_some(own)).filter(|[_, h, w]| h * w > 1)
    }

    /// Columns of a strip of inputs: whole channels where it came from a volume, as many in a row
    /// as bring the strip nearest to its room.
    fn columns(&self, features: usize, room: egui::Vec2) -> usize {
        let Some([c, h, w]) = self.volume() else { return wrap(features, 10) };
        let channel = h * w;
        let cell = |per_row: usize| {
            let (rows, cols) = (c.div_ceil(per_row), per_row * channel);
            (room.x / cols as f32).min(room.y / rows as f32)
        };
        let best =
            (1..=c).filter(|per_row| c.is_multiple_of(*per_row)).max_by(|&a, &b| cell(a).total_cmp(&cell(b)));
        best.unwrap_or(1) * channel
    }

    /// Where the m-th input comes from.
    fn place(&self, f: usize) -> String {
        match self.volume() {
            Some([_, h, w]) => format!("k{} ({},{})", f / (h * w), f / w % h, f % w),
            None => f.to_string(),
        }
    }

    fn input_detail(&self, features: usize) -> String {
        match self.volume() {
            Some([c, h, w]) => format!("{c}×{h}×{w} = {features}"),
            None => self.view.fill("closeup.cells", &[("count", &features.to_string())]),
        }
    }

    /// Lines between the channels of a strip.
    fn channels(&self, features: usize, cols: usize) -> Vec<Overlay> {
        let Some([c, h, w]) = self.volume() else { return Vec::new() };
        let channel = h * w;
        if c > 64 || cols == channel {
            return Vec::new();
        }
        let spans = (0..features / channel).map(|k| {
            let first = k * channel;
            CellSpan::new((first / cols) as i32, (first % cols) as i32, 1, channel as i32)
        });
        spans.map(|span| Overlay::outline(span, self.view.theme.line_strong).with_width(1.0)).collect()
    }

    /// The products of the terms that are done, in the form of `like`.
    fn products(
        &self,
        steps: &[Step],
        like: &CaptionedGrid,
        name: String,
        detail: String,
    ) -> CaptionedGrid<'a> {
        let values: Vec<f32> = steps.iter().filter_map(Step::product).take(like.form()[0]).collect();
        // All products of the cell give the scale, so that colours hold still while it fills.
        let whole = self.view.state.trace().cell(self.focus);
        let value_range =
            ValueRange::from_values(whole.steps.iter().take(like.form()[0]).filter_map(Step::product));
        let mapping = Mapping::signed_for(value_range, self.view.theme.dark);
        let revision = self.view.state.revision()
            ^ ((values.len() as u64) << 20)
            ^ (u64::from(self.spot.index) << 44)
            ^ (self.spot.tensor.part as u64) << 58;
        let cells =
            move |k: usize| values.get(k).map_or(CellView::not_yet(), |&product| CellView::current(product));
        CaptionedGrid::from_values(cells, revision, like.form(), mapping, name, detail).sized_like(like)
    }

    fn last_term(&self, features: usize) -> Option<usize> {
        (self.spot.done as usize).checked_sub(1).filter(|&m| m < features)
    }

    fn forward_ui(&self, ui: &mut Ui) {
        let view = self.view;
        let (x, o) = (Plan::input_of(self.l), self.spot.at[1]);
        let features = self.spec.in_features;
        let fold = view.state.trace().cell_until(self.focus, self.spot.done);
        let room = ui.available_size();
        let above = vec2(room.x, (0.52 * room.y).max(120.0));
        let cols = self.columns(features, vec2(above.x / 3.9, above.y - 36.0));
        let image = self.spot.image;
        let term = self.last_term(features);
        let name = |tensor| names::tensor(view, tensor);
        let strip = |tensor, first, detail| {
            CaptionedGrid::from_cells(
                view,
                self.plane(tensor),
                image,
                [first, 1],
                features,
                cols,
                [name(tensor), detail],
            )
        };
        let xs = strip(x, 0, self.input_detail(features)).focus(term).over(self.channels(features, cols));
        let row = view.fill("closeup.weights_of", &[("o", &o.to_string())]);
        let ws = strip(self.own(Part::Weight), (o * features) as u32, row)
            .focus(term)
            .over(self.channels(features, cols));
        let done = view.fill(
            "closeup.done_of",
            &[("done", &fold.steps.len().min(features).to_string()), ("all", &features.to_string())],
        );
        let products = self
            .products(&fold.steps, &xs, view.text("closeup.products"), done)
            .focus(term)
            .over(self.channels(features, cols));
        let target = around(view, self.spot.tensor, image, self.spot.index);
        let items: [Item; 7] =
            [xs.into(), "×".into(), ws.into(), "=".into(), products.into(), "Σ".into(), target.into()];
        row_ui(ui, view, 0, &items, above);
        legends_ui(ui, view, &items);
        ui.separator();
        if fold.steps.is_empty() {
            ui.label(RichText::new(view.text("closeup.nothing_yet")).color(view.theme.text_weak));
        }
        let mut lines = last_steps(self.view, &fold.steps, 5, self.spot.terms as usize);
        for line in &mut lines {
            let m: usize = line.name.trim_start_matches('m').parse().unwrap_or(0);
            let place = if m < features { self.place(m) } else { view.text("closeup.bias") };
            line.name = format!("{} · {place}", line.name);
        }
        lines_ui(ui, view, &lines, 0.0);
    }

    fn weight_ui(&self, ui: &mut Ui) {
        let (view, theme) = (self.view, self.view.theme);
        let plan = view.state.plan();
        let (x, dy) = (Plan::input_of(self.l), plan.output_gradient_of(self.l));
        let features = self.spec.in_features;
        let [o, f, ..] = self.spot.at;
        let room = ui.available_size();
        let above = vec2(room.x, (0.58 * room.y).max(120.0));
        let cols = self.columns(features, vec2(above.x / 2.6, above.y - 36.0));
        let dys = around(view, dy, self.spot.image, o as u32);
        let strip = |tensor, first, detail| {
            let name = names::tensor(view, tensor);
            CaptionedGrid::from_cells(
                view,
                self.plane(tensor),
                self.spot.image,
                [first, 1],
                features,
                cols,
                [name, detail],
            )
            .focus(f)
            .over(self.channels(features, cols))
        };
        let xs = strip(x, 0, self.input_detail(features));
        let row = view.fill("closeup.row_of", &[("o", &o.to_string()), ("count", &features.to_string())]);
        let dws = strip(self.spot.tensor, (o * features) as u32, row);
        let items: [Item; 5] = [dys.into(), "×".into(), xs.into(), "=".into(), dws.into()];
        row_ui(ui, view, 0, &items, above);
        legends_ui(ui, view, &items);
        self.own_lines_ui(ui);
        let (o, all, place) = (o.to_string(), self.spec.out_features.to_string(), self.place(f));
        let key = if plan.setup().images > 1 { "closeup.outer_batch" } else { "closeup.outer" };
        let words = view.fill(key, &[("o", &o), ("all", &all), ("place", &place)]);
        note_ui(ui, view, theme.accent, &words);
        // The whole matrix where it can be seen.
        let matrix = CaptionedGrid::from_cells(
            view,
            self.plane(self.spot.tensor),
            self.spot.image,
            [0, 1],
            features * self.spec.out_features,
            features,
            [names::tensor(view, self.spot.tensor), format!("{}×{features}", self.spec.out_features)],
        );
        let room = ui.available_size();
        if features as f32 * 3.0 <= room.x && room.y > 70.0 {
            let items: [Item; 1] = [matrix.focus(self.spot.index as usize).at_most(24.0).into()];
            row_ui(ui, view, 1, &items, vec2(room.x, room.y - 8.0));
        }
    }

    fn bias_ui(&self, ui: &mut Ui) {
        let view = self.view;
        let dy = view.state.plan().output_gradient_of(self.l);
        let from = around(view, dy, self.spot.image, self.spot.index);
        let to = around(view, self.spot.tensor, self.spot.image, self.spot.index);
        let items: [Item; 3] = [from.into(), "→".into(), to.into()];
        let room = ui.available_size();
        row_ui(ui, view, 0, &items, vec2(room.x, 0.6 * room.y));
        self.own_lines_ui(ui);
        let is_batch = view.state.plan().setup().images > 1;
        let key = if is_batch { "closeup.dense_db_note_batch" } else { "closeup.dense_db_note" };
        note_ui(ui, view, view.theme.accent, &view.text(key));
        legends_ui(ui, view, &items);
    }

    fn input_ui(&self, ui: &mut Ui) {
        let (view, theme) = (self.view, self.view.theme);
        let plan = view.state.plan();
        let dy = plan.output_gradient_of(self.l);
        let (features, outs) = (self.spec.in_features, self.spec.out_features);
        let f = self.spot.index as usize;
        let fold = view.state.trace().cell_until(self.focus, self.spot.done);
        let room = ui.available_size();
        let above = vec2(room.x, (0.55 * room.y).max(120.0));
        let term = self.last_term(outs);
        let (column, least) = (wrap(outs, 12), if outs <= 12 { 30.0 } else { 0.0 });
        let count = view.fill("closeup.cells", &[("count", &outs.to_string())]);
        let dys = CaptionedGrid::from_cells(
            view,
            self.plane(dy),
            self.spot.image,
            [0, 1],
            outs,
            column,
            [names::tensor(view, dy), count],
        )
        .focus(term)
        .at_least(least)
        .at_most(30.0);
        let weight = self.own(Part::Weight);
        let of = view.fill("closeup.column_of", &[("f", &self.place(f))]);
        let stride = [f as u32, features as u32];
        let ws = CaptionedGrid::from_cells(
            view,
            self.plane(weight),
            0,
            stride,
            outs,
            column,
            [names::tensor(view, weight), of],
        )
        .focus(term)
        .at_least(least)
        .at_most(30.0);
        let done = view
            .fill("closeup.done_of", &[("done", &fold.steps.len().to_string()), ("all", &outs.to_string())]);
        let products = self
            .products(&fold.steps, &dys, view.text("closeup.products"), done)
            .focus(term)
            .at_least(least)
            .at_most(30.0);
        let cols = self.columns(features, vec2(above.x / 3.0, above.y - 36.0));
        let detail = self.input_detail(features);
        let name = names::tensor(view, self.spot.tensor);
        let target = self.plane(self.spot.tensor);
        let dxs =
            CaptionedGrid::from_cells(view, target, self.spot.image, [0, 1], features, cols, [name, detail])
                .focus(f)
                .over(self.channels(features, cols));
        let items: [Item; 7] =
            [dys.into(), "×".into(), ws.into(), "=".into(), products.into(), "Σ".into(), dxs.into()];
        row_ui(ui, view, 0, &items, above);
        legends_ui(ui, view, &items);
        ui.separator();
        let mut lines = last_steps(self.view, &fold.steps, 5, self.spot.terms as usize);
        for line in &mut lines {
            let o: usize = line.name.trim_start_matches('m').parse().unwrap_or(0);
            line.name = self.output_name(o);
        }
        lines_ui(ui, view, &lines, if self.spot.is_done() { NOTE_HEIGHT } else { 0.0 });
        if self.spot.is_done() {
            let value = number::four_digits(fold.value);
            let words = view.fill("closeup.dense_dx_note", &[("value", &value)]);
            note_ui(ui, view, theme.accent, &words);
        }
    }

    /// The o-th output: a class where this is the last layer.
    fn output_name(&self, o: usize) -> String {
        let is_last = self.l + 1 == self.view.state.plan().network().layers.len();
        if is_last { format!("{o} {}", self.view.state.model().class_name(o)) } else { o.to_string() }
    }

    fn own_lines_ui(&self, ui: &mut Ui) {
        let fold = self.view.state.trace().cell_until(self.focus, self.spot.done);
        ui.add_space(space::XS);
        lines_ui(
            ui,
            self.view,
            &last_steps(self.view, &fold.steps, 3, self.spot.terms as usize),
            NOTE_HEIGHT,
        );
    }
}
