//! The bit law: the fast path gives the definition's bits, for every shape and on every instruction
//! set that this machine has.
//!
//! Bits are compared as bits: 0 is not -0. Only NaN equals any NaN: which of its patterns comes out of
//! an addition of two is not said by IEEE 754.

use convstep::nn::{
    Activation, Alone, Compute, Execution, Mode, Network, Params, Part, Window, WindowNumbers, Workers,
    activation::Reads,
    conv::{self, Conv2d},
    dense::{self, Dense},
    dropout::Stream,
    engine::Engine,
    kernels::{Isa, plain, tensors},
    optimizer::{Moments, Optimizer, Rule},
    pool::{self, Pool2d},
    spec::{AvgPoolSpec, BatchNormSpec, Kind, MaxPoolSpec, Together},
};
use convstep::tensor::Tensor;
use ndarray::Axis as Dim;
use proptest::prelude::*;

use crate::random;
use crate::random::Numbers;

fn assert_bits(fast: &Tensor, definition: &Tensor, what: &str) {
    assert_eq!(fast.dim(), definition.dim(), "{what}");
    for ((at, a), b) in fast.indexed_iter().zip(definition) {
        let same = a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        assert!(same, "{what} {at:?}: {a:?}, by definition {b:?}");
    }
}

/// Among the numbers some that tell orders and signs apart.
fn spiced(mut tensor: Tensor, numbers: &mut Numbers, spice: bool) -> Tensor {
    const SPICE: [f32; 8] = [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1e-40, 3e38, -3e38];
    if spice {
        for _ in 0..1 + tensor.len() / 16 {
            let (at, what) = (numbers.below(tensor.len()), numbers.below(SPICE.len()));
            tensor.as_slice_mut().expect("contiguous")[at] = SPICE[what];
        }
    }
    tensor
}

/// One axis: input, kernel, stride, padding, dilation, and the padding behind the input.
fn axis() -> impl Strategy<Value = [usize; 6]> {
    let sized = |len: std::ops::RangeInclusive<usize>| {
        let sides = (0..=3usize, proptest::option::of(0..=3usize));
        (len, 1..=5usize, 1..=3usize, sides, 1..=3usize)
            .prop_map(|(l, k, s, (p, end), d)| [l, k, s, p, d, end.unwrap_or(p)])
    };
    prop_oneof![
        3 => sized(1..=12),
        2 => sized(13..=40),
        // The plain case, and a kernel as large as the input.
        2 => (1..=36usize, 1..=5usize).prop_map(|(l, k)| [l, k, 1, 0, 1, 0]),
        2 => (1..=36usize, 1..=2usize).prop_map(|(l, p)| [l, 2 * p + 1, 1, p, 1, p]),
        1 => (1..=9usize).prop_map(|l| [l, l, 1, 0, 1, 0]),
    ]
}

/// Convolutions of all shapes that fit.
fn convolution() -> impl Strategy<Value = Conv2d> {
    let channels = prop_oneof![3 => 1..=5usize, 2 => 6..=20usize, 1 => Just(32usize)];
    // Folds so long that they are done in pieces.
    let channels = prop_oneof![8 => channels, 1 => Just(100usize)];
    let groups = prop_oneof![3 => Just(1usize), 1 => 2..=3usize];
    (axis(), axis(), channels.clone(), channels, groups, any::<bool>(), any::<bool>()).prop_filter_map(
        "the window fits the input",
        |(rows, cols, c, o, groups, bias, normalize)| {
            let pair = |at: usize| [rows[at], cols[at]];
            let numbers = WindowNumbers {
                kernel: pair(1),
                stride: pair(2),
                padding: pair(3),
                padding_end: pair(5),
                dilation: pair(4),
                ceil_mode: false,
            };
            let window = Window::from_numbers("conv", pair(0), &numbers).ok()?;
            let cost = window.rows.out * window.cols.out * window.taps() * c * o * groups;
            (cost <= 1_500_000)
                .then(|| Conv2d::new("conv", c * groups, o * groups, groups, window, bias, normalize).ok())?
        },
    )
}

/// Convolutions whose windows are those of a transposed one: given in number, with a rest behind the last.
fn transposed() -> impl Strategy<Value = Conv2d> {
    let channels = prop_oneof![3 => 1..=5usize, 1 => 6..=20usize];
    let more = [0..=2usize, 0..=2usize];
    (axis(), axis(), channels.clone(), channels, 1..=2usize, more).prop_filter_map(
        "the output has a cell",
        |(rows, cols, c, o, groups, more)| {
            let pair = |at: usize| [rows[at], cols[at]];
            let numbers = WindowNumbers {
                kernel: pair(1),
                stride: pair(2),
                padding: pair(3),
                padding_end: pair(5),
                dilation: pair(4),
                ceil_mode: false,
            };
            let window = Window::transposed("conv", pair(0), &numbers, more).ok()?;
            let cost = window.rows.len * window.cols.len * window.taps() * c * o * groups;
            (cost <= 1_500_000)
                .then(|| Conv2d::new("conv", c * groups, o * groups, groups, window, false, false).ok())?
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn convolutions_have_the_definitions_bits(
        spec in prop_oneof![3 => convolution(), 1 => transposed()], images in 1..=3usize, spice: bool, seed: u64
    ) {
        let mut numbers = Numbers::new(seed);
        let window = spec.window;
        let mut tensor = |dim: [usize; 4]| {
            let tensor = numbers.tensor::<f32>(dim, 1.0);
            spiced(tensor, &mut numbers, spice)
        };
        let x = tensor([images, spec.in_channels, window.rows.len, window.cols.len]);
        let ds = tensor([images, spec.out_channels, window.rows.out, window.cols.out]);
        let w = tensor(spec.weight_shape());
        let b = spec.bias.then(|| tensor([1, spec.out_channels, 1, 1]));
        // A weight gradient adds to what is there.
        let before = tensor(spec.weight_shape());
        let y = conv::forward(&spec, &x, &w, b.as_ref());
        let dx = conv::backward_input(&spec, &ds, &w);
        let mut dw = before.clone();
        conv::backward_weight(&spec, &x, &ds, &mut dw);
        assert_bits(&f32::conv_forward(&Alone, &spec, &x, &w, b.as_ref()), &y, "forward");
        assert_bits(&f32::conv_backward_input(&Alone, &spec, &ds, &w), &dx, "dX");
        for (isa, workers) in Isa::present().into_iter().flat_map(|isa| [1, 2, 3].map(|n| (isa, Threads(n)))) {
            let mut made = Tensor::zeros(y.dim());
            tensors::conv_forward(isa, &workers, &spec, &x, &w, b.as_ref(), &mut made);
            assert_bits(&made, &y, &format!("forward; {} on {}", isa.name(), workers.0));
            let mut made = Tensor::zeros(dx.dim());
            tensors::conv_backward_input(isa, &workers, &spec, &ds, &w, &mut made);
            assert_bits(&made, &dx, &format!("dX; {} on {}", isa.name(), workers.0));
            let mut made = before.clone();
            tensors::conv_backward_weight(isa, &workers, &spec, &x, &ds, &mut made);
            assert_bits(&made, &dw, &format!("dW; {} on {}", isa.name(), workers.0));
        }
    }

    #[test]
    fn max_pools_have_the_definitions_bits(
        rows in axis(), cols in axis(), channels in 1..=3usize, ceil_mode: bool, spice: bool, seed: u64
    ) {
        let pair = |at: usize| [rows[at], cols[at]];
        let numbers = WindowNumbers {
            kernel: pair(1),
            stride: pair(2),
            padding: pair(3),
            padding_end: pair(5),
            dilation: pair(4),
            ceil_mode,
        };
        let Ok(window) = Window::from_numbers("pool", pair(0), &numbers) else { return Ok(()) };
        let Ok(spec) = Pool2d::new("pool", channels, window, true) else { return Ok(()) };
        let mut numbers = Numbers::new(seed);
        let x = numbers.tensor::<f32>([1, channels, window.rows.len, window.cols.len], 1.0);
        // Values of a few steps, so that windows have equals.
        let x = spiced(x.mapv(|x| (x * 2.0).round()), &mut numbers, spice);
        let (y, winner) = pool::max_forward(&spec, &x);
        for isa in Isa::present() {
            let (mut made, mut by) = (Tensor::zeros(y.dim()), vec![7; y.len()]);
            let to = made.as_slice_mut().expect("contiguous");
            plain::max_pool(isa, &spec, x.as_slice().expect("contiguous"), to, &mut by);
            assert_bits(&made, &y, isa.name());
            if !plain::is_halving(&spec) {
                let by: Vec<f32> = by.into_iter().map(|at| at as f32).collect();
                prop_assert_eq!(by, winner.iter().copied().collect::<Vec<f32>>());
            }
        }
    }

    #[test]
    fn activations_have_the_definitions_bits(len in 1..=70usize, spice: bool, seed: u64) {
        let mut numbers = Numbers::new(seed);
        let mut tensor = || {
            let tensor = numbers.tensor::<f32>([1, 1, 1, len], 5.0);
            spiced(tensor, &mut numbers, spice)
        };
        let (x, dy) = (tensor(), tensor());
        for activation in Activation::ALL {
            let y = activation.forward(&x);
            let dx = activation.backward(&dy, &x, &y);
            let read = match activation.reads() {
                Reads::Input => &x,
                Reads::Output => &y,
            };
            for isa in Isa::present() {
                let mut made = Tensor::zeros(x.dim());
                let flat = |tensor: &Tensor| tensor.iter().copied().collect::<Vec<f32>>();
                plain::activation(isa, activation, &flat(&x), made.as_slice_mut().expect("contiguous"));
                assert_bits(&made, &y, activation.key());
                let to = made.as_slice_mut().expect("contiguous");
                plain::activation_backward(isa, activation, &flat(&dy), &flat(read), to);
                assert_bits(&made, &dx, activation.key());
            }
        }
    }

    #[test]
    fn dense_layers_have_the_definitions_bits(
        ins in prop_oneof![1..=40usize, 100..=300usize], outs in 1..=70usize, images in 1..=12usize,
        spice: bool, seed: u64
    ) {
        let spec = Dense { in_features: ins, out_features: outs, bias: true };
        let mut numbers = Numbers::new(seed);
        let mut tensor = |dim: [usize; 4]| {
            let tensor = numbers.tensor::<f32>(dim, 1.0);
            spiced(tensor, &mut numbers, spice)
        };
        let x = tensor([images, ins, 1, 1]);
        let dy = tensor([images, outs, 1, 1]);
        let (w, b) = (tensor([outs, ins, 1, 1]), tensor([1, outs, 1, 1]));
        let before = tensor([outs, ins, 1, 1]);
        let y = dense::forward(&spec, &x, &w, Some(&b));
        let dx = dense::backward_input(&spec, &dy, &w, [ins, 1, 1]);
        let mut dw = before.clone();
        dense::backward_weight(&spec, &x, &dy, &mut dw);
        assert_bits(&f32::dense_forward(&Alone, &spec, &x, &w, Some(&b)), &y, "forward");
        for (isa, workers) in Isa::present().into_iter().flat_map(|isa| [1, 2, 3].map(|n| (isa, Threads(n)))) {
            let mut made = Tensor::zeros(y.dim());
            tensors::dense_forward(isa, &workers, &spec, &x, &w, Some(&b), &mut made);
            assert_bits(&made, &y, &format!("forward; {} on {}", isa.name(), workers.0));
            let mut made = Tensor::zeros(dx.dim());
            tensors::dense_backward_input(isa, &workers, &spec, &dy, &w, &mut made);
            assert_bits(&made, &dx, &format!("dX; {} on {}", isa.name(), workers.0));
            let mut made = before.clone();
            tensors::dense_backward_weight(isa, &workers, &spec, &x, &dy, &mut made);
            assert_bits(&made, &dw, &format!("dW; {} on {}", isa.name(), workers.0));
        }
    }
}

/// Threads for the engine: as many as it asks for, each step anew.
struct Threads(usize);

impl Workers for Threads {
    fn count(&self) -> usize {
        self.0
    }
    fn run(&self, work: &(dyn Fn(usize) + Sync)) {
        std::thread::scope(|scope| {
            for worker in 0..self.0 {
                scope.spawn(move || work(worker));
            }
        });
    }
}

fn assert_same(fast: &[f32], definition: &Tensor, what: &str) {
    assert_eq!(fast.len(), definition.len(), "{what}");
    for (at, (a, b)) in fast.iter().zip(definition).enumerate() {
        let same = a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        assert!(same, "{what} {at}: {a:?}, by definition {b:?}");
    }
}

fn rule() -> impl Strategy<Value = Rule> {
    proptest::sample::select(Rule::ALL.to_vec())
}

/// Networks as people train them: convolutions with activations and pools behind, then dense layers.
fn usual_network() -> impl Strategy<Value = Network> {
    let layer = || {
        let pool = prop_oneof![
            2 => Just(Kind::MaxPool2d(MaxPoolSpec::new(2))),
            1 => Just(Kind::MaxPool2d(MaxPoolSpec { ceil_mode: true, ..MaxPoolSpec::new(2) })),
            1 => Just(Kind::AvgPool2d(AvgPoolSpec::new(2))),
        ];
        let norm = prop_oneof![
            4 => Just(None),
            1 => Just(Some(Kind::BatchNorm2d(BatchNormSpec::default()))),
            1 => random::group_norm(Together::Group(1)).prop_map(Some),
        ];
        let activation = prop_oneof![4 => Just(Kind::RELU), 1 => random::kind()];
        (random::conv(), norm, activation, proptest::option::of(pool)).prop_map(
            |(conv, norm, activation, pool)| [Some(conv), norm, Some(activation), pool].into_iter().flatten(),
        )
    };
    let front = proptest::collection::vec(layer(), 0..=3);
    let back = proptest::collection::vec((random::dense(), any::<bool>()), 0..=2);
    ((1..=3usize, 3..=20usize, 3..=20usize), front, back, random::loss()).prop_map(
        |((c, h, w), front, back, loss)| {
            let back = back.into_iter().flat_map(|(dense, relu)| [Some(dense), relu.then_some(Kind::RELU)]);
            random::stack([c, h, w], front.into_iter().flatten().chain(back.flatten()), loss)
        },
    )
}

/// Transposed convolutions as a decoder has them: one after the other, each with an activation or without, at the end a
/// pool now and then.
fn decoder() -> impl Strategy<Value = Network> {
    let up = (random::conv_transpose(), any::<bool>());
    (random::input(), proptest::collection::vec(up, 1..=3), any::<bool>(), random::loss()).prop_map(
        |(input, ups, pools, loss)| {
            let layers = ups.into_iter().flat_map(|(up, relu)| [Some(up), relu.then_some(Kind::RELU)]);
            let pool = pools.then(|| Kind::MaxPool2d(MaxPoolSpec::new(2)));
            random::stack(input, layers.flatten().chain(pool), loss)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whole training steps: outputs, losses, gradients, weights and moments.
    #[test]
    fn the_engine_trains_as_the_network_does(
        network in prop_oneof![4 => usual_network(), 1 => decoder(), 2 => random::network()],
        images in 1..=7usize, rule in rule(), decay in 0..=1usize, seed: u64
    ) {
        let mut numbers = Numbers::new(seed);
        let first: Params = numbers.params(&network);
        let optimizer = Optimizer { rule, learning_rate: 0.01, weight_decay: 0.125 * decay as f64 };
        let stream = numbers.stream();
        let batches: Vec<(Tensor, Tensor)> = (0..3)
            .map(|step| {
                // The last batch of an epoch is smaller.
                let images = if step == 2 { images.div_ceil(2) } else { images };
                (numbers.pictures(&network, images), numbers.targets(&network, images))
            })
            .collect();
        for isa in Isa::present() {
            for workers in [1, 2] {
                let workers = Threads(workers);
                let mut engine = Engine::new(&network, &first, images, isa, &workers);
                let (mut params, mut moments) = (first.clone(), Moments::default());
                for (step, (x, target)) in batches.iter().enumerate() {
                    let stream = Stream { step: stream.step + step as u64, ..stream };
                    let values = network.run(&params, x, target, Mode::Train, stream);
                    let updated = optimizer.update(&network, &params, &moments, &values);
                    let (x, target) = (x.as_slice().expect("contiguous"), target.as_slice().expect("contiguous"));
                    engine.gradients(&workers, x, target, stream);
                    for (l, made) in values.layers.iter().enumerate() {
                        for (part, fast) in [Part::Dw, Part::Db].into_iter().zip(engine.gradient(l)) {
                            if let Some(by_definition) = made.get(part) {
                                assert_same(fast, by_definition, &format!("{} {part:?}", network.layers[l].name()));
                            }
                        }
                    }
                    engine.step(&workers, &optimizer, x, target, stream, None);
                    let output = values.output();
                    assert_same(&engine.outputs()[..output.len()], output, "output");
                    let losses = values.loss.at(Part::Out);
                    assert_same(&engine.losses()[..losses.len()], losses, "loss");
                    (params, moments) = (updated.params(&params), updated.moments(&moments));
                    let (stored, stored_moments) = engine.numbers();
                    for (fast, by_definition) in stored.0.iter().zip(&params.0) {
                        for (part, tensor) in by_definition.iter() {
                            assert_bits(fast.at(part), tensor, &format!("{part:?} after step {step}"));
                        }
                    }
                    prop_assert_eq!(stored_moments.steps, moments.steps);
                    for (fast, by_definition) in stored_moments.layers.iter().zip(&moments.layers) {
                        prop_assert_eq!(fast.iter().count(), by_definition.iter().count());
                        for (part, tensor) in by_definition.iter() {
                            assert_bits(fast.at(part), tensor, &format!("{part:?} after step {step}"));
                        }
                    }
                    // One image, in evaluation.
                    let len = network.input.iter().product();
                    let one = batches[0].0.slice_axis(Dim(0), (0..1).into()).to_owned();
                    let by_definition = network.forward(&params, &one, Mode::Eval, Stream::default());
                    let x = batches[0].0.as_slice().expect("contiguous");
                    assert_same(engine.forward(&x[..len]), by_definition.output(), "evaluation");
                    // The same without keeping what has been read: each output is seen once, while it is there.
                    let mut seen = 0;
                    let mut see = |l: usize, out: &Tensor| {
                        assert_bits(out, by_definition.layers[l].at(Part::Out), network.layers[l].name());
                        assert_eq!(l, seen);
                        seen += 1;
                    };
                    let output = network.output_with(&params, &one, Execution::SERIAL, &mut see).expect("not cancelled");
                    assert_bits(&output, by_definition.output(), "output alone");
                    assert_eq!(seen, network.layers.len());
                }
            }
        }
    }
}
