//! Every gradient against central differences in f64: each layer kind by itself over random
//! configurations, then random networks of them.
//!
//! A layer by itself is a network of one layer under the squared error to a random target, whose
//! gradient is a random upstream gradient. What is differentiated is the sum of the losses of the
//! batch, as gradients are summed over the batch.
//!
//! The declared exception: where the step of the difference crosses a kink, the difference means
//! nothing. A cell is skipped exactly if the two ends and the middle do not lie in the same piece of
//! every activation and have the same winner in every max pool. Each test asserts that few cells are.

use convstep::nn::{
    Activation, Mode, Network, Op, Params, Part, Source,
    dropout::Stream,
    loss::Loss,
    optimizer::TRAINED,
    spec::{Kind, Together},
};
use convstep::tensor::Tensor;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};

use crate::random;
use crate::random::Numbers;

/// The step of the difference. Its square and f64's precision over it are both below 1e-9.
const STEP: f64 = 1e-5;
/// The largest difference that passes, relative to the tensor's largest gradient (at least 0.1). What
/// comes out is some 1e-9.
const TOLERANCE: f64 = 1e-8;
/// At most so many cells of a tensor are tried.
const CELLS: usize = 80;

/// What came of a check.
#[derive(Default, Debug)]
struct Report {
    /// Cells that were compared.
    compared: usize,
    /// Cells that were compared and whose gradient is not 0.
    nonzero: usize,
    /// Cells skipped by the declared rule.
    skipped: usize,
    /// The largest relative difference.
    worst: f64,
}

/// One run to differentiate.
struct Run<'a> {
    network: &'a Network,
    mode: Mode,
    stream: Stream,
    target: Tensor<f64>,
}

impl Run<'_> {
    /// The summed loss, and on which side of each kink the run is.
    fn loss(&self, params: &Params<f64>, x: &Tensor<f64>) -> (f64, Vec<i64>) {
        let values = self.network.forward(params, x, self.mode, self.stream);
        let loss = self.network.loss_forward(values.output(), &self.target).at(Part::Out).sum();
        let mut sides = Vec::new();
        for (layer, made) in self.network.layers.iter().zip(&values.layers) {
            let x = values.of(layer.sources[0]);
            match layer.op {
                Op::Activation(activation) => sides.extend(x.iter().map(|&x| activation.piece(x) as i64)),
                Op::PRelu(_) => sides.extend(x.iter().map(|&x| i64::from(x > 0.0))),
                Op::MaxPool2d(_) => sides.extend(made.at(Part::Winner).iter().map(|&at| at as i64)),
                Op::Conv2d(_)
                | Op::ConvTranspose2d(_)
                | Op::AvgPool2d(_)
                | Op::Resample2d(_)
                | Op::Flatten
                | Op::Dense(_)
                | Op::BatchNorm2d(_)
                | Op::GroupNorm(_)
                | Op::LocalResponseNorm(_)
                | Op::Dropout { .. }
                | Op::Softmax
                | Op::Add
                | Op::Multiply
                | Op::Concat => {}
            }
        }
        (loss, sides)
    }

    /// Holds `gradient` against differences of the loss, `at(flat, by)` being the loss with one cell
    /// moved.
    fn compare(
        &self,
        what: &str,
        gradient: &Tensor<f64>,
        middle: &[i64],
        numbers: &mut Numbers,
        report: &mut Report,
        mut at: impl FnMut(usize, f64) -> (f64, Vec<i64>),
    ) {
        let scale = gradient.iter().fold(0.1f64, |scale, g| scale.max(g.abs()));
        let cells: Vec<usize> = if gradient.len() <= CELLS {
            (0..gradient.len()).collect()
        } else {
            (0..CELLS).map(|_| numbers.below(gradient.len())).collect()
        };
        let gradient: Vec<f64> = gradient.iter().copied().collect();
        for flat in cells {
            let ((above, above_sides), (below, below_sides)) = (at(flat, STEP), at(flat, -STEP));
            if above_sides != middle || below_sides != middle {
                report.skipped += 1;
                continue;
            }
            let difference = (above - below) / (2.0 * STEP);
            let error = (difference - gradient[flat]).abs() / scale;
            assert!(
                error <= TOLERANCE,
                "{what}, cell {flat}: the network says {}, the difference {difference}\n{:?}\n{:#?}",
                gradient[flat],
                self.mode,
                self.network
            );
            report.compared += 1;
            report.nonzero += usize::from(difference.abs() > 1e-9);
            report.worst = report.worst.max(error);
        }
    }
}

/// Checks the gradients of the input and of every parameter of a network.
fn check(network: &Network, mode: Mode, images: usize, seed: u64, report: &mut Report) {
    let mut numbers = Numbers::new(seed);
    let params: Params<f64> = numbers.params(network);
    let x = numbers.pictures(network, images);
    let run = Run { network, mode, stream: numbers.stream(), target: numbers.targets(network, images) };
    let values = network.run(&params, &x, &run.target, mode, run.stream);
    let (_, middle) = run.loss(&params, &x);

    let dx = values.gradient(network, Source::Input).expect("it ran backward");
    run.compare("input", dx, &middle, &mut numbers, report, |flat, by| {
        let mut moved = x.clone();
        moved.as_slice_mut().expect("contiguous")[flat] += by;
        run.loss(&params, &moved)
    });
    for (l, layer) in network.layers.iter().enumerate() {
        for (part, shape) in layer.parameters() {
            let Some(trained) = TRAINED.iter().find(|trained| trained.param == part) else { continue };
            let gradient = values.layers[l].at(trained.grad);
            assert_eq!(gradient.shape(), shape.0, "{} {part:?}", layer.name());
            let what = format!("{} {part:?}", layer.name());
            run.compare(&what, gradient, &middle, &mut numbers, report, |flat, by| {
                let mut moved = params.clone();
                let tensor = moved.0[l].get_mut(part).expect("has it");
                tensor.as_slice_mut().expect("contiguous")[flat] += by;
                run.loss(&moved, &x)
            });
        }
    }
}

/// Values of a strategy, the same in every run of the test.
fn seeded<S: Strategy>(strategy: S, count: usize) -> Vec<S::Value> {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    (0..count).map(|_| strategy.new_tree(&mut runner).expect("a value").current()).collect()
}

fn conclude(what: &str, report: &Report) {
    println!("{what}: {report:?}");
    assert!(report.compared >= 200, "{what}: too few cells: {report:?}");
    assert!(report.nonzero * 10 >= report.compared, "{what}: hardly a gradient that is not 0: {report:?}");
    assert!(report.skipped * 50 <= report.compared, "{what}: more than 2 % skipped: {report:?}");
}

/// A kind by itself, `configurations` times, in the modes given.
fn check_kind(what: &str, kind: impl Strategy<Value = Kind>, configurations: usize, modes: &[Mode]) {
    let mut report = Report::default();
    let mut fitting = 0;
    let tries = seeded((random::input(), kind, 1..=3usize), configurations);
    for (seed, (input, kind, images)) in tries.into_iter().enumerate() {
        let network = random::stack(input, [kind.clone()], Loss::Mse);
        if network.layers[0].spec.kind != kind {
            continue; // it did not fit the input
        }
        fitting += 1;
        for &mode in modes {
            check(&network, mode, images, seed as u64, &mut report);
        }
    }
    assert!(fitting * 3 >= configurations, "{what}: {fitting} of {configurations} configurations fit");
    conclude(what, &report);
}

#[test]
fn conv2d() {
    check_kind("conv2d", random::conv(), 100, &[Mode::Eval]);
}

#[test]
fn conv_transpose2d() {
    check_kind("conv_transpose2d", random::conv_transpose(), 40, &[Mode::Eval]);
}

#[test]
fn max_pool2d() {
    check_kind("max_pool2d", random::max_pool(), 40, &[Mode::Eval]);
}

#[test]
fn avg_pool2d() {
    check_kind("avg_pool2d", random::avg_pool(), 40, &[Mode::Eval]);
}

#[test]
fn pools_of_whole_maps_and_of_given_outputs() {
    check_kind("adaptive_avg_pool2d", random::adaptive_pool(Kind::AdaptiveAvgPool2d), 20, &[Mode::Eval]);
    // The others are max pools, whose gradients are checked, with windows that follow from the input.
    use convstep::nn::spec::{AdaptivePoolSpec, AvgPoolSpec, MaxPoolSpec, Pair};
    let op = |kind: Kind| random::stack([2, 4, 6], [kind], Loss::Mse).layers[0].op;
    let max = |rows, cols| Kind::MaxPool2d(MaxPoolSpec { kernel: Pair([rows, cols]), ..MaxPoolSpec::new(1) });
    assert_eq!(op(Kind::GlobalMaxPool2d), op(max(4, 6)));
    let output_size = Pair([2, 3]);
    assert_eq!(op(Kind::AdaptiveMaxPool2d(AdaptivePoolSpec { output_size })), op(max(2, 2)));
    let avg = Kind::AvgPool2d(AvgPoolSpec { kernel: Pair([2, 2]), ..AvgPoolSpec::new(1) });
    assert_eq!(op(Kind::AdaptiveAvgPool2d(AdaptivePoolSpec { output_size })), op(avg));
}

#[test]
fn upsampling_and_padding() {
    check_kind("upsample2d", random::upsample(), 20, &[Mode::Eval]);
    check_kind("pad2d", random::pad(), 20, &[Mode::Eval]);
}

#[test]
fn crops_and_channels_in_another_order() {
    check_kind("crop2d", random::crop(), 20, &[Mode::Eval]);
    check_kind("slice_channels", random::slice(), 20, &[Mode::Eval]);
    check_kind("channel_shuffle", random::shuffle(), 20, &[Mode::Eval]);
}

#[test]
fn global_avg_pool2d() {
    check_kind("global_avg_pool2d", Just(Kind::GlobalAvgPool2d), 10, &[Mode::Eval]);
}

#[test]
fn activations() {
    for activation in Activation::ALL {
        check_kind(activation.key(), random::with_number(activation), 10, &[Mode::Eval]);
    }
}

#[test]
fn flatten() {
    check_kind("flatten", Just(Kind::Flatten), 10, &[Mode::Eval]);
}

#[test]
fn dense() {
    check_kind("dense", random::dense(), 20, &[Mode::Eval]);
}

#[test]
fn batch_norm2d_in_evaluation() {
    check_kind("batch_norm2d, eval", random::batch_norm(), 20, &[Mode::Eval]);
}

#[test]
fn batch_norm2d_in_training() {
    check_kind("batch_norm2d, train", random::batch_norm(), 20, &[Mode::Train]);
}

#[test]
fn prelu() {
    check_kind("prelu", random::prelu(), 20, &[Mode::Eval]);
}

#[test]
fn group_norm() {
    check_kind("group_norm", random::group_norm(Together::Group(1)), 20, &[Mode::Eval]);
}

#[test]
fn instance_norm() {
    check_kind("instance_norm", random::group_norm(Together::Channel), 20, &[Mode::Eval]);
}

#[test]
fn layer_norm() {
    check_kind("layer_norm", random::group_norm(Together::Whole), 20, &[Mode::Eval]);
}

#[test]
fn local_response_norm() {
    check_kind("local_response_norm", random::local_response_norm(), 20, &[Mode::Eval]);
}

#[test]
fn dropout() {
    check_kind("dropout", random::dropout(), 20, &[Mode::Eval, Mode::Train]);
}

#[test]
fn softmax() {
    check_kind("softmax", Just(Kind::Softmax), 20, &[Mode::Eval]);
}

#[test]
fn cross_entropy() {
    let mut report = Report::default();
    for (seed, (input, images)) in seeded((random::input(), 1..=4usize), 10).into_iter().enumerate() {
        let network = random::stack(input, [Kind::Flatten], Loss::CrossEntropy);
        check(&network, Mode::Eval, images, seed as u64, &mut report);
    }
    conclude("cross_entropy", &report);
}

#[test]
fn binary_cross_entropy() {
    let mut report = Report::default();
    for (seed, (input, images)) in seeded((random::input(), 1..=4usize), 10).into_iter().enumerate() {
        let network = random::stack(input, [Kind::Flatten], Loss::BinaryCrossEntropy);
        assert_eq!((network.outputs(), network.classes()), (1, 2));
        check(&network, Mode::Eval, images, seed as u64, &mut report);
    }
    conclude("binary_cross_entropy", &report);
}

#[test]
fn whole_networks() {
    let mut report = Report::default();
    let networks = seeded((random::network(), 1..=3usize), 60);
    let layers: usize = networks.iter().map(|(network, _)| network.layers.len()).sum();
    assert!(layers >= 120, "{layers} layers in all");
    for (seed, (network, images)) in networks.into_iter().enumerate() {
        for mode in [Mode::Eval, Mode::Train] {
            check(&network, mode, images, seed as u64, &mut report);
        }
    }
    conclude("whole networks", &report);
}

/// A network as people draw it, longer than the random ones, with every kind in it.
#[test]
fn one_long_network() {
    use convstep::nn::spec::{BatchNormSpec, ConvSpec, DenseSpec, DropoutSpec, MaxPoolSpec, Pair};
    let kinds = [
        Kind::Conv2d(ConvSpec { padding: Pair::square(1), ..ConvSpec::new(4, 3) }),
        Kind::BatchNorm2d(BatchNormSpec { eps: 0.05, momentum: 0.1 }),
        Kind::RELU,
        Kind::MaxPool2d(MaxPoolSpec {
            kernel: Pair::square(3),
            stride: Some(Pair::square(2)),
            padding: Pair::square(1),
            ..MaxPoolSpec::new(1)
        }),
        Kind::Conv2d(ConvSpec { groups: 2, normalize: true, bias: false, ..ConvSpec::new(6, 2) }),
        Kind::Activation(Activation::Tanh),
        Kind::Dropout(DropoutSpec { p: 0.3 }),
        Kind::Conv2d(ConvSpec { dilation: Pair([1, 2]), ..ConvSpec::new(5, 2) }),
        Kind::Activation(Activation::LeakyRelu { slope: 0.1 }),
        Kind::AvgPool2d(convstep::nn::spec::AvgPoolSpec {
            kernel: Pair([2, 1]),
            stride: Some(Pair::square(1)),
            padding: Pair::square(0),
            count_include_pad: false,
            ..convstep::nn::spec::AvgPoolSpec::new(1)
        }),
        Kind::Flatten,
        Kind::Dense(DenseSpec { out_features: 7, bias: true }),
        Kind::Activation(Activation::Sigmoid),
        Kind::Dense(DenseSpec { out_features: 4, bias: false }),
        Kind::Softmax,
    ];
    let mut report = Report::default();
    for (seed, loss) in [Loss::Mse, Loss::CrossEntropy].into_iter().enumerate() {
        let network = random::stack([2, 10, 11], kinds.clone(), loss);
        assert_eq!(network.layers.len(), kinds.len());
        for mode in [Mode::Eval, Mode::Train] {
            check(&network, mode, 2, seed as u64, &mut report);
        }
    }
    conclude("one long network", &report);
}

/// The conventions at the kinks themselves, where a difference cannot decide: those of PyTorch, and of equal maxima
/// the first takes the whole gradient.
#[test]
fn conventions_at_the_kinks() {
    use convstep::nn::spec::{MaxPoolSpec, Pair};
    let dx = |kind: Kind| {
        let network = random::stack([1, 1, 3], [kind], Loss::Mse);
        let x = Tensor::<f64>::zeros([1, 1, 1, 3]);
        let [c, h, w] = network.output();
        let target = Tensor::from_elem([1, c, h, w], -0.5 * network.classes() as f64);
        let params = Numbers::new(0).params(&network);
        let values = network.run(&params, &x, &target, Mode::Eval, Stream::default());
        values.layers[0].at(Part::Dx).iter().copied().collect::<Vec<_>>()
    };
    assert_eq!(dx(Kind::RELU), [0.0, 0.0, 0.0]);
    assert_eq!(dx(Kind::Activation(Activation::LeakyRelu { slope: 0.25 })), [0.25, 0.25, 0.25]);
    assert_eq!(dx(Kind::Activation(Activation::Elu { alpha: 0.25 })), [0.25, 0.25, 0.25]);
    let slope = |activation: Activation, x: f64| activation.backward_fn()(1.0, x);
    let slopes = |activation, joints: [f64; 2]| joints.map(|x| slope(activation, x));
    assert_eq!(slopes(Activation::Relu6, [0.0, 6.0]), [0.0, 0.0]);
    assert_eq!(slopes(Activation::Hardswish, [-3.0, 3.0]), [0.0, 1.0]);
    assert_eq!(slopes(Activation::Hardsigmoid, [-3.0, 3.0]), [0.0, 0.0]);
    let pool =
        MaxPoolSpec { kernel: Pair([1, 3]), stride: None, padding: Pair::square(0), ..MaxPoolSpec::new(1) };
    assert_eq!(dx(Kind::MaxPool2d(pool)), [1.0, 0.0, 0.0]);
}

/// The check that a user asks for, of input cells, parameters and activations, against this file's own
/// differences: the same losses, and a kink named exactly where these see one. And what goes through each later
/// layer adds up to the gradient.
#[test]
fn the_check_and_the_paths_of_one_cell() {
    use convstep::nn::check::{Cell, Ran};
    let (mut compared, mut with_kinks, mut cuts, mut around) = (0, 0, 0, 0);
    for (seed, (network, images)) in seeded((random::network(), 1..=2usize), 180).into_iter().enumerate() {
        for mode in [Mode::Eval, Mode::Train] {
            let mut numbers = Numbers::new(seed as u64);
            let params: Params<f64> = numbers.params(&network);
            let x = numbers.pictures(&network, images);
            let target = numbers.targets(&network, images);
            let run = Run { network: &network, mode, stream: numbers.stream(), target };
            let values = network.run(&params, &x, &run.target, mode, run.stream);
            let (loss, middle) = run.loss(&params, &x);
            let stream = run.stream;
            let ran = Ran {
                network: &network,
                params: &params,
                target: &run.target,
                mode,
                stream,
                values: &values,
            };
            // A large step, so that kinks are crossed.
            for eps in [1e-5, 0.3] {
                let image = numbers.below(images);
                let index = numbers.below(x.len() / images);
                let mut cells = vec![Cell::Input { image, index }];
                let layer = numbers.below(network.layers.len());
                let one = network.layers[layer].output.iter().product();
                cells.push(Cell::Output { layer, image, index: numbers.below(one) });
                for (layer, parts) in params.0.iter().enumerate() {
                    for (part, tensor) in parts.iter() {
                        cells.push(Cell::Parameter { layer, part, index: numbers.below(tensor.len()) });
                    }
                }
                for cell in cells {
                    let check = ran.check(cell, eps).expect("the cell is there");
                    assert!((check.loss - loss).abs() <= 1e-12 * loss.abs().max(1.0));
                    let at = |by: f64| match cell {
                        Cell::Input { image, index } => {
                            let mut moved = x.clone();
                            let offset = image * (x.len() / images) + index;
                            moved.as_slice_mut().expect("contiguous")[offset] += by;
                            Some(run.loss(&params, &moved))
                        }
                        Cell::Parameter { layer, part, index } => {
                            let mut moved = params.clone();
                            let tensor = moved.0[layer].get_mut(part).expect("has it");
                            tensor.as_slice_mut().expect("contiguous")[index] += by;
                            Some(run.loss(&moved, &x))
                        }
                        Cell::Output { .. } => None,
                    };
                    if let (Some((below, below_sides)), Some((above, above_sides))) = (at(-eps), at(eps)) {
                        // Where a running variance becomes negative, both are NaN.
                        let bits = |losses: [f64; 2]| {
                            losses.map(|loss| if loss.is_nan() { 0 } else { loss.to_bits() })
                        };
                        assert_eq!(
                            bits([check.loss_below, check.loss_above]),
                            bits([below, above]),
                            "{cell:?}\n{network:#?}"
                        );
                        let kinked = below_sides != middle || above_sides != middle;
                        assert_eq!(check.kink_count > 0, kinked, "{cell:?}\n{network:#?}");
                        with_kinks += usize::from(kinked);
                    }
                    let Some(gradient) = check.gradient else {
                        let Cell::Parameter { part, .. } = cell else { panic!("{cell:?} has a gradient") };
                        assert!(matches!(part, Part::RunningMean | Part::RunningVar));
                        assert_eq!(ran.paths(cell, &mut |_, _| ()), None);
                        continue;
                    };
                    if check.kink_count == 0 && eps < 1e-3 {
                        let scale = gradient.abs().max(0.1);
                        let mut off = (check.secant - gradient).abs();
                        // Where the loss bends sharply, as behind a small variance, the secant's own error grows as
                        // the square of the step: a smaller one leaves a 64th of it.
                        if off > 1e-7 * scale {
                            off = (ran.check(cell, eps / 8.0).expect("the cell is there").secant - gradient)
                                .abs();
                        }
                        assert!(off <= 1e-7 * scale, "{cell:?} {check:?}");
                        compared += 1;
                    }
                    let done = ran.paths(cell, &mut |l, passing| {
                        let sum: f64 = passing.iter().map(|way| way.through.sum()).sum();
                        around += usize::from(passing.len() > 1);
                        assert!(
                            (sum - gradient).abs() <= 1e-9 * gradient.abs().max(0.1),
                            "{cell:?}, layer {l}: {sum} instead of {gradient}\n{network:#?}"
                        );
                        cuts += 1;
                    });
                    assert_eq!(done, Some(()));
                }
            }
        }
    }
    println!("{compared} compared, {with_kinks} with kinks, {cuts} cuts, {around} with a way around");
    assert!(
        compared >= 200 && with_kinks >= 20 && cuts >= 500 && around >= 50,
        "{compared}, {with_kinks}, {cuts}, {around}"
    );
}
