//! Misconceptions about the forward pass and the loss.

use super::{
    Rule, here,
    reading::{
        Asked, ConvSum, PoolWindow, asks, convolution_before, dense, layer, number, output_cell, product,
    },
};
use crate::lesson::{
    answer::{Answer, Sign},
    quantity::{self, cells, in_scene},
    query::{Function, Query},
    scene::Scene,
};
use crate::nn::{Op, Part, activation::Activation, loss::Loss};
use crate::trace::{Address, Owner, Pass, Step, TensorId};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "one-plane", formula: "Σ over u, v of channel 0", answer: one_plane, refute: second_channel },
    Rule { id: "same-plane", formula: "Σ x[c,u,v] · w[0,u,v]", answer: same_plane, refute: second_channel },
    Rule { id: "channel-mean", formula: "Σ ÷ C", answer: channel_mean, refute: second_channel },
    Rule { id: "bias-each-plane", formula: "Σ + C·b", answer: bias_each_plane, refute: bias_term },
    Rule { id: "divide-always", formula: "Σ ÷ (F·F·C)", answer: divide_always, refute: bias_term },
    Rule { id: "no-division", formula: "Σ, not Σ ÷ (F·F·C)", answer: no_division, refute: division },
    Rule {
        id: "flip-forward",
        formula: "Σ x[u,v] · w[F−1−u,F−1−v]",
        answer: flip_forward,
        refute: first_term,
    },
    Rule {
        id: "turn-changes-nothing",
        formula: "turned filter = filter",
        answer: turn_changes_nothing,
        refute: best_cell,
    },
    Rule { id: "positives-only", formula: "Σ max(x·w, 0)", answer: positives_only, refute: most_negative },
    Rule { id: "most-ink", formula: "number of bright pixels", answer: most_ink, refute: best_cell },
    Rule {
        id: "blank-is-zero", formula: "nothing · filter = 0", answer: blank_is_zero, refute: summed_cell
    },
    Rule {
        id: "score-is-share",
        formula: "score = agreeing ÷ all, not (agreeing − differing) ÷ all",
        answer: score_is_share,
        refute: here,
    },
    Rule {
        id: "score-is-likeness",
        formula: "score(½ x) = score(x)",
        answer: score_is_likeness,
        refute: first_term,
    },
    Rule { id: "same-as-before", formula: "as before", answer: same_as_before, refute: best_cell },
    Rule {
        id: "window-by-centre",
        formula: "(i + F ÷ 2, j + F ÷ 2)",
        answer: window_by_centre,
        refute: wrong_cell,
    },
    Rule { id: "relu-abs", formula: "|x|, not max(x, 0)", answer: relu_abs, refute: here },
    Rule { id: "own-scale", formula: "value ÷ largest of its map", answer: own_scale, refute: here },
    Rule { id: "pool-mean", formula: "mean(window), not max(window)", answer: pool_mean, refute: winner },
    Rule { id: "pool-sum", formula: "Σ window, not max(window)", answer: pool_sum, refute: winner },
    Rule { id: "pool-first", formula: "window[0,0], not max(window)", answer: pool_first, refute: winner },
    Rule { id: "pool-across", formula: "max over all maps", answer: pool_across, refute: other_map },
    Rule { id: "pool-learns", formula: "F·F weights for each map", answer: pool_learns, refute: update },
    Rule {
        id: "pool-size",
        formula: "W ÷ S + 1, not (W − F) ÷ S + 1",
        answer: pool_size,
        refute: last_window,
    },
    Rule {
        id: "shift-proof",
        formula: "pooled(shifted) = pooled",
        answer: shift_proof,
        refute: changed_cell,
    },
    Rule { id: "share", formula: "z ÷ Σ z, not exp(z) ÷ Σ exp(z)", answer: share, refute: exponential },
    Rule { id: "softmax-twice", formula: "softmax(softmax(z))", answer: softmax_twice, refute: exponential },
    Rule { id: "loss-is-miss", formula: "1 − p, not −ln p", answer: loss_is_miss, refute: loss_place },
    Rule { id: "busiest-map", formula: "Σ of the map", answer: busiest_map, refute: here },
];

/// One filter is one plane, which looks at one channel. Right: it reaches through all of them.
fn one_plane(scene: &Scene, query: &Query) -> Option<Answer> {
    if query.function == Function::Value {
        let sum = ConvSum::number(scene, query)?;
        return (sum.channels() > 1).then(|| sum.with(sum.subtotal(0), sum.conv.window.taps()));
    }
    let Op::Conv2d(conv) = &layer(scene, query)?.1.op else { return None };
    let (taps, bias) = (conv.window.taps(), usize::from(conv.bias));
    let is_forward = || scene.plan().stage_at(&query.place()?).map(|stage| stage.pass == Pass::Fwd);
    let count = match query.function {
        Function::FilterPixels => taps,
        Function::FilterParams => taps + bias,
        Function::Params => conv.out_channels * (taps + bias),
        Function::Weights => conv.out_channels * taps,
        Function::Terms if is_forward() == Some(true) => taps + usize::from(conv.normalize) + bias,
        _ => return None,
    };
    (conv.group_in() > 1).then(|| Answer::count(count))
}

/// The same plane is used on each channel. Right: each channel has its own.
fn same_plane(scene: &Scene, query: &Query) -> Option<Answer> {
    let sum = ConvSum::number(scene, query)?;
    let taps = sum.conv.window.taps();
    let weight = |m: usize| f64::from(sum.products[m % taps].values[1]);
    let products = sum.products.iter().enumerate().map(|(m, step)| f64::from(step.values[0]) * weight(m));
    (sum.channels() > 1).then(|| sum.with_sum(products.sum()))
}

/// The channels' sums are averaged. Right: added.
fn channel_mean(scene: &Scene, query: &Query) -> Option<Answer> {
    let sum = ConvSum::number(scene, query)?;
    (sum.channels() > 1).then(|| sum.with_sum(sum.total() / sum.channels() as f64))
}

/// The bias is added for each channel. Right: once.
fn bias_each_plane(scene: &Scene, query: &Query) -> Option<Answer> {
    let sum = ConvSum::number(scene, query)?;
    let more = (sum.channels() - 1) as f64 * sum.bias;
    (more != 0.0).then(|| number(sum.asked.right() + more))
}

/// A convolution always divides by its pixels. Right: only where the network says so.
fn divide_always(scene: &Scene, query: &Query) -> Option<Answer> {
    let sum = ConvSum::number(scene, query)?;
    let pixels = sum.conv.filter_pixels() as f64;
    (!sum.conv.normalize).then(|| number(sum.total() / pixels + sum.bias))
}

/// The score is the bare sum. Right: divided by the filter's pixels.
fn no_division(scene: &Scene, query: &Query) -> Option<Answer> {
    let sum = ConvSum::number(scene, query)?;
    sum.conv.normalize.then(|| sum.with(sum.total(), 1))
}

/// The filter is turned before it slides; of a weight's gradient, what comes back is. Right: neither is.
fn flip_forward(scene: &Scene, query: &Query) -> Option<Answer> {
    let Some(sum) = ConvSum::number(scene, query) else { return flip_weight_gradient(scene, query) };
    let turned = |c: usize| {
        let plane = sum.plane(c);
        let pairs = plane.iter().zip(plane.iter().rev());
        pairs.map(|(x, w)| f64::from(x.values[0]) * f64::from(w.values[1])).sum::<f64>()
    };
    let is_symmetric = |c: usize| {
        let plane = sum.plane(c);
        plane.iter().zip(plane.iter().rev()).all(|(a, b)| a.values[1] == b.values[1])
    };
    let has_a_way = !(0..sum.channels()).all(is_symmetric);
    has_a_way.then(|| sum.with_sum((0..sum.channels()).map(turned).sum()))
}

fn flip_weight_gradient(scene: &Scene, query: &Query) -> Option<Answer> {
    let asked = Asked::number(scene, query)?;
    if !matches!(asked.layer()?.1.op, Op::Conv2d(_)) || !asked.is(Pass::Bwd, Part::Dw) {
        return None;
    }
    let steps = asked.fold().steps;
    let pairs = steps.iter().zip(steps.iter().rev());
    Some(number(pairs.map(|(x, dy)| f64::from(x.values[1]) * f64::from(dy.values[0])).sum()))
}

/// The first product of the second channel.
fn second_channel(scene: &Scene, query: &Query) -> Option<Address> {
    let sum = ConvSum::number(scene, query)?;
    Some(sum.term(sum.conv.window.taps()))
}

/// The first product.
fn first_term(scene: &Scene, query: &Query) -> Option<Address> {
    Some(Asked::number(scene, query)?.cell.with_term(0))
}

/// The term in which the bias is added; the last product where there is none.
fn bias_term(scene: &Scene, query: &Query) -> Option<Address> {
    let asked = Asked::number(scene, query)?;
    let terms = scene.plan().stage_at(&asked.cell)?.terms;
    Some(asked.cell.with_term(terms - 1))
}

/// The term in which the sum is divided.
fn division(scene: &Scene, query: &Query) -> Option<Address> {
    let sum = ConvSum::number(scene, query)?;
    Some(sum.term(sum.conv.filter_pixels()))
}

/// Turned or not, a filter finds the same place. Right: the place where the turned one fits.
fn turn_changes_nothing(scene: &Scene, query: &Query) -> Option<Answer> {
    let place = query.place()?;
    let (l, _) = Asked::at(scene, place)?.layer()?;
    let (l, conv) = convolution_before(scene, l)?;
    let weights = |scene: &Scene| scene.trace.params().0.get(l)?.get(Part::Weight).cloned();
    let (now, then) = (weights(scene)?, weights(scene.before.as_deref()?)?);
    let taps = conv.window.taps();
    let planes = now.as_slice()?.chunks(taps).zip(then.as_slice()?.chunks(taps));
    let is_turned = |now: &[f32], then: &[f32]| now.iter().eq(then.iter().rev());
    let is_asked = asks(query, &[Function::Largest, Function::Farthest, Function::Value, Function::Max])
        && now != then
        && planes.clone().all(|(now, then)| now == then || is_turned(now, then));
    is_asked.then(|| in_scene(scene.before.as_deref()?, scene, query))?
}

/// The products and the bias of a sum: a convolution's or a fully connected layer's cell.
fn sum_of(asked: &Asked) -> Option<(Vec<Step>, f64)> {
    if let Some(sum) = ConvSum::of(*asked) {
        return (!sum.conv.normalize).then_some((sum.products, sum.bias));
    }
    let (_, dense) = dense(asked)?;
    let mut products = asked.fold().steps;
    let ends = products.split_off(dense.in_features.min(products.len()));
    Some((products, ends.iter().map(|step| f64::from(step.values[0])).sum()))
}

/// Negative products do not matter. Right: they count like the others.
fn positives_only(scene: &Scene, query: &Query) -> Option<Answer> {
    let (products, bias) = sum_of(&Asked::number(scene, query)?)?;
    let has_negative = products.iter().any(|step| product(step) < 0.0);
    has_negative.then(|| number(products.iter().map(|step| product(step).max(0.0)).sum::<f64>() + bias))
}

/// The most negative product.
fn most_negative(scene: &Scene, query: &Query) -> Option<Address> {
    let (products, _) = sum_of(&Asked::number(scene, query)?)?;
    products.iter().min_by(|a, b| product(a).total_cmp(&product(b))).map(|step| step.address)
}

/// A score counts the filter's bright pixels. Right: agreement.
fn most_ink(scene: &Scene, query: &Query) -> Option<Answer> {
    let places = query.places();
    let ink = |place: &Address| {
        let asked = Asked::at(scene, *place)?;
        let (l, conv) = convolution_before(scene, asked.layer()?.0)?;
        let weights = scene.trace.params().0.get(l)?.get(Part::Weight)?;
        let (map, pixels) = (asked.position()[0], conv.filter_pixels());
        Some(weights.iter().skip(map * pixels).take(pixels).filter(|w| **w > 0.0).count() as f64)
    };
    let ink: Option<Vec<f64>> = places.iter().map(ink).collect();
    first_largest(&ink?, query.function).map(Answer::Place)
}

/// The number of the first largest; of the first smallest where that is asked for.
fn first_largest(values: &[f64], function: Function) -> Option<usize> {
    let sign = match function {
        Function::Which | Function::Needed => 1.0,
        Function::Smaller => -1.0,
        _ => return None,
    };
    (0..values.len()).rev().max_by(|a, b| (sign * values[*a]).total_cmp(&(sign * values[*b])))
}

/// The cell with the highest score in the convolution's map behind the right answer.
fn best_cell(scene: &Scene, query: &Query) -> Option<Address> {
    let place = match in_scene(scene, scene, query)? {
        Answer::Place(index) => *query.places().get(index)?,
        Answer::Cells(cells) => return cells.first().copied(),
        Answer::Number(_) | Answer::Sign(_) | Answer::Order(_) | Answer::Met(_) => return None,
    };
    let asked = Asked::at(scene, place)?;
    let (l, conv) = convolution_before(scene, asked.layer()?.0)?;
    let [rows, cols] = conv.window.out();
    let map = output_cell(scene, l, asked.position()[0] * rows * cols)?
        .with_channel_from((asked.position()[0] * rows * cols) as u32);
    let best = quantity::best(&cells(scene, &map), &|cell| f64::from(scene.trace.finished(&cell)));
    match best {
        Answer::Cells(cells) => cells.first().copied(),
        Answer::Number(_) | Answer::Sign(_) | Answer::Place(_) | Answer::Order(_) | Answer::Met(_) => None,
    }
}

/// The convolution's cell behind a cell: its own, or the one that an activation reads.
fn behind_activation<'a>(asked: Asked<'a>) -> Option<ConvSum<'a>> {
    let (l, layer) = asked.layer()?;
    match layer.op {
        Op::Activation(_) if asked.is(Pass::Fwd, Part::Out) => {
            ConvSum::of(asked.of(asked.scene.plan().input_of(l), asked.index)?)
        }
        _ => ConvSum::of(asked),
    }
}

/// An empty place scores 0. Right: an empty place is a pattern like any other.
fn blank_is_zero(scene: &Scene, query: &Query) -> Option<Answer> {
    let sum = behind_activation(Asked::number(scene, query)?)?;
    let is_empty = |c: usize| {
        let plane = sum.plane(c);
        plane.iter().all(|step| step.values[0] == plane[0].values[0])
    };
    (sum.first_padding().is_none() && (0..sum.channels()).all(is_empty)).then(|| number(0.0))
}

/// The convolution's cell.
fn summed_cell(scene: &Scene, query: &Query) -> Option<Address> {
    Some(behind_activation(Asked::number(scene, query)?)?.asked.cell)
}

/// The score is the share of agreeing pixels. Right: each difference costs twice.
fn score_is_share(scene: &Scene, query: &Query) -> Option<Answer> {
    let sum = ConvSum::of(Asked::at(scene, query.place()?)?)?;
    let score = sum.asked.right();
    let differing = (sum.conv.window.taps() as f64 * (1.0 - score)).round();
    let says =
        query.function == Function::DifferInWindow && sum.conv.normalize && (0.0..1.0).contains(&score);
    says.then(|| Answer::count(differing as usize))
}

/// The factor between the network's input now and then; `None` where there is none, or it is 1.
fn contrast(now: &Scene, then: &Scene) -> Option<f32> {
    let (x, y) = (&now.trace.values().input, &then.trace.values().input);
    if x.dim() != y.dim() {
        return None;
    }
    let (largest, was) = x.iter().zip(y).max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
    let factor = largest / was;
    let is_scaled = x.iter().zip(y).all(|(x, y)| (x - factor * y).abs() <= 1e-5 * was.abs());
    (is_scaled && factor.is_finite() && (factor - 1.0).abs() > 1e-5).then_some(factor)
}

/// A score depends on the shape only. Right: it grows with the contrast.
fn score_is_likeness(scene: &Scene, query: &Query) -> Option<Answer> {
    let before = scene.before.as_deref()?;
    contrast(scene, before)?;
    let is_asked = asks(query, &[Function::Value, Function::Max, Function::Min]);
    is_asked.then(|| in_scene(before, scene, query))?
}

/// What was so before is so still, whatever has changed but contrast or a filter's turn. Right: as the network now
/// computes it.
fn same_as_before(scene: &Scene, query: &Query) -> Option<Answer> {
    if score_is_likeness(scene, query).is_some() || turn_changes_nothing(scene, query).is_some() {
        return None;
    }
    match query.function {
        Function::SignOfChange => Some(Answer::Sign(Sign::Equal)),
        Function::Differ | Function::Moved => Some(Answer::count(0)),
        _ => in_scene(scene.before.as_deref()?, scene, query),
    }
}

/// A cell is named by its window's centre. Right: by the upper left corner.
fn window_by_centre(scene: &Scene, query: &Query) -> Option<Answer> {
    let asked = Asked::at(scene, query.place()?)?;
    let Op::Conv2d(conv) = &asked.layer()?.1.op else { return None };
    let window = conv.window;
    if !asks(query, &[Function::Largest, Function::Farthest]) || window.rows.padding + window.cols.padding > 0
    {
        return None;
    }
    let Some(Answer::Cells(right)) = in_scene(scene, scene, query) else { return None };
    let [down, across] = [window.rows.kernel / 2, window.cols.kernel / 2];
    let moved = |cell: &Address| {
        let asked = Asked::at(scene, *cell)?;
        let ([_, i, j], [_, _, h, w]) = (asked.position(), asked.shape().0);
        (i + down < h && j + across < w).then(|| asked.other(asked.index + down * w + across))
    };
    let wrong: Vec<Address> = right.iter().filter_map(moved).filter(|cell| !right.contains(cell)).collect();
    (!wrong.is_empty()).then_some(Answer::Cells(wrong))
}

/// The cell that the rule leads to.
fn wrong_cell(scene: &Scene, query: &Query) -> Option<Address> {
    match window_by_centre(scene, query)? {
        Answer::Cells(cells) => cells.first().copied(),
        Answer::Number(_) | Answer::Sign(_) | Answer::Place(_) | Answer::Order(_) | Answer::Met(_) => None,
    }
}

/// ReLU makes everything positive. Right: it makes negatives 0.
fn relu_abs(scene: &Scene, query: &Query) -> Option<Answer> {
    let asked = Asked::number(scene, query)?;
    let is_relu = matches!(asked.layer()?.1.op, Op::Activation(Activation::Relu));
    if !is_relu || !asked.is(Pass::Fwd, Part::Out) {
        return None;
    }
    let x = f64::from(asked.fold().steps.first()?.values[0]);
    (x < 0.0).then(|| number(-x))
}

/// Equal colours are equal numbers. Right: each map may have its own scale of colours.
fn own_scale(scene: &Scene, query: &Query) -> Option<Answer> {
    let shares =
        query.places().into_iter().map(|place| colour(scene, place)).collect::<Option<Vec<f64>>>()?;
    match (query.function, &shares[..]) {
        (Function::Signed, [a, b]) => Some(Answer::Sign(Sign::new(a - b))),
        (function, _) => first_largest(&shares, function).map(Answer::Place),
    }
}

/// A cell's number as a share of the largest magnitude of its map, as its colour shows it.
fn colour(scene: &Scene, place: Address) -> Option<f64> {
    let asked = Asked::at(scene, place)?;
    let plane = asked.shape().plane();
    if plane < 2 {
        return None;
    }
    let first = asked.index / plane * plane;
    let of_map = (first..first + plane).map(|index| scene.trace.finished(&asked.other(index)).abs());
    let largest = f64::from(of_map.fold(0.0, f32::max));
    (largest > 0.0).then(|| asked.right() / largest)
}

/// The window of a pool's cell whose number is asked for.
fn window<'a>(scene: &'a Scene, query: &Query) -> Option<PoolWindow<'a>> {
    PoolWindow::of(Asked::number(scene, query)?)
}

/// The mean goes on. Right: the largest.
fn pool_mean(scene: &Scene, query: &Query) -> Option<Answer> {
    let window = window(scene, query)?;
    let sum: f64 = window.cells.iter().map(|(_, number)| number).sum();
    (window.nonzero() > 0).then(|| number(sum / window.cells.len() as f64))
}

/// The sum goes on. Right: the largest.
fn pool_sum(scene: &Scene, query: &Query) -> Option<Answer> {
    let window = window(scene, query)?;
    (window.nonzero() > 1).then(|| number(window.cells.iter().map(|(_, number)| number).sum()))
}

/// The first one of the window goes on. Right: the largest.
fn pool_first(scene: &Scene, query: &Query) -> Option<Answer> {
    let window = PoolWindow::of(Asked::at(scene, query.place()?)?)?;
    let (first, value) = *window.cells.first()?;
    if Some(first) == window.winner() {
        return None;
    }
    match query.function {
        Function::Value => Some(number(value)),
        Function::Winner | Function::Source => Some(Answer::Cells(vec![first])),
        _ => None,
    }
}

/// The cell that won the window.
fn winner(scene: &Scene, query: &Query) -> Option<Address> {
    PoolWindow::of(Asked::at(scene, query.place()?)?)?.winner()
}

/// The cell with the largest number among those that lie at the same place of all maps.
fn across<'a>(scene: &'a Scene, query: &Query) -> Option<Asked<'a>> {
    let asked = window(scene, query)?.asked;
    let (plane, len) = (asked.shape().plane(), asked.shape().len());
    let all =
        (asked.index % plane..len).step_by(plane).filter_map(|index| Asked::at(scene, asked.other(index)));
    all.max_by(|a, b| a.right().total_cmp(&b.right()))
}

/// Pooling takes the largest over all maps. Right: each map by itself.
fn pool_across(scene: &Scene, query: &Query) -> Option<Answer> {
    if query.function == Function::Maps {
        let (_, layer) = layer(scene, query)?;
        let is_pool = matches!(layer.op, Op::MaxPool2d(_) | Op::AvgPool2d(_));
        return (is_pool && layer.output[0] > 1).then(|| Answer::count(1));
    }
    Some(number(across(scene, query)?.right()))
}

/// The same window in the map that has the larger number.
fn other_map(scene: &Scene, query: &Query) -> Option<Address> {
    Some(across(scene, query)?.cell)
}

/// Pooling and ReLU have weights. Right: nothing in them is learned.
fn pool_learns(scene: &Scene, query: &Query) -> Option<Answer> {
    let (_, layer) = layer(scene, query)?;
    let each = match &layer.op {
        Op::MaxPool2d(pool) | Op::AvgPool2d(pool) => pool.window.taps(),
        Op::Activation(_) => 1,
        _ => return None,
    };
    let count = match query.function {
        Function::Params | Function::Weights => each * layer.output[0],
        Function::FilterParams | Function::FilterPixels => each,
        _ => return None,
    };
    Some(Answer::count(count))
}

/// The update, which has no stage of a pool.
fn update(scene: &Scene, _: &Query) -> Option<Address> {
    let first = scene.plan().pass_stages(Pass::Update).start;
    Some(Address::whole_stage(scene.trace.time(), 0, first))
}

/// The size is W ÷ S + 1. Right: the window has to fit, (W − F) ÷ S + 1.
fn pool_size(scene: &Scene, query: &Query) -> Option<Answer> {
    let (_, layer) = layer(scene, query)?;
    let (Op::MaxPool2d(pool) | Op::AvgPool2d(pool)) = &layer.op else { return None };
    let axis = match query.function {
        Function::Width => pool.window.cols,
        Function::Height => pool.window.rows,
        _ => return None,
    };
    Some(Answer::count(axis.padded() / axis.stride + 1))
}

/// The last window of the layer.
fn last_window(scene: &Scene, query: &Query) -> Option<Address> {
    super::reading::last_cell(scene, layer(scene, query)?.0)
}

/// Whether a place lies at or behind a pool.
fn is_pooled(scene: &Scene, place: Address) -> bool {
    let Some(asked) = Asked::at(scene, place) else { return false };
    let layers = &scene.plan().network().layers;
    let until = match asked.tensor.owner {
        Owner::Layer(l) => usize::from(l) + 1,
        Owner::Loss => layers.len(),
        Owner::Input => 0,
    };
    layers[..until].iter().any(|layer| matches!(layer.op, Op::MaxPool2d(_) | Op::AvgPool2d(_)))
}

/// What is pooled does not notice a shift. Right: most of it changes.
fn shift_proof(scene: &Scene, query: &Query) -> Option<Answer> {
    let before = scene.before.as_deref()?;
    let inputs = [scene, before].map(|scene| &scene.trace.values().input);
    if inputs[0] == inputs[1] || !query.places().iter().all(|place| is_pooled(scene, *place)) {
        return None;
    }
    match query.function {
        Function::Differ | Function::Moved => Some(Answer::count(0)),
        Function::Value
        | Function::Max
        | Function::Largest
        | Function::Prob
        | Function::Answered
        | Function::Loss => in_scene(before, scene, query),
        _ => None,
    }
}

/// A pooled cell that has changed.
fn changed_cell(scene: &Scene, query: &Query) -> Option<Address> {
    let before = scene.before.as_deref()?;
    let is_other = |cell: &Address| scene.trace.finished(cell) != before.trace.finished(cell);
    cells(scene, &query.place()?).into_iter().find(is_other)
}

/// The class whose probability is asked for.
fn class(scene: &Scene, query: &Query) -> Option<usize> {
    if query.function == Function::Prob {
        return query.number().map_or(scene.label, |class| Some(class as usize));
    }
    let asked = Asked::number(scene, query)?;
    let is_softmax = asked.layer().is_some_and(|(_, layer)| matches!(layer.op, Op::Softmax));
    let is_prob =
        asked.tensor == TensorId::loss(Part::Prob) || (is_softmax && asked.is(Pass::Fwd, Part::Out));
    is_prob.then_some(asked.index)
}

/// The outputs that are made into probabilities.
fn outputs(scene: &Scene) -> Vec<f64> {
    scene.trace.values().output().iter().map(|z| f64::from(*z)).collect()
}

/// The probability is the output's share of the sum. Right: the share of the exponentials.
fn share(scene: &Scene, query: &Query) -> Option<Answer> {
    let (class, z) = (class(scene, query)?, outputs(scene));
    Some(number(z.get(class)? / z.iter().sum::<f64>()))
}

/// Softmax once more does no harm. Right: it flattens the probabilities.
fn softmax_twice(scene: &Scene, query: &Query) -> Option<Answer> {
    let class = class(scene, query)?;
    let prob = scene.trace.values().loss.get(Part::Prob)?;
    let exponentials: Vec<f64> = prob.iter().map(|p| f64::from(*p).exp()).collect();
    Some(number(exponentials.get(class)? / exponentials.iter().sum::<f64>()))
}

/// The exponential of the output.
fn exponential(scene: &Scene, query: &Query) -> Option<Address> {
    let stage = scene.plan().stage_of(TensorId::loss(Part::Exp))?;
    Some(Address::stage_cell(scene.trace.time(), 0, stage, class(scene, query)? as u32))
}

/// The loss is what is missing to 1. Right: minus the logarithm.
fn loss_is_miss(scene: &Scene, query: &Query) -> Option<Answer> {
    let is_value =
        || Asked::number(scene, query).is_some_and(|asked| asked.tensor == TensorId::loss(Part::Out));
    if scene.plan().network().loss != Loss::CrossEntropy || !(query.function == Function::Loss || is_value())
    {
        return None;
    }
    let right = f64::from(scene.trace.loss_before());
    let miss = 1.0 - (-right).exp();
    (right > 1.05 * miss).then(|| number(miss))
}

/// The loss.
fn loss_place(scene: &Scene, _: &Query) -> Option<Address> {
    let stage = scene.plan().stage_of(TensorId::loss(Part::Out))?;
    Some(Address::stage_cell(scene.trace.time(), 0, stage, 0))
}

/// The map with the most activity matters most. Right: the one whose loss costs most.
fn busiest_map(scene: &Scene, query: &Query) -> Option<Answer> {
    let activity =
        |place: &Address| quantity::numbers(scene, place).iter().map(|x| f64::from(*x)).sum::<f64>();
    match query.function {
        Function::Needed => {
            let activity: Vec<f64> = query.places().iter().map(activity).collect();
            first_largest(&activity, query.function).map(Answer::Place)
        }
        Function::ProbWithout => Some(number(-activity(&query.place()?))),
        _ => None,
    }
}
