//! The runs of training: those of the current settings, and those kept for other settings.
//!
//! A run is a [`TrainingBranch`]. Branches that share their batches and first weights lie together in a
//! [`Run`]; a setting that cannot change within one puts its branches aside and begins others.

use super::{AppState, inputs::Inputs, planned::Planned, run::Run};
use crate::data::Augment;
use crate::nn::optimizer::Rule;
use crate::train::{Fork, TrainingBranch};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Runs of other settings than the current ones.
#[derive(Clone, PartialEq, Debug)]
pub struct RunsAside {
    /// What they follow from; without training where its data set is missing.
    pub(in crate::app) inputs: Inputs,
    /// Their training where its data set is missing.
    pub(in crate::app) planned: Option<Planned>,
    /// The runs.
    pub(in crate::app) branches: Vec<TrainingBranch>,
    /// Which of them was selected last.
    pub(in crate::app) branch: usize,
}

/// The user's labels of runs; undo covers them.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct RunLabels {
    /// The names given to runs, by their numbers.
    pub names: BTreeMap<u32, String>,
    /// The runs taken away.
    pub removed: BTreeSet<u32>,
}

/// All runs except the current ones, and the labels of all runs.
#[derive(Clone, Debug, Default)]
pub struct TrainingRuns {
    pub(in crate::app) aside: Vec<RunsAside>,
    pub(in crate::app) labels: RunLabels,
    /// The number given last: none is given twice.
    pub(in crate::app) last_number: u32,
}

/// A setting in which runs differ.
#[derive(Clone, PartialEq, Debug)]
pub enum RunSetting {
    /// The network, by its name.
    Network(String),
    /// The data set, by its name.
    Data(String),
    /// Pictures in a batch.
    Batch(u64),
    /// The learning rate.
    Rate(f64),
    /// The optimizer.
    Rule(Rule),
    /// Weight decay.
    Decay(f64),
    /// How pictures are augmented.
    Augment(Augment),
    /// How hard generated examples are.
    Difficulty(f64),
    /// The share kept for checking.
    Share(f64),
    /// The seed.
    Seed(u64),
    /// The first weights: which of those that differ, from 1.
    Weights(usize),
    /// What is taken from pixels and what they are divided by: which of those that differ, from 1.
    Normalisation(usize),
    /// The step at which it left another run.
    From(u32),
    /// Its number, where all else is the same.
    Number(u32),
}

/// A run as a list or a plot shows it.
#[derive(Clone, Debug)]
pub struct TrainingRun<'a> {
    /// What it measured.
    pub branch: &'a TrainingBranch,
    /// Whether it is the one shown.
    pub is_chosen: bool,
    /// What the user calls it.
    pub name: Option<&'a str>,
    /// In what it differs from the others; empty where there is one run.
    pub differs: Vec<RunSetting>,
    /// Whether its data set is available.
    pub has_data: bool,
    /// What it follows from, but for its optimizer.
    pub inputs: &'a Inputs,
}

impl TrainingRuns {
    /// A number that no run has had.
    pub(in crate::app) fn next_number(&mut self) -> u32 {
        self.last_number += 1;
        self.last_number
    }

    /// Puts a run aside that has been left for other inputs, with all its branches.
    pub(in crate::app) fn put_aside(&mut self, inputs: &Inputs, run: &Run) {
        // Each run may keep many weights; aside a few are enough to be back quickly.
        let at = run.trace().time();
        let thin = |(number, branch): (usize, &TrainingBranch)| {
            let looked_at = (number == run.branch_index()).then_some(at);
            branch.thinned(looked_at.as_slice())
        };
        if inputs.training.is_some() && run.branches().iter().any(|branch| branch.done() > 0) {
            self.aside.push(RunsAside {
                inputs: inputs.clone(),
                planned: None,
                branches: run.branches().iter().enumerate().map(thin).collect(),
                branch: run.branch_index(),
            });
        }
    }

    /// Takes out the runs that belong to these inputs, and selects the one with the wanted number, or
    /// otherwise one that continues with the inputs' optimizer.
    pub(in crate::app) fn take(&mut self, inputs: &Inputs, wanted: Option<u32>) -> Option<RunsAside> {
        inputs.training.as_ref()?;
        let fitting = |place: &dyn Fn(&RunsAside) -> Option<usize>| {
            let aside = self.aside.iter().enumerate();
            let mut aside = aside.filter(|(_, aside)| aside.inputs.is_same_training(inputs));
            aside.find_map(|(at, aside)| Some((at, place(aside)?)))
        };
        let found = wanted.and_then(|number| fitting(&|aside| aside.place(number)));
        let (at, branch) =
            found.or_else(|| fitting(&|aside| aside.place_with(inputs, &self.labels.removed)))?;
        Some(RunsAside { branch, ..self.aside.remove(at) })
    }

    /// The branch with this number among those aside.
    pub(in crate::app) fn branch_mut(&mut self, number: u32) -> Option<&mut TrainingBranch> {
        let branches = self.aside.iter_mut().flat_map(|aside| &mut aside.branches);
        branches.into_iter().find(|branch| branch.number() == number)
    }

    /// The runs aside that the one with this number lies among.
    pub fn aside_of(&self, number: u32) -> Option<&RunsAside> {
        self.aside.iter().find(|aside| aside.place(number).is_some())
    }

    /// The user's labels of runs.
    pub const fn labels(&self) -> &RunLabels {
        &self.labels
    }

    /// Runs aside, those of each settings together.
    pub fn aside(&self) -> &[RunsAside] {
        &self.aside
    }
}

impl RunsAside {
    /// The place of the run with a number among these.
    pub(in crate::app) fn place(&self, number: u32) -> Option<usize> {
        self.branches.iter().position(|branch| branch.number() == number)
    }

    /// The place of the run that continues with the optimizer of the inputs: the one selected last, if it
    /// does.
    fn place_with(&self, inputs: &Inputs, removed: &BTreeSet<u32>) -> Option<usize> {
        let fits = |branch: &TrainingBranch| {
            branch.optimizer(branch.done()) == inputs.optimizer && !removed.contains(&branch.number())
        };
        let last = self.branches.get(self.branch).filter(|branch| fits(branch)).map(|_| self.branch);
        last.or_else(|| self.branches.iter().position(fits))
    }

    /// The runs.
    pub fn branches(&self) -> &[TrainingBranch] {
        &self.branches
    }
}

impl AppState {
    /// All runs of training that have not been taken away, in the order in which they began.
    pub fn training_runs(&self) -> Vec<TrainingRun<'_>> {
        let labels = &self.training.runs.labels;
        let run = self.position.run();
        let own = run.branches().iter().enumerate().map(|(place, branch)| {
            (branch, place == run.branch_index(), true, &self.inputs, None::<&Planned>)
        });
        let aside = self.training.runs.aside.iter().flat_map(|aside| {
            let has_data = aside.inputs.training.is_some();
            let of = move |branch| (branch, false, has_data, &aside.inputs, aside.planned.as_ref());
            aside.branches.iter().map(of)
        });
        let own = own.filter(|_| self.inputs.training.is_some());
        let shown = own.chain(aside).filter(|(branch, is_chosen, ..)| {
            *is_chosen || branch.has_own_steps() && !labels.removed.contains(&branch.number())
        });
        let mut shown: Vec<_> = shown.collect();
        shown.sort_by_key(|(branch, ..)| branch.number());
        let mut kinds = Kinds::default();
        let settings = shown
            .iter()
            .map(|(branch, _, _, inputs, planned)| settings(&mut kinds, branch, inputs, *planned));
        let differs = differences(settings.collect(), &shown.iter().map(|run| run.0).collect::<Vec<_>>());
        let runs = shown.into_iter().zip(differs);
        let runs = runs.map(|((branch, is_chosen, has_data, inputs, _), differs)| {
            let name = labels.names.get(&branch.number()).map(String::as_str);
            TrainingRun { branch, is_chosen, name, differs, has_data, inputs }
        });
        runs.collect()
    }
}

/// Numbers for things that are distinguished by identity only.
#[derive(Default)]
struct Kinds<'a> {
    weights: Vec<&'a Arc<crate::nn::Params>>,
    normalisations: Vec<&'a crate::model_io::Preprocess>,
}

/// The number, from 1, of a thing among those that differ.
fn kind<'a, T>(kinds: &mut Vec<&'a T>, of: &'a T, same: impl Fn(&T, &T) -> bool) -> usize {
    let place = kinds.iter().position(|other| same(other, of));
    1 + place.unwrap_or_else(|| {
        kinds.push(of);
        kinds.len() - 1
    })
}

/// All settings of a run, in the order in which they make a name.
fn settings<'a>(
    kinds: &mut Kinds<'a>,
    branch: &TrainingBranch,
    inputs: &'a Inputs,
    planned: Option<&Planned>,
) -> Vec<RunSetting> {
    let (model, optimizer) = (&inputs.model, branch.optimizer(branch.done()));
    let mut all = vec![RunSetting::Network(model.name.clone())];
    match (&inputs.training, planned) {
        (Some(training), _) => {
            let schedule = &training.schedule;
            all.extend([
                RunSetting::Data(schedule.data.name().to_owned()),
                RunSetting::Batch(schedule.batch_len),
                RunSetting::Augment(schedule.augment),
                RunSetting::Share(training.validation),
            ]);
            all.extend(
                schedule
                    .data
                    .difficulty()
                    .map(|difficulty| RunSetting::Difficulty(f64::from(difficulty.get()))),
            );
        }
        (None, Some(planned)) => all.extend([
            RunSetting::Data(planned.data.name()),
            RunSetting::Batch(planned.batch_len),
            RunSetting::Augment(planned.augment),
            RunSetting::Share(planned.validation),
        ]),
        (None, None) => {}
    }
    let same = |a: &Arc<crate::nn::Params>, b: &Arc<crate::nn::Params>| Arc::ptr_eq(a, b) || a == b;
    all.extend([
        RunSetting::Rule(optimizer.rule),
        RunSetting::Rate(optimizer.learning_rate),
        RunSetting::Decay(optimizer.weight_decay),
        RunSetting::Seed(inputs.seed),
        RunSetting::Weights(kind(&mut kinds.weights, &model.params, same)),
        RunSetting::Normalisation(kind(&mut kinds.normalisations, &model.architecture.preprocess, |a, b| {
            a == b
        })),
    ]);
    all
}

/// Of each run the settings that not all have alike; where two have the same ones, what else tells them apart.
fn differences(all: Vec<Vec<RunSetting>>, branches: &[&TrainingBranch]) -> Vec<Vec<RunSetting>> {
    if all.len() < 2 {
        return vec![Vec::new(); all.len()];
    }
    let is_common = |setting: &RunSetting| all.iter().all(|other| other.contains(setting));
    let mut differs: Vec<Vec<RunSetting>> =
        all.iter().map(|own| own.iter().filter(|setting| !is_common(setting)).cloned().collect()).collect();
    // The seed of initial weights and data identifies it.
    for own in &mut differs {
        if own.iter().any(|setting| matches!(setting, RunSetting::Network(_) | RunSetting::Data(_))) {
            own.retain(|setting| !matches!(setting, RunSetting::Weights(_) | RunSetting::Difficulty(_)));
        }
    }
    let from = |branch: &TrainingBranch| branch.fork().map(|Fork { time, .. }| RunSetting::From(time));
    tell_apart(&mut differs, |place| from(branches[place]));
    tell_apart(&mut differs, |place| Some(RunSetting::Number(branches[place].number())));
    differs
}

/// Adds something to each name that another run has too.
fn tell_apart(differs: &mut [Vec<RunSetting>], more: impl Fn(usize) -> Option<RunSetting>) {
    let before = differs.to_vec();
    for (place, own) in differs.iter_mut().enumerate() {
        if before.iter().filter(|other| **other == before[place]).count() > 1 {
            own.extend(more(place));
        }
    }
}
