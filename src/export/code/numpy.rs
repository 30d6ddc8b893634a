//! A network as NumPy loops that a student can read: forward, loss, backward, update.
//!
//! All activations have four axes, (N, C, H, W). The program holds only the functions that the network needs.

use super::{
    Library, activations,
    flow::{Flow, Step, Value},
    python::{self, Lines, call, number, reached, window_numbers},
};
use crate::model_io::Model;
use crate::nn::{
    Activation, Layer, Op, Part, Window,
    group_norm::Affine,
    join,
    loss::Loss,
    optimizer::{Optimizer, Rule},
};

/// The program; see [`super::program`].
pub fn program(model: &Model, optimizer: &Optimizer, weights: &str) -> String {
    let network = &model.network;
    let flow = Flow::new(network);
    let mut lines = Lines::default();
    python::head(&mut lines, Library::NumPy, model, imports(&network.layers));
    functions(&mut lines, &network.layers);
    lines.add(match network.loss {
        Loss::CrossEntropy => CROSS_ENTROPY,
        Loss::BinaryCrossEntropy => BINARY_CROSS_ENTROPY,
        Loss::Mse => MSE,
    });
    lines.add(format!(
        "def forward({}, w):\n    \"\"\"The outputs (N, {}), and what the backward pass reads.\"\"\"\n    cache = {{}}",
        flow.picture.name,
        network.outputs()
    ));
    for step in &flow.steps {
        forward(&mut lines, step);
    }
    let last = &flow.last().name;
    lines.add(format!("    return {last}.reshape(len({last}), -1), cache\n\n"));
    let [c, h, w] = flow.last().extents;
    lines.add(format!(
        "def backward(dy, cache, w):\n    \"\"\"The gradients of the picture and of all weights, by that of the outputs.\
         \"\"\"\n    g = {{}}\n    {} = dy.reshape(len(dy), {c}, {h}, {w})",
        gradient(flow.last())
    ));
    let mut begun = Vec::new();
    for step in flow.steps.iter().rev() {
        backward(&mut lines, &flow, step, &mut begun);
    }
    lines.add(format!("    return {}, g\n\n", gradient(&flow.picture)));
    load(&mut lines, network.layers.iter().any(|layer| !layer.parameters().is_empty()), weights);
    update(&mut lines, optimizer);
    python::main(&mut lines, model, "    outputs, _ = forward(x, load())\n", "outputs[0]");
    lines.text()
}

fn imports(layers: &[Layer]) -> &'static str {
    match layers.iter().any(|layer| layer.op == Op::Activation(Activation::Gelu)) {
        true => "import math\n\nimport numpy as np",
        false => "import numpy as np",
    }
}

const WINDOW: &str = r#"def window(i, j, size, stride, dilation=(1, 1)):
    """Window (i, j) of a volume (N, C, H, W), as an index."""
    rows, cols = (slice(at * s, at * s + d * (k - 1) + 1, d) for at, k, s, d in zip((i, j), size, stride, dilation))
    return np.s_[:, :, rows, cols]


def count(x, size, stride, dilation=(1, 1)):
    """How many windows a volume has, in rows and in columns."""
    return [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], size, stride, dilation)]


def border(x, padding, value=0):
    """A volume with ((above, below), (left, right)) cells more; with fewer where a number is negative."""
    x = np.pad(x, ((0, 0), (0, 0), *np.maximum(padding, 0)), constant_values=value)
    rows, cols = (slice(0, n + min(behind, 0)) for n, (_, behind) in zip(x.shape[2:], padding))
    return x[:, :, rows, cols]


def without_border(dx, x, padding):
    """The gradient of x, by that of border(x, padding)."""
    (top, bottom), (left, right) = padding
    dx = np.pad(dx, ((0, 0), (0, 0), (0, max(-bottom, 0)), (0, max(-right, 0))))
    return dx[:, :, top : top + x.shape[2], left : left + x.shape[3]]

"#;

const NO_PADDING: &str = "NO = ((0, 0), (0, 0))\n\n";

const CONV: &str = r#"def conv(x, w, b, stride=(1, 1), padding=NO, dilation=(1, 1), groups=1):
    """x: (N, C, H, W), w: (O, C / groups, F, F), b: (O) -> (N, O, H', W')."""
    x, size = border(x, padding), w.shape[2:]
    y = np.empty((len(x), len(w), *count(x, size, stride, dilation)), x.dtype)
    for i, j in np.ndindex(y.shape[2:]):
        read = x[window(i, j, size, stride, dilation)].reshape(len(x), groups, -1)
        y[:, :, i, j] = np.einsum("ngk,gok->ngo", read, w.reshape(groups, -1, read.shape[2])).reshape(len(x), -1) + b
    return y


def conv_backward(dy, x, w, stride=(1, 1), padding=NO, dilation=(1, 1), groups=1):
    """dy: (N, O, H', W') -> dx, dw, db. What window (i, j) read gets its part of the gradient."""
    padded, size = border(x, padding), w.shape[2:]
    dx, dw = np.zeros_like(padded), np.zeros_like(w)
    for i, j in np.ndindex(dy.shape[2:]):
        at = window(i, j, size, stride, dilation)
        read, d = padded[at].reshape(len(x), groups, -1), dy[:, :, i, j].reshape(len(x), groups, -1)
        dw += np.einsum("ngo,ngk->gok", d, read).reshape(w.shape)
        dx[at] += np.einsum("ngo,gok->ngk", d, w.reshape(groups, -1, read.shape[2])).reshape(padded[at].shape)
    return without_border(dx, x, padding), dw, dy.sum((0, 2, 3))

"#;

const CONV_TRANSPOSE: &str = r#"def conv_transpose(x, w, b, size, stride=(1, 1), padding=NO, dilation=(1, 1), groups=1):
    """The way back of a convolution from (N, O, *size) to x: each cell of x stamps its filter. w: (C, O / groups, F, F)."""
    y = np.zeros((len(x), w.shape[1] * groups, *size), x.dtype)
    return conv_backward(x, y, w, stride, padding, dilation, groups)[0] + np.reshape(b, (-1, 1, 1))


def conv_transpose_backward(dy, x, w, size, stride=(1, 1), padding=NO, dilation=(1, 1), groups=1):
    dx = conv(dy, w, 0, stride, padding, dilation, groups)
    return dx, conv_backward(x, dy, w, stride, padding, dilation, groups)[1], dy.sum((0, 2, 3))

"#;

const MAX_POOL: &str = r#"def max_pool(x, size, stride, padding=NO, dilation=(1, 1)):
    """The largest cell of each window."""
    x = border(x, padding, -np.inf)
    y = np.empty((*x.shape[:2], *count(x, size, stride, dilation)), x.dtype)
    for i, j in np.ndindex(y.shape[2:]):
        y[:, :, i, j] = x[window(i, j, size, stride, dilation)].max((2, 3))
    return y


def max_pool_backward(dy, x, size, stride, padding=NO, dilation=(1, 1)):
    """The gradient goes to the winner of each window, the first of the largest."""
    padded = border(x, padding, -np.inf)
    dx = np.zeros_like(padded)
    for i, j in np.ndindex(dy.shape[2:]):
        at = window(i, j, size, stride, dilation)
        read = padded[at].reshape(*x.shape[:2], -1)
        is_winner = np.arange(read.shape[2]) == read.argmax(2)[:, :, None]
        dx[at] += is_winner.reshape(padded[at].shape) * dy[:, :, i : i + 1, j : j + 1]
    return without_border(dx, x, padding)

"#;

const AVERAGE_POOL: &str = r#"def average_pool(x, size, stride, padding=NO, divisors=None):
    """The sum of each window, divided by the number of its cells or by its divisor."""
    x, divisors = border(x, padding), size[0] * size[1] if divisors is None else divisors
    y = np.empty((*x.shape[:2], *count(x, size, stride)), x.dtype)
    for i, j in np.ndindex(y.shape[2:]):
        y[:, :, i, j] = x[window(i, j, size, stride)].sum((2, 3))
    return y / divisors


def average_pool_backward(dy, x, size, stride, padding=NO, divisors=None):
    """Each cell of a window gets the same part of its gradient."""
    dy, dx = dy / (size[0] * size[1] if divisors is None else divisors), np.zeros_like(border(x, padding))
    for i, j in np.ndindex(dy.shape[2:]):
        dx[window(i, j, size, stride)] += dy[:, :, i : i + 1, j : j + 1]
    return without_border(dx, x, padding)

"#;

const RESAMPLE: &str = r#"def resample(x, rows, cols, channels=None):
    """Each row, column and channel as a weighted sum of those of x; rows: (H', H), cols: (W', W), channels: (C', C)."""
    x = rows @ x @ cols.T
    return x if channels is None else np.einsum("kc,nchw->nkhw", channels, x)


def resample_backward(dy, rows, cols, channels=None):
    return resample(dy, rows.T, cols.T, None if channels is None else channels.T)

"#;

const P_RELU: &str = r#"def prelu(x, w):
    """w: a slope for each channel, or one for all."""
    return np.where(x > 0, x, w[:, None, None] * x)


def prelu_backward(dy, x, w):
    dw = (dy * np.minimum(x, 0)).sum((0, 2, 3))
    return dy * np.where(x > 0, 1, w[:, None, None]), dw if len(w) > 1 else dw.sum(keepdims=True), None

"#;

const GROUP_NORM: &str = r#"def of_groups(x, groups, eps):
    """Each picture's groups of channels with mean 0 and variance 1, and what they were divided by."""
    cells = x.reshape(len(x), groups, -1)
    std = np.sqrt(cells.var(2, keepdims=True) + eps)
    return (cells - cells.mean(2, keepdims=True)) / std, std


def group_norm(x, w, b, groups, eps):
    """w, b: (C, 1, 1), (C, H, W) or 1 and 0."""
    return of_groups(x, groups, eps)[0].reshape(x.shape) * w + b


def group_norm_backward(dy, x, w, groups, eps):
    """dx, and what makes the gradients of w and b when it is added up."""
    xhat, std = of_groups(x, groups, eps)
    d = (dy * w).reshape(xhat.shape)
    dx = (d - d.mean(2, keepdims=True) - xhat * (d * xhat).mean(2, keepdims=True)) / std
    return dx.reshape(x.shape), dy * xhat.reshape(x.shape), dy

"#;

const DENSE: &str = r#"def dense(x, w, b):
    """x: (N, C, H, W), w: (F, C * H * W), b: (F) -> (N, F, 1, 1)."""
    return (x.reshape(len(x), -1) @ w.T + b)[:, :, None, None]


def dense_backward(dy, x, w):
    dy = dy[:, :, 0, 0]
    return (dy @ w).reshape(x.shape), dy.T @ x.reshape(len(x), -1), dy.sum(0)

"#;

const BATCH_NORM: &str = r#"def normalised(x, mean, var, eps):
    return (x - mean[:, None, None]) / np.sqrt(var + eps)[:, None, None]


def batch_norm(x, w, b, mean, var, eps):
    """As in evaluation: by the running mean and variance, not by those of the batch."""
    return normalised(x, mean, var, eps) * w[:, None, None] + b[:, None, None]


def batch_norm_backward(dy, x, w, mean, var, eps):
    dx = dy * (w / np.sqrt(var + eps))[:, None, None]
    return dx, (dy * normalised(x, mean, var, eps)).sum((0, 2, 3)), dy.sum((0, 2, 3))

"#;

const LOCAL_RESPONSE_NORM: &str = r#"def over_channels(x, before, behind):
    """The sum of each channel and its neighbours."""
    x = np.pad(x, ((0, 0), (before, behind), (0, 0), (0, 0)))
    return sum(x[:, t : x.shape[1] - before - behind + t] for t in range(before + behind + 1))


def local_response_norm(x, size, alpha, beta, k):
    return x * (k + alpha / size * over_channels(x * x, size // 2, (size - 1) // 2)) ** -beta


def local_response_norm_backward(dy, x, size, alpha, beta, k):
    scale = k + alpha / size * over_channels(x * x, size // 2, (size - 1) // 2)
    passed = over_channels(dy * x * scale ** (-beta - 1), (size - 1) // 2, size // 2)
    return dy * scale**-beta - 2 * alpha * beta / size * x * passed

"#;

const SOFTMAX: &str = r#"def softmax(x):
    """Over the channels."""
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def softmax_backward(dy, x):
    y = softmax(x)
    return y * (dy - (dy * y).sum(1, keepdims=True))

"#;

const CROSS_ENTROPY: &str = r#"def loss_and_gradient(scores, target):
    """The mean cross-entropy of a batch and its gradient; target: the numbers of its classes."""
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    right = np.arange(len(p)), target
    loss = -np.log(p[right]).mean()
    p[right] -= 1
    return loss, p / len(p)

"#;

const BINARY_CROSS_ENTROPY: &str = r#"def loss_and_gradient(scores, target):
    """The mean binary cross-entropy of a batch and its gradient; target: 0 or 1 for each picture."""
    target = np.asarray(target).reshape(-1, 1)
    loss = np.logaddexp(0, np.where(target == 1, -scores, scores)).mean()
    return loss, (1 / (1 + np.exp(-scores)) - target) / len(scores)

"#;

const MSE: &str = r#"def loss_and_gradient(scores, target):
    """The mean squared error of a batch and its gradient; target: the numbers of its classes."""
    off = scores - np.eye(scores.shape[1])[target]
    return (off**2).mean(), 2 * off / off.size

"#;

/// The functions that the layers need, each once.
fn functions(lines: &mut Lines, layers: &[Layer]) {
    let any = |is: fn(&Op) -> bool| layers.iter().any(|layer| is(&layer.op));
    let convolves = any(|op| matches!(op, Op::Conv2d(_) | Op::ConvTranspose2d(_)));
    let has_windows = convolves || any(|op| matches!(op, Op::MaxPool2d(_) | Op::AvgPool2d(_)));
    let needed = [
        (has_windows, NO_PADDING),
        (has_windows, WINDOW),
        (convolves, CONV),
        (any(|op| matches!(op, Op::ConvTranspose2d(_))), CONV_TRANSPOSE),
        (any(|op| matches!(op, Op::MaxPool2d(_))), MAX_POOL),
        (any(|op| matches!(op, Op::AvgPool2d(_))), AVERAGE_POOL),
        (any(|op| matches!(op, Op::Resample2d(_))), python::RESAMPLED_AXES),
        (any(|op| matches!(op, Op::Resample2d(_))), RESAMPLE),
        (any(|op| matches!(op, Op::PRelu(_))), P_RELU),
        (any(|op| matches!(op, Op::GroupNorm(_))), GROUP_NORM),
        (any(|op| matches!(op, Op::Dense(_))), DENSE),
        (any(|op| matches!(op, Op::BatchNorm2d(_))), BATCH_NORM),
        (any(|op| matches!(op, Op::LocalResponseNorm(_))), LOCAL_RESPONSE_NORM),
        (any(|op| matches!(op, Op::Softmax)), SOFTMAX),
    ];
    needed.into_iter().filter(|(is_needed, _)| *is_needed).for_each(|(_, text)| lines.add(text));
    let mut written = Vec::new();
    for layer in layers {
        if let Op::Activation(activation) = layer.op
            && !written.contains(&activation.key())
        {
            written.push(activation.key());
            lines.add(activations::numpy(activation).trim_end_matches('\n'));
            lines.add("\n");
        }
    }
}

/// The variable of a value's gradient.
fn gradient(value: &Value) -> String {
    if value.name == "x" { "dx".to_owned() } else { format!("d_{}", value.name) }
}

/// How a layer is called, forward and backward.
struct Call {
    /// The function's name.
    name: String,
    /// Its weights, as expressions.
    weights: Vec<String>,
    /// Its numbers.
    numbers: Vec<String>,
}

fn array(layer: &Layer, part: Part) -> String {
    format!("w[{}]", python::string(&format!("{}.{}", layer.file_name(), part.suffix())))
}

/// `(a, b)`, also where both are the same.
fn tuple([a, b]: [usize; 2]) -> String {
    format!("({a}, {b})")
}

/// A window's stride, padding and dilation as arguments, where they are not the usual ones.
fn window_arguments(window: &Window, usual_stride: Option<[usize; 2]>) -> Vec<String> {
    let [_, stride, dilation] = window_numbers(window);
    let mut arguments = Vec::new();
    match usual_stride {
        Some(usual) if usual == stride => {}
        Some(_) => arguments.push(format!("stride={}", tuple(stride))),
        None => arguments.push(tuple(stride)),
    }
    let [[top, bottom], [left, right]] = [reached(&window.rows), reached(&window.cols)];
    // Cells behind the last window are of no account unless there are windows for which the input does not suffice.
    let sides = [top, bottom.max(0), left, right.max(0)];
    if sides != [0; 4] {
        arguments.push(format!("padding=(({top}, {bottom}), ({left}, {right}))"));
    }
    if dilation != [1, 1] {
        arguments.push(format!("dilation={}", tuple(dilation)));
    }
    arguments
}

/// How a layer of one input is called; nothing for what passes its input on and for joins.
fn call_of(layer: &Layer) -> Option<Call> {
    let mut weights = Vec::new();
    let (name, numbers) = match &layer.op {
        Op::Conv2d(conv) => {
            let mut numbers = window_arguments(&conv.window, Some([1, 1]));
            numbers.extend((conv.groups > 1).then(|| format!("groups={}", conv.groups)));
            let weight = array(layer, Part::Weight);
            let filter = match conv.normalize {
                true => format!("{weight} / {}", python::filter_pixels(conv)),
                false => weight,
            };
            let bias = if conv.bias { array(layer, Part::Bias) } else { "0".to_owned() };
            weights = vec![filter, bias];
            ("conv".to_owned(), numbers)
        }
        Op::ConvTranspose2d(spec) => {
            let window = &spec.conv.window;
            let mut numbers = vec![tuple([window.rows.len, window.cols.len])];
            numbers.extend(window_arguments(window, Some([1, 1])));
            numbers.extend((spec.conv.groups > 1).then(|| format!("groups={}", spec.conv.groups)));
            let bias = if spec.bias { array(layer, Part::Bias) } else { "0".to_owned() };
            weights = vec![array(layer, Part::Weight), bias];
            ("conv_transpose".to_owned(), numbers)
        }
        Op::Dense(dense) => {
            let bias = if dense.bias { array(layer, Part::Bias) } else { "0".to_owned() };
            weights = vec![array(layer, Part::Weight), bias];
            ("dense".to_owned(), Vec::new())
        }
        Op::BatchNorm2d(norm) => {
            weights = [Part::Weight, Part::Bias, Part::RunningMean, Part::RunningVar]
                .map(|part| array(layer, part))
                .to_vec();
            ("batch_norm".to_owned(), vec![number(norm.eps)])
        }
        Op::MaxPool2d(pool) => {
            let [kernel, ..] = window_numbers(&pool.window);
            let numbers = std::iter::once(tuple(kernel)).chain(window_arguments(&pool.window, None));
            ("max_pool".to_owned(), numbers.collect())
        }
        Op::AvgPool2d(pool) => {
            let [kernel, ..] = window_numbers(&pool.window);
            let mut numbers = vec![tuple(kernel)];
            numbers.extend(window_arguments(&pool.window, None));
            if let Some([rows, cols]) = python::divisors(pool) {
                numbers.push(format!("divisors=np.outer({rows:?}, {cols:?})"));
            }
            ("average_pool".to_owned(), numbers)
        }
        Op::Resample2d(resample) => {
            let mut axes = vec![&resample.rows, &resample.cols];
            axes.extend((!resample.channels.is_same()).then_some(&resample.channels));
            ("resample".to_owned(), axes.into_iter().map(python::resampled_axis).collect())
        }
        Op::Activation(activation) => {
            let value = activation.number().map(|(_, value)| number(value));
            (activation.key().to_owned(), value.into_iter().collect())
        }
        Op::PRelu(_) => {
            weights = vec![array(layer, Part::Weight)];
            ("prelu".to_owned(), Vec::new())
        }
        Op::GroupNorm(norm) => {
            let shape = match norm.affine {
                Some(Affine::Channel) => "[:, None, None]".to_owned(),
                Some(Affine::Cell) => format!(".reshape({:?})", norm.extents),
                None => String::new(),
            };
            weights = match norm.affine {
                Some(_) => [Part::Weight, Part::Bias].map(|part| array(layer, part) + &shape).to_vec(),
                None => vec!["1".to_owned(), "0".to_owned()],
            };
            ("group_norm".to_owned(), vec![norm.groups.to_string(), number(norm.eps)])
        }
        Op::LocalResponseNorm(norm) => {
            let numbers = [norm.alpha, norm.beta, norm.k].map(number);
            let size = norm.size.to_string();
            ("local_response_norm".to_owned(), std::iter::once(size).chain(numbers).collect())
        }
        Op::Softmax => ("softmax".to_owned(), Vec::new()),
        Op::Flatten | Op::Dropout { .. } | Op::Add | Op::Multiply | Op::Concat => return None,
    };
    Some(Call { name, weights, numbers })
}

fn forward(lines: &mut Lines, step: &Step) {
    let names: Vec<&str> = step.inputs.iter().map(|value| value.name.as_str()).collect();
    let (first, output, key) = (names[0], &step.output.name, python::string(&step.name));
    let expression = match (&step.layer.op, call_of(step.layer)) {
        (Op::Add, _) => names.join(" + "),
        (Op::Multiply, _) => {
            lines.add(format!("    cache[{key}] = {}", names.join(", ")));
            names.join(" * ")
        }
        (Op::Concat, _) => format!("np.concatenate(({}), 1)", names.join(", ")),
        (Op::Flatten, _) => format!("{first}.reshape(len({first}), -1, 1, 1)"),
        (_, Some(Call { name, weights, numbers })) => {
            if !matches!(step.layer.op, Op::Resample2d(_)) {
                lines.add(format!("    cache[{key}] = {first}"));
            }
            let arguments: Vec<String> =
                std::iter::once(first.to_owned()).chain(weights).chain(numbers).collect();
            call(&name, &arguments)
        }
        // Dropout, which drops nothing in evaluation.
        (_, None) => first.to_owned(),
    };
    if *output != expression {
        lines.add(format!("    {output} = {expression}"));
    }
}

/// Adds the lines that make the gradients of a layer's inputs and weights.
fn backward(lines: &mut Lines, flow: &Flow, step: &Step, begun: &mut Vec<String>) {
    let dy = gradient(&step.output);
    let key = python::string(&step.name);
    let mut edges: Vec<(usize, String)> = Vec::new();
    match (&step.layer.op, call_of(step.layer)) {
        (Op::Add, _) => edges.extend((0..step.inputs.len()).map(|k| (k, dy.clone()))),
        (Op::Concat, _) => {
            let mut from = 0;
            for (k, value) in step.inputs.iter().enumerate() {
                let to = from + value.extents[0];
                edges.push((k, format!("{dy}[:, {from}:{to}]")));
                from = to;
            }
        }
        (Op::Multiply, _) => {
            let scale = join::scale_of(&step.layer.inputs);
            for k in 0..step.inputs.len() {
                let others = (0..step.inputs.len()).filter(|other| *other != k);
                let others: Vec<String> = others.map(|other| format!("cache[{key}][{other}]")).collect();
                let product = format!("{dy} * {}", others.join(" * "));
                edges.push((
                    k,
                    match scale == Some(k) {
                        true => format!("({product}).sum((2, 3), keepdims=True)"),
                        false => product,
                    },
                ));
            }
        }
        (Op::Flatten, _) => {
            let [c, h, w] = step.inputs[0].extents;
            edges.push((0, format!("{dy}.reshape(len({dy}), {c}, {h}, {w})")));
        }
        (Op::Activation(activation), Some(Call { name, numbers, .. })) => {
            let arguments: Vec<String> = std::iter::once(format!("cache[{key}]")).chain(numbers).collect();
            let slope = call(&format!("{name}_slope"), &arguments);
            edges.push((0, format!("{dy} * {slope}")));
            debug_assert_eq!(activation.key(), name);
        }
        (op, Some(Call { name, weights, numbers })) => {
            let mut arguments = vec![dy.clone()];
            arguments.extend((!matches!(op, Op::Resample2d(_))).then(|| format!("cache[{key}]")));
            let mut divided = String::new();
            if let Op::Conv2d(conv) = op
                && conv.normalize
            {
                divided = format!(" / {}", python::filter_pixels(conv));
            }
            let parts: Vec<Part> = [Part::Weight, Part::Bias]
                .into_iter()
                .filter(|part| step.layer.parameters().iter().any(|(own, _)| own == part))
                .collect();
            // The bias is not read.
            arguments
                .extend(weights.into_iter().enumerate().filter(|(k, _)| *k != 1).map(|(_, weight)| weight));
            arguments.extend(numbers);
            let made = call(&format!("{name}_backward"), &arguments);
            if let (true, Op::GroupNorm(_)) = (parts.is_empty(), op) {
                edges.push((0, format!("{made}[0]")));
            } else if parts.is_empty() {
                edges.push((0, made));
            } else {
                let targets = ["dw", "db"]
                    .iter()
                    .enumerate()
                    .map(|(k, name)| if k < parts.len() { name } else { &"_" });
                let targets: Vec<&str> = targets.copied().collect();
                lines.add(format!("    d, {} = {made}", targets.join(", ")));
                for (part, value) in parts.iter().zip(["dw", "db"]) {
                    let grad = array(step.layer, *part).replacen('w', "g", 1);
                    let made = match op {
                        Op::GroupNorm(norm) if norm.affine == Some(Affine::Cell) => {
                            format!("{value}.sum(0).reshape({}.shape)", array(step.layer, *part))
                        }
                        Op::GroupNorm(_) => format!("{value}.sum((0, 2, 3))"),
                        _ if *part == Part::Weight => format!("{value}{divided}"),
                        _ => value.to_owned(),
                    };
                    lines.add(format!("    {grad} = {made}"));
                }
                edges.push((0, "d".to_owned()));
            }
        }
        (_, None) => edges.push((0, dy.clone())),
    }
    // The gradient that is read here is set last.
    edges.sort_by_key(|(k, _)| gradient(&step.inputs[*k]) == dy);
    for (k, expression) in edges {
        let value = &step.inputs[k];
        let target = gradient(value);
        let is_next = flow.is_shared(value) && begun.contains(&target);
        begun.push(target.clone());
        match is_next {
            true => lines.add(format!("    {target} = {target} + {expression}")),
            false if target != expression => lines.add(format!("    {target} = {expression}")),
            false => {}
        }
    }
}

fn load(lines: &mut Lines, has_weights: bool, weights: &str) {
    let file = python::string(weights);
    lines.add(match has_weights {
        true => format!(
            "def load(path=Path(__file__).with_name({file})):\n    \"\"\"The weights of a file, by their names.\"\"\"\n    \
             return dict(np.load(path))\n\n"
        ),
        false => "def load():\n    \"\"\"The weights: this network has none.\"\"\"\n    return {}\n\n".to_owned(),
    });
}

fn update(lines: &mut Lines, optimizer: &Optimizer) {
    let decay = match optimizer.weight_decay == 0.0 {
        true => String::new(),
        false => format!("        d = d + {} * w[name]\n", number(optimizer.weight_decay)),
    };
    let (doc, rule) = match optimizer.rule {
        Rule::Sgd => ("", "        step = d\n".to_owned()),
        Rule::Momentum { momentum } => (
            " m: the velocities, {} at first.",
            format!("        step = m[name] = {} * m.get(name, 0) + d\n", number(momentum)),
        ),
        Rule::Nesterov { momentum } => (
            " m: the velocities, {} at first.",
            format!(
                "        m[name] = {momentum} * m.get(name, 0) + d\n        step = d + {momentum} * m[name]\n",
                momentum = number(momentum)
            ),
        ),
        Rule::Adam { beta1, beta2, eps } => (
            " m: the moments, {} at first; t: the number of the step, from 1.",
            format!(
                "        first, second = m.get(name, (0, 0))\n        first = {b1} * first + (1 - {b1}) * d\n        second = \
                 {b2} * second + (1 - {b2}) * d**2\n        m[name] = first, second\n        step = first / (1 - \
                 {b1}**t) / (np.sqrt(second / (1 - {b2}**t)) + {eps})\n",
                b1 = number(beta1),
                b2 = number(beta2),
                eps = number(eps)
            ),
        ),
    };
    let arguments = match optimizer.rule {
        Rule::Sgd => "w, g",
        Rule::Momentum { .. } | Rule::Nesterov { .. } => "w, g, m",
        Rule::Adam { .. } => "w, g, m, t",
    };
    lines.add(format!(
        "def update({arguments}):\n    \"\"\"Moves the weights against their gradients.{doc}\"\"\"\n    for name, d in \
         g.items():\n{decay}{rule}        w[name] = w[name] - {} * step",
        number(optimizer.learning_rate)
    ));
}
