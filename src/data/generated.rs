//! The generators: endless labelled examples without a file.

use super::{Difficulty, digits, shapes};
use crate::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// A generator: a pure function from (seed, index) to an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Generated {
    /// Eight coloured shapes, 3 x 32 x 32.
    Shapes,
    /// Ten handwritten-looking digits, 1 x 28 x 28.
    Digits,
}

impl Generated {
    /// All of them.
    pub const ALL: [Generated; 2] = [Generated::Shapes, Generated::Digits];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Generated::Shapes => "shapes",
            Generated::Digits => "digits",
        }
    }

    /// The generator with this name.
    ///
    /// ```
    /// use convstep::data::Generated;
    ///
    /// assert_eq!(Generated::parse("digits"), Some(Generated::Digits));
    /// assert_eq!(Generated::parse("cats"), None);
    /// ```
    pub fn parse(name: &str) -> Option<Generated> {
        Generated::ALL.into_iter().find(|generated| generated.name() == name)
    }

    /// (C, H, W) of every example.
    pub fn input_shape(self) -> [usize; 3] {
        match self {
            Generated::Shapes => shapes::SHAPE,
            Generated::Digits => digits::SHAPE,
        }
    }

    /// The class names, by class index.
    pub fn classes(self) -> &'static [&'static str] {
        match self {
            Generated::Shapes => &shapes::CLASSES,
            Generated::Digits => &digits::CLASSES,
        }
    }

    /// Example `index` of the set that `seed` generates: (1, C, H, W) of whole numbers in 0..=255, and its class.
    /// Each run of as many examples as there are classes contains each class once.
    pub fn sample(self, seed: u64, index: u64) -> (Tensor, usize) {
        self.sample_at(seed, index, Difficulty::default())
    }

    /// [`Generated::sample`] at a difficulty; see [`shapes::sample_at`] and [`digits::sample_at`].
    pub fn sample_at(self, seed: u64, index: u64, difficulty: Difficulty) -> (Tensor, usize) {
        match self {
            Generated::Shapes => shapes::sample_at(seed, index, difficulty),
            Generated::Digits => digits::sample_at(seed, index, difficulty),
        }
    }
}
