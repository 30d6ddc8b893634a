//! Seeking in the plan of a VGG-16 training step: the answers, and the size of the plan. How long it
//! takes is printed, and measured by the bench of the same name.

use convstep::nn::{
    Mode, Network,
    loss::Loss,
    spec::{BatchNormSpec, ConvSpec, DenseSpec, Kind, LayerSpec, MaxPoolSpec, Pair},
};
use convstep::trace::{Grain, Operand, Place, Plan, Setup};
use std::{sync::Arc, time::Instant};

use crate::vgg;

#[test]
fn any_step_of_vgg_16_is_one_seek_away() {
    let network = Arc::new(vgg::network());
    let begun = Instant::now();
    let plan = vgg::plan(network, 2);
    println!("VGG-16: made in {:?}", begun.elapsed());
    assert!(plan.len() > 90_000_000_000, "{} steps", plan.len());
    each_step_is_one_seek_away(&plan);
}

/// Adds a convolution with its normalisation.
fn conv(layers: &mut Vec<LayerSpec>, name: &str, from: Option<&str>, [out, kernel, stride]: [usize; 3]) {
    let (stride, padding) = (Pair::square(stride), Pair::square(kernel / 2));
    let spec = ConvSpec { stride, padding, bias: false, ..ConvSpec::new(out, kernel) };
    layers.push(LayerSpec::new(name, Kind::Conv2d(spec)).reading(from));
    layers.push(LayerSpec::new(format!("{name}.bn"), Kind::BatchNorm2d(BatchNormSpec::default())));
}

/// ResNet-50: four stages of bottleneck blocks, the first of each with a projection.
fn resnet_50() -> Network {
    let mut layers = Vec::new();
    conv(&mut layers, "conv1", None, [64, 7, 2]);
    layers.push(LayerSpec::new("relu1", Kind::RELU));
    let (stride, padding) = (Some(Pair::square(2)), Pair::square(1));
    layers.push(LayerSpec::new(
        "pool1",
        Kind::MaxPool2d(MaxPoolSpec { stride, padding, ..MaxPoolSpec::new(3) }),
    ));
    let mut before = "pool1".to_owned();
    for (stage, (blocks, width)) in [(3, 64), (4, 128), (6, 256), (3, 512)].into_iter().enumerate() {
        for block in 0..blocks {
            let name = format!("layer{}.{block}", stage + 1);
            let stride = if block == 0 && stage > 0 { 2 } else { 1 };
            conv(&mut layers, &format!("{name}.conv1"), Some(&before), [width, 1, 1]);
            layers.push(LayerSpec::new(format!("{name}.relu1"), Kind::RELU));
            conv(&mut layers, &format!("{name}.conv2"), None, [width, 3, stride]);
            layers.push(LayerSpec::new(format!("{name}.relu2"), Kind::RELU));
            conv(&mut layers, &format!("{name}.conv3"), None, [4 * width, 1, 1]);
            let mut around = before.clone();
            if block == 0 {
                conv(&mut layers, &format!("{name}.down"), Some(&before), [4 * width, 1, stride]);
                around = format!("{name}.down.bn");
            }
            let inputs = [format!("{name}.conv3.bn"), around];
            layers.push(LayerSpec::new(format!("{name}.add"), Kind::Add).reading(inputs));
            before = format!("{name}.relu3");
            layers.push(LayerSpec::new(before.clone(), Kind::RELU));
        }
    }
    layers.push(LayerSpec::new("mean", Kind::GlobalAvgPool2d));
    layers.push(LayerSpec::new("flatten", Kind::Flatten));
    layers.push(LayerSpec::new("fc", Kind::Dense(DenseSpec { out_features: 1000, bias: true })));
    Network::build([3, 224, 224], layers, Loss::CrossEntropy).expect("it fits")
}

#[test]
fn any_step_of_resnet_50_is_one_seek_away() {
    let network = resnet_50();
    assert_eq!((network.parameter_count(), network.is_chain()), (25_610_152, false));
    let network = Arc::new(network);
    for mode in [Mode::Train, Mode::Eval] {
        let begun = Instant::now();
        let setup = Setup { images: 2, batches: 100, epochs: 2, mode, ..Setup::default() };
        let plan = Plan::new(Arc::clone(&network), setup);
        println!("ResNet-50, {mode:?}: made in {:?}", begun.elapsed());
        each_step_is_one_seek_away(&plan);
    }
}

/// The answers of 10,000 seeks, and how long they take.
fn each_step_is_one_seek_away(plan: &Plan) {
    assert!(plan.bytes() < 1_000_000, "{} bytes", plan.bytes());
    let steps = vgg::steps(plan, 10_000);
    let begun = Instant::now();
    let seeks: Vec<_> = steps.iter().map(|&step| plan.describe(step)).collect();
    let sought = begun.elapsed();
    println!("{} bytes; 10,000 seeks in {sought:?}", plan.bytes());

    for (step, seek) in steps.into_iter().zip(&seeks) {
        let text = plan.text(&seek.address);
        assert_eq!(seek.address.grain(), Grain::Term);
        assert_eq!(plan.steps(&seek.address), Some(step..step + 1), "{text}");
        assert_eq!(plan.parse(&text), Ok(seek.address));
        assert!(!seek.formula.is_empty());
        for (operand, writer) in seek.term.operands.iter().zip(seek.writers) {
            let Some(Operand::Cell { tensor, index, .. }) = *operand else {
                assert_eq!(writer, None);
                continue;
            };
            assert!((index as usize) < plan.shape_of(tensor).len(), "{text}");
            let writer = writer.expect("a cell has a writer");
            match plan.steps(&writer) {
                Some(made) => assert!(made.end <= step, "{text}"),
                None => assert_eq!(writer.place(), Place::Given(tensor), "{text}"),
            }
            assert_eq!(plan.parse(&plan.text(&writer)), Ok(writer), "{text}");
        }
    }
}

/// Steps whose terms were worked out by hand.
#[test]
fn terms_of_vgg_16_are_the_ones_of_the_paper() {
    let plan = vgg::plan(Arc::new(vgg::network()), 2);
    for (address, writers) in [
        // Tap (0,0) of the corner lies on padding; tap (1,1) reads the corner itself.
        ("e0.b0.i1/fwd/conv1_1/k5/(0,0)/m0", [None, Some("e0.b0/conv1_1.weight/k5,0/(0,0)")]),
        (
            "e0.b0.i1/fwd/conv1_1/k5/(0,0)/m13",
            [Some("e0.b0.i1/input/k1/(0,0)"), Some("e0.b0/conv1_1.weight/k5,1/(1,1)")],
        ),
        // Weights are those of the update before.
        (
            "e1.b0.i0/fwd/conv1_2/k0/(9,9)/m40",
            [Some("e1.b0.i0/fwd/relu1_1/k4/(9,9)"), Some("e0.b99/update/conv1_2.weight/k0,4/(1,1)")],
        ),
        // A dense layer reads a volume in C, H, W order: through flatten, feature 49 is (1,0,0).
        (
            "e0.b0.i0/fwd/fc6/k7/(0,0)/m49",
            [Some("e0.b0.i0/fwd/flatten/k49/(0,0)"), Some("e0.b0/fc6.weight/k7,49/(0,0)")],
        ),
        // dW runs over the windows; padding where the tap leaves the picture.
        (
            "e0.b0.i1/bwd/conv1_1.dW/k2,0/(0,0)/m225",
            [Some("e0.b0.i1/bwd/relu1_1.dX/k2/(1,1)"), Some("e0.b0.i1/input/k0/(0,0)")],
        ),
        ("e0.b0.i1/bwd/conv1_1.dW/k2,0/(0,0)/m0", [Some("e0.b0.i1/bwd/relu1_1.dX/k2/(0,0)"), None]),
        // The batch's gradient is complete after its last image.
        ("e0.b0/update/fc8.dW.mean/k0,0/(0,0)/m0", [Some("e0.b0.i1/bwd/fc8.dW/k0,0/(0,0)"), None]),
        ("e0.b0/update/fc8.dW.decayed/k9,8/(0,0)/m1", [None, Some("e0.b0/fc8.weight/k9,8/(0,0)")]),
    ] {
        let step = plan.steps(&plan.parse(address).expect(address)).expect("a step").start;
        let seek = plan.describe(step);
        assert_eq!(plan.text(&seek.address), address);
        let texts = seek.writers.map(|writer| writer.map(|writer| plan.text(&writer)));
        assert_eq!(texts, writers.map(|writer| writer.map(str::to_owned)), "{address}");
    }
}
