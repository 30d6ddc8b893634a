//! Actions, the one place that applies them, and the effects that the outside world runs.

use super::{
    BuildAction, Draft, Inputs, Session,
    ask::{self, EXPONENTS, Tab},
    compare::{self, CompareAction},
    edit::{self, EditAction},
    exciting,
    files::{self, Content as FileContent, FileAction, Kind, Recent, Stamp},
    history::Edited,
    hunt,
    looks::{self, LooksAction},
    marks::{self, MarkAction},
    sets::{self, DataAction},
    span::{self, SpanAction},
    state::{
        AppState, Digits, Doing, LANE_ZOOM, Lang, Notice, NoticeKind, Page, Scale, Side, TOUR, ThemeChoice,
    },
    training::{self, Job, TrainAction},
    work::{self, Change, Derived, Done, Task},
};
use crate::data::{Background, Content, Dataset, Fit, Loaded, PictureError, Recipe, samples};
use crate::model_io::{Model, bundled, presets, session};
use crate::nn::{Execution, Mode, optimizer::Optimizer};
use crate::trace::{Address, Cursor, Grain, Move, Place, Plan};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, atomic::AtomicBool},
};

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
    /// Look at a cell without moving the cursor.
    Select(Address),
    /// Look at what the cursor works on again.
    Deselect,
    /// Move the cursor to the end of the cell that is looked at.
    RunToHere,
    /// To where the first operand of the last term was written.
    LastWriter,
    /// To the next term that reads the cell that is looked at.
    NextReader,
    /// To where the cursor was before: so many places back, or, negative, so many ahead again.
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
    /// A file's bytes have come: a picture, an array or a model.
    OpenBytes {
        /// The file's name.
        name: String,
        /// Its bytes.
        bytes: Arc<Vec<u8>>,
    },
    /// A picture has been decoded, or not.
    PictureDecoded {
        /// The job's number.
        job: u64,
        /// The picture.
        result: Result<Arc<Loaded>, PictureError>,
    },
    /// A worker is so far: from 0 to 1.
    Progress {
        /// The job's number.
        job: u64,
        /// The part that is done.
        part: f32,
    },
    /// A worker has done its task.
    Worked {
        /// The job's number.
        job: u64,
        /// What came of it.
        done: Done,
    },
    /// Forget the work that goes on.
    Cancel,
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
    /// The target class.
    SetLabel(usize),
    /// What makes the update.
    SetOptimizer(Optimizer),
    /// Batch statistics and dropout.
    SetMode(Mode),
    /// Edit the model or what the network sees, in place.
    Edit {
        /// The edit.
        edit: EditAction,
        /// It goes on with the stroke, or the drag, of the edit before: undone as one.
        more: bool,
    },
    /// Opens or closes the pad to draw on.
    ShowPad(bool),
    /// What the inspector shows.
    SetTab(Tab),
    /// The step of the gradient check: ten to the power of minus this.
    SetExponent(u8),
    /// Answer the inspector's question, however long it takes.
    Ask,
    /// What a unit looks at.
    Looks(LooksAction),
    /// Undo the last edit.
    Undo,
    /// Redo what was undone.
    Redo,
    /// What the middle of the window shows.
    SetPage(Page),
    /// What the panel beside the close-up shows; the close-up comes with it.
    SetSide(Side),
    /// Light or dark.
    SetTheme(ThemeChoice),
    /// The language.
    SetLang(Lang),
    /// The colour scale.
    SetScale(Scale),
    /// With how many digits arithmetic is written.
    SetDigits(Digits),
    /// Larger or smaller maps of the network, by so many half powers of two.
    ZoomLanes(i8),
    /// Whether the input gradient of a convolution is shown as it is scattered, not gathered.
    ShowScatter(bool),
    /// Whether beside what a pool gives stands what the other kind would give.
    ShowBothPools(bool),
    /// Colours by the logarithm.
    ToggleLog,
    /// Opens or closes the palette.
    ShowPalette(bool),
    /// A stop of the tour; behind the last one, and with `None`, it is over.
    Tour(Option<usize>),
    /// Whether nothing moves by itself.
    SetStill(bool),
    /// What is compared.
    Compare(CompareAction),
    /// What is shown of the timeline.
    Spans(SpanAction),
    /// The overview of all keys.
    ToggleHelp,
    /// The blank screen.
    ToggleBlank,
    /// Type an address, or stop typing.
    TypeAddress(bool),
    /// Close whatever is open over the window.
    Escape,
    /// Something did not work.
    Fail(String),
    /// Take away the newest notice.
    DismissNotice,
    /// Copy the address of the place that is looked at.
    CopyAddress,
    /// Something about training on a data set.
    Train(TrainAction),
    /// Something about the data sets at hand.
    Data(DataAction),
    /// Something about files.
    File(FileAction),
    /// Go on with the replay of training steps.
    Advance,
    /// Leave.
    Quit,
}

/// Something that the shell does and answers with an action.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Train on a worker; answer [`TrainAction::News`] several times a second and at the end. The job is taken out.
    Train(Arc<Mutex<Option<Job>>>),
    /// Other hyperparameters for the job under way, from its next step on.
    Steer(Optimizer),
    /// End the job under way after its next step.
    PauseTraining,
    /// Open a dialog for a picture; answer [`Action::OpenBytes`].
    AskForPicture,
    /// Open a dialog for a model; answer [`Action::OpenBytes`].
    AskForModel,
    /// Open a dialog for a data set; answer [`DataAction::Open`].
    AskForData {
        /// A folder instead of a file.
        folder: bool,
    },
    /// Open a data set off the window's thread, telling how far it is by [`DataAction::Progress`]; answer
    /// [`DataAction::Opened`].
    OpenData {
        /// The job's number.
        job: u64,
        /// Where it lies.
        path: PathBuf,
        /// The most rows and columns of pictures that may have any size.
        at_most: usize,
        /// Set when the answer is no longer wanted.
        stop: Arc<AtomicBool>,
    },
    /// Find out what a part of a set holds, off the window's thread and telling how far it is by
    /// [`DataAction::Progress`]; answer [`DataAction::Measured`].
    MeasureData {
        /// The job's number.
        job: u64,
        /// The set.
        data: Dataset,
        /// The part.
        part: crate::data::Split,
        /// Set when the answer is no longer wanted.
        stop: Arc<AtomicBool>,
    },
    /// Decode off the window's thread; answer [`Action::PictureDecoded`].
    Decode {
        /// The job's number.
        job: u64,
        /// The file's name.
        name: String,
        /// Its bytes.
        bytes: Arc<Vec<u8>>,
    },
    /// Do a task off the window's thread, telling how far it is by [`Action::Progress`]; answer
    /// [`Action::Worked`].
    Work {
        /// The job's number.
        job: u64,
        /// What to do.
        task: Arc<Task>,
        /// Set when the answer is no longer wanted.
        stop: Arc<AtomicBool>,
    },
    /// Answer [`Action::Advance`] in the next frame.
    Advance,
    /// Put a text on the clipboard.
    Copy(String),
    /// Read a file; answer [`FileAction::Opened`].
    Read(PathBuf),
    /// Open a dialog for a place to save at; answer [`FileAction::Chosen`].
    AskWhere {
        /// What is to be saved.
        kind: Kind,
        /// The place to begin with.
        path: PathBuf,
    },
    /// Write a file so that at every moment either the old one or the new one is there, off the window's thread; answer
    /// [`FileAction::Written`], or [`FileAction::Taken`] where there is a file and it is not to be replaced.
    Write {
        /// Where.
        path: PathBuf,
        /// What.
        content: FileContent,
        /// What it is.
        stamp: Box<Stamp>,
        /// Whether a file that is there is to be replaced.
        replace: bool,
    },
    /// Keep the list of what was opened lately.
    KeepRecent(Vec<Recent>),
    /// Read what a crash left behind; answer [`FileAction::Rescued`].
    Rescue,
    /// Remove what a crash left behind; answer [`FileAction::Offer`].
    DiscardRescue,
    /// Open a session's data set off the window's thread, telling how far it is by [`Action::Progress`]; answer
    /// [`FileAction::DataMade`].
    MakeData {
        /// The job's number.
        job: u64,
        /// The session, to be given back.
        session: Box<Session>,
        /// What to open.
        recipe: Box<Recipe>,
        /// Set when the answer is no longer wanted.
        stop: Arc<AtomicBool>,
    },
    /// Close the window.
    Quit,
}

/// The only place that changes the state. An action that cannot be done leaves a notice and the
/// rest as it was.
pub fn apply(state: &mut AppState, action: Action) -> Vec<Effect> {
    let time_for_more = matches!(action, Action::Advance);
    let mut effects = apply_alone(state, action);
    effects.extend(looks::follow(state, time_for_more));
    effects.extend(sets::follow(state));
    state.counted.follow(&state.run, &state.marks);
    effects
}

fn apply_alone(state: &mut AppState, action: Action) -> Vec<Effect> {
    let (before, inputs) = ((state.cursor, state.selected), state.inputs.clone());
    let mut effects = change(state, action);
    if !inputs.is_same_training(&state.inputs) {
        effects.extend(training::halt(state));
    }
    if (state.cursor, state.selected) != before {
        state.pending = None;
    }
    let target = state.pending.unwrap_or((state.cursor, state.selected));
    let need = state.run.need(&target.0, target.1);
    let (plan, is_large) = (Arc::clone(state.plan()), state.run.is_large());
    let is_there = if is_large {
        Ok(state.run.has(need))
    } else {
        state.run.approach(need, steps_at_once(&plan), Execution::SERIAL)
    };
    match is_there {
        Ok(true) => {
            (state.cursor, state.selected) = target;
            state.pending = None;
            carry_over(state, &plan);
            effects.extend(hunt::follow(state));
            ask::refresh(state);
            return effects;
        }
        Ok(false) => {}
        Err(error) => {
            (state.cursor, state.selected) = before;
            state.pending = None;
            fail(state, error);
            return effects;
        }
    }
    // The window stays where it was, with numbers that fit, until the values are there.
    if state.pending.is_none() {
        (state.cursor, state.selected) = before;
        state.pending = Some(target);
    }
    if !is_large {
        effects.push(Effect::Advance);
    } else if state.busy.is_none() {
        let (run, name) = (Box::new(state.run.clone()), state.model().name.clone());
        effects.push(work::start(state, Doing::Computing, name, Task::Approach { run, need }));
    }
    effects
}

/// Training steps that are replayed before the window is drawn again: some hundredths of a second's worth. Batches
/// go by planned buffers, and so much faster.
pub(super) fn steps_at_once(plan: &Plan) -> u32 {
    let terms: u64 = if plan.setup().images > 1 { 400_000_000 } else { 10_000_000 };
    (terms / plan.len().max(1)).clamp(1, 32) as u32
}

/// Where the hyperparameters of the step looked at have other stages than those of `plan`, the cursor goes to the
/// same tensor, or to the end of the batch where it is made no more.
pub(super) fn carry_over(state: &mut AppState, plan: &Plan) {
    let now = Arc::clone(state.plan());
    if now.len() == plan.len() {
        return;
    }
    let carry = |address: Address| match address.place {
        Place::Given(_) => address,
        Place::Stage(stage) => match now.stage_of(plan.stages()[stage as usize].tensor) {
            Some(stage) => Address { place: Place::Stage(stage as u32), ..address },
            None => Address { grain: Grain::Batch, ..now.locate(0, Grain::Run) },
        },
    };
    if let Some(address) = state.cursor.address(plan) {
        let time = address.time;
        state.cursor.go(&now, Move::Seek(Address { time, ..carry(address) }));
    }
    (state.selected, state.trail, state.trail_ahead) = (None, Vec::new(), Vec::new());
    state.marks.carry_over(plan, &now);
}

fn change(state: &mut AppState, action: Action) -> Vec<Effect> {
    match action {
        Action::Go(go) => travel(state, |cursor, plan| cursor.go(plan, go)),
        Action::GoToEdge { grain, back } => travel(state, |cursor, plan| cursor.to_edge(plan, grain, back)),
        Action::GoTo(text) => match Cursor::parse(state.plan(), &text) {
            Ok(cursor) => {
                let place = state.plan().parse(&text).ok().filter(|a| matches!(a.place, Place::Given(_)));
                travel(state, |old, _| *old = cursor);
                state.selected = place.map(|a| Address { grain: Grain::Cell, ..a });
                state.view.typing_address = false;
            }
            Err(error) => fail(state, error.to_string()),
        },
        Action::Select(address) => {
            let address = Address { grain: address.grain.max(Grain::Cell), ..address };
            if address.time == state.trace().time() {
                remember(state);
                state.selected = Some(Address { grain: Grain::Cell, term: 0, ..address });
            } else {
                travel(state, |cursor, plan| cursor.go(plan, Move::Seek(address)));
            }
        }
        Action::Deselect => state.selected = None,
        Action::RunToHere => {
            let focus = state.focus();
            if matches!(focus.place, Place::Stage(_)) {
                travel(state, |cursor, plan| cursor.go(plan, Move::Seek(focus)));
            }
        }
        Action::LastWriter => {
            let trace = state.trace().clone();
            let focus = state.focus();
            let term = state.current_term().unwrap_or(0);
            let fold = trace.cell_until(&focus, term + 1);
            let writer =
                fold.steps.last().and_then(|step| step.term.operands().find_map(|o| trace.writer(o)));
            match writer {
                Some(writer) => look(state, writer),
                None => fail(state, "this cell is given: nothing in the run wrote its operands".into()),
            }
        }
        Action::NextReader => {
            let from = state.plan().steps(&state.focus()).map_or(0, |steps| steps.end);
            match state.trace().next_reader(&state.focus(), from) {
                Some(reader) => travel(state, |cursor, plan| cursor.go(plan, Move::Seek(reader))),
                None => fail(state, "nothing later in this training step reads this cell".into()),
            }
        }
        Action::Trail(back) => {
            let (from, to) = if back > 0 {
                (&mut state.trail, &mut state.trail_ahead)
            } else {
                (&mut state.trail_ahead, &mut state.trail)
            };
            for _ in 0..back.unsigned_abs() {
                let Some(place) = from.pop() else { break };
                to.push((state.cursor, state.selected));
                (state.cursor, state.selected) = place;
            }
        }
        Action::Continue { back } => hunt::begin(state, back),
        Action::Mark(action) => marks::act(state, action),
        Action::DismissStop => state.stopped = None,
        Action::TogglePlay => {
            let at_end = state.cursor.at() >= state.plan().run_len();
            if !at_end || state.playback.playing {
                state.playback.toggle();
            }
        }
        Action::SetSpeed(speed) => state.playback.set_speed(speed),
        Action::Tick(dt) => {
            for _ in 0..state.playback.tick(dt) {
                let plan = state.plan().clone();
                state.cursor.go(&plan, Move::Next);
                state.selected = None;
            }
            if state.cursor.at() >= state.plan().run_len() {
                state.playback.playing = false;
            }
        }
        Action::AskForPicture => return vec![Effect::AskForPicture],
        Action::AskForModel => return vec![Effect::AskForModel],
        Action::OpenBytes { name, bytes } => return open_bytes(state, name, bytes),
        Action::PictureDecoded { job, result } => {
            if state.busy.as_ref().is_some_and(|busy| busy.job == job) {
                state.busy = None;
                match result {
                    Ok(picture) => {
                        let mut effects = use_picture(state, picture);
                        effects.extend(files::has_opened(state, job));
                        return effects;
                    }
                    Err(error) => fail(state, error.to_string()),
                }
            }
        }
        Action::Progress { job, part } => {
            if let Some(busy) = state.busy.as_mut().filter(|busy| busy.job == job) {
                busy.part = part;
            }
        }
        // A search has a job of its own: other work does not end it.
        Action::Worked { job, done: Done::Excited(search) } => {
            return exciting::take_over(state, job, *search);
        }
        Action::Worked { job, done } => {
            if state.busy.as_ref().is_some_and(|busy| busy.job == job) {
                state.busy = None;
                return worked(state, job, done);
            }
        }
        Action::Cancel => {
            work::stop(state);
            (state.pending, state.hunt) = (None, None);
            state.looks.playing = false;
        }
        Action::UsePicture(picture) => return use_picture(state, picture),
        Action::OpenSample(name) => match samples::load(&name) {
            Ok(picture) => return use_picture(state, Arc::new(picture)),
            Err(error) => fail(state, error.to_string()),
        },
        Action::OpenBundled(name) => return open_bundled(state, &name),
        Action::Build(action) => return build(state, action),
        Action::Looks(action) => return looks::act(state, action),
        Action::SetFit(fit) => return edit(state, |inputs| (inputs.fit, inputs.painted) = (fit, None)),
        Action::SetBackground(ground) => {
            return edit(state, |inputs| (inputs.ground, inputs.painted) = (ground, None));
        }
        Action::ShowPad(true) if state.inputs.training.is_some() => fail(state, edit::NO_PICTURE.into()),
        Action::ShowPad(pad) => {
            state.view.pad = pad;
            if pad && !state.knows_scores() {
                // What is drawn is to be seen through the whole network.
                remember(state);
                state.show_prediction();
            }
        }
        Action::SetTab(tab) => state.view.tab = tab,
        Action::SetExponent(exponent) => state.view.exponent = exponent.clamp(1, EXPONENTS),
        Action::Ask => return ask::ask(state),
        Action::Edit { edit, more } => return edit::act(state, edit, more),
        Action::SetLabel(label) => {
            if label < state.model().network.classes() {
                return edit(state, |inputs| inputs.label = Some(label));
            }
        }
        Action::SetOptimizer(optimizer) if state.inputs.training.is_some() => {
            if optimizer != state.inputs.optimizer {
                state.undo.record(Edited::of(state));
                return training::steer(state, optimizer);
            }
        }
        Action::Train(action) => return training::act(state, action),
        Action::Data(action) => return sets::act(state, action),
        Action::File(action) => return files::act(state, action),
        Action::SetOptimizer(optimizer) => return edit(state, |inputs| inputs.optimizer = optimizer),
        Action::SetMode(mode) => return edit(state, |inputs| inputs.mode = mode),
        Action::Undo => {
            if let Some(draft) = &mut state.draft {
                draft.undo();
            } else if let Some(Edited { inputs, marks }) = state.undo.before().cloned() {
                let is_steering = training::is_steering(&state.inputs, &inputs);
                if is_steering || inputs == state.inputs {
                    state.undo.undo(Edited::of(state));
                    marks::restore(state, marks);
                    // What has been trained stays: the hyperparameters go back from here on.
                    return if is_steering { training::steer(state, inputs.optimizer) } else { Vec::new() };
                }
                if training::is_forking(&state.inputs, &inputs) {
                    let now = Edited::of(state);
                    let left = now.inputs.forked.clone();
                    state.undo.undo(now);
                    state.inputs = inputs;
                    marks::restore(state, marks);
                    training::take_fork(state, left.as_ref());
                    return Vec::new();
                }
                return set_inputs(state, inputs, Change::Undo);
            }
        }
        Action::Redo => {
            if let Some(draft) = &mut state.draft {
                draft.redo();
            } else if let Some(Edited { inputs, marks }) = state.undo.after().cloned() {
                let is_steering = training::is_steering(&state.inputs, &inputs);
                if is_steering || inputs == state.inputs {
                    state.undo.redo(Edited::of(state));
                    marks::restore(state, marks);
                    return if is_steering { training::steer(state, inputs.optimizer) } else { Vec::new() };
                }
                if training::is_forking(&state.inputs, &inputs) {
                    let now = Edited::of(state);
                    let left = now.inputs.forked.clone();
                    state.undo.redo(now);
                    state.inputs = inputs;
                    marks::restore(state, marks);
                    training::take_fork(state, left.as_ref());
                    return Vec::new();
                }
                return set_inputs(state, inputs, Change::Redo);
            }
        }
        Action::SetPage(page) => state.view.page = page,
        Action::SetSide(side) => (state.view.side, state.view.page) = (side, Page::Closeup),
        Action::SetTheme(theme) => state.view.theme = theme,
        Action::SetLang(lang) => state.view.lang = lang,
        Action::SetScale(scale) => state.view.scale = scale,
        Action::SetDigits(digits) => state.view.digits = digits,
        Action::ZoomLanes(by) => {
            state.view.lane_zoom = state.view.lane_zoom.saturating_add(by).clamp(-LANE_ZOOM, LANE_ZOOM);
        }
        Action::ShowScatter(scatter) => state.view.scatter = scatter,
        Action::ShowBothPools(both) => state.view.both_pools = both,
        Action::ToggleLog => state.view.log = !state.view.log,
        Action::ShowPalette(palette) => state.view.palette = palette,
        Action::Tour(stop) => {
            let view = &mut state.view;
            view.tour = stop.filter(|&stop| stop < TOUR.len());
            match view.tour {
                // All five regions are there, as the words of the tour have them.
                Some(_) => {
                    (view.page, view.side) = (Page::Closeup, Side::Cell);
                    (view.pad, view.help, view.palette) = (false, false, false);
                }
                None => view.toured = true,
            }
        }
        Action::SetStill(still) => state.view.still = still,
        Action::Compare(action) => compare::act(state, action),
        Action::Spans(action) => span::act(state, action),
        Action::ToggleHelp => state.view.help = !state.view.help,
        Action::ToggleBlank => state.view.blank = !state.view.blank,
        Action::TypeAddress(typing) => state.view.typing_address = typing,
        Action::Escape => {
            let view = &mut state.view;
            if view.blank || view.help || view.typing_address || view.palette {
                (view.blank, view.help, view.typing_address, view.palette) = (false, false, false, false);
            } else if state.data.asking {
                state.data.asking = false;
            } else if view.tour.is_some() {
                (view.tour, view.toured) = (None, true);
            } else if state.files.asked.take().is_some() {
            } else if let Some(draft) = &state.draft {
                // What has been written is not thrown away by one key.
                if !draft.is_changed() {
                    state.draft = None;
                }
            } else if view.pad {
                view.pad = false;
            } else if state.playback.playing {
                state.playback.toggle();
            } else {
                state.selected = None;
            }
        }
        Action::Fail(text) => fail(state, text),
        Action::DismissNotice => {
            state.notices.pop();
        }
        Action::CopyAddress => {
            let text = match state.selected {
                Some(selected) => state.plan().text(&selected),
                None => state.cursor.text(state.plan()),
            };
            return vec![Effect::Copy(text)];
        }
        Action::Quit => return vec![Effect::Quit],
        Action::Advance => {}
    }
    Vec::new()
}

/// Notices that are kept.
const NOTICES: usize = 6;

pub(super) fn fail(state: &mut AppState, text: String) {
    notice(state, text, NoticeKind::Error);
}

pub(super) fn notice(state: &mut AppState, text: String, kind: NoticeKind) {
    state.notices.push(Notice { text, kind });
    if state.notices.len() > NOTICES {
        state.notices.remove(0);
    }
}

/// How far back the trail goes.
const TRAIL: usize = 500;

fn remember(state: &mut AppState) {
    state.trail.push((state.cursor, state.selected));
    state.trail_ahead.clear();
    if state.trail.len() > TRAIL {
        state.trail.remove(0);
    }
}

/// Moves the cursor; nothing stays picked.
pub(super) fn travel(state: &mut AppState, go: impl FnOnce(&mut Cursor, &Plan)) {
    let plan = state.plan().clone();
    let mut cursor = state.cursor;
    go(&mut cursor, &plan);
    if cursor != state.cursor || state.selected.is_some() {
        remember(state);
    }
    state.cursor = cursor;
    state.selected = None;
    state.stopped = None;
}

/// Looks at a cell: picks it where it is given, else moves the cursor behind it.
fn look(state: &mut AppState, address: Address) {
    match address.place {
        Place::Given(_) => {
            remember(state);
            state.selected = Some(address);
        }
        Place::Stage(_) => travel(state, |cursor, plan| cursor.go(plan, Move::Seek(address))),
    }
}

/// Changes the inputs. Where they do not go together, they stay as they were and a notice says why.
pub(super) fn edit(state: &mut AppState, change: impl FnOnce(&mut Inputs)) -> Vec<Effect> {
    let mut inputs = state.inputs.clone();
    change(&mut inputs);
    if inputs == state.inputs { Vec::new() } else { set_inputs(state, inputs, Change::Edit) }
}

/// Takes other inputs, when what follows from them has been computed: at once, or for a large network by a
/// worker.
pub(super) fn set_inputs(state: &mut AppState, mut inputs: Inputs, change: Change) -> Vec<Effect> {
    if !inputs.is_same_training(&state.inputs) && !matches!(change, Change::Undo | Change::Redo) {
        inputs.forked = None;
    }
    if let Some(run) = training::unshelve(state, &inputs) {
        let derived = work::fitted(&inputs).map(|fitted| Derived { inputs, fitted, run });
        take_over(state, change, derived);
        return Vec::new();
    }
    // Its lines are gone.
    inputs.forked = None;
    let images = inputs.training.as_ref().map_or(1, |training| training.schedule.batch_len as u32);
    if work::is_large_batch(&inputs.model.network, images) {
        let (name, inputs) = (inputs.model.name.clone(), Box::new(inputs));
        return vec![work::start(state, Doing::Computing, name, Task::Derive { inputs, change })];
    }
    take_over(state, change, work::derive_now(inputs));
    Vec::new()
}

fn take_over(state: &mut AppState, change: Change, derived: Result<Derived, String>) {
    let Derived { inputs, fitted, run } = match derived {
        Ok(derived) => derived,
        Err(error) => return fail(state, error),
    };
    if state.busy.as_ref().is_some_and(|busy| busy.doing == Doing::Computing) {
        // Of the inputs before.
        work::stop(state);
    }
    let place = state.cursor.text(state.plan());
    let before = std::mem::replace(&mut state.inputs, inputs);
    let is_other_run = !before.is_same_training(&state.inputs);
    let left = std::mem::replace(&mut state.run, run);
    let plan_before = Arc::clone(left.plan());
    state.fitted = fitted;
    if is_other_run {
        training::shelve(state, &before, left);
    }
    let after = &state.inputs;
    let is_same_network =
        Arc::ptr_eq(&before.model, &after.model) || before.model.network == after.model.network;
    let is_same_plan = is_same_network
        && before.mode == after.mode
        && before.epochs == after.epochs
        && before.training == after.training;
    let is_other_model = match change {
        Change::Renew | Change::Edit => !Arc::ptr_eq(&before.model, &after.model),
        Change::Stroke { .. } => false,
        // One that was edited in place keeps its name.
        Change::Undo | Change::Redo => !is_same_network || before.model.name != after.model.name,
    };
    let is_fresh = match change {
        Change::Renew => true,
        Change::Edit => is_other_run && (before.training.is_some() || after.training.is_some()),
        Change::Stroke { .. } => false,
        Change::Undo | Change::Redo => {
            before.model.name != after.model.name || before.picture.name != after.picture.name
        }
    };
    let other_weights = !Arc::ptr_eq(&before.model.params, &after.model.params);
    let notes = match change {
        Change::Renew if is_other_model => after.model.notes.clone(),
        Change::Renew | Change::Edit | Change::Stroke { .. } | Change::Undo | Change::Redo => Vec::new(),
    };
    let before = Edited { inputs: before, marks: state.marks.clone() };
    let marks = match change {
        Change::Stroke { more: true } if state.in_stroke => None,
        Change::Edit | Change::Renew | Change::Stroke { .. } => {
            state.undo.record(before);
            None
        }
        Change::Undo => {
            let marks = state.undo.before().map(|edited| edited.marks.clone());
            state.undo.undo(before);
            marks
        }
        Change::Redo => {
            let marks = state.undo.after().map(|edited| edited.marks.clone());
            state.undo.redo(before);
            marks
        }
    };
    if is_other_model {
        // Applied, or written for a network that is gone.
        state.draft = None;
    }
    state.in_stroke = matches!(change, Change::Stroke { .. });
    if !is_same_network {
        state.marks.bookmarks.clear();
    }
    state.marks.carry_over(&plan_before, &state.run.plan().clone());
    if let Some(marks) = marks {
        marks::restore(state, marks);
    }
    if is_fresh {
        fresh(state);
    } else if !is_same_plan {
        keep_place(state, &place);
    } else if state.in_stroke && other_weights {
        from_the_first_step(state);
    }
    for text in notes {
        notice(state, text, NoticeKind::Info);
    }
}

/// What a worker has done is taken over.
fn worked(state: &mut AppState, job: u64, done: Done) -> Vec<Effect> {
    match done {
        Done::Model(Ok(model)) => {
            let opened = files::has_opened(state, job);
            let mut effects = use_model(state, *model);
            effects.extend(opened);
            return effects;
        }
        Done::Session(Ok(session)) => return files::come_back(state, job, session),
        Done::Restored(Ok(restored)) => return files::take_over(state, job, *restored),
        Done::Session(Err(error)) | Done::Restored(Err(error)) => fail(state, error),
        Done::Model(Err(error)) => fail(state, error),
        Done::Derived(change, derived) => take_over(state, change, derived.map(|derived| *derived)),
        // What has been trained meanwhile stays.
        Done::Approached(Ok(run)) => state.run = run.with_lines_of(&state.run),
        Done::Approached(Err(error)) => {
            state.pending = None;
            fail(state, error);
        }
        Done::Hunted(Ok((hunt, halt))) => hunt::take_over(state, hunt, halt),
        Done::Hunted(Err(error)) => {
            state.hunt = None;
            fail(state, error);
        }
        Done::Answered(question, answer) => state.answer = Some((question, *answer)),
        Done::Looked(made) => looks::take_over(state, *made),
        Done::Excited(search) => return exciting::take_over(state, job, *search),
    }
    Vec::new()
}

/// After the weights of the training step that is looked at were edited: they are the first step's now.
fn from_the_first_step(state: &mut AppState) {
    let plan = state.plan().clone();
    if let Some(address) = state.cursor.address(&plan).filter(|address| address.time > 0) {
        state.cursor.go(&plan, Move::Seek(Address { time: 0, ..address }));
        state.selected = state.selected.map(|selected| Address { time: 0, ..selected });
        state.trail.clear();
        state.trail_ahead.clear();
    }
}

/// After the plan has changed: the cursor stays at its place, by the address, if that is still there.
fn keep_place(state: &mut AppState, place: &str) {
    let grain = state.cursor.grain();
    state.cursor = Cursor::parse(state.plan(), place).unwrap_or_else(|_| Cursor::new(grain));
    state.selected = None;
    state.trail.clear();
    state.trail_ahead.clear();
}

fn use_picture(state: &mut AppState, picture: Arc<Loaded>) -> Vec<Effect> {
    let inputs = Inputs { picture, painted: None, label: None, ..state.inputs.clone() };
    set_inputs(state, inputs, Change::Renew)
}

fn open_bundled(state: &mut AppState, name: &str) -> Vec<Effect> {
    if let Some(preset) = presets::all().iter().find(|preset| preset.name == name) {
        return vec![work::start(state, Doing::Reading, name.to_owned(), Task::Start(*preset))];
    }
    match bundled::load(name) {
        Ok(model) => use_model(state, model),
        Err(error) => {
            fail(state, error.to_string());
            Vec::new()
        }
    }
}

fn use_model(state: &mut AppState, model: Model) -> Vec<Effect> {
    let models = bundled::models().iter().map(|bundled| (bundled.name, bundled.default_sample));
    let mut known = models.chain(presets::all().iter().map(|preset| (preset.name, preset.default_sample)));
    let sample = known.find(|(name, _)| *name == model.name).map(|(_, sample)| sample);
    let now = &state.inputs.picture;
    let is_sample = samples::SAMPLES.iter().any(|s| s.name == now.name);
    let (loaded_by_user, fits) = match &now.content {
        Content::Picture(_) => (!is_sample, true),
        Content::Values(values) => (false, model.check_input(values).is_ok()),
    };
    // A bundled array that fits nothing else gives way to a picture, which fits every input.
    let sample = sample.or_else(|| (is_sample && !fits).then_some(bundled::models()[0].default_sample));
    // The user's own picture stays; a sample gives way to the one that goes with the model.
    let picture = sample.filter(|_| !loaded_by_user).and_then(|sample| samples::load(sample).ok());
    let mut inputs = inputs_with(state, model);
    if let Some(picture) = picture {
        inputs.picture = Arc::new(picture);
    }
    set_inputs(state, inputs, Change::Renew)
}

/// The inputs with another model, and the training that goes on with it.
fn inputs_with(state: &AppState, model: Model) -> Inputs {
    let (model, training) = match state.inputs.training.clone() {
        Some(training) => training.for_model(model),
        None => (model, None),
    };
    Inputs { training, ..state.inputs.clone().with_model(Arc::new(model)) }
}

/// A layer of the network that runs becomes another, and stays looked at; what no longer fits starts anew.
fn become_at_once(state: &mut AppState, action: BuildAction) -> Vec<Effect> {
    let running = Arc::clone(&state.inputs.model);
    let mut draft = Draft::edit(&running);
    draft.change(action);
    if draft.obstacle().is_none() && draft.parameter_count() > MANY {
        state.draft = Some(draft);
        return build(state, BuildAction::Apply);
    }
    let (kept, all) = draft.kept(&running);
    match draft.model(&running) {
        Ok(mut model) => {
            model.name.clone_from(&running.name);
            let inputs = inputs_with(state, model);
            let place = state.cursor.text(state.plan());
            let effects = set_inputs(state, inputs, Change::Edit);
            // In training a changed network begins anew, but is looked at in the same place.
            if let Ok(cursor) = Cursor::parse(state.plan(), &place) {
                state.cursor = cursor;
            }
            if kept < all {
                let anew = all - kept;
                let text = format!(
                    "{anew} of {all} layers with weights start anew: their shapes have changed; undo brings the old \
                     ones back"
                );
                notice(state, text, NoticeKind::Info);
            }
            return effects;
        }
        Err(obstacle) => fail(state, obstacle),
    }
    Vec::new()
}

/// Weights that take long to draw.
const MANY: u64 = 1 << 20;

/// The builder: begins, changes, applies or forgets the draft.
fn build(state: &mut AppState, action: BuildAction) -> Vec<Effect> {
    let running = Arc::clone(&state.inputs.model);
    let begin = |state: &mut AppState, begun: Draft| match &mut state.draft {
        Some(draft) => draft.replace(begun),
        None => {
            state.playback.playing = false;
            state.draft = Some(begun);
        }
    };
    match action {
        BuildAction::New => begin(state, Draft::new(&running)),
        BuildAction::Edit => begin(state, Draft::edit(&running)),
        BuildAction::StartFrom(name) => match Draft::start_from(&name) {
            Ok(draft) => begin(state, draft),
            Err(error) => fail(state, error.to_string()),
        },
        BuildAction::Cancel => {
            // What a worker makes of it is not to come either.
            work::stop(state);
            state.draft = None;
        }
        BuildAction::Apply => {
            let Some(draft) = &state.draft else { return Vec::new() };
            if draft.obstacle().is_none() && draft.parameter_count() > MANY {
                let (name, draft) = (draft.written.name.clone(), Box::new(draft.clone()));
                let task = Task::Build { draft, running };
                return vec![work::start(state, Doing::Computing, name, task)];
            }
            match draft.model(&running) {
                Ok(model) => return use_model(state, model),
                Err(obstacle) => fail(state, obstacle),
            }
        }
        BuildAction::Become(..) if state.draft.is_none() => return become_at_once(state, action),
        BuildAction::Select(_)
        | BuildAction::Become(..)
        | BuildAction::Add(_)
        | BuildAction::Remove
        | BuildAction::Duplicate
        | BuildAction::Move { .. }
        | BuildAction::Rename(..)
        | BuildAction::Set(..)
        | BuildAction::Name(_)
        | BuildAction::Input(_)
        | BuildAction::Classes(_)
        | BuildAction::ClassNames(_)
        | BuildAction::Loss(_)
        | BuildAction::Init(_)
        | BuildAction::Seed(_)
        | BuildAction::KeepWeights(_) => {
            if let Some(draft) = &mut state.draft {
                draft.change(action);
            }
        }
    }
    Vec::new()
}

/// After a new picture or model: the prediction, and nothing left over from before.
fn fresh(state: &mut AppState) {
    state.cursor = Cursor::new(Grain::Layer);
    state.trail.clear();
    state.trail_ahead.clear();
    state.stopped = None;
    state.playback.playing = false;
    state.show_prediction();
}

/// A file has come: a session or a model by its ending, else a picture; all are decoded elsewhere.
pub(super) fn open_bytes(state: &mut AppState, name: String, bytes: Arc<Vec<u8>>) -> Vec<Effect> {
    if session::is_file(&name) {
        return vec![files::read_session(state, name, bytes)];
    }
    if Model::is_file(&name) {
        let task = Task::Read { name: name.clone(), bytes };
        return vec![work::start(state, Doing::Reading, name, task)];
    }
    let (job, _) = work::begin(state, Doing::Reading, name.clone());
    vec![Effect::Decode { job, name, bytes }]
}
