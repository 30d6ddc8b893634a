//! What a preset is.

use super::{Architecture, Model, ModelError, by_hand::with_weights};
use crate::{data::Generated, nn::init::Init};

/// An architecture to start from. Listing presets creates no weights; [`Preset::model`] does.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Preset {
    /// The name by which it is loaded; it differs from all bundled models' names.
    pub name: &'static str,
    /// A short title for menus.
    pub title: &'static str,
    /// A sentence that describes its purpose.
    pub summary: &'static str,
    /// How its weights are initialised.
    pub init: Init,
    /// The weights of its only layer with any, where they are chosen instead.
    pub filter: Option<&'static [f32]>,
    /// The generated data with its input shape and classes; `None` if it is meant for other data.
    pub data: Option<Generated>,
    /// The bundled sample that it starts with.
    pub default_sample: &'static str,
    /// Its architecture file.
    pub text: &'static str,
}

impl Preset {
    /// The parsed architecture file.
    ///
    /// # Errors
    /// Never for a bundled preset; a test checks this.
    pub fn architecture(&self) -> Result<Architecture, ModelError> {
        Architecture::parse(self.text)
    }

    /// The network with initial weights drawn by [`Preset::init`] from `seed`, or with its filter.
    ///
    /// # Errors
    /// As for [`Preset::architecture`].
    pub fn model(&self, seed: u64) -> Result<Model, ModelError> {
        let architecture = self.architecture()?;
        match self.filter {
            Some(filter) => {
                let layer = architecture.layers.first().map_or_else(String::new, |layer| layer.name.clone());
                with_weights(self.name, architecture, &[(&layer, filter)])
            }
            None => Model::initial(self.name, architecture, self.init, seed),
        }
    }
}
