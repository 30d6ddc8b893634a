//! The background behind transparent and padded pictures.

use serde::{Deserialize, Serialize};

/// The colour (red, green, blue) behind transparent pixels and in the bars beside a padded picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Background(pub [u8; 3]);

impl Background {
    /// Black, as in data sets of handwritten digits.
    pub const BLACK: Background = Background([0; 3]);
    /// White, the default: most drawings with transparency are dark and made for paper.
    pub const WHITE: Background = Background([255; 3]);
}

impl Default for Background {
    fn default() -> Self {
        Background::WHITE
    }
}
