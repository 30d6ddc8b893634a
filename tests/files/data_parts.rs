//! Parts and classes of data sets in folders and archives: what is for testing is never trained on in silence.

use convstep::{
    data::{DataError, DataNote, OpenOptions, Opened, Recipe, Split, UpperFolders, open},
    execution::Execution,
};
use std::{
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

/// A grey PNG of 4 x 4 pixels of one value.
fn png(value: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = image::GrayImage::from_pixel(4, 4, image::Luma([value]));
    image.write_to(&mut bytes, image::ImageFormat::Png).expect("encodes");
    bytes.into_inner()
}

/// Files `<folder>/<class>/<n>.png`. A picture's pixels are a number of its own, from 0.
fn class_folders(folders: &[(&str, usize)], classes: &[&str]) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for (folder, count) in folders {
        for class in classes {
            for n in 0..*count {
                files.push((format!("{folder}/{class}/{n}.png"), png(files.len() as u8)));
            }
        }
    }
    files
}

fn as_folder(files: &[(String, Vec<u8>)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("set");
    for (name, bytes) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("writes");
    }
    (folder, root)
}

fn as_archive(files: &[(String, Vec<u8>)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).expect("starts");
        zip.write_all(bytes).expect("packs");
    }
    let path = folder.path().join("set.zip");
    fs::write(&path, zip.finish().expect("packs").into_inner()).expect("writes");
    (folder, path)
}

/// The values of the pictures of a split.
fn values(opened: &Opened, split: Split) -> Vec<u8> {
    let data = &opened.dataset;
    let mut values: Vec<u8> = (0..data.len(split).expect("ends"))
        .map(|index| data.example(split, index).expect("reads").pixels[[0, 0, 0, 0]] as u8)
        .collect();
    values.sort_unstable();
    values
}

fn with(path: &Path, folders: UpperFolders) -> Result<Opened, DataError> {
    OpenOptions { folders, ..OpenOptions::default() }.open(path, Execution::SERIAL)
}

#[test]
fn parts_of_any_name_are_parts_in_folders_archives_and_wrappers() {
    for (train, test) in [
        ("training_set", "test_set"),
        ("seg_train", "seg_test"),
        ("train_data", "test_data"),
        ("train_images", "test_images"),
        ("Training", "Testing"),
        ("train", "eval"),
        ("imgs_train", "imgs_test"),
        ("TrainSet", "TestSet"),
        ("train2017", "test2017"),
        ("data/set/train", "data/set/test"),
        ("train/train", "test/test"),
        ("训练集", "测试集"),
    ] {
        let files = class_folders(&[(train, 4), (test, 2)], &["cats", "dogs"]);
        for (_folder, path) in [as_folder(&files), as_archive(&files)] {
            let opened = open(&path, None, Execution::SERIAL).expect("opens");
            assert_eq!(opened.dataset.classes(), ["cats", "dogs"], "{train}");
            assert_eq!(values(&opened, Split::Train), [0, 1, 2, 3, 4, 5, 6, 7], "{train}");
            assert_eq!(values(&opened, Split::Test), [8, 9, 10, 11], "{test}");
            let names = [(train, Split::Train), (test, Split::Test)];
            let [DataNote::Parts(parts)] = &opened.notes[..] else { panic!("{:?}", opened.notes) };
            let expected = names.map(|(name, part)| {
                let name =
                    if name.starts_with("data/") { name.rsplit('/').next() } else { name.split('/').next() };
                (name.expect("a name").to_owned(), part)
            });
            assert!(expected.iter().all(|part| parts.contains(part)), "{parts:?}");
            // What is kept back for validation comes from training alone.
            let split = opened.dataset.with_split(0.25, 3);
            assert_eq!(Split::ALL.map(|part| split.len(part)), [Some(6), Some(2), Some(4)]);
        }
    }
    for (train, validation) in
        [("train", "dev"), ("Train", "Valid"), ("train2017", "val2017"), ("train", "validation_set")]
    {
        let (_folder, path) = as_folder(&class_folders(&[(train, 3), (validation, 1)], &["cats", "dogs"]));
        let opened = open(&path, None, Execution::SERIAL).expect("opens");
        assert_eq!(values(&opened, Split::Validation), [6, 7], "{validation}");
        assert_eq!(values(&opened, Split::Train), [0, 1, 2, 3, 4, 5], "{validation}");
    }
}

#[test]
fn what_names_do_not_tell_is_refused_until_it_is_said() {
    let files = class_folders(&[("first", 3), ("second", 2)], &["cats", "dogs"]);
    for (_folder, path) in [as_folder(&files), as_archive(&files)] {
        let error = open(&path, None, Execution::SERIAL).expect_err("unclear");
        let line = error.to_string();
        assert!(matches!(error, DataError::PartsUnclear { .. }), "{line}");
        assert!(
            line.contains("first, second") && line.contains("--test-folder") && !line.contains('\n'),
            "{line}"
        );
        let opened = with(&path, UpperFolders::Test("first".into())).expect("said");
        assert_eq!(values(&opened, Split::Test), [0, 1, 2, 3, 4, 5]);
        assert_eq!(values(&opened, Split::Train), [6, 7, 8, 9]);
        let classes = with(&path, UpperFolders::Classes).expect("said");
        assert_eq!(classes.dataset.classes(), ["first", "second"]);
        assert_eq!(classes.notes, [DataNote::Subfolders(vec!["first".into(), "second".into()])]);
        // A session opens it as it was opened.
        let recipe = Recipe::from_dataset(&opened.dataset).expect("opened");
        let text = serde_json::to_string(&recipe).expect("writes");
        let again: Recipe = serde_json::from_str(&text).expect("reads");
        let again = again.make(&convstep::data::Disk, Execution::SERIAL).expect("opens");
        assert_eq!((again.len(Split::Train), again.len(Split::Test)), (Some(4), Some(6)));
        assert!(recipe.made_of(&classes.dataset).is_none());
    }
    // A choice of folder where there are none is refused, too.
    let folder = tempfile::tempdir().expect("a folder");
    let table = folder.path().join("t.csv");
    fs::write(&table, "label,a,b,c,d\n1,2,3,4,5\n").expect("writes");
    let error = with(&table, UpperFolders::Classes).expect_err("no folders").to_string();
    assert!(error.contains("expected class folders"), "{error}");
}

#[test]
fn a_class_is_the_upper_folder() {
    let mut files =
        class_folders(&[("cat/siamese", 1), ("cat/persian", 1), ("dog/poodle", 2)], &["indoors", "outdoors"]);
    files.push(("dog/7.png".into(), png(7)));
    let (_folder, path) = as_folder(&files);
    let opened = open(&path, None, Execution::SERIAL).expect("opens");
    assert_eq!(
        (opened.dataset.classes(), opened.dataset.len(Split::Train)),
        (&["cat".into(), "dog".into()][..], Some(9))
    );
    let of = |class: usize| {
        (0..9)
            .filter(|index| opened.dataset.example(Split::Train, *index).expect("reads").class == class)
            .count()
    };
    assert_eq!((of(0), of(1)), (4, 5));
    assert_eq!(opened.notes, [DataNote::Subfolders(vec!["cat".into(), "dog".into()])]);
    assert_eq!(opened.notes[0].to_string(), "the folders within a class are that class: cat, dog");
}

#[test]
fn a_shape_that_overflows_is_refused() {
    let (_folder, path) = as_folder(&class_folders(&[("a", 1), ("b", 1)], &[""]));
    for shape in [[usize::MAX; 3], [3, usize::MAX, 2], [3, 1 << 32, 1 << 32], [1, 0, 5], [usize::MAX, 1, 1]] {
        let error = open(&path, Some(shape), Execution::SERIAL).expect_err("too large").to_string();
        assert!(error.contains("choose another network"), "{error}");
    }
}
