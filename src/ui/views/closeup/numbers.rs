//! The one size of all numbers of a close-up.

use super::ladder::{READABLE, number_size};
use crate::ui::{fonts, theme::text_size, view::View, widgets::grid::NumberStyle};
use egui::{FontId, Ui};

/// From this cell on three significant digits are shown.
const THREE_DIGITS: f32 = 96.0;

/// How the numbers of a close-up are written into cells of the side `cell`: as many digits as the least size of letters
/// allows, and then as large as the longest of `values` lets them be.
pub(super) fn number_style(ui: &Ui, view: &View, values: &[f32], cell: f32) -> NumberStyle {
    let presenting = super::is_presenting(view);
    let sizes = text_size::CELL;
    let decimals = presenting.then_some(2);
    let style = |max_chars, digits| NumberStyle {
        size: sizes[0],
        max_chars,
        max_digits: Some(digits),
        decimals,
        sparse: false,
    };
    let levels = [(7, 3), (6, 2), (5, 2), (4, 1)];
    let levels = if cell < THREE_DIGITS { &levels[1..] } else { &levels[..] };
    let fitted = levels.iter().find_map(|&(chars, digits)| {
        let style = style(chars, digits);
        let size = number_size(cell, widest(ui, values, &style), sizes)?;
        Some(NumberStyle { size, ..style })
    });
    let fitted = fitted.unwrap_or_else(|| style(4, 1));
    NumberStyle { sparse: cell < READABLE, ..fitted }
}

/// The width of the longest number, in units of the letters' size.
fn widest(ui: &Ui, values: &[f32], style: &NumberStyle) -> f32 {
    let font = FontId::new(100.0, fonts::cells(ui.ctx()));
    ui.fonts_mut(|fonts| {
        let width = |text: String| text.chars().map(|c| fonts.glyph_width(&font, c)).sum::<f32>() / 100.0;
        values.iter().filter_map(|&value| style.text(value)).map(width).fold(0.0, f32::max)
    })
}
