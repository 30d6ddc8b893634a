//! The scale of the timeline: from steps of a training step to places on a line, and back.
//!
//! Stages differ in length by factors of millions, so a stage's width is a small fixed part, the
//! same for all, plus a part that goes with the square root of its steps. Within a stage the scale
//! is linear. The timeline names the scale beside it.

use crate::trace::{Address, Pass, Plan};
use std::ops::Range;

/// What a stretch of the line stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// A stage, made for an image.
    Stage {
        /// Its number in the plan.
        stage: usize,
        /// The image.
        image: u32,
    },
    /// All stages of an image before the update: where there are many images, all but one.
    Image(u32),
}

/// A stretch of the line.
#[derive(Clone, PartialEq, Debug)]
pub struct Segment {
    /// What it stands for.
    pub unit: Unit,
    /// Its steps, counted from the start of the training step.
    pub steps: Range<u64>,
    /// Its place on the line, from 0 to the line's length.
    pub x: Range<f64>,
}

/// One training step on a line.
#[derive(Clone, PartialEq, Debug)]
pub struct TimeScale {
    segments: Vec<Segment>,
    length: f64,
}

/// The fixed part of a stage's width in points.
const LEAST: f64 = 5.0;
/// Where the fixed parts would take more than this share of the line, they become smaller.
const LEAST_SHARE: f64 = 0.45;
/// Up to this many images show their stages.
const FEW_IMAGES: u32 = 3;

impl TimeScale {
    /// The scale of a training step of a plan on a line of this length; of many images, only `image`
    /// shows its stages.
    pub fn new(plan: &Plan, image: u32, length: f32) -> Self {
        let length = f64::from(length.max(1.0));
        let mut units: Vec<(Unit, Range<u64>)> = Vec::new();
        let update = plan.pass_stages(Pass::Update);
        let steps_of =
            |stage: usize, image: u32| plan.steps(&Address::whole_stage(0, image, stage)).unwrap_or(0..0);
        for n in 0..plan.repeats() {
            if plan.repeats() <= FEW_IMAGES || n == image {
                units.extend(
                    (0..update.start).map(|stage| (Unit::Stage { stage, image: n }, steps_of(stage, n))),
                );
            } else {
                let steps = steps_of(0, n).start..steps_of(update.start.saturating_sub(1), n).end;
                units.push((Unit::Image(n), steps));
            }
        }
        units.extend(update.map(|stage| (Unit::Stage { stage, image: 0 }, steps_of(stage, 0))));

        let weight = |steps: &Range<u64>| ((steps.end - steps.start) as f64).sqrt();
        let weights: f64 = units.iter().map(|(_, steps)| weight(steps)).sum();
        let least = LEAST.min(LEAST_SHARE * length / units.len().max(1) as f64);
        let rest = length - least * units.len() as f64;
        let mut x = 0.0;
        let last = units.len().saturating_sub(1);
        let segments = units.into_iter().enumerate().map(|(n, (unit, steps))| {
            let left = x;
            x = if n == last { length } else { left + least + rest * weight(&steps) / weights.max(1.0) };
            Segment { unit, steps, x: left..x }
        });
        Self { segments: segments.collect(), length }
    }

    /// The length of the line.
    pub fn length(&self) -> f64 {
        self.length
    }

    /// The stretches in order; they cover the line.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The place before step `step`, counted from the start of the training step; past the last step
    /// it is the end of the line.
    pub fn x_of(&self, step: u64) -> f64 {
        let at = self.segments.partition_point(|segment| segment.steps.end <= step);
        self.segments.get(at).map_or(self.length, |segment| {
            let within = step.saturating_sub(segment.steps.start) as f64;
            let all = (segment.steps.end - segment.steps.start) as f64;
            segment.x.start + (segment.x.end - segment.x.start) * (within / all)
        })
    }

    /// The step at a place; the first or the last one beyond the ends.
    pub fn step_at(&self, x: f64) -> u64 {
        let at = self.segments.partition_point(|segment| segment.x.end <= x);
        let Some(segment) = self.segments.get(at).or(self.segments.last()) else { return 0 };
        let share = ((x - segment.x.start) / (segment.x.end - segment.x.start)).clamp(0.0, 1.0);
        let all = segment.steps.end - segment.steps.start;
        let within = (share * all as f64).floor() as u64;
        segment.steps.start + within.min(all.saturating_sub(1))
    }

    /// The stretch of the line that some steps take.
    pub fn range_of(&self, steps: &Range<u64>) -> Range<f64> {
        self.x_of(steps.start)..self.x_of(steps.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_io::bundled;
    use crate::trace::Setup;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn plan(model: &str, images: u32) -> Plan {
        let model = bundled::load(model).expect("bundled");
        Plan::new(Arc::new(model.network), Setup { images, ..Setup::default() })
    }

    proptest! {
        #[test]
        fn place_and_step_are_inverse_and_monotone(
            model in prop::sample::select(vec!["photos", "shapes", "digits", "mnist"]), images in 1u32..9, length in 300.0f32..3000.0, share in 0.0f64..1.0,
        ) {
            let plan = plan(model, images);
            let scale = TimeScale::new(&plan, images / 2, length);
            let step = ((plan.len() - 1) as f64 * share) as u64;
            let (from, to) = (scale.x_of(step), scale.x_of(step + 1));
            prop_assert!(from < to, "{from} {to}");
            prop_assert_eq!(scale.step_at(0.5 * (from + to)), step);
            let x = f64::from(length) * share;
            let found = scale.step_at(x);
            prop_assert!(scale.x_of(found) <= x + 1e-6 && x <= scale.x_of(found + 1) + 1e-6);
        }
    }

    #[test]
    fn the_stretches_cover_line_and_steps() {
        for (model, images) in [("photos", 1), ("shapes", 2), ("digits", 1), ("photos", 7)] {
            let plan = plan(model, images);
            let scale = TimeScale::new(&plan, 0, 900.0);
            let segments = scale.segments();
            assert_eq!((segments[0].steps.start, segments[0].x.start), (0, 0.0));
            for pair in segments.windows(2) {
                assert_eq!(pair[0].steps.end, pair[1].steps.start);
                assert_eq!(pair[0].x.end, pair[1].x.start);
                assert!(pair[0].x.end - pair[0].x.start >= 2.0);
            }
            let last = segments.last().expect("some");
            assert_eq!((last.steps.end, last.x.end), (plan.len(), 900.0));
            assert_eq!(scale.x_of(u64::MAX), 900.0);
            assert_eq!(scale.step_at(-5.0), 0);
            assert_eq!(scale.step_at(1e9), plan.len() - 1);
        }
    }

    #[test]
    fn a_longer_stage_is_wider() {
        let plan = plan("photos", 1);
        let scale = TimeScale::new(&plan, 0, 1000.0);
        for a in scale.segments() {
            for b in scale.segments() {
                let (a_len, b_len) = (a.steps.end - a.steps.start, b.steps.end - b.steps.start);
                if a_len > b_len {
                    assert!(a.x.end - a.x.start > b.x.end - b.x.start - 1e-9);
                }
            }
        }
    }
}
