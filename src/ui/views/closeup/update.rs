//! The update: before, change, after.

use super::arithmetic::{last_steps, lines_ui};
use super::captioned_grid::{CaptionedGrid, Item, around, around_in, legends_ui, near_ui, row_ui};
use super::focused_cell::FocusedCell;
use super::heading::{NOTE_HEIGHT, heading_ui, note_ui};
use crate::nn::{
    Part,
    optimizer::{Rule, TRAINED},
};
use crate::trace::{Address, Operand, Stage, TensorId, rules};
use crate::ui::{
    colormap::{Mapping, ValueRange},
    number,
    tensor_plane::TensorPlane,
    theme::{self, space},
    view::View,
    widgets::grid::{CellState, CellView},
};
use egui::{RichText, Ui, vec2};
use std::cmp::Ordering;

/// Draws the close-up of the update: a parameter before and after, or the tensors that its step is made of.
pub fn update_ui(ui: &mut Ui, view: &View, focus: &Address, stage: &Stage) {
    let Some(spot) = FocusedCell::from_address(view, focus) else { return };
    let part = stage.tensor.part;
    let is_parameter = TRAINED.iter().any(|trained| trained.param == part);
    let key = match part {
        Part::RunningMean | Part::RunningVar => "closeup.up_running",
        Part::Mean => "closeup.up_mean_loss",
        Part::DwMean | Part::DbMean => "closeup.up_average",
        Part::DwDecayed | Part::DbDecayed => "closeup.up_decay",
        Part::WeightM | Part::BiasM | Part::WeightV | Part::BiasV => "closeup.up_moment",
        Part::WeightStep | Part::BiasStep => "closeup.up_step",
        Part::Weight | Part::Bias => "closeup.up_parameter",
        Part::Out
        | Part::Winner
        | Part::Max
        | Part::Shift
        | Part::Exp
        | Part::Sum
        | Part::Prob
        | Part::Var
        | Part::InvStd
        | Part::Xhat
        | Part::Scale
        | Part::Factor
        | Part::Ratio
        | Part::Mask
        | Part::Ds
        | Part::Dot
        | Part::Dw
        | Part::Db
        | Part::Dx
        | Part::Target => return,
    };
    heading_ui(ui, view, focus, stage, &view.text(key));
    let room = ui.available_size();
    let items = if is_parameter { parameter(view, &spot) } else { sources(view, stage, &spot) };
    let drawn = row_ui(ui, view, 0, &items, vec2(room.x, (0.5 * room.y).max(120.0)));
    legends_ui(ui, view, &items);
    near_ui(ui, view, 1, &items, &drawn, 95.0);
    ui.add_space(space::S);
    let fold = view.state.trace().cell_until(focus, spot.done);
    lines_ui(ui, view, &last_steps(view, &fold.steps, 6, spot.terms as usize), NOTE_HEIGHT);
    rule_ui(ui, view);
    losses_ui(ui, view);
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
        CaptionedGrid::from_values(cells, revision, form, mapping, view.text("closeup.up_change"), detail)
            .sized_like(&after)
            .focus(k);
    let before = before.named(view.text("closeup.up_before"));
    let after = after.named(view.text("closeup.up_after"));
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
fn rule_ui(ui: &mut Ui, view: &View) {
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
    ui.label(RichText::new(words).small().color(view.theme.text_weak));
}

/// The mean loss of the batch before the update and, once the update is complete, after it.
fn losses_ui(ui: &mut Ui, view: &View) {
    let theme = view.theme;
    let trace = view.state.trace();
    let plan = view.state.plan();
    // A cell of the update can be looked at before the cursor has come to the loss.
    let loss = plan.writer(TensorId::loss(Part::Out), trace.time(), plan.setup().images - 1, 0);
    if !view.state.is_done(&loss) {
        return;
    }
    let before = trace.loss_before();
    let key = number::four_digits(before);
    // It is there once the update is complete and the pass after it computed.
    let of_one = if plan.setup().images == 1 { "_one" } else { "" };
    let Some(after) = view.state.loss_after() else {
        let words = view.fill(&format!("closeup.up_loss_before{of_one}"), &[("before", &key)]);
        ui.label(RichText::new(words).font(theme::strong_font()).color(theme.text));
        return;
    };
    let words = [("before", key), ("after", number::four_digits(after))];
    let words: Vec<(&str, &str)> = words.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let (color, key) = match after.partial_cmp(&before) {
        Some(Ordering::Less) => (theme.good, "closeup.up_loss_less"),
        Some(Ordering::Equal) => (theme.text_weak, "closeup.up_loss_less"),
        Some(Ordering::Greater) | None => (theme.bad, "closeup.up_loss_more"),
    };
    note_ui(ui, view, color, &view.fill(&format!("{key}{of_one}"), &words));
}
