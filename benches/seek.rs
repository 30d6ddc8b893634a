//! How long it takes to make the plan of a VGG-16 training step, and to seek in it.

use criterion::{Criterion, criterion_group, criterion_main};
use std::{hint::black_box, sync::Arc};

#[path = "../tests/common/vgg.rs"]
mod vgg;

fn seek(c: &mut Criterion) {
    let network = Arc::new(vgg::network());
    let plan = vgg::plan(Arc::clone(&network), 2);
    let steps = vgg::steps(&plan, 10_000);
    println!("{} stages, {} steps a training step, {} bytes", plan.stages().len(), plan.len(), plan.bytes());

    c.bench_function("VGG-16 training plan", |b| b.iter(|| vgg::plan(Arc::clone(&network), 2)));
    c.bench_function("10,000 seeks: address, formula, last writers", |b| {
        b.iter(|| {
            for &step in &steps {
                black_box(plan.describe(black_box(step)));
            }
        });
    });
    c.bench_function("10,000 seeks, their addresses as texts too", |b| {
        b.iter(|| {
            for &step in &steps {
                let seek = plan.describe(black_box(step));
                let texts = seek.writers.map(|writer| writer.map(|writer| plan.text(&writer)));
                black_box((plan.text(&seek.address), seek.formula, texts));
            }
        });
    });
    let texts: Vec<String> = steps.iter().map(|&step| plan.text(&plan.describe(step).address)).collect();
    c.bench_function("10,000 addresses read", |b| {
        b.iter(|| {
            for text in &texts {
                black_box(plan.parse(black_box(text)).is_ok());
            }
        });
    });
}

criterion_group!(benches, seek);
criterion_main!(benches);
