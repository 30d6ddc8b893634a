//! The kernels on whole tensors, shared out among workers: [`crate::nn::Compute`] for `f32`.
//!
//! A worker takes some output channels, or where that is what is made some input channels, as a layer of
//! their own: so no fold is split.

use super::{
    Isa,
    conv::{ConvPlan, Finish},
    dense as kernel,
};
use crate::nn::{conv::Conv2d, dense::Dense, execution::Workers};
use crate::tensor::Tensor;
use ndarray::CowArray;
use std::{
    ops::Range,
    sync::{Mutex, PoisonError},
};

/// The numbers of a tensor in memory order.
fn flat<'a>(tensor: &'a CowArray<f32, ndarray::Ix4>) -> &'a [f32] {
    tensor.as_slice().unwrap_or_default()
}

/// One image's part of a batch's numbers.
fn image(numbers: &[f32], n: usize, images: usize) -> &[f32] {
    let len = numbers.len() / images;
    &numbers[n * len..][..len]
}

/// 0..count in as many parts as there are workers, none of them empty.
fn shares(workers: &dyn Workers, count: usize) -> Vec<Range<usize>> {
    let parts = workers.count().clamp(1, count.max(1));
    (0..parts).map(|part| count * part / parts..count * (part + 1) / parts).collect()
}

/// Has each task done by one of the workers.
fn share<T: Send>(workers: &dyn Workers, tasks: Vec<T>, work: impl Fn(T) + Sync) {
    if tasks.len() == 1 {
        return tasks.into_iter().for_each(work);
    }
    let tasks: Vec<Mutex<Option<T>>> = tasks.into_iter().map(|task| Mutex::new(Some(task))).collect();
    workers.run(&|worker| {
        for task in tasks.iter().skip(worker).step_by(workers.count()) {
            if let Some(task) = task.lock().unwrap_or_else(PoisonError::into_inner).take() {
                work(task);
            }
        }
    });
}

/// Cuts each image's channels, `each` numbers long, at the ranges: per range one piece of each image.
fn cut<'a>(
    numbers: &'a mut [f32],
    channels: usize,
    each: usize,
    parts: &[Range<usize>],
) -> Vec<Vec<&'a mut [f32]>> {
    let mut pieces: Vec<Vec<&mut [f32]>> = parts.iter().map(|_| Vec::new()).collect();
    for mut image in numbers.chunks_exact_mut((channels * each).max(1)) {
        for (part, pieces) in parts.iter().zip(&mut pieces) {
            let (piece, rest) = image.split_at_mut(part.len() * each);
            pieces.push(piece);
            image = rest;
        }
    }
    pieces
}

/// A part of a convolution that is a convolution itself, and what of the whole it reads and makes.
struct Part {
    spec: Conv2d,
    /// Its input channels.
    c: Range<usize>,
    /// Its output channels.
    o: Range<usize>,
}

/// A convolution cut along its groups; one group along its output channels, or its input channels.
fn parts(workers: &dyn Workers, spec: &Conv2d, along_inputs: bool) -> Vec<Part> {
    let (ins, outs) = (spec.in_channels, spec.out_channels);
    if spec.groups > 1 {
        return shares(workers, spec.groups)
            .into_iter()
            .map(|g| {
                let c = g.start * spec.group_in()..g.end * spec.group_in();
                let o = g.start * spec.group_out()..g.end * spec.group_out();
                let spec = Conv2d { in_channels: c.len(), out_channels: o.len(), groups: g.len(), ..*spec };
                Part { spec, c, o }
            })
            .collect();
    }
    if along_inputs {
        let part = |c: Range<usize>| Part { spec: Conv2d { in_channels: c.len(), ..*spec }, c, o: 0..outs };
        return shares(workers, ins).into_iter().map(part).collect();
    }
    let part = |o: Range<usize>| Part { spec: Conv2d { out_channels: o.len(), ..*spec }, c: 0..ins, o };
    shares(workers, outs).into_iter().map(part).collect()
}

/// [`crate::nn::conv::forward`] on an instruction set.
pub fn conv_forward(
    isa: Isa,
    workers: &dyn Workers,
    spec: &Conv2d,
    x: &Tensor,
    w: &Tensor,
    b: Option<&Tensor>,
    y: &mut Tensor,
) {
    let (x_, w, b) = (x.as_standard_layout(), w.as_standard_layout(), b.map(|b| b.as_standard_layout()));
    let images = x.dim().0;
    let Some(y) = y.as_slice_mut() else { return };
    let parts = parts(workers, spec, false);
    let ranges: Vec<_> = parts.iter().map(|part| part.o.clone()).collect();
    let [h, w_out] = spec.window.out();
    let pieces = cut(y, spec.out_channels, h * w_out, &ranges);
    let (terms, plane) = (spec.filter_pixels(), spec.window.rows.len * spec.window.cols.len);
    share(workers, parts.into_iter().zip(pieces).collect(), |(Part { spec, c, o }, pieces)| {
        let plan = ConvPlan::new(isa, &spec);
        let mut panels = vec![0.0; plan.weight_len()];
        plan.pack_forward(&flat(&w)[o.start * terms..o.end * terms], &mut panels);
        let divide = if spec.normalize { spec.filter_pixels() as f64 as f32 } else { 0.0 };
        let finish = Finish { divide, bias: b.as_ref().map(|b| &flat(b)[o.clone()]), relu: false };
        let mut scratch = vec![0.0; plan.scratch_len()];
        for (n, y) in pieces.into_iter().enumerate() {
            let x = &image(flat(&x_), n, images)[c.start * plane..c.end * plane];
            plan.forward(&panels, finish, x, y, &mut scratch);
        }
    });
}

/// [`crate::nn::conv::backward_weight`] on an instruction set.
pub fn conv_backward_weight(
    isa: Isa,
    workers: &dyn Workers,
    spec: &Conv2d,
    x: &Tensor,
    ds: &Tensor,
    dw: &mut Tensor,
) {
    let images = x.dim().0;
    let (x, ds) = (x.as_standard_layout(), ds.as_standard_layout());
    let Some(dw) = dw.as_slice_mut() else { return };
    let parts = parts(workers, spec, false);
    let ranges: Vec<_> = parts.iter().map(|part| part.o.clone()).collect();
    let pieces = cut(dw, spec.out_channels, spec.filter_pixels(), &ranges).into_iter().flatten();
    let [h, w] = spec.window.out();
    let plane = spec.window.rows.len * spec.window.cols.len;
    share(workers, parts.into_iter().zip(pieces).collect(), |(Part { spec, c, o }, dw)| {
        let plan = ConvPlan::new(isa, &spec);
        let mut sums = vec![0.0; o.len() * plan.sums_row()];
        for (k, dw) in dw.iter().enumerate() {
            sums[plan.sum_of(k)] = *dw;
        }
        let (rows, at_once) = (spec.window.rows.out, plan.lowered_rows());
        let mut lowered = vec![0.0; plan.lowered_len(at_once)];
        for n in 0..images {
            let x = &image(flat(&x), n, images)[c.start * plane..c.end * plane];
            let ds = &image(flat(&ds), n, images)[o.start * h * w..o.end * h * w];
            for begin in (0..rows).step_by(at_once) {
                let i = begin..(begin + at_once).min(rows);
                plan.lower(x, i.clone(), &mut lowered);
                plan.backward_weight(&lowered, i, ds, 0..o.len(), &mut sums);
            }
        }
        plan.gather(&sums, dw);
    });
}

/// [`crate::nn::conv::backward_input`] on an instruction set.
pub fn conv_backward_input(
    isa: Isa,
    workers: &dyn Workers,
    spec: &Conv2d,
    ds: &Tensor,
    w: &Tensor,
    dx: &mut Tensor,
) {
    let images = ds.dim().0;
    let (ds, w) = (ds.as_standard_layout(), w.as_standard_layout());
    let Some(dx) = dx.as_slice_mut() else { return };
    let parts = parts(workers, spec, true);
    let ranges: Vec<_> = parts.iter().map(|part| part.c.clone()).collect();
    let pieces = cut(dx, spec.in_channels, spec.window.rows.len * spec.window.cols.len, &ranges);
    let ([h, w_out], taps, filter) = (spec.window.out(), spec.window.taps(), spec.filter_pixels());
    let is_cut = spec.groups == 1 && parts.len() > 1;
    share(workers, parts.into_iter().zip(pieces).collect(), |(Part { spec, c, o }, pieces)| {
        let plan = ConvPlan::new(isa, &spec);
        let w = &flat(&w)[o.start * filter..o.end * filter];
        let mut panels = vec![0.0; plan.weight_len()];
        if is_cut {
            let of_part = w.chunks_exact(filter).flat_map(|w| &w[c.start * taps..c.end * taps]);
            let w: Vec<f32> = of_part.copied().collect();
            plan.pack_input(&w, &mut panels);
        } else {
            plan.pack_input(w, &mut panels);
        }
        let mut scratch = vec![0.0; plan.scratch_len()];
        for (n, dx) in pieces.into_iter().enumerate() {
            let ds = &image(flat(&ds), n, images)[o.start * h * w_out..o.end * h * w_out];
            plan.backward_input(&panels, Finish::default(), ds, dx, &mut scratch);
        }
    });
}

/// Has a dense layer's part of each image made, (images, part), and lays the parts side by side.
fn dense_parts(
    workers: &dyn Workers,
    features: usize,
    images: usize,
    to: &mut [f32],
    make: impl Fn(Range<usize>, &mut [f32]) + Sync,
) {
    let parts = shares(workers, features);
    let mut made: Vec<Vec<f32>> = parts.iter().map(|part| vec![0.0; images * part.len()]).collect();
    share(workers, parts.iter().cloned().zip(&mut made).collect(), |(part, made)| make(part, made));
    for (part, made) in parts.into_iter().zip(made) {
        for (to, made) in to.chunks_exact_mut(features).zip(made.chunks_exact(part.len().max(1))) {
            to[part.clone()].copy_from_slice(made);
        }
    }
}

/// [`crate::nn::dense::forward`] on an instruction set.
pub fn dense_forward(
    isa: Isa,
    workers: &dyn Workers,
    spec: &Dense,
    x: &Tensor,
    w: &Tensor,
    b: Option<&Tensor>,
    y: &mut Tensor,
) {
    let (images, ins, outs) = (x.dim().0, spec.in_features, spec.out_features);
    let (x, w) = (x.as_standard_layout(), w.as_standard_layout());
    let Some(y) = y.as_slice_mut() else { return };
    dense_parts(workers, outs, images, y, |o, y| {
        let (spec, w) = (Dense { out_features: o.len(), ..*spec }, &flat(&w)[o.start * ins..o.end * ins]);
        let mut scratch = vec![0.0; kernel::forward_scratch_len(isa)];
        kernel::forward_untransposed(isa, &spec, images, flat(&x), w, y, &mut scratch);
    });
    if let Some(b) = b {
        for y in y.chunks_exact_mut(outs) {
            y.iter_mut().zip(b).for_each(|(y, b)| *y += b);
        }
    }
}

/// [`crate::nn::dense::backward_weight`] on an instruction set.
pub fn dense_backward_weight(
    isa: Isa,
    workers: &dyn Workers,
    spec: &Dense,
    x: &Tensor,
    dy: &Tensor,
    dw: &mut Tensor,
) {
    let (images, ins, outs) = (dy.dim().0, spec.in_features, spec.out_features);
    let (x, dy) = (x.as_standard_layout(), dy.as_standard_layout());
    let Some(dw) = dw.as_slice_mut() else { return };
    let parts = shares(workers, outs);
    let pieces = cut(dw, outs, ins, &parts).into_iter().flatten();
    share(workers, parts.iter().cloned().zip(pieces).collect(), |(o, dw)| {
        kernel::backward_weight(isa, spec, images, flat(&x), flat(&dy), o, dw);
    });
}

/// [`crate::nn::dense::backward_input`] on an instruction set.
pub fn dense_backward_input(
    isa: Isa,
    workers: &dyn Workers,
    spec: &Dense,
    dy: &Tensor,
    w: &Tensor,
    dx: &mut Tensor,
) {
    let (images, ins) = (dy.dim().0, spec.in_features);
    let (dy, w) = (dy.as_standard_layout(), w.as_standard_layout());
    let Some(dx) = dx.as_slice_mut() else { return };
    dense_parts(workers, ins, images, dx, |f, dx| {
        kernel::backward_input(isa, spec, images, flat(&dy), flat(&w), f, dx);
    });
}
