//! What a beat shows: how the program is to be set up for it, and the network with its numbers once it is.

use super::{
    folder::Folder,
    format::{Lesson, SetValue},
};
use crate::data::Fitted;
use crate::model_io::Model;
use crate::trace::{Plan, Trace};
use crate::train::Learned;
use std::{collections::BTreeMap, sync::Arc};

/// What is done to a cell, a filter, a layer's weights or the picture.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum EditChange {
    /// All its numbers become this one.
    Number(f64),
    /// All its numbers become 0.
    Blank,
    /// Turned by 180°.
    Turn,
    /// Rows and columns exchanged.
    Transpose,
    /// All its numbers change sign; of a picture, its colours are inverted.
    Invert,
    /// All its numbers times this one, of a picture as the network gets it.
    Scale(f64),
}

impl EditChange {
    /// Reads the right side of a `set`.
    ///
    /// # Errors
    /// What may stand there.
    pub fn new(value: &SetValue) -> Result<Self, String> {
        let word = match value {
            SetValue::Number(number) => return Ok(Self::Number(*number)),
            SetValue::Word(word) => word.trim(),
        };
        let scale = word.strip_prefix("scale ").and_then(|factor| factor.trim().parse().ok());
        match (word, scale) {
            (_, Some(factor)) => Ok(Self::Scale(factor)),
            ("blank", None) => Ok(Self::Blank),
            ("turn", None) => Ok(Self::Turn),
            ("transpose", None) => Ok(Self::Transpose),
            ("invert", None) => Ok(Self::Invert),
            _ => Err(format!(
                "expected a number, blank, turn, transpose, invert or \"scale 0.5\", got {word:?}"
            )),
        }
    }
}

/// An edit: an address of given numbers (`input`, `conv1.weight/k0`, `fc.bias/k7`) and what is done to them.
#[derive(Clone, PartialEq, Debug)]
pub struct Edit {
    /// The address.
    pub target: String,
    /// What is done.
    pub change: EditChange,
}

impl Edit {
    /// The edits of a `set` table.
    ///
    /// # Errors
    /// As [`EditChange::new`], with the address.
    pub fn all(set: &BTreeMap<String, SetValue>) -> Result<Vec<Self>, String> {
        let edit = |(target, value): (&String, &SetValue)| {
            let change = EditChange::new(value).map_err(|error| format!("{target}: {error}"))?;
            Ok(Self { target: target.clone(), change })
        };
        set.iter().map(edit).collect()
    }
}

/// How the program is to be set up for a beat.
#[derive(Clone, PartialEq, Debug)]
pub struct Setting {
    /// The bundled model or preset, or a file of the folder.
    pub model: String,
    /// The bundled picture, or a file of the folder.
    pub picture: String,
    /// The files of the lesson's folder.
    pub folder: Arc<Folder>,
    /// The name of the right class.
    pub label: Option<String>,
    /// By how many of the network's pixels the picture is shifted: right, down.
    pub shift: [i32; 2],
    /// The learning rate of plain gradient descent.
    pub rate: Option<f64>,
    /// Edits for the beat alone.
    pub edits: Vec<Edit>,
}

impl Lesson {
    /// How the program is to be set up for a beat: what the lesson begins with, what the beats up to it have opened,
    /// and the beat's own edits.
    ///
    /// # Errors
    /// Where a `set` cannot be read.
    pub fn setting(&self, beat: usize) -> Result<Setting, String> {
        let mut setting = Setting {
            model: self.model.clone(),
            picture: self.picture.clone(),
            folder: Arc::clone(&self.folder),
            label: self.label.clone(),
            shift: [0, 0],
            rate: None,
            edits: Vec::new(),
        };
        for beat in self.beats.iter().take(beat + 1) {
            if let Some(open) = &beat.open {
                let is_other = open.model.is_some() || open.picture.is_some();
                if is_other {
                    // Another model or picture has another right class, and is not shifted.
                    (setting.label, setting.shift) = (None, [0, 0]);
                }
                setting.model = open.model.clone().unwrap_or(setting.model);
                setting.picture = open.picture.clone().unwrap_or(setting.picture);
                setting.label = open.label.clone().or(setting.label);
                setting.shift = open.shift.unwrap_or(setting.shift);
            }
            setting.rate = beat.rate.or(setting.rate);
        }
        if let Some(beat) = self.beats.get(beat) {
            setting.edits = Edit::all(&beat.set)?;
        }
        Ok(setting)
    }

    /// What a learner remembers at a beat: the setting before the beat's edits, or else the picture before it was
    /// shifted, or else what the beat before showed, where that was something else.
    ///
    /// # Errors
    /// As [`Lesson::setting`].
    pub fn remembered(&self, beat: usize) -> Result<Option<Setting>, String> {
        let setting = self.setting(beat)?;
        if !setting.edits.is_empty() {
            return Ok(Some(Setting { edits: Vec::new(), ..setting }));
        }
        if setting.shift != [0, 0] {
            return Ok(Some(Setting { shift: [0, 0], ..setting }));
        }
        let last = beat.checked_sub(1).map(|last| self.setting(last)).transpose()?;
        Ok(last.filter(|last| *last != setting))
    }
}

/// The network with all the numbers of one training step, as a beat shows it.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Plan and values, computed up to the update.
    pub trace: Arc<Trace>,
    /// The model.
    pub model: Arc<Model>,
    /// What the network sees of the picture, before preprocessing.
    pub fitted: Arc<Fitted>,
    /// The right class, where it was given.
    pub label: Option<usize>,
    /// What came of the experiment with shuffled pixels, where it was made.
    pub experiment: Option<Arc<[Learned; 4]>>,
    /// The scene before the beat's edits, or else that of the beat before: what a learner remembers.
    pub before: Option<Box<Self>>,
}

impl Scene {
    /// The plan.
    pub fn plan(&self) -> &Arc<Plan> {
        self.trace.plan()
    }

    /// The scene that it is compared with: the one before, or itself.
    pub fn remembered(&self) -> &Self {
        self.before.as_deref().unwrap_or(self)
    }
}
