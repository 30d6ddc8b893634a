//! Convolutions, dense layers, pools and normalisations of ATen in ONNX's operators.

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
    let is_transposed = node.op == "conv_transpose2d" || node.flag("transposed", false);
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
    if output == [1, 1] {
        return draw.push(if is_max { "GlobalMaxPool" } else { "GlobalAveragePool" }, &[], vec![]);
    }
    let input: Option<Vec<i64>> = draw.sizes()?.into_iter().skip(2).collect();
    let input = input.unwrap_or_default();
    let windows = input
        .iter()
        .zip(&output)
        .map(|(&input, &output)| (output > 0 && input % output == 0).then(|| input / output));
    let kernel = windows.collect::<Option<Vec<i64>>>().filter(|kernel| kernel.len() == 2);
    let kernel = kernel.ok_or_else(|| {
        node.error(&format!(
            "expected an output that divides the input's rows and columns, got {output:?} of {input:?}; use another size"
        ))
    })?;
    if kernel == [1, 1] {
        return draw.push("Identity", &[], vec![]);
    }
    let attributes = vec![ints("kernel_shape", kernel.clone()), ints("strides", kernel)];
    draw.push(if is_max { "MaxPool" } else { "AveragePool" }, &[], attributes)
}

/// More rows and columns.
///
/// # Errors
/// If corners are aligned, or the scale is not whole.
pub fn upsample(draw: &mut Draw) -> Drawn {
    let node = draw.node;
    if node.flag("align_corners", false) {
        return Err(node.error("expected align_corners=False, got True; use False and train again"));
    }
    let known = |sizes: Vec<Option<i64>>| sizes.into_iter().skip(2).collect::<Option<Vec<i64>>>();
    let by_sizes = || {
        let (input, output) =
            (known(draw.values.sizes(node.first().ok()?))?, known(draw.values.sizes(node.output))?);
        let scales =
            input.iter().zip(&output).map(|(&from, &to)| (from > 0 && to % from == 0).then(|| to / from));
        scales.map(|scale| scale.map(|scale| scale as f64)).collect::<Option<Vec<f64>>>()
    };
    let scales = node.floats("scale_factors").or_else(by_sizes).filter(|scales| scales.len() == 2);
    let scales = scales.ok_or_else(|| {
        node.error("expected a whole scale of rows and columns, got another one; use scale_factor=2")
    })?;
    let numbers = [1.0, 1.0, scales[0] as f32, scales[1] as f32];
    let scales = draw.drawing.floats(&format!("->scales {numbers:?}"), &[4], &numbers);
    let attributes = match node.op {
        "upsample_nearest2d" => vec![
            text("mode", "nearest"),
            text("coordinate_transformation_mode", "asymmetric"),
            text("nearest_mode", "floor"),
        ],
        _ => vec![text("mode", "linear"), text("coordinate_transformation_mode", "half_pixel")],
    };
    draw.push("Resize", &["", &scales], attributes)
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
        ("reflection_pad2d", _) | (_, "reflect") => "reflect",
        ("replication_pad2d", _) | (_, "replicate") => "edge",
        _ => "constant",
    };
    let sides = draw.drawing.whole(&sides);
    let value = draw.drawing.number(node.number("value").unwrap_or(0.0));
    draw.push("Pad", &[&sides, &value], vec![text("mode", mode)])
}
