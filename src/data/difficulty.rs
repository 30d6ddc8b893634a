//! The difficulty of generated examples.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// The difficulty of generated examples, from 0 (easiest) to 1 (hardest); the default is 0.5. Each generator
/// documents what it scales.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f32", into = "f32")]
pub struct Difficulty(f32);

impl Difficulty {
    /// A difficulty from 0 to 1; `None` for any other number.
    ///
    /// ```
    /// use convstep::data::Difficulty;
    ///
    /// assert_eq!(Difficulty::new(0.5), Some(Difficulty::default()));
    /// assert_eq!(Difficulty::new(1.5), None);
    /// ```
    pub fn new(value: f32) -> Option<Difficulty> {
        (0.0..=1.0).contains(&value).then_some(Difficulty(value))
    }

    /// The number, from 0 to 1.
    pub const fn get(self) -> f32 {
        self.0
    }
}

// `Eq` is sound because the number is never NaN.
impl Eq for Difficulty {}

impl Default for Difficulty {
    fn default() -> Difficulty {
        Difficulty(0.5)
    }
}

impl From<Difficulty> for f32 {
    fn from(difficulty: Difficulty) -> f32 {
        difficulty.0
    }
}

impl TryFrom<f32> for Difficulty {
    type Error = String;
    fn try_from(value: f32) -> Result<Difficulty, String> {
        Difficulty::new(value)
            .ok_or_else(|| format!("difficulty: expected a number from 0 to 1, got {value}; use 0.5"))
    }
}

impl FromStr for Difficulty {
    type Err = String;
    fn from_str(text: &str) -> Result<Difficulty, String> {
        text.parse()
            .ok()
            .and_then(Difficulty::new)
            .ok_or_else(|| format!("expected a number from 0 to 1, got {text:?}; use 0.5"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_0_to_1_is_a_difficulty() {
        assert_eq!("0.25".parse(), Ok(Difficulty(0.25)));
        for text in ["-0.1", "1.01", "NaN", "inf", "", "hard"] {
            let error = text.parse::<Difficulty>().expect_err(text);
            assert!(error.contains("from 0 to 1") && !error.contains('\n'), "{error}");
        }
    }
}
