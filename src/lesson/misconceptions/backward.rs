//! Misconceptions about the backward pass.

use super::{
    Rule, here,
    reading::{Asked, Gate, PoolGradient, PoolWindow, asks, is_padding, number, product},
};
use crate::lesson::{
    answer::Answer,
    quantity::{cells, pool_that_gets},
    query::{Function, Query},
    scene::Scene,
};
use crate::nn::{Op, Part, activation::Activation, conv::Conv2d, loss::Loss};
use crate::trace::{Address, Pass, Step, TensorId};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "error-sign", formula: "t − p, not p − t", answer: error_sign, refute: here },
    Rule {
        id: "only-true-class",
        formula: "0 for other classes",
        answer: only_true_class,
        refute: probability,
    },
    Rule {
        id: "dw-one-place",
        formula: "the largest dy·x, not Σ dy·x",
        answer: dw_one_place,
        refute: last_term,
    },
    Rule { id: "dw-mean", formula: "Σ dy·x ÷ places", answer: dw_mean, refute: last_term },
    Rule {
        id: "dw-ignores-input",
        formula: "Σ dy, not Σ dy·x",
        answer: dw_ignores_input,
        refute: first_term,
    },
    Rule { id: "db-mean", formula: "Σ dy ÷ places", answer: db_mean, refute: last_term },
    Rule {
        id: "dx-unturned",
        formula: "Σ dy[u,v] · w[u,v], the filter as it is",
        answer: dx_unturned,
        refute: last_product,
    },
    Rule {
        id: "overlap-assign",
        formula: "dx = last, not dx = Σ",
        answer: overlap_assign,
        refute: last_product,
    },
    Rule { id: "pool-grad-all", formula: "dy for each of the window", answer: pool_grad_all, refute: pooled },
    Rule { id: "pool-grad-shared", formula: "dy ÷ F·F", answer: pool_grad_shared, refute: pooled },
    Rule { id: "pool-grad-one", formula: "1 for the winner", answer: pool_grad_one, refute: pooled },
    Rule { id: "relu-by-gradient", formula: "max(dy, 0)", answer: relu_by_gradient, refute: negative_passed },
    Rule { id: "relu-open", formula: "dy, also where x ≤ 0", answer: relu_open, refute: here },
];

/// A cell of the loss's gradient whose number is asked for.
fn of_loss<'a>(scene: &'a Scene, query: &Query) -> Option<Asked<'a>> {
    let asked = Asked::number(scene, query)?;
    (asked.tensor == TensorId::loss(Part::Dx)).then_some(asked)
}

/// The gradient at the output is target − output. Right: output − target.
fn error_sign(scene: &Scene, query: &Query) -> Option<Answer> {
    let right = of_loss(scene, query)?.right();
    (right != 0.0).then(|| number(-right))
}

/// Only the true class gets a gradient. Right: each class does.
fn only_true_class(scene: &Scene, query: &Query) -> Option<Answer> {
    if scene.plan().network().loss != Loss::CrossEntropy {
        return None;
    }
    if query.function == Function::Nonzero {
        let is_of_loss = Asked::at(scene, query.place()?)?.tensor == TensorId::loss(Part::Dx);
        return is_of_loss.then(|| Answer::count(1));
    }
    let asked = of_loss(scene, query)?;
    let target = scene.trace.value(TensorId::TARGET, asked.cell.image(), asked.index as u32);
    (target == 0.0).then(|| number(0.0))
}

/// The class's probability.
fn probability(scene: &Scene, query: &Query) -> Option<Address> {
    let asked = Asked::at(scene, query.place()?)?;
    Some(asked.of(TensorId::loss(Part::Prob), asked.index)?.cell)
}

/// The products of a weight's gradient in a convolution or a fully connected layer.
fn weight_gradient(scene: &Scene, place: Address) -> Option<(Asked<'_>, Vec<Step>)> {
    let asked = Asked::at(scene, place)?;
    let is_dw = asked.is(Pass::Bwd, Part::Dw) && matches!(asked.layer()?.1.op, Op::Conv2d(_) | Op::Dense(_));
    is_dw.then(|| (asked, asked.fold().steps))
}

/// A weight's gradient comes from one place. Right: from all places, added up.
fn dw_one_place(scene: &Scene, query: &Query) -> Option<Answer> {
    let (_, steps) = weight_gradient(scene, query.place()?)?;
    let products = steps.iter().map(product).filter(|product| *product != 0.0);
    if products.clone().count() < 2 {
        return None;
    }
    match query.function {
        Function::Value => products.max_by(|a, b| a.abs().total_cmp(&b.abs())).map(number),
        Function::Terms => Some(Answer::count(1)),
        _ => None,
    }
}

/// A shared weight gets the mean of its gradients. Right: their sum.
fn dw_mean(scene: &Scene, query: &Query) -> Option<Answer> {
    let (asked, steps) = weight_gradient(scene, Asked::number(scene, query)?.cell)?;
    (asked.right() != 0.0 && steps.len() > 1).then(|| number(asked.right() / steps.len() as f64))
}

/// The gradient is the sum of what came back. Right: times what the weight met.
fn dw_ignores_input(scene: &Scene, query: &Query) -> Option<Answer> {
    let (_, steps) = weight_gradient(scene, Asked::number(scene, query)?.cell)?;
    Some(number(steps.iter().map(|step| f64::from(step.values[0])).sum()))
}

/// A bias gets the mean of what came back. Right: the sum.
fn db_mean(scene: &Scene, query: &Query) -> Option<Answer> {
    let asked = Asked::number(scene, query)?;
    let places = asked.fold().steps.len();
    let says = asked.is(Pass::Bwd, Part::Db) && asked.right() != 0.0 && places > 1;
    says.then(|| number(asked.right() / places as f64))
}

/// The first term.
fn first_term(scene: &Scene, query: &Query) -> Option<Address> {
    Some(Asked::at(scene, query.place()?)?.cell.with_term(0))
}

/// The last term: what has been added up by then.
fn last_term(scene: &Scene, query: &Query) -> Option<Address> {
    let cell = Asked::at(scene, query.place()?)?.cell;
    let terms = scene.plan().stage_at(&cell)?.terms;
    Some(cell.with_term(terms - 1))
}

/// The products of a cell of the gradient of a convolution's input, filter by filter.
fn input_gradient<'a>(asked: &Asked<'a>) -> Option<(&'a Conv2d, Vec<Step>)> {
    let Op::Conv2d(conv) = &asked.layer()?.1.op else { return None };
    asked.is(Pass::Bwd, Part::Dx).then(|| (conv, asked.fold().steps))
}

/// Going back uses the filter as it is. Right: turned by 180°.
fn dx_unturned(scene: &Scene, query: &Query) -> Option<Answer> {
    let (conv, steps) = input_gradient(&Asked::number(scene, query)?)?;
    let pairs = || {
        let filters = steps.chunks(conv.window.taps());
        filters.flat_map(|taps| taps.iter().zip(taps.iter().rev()))
    };
    let is_symmetric = pairs().all(|(a, b)| a.values[1] == b.values[1]);
    let sum = pairs().map(|(dy, w)| f64::from(dy.values[0]) * f64::from(w.values[1])).sum();
    (!is_symmetric).then(|| number(sum))
}

/// Where windows overlap the last one counts. Right: all are added.
fn overlap_assign(scene: &Scene, query: &Query) -> Option<Answer> {
    if let Some(gradient) = PoolGradient::number(scene, query) {
        let won: Vec<f64> = gradient.windows.iter().filter(|(_, won)| *won).map(|(dy, _)| *dy).collect();
        return (won.len() > 1).then(|| number(won[won.len() - 1]));
    }
    let (conv, steps) = input_gradient(&Asked::number(scene, query)?)?;
    // The last window meets the cell with its first weights.
    let taps = conv.window.taps();
    let real: Vec<usize> = (0..taps).filter(|tap| !is_padding(&steps[*tap])).collect();
    let last = *real.first()?;
    let sum = steps.chunks(taps).map(|filter| product(&filter[last])).sum();
    (real.len() > 1).then(|| number(sum))
}

/// The last product that is not with padding.
fn last_product(scene: &Scene, query: &Query) -> Option<Address> {
    let asked = Asked::number(scene, query)?;
    asked.fold().steps.iter().rev().find(|step| !is_padding(step)).map(|step| step.address)
}

/// Each cell of a pool's window gets the gradient. Right: the winner alone.
fn pool_grad_all(scene: &Scene, query: &Query) -> Option<Answer> {
    if asks(query, &[Function::Source, Function::Winner]) {
        return losers(scene, query.place()?).map(Answer::Cells);
    }
    if asks(query, &[Function::Which, Function::Smaller]) {
        // All alike: the first that did not win will do.
        let loses = |place: &Address| {
            let gradient = PoolGradient::of(Asked::at(scene, *place)?)?;
            Some(!gradient.wins() && gradient.arrived() != 0.0)
        };
        let loses: Vec<bool> = query.places().iter().map(loses).collect::<Option<_>>()?;
        return loses.iter().position(|loses| *loses).map(Answer::Place);
    }
    let gradient = PoolGradient::number(scene, query)?;
    let says = !gradient.wins() && gradient.arrived() != 0.0;
    says.then(|| number(gradient.arrived()))
}

/// The cells of a window that did not win it: of a pool's cell, or of the gradient that came back to one.
fn losers(scene: &Scene, place: Address) -> Option<Vec<Address>> {
    let asked = Asked::at(scene, place)?;
    if let Some(window) = PoolWindow::of(asked) {
        let winner = window.winner()?;
        return Some(window.cells.iter().map(|(cell, _)| *cell).filter(|cell| *cell != winner).collect());
    }
    let l = pool_that_gets(scene, place)?;
    let window = PoolWindow::of(asked.of(TensorId::layer(l, Part::Out), asked.index)?)?;
    let to = |(cell, _): &(Address, f64)| {
        let index = Asked::at(scene, *cell)?.index;
        Some(asked.of(TensorId::layer(l, Part::Dx), index)?.cell)
    };
    let winner = window.winner()?;
    Some(window.cells.iter().filter(|(cell, _)| *cell != winner).filter_map(to).collect())
}

/// A pool's gradient is shared out. Right: the winner gets all of it.
fn pool_grad_shared(scene: &Scene, query: &Query) -> Option<Answer> {
    let gradient = PoolGradient::number(scene, query)?;
    let arrived = gradient.arrived();
    (arrived != 0.0).then(|| number(arrived / gradient.pool.window.taps() as f64))
}

/// The winner gets 1. Right: it gets what came back.
fn pool_grad_one(scene: &Scene, query: &Query) -> Option<Answer> {
    PoolGradient::number(scene, query)?.wins().then(|| number(1.0))
}

/// The pool's cell that the window makes.
fn pooled(scene: &Scene, query: &Query) -> Option<Address> {
    PoolGradient::number(scene, query)?.pooled()
}

/// The gate of a ReLU.
fn relu(asked: Asked) -> Option<Gate> {
    Gate::of(asked).filter(|gate| gate.activation == Activation::Relu)
}

/// ReLU blocks negative gradients. Right: it blocks where its input was not positive.
fn relu_by_gradient(scene: &Scene, query: &Query) -> Option<Answer> {
    if query.function == Function::FirstBlocked {
        let is_negative =
            |cell: &Address| Asked::at(scene, *cell).and_then(relu).is_some_and(|gate| gate.arrived < 0.0);
        let first = cells(scene, &query.place()?).into_iter().find(is_negative)?;
        return Some(Answer::Cells(vec![first]));
    }
    let gate = relu(Asked::number(scene, query)?)?;
    (gate.read > 0.0 && gate.arrived < 0.0).then(|| number(0.0))
}

/// A cell at which a ReLU lets a negative gradient through: the asked one, or the first of those asked about.
fn negative_passed(scene: &Scene, query: &Query) -> Option<Address> {
    let passes = |cell: &Address| {
        let gate = Asked::at(scene, *cell).and_then(relu);
        gate.is_some_and(|gate| gate.arrived < 0.0 && gate.read > 0.0)
    };
    cells(scene, &query.place()?).into_iter().find(passes)
}

/// ReLU lets every gradient through. Right: none where its input was not positive.
fn relu_open(scene: &Scene, query: &Query) -> Option<Answer> {
    let gate = relu(Asked::number(scene, query)?)?;
    (gate.read <= 0.0 && gate.arrived != 0.0).then(|| number(gate.arrived))
}
