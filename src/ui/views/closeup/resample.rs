//! Upsampling, padding, cropping, channels in another order: the cells that one is made of, and the way back.

use super::arithmetic::lines;
use super::caption::Caption;
use super::focused_cell::FocusedCell;
use super::part::{Part, map_detail};
use super::parts::Item;
use super::{Closeup, legends};
use crate::nn::{
    Part as TensorPart,
    resample::{Border, Does, Resample2d, ResampleAxis, Upsampling},
};
use crate::trace::{Address, Pass, Stage, TensorId};
use crate::ui::{names, tensor_plane::TensorPlane, view::View, widgets::grid::CellSpan};

/// The close-up of a resampling, forward and backward.
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
    let at = [channel, i, j];
    let read: Vec<[usize; 3]> = match is_backward {
        true => (0..spec.cover()).filter_map(|m| spec.reader(at, m)).map(|(at, _)| at).collect(),
        false => (0..spec.taps()).filter_map(|m| spec.tap(at, m)).map(|(at, _)| at).collect(),
    };
    let map = |tensor: TensorId, channel: usize| {
        let plane = TensorPlane::new(view, tensor, cell.image, channel);
        Part::from_plane(plane, names::tensor(view, tensor), map_detail(view, tensor, channel))
    };
    let cols =
        |tensor: TensorId| TensorPlane::new(view, tensor, cell.image, channel_of(view, tensor, 0)).cols();
    // What reads nothing stands beside the map of its own number.
    let mut source = map(from, read.first().map_or_else(|| channel_of(view, from, channel), |[k, ..]| *k));
    if let Some(span) = span(&read).filter(|_| read.len() > 1 || is_backward) {
        source = source.near(span);
    }
    // The cell that the last term reads.
    let last = (cell.done as usize).checked_sub(1).and_then(|m| match is_backward {
        true => spec.reader(at, m),
        false => spec.tap(at, m),
    });
    if let Some(([_, p, q], _)) = last {
        source = source.focus(p * cols(from) + q);
    }
    let target = map(to, channel).focus(i * cols(to) + j);
    let is_copy = !is_backward && read.len() == 1;
    let target = match (is_copy, spec.does()) {
        // All copies of the cell.
        (true, Does::Scale(Upsampling::Nearest | Upsampling::NearestExact)) if fills_blocks(spec) => {
            let times = |axis: &ResampleAxis| axis.out / axis.len;
            target.near(block([i, j], [times(&spec.rows), times(&spec.cols)]))
        }
        // Its neighbours, which are copies too.
        (true, _) => target,
        (false, _) => target.near(CellSpan::cell(i, j)),
    };
    let key = words(spec, is_backward, read.is_empty());
    let [n, from_map] = [read.len(), read.first().map_or(0, |[k, ..]| *k)].map(|n| n.to_string());
    let words = view.fill(key, &[("n", &n), ("map", &from_map)]);
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

/// Whether each cell of the input fills a block of whole cells.
fn fills_blocks(spec: &Resample2d) -> bool {
    [spec.rows, spec.cols].iter().all(|axis| axis.out.is_multiple_of(axis.len))
}

/// A channel of a tensor, or its last one.
fn channel_of(view: &View, tensor: TensorId, channel: usize) -> usize {
    channel.min(view.state.plan().shape_of(tensor).0[1].saturating_sub(1))
}

/// The key of the sentence on a cell.
fn words(spec: &Resample2d, is_backward: bool, reads_nothing: bool) -> &'static str {
    match (is_backward, spec.does()) {
        (false, Does::Scale(Upsampling::Nearest | Upsampling::NearestExact)) => {
            if fills_blocks(spec) {
                "closeup.resample_copy"
            } else {
                "closeup.resample_nearest"
            }
        }
        (false, Does::Scale(Upsampling::Bilinear)) => "closeup.resample_mix",
        (false, Does::Scale(Upsampling::Bicubic)) => "closeup.resample_cubic",
        (false, Does::Pad(_)) if reads_nothing => "closeup.resample_zero",
        (false, Does::Pad(Border::Zero)) => "closeup.resample_inside",
        (false, Does::Pad(Border::Reflection)) => "closeup.resample_mirror",
        (false, Does::Pad(Border::Replication)) => "closeup.resample_repeat",
        (false, Does::Crop) => "closeup.resample_kept",
        (false, Does::Slice) => "closeup.resample_picked",
        (false, Does::Shuffle) => "closeup.resample_shuffled",
        (true, Does::Crop | Does::Slice) if reads_nothing => "closeup.resample_dropped_back",
        (true, Does::Scale(_)) if reads_nothing => "closeup.resample_dropped_back",
        (true, Does::Scale(Upsampling::Bilinear | Upsampling::Bicubic)) => "closeup.resample_mix_back",
        (true, Does::Slice | Does::Shuffle) => "closeup.resample_map_back",
        (true, Does::Scale(Upsampling::Nearest | Upsampling::NearestExact) | Does::Pad(_) | Does::Crop) => {
            "closeup.resample_copy_back"
        }
    }
}

/// The smallest rectangle around some cells.
fn span(cells: &[[usize; 3]]) -> Option<CellSpan> {
    let along = |d: usize| {
        let low = cells.iter().map(|at| at[d]).min()?;
        let high = cells.iter().map(|at| at[d]).max()?;
        Some((low as i32, (high - low + 1) as i32))
    };
    let ((top, rows), (left, cols)) = (along(1)?, along(2)?);
    Some(CellSpan::new(top, left, rows, cols))
}
