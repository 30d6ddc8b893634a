//! The recipe of a data set: what a session stores instead of the examples.

use super::{
    DataError, DataFiles, Dataset, ExampleSource, Location, OpenOptions, Split, UpperFolders,
    dataset::Holdout,
};
use crate::execution::Execution;
use serde::{Deserialize, Serialize};

/// A data set without its examples.
///
/// ```
/// use convstep::{
///     data::{Dataset, Generated, Recipe},
///     execution::Execution,
/// };
///
/// let data = Dataset::generated(Generated::Shapes, 3).fitted([1, 20, 20])?;
/// let recipe = Recipe::from_dataset(&data).expect("generated");
/// assert_eq!(recipe.make(&(), Execution::SERIAL), Ok(data));
/// # Ok::<(), convstep::data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Where the examples come from.
    pub source: ExampleSource,
    /// (C, H, W) as stored, and as fitted.
    shapes: [[usize; 3]; 2],
    classes: Vec<String>,
    /// The classes of a network, if the set has adopted them.
    names: Option<Vec<String>>,
    #[serde(rename = "split")]
    holdout: Option<Holdout>,
    /// The number of examples in each split; reveals whether the files have changed.
    examples: [Option<u64>; 3],
}

impl Recipe {
    /// The recipe of a set; `None` if it was neither generated nor opened.
    pub fn from_dataset(data: &Dataset) -> Option<Self> {
        Some(Self {
            source: data.source()?,
            shapes: [data.own_shape(), data.shape()],
            classes: data.own_classes().to_vec(),
            names: data.taken_names().map(<[String]>::to_vec),
            holdout: data.holdout(),
            examples: Split::ALL.map(|split| data.len(split)),
        })
    }

    /// The recipe of the same set at another location.
    #[must_use]
    pub fn at(self, location: Location) -> Self {
        let folders = match self.source {
            ExampleSource::Opened { folders, .. } => folders,
            ExampleSource::Generated { .. } => UpperFolders::ByName,
        };
        Self { source: ExampleSource::Opened { location, folders }, ..self }
    }

    /// Whether making the set opens files.
    pub const fn is_opened(&self) -> bool {
        matches!(self.source, ExampleSource::Opened { .. })
    }

    /// The generator's name, or the location.
    pub fn name(&self) -> String {
        match &self.source {
            ExampleSource::Generated { generated, .. } => generated.name().to_owned(),
            ExampleSource::Opened { location, .. } => location.to_string(),
        }
    }

    /// Generates the set, or opens it again from `files`.
    ///
    /// # Errors
    /// If it can't be opened, if its shape, classes or number of examples have changed, or with
    /// [`DataError::Cancelled`].
    pub fn make(&self, files: &dyn DataFiles, exec: Execution) -> Result<Dataset, DataError> {
        let own = self.shapes[0];
        let data = match &self.source {
            &ExampleSource::Generated { generated, seed, difficulty } => {
                Dataset::generated(generated, seed).with_difficulty(difficulty)
            }
            ExampleSource::Opened { location, folders } => {
                let options =
                    OpenOptions { shape: Some(own), folders: folders.clone(), ..OpenOptions::default() };
                files.open(location, options, exec)?.dataset
            }
        };
        let changed = |what: &str| changed(&self.name(), what);
        if data.own_shape() != own || data.own_classes() != self.classes {
            return Err(changed("another shape or other classes"));
        }
        self.prepared(data)
    }

    /// The set, from one that is open already; `None` where that is another one.
    pub fn made_of(&self, open: &Dataset) -> Option<Dataset> {
        let is_there = |location: &Location, folders: &UpperFolders| {
            open.location() == Some(location) && open.folders() == folders
        };
        let is_same = matches!(&self.source, ExampleSource::Opened { location, folders } if is_there(location, folders))
            && open.own_shape() == self.shapes[0]
            && open.own_classes() == self.classes;
        is_same.then(|| self.prepared(open.clone()).ok()).flatten()
    }

    /// An opened or generated set, held out, named and fitted as this one was.
    fn prepared(&self, data: Dataset) -> Result<Dataset, DataError> {
        let fitted = self.shapes[1];
        let changed = |what: &str| changed(&self.name(), what);
        let data = data.with_exact_holdout(self.holdout).ok_or_else(|| changed("fewer examples"))?;
        if Split::ALL.map(|split| data.len(split)) != self.examples {
            return Err(changed("another number of examples"));
        }
        let data = match &self.names {
            Some(names) => data.with_classes(names).ok_or_else(|| changed("other classes"))?,
            None => data.with_classes(&self.classes).ok_or_else(|| changed("other classes"))?,
        };
        if fitted == data.shape() { Ok(data) } else { data.fitted(fitted) }
    }
}

/// The error where a set is not what it was.
fn changed(name: &str, what: &str) -> DataError {
    DataError::wrong(
        name,
        format!("expected the data set to be unchanged, got one with {what}; restore the original"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Disk, Generated, open};

    #[test]
    fn an_opened_set_comes_back_split_and_fitted_and_a_changed_one_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let save = |class: &str, n: u8| {
            std::fs::create_dir_all(folder.path().join(class)).expect("a folder");
            let path = folder.path().join(class).join(format!("{n}.png"));
            image::GrayImage::from_pixel(4, 6, image::Luma([n])).save(path).expect("saves");
        };
        (0..20).for_each(|n| save(if n % 2 == 0 { "even" } else { "odd" }, n));
        let opened = open(folder.path(), None, Execution::SERIAL).expect("opens").dataset;
        let data = opened.with_split(0.25, 7).fitted([3, 5, 5]).expect("fits");
        let recipe = Recipe::from_dataset(&data).expect("opened");
        let text = serde_json::to_string(&recipe).expect("writes");
        let again = serde_json::from_str::<Recipe>(&text)
            .expect("reads")
            .make(&Disk, Execution::SERIAL)
            .expect("opens");
        assert_eq!(again.shape(), [3, 5, 5]);
        for part in Split::ALL {
            let examples = |data: &Dataset| -> Vec<_> {
                let len = data.len(part).expect("ends");
                assert!(len > 0);
                (0..len).map(|index| data.example(part, index).expect("there")).collect()
            };
            assert_eq!(examples(&again), examples(&data));
        }
        save("even", 20);
        let error = recipe.make(&Disk, Execution::SERIAL).expect_err("one more").to_string();
        assert!(error.contains("another number of examples"), "{error}");
        drop(folder);
        assert!(recipe.make(&Disk, Execution::SERIAL).expect_err("gone").to_string().contains("expected"));
    }

    #[test]
    fn what_keeps_back_more_than_there_is_is_refused() {
        let data = Dataset::generated(Generated::Digits, 1);
        let recipe = Recipe::from_dataset(&data).expect("generated");
        let text = serde_json::to_string(&recipe).expect("writes");
        let text = text.replace(
            "\"split\":null",
            "\"split\":{\"seed\":1,\"validation\":18446744073709551615,\"test\":9}",
        );
        let recipe: Recipe = serde_json::from_str(&text).expect("reads");
        assert!(recipe.make(&Disk, Execution::SERIAL).is_err());
    }
}
