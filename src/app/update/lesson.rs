//! Leads through a lesson: sets up its beats, asks, judges, and brings the user's own work back.

use super::{inputs::set_inputs, jobs, marks, notice::fail};
use crate::app::{
    action::LessonAction,
    effect::Effect,
    state::{
        Answered, AppState, Change, Figure, Hands, Inputs, JobKind, Lane, LessonProgress, LessonState, Page,
        Phase, Show, Undo, Work,
        lesson::{self, Workspace, inputs_of, scene_of},
    },
    task::Task,
};
use crate::lesson::{
    Again, Answer, Ask, Beat, BeatPage, BeatShow, Edit, Item, Kind, Lesson, Scene, Verdict, bundled, met,
};
use crate::trace::{AddressText, Cursor, Grain, Move, Pass};
use crate::train::{Learned, ShuffleExperiment};
use std::sync::Arc;

/// Digits by which the answers of a question differ: what stands in cells.
const DIGITS: usize = 4;

/// The same for a class, which reads two from the last row.
const DIGITS_PRESENTED: usize = 2;

pub(in crate::app) fn update(state: &mut AppState, action: LessonAction) -> Vec<Effect> {
    match action {
        LessonAction::Start(id) => {
            let beat = state.progress.0.get(&id).filter(|done| !done.done).map_or(0, |done| done.beat);
            start_bundled(state, &id, beat)
        }
        LessonAction::StartAt { id, beat } => start_bundled(state, &id, beat),
        LessonAction::Open(lesson) => start(state, lesson, 0),
        LessonAction::GoOn => go_on(state),
        LessonAction::Back => go_by(state, -1),
        LessonAction::GoTo(beat) => enter(state, beat),
        LessonAction::Answer(answer) => answer_question(state, answer),
        LessonAction::Again => again(state),
        LessonAction::Return => return_to_lesson(state),
        LessonAction::Leave => leave(state),
        LessonAction::CountHands => count_hands(state),
        LessonAction::Hand { option, more } => {
            raise_hand(state, option, more);
            Vec::new()
        }
        LessonAction::RestoreProgress(progress) => {
            state.progress = progress;
            Vec::new()
        }
        LessonAction::Reset(id) => {
            state.progress.0.remove(&id);
            vec![Effect::KeepProgress(state.progress.clone())]
        }
    }
}

fn start_bundled(state: &mut AppState, id: &str, beat: usize) -> Vec<Effect> {
    match bundled().lesson(id) {
        Some(lesson) => start(state, Arc::clone(lesson), beat),
        None => {
            let known: Vec<&str> = bundled().lessons.iter().map(|lesson| lesson.id.as_str()).collect();
            let text = format!("expected a lesson ({}), got {id:?}; pick one of them", known.join(", "));
            fail(state, Work::OpenLesson.failed(text));
            Vec::new()
        }
    }
}

/// Opens a teacher's own lesson from a file's bytes.
pub(in crate::app) fn open(state: &mut AppState, name: &str, bytes: &[u8]) -> Vec<Effect> {
    let text = str::from_utf8(bytes)
        .map_err(|_| "expected a text, got bytes that are none; save it as UTF-8".into());
    match text.and_then(|text| Lesson::parse(text).map_err(|error| error.0)) {
        Ok(lesson) => start(state, Arc::new(lesson), 0),
        Err(error) => {
            let text = format!("{name}: {error}; convstep lesson check {name} says more");
            fail(state, Work::OpenLesson.failed(text));
            Vec::new()
        }
    }
}

fn start(state: &mut AppState, lesson: Arc<Lesson>, beat: usize) -> Vec<Effect> {
    let beat = beat.min(lesson.beats.len() - 1);
    let (inputs, scene) = match set_up(&lesson, beat, &state.inputs) {
        Ok(opened) => opened,
        Err(error) => {
            fail(state, Work::OpenLesson.failed(format!("{}: {error}", lesson.id)));
            return Vec::new();
        }
    };
    // From lesson to lesson the user's own work stays what it was before the first.
    let workspace = match state.lesson.take() {
        Some(open) => open.workspace,
        None => Box::new(Workspace {
            inputs: state.inputs.clone(),
            place: state.position.text(),
            marks: state.position.marks().clone(),
            undo: state.undo.clone(),
            view: state.view,
        }),
    };
    state.lesson = Some(Box::new(LessonState {
        beat,
        phase: Phase::Told,
        item: None,
        seed: 0,
        given: None,
        verdict: None,
        tries: 0,
        hands: Hands::default(),
        scene,
        entered: inputs,
        shown: (state.position.text(), state.view),
        covers: lesson::Covers::default(),
        workspace,
        trouble: None,
        lesson,
    }));
    begin_beat(state)
}

/// Inputs and scene of a beat.
fn set_up(lesson: &Lesson, beat: usize, at_hand: &Inputs) -> Result<(Inputs, Scene), String> {
    let inputs = inputs_of(&lesson.setting(beat)?, Some(at_hand))?;
    let remembered =
        lesson.remembered(beat)?.map(|setting| inputs_of(&setting, Some(&inputs))).transpose()?;
    let before = remembered.map(scene_of).transpose()?.map(Box::new);
    Ok((inputs.clone(), Scene { before, ..scene_of(inputs)? }))
}

/// Goes to a beat: sets up its inputs, draws its question, shows its place.
fn enter(state: &mut AppState, beat: usize) -> Vec<Effect> {
    let Some(open) = &state.lesson else { return Vec::new() };
    let lesson = Arc::clone(&open.lesson);
    let beat = beat.min(lesson.beats.len() - 1);
    let opened = set_up(&lesson, beat, &state.inputs);
    match opened {
        Ok((inputs, scene)) => {
            if let Some(open) = &mut state.lesson {
                let experiment = open.scene.experiment.clone();
                (open.beat, open.entered) = (beat, inputs);
                open.scene = Scene { experiment, ..scene };
                (open.tries, open.hands) = (0, Hands::default());
            }
        }
        Err(error) => {
            let text = format!("{}, {}: {error}", lesson.id, lesson.beats[beat].id);
            fail(state, Work::OpenLesson.failed(text));
            return Vec::new();
        }
    }
    begin_beat(state)
}

/// Asks the question of a beat that is set up, and notes how far the lesson has come.
fn begin_beat(state: &mut AppState) -> Vec<Effect> {
    let mut effects = ask(state);
    effects.extend(start_experiment(state));
    effects.extend(note_progress(state));
    effects
}

/// Makes the experiment that a beat shows, where it has not been made.
fn start_experiment(state: &mut AppState) -> Option<Effect> {
    let open = state.lesson.as_ref().filter(|open| awaits_experiment(open))?;
    let name = open.lesson.id.clone();
    let is_running = state.jobs.of_kind(JobKind::Experiment).is_some();
    let task = Task::Experiment(ShuffleExperiment::default());
    (!is_running).then(|| jobs::start(state, JobKind::Experiment, name, task))
}

/// Whether the beat waits for the experiment.
fn awaits_experiment(open: &LessonState) -> bool {
    awaits_experiment_of(&open.lesson.beats[open.beat], &open.scene)
}

fn awaits_experiment_of(beat: &Beat, scene: &Scene) -> bool {
    beat.page == BeatPage::Experiment && scene.experiment.is_none()
}

/// The experiment is made: the beat that waits for it asks its question.
pub(in crate::app) fn apply_experiment(state: &mut AppState, learned: Arc<[Learned; 4]>) -> Vec<Effect> {
    let Some(open) = &mut state.lesson else { return Vec::new() };
    let waits = awaits_experiment(open);
    open.scene.experiment = Some(learned);
    if waits { ask(state) } else { Vec::new() }
}

/// Draws the beat's question and shows the beat as it is before the answer.
fn ask(state: &mut AppState) -> Vec<Effect> {
    let digits = if state.view.presenting { DIGITS_PRESENTED } else { DIGITS };
    let Some(open) = &mut state.lesson else { return Vec::new() };
    let beat = &open.lesson.beats[open.beat];
    (open.given, open.verdict, open.trouble) = (None, None, None);
    (open.item, open.phase, open.covers) = (None, Phase::Told, lesson::Covers::default());
    if beat.ask.is_some() && !awaits_experiment_of(beat, &open.scene) {
        match Item::draw(beat, &open.scene, open.seed, digits) {
            Ok(item) => (open.item, open.phase) = (Some(item), Phase::Asking),
            Err(error) => open.trouble = Some(error.to_string()),
        }
    }
    show(state)
}

/// Shows the inputs, the page and the place of the beat: before the answer the cursor stands before what it would
/// give away; afterwards behind the place.
fn show(state: &mut AppState) -> Vec<Effect> {
    let Some(open) = &mut state.lesson else { return Vec::new() };
    let inputs = open.entered.clone();
    let mut effects = Vec::new();
    if !state.inputs.is_identical(&inputs) {
        effects = set_inputs(state, inputs, Change::Renew);
        // Within a beat the user's own edits can be undone, as far back as the beat.
        state.undo = Undo::default();
        // With the class that the network guesses, where none is given.
        if let Some(open) = &mut state.lesson {
            open.entered = state.inputs.clone();
        }
    }
    place(state);
    if let Some(open) = &mut state.lesson {
        open.shown = (state.position.text(), state.view);
    }
    effects
}

fn place(state: &mut AppState) {
    let Some(open) = &mut state.lesson else { return };
    let lesson = Arc::clone(&open.lesson);
    let beat = &lesson.beats[open.beat];
    let at = match &open.item {
        Some(item) => item.at,
        None => crate::lesson::place_of(beat, &open.scene),
    };
    let before = match (&open.item, open.phase) {
        (Some(item), Phase::Asking) => {
            let (before, covers) = lesson::covers(&lesson, open.beat, item, &open.scene);
            open.covers = covers;
            before
        }
        (Some(_) | None, _) => None,
    };
    let grain = beat.grain.as_deref().and_then(Grain::from_name);
    let plan = Arc::clone(state.position.plan());
    // A place that has no steps of its own, a pixel or a weight, is looked at behind the forward pass.
    let place = at.filter(|at| plan.has(at));
    state.position.show_prediction();
    if let Some(place) = place {
        let grain = grain.unwrap_or_else(|| place.grain());
        state.position.go(|cursor, plan| {
            if plan.steps(&place).is_some() {
                *cursor = Cursor::after(plan, &place);
            }
            cursor.go(plan, Move::Grain(grain.max(Grain::Pass)));
        });
    }
    if let Some(before) = before {
        state.position.go(|cursor, plan| *cursor = Cursor::before_step(plan, before, cursor.grain()));
    }
    if place.is_some() {
        state.position.select(place);
    }
    let view = &mut state.view;
    view.page = match beat.page {
        BeatPage::Network | BeatPage::Adjust | BeatPage::Experiment | BeatPage::Builder => Page::Network,
        BeatPage::Home => Page::Home,
        BeatPage::Training => Page::Training,
        BeatPage::Data => Page::Data,
        BeatPage::Evidence => Page::Attribution,
        BeatPage::Compare => Page::Compare,
    };
    view.adjust = beat.page == BeatPage::Adjust;
    (view.show, view.figure) = shown_by(beat.show);
    view.turned = false;
    // Of the whole way back the gradients are what there is to see.
    let is_back = place.is_some_and(|place| {
        place.grain() <= Grain::Pass && plan.stage_at(&place).is_some_and(|stage| stage.pass == Pass::Bwd)
    });
    view.lane = if is_back { Lane::Gradients } else { Lane::Values };
    view.drawer = None;
}

/// What a beat shows of its place.
fn shown_by(show: Option<BeatShow>) -> (Show, Option<Figure>) {
    match show {
        None | Some(BeatShow::Maps) => (Show::Maps, None),
        Some(BeatShow::Filters) => (Show::Filters, None),
        Some(BeatShow::Both) => (Show::Both, None),
        Some(BeatShow::Coverage) => (Show::Maps, Some(Figure::Coverage)),
        Some(BeatShow::Vector) => (Show::Maps, Some(Figure::Vector)),
        Some(BeatShow::Turned) => (Show::Maps, Some(Figure::Turned)),
        Some(BeatShow::Derivatives) => (Show::Maps, Some(Figure::Derivatives)),
        Some(BeatShow::Kept) => (Show::Maps, Some(Figure::Kept)),
        Some(BeatShow::Sizes) => (Show::Maps, Some(Figure::Sizes)),
    }
}

fn go_on(state: &mut AppState) -> Vec<Effect> {
    let Some(open) = &state.lesson else { return Vec::new() };
    match open.phase {
        Phase::Asking => reveal(state),
        Phase::Told | Phase::Shown if open.beat + 1 < open.lesson.beats.len() => go_by(state, 1),
        Phase::Told | Phase::Shown => finish(state),
    }
}

fn go_by(state: &mut AppState, beats: isize) -> Vec<Effect> {
    let Some(open) = &state.lesson else { return Vec::new() };
    let beat = open.beat.saturating_add_signed(beats);
    if beat == open.beat { return_to_lesson(state) } else { enter(state, beat) }
}

/// Shows the answer.
fn reveal(state: &mut AppState) -> Vec<Effect> {
    if let Some(open) = &mut state.lesson {
        open.phase = Phase::Shown;
        open.hands.counting = false;
    }
    let wanders = state.lesson.as_ref().and_then(|open| refutation(open));
    let edits = state.lesson.as_ref().is_some_and(|open| is_kind(open, Kind::Change));
    let has_answered = state.lesson.as_ref().is_some_and(|open| open.verdict.is_some());
    let mut effects = Vec::new();
    if edits {
        // What the user made stays; without it the model answer is made.
        if !has_answered {
            effects = make_answer(state);
        }
        if let Some(open) = &mut state.lesson {
            open.shown = (state.position.text(), state.view);
        }
    } else {
        effects = show(state);
    }
    // Where the user was to run to.
    let stop = state.lesson.as_ref().filter(|open| is_kind(open, Kind::RunTo)).and_then(|open| {
        match open.item.as_ref()?.right.as_ref()? {
            Answer::Cells(cells) => cells.first().copied(),
            Answer::Number(_) | Answer::Sign(_) | Answer::Place(_) | Answer::Order(_) | Answer::Met(_) => {
                None
            }
        }
    });
    if let (Some(stop), None) = (stop.filter(|stop| state.plan().has(stop)), &wanders) {
        super::navigation::travel(state, |cursor, plan| *cursor = Cursor::after(plan, &stop));
        if let Some(open) = &mut state.lesson {
            open.shown = (state.position.text(), state.view);
        }
    }
    if let Some(place) = wanders.and_then(|place| place.resolve(state.plan())) {
        super::navigation::look(state, place);
        if let Some(open) = &mut state.lesson {
            open.shown = (state.position.text(), state.view);
        }
    }
    effects
}

/// Makes the model answer of a task: the beat with its edits.
fn make_answer(state: &mut AppState) -> Vec<Effect> {
    let Some(open) = &state.lesson else { return Vec::new() };
    let answer = open.lesson.beats[open.beat].ask.as_ref().map(|ask| Edit::all(&ask.answer));
    let setting = open.lesson.setting(open.beat).and_then(|mut setting| {
        setting.edits.extend(answer.transpose()?.unwrap_or_default());
        Ok(setting)
    });
    match setting.and_then(|setting| inputs_of(&setting, Some(&open.entered))) {
        Ok(inputs) => {
            let effects = set_inputs(state, inputs, Change::Renew);
            place(state);
            effects
        }
        Err(error) => {
            fail(state, Work::OpenLesson.failed(error));
            Vec::new()
        }
    }
}

/// Where the rule of the last answer is refuted.
fn refutation(open: &LessonState) -> Option<AddressText> {
    let Some(Verdict::Rule(rule)) = &open.verdict else { return None };
    let ask = open.lesson.beats[open.beat].ask.as_ref()?;
    let place = open.item.as_ref()?.refutation(rule, ask, &open.scene)?;
    Some(AddressText::new(open.scene.plan(), &place))
}

fn is_kind(open: &LessonState, kind: Kind) -> bool {
    open.item.as_ref().is_some_and(|item| item.kind == kind)
}

fn answer_question(state: &mut AppState, answer: Answer) -> Vec<Effect> {
    let Some(open) = &mut state.lesson else { return Vec::new() };
    let (Some(item), Phase::Asking) = (&open.item, open.phase) else { return Vec::new() };
    let verdict = item.judge(&answer);
    open.tries += 1;
    let record = Answered {
        beat: open.lesson.beats[open.beat].id.clone(),
        seed: item.seed,
        right: verdict == Verdict::Right,
        rule: match &verdict {
            Verdict::Rule(rule) => Some(rule.id.to_owned()),
            Verdict::Right | Verdict::Wrong => None,
        },
        given: answer.print(open.scene.plan(), DIGITS),
        hands: Vec::new(),
    };
    (open.given, open.verdict) = (Some(answer), Some(verdict));
    let id = open.lesson.id.clone();
    state.progress.0.entry(id).or_default().answers.push(record);
    let mut effects = reveal(state);
    effects.push(Effect::KeepProgress(state.progress.clone()));
    effects
}

/// Whether looking at a place answers the question.
pub(in crate::app) fn is_answer(state: &AppState, place: &AddressText) -> bool {
    let Some(open) = &state.lesson else { return false };
    let (Some(item), Phase::Asking) = (&open.item, open.phase) else { return false };
    let within = open.lesson.beats[open.beat].ask.as_ref().and_then(|ask| ask.within.as_deref());
    let map = within.map(|within| open.places(within)).unwrap_or_default();
    let plan = state.plan();
    let is_cell = place.resolve(plan).is_some_and(|place| place.grain() >= Grain::Cell);
    item.kind == Kind::Cell
        && is_cell
        && map.iter().filter_map(|map| map.resolve(plan)).any(|map| {
            place.resolve(plan).is_some_and(|place| plan.widen(&place.whole_cell(), map.grain()) == map)
        })
}

/// Answers by the place that was clicked.
pub(in crate::app) fn answer_by_place(state: &mut AppState, place: &AddressText) -> Vec<Effect> {
    match place.resolve(state.plan()) {
        Some(place) => answer_question(state, Answer::Cells(vec![place.whole_cell()])),
        None => Vec::new(),
    }
}

/// Whether what the user edited, or the cell to which the user ran, meets the goal.
pub(in crate::app) fn check_goal(state: &mut AppState) -> Vec<Effect> {
    let Some(open) = &state.lesson else { return Vec::new() };
    let (Some(item), Phase::Asking) = (&open.item, open.phase) else { return Vec::new() };
    if item.kind != Kind::Change || state.inputs.is_identical(&open.entered) || state.run().is_large() {
        return Vec::new();
    }
    let mut trace = (**state.trace()).clone();
    trace.compute_to(Pass::Update, crate::nn::Execution::SERIAL);
    let scene = Scene {
        trace: Arc::new(trace),
        model: Arc::clone(&state.inputs.model),
        fitted: Arc::clone(&state.fitted),
        label: open.scene.label,
        experiment: open.scene.experiment.clone(),
        before: Some(Box::new(Scene { before: None, ..open.scene.clone() })),
    };
    let beat = &open.lesson.beats[open.beat];
    match met(beat, &scene, &item.variables) {
        Ok(true) => answer_question(state, Answer::Met(true)),
        Ok(false) | Err(_) => Vec::new(),
    }
}

/// Asks the question once more.
fn again(state: &mut AppState) -> Vec<Effect> {
    let Some(open) = &mut state.lesson else { return Vec::new() };
    open.seed += 1;
    open.hands = Hands { before: Some(std::mem::take(&mut open.hands.counts)), ..Hands::default() };
    let changes = open.lesson.beats[open.beat].ask.as_ref().and_then(|ask: &Ask| match &ask.again {
        Some(Again::Set(set)) => Some(Edit::all(set)),
        Some(Again::Word(_)) | None => None,
    });
    let Some(changes) = changes else { return ask(state) };
    let lesson = Arc::clone(&open.lesson);
    let setting = lesson.setting(open.beat).and_then(|mut setting| {
        setting.edits.extend(changes?);
        Ok(setting)
    });
    let before = Scene { before: None, ..open.scene.clone() };
    let inputs = setting.and_then(|setting| inputs_of(&setting, Some(&open.entered)));
    match inputs.and_then(|inputs| Ok((inputs.clone(), scene_of(inputs)?))) {
        Ok((inputs, scene)) => {
            open.entered = inputs;
            open.scene = Scene { before: Some(Box::new(before)), ..scene };
            ask(state)
        }
        Err(error) => {
            fail(state, Work::OpenLesson.failed(error));
            Vec::new()
        }
    }
}

/// Shows again exactly what the lesson showed before the user stepped away.
fn return_to_lesson(state: &mut AppState) -> Vec<Effect> {
    let Some(open) = &state.lesson else { return Vec::new() };
    let (shown_place, view) = open.shown.clone();
    let effects = show(state);
    state.position.go_to(&shown_place);
    let now = state.view;
    state.view = crate::app::state::ViewState {
        lang: now.lang,
        theme: now.theme,
        presenting: now.presenting,
        notes: now.notes,
        ..view
    };
    if let Some(open) = &mut state.lesson {
        open.shown = (shown_place, state.view);
    }
    effects
}

fn finish(state: &mut AppState) -> Vec<Effect> {
    if let Some(open) = &state.lesson {
        let (id, beats) = (open.lesson.id.clone(), open.lesson.beats.len());
        let progress = state.progress.0.entry(id).or_default();
        (progress.done, progress.beats) = (true, beats);
    }
    let mut effects = leave(state);
    state.view.page = Page::Home;
    effects.push(Effect::KeepProgress(state.progress.clone()));
    effects
}

/// Leaves the lesson: model, picture, place, marks and undo are what they were before it.
fn leave(state: &mut AppState) -> Vec<Effect> {
    let Some(open) = state.lesson.take() else { return Vec::new() };
    let workspace = *open.workspace;
    let effects = set_inputs(state, workspace.inputs, Change::Renew);
    marks::restore(state, workspace.marks);
    state.undo = workspace.undo;
    state.position.go_to(&workspace.place);
    let now = state.view;
    state.view = crate::app::state::ViewState {
        lang: now.lang,
        theme: now.theme,
        presenting: now.presenting,
        ..workspace.view
    };
    effects
}

fn note_progress(state: &mut AppState) -> Vec<Effect> {
    let Some(open) = &state.lesson else { return Vec::new() };
    let beat = open.beat;
    let (id, beats) = (open.lesson.id.clone(), open.lesson.beats.len());
    let progress: &mut LessonProgress = state.progress.0.entry(id).or_default();
    progress.beats = beats;
    progress.beat = beat;
    progress.farthest = progress.farthest.max(beat);
    vec![Effect::KeepProgress(state.progress.clone())]
}

/// Begins to count hands, or ends it: the counts are kept with the item.
fn count_hands(state: &mut AppState) -> Vec<Effect> {
    let Some(open) = &mut state.lesson else { return Vec::new() };
    let Some(item) = &open.item else { return Vec::new() };
    if !open.hands.counting {
        let before = (!open.hands.counts.is_empty()).then(|| std::mem::take(&mut open.hands.counts));
        open.hands = Hands {
            counts: vec![0; item.options.len()],
            before: before.or(open.hands.before.take()),
            counting: true,
        };
        return Vec::new();
    }
    open.hands.counting = false;
    let record = Answered {
        beat: open.lesson.beats[open.beat].id.clone(),
        seed: item.seed,
        right: false,
        rule: None,
        given: item.options.iter().map(|option| option.text.as_str()).collect::<Vec<_>>().join(" "),
        hands: open.hands.counts.clone(),
    };
    let id = open.lesson.id.clone();
    state.progress.0.entry(id).or_default().answers.push(record);
    vec![Effect::KeepProgress(state.progress.clone())]
}

fn raise_hand(state: &mut AppState, option: usize, more: bool) {
    let Some(open) = &mut state.lesson else { return };
    if let (true, Some(count)) = (open.hands.counting, open.hands.counts.get_mut(option)) {
        *count = if more { count.saturating_add(1) } else { count.saturating_sub(1) };
    }
}
