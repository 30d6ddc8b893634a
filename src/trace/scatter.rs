//! The input gradient of a convolution, and the output of a transposed one, found the other way: each output gradient or
//! input cell spread through the filter, where the plan gathers.

use super::{tensor_id::TensorId, values::Trace};
use crate::nn::{Op, Part, conv::Conv2d};

impl Trace {
    /// dX at (c, p, q) of a convolution as it comes about by scattering: output gradients in order, (o, i, j), each
    /// times the filter added onto the input cells that it was made of; of a transposed convolution the sum at (o, i, j)
    /// before the bias, of input cells (c, p, q). The terms are those of the gathered sum in another order, so that in
    /// f32 the last digits may differ. `None` where the layer is neither or what is spread has not been computed.
    pub fn scattered(&self, l: usize, image: u32, at: [usize; 3]) -> Option<f32> {
        let plan = self.plan();
        if let Op::ConvTranspose2d(spec) = &plan.layer(l).op {
            return self.spread(l, &spec.conv, plan.input_of(l), image, at);
        }
        let Op::Conv2d(spec) = &plan.layer(l).op else { return None };
        self.spread(l, spec, plan.sum_gradient_of(l, spec), image, at)
    }

    /// What the windows of a convolution, each with its number in `each`, add onto cell (c, p, q).
    fn spread(
        &self,
        l: usize,
        spec: &Conv2d,
        each: TensorId,
        image: u32,
        [c, p, q]: [usize; 3],
    ) -> Option<f32> {
        let each = self.tensor(each)?;
        let w = self.params().0[l].get(Part::Weight)?;
        let (rows, cols) = (spec.window.rows, spec.window.cols);
        let within = c % spec.group_in();
        let mut sum = 0.0;
        for o in spec.outputs_of(c) {
            // A later window reaches the cell through an earlier tap.
            for u in (0..rows.kernel).rev() {
                for v in (0..cols.kernel).rev() {
                    if let Some([i, j]) = spec.window.window_of([p, q], [u, v]) {
                        sum = each[[image as usize, o, i, j]].mul_add(w[[o, within, u, v]], sum);
                    }
                }
            }
        }
        Some(sum)
    }
}
