//! The menus, from the command table.

use crate::app::{
    Action, Digits, FileAction, Lang, LessonAction, Scale, ThemeChoice,
    command::{COMMANDS, Command, Group, is_of_lesson_at_hand},
};
use crate::data::SAMPLES;
use crate::lesson::bundled as bundled_lessons;
use crate::model_io::{bundled, presets};
use crate::nn::{
    Mode,
    optimizer::{Optimizer, Rule},
};
use crate::ui::{
    keys,
    view::View,
    widgets::sign::{Sign, sign_button_ui},
};
use egui::{Button, DragValue, RichText, ScrollArea, Ui};

/// Draws the sign that opens the menu: a submenu for each group of commands, help last.
pub fn menu_ui(ui: &mut Ui, view: &View) {
    let words = view.text("top.menu");
    let opener = sign_button_ui(ui, view.theme, Sign::Menu, &words);
    egui::Popup::menu(&opener).show(|ui| {
        egui::containers::menu::menu_style(ui.style_mut());
        ui.set_min_width(180.0);
        for group in Group::ALL {
            match group {
                Group::Grain => {}
                Group::File | Group::Edit | Group::Step | Group::Follow | Group::View | Group::Lesson => {
                    ui.menu_button(view.text(group.key()), |ui| group_ui(ui, view, group));
                }
            }
        }
        ui.separator();
        ui.menu_button(view.text("top.help"), |ui| {
            for id in ["help", "news", "about"] {
                if let Some(command) = crate::app::command::command(id) {
                    command_ui(ui, view, command);
                }
            }
        });
    });
}

fn group_ui(ui: &mut Ui, view: &View, group: Group) {
    ui.set_min_width(230.0);
    // A small window has no room for a long menu.
    let room = view.room.window.height() - 70.0;
    ScrollArea::vertical().max_height(room).min_scrolled_height(room).show(ui, |ui| {
        contents_ui(ui, view, group);
    });
}

fn contents_ui(ui: &mut Ui, view: &View, group: Group) {
    match group {
        Group::File => file_ui(ui, view),
        Group::View => view_ui(ui, view),
        Group::Step => {
            commands_ui(ui, view, Group::Step);
            ui.separator();
            commands_ui(ui, view, Group::Grain);
        }
        Group::Edit => {
            commands_ui(ui, view, Group::Edit);
            ui.separator();
            training_ui(ui, view);
        }
        Group::Follow | Group::Grain => commands_ui(ui, view, group),
        Group::Lesson => lessons_ui(ui, view),
    }
}

fn commands_ui(ui: &mut Ui, view: &View, group: Group) {
    for command in COMMANDS.iter().filter(|command| command.group == group) {
        command_ui(ui, view, command);
    }
}

/// The lessons by their numbers, and what leads through the one that is open.
fn lessons_ui(ui: &mut Ui, view: &View) {
    commands_ui(ui, view, Group::Lesson);
    ui.separator();
    for lesson in &bundled_lessons().lessons {
        let title = match view.words.0 {
            Lang::En => &lesson.title.en,
            Lang::Zh => &lesson.title.zh,
        };
        let is_open = view.state.lesson().is_some_and(|open| open.lesson().id == lesson.id);
        if ui.add(Button::selectable(is_open, format!("{}  {title}", lesson.number))).clicked() {
            view.push(LessonAction::Start(lesson.id.clone()).into());
            ui.close();
        }
    }
}

fn command_ui(ui: &mut Ui, view: &View, command: &Command) {
    let keys = command.shortcut.as_ref().and_then(|keys| keys::words(ui.ctx(), keys)).unwrap_or_default();
    let undo = view.state.undo();
    let enabled = match command.id {
        "undo" => undo.can_undo(),
        "redo" => undo.can_redo(),
        _ => is_of_lesson_at_hand(command, view.state),
    };
    let button = Button::new(view.text(&format!("cmd.{}", command.id))).shortcut_text(keys);
    if ui.add_enabled(enabled, button).clicked() {
        view.push((command.action)(view.state));
        ui.close();
    }
}

/// The bundled models, or those that only lessons need.
pub(super) fn models_ui(ui: &mut Ui, view: &View, is_for_lessons: bool) {
    for model in bundled::group(is_for_lessons) {
        let current = view.state.model().name == model.name;
        let words = view.text(&format!("model.{}", model.name));
        if ui.add(Button::selectable(current, words)).on_hover_text(model.name).clicked() {
            view.push(Action::OpenBundled(model.name.to_owned()));
            ui.close();
        }
    }
}

/// The presets, and those of convolution arithmetic in a menu of their own.
pub(super) fn presets_ui(ui: &mut Ui, view: &View) {
    for (caption, presets) in [("menu.presets", presets::all()), ("menu.arithmetic", presets::arithmetic())] {
        ui.menu_button(view.text(caption), |ui| {
            for preset in presets {
                let current = view.state.model().name == preset.name;
                let words = view.text(&format!("preset.{}", preset.name));
                if ui.add(Button::selectable(current, words)).on_hover_text(preset.name).clicked() {
                    view.push(Action::OpenBundled(preset.name.to_owned()));
                    ui.close();
                }
            }
        });
    }
}

fn file_ui(ui: &mut Ui, view: &View) {
    for id in ["open_picture", "open_model", "open_data"] {
        if let Some(command) = crate::app::command::command(id) {
            command_ui(ui, view, command);
        }
    }
    ui.menu_button(view.text("files.recent"), |ui| recent_ui(ui, view));
    ui.menu_button(view.text("menu.samples"), |ui| {
        ScrollArea::vertical().max_height(420.0).show(ui, |ui| {
            for sample in SAMPLES {
                let current = view.state.inputs().picture.name == sample.name;
                if ui.add(Button::selectable(current, sample.name)).clicked() {
                    view.push(Action::OpenSample(sample.name.to_owned()));
                    ui.close();
                }
            }
        });
    });
    ui.menu_button(view.text("menu.models"), |ui| {
        models_ui(ui, view, false);
        ui.separator();
        ui.menu_button(view.text("menu.lesson_models"), |ui| models_ui(ui, view, true));
    });
    presets_ui(ui, view);
    ui.separator();
    for id in ["new_network", "edit_network"] {
        if let Some(command) = crate::app::command::command(id) {
            command_ui(ui, view, command);
        }
    }
    ui.separator();
    for id in ["save", "save_as", "save_model"] {
        if let Some(command) = crate::app::command::command(id) {
            command_ui(ui, view, command);
        }
    }
    ui.menu_button(view.text("menu.export"), |ui| {
        for id in [
            "export_picture",
            "export_film",
            "export_numbers_csv",
            "export_numbers_npy",
            "export_tensors",
            "export_log",
            "export_plot",
            "export_pytorch",
            "export_keras",
            "export_numpy",
            "export_boxes",
            "export_table",
            "export_sheet",
        ] {
            if let Some(command) = crate::app::command::command(id) {
                command_ui(ui, view, command);
            }
        }
    });
    ui.separator();
    for id in ["copy_address", "copy_moment", "copy_table", "quit"] {
        if let Some(command) = crate::app::command::command(id) {
            command_ui(ui, view, command);
        }
    }
}

/// What was opened lately, as a menu.
fn recent_ui(ui: &mut Ui, view: &View) {
    if view.state.files().recent.is_empty() {
        ui.label(RichText::new(view.text("files.no_recent")).color(view.theme.text_weak));
    }
    for recent in &view.state.files().recent {
        let name = recent.location.display_name();
        let button = ui.add_enabled(recent.is_there, Button::new(name).truncate());
        let path = recent.location.to_string();
        let gone = view.fill("files.gone", &[("path", &path)]);
        if button.on_hover_text(path).on_disabled_hover_text(gone).clicked() {
            view.push(FileAction::Open(recent.location.clone()).into());
            ui.close();
        }
    }
}

fn view_ui(ui: &mut Ui, view: &View) {
    let now = view.state.view();
    let themes = [ThemeChoice::Light, ThemeChoice::Dark, ThemeChoice::System];
    choice_ui(ui, view, "menu.theme", now.theme, themes, theme_name, Action::SetTheme);
    choice_ui(
        ui,
        view,
        "menu.language",
        now.lang,
        Lang::ALL,
        |_, lang| lang.name().to_owned(),
        Action::SetLang,
    );
    choice_ui(ui, view, "menu.scale", now.scale, Scale::ALL, scale_name, Action::SetScale);
    ui.label(view.text("menu.digits")).on_hover_text(view.text("menu.digits_tip"));
    ui.horizontal(|ui| {
        for digits in Digits::ALL {
            let words =
                digits.count().map_or_else(|| view.text("menu.all_digits"), |count| count.to_string());
            if ui.selectable_label(now.digits == digits, words).clicked() {
                view.push(Action::SetDigits(digits));
            }
        }
    });
    ui.label(view.text("menu.zoom"));
    ui.horizontal(|ui| {
        for percent in [100, 125, 150, 200, 300] {
            let zoom = percent as f32 / 100.0;
            let current = (ui.ctx().zoom_factor() - zoom).abs() < 0.01;
            if ui.selectable_label(current, format!("{percent} %")).clicked() {
                ui.ctx().set_zoom_factor(zoom);
            }
        }
    });
    let mut still = now.still;
    if ui.checkbox(&mut still, view.text("menu.still")).on_hover_text(view.text("menu.still_tip")).changed() {
        view.push(Action::SetStill(still));
    }
    ui.separator();
    commands_ui(ui, view, Group::View);
}

fn theme_name(view: &View, theme: ThemeChoice) -> String {
    view.text(match theme {
        ThemeChoice::Light => "menu.light",
        ThemeChoice::Dark => "menu.dark",
        ThemeChoice::System => "menu.system",
    })
}

fn scale_name(view: &View, scale: Scale) -> String {
    view.text(match scale {
        Scale::Map => "menu.scale_map",
        Scale::Layer => "menu.scale_layer",
        Scale::Largest => "menu.scale_largest",
        Scale::Network => "menu.scale_network",
    })
}

/// Draws a setting: its title, and below it all its values in a row with the current one selected.
fn choice_ui<T: Copy + PartialEq>(
    ui: &mut Ui,
    view: &View,
    title: &str,
    now: T,
    all: impl IntoIterator<Item = T>,
    name: impl Fn(&View, T) -> String,
    action: impl Fn(T) -> Action,
) {
    ui.label(view.text(title));
    ui.horizontal(|ui| {
        for value in all {
            if ui.selectable_label(now == value, name(view, value)).clicked() {
                view.push(action(value));
            }
        }
    });
}

/// What makes the update.
fn training_ui(ui: &mut Ui, view: &View) {
    let inputs = view.state.inputs();
    let now = inputs.optimizer;
    let set = |optimizer: Optimizer| {
        if optimizer != now {
            view.push(Action::SetOptimizer(optimizer));
        }
    };
    ui.label(view.text("menu.optimizer"));
    ui.horizontal(|ui| {
        for rule in Rule::ALL {
            let current = rule.name() == now.rule.name();
            if ui.selectable_label(current, view.text(&format!("rule.{}", rule.name()))).clicked() && !current
            {
                set(Optimizer { rule, ..now });
            }
        }
    });
    ui.horizontal(|ui| {
        let mut rate = now.learning_rate;
        let label = ui.label(view.text("menu.learning_rate"));
        let drag = DragValue::new(&mut rate).range(0.0..=10.0).speed(0.001).max_decimals(6);
        if ui.add(drag).labelled_by(label.id).changed() {
            set(Optimizer { learning_rate: rate, ..now });
        }
    });
    ui.horizontal(|ui| {
        let mut decay = now.weight_decay;
        let label = ui.label(view.text("menu.weight_decay"));
        let drag = DragValue::new(&mut decay).range(0.0..=1.0).speed(0.0001).max_decimals(6);
        if ui.add(drag).labelled_by(label.id).changed() {
            set(Optimizer { weight_decay: decay, ..now });
        }
    });
    ui.label(view.text("menu.mode"));
    ui.horizontal(|ui| {
        for (mode, key) in [(Mode::Eval, "menu.mode_eval"), (Mode::Train, "menu.mode_train")] {
            if ui.selectable_label(inputs.mode == mode, view.text(key)).clicked() {
                view.push(Action::SetMode(mode));
            }
        }
    });
}
