//! What the upper folders of a set of class folders are: said by their names, or by the user.

use serde::{Deserialize, Serialize};

/// What the upper folders of a set of class folders are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpperFolders {
    /// What their names say; where these do not tell, the set is not opened.
    #[default]
    ByName,
    /// Each is a class.
    Classes,
    /// The one of this name is the test part. The others are what their names say, or for training.
    Test(String),
}

impl UpperFolders {
    /// Whether their names decide.
    pub fn are_by_name(&self) -> bool {
        *self == UpperFolders::ByName
    }
}
