//! The one size of all numbers of a close-up.

use super::ladder::{READABLE, number_size};
use crate::ui::{fonts, theme::text_size, view::View, widgets::grid::NumberStyle};
use egui::{FontId, Ui};

/// From this cell on three significant digits are shown.
const THREE_DIGITS: f32 = 96.0;

/// How the numbers of a close-up are written into cells of the side `cell`: as many digits as the least size of letters
/// allows, and then as large as the longest of `groups`, the numbers of its parts, lets them be.
pub(super) fn number_style(ui: &Ui, view: &View, groups: &[Vec<f32>], cell: f32) -> NumberStyle {
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
        let widest = groups.iter().map(|values| widest(ui, values, &of_part(style, values)));
        let size = number_size(cell, widest.fold(0.0, f32::max), sizes)?;
        Some(NumberStyle { size, ..style })
    });
    let fitted = fitted.unwrap_or_else(|| style(4, 1));
    NumberStyle { sparse: cell < READABLE, ..fitted }
}

/// The style of one part: without a limit of decimals where that would leave nothing of most of its numbers, as of the
/// gradients of a trained network.
pub(super) fn of_part(style: NumberStyle, values: &[f32]) -> NumberStyle {
    let told = values.iter().copied().filter(|value| *value != 0.0);
    let (tiny, other): (Vec<f32>, Vec<f32>) = told.partition(|value| value.abs() < 0.005);
    let free = NumberStyle { decimals: None, ..style };
    let all_fit = values.iter().all(|value| free.text(*value).is_some());
    if all_fit && tiny.len() > other.len() { free } else { style }
}

/// The width of the longest number, in units of the letters' size.
fn widest(ui: &Ui, values: &[f32], style: &NumberStyle) -> f32 {
    let font = FontId::new(100.0, fonts::cells(ui.ctx()));
    ui.fonts_mut(|fonts| {
        let width = |text: String| text.chars().map(|c| fonts.glyph_width(&font, c)).sum::<f32>() / 100.0;
        values.iter().filter_map(|&value| style.text(value)).map(width).fold(0.0, f32::max)
    })
}
