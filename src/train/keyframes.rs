//! Keyframes: weights and moments kept before some steps of a run, densely for recent steps and sparsely for old
//! ones.

use crate::nn::{Params, optimizer::Moments};
use std::{collections::BTreeMap, sync::Arc};

/// The state of a network before a step.
#[derive(Clone, PartialEq, Debug)]
pub struct Keyframe {
    /// The parameters.
    pub params: Arc<Params>,
    /// The optimizer's moments.
    pub moments: Arc<Moments>,
}

impl Keyframe {
    /// Its size in bytes.
    pub fn bytes(&self) -> usize {
        self.params.bytes() + self.moments.bytes()
    }
}

/// Keyframes by the number of the step they precede.
#[derive(Clone, PartialEq, Debug)]
pub struct Keyframes {
    kept: BTreeMap<u32, Keyframe>,
    /// Steps whose keyframe is never dropped: the first one, and those where the user edited something.
    pinned: Vec<u32>,
}

impl Keyframes {
    /// The most bytes of all keyframes together, provided that two of them fit.
    pub const MAX_BYTES: usize = 256 << 20;
    /// The most keyframes.
    pub const MAX_COUNT: usize = 64;

    /// Contains the first keyframe, at step 0.
    pub fn new(first: Keyframe) -> Self {
        Self { kept: BTreeMap::from([(0, first)]), pinned: vec![0] }
    }

    /// Restores keyframes from their steps; the flag marks those that are never dropped.
    pub fn restored(kept: impl IntoIterator<Item = (u32, Keyframe, bool)>) -> Self {
        let mut frames = Self { kept: BTreeMap::new(), pinned: Vec::new() };
        for (time, frame, is_pinned) in kept {
            frames.kept.insert(time, frame);
            frames.pinned.extend(is_pinned.then_some(time));
        }
        frames
    }

    /// Adds a keyframe; if there are too many, drops every other one of the older half.
    pub fn insert(&mut self, time: u32, frame: Keyframe) {
        let most = (Self::MAX_BYTES / frame.bytes().max(1)).clamp(2, Self::MAX_COUNT);
        self.kept.insert(time, frame);
        if self.kept.len() > most.max(self.pinned.len() + 1) {
            let free = |time: &&u32| !self.pinned.contains(time);
            let older: Vec<u32> = self.kept.keys().filter(free).copied().collect();
            let half = older.len().div_ceil(2);
            for time in older[..half].iter().step_by(2) {
                self.kept.remove(time);
            }
        }
    }

    /// Adds a keyframe that is never dropped.
    pub fn pin(&mut self, time: u32, frame: Keyframe) {
        self.kept.insert(time, frame);
        if !self.pinned.contains(&time) {
            self.pinned.push(time);
        }
    }

    /// The nearest keyframe at or before a step.
    pub fn before(&self, time: u32) -> Option<(u32, &Keyframe)> {
        self.kept.range(..=time).next_back().map(|(&time, frame)| (time, frame))
    }

    /// Only the keyframes up to a step.
    #[must_use]
    pub fn until(&self, time: u32) -> Self {
        let kept = self.kept.range(..=time).map(|(&time, frame)| (time, frame.clone())).collect();
        Self { kept, pinned: self.pinned.iter().copied().filter(|&pinned| pinned <= time).collect() }
    }

    /// Only the pinned keyframes, and the nearest one before each of these steps.
    #[must_use]
    pub fn only(&self, times: &[u32]) -> Self {
        let nearest = times.iter().filter_map(|&time| Some(self.before(time)?.0));
        let wanted: Vec<u32> = nearest.chain(self.pinned.iter().copied()).collect();
        let kept = self.iter().filter(|(time, _)| wanted.contains(time));
        Self { kept: kept.map(|(time, frame)| (time, frame.clone())).collect(), pinned: self.pinned.clone() }
    }

    /// All keyframes, in the order of their steps.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Keyframe)> {
        self.kept.iter().map(|(&time, frame)| (time, frame))
    }

    /// Whether a step has a keyframe.
    pub fn has(&self, time: u32) -> bool {
        self.kept.contains_key(&time)
    }

    /// Whether the keyframe at a step is never dropped.
    pub fn is_pinned(&self, time: u32) -> bool {
        self.pinned.contains(&time)
    }

    /// The steps that have a keyframe.
    pub fn times(&self) -> impl Iterator<Item = u32> {
        self.kept.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Part, Parts};
    use crate::tensor::Tensor;

    fn frame(cells: usize) -> Keyframe {
        let mut parts = Parts::default();
        parts.set(Part::Weight, Tensor::zeros((1, cells, 1, 1)));
        Keyframe { params: Arc::new(Params(vec![parts])), moments: Arc::default() }
    }

    #[test]
    fn old_ones_thin_out_and_the_first_stays() {
        let mut kept = Keyframes::new(frame(1));
        for time in 1..10_000 {
            kept.insert(time, frame(1));
            assert!(kept.times().count() <= Keyframes::MAX_COUNT);
        }
        let times: Vec<u32> = kept.times().collect();
        assert_eq!((times[0], times[times.len() - 1]), (0, 9_999));
        // The latest are close together, the oldest far apart.
        let gap = |k: usize| times[k + 1] - times[k];
        assert!(gap(times.len() - 2) == 1 && gap(0) > 1_000, "{times:?}");
        assert_eq!(kept.before(9_999).map(|(time, _)| time), Some(9_999));
        assert!(kept.before(5).is_some_and(|(time, _)| time == 0));
    }

    #[test]
    fn memory_is_bounded_and_a_pin_stays() {
        let cells = Keyframes::MAX_BYTES / size_of::<f32>() / 3;
        // Clones share their numbers; only the size counts here.
        let large = frame(cells);
        let mut kept = Keyframes::new(large.clone());
        kept.pin(2, large.clone());
        for time in 3..20 {
            kept.insert(time, large.clone());
            assert!(kept.times().count() <= 3, "{:?}", kept.times().collect::<Vec<_>>());
        }
        assert!(kept.times().any(|time| time == 2));
        assert_eq!(kept.until(2).times().collect::<Vec<_>>(), [0, 2]);
    }
}
