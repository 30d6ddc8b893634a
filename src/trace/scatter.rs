//! The input gradient of a convolution found the other way: each output gradient spread through the filter, where
//! the plan gathers.

use super::values::Trace;
use crate::nn::{Op, Part};

impl Trace {
    /// dX at (c, p, q) of a convolution as it comes about by scattering: output gradients in order, (o, i, j), each
    /// times the filter added onto the input cells that it was made of. The terms are those of the gathered sum in
    /// another order, so that in f32 the last digits may differ. `None` where the layer is no convolution or its
    /// output gradient has not been computed.
    pub fn scattered(&self, l: usize, image: u32, [c, p, q]: [usize; 3]) -> Option<f32> {
        let Op::Conv2d(spec) = &self.plan().layer(l).op else { return None };
        let dy = self.tensor(self.plan().sum_gradient_of(l, spec))?;
        let w = self.params().0[l].get(Part::Weight)?;
        let (rows, cols) = (spec.window.rows, spec.window.cols);
        let within = c % spec.group_in();
        let mut sum = 0.0;
        for o in spec.outputs_of(c) {
            // A later output gradient reaches the cell through an earlier tap.
            for u in (0..rows.kernel).rev() {
                for v in (0..cols.kernel).rev() {
                    if let Some([i, j]) = spec.window.window_of([p, q], [u, v]) {
                        sum = dy[[image as usize, o, i, j]].mul_add(w[[o, within, u, v]], sum);
                    }
                }
            }
        }
        Some(sum)
    }
}
