//! A number with its name, to drag or to type; it is reported once, when the drag or the typing ends.

use crate::ui::{theme::space, view::View, widgets::flow::body_width};
use egui::{DragValue, Id, RichText, Ui, emath::Numeric, vec2};

/// Draws the name and the number; answers the number when another one has been chosen. What is being dragged or typed
/// changes nothing yet: it would be an edit at each step.
pub fn field_ui<T: Numeric + Send + Sync>(
    ui: &mut Ui,
    view: &View,
    key: &str,
    value: T,
    with: impl FnOnce(DragValue<'_>) -> DragValue<'_>,
) -> Option<T> {
    let name = view.text(key);
    const FIELD: f32 = 48.0;
    // Both on one line.
    let needed = body_width(ui, &name) + ui.spacing().item_spacing.x + FIELD + 2.0 * space::XS;
    if ui.layout().main_wrap() && needed > ui.available_size_before_wrap().x {
        ui.end_row();
    }
    let label = ui.label(RichText::new(&name).color(view.theme.text_weak));
    let id = Id::unique(("training field", key));
    let mut now = ui.data(|data| data.get_temp::<T>(id)).unwrap_or(value);
    let size = vec2(FIELD, ui.spacing().interact_size.y);
    let drag = with(DragValue::new(&mut now)).update_while_editing(false);
    let response = ui.add_sized(size, drag).on_hover_text(view.text(&format!("{key}_tip")));
    let response = response.labelled_by(label.id);
    if response.dragged() {
        ui.data_mut(|data| data.insert_temp(id, now));
        return None;
    }
    let was_dragged = response.drag_stopped();
    ui.data_mut(|data| data.remove::<T>(id));
    ((was_dragged || response.changed()) && now != value).then_some(now)
}
