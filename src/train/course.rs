//! Which example comes when: any batch of a run, and the examples held out from it, by number.

use crate::data::{Difficulty, Generated};
use crate::nn::loss::one_hot;
use crate::tensor::Tensor;

/// The examples of a run on generated data: no example is seen twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Course {
    /// The data.
    pub data: Generated,
    /// The seed of the data.
    pub seed: u64,
    /// How hard the examples are, those held out too.
    pub difficulty: Difficulty,
    /// Examples in an epoch, at least 1.
    pub epoch_len: u64,
    /// Examples in a batch, at least 1; an epoch's last batch may hold fewer.
    pub batch_len: u64,
}

impl Course {
    /// Turns the seed of training examples into that of held-out ones.
    const HELD_OUT: u64 = 0x4845_4c44_204f_5554;

    /// Batches in an epoch.
    pub const fn batches(&self) -> u64 {
        self.epoch_len.div_ceil(self.batch_len)
    }

    /// Batch `batch` of epoch `epoch`: pixels (1, C, H, W) in 0..=255 and classes.
    pub fn batch(&self, epoch: u64, batch: u64) -> Vec<(Tensor, usize)> {
        let first = epoch * self.epoch_len;
        let begin = (batch * self.batch_len).min(self.epoch_len);
        let end = (begin + self.batch_len).min(self.epoch_len);
        (first + begin..first + end).map(|index| self.example(self.seed, index)).collect()
    }

    /// Example `index` of those that training never sees.
    pub fn held_out(&self, index: u64) -> (Tensor, usize) {
        self.example(self.seed ^ Self::HELD_OUT, index)
    }

    fn example(&self, seed: u64, index: u64) -> (Tensor, usize) {
        self.data.sample_at(seed, index, self.difficulty)
    }
}

/// Examples (1, C, H, W) of one shape with their classes -> x: (N, C, H, W) and the one-hot target of `output`'s
/// extents. `prepare` makes a network's input from each example. `None` where there is none, or shapes differ.
pub fn stack(
    examples: &[(Tensor, usize)],
    prepare: impl Fn(&Tensor) -> Tensor,
    output: [usize; 3],
) -> Option<(Tensor, Tensor)> {
    let outputs: usize = output.iter().product();
    let prepared: Vec<Tensor> = examples.iter().map(|(example, _)| prepare(example)).collect();
    let views: Vec<_> = prepared.iter().map(|x| x.view()).collect();
    let x = ndarray::concatenate(ndarray::Axis(0), &views).ok()?;
    let classes: Vec<usize> = examples.iter().map(|(_, class)| *class).collect();
    let fits = x.dim().0 == classes.len() && classes.iter().all(|&class| class < outputs);
    fits.then(|| (x, one_hot(output, &classes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_each_of_its_examples_once() {
        let difficulty = Difficulty::default();
        let course = Course { data: Generated::Digits, seed: 3, difficulty, epoch_len: 10, batch_len: 4 };
        assert_eq!(course.batches(), 3);
        let batches: Vec<_> = (0..3).map(|batch| course.batch(1, batch)).collect();
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
        let expected: Vec<_> = (10..20).map(|index| Generated::Digits.sample(3, index)).collect();
        assert_eq!(batches.concat(), expected);
        assert!(course.batch(0, 3).is_empty());
        assert_ne!(course.held_out(0), expected[0]);
        let easy = Course { difficulty: Difficulty::new(0.0).expect("in range"), ..course };
        assert!(easy.batch(1, 0) != batches[0] && easy.held_out(0) != course.held_out(0));
    }

    #[test]
    fn a_stack_holds_examples_in_order() {
        let examples = [(Tensor::from_elem((1, 1, 2, 2), 1.0), 2), (Tensor::from_elem((1, 1, 2, 2), 3.0), 0)];
        let (x, target) = stack(&examples, |x| x * 2.0, [3, 1, 1]).expect("fits");
        assert_eq!((x[[0, 0, 1, 1]], x[[1, 0, 0, 0]]), (2.0, 6.0));
        assert_eq!(target.iter().copied().collect::<Vec<_>>(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        assert!(stack(&examples, Tensor::clone, [2, 1, 1]).is_none());
        assert!(stack(&[], Tensor::clone, [2, 1, 1]).is_none());
    }
}
