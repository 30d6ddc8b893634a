//! Which class and which part of a set each picture of a tree of folders belongs to.
//!
//! A class is the uppermost folder below the folders that stand for parts, as in torchvision's `ImageFolder`. Parts are
//! recognised by their names ([`parts_of`]), above the classes or within each of them. Where names do not tell, but two
//! upper folders hold folders of the same names, nothing is guessed: [`DataError::PartsUnclear`].

use super::dataset::Split;
use super::error::{DataError, Instead, list_names};
use super::notes::DataNote;
use super::open_options::Skipped;
use super::parts::{part_of, parts_of};
use super::upper_folders::UpperFolders;
use std::collections::{BTreeMap, BTreeSet};

/// The endings of pictures' names.
pub(super) const ENDINGS: [&str; 13] =
    ["png", "jpg", "jpeg", "jpe", "gif", "bmp", "webp", "tif", "tiff", "ppm", "pgm", "pbm", "pnm"];

/// A file's number and its class.
pub(super) type Labelled = (usize, u16);

/// Classes, examples, and how they were found.
#[derive(Debug, PartialEq)]
pub(super) struct Arranged {
    /// The classes, sorted by name, or numerically if all names are numbers.
    pub classes: Vec<String>,
    /// The examples of each split, sorted by path.
    pub splits: [Vec<Labelled>; 3],
    pub notes: Vec<DataNote>,
    pub left_out: Vec<Skipped>,
}

/// A folder with pictures in it or below it.
#[derive(Default)]
struct Folder<'a> {
    /// The numbers of the pictures directly in it.
    pictures: Vec<usize>,
    folders: BTreeMap<&'a str, Folder<'a>>,
}

/// Part, class and number of a picture.
type Found<'a> = (Split, &'a str, usize);

/// How the folders beside one another are read.
enum Reading<'a, 'b> {
    /// Some are parts of the set; the others are left out.
    Parts { parts: Vec<(&'a str, Split, &'b Folder<'a>)>, others: Vec<&'a str> },
    /// Each is a class.
    Classes,
    /// Each is a class that holds parts.
    ClassesOfParts,
    /// Their names do not tell.
    Unclear,
}

/// Whether a path is that of a picture, by its ending; hidden files and the metadata that macOS adds to archives are
/// not.
pub(super) fn is_picture(path: &str) -> bool {
    let hidden = path.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
    let ending = path.rsplit('/').next().and_then(|file| file.rsplit_once('.')).map(|(_, ending)| ending);
    !hidden && ending.is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// Finds the classes and parts of the pictures among `paths`.
///
/// # Errors
/// If there are no class folders; [`DataError::PartsUnclear`].
pub(super) fn arrange(name: &str, paths: &[String], folders: &UpperFolders) -> Result<Arranged, DataError> {
    let root = Folder::of(paths);
    let mut arranging = Arranging { name, found: Vec::new(), notes: Vec::new(), left_out: Vec::new() };
    let (top, part) = arranging.unwrapped(&root);
    if top.folders.is_empty() {
        return Err(no_classes(name, paths, root.pictures.len()));
    }
    let reading = match folders {
        UpperFolders::ByName => read(top),
        UpperFolders::Classes => Reading::Classes,
        UpperFolders::Test(test) => with_test(name, top, test)?,
    };
    match reading {
        Reading::Parts { parts, others } => arranging.add_parts(top, parts, &others)?,
        Reading::Classes => {
            let part = part.unwrap_or(Split::Train);
            arranging.leave_out_loose("", top);
            for (class, folder) in &top.folders {
                arranging.add(part, class, folder);
            }
            let deep = top.folders.iter().filter(|(_, folder)| !folder.is_leaf());
            arranging.note_subfolders(&deep.map(|(class, _)| *class).collect());
        }
        Reading::ClassesOfParts => arranging.add_classes_of_parts(top),
        Reading::Unclear => {
            let folders = top.folders.keys().map(|&name| name.to_owned()).collect();
            return Err(DataError::PartsUnclear { name: name.to_owned(), folders });
        }
    }
    arranging.finish(paths)
}

impl<'a> Folder<'a> {
    /// The tree of the pictures among `paths`.
    fn of(paths: &'a [String]) -> Folder<'a> {
        // What lies deeper belongs to the folder at this depth; a path may be of any length.
        const DEEPEST: usize = 12;
        let mut root = Folder::default();
        for (number, path) in paths.iter().enumerate().filter(|(_, path)| is_picture(path)) {
            let mut parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
            parts.pop();
            let mut folder = &mut root;
            for part in parts.into_iter().take(DEEPEST) {
                folder = folder.folders.entry(part).or_default();
            }
            folder.pictures.push(number);
        }
        root
    }

    /// Whether it holds pictures only.
    fn is_leaf(&self) -> bool {
        self.folders.is_empty()
    }

    /// Calls `each` for every picture in it and below it.
    fn for_each(&self, each: &mut impl FnMut(usize)) {
        self.pictures.iter().for_each(|number| each(*number));
        self.folders.values().for_each(|folder| folder.for_each(each));
    }
}

/// Reads the folders of `top` by their names.
fn read<'a, 'b>(top: &'b Folder<'a>) -> Reading<'a, 'b> {
    let named = parts_of(top.folders.keys().copied());
    let kinds: BTreeSet<usize> = named.iter().flatten().map(|part| *part as usize).collect();
    let (named, others): (Vec<_>, Vec<_>) =
        top.folders.iter().zip(named).partition(|(_, part)| part.is_some());
    let any_deep = |of: &[((&&'a str, &'b Folder<'a>), Option<Split>)]| {
        of.iter().any(|((_, folder), _)| !folder.is_leaf())
    };
    let parts = || Reading::Parts {
        parts: named.iter().filter_map(|((name, folder), part)| Some((**name, (*part)?, *folder))).collect(),
        others: others.iter().map(|((name, _), _)| **name).collect(),
    };
    match kinds.len() {
        0 if holds_parts(top) => Reading::ClassesOfParts,
        0 if holds_the_same(top) => Reading::Unclear,
        0 => Reading::Classes,
        // Several training folders and nothing else, or nothing that holds classes.
        1 if others.is_empty() && (kinds.contains(&(Split::Train as usize)) || !any_deep(&named)) => parts(),
        // A class that is called "train", beside buses and trams.
        1 if !any_deep(&named) && !any_deep(&others) && others.len() > 1 => Reading::Classes,
        1 => Reading::Unclear,
        _ => parts(),
    }
}

/// Whether each folder holds folders that stand for parts, two different ones at least among all.
fn holds_parts(top: &Folder) -> bool {
    let mut kinds = BTreeSet::new();
    let all = top.folders.values().all(|folder| {
        let parts = parts_of(folder.folders.keys().copied());
        kinds.extend(parts.iter().flatten().map(|part| *part as usize));
        !parts.is_empty() && parts.iter().all(Option::is_some)
    });
    all && kinds.len() > 1
}

/// Whether two folders or more hold folders of the same names, two names at least among all.
fn holds_the_same(top: &Folder) -> bool {
    let mut holders: BTreeMap<String, usize> = BTreeMap::new();
    for name in top.folders.values().flat_map(|folder| folder.folders.keys()) {
        *holders.entry(name.to_lowercase()).or_default() += 1;
    }
    let shares = |folder: &&Folder| {
        let shared =
            folder.folders.keys().filter(|name| holders.get(&name.to_lowercase()) > Some(&1)).count();
        !folder.is_leaf() && (shared > 1 || shared == folder.folders.len())
    };
    holders.len() > 1 && top.folders.values().filter(shares).count() > 1
}

/// The reading in which the folder `test` is the test part. The others are what their names say, or for training.
fn with_test<'a, 'b>(name: &str, top: &'b Folder<'a>, test: &str) -> Result<Reading<'a, 'b>, DataError> {
    let wanted = top.folders.get(test);
    if let Some(folder) = wanted.filter(|folder| folder.is_leaf()) {
        let count = folder.pictures.len();
        return Err(unsorted(name, Instead::Within { count: Some(count), folders: vec![test.to_owned()] }));
    }
    if wanted.is_none() {
        let names: Vec<&str> = top.folders.keys().copied().collect();
        let what = format!(
            "expected one of its folders as the test part ({}), got {test:?}; name one of them",
            list_names(&names)
        );
        return Err(DataError::wrong(name, what));
    }
    let named = parts_of(top.folders.keys().copied());
    let parts = top.folders.iter().zip(named).map(|((name, folder), part)| {
        let part = if *name == test { Split::Test } else { part.unwrap_or(Split::Train) };
        (*name, part, folder)
    });
    Ok(Reading::Parts { parts: parts.collect(), others: Vec::new() })
}

/// The error of a set without class folders.
fn no_classes(name: &str, paths: &[String], loose: usize) -> DataError {
    let got = match loose {
        0 => no_picture(paths),
        count => Instead::Loose { count },
    };
    unsorted(name, got)
}

fn unsorted(name: &str, got: Instead) -> DataError {
    DataError::NoClasses { name: name.to_owned(), got }
}

/// What a set without pictures holds instead, by the commonest endings.
pub(super) fn no_picture(paths: &[String]) -> Instead {
    let mut endings: BTreeMap<String, usize> = BTreeMap::new();
    for path in paths.iter().filter(|path| !path.ends_with('/')) {
        let file = path.rsplit('/').next().unwrap_or(path);
        if let Some((_, ending)) =
            file.rsplit_once('.').filter(|(stem, ending)| !stem.is_empty() && ending.len() < 12)
        {
            *endings.entry(ending.to_lowercase()).or_default() += 1;
        }
    }
    let mut endings: Vec<(String, usize)> = endings.into_iter().collect();
    endings.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    endings.truncate(3);
    Instead::Files(endings)
}

/// What has been found so far.
struct Arranging<'a> {
    name: &'a str,
    found: Vec<Found<'a>>,
    notes: Vec<DataNote>,
    left_out: Vec<Skipped>,
}

impl<'a> Arranging<'a> {
    /// Descends into folders that hold nothing but one folder of folders; the part that the last of their names stands
    /// for.
    fn unwrapped<'b>(&mut self, folder: &'b Folder<'a>) -> (&'b Folder<'a>, Option<Split>) {
        let (mut folder, mut part) = (folder, None);
        while let (1, Some((name, only))) = (folder.folders.len(), folder.folders.first_key_value())
            && !only.is_leaf()
        {
            self.leave_out_loose("", folder);
            part = part_of(name).or(part);
            folder = only;
        }
        (folder, part)
    }

    fn leave_out(&mut self, name: &str, reason: String) {
        self.left_out.push(Skipped { name: name.to_owned(), reason });
    }

    /// Leaves out the pictures that lie beside class folders.
    fn leave_out_loose(&mut self, place: &str, folder: &Folder) {
        if !folder.pictures.is_empty() && !folder.is_leaf() {
            let count = folder.pictures.len();
            let place = if place.is_empty() { self.name.to_owned() } else { place.to_owned() };
            let what = format!(
                "expected pictures in class folders, got {count} beside them; sort them into the folders"
            );
            self.leave_out(&place, what);
        }
    }

    fn add(&mut self, part: Split, class: &'a str, folder: &Folder<'a>) {
        folder.for_each(&mut |number| self.found.push((part, class, number)));
    }

    fn note_subfolders(&mut self, deep: &BTreeSet<&str>) {
        if !deep.is_empty() {
            self.notes.push(DataNote::Subfolders(deep.iter().map(|&class| class.to_owned()).collect()));
        }
    }

    /// Adds the class folders of each part.
    fn add_parts<'b>(
        &mut self,
        top: &Folder<'a>,
        parts: Vec<(&'a str, Split, &'b Folder<'a>)>,
        others: &[&'a str],
    ) -> Result<(), DataError> {
        let training = || parts.iter().filter(|(_, part, _)| *part == Split::Train);
        // What is left would be trained on, and it is called a test.
        let nothing_to_learn = training().next().is_some() && training().all(|(.., folder)| folder.is_leaf());
        if nothing_to_learn || parts.iter().all(|(.., folder)| folder.is_leaf()) {
            let leaves = parts.iter().filter(|(.., folder)| folder.is_leaf());
            let folders = leaves.map(|(name, ..)| (*name).to_owned()).collect();
            return Err(unsorted(self.name, Instead::Within { count: None, folders }));
        }
        self.leave_out_loose("", top);
        for other in others {
            self.leave_out(
                other,
                "expected a training, validation or test folder; rename it to use it".to_owned(),
            );
        }
        let parts = self.unwrapped_parts(parts);
        let trained: BTreeMap<String, &str> = parts
            .iter()
            .filter(|(_, part, _)| *part == Split::Train)
            .flat_map(|(.., folder)| folder.folders.keys().map(|class| (class.to_lowercase(), *class)))
            .collect();
        let (mut used, mut deep) = (Vec::new(), BTreeSet::new());
        for (name, part, folder) in &parts {
            let strange = |class: &&str| !trained.contains_key(&class.to_lowercase());
            if folder.is_leaf() {
                let count = folder.pictures.len();
                let what = format!(
                    "expected class folders, got {count} pictures without a class; sort them into class folders"
                );
                self.leave_out(name, what);
                continue;
            }
            if !trained.is_empty() && folder.folders.keys().all(strange) {
                let names: Vec<&str> = folder.folders.keys().copied().collect();
                let names = list_names(&names);
                let what =
                    format!("expected folders of the training pictures' classes, got {names}; rename them");
                self.leave_out(name, what);
                continue;
            }
            self.leave_out_loose(name, folder);
            used.push(((*name).to_owned(), *part));
            for (class, pictures) in &folder.folders {
                // A class is the same whether its folder is called Cat or cat.
                let own =
                    folder.folders.contains_key(trained.get(&class.to_lowercase()).copied().unwrap_or(class));
                let known = trained.get(&class.to_lowercase()).filter(|_| *part != Split::Train && !own);
                self.add(*part, known.unwrap_or(class), pictures);
                if !pictures.is_leaf() {
                    deep.insert(*class);
                }
            }
        }
        self.notes.push(DataNote::Parts(used));
        self.note_subfolders(&deep);
        Ok(())
    }

    /// The parts with their class folders: a folder that wraps the classes of one part is seen through, unless another
    /// part has it beside other classes.
    fn unwrapped_parts<'b>(
        &mut self,
        parts: Vec<(&'a str, Split, &'b Folder<'a>)>,
    ) -> Vec<(&'a str, Split, &'b Folder<'a>)> {
        let several = parts.iter().filter(|(.., folder)| folder.folders.len() > 1);
        let known: BTreeSet<&str> = several.flat_map(|(.., folder)| folder.folders.keys().copied()).collect();
        let unwrapped = |arranging: &mut Self, (name, part, folder): (&'a str, Split, &'b Folder<'a>)| {
            let is_class = folder.folders.keys().any(|class| known.contains(class));
            if is_class { (name, part, folder) } else { (name, part, arranging.unwrapped(folder).0) }
        };
        parts.into_iter().map(|part| unwrapped(self, part)).collect()
    }

    /// Adds classes whose folders hold a folder for each part.
    fn add_classes_of_parts(&mut self, top: &Folder<'a>) {
        let mut used = BTreeSet::new();
        self.leave_out_loose("", top);
        for (class, folder) in &top.folders {
            self.leave_out_loose(class, folder);
            let parts = parts_of(folder.folders.keys().copied());
            for ((name, pictures), part) in folder.folders.iter().zip(parts) {
                let part = part.unwrap_or(Split::Train);
                used.insert((part as usize, *name));
                self.add(part, class, pictures);
            }
        }
        let used = used.into_iter().map(|(part, name)| (name.to_owned(), Split::ALL[part])).collect();
        self.notes.push(DataNote::Parts(used));
    }

    /// Numbers the classes and sorts the examples by path.
    fn finish(mut self, paths: &[String]) -> Result<Arranged, DataError> {
        let names: BTreeSet<&str> = self.found.iter().map(|(_, class, _)| *class).collect();
        let classes = sorted_classes(self.name, names)?;
        let number: BTreeMap<&str, u16> = (0..).zip(&classes).map(|(k, class)| (class.as_str(), k)).collect();
        self.found.sort_unstable_by_key(|(.., number)| &paths[*number]);
        let mut splits: [Vec<Labelled>; 3] = Default::default();
        for (split, class, file) in &self.found {
            splits[*split as usize].push((*file, number[class]));
        }
        Ok(Arranged { classes, splits, notes: self.notes, left_out: self.left_out })
    }
}

/// Classes sorted by name, or numerically if all names are numbers.
///
/// # Errors
/// If there are too many.
pub(super) fn sorted_classes(name: &str, names: BTreeSet<&str>) -> Result<Vec<String>, DataError> {
    let mut classes: Vec<&str> = names.into_iter().collect();
    if classes.iter().all(|class| class.parse::<u64>().is_ok()) {
        classes.sort_by_key(|class| class.parse::<u64>().unwrap_or(0));
    }
    if classes.len() > usize::from(u16::MAX) {
        let what = format!("expected at most {} classes, got {}; remove some", u16::MAX, classes.len());
        return Err(DataError::wrong(name, what));
    }
    Ok(classes.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arranged_as(paths: &[&str], folders: &UpperFolders) -> Result<Arranged, DataError> {
        arrange("x", &paths.iter().map(|&path| path.to_owned()).collect::<Vec<_>>(), folders)
    }

    fn arranged(paths: &[&str]) -> Result<Arranged, DataError> {
        arranged_as(paths, &UpperFolders::ByName)
    }

    /// The pictures of each split with their classes, as texts.
    fn text(paths: &[&str]) -> String {
        let Arranged { classes, splits, .. } = arranged(paths).expect("fits");
        let split = |split: &Vec<Labelled>| {
            let each =
                |(file, class): &Labelled| format!("{} {}", paths[*file], classes[usize::from(*class)]);
            split.iter().map(each).collect::<Vec<_>>().join(", ")
        };
        splits.each_ref().map(split).join(" | ")
    }

    #[test]
    fn parts_and_classes_come_from_folders() {
        let plain = arranged(&["dog/b.png", "cat/a.JPG", "notes.txt", "dog/a.png"]).expect("fits");
        assert_eq!(plain.classes, ["cat", "dog"]);
        assert_eq!(plain.splits, [vec![(1, 0), (3, 1), (0, 1)], vec![], vec![]]);
        assert_eq!((plain.notes, plain.left_out), (vec![], vec![]));
        let wrapped = [
            "s/Train/dog/1.png",
            "s/test/cat/1.png",
            "s/test/dog/3.png",
            "s/val/dog/2.png",
            "__MACOSX/s/train/x/1.png",
            "s/train/dog/.1.png",
        ];
        let wrapped = arranged(&wrapped).expect("fits");
        assert_eq!(wrapped.splits, [vec![(0, 1)], vec![(3, 1)], vec![(1, 0), (2, 1)]]);
        let parts = [("Train", Split::Train), ("test", Split::Test), ("val", Split::Validation)];
        assert_eq!(
            wrapped.notes,
            [DataNote::Parts(parts.map(|(name, part)| (name.to_owned(), part)).into())]
        );
        let numbers = arranged(&["10/a.png", "9/a.png", "007/a/b.gif"]).expect("fits");
        assert_eq!(numbers.classes, ["007", "9", "10"]);
        let only_tests = arranged(&["test/a/1.png", "test/b/1.png"]).expect("fits");
        assert_eq!(only_tests.splits.map(|part| part.len()), [0, 0, 2]);
        for (paths, expected) in [
            (&["a.png", "b.png"][..], "got 2 pictures outside any class folder"),
            (&["readme.txt", "a/x.dcm", "a/y.dcm"], "got no picture (2 .dcm, 1 .txt files)"),
            (&["train/a.png", "test/b.png"], "got pictures directly in test, train"),
            (&["test/b.png"], "got pictures directly in test"),
            // What is called a test must not become what is trained on.
            (&["train/a.png", "test/cat/b.png", "test/dog/b.png"], "got pictures directly in train"),
        ] {
            let error = arranged(paths).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn wrappers_around_the_set_and_around_a_part_are_seen_through() {
        let expected = "d/cat/1.png cat, d/dog/2.png dog |  | ";
        assert_eq!(text(&["d/cat/1.png", "d/dog/2.png"]), expected);
        assert_eq!(
            text(&[
                "d/d/train/train/cat/1.png",
                "d/d/train/train/dog/2.png",
                "d/d/test/test/dog/3.png",
                "d/d/test/test/cat/4.png"
            ]),
            "d/d/train/train/cat/1.png cat, d/d/train/train/dog/2.png dog |  | \
             d/d/test/test/cat/4.png cat, d/d/test/test/dog/3.png dog"
        );
        // The only class of one part is one of the other's classes, and no wrapper.
        assert_eq!(
            text(&[
                "train/cat/old/1.png",
                "train/dog/old/2.png",
                "test/cat/old/3.png",
                "test/cat/young/4.png"
            ]),
            "train/cat/old/1.png cat, train/dog/old/2.png dog |  | test/cat/old/3.png cat, test/cat/young/4.png cat"
        );
        // Parts within each class.
        let inner = ["cat/train/1.png", "cat/test/2.png", "dog/train/3.png", "dog/val/4.png"];
        assert_eq!(
            text(&inner),
            "cat/train/1.png cat, dog/train/3.png dog | dog/val/4.png dog | cat/test/2.png cat"
        );
    }

    #[test]
    fn a_class_with_folders_is_one_class() {
        let found = arranged(&["cat/siamese/1.png", "cat/persian/2.png", "dog/poodle/3.png", "dog/4.png"])
            .expect("fits");
        assert_eq!(found.classes, ["cat", "dog"]);
        assert_eq!(found.splits[0], [(1, 0), (0, 0), (3, 1), (2, 1)]);
        assert_eq!(found.notes, [DataNote::Subfolders(vec!["cat".into(), "dog".into()])]);
        // The same single folder in each class, as in Tiny ImageNet, cannot be a class.
        assert_eq!(arranged(&["a/images/1.png", "b/images/2.png"]).expect("fits").classes, ["a", "b"]);
    }

    #[test]
    fn what_names_do_not_tell_is_asked() {
        let same = ["one/cat/1.png", "one/dog/2.png", "two/cat/3.png", "two/dog/4.png"];
        for paths in [
            &same[..],
            &["train/cat/1.png", "train/dog/2.png", "rest/cat/3.png"],
            &["test1/cat/1.png", "test1/dog/2.png", "test2/cat/1.png"],
            &["train/a.png", "photos/b.png"],
        ] {
            let error = arranged(paths).expect_err("unclear");
            let DataError::PartsUnclear { folders, .. } = &error else { panic!("{error}") };
            assert_eq!(folders.len(), 2, "{error}");
            assert!(error.to_string().contains("--test-folder"), "{error}");
        }
        let lens = |folders: &UpperFolders| {
            let found = arranged_as(&same, folders).expect("told");
            (found.classes.join(" "), found.splits.map(|split| split.len()))
        };
        assert_eq!(lens(&UpperFolders::Classes), ("one two".into(), [4, 0, 0]));
        assert_eq!(lens(&UpperFolders::Test("one".into())), ("cat dog".into(), [2, 0, 2]));
        let error = arranged_as(&same, &UpperFolders::Test("three".into())).unwrap_err().to_string();
        assert!(error.contains("(one, two), got \"three\""), "{error}");
        // A class may be called train.
        assert_eq!(
            arranged(&["bus/1.png", "car/2.png", "train/3.png"]).expect("fits").classes,
            ["bus", "car", "train"]
        );
    }

    #[test]
    fn what_has_no_class_is_left_out_with_a_line() {
        let found = arranged(&[
            "preview.png",
            "seg_train/cat/1.png",
            "seg_train/dog/2.png",
            "seg_train/3.png",
            "seg_test/Cat/4.png",
            "seg_pred/5.png",
            "val/images/6.png",
        ]);
        let found = found.expect("fits");
        assert_eq!(found.classes, ["cat", "dog"]);
        assert_eq!(found.splits.map(|split| split.len()), [2, 0, 1]);
        let mut names: Vec<&str> = found.left_out.iter().map(|left| left.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["seg_pred", "seg_train", "val", "x"]);
        assert!(
            found
                .left_out
                .iter()
                .all(|left| left.reason.starts_with("expected") && left.reason.contains(';'))
        );
    }

    #[test]
    fn a_path_of_any_depth_takes_no_stack() {
        let deep = format!("cat/{}1.png", "a/".repeat(200_000));
        assert_eq!(arranged(&[&deep, "dog/1.png"]).expect("fits").classes, ["cat", "dog"]);
    }
}
