//! What pooling leaves out: the share of a map that is thrown away, and what the other kind of pooling would give.

use super::tensor_id::TensorId;
use super::values::Trace;
use crate::nn::{Op, Part, pool};
use ndarray::s;

impl Trace {
    /// What the other kind of pooling, maximum or average, makes of the same windows of one channel of an image:
    /// H' * W' numbers. `None` where the layer does not pool or its input has not been computed.
    pub fn pooled_otherwise(&self, l: usize, image: u32, channel: usize) -> Option<Vec<f32>> {
        let (spec, is_max) = match &self.plan().layer(l).op {
            Op::MaxPool2d(spec) => (*spec, true),
            Op::AvgPool2d(spec) => (*spec, false),
            Op::Conv2d(_)
            | Op::ConvTranspose2d(_)
            | Op::Resample2d(_)
            | Op::Activation(_)
            | Op::PRelu(_)
            | Op::BatchNorm2d(_)
            | Op::GroupNorm(_)
            | Op::LocalResponseNorm(_)
            | Op::Dropout { .. }
            | Op::Flatten
            | Op::Dense(_)
            | Op::Softmax
            | Op::Add
            | Op::Multiply
            | Op::Concat => return None,
        };
        let image = image as usize;
        let x = self.tensor(self.plan().input_of(l))?;
        let x = x.slice(s![image..=image, channel..=channel, .., ..]).to_owned();
        let spec = pool::Pool2d { channels: 1, ..spec };
        let y = if is_max { pool::avg_forward(&spec, &x) } else { pool::max_forward(&spec, &x).0 };
        Some(y.into_iter().collect())
    }

    /// Of the cells that the first `windows` windows of a channel read: how many won none of them, and how many
    /// they are. `None` where the layer takes no maximum or has not been computed.
    pub fn thrown_away(&self, l: usize, image: u32, channel: usize, windows: usize) -> Option<[usize; 2]> {
        let Op::MaxPool2d(spec) = &self.plan().layer(l).op else { return None };
        let winners = self.tensor(TensorId::layer(l, Part::Winner))?;
        let (rows, cols) = (spec.window.rows, spec.window.cols);
        // 1: read, 2: won.
        let mut cells = vec![0u8; rows.len * cols.len];
        for n in 0..windows.min(rows.out * cols.out) {
            let at = [n / cols.out, n % cols.out];
            for m in 0..spec.window.taps() {
                if let Some([p, q]) = spec.window.tap(at, [m / cols.kernel, m % cols.kernel]) {
                    cells[p * cols.len + q] |= 1;
                }
            }
            let winner = winners[[image as usize, channel, at[0], at[1]]] as usize;
            cells[winner] |= 2;
        }
        let count = |of: fn(u8) -> bool| cells.iter().filter(|&&cell| of(cell)).count();
        Some([count(|cell| cell == 1), count(|cell| cell != 0)])
    }
}
