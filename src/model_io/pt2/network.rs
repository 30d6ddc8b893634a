//! Convolutions, dense layers, pools and normalisations of ATen in ONNX's operators.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "counts of axes, and divisors that are checked to be above 0"
)]

use super::draw::{Draw, Drawn};
use crate::model_io::{
    ModelError,
    onnx::drawn::{float, int, ints, text},
};

/// As many numbers as there are axes beside batch and channels.
fn axes(draw: &Draw, name: &str, default: i64) -> Result<Vec<i64>, ModelError> {
    let count = draw.sizes()?.len().saturating_sub(2).clamp(1, 3);
    let numbers = match draw.node.ints(name) {
        Some(numbers) if !numbers.is_empty() => numbers.into_iter().collect::<Option<Vec<i64>>>(),
        _ => Some(vec![default; count]),
    };
    match numbers.as_deref() {
        Some(&[number]) => Ok(vec![number; count]),
        Some(numbers) if numbers.len() == count => Ok(numbers.to_vec()),
        _ => Err(draw
            .node
            .error(&format!("expected {count} numbers in {name}, got others; export the model again"))),
    }
}

/// A padding on both sides.
fn pads(padding: &[i64]) -> Vec<i64> {
    [padding, padding].concat()
}

/// A convolution.
///
/// # Errors
/// If it is not complete.
pub fn convolution(draw: &mut Draw) -> Drawn {
    let node = draw.node;
    let none = |what: &str| node.error(&format!("expected {what}, got none; export the model again"));
    let weight = draw.value(node.tensor("weight").ok_or_else(|| none("a weight"))?)?;
    let bias = node.tensor("bias").map(|bias| draw.value(bias)).transpose()?.unwrap_or_default();
    let is_transposed = node.op.starts_with("conv_transpose") || node.flag("transposed", false);
    let padding = match node.text("padding") {
        Some("valid") => text("auto_pad", "VALID"),
        Some(_) => text("auto_pad", "SAME_UPPER"),
        None => ints("pads", pads(&axes(draw, "padding", 0)?)),
    };
    let mut attributes = vec![
        ints("strides", axes(draw, "stride", 1)?),
        ints("dilations", axes(draw, "dilation", 1)?),
        int("group", node.int("groups").unwrap_or(1)),
        padding,
    ];
    if is_transposed {
        attributes.push(ints("output_padding", axes(draw, "output_padding", 0)?));
    }
    draw.push(if is_transposed { "ConvTranspose" } else { "Conv" }, &[&weight, &bias], attributes)
}

/// A dense layer.
///
/// # Errors
/// If it is not complete.
pub fn linear(draw: &mut Draw) -> Drawn {
    let node = draw.node;
    let weight = node
        .tensor("weight")
        .ok_or_else(|| node.error("expected a weight, got none; export the model again"))?;
    let weight = draw.value(weight)?;
    let bias = node.tensor("bias").map(|bias| draw.value(bias)).transpose()?;
    if draw.sizes()?.len() == 2 {
        let bias = bias.unwrap_or_default();
        return draw.push("Gemm", &[&weight, &bias], vec![int("transB", 1)]);
    }
    let turned = draw.push_on("Transpose", &[&weight], vec![ints("perm", [1, 0])])?;
    let product = draw.push("MatMul", &[&turned], vec![])?;
    match bias {
        Some(bias) => draw.push_on("Add", &[&product, &bias], vec![]),
        None => Ok(product),
    }
}

/// A dense layer as a product of matrices, with a bias or without.
///
/// # Errors
/// If it is not complete.
pub fn product(draw: &mut Draw) -> Drawn {
    let node = draw.node;
    let none = || node.error("expected two matrices, got others; export the model again");
    let (left, right) = match node.op {
        "addmm" => (node.tensor("mat1"), node.tensor("mat2")),
        "mm" => (node.tensor("self"), node.tensor("mat2")),
        _ => (node.tensor("self"), node.tensor("other")),
    };
    let (left, right) = left.zip(right).ok_or_else(none)?;
    for factor in ["alpha", "beta"] {
        if node.number(factor).is_some_and(|factor| factor != 1.0) {
            return Err(
                node.error(&format!("expected {factor} = 1, got another number; use a plain linear layer"))
            );
        }
    }
    let x = draw.value(left)?;
    if draw.values.sizes(left).len() != 2 {
        let right = draw.value(right)?;
        return draw.push_on("MatMul", &[&x, &right], vec![]);
    }
    // A weight that is transposed first keeps its name.
    let weight = draw.values.transposed.get(right).copied();
    let (weight, is_transposed) = (draw.value(weight.unwrap_or(right))?, weight.is_some());
    let bias = match node.op {
        "addmm" => draw.value(node.tensor("self").ok_or_else(none)?)?,
        _ => String::new(),
    };
    draw.push_on("Gemm", &[&x, &weight, &bias], vec![int("transB", i64::from(is_transposed))])
}

/// A batch normalisation with its running statistics.
///
/// # Errors
/// If it uses those of the batch.
pub fn batch_norm(draw: &mut Draw) -> Drawn {
    let node = draw.node;
    // A normalisation of each channel of the one picture in the batch.
    if node.op == "_native_batch_norm_legit" && node.target.ends_with(".no_stats") {
        return instance_norm(draw);
    }
    let is_training = match node.op {
        "_native_batch_norm_legit_no_training" => false,
        _ => node.flag("training", !matches!(node.op, "batch_norm")),
    };
    let [Some(mean), Some(var)] = ["running_mean", "running_var"].map(|name| node.tensor(name)) else {
        return Err(
            node.error("expected running statistics, got none; use track_running_stats=True and train again")
        );
    };
    if is_training {
        return Err(node.error(
            "expected running statistics, got a batch normalisation in training mode; export the model in evaluation mode \
             (net.eval())",
        ));
    }
    let channels = draw.values.sizes(mean).first().copied().flatten().unwrap_or(0);
    let channels = usize::try_from(channels).unwrap_or(0).min(1 << 16);
    let mut own = |name: &str, fill: f32| match node.tensor(name) {
        Some(tensor) => draw.value(tensor),
        None => {
            Ok(draw.drawing.floats(&format!("->{fill} x {channels}"), &[channels], &vec![fill; channels]))
        }
    };
    let (weight, bias) = (own("weight", 1.0)?, own("bias", 0.0)?);
    let (mean, var) = (draw.value(mean)?, draw.value(var)?);
    // ONNX weights the old statistic, PyTorch the new one.
    let momentum = 1.0 - node.number("momentum").unwrap_or(0.1);
    let attributes = vec![float("epsilon", node.number("eps").unwrap_or(1e-5)), float("momentum", momentum)];
    draw.push("BatchNormalization", &[&weight, &bias, &mean, &var], attributes)
}

/// The scale and the shift of a normalisation, where it has them.
fn scale_and_shift(draw: &Draw) -> Result<[String; 2], ModelError> {
    let own = |name: &str| draw.node.tensor(name).map(|tensor| draw.value(tensor)).transpose();
    Ok([own("weight")?.unwrap_or_default(), own("bias")?.unwrap_or_default()])
}

/// A normalisation of groups of channels of each picture.
///
/// # Errors
/// As for [`Draw::push`].
pub fn group_norm(draw: &mut Draw) -> Drawn {
    let node = draw.node;
    let groups = node.int("num_groups").or_else(|| node.int("group")).unwrap_or(0);
    let [scale, shift] = scale_and_shift(draw)?;
    let attributes = vec![int("num_groups", groups), float("epsilon", node.number("eps").unwrap_or(1e-5))];
    draw.push("GroupNormalization", &[&scale, &shift], attributes)
}

/// A normalisation of each channel of each picture.
///
/// # Errors
/// If it uses running statistics, or those of all pictures of a batch.
pub fn instance_norm(draw: &mut Draw) -> Drawn {
    let node = draw.node;
    let is_of_each = match node.op {
        "instance_norm" => node.flag("use_input_stats", true),
        _ => node.flag("training", false) && draw.sizes()?.first() == Some(&Some(1)),
    };
    if !is_of_each {
        return Err(node.error(
            "expected statistics of each picture, got running ones or those of a batch; use track_running_stats=False and              export the model with one picture",
        ));
    }
    let [scale, shift] = scale_and_shift(draw)?;
    let epsilon = float("epsilon", node.number("eps").unwrap_or(1e-5));
    draw.push("InstanceNormalization", &[&scale, &shift], vec![epsilon])
}

/// A normalisation over the last axes.
///
/// # Errors
/// If the file does not tell which.
pub fn layer_norm(draw: &mut Draw) -> Drawn {
    let node = draw.node;
    let axes = node.ints("normalized_shape").map_or(0, |shape| shape.len());
    let axes = i64::try_from(axes).ok().filter(|&axes| axes > 0);
    let axes =
        axes.ok_or_else(|| node.error("expected a normalized_shape, got none; export the model again"))?;
    let [scale, shift] = scale_and_shift(draw)?;
    let attributes =
        vec![float("epsilon", node.number("eps").unwrap_or(1e-5)), int("axis", axes.saturating_neg())];
    draw.push("LayerNormalization", &[&scale, &shift], attributes)
}

/// A max or average pool.
///
/// # Errors
/// If it divides by another number than that of its cells.
pub fn pool(draw: &mut Draw) -> Drawn {
    let node = draw.node;
    let kernel = axes(draw, "kernel_size", 1)?;
    let stride = match node.ints("stride") {
        Some(stride) if !stride.is_empty() => axes(draw, "stride", 1)?,
        _ => kernel.clone(),
    };
    let mut attributes = vec![
        ints("kernel_shape", kernel),
        ints("strides", stride),
        ints("pads", pads(&axes(draw, "padding", 0)?)),
        int("ceil_mode", i64::from(node.flag("ceil_mode", false))),
    ];
    if node.op.starts_with("max") {
        attributes.push(ints("dilations", axes(draw, "dilation", 1)?));
        return draw.push("MaxPool", &[], attributes);
    }
    if node.get("divisor_override").is_some() {
        return Err(node
            .error("expected an average, got a sum divided by another number; leave out divisor_override"));
    }
    attributes.push(int("count_include_pad", i64::from(node.flag("count_include_pad", true))));
    draw.push("AveragePool", &[], attributes)
}

/// A pool with as many windows as it has outputs, which divide its input.
///
/// # Errors
/// If they do not.
pub fn adaptive_pool(draw: &mut Draw) -> Drawn {
    let node = draw.node;
    let output = axes(draw, "output_size", 1)?;
    let is_max = node.op.contains("max");
    if output.iter().all(|&n| n == 1) {
        return draw.push(if is_max { "GlobalMaxPool" } else { "GlobalAveragePool" }, &[], vec![]);
    }
    let input: Option<Vec<i64>> = draw.sizes()?.into_iter().skip(2).collect();
    let input = input.unwrap_or_default();
    let windows = input
        .iter()
        .zip(&output)
        .map(|(&input, &output)| (output > 0 && input % output == 0).then(|| input / output));
    let kernel = windows.collect::<Option<Vec<i64>>>().filter(|kernel| kernel.len() == output.len());
    let kernel = kernel.ok_or_else(|| {
        node.error(&format!(
            "expected an output that divides the input's rows and columns, got {output:?} of {input:?}; use another size"
        ))
    })?;
    if kernel.iter().all(|&n| n == 1) {
        return draw.push("Identity", &[], vec![]);
    }
    let attributes = vec![ints("kernel_shape", kernel.clone()), ints("strides", kernel)];
    draw.push(if is_max { "MaxPool" } else { "AveragePool" }, &[], attributes)
}

/// Another number of rows and columns.
///
/// # Errors
/// If the file does not tell how many.
pub fn upsample(draw: &mut Draw) -> Drawn {
    let node = draw.node;
    let known = |sizes: Vec<Option<i64>>| sizes.into_iter().skip(2).collect::<Option<Vec<i64>>>();
    let sizes = known(draw.values.sizes(node.output)).filter(|sizes| (1..=2).contains(&sizes.len()));
    let is_aligned = node.flag("align_corners", false);
    let (mode, coordinates, rounding) = match node.op {
        "upsample_nearest1d" | "upsample_nearest2d" => ("nearest", "asymmetric", "floor"),
        "_upsample_nearest_exact1d" | "_upsample_nearest_exact2d" => {
            ("nearest", "half_pixel", "round_prefer_ceil")
        }
        "upsample_bicubic2d" if is_aligned => ("cubic", "align_corners", ""),
        "upsample_bicubic2d" => ("cubic", "half_pixel", ""),
        _ if is_aligned => ("linear", "align_corners", ""),
        _ => ("linear", "half_pixel", ""),
    };
    let mut attributes = vec![text("mode", mode), text("coordinate_transformation_mode", coordinates)];
    if !rounding.is_empty() {
        attributes.push(text("nearest_mode", rounding));
    }
    // By its scales where the file has them: PyTorch computes where cells lie from these.
    let scales = node.floats("scale_factors").filter(|scales| (1..=2).contains(&scales.len()));
    if let Some(scales) = scales.filter(|_| !is_aligned) {
        let numbers: Vec<f32> = [1.0, 1.0].into_iter().chain(scales).map(|scale| scale as f32).collect();
        let scales = draw.drawing.floats(&format!("->scales {numbers:?}"), &[numbers.len()], &numbers);
        return draw.push("Resize", &["", &scales], attributes);
    }
    let sizes = sizes.ok_or_else(|| {
        node.error(
            "expected a known number of rows and columns, got a free one; export the model with a fixed size",
        )
    })?;
    attributes.push(ints("axes", (2..).take(sizes.len())));
    let sizes = draw.drawing.whole(&sizes);
    draw.push("Resize", &["", "", &sizes], attributes)
}

/// A border of rows and columns.
///
/// # Errors
/// If it is of other axes.
pub fn pad(draw: &mut Draw) -> Drawn {
    let node = draw.node;
    let own = node.known("pad").or_else(|| node.known("padding")).unwrap_or_default();
    // The last axis comes first.
    let [left, right, rest @ ..] = own.as_slice() else {
        return Err(node.error("expected a padding of rows and columns, got none; export the model again"));
    };
    let (top, bottom) = match rest {
        [] => (0, 0),
        &[top, bottom] => (top, bottom),
        _ => {
            return Err(
                node.error("expected a padding of rows and columns, got one of more axes; pad only these")
            );
        }
    };
    let rank = draw.sizes()?.len();
    if !(3..=4).contains(&rank) {
        return Err(
            node.error("expected a padding of pictures, got one of something else; pad before flattening")
        );
    }
    let side = |row: i64, column: i64| [vec![0; rank - 2], vec![row, column]].concat();
    let sides = [side(top, *left), side(bottom, *right)].concat();
    let mode = match (node.op, node.text("mode").unwrap_or("constant")) {
        ("reflection_pad1d" | "reflection_pad2d", _) | (_, "reflect") => "reflect",
        ("replication_pad1d" | "replication_pad2d", _) | (_, "replicate") => "edge",
        _ => "constant",
    };
    let sides = draw.drawing.whole(&sides);
    let value = draw.drawing.number(node.number("value").unwrap_or(0.0));
    draw.push("Pad", &[&sides, &value], vec![text("mode", mode)])
}
