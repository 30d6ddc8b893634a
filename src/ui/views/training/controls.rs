//! What is learned from and how, with the one button that trains; progress, and how it stands in one sentence.

use super::{
    data::{data_ui, mismatch},
    field::field_ui,
    more, runs,
};
use crate::app::{Action, End, TrainAction, Training, Until, Work};
use crate::nn::optimizer::{Optimizer, Rule};
use crate::train::{StopWhen, TrainingBranch};
use crate::ui::widgets::flow::body_width;
use crate::ui::{
    number,
    theme::{self, space},
    told,
    view::View,
};
use egui::{Align, Button, ComboBox, Layout, Rect, RichText, Role, Sense, Ui, WidgetInfo, pos2, vec2};

fn push(view: &View, action: TrainAction) {
    view.push(Action::Train(action));
}

/// Draws the first line: what the network learns from, the settings, Train or Pause, and the state of the
/// run.
pub fn controls_ui(ui: &mut Ui, view: &View) {
    let words = ["training.play", "training.pause"].map(|key| body_width(ui, &view.text(key)));
    let right = words[0].max(words[1]) + 60.0 + body_width(ui, &view.text("training.more")) + 40.0;
    let is_wide = ui.available_width() >= 900.0;
    let fields = |ui: &mut Ui| {
        ui.spacing_mut().interact_size.y = 30.0;
        data_ui(ui, view);
        if let Some(training) = &view.state.inputs().training {
            settings_ui(ui, view, training);
            optimizer_ui(ui, view);
        }
    };
    if view.state.inputs().training.is_none() {
        ui.horizontal_wrapped(fields);
        return;
    }
    if !is_wide {
        ui.horizontal_wrapped(|ui| {
            fields(ui);
            ui.spacing_mut().interact_size.y = 30.0;
            more::more_ui(ui, view);
            train_ui(ui, view);
        });
        return;
    }
    ui.horizontal(|ui| {
        let rest = ui.available_width() - right;
        ui.allocate_ui_with_layout(vec2(rest, 34.0), Layout::left_to_right(Align::Center), fields);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().interact_size.y = 30.0;
            train_ui(ui, view);
            more::more_ui(ui, view);
        });
    });
}

fn settings_ui(ui: &mut Ui, view: &View, training: &Training) {
    let batch = training.schedule.batch_len;
    let changed = field_ui(ui, view, "training.batch", batch, |drag| drag.range(1..=Training::MAX_BATCH));
    if let Some(batch) = changed {
        push(view, TrainAction::Set(training.clone().with_batch(batch)));
    }
    let epochs = training.epochs;
    if let Some(epochs) = field_ui(ui, view, "training.epochs", epochs, |drag| drag.range(1..=10_000)) {
        push(view, TrainAction::Set(Training { epochs, ..training.clone() }));
    }
}

fn optimizer_ui(ui: &mut Ui, view: &View) {
    let now = view.state.inputs().optimizer;
    let set = |optimizer: Optimizer| push(view, TrainAction::Optimizer(optimizer));
    let rate = field_ui(ui, view, "training.rate", now.learning_rate, |drag| {
        drag.range(1e-6..=10.0).speed(now.learning_rate * 0.02).max_decimals(6)
    });
    if let Some(learning_rate) = rate {
        set(Optimizer { learning_rate, ..now });
    }
    let name = |rule: Rule| view.text(&format!("rule.{}", rule.name()));
    let combo = ComboBox::from_id_salt("training rule").width(64.0).selected_text(name(now.rule));
    let combo = combo.show_ui(ui, |ui| {
        for rule in Rule::ALL {
            let current = rule.name() == now.rule.name();
            if ui.selectable_label(current, name(rule)).clicked() && !current {
                set(Optimizer { rule, ..now });
            }
        }
    });
    let label = view.text("menu.optimizer");
    let words = format!("{label}: {}", name(now.rule));
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, &words));
}

/// The one blue button: Train, or Pause.
fn train_ui(ui: &mut Ui, view: &View) {
    let running = view.state.training().running.as_ref();
    let words = view.text(if running.is_some() { "training.pause" } else { "training.play" });
    let sign = if running.is_some() { "⏸" } else { "⏵" };
    let text = RichText::new(format!("{sign}  {words}")).color(view.theme.on_accent);
    let button = Button::new(text).fill(view.theme.accent).min_size(vec2(110.0, 34.0));
    let enabled = running.is_none_or(|running| !running.pausing);
    let response = ui.add_enabled(enabled, button).on_hover_text(view.text("training.play_tip"));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, &words));
    if response.clicked() {
        push(view, if running.is_some() { TrainAction::Pause } else { TrainAction::Start(Until::End) });
    }
}

/// How far training has come: a bar, and a sentence below it.
pub fn progress_ui(ui: &mut Ui, view: &View) {
    let run = view.state.run();
    let (done, all) = (run.branch().done(), run.times().max(1));
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 6.0), Sense::hover());
    let part = Rect::from_min_max(
        rect.min,
        pos2(rect.left() + rect.width() * (done as f32 / all as f32).min(1.0), rect.bottom()),
    );
    ui.painter().rect_filled(rect, 3.0, view.theme.line);
    ui.painter().rect_filled(part, 3.0, view.theme.pass(crate::trace::Pass::Update).fill);
    let of = number::percent(u64::from(done.min(all)), u64::from(all));
    response.widget_info(|| {
        let words = view.fill("training.progress", &[("percent", &of)]);
        WidgetInfo::labeled(Role::ProgressIndicator, true, words)
    });
    ui.horizontal_wrapped(|ui| {
        sentence_ui(ui, view);
        runs::runs_ui(ui, view);
    });
}

fn sentence_ui(ui: &mut Ui, view: &View) {
    let (state, theme) = (view.state, view.theme);
    let (run, branch) = (state.run(), state.run().branch());
    let (done, all, batches) = (branch.done(), run.times(), state.plan().setup().batches);
    if let (0, Some(words)) = (done, mismatch(view)) {
        ui.label(RichText::new(words).font(theme::strong_font()).color(theme.text_strong));
        return;
    }
    let round = (done.saturating_sub(1) / batches + 1).to_string();
    let rounds = (all / batches).to_string();
    let [done_text, all_text] = [done, all].map(|n| number::thousands(u64::from(n)));
    let at = view.fill("training.at", &[("done", &done_text), ("all", &all_text)]);
    let mut rest = vec![view.fill("training.round", &[("n", &round), ("all", &rounds)])];
    if let Some((_, check)) = branch.checks.last_key_value() {
        let share = format!("{:.0}", check.report.accuracy() * 100.0);
        rest.push(view.fill("training.checked", &[("accuracy", &share)]));
    }
    let is_running = state.training().running.as_ref().is_some_and(|job| job.number == branch.number());
    if let Some(speed) = state.training().images_per_sec.filter(|_| is_running) {
        let n = number::thousands(speed.round() as u64);
        rest.push(view.fill("training.speed", &[("n", &n)]));
    }
    let mut job = egui::text::LayoutJob::default();
    let format = |font_id, color| egui::TextFormat { font_id, color, ..Default::default() };
    job.append(&at, 0.0, format(theme::strong_font(), theme.text_strong));
    job.append(&rest.join(" · "), ui.spacing().item_spacing.x, format(theme::body_font(), theme.text_weak));
    ui.label(job);
    if let Some(step) = astray_since(branch) {
        let step = number::thousands(u64::from(step));
        let words = view.fill("training.astray", &[("step", &step)]);
        ui.label(RichText::new(words).font(theme::strong_font()).color(theme.bad));
    }
    ended_ui(ui, view);
}

/// From which step on the loss is not a number any more.
fn astray_since(branch: &TrainingBranch) -> Option<u32> {
    let newest = branch.records.range(..branch.done()).rev();
    let astray = newest.take_while(|(_, record)| !record.report.loss.is_finite());
    astray.last().map(|(&step, _)| step)
}

/// Why training ended, where that is worth a sentence.
fn ended_ui(ui: &mut Ui, view: &View) {
    let theme = view.theme;
    let ended = match &view.state.training().ended {
        None | Some(End::Paused | End::Reached) => None,
        Some(End::Done) if view.state.run().branch().done() < view.state.run().times() => None,
        Some(End::Done) => Some((view.text("training.ended"), theme.good)),
        Some(End::Stopped(stop)) => {
            let why = view.text(stop_key(stop));
            Some((view.fill("training.stopped", &[("why", &why)]), theme.warn))
        }
        Some(End::Failed(text)) => Some((told::failed(view.words, Work::Train, text), theme.bad)),
    };
    if let Some((words, color)) = ended {
        ui.add_space(space::XS);
        ui.label(RichText::new(words).font(theme::strong_font()).color(color));
    }
}

/// The key of the words for a condition to stop at.
pub fn stop_key(stop: &StopWhen) -> &'static str {
    match stop {
        StopWhen::NotFinite => "stop.not_finite",
        StopWhen::LossRises(_) => "stop.loss_rises",
        StopWhen::GradientAbove(_) => "stop.gradient",
        StopWhen::UnitDies => "stop.unit_dies",
        StopWhen::Accuracy(_) => "stop.accuracy",
    }
}
