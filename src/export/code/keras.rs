//! A network as a Keras model, channels last.

use super::{
    Library, activations,
    flow::{Flow, Step, Value},
    python::{self, Lines, call, number, padded, pair, window_numbers},
};
use crate::model_io::Model;
use crate::nn::{
    Axis, Op, Part,
    conv::Conv2d,
    conv_transpose::ConvTranspose2d,
    group_norm::Affine,
    loss::Loss,
    optimizer::{Optimizer, Rule},
    pool::Pool2d,
    resample::{Does, Resample2d, Upsampling},
};

/// The program; see [`super::program`].
pub fn program(model: &Model, optimizer: &Optimizer, weights: &str) -> String {
    let flow = Flow::new(&model.network);
    let mut lines = Lines::default();
    let imports = "import keras\nimport numpy as np\nfrom keras import layers";
    python::head(&mut lines, Library::Keras, model, imports);
    let body: Vec<String> = flow.steps.iter().flat_map(assignments).collect();
    let body = body.join("\n");
    let functions = [
        ("dilated_max_pool(", DILATED_MAX_POOL),
        ("local_response_norm(", LOCAL_RESPONSE_NORM),
        ("group_normalised(", GROUP_NORMALISED),
        ("resample(", python::RESAMPLED_AXES),
        ("resample(", RESAMPLE),
    ];
    for (name, text) in functions {
        if body.contains(name) {
            lines.add(text);
        }
    }
    let [c, h, w] = model.network.input;
    let last = flow.last();
    lines.add(format!(
        "def build():\n    inputs = {} = keras.Input(({h}, {w}, {c}))\n{body}\n    return keras.Model(inputs, {})\n\n",
        flow.picture.name,
        vector(last)
    ));
    load(&mut lines, &flow, weights);
    train(&mut lines, model, optimizer);
    python::main(
        &mut lines,
        model,
        "    model = load()\n",
        "np.asarray(model.predict(x.transpose(0, 2, 3, 1), verbose=0))[0]",
    );
    lines.text()
}

const DILATED_MAX_POOL: &str = r#"def dilated_max_pool(x, size, stride, dilation):
    """The maximum over windows whose cells lie `dilation` apart."""
    rows, cols = ((n - d * (k - 1) - 1) // s * s + 1 for n, k, s, d in zip(x.shape[1:3], size, stride, dilation))
    cells = [
        x[:, u : u + rows : stride[0], v : v + cols : stride[1], :]
        for u in range(0, size[0] * dilation[0], dilation[0])
        for v in range(0, size[1] * dilation[1], dilation[1])
    ]
    return layers.Maximum()(cells) if len(cells) > 1 else cells[0]

"#;

const LOCAL_RESPONSE_NORM: &str = r#"def local_response_norm(x, size, alpha, beta, k):
    """Divides by a power of the mean square of `size` neighbouring channels."""
    channels = x.shape[-1]
    squares = keras.ops.pad(x * x, ((0, 0), (0, 0), (0, 0), (size // 2, (size - 1) // 2)))
    total = sum(squares[..., t : t + channels] for t in range(size))
    return x * (k + alpha / size * total) ** -beta

"#;

const GROUP_NORMALISED: &str = r#"def group_normalised(x, groups, eps):
    """Each picture's groups of channels with mean 0 and variance 1."""
    shape = x.shape[1:]
    x = layers.Reshape((-1, groups, shape[-1] // groups))(x)
    mean = keras.ops.mean(x, (1, 3), keepdims=True)
    x = (x - mean) / keras.ops.sqrt(keras.ops.mean((x - mean) ** 2, (1, 3), keepdims=True) + eps)
    return layers.Reshape(shape)(x)


class ScaleAndShift(layers.Layer):
    """A number for each channel, or for each cell, that multiplies it, and one that is added."""

    def __init__(self, of_cells, name):
        super().__init__(name=name)
        self.of_cells = of_cells

    def build(self, shape):
        own = shape[1:] if self.of_cells else shape[-1:]
        self.scale, self.shift = self.add_weight(own), self.add_weight(own)

    def call(self, x):
        return x * self.scale + self.shift

"#;

const RESAMPLE: &str = r#"def spread(n, stride, start, length):
    """n rows with zeros between, before and behind them."""
    return np.arange(length)[:, None] == start + np.arange(n) * stride


def resample(x, rows, cols, channels):
    """Each row, column and channel as a weighted sum of those of x."""
    rows, cols, channels = (weights.astype(np.float32) for weights in (rows, cols, channels))
    return keras.ops.einsum("nhwc,ih,jw,kc->nijk", x, rows, cols, channels)

"#;

/// A value with four axes.
fn volume(value: &Value) -> String {
    let [c, ..] = value.extents;
    if value.is_vector { format!("layers.Reshape((1, 1, {c}))({})", value.name) } else { value.name.clone() }
}

/// A value with two axes, its cells in the order channel, row, column.
fn vector(value: &Value) -> String {
    match (value.is_vector, value.extents) {
        (true, _) => value.name.clone(),
        (false, [_, 1, 1]) => format!("layers.Flatten()({})", value.name),
        (false, _) => format!("layers.Flatten()(layers.Permute((3, 1, 2))({}))", value.name),
    }
}

fn assignments(step: &Step) -> Vec<String> {
    let expression = expression(step);
    if step.output.name == expression {
        return Vec::new();
    }
    vec![format!("    {} = {expression}", step.output.name)]
}

/// `x` with cells around it.
fn with_border(x: String, [[top, bottom], [left, right]]: [[isize; 2]; 2], lowest: bool) -> String {
    match ([top, bottom, left, right], lowest) {
        ([0, 0, 0, 0], _) => x,
        (_, true) => format!(
            "keras.ops.pad({x}, ((0, 0), ({top}, {bottom}), ({left}, {right}), (0, 0)), constant_values=-np.inf)"
        ),
        (_, false) => format!("layers.ZeroPadding2D((({top}, {bottom}), ({left}, {right})))({x})"),
    }
}

fn expression(step: &Step) -> String {
    let first = &step.inputs[0];
    let name = format!("name=\"{}\"", step.name);
    match &step.layer.op {
        Op::Conv2d(conv) => convolution(conv, step, &name),
        Op::ConvTranspose2d(spec) => transposed_convolution(spec, step, &name),
        Op::MaxPool2d(pool) => max_pool(pool, volume(first)),
        Op::AvgPool2d(pool) => average_pool(pool, volume(first)),
        Op::Resample2d(resample) => resampled(resample, &volume(first)),
        Op::Activation(activation) => format!("{}({})", activations::keras(*activation), first.name),
        Op::Flatten => vector(first),
        Op::Dense(dense) => {
            let bias = if dense.bias { "" } else { ", use_bias=False" };
            format!("layers.Dense({}{bias}, {name})({})", dense.out_features, vector(first))
        }
        Op::BatchNorm2d(norm) => format!(
            "layers.BatchNormalization(momentum={}, epsilon={}, {name})({})",
            number(1.0 - norm.momentum),
            number(norm.eps),
            first.name
        ),
        Op::PRelu(_) => match first.is_vector {
            true => format!("layers.PReLU({name})({})", first.name),
            false => format!("layers.PReLU(shared_axes=[1, 2], {name})({})", first.name),
        },
        Op::GroupNorm(norm) => {
            let normalised =
                format!("group_normalised({}, {}, {})", first.name, norm.groups, number(norm.eps));
            match norm.affine {
                Some(Affine::Channel) => format!("ScaleAndShift(False, {name})({normalised})"),
                Some(Affine::Cell) => format!("ScaleAndShift(True, {name})({normalised})"),
                None => normalised,
            }
        }
        Op::LocalResponseNorm(norm) => format!(
            "local_response_norm({}, {}, {}, {}, {})",
            volume(first),
            norm.size,
            number(norm.alpha),
            number(norm.beta),
            number(norm.k)
        ),
        Op::Dropout { p } => format!("layers.Dropout({})({})", number(*p), first.name),
        Op::Softmax => format!("layers.Softmax()({})", first.name),
        Op::Add => format!("layers.Add()([{}])", joined(step)),
        Op::Multiply => format!("layers.Multiply()([{}])", joined(step)),
        Op::Concat => format!("layers.Concatenate()([{}])", joined(step)),
    }
}

/// The inputs of a join with the same number of axes.
fn joined(step: &Step) -> String {
    let value = |value: &Value| if step.output.is_vector { value.name.clone() } else { volume(value) };
    step.inputs.iter().map(value).collect::<Vec<_>>().join(", ")
}

/// Whether a convolution is a depthwise one, as Keras has a layer for.
fn is_depthwise(conv: &Conv2d) -> bool {
    let [_, [down, right], _] = window_numbers(&conv.window);
    conv.groups > 1 && conv.group_in() == 1 && down == right
}

fn convolution(conv: &Conv2d, step: &Step, name: &str) -> String {
    let x = with_border(volume(&step.inputs[0]), padded(&conv.window), false);
    let [kernel, stride, dilation] = window_numbers(&conv.window);
    // Keras has no layer with both a stride and a dilation: every window is computed, and some are left out.
    let leaves_out = stride != [1, 1] && dilation != [1, 1];
    let mut arguments = vec![pair(kernel)];
    arguments.extend((stride != [1, 1] && !leaves_out).then(|| format!("strides={}", pair(stride))));
    arguments.extend((dilation != [1, 1]).then(|| format!("dilation_rate={}", pair(dilation))));
    arguments.extend((!conv.bias).then(|| "use_bias=False".to_owned()));
    let layer = if is_depthwise(conv) {
        arguments.push(format!("depth_multiplier={}", conv.group_out()));
        "layers.DepthwiseConv2D"
    } else {
        arguments.insert(0, conv.out_channels.to_string());
        arguments.extend((conv.groups > 1).then(|| format!("groups={}", conv.groups)));
        "layers.Conv2D"
    };
    arguments.push(name.to_owned());
    let all = format!("{}({x})", call(layer, &arguments));
    if leaves_out { format!("{all}[:, ::{}, ::{}, :]", stride[0], stride[1]) } else { all }
}

/// A transposed convolution as a convolution of the input with zeros between and around its cells, by the filter turned
/// by 180 degrees: Keras has no transposed convolution in groups.
fn transposed_convolution(spec: &ConvTranspose2d, step: &Step, name: &str) -> String {
    let [kernel, _, dilation] = window_numbers(&spec.conv.window);
    let spread = |axis: &Axis| {
        let start = axis.reach() as isize - 1 - axis.padding as isize;
        format!("spread({}, {}, {start}, {})", axis.out, axis.stride, axis.len + axis.reach() - 1)
    };
    let channels = step.inputs[0].extents[0];
    let x = format!(
        "resample({}, {}, {}, np.eye({channels}))",
        volume(&step.inputs[0]),
        spread(&spec.conv.window.rows),
        spread(&spec.conv.window.cols)
    );
    let mut arguments = vec![spec.out_channels().to_string(), pair(kernel)];
    arguments.extend((dilation != [1, 1]).then(|| format!("dilation_rate={}", pair(dilation))));
    arguments.extend((!spec.bias).then(|| "use_bias=False".to_owned()));
    arguments.extend((spec.conv.groups > 1).then(|| format!("groups={}", spec.conv.groups)));
    arguments.push(name.to_owned());
    format!("{}({x})", call("layers.Conv2D", &arguments))
}

fn max_pool(pool: &Pool2d, x: String) -> String {
    let [kernel, stride, dilation] = window_numbers(&pool.window);
    let x = with_border(x, padded(&pool.window), true);
    if dilation != [1, 1] {
        return format!("dilated_max_pool({x}, {kernel:?}, {stride:?}, {dilation:?})");
    }
    format!("layers.MaxPooling2D({}, {})({x})", pair(kernel), pair(stride))
}

fn average_pool(pool: &Pool2d, x: String) -> String {
    let [kernel, stride, _] = window_numbers(&pool.window);
    let mean = format!(
        "layers.AveragePooling2D({}, {})({})",
        pair(kernel),
        pair(stride),
        with_border(x, padded(&pool.window), false)
    );
    match python::divisors(pool) {
        None => mean,
        Some([rows, cols]) => format!(
            "{mean} * ({} / np.outer({rows:?}, {cols:?})[None, :, :, None]).astype(np.float32)",
            kernel[0] * kernel[1]
        ),
    }
}

fn resampled(resample: &Resample2d, x: &str) -> String {
    let [channels, rows, cols] = [&resample.channels, &resample.rows, &resample.cols];
    match resample.does() {
        Does::Crop | Does::Slice => {
            let [channels, rows, cols] = [channels, rows, cols].map(python::slice);
            format!("{x}[:, {rows}, {cols}, {channels}]")
        }
        Does::Scale(Upsampling::Nearest) if rows.out % rows.len == 0 && cols.out % cols.len == 0 => {
            format!("layers.UpSampling2D(({}, {}))({x})", rows.out / rows.len, cols.out / cols.len)
        }
        Does::Scale(_) | Does::Pad(_) | Does::Shuffle => {
            let [channels, rows, cols] = [channels, rows, cols].map(python::resampled_axis);
            format!("resample({x}, {rows}, {cols}, {channels})")
        }
    }
}

fn load(lines: &mut Lines, flow: &Flow, weights: &str) {
    let rows = flow.steps.iter().filter(|step| !step.layer.parameters().is_empty()).map(|step| {
        let parts: Vec<String> = step
            .layer
            .parameters()
            .into_iter()
            .map(|(part, _)| {
                let array = format!(
                    "a[{}]",
                    python::string(&format!("{}.{}", step.layer.file_name(), part.suffix()))
                );
                match part {
                    Part::Weight => of_weight(&array, step),
                    part if is_of_cells(&step.layer.op, part) => of_cells(&array, step),
                    _ => array,
                }
            })
            .collect();
        format!("    model.get_layer(\"{}\").set_weights([{}])\n", step.name, parts.join(", "))
    });
    lines.add(format!(
        "def load(path=Path(__file__).with_name({})):\n    \"\"\"The model with the weights of a file, whose axes are \
         PyTorch's.\"\"\"\n    model = build()\n    a = np.load(path)\n{}    return model\n\n",
        python::string(weights),
        rows.collect::<String>()
    ));
}

/// A weight with Keras's axes.
fn of_weight(array: &str, step: &Step) -> String {
    match &step.layer.op {
        Op::Conv2d(conv) => {
            let axes = match is_depthwise(conv) {
                true => {
                    let (c, m) = (conv.in_channels, conv.group_out());
                    format!("{array}.reshape({c}, {m}, *{array}.shape[2:]).transpose(2, 3, 0, 1)")
                }
                false => format!("{array}.transpose(2, 3, 1, 0)"),
            };
            if conv.normalize { format!("{axes} / {}", python::filter_pixels(conv)) } else { axes }
        }
        Op::ConvTranspose2d(spec) => {
            let (g, c, o) = (spec.conv.groups, spec.conv.group_out(), spec.conv.group_in());
            let [[rows, cols], ..] = window_numbers(&spec.conv.window);
            format!(
                "{array}.reshape({g}, {c}, {o}, {rows}, {cols}).transpose(3, 4, 1, 0, 2).reshape({rows}, {cols}, {c}, \
                 {})[::-1, ::-1]",
                g * o
            )
        }
        Op::Dense(_) => format!("{array}.T"),
        Op::GroupNorm(norm) if norm.affine == Some(Affine::Cell) => of_cells(array, step),
        // Keras has a slope for each channel, PyTorch may have one for all.
        Op::PRelu(relu) => {
            let shape = if step.output.is_vector { "" } else { "1, 1, " };
            format!("np.broadcast_to({array}, ({shape}{},))", relu.extents[0])
        }
        Op::GroupNorm(_)
        | Op::BatchNorm2d(_)
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Resample2d(_)
        | Op::Activation(_)
        | Op::Flatten
        | Op::LocalResponseNorm(_)
        | Op::Dropout { .. }
        | Op::Softmax
        | Op::Add
        | Op::Multiply
        | Op::Concat => array.to_owned(),
    }
}

/// Whether a part has a number for each cell, so that its axes are turned.
fn is_of_cells(op: &Op, part: Part) -> bool {
    part == Part::Bias && matches!(op, Op::GroupNorm(norm) if norm.affine == Some(Affine::Cell))
}

/// Numbers of cells with Keras's axes.
fn of_cells(array: &str, step: &Step) -> String {
    if step.output.is_vector { array.to_owned() } else { format!("{array}.transpose(1, 2, 0)") }
}

fn train(lines: &mut Lines, model: &Model, optimizer: &Optimizer) {
    let lr = format!("learning_rate={}", number(optimizer.learning_rate));
    let optimizer_call = match optimizer.rule {
        Rule::Sgd => format!("keras.optimizers.SGD({lr})"),
        Rule::Momentum { momentum } => format!("keras.optimizers.SGD({lr}, momentum={})", number(momentum)),
        Rule::Nesterov { momentum } => {
            format!("keras.optimizers.SGD({lr}, momentum={}, nesterov=True)", number(momentum))
        }
        Rule::Adam { beta1, beta2, eps } => format!(
            "keras.optimizers.Adam({lr}, beta_1={}, beta_2={}, epsilon={})",
            number(beta1),
            number(beta2),
            number(eps)
        ),
    };
    let (loss, target) = match model.network.loss {
        Loss::CrossEntropy => ("keras.losses.SparseCategoricalCrossentropy(from_logits=True)", "target"),
        Loss::BinaryCrossEntropy => ("keras.losses.BinaryCrossentropy(from_logits=True)", "target[:, None]"),
        Loss::Mse => ("keras.losses.MeanSquaredError()", "keras.ops.one_hot(target, len(CLASSES))"),
    };
    let mut decay = String::new();
    if optimizer.weight_decay != 0.0 {
        decay = format!(
            "    # convstep adds {} times each weight to its gradient; Keras's weight_decay is another rule.\n",
            number(optimizer.weight_decay)
        );
    }
    lines.add(format!(
        "def compile_for_training(model):\n{decay}    model.compile({optimizer_call}, {loss})\n    return model\n\n\ndef \
         train_step(model, x, target):\n    \"\"\"x: (N, H, W, C); target: the numbers of its classes.\"\"\"\n    return \
         model.train_on_batch(x, {target})"
    ));
}
