//! How long each kernel takes on a convolution and a dense layer as the networks of `convstep bench` have
//! them, on every instruction set that this machine has.

use convstep::nn::{
    Window,
    conv::Conv2d,
    dense::Dense,
    kernels::{
        Isa,
        conv::{ConvPlan, Finish},
        dense, plain,
    },
    pool::Pool2d,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Numbers that are neither all the same nor slow.
fn numbers(len: usize) -> Vec<f32> {
    (0..len).map(|k| (k * 2_654_435_761 % 1000) as f32 / 500.0 - 1.0).collect()
}

fn convolutions(c: &mut Criterion) {
    let layers = [("A conv2", 8, 16, 12, 5, 0), ("B conv2", 10, 10, 62, 3, 0), ("C conv4", 64, 64, 16, 3, 1)];
    for (name, channels, out, len, kernel, padding) in layers {
        let window = Window::new(name, [len; 2], [kernel; 2], [1; 2], [padding; 2], [1; 2]).expect("it fits");
        let spec = Conv2d::new(name, channels, out, 1, window, true, false).expect("it fits");
        let [h, w] = window.out();
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements((out * h * w * spec.filter_pixels()) as u64));
        for isa in Isa::present() {
            let plan = ConvPlan::new(isa, &spec);
            let weight = numbers(plan.weight_len());
            let (mut panels, mut scratch) = (numbers(weight.len()), numbers(plan.scratch_len()));
            let (x, ds, bias) = (numbers(channels * len * len + 64), numbers(out * h * w), numbers(out));
            let (mut y, mut dx) = (ds.clone(), x.clone());
            plan.pack_forward(&weight, &mut panels);
            group.bench_function(format!("forward, {}", isa.name()), |b| {
                let finish = Finish { divide: 0.0, bias: Some(&bias), relu: true };
                b.iter(|| plan.forward(&panels, finish, &x, &mut y, &mut scratch));
            });
            plan.pack_input(&weight, &mut panels);
            group.bench_function(format!("dX, {}", isa.name()), |b| {
                b.iter(|| plan.backward_input(&panels, Finish::default(), &ds, &mut dx, &mut scratch));
            });
            let mut lowered = numbers(plan.lowered_len(h));
            group.bench_function(format!("lowering for dW, {}", isa.name()), |b| {
                b.iter(|| plan.lower(&x, 0..h, &mut lowered));
            });
            let mut sums = numbers(out * plan.sums_row());
            group.bench_function(format!("dW, {}", isa.name()), |b| {
                b.iter(|| plan.backward_weight(&lowered, 0..h, &ds, 0..out, &mut sums));
            });
            group.bench_function(format!("db, {}", isa.name()), |b| {
                b.iter(|| plain::bias_sums(&ds, h * w, 0..out, &mut sums));
            });
        }
    }
}

fn others(c: &mut Criterion) {
    let spec = Dense { in_features: 4096, out_features: 128, bias: true };
    let (images, len) = (8, spec.in_features * spec.out_features);
    let window = Window::new("pool", [24; 2], [2; 2], [2; 2], [0; 2], [1; 2]).expect("it fits");
    let pool = Pool2d::new("pool", 8, window, true).expect("it fits");
    for isa in Isa::present() {
        let mut group = c.benchmark_group(format!("C dense1, 8 images, {}", isa.name()));
        group.throughput(Throughput::Elements((len * images) as u64));
        let (x, dy) = (numbers(images * spec.in_features), numbers(images * spec.out_features));
        let (w, mut dw, mut y, mut dx) = (numbers(len), numbers(len), dy.clone(), x.clone());
        group.bench_function("forward", |b| {
            b.iter(|| dense::forward(isa, &spec, images, &x, &w, &mut y));
        });
        group.bench_function("dX", |b| {
            b.iter(|| dense::backward_input(isa, &spec, images, &dy, &w, 0..spec.in_features, &mut dx));
        });
        group.bench_function("dW", |b| {
            b.iter(|| dense::backward_weight(isa, &spec, images, &x, &dy, 0..spec.out_features, &mut dw));
        });
        group.finish();
        let mut group = c.benchmark_group(format!("A pool1, {}", isa.name()));
        let (x, dy) = (numbers(8 * 24 * 24), numbers(8 * 12 * 12));
        let (mut y, mut dx, mut winner) = (dy.clone(), x.clone(), vec![0; dy.len()]);
        group.bench_function("forward", |b| {
            b.iter(|| plain::max_pool(isa, &pool, &x, &mut y, &mut winner));
        });
        group.bench_function("backward with the gate of ReLU", |b| {
            b.iter(|| plain::max_pool_backward(isa, &pool, &dy, &winner, Some(&x), &mut dx));
        });
    }
}

criterion_group!(benches, convolutions, others);
criterion_main!(benches);
