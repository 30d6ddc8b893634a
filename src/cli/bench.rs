//! `bench`: measures the speed of the core on four fixed networks, or on any model; prints JSON lines.

use super::{BenchArgs, CliError, ModelArgs, open_model, out::print};
use crate::model_io::{Architecture, Model, Preprocess, bundled, presets};
use crate::nn::{
    Workers,
    dropout::Stream,
    engine::Engine,
    init::{self, Init},
    kernels::{Isa, peak_mul_adds},
    loss::Loss,
    optimizer::{Optimizer, Rule},
    spec::{ConvSpec, DenseSpec, Kind, LayerSpec, MaxPoolSpec, Pair},
};
use crate::tensor::Tensor;
use crate::threads::Threads;
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// A benchmark network as a model with random weights, or a bundled model, a preset, or a model's file.
///
/// # Errors
/// If there is no network with this name, or its file does not open.
pub fn bench_model(name: &str) -> Result<Model, CliError> {
    if let Some((architecture, _)) = architecture(name) {
        return Ok(Model::initial(name, architecture, Init::He, 1)?);
    }
    let is_preset = presets::find(name).is_some();
    if bundled::find(name).is_none() && !is_preset && !Path::new(name).exists() {
        return Err(unknown("nets", name, NETS));
    }
    open_model(&ModelArgs { model: name.into(), architecture: None, input_size: None }, None)
}

/// The metrics, in the order in which they run.
const METRICS: [&str; 3] = ["train", "fwd1", "fwdbwd1"];

/// Runs the requested benchmarks.
pub fn bench(args: &BenchArgs) -> Result<(), CliError> {
    if args.ui {
        return Err(CliError(
            "expected a build with the window, got one without it; build without --no-default-features to measure frames"
                .into(),
        ));
    }
    if let Some(isa) = args.isa {
        isa.choose().map_err(|in_use| CliError(format!("computes on {} already", in_use.name())))?;
    }
    let workers = Threads::new(args.threads).map_err(CliError)?;
    if args.limits {
        return limits(&workers, args);
    }
    for metric in &args.metrics {
        if !METRICS.contains(&metric.as_str()) {
            return Err(unknown("metrics", metric, &METRICS.join(",")));
        }
    }
    for name in &args.nets {
        let model = bench_model(name)?;
        let batch = architecture(name).map_or(BATCH, |(_, batch)| batch);
        for metric in &args.metrics {
            // D is too large for training.
            if name != "D" || metric == "fwd1" {
                run(&workers, &model, batch, metric, args)?;
            }
        }
    }
    Ok(())
}

/// The names of the networks.
const NETS: &str = "A,B,C,D";

fn unknown(what: &str, got: &str, known: &str) -> CliError {
    CliError(format!("expected {what} out of {known}, got {got}; for example, use --{what} {known}"))
}

/// The batch size with which other models are trained.
const BATCH: usize = 16;

/// A network's architecture and batch size for training.
fn architecture(name: &str) -> Option<(Architecture, usize)> {
    let conv = |out: usize, kernel: usize, padding: usize| {
        Kind::Conv2d(ConvSpec { padding: Pair::square(padding), ..ConvSpec::new(out, kernel) })
    };
    let dense = |out_features: usize| Kind::Dense(DenseSpec { out_features, bias: true });
    let pool = || {
        Kind::MaxPool2d(MaxPoolSpec {
            kernel: Pair::square(2),
            stride: None,
            padding: Pair::square(0),
            ..MaxPoolSpec::new(1)
        })
    };
    let twice = |out: usize, padding: usize| {
        vec![conv(out, 3, padding), Kind::RELU, conv(out, 3, padding), Kind::RELU, pool()]
    };
    let (input, batch, kinds) = match name {
        "A" => {
            let first = [conv(8, 5, 0), Kind::RELU, pool(), conv(16, 5, 0), Kind::RELU, pool(), dense(10)];
            ([1, 28, 28], 32, first.into())
        }
        "B" => ([3, 64, 64], 32, [twice(10, 0), twice(10, 0), vec![dense(10)]].concat()),
        "C" => {
            let back = vec![dense(128), Kind::RELU, dense(10)];
            ([3, 32, 32], 64, [twice(32, 1), twice(64, 1), back].concat())
        }
        "D" => {
            let mut kinds = Vec::new();
            for (times, out) in [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)] {
                for _ in 0..times {
                    kinds.extend([conv(out, 3, 1), Kind::RELU]);
                }
                kinds.push(pool());
            }
            kinds.extend([dense(4096), Kind::RELU, dense(4096), Kind::RELU, dense(1000)]);
            ([3, 224, 224], 1, kinds)
        }
        _ => return None,
    };
    let layers = kinds.into_iter().enumerate();
    let layers = layers.map(|(l, kind)| LayerSpec::new(format!("layer{l}"), kind)).collect();
    let preprocess = Preprocess::identity(input[0]);
    Some((Architecture { input, classes: Vec::new(), preprocess, layers, loss: Loss::CrossEntropy }, batch))
}

fn run(
    workers: &dyn Workers,
    model: &Model,
    batch: usize,
    metric: &str,
    args: &BenchArgs,
) -> Result<(), CliError> {
    let trains = metric == "train";
    let images = if trains { batch } else { 1 };
    // A single image runs on one thread, because sharing it out would take longer.
    let alone = crate::nn::Alone;
    let workers: &dyn Workers = if trains { workers } else { &alone };
    let network = &model.network;
    let mut engine = Engine::new(network, &model.params, images, Isa::best(), workers);
    let [c, h, w] = network.input;
    let mut rng = init::rng(2, 0);
    let x: Tensor = init::weight(Init::Normal { deviation: 1.0 }, [images, c, h, w], &mut rng);
    let x = x.as_slice().unwrap_or_default();
    let classes: Vec<usize> = (0..images).map(|n| n % network.classes()).collect();
    let target: Tensor = network.target(&classes);
    let target = target.as_slice().unwrap_or_default();
    let optimizer =
        Optimizer { rule: Rule::Momentum { momentum: 0.9 }, learning_rate: 0.01, weight_decay: 0.0 };
    let times = time(args.seconds, || match metric {
        "train" => engine.step(workers, &optimizer, x, target, Stream::default(), None),
        "fwd1" => {
            std::hint::black_box(engine.forward(x));
        }
        _ => engine.gradients(workers, x, target, Stream::default()),
    });
    let (name, unit) = match metric {
        "train" => ("train_sps", "samples/s"),
        "fwd1" => ("fwd1_ms", "ms"),
        _ => ("fwdbwd1_ms", "ms"),
    };
    let figure = |time: Duration| match trains {
        true => images as f64 / time.as_secs_f64(),
        false => time.as_secs_f64() * 1e3,
    };
    let at = |part: f64| figure(times[((times.len() - 1) as f64 * part).round() as usize]);
    print(&format!(
        "{{\"peer\":\"convstep\",\"net\":\"{}\",\"metric\":\"{name}\",\"threads\":{},\"value\":{:.6},\
         \"unit\":\"{unit}\",\"n\":{},\"q10\":{:.6},\"q90\":{:.6},\"isa\":\"{}\"}}\n",
        model.name,
        args.threads,
        at(0.5),
        times.len(),
        at(0.1),
        at(0.9),
        Isa::best().name()
    ))
}

/// The memory of this process in 10^6 bytes, if the system reports it.
pub fn memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? * 1024.0 / 1e6)
}

/// The sorted durations of the calls: after one call and a warm-up of 0.3 of the time, calls for the given time.
fn time(seconds: f64, mut call: impl FnMut()) -> Vec<Duration> {
    call();
    let begin = Instant::now();
    while begin.elapsed().as_secs_f64() < 0.3 * seconds {
        call();
    }
    let (begin, mut times) = (Instant::now(), Vec::new());
    loop {
        let before = Instant::now();
        call();
        times.push(before.elapsed());
        if begin.elapsed().as_secs_f64() > seconds {
            break;
        }
    }
    times.sort_unstable();
    times
}

/// Measures the machine's peak: multiply-adds that depend only on the one 12 before them.
fn limits(workers: &dyn Workers, args: &BenchArgs) -> Result<(), CliError> {
    const ROUNDS: usize = 20_000;
    for threads in if workers.count() > 1 { vec![1, workers.count()] } else { vec![1] } {
        let isa = Isa::best();
        let work = |worker: usize| {
            if worker < threads {
                std::hint::black_box(isa.peak(ROUNDS));
            }
        };
        let flop = threads as f64 * 2.0 * peak_mul_adds(isa, ROUNDS) as f64;
        let times = time(args.seconds, || if threads == 1 { work(0) } else { workers.run(&work) });
        let at =
            |part: f64| flop / times[((times.len() - 1) as f64 * part).round() as usize].as_secs_f64() / 1e9;
        print(&format!(
            "{{\"peer\":\"convstep\",\"net\":\"limits\",\"metric\":\"fma_gflops\",\"threads\":{threads},\
             \"value\":{:.3},\"unit\":\"GFLOP/s\",\"n\":{},\"q10\":{:.3},\"q90\":{:.3},\"isa\":\"{}\"}}\n",
            at(0.5),
            times.len(),
            at(0.1),
            at(0.9),
            isa.name()
        ))?;
    }
    Ok(())
}
