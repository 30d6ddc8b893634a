//! The session: everything needed to continue later, taken from the state and restored.

mod file;
mod measured;

use crate::app::state::{
    AppState,
    batch_source::BatchSource,
    derived::{self, Derived},
    inputs::{Inputs, Target},
    marks::{Bookmark, Breakpoint, Marks},
    planned::Planned,
    position::{PlaceText, Position},
    run::Need,
    training_runs::{RunLabels, RunsAside, TrainingRuns},
    view::{Page, ViewState},
};
use crate::data::{Dataset, Fitted, Location, Recipe};
use crate::model_io::Model;
use crate::nn::Execution;
use crate::trace::{Address, AddressText, Break, Cursor, Grain, Pass};
use crate::train::{StopWhen, TrainingBranch};
use std::sync::Arc;

/// What is kept of the program's state. Cheap to take: what is large is shared.
#[derive(Clone, PartialEq, Debug)]
pub struct Session {
    /// Without the training, of which the examples are not kept.
    pub(in crate::app) inputs: Inputs,
    schedule: Option<Planned>,
    /// With the weights that it takes to be back quickly; all else is replayed.
    pub(in crate::app) branches: Vec<TrainingBranch>,
    pub(in crate::app) branch: usize,
    /// Runs of other settings, and the labels of all runs.
    pub(in crate::app) runs: KeptRuns,
    pub(in crate::app) stops: Vec<StopWhen>,
    place: Placed,
    bookmarks: Vec<Marked>,
    pub(in crate::app) breaks: Vec<Breakpoint>,
    pub(in crate::app) view: ViewState,
    pub(in crate::app) page: Page,
    pub(in crate::app) moves_per_sec: f32,
    /// Its file, where it was kept beside that.
    pub(in crate::app) file: Option<Location>,
    /// Whether it knows if its right answer was given; one of an earlier program does not.
    says_what_is_right: bool,
}

/// The runs of training other than the selected ones.
#[derive(Clone, PartialEq, Debug, Default)]
pub(in crate::app) struct KeptRuns {
    /// Without their training, of which the examples are not kept.
    pub(in crate::app) aside: Vec<RunsAside>,
    pub(in crate::app) labels: RunLabels,
}

/// What was shown.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
struct Placed {
    /// The training step.
    time: u32,
    cursor: String,
    grain: Grain,
    selected: Option<String>,
}

/// A bookmark: where, and what it is called.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
struct Marked {
    address: String,
    name: String,
}

/// A session with enough computed for the program to resume from it.
#[derive(Clone, Debug)]
pub struct Restored {
    pub(in crate::app) inputs: Inputs,
    pub(in crate::app) fitted: Arc<Fitted>,
    pub(in crate::app) position: Position,
    pub(in crate::app) session: Box<Session>,
    /// Why the data set is not there, where it is not.
    pub(in crate::app) missing: Option<String>,
}

impl Session {
    /// What there is to keep of a state.
    pub fn from_state(state: &AppState) -> Self {
        let plan = state.plan();
        let text = |address: &Address| plan.text(address);
        let bookmarks = state.position.marks().bookmarks.iter();
        let bookmarks = bookmarks
            .map(|Bookmark { place, name }| Marked { address: place.to_string(), name: name.clone() });
        let time = state.trace().time();
        let branches = state.position.run().branches().iter().enumerate().map(|(number, branch)| {
            let looked_at = (number == state.position.run().branch_index()).then_some(time);
            branch.slim(looked_at.as_slice())
        });
        let schedule = state.inputs.training.as_ref().and_then(Planned::from_training);
        let mut inputs = Inputs { training: None, ..state.inputs.clone() };
        let (mut branches, mut branch) = (branches.collect(), state.position.run().branch_index());
        if schedule.is_none() && state.inputs.training.is_some() {
            // A set that was neither generated nor opened cannot come back: the weights do.
            inputs = trained(inputs, state.position.run().branch());
            (branches, branch) = (Vec::new(), 0);
        }
        Self {
            inputs,
            schedule,
            branches,
            branch,
            runs: KeptRuns::from_runs(&state.training.runs),
            stops: state.training.stops.clone(),
            place: Placed {
                time,
                cursor: state.position.cursor().text(plan),
                grain: state.position.cursor().grain(),
                selected: state.position.selected().as_ref().map(text),
            },
            bookmarks: bookmarks.collect(),
            breaks: state.position.marks().breaks.iter().copied().filter(can_be_written).collect(),
            view: state.view,
            page: state.view.page,
            moves_per_sec: state.playback.moves_per_sec,
            file: None,
            says_what_is_right: true,
        }
    }

    /// The same session with its file.
    pub(in crate::app) fn at(self, file: Option<Location>) -> Self {
        // What is no text cannot be written down.
        Self { file: file.filter(Location::is_text), ..self }
    }

    /// The data set that it trains on.
    pub fn recipe(&self) -> Option<&Recipe> {
        self.schedule.as_ref().map(|schedule| &schedule.data)
    }

    /// The same session with its data set at another place.
    #[must_use]
    pub fn with_recipe(mut self, recipe: Recipe) -> Self {
        if let Some(schedule) = &mut self.schedule {
            schedule.data = recipe;
        }
        self
    }

    /// The name of its model.
    pub fn model_name(&self) -> &str {
        &self.inputs.model.name
    }

    /// Training steps that its shown branch has done on a data set; `None` without one.
    pub fn trained(&self) -> Option<u32> {
        self.schedule.as_ref().and_then(|_| Some(self.branches.get(self.branch)?.done()))
    }

    /// The runs as the program takes them up: a generated data set is made when one is chosen.
    pub(in crate::app) fn training_runs(&self) -> TrainingRuns {
        let KeptRuns { aside, labels } = self.runs.clone();
        let branches = aside.iter().flat_map(|aside| &aside.branches).chain(&self.branches);
        let last_number = branches.map(TrainingBranch::number).max().unwrap_or(0);
        TrainingRuns { aside, labels, last_number }
    }

    /// Its branches of training.
    pub fn branches(&self) -> &[TrainingBranch] {
        &self.branches
    }

    /// Computes what the program needs to resume. `data`: its data set, or why there is none; then the
    /// session comes back on its picture, with the weights as far as they were trained. `None` if cancelled.
    ///
    /// # Errors
    /// Where its parts do not go together.
    pub fn restore(
        self: Box<Self>,
        data: Option<Result<Dataset, String>>,
        exec: Execution,
    ) -> Result<Option<Restored>, String> {
        let missing = match (&self.schedule, data) {
            (None, _) => None,
            (Some(schedule), Some(Ok(data))) => {
                let training = schedule.with(data);
                let training = training.and_then(|training| {
                    // The examples may still not suit the network.
                    BatchSource::from_training(&self.inputs.model, &training)?.batch(0)?;
                    Ok(training)
                });
                match training {
                    Ok(training) => {
                        let inputs = Inputs { training: Some(training), ..self.inputs.clone() };
                        return self.resume_at_place(inputs, exec);
                    }
                    Err(error) => Some(error),
                }
            }
            (Some(_), Some(Err(error))) => Some(error),
            (Some(schedule), None) => {
                Some(format!("{}: expected a data set, got none; open it", schedule.data.name()))
            }
        };
        let Some(missing) = missing else {
            let inputs = self.inputs.clone();
            return self.resume_at_place(inputs, exec);
        };
        let mut inputs = self.inputs.clone();
        if let Some(branch) = self.branches.get(self.branch) {
            inputs = trained(inputs, branch);
        }
        let Some(derived) = derived::derive(inputs, exec)? else { return Ok(None) };
        let Derived { inputs, fitted, run } = self.with_target(derived);
        let position = Position::new(run);
        Ok(Some(Restored { inputs, fitted, position, session: self, missing: Some(missing) }))
    }

    /// Earlier versions did not store whether a right answer was given: if it equals the guess and the
    /// picture came without one, none was.
    fn with_target(&self, mut derived: Derived) -> Derived {
        let has_label = derived.inputs.picture.label.is_some() || derived.inputs.training.is_some();
        if !self.says_what_is_right && !has_label {
            let guess = derived.guess();
            derived.inputs.target = derived.inputs.target.map(|target| match target {
                Target::Given(class) if class == guess => Target::Assumed(class),
                Target::Given(_) | Target::Assumed(_) => target,
            });
        }
        derived
    }

    /// Goes to the training step that was shown.
    fn resume_at_place(self: Box<Self>, inputs: Inputs, exec: Execution) -> Result<Option<Restored>, String> {
        let Some(derived) = derived::derive(inputs, exec)? else { return Ok(None) };
        let Derived { inputs, fitted, mut run } = self.with_target(derived);
        run.restore_branches(self.branches.clone(), self.branch);
        let time = self.place.time.min(run.plan().times() - 1);
        let need = Need { time, pass: Pass::Loss };
        if !run.approach(need, u32::MAX, exec)? {
            return Ok(None);
        }
        // The texts are those of this step's plan: others may have other stages.
        let mut position = Position::new(run);
        let Placed { time, cursor, grain, selected } = self.place.clone();
        Cursor::parse(position.plan(), &cursor).map_err(|error| error.to_string())?;
        let selected = selected.as_deref().and_then(AddressText::from_outside);
        position.go_to(&PlaceText::from_texts(time, cursor, grain, selected));
        let time = position.cursor().time(position.plan());
        position.select(position.selected().filter(|address| address.time() == time));
        let bookmarks = self.bookmarks.iter().filter_map(|Marked { address, name }| {
            Some(Bookmark { place: AddressText::from_outside(address)?, name: name.clone() })
        });
        let marks = Marks { breaks: self.breaks.clone(), bookmarks: bookmarks.collect() };
        position.change_marks(|own, _| *own = marks);
        let need = position.located().need(position.run());
        if !position.change_run(|run| run.approach(need, u32::MAX, exec))? {
            return Ok(None);
        }
        Ok(Some(Restored { inputs, fitted, position, session: self, missing: None }))
    }
}

impl KeptRuns {
    /// The runs whose data set can be reopened.
    fn from_runs(runs: &TrainingRuns) -> Self {
        let TrainingRuns { aside, labels, .. } = runs;
        let is_shown = |aside: &&RunsAside| {
            aside.branches().iter().any(|branch| !labels.removed.contains(&branch.number()))
        };
        let kept = |aside: &RunsAside| {
            let planned = aside.inputs.training.as_ref().and_then(Planned::from_training);
            let inputs = Inputs { training: None, ..aside.inputs.clone() };
            let branches = aside.branches.iter().map(|branch| branch.slim(&[])).collect();
            let planned = Some(planned.or_else(|| aside.planned.clone())?);
            Some(RunsAside { inputs, planned, branches, branch: aside.branch })
        };
        Self { aside: aside.iter().filter(is_shown).filter_map(kept).collect(), labels: labels.clone() }
    }
}

impl Restored {
    /// The session's own file, where it knows it.
    pub(in crate::app) fn file(&self) -> Option<&Location> {
        self.session.file.as_ref()
    }
}

/// Whether a breakpoint's number can be written down: JSON has no NaN.
fn can_be_written(breakpoint: &Breakpoint) -> bool {
    match breakpoint.kind {
        Break::Above { limit, .. } | Break::Below { limit, .. } => limit.is_finite(),
        Break::NotFinite
        | Break::ReluKills
        | Break::DeadUnit
        | Break::PoolTies
        | Break::WinnerChanges
        | Break::Misclassified
        | Break::PredictionFlips
        | Break::LossRises
        | Break::CellChanges(_) => true,
    }
}

/// The inputs with the weights as far as a branch has trained them.
fn trained(inputs: Inputs, branch: &TrainingBranch) -> Inputs {
    let Some((_, last)) = branch.keyframes.before(branch.done()) else { return inputs };
    let model = Model { params: Arc::clone(&last.params), ..(*inputs.model).clone() };
    Inputs { model: Arc::new(model), forked: None, ..inputs }
}
