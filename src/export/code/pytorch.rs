//! A network as a module of PyTorch.

use super::{
    Library, activations,
    flow::{Flow, Step, Value},
    python::{self, Lines, call, number, padded, pair, window_numbers},
};
use crate::model_io::Model;
use crate::nn::{
    Axis, Op, Window,
    conv_transpose::ConvTranspose2d,
    group_norm::Affine,
    loss::Loss,
    optimizer::{Optimizer, Rule},
    resample::{Border, Does, Resample2d, ResampleAxis, Source, Upsampling},
};

/// The program; see [`super::program`].
pub fn program(model: &Model, optimizer: &Optimizer, weights: &str) -> String {
    let flow = Flow::new(&model.network);
    let body = forward(&flow);
    let imports = "import numpy as np\nimport torch\nimport torch.nn.functional as F\nfrom safetensors.torch import \
                   load_file\nfrom torch import nn";
    let mut lines = Lines::default();
    python::head(&mut lines, Library::PyTorch, model, imports);
    lines.add("class Net(nn.Module):\n    def __init__(self):\n        super().__init__()");
    for step in &flow.steps {
        if let Some(module) = module(step) {
            lines.add(format!("        self.{} = {module}", step.name));
        }
    }
    let [c, h, w] = model.network.input;
    lines.add(format!(
        "\n    def forward(self, {}):  # (N, {c}, {h}, {w}) -> (N, {})",
        flow.picture.name,
        model.network.outputs()
    ));
    lines.add(body);
    load(&mut lines, &flow, weights);
    train(&mut lines, model, optimizer);
    python::main(
        &mut lines,
        model,
        "    net = load()\n    with torch.no_grad():\n        outputs = net(torch.from_numpy(x))\n",
        "outputs[0].numpy()",
    );
    lines.text()
}

/// The module of a layer that has parameters, or a mode.
fn module(step: &Step) -> Option<String> {
    let mut arguments: Vec<String>;
    let name = match &step.layer.op {
        Op::Conv2d(conv) => {
            let [kernel, stride, dilation] = window_numbers(&conv.window);
            arguments = vec![conv.in_channels.to_string(), conv.out_channels.to_string(), pair(kernel)];
            arguments.extend(unless("stride", stride, 1));
            arguments.extend(symmetric(&conv.window).and_then(|padding| unless("padding", padding, 0)));
            arguments.extend(unless("dilation", dilation, 1));
            arguments.extend((conv.groups > 1).then(|| format!("groups={}", conv.groups)));
            arguments.extend((!conv.bias).then(|| "bias=False".to_owned()));
            "nn.Conv2d"
        }
        Op::ConvTranspose2d(spec) => {
            let window = &spec.conv.window;
            let [kernel, stride, dilation] = window_numbers(window);
            arguments = vec![spec.in_channels().to_string(), spec.out_channels().to_string(), pair(kernel)];
            arguments.extend(unless("stride", stride, 1));
            arguments.extend(cut_alike(window).and_then(|padding| unless("padding", padding, 0)));
            let more = [window.rows, window.cols].map(|axis| ConvTranspose2d::output_padding(&axis));
            arguments.extend(unless("output_padding", more, 0));
            arguments.extend(unless("dilation", dilation, 1));
            arguments.extend((spec.conv.groups > 1).then(|| format!("groups={}", spec.conv.groups)));
            arguments.extend((!spec.bias).then(|| "bias=False".to_owned()));
            "nn.ConvTranspose2d"
        }
        Op::Dense(dense) => {
            arguments = vec![dense.in_features.to_string(), dense.out_features.to_string()];
            arguments.extend((!dense.bias).then(|| "bias=False".to_owned()));
            "nn.Linear"
        }
        Op::BatchNorm2d(norm) => {
            arguments = vec![norm.channels.to_string()];
            arguments.push(format!("eps={}", number(norm.eps)));
            arguments.push(format!("momentum={}", number(norm.momentum)));
            if step.output.is_vector { "nn.BatchNorm1d" } else { "nn.BatchNorm2d" }
        }
        Op::PRelu(relu) => {
            arguments = vec![relu.slopes.to_string()];
            "nn.PReLU"
        }
        Op::GroupNorm(norm) => {
            let [c, h, w] = norm.extents;
            let (name, first) = match norm.affine {
                Some(Affine::Cell) if step.output.is_vector => ("nn.LayerNorm", c.to_string()),
                Some(Affine::Cell) => ("nn.LayerNorm", format!("({c}, {h}, {w})")),
                Some(Affine::Channel) | None => ("nn.GroupNorm", norm.groups.to_string()),
            };
            arguments = vec![first];
            arguments.extend((name == "nn.GroupNorm").then(|| c.to_string()));
            arguments.push(format!("eps={}", number(norm.eps)));
            arguments.extend(norm.affine.is_none().then(|| "affine=False".to_owned()));
            name
        }
        Op::Dropout { p } => {
            arguments = vec![number(*p)];
            "nn.Dropout"
        }
        Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Resample2d(_)
        | Op::Activation(_)
        | Op::Flatten
        | Op::LocalResponseNorm(_)
        | Op::Softmax
        | Op::Add
        | Op::Multiply
        | Op::Concat => return None,
    };
    Some(call(name, &arguments))
}

/// `name=numbers`, where they are not all the usual one.
fn unless(name: &str, numbers: [usize; 2], usual: usize) -> Option<String> {
    (numbers != [usual; 2]).then(|| format!("{name}={}", pair(numbers)))
}

/// The padding of a window, where it is the same before and behind and the windows end where PyTorch's do.
fn symmetric(window: &Window) -> Option<[usize; 2]> {
    let axis =
        |axis: &Axis| (axis.padding == axis.padding_end && !rest_has_window(axis)).then_some(axis.padding);
    Some([axis(&window.rows)?, axis(&window.cols)?])
}

/// What a transposed convolution cuts off, where it is the same at both ends.
fn cut_alike(window: &Window) -> Option<[usize; 2]> {
    let axis = |axis: &Axis| (axis.padding == axis.padding_end).then_some(axis.padding);
    Some([axis(&window.rows)?, axis(&window.cols)?])
}

/// Whether the last window reaches behind the padding.
const fn rest_has_window(axis: &Axis) -> bool {
    (axis.out - 1) * axis.stride + axis.reach() > axis.padding + axis.len + axis.padding_end
}

fn forward(flow: &Flow) -> String {
    let mut lines = Vec::new();
    for step in &flow.steps {
        let expression = expression(step);
        if step.output.name != expression {
            lines.push(format!("        {} = {expression}", step.output.name));
        }
    }
    let last = flow.last();
    let outputs = if last.is_vector { last.name.clone() } else { format!("torch.flatten({}, 1)", last.name) };
    lines.push(format!("        return {outputs}\n\n"));
    lines.join("\n")
}

/// A value with four axes.
fn volume(value: &Value) -> String {
    if value.is_vector { format!("{}[:, :, None, None]", value.name) } else { value.name.clone() }
}

/// A value with two axes.
fn vector(value: &Value) -> String {
    if value.is_vector { value.name.clone() } else { format!("torch.flatten({}, 1)", value.name) }
}

/// A volume with cells around it, in PyTorch's order of sides: from the last axis to the first, before and behind.
fn with_border(x: &str, [[top, bottom], [left, right]]: [[isize; 2]; 2], more: &str) -> String {
    match [top, bottom, left, right] {
        [0, 0, 0, 0] => x.to_owned(),
        _ => format!("F.pad({x}, ({left}, {right}, {top}, {bottom}){more})"),
    }
}

fn expression(step: &Step) -> String {
    let first = &step.inputs[0];
    let own = format!("self.{}", step.name);
    match &step.layer.op {
        Op::Conv2d(conv) => {
            let x = match symmetric(&conv.window) {
                Some(_) => volume(first),
                None => with_border(&volume(first), padded(&conv.window), ""),
            };
            match conv.normalize {
                true => format!(
                    "F.conv2d({x}, {own}.weight / {}, {own}.bias, {own}.stride, {own}.padding, {own}.dilation, \
                     {own}.groups)",
                    python::filter_pixels(conv)
                ),
                false => format!("{own}({x})"),
            }
        }
        Op::ConvTranspose2d(spec) => {
            let stamped = format!("{own}({})", volume(first));
            let (rows, cols) = (spec.conv.window.rows, spec.conv.window.cols);
            match cut_alike(&spec.conv.window) {
                Some(_) => stamped,
                None => format!(
                    "{stamped}[:, :, {}:{}, {}:{}]",
                    rows.padding,
                    rows.padding + rows.len,
                    cols.padding,
                    cols.padding + cols.len
                ),
            }
        }
        Op::MaxPool2d(pool) => {
            let [kernel, stride, dilation] = window_numbers(&pool.window);
            let mut arguments = vec![volume(first), pair(kernel)];
            arguments.extend((stride != kernel).then(|| format!("stride={}", pair(stride))));
            match symmetric(&pool.window) {
                Some(padding) => arguments.extend(unless("padding", padding, 0)),
                None => {
                    let lowest = ", value=float(\"-inf\")";
                    arguments[0] = with_border(&arguments[0], padded(&pool.window), lowest);
                }
            }
            arguments.extend(unless("dilation", dilation, 1));
            call("F.max_pool2d", &arguments)
        }
        Op::AvgPool2d(pool) => {
            let [kernel, stride, _] = window_numbers(&pool.window);
            let x = with_border(&volume(first), padded(&pool.window), "");
            let mut arguments = vec![x, pair(kernel)];
            arguments.extend((stride != kernel).then(|| format!("stride={}", pair(stride))));
            match python::divisors(pool) {
                None => call("F.avg_pool2d", &arguments),
                Some([rows, cols]) => {
                    arguments.push("divisor_override=1".to_owned());
                    let sum = call("F.avg_pool2d", &arguments);
                    format!("{sum} / torch.tensor({rows:?})[:, None] / torch.tensor({cols:?})")
                }
            }
        }
        Op::Resample2d(resample) => resampled(&volume(first), resample),
        Op::Activation(activation) => activations::pytorch(*activation, &first.name),
        Op::Flatten => vector(first),
        Op::Dense(_) => format!("{own}({})", vector(first)),
        Op::BatchNorm2d(_) | Op::GroupNorm(_) | Op::PRelu(_) | Op::Dropout { .. } => {
            format!("{own}({})", first.name)
        }
        Op::LocalResponseNorm(norm) => format!(
            "F.local_response_norm({}, {}, alpha={}, beta={}, k={})",
            volume(first),
            norm.size,
            number(norm.alpha),
            number(norm.beta),
            number(norm.k)
        ),
        Op::Softmax => format!("torch.softmax({}, 1)", first.name),
        Op::Add => joined(step).join(" + "),
        Op::Multiply => joined(step).join(" * "),
        Op::Concat => format!("torch.cat(({}), 1)", joined(step).join(", ")),
    }
}

/// The inputs of a join with the same number of axes.
fn joined(step: &Step) -> Vec<String> {
    let inputs = step.inputs.iter();
    inputs.map(|value| if step.output.is_vector { value.name.clone() } else { volume(value) }).collect()
}

fn resampled(x: &str, resample: &Resample2d) -> String {
    let axes = [&resample.rows, &resample.cols];
    match resample.does() {
        Does::Scale(by) => {
            let [rows, cols] = axes.map(|axis| axis.out);
            let corners =
                axes.iter().any(|axis| matches!(axis.source, Source::Scale { align_corners: true, .. }));
            let mode = match by {
                Upsampling::Nearest => "nearest",
                Upsampling::NearestExact => "nearest-exact",
                Upsampling::Bilinear => "bilinear",
                Upsampling::Bicubic => "bicubic",
            };
            let corners = if corners { ", align_corners=True" } else { "" };
            format!("F.interpolate({x}, size=({rows}, {cols}), mode=\"{mode}\"{corners})")
        }
        Does::Pad(border) => {
            let sides = |axis: &ResampleAxis| {
                let before = if let Source::Pad { before, .. } = axis.source { before } else { 0 };
                [before as isize, (axis.out - axis.len - before) as isize]
            };
            let mode = match border {
                Border::Zero => "",
                Border::Reflection => ", mode=\"reflect\"",
                Border::Replication => ", mode=\"replicate\"",
            };
            let [[top, bottom], [left, right]] = axes.map(sides);
            match sides(&resample.channels) {
                [0, 0] => with_border(x, [[top, bottom], [left, right]], mode),
                // Three axes of a volume are padded alike where the channels are one of three.
                [front, back] => format!(
                    "F.pad({x}[:, None], ({left}, {right}, {top}, {bottom}, {front}, {back}){mode})[:, 0]"
                ),
            }
        }
        Does::Crop | Does::Slice => {
            let [channels, rows, cols] = [&resample.channels, axes[0], axes[1]].map(python::slice);
            format!("{x}[:, {channels}, {rows}, {cols}]")
        }
        Does::Shuffle => match resample.channels.source {
            Source::Shuffle { groups } => format!("F.channel_shuffle({x}, {groups})"),
            Source::Scale { .. } | Source::Pad { .. } | Source::Pick { .. } => x.to_owned(),
        },
    }
}

fn load(lines: &mut Lines, flow: &Flow, weights: &str) {
    let renamed: Vec<String> = flow
        .steps
        .iter()
        .filter(|step| step.layer.file_name() != step.name && !step.layer.parameters().is_empty())
        .map(|step| {
            format!("    {}: {},\n", python::string(step.layer.file_name()), python::string(&step.name))
        })
        .collect();
    if !renamed.is_empty() {
        lines.add(format!(
            "# Layers whose names in the weight file are not those here.\nNAMES = {{\n{}}}\n\n",
            renamed.concat()
        ));
    }
    let renaming = match renamed.is_empty() {
        true => "",
        false => {
            "    for name in list(weights):\n        layer, _, part = name.rpartition(\".\")\n        weights[f\"\
             {NAMES.get(layer, layer)}.{part}\"] = weights.pop(name)\n"
        }
    };
    lines.add(format!(
        "def load(path=Path(__file__).with_name({})):\n    \"\"\"The network with the weights of a file.\"\"\"\n    net = \
         Net()\n    weights = load_file(path)\n{renaming}    missing, unexpected = net.load_state_dict(weights, strict=\
         False)\n    missing = [name for name in missing if not name.endswith(\"num_batches_tracked\")]\n    if missing \
         or unexpected:\n        raise ValueError(f\"{{path}}: missing {{missing}}, unexpected {{unexpected}}\")\n    \
         return net.eval()\n\n",
        python::string(weights)
    ));
}

fn train(lines: &mut Lines, model: &Model, optimizer: &Optimizer) {
    let arguments: Vec<String> = std::iter::once("net.parameters()".to_owned())
        .chain(
            python::optimizer_arguments(optimizer).into_iter().map(|(name, value)| format!("{name}={value}")),
        )
        .collect();
    let name = match optimizer.rule {
        Rule::Sgd | Rule::Momentum { .. } | Rule::Nesterov { .. } => "torch.optim.SGD",
        Rule::Adam { .. } => "torch.optim.Adam",
    };
    let classes = model.network.classes();
    let loss = match model.network.loss {
        Loss::CrossEntropy => "F.cross_entropy(net(x), target)".to_owned(),
        Loss::BinaryCrossEntropy => {
            "F.binary_cross_entropy_with_logits(net(x)[:, 0], target.to(x.dtype))".to_owned()
        }
        Loss::Mse => format!("F.mse_loss(net(x), F.one_hot(target, {classes}).to(x.dtype))"),
    };
    lines.add(format!(
        "def loss_of(net, x, target):\n    \"\"\"The mean loss of a batch; target: the numbers of its classes.\"\"\"\n    \
         return {loss}\n\n\ndef optimizer_of(net):\n    return {}\n\n\ndef train_step(net, optimizer, x, target):\n    \
         net.train()\n    optimizer.zero_grad()\n    loss = loss_of(net, x, target)\n    loss.backward()\n    \
         optimizer.step()\n    return loss.item()",
        call(name, &arguments)
    ));
}
