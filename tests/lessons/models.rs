//! The models that lessons tell of are as the lessons say: each number of theirs, with the picture it is said of.

use crate::program::{reopened, run};
use convstep::{
    app::{Action, AppState, EditAction, Session},
    data::{Background, Fit, Generated, samples},
    model_io::{Model, bundled},
    nn::{Mode, Part, Values, dropout::Stream, loss::one_hot},
    tensor::Tensor,
    train::{Report, evaluate, stack},
};

fn input(model: &Model, picture: &str) -> Tensor {
    let loaded = samples::load(picture).expect(picture);
    let [c, h, w] = model.network.input;
    let pixels = loaded.input(c, h, w, Fit::default(), Background::default()).expect("fits").tensor;
    match loaded.content {
        convstep::data::Content::Picture(_) => model.input_from_pixels(&pixels).expect("fits"),
        convstep::data::Content::Values(_) => pixels,
    }
}

fn forward(model: &Model, x: &Tensor) -> Values {
    model.network.forward(&model.params, x, Mode::Eval, Stream::default())
}

/// A map of conv1: its largest value with all places that have it, its smallest, its mean, its first cell.
struct Map {
    largest: f32,
    at: Vec<(usize, usize)>,
    smallest: f32,
    mean: f64,
    corner: f32,
}

fn map(values: &Values, k: usize) -> Map {
    let cells = values.layers[0].at(Part::Out);
    let (_, _, h, w) = cells.dim();
    let all: Vec<((usize, usize), f32)> = (0..h)
        .flat_map(|i| (0..w).map(move |j| (i, j)))
        .map(|(i, j)| ((i, j), cells[[0, k, i, j]]))
        .collect();
    let largest = all.iter().map(|&(_, value)| value).fold(f32::NEG_INFINITY, f32::max);
    Map {
        largest,
        at: all.iter().filter(|&&(_, value)| value == largest).map(|&(at, _)| at).collect(),
        smallest: all.iter().map(|&(_, value)| value).fold(f32::INFINITY, f32::min),
        mean: all.iter().map(|&(_, value)| f64::from(value)).sum::<f64>() / all.len() as f64,
        corner: cells[[0, k, 0, 0]],
    }
}

/// Picture, filter, largest value and where, smallest, mean, empty corner.
type Row = (&'static str, usize, f32, Vec<(usize, usize)>, f32, f64, f32);

#[test]
fn each_pattern_scores_best_on_its_own_picture() {
    let model = bundled::load("pattern").expect("bundled");
    let sides = [7, 20].into_iter().flat_map(|j| (11..=16).map(move |i| (i, j)));
    let mut sides: Vec<_> = sides.collect();
    sides.sort_unstable();
    let rows: [Row; 4] = [
        ("pattern-circle", 0, 1.0, vec![(11, 13)], -0.44, 0.0371, 0.04),
        ("pattern-circle", 1, 0.44, vec![(13, 11), (13, 15)], -0.52, -0.1857, -0.20),
        ("pattern-square", 0, 0.52, vec![(7, 10), (7, 17)], -0.36, 0.0241, 0.04),
        ("pattern-square", 1, 1.0, sides, -0.60, -0.1204, -0.20),
    ];
    for (picture, k, largest, at, smallest, mean, corner) in rows {
        let values = forward(&model, &input(&model, picture));
        let map = map(&values, k);
        assert_eq!((map.largest, &map.at), (largest, &at), "{picture} {k}");
        assert!((map.smallest - smallest).abs() < 1e-6, "{picture} {k}: {}", map.smallest);
        assert!((map.mean - mean).abs() < 5e-5, "{picture} {k}: {}", map.mean);
        assert!((map.corner - corner).abs() < 1e-6, "{picture} {k}: {}", map.corner);
        // A match is near 1, the mismatch clearly lower, and the last layer says so.
        assert_eq!(values.output()[[0, k, 0, 0]], largest);
    }
}

#[test]
fn both_patterns_are_found_in_one_picture_each_in_its_place() {
    let model = bundled::load("pattern").expect("bundled");
    let values = forward(&model, &input(&model, "pattern-both"));
    let [curve, line] = [map(&values, 0), map(&values, 1)];
    assert_eq!((curve.largest, curve.at), (1.0, vec![(11, 4)]));
    let places: Vec<_> = (12..=15).flat_map(|i| [(i, 13), (i, 24)]).collect();
    assert_eq!((line.largest, line.at), (1.0, places));
}

#[test]
fn half_the_contrast_gives_half_the_score() {
    let model = bundled::load("pattern").expect("bundled");
    let values = forward(&model, &(input(&model, "pattern-circle") * 0.5));
    assert_eq!((map(&values, 0).largest, map(&values, 1).largest), (0.5, 0.22));
}

#[test]
fn a_turned_line_finds_top_and_bottom() {
    let mut model = bundled::load("pattern").expect("bundled");
    let square = input(&model, "pattern-square");
    let at = |values: &Values| values.layers[0].at(Part::Out)[[0, 1, 7, 12]];
    assert!((at(&forward(&model, &square)) - 0.04).abs() < 1e-6);
    let params = std::sync::Arc::make_mut(&mut model.params);
    let weight = params.0[0].get_mut(Part::Weight).expect("filters");
    let line = weight.clone();
    for c in 0..3 {
        for u in 0..5 {
            for v in 0..5 {
                weight[[1, c, u, v]] = line[[1, c, 4 - v, u]];
            }
        }
    }
    assert_eq!(at(&forward(&model, &square)), 1.0);
    let circle = input(&model, "pattern-circle");
    assert!((map(&forward(&model, &circle), 1).largest - 0.44).abs() < 1e-6);
}

#[test]
fn a_score_falls_by_two_for_each_pixel_that_differs() {
    let model = bundled::load("pattern").expect("bundled");
    let x = input(&model, "pattern-circle");
    let values = forward(&model, &x);
    let (filters, scores) = (model.params.0[0].at(Part::Weight), values.layers[0].at(Part::Out));
    for ((_, k, i, j), score) in scores.indexed_iter() {
        let differs = |&(u, v): &(usize, usize)| filters[[k, 0, u, v]] != x[[0, 0, i + u, j + v]];
        let d = (0..5).flat_map(|u| (0..5).map(move |v| (u, v))).filter(differs).count();
        assert!((score - (1.0 - 2.0 * d as f32 / 25.0)).abs() < 1e-6, "{k} {i} {j}");
    }
}

#[test]
fn a_cell_that_wins_four_windows_gets_the_sum_of_their_gradients() {
    let model = bundled::load("overlap").expect("bundled");
    let x = input(&model, "overlap-3x3");
    let target = one_hot(model.network.output(), &[0]);
    let values = model.network.run(&model.params, &x, &target, Mode::Eval, Stream::default());
    assert!(values.output().iter().all(|&won| won == 5.0));
    let gradient = values.layers[0].at(Part::Dx);
    let expected = [0.0, 0.0, 0.0, 0.0, 9.5, 0.0, 0.0, 0.0, 0.0];
    assert_eq!(gradient.iter().copied().collect::<Vec<f32>>(), expected);
}

/// The first weights of both filters of `twins` after so many training steps; and whether all their weights are equal.
fn twins_after(edit: Option<f32>, steps: u32) -> ([f32; 2], bool) {
    let model = bundled::load("twins").expect("bundled");
    let mut state = AppState::open(model, samples::load("article-3x3").expect("bundled")).expect("fits");
    run(&mut state, [Action::SetLabel(1)]);
    if let Some(value) = edit {
        let edit = EditAction::SetParameter { layer: 2, part: Part::Weight, index: 4, value };
        run(&mut state, [Action::Edit { edit, more: false }]);
    }
    run(&mut state, [Action::GoTo(format!("e{steps}.b0/fwd/conv1"))]);
    let weight = state.trace().params().0[0].at(Part::Weight).clone();
    assert_eq!(state.trace().time(), steps);
    let [a, b] = [0, 1].map(|k| weight.index_axis(ndarray::Axis(0), k).iter().copied().collect::<Vec<f32>>());
    ([a[0], b[0]], a == b)
}

#[test]
fn twins_stay_equal_to_the_bit_until_one_later_weight_differs() {
    for (steps, first) in [(1, 0.994_018_14), (6, 0.995_819_75)] {
        let (firsts, are_equal) = twins_after(None, steps);
        assert!(are_equal && (firsts[0] - first).abs() < 1e-7, "{steps}: {firsts:?}");
    }
    for (steps, [one, other]) in [(1, [0.994_016, 0.993_517_3]), (6, [0.995_870_9, 0.995_024_3])] {
        let (firsts, are_equal) = twins_after(Some(0.15), steps);
        assert!(!are_equal, "{steps}");
        assert!((firsts[0] - one).abs() < 5e-7 && (firsts[1] - other).abs() < 5e-7, "{steps}: {firsts:?}");
    }
}

#[test]
fn a_session_that_names_a_picture_as_it_was_called_before_opens() {
    let model = bundled::load("pattern").expect("bundled");
    let state = AppState::open(model, samples::load("pattern-circle").expect("bundled")).expect("fits");
    let mut bytes = Session::from_state(&state).to_bytes().expect("writes");
    let [now, before] = [&b"pattern-circle"[..], b"article-circle"];
    let places: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(now)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + before.len()].copy_from_slice(before);
    }
    let after = reopened(bytes);
    assert_eq!((after.notices().len(), &after.inputs().picture.name[..]), (0, "pattern-circle"));
    assert_eq!(after.fitted().tensor, state.fitted().tensor);
    // So do the names themselves, of a picture and of a model.
    let mut state = AppState::new();
    run(
        &mut state,
        [Action::OpenBundled("article-match".into()), Action::OpenSample("article-square".into())],
    );
    assert_eq!((&state.model().name[..], &state.inputs().picture.name[..]), ("pattern", "pattern-square"));
}

#[test]
fn windows_of_seven_slide_as_the_formula_says() {
    let none: Vec<usize> = Vec::new();
    for (name, width, unseen) in [
        ("slide-7", 26, none.clone()),
        ("slide-7-2", 13, vec![31]),
        ("slide-7-3", 9, vec![31]),
        ("slide-7-p3", 32, none),
    ] {
        let model = bundled::load(name).expect("bundled");
        assert_eq!(model.network.output(), [1, width, width], "{name}");
        let lost = model.network.unseen();
        let rows = lost.first().map_or(Vec::new(), |lost| lost.rows.clone());
        let columns = lost.first().map_or(Vec::new(), |lost| lost.cols.clone());
        assert_eq!((&rows, &columns), (&unseen, &unseen), "{name}");
        // A cell is the mean of its window: that of a white picture is 1 wherever no padding is read.
        let white = forward(&model, &Tensor::ones((1, 1, 32, 32)));
        let (middle, corner) = (white.output()[[0, 0, width / 2, width / 2]], white.output()[[0, 0, 0, 0]]);
        assert_eq!(middle, 1.0, "{name}");
        // With padding the corner reads 16 pixels of 49.
        let share = if name == "slide-7-p3" { 16.0 / 49.0 } else { 1.0 };
        assert!((corner - share).abs() < 1e-6, "{name}: {corner}");
    }
}

#[test]
fn stretching_alone_hardly_beats_guessing() {
    const SEED: u64 = 0x7465_7374;
    let model = bundled::load("stretch").expect("bundled");
    assert_eq!(model.parameter_count(), 24_584);
    let mut all = Report::default();
    for begin in (0..4000).step_by(500) {
        let examples: Vec<_> = (begin..begin + 500).map(|k| Generated::Shapes.sample(SEED, k)).collect();
        let prepare = |pixels: &_| model.architecture.preprocess.apply(pixels);
        let (x, target) = stack(&examples, prepare, model.network.targets()).expect("fits");
        all = all.and(evaluate(&model.network, &model.params, &x, &target));
    }
    assert!((0.14..0.20).contains(&all.accuracy()), "{all:?}");
}
