//! The part of a data set that a folder's or a file's name stands for: for training, validation or testing.
//!
//! A name is cut into words at separators, between letters and digits, and where a capital begins a word; case is
//! ignored, and so are words like "set", "data" and "images". `training_set`, `trainData`, `imgs_train` and `TRAIN` all
//! stand for training, `val2017` for validation, `seg_test` for testing.

use super::dataset::Split;
use std::collections::BTreeSet;

/// What a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Train,
    /// For development: for validation beside training pictures, for training without them.
    Development,
    Validation,
    /// For evaluation: for testing, or for validation beside test pictures.
    Evaluation,
    Test,
}

/// Words that say nothing about the part. A longer one stands before one that it contains.
const NOUNS: [&str; 26] = [
    "datasets", "dataset", "pictures", "picture", "examples", "example", "samples", "sample", "folders",
    "folder", "batches", "images", "photos", "image", "photo", "batch", "files", "split", "imgs", "sets",
    "pics", "data", "file", "img", "set", "dir",
];

/// The parts that the names of folders or files beside one another stand for; `None` where a name does not tell.
pub(super) fn parts_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Option<Split>> {
    let said: Vec<Option<Said>> = names.into_iter().map(said_by).collect();
    let has = |what: Said| said.contains(&Some(what));
    let part = |said: Said| match said {
        Said::Train => Split::Train,
        Said::Development if has(Said::Train) || !(has(Said::Test) || has(Said::Evaluation)) => {
            Split::Validation
        }
        Said::Development => Split::Train,
        Said::Validation => Split::Validation,
        Said::Evaluation if has(Said::Test) => Split::Validation,
        Said::Evaluation | Said::Test => Split::Test,
    };
    said.iter().map(|said| said.map(part)).collect()
}

/// The part that one name stands for; `None` if it does not tell.
pub(super) fn part_of(name: &str) -> Option<Split> {
    parts_of([name]).into_iter().next().flatten()
}

/// What a name says; `None` if it says nothing, or more than one thing.
fn said_by(name: &str) -> Option<Said> {
    let chinese = [("训练", Said::Train), ("验证", Said::Validation), ("测试", Said::Test)];
    let words = words_of(name);
    // The test pictures of MNIST and its relatives.
    if words.windows(3).any(|words| words == ["t", "10", "k"]) {
        return Some(Said::Test);
    }
    let said = words.iter().filter_map(|word| said_by_word(word));
    let said: BTreeSet<Said> = said
        .chain(chinese.into_iter().filter(|(word, _)| name.contains(word)).map(|(_, said)| said))
        .collect();
    match said.into_iter().collect::<Vec<_>>()[..] {
        [only] => Some(only),
        // Training and validation pictures together, as in "trainval".
        [Said::Train, Said::Validation | Said::Development] => Some(Said::Train),
        _ => None,
    }
}

/// What a word says, whatever nouns are written together with it.
fn said_by_word(word: &str) -> Option<Said> {
    let mut word = word;
    loop {
        match word {
            "train" | "training" | "trn" | "trainval" => return Some(Said::Train),
            "dev" | "devel" | "development" => return Some(Said::Development),
            "val" | "valid" | "validation" | "validate" | "validating" => return Some(Said::Validation),
            "eval" | "evaluation" | "evaluate" | "evaluating" => return Some(Said::Evaluation),
            "test" | "tests" | "testing" | "tst" | "holdout" => return Some(Said::Test),
            _ => {}
        }
        let rest =
            NOUNS.iter().find_map(|noun| word.strip_suffix(noun).or_else(|| word.strip_prefix(noun)))?;
        word = rest;
    }
}

/// The words of a name, in lower case.
pub(super) fn words_of(name: &str) -> Vec<String> {
    #[derive(PartialEq, Clone, Copy)]
    enum Kind {
        Lower,
        Upper,
        Digit,
        Other,
    }
    let kind = |c: char| match c {
        c if c.is_numeric() => Kind::Digit,
        c if c.is_uppercase() => Kind::Upper,
        c if c.is_alphabetic() => Kind::Lower,
        _ => Kind::Other,
    };
    let mut words: Vec<String> = Vec::new();
    let mut last = Kind::Other;
    let mut letters = name.chars().peekable();
    while let Some(c) = letters.next() {
        let now = kind(c);
        let next = letters.peek().map(|c| kind(*c));
        // "TrainData", and the last capital of "TESTData".
        let begins = match (last, now) {
            (_, Kind::Other) => false,
            (Kind::Upper, Kind::Lower) => false,
            (Kind::Upper, Kind::Upper) => next == Some(Kind::Lower),
            (last, now) => last != now,
        };
        if begins {
            words.push(String::new());
        }
        if let (Some(word), true) = (words.last_mut(), now != Kind::Other) {
            word.extend(c.to_lowercase());
        }
        last = now;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_into_words() {
        for (name, words) in [
            ("training_set", "training set"),
            ("TrainData", "train data"),
            ("TESTData", "test data"),
            ("TEST", "test"),
            ("val2017", "val 2017"),
            ("2 Test-Images.v3", "2 test images v 3"),
            ("", ""),
        ] {
            assert_eq!(words_of(name).join(" "), words, "{name}");
        }
    }

    #[test]
    fn a_name_stands_for_a_part_by_its_words() {
        use Split::{Test, Train, Validation};
        let train = "train|Train|TRAIN|training|Training|training_set|trainset|TrainSet|seg_train|train_data|\
            train-images|train_images|imgs_train|trainingData|train2017|1_train|images.train|my train pictures|trainval|\
            train_val|traindataset|训练集|mnist_train|X_train|train-images-idx3-ubyte.gz";
        let validation = "val|valid|Valid|validation|val2017|validation_set|valset|VAL|dev|dev_set|验证集";
        let test = "test|Test|testing|Testing|test_set|seg_test|test_data|test1|testImages|t10k-images-idx3-ubyte|eval|\
            evaluation|holdout|tests|imgs_test|测试集";
        let none = "cat|trainers|contest|latest|greatest|protest|valley|value|device|data|images|train_test_split|strain|\
            medieval|retrained|validity|set||7|猫|cat10k";
        for (part, names) in
            [(Some(Train), train), (Some(Validation), validation), (Some(Test), test), (None, none)]
        {
            for name in names.split('|') {
                assert_eq!(part_of(name), part, "{name}");
            }
        }
    }

    #[test]
    fn a_name_may_depend_on_its_neighbours() {
        use Split::{Test, Train, Validation};
        assert_eq!(parts_of(["train", "dev"]), [Some(Train), Some(Validation)]);
        assert_eq!(parts_of(["train", "eval"]), [Some(Train), Some(Test)]);
        assert_eq!(parts_of(["train", "eval", "test"]), [Some(Train), Some(Validation), Some(Test)]);
        assert_eq!(parts_of(["dev", "eval"]), [Some(Train), Some(Test)]);
        assert_eq!(parts_of(["dev", "test", "cat"]), [Some(Train), Some(Test), None]);
    }
}
