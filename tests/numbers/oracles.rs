//! The layers, losses, optimizers and three whole networks against PyTorch's numbers.
//!
//! The fixtures and the script that made them are in `tests/fixtures/oracles`. Their references are
//! PyTorch's in f64. `index.json` says how far PyTorch's own f32 run is from them, and that is the
//! measure: ours may be at most 8 times as far, or within 1e-6 of the tensor's largest magnitude. Each
//! test prints the worst share of its allowance that was used.

use convstep::nn::{
    Activation, Alone, Compute, Mode, Network, Op, Params, Part, Parts, Source, Values, Window,
    WindowNumbers, batchnorm, conv, conv_transpose, dense,
    dropout::Stream,
    group_norm::{self, GroupNorm},
    local_response_norm::{self, LocalResponseNorm, Normalised},
    loss::{self, Loss, Targets},
    norm,
    optimizer::{Moments, Optimizer, Rule},
    pool::{self, Pool2d},
    prelu::{self, PRelu},
    resample::{self, Border, Upsampling},
    softmax,
    spec::{
        ConvSpec, ConvTransposeSpec, CropSpec, DenseSpec, GroupNormSpec, Kind, LayerSpec, MaxPoolSpec,
        PadSpec, Pair, ShuffleSpec, SliceSpec, Together, UpsampleSpec,
    },
};
use convstep::tensor::Tensor;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::LazyLock,
};

/// Ours may be so many times as far from f64 as PyTorch's f32.
const TIMES: f64 = 8.0;
/// And always this far, relative to the tensor's largest magnitude: some eight roundings.
const FLOOR: f64 = 1e-6;

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/oracles/data").join(name)
}

static INDEX: LazyLock<Value> = LazyLock::new(|| {
    let text = std::fs::read_to_string(file("index.json")).expect("the index is there");
    serde_json::from_str(&text).expect("JSON")
});

/// A fixture: its attributes, its tensors and their allowances.
struct Case {
    name: String,
    op: String,
    attr: Value,
    tensors: BTreeMap<String, (Vec<usize>, Vec<f64>)>,
    worst: f64,
}

impl Case {
    fn load(name: &str) -> Self {
        let bytes = std::fs::read(file(&format!("{name}.safetensors"))).expect("the fixture is there");
        let (_, metadata) = SafeTensors::read_metadata(&bytes).expect("a header");
        let metadata = metadata.metadata().clone().expect("metadata");
        let tensors = SafeTensors::deserialize(&bytes).expect("safetensors");
        let tensors = tensors.tensors().into_iter().map(|(key, view)| {
            let data = view.data();
            let numbers = match view.dtype() {
                Dtype::F32 => {
                    data.as_chunks::<4>().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
                }
                Dtype::I64 => data.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b) as f64).collect(),
                other => panic!("{name}: {key} is {other:?}"),
            };
            (key, (view.shape().to_vec(), numbers))
        });
        Self {
            name: name.into(),
            op: metadata["op"].clone(),
            attr: serde_json::from_str(&metadata["attr"]).expect("JSON"),
            tensors: tensors.collect(),
            worst: 0.0,
        }
    }

    /// The names of all fixtures that begin so; at least `least` of them.
    fn names(prefix: &str, least: usize) -> Vec<String> {
        let names: Vec<String> = std::fs::read_dir(file("."))
            .expect("the directory is there")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| name.strip_suffix(".safetensors").map(str::to_owned))
            .filter(|name| name.starts_with(prefix))
            .collect();
        assert!(names.len() >= least, "{prefix}: {names:?}");
        names
    }

    fn has(&self, key: &str) -> bool {
        self.tensors.contains_key(key)
    }

    /// A tensor in four extents: a vector of F features is (N, F, 1, 1).
    fn tensor(&self, key: &str) -> Tensor {
        let (shape, numbers) = &self.tensors[key];
        let mut dim = [1; 4];
        dim[..shape.len()].copy_from_slice(shape);
        Tensor::from_shape_vec(dim, numbers.iter().map(|&x| x as f32).collect()).expect("the shape fits")
    }

    /// A vector as a layer's parameter, (1, F, 1, 1).
    fn vector(&self, key: &str) -> Tensor {
        let numbers = &self.tensors[key].1;
        let numbers: Vec<f32> = numbers.iter().map(|&x| x as f32).collect();
        Tensor::from_shape_vec([1, numbers.len(), 1, 1], numbers).expect("a vector")
    }

    fn classes(&self) -> Vec<usize> {
        self.tensors["in.target"].1.iter().map(|&x| x as usize).collect()
    }

    fn number(&self, key: &str) -> f64 {
        self.attr[key].as_f64().unwrap_or_else(|| panic!("{}: no {key}", self.name))
    }

    fn numbers(&self, key: &str) -> Vec<usize> {
        match &self.attr[key] {
            Value::Array(list) => list.iter().map(|x| x.as_u64().expect("whole") as usize).collect(),
            one => vec![one.as_u64().expect("whole") as usize],
        }
    }

    fn pair(&self, key: &str) -> [usize; 2] {
        let numbers = self.numbers(key);
        [numbers[0], numbers[numbers.len() - 1]]
    }

    /// The window of a case over x.
    fn window(&self, x: &Tensor, kernel: [usize; 2]) -> Window {
        let pair = |key: &str, or: [usize; 2]| if self.attr.get(key).is_some() { self.pair(key) } else { or };
        let padding = self.pair("padding");
        let numbers = WindowNumbers {
            kernel,
            stride: self.pair("stride"),
            padding,
            padding_end: pair("padding_end", padding),
            dilation: pair("dilation", [1, 1]),
            ceil_mode: self.attr["ceil_mode"] == true,
        };
        Window::from_numbers(&self.name, channels_and_extents(x).1, &numbers).expect("fits")
    }

    /// Holds numbers against the reference.
    fn compare<'a>(&mut self, key: &str, ours: impl IntoIterator<Item = &'a f32>) {
        self.compare_within(key, ours, 0.0);
    }

    /// The same where the rounding of our order has a bound of its own, `bound`, an absolute error.
    fn compare_within<'a>(&mut self, key: &str, ours: impl IntoIterator<Item = &'a f32>, bound: f64) {
        let reference = &self.tensors[key].1;
        let entry = &INDEX["cases"][&self.name]["tensors"][key]["torch_f32_abs"];
        let torch = entry.as_f64().unwrap_or_else(|| panic!("{}: {key} is not in the index", self.name));
        let largest = reference.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
        let allowed = (TIMES * torch).max(FLOOR * largest).max(bound);
        let ours: Vec<f32> = ours.into_iter().copied().collect();
        assert_eq!(ours.len(), reference.len(), "{}: {key}", self.name);
        for (cell, (&ours, &reference)) in ours.iter().zip(reference).enumerate() {
            let error = (f64::from(ours) - reference).abs();
            assert!(
                error <= allowed,
                "{}: {key}, cell {cell}: got {ours}, expected {reference}, off by {error:.3e}; PyTorch's f32 is \
                 off by {torch:.3e}, allowed are {allowed:.3e}",
                self.name
            );
            if allowed > 0.0 {
                self.worst = self.worst.max(error / allowed);
            }
        }
    }
}

/// Runs a test over all cases of a prefix and prints what it used of its allowance.
fn each(prefix: &str, least: usize, mut test: impl FnMut(&mut Case)) {
    let mut worst = (0.0, String::new());
    for name in Case::names(prefix, least) {
        let mut case = Case::load(&name);
        test(&mut case);
        if case.worst >= worst.0 {
            worst = (case.worst, name);
        }
    }
    println!("{prefix}: at most {:.2} of the allowance, in {}", worst.0, worst.1);
}

fn channels_and_extents(x: &Tensor) -> ([usize; 3], [usize; 2]) {
    let (_, c, h, w) = x.dim();
    ([c, h, w], [h, w])
}

#[test]
fn convolutions() {
    each("conv_", 28, |case| {
        let (x, w, gy) = (case.tensor("in.x"), case.tensor("param.weight"), case.tensor("gy"));
        let bias = case.has("param.bias").then(|| case.vector("param.bias"));
        let window = case.window(&x, [w.dim().2, w.dim().3]);
        let groups = case.number("groups") as usize;
        let spec = conv::Conv2d::new(&case.name, x.dim().1, w.dim().0, groups, window, bias.is_some(), false)
            .expect("fits");
        case.compare("out.y", &f32::conv_forward(&Alone, &spec, &x, &w, bias.as_ref()));
        case.compare("grad.x", &f32::conv_backward_input(&Alone, &spec, &gy, &w));
        let mut dw = Tensor::zeros(w.dim());
        f32::conv_backward_weight(&Alone, &spec, &x, &gy, &mut dw);
        case.compare("grad.weight", &dw);
        if let Some(bias) = bias {
            let mut db = Tensor::zeros(bias.dim());
            conv::backward_bias(&gy, &mut db);
            case.compare("grad.bias", &db);
        }
    });
}

/// The definition, and the kernels that the passes use.
#[test]
fn transposed_convolutions() {
    each("transposed_", 17, |case| {
        let (x, w, gy) = (case.tensor("in.x"), case.tensor("param.weight"), case.tensor("gy"));
        let bias = case.has("param.bias").then(|| case.vector("param.bias"));
        let kind = Kind::ConvTranspose2d(ConvTransposeSpec {
            out_channels: case.number("out_channels") as usize,
            kernel: Pair(case.pair("kernel")),
            stride: Pair(case.pair("stride")),
            padding: Pair(case.pair("padding")),
            padding_end: Some(Pair(case.pair("padding_end"))),
            output_padding: Pair(case.pair("output_padding")),
            dilation: Pair(case.pair("dilation")),
            groups: case.number("groups") as usize,
            bias: bias.is_some(),
        });
        assert_eq!(kind.name(), case.op);
        let extents = channels_and_extents(&x).0;
        let network = Network::build(extents, vec![LayerSpec::new("l", kind)], Loss::Mse).expect("fits");
        let Op::ConvTranspose2d(spec) = &network.layers[0].op else { panic!("{}", case.name) };
        let sum = f32::conv_backward_input(&Alone, &spec.conv, &x, &w);
        for y in [
            conv_transpose::forward(spec, &x, &w, bias.as_ref()),
            conv_transpose::with_bias(sum, bias.as_ref()),
        ] {
            case.compare("out.y", &y);
        }
        case.compare("grad.x", &conv_transpose::backward_input(spec, &gy, &w));
        case.compare("grad.x", &f32::conv_forward(&Alone, &spec.conv, &gy, &w, None));
        let (mut dw, mut fast) = (Tensor::zeros(w.dim()), Tensor::zeros(w.dim()));
        conv_transpose::backward_weight(spec, &x, &gy, &mut dw);
        f32::conv_backward_weight(&Alone, &spec.conv, &gy, &x, &mut fast);
        case.compare("grad.weight", &dw);
        case.compare("grad.weight", &fast);
        if let Some(bias) = bias {
            let mut db = Tensor::zeros(bias.dim());
            conv::backward_bias(&gy, &mut db);
            case.compare("grad.bias", &db);
        }
    });
}

fn pool_spec(case: &Case, x: &Tensor, count_include_pad: bool) -> Pool2d {
    let window = case.window(x, case.pair("kernel"));
    Pool2d::new(&case.name, x.dim().1, window, count_include_pad).expect("fits")
}

#[test]
fn max_pools_ties_among_them() {
    each("maxpool_", 18, |case| {
        let (x, gy) = (case.tensor("in.x"), case.tensor("gy"));
        let spec = pool_spec(case, &x, true);
        let (y, winner) = pool::max_forward(&spec, &x);
        assert_eq!(y, case.tensor("out.y"), "{}: a maximum is exact", case.name);
        assert_eq!(winner, case.tensor("out.indices"), "{}: the first of equals wins", case.name);
        case.compare("grad.x", &pool::max_backward(&spec, &gy, &winner));
    });
}

#[test]
fn average_pools() {
    each("avgpool_", 11, |case| {
        let (x, gy) = (case.tensor("in.x"), case.tensor("gy"));
        let spec = if case.name == "avgpool_global" {
            let [_, h, w] = channels_and_extents(&x).0;
            let window = Window::new("global", [h, w], [h, w], [h, w], [0, 0], [1, 1]).expect("fits");
            Pool2d::new("global", x.dim().1, window, true).expect("fits")
        } else {
            pool_spec(case, &x, case.attr["count_include_pad"] == true)
        };
        case.compare("out.y", &pool::avg_forward(&spec, &x));
        let ds = pool::avg_backward_sum(&spec, &gy);
        case.compare("grad.x", &pool::avg_backward_input(&spec, &ds));
    });
}

#[test]
fn resamplings() {
    each("resample_", 18, |case| {
        let (x, gy) = (case.tensor("in.x"), case.tensor("gy"));
        let has = |key: &str| !case.attr[key].is_null();
        let pair = |key: &str| Pair(case.pair(key));
        let count = |key: &str| case.attr[key].as_u64().expect(key) as usize;
        let upsample = |case: &Case, by| {
            let spec = match has("size") {
                true => UpsampleSpec::to_size(by, pair("size")),
                false => UpsampleSpec::by_scale(by, pair("scale")),
            };
            Kind::Upsample2d(UpsampleSpec { align_corners: case.attr["align_corners"] == true, ..spec })
        };
        let pad = |_: &Case, border| {
            let channels = if has("channels") { pair("channels") } else { Pair::square(0) };
            let padding_end = Some(pair("padding_end"));
            Kind::Pad2d(PadSpec { border, padding: pair("padding"), padding_end, channels })
        };
        let kind = match case.op.as_str() {
            "upsample_nearest2d" => upsample(case, Upsampling::Nearest),
            "upsample_nearest_exact2d" => upsample(case, Upsampling::NearestExact),
            "upsample_bilinear2d" => upsample(case, Upsampling::Bilinear),
            "upsample_bicubic2d" => upsample(case, Upsampling::Bicubic),
            "crop2d" => {
                Kind::Crop2d(CropSpec { start: pair("start"), size: pair("size"), step: pair("step") })
            }
            "slice_channels" => Kind::SliceChannels(SliceSpec {
                start: count("start"),
                count: count("count"),
                step: count("step"),
            }),
            "channel_shuffle" => Kind::ChannelShuffle(ShuffleSpec { groups: count("groups") }),
            "zero_pad2d" => pad(case, Border::Zero),
            "reflection_pad2d" => pad(case, Border::Reflection),
            "replication_pad2d" => pad(case, Border::Replication),
            other => panic!("{other}"),
        };
        assert_eq!(kind.name(), case.op);
        let network = Network::build(channels_and_extents(&x).0, vec![LayerSpec::new("l", kind)], Loss::Mse)
            .expect("fits");
        let Op::Resample2d(spec) = &network.layers[0].op else { panic!("{}", case.name) };
        case.compare("out.y", &resample::forward(spec, &x));
        case.compare("grad.x", &resample::backward(spec, &gy));
    });
}

/// The edges among them: kinks, both zeros, and magnitudes at which an exponential overflows.
#[test]
fn activations() {
    let mut seen = BTreeSet::new();
    each("act_", 2 * Activation::ALL.len(), |case| {
        let (x, gy) = (case.tensor("in.x"), case.tensor("gy"));
        let op = case.op.clone();
        let (y, dx) = match Activation::from_key(&op) {
            Some(usual) => {
                let number = usual.number().map(|(name, _)| case.number(name));
                let activation = number.map_or(usual, |number| usual.with_number(number));
                let y = activation.forward(&x);
                let dx = activation.backward(&gy, &x, &y);
                (y, dx)
            }
            None => {
                assert_eq!(op, "softmax", "no activation is called {op}");
                let y = softmax::forward(&x).out;
                let (_, dx) = softmax::backward(&gy, &y);
                (y, dx)
            }
        };
        case.compare("out.y", &y);
        case.compare("grad.x", &dx);
        seen.insert(op);
    });
    for activation in Activation::ALL {
        assert!(seen.contains(activation.key()), "{} has no oracle", activation.key());
    }
}

/// The operation of a normalisation of each image for itself on pictures of these extents.
fn group_norm_of(case: &Case, extents: [usize; 3]) -> GroupNorm {
    let of = match case.attr["of"].as_str().expect("a kind") {
        "group" => Together::Group(case.numbers("groups")[0]),
        "channel" => Together::Channel,
        "whole" => Together::Whole,
        other => panic!("no normalisation is of {other}"),
    };
    let spec = GroupNormSpec { of, eps: case.number("eps"), affine: case.attr["affine"] == true };
    let layer = LayerSpec::new("norm", Kind::GroupNorm(spec));
    match Network::build(extents, vec![layer], Loss::Mse).expect("fits").layers[0].op {
        Op::GroupNorm(spec) => spec,
        other => panic!("{other:?}"),
    }
}

#[test]
fn group_norms() {
    each("gn_", 10, |case| {
        let (x, gy) = (case.tensor("in.x"), case.tensor("gy"));
        let (_, c, h, w) = x.dim();
        let spec = group_norm_of(case, [c, h, w]);
        let param = |key: &str| {
            let numbers: Vec<f32> = case.tensors[key].1.iter().map(|&x| x as f32).collect();
            Tensor::from_shape_vec(spec.parameter_shape().expect("scales"), numbers).expect("the shape fits")
        };
        let params = spec.affine.map(|_| [param("param.weight"), param("param.bias")]);
        let (mean, var) = group_norm::statistics(&spec, &x);
        let inv_std = var.mapv(|var| norm::inv_std(var, spec.eps));
        let xhat = group_norm::normalise(&spec, &x, &mean, &inv_std);
        let y = params.as_ref().map_or(xhat.clone(), |[gamma, beta]| norm::scale_shift(&xhat, gamma, beta));
        // As with batch normalisation: the mean of M numbers, added up one after the other.
        let roundings = (spec.count() as f64).sqrt() * f64::from(f32::EPSILON) / 2.0;
        let bound = roundings * largest(&x) * largest(&inv_std);
        let gamma = params.as_ref().map_or(1.0, |[gamma, _]| largest(gamma));
        case.compare_within("out.y", &y, bound * gamma);

        let dxhat = params.as_ref().map_or(gy.clone(), |[gamma, _]| norm::scaled(&gy, gamma));
        let dx = group_norm::backward(&spec, &dxhat, &xhat, &inv_std).dx;
        case.compare_within("grad.x", &dx, bound * largest(&dx));
        if let Some([gamma, beta]) = &params {
            let (mut dgamma, mut dbeta) = (Tensor::zeros(gamma.dim()), Tensor::zeros(beta.dim()));
            norm::backward_gamma(&gy, &xhat, &mut dgamma);
            norm::backward_beta(&gy, &mut dbeta);
            let dgamma_bound = bound * gy.iter().map(|dy| f64::from(dy.abs())).sum::<f64>();
            case.compare_within("grad.weight", &dgamma, dgamma_bound);
            case.compare("grad.bias", &dbeta);
        }
    });
}

#[test]
fn prelus() {
    each("prelu_", 4, |case| {
        let (x, gy, a) = (case.tensor("in.x"), case.tensor("gy"), case.vector("param.weight"));
        let (_, c, h, w) = x.dim();
        let spec = PRelu { extents: [c, h, w], slopes: a.len() };
        case.compare("out.y", &prelu::forward(&spec, &x, &a));
        case.compare("grad.x", &prelu::backward_input(&spec, &gy, &x, &a));
        let mut da = Tensor::zeros(a.dim());
        prelu::backward_slope(&spec, &gy, &x, &mut da);
        case.compare("grad.weight", &da);
    });
}

#[test]
fn local_response_norms() {
    each("lrn_", 3, |case| {
        let (x, gy) = (case.tensor("in.x"), case.tensor("gy"));
        let spec = LocalResponseNorm {
            channels: x.dim().1,
            size: case.number("size") as usize,
            alpha: case.number("alpha"),
            beta: case.number("beta"),
            k: case.number("k"),
        };
        let made = local_response_norm::forward(&spec, &x);
        let of = Normalised { scale: &made.scale, factor: &made.factor, out: &made.out };
        let [_, _, dx] = local_response_norm::backward(&spec, &gy, &x, of);
        case.compare("out.y", &made.out);
        case.compare("grad.x", &dx);
    });
}

#[test]
fn dense_layers() {
    each("linear_", 3, |case| {
        let (x, w, gy) = (case.tensor("in.x"), case.tensor("param.weight"), case.tensor("gy"));
        let b = case.vector("param.bias");
        let spec = dense::Dense { in_features: x.dim().1, out_features: w.dim().0, bias: true };
        case.compare("out.y", &f32::dense_forward(&Alone, &spec, &x, &w, Some(&b)));
        case.compare("grad.x", &f32::dense_backward_input(&Alone, &spec, &gy, &w, [spec.in_features, 1, 1]));
        let (mut dw, mut db) = (Tensor::zeros(w.dim()), Tensor::zeros(b.dim()));
        f32::dense_backward_weight(&Alone, &spec, &x, &gy, &mut dw);
        conv::backward_bias(&gy, &mut db);
        case.compare("grad.weight", &dw);
        case.compare("grad.bias", &db);
    });
}

/// The mean over the images of a per-image loss, as the network takes it.
fn mean(loss: &Tensor) -> f32 {
    loss.iter().fold(0.0, |sum, &x| sum + x) / loss.len() as f32
}

#[test]
fn cross_entropies() {
    each("ce_", 5, |case| {
        let z = case.tensor("in.logits");
        let (images, classes, ..) = z.dim();
        let target = loss::one_hot([classes, 1, 1], &case.classes());
        let ce = loss::cross_entropy(&z, &target);
        let dz = loss::cross_entropy_backward(&ce.prob, &target);
        let (mut loss, mut dz) = (mean(&ce.loss), dz / images as f32);
        if case.attr["reduction"] == "sum" {
            (loss, dz) = (loss * images as f32, dz * images as f32);
        }
        case.compare("out.probs", &ce.prob);
        case.compare("out.y", &[loss]);
        case.compare("grad.logits", &dz);
    });
}

#[test]
fn binary_cross_entropies() {
    each("bce_", 5, |case| {
        let z = case.tensor("in.logits");
        let target = Targets { loss: Loss::BinaryCrossEntropy, output: [1; 3] }.of(&case.classes());
        let bce = loss::binary_cross_entropy(&z, &target);
        let dz = loss::cross_entropy_backward(&bce.prob, &target) / z.dim().0 as f32;
        case.compare("out.prob", &bce.prob);
        case.compare("out.each", &bce.loss);
        case.compare("out.y", &[mean(&bce.loss)]);
        case.compare("grad.logits", &dz);
    });
}

#[test]
fn squared_errors() {
    each("mse_", 1, |case| {
        let (y, target) = (case.tensor("in.x"), case.tensor("in.t"));
        case.compare("out.y", &[mean(&loss::mse(&y, &target))]);
        case.compare("grad.x", &(loss::mse_backward(&y, &target) / y.dim().0 as f32));
    });
}

fn largest(tensor: &Tensor) -> f64 {
    tensor.iter().fold(0.0, |largest, &x| f64::from(x.abs()).max(largest))
}

#[test]
fn batch_normalisation() {
    each("batchnorm_2d", 3, |case| {
        let (x, gy) = (case.tensor("in.x"), case.tensor("gy"));
        let (gamma, beta) = (case.vector("param.gamma"), case.vector("param.beta"));
        let (running_mean, running_var) = (case.vector("in.running_mean"), case.vector("in.running_var"));
        let spec = batchnorm::BatchNorm2d {
            channels: x.dim().1,
            eps: case.number("eps"),
            momentum: case.number("momentum"),
        };
        let train = case.attr["training"] == true;
        let (mean, var) =
            if train { batchnorm::statistics(&x) } else { (running_mean.clone(), running_var.clone()) };
        let inv_std = batchnorm::inv_std(&spec, &var);
        let xhat = batchnorm::normalise(&x, &mean, &inv_std);
        // PyTorch sums the statistics in f64, we in f32, one after the other: the mean of M numbers is
        // off by some sqrt(M) roundings of their size, and xhat by that over the deviation.
        let roundings = (x.len() as f64 / spec.channels as f64).sqrt() * f64::from(f32::EPSILON) / 2.0;
        let bound = if train { roundings * largest(&x) * largest(&inv_std) } else { 0.0 };
        let y_bound = bound * largest(&gamma);
        case.compare_within("out.y", &norm::scale_shift(&xhat, &gamma, &beta), y_bound);

        let (mut dgamma, mut dbeta) = (Tensor::zeros(gamma.dim()), Tensor::zeros(beta.dim()));
        norm::backward_gamma(&gy, &xhat, &mut dgamma);
        conv::backward_bias(&gy, &mut dbeta);
        let dgamma_bound = bound * gy.iter().map(|dy| f64::from(dy.abs())).sum::<f64>();
        case.compare_within("grad.gamma", &dgamma, dgamma_bound);
        case.compare("grad.beta", &dbeta);
        if train {
            let dx = batchnorm::backward_input_train(&gy, &xhat, &gamma, &inv_std, &dgamma, &dbeta);
            case.compare_within("grad.x", &dx, bound * largest(&dx));
            let unbias = batchnorm::unbias(x.len() / spec.channels);
            case.compare("out.running_mean_after", &batchnorm::running(&spec, &running_mean, &mean, 1.0));
            case.compare("out.running_var_after", &batchnorm::running(&spec, &running_var, &var, unbias));
        } else {
            case.compare("grad.x", &batchnorm::backward_input_eval(&gy, &gamma, &inv_std));
            case.compare("out.running_mean_after", &running_mean);
            case.compare("out.running_var_after", &running_var);
        }
    });
}

/// The other framework's mask, in our convention: 1/(1-p) where it keeps. Our own masks are held
/// against their distribution in the laws.
#[test]
fn dropout_by_a_mask() {
    each("dropout_", 2, |case| {
        let scale = 1.0 / (1.0 - case.number("p"));
        let mask = case.tensor("in.mask").mapv(|kept| kept * scale as f32);
        case.compare("out.y", &(case.tensor("in.x") * &mask));
        case.compare("grad.x", &(case.tensor("gy") * &mask));
    });
}

fn optimizer(case: &Case) -> Optimizer {
    let kind = case.attr["kind"].as_str().expect("a kind");
    let rule = match kind {
        "sgd" => Rule::Sgd,
        "momentum" => Rule::Momentum { momentum: case.number("momentum") },
        "nesterov" => Rule::Nesterov { momentum: case.number("momentum") },
        "adam" => {
            Rule::Adam { beta1: case.number("beta1"), beta2: case.number("beta2"), eps: case.number("eps") }
        }
        other => panic!("no rule is called {other}"),
    };
    assert_eq!(rule.name(), kind);
    Optimizer {
        rule,
        learning_rate: case.number("lr"),
        weight_decay: case.attr["weight_decay"].as_f64().unwrap_or(0.0),
    }
}

/// The same gradients for several steps, given as a dense layer's weight gradient over a batch of one.
#[test]
fn optimizers() {
    each("opt_", 5, |case| {
        let features = case.tensors["param.p"].1.len();
        let dense = Kind::Dense(DenseSpec { out_features: features, bias: false });
        let network =
            Network::build([1, 1, 1], vec![LayerSpec::new("dense", dense)], Loss::Mse).expect("fits");
        let mut weight = Parts::default();
        weight.set(Part::Weight, case.tensor("param.p"));
        let mut params = Params(vec![weight]);
        let (optimizer, mut moments) = (optimizer(case), Moments::default());
        for step in 0..5 {
            let mut layer = Parts::default();
            layer.set(Part::Dw, case.tensor(&format!("in.grad{step}")));
            let values = Values {
                input: Tensor::zeros([1; 4]),
                layers: vec![layer],
                loss: Parts::default(),
                picture: Parts::default(),
            };
            let updated = optimizer.update(&network, &params, &moments, &values);
            (params, moments) = (updated.params(&params), updated.moments(&moments));
            case.compare(&format!("out.p{}", step + 1), params.0[0].at(Part::Weight));
        }
        assert_eq!(moments.steps, 5);
    });
}

/// The network that a fixture describes; its layers are called by their numbers, as its tensors are.
fn network(case: &Case) -> Network {
    let layers = case.attr["layers"].as_array().expect("layers").iter().enumerate().map(|(l, layer)| {
        let number = |at: usize| layer[at].as_u64().expect("whole") as usize;
        let kind = match layer[0].as_str().expect("a kind") {
            "conv" => Kind::Conv2d(ConvSpec {
                padding: Pair::square(number(3)),
                ..ConvSpec::new(number(1), number(2))
            }),
            "relu" => Kind::RELU,
            "pool" => Kind::MaxPool2d(MaxPoolSpec {
                kernel: Pair::square(2),
                stride: None,
                padding: Pair::square(0),
                ..MaxPoolSpec::new(1)
            }),
            "flatten" => Kind::Flatten,
            "linear" => Kind::Dense(DenseSpec { out_features: number(1), bias: true }),
            other => panic!("no layer is called {other}"),
        };
        LayerSpec::new(l.to_string(), kind)
    });
    let x = case.tensor("in.x");
    Network::build(channels_and_extents(&x).0, layers.collect(), Loss::CrossEntropy).expect("fits")
}

fn params(case: &Case, network: &Network) -> Params {
    let layers = network.layers.iter().map(|layer| {
        let mut parts = Parts::default();
        for (part, shape) in layer.parameters() {
            let key = format!("param.{}.{}", layer.file_name(), part.suffix());
            let tensor = if part == Part::Bias { case.vector(&key) } else { case.tensor(&key) };
            assert_eq!(tensor.shape(), shape.0, "{key}");
            parts.set(part, tensor);
        }
        parts
    });
    Params(layers.collect())
}

/// Outputs and gradients of whole networks, of every layer where the fixture has them. Its loss is the
/// mean over the batch; our gradients are summed over it.
#[test]
fn whole_networks() {
    each("net_", 3, |case| {
        let (network, x) = (network(case), case.tensor("in.x"));
        let target = loss::one_hot(network.output(), &case.classes());
        let images = x.dim().0 as f32;
        let values = network.run(&params(case, &network), &x, &target, Mode::Eval, Stream::default());
        case.compare("out.y", &[values.mean_loss()]);
        case.compare("grad.x", &(values.layers[0].at(Part::Dx) / images));
        let last = network.layers.len() - 1;
        for (l, layer) in network.layers.iter().enumerate() {
            let kind = match layer.op {
                Op::MaxPool2d(_) => "pool",
                Op::Dense(_) => "linear",
                Op::Conv2d(_) => "conv",
                _ => layer.spec.kind.name(),
            };
            let tap = if l == last { "logits".to_owned() } else { format!("layer{l}_{kind}") };
            if l == last || case.name == "net_A" {
                case.compare(&format!("out.{tap}"), values.layers[l].at(Part::Out));
                let dy = values.gradient(&network, Source::Layer(l)).expect("it ran backward");
                case.compare(&format!("grad.{tap}"), &(dy / images));
            }
            for (part, grad) in [(Part::Weight, Part::Dw), (Part::Bias, Part::Db)] {
                if let Some(gradient) = values.layers[l].get(grad) {
                    case.compare(&format!("grad.{l}.{}", part.suffix()), &(gradient / images));
                }
            }
        }
    });
}

/// Several steps of training: the loss before each and the parameters after the last.
///
/// Adam divides a gradient by its own size, so that one that has cancelled to next to nothing makes a
/// whole step with few good digits: in `train_A_adam` one of 7e-8 beside others of 1. A thousandth of a
/// step is allowed for that.
#[test]
fn training() {
    each("train_", 4, |case| {
        let (network, x, optimizer) = (network(case), case.tensor("in.x"), optimizer(case));
        let target = loss::one_hot(network.output(), &case.classes());
        let (mut params, mut moments) = (params(case, &network), Moments::default());
        let mut losses = Vec::new();
        for step in 0..case.numbers("steps")[0] {
            let stream = Stream { seed: 0, step: step as u64 };
            let values = network.run(&params, &x, &target, Mode::Train, stream);
            losses.push(values.mean_loss());
            let updated = optimizer.update(&network, &params, &moments, &values);
            (params, moments) = (updated.params(&params), updated.moments(&moments));
        }
        case.compare("out.losses", &losses);
        let bound = match optimizer.rule {
            Rule::Adam { .. } => optimizer.learning_rate / 1000.0,
            Rule::Sgd | Rule::Momentum { .. } | Rule::Nesterov { .. } => 0.0,
        };
        for (l, layer) in network.layers.iter().enumerate() {
            for (part, _) in layer.parameters() {
                let key = format!("out.{l}.{}", part.suffix());
                case.compare_within(&key, params.0[l].at(part), bound);
            }
        }
    });
}
