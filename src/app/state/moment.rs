//! A moment as text: network, picture, settings, place and view by their names. Pasted in, it is there again, as far as
//! the program has what it names.

use super::{
    AppState,
    inputs::{Inputs, Target},
    view::{Figure, Lane, Order, Page, Show},
};
use crate::data::{Adjustment, Background, Content, Loaded, samples};
use crate::model_io::{Model, bundled, presets};
use crate::nn::{Mode, optimizer::Optimizer};
use crate::trace::{AddressText, Grain};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a moment's text begins with; JSON follows.
const PREFIX: &str = "convstep ";

/// A moment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Moment {
    /// The network's name.
    pub model: String,
    /// A hash of its weights, where they are the user's own: trained, edited or from a file.
    #[serde(default, skip_serializing_if = "is_default")]
    pub weights: Option<String>,
    /// The picture's name.
    pub picture: String,
    /// A hash of the picture's numbers, where it is the user's own.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hash: Option<String>,
    /// How the picture is fitted and adjusted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub adjustment: Adjustment,
    /// What lies under transparency.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ground: Background,
    /// The right answer, where it was given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub label: Option<usize>,
    /// What makes the update.
    #[serde(default, skip_serializing_if = "is_default")]
    pub optimizer: Optimizer,
    /// Batch statistics and dropout.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mode: Mode,
    /// The seed of dropout.
    #[serde(default, skip_serializing_if = "is_default")]
    pub seed: u64,
    /// Where the cursor is.
    pub at: String,
    /// The unit of stepping.
    pub grain: Grain,
    /// The place that is looked at while the cursor stays.
    #[serde(default, skip_serializing_if = "is_default")]
    pub look: Option<String>,
    /// The page.
    pub page: Page,
    /// What a layer's stage shows.
    #[serde(default, skip_serializing_if = "is_default")]
    pub show: Show,
    /// Another way to show the place.
    #[serde(default, skip_serializing_if = "is_default")]
    pub figure: Option<Figure>,
    /// Which numbers the maps show.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lane: Lane,
    /// The order of the maps.
    #[serde(default, skip_serializing_if = "is_default")]
    pub order: Order,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Moment {
    /// The moment that a state shows.
    pub fn from_state(state: &AppState) -> Self {
        let (inputs, view, plan) = (&state.inputs, &state.view, state.plan());
        let cursor = state.position.cursor();
        Self {
            model: inputs.model.name.clone(),
            weights: has_own_weights(inputs).then(|| hash_of_weights(&inputs.model)),
            picture: inputs.picture.name.clone(),
            hash: is_own_picture(inputs).then(|| hash_of_picture(inputs)),
            adjustment: inputs.adjustment,
            ground: inputs.ground,
            label: inputs.target.filter(|target| target.is_given()).map(Target::class),
            optimizer: inputs.optimizer,
            mode: inputs.mode,
            seed: inputs.seed,
            at: cursor.text(plan),
            grain: cursor.grain(),
            look: state.position.selected().map(|address| AddressText::new(plan, &address).to_string()),
            page: view.page,
            show: view.show,
            figure: view.figure,
            lane: view.lane,
            order: view.order,
        }
    }

    /// The moment as one line.
    pub fn text(&self) -> String {
        // Names, numbers and switches can always be written.
        format!("{PREFIX}{}", serde_json::to_string(self).unwrap_or_default())
    }

    /// Whether a text is meant as a moment.
    pub fn is_meant(text: &str) -> bool {
        text.trim_start().starts_with("convstep {")
    }

    /// Reads what [`Moment::text`] writes.
    ///
    /// # Errors
    /// One line on what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let json = text.trim().strip_prefix(PREFIX).unwrap_or_default();
        serde_json::from_str(json).map_err(|error| {
            format!("expected a moment as it was copied, got {error}; copy the whole line again")
        })
    }

    /// The model that it names: that of the state where it is the same, else one that comes with the program.
    ///
    /// # Errors
    /// One line, where neither has it.
    pub(in crate::app) fn model(&self, now: &Inputs) -> Result<Arc<Model>, String> {
        let is_same = || match &self.weights {
            Some(own) => *own == hash_of_weights(&now.model),
            None => !has_own_weights(now),
        };
        if now.model.name == self.model && is_same() {
            return Ok(Arc::clone(&now.model));
        }
        let elsewhere = || {
            format!(
                "{}: expected a network that comes with the program or is open, got another; open its file or the session, \
                 then paste the moment again",
                self.model
            )
        };
        if self.weights.is_some() {
            return Err(elsewhere());
        }
        let model = match presets::find(&self.model) {
            Some(preset) => preset.model(presets::SEED),
            None => bundled::load(&self.model),
        };
        model.map(Arc::new).map_err(|_| elsewhere())
    }

    /// The picture that it names: that of the state where it is the same, else a sample.
    ///
    /// # Errors
    /// One line, where neither is it.
    pub(in crate::app) fn picture(&self, now: &Inputs) -> Result<Arc<Loaded>, String> {
        let is_same = now.picture.name == self.picture
            && (self.hash.is_some() == is_own_picture(now))
            && self.hash.as_ref().is_none_or(|own| *own == hash_of_picture(now));
        if is_same {
            return Ok(Arc::clone(&now.picture));
        }
        let sample = samples::load(&self.picture).ok().filter(|_| self.hash.is_none());
        sample.map(Arc::new).ok_or_else(|| {
            format!("{}: expected a picture that comes with the program, got another; open its file, then paste the moment again", self.picture)
        })
    }
}

/// What of a state its moment cannot hold: nothing, or its own picture, its own weights, or both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LeftOut {
    /// The picture is the user's own.
    pub picture: bool,
    /// The weights are the user's own.
    pub weights: bool,
}

impl AppState {
    /// The moment that is shown, and what it cannot hold.
    pub fn moment(&self) -> (Moment, LeftOut) {
        let moment = Moment::from_state(self);
        let picture = moment.hash.is_some() || self.inputs.painted.is_some();
        let weights = moment.weights.is_some();
        (moment, LeftOut { picture, weights })
    }
}

/// Whether the picture is none of the samples, or was painted on.
fn is_own_picture(inputs: &Inputs) -> bool {
    inputs.painted.is_some() || samples::find(&inputs.picture.name).is_none()
}

/// Whether the weights are none of those that come with the program.
fn has_own_weights(inputs: &Inputs) -> bool {
    let name = &inputs.model.name;
    let is_shipped = bundled::find(name).is_some() || presets::find(name).is_some();
    !is_shipped || inputs.loaded.is_some() || inputs.training.is_some()
}

/// A hash of numbers, the same on every machine: FNV-1a with 64 bits.
struct Hash(u64);

impl Hash {
    const NEW: Self = Self(0xcbf2_9ce4_8422_2325);

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn text(&self) -> String {
        format!("{:016x}", self.0)
    }
}

/// A hash of the picture's numbers, and of what was painted on it.
fn hash_of_picture(inputs: &Inputs) -> String {
    let mut hash = Hash::NEW;
    if let Some(painted) = &inputs.painted {
        painted.iter().for_each(|value| hash.add(&value.to_le_bytes()));
    }
    match &inputs.picture.content {
        Content::Picture(own) => {
            hash.add(&own.width().to_le_bytes());
            for (x, y) in (0..own.height()).flat_map(|y| (0..own.width()).map(move |x| (x, y))) {
                hash.add(&own.pixel(x, y).unwrap_or_default());
            }
        }
        Content::Values(values) => values.iter().for_each(|value| hash.add(&value.to_le_bytes())),
    }
    hash.text()
}

/// A hash of a network's weights.
fn hash_of_weights(model: &Model) -> String {
    let mut hash = Hash::NEW;
    for (layer, parts) in model.network.layers.iter().zip(&model.params.0) {
        for (part, _) in layer.parameters() {
            let values = parts.get(part).into_iter().flatten();
            values.for_each(|value| hash.add(&value.to_le_bytes()));
        }
    }
    hash.text()
}
