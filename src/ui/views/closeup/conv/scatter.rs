//! The input gradient made the other way: each output gradient, times the filter, is added onto the cells that it
//! was made of. So a transposed convolution's output: each input cell stamps its weighted filter.

use super::super::part::{Part, map_detail};
use super::super::parts::Item;
use super::super::{Closeup, legends};
use super::conv_cell::ConvCell;
use super::sum::Sum;
use crate::trace::TermOp;
use crate::ui::{
    number,
    widgets::grid::{CellSpan, CellView, Overlay},
};

/// A gathered sum as scattered: the filter times one cell of the source, added where its window is.
pub fn scatter<'a>(conv_cell: &ConvCell<'a>) -> Closeup<'a> {
    let (view, theme) = (conv_cell.view, conv_cell.theme());
    let sum = Sum::gathered(conv_cell);
    let [_, channel, p, q] = conv_cell.at;
    let window = &conv_cell.spec.window;
    // The marked term, or the last, or else the first to come.
    let m = conv_cell.marked.map_or(conv_cell.done as usize, |m| m as usize + 1);
    let m = m.saturating_sub(1).min(sum.pixels() - 1);
    let tap = |m: usize| [m % sum.taps() / sum.kernel[1], m % sum.kernel[1]];
    let from = |m: usize| window.window_of([p, q], tap(m));
    // Without a marked term the last one that is no zero between the strides.
    let reaching = (0..=m).rev().find(|&m| from(m).is_some()).filter(|_| conv_cell.marked.is_none());
    let m = reaching.unwrap_or(m);
    let (k, [u, v], from) = (m / sum.taps(), tap(m), from(m));
    let (dy, filter, result) = (sum.plane(k), sum.filter(k), sum.result());
    let (source, first) = (sum.source, sum.first);
    let place = |[i, j]: [usize; 2]| i * dy.cols() + j;
    let gradient = Part::from_plane(dy, conv_cell.name(source), map_detail(view, source, first + k))
        .near(from.map_or(CellSpan::cell(0, 0), |[i, j]| CellSpan::cell(i, j)))
        .focus(from.map(place));
    let weights =
        Part::from_plane(filter, view.text("conv.filter"), format!("{}×{}", filter.rows(), filter.cols()))
            .focus(u * filter.cols() + v);
    let cols = sum.kernel[1];
    let stamp = move |at: usize| match from {
        Some([i, j]) => {
            let (dy, w) = (dy.cell(i, j), filter.cell(at / cols, at % cols));
            CellView { value: TermOp::Product.apply(0.0, dy.value, w.value), ..dy }
        }
        None => CellView::current(0.0),
    };
    let revision = dy.revision() ^ filter.revision().rotate_left(7) ^ ((m as u64) << 40);
    let form = [sum.taps(), sum.kernel[0], cols];
    let name = view.text("conv.spread_products");
    let stamp =
        Part::from_values(stamp, revision, form, conv_cell.sum_mapping(), name, "").focus(u * cols + v);
    let detail = map_detail(view, conv_cell.stage.tensor, channel);
    let landed = Part::from_plane(result, conv_cell.name(conv_cell.stage.tensor), detail)
        .over(from.map(|[i, j]| Overlay::reads(theme, landing(conv_cell, [i, j]))))
        .focus(p * result.cols() + q);
    let items: Vec<Item> = vec![
        gradient.into(),
        "×".into(),
        weights.into(),
        "=".into(),
        stamp.into(),
        "→".into(),
        landed.into(),
    ];
    let why = if conv_cell.is_transposed { "conv.stamp_why" } else { "conv.scatter_why" };
    let words = [same_words(conv_cell, sum.pixels()), view.text(why)];
    let caption = conv_cell.caption().with_words(words).with_legends(legends(&items));
    Closeup::of_parts(items, None, caption)
}

/// The cells that window (i, j) covers.
fn landing(conv_cell: &ConvCell, [i, j]: [usize; 2]) -> CellSpan {
    let along = |axis: &crate::nn::Axis, i: usize| {
        let start = (i * axis.stride) as i32 - axis.padding as i32;
        let end = (start + (axis.dilation * (axis.kernel - 1) + 1) as i32).min(axis.len as i32);
        (start.max(0), end - start.max(0))
    };
    let window = &conv_cell.spec.window;
    let ((top, rows), (left, cols)) = (along(&window.rows, i), along(&window.cols, j));
    CellSpan::new(top, left, rows, cols)
}

/// That scattering gives what gathering gives in so many terms; empty until the cell is complete.
fn same_words(conv_cell: &ConvCell, pixels: usize) -> String {
    let [_, channel, p, q] = conv_cell.at;
    let is_done = conv_cell.done == conv_cell.terms;
    let scattered = conv_cell.view.state.trace().scattered(conv_cell.l, conv_cell.image, [channel, p, q]);
    let Some(scattered) = scattered.filter(|_| is_done) else { return String::new() };
    let [gathered, other] = [conv_cell.running(pixels).value, scattered].map(number::full);
    let key = if gathered == other { "conv.same_bits" } else { "conv.same_rounded" };
    conv_cell.view.fill(key, &[("gathered", &gathered), ("scattered", &other)])
}
