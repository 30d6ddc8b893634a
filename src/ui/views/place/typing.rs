//! The field in which an address is typed.

use crate::app::Action;
use crate::ui::{theme, view::View};
use egui::{
    Id, TextEdit, Ui,
    text::{CCursor, CCursorRange},
    text_edit::TextEditState,
};

/// Draws the field in the place of the ladder; it has the keyboard from its first frame on.
pub fn typing_ui(ui: &mut Ui, view: &View) {
    let id = Id::unique("address line");
    let kept: Option<String> = ui.data(|data| data.get_temp(id));
    let fresh = kept.is_none();
    let mut text = kept.unwrap_or_else(|| match view.state.selected() {
        Some(selected) => view.state.plan().text(&selected),
        None => view.state.cursor().text(view.state.plan()),
    });
    let edit = TextEdit::singleline(&mut text)
        .id(id.with("edit"))
        .font(theme::mono_font())
        .hint_text("fwd/conv1/k2/(3,5)/m7")
        .desired_width(ui.available_width() - 60.0);
    let response = ui.add(edit);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, view.text("cmd.go_to")));
    if fresh {
        response.request_focus();
        // Whatever is typed takes the place of what is there.
        let mut state = TextEditState::load(ui.ctx(), response.id).unwrap_or_default();
        let all = CCursorRange::two(CCursor::new(0), CCursor::new(text.chars().count()));
        state.cursor.set_char_range(Some(all));
        state.store(ui.ctx(), response.id);
    }
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    if entered {
        view.push(Action::GoTo(text.clone()));
    } else if response.lost_focus() && !fresh {
        view.push(Action::TypeAddress(false));
    }
    let stays = !response.lost_focus() || fresh;
    ui.data_mut(|data| {
        if stays {
            data.insert_temp(id, text);
        } else {
            data.remove::<String>(id);
        }
    });
}
