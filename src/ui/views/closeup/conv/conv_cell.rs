//! What all close-ups of a convolution share: the current cell and its terms up to the cursor.

use super::super::caption::Caption;
use crate::nn::{Part, conv::Conv2d};
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
    /// The convolution.
    pub spec: &'a Conv2d,
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
        spec: &'a Conv2d,
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
            spec,
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

    /// The gradient that the sum of products has.
    pub fn sum_gradient(&self) -> TensorId {
        self.view.state.plan().sum_gradient_of(self.l, self.spec)
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
            let read = spec.inputs_of(self.at[1]);
            let group = [read.start / spec.group_in(), spec.groups, read.start, read.end - 1];
            let [group, all, from, to] = group.map(|n| n.to_string());
            let words = [("group", group.as_str()), ("all", &all), ("from", &from), ("to", &to)];
            view.fill("conv.group", &words)
        });
        let unseen = names::rows_and_columns(view, &window.rows.unseen(), &window.cols.unseen());
        let unseen = unseen.map(|which| view.fill("conv.unseen", &[("which", &which)]));
        unseen.into_iter().chain(group).collect()
    }

    /// The numbers of the shown term, or of the last one done; without either, those of the cell.
    pub fn caption(&self) -> Caption {
        let last = self.marked.map_or(self.done as usize, |m| m as usize + 1).min(self.fold.steps.len());
        Caption::from_steps(self.view, self.fold.steps.get(..last).unwrap_or_default())
    }
}
