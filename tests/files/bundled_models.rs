//! The bundled classifiers know what they were trained for: fresh examples and every bundled sample.

use convstep::{
    data::{Background, Content, Fit, Generated, SAMPLES, samples},
    model_io::bundled,
    nn::{Mode, dropout::Stream},
    tensor::argmax,
    train::{Report, evaluate, stack},
};

/// Accuracy on examples that no training run of the bundled models has seen.
fn accuracy(data: Generated) -> f64 {
    const SEED: u64 = 0x7465_7374;
    let model = bundled::load(data.name()).expect("bundled");
    let mut all = Report::default();
    for begin in (0..200).step_by(40) {
        let examples: Vec<_> = (begin..begin + 40).map(|index| data.sample(SEED, index)).collect();
        let prepare = |pixels: &_| model.architecture.preprocess.apply(pixels);
        let (x, target) = stack(&examples, prepare, model.network.targets()).expect("fits");
        all = all.and(evaluate(&model.network, &model.params, &x, &target));
    }
    all.accuracy()
}

#[test]
fn shapes_are_recognised() {
    let accuracy = accuracy(Generated::Shapes);
    assert!(accuracy > 0.94, "{accuracy}");
}

#[test]
fn digits_are_recognised() {
    let accuracy = accuracy(Generated::Digits);
    assert!(accuracy > 0.95, "{accuracy}");
}

/// The photograph of a cat, also mirrored, moved by a pixel or two, and fitted in each way.
#[test]
fn a_photograph_is_recognised_however_it_is_fitted() {
    for name in ["photos", "photos-resnet"] {
        let model = bundled::load(name).expect("bundled");
        assert_eq!(model.architecture.classes, bundled::PHOTO_CLASSES);
        let [c, h, w] = model.network.input;
        let cat = samples::load("cat").expect("bundled");
        let (mut right, mut asked) = (0, 0);
        for fit in Fit::ALL {
            let fitted = cat.input(c, h, w, fit, Background::default()).expect("fits").tensor;
            for (shift, mirrored) in (-2isize..=2).flat_map(|shift| [(shift, false), (shift, true)]) {
                let moved = convstep::tensor::Tensor::from_shape_fn(fitted.raw_dim(), |(n, c, i, j)| {
                    let j = if mirrored { w - 1 - j } else { j };
                    fitted[[n, c, i, j.saturating_add_signed(shift).min(w - 1)]]
                });
                let x = model.input_from_pixels(&moved).expect("fits");
                let values = model.network.forward(&model.params, &x, Mode::Eval, Stream::default());
                let predicted = model.class_name(argmax(values.output().iter().copied()).0);
                right += usize::from(predicted == "cat");
                asked += 1;
            }
        }
        assert!(3 * right >= 2 * asked, "{name}: {right} of {asked}");
    }
}

#[test]
fn every_bundled_sample_of_a_class_is_recognised() {
    for data in Generated::ALL {
        let model = bundled::load(data.name()).expect("bundled");
        assert_eq!(model.architecture.classes, data.classes());
        let [c, h, w] = model.network.input;
        for sample in SAMPLES {
            let kind = data.name().trim_end_matches('s');
            let Some(class) = sample.label.filter(|_| sample.name.starts_with(kind)) else { continue };
            let loaded = samples::load(sample.name).expect("bundled");
            assert!(matches!(loaded.content, Content::Picture(_)));
            let fitted = loaded.input(c, h, w, Fit::default(), Background::default()).expect("fits");
            let x = model.input_from_pixels(&fitted.tensor).expect("fits");
            let values = model.network.forward(&model.params, &x, Mode::Eval, Stream::default());
            let predicted = model.class_name(argmax(values.output().iter().copied()).0);
            assert_eq!(predicted, class, "{}", sample.name);
        }
    }
}
