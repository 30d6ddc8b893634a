//! ATen's operators in ONNX's.

#![expect(clippy::arithmetic_side_effects, reason = "counts of axes and nodes, which are few")]

use super::{
    arguments::Node,
    draw::{Draw, Drawn},
    network,
    values::Values,
};
use crate::model_io::{
    ModelError,
    onnx::drawn::{Drawing, float, int, ints, text},
};

/// What can be read, for messages.
const KNOWN: &str = "_softmax, adaptive_avg_pool2d, adaptive_max_pool2d, add, addmm, amax, avg_pool2d, batch_norm, cat, celu, \
                     clamp, constant_pad_nd, conv2d, conv_transpose2d, convolution, div, dropout, elu, flatten, gelu, \
                     group_norm, hardsigmoid, hardswish, hardtanh, instance_norm, layer_norm, leaky_relu, linear, \
                     max_pool2d, maximum, mean, minimum, mish, mm, mul, permute, pixel_shuffle, prelu, relu, relu6, reshape, selu, \
                     sigmoid, silu, slice, softmax, softplus, split, squeeze, sub, tanh, unsqueeze, upsample_bicubic2d, \
                     upsample_bilinear2d, upsample_nearest2d, view, and those with 1d for 2d";

/// Draws one operator.
///
/// # Errors
/// If nothing here computes the same.
pub fn draw<'a>(drawing: &mut Drawing, values: &mut Values<'a>, node: &Node<'a>) -> Result<(), ModelError> {
    if matches!(node.op, "split" | "split_with_sizes" | "chunk") {
        let parts = Draw { drawing, values, node }.parts()?;
        for (&output, drawn) in node.outputs.iter().zip(parts) {
            values.set(output, drawn);
            values.view(output, node.first()?);
        }
        return Ok(());
    }
    if node.op == "gt" && node.number("other") == Some(0.0) {
        // As the slopes of a PReLU are spelled out.
        values.above.insert(node.output, node.first()?);
        return Ok(());
    }
    let drawn = Draw { drawing, values, node }.operator()?;
    values.set(node.output, drawn);
    if matches!(
        node.op,
        "view"
            | "reshape"
            | "_unsafe_view"
            | "flatten"
            | "squeeze"
            | "unsqueeze"
            | "permute"
            | "transpose"
            | "t"
            | "alias"
            | "slice"
            | "detach"
            | "contiguous"
            | "dropout"
    ) {
        values.view(node.output, node.first()?);
    }
    if node.is_in_place {
        values.changed(node.first()?, node.output);
    }
    Ok(())
}

impl Draw<'_, '_> {
    fn operator(&mut self) -> Drawn {
        match self.node.op {
            "conv1d" | "conv2d" | "convolution" | "conv_transpose1d" | "conv_transpose2d" => {
                network::convolution(self)
            }
            "linear" => network::linear(self),
            "addmm" | "mm" | "matmul" => network::product(self),
            "batch_norm"
            | "_native_batch_norm_legit_no_training"
            | "native_batch_norm"
            | "cudnn_batch_norm"
            | "_native_batch_norm_legit"
            | "_native_batch_norm_legit_functional" => network::batch_norm(self),
            "max_pool1d" | "max_pool2d" | "max_pool2d_with_indices" | "avg_pool1d" | "avg_pool2d" => {
                network::pool(self)
            }
            "adaptive_avg_pool1d"
            | "adaptive_avg_pool2d"
            | "_adaptive_avg_pool2d"
            | "adaptive_max_pool1d"
            | "adaptive_max_pool2d" => network::adaptive_pool(self),
            "group_norm" | "native_group_norm" => network::group_norm(self),
            "instance_norm" => network::instance_norm(self),
            "layer_norm" | "native_layer_norm" => network::layer_norm(self),
            "upsample_nearest1d"
            | "upsample_nearest2d"
            | "_upsample_nearest_exact1d"
            | "_upsample_nearest_exact2d"
            | "upsample_linear1d"
            | "upsample_bilinear2d"
            | "upsample_bicubic2d" => network::upsample(self),
            "constant_pad_nd" | "pad" | "reflection_pad1d" | "reflection_pad2d" | "replication_pad1d"
            | "replication_pad2d" => network::pad(self),
            "pixel_shuffle" => {
                let side = self.node.int("upscale_factor").unwrap_or(0);
                self.push("DepthToSpace", &[], vec![int("blocksize", side), text("mode", "CRD")])
            }
            "repeat" => self.repeat(),
            "where" => self.spelled_prelu(),
            "dropout" | "native_dropout" | "feature_dropout" => self.dropout(),
            "mean" | "amax" => self.reduce(),
            "add" | "sub" | "mul" | "div" => self.arithmetic(),
            "cat" => self.cat(),
            "slice" => {
                let (start, end) =
                    (self.node.int("start").unwrap_or(0), self.node.int("end").unwrap_or(i64::MAX));
                self.slice(self.node.int("dim").unwrap_or(0), start, end, self.node.int("step").unwrap_or(1))
            }
            "maximum" | "minimum" => {
                let op = if self.node.op == "maximum" { "Max" } else { "Min" };
                let other = self.node.tensor("other").unwrap_or_default();
                let other = self.value(other)?;
                self.push(op, &[&other], vec![])
            }
            "flatten" => self.flatten(),
            "view" | "reshape" | "_unsafe_view" => self.view(),
            "squeeze" | "unsqueeze" => self.squeeze(),
            "permute" | "transpose" | "t" | "numpy_T" => self.permute(),
            "contiguous" | "clone" | "detach" | "alias" | "lift_fresh_copy" | "to" | "_to_copy"
            | "identity" => self.push("Identity", &[], vec![]),
            _ => self.activation(),
        }
    }

    /// x where x is above 0, elsewhere a slope times x.
    fn spelled_prelu(&mut self) -> Drawn {
        let node = self.node;
        let slope = || {
            let (condition, x, other) = (node.first().ok()?, node.tensor("self")?, node.tensor("other")?);
            let [left, right] = *self.values.products.get(other)?;
            let is_of_x = self.values.above.get(condition) == Some(&x);
            [(left, right), (right, left)].into_iter().find(|(_, of)| is_of_x && *of == x)
        };
        let (slope, x) = slope().ok_or_else(|| {
            node.error("expected x where x > 0, else a slope times x, got another choice; use nn.PReLU")
        })?;
        let (slope, x) = (self.value(slope)?, self.value(x)?);
        self.push_on("PRelu", &[&x, &slope], vec![])
    }

    /// A tensor repeated once along each axis, which is the tensor.
    fn repeat(&mut self) -> Drawn {
        match self.node.known("repeats").is_some_and(|repeats| repeats.iter().all(|&n| n == 1)) {
            true => self.value(self.node.first()?),
            false => Err(self.node.error(
                "expected a tensor as it is, got one that is repeated; export the model with one picture",
            )),
        }
    }

    fn activation(&mut self) -> Drawn {
        let node = self.node;
        let number = |name: &str, default: f64| node.number(name).unwrap_or(default);
        let only = |name: &str, ours: f64| match node.number(name) {
            Some(other) if other != ours => Err(node.error(&format!(
                "expected {name} = {ours}, got {other}; use PyTorch's default and export again"
            ))),
            _ => Ok(()),
        };
        match node.op {
            "relu" => self.push("Relu", &[], vec![]),
            "relu6" => self.clip(Some(0.0), Some(6.0)),
            "hardtanh" => self.clip(Some(number("min_val", -1.0)), Some(number("max_val", 1.0))),
            "clamp" => self.clip(node.number("min"), node.number("max")),
            "clamp_min" => self.clip(node.number("min"), None),
            "clamp_max" => self.clip(None, node.number("max")),
            "leaky_relu" => self.push("LeakyRelu", &[], vec![float("alpha", number("negative_slope", 0.01))]),
            "prelu" | "_prelu_kernel" => self.prelu(),
            "tanh" => self.push("Tanh", &[], vec![]),
            "sigmoid" => self.push("Sigmoid", &[], vec![]),
            "elu" => {
                // SELU and CELU become ELU with scales when they are decomposed.
                if node.number("scale").is_some_and(|scale| scale != 1.0) {
                    only("alpha", 1.673_263_242_354_377_2)?;
                    only("scale", 1.050_700_987_355_480_5)?;
                    return self.push("Selu", &[], vec![]);
                }
                only("input_scale", 1.0)?;
                self.push("Elu", &[], vec![float("alpha", number("alpha", 1.0))])
            }
            "celu" => {
                only("alpha", 1.0)?;
                self.push("Celu", &[], vec![])
            }
            "selu" => self.push("Selu", &[], vec![]),
            "gelu" => {
                let form = node.text("approximate").unwrap_or("none");
                self.push("Gelu", &[], vec![text("approximate", form)])
            }
            "silu" => self.push("Swish", &[], vec![]),
            "softplus" => {
                only("beta", 1.0)?;
                only("threshold", 20.0)?;
                self.push("Softplus", &[], vec![])
            }
            "hardswish" => self.push("HardSwish", &[], vec![]),
            "hardsigmoid" => self.push("HardSigmoid", &[], vec![float("alpha", 1.0 / 6.0)]),
            "mish" => self.push("Mish", &[], vec![]),
            "softmax" | "_softmax" => self.push("Softmax", &[], vec![int("axis", node.int("dim").unwrap_or(-1))]),
            "log_softmax" | "_log_softmax" => {
                self.push("LogSoftmax", &[], vec![int("axis", node.int("dim").unwrap_or(-1))])
            }
            _ => Err(node.error(&format!(
                "expected an operator that is there, got another one; the operators are {KNOWN}: replace it in the model and \
                 export the model again"
            ))),
        }
    }

    fn clip(&mut self, min: Option<f64>, max: Option<f64>) -> Drawn {
        let min = min.map(|min| float("min", min));
        self.push("Clip", &[], min.into_iter().chain(max.map(|max| float("max", max))).collect())
    }

    fn prelu(&mut self) -> Drawn {
        let slope =
            self.node.tensor("weight").ok_or_else(|| self.node.error("expected a slope, got none"))?;
        let slope = self.value(slope)?;
        // One for each channel, whatever the axes behind these.
        let shape: Vec<i64> = std::iter::once(-1).chain(self.sizes()?.iter().skip(2).map(|_| 1)).collect();
        let shape = self.drawing.whole(&shape);
        let slope = self.push_on("Reshape", &[&slope, &shape], vec![])?;
        self.push("PRelu", &[&slope], vec![])
    }

    fn dropout(&mut self) -> Drawn {
        if self.node.flag("train", false) {
            return Err(self.node.error(
                "expected a dropout that passes its input through, got one in training mode, whose output is drawn at random; \
                 export the model in evaluation mode (net.eval())",
            ));
        }
        let p = self.node.number("p").unwrap_or(0.5);
        self.push("Dropout", &[], vec![float("ratio", p)])
    }

    fn reduce(&mut self) -> Drawn {
        let axes = self.node.known("dim").ok_or_else(|| {
            self.node
                .error("expected a mean over rows and columns, got one over all axes; average over (2, 3)")
        })?;
        let op = if self.node.op == "mean" { "ReduceMean" } else { "ReduceMax" };
        let keeps = i64::from(self.node.flag("keepdim", false));
        self.push(op, &[], vec![ints("axes", axes), int("keepdims", keeps)])
    }

    /// A sum, difference, product or quotient of two tensors, or of a tensor and a number.
    fn arithmetic(&mut self) -> Drawn {
        let node = self.node;
        let op = match node.op {
            "add" => "Add",
            "sub" => "Sub",
            "mul" => "Mul",
            _ => "Div",
        };
        if node.get("rounding_mode").is_some() {
            return Err(node.error("expected a plain division, got a rounded one; divide without rounding"));
        }
        let alpha = node.number("alpha").unwrap_or(1.0);
        let other = match (node.tensor("other"), node.number("other")) {
            (Some(other), _) if alpha == 1.0 => {
                if node.op == "mul" {
                    self.values.products.insert(node.output, [node.first()?, other]);
                }
                self.value(other)?
            }
            (None, Some(number)) => self.drawing.number(number * alpha),
            _ => {
                return Err(
                    node.error("expected a tensor or a number, got another form; use plain arithmetic")
                );
            }
        };
        self.push(op, &[&other], vec![])
    }

    fn cat(&mut self) -> Drawn {
        let tensors = self.node.tensors("tensors");
        let names = tensors.iter().map(|name| self.value(name)).collect::<Result<Vec<_>, _>>()?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.push_on("Concat", &names, vec![int("axis", self.node.int("dim").unwrap_or(0))])
    }

    fn slice(&mut self, axis: i64, start: i64, end: i64, step: i64) -> Drawn {
        let [start, end, axis, step] = [start, end, axis, step].map(|number| self.drawing.whole(&[number]));
        self.push("Slice", &[&start, &end, &axis, &step], vec![])
    }

    /// The parts of a tensor, one after the other along an axis, whose sizes the file tells.
    fn parts(&mut self) -> Result<Vec<String>, ModelError> {
        let axis = self.node.int("dim").unwrap_or(0);
        let place =
            usize::try_from(if axis < 0 { axis + self.sizes()?.len() as i64 } else { axis }).unwrap_or(0);
        let (mut start, mut parts) = (0i64, Vec::new());
        let node = self.node;
        for output in &node.outputs {
            let len = self.values.sizes(output).get(place).copied().flatten();
            let len = len.ok_or_else(|| {
                self.node.error("expected parts of known sizes, got free ones; save it with a fixed size")
            })?;
            let end = start.saturating_add(len);
            parts.push(self.slice(axis, start, end, 1)?);
            start = end;
        }
        Ok(parts)
    }

    fn flatten(&mut self) -> Drawn {
        let (start, end) = (self.node.int("start_dim").unwrap_or(0), self.node.int("end_dim").unwrap_or(-1));
        let rank = self.sizes()?.len() as i64;
        if start == 1 && (end == -1 || end == rank - 1) {
            return self.push("Flatten", &[], vec![int("axis", 1)]);
        }
        self.reshaped()
    }

    /// A view whose sizes are all known, but for the batch.
    fn view(&mut self) -> Drawn {
        let shape = self.node.ints("size").or_else(|| self.node.ints("shape"));
        let Some(shape) = shape.filter(|shape| shape.iter().skip(1).all(Option::is_some)) else {
            return self.reshaped();
        };
        let batch = self.sizes()?.first().copied().flatten();
        // 0 keeps the batch.
        let first = shape.first().copied().flatten().filter(|&first| Some(first) != batch && first != -1);
        let rest: Option<Vec<i64>> = shape.into_iter().skip(1).collect();
        self.reshape(&[&[first.unwrap_or(0)], rest.unwrap_or_default().as_slice()].concat())
    }

    /// The shape that the file tells of the output.
    fn reshaped(&mut self) -> Drawn {
        let sizes: Option<Vec<i64>> = self.values.sizes(self.node.output).into_iter().skip(1).collect();
        let sizes = sizes.ok_or_else(|| {
            self.node.error("expected sizes that are known, but for the batch, got free ones; export the model with a fixed size")
        })?;
        self.reshape(&[&[0], sizes.as_slice()].concat())
    }

    fn reshape(&mut self, shape: &[i64]) -> Drawn {
        let shape = self.drawing.whole(shape);
        self.push("Reshape", &[&shape], vec![])
    }

    fn squeeze(&mut self) -> Drawn {
        let op = if self.node.op == "squeeze" { "Squeeze" } else { "Unsqueeze" };
        let axes = self.node.known("dim");
        let axes =
            axes.ok_or_else(|| self.node.error("expected the axis to take away, got none; use flatten(1)"))?;
        self.push(op, &[], vec![ints("axes", axes)])
    }

    fn permute(&mut self) -> Drawn {
        let node = self.node;
        let rank = self.sizes()?.len();
        let place = |axis: i64| usize::try_from(if axis < 0 { axis + rank as i64 } else { axis }).ok();
        let mut order: Vec<i64> = (0..rank as i64).collect();
        match node.op {
            "permute" => order = node.known("dims").unwrap_or_default(),
            "transpose" => {
                let axes = [node.int("dim0"), node.int("dim1")]
                    .map(|axis| axis.and_then(place).filter(|&axis| axis < rank));
                if let [Some(a), Some(b)] = axes {
                    order.swap(a, b);
                }
            }
            _ => order.reverse(),
        }
        let order: Vec<i64> =
            order.into_iter().map(|axis| if axis < 0 { axis + rank as i64 } else { axis }).collect();
        if order == [1, 0] {
            self.values.transposed.insert(node.output, node.first()?);
        }
        self.push("Transpose", &[], vec![ints("perm", order)])
    }
}
