//! The presets do what they are offered for: a gradient that vanishes, activations that explode, networks that learn.

use convstep::{
    data::Generated,
    model_io::{Model, presets},
    nn::{
        Layer, Mode, Op, Part, Values,
        dropout::Stream,
        optimizer::{Optimizer, Rule},
    },
    tensor::Tensor,
    train::{Trainer, stack},
};
use std::collections::BTreeSet;

fn preset(name: &str) -> Model {
    presets::load(name).and_then(|preset| preset.model(presets::SEED)).expect(name)
}

/// A preset's tensors are those of torchvision's state dict, which so opens with it. The lists are in
/// `tests/fixtures/torchvision`.
#[test]
fn torchvisions_state_dicts_have_the_presets_names_and_extents() {
    for name in ["vgg16", "resnet18", "mobilenet_v2", "squeezenet1_1"] {
        let architecture = presets::load(name).and_then(|preset| preset.architecture()).expect(name);
        let network = architecture.build().expect(name);
        let of_layer = |layer: &Layer| -> Vec<String> {
            let tensors = layer.parameters().into_iter().map(|(part, shape)| {
                let [n, c, h, w] = shape.0;
                let extents = match (part, &layer.op) {
                    (Part::Weight, Op::Conv2d(_)) => vec![n, c, h, w],
                    (Part::Weight, Op::Dense(_)) => vec![n, c],
                    _ => vec![shape.len()],
                };
                let extents: Vec<String> = extents.iter().map(usize::to_string).collect();
                format!("{}.{} {}", layer.file_name(), part.suffix(), extents.join(" "))
            });
            tensors.collect()
        };
        let ours: BTreeSet<String> = network.layers.iter().flat_map(of_layer).collect();
        let path = format!("{}/tests/fixtures/torchvision/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let theirs = std::fs::read_to_string(&path).expect(&path);
        let theirs = theirs.lines().map(str::trim).filter(|line| !line.contains("num_batches_tracked"));
        let theirs: BTreeSet<String> = theirs.map(str::to_owned).collect();
        assert!(!theirs.is_empty());
        assert_eq!(ours, theirs, "{name}");
    }
}

/// Ten classes that are told apart by the colours of a picture's halves and by its stripes.
fn striped(model: &Model, from: usize, count: usize) -> (Tensor, Tensor) {
    let [c, h, w] = model.network.input;
    let classes: Vec<usize> = (from..from + count).map(|n| n * 7 % 10).collect();
    let x = Tensor::from_shape_fn((count, c, h, w), |(n, c, i, j)| {
        let class = classes[n];
        let half = if j < w / 2 { class % 3 } else { class / 3 };
        let stripe = if class.is_multiple_of(2) { i } else { j } / 4 % 2;
        let noise = ((n + from) * 31 + c * 17 + i * 13 + j * 7) % 11;
        let colour = if half == c { 1.0 } else { -0.5 };
        colour + 0.5 * stripe as f32 + noise as f32 / 22.0
    });
    (x, model.network.target(&classes))
}

#[test]
fn the_networks_with_branches_learn() {
    for name in ["separable", "inception", "densenet", "unet"] {
        let model = preset(name);
        let rule = Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 };
        let optimizer = Optimizer { rule, learning_rate: 0.005, weight_decay: 0.0 };
        let mut trainer =
            Trainer::new(model.network.clone(), (*model.params).clone(), optimizer, 1).expect("fits");
        let mut losses = Vec::new();
        for step in 0..16 {
            let (x, target) = striped(&model, step * 10, 10);
            losses.push(trainer.step(&x, &target).expect("fits").loss);
        }
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
        assert!(mean(&losses[12..]) < 0.7 * mean(&losses[..4]), "{name}: {losses:?}");
    }
}

/// Examples with their targets, a batch.
fn digits(model: &Model, from: u64, count: u64) -> (Tensor, Tensor) {
    let examples: Vec<_> = (from..from + count).map(|index| Generated::Digits.sample(3, index)).collect();
    stack(&examples, |pixels| model.architecture.preprocess.apply(pixels), model.network.targets())
        .expect("fits")
}

fn run(model: &Model) -> Values {
    let (x, target) = digits(model, 0, 4);
    model.network.run(&model.params, &x, &target, Mode::Train, Stream::default())
}

fn norm(tensor: &Tensor) -> f64 {
    tensor.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt()
}

/// The norms of the weights' gradients, first layer first.
fn gradients(values: &Values) -> Vec<f64> {
    values.layers.iter().filter_map(|layer| layer.get(Part::Dw)).map(norm).collect()
}

/// The norms of the layers' outputs, per cell.
fn outputs(values: &Values) -> Vec<f64> {
    let cells = values.layers.iter().map(|layer| layer.at(Part::Out));
    cells.map(|out| norm(out) / (out.len() as f64).sqrt()).collect()
}

#[test]
fn the_gradient_of_the_first_layer_vanishes() {
    let norms = gradients(&run(&preset("vanishing")));
    let (first, last) = (norms[0], norms[norms.len() - 1]);
    assert!(first > 0.0 && first < 1e-4 * last, "{norms:?}");
    // Not so in the others, which have no such trouble.
    for name in ["lenet5", "dense"] {
        let norms = gradients(&run(&preset(name)));
        assert!(norms[0] > 1e-2 * norms[norms.len() - 1], "{name}: {norms:?}");
    }
}

#[test]
fn the_activations_explode() {
    let values = run(&preset("exploding"));
    let outs = outputs(&values);
    assert!(
        outs[outs.len() - 1] > 1e3 * norm(&values.input) / (values.input.len() as f64).sqrt(),
        "{outs:?}"
    );
    let norms = gradients(&values);
    assert!(norms.iter().all(|norm| *norm > 1e3), "{norms:?}");
    // The same architecture from weights as they should be.
    let good = presets::load("exploding").and_then(|preset| preset.architecture()).expect("a preset");
    let good = Model::initial("good", good, convstep::nn::init::Init::He, presets::SEED).expect("builds");
    let outs = outputs(&run(&good));
    assert!(outs.iter().all(|out| *out < 10.0), "{outs:?}");
}

#[test]
fn the_networks_for_digits_learn() {
    for name in ["lenet5", "dense"] {
        let model = preset(name);
        let optimizer = Optimizer {
            rule: Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 },
            learning_rate: 0.002,
            weight_decay: 0.0,
        };
        let mut trainer =
            Trainer::new(model.network.clone(), (*model.params).clone(), optimizer, 1).expect("fits");
        let mut losses = Vec::new();
        for step in 0..40 {
            let (x, target) = digits(&model, step * 16, 16);
            losses.push(trainer.step(&x, &target).expect("fits").loss);
        }
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
        assert!(mean(&losses[30..]) < 0.6 * mean(&losses[..5]), "{name}: {losses:?}");
    }
}
