//! A network on examples of a data set that it is not trained on, batch by batch.

use super::{CliError, data::bar, interrupt};
use crate::data::{Dataset, Split};
use crate::model_io::Preprocess;
use crate::nn::{Network, Params};
use crate::tensor::Tensor;
use crate::threads::Threads;
use crate::train::{Check, Checker, stack};
use std::time::{Duration, Instant};

/// What is checked.
pub struct Subject<'a> {
    /// The network.
    pub network: &'a Network,
    /// Its parameters.
    pub params: &'a Params,
    /// From pixels to its input.
    pub preprocess: &'a Preprocess,
    /// Of each class of the data the network's class; the same number where that is none.
    pub classes: Option<&'a [usize]>,
}

/// Examples of endless data that are looked at where nothing else is wanted.
pub const ENDLESS: u64 = 2000;

/// Examples that are looked at in a part: at most `limit`; of an endless part `endless`, where there is no limit.
pub fn count(data: &Dataset, part: Split, limit: Option<u64>, endless: u64) -> u64 {
    match data.len(part) {
        Some(len) => limit.unwrap_or(len).min(len),
        None => limit.unwrap_or(endless),
    }
}

/// The number of example `k` of `count` that are evenly spread over a part.
pub fn spread(data: &Dataset, part: Split, count: u64, k: u64) -> u64 {
    match data.len(part) {
        Some(len) => (u128::from(k) * u128::from(len) / u128::from(count)) as u64,
        None => k,
    }
}

/// Checks on `count` examples of a part, evenly spread over it; `None` where Ctrl+C stopped it. A bar shows after a
/// second.
///
/// # Errors
/// Where an example cannot be read.
pub fn check(
    subject: &Subject,
    data: &Dataset,
    part: Split,
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
            let example = data.example(part, spread(data, part, count, k))?;
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

/// Pixels and classes -> a network's inputs and targets.
///
/// # Errors
/// Where there are none or they are not alike, which is a mistake in this program.
pub fn inputs(
    network: &Network,
    preprocess: &Preprocess,
    examples: &[(Tensor, usize)],
) -> Result<(Tensor, Tensor), CliError> {
    stack(examples, |pixels| preprocess.apply(pixels), network.output()).ok_or_else(|| {
        CliError("expected examples of one shape, got others; report this as a mistake".into())
    })
}

/// Examples to a batch: all values of a batch are there at once.
fn at_once(network: &Network) -> usize {
    const MOST_NUMBERS: usize = 16 << 20;
    let image: usize = network.layers.iter().map(|layer| layer.output.iter().product::<usize>()).sum();
    (MOST_NUMBERS / image.max(1)).clamp(1, 64)
}
