//! Batch normalisation: statistics, normalising, scale and shift.

use super::Closeup;
use super::focused_cell::FocusedCell;
use super::norm::{closeup, one_number, summed};
use super::part::{Part as Grid, around};
use super::parts::Item;
use crate::nn::{Mode, Part};
use crate::trace::{Address, Stage, TensorId};
use crate::ui::view::View;

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
    let uses_statistics = matches!(part, Part::InvStd | Part::Xhat | Part::Dx);
    let mode = view.text(if train { "closeup.bn_train" } else { "closeup.bn_eval" });
    let title = view.fill(key, &[("kind", &view.text("build.kind.batch_norm2d"))]);
    let is_sum = matches!(part, Part::Mean | Part::Var | Part::Dw | Part::Db);
    closeup(view, focus, items, [title].into_iter().chain(Some(mode).filter(|_| uses_statistics)), is_sum)
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
        one_number(self.view, tensor, 0, self.spot.at[1] as u32)
    }

    /// The numbers of all maps, of a tensor with one number per map.
    fn all(&self, tensor: TensorId) -> Grid<'a> {
        around(self.view, tensor, 0, self.spot.at[1] as u32)
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
        let summed = |tensor| {
            let plane = plan.shape_of(tensor).plane();
            let channel = [self.spot.at[1] * plane, plane];
            Item::from(summed(self.view, &self.spot, tensor, channel, true))
        };
        let sign = Item::from;
        let (xhat, gamma, inv_std) = (own(Part::Xhat), own(Part::Weight), own(Part::InvStd));
        let items = match part {
            Part::Mean => ("closeup.norm_mean", vec![summed(x), sign("→"), all(own(part))]),
            Part::Var => {
                ("closeup.norm_var", vec![summed(x), sign("−"), one(mean), sign("→"), all(own(part))])
            }
            Part::InvStd => ("closeup.norm_inv_std", vec![all(var), sign("→"), all(inv_std)]),
            Part::Xhat => (
                "closeup.norm_xhat",
                vec![at(x), sign("−"), one(mean), sign("×"), one(inv_std), sign("="), at(xhat)],
            ),
            Part::Out => {
                let beta = one(own(Part::Bias));
                let items = vec![at(xhat), sign("×"), one(gamma), sign("+"), beta, sign("="), at(own(part))];
                ("closeup.norm_out", items)
            }
            Part::Dw => {
                ("closeup.norm_dw", vec![summed(dy), sign("×"), summed(xhat), sign("Σ"), all(own(part))])
            }
            Part::Db => ("closeup.norm_db", vec![summed(dy), sign("Σ"), all(own(part))]),
            Part::Dx if self.train => {
                ("closeup.norm_dx", vec![at(dy), sign(","), at(xhat), sign("→"), at(own(part))])
            }
            Part::Dx => (
                "closeup.norm_dx",
                vec![at(dy), sign("×"), one(gamma), sign("×"), one(inv_std), sign("="), at(own(part))],
            ),
            Part::Winner
            | Part::Max
            | Part::Shift
            | Part::Exp
            | Part::Sum
            | Part::Prob
            | Part::GroupMean
            | Part::GroupVar
            | Part::GroupInvStd
            | Part::Scale
            | Part::Factor
            | Part::Ratio
            | Part::Mask
            | Part::Ds
            | Part::Dxhat
            | Part::DxhatSum
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
