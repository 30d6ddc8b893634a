//! The gradient of a bias: the sum of the output gradient over all positions.

use super::super::part::{Part, around, map_detail};
use super::super::parts::Item;
use super::super::{Closeup, legends};
use super::cancel::cancel;
use super::conv_cell::ConvCell;
use super::weight::{first_term, image_and_position, images_words, products};
use crate::ui::tensor_plane::TensorPlane;

/// The gradient of a bias: the sum of its map's gradients over all positions.
pub fn bias<'a>(conv_cell: &ConvCell<'a>) -> Closeup<'a> {
    let view = conv_cell.view;
    let o = conv_cell.at[1];
    let (image, position) = image_and_position(conv_cell);
    let dy = TensorPlane::new(view, view.state.plan().output_gradient_of(conv_cell.l), image, o);
    let at = (conv_cell.done > 0).then_some(position);
    let detail = map_detail(view, dy.tensor(), o);
    let gradient = Part::from_plane(dy, conv_cell.name(dy.tensor()), detail).focus(at);
    let is_complete = conv_cell.done == conv_cell.terms;
    let name = view.text(if is_complete { "conv.added_all" } else { "conv.added" });
    let form = [dy.rows(), dy.cols()];
    let added = products(conv_cell, first_term(conv_cell, image), form, dy.mapping(), name);
    let added = added.focus(at).without_legend();
    let db = around(view, conv_cell.stage.tensor, 0, o as u32);
    let items: Vec<Item> = vec![gradient.into(), "→".into(), added.into(), "Σ".into(), db.into()];
    let is_batch = view.state.plan().setup().images > 1;
    let why = view.text(if is_batch { "conv.bias_why_batch" } else { "conv.bias_why" });
    let words = [why, images_words(conv_cell, image).unwrap_or_default()];
    let caption = conv_cell.caption().with_words(words).with_legends(legends(&items));
    Closeup::of_parts(items, cancel(conv_cell), caption)
}
