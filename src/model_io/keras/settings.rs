//! Access to the settings of a layer.

use super::config::Layer;
use crate::model_io::{ModelError, architecture::short};
use serde_json::Value as Json;

impl Layer<'_> {
    /// An error that names the layer.
    pub fn error(&self, what: &str) -> ModelError {
        ModelError(format!("{}: {what}", self.place()))
    }

    /// A setting that is there and not null.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.config.get(key).filter(|value| !value.is_null())
    }

    /// A text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// A truth value.
    pub fn flag(&self, key: &str, default: bool) -> bool {
        self.get(key).and_then(Json::as_bool).unwrap_or(default)
    }

    /// A number.
    pub fn number(&self, key: &str) -> Option<f64> {
        self.get(key)?.as_f64()
    }

    /// A number, or one for each channel, however deep the lists are.
    pub fn numbers(&self, key: &str) -> Option<Vec<f64>> {
        /// More than channels can be.
        const MOST: usize = 1 << 16;
        let mut numbers = Vec::new();
        let mut open = vec![self.get(key)?];
        while let Some(json) = open.pop() {
            if let Some(items) = json.as_array() {
                open.extend(items.iter().rev());
            } else {
                numbers.push(json.as_f64()?);
            }
        }
        (1..=MOST).contains(&numbers.len()).then_some(numbers)
    }

    /// Rows and columns, or one number for both.
    ///
    /// # Errors
    /// If it is neither.
    pub fn pair(&self, key: &str) -> Result<Option<[i64; 2]>, ModelError> {
        let Some(json) = self.get(key) else { return Ok(None) };
        let count = |json: &Json| json.as_i64().filter(|&n| (0..1 << 24).contains(&n));
        let pair = match (count(json), json.as_array().map(Vec::as_slice)) {
            (Some(n), _) => Some([n, n]),
            (None, Some([rows, cols])) => count(rows).zip(count(cols)).map(|(rows, cols)| [rows, cols]),
            (None, _) => None,
        };
        pair.map(Some).ok_or_else(|| {
            self.error(&format!(
                "expected rows and columns in {key}, got {}; save the model again",
                shown(json)
            ))
        })
    }

    /// Whether channels are the last axis.
    pub fn is_channels_last(&self) -> bool {
        self.text("data_format") != Some("channels_first")
    }
}

/// A setting as shown in an error message.
pub fn shown(json: &Json) -> String {
    short(&json.to_string())
}
