//! Everything that the program knows.

use super::{
    ask::{Answer, Question, Tab},
    build::Draft,
    compare::Compare,
    files::{self, Files},
    history::{Inputs, Undo},
    hunt::{Halt, Hunt},
    looks::Looks,
    marks::Marks,
    playback::Playback,
    run::Run,
    sets::DataState,
    span::Spans,
    training::TrainingState,
    work::{Derived, derive_now},
};
use crate::data::{Fitted, Loaded, samples};
use crate::model_io::{Model, bundled};
use crate::nn::{Params, Part};
use crate::tensor::Tensor;
use crate::trace::{
    Address, Break, Cursor, Grain, Hits, Move, Pass, Place, Plan, TensorId, Trace, breakpoint,
};
use crate::train::class_of;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, atomic::AtomicBool};

/// The language of the program's texts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

impl Lang {
    /// Its code: `en` or `zh`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }
}

/// Light, dark, or as the system says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum ThemeChoice {
    /// As the system says.
    #[default]
    System,
    /// Dark ink on a light ground.
    Light,
    /// Light ink on a dark ground.
    Dark,
}

/// Over which values a colour map stretches.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Scale {
    /// Each map over its own values.
    Map,
    /// All maps of a layer over the same.
    #[default]
    Layer,
    /// The whole network, activations and gradients apart.
    Network,
}

/// With how many digits arithmetic is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Digits {
    /// Two: to be read from the last row.
    Two,
    /// Four.
    #[default]
    Four,
    /// As many as tell the number whole.
    All,
}

impl Digits {
    /// All choices, the fewest first.
    pub const ALL: [Self; 3] = [Self::Two, Self::Four, Self::All];

    /// How many; `None` for all.
    pub const fn count(self) -> Option<usize> {
        match self {
            Self::Two => Some(2),
            Self::Four => Some(4),
            Self::All => None,
        }
    }

    /// The next choice; after the last comes the first.
    pub const fn next(self) -> Self {
        match self {
            Self::Two => Self::Four,
            Self::Four => Self::All,
            Self::All => Self::Two,
        }
    }
}

/// What the middle of the window shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Page {
    /// The close-up of the stage that is looked at.
    #[default]
    Closeup,
    /// Training on a data set.
    Training,
    /// What a data set holds.
    Data,
    /// What a unit of the network looks at.
    Looks,
    /// What was kept beside what is looked at.
    Compare,
}

impl Page {
    /// All pages, in the order of their tabs.
    pub const ALL: [Self; 5] = [Self::Closeup, Self::Training, Self::Data, Self::Looks, Self::Compare];

    /// The key of its name in the strings.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Closeup => "page.closeup",
            Self::Training => "page.training",
            Self::Data => "page.data",
            Self::Looks => "page.looks",
            Self::Compare => "page.compare",
        }
    }
}

/// What the panel beside the close-up shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Side {
    /// Why a cell is what it is.
    #[default]
    Cell,
    /// Breakpoints, bookmarks, and where the cursor was.
    Time,
}

impl Side {
    /// Both, in the order of their tabs.
    pub const ALL: [Self; 2] = [Self::Cell, Self::Time];

    /// The key of its name in the strings.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Cell => "side.cell",
            Self::Time => "side.time",
        }
    }
}

/// The stops of the tour: the regions of the window.
pub const TOUR: [&str; 5] = ["top", "network", "closeup", "side", "bottom"];

/// The most that the maps of the network are enlarged or made smaller, in half powers of two.
pub const LANE_ZOOM: i8 = 4;

/// How it is looked at; no number depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct ViewState {
    /// Light or dark.
    pub theme: ThemeChoice,
    /// The language.
    pub lang: Lang,
    /// The colour scale.
    pub scale: Scale,
    /// Colours by the logarithm of the magnitude.
    pub log: bool,
    /// With how many digits arithmetic is written.
    pub digits: Digits,
    /// How much larger the maps of the network are than would fit best, in half powers of two.
    pub lane_zoom: i8,
    /// The input gradient of a convolution is shown as it is scattered, not gathered.
    pub scatter: bool,
    /// Beside what a pool gives stands what the other kind of pool would give.
    pub both_pools: bool,
    /// What the inspector shows of a cell.
    pub tab: Tab,
    /// The step of the gradient check is ten to the power of minus this.
    pub exponent: u8,
    /// What the middle of the window shows.
    #[serde(skip)]
    pub page: Page,
    /// What the panel beside the close-up shows.
    #[serde(skip)]
    pub side: Side,
    /// The tour has been taken, or skipped.
    pub toured: bool,
    /// Nothing moves by itself but what the user sets going.
    pub still: bool,
    /// The stop of the tour that is shown.
    #[serde(skip)]
    pub tour: Option<usize>,
    /// The palette is open.
    #[serde(skip)]
    pub palette: bool,
    /// The overview of all keys is open.
    #[serde(skip)]
    pub help: bool,
    /// The pad to draw on is open.
    #[serde(skip)]
    pub pad: bool,
    /// The screen is blanked, so that all look at the teacher.
    #[serde(skip)]
    pub blank: bool,
    /// The address line is being typed in.
    #[serde(skip)]
    pub typing_address: bool,
}

impl Default for ViewState {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::default(),
            lang: Lang::default(),
            scale: Scale::default(),
            log: false,
            digits: Digits::default(),
            lane_zoom: 0,
            scatter: false,
            both_pools: false,
            page: Page::default(),
            side: Side::default(),
            toured: false,
            still: false,
            tour: None,
            palette: false,
            tab: Tab::default(),
            exponent: 3,
            help: false,
            pad: false,
            blank: false,
            typing_address: false,
        }
    }
}

/// How much a notice weighs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NoticeKind {
    /// Something that happened.
    Info,
    /// Something that did not work.
    Error,
}

/// A line for the user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// What it says.
    pub text: String,
    /// How much it weighs.
    pub kind: NoticeKind,
}

/// Work that goes on outside.
#[derive(Clone, Debug)]
pub struct Busy {
    /// Its number, by which its answer is recognised.
    pub job: u64,
    /// What is worked on: a file's or a model's name.
    pub name: String,
    /// What is done to it.
    pub doing: Doing,
    /// The part that is done, from 0 to 1; 0 where that is not known.
    pub part: f32,
    /// Set when its answer is no longer wanted.
    pub stop: Arc<AtomicBool>,
}

/// What kind of work goes on outside.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Doing {
    /// A file is read, or a preset's weights are made.
    Reading,
    /// A network's values are computed.
    Computing,
}

/// Where breakpoints hold in a training step.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    revision: u64,
    hits: Vec<(Break, Hits)>,
}

impl Counted {
    /// Of a breakpoint; `None` where nobody has counted: it is off, or the network is large.
    pub fn of(&self, kind: &Break) -> Option<&Hits> {
        self.hits.iter().find(|(counted, _)| counted == kind).map(|(_, hits)| hits)
    }

    /// Of all breakpoints.
    pub fn all(&self) -> impl Iterator<Item = &(Break, Hits)> {
        self.hits.iter()
    }

    /// Counts anew what is out of date.
    pub(super) fn follow(&mut self, run: &Run, marks: &Marks) {
        /// Ticks that a line has room for.
        const TICKS: usize = 4096;
        /// Cells that are looked through in a frame's time.
        const CELLS: u64 = 1_000_000;
        let is_known = self.revision == run.revision();
        if is_known && self.hits.iter().map(|(kind, _)| *kind).eq(marks.enabled()) {
            return;
        }
        let plan = run.plan();
        let cells: u64 = plan.stages().iter().map(|stage| stage.cells()).sum();
        let is_too_much = run.is_large()
            || run.trace().reached() < Pass::Update
            || cells.saturating_mul(u64::from(plan.repeats())) > CELLS;
        let known = if is_known { std::mem::take(&mut self.hits) } else { Vec::new() };
        self.revision = run.revision();
        self.hits = Vec::new();
        for kind in marks.enabled().filter(|_| !is_too_much) {
            let hits = match known.iter().find(|(counted, _)| *counted == kind) {
                Some((_, hits)) => hits.clone(),
                None => breakpoint::hits(run.trace(), &kind, TICKS),
            };
            self.hits.push((kind, hits));
        }
    }
}

/// Everything that the program knows. Views read it; only [`super::apply`] changes it.
#[derive(Clone, Debug)]
pub struct AppState {
    /// Model, picture and settings: what undo and redo bring back.
    pub inputs: Inputs,
    /// What the network sees of the picture; pixels before preprocessing.
    pub fitted: Arc<Fitted>,
    /// The weights over the training steps, and the values of the one looked at.
    pub run: Run,
    /// Where the stepping stands.
    pub cursor: Cursor,
    /// A cell that was picked to be looked at, while the cursor stays.
    pub selected: Option<Address>,
    /// Where the cursor was before, to go back along.
    pub trail: Vec<(Cursor, Option<Address>)>,
    /// Where it was before going back.
    pub trail_ahead: Vec<(Cursor, Option<Address>)>,
    /// Breakpoints and bookmarks.
    pub marks: Marks,
    /// Where the breakpoints hold in the training step that is looked at.
    pub counted: Counted,
    /// The search for the next breakpoint.
    pub hunt: Option<Box<Hunt>>,
    /// Why the last run stopped.
    pub stopped: Option<Halt>,
    /// Playing on by itself.
    pub playback: Playback,
    /// What is shown of the timeline.
    pub spans: Spans,
    /// How it is looked at.
    pub view: ViewState,
    /// Lines for the user, newest last.
    pub notices: Vec<Notice>,
    /// Where the cursor is to be when the replay of training steps has come there.
    pub pending: Option<(Cursor, Option<Address>)>,
    /// Work that goes on outside.
    pub busy: Option<Busy>,
    /// Counts the jobs.
    pub jobs: u64,
    /// The last question about a cell, and its answer.
    pub answer: Option<(Question, Answer)>,
    /// The last change of the inputs was a stroke, which may go on.
    pub in_stroke: bool,
    /// What goes on in training on a data set.
    pub training: TrainingState,
    /// The data sets at hand.
    pub data: DataState,
    /// Earlier and undone inputs.
    pub undo: Undo,
    /// What is compared.
    pub compare: Compare,
    /// What goes on with files.
    pub files: Files,
    /// What a unit looks at.
    pub looks: Looks,
    /// The network that is being written, while the builder is open.
    pub draft: Option<Draft>,
}

impl AppState {
    /// The program as it starts: a bundled model, its sample, and the prediction already made.
    ///
    /// # Panics
    /// Where the bundled model or sample is broken, which a test rules out.
    pub fn new() -> Self {
        let first = &bundled::models()[0];
        let model = bundled::load(first.name);
        let picture = samples::load(first.default_sample);
        match (model, picture) {
            (Ok(model), Ok(picture)) => match Self::open(model, picture) {
                Ok(state) => state,
                Err(error) => panic!("the bundled sample does not fit the bundled model: {error}"),
            },
            (Err(error), _) => panic!("a broken bundled model: {error}"),
            (_, Err(error)) => panic!("a broken bundled sample: {error}"),
        }
    }

    /// The program with a model and a picture.
    ///
    /// # Errors
    /// Where the picture cannot be fitted to the model's input.
    pub fn open(model: Model, picture: Loaded) -> Result<Self, String> {
        let inputs = Inputs::new(Arc::new(model), Arc::new(picture));
        let Derived { inputs, fitted, run } = derive_now(inputs)?;
        let mut state = Self {
            cursor: Cursor::new(Grain::Layer),
            inputs,
            fitted,
            run,
            selected: None,
            trail: Vec::new(),
            trail_ahead: Vec::new(),
            marks: Marks::default(),
            counted: Counted::default(),
            hunt: None,
            stopped: None,
            playback: Playback::default(),
            spans: Spans::default(),
            view: ViewState::default(),
            notices: Vec::new(),
            pending: None,
            busy: None,
            jobs: 0,
            answer: None,
            in_stroke: false,
            training: TrainingState::default(),
            data: DataState::default(),
            undo: Undo::default(),
            compare: Compare::default(),
            files: Files::default(),
            looks: Looks::default(),
            draft: None,
        };
        state.show_prediction();
        files::settle(&mut state);
        Ok(state)
    }

    /// Moves the cursor behind the forward pass and the loss, so that the prediction is there.
    pub(super) fn show_prediction(&mut self) {
        self.cursor = at_prediction(self.plan());
        self.selected = None;
    }

    /// The plan of a training step.
    pub fn plan(&self) -> &Arc<Plan> {
        self.run.plan()
    }

    /// Plan and values of the training step looked at.
    pub fn trace(&self) -> &Arc<Trace> {
        self.run.trace()
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.inputs.model
    }

    /// The weights as they were before they were edited, where they were: as loaded, or as trained up to the step that
    /// is looked at.
    pub fn loaded_params(&self) -> Option<Arc<Params>> {
        match &self.inputs.forked {
            Some(forked) if forked.time == self.trace().time() => Some(Arc::clone(&forked.original)),
            Some(_) | None => self.inputs.loaded.clone(),
        }
    }

    /// The target class of the image that is looked at.
    pub fn label(&self) -> usize {
        match &self.inputs.training {
            None => self.inputs.label.unwrap_or(0),
            Some(_) => class_of(of_image(self.trace().target(), self.image())),
        }
    }

    /// The number in its batch of the image that is looked at: the cell's, or where the cell is the batch's, as one
    /// of a weight's gradient, that of the pass that adds to it.
    pub fn image(&self) -> u32 {
        let focus = self.focus();
        let cell = self.trace().tensor_cell(&focus);
        cell.filter(|(tensor, ..)| tensor.is_per_image()).map_or(focus.image, |(_, image, _)| image)
    }

    /// The predicted class and how sure the network is: the largest of [`AppState::scores`].
    pub fn prediction(&self) -> (usize, f32) {
        best(self.scores())
    }

    /// Probabilities of the classes with cross-entropy, else the outputs, of the image that is looked at.
    pub fn scores(&self) -> Vec<f32> {
        let values = self.trace().values();
        let scores = values.loss.get(Part::Prob).unwrap_or_else(|| values.output());
        of_image(scores, self.image()).collect()
    }

    /// Whether the scores have been computed at the cursor.
    pub fn knows_scores(&self) -> bool {
        let plan = self.plan();
        let tensor = match plan.stage_of(TensorId::loss(Part::Prob)) {
            Some(_) => TensorId::loss(Part::Prob),
            None => Plan::input_of(plan.network().layers.len()),
        };
        let stage = plan.stage_of(tensor);
        let repeat = if plan.is_layered() { 0 } else { self.image() };
        stage.is_none_or(|stage| self.trace().progress(stage, repeat, self.cursor.at()).is_complete())
    }

    /// The mean loss before training step `time`, where it has been computed: for the step looked at,
    /// only when the cursor has come past it.
    pub fn known_loss(&self, time: u32) -> Option<f32> {
        let loss = self.run.records().get(&time)?.report.loss as f32;
        let plan = self.plan();
        let is_ahead = time == self.trace().time()
            && plan.stage_of(TensorId::loss(Part::Out)).is_some_and(|stage| {
                let last = if plan.is_layered() { 0 } else { plan.setup().images - 1 };
                !self.trace().progress(stage, last, self.cursor.at()).is_complete()
            });
        (!is_ahead).then_some(loss)
    }

    /// The norm of the whole gradient of training step `time`, where it has been measured: for the step looked
    /// at, only when the cursor has come to its update.
    pub fn known_gradient(&self, time: u32) -> Option<f64> {
        let norm = self.run.records().get(&time)?.gradient_norm()?;
        let plan = self.plan();
        let update = plan.pass_stages(Pass::Update);
        let place = Place::Stage(update.start as u32);
        let begin = Address { time, place, grain: Grain::Layer, ..plan.locate(0, Grain::Run) };
        let is_ahead = time == self.trace().time()
            && !update.is_empty()
            && plan.steps(&begin).is_some_and(|steps| self.cursor.at() < steps.start);
        (!is_ahead).then_some(norm)
    }

    /// The cell that is looked at: the one picked, else the one that the last step worked on.
    pub fn focus(&self) -> Address {
        self.selected.unwrap_or_else(|| {
            let plan = self.plan();
            let step = plan.locate(self.cursor.at().saturating_sub(1), Grain::Term);
            Address { grain: Grain::Cell, term: 0, ..step }
        })
    }

    /// How many terms of a cell are done at the cursor, and how many it has.
    pub fn terms_done(&self, cell: &Address) -> (u32, u32) {
        let cell = Address { grain: Grain::Cell, term: 0, ..*cell };
        match self.plan().steps(&cell) {
            Some(steps) => {
                let done = self.cursor.at().clamp(steps.start, steps.end) - steps.start;
                (done as u32, (steps.end - steps.start) as u32)
            }
            None => (0, 0),
        }
    }

    /// Whether the cell has been computed at the cursor; a given cell always has.
    pub fn is_done(&self, cell: &Address) -> bool {
        let (done, all) = self.terms_done(cell);
        done == all
    }

    /// Changes with everything that a picture of values depends on except the cursor.
    pub fn revision(&self) -> u64 {
        self.run.revision()
    }

    /// The term that the cursor did last, where it stands within or at the end of the focused cell.
    pub fn current_term(&self) -> Option<u32> {
        let (done, _) = self.terms_done(&self.focus());
        done.checked_sub(1)
    }
}

/// The cursor behind the forward pass and the loss of the first step.
pub(super) fn at_prediction(plan: &Plan) -> Cursor {
    let loss = plan.pass_stages(Pass::Loss);
    let last = loss.end.saturating_sub(1) as u32;
    let address = Address { place: Place::Stage(last), grain: Grain::Layer, ..plan.locate(0, Grain::Run) };
    let mut cursor = Cursor::new(Grain::Layer);
    cursor.go(plan, Move::Seek(address));
    cursor
}

/// The cells of one image of a batch.
pub(super) fn of_image(tensor: &Tensor, image: u32) -> impl Iterator<Item = f32> {
    let each = tensor.len() / tensor.dim().0.max(1);
    let image = (image as usize).min(tensor.dim().0.saturating_sub(1));
    tensor.iter().copied().skip(image * each).take(each)
}

impl Default for AppState {
    fn default() -> Self {
        Self::new()
    }
}

/// The first of the largest numbers, with its place.
pub(super) fn best(scores: impl IntoIterator<Item = f32>) -> (usize, f32) {
    let best = (0, f32::NEG_INFINITY);
    scores.into_iter().enumerate().fold(best, |best, (class, p)| if p > best.1 { (class, p) } else { best })
}
