//! The colour behind a picture.

use serde::{Deserialize, Serialize};

/// The colour under transparent pixels and in the bars beside a padded picture: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Background(pub [u8; 3]);

impl Background {
    /// Black: the background of handwritten-digit sets.
    pub const BLACK: Background = Background([0; 3]);
    /// White: paper. Most drawings with transparency are dark and made for it.
    pub const WHITE: Background = Background([255; 3]);
}

impl Default for Background {
    fn default() -> Self {
        Background::WHITE
    }
}
