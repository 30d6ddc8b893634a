//! The bundled lessons, their words, and the sentences on misconceptions.

use super::format::{Lesson, Text};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

/// A word that lessons introduce.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
    /// The lesson that introduces it.
    pub lesson: String,
}

/// What is said of a misconception.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Misconception {
    /// Said to a learner who holds it.
    pub says: Text,
    /// Stands beside the option that it leads to, once the answer is shown.
    pub option: Text,
    /// Where it is known from.
    #[serde(default)]
    pub source: String,
}

/// All that is bundled.
#[derive(Debug)]
pub struct Catalogue {
    /// The lessons, in order.
    pub lessons: Vec<Arc<Lesson>>,
    /// Their words by id.
    pub words: BTreeMap<String, Word>,
    /// The misconceptions by id.
    pub misconceptions: BTreeMap<String, Misconception>,
}

/// The texts of the bundled lessons.
const LESSONS: &[&str] = &[
    include_str!("../../assets/lessons/01-pixels/lesson.toml"),
    include_str!("../../assets/lessons/02-pattern/lesson.toml"),
    include_str!("../../assets/lessons/03-stride/lesson.toml"),
    include_str!("../../assets/lessons/04-channels/lesson.toml"),
    include_str!("../../assets/lessons/05-pooling/lesson.toml"),
    include_str!("../../assets/lessons/06-classifier/lesson.toml"),
    include_str!("../../assets/lessons/07-backprop/lesson.toml"),
    include_str!("../../assets/lessons/08-convolution-back/lesson.toml"),
    include_str!("../../assets/lessons/09-chain/lesson.toml"),
    include_str!("../../assets/lessons/10-learning/lesson.toml"),
    include_str!("../../assets/lessons/11-leaky/lesson.toml"),
    include_str!("../../assets/lessons/12-evidence/lesson.toml"),
    include_str!("../../assets/lessons/13-symmetry/lesson.toml"),
];

/// The bundled lessons.
///
/// # Panics
/// Where a bundled file is broken, which a test rules out.
pub fn bundled() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| match read() {
        Ok(catalogue) => catalogue,
        Err(error) => panic!("a broken bundled lesson: {error}"),
    })
}

fn read() -> Result<Catalogue, String> {
    let lessons = LESSONS.iter().map(|text| Lesson::parse(text).map(Arc::new).map_err(|error| error.0));
    let table = |text: &str| toml::from_str(text).map_err(|error: toml::de::Error| error.to_string());
    let mut misconceptions: BTreeMap<String, Misconception> =
        table(include_str!("../../assets/lessons/misconceptions/forward.toml"))?;
    misconceptions.extend(table(include_str!("../../assets/lessons/misconceptions/backward.toml"))?);
    let words = include_str!("../../assets/lessons/words.toml");
    Ok(Catalogue {
        lessons: lessons.collect::<Result<_, _>>()?,
        words: toml::from_str(words).map_err(|error| error.to_string())?,
        misconceptions,
    })
}

impl Catalogue {
    /// The lesson with an id.
    pub fn lesson(&self, id: &str) -> Option<&Arc<Lesson>> {
        self.lessons.iter().find(|lesson| lesson.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn what_is_bundled_can_be_read() {
        let catalogue = read().expect("the bundled lessons");
        assert!(!catalogue.lessons.is_empty() && !catalogue.misconceptions.is_empty());
    }
}
