//! How a picture is fitted and adjusted: what the network sees of it.

use convstep::data::{Adjustment, Background, Content, Fit, Frame, Picture, fit, samples};
use convstep::tensor::Tensor;
use proptest::prelude::*;

/// FNV-1a over whole numbers from 0 to 255.
fn hash(tensor: &Tensor) -> u64 {
    tensor.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &v| (hash ^ v as u64).wrapping_mul(0x0100_0000_01b3))
}

fn scene() -> Picture {
    match samples::load("scene").expect("bundled").content {
        Content::Picture(picture) => picture,
        Content::Values(_) => panic!("a picture"),
    }
}

#[test]
fn the_default_crop_is_what_it_was() {
    let picture = scene();
    let mut got = Vec::new();
    for how in Fit::ALL {
        for (channels, h, w) in [(3, 32, 32), (1, 28, 28), (3, 224, 224), (3, 7, 19), (1, 600, 500)] {
            let fitted = fit(&picture, channels, h, w, how, Background([10, 200, 30])).expect("fits");
            got.push(hash(&fitted.tensor));
        }
    }
    // As they were before pictures could be adjusted.
    let before = [
        2136291859292715630,
        5470161464314446233,
        13389372268942626148,
        5492409769671167299,
        2972111397780428753,
        15107598223620240407,
        329153763274811946,
        7798511596037373664,
        11743385189614498776,
        15199906342228108723,
        11178168023643496719,
        8992842763298013621,
        16278038978475975701,
        5719178372885816604,
        16087384566376038371,
    ];
    assert_eq!(got, before);
}

const GROUND: Background = Background([10, 200, 30]);

/// A picture without any symmetry.
fn noise(w: u32, h: u32, seed: u32) -> Picture {
    let bytes = (0..w * h * 4).map(|k| {
        let mixed = (k ^ seed.wrapping_mul(0x9E37_79B9)).wrapping_mul(0x85EB_CA6B);
        if k % 4 == 3 { 255 } else { (mixed >> 13) as u8 }
    });
    Picture::from_rgba("noise", w, h, bytes.collect()).expect("a picture")
}

fn seen(picture: &Picture, [h, w]: [usize; 2], adjustment: Adjustment) -> Tensor {
    fit(picture, 3, h, w, adjustment, GROUND).expect("fits").tensor
}

fn any_adjustment() -> impl Strategy<Value = Adjustment> {
    let frame = prop::option::of((0.0..1.0f32, 0.0..1.0f32, 0.3..6.0f32));
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let degrees = prop_oneof![Just(0.0f32), -90.0..90.0f32];
    (0..3usize, frame, (-3..4i32, -3..4i32), 0..4u8, degrees, flags).prop_map(
        |(fit, frame, (right, down), quarters, degrees, (mirrored, inverted, grey))| Adjustment {
            fit: Fit::ALL[fit],
            frame: frame.map(|(x, y, zoom)| Frame { centre: [x, y], zoom }),
            shift: [right, down],
            quarters,
            degrees,
            mirrored,
            inverted,
            grey,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(192) })]

    #[test]
    fn a_shift_moves_what_is_seen_by_whole_pixels(
        start in any_adjustment(), w in 1u32..50, h in 1u32..50, right in -3i32..4, down in -3i32..4, seed: u32,
    ) {
        let (picture, size) = (noise(w, h, seed), [9, 13]);
        let before = seen(&picture, size, start);
        let after = seen(&picture, size, start.shifted(right, down));
        for ((n, c, i, j), &value) in after.indexed_iter() {
            let (i, j) = (i as i32 - down, j as i32 - right);
            if (0..9).contains(&i) && (0..13).contains(&j) {
                prop_assert_eq!(value, before[[n, c, i as usize, j as usize]]);
            }
        }
        prop_assert_eq!(seen(&picture, size, start.shifted(right, down).shifted(-right, -down)), before);
    }

    #[test]
    fn a_quarter_turn_turns_what_is_seen_and_a_mirror_mirrors_it(
        start in any_adjustment(), w in 1u32..50, h in 1u32..50, seed: u32,
    ) {
        let picture = noise(w, h, seed);
        let before = seen(&picture, [11, 11], start);
        let turned = seen(&picture, [11, 11], start.turned());
        let mirrored = seen(&picture, [11, 11], start.mirrored());
        for ((n, c, i, j), &value) in before.indexed_iter() {
            prop_assert_eq!(turned[[n, c, j, 10 - i]], value);
            prop_assert_eq!(mirrored[[n, c, i, 10 - j]], value);
        }
        prop_assert_eq!(start.turned().turned().turned().turned(), start);
        prop_assert_eq!(start.mirrored().mirrored(), start);
        // Of a network that is not square, too.
        let before = seen(&picture, [9, 13], start);
        prop_assert_eq!(seen(&picture, [9, 13], start.turned().turned().turned().turned()), before.clone());
        prop_assert_eq!(seen(&picture, [9, 13], start.mirrored().mirrored()), before);
    }

    #[test]
    fn what_is_inverted_adds_up_to_white(start in any_adjustment(), w in 1u32..50, h in 1u32..50, seed: u32) {
        let picture = noise(w, h, seed);
        let before = seen(&picture, [9, 13], start);
        let inverted = seen(&picture, [9, 13], Adjustment { inverted: !start.inverted, ..start });
        prop_assert!((&before + &inverted).iter().all(|&sum| sum == 255.0));
        let grey = seen(&picture, [9, 13], Adjustment { grey: true, ..start });
        for c in [1, 2] {
            prop_assert_eq!(grey.index_axis(ndarray::Axis(1), 0), grey.index_axis(ndarray::Axis(1), c));
        }
    }

    #[test]
    fn a_frame_stays_on_the_picture(
        start in any_adjustment(), w in 1usize..500, h in 1usize..500, x in -9.0..9.0f32, y in -9.0..9.0f32,
        zoom in prop_oneof![Just(f32::NAN), -9.0..900.0f32],
    ) {
        let framed = start.framed(Frame { centre: [x, y], zoom }, [w, h], [32, 32]);
        prop_assert_eq!(framed.in_range(), framed);
        let upright = Adjustment { degrees: 0.0, quarters: 0, mirrored: false, shift: [0, 0], ..framed };
        let picture = noise(w as u32, h as u32, 1);
        let seen = fit(&picture, 1, 32, 32, upright, GROUND).expect("fits").seen;
        let (middle_x, middle_y) = (seen.x + seen.w / 2.0, seen.y + seen.h / 2.0);
        prop_assert!(middle_x >= -0.01 && middle_x <= w as f64 + 0.01);
        prop_assert!(middle_y >= -0.01 && middle_y <= h as f64 + 0.01);
        if start.fit != Fit::Pad {
            prop_assert!(seen.x >= -0.01 && seen.x + seen.w <= w as f64 + 0.01, "{seen:?} of {w} x {h}");
            prop_assert!(seen.y >= -0.01 && seen.y + seen.h <= h as f64 + 0.01, "{seen:?} of {w} x {h}");
        }
    }
}

#[test]
fn a_frame_takes_its_part_of_the_picture() {
    let picture = scene();
    // The upper left quarter of the middle 480 x 480.
    let size = [640, 480];
    let frame = Frame { centre: [200.0 / 640.0, 0.25], zoom: 2.0 };
    let adjustment = Adjustment::default().framed(frame, size, [60, 60]);
    let fitted = fit(&picture, 3, 60, 60, adjustment, GROUND).expect("fits");
    assert!((fitted.seen.x - 80.0).abs() < 1e-3 && fitted.seen.y.abs() < 1e-3, "{:?}", fitted.seen);
    assert!((fitted.seen.w - 240.0).abs() < 1e-3 && (fitted.seen.h - 240.0).abs() < 1e-3);
    let all = fit(&picture, 3, 120, 120, Fit::CenterCrop, GROUND).expect("fits").tensor;
    for ((n, c, i, j), &value) in fitted.tensor.indexed_iter().filter(|((_, _, i, j), _)| *i < 59 && *j < 59)
    {
        let expected = all[[n, c, i, j]];
        assert!((value - expected).abs() <= 1.0, "({i}, {j}): {value} and {expected}");
    }
}

#[test]
fn a_frame_larger_than_a_padded_picture_has_bars_around_it() {
    let picture = noise(40, 20, 3);
    let frame = Frame { centre: [0.5; 2], zoom: 0.5 };
    let adjustment = Adjustment::from(Fit::Pad).framed(frame, [40, 20], [80, 80]);
    let got = seen(&picture, [80, 80], adjustment);
    for ((_, c, i, j), &value) in got.indexed_iter() {
        let is_inside = (30..50).contains(&i) && (20..60).contains(&j);
        let expected = if is_inside {
            let [r, g, b, _] = picture.pixel(j as u32 - 20, i as u32 - 30).expect("inside");
            [r, g, b][c]
        } else {
            GROUND.0[c]
        };
        assert_eq!(value, f32::from(expected), "({c}, {i}, {j})");
    }
}

#[test]
fn a_turn_by_degrees_is_clockwise_and_a_whole_quarter_is_a_quarter() {
    // A white square in the upper half, on black.
    let bytes = (0..41u32 * 41).flat_map(|k| {
        let (x, y) = (k % 41, k / 41);
        let white = (16..25).contains(&x) && (3..12).contains(&y);
        [if white { 255 } else { 0 }; 3].into_iter().chain([255])
    });
    let picture = Picture::from_rgba("square", 41, 41, bytes.collect()).expect("a picture");
    let quarter = seen(&picture, [41, 41], Adjustment::default().turned());
    let degrees = seen(&picture, [41, 41], Adjustment { degrees: 90.0, ..Adjustment::default() });
    assert!((&quarter - &degrees).iter().all(|difference| difference.abs() <= 1.0));
    // Clockwise: from above to the right.
    assert_eq!((quarter[[0, 0, 20, 33]], quarter[[0, 0, 7, 20]]), (255.0, 0.0));
    let eighth = seen(&picture, [41, 41], Adjustment { degrees: 45.0, ..Adjustment::default() });
    assert_eq!((eighth[[0, 0, 11, 29]], eighth[[0, 0, 7, 20]]), (255.0, 0.0));
}

#[test]
fn where_cells_lie_is_where_their_colours_come_from() {
    // A picture of smooth colours: what a cell shows says where it lies.
    let bytes = (0..200u32 * 100).flat_map(|k| [(k % 200) as u8, (k / 200) as u8 * 2, 0, 255]);
    let picture = Picture::from_rgba("smooth", 200, 100, bytes.collect()).expect("a picture");
    let frame = Frame { centre: [0.4, 0.55], zoom: 2.5 };
    for quarters in 0..4 {
        for (mirrored, degrees) in [(false, 0.0), (true, 0.0), (false, 20.0), (true, -33.0)] {
            let adjustment = Adjustment { quarters, mirrored, degrees, ..Adjustment::default() };
            let adjustment = adjustment.framed(frame, [200, 100], [16, 20]).shifted(1, -2);
            let fitted = fit(&picture, 3, 16, 20, adjustment, GROUND).expect("fits");
            for (i, j) in [(4, 5), (8, 9), (10, 3), (5, 14)] {
                let [x, y] = fitted.placement.source([i as f64 + 0.5, j as f64 + 0.5]);
                let colours = [0, 1].map(|c| f64::from(fitted.tensor[[0, c, i, j]]));
                let expected = [x - 0.5, (y - 0.5) * 2.0];
                for (got, expected) in colours.into_iter().zip(expected) {
                    assert!((got - expected).abs() < 2.0, "{adjustment:?} ({i}, {j}): {got} at {expected}");
                }
                let around = fitted.source_from_input(i..i + 1, j..j + 1);
                assert!((around.x..around.x + around.w).contains(&x));
                assert!((around.y..around.y + around.h).contains(&y));
            }
        }
    }
}

#[test]
fn turning_a_large_picture_follows_the_hand() {
    let picture = noise(4000, 3000, 5);
    let start = std::time::Instant::now();
    let adjustment = Adjustment { degrees: 12.0, ..Adjustment::default() };
    let got = seen(&picture, [32, 32], adjustment);
    assert_eq!(got.dim(), (1, 3, 32, 32));
    assert!(start.elapsed().as_secs_f32() < 1.5, "{:?}", start.elapsed());
}
