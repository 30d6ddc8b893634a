//! Where a layer's sizes come from and what it costs, as numbers and as lines of arithmetic.
//!
//! Letters: W input extent, F kernel, S stride, P padding, D dilation; C input and O output channels.

use super::{Axis, Layer, Op, Window, conv_transpose::ConvTranspose2d, group_norm::Affine};

/// What a line of arithmetic gives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Quantity {
    /// Output rows and output columns, which are the same.
    Side,
    /// Output rows.
    Rows,
    /// Output columns.
    Columns,
    /// Output features of a layer that makes a vector.
    Features,
    /// Output channels of a layer that puts several inputs one after the other.
    Channels,
    /// The weights, biases and running statistics.
    Parameters,
    /// Multiply-adds of one picture's forward pass.
    MultiplyAdds,
}

/// A line of arithmetic: `(28 + 2·0 − 5)/1 + 1`, and what it gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// What it gives.
    pub quantity: Quantity,
    /// The numbers, with + − · / ( ) and, where a division has a rest, ⌊ ⌋ where it is dropped and ⌈ ⌉ where it counts.
    pub formula: String,
    /// The result, the very number that the network uses.
    pub result: u64,
}

impl Axis {
    /// The output extent ⌊(W + 2P − D(F − 1) − 1)/S⌋ + 1 with its numbers. With D = 1 the shorter form W + 2P − F, with
    /// other padding behind than before W + P + P'; the brackets of the rounding stand only where there is a rest.
    pub fn formula(&self) -> String {
        let Self { len, kernel, stride, dilation, out, .. } = *self;
        let reach = match dilation {
            1 => format!("{kernel}"),
            _ => format!("{dilation}·({kernel} − 1) − 1"),
        };
        let room = self.padded() - self.reach();
        let (open, close) = match (room.is_multiple_of(stride), room / stride + 1 == out) {
            (true, _) => ("", ""),
            (false, true) => ("⌊", "⌋"),
            (false, false) => ("⌈", "⌉"),
        };
        let sides = self.sides("+");
        format!("{open}({len} + {sides} − {reach})/{stride}{close} + 1")
    }

    /// The output extent (W − 1)S − 2P + F of a transposed convolution with its numbers, whose windows lie on the output:
    /// with other padding at the end − P − P', with D > 1 D(F − 1) + 1 in place of F, and what output_padding adds.
    pub fn transposed_formula(&self) -> String {
        let Self { kernel, stride, dilation, out, .. } = *self;
        let reach = match dilation {
            1 => format!("{kernel}"),
            _ => format!("{dilation}·({kernel} − 1) + 1"),
        };
        let more = match ConvTranspose2d::output_padding(self) {
            0 => String::new(),
            more => format!(" + {more}"),
        };
        format!("({out} − 1)·{stride} − {} + {reach}{more}", self.sides("−"))
    }

    /// The padding of both sides, 2P where it is the same, else both with a sign between.
    fn sides(&self, sign: &str) -> String {
        match self.padding == self.padding_end {
            true => format!("2·{}", self.padding),
            false => format!("{} {sign} {}", self.padding, self.padding_end),
        }
    }
}

impl Layer {
    /// The number of its weights, biases and running statistics.
    pub fn parameter_count(&self) -> usize {
        self.parameters().iter().map(|(_, shape)| shape.len()).sum()
    }

    /// Multiply-adds of one picture's forward pass: the terms of a convolution's or dense layer's sums, those on
    /// padding among them; of a transposed convolution the products of its input cells with their filters, those that
    /// its padding cuts off among them, without the zeros between. What other layers do, cell by cell, is not counted.
    pub fn multiply_adds(&self) -> u64 {
        match &self.op {
            Op::Conv2d(_) | Op::Dense(_) => self.terms(),
            Op::ConvTranspose2d(spec) => {
                (self.input.iter().product::<usize>() * spec.conv.filter_pixels()) as u64
            }
            Op::MaxPool2d(_)
            | Op::AvgPool2d(_)
            | Op::Resample2d(_)
            | Op::Activation(_)
            | Op::PRelu(_)
            | Op::Flatten
            | Op::BatchNorm2d(_)
            | Op::GroupNorm(_)
            | Op::LocalResponseNorm(_)
            | Op::Dropout { .. }
            | Op::Softmax
            | Op::Add
            | Op::Multiply
            | Op::Concat => 0,
        }
    }

    /// The lines of arithmetic for its sizes, parameters and multiply-adds; none where it changes no size and
    /// has no parameters.
    pub fn arithmetic(&self) -> Vec<Line> {
        let line = |quantity, formula, result: usize| Line { quantity, formula, result: result as u64 };
        let mut lines = Vec::new();
        let mut sizes = |window: &Window, formula: fn(&Axis) -> String, extent: fn(&Axis) -> usize| {
            let (rows, cols) = (&window.rows, &window.cols);
            if rows == cols {
                lines.push(line(Quantity::Side, formula(rows), extent(rows)));
            } else {
                lines.push(line(Quantity::Rows, formula(rows), extent(rows)));
                lines.push(line(Quantity::Columns, formula(cols), extent(cols)));
            }
        };
        if let Some(window) = self.window() {
            sizes(window, Axis::formula, |axis| axis.out);
        } else if let Op::ConvTranspose2d(spec) = &self.op {
            sizes(&spec.conv.window, Axis::transposed_formula, |axis| axis.len);
        }
        let [c, h, w] = self.input;
        let [o, h_out, w_out] = self.output;
        let multiply_adds =
            |formula| Line { quantity: Quantity::MultiplyAdds, formula, result: self.multiply_adds() };
        match &self.op {
            Op::Conv2d(conv) => {
                let (kh, kw) = (conv.window.rows.kernel, conv.window.cols.kernel);
                let group = match conv.groups {
                    1 => format!("{c}"),
                    groups => format!("{c}/{groups}"),
                };
                let weights = format!("{group}·{kh}·{kw}");
                let formula =
                    if conv.bias { format!("{o}·({weights} + 1)") } else { format!("{o}·{weights}") };
                lines.push(line(Quantity::Parameters, formula, self.parameter_count()));
                lines.push(multiply_adds(format!("{h_out}·{w_out}·{o}·{weights}")));
            }
            Op::ConvTranspose2d(spec) => {
                let (kh, kw) = (spec.conv.window.rows.kernel, spec.conv.window.cols.kernel);
                let group = match spec.conv.groups {
                    1 => format!("{o}"),
                    groups => format!("{o}/{groups}"),
                };
                let weights = format!("{c}·{group}·{kh}·{kw}");
                let formula = if spec.bias { format!("{weights} + {o}") } else { weights.clone() };
                lines.push(line(Quantity::Parameters, formula, self.parameter_count()));
                lines.push(multiply_adds(format!("{h}·{w}·{weights}")));
            }
            Op::Dense(dense) => {
                let f = dense.in_features;
                let formula = if dense.bias { format!("{o}·({f} + 1)") } else { format!("{o}·{f}") };
                lines.push(line(Quantity::Parameters, formula, self.parameter_count()));
                lines.push(multiply_adds(format!("{o}·{f}")));
            }
            Op::Flatten => lines.push(line(Quantity::Features, format!("{c}·{h}·{w}"), o)),
            // Weight, bias, running mean and running variance of each channel.
            Op::BatchNorm2d(_) => {
                let formula = format!("{}·{c}", self.parameters().len());
                lines.push(line(Quantity::Parameters, formula, self.parameter_count()));
            }
            Op::PRelu(prelu) => {
                lines.push(line(Quantity::Parameters, prelu.slopes.to_string(), self.parameter_count()));
            }
            // Weight and bias of each channel, or of each cell.
            Op::GroupNorm(norm) => {
                let each = norm.affine.map(|affine| match affine {
                    Affine::Channel => format!("2·{c}"),
                    Affine::Cell => format!("2·{c}·{h}·{w}"),
                });
                lines.extend(each.map(|each| line(Quantity::Parameters, each, self.parameter_count())));
            }
            Op::MaxPool2d(_)
            | Op::AvgPool2d(_)
            | Op::Resample2d(_)
            | Op::Activation(_)
            | Op::LocalResponseNorm(_)
            | Op::Dropout { .. }
            | Op::Softmax
            | Op::Add
            | Op::Multiply => {}
            Op::Concat => {
                let parts: Vec<String> = self.inputs.iter().map(|[c, ..]| c.to_string()).collect();
                lines.push(line(Quantity::Channels, parts.join(" + "), o));
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Network, loss::Loss, spec::*};

    /// The value of a formula: terms of products of factors.
    fn value(formula: &str) -> i64 {
        fn sum(text: &mut std::iter::Peekable<std::str::Chars>) -> f64 {
            let mut total = product(text);
            while let Some(&sign @ ('+' | '−')) = text.peek() {
                text.next();
                total += if sign == '+' { product(text) } else { -product(text) };
            }
            total
        }
        fn product(text: &mut std::iter::Peekable<std::str::Chars>) -> f64 {
            let mut total = factor(text);
            while let Some(&sign @ ('·' | '/')) = text.peek() {
                text.next();
                let next = factor(text);
                total = if sign == '·' { total * next } else { total / next };
            }
            total
        }
        fn factor(text: &mut std::iter::Peekable<std::str::Chars>) -> f64 {
            if let Some('(' | '⌊' | '⌈') = text.peek() {
                text.next();
                let inner = sum(text);
                return match text.next() {
                    Some(')') => inner,
                    Some('⌋') => inner.floor(),
                    Some('⌉') => inner.ceil(),
                    other => panic!("{other:?}"),
                };
            }
            let mut digits = String::new();
            while let Some(c) = text.next_if(char::is_ascii_digit) {
                digits.push(c);
            }
            digits.parse().expect("a number")
        }
        let packed: String = formula.chars().filter(|c| *c != ' ').collect();
        let mut text = packed.chars().peekable();
        let total = sum(&mut text);
        assert_eq!((text.next(), total.fract()), (None, 0.0), "{formula}");
        total as i64
    }

    fn layers(input: [usize; 3], kinds: Vec<Kind>) -> Vec<Layer> {
        let name = |(n, kind)| LayerSpec::new(format!("l{n}"), kind);
        let specs = kinds.into_iter().enumerate().map(name).collect();
        Network::build(input, specs, Loss::Mse).expect("fits").layers
    }

    #[test]
    fn every_line_adds_up_to_what_the_layer_has() {
        let kinds = vec![
            Kind::Conv2d(ConvSpec {
                kernel: Pair([3, 5]),
                stride: Pair([2, 3]),
                padding: Pair([1, 2]),
                dilation: Pair([2, 1]),
                groups: 2,
                ..ConvSpec::new(12, 3)
            }),
            Kind::BatchNorm2d(BatchNormSpec::default()),
            Kind::GroupNorm(GroupNormSpec::new(Together::Group(4))),
            Kind::GroupNorm(GroupNormSpec::new(Together::Channel)),
            Kind::GroupNorm(GroupNormSpec::new(Together::Whole)),
            Kind::PRelu(PReluSpec { per_channel: true }),
            Kind::PRelu(PReluSpec { per_channel: false }),
            Kind::RELU,
            Kind::MaxPool2d(MaxPoolSpec {
                kernel: Pair([3, 2]),
                stride: None,
                padding: Pair([1, 0]),
                ..MaxPoolSpec::new(1)
            }),
            Kind::MaxPool2d(MaxPoolSpec {
                stride: Some(Pair([2, 3])),
                padding_end: Some(Pair([1, 0])),
                dilation: Pair([1, 2]),
                ceil_mode: true,
                ..MaxPoolSpec::new(3)
            }),
            Kind::Conv2d(ConvSpec { bias: false, padding_end: Some(Pair([2, 1])), ..ConvSpec::new(7, 2) }),
            Kind::ConvTranspose2d(ConvTransposeSpec {
                kernel: Pair([3, 2]),
                stride: Pair([2, 3]),
                padding: Pair([1, 2]),
                padding_end: Some(Pair([1, 1])),
                output_padding: Pair([1, 0]),
                dilation: Pair([2, 1]),
                ..ConvTransposeSpec::new(6, 3)
            }),
            Kind::ConvTranspose2d(ConvTransposeSpec {
                groups: 2,
                bias: false,
                ..ConvTransposeSpec::new(4, 3)
            }),
            Kind::GlobalAvgPool2d,
            Kind::Flatten,
            Kind::Dense(DenseSpec { out_features: 10, bias: true }),
            Kind::Dense(DenseSpec { out_features: 4, bias: false }),
            Kind::Softmax,
        ];
        for layer in layers([4, 40, 41], kinds) {
            let lines = layer.arithmetic();
            for line in &lines {
                assert_eq!(value(&line.formula), line.result as i64, "{}: {}", layer.name(), line.formula);
                let [c, h, w] = layer.output;
                let real = match line.quantity {
                    Quantity::Side => {
                        assert_eq!(h, w);
                        h as u64
                    }
                    Quantity::Rows => h as u64,
                    Quantity::Columns => w as u64,
                    Quantity::Features | Quantity::Channels => c as u64,
                    Quantity::Parameters => layer.parameter_count() as u64,
                    Quantity::MultiplyAdds => layer.multiply_adds(),
                };
                assert_eq!(line.result, real, "{}: {:?}", layer.name(), line.quantity);
            }
            let has = |quantity| lines.iter().any(|line| line.quantity == quantity);
            assert_eq!(has(Quantity::Parameters), layer.parameter_count() > 0, "{}", layer.name());
            assert_eq!(has(Quantity::MultiplyAdds), layer.multiply_adds() > 0, "{}", layer.name());
        }
    }

    #[test]
    fn the_lines_read_as_on_a_blackboard() {
        let layer = &layers([1, 28, 28], vec![Kind::Conv2d(ConvSpec::new(8, 5))])[0];
        let lines: Vec<String> =
            layer.arithmetic().iter().map(|line| format!("{} = {}", line.formula, line.result)).collect();
        assert_eq!(lines, ["(28 + 2·0 − 5)/1 + 1 = 24", "8·(1·5·5 + 1) = 208", "24·24·8·1·5·5 = 115200"]);
        let strided = ConvSpec { stride: Pair::square(2), ..ConvSpec::new(8, 5) };
        let layer = &layers([1, 28, 28], vec![Kind::Conv2d(strided)])[0];
        assert_eq!(layer.arithmetic()[0].formula, "⌊(28 + 2·0 − 5)/2⌋ + 1");
        let enlarged = ConvTransposeSpec {
            stride: Pair::square(2),
            padding: Pair::square(1),
            output_padding: Pair::square(1),
            ..ConvTransposeSpec::new(4, 3)
        };
        let layer = &layers([8, 7, 7], vec![Kind::ConvTranspose2d(enlarged)])[0];
        let lines: Vec<String> =
            layer.arithmetic().iter().map(|line| format!("{} = {}", line.formula, line.result)).collect();
        assert_eq!(lines, ["(7 − 1)·2 − 2·1 + 3 + 1 = 14", "8·4·3·3 + 4 = 292", "7·7·8·4·3·3 = 14112"]);
    }
}
