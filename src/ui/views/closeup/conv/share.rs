//! The gradient of a normalized sum: the output gradient divided by the number of filter pixels,
//! cell by cell.

use super::super::part::{Part, map_detail};
use super::super::parts::Item;
use super::super::{Closeup, legends};
use super::conv_cell::ConvCell;
use crate::ui::{tensor_plane::TensorPlane, widgets::grid::CellView};

/// The gradient of the sum where the convolution divides by the number of weights.
pub fn share<'a>(conv_cell: &ConvCell<'a>) -> Closeup<'a> {
    let view = conv_cell.view;
    let [_, k, i, j] = conv_cell.at;
    let pixels = conv_cell.spec.filter_pixels();
    let part = |tensor| {
        let plane = TensorPlane::new(view, tensor, conv_cell.image, k);
        let at = i * plane.cols() + j;
        Part::from_plane(plane, conv_cell.name(tensor), map_detail(view, tensor, k)).focus(at)
    };
    let count = CellView::current(pixels as f32);
    let by = Part::from_values(move |_| count, pixels as u64, [1, 1, 1], conv_cell.neutral(), "K", "")
        .without_legend();
    let dy = part(view.state.plan().output_gradient_of(conv_cell.l));
    let items: Vec<Item> =
        vec![dy.into(), "÷".into(), by.into(), "=".into(), part(conv_cell.stage.tensor).into()];
    let words = view.fill("conv.share", &[("k", &pixels.to_string())]);
    let caption = conv_cell.caption().with_words([words]).with_legends(legends(&items));
    Closeup::of_parts(items, None, caption)
}
