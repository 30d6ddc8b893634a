//! Misconceptions about pictures, sizes and counts.

use super::{
    Rule, here,
    reading::{Asked, ConvSum, asks, convolution_before, dense, last_cell, layer, number, output_cell},
};
use crate::lesson::{
    answer::Answer,
    query::{Function, Query, Value},
    scene::Scene,
};
use crate::nn::{Op, Part, Source, geometry::Axis};
use crate::trace::{Address, Owner, Pass, TensorId};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "colour-forgotten", formula: "H·W, not C·H·W", answer: colour_forgotten, refute: here },
    Rule {
        id: "raw-pixels",
        formula: "p ÷ 255, not (p ÷ 255 − mean) ÷ std",
        answer: raw_pixels,
        refute: here,
    },
    Rule {
        id: "flatten-hwc",
        formula: "(i·W + j)·C + c, not (c·H + i)·W + j",
        answer: flatten_hwc,
        refute: flattened_from,
    },
    Rule {
        id: "dense-needs-order",
        formula: "accuracy(dense, shuffled) < accuracy(dense)",
        answer: dense_needs_order,
        refute: here,
    },
    Rule { id: "jump-by-width", formula: "S = F", answer: jump_by_width, refute: second_window },
    Rule {
        id: "size-minus",
        formula: "(W − F + 2P) ÷ S, without + 1",
        answer: size_minus,
        refute: last_window,
    },
    Rule { id: "round-up", formula: "⌈(W − F + 2P) ÷ S⌉ + 1", answer: round_up, refute: last_window },
    Rule {
        id: "same-size", formula: "W, not (W − F + 2P) ÷ S + 1", answer: same_size, refute: last_window
    },
    Rule { id: "blind-at-one", formula: "W mod F", answer: blind_at_one, refute: last_window },
    Rule { id: "seen-alike", formula: "F·F for each pixel", answer: seen_alike, refute: asked_place },
    Rule { id: "pad-black", formula: "padding = black", answer: pad_black, refute: padding_term },
    Rule { id: "pad-copies", formula: "padding = nearest pixel", answer: pad_copies, refute: padding_term },
    Rule {
        id: "params-by-picture",
        formula: "O·(C·F·F + 1)·H·W, not O·(C·F·F + 1)",
        answer: params_by_picture,
        refute: here,
    },
    Rule {
        id: "params-no-bias",
        formula: "O·C·F·F, not O·(C·F·F + 1)",
        answer: params_no_bias,
        refute: here,
    },
    Rule { id: "maps-multiply", formula: "O·C, not O", answer: maps_multiply, refute: first_output },
    Rule {
        id: "field-is-kernel",
        formula: "F rows at any depth",
        answer: field_is_kernel,
        refute: asked_place,
    },
];

/// The place that is asked about.
fn asked_place(_: &Scene, query: &Query) -> Option<Address> {
    query.place()
}

/// The last window of the layer that is asked about.
fn last_window(scene: &Scene, query: &Query) -> Option<Address> {
    last_cell(scene, layer(scene, query)?.0)
}

/// The first cell that the layer makes.
fn first_output(scene: &Scene, query: &Query) -> Option<Address> {
    output_cell(scene, layer(scene, query)?.0, 0)
}

/// C, H and W of what is counted: the input, or a layer's output; of flattening, what it flattens.
fn volume(scene: &Scene, query: &Query) -> Option<[usize; 3]> {
    let network = scene.plan().network();
    match layer(scene, query) {
        Some((_, layer)) if query.function == Function::LengthBefore => Some(layer.input),
        Some((_, layer)) => match layer.op {
            Op::Flatten => Some(layer.input),
            _ => Some(layer.output),
        },
        None => {
            let asked = Asked::at(scene, query.place()?)?;
            (asked.tensor.owner == Owner::Input).then_some(network.input)
        }
    }
}

/// A picture has rows × columns numbers. Right: the same for each channel.
fn colour_forgotten(scene: &Scene, query: &Query) -> Option<Answer> {
    use Function::{Count, Length, LengthBefore};
    let is_whole = |place: Address| place.grain() < crate::trace::Grain::Channel;
    if !asks(query, &[Length, LengthBefore, Count]) || !query.place().is_none_or(is_whole) {
        return None;
    }
    let [c, h, w] = volume(scene, query)?;
    (c > 1 && h * w > 1).then(|| Answer::count(h * w))
}

/// The network sees p ÷ 255. Right: less the mean, divided by the deviation.
fn raw_pixels(scene: &Scene, query: &Query) -> Option<Answer> {
    let asked = Asked::number(scene, query)?;
    let preprocess = &scene.model.architecture.preprocess;
    if asked.tensor != TensorId::INPUT || preprocess.is_identity() {
        return None;
    }
    let pixel = preprocess.pixel(asked.position()[0], asked.right() as f32);
    Some(number(f64::from(pixel) / 255.0))
}

/// Where a flattened number lies in C, H, W order if flattening went pixel by pixel.
fn pixel_by_pixel([c, h, w]: [usize; 3], index: usize) -> usize {
    let (pixel, channel) = (index / c, index % c);
    channel * h * w + pixel
}

/// Flattening goes pixel by pixel, all channels together. Right: channel by channel.
fn flatten_hwc(scene: &Scene, query: &Query) -> Option<Answer> {
    let asked = Asked::at(scene, query.place()?)?;
    match query.function {
        Function::Index => {
            let [c, i, j] = asked.position();
            let [_, channels, _, columns] = asked.shape().0;
            (channels > 1).then(|| Answer::count((i * columns + j) * channels + c))
        }
        Function::Source => {
            let from = flattened(&asked, pixel_by_pixel)?;
            Some(Answer::Cells(vec![from.cell]))
        }
        Function::Value => match flattened(&asked, pixel_by_pixel) {
            Some(from) => Some(number(from.right())),
            None => dense_of_pixels(&asked),
        },
        _ => None,
    }
}

/// The cell that a flattened number comes from, where `index` gives its number from that in the vector.
fn flattened<'a>(asked: &Asked<'a>, index: impl Fn([usize; 3], usize) -> usize) -> Option<Asked<'a>> {
    let (l, layer) = asked.layer()?;
    let is_flat = matches!(layer.op, Op::Flatten) && asked.is(Pass::Fwd, Part::Out);
    is_flat.then(|| asked.of(asked.scene.plan().input_of(l), index(layer.input, asked.index)))?
}

/// A fully connected layer's cell, where the vector that it reads went pixel by pixel.
fn dense_of_pixels(asked: &Asked) -> Option<Answer> {
    let (l, dense) = dense(asked)?;
    let plan = asked.scene.plan();
    let before = plan.layer(plan.layer(l).sources[0].layer()?);
    if !matches!(before.op, Op::Flatten) || before.input[0] == 1 {
        return None;
    }
    let steps = asked.fold().steps;
    let (products, ends) = steps.split_at(dense.in_features.min(steps.len()));
    let x = |f: usize| f64::from(products[pixel_by_pixel(before.input, f)].values[0]);
    let sum: f64 = products.iter().enumerate().map(|(f, step)| x(f) * f64::from(step.values[1])).sum();
    Some(number(sum + ends.iter().map(|step| f64::from(step.values[0])).sum::<f64>()))
}

/// Where a flattened number does come from.
fn flattened_from(scene: &Scene, query: &Query) -> Option<Address> {
    let asked = Asked::at(scene, query.place()?)?;
    flattened(&asked, |_, index| index).map(|from| from.cell)
}

/// A fully connected layer suffers when pixels are shuffled. Right: only the convolution does.
fn dense_needs_order(_: &Scene, query: &Query) -> Option<Answer> {
    if query.function != Function::WhichNetwork {
        return None;
    }
    let is_dense = |value: &Value| matches!(value, Value::Word(word) if word == "dense");
    query.arguments.iter().position(is_dense).map(Answer::Place)
}

/// The axis of the window that decides a layer's width or height.
fn axis(scene: &Scene, query: &Query) -> Option<Axis> {
    let window = layer(scene, query)?.1.window()?;
    match query.function {
        Function::Width => Some(window.cols),
        Function::Height => Some(window.rows),
        _ => None,
    }
}

/// The filter moves on by its own width. Right: by the stride.
fn jump_by_width(scene: &Scene, query: &Query) -> Option<Answer> {
    if query.function == Function::Stride {
        let cols = layer(scene, query)?.1.window()?.cols;
        return (cols.stride != cols.kernel).then(|| Answer::count(cols.kernel));
    }
    if let Some(axis) = axis(scene, query) {
        return (axis.stride != axis.kernel).then(|| Answer::count(axis.len / axis.kernel));
    }
    let sum = ConvSum::number(scene, query)?;
    let [rows, cols] = [sum.conv.window.rows, sum.conv.window.cols];
    let [_, i, j] = sum.asked.position();
    let along = |axis: &Axis, i: usize, u: usize| {
        (i * axis.kernel + u * axis.dilation).checked_sub(axis.padding).unwrap_or(usize::MAX)
    };
    let x = sum.with_inputs(|_, [c, u, v]| sum.input([c, along(&rows, i, u), along(&cols, j, v)]));
    (rows.stride != rows.kernel || cols.stride != cols.kernel).then(|| sum.with_sum(x))
}

/// The second cell of the layer: its window begins a stride further.
fn second_window(scene: &Scene, query: &Query) -> Option<Address> {
    match query.function {
        Function::Value => None,
        _ => output_cell(scene, layer(scene, query)?.0, 1),
    }
}

/// The output is W − F wide. Right: one more, as the first window counts.
fn size_minus(scene: &Scene, query: &Query) -> Option<Answer> {
    Some(Answer::count(axis(scene, query)?.out - 1))
}

/// A rest gives one more window, so that every row is read. Right: it is dropped.
fn round_up(scene: &Scene, query: &Query) -> Option<Answer> {
    let is_unseen = query.function == Function::Unseen;
    let axis = match is_unseen {
        true => layer(scene, query)?.1.window()?.rows,
        false => axis(scene, query)?,
    };
    let rest = (axis.padded() - axis.reach()) % axis.stride;
    (rest > 0).then(|| Answer::count(if is_unseen { 0 } else { axis.out + 1 }))
}

/// A layer keeps the size. Right: by the formula.
fn same_size(scene: &Scene, query: &Query) -> Option<Answer> {
    if query.function == Function::ShareDropped {
        return Some(Answer::count(0));
    }
    let axis = axis(scene, query)?;
    (axis.len != axis.out).then(|| Answer::count(axis.len))
}

/// Without padding some pixels are never seen, even where the window moves by one. Right: none.
fn blind_at_one(scene: &Scene, query: &Query) -> Option<Answer> {
    let rows = layer(scene, query)?.1.window()?.rows;
    let rest = rows.len % rows.kernel;
    (query.function == Function::Unseen && rows.stride == 1 && rest > 0).then(|| Answer::count(rest))
}

/// Every pixel is read equally often. Right: those near the border less often.
fn seen_alike(scene: &Scene, query: &Query) -> Option<Answer> {
    match query.function {
        Function::Windows => Some(Answer::count(query.layer(scene)?.window()?.taps())),
        Function::Readers => {
            let read =
                Asked::at(scene, query.place()?)?.layer().map_or(Source::Input, |(l, _)| Source::Layer(l));
            let network = scene.plan().network();
            let layer = network.layers.get(network.only_reader(read)?)?;
            let maps = match &layer.op {
                Op::Conv2d(conv) => conv.group_out(),
                _ => 1,
            };
            Some(Answer::count(layer.window()?.taps() * maps))
        }
        _ => None,
    }
}

/// Padding is black. Right: 0, which after preprocessing is grey.
fn pad_black(scene: &Scene, query: &Query) -> Option<Answer> {
    let sum = ConvSum::number(scene, query)?;
    let preprocess = &scene.model.architecture.preprocess;
    if sum.layer > 0 || sum.first_padding().is_none() || preprocess.mean().iter().all(|mean| *mean == 0.0) {
        return None;
    }
    let group = sum.asked.position()[0] / sum.conv.group_out() * sum.channels();
    let x = sum.with_inputs(|step, [c, _, _]| match super::reading::is_padding(step) {
        true => f64::from(preprocess.value(group + c, 0.0)),
        false => f64::from(step.values[0]),
    });
    Some(sum.with_sum(x))
}

/// Padding repeats the border. Right: 0.
fn pad_copies(scene: &Scene, query: &Query) -> Option<Answer> {
    let sum = ConvSum::number(scene, query)?;
    sum.first_padding()?;
    let [rows, cols] = [sum.conv.window.rows, sum.conv.window.cols];
    let [_, i, j] = sum.asked.position();
    let nearest = |axis: &Axis, i: usize, u: usize| {
        (i * axis.stride + u * axis.dilation).saturating_sub(axis.padding).min(axis.len - 1)
    };
    let x = sum.with_inputs(|_, [c, u, v]| sum.input([c, nearest(&rows, i, u), nearest(&cols, j, v)]));
    Some(sum.with_sum(x))
}

/// The first product that reads padding.
fn padding_term(scene: &Scene, query: &Query) -> Option<Address> {
    ConvSum::number(scene, query)?.first_padding().map(|step| step.address)
}

/// A convolution on a larger picture has more parameters. Right: it has those of its filters.
fn params_by_picture(scene: &Scene, query: &Query) -> Option<Answer> {
    let (_, layer) = layer(scene, query)?;
    let Op::Conv2d(conv) = &layer.op else { return None };
    let places = layer.output[1] * layer.output[2];
    let right = match query.function {
        Function::Params => layer.parameter_count(),
        Function::FilterParams => layer.parameter_count() / conv.out_channels,
        Function::Weights => conv.out_channels * conv.filter_pixels(),
        _ => return None,
    };
    Some(Answer::count(right * places))
}

/// The bias is forgotten. Right: one for each filter.
fn params_no_bias(scene: &Scene, query: &Query) -> Option<Answer> {
    let (_, layer) = layer(scene, query)?;
    let (each, filters, bias) = match &layer.op {
        Op::Conv2d(conv) => (conv.filter_pixels(), conv.out_channels, conv.bias),
        Op::Dense(dense) => (dense.in_features, dense.out_features, dense.bias),
        _ => return None,
    };
    let terms = || scene.plan().stage_at(&query.place()?).filter(|stage| stage.pass == Pass::Fwd);
    match query.function {
        Function::Params if bias => Some(Answer::count(each * filters)),
        Function::FilterParams if bias => Some(Answer::count(each)),
        Function::Terms if bias => terms().map(|stage| Answer::count(stage.terms as usize - 1)),
        _ => None,
    }
}

/// Each filter gives a map for each input channel. Right: one map.
fn maps_multiply(scene: &Scene, query: &Query) -> Option<Answer> {
    let Op::Conv2d(conv) = &layer(scene, query)?.1.op else { return None };
    let channels = conv.group_in();
    (query.function == Function::Maps && channels > 1).then(|| Answer::count(conv.out_channels * channels))
}

/// A cell sees F × F of the picture at any depth. Right: what the layers before see adds up.
fn field_is_kernel(scene: &Scene, query: &Query) -> Option<Answer> {
    if query.function != Function::Reads {
        return None;
    }
    let (l, _) = Asked::at(scene, query.place()?)?.layer()?;
    let (l, conv) = convolution_before(scene, l)?;
    let windows = scene.plan().network().layers[..l].iter().filter(|layer| layer.window().is_some());
    (windows.count() > 0).then(|| Answer::count(conv.window.rows.kernel))
}
