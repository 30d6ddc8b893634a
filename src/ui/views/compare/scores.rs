//! The predictions of both sides, class by class.

use crate::app::Kept;
use crate::ui::{names, number, theme, view::View};
use egui::{Grid, Rect, RichText, Sense, Ui, vec2};

/// Classes that are listed.
const LISTED: usize = 10;

/// Draws the scores of both sides, the classes ordered by the larger of the two.
pub fn scores_ui(ui: &mut Ui, view: &View, sides: [&Kept; 2]) {
    let named = sides.map(|side| {
        let scores = side.scores().into_iter().enumerate();
        scores.map(|(class, score)| (names::class_of(view, &side.model, class), score)).collect::<Vec<_>>()
    });
    let of = |side: usize, name: &str| {
        named[side].iter().find(|(class, _)| class == name).map(|(_, score)| *score)
    };
    let mut names: Vec<&String> = named[0].iter().map(|(name, _)| name).collect();
    names.extend(named[1].iter().map(|(name, _)| name).filter(|name| of(0, name).is_none()));
    let larger =
        |name: &str| [of(0, name), of(1, name)].into_iter().flatten().fold(f32::NEG_INFINITY, f32::max);
    names.sort_by(|a, b| larger(b).total_cmp(&larger(a)));
    let most = named
        .iter()
        .flatten()
        .map(|(_, score)| score.abs())
        .filter(|s| s.is_finite())
        .fold(1e-12f32, f32::max);
    ui.label(RichText::new(view.text("compare.predictions")).font(theme::strong_font()));
    Grid::new("predictions of both sides").num_columns(6).min_row_height(18.0).spacing([10.0, 3.0]).show(
        ui,
        |ui| {
            for head in ["", "A", "", "B", "", "A−B"] {
                ui.label(RichText::new(head).color(view.theme.text_weak));
            }
            ui.end_row();
            for name in names.into_iter().take(LISTED) {
                ui.label(name);
                for side in 0..2 {
                    let score = of(side, name);
                    bar_ui(ui, view, score.unwrap_or(0.0) / most, view.theme.series[side]);
                    let text = score.map_or_else(|| "–".to_owned(), number::four_digits);
                    ui.label(RichText::new(text).font(theme::mono_font()));
                }
                let difference = of(0, name).zip(of(1, name)).map(|(a, b)| a - b);
                let text = difference.map_or_else(|| "–".to_owned(), number::four_digits);
                ui.label(RichText::new(text).font(theme::mono_font()).color(view.theme.text_strong));
                ui.end_row();
            }
        },
    );
}

fn bar_ui(ui: &mut Ui, view: &View, share: f32, color: egui::Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(90.0, 12.0), Sense::hover());
    ui.painter().rect_filled(rect, 2, view.theme.field);
    let width = rect.width() * share.abs().clamp(0.0, 1.0);
    ui.painter().rect_filled(Rect::from_min_size(rect.min, vec2(width, rect.height())), 2, color);
}
