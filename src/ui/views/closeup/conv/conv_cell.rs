//! What all close-ups of a convolution share: the current cell and its terms up to the cursor.

use super::super::{caption::Caption, computed::Computed};
use crate::nn::{Part, conv::Conv2d, conv_transpose::ConvTranspose2d};
use crate::trace::{Address, CellFold, Grain, Stage, TensorId};
use crate::ui::{
    colormap::{Mapping, ValueRange},
    names, number,
    tensor_plane::TensorPlane,
    theme::Theme,
    view::View,
    widgets::grid::{CellState, CellView},
};
use std::rc::Rc;

/// A convolution, or a transposed one, which has the same sums in other stages.
#[derive(Clone, Copy)]
pub struct Filters<'a> {
    /// The convolution; of a transposed one that which it transposes.
    pub conv: &'a Conv2d,
    /// Its windows lie on the output.
    pub is_transposed: bool,
    /// A bias is added to its output.
    pub bias: bool,
}

impl<'a> From<&'a Conv2d> for Filters<'a> {
    fn from(conv: &'a Conv2d) -> Self {
        Self { conv, is_transposed: false, bias: conv.bias }
    }
}

impl<'a> From<&'a ConvTranspose2d> for Filters<'a> {
    fn from(spec: &'a ConvTranspose2d) -> Self {
        Self { conv: &spec.conv, is_transposed: true, bias: spec.bias }
    }
}

/// The current cell of a convolution, with its terms up to the cursor.
pub struct ConvCell<'a> {
    /// The view.
    pub view: &'a View<'a>,
    /// The cell.
    pub focus: Address,
    /// Its stage.
    pub stage: &'a Stage,
    /// The number of the layer.
    pub l: usize,
    /// The convolution; of a transposed one that which it transposes.
    pub spec: &'a Conv2d,
    /// Its windows lie on the output.
    pub is_transposed: bool,
    /// A bias is added to its output.
    pub has_bias: bool,
    /// The cell's image in the batch.
    pub image: u32,
    /// The cell's place in its tensor.
    pub at: [usize; 4],
    /// Terms done at the cursor.
    pub done: u32,
    /// All its terms.
    pub terms: u32,
    /// The shown term; in an unfinished cell the last one done.
    pub marked: Option<u32>,
    /// The terms done, with their numbers.
    pub fold: Rc<CellFold>,
    /// The range of all products and running sums of the cell, for their colours.
    value_range: ValueRange,
    /// The range of its products alone.
    product_range: ValueRange,
}

impl<'a> ConvCell<'a> {
    /// `None` where the address names no cell of a tensor.
    pub fn new(
        view: &'a View<'a>,
        focus: &Address,
        stage: &'a Stage,
        l: usize,
        filters: Filters<'a>,
    ) -> Option<Self> {
        let (plan, trace) = (view.state.plan(), view.state.trace());
        let term = (focus.grain() == Grain::Term).then(|| focus.term());
        let focus = focus.whole_cell();
        let (tensor, image, index) = trace.tensor_cell(&focus)?;
        let (done, terms) = view.state.terms_done(&focus);
        let marked = term.or_else(|| done.checked_sub(1).filter(|_| done < terms));
        let whole = trace.cell(&focus);
        let value_range = ValueRange::from_values(
            whole.steps.iter().flat_map(|step| [step.product().unwrap_or(step.after), step.after]),
        );
        let product_range =
            ValueRange::from_values(whole.steps.iter().filter_map(crate::trace::Step::product));
        let steps = whole.steps.into_iter().take(done as usize).collect();
        let fold = Rc::new(CellFold { steps, ..whole });
        let at = plan.shape_of(tensor).at(index as usize);
        Some(Self {
            view,
            focus,
            stage,
            l,
            spec: filters.conv,
            is_transposed: filters.is_transposed,
            has_bias: filters.bias,
            image,
            at,
            done,
            terms,
            marked,
            fold,
            value_range,
            product_range,
        })
    }

    /// The theme.
    pub const fn theme(&self) -> &'static Theme {
        self.view.theme
    }

    /// A tensor of this layer.
    pub const fn own(&self, part: Part) -> TensorId {
        TensorId::layer(self.l, part)
    }

    /// The name of a tensor.
    pub fn name(&self, tensor: TensorId) -> String {
        names::tensor(self.view, tensor)
    }

    /// Whether it is a cell of the layer's output.
    pub fn is_output(&self) -> bool {
        self.stage.tensor.part == Part::Out
    }

    /// Whether it gathers what windows hand back to it: an input gradient, or the output of a transposed convolution.
    pub fn is_gathered(&self) -> bool {
        match Computed::from_part(self.stage.tensor.part) {
            Some(Computed::Output) => self.is_transposed,
            Some(Computed::InputGradient) => !self.is_transposed,
            Some(Computed::SumGradient | Computed::WeightGradient | Computed::BiasGradient) | None => false,
        }
    }

    /// What the windows slide over: the input, of a transposed convolution the gradient of the output.
    pub fn over(&self) -> TensorId {
        let plan = self.view.state.plan();
        if self.is_transposed { plan.output_gradient_of(self.l) } else { plan.input_of(self.l) }
    }

    /// What has a cell for each window: the gradient of the sum of products, of a transposed convolution the input.
    pub fn each(&self) -> TensorId {
        let plan = self.view.state.plan();
        if self.is_transposed { plan.input_of(self.l) } else { plan.sum_gradient_of(self.l, self.spec) }
    }

    /// Rows and columns of the positions that a gradient of a weight or a bias is added up over.
    pub fn positions(&self) -> [usize; 2] {
        if self.stage.tensor.part == Part::Db {
            let [_, rows, cols] = self.view.state.plan().layer(self.l).output;
            return [rows, cols];
        }
        self.spec.window.out()
    }

    /// A plane of weights as the terms find it: before the update.
    pub fn weights(&self, plane: usize) -> TensorPlane<'a> {
        TensorPlane::before_update(self.view, self.own(Part::Weight), plane)
    }

    /// The product of term `m`, once it is done.
    pub fn product(&self, m: usize) -> CellView {
        let product = self.fold.steps.get(m).and_then(|step| step.product());
        product.map_or_else(CellView::not_yet, CellView::current)
    }

    /// The running value after `all` terms, or after as many of them as are done.
    pub fn running(&self, all: usize) -> CellView {
        match self.fold.steps.get(..all.min(self.fold.steps.len())).and_then(<[_]>::last) {
            None => CellView::not_yet(),
            Some(step) if self.fold.steps.len() < all => {
                CellView { value: step.after, state: CellState::Partial }
            }
            Some(step) => CellView::current(step.after),
        }
    }

    /// The contribution of those terms of `from..to` that are done: the difference of the running sums, or the sum of
    /// the products if a running sum is not finite.
    pub fn brought(&self, from: usize, to: usize) -> CellView {
        let done = to.min(self.fold.steps.len());
        let Some(steps @ [first, ..]) = self.fold.steps.get(from..done) else { return CellView::not_yet() };
        let after = steps.last().map_or(first.after, |last| last.after);
        let value = if first.before.is_finite() && after.is_finite() {
            f64::from(after) - f64::from(first.before)
        } else {
            steps.iter().filter_map(|step| step.product()).map(f64::from).sum()
        };
        let state = if done < to { CellState::Partial } else { CellState::Current };
        CellView { value: value as f32, state }
    }

    /// The address of term `m` of the cell.
    pub fn term(&self, m: usize) -> Address {
        self.focus.with_term(m as u32)
    }

    /// The colours of products and sums.
    pub fn sum_mapping(&self) -> Mapping {
        Mapping::signed_for(self.value_range, self.theme().dark).with_log(self.view.state.view().log)
    }

    /// The colours of products where they are many and much smaller than their sum.
    pub fn product_mapping(&self) -> Mapping {
        Mapping::signed_for(self.product_range, self.theme().dark).with_log(self.view.state.view().log)
    }

    /// Colours for a number that is no data: none.
    pub fn neutral(&self) -> Mapping {
        let value_range = ValueRange { min: 0.0, max: f32::MAX, not_finite: 0 };
        Mapping::signed_for(value_range, self.theme().dark)
    }

    /// A name with the cell's value, `sum 0.42`, or with "not computed yet".
    pub fn words(&self, name: &str, cell: CellView) -> String {
        match cell.state {
            CellState::NotYet => format!("{name} {}", self.view.text("grid.not_yet")),
            CellState::Partial | CellState::Current | CellState::Stale => {
                format!("{name} {}", number::four_digits(cell.value))
            }
        }
    }

    /// How much the group and the windows leave out: which maps a group reads, which rows and columns no window does.
    pub fn remarks(&self) -> Vec<String> {
        let (view, spec) = (self.view, self.spec);
        let window = &spec.window;
        let group = (spec.groups > 1).then(|| {
            let channel = self.at[1];
            let (group, read) = match self.is_gathered() {
                true => (channel / spec.group_in(), spec.outputs_of(channel)),
                false => (channel / spec.group_out(), spec.inputs_of(channel)),
            };
            let group = [group, spec.groups, read.start, read.end - 1];
            let [group, all, from, to] = group.map(|n| n.to_string());
            let words = [("group", group.as_str()), ("all", &all), ("from", &from), ("to", &to)];
            view.fill("conv.group", &words)
        });
        let unseen = names::rows_and_columns(view, &window.rows.unseen(), &window.cols.unseen());
        let key = if self.is_transposed { "conv.unstamped" } else { "conv.unseen" };
        let unseen = unseen.map(|which| view.fill(key, &[("which", &which)]));
        unseen.into_iter().chain(group).collect()
    }

    /// The numbers of the shown term, or of the last one done; without either, those of the cell.
    pub fn caption(&self) -> Caption {
        let last = self.marked.map_or(self.done as usize, |m| m as usize + 1).min(self.fold.steps.len());
        Caption::from_steps(self.view, self.fold.steps.get(..last).unwrap_or_default())
    }
}
