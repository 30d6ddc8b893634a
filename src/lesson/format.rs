//! The lesson file: `lesson.toml` as it is read.

use super::folder::Folder;
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc};

/// A text in both languages.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

/// A lesson.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// The version of the format: 1.
    pub format: u32,
    /// A short name that never changes: progress refers to it.
    pub id: String,
    /// Its place among the lessons, from 1; 0 for a teacher's own.
    #[serde(default)]
    pub number: u32,
    /// How long it takes, in minutes.
    #[serde(default)]
    pub minutes: u32,
    /// The model that it begins with: a bundled one, or a file in its folder.
    pub model: String,
    /// The picture that it begins with: a bundled one, or a file in its folder.
    pub picture: String,
    /// The name of the right class, once a loss or a gradient is shown.
    pub label: Option<String>,
    /// The words that it takes for known.
    #[serde(default)]
    pub needs: Vec<String>,
    /// The words that it introduces.
    #[serde(default)]
    pub words: Vec<String>,
    /// The misconceptions that it contradicts.
    #[serde(default)]
    pub meets: Vec<String>,
    /// Its title.
    pub title: Text,
    /// What the learner can do afterwards.
    pub goal: Text,
    /// Its beats, in order.
    #[serde(rename = "beat")]
    pub beats: Vec<Beat>,
    /// The files of its folder that it names; none until it is read from there.
    #[serde(skip)]
    pub folder: Arc<Folder>,
}

/// The page that a beat shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BeatPage {
    /// The network, at the depth of the beat's address.
    #[default]
    Network,
    /// The beginning.
    Home,
    /// The picture and its adjustments.
    Adjust,
    /// Training.
    Training,
    /// The data sets.
    Data,
    /// Attribution.
    Evidence,
    /// Comparison.
    Compare,
    /// The network being written.
    Builder,
    /// The experiment with shuffled pixels.
    Experiment,
}

/// What the stage shows of a layer, or of the whole network.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BeatShow {
    /// Its maps.
    Maps,
    /// Its filters.
    Filters,
    /// Both.
    Both,
    /// How often each cell of its input is read.
    Coverage,
    /// The block of maps, and the vector that it becomes.
    Vector,
    /// Its filter, as it is and turned by 180°.
    Turned,
    /// Every partial derivative by its name.
    Derivatives,
    /// What the forward pass keeps for the backward pass.
    Kept,
    /// The sizes of all layers' numbers side by side.
    Sizes,
}

/// Another model, picture or right class, from a beat on.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// A bundled model, or a file.
    pub model: Option<String>,
    /// A bundled picture, or a file.
    pub picture: Option<String>,
    /// The name of the right class.
    pub label: Option<String>,
    /// By how many of the network's pixels the picture is shifted: right, down.
    pub shift: Option<[i32; 2]>,
}

/// What a cell, a filter or the picture is set to.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(untagged)]
pub enum SetValue {
    /// This number.
    Number(f64),
    /// `blank`, `turn`, `transpose`, `invert`, or `scale 0.5`.
    Word(String),
}

/// A thought: a place in the program, a text, and at most one question.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beat {
    /// Unique in the lesson.
    pub id: String,
    /// The address that is shown, with variables in braces; the forward pass where there is none.
    pub at: Option<String>,
    /// The page that is shown.
    #[serde(default)]
    pub page: BeatPage,
    /// The grain of the cursor; that of the address where there is none.
    pub grain: Option<String>,
    /// What is lit: addresses with ranges.
    #[serde(default)]
    pub point: Vec<String>,
    /// What is covered besides the answer's own cells.
    #[serde(default)]
    pub hide: Vec<String>,
    /// What the stage shows.
    pub show: Option<BeatShow>,
    /// Another model, picture or right class, from this beat on.
    pub open: Option<Open>,
    /// Another learning rate, from this beat on.
    pub rate: Option<f64>,
    /// Edits for this beat alone.
    #[serde(default)]
    pub set: BTreeMap<String, SetValue>,
    /// The text, English.
    pub en: String,
    /// The text, Chinese.
    pub zh: String,
    /// What the teacher should know.
    pub note: Option<Text>,
    /// The question.
    pub ask: Option<Ask>,
}

/// How an answer is given.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A number is typed.
    Number,
    /// One of 2 to 5 is picked.
    Choice,
    /// Less, equal or more.
    Sign,
    /// A cell is clicked.
    Cell,
    /// Places are put in order.
    Order,
    /// Something is edited until a condition holds.
    Change,
    /// The cursor is moved to a cell.
    RunTo,
    /// Nothing is scored.
    Think,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Number,
        Self::Choice,
        Self::Sign,
        Self::Cell,
        Self::Order,
        Self::Change,
        Self::RunTo,
        Self::Think,
    ];
}

/// How near a typed number must be.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(untagged)]
pub enum Tolerance {
    /// So many significant digits agree.
    Digits(u32),
    /// `±0.05`.
    Within(String),
}

/// One text or a list of them.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// A list.
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl OneOrMany {
    /// All of them.
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// What changes for the next try.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(untagged)]
pub enum Again {
    /// `seed`: another item.
    Word(String),
    /// These edits.
    Set(BTreeMap<String, SetValue>),
}

/// A question.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// How it is answered.
    pub kind: Kind,
    /// The question, one sentence.
    pub q: Text,
    /// The quantity that is asked for; the value of the beat's address where there is none.
    pub right: Option<String>,
    /// The misconceptions whose answers are the other options.
    #[serde(default)]
    pub wrong: Vec<String>,
    /// Variables with their ranges: `k = "0..7"`.
    #[serde(default)]
    pub vary: BTreeMap<String, String>,
    /// Conditions on the variables that are drawn.
    #[serde(default, rename = "where")]
    pub conditions: OneOrMany,
    /// How near a typed number must be; three digits where there is none.
    pub tolerance: Option<Tolerance>,
    /// What is said after the answer.
    pub why: Option<Text>,
    /// What changes for the next try.
    pub again: Option<Again>,
    /// The map whose cell is clicked.
    #[serde(rename = "in")]
    pub within: Option<String>,
    /// The places to put in order.
    #[serde(default)]
    pub items: Vec<String>,
    /// What may be edited.
    #[serde(default)]
    pub may: OneOrMany,
    /// The conditions that the edit must meet.
    #[serde(default)]
    pub goal: OneOrMany,
    /// The most edits.
    pub budget: Option<u32>,
    /// Edits that meet the goal.
    #[serde(default)]
    pub answer: BTreeMap<String, SetValue>,
    /// What "less" is called.
    pub less: Option<Text>,
    /// What "equal" is called.
    pub equal: Option<Text>,
    /// What "more" is called.
    pub more: Option<Text>,
}

/// Why a text is no lesson, on one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LessonError(pub String);

impl std::fmt::Display for LessonError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Lesson {
    /// Whether a file name has the extension of a lesson.
    pub fn is_file(name: &str) -> bool {
        name.to_lowercase().ends_with(".toml")
    }

    /// Reads a lesson file.
    ///
    /// # Errors
    /// Names the line and what was expected there.
    pub fn parse(text: &str) -> Result<Self, LessonError> {
        let lesson: Self = toml::from_str(text).map_err(|error| {
            let line =
                error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            LessonError(format!("line {line}: {}", error.message().lines().collect::<Vec<_>>().join("; ")))
        })?;
        if lesson.format != 1 {
            return Err(LessonError(format!(
                "format: expected 1, got {}; write format = 1, or open it with a newer convstep",
                lesson.format
            )));
        }
        if lesson.beats.is_empty() {
            return Err(LessonError("expected a beat, got none; begin one with [[beat]]".into()));
        }
        Ok(lesson)
    }

    /// The number of a beat.
    pub fn beat(&self, id: &str) -> Option<usize> {
        self.beats.iter().position(|beat| beat.id == id)
    }
}
