//! What may happen to the program.

use crate::app::{
    state::{
        Compared, Digits, Drawer, Figure, FileKind, FilmQuestion, JobKind, Lane, Lang, Message, Order, Page,
        PictureSetup, Progress, Recent, RescueOffer, Scale, Sheet, Show, Shown, Span, Stamp, Subject, Tab,
        ThemeChoice, Training, ViewState, With,
    },
    task::{Done, News, Until},
};
use crate::attribution::AttributionSettings;
use crate::data::{Background, Dataset, Fit, Frame, Loaded, Location, paint::Pen};
use crate::export::film::Form;
use crate::lesson::Lesson;
use crate::nn::{
    Mode, Part, filters::Filter, hyperparameter::Hyperparameter, init::Init, loss::Loss,
    optimizer::Optimizer, spec::Kind,
};
use crate::trace::{Address, AddressText, Break, Grain, Move, Plan, TensorId};
use crate::train::StopWhen;
use image::RgbaImage;
use std::sync::Arc;

/// Something that happens to the program.
#[derive(Clone, Debug)]
pub enum Action {
    /// Move the cursor.
    Go(Move),
    /// Move the cursor to the end, or back to the start, of a larger unit.
    GoToEdge {
        /// The larger unit.
        grain: Grain,
        /// Towards the start.
        back: bool,
    },
    /// Move the cursor to an address as typed; `start` and `end` too.
    GoTo(String),
    /// Move the cursor behind a place, or look at it where it is given; nothing where the plan does not have it.
    Visit(AddressText),
    /// Look at a pass, a layer, a map or a cell without moving the cursor; nothing where the plan does not have it.
    Look(AddressText),
    /// Show what the cursor works on again.
    LookAtCursor,
    /// Move the cursor to the end of the cell that is shown.
    RunToHere,
    /// To where the first operand of the last term was written.
    LastWriter,
    /// To the next term that reads the cell that is shown.
    NextReader,
    /// To a previous place of the cursor: a number of places back, or ahead if negative.
    Trail(isize),
    /// Run on, or back, to the next breakpoint.
    Continue {
        /// Towards the start.
        back: bool,
    },
    /// Set, change or remove a breakpoint or a bookmark.
    Mark(MarkAction),
    /// Take away the words on why the run stopped.
    DismissStop,
    /// Play or pause.
    TogglePlay,
    /// Moves per second.
    SetSpeed(f32),
    /// Time has passed: seconds.
    Tick(f32),
    /// Ask for a picture file.
    AskForPicture,
    /// Ask for a model file.
    AskForModel,
    /// A part of a job is done.
    Progress {
        /// The job's number.
        job: u64,
        /// The part, from 0 to 1.
        part: f32,
    },
    /// A task is done.
    Worked {
        /// The job's number.
        job: u64,
        /// What came of it.
        done: Done,
    },
    /// Cancel the job of a kind. With a foreground job, whatever waits for it is given up too.
    Cancel(JobKind),
    /// A picture in memory: pasted, or made.
    UsePicture(Arc<Loaded>),
    /// A bundled sample.
    OpenSample(String),
    /// A bundled model or a preset, with the sample that goes with it where the picture does not fit.
    OpenBundled(String),
    /// Write a network: begin, change it, apply it.
    Build(BuildAction),
    /// How the picture is fitted.
    SetFit(Fit),
    /// What lies under transparency.
    SetBackground(Background),
    /// Adjust the picture: move, turn, mirror it and the like.
    Adjust {
        /// What is done.
        adjust: AdjustAction,
        /// It continues the previous drag: both are undone as one.
        more: bool,
    },
    /// This class is the right answer.
    SetLabel(usize),
    /// Not to be asked which answer is right.
    DismissQuestion,
    /// Put the advice away.
    DismissAdvice,
    /// What makes the update.
    SetOptimizer(Optimizer),
    /// Batch statistics and dropout.
    SetMode(Mode),
    /// Edit the model or what the network sees, in place.
    Edit {
        /// The edit.
        edit: EditAction,
        /// It continues the previous stroke or drag: both are undone as one.
        more: bool,
    },
    /// Opens or closes the pad to draw on.
    ShowPad(bool),
    /// Opens or closes what adjusts the picture.
    ShowAdjust(bool),
    /// Asks for a file's path to be typed, or asks no more.
    TypePath(bool),
    /// What the inspector shows.
    SetTab(Tab),
    /// The step of the gradient check: ten to the power of minus this.
    SetExponent(u8),
    /// Answer the inspector's question, however long it takes.
    Ask,
    /// Attribution: which pixels explain a unit.
    Attribution(AttributionAction),
    /// Undo the last edit.
    Undo,
    /// Redo what was undone.
    Redo,
    /// The page that is shown.
    SetPage(Page),
    /// Opens or closes the panel beside the stage; the page Network comes with an open one.
    SetDrawer(Option<Drawer>),
    /// Unfolds or folds the timeline.
    ShowTimeline(bool),
    /// What a layer's stage shows.
    SetShow(Show),
    /// Shows the place in another way, or by its maps again; goes where the place has no such way.
    SetFigure(Option<Figure>),
    /// Whether the filters make their sums turned by 180°, where both are shown.
    ShowTurned(bool),
    /// Which numbers the maps show.
    SetLane(Lane),
    /// With what the maps are compared, and which side they show.
    SetComparison(With, Compared),
    /// The order of the maps.
    SetOrder(Order),
    /// The class that a neuron of the last dense layer is compared with; none for its own sum.
    SetAgainst(Option<usize>),
    /// The stage alone, for a class, or the whole window.
    Present(bool),
    /// Open the window with the teacher's notes, or close it.
    ShowNotes(bool),
    /// While presenting, darkens all but the surroundings of the pointer, or no longer.
    ToggleSpotlight,
    /// Light or dark.
    SetTheme(ThemeChoice),
    /// The language.
    SetLang(Lang),
    /// The colour scale.
    SetScale(Scale),
    /// The number of digits in arithmetic.
    SetDigits(Digits),
    /// The settings of the view, as kept from an earlier start.
    RestoreView(ViewState),
    /// Larger or smaller maps of the network, by a number of half powers of two.
    ZoomLanes(i8),
    /// Whether the input gradient of a convolution is shown scattered, not gathered.
    ShowScatter(bool),
    /// Whether beside what a pool gives stands what the other kind would give.
    ShowBothPools(bool),
    /// Colours by the logarithm.
    ToggleLog,
    /// Opens or closes the palette.
    ShowPalette(bool),
    /// Whether nothing moves by itself.
    SetStill(bool),
    /// What is compared.
    Compare(CompareAction),
    /// What is shown of the timeline.
    Spans(SpanAction),
    /// The overview of all keys.
    ToggleHelp,
    /// Opens a page of text over the window, or closes it.
    ShowSheet(Option<Sheet>),
    /// The blank screen.
    ToggleBlank,
    /// Type an address, or stop typing.
    TypeAddress(bool),
    /// Close whatever is open over the window.
    Escape,
    /// Something did not work.
    Fail(Message),
    /// Take away the newest notice.
    DismissNotice,
    /// Copy the address of the place that is shown.
    CopyAddress,
    /// Copy the numbers of the place that is shown, as a table.
    CopyTable,
    /// Copy the moment that is shown, as text.
    CopyMoment,
    /// Something about training on a data set.
    Train(TrainAction),
    /// An action on data sets.
    Data(DataAction),
    /// Something about files.
    File(FileAction),
    /// Something about a lesson.
    Lesson(LessonAction),
    /// A picture of what is shown.
    Picture(PictureAction),
    /// Go on with the replay of training steps.
    Advance,
    /// Leave.
    Quit,
}

impl Action {
    /// [`Action::Visit`] for an address of a plan.
    pub fn visit(plan: &Plan, address: &Address) -> Self {
        Self::Visit(AddressText::new(plan, address))
    }

    /// Whether it is something that the user does about the place, the model or the picture: where it succeeds, lines
    /// on what failed before have done their work.
    pub(in crate::app) const fn ends_errors(&self) -> bool {
        matches!(
            self,
            Self::Go(_)
                | Self::GoToEdge { .. }
                | Self::GoTo(_)
                | Self::Visit(_)
                | Self::Look(_)
                | Self::RunToHere
                | Self::LastWriter
                | Self::NextReader
                | Self::Trail(_)
                | Self::UsePicture(_)
                | Self::OpenSample(_)
                | Self::OpenBundled(_)
                | Self::Edit { .. }
                | Self::Undo
                | Self::Redo
        )
    }

    /// [`Action::Look`] for an address of a plan.
    pub fn look(plan: &Plan, address: &Address) -> Self {
        Self::Look(AddressText::new(plan, address))
    }
}

/// A picture of what is shown, to be saved or copied.
#[derive(Clone, Debug)]
pub enum PictureAction {
    /// Set one up.
    Open,
    /// Other settings.
    Set(PictureSetup),
    /// Ask where to save it.
    Save,
    /// Put it on the clipboard, as pixels.
    Copy,
    /// The small picture of this number is drawn.
    Drawn(u64, Arc<RgbaImage>),
    /// A picture of so many pixels is on the clipboard.
    Copied([u32; 2]),
}

impl From<PictureAction> for Action {
    fn from(action: PictureAction) -> Self {
        Self::Picture(action)
    }
}

/// An edit of the model or of what the network sees. One stroke of the pen, or one drag at a number, is many of
/// them that are undone as one.
#[derive(Clone, PartialEq, Debug)]
pub enum EditAction {
    /// One number of a parameter.
    SetParameter {
        /// The layer.
        layer: usize,
        /// Weight, bias or a running statistic.
        part: Part,
        /// The cell, row-major.
        index: usize,
        /// The number.
        value: f32,
    },
    /// A slice of a convolution's filter, or all its slices, to a filter with a name.
    SetFilter {
        /// The layer.
        layer: usize,
        /// The output channel whose filter it is.
        out: usize,
        /// The input channel within the group; `None` for all.
        channel: Option<usize>,
        /// What to put there.
        filter: Filter,
    },
    /// The slices of a convolution's filter to what they are when it is turned.
    TurnFilter {
        /// The layer.
        layer: usize,
        /// The output channel whose filter it is.
        out: usize,
        /// How.
        turn: FilterTurn,
    },
    /// All weights and the bias of one map, or one neuron, to 0.
    Blank {
        /// The layer.
        layer: usize,
        /// The map or neuron that they make.
        out: usize,
    },
    /// Parameters back to what was loaded.
    Reset(Extent),
    /// One cell of the input: a pixel from 0 to 255, or a value of an array.
    SetPixel {
        /// The cell, row-major.
        index: usize,
        /// The number.
        value: f32,
    },
    /// A stroke of the pen on what the network sees, from its beginning to where it has come.
    Paint {
        /// (x, y) in cells of the input.
        points: Vec<[f32; 2]>,
        /// Thickness and edge.
        pen: Pen,
        /// What it leaves.
        ink: Ink,
    },
    /// One colour everywhere.
    Fill([u8; 3]),
    /// The picture as it was loaded.
    ResetPixels,
    /// An empty picture of the input's size, to draw on.
    NewDrawing {
        /// Its colour: red, green, blue.
        ground: [u8; 3],
    },
}

/// How a filter is turned.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FilterTurn {
    /// By 180°.
    Half,
    /// Rows and columns exchanged: a square filter alone.
    Exchanged,
}

/// An adjustment of the picture.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum AdjustAction {
    /// Take another part of the picture.
    Frame(Frame),
    /// Moves the crop by pixels of the network's input.
    Shift {
        /// Columns to the right.
        right: i32,
        /// Down.
        down: i32,
    },
    /// Turn what is seen by a quarter, clockwise.
    Turn,
    /// Turns the picture by an angle in degrees, clockwise, in addition to its quarter turns.
    Degrees(f32),
    /// Mirror what is seen left to right.
    Mirror,
    /// Invert its colours, or invert them back.
    Invert,
    /// Make it grey, or give its colours back.
    Grey,
    /// How it is fitted.
    Fit(Fit),
    /// Back to the picture as it was opened, cropped at its centre.
    Reset,
}

/// What a pen leaves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ink {
    /// Red, green, blue.
    Colour([u8; 3]),
    /// What was there before anything was painted.
    Erase,
}

/// Which parameters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Extent {
    /// One number.
    Cell {
        /// The layer.
        layer: usize,
        /// Which parameter.
        part: Part,
        /// The cell, row-major.
        index: usize,
    },
    /// What belongs to one output channel: its filter and its bias.
    Filter {
        /// The layer.
        layer: usize,
        /// The output channel.
        out: usize,
    },
    /// All of a layer's.
    Layer {
        /// The layer.
        layer: usize,
    },
    /// All.
    Model,
}

/// A change of what is marked.
#[derive(Clone, PartialEq, Debug)]
pub enum MarkAction {
    /// Set a breakpoint, or remove it.
    ToggleBreak(Break),
    /// Another condition for the breakpoint of this number.
    ChangeBreak {
        /// Its number.
        number: usize,
        /// The condition.
        kind: Break,
        /// It continues the previous change: both are undone as one.
        more: bool,
    },
    /// Whether the breakpoint of this number stops a run.
    Enable(usize, bool),
    /// Whether it goes off once only.
    Once(usize, bool),
    /// Remove the breakpoint of this number.
    RemoveBreak(usize),
    /// Mark the place that is shown, or unmark it.
    ToggleBookmark,
    /// Call the bookmark of this number so.
    Rename(usize, String),
    /// Remove the bookmark of this number.
    RemoveBookmark(usize),
}

/// A change of the draft, or its end.
#[derive(Clone, PartialEq, Debug)]
pub enum BuildAction {
    /// Begin with no layer; within a draft, take all its layers out.
    New,
    /// Begin with the network that runs.
    Edit,
    /// Begin with, or switch to, a bundled model or a preset.
    StartFrom(String),
    /// Pick a layer, or none.
    Select(Option<usize>),
    /// Put a layer behind the one picked, or else at the end, and pick it.
    Add(Kind),
    /// Take the picked layer out.
    Remove,
    /// Put a copy of the picked layer behind it, and pick that.
    Duplicate,
    /// Move the picked layer one place.
    Move {
        /// Towards the input.
        up: bool,
    },
    /// Give a layer another name.
    Rename(usize, String),
    /// Change a number of a layer.
    Set(usize, Hyperparameter),
    /// Make something else of a layer, under its name; without a draft at once, in the network that runs.
    Become(usize, Kind),
    /// Name what a layer reads; none for the layer before.
    Reads(usize, Vec<String>),
    /// Give the network another name.
    Name(String),
    /// Input extents [C, H, W].
    Input([usize; 3]),
    /// How many classes: the outputs of the last layer that has weights.
    Classes(usize),
    /// What the classes are called; none for their numbers.
    ClassNames(Vec<String>),
    /// The loss.
    Loss(Loss),
    /// How weights start.
    Init(Init),
    /// The seed of the initial weights.
    Seed(u64),
    /// Whether layers that stay keep their weights.
    KeepWeights(bool),
    /// Make the draft the network that runs.
    Apply,
    /// Forget the draft.
    Cancel,
}

/// A change of what is asked for, or of how far it is made.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum AttributionAction {
    /// Whose map.
    Subject(Subject),
    /// The unit of the cell that is shown.
    Focused,
    /// The method and its numbers.
    Settings(AttributionSettings),
    /// The same with random weights of a seed, beside it; or no longer.
    Randomise(Option<u64>),
    /// How much of the picture the map covers, 0 to 1.
    Opacity(f32),
    /// Go on by itself, or wait.
    TogglePlay,
    /// Wait, and take the next step or go to the next place.
    Next,
    /// Wait, and go to the place before.
    Previous,
    /// Begin anew.
    Again,
    /// Look in the data for the pictures that excite the unit most.
    Search,
}

/// A change of what is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompareAction {
    /// Keep what is shown, to be compared with what comes.
    Keep,
    /// Keep what the weights of the run with this number make of what is shown.
    KeepRun(u32),
    /// Keep nothing.
    Forget,
    /// This tensor.
    Tensor(TensorId),
    /// This plane of it.
    Plane(usize),
}

/// A change of what is shown.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum SpanAction {
    /// This part of all training steps.
    Run(Span),
    /// This part of the training step that is shown.
    Step(Span),
    /// So many times as near to the cursor.
    Zoom(f64),
    /// Everything.
    Whole,
}

/// Something about training.
#[derive(Clone, Debug)]
pub enum TrainAction {
    /// Train on a data set, or on the one picture again.
    Use(Option<Dataset>),
    /// Other batches or augmentation of the same data, which begin a run of their own, or other epochs.
    Set(Training),
    /// Other hyperparameters: with the newest step selected, from the next step to be trained; otherwise as
    /// [`Action::SetOptimizer`] does.
    Optimizer(Optimizer),
    /// First weights anew: a run of their own begins.
    Restart {
        /// How weights start.
        init: Init,
        /// Their seed.
        seed: u64,
    },
    /// The seed of everything: first weights when they are next drawn, order, augmentation, dropout, split, generated
    /// examples.
    Seed(u64),
    /// The network's input is normalised by mean and deviation of the data.
    Normalise,
    /// Train on from the end of the run that is shown.
    Start(Until),
    /// Stop after the batch under way.
    Pause,
    /// A worker has something to tell.
    News(Box<News>),
    /// Set a condition to stop at; one of the same kind with other numbers gives way.
    StopAt(StopWhen),
    /// Take a condition away.
    StopNoMore(StopWhen),
    /// Show a step: forward and loss are done.
    GoTo(u32),
    /// Show the batch that was done last.
    StepIn,
    /// Look at the run with this number.
    Choose(u32),
    /// Call the run with this number so; an empty name gives back the one that its settings make.
    Rename(u32, String),
    /// Take the run with this number away.
    Remove(u32),
    /// The weights after the step shown become the model's own, and training is left.
    Keep,
}

/// An action on data sets.
#[derive(Clone, Debug)]
pub enum DataAction {
    /// Opens or closes the question where a data set lies.
    Ask(bool),
    /// Let the system ask for it.
    Choose {
        /// A folder instead of a file.
        folder: bool,
    },
    /// Open the set at a location.
    Open(Location),
    /// Answers the question what the folders of a set are, and opens it; `None` leaves it closed.
    AnswerParts(Option<crate::data::UpperFolders>),
    /// Show another set.
    Show(Shown),
    /// Show another part of it.
    Split(crate::data::Split),
    /// Show one class only, or at all.
    Class(Option<usize>),
    /// An example becomes the picture that is stepped through, with its label; of a network in training by
    /// the weights after the step shown, or the latest while it runs.
    StepThrough {
        /// Its set.
        data: Dataset,
        /// Its part.
        part: crate::data::Split,
        /// Its number in the part.
        index: u64,
    },
}

/// Something about a lesson.
#[derive(Clone, Debug)]
pub enum LessonAction {
    /// Begin a bundled lesson, or go on with it where it was left.
    Start(String),
    /// Begin a bundled lesson at a beat.
    StartAt {
        /// The lesson's id.
        id: String,
        /// The beat's number.
        beat: usize,
    },
    /// Open a teacher's own lesson.
    Open(Arc<Lesson>),
    /// What the blue button, Space and the clicker do: show the answer, or go to the next beat; after the last one
    /// leave the lesson.
    GoOn,
    /// Back to the beat before.
    Back,
    /// To a beat by its number.
    GoTo(usize),
    /// Answer the question.
    Answer(crate::lesson::Answer),
    /// Ask the question again: another item, or with what its `again` changes.
    Again,
    /// Back to what the lesson shows, exactly.
    Return,
    /// Leave the lesson; the user's own work comes back.
    Leave,
    /// Count hands, or stop counting and show the bars.
    CountHands,
    /// One hand more, or fewer, for the option with this number.
    Hand {
        /// The option.
        option: usize,
        /// One more or one fewer.
        more: bool,
    },
    /// The progress that was kept.
    RestoreProgress(Progress),
    /// Forget what was done of a lesson.
    Reset(String),
}

/// Something about files.
#[derive(Clone, Debug)]
pub enum FileAction {
    /// Save the session where it was saved last, or ask where.
    Save,
    /// Ask where to save.
    Ask(FileKind),
    /// The place is being typed.
    Type(String),
    /// Ask the system's dialog for the place.
    Browse,
    /// Not to be saved after all.
    Forget,
    /// Save at the place that was typed; `replace`: also where a file is there.
    Confirm {
        /// Whether to replace.
        replace: bool,
    },
    /// The system's dialog gave a place; it has asked about replacing.
    Chosen(Location),
    /// The place is taken.
    Taken(Location),
    /// It is written, or not.
    Written {
        /// Where.
        location: Location,
        /// What was written.
        kind: FileKind,
        /// What it was when it was written.
        stamp: Box<Stamp>,
        /// Why it is not written.
        result: Result<(), String>,
    },
    /// The folder in which files are saved by default.
    SetFolder(Location),
    /// Open a file that was opened before.
    Open(Location),
    /// A file's bytes have come.
    Opened {
        /// Where it is.
        location: Location,
        /// Its bytes.
        bytes: Arc<Vec<u8>>,
    },
    /// The rows and columns of a network's picture are being chosen.
    SetSize([usize; 2]),
    /// Open the network with them.
    OpenSized,
    /// Do not open it.
    ForgetSize,
    /// The files that were opened lately, and whether they are there.
    Recent(Vec<Recent>),
    /// A crash left a session behind, or nothing more is left.
    Offer(Option<RescueOffer>),
    /// Go on with what a crash left behind.
    Restore,
    /// Forget it.
    Discard,
    /// Its bytes have come.
    Rescued(Arc<Vec<u8>>),
    /// Look again for the data set that a session trained on: where it was, or elsewhere.
    FindData(Option<Location>),
    /// Ask about a film from here.
    AskFilm,
    /// What of it was chosen.
    SetFilm(FilmQuestion),
    /// No film after all.
    ForgetFilm,
    /// Ask where to save it.
    ConfirmFilm,
    /// A film is drawn, or why not.
    Filmed {
        /// The job's number.
        job: u64,
        /// Where it is to be saved.
        location: Location,
        /// Whether a file that is there is to be replaced.
        replace: bool,
        /// The film.
        result: Result<(Form, Arc<Vec<u8>>), String>,
    },
}

impl From<FileAction> for Action {
    fn from(action: FileAction) -> Self {
        Self::File(action)
    }
}

impl From<LessonAction> for Action {
    fn from(action: LessonAction) -> Self {
        Self::Lesson(action)
    }
}
