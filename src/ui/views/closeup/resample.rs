//! Upsampling and padding: the cells that one is made of, and the way back.

use super::arithmetic::lines;
use super::caption::Caption;
use super::focused_cell::FocusedCell;
use super::part::{Part, map_detail};
use super::parts::Item;
use super::{Closeup, legends};
use crate::nn::{
    Part as TensorPart,
    resample::{Border, Resample2d, Source, Upsampling},
};
use crate::trace::{Address, Pass, Stage, TensorId};
use crate::ui::{names, tensor_plane::TensorPlane, view::View, widgets::grid::CellSpan};

/// The close-up of an upsampling or a padding, forward and backward.
pub(super) fn resample<'a>(
    view: &'a View<'a>,
    focus: &Address,
    stage: &Stage,
    l: usize,
    spec: &Resample2d,
) -> Option<Closeup<'a>> {
    let cell = FocusedCell::from_address(view, focus)?;
    let plan = view.state.plan();
    let [_, channel, i, j] = cell.at;
    let is_backward = stage.pass == Pass::Bwd;
    let (from, to) = match is_backward {
        true => (plan.output_gradient_of(l), TensorId::layer(l, TensorPart::Dx)),
        false => (plan.input_of(l), TensorId::layer(l, TensorPart::Out)),
    };
    let read: Vec<[usize; 2]> = match is_backward {
        true => (0..spec.cover()).filter_map(|m| spec.reader([i, j], m)).map(|(at, _)| at).collect(),
        false => (0..spec.taps()).filter_map(|m| spec.tap([i, j], m)).map(|(at, _)| at).collect(),
    };
    let map = |tensor: TensorId| {
        let plane = TensorPlane::new(view, tensor, cell.image, channel);
        Part::from_plane(plane, names::tensor(view, tensor), map_detail(view, tensor, channel))
    };
    let cols = |tensor: TensorId| TensorPlane::new(view, tensor, cell.image, channel).cols();
    let mut source = map(from);
    if let Some(span) = span(&read).filter(|_| read.len() > 1 || is_backward) {
        source = source.near(span);
    }
    // The cell that the last term reads.
    let last = (cell.done as usize).checked_sub(1).and_then(|m| match is_backward {
        true => spec.reader([i, j], m),
        false => spec.tap([i, j], m),
    });
    if let Some(([p, q], _)) = last {
        source = source.focus(p * cols(from) + q);
    }
    let target = map(to).focus(i * cols(to) + j);
    let is_copy = !is_backward && read.len() == 1;
    let target = match (is_copy, &spec.rows.source, &spec.cols.source) {
        // All copies of the cell.
        (
            true,
            &Source::Scale { scale: rows, by: Upsampling::Nearest },
            &Source::Scale { scale: cols, by: Upsampling::Nearest },
        ) => target.near(block([i, j], [rows, cols])),
        // Its neighbours, which are copies too.
        (true, ..) => target,
        (false, ..) => target.near(CellSpan::cell(i, j)),
    };
    let key = match (is_backward, spec.rows.source) {
        (false, Source::Scale { by: Upsampling::Nearest, .. }) => "closeup.resample_copy",
        (false, Source::Scale { by: Upsampling::Bilinear, .. }) => "closeup.resample_mix",
        (false, Source::Pad { .. }) if read.is_empty() => "closeup.resample_zero",
        (false, Source::Pad { border: Border::Zero, .. }) => "closeup.resample_inside",
        (false, Source::Pad { border: Border::Reflection, .. }) => "closeup.resample_mirror",
        (false, Source::Pad { border: Border::Replication, .. }) => "closeup.resample_repeat",
        (true, Source::Scale { by: Upsampling::Bilinear, .. }) => "closeup.resample_mix_back",
        (true, Source::Scale { by: Upsampling::Nearest, .. } | Source::Pad { .. }) => {
            "closeup.resample_copy_back"
        }
    };
    let words = view.fill(key, &[("n", &read.len().to_string())]);
    // What lies on a border of zeros is made of nothing.
    let items: Vec<Item> = match read.is_empty() && !is_backward {
        true => vec![target.into()],
        false => vec![source.into(), "→".into(), target.into()],
    };
    let steps = view.state.trace().cell_until(focus, cell.done).steps;
    let caption = Caption::from_steps(view, &steps).with_words([words]).with_legends(legends(&items));
    let extra = if steps.len() > 1 { lines(view, &steps, 5) } else { None };
    Some(Closeup::of_parts(items, extra, caption))
}

/// The block of cells that an enlargement makes of one, and that (i, j) lies in.
fn block([i, j]: [usize; 2], [rows, cols]: [usize; 2]) -> CellSpan {
    let (rows, cols) = (rows.max(1), cols.max(1));
    CellSpan::new((i / rows * rows) as i32, (j / cols * cols) as i32, rows as i32, cols as i32)
}

/// The smallest rectangle around some cells.
fn span(cells: &[[usize; 2]]) -> Option<CellSpan> {
    let along = |d: usize| {
        let low = cells.iter().map(|at| at[d]).min()?;
        let high = cells.iter().map(|at| at[d]).max()?;
        Some((low as i32, (high - low + 1) as i32))
    };
    let ((top, rows), (left, cols)) = (along(0)?, along(1)?);
    Some(CellSpan::new(top, left, rows, cols))
}
