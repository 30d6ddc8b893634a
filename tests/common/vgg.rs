//! VGG-16 (Simonyan & Zisserman 2015, configuration D) on 3x224x224, and steps of it at random.

use convstep::nn::{
    Network,
    loss::Loss,
    optimizer::{Optimizer, Rule},
    spec::{ConvSpec, DenseSpec, Kind, LayerSpec, MaxPoolSpec, Pair},
};
use convstep::trace::{Plan, Setup};
use std::sync::Arc;

/// The network: 13 convolutions in 5 blocks, each block ended by a max pool; 3 dense layers.
pub fn network() -> Network {
    let mut specs = Vec::new();
    let mut add = |name: String, kind| specs.push(LayerSpec::new(name, kind));
    for (b, (convs, channels)) in [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)].into_iter().enumerate() {
        for c in 0..convs {
            let conv = ConvSpec { padding: Pair::square(1), ..ConvSpec::new(channels, 3) };
            add(format!("conv{}_{}", b + 1, c + 1), Kind::Conv2d(conv));
            add(format!("relu{}_{}", b + 1, c + 1), Kind::RELU);
        }
        let pool = MaxPoolSpec {
            kernel: Pair::square(2),
            stride: None,
            padding: Pair::square(0),
            ..MaxPoolSpec::new(1)
        };
        add(format!("pool{}", b + 1), Kind::MaxPool2d(pool));
    }
    add("flatten".into(), Kind::Flatten);
    for (l, out_features) in [4096, 4096, 1000].into_iter().enumerate() {
        add(format!("fc{}", l + 6), Kind::Dense(DenseSpec { out_features, bias: true }));
        if l < 2 {
            add(format!("relu{}", l + 6), Kind::RELU);
        }
    }
    Network::build([3, 224, 224], specs, Loss::CrossEntropy).expect("VGG-16 fits")
}

/// The plan of a training step with momentum and weight decay, as it was trained.
pub fn plan(network: Arc<Network>, images: u32) -> Plan {
    let optimizer =
        Optimizer { rule: Rule::Momentum { momentum: 0.9 }, learning_rate: 0.01, weight_decay: 5e-4 };
    Plan::new(network, Setup { images, batches: 100, epochs: 10, optimizer, ..Setup::default() })
}

/// Steps of a run at random, the same each time: SplitMix64.
pub fn steps(plan: &Plan, count: u64) -> Vec<u64> {
    let random = |n: u64| {
        let z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    (1..=count).map(|n| random(n) % plan.run_len()).collect()
}
