//! The average over the batch, and the update. Letters as in [`crate::nn::optimizer`].

use super::{Push, Site, constant, set};
use crate::nn::{
    Mode, Op, Part, batchnorm,
    optimizer::{Rule, TRAINED, Trained, bias_correction},
};
use crate::tensor::Shape;
use crate::trace::{
    plan::{Plan, Stage},
    tensor_id::{Owner, TensorId},
    term::{Operand, Start, Term, TermOp},
};

pub(super) fn stages(plan: &Plan, push: Push) {
    let setup = plan.setup();
    let batch = setup.images > 1;
    let decays = setup.optimizer.weight_decay != 0.0;
    if batch {
        push(TensorId::loss(Part::Mean), Shape::SCALAR, setup.images as usize + 1);
    }
    for (l, layer) in plan.network().layers.iter().enumerate() {
        let parameters = layer.parameters();
        let shape_of = |part| parameters.iter().find(|(p, _)| *p == part).map(|(_, shape)| *shape);
        for trained in TRAINED {
            let Some(shape) = shape_of(trained.param) else { continue };
            let mut stage = |part, terms| push(TensorId::layer(l, part), shape, terms);
            if batch {
                stage(trained.mean, 1);
            }
            if decays {
                stage(trained.decayed, 2);
            }
            match setup.optimizer.rule {
                Rule::Sgd => {}
                Rule::Momentum { .. } => stage(trained.m, 2),
                Rule::Nesterov { .. } => {
                    stage(trained.m, 2);
                    stage(trained.step, 2);
                }
                Rule::Adam { .. } => {
                    stage(trained.m, 2);
                    stage(trained.v, 2);
                    stage(trained.step, 6);
                }
            }
            stage(trained.param, 1);
        }
        if setup.mode == Mode::Train && matches!(layer.op, Op::BatchNorm2d(_)) {
            for part in [Part::RunningMean, Part::RunningVar] {
                if let Some(shape) = shape_of(part) {
                    push(TensorId::layer(l, part), shape, 2);
                }
            }
        }
    }
}

/// Which trained parameter a part belongs to.
fn trained_of(part: Part) -> Option<Trained> {
    TRAINED.into_iter().find(|t| [t.param, t.mean, t.decayed, t.m, t.v, t.step].contains(&part))
}

/// The gradient that the rule takes: averaged and decayed where that is done.
fn gradient(plan: &Plan, trained: Trained) -> Part {
    let setup = plan.setup();
    match (setup.optimizer.weight_decay != 0.0, setup.images > 1) {
        (true, _) => trained.decayed,
        (false, true) => trained.mean,
        (false, false) => trained.grad,
    }
}

pub(super) fn start(stage: &Stage) -> Start {
    let is_kept = match stage.tensor.part {
        Part::RunningMean | Part::RunningVar => true,
        part => trained_of(part).is_some_and(|t| [t.param, t.m, t.v].contains(&part)),
    };
    if is_kept { Start::BeforeUpdate } else { Start::Number(0.0) }
}

pub(super) fn term(site: &Site) -> Term {
    let setup = site.plan.setup();
    let (part, m) = (site.stage.tensor.part, site.m);
    let images = setup.images as f64;
    let l = match site.stage.tensor.owner {
        Owner::Layer(l) => l as usize,
        Owner::Loss | Owner::Input => {
            return if m < setup.images as usize {
                let loss = TensorId::loss(Part::Out);
                Term::one(TermOp::Add, Operand::Cell { tensor: loss, image: m as u32, index: 0 })
            } else {
                Term::one(TermOp::Div, constant("N", images))
            };
        }
    };
    let own = |part| Operand::Cell { tensor: TensorId::layer(l, part), image: 0, index: site.index };
    let Some(trained) = trained_of(part) else {
        return running_term(site, l, part, own);
    };
    let g = own(gradient(site.plan, trained));
    if part == trained.mean {
        return Term::two(TermOp::Quotient, own(trained.grad), constant("N", images));
    }
    if part == trained.decayed {
        let g = own(if setup.images > 1 { trained.mean } else { trained.grad });
        let decay = constant("λ", setup.optimizer.weight_decay);
        return if m == 0 { set(g) } else { Term::two(TermOp::MulAdd, decay, own(trained.param)) };
    }
    let rate = constant("η", setup.optimizer.learning_rate);
    if part == trained.param {
        let step = match setup.optimizer.rule {
            Rule::Sgd => g,
            Rule::Momentum { .. } => own(trained.m),
            Rule::Nesterov { .. } | Rule::Adam { .. } => own(trained.step),
        };
        return Term::two(TermOp::NegMulAdd, rate, step);
    }
    let time = u64::from(site.time) + 1;
    match setup.optimizer.rule {
        Rule::Sgd => set(g),
        Rule::Momentum { momentum } | Rule::Nesterov { momentum } => {
            let mu = constant("μ", momentum);
            match (part == trained.m, m) {
                (true, 0) => Term::one(TermOp::Mul, mu),
                (true, _) => Term::one(TermOp::Add, g),
                (false, 0) => set(g),
                (false, _) => Term::two(TermOp::MulAdd, mu, own(trained.m)),
            }
        }
        Rule::Adam { beta1, beta2, eps } => {
            if part == trained.m {
                match m {
                    0 => Term::one(TermOp::Mul, constant("β₁", beta1)),
                    _ => Term::two(TermOp::MulAdd, constant("1 − β₁", 1.0 - beta1), g),
                }
            } else if part == trained.v {
                match m {
                    0 => Term::one(TermOp::Mul, constant("β₂", beta2)),
                    _ => Term::two(TermOp::MulSquareAdd, constant("1 − β₂", 1.0 - beta2), g),
                }
            } else {
                match m {
                    0 => set(own(trained.v)),
                    1 => Term::one(TermOp::Div, constant("1 − β₂ᵗ", bias_correction(beta2, time))),
                    2 => Term::none(TermOp::Sqrt),
                    3 => Term::one(TermOp::Add, constant("ε", eps)),
                    4 => Term::one(TermOp::DivInto, own(trained.m)),
                    _ => Term::one(TermOp::Div, constant("1 − β₁ᵗ", bias_correction(beta1, time))),
                }
            }
        }
    }
}

/// The running statistics of batch normalisation.
fn running_term(site: &Site, l: usize, part: Part, own: impl Fn(Part) -> Operand) -> Term {
    let layer = site.plan.layer(l);
    let Op::BatchNorm2d(spec) = &layer.op else { return set(own(part)) };
    if site.m == 0 {
        return Term::one(TermOp::Mul, constant("1 − momentum", 1.0 - spec.momentum));
    }
    let count = site.plan.setup().images as usize * layer.input[1] * layer.input[2];
    if part == Part::RunningMean {
        Term::two(TermOp::MulAdd, constant("momentum", spec.momentum), own(Part::Mean))
    } else {
        let weight = spec.momentum * batchnorm::unbias(count);
        Term::two(TermOp::MulAdd, constant("momentum · M/(M−1)", weight), own(Part::Var))
    }
}

pub(super) fn formula(plan: &Plan, stage: &Stage) -> &'static str {
    let part = stage.tensor.part;
    let rule = plan.setup().optimizer.rule;
    let Some(trained) = trained_of(part) else {
        return match part {
            Part::RunningMean => "running = running · (1 − momentum) + momentum · mean",
            Part::RunningVar => "running = running · (1 − momentum) + momentum · var · M/(M−1)",
            _ => "L = (Σ L[n]) ÷ N",
        };
    };
    if part == trained.mean {
        "g = (Σ dw[n]) ÷ N"
    } else if part == trained.decayed {
        "g = g + λ · w"
    } else if part == trained.param {
        match rule {
            Rule::Sgd => "w = w − η · g",
            Rule::Momentum { .. } => "w = w − η · m",
            Rule::Nesterov { .. } | Rule::Adam { .. } => "w = w − η · step",
        }
    } else if part == trained.m {
        match rule {
            Rule::Adam { .. } => "m = m · β₁ + (1 − β₁) · g",
            Rule::Sgd | Rule::Momentum { .. } | Rule::Nesterov { .. } => "m = m · μ + g",
        }
    } else if part == trained.v {
        "v = v · β₂ + (1 − β₂) · g²"
    } else {
        match rule {
            Rule::Adam { .. } => "step = m ÷ (√(v ÷ (1 − β₂^t)) + ε) ÷ (1 − β₁^t)",
            Rule::Sgd | Rule::Momentum { .. } | Rule::Nesterov { .. } => "step = g + μ · m",
        }
    }
}
