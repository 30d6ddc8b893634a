//! Misconceptions about the update, about training and about what was learned.

use super::{
    Rule, here,
    reading::{Asked, Gate, asks, number},
};
use crate::lesson::{
    answer::{Answer, Sign},
    quantity::{best, cells, in_scene, loss_after, numbers},
    query::{Function, Query},
    scene::Scene,
};
use crate::nn::{Op, Part, activation::Activation};
use crate::trace::{Address, Grain, Pass, Step, TensorId};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "ascent", formula: "w + η·g, not w − η·g", answer: ascent, refute: gradient },
    Rule { id: "no-rate", formula: "w − g, not w − η·g", answer: no_rate, refute: only_term },
    Rule {
        id: "update-is-gradient",
        formula: "g, not w − η·g",
        answer: update_is_gradient,
        refute: only_term,
    },
    Rule {
        id: "bigger-rate-faster", formula: "loss − η·‖g‖²", answer: bigger_rate_faster, refute: here
    },
    Rule { id: "batch-sum", formula: "Σ over pictures, not ÷ N", answer: batch_sum, refute: only_term },
    Rule {
        id: "equal-share-back",
        formula: "‖g‖ the same in every layer",
        answer: equal_share_back,
        refute: asked_place,
    },
    Rule { id: "slope-one", formula: "dy, not dy·y·(1 − y)", answer: slope_one, refute: only_term },
    Rule {
        id: "bright-is-important",
        formula: "largest x, not largest |∂L/∂x|",
        answer: bright_is_important,
        refute: brightest,
    },
    Rule {
        id: "drift-apart",
        formula: "equal filters → other filters",
        answer: drift_apart,
        refute: asked_place,
    },
    Rule { id: "stay-together", formula: "nearly equal = equal", answer: stay_together, refute: asked_place },
];

/// The place that is asked about.
fn asked_place(_: &Scene, query: &Query) -> Option<Address> {
    query.place()
}

/// The step in which the update changes a weight or a bias: before it the parameter, its operands the rate and what
/// the rate multiplies.
fn update(scene: &Scene, query: &Query) -> Option<Step> {
    let asked = Asked::number(scene, query)?;
    let is_update =
        asked.pass == Some(Pass::Update) && matches!(asked.tensor.part, Part::Weight | Part::Bias);
    is_update.then(|| asked.fold().steps.last().copied())?
}

/// The one line of the update.
fn only_term(scene: &Scene, query: &Query) -> Option<Address> {
    Some(Asked::number(scene, query)?.cell.with_term(0))
}

/// A weight goes where its gradient points. Right: the other way.
fn ascent(scene: &Scene, query: &Query) -> Option<Answer> {
    if query.function == Function::MinusSign {
        let gradient = Asked::at(scene, query.place()?)?.right();
        return (gradient != 0.0).then(|| Answer::Sign(Sign::new(gradient)));
    }
    let step = update(scene, query)?;
    let [rate, gradient] = step.values.map(f64::from);
    Some(number(f64::from(step.before) + rate * gradient))
}

/// The gradient of the weight that is updated.
fn gradient(scene: &Scene, query: &Query) -> Option<Address> {
    let asked = Asked::at(scene, query.place()?)?;
    let part = match asked.tensor.part {
        Part::Weight => Part::Dw,
        Part::Bias => Part::Db,
        _ => return None,
    };
    Some(asked.of(TensorId { part, ..asked.tensor }, asked.index)?.cell)
}

/// The weight moves by the gradient. Right: by rate times gradient.
fn no_rate(scene: &Scene, query: &Query) -> Option<Answer> {
    let step = update(scene, query)?;
    (step.values[0] != 1.0).then(|| number(f64::from(step.before) - f64::from(step.values[1])))
}

/// The gradient is the new weight. Right: it says where to go from the old one.
fn update_is_gradient(scene: &Scene, query: &Query) -> Option<Answer> {
    Some(number(f64::from(update(scene, query)?.values[1])))
}

/// The square of the length of the gradient by all weights and biases, averaged over the batch.
fn gradient_squared(scene: &Scene) -> f64 {
    let images = f64::from(scene.plan().setup().images);
    let layers = scene.trace.values().layers.iter();
    let gradients = layers.flat_map(|parts| [parts.get(Part::Dw), parts.get(Part::Db)].into_iter().flatten());
    gradients.flat_map(|cells| cells.iter()).map(|g| (f64::from(*g) / images).powi(2)).sum()
}

/// Ten times the rate, ten times the fall. Right: the slope holds close by only.
fn bigger_rate_faster(scene: &Scene, query: &Query) -> Option<Answer> {
    if query.function == Function::SignOfChange {
        return Some(Answer::Sign(Sign::Less));
    }
    if query.function != Function::LossAfter {
        return None;
    }
    let rate = query.number().unwrap_or(scene.plan().setup().optimizer.learning_rate);
    let (before, after) =
        (f64::from(scene.trace.loss_before()), f64::from(loss_after(scene, query.number())));
    let fall = rate * gradient_squared(scene);
    let is_near = ((before - after) - fall).abs() <= 0.5 * fall;
    (!is_near).then(|| number(before - fall))
}

/// Each picture of a batch updates in full. Right: their mean does.
fn batch_sum(scene: &Scene, query: &Query) -> Option<Answer> {
    let images = f64::from(scene.plan().setup().images);
    if query.function == Function::BatchMean {
        return in_scene(scene, scene, query)?.number().map(|mean| number(2.0 * mean));
    }
    if images < 2.0 {
        return None;
    }
    if let Some(step) = update(scene, query) {
        let [rate, gradient] = step.values.map(f64::from);
        return Some(number(f64::from(step.before) - rate * gradient * images));
    }
    let asked = Asked::number(scene, query)?;
    let is_mean = matches!(asked.tensor.part, Part::DwMean | Part::DbMean);
    is_mean.then(|| number(asked.right() * images))
}

/// Every layer gets about the same gradient. Right: it may shrink or grow from layer to layer.
fn equal_share_back(scene: &Scene, query: &Query) -> Option<Answer> {
    let measure = measure(query.function)?;
    let asked = Asked::at(scene, query.place()?)?;
    let (l, layer) = asked.layer()?;
    let kind = std::mem::discriminant(&layer.op);
    let layers = &scene.plan().network().layers;
    let last = layers.iter().rposition(|layer| std::mem::discriminant(&layer.op) == kind)?;
    if asked.pass != Some(Pass::Bwd) || last == l {
        return None;
    }
    let of = |l: usize| scene.trace.tensor(TensorId::layer(l, asked.tensor.part));
    let [own, last] = [of(l)?, of(last)?].map(|cells| measure(&cells.iter().copied().collect::<Vec<_>>()));
    let ratio = (last / own).max(own / last);
    (ratio > 10.0).then(|| number(last))
}

fn norm(numbers: &[f32]) -> f64 {
    numbers.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt()
}

fn largest(numbers: &[f32]) -> f64 {
    f64::from(numbers.iter().map(|x| x.abs()).fold(0.0, f32::max))
}

/// A sigmoid passes the gradient on. Right: times its slope, a quarter at most.
fn slope_one(scene: &Scene, query: &Query) -> Option<Answer> {
    let is_curved = |activation| matches!(activation, Activation::Sigmoid | Activation::Tanh);
    if let Some(measure) = measure(query.function) {
        let asked = Asked::at(scene, query.place()?)?;
        let (l, layer) = asked.layer()?;
        let Op::Activation(activation) = layer.op else { return None };
        let arrived = scene.trace.tensor(scene.plan().output_gradient_of(l))?;
        let says = is_curved(activation) && asked.is(Pass::Bwd, Part::Dx);
        return says.then(|| number(measure(&arrived.iter().copied().collect::<Vec<_>>())));
    }
    let gate = Gate::number(scene, query)?;
    (is_curved(gate.activation) && gate.arrived != 0.0).then(|| number(gate.arrived))
}

/// How the size of all numbers of a tensor is measured.
fn measure(function: Function) -> Option<fn(&[f32]) -> f64> {
    match function {
        Function::Norm => Some(norm),
        Function::LargestAbs => Some(largest),
        _ => None,
    }
}

/// How bright the pixel is at which a cell of the gradient by the picture lies: in the cell's own channel, or over all.
fn brightness(scene: &Scene, cell: Address, over_all: bool) -> Option<f64> {
    let asked = Asked::at(scene, cell)?;
    if asked.tensor != scene.plan().picture_gradient() {
        return None;
    }
    let [_, own, i, j] = asked.shape().at(asked.index);
    let [channels, h, w] = scene.plan().network().input;
    let of = |c: usize| asked.of(TensorId::INPUT, (c * h + i) * w + j).map(|pixel| pixel.right());
    match over_all {
        true => (0..channels).map(of).sum(),
        false => of(own),
    }
}

/// The brightest pixel matters most. Right: the one with the largest gradient.
fn bright_is_important(scene: &Scene, query: &Query) -> Option<Answer> {
    let places = query.places();
    let over_all = places.first()?.grain() < Grain::Channel;
    brightness(scene, *places.first()?, over_all)?;
    let brightness = |cell: Address| brightness(scene, cell, over_all).unwrap_or(f64::NEG_INFINITY);
    if asks(query, &[Function::Largest, Function::Farthest]) {
        return Some(best(&cells(scene, &places[0]), &brightness));
    }
    let brightest = |a: &usize, b: &usize| brightness(places[*a]).total_cmp(&brightness(places[*b]));
    let first = (0..places.len()).rev().max_by(brightest);
    (query.function == Function::Which).then(|| first.map(Answer::Place))?
}

/// The gradient at the brightest pixel.
fn brightest(scene: &Scene, query: &Query) -> Option<Address> {
    match bright_is_important(scene, query)? {
        Answer::Cells(cells) => cells.first().copied(),
        Answer::Place(index) => query.places().get(index).copied(),
        Answer::Number(_) | Answer::Sign(_) | Answer::Order(_) | Answer::Met(_) => None,
    }
}

/// Both places of a comparison, where there are two of the same kind.
fn twins(scene: &Scene, query: &Query) -> Option<[Address; 2]> {
    let [a, b] = query.places().try_into().ok()?;
    let tensor = |place| Asked::at(scene, place).map(|asked| asked.tensor);
    (tensor(a)? == tensor(b)? && a != b).then_some([a, b])
}

/// Filters that start equal come apart. Right: what is equal in all stays equal.
fn drift_apart(scene: &Scene, query: &Query) -> Option<Answer> {
    let [a, b] = twins(scene, query)?;
    if numbers(scene, &a) != numbers(scene, &b) {
        return None;
    }
    match query.function {
        Function::Differ => Some(Answer::count(cells(scene, &a).len())),
        Function::Signed => Some(Answer::Sign(Sign::More)),
        _ => None,
    }
}

/// Filters that start almost equal stay so. Right: a difference grows.
fn stay_together(scene: &Scene, query: &Query) -> Option<Answer> {
    match query.function {
        Function::Differ => twins(scene, query).map(|_| Answer::count(0)),
        Function::Signed => twins(scene, query).map(|_| Answer::Sign(Sign::Equal)),
        Function::Value => first_filter(scene, query).map(|asked| number(asked.right())),
        _ => None,
    }
}

/// The cell of the first filter that lies where the asked one lies in its own.
fn first_filter<'a>(scene: &'a Scene, query: &Query) -> Option<Asked<'a>> {
    let asked = Asked::number(scene, query)?;
    let [filters, c, h, w] = asked.shape().0;
    let is_filter = filters > 1 && asked.index >= c * h * w;
    is_filter.then(|| Asked::at(scene, asked.other(asked.index % (c * h * w))))?
}
