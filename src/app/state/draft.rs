//! The network being written in the builder, until it is applied.

use crate::model_io::{Architecture, Model, ModelError, bundled, presets};
use crate::nn::{
    Layer, Params,
    init::Init,
    loss::Loss,
    outline::{Misfit, Outline},
    spec::LayerSpec,
};
use std::sync::Arc;

/// What a user writes of a network.
#[derive(Clone, PartialEq, Debug)]
pub struct Written {
    /// Its name.
    pub name: String,
    /// Input, classes, layers, loss.
    pub architecture: Architecture,
    /// How weights start.
    pub init: Init,
    /// The seed of the initial weights.
    pub seed: u64,
    /// Whether a layer of the running network keeps its weights where name, kind and shapes stay.
    pub keep_weights: bool,
}

/// A network that is being written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What has been written so far.
    pub written: Written,
    /// The layer that is picked.
    pub selected: Option<usize>,
    pub(in crate::app) outline: Outline,
    pub(in crate::app) obstacle: Option<String>,
    pub(in crate::app) start: Written,
    pub(in crate::app) past: Vec<Written>,
    pub(in crate::app) future: Vec<Written>,
    /// What the last change changed; more of the same is one step of undo.
    pub(in crate::app) last: Option<Touched>,
}

/// What a change touches, as far as undo is concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::app) enum Touched {
    LayerName(usize),
    Hyperparameter(usize, &'static str),
    Name,
    Input,
    Classes,
    ClassNames,
    Init,
    Seed,
}

/// The most numbers that weights and outputs of one picture may have together: some gigabytes in use.
pub const MAX_NUMBERS: u64 = 1 << 28;

/// The most multiply-adds of one picture's forward pass: minutes on one core.
pub const MAX_MULTIPLY_ADDS: u64 = 200_000_000_000;

impl Draft {
    /// No layer yet, with the input of the network that runs.
    pub fn new(running: &Model) -> Self {
        let architecture = Architecture {
            classes: Vec::new(),
            layers: Vec::new(),
            loss: Loss::CrossEntropy,
            ..running.architecture.clone()
        };
        Self::from_written(Written {
            name: "network".into(),
            architecture,
            init: Init::default(),
            seed: presets::SEED,
            keep_weights: false,
        })
    }

    /// The network that runs.
    pub fn edit(running: &Model) -> Self {
        let shipped = bundled::models().iter().map(|model| model.name);
        let is_shipped =
            shipped.chain(presets::every().map(|preset| preset.name)).any(|name| name == running.name);
        Self::from_written(Written {
            // The bundled names stay with what was bundled.
            name: if is_shipped { format!("{}-edited", running.name) } else { running.name.clone() },
            architecture: running.architecture.clone(),
            init: presets::load(&running.name).map_or(Init::default(), |preset| preset.init),
            seed: presets::SEED,
            keep_weights: true,
        })
    }

    /// A bundled model's or a preset's architecture.
    ///
    /// # Errors
    /// Where there is none of that name.
    pub fn start_from(name: &str) -> Result<Self, ModelError> {
        let bundled = bundled::find(name);
        let name = bundled.map_or(name, |bundled| bundled.name);
        let (architecture, init) = if bundled.is_some() {
            (bundled::load(name)?.architecture, Init::default())
        } else {
            let preset = presets::load(name)?;
            (preset.architecture()?, preset.init)
        };
        let name = format!("{name}-edited");
        Ok(Self::from_written(Written { name, architecture, init, seed: presets::SEED, keep_weights: false }))
    }

    fn from_written(written: Written) -> Self {
        let mut draft = Self {
            start: written.clone(),
            selected: None,
            outline: Outline { layers: Vec::new(), misfit: None, input: [0; 3] },
            obstacle: None,
            past: Vec::new(),
            future: Vec::new(),
            last: None,
            written,
        };
        draft.measure();
        draft
    }

    /// The layers as written.
    pub fn specs(&self) -> &[LayerSpec] {
        &self.written.architecture.layers
    }

    /// The layers that fit, up to the first that does not.
    pub fn layers(&self) -> &[Layer] {
        &self.outline.layers
    }

    /// The first layer that does not fit, and why; no layer where it is the input.
    pub const fn misfit(&self) -> Option<&Misfit> {
        self.outline.misfit.as_ref()
    }

    /// Why it cannot be applied, in one line; `None` where it can.
    pub fn obstacle(&self) -> Option<&str> {
        self.obstacle.as_deref()
    }

    /// Parameters of the layers that fit.
    pub fn parameter_count(&self) -> u64 {
        self.layers().iter().map(|layer| layer.parameter_count() as u64).sum()
    }

    /// Multiply-adds of the layers that fit, one picture forward.
    pub fn multiply_adds(&self) -> u64 {
        self.layers().iter().map(Layer::multiply_adds).fold(0, u64::saturating_add)
    }

    /// How many classes it has: its outputs, or while it does not fit, those of the layer that makes them.
    pub fn classes(&self) -> usize {
        let made = self.specs().iter().rev().find_map(|spec| spec.kind.clone().outputs_mut().copied());
        let outputs = match (self.misfit(), self.layers().last()) {
            (None, Some(last)) => last.output.iter().product(),
            (Some(_), _) | (_, None) => made.unwrap_or(0),
        };
        self.written.architecture.loss.classes(outputs)
    }

    /// Whether anything differs from how it began.
    pub fn is_changed(&self) -> bool {
        self.written != self.start
    }

    /// Whether a change can be undone.
    pub const fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    /// Whether an undone change can come back.
    pub const fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// Undoes the last change.
    pub(in crate::app) fn undo(&mut self) {
        if let Some(before) = self.past.pop() {
            self.future.push(std::mem::replace(&mut self.written, before));
            self.outline_anew();
        }
    }

    /// Redoes the last undone change.
    pub(in crate::app) fn redo(&mut self) {
        if let Some(after) = self.future.pop() {
            self.past.push(std::mem::replace(&mut self.written, after));
            self.outline_anew();
        }
    }

    fn outline_anew(&mut self) {
        self.last = None;
        self.selected = self.selected.filter(|&l| l < self.specs().len());
        self.measure();
    }

    /// Writes over all of it; the change can be undone.
    pub(in crate::app) fn replace(&mut self, other: Self) {
        let before = std::mem::replace(&mut self.written, other.written);
        self.past.push(before);
        self.future.clear();
        self.selected = None;
        self.outline_anew();
    }

    /// Computes what follows from what is written.
    pub(in crate::app) fn measure(&mut self) {
        let architecture = &self.written.architecture;
        self.outline = Outline::new(architecture.input, architecture.layers.clone());
        self.obstacle = match &self.outline.misfit {
            Some(misfit) => Some(misfit.error.0.clone()),
            None => architecture.build().err().map(|error| error.0).or_else(|| self.too_much()),
        };
    }

    fn too_much(&self) -> Option<String> {
        let outputs = self.layers().iter().map(|layer| layer.output.iter().product::<usize>() as u64);
        let numbers = self.parameter_count() + outputs.sum::<u64>();
        let multiply_adds = self.multiply_adds();
        if numbers > MAX_NUMBERS {
            return Some(format!(
                "network: expected at most {MAX_NUMBERS} weights and outputs, got {numbers}; use fewer filters or units, or a \
                 smaller input"
            ));
        }
        (multiply_adds > MAX_MULTIPLY_ADDS).then(|| {
            format!(
                "network: expected at most {MAX_MULTIPLY_ADDS} multiply-adds for a picture, got {multiply_adds}; use fewer \
                 filters, a larger stride or a smaller input"
            )
        })
    }

    /// The model as written: initial weights, but for those that are kept from the network that runs.
    ///
    /// # Errors
    /// The obstacle.
    pub fn model(&self, running: &Model) -> Result<Model, String> {
        if let Some(obstacle) = &self.obstacle {
            return Err(obstacle.clone());
        }
        let Written { name, architecture, init, seed, keep_weights } = &self.written;
        let mut model =
            Model::initial(name, architecture.clone(), *init, *seed).map_err(|error| error.to_string())?;
        if *keep_weights {
            keep_weights_of(running, Arc::make_mut(&mut model.params), &model.network.layers);
        }
        Ok(model)
    }

    /// How many layers with weights keep them, of how many.
    pub fn kept(&self, running: &Model) -> (usize, usize) {
        let with_weights = self.layers().iter().filter(|layer| !layer.parameters().is_empty());
        let all = with_weights.clone().count();
        let kept = with_weights.filter(|layer| same_layer(running, layer).is_some()).count();
        (if self.written.keep_weights { kept } else { 0 }, all)
    }
}

/// The layer of the running network whose weights fit: of the same name and kind, with the same shapes.
fn same_layer(running: &Model, layer: &Layer) -> Option<usize> {
    running.network.layers.iter().position(|old| {
        old.name() == layer.name()
            && old.spec.kind.name() == layer.spec.kind.name()
            && old.parameters() == layer.parameters()
    })
}

fn keep_weights_of(running: &Model, params: &mut Params, layers: &[Layer]) {
    for (own, layer) in params.0.iter_mut().zip(layers) {
        if let Some(old) = same_layer(running, layer) {
            *own = running.params.0[old].clone();
        }
    }
}
