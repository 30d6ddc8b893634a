//! What the map under the pointer reads: lines to the maps of the column beside it, thicker where the weights are
//! larger, the window in each, and the same in words.

use super::{Drawn, Hovered, Scene, column::Column};
use crate::nn::{Op, Part, Source};
use crate::trace::{Pass, Plan, TensorId};
use crate::ui::{
    names, receptive_field::ReceptiveField, tensor_plane::TensorPlane, theme::Theme, widgets::grid::CellSpan,
};
use egui::{Color32, Painter, Pos2, Rect, Stroke, StrokeKind, Ui, epaint::CubicBezierShape, pos2, vec2};

/// The width of a line of the least and of the largest weight.
const LINES: [f32; 2] = [1.0, 4.0];

impl Scene<'_> {
    /// The maps of other columns that the hovered map reads: those to its left for a value, to its right for a gradient.
    /// None for what reads the picture, or the loss.
    fn sources(&self, hovered: &Hovered) -> Vec<TensorId> {
        let plan = self.view.state.plan();
        let network = plan.network();
        let column_of = |l: usize| self.columns.iter().position(|column| column.layers.contains(&l));
        let mut found: Vec<TensorId> = Vec::new();
        if let Some(column) = self.columns.iter().find(|column| column.output() == hovered.tensor) {
            let layers = plan.layer(column.layers.start).sources.iter().filter_map(|source| source.layer());
            found.extend(layers.filter_map(column_of).map(|c| self.columns[c].output()));
        } else if let Some(column) = self.columns.iter().find(|c| c.gradient(plan) == hovered.tensor) {
            let readers = network.readers(Source::Layer(column.layers.end - 1)).iter();
            found.extend(
                readers.filter_map(|edge| column_of(edge.layer)).map(|c| self.columns[c].gradient(plan)),
            );
        }
        found.dedup();
        found
    }

    /// Frames the hovered map and its cell, and draws what it reads.
    pub(super) fn reading_ui(&self, ui: &Ui) {
        let Some(hovered) = &self.hovered else { return };
        let theme = self.view.theme;
        let drawn = self.drawn.borrow();
        let own = drawn.iter().find(|drawn| (drawn.tensor, drawn.map) == (hovered.tensor, hovered.map));
        let Some(own) = own else { return };
        let is_gradient = hovered.tensor.part.is_activation_gradient();
        let color = if is_gradient { theme.pass(Pass::Bwd).strong } else { theme.reads };
        let painter = ui.painter();
        for source in self.sources(hovered) {
            let fields: Vec<&ReceptiveField> =
                self.fields.iter().filter(|field| field.tensor == source && !field.readers).collect();
            let read = drawn.iter().filter(|drawn| drawn.tensor == source);
            let read: Vec<(&Drawn, f32)> = read
                .filter(|drawn| fields.iter().any(|field| field.channels.contains(&drawn.map)))
                .map(|drawn| (drawn, self.strength(hovered, drawn)))
                .collect();
            let most = read.iter().map(|(_, strength)| *strength).fold(0.0, f32::max);
            let is_vector = self.view.state.plan().shape_of(source).plane() == 1;
            if is_vector {
                // One line from the block of neurons as a whole.
                if let Some(whole) = read.iter().map(|(drawn, _)| drawn.rect).reduce(Rect::union) {
                    line_ui(painter, whole, own.rect, LINES[1] - 1.0, color);
                }
            } else {
                for (drawn, strength) in &read {
                    let share = if most > 0.0 { strength / most } else { 1.0 };
                    line_ui(painter, drawn.rect, own.rect, egui::lerp(LINES[0]..=LINES[1], share), color);
                }
            }
            for (drawn, _) in &read {
                for field in fields.iter().filter(|field| field.channels.contains(&drawn.map)) {
                    window_ui(painter, theme, self.span_rect(drawn, field.span), color);
                }
            }
        }
        let accent = Stroke::new(2.0, theme.accent);
        painter.rect_stroke(own.rect.expand(3.0), 3.0, accent, StrokeKind::Outside);
        let plane = TensorPlane::new(self.view, hovered.tensor, self.image, hovered.map);
        let within = hovered.index as usize % (plane.rows() * plane.cols()).max(1);
        if plane.rows() * plane.cols() > 1 {
            let [i, j] = [within / plane.cols(), within % plane.cols()].map(|n| n as i32);
            window_ui(painter, theme, self.span_rect(own, CellSpan::new(i, j, 1, 1)), theme.cursor);
        }
    }

    /// Where cells of a drawn map are.
    fn span_rect(&self, drawn: &Drawn, span: CellSpan) -> Rect {
        let [_, _, rows, cols] = self.view.state.plan().shape_of(drawn.tensor).0;
        let cell = vec2(drawn.rect.width() / cols as f32, drawn.rect.height() / rows as f32);
        let min = drawn.rect.min + vec2(span.left as f32, span.top as f32) * cell;
        Rect::from_min_size(min, vec2(span.cols as f32, span.rows as f32) * cell)
    }

    /// How large the weights are with which a map reads another: the sum of their magnitudes; 1 where there are none.
    fn strength(&self, hovered: &Hovered, read: &Drawn) -> f32 {
        let plan = self.view.state.plan();
        // The layer with the weights is the later of the two.
        let later = if hovered.tensor.part.is_activation_gradient() { read.tensor } else { hovered.tensor };
        let column =
            self.columns.iter().find(|column| [column.output(), column.gradient(plan)].contains(&later));
        let Some(l) = column.map(|column| column.layers.start) else { return 1.0 };
        let (out, input) = if hovered.tensor.part.is_activation_gradient() {
            (read.map, hovered.map)
        } else {
            (hovered.map, read.map)
        };
        let earlier = if hovered.tensor.part.is_activation_gradient() { hovered.tensor } else { read.tensor };
        let Some(weights) = self.view.state.trace().tensor(TensorId::layer(l, Part::Weight)) else {
            return 1.0;
        };
        let (outs, ins, _, _) = weights.dim();
        let sum_of = |o: usize, c: usize| {
            if o >= outs || c >= ins {
                0.0
            } else {
                weights.slice(ndarray::s![o, c, .., ..]).iter().map(|w| w.abs()).sum()
            }
        };
        let sum = |c: usize| sum_of(out, c);
        match &plan.layer(l).op {
            Op::Conv2d(conv) => {
                let first = conv.inputs_of(out).start;
                input.checked_sub(first).map_or(0.0, sum)
            }
            // A filter for each input map, with a slice for each output map of its group.
            Op::ConvTranspose2d(spec) => {
                let first = spec.conv.inputs_of(input).start;
                out.checked_sub(first).map_or(0.0, |slice| sum_of(input, slice))
            }
            Op::Dense(_) => {
                // A map of the layer before is as many inputs as it has cells.
                let maps = plan.shape_of(earlier).planes().max(1);
                let each = ins / maps;
                (input * each..(input + 1) * each).map(sum).sum()
            }
            Op::MaxPool2d(_)
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
            | Op::Concat => 1.0,
        }
    }

    /// What reads the picture has a line from what the network sees, which frames what it reads.
    pub(super) fn reads_of_picture_ui(&self, ui: &Ui, seen: Option<(Rect, f32)>) {
        let (Some(hovered), Some((seen, cell))) = (&self.hovered, seen) else { return };
        let (theme, plan) = (self.view.theme, self.view.state.plan());
        let field = self.fields.iter().find(|field| field.tensor == TensorId::INPUT && !field.readers);
        let Some(field) = field else { return };
        let span = field.span;
        let min = seen.min + vec2(span.left as f32, span.top as f32) * cell;
        let frame = Rect::from_min_size(min, vec2(span.cols as f32, span.rows as f32) * cell);
        window_ui(ui.painter(), theme, frame, theme.reads);
        let reads_picture =
            |column: &Column| plan.layer(column.layers.start).sources.contains(&Source::Input);
        let is_first =
            self.columns.iter().any(|column| column.output() == hovered.tensor && reads_picture(column));
        let drawn = self.drawn.borrow();
        let own = drawn.iter().find(|drawn| (drawn.tensor, drawn.map) == (hovered.tensor, hovered.map));
        if let Some(own) = own.filter(|own| is_first && self.layout.row.contains(own.rect.left_center())) {
            line_ui(ui.painter(), seen, own.rect, 3.0, theme.reads);
        }
    }

    /// A map in words: its name and largest value, and what it reads.
    pub(super) fn reading_words(&self, tensor: TensorId, map: usize) -> [String; 2] {
        let view = self.view;
        let plan = view.state.plan();
        let name = match self.columns.iter().find(|column| column.output() == tensor) {
            Some(column) => column.name(plan).to_owned(),
            None => names::tensor(view, tensor),
        };
        let plane = names::plane(view, tensor, map);
        let front = view.fill(
            "overview.front",
            &[("name", &name), ("map", &plane), ("value", &self.largest_words(tensor, map))],
        );
        let mut rest = vec![self.read_words(tensor, map)];
        rest.extend(self.sees_words(tensor));
        rest.push(view.text("overview.opens"));
        rest.retain(|words| !words.is_empty());
        [front, rest.join(" · ")]
    }

    /// `reads all 32 maps of conv1`.
    fn read_words(&self, tensor: TensorId, map: usize) -> String {
        let (view, plan) = (self.view, self.view.state.plan());
        let column = self.columns.iter().position(|column| {
            column.output() == tensor
                || (tensor.part.is_activation_gradient() && column.gradient(plan) == tensor)
        });
        let Some(c) = column else { return String::new() };
        if tensor.part.is_activation_gradient() {
            let readers = plan.network().readers(Source::Layer(self.columns[c].layers.end - 1));
            let next = readers.iter().map(|edge| self.block_name(Source::Layer(edge.layer)));
            return match next.collect::<Vec<_>>().join(&view.text("place.and")) {
                name if name.is_empty() => view.text("overview.from_loss"),
                name => view.fill("overview.from_gradient", &[("name", &name)]),
            };
        }
        let sources = &plan.layer(self.columns[c].layers.start).sources;
        let before = match sources[..] {
            [Source::Input] => return view.text("overview.reads_picture"),
            [Source::Layer(l)] => self.columns.iter().find(|column| column.layers.contains(&l)),
            [..] => None,
        };
        let Some(before) = before else {
            let names: Vec<String> = sources.iter().map(|&source| self.block_name(source)).collect();
            let names = names.join(&view.text("place.and"));
            return view.fill("overview.reads_several", &[("names", &names)]);
        };
        let (name, shape) = (before.name(plan), plan.shape_of(before.output()));
        let all = shape.planes();
        let read = read_maps(plan, &self.fields, before.output()).unwrap_or(all);
        let (n, k) = (read.to_string(), map.to_string());
        let values = [("n", n.as_str()), ("name", name), ("map", &k)];
        match (shape.plane() == 1, read) {
            (true, n) if n == all => view.fill("overview.reads_neurons", &values),
            (false, n) if n == all && n > 1 => view.fill("overview.reads_all", &values),
            (_, 1) => view.fill("overview.reads_one", &values),
            (_, _) => view.fill("overview.reads_some", &values),
        }
    }

    /// The name of the column that has a layer, or of the layer itself; of the picture its own.
    fn block_name(&self, source: Source) -> String {
        let plan = self.view.state.plan();
        let column = |l: usize| self.columns.iter().find(|column| column.layers.contains(&l));
        match source.layer() {
            None => self.view.text("name.input"),
            Some(l) => column(l).map_or_else(|| plan.layer(l).name(), |column| column.name(plan)).to_owned(),
        }
    }

    /// `the framed cell sees 5×5 pixels`.
    fn sees_words(&self, tensor: TensorId) -> Option<String> {
        let hovered = self.hovered.as_ref().filter(|hovered| hovered.tensor == tensor)?;
        if hovered.tensor.part.is_activation_gradient() {
            return None;
        }
        let field = self.fields.iter().find(|field| field.tensor == TensorId::INPUT && !field.readers)?;
        let (rows, cols) = (field.span.rows.to_string(), field.span.cols.to_string());
        let is_vector = self.view.state.plan().shape_of(tensor).plane() == 1;
        let key = if is_vector { "overview.neuron_sees" } else { "overview.cell_sees" };
        Some(self.view.fill(key, &[("rows", &rows), ("cols", &cols)]))
    }
}

/// How many maps of a tensor some cell reads.
fn read_maps(plan: &Plan, fields: &[ReceptiveField], tensor: TensorId) -> Option<usize> {
    let all = plan.shape_of(tensor).planes();
    let of = |k: usize| {
        fields.iter().any(|field| field.tensor == tensor && !field.readers && field.channels.contains(&k))
    };
    let count = (0..all).filter(|&k| of(k)).count();
    (count > 0).then_some(count)
}

/// A frame that is seen on any colour.
fn window_ui(painter: &Painter, theme: &Theme, rect: Rect, color: Color32) {
    let rect = rect.expand(0.5);
    painter.rect_stroke(rect, 0.0, Stroke::new(3.0, theme.halo), StrokeKind::Middle);
    painter.rect_stroke(rect, 0.0, Stroke::new(1.5, color), StrokeKind::Middle);
}

/// A line from one map's side to the other's.
fn line_ui(painter: &Painter, from: Rect, to: Rect, width: f32, color: Color32) {
    let (a, b) = if from.center().x <= to.center().x {
        (pos2(from.right(), from.center().y), pos2(to.left() - 3.0, to.center().y))
    } else {
        (pos2(from.left(), from.center().y), pos2(to.right() + 3.0, to.center().y))
    };
    let bend = vec2(0.6 * (b.x - a.x), 0.0);
    let points: [Pos2; 4] = [a, a + bend, b - bend, b];
    painter.add(CubicBezierShape::from_points_stroke(
        points,
        false,
        Color32::TRANSPARENT,
        Stroke::new(width, color),
    ));
}
