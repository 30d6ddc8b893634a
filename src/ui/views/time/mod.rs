//! The panel of time: why the run stopped, breakpoints, bookmarks, and where the cursor was.

mod bookmarks;
mod breakpoints;
mod trail;

use crate::app::{
    Action, MarkAction,
    command::{Command, command},
};
use crate::ui::{keys, theme, theme::space, view::View};
use egui::{Button, Response, RichText, Role, ScrollArea, Ui, WidgetInfo};

/// Draws the panel Time: breakpoints, bookmarks, history.
pub fn time_ui(ui: &mut Ui, view: &View) {
    ScrollArea::vertical().id_salt("time").auto_shrink(false).show(ui, |ui| {
        breakpoints::breakpoints_ui(ui, view);
        ui.add_space(space::M);
        bookmarks::bookmarks_ui(ui, view);
        ui.add_space(space::M);
        trail::trail_ui(ui, view);
    });
}

/// A heading of the panel.
fn heading_ui(ui: &mut Ui, view: &View, key: &str) {
    ui.label(RichText::new(view.text(key)).font(theme::strong_font()).color(view.theme.text_strong));
}

fn note_ui(ui: &mut Ui, view: &View, text: &str) {
    ui.label(RichText::new(text).font(theme::small_font()).color(view.theme.text_weak));
}

/// A command as a small button: its sign, with its name and keys on hover.
fn command_ui(ui: &mut Ui, view: &View, id: &str) {
    let Some(command) = command(id) else { return };
    let Command { icon, action, shortcut, .. } = command;
    let keys = shortcut.as_ref().and_then(|keys| keys::words(ui.ctx(), keys)).unwrap_or_default();
    let words = view.text(&format!("cmd.{id}"));
    let response = ui.button(*icon).on_hover_text(format!("{words}  ({keys})"));
    name(&response, Role::Button, &words);
    if response.clicked() {
        view.push(action(view.state));
    }
}

/// A small button to take something away.
fn remove_ui(ui: &mut Ui, view: &View, what: &str) -> bool {
    let words = view.fill("time.remove", &[("what", what)]);
    let response = ui.add(Button::new("✕").frame(false)).on_hover_text(&words);
    name(&response, Role::Button, &words);
    response.clicked()
}

/// Gives a widget a name for a screen reader.
fn name(response: &Response, role: Role, words: &str) {
    response.widget_info(|| WidgetInfo::labeled(role, true, words));
}

fn push(view: &View, action: MarkAction) {
    view.push(Action::Mark(action));
}
