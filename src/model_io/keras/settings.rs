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

    /// How many axes beside the channels the layer's class is for, as its name says.
    pub fn axes(&self) -> Option<usize> {
        [("1D", 1), ("2D", 2), ("3D", 3)]
            .into_iter()
            .find(|(name, _)| self.class.contains(name))
            .map(|(_, n)| n)
    }

    /// A number for rows and one for columns, or one for both; for a layer of sequences, one alone.
    ///
    /// # Errors
    /// If it is neither.
    pub fn sizes(&self, key: &str) -> Result<Option<Vec<i64>>, ModelError> {
        let Some(json) = self.get(key) else { return Ok(None) };
        let axes = self.axes().unwrap_or(2);
        let sizes = match (count(json), json.as_array()) {
            (Some(n), _) => Some(vec![n; axes]),
            (None, Some(list)) if list.len() == axes => list.iter().map(count).collect(),
            (None, _) => None,
        };
        sizes.map(Some).ok_or_else(|| self.wrong(key, json))
    }

    /// A number before and one behind for rows and for columns; for a layer of sequences, for columns alone.
    ///
    /// # Errors
    /// If it is none of the forms that Keras has for it.
    pub fn sides(&self, key: &str, default: i64) -> Result<Vec<[i64; 2]>, ModelError> {
        let json = self.get(key).cloned().unwrap_or_else(|| Json::from(default));
        let axes = self.axes().unwrap_or(2);
        let side = |json: &Json| match (count(json), json.as_array().map(Vec::as_slice)) {
            (Some(n), _) => Some([n, n]),
            (None, Some([before, after])) => count(before).zip(count(after)).map(|(a, b)| [a, b]),
            (None, _) => None,
        };
        let sides = match (count(&json), json.as_array()) {
            (Some(n), _) => Some(vec![[n, n]; axes]),
            (None, Some(_)) if axes == 1 => side(&json).map(|side| vec![side]),
            (None, Some(list)) if list.len() == axes => list.iter().map(side).collect(),
            (None, _) => None,
        };
        sides.ok_or_else(|| self.wrong(key, &json))
    }

    fn wrong(&self, key: &str, got: &Json) -> ModelError {
        let expected = if self.axes() == Some(1) { "a number of columns" } else { "rows and columns" };
        self.error(&format!("expected {expected} in {key}, got {}; save the model again", shown(got)))
    }

    /// Whether channels are the last axis.
    pub fn is_channels_last(&self) -> bool {
        self.text("data_format") != Some("channels_first")
    }
}

/// A number of cells.
fn count(json: &Json) -> Option<i64> {
    json.as_i64().filter(|&n| (0..1 << 24).contains(&n))
}

/// A setting as shown in an error message.
pub fn shown(json: &Json) -> String {
    short(&json.to_string())
}
