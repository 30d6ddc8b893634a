//! Evaluates a network on examples of a data set, batch by batch.

use super::{CliError, data::bar, interrupt};
use crate::data::{Dataset, Split};
use crate::model_io::Preprocess;
use crate::nn::{Network, Params};
use crate::tensor::Tensor;
use crate::threads::Threads;
use crate::train::{Check, Checker, stack};
use std::time::{Duration, Instant};

/// The network to evaluate.
pub struct Subject<'a> {
    /// The network.
    pub network: &'a Network,
    /// Its parameters.
    pub params: &'a Params,
    /// The preprocessing from pixels to inputs.
    pub preprocess: &'a Preprocess,
    /// For each class of the data, the network's class; `None` if they are the same.
    pub classes: Option<&'a [usize]>,
}

/// The default number of examples from endless data.
pub const ENDLESS: u64 = 2000;

/// The number of examples to use of a split: at most `limit`, or `endless` for an endless split without a limit.
pub fn count(data: &Dataset, split: Split, limit: Option<u64>, endless: u64) -> u64 {
    match data.len(split) {
        Some(len) => limit.unwrap_or(len).min(len),
        None => limit.unwrap_or(endless),
    }
}

/// The index of example `k` of `count` examples that are spread evenly over a split.
pub fn spread(data: &Dataset, split: Split, count: u64, k: u64) -> u64 {
    match data.len(split) {
        Some(len) => (u128::from(k) * u128::from(len) / u128::from(count)) as u64,
        None => k,
    }
}

/// Evaluates `count` examples, spread evenly over a split; `None` if interrupted. A progress bar appears after a
/// second.
///
/// # Errors
/// If an example cannot be read.
pub fn check(
    subject: &Subject,
    data: &Dataset,
    split: Split,
    count: u64,
    workers: &Threads,
) -> Result<Option<Check>, CliError> {
    let at_once = at_once(subject.network);
    let begun = Instant::now();
    let mut shown = None;
    let mut checker = Checker::new(subject.network, subject.params);
    for begin in (0..count).step_by(at_once) {
        if interrupt::wanted() {
            return Ok(None);
        }
        let examples = (begin..(begin + at_once as u64).min(count)).map(|k| {
            let example = data.example(split, spread(data, split, count, k))?;
            let class = subject.classes.map_or(example.class, |classes| classes[example.class]);
            Ok((example.pixels, class))
        });
        let examples = examples.collect::<Result<Vec<_>, CliError>>()?;
        let (x, target) = inputs(subject.network, subject.preprocess, &examples)?;
        checker.add_on(workers, &x, &target);
        if shown.is_none() && begun.elapsed() > Duration::from_secs(1) {
            let bar = bar("{bar:30} {pos} of {len} examples  {eta} left");
            bar.set_length(count);
            shown = Some(bar);
        }
        if let Some(bar) = &shown {
            bar.set_position(begin + x.dim().0 as u64);
        }
    }
    if let Some(bar) = shown {
        bar.finish_and_clear();
    }
    Ok(Some(checker.finish()))
}

/// The network's inputs and targets for pixels and classes.
///
/// # Errors
/// If there are no examples or their shapes differ, which is a bug.
pub fn inputs(
    network: &Network,
    preprocess: &Preprocess,
    examples: &[(Tensor, usize)],
) -> Result<(Tensor, Tensor), CliError> {
    stack(examples, |pixels| preprocess.apply(pixels), network.targets()).ok_or_else(|| {
        CliError("expected examples of one shape, got different ones; report this as a bug".into())
    })
}

/// The number of examples in a batch, bounded because all values of a batch are in memory.
fn at_once(network: &Network) -> usize {
    const MOST_NUMBERS: usize = 16 << 20;
    let image: usize = network.layers.iter().map(|layer| layer.output.iter().product::<usize>()).sum();
    (MOST_NUMBERS / image.max(1)).clamp(1, 64)
}
