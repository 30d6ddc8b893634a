//! A convolution as mathematics defines it: its filters turned by 180° before they slide, where a network's layer
//! leaves them as they are (a cross-correlation).

use super::values::Trace;
use crate::nn::{Op, Part};

impl Trace {
    /// What cell (o, i, j) of a convolution would be with its filters turned by 180°: the same sum, where tap (u, v)
    /// meets the weight (kh − 1 − u, kw − 1 − v). `None` where the layer is no convolution.
    pub fn turned(&self, l: usize, image: u32, [o, i, j]: [usize; 3]) -> Option<f32> {
        let Op::Conv2d(spec) = &self.plan().layer(l).op else { return None };
        let x = self.tensor(self.plan().input_of(l))?;
        let params = &self.params().0[l];
        let w = params.get(Part::Weight)?;
        let (kh, kw) = (spec.window.rows.kernel, spec.window.cols.kernel);
        let mut sum = 0.0f32;
        for (slice, c) in spec.inputs_of(o).enumerate() {
            for u in 0..kh {
                for v in 0..kw {
                    if let Some([p, q]) = spec.window.tap([i, j], [u, v]) {
                        sum =
                            x[[image as usize, c, p, q]].mul_add(w[[o, slice, kh - 1 - u, kw - 1 - v]], sum);
                    }
                }
            }
        }
        if spec.normalize {
            sum /= spec.filter_pixels() as f32;
        }
        Some(params.get(Part::Bias).map_or(sum, |b| sum + b[[0, o, 0, 0]]))
    }
}
