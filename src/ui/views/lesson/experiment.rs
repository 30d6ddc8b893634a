//! The experiment with shuffled pixels: a digit as it is and shuffled, and what two networks made of each. Until the
//! question is answered, what came of it is covered.

use super::answers::network_name;
use crate::app::{JobKind, LessonState};
use crate::data::{Generated, shuffle_pixels};
use crate::lesson::Kind;
use crate::train::{Learned, Learner, ShuffleExperiment};
use crate::ui::{
    fonts,
    theme::{self, space, text_size},
    view::View,
    widgets::thumbnail::from_pixels,
};
use egui::{Color32, FontId, Grid, Id, ProgressBar, RichText, Sense, Ui, vec2};

/// The side of a digit.
const DIGIT: f32 = 168.0;

/// The width of a bar.
const BAR: f32 = 220.0;

/// Draws the page.
pub fn experiment_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    ui.add_space(space::M);
    let experiment = ShuffleExperiment::default();
    let (pixels, _) = Generated::Digits.sample(experiment.seed, 4);
    let shuffled = shuffle_pixels(&pixels, experiment.seed);
    ui.horizontal(|ui| {
        for (key, pixels) in [("straight", pixels), ("shuffled", shuffled)] {
            ui.vertical(|ui| {
                let words = view.text(&format!("lesson.experiment.{key}"));
                ui.label(RichText::new(&words).font(theme::strong_font()).color(view.theme.text_strong));
                let (rect, response) = ui.allocate_exact_size(vec2(DIGIT, DIGIT), Sense::hover());
                response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &words));
                if let Some(picture) = from_pixels(ui.ctx(), Id::unique(("experiment", key)), &pixels) {
                    picture.paint(ui, view.theme, rect);
                }
            });
            ui.add_space(space::XL);
        }
    });
    ui.add_space(space::L);
    let learned = lesson.scene().experiment.as_deref();
    // What only makes think gives nothing away.
    let is_question = lesson.item().is_some_and(|item| item.kind != Kind::Think);
    let is_shown = !view.state.is_asked() || !is_question;
    match (learned, view.state.jobs().of_kind(JobKind::Experiment)) {
        (Some(learned), _) => table_ui(ui, view, learned, is_shown),
        (None, Some(job)) => {
            let words = view.text("lesson.experiment.running");
            ui.label(RichText::new(words).font(theme::body_font()).color(view.theme.text));
            ui.add(ProgressBar::new(job.part).desired_width(2.0 * BAR).show_percentage());
        }
        (None, None) => {}
    }
}

/// A row per network: its share of right answers on pictures as they are and on shuffled ones.
fn table_ui(ui: &mut Ui, view: &View, learned: &[Learned], is_shown: bool) {
    let words = view.text("lesson.experiment.title");
    ui.label(RichText::new(words).font(theme::strong_font()).color(view.theme.text_strong));
    ui.add_space(space::S);
    Grid::new("experiment").spacing(vec2(space::L, space::M)).show(ui, |ui| {
        for (learner, word) in [(Learner::Dense, "dense"), (Learner::Convolutional, "conv")] {
            let name = network_name(view, word);
            ui.label(RichText::new(name).font(theme::body_font()).color(view.theme.text));
            for is_shuffled in [false, true] {
                let of = |one: &&Learned| one.learner == learner && one.is_shuffled == is_shuffled;
                let accuracy = learned.iter().find(of).map_or(0.0, |one| one.accuracy as f32);
                cell_ui(ui, view, accuracy, is_shuffled, is_shown);
            }
            ui.end_row();
        }
    });
}

/// A share as a bar and in per cent; "?" while it is covered.
fn cell_ui(ui: &mut Ui, view: &View, accuracy: f32, is_shuffled: bool, is_shown: bool) {
    let key = if is_shuffled { "lesson.experiment.shuffled" } else { "lesson.experiment.straight" };
    ui.vertical(|ui| {
        let front = RichText::new(view.text(key)).font(FontId::proportional(text_size::SMALL));
        ui.label(front.color(view.theme.text_weak));
        let number = if is_shown { format!("{:.1} %", 100.0 * accuracy) } else { "?".into() };
        let font = FontId::new(text_size::HEADING, fonts::strong());
        ui.label(RichText::new(number).font(font).color(view.theme.text_strong));
        let (rect, _) = ui.allocate_exact_size(vec2(BAR, 8.0), Sense::hover());
        ui.painter().rect_filled(rect, 2.0, view.theme.line);
        if is_shown {
            let done = rect.with_max_x(rect.left() + rect.width() * accuracy);
            let fill: Color32 = view.theme.pass(crate::trace::Pass::Fwd).fill;
            ui.painter().rect_filled(done, 2.0, fill);
        }
    });
}
