//! Which sentence says what a stage's cells are.

use crate::nn::{Layer, Mode, Op, Part, optimizer::Rule, spec::Kind};
use crate::trace::{Owner, Pass, Plan, Stage};

/// The key of a stage's sentence in the files of words.
pub fn key(plan: &Plan, stage: &Stage) -> String {
    let part = match stage.tensor.part {
        Part::Out => "out",
        Part::DwMean | Part::DbMean => "mean",
        Part::DwDecayed | Part::DbDecayed => "decayed",
        Part::WeightM | Part::BiasM => "m",
        Part::WeightV | Part::BiasV => "v",
        Part::WeightStep | Part::BiasStep => "step",
        Part::Weight | Part::Bias => "param",
        Part::RunningMean | Part::RunningVar => "running",
        Part::DxOf(_) => "dX",
        Part::GroupMean => "mean",
        Part::GroupVar => "var",
        Part::GroupInvStd => "inv_std",
        Part::DxhatSum => "sum",
        part => part.suffix(),
    };
    let family = match (stage.pass, stage.tensor.owner) {
        (Pass::Update, Owner::Loss) => return "sentence.update.loss".into(),
        (Pass::Update, _) => "update",
        (_, _) if stage.tensor.part == Part::Dy => return "sentence.join.dY".into(),
        (_, Owner::Loss | Owner::Input) => plan.network().loss.name(),
        (_, Owner::Layer(l)) => match &plan.layer(l as usize).spec.kind {
            Kind::GlobalAvgPool2d | Kind::AdaptiveAvgPool2d(_) => "avg_pool2d",
            Kind::GlobalMaxPool2d | Kind::AdaptiveMaxPool2d(_) => "max_pool2d",
            Kind::GroupNorm(_) => "group_norm",
            kind => kind.name(),
        },
    };
    format!("sentence.{family}.{part}{}", variant(plan, stage))
}

/// What the sentence of a stage depends on beside its layer and part: a bias, a batch, the mode, the optimizer's rule.
fn variant(plan: &Plan, stage: &Stage) -> &'static str {
    let (setup, part) = (plan.setup(), stage.tensor.part);
    let Owner::Layer(l) = stage.tensor.owner else { return "" };
    if stage.pass == Pass::Update {
        return update_variant(setup.optimizer.rule, part);
    }
    if matches!(part, Part::Dw | Part::Db) {
        return if setup.images > 1 { "_batch" } else { "" };
    }
    let layer = plan.layer(l as usize);
    match &layer.op {
        Op::Multiply if Layer::input_of_gradient(part).is_some_and(|k| layer.is_scale(k)) => "_map",
        Op::Multiply if part == Part::Out && layer.scale().is_some() => "_map",
        Op::Conv2d(spec) if part == Part::Out => match (spec.normalize, spec.bias) {
            (false, false) => "",
            (false, true) => "_bias",
            (true, false) => "_score",
            (true, true) => "_score_bias",
        },
        Op::ConvTranspose2d(spec) if part == Part::Out && spec.bias => "_bias",
        Op::Dense(spec) if part == Part::Out && spec.bias => "_bias",
        Op::BatchNorm2d(_) if setup.mode == Mode::Eval && part != Part::Out => "_eval",
        Op::Dropout { .. } if setup.mode == Mode::Eval => "_eval",
        Op::GroupNorm(spec) if part == Part::Out && spec.affine.is_none() => "_plain",
        Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::Dense(_)
        | Op::BatchNorm2d(_)
        | Op::GroupNorm(_)
        | Op::Dropout { .. }
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Resample2d(_)
        | Op::LocalResponseNorm(_)
        | Op::Activation(_)
        | Op::PRelu(_)
        | Op::Flatten
        | Op::Softmax
        | Op::Add
        | Op::Multiply
        | Op::Concat => "",
    }
}

/// What a moment, a step and a parameter are made of under a rule.
fn update_variant(rule: Rule, part: Part) -> &'static str {
    let is_moment = matches!(part, Part::WeightM | Part::BiasM);
    let is_step = matches!(part, Part::WeightStep | Part::BiasStep);
    let is_parameter = matches!(part, Part::Weight | Part::Bias);
    match rule {
        Rule::Momentum { .. } if is_parameter => "_velocity",
        Rule::Nesterov { .. } | Rule::Adam { .. } if is_parameter => "_step",
        Rule::Adam { .. } if is_moment => "_average",
        Rule::Adam { .. } if is_step => "_adam",
        Rule::Sgd | Rule::Momentum { .. } | Rule::Nesterov { .. } | Rule::Adam { .. } => "",
    }
}
