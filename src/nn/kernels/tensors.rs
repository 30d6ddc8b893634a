//! The kernels on whole tensors: what the layers' own functions call for f32.

use super::{
    Isa,
    conv::{ConvPlan, Finish},
    dense as kernel,
};
use crate::nn::{conv::Conv2d, dense::Dense};
use crate::tensor::Tensor;
use ndarray::CowArray;

/// The numbers of a tensor in memory order.
fn flat<'a>(tensor: &'a CowArray<f32, ndarray::Ix4>) -> &'a [f32] {
    tensor.as_slice().unwrap_or_default()
}

/// One image's part of a batch's numbers.
fn image(numbers: &[f32], n: usize, images: usize) -> &[f32] {
    let len = numbers.len() / images;
    &numbers[n * len..][..len]
}

/// [`crate::nn::conv::forward`] on an instruction set.
pub fn conv_forward(isa: Isa, spec: &Conv2d, x: &Tensor, w: &Tensor, b: Option<&Tensor>, y: &mut Tensor) {
    let plan = ConvPlan::new(isa, spec);
    let (x_, w, b) = (x.as_standard_layout(), w.as_standard_layout(), b.map(|b| b.as_standard_layout()));
    let mut panels = vec![0.0; plan.weight_len()];
    plan.pack_forward(flat(&w), &mut panels);
    let divide = if spec.normalize { spec.filter_pixels() as f64 as f32 } else { 0.0 };
    let finish = Finish { divide, bias: b.as_ref().map(flat), relu: false };
    let mut scratch = vec![0.0; plan.scratch_len()];
    let images = x.dim().0;
    let Some(y) = y.as_slice_mut() else { return };
    let len = y.len() / images.max(1);
    for n in 0..images {
        let y = &mut y[n * len..][..len];
        plan.forward(&panels, finish, image(flat(&x_), n, images), y, &mut scratch);
    }
}

/// [`crate::nn::conv::backward_weight`] on an instruction set.
pub fn conv_backward_weight(isa: Isa, spec: &Conv2d, x: &Tensor, ds: &Tensor, dw: &mut Tensor) {
    let plan = ConvPlan::new(isa, spec);
    let images = x.dim().0;
    let (x, ds) = (x.as_standard_layout(), ds.as_standard_layout());
    let channels = spec.out_channels;
    let mut sums = vec![0.0; channels * plan.sums_row()];
    for (k, dw) in dw.iter().enumerate() {
        sums[plan.sum_of(k)] = *dw;
    }
    let (rows, at_once) = (spec.window.rows.out, plan.lowered_rows());
    let mut lowered = vec![0.0; plan.lowered_len(at_once)];
    for n in 0..images {
        for begin in (0..rows).step_by(at_once) {
            let i = begin..(begin + at_once).min(rows);
            plan.lower(image(flat(&x), n, images), i.clone(), &mut lowered);
            plan.backward_weight(&lowered, i, image(flat(&ds), n, images), 0..channels, &mut sums);
        }
    }
    for (k, dw) in dw.iter_mut().enumerate() {
        *dw = sums[plan.sum_of(k)];
    }
}

/// [`crate::nn::conv::backward_input`] on an instruction set.
pub fn conv_backward_input(isa: Isa, spec: &Conv2d, ds: &Tensor, w: &Tensor, dx: &mut Tensor) {
    let plan = ConvPlan::new(isa, spec);
    let images = ds.dim().0;
    let (ds, w) = (ds.as_standard_layout(), w.as_standard_layout());
    let mut panels = vec![0.0; plan.weight_len()];
    plan.pack_input(flat(&w), &mut panels);
    let mut scratch = vec![0.0; plan.scratch_len()];
    let Some(dx) = dx.as_slice_mut() else { return };
    let len = dx.len() / images.max(1);
    for n in 0..images {
        plan.backward_input(&panels, image(flat(&ds), n, images), &mut dx[n * len..][..len], &mut scratch);
    }
}

/// [`crate::nn::dense::forward`] on an instruction set.
pub fn dense_forward(isa: Isa, spec: &Dense, x: &Tensor, w: &Tensor, b: Option<&Tensor>, y: &mut Tensor) {
    let images = x.dim().0;
    let (x, w) = (x.as_standard_layout(), w.as_standard_layout());
    let Some(y) = y.as_slice_mut() else { return };
    let mut scratch = vec![0.0; kernel::forward_scratch_len(isa)];
    kernel::forward_untransposed(isa, spec, images, flat(&x), flat(&w), y, &mut scratch);
    if let Some(b) = b {
        for y in y.chunks_exact_mut(spec.out_features) {
            y.iter_mut().zip(b).for_each(|(y, b)| *y += b);
        }
    }
}

/// [`crate::nn::dense::backward_weight`] on an instruction set.
pub fn dense_backward_weight(isa: Isa, spec: &Dense, x: &Tensor, dy: &Tensor, dw: &mut Tensor) {
    let images = dy.dim().0;
    let (x, dy) = (x.as_standard_layout(), dy.as_standard_layout());
    if let Some(dw) = dw.as_slice_mut() {
        kernel::backward_weight(isa, spec, images, flat(&x), flat(&dy), 0..spec.out_features, dw);
    }
}

/// [`crate::nn::dense::backward_input`] on an instruction set.
pub fn dense_backward_input(isa: Isa, spec: &Dense, dy: &Tensor, w: &Tensor, dx: &mut Tensor) {
    let images = dy.dim().0;
    let (dy, w) = (dy.as_standard_layout(), w.as_standard_layout());
    if let Some(dx) = dx.as_slice_mut() {
        kernel::backward_input(isa, spec, images, flat(&dy), flat(&w), dx);
    }
}
