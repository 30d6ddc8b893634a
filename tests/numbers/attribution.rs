//! Attribution: each method against the trace, a hand computation, or a law that it must keep.

use convstep::attribution::{
    Ascent, AscentRules, Attribution, AttributionSettings, Fill, Integrated, Method, Occlusion, Patch,
    PixelRange, Probe, Rect, TopActivations, Unit, grad_cam, gradient, randomised, rank_correlation,
    receptive_field, strongest, usual_layer,
};
use convstep::data::Generated;
use convstep::model_io::{Model, bundled};
use convstep::nn::{
    Activation, Execution, Mode, Network, Params, Part, Parts, Source,
    activation::Gate,
    dropout::Stream,
    loss::Loss,
    optimizer::Moments,
    spec::{AvgPoolSpec, ConvSpec, DenseSpec, Kind, LayerSpec, MaxPoolSpec, Pair},
};
use convstep::tensor::Tensor;
use convstep::trace::{Plan, Setup, Trace};
use proptest::prelude::*;
use std::sync::Arc;

use crate::random;
use crate::random::Numbers;

fn network(input: [usize; 3], kinds: impl IntoIterator<Item = Kind>, loss: Loss) -> Network {
    let specs = kinds.into_iter().enumerate().map(|(l, kind)| LayerSpec::new(format!("layer{l}"), kind));
    Network::build(input, specs.collect(), loss).expect("sizes fit")
}

fn conv(out_channels: usize, kernel: usize, stride: usize) -> Kind {
    Kind::Conv2d(ConvSpec { stride: Pair::square(stride), ..ConvSpec::new(out_channels, kernel) })
}

fn dense(out_features: usize, bias: bool) -> Kind {
    Kind::Dense(DenseSpec { out_features, bias })
}

fn tensor(dim: [usize; 4], cells: &[f32]) -> Tensor {
    Tensor::from_shape_vec(dim, cells.to_vec()).expect("fits")
}

/// Weight, and bias of zeros where there is one, per layer with parameters.
fn params(network: &Network, weights: &[&[f32]]) -> Params {
    let mut weights = weights.iter();
    let layers = network.layers.iter().map(|layer| {
        let mut parts = Parts::default();
        for (part, shape) in layer.parameters() {
            let cells = match part {
                Part::Weight => weights.next().expect("a weight for each layer").to_vec(),
                _ => vec![0.0; shape.len()],
            };
            parts.set(part, tensor(shape.0, &cells));
        }
        parts
    });
    Params(layers.collect())
}

fn cells(tensor: &Tensor) -> Vec<f32> {
    tensor.iter().copied().collect()
}

fn unit_range(channels: usize) -> PixelRange {
    PixelRange::new(channels, |_, pixel| pixel / 255.0)
}

/// A bundled model, one of its generated pictures, and the class that it predicts.
fn example(model: &str, data: Generated, index: u64) -> (Model, Tensor, usize) {
    let model = bundled::load(model).expect("bundled");
    let x = model.input_from_pixels(&data.sample(11, index).0).expect("fits");
    let values = model.network.forward(&model.params, &x, Mode::Eval, Stream::default());
    let best = values.output().iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).expect("classes").0;
    (model, x, best)
}

fn range_of(model: &Model) -> PixelRange {
    PixelRange::new(model.network.input[0], |c, pixel| model.architecture.preprocess.value(c, pixel))
}

fn finish(look: &mut Attribution, probe: &Probe) {
    while !look.is_done() {
        assert!(look.step(probe, Execution::SERIAL).expect("fits"), "nobody stops it");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The gradient that the maps are made of is the network's own, bit for bit.
    #[test]
    fn input_gradients_are_the_backward_passs(net in random::network(), seed in any::<u64>()) {
        let mut numbers = Numbers::new(seed);
        let params = numbers.params::<f32>(&net);
        let (x, target) = (numbers.pictures(&net, 2), numbers.targets(&net, 2));
        let whole = net.run(&params, &x, &target, Mode::Eval, Stream::default());
        let mut values = net.forward(&params, &x, Mode::Eval, Stream::default());
        let dy = whole.loss.at(Part::Dx).clone();
        let to = numbers.below(net.layers.len());
        let source = Source::before(to);
        prop_assert!(net.add_input_gradients(&params, &mut values, dy, source, Gate::Derivative, Execution::SERIAL));
        for (l, (own, of_run)) in values.layers.iter().zip(&whole.layers).enumerate() {
            for part in (0..net.layers[l].sources.len()).map(|k| net.layers[l].input_gradient(k)) {
                match own.get(part) {
                    Some(dx) => {
                        let same = dx.iter().zip(of_run.at(part)).all(|(a, b)| a.to_bits() == b.to_bits());
                        prop_assert!(l >= to && same, "layer {}", l);
                    }
                    None => prop_assert!(l < to),
                }
            }
        }
        let [own, of_run] = [&values, &whole].map(|values| values.gradient(&net, source).expect("it was asked for"));
        prop_assert!(own.iter().zip(of_run).all(|(a, b)| a.to_bits() == b.to_bits()));
    }

    /// No cell outside of a receptive field has a gradient, for any cell of any layer.
    #[test]
    fn a_receptive_field_holds_every_gradient(net in random::network(), seed in any::<u64>()) {
        let mut numbers = Numbers::new(seed);
        let params = numbers.params::<f32>(&net);
        let x = numbers.pictures(&net, 1);
        let layer = numbers.below(net.layers.len());
        let [c, h, w] = net.layers[layer].output;
        let (channel, at) = (numbers.below(c), [numbers.below(h), numbers.below(w)]);
        let field = receptive_field(&net, layer, at);
        let probe = Probe::new(&net, &params, Unit::Cell { layer, channel, at }).expect("a unit");
        let (_, dx) = probe.input_gradient(&x, Gate::Derivative, Execution::SERIAL).expect("not cancelled");
        for ((_, _, i, j), g) in dx.indexed_iter() {
            prop_assert!(field.contains([i, j]) || *g == 0.0, "{:?} {:?}", field, (i, j));
        }
    }
}

#[test]
fn saliency_is_the_magnitude_of_the_traces_dx() {
    let kinds = [conv(3, 3, 1), Kind::RELU, Kind::Flatten, dense(1, true)];
    let net = network([2, 6, 6], kinds, Loss::Mse);
    let mut numbers = Numbers::new(3);
    let params = numbers.params::<f32>(&net);
    let x = numbers.pictures(&net, 1);
    let probe = Probe::new(&net, &params, Unit::Score(0)).expect("a unit");
    let (value, map) = gradient(&probe, Method::Saliency, &x, Execution::SERIAL).expect("not cancelled");
    // dL/dy = 2 (y - t) is exactly 1 where t is y - 1/2 and the difference exact; else what it is.
    let target = tensor([1, 1, 1, 1], &[value - 0.5]);
    let dy = (value - (value - 0.5)) * 2.0;
    let plan = Arc::new(Plan::new(Arc::new(net.clone()), Setup::default()));
    let trace = Trace::new(plan, 0, Arc::new(params.clone()), Arc::new(Moments::default()), &x, target);
    let dx = trace.values().layers[0].at(Part::Dx);
    assert!(dx.iter().any(|&g| g != 0.0));
    for (g, s) in dx.iter().zip(&map) {
        assert!((g.abs() - s * dy).abs() <= 1e-6 * s.max(1e-3), "{g} {s} {dy}");
    }
}

#[test]
fn a_probability_has_the_derivative_that_differences_say() {
    let net = network(
        [1, 4, 4],
        [conv(2, 3, 1), Kind::Activation(Activation::Tanh), Kind::Flatten, dense(3, true)],
        Loss::CrossEntropy,
    );
    let mut numbers = Numbers::new(9);
    let params = numbers.params::<f32>(&net);
    let x = numbers.pictures(&net, 1);
    for unit in [Unit::Probability(1), Unit::Score(2), Unit::Channel { layer: 1, channel: 1 }] {
        let probe = Probe::new(&net, &params, unit).expect("a unit");
        let (_, dx) = probe.input_gradient(&x, Gate::Derivative, Execution::SERIAL).expect("not cancelled");
        for p in 0..16 {
            let value = |by: f32| {
                let mut x = x.clone();
                x[[0, 0, p / 4, p % 4]] += by;
                probe.value(&x, Execution::SERIAL).expect("not cancelled")
            };
            let difference = (value(0.01) - value(-0.01)) / 0.02;
            let g = dx[[0, 0, p / 4, p % 4]];
            assert!((difference - g).abs() < 2e-3, "{unit:?} {p}: {difference} {g}");
        }
    }
}

#[test]
fn a_score_is_taken_before_a_softmax_at_the_end() {
    let net = network([1, 2, 2], [Kind::Flatten, dense(2, false), Kind::Softmax], Loss::Mse);
    let params = params(&net, &[&[1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0]]);
    let x = tensor([1, 1, 2, 2], &[1.0; 4]);
    let value =
        |unit| Probe::new(&net, &params, unit).expect("a unit").value(&x, Execution::SERIAL).expect("runs");
    assert_eq!(value(Unit::Score(0)), 10.0);
    let odds = 10f32.exp();
    assert!((value(Unit::Probability(0)) - odds / (odds + 1.0)).abs() < 1e-6);
}

#[test]
fn gradient_times_input_adds_up_to_the_value_of_a_linear_network() {
    let avg = AvgPoolSpec {
        kernel: Pair::square(2),
        stride: None,
        padding: Pair::square(0),
        count_include_pad: true,
        ..AvgPoolSpec::new(1)
    };
    let first = Kind::Conv2d(ConvSpec { bias: false, padding: Pair::square(1), ..ConvSpec::new(4, 3) });
    let net =
        network([3, 8, 8], [first, Kind::AvgPool2d(avg), Kind::Flatten, dense(5, false)], Loss::CrossEntropy);
    let mut numbers = Numbers::new(5);
    let params = numbers.params::<f32>(&net);
    let x = numbers.pictures(&net, 1);
    for class in 0..5 {
        let probe = Probe::new(&net, &params, Unit::Score(class)).expect("a unit");
        let (value, map) =
            gradient(&probe, Method::GradientTimesInput, &x, Execution::SERIAL).expect("not cancelled");
        assert!((map.sum() - value).abs() < 1e-4 * value.abs().max(1.0), "{} {value}", map.sum());
    }
}

#[test]
fn guided_and_deconv_are_what_a_hand_computes() {
    // Hidden sums (1, 2, -1); the output's weights are the gradient that comes back to the ReLU.
    let net = network([3, 1, 1], [dense(3, false), Kind::RELU, dense(1, false)], Loss::Mse);
    let w1 = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, -1.0, 0.0];
    let params = params(&net, &[&w1, &[2.0, -1.0, 3.0]]);
    let x = tensor([1, 3, 1, 1], &[1.0, 2.0, 5.0]);
    let probe = Probe::new(&net, &params, Unit::Score(0)).expect("a unit");
    let map = |method| cells(&gradient(&probe, method, &x, Execution::SERIAL).expect("not cancelled").1);
    // Behind the ReLU (2, -1, 3) becomes: (2, -1, 0), (2, 0, 0), (2, 0, 3).
    assert_eq!(map(Method::Saliency), [2.0, 1.0, 0.0]);
    assert_eq!(map(Method::GradientTimesInput), [2.0, -2.0, 0.0]);
    assert_eq!(map(Method::Guided), [2.0, 0.0, 0.0]);
    assert_eq!(map(Method::Deconv), [5.0, -3.0, 0.0]);
}

#[test]
fn grad_cam_is_what_a_hand_computes() {
    // Two 1x1 filters: maps A0 = relu(x), A1 = relu(-2x); the dense weights are dy/dA.
    let net = network([1, 2, 2], [conv(2, 1, 1), Kind::RELU, Kind::Flatten, dense(1, true)], Loss::Mse);
    let weights: [&[f32]; 2] = [&[1.0, -2.0], &[1.0, 2.0, 3.0, 4.0, -1.0, -1.0, -1.0, -5.0]];
    let params = params(&net, &weights);
    let x = tensor([1, 1, 2, 2], &[1.0, 2.0, -3.0, 0.5]);
    let probe = Probe::new(&net, &params, Unit::Score(0)).expect("a unit");
    assert_eq!(usual_layer(&net), Some(1));
    let made = grad_cam(&probe, 1, &x, Execution::SERIAL).expect("fits").expect("not cancelled");
    assert_eq!(made.weights, [2.5, -2.0]);
    // 2.5 * (1, 2, 0, 0.5) - 2 * (0, 0, 6, 0), rectified.
    assert_eq!(cells(&made.coarse), [2.5, 5.0, 0.0, 1.25]);
    assert_eq!(made.map, made.coarse);
    // At the convolution itself the maps are not rectified, and the ReLU gates their gradients.
    let made = grad_cam(&probe, 0, &x, Execution::SERIAL).expect("fits").expect("not cancelled");
    assert_eq!(made.weights, [(1.0 + 2.0 + 4.0) / 4.0, -1.0 / 4.0]);
    let error = grad_cam(&probe, 3, &x, Execution::SERIAL).expect_err("the unit's own layer").0;
    assert!(error.contains("expected a layer before layer3"), "{error}");
}

#[test]
fn integrated_gradients_are_complete() {
    for (name, data) in [("digits", Generated::Digits), ("shapes", Generated::Shapes)] {
        for index in 0..3 {
            let (model, x, class) = example(name, data, index);
            let probe = Probe::new(&model.network, &model.params, Unit::Score(class)).expect("a unit");
            let baseline = range_of(&model).plain(Fill::Grey, model.network.input);
            let mut made =
                Integrated::new(&probe, &x, baseline, 64, Execution::SERIAL).expect("fits").expect("runs");
            while made.progress().0 < 64 {
                assert!(made.step(&probe, Execution::SERIAL));
            }
            let error = made.completeness_error();
            assert!(error < 0.01, "{name} {index}: {error} {:?}", made.completeness());
            let one_too_many = made.cells();
            assert!(made.step(&probe, Execution::SERIAL));
            assert_eq!(made.cells(), one_too_many);
        }
    }
}

#[test]
fn integrated_gradients_of_a_linear_network_are_exact_in_one_step() {
    let net = network([1, 1, 3], [Kind::Flatten, dense(1, true)], Loss::Mse);
    let params = params(&net, &[&[1.0, -2.0, 4.0]]);
    let probe = Probe::new(&net, &params, Unit::Score(0)).expect("a unit");
    let x = tensor([1, 1, 1, 3], &[3.0, 1.0, 0.5]);
    let baseline = tensor([1, 1, 1, 3], &[1.0, 1.0, 0.0]);
    let mut made = Integrated::new(&probe, &x, baseline, 1, Execution::SERIAL).expect("fits").expect("runs");
    assert!(made.step(&probe, Execution::SERIAL));
    assert_eq!(cells(&made.cells()), [2.0, 0.0, 2.0]);
    assert_eq!((made.completeness(), made.completeness_error()), ([4.0, 4.0], 0.0));
    assert!(Integrated::new(&probe, &x, Tensor::zeros((1, 1, 3, 1)), 8, Execution::SERIAL).is_err());
    assert!(Integrated::new(&probe, &x, x.clone(), 0, Execution::SERIAL).is_err());
}

#[test]
fn covering_pixels_that_no_window_reads_changes_nothing() {
    // A 1x1 filter with stride 2 reads the even rows and columns alone.
    let net = network([1, 5, 6], [conv(1, 1, 2), Kind::Flatten, dense(1, true)], Loss::Mse);
    let mut numbers = Numbers::new(2);
    let params = numbers.params::<f32>(&net);
    let x = numbers.pictures(&net, 1);
    let probe = Probe::new(&net, &params, Unit::Score(0)).expect("a unit");
    let patch = Patch { size: [1, 1], stride: [1, 1] };
    let mut made =
        Occlusion::new(&probe, &x, patch, vec![0.0], Execution::SERIAL).expect("fits").expect("runs");
    assert!(made.map().iter().all(|drop| drop.is_nan()), "nothing is known before the first place");
    while made.progress().0 < made.progress().1 {
        assert!(made.step(&probe, Execution::SERIAL));
    }
    for ((_, _, i, j), drop) in made.map().indexed_iter() {
        let read = i % 2 == 0 && j % 2 == 0;
        assert_eq!(*drop != 0.0, read, "({i}, {j}): {drop}");
    }
}

#[test]
fn a_cells_occlusion_is_the_mean_over_the_places_that_covered_it() {
    let net = network([1, 1, 3], [Kind::Flatten, dense(1, true)], Loss::Mse);
    let params = params(&net, &[&[1.0, 10.0, 100.0]]);
    let probe = Probe::new(&net, &params, Unit::Score(0)).expect("a unit");
    let x = tensor([1, 1, 1, 3], &[2.0, 2.0, 2.0]);
    let patch = Patch { size: [1, 2], stride: [1, 1] };
    let mut made =
        Occlusion::new(&probe, &x, patch, vec![1.0], Execution::SERIAL).expect("fits").expect("runs");
    assert_eq!(made.place(9), Rect { at: [0, 1], size: [1, 2] });
    assert!(made.step(&probe, Execution::SERIAL));
    assert_eq!(cells(&made.covered(0)), [1.0, 1.0, 2.0]);
    assert_eq!((made.map()[[0, 0, 0, 0]], made.map()[[0, 0, 0, 1]]), (11.0, 11.0));
    assert!(made.map()[[0, 0, 0, 2]].is_nan());
    assert!(made.step(&probe, Execution::SERIAL) && made.step(&probe, Execution::SERIAL));
    assert_eq!((made.drops(), cells(&made.map())), (&[11.0, 110.0][..], vec![11.0, 60.5, 110.0]));
    for (size, stride, says) in
        [([1, 4], [1, 1], "patch of 1 to 3 columns"), ([1, 2], [1, 3], "stride of 1 to 2 columns")]
    {
        let error = Occlusion::new(&probe, &x, Patch { size, stride }, vec![1.0], Execution::SERIAL)
            .expect_err(says)
            .0;
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn climbing_raises_the_unit_at_every_step() {
    let pool = MaxPoolSpec {
        kernel: Pair::square(2),
        stride: None,
        padding: Pair::square(0),
        ..MaxPoolSpec::new(1)
    };
    let kinds = [conv(4, 3, 1), Kind::RELU, Kind::MaxPool2d(pool), Kind::Flatten, dense(3, true)];
    let net = network([1, 8, 8], kinds, Loss::CrossEntropy);
    let params = Numbers::new(8).params::<f32>(&net);
    let plain = AscentRules { steps: 30, rate: 0.005, decay: 0.0, blur: 0.0, jitter: 0, seed: 4 };
    for unit in [Unit::Score(1), Unit::Probability(2), Unit::Channel { layer: 0, channel: 0 }] {
        let probe = Probe::new(&net, &params, unit).expect("a unit");
        let mut made = Ascent::new(&probe, unit_range(1), plain).expect("rules");
        while !made.is_done() {
            assert!(made.step(&probe, Execution::SERIAL));
        }
        let values = made.values();
        assert_eq!(values.len(), 31);
        assert!(values.windows(2).all(|pair| pair[1] >= pair[0] - 1e-6), "{unit:?}: {values:?}");
        assert!(values[30] > values[0], "{unit:?}: {values:?}");
        assert!(made.picture().iter().all(|x| (0.0..=1.0).contains(x)));
    }
}

#[test]
fn a_dead_unit_is_stuck_and_says_so() {
    let net = network([1, 2, 2], [conv(2, 1, 1), Kind::RELU], Loss::Mse);
    let params = params(&net, &[&[-1.0, 1.0]]);
    let rules = AscentRules { steps: 2, ..AscentRules::default() };
    for (channel, stuck) in [(0, true), (1, false)] {
        let probe = Probe::new(&net, &params, Unit::Channel { layer: 1, channel }).expect("a unit");
        let mut made = Ascent::new(&probe, unit_range(1), rules).expect("rules");
        assert!(made.step(&probe, Execution::SERIAL));
        assert_eq!(made.is_stuck(), stuck);
    }
}

#[test]
fn climbing_is_a_function_of_its_seed_and_survives_being_stopped() {
    let (model, _, _) = example("digits", Generated::Digits, 0);
    let probe = Probe::new(&model.network, &model.params, Unit::Score(3)).expect("a unit");
    let climb = |seed, stops: bool| {
        let rules = AscentRules { steps: 12, seed, ..AscentRules::default() };
        let mut made = Ascent::new(&probe, range_of(&model), rules).expect("rules");
        let stop = Execution { on_progress: &|_| false, ..Execution::SERIAL };
        while !made.is_done() {
            assert!(!stops || !made.step(&probe, stop));
            assert!(made.step(&probe, Execution::SERIAL));
        }
        made
    };
    let (one, other, stopped) = (climb(1, false), climb(2, false), climb(1, true));
    assert_eq!((one.picture(), one.values()), (stopped.picture(), stopped.values()));
    assert_ne!(one.picture(), other.picture());
    assert!(one.values()[12] > one.values()[0] + 1.0, "{:?}", one.values());
}

#[test]
fn every_method_makes_the_same_map_twice_and_stops_when_told() {
    let (model, x, class) = example("shapes", Generated::Shapes, 4);
    let probe = Probe::new(&model.network, &model.params, Unit::Score(class)).expect("a unit");
    for method in Method::ALL {
        let mut settings = AttributionSettings::usual(method, model.network.input);
        (settings.steps, settings.ascent.steps) = (4, 3);
        let begin = || Attribution::new(&probe, settings, x.clone(), range_of(&model)).expect("fits");
        let (mut one, mut other) = (begin(), begin());
        let stop = Execution { on_progress: &|_| false, ..Execution::SERIAL };
        // Starting an ascent takes no pass; its first step does.
        let stopped = (0..2).any(|_| !one.step(&probe, stop).expect("fits"));
        assert!(stopped && one.progress().0 == 0, "{}", method.name());
        finish(&mut one, &probe);
        finish(&mut other, &probe);
        assert_eq!((one.map(), one.value()), (other.map(), other.value()), "{}", method.name());
        assert_eq!(one.progress().0, one.progress().1);
        assert_eq!(one.map().is_some(), method.is_map());
        if let Some(map) = one.map() {
            assert_eq!(map.dim(), (1, 1, 32, 32));
            assert!(map.iter().all(|x| x.is_finite()) && map.iter().any(|&x| x != 0.0), "{}", method.name());
            assert!(method.is_signed() || map.iter().all(|&x| x >= 0.0), "{}", method.name());
        }
    }
}

#[test]
fn a_map_of_random_weights_is_another_map() {
    let (model, x, class) = example("digits", Generated::Digits, 2);
    let unit = Unit::Score(class);
    let map = |params: &Params| {
        let probe = Probe::new(&model.network, params, unit).expect("a unit");
        strongest(&gradient(&probe, Method::Saliency, &x, Execution::SERIAL).expect("not cancelled").1)
    };
    let random = randomised(&model.network, &model.params, 0, 7);
    assert_eq!(random, randomised(&model.network, &model.params, 0, 7));
    assert_ne!(random, randomised(&model.network, &model.params, 0, 8));
    let (learnt, forgotten) = (map(&model.params), map(&random));
    assert_eq!(rank_correlation(&learnt, &learnt), 1.0);
    let correlation = rank_correlation(&learnt, &forgotten);
    assert!(correlation < 0.9, "{correlation}");
    // Only the top is new, and nothing where the top is above the network.
    let last = model.network.layers.len() - 1;
    let top = randomised(&model.network, &model.params, last, 7);
    assert_eq!(top.0[..last], model.params.0[..last]);
    assert_ne!(top.0[last], model.params.0[last]);
    assert_eq!(randomised(&model.network, &model.params, last + 1, 7), *model.params);
}

#[test]
fn top_activations_come_in_descending_order_with_their_patch() {
    // One filter that looks for a bright dot; the dot's place is the patch.
    let net = network([1, 6, 6], [conv(1, 3, 1), Kind::RELU], Loss::Mse);
    let params = params(&net, &[&[0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]]);
    let dot = |i: usize, j: usize, x: f32| {
        let mut picture = Tensor::zeros((1, 1, 6, 6));
        picture[[0, 0, i, j]] = x;
        picture
    };
    let pictures = [dot(1, 1, 0.5), dot(2, 4, 0.9), dot(3, 3, f32::NAN), dot(4, 2, 0.7), dot(1, 1, 0.9)];
    let probe = Probe::new(&net, &params, Unit::Channel { layer: 1, channel: 0 }).expect("a unit");
    let mut search = TopActivations::new(3);
    for (index, picture) in pictures.iter().enumerate() {
        assert!(search.offer(&probe, index as u64, picture, Execution::SERIAL));
    }
    let found: Vec<_> = search.best().iter().map(|e| (e.index, e.value, e.patch.at)).collect();
    assert_eq!(found, [(1, 0.9, [1, 3]), (4, 0.9, [0, 0]), (3, 0.7, [3, 1])]);
    assert!(search.best().iter().all(|excited| excited.patch.size == [3, 3]));
    assert_eq!(search.seen(), 5);
}

#[test]
fn a_unit_that_is_not_there_is_named_in_one_line() {
    let net = network([1, 4, 4], [conv(2, 3, 1), Kind::Flatten, dense(3, true)], Loss::Mse);
    let params = Numbers::new(1).params::<f32>(&net);
    for (unit, says) in [
        (Unit::Score(3), "class from 0 to 2, got 3"),
        (Unit::Probability(0), "squared error; ask for a class's score"),
        (Unit::Channel { layer: 0, channel: 2 }, "layer0: expected a channel from 0 to 1, got 2"),
        (Unit::Cell { layer: 0, channel: 1, at: [2, 0] }, "position up to (1,1), got (2,0)"),
        (Unit::Channel { layer: 3, channel: 0 }, "layer from 0 to 2, got 3"),
    ] {
        let Err(error) = Probe::new(&net, &params, unit) else { panic!("{says}") };
        assert!(error.0.contains(says) && !error.0.contains('\n'), "{error}");
    }
}
