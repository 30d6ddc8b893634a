//! The program's words, in English and Chinese, from assets/strings.

use crate::app::Lang;
use crate::export::sheet::words::without_spaces_between_han;

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
