//! The cell that a close-up shows.

use crate::nn::{Op, Part};
use crate::trace::{Address, Owner, TensorId};
use crate::ui::view::View;

/// The cell that a close-up shows: its tensor, its position and how many of its terms are done.
#[derive(Clone, Copy)]
pub(super) struct FocusedCell {
    /// The tensor.
    pub(super) tensor: TensorId,
    /// The image in the batch.
    pub(super) image: u32,
    /// The cell within the image's tensor or the parameter.
    pub(super) index: u32,
    /// Its position: first and second index, row, column.
    pub(super) at: [usize; 4],
    /// Terms done at the cursor.
    pub(super) done: u32,
    /// Terms in all.
    pub(super) terms: u32,
}

impl FocusedCell {
    /// The cell at `focus`; `None` if the address names no cell of a tensor.
    pub(super) fn from_address(view: &View, focus: &Address) -> Option<Self> {
        let (tensor, image, index) = view.state.trace().tensor_cell(focus)?;
        let at = view.state.plan().shape_of(tensor).at(index as usize);
        let (done, terms) = view.state.terms_done(focus);
        Some(Self { tensor, image, index, at, done, terms })
    }

    /// Whether all its terms are done.
    pub(super) const fn is_done(&self) -> bool {
        self.done == self.terms
    }
}

/// The shape (C, H, W) that a flatten layer's output was flattened from; `None` for other tensors.
pub(super) fn origin(view: &View, tensor: TensorId) -> Option<[usize; 3]> {
    let plan = view.state.plan();
    let Owner::Layer(l) = tensor.owner else { return None };
    let layer = plan.layer(l as usize);
    (layer.op == Op::Flatten && tensor.part == Part::Out).then_some(layer.input)
}
