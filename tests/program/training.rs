//! Training on a data set in the program without a window: actions in, state out.

use convstep::{
    app::{
        Action, AppState, CompareAction, DataAction, EditAction, Effect, End, Extent, News, RunSetting,
        StopReason, TrainAction, Training, TrainingJob, Until, apply,
    },
    data::{Dataset, Generated, Split},
    nn::{
        Alone, Params, Part, Workers,
        init::Init,
        optimizer::{Optimizer, Rule},
    },
    threads::Threads,
    trace::{Grain, Move},
    train::StopWhen,
};
use std::sync::Arc;

use crate::program;
use crate::program::{architecture, take_notice};

fn net() -> String {
    architecture(
        [1, 28, 28],
        &[
            "conv1 conv2d out_channels=4 kernel=5 stride=2",
            "relu1 relu",
            "pool1 max_pool2d kernel=2",
            "drop dropout p=0.1",
            "fc dense out_features=10",
        ],
    )
}

/// A small network, about to be trained on generated digits in batches of 8.
fn state() -> AppState {
    let mut state = program::opened(program::model("net", &net(), 3));
    let rule = Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 };
    let optimizer = Optimizer { rule, learning_rate: 0.01, weight_decay: 0.0 };
    run(&mut state, Action::SetOptimizer(optimizer));
    train(&mut state, TrainAction::Use(Some(Dataset::generated(Generated::Digits, 5))));
    let mut training = state.inputs().training.clone().expect("set").with_batch(8);
    training.schedule.epoch_len = 80;
    train(&mut state, TrainAction::Set(training));
    assert_eq!(state.notices(), []);
    state
}

/// Applies an action; the jobs are done at once, on the caller's thread.
fn run(state: &mut AppState, action: Action) {
    run_on(state, action, &Alone);
}

fn run_on(state: &mut AppState, action: Action, workers: &dyn Workers) {
    let mut actions = vec![action];
    while let Some(action) = actions.pop() {
        for effect in apply(state, action) {
            match effect {
                Effect::Advance => actions.push(Action::Advance),
                Effect::Train { job, .. } => {
                    let mut job = job.lock().expect("no panic").take().expect("a job");
                    while let Some(news) = news(&mut job, workers) {
                        let ended = news.end.is_some();
                        apply(state, Action::Train(TrainAction::News(Box::new(news))));
                        if ended {
                            break;
                        }
                    }
                    actions.push(Action::Advance);
                }
                _ => {}
            }
        }
    }
}

fn news(job: &mut TrainingJob, workers: &dyn Workers) -> Option<News> {
    let step = job.step(workers).expect("generated examples can be read");
    let keyframes = if job.time().is_multiple_of(7) || step.end.is_some() {
        vec![(job.time(), job.keyframe())]
    } else {
        vec![]
    };
    let checks = step.check.map(|check| (job.time(), check)).into_iter().collect();
    Some(News {
        id: job.id,
        steps: vec![(step.time, step.record)],
        checks,
        keyframes,
        seconds: 0.1,
        end: step.end,
        ..News::default()
    })
}

fn train(state: &mut AppState, action: TrainAction) {
    run(state, Action::Train(action));
}

fn at(state: &AppState) -> String {
    state.cursor().text(state.plan())
}

fn params_at(state: &mut AppState, time: u32) -> Arc<Params> {
    train(state, TrainAction::GoTo(time));
    assert_eq!(state.trace().time(), time);
    Arc::clone(state.trace().params())
}

#[test]
fn any_earlier_batch_is_there_again_with_the_same_weights_on_one_and_two_threads() {
    let mut state = state();
    // The first time: step by step.
    let mut first = Vec::new();
    for time in 0..25 {
        train(&mut state, TrainAction::Start(Until::Step(time)));
        assert_eq!(state.run().branch().done(), time + 1);
        assert_eq!(state.trace().time(), time, "the cursor goes to the batch done last");
        first.push(Arc::clone(state.trace().params()));
    }
    for time in [24, 3, 0, 17, 1, 23] {
        assert_eq!(*params_at(&mut state, time), *first[time as usize], "step {time}");
    }
    let records = state.run().branch().records.clone();
    let two = Threads::new(2).expect("threads");
    let mut again = self::state();
    let start = Action::Train(TrainAction::Start(Until::Step(24)));
    run_on(&mut again, start, &two);
    assert_eq!(at(&again), "e2.b4.i0/loss/loss");
    assert_eq!(*params_at(&mut again, 1), *first[1]);
    assert_eq!(*params_at(&mut again, 24), *first[24]);
    assert!(again.run().branch().records.iter().eq(&records), "and all that was measured");
    assert!(records[&24].report.loss < records[&0].report.loss);
    assert!(records[&24].gradient_norm().is_some_and(|norm| norm > 0.0));
}

#[test]
fn a_batch_can_be_stepped_into_down_to_the_term_for_any_image() {
    let mut state = state();
    train(&mut state, TrainAction::Start(Until::Step(12)));
    assert_eq!(
        (at(&state).as_str(), state.training().ended.as_ref()),
        ("e1.b2.i0/loss/loss", Some(&End::Reached))
    );
    assert_eq!((state.plan().setup().images, state.image()), (8, 0));
    for (address, image) in [
        ("e1.b2.i5/fwd/conv1/k2/(3,4)/m7", 5),
        ("e1.b2.i7/bwd/conv1.dW/k2,0/(1,4)/m37", 7),
        ("e1.b2/update/conv1.dW.mean/k0,0/(0,0)/m0", 0),
        ("e1.b2/update/conv1.weight/k3,0/(4,4)/m0", 0),
    ] {
        run(&mut state, Action::GoTo(address.into()));
        assert_eq!((state.notices().len(), state.image()), (0, image), "{address}");
        // What you step is what ran.
        let cell = state.focus().whole_cell();
        let trace = state.trace();
        assert_eq!(trace.cell(&cell).value.to_bits(), trace.finished(&cell).to_bits(), "{address}");
    }
    run(&mut state, Action::GoTo("e1.b2.i5/fwd/conv1".into()));
    let (_, class) = state.run().source().pixels(12, 5).expect("an example");
    assert_eq!(state.label(), class);
    // The step after the batch starts from what its update left.
    let after = state.trace().params_after();
    run(&mut state, Action::Go(Move::Grain(Grain::Batch)));
    run(&mut state, Action::Go(Move::Next));
    assert_eq!((at(&state).as_str(), &**state.trace().params()), ("e1.b3", &after));
}

#[test]
fn a_change_in_the_past_starts_a_line_and_the_old_one_stays() {
    let mut state = state();
    train(&mut state, TrainAction::Start(Until::Step(20)));
    let old = state.run().branch().clone();
    let end = params_at(&mut state, 20);
    train(&mut state, TrainAction::GoTo(10));
    let slower = Optimizer { learning_rate: 0.001, ..state.inputs().optimizer };
    run(&mut state, Action::SetOptimizer(slower));
    assert_eq!(
        (state.run().branches().len(), state.run().branch_index(), state.run().branch().done()),
        (2, 1, 10)
    );
    assert_eq!(state.plan().setup().optimizer, slower);
    train(&mut state, TrainAction::Start(Until::Step(20)));
    let new = state.run().branch();
    assert!((0..10).all(|time| new.records[&time] == old.records[&time]));
    assert_eq!(new.records[&10].report, old.records[&10].report, "the update comes after");
    assert_ne!(new.records[&12].report, old.records[&12].report);
    assert_eq!(state.run().branches()[0].records, old.records);
    // Back on the old branch everything is unchanged.
    let number = state.run().branches()[0].number();
    train(&mut state, TrainAction::Choose(number));
    assert_eq!(*params_at(&mut state, 20), *end);
    assert_eq!(state.plan().setup().optimizer.learning_rate, 0.01);
}

#[test]
fn another_rule_has_other_stages_and_the_cursor_keeps_its_place() {
    let mut state = state();
    train(&mut state, TrainAction::Start(Until::Step(4)));
    run(&mut state, Action::GoTo("e0.b3.i2/fwd/relu1".into()));
    let (adam, place) = (state.plan().len(), at(&state));
    let sgd = Optimizer { rule: Rule::Sgd, ..state.inputs().optimizer };
    run(&mut state, Action::SetOptimizer(sgd));
    assert!(state.plan().len() < adam);
    assert_eq!(at(&state), place);
    run(&mut state, Action::GoTo("e0.b1/fwd".into()));
    assert_eq!(state.plan().len(), adam, "the earlier step was made by Adam: {:?}", state.notices());
}

#[test]
fn conditions_stop_it_where_they_hold() {
    let mut state = state();
    train(&mut state, TrainAction::StopAt(StopWhen::GradientAbove(0.01)));
    train(&mut state, TrainAction::StopAt(StopWhen::GradientAbove(0.02)));
    assert_eq!(state.training().stops, [StopWhen::GradientAbove(0.02)]);
    train(&mut state, TrainAction::Start(Until::End));
    assert_eq!(state.training().ended, Some(End::Stopped(StopWhen::GradientAbove(0.02))));
    assert_eq!((state.run().branch().done(), state.trace().time()), (1, 0));
    train(&mut state, TrainAction::StopNoMore(StopWhen::GradientAbove(0.02)));
    train(&mut state, TrainAction::StopAt(StopWhen::Accuracy(0.5)));
    train(&mut state, TrainAction::Start(Until::End));
    assert_eq!(
        state.training().ended,
        Some(End::Stopped(StopWhen::Accuracy(0.5))),
        "{:?}",
        state.run().branch().checks
    );
    let (_, check) = state.run().branch().checks.last_key_value().expect("a check");
    assert!(check.report.accuracy() >= 0.5 && check.confusion.rows().flatten().sum::<u64>() == 400);
}

#[test]
fn undo_brings_back_what_had_been_trained() {
    let mut state = state();
    train(&mut state, TrainAction::Start(Until::Step(9)));
    let (records, params) = (state.run().branch().records.clone(), params_at(&mut state, 9));
    train(&mut state, TrainAction::Restart { init: Init::Xavier, seed: 8 });
    assert_eq!(state.run().branch().done(), 0);
    assert_eq!(state.training_runs().len(), 2, "and stays beside the new run");
    assert_ne!(*params_at(&mut state, 0), *params);
    run(&mut state, Action::Undo);
    assert_eq!((state.run().branch().done(), &state.run().branch().records), (10, &records));
    assert_eq!(*params_at(&mut state, 9), *params);
    // A hyperparameter goes back from here on; nothing that was trained is lost.
    let faster = Optimizer { learning_rate: 0.5, ..state.inputs().optimizer };
    run(&mut state, Action::SetOptimizer(faster));
    run(&mut state, Action::Undo);
    assert_eq!((state.inputs().optimizer.learning_rate, state.run().branches()[0].done()), (0.01, 10));
    // The picture has nothing to do with it.
    run(&mut state, Action::OpenSample("digit-5".into()));
    assert_eq!(state.run().branches()[0].done(), 10);
}

#[test]
fn the_trained_weights_can_be_kept() {
    let mut state = state();
    train(&mut state, TrainAction::Start(Until::Step(9)));
    let after = state.trace().params_after();
    train(&mut state, TrainAction::Keep);
    assert!(state.inputs().training.is_none());
    assert_eq!((&*state.model().params, state.plan().setup().images), (&after, 1));
    run(&mut state, Action::Undo);
    assert_eq!(state.run().branch().done(), 10);
}

#[test]
fn an_example_is_stepped_through_with_the_trained_weights_and_undo_goes_back_to_training() {
    let mut state = state();
    train(&mut state, TrainAction::Start(Until::Step(9)));
    train(&mut state, TrainAction::GoTo(4));
    let after = state.trace().params_after();
    let data = state.shown_data();
    let example = data.example(Split::Validation, 3).expect("is made");
    let step = |data: &Dataset| {
        Action::Data(DataAction::StepThrough { data: data.clone(), part: Split::Validation, index: 3 })
    };
    run(&mut state, step(&data));
    assert!(state.inputs().training.is_none());
    assert_eq!((&*state.model().params, &state.fitted().tensor), (&after, &example.pixels));
    assert_eq!(state.label(), example.class);
    run(&mut state, Action::Undo);
    assert_eq!((state.run().branch().done(), state.shown_data() == data), (10, true));
    // While a job runs it is the latest weights.
    let effects = apply(&mut state, Action::Train(TrainAction::Start(Until::Step(12))));
    let [Effect::Train { job, .. }] = &effects[..] else { panic!("{effects:?}") };
    let mut job = job.lock().expect("no panic").take().expect("a job");
    let mut news = news(&mut job, &Alone).expect("a step");
    news.keyframes = vec![(job.time(), job.keyframe())];
    let latest = job.keyframe().params;
    apply(&mut state, Action::Train(TrainAction::News(Box::new(news))));
    run(&mut state, step(&data));
    assert_eq!(state.model().params, latest);
    assert!(state.training().running.is_none(), "which ends the job");
}

#[test]
fn what_does_not_fit_leaves_a_line_and_the_state_as_it_was() {
    let mut state = state();
    let training = state.inputs().training.clone();
    // Eight shapes have three channels: as grey pictures they fit ten outputs, but not an odd network.
    let odd = net().replace("input = [1, 28, 28]", "input = [2, 28, 28]");
    let odd = program::model("odd", &odd, 0);
    let values = convstep::data::Loaded {
        name: "values".into(),
        content: convstep::data::Content::Values(convstep::tensor::Tensor::zeros((1, 2, 28, 28))),
        label: None,
    };
    let mut other = AppState::open(odd, values).expect("fits");
    train(&mut other, TrainAction::Use(Some(Dataset::generated(Generated::Shapes, 1))));
    assert!(other.inputs().training.is_none());
    assert!(take_notice(&mut other).is_some_and(|notice| notice.text.contains("channel")));
    let few = net().replace("out_features=10", "out_features=4");
    let few = program::model("few", &few, 0);
    let picture = convstep::data::samples::load("digit-3").expect("bundled");
    let mut few = AppState::open(few, picture).expect("fits");
    train(&mut few, TrainAction::Use(Some(Dataset::generated(Generated::Digits, 1))));
    assert!(few.inputs().training.is_none());
    let text = take_notice(&mut few).expect("a notice").text;
    assert!(text.ends_with("10 classes in the data, 4 outputs of fc; set out_features = 10"), "{text}");
    // News of a job that is not under way are not heard.
    train(&mut state, TrainAction::News(Box::new(News { id: 99, end: Some(End::Done), ..News::default() })));
    assert_eq!((state.inputs().training.clone(), state.training().ended.clone()), (training, None));
    let batches = Training::new(Dataset::generated(Generated::Digits, 1), 0, 1).schedule.batch_len;
    assert_eq!(batches, 1);
}

#[test]
fn weights_are_edited_in_training_and_examples_are_not() {
    let mut state = state();
    train(&mut state, TrainAction::Start(Until::Step(3)));
    run(&mut state, Action::GoTo("e0.b2.i0/fwd".into()));
    let before = state.trace().params().clone();
    let inputs = state.inputs().clone();
    for edit in [EditAction::Fill([255; 3]), EditAction::SetPixel { index: 0, value: 9.0 }] {
        run(&mut state, Action::Edit { edit, more: false });
        assert!(take_notice(&mut state).is_some_and(|notice| notice.text.contains("go back to the picture")));
        assert_eq!(*state.inputs(), inputs);
    }
    run(&mut state, Action::ShowPad(true));
    assert!(take_notice(&mut state).is_some() && !state.view().pad);
    let layer = (0..before.0.len()).find(|&l| before.0[l].get(Part::Weight).is_some()).expect("a weight");
    let edit = EditAction::SetParameter { layer, part: Part::Weight, index: 1, value: 0.75 };
    run(&mut state, Action::Edit { edit, more: false });
    assert!(state.notices().is_empty(), "{:?}", state.notices());
    // They begin a branch at this step; undo comes back to the one before, redo to this one.
    let edited = |state: &AppState| state.trace().params().0[layer].at(Part::Weight).iter().nth(1).copied();
    assert_eq!((at(&state).as_str(), edited(&state)), ("e0.b2.i0/fwd", Some(0.75)));
    let lines = |state: &AppState| {
        (state.run().branches().len(), state.run().branch_index(), state.run().branch().done())
    };
    assert_eq!(lines(&state), (2, 1, 2));
    run(&mut state, Action::Undo);
    assert_eq!(
        (lines(&state), edited(&state)),
        ((2, 0, 4), before.0[layer].at(Part::Weight).iter().nth(1).copied())
    );
    assert_eq!(**state.trace().params(), *before);
    run(&mut state, Action::Redo);
    assert_eq!((lines(&state), edited(&state)), ((2, 1, 2), Some(0.75)));
    // A second edit at the same step continues the branch; a drag is undone as one.
    for (value, more) in [(0.5, false), (0.25, true)] {
        let edit = EditAction::SetParameter { layer, part: Part::Weight, index: 1, value };
        run(&mut state, Action::Edit { edit, more });
    }
    assert_eq!((lines(&state), edited(&state)), ((2, 1, 2), Some(0.25)));
    run(&mut state, Action::Undo);
    assert_eq!(edited(&state), Some(0.75));
    // It trains on from there; the old branch is unchanged.
    let old = state.run().branches()[0].clone();
    train(&mut state, TrainAction::Start(Until::Step(5)));
    assert_eq!((state.run().branch_index(), state.run().branch().done()), (1, 6));
    let new = state.run().branch();
    assert!((0..2).all(|time| new.records[&time] == old.records[&time]));
    assert_ne!(new.records[&2].report, old.records[&2].report);
    assert_eq!(state.run().branches()[0].records, old.records);
    // Any step of it comes back bit for bit.
    let last = params_at(&mut state, 5);
    assert_eq!(params_at(&mut state, 2).0[layer].at(Part::Weight).iter().nth(1), Some(&0.75));
    assert_eq!(params_at(&mut state, 5), last);
    // Back to what was trained up to there.
    run(&mut state, Action::GoTo("e0.b2.i0/fwd".into()));
    run(&mut state, Action::Edit { edit: EditAction::Reset(Extent::Model), more: false });
    assert_eq!(
        (state.run().branches().len(), edited(&state)),
        (3, before.0[layer].at(Part::Weight).iter().nth(1).copied())
    );
    assert!(state.notices().is_empty(), "{:?}", state.notices());
}

/// What tells the runs apart, and how many steps each has done.
fn runs(state: &AppState) -> Vec<(Vec<RunSetting>, u32)> {
    state.training_runs().iter().map(|run| (run.differs.clone(), run.branch.done())).collect()
}

/// A run in batches of 8 with ten steps, and beside it one in batches of 16 with five.
fn two_runs() -> AppState {
    let mut state = state();
    train(&mut state, TrainAction::Start(Until::Step(9)));
    let training = state.inputs().training.clone().expect("set").with_batch(16);
    train(&mut state, TrainAction::Set(training));
    train(&mut state, TrainAction::Start(Until::Step(4)));
    state
}

#[test]
fn another_batch_size_begins_a_second_run_and_both_stay() {
    use RunSetting::Batch;
    let (of_8, mut state) = (state().inputs().training.clone().expect("set"), two_runs());
    let both = [(vec![Batch(8)], 10), (vec![Batch(16)], 5)];
    assert_eq!(runs(&state), both);
    assert_eq!((state.plan().setup().images, state.run().branch().done()), (16, 5));
    let first = state.training_runs()[0].branch.clone();
    // The same setting comes back to the same run.
    train(&mut state, TrainAction::Set(of_8));
    assert_eq!((runs(&state), state.run().branch().done()), (both.to_vec(), 10));
    assert_eq!(state.run().branch().records, first.records);
    // Selected by its number, at the shown step where it has that.
    train(&mut state, TrainAction::GoTo(3));
    let second = state.training_runs()[1].branch.number();
    train(&mut state, TrainAction::Choose(second));
    assert_eq!((state.trace().time(), state.plan().setup().images), (3, 16));
    train(&mut state, TrainAction::Start(Until::Step(5)));
    assert_eq!(runs(&state)[1].1, 6, "it resumes from where it was");
    // Undo goes back to the run that was selected, and removes nothing.
    for _ in 0..2 {
        run(&mut state, Action::Undo);
    }
    assert_eq!((state.plan().setup().images, runs(&state)[1].1), (16, 6));
    run(&mut state, Action::Undo);
    assert_eq!((state.plan().setup().images, runs(&state)[1].1), (8, 6));
    assert!(state.notices().is_empty(), "{:?}", state.notices());
}

#[test]
fn each_setting_that_cannot_change_within_a_run_leaves_the_run_as_it_was() {
    let change = |change: fn(&mut Training)| {
        move |state: &AppState| {
            let mut training = state.inputs().training.clone().expect("set");
            change(&mut training);
            TrainAction::Set(training)
        }
    };
    let batch = change(|training| *training = training.clone().with_batch(4));
    let augment = change(|training| training.schedule.augment.flip = true);
    let shapes = |_: &AppState| TrainAction::Use(Some(Dataset::generated(Generated::Shapes, 5)));
    let none = |_: &AppState| TrainAction::Use(None);
    let weights = |_: &AppState| TrainAction::Restart { init: Init::Xavier, seed: 1 };
    let seed = |_: &AppState| TrainAction::Seed(77);
    let keep = |_: &AppState| TrainAction::Keep;
    let changes: [&dyn Fn(&AppState) -> TrainAction; 7] =
        [&batch, &augment, &shapes, &none, &weights, &seed, &keep];
    for (n, change) in changes.iter().enumerate() {
        let mut state = state();
        train(&mut state, TrainAction::Start(Until::Step(5)));
        let (number, records) = (state.run().branch().number(), state.run().branch().records.clone());
        let weights = params_at(&mut state, 5);
        let action = change(&state);
        train(&mut state, action);
        let kept = state.training_runs().into_iter().find(|run| run.branch.number() == number);
        let kept = kept.unwrap_or_else(|| panic!("change {n}: the run is there"));
        assert!(!kept.is_chosen && kept.branch.records == records, "change {n}");
        train(&mut state, TrainAction::Choose(number));
        assert_eq!(*params_at(&mut state, 5), *weights, "change {n}");
    }
}

#[test]
fn more_rounds_go_on_with_the_same_run() {
    let mut state = state();
    let rounds = |state: &AppState, epochs| {
        TrainAction::Set(Training { epochs, ..state.inputs().training.clone().expect("set") })
    };
    let one = rounds(&state, 1);
    train(&mut state, one);
    train(&mut state, TrainAction::Start(Until::End));
    assert_eq!((state.run().branch().done(), &state.training().ended), (10, &Some(End::Done)));
    let two = rounds(&state, 2);
    train(&mut state, two);
    assert_eq!((state.run().branch().done(), state.run().times(), state.plan().times()), (10, 20, 20));
    train(&mut state, TrainAction::Start(Until::End));
    assert_eq!((state.run().branch().done(), runs(&state).len()), (20, 1));
    run(&mut state, Action::Undo);
    assert_eq!((state.run().times(), state.run().branch().done()), (10, 20), "what was trained stays");
}

#[test]
fn runs_are_named_and_taken_away_by_the_user_alone_and_undo_covers_both() {
    let mut state = two_runs();
    let numbers: Vec<u32> = state.training_runs().iter().map(|run| run.branch.number()).collect();
    train(&mut state, TrainAction::Rename(numbers[0], " first ".into()));
    assert_eq!(state.training_runs()[0].name, Some("first"));
    train(&mut state, TrainAction::Remove(numbers[1]));
    assert_eq!(runs(&state).len(), 2, "the selected run stays");
    train(&mut state, TrainAction::Remove(numbers[0]));
    assert_eq!(runs(&state), [(vec![], 5)]);
    run(&mut state, Action::Undo);
    assert_eq!((runs(&state).len(), state.training_runs()[0].name), (2, Some("first")));
    run(&mut state, Action::Undo);
    assert_eq!((runs(&state).len(), state.training_runs()[0].name), (2, None));
    run(&mut state, Action::Redo);
    run(&mut state, Action::Redo);
    assert_eq!(runs(&state).len(), 1);
}

#[test]
fn training_goes_on_while_another_run_is_looked_at() {
    let mut state = two_runs();
    let numbers: Vec<u32> = state.training_runs().iter().map(|run| run.branch.number()).collect();
    let effects = apply(&mut state, Action::Train(TrainAction::Start(Until::Step(7))));
    let [Effect::Train { job, .. }] = &effects[..] else { panic!("{effects:?}") };
    let mut job = job.lock().expect("no panic").take().expect("a job");
    train(&mut state, TrainAction::Choose(numbers[0]));
    assert_eq!(state.training().running.as_ref().map(|running| running.number), Some(numbers[1]));
    // Another learning rate applies to the selected run.
    let slower = Optimizer { learning_rate: 0.001, ..state.inputs().optimizer };
    let effects = apply(&mut state, Action::SetOptimizer(slower));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Steer(_))), "{effects:?}");
    while let Some(news) = (job.time() < 8).then(|| news(&mut job, &Alone)).flatten() {
        apply(&mut state, Action::Train(TrainAction::News(Box::new(news))));
    }
    assert!(state.training().running.is_none());
    let trained = state.training_runs().into_iter().find(|run| run.branch.number() == numbers[1]);
    assert_eq!(trained.map(|run| run.branch.done()), Some(8));
    assert_eq!(state.plan().setup().images, 8, "the selected run stays");
}

#[test]
fn a_run_is_compared_with_the_one_that_is_looked_at() {
    let mut state = two_runs();
    let number = state.training_runs()[0].branch.number();
    run(&mut state, Action::Compare(CompareAction::KeepRun(number)));
    let kept = state.compare().kept.clone().expect("kept");
    let last = state.training_runs()[0].branch.keyframes.before(10).expect("kept").1.params.clone();
    assert_eq!((kept.run, kept.trace.time(), kept.trace.params()), (Some(number), 10, &last));
    let own = state.trace();
    assert_eq!(kept.trace.values().input, own.values().input, "on the same pictures");
    assert_ne!(kept.scores(), state.scores());
}

#[test]
fn undo_of_another_rate_goes_back_to_the_run_that_was_looked_at() {
    let mut state = state();
    train(&mut state, TrainAction::Start(Until::Step(9)));
    train(&mut state, TrainAction::GoTo(4));
    let faster = Optimizer { learning_rate: 0.1, ..state.inputs().optimizer };
    run(&mut state, Action::SetOptimizer(faster));
    train(&mut state, TrainAction::Start(Until::Step(9)));
    use RunSetting::Rate;
    assert_eq!(runs(&state), [(vec![Rate(0.01)], 10), (vec![Rate(0.1)], 10)]);
    run(&mut state, Action::Undo);
    assert_eq!((state.run().branch_index(), state.inputs().optimizer.learning_rate), (0, 0.01));
    assert_eq!(runs(&state).len(), 2, "both stay");
    run(&mut state, Action::Redo);
    assert_eq!((state.run().branch_index(), state.inputs().optimizer.learning_rate), (1, 0.1));
}

#[test]
fn another_rate_after_the_last_step_begins_a_second_run_at_step_0() {
    use RunSetting::Rate;
    let mut state = state();
    let training = state.inputs().training.clone().expect("set");
    train(&mut state, TrainAction::Set(Training { epochs: 1, ..training }));
    train(&mut state, TrainAction::Start(Until::End));
    assert_eq!((state.run().branch().done(), state.trace().time()), (10, 9));
    let faster = Optimizer { learning_rate: 0.1, ..state.inputs().optimizer };
    train(&mut state, TrainAction::Optimizer(faster));
    assert_eq!((state.run().branch().done(), state.trace().time()), (0, 0));
    assert_eq!(runs(&state), [(vec![Rate(0.01)], 10), (vec![Rate(0.1)], 0)]);
    train(&mut state, TrainAction::Start(Until::End));
    assert_eq!(runs(&state), [(vec![Rate(0.01)], 10), (vec![Rate(0.1)], 10)]);
    // Undo leads back to the run that is over.
    run(&mut state, Action::Undo);
    assert_eq!((state.run().branch_index(), state.inputs().optimizer.learning_rate), (0, 0.01));
}

#[test]
fn one_batch_of_a_longer_run_does_not_end_it() {
    let mut state = state();
    train(&mut state, TrainAction::Start(Until::Step(0)));
    assert_eq!((state.run().branch().done(), &state.training().ended), (1, &Some(End::Reached)));
    train(&mut state, TrainAction::Start(Until::Step(0)));
    assert_eq!(state.training().ended, Some(End::Reached), "it was done before");
}

#[test]
fn end_at_the_end_of_a_step_stays_there_and_says_what_begins_the_next_one() {
    let mut state = state();
    train(&mut state, TrainAction::Start(Until::Step(3)));
    let end = Action::GoToEdge { grain: Grain::Batch, back: false };
    run(&mut state, end.clone());
    let place = state.cursor().at();
    assert_eq!((place, state.stopped()), (4 * state.plan().len(), None));
    run(&mut state, end.clone());
    assert_eq!((state.cursor().at(), state.run().branch().done()), (place, 4));
    assert_eq!(state.stopped(), Some(StopReason::StepDone { last: false }));
    run(&mut state, Action::Go(Move::Next));
    assert_eq!((state.trace().time(), state.stopped()), (4, None), "the next one begins");
    run(&mut state, end);
    assert_eq!(state.cursor().at(), 5 * state.plan().len());
}

#[test]
fn class_names_stay_when_data_is_chosen_and_follow_what_was_learned_when_it_is_kept() {
    let mut state = state();
    let names = |state: &AppState| state.model().architecture.classes.clone();
    let before = names(&state);
    train(&mut state, TrainAction::Use(Some(Dataset::generated(Generated::Shapes, 5))));
    assert_eq!(names(&state), before);
    let shape = Generated::Shapes.classes()[0];
    assert_eq!((state.class_name(0), state.class_name(9)), (shape.to_owned(), state.model().class_name(9)));
    train(&mut state, TrainAction::Start(Until::Step(0)));
    train(&mut state, TrainAction::Keep);
    assert_eq!((names(&state)[0].as_str(), names(&state)[9].as_str()), (shape, "#9"));
}

#[test]
fn a_set_that_another_network_cannot_learn_ends_with_a_notice_and_undo_brings_it_back() {
    let mut state = state();
    train(&mut state, TrainAction::Start(Until::Step(3)));
    run(&mut state, Action::OpenBundled("shapes".into()));
    assert!(state.inputs().training.is_none());
    let notice = take_notice(&mut state).expect("it is said");
    assert!(notice.text.contains("has ended: it has 10 classes, and shapes only 8 outputs"), "{notice:?}");
    assert_eq!(state.training_runs().len(), 1, "its run stays");
    run(&mut state, Action::Undo);
    let training = state.inputs().training.clone().expect("back again");
    assert_eq!((training.schedule.batch_len, state.run().branch().done()), (8, 4));
    // To go back to the picture is no surprise.
    train(&mut state, TrainAction::Use(None));
    assert_eq!(state.notices(), []);
}
