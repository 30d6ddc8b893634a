//! The update: before, change, after.

use super::arithmetic::lines;
use super::caption::Caption;
use super::focused_cell::FocusedCell;
use super::part::{Part as Grid, around, around_in};
use super::parts::Item;
use super::{Closeup, legends};
use crate::nn::{
    Part,
    optimizer::{Rule, TRAINED},
};
use crate::trace::{Address, Operand, Stage, TensorId, rules};
use crate::ui::{
    colormap::{Mapping, ValueRange},
    number,
    tensor_plane::TensorPlane,
    view::View,
    widgets::grid::{CellState, CellView},
};

/// The close-up of the update: a parameter before and after, or the tensors that its step is made of.
pub(super) fn update<'a>(view: &'a View<'a>, focus: &Address, stage: &Stage) -> Option<Closeup<'a>> {
    let spot = FocusedCell::from_address(view, focus)?;
    let part = stage.tensor.part;
    let is_parameter = TRAINED.iter().any(|trained| trained.param == part);
    let key = title_key(part)?;
    let items = if is_parameter { parameter(view, &spot) } else { sources(view, stage, &spot) };
    let steps = view.state.trace().cell_until(focus, spot.done).steps;
    let made = format!("{} · {}", view.text(key), rule(view));
    let words = [made].into_iter().chain(losses(view));
    let caption = Caption::from_steps(view, &steps).with_words(words).with_legends(legends(&items));
    Some(Closeup::of_parts(items, lines(view, &steps, 6), caption))
}

/// What a stage of the update makes; `None` for parts that it does not make.
fn title_key(part: Part) -> Option<&'static str> {
    match part {
        Part::RunningMean | Part::RunningVar => Some("closeup.up_running"),
        Part::Mean => Some("closeup.up_mean_loss"),
        Part::DwMean | Part::DbMean => Some("closeup.up_average"),
        Part::DwDecayed | Part::DbDecayed => Some("closeup.up_decay"),
        Part::WeightM | Part::BiasM | Part::WeightV | Part::BiasV => Some("closeup.up_moment"),
        Part::WeightStep | Part::BiasStep => Some("closeup.up_step"),
        Part::Weight | Part::Bias => Some("closeup.up_parameter"),
        Part::Out
        | Part::Winner
        | Part::Max
        | Part::Shift
        | Part::Exp
        | Part::Sum
        | Part::Prob
        | Part::Var
        | Part::InvStd
        | Part::GroupMean
        | Part::GroupVar
        | Part::GroupInvStd
        | Part::Xhat
        | Part::Scale
        | Part::Factor
        | Part::Ratio
        | Part::Mask
        | Part::Ds
        | Part::Dxhat
        | Part::DxhatSum
        | Part::Dot
        | Part::Dw
        | Part::Db
        | Part::Dx
        | Part::DxOf(_)
        | Part::Dy
        | Part::Target => None,
    }
}

/// The parameter before, the change, and the parameter after.
fn parameter<'a>(view: &'a View<'a>, spot: &FocusedCell) -> Vec<Item<'a>> {
    let plan = view.state.plan();
    let shape = plan.shape_of(spot.tensor);
    let channel = spot.index as usize / shape.plane().max(1);
    let before = around_in(view, TensorPlane::before_update(view, spot.tensor, channel), spot.index);
    let after_plane = TensorPlane::new(view, spot.tensor, 0, channel);
    let after = around_in(view, after_plane, spot.index);
    let first = first_of(view, spot);
    let len = after.form()[0];
    let trace = view.state.trace();
    let stage = match after_plane.address_at(spot.index).place() {
        crate::trace::Place::Stage(s) => s,
        crate::trace::Place::Given(_) => return vec![before.into(), after.into()],
    };
    let stage = plan.stages()[stage as usize];
    let change = move |index: u32| {
        let term = rules::term(plan, trace.time(), &stage, 0, index, 0);
        let values = term.operands.map(|operand| operand.map_or(0.0, |operand| trace.operand(&operand)));
        term.op.product(values[0], values[1]).unwrap_or(f32::NAN)
    };
    let value_range = ValueRange::from_values((first..first + len as u32).map(change));
    let cells = move |k: usize| {
        let index = first + k as u32;
        // A parameter always has a value; what counts is whether the update has passed.
        let is_current = after_plane.cell_at(index).state == CellState::Current;
        if is_current && is_updated(view, after_plane, index) {
            CellView::current(change(index))
        } else {
            CellView::not_yet()
        }
    };
    let revision = after_plane.revision_of(first..first + len as u32) ^ 0x5a5a;
    let mapping = Mapping::signed_for(value_range, view.theme.dark);
    let form = after.form();
    let k = (spot.index - first) as usize;
    let detail = match plan.setup().optimizer.rule {
        Rule::Sgd => "−η · g",
        Rule::Momentum { .. } => "−η · m",
        Rule::Nesterov { .. } | Rule::Adam { .. } => "−η · step",
    };
    let change =
        Grid::from_values(cells, revision, form, mapping, view.text("closeup.up_change"), detail).focus(k);
    let before = before.titled(view.text("closeup.up_before"));
    let after = after.titled(view.text("closeup.up_after"));
    let hidden = move |k: usize| {
        let index = first + k as u32;
        if is_updated(view, after_plane, index) { after_plane.cell_at(index) } else { CellView::not_yet() }
    };
    // Until the update has come by, there is no value after it.
    let after = after.with_cells(hidden, revision ^ 1, move |k| after_plane.address_at(first + k as u32));
    vec![before.into(), "+".into(), change.into(), "=".into(), after.into()]
}

/// Whether the update has made a parameter's cell at the cursor.
fn is_updated(view: &View, plane: TensorPlane, index: u32) -> bool {
    view.state.is_done(&plane.address_at(index))
}

/// The first cell that the sheets around a cell show.
fn first_of(view: &View, spot: &FocusedCell) -> u32 {
    let shape = view.state.plan().shape_of(spot.tensor);
    let one = match (shape.plane(), view.state.plan().is_weight_shaped(spot.tensor)) {
        (1, true) => shape.0[1],
        (1, false) => return 0,
        (plane, _) => plane,
    };
    spot.index / one as u32 * one as u32
}

/// The tensors that a moment, an average or a step is made of, and itself.
fn sources<'a>(view: &'a View<'a>, stage: &Stage, spot: &FocusedCell) -> Vec<Item<'a>> {
    let plan = view.state.plan();
    let mut tensors: Vec<TensorId> = Vec::new();
    for m in 0..stage.terms.min(8) {
        let term = rules::term(plan, view.state.trace().time(), stage, 0, spot.index, m);
        for operand in term.operands() {
            if let Operand::Cell { tensor, .. } = *operand
                && !tensors.contains(&tensor)
            {
                tensors.push(tensor);
            }
        }
    }
    let mut items: Vec<Item> = Vec::new();
    for tensor in tensors {
        if !items.is_empty() {
            items.push(",".into());
        }
        items.push(around(view, tensor, spot.image, spot.index).into());
    }
    items.push("→".into());
    items.push(around(view, spot.tensor, spot.image, spot.index).into());
    items
}

/// The optimizer's rule and its hyperparameters, in one line.
fn rule(view: &View) -> String {
    let optimizer = view.state.plan().setup().optimizer;
    let short = |value: f64| number::full(value as f32);
    let mut words = view.text(&format!("rule.{}", optimizer.rule.name()));
    match optimizer.rule {
        Rule::Sgd => {}
        Rule::Momentum { momentum } | Rule::Nesterov { momentum } => {
            words += &format!(" · μ = {}", short(momentum));
        }
        Rule::Adam { beta1, beta2, eps } => {
            let [beta1, beta2, eps] = [beta1, beta2, eps].map(short);
            words += &format!(" · β₁ = {beta1} · β₂ = {beta2} · ε = {eps}");
        }
    }
    words += &format!(" · η = {}", short(optimizer.learning_rate));
    if optimizer.weight_decay != 0.0 {
        words += &format!(" · λ = {}", short(optimizer.weight_decay));
    }
    words
}

/// The mean loss of the batch before the update and, once the update is complete, after it.
fn losses(view: &View) -> Option<String> {
    let (trace, plan) = (view.state.trace(), view.state.plan());
    // A cell of the update can be shown before the cursor reaches the loss.
    let loss = plan.writer(TensorId::loss(Part::Out), trace.time(), plan.setup().images - 1, 0);
    if !view.state.is_done(&loss) {
        return None;
    }
    let before = trace.loss_before();
    let text = number::four_digits(before);
    // It is there once the update is complete and the pass after it computed.
    let of_one = if plan.setup().images == 1 { "_one" } else { "" };
    let Some(after) = view.state.loss_after() else {
        return Some(view.fill(&format!("closeup.up_loss_before{of_one}"), &[("before", &text)]));
    };
    let key = if after <= before { "closeup.up_loss_less" } else { "closeup.up_loss_more" };
    Some(view.fill(&format!("{key}{of_one}"), &[("before", &text), ("after", &number::four_digits(after))]))
}
