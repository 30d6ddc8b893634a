//! Group, instance and layer normalisation: the statistics of a group of an image's cells, normalising, scale and shift.

use super::Closeup;
use super::focused_cell::FocusedCell;
use super::norm::{closeup, one_number, summed};
use super::part::around;
use super::parts::Item;
use crate::nn::{
    Part,
    group_norm::{Affine, GroupNorm},
};
use crate::trace::{Address, Stage, TensorId};
use crate::ui::view::View;

/// The close-up of such a normalisation: the tensors that the current stage reads and the one that it computes.
pub(super) fn group_norm<'a>(
    view: &'a View<'a>,
    focus: &Address,
    stage: &Stage,
    l: usize,
    spec: &GroupNorm,
) -> Option<Closeup<'a>> {
    let spot = FocusedCell::from_address(view, focus)?;
    let norm = Norm { view, spot, l, spec: *spec };
    let (key, items, is_sum) = norm.items(stage.tensor.part)?;
    let kind = view.state.plan().layer(l).spec.kind.name();
    let title = view.fill(key, &[("kind", &view.text(&format!("build.kind.{kind}")))]);
    closeup(view, focus, items, [title], is_sum)
}

struct Norm<'a> {
    view: &'a View<'a>,
    spot: FocusedCell,
    l: usize,
    spec: GroupNorm,
}

impl<'a> Norm<'a> {
    fn own(&self, part: Part) -> TensorId {
        TensorId::layer(self.l, part)
    }

    /// The cell's place in a tensor of the layer's shape.
    fn at(&self, tensor: TensorId) -> Item<'a> {
        around(self.view, tensor, self.spot.image, self.spot.index).into()
    }

    /// The number of the cell's group.
    fn of_group(&self, part: Part) -> Item<'a> {
        let group = self.spec.group_of(self.spot.at[1]);
        one_number(self.view, self.own(part), self.spot.image, group as u32).into()
    }

    /// The parameter that goes with the cell.
    fn param(&self, part: Part) -> Item<'a> {
        match self.spec.affine {
            Some(Affine::Cell) => {
                let name = if part == Part::Weight { "γ" } else { "β" };
                around(self.view, self.own(part), 0, self.spot.index).titled(name).into()
            }
            Some(Affine::Channel) | None => {
                one_number(self.view, self.own(part), 0, self.spot.at[1] as u32).into()
            }
        }
    }

    /// The numbers of all groups, or of all parameters.
    fn all(&self, part: Part) -> Item<'a> {
        around(self.view, self.own(part), self.spot.image, self.spot.index).into()
    }

    /// What a sum over a group has added up.
    fn summed(&self, tensor: TensorId) -> Item<'a> {
        let count = self.spec.count();
        summed(self.view, &self.spot, tensor, [self.spot.at[1] * count, count], false).into()
    }

    /// What a parameter's gradient has added up.
    fn summed_for_param(&self, tensor: TensorId) -> Item<'a> {
        let run = self.spec.run();
        summed(self.view, &self.spot, tensor, [self.spot.index as usize * run, run], true).into()
    }

    /// The title's key, the grids and signs in a row, and whether the stage is a sum; `None` for parts that such a
    /// normalisation does not compute.
    fn items(&self, part: Part) -> Option<(&'static str, Vec<Item<'a>>, bool)> {
        let plan = self.view.state.plan();
        let (x, dy) = (plan.input_of(self.l), plan.output_gradient_of(self.l));
        let xhat = self.own(self.spec.xhat());
        let dxhat = if self.spec.affine.is_some() { self.own(Part::Dxhat) } else { dy };
        let sign = Item::from;
        let made = || self.at(self.own(part));
        let items = match part {
            Part::GroupMean => ("closeup.norm_mean", vec![self.summed(x), sign("→"), self.all(part)], true),
            Part::GroupVar => {
                let mean = one_number(self.view, self.own(Part::GroupMean), self.spot.image, self.spot.index);
                let items = vec![self.summed(x), sign("−"), mean.into(), sign("→"), self.all(part)];
                ("closeup.norm_var", items, true)
            }
            Part::GroupInvStd => {
                let items = vec![self.all(Part::GroupVar), sign("→"), self.all(part)];
                ("closeup.norm_inv_std", items, false)
            }
            Part::Out if self.spec.affine.is_some() => {
                let (gamma, beta) = (self.param(Part::Weight), self.param(Part::Bias));
                let items = vec![self.at(xhat), sign("×"), gamma, sign("+"), beta, sign("="), made()];
                ("closeup.norm_out", items, false)
            }
            Part::Xhat | Part::Out => {
                let (mean, inv_std) = (self.of_group(Part::GroupMean), self.of_group(Part::GroupInvStd));
                let items = vec![self.at(x), sign("−"), mean, sign("×"), inv_std, sign("="), made()];
                ("closeup.norm_xhat", items, false)
            }
            Part::Dw => {
                let (dy, xhat) = (self.summed_for_param(dy), self.summed_for_param(xhat));
                ("closeup.norm_dw", vec![dy, sign("×"), xhat, sign("Σ"), self.all(part)], true)
            }
            Part::Db => ("closeup.norm_db", vec![self.summed_for_param(dy), sign("Σ"), self.all(part)], true),
            Part::Dxhat => {
                let items = vec![self.at(dy), sign("×"), self.param(Part::Weight), sign("="), made()];
                ("closeup.norm_dxhat", items, false)
            }
            Part::DxhatSum => ("closeup.norm_sum", vec![self.summed(dxhat), sign("Σ"), self.all(part)], true),
            Part::Dot => {
                let items = vec![self.summed(dxhat), sign("×"), self.summed(xhat), sign("Σ"), self.all(part)];
                ("closeup.norm_dot", items, true)
            }
            Part::Dx => {
                let items = vec![self.at(dxhat), sign(","), self.at(xhat), sign("→"), made()];
                ("closeup.norm_dx", items, false)
            }
            Part::Winner
            | Part::Max
            | Part::Shift
            | Part::Exp
            | Part::Sum
            | Part::Prob
            | Part::Mean
            | Part::Var
            | Part::InvStd
            | Part::Scale
            | Part::Factor
            | Part::Ratio
            | Part::Mask
            | Part::Ds
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
