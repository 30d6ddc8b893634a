//! What the stage shows of a map: which map, which of its cells, and what the maps that it reads give to that.

use crate::app::Lane;
use crate::nn::{Op, Part, activation::Activation};
use crate::trace::{Address, Contributions, Owner, Pass, Place, Plan, TensorId};
use crate::ui::{
    blocks::{block_of, blocks, with_gradient},
    colormap::{Mapping, ValueRange},
    names,
    summary::MapSummary,
    tensor_plane::{TensorPlane, mapping},
    view::{Legend, View},
};
use egui::{Context, Id, cache::FramePublisher};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

/// Row and column of a cell.
pub type RowCol = (usize, usize);

/// A map and its shown cell.
pub struct Scene<'a> {
    pub view: &'a View<'a>,
    pub tensor: TensorId,
    pub image: u32,
    /// Its number.
    pub map: usize,
    pub plane: TensorPlane<'a>,
    /// The cell under the pointer, otherwise the shown one.
    pub cell: RowCol,
    /// The sum that makes the cell, where it is one of maps or neurons.
    pub sum: Option<Sum>,
}

/// The sum that makes a cell.
pub struct Sum {
    /// The cell that the sum is of: before the activation.
    pub address: Address,
    /// What each map gives to it.
    pub shown: Arc<Contributions>,
    /// The places in it, those first that contribute most to the shown cell.
    pub order: Vec<usize>,
    /// What is made of the sum, where the map is shown after its activation.
    pub activation: Option<Activation>,
}

/// The map to draw: the shown one, or its gradient where gradients are chosen.
pub fn shown_map(view: &View, gradient: bool) -> Option<(TensorId, u32, usize)> {
    let (plan, trace, look) = (view.state.plan(), view.state.trace(), view.state.look());
    let (tensor, image, index) = trace.tensor_cell(&look.whole_cell())?;
    let map = index as usize / plan.shape_of(tensor).plane().max(1);
    let gradient = gradient.then(|| gradient_of_map(plan, tensor)).flatten();
    Some((gradient.unwrap_or(tensor), image, map))
}

/// The gradient of a tensor of the forward pass; `None` of any other.
pub fn gradient_of_map(plan: &Plan, tensor: TensorId) -> Option<TensorId> {
    with_gradient(plan, tensor).filter(|(values, _)| *values == tensor).map(|(_, gradient)| gradient)
}

impl<'a> Scene<'a> {
    /// The scene of the shown place; `None` where that has no cells.
    pub fn new(ctx: &Context, view: &'a View<'a>) -> Option<Self> {
        let (tensor, image, map) = shown_map(view, view.state.view().lane == Lane::Gradients)?;
        let is_given = matches!(view.state.look().place(), Place::Given(_));
        let plane = match tensor.is_parameter() && is_given {
            true => TensorPlane::before_update(view, tensor, map),
            false => TensorPlane::new(view, tensor, image, map),
        };
        let focus = plane.cell_of(&view.state.focus()).unwrap_or_else(|| strongest(ctx, &plane));
        let cell = view.hovered().and_then(|hovered| plane.cell_of(&hovered)).unwrap_or(focus);
        let sum = sum_of(ctx, view, &plane, focus, cell);
        Some(Self { view, tensor, image, map, plane, cell, sum })
    }

    /// Whether the cell has been computed at the cursor.
    pub fn is_done(&self) -> bool {
        self.view.state.is_done(&self.plane.address(self.cell.0, self.cell.1))
    }

    /// The map is one number: a neuron, a class.
    pub fn is_vector(&self) -> bool {
        self.plane.rows() * self.plane.cols() == 1
    }

    /// The layer that the shown sum or map belongs to.
    pub fn layer(&self) -> Option<usize> {
        match self.tensor.owner {
            Owner::Layer(l) => Some(l as usize),
            Owner::Input | Owner::Loss => None,
        }
    }

    /// The map is of the forward pass.
    pub fn is_forward(&self) -> bool {
        self.tensor.part == Part::Out && self.layer().is_some()
    }

    /// The colours of the weights that are shown: as wide as the farthest of the filter's from 0.
    pub fn weights(&self, ctx: &Context) -> Option<Mapping> {
        let found = &self.sum.as_ref()?.shown;
        let tensor = TensorId::layer(found.layer, Part::Weight);
        let key =
            (Id::unique("range of the weights"), self.view.state.revision(), tensor, self.tensor, self.map);
        let range = kept(ctx, key, || {
            let weights = found.each.iter().flat_map(|one| one.weights.clone());
            ValueRange::from_values(
                weights.map(|index| self.view.state.trace().value(tensor, 0, index as u32)),
            )
        });
        Some(Mapping::signed_for(range, self.view.theme.dark).with_log(self.view.state.view().log))
    }

    /// What the colours stand for: those of the maps that are read and of the weights; or of the map itself.
    pub fn legends(&self, ctx: &Context) -> Vec<Legend> {
        let view = self.view;
        let Some(sum) = &self.sum else { return vec![Legend::new(self.plane.mapping(), "")] };
        let maps = mapping(view, sum.shown.reads, self.image, None);
        let maps = Legend::new(maps, "").named(view.text("map.legend_maps"), None);
        let weights = self.weights(ctx).map(|weights| Legend::new(weights, ""));
        let weights = weights.map(|weights| weights.named(view.text("map.legend_weights"), None));
        std::iter::once(maps).chain(weights).collect()
    }

    /// The map in numbers, once it is complete.
    pub fn summary(&self, ctx: &Context) -> Option<MapSummary> {
        let cells = self.plane.rows() * self.plane.cols();
        (self.plane.cells_done() == cells).then(|| summary(ctx, &self.plane))
    }
}

/// What makes a cell, where that is a sum: the cell itself, or the one before its activation.
fn sum_of(ctx: &Context, view: &View, plane: &TensorPlane, focus: RowCol, cell: RowCol) -> Option<Sum> {
    let (plan, tensor) = (view.state.plan(), plane.tensor());
    let before = match (tensor.owner, tensor.part) {
        (Owner::Layer(l), Part::Out) => activated(plan, l as usize),
        (Owner::Layer(_) | Owner::Input | Owner::Loss, _) => None,
    };
    let address = |(i, j): RowCol| match before {
        Some((before, _)) => {
            let index = plane.index(i, j);
            plan.writer(TensorId::layer(before, Part::Out), view.state.trace().time(), plane.image(), index)
        }
        None => plane.address(i, j),
    };
    let pass = plan.stage_at(&address(cell))?.pass;
    let is_there = view.state.trace().reached() >= pass || pass <= Pass::Loss;
    let of = |cell: RowCol| is_there.then(|| contributions(ctx, view, &address(cell))).flatten();
    let shown = of(cell)?;
    let order = of(focus)?.by_magnitude();
    Some(Sum { address: address(cell), shown, order, activation: before.map(|(_, activation)| activation) })
}

/// The convolution or dense layer that a layer is the activation of, and what it does.
fn activated(plan: &Plan, l: usize) -> Option<(usize, Activation)> {
    let before = plan.layer(l).sources[0].layer()?;
    match (&plan.layer(l).op, &plan.layer(before).op) {
        (Op::Activation(activation), Op::Conv2d(_) | Op::ConvTranspose2d(_) | Op::Dense(_)) => {
            Some((before, *activation))
        }
        _ => None,
    }
}

/// Makes a value once and keeps it while each frame asks for it.
fn kept<T: Clone + Send + Sync + 'static>(ctx: &Context, key: impl Hash, make: impl FnOnce() -> T) -> T {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let key = hasher.finish();
    type Kept<T> = FramePublisher<u64, T>;
    let known = ctx.memory_mut(|memory| memory.caches.cache::<Kept<T>>().get(&key).cloned());
    let value = known.unwrap_or_else(make);
    ctx.memory_mut(|memory| memory.caches.cache::<Kept<T>>().set(key, value.clone()));
    value
}

/// What each map gives to a cell.
pub fn contributions(ctx: &Context, view: &View, address: &Address) -> Option<Arc<Contributions>> {
    let key = (Id::unique("contributions"), view.state.revision(), *address);
    kept(ctx, key, || view.state.trace().contributions(address).map(Arc::new))
}

fn summary(ctx: &Context, plane: &TensorPlane) -> MapSummary {
    let key = (Id::unique("map summary"), plane.revision());
    kept(ctx, key, || MapSummary::from_values(values(plane)))
}

fn values(plane: &TensorPlane) -> impl Iterator<Item = f32> {
    (0..plane.rows()).flat_map(move |i| (0..plane.cols()).map(move |j| plane.cell(i, j).value))
}

/// The first of the cells that are farthest from 0.
fn strongest(ctx: &Context, plane: &TensorPlane) -> RowCol {
    let key = (Id::unique("strongest cell"), plane.revision());
    let cell = kept(ctx, key, || {
        let finite = values(plane).map(f32::abs).enumerate().filter(|(_, value)| value.is_finite());
        finite.reduce(|best, next| if next.1 > best.1 { next } else { best }).map_or(0, |(k, _)| k)
    });
    (cell / plane.cols().max(1), cell % plane.cols().max(1))
}

/// The value that stands for the map: the largest; of a gradient the one farthest from 0.
pub fn strong_value(scene: &Scene, summary: &MapSummary) -> f32 {
    if scene.is_forward() && summary.max >= summary.min { summary.max } else { summary.strongest() }
}

/// What a newcomer calls the layer whose maps a tensor holds: of an output the block's name.
pub fn source_name(view: &View, tensor: TensorId) -> String {
    let plan = view.state.plan();
    let blocks = blocks(plan.network());
    match block_of(&blocks, tensor).filter(|_| tensor.part == Part::Out) {
        Some(block) => blocks[block].name(plan).to_owned(),
        None => names::tensor(view, tensor),
    }
}

/// A name as the beginning of a title.
pub fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
