//! The bit law: the fast path gives the definition's bits, for every shape and on every instruction
//! set that this machine has.
//!
//! Bits are compared as bits: 0 is not -0. Only NaN equals any NaN: which of its patterns comes out of
//! an addition of two is not said by IEEE 754.

use convstep::nn::{
    Window,
    conv::{self, Conv2d},
    dense::{self, Dense},
    kernels::{Isa, tensors},
};
use convstep::tensor::Tensor;
use proptest::prelude::*;

mod random;
use random::Numbers;

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

/// Rows and columns of one axis: input, kernel, stride, padding, dilation.
fn axis() -> impl Strategy<Value = [usize; 5]> {
    let sized = |len: std::ops::RangeInclusive<usize>| {
        (len, 1..=5usize, 1..=3usize, 0..=3usize, 1..=3usize).prop_map(|(l, k, s, p, d)| [l, k, s, p, d])
    };
    prop_oneof![
        3 => sized(1..=12),
        2 => sized(13..=40),
        // The plain case, and a kernel as large as the input.
        2 => (1..=36usize, 1..=5usize).prop_map(|(l, k)| [l, k, 1, 0, 1]),
        2 => (1..=36usize, 1..=2usize).prop_map(|(l, p)| [l, 2 * p + 1, 1, p, 1]),
        1 => (1..=9usize).prop_map(|l| [l, l, 1, 0, 1]),
    ]
}

/// Convolutions of all shapes that fit.
fn convolution() -> impl Strategy<Value = Conv2d> {
    let channels = prop_oneof![3 => 1..=5usize, 2 => 6..=20usize, 1 => Just(32usize)];
    let groups = prop_oneof![3 => Just(1usize), 1 => 2..=3usize];
    (axis(), axis(), channels.clone(), channels, groups, any::<bool>(), any::<bool>()).prop_filter_map(
        "the window fits the input",
        |(rows, cols, c, o, groups, bias, normalize)| {
            let pair = |at: usize| [rows[at], cols[at]];
            let window = Window::new("conv", pair(0), pair(1), pair(2), pair(3), pair(4)).ok()?;
            let cost = window.rows.out * window.cols.out * window.taps() * c * o * groups;
            (cost <= 600_000)
                .then(|| Conv2d::new("conv", c * groups, o * groups, groups, window, bias, normalize).ok())?
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn convolutions_have_the_definitions_bits(
        spec in convolution(), images in 1..=3usize, spice: bool, seed: u64
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
        // A weight gradient goes on from what is there.
        let before = tensor(spec.weight_shape());
        let y = conv::forward_definition(&spec, &x, &w, b.as_ref());
        let dx = conv::backward_input_definition(&spec, &ds, &w);
        let mut dw = before.clone();
        conv::backward_weight_definition(&spec, &x, &ds, &mut dw);
        assert_bits(&conv::forward(&spec, &x, &w, b.as_ref()), &y, "forward");
        assert_bits(&conv::backward_input(&spec, &ds, &w), &dx, "dX");
        for isa in Isa::present() {
            let mut made = Tensor::zeros(y.dim());
            tensors::conv_forward(isa, &spec, &x, &w, b.as_ref(), &mut made);
            assert_bits(&made, &y, &format!("forward, {}", isa.name()));
            let mut made = Tensor::zeros(dx.dim());
            tensors::conv_backward_input(isa, &spec, &ds, &w, &mut made);
            assert_bits(&made, &dx, &format!("dX, {}", isa.name()));
            let mut made = before.clone();
            tensors::conv_backward_weight(isa, &spec, &x, &ds, &mut made);
            assert_bits(&made, &dw, &format!("dW, {}", isa.name()));
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
        let y = dense::forward_definition(&spec, &x, &w, Some(&b));
        let dx = dense::backward_input_definition(&spec, &dy, &w, [ins, 1, 1]);
        let mut dw = before.clone();
        dense::backward_weight_definition(&spec, &x, &dy, &mut dw);
        assert_bits(&dense::forward(&spec, &x, &w, Some(&b)), &y, "forward");
        for isa in Isa::present() {
            let mut made = Tensor::zeros(y.dim());
            tensors::dense_forward(isa, &spec, &x, &w, Some(&b), &mut made);
            assert_bits(&made, &y, &format!("forward, {}", isa.name()));
            let mut made = Tensor::zeros(dx.dim());
            tensors::dense_backward_input(isa, &spec, &dy, &w, &mut made);
            assert_bits(&made, &dx, &format!("dX, {}", isa.name()));
            let mut made = before.clone();
            tensors::dense_backward_weight(isa, &spec, &x, &dy, &mut made);
            assert_bits(&made, &dw, &format!("dW, {}", isa.name()));
        }
    }
}
