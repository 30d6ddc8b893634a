//! The head of the builder: what the network as a whole has, and what is done with its layers.

use super::{
    hyperparameters::{captioned_ui, count_ui, left_text_ui, number_ui, text_ui},
    push,
};
use crate::app::{Action, BuildAction, Draft};
use crate::model_io::{bundled, presets};
use crate::nn::{init::Init, loss::Loss, spec::Kind};
use crate::ui::{
    theme,
    theme::space,
    view::View,
    widgets::icon::{Icon, icon_ui},
};
use egui::{Button, ComboBox, Rect, Response, RichText, Role, ScrollArea, Ui, WidgetInfo, vec2};

/// Draws the head of the builder: presets, name, input, classes, loss, initial weights.
pub fn head_ui(ui: &mut Ui, view: &View, draft: &Draft) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(view.text("build.title")).font(theme::title_font()));
        ui.add_space(space::M);
        ui.menu_button(format!("{} ▾", view.text("build.start_from")), |ui| start_ui(ui, view));
        if ui.button(view.text("build.empty")).on_hover_text(view.text("build.empty.tip")).clicked() {
            push(view, BuildAction::New);
        }
    });
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::L;
        network_ui(ui, view, draft);
        weights_ui(ui, view, draft);
    });
    tools_ui(ui, view, draft);
}

/// The networks to start from.
fn start_ui(ui: &mut Ui, view: &View) {
    ui.set_min_width(260.0);
    let bundled = bundled::group(false).map(|model| (model.name, format!("model.{}", model.name)));
    let presets = presets::all().iter().map(|preset| (preset.name, format!("preset.{}", preset.name)));
    for (caption, entries) in
        [("menu.models", bundled.collect::<Vec<_>>()), ("menu.presets", presets.collect())]
    {
        ui.label(RichText::new(view.text(caption)).font(theme::small_font()).color(view.theme.text_weak));
        for (name, key) in entries {
            if ui.button(view.text(&key)).clicked() {
                push(view, BuildAction::StartFrom(name.to_owned()));
                ui.close();
            }
        }
    }
}

/// Name, input, classes, loss.
fn network_ui(ui: &mut Ui, view: &View, draft: &Draft) {
    let written = &draft.written;
    let architecture = &written.architecture;
    let caption = view.text("build.name");
    captioned_ui(ui, view, 130.0, [&caption, ""], |ui| {
        if let Some(name) = text_ui(ui, &caption, &written.name, 116.0) {
            push(view, BuildAction::Name(name));
        }
    });
    let caption = view.text("build.input");
    captioned_ui(ui, view, 182.0, [&caption, &view.text("build.input.tip")], |ui| {
        for (axis, key) in ["build.channels", "build.rows", "build.columns"].into_iter().enumerate() {
            if axis > 0 {
                ui.label("×");
            }
            let name = format!("{caption}, {}", view.text(key));
            if let Some(n) = count_ui(ui, &name, architecture.input[axis]) {
                let mut input = architecture.input;
                input[axis] = n;
                push(view, BuildAction::Input(input));
            }
        }
    });
    let caption = view.text("build.classes");
    captioned_ui(ui, view, 204.0, [&caption, &view.text("build.classes.tip")], |ui| {
        if let Some(n) = count_ui(ui, &caption, draft.classes()) {
            push(view, BuildAction::Classes(n));
        }
        let names = architecture.classes.join(", ");
        let (name, hint) = (view.text("build.class_names"), view.text("build.class_names.hint"));
        if let Some(text) = left_text_ui(ui, &name, &hint, &names, 134.0) {
            let names = text.split([',', '，']).map(|name| name.trim().to_owned());
            push(view, BuildAction::ClassNames(names.filter(|name| !name.is_empty()).collect()));
        }
    });
    let caption = view.text("build.loss");
    captioned_ui(ui, view, 140.0, [&caption, ""], |ui| {
        let name = |loss: Loss| view.text(&format!("build.loss_{}", loss.name()));
        let combo = ComboBox::from_id_salt("build loss").width(130.0).selected_text(name(architecture.loss));
        let response = combo.show_ui(ui, |ui| {
            for loss in Loss::ALL {
                if ui.selectable_label(loss == architecture.loss, name(loss)).clicked() {
                    push(view, BuildAction::Loss(loss));
                }
            }
        });
        combo_info(&response.response, &caption, &name(architecture.loss));
    });
}

fn combo_info(response: &Response, caption: &str, chosen: &str) {
    response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, format!("{caption}: {chosen}")));
}

/// How the weights start.
fn weights_ui(ui: &mut Ui, view: &View, draft: &Draft) {
    let written = &draft.written;
    let caption = view.text("build.init");
    let width = match written.init {
        Init::Normal { .. } | Init::Uniform { .. } => 226.0,
        Init::Zeros | Init::Xavier | Init::He => 142.0,
    };
    captioned_ui(ui, view, width, [&caption, &view.text("build.init.tip")], |ui| {
        let key = |init: &Init| match init {
            Init::Zeros => "build.init_zeros",
            Init::Xavier => "build.init_xavier",
            Init::He => "build.init_he",
            Init::Uniform { .. } => "build.init_uniform",
            Init::Normal { .. } => "build.init_normal",
        };
        let chosen = view.text(key(&written.init));
        let combo = ComboBox::from_id_salt("build init").width(130.0).selected_text(&chosen);
        let response = combo.show_ui(ui, |ui| {
            let choices = [
                Init::He,
                Init::Xavier,
                Init::Normal { deviation: 0.1 },
                Init::Uniform { limit: 0.1 },
                Init::Zeros,
            ];
            for init in choices {
                let is_chosen = key(&init) == key(&written.init);
                if ui.selectable_label(is_chosen, view.text(key(&init))).clicked() && !is_chosen {
                    push(view, BuildAction::Init(init));
                }
            }
        });
        combo_info(&response.response, &caption, &chosen);
        match written.init {
            Init::Normal { deviation } => {
                if let Some(deviation) = number_ui(ui, &view.text("build.deviation"), deviation) {
                    push(view, BuildAction::Init(Init::Normal { deviation }));
                }
            }
            Init::Uniform { limit } => {
                if let Some(limit) = number_ui(ui, &view.text("build.limit"), limit) {
                    push(view, BuildAction::Init(Init::Uniform { limit }));
                }
            }
            Init::Zeros | Init::Xavier | Init::He => {}
        }
    });
    let caption = view.text("build.seed");
    captioned_ui(ui, view, 60.0, [&caption, &view.text("build.seed.tip")], |ui| {
        if let Some(seed) = count_ui(ui, &caption, written.seed as usize) {
            push(view, BuildAction::Seed(seed as u64));
        }
    });
}

/// What is done with the layers.
fn tools_ui(ui: &mut Ui, view: &View, draft: &Draft) {
    ui.horizontal(|ui| {
        let add = RichText::new(format!("+ {} ▾", view.text("build.add")));
        ui.menu_button(add, |ui| add_ui(ui, view));
        ui.separator();
        let picked = draft.selected;
        let last = draft.specs().len().saturating_sub(1);
        let tools = [
            ("move_up", "▲", picked.is_some_and(|l| l > 0), BuildAction::Move { up: true }),
            ("move_down", "▼", picked.is_some_and(|l| l < last), BuildAction::Move { up: false }),
            ("duplicate", "", picked.is_some(), BuildAction::Duplicate),
            ("remove", "", picked.is_some(), BuildAction::Remove),
        ];
        for (id, icon, enabled, action) in tools {
            if tool_ui(ui, view, id, icon, enabled) {
                push(view, action);
            }
        }
        ui.separator();
        for (id, icon, enabled, action) in
            [("undo", "↺", draft.can_undo(), Action::Undo), ("redo", "↻", draft.can_redo(), Action::Redo)]
        {
            if tool_ui(ui, view, id, icon, enabled) {
                view.push(action);
            }
        }
        ui.separator();
        let mut keep = draft.written.keep_weights;
        let response = ui.checkbox(&mut keep, view.text("build.keep"));
        if response.on_hover_text(view.text("build.keep.tip")).changed() {
            push(view, BuildAction::KeepWeights(keep));
        }
    });
}

/// A button with a sign, or with its name where it has none.
fn tool_ui(ui: &mut Ui, view: &View, id: &str, icon: &str, enabled: bool) -> bool {
    let name = view.text(&format!("build.{id}"));
    let text = if icon.is_empty() { name.as_str() } else { icon };
    let button = Button::new(text).min_size(vec2(34.0, 28.0));
    let tip = view.text(&format!("build.{id}.tip"));
    let response = ui.add_enabled(enabled, button).on_hover_text(&tip).on_disabled_hover_text(&tip);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, &name));
    response.clicked()
}

/// The kinds of layers.
fn add_ui(ui: &mut Ui, view: &View) {
    ui.set_min_width(230.0);
    // The list is longer than a small window.
    let room = ui.ctx().content_rect().height() - 220.0;
    ScrollArea::vertical().max_height(room.max(120.0)).show(ui, |ui| kinds_ui(ui, view));
}

fn kinds_ui(ui: &mut Ui, view: &View) {
    for kind in Kind::starters() {
        let name = super::rows::kind_name(view, &kind);
        // Room for the icon before the name.
        let response = ui.add(Button::new(format!("        {name}")));
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        let center = response.rect.left_center() + vec2(18.0, 0.0);
        let square = Rect::from_center_size(center, vec2(14.0, 14.0));
        icon_ui(ui.painter(), square, Icon::Layer(&kind), view.theme.text);
        if response.on_hover_text(view.text(&format!("build.kind.{}_tip", kind.name()))).clicked() {
            push(view, BuildAction::Add(kind));
            ui.close();
        }
    }
}
