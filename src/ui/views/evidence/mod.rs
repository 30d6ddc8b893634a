//! The page Evidence: the controls, the pictures that show what speaks for an answer or a map, their numbers, and the
//! pictures of the data set with the strongest activations.

mod controls;
mod facts;
mod pictures;
mod top_activations;

use crate::app::{Action, AttributionAction};
use crate::ui::{names, theme, theme::space, view::View};
use egui::{RichText, ScrollArea, Ui};

/// Draws the page Evidence: controls, the map over the picture, its figures, the top activations.
pub fn evidence_ui(ui: &mut Ui, view: &View) {
    let height = ui.available_height();
    ScrollArea::vertical().id_salt("evidence").auto_shrink(false).show(ui, |ui| {
        controls::controls_ui(ui, view);
        ui.add_space(space::XS);
        map_ui(ui, view, height);
        top_activations::top_activations_ui(ui, view);
    });
}

/// The title, the explanation, the pictures and the numbers of the current method; `height` is the page's height.
fn map_ui(ui: &mut Ui, view: &View, height: f32) {
    let Some(made) = view.state.attribution().made() else { return };
    let method = made.look.settings().method;
    let name = view.text(&format!("evidence.name.{}", method.name()));
    let title = view.fill("evidence.title", &[("unit", &names::unit(view, made.unit))]);
    ui.label(RichText::new(format!("{title} · {name}")).font(theme::strong_font()));
    ui.label(view.text(&format!("evidence.about.{}", method.name())));
    if method.changes_gradient() {
        let key = if facts::has_relu(made) { "evidence.changes" } else { "evidence.no_relu" };
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

fn push(view: &View, action: AttributionAction) {
    view.push(Action::Attribution(action));
}
