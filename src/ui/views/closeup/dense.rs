//! The dense layer: the flattened strip, the weights, the sum.

use super::caption::Caption;
use super::computed::Computed;
use super::focused_cell::{FocusedCell, origin};
use super::part::{Part, around, wrap};
use super::parts::Item;
use super::{Closeup, legends};
use crate::nn::{Part as TensorPart, dense::Dense};
use crate::trace::{Address, Stage, Step, TensorId};
use crate::ui::{
    blocks::scores_layer,
    colormap::{Mapping, ValueRange},
    names, number,
    tensor_plane::TensorPlane,
    view::View,
    widgets::grid::{CellSpan, CellView, Overlay},
};

/// The close-up of a dense layer: its output, or the gradient of its weights, biases or input.
pub(super) fn dense<'a>(
    view: &'a View<'a>,
    focus: &Address,
    stage: &Stage,
    l: usize,
    spec: &'a Dense,
) -> Option<Closeup<'a>> {
    let spot = FocusedCell::from_address(view, focus)?;
    let steps = view.state.trace().cell_until(focus, spot.done).steps;
    let dense = DenseView { view, focus: *focus, spot, l, spec, steps };
    let (items, words) = match Computed::from_part(stage.tensor.part)? {
        Computed::Output => dense.forward(),
        Computed::WeightGradient => dense.weight(),
        Computed::BiasGradient => dense.bias(),
        Computed::InputGradient => dense.input(),
        Computed::SumGradient => return None,
    };
    let caption = Caption::from_steps(view, &dense.steps).with_words(words).with_legends(legends(&items));
    Some(Closeup::of_parts(items, None, caption))
}

/// The parts, and the sentences on them.
type Shown<'a> = (Vec<Item<'a>>, Vec<String>);

struct DenseView<'a> {
    view: &'a View<'a>,
    focus: Address,
    spot: FocusedCell,
    l: usize,
    spec: &'a Dense,
    steps: Vec<Step>,
}

/// The width and height of the room of a strip's map.
const STRIP: egui::Vec2 = egui::Vec2::new(230.0, 150.0);

impl<'a> DenseView<'a> {
    fn own(&self, part: TensorPart) -> TensorId {
        TensorId::layer(self.l, part)
    }

    fn plane(&self, tensor: TensorId) -> TensorPlane<'a> {
        TensorPlane::new(self.view, tensor, self.spot.image, 0)
    }

    /// The sizes [C, H, W] that the input vector comes from, where it was a volume.
    fn volume(&self) -> Option<[usize; 3]> {
        let x = self.view.state.plan().input_of(self.l);
        let own = self.view.state.plan().layer(self.l).input;
        origin(self.view, x).or((own[1] * own[2] > 1).then_some(own)).filter(|[_, h, w]| h * w > 1)
    }

    /// Columns of a strip of inputs: whole channels where it came from a volume, as many in a row
    /// as bring the strip nearest to the room of its map.
    fn columns(&self, features: usize) -> usize {
        let Some([c, h, w]) = self.volume() else { return wrap(features, 10) };
        let channel = h * w;
        let cell = |per_row: usize| {
            let (rows, cols) = (c.div_ceil(per_row), per_row * channel);
            (STRIP.x / cols as f32).min(STRIP.y / rows as f32)
        };
        let best =
            (1..=c).filter(|per_row| c.is_multiple_of(*per_row)).max_by(|&a, &b| cell(a).total_cmp(&cell(b)));
        best.unwrap_or(1) * channel
    }

    /// Where the m-th input comes from: `map 3 (2,1)`.
    fn place(&self, f: usize) -> String {
        match self.volume() {
            Some([_, h, w]) => {
                let map = self.view.fill("name.map", &[("k", &(f / (h * w)).to_string())]);
                format!("{map} ({},{})", f / w % h, f % w)
            }
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
    fn products(&self, like: &Part) -> Part<'a> {
        let view = self.view;
        let form = like.form();
        let values: Vec<f32> = self.steps.iter().filter_map(Step::product).take(form[0]).collect();
        // All products of the cell give the scale, so that colours hold still while it fills.
        let whole = view.state.trace().cell(&self.focus);
        let value_range = ValueRange::from_values(whole.steps.iter().take(form[0]).filter_map(Step::product));
        let mapping = Mapping::signed_for(value_range, view.theme.dark);
        let revision = view.state.revision()
            ^ ((values.len() as u64) << 20)
            ^ (u64::from(self.spot.index) << 44)
            ^ (self.spot.tensor.part.number() as u64) << 58;
        let [done, all] = [values.len(), form[0]].map(|n| n.to_string());
        let detail = view.fill("closeup.done_of", &[("done", &done), ("all", &all)]);
        let cells =
            move |k: usize| values.get(k).map_or(CellView::not_yet(), |&product| CellView::current(product));
        Part::from_values(cells, revision, form, mapping, view.text("closeup.products"), detail)
    }

    /// The shown term, or the one done last, if it is one of the products.
    fn last_term(&self, features: usize) -> Option<usize> {
        let marked = super::looked_term(&self.focus).map(|m| m as usize);
        marked.or_else(|| (self.spot.done as usize).checked_sub(1)).filter(|&m| m < features)
    }

    /// A run of cells in the form of the input.
    fn strip(&self, tensor: TensorId, first: usize, detail: String) -> Part<'a> {
        let features = self.spec.in_features;
        let cols = self.columns(features);
        let title = names::tensor(self.view, tensor);
        let range = [first as u32, 1];
        Part::from_cells(self.view, self.plane(tensor), range, features, cols, [title, detail])
            .over(self.channels(features, cols))
    }

    fn forward(&self) -> Shown<'a> {
        let view = self.view;
        let (x, o) = (self.view.state.plan().input_of(self.l), self.spot.at[1]);
        let features = self.spec.in_features;
        let term = self.last_term(features);
        let xs = self.strip(x, 0, self.input_detail(features)).focus(term);
        let row = view.fill("closeup.weights_of", &[("o", &o.to_string())]);
        let ws = self.strip(self.own(TensorPart::Weight), o * features, row).focus(term);
        let products = self.products(&xs).focus(term).over(self.channels(features, self.columns(features)));
        let target = around(view, self.spot.tensor, self.spot.image, self.spot.index);
        let items =
            vec![xs.into(), "×".into(), ws.into(), "=".into(), products.into(), "Σ".into(), target.into()];
        let words = match (self.spot.done, term) {
            (0, _) => view.text("closeup.nothing_yet"),
            (_, Some(m)) if !self.spot.is_done() => {
                view.fill("closeup.dense_term", &[("place", &self.place(m))])
            }
            _ => view.fill(
                "closeup.dense_means",
                &[("count", &features.to_string()), ("name", &self.output_name(o))],
            ),
        };
        (items, vec![words])
    }

    fn weight(&self) -> Shown<'a> {
        let view = self.view;
        let (x, dy) = (view.state.plan().input_of(self.l), view.state.plan().output_gradient_of(self.l));
        let features = self.spec.in_features;
        let [o, f, ..] = self.spot.at;
        let dys = around(view, dy, self.spot.image, o as u32);
        let xs = self.strip(x, 0, self.input_detail(features)).focus(f);
        let row = view.fill("closeup.row_of", &[("o", &o.to_string()), ("count", &features.to_string())]);
        let dws = self.strip(self.spot.tensor, o * features, row).focus(f);
        let items = vec![dys.into(), "×".into(), xs.into(), "=".into(), dws.into()];
        let (o, all, place) = (o.to_string(), self.spec.out_features.to_string(), self.place(f));
        let key = if view.state.plan().setup().images > 1 { "closeup.outer_batch" } else { "closeup.outer" };
        (items, vec![view.fill(key, &[("o", &o), ("all", &all), ("place", &place)])])
    }

    fn bias(&self) -> Shown<'a> {
        let view = self.view;
        let dy = view.state.plan().output_gradient_of(self.l);
        let from = around(view, dy, self.spot.image, self.spot.index);
        let to = around(view, self.spot.tensor, self.spot.image, self.spot.index);
        let is_batch = view.state.plan().setup().images > 1;
        let key = if is_batch { "closeup.dense_db_note_batch" } else { "closeup.dense_db_note" };
        (vec![from.into(), "→".into(), to.into()], vec![view.text(key)])
    }

    fn input(&self) -> Shown<'a> {
        let view = self.view;
        let dy = view.state.plan().output_gradient_of(self.l);
        let (features, outs) = (self.spec.in_features, self.spec.out_features);
        let f = self.spot.index as usize;
        let term = self.last_term(outs);
        let column = wrap(outs, 12);
        let count = view.fill("closeup.cells", &[("count", &outs.to_string())]);
        let words = [names::tensor(view, dy), count];
        let dys = Part::from_cells(view, self.plane(dy), [0, 1], outs, column, words).focus(term);
        let weight = self.own(TensorPart::Weight);
        let of = view.fill("closeup.column_of", &[("f", &self.place(f))]);
        let range = [f as u32, features as u32];
        let words = [names::tensor(view, weight), of];
        let ws = Part::from_cells(view, self.plane(weight), range, outs, column, words).focus(term);
        let products = self.products(&dys).focus(term);
        let dxs = self.strip(self.spot.tensor, 0, self.input_detail(features)).focus(f);
        let items =
            vec![dys.into(), "×".into(), ws.into(), "=".into(), products.into(), "Σ".into(), dxs.into()];
        let words = match (self.spot.is_done(), term) {
            (true, _) => {
                let value = number::four_digits(view.state.trace().finished(&self.focus));
                view.fill("closeup.dense_dx_note", &[("value", &value)])
            }
            (false, Some(o)) => view.fill("closeup.dense_dx_term", &[("name", &self.output_name(o))]),
            (false, None) => view.text("closeup.nothing_yet"),
        };
        (items, vec![words])
    }

    /// The o-th output: a class where this is the last layer.
    fn output_name(&self, o: usize) -> String {
        let is_score = scores_layer(self.view.state.plan().network()) == Some(self.l);
        if is_score {
            names::class_of_output(self.view, o)
        } else {
            self.view.fill("name.neuron", &[("k", &o.to_string())])
        }
    }
}
