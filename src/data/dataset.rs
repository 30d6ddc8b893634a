//! A data set: labelled pictures of one shape in three parts, generated or loaded, any example by its number.

use super::background::Background;
use super::difficulty::Difficulty;
use super::error::DataError;
use super::example_source::ExampleSource;
use super::fit::{Fit, fit};
use super::generated::Generated;
use super::limits::MAX_PIXELS;
use super::picture::Picture;
use super::shuffle::Permutation;
use super::store::Stored;
use crate::tensor::Tensor;
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The share of the training part that [`Dataset::with_split`] keeps back for testing where a set has no test part.
pub const TEST_SHARE: f64 = 0.1;

/// Examples to validate on where nothing else is wanted; of a loaded set a tenth at most.
pub const VALIDATION: u64 = 1000;

/// What an example is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// To train on.
    Train,
    /// To look at while training.
    Validation,
    /// To test on at the end.
    Test,
}

impl Split {
    /// All of them, in that order.
    pub const ALL: [Split; 3] = [Split::Train, Split::Validation, Split::Test];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        }
    }
}

/// Where the examples of a part come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// They are made, without end.
    Generated,
    /// The set has this part of its own.
    Own,
    /// They were kept back from the set's training part, at random.
    KeptBack,
    /// There are none.
    Absent,
}

/// One labelled picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// (1, C, H, W): whole numbers in 0..=255.
    pub pixels: Tensor,
    /// The number of its class.
    pub class: usize,
}

/// A data set; a clone is the same set and takes no more memory.
///
/// ```
/// use convstep::data::{Dataset, Generated, Split};
///
/// let data = Dataset::generated(Generated::Digits, 1);
/// assert_eq!((data.shape(), data.len(Split::Train)), ([1, 28, 28], None));
/// let example = data.example(Split::Train, 7)?;
/// assert_eq!(data.example(Split::Train, 7)?, example);
/// # Ok::<(), convstep::data::DataError>(())
/// ```
#[derive(Clone)]
pub struct Dataset {
    inner: Arc<Inner>,
    /// What is kept back from training.
    split: Option<Holdout>,
    /// (C, H, W) to which pictures are fitted.
    shape: [usize; 3],
    /// The classes of a network among which the set's own are.
    names: Option<Arc<Names>>,
}

#[derive(PartialEq)]
struct Names {
    classes: Vec<String>,
    /// Of each class of the set, its number among them.
    number: Vec<usize>,
}

struct Inner {
    name: String,
    /// Where it was opened; nowhere where it was generated or made.
    path: Option<PathBuf>,
    classes: Vec<String>,
    shape: [usize; 3],
    source: Storage,
}

enum Storage {
    Generated {
        generated: Generated,
        seed: u64,
        difficulty: Difficulty,
    },
    /// In the order of [`Split::ALL`].
    Stored([Stored; 3]),
}

/// Of the training part in a random order, the first examples test, whatever else is kept back; the next validate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Holdout {
    seed: u64,
    validation: u64,
    test: u64,
}

impl Dataset {
    /// The examples of a generator, endless. Validation and test examples come from seeds of their own.
    pub fn generated(generated: Generated, seed: u64) -> Dataset {
        let (name, shape) = (generated.name().to_owned(), generated.input_shape());
        let classes = generated.classes().iter().map(|&class| class.to_owned()).collect();
        let source = Storage::Generated { generated, seed, difficulty: Difficulty::default() };
        let inner = Inner { name, path: None, classes, shape, source };
        Dataset { inner: Arc::new(inner), split: None, shape, names: None }
    }

    /// The same with generated examples, of every part, as hard as this; a loaded set stays as it is.
    #[must_use]
    pub fn with_difficulty(self, difficulty: Difficulty) -> Dataset {
        let Storage::Generated { generated, seed, .. } = self.inner.source else { return self };
        let source = Storage::Generated { generated, seed, difficulty };
        let (name, classes) = (self.inner.name.clone(), self.inner.classes.clone());
        let inner = Inner { name, path: None, classes, shape: self.inner.shape, source };
        Dataset { inner: Arc::new(inner), ..self }
    }

    /// The same with generated examples of another seed; a loaded set stays as it is.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Dataset {
        let Storage::Generated { generated, difficulty, .. } = self.inner.source else { return self };
        let other = Dataset::generated(generated, seed);
        Dataset { inner: other.inner, ..self }.with_difficulty(difficulty)
    }

    /// How hard generated examples are.
    pub fn difficulty(&self) -> Option<Difficulty> {
        match self.inner.source {
            Storage::Generated { difficulty, .. } => Some(difficulty),
            Storage::Stored(_) => None,
        }
    }

    /// Whether both are the same generator, or the same opened set; seed, split and shape may differ.
    pub fn is_of_one_source(&self, other: &Dataset) -> bool {
        match (self.generator(), other.generator()) {
            (None, None) => Arc::ptr_eq(&self.inner, &other.inner),
            (a, b) => a == b,
        }
    }

    /// The same set with the classes of a network, in its order; `None` where one of its own is not among them.
    pub fn with_classes(&self, classes: &[String]) -> Option<Dataset> {
        let number = |name: &String| classes.iter().position(|class| class == name);
        let number: Vec<usize> = self.inner.classes.iter().map(number).collect::<Option<_>>()?;
        let is_own = self.inner.classes == classes;
        let names = (!is_own).then(|| Arc::new(Names { classes: classes.to_vec(), number }));
        Some(Dataset { names, ..self.clone() })
    }

    /// A set of stored parts, train, validation and test; every label must be that of a class. A set of one part is
    /// a set to train on, whatever that part is called.
    pub(super) fn stored(
        name: &str,
        shape: [usize; 3],
        classes: Vec<String>,
        mut parts: [Stored; 3],
    ) -> Result<Dataset, DataError> {
        if let [0, only, 0] | [0, 0, only] = parts.each_ref().map(Stored::len)
            && only > 0
        {
            parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        }
        if parts[0].labels.is_empty() {
            return Err(DataError::wrong(name, "expected training examples, got none; choose other data"));
        }
        let labels = parts.iter().flat_map(|part| &part.labels);
        if let Some(&label) = labels.max().filter(|&&label| usize::from(label) >= classes.len()) {
            let most = classes.len().saturating_sub(1);
            let what = format!(
                "expected labels from 0 to {most}, got {label}; correct the labels or name all classes"
            );
            return Err(DataError::wrong(name, what));
        }
        let source = Storage::Stored(parts);
        let inner = Inner { name: name.to_owned(), path: None, classes, shape, source };
        Ok(Dataset { inner: Arc::new(inner), split: None, shape, names: None })
    }

    /// The same set with `validation_share` (0 to 1) of the training part kept back for validation, unless it has a
    /// validation part of its own; and [`TEST_SHARE`] for testing, unless it has a test part of its own. Which ones
    /// is a function of `seed`; at least one stays to train on. Generated data needs no split and stays as it is.
    #[must_use]
    pub fn with_split(&self, validation_share: f64, seed: u64) -> Dataset {
        let Storage::Stored([train, validation, test]) = &self.inner.source else { return self.clone() };
        let share = |own: &Stored, share: f64| {
            // A share that is no number keeps nothing back.
            if own.len() > 0 { 0 } else { (train.len() as f64 * share.clamp(0.0, 1.0)).round() as u64 }
        };
        let most = train.len().saturating_sub(1);
        let test = share(test, TEST_SHARE).min(most);
        let validation = share(validation, validation_share).min(most - test);
        Dataset { split: Some(Holdout { seed, validation, test }), ..self.clone() }
    }

    /// The share of the training part to keep back for validation where nothing else is wanted: that of [`VALIDATION`]
    /// examples, a tenth at most.
    pub fn usual_share(&self) -> f64 {
        let Storage::Stored([train, ..]) = &self.inner.source else { return 0.0 };
        (VALIDATION as f64 / train.len().max(1) as f64).min(0.1)
    }

    /// The same set with every picture fitted to (C, H, W) as by [`fit()`] with [`Fit::CenterCrop`]. C is 1 or 3.
    ///
    /// # Errors
    /// Where no picture can have that shape.
    pub fn fitted(&self, shape: [usize; 3]) -> Result<Dataset, DataError> {
        let [c, h, w] = shape;
        if !matches!(c, 1 | 3) && shape != self.inner.shape {
            let what = format!(
                "a picture fills 1 channel (grey) or 3 (red, green, blue), got a network with {c}; choose another network"
            );
            return Err(DataError::wrong(self.name(), what));
        }
        let pixels = (h as u64).saturating_mul(w as u64);
        if pixels == 0 || pixels > MAX_PIXELS {
            let what = format!(
                "expected pictures of 1 to {MAX_PIXELS} pixels, got {h} x {w}; choose another network"
            );
            return Err(DataError::wrong(self.name(), what));
        }
        Ok(Dataset { shape, ..self.clone() })
    }

    /// The same set, which was opened there.
    pub(super) fn opened_at(mut self, path: &Path) -> Dataset {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.path = Some(path.to_owned());
        }
        self
    }

    /// Where it was opened, where it was.
    pub fn path(&self) -> Option<&Path> {
        self.inner.path.as_deref()
    }

    /// What it takes to have the same examples again; `None` of a set that was neither generated nor opened.
    pub(super) fn source(&self) -> Option<ExampleSource> {
        match (&self.inner.source, &self.inner.path) {
            (&Storage::Generated { generated, seed, difficulty }, _) => {
                Some(ExampleSource::Generated { generated, seed, difficulty })
            }
            // What is no text cannot be written down.
            (Storage::Stored(_), Some(path)) if path.to_str().is_some() => {
                Some(ExampleSource::Opened { path: path.clone() })
            }
            (Storage::Stored(_), Some(_) | None) => None,
        }
    }

    /// The names of a network's classes, where it has taken them.
    pub(super) fn taken_names(&self) -> Option<&[String]> {
        self.names.as_ref().map(|names| &names.classes[..])
    }

    /// What is kept back from training.
    pub(super) fn split(&self) -> Option<Holdout> {
        self.split
    }

    /// The same with this kept back; `None` where the training part is too small for it.
    pub(super) fn with_exact_holdout(self, split: Option<Holdout>) -> Option<Dataset> {
        let fits = match (&self.inner.source, split) {
            (_, None) => true,
            (Storage::Generated { .. }, Some(_)) => false,
            (Storage::Stored([train, ..]), Some(split)) => {
                split.validation.checked_add(split.test).is_some_and(|kept| kept < train.len())
            }
        };
        fits.then_some(Dataset { split, ..self })
    }

    /// The generator's name, or that of the file or folder.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// (C, H, W) of every example.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// (C, H, W) as it is stored or generated, before [`Dataset::fitted`].
    pub fn own_shape(&self) -> [usize; 3] {
        self.inner.shape
    }

    /// The names of the classes, in the order of their numbers.
    pub fn classes(&self) -> &[String] {
        self.names.as_ref().map_or(&self.inner.classes, |names| &names.classes)
    }

    /// The names of the classes as they were opened.
    pub(super) fn own_classes(&self) -> &[String] {
        &self.inner.classes
    }

    /// The number of a class of the set among [`Dataset::classes`].
    fn class(&self, own: usize) -> usize {
        self.names.as_ref().and_then(|names| names.number.get(own).copied()).unwrap_or(own)
    }

    /// Whether the classes have names, not only their own numbers.
    pub fn names_classes(&self) -> bool {
        !self.classes().iter().enumerate().all(|(number, name)| *name == number.to_string())
    }

    /// The generator, where the examples come from one.
    pub fn generator(&self) -> Option<Generated> {
        match self.inner.source {
            Storage::Generated { generated, .. } => Some(generated),
            Storage::Stored(_) => None,
        }
    }

    /// Examples in a part; `None`: no end.
    pub fn len(&self, part: Split) -> Option<u64> {
        let Storage::Stored(parts) = &self.inner.source else { return None };
        let own = parts[part as usize].len();
        let kept = self.split.map_or((0, 0), |split| (split.validation, split.test));
        Some(match part {
            Split::Train => own - kept.0 - kept.1,
            Split::Validation => own + kept.0,
            Split::Test => own + kept.1,
        })
    }

    /// Whether a part has no example.
    pub fn is_empty(&self, part: Split) -> bool {
        self.len(part) == Some(0)
    }

    /// Where the examples of a part come from.
    pub fn origin(&self, part: Split) -> Origin {
        match &self.inner.source {
            Storage::Generated { .. } => Origin::Generated,
            Storage::Stored(parts) if parts[part as usize].len() > 0 => Origin::Own,
            Storage::Stored(_) if self.is_empty(part) => Origin::Absent,
            Storage::Stored(_) => Origin::KeptBack,
        }
    }

    /// Example `index` of a part: a pure function of the set, its split and its shape.
    ///
    /// # Errors
    /// Where there is no such example, or the file that holds it can no longer be read.
    pub fn example(&self, part: Split, index: u64) -> Result<Example, DataError> {
        let (pixels, class) = match &self.inner.source {
            Storage::Generated { generated, seed, difficulty } => {
                generated.sample_at(seed ^ seed_of(part), index, *difficulty)
            }
            Storage::Stored(parts) => {
                let (own, place) = self.place(part, index).ok_or_else(|| self.no_example(part, index))?;
                let stored = &parts[own as usize];
                let [c, h, w] = self.inner.shape;
                let mut bytes = vec![0; c * h * w];
                stored.pixels.read(place, &mut bytes)?;
                let values = bytes.into_iter().map(f32::from).collect();
                let pixels = Tensor::from_shape_vec((1, c, h, w), values);
                let missing = |_| self.no_example(part, index);
                (pixels.map_err(missing)?, usize::from(stored.labels[place as usize]))
            }
        };
        let class = self.class(class);
        if self.shape == self.inner.shape {
            return Ok(Example { pixels, class });
        }
        let [c, h, w] = self.shape;
        let picture = Picture::from_tensor(self.name(), &pixels)?;
        let pixels = fit(&picture, c, h, w, Fit::CenterCrop, Background::default())?.tensor;
        Ok(Example { pixels, class })
    }

    /// The class of an example, without its pixels; `None` for generated data and where there is no such example.
    pub(super) fn stored_class(&self, part: Split, index: u64) -> Option<usize> {
        let Storage::Stored(parts) = &self.inner.source else { return None };
        let (own, place) = self.place(part, index)?;
        Some(self.class(usize::from(parts[own as usize].labels[place as usize])))
    }

    /// The stored part and the place in it of an example.
    fn place(&self, part: Split, index: u64) -> Option<(Split, u64)> {
        let Storage::Stored(parts) = &self.inner.source else { return None };
        if index >= self.len(part)? {
            return None;
        }
        let Some(split) = self.split else { return Some((part, index)) };
        let order = Permutation::split(parts[0].len(), split.seed);
        let kept = |before: u64| Some((Split::Train, order.at(before + index)));
        match part {
            Split::Train => kept(split.validation + split.test),
            Split::Validation if split.validation > 0 => kept(split.test),
            Split::Test if split.test > 0 => kept(0),
            Split::Validation | Split::Test => Some((part, index)),
        }
    }

    fn no_example(&self, part: Split, index: u64) -> DataError {
        let (len, part) = (self.len(part).unwrap_or(0), part.name());
        let what = format!(
            "expected an example of the {len} in the {part} part, got number {index} counted from 0; choose another"
        );
        DataError::wrong(self.name(), what)
    }
}

/// What turns the seed of a generator's training examples into that of a part.
fn seed_of(part: Split) -> u64 {
    match part {
        Split::Train => 0,
        Split::Validation => 0x5641_4c49_4441_5445,
        Split::Test => 0x4845_4c44_204f_5554,
    }
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Dataset")
            .field("name", &self.name())
            .field("shape", &self.shape)
            .field("classes", &self.classes().len())
            .field("examples", &Split::ALL.map(|part| self.len(part)))
            .field("split", &self.split)
            .finish()
    }
}

/// Whether they give the same examples: the same generator and seed, or the same opened set; split and shape alike.
impl PartialEq for Dataset {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.inner.source, &other.inner.source) {
            (
                Storage::Generated { generated: a, seed: s, difficulty: d },
                Storage::Generated { generated: b, seed: t, difficulty: e },
            ) => (a, s, d) == (b, t, e),
            (Storage::Stored(_), Storage::Stored(_)) => Arc::ptr_eq(&self.inner, &other.inner),
            (Storage::Generated { .. }, Storage::Stored(_))
            | (Storage::Stored(_), Storage::Generated { .. }) => false,
        };
        same && self.split == other.split && self.shape == other.shape && self.names == other.names
    }
}

/// As equality: a loaded set by where it lies in memory.
impl Hash for Dataset {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        match &self.inner.source {
            Storage::Generated { generated, seed, difficulty } => {
                (generated, seed, difficulty.get().to_bits()).hash(hasher);
            }
            Storage::Stored(_) => Arc::as_ptr(&self.inner).hash(hasher),
        }
        (self.split, self.shape, self.classes()).hash(hasher);
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::Held;
    use super::*;

    /// `n` pictures of 1 x 1 pixel, the i-th of value i and class i % 3, and so many of a test part.
    fn little(n: usize, tests: usize) -> Dataset {
        let stored = |n: usize| Stored {
            pixels: Box::new(Held((0..n).map(|i| i as u8).collect())),
            labels: (0..n).map(|i| (i % 3) as u16).collect(),
        };
        let classes = ["a", "b", "c"].map(str::to_owned).into();
        Dataset::stored("little", [1, 1, 1], classes, [stored(n), Stored::none(), stored(tests)])
            .expect("fits")
    }

    fn values(data: &Dataset, part: Split) -> Vec<u32> {
        let len = data.len(part).expect("ends");
        (0..len).map(|index| data.example(part, index).expect("there").pixels[[0, 0, 0, 0]] as u32).collect()
    }

    #[test]
    fn a_split_is_disjoint_whole_and_stable() {
        for tests in [0, 7] {
            let data = little(100, tests);
            let split = data.with_split(0.2, 5);
            let parts = Split::ALL.map(|part| values(&split, part));
            assert_eq!(
                parts.clone().map(|part| part.len()),
                if tests == 0 { [70, 20, 10] } else { [80, 20, 7] }
            );
            let mut all = [&parts[0][..], &parts[1], if tests == 0 { &parts[2] } else { &[] }].concat();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..100));
            assert_eq!(Split::ALL.map(|part| values(&data.with_split(0.2, 5), part)), parts);
            assert_ne!(values(&data.with_split(0.2, 6), Split::Validation), parts[1]);
            let origin = if tests == 0 { Origin::KeptBack } else { Origin::Own };
            assert_eq!((split.origin(Split::Train), split.origin(Split::Test)), (Origin::Own, origin));
            assert_eq!(data.origin(Split::Validation), Origin::Absent);
            for part in Split::ALL {
                let measured = split.measure(part, &()).expect("reads");
                let counts: Vec<usize> = measured.by_class.iter().map(Vec::len).collect();
                let mut expected = [0; 3];
                values(&split, part).iter().for_each(|v| expected[*v as usize % 3] += 1);
                assert_eq!(counts, expected);
            }
        }
    }

    #[test]
    fn classes_take_a_networks_order() {
        let data = little(6, 0);
        let classes = ["c", "other", "a", "b"].map(str::to_owned);
        let named = data.with_classes(&classes).expect("all are among them");
        assert_eq!(named.classes(), classes);
        let found: Vec<usize> =
            (0..6).map(|k| named.example(Split::Train, k).expect("there").class).collect();
        assert_eq!(found, [2, 3, 0, 2, 3, 0]);
        assert_eq!(named.stored_class(Split::Train, 1), Some(3));
        assert!(named != data && named.is_of_one_source(&data));
        assert!(data.with_classes(&classes[1..]).is_none());
        assert_eq!(data.with_classes(data.classes()), Some(data));
    }

    #[test]
    fn at_least_one_example_stays_to_train_on() {
        for (n, share) in [(1, 1.0), (2, 1.0), (10, 1.0), (10, 7.0), (10, f64::NAN), (10, -1.0)] {
            let split = little(n, 0).with_split(share, 1);
            let lens = Split::ALL.map(|part| split.len(part).expect("ends"));
            assert!(lens[0] >= 1 && lens.iter().sum::<u64>() == n as u64, "{lens:?}");
        }
    }

    #[test]
    fn what_is_not_there_gets_one_line() {
        let data = little(3, 0);
        let error = data.example(Split::Train, 3).unwrap_err().to_string();
        assert!(error.contains("the 3 in the train part, got number 3"), "{error}");
        assert!(data.example(Split::Test, 0).is_err());
        assert!(data.fitted([2, 8, 8]).is_err() && data.fitted([1, 0, 8]).is_err());
        let parts = || [little_labels(&[0, 5]), Stored::none(), Stored::none()];
        let error = Dataset::stored("odd", [1, 1, 1], vec!["a".into()], parts()).unwrap_err().to_string();
        assert!(error.contains("labels from 0 to 0, got 5"), "{error}");
        let none = [Stored::none(), Stored::none(), Stored::none()];
        assert!(Dataset::stored("none", [1, 1, 1], vec![], none).is_err());
        let only_tests = [Stored::none(), Stored::none(), little_labels(&[0, 0])];
        let data = Dataset::stored("tests", [1, 1, 1], vec!["a".into()], only_tests).expect("fits");
        assert_eq!(Split::ALL.map(|part| data.len(part)), [Some(2), Some(0), Some(0)]);
    }

    fn little_labels(labels: &[u16]) -> Stored {
        Stored { pixels: Box::new(Held(vec![0; labels.len()])), labels: labels.to_vec() }
    }

    #[test]
    fn generated_parts_are_the_generators_own() {
        let data = Dataset::generated(Generated::Digits, 9);
        let example = |part| data.example(part, 5).expect("endless").pixels;
        assert_eq!(example(Split::Train), Generated::Digits.sample(9, 5).0);
        assert_ne!(example(Split::Train), example(Split::Test));
        assert_ne!(example(Split::Validation), example(Split::Test));
        assert_eq!(data.with_split(0.5, 1), data);
        let fitted = data.fitted([3, 40, 32]).expect("fits");
        assert_eq!(fitted.example(Split::Test, 1).expect("endless").pixels.dim(), (1, 3, 40, 32));
        assert_ne!(fitted, data);
    }

    #[test]
    fn a_set_may_go_to_another_thread() {
        fn everywhere<T: Send + Sync + Clone + fmt::Debug>() {}
        everywhere::<Dataset>();
    }
}
