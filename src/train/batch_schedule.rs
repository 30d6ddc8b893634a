//! The order of the examples: computes any batch of a training run directly from its number.

use crate::data::{Augment, DataError, Dataset, Permutation, Split};
use crate::nn::{
    Layer, Network, Op,
    loss::{Loss, Targets},
};
use crate::tensor::Tensor;

/// The examples of a training run, in order.
///
/// Generated data gives new examples in every epoch: epoch e starts at example e * `epoch_len`. A loaded set is
/// repeated, in another order each time ([`Permutation`], by `seed`). If an epoch is shorter or longer than the
/// set, the next epoch continues where it ended, so that no example is repeated before all others have been used.
#[derive(Clone, PartialEq, Debug)]
pub struct BatchSchedule {
    /// The data set; its training split is used.
    pub data: Dataset,
    /// The seed of the order and of augmentation.
    pub seed: u64,
    /// The number of examples in an epoch, at least 1.
    pub epoch_len: u64,
    /// The number of examples in a batch, at least 1; the last batch of an epoch may be smaller.
    pub batch_len: u64,
    /// How pictures are augmented.
    pub augment: Augment,
}

impl BatchSchedule {
    /// The default number of examples in an epoch of generated data.
    pub const GENERATED_EPOCH: u64 = 4000;

    /// The default number of examples in an epoch: the whole training split, at least 1, or
    /// [`BatchSchedule::GENERATED_EPOCH`].
    pub fn default_epoch_len(data: &Dataset) -> u64 {
        data.len(Split::Train).map_or(Self::GENERATED_EPOCH, |len| len.max(1))
    }

    /// The number of batches in an epoch.
    pub const fn batches(&self) -> u64 {
        self.epoch_len.div_ceil(self.batch_len)
    }

    /// Batch `batch` of epoch `epoch`: pixels (1, C, H, W) in 0..=255 with their classes; empty after the epoch's
    /// last batch.
    ///
    /// # Errors
    /// If an example cannot be read.
    pub fn batch(&self, epoch: u64, batch: u64) -> Result<Vec<(Tensor, usize)>, DataError> {
        let first = epoch.saturating_mul(self.epoch_len);
        let begin = batch.saturating_mul(self.batch_len).min(self.epoch_len);
        let end = begin.saturating_add(self.batch_len).min(self.epoch_len);
        let numbers = first.saturating_add(begin)..first.saturating_add(end);
        let mut order: Option<(u64, Permutation)> = None;
        numbers
            .map(|number| {
                let (pass, index) = self.pass(epoch, number);
                let index = match self.data.len(Split::Train) {
                    None => index,
                    Some(len) => {
                        if order.as_ref().is_none_or(|(of, _)| *of != pass) {
                            order = Some((pass, Permutation::shuffle(len, self.seed, pass)));
                        }
                        order.as_ref().map_or(index, |(_, order)| order.at(index))
                    }
                };
                let example = self.data.example(Split::Train, index)?;
                Ok((self.augment.apply(&example.pixels, self.seed, pass, index), example.class))
            })
            .collect()
    }

    /// The batch of step `step`, counted from 0 over all epochs.
    ///
    /// # Errors
    /// As for [`BatchSchedule::batch`].
    pub fn batch_at(&self, step: u64) -> Result<Vec<(Tensor, usize)>, DataError> {
        self.batch(step / self.batches(), step % self.batches())
    }

    /// The pass over the data that the run's example `number` belongs to, and its place within the pass.
    fn pass(&self, epoch: u64, number: u64) -> (u64, u64) {
        match self.data.len(Split::Train) {
            None => (epoch, number),
            Some(len) => (number / len.max(1), number % len.max(1)),
        }
    }
}

/// Stacks examples (1, C, H, W) of one shape into x: (N, C, H, W) and their target.
/// `prepare` turns each example into a network input. `None` if there are no examples, if shapes differ, or if a
/// class is out of range.
pub fn stack(
    examples: &[(Tensor, usize)],
    prepare: impl Fn(&Tensor) -> Tensor,
    targets: Targets,
) -> Option<(Tensor, Tensor)> {
    let prepared: Vec<Tensor> = examples.iter().map(|(example, _)| prepare(example)).collect();
    let views: Vec<_> = prepared.iter().map(|x| x.view()).collect();
    let x = ndarray::concatenate(ndarray::Axis(0), &views).ok()?;
    let classes: Vec<usize> = examples.iter().map(|(_, class)| *class).collect();
    let fits = x.dim().0 == classes.len() && classes.iter().all(|&class| class < targets.classes());
    fits.then(|| (x, targets.of(&classes)))
}

/// What keeps a network from learning this many classes, in one line; `None` where nothing does. `fewer`: whether
/// outputs may be left over.
pub fn fault_of_classes(network: &Network, classes: usize, fewer: bool) -> Option<String> {
    if classes < 2 {
        return Some(format!(
            "expected at least 2 classes, got {classes}: nothing can be learned from one, for any answer is right; add \
             pictures of another class"
        ));
    }
    let told_apart = network.classes();
    if classes == told_apart || (fewer && classes < told_apart) {
        return None;
    }
    let by = |layer: &&Layer| layer.spec.kind.clone().outputs_mut().is_some();
    let layer = network.layers.iter().rev().find(by);
    let key = match layer.map(|layer| &layer.op) {
        Some(Op::Conv2d(_)) => "out_channels",
        Some(_) | None => "out_features",
    };
    let outputs = network.outputs();
    let s = if outputs == 1 { "" } else { "s" };
    let loss = match network.loss {
        Loss::BinaryCrossEntropy => " and the loss to cross_entropy",
        Loss::CrossEntropy | Loss::Mse => "",
    };
    Some(format!(
        "{classes} classes in the data, {outputs} output{s} of {}; set {key} = {classes}{loss}",
        network.scored_by().unwrap_or_else(|| network.last_name())
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Generated;
    use crate::nn::loss::Loss;

    fn schedule(augment: Augment) -> BatchSchedule {
        BatchSchedule {
            data: Dataset::generated(Generated::Digits, 3),
            seed: 3,
            epoch_len: 10,
            batch_len: 4,
            augment,
        }
    }

    #[test]
    fn an_epoch_is_each_of_its_examples_once() {
        let schedule = schedule(Augment::default());
        assert_eq!(schedule.batches(), 3);
        let batches: Vec<_> = (0..3).map(|batch| schedule.batch(1, batch).expect("reads")).collect();
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
        let expected: Vec<_> = (10..20).map(|index| Generated::Digits.sample(3, index)).collect();
        assert_eq!(batches.concat(), expected);
        assert!(schedule.batch(0, 3).expect("reads").is_empty());
        assert_eq!(schedule.batch_at(4), schedule.batch(1, 1));
        assert_ne!(schedule.data.example(Split::Test, 0).expect("endless").pixels, expected[0].0);
        assert_eq!(schedule.batch(u64::MAX, u64::MAX), Ok(vec![]));
    }

    #[test]
    fn augmentation_is_the_same_each_time_and_leaves_the_classes() {
        let plain = schedule(Augment::default());
        let varied = schedule(Augment { shift: 3, rotate: 10.0, ..Augment::default() });
        let (before, after) = (plain.batch(1, 1).expect("reads"), varied.batch(1, 1).expect("reads"));
        assert_eq!(varied.batch(1, 1).expect("reads"), after);
        assert!(before.iter().zip(&after).all(|(a, b)| a.1 == b.1 && a.0 != b.0));
    }

    #[test]
    fn a_stack_holds_examples_in_order() {
        let examples = [(Tensor::from_elem((1, 1, 2, 2), 1.0), 2), (Tensor::from_elem((1, 1, 2, 2), 3.0), 0)];
        let targets = |features| Targets { loss: Loss::CrossEntropy, output: [features, 1, 1] };
        let (x, target) = stack(&examples, |x| x * 2.0, targets(3)).expect("fits");
        assert_eq!((x[[0, 0, 1, 1]], x[[1, 0, 0, 0]]), (2.0, 6.0));
        assert_eq!(target.iter().copied().collect::<Vec<_>>(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        assert!(stack(&examples, Tensor::clone, targets(2)).is_none());
        assert!(stack(&[], Tensor::clone, targets(2)).is_none());
    }
}
