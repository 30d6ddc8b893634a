//! The page of what a unit looks at: what is asked for, the pictures, what their numbers say, and the pictures of the
//! data that excite it most.

mod controls;
mod exciting;
mod facts;
mod pictures;

use crate::app::{Action, AttributionAction, AttributionMaps};
use crate::ui::{theme, theme::space, view::View};
use egui::{RichText, ScrollArea, Ui};

/// Draws the page.
pub fn looks_ui(ui: &mut Ui, view: &View) {
    let height = ui.available_height();
    ScrollArea::vertical().id_salt("looks").auto_shrink(false).show(ui, |ui| {
        controls::controls_ui(ui, view);
        ui.add_space(space::XS);
        map_ui(ui, view, height);
        exciting::exciting_ui(ui, view);
    });
}

/// The map of the picture, and what is said of it.
fn map_ui(ui: &mut Ui, view: &View, height: f32) {
    let Some(made) = view.state.attribution().made() else { return };
    let method = made.look.settings().method;
    let name = view.text(&format!("looks.name.{}", method.name()));
    let title = view.fill("looks.title", &[("unit", &unit_text(view, made))]);
    ui.label(RichText::new(format!("{title} · {name}")).font(theme::strong_font()));
    ui.label(view.text(&format!("looks.says.{}", method.name())));
    if method.changes_gradient() {
        let key = if facts::has_relu(made) { "looks.changes" } else { "looks.no_relu" };
        ui.label(RichText::new(format!("! {}", view.text(key))).color(view.theme.warn));
    }
    if let Some(error) = &made.error {
        ui.label(RichText::new(format!("✗ {error}")).color(view.theme.bad));
        return;
    }
    ui.add_space(space::XS);
    pictures::pictures_ui(ui, view, made, height);
    ui.add_space(space::XS);
    facts::facts_ui(ui, view, made);
}

fn act(view: &View, action: AttributionAction) {
    view.act(Action::Attribution(action));
}

/// The unit's text, as the command line reads it.
fn unit_text(view: &View, made: &AttributionMaps) -> String {
    made.unit.text(view.state.plan().network(), |class| view.state.model().class_name(class))
}
