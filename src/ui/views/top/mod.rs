//! The top bar: the menu, the pages, the network, the picture, search, presenting.

mod menu;

use crate::app::{
    Action, FileAction, Page,
    command::{Command, command},
};
use crate::data::SAMPLES;
use crate::ui::{
    keys, names, theme,
    view::View,
    widgets::{
        busy::busy_ui,
        segments::list_ui,
        sign::{Sign, sign_button_ui},
    },
};
use egui::{Align, Button, CornerRadius, Layout, RichText, ScrollArea, Ui, text::LayoutJob};

/// Where "Network" and "Picture" lose their label.
const LABELS: f32 = 1000.0;
/// Where the network and the picture are found in the menu alone.
const LISTS: f32 = 560.0;

/// Draws the top bar on one line: menu and pages; at the right network, picture, palette and presenting.
pub fn top_ui(ui: &mut Ui, view: &View) {
    menu::menu_ui(ui, view);
    if view.room.has_words_for_pages() {
        for page in Page::ALL {
            page_ui(ui, view, page);
        }
    } else {
        let words = Page::ALL.map(|page| view.text(page.key()));
        let now = Page::ALL.iter().position(|page| *page == view.state.view().page).unwrap_or(0);
        if let Some(page) = list_ui(ui, view.theme, &view.text("top.page"), &words, now) {
            view.push(Action::SetPage(Page::ALL[page]));
        }
    }
    if view.state.training().running.is_some() {
        busy_ui(ui, view);
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let width = view.room.window.width();
        if width >= 700.0 {
            command_sign_ui(ui, view, Sign::Present, "present");
            command_sign_ui(ui, view, Sign::Book, "lessons");
        }
        command_sign_ui(ui, view, Sign::Search, "palette");
        if width >= LISTS {
            picture_ui(ui, view);
            network_ui(ui, view);
        }
    });
}

/// A page as a word; the one that is shown is blue.
fn page_ui(ui: &mut Ui, view: &View, page: Page) {
    let is_shown = page == view.state.view().page;
    let theme = view.theme;
    let color = if is_shown { theme.accent } else { theme.text };
    let text = RichText::new(view.text(page.key())).font(theme::body_font()).color(color);
    let fill = if is_shown { theme.accent_soft } else { egui::Color32::TRANSPARENT };
    let button = Button::new(text).fill(fill).stroke(egui::Stroke::NONE).corner_radius(CornerRadius::same(5));
    let response = ui.add(button.min_size(egui::vec2(0.0, 30.0)));
    response
        .widget_info(|| egui::WidgetInfo::selected(egui::Role::Tab, true, is_shown, view.text(page.key())));
    let asks = view.text(&format!("{}.asks", page.key()));
    if response.on_hover_text(asks).clicked() {
        view.push(Action::SetPage(page));
    }
}

/// A command as a sign; its name and key stand in the tooltip.
fn command_sign_ui(ui: &mut Ui, view: &View, sign: Sign, id: &str) {
    let Some(command) = command(id) else { return };
    let keys = command.shortcut.as_ref().and_then(|keys| keys::words(ui.ctx(), keys)).unwrap_or_default();
    let name = view.text(&format!("cmd.{id}"));
    let words = if keys.is_empty() { name } else { format!("{name}  ({keys})") };
    if sign_button_ui(ui, view.theme, sign, &words).clicked() {
        view.push((command.action)(view.state));
    }
}

/// A list that opens below a label and a name; it takes at most a share of the room that is left.
fn opener(ui: &Ui, view: &View, label: &str, name: &str, share: f32) -> LayoutJob {
    // The button's margins, and a gap to what stands before it.
    const AROUND: f32 = 40.0;
    /// The most and the fewest characters of a name.
    const MOST: usize = 28;
    const LEAST: usize = 8;
    let format = |color| egui::TextFormat { font_id: theme::body_font(), color, ..Default::default() };
    let job = |characters| {
        let mut job = LayoutJob::default();
        if view.room.window.width() >= LABELS {
            job.append(&format!("{} ", view.text(label)), 0.0, format(view.theme.text_weak));
        }
        job.append(&shortened(name, characters), 0.0, format(view.theme.text));
        job.append(" ▾", 0.0, format(view.theme.text));
        job
    };
    let room = ui.available_width() * share - AROUND;
    // A long file name gives way.
    let fits = |&characters: &usize| ui.painter().layout_job(job(characters)).size().x <= room;
    job((LEAST..=MOST).rev().find(fits).unwrap_or(LEAST))
}

/// A name cut to a number of characters.
fn shortened(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_owned();
    }
    let front: String = name.chars().take(most - 1).collect();
    format!("{front}…")
}

fn network_ui(ui: &mut Ui, view: &View) {
    let model = view.state.model();
    let name = names::network(view.words, &model.name);
    let response = ui.menu_button(opener(ui, view, "top.network", &name, 1.0), |ui| {
        ui.set_min_width(240.0);
        menu::models_ui(ui, view, false);
        ui.menu_button(view.text("menu.lesson_models"), |ui| menu::models_ui(ui, view, true));
        menu::presets_ui(ui, view);
        ui.separator();
        for id in ["open_model", "edit_network", "new_network", "save_model"] {
            entry_ui(ui, view, command(id));
        }
    });
    let words = format!("{}: {name}", view.text("top.network"));
    response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &words));
}

fn picture_ui(ui: &mut Ui, view: &View) {
    let name = view.state.inputs().picture.name.clone();
    let response = ui.menu_button(opener(ui, view, "top.picture", &name, 0.5), |ui| {
        ui.set_min_width(200.0);
        for id in ["open_picture", "adjust", "draw"] {
            entry_ui(ui, view, command(id));
        }
        for recent in &view.state.files().recent {
            let name = recent.location.display_name();
            let button = ui.add_enabled(recent.is_there, Button::new(name).truncate());
            if button.on_hover_text(recent.location.to_string()).clicked() {
                view.push(FileAction::Open(recent.location.clone()).into());
                ui.close();
            }
        }
        ui.separator();
        ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
            for sample in SAMPLES {
                if ui.add(Button::selectable(name == sample.name, sample.name)).clicked() {
                    view.push(Action::OpenSample(sample.name.to_owned()));
                    ui.close();
                }
            }
        });
    });
    let words = format!("{}: {name}", view.text("top.picture"));
    response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &words));
}

fn entry_ui(ui: &mut Ui, view: &View, command: Option<&Command>) {
    let Some(command) = command else { return };
    let keys = command.shortcut.as_ref().and_then(|keys| keys::words(ui.ctx(), keys)).unwrap_or_default();
    let button = Button::new(view.text(&format!("cmd.{}", command.id))).shortcut_text(keys);
    if ui.add(button).clicked() {
        view.push((command.action)(view.state));
        ui.close();
    }
}
