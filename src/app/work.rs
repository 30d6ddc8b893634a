//! What may take long: reading a model, and computing what follows from the inputs. A small network's values are
//! computed at once; a large one's by a worker, who tells how far he has come and can be stopped.

use super::{
    action::{Action, Effect, apply},
    ask::{self, Answer, Question},
    build::Draft,
    exciting::Search,
    history::Inputs,
    hunt::{Halt, Hunt},
    looks::Made,
    run::{Need, Run},
    session::{Restored, Session},
    sets::DataAction,
    state::{AppState, Busy, Doing, best},
    training::BatchSource,
};
use crate::data::{Content, Dataset, Fitted};
use crate::model_io::{Model, Preset, presets};
use crate::nn::{Execution, Mode, Network, Part, Values, loss};
use crate::tensor::Tensor;
use crate::trace::{Pass, Plan, Setup, Trace};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Why inputs change, and so what happens to what was there before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// A setting.
    Edit,
    /// A number or a pixel, in place.
    Stroke {
        /// It goes on with the one before, and is undone with it.
        more: bool,
    },
    /// A new picture or model.
    Renew,
    /// Back to those before.
    Undo,
    /// Forward to those undone.
    Redo,
}

/// Something that a worker does.
#[derive(Debug)]
pub enum Task {
    /// Make a model of a file's bytes.
    Read {
        /// The file's name.
        name: String,
        /// Its bytes.
        bytes: Arc<Vec<u8>>,
    },
    /// Make a session of a file's bytes.
    ReadSession {
        /// The file's name.
        name: String,
        /// Its bytes.
        bytes: Arc<Vec<u8>>,
    },
    /// Compute what it takes to go on with a session.
    Restore {
        /// The session.
        session: Box<Session>,
        /// Its data set, or why it is not there; `None` where it has none.
        data: Option<Result<Dataset, String>>,
    },
    /// Make a preset's first weights.
    Start(Preset),
    /// Make the model that has been written, with what it keeps from the one that runs.
    Build {
        /// As written.
        draft: Box<Draft>,
        /// The model that runs.
        running: Arc<Model>,
    },
    /// Compute what follows from inputs.
    Derive {
        /// The inputs.
        inputs: Box<Inputs>,
        /// Why they change.
        change: Change,
    },
    /// Answer a question about a run's values.
    Answer {
        /// The values.
        trace: Arc<Trace>,
        /// The question.
        question: Question,
    },
    /// Compute more of a run's values.
    Approach {
        /// The run as it is.
        run: Box<Run>,
        /// What it is to have.
        need: Need,
    },
    /// Look for the next breakpoint.
    Hunt(Box<Hunt>),
    /// Go on with a map.
    Look {
        /// The map so far.
        made: Arc<Made>,
        /// By one step only.
        once: bool,
    },
    /// Look at some more examples of a data set.
    Excite(Box<Search>),
}

/// What came of a task.
#[derive(Clone, Debug)]
pub enum Done {
    /// A model, or why not.
    Model(Result<Box<Model>, String>),
    /// A session, or why not.
    Session(Result<Box<Session>, String>),
    /// A session to go on with, or why not.
    Restored(Result<Box<Restored>, String>),
    /// What follows from inputs, or why they do not go together.
    Derived(Change, Result<Box<Derived>, String>),
    /// The run with more values, or why not.
    Approached(Result<Box<Run>, String>),
    /// The answer to a question.
    Answered(Question, Box<Answer>),
    /// A search and where it came to its end, or why not.
    Hunted(Result<(Box<Hunt>, Halt), String>),
    /// The map as far as it is made.
    Looked(Box<Made>),
    /// What was found in the examples so far.
    Excited(Box<Search>),
}

/// Inputs and what follows from them.
#[derive(Clone, Debug)]
pub struct Derived {
    /// The inputs, with a label.
    pub inputs: Inputs,
    /// What the network sees of the picture.
    pub fitted: Arc<Fitted>,
    /// The run at its first step.
    pub run: Run,
}

impl Task {
    /// Does it; `None` if cancelled.
    pub fn run(&self, exec: Execution) -> Option<Done> {
        match self {
            Self::Read { name, bytes } => {
                let model = Model::from_file(name, bytes, None);
                Some(Done::Model(model.map(Box::new).map_err(|error| error.to_string())))
            }
            Self::ReadSession { name, bytes } => {
                Some(Done::Session(Session::from_bytes(name, bytes).map(Box::new)))
            }
            Self::Restore { session, data } => match session.clone().restore(data.clone(), exec) {
                Ok(restored) => Some(Done::Restored(Ok(Box::new(restored?)))),
                Err(error) => Some(Done::Restored(Err(error))),
            },
            Self::Start(preset) => {
                let model = preset.model(presets::SEED);
                Some(Done::Model(model.map(Box::new).map_err(|error| error.to_string())))
            }
            Self::Build { draft, running } => Some(Done::Model(draft.model(running).map(Box::new))),
            Self::Derive { inputs, change } => match derive((**inputs).clone(), exec) {
                Ok(derived) => Some(Done::Derived(*change, Ok(Box::new(derived?)))),
                Err(error) => Some(Done::Derived(*change, Err(error))),
            },
            Self::Answer { trace, question } => {
                let answer = ask::answer(trace, *question, exec)?;
                Some(Done::Answered(*question, Box::new(answer)))
            }
            Self::Approach { run, need } => {
                let mut run = run.clone();
                match run.approach(*need, u32::MAX, exec) {
                    Ok(is_there) => is_there.then_some(Done::Approached(Ok(run))),
                    Err(error) => Some(Done::Approached(Err(error))),
                }
            }
            Self::Hunt(hunt) => {
                let mut hunt = hunt.clone();
                match hunt.go_on(u32::MAX, exec) {
                    Ok(halt) => halt.map(|halt| Done::Hunted(Ok((hunt, halt)))),
                    Err(error) => Some(Done::Hunted(Err(error))),
                }
            }
            Self::Look { made, once } => {
                let mut made = Box::new((**made).clone());
                made.go_on(*once, exec).then_some(Done::Looked(made))
            }
            Self::Excite(search) => {
                let mut search = search.clone();
                search.go_on(exec).then_some(Done::Excited(search))
            }
        }
    }
}

/// Whether computing a network's values would hold up the window, which is drawn 60 times a second.
pub fn is_large(network: &Network) -> bool {
    const TERMS: u64 = 50_000_000;
    const PARAMETERS: usize = 4_000_000;
    network.terms() > TERMS || network.parameter_count() > PARAMETERS
}

/// The same for a batch of so many images.
pub(super) fn is_large_batch(network: &Network, images: u32) -> bool {
    const TERMS: u64 = 200_000_000;
    is_large(network) || network.terms().saturating_mul(u64::from(images)) > TERMS
}

/// Hands a task to a worker; what another one computes is no longer wanted.
pub(super) fn start(state: &mut AppState, doing: Doing, name: String, task: Task) -> Effect {
    let (job, stop) = begin(state, doing, name);
    Effect::Work { job, task: Arc::new(task), stop }
}

/// A job begins: its number, and what is set when its answer is no longer wanted.
pub(super) fn begin(state: &mut AppState, doing: Doing, name: String) -> (u64, Arc<AtomicBool>) {
    stop(state);
    state.jobs += 1;
    let (job, stop) = (state.jobs, Arc::new(AtomicBool::new(false)));
    state.busy = Some(Busy { job, name, doing, part: 0.0, stop: Arc::clone(&stop) });
    (job, stop)
}

/// Forgets the work that goes on.
pub(super) fn stop(state: &mut AppState) {
    if let Some(busy) = state.busy.take() {
        busy.stop.store(true, Ordering::Relaxed);
    }
}

/// The picture as the network sees it, with what was painted on it, before preprocessing.
pub(super) fn fitted(inputs: &Inputs) -> Result<Arc<Fitted>, String> {
    let [c, h, w] = inputs.model.network.input;
    let mut fitted =
        inputs.picture.input(c, h, w, inputs.fit, inputs.ground).map_err(|error| error.to_string())?;
    if let Some(painted) = inputs.painted.as_ref().filter(|painted| painted.dim() == fitted.tensor.dim()) {
        fitted.tensor = (**painted).clone();
    }
    Ok(Arc::new(fitted))
}

/// What follows from inputs: the fitted picture, the label where none is chosen, and the run, of a large
/// network as far as the loss. `None` if cancelled.
pub(super) fn derive(mut inputs: Inputs, exec: Execution) -> Result<Option<Derived>, String> {
    let model = Arc::clone(&inputs.model);
    let fitted = fitted(&inputs)?;
    let mut setup = Setup {
        images: 1,
        batches: 1,
        epochs: inputs.epochs,
        mode: inputs.mode,
        optimizer: inputs.optimizer,
        seed: inputs.seed,
    };
    let batches = match &inputs.training {
        Some(training) => {
            let batches = training.schedule.batches().try_into().unwrap_or(u32::MAX);
            setup = Setup { batches, epochs: training.epochs, mode: Mode::Train, ..setup };
            let source = BatchSource::from_training(&model, training)?;
            Some((source.batch(0)?, source))
        }
        None => None,
    };
    let input = match (&batches, &inputs.picture.content) {
        (Some(((input, _), _)), _) => Ok(input.clone()),
        (None, Content::Picture(_)) => model.input_from_pixels(&fitted.tensor),
        (None, Content::Values(_)) => model.check_input(&fitted.tensor).map(|()| fitted.tensor.clone()),
    }
    .map_err(|error| error.to_string())?;
    setup.images = input.dim().0 as u32;
    let plan = Plan::try_new(Arc::new(model.network.clone()), setup).map_err(|error| error.to_string())?;
    let Some(values) = model.network.forward_with(&model.params, &input, setup.mode, plan.stream(0), exec)
    else {
        return Ok(None);
    };
    let (source, target) = match batches {
        Some(((_, target), source)) => (source, target),
        None => {
            let label = inputs.label.unwrap_or_else(|| default_label(&inputs, &values));
            inputs.label = Some(label);
            let target: Tensor = loss::one_hot(model.network.output(), &[label]);
            (BatchSource::Picture { input, target: target.clone() }, target)
        }
    };
    let is_large = is_large_batch(&model.network, setup.images);
    let (plan, params) = (Arc::new(plan), Arc::clone(&model.params));
    let mut trace = Trace::of_forward(plan, 0, params, Arc::default(), values, target);
    if !is_large && !trace.go_on(Pass::Update, exec) {
        return Ok(None);
    }
    Ok(Some(Derived { inputs, fitted, run: Run::new(source, trace, is_large) }))
}

/// The same on the caller's own thread.
pub(super) fn derive_now(inputs: Inputs) -> Result<Derived, String> {
    derive(inputs, Execution::SERIAL)?.ok_or_else(|| "expected to go on, was cancelled; try again".into())
}

/// The label that a picture comes with, or else the class that the network predicts.
fn default_label(inputs: &Inputs, values: &Values) -> usize {
    let model = &inputs.model;
    let known = inputs.picture.label.as_deref().and_then(|label| model.class_index(label).ok());
    known.unwrap_or_else(|| {
        // Probabilities do not depend on the target.
        let target = loss::one_hot(model.network.output(), &[0]);
        let loss = model.network.loss_forward(values.output(), &target);
        let scores = loss.get(Part::Prob).unwrap_or_else(|| values.output());
        best(scores.iter().copied().take(model.network.classes())).0
    })
}

/// Does here and now what the effects ask of a worker, until nothing waits: for a program without a window.
/// Returns the other effects.
pub fn settle(state: &mut AppState, effects: Vec<Effect>, exec: Execution) -> Vec<Effect> {
    let (mut left, mut queue) = (Vec::new(), effects);
    while let Some(effect) = queue.pop() {
        match effect {
            Effect::Work { job, task, .. } => {
                let action = match task.run(exec) {
                    Some(done) => Action::Worked { job, done },
                    None => Action::Cancel,
                };
                queue.extend(apply(state, action));
            }
            Effect::Advance => queue.extend(apply(state, Action::Advance)),
            Effect::MeasureData { job, data, part, .. } => {
                let result = data.measure(part, &());
                queue.extend(apply(state, Action::Data(DataAction::Measured { job, result })));
            }
            other => left.push(other),
        }
    }
    left
}
