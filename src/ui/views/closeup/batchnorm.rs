//! Batch normalisation: statistics, normalising, scale and shift.

use super::arithmetic::lines;
use super::caption::Caption;
use super::focused_cell::FocusedCell;
use super::part::{Part as Grid, around};
use super::parts::Item;
use super::{Closeup, legends};
use crate::nn::{Mode, Part};
use crate::trace::{Address, Stage, TensorId};
use crate::ui::{
    names,
    tensor_plane::TensorPlane,
    view::View,
    widgets::grid::{CellSpan, Overlay},
};

/// The close-up of batch norm: the tensors that the current stage reads and the one that it computes.
pub(super) fn batchnorm<'a>(
    view: &'a View<'a>,
    focus: &Address,
    stage: &Stage,
    l: usize,
) -> Option<Closeup<'a>> {
    let spot = FocusedCell::from_address(view, focus)?;
    let part = stage.tensor.part;
    let train = view.state.plan().setup().mode == Mode::Train;
    let norm = Norm { view, spot, l, train };
    let (key, items) = norm.items(part)?;
    let steps = view.state.trace().cell_until(focus, spot.done).steps;
    let uses_statistics = matches!(part, Part::InvStd | Part::Xhat | Part::Dx);
    let mode = view.text(if train { "closeup.bn_train" } else { "closeup.bn_eval" });
    let words = [view.text(key)].into_iter().chain(Some(mode).filter(|_| uses_statistics));
    let caption = Caption::from_steps(view, &steps).with_words(words).with_legends(legends(&items));
    // Sums have many terms that are alike.
    let is_sum = matches!(part, Part::Mean | Part::Var | Part::Dw | Part::Db);
    let extra = if is_sum { None } else { lines(view, &steps, 6) };
    Some(Closeup::of_parts(items, extra, caption))
}

struct Norm<'a> {
    view: &'a View<'a>,
    spot: FocusedCell,
    l: usize,
    train: bool,
}

impl<'a> Norm<'a> {
    fn own(&self, part: Part) -> TensorId {
        TensorId::layer(self.l, part)
    }

    /// The cell's place in a tensor of the layer's shape.
    fn at_cell(&self, tensor: TensorId) -> Grid<'a> {
        around(self.view, tensor, self.spot.image, self.spot.index)
    }

    /// The number of the cell's own map, of a tensor with one number per map.
    fn one(&self, tensor: TensorId) -> Grid<'a> {
        let plane = TensorPlane::new(self.view, tensor, 0, 0);
        let channel = self.spot.at[1] as u32;
        let name = if tensor.part == Part::Weight {
            "γ".to_owned()
        } else if tensor.part == Part::Bias {
            "β".to_owned()
        } else {
            names::tensor(self.view, tensor)
        };
        Grid::from_cells(
            self.view,
            plane,
            [channel, 1],
            1,
            1,
            [name, names::plane(self.view, tensor, channel as usize)],
        )
        .without_legend()
    }

    /// The numbers of all maps, of a tensor with one number per map.
    fn all(&self, tensor: TensorId) -> Grid<'a> {
        around(self.view, tensor, 0, self.spot.at[1] as u32)
    }

    /// The channel's map of the image that the sum is at, with what has been added up.
    fn summed(&self, tensor: TensorId) -> Grid<'a> {
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
        let grid = around(self.view, tensor, image as u32, index);
        let [_, _, cols] = grid.form();
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
        grid.over(tints).focus(current)
    }

    /// The title's key, and the grids and signs in a row; `None` for parts that batch norm does not compute.
    fn items(&self, part: Part) -> Option<(&'static str, Vec<Item<'a>>)> {
        let plan = self.view.state.plan();
        let (x, dy) = (plan.input_of(self.l), plan.output_gradient_of(self.l));
        let (mean, var) = if self.train {
            (self.own(Part::Mean), self.own(Part::Var))
        } else {
            (self.own(Part::RunningMean), self.own(Part::RunningVar))
        };
        let own = |part| self.own(part);
        let at = |tensor| Item::from(self.at_cell(tensor));
        let one = |tensor| Item::from(self.one(tensor));
        let all = |tensor| Item::from(self.all(tensor));
        let summed = |tensor| Item::from(self.summed(tensor));
        let sign = Item::from;
        let (xhat, gamma, inv_std) = (own(Part::Xhat), own(Part::Weight), own(Part::InvStd));
        let items = match part {
            Part::Mean => ("closeup.bn_mean", vec![summed(x), sign("→"), all(own(part))]),
            Part::Var => ("closeup.bn_var", vec![summed(x), sign("−"), one(mean), sign("→"), all(own(part))]),
            Part::InvStd => ("closeup.bn_inv_std", vec![all(var), sign("→"), all(inv_std)]),
            Part::Xhat => (
                "closeup.bn_xhat",
                vec![at(x), sign("−"), one(mean), sign("×"), one(inv_std), sign("="), at(xhat)],
            ),
            Part::Out => {
                let beta = one(own(Part::Bias));
                let items = vec![at(xhat), sign("×"), one(gamma), sign("+"), beta, sign("="), at(own(part))];
                ("closeup.bn_out", items)
            }
            Part::Dw => {
                ("closeup.bn_dw", vec![summed(dy), sign("×"), summed(xhat), sign("Σ"), all(own(part))])
            }
            Part::Db => ("closeup.bn_db", vec![summed(dy), sign("Σ"), all(own(part))]),
            Part::Dx if self.train => {
                ("closeup.bn_dx", vec![at(dy), sign(","), at(xhat), sign("→"), at(own(part))])
            }
            Part::Dx => (
                "closeup.bn_dx",
                vec![at(dy), sign("×"), one(gamma), sign("×"), one(inv_std), sign("="), at(own(part))],
            ),
            Part::Winner
            | Part::Max
            | Part::Shift
            | Part::Exp
            | Part::Sum
            | Part::Prob
            | Part::Scale
            | Part::Factor
            | Part::Ratio
            | Part::Mask
            | Part::Ds
            | Part::Dot
            | Part::DwMean
            | Part::DbMean
            | Part::DwDecayed
            | Part::DbDecayed
            | Part::WeightM
            | Part::BiasM
            | Part::WeightV
            | Part::BiasV
            | Part::WeightStep
            | Part::BiasStep
            | Part::Weight
            | Part::Bias
            | Part::RunningMean
            | Part::RunningVar
            | Part::DxOf(_)
            | Part::Dy
            | Part::Target => return None,
        };
        Some(items)
    }
}
