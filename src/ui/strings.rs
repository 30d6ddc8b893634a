//! The program's words, in English and Chinese, from assets/strings.

use crate::app::Lang;
use std::{collections::HashMap, sync::LazyLock};

/// The text of every file in assets/strings, in English and Chinese.
macro_rules! files {
    ($($name:literal)*) => {
        [$((
            include_str!(concat!("../../assets/strings/", $name, ".en.toml")),
            include_str!(concat!("../../assets/strings/", $name, ".zh.toml")),
        )),*]
    };
}

/// Every text file; `tests/strings.rs` finds one that is missing here.
static FILES: &[(&str, &str)] = &files!["app" "build" "closeup" "compare" "conv" "edit" "evidence" "files" "grid" "lanes"
    "names" "palette" "sentences" "sets" "time" "timeline" "training"];

/// The texts of one language by their keys: a table's name, a dot, the name in it.
type Texts = HashMap<String, String>;

static ENGLISH: LazyLock<Texts> = LazyLock::new(|| read(FILES.iter().map(|(english, _)| *english)));
static CHINESE: LazyLock<Texts> = LazyLock::new(|| read(FILES.iter().map(|(_, chinese)| *chinese)));

fn read<'a>(files: impl Iterator<Item = &'a str>) -> Texts {
    let mut texts = Texts::new();
    for file in files {
        let table = file.parse().expect("a file that tests/strings.rs has read");
        flatten("", table, &mut texts);
    }
    texts
}

/// Adds a table's texts, those of the tables in it too.
fn flatten(prefix: &str, table: toml::Table, texts: &mut Texts) {
    for (name, value) in table {
        match value {
            toml::Value::String(text) => drop(texts.insert(format!("{prefix}{name}"), text)),
            toml::Value::Table(table) => flatten(&format!("{prefix}{name}."), table, texts),
            toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_) => {}
        }
    }
}

/// The words of one language.
#[derive(Clone, Copy, Debug)]
pub struct Words(pub Lang);

impl Words {
    /// The text with this key; the key itself where there is none, so that a gap shows.
    pub fn text(self, key: &str) -> String {
        let texts = match self.0 {
            Lang::En => &ENGLISH,
            Lang::Zh => &CHINESE,
        };
        texts.get(key).map_or_else(|| key.to_owned(), String::clone)
    }

    /// The text with its `%{name}` filled in.
    pub fn fill(self, key: &str, values: &[(&str, &str)]) -> String {
        values.iter().fold(self.text(key), |text, (name, value)| text.replace(&format!("%{{{name}}}"), value))
    }
}
