//! A data set: labelled pictures of one shape in three splits, generated or loaded, with random access by index.

use super::adjust::Fit;
use super::background::Background;
use super::difficulty::Difficulty;
use super::error::DataError;
use super::example_source::ExampleSource;
use super::fit::fit;
use super::generated::Generated;
use super::limits::MAX_PIXELS;
use super::location::Location;
use super::picture::Picture;
use super::shuffle::Permutation;
use super::store::Stored;
use super::upper_folders::UpperFolders;
use crate::tensor::Tensor;
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

/// The share of the training examples that [`Dataset::with_split`] holds out for testing if a set has no test
/// split.
pub const TEST_SHARE: f64 = 0.1;

/// The default number of validation examples; of a loaded set, a tenth at most.
pub const VALIDATION: u64 = 1000;

/// What an example is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// Training.
    Train,
    /// Checks during training.
    Validation,
    /// The final test.
    Test,
}

impl Split {
    /// All splits, in the order in which data sets store them.
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

/// Where the examples of a split come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A generator, without end.
    Generated,
    /// The data set has this split of its own.
    Own,
    /// Held out at random from the set's training examples.
    KeptBack,
    /// The split is empty.
    Absent,
}

/// One labelled picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// (1, C, H, W): whole numbers in 0..=255.
    pub pixels: Tensor,
    /// The index of its class.
    pub class: usize,
}

/// A data set. Cloning is cheap: clones share the examples.
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
    /// The examples that are held out from training.
    holdout: Option<Holdout>,
    /// (C, H, W) to which pictures are fitted.
    shape: [usize; 3],
    /// The classes of a network, if the set has adopted them.
    names: Option<Arc<Names>>,
}

#[derive(PartialEq)]
struct Names {
    classes: Vec<String>,
    /// For each class of the set, its index in `classes`.
    number: Vec<usize>,
}

struct Inner {
    name: String,
    /// The location it was opened from; `None` if it was generated.
    location: Option<Location>,
    /// What its upper folders were said to be.
    folders: UpperFolders,
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
    /// The examples, in the order of [`Split::ALL`].
    Stored([Stored; 3]),
}

/// How many training examples are held out. In a random order of the training examples, the first `test` are for
/// testing and the next `validation` for validation, so that the test examples don't depend on `validation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Holdout {
    seed: u64,
    validation: u64,
    test: u64,
}

impl Dataset {
    /// The endless examples of a generator. Validation and test examples come from seeds of their own.
    pub fn generated(generated: Generated, seed: u64) -> Dataset {
        let (name, shape) = (generated.name().to_owned(), generated.input_shape());
        let classes = generated.classes().iter().map(|&class| class.to_owned()).collect();
        let source = Storage::Generated { generated, seed, difficulty: Difficulty::default() };
        let inner = Inner { name, location: None, folders: UpperFolders::ByName, classes, shape, source };
        Dataset { inner: Arc::new(inner), holdout: None, shape, names: None }
    }

    /// The same set with generated examples of this difficulty in every split; a loaded set stays unchanged.
    #[must_use]
    pub fn with_difficulty(self, difficulty: Difficulty) -> Dataset {
        let Storage::Generated { generated, seed, .. } = self.inner.source else { return self };
        let source = Storage::Generated { generated, seed, difficulty };
        let (name, classes) = (self.inner.name.clone(), self.inner.classes.clone());
        let inner = Inner {
            name,
            location: None,
            folders: UpperFolders::ByName,
            classes,
            shape: self.inner.shape,
            source,
        };
        Dataset { inner: Arc::new(inner), ..self }
    }

    /// The same set with examples generated from another seed; a loaded set stays unchanged.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Dataset {
        let Storage::Generated { generated, difficulty, .. } = self.inner.source else { return self };
        let other = Dataset::generated(generated, seed);
        Dataset { inner: other.inner, ..self }.with_difficulty(difficulty)
    }

    /// The difficulty of generated examples; `None` for a loaded set.
    pub fn difficulty(&self) -> Option<Difficulty> {
        match self.inner.source {
            Storage::Generated { difficulty, .. } => Some(difficulty),
            Storage::Stored(_) => None,
        }
    }

    /// Whether both sets come from the same generator or the same opened files; seed, holdout and shape may differ.
    pub fn is_of_one_source(&self, other: &Dataset) -> bool {
        match (self.generator(), other.generator()) {
            (None, None) => Arc::ptr_eq(&self.inner, &other.inner),
            (a, b) => a == b,
        }
    }

    /// The same set with the classes of a network, in the network's order; `None` if the network lacks one of the
    /// set's classes.
    pub fn with_classes(&self, classes: &[String]) -> Option<Dataset> {
        let number = |name: &String| classes.iter().position(|class| class == name);
        let number: Vec<usize> = self.inner.classes.iter().map(number).collect::<Option<_>>()?;
        let is_own = self.inner.classes == classes;
        let names = (!is_own).then(|| Arc::new(Names { classes: classes.to_vec(), number }));
        Some(Dataset { names, ..self.clone() })
    }

    /// A set of stored training, validation and test examples. If only one split has examples, they become the
    /// training split.
    ///
    /// # Errors
    /// If there are no training examples, or a label is not the index of a class.
    pub(super) fn stored(
        name: &str,
        shape: [usize; 3],
        classes: Vec<String>,
        mut splits: [Stored; 3],
    ) -> Result<Dataset, DataError> {
        if let [0, only, 0] | [0, 0, only] = splits.each_ref().map(Stored::len)
            && only > 0
        {
            splits.sort_by_key(|split| std::cmp::Reverse(split.len()));
        }
        if splits[0].labels.is_empty() {
            return Err(DataError::NoExamples { name: name.to_owned() });
        }
        let labels = splits.iter().flat_map(|split| &split.labels);
        if let Some(&label) = labels.max().filter(|&&label| usize::from(label) >= classes.len()) {
            let most = classes.len().saturating_sub(1);
            let what = format!(
                "expected labels from 0 to {most}, got {label}; correct the labels or name all classes"
            );
            return Err(DataError::wrong(name, what));
        }
        let source = Storage::Stored(splits);
        let inner = Inner {
            name: name.to_owned(),
            location: None,
            folders: UpperFolders::ByName,
            classes,
            shape,
            source,
        };
        Ok(Dataset { inner: Arc::new(inner), holdout: None, shape, names: None })
    }

    /// The same set with examples held out from training: a share `validation_share` (0 to 1) for validation and
    /// [`TEST_SHARE`] for testing, each only if the set has no such split of its own. `seed` determines which; at
    /// least one example remains for training. Generated data stays unchanged.
    #[must_use]
    pub fn with_split(&self, validation_share: f64, seed: u64) -> Dataset {
        let Storage::Stored([train, validation, test]) = &self.inner.source else { return self.clone() };
        let share = |own: &Stored, share: f64| {
            // A share that is NaN holds out nothing.
            if own.len() > 0 { 0 } else { (train.len() as f64 * share.clamp(0.0, 1.0)).round() as u64 }
        };
        let most = train.len().saturating_sub(1);
        let test = share(test, TEST_SHARE).min(most);
        let validation = share(validation, validation_share).min(most - test);
        Dataset { holdout: Some(Holdout { seed, validation, test }), ..self.clone() }
    }

    /// The default share to hold out for validation: that of [`VALIDATION`] examples, a tenth at most.
    pub fn usual_share(&self) -> f64 {
        let Storage::Stored([train, ..]) = &self.inner.source else { return 0.0 };
        (VALIDATION as f64 / train.len().max(1) as f64).min(0.1)
    }

    /// The same set with every picture fitted to (C, H, W) by [`fit()`] with [`Fit::CenterCrop`]. C is 1 or 3.
    ///
    /// # Errors
    /// If no picture can have that shape.
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

    /// The same set with the location it was opened from, and what its folders were said to be.
    pub(super) fn opened_at(mut self, location: Location, folders: UpperFolders) -> Dataset {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            (inner.location, inner.folders) = (Some(location), folders);
        }
        self
    }

    /// The location it was opened from, if any.
    pub fn location(&self) -> Option<&Location> {
        self.inner.location.as_ref()
    }

    /// What its upper folders were said to be when it was opened.
    pub(super) fn folders(&self) -> &UpperFolders {
        &self.inner.folders
    }

    /// What is needed to obtain the same examples again; `None` for a set that was neither generated nor opened.
    pub(super) fn source(&self) -> Option<ExampleSource> {
        match (&self.inner.source, &self.inner.location) {
            (&Storage::Generated { generated, seed, difficulty }, _) => {
                Some(ExampleSource::Generated { generated, seed, difficulty })
            }
            // A location that is not Unicode cannot be stored as text.
            (Storage::Stored(_), Some(location)) if location.is_text() => {
                let folders = self.inner.folders.clone();
                Some(ExampleSource::Opened { location: location.clone(), folders })
            }
            (Storage::Stored(_), Some(_) | None) => None,
        }
    }

    /// The classes of a network, if the set has adopted them.
    pub(super) fn taken_names(&self) -> Option<&[String]> {
        self.names.as_ref().map(|names| &names.classes[..])
    }

    /// The examples that are held out from training.
    pub(super) fn holdout(&self) -> Option<Holdout> {
        self.holdout
    }

    /// The same set with this holdout; `None` if the training split is too small for it.
    pub(super) fn with_exact_holdout(self, holdout: Option<Holdout>) -> Option<Dataset> {
        let fits = match (&self.inner.source, holdout) {
            (_, None) => true,
            (Storage::Generated { .. }, Some(_)) => false,
            (Storage::Stored([train, ..]), Some(holdout)) => {
                holdout.validation.checked_add(holdout.test).is_some_and(|kept| kept < train.len())
            }
        };
        fits.then_some(Dataset { holdout, ..self })
    }

    /// The generator's name, or that of the file or folder.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// (C, H, W) of every example.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// (C, H, W) as stored or generated, before [`Dataset::fitted`].
    pub fn own_shape(&self) -> [usize; 3] {
        self.inner.shape
    }

    /// The class names, by class index.
    pub fn classes(&self) -> &[String] {
        self.names.as_ref().map_or(&self.inner.classes, |names| &names.classes)
    }

    /// The class names as they were opened.
    pub(super) fn own_classes(&self) -> &[String] {
        &self.inner.classes
    }

    /// The index in [`Dataset::classes`] of a class of the set.
    fn class(&self, own: usize) -> usize {
        self.names.as_ref().and_then(|names| names.number.get(own).copied()).unwrap_or(own)
    }

    /// Whether the classes have names other than their own indices.
    pub fn names_classes(&self) -> bool {
        !self.classes().iter().enumerate().all(|(number, name)| *name == number.to_string())
    }

    /// The generator of a generated set.
    pub fn generator(&self) -> Option<Generated> {
        match self.inner.source {
            Storage::Generated { generated, .. } => Some(generated),
            Storage::Stored(_) => None,
        }
    }

    /// The number of examples in a split; `None` if it is endless.
    pub fn len(&self, split: Split) -> Option<u64> {
        let Storage::Stored(splits) = &self.inner.source else { return None };
        let own = splits[split as usize].len();
        let kept = self.holdout.map_or((0, 0), |holdout| (holdout.validation, holdout.test));
        Some(match split {
            Split::Train => own - kept.0 - kept.1,
            Split::Validation => own + kept.0,
            Split::Test => own + kept.1,
        })
    }

    /// Whether a split has no examples.
    pub fn is_empty(&self, split: Split) -> bool {
        self.len(split) == Some(0)
    }

    /// Where the examples of a split come from.
    pub fn origin(&self, split: Split) -> Origin {
        match &self.inner.source {
            Storage::Generated { .. } => Origin::Generated,
            Storage::Stored(splits) if splits[split as usize].len() > 0 => Origin::Own,
            Storage::Stored(_) if self.is_empty(split) => Origin::Absent,
            Storage::Stored(_) => Origin::KeptBack,
        }
    }

    /// Example `index` of a split: a pure function of the set, its holdout and its shape.
    ///
    /// # Errors
    /// If there is no such example, or if its file can no longer be read.
    pub fn example(&self, split: Split, index: u64) -> Result<Example, DataError> {
        let (pixels, class) = match &self.inner.source {
            Storage::Generated { generated, seed, difficulty } => {
                generated.sample_at(seed ^ seed_of(split), index, *difficulty)
            }
            Storage::Stored(splits) => {
                let (own, place) = self.place(split, index).ok_or_else(|| self.no_example(split, index))?;
                let stored = &splits[own as usize];
                let [c, h, w] = self.inner.shape;
                let mut bytes = vec![0; c * h * w];
                stored.pixels.read(place, &mut bytes)?;
                let values = bytes.into_iter().map(f32::from).collect();
                let pixels = Tensor::from_shape_vec((1, c, h, w), values);
                let missing = |_| self.no_example(split, index);
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

    /// The class of an example, without reading its pixels; `None` for generated data or if there is no such
    /// example.
    pub(super) fn stored_class(&self, split: Split, index: u64) -> Option<usize> {
        let Storage::Stored(splits) = &self.inner.source else { return None };
        let (own, place) = self.place(split, index)?;
        Some(self.class(usize::from(splits[own as usize].labels[place as usize])))
    }

    /// Where an example is stored: the stored split and the index in it.
    fn place(&self, split: Split, index: u64) -> Option<(Split, u64)> {
        let Storage::Stored(splits) = &self.inner.source else { return None };
        if index >= self.len(split)? {
            return None;
        }
        let Some(holdout) = self.holdout else { return Some((split, index)) };
        let order = Permutation::for_holdout(splits[0].len(), holdout.seed);
        let kept = |before: u64| Some((Split::Train, order.at(before + index)));
        match split {
            Split::Train => kept(holdout.validation + holdout.test),
            Split::Validation if holdout.validation > 0 => kept(holdout.test),
            Split::Test if holdout.test > 0 => kept(0),
            Split::Validation | Split::Test => Some((split, index)),
        }
    }

    fn no_example(&self, split: Split, index: u64) -> DataError {
        let (len, split) = (self.len(split).unwrap_or(0), split.name());
        let what = format!(
            "expected an example of the {len} in the {split} split, got number {index} counted from 0; choose another"
        );
        DataError::wrong(self.name(), what)
    }
}

/// The number that turns the seed of a generator's training examples into that of a split.
fn seed_of(split: Split) -> u64 {
    match split {
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
            .field("examples", &Split::ALL.map(|split| self.len(split)))
            .field("holdout", &self.holdout)
            .finish()
    }
}

/// Equal sets give the same examples: the same generator and seed or the same opened files, with the same holdout,
/// shape and class names.
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
        same && self.holdout == other.holdout && self.shape == other.shape && self.names == other.names
    }
}

/// Consistent with equality: a loaded set is hashed by its address in memory.
impl Hash for Dataset {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        match &self.inner.source {
            Storage::Generated { generated, seed, difficulty } => {
                (generated, seed, difficulty.get().to_bits()).hash(hasher);
            }
            Storage::Stored(_) => Arc::as_ptr(&self.inner).hash(hasher),
        }
        (self.holdout, self.shape, self.classes()).hash(hasher);
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::Held;
    use super::*;
    use crate::execution::Execution;

    /// `n` training pictures of 1 x 1 pixel, the i-th of value i and class i % 3, and `tests` test pictures.
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
                let measured = split.measure(part, Execution::SERIAL).expect("reads");
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
        assert!(error.contains("the 3 in the train split, got number 3"), "{error}");
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
