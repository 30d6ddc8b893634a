//! The breakpoints: each with its numbers, how often it holds and stopped, and what can be done with it.

use super::{command_ui, heading_ui, name, note_ui, push, remove_ui};
use crate::app::{Breakpoint, MarkAction};
use crate::nn::Part;
use crate::trace::{Break, TensorId, Watched};
use crate::ui::{names, number, sentences, theme, view::View};
use egui::{Align, Checkbox, ComboBox, DragValue, Frame, Layout, Margin, RichText, Role, Ui, WidgetInfo};

/// Draws them, with the ways to run and to add one.
pub fn breakpoints_ui(ui: &mut Ui, view: &View) {
    ui.horizontal(|ui| {
        heading_ui(ui, view, "time.breaks");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            for id in ["continue", "reverse_continue"] {
                command_ui(ui, view, id);
            }
        });
    });
    for (number, breakpoint) in view.state.marks().breaks.iter().enumerate() {
        card_ui(ui, view, number, breakpoint);
    }
    add_ui(ui, view);
}

fn card_ui(ui: &mut Ui, view: &View, number: usize, breakpoint: &Breakpoint) {
    let words = sentences::condition(view, &breakpoint.kind);
    let frame = Frame::new().fill(view.theme.raised).corner_radius(5).inner_margin(Margin::symmetric(8, 5));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if remove_ui(ui, view, &words) {
                    push(view, MarkAction::RemoveBreak(number));
                }
                let tip = view.text("time.once_tip");
                let once = ui.selectable_label(breakpoint.once, "1×").on_hover_text(&tip);
                once.widget_info(|| {
                    let words = format!("{}: {words}", view.text("time.once"));
                    WidgetInfo::selected(Role::Button, true, breakpoint.once, words)
                });
                if once.clicked() {
                    push(view, MarkAction::Once(number, !breakpoint.once));
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let ink = if breakpoint.enabled { view.theme.text_strong } else { view.theme.text_weak };
                    let mut enabled = breakpoint.enabled;
                    let text = RichText::new(&words).color(ink);
                    if ui.add(Checkbox::new(&mut enabled, text)).changed() {
                        push(view, MarkAction::Enable(number, enabled));
                    }
                });
            });
        });
        magnitude_ui(ui, view, number, breakpoint.kind, &words);
        let stopped = breakpoint.hits.to_string();
        let note = match view.state.breakpoint_hits().get(&breakpoint.kind) {
            Some(hits) => {
                let holds = number::thousands(hits.count);
                view.fill("time.counts", &[("holds", &holds), ("stopped", &stopped)])
            }
            None => view.fill("time.stopped", &[("stopped", &stopped)]),
        };
        note_ui(ui, view, &note);
    });
}

/// The number and the tensor of a breakpoint on magnitudes.
fn magnitude_ui(ui: &mut Ui, view: &View, number: usize, kind: Break, words: &str) {
    let (is_above, tensor, limit) = match kind {
        Break::Above { tensor, limit } => (true, tensor, limit),
        Break::Below { tensor, limit } => (false, tensor, limit),
        Break::NotFinite
        | Break::ReluKills
        | Break::DeadUnit
        | Break::PoolTies
        | Break::WinnerChanges
        | Break::Misclassified
        | Break::PredictionFlips
        | Break::LossRises
        | Break::CellChanges(_) => return,
    };
    let change = |tensor: Option<TensorId>, limit: f32, more: bool| {
        let kind = if is_above { Break::Above { tensor, limit } } else { Break::Below { tensor, limit } };
        push(view, MarkAction::ChangeBreak { number, kind, more });
    };
    ui.horizontal(|ui| {
        let mut value = limit;
        let speed = (limit.abs() * 0.01).max(0.001);
        let drag = ui.add(DragValue::new(&mut value).range(0.0..=f32::MAX).speed(speed));
        drag.widget_info(|| {
            let mut info = WidgetInfo::drag_value(true, f64::from(value));
            info.label = Some(view.fill("time.limit_of", &[("what", words)]));
            info
        });
        if drag.changed() {
            // A drag is one edit.
            change(tensor, value, drag.dragged() && !drag.drag_started());
        }
        let plan = view.state.plan();
        let anywhere = view.text("time.anywhere");
        let shown = tensor.map_or_else(|| anywhere.clone(), |tensor| names::tensor(view, tensor));
        let combo = ComboBox::from_id_salt(("tensor of a breakpoint", number))
            .width(120.0)
            .height(320.0)
            .selected_text(RichText::new(shown).font(theme::mono_font()));
        let response = combo.show_ui(ui, |ui| {
            if ui.selectable_label(tensor.is_none(), &anywhere).clicked() {
                change(None, limit, false);
            }
            for stage in plan.stages() {
                let name = RichText::new(names::tensor(view, stage.tensor));
                if ui.selectable_label(tensor == Some(stage.tensor), name).clicked() {
                    change(Some(stage.tensor), limit, false);
                }
            }
        });
        name(&response.response, Role::ComboBox, &view.fill("time.tensor_of", &[("what", words)]));
    });
}

/// The kinds to choose from.
fn add_ui(ui: &mut Ui, view: &View) {
    let (state, plan) = (view.state, view.state.plan());
    let focus = state.focus();
    let here = state.trace().tensor_cell(&focus).map(|(tensor, ..)| tensor);
    // A magnitude to begin with: that of the current cell.
    let limit = number::short(state.trace().finished(&focus).abs()).parse().unwrap_or(1.0);
    let limit = if f32::is_finite(limit) && limit > 0.0 { limit } else { 1.0 };
    let tensor = here.filter(|tensor| plan.stage_of(*tensor).is_some() && tensor.part != Part::Winner);
    let has =
        |wanted: fn(&crate::nn::Op) -> bool| plan.network().layers.iter().any(|layer| wanted(&layer.op));
    let relu = has(|op| *op == crate::nn::Op::RELU);
    let pool = has(|op| matches!(op, crate::nn::Op::MaxPool2d(_)));
    let mut kinds = vec![
        (Break::Above { tensor, limit }, true),
        (Break::Below { tensor, limit }, true),
        (Break::NotFinite, true),
        (Break::ReluKills, relu),
        (Break::DeadUnit, relu),
        (Break::PoolTies, pool),
        (Break::WinnerChanges, pool),
        (Break::Misclassified, plan.network().classes() > 1),
        (Break::PredictionFlips, true),
        (Break::LossRises, true),
    ];
    if let Some(watched) = Watched::at(state.trace(), &focus).filter(|w| w.tensor != TensorId::INPUT) {
        kinds.push((Break::CellChanges(watched), true));
    }
    ui.menu_button(format!("+ {}", view.text("time.add_break")), |ui| {
        ui.set_min_width(260.0);
        for (kind, possible) in kinds {
            let is_set = state.marks().breaks.iter().any(|breakpoint| breakpoint.kind == kind);
            let button = egui::Button::new(sentences::condition(view, &kind));
            if ui.add_enabled(possible && !is_set, button).clicked() {
                push(view, MarkAction::ToggleBreak(kind));
                ui.close();
            }
        }
    });
}
