//! The network that is being written: a draft beside the one that runs, until it is applied.

use crate::model_io::{Architecture, Model, ModelError, Preprocess, bundled, presets};
use crate::nn::{
    Layer, Params,
    hyperparameter::Hyperparameter,
    init::Init,
    loss::Loss,
    outline::{Misfit, Outline},
    spec::{Kind, LayerSpec},
};
use std::sync::Arc;

/// A change of the draft, or its end.
#[derive(Clone, PartialEq, Debug)]
pub enum BuildAction {
    /// Begin with no layer; within a draft, take all its layers out.
    New,
    /// Begin with the network that runs.
    Edit,
    /// Begin, or go on, with a bundled model or a preset.
    StartFrom(String),
    /// Pick a layer, or none.
    Select(Option<usize>),
    /// Put a layer behind the one picked, or else at the end, and pick it.
    Add(Kind),
    /// Take the picked layer out.
    Remove,
    /// Put a copy of the picked layer behind it, and pick that.
    Duplicate,
    /// Move the picked layer one place.
    Move {
        /// Towards the input.
        up: bool,
    },
    /// Give a layer another name.
    Rename(usize, String),
    /// Change a number of a layer.
    Set(usize, Hyperparameter),
    /// Make something else of a layer, under its name; without a draft at once, in the network that runs.
    Become(usize, Kind),
    /// Give the network another name.
    Name(String),
    /// Input extents [C, H, W].
    Input([usize; 3]),
    /// How many classes: the outputs of the last layer that has weights.
    Classes(usize),
    /// What the classes are called; none for their numbers.
    ClassNames(Vec<String>),
    /// The loss.
    Loss(Loss),
    /// How weights start.
    Init(Init),
    /// The seed of the initial weights.
    Seed(u64),
    /// Whether layers that stay keep their weights.
    KeepWeights(bool),
    /// Make the draft the network that runs.
    Apply,
    /// Forget the draft.
    Cancel,
}

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
    outline: Outline,
    obstacle: Option<String>,
    start: Written,
    past: Vec<Written>,
    future: Vec<Written>,
    /// What the last change changed; more of the same is one step of undo.
    last: Option<Touched>,
}

/// What a change touches, as far as undo is concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Touched {
    LayerName(usize),
    Field(usize, &'static str),
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
/// How many changes of a draft can be undone.
const DEPTH: usize = 200;

impl Draft {
    /// No layer yet, with the input of the network that runs.
    pub fn new(running: &Model) -> Self {
        let architecture = Architecture {
            classes: Vec::new(),
            layers: Vec::new(),
            loss: Loss::CrossEntropy,
            ..running.architecture.clone()
        };
        Self::of(Written {
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
            shipped.chain(presets::all().iter().map(|preset| preset.name)).any(|name| name == running.name);
        Self::of(Written {
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
        let is_bundled = bundled::models().iter().any(|model| model.name == name);
        let (architecture, init) = if is_bundled {
            (bundled::load(name)?.architecture, Init::default())
        } else {
            let preset = presets::load(name)?;
            (preset.architecture()?, preset.init)
        };
        let name = format!("{name}-edited");
        Ok(Self::of(Written { name, architecture, init, seed: presets::SEED, keep_weights: false }))
    }

    fn of(written: Written) -> Self {
        let mut draft = Self {
            start: written.clone(),
            selected: None,
            outline: Outline { layers: Vec::new(), misfit: None },
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
        match (self.misfit(), self.layers().last()) {
            (None, Some(last)) => last.output.iter().product(),
            (Some(_), _) | (_, None) => made.unwrap_or(0),
        }
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

    /// Takes back the last change.
    pub(super) fn undo(&mut self) {
        if let Some(before) = self.past.pop() {
            self.future.push(std::mem::replace(&mut self.written, before));
            self.settle();
        }
    }

    /// Does again what was taken back.
    pub(super) fn redo(&mut self) {
        if let Some(after) = self.future.pop() {
            self.past.push(std::mem::replace(&mut self.written, after));
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.last = None;
        self.selected = self.selected.filter(|&l| l < self.specs().len());
        self.measure();
    }

    /// A change of what is written. Those that begin or end a draft are not for here.
    pub(super) fn change(&mut self, action: BuildAction) {
        let before = self.written.clone();
        let touched = touched(&action);
        self.write(action);
        if self.written != before {
            // Dragging a number is one change, not one for each value on the way.
            if touched.is_none() || touched != self.last {
                self.past.push(before);
                if self.past.len() > DEPTH {
                    self.past.remove(0);
                }
            }
            self.future.clear();
            self.last = touched;
            self.measure();
        }
    }

    fn write(&mut self, action: BuildAction) {
        let layers = &mut self.written.architecture.layers;
        let picked = self.selected.filter(|&l| l < layers.len());
        match action {
            BuildAction::Select(layer) => {
                self.selected = layer.filter(|&l| l < layers.len());
                self.last = None;
            }
            BuildAction::Add(kind) => {
                let at = picked.map_or(layers.len(), |l| l + 1);
                let name = free_name(stem(&kind), layers);
                layers.insert(at, LayerSpec::new(name, kind));
                self.selected = Some(at);
            }
            BuildAction::Remove => {
                if let Some(l) = picked {
                    layers.remove(l);
                    self.selected = layers.len().checked_sub(1).map(|last| l.min(last));
                }
            }
            BuildAction::Duplicate => {
                if let Some(l) = picked {
                    let kind = layers[l].kind.clone();
                    let stem = layers[l].name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
                    layers.insert(l + 1, LayerSpec::new(free_name(&stem, layers), kind));
                    self.selected = Some(l + 1);
                }
            }
            BuildAction::Move { up } => {
                let to = picked.and_then(|l| if up { l.checked_sub(1) } else { Some(l + 1) });
                if let (Some(l), Some(to)) = (picked, to.filter(|&to| to < layers.len())) {
                    layers.swap(l, to);
                    self.selected = Some(to);
                }
            }
            BuildAction::Rename(l, name) => {
                if let Some(spec) = layers.get_mut(l) {
                    spec.name = name;
                }
            }
            BuildAction::Set(l, field) => {
                if let Some(spec) = layers.get_mut(l) {
                    spec.kind.set(field);
                }
            }
            BuildAction::Become(l, kind) => {
                if let Some(spec) = layers.get_mut(l) {
                    spec.kind = kind;
                }
            }
            BuildAction::Name(name) => self.written.name = name,
            BuildAction::Input(input) => {
                let architecture = &mut self.written.architecture;
                architecture.preprocess = over_channels(&architecture.preprocess, input[0]);
                architecture.input = input;
            }
            BuildAction::Classes(classes) => self.set_classes(classes),
            BuildAction::ClassNames(names) => self.written.architecture.classes = names,
            BuildAction::Loss(loss) => self.written.architecture.loss = loss,
            BuildAction::Init(init) => self.written.init = init,
            BuildAction::Seed(seed) => self.written.seed = seed,
            BuildAction::KeepWeights(keep) => self.written.keep_weights = keep,
            BuildAction::StartFrom(_)
            | BuildAction::New
            | BuildAction::Edit
            | BuildAction::Apply
            | BuildAction::Cancel => {}
        }
    }

    /// Writes over all of it; the change can be undone.
    pub(super) fn replace(&mut self, other: Self) {
        let before = std::mem::replace(&mut self.written, other.written);
        self.past.push(before);
        self.future.clear();
        self.selected = None;
        self.settle();
    }

    fn set_classes(&mut self, classes: usize) {
        let architecture = &mut self.written.architecture;
        // No layer behind this one changes how many there are.
        let made = architecture.layers.iter_mut().rev().find_map(|spec| spec.kind.outputs_mut());
        let Some(made) = made else { return };
        *made = classes;
        let names = &mut architecture.classes;
        if !names.is_empty() {
            names.truncate(classes);
            let mut number = names.len();
            while names.len() < classes && classes < 1 << 16 {
                let name = number.to_string();
                if !names.contains(&name) {
                    names.push(name);
                }
                number += 1;
            }
        }
    }

    /// Computes what follows from what is written.
    fn measure(&mut self) {
        let architecture = &self.written.architecture;
        self.outline = Outline::of(architecture.input, architecture.layers.clone());
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

fn touched(action: &BuildAction) -> Option<Touched> {
    match action {
        BuildAction::Rename(l, _) => Some(Touched::LayerName(*l)),
        BuildAction::Set(l, field) => Some(Touched::Field(*l, field.name)),
        BuildAction::Name(_) => Some(Touched::Name),
        BuildAction::Input(_) => Some(Touched::Input),
        BuildAction::Classes(_) => Some(Touched::Classes),
        BuildAction::ClassNames(_) => Some(Touched::ClassNames),
        BuildAction::Init(_) => Some(Touched::Init),
        BuildAction::Seed(_) => Some(Touched::Seed),
        BuildAction::New
        | BuildAction::Edit
        | BuildAction::StartFrom(_)
        | BuildAction::Select(_)
        | BuildAction::Add(_)
        | BuildAction::Remove
        | BuildAction::Duplicate
        | BuildAction::Move { .. }
        | BuildAction::Become(..)
        | BuildAction::Loss(_)
        | BuildAction::KeepWeights(_)
        | BuildAction::Apply
        | BuildAction::Cancel => None,
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

/// The same scaling for another number of channels: the last channel's goes on.
fn over_channels(preprocess: &Preprocess, channels: usize) -> Preprocess {
    let over = |numbers: &[f64], or: f64| -> Vec<f64> {
        let last = numbers.last().copied().unwrap_or(or);
        numbers.iter().copied().chain(std::iter::repeat(last)).take(channels).collect()
    };
    Preprocess::new(channels, over(preprocess.mean(), 0.0), over(preprocess.std(), 1.0))
        .unwrap_or_else(|_| Preprocess::identity(channels))
}

/// What a new layer's name begins with.
const fn stem(kind: &Kind) -> &'static str {
    match kind {
        Kind::Conv2d(_) => "conv",
        Kind::MaxPool2d(_) | Kind::AvgPool2d(_) | Kind::GlobalAvgPool2d => "pool",
        Kind::Relu | Kind::LeakyRelu(_) => "relu",
        Kind::Tanh => "tanh",
        Kind::Sigmoid => "sigmoid",
        Kind::Flatten => "flatten",
        Kind::Dense(_) => "fc",
        Kind::BatchNorm2d(_) => "bn",
        Kind::Dropout(_) => "dropout",
        Kind::Softmax => "softmax",
    }
}

/// The stem with the first number that makes a name of its own.
fn free_name(stem: &str, layers: &[LayerSpec]) -> String {
    let is_taken = |name: &str| layers.iter().any(|layer| layer.name == name);
    // Among one name more than there are layers, one is free.
    let mut numbered = (1..=layers.len()).map(|n| format!("{stem}{n}"));
    numbered.find(|name| !is_taken(name)).unwrap_or_else(|| format!("{stem}{}", layers.len() + 1))
}
