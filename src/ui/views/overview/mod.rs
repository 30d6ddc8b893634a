//! The whole network with its answer: the picture, a column of maps for each block, the classes.

mod answer;
mod arcs;
mod column;
mod layout;
mod picture;
mod reading;

use crate::app::{Action, Compared, Lane, Scale};
use crate::nn::network::Unseen;
use crate::trace::{Address, Grain, Pass, TensorId};
use crate::ui::{
    blocks::blocks,
    colormap::MapKind,
    compared::{Before, Side, effect, nothing_to_compare},
    receptive_field::{ReceptiveField, receptive_fields},
    tensor_plane::{TensorPlane, is_signed},
    theme,
    view::{Legend, View},
};
use column::{Column, columns};
use egui::{Button, Rect, RichText, ScrollArea, Ui, UiBuilder, pos2, vec2};
use layout::{Layout, PICTURE};
use std::{cell::RefCell, sync::Arc};

/// A map of a tensor as it was drawn in this frame.
#[derive(Clone, Copy)]
struct Drawn {
    tensor: TensorId,
    map: usize,
    rect: Rect,
}

/// What the pointer was over in the last frame.
struct Hovered {
    tensor: TensorId,
    map: usize,
    /// Within the image's tensor.
    index: u32,
}

/// One frame of the overview.
struct Scene<'a> {
    view: &'a View<'a>,
    /// The image of the batch.
    image: u32,
    lane: Lane,
    columns: Vec<Column>,
    /// What the maps of each column are compared with, where they are.
    befores: Vec<Option<Arc<Before>>>,
    layout: Layout,
    hovered: Option<Hovered>,
    /// What the hovered cell depends on, and what depends on it.
    fields: Vec<ReceptiveField>,
    /// What layers leave unread of their inputs.
    unseen: Vec<Unseen>,
    drawn: RefCell<Vec<Drawn>>,
}

/// Draws the network. A click on a map looks at it, one on a head at the layer.
pub fn overview_ui(ui: &mut Ui, view: &View) {
    let whole = ui.max_rect();
    let blocks = blocks(view.state.plan().network());
    let columns = columns(ui, view, &blocks, layout::room(whole));
    let image = view.state.image();
    let before = |column: &Column| Before::cached(ui.ctx(), view, column.output(), image);
    let befores: Vec<_> = columns.iter().map(before).collect();
    let is_compared = befores.iter().any(Option::is_some);
    let lane = if is_compared { Lane::Values } else { view.state.view().lane };
    let layout = Layout::new(view, lane, whole, &columns);
    let scene = Scene::new(view, lane, columns, befores, layout);
    let seen = scene.picture_ui(ui);
    let row = scene.layout.row;
    ui.scope_builder(UiBuilder::new().max_rect(row), |ui| {
        let scroll = ScrollArea::horizontal().id_salt("overview").auto_shrink(false);
        scroll.show(ui, |ui| scene.columns_ui(ui));
    });
    scene.reads_of_picture_ui(ui, seen);
    scene.run_to_ui(ui);
    scene.answer_ui(ui, blocks.last());
    scene.legends(view);
    scene.compared_words();
    zoom_ui(ui, view, row);
}

/// Ctrl and the wheel, or two fingers, over the maps.
fn zoom_ui(ui: &Ui, view: &View, row: Rect) {
    let delta = ui.input(|input| input.zoom_delta());
    if delta == 1.0 || !ui.rect_contains_pointer(row) {
        return;
    }
    let id = ui.scope_id().with("zoomed");
    let zoomed: f32 = ui.data(|data| data.get_temp(id)).unwrap_or(0.0) + delta.log2();
    let steps = (2.0 * zoomed).trunc();
    if steps != 0.0 {
        view.push(Action::ZoomLanes(steps as i8));
    }
    ui.data_mut(|data| data.insert_temp(id, zoomed - 0.5 * steps));
}

impl<'a> Scene<'a> {
    fn new(
        view: &'a View<'a>,
        lane: Lane,
        columns: Vec<Column>,
        befores: Vec<Option<Arc<Before>>>,
        layout: Layout,
    ) -> Self {
        let (plan, trace) = (view.state.plan(), view.state.trace());
        let cell = view.hovered().and_then(|address| trace.tensor_cell(&address));
        let hovered = cell.map(|(tensor, _, index)| {
            let map = index as usize / plan.shape_of(tensor).plane().max(1);
            Hovered { tensor, map, index }
        });
        let fields = hovered.as_ref().map(|hovered| receptive_fields(plan, hovered.tensor, hovered.index));
        let image = view.state.image();
        let fields = fields.unwrap_or_default();
        let (unseen, drawn) = (plan.network().unseen(), RefCell::default());
        Self { view, image, lane, columns, befores, layout, hovered, fields, unseen, drawn }
    }

    /// The tensors whose maps a column shows: values, gradients, or both.
    fn tensors(&self, column: &Column) -> Vec<TensorId> {
        let plan = self.view.state.plan();
        match self.lane {
            Lane::Values => vec![column.output()],
            Lane::Gradients => vec![column.gradient(plan)],
            Lane::Both => vec![column.output(), column.gradient(plan)],
        }
    }

    /// Which side of the comparison the maps of a tensor show.
    fn side(&self, tensor: TensorId) -> Side {
        let column = self.columns.iter().position(|column| column.output() == tensor);
        Side::new(self.view, column.and_then(|column| self.befores[column].as_ref()))
    }

    /// What the comparison came to, or why there is none, while nothing is under the pointer.
    fn compared_words(&self) {
        let befores: Vec<_> = self.befores.iter().flatten().cloned().collect();
        if !befores.is_empty() {
            let (front, rest) = effect(self.view, &befores);
            self.view.read_out_first(front, rest);
        } else if let Some(words) = nothing_to_compare(self.view) {
            self.view.read_out_first(words, "");
        }
    }

    /// Whether all values of a tensor are there at the cursor.
    fn is_complete(&self, tensor: TensorId) -> bool {
        let last = self.view.state.plan().shape_of(tensor).planes().saturating_sub(1);
        let plane = TensorPlane::new(self.view, tensor, self.image, last);
        plane.cells_done() == plane.rows() * plane.cols()
    }

    fn columns_ui(&self, ui: &mut Ui) {
        let origin = ui.min_rect().min;
        let layout = &self.layout;
        ui.set_width(layout.pitch * self.columns.len() as f32);
        ui.set_height(layout.row.height());
        for (number, column) in self.columns.iter().enumerate() {
            let corner = origin + vec2(layout.pitch * number as f32, 0.0);
            let corner = corner + vec2(0.0, layout.above);
            let size = vec2(layout.pitch, layout.row.height() - layout.above);
            let rect = Rect::from_min_size(corner, size);
            if ui.is_rect_visible(rect) {
                self.column_ui(ui, number, column, rect);
            }
        }
        self.arcs_ui(ui, origin);
        self.reading_ui(ui);
    }

    /// Where something is not computed yet: one line that says so, and goes there.
    fn run_to_ui(&self, ui: &mut Ui) {
        let missing: Vec<TensorId> = self.columns.iter().flat_map(|column| self.tensors(column)).collect();
        let missing: Vec<TensorId> =
            missing.into_iter().filter(|&tensor| !self.is_complete(tensor)).collect();
        let drawn = self.drawn.borrow();
        let hatched = drawn.iter().filter(|drawn| missing.contains(&drawn.tensor)).map(|drawn| drawn.rect);
        let Some(hatched) = hatched.reduce(Rect::union) else { return };
        let (state, plan) = (self.view.state, self.view.state.plan());
        let words = self.view.text("overview.not_yet");
        let font = theme::body_font();
        let width =
            ui.painter().layout_no_wrap(words.clone(), font.clone(), self.view.theme.text).size().x + 24.0;
        let row = self.layout.row;
        let width = width.min(row.width());
        let left = (hatched.center().x - 0.5 * width).clamp(row.left(), row.right() - width);
        let at = Rect::from_min_size(
            pos2(left, hatched.center().y.min(row.bottom() - 40.0) - 15.0),
            vec2(width, 30.0),
        );
        let button = Button::new(RichText::new(words).font(font)).fill(self.view.theme.raised);
        if ui.put(at, button).clicked() {
            let passes = [Pass::Bwd, Pass::Fwd];
            let pass = passes.into_iter().find(|&pass| {
                let stages = plan.pass_stages(pass);
                missing
                    .iter()
                    .any(|&tensor| plan.stage_of(tensor).is_some_and(|stage| stages.contains(&stage)))
            });
            let stage = plan.pass_stages(pass.unwrap_or(Pass::Fwd)).start;
            let first = Address::whole_stage(state.trace().time(), self.image, stage);
            self.view.visit(&plan.widen(&first, Grain::Pass));
        }
    }

    /// What the colours stand for: each layer has its own scale, unless the whole network has one.
    fn legends(&self, view: &View) {
        let scale = view.state.view().scale;
        let mut legends: Vec<Legend> = Vec::new();
        for lane in 0..2 {
            let is_gradient = lane == 1;
            let tensors = self.columns.iter().map(|column| match is_gradient {
                false => column.output(),
                true => column.gradient(view.state.plan()),
            });
            let shown = match self.lane {
                Lane::Values => !is_gradient,
                Lane::Gradients => is_gradient,
                Lane::Both => true,
            };
            let tensors: Vec<TensorId> = tensors.filter(|_| shown).collect();
            // Values without a sign first, then those with one; differences have one.
            let is_signed =
                |tensor| matches!(self.side(tensor), Side::Difference(_)) || is_signed(view, tensor);
            for signed in [false, true] {
                let Some(&tensor) = tensors.iter().find(|&&tensor| is_signed(tensor) == signed) else {
                    continue;
                };
                legends.push(self.legend(tensor, is_gradient, scale));
            }
        }
        if let Some(last) = legends.last_mut() {
            let is_compared = self.befores.iter().any(Option::is_some);
            let is_difference = is_compared && view.state.view().compared == Compared::Difference;
            last.words = view.text(match self.lane {
                Lane::Values if is_difference => "overview.legend_difference",
                Lane::Values if is_compared => "overview.legend_compared",
                Lane::Values => "overview.legend",
                Lane::Gradients | Lane::Both => "overview.legend_gradients",
            });
        }
        view.set_legends(legends);
    }

    fn legend(&self, tensor: TensorId, is_gradient: bool, scale: Scale) -> Legend {
        let view = self.view;
        let side = self.side(tensor);
        let mapping = side.mapping(view, tensor, self.image, None);
        let mut legend = Legend::new(mapping, "");
        let most = match scale {
            Scale::Network => None,
            Scale::Layer => Some("overview.reach_of_layer"),
            Scale::Largest => Some("overview.most_of_layer"),
            Scale::Map => Some("overview.most_of_map"),
        };
        let most = most.map(|key| view.text(key));
        // A few values of each layer lie beyond its last colour.
        legend.goes_on = scale == Scale::Layer;
        if let Some(most) = most {
            let least = match mapping.kind {
                MapKind::Diverging => "−".to_owned(),
                MapKind::Sequential | MapKind::Gray | MapKind::Tinted(_) | MapKind::Rgb => "0".to_owned(),
            };
            legend.ends = [least, most];
        }
        if matches!(side, Side::Difference(_)) {
            return legend.named(view.text("layer.less"), None);
        }
        match (self.lane, is_gradient) {
            (Lane::Values, _) => legend,
            (Lane::Gradients | Lane::Both, false) => {
                legend.named(format!("→ {}", view.text("overview.values")), Some(Pass::Fwd))
            }
            (Lane::Gradients | Lane::Both, true) => {
                legend.named(format!("← {}", view.text("overview.gradients")), Some(Pass::Bwd))
            }
        }
    }
}

/// The left end of the stage, where the picture stands.
fn picture_rect(stage: Rect) -> Rect {
    Rect::from_min_max(stage.min, pos2(stage.left() + PICTURE, stage.bottom()))
}
