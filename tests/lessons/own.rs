//! A teacher's own lesson: a file, with a model and a picture of its own beside it.

use convstep::{
    app::{Action, AppState, LessonAction, apply, beat_scene, lesson_scene},
    lesson::{Answer, Item, Lesson, Sign, Verdict, bundled, check},
    model_io::bundled as models,
};
use std::{fs, path::Path};

/// A lesson in a folder, with a copy of the model `shapes` and a picture of its own.
fn folder(lesson: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("files")).expect("a folder within");
    let shapes = models::find("shapes").expect("bundled");
    fs::write(folder.path().join("files/mine.safetensors"), shapes.bytes).expect("written");
    let picture = image::RgbImage::from_fn(40, 40, |x, y| image::Rgb([x as u8 * 6, y as u8 * 6, 90]));
    picture.save(folder.path().join("mine.png")).expect("written");
    fs::write(folder.path().join("lesson.toml"), lesson).expect("written");
    folder
}

/// The template, on one's own model and picture.
fn own() -> String {
    let template = include_str!("../../assets/lessons/template.toml");
    let model = template.replacen("model = \"shapes\"", "model = \"files/mine.safetensors\"", 1);
    model.replacen("picture = \"shape-star\"", "picture = \"mine.png\"", 1)
}

#[test]
fn a_lesson_brings_its_own_model_and_picture() {
    let folder = folder(&own());
    let lesson = Lesson::read(&folder.path().join("lesson.toml")).expect("it is read");
    let scene = beat_scene(&lesson, 0).expect("a scene");
    assert_eq!(scene.model.network, models::load("shapes").expect("bundled").network);
    let pixel = |i, j| scene.fitted.tensor[[0, 0, i, j]];
    assert!(pixel(0, 31) > pixel(0, 0) + 100.0, "it is the picture of the folder");
    let faults = check(&lesson, bundled(), &lesson_scene);
    let of_files = faults.iter().filter(|fault| fault.text.contains("mine"));
    assert_eq!(of_files.count(), 0, "{faults:?}");
    // It is played: the window's own state gets model and picture, and gives them back.
    let mut state = AppState::new();
    let before = state.inputs().clone();
    apply(&mut state, LessonAction::Open(lesson.into()).into());
    assert!(state.notices().is_empty(), "{:?}", state.notices());
    assert_eq!(state.model().name, "files/mine.safetensors");
    apply(&mut state, Action::from(LessonAction::GoOn));
    apply(&mut state, Action::from(LessonAction::Leave));
    assert_eq!(state.inputs(), &before);
}

#[test]
fn a_lesson_reads_nothing_outside_of_its_folder() {
    let secret = tempfile::tempdir().expect("a folder");
    fs::write(secret.path().join("secret.png"), b"secret").expect("written");
    let outside = secret.path().join("secret.png");
    let absolute = outside.to_string_lossy().into_owned();
    for name in ["../secret.png", "files/../../secret.png", &absolute, "C:\\\\secret.png"] {
        let text = own().replacen("mine.png", name, 1);
        let folder = folder(&text);
        let error = Lesson::read(&folder.path().join("lesson.toml")).expect_err(name);
        assert!(error.0.contains("outside of it"), "{name}: {error}");
    }
    #[cfg(unix)]
    {
        let folder = folder(&own().replacen("mine.png", "link.png", 1));
        std::os::unix::fs::symlink(&outside, folder.path().join("link.png")).expect("a link");
        let error = Lesson::read(&folder.path().join("lesson.toml")).expect_err("a link out of the folder");
        assert!(error.0.contains("outside of it"), "{error}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named_with_what_to_do() {
    let folder = folder(&own().replacen("mine.png", "gone.png", 1));
    let error = Lesson::read(&folder.path().join("lesson.toml")).expect_err("no such picture");
    assert!(error.0.contains("gone.png") && error.0.contains("put it beside the lesson"), "{error}");
    let unread = Lesson::parse(&own()).expect("a lesson");
    let error = beat_scene(&unread, 0).expect_err("its files were not read");
    assert!(error.contains("files/mine.safetensors"), "{error}");
    assert!(Lesson::read(Path::new("/no/such/lesson.toml")).is_err());
}

/// Who believes that equal filters come apart may take either for the larger one.
#[test]
fn equal_filters_that_come_apart_are_named_whichever_is_taken_for_the_larger() {
    let lesson = bundled().lesson("symmetry").expect("the lesson");
    let scene = beat_scene(lesson, 0).expect("a scene");
    let item = Item::draw(&lesson.beats[0], &scene, 0, 4).expect("an item");
    assert_eq!(item.right, Some(Answer::Sign(Sign::Equal)));
    for sign in [Sign::Less, Sign::More] {
        let verdict = item.judge(&Answer::Sign(sign));
        assert!(matches!(verdict, Verdict::Rule(rule) if rule.id == "drift-apart"), "{sign:?}");
    }
}
