//! Generated examples: pure functions of seed, number and difficulty; digits placed and inked like MNIST's.

use convstep::data::{Difficulty, Generated, digits, shapes};
use convstep::tensor::Tensor;

/// From the easiest to the hardest.
fn difficulties() -> [Difficulty; 4] {
    [0.0, 0.3, 0.8, 1.0].map(|value| Difficulty::new(value).unwrap())
}

#[test]
fn generators_are_pure_whole_and_balanced() {
    for generated in Generated::ALL {
        let [c, h, w] = generated.input_shape();
        let k = generated.classes().len();
        let mut counts = vec![0; k];
        for index in 0..20 * k as u64 {
            let (pixels, class) = generated.sample(5, index);
            counts[class] += 1;
            assert_eq!((pixels, class), generated.sample_at(5, index, Difficulty::default()));
            for difficulty in difficulties() {
                let (pixels, same) = generated.sample_at(5, index, difficulty);
                assert_eq!((pixels.dim(), same), ((1, c, h, w), class));
                assert!(pixels.iter().all(|&v| (0.0..=255.0).contains(&v) && v.fract() == 0.0));
                assert_eq!(generated.sample_at(5, index, difficulty).0, pixels);
            }
        }
        assert!(counts.iter().all(|&count| count == 20), "{} {counts:?}", generated.name());
        assert_eq!(generated.sample(5, u64::MAX), generated.sample(5, u64::MAX));
        assert_ne!(generated.sample(5, 3).0, generated.sample(6, 3).0);
        assert_ne!(generated.sample(5, 3).0, generated.sample(5, 3 + k as u64).0);
        assert_eq!(Generated::parse(generated.name()), Some(generated));
    }
}

/// The share of the field that is ink, and its centre of mass (row, column).
fn ink(pixels: &Tensor) -> (f32, f32, f32) {
    let (mut mass, mut row, mut column) = (0.0, 0.0, 0.0);
    for ((_, _, i, j), &v) in pixels.indexed_iter() {
        mass += v;
        row += v * (i as f32 + 0.5);
        column += v * (j as f32 + 0.5);
    }
    (mass / (255.0 * pixels.len() as f32), row / mass, column / mass)
}

#[test]
fn digits_are_placed_like_mnist() {
    for (difficulty, index) in difficulties().into_iter().flat_map(|d| (0..200).map(move |k| (d, k))) {
        let (pixels, class) = digits::sample_at(11, index, difficulty);
        let (share, row, column) = ink(&pixels);
        let which = format!("{index} is a {class} at {difficulty:?}");
        assert!((row - 14.0).abs() < 0.8 && (column - 14.0).abs() < 0.8, "{which}");
        assert!((0.02..0.4).contains(&share), "{which}: {share}");
        // None is cut off at the border.
        let border =
            pixels.indexed_iter().filter(|((_, _, i, j), _)| *i == 0 || *j == 0 || *i == 27 || *j == 27);
        assert!(border.map(|(_, &v)| v).sum::<f32>() < 600.0, "{which}");
    }
}

#[test]
fn digits_have_about_the_ink_of_mnist() {
    let mut shares = [0.0; 10];
    for index in 0..1000 {
        let (pixels, class) = digits::sample(3, index);
        shares[class] += ink(&pixels).0 / 100.0;
    }
    // The mean brightness of MNIST's training pictures is 0.1307; ones have least, zeros most of it.
    let mean = shares.iter().sum::<f32>() / 10.0;
    assert!((0.12..0.16).contains(&mean), "{mean}");
    assert!(shares.iter().all(|&share| share >= shares[1] && share < 0.2), "{shares:?}");
}

/// Areas without ink that ink encloses.
fn holes(pixels: &Tensor) -> usize {
    let (_, _, h, w) = pixels.dim();
    let mut free: Vec<bool> = pixels.iter().map(|&v| v < 128.0).collect();
    let mut areas = 0;
    for start in 0..h * w {
        let mut open = if free[start] { vec![start] } else { continue };
        areas += 1;
        while let Some(n) = open.pop() {
            if std::mem::replace(&mut free[n], false) {
                let (i, j) = (n / w, n % w);
                let beside = [
                    (i > 0, n.wrapping_sub(w)),
                    (i + 1 < h, n + w),
                    (j > 0, n.wrapping_sub(1)),
                    (j + 1 < w, n + 1),
                ];
                open.extend(beside.into_iter().filter(|&(inside, _)| inside).map(|(_, n)| n));
            }
        }
    }
    areas - 1
}

#[test]
fn each_digit_is_written_in_several_ways() {
    let neat = Difficulty::new(0.0).unwrap();
    let mut forms: [Vec<Tensor>; 10] = Default::default();
    for index in 0..2000 {
        let (pixels, class) = digits::sample_at(1, index, neat);
        if !forms[class].contains(&pixels) {
            forms[class].push(pixels);
        }
    }
    // Open and closed forms, with loops and without.
    let ways: [&[usize]; 10] =
        [&[0, 1, 2], &[0], &[0, 1], &[0], &[0, 1], &[0], &[0, 1], &[0], &[1, 2], &[0, 1]];
    for (class, forms) in forms.iter().enumerate() {
        // Without chance in the hand, one picture is one form.
        assert!((7..20).contains(&forms.len()), "{class}: {} forms", forms.len());
        let holes: Vec<usize> = forms.iter().map(holes).collect();
        assert!(ways[class].iter().all(|way| holes.contains(way)), "{class}: {holes:?}");
        assert!(holes.iter().all(|&holes| holes <= 2) && (![1, 5].contains(&class) || !holes.contains(&1)));
    }
}

#[test]
fn difficulty_makes_examples_stray() {
    // How far pictures of one class are from their mean, over all classes.
    let spread = |difficulty| {
        let mut of_class = vec![Vec::new(); 10];
        for index in 0..400 {
            let (pixels, class) = digits::sample_at(9, index, difficulty);
            of_class[class].push(pixels);
        }
        let spread_of = |of: Vec<Tensor>| {
            let sum = of.iter().fold(Tensor::<f32>::zeros(of[0].dim()), |sum, x| sum + x);
            let mean = sum / of.len() as f32;
            of.iter().map(|x| (x - &mean).mapv(|d| d * d).sum()).sum::<f32>()
        };
        of_class.into_iter().map(spread_of).sum::<f32>()
    };
    let spreads = difficulties().map(spread);
    assert!(spreads.windows(2).all(|pair| pair[0] < pair[1]), "{spreads:?}");
    // Of shapes the figure stands out less.
    let contrast = |difficulty| {
        let deviation = |index| shapes::sample_at(9, index, difficulty).0.std(0.0);
        (0..320).map(deviation).sum::<f32>()
    };
    let contrasts = difficulties().map(contrast);
    assert!(contrasts.windows(2).all(|pair| pair[0] > pair[1]), "{contrasts:?}");
}
