//! Generated shapes: eight kinds in any colour, size, position and rotation, on backgrounds of different
//! brightness.

use super::difficulty::Difficulty;
use super::draw::{
    Colour, Point, at, brightness, colour, coverage, curve, distance_to_polygon, mix, sin_cos, whole,
};
use super::rng::{ExampleRng, class_of};
use crate::tensor::Tensor;

/// (C, H, W) of every example.
pub const SHAPE: [usize; 3] = [3, 32, 32];

/// The class names, by class index.
pub const CLASSES: [&str; 8] = ["circle", "square", "triangle", "cross", "star", "ring", "heart", "arrow"];

// Purposes of the random streams: the order of the classes, and the drawing.
const ORDER: u64 = 0x5348_4150_4f52_4452;
const DRAWING: u64 = 0x5348_4150_4452_4157;

/// Example `index` of the set that `seed` generates: (1, 3, 32, 32) of whole numbers in 0..=255, and its class. Any
/// example can be generated on its own; eight consecutive ones, starting at a multiple of eight, contain each class
/// once.
///
/// ```
/// use convstep::data::shapes;
///
/// let (pixels, class) = shapes::sample(1, 1000);
/// assert_eq!(pixels.dim(), (1, 3, 32, 32));
/// assert_eq!((pixels, class), shapes::sample(1, 1000));
/// ```
pub fn sample(seed: u64, index: u64) -> (Tensor, usize) {
    sample_at(seed, index, Difficulty::default())
}

/// [`sample`] at a difficulty, which scales what hides a shape: the smallest size, the share of outlines, the
/// rotation of hearts, the contrast between figure and background, the noise. At 0 the shapes are large, filled and
/// clean.
pub fn sample_at(seed: u64, index: u64, difficulty: Difficulty) -> (Tensor, usize) {
    let class = class_of(seed, ORDER, index, CLASSES.len());
    (drawing(&mut ExampleRng::new(seed, DRAWING, index), class, difficulty.get()), class)
}

/// The index of the `nth` example of a class.
pub(super) fn index_of(seed: u64, class: usize, nth: u64) -> u64 {
    let run = nth * CLASSES.len() as u64;
    let place =
        (run..).take(CLASSES.len()).find(|&index| class_of(seed, ORDER, index, CLASSES.len()) == class);
    place.unwrap_or(run)
}

/// (1, 3, 32, 32): background, then the figure over it, then noise.
fn drawing(rng: &mut ExampleRng, class: usize, difficulty: f32) -> Tensor {
    let [channels, h, w] = SHAPE;
    let radius = rng.range(9.0 - 4.0 * difficulty, 13.0);
    let free = at(w as f32 / 2.0 - radius - 0.5, h as f32 / 2.0 - radius - 0.5);
    let middle = at(w as f32, h as f32) * 0.5;
    let centre = middle + at(free.x * rng.range(-1.0, 1.0), free.y * rng.range(-1.0, 1.0));
    let figure = Figure::new(rng, class, difficulty);
    let Colours { near, far, ink, ink_far } = Colours::new(rng, difficulty);
    let light = at(1.0, 0.0).turned(rng.unit());
    let grain = if rng.chance(0.7) { rng.range(0.0, 14.0 * difficulty) } else { 0.0 };

    let mut pixels = Tensor::zeros((1, channels, h, w));
    for i in 0..h {
        for j in 0..w {
            let p = at(j as f32 + 0.5, i as f32 + 0.5);
            let across = (p - middle).dot(light) / w as f32 + 0.5;
            let within = ((p - centre).dot(light) / radius) * 0.5 + 0.5;
            let cover = coverage(figure.distance((p - centre) * (1.0 / radius)) * radius);
            let ground = mix(near, far, across);
            let pixel = mix(ground, mix(ink, ink_far, within.clamp(0.0, 1.0)), cover);
            for (c, value) in pixel.into_iter().enumerate() {
                pixels[[0, c, i, j]] = whole(value + grain * rng.bell());
            }
        }
    }
    pixels
}

/// A figure about the origin that fits into a circle of radius 1.
enum Figure {
    /// The area between two circles; with an inner radius below 0 there is no hole.
    Annulus { inner: f32, outer: f32 },
    /// A rotated polygon; with a line width it is an outline.
    Polygon { corners: Vec<Point>, line: Option<f32> },
}

impl Figure {
    fn new(rng: &mut ExampleRng, class: usize, difficulty: f32) -> Figure {
        let turn = rng.unit();
        let may_be_outline = rng.chance(0.6 * difficulty);
        let line = rng.range(0.2, 0.32);
        let (corners, turn, line) = match CLASSES[class] {
            "circle" => return Figure::Annulus { inner: -1.0, outer: 0.95 },
            "ring" => return Figure::Annulus { inner: rng.range(0.45, 0.72), outer: 0.98 },
            "square" => (vec![at(-0.8, -0.8), at(0.8, -0.8), at(0.8, 0.8), at(-0.8, 0.8)], turn, Some(line)),
            "triangle" => (regular(3, 1.0, 1.0), turn, Some(line)),
            "cross" => (cross(rng.range(0.2, 0.34)), turn, None),
            "star" => (regular(10, 1.0, rng.range(0.4, 0.5)), turn, Some(line * 0.7)),
            "heart" => (heart(), (turn - 0.5) * (0.4 * difficulty), Some(line)),
            _ => (arrow(rng.range(0.16, 0.3), rng.range(0.6, 0.85)), turn, None),
        };
        let corners = corners.into_iter().map(|corner| corner.turned(turn)).collect();
        Figure::Polygon { corners, line: line.filter(|_| may_be_outline) }
    }

    /// The signed distance to the edge.
    fn distance(&self, p: Point) -> f32 {
        match self {
            Figure::Annulus { inner, outer } => {
                let r = p.length();
                (r - outer).max(inner - r)
            }
            Figure::Polygon { corners, line } => {
                let d = distance_to_polygon(p, corners);
                // An outline lies inside the edge, so that it is no larger than the filled figure.
                line.map_or(d, |line| d.max(-d - line))
            }
        }
    }
}

/// Corners at equal angles, the first one upwards, alternating between two radii.
fn regular(n: usize, even: f32, odd: f32) -> Vec<Point> {
    let corner = |k: usize| {
        let (sin, cos) = sin_cos(k as f32 / n as f32);
        at(sin, -cos) * if k.is_multiple_of(2) { even } else { odd }
    };
    (0..n).map(corner).collect()
}

fn cross(a: f32) -> Vec<Point> {
    let quarter = [at(a, -0.97), at(a, -a), at(0.97, -a)];
    (0..4).flat_map(|k| quarter.map(|corner| corner.turned(k as f32 * 0.25))).collect()
}

fn heart() -> Vec<Point> {
    let side = [
        at(0.0, -0.42),
        at(0.2, -0.72),
        at(0.55, -0.8),
        at(0.87, -0.52),
        at(0.85, -0.1),
        at(0.48, 0.42),
        at(0.0, 0.9),
    ];
    let right = curve(&side, 4);
    let left = right.iter().rev().skip(1).map(|p| at(-p.x, p.y));
    right.iter().copied().chain(left).take(2 * right.len() - 2).collect()
}

fn arrow(shaft: f32, head: f32) -> Vec<Point> {
    let back = 0.1;
    let upper = [at(1.0, 0.0), at(back, -head), at(back, -shaft), at(-0.95, -shaft)];
    let lower = upper[1..].iter().rev().map(|p| at(p.x, -p.y));
    upper.iter().copied().chain(lower).collect()
}

/// The gradients of background and figure, each from near to far.
struct Colours {
    near: Colour,
    far: Colour,
    ink: Colour,
    ink_far: Colour,
}

impl Colours {
    /// Hues at least a quarter turn apart, and brightness different enough for the figure to show in grey.
    fn new(rng: &mut ExampleRng, difficulty: f32) -> Colours {
        let apart = 100.0 - 60.0 * difficulty;
        let hue = rng.unit();
        let figure_hue = hue + rng.range(0.25, 0.75);
        let dark_ground = rng.chance(0.5);
        let ground_value = if dark_ground { rng.range(0.08, 0.35) } else { rng.range(0.75, 1.0) };
        let ground = colour(hue, rng.range(0.05, 0.5), ground_value);
        let to = if dark_ground { [0.0; 3] } else { [255.0; 3] };
        let far = if rng.chance(0.5) { mix(ground, to, rng.range(0.2, 0.7)) } else { ground };
        let value = if dark_ground { rng.range(0.75, 1.0) } else { rng.range(0.2, 0.7) };
        let mut ink = colour(figure_hue, rng.range(0.45, 0.95), value);
        // Takes a few steps at most: black and white differ more than any background here does from either.
        let away = if dark_ground { [255.0; 3] } else { [0.0; 3] };
        while (brightness(ink) - brightness(ground)).abs() < apart {
            ink = mix(ink, away, 0.25);
        }
        let ink_far = mix(ink, away, rng.range(0.0, 0.25));
        Colours { near: ground, far, ink, ink_far }
    }
}
