//! One layer of a network: an operation whose sizes fit its input.

use super::{
    Op, Part, Source, Window, WindowNumbers,
    batchnorm::BatchNorm2d,
    conv::Conv2d,
    conv_transpose::ConvTranspose2d,
    dense::Dense,
    execution::{Alone, Workers},
    group_norm::{Affine, GroupNorm},
    join,
    local_response_norm::LocalResponseNorm,
    pool::Pool2d,
    prelu::PRelu,
    resample::{Resample2d, ResampleAxis},
    spec::{
        AdaptivePoolSpec, AvgPoolSpec, BatchNormSpec, ConvSpec, ConvTransposeSpec, GroupNormSpec, Kind,
        LayerSpec, LrnSpec, MaxPoolSpec, Pair, Together,
    },
};
use crate::tensor::{MAX_CELLS, Shape, ShapeError};

/// The most positions that a channel may have before a max pool: f32 holds every whole number so far.
const MAX_POOL_PLANE: usize = 1 << 24;

/// The most channels in a window of a local response normalisation.
const MAX_LRN_SIZE: usize = 999;

/// The most inputs of a join: their gradients are numbered in a byte.
const MAX_INPUTS: usize = 256;

/// A layer of a network.
#[derive(Clone, PartialEq, Debug)]
pub struct Layer {
    /// As the user wrote it.
    pub spec: LayerSpec,
    /// The operation.
    pub op: Op,
    /// What it reads: one output, or of a join at least two.
    pub sources: Vec<Source>,
    /// The extents [C, H, W] of each.
    pub inputs: Vec<[usize; 3]>,
    /// Input extents [C, H, W]; of a join those of the first input.
    pub input: [usize; 3],
    /// Output extents [C, H, W].
    pub output: [usize; 3],
}

impl Layer {
    /// A layer on these sources, of extents [C, H, W].
    ///
    /// # Errors
    /// Names the layer, the formula and its numbers.
    pub fn new(spec: LayerSpec, from: &[(Source, [usize; 3])]) -> Result<Self, ShapeError> {
        check_inputs(&spec, from)?;
        let (op, output) = build_op(&spec, from)?;
        let (sources, inputs): (Vec<_>, Vec<_>) = from.iter().copied().unzip();
        let input = from.first().map_or([0; 3], |(_, extents)| *extents);
        let layer = Self { spec, op, sources, inputs, input, output };
        check_cells(layer.name(), layer.output)?;
        for (part, shape) in layer.parameters() {
            check_cells(&format!("{}.{}", layer.name(), part.suffix()), shape.0)?;
        }
        Ok(layer)
    }

    /// The layer's name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The name of its tensors in a weight file.
    pub fn file_name(&self) -> &str {
        self.spec.weights.as_deref().unwrap_or(&self.spec.name)
    }

    /// Its parameters and their shapes, in file order.
    pub fn parameters(&self) -> Vec<(Part, Shape)> {
        let vector = |len| Shape::new(1, len, 1, 1);
        match &self.op {
            Op::Conv2d(conv) => {
                let mut parts = vec![(Part::Weight, Shape(conv.weight_shape()))];
                parts.extend(conv.bias.then(|| (Part::Bias, vector(conv.out_channels))));
                parts
            }
            Op::ConvTranspose2d(spec) => {
                let mut parts = vec![(Part::Weight, Shape(spec.conv.weight_shape()))];
                parts.extend(spec.bias.then(|| (Part::Bias, vector(spec.out_channels()))));
                parts
            }
            Op::Dense(dense) => {
                let mut parts = vec![(Part::Weight, Shape::new(dense.out_features, dense.in_features, 1, 1))];
                parts.extend(dense.bias.then(|| (Part::Bias, vector(dense.out_features))));
                parts
            }
            Op::BatchNorm2d(bn) => [Part::Weight, Part::Bias, Part::RunningMean, Part::RunningVar]
                .map(|part| (part, vector(bn.channels)))
                .into(),
            Op::GroupNorm(norm) => {
                let part = |part| norm.parameter_shape().map(|shape| (part, Shape(shape)));
                [Part::Weight, Part::Bias].into_iter().filter_map(part).collect()
            }
            Op::PRelu(prelu) => vec![(Part::Weight, vector(prelu.slopes))],
            Op::MaxPool2d(_)
            | Op::AvgPool2d(_)
            | Op::Resample2d(_)
            | Op::Activation(_)
            | Op::Flatten
            | Op::LocalResponseNorm(_)
            | Op::Dropout { .. }
            | Op::Softmax
            | Op::Add
            | Op::Multiply
            | Op::Concat => Vec::new(),
        }
    }

    /// Terms of one image's output, forward: multiply-adds of a convolution or dense layer; of a transposed convolution
    /// also those of the zeros between its input cells.
    pub fn terms(&self) -> u64 {
        let terms = match &self.op {
            Op::Conv2d(conv) => conv.filter_pixels(),
            Op::ConvTranspose2d(spec) => spec.filter_pixels(),
            Op::Dense(dense) => dense.in_features,
            Op::MaxPool2d(pool) | Op::AvgPool2d(pool) => pool.window.taps(),
            Op::Resample2d(resample) => resample.taps(),
            Op::LocalResponseNorm(norm) => norm.size,
            Op::Add | Op::Multiply => self.sources.len(),
            Op::Activation(_)
            | Op::PRelu(_)
            | Op::Flatten
            | Op::BatchNorm2d(_)
            | Op::GroupNorm(_)
            | Op::Dropout { .. }
            | Op::Softmax
            | Op::Concat => 1,
        };
        self.output.iter().product::<usize>() as u64 * terms as u64
    }

    /// The workers, or the caller alone where so few images are not worth waking others for.
    pub(super) fn worth<'a>(&self, images: usize, workers: &'a dyn Workers) -> &'a dyn Workers {
        const WORTH: u64 = 1 << 21;
        if self.terms() * images as u64 >= WORTH { workers } else { &Alone }
    }

    /// The window that slides over the input, for the layers that have one.
    pub fn window(&self) -> Option<&Window> {
        match &self.op {
            Op::Conv2d(conv) => Some(&conv.window),
            Op::MaxPool2d(pool) | Op::AvgPool2d(pool) => Some(&pool.window),
            Op::ConvTranspose2d(_)
            | Op::Resample2d(_)
            | Op::Activation(_)
            | Op::PRelu(_)
            | Op::Flatten
            | Op::Dense(_)
            | Op::BatchNorm2d(_)
            | Op::GroupNorm(_)
            | Op::LocalResponseNorm(_)
            | Op::Dropout { .. }
            | Op::Softmax
            | Op::Add
            | Op::Multiply
            | Op::Concat => None,
        }
    }
}

/// Checks that a tensor of this shape has no more than [`MAX_CELLS`] cells.
pub(super) fn check_cells(name: &str, shape: impl AsRef<[usize]>) -> Result<(), ShapeError> {
    let cells = shape.as_ref().iter().try_fold(1usize, |cells, &n| cells.checked_mul(n));
    match cells {
        Some(cells) if cells <= MAX_CELLS => Ok(()),
        _ => Err(ShapeError(format!(
            "{name}: expected at most {MAX_CELLS} cells in a tensor, got {:?}; use smaller numbers",
            shape.as_ref()
        ))),
    }
}

/// Checks that a channel has no more positions than a winner's can tell apart.
fn check_pool_plane(name: &str, [h, w]: [usize; 2]) -> Result<(), ShapeError> {
    // A winner's position is kept in an f32, which counts without a gap only so far.
    if h * w > MAX_POOL_PLANE {
        return Err(ShapeError(format!(
            "{name}: expected at most {MAX_POOL_PLANE} positions in a channel, got {h} x {w}; use a smaller picture or \
             pool by averages first"
        )));
    }
    Ok(())
}

/// The windows, side by side, of a pool whose output is given.
fn adaptive_kernel(name: &str, [h, w]: [usize; 2], pool: &AdaptivePoolSpec) -> Result<Pair, ShapeError> {
    let Pair([rows, cols]) = pool.output_size;
    for (axis, len, out) in [("rows", h, rows), ("columns", w, cols)] {
        if out == 0 || !len.is_multiple_of(out) {
            return Err(ShapeError(format!(
                "{name} {axis}: expected an output_size that divides {len}, got {out}; windows of different sizes are \
                 not supported, choose another output_size or input"
            )));
        }
    }
    Ok(Pair([h / rows, w / cols]))
}

fn max_pool_numbers(pool: &MaxPoolSpec) -> WindowNumbers {
    WindowNumbers {
        kernel: pool.kernel.0,
        stride: pool.stride.unwrap_or(pool.kernel).0,
        padding: pool.padding.0,
        padding_end: pool.padding_end.unwrap_or(pool.padding).0,
        dilation: pool.dilation.0,
        ceil_mode: pool.ceil_mode,
    }
}

fn avg_pool_numbers(pool: &AvgPoolSpec) -> WindowNumbers {
    WindowNumbers {
        kernel: pool.kernel.0,
        stride: pool.stride.unwrap_or(pool.kernel).0,
        padding: pool.padding.0,
        padding_end: pool.padding_end.unwrap_or(pool.padding).0,
        dilation: [1, 1],
        ceil_mode: pool.ceil_mode,
    }
}

/// Whether a layer of this kind has so many inputs, and whether their extents go together.
fn check_inputs(spec: &LayerSpec, from: &[(Source, [usize; 3])]) -> Result<(), ShapeError> {
    let name = &spec.name;
    let names = || spec.inputs.join(", ");
    let mistake = |text: String| Err(ShapeError(text));
    if !spec.kind.is_join() {
        return match from {
            [_] => Ok(()),
            _ => mistake(format!(
                "{name}: expected one input of {}, got {}; join {} by an add, a multiply or a concat first",
                spec.kind.name(),
                from.len(),
                names()
            )),
        };
    }
    if !(2..=MAX_INPUTS).contains(&from.len()) {
        let got =
            if spec.inputs.is_empty() { "the layer before alone".to_owned() } else { from.len().to_string() };
        return mistake(format!(
            "{name}: expected from 2 to {MAX_INPUTS} inputs of {}, got {got}; name them, for example inputs = [\"conv1\", \
             \"conv2\"]",
            spec.kind.name()
        ));
    }
    let extents: Vec<[usize; 3]> = from.iter().map(|(_, extents)| *extents).collect();
    let Some(other) = (1..extents.len()).find(|&k| extents[k] != extents[0]) else { return Ok(()) };
    let between = format!(
        "got {:?} of {} and {:?} of {}",
        extents[0], spec.inputs[0], extents[other], spec.inputs[other]
    );
    if spec.kind == Kind::Concat {
        let Some(k) = (1..extents.len()).find(|&k| extents[k][1..] != extents[0][1..]) else { return Ok(()) };
        return mistake(format!(
            "{name}: expected inputs with the same rows and columns, got {:?} of {} and {:?} of {}; give both branches the \
             same strides and padding",
            extents[0], spec.inputs[0], extents[k], spec.inputs[k]
        ));
    }
    if spec.kind == Kind::Multiply {
        let fits = |&k: &usize| extents[k][1..] == [1, 1] && extents[k][0] == extents[1 - k][0];
        return match join::scale_of(&extents).filter(fits) {
            Some(_) => Ok(()),
            None => mistake(format!(
                "{name}: expected inputs of one shape, or two of which one has a number for each channel of the other, \
                 {between}; make their extents the same"
            )),
        };
    }
    mistake(format!(
        "{name}: expected inputs of one shape, {between}; make them the same, for example by a 1 x 1 convolution in one branch"
    ))
}

fn build_op(spec: &LayerSpec, from: &[(Source, [usize; 3])]) -> Result<(Op, [usize; 3]), ShapeError> {
    let input = from.first().map_or([0; 3], |(_, extents)| *extents);
    let [c, h, w] = input;
    let name = spec.name.as_str();
    let pool = |numbers: WindowNumbers, count_include_pad| {
        Pool2d::new(name, c, Window::from_numbers(name, [h, w], &numbers)?, count_include_pad)
    };
    let op = match &spec.kind {
        Kind::Conv2d(ConvSpec {
            out_channels,
            kernel,
            stride,
            padding,
            padding_end,
            dilation,
            groups,
            bias,
            normalize,
        }) => {
            let numbers = WindowNumbers {
                kernel: kernel.0,
                stride: stride.0,
                padding: padding.0,
                padding_end: padding_end.unwrap_or(*padding).0,
                dilation: dilation.0,
                ceil_mode: false,
            };
            let window = Window::from_numbers(name, [h, w], &numbers)?;
            Op::Conv2d(Conv2d::new(name, c, *out_channels, *groups, window, *bias, *normalize)?)
        }
        Kind::ConvTranspose2d(spec) => Op::ConvTranspose2d(conv_transpose(name, input, spec)?),
        Kind::MaxPool2d(p) => {
            check_pool_plane(name, [h, w])?;
            Op::MaxPool2d(pool(max_pool_numbers(p), true)?)
        }
        Kind::AvgPool2d(p) => Op::AvgPool2d(pool(avg_pool_numbers(p), p.count_include_pad)?),
        Kind::GlobalAvgPool2d => {
            let whole = AvgPoolSpec { kernel: Pair([h, w]), ..AvgPoolSpec::new(1) };
            Op::AvgPool2d(pool(avg_pool_numbers(&whole), true)?)
        }
        Kind::GlobalMaxPool2d => {
            check_pool_plane(name, [h, w])?;
            let whole = MaxPoolSpec { kernel: Pair([h, w]), ..MaxPoolSpec::new(1) };
            Op::MaxPool2d(pool(max_pool_numbers(&whole), true)?)
        }
        Kind::AdaptiveAvgPool2d(p) => {
            let kernel = adaptive_kernel(name, [h, w], p)?;
            Op::AvgPool2d(pool(avg_pool_numbers(&AvgPoolSpec { kernel, ..AvgPoolSpec::new(1) }), true)?)
        }
        Kind::AdaptiveMaxPool2d(p) => {
            check_pool_plane(name, [h, w])?;
            let kernel = adaptive_kernel(name, [h, w], p)?;
            Op::MaxPool2d(pool(max_pool_numbers(&MaxPoolSpec { kernel, ..MaxPoolSpec::new(1) }), true)?)
        }
        Kind::Upsample2d(spec) => {
            let axis = |axis: &str, len, d: usize| {
                let what = format!("{name} {axis}");
                match spec.size {
                    Some(size) => ResampleAxis::resized(&what, len, size.0[d], spec.by, spec.align_corners),
                    None => ResampleAxis::scaled(&what, len, spec.scale.0[d], spec.by, spec.align_corners),
                }
            };
            Op::Resample2d(Resample2d::of_maps(c, axis("rows", h, 0)?, axis("columns", w, 1)?))
        }
        Kind::Pad2d(spec) => {
            let end = spec.padding_end.unwrap_or(spec.padding);
            let axis = |axis: &str, len, sides| {
                ResampleAxis::padded(&format!("{name} {axis}"), len, sides, spec.border)
            };
            Op::Resample2d(Resample2d {
                channels: axis("channels", c, spec.channels.0)?,
                rows: axis("rows", h, [spec.padding.0[0], end.0[0]])?,
                cols: axis("columns", w, [spec.padding.0[1], end.0[1]])?,
            })
        }
        Kind::Crop2d(spec) => {
            let axis = |axis: &str, len, d: usize| {
                let [start, size, step] = [spec.start, spec.size, spec.step].map(|pair| pair.0[d]);
                ResampleAxis::picked(&format!("{name} {axis}"), len, start, size, step)
            };
            Op::Resample2d(Resample2d::of_maps(c, axis("rows", h, 0)?, axis("columns", w, 1)?))
        }
        Kind::SliceChannels(spec) => {
            let what = format!("{name} channels");
            let channels = ResampleAxis::picked(&what, c, spec.start, spec.count, spec.step)?;
            Op::Resample2d(Resample2d::of_channels(channels, [h, w]))
        }
        Kind::ChannelShuffle(spec) => {
            Op::Resample2d(Resample2d::of_channels(ResampleAxis::shuffled(name, c, spec.groups)?, [h, w]))
        }
        Kind::Activation(activation) => {
            if let Some((number, value)) = activation.number().filter(|(_, value)| !value.is_finite()) {
                return Err(ShapeError(format!(
                    "{name}: expected a finite {number}, got {value}; set for example {number} = 0.01"
                )));
            }
            Op::Activation(*activation)
        }
        Kind::PRelu(prelu) => {
            let slopes = if prelu.per_channel { c } else { 1 };
            Op::PRelu(PRelu { extents: input, slopes })
        }
        Kind::Flatten => Op::Flatten,
        Kind::Dense(dense) => {
            if dense.out_features == 0 {
                return Err(ShapeError(format!(
                    "{name}: expected out_features of at least 1, got 0; set out_features = 1"
                )));
            }
            Op::Dense(Dense { in_features: c * h * w, out_features: dense.out_features, bias: dense.bias })
        }
        Kind::BatchNorm2d(bn) => batch_norm(name, c, bn)?,
        Kind::GroupNorm(norm) => group_norm(name, input, norm)?,
        Kind::LocalResponseNorm(norm) => local_response_norm(name, c, norm)?,
        Kind::Dropout(dropout) => {
            if !(0.0..=1.0).contains(&dropout.p) {
                return Err(ShapeError(format!(
                    "{name}: expected p from 0 to 1, got {}; set for example p = 0.5",
                    dropout.p
                )));
            }
            Op::Dropout { p: dropout.p }
        }
        Kind::Softmax => Op::Softmax,
        Kind::Add => Op::Add,
        Kind::Multiply => Op::Multiply,
        Kind::Concat => Op::Concat,
    };
    let inputs: Vec<[usize; 3]> = from.iter().map(|(_, extents)| *extents).collect();
    Ok((op, output_of(&op, &inputs)?))
}

/// The extents [C, H, W] of a layer's output.
fn output_of(op: &Op, inputs: &[[usize; 3]]) -> Result<[usize; 3], ShapeError> {
    let input = inputs.first().copied().unwrap_or([0; 3]);
    let output = match op {
        Op::Conv2d(conv) => [conv.out_channels, conv.window.rows.out, conv.window.cols.out],
        Op::ConvTranspose2d(spec) => {
            [spec.out_channels(), spec.conv.window.rows.len, spec.conv.window.cols.len]
        }
        Op::MaxPool2d(pool) | Op::AvgPool2d(pool) => [input[0], pool.window.rows.out, pool.window.cols.out],
        Op::Resample2d(resample) => resample.out(),
        Op::Flatten => [input.iter().product(), 1, 1],
        Op::Dense(dense) => [dense.out_features, 1, 1],
        Op::Activation(_)
        | Op::PRelu(_)
        | Op::BatchNorm2d(_)
        | Op::GroupNorm(_)
        | Op::LocalResponseNorm(_)
        | Op::Dropout { .. }
        | Op::Softmax
        | Op::Add => input,
        // Of a volume and a number for each of its channels: the volume's.
        Op::Multiply => match join::scale_of(inputs) {
            Some(scale) => inputs[1 - scale],
            None => input,
        },
        Op::Concat => {
            let channels = inputs.iter().try_fold(0usize, |sum, [c, ..]| sum.checked_add(*c));
            let channels = channels.ok_or_else(|| ShapeError("concat: expected fewer channels".into()))?;
            [channels, input[1], input[2]]
        }
    };
    Ok(output)
}

fn check_eps(name: &str, eps: f64) -> Result<(), ShapeError> {
    if eps >= 0.0 && eps.is_finite() {
        return Ok(());
    }
    Err(ShapeError(format!("{name}: expected an eps of at least 0, got {eps}; set for example eps = 1e-5")))
}

fn conv_transpose(
    name: &str,
    input: [usize; 3],
    spec: &ConvTransposeSpec,
) -> Result<ConvTranspose2d, ShapeError> {
    let numbers = WindowNumbers {
        kernel: spec.kernel.0,
        stride: spec.stride.0,
        padding: spec.padding.0,
        padding_end: spec.padding_end.unwrap_or(spec.padding).0,
        dilation: spec.dilation.0,
        ceil_mode: false,
    };
    let ConvTransposeSpec { out_channels, groups, bias, .. } = *spec;
    let made =
        ConvTranspose2d::new(name, input, out_channels, groups, &numbers, spec.output_padding.0, bias)?;
    // The padding is cut off what is there before.
    let window = made.conv.window;
    let channels = out_channels.max(input[0]);
    check_cells(name, [channels, window.rows.padded(), window.cols.padded()])?;
    Ok(made)
}

fn batch_norm(name: &str, channels: usize, spec: &BatchNormSpec) -> Result<Op, ShapeError> {
    let BatchNormSpec { eps, momentum } = *spec;
    check_eps(name, eps)?;
    if !(0.0..=1.0).contains(&momentum) {
        return Err(ShapeError(format!(
            "{name}: expected a momentum from 0 to 1, got {momentum}; set for example momentum = 0.1"
        )));
    }
    Ok(Op::BatchNorm2d(BatchNorm2d { channels, eps, momentum }))
}

/// A normalisation of each image for itself; what is normalised together is more than one cell.
fn group_norm(name: &str, extents: [usize; 3], spec: &GroupNormSpec) -> Result<Op, ShapeError> {
    let [channels, h, w] = extents;
    check_eps(name, spec.eps)?;
    let groups = match spec.of {
        Together::Group(groups) => groups,
        Together::Channel => channels,
        Together::Whole => 1,
    };
    if groups == 0 || !channels.is_multiple_of(groups) {
        return Err(ShapeError(format!(
            "{name}: expected groups to divide {channels} input channels, got groups = {groups}; set groups = 1 or change \
             the channels before it"
        )));
    }
    if channels / groups * h * w < 2 {
        return Err(ShapeError(format!(
            "{name}: expected at least 2 cells to normalise together, got 1, which would always become 0; {}",
            match spec.of {
                Together::Group(_) => "use fewer groups",
                Together::Channel => "put it before the maps are averaged or flattened, or use a layer_norm",
                Together::Whole => "leave it out",
            }
        )));
    }
    let affine = spec.affine.then_some(match spec.of {
        Together::Whole => Affine::Cell,
        Together::Group(_) | Together::Channel => Affine::Channel,
    });
    Ok(Op::GroupNorm(GroupNorm { extents, groups, eps: spec.eps, affine }))
}

fn local_response_norm(name: &str, channels: usize, spec: &LrnSpec) -> Result<Op, ShapeError> {
    let LrnSpec { size, alpha, beta, k } = *spec;
    if !(1..=MAX_LRN_SIZE).contains(&size) {
        return Err(ShapeError(format!(
            "{name}: expected a size from 1 to {MAX_LRN_SIZE} channels, got {size}; set for example size = 5"
        )));
    }
    for (number, value, usual) in [("alpha", alpha, 1e-4), ("beta", beta, 0.75), ("k", k, 1.0)] {
        if !(value >= 0.0 && value.is_finite()) {
            return Err(ShapeError(format!(
                "{name}: expected {number} of at least 0, got {value}; set for example {number} = {usual:?}"
            )));
        }
    }
    Ok(Op::LocalResponseNorm(LocalResponseNorm { channels, size, alpha, beta, k }))
}
