//! Changes the inputs and everything that follows from them.

use super::{
    jobs, marks,
    notice::{fail, notice},
    picture_before,
};
use crate::app::{
    effect::Effect,
    state::{
        AppState, Change, DataMatch, Derived, Edited, Inputs, JobKind, Marks, Message, NoticeKind, PlaceText,
        RightAnswer, Run, RunLabels, Training, after_loss, derived,
    },
    task::Task,
};
use crate::data::Dataset;
use crate::trace::Cursor;
use std::sync::Arc;

/// Changes the inputs. If the new ones do not fit together, the old ones stay and a notice gives the reason.
pub(in crate::app) fn edit_inputs(state: &mut AppState, change: impl FnOnce(&mut Inputs)) -> Vec<Effect> {
    let mut inputs = state.inputs.clone();
    change(&mut inputs);
    if inputs == state.inputs { Vec::new() } else { set_inputs(state, inputs, Change::Edit) }
}

/// Takes other inputs, when what follows from them has been computed: at once, or for a large network by a
/// worker.
pub(in crate::app) fn set_inputs(state: &mut AppState, mut inputs: Inputs, change: Change) -> Vec<Effect> {
    if !inputs.is_same_training(&state.inputs) && !matches!(change, Change::Undo | Change::Redo) {
        inputs.forked = None;
    }
    if inputs.training.is_some() && inputs.is_same_training(&state.inputs) {
        let run = state.position.run().clone();
        let derived = derived::fitted(&inputs).map(|fitted| Derived { inputs, fitted, run });
        apply_inputs(state, change, derived);
        return Vec::new();
    }
    let images = inputs.training.as_ref().map_or(1, |training| training.schedule.batch_len as u32);
    if derived::is_large_batch(&inputs.model.network, images) {
        let (name, inputs) = (inputs.model.name.clone(), Box::new(inputs));
        return vec![jobs::start(state, JobKind::Computing, name, Task::Derive { inputs, change })];
    }
    apply_inputs(state, change, derived::derive_now(inputs));
    Vec::new()
}

/// Replaces the inputs and what follows from them; the error is why the new ones do not fit together.
pub(in crate::app) fn apply_inputs(state: &mut AppState, change: Change, derived: Result<Derived, Message>) {
    let Derived { mut inputs, fitted, mut run } = match derived {
        Ok(derived) => derived,
        Err(error) => return fail(state, error),
    };
    state.jobs.cancel(JobKind::Computing);
    let goes_on = matches!(change, Change::Stroke { more: true }) && state.in_stroke;
    picture_before::keep(state, &inputs, goes_on);
    // Another plan drops marks that it does not have; undo brings them back.
    let (place, marks_before) = (state.position.text(), state.position.marks().clone());
    let is_other_run = !inputs.is_same_training(&state.inputs);
    if is_other_run {
        // Its running job continues outside; the result is the same.
        if !matches!(change, Change::Choose { .. }) {
            jobs::abandon_training(state);
        }
        begin_or_resume(state, &mut inputs, &mut run, change);
    }
    if let Some(training) = &inputs.training {
        run.set_epochs(training.epochs);
    }
    let before = std::mem::replace(&mut state.inputs, inputs);
    let left = state.position.replace_run(run);
    state.fitted = fitted;
    if is_other_run {
        state.training.runs.put_aside(&before, &left);
    }
    let ended = before.training.clone().filter(|_| state.inputs.training.is_none());
    let differences = Differences::new(&before, &state.inputs, change, is_other_run);
    let is_stroke = matches!(change, Change::Stroke { .. });
    let labels = state.training.runs.labels.clone();
    let back = record(
        state,
        change,
        Edited { inputs: before, marks: marks_before, labels, run: left.branch().number() },
    );
    state.in_stroke = is_stroke;
    if differences.is_other_model {
        // Applied, or written for a network that is gone.
        state.draft = None;
    }
    if differences.is_other_network {
        state.position.change_marks(|marks, _| marks.bookmarks.clear());
    }
    if let Some((marks, labels)) = back {
        state.training.runs.labels = labels;
        marks::restore(state, marks);
    }
    if differences.is_fresh {
        start_fresh(state);
    } else if matches!(change, Change::Choose { .. }) {
        show_same_step(state, place.time());
    } else if differences.is_other_plan {
        keep_place(state, &place);
    } else if is_stroke && differences.is_other_weights {
        from_the_first_step(state);
    }
    if matches!(change, Change::Renew) && differences.is_other_model {
        show_notes(state, ended);
    }
}

/// Shows as notices what a model's file could not keep, and why training that it cannot continue has ended.
fn show_notes(state: &mut AppState, ended: Option<Training>) {
    for text in state.inputs.model.notes.clone() {
        let note = Message::sentence(text.clone(), "notice.of_model", &[("note", &text)]);
        notice(state, note, NoticeKind::Info);
    }
    if let Some(training) = ended {
        say_that_training_ended(state, &training.schedule.data);
    }
}

/// Says why the network at hand is not trained on a data set any more.
fn say_that_training_ended(state: &mut AppState, data: &Dataset) {
    let (name, model) = (data.name(), &state.inputs.model.name);
    let matched = state.data_match(data);
    let (classes, outputs) = match matched {
        DataMatch::TooMany { classes, outputs } => (classes.to_string(), outputs.to_string()),
        DataMatch::Own | DataMatch::Others { .. } | DataMatch::OneClass | DataMatch::Pictures(_) => {
            Default::default()
        }
    };
    let (why, key) = match matched {
        DataMatch::Own | DataMatch::Others { .. } => {
            (format!("{model} knows other classes"), "notice.ended_other_classes")
        }
        DataMatch::TooMany { .. } => {
            (format!("it has {classes} classes, and {model} only {outputs} outputs"), "notice.ended_too_many")
        }
        DataMatch::OneClass => ("it has only one class".into(), "notice.ended_one_class"),
        DataMatch::Pictures(why) => (why.to_string(), "notice.ended_pictures"),
    };
    let text = format!(
        "Training on {name} has ended: {why}. Its runs stay on the page Training, and undo brings all of it back"
    );
    let blanks =
        [("data", name), ("model", model), ("classes", &classes), ("outputs", &outputs), ("why", &why)];
    notice(state, Message::sentence(text, key, &blanks), NoticeKind::Info);
}

/// How inputs differ from those before.
struct Differences {
    is_other_network: bool,
    is_other_plan: bool,
    is_other_model: bool,
    is_other_weights: bool,
    /// The prediction is shown, and nothing left over from before.
    is_fresh: bool,
}

impl Differences {
    fn new(before: &Inputs, after: &Inputs, change: Change, is_other_run: bool) -> Self {
        let is_same_model = Arc::ptr_eq(&before.model, &after.model);
        let is_other_network = !is_same_model && before.model.network != after.model.network;
        let is_other_name = before.model.name != after.model.name;
        let (is_other_model, is_fresh) = match change {
            Change::Renew => (!is_same_model, true),
            Change::Edit => {
                (!is_same_model, is_other_run && (before.training.is_some() || after.training.is_some()))
            }
            Change::Choose { .. } => (!is_same_model, false),
            Change::Stroke { .. } => (false, false),
            // One that was edited in place keeps its name.
            Change::Undo | Change::Redo => (
                is_other_network || is_other_name,
                is_other_name || before.picture.name != after.picture.name,
            ),
        };
        Self {
            is_other_network,
            is_other_plan: is_other_network
                || (before.mode, before.epochs) != (after.mode, after.epochs)
                || before.training != after.training,
            is_other_model,
            is_other_weights: !Arc::ptr_eq(&before.model.params, &after.model.params),
            is_fresh,
        }
    }
}

/// Makes a change one that can be undone, or redone. Returns the marks and the runs' names that undo and redo bring
/// back.
fn record(state: &mut AppState, change: Change, before: Edited) -> Option<(Marks, RunLabels)> {
    let of = |edited: &Edited| (edited.marks.clone(), edited.labels.clone());
    match change {
        Change::Stroke { more: true } if state.in_stroke => None,
        Change::Edit | Change::Renew | Change::Choose { .. } | Change::Stroke { .. } => {
            state.undo.record(before);
            None
        }
        Change::Undo => {
            let back = state.undo.before().map(of);
            state.undo.undo(before);
            back
        }
        Change::Redo => {
            let back = state.undo.after().map(of);
            state.undo.redo(before);
            back
        }
    }
}

/// The runs that other inputs come back to, where there are some, else a new one.
fn begin_or_resume(state: &mut AppState, inputs: &mut Inputs, run: &mut Run, change: Change) {
    let (wanted, is_undo) = match change {
        Change::Choose { number } => (Some(number), false),
        Change::Undo => (state.undo.before().map(|edited| edited.run), true),
        Change::Redo => (state.undo.after().map(|edited| edited.run), true),
        Change::Edit | Change::Stroke { .. } | Change::Renew => (None, false),
    };
    let runs = &mut state.training.runs;
    let Some(aside) = runs.take(inputs, wanted) else {
        inputs.forked = None;
        return run.number(runs.next_number());
    };
    if !is_undo {
        inputs.forked = aside.inputs.forked;
    }
    inputs.forked = inputs.forked.take().filter(|forked| forked.from < aside.branches.len());
    run.restore_branches(aside.branches, aside.branch);
    inputs.optimizer = run.branch().optimizer(run.branch().done());
}

/// After another run was chosen: the step with the number that was shown, or its last.
fn show_same_step(state: &mut AppState, time: u32) {
    let last = state.position.run().branch().done().max(1) - 1;
    state.position.clear_trail();
    state.position.go(|cursor, plan| *cursor = after_loss(plan, time.min(last)));
}

/// After the weights of the training step that is shown were edited: they are the first step's now.
fn from_the_first_step(state: &mut AppState) {
    let position = &mut state.position;
    if let Some(address) = position.cursor().address(position.plan()).filter(|address| address.time() > 0) {
        let selected = position.selected().map(|selected| selected.at_time(0));
        position.go(|cursor, plan| *cursor = Cursor::after(plan, &address.at_time(0)));
        position.select(selected);
        position.clear_trail();
    }
}

/// After the plan has changed: the cursor stays at its place, by its names, if that is still there; otherwise it goes
/// to the start.
fn keep_place(state: &mut AppState, place: &PlaceText) {
    let position = &mut state.position;
    if !position.go_to(place) {
        position.go(|cursor, _| *cursor = Cursor::new(cursor.grain()));
    }
    position.select(None);
    position.clear_trail();
}

/// After a new picture or model: the prediction, and nothing left over from before.
fn start_fresh(state: &mut AppState) {
    state.position.clear_trail();
    state.position.set_stopped(None);
    state.position.show_prediction();
    state.playback.playing = false;
    state.right_answer = RightAnswer::NotAsked;
    state.dismissed_advice.clear();
}
