//! Laws that hold for every network, tried on random small ones.
//!
//! Bits are compared as bits: NaN equals itself and 0 is not -0.

use convstep::nn::{
    Activation, Alone, Axis, Compute, Mode, Network, Op, Part, Source, Values, WindowNumbers, conv,
    conv_transpose,
    dropout::{self, Stream},
    init::Init,
    loss::Loss,
    resample::{Border, Upsampling},
    spec::{
        AvgPoolSpec, BatchNormSpec, ConvSpec, ConvTransposeSpec, CropSpec, DenseSpec, DropoutSpec,
        GroupNormSpec, Kind, LayerSpec, MaxPoolSpec, PadSpec, Pair, ShuffleSpec, SliceSpec, Together,
        UpsampleSpec,
    },
};
use convstep::tensor::{MAX_CELLS, Tensor};
use ndarray::{Axis as Dim, s};
use proptest::prelude::*;

use crate::random;
use crate::random::Numbers;

fn bits(tensor: &Tensor) -> (Vec<usize>, Vec<u32>) {
    (tensor.shape().to_vec(), tensor.iter().map(|x| x.to_bits()).collect())
}

/// Every tensor of two runs, bit for bit.
fn same_bits(a: &Values, b: &Values) {
    assert_eq!(bits(&a.input), bits(&b.input));
    assert_eq!(a.layers.len(), b.layers.len());
    let all = |values: &Values| {
        [&values.loss, &values.picture].into_iter().chain(&values.layers).cloned().collect::<Vec<_>>()
    };
    for (a, b) in all(a).iter().zip(&all(b)) {
        assert_eq!(a.iter().count(), b.iter().count());
        for ((part, a), (other, b)) in a.iter().zip(b.iter()) {
            assert_eq!(part, other);
            assert_eq!(bits(a), bits(b), "{part:?}");
        }
    }
}

proptest! {
    /// In evaluation an image does not know its batch, neither forward nor backward.
    #[test]
    fn a_batch_is_its_images(network in random::network(), images in 1..=4usize, seed: u64) {
        let mut numbers = Numbers::new(seed);
        let params = numbers.params(&network);
        let (x, target) = (numbers.pictures(&network, images), numbers.targets(&network, images));
        let stream = numbers.stream();
        let batch = network.run::<f32>(&params, &x, &target, Mode::Eval, stream);
        for n in 0..images {
            let one = |tensor: &Tensor| tensor.slice_axis(Dim(0), (n..=n).into()).to_owned();
            let alone = network.run(&params, &one(&x), &one(&target), Mode::Eval, stream);
            let layers = batch.layers.iter().chain([&batch.loss, &batch.picture]);
            let of_alone = alone.layers.iter().chain([&alone.loss, &alone.picture]);
            for (l, (batch, alone)) in layers.zip(of_alone).enumerate() {
                for (part, tensor) in batch.iter() {
                    match part {
                        // Summed over the batch, or a parameter's: not an image's.
                        Part::Dw | Part::Db | Part::InvStd | Part::Mean => {}
                        _ => prop_assert_eq!(
                            bits(&one(tensor)), bits(alone.at(part)), "layer {} {:?}", l, part
                        ),
                    }
                }
            }
        }
    }

    /// The gradient of a parameter over a batch is the fold over its images, each continuing from where the
    /// one before it ended.
    #[test]
    fn parameter_gradients_go_on_from_image_to_image(
        network in random::network(), images in 1..=4usize, seed: u64
    ) {
        let mut numbers = Numbers::new(seed);
        let params = numbers.params(&network);
        let (x, target) = (numbers.pictures(&network, images), numbers.targets(&network, images));
        let values = network.run::<f32>(&params, &x, &target, Mode::Eval, numbers.stream());
        for (l, layer) in network.layers.iter().enumerate() {
            let x = values.of(layer.sources[0]);
            let made = &values.layers[l];
            let dy = values.gradient(&network, Source::Layer(l)).expect("it ran backward");
            let Some(dw_of_batch) = made.get(Part::Dw) else { continue };
            let mut dw = Tensor::zeros(dw_of_batch.dim());
            let mut db = made.get(Part::Db).map(|db| Tensor::zeros(db.dim()));
            for n in 0..images {
                let one = |tensor: &Tensor| tensor.slice_axis(Dim(0), (n..=n).into()).to_owned();
                match &layer.op {
                    Op::Conv2d(spec) => {
                        f32::conv_backward_weight(&Alone, spec, &one(x), &one(made.get(Part::Ds).unwrap_or(dy)), &mut dw);
                    }
                    Op::ConvTranspose2d(spec) => {
                        conv_transpose::backward_weight(spec, &one(x), &one(dy), &mut dw);
                    }
                    Op::Dense(spec) => f32::dense_backward_weight(&Alone, spec, &one(x), &one(dy), &mut dw),
                    Op::PRelu(spec) => convstep::nn::prelu::backward_slope(spec, &one(dy), &one(x), &mut dw),
                    Op::BatchNorm2d(_) | Op::GroupNorm(_) => {
                        convstep::nn::norm::backward_gamma(&one(dy), &one(made.at(Part::Xhat)), &mut dw);
                    }
                    other => prop_assert!(false, "{:?} has a weight", other),
                }
                if let Some(db) = &mut db {
                    match &layer.op {
                        Op::GroupNorm(_) => convstep::nn::norm::backward_beta(&one(dy), db),
                        _ => conv::backward_bias(&one(dy), db),
                    }
                }
            }
            prop_assert_eq!(bits(&dw), bits(dw_of_batch));
            if let Some(db) = &db {
                prop_assert_eq!(bits(db), bits(made.at(Part::Db)));
            }
        }
    }

    /// A run depends on what it is given and on nothing else: not on what ran before, nor on what runs
    /// beside it.
    #[test]
    fn a_run_is_a_pure_function(network in random::network(), images in 1..=3usize, seed: u64) {
        let run = |mode| {
            let mut numbers = Numbers::new(seed);
            let params = numbers.params(&network);
            let (x, target) = (numbers.pictures(&network, images), numbers.targets(&network, images));
            network.run::<f32>(&params, &x, &target, mode, numbers.stream())
        };
        for mode in [Mode::Eval, Mode::Train] {
            let once = run(mode);
            same_bits(&once, &run(mode));
            std::thread::scope(|scope| {
                let beside: Vec<_> = (0..2).map(|_| scope.spawn(|| run(mode))).collect();
                for thread in beside {
                    same_bits(&once, &thread.join().expect("it runs"));
                }
            });
        }
    }

    /// A winner lies in its window, holds the maximum, and is the first that does.
    #[test]
    fn winners_are_the_first_maxima(
        input in random::input(), kind in random::max_pool(), quantised: bool, seed: u64
    ) {
        let network = random::stack(input, [kind], Loss::Mse);
        let Op::MaxPool2d(spec) = &network.layers[0].op else { return Ok(()) };
        let mut numbers = Numbers::new(seed);
        let mut x = numbers.pictures::<f32>(&network, 2);
        if quantised {
            x.mapv_inplace(f32::round);
        }
        let (y, winner) = convstep::nn::pool::max_forward(spec, &x);
        let (rows, cols) = (spec.window.rows, spec.window.cols);
        for ((n, c, i, j), &at) in winner.indexed_iter() {
            let at = at as usize;
            prop_assert!(at < rows.len * cols.len);
            let window = |axis: &Axis, i: usize| -> Vec<usize> {
                let start = (i * axis.stride) as i64 - axis.padding as i64;
                let taps = (0..axis.kernel).map(|u| start + (u * axis.dilation) as i64);
                taps.filter(|&p| p >= 0 && p < axis.len as i64).map(|p| p as usize).collect()
            };
            let (window_rows, window_cols) = (window(&rows, i), window(&cols, j));
            prop_assert!(window_rows.contains(&(at / cols.len)) && window_cols.contains(&(at % cols.len)));
            let mut best: Option<(f32, usize)> = None;
            for &p in &window_rows {
                for &q in &window_cols {
                    let x = x[[n, c, p, q]];
                    if best.is_none_or(|(best, _)| x > best) {
                        best = Some((x, p * cols.len + q));
                    }
                }
            }
            prop_assert_eq!(best, Some((y[[n, c, i, j]], at)));
        }
    }

    /// As many outputs as windows fit on the padded axis; `tap` and `window_of` as the pictures in the
    /// textbooks have them; unseen is what no window reads.
    #[test]
    fn windows_are_counted_right(
        len in 1..=20usize, kernel in 1..=6usize, stride in 1..=6usize, padding in 0..=6usize,
        padding_end in 0..=6usize, dilation in 1..=4usize, ceil_mode: bool
    ) {
        let padded = len + padding + padding_end;
        let reach = dilation * (kernel - 1);
        let mut starts: Vec<usize> = (0..padded).step_by(stride).filter(|start| start + reach < padded).collect();
        // A rest gets a window of its own, unless that would begin behind the input.
        let next = starts.last().map(|last| last + stride);
        if ceil_mode && starts.last().is_some_and(|last| last + reach + 1 < padded) {
            starts.extend(next.filter(|&next| next < len + padding));
        }
        let numbers = WindowNumbers {
            kernel: [kernel; 2],
            stride: [stride; 2],
            padding: [padding; 2],
            padding_end: [padding_end; 2],
            dilation: [dilation; 2],
            ceil_mode,
        };
        let axis = match Axis::from_numbers("axis", len, &numbers, 0) {
            Ok(axis) => axis,
            Err(error) => {
                prop_assert!(starts.is_empty(), "{}", error);
                return Ok(());
            }
        };
        prop_assert_eq!(axis.out, starts.len());
        let mut seen = vec![false; len];
        for (i, start) in starts.iter().enumerate() {
            for u in 0..kernel {
                let position = (start + u * dilation).checked_sub(padding).filter(|&p| p < len);
                prop_assert_eq!(axis.tap(i, u), position);
                if let Some(p) = position {
                    seen[p] = true;
                    prop_assert_eq!(axis.window_of(p, u), Some(i));
                }
            }
        }
        for p in 0..len {
            for u in 0..kernel {
                let window = (0..axis.out).find(|&i| axis.tap(i, u) == Some(p));
                prop_assert_eq!(axis.window_of(p, u), window);
            }
        }
        for u in 0..kernel {
            let windows = (0..axis.out).filter(|&i| axis.tap(i, u).is_some());
            prop_assert!(windows.eq(axis.windows_of_tap(u)));
        }
        for (i, start) in starts.iter().enumerate() {
            let on_padded = (0..kernel).filter(|u| start + u * dilation < padded).count();
            prop_assert_eq!(axis.taps_on_padded(i), on_padded);
        }
        let unseen: Vec<usize> = (0..len).filter(|&p| !seen[p]).collect();
        prop_assert_eq!(axis.unseen(), unseen);
    }

    /// The sizes that a network was built with are the sizes of what it computes.
    #[test]
    fn shapes_are_as_built(network in random::network(), images in 1..=2usize, seed: u64) {
        let mut numbers = Numbers::new(seed);
        let params = numbers.params(&network);
        let (x, target) = (numbers.pictures(&network, images), numbers.targets(&network, images));
        let values = network.run::<f32>(&params, &x, &target, Mode::Train, numbers.stream());
        for (layer, made) in network.layers.iter().zip(&values.layers) {
            let [o, h_out, w_out] = layer.output;
            prop_assert_eq!(made.at(Part::Out).dim(), (images, o, h_out, w_out));
            for (k, [c, h, w]) in layer.inputs.iter().copied().enumerate() {
                prop_assert_eq!(made.at(layer.input_gradient(k)).dim(), (images, c, h, w));
                prop_assert_eq!([c, h, w], network.extents(layer.sources[k]));
            }
            for (part, shape) in layer.parameters() {
                match part {
                    Part::Weight => prop_assert_eq!(made.at(Part::Dw).shape(), shape.0),
                    Part::Bias => prop_assert_eq!(made.at(Part::Db).shape(), shape.0),
                    _ => {}
                }
            }
        }
        prop_assert_eq!(values.loss.at(Part::Out).dim(), (images, 1, 1, 1));
    }

    /// The documented folds, written once more over arrays that hold their padding, bit for bit: the
    /// order of the terms, the zero terms on padding, one rounding a term, then the division, then the
    /// bias.
    #[test]
    fn convolution_folds_in_the_documented_order(
        input in random::input(), kind in random::conv(), images in 1..=2usize, seed: u64
    ) {
        let network = random::stack(input, [kind], Loss::Mse);
        let Op::Conv2d(spec) = &network.layers[0].op else { return Ok(()) };
        let mut numbers = Numbers::new(seed);
        let params = numbers.params(&network);
        let (w, b) = (params.0[0].at(Part::Weight), params.0[0].get(Part::Bias));
        let x = numbers.pictures::<f32>(&network, images);
        let (rows, cols) = (spec.window.rows, spec.window.cols);
        let [c_in, h, width] = network.input;
        let mut padded = Tensor::zeros((images, c_in, rows.padded(), cols.padded()));
        let (p, q) = (rows.padding, cols.padding);
        padded.slice_mut(s![.., .., p..p + h, q..q + width]).assign(&x);
        let of_padded = |n: usize, c: usize, i: usize, j: usize, u: usize, v: usize| {
            padded[[n, c, i * rows.stride + u * rows.dilation, j * cols.stride + v * cols.dilation]]
        };
        let (group_in, group_out) = (c_in / spec.groups, spec.out_channels / spec.groups);

        let y = f32::conv_forward(&Alone, spec, &x, w, b);
        for ((n, o, i, j), y) in y.indexed_iter() {
            let mut sum = 0.0f32;
            for (c, u, v) in ndarray::indices((group_in, rows.kernel, cols.kernel)) {
                sum = of_padded(n, o / group_out * group_in + c, i, j, u, v).mul_add(w[[o, c, u, v]], sum);
            }
            if spec.normalize {
                sum /= (rows.kernel * cols.kernel * c_in / spec.groups) as f32;
            }
            if let Some(b) = b {
                sum += b[[0, o, 0, 0]];
            }
            prop_assert_eq!(y.to_bits(), sum.to_bits());
        }

        let ds = numbers.tensor::<f32>(<[usize; 4]>::from(y.dim()), 1.0);
        let mut dw = Tensor::zeros(w.dim());
        f32::conv_backward_weight(&Alone, spec, &x, &ds, &mut dw);
        for ((o, c, u, v), dw) in dw.indexed_iter() {
            let mut sum = 0.0f32;
            for (n, i, j) in ndarray::indices((images, rows.out, cols.out)) {
                let x = of_padded(n, o / group_out * group_in + c, i, j, u, v);
                sum = ds[[n, o, i, j]].mul_add(x, sum);
            }
            prop_assert_eq!(dw.to_bits(), sum.to_bits());
        }

        // ds with S - 1 zeros between its cells and a margin all round, under the flipped filter.
        let margin = [rows, cols].map(|axis| axis.dilation * (axis.kernel - 1) + axis.padding + axis.stride);
        let extent = |d: usize, axis: Axis| {
            2 * margin[d] + (axis.out - 1) * axis.stride + axis.len + axis.padding + 1
        };
        let dim = (images, spec.out_channels, extent(0, rows), extent(1, cols));
        let mut dilated = Tensor::zeros(dim);
        for ((n, o, i, j), &ds) in ds.indexed_iter() {
            dilated[[n, o, margin[0] + i * rows.stride, margin[1] + j * cols.stride]] = ds;
        }
        let dx = f32::conv_backward_input(&Alone, spec, &ds, w);
        for ((n, c, p, q), dx) in dx.indexed_iter() {
            let mut sum = 0.0f32;
            let first = c / group_in * group_out;
            for (o, u, v) in ndarray::indices((group_out, rows.kernel, cols.kernel)) {
                let ds = dilated[[
                    n,
                    first + o,
                    margin[0] + p + rows.padding - u * rows.dilation,
                    margin[1] + q + cols.padding - v * cols.dilation,
                ]];
                sum = ds.mul_add(w[[first + o, c % group_in, u, v]], sum);
            }
            prop_assert_eq!(dx.to_bits(), sum.to_bits());
        }
    }

    /// The same for the transposed convolution, whose output cells gather over (c, u, v) an input with zeros between its
    /// cells; and the sum is what stamping, input cell by input cell, gives in f64.
    #[test]
    fn transposed_convolution_folds_in_the_documented_order(
        input in random::input(), kind in random::conv_transpose(), images in 1..=2usize, seed: u64
    ) {
        let network = random::stack(input, [kind], Loss::Mse);
        let Op::ConvTranspose2d(spec) = &network.layers[0].op else { return Ok(()) };
        let mut numbers = Numbers::new(seed);
        let params = numbers.params(&network);
        let (w, b) = (params.0[0].at(Part::Weight), params.0[0].get(Part::Bias));
        let x = numbers.pictures::<f32>(&network, images);
        let (rows, cols) = (spec.conv.window.rows, spec.conv.window.cols);
        let [c_in, h, width] = network.input;
        let [c_out, out_h, out_w] = network.layers[0].output;
        let (group_in, group_out) = (c_in / spec.conv.groups, c_out / spec.conv.groups);
        // Far more zeros than padding, kernel and rest could reach.
        let margin = 20;
        let extent = |cells: usize, axis: Axis, out: usize| 2 * margin + (cells - 1) * axis.stride + out + 1;
        let mut spread = Tensor::zeros((images, c_in, extent(h, rows, out_h), extent(width, cols, out_w)));
        let mut stamped = Tensor::<f64>::zeros((images, c_out, out_h + 2 * margin, out_w + 2 * margin));
        for ((n, c, p, q), &x) in x.indexed_iter() {
            spread[[n, c, margin + p * rows.stride, margin + q * cols.stride]] = x;
            for (o, u, v) in ndarray::indices((group_out, rows.kernel, cols.kernel)) {
                let i = margin + p * rows.stride + u * rows.dilation - rows.padding;
                let j = margin + q * cols.stride + v * cols.dilation - cols.padding;
                if i < out_h + 2 * margin && j < out_w + 2 * margin {
                    stamped[[n, c / group_in * group_out + o, i, j]] += f64::from(x) * f64::from(w[[c, o, u, v]]);
                }
            }
        }
        let made = network.forward::<f32>(&params, &x, Mode::Eval, Stream::default());
        let y = made.output();
        prop_assert_eq!(bits(y), bits(&conv_transpose::forward(spec, &x, w, b)));
        for ((n, o, i, j), y) in y.indexed_iter() {
            let mut sum = 0.0f32;
            for (c, u, v) in ndarray::indices((group_in, rows.kernel, cols.kernel)) {
                let c = o / group_out * group_in + c;
                let x = spread[[
                    n,
                    c,
                    margin + i + rows.padding - u * rows.dilation,
                    margin + j + cols.padding - v * cols.dilation,
                ]];
                sum = x.mul_add(w[[c, o % group_out, u, v]], sum);
            }
            let bias = b.map_or(0.0, |b| b[[0, o, 0, 0]]);
            let stamped = stamped[[n, o, margin + i, margin + j]] + f64::from(bias);
            prop_assert!((f64::from(*y) - stamped).abs() <= 1e-4, "{} {}", y, stamped);
            let sum = if b.is_some() { sum + bias } else { sum };
            prop_assert_eq!(y.to_bits(), sum.to_bits());
        }
    }

    /// The same for the dense layer.
    #[test]
    fn dense_folds_in_the_documented_order(
        input in random::input(), kind in random::dense(), images in 1..=3usize, seed: u64
    ) {
        let network = random::stack(input, [kind], Loss::Mse);
        let Op::Dense(spec) = &network.layers[0].op else { return Ok(()) };
        let mut numbers = Numbers::new(seed);
        let params = numbers.params(&network);
        let (w, b) = (params.0[0].at(Part::Weight), params.0[0].get(Part::Bias));
        let x = numbers.pictures::<f32>(&network, images);
        let vector: Vec<f32> = x.iter().copied().collect();
        let x_at = |n: usize, f: usize| vector[n * spec.in_features + f];
        let y = f32::dense_forward(&Alone, spec, &x, w, b);
        for ((n, o, _, _), y) in y.indexed_iter() {
            let sum = (0..spec.in_features).fold(0.0f32, |sum, f| x_at(n, f).mul_add(w[[o, f, 0, 0]], sum));
            let sum = b.map_or(sum, |b| sum + b[[0, o, 0, 0]]);
            prop_assert_eq!(y.to_bits(), sum.to_bits());
        }
        let dy = numbers.tensor::<f32>(<[usize; 4]>::from(y.dim()), 1.0);
        let mut dw = Tensor::zeros(w.dim());
        f32::dense_backward_weight(&Alone, spec, &x, &dy, &mut dw);
        for ((o, f, _, _), dw) in dw.indexed_iter() {
            let sum = (0..images).fold(0.0f32, |sum, n| dy[[n, o, 0, 0]].mul_add(x_at(n, f), sum));
            prop_assert_eq!(dw.to_bits(), sum.to_bits());
        }
        let dx = f32::dense_backward_input(&Alone, spec, &dy, w, network.input);
        for (flat, dx) in dx.iter().enumerate() {
            let (n, f) = (flat / spec.in_features, flat % spec.in_features);
            let sum = (0..spec.out_features)
                .fold(0.0f32, |sum, o| dy[[n, o, 0, 0]].mul_add(w[[o, f, 0, 0]], sum));
            prop_assert_eq!(dx.to_bits(), sum.to_bits());
        }
    }

    /// The windows that read a cell of a pool's input, counted by `reader`, are those that a search
    /// finds, in row-major order.
    #[test]
    fn pool_readers_are_all_windows_that_read(input in random::input(), kind in random::avg_pool()) {
        let network = random::stack(input, [kind], Loss::Mse);
        let Op::AvgPool2d(spec) = &network.layers[0].op else { return Ok(()) };
        let [rows, cols] = spec.cover();
        for (p, q) in ndarray::indices((input[1], input[2])) {
            let counted: Vec<_> = ndarray::indices((rows, cols))
                .into_iter()
                .filter_map(|(s, t)| spec.reader([p, q], [s, t]))
                .collect();
            let found: Vec<_> = ndarray::indices((spec.window.rows.out, spec.window.cols.out))
                .into_iter()
                .map(|(i, j)| [i, j])
                .filter(|&window| {
                    ndarray::indices((spec.window.rows.kernel, spec.window.cols.kernel))
                        .into_iter()
                        .any(|(u, v)| spec.window.tap(window, [u, v]) == Some([p, q]))
                })
                .collect();
            prop_assert_eq!(counted, found);
        }
    }

    /// Layer by layer, an output cell is NaN exactly if it depends on a cell that is: no layer loses a
    /// NaN, and none spreads it further than it reads.
    #[test]
    fn a_nan_is_passed_on(network in random::network(), seed: u64) {
        let mut numbers = Numbers::new(seed);
        let params = numbers.params(&network);
        let mut x = numbers.pictures::<f32>(&network, 1);
        let flat = numbers.below(x.len());
        x.as_slice_mut().expect("contiguous")[flat] = f32::NAN;
        let values = network.forward(&params, &x, Mode::Eval, Stream::default());
        for (layer, made) in network.layers.iter().zip(&values.layers) {
            let x = values.of(layer.sources[0]);
            let nan = |c: usize, p: usize, q: usize| x[[0, c, p, q]].is_nan();
            // Of a join: input k at the place of an output cell.
            let nan_of = |k: usize, c: usize, p: usize, q: usize| {
                let x = values.of(layer.sources[k]);
                let (_, _, h, w) = x.dim();
                x[[0, c, p.min(h - 1), q.min(w - 1)]].is_nan()
            };
            let in_window = |channels: std::ops::Range<usize>, i: usize, j: usize| {
                let window = layer.window().expect("has one");
                ndarray::indices((window.rows.kernel, window.cols.kernel))
                    .into_iter()
                    .filter_map(|(u, v)| window.tap([i, j], [u, v]))
                    .any(|[p, q]| channels.clone().any(|c| nan(c, p, q)))
            };
            let y = made.at(Part::Out);
            for (flat, ((_, o, i, j), y)) in y.indexed_iter().enumerate() {
                let depends = match &layer.op {
                    Op::Conv2d(conv) => {
                        let first = o / conv.group_out() * conv.group_in();
                        in_window(first..first + conv.group_in(), i, j)
                    }
                    Op::ConvTranspose2d(spec) => {
                        let window = &spec.conv.window;
                        let taps = ndarray::indices((window.rows.kernel, window.cols.kernel));
                        let reaching = taps.into_iter().filter_map(|(u, v)| window.window_of([i, j], [u, v]));
                        let group = layer.input[0] / spec.conv.groups;
                        let first = o / (layer.output[0] / spec.conv.groups) * group;
                        reaching.into_iter().any(|[p, q]| (first..first + group).any(|c| nan(c, p, q)))
                    }
                    Op::MaxPool2d(_) | Op::AvgPool2d(_) => in_window(o..o + 1, i, j),
                    Op::Resample2d(resample) => {
                        let taps = (0..resample.taps()).filter_map(|m| resample.tap([o, i, j], m));
                        taps.into_iter().any(|([k, p, q], _)| nan(k, p, q))
                    }
                    Op::Dense(_) => x.iter().any(|x| x.is_nan()),
                    Op::Softmax => (0..layer.input[0]).any(|c| nan(c, i, j)),
                    Op::GroupNorm(norm) => {
                        let channels = norm.channels_of(norm.group_of(o));
                        x.slice(ndarray::s![0, channels, .., ..]).iter().any(|x| x.is_nan())
                    }
                    Op::LocalResponseNorm(norm) => {
                        (0..norm.size).filter_map(|t| norm.tap(o, t)).any(|c| nan(c, i, j))
                    }
                    Op::Flatten => x.iter().nth(flat).is_some_and(|x| x.is_nan()),
                    Op::Activation(_)
                    | Op::PRelu(_)
                    | Op::BatchNorm2d(_)
                    | Op::Dropout { .. } => nan(o, i, j),
                    Op::Add | Op::Multiply => (0..layer.sources.len()).any(|k| nan_of(k, o, i, j)),
                    Op::Concat => (0..layer.sources.len()).any(|k| {
                        let first = layer.first_channel(k);
                        (first..first + layer.inputs[k][0]).contains(&o) && nan_of(k, o - first, i, j)
                    }),
                };
                prop_assert_eq!(y.is_nan(), depends, "{} {:?}", layer.name(), [o, i, j]);
            }
        }
    }

    /// The same seed gives the same weights, and a layer added at the end leaves them as they were.
    #[test]
    fn initial_weights_are_a_function_of_the_seed(network in random::network(), seed: u64) {
        let longer = network.init::<f32>(Init::He, seed);
        prop_assert_eq!(&longer, &network.init(Init::He, seed));
        let first = network.up_to(0);
        prop_assert_eq!(&longer.0[..1], &first.init::<f32>(Init::He, seed).0[..]);
        for (layer, parts) in network.layers.iter().zip(&longer.0) {
            let shapes: Vec<_> = parts.iter().map(|(part, tensor)| (part, tensor.shape().to_vec())).collect();
            let expected: Vec<_> =
                layer.parameters().into_iter().map(|(part, shape)| (part, shape.0.to_vec())).collect();
            prop_assert_eq!(shapes, expected);
        }
    }
}

/// A dropout mask drops p of the cells, within four deviations, scales the rest, and is another one in
/// another step, layer or run.
#[test]
fn dropout_masks_are_as_likely_as_they_say() {
    let dim = (4, 8, 16, 16);
    let cells = 4.0 * 8.0 * 16.0 * 16.0;
    for p in [0.0, 0.1, 0.25, 0.5, 0.9, 1.0] {
        let stream = Stream { seed: 7, step: 3 };
        let mask: Tensor = dropout::mask(stream, 2, p, dim);
        let dropped = mask.iter().filter(|&&m| m == 0.0).count() as f64;
        let deviation = (cells * p * (1.0 - p)).sqrt();
        assert!((dropped - cells * p).abs() <= 4.0 * deviation, "{dropped} of {cells} at p = {p}");
        let kept = (1.0 / (1.0 - p)) as f32;
        assert!(mask.iter().all(|&m| m == 0.0 || m == kept));
        if (0.1..1.0).contains(&p) {
            for (other, layer) in
                [(Stream { seed: 8, ..stream }, 2), (Stream { step: 4, ..stream }, 2), (stream, 3)]
            {
                assert_ne!(mask, dropout::mask::<f32>(other, layer, p, dim));
            }
        }
    }
}

/// What cannot be computed with is refused when the network is built, by a line that names the layer.
#[test]
fn numbers_that_lead_nowhere_are_refused() {
    let refused = |input: [usize; 3], kind: Kind, word: &str| {
        let error = Network::build(input, vec![LayerSpec::new("odd", kind)], Loss::Mse).expect_err(word).0;
        assert!(error.starts_with("odd") && error.contains(word), "{error}");
    };
    let picture = [1, 8, 8];
    // f32 does not hold every whole number from 2^24 on, and a winner's position is kept in one.
    let pool = MaxPoolSpec {
        kernel: Pair::square(2),
        stride: None,
        padding: Pair::square(0),
        ..MaxPoolSpec::new(1)
    };
    refused([1, 1 << 12, (1 << 12) + 1], Kind::MaxPool2d(pool.clone()), "positions");
    assert!(
        Network::build([1, 1 << 12, 1 << 12], vec![LayerSpec::new("odd", Kind::MaxPool2d(pool))], Loss::Mse)
            .is_ok()
    );
    let padding = Pair::square(1 << 30);
    let huge = AvgPoolSpec {
        kernel: Pair::square(1 << 31),
        stride: None,
        padding,
        count_include_pad: true,
        ..AvgPoolSpec::new(1)
    };
    refused(picture, Kind::AvgPool2d(huge), "taps");
    for slope in [f64::NAN, f64::INFINITY] {
        refused(picture, Kind::Activation(Activation::LeakyRelu { slope }), "slope");
    }
    for eps in [f64::NAN, f64::INFINITY, -1e-5] {
        refused(picture, Kind::BatchNorm2d(BatchNormSpec { eps, momentum: 0.1 }), "eps");
        refused(
            picture,
            Kind::GroupNorm(GroupNormSpec { eps, ..GroupNormSpec::new(Together::Whole) }),
            "eps",
        );
    }
    for momentum in [f64::NAN, -0.1, 1.1] {
        refused(picture, Kind::BatchNorm2d(BatchNormSpec { eps: 1e-5, momentum }), "momentum");
    }
    for p in [f64::NAN, -0.1, 1.1] {
        refused(picture, Kind::Dropout(DropoutSpec { p }), "p from 0 to 1");
    }
}

/// Whole numbers at which arithmetic goes wrong.
fn hostile() -> impl Strategy<Value = usize> {
    prop_oneof![
        4 => 0..=5usize,
        1 => proptest::sample::select(vec![
            1 << 12, 1 << 16, 1 << 24, 1 << 31, (1 << 31) + 1, 1 << 32, 1 << 62,
            usize::MAX / 4, usize::MAX / 2, usize::MAX / 2 + 1, usize::MAX - 1, usize::MAX,
        ]),
        1 => any::<usize>(),
    ]
}

fn hostile_pair() -> impl Strategy<Value = Pair> {
    (hostile(), hostile()).prop_map(|(a, b)| Pair([a, b]))
}

fn hostile_real() -> impl Strategy<Value = f64> {
    prop_oneof![
        -0.5..1.5f64,
        proptest::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e308, -1e308]),
    ]
}

fn hostile_kind() -> impl Strategy<Value = Kind> {
    let pairs = (hostile_pair(), hostile_pair(), hostile_pair(), hostile_pair());
    let sides = proptest::option::of(hostile_pair());
    let conv = (hostile(), pairs, sides, hostile(), any::<bool>()).prop_map(
        |(out_channels, (kernel, stride, padding, dilation), padding_end, groups, flag)| {
            Kind::Conv2d(ConvSpec {
                out_channels,
                kernel,
                stride,
                padding,
                dilation,
                groups,
                bias: flag,
                normalize: !flag,
                padding_end,
            })
        },
    );
    let pairs = (hostile_pair(), hostile_pair(), hostile_pair(), hostile_pair(), hostile_pair());
    let sides = proptest::option::of(hostile_pair());
    let transposed = (hostile(), pairs, sides, hostile(), any::<bool>()).prop_map(
        |(out_channels, (kernel, stride, padding, dilation, output_padding), padding_end, groups, bias)| {
            Kind::ConvTranspose2d(ConvTransposeSpec {
                out_channels,
                kernel,
                stride,
                padding,
                padding_end,
                output_padding,
                dilation,
                groups,
                bias,
            })
        },
    );
    let maybe = || proptest::option::of(hostile_pair());
    let pool = (hostile_pair(), maybe(), hostile_pair(), maybe(), hostile_pair(), any::<bool>());
    let pool = pool.prop_map(|(kernel, stride, padding, padding_end, dilation, flag)| {
        if flag {
            Kind::MaxPool2d(MaxPoolSpec { kernel, stride, padding, padding_end, dilation, ceil_mode: true })
        } else {
            let count_include_pad = true;
            Kind::AvgPool2d(AvgPoolSpec {
                kernel,
                stride,
                padding,
                padding_end,
                ceil_mode: true,
                count_include_pad,
            })
        }
    });
    // A kernel that grows with its padding fits any input, so that its own size is what is judged.
    let half =
        || proptest::sample::select(vec![1usize, 2, 1 << 12, 1 << 16, 1 << 30, 1 << 31, usize::MAX / 4]);
    let padded_pool = (half(), half(), proptest::option::of(hostile_pair())).prop_map(|(a, b, stride)| {
        let (kernel, padding) = (Pair([2 * a, 2 * b]), Pair([a, b]));
        Kind::AvgPool2d(AvgPoolSpec {
            kernel,
            stride,
            padding,
            count_include_pad: false,
            ..AvgPoolSpec::new(1)
        })
    });
    let resampled =
        prop_oneof![
            (0usize..4, hostile_pair(), any::<bool>()).prop_map(|(by, pair, sized)| {
                let by = Upsampling::ALL[by];
                Kind::Upsample2d(if sized {
                    UpsampleSpec::to_size(by, pair)
                } else {
                    UpsampleSpec::by_scale(by, pair)
                })
            }),
            (hostile_pair(), hostile_pair(), hostile_pair())
                .prop_map(|(start, size, step)| Kind::Crop2d(CropSpec { start, size, step })),
            (hostile(), hostile(), hostile())
                .prop_map(|(start, count, step)| Kind::SliceChannels(SliceSpec { start, count, step })),
            hostile().prop_map(|groups| Kind::ChannelShuffle(ShuffleSpec { groups })),
            (hostile_pair(), hostile_pair()).prop_map(|(padding, channels)| {
                Kind::Pad2d(PadSpec { channels, ..PadSpec::new(Border::Zero, padding) })
            }),
        ];
    prop_oneof![
        conv,
        transposed,
        pool,
        padded_pool,
        resampled,
        (hostile(), any::<bool>())
            .prop_map(|(out_features, bias)| Kind::Dense(DenseSpec { out_features, bias })),
        (proptest::sample::select(Activation::ALL.to_vec()), hostile_real())
            .prop_map(|(activation, number)| Kind::Activation(activation.with_number(number))),
        (hostile_real(), hostile_real())
            .prop_map(|(eps, momentum)| Kind::BatchNorm2d(BatchNormSpec { eps, momentum })),
        (hostile(), hostile_real(), any::<bool>()).prop_map(|(groups, eps, affine)| {
            Kind::GroupNorm(GroupNormSpec { of: Together::Group(groups), eps, affine })
        }),
        hostile_real().prop_map(|p| Kind::Dropout(DropoutSpec { p })),
        random::kind(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// Whatever the numbers, building a network gives an error of one line or a network whose sizes can
    /// be computed with. Nothing is allocated for its tensors.
    #[test]
    fn hostile_numbers_build_or_fail_cleanly(
        input in prop_oneof![
            (hostile(), hostile(), hostile()).prop_map(|(c, h, w)| [c, h, w]),
            random::input()
        ],
        kinds in proptest::collection::vec(hostile_kind(), 0..=3),
        loss in random::loss()
    ) {
        let specs: Vec<_> = kinds
            .into_iter()
            .enumerate()
            .map(|(l, kind)| LayerSpec::new(format!("layer{l}"), kind))
            .collect();
        match Network::build(input, specs, loss) {
            Err(error) => prop_assert!(!error.0.is_empty() && !error.0.contains('\n'), "{}", error),
            Ok(network) => {
                let cells = |extents: [usize; 3]| extents.iter().map(|&n| n as u128).product::<u128>();
                for layer in &network.layers {
                    prop_assert!((1..=MAX_CELLS as u128).contains(&cells(layer.input)));
                    prop_assert!((1..=MAX_CELLS as u128).contains(&cells(layer.output)));
                    for (_, shape) in layer.parameters() {
                        prop_assert!(shape.0.iter().map(|&n| n as u128).product::<u128>() <= MAX_CELLS as u128);
                    }
                    let transposed = match &layer.op {
                        Op::ConvTranspose2d(spec) => Some(&spec.conv.window),
                        _ => None,
                    };
                    if let Some(window) = layer.window().or(transposed) {
                        prop_assert!(window.taps() <= MAX_CELLS);
                        // The corners of the index arithmetic.
                        for axis in [window.rows, window.cols] {
                            for u in [0, axis.kernel - 1] {
                                for i in [0, axis.out - 1] {
                                    axis.tap(i, u);
                                }
                                for p in [0, axis.len - 1] {
                                    axis.window_of(p, u);
                                }
                            }
                        }
                    }
                    if let Op::MaxPool2d(pool) | Op::AvgPool2d(pool) = &layer.op {
                        let [rows, cols] = pool.cover();
                        let last = [pool.window.rows.len - 1, pool.window.cols.len - 1];
                        pool.reader(last, [rows - 1, cols - 1]);
                        pool.reader([0, 0], [0, 0]);
                    }
                }
            }
        }
    }
}
