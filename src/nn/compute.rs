//! How each number type computes convolutions and dense layers: `f64` by the definition, `f32` by the kernels, which
//! give the definition's bits.

use super::{
    Real,
    conv::{self, Conv2d},
    dense::{self, Dense},
    execution::Workers,
    kernels::{Isa, fused, tensors},
};
use crate::tensor::Tensor;

/// The layers that have kernels. Each function is that of the same name in [`conv`] or [`dense`].
pub trait Compute: Real {
    /// [`conv::forward`].
    fn conv_forward(
        workers: &dyn Workers,
        spec: &Conv2d,
        x: &Tensor<Self>,
        w: &Tensor<Self>,
        b: Option<&Tensor<Self>>,
    ) -> Tensor<Self>;

    /// [`conv::backward_weight`].
    fn conv_backward_weight(
        workers: &dyn Workers,
        spec: &Conv2d,
        x: &Tensor<Self>,
        ds: &Tensor<Self>,
        dw: &mut Tensor<Self>,
    );

    /// [`conv::backward_input`].
    fn conv_backward_input(
        workers: &dyn Workers,
        spec: &Conv2d,
        ds: &Tensor<Self>,
        w: &Tensor<Self>,
    ) -> Tensor<Self>;

    /// [`dense::forward`].
    fn dense_forward(
        workers: &dyn Workers,
        spec: &Dense,
        x: &Tensor<Self>,
        w: &Tensor<Self>,
        b: Option<&Tensor<Self>>,
    ) -> Tensor<Self>;

    /// [`dense::backward_weight`].
    fn dense_backward_weight(
        workers: &dyn Workers,
        spec: &Dense,
        x: &Tensor<Self>,
        dy: &Tensor<Self>,
        dw: &mut Tensor<Self>,
    );

    /// [`dense::backward_input`].
    fn dense_backward_input(
        workers: &dyn Workers,
        spec: &Dense,
        dy: &Tensor<Self>,
        w: &Tensor<Self>,
        input: [usize; 3],
    ) -> Tensor<Self>;
}

impl Compute for f64 {
    fn conv_forward(
        _: &dyn Workers,
        spec: &Conv2d,
        x: &Tensor<f64>,
        w: &Tensor<f64>,
        b: Option<&Tensor<f64>>,
    ) -> Tensor<f64> {
        fused(|| conv::forward(spec, x, w, b))
    }

    fn conv_backward_weight(
        _: &dyn Workers,
        spec: &Conv2d,
        x: &Tensor<f64>,
        ds: &Tensor<f64>,
        dw: &mut Tensor<f64>,
    ) {
        fused(|| conv::backward_weight(spec, x, ds, dw));
    }

    fn conv_backward_input(_: &dyn Workers, spec: &Conv2d, ds: &Tensor<f64>, w: &Tensor<f64>) -> Tensor<f64> {
        fused(|| conv::backward_input(spec, ds, w))
    }

    fn dense_forward(
        _: &dyn Workers,
        spec: &Dense,
        x: &Tensor<f64>,
        w: &Tensor<f64>,
        b: Option<&Tensor<f64>>,
    ) -> Tensor<f64> {
        fused(|| dense::forward(spec, x, w, b))
    }

    fn dense_backward_weight(
        _: &dyn Workers,
        spec: &Dense,
        x: &Tensor<f64>,
        dy: &Tensor<f64>,
        dw: &mut Tensor<f64>,
    ) {
        fused(|| dense::backward_weight(spec, x, dy, dw));
    }

    fn dense_backward_input(
        _: &dyn Workers,
        spec: &Dense,
        dy: &Tensor<f64>,
        w: &Tensor<f64>,
        input: [usize; 3],
    ) -> Tensor<f64> {
        fused(|| dense::backward_input(spec, dy, w, input))
    }
}

impl Compute for f32 {
    fn conv_forward(
        workers: &dyn Workers,
        spec: &Conv2d,
        x: &Tensor,
        w: &Tensor,
        b: Option<&Tensor>,
    ) -> Tensor {
        let [h, w_out] = spec.window.out();
        let mut y = Tensor::zeros((x.dim().0, spec.out_channels, h, w_out));
        tensors::conv_forward(Isa::best(), workers, spec, x, w, b, &mut y);
        y
    }

    fn conv_backward_weight(workers: &dyn Workers, spec: &Conv2d, x: &Tensor, ds: &Tensor, dw: &mut Tensor) {
        tensors::conv_backward_weight(Isa::best(), workers, spec, x, ds, dw);
    }

    fn conv_backward_input(workers: &dyn Workers, spec: &Conv2d, ds: &Tensor, w: &Tensor) -> Tensor {
        let (h, w_in) = (spec.window.rows.len, spec.window.cols.len);
        let mut dx = Tensor::zeros((ds.dim().0, spec.in_channels, h, w_in));
        tensors::conv_backward_input(Isa::best(), workers, spec, ds, w, &mut dx);
        dx
    }

    fn dense_forward(
        workers: &dyn Workers,
        spec: &Dense,
        x: &Tensor,
        w: &Tensor,
        b: Option<&Tensor>,
    ) -> Tensor {
        let mut y = Tensor::zeros((x.dim().0, spec.out_features, 1, 1));
        tensors::dense_forward(Isa::best(), workers, spec, x, w, b, &mut y);
        y
    }

    fn dense_backward_weight(workers: &dyn Workers, spec: &Dense, x: &Tensor, dy: &Tensor, dw: &mut Tensor) {
        tensors::dense_backward_weight(Isa::best(), workers, spec, x, dy, dw);
    }

    fn dense_backward_input(
        workers: &dyn Workers,
        spec: &Dense,
        dy: &Tensor,
        w: &Tensor,
        [c, h, w_in]: [usize; 3],
    ) -> Tensor {
        let mut dx = Tensor::zeros((dy.dim().0, c, h, w_in));
        tensors::dense_backward_input(Isa::best(), workers, spec, dy, w, &mut dx);
        dx
    }
}
