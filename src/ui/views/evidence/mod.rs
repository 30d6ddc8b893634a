//! The page Evidence: the controls, the pictures that show what speaks for an answer or a map, their numbers, and the
//! pictures of the data set with the strongest activations.

mod controls;
mod facts;
mod pictures;
mod top_activations;

use crate::app::{Action, AttributionAction, Work};
use crate::ui::{names, theme, theme::space, told, view::View};
use egui::{Align, Layout, RichText, ScrollArea, Ui, vec2};

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
    let title = RichText::new(format!("{title} · {name}")).font(theme::title_font());
    ui.label(title.color(view.theme.text_strong));
    ui.label(view.text(&format!("evidence.about.{}", method.name())));
    if method.changes_gradient() {
        let key = if facts::has_relu(made) { "evidence.changes" } else { "evidence.no_relu" };
        ui.label(RichText::new(format!("! {}", view.text(key))).color(view.theme.warn));
    }
    if let Some(error) = &made.error {
        let error = told::failed(view.words, Work::Evidence, error);
        ui.label(RichText::new(format!("✗ {error}")).color(view.theme.bad));
        return;
    }
    ui.add_space(space::XS);
    let room = ui.available_width() - FACTS - space::XL;
    if room < 2.0 * LEAST || pictures::count(made) > 2 {
        pictures::pictures_ui(ui, view, made, height - WORDS);
        ui.add_space(space::XS);
        facts::facts_ui(ui, view, made);
        return;
    }
    // The figures stand beside the pictures, which have the height.
    ui.horizontal_top(|ui| {
        ui.allocate_ui_with_layout(vec2(room, 0.0), Layout::top_down(Align::Min), |ui| {
            ui.set_width(room);
            pictures::pictures_ui(ui, view, made, height - WORDS_WITHOUT_FACTS);
        });
        ui.add_space(space::M);
        ui.vertical(|ui| facts::facts_ui(ui, view, made));
    });
}

/// The width of the figures beside the pictures, and the least side of two pictures beside them.
const FACTS: f32 = 300.0;
const LEAST: f32 = 340.0;
/// The height of what stands over and under the pictures, with the figures and without.
const WORDS: f32 = 285.0;
const WORDS_WITHOUT_FACTS: f32 = 212.0;

fn push(view: &View, action: AttributionAction) {
    view.push(Action::Attribution(action));
}
