//! One plane of a tensor as views show it: its cells with their states at the cursor, its colours,
//! its addresses and its words.

use super::{
    colormap::{MapKind, Mapping, ValueRange},
    names, number,
    summary::summary,
    view::{Legend, View},
    widgets::grid::{CellState, CellView},
};
use crate::app::Scale;
use crate::nn::{Op, Part, Source};
use crate::tensor::{Shape, shape_of};
use crate::trace::{Address, Owner, Pass, StageProgress, TensorId};

/// Which plane.
#[derive(Clone, Copy)]
pub struct TensorPlane<'a> {
    view: &'a View<'a>,
    tensor: TensorId,
    image: u32,
    /// Its number among the planes of the image's tensor, or of the parameter.
    channel: usize,
    shape: Shape,
    progress: Option<(usize, StageProgress)>,
    after_update: bool,
}

impl<'a> TensorPlane<'a> {
    /// The plane `channel` of a tensor at the cursor: a parameter is the updated one where
    /// the update has come past it.
    pub fn new(view: &'a View<'a>, tensor: TensorId, image: u32, channel: usize) -> Self {
        Self::build(view, tensor, image, channel, true)
    }

    /// The plane of a parameter before the update.
    pub fn before_update(view: &'a View<'a>, tensor: TensorId, channel: usize) -> Self {
        Self::build(view, tensor, 0, channel, false)
    }

    fn build(view: &'a View<'a>, tensor: TensorId, image: u32, channel: usize, after_update: bool) -> Self {
        let (plan, trace) = (view.state.plan(), view.state.trace());
        let stage = plan.stage_of(tensor).filter(|_| after_update || !tensor.is_parameter());
        let stage_image = match stage {
            Some(s) if plan.stages()[s].pass == Pass::Update || plan.is_layered() => 0,
            _ => image,
        };
        let progress = stage.map(|s| (s, trace.progress(s, stage_image, view.state.cursor().at())));
        Self { view, tensor, image, channel, shape: plan.shape_of(tensor), progress, after_update }
    }

    /// Another plane of the same tensor.
    pub const fn of_map(self, channel: usize) -> Self {
        Self { channel, ..self }
    }

    /// Each plane is a single cell.
    pub const fn is_single(&self) -> bool {
        self.shape.plane() == 1
    }

    /// The tensor.
    pub const fn tensor(&self) -> TensorId {
        self.tensor
    }

    /// The image in the batch.
    pub const fn image(&self) -> u32 {
        self.image
    }

    /// Rows.
    pub const fn rows(&self) -> usize {
        self.shape.0[2]
    }

    /// Columns.
    pub const fn cols(&self) -> usize {
        self.shape.0[3]
    }

    /// How many planes the tensor has.
    pub const fn planes(&self) -> usize {
        self.shape.planes()
    }

    /// The number of a cell within the image's tensor or the parameter.
    pub fn index(&self, i: usize, j: usize) -> u32 {
        (self.channel * self.shape.plane() + i * self.cols() + j) as u32
    }

    /// Where a cell is: in the stage that makes it, or in the given tensor.
    pub fn address(&self, i: usize, j: usize) -> Address {
        self.address_at(self.index(i, j))
    }

    /// The same for any cell of the image's tensor, by its number; it may lie in another plane.
    pub fn address_at(&self, index: u32) -> Address {
        let (plan, time) = (self.view.state.plan(), self.view.state.trace().time());
        if let Some((stage, _)) = self.progress
            && self.tensor.is_parameter()
        {
            return Address::stage_cell(time, 0, stage, index);
        }
        plan.writer(self.tensor, time, self.image, index)
    }

    /// Whether an address names a cell of this plane, and which.
    pub fn cell_of(&self, address: &Address) -> Option<(usize, usize)> {
        let (tensor, image, index) = self.view.state.trace().tensor_cell(address)?;
        let same_image = !tensor.is_per_image() || image == self.image;
        let plane = self.shape.plane();
        (tensor == self.tensor && same_image && index as usize / plane == self.channel).then(|| {
            let within = index as usize % plane;
            (within / self.cols(), within % self.cols())
        })
    }

    /// A cell's value and state at the cursor.
    pub fn cell(&self, i: usize, j: usize) -> CellView {
        self.cell_at(self.index(i, j))
    }

    /// The same for any cell of the image's tensor, by its number; it may lie in another plane.
    pub fn cell_at(&self, index: u32) -> CellView {
        if self.view.state.covers().cell(self.tensor, index) {
            return CellView::not_yet();
        }
        let trace = self.view.state.trace();
        let is_parameter = self.tensor.is_parameter();
        let Some((stage, progress)) = self.progress else {
            return CellView::current(trace.value(self.tensor, self.image, index));
        };
        let plan = self.view.state.plan();
        let in_stage = self.before(stage) + index;
        if in_stage < progress.done {
            return CellView::current(if plan.stages()[stage].pass == Pass::Update {
                trace
                    .updated_tensor(self.tensor)
                    .and_then(|t| t.iter().nth(index as usize).copied())
                    .unwrap_or(f32::NAN)
            } else {
                trace.value(self.tensor, self.image, index)
            });
        }
        if in_stage == progress.done && progress.terms > 0 {
            let value = trace.running(&self.address_at(index), progress.terms);
            return CellView { value, state: CellState::Partial };
        }
        if is_parameter && self.after_update {
            return CellView::current(trace.value(self.tensor, 0, index));
        }
        CellView::not_yet()
    }

    /// Cells of the stage before the image's own: coupled images lie one after another in it.
    fn before(&self, stage: usize) -> u32 {
        let plan = self.view.state.plan();
        let coupled = plan.is_layered() && plan.stages()[stage].per_image;
        if coupled { self.image * self.shape.len() as u32 } else { 0 }
    }

    /// How many of the plane's cells are complete at the cursor.
    pub fn cells_done(&self) -> usize {
        let plane = self.shape.plane();
        let Some((stage, progress)) = self.progress else { return plane };
        let first = self.before(stage) as usize + self.channel * plane;
        (progress.done as usize).saturating_sub(first).min(plane)
    }

    /// Whether every cell of the plane has its final value at the cursor; of a parameter the update has come past it
    /// or has not begun with it.
    pub fn is_complete(&self) -> bool {
        let done = self.cells_done();
        done == self.shape.plane() || self.is_old() && done == 0 && !self.is_worked_on()
    }

    /// Whether any cell of the plane has a value at the cursor.
    pub fn is_map_begun(&self) -> bool {
        self.cells_done() > 0 || self.is_old() || self.is_worked_on()
    }

    /// A parameter has the value before its update until that comes.
    const fn is_old(&self) -> bool {
        self.tensor.is_parameter() && self.after_update
    }

    /// The terms of a cell of the plane are being added up at the cursor.
    fn is_worked_on(&self) -> bool {
        let Some((stage, progress)) = self.progress.filter(|(_, progress)| progress.terms > 0) else {
            return false;
        };
        let first = self.before(stage) as usize + self.channel * self.shape.plane();
        (first..first + self.shape.plane()).contains(&(progress.done as usize))
    }

    /// Whether any cell of the image's tensor has a value at the cursor.
    pub fn is_begun(&self) -> bool {
        let Some((stage, progress)) = self.progress else { return true };
        let before = self.before(stage);
        self.is_old() || progress.done > before || (progress.done == before && progress.terms > 0)
    }

    /// Changes with everything that [`TensorPlane::cell`] shows.
    pub fn revision(&self) -> u64 {
        let plane = self.shape.plane() as u32;
        let start = self.channel as u32 * plane;
        self.revision_of(start..start + plane)
    }

    /// Changes with everything that [`TensorPlane::cell_at`] shows for the cells of a range.
    pub fn revision_of(&self, cells: std::ops::Range<u32>) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.view.state.revision().hash(&mut hasher);
        let covers = self.view.state.covers();
        if covers.any_of(self.tensor) {
            cells.clone().for_each(|cell| covers.cell(self.tensor, cell).hash(&mut hasher));
        }
        (self.tensor, self.image, self.channel, self.after_update).hash(&mut hasher);
        if let Some((stage, progress)) = self.progress {
            // Only what lies in the range.
            let before = self.before(stage);
            let cells = before + cells.start..before + cells.end;
            progress.done.clamp(cells.start, cells.end).hash(&mut hasher);
            cells.contains(&progress.done).then_some(progress.terms).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// The colours: symmetric around zero for what has a sign, sequential for what has none; over
    /// this map, this tensor or the network, as the user chose.
    pub fn mapping(&self) -> Mapping {
        mapping(self.view, self.tensor, self.image, Some(self.channel))
    }

    /// The legend of a mapping of its tensor's values: with a wedge, and the largest value, where some lie beyond.
    pub fn legend(&self, name: &str, mapping: Mapping) -> Legend {
        let channel = (self.view.state.view().scale == Scale::Map).then_some(self.channel);
        let range = value_range(self.view, self.tensor, self.image, channel);
        let goes_on = range.is_some() && (range.max > mapping.hi || range.min < mapping.lo);
        let largest = number::short(range.min.abs().max(range.max.abs()));
        let key = if mapping.kind == MapKind::Diverging { "layer.beyond" } else { "layer.more" };
        let words = if goes_on { self.view.fill(key, &[("value", &largest)]) } else { String::new() };
        Legend { goes_on, ..Legend::new(mapping, words).named(name, None) }
    }

    /// The words for a screen reader.
    pub fn label(&self, cell: Option<(usize, usize)>) -> String {
        let view = self.view;
        match cell {
            None => names::map(view, self.tensor, self.channel),
            Some((i, j)) => {
                let shown = self.cell(i, j);
                let value = match shown.state {
                    CellState::NotYet => view.text("grid.not_yet"),
                    CellState::Partial | CellState::Current | CellState::Stale => {
                        number::four_digits(shown.value)
                    }
                };
                names::cell_and_value(view, self.tensor, self.index(i, j) as usize, &value)
            }
        }
    }
}

/// Whether a tensor's values have a sign that matters.
pub fn is_signed(view: &View, tensor: TensorId) -> bool {
    let unsigned = matches!(
        tensor.part,
        Part::Exp
            | Part::Sum
            | Part::Prob
            | Part::Var
            | Part::InvStd
            | Part::GroupVar
            | Part::GroupInvStd
            | Part::Scale
            | Part::Factor
            | Part::Mask
            | Part::WeightV
            | Part::BiasV
            | Part::RunningVar
            | Part::Target
    );
    if unsigned {
        return false;
    }
    if tensor.part != Part::Out {
        return true;
    }
    let plan = view.state.plan();
    match tensor.owner {
        Owner::Input => input_range(view).is_none_or(|(lo, _)| lo < 0.0),
        Owner::Loss => false,
        Owner::Layer(l) => {
            let l = l as usize;
            match plan.layer(l).op {
                Op::Activation(activation) => activation.range()[0] < 0.0,
                Op::Softmax => false,
                Op::MaxPool2d(_)
                | Op::AvgPool2d(_)
                | Op::Resample2d(_)
                | Op::Flatten
                | Op::PRelu(_)
                | Op::LocalResponseNorm(_)
                | Op::Dropout { .. } => is_signed(view, plan.input_of(l)),
                Op::Conv2d(_)
                | Op::ConvTranspose2d(_)
                | Op::Dense(_)
                | Op::BatchNorm2d(_)
                | Op::GroupNorm(_) => true,
                Op::Add | Op::Multiply | Op::Concat => plan.inputs_of(l).any(|input| is_signed(view, input)),
            }
        }
    }
}

/// The values of a black and of a white pixel, where the input is a picture with the same range in
/// every channel.
pub fn input_range(view: &View) -> Option<(f32, f32)> {
    if matches!(view.state.inputs().picture.content, crate::data::Content::Values(_)) {
        return None;
    }
    let preprocess = &view.state.model().architecture.preprocess;
    let range = |c| (preprocess.value(c, 0.0), preprocess.value(c, 255.0));
    let first = range(0);
    (1..view.state.model().network.input[0]).all(|c| range(c) == first).then_some(first)
}

impl TensorPlane<'_> {
    /// Whether it is the map of a ReLU that lets nothing through: complete, and 0 everywhere.
    pub fn is_dead(&self) -> bool {
        let Owner::Layer(l) = self.tensor.owner else { return false };
        let is_relu = self.view.state.plan().layer(l as usize).op == Op::RELU;
        let (rows, cols) = (self.rows(), self.cols());
        is_relu
            && self.tensor.part == Part::Out
            && rows * cols > 1
            && self.cell(rows - 1, cols - 1).state == CellState::Current
            && value_range(self.view, self.tensor, self.image, Some(self.channel)).max <= 0.0
    }
}

/// The colour mapping of a tensor; one plane's where the scale is per map.
pub fn mapping(view: &View, tensor: TensorId, image: u32, channel: Option<usize>) -> Mapping {
    let dark = view.theme.dark;
    if tensor == TensorId::INPUT
        && let Some((lo, hi)) = input_range(view)
        && lo >= 0.0
    {
        return Mapping::gray(lo, hi, dark);
    }
    let signed = is_signed(view, tensor);
    let value_range = match view.state.view().scale {
        Scale::Map => value_range(view, tensor, image, channel),
        Scale::Layer => within_reach(view, tensor, image),
        Scale::Largest => value_range(view, tensor, image, None),
        Scale::Network => network_value_range(view, tensor, image),
    };
    let mapping = if signed {
        Mapping::signed_for(value_range, dark)
    } else {
        Mapping::positive_for(value_range, dark)
    };
    mapping.with_log(view.state.view().log)
}

/// The values of a tensor but for the one in a hundred that lies farthest from 0.
fn within_reach(view: &View, tensor: TensorId, image: u32) -> ValueRange {
    let all = value_range(view, tensor, image, None);
    match summary(view, tensor, image).map_or(0.0, |summary| summary.reach) {
        reach if reach > 0.0 => ValueRange { min: all.min.max(-reach), max: all.max.min(reach), ..all },
        _ => all,
    }
}

/// All tensors of the network that are shown on one scale with this one.
fn network_value_range(view: &View, tensor: TensorId, image: u32) -> ValueRange {
    let layers = view.state.plan().network().layers.len();
    let whole = value_range(view, tensor, image, None);
    let is_gradient = tensor.part.is_activation_gradient();
    if !is_gradient && tensor.part != Part::Out || tensor.owner == Owner::Loss {
        return whole;
    }
    let plan = view.state.plan();
    (0..layers)
        .map(
            |l| if is_gradient { plan.gradient_of(Source::before(l)) } else { TensorId::layer(l, Part::Out) },
        )
        .fold(whole, |whole, tensor| whole.union(value_range(view, tensor, image, None)))
}

/// Smallest and largest value of a tensor, or of one plane; remembered while the values stay.
pub fn value_range(view: &View, tensor: TensorId, image: u32, channel: Option<usize>) -> ValueRange {
    let revision = view.state.revision();
    let mut cache = view.memory.value_ranges.borrow_mut();
    if cache.0 != revision {
        *cache = (revision, Default::default());
    }
    *cache.1.entry((tensor, image, channel)).or_insert_with(|| {
        let Some(cells) = view.state.trace().tensor(tensor) else { return ValueRange::from_values([]) };
        let shape = shape_of(cells);
        let one = shape.len() / if tensor.is_per_image() { shape.0[0] } else { 1 };
        let start = if tensor.is_per_image() { image as usize * one } else { 0 };
        let (start, len) = match channel {
            Some(channel) => (start + channel * shape.plane(), shape.plane()),
            None => (start, one),
        };
        ValueRange::from_values(cells.iter().copied().skip(start).take(len))
    })
}
