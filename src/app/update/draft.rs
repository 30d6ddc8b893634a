//! Changes to a draft.

use crate::app::{
    action::BuildAction,
    state::{Draft, Touched},
};
use crate::model_io::Preprocess;
use crate::nn::{
    loss::Loss,
    outline::Outline,
    spec::{INPUT, Kind, LayerSpec},
};

/// How many changes of a draft can be undone.
const UNDO_DEPTH: usize = 200;

impl Draft {
    /// A change of what is written. Those that begin or end a draft are not for here.
    pub(in crate::app) fn change(&mut self, action: BuildAction) {
        let before = self.written.clone();
        let touched = touched(&action);
        self.write(action);
        if self.written != before {
            // Dragging a number is one change, not one for each value on the way.
            if touched.is_none() || touched != self.last {
                self.past.push(before);
                if self.past.len() > UNDO_DEPTH {
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
        match action {
            BuildAction::Select(layer) => {
                self.selected = layer.filter(|&l| l < layers.len());
                self.last = None;
            }
            BuildAction::Add(kind) => self.add(kind),
            BuildAction::Remove => self.remove(),
            BuildAction::Duplicate => self.duplicate(),
            BuildAction::Move { up } => self.move_layer(up),
            BuildAction::Rename(l, name) => {
                if let Some(old) = layers.get(l).map(|spec| spec.name.clone()) {
                    // Who reads it goes on reading it, unless another layer has the old name too.
                    let is_alone = layers.iter().filter(|spec| spec.name == old).count() == 1;
                    let inputs = layers.iter_mut().flat_map(|spec| &mut spec.inputs);
                    inputs.filter(|input| is_alone && **input == old).for_each(|input| *input = name.clone());
                    layers[l].name = name;
                }
            }
            BuildAction::Set(l, hyperparameter) => {
                if let Some(spec) = layers.get_mut(l) {
                    spec.kind.set(hyperparameter);
                }
            }
            BuildAction::Become(l, kind) => {
                if l < layers.len() {
                    let (before, inputs) = (&layers[..l], &layers[l].inputs);
                    let inputs = inputs_for(&kind, inputs, before, &self.outline);
                    layers[l].inputs = inputs;
                    layers[l].kind = kind;
                }
            }
            BuildAction::Reads(l, inputs) => {
                if let Some(spec) = layers.get_mut(l) {
                    spec.inputs = inputs;
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
            BuildAction::Loss(loss) => self.set_loss(loss),
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

    /// The layers, and the number of the selected one.
    fn layers_mut(&mut self) -> (&mut Vec<LayerSpec>, Option<usize>) {
        let layers = &mut self.written.architecture.layers;
        let selected = self.selected.filter(|&l| l < layers.len());
        (layers, selected)
    }

    /// Puts a layer behind the selected one, or else at the end, and selects it.
    fn add(&mut self, kind: Kind) {
        let selected = self.selected.filter(|&l| l < self.specs().len());
        let (layers, outline) = (&mut self.written.architecture.layers, &self.outline);
        let at = selected.map_or(layers.len(), |l| l + 1);
        let name = free_name(kind.stem(), layers);
        let inputs = inputs_for(&kind, &[], &layers[..at], outline);
        layers.insert(at, LayerSpec::new(name, kind).reading(inputs));
        self.selected = Some(at);
    }

    fn remove(&mut self) {
        if let (layers, Some(l)) = self.layers_mut() {
            take_out(layers, l);
            self.selected = layers.len().checked_sub(1).map(|last| l.min(last));
        }
    }

    /// Puts a copy of the selected layer behind it, and selects the copy.
    fn duplicate(&mut self) {
        if let (layers, Some(l)) = self.layers_mut() {
            let kind = layers[l].kind.clone();
            // The copy of a join reads the join in place of its first input.
            let own = kind.is_join().then(|| layers[l].name.clone());
            let inputs: Vec<String> =
                own.into_iter().chain(layers[l].inputs.iter().skip(1).cloned()).collect();
            let stem = layers[l].name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
            layers.insert(l + 1, LayerSpec::new(free_name(&stem, layers), kind).reading(inputs));
            self.selected = Some(l + 1);
        }
    }

    /// Moves the selected layer one place.
    fn move_layer(&mut self, up: bool) {
        let (layers, selected) = self.layers_mut();
        let to = selected.and_then(|l| if up { l.checked_sub(1) } else { Some(l + 1) });
        if let (Some(l), Some(to)) = (selected, to.filter(|&to| to < layers.len())) {
            layers.swap(l, to);
            self.selected = Some(to);
        }
    }

    /// Chooses a loss; the outputs become as many as it takes for the same classes.
    fn set_loss(&mut self, loss: Loss) {
        let classes = self.classes();
        let architecture = &mut self.written.architecture;
        let before = std::mem::replace(&mut architecture.loss, loss);
        let made = architecture.layers.iter_mut().rev().find_map(|spec| spec.kind.outputs_mut());
        let Some(made) = made.filter(|_| before != loss) else { return };
        match (before, loss) {
            (_, Loss::BinaryCrossEntropy) if classes <= 2 => *made = 1,
            (Loss::BinaryCrossEntropy, _) => *made = classes,
            (_, Loss::BinaryCrossEntropy | Loss::CrossEntropy | Loss::Mse) => {}
        }
    }

    fn set_classes(&mut self, classes: usize) {
        let architecture = &mut self.written.architecture;
        // No layer behind this one changes how many there are.
        let made = architecture.layers.iter_mut().rev().find_map(|spec| spec.kind.outputs_mut());
        let Some(made) = made else { return };
        if architecture.loss == Loss::BinaryCrossEntropy {
            // Its one output tells two classes apart, and no more.
            if classes == 2 {
                return;
            }
            architecture.loss = Loss::CrossEntropy;
        }
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
}

fn touched(action: &BuildAction) -> Option<Touched> {
    match action {
        BuildAction::Rename(l, _) => Some(Touched::LayerName(*l)),
        BuildAction::Set(l, number) => Some(Touched::Hyperparameter(*l, number.name)),
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
        | BuildAction::Reads(..)
        | BuildAction::Loss(_)
        | BuildAction::KeepWeights(_)
        | BuildAction::Apply
        | BuildAction::Cancel => None,
    }
}

/// The same scaling for another number of channels: further channels repeat the last one's.
fn over_channels(preprocess: &Preprocess, channels: usize) -> Preprocess {
    let over = |numbers: &[f64], or: f64| -> Vec<f64> {
        let last = numbers.last().copied().unwrap_or(or);
        numbers.iter().copied().chain(std::iter::repeat(last)).take(channels).collect()
    };
    Preprocess::new(channels, over(preprocess.mean(), 0.0), over(preprocess.std(), 1.0))
        .unwrap_or_else(|_| Preprocess::identity(channels))
        .with_shuffle(preprocess.shuffle())
}

/// Removes a layer; what read it reads what it read.
fn take_out(layers: &mut Vec<LayerSpec>, l: usize) {
    let before = l.checked_sub(1).map_or(INPUT.to_owned(), |before| layers[before].name.clone());
    let gone = layers.remove(l);
    let read = gone.inputs.first().cloned().unwrap_or_else(|| before.clone());
    let inputs = layers.iter_mut().skip(l).flat_map(|spec| &mut spec.inputs);
    inputs.filter(|input| **input == gone.name).for_each(|input| *input = read.clone());
    if let Some(next) = layers.get_mut(l).filter(|next| next.inputs.is_empty() && read != before) {
        next.inputs = vec![read];
    }
}

/// The inputs with which a kind begins behind the layers `before`, from those that the layer had: of a join, the layer
/// before and the nearest earlier output that goes with it.
fn inputs_for(kind: &Kind, had: &[String], before: &[LayerSpec], outline: &Outline) -> Vec<String> {
    if !kind.is_join() {
        return had.iter().take(1).cloned().collect();
    }
    if had.len() > 1 {
        return had.to_vec();
    }
    let name = |n: usize| n.checked_sub(1).map_or(INPUT.to_owned(), |l| before[l].name.clone());
    let first = had.first().cloned().unwrap_or_else(|| name(before.len()));
    let extents = |n: usize| outline.extents(n);
    let place = (0..=before.len()).rev().find(|&n| name(n) == first);
    let goes_with = |n: &usize| {
        let (Some(a), Some(b)) = (place.and_then(extents), extents(*n)) else { return false };
        Some(*n) != place && if *kind == Kind::Concat { a[1..] == b[1..] } else { a == b }
    };
    let second = (0..=before.len()).rev().find(goes_with).map_or_else(|| first.clone(), name);
    vec![first, second]
}

/// The stem with the first number that makes a name of its own.
fn free_name(stem: &str, layers: &[LayerSpec]) -> String {
    let is_taken = |name: &str| layers.iter().any(|layer| layer.name == name);
    // Among one name more than there are layers, one is free.
    let mut numbered = (1..=layers.len()).map(|n| format!("{stem}{n}"));
    numbered.find(|name| !is_taken(name)).unwrap_or_else(|| format!("{stem}{}", layers.len() + 1))
}
