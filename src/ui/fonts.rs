//! The fonts of the window: Inter for text, Hack for code, Noto Sans CJK for Chinese.

use std::sync::{Arc, LazyLock};

use crate::export::fonts::{CJK, DIGITS, STRONG, SYMBOLS, TEXT};
use egui::{Context, FontData, FontDefinitions, FontFamily, FontTweak};

/// The name under which [`strong`] is known to egui.
const STRONG_FAMILY: &str = "strong";

/// The half-bold family of headings and of words that must stand out; known once [`install`] was called.
pub fn strong() -> FontFamily {
    static NAME: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from(STRONG_FAMILY));
    FontFamily::Name(NAME.clone())
}

/// The name under which [`cells`] is known to egui.
const CELLS_FAMILY: &str = "cells";

/// The family of numbers in cells: narrow digits, centred in their line.
///
/// A window without our fonts has no such family, and egui does not forgive an unknown one;
/// there it is the family of running text.
pub fn cells(ctx: &Context) -> FontFamily {
    let family = cells_family();
    let installed = ctx.fonts(|fonts| fonts.definitions().families.contains_key(&family));
    if installed { family } else { FontFamily::Proportional }
}

fn cells_family() -> FontFamily {
    static NAME: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from(CELLS_FAMILY));
    FontFamily::Name(NAME.clone())
}

/// Our fonts in front of egui's: one of egui's has signs of the width of a Chinese character that do not go with ours.
///
/// Digits in all of them are of one width, so that a number keeps its place while it changes.
pub fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    // The Chinese glyphs sit high in their box beside Inter.
    let cjk = FontTweak { y_offset_factor: 0.02, ..FontTweak::default() };
    for (name, data) in [
        ("text", FontData::from_static(TEXT)),
        (STRONG_FAMILY, FontData::from_static(STRONG)),
        ("digits", FontData::from_static(DIGITS)),
        ("symbols", FontData::from_static(SYMBOLS)),
        ("cjk", FontData::from_static(CJK).tweak(cjk)),
    ] {
        fonts.font_data.insert(name.to_owned(), Arc::new(data));
    }

    let proportional = fonts.families.entry(FontFamily::Proportional).or_default();
    proportional.insert(0, "text".to_owned());
    proportional.insert(1, "symbols".to_owned());
    proportional.insert(2, "cjk".to_owned());
    let mut bold = proportional.clone();
    bold.insert(0, STRONG_FAMILY.to_owned());
    let mut in_cells = proportional.clone();
    in_cells.insert(0, "digits".to_owned());
    fonts.families.insert(strong(), bold);
    fonts.families.insert(cells_family(), in_cells);

    let monospace = fonts.families.entry(FontFamily::Monospace).or_default();
    let after_first = monospace.len().min(1);
    monospace.insert(after_first, "text".to_owned());
    monospace.insert(after_first + 1, "symbols".to_owned());
    monospace.insert(after_first + 2, "cjk".to_owned());
    fonts
}

/// Gives the window its fonts; to be called before its first frame. Does nothing if it has them.
pub fn install(ctx: &Context) {
    static FONTS: LazyLock<FontDefinitions> = LazyLock::new(definitions);
    ctx.set_fonts(FONTS.clone());
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{FontId, RawInput};

    /// What formulas, numbers, transport and marks of the program are written with.
    const NEEDED: &str = "∂Σ∑∏·×÷−±∞≤≥≠≈→←↑↓↔⇒′″²³¹⁰⁴⁵⁶⁷⁸⁹⁺⁻₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖᵀ√∇⊙⊕⊗∘∗∈∀∝⟨⟩⌊⌋⌈⌉½¼¾\
        αβγδεζηθικλμνξοπρστυφχψωΓΔΘΛΞΠΣΦΨΩŷŵℒℝ•…–—“”‘’\
        ★☆✓✗✕✎▲▼◀▶△▽◁▷▴▾◂▸■□●○◆◇⏮⏭⏸⏹⏵⏴⏺↺↻⟳⟲⇤⇥↵⌫␣⌘⇧⌥⌃☰⚙⚠☀\
        ，。、；：？！（）《》「」【】％、·—";

    fn lacking(text: &str) -> Vec<(FontFamily, char)> {
        let ctx = Context::default();
        install(&ctx);
        ctx.run_ui(RawInput::default(), |_| ()).drop_without_applying_deltas();
        let mut lacking = Vec::new();
        for family in [FontFamily::Proportional, FontFamily::Monospace, strong(), cells_family()] {
            let font = FontId::new(14.0, family.clone());
            ctx.fonts_mut(|fonts| {
                let without = text.chars().filter(|c| !c.is_whitespace() && !fonts.has_glyph(&font, *c));
                lacking.extend(without.map(|c| (family.clone(), c)));
            });
        }
        lacking
    }

    #[test]
    fn every_needed_character_has_a_glyph() {
        let ascii: String = ('!'..='~').collect();
        assert_eq!(lacking(&format!("{NEEDED}{ascii}")), []);
    }

    #[test]
    fn common_chinese_has_glyphs() {
        assert_eq!(lacking("卷积神经网络：前向传播、反向传播、权重更新，逐步执行每一次乘加。"), []);
    }

    #[test]
    fn chinese_punctuation_is_as_wide_as_a_character() {
        let ctx = Context::default();
        install(&ctx);
        ctx.run_ui(RawInput::default(), |_| ()).drop_without_applying_deltas();
        for family in [FontFamily::Proportional, FontFamily::Monospace, strong(), cells_family()] {
            let font = FontId::new(14.0, family.clone());
            let width = |c: char| ctx.fonts_mut(|fonts| fonts.glyph_width(&font, c));
            let others: Vec<char> = "，。、；：？！（）《》【】％"
                .chars()
                .filter(|&c| (width(c) - width('中')).abs() > 0.1)
                .collect();
            assert!(others.is_empty(), "{family:?}: {others:?}");
        }
    }

    #[test]
    fn an_absent_glyph_is_noticed() {
        assert!(!lacking("\u{10FFFD}").is_empty());
    }

    #[test]
    fn digits_are_of_one_width() {
        let ctx = Context::default();
        install(&ctx);
        ctx.run_ui(RawInput::default(), |_| ()).drop_without_applying_deltas();
        for family in [FontFamily::Proportional, FontFamily::Monospace, strong(), cells_family()] {
            let font = FontId::new(14.0, family);
            let widths: Vec<f32> = ctx.fonts_mut(|f| ('0'..='9').map(|c| f.glyph_width(&font, c)).collect());
            // Inter's tabular 4 is a thousandth of an em off.
            assert!(widths.iter().all(|w| (w - widths[0]).abs() < 0.03), "{widths:?}");
        }
    }
}
