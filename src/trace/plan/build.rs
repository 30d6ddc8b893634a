//! Builds a plan: the rules list the stages of each pass, and the plan counts their steps.

use super::{NONE, Plan, Setup, Stage};
use crate::nn::{Network, Part};
use crate::tensor::{Shape, ShapeError};
use crate::trace::{address::Pass, rules, tensor_id::TensorId};
use std::sync::Arc;

/// The most layers of a network that has a plan, so that no plan has [`NONE`] stages.
const MAX_LAYERS: usize = 2000;

fn too_many_steps() -> ShapeError {
    ShapeError(format!("expected a run of at most {} steps, got more; use fewer epochs or images", u64::MAX))
}

impl Plan {
    /// The plan of a training step.
    ///
    /// # Panics
    /// Where [`Plan::try_new`] gives an error: for a network or a run of a size that no machine holds.
    pub fn new(network: Arc<Network>, setup: Setup) -> Self {
        match Self::try_new(network, setup) {
            Ok(plan) => plan,
            Err(error) => panic!("{error}"),
        }
    }

    /// The plan of a training step.
    ///
    /// # Errors
    /// Where the cells or terms of a stage cannot be counted in 32 bits, or the steps of the run in 64.
    pub fn try_new(network: Arc<Network>, setup: Setup) -> Result<Self, ShapeError> {
        let setup = Setup {
            images: setup.images.max(1),
            batches: setup.batches.max(1),
            epochs: setup.epochs.max(1),
            ..setup
        };
        if network.layers.len() > MAX_LAYERS {
            return Err(ShapeError(format!(
                "expected at most {MAX_LAYERS} layers, got {}; use a smaller network",
                network.layers.len()
            )));
        }
        let layered = network.couples_images(setup.mode);
        let mut plan = Self {
            stage_of: vec![NONE; (network.layers.len() + 2) * Part::ALL.len()],
            network,
            setup,
            layered,
            stages: Vec::new(),
            passes: [0..0, 0..0, 0..0, 0..0],
            image_len: 0,
            update_len: 0,
        };
        let mut start = 0;
        for pass in Pass::ALL {
            if pass == Pass::Update {
                plan.image_len = std::mem::take(&mut start);
            }
            let first = plan.stages.len();
            for (tensor, shape, terms) in rules::stages(&plan, pass) {
                let stage = plan.stage(pass, tensor, shape, terms, start)?;
                start = start.checked_add(stage.steps()).ok_or_else(too_many_steps)?;
                plan.stages.push(stage);
            }
            plan.passes[pass as usize] = first..plan.stages.len();
        }
        plan.update_len = start;
        if plan.stages.len() >= usize::from(NONE) {
            return Err(ShapeError(format!(
                "expected fewer than {NONE} stages of a training step, got {}; use a smaller network",
                plan.stages.len()
            )));
        }
        for s in 0..plan.stages.len() {
            let tensor = plan.stages[s].tensor;
            let slot = plan.slot(tensor);
            // The gradients of a join's inputs follow one another: the first one's number tells the others'.
            if !matches!(tensor.part, Part::DxOf(1..)) {
                plan.stage_of[slot] = s as u16;
            }
        }
        let step = plan.image_len.checked_mul(u64::from(plan.repeats()));
        let step = step.and_then(|images| images.checked_add(plan.update_len));
        let times = setup.epochs.checked_mul(setup.batches);
        let run = step.zip(times).and_then(|(step, times)| step.checked_mul(u64::from(times)));
        run.map(|_| plan).ok_or_else(too_many_steps)
    }

    /// A stage whose cells and terms can be counted.
    fn stage(
        &self,
        pass: Pass,
        tensor: TensorId,
        shape: Shape,
        terms: usize,
        start: u64,
    ) -> Result<Stage, ShapeError> {
        let per_image = tensor.is_per_image();
        let images = if per_image && self.layered { self.setup.images as usize } else { 1 };
        let shape = Shape::new(shape.0[0] * images, shape.0[1], shape.0[2], shape.0[3]);
        match (u32::try_from(shape.len()), u32::try_from(terms)) {
            (Ok(_), Ok(terms)) => Ok(Stage { pass, tensor, shape, terms, per_image, start }),
            _ => Err(ShapeError(format!(
                "{}: expected at most {} cells and as many terms of each, got {} and {terms}; use fewer images in a \
                 batch or a smaller network",
                self.name(tensor),
                u32::MAX,
                shape.len()
            ))),
        }
    }
}
