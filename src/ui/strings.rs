//! The program's words, in English and Chinese, from assets/strings.

use crate::app::Lang;

/// The words of one language.
#[derive(Clone, Copy, Debug)]
pub struct Words(pub Lang);

impl Words {
    /// The text with this key; the key itself where there is none, so that a gap is seen.
    pub fn text(self, key: &str) -> String {
        rust_i18n::t!(key, locale = self.0.code()).into_owned()
    }

    /// The text with its `%{name}` filled in.
    pub fn fill(self, key: &str, values: &[(&str, &str)]) -> String {
        let fill = |text: String, (name, value): &(&str, &str)| text.replace(&format!("%{{{name}}}"), value);
        let text = values.iter().fold(self.text(key), fill);
        match self.0 {
            Lang::En => text,
            Lang::Zh => without_spaces_between_han(&text),
        }
    }
}

/// A Chinese text without the thin spaces that stand between Han characters once its placeholders are filled in.
fn without_spaces_between_han(text: &str) -> String {
    const THIN_SPACE: char = '\u{2009}';
    let is_han =
        |c: &char| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff65}');
    let chars: Vec<char> = text.chars().collect();
    let is_wanted = |k: usize| {
        let between = |k: usize| chars.get(k).is_none_or(&is_han);
        chars[k] != THIN_SPACE || !(k > 0 && between(k - 1) && between(k + 1))
    };
    (0..chars.len()).filter(|&k| is_wanted(k)).map(|k| chars[k]).collect()
}
