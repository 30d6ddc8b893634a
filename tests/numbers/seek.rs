//! Seeking in the plan of a VGG-16 training step: the answers, and the size of the plan. How long it
//! takes is printed, and measured by the bench of the same name.

use convstep::trace::{Grain, Operand, Place};
use std::{sync::Arc, time::Instant};

use crate::vgg;

#[test]
fn any_step_of_vgg_16_is_one_seek_away() {
    let network = Arc::new(vgg::network());
    let begun = Instant::now();
    let plan = vgg::plan(network, 2);
    let made = begun.elapsed();
    assert!(plan.len() > 90_000_000_000, "{} steps", plan.len());
    assert!(plan.bytes() < 1_000_000, "{} bytes", plan.bytes());

    let steps = vgg::steps(&plan, 10_000);
    let begun = Instant::now();
    let seeks: Vec<_> = steps.iter().map(|&step| plan.describe(step)).collect();
    let sought = begun.elapsed();
    println!("{} bytes, made in {made:?}; 10,000 seeks in {sought:?}", plan.bytes());

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
