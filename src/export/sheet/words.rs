//! The words of worksheets, in English and Chinese, from assets/strings.

use std::{collections::BTreeMap, sync::LazyLock};

/// A language of worksheets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

type Table = BTreeMap<String, String>;

static TABLES: LazyLock<[Table; 2]> = LazyLock::new(|| {
    [
        [
            include_str!("../../../assets/strings/sheet.en.toml"),
            include_str!("../../../assets/strings/sentences.en.toml"),
            include_str!("../../../assets/strings/names.en.toml"),
            include_str!("../../../assets/strings/classes.en.toml"),
        ],
        [
            include_str!("../../../assets/strings/sheet.zh.toml"),
            include_str!("../../../assets/strings/sentences.zh.toml"),
            include_str!("../../../assets/strings/names.zh.toml"),
            include_str!("../../../assets/strings/classes.zh.toml"),
        ],
    ]
    .map(|texts| {
        let mut table = Table::new();
        for text in texts {
            flatten("", &text.parse().unwrap_or_default(), &mut table);
        }
        table
    })
});

fn flatten(prefix: &str, from: &toml::Table, into: &mut Table) {
    for (key, value) in from {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(table) => flatten(&key, table, into),
            value => drop(into.insert(key, value.as_str().unwrap_or_default().to_owned())),
        }
    }
}

/// The words of one language.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Words(pub Language);

impl Words {
    /// One of two texts.
    pub fn either<'a>(self, en: &'a str, zh: &'a str) -> &'a str {
        match self.0 {
            Language::En => en,
            Language::Zh => zh,
        }
    }

    /// The text with this key; the key itself where there is none, so that a gap is seen.
    pub fn text(self, key: &str) -> String {
        TABLES[self.0 as usize].get(key).map_or(key, String::as_str).to_owned()
    }

    /// A class in this language, where it is one of a bundled model's.
    pub fn class(self, name: &str) -> String {
        let words = TABLES[self.0 as usize].get(&format!("class.{name}"));
        words.map_or(name, String::as_str).to_owned()
    }

    /// The text with its `%{name}` filled in.
    pub fn fill(self, key: &str, values: &[(&str, &str)]) -> String {
        let fill = |text: String, (name, value): &(&str, &str)| text.replace(&format!("%{{{name}}}"), value);
        let text = values.iter().fold(self.text(key), fill);
        match self.0 {
            Language::En => text,
            Language::Zh => without_spaces_between_han(&text),
        }
    }
}

/// A Chinese text without the thin spaces that stand between Han characters once its placeholders are filled in.
pub fn without_spaces_between_han(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_and_filled_in() {
        for (language, title) in [(Language::En, "Worksheet"), (Language::Zh, "练习单")] {
            assert_eq!(Words(language).text("sheet.title"), title);
        }
        assert_eq!(Words(Language::En).fill("name.map", &[("k", "3")]), "map 3");
        assert_eq!(Words(Language::En).text("no.such"), "no.such");
        assert_eq!(without_spaces_between_han("第\u{2009}一\u{2009}3\u{2009}个"), "第一\u{2009}3\u{2009}个");
    }
}
