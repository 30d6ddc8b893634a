//! The bar at the bottom: where the user was, what is new, the keys, the other languages.

use crate::app::{Action, FileAction, FileKind, Lang, Page, Sheet};
use crate::ui::{
    theme::{self, space},
    view::View,
};
use egui::{Align, Button, Layout, Rect, RichText, Stroke, Ui, UiBuilder, vec2};

/// Draws the bar.
pub fn foot_ui(ui: &mut Ui, view: &View, rect: Rect) {
    let theme = view.theme;
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, theme.line));
    let inner = rect.shrink2(vec2(space::S, 0.0));
    let layout = Layout::right_to_left(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), |ui| {
        let button = |ui: &mut Ui, words: String| ui.add(Button::new(words).min_size(vec2(0.0, 30.0)));
        for lang in Lang::ALL {
            // Each in its own words, so that those who read no other find it.
            if lang != view.state.view().lang && button(ui, lang.name().to_owned()).clicked() {
                view.push(Action::SetLang(lang));
            }
        }
        if button(ui, view.text("home.keys")).clicked() {
            view.push(Action::ToggleHelp);
        }
        if button(ui, view.text("cmd.news")).clicked() {
            view.push(Action::ShowSheet(Some(Sheet::News)));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| go_on_ui(ui, view));
    });
}

/// The session that was opened or saved last, where there is one.
fn go_on_ui(ui: &mut Ui, view: &View) {
    let sessions = view.state.files().recent.iter().filter(|recent| {
        let name = recent.location.name();
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        recent.is_there && ending.as_deref() == Some(FileKind::Session.ending())
    });
    let Some(recent) = sessions.into_iter().next() else { return };
    ui.label(RichText::new(view.text("home.go_on")).color(view.theme.text_weak).font(theme::body_font()));
    let name = recent.location.display_name();
    let button = Button::new(name).truncate().min_size(vec2(0.0, 30.0));
    if ui.add(button).on_hover_text(recent.location.to_string()).clicked() {
        view.push(FileAction::Open(recent.location.clone()).into());
        view.push(Action::SetPage(Page::Network));
    }
}
