//! Optimizers: what turns gradients into a change of the parameters.
//!
//! Letters: w parameter, g its gradient averaged over the batch (with weight decay where it is not
//! 0), lr learning rate, m and v moments. Conventions are PyTorch's, so that its runs can be
//! compared with: velocity m = mu * m + g without dampening; weight decay adds wd * w to g.

use super::{Network, Op, Params, Part, Parts, Real, Values, batchnorm};
use crate::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Which rule makes the step.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub enum Rule {
    /// w -= lr * g.
    Sgd,
    /// m = mu * m + g; w -= lr * m. Polyak 1964.
    Momentum {
        /// mu.
        momentum: f64,
    },
    /// m = mu * m + g; w -= lr * (g + mu * m). Nesterov 1983, in PyTorch's form.
    Nesterov {
        /// mu.
        momentum: f64,
    },
    /// Adam: Kingma & Ba 2015, algorithm 1; eps outside the root.
    Adam {
        /// Decay of the first moment.
        beta1: f64,
        /// Decay of the second moment.
        beta2: f64,
        /// Added to the root of the second moment.
        eps: f64,
    },
}

impl Rule {
    /// Its name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::Momentum { .. } => "momentum",
            Self::Nesterov { .. } => "nesterov",
            Self::Adam { .. } => "adam",
        }
    }

    /// The rules by their names, with their usual numbers.
    pub const ALL: [Self; 4] = [
        Self::Sgd,
        Self::Momentum { momentum: 0.9 },
        Self::Nesterov { momentum: 0.9 },
        Self::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 },
    ];
}

/// The hyperparameters of an update.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Optimizer {
    /// The rule.
    pub rule: Rule,
    /// lr.
    pub learning_rate: f64,
    /// wd, 0 for none. Applies to every trained parameter.
    pub weight_decay: f64,
}

impl Default for Optimizer {
    fn default() -> Self {
        Self { rule: Rule::Sgd, learning_rate: 0.01, weight_decay: 0.0 }
    }
}

/// The moments, per layer, and how many steps they have seen.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Moments<T = f32> {
    /// Steps done.
    pub steps: u64,
    /// [`Part::WeightM`] and so on, per layer; empty before the first step.
    pub layers: Vec<Parts<T>>,
}

impl<T> Moments<T> {
    /// The bytes of their numbers.
    pub fn bytes(&self) -> usize {
        self.layers.iter().map(Parts::bytes).sum()
    }
}

/// The parts of one trained parameter's update.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trained {
    /// The parameter.
    pub param: Part,
    /// Its gradient, summed over the batch.
    pub grad: Part,
    /// The average over the batch.
    pub mean: Part,
    /// The gradient with weight decay.
    pub decayed: Part,
    /// First moment or velocity.
    pub m: Part,
    /// Second moment.
    pub v: Part,
    /// What the learning rate multiplies.
    pub step: Part,
}

/// Weight and bias; running statistics are not trained.
pub const TRAINED: [Trained; 2] = [
    Trained {
        param: Part::Weight,
        grad: Part::Dw,
        mean: Part::DwMean,
        decayed: Part::DwDecayed,
        m: Part::WeightM,
        v: Part::WeightV,
        step: Part::WeightStep,
    },
    Trained {
        param: Part::Bias,
        grad: Part::Db,
        mean: Part::DbMean,
        decayed: Part::DbDecayed,
        m: Part::BiasM,
        v: Part::BiasV,
        step: Part::BiasStep,
    },
];

/// What an update made: per layer every part on the way, the new parameters and moments among them.
#[derive(Clone, PartialEq, Debug)]
pub struct Updated<T = f32> {
    /// Per layer, in the order of the stages.
    pub layers: Vec<Parts<T>>,
}

impl Optimizer {
    /// One update from the gradients of a run.
    pub fn update<T: Real>(
        &self,
        network: &Network,
        params: &Params<T>,
        moments: &Moments<T>,
        values: &Values<T>,
    ) -> Updated<T> {
        let images = values.input.dim().0;
        let nothing = Parts::default();
        let layers = network.layers.iter().enumerate().map(|(l, layer)| {
            let mut made = Parts::default();
            let before = moments.layers.get(l).unwrap_or(&nothing);
            for trained in TRAINED {
                if let (Some(w), Some(g)) =
                    (params.0[l].get(trained.param), values.layers[l].get(trained.grad))
                {
                    self.update_one(trained, w, g, images, before, moments.steps + 1, &mut made);
                }
            }
            if let (Op::BatchNorm2d(spec), Some(mean), Some(var)) =
                (&layer.op, values.layers[l].get(Part::Mean), values.layers[l].get(Part::Var))
            {
                let unbias = batchnorm::unbias(images * layer.input[1] * layer.input[2]);
                for (part, batch, unbias) in [(Part::RunningMean, mean, 1.0), (Part::RunningVar, var, unbias)]
                {
                    made.set(part, batchnorm::running(spec, params.0[l].at(part), batch, unbias));
                }
            }
            made
        });
        Updated { layers: layers.collect() }
    }

    #[expect(clippy::too_many_arguments, reason = "the letters of one formula")]
    fn update_one<T: Real>(
        &self,
        parts: Trained,
        w: &Tensor<T>,
        grad: &Tensor<T>,
        images: usize,
        before: &Parts<T>,
        step: u64,
        made: &mut Parts<T>,
    ) {
        let mut g = grad.clone();
        if images > 1 {
            g.mapv_inplace(|g| g / T::nearest(images as f64));
            made.set(parts.mean, g.clone());
        }
        if self.weight_decay != 0.0 {
            g.zip_mut_with(w, |g, &w| *g = T::nearest(self.weight_decay).mul_add(w, *g));
            made.set(parts.decayed, g.clone());
        }
        let moment = |part| before.get(part).cloned().unwrap_or_else(|| Tensor::zeros(w.dim()));
        let velocity = |momentum: f64| {
            let mut m = moment(parts.m);
            m.zip_mut_with(&g, |m, &g| *m = *m * T::nearest(momentum) + g);
            m
        };
        let step = match self.rule {
            Rule::Sgd => g,
            Rule::Momentum { momentum } => {
                let m = velocity(momentum);
                made.set(parts.m, m.clone());
                m
            }
            Rule::Nesterov { momentum } => {
                let m = velocity(momentum);
                let mut ahead = g.clone();
                ahead.zip_mut_with(&m, |g, &m| *g = T::nearest(momentum).mul_add(m, *g));
                made.set(parts.m, m);
                made.set(parts.step, ahead.clone());
                ahead
            }
            Rule::Adam { beta1, beta2, eps } => {
                let (mut m, mut v) = (moment(parts.m), moment(parts.v));
                m.zip_mut_with(&g, |m, &g| *m = T::nearest(1.0 - beta1).mul_add(g, *m * T::nearest(beta1)));
                v.zip_mut_with(&g, |v, &g| {
                    *v = T::nearest(1.0 - beta2).mul_add(g * g, *v * T::nearest(beta2))
                });
                let mut ratio = v.clone();
                let (m_bias, v_bias) = (bias_correction(beta1, step), bias_correction(beta2, step));
                ratio.zip_mut_with(&m, |v, &m| {
                    *v = m / ((*v / T::nearest(v_bias)).sqrt() + T::nearest(eps)) / T::nearest(m_bias);
                });
                made.set(parts.m, m);
                made.set(parts.v, v);
                made.set(parts.step, ratio.clone());
                ratio
            }
        };
        let mut after = w.clone();
        after.zip_mut_with(&step, |w, &step| *w = T::nearest(-self.learning_rate).mul_add(step, *w));
        made.set(parts.param, after);
    }
}

/// 1 - beta^step, by which Adam's moments are divided.
pub fn bias_correction(beta: f64, step: u64) -> f64 {
    1.0 - beta.powi(i32::try_from(step).unwrap_or(i32::MAX))
}

impl<T: Real> Updated<T> {
    /// The parameters after the update.
    pub fn params(&self, before: &Params<T>) -> Params<T> {
        let layers = before.0.iter().zip(&self.layers).map(|(before, made)| {
            let mut after = before.clone();
            for (part, _) in before.iter() {
                if let Some(tensor) = made.get(part) {
                    after.set(part, tensor.clone());
                }
            }
            after
        });
        Params(layers.collect())
    }

    /// The moments after the update.
    pub fn moments(&self, before: &Moments<T>) -> Moments<T> {
        let layers = self.layers.iter().map(|made| {
            let mut kept = Parts::default();
            for (part, tensor) in made.iter() {
                if TRAINED.iter().any(|trained| part == trained.m || part == trained.v) {
                    kept.set(part, tensor.clone());
                }
            }
            kept
        });
        Moments { steps: before.steps + 1, layers: layers.collect() }
    }
}
