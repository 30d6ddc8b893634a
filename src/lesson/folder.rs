//! A lesson's own models and pictures: the files of its folder that it names.

use crate::data::Loaded;
use crate::model_io::{Model, Near};
use std::{collections::BTreeMap, fmt, path::Path, sync::Arc};

/// The files of a lesson's folder that it names, by those names.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Folder(BTreeMap<String, Arc<Vec<u8>>>);

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Folder {
    /// Files by their names.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        Self(files.into_iter().map(|(name, bytes)| (name, Arc::new(bytes))).collect())
    }

    /// Whether a name is that of a file; those of bundled models and pictures have no ending.
    pub fn is_file(name: &str) -> bool {
        name.contains(['.', '/', '\\'])
    }

    /// The model of a file; `None` where the name is that of a bundled one.
    ///
    /// # Errors
    /// Where the file is not there, or is no model.
    pub fn model(&self, name: &str) -> Option<Result<Model, String>> {
        Self::is_file(name).then(|| {
            let bytes = self.bytes("model", name)?;
            let beside = self.0.get(&beside(name)).map(|text| String::from_utf8_lossy(text).into_owned());
            let near = Near { architecture: beside.as_deref(), ..Near::NOTHING };
            let model = Model::from_file(name, bytes, &near);
            model.map_err(|error| format!("model: {name}: {error}"))
        })
    }

    /// The picture of a file; `None` where the name is that of a bundled one.
    ///
    /// # Errors
    /// Where the file is not there, or is no picture.
    pub fn picture(&self, name: &str) -> Option<Result<Loaded, String>> {
        Self::is_file(name).then(|| {
            let bytes = self.bytes("picture", name)?;
            Loaded::decode(name, bytes).map_err(|error| format!("picture: {name}: {error}"))
        })
    }

    fn bytes(&self, key: &str, name: &str) -> Result<&Vec<u8>, String> {
        let found = self.0.get(name).map(|bytes| &**bytes);
        found.ok_or_else(|| {
            format!("{key}: expected a file beside the lesson, got no {name:?} there; put it into the lesson's folder")
        })
    }
}

/// The architecture that lies beside weights without one.
pub(super) fn beside(name: &str) -> String {
    Path::new(name).with_extension("toml").to_string_lossy().into_owned()
}
