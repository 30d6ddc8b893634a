//! The bookmarks: go there, name, remove.

use super::{heading_ui, name, note_ui, push, remove_ui};
use crate::app::{Action, Bookmark, MarkAction};
use crate::trace::{AddressText, Grain};
use crate::ui::{names, view::View};
use egui::{Align, Button, Id, Key, Layout, RichText, Role, TextEdit, Ui, WidgetInfo};

/// Draws the bookmarks, with the command that adds one.
pub fn bookmarks_ui(ui: &mut Ui, view: &View) {
    heading_ui(ui, view, "time.bookmarks");
    for (number, bookmark) in view.state.marks().bookmarks.iter().enumerate() {
        bookmark_ui(ui, view, number, bookmark);
    }
    let plan = view.state.plan();
    let here = view.state.selected().or_else(|| view.state.cursor().address(plan));
    let here = here.map(|address| AddressText::new(plan, &address));
    if let Some(here) =
        here.filter(|here| !view.state.marks().bookmarks.iter().any(|mark| mark.place == *here))
    {
        let words = view.fill("time.add_bookmark", &[("name", &names::place_of_text(view, here.as_str()))]);
        if ui.button(format!("★ {words}")).clicked() {
            push(view, MarkAction::ToggleBookmark);
        }
    }
}

fn bookmark_ui(ui: &mut Ui, view: &View, number: usize, bookmark: &Bookmark) {
    let place = names::place_of_text(view, bookmark.place.as_str());
    let there = bookmark.place.resolve(view.state.plan());
    let words = if bookmark.name.is_empty() { &place } else { &bookmark.name };
    let id = Id::unique("bookmark that is named");
    let naming: Option<Naming> = ui.data(|data| data.get_temp(id));
    if let Some(naming) = naming.filter(|naming| naming.number == number) {
        return naming_ui(ui, view, id, naming);
    }
    ui.horizontal(|ui| {
        ui.label(RichText::new("★").color(view.theme.warn));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if remove_ui(ui, view, words) {
                push(view, MarkAction::RemoveBookmark(number));
            }
            let tip = view.fill("time.rename", &[("what", words)]);
            let rename = ui.add(Button::new("✎").frame(false)).on_hover_text(&tip);
            name(&rename, Role::Button, &tip);
            if rename.clicked() {
                ui.data_mut(|data| {
                    data.insert_temp(id, Naming { number, text: bookmark.name.clone(), has_focus: false })
                });
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let link = RichText::new(words).color(view.theme.accent);
                let response = ui.add_enabled(there.is_some(), Button::new(link).frame(false).truncate());
                let response = response.on_hover_text(&place);
                if let Some(there) = there.filter(|there| response.hovered() && there.grain() >= Grain::Cell)
                {
                    view.hover(there);
                }
                if response.clicked() {
                    view.push(Action::Visit(bookmark.place.clone()));
                }
            });
        });
    });
    if !bookmark.name.is_empty() {
        ui.indent(("address of a bookmark", number), |ui| note_ui(ui, view, &place));
    }
}

/// A name that is being typed.
#[derive(Clone)]
struct Naming {
    /// The number of the bookmark that is being renamed.
    number: usize,
    text: String,
    has_focus: bool,
}

/// The line in which a name is typed: Enter takes it, Escape leaves it.
fn naming_ui(ui: &mut Ui, view: &View, id: Id, mut naming: Naming) {
    let edit =
        TextEdit::singleline(&mut naming.text).id(id.with("edit")).desired_width(ui.available_width() - 16.0);
    let response = ui.add(edit.hint_text(view.text("time.name")));
    response.widget_info(|| {
        let mut info = WidgetInfo::text_edit(true, "", &naming.text, "");
        info.label = Some(view.text("time.name"));
        info
    });
    if naming.has_focus && response.lost_focus() {
        if ui.input(|input| input.key_pressed(Key::Enter)) {
            push(view, MarkAction::Rename(naming.number, naming.text));
        }
        ui.data_mut(|data| data.remove::<Naming>(id));
        return;
    }
    if !naming.has_focus {
        response.request_focus();
        naming.has_focus = true;
    }
    ui.data_mut(|data| data.insert_temp(id, naming));
}
