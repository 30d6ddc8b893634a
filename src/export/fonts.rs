//! The bundled fonts and the widths of their characters: Inter for text, DejaVu Sans for signs, Noto Sans CJK for
//! Chinese and for the narrow digits of cells.

use std::sync::LazyLock;

/// Inter Regular.
pub const TEXT: &[u8] = include_bytes!("../../assets/fonts/text.otf");
/// Inter Semi Bold.
pub const STRONG: &[u8] = include_bytes!("../../assets/fonts/strong.otf");
/// Digits and signs of Noto Sans CJK, narrower than Inter's.
pub const DIGITS: &[u8] = include_bytes!("../../assets/fonts/digits.otf");
/// The signs of DejaVu Sans that Inter lacks.
pub const SYMBOLS: &[u8] = include_bytes!("../../assets/fonts/symbols.ttf");
/// Chinese characters and punctuation of Noto Sans CJK.
pub const CJK: &[u8] = include_bytes!("../../assets/fonts/cjk.otf");

/// A font that a text begins with. What it lacks comes from the signs, then from the Chinese characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Face {
    /// Running text.
    Text,
    /// Headings, and words that must stand out.
    Strong,
    /// Numbers in cells.
    Digits,
}

impl Face {
    /// The families for an SVG's `font-family`, in order of preference; a viewer without our fonts takes the last ones.
    pub const fn families(self) -> &'static str {
        match self {
            Self::Text | Self::Strong => {
                "Inter, 'DejaVu Sans', 'Noto Sans CJK SC', 'Noto Sans SC', Arial, sans-serif"
            }
            Self::Digits => "'Noto Sans CJK SC', 'Noto Sans SC', Inter, 'DejaVu Sans', Arial, sans-serif",
        }
    }

    /// The number for an SVG's `font-weight`.
    pub const fn weight(self) -> u16 {
        match self {
            Self::Text | Self::Digits => 400,
            Self::Strong => 600,
        }
    }

    /// The fonts in which a character is looked for, in order, by their numbers in [`ALL`].
    pub(super) const fn order(self) -> &'static [usize] {
        match self {
            Self::Text => &[1, 3, 4],
            Self::Strong => &[2, 1, 3, 4],
            Self::Digits => &[0, 1, 3, 4],
        }
    }

    /// How wide a text of size 1 is: the sum of its characters' widths. A character that no font has counts 1.
    pub fn width(self, text: &str) -> f64 {
        let width = |c: char| self.order().iter().find_map(|font| WIDTHS[*font].of(c)).unwrap_or(1.0);
        text.chars().map(width).sum()
    }
}

/// The bundled fonts, by number.
pub(super) const ALL: [&[u8]; 5] = [DIGITS, TEXT, STRONG, SYMBOLS, CJK];

static WIDTHS: LazyLock<[Widths; 5]> = LazyLock::new(|| ALL.map(Widths::read));

/// Whether a bundled font has a character.
pub(super) fn has(font: usize, c: char) -> bool {
    WIDTHS[font].of(c).is_some()
}

/// The font that shows a character of a face; `None` where no bundled one has it.
pub(super) fn font_of(face: Face, c: char) -> Option<usize> {
    face.order().iter().copied().find(|font| has(*font, c))
}

/// Whether a bundled font shows a character of a face.
pub fn has_character(face: Face, c: char) -> bool {
    font_of(face, c).is_some()
}

/// A font's family and weight, by which a text names it.
pub(super) const fn family(font: usize) -> (&'static str, u16) {
    match font {
        0 | 4 => ("Noto Sans CJK SC", 400),
        2 => ("Inter", 600),
        3 => ("DejaVu Sans", 400),
        _ => ("Inter", 400),
    }
}

/// The widths of a font's characters, as shares of its size, in the order of the characters.
struct Widths(Vec<(u16, f32)>);

impl Widths {
    /// Reads an OpenType font with a character map of format 4, as all of ours have; empty where that is broken.
    fn read(font: &'static [u8]) -> Self {
        Self(read_widths(font).unwrap_or_default())
    }

    fn of(&self, c: char) -> Option<f64> {
        let code = u16::try_from(u32::from(c)).ok()?;
        let at = self.0.binary_search_by_key(&code, |(code, _)| *code).ok()?;
        Some(f64::from(self.0[at].1))
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize)
}

/// A table of an OpenType font, by its tag.
fn table<'a>(font: &'a [u8], tag: &[u8]) -> Option<&'a [u8]> {
    let tables = usize::from(u16_at(font, 4)?);
    let record = (0..tables).map(|k| 12 + 16 * k).find(|&at| font.get(at..at + 4) == Some(tag))?;
    let (start, length) = (u32_at(font, record + 8)?, u32_at(font, record + 12)?);
    font.get(start..start.checked_add(length)?)
}

fn read_widths(font: &[u8]) -> Option<Vec<(u16, f32)>> {
    let units = f32::from(u16_at(table(font, b"head")?, 18)?);
    let advances = usize::from(u16_at(table(font, b"hhea")?, 34)?);
    let widths = table(font, b"hmtx")?;
    let map = table(font, b"cmap")?;
    let subtables = (0..usize::from(u16_at(map, 2)?)).filter_map(|k| map.get(u32_at(map, 8 + 8 * k)?..));
    let map = subtables.into_iter().find(|subtable| u16_at(subtable, 0) == Some(4))?;
    let doubled = usize::from(u16_at(map, 6)?);
    let (ends, starts) = (14, 16 + doubled);
    let (deltas, offsets) = (starts + doubled, starts + 2 * doubled);
    let mut found = Vec::new();
    for segment in (0..doubled).step_by(2) {
        let (first, last) = (u16_at(map, starts + segment)?, u16_at(map, ends + segment)?);
        let (delta, offset) = (u16_at(map, deltas + segment)?, u16_at(map, offsets + segment)?);
        for code in first..=last.min(0xFFFE) {
            let glyph = match offset {
                0 => code.wrapping_add(delta),
                offset => {
                    let at = offsets + segment + usize::from(offset) + 2 * usize::from(code - first);
                    match u16_at(map, at)? {
                        0 => 0,
                        glyph => glyph.wrapping_add(delta),
                    }
                }
            };
            if glyph > 0 {
                // The last advance holds for all glyphs behind it.
                let width = u16_at(widths, 4 * usize::from(glyph).min(advances.checked_sub(1)?))?;
                found.push((code, f32::from(width) / units));
            }
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_as_wide_as_the_fonts_say() {
        for face in [Face::Text, Face::Strong, Face::Digits] {
            let digits: Vec<f64> = ('0'..='9').map(|c| face.width(&c.to_string())).collect();
            assert!(digits.iter().all(|w| (w - digits[0]).abs() < 0.003), "{face:?}: {digits:?}");
            assert_eq!(face.width("卷积"), 2.0);
            assert!(face.width("i") < face.width("m") && face.width("m") < 1.0, "{face:?}");
        }
        assert!(Face::Digits.width("0") < Face::Text.width("0"));
        assert!(Face::Strong.width("word") > Face::Text.width("word"));
        // A sign that Inter lacks, one that none has.
        assert!((0.3..1.0).contains(&Face::Text.width("⊙")));
        assert_eq!(Face::Text.width("\u{10FFFD}"), 1.0);
    }
}
