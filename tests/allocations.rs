//! Training allocates nothing once it is warm, on the caller's own thread. With more threads the pool's own
//! bookkeeping is the pool's business; the engine does the same there.

use allocation_counter::measure;
use convstep::{
    model_io::{Architecture, Model, bundled, presets},
    nn::{
        Alone,
        dropout::Stream,
        engine::Engine,
        init::Init,
        kernels::Isa,
        optimizer::{Optimizer, Rule},
    },
    tensor::Tensor,
    train::Trainer,
};

/// Networks with convolutions, pools of both kinds, activations, dense layers, batch normalisation, dropout and
/// softmax.
fn models() -> Vec<Model> {
    let presets = ["cifar", "vanishing", "lenet5"].map(|name| presets::load(name).and_then(|p| p.model(1)));
    let bundled = ["shapes", "digits"].map(bundled::load);
    let text = "input = [2, 12, 12]
        layers = [
            { name = \"conv1\", kind = \"conv2d\", out_channels = 5, kernel = 3 },
            { name = \"bn1\", kind = \"batch_norm2d\" },
            { name = \"relu1\", kind = \"relu\" },
            { name = \"pool1\", kind = \"avg_pool2d\", kernel = 2 },
            { name = \"drop\", kind = \"dropout\" },
            { name = \"fc\", kind = \"dense\", out_features = 4 },
            { name = \"softmax\", kind = \"softmax\" },
        ]
        loss = { kind = \"mse\" }";
    let others = Architecture::parse(text).and_then(|text| Model::initial("others", text, Init::He, 1));
    // A residual block with a projection, channels scaled, and maps put together.
    let text = "input = [2, 12, 12]
        layers = [
            { name = \"conv1\", kind = \"conv2d\", out_channels = 4, kernel = 3, padding = 1 },
            { name = \"relu1\", kind = \"relu\" },
            { name = \"conv2\", kind = \"conv2d\", out_channels = 4, kernel = 3, padding = 1 },
            { name = \"bn2\", kind = \"batch_norm2d\" },
            { name = \"short\", kind = \"conv2d\", out_channels = 4, kernel = 1, inputs = [\"input\"] },
            { name = \"sum\", kind = \"add\", inputs = [\"bn2\", \"relu1\", \"short\"] },
            { name = \"mean\", kind = \"global_avg_pool2d\" },
            { name = \"scaled\", kind = \"multiply\", inputs = [\"sum\", \"mean\"] },
            { name = \"both\", kind = \"concat\", inputs = [\"scaled\", \"sum\"] },
            { name = \"flatten\", kind = \"flatten\" },
            { name = \"fc\", kind = \"dense\", out_features = 3 },
        ]";
    let joined = Architecture::parse(text).and_then(|text| Model::initial("joined", text, Init::He, 1));
    presets
        .into_iter()
        .chain(bundled)
        .chain([others, joined])
        .map(|model| model.expect("it builds"))
        .collect()
}

fn batch(model: &Model, images: usize) -> (Tensor, Tensor) {
    let [c, h, w] = model.network.input;
    let x = Tensor::from_shape_fn((images, c, h, w), |(n, c, i, j)| {
        ((n + c * 3 + i * 5 + j * 7) % 11) as f32 / 11.0
    });
    let classes: Vec<usize> = (0..images).map(|n| n % model.network.classes()).collect();
    (x, convstep::nn::loss::one_hot(model.network.output(), &classes))
}

fn adam() -> Optimizer {
    let rule = Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 };
    Optimizer { rule, learning_rate: 0.001, weight_decay: 0.01 }
}

#[test]
fn what_counts_does_count() {
    assert_eq!(measure(|| drop(std::hint::black_box(vec![1u8; 9]))).count_total, 1);
}

#[test]
fn a_warm_engine_allocates_nothing() {
    for model in models() {
        let (x, target) = batch(&model, 5);
        let (x, target) = (x.as_slice().expect("contiguous"), target.as_slice().expect("contiguous"));
        let mut engine = Engine::new(&model.network, &model.params, 5, Isa::best(), &Alone);
        let mut norms = Vec::new();
        engine.step(&Alone, &adam(), x, target, Stream::default(), Some(&mut norms));
        let steps = measure(|| {
            for _ in 0..3 {
                engine.step(&Alone, &adam(), x, target, Stream::default(), Some(&mut norms));
            }
        });
        assert_eq!(steps.count_total, 0, "{}: {steps:?}", model.name);
        engine.forward(&x[..x.len() / 5]);
        let forward = measure(|| {
            std::hint::black_box(engine.forward(&x[..x.len() / 5]));
        });
        assert_eq!(forward.count_total, 0, "{}: {forward:?}", model.name);
    }
}

#[test]
fn a_warm_trainer_allocates_nothing_until_somebody_asks() {
    for model in models() {
        let (x, target) = batch(&model, 5);
        let mut trainer =
            Trainer::new(model.network.clone(), (*model.params).clone(), adam(), 1).expect("it fits");
        trainer.measure = true;
        trainer.step(&x, &target).expect("it fits");
        let steps = measure(|| {
            for _ in 0..3 {
                trainer.step(&x, &target).expect("it fits");
            }
        });
        assert_eq!(steps.count_total, 0, "{}: {steps:?}", model.name);
        assert_ne!(trainer.params(), &*model.params, "asking copies what the steps have made");
        assert_eq!(trainer.steps(), 4);
    }
}
