//! Batch normalisation: statistics, normalising, scale and shift.

use super::pieces::{NOTE_HEIGHT, Spot, heading_ui, last_steps, lines_ui, note_ui};
use super::sheet::{Item, Sheet, around, legends_ui, row_ui};
use crate::nn::{Mode, Part};
use crate::trace::{Address, Pass, Plan, Stage, TensorId};
use crate::ui::{
    plane::Plane,
    theme::space,
    view::View,
    widgets::grid::{CellSpan, Overlay},
};
use egui::{Ui, vec2};

/// Draws it.
pub fn batchnorm_ui(ui: &mut Ui, view: &View, focus: &Address, stage: &Stage, l: usize) {
    let Some(spot) = Spot::of(view, focus) else { return };
    let part = stage.tensor.part;
    let train = view.state.plan().setup().mode == Mode::Train;
    let key = match (part, stage.pass) {
        (Part::Mean, _) => "closeup.bn_mean",
        (Part::Var, _) => "closeup.bn_var",
        (Part::InvStd, _) => "closeup.bn_inv_std",
        (Part::Xhat, _) => "closeup.bn_xhat",
        (Part::Dw, _) => "closeup.bn_dw",
        (Part::Db, _) => "closeup.bn_db",
        (_, Pass::Bwd) => "closeup.bn_dx",
        _ => "closeup.bn_out",
    };
    heading_ui(ui, view, focus, stage, &view.text(key));
    let norm = Norm { view, spot, l, train };
    let room = ui.available_size();
    let items = norm.items(part);
    row_ui(ui, view, 0, &items, vec2(room.x, (0.55 * room.y).max(120.0)));
    legends_ui(ui, view, &items);
    ui.add_space(space::S);
    let fold = view.state.trace().cell_until(focus, spot.done);
    let uses_statistics = matches!(part, Part::InvStd | Part::Xhat) || part == Part::Dx;
    let below = if uses_statistics { NOTE_HEIGHT } else { 0.0 };
    lines_ui(ui, view, &last_steps(view, &fold.steps, 6, spot.terms as usize), below);
    if uses_statistics {
        let key = if train { "closeup.bn_train" } else { "closeup.bn_eval" };
        note_ui(ui, view, view.theme.accent, &view.text(key));
    }
}

struct Norm<'a> {
    view: &'a View<'a>,
    spot: Spot,
    l: usize,
    train: bool,
}

impl<'a> Norm<'a> {
    fn own(&self, part: Part) -> TensorId {
        TensorId::layer(self.l, part)
    }

    /// The cell's place in a tensor of the layer's shape.
    fn at_cell(&self, tensor: TensorId) -> Sheet<'a> {
        around(self.view, tensor, self.spot.image, self.spot.index)
    }

    /// One number per channel: the channel's own.
    fn one(&self, tensor: TensorId) -> Sheet<'a> {
        let plane = Plane::new(self.view, tensor, 0, 0);
        let channel = self.spot.at[1] as u32;
        let name = match tensor.part {
            Part::Weight => "γ".to_owned(),
            Part::Bias => "β".to_owned(),
            part => part.suffix().to_owned(),
        };
        Sheet::strip(self.view, plane, 0, [channel, 1], 1, 1, [name, format!("k{channel}")])
            .at_least(44.0)
            .at_most(52.0)
            .without_legend()
    }

    /// All channels' numbers.
    fn all(&self, tensor: TensorId) -> Sheet<'a> {
        around(self.view, tensor, 0, self.spot.at[1] as u32).at_most(40.0)
    }

    /// The channel's map of the image that the sum is at, with what has been added up.
    fn summed(&self, tensor: TensorId) -> Sheet<'a> {
        let shape = self.view.state.plan().shape_of(tensor);
        let plane = shape.plane();
        let last = (self.spot.done as usize).saturating_sub(1);
        let coupled = self.view.state.plan().is_layered();
        let images = if coupled { self.view.state.plan().setup().images as usize } else { 1 };
        let image = if coupled { (last / plane).min(images - 1) } else { self.spot.image as usize };
        let start = if coupled { image * plane } else { 0 };
        let added = (self.spot.done as usize).saturating_sub(start).min(plane);
        let channel = self.spot.at[1];
        let index = (channel * plane) as u32;
        let sheet = around(self.view, tensor, image as u32, index);
        let cols = sheet.shape()[1];
        let color = self.view.theme.hatch_ground.gamma_multiply(0.75);
        let rest = (plane > 1).then(|| {
            let (row, col) = (added / cols, added % cols);
            let rows = plane / cols;
            let here = CellSpan::new(row as i32, col as i32, 1, (cols - col) as i32);
            let below = CellSpan::new(row as i32 + 1, 0, rows.saturating_sub(row + 1) as i32, cols as i32);
            [(row < rows).then_some(here), (row + 1 < rows).then_some(below)]
        });
        let tints = rest.into_iter().flatten().flatten().map(|span| Overlay::tint(span, color));
        let current = (plane > 1).then(|| added.checked_sub(1)).flatten();
        sheet.over(tints).focus(current)
    }

    fn items(&self, part: Part) -> Vec<Item<'a>> {
        let plan = self.view.state.plan();
        let (x, dy) = (Plan::input_of(self.l), plan.output_gradient_of(self.l));
        let (mean, var) = if self.train {
            (self.own(Part::Mean), self.own(Part::Var))
        } else {
            (self.own(Part::RunningMean), self.own(Part::RunningVar))
        };
        let own = |part| self.own(part);
        match part {
            Part::Mean => vec![self.summed(x).into(), "→".into(), self.all(own(Part::Mean)).into()],
            Part::Var => vec![
                self.summed(x).into(),
                "−".into(),
                self.one(mean).into(),
                "→".into(),
                self.all(own(Part::Var)).into(),
            ],
            Part::InvStd => vec![self.all(var).into(), "→".into(), self.all(own(Part::InvStd)).into()],
            Part::Xhat => vec![
                self.at_cell(x).into(),
                "−".into(),
                self.one(mean).into(),
                "×".into(),
                self.one(own(Part::InvStd)).into(),
                "=".into(),
                self.at_cell(own(Part::Xhat)).into(),
            ],
            Part::Out => vec![
                self.at_cell(own(Part::Xhat)).into(),
                "×".into(),
                self.one(own(Part::Weight)).into(),
                "+".into(),
                self.one(own(Part::Bias)).into(),
                "=".into(),
                self.at_cell(own(Part::Out)).into(),
            ],
            Part::Dw => vec![
                self.summed(dy).into(),
                "×".into(),
                self.summed(own(Part::Xhat)).into(),
                "Σ".into(),
                self.all(own(Part::Dw)).into(),
            ],
            Part::Db => vec![self.summed(dy).into(), "Σ".into(), self.all(own(Part::Db)).into()],
            _ if self.train => vec![
                self.at_cell(dy).into(),
                ",".into(),
                self.at_cell(own(Part::Xhat)).into(),
                "→".into(),
                self.at_cell(own(Part::Dx)).into(),
            ],
            _ => vec![
                self.at_cell(dy).into(),
                "×".into(),
                self.one(own(Part::Weight)).into(),
                "×".into(),
                self.one(own(Part::InvStd)).into(),
                "=".into(),
                self.at_cell(own(Part::Dx)).into(),
            ],
        }
    }
}
