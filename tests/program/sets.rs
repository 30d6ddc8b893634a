//! Opening data sets and looking at them in the program without a window: actions in, state out.

use crate::start;

use convstep::{
    app::{
        Action, AppState, DataAction, Done, Effect, JobKind, Page, Shown, Task, TrainAction, Until, apply,
        run_tasks_here,
    },
    data::{Augment, Content, Dataset, Disk, Generated, Origin, Split, UpperFolders},
    model_io::bundled,
    nn::Execution,
};
use std::{fs, path::Path};

use crate::program;
use crate::program::take_notice;

/// Applies an action; what a worker does is done at once. Returns the effects that are left.
fn run(state: &mut AppState, action: Action) -> Vec<Effect> {
    let effects = apply(state, action);
    run_tasks_here(state, effects, Execution::SERIAL, &Disk)
}

fn open(state: &mut AppState, path: &Path) {
    run(state, Action::Data(DataAction::Open(path.into())));
}

fn state(model: &str) -> AppState {
    let mut state = start::shapes();
    run(&mut state, Action::OpenBundled(model.to_owned()));
    assert_eq!(state.notices(), []);
    state
}

/// A folder of class folders with `n` pictures of a generator, by the names of its first `classes` classes.
fn folders(generated: Generated, classes: usize, n: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for index in 0..n {
        let (pixels, class) = generated.sample(3, index);
        if class >= classes {
            continue;
        }
        let [c, h, w] = generated.input_shape();
        let path = folder.path().join(generated.classes()[class]).join(format!("{index}.png"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        let image = image::RgbImage::from_fn(w as u32, h as u32, |x, y| {
            image::Rgb([0, 1, 2].map(|k: usize| pixels[[0, k.min(c - 1), y as usize, x as usize]] as u8))
        });
        image.save(path).expect("writes");
    }
    folder
}

/// The data that is trained on.
fn data(state: &AppState) -> &Dataset {
    &state.inputs().training.as_ref().expect("training").schedule.data
}

#[test]
fn a_set_is_opened_shown_and_trained_on() {
    let folder = folders(Generated::Shapes, 8, 120);
    fs::write(folder.path().join("circle/broken.png"), b"no picture").expect("writes");
    let mut state = state("shapes");
    run(&mut state, Action::Data(DataAction::Ask(true)));
    assert!(state.data().asking);
    open(&mut state, folder.path());
    assert_eq!((state.notices().len(), state.data().asking, state.view().page), (0, false, Page::Data));
    let opened = state.data().opened.as_ref().expect("opened");
    assert_eq!((opened.location.as_path(), opened.skipped.len()), (folder.path(), 1));
    assert!(opened.skipped[0].name.ends_with("circle/broken.png"));
    // It is shown, measured, and not trained on yet.
    let shown = state.shown_data();
    assert_eq!((shown.classes().len(), shown.origin(Split::Validation)), (8, Origin::KeptBack));
    let lens = Split::ALL.map(|part| shown.len(part).expect("ends"));
    assert_eq!(lens.iter().sum::<u64>(), 120);
    let Some(Ok(measured)) = state.data().measured(&shown, Split::Train) else { panic!("not measured") };
    assert_eq!(measured.by_class.iter().map(Vec::len).sum::<usize>() as u64, lens[0]);
    assert!(state.inputs().training.is_none());
    run(&mut state, Action::Train(TrainAction::Use(Some(shown))));
    assert_eq!(state.notices(), []);
    // The network's classes stand in its own order, which is not that of the folders' names.
    assert_eq!(data(&state).classes(), Generated::Shapes.classes());
    let star = state.model().class_index("star").expect("a class");
    let measured = data(&state).measure(Split::Train, Execution::SERIAL).expect("measures");
    let of_stars = data(&state).example(Split::Train, measured.by_class[star][0]).expect("reads");
    assert_eq!(of_stars.class, star);
    // Opened from the page of training, it is trained on at once.
    run(&mut state, Action::Train(TrainAction::Use(None)));
    run(&mut state, Action::SetPage(Page::Training));
    open(&mut state, folder.path());
    assert_eq!((state.view().page, data(&state).len(Split::Test)), (Page::Training, Some(12)));
    assert!(state.data().measured(data(&state), Split::Train).is_some());
}

#[test]
fn what_does_not_fit_is_fitted_where_it_can_be() {
    // Fewer classes, other names, another size: outputs take the names of the data.
    let folder = folders(Generated::Digits, 4, 60);
    let mut state = state("shapes");
    open(&mut state, folder.path());
    let shown = state.shown_data();
    run(&mut state, Action::Train(TrainAction::Use(Some(shown))));
    assert_eq!(state.notices(), []);
    assert_eq!((data(&state).own_shape(), data(&state).shape()), ([3, 28, 28], [3, 32, 32]));
    let names = |state: &AppState| (0..8).map(|class| state.model().class_name(class)).collect::<Vec<_>>();
    assert_eq!(names(&state), Generated::Shapes.classes(), "it has learned nothing of the data yet");
    let learn = [TrainAction::Start(Until::Step(0)), TrainAction::Keep];
    program::run(&mut state, learn.map(Action::Train));
    assert_eq!(names(&state), ["0", "1", "2", "3", "#4", "#5", "#6", "#7"]);
    assert!(state.inputs().training.is_none());
    // Undone with what was learned.
    run(&mut state, Action::Undo);
    assert!(state.inputs().training.is_some());
    assert_eq!(names(&state), Generated::Shapes.classes());
    // More classes than outputs cannot be.
    let mut few = start::shapes();
    run(&mut few, Action::OpenBundled("shapes".into()));
    run(&mut few, Action::Train(TrainAction::Use(Some(Dataset::generated(Generated::Digits, 1)))));
    let text = take_notice(&mut few).expect("a notice").text;
    assert!(text.ends_with("10 classes in the data, 8 outputs of fc; set out_features = 10"), "{text}");
    assert!(few.inputs().training.is_none());
    assert_eq!(few.model().class_name(0), Generated::Shapes.classes()[0]);
}

#[test]
fn a_network_that_comes_later_meets_the_data() {
    let mut state = state("digits");
    run(&mut state, Action::Train(TrainAction::Use(Some(Dataset::generated(Generated::Digits, 1)))));
    // The same classes: training goes over to it.
    run(&mut state, Action::OpenBundled("mnist".into()));
    assert_eq!(data(&state).generator(), Some(Generated::Digits));
    // Classes of other names would be taken for what they are not.
    run(&mut state, Action::OpenBundled("photos".into()));
    assert!(state.inputs().training.is_none());
    let text = take_notice(&mut state).expect("why training ended").text;
    assert!(text.contains("digits") && text.contains("photos"), "{text}");
    assert_eq!(state.model().class_name(0), bundled::load("photos").expect("bundled").class_name(0));
}

#[test]
fn what_cannot_be_opened_leaves_a_line_and_the_state() {
    let mut state = state("shapes");
    for (path, says) in [("/nowhere/at/all", "check the path"), (file!(), "another kind")] {
        open(&mut state, Path::new(path));
        let text = take_notice(&mut state).expect("a notice").text;
        assert!(text.contains(says) && !text.contains('\n'), "{text}");
        assert!(state.data().opened.is_none() && state.jobs().of_kind(JobKind::OpeningData).is_none());
    }
    assert_eq!(state.view().page, Page::Network);
}

#[test]
fn which_folder_is_the_test_part_is_asked_where_names_do_not_tell() {
    let folder = tempfile::tempdir().expect("a folder");
    for place in ["first/even", "first/odd", "second/even", "second/odd"] {
        let path = folder.path().join(place);
        fs::create_dir_all(&path).expect("a folder");
        let save =
            |k: u8| image::GrayImage::from_pixel(6, 8, image::Luma([k])).save(path.join(format!("{k}.png")));
        (0..if place.starts_with("first") { 2 } else { 8 }).for_each(|k| save(k).expect("saves"));
    }
    let mut state = state("digits");
    run(&mut state, Action::SetPage(Page::Training));
    open(&mut state, folder.path());
    let question = state.data().parts_question.clone().expect("asks");
    assert_eq!(
        (question.location.as_path(), question.folders.join(" ")),
        (folder.path(), "first second".into())
    );
    assert!(state.data().opened.is_none() && state.inputs().training.is_none() && state.notices().is_empty());
    // Escape leaves it closed; an answer opens it.
    run(&mut state, Action::Escape);
    assert!(state.data().parts_question.is_none());
    let test = DataAction::AnswerParts(Some(UpperFolders::Test("first".into())));
    run(&mut state, Action::Data(test.clone()));
    assert!(state.data().opened.is_none(), "nothing was asked");
    open(&mut state, folder.path());
    run(&mut state, Action::Data(test));
    assert!(state.data().parts_question.is_none());
    let opened = &state.data().opened.as_ref().expect("opened").dataset;
    assert_eq!((opened.classes().join(" "), opened.len(Split::Test)), ("even odd".into(), Some(4)));
    // On the page of training a notice tells what was recognised.
    let text = take_notice(&mut state).expect("a note").text;
    assert!(text.contains("train from second; test from first"), "{text}");
    open(&mut state, folder.path());
    run(&mut state, Action::Data(DataAction::AnswerParts(Some(UpperFolders::Classes))));
    assert_eq!(state.data().opened.as_ref().expect("opened").dataset.classes(), ["first", "second"]);
    // Another set does away with the question.
    open(&mut state, folder.path());
    assert!(state.data().parts_question.is_some());
    open(&mut state, &folder.path().join("first"));
    assert!(state.data().parts_question.is_none());
}

#[test]
fn an_opening_tells_how_far_it_is_and_can_be_stopped() {
    let mut state = state("shapes");
    let effects = apply(&mut state, Action::Data(DataAction::Open("some/set".into())));
    let [Effect::Work { job, task, cancel: stop }] = &effects[..] else { panic!("{effects:?}") };
    let Task::OpenData { options, .. } = &**task else { panic!("{task:?}") };
    assert_eq!(options.max_side, Some(96));
    let job = *job;
    apply(&mut state, Action::Progress { job: job + 1, part: 0.9 });
    apply(&mut state, Action::Progress { job, part: 0.25 });
    let opening = state.jobs().of_kind(JobKind::OpeningData).expect("still running");
    assert_eq!((opening.part, opening.name.as_str()), (0.25, "set"));
    // Stepping still works meanwhile.
    apply(&mut state, Action::GoTo("fwd/conv1".into()));
    assert!(state.jobs().of_kind(JobKind::OpeningData).is_some());
    apply(&mut state, Action::Cancel(JobKind::OpeningData));
    assert!(
        state.jobs().of_kind(JobKind::OpeningData).is_none()
            && stop.load(std::sync::atomic::Ordering::Relaxed)
    );
    // What still comes of it is not heard.
    let opened = convstep::data::open(folders(Generated::Shapes, 2, 20).path(), None, Execution::SERIAL)
        .expect("opens");
    apply(&mut state, Action::Worked { job, done: Done::DataOpened(Ok(opened)) });
    assert!(state.data().opened.is_none());
}

#[test]
fn parts_and_classes_are_chosen_of_generated_sets_too() {
    let mut state = state("digits");
    run(&mut state, Action::SetPage(Page::Data));
    assert_eq!(state.shown_data().generator(), Some(Generated::Digits), "as the network looks at grey");
    run(&mut state, Action::Data(DataAction::Show(Shown::Generated(Generated::Shapes))));
    run(&mut state, Action::Data(DataAction::Split(Split::Test)));
    run(&mut state, Action::Data(DataAction::Class(Some(3))));
    let shown = state.shown_data();
    let Some(Ok(measured)) = state.data().measured(&shown, Split::Test) else { panic!("not measured") };
    let first = measured.by_class[3][0];
    assert_eq!(shown.example(Split::Test, first).expect("is made").class, 3);
    assert_eq!(measured.means.iter().flatten().count(), 8);
    // Another set begins with all classes.
    run(&mut state, Action::Data(DataAction::Show(Shown::Generated(Generated::Digits))));
    assert_eq!(state.data().class, None);
}

#[test]
fn an_example_becomes_the_picture_with_its_label() {
    let mut state = state("digits");
    let shown = state.shown_data();
    let example = shown.example(Split::Test, 5).expect("is made");
    run(&mut state, Action::SetPage(Page::Data));
    let step = DataAction::StepThrough { data: shown.clone(), part: Split::Test, index: 5 };
    run(&mut state, Action::Data(step));
    assert_eq!((state.view().page, state.inputs().picture.name.as_str()), (Page::Network, "digits test 5"));
    assert!(matches!(state.inputs().picture.content, Content::Picture(_)));
    assert_eq!((&state.fitted().tensor, state.label()), (&example.pixels, example.class));
    let beyond = DataAction::StepThrough { data: shown.with_split(0.1, 1), part: Split::Test, index: 7 };
    run(&mut state, Action::Data(beyond));
    assert_eq!(state.inputs().picture.name, "digits test 7");
    run(&mut state, Action::Undo);
    assert_eq!(state.inputs().picture.name, "digits test 5");
}

#[test]
fn seed_share_difficulty_and_variation_are_the_runs() {
    let folder = folders(Generated::Shapes, 8, 100);
    let mut state = state("shapes");
    run(&mut state, Action::SetPage(Page::Training));
    open(&mut state, folder.path());
    let training = state.inputs().training.clone().expect("training");
    let len = |state: &AppState, part| data(state).len(part).expect("ends");
    assert_eq!((len(&state, Split::Validation), training.validation), (10, 0.1));
    run(&mut state, Action::Train(TrainAction::Set(training.with_validation(0.3))));
    assert_eq!((len(&state, Split::Train), len(&state, Split::Validation)), (60, 30));
    let before = data(&state).clone();
    run(&mut state, Action::Train(TrainAction::Seed(9)));
    let training = state.inputs().training.clone().expect("training");
    assert_eq!((training.schedule.seed, state.inputs().seed, state.plan().setup().seed), (9, 9, 9));
    assert!(*data(&state) != before && len(&state, Split::Validation) == 30);
    let mut varied = training;
    varied.schedule.augment = Augment { shift: 2, flip: true, ..Augment::default() };
    run(&mut state, Action::Train(TrainAction::Set(varied)));
    let batch = state.run().source().pixels(0, 0).expect("an example").0;
    run(&mut state, Action::Undo);
    assert_ne!(state.run().source().pixels(0, 0).expect("an example").0, batch);
    // Mean and deviation of the data become the network's.
    run(&mut state, Action::Train(TrainAction::Normalise));
    let statistics = data(&state).statistics(Execution::SERIAL).expect("measures");
    let preprocess = &state.model().architecture.preprocess;
    assert_eq!((preprocess.mean(), preprocess.std()), (&statistics.mean[..], &statistics.std[..]));
    let input = state.run().input();
    assert!(input.iter().sum::<f32>().abs() / (input.len() as f32) < 0.5);
    // A generator's examples have a seed of their own.
    run(&mut state, Action::Train(TrainAction::Use(Some(Dataset::generated(Generated::Shapes, 1)))));
    let first = data(&state).example(Split::Train, 0).expect("is made");
    run(&mut state, Action::Train(TrainAction::Seed(10)));
    assert_ne!(data(&state).example(Split::Train, 0).expect("is made"), first);
    assert_eq!(
        data(&state).example(Split::Train, 0),
        Dataset::generated(Generated::Shapes, 10).example(Split::Train, 0)
    );
}
