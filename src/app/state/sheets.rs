//! Worksheets: of the place that is shown, and of a lesson.

use super::{AppState, lesson::beat_scene, view::Lang};
use crate::export::{
    ExportError,
    sheet::{Language, Options, Set, Sheets, of_address, of_lesson},
};
use crate::lesson::Lesson;
use crate::nn::Execution;
use crate::trace::{Address, Pass, Trace};

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::En,
            Lang::Zh => Self::Zh,
        }
    }
}

/// What a worksheet of a state is made of: the numbers, the place, and whose numbers they are.
#[derive(Clone, Debug)]
pub struct SheetPlace {
    trace: Trace,
    address: Address,
    about: String,
}

impl SheetPlace {
    /// The place that a state shows: what is looked at, or where the cursor stands.
    pub fn shown(state: &AppState) -> Self {
        let address = state.position.address().unwrap_or(Address::RUN);
        let about = format!("{} · {}", state.model().name, state.inputs().picture.name);
        Self { trace: (**state.trace()).clone(), address, about }
    }

    /// The worksheet.
    ///
    /// # Errors
    /// One line, where the place has no number that can be worked out on paper.
    pub fn sheets(&self, options: &Options) -> Result<Sheets, ExportError> {
        let mut trace = self.trace.clone();
        trace.compute_to(Pass::Update, Execution::SERIAL);
        of_address(&trace, &self.address, &self.about, options)
    }
}

/// Worksheets of a lesson.
///
/// # Errors
/// As [`of_lesson`].
pub fn lesson_sheets(lesson: &Lesson, set: &Set, options: &Options) -> Result<Sheets, ExportError> {
    of_lesson(lesson, set, options, &|beat| beat_scene(lesson, beat))
}
