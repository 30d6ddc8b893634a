//! Training on a data set in the program without a window: actions in, state out.

use convstep::{
    app::{
        Action, AppState, DataAction, EditAction, Effect, End, Extent, News, Notice, TrainAction, Training,
        TrainingJob, Until, apply,
    },
    data::{Dataset, Generated, Split},
    model_io::{Architecture, Model},
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

const NET: &str = r#"
input = [1, 28, 28]
[[layers]]
name = "conv1"
kind = "conv2d"
out_channels = 4
kernel = 5
stride = 2
[[layers]]
name = "relu1"
kind = "relu"
[[layers]]
name = "pool1"
kind = "max_pool2d"
kernel = 2
[[layers]]
name = "drop"
kind = "dropout"
p = 0.1
[[layers]]
name = "fc"
kind = "dense"
out_features = 10
"#;

/// The newest notice, which is dismissed.
fn take_notice(state: &mut AppState) -> Option<Notice> {
    let newest = state.notices().last().cloned();
    apply(state, Action::DismissNotice);
    newest
}

/// A small network, about to be trained on generated digits in batches of 8.
fn state() -> AppState {
    let architecture = Architecture::parse(NET).expect("parses");
    let model = Model::initial("net", architecture, Init::He, 3).expect("fits");
    let picture = convstep::data::samples::load("digit-3").expect("bundled");
    let mut state = AppState::open(model, picture).expect("fits");
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
        assert_eq!(state.run().line().done(), time + 1);
        assert_eq!(state.trace().time(), time, "the cursor goes to the batch done last");
        first.push(Arc::clone(state.trace().params()));
    }
    for time in [24, 3, 0, 17, 1, 23] {
        assert_eq!(*params_at(&mut state, time), *first[time as usize], "step {time}");
    }
    let records = state.run().line().records.clone();
    let two = Threads::new(2).expect("threads");
    let mut again = self::state();
    let start = Action::Train(TrainAction::Start(Until::Step(24)));
    run_on(&mut again, start, &two);
    assert_eq!(at(&again), "e2.b4.i0/loss/loss");
    assert_eq!(*params_at(&mut again, 1), *first[1]);
    assert_eq!(*params_at(&mut again, 24), *first[24]);
    assert!(again.run().line().records.iter().eq(&records), "and all that was measured");
    assert!(records[&24].report.loss < records[&0].report.loss);
    assert!(records[&24].gradient_norm().is_some_and(|norm| norm > 0.0));
}

#[test]
fn a_batch_can_be_stepped_into_down_to_the_term_for_any_image() {
    let mut state = state();
    train(&mut state, TrainAction::Start(Until::Step(12)));
    assert_eq!(
        (at(&state).as_str(), state.training().ended.as_ref()),
        ("e1.b2.i0/loss/loss", Some(&End::Done))
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
    let old = state.run().line().clone();
    let end = params_at(&mut state, 20);
    train(&mut state, TrainAction::GoTo(10));
    let slower = Optimizer { learning_rate: 0.001, ..state.inputs().optimizer };
    run(&mut state, Action::SetOptimizer(slower));
    assert_eq!((state.run().lines().len(), state.run().line_number(), state.run().line().done()), (2, 1, 10));
    assert_eq!(state.plan().setup().optimizer, slower);
    train(&mut state, TrainAction::Start(Until::Step(20)));
    let new = state.run().line();
    assert!((0..10).all(|time| new.records[&time] == old.records[&time]));
    assert_eq!(new.records[&10].report, old.records[&10].report, "the update comes after");
    assert_ne!(new.records[&12].report, old.records[&12].report);
    assert_eq!(state.run().lines()[0].records, old.records);
    // Back on the old line all is as it was.
    train(&mut state, TrainAction::Choose(state.run().lines()[0].number()));
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
    assert_eq!((state.run().line().done(), state.trace().time()), (1, 0));
    train(&mut state, TrainAction::StopNoMore(StopWhen::GradientAbove(0.02)));
    train(&mut state, TrainAction::StopAt(StopWhen::Accuracy(0.5)));
    train(&mut state, TrainAction::Start(Until::End));
    assert_eq!(
        state.training().ended,
        Some(End::Stopped(StopWhen::Accuracy(0.5))),
        "{:?}",
        state.run().line().checks
    );
    let (_, check) = state.run().line().checks.last_key_value().expect("a check");
    assert!(check.report.accuracy() >= 0.5 && check.confusion.rows().flatten().sum::<u64>() == 400);
}

#[test]
fn undo_brings_back_what_had_been_trained() {
    let mut state = state();
    train(&mut state, TrainAction::Start(Until::Step(9)));
    let (records, params) = (state.run().line().records.clone(), params_at(&mut state, 9));
    train(&mut state, TrainAction::Restart { init: Init::Xavier, seed: 8 });
    assert_eq!(state.run().line().done(), 0);
    assert_ne!(*params_at(&mut state, 0), *params);
    run(&mut state, Action::Undo);
    assert_eq!((state.run().line().done(), &state.run().line().records), (10, &records));
    assert_eq!(*params_at(&mut state, 9), *params);
    // A hyperparameter goes back from here on; nothing that was trained is lost.
    let faster = Optimizer { learning_rate: 0.5, ..state.inputs().optimizer };
    run(&mut state, Action::SetOptimizer(faster));
    run(&mut state, Action::Undo);
    assert_eq!((state.inputs().optimizer.learning_rate, state.run().lines()[0].done()), (0.01, 10));
    // The picture has nothing to do with it.
    run(&mut state, Action::OpenSample("digit-5".into()));
    assert_eq!(state.run().lines()[0].done(), 10);
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
    assert_eq!(state.run().line().done(), 10);
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
    assert_eq!((state.run().line().done(), state.shown_data() == data), (10, true));
    // While a job goes on it is the latest weights.
    let effects = apply(&mut state, Action::Train(TrainAction::Start(Until::Step(12))));
    let [Effect::Train { job, .. }] = &effects[..] else { panic!("{effects:?}") };
    let mut job = job.lock().expect("no panic").take().expect("a job");
    let mut told = news(&mut job, &Alone).expect("a step");
    told.keyframes = vec![(job.time(), job.keyframe())];
    let latest = job.keyframe().params;
    apply(&mut state, Action::Train(TrainAction::News(Box::new(told))));
    run(&mut state, step(&data));
    assert_eq!(state.model().params, latest);
    assert!(state.training().running.is_none(), "which ends the job");
}

#[test]
fn what_does_not_fit_leaves_a_line_and_the_state_as_it_was() {
    let mut state = state();
    let training = state.inputs().training.clone();
    // Eight shapes have three channels: as grey pictures they fit ten outputs, but not an odd network.
    let odd = NET.replace("input = [1, 28, 28]", "input = [2, 28, 28]");
    let odd = Model::initial("odd", Architecture::parse(&odd).expect("parses"), Init::He, 0).expect("fits");
    let values = convstep::data::Loaded {
        name: "values".into(),
        content: convstep::data::Content::Values(convstep::tensor::Tensor::zeros((1, 2, 28, 28))),
        label: None,
    };
    let mut other = AppState::open(odd, values).expect("fits");
    train(&mut other, TrainAction::Use(Some(Dataset::generated(Generated::Shapes, 1))));
    assert!(other.inputs().training.is_none());
    assert!(take_notice(&mut other).is_some_and(|notice| notice.text.contains("channel")));
    let few = NET.replace("out_features = 10", "out_features = 4");
    let few = Model::initial("few", Architecture::parse(&few).expect("parses"), Init::He, 0).expect("fits");
    let picture = convstep::data::samples::load("digit-3").expect("bundled");
    let mut few = AppState::open(few, picture).expect("fits");
    train(&mut few, TrainAction::Use(Some(Dataset::generated(Generated::Digits, 1))));
    assert!(few.inputs().training.is_none());
    let text = take_notice(&mut few).expect("a line").text;
    assert!(text.contains("expected at most 4 classes") && text.contains("got 10"), "{text}");
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
    // They begin a line of their own at this step; undo comes back to the one before, redo to this one.
    let edited = |state: &AppState| state.trace().params().0[layer].at(Part::Weight).iter().nth(1).copied();
    assert_eq!((at(&state).as_str(), edited(&state)), ("e0.b2.i0/fwd", Some(0.75)));
    let lines =
        |state: &AppState| (state.run().lines().len(), state.run().line_number(), state.run().line().done());
    assert_eq!(lines(&state), (2, 1, 2));
    run(&mut state, Action::Undo);
    assert_eq!(
        (lines(&state), edited(&state)),
        ((2, 0, 4), before.0[layer].at(Part::Weight).iter().nth(1).copied())
    );
    assert_eq!(**state.trace().params(), *before);
    run(&mut state, Action::Redo);
    assert_eq!((lines(&state), edited(&state)), ((2, 1, 2), Some(0.75)));
    // A second edit at the same step goes on with the line; a drag is undone as one.
    for (value, more) in [(0.5, false), (0.25, true)] {
        let edit = EditAction::SetParameter { layer, part: Part::Weight, index: 1, value };
        run(&mut state, Action::Edit { edit, more });
    }
    assert_eq!((lines(&state), edited(&state)), ((2, 1, 2), Some(0.25)));
    run(&mut state, Action::Undo);
    assert_eq!(edited(&state), Some(0.75));
    // It trains on from there; the old line stays as it was.
    let old = state.run().lines()[0].clone();
    train(&mut state, TrainAction::Start(Until::Step(5)));
    assert_eq!((state.run().line_number(), state.run().line().done()), (1, 6));
    let new = state.run().line();
    assert!((0..2).all(|time| new.records[&time] == old.records[&time]));
    assert_ne!(new.records[&2].report, old.records[&2].report);
    assert_eq!(state.run().lines()[0].records, old.records);
    // Any step of it comes back bit for bit.
    let last = params_at(&mut state, 5);
    assert_eq!(params_at(&mut state, 2).0[layer].at(Part::Weight).iter().nth(1), Some(&0.75));
    assert_eq!(params_at(&mut state, 5), last);
    // Back to what was trained up to there.
    run(&mut state, Action::GoTo("e0.b2.i0/fwd".into()));
    run(&mut state, Action::Edit { edit: EditAction::Reset(Extent::Model), more: false });
    assert_eq!(
        (state.run().lines().len(), edited(&state)),
        (3, before.0[layer].at(Part::Weight).iter().nth(1).copied())
    );
    assert!(state.notices().is_empty(), "{:?}", state.notices());
}
