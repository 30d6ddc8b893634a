//! What is trained on and how; play, pause, one batch, one epoch; conditions to stop at; how it stands.

use crate::app::{Action, DataAction, End, TrainAction, Training, Until};
use crate::data::{Dataset, Generated};
use crate::nn::{
    init::Init,
    optimizer::{Optimizer, Rule},
};
use crate::train::StopWhen;
use crate::ui::{number, theme, view::View};
use egui::{Button, ComboBox, DragValue, RichText, Role, Ui, WidgetInfo, vec2};

fn act(view: &View, action: TrainAction) {
    view.act(Action::Train(action));
}

/// A number that is dragged or typed, with its name for those who do not see it.
pub(super) fn named(view: &View, ui: &mut Ui, key: &str, drag: DragValue) -> egui::Response {
    let name = view.text(key);
    ui.label(RichText::new(&name).color(view.theme.text_weak));
    let response = ui.add(drag).on_hover_text(view.text(&format!("{key}_tip")));
    response.clone().labelled_by(response.id);
    response.ctx.accesskit_node_builder(response.id, |node| node.set_label(name));
    response
}

/// Draws the rows above the plots.
pub fn controls_ui(ui: &mut Ui, view: &View) {
    ui.horizontal_wrapped(|ui| {
        data_ui(ui, view);
        if let Some(training) = &view.state.inputs().training {
            settings_ui(ui, view, training);
        }
        optimizer_ui(ui, view);
    });
    if let Some(training) = &view.state.inputs().training {
        super::examples::examples_ui(ui, view, training);
        ui.horizontal_wrapped(|ui| buttons_ui(ui, view));
        ui.horizontal_wrapped(|ui| status_ui(ui, view));
    }
}

/// The choice of data and the button that starts training.
pub fn invitation_ui(ui: &mut Ui, view: &View) {
    ui.add_space(theme::space::XL);
    ui.vertical_centered(|ui| {
        ui.label(RichText::new(view.text("training.invite")).font(theme::title_font()));
        ui.label(view.text("training.invite_more"));
        ui.add_space(theme::space::M);
        for generated in fitting(view) {
            let name = view.text(&format!("data.{}", generated.name()));
            let button =
                Button::new(view.fill("training.train_on", &[("data", &name)])).min_size(vec2(240.0, 34.0));
            if ui.add(button).clicked() {
                act(view, TrainAction::Use(Some(Dataset::generated(generated, view.state.inputs().seed))));
            }
        }
        if ui.add(Button::new(view.text("cmd.open_data")).min_size(vec2(240.0, 34.0))).clicked() {
            view.act(Action::Data(DataAction::Ask(true)));
        }
    });
}

/// The generators whose examples suit the network, by the number of their classes.
fn fitting(view: &View) -> impl Iterator<Item = Generated> {
    let classes = view.state.model().network.classes();
    Generated::ALL.into_iter().filter(move |generated| generated.classes().len() <= classes)
}

fn data_ui(ui: &mut Ui, view: &View) {
    let training = view.state.inputs().training.as_ref();
    let name = |data: Option<&Dataset>| match data {
        None => view.text("training.picture"),
        Some(data) => match data.generator() {
            Some(generated) => view.text(&format!("data.{}", generated.name())),
            None => data.name().to_owned(),
        },
    };
    let now = training.map(|training| &training.schedule.data);
    let label = view.text("training.data");
    ui.label(RichText::new(&label).color(view.theme.text_weak));
    let combo =
        ComboBox::from_id_salt("training data").width(130.0).selected_text(name(now)).show_ui(ui, |ui| {
            if ui.selectable_label(now.is_none(), name(None)).clicked() {
                act(view, TrainAction::Use(None));
            }
            for generated in fitting(view) {
                let data = Dataset::generated(generated, view.state.inputs().seed);
                let current = now.is_some_and(|now| now.generator() == Some(generated));
                if ui.selectable_label(current, name(Some(&data))).clicked() {
                    act(view, TrainAction::Use(Some(data)));
                }
            }
            if let Some(opened) = &view.state.data().opened {
                let current = now.is_some_and(|now| now.is_of_one_source(&opened.dataset));
                if ui.selectable_label(current, opened.dataset.name()).clicked() {
                    act(view, TrainAction::Use(Some(opened.dataset.clone())));
                }
            }
            if ui.selectable_label(false, view.text("cmd.open_data")).clicked() {
                view.act(Action::Data(DataAction::Ask(true)));
            }
        });
    let now = name(now);
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, format!("{label}: {now}")));
}

fn settings_ui(ui: &mut Ui, view: &View, training: &Training) {
    let mut batch = training.schedule.batch_len;
    let drag = DragValue::new(&mut batch).range(1..=Training::MAX_BATCH).update_while_editing(false);
    if named(view, ui, "training.batch", drag).changed() {
        act(view, TrainAction::Set(training.clone().with_batch(batch)));
    }
    let mut epochs = training.epochs;
    let drag = DragValue::new(&mut epochs).range(1..=10_000).update_while_editing(false);
    if named(view, ui, "training.epochs", drag).changed() {
        act(view, TrainAction::Set(Training { epochs, ..training.clone() }));
    }
}

fn optimizer_ui(ui: &mut Ui, view: &View) {
    let now = view.state.inputs().optimizer;
    let set = |optimizer: Optimizer| {
        if optimizer != now {
            view.act(Action::SetOptimizer(optimizer));
        }
    };
    let name = |rule: Rule| view.text(&format!("rule.{}", rule.name()));
    let combo = ComboBox::from_id_salt("training rule").width(100.0).selected_text(name(now.rule));
    let combo = combo.show_ui(ui, |ui| {
        for rule in Rule::ALL {
            let current = rule.name() == now.rule.name();
            if ui.selectable_label(current, name(rule)).clicked() && !current {
                set(Optimizer { rule, ..now });
            }
        }
    });
    let label = view.text("menu.optimizer");
    combo
        .response
        .widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, format!("{label}: {}", name(now.rule))));
    let mut rate = now.learning_rate;
    let drag = DragValue::new(&mut rate).range(1e-6..=10.0).speed(now.learning_rate * 0.02).max_decimals(6);
    if named(view, ui, "training.rate", drag).changed() {
        set(Optimizer { learning_rate: rate, ..now });
    }
    let mut decay = now.weight_decay;
    let drag = DragValue::new(&mut decay).range(0.0..=1.0).speed(1e-4).max_decimals(6);
    if named(view, ui, "training.decay", drag).changed() {
        set(Optimizer { weight_decay: decay, ..now });
    }
}

fn buttons_ui(ui: &mut Ui, view: &View) {
    let state = view.state;
    let running = state.training().running.as_ref();
    let done = state.run().line().done();
    let setup = state.plan().setup();
    let words = if running.is_some() { "training.pause" } else { "training.play" };
    let sign = if running.is_some() { "⏸" } else { "⏵" };
    let text = RichText::new(format!("{sign}  {}", view.text(words))).color(view.theme.on_accent);
    let button = Button::new(text).fill(view.theme.accent).min_size(vec2(110.0, 32.0));
    let enabled = running.is_none_or(|running| !running.pausing);
    let response = ui.add_enabled(enabled, button).on_hover_text(view.text("training.play_tip"));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, view.text(words)));
    if response.clicked() {
        act(view, if running.is_some() { TrainAction::Pause } else { TrainAction::Start(Until::End) });
    }
    let idle = running.is_none();
    let step = |ui: &mut Ui, key: &str, action: TrainAction| {
        let button = Button::new(view.text(key)).min_size(vec2(0.0, 32.0));
        if ui.add_enabled(idle, button).on_hover_text(view.text(&format!("{key}_tip"))).clicked() {
            act(view, action);
        }
    };
    step(ui, "training.one_batch", TrainAction::Start(Until::Step(done)));
    let epoch_end = (done / setup.batches + 1) * setup.batches - 1;
    step(ui, "training.one_epoch", TrainAction::Start(Until::Step(epoch_end)));
    let into = Button::new(view.text("training.step_in")).min_size(vec2(0.0, 32.0));
    if ui.add_enabled(done > 0, into).on_hover_text(view.text("training.step_in_tip")).clicked() {
        act(view, TrainAction::StepIn);
        view.act(Action::SetPage(crate::app::Page::Network));
    }
    ui.menu_button(view.text("training.restart"), |ui| {
        ui.label(view.text("training.restart_tip"));
        for (init, key) in [
            (Init::He, "init.he"),
            (Init::Xavier, "init.xavier"),
            (Init::Normal { deviation: 1.0 }, "init.wild"),
            (Init::Zeros, "init.zeros"),
        ] {
            if ui.button(view.text(key)).clicked() {
                let seed = state.inputs().seed;
                act(view, TrainAction::Restart { init, seed });
                ui.close();
            }
        }
    });
    ui.menu_button(view.text("training.stops"), |ui| stops_ui(ui, view));
    if ui
        .add_enabled(idle && done > 0, Button::new(view.text("training.keep")).min_size(vec2(0.0, 32.0)))
        .on_hover_text(view.text("training.keep_tip"))
        .clicked()
    {
        act(view, TrainAction::Keep);
    }
}

/// Conditions at which training stops by itself.
fn stops_ui(ui: &mut Ui, view: &View) {
    for usual in StopWhen::ALL {
        let set = view.state.training().stops.iter().find(|stop| stop.is_like(&usual)).copied();
        let shown = set.unwrap_or(usual);
        ui.horizontal(|ui| {
            let mut on = set.is_some();
            if ui.checkbox(&mut on, view.text(key(&usual))).changed() {
                act(view, if on { TrainAction::StopAt(shown) } else { TrainAction::StopNoMore(shown) });
            }
            let changed = match shown {
                StopWhen::NotFinite | StopWhen::UnitDies => None,
                StopWhen::LossRises(mut factor) => {
                    let drag = DragValue::new(&mut factor).range(1.1..=1000.0).speed(0.1).suffix(" ×");
                    ui.add_enabled(on, drag).changed().then_some(StopWhen::LossRises(factor))
                }
                StopWhen::GradientAbove(mut limit) => {
                    let speed = limit * 0.02;
                    let drag = DragValue::new(&mut limit).range(1e-6..=1e9).speed(speed);
                    ui.add_enabled(on, drag).changed().then_some(StopWhen::GradientAbove(limit))
                }
                StopWhen::Accuracy(goal) => {
                    let mut percent = goal * 100.0;
                    let drag = DragValue::new(&mut percent).range(1.0..=100.0).speed(0.2).suffix(" %");
                    ui.add_enabled(on, drag).changed().then_some(StopWhen::Accuracy(percent / 100.0))
                }
            };
            if let Some(stop) = changed {
                act(view, TrainAction::StopAt(stop));
            }
        });
    }
}

fn key(stop: &StopWhen) -> &'static str {
    match stop {
        StopWhen::NotFinite => "stop.not_finite",
        StopWhen::LossRises(_) => "stop.loss_rises",
        StopWhen::GradientAbove(_) => "stop.gradient",
        StopWhen::UnitDies => "stop.unit_dies",
        StopWhen::Accuracy(_) => "stop.accuracy",
    }
}

/// Where training stands, in one line.
fn status_ui(ui: &mut Ui, view: &View) {
    let (state, theme) = (view.state, view.theme);
    let line = state.run().line();
    let (done, all) = (line.done(), state.plan().times());
    let epoch = done / state.plan().setup().batches;
    let numbers = [done, all, epoch].map(|n| n.to_string());
    let [done, all, epoch] = &numbers;
    let mut words = view.fill("training.at", &[("done", done), ("all", all), ("epoch", epoch)]);
    if let Some((_, check)) = line.checks.last_key_value() {
        let accuracy = format!("{:.1}", check.report.accuracy() * 100.0);
        words += "  ·  ";
        words += &view.fill("training.checked", &[("accuracy", &accuracy)]);
    }
    if let Some(speed) = state.training().images_per_sec.filter(|_| state.training().running.is_some()) {
        words += "  ·  ";
        words += &view.fill("training.speed", &[("n", &number::short(speed.round() as f32))]);
    }
    ui.label(words);
    let ended = match &state.training().ended {
        None | Some(End::Paused | End::Reached) => None,
        Some(End::Done) => Some((view.text("training.ended"), theme.good)),
        Some(End::Stopped(stop)) => {
            let why = view.text(key(stop));
            Some((view.fill("training.stopped", &[("why", &why)]), theme.warn))
        }
        Some(End::Failed(text)) => Some((text.clone(), theme.bad)),
    };
    if let Some((words, color)) = ended {
        ui.label(RichText::new(words).color(color).strong());
    }
    super::runs::runs_ui(ui, view);
}
