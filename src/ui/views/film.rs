//! What a film is to show: so many steps from here, how fast, and in which format.

use crate::app::{FileAction, FilmQuestion};
use crate::export::film::Form;
use crate::trace::Grain;
use crate::ui::{
    theme::{self, space},
    view::View,
    widgets::segments::list_ui,
};
use egui::{Button, DragValue, Id, Key, Modal, RichText, Ui, vec2};

/// The grains of a film's steps.
const GRAINS: [Grain; 5] = [Grain::Term, Grain::Cell, Grain::Channel, Grain::Layer, Grain::Pass];

/// Draws the sheet that asks about a film.
pub fn film_ui(ui: &mut Ui, view: &View, film: FilmQuestion) {
    let push = |action: FileAction| view.push(action.into());
    let shown = Modal::new(Id::unique("film")).show(ui.ctx(), |ui| {
        ui.set_width(420.0_f32.min(view.room.window.width() - 60.0));
        ui.spacing_mut().item_spacing.y = space::S;
        ui.label(RichText::new(view.text("files.film")).font(theme::title_font()));
        ui.label(view.text("files.film_why"));
        let mut chosen = film;
        fields_ui(ui, view, &mut chosen);
        if chosen != film {
            push(FileAction::SetFilm(chosen));
        }
        ui.separator();
        ui.horizontal(|ui| {
            let words = RichText::new(view.text("files.film_choose")).color(view.theme.on_accent);
            let button = Button::new(words).fill(view.theme.accent).min_size(vec2(140.0, 30.0));
            let is_entered = ui.memory(|memory| memory.focused().is_none())
                && ui.input(|input| input.key_pressed(Key::Enter));
            if ui.add(button).clicked() || is_entered {
                push(FileAction::ConfirmFilm);
            }
            if ui.add(Button::new(view.text("files.cancel")).min_size(vec2(100.0, 30.0))).clicked() {
                push(FileAction::ForgetFilm);
            }
        });
    });
    if shown.backdrop_response.clicked() {
        push(FileAction::ForgetFilm);
    }
}

/// The fields, each with its name before it.
fn fields_ui(ui: &mut Ui, view: &View, film: &mut FilmQuestion) {
    /// The width of a name.
    const NAME: f32 = 150.0;
    let named = |ui: &mut Ui, key: &str, add: &mut dyn FnMut(&mut Ui, Id)| {
        ui.horizontal(|ui| {
            let label =
                ui.add_sized(vec2(NAME, 30.0), egui::Label::new(view.text(key)).halign(egui::Align::Min));
            add(ui, label.id);
        });
    };
    named(ui, "files.film_steps", &mut |ui, label| {
        let field = DragValue::new(&mut film.steps).range(1..=crate::app::MOST_STEPS).speed(1.0);
        ui.add_sized(vec2(84.0, 30.0), field).labelled_by(label);
    });
    named(ui, "files.film_grain", &mut |ui, _| {
        let words: Vec<String> =
            GRAINS.iter().map(|grain| view.text(&format!("grain.{}", grain.name()))).collect();
        let chosen = GRAINS.iter().position(|grain| *grain == film.grain).unwrap_or(1);
        if let Some(grain) = list_ui(ui, view.theme, &view.text("files.film_grain"), &words, chosen) {
            film.grain = GRAINS[grain];
        }
    });
    named(ui, "files.film_fps", &mut |ui, label| {
        let field = DragValue::new(&mut film.pace.fps).range(0.1..=50.0).speed(0.1);
        ui.add_sized(vec2(84.0, 30.0), field).labelled_by(label);
    });
    named(ui, "files.film_form", &mut |ui, _| {
        for (form, key) in [(Form::Gif, "files.film_gif"), (Form::Apng, "files.film_apng")] {
            if ui.selectable_label(film.form == form, view.text(key)).clicked() {
                film.form = form;
            }
        }
    });
}
