//! What the screen calls tensors, their parts and places: `conv1`, `∂L/∂relu1`, `map 3`, `filter 3, slice 0`,
//! `map 4 of conv3, row 4, column 4`, `pool1, backward`; and what it calls classes.
//!
//! Addresses keep their own letters (`conv1.dW/k3,0`); they stand only where an address is typed or copied.

use super::{strings::Words, view::View};
use crate::app::AppState;
use crate::attribution::Unit;
use crate::data::shapes;
use crate::model_io::{Model, bundled, by_hand, presets};
use crate::nn::{Op, Part, Source, group_norm::GroupNorm, spec::Kind};
use crate::tensor::Shape;
use crate::trace::{Address, Grain, Owner, Pass, Place, Plan, Stage, TensorId};

/// The name of a tensor: `conv1`, `conv1 weights`, `∂L/∂relu1`.
pub fn tensor(view: &View, tensor: TensorId) -> String {
    let plan = view.state.plan();
    if let Some(source) = plan.differentiated(tensor) {
        return gradient(view, tensor, source);
    }
    let owner = match tensor.owner {
        Owner::Input => return view.text("name.input"),
        Owner::Loss => view.text("name.loss"),
        Owner::Layer(l) => plan.layer(l as usize).name().to_owned(),
    };
    part_of(view, tensor.part, &owner)
}

/// The name of a gradient: `∂L/∂relu1`; of what one of several readers hands back, `∂L/∂relu1 via conv2`.
fn gradient(view: &View, gradient: TensorId, source: Source) -> String {
    let plan = view.state.plan();
    let name = format!("∂L/∂{}", tensor(view, TensorId::of(source)));
    let (Owner::Layer(l), false) = (gradient.owner, plan.gradient_of(source) == gradient) else {
        return name;
    };
    let reader = plan.layer(l as usize);
    let layer = match reader.sources.iter().filter(|&&other| other == source).count() {
        1 => reader.name().to_owned(),
        _ => format!("{}.{}", reader.name(), gradient.part.suffix()),
    };
    view.fill("name.gradient_via", &[("gradient", &name), ("layer", &layer)])
}

/// A tensor's name, and what is left of it where there is little room: `conv1 ∂L/∂w` and `∂L/∂w`.
pub fn short(view: &View, tensor: TensorId) -> [String; 2] {
    let name = self::tensor(view, tensor);
    let short = match tensor.part {
        Part::Dx | Part::DxOf(_) => "∂L/∂x".to_owned(),
        Part::Dy => "∂L/∂y".to_owned(),
        Part::Out => name.clone(),
        part => part_of(view, part, "").trim_matches([' ', '\u{2009}', ',', '，']).to_owned(),
    };
    [name, short]
}

/// The name of a part of a layer or of the loss; of its output and of a gradient of its input the owner's.
fn part_of(view: &View, part: Part, owner: &str) -> String {
    let key = match part {
        Part::Out | Part::Dx | Part::DxOf(_) | Part::Dy => return owner.to_owned(),
        Part::Target => "name.target",
        Part::Prob => "name.prob",
        Part::Winner => "name.winner",
        Part::Max => "name.max",
        Part::Shift => "name.shift",
        Part::Exp => "name.exp",
        Part::Sum => "name.sum",
        Part::Mean => "name.mean",
        Part::Var => "name.var",
        Part::InvStd => "name.inv_std",
        Part::GroupMean => "name.mean",
        Part::GroupVar => "name.var",
        Part::GroupInvStd => "name.inv_std",
        Part::Xhat => "name.xhat",
        Part::Mask => "name.mask",
        Part::Scale => "name.scale",
        Part::Factor => "name.factor",
        Part::Ratio => "name.ratio",
        Part::Ds => "name.ds",
        Part::Dxhat => "name.dxhat",
        Part::DxhatSum => "name.dxhat_sum",
        Part::Dot => "name.dot",
        Part::Dw => "name.dw",
        Part::Db => "name.db",
        Part::DwMean => "name.dw_mean",
        Part::DbMean => "name.db_mean",
        Part::DwDecayed => "name.dw_decayed",
        Part::DbDecayed => "name.db_decayed",
        Part::WeightM => "name.weight_m",
        Part::BiasM => "name.bias_m",
        Part::WeightV => "name.weight_v",
        Part::BiasV => "name.bias_v",
        Part::WeightStep => "name.weight_step",
        Part::BiasStep => "name.bias_step",
        Part::Weight => "name.weight",
        Part::Bias => "name.bias",
        Part::RunningMean => "name.running_mean",
        Part::RunningVar => "name.running_var",
    };
    view.fill(key, &[("layer", owner)])
}

/// The tensor whose gradient another is: what a layer, or the loss, reads.
fn differentiated(plan: &Plan, gradient: TensorId) -> Option<TensorId> {
    plan.differentiated(gradient).map(TensorId::of)
}

/// How many maps of this shape there are, as a number; covered while a lesson asks for it.
pub fn planes(view: &View, shape: Shape) -> String {
    match view.state.covers_maps(shape.planes()) {
        true => "?".to_owned(),
        false => shape.planes().to_string(),
    }
}

/// The names of a picture's colours; of an array how many maps it has.
pub fn planes_by_name(view: &View, tensor: TensorId) -> String {
    let shape = view.state.plan().shape_of(tensor);
    match shape.planes() {
        1 | 3 if !view.state.covers_maps(shape.planes()) => {
            let all = (0..shape.planes()).map(|k| plane(view, tensor, k));
            all.collect::<Vec<_>>().join(&view.text("place.and"))
        }
        _ => maps(view, shape),
    }
}

/// The same in words: `32 maps`, or `10 neurons` where a map is one cell.
pub fn maps(view: &View, shape: Shape) -> String {
    let key = if shape.plane() > 1 { "name.maps" } else { "name.neurons" };
    view.fill(key, &[("n", &planes(view, shape))])
}

/// The name of the plane number `plane` of a tensor: `map 3`, `filter 3, slice 0`, `neuron 3`; `red` for the first
/// of an input of three maps; a class for the numbers of the loss.
pub fn plane(view: &View, tensor: TensorId, plane: usize) -> String {
    let plan = view.state.plan();
    let shape = plan.shape_of(tensor);
    if plan.is_weight_shaped(tensor) {
        let (o, c) = (plane / shape.0[1].max(1), plane % shape.0[1].max(1));
        let is_dense = matches!(operation(view, tensor), Some(Op::Dense(_)));
        let key = if is_dense { "name.connection" } else { "name.slice" };
        return with_class(view, tensor, o, view.fill(key, &[("o", &o.to_string()), ("c", &c.to_string())]));
    }
    if let Some(of) = differentiated(plan, tensor) {
        return self::plane(view, of, plane);
    }
    // A sequence is no picture in colours.
    let is_line = shape.0[2] == 1 && shape.0[3] > 1;
    match (tensor.owner, shape.planes(), plane) {
        (Owner::Input, ..) if is_line => {}
        (Owner::Input, 1, _) => return view.text("name.grey"),
        (Owner::Input, 3, 0) => return view.text("name.red"),
        (Owner::Input, 3, 1) => return view.text("name.green"),
        (Owner::Input, 3, _) => return view.text("name.blue"),
        (Owner::Loss, 2.., _) => return class_of_output(view, plane),
        (Owner::Input | Owner::Loss | Owner::Layer(_), _, _) => {}
    }
    let is_like_output = matches!(tensor.part, Part::Out | Part::Ds | Part::Xhat | Part::Dxhat);
    if let Some(Op::GroupNorm(spec)) = operation(view, tensor) {
        if GroupNorm::is_of_group(tensor.part) {
            return group(view, spec, plane);
        }
        if !is_like_output && spec.run() > 1 {
            return view.fill("name.map", &[("k", &plane.to_string())]);
        }
    }
    let key = match (shape.plane(), operation(view, tensor), tensor.owner) {
        (1, Some(Op::Conv2d(_)), _) if !is_like_output => "name.filter",
        (1, Some(Op::BatchNorm2d(_) | Op::ConvTranspose2d(_)), _) if !is_like_output => "name.map",
        (1, _, Owner::Layer(l)) => part_of_vector(plan, l as usize),
        (1, _, Owner::Input | Owner::Loss) => "name.cell",
        _ => "name.map",
    };
    with_class(view, tensor, plane, view.fill(key, &[("k", &plane.to_string())]))
}

/// What a normalisation of each picture for itself normalises together: `group 1`, `map 1`, `all cells`.
pub fn group(view: &View, spec: &GroupNorm, group: usize) -> String {
    let [channels, h, w] = spec.extents;
    if spec.groups == 1 {
        return view.text("name.all_cells");
    }
    let key = if spec.groups == channels && h * w > 1 { "name.map" } else { "name.group" };
    view.fill(key, &[("k", &group.to_string())])
}

/// A map or filter with the class that it stands for: `map 0 (curve)`.
fn with_class(view: &View, tensor: TensorId, map: usize, name: String) -> String {
    match class_of_plane(view, tensor, map) {
        Some(class) => view.fill("name.of_class", &[("name", &name), ("class", &class)]),
        None => name,
    }
}

/// The class that a plane of a tensor stands for, if it stands for one.
pub fn class_of_plane(view: &View, tensor: TensorId, plane: usize) -> Option<String> {
    let is_class = stands_for_class(view, tensor) && plane < view.state.model().architecture.classes.len();
    is_class.then(|| class_of_output(view, plane))
}

/// Whether each map of a layer stands for a class: the layer's maps, or its filters', go to the outputs one by one.
fn stands_for_class(view: &View, tensor: TensorId) -> bool {
    let (network, Owner::Layer(owner)) = (view.state.plan().network(), tensor.owner) else { return false };
    let is_one_by_one = |op: &Op| match op {
        Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Activation(_)
        | Op::PRelu(_)
        | Op::BatchNorm2d(_)
        | Op::GroupNorm(_)
        | Op::Dropout { .. }
        | Op::Softmax => true,
        Op::Resample2d(spec) => spec.channels.is_same(),
        Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::Dense(_)
        | Op::Flatten
        | Op::LocalResponseNorm(_)
        | Op::Add
        | Op::Multiply
        | Op::Concat => false,
    };
    let output = network.output();
    // From the last layer back, as long as maps go on one by one.
    let last = network.layers.len().checked_sub(1);
    let before =
        |&l: &usize| network.layers[l].sources[0].layer().filter(|_| is_one_by_one(&network.layers[l].op));
    let way: Vec<usize> = std::iter::successors(last, before).collect();
    output[1] * output[2] == 1
        && way.contains(&(owner as usize))
        && way.last().is_some_and(|&filters| matches!(network.layers[filters].op, Op::Conv2d(_)))
}

/// The key of a number's caption, and with `_tip` behind it of its tooltip. Those of a transposed convolution mean
/// something else than a convolution's of the same name.
pub fn hyperparameter_key(kind: &Kind, name: &str) -> String {
    const OWN: [&str; 6] = ["out_channels", "kernel", "stride", "padding", "padding_end", "dilation"];
    let is_own = matches!(kind, Kind::ConvTranspose2d(_)) && OWN.contains(&name);
    format!("build.hyperparameter.{}{name}", if is_own { "transposed_" } else { "" })
}

/// What a number of a layer's vector is: a neuron of a dense layer, a map of one cell, or a cell of a flattened volume.
fn part_of_vector(plan: &Plan, l: usize) -> &'static str {
    match &plan.layer(l).op {
        Op::Dense(_) => "name.neuron",
        Op::Conv2d(_) | Op::ConvTranspose2d(_) | Op::MaxPool2d(_) | Op::AvgPool2d(_) | Op::Resample2d(_) => {
            "name.map"
        }
        Op::Flatten => "name.cell",
        Op::Activation(_)
        | Op::PRelu(_)
        | Op::BatchNorm2d(_)
        | Op::GroupNorm(_)
        | Op::LocalResponseNorm(_)
        | Op::Dropout { .. }
        | Op::Softmax
        | Op::Add
        | Op::Multiply
        | Op::Concat => {
            let before = plan.layer(l).sources[0].layer();
            before.map_or("name.cell", |before| part_of_vector(plan, before))
        }
    }
}

/// A tensor and one of its planes, short: `conv1, map 3`, `∂L/∂conv1, map 3`; the tensor alone if it has but one plane.
pub fn tensor_and_plane(view: &View, tensor: TensorId, plane: usize) -> String {
    let name = self::tensor(view, tensor);
    match view.state.plan().shape_of(tensor).planes() {
        0 | 1 => name,
        _ => view.fill("name.part", &[("tensor", &name), ("plane", &self::plane(view, tensor, plane))]),
    }
}

/// A map as a thing to click: `conv2 output, map 7`, `gradient of conv2, map 7`, `conv1 weights, filter 3, slice 0`.
pub fn map(view: &View, tensor: TensorId, plane: usize) -> String {
    let plan = view.state.plan();
    let name = match (tensor.part, tensor.owner, differentiated(plan, tensor)) {
        (Part::Out, Owner::Layer(_), _) => {
            view.fill("name.output", &[("layer", &self::tensor(view, tensor))])
        }
        (_, _, Some(of)) => gradient_of(view, &self::tensor(view, of)),
        _ => return tensor_and_plane(view, tensor, plane),
    };
    match plan.shape_of(tensor).planes() {
        0 | 1 => name,
        _ => view.fill("name.part", &[("tensor", &name), ("plane", &self::plane(view, tensor, plane))]),
    }
}

fn gradient_of(view: &View, name: &str) -> String {
    view.fill("name.gradient_of", &[("name", name)])
}

/// A plane of a tensor in a sentence: `map 4 of conv3`, `neuron 3 of fc (cat)`, `gradient of map 6 of relu1`.
fn object(view: &View, tensor: TensorId, plane: usize) -> String {
    let plan = view.state.plan();
    let has_planes = plan.shape_of(tensor).planes() > 1;
    match (tensor.part, tensor.owner) {
        (Part::Out, Owner::Layer(l)) if has_planes => {
            let (name, plane_name) = (self::tensor(view, tensor), self::plane(view, tensor, plane));
            let name = view.fill("name.plane_of", &[("plane", &plane_name), ("tensor", &name)]);
            let model = view.state.model();
            let is_score =
                l as usize + 1 == plan.network().layers.len() && plan.shape_of(tensor).plane() == 1;
            if is_score && !stands_for_class(view, tensor) && plane < model.architecture.classes.len() {
                return view
                    .fill("name.of_class", &[("name", &name), ("class", &class_of_output(view, plane))]);
            }
            name
        }
        (Part::Dw, _) => gradient_of(view, &object(view, TensorId { part: Part::Weight, ..tensor }, plane)),
        (Part::Db, _) => gradient_of(view, &object(view, TensorId { part: Part::Bias, ..tensor }, plane)),
        _ => match differentiated(plan, tensor) {
            Some(of) => gradient_of(view, &object(view, of, plane)),
            None => tensor_and_plane(view, tensor, plane),
        },
    }
}

/// A cell of a tensor by its number within the image's tensor: `map 4 of conv3, row 4, column 4`; rows and columns
/// only where the plane has more than one cell.
pub fn cell_of(view: &View, tensor: TensorId, index: usize) -> String {
    let shape = view.state.plan().shape_of(tensor);
    let [_, _, i, j] = shape.at(index);
    let plane = shape.plane().max(1);
    let name = object(view, tensor, index / plane);
    if plane == 1 {
        return name;
    }
    view.fill("name.at", &[("name", &name), ("i", &i.to_string()), ("j", &j.to_string())])
}

/// The cell at an address: `map 4 of conv3, row 4, column 4`. Empty if the address names no cell of a tensor.
pub fn cell(view: &View, address: &Address) -> String {
    let Some((tensor, _, index)) = view.state.trace().tensor_cell(address) else { return String::new() };
    cell_of(view, tensor, index as usize)
}

/// A cell and its value: `map 4 of conv3, row 4, column 4: gradient −0.012` where the tensor is a gradient.
pub fn cell_and_value(view: &View, tensor: TensorId, index: usize, value: &str) -> String {
    let plan = view.state.plan();
    let of = match tensor.part {
        part if part.is_activation_gradient() => differentiated(plan, tensor).unwrap_or(tensor),
        Part::Dw => TensorId { part: Part::Weight, ..tensor },
        Part::Db => TensorId { part: Part::Bias, ..tensor },
        _ => return view.fill("name.value", &[("name", &cell_of(view, tensor, index)), ("value", value)]),
    };
    view.fill("name.gradient", &[("name", &cell_of(view, of, index)), ("value", value)])
}

/// A stage: `conv1`, `pool1, backward`, `conv1 ∂L/∂w`.
pub fn stage(view: &View, stage: &Stage) -> String {
    match stage.tensor.part {
        Part::Dx => {
            let owner = tensor(view, TensorId { part: Part::Out, ..stage.tensor });
            view.fill("name.backward", &[("layer", &owner)])
        }
        Part::DxOf(input) => {
            let plan = view.state.plan();
            let Owner::Layer(l) = stage.tensor.owner else { return tensor(view, stage.tensor) };
            let to =
                plan.inputs_of(l as usize).nth(input.into()).map_or(String::new(), |to| tensor(view, to));
            let owner = plan.layer(l as usize).name();
            view.fill("name.backward_to", &[("layer", owner), ("to", &to)])
        }
        Part::Dy => {
            let owner = tensor(view, TensorId { part: Part::Out, ..stage.tensor });
            view.fill("name.gradients_added", &[("layer", &owner)])
        }
        _ => tensor(view, stage.tensor),
    }
}

/// Any place in words, as far as its grain goes: `training step 3, picture 2: map 4 of conv3, row 4, column 4, term 7`.
/// Step and picture only where there is more than the one.
pub fn place(view: &View, address: &Address) -> String {
    let plan = view.state.plan();
    let setup = plan.setup();
    let step = address.time().to_string();
    let batches = setup.batches.max(1);
    let words = match address.grain() {
        Grain::Run => return view.text("name.run"),
        Grain::Epoch => return view.fill("name.epoch", &[("n", &(address.time() / batches).to_string())]),
        Grain::Batch => return view.fill("name.step", &[("n", &step)]),
        Grain::Example => String::new(),
        Grain::Pass => match plan.stage_at(address) {
            Some(stage) => view.text(&format!("pass.{}", stage.pass.name())),
            None => cell(view, address),
        },
        Grain::Layer => match address.place() {
            Place::Stage(s) => self::stage(view, &plan.stages()[s as usize]),
            Place::Given(tensor) => self::tensor(view, tensor),
        },
        Grain::Channel => {
            let tensor = view.state.trace().tensor_cell(address).map(|(tensor, _, index)| (tensor, index));
            tensor.map_or_else(String::new, |(tensor, index)| {
                let plane = plan.shape_of(tensor).plane().max(1);
                object(view, tensor, index as usize / plane)
            })
        }
        Grain::Cell => cell(view, address),
        Grain::Term => {
            let term = address.term().to_string();
            view.fill("name.term", &[("name", &cell(view, address)), ("m", &term)])
        }
    };
    let is_update = plan.stage_at(address).is_some_and(|stage| stage.pass == Pass::Update);
    let words = match is_update && address.grain() >= Grain::Layer {
        true => view.fill("name.update_of", &[("name", &words)]),
        false => words,
    };
    if setup.images == 1 && address.time() == 0 && address.grain() != Grain::Example {
        return words;
    }
    let is_of_picture = setup.images > 1 && plan.stage_at(address).is_none_or(|stage| stage.per_image);
    let key = if is_of_picture { "name.picture" } else { "name.step" };
    let step = view.fill(key, &[("n", &step), ("image", &address.image().to_string())]);
    if words.is_empty() { step } else { view.fill("name.value", &[("name", &step), ("value", &words)]) }
}

/// A formula with the signs of the screen in place of the code's letters: `∂L/∂x` for `dX`, `∂L/∂w` for `dW`.
pub fn formula(formula: &str) -> String {
    let is_letter = |c: char| c.is_alphabetic() || c == '_';
    let mut written = String::new();
    let mut rest = formula;
    while let Some(first) = rest.chars().next() {
        let end = match is_letter(first) {
            true => rest.find(|c: char| !is_letter(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (word, after) = rest.split_at(end);
        match word {
            "dX" | "dx" => written.push_str("∂L/∂x"),
            "dW" => written.push_str("∂L/∂w"),
            "dS" => written.push_str("∂L/∂s"),
            "db" | "dy" | "dγ" | "dβ" => {
                written.push_str("∂L/∂");
                written.push_str(&word[1..]);
            }
            word => written.push_str(word),
        }
        rest = after;
    }
    written
}

/// A formula without the indices of its letters: `y = Σ x · w + b`.
pub fn formula_without_indices(formula: &str) -> String {
    let mut written = String::new();
    let mut is_index = false;
    for c in formula.chars() {
        match c {
            '[' if written.ends_with(char::is_alphanumeric) => is_index = true,
            ']' if is_index => is_index = false,
            c if !is_index => written.push(c),
            _ => {}
        }
    }
    written
}

/// A place by its text, in words where the current plan has it; otherwise the text.
pub fn place_of_text(view: &View, text: &str) -> String {
    match view.state.plan().parse(text) {
        Ok(address) => place(view, &address),
        Err(_) => text.to_owned(),
    }
}

/// What evidence is shown for: `star (score)`, `map 3 of conv2`, `map 3 of conv2, row 2, column 5`.
pub fn unit(view: &View, unit: Unit) -> String {
    let of_class = |key: &str, k: usize| view.fill(key, &[("class", &class(view, k))]);
    let out = |layer: usize| TensorId::layer(layer, Part::Out);
    match unit {
        Unit::Score(k) => of_class("name.score", k),
        Unit::Probability(k) => of_class("name.probability", k),
        Unit::Channel { layer, channel } => object(view, out(layer), channel),
        Unit::Cell { layer, channel, at: [i, j] } => {
            cell_of(view, out(layer), view.state.plan().shape_of(out(layer)).flat([0, channel, i, j]))
        }
    }
}

/// What a network is called: a bundled one or a preset in the user's language, another by its own name.
pub fn network(words: Words, name: &str) -> String {
    let is_bundled = bundled::models().iter().any(|model| model.name == name);
    let is_preset = presets::find(name).is_some();
    match (is_bundled, is_preset) {
        (true, _) => words.text(&format!("network.{name}")),
        (false, true) => words.text(&format!("preset.{name}")),
        (false, false) => name.to_owned(),
    }
}

/// The window's title: the session, where it has a file, the network, and the picture or the data that is learned
/// from; `•` where there is something to be saved.
pub fn title(state: &AppState) -> String {
    let network = network(Words(state.view().lang), &state.model().name);
    let picture = match &state.inputs().training {
        Some(training) => training.schedule.data.name(),
        None => &state.inputs().picture.name,
    };
    let mark = if state.is_unsaved() { " •" } else { "" };
    match &state.files().location {
        Some(session) => format!("{}{mark} – {network}, {picture} – convstep", session.display_name()),
        None => format!("{network}, {picture}{mark} – convstep"),
    }
}

/// What an output is called now: in training by the class that it learns, else as the model names it; in the user's
/// language where the classes are those of a bundled model.
pub fn class(view: &View, class: usize) -> String {
    let name = view.state.class_name(class);
    let learned = view.state.inputs().training.as_ref().map(|training| training.schedule.data.classes());
    let lists = learned.into_iter().chain([&view.state.model().architecture.classes[..]]);
    let named = lists.filter(|list| list.get(class) == Some(&name));
    let words: Vec<String> = named.filter_map(|list| class_in(view.words, list, class)).collect();
    // Translated by the list that is bundled, whichever it is.
    if let Some(word) = words.iter().find(|word| **word != name).or(words.first()) {
        return word.clone();
    }
    // The labels of a data set may be numbers; a number that stands for no class is an output.
    let is_output = view.state.inputs().training.is_none() && !view.state.names_classes();
    if is_output { view.fill("name.an_output", &[("k", &class.to_string())]) } else { name }
}

/// The class that an output speaks for.
pub fn class_of_output(view: &View, output: usize) -> String {
    class(view, view.state.plan().network().loss.class_of(output))
}

/// The same of another model.
pub fn class_of(view: &View, model: &Model, class: usize) -> String {
    class_in(view.words, &model.architecture.classes, class).unwrap_or_else(|| model.class_name(class))
}

/// A class in a list of names; `None` behind its end. Bundled lists are translated, the user's own names stay.
pub fn class_in(words: Words, classes: &[String], class: usize) -> Option<String> {
    let name = classes.get(class)?;
    let is_bundled = [&shapes::CLASSES[..], &bundled::PHOTO_CLASSES[..], &by_hand::PATTERN_CLASSES[..]]
        .iter()
        .any(|list| *list == classes);
    Some(if is_bundled { words.text(&format!("class.{name}")) } else { name.clone() })
}

/// `rows 30, 31 and column 5`; `None` where there are none of either. More than four of a kind end in "…".
pub fn rows_and_columns(view: &View, rows: &[usize], columns: &[usize]) -> Option<String> {
    let list = |numbers: &[usize], [one, many]: [&str; 2]| {
        let shown: Vec<_> = numbers.iter().take(4).map(ToString::to_string).collect();
        let list = shown.join(", ") + if numbers.len() > 4 { ", …" } else { "" };
        let key = if numbers.len() == 1 { one } else { many };
        (!numbers.is_empty()).then(|| view.fill(key, &[("n", &list)]))
    };
    let rows = list(rows, ["name.row", "name.rows"]);
    let columns = list(columns, ["name.column", "name.columns"]);
    match (rows, columns) {
        (Some(rows), Some(columns)) => Some(view.fill("name.and", &[("a", &rows), ("b", &columns)])),
        (rows, columns) => rows.or(columns),
    }
}

/// The operation of the layer that a tensor belongs to.
fn operation<'a>(view: &View<'a>, tensor: TensorId) -> Option<&'a Op> {
    match tensor.owner {
        Owner::Layer(l) => Some(&view.state.plan().layer(l as usize).op),
        Owner::Input | Owner::Loss => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{formula, formula_without_indices};

    #[test]
    fn a_formula_without_indices_keeps_its_conditions() {
        assert_eq!(formula_without_indices("y[o,i] = Σ x[c, i·S−P] · w[o,c] + b[o]"), "y = Σ x · w + b");
        assert_eq!(formula_without_indices("∂L/∂x = ∂L/∂y · [x > 0]"), "∂L/∂x = ∂L/∂y · [x > 0]");
    }

    #[test]
    fn formulas_have_the_signs_of_the_screen() {
        assert_eq!(formula("dW[o] = Σ dy[n,o] · inv_std"), "∂L/∂w[o] = Σ ∂L/∂y[n,o] · inv_std");
        assert_eq!(formula("dX = x · dot + dy"), "∂L/∂x = x · dot + ∂L/∂y");
        assert_eq!(formula("dβ[c] = Σ dS"), "∂L/∂β[c] = Σ ∂L/∂s");
    }
}
