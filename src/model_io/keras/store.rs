//! The weights of a Keras model: in the order of their layers' variables (.keras), or by name (.h5).

#![expect(clippy::arithmetic_side_effects, reason = "counts of layers and letters")]

use super::config::{Layer, Net, damaged};
use crate::model_io::{
    ModelError,
    hdf5::{File, Numbers},
};
use std::collections::HashMap;

/// The weights of a model.
pub struct Store {
    pub(super) file: File,
    pub(super) is_legacy: bool,
}

/// The most variables of one layer.
const MOST: usize = 64;

/// Where the weights of a model's layers are: for each layer, the group of a .keras file, or the layer of the outermost
/// model whose group of an .h5 file has them.
pub type Groups = Vec<String>;

impl Store {
    /// Where the weights of the layers of the outermost model are.
    pub fn top(&self, net: &Net) -> Groups {
        match self.is_legacy {
            true => net.layers.iter().map(|layer| layer.name.clone()).collect(),
            // A name of earlier versions.
            false if self.file.has("_layer_checkpoint_dependencies") => {
                self.named("_layer_checkpoint_dependencies", net)
            }
            false => self.named("layers", net),
        }
    }

    /// Where the weights of the layers of a model are that is itself a layer, whose own are at `group`.
    pub fn inner(&self, group: &str, net: &Net) -> Groups {
        match self.is_legacy {
            true => vec![group.to_owned(); net.layers.len()],
            false => self.named(&format!("{group}/layers"), net),
        }
    }

    /// The groups within a group: those that say whose they are, else by their class and number.
    fn named(&self, within: &str, net: &Net) -> Groups {
        let groups = self.file.groups(within);
        let own = |group: &String| {
            let path = format!("{within}/{group}");
            Some((self.file.text(&format!("{path}/vars"), "name")?, path))
        };
        let by_name: HashMap<String, String> = groups.iter().filter_map(own).collect();
        let mut used: HashMap<String, usize> = HashMap::new();
        let mut place = |layer: &Layer| {
            let class = snake(layer.class);
            let count = used.entry(class.clone()).and_modify(|count| *count += 1).or_insert(0);
            let counted = if *count == 0 { class } else { format!("{class}_{count}") };
            by_name.get(&layer.name).cloned().unwrap_or_else(|| format!("{within}/{counted}"))
        };
        net.layers.iter().map(&mut place).collect()
    }

    /// The variables of a layer, by their names, as many as are asked for.
    ///
    /// # Errors
    /// If there are others.
    pub fn variables(&self, layer: &Layer, group: &str, names: &[&str]) -> Result<Vec<Numbers>, ModelError> {
        let wrong = |got: String| {
            layer.error(&format!(
                "expected its weights ({}), got {got}; save the whole model again with model.save(\"net.keras\")",
                names.join(", ")
            ))
        };
        let paths = if self.is_legacy { self.legacy(layer, group) } else { counted(group, names.len()) };
        let mut found = Vec::new();
        for path in paths.iter().take(names.len()) {
            match self.file.numbers(path).map_err(&wrong)? {
                Some(numbers) => found.push(numbers),
                None => break,
            }
        }
        match found.len() == names.len() {
            true => Ok(found),
            false => Err(wrong(format!("{} of them", found.len()))),
        }
    }

    /// The paths of a layer's variables in an .h5 file.
    fn legacy(&self, layer: &Layer, top: &str) -> Vec<String> {
        let group = format!("model_weights/{top}");
        let names = self.file.texts(&group, "weight_names").unwrap_or_else(|| {
            // Long lists are in several attributes.
            (0..MOST)
                .map_while(|part| self.file.texts(&group, &format!("weight_names{part}")))
                .flatten()
                .collect()
        });
        let is_own = |name: &&String| {
            top == layer.name || name.rsplit('/').nth(1).is_some_and(|own| own == layer.name)
        };
        names.iter().filter(is_own).map(|name| format!("{group}/{name}")).collect()
    }
}

/// The paths of a layer's first variables in a .keras file.
fn counted(group: &str, len: usize) -> Vec<String> {
    (0..len).map(|n| format!("{group}/vars/{n}")).collect()
}

/// A class's name as Keras writes it in paths: `depthwise_conv2d` for `DepthwiseConv2D`.
fn snake(class: &str) -> String {
    let chars: Vec<char> = class.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
    let mut snake = String::new();
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| chars[before]);
        let is_word = before.is_some() && chars.get(at + 1).is_some_and(char::is_ascii_lowercase);
        let is_after_lower = before.is_some_and(|before| before.is_ascii_lowercase());
        if c.is_ascii_uppercase() && (is_word || is_after_lower) && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// Opens the weights.
///
/// # Errors
/// If the bytes are damaged.
pub fn open(bytes: Vec<u8>, is_legacy: bool) -> Result<Store, ModelError> {
    let file = File::open(bytes).map_err(|got| damaged(&format!("weights that cannot be read ({got})")))?;
    Ok(Store { file, is_legacy })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_written_as_keras_writes_them() {
        for (class, expected) in [
            ("Conv2D", "conv2d"),
            ("DepthwiseConv2D", "depthwise_conv2d"),
            ("BatchNormalization", "batch_normalization"),
            ("LeakyReLU", "leaky_re_lu"),
            ("PReLU", "p_re_lu"),
            ("Dense", "dense"),
            ("GlobalAveragePooling2D", "global_average_pooling2d"),
        ] {
            assert_eq!(snake(class), expected);
        }
    }
}
