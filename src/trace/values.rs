//! A plan with the numbers of one training step: what each step computes, and why a cell is what
//! it is.

use super::address::{Address, Grain, Pass, Place};
use super::plan::Plan;
use super::rules;
use super::tensor_id::{Owner, TensorId};
use super::term::{Operand, Start, Term};
use crate::nn::{
    Execution, Params, Part, Parts, Values,
    optimizer::{Moments, Optimizer, Updated},
};
use crate::tensor::{Tensor, shape_of};
use std::{ops::Range, sync::Arc};

/// One step with its numbers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Step {
    /// Where it is; its grain is [`Grain::Term`].
    pub address: Address,
    /// The operation and where its operands come from.
    pub term: Term,
    /// The operands' values, a and b; 0 where there is none.
    pub values: [f32; 2],
    /// The running value before.
    pub before: f32,
    /// The running value after.
    pub after: f32,
}

impl Step {
    /// What it brings to a sum; `None` where it adds nothing.
    pub fn product(&self) -> Option<f32> {
        self.term.op.product(self.values[0], self.values[1])
    }
}

/// A cell with its terms.
#[derive(Clone, PartialEq, Debug)]
pub struct CellFold {
    /// Where it is; its grain is [`Grain::Cell`].
    pub address: Address,
    /// The running value before the first term.
    pub start: f32,
    /// The terms in order.
    pub steps: Vec<Step>,
    /// The running value after the last: the tensor's value, bit for bit.
    pub value: f32,
}

/// How far a tensor's making has come at a cursor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StageProgress {
    /// Cells done, in row-major order.
    pub done: u32,
    /// Terms done of the cell after them.
    pub terms: u32,
    /// All its cells.
    pub cells: u32,
}

impl StageProgress {
    /// Nothing is left to do.
    pub const fn is_complete(&self) -> bool {
        self.done == self.cells
    }
    /// Nothing has been done.
    pub const fn is_untouched(&self) -> bool {
        self.done == 0 && self.terms == 0
    }
}

/// The plan and the numbers of one training step. Copies share the numbers.
#[derive(Clone, Debug)]
pub struct Trace {
    plan: Arc<Plan>,
    time: u32,
    params: Arc<Params>,
    moments: Arc<Moments>,
    target: Tensor,
    values: Arc<Values>,
    updated: Arc<Updated>,
    reached: Pass,
}

impl Trace {
    /// Runs training step `time` once: forward, loss, backward and update.
    ///
    /// input: (N, C, H, W) and target: (N, output) must fit the plan, and the moments must have seen `time`
    /// updates: the address gives the step of Adam's correction.
    pub fn new(
        plan: Arc<Plan>,
        time: u32,
        params: Arc<Params>,
        moments: Arc<Moments>,
        input: &Tensor,
        target: Tensor,
    ) -> Self {
        let setup = plan.setup();
        let values = plan.network().forward(&params, input, setup.mode, plan.stream(time));
        let mut trace = Self::from_forward(plan, time, params, moments, values, target);
        trace.compute_to(Pass::Update, Execution::SERIAL);
        trace
    }

    /// The trace as far as the loss, from what [`crate::nn::Network::forward`] made.
    pub fn from_forward(
        plan: Arc<Plan>,
        time: u32,
        params: Arc<Params>,
        moments: Arc<Moments>,
        mut values: Values,
        target: Tensor,
    ) -> Self {
        debug_assert_eq!(moments.steps, u64::from(time), "the moments are those before step `time`");
        plan.network().add_loss(&mut values, &target);
        let updated = Updated { layers: vec![Parts::default(); plan.network().layers.len()] };
        let (values, updated) = (Arc::new(values), Arc::new(updated));
        Self { plan, time, params, moments, target, values, updated, reached: Pass::Loss }
    }

    /// The last pass whose values have been computed: the loss, backward or the update. The tensors of a later
    /// one are not there.
    pub const fn reached(&self) -> Pass {
        self.reached
    }

    /// Computes the values up to and with a pass; false if cancelled.
    pub fn compute_to(&mut self, to: Pass, exec: Execution) -> bool {
        let network = Arc::clone(self.plan.network());
        if to >= Pass::Bwd && self.reached < Pass::Bwd {
            let mode = self.plan.setup().mode;
            // Copies of this trace keep the values that they have.
            let values = Arc::make_mut(&mut self.values);
            if !network.add_gradients(&self.params, values, &self.target, mode, exec) {
                return false;
            }
            self.reached = Pass::Bwd;
        }
        if to >= Pass::Update && self.reached < Pass::Update {
            let optimizer = self.plan.setup().optimizer;
            self.updated = Arc::new(optimizer.update(&network, &self.params, &self.moments, &self.values));
            self.reached = Pass::Update;
        }
        true
    }

    /// The trace of the training step after this one, on the same pictures; this one has reached the update.
    /// The next step, computed to the loss; `None` if cancelled.
    pub fn next_loss(&self, exec: Execution) -> Option<Self> {
        debug_assert_eq!(self.reached, Pass::Update, "the next step starts from this one's update");
        self.at(self.time + 1, Arc::new(self.params_after()), Arc::new(self.moments_after()), exec)
    }

    /// The trace of training step `time`, on the same pictures, with the parameters and moments before it.
    /// The next step, computed to the loss; `None` if cancelled.
    pub fn at(&self, time: u32, params: Arc<Params>, moments: Arc<Moments>, exec: Execution) -> Option<Self> {
        let (plan, target) = (Arc::clone(&self.plan), self.target.clone());
        let (mode, stream) = (plan.setup().mode, plan.stream(time));
        let values = plan.network().forward_with(&params, &self.values.input, mode, stream, exec)?;
        Some(Self::from_forward(plan, time, params, moments, values, target))
    }

    /// The next step with all its values.
    pub fn next(&self) -> Self {
        let (params, moments) = (self.params_after(), self.moments_after());
        let (plan, target) = (Arc::clone(&self.plan), self.target.clone());
        Self::new(plan, self.time + 1, Arc::new(params), Arc::new(moments), &self.values.input, target)
    }

    /// The plan.
    pub const fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The training step.
    pub const fn time(&self) -> u32 {
        self.time
    }

    /// The parameters before the step.
    pub const fn params(&self) -> &Arc<Params> {
        &self.params
    }

    /// The optimizer's moments before the step.
    pub const fn moments(&self) -> &Arc<Moments> {
        &self.moments
    }

    /// The parameters after the step.
    pub fn params_after(&self) -> Params {
        self.updated.params(&self.params)
    }

    /// The moments after the step.
    pub fn moments_after(&self) -> Moments {
        self.updated.moments(&self.moments)
    }

    /// The targets of the loss, (N, output).
    pub const fn target(&self) -> &Tensor {
        &self.target
    }

    /// Everything that the network computed.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The mean loss of the batch before the update.
    pub fn loss_before(&self) -> f32 {
        self.values.mean_loss()
    }

    /// The mean loss of the same batch with the parameters after the update; one forward pass.
    pub fn loss_after(&self) -> f32 {
        self.loss_with(&self.params_after())
    }

    /// The same after the update that another optimizer would make; the trace has reached the backward pass.
    pub fn loss_after_update_by(&self, optimizer: &Optimizer) -> f32 {
        let updated = optimizer.update(self.plan.network(), &self.params, &self.moments, &self.values);
        self.loss_with(&updated.params(&self.params))
    }

    fn loss_with(&self, params: &Params) -> f32 {
        let (plan, network) = (&self.plan, self.plan.network());
        let mut values =
            network.forward(params, &self.values.input, plan.setup().mode, plan.stream(self.time));
        values.loss = network.loss_forward(values.output(), &self.target);
        values.mean_loss()
    }

    /// A tensor as an operand finds it: a parameter is the one before the update, a gradient is
    /// summed over the batch.
    pub fn tensor(&self, tensor: TensorId) -> Option<&Tensor> {
        match (tensor.owner, tensor.part) {
            (Owner::Input, Part::Dy) => self.values.picture.get(Part::Dy),
            (Owner::Input, _) => Some(&self.values.input),
            (Owner::Loss, Part::Target) => Some(&self.target),
            (Owner::Loss, part) => self.values.loss.get(part),
            (Owner::Layer(l), part) => {
                let l = l as usize;
                self.params.0[l]
                    .get(part)
                    .or_else(|| self.values.layers[l].get(part))
                    .or_else(|| self.updated.layers[l].get(part))
            }
        }
    }

    /// A parameter, moment or average as the update leaves it.
    pub fn updated_tensor(&self, tensor: TensorId) -> Option<&Tensor> {
        match tensor.owner {
            Owner::Layer(l) => self.updated.layers[l as usize].get(tensor.part),
            Owner::Loss => self.values.loss.get(tensor.part),
            Owner::Input => None,
        }
    }

    /// One cell of a tensor, as an operand finds it; NaN where there is no such tensor.
    pub fn value(&self, tensor: TensorId, image: u32, index: u32) -> f32 {
        self.tensor(tensor).map_or(f32::NAN, |cells| {
            let offset = if tensor.is_per_image() {
                let shape = shape_of(cells);
                image as usize * (shape.len() / shape.0[0])
            } else {
                0
            };
            nth(cells, offset + index as usize)
        })
    }

    /// The value of an operand.
    pub fn operand(&self, operand: &Operand) -> f32 {
        match *operand {
            Operand::Cell { tensor, image, index } => self.value(tensor, image, index),
            Operand::Constant { value, .. } | Operand::Padding { value } => value,
        }
    }

    /// Where an operand's cell was last written; `None` for a constant and for padding.
    pub fn writer(&self, operand: &Operand) -> Option<Address> {
        self.plan.last_writer(operand, self.time)
    }

    /// The running value of a cell of a batch's gradient after each of the first images, each continuing from
    /// the one before; empty where the address is of no such cell. One fold over all of them.
    pub fn by_image(&self, address: &Address, images: u32) -> Vec<f32> {
        let Some(s) = address.stage() else { return Vec::new() };
        let stage = &self.plan.stages()[s];
        match rules::start(&self.plan, stage) {
            Start::ImageBefore => self.image_by_image(address, stage.terms, images).collect(),
            Start::Number(_) | Start::BeforeUpdate => Vec::new(),
        }
    }

    fn image_by_image(&self, address: &Address, terms: u32, images: u32) -> impl Iterator<Item = f32> {
        (0..images).scan(0.0, move |running, image| {
            let one = address.whole_cell().with_image(image);
            *running = self.fold_from(*running, &one, terms, |_| {});
            Some(*running)
        })
    }

    /// What a cell starts from.
    fn start(&self, address: &Address) -> f32 {
        let Some(s) = address.stage() else { return 0.0 };
        let stage = &self.plan.stages()[s];
        match rules::start(&self.plan, stage) {
            Start::Number(number) => number,
            Start::ImageBefore => {
                self.image_by_image(address, stage.terms, address.image()).last().unwrap_or(0.0)
            }
            Start::BeforeUpdate => match stage.tensor.owner {
                Owner::Layer(l) => {
                    let parts = [Some(&self.params.0[l as usize]), self.moments.layers.get(l as usize)];
                    let before = parts.into_iter().flatten().find_map(|parts| parts.get(stage.tensor.part));
                    before.map_or(0.0, |cells| nth(cells, address.cell() as usize))
                }
                Owner::Input | Owner::Loss => 0.0,
            },
        }
    }

    /// Folds the first `terms` terms of a cell; `each` sees every step. Returns the running value:
    /// for a given cell its value.
    fn fold(&self, address: &Address, terms: u32, each: impl FnMut(Step)) -> f32 {
        match address.place() {
            Place::Given(tensor) => self.value(tensor, address.image(), address.cell()),
            Place::Stage(_) => self.fold_from(self.start(address), address, terms, each),
        }
    }

    /// The same, starting from a running value.
    fn fold_from(&self, start: f32, address: &Address, terms: u32, mut each: impl FnMut(Step)) -> f32 {
        let Some(s) = address.stage() else { return start };
        let stage = &self.plan.stages()[s];
        let mut running = start;
        for m in 0..terms.min(stage.terms) {
            let term = rules::term(&self.plan, self.time, stage, address.image(), address.cell(), m);
            let values = term.operands.map(|operand| operand.map_or(0.0, |operand| self.operand(&operand)));
            let after = term.op.apply(running, values[0], values[1]);
            each(Step { address: address.with_term(m), term, values, before: running, after });
            running = after;
        }
        running
    }

    /// What the step at an address computes: its term, or the last term of the unit it names.
    /// `None` for a given tensor, and for an address of another training step.
    pub fn step(&self, address: &Address) -> Option<Step> {
        if address.time() != self.time {
            return None;
        }
        let address = if address.grain() == Grain::Term {
            *address
        } else {
            self.plan.locate(self.plan.steps(address)?.end - 1, Grain::Term)
        };
        let mut last = None;
        self.fold(&address, address.term() + 1, |step| last = Some(step));
        last
    }

    /// A cell with all its terms: why it is what it is. A given cell has none.
    pub fn cell(&self, address: &Address) -> CellFold {
        self.cell_until(address, u32::MAX)
    }

    /// The same with the first `terms` terms only.
    pub fn cell_until(&self, address: &Address, terms: u32) -> CellFold {
        let address = address.whole_cell();
        let mut steps = Vec::new();
        if let Place::Given(_) = address.place() {
            let value = self.fold(&address, 0, |_| {});
            return CellFold { address, start: value, steps, value };
        }
        let start = self.start(&address);
        let value = self.fold_from(start, &address, terms, |step| steps.push(step));
        CellFold { address, start, steps, value }
    }

    /// The running value of a cell after `terms` of its terms.
    pub fn running(&self, address: &Address, terms: u32) -> f32 {
        self.fold(address, terms, |_| {})
    }

    /// The finished value of a stage's cell, without folding where a tensor has it.
    pub fn finished(&self, address: &Address) -> f32 {
        let Some(s) = address.stage() else {
            return self.fold(address, 0, |_| {});
        };
        let stage = &self.plan.stages()[s];
        let is_partial = rules::start(&self.plan, stage) == Start::ImageBefore
            && address.image() + 1 < self.plan.repeats();
        if is_partial {
            return self.running(address, stage.terms);
        }
        let tensor = if stage.pass == Pass::Update {
            self.updated_tensor(stage.tensor)
        } else {
            self.tensor(stage.tensor)
        };
        let offset = if stage.per_image && !self.plan.is_layered() {
            address.image() as usize * stage.shape.len()
        } else {
            0
        };
        tensor.map_or(f32::NAN, |cells| nth(cells, offset + address.cell() as usize))
    }

    /// The formula of an address's stage in symbols.
    pub fn formula(&self, address: &Address) -> Option<&'static str> {
        self.plan.stage_at(address).map(|stage| rules::formula(&self.plan, stage))
    }

    /// The terms of this training step that read a cell as this address made it, in the order in
    /// which they run, at most `limit` of them. A parameter's cell is made by the update of the step
    /// before.
    pub fn readers(&self, address: &Address, limit: usize) -> Vec<Address> {
        let mut found = Vec::new();
        for (stage, image) in self.stages_in_order() {
            if found.len() >= limit {
                break;
            }
            self.readers_in(address, stage, image, limit, &mut found);
        }
        found
    }

    /// The first reader of a cell at or after step `from` of the run.
    pub fn next_reader(&self, address: &Address, from: u64) -> Option<Address> {
        self.stages_in_order().find_map(|(stage, image)| {
            let mut first = None;
            if self.stage_steps(stage, image).end > from {
                self.each_reader(address, stage, image, &mut |reader| {
                    if first.is_none() && self.plan.steps(&reader).is_some_and(|steps| steps.start >= from) {
                        first = Some(reader);
                    }
                });
            }
            first
        })
    }

    /// Every stage with the image it runs for.
    pub(super) fn stages_in_order(&self) -> impl DoubleEndedIterator<Item = (usize, u32)> + '_ {
        let update = self.plan.pass_stages(Pass::Update);
        let images =
            (0..self.plan.repeats()).flat_map(move |image| (0..update.start).map(move |s| (s, image)));
        images.chain(self.plan.pass_stages(Pass::Update).map(|s| (s, 0)))
    }

    /// The terms of one stage, run for one image, that read a cell as this address made it; they are
    /// added to `found` until it has `limit`.
    pub fn readers_in(
        &self,
        address: &Address,
        stage: usize,
        image: u32,
        limit: usize,
        found: &mut Vec<Address>,
    ) {
        self.each_reader(address, stage, image, &mut |reader| {
            if found.len() < limit {
                found.push(reader);
            }
        });
    }

    fn each_reader(&self, address: &Address, stage: usize, image: u32, each: &mut dyn FnMut(Address)) {
        let Some((tensor, of_image, index)) = self.tensor_cell(address) else { return };
        let reader = &self.plan.stages()[stage];
        // An image's pass reads its own image; a pass over all images, and the update, any.
        let is_of_all = self.plan.is_layered() || reader.pass == Pass::Update;
        let from_image = if is_of_all { of_image } else { image };
        let made = match address.place() {
            Place::Given(_) => self.plan.writer(tensor, address.time(), of_image, index),
            Place::Stage(_) => address.whole_cell(),
        };
        if self.plan.writer(tensor, self.time, from_image, index) != made {
            return;
        }
        rules::readers(&self.plan, reader, tensor, from_image, index, &mut |cell, term| {
            each(Address::stage_cell(self.time, image, stage, cell).with_term(term));
        });
    }

    /// The steps of one stage, run for one image.
    pub(super) fn stage_steps(&self, stage: usize, image: u32) -> Range<u64> {
        let whole = Address::whole_stage(self.time, image, stage);
        self.plan.steps(&whole).unwrap_or(0..0)
    }

    /// The tensor, image and cell within it that an address names.
    pub fn tensor_cell(&self, address: &Address) -> Option<(TensorId, u32, u32)> {
        match address.place() {
            Place::Given(tensor) => Some((tensor, address.image(), address.cell())),
            Place::Stage(s) => {
                let stage = self.plan.stages().get(s as usize)?;
                if self.plan.is_layered() && stage.per_image {
                    let one = (stage.shape.len() / stage.shape.0[0]) as u32;
                    Some((stage.tensor, address.cell() / one, address.cell() % one))
                } else {
                    let image = if stage.per_image { address.image() } else { 0 };
                    Some((stage.tensor, image, address.cell()))
                }
            }
        }
    }

    /// How far the making of stage `stage` for image `image` has come when the run's first `at`
    /// steps are done.
    pub fn progress(&self, stage: usize, image: u32, at: u64) -> StageProgress {
        let spec = &self.plan.stages()[stage];
        let cells = spec.cells() as u32;
        let steps = self.stage_steps(stage, image);
        let done = at.clamp(steps.start, steps.end) - steps.start;
        StageProgress {
            done: (done / u64::from(spec.terms)) as u32,
            terms: (done % u64::from(spec.terms)) as u32,
            cells,
        }
    }
}

/// The cell with this row-major number.
fn nth(cells: &Tensor, index: usize) -> f32 {
    match cells.as_slice() {
        Some(cells) => cells.get(index).copied(),
        None => cells.iter().nth(index).copied(),
    }
    .unwrap_or(f32::NAN)
}
