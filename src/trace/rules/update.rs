//! The average over the batch, and the update. Letters as in [`crate::nn::optimizer`].

use super::{Push, Site, constant, family_stages, set};
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

family_stages! {
    /// The stages of the update.
    UpdateStage:
        Mean,
        DwMean, DbMean,
        DwDecayed, DbDecayed,
        WeightM, BiasM,
        WeightV, BiasV,
        WeightStep, BiasStep,
        Weight, Bias,
        RunningMean, RunningVar,
}

/// What a stage of the update makes.
enum Made {
    /// The mean loss of the batch.
    MeanLoss,
    /// A quantity on the way from a gradient to its parameter.
    Trained(Trained, Quantity),
    /// A running statistic of batch normalisation.
    Running(Statistic),
}

/// What is made of a trained parameter's gradient, up to the parameter itself.
#[derive(Clone, Copy, Debug)]
enum Quantity {
    /// The gradient averaged over the batch.
    Mean,
    /// The gradient with weight decay.
    Decayed,
    /// The first moment, or velocity.
    M,
    /// The second moment.
    V,
    /// What the learning rate multiplies.
    Step,
    /// The parameter.
    Param,
}

/// A running statistic.
#[derive(Clone, Copy)]
enum Statistic {
    Mean,
    Var,
}

impl Made {
    /// What the stage that makes a part makes.
    fn from_part(part: Part) -> Self {
        let [weight, bias] = TRAINED;
        match UpdateStage::from_part(part) {
            UpdateStage::Mean => Self::MeanLoss,
            UpdateStage::DwMean => Self::Trained(weight, Quantity::Mean),
            UpdateStage::DbMean => Self::Trained(bias, Quantity::Mean),
            UpdateStage::DwDecayed => Self::Trained(weight, Quantity::Decayed),
            UpdateStage::DbDecayed => Self::Trained(bias, Quantity::Decayed),
            UpdateStage::WeightM => Self::Trained(weight, Quantity::M),
            UpdateStage::BiasM => Self::Trained(bias, Quantity::M),
            UpdateStage::WeightV => Self::Trained(weight, Quantity::V),
            UpdateStage::BiasV => Self::Trained(bias, Quantity::V),
            UpdateStage::WeightStep => Self::Trained(weight, Quantity::Step),
            UpdateStage::BiasStep => Self::Trained(bias, Quantity::Step),
            UpdateStage::Weight => Self::Trained(weight, Quantity::Param),
            UpdateStage::Bias => Self::Trained(bias, Quantity::Param),
            UpdateStage::RunningMean => Self::Running(Statistic::Mean),
            UpdateStage::RunningVar => Self::Running(Statistic::Var),
        }
    }
}

pub(super) fn stages(plan: &Plan, push: Push) {
    let setup = plan.setup();
    let batch = setup.images > 1;
    let decays = setup.optimizer.weight_decay != 0.0;
    if batch {
        push(TensorId::loss(UpdateStage::Mean.part()), Shape::SCALAR, setup.images as usize + 1);
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
            for stage in [UpdateStage::RunningMean, UpdateStage::RunningVar] {
                let part = stage.part();
                if let Some(shape) = shape_of(part) {
                    push(TensorId::layer(l, part), shape, 2);
                }
            }
        }
    }
}

/// The gradient that the rule takes: averaged over a batch, decayed where weights decay.
fn gradient(plan: &Plan, trained: Trained) -> Part {
    let setup = plan.setup();
    match (setup.optimizer.weight_decay != 0.0, setup.images > 1) {
        (true, _) => trained.decayed,
        (false, true) => trained.mean,
        (false, false) => trained.grad,
    }
}

pub(super) fn start(stage: &Stage) -> Start {
    match Made::from_part(stage.tensor.part) {
        Made::Running(_) | Made::Trained(_, Quantity::Param | Quantity::M | Quantity::V) => {
            Start::BeforeUpdate
        }
        Made::MeanLoss | Made::Trained(_, Quantity::Mean | Quantity::Decayed | Quantity::Step) => Start::ZERO,
    }
}

/// The cell of another tensor of the same owner that lies where this one does.
fn own(site: &Site, part: Part) -> Operand {
    let tensor = TensorId { part, ..site.stage.tensor };
    Operand::Cell { tensor, image: 0, index: site.index }
}

pub(super) fn term(site: &Site) -> Term {
    match Made::from_part(site.stage.tensor.part) {
        Made::MeanLoss => mean_loss_term(site),
        Made::Trained(trained, quantity) => trained_term(site, trained, quantity),
        Made::Running(statistic) => running_term(site, statistic),
    }
}

fn mean_loss_term(site: &Site) -> Term {
    let (images, m) = (site.plan.setup().images, site.m as u32);
    if m < images {
        Term::one(TermOp::Add, Operand::Cell { tensor: TensorId::loss(Part::Out), image: m, index: 0 })
    } else {
        Term::one(TermOp::Div, constant("N", f64::from(images)))
    }
}

fn trained_term(site: &Site, trained: Trained, quantity: Quantity) -> Term {
    let setup = site.plan.setup();
    let own = |part| own(site, part);
    let g = own(gradient(site.plan, trained));
    let (rule, m) = (setup.optimizer.rule, site.m);
    match quantity {
        Quantity::Mean => {
            Term::two(TermOp::Quotient, own(trained.grad), constant("N", f64::from(setup.images)))
        }
        Quantity::Decayed => match m {
            0 => set(own(if setup.images > 1 { trained.mean } else { trained.grad })),
            _ => {
                let decay = constant("λ", setup.optimizer.weight_decay);
                Term::two(TermOp::MulAdd, decay, own(trained.param))
            }
        },
        Quantity::M => match (rule, m) {
            (Rule::Momentum { momentum } | Rule::Nesterov { momentum }, 0) => {
                Term::one(TermOp::Mul, constant("μ", momentum))
            }
            (Rule::Momentum { .. } | Rule::Nesterov { .. }, _) => Term::one(TermOp::Add, g),
            (Rule::Adam { beta1, .. }, 0) => Term::one(TermOp::Mul, constant("β₁", beta1)),
            (Rule::Adam { beta1, .. }, _) => Term::two(TermOp::MulAdd, constant("1 − β₁", 1.0 - beta1), g),
            (Rule::Sgd, _) => not_made(rule, quantity),
        },
        Quantity::V => match (rule, m) {
            (Rule::Adam { beta2, .. }, 0) => Term::one(TermOp::Mul, constant("β₂", beta2)),
            (Rule::Adam { beta2, .. }, _) => {
                Term::two(TermOp::MulSquareAdd, constant("1 − β₂", 1.0 - beta2), g)
            }
            (Rule::Sgd | Rule::Momentum { .. } | Rule::Nesterov { .. }, _) => not_made(rule, quantity),
        },
        Quantity::Step => match rule {
            Rule::Nesterov { momentum } => match m {
                0 => set(g),
                _ => Term::two(TermOp::MulAdd, constant("μ", momentum), own(trained.m)),
            },
            Rule::Adam { beta1, beta2, eps } => {
                let time = u64::from(site.time) + 1;
                match m {
                    0 => set(own(trained.v)),
                    1 => Term::one(TermOp::Div, constant("1 − β₂ᵗ", bias_correction(beta2, time))),
                    2 => Term::none(TermOp::Sqrt),
                    3 => Term::one(TermOp::Add, constant("ε", eps)),
                    4 => Term::one(TermOp::DivInto, own(trained.m)),
                    _ => Term::one(TermOp::Div, constant("1 − β₁ᵗ", bias_correction(beta1, time))),
                }
            }
            Rule::Sgd | Rule::Momentum { .. } => not_made(rule, quantity),
        },
        Quantity::Param => {
            let step = match rule {
                Rule::Sgd => g,
                Rule::Momentum { .. } => own(trained.m),
                Rule::Nesterov { .. } | Rule::Adam { .. } => own(trained.step),
            };
            Term::two(TermOp::NegMulAdd, constant("η", setup.optimizer.learning_rate), step)
        }
    }
}

/// Panics: [`stages`] has no stage of this quantity under this rule.
fn not_made(rule: Rule, quantity: Quantity) -> ! {
    unreachable!("{rule:?} makes no {quantity:?}")
}

/// The running statistics of batch normalisation.
fn running_term(site: &Site, statistic: Statistic) -> Term {
    let Owner::Layer(l) = site.stage.tensor.owner else { unreachable!("the loss has running statistics") };
    let layer = site.plan.layer(l as usize);
    let Op::BatchNorm2d(spec) = &layer.op else { unreachable!("{} has running statistics", layer.spec.name) };
    if site.m == 0 {
        return Term::one(TermOp::Mul, constant("1 − momentum", 1.0 - spec.momentum));
    }
    let count = site.plan.setup().images as usize * layer.input[1] * layer.input[2];
    match statistic {
        Statistic::Mean => {
            Term::two(TermOp::MulAdd, constant("momentum", spec.momentum), own(site, Part::Mean))
        }
        Statistic::Var => {
            let weight = spec.momentum * batchnorm::unbias(count);
            Term::two(TermOp::MulAdd, constant("momentum · M/(M−1)", weight), own(site, Part::Var))
        }
    }
}

pub(super) fn formula(plan: &Plan, stage: &Stage) -> &'static str {
    let rule = plan.setup().optimizer.rule;
    match Made::from_part(stage.tensor.part) {
        Made::MeanLoss => "L = (Σ L[n]) ÷ N",
        Made::Running(Statistic::Mean) => "running = running · (1 − momentum) + momentum · mean",
        Made::Running(Statistic::Var) => "running = running · (1 − momentum) + momentum · var · M/(M−1)",
        Made::Trained(_, quantity) => match quantity {
            Quantity::Mean => "g = (Σ dw[n]) ÷ N",
            Quantity::Decayed => "g = g + λ · w",
            Quantity::M => match rule {
                Rule::Momentum { .. } | Rule::Nesterov { .. } => "m = m · μ + g",
                Rule::Adam { .. } => "m = m · β₁ + (1 − β₁) · g",
                Rule::Sgd => not_made(rule, quantity),
            },
            Quantity::V => match rule {
                Rule::Adam { .. } => "v = v · β₂ + (1 − β₂) · g²",
                Rule::Sgd | Rule::Momentum { .. } | Rule::Nesterov { .. } => not_made(rule, quantity),
            },
            Quantity::Step => match rule {
                Rule::Nesterov { .. } => "step = g + μ · m",
                Rule::Adam { .. } => "step = m ÷ (√(v ÷ (1 − β₂^t)) + ε) ÷ (1 − β₁^t)",
                Rule::Sgd | Rule::Momentum { .. } => not_made(rule, quantity),
            },
            Quantity::Param => match rule {
                Rule::Sgd => "w = w − η · g",
                Rule::Momentum { .. } => "w = w − η · m",
                Rule::Nesterov { .. } | Rule::Adam { .. } => "w = w − η · step",
            },
        },
    }
}
