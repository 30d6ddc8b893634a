//! What a layer's stage shows: which tensors side by side, and in which order its maps stand.

use super::arrangement::TileForm;
use crate::app::{Lane, Order, Show};
use crate::nn::Part;
use crate::trace::{Address, Owner, TensorId};
use crate::ui::{
    blocks::{filters_of, with_gradient},
    colormap::Mapping,
    compared::{Before, Side},
    filters::{FilterCell, FilterForm},
    names,
    summary::{MapSummary, TensorSummary, summary},
    tensor_plane::TensorPlane,
    view::View,
    widgets::grid::CellView,
};
use egui::{Context, Ui, vec2};
use std::sync::Arc;

/// What a square of a tile shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Panel {
    /// Maps of a tensor that a pass makes, or that is given.
    Values(TensorId),
    /// Maps of a gradient.
    Gradients(TensorId),
    /// Filters: the weights of a layer, their gradient, or what else is shaped like them.
    Filters(TensorId),
}

impl Panel {
    /// The tensor whose numbers are shown.
    pub const fn tensor(self) -> TensorId {
        match self {
            Self::Values(tensor) | Self::Gradients(tensor) | Self::Filters(tensor) => tensor,
        }
    }
}

/// What a square shows at a point.
#[derive(Clone, Copy)]
pub enum What {
    /// A cell of a map: row and column.
    Cell(usize, usize),
    /// A weight of a filter; none between its slices.
    Weight(Option<FilterCell>),
}

/// What a square needs to be drawn.
pub struct Shown<'a> {
    /// What it shows.
    pub panel: Panel,
    /// Which side of a comparison.
    pub side: Side,
    /// A plane of its tensor; others are made of it.
    pub plane: TensorPlane<'a>,
    /// Its tensor in numbers.
    pub summary: Option<Arc<TensorSummary>>,
    /// Of filters, how they lie.
    pub form: Option<FilterForm>,
}

/// What the stage shows.
pub struct Subject<'a> {
    /// The place that is looked at.
    pub look: Address,
    /// Its tensor.
    pub tensor: TensorId,
    /// The image in the batch.
    pub image: u32,
    /// The squares of each tile, from left to right.
    pub shown: Vec<Shown<'a>>,
    /// The numbers of the maps in their order.
    pub order: Vec<usize>,
    /// The maps are the classes of the answer, one number each.
    pub has_classes: bool,
    /// What the maps are compared with, where they are.
    pub before: Option<Arc<Before>>,
}

impl<'a> Subject<'a> {
    /// What is to be shown; `None` where the address names no tensor.
    pub fn new(ctx: &Context, view: &'a View<'a>) -> Option<Self> {
        let (state, plan) = (view.state, view.state.plan());
        let look = state.look();
        let (tensor, ..) = state.trace().tensor_cell(&look.whole_cell())?;
        let image = state.image();
        let before = Before::cached(ctx, view, tensor, image);
        let panels = if before.is_some() { vec![panel_of(view, tensor)] } else { panels(view, tensor) };
        let side = Side::new(view, before.as_ref());
        let shown =
            panels.iter().map(|panel| Shown { side: side.clone(), ..Shown::new(view, *panel, image) });
        let shown: Vec<_> = shown.collect();
        let shape = plan.shape_of(tensor);
        let outputs = view.state.model().network.outputs();
        let is_last = match tensor.owner {
            Owner::Loss => true,
            Owner::Layer(l) => l as usize >= last_dense(view) && tensor.part == Part::Out,
            Owner::Input => false,
        };
        let has_classes = is_last && shape.planes() == outputs && shape.plane() == 1;
        let count = shown.first()?.count();
        let order = match (&before, state.view().order) {
            (Some(before), Order::Changed) if shown[0].is_complete(count - 1) => {
                before.changed.by_magnitude()
            }
            (Some(_) | None, _) => order(view, &shown, count),
        };
        Some(Self { look, tensor, image, shown, order, has_classes, before })
    }

    /// Each map is a single number.
    pub fn is_vector(&self) -> bool {
        self.shown.iter().all(|shown| shown.form.is_none() && shown.plane.is_single())
    }

    /// How a tile is made up.
    pub fn tile(&self, ui: &Ui, view: &View, width: f32) -> TileForm {
        // A presented window is small in points.
        let apart = if view.state.view().presenting { 4.0 } else { 8.0 };
        let gap = |pair: &[Shown]| match (pair[0].panel, pair[1].panel) {
            (Panel::Filters(_), Panel::Values(_) | Panel::Gradients(_)) => 18.0,
            (Panel::Filters(_) | Panel::Values(_) | Panel::Gradients(_), _) => 4.0,
        };
        // One gap for all: where a filter stands before its maps, room for the arrow.
        let gap = self.shown.windows(2).map(gap).fold(0.0, f32::max);
        let gaps = gap * (self.shown.len() - 1) as f32;
        const LARGEST: f32 = 132.0;
        const IN_A_ROW: f32 = 90.0;
        let (least, most) = match (self.is_vector(), self.has_classes) {
            (true, true) => (self.widest_name(ui, view), LARGEST),
            (true, false) => (48.0, LARGEST),
            (false, _) => (48.0, f32::MAX),
        };
        // A vector stands in one row where that is large enough.
        let row = width / self.order.len().max(1) as f32 - apart - gaps;
        let row = (row / self.shown.len() as f32).floor();
        let most = if self.is_vector() && row >= least.max(IN_A_ROW) { most.min(row) } else { most };
        TileForm { panels: self.shown.len(), gaps, label: 20.0, apart, least, most }
    }

    /// The room that the names of the classes take, up to a limit.
    fn widest_name(&self, ui: &Ui, view: &View) -> f32 {
        const MOST: f32 = 124.0;
        let font = super::number_font();
        let width = |map: usize| {
            let name = self.name(view, map);
            ui.painter().layout_no_wrap(name, font.clone(), egui::Color32::PLACEHOLDER).size().x
        };
        let names = self.order.iter().take(64).map(|map| width(*map));
        names.fold(48.0, f32::max).clamp(48.0, MOST).ceil()
    }

    /// What stands above a map: its number; of a class also its name, of an input its colour.
    pub fn name(&self, view: &View, map: usize) -> String {
        let class = match self.has_classes {
            true => Some(names::class_of_output(view, map)),
            false => names::class_of_plane(view, self.tensor, map),
        };
        if let Some(class) = class.filter(|_| view.state.names_classes()) {
            return format!("{map} {class}");
        }
        let is_input = self.tensor == TensorId::INPUT || self.tensor == view.state.plan().picture_gradient();
        let is_picture = is_input && self.shown[0].plane.planes() == 3 && !self.is_vector();
        if is_picture { names::plane(view, TensorId::INPUT, map) } else { map.to_string() }
    }

    /// The first of the tensors of which no cell is computed at the cursor.
    pub fn missing(&self) -> Option<TensorId> {
        self.shown.iter().find(|shown| !shown.plane.is_begun()).map(|shown| shown.panel.tensor())
    }
}

impl<'a> Shown<'a> {
    /// A panel with what it takes to draw it.
    pub fn new(view: &'a View<'a>, panel: Panel, image: u32) -> Self {
        let tensor = panel.tensor();
        let plane = TensorPlane::new(view, tensor, image, 0);
        let form = match (panel, tensor.owner) {
            (Panel::Filters(_), Owner::Layer(l)) => {
                let plan = view.state.plan();
                Some(FilterForm::new(plan.network(), l as usize, plan.shape_of(tensor)))
            }
            (Panel::Filters(_), Owner::Input | Owner::Loss) | (Panel::Values(_) | Panel::Gradients(_), _) => {
                None
            }
        };
        Self { panel, side: Side::Now, plane, summary: summary(view, tensor, image), form }
    }

    /// How many maps there are.
    pub fn count(&self) -> usize {
        self.form.map_or(self.plane.planes(), |form| form.filters)
    }

    /// The planes of the tensor that belong to a map: its slices, or itself.
    fn planes_of(&self, map: usize) -> std::ops::Range<usize> {
        let each = self.plane.planes() / self.count().max(1);
        map * each..(map + 1) * each
    }

    /// The first cell of a map within the tensor.
    pub fn first_cell(&self, map: usize) -> usize {
        self.planes_of(map).start * self.plane.rows() * self.plane.cols()
    }

    /// A cell of a map is computed, or being computed, at the cursor.
    pub fn is_begun(&self, map: usize) -> bool {
        self.planes_of(map).next().is_none_or(|plane| self.plane.of_map(plane).is_map_begun())
    }

    /// All cells of a map are computed at the cursor.
    pub fn is_complete(&self, map: usize) -> bool {
        self.planes_of(map).last().is_none_or(|plane| self.plane.of_map(plane).is_complete())
    }

    /// A map in numbers, once all of it is computed.
    pub fn numbers(&self, map: usize) -> Option<MapSummary> {
        if !self.is_complete(map) {
            return None;
        }
        match self.side {
            Side::Now => self.summary.as_ref()?.maps.get(map).copied(),
            Side::Before(_) | Side::Difference(_) => self.side.numbers(map),
        }
    }

    /// Changes with all that [`Shown::cell`] gives for the first `cells` cells.
    pub fn key(&self, cells: u32) -> (u64, (u8, u64)) {
        (self.plane.revision_of(0..cells), self.side.key())
    }

    /// A cell by its number within the tensor. Of a comparison, as far as the present is computed.
    pub fn cell(&self, index: usize) -> CellView {
        self.side.cell(self.plane.cell_at(index as u32), index)
    }

    /// The colours of a map, by the scale that was chosen; of a difference around 0.
    pub fn mapping(&self, view: &View, image: u32, map: Option<usize>) -> Mapping {
        self.side.mapping(view, self.panel.tensor(), image, map)
    }
}

/// A tensor by itself.
fn panel_of(view: &View, tensor: TensorId) -> Panel {
    match tensor.part {
        _ if view.state.plan().is_weight_shaped(tensor) => Panel::Filters(tensor),
        part if part.is_activation_gradient() => Panel::Gradients(tensor),
        _ => Panel::Values(tensor),
    }
}

/// The tensors that stand side by side.
fn panels(view: &View, tensor: TensorId) -> Vec<Panel> {
    let plan = view.state.plan();
    if plan.is_weight_shaped(tensor) {
        return vec![Panel::Filters(tensor)];
    }
    let Some((values, gradient)) = with_gradient(plan, tensor) else { return vec![Panel::Values(tensor)] };
    let (lane, show) = (view.state.lane(), view.state.view().show);
    let filters = filters_of(view, &view.state.look()).map(|l| {
        match (lane, show) {
            (_, Show::Maps) => vec![],
            (Lane::Gradients, Show::Filters | Show::Both) => vec![Part::Dw],
            (Lane::Both, Show::Filters) => vec![Part::Weight, Part::Dw],
            (Lane::Both, Show::Both) | (Lane::Values, Show::Filters | Show::Both) => vec![Part::Weight],
        }
        .into_iter()
        .map(move |part| Panel::Filters(TensorId::layer(l, part)))
    });
    let filters: Vec<Panel> = filters.into_iter().flatten().collect();
    let maps = match lane {
        _ if show == Show::Filters && !filters.is_empty() => vec![],
        Lane::Values => vec![Panel::Values(values)],
        Lane::Gradients => vec![Panel::Gradients(gradient)],
        Lane::Both => vec![Panel::Values(values), Panel::Gradients(gradient)],
    };
    filters.into_iter().chain(maps).collect()
}

/// The numbers of the maps in the order that was chosen; by their numbers before they are computed.
fn order(view: &View, shown: &[Shown], count: usize) -> Vec<usize> {
    let by_number: Vec<usize> = (0..count).collect();
    // What the order is taken from: the maps that are shown, or those that the filters make.
    let look = view.state.look();
    let made = || {
        let (tensor, ..) = view.state.trace().tensor_cell(&look.whole_cell())?;
        let is_weight = view.state.plan().is_weight_shaped(tensor);
        Some(if is_weight { Panel::Filters(tensor) } else { Panel::Values(tensor) })
    };
    let maps = shown.iter().find(|shown| shown.form.is_none()).map(|shown| shown.panel);
    let Some(ranked) = maps.or_else(made) else { return by_number };
    let ranked = Shown::new(view, ranked, view.state.image());
    let is_picture = ranked.panel.tensor() == TensorId::INPUT && count == 3;
    let is_known = count > 0 && ranked.count() == count && ranked.is_complete(count - 1);
    let Some(summary) = ranked.summary.filter(|_| is_known && !is_picture) else { return by_number };
    match (view.state.view().order, ranked.panel) {
        (Order::Number | Order::Changed, _) => by_number,
        (Order::Strongest, Panel::Gradients(_) | Panel::Filters(_)) => summary.by_magnitude(),
        (Order::Strongest, Panel::Values(_)) => summary.by_strength(),
        (Order::Sum, _) => summary.by_sum(),
    }
}

/// The number of the last dense layer or convolution: from it on a vector has the classes.
fn last_dense(view: &View) -> usize {
    use crate::nn::Op;
    let layers = &view.state.model().network.layers;
    layers.iter().rposition(|layer| matches!(layer.op, Op::Dense(_) | Op::Conv2d(_))).unwrap_or(0)
}

/// Above a tile: from this width on the largest value has its word.
pub const WITH_WORD: f32 = 92.0;

/// A pointer's neighbourhood that is still seen in a cell.
pub const LEAST_FRAME: egui::Vec2 = vec2(7.0, 7.0);

/// A number inside a filter's cell needs so much room.
pub const WITH_NUMBER: f32 = 34.0;
