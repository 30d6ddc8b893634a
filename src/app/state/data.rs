//! The data sets that the program has.

use super::AppState;
use crate::data::{DataError, DataNote, Dataset, Generated, Location, Measured, Skipped, Split};
use crate::model_io::Model;
use std::sync::Arc;

/// A set that can be shown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Shown {
    /// A generator's.
    Generated(Generated),
    /// The one that was opened.
    Opened,
}

/// A set that was opened.
#[derive(Clone, Debug)]
pub struct OpenedSet {
    /// Where it lies.
    pub location: Location,
    /// The set; what it has not is kept back from training in the usual share.
    pub dataset: Dataset,
    /// What its files were taken for.
    pub notes: Vec<DataNote>,
    /// Files and folders that were left out.
    pub skipped: Vec<Skipped>,
}

/// The question which of a set's folders holds the test pictures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartsQuestion {
    /// Where the set lies.
    pub location: Location,
    /// Its upper folders.
    pub folders: Vec<String>,
}

/// The data sets that the program has.
#[derive(Clone, Debug)]
pub struct DataState {
    /// The question where a data set lies is open.
    pub asking: bool,
    /// The question which folder of a set holds the test pictures is open.
    pub parts_question: Option<PartsQuestion>,
    /// The set that was opened last.
    pub opened: Option<OpenedSet>,
    /// The part that is shown.
    pub part: Split,
    /// The class that is shown; `None` for all.
    pub class: Option<usize>,
    pub(in crate::app) shown: Option<Shown>,
    /// What the measuring job measures.
    pub(in crate::app) measuring: Option<(Dataset, Split)>,
    pub(in crate::app) measured: Vec<(Dataset, Split, Result<Arc<Measured>, DataError>)>,
}

impl Default for DataState {
    fn default() -> Self {
        Self {
            asking: false,
            parts_question: None,
            opened: None,
            part: Split::Train,
            class: None,
            shown: None,
            measuring: None,
            measured: Vec::new(),
        }
    }
}

impl DataState {
    /// What a part of a set holds, once that is known.
    pub fn measured(&self, data: &Dataset, part: Split) -> Option<&Result<Arc<Measured>, DataError>> {
        self.measured.iter().find(|(of, its, _)| (of, *its) == (data, part)).map(|(.., measured)| measured)
    }
}

impl AppState {
    /// The set that is shown: with the holdout and size of training, if it is trained on.
    pub fn shown_data(&self) -> Dataset {
        let trained = self.inputs.training.as_ref().map(|training| &training.schedule.data);
        let chosen = match self.data.shown {
            None => trained.cloned(),
            Some(Shown::Opened) => self.data.opened.as_ref().map(|opened| opened.dataset.clone()),
            Some(Shown::Generated(generated)) => Some(Dataset::generated(generated, self.inputs.seed)),
        };
        let chosen = chosen.unwrap_or_else(|| Dataset::generated(usual(self.model()), self.inputs.seed));
        trained.filter(|trained| trained.is_of_one_source(&chosen)).cloned().unwrap_or(chosen)
    }
}

/// The generator whose pictures have as many channels as the network's input.
fn usual(model: &Model) -> Generated {
    let channels = model.network.input[0];
    let fits = |generated: &Generated| generated.input_shape()[0] == channels;
    Generated::ALL.into_iter().find(fits).unwrap_or(Generated::ALL[0])
}
