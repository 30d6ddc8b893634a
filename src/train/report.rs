//! Loss and accuracy of a step or an evaluation.

use crate::nn::{Execution, Network, Params, Part, Values, loss::Loss};
use crate::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Loss and accuracy over a number of images.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// The number of images.
    pub images: usize,
    /// The mean loss per image.
    pub loss: f64,
    /// Images whose predicted class is the target's.
    pub correct: usize,
}

impl Report {
    /// The share of correct images, from 0 to 1; 0 without images.
    pub fn accuracy(&self) -> f64 {
        if self.images == 0 { 0.0 } else { self.correct as f64 / self.images as f64 }
    }

    /// The report over the images of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let images = self.images + other.images;
        let sum = self.loss * self.images as f64 + other.loss * other.images as f64;
        let loss = if images == 0 { 0.0 } else { sum / images as f64 };
        Self { images, loss, correct: self.correct + other.correct }
    }

    /// The report of a forward pass with its loss. target: the output's shape.
    pub fn from_values(loss: Loss, values: &Values, target: &Tensor) -> Self {
        Self::from_output(loss, values.output(), values.loss.at(Part::Out), target)
    }

    /// The report of a batch's output, (images, C, H, W), and losses. target: the output's shape.
    pub fn from_output(loss: Loss, output: &Tensor, losses: &Tensor, target: &Tensor) -> Self {
        let flat = |tensor: &Tensor| -> Vec<f32> { tensor.iter().copied().collect() };
        Self::from_batch(loss, output.dim().0, &flat(output), &flat(losses), &flat(target))
    }

    /// The report of a batch. outputs, targets: (images, outputs), losses: (images).
    pub(super) fn from_batch(
        loss: Loss,
        images: usize,
        outputs: &[f32],
        losses: &[f32],
        targets: &[f32],
    ) -> Self {
        let features = targets.len() / images.max(1);
        let is_right = |&n: &usize| {
            let of_image = n * features..(n + 1) * features;
            let (outputs, targets) = (&outputs[of_image.clone()], &targets[of_image]);
            loss.predicted(outputs.iter().copied()) == loss.truth(targets.iter().copied())
        };
        let correct = (0..images).filter(is_right).count();
        let sum = losses[..images].iter().fold(0.0f32, |sum, loss| sum + loss);
        Self { images, loss: f64::from(sum / images as f32), correct }
    }
}

/// Evaluates a network on a batch, using running statistics and no dropout. x: (N, C, H, W), target: the output's
/// shape, N at least 1.
pub fn evaluate(network: &Network, params: &Params, x: &Tensor, target: &Tensor) -> Report {
    evaluate_with(network, params, x, target, Execution::SERIAL).unwrap_or_default()
}

/// The same, shared out among workers; `None` if cancelled.
pub(super) fn evaluate_with(
    network: &Network,
    params: &Params,
    x: &Tensor,
    target: &Tensor,
    exec: Execution,
) -> Option<Report> {
    let output = network.output_with(params, x, exec, &mut |_, _| {})?;
    let loss = network.loss_forward(&output, target);
    Some(Report::from_output(network.loss, &output, loss.at(Part::Out), target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_add_up() {
        let a = Report { images: 1, loss: 1.0, correct: 1 };
        let b = Report { images: 3, loss: 5.0, correct: 2 };
        assert_eq!(a.and(b), Report { images: 4, loss: 4.0, correct: 3 });
        assert_eq!(a.and(b).accuracy(), 0.75);
        assert_eq!(Report::default().and(Report::default()).accuracy(), 0.0);
    }
}
