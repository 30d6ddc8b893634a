//! The loss of an image, the update of a parameter, and how large both were.

use crate::nn::{
    kernels::compiled,
    loss::{Loss, binary_cell, binary_loss, cross_term},
    optimizer::{Optimizer, Rule, bias_correction},
    pool::takes_over,
};

/// How large a layer's gradient, parameters and change were in one step: Euclidean norms over weight and bias
/// together; 0 for a layer without.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct LayerNorms {
    /// Of the gradient averaged over the batch, without weight decay.
    pub gradient: f64,
    /// The norm of the parameters before the update.
    pub weight: f64,
    /// The norm of the update's change.
    pub update: f64,
}

/// The Euclidean norm of both lists together. For the eye: its sum goes in lanes, in no order that is promised.
pub(crate) fn norm(lists: [&[f32]; 2]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0f64; LANES];
    for list in lists {
        for chunk in list.chunks(LANES) {
            for (sum, &x) in sums.iter_mut().zip(chunk) {
                *sum += f64::from(x) * f64::from(x);
            }
        }
    }
    sums.iter().sum::<f64>().sqrt()
}

/// One image's loss; dy: its gradient by each output. As in [`crate::nn::loss`].
pub(super) fn loss(kind: Loss, y: &[f32], target: &[f32], dy: &mut [f32]) -> f32 {
    match kind {
        Loss::CrossEntropy => {
            let max = y.iter().fold(f32::NEG_INFINITY, |best, &x| if takes_over(x, best) { x } else { best });
            let mut sum = 0.0;
            for (exp, &y) in dy.iter_mut().zip(y) {
                *exp = (y - max).exp();
                sum += *exp;
            }
            let mut loss = sum.ln();
            for ((dy, &y), &t) in dy.iter_mut().zip(y).zip(target) {
                loss = cross_term(t, y - max, loss);
                *dy = *dy / sum - t;
            }
            loss
        }
        Loss::BinaryCrossEntropy => {
            let mut loss = 0.0;
            for ((dy, &z), &t) in dy.iter_mut().zip(y).zip(target) {
                let [prob, max, _, exp] = binary_cell(z);
                loss = binary_loss(z, t, max, exp);
                *dy = prob - t;
            }
            loss
        }
        Loss::Mse => {
            let features = y.len() as f64 as f32;
            let mut sum = 0.0f32;
            for ((dy, &y), &t) in dy.iter_mut().zip(y).zip(target) {
                sum = (y - t).mul_add(y - t, sum);
                *dy = (y - t) * 2.0 / features;
            }
            sum / features
        }
    }
}

compiled! {
/// One parameter's update, as in [`Optimizer::update`].
pub(super) fn update(
    optimizer: &Optimizer,
    images: usize,
    step: u64,
    g: &mut [f32],
    w: &mut [f32],
    moments: &mut [Vec<f32>; 2],
) {
    let [m, v] = moments;
    let rule = optimizer.rule;
    // A moment that the rule does not use is forgotten.
    m.resize(if rule == Rule::Sgd { 0 } else { w.len() }, 0.0);
    v.resize(if matches!(rule, Rule::Adam { .. }) { w.len() } else { 0 }, 0.0);
    let (count, decay) = (images as f64 as f32, optimizer.weight_decay as f32);
    let rate = (-optimizer.learning_rate) as f32;
    {
        if images > 1 {
            g.iter_mut().for_each(|g| *g /= count);
        }
        if optimizer.weight_decay != 0.0 {
            g.iter_mut().zip(&*w).for_each(|(g, &w)| *g = decay.mul_add(w, *g));
        }
        match rule {
            Rule::Sgd => {}
            Rule::Momentum { momentum } => {
                let mu = momentum as f32;
                for (g, m) in g.iter_mut().zip(m) {
                    *m = *m * mu + *g;
                    *g = *m;
                }
            }
            Rule::Nesterov { momentum } => {
                let mu = momentum as f32;
                for (g, m) in g.iter_mut().zip(m) {
                    *m = *m * mu + *g;
                    *g = mu.mul_add(*m, *g);
                }
            }
            Rule::Adam { beta1, beta2, eps } => {
                let (b1, b2, eps) = (beta1 as f32, beta2 as f32, eps as f32);
                let (a1, a2) = ((1.0 - beta1) as f32, (1.0 - beta2) as f32);
                let (m_bias, v_bias) =
                    (bias_correction(beta1, step) as f32, bias_correction(beta2, step) as f32);
                for ((g, m), v) in g.iter_mut().zip(m).zip(v) {
                    *m = a1.mul_add(*g, *m * b1);
                    *v = a2.mul_add(*g * *g, *v * b2);
                    *g = *m / ((*v / v_bias).sqrt() + eps) / m_bias;
                }
            }
        }
        w.iter_mut().zip(&*g).for_each(|(w, &step)| *w = rate.mul_add(step, *w));
    }
}
}
