//! Generated digits: handwriting-like numerals drawn with pen strokes, similar to MNIST.

use super::difficulty::Difficulty;
use super::draw::{Point, at, curve, distance_to_line, sin_cos, whole};
use super::numerals::GLYPHS;
use super::rng::{ExampleRng, class_of};
use crate::tensor::Tensor;
use ndarray::Array2;
use std::ops::Range;

/// (C, H, W) of every example.
pub const SHAPE: [usize; 3] = [1, 28, 28];

/// The class names, by class index.
pub const CLASSES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

// Purposes of the random streams: the order of the classes, and the handwriting.
const ORDER: u64 = 0x4449_4749_4f52_4452;
const WRITING: u64 = 0x4449_4749_5752_4954;

/// Example `index` of the set that `seed` generates: (1, 1, 28, 28) of whole numbers in 0..=255, white on black,
/// and its class. As in MNIST (LeCun et al. 1998, section III-A), the ink fits a box of 20 x 20 pixels and its
/// centre of mass lies in the middle of the 28 x 28. Any example can be generated on its own; ten consecutive ones,
/// starting at a multiple of ten, contain each digit once.
///
/// ```
/// use convstep::data::digits;
///
/// let (pixels, class) = digits::sample(1, 1000);
/// assert_eq!(pixels.dim(), (1, 1, 28, 28));
/// assert_eq!(digits::CLASSES[class].parse(), Ok(class));
/// ```
pub fn sample(seed: u64, index: u64) -> (Tensor, usize) {
    sample_at(seed, index, Difficulty::default())
}

/// [`sample`] at a difficulty, which scales how far the hand strays: jitter of the points, warp, slant, rotation
/// and width, cut ends, rounded corners, and the pen's width and pressure. At 0 each glyph is upright and exact,
/// drawn with one fixed pen.
pub fn sample_at(seed: u64, index: u64, difficulty: Difficulty) -> (Tensor, usize) {
    let class = class_of(seed, ORDER, index, CLASSES.len());
    let mut rng = ExampleRng::new(seed, WRITING, index);
    let stray = difficulty.get() / Difficulty::default().get();
    let strokes = written(&mut rng, class, stray);
    (inked(&mut rng, &strokes, stray), class)
}

/// The index of the `nth` example of a class.
pub(super) fn index_of(seed: u64, class: usize, nth: u64) -> u64 {
    let run = nth * CLASSES.len() as u64;
    let place =
        (run..).take(CLASSES.len()).find(|&index| class_of(seed, ORDER, index, CLASSES.len()) == class);
    place.unwrap_or(run)
}

/// The strokes of one handwritten digit as polylines; the unit is about the digit's height.
fn written(rng: &mut ExampleRng, class: usize, stray: f32) -> Vec<Vec<Point>> {
    let glyphs = GLYPHS[class];
    let form = glyphs[rng.pick(glyphs.len())];
    let shaky = stray * rng.range(0.0, 0.05);
    let rounds = stray * rng.range(0.0, 0.5);
    let hand = Hand::new(rng, stray);
    let mut strokes = Vec::new();
    for &points in form {
        let shift = at(rng.bell(), rng.bell()) * (0.02 * stray);
        let mut moved: Vec<Point> = Vec::new();
        let mut stroke: Vec<Point> = Vec::new();
        for (k, &(x, y)) in points.iter().enumerate() {
            if k > 0 && points[k - 1] == (x, y) {
                if rng.chance(rounds) {
                    continue;
                }
                // A corner: the curve ends here and the next one begins.
                stroke.extend(curve(&moved, LINES));
                moved = moved.split_off(moved.len() - 1);
            } else {
                moved.push(at(x, y) + shift + at(rng.bell(), rng.bell()) * shaky);
            }
        }
        stroke.extend(curve(&moved, LINES));
        let mut cut = |share: f32| {
            let most = (stroke.len() as f32 * share) as usize;
            if rng.chance(0.4) { rng.pick(most + 1) } else { 0 }
        };
        let (begin, end) = (cut(0.04 * stray), cut(0.085 * stray));
        strokes.push(stroke[begin..stroke.len() - end].iter().map(|&p| hand.place(p)).collect());
    }
    strokes
}

/// Line segments between two points of a glyph.
const LINES: usize = 6;

/// The distortion that one hand applies to every point of a digit: smooth waves, then width, slant and rotation.
struct Hand {
    waves: [Wave; 4],
    width: f32,
    slant: f32,
    turn: f32,
}

/// A smooth displacement: its frequency in turns per unit length along each axis, its phase, and its amplitude.
struct Wave {
    across: Point,
    begin: f32,
    push: Point,
}

impl Hand {
    fn new(rng: &mut ExampleRng, stray: f32) -> Hand {
        let strength = stray * rng.range(0.2, 1.0) * 0.06;
        let waves = [0.5, 0.7, 1.0, 1.4].map(|turns: f32| Wave {
            across: at(turns, 0.0).turned(rng.unit()),
            begin: rng.unit(),
            push: at(rng.bell(), rng.bell()) * (strength / turns),
        });
        Hand {
            waves,
            width: (0.85 + stray * rng.range(-0.25, 0.33)).max(0.3),
            slant: stray * (0.13 + 0.2 * rng.bell()),
            turn: stray * rng.bell() * 0.017,
        }
    }

    fn place(&self, point: Point) -> Point {
        let p = point - at(0.5, 0.5);
        let q =
            self.waves.iter().fold(p, |q, wave| q + wave.push * sin_cos(wave.across.dot(p) + wave.begin).0);
        at(q.x * self.width - q.y * self.slant, q.y).turned(self.turn)
    }
}

/// strokes -> (1, 1, 28, 28): scaled to the box, drawn with a soft round pen, centred by mass.
fn inked(rng: &mut ExampleRng, strokes: &[Vec<Point>], stray: f32) -> Tensor {
    const BOX: f32 = 20.0;
    let [_, h, w] = SHAPE;
    let all = || strokes.iter().flatten();
    let low = all().fold(at(f32::INFINITY, f32::INFINITY), |m, p| at(m.x.min(p.x), m.y.min(p.y)));
    let high = all().fold(at(f32::NEG_INFINITY, f32::NEG_INFINITY), |m, p| at(m.x.max(p.x), m.y.max(p.y)));
    let extent = (high.x - low.x).max(high.y - low.y).max(1e-3);
    let length: f32 =
        strokes.iter().flat_map(|stroke| stroke.windows(2)).map(|ends| (ends[1] - ends[0]).length()).sum();
    let pen = Pen::new(rng, stray, length / extent);
    let scale = (BOX - 2.0 * pen.radius) / extent;
    let (from, to) = ((low + high) * 0.5, at(w as f32, h as f32) * 0.5);

    let mut ink = Array2::zeros((h, w));
    for stroke in strokes {
        let line: Vec<Point> = stroke.iter().map(|&p| (p - from) * scale + to).collect();
        pen.draw(&mut ink, &line, rng);
    }
    let (down, right) = shift_to_middle(&ink);
    Tensor::from_shape_fn((1, 1, h, w), |(_, _, i, j)| {
        let (i, j) = (i.checked_add_signed(-down), j.checked_add_signed(-right));
        i.zip(j).and_then(|place| ink.get(place)).map_or(0.0, |&value| whole(value))
    })
}

/// The shift in whole pixels, down and right, that moves the centre of mass to the middle.
fn shift_to_middle(ink: &Array2<f32>) -> (isize, isize) {
    let (mut mass, mut sum) = (0.0, at(0.0, 0.0));
    for ((i, j), &value) in ink.indexed_iter() {
        mass += value;
        sum = sum + at(j as f32 + 0.5, i as f32 + 0.5) * value;
    }
    if mass <= 0.0 {
        return (0, 0);
    }
    let (h, w) = ink.dim();
    let off = at(w as f32, h as f32) * 0.5 - sum * (1.0 / mass);
    (off.y.round() as isize, off.x.round() as isize)
}

/// A round pen whose pressure changes along a stroke.
struct Pen {
    radius: f32,
    edge: f32,
    uneven: f32,
    full: f32,
}

impl Pen {
    /// A pen for strokes of this total length; long strokes get a narrower pen, so that rings don't fill up.
    fn new(rng: &mut ExampleRng, stray: f32, length: f32) -> Pen {
        Pen {
            radius: (1.3 + stray * rng.range(-0.5, 1.25 / length.max(1.0))).clamp(0.5, 3.0),
            edge: 1.05 + stray * rng.range(-0.2, 0.2),
            uneven: 0.12 * stray * rng.unit(),
            full: 266.0 + stray * rng.range(-15.0, 15.0),
        }
    }

    /// Draws a polyline with random pressure at its start, middle and end.
    fn draw(&self, ink: &mut Array2<f32>, line: &[Point], rng: &mut ExampleRng) {
        let mut pressure = || 1.0 + self.uneven * rng.bell();
        let (begin, middle, end) = (pressure(), pressure(), pressure());
        let spans = line.len().saturating_sub(1).max(1) as f32;
        let (h, w) = ink.dim();
        let reach = self.radius * begin.max(middle).max(end) + self.edge;
        for (k, ends) in line.windows(2).enumerate() {
            let &[a, b] = ends else { continue };
            let rows = pixels(a.y.min(b.y) - reach, a.y.max(b.y) + reach, h);
            let columns = pixels(a.x.min(b.x) - reach, a.x.max(b.x) + reach, w);
            for (i, j) in rows.flat_map(|i| columns.clone().map(move |j| (i, j))) {
                let (distance, t) = distance_to_line(at(j as f32 + 0.5, i as f32 + 0.5), a, b);
                let along = 2.0 * (k as f32 + t) / spans;
                let pressure = if along < 1.0 {
                    begin + (middle - begin) * along
                } else {
                    middle + (end - middle) * (along - 1.0)
                };
                let mark = (self.radius * pressure - distance) / self.edge + 0.5;
                ink[[i, j]] = ink[[i, j]].max((self.full * mark).clamp(0.0, 255.0));
            }
        }
    }
}

/// The range of pixels, within `extent`, between two positions.
fn pixels(low: f32, high: f32, extent: usize) -> Range<usize> {
    let inside = |place: f32| place.clamp(0.0, extent as f32) as usize;
    inside(low)..inside(high.ceil())
}
