//! Actions, the one place that applies them, and the effects that the outside world runs.

use super::state::{AppState, Busy, Lang, Notice, NoticeKind, Scale, ThemeChoice};
use super::{Inputs, Undo};
use crate::data::{Content, Fit, Ground, Loaded, PictureError, samples};
use crate::model_io::{Model, bundled, presets};
use crate::nn::{Mode, optimizer::Optimizer};
use crate::trace::{Address, Break, Cursor, Grain, Move, Place, breakpoint};
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
    /// To where the cursor was before.
    TrailBack,
    /// Undoes [`Action::TrailBack`].
    TrailAhead,
    /// Run on, or back, to the next breakpoint.
    Continue {
        /// Towards the start.
        back: bool,
    },
    /// Set a breakpoint, or remove it.
    ToggleBreak(Break),
    /// Mark the place that is looked at, or unmark it.
    ToggleBookmark,
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
    /// Forget the work that goes on.
    Cancel,
    /// A picture in memory: pasted, or made.
    UsePicture(Arc<Loaded>),
    /// A bundled sample.
    OpenSample(String),
    /// A bundled model, with the sample that goes with it where the picture does not fit.
    OpenBundled(String),
    /// How the picture is fitted.
    SetFit(Fit),
    /// What lies under transparency.
    SetGround(Ground),
    /// The target class.
    SetLabel(usize),
    /// What makes the update.
    SetOptimizer(Optimizer),
    /// Batch statistics and dropout.
    SetMode(Mode),
    /// Undo the last edit.
    Undo,
    /// Redo what was undone.
    Redo,
    /// Light or dark.
    SetTheme(ThemeChoice),
    /// The language.
    SetLang(Lang),
    /// The colour scale.
    SetScale(Scale),
    /// Colours by the logarithm.
    ToggleLog,
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
    /// Go on with the replay of training steps.
    Advance,
    /// Leave.
    Quit,
}

/// Something that the shell does and answers with an action.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Open a dialog for a picture; answer [`Action::OpenBytes`].
    AskForPicture,
    /// Open a dialog for a model; answer [`Action::OpenBytes`].
    AskForModel,
    /// Decode off the window's thread; answer [`Action::PictureDecoded`].
    Decode {
        /// The job's number.
        job: u64,
        /// The file's name.
        name: String,
        /// Its bytes.
        bytes: Arc<Vec<u8>>,
    },
    /// Answer [`Action::Advance`] in the next frame.
    Advance,
    /// Put a text on the clipboard.
    Copy(String),
    /// Close the window.
    Quit,
}

/// The only place that changes the state. An action that cannot be done leaves a notice and the
/// rest as it was.
pub fn apply(state: &mut AppState, action: Action) -> Vec<Effect> {
    let before = (state.cursor, state.selected);
    let mut effects = change(state, action);
    if (state.cursor, state.selected) != before {
        state.pending = None;
    }
    let target = state.pending.unwrap_or((state.cursor, state.selected));
    let time = target.0.time(state.plan());
    if state.run.approach(time, STEPS_AT_ONCE) {
        (state.cursor, state.selected) = target;
        state.pending = None;
    } else {
        // The window stays where it was, with numbers that fit, until the replay has come there.
        if state.pending.is_none() {
            (state.cursor, state.selected) = before;
            state.pending = Some(target);
        }
        effects.push(Effect::Advance);
    }
    effects
}

/// Training steps that are replayed before the window is drawn again.
const STEPS_AT_ONCE: u32 = 2;

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
        Action::TrailBack => {
            if let Some(before) = state.trail.pop() {
                state.trail_ahead.push((state.cursor, state.selected));
                (state.cursor, state.selected) = before;
            }
        }
        Action::TrailAhead => {
            if let Some(after) = state.trail_ahead.pop() {
                state.trail.push((state.cursor, state.selected));
                (state.cursor, state.selected) = after;
            }
        }
        Action::Continue { back } => run_on(state, back),
        Action::ToggleBreak(breakpoint) => match state.breaks.iter().position(|b| *b == breakpoint) {
            Some(place) => {
                state.breaks.remove(place);
            }
            None => state.breaks.push(breakpoint),
        },
        Action::ToggleBookmark => {
            let here = match state.selected {
                Some(selected) => Some(selected),
                None => state.cursor.address(state.plan()),
            };
            if let Some(here) = here {
                match state.bookmarks.iter().position(|mark| *mark == here) {
                    Some(place) => {
                        state.bookmarks.remove(place);
                    }
                    None => state.bookmarks.push(here),
                }
            }
        }
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
                    Ok(picture) => use_picture(state, picture),
                    Err(error) => fail(state, error.to_string()),
                }
            }
        }
        Action::Cancel => (state.busy, state.pending) = (None, None),
        Action::UsePicture(picture) => use_picture(state, picture),
        Action::OpenSample(name) => match samples::load(&name) {
            Ok(picture) => use_picture(state, Arc::new(picture)),
            Err(error) => fail(state, error.to_string()),
        },
        Action::OpenBundled(name) => match bundled::load(&name) {
            Ok(model) => use_model(state, model),
            Err(error) => fail(state, error.to_string()),
        },
        Action::SetFit(fit) => edit(state, |inputs| inputs.fit = fit),
        Action::SetGround(ground) => edit(state, |inputs| inputs.ground = ground),
        Action::SetLabel(label) => {
            if label < state.model().network.classes() {
                edit(state, |inputs| inputs.label = Some(label));
            }
        }
        Action::SetOptimizer(optimizer) => edit(state, |inputs| inputs.optimizer = optimizer),
        Action::SetMode(mode) => edit(state, |inputs| inputs.mode = mode),
        Action::Undo => swap_inputs(state, Undo::undo),
        Action::Redo => swap_inputs(state, Undo::redo),
        Action::SetTheme(theme) => state.view.theme = theme,
        Action::SetLang(lang) => state.view.lang = lang,
        Action::SetScale(scale) => state.view.scale = scale,
        Action::ToggleLog => state.view.log = !state.view.log,
        Action::ToggleHelp => state.view.help = !state.view.help,
        Action::ToggleBlank => state.view.blank = !state.view.blank,
        Action::TypeAddress(typing) => state.view.typing_address = typing,
        Action::Escape => {
            let view = &mut state.view;
            if view.blank || view.help || view.typing_address {
                (view.blank, view.help, view.typing_address) = (false, false, false);
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

fn fail(state: &mut AppState, text: String) {
    state.notices.push(Notice { text, kind: NoticeKind::Error });
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
fn travel(state: &mut AppState, go: impl FnOnce(&mut Cursor, &crate::trace::Plan)) {
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

fn run_on(state: &mut AppState, back: bool) {
    let found = breakpoint::find(state.trace(), &state.breaks, None, state.cursor.at(), back);
    match found {
        Some(stop) => {
            travel(state, |cursor, plan| cursor.go(plan, Move::Seek(stop.address)));
            state.stopped = Some(stop);
        }
        // Without a breakpoint in the way: to the end of the pass.
        None => travel(state, |cursor, plan| cursor.to_edge(plan, Grain::Pass, back)),
    }
}

/// Changes the inputs. Where they do not go together, they stay as they were and a notice says why.
fn edit(state: &mut AppState, change: impl FnOnce(&mut Inputs)) {
    let before = state.inputs.clone();
    change(&mut state.inputs);
    if state.inputs == before {
        return;
    }
    match state.rebuild() {
        Ok(()) => {
            state.undo.record(before);
            keep_place(state);
        }
        Err(error) => {
            state.inputs = before;
            fail(state, error);
        }
    }
}

/// After the plan has changed: the cursor stays where it was if that place is still there.
fn keep_place(state: &mut AppState) {
    let plan = state.plan().clone();
    if state.cursor.at() > plan.run_len() {
        state.cursor = Cursor::new(state.cursor.grain());
    }
    // Aligns the cursor with the units of the plan.
    let grain = state.cursor.grain();
    if let Some(address) = state.cursor.address(&plan) {
        state.cursor.go(&plan, Move::Seek(address));
    }
    debug_assert_eq!(state.cursor.grain(), grain);
    state.selected = None;
    state.trail.clear();
    state.trail_ahead.clear();
    state.bookmarks.retain(|mark| plan.steps(mark).is_none_or(|steps| steps.end <= plan.run_len()));
}

fn use_picture(state: &mut AppState, picture: Arc<Loaded>) {
    renew(state, |inputs| inputs.picture = picture);
}

fn use_model(state: &mut AppState, model: Model) {
    let models = bundled::models().iter().map(|bundled| (bundled.name, bundled.default_sample));
    let mut known = models.chain(presets::all().iter().map(|preset| (preset.name, preset.default_sample)));
    let sample = known.find(|(name, _)| *name == model.name).map(|(_, sample)| sample);
    let now = &state.inputs.picture;
    let loaded_by_user =
        !samples::SAMPLES.iter().any(|s| s.name == now.name) && matches!(now.content, Content::Picture(_));
    // The user's own picture stays; a sample gives way to the one that goes with the model.
    let picture = sample.filter(|_| !loaded_by_user).and_then(|sample| samples::load(sample).ok());
    renew(state, |inputs| {
        inputs.model = Arc::new(model);
        inputs.label = None;
        if let Some(picture) = picture {
            inputs.picture = Arc::new(picture);
        }
    });
}

/// Takes a new picture or model. Where they do not go together, all stays as it was and a notice says
/// why.
fn renew(state: &mut AppState, change: impl FnOnce(&mut Inputs)) {
    let before = state.inputs.clone();
    change(&mut state.inputs);
    match state.rebuild().and_then(|()| state.relabel()) {
        Ok(()) => {
            state.undo.record(before);
            fresh(state);
        }
        Err(error) => {
            state.inputs = before;
            fail(state, error);
        }
    }
}

/// After a new picture or model: the prediction, and nothing left over from before.
fn fresh(state: &mut AppState) {
    state.cursor = Cursor::new(Grain::Layer);
    state.trail.clear();
    state.trail_ahead.clear();
    state.bookmarks.clear();
    state.stopped = None;
    state.playback.playing = false;
    state.show_prediction();
}

fn swap_inputs(state: &mut AppState, swap: impl FnOnce(&mut Undo, &Inputs) -> Option<Inputs>) {
    let now = state.inputs.clone();
    if let Some(inputs) = swap(&mut state.undo, &now) {
        let is_other_network = inputs.model != now.model || inputs.picture != now.picture;
        state.inputs = inputs;
        if let Err(error) = state.rebuild() {
            fail(state, error);
        } else if is_other_network {
            fresh(state);
        } else {
            keep_place(state);
        }
    }
}

/// A file has come: a model by its ending, else a picture, which is decoded elsewhere.
fn open_bytes(state: &mut AppState, name: String, bytes: Arc<Vec<u8>>) -> Vec<Effect> {
    if name.to_lowercase().ends_with(".safetensors") {
        match Model::from_bytes(&name, &bytes, None) {
            Ok(model) => use_model(state, model),
            Err(error) => fail(state, error.to_string()),
        }
        return Vec::new();
    }
    state.jobs += 1;
    let job = state.jobs;
    state.busy = Some(Busy { job, name: name.clone() });
    vec![Effect::Decode { job, name, bytes }]
}
