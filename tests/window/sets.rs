//! The page of data and the question where a set lies, by role and label, with no display and no GPU.

use convstep::{
    app::{Action, AppState, Effect, Lang, Page, apply, run_tasks_here},
    data::{Dataset, Disk, Generated, Split},
    nn::Execution,
    ui::strings::Words,
};
use egui_kittest::{Harness, kittest::Queryable};
use std::path::Path;

use crate::harness::{Program, window};
use crate::start;

fn update(state: &mut AppState, action: Action) -> Vec<Effect> {
    let effects = apply(state, action);
    run_tasks_here(state, effects, Execution::SERIAL, &Disk)
}

fn harness(lang: Lang, size: [f32; 2]) -> Harness<'static, Program> {
    let mut state = start::shapes();
    apply(&mut state, Action::SetLang(lang));
    window(state, size, update)
}

#[test]
fn examples_are_shown_by_part_and_class_and_one_is_clicked() {
    let mut harness = harness(Lang::En, [1280.0, 720.0]);
    harness.key_press(egui::Key::F6);
    harness.run_steps(4);
    assert_eq!(harness.state().state.view().page, Page::Data);
    let data = harness.state().state.shown_data();
    let name = |part, index| {
        let example = data.example(part, index).expect("is made");
        format!("Example {index}: {}", data.classes()[example.class])
    };
    assert!(harness.query_by_label(&name(Split::Train, 0)).is_some());
    harness.get_by_label("Test ∞").click();
    harness.run_steps(4);
    assert!(harness.query_by_label(&name(Split::Test, 3)).is_some());
    // One class only.
    let measured = data.measure(Split::Test, Execution::SERIAL).expect("measures");
    let row = format!("{}: {} examples", data.classes()[2], measured.by_class[2].len());
    harness.get_by_label(&row).click();
    harness.run_steps(4);
    assert_eq!(harness.state().state.data().class, Some(2));
    let first = measured.by_class[2][0];
    harness.get_by_label(&name(Split::Test, first)).click();
    harness.run_steps(3);
    let state = &harness.state().state;
    assert_eq!((state.view().page, state.label()), (Page::Network, 2));
    assert_eq!(state.inputs().picture.name, format!("{} test {first}", data.name()));
}

#[test]
fn a_path_is_typed_and_the_set_is_trained_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let examples: Vec<_> = (0..40).map(|index| Generated::Shapes.sample(1, index)).collect();
    let records = examples.iter().flat_map(|(pixels, class)| {
        [*class as u8].into_iter().chain(pixels.iter().map(|&x| x as u8)).collect::<Vec<u8>>()
    });
    let path = folder.path().join("data_batch_1.bin");
    std::fs::write(&path, records.collect::<Vec<u8>>()).expect("writes");
    let mut harness = harness(Lang::En, [1024.0, 768.0]);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::D);
    harness.run_steps(3);
    harness.get_by_label("Path of a folder or file").type_text(&path.display().to_string());
    harness.run_steps(2);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(4);
    let state = &harness.state().state;
    assert_eq!((state.notices().len(), state.view().page, state.data().asking), (0, Page::Data, false));
    // Ten classes are more than the eight outputs of the network.
    harness.get_by_label("Train on this data").click();
    harness.run_steps(3);
    assert!(harness.query_by_label_contains("10 classes in the data, 8 outputs of fc").is_some());
}

#[test]
fn both_pages_say_what_they_show_in_both_languages_and_sizes() {
    for lang in Lang::ALL {
        let words = Words(lang);
        for size in [[1280.0, 720.0], [1024.0, 768.0]] {
            let mut harness = harness(lang, size);
            let state = &mut harness.state_mut().state;
            let data = Dataset::generated(Generated::Shapes, 0);
            update(state, Action::Train(convstep::app::TrainAction::Use(Some(data))));
            update(state, Action::SetPage(Page::Data));
            harness.run_steps(3);
            for key in ["sets.all_classes", "sets.is_trained_on", "cmd.open_data"] {
                assert!(harness.query_by_label(&words.text(key)).is_some(), "{key} in {lang:?}");
            }
            update(&mut harness.state_mut().state, Action::SetPage(Page::Training));
            harness.run_steps(3);
            harness.get_by_label(&words.text("training.more")).click();
            harness.run_steps(30);
            for key in ["training.seed", "training.difficulty", "training.shift", "training.flip"] {
                let name = words.text(key);
                assert!(harness.query_all_by_label(&name).next().is_some(), "{key} in {lang:?}");
            }
            assert!(harness.query_by_label_contains("/255").is_some());
        }
    }
}

/// A set of class folders below `first` and `second`, whose names do not tell which is for testing.
fn unclear_set() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (n, place) in ["first/even", "first/odd", "second/even", "second/odd"].into_iter().enumerate() {
        let path = folder.path().join("numbers").join(place);
        std::fs::create_dir_all(&path).expect("a folder");
        let picture = image::GrayImage::from_fn(28, 28, |x, y| image::Luma([(x * y) as u8 ^ (n as u8 * 60)]));
        (0..12).for_each(|k| picture.save(path.join(format!("{k}.png"))).expect("saves"));
    }
    folder
}

#[test]
fn which_folder_is_the_test_part_is_asked_and_what_was_recognised_is_said() {
    let folder = unclear_set();
    let path = folder.path().join("numbers");
    for lang in Lang::ALL {
        let words = Words(lang);
        let mut harness = harness(lang, [1280.0, 720.0]);
        open_typed(&mut harness, &path);
        assert!(harness.query_by_label(&words.text("sets.which_test")).is_some());
        assert!(harness.query_by_label_contains("first, second").is_some());
        assert!(harness.query_by_label(&words.text("sets.are_classes")).is_some());
        if let Some(shots) = std::env::var_os("CONVSTEP_SHOTS") {
            for (size, dark) in [([1280, 720], false), ([1024, 768], true)] {
                let frame = convstep::ui::render::render(&harness.state().state, size, 1.0, dark);
                let name = format!("which_test_{}_{}.png", lang.code(), size[0]);
                frame.save(Path::new(&shots).join(name)).expect("saves");
            }
        }
        harness.get_by_label(&words.fill("sets.is_test_folder", &[("folder", "second")])).click();
        harness.run_steps(4);
        let state = &harness.state().state;
        assert_eq!((state.view().page, state.data().parts_question.is_none()), (Page::Data, true));
        assert_eq!(state.shown_data().len(Split::Test), Some(24));
        // The note names both parts by their folders.
        let test = words.fill("sets.note_part", &[("part", &words.text("sets.test")), ("names", "second")]);
        assert!(harness.query_by_label_contains(&test).is_some(), "{test}");
        if let Some(shots) = std::env::var_os("CONVSTEP_SHOTS") {
            let frame = convstep::ui::render::render(&harness.state().state, [1280, 720], 1.0, false);
            frame.save(Path::new(&shots).join(format!("parts_note_{}.png", lang.code()))).expect("saves");
        }
    }
}

/// Opens a set as a user does: Open data, the path, Enter.
fn open_typed(harness: &mut Harness<'static, Program>, path: &Path) {
    let words = Words(harness.state().state.view().lang);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::D);
    harness.run_steps(3);
    harness.get_by_label(&words.text("sets.path")).type_text(&path.display().to_string());
    harness.run_steps(2);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(4);
}

#[test]
fn each_form_of_set_opens_by_its_path_and_says_what_it_was_taken_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("writes");
    };
    let pgm = |value: u8| [&b"P5 2 2 255 "[..], &[value; 4]].concat();
    for n in 0..4u8 {
        write(&format!("parts/training_set/{}/{n}.pgm", ["cats", "dogs"][usize::from(n % 2)]), &pgm(n));
        write(&format!("parts/test_set/{}/{n}.pgm", ["cats", "dogs"][usize::from(n % 2)]), &pgm(9 + n));
        write(&format!("deep/cat/{}/{n}.pgm", ["siamese", "persian"][usize::from(n % 2)]), &pgm(n));
        write(&format!("deep/dog/poodle/{n}.pgm"), &pgm(n));
        write(&format!("named/pictures/{n}.pgm"), &pgm(n));
    }
    write("named/labels.csv", b"file,label\n0.pgm,x\n1.pgm,y\n2.pgm,x\n3.pgm,y\n");
    write(
        "fer.csv",
        b"emotion,pixels,Usage\n0,1 2 3 4,Training\n1,5 6 7 8,Training\n1,5 6 7 9,PrivateTest\n",
    );
    let text = "label,a,b,c,d\n0,1,2,3,4\n1,2,3,4,5\n";
    write("contest/train.csv", text.as_bytes());
    write("contest/sample_submission.csv", b"ImageId,Label\n1,0\n");
    for (name, part, note) in [
        ("parts", (Split::Test, 4), "training_set"),
        ("deep", (Split::Train, 6), "The folders within a class are that class: cat, dog"),
        ("named", (Split::Train, 4), "Labels from labels.csv: column label"),
        ("named/labels.csv", (Split::Train, 4), "Labels from labels.csv"),
        ("fer.csv", (Split::Test, 1), "PrivateTest"),
        ("contest", (Split::Train, 2), "Left out: 1"),
    ] {
        let mut harness = harness(Lang::En, [1280.0, 720.0]);
        open_typed(&mut harness, &folder.path().join(name));
        let state = &harness.state().state;
        assert_eq!((state.notices(), state.view().page), (&[][..], Page::Data), "{name}");
        assert_eq!(state.data().opened.as_ref().expect("opened").dataset.len(part.0), Some(part.1), "{name}");
        assert!(harness.query_by_label_contains(note).is_some(), "{name}: {note}");
    }
}
