//! The gradient of a weight: output gradient × input, summed over all positions; of a transposed convolution input ×
//! output gradient.

use super::super::part::{Part, map_detail};
use super::super::parts::Item;
use super::super::{Closeup, legends};
use super::cancel::cancel;
use super::conv_cell::ConvCell;
use crate::ui::{
    colormap::Mapping,
    tensor_plane::TensorPlane,
    widgets::grid::{CellSpan, CellView, Overlay},
};

/// The gradient of a weight: the output gradient times the input, position by position.
pub fn weight<'a>(conv_cell: &ConvCell<'a>) -> Closeup<'a> {
    let (view, spec) = (conv_cell.view, conv_cell.spec);
    let [o, c, u, v] = conv_cell.at;
    let channel = spec.inputs_of(o).start + c;
    let [rows, cols] = spec.window.out();
    let (image, position) = image_and_position(conv_cell);
    let at = (conv_cell.done > 0).then_some(position);
    let each = TensorPlane::new(view, conv_cell.each(), image, o);
    let each =
        Part::from_plane(each, conv_cell.name(each.tensor()), map_detail(view, each.tensor(), o)).focus(at);
    let name = view.text("conv.products");
    let added =
        products(conv_cell, first_term(conv_cell, image), [rows, cols], conv_cell.product_mapping(), name);
    let plane = o * spec.group_in() + c;
    let dw = TensorPlane::new(view, conv_cell.stage.tensor, 0, plane);
    let result = Part::from_plane(dw, conv_cell.name(dw.tensor()), map_detail(view, dw.tensor(), plane));
    let items: Vec<Item> = vec![
        each.into(),
        "×".into(),
        under(conv_cell, image, channel, [position / cols, position % cols]).into(),
        "=".into(),
        added.focus(at).into(),
        "Σ".into(),
        result.focus(u * dw.cols() + v).into(),
    ];
    let positions = format!("{rows} × {cols}");
    let is_batch = view.state.plan().setup().images > 1;
    let key = if is_batch { "conv.weight_why_batch" } else { "conv.weight_why" };
    let why = view.fill(key, &[("positions", &positions)]);
    let words = [why, images_words(conv_cell, image).unwrap_or_default()];
    let caption = conv_cell.caption().with_words(words).with_legends(legends(&items));
    Closeup::of_parts(items, cancel(conv_cell), caption)
}

/// The map under the windows: the cell that the weight meets at position `ij`, and its neighbours, with padding among
/// them.
fn under<'a>(conv_cell: &ConvCell<'a>, image: u32, channel: usize, ij: [usize; 2]) -> Part<'a> {
    let (view, window) = (conv_cell.view, &conv_cell.spec.window);
    let x = TensorPlane::new(view, conv_cell.over(), image, channel);
    let [_, _, u, v] = conv_cell.at;
    let touched = |axis: &crate::nn::Axis, i: usize, u: usize| {
        (i * axis.stride + u * axis.dilation) as i32 - axis.padding as i32
    };
    let [p, q] = [touched(&window.rows, ij[0], u), touched(&window.cols, ij[1], v)];
    let side = |axis: &crate::nn::Axis| (axis.dilation * (axis.kernel - 1) + 1) as i32;
    let corner = [touched(&window.rows, ij[0], 0), touched(&window.cols, ij[1], 0)];
    let seen = CellSpan::new(corner[0], corner[1], side(&window.rows), side(&window.cols));
    let name = conv_cell.name(x.tensor());
    let inside = window.tap(ij, [u, v]).filter(|_| conv_cell.done > 0);
    let is_begun = conv_cell.done > 0;
    let frame = Overlay::outline(seen, conv_cell.theme().hover).with_width(1.5).with_dashes();
    let is_padded = |axis: &crate::nn::Axis| axis.padding + axis.padding_end > 0;
    let map = Part::from_plane(x, name, map_detail(view, x.tensor(), channel));
    // Without padding there is nothing around the map that could be shown.
    let map = match is_padded(&window.rows) || is_padded(&window.cols) {
        true => map.near(CellSpan::new(p - 1, q - 1, 3, 3)),
        false => map,
    };
    map.over(Some(frame).filter(|_| is_begun)).focus(inside.map(|[p, q]| p * x.cols() + q))
}

/// The products of an image's terms, from term `start` on, in the form of the output.
pub fn products<'a>(
    conv_cell: &ConvCell<'a>,
    start: usize,
    [rows, cols]: [usize; 2],
    mapping: Mapping,
    name: String,
) -> Part<'a> {
    let (fold, focus) = (conv_cell.fold.clone(), conv_cell.focus);
    let revision =
        conv_cell.view.state.revision() ^ (u64::from(conv_cell.done) << 24) ^ ((start as u64) << 48);
    let revision = revision.wrapping_add(u64::from(conv_cell.focus.cell()) << 8);
    let cells = move |k: usize| {
        let product = fold.steps.get(start + k).and_then(|step| step.product());
        product.map_or_else(CellView::not_yet, CellView::current)
    };
    Part::from_values(cells, revision, [rows * cols, rows, cols], mapping, name, format!("{rows}×{cols}"))
        .addressed(move |k| focus.with_term((start + k) as u32))
}

/// The image of a batch that the marked or last term belongs to, and the position in it.
pub fn image_and_position(conv_cell: &ConvCell) -> (u32, usize) {
    let m = conv_cell.marked.unwrap_or(conv_cell.done.saturating_sub(1)) as usize;
    let [rows, cols] = conv_cell.positions();
    if conv_cell.view.state.plan().is_layered() {
        ((m / (rows * cols)) as u32, m % (rows * cols))
    } else {
        (conv_cell.focus.image(), m)
    }
}

/// The first term of an image's positions.
pub fn first_term(conv_cell: &ConvCell, image: u32) -> usize {
    let [rows, cols] = conv_cell.positions();
    if conv_cell.view.state.plan().is_layered() { image as usize * rows * cols } else { 0 }
}

/// `image 1 of 4`, where the sum goes over several.
pub fn images_words(conv_cell: &ConvCell, image: u32) -> Option<String> {
    let all = conv_cell.view.state.plan().setup().images;
    (all > 1).then(|| {
        conv_cell.view.fill("conv.image", &[("image", &image.to_string()), ("all", &all.to_string())])
    })
}
