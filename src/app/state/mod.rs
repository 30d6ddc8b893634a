//! What the program knows: the state and its parts, with the questions that can be asked of them.

mod advice;
mod attribution;
mod batch_source;
mod breakpoint_hits;
pub(in crate::app) mod breakpoint_search;
mod compare;
mod data;
pub(in crate::app) mod derived;
mod draft;
mod draw;
mod figure;
mod files;
mod film;
mod inputs;
mod jobs;
pub(in crate::app) mod lesson;
mod link;
mod marks;
mod moment;
mod notice;
mod picture;
mod picture_before;
mod planned;
mod playback;
mod position;
pub(in crate::app) mod question;
mod right_answer;
mod run;
mod session;
mod sheets;
mod span;
mod stamp;
mod strongest;
pub(in crate::app) mod top_activations;
pub(in crate::app) mod training;
mod training_runs;
pub(in crate::app) mod training_state;
mod undo;
pub(in crate::app) mod unit;
mod view;

pub use advice::{Advice, reads_digits};
pub(in crate::app) use attribution::MapRequest;
pub use attribution::{AttributionMaps, AttributionState, RandomisedMap};
pub use batch_source::BatchSource;
pub use breakpoint_hits::BreakpointHits;
pub use breakpoint_search::{BreakpointSearch, StopReason};
pub use compare::{Compare, Kept, Sides};
pub use data::{DataState, OpenedSet, PartsQuestion, Shown};
pub use derived::{Derived, is_large};
pub(in crate::app) use draft::Touched;
pub use draft::{Draft, Written};
pub use draw::{Draw, Framing, picture_file, picture_pixels};
pub(in crate::app) use files::table_of;
pub use files::{
    FileContent, FileKind, Files, MissingData, NumbersForm, RECENT, Recent, RescueOffer, SaveQuestion,
    SizeQuestion,
};
pub use film::{FilmOrder, FilmQuestion, FilmRange};
pub use inputs::{Change, Forked, Inputs, Target};
pub use jobs::{Job, JobKind, Jobs};
pub use lesson::{
    Answered, Covers, Hands, LessonProgress, LessonState, Phase, Progress, beat_scene, lesson_scene,
};
pub use link::Link;
pub use marks::{Bookmark, Breakpoint, Marks};
pub use moment::{LeftOut, Moment};
pub use notice::{About, Message, Notice, NoticeKind, Work};
pub use picture::{PicturePart, PictureSetup, PictureState};
pub use picture_before::{PictureBefore, PictureChange, PictureEffect};
pub use planned::Planned;
pub use playback::Playback;
pub use position::PlaceText;
pub(in crate::app) use position::{Position, after_loss};
pub use question::{Answer, Question, QuestionKind};
pub use right_answer::RightAnswer;
pub use run::{Need, Run};
pub use session::{Restored, Session};
pub use sheets::{SheetPlace, lesson_sheets};
pub use span::{Span, Spans};
pub use stamp::Stamp;
pub(in crate::app) use strongest::Strongest;
pub use top_activations::{ActivationSearch, set_to_search};
pub use training::{DataMatch, Training};
pub use training_runs::{RunLabels, RunSetting, RunsAside, TrainingRun, TrainingRuns};
pub use training_state::{End, Running, TrainingState};
pub use undo::{Edited, Undo};
pub use unit::{Subject, asked_unit, focused_unit};
pub use view::{
    Compared, Digits, Drawer, EXPONENTS, Figure, Guide, LANE_ZOOM, Lane, Lang, Order, Page, Scale, Sheet,
    Show, Tab, ThemeChoice, ViewState, With,
};

use self::derived::derive_now;
use crate::data::{Fitted, Loaded, samples};
use crate::model_io::{Model, bundled};
use crate::nn::{Params, Part};
use crate::tensor::{Tensor, argmax};
use crate::trace::{Address, Cursor, Depth, Grain, Pass, Plan, TensorId, Trace};
use std::sync::Arc;

/// Everything that the program knows. Its fields are private to `app`: views read it through the methods of the same
/// names, and only [`apply`](crate::app::apply()) changes it.
#[derive(Clone, Debug)]
pub struct AppState {
    /// Model, picture and settings: what undo and redo restore.
    pub(in crate::app) inputs: Inputs,
    /// What the network sees of the picture; pixels before preprocessing.
    pub(in crate::app) fitted: Arc<Fitted>,
    /// The run, the cursor and the selection, the trail, the marks: all that belongs to the current plan.
    pub(in crate::app) position: Position,
    /// Where the breakpoints hold in the current training step.
    pub(in crate::app) breakpoint_hits: BreakpointHits,
    /// The search for the next breakpoint.
    pub(in crate::app) breakpoint_search: Option<Box<BreakpointSearch>>,
    /// The player, which steps by itself.
    pub(in crate::app) playback: Playback,
    /// The visible part of the timeline.
    pub(in crate::app) spans: Spans,
    /// How all of it is shown.
    pub(in crate::app) view: ViewState,
    /// The strongest cell of the shown map.
    pub(in crate::app) strongest: Option<Strongest>,
    /// Lines for the user, newest last.
    pub(in crate::app) notices: Vec<Notice>,
    /// The jobs that run outside.
    pub(in crate::app) jobs: Jobs,
    /// The loss after the update, of which values.
    pub(in crate::app) loss_after: Option<(u64, f32)>,
    /// The last question about a cell, and its answer.
    pub(in crate::app) answer: Option<(Question, Answer)>,
    /// Whether the last change of the inputs was a stroke, which may continue.
    pub(in crate::app) in_stroke: bool,
    /// The progress of training on a data set.
    pub(in crate::app) training: TrainingState,
    /// The data sets that the program has.
    pub(in crate::app) data: DataState,
    /// Earlier and undone inputs.
    pub(in crate::app) undo: Undo,
    /// What is compared.
    pub(in crate::app) compare: Compare,
    /// The picture before its last change.
    pub(in crate::app) picture_before: Option<PictureBefore>,
    /// The picture that is being set up.
    pub(in crate::app) picture: PictureState,
    /// Whether the user was asked which answer is right.
    pub(in crate::app) right_answer: RightAnswer,
    /// Advice that was dismissed, until there is another picture or network.
    pub(in crate::app) dismissed_advice: Vec<Advice>,
    /// The session's file, recent files, what a crash left behind.
    pub(in crate::app) files: Files,
    /// The page of attribution.
    pub(in crate::app) attribution: AttributionState,
    /// The network being written, while the builder is open.
    pub(in crate::app) draft: Option<Draft>,
    /// The lesson that is open.
    pub(in crate::app) lesson: Option<Box<LessonState>>,
    /// What was done of all lessons.
    pub(in crate::app) progress: Progress,
    /// The moment to go to once its network and picture are there.
    pub(in crate::app) moment: Option<Box<Moment>>,
}

/// The state's parts, to be read.
impl AppState {
    /// Model, picture and settings: what undo and redo restore.
    pub const fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// What the network sees of the picture; pixels before preprocessing.
    pub const fn fitted(&self) -> &Arc<Fitted> {
        &self.fitted
    }

    /// The weights over the training steps, and the values of the current one.
    pub const fn run(&self) -> &Run {
        self.position.run()
    }

    /// Where the stepping stands.
    pub const fn cursor(&self) -> Cursor {
        self.position.cursor()
    }

    /// A cell to look at while the cursor stays.
    pub const fn selected(&self) -> Option<Address> {
        self.position.selected()
    }

    /// The cursor and the selection by their names.
    pub fn place(&self) -> PlaceText {
        self.position.text()
    }

    /// Where the cursor and the selection were before, latest last.
    pub fn trail(&self) -> &[PlaceText] {
        self.position.trail()
    }

    /// Where they were before going back along the trail.
    pub fn trail_ahead(&self) -> &[PlaceText] {
        self.position.trail_ahead()
    }

    /// Where they will be once the replay of training steps arrives there.
    pub const fn pending(&self) -> Option<&PlaceText> {
        self.position.pending()
    }

    /// Breakpoints and bookmarks.
    pub const fn marks(&self) -> &Marks {
        self.position.marks()
    }

    /// Where the breakpoints hold in the current training step.
    pub const fn breakpoint_hits(&self) -> &BreakpointHits {
        &self.breakpoint_hits
    }

    /// The search for the next breakpoint.
    pub fn breakpoint_search(&self) -> Option<&BreakpointSearch> {
        self.breakpoint_search.as_deref()
    }

    /// Why the last run stopped.
    pub const fn stopped(&self) -> Option<StopReason> {
        self.position.stopped()
    }

    /// The player, which steps by itself.
    pub const fn playback(&self) -> &Playback {
        &self.playback
    }

    /// The visible part of the timeline.
    pub const fn spans(&self) -> Spans {
        self.spans
    }

    /// How all of it is shown.
    pub const fn view(&self) -> &ViewState {
        &self.view
    }

    /// Lines for the user, newest last.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The jobs that run outside.
    pub const fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// The progress of training on a data set.
    pub const fn training(&self) -> &TrainingState {
        &self.training
    }

    /// The data sets that the program has.
    pub const fn data(&self) -> &DataState {
        &self.data
    }

    /// Earlier and undone inputs.
    pub const fn undo(&self) -> &Undo {
        &self.undo
    }

    /// What is compared.
    pub const fn compare(&self) -> &Compare {
        &self.compare
    }

    /// The session's file, recent files, what a crash left behind.
    pub const fn files(&self) -> &Files {
        &self.files
    }

    /// The page of attribution.
    pub const fn attribution(&self) -> &AttributionState {
        &self.attribution
    }

    /// The network being written, while the builder is open.
    pub const fn draft(&self) -> Option<&Draft> {
        self.draft.as_ref()
    }
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
            inputs,
            fitted,
            position: Position::new(run),
            breakpoint_hits: BreakpointHits::default(),
            breakpoint_search: None,
            playback: Playback::default(),
            spans: Spans::default(),
            view: ViewState::default(),
            strongest: None,
            notices: Vec::new(),
            jobs: Jobs::default(),
            loss_after: None,
            answer: None,
            in_stroke: false,
            training: TrainingState::default(),
            data: DataState::default(),
            undo: Undo::default(),
            compare: Compare::default(),
            picture_before: None,
            right_answer: RightAnswer::default(),
            dismissed_advice: Vec::new(),
            files: Files::default(),
            attribution: AttributionState::default(),
            draft: None,
            lesson: None,
            progress: Progress::default(),
            picture: PictureState::default(),
            moment: None,
        };
        state.mark_saved();
        Ok(state)
    }

    /// The plan of a training step.
    pub fn plan(&self) -> &Arc<Plan> {
        self.position.run().plan()
    }

    /// Plan and values of the training step shown.
    pub fn trace(&self) -> &Arc<Trace> {
        self.position.run().trace()
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.inputs.model
    }

    /// Where the weights were edited, those before: as loaded, or as trained up to the selected step.
    pub fn loaded_params(&self) -> Option<Arc<Params>> {
        match &self.inputs.forked {
            Some(forked) if forked.time == self.trace().time() => Some(Arc::clone(&forked.original)),
            Some(_) | None => self.inputs.loaded.clone(),
        }
    }

    /// The class that the loss of the image that is shown measures against: the right answer, or the guess.
    pub fn target(&self) -> Target {
        match &self.inputs.training {
            None => self.inputs.target.unwrap_or(Target::Assumed(0)),
            Some(_) => {
                Target::Given(self.plan().network().loss.truth(of_image(self.trace().target(), self.image())))
            }
        }
    }

    /// Its number.
    pub fn label(&self) -> usize {
        self.target().class()
    }

    /// The number in its batch of the image that is shown: the cell's, or where the cell is the batch's, as one
    /// of a weight's gradient, that of the pass that adds to it.
    pub fn image(&self) -> u32 {
        let focus = self.focus();
        let cell = self.trace().tensor_cell(&focus);
        cell.filter(|(tensor, ..)| tensor.is_per_image()).map_or(focus.image(), |(_, image, _)| image)
    }

    /// The predicted class and how sure the network is: the largest of [`AppState::scores`].
    pub fn prediction(&self) -> (usize, f32) {
        argmax(self.scores())
    }

    /// Probabilities of the classes with a cross-entropy, else the outputs, of the image that is shown.
    pub fn scores(&self) -> Vec<f32> {
        self.trace().values().scores(self.plan().network(), self.image() as usize)
    }

    /// Whether the network has answered at the cursor: its output has been computed.
    pub fn knows_scores(&self) -> bool {
        let plan = self.plan();
        let stage = plan.stage_of(plan.input_of(plan.network().layers.len()));
        let repeat = if plan.is_layered() { 0 } else { self.image() };
        stage.is_none_or(|stage| {
            self.trace().progress(stage, repeat, self.position.cursor().at()).is_complete()
        })
    }

    /// The mean loss before training step `time`, where it has been computed: for the step shown,
    /// only when the cursor has come past it.
    pub fn known_loss(&self, time: u32) -> Option<f32> {
        let loss = self.position.run().records().get(&time)?.report.loss as f32;
        let plan = self.plan();
        let is_ahead = time == self.trace().time()
            && plan.stage_of(TensorId::loss(Part::Out)).is_some_and(|stage| {
                let last = if plan.is_layered() { 0 } else { plan.setup().images - 1 };
                !self.trace().progress(stage, last, self.position.cursor().at()).is_complete()
            });
        (!is_ahead).then_some(loss)
    }

    /// The norm of the whole gradient of training step `time`, where it has been measured: for the selected
    /// step only once the cursor reaches its update.
    pub fn known_gradient(&self, time: u32) -> Option<f64> {
        let norm = self.position.run().records().get(&time)?.gradient_norm()?;
        let plan = self.plan();
        let update = plan.pass_stages(Pass::Update);
        let begin = Address::whole_stage(time, 0, update.start);
        let is_ahead = time == self.trace().time()
            && !update.is_empty()
            && plan.steps(&begin).is_some_and(|steps| self.position.cursor().at() < steps.start);
        (!is_ahead).then_some(norm)
    }

    /// Whether the loss after the update is to be shown: the focus is in the update, all of which is done.
    pub(in crate::app) fn shows_loss_after(&self) -> bool {
        let (plan, time) = (self.plan(), self.trace().time());
        let is_update = plan.stage_at(&self.focus()).is_some_and(|stage| stage.pass == Pass::Update);
        is_update
            && self.cursor().at() >= u64::from(time + 1) * plan.len()
            && self.trace().reached() == Pass::Update
    }

    /// The loss after the update, once it has been computed.
    pub fn loss_after(&self) -> Option<f32> {
        self.loss_after
            .filter(|(revision, _)| *revision == self.revision() && self.shows_loss_after())
            .map(|(_, loss)| loss)
    }

    /// The place that is shown: the one picked, else the unit that the last step worked on. Its [`Depth`] is the
    /// depth of the stage.
    ///
    /// [`Depth`]: crate::trace::Depth
    pub fn look(&self) -> Address {
        self.position.look()
    }

    /// Which numbers the maps of the stage show: the chosen ones, but never the values alone where a gradient
    /// is shown.
    pub fn lane(&self) -> Lane {
        let look = self.look();
        let tensor = self.trace().tensor_cell(&look.whole_cell()).map(|(tensor, ..)| tensor);
        let is_gradient = tensor.is_some_and(|tensor| tensor.part.is_activation_gradient());
        match self.view.lane {
            Lane::Values if is_gradient && Depth::new(&look) > Depth::Pass => Lane::Gradients,
            lane => lane,
        }
    }

    /// The cell that is shown: the one picked or the first of what was picked, else the one that the last step worked
    /// on. Of a map that is complete it is the one with the largest value; of a gradient's, the one farthest from 0.
    pub fn focus(&self) -> Address {
        if let Some(cell) = self.strongest.and_then(|strongest| strongest.cell(self)) {
            return cell;
        }
        match self.position.selected() {
            Some(selected) => selected.whole_cell(),
            None => {
                let last = self.position.cursor().at().saturating_sub(1);
                self.plan().locate(last, Grain::Term).whole_cell()
            }
        }
    }

    /// How many terms of a cell are done at the cursor, and how many it has.
    pub fn terms_done(&self, cell: &Address) -> (u32, u32) {
        let cell = cell.whole_cell();
        match self.plan().steps(&cell) {
            Some(steps) => {
                let done = self.position.cursor().at().clamp(steps.start, steps.end) - steps.start;
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
        self.position.run().revision()
    }

    /// The term that the cursor did last, where it stands within or at the end of the focused cell.
    pub fn current_term(&self) -> Option<u32> {
        let (done, _) = self.terms_done(&self.focus());
        done.checked_sub(1)
    }
}

/// The cells of one image of a batch.
pub(in crate::app) fn of_image(tensor: &Tensor, image: u32) -> impl Iterator<Item = f32> {
    let each = tensor.len() / tensor.dim().0.max(1);
    let image = (image as usize).min(tensor.dim().0.saturating_sub(1));
    tensor.iter().copied().skip(image * each).take(each)
}

impl Default for AppState {
    fn default() -> Self {
        Self::new()
    }
}
