//! Generated digits: ten numerals as a hand writes them, from pen strokes; made to look like MNIST.

use super::dice::{Dice, class_of};
use super::draw::{Point, at, curve, distance_to_line, whole};
use crate::tensor::Tensor;

/// (C, H, W) of every example.
pub const SHAPE: [usize; 3] = [1, 28, 28];

/// The classes, in the order of their numbers.
pub const CLASSES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

// Streams of chance: the order of the classes, and the writing.
const ORDER: u64 = 0x4449_4749_4f52_4452;
const WRITING: u64 = 0x4449_4749_5752_4954;

/// Example `index` of the set that `seed` makes: (1, 1, 28, 28) of whole numbers in 0..=255, white on black, and
/// its class. As in MNIST (LeCun et al. 1998, section III-A) the ink fits a box of 20 x 20 pixels and its centre of
/// mass is in the middle of the 28 x 28. Any example can be made alone; ten in a row, from a multiple of ten, hold
/// each digit once.
///
/// ```
/// use convstep::data::digits;
///
/// let (pixels, class) = digits::sample(1, 1000);
/// assert_eq!(pixels.dim(), (1, 1, 28, 28));
/// assert_eq!(digits::CLASSES[class].parse(), Ok(class));
/// ```
pub fn sample(seed: u64, index: u64) -> (Tensor, usize) {
    let class = class_of(seed, ORDER, index, CLASSES.len());
    let mut dice = Dice::new(seed, WRITING, index);
    let strokes = written(&mut dice, class);
    (inked(&mut dice, &strokes), class)
}

/// The `nth` example of a class: its index.
pub(super) fn index_of(seed: u64, class: usize, nth: u64) -> u64 {
    let run = nth * CLASSES.len() as u64;
    let place =
        (run..).take(CLASSES.len()).find(|&index| class_of(seed, ORDER, index, CLASSES.len()) == class);
    place.unwrap_or(run)
}

/// One way to write a digit: strokes through points, x and y in 0..=1. A point that is given twice is a corner.
type Form = &'static [&'static [(f32, f32)]];

#[rustfmt::skip]
const FORMS: [&[Form]; 10] = [
    // 0: closed; begun at the upper right, with an overlap; narrow.
    &[
        &[&[
            (0.52, 0.0), (0.22, 0.14), (0.06, 0.48), (0.2, 0.86), (0.5, 1.0), (0.82, 0.84), (0.95, 0.46),
            (0.8, 0.12), (0.5, 0.0),
        ]],
        &[&[
            (0.74, 0.1), (0.42, 0.02), (0.12, 0.26), (0.06, 0.66), (0.32, 0.97), (0.68, 0.94), (0.93, 0.6),
            (0.86, 0.22), (0.56, 0.02), (0.4, 0.06),
        ]],
        &[&[
            (0.5, 0.0), (0.28, 0.2), (0.2, 0.55), (0.3, 0.9), (0.52, 1.0), (0.74, 0.82), (0.8, 0.45),
            (0.72, 0.14), (0.48, 0.0),
        ]],
    ],
    // 1: a line; with a flag; with a flag and a foot.
    &[
        &[&[(0.5, 0.0), (0.49, 0.5), (0.5, 1.0)]],
        &[&[(0.28, 0.24), (0.42, 0.12), (0.52, 0.0), (0.52, 0.0), (0.51, 0.5), (0.5, 1.0)]],
        &[&[(0.28, 0.22), (0.5, 0.0), (0.5, 0.0), (0.5, 0.5), (0.5, 1.0)], &[(0.2, 1.0), (0.8, 0.99)]],
    ],
    // 2: with a corner at the foot; with a loop there; with a flat foot and a wide bow.
    &[
        &[&[
            (0.1, 0.24), (0.28, 0.05), (0.58, 0.0), (0.84, 0.17), (0.78, 0.42), (0.48, 0.7), (0.08, 0.97),
            (0.08, 0.97), (0.5, 0.95), (0.95, 0.97),
        ]],
        &[&[
            (0.1, 0.2), (0.4, 0.0), (0.76, 0.1), (0.76, 0.4), (0.46, 0.76), (0.16, 0.97), (0.04, 0.88),
            (0.2, 0.77), (0.5, 0.88), (0.96, 0.98),
        ]],
        &[&[
            (0.04, 0.12), (0.36, 0.0), (0.76, 0.06), (0.88, 0.3), (0.66, 0.58), (0.3, 0.82), (0.1, 1.0),
            (0.1, 1.0), (0.92, 0.98),
        ]],
    ],
    // 3: two bows; a flat top; a small loop between the bows.
    &[
        &[&[
            (0.1, 0.12), (0.44, 0.0), (0.8, 0.13), (0.74, 0.36), (0.38, 0.47), (0.38, 0.47), (0.74, 0.54),
            (0.92, 0.75), (0.7, 0.96), (0.34, 1.0), (0.06, 0.87),
        ]],
        &[&[
            (0.12, 0.02), (0.84, 0.0), (0.84, 0.0), (0.42, 0.4), (0.42, 0.4), (0.78, 0.48), (0.92, 0.72),
            (0.66, 0.96), (0.3, 1.0), (0.05, 0.87),
        ]],
        &[&[
            (0.12, 0.1), (0.48, 0.0), (0.8, 0.16), (0.66, 0.4), (0.42, 0.5), (0.34, 0.45), (0.5, 0.44),
            (0.8, 0.56), (0.86, 0.82), (0.5, 1.0), (0.08, 0.92),
        ]],
    ],
    // 4: open with a corner; closed; open with a bow.
    &[
        &[
            &[(0.2, 0.02), (0.14, 0.28), (0.08, 0.52), (0.08, 0.52), (0.5, 0.55), (0.94, 0.5)],
            &[(0.8, 0.04), (0.76, 0.5), (0.7, 1.0)],
        ],
        &[
            &[(0.68, 0.0), (0.36, 0.32), (0.03, 0.64), (0.03, 0.64), (0.97, 0.62)],
            &[(0.68, 0.0), (0.69, 0.5), (0.68, 1.0)],
        ],
        &[
            &[(0.1, 0.06), (0.08, 0.36), (0.26, 0.53), (0.56, 0.49), (0.84, 0.3)],
            &[(0.88, 0.0), (0.83, 0.5), (0.8, 1.0)],
        ],
    ],
    // 5: one line; the bar on its own; round as an S.
    &[
        &[&[
            (0.86, 0.01), (0.26, 0.04), (0.26, 0.04), (0.17, 0.44), (0.17, 0.44), (0.5, 0.36), (0.84, 0.5),
            (0.88, 0.77), (0.62, 0.97), (0.3, 1.0), (0.05, 0.9),
        ]],
        &[
            &[
                (0.24, 0.06), (0.2, 0.46), (0.2, 0.46), (0.52, 0.4), (0.82, 0.56), (0.8, 0.84), (0.46, 1.0),
                (0.08, 0.93),
            ],
            &[(0.24, 0.06), (0.94, 0.0)],
        ],
        &[&[
            (0.92, 0.03), (0.54, 0.0), (0.24, 0.1), (0.2, 0.34), (0.46, 0.46), (0.78, 0.6), (0.78, 0.86),
            (0.44, 1.0), (0.06, 0.93),
        ]],
    ],
    // 6: a bowed back; a straight back; a small bowl.
    &[
        &[&[
            (0.76, 0.0), (0.4, 0.18), (0.14, 0.5), (0.1, 0.8), (0.36, 1.0), (0.72, 0.96), (0.9, 0.76),
            (0.72, 0.56), (0.4, 0.58), (0.12, 0.78),
        ]],
        &[&[
            (0.56, 0.0), (0.3, 0.34), (0.14, 0.72), (0.3, 0.97), (0.62, 0.98), (0.82, 0.78), (0.64, 0.6),
            (0.34, 0.66), (0.16, 0.84),
        ]],
        &[&[
            (0.5, 0.0), (0.26, 0.3), (0.14, 0.66), (0.24, 0.94), (0.54, 1.0), (0.74, 0.86), (0.62, 0.7),
            (0.36, 0.74), (0.2, 0.88),
        ]],
    ],
    // 7: plain; crossed; with a serif.
    &[
        &[&[(0.05, 0.07), (0.45, 0.07), (0.9, 0.03), (0.9, 0.03), (0.62, 0.46), (0.42, 1.0)]],
        &[
            &[(0.08, 0.05), (0.92, 0.03), (0.92, 0.03), (0.62, 0.46), (0.44, 1.0)],
            &[(0.3, 0.52), (0.86, 0.5)],
        ],
        &[&[
            (0.06, 0.24), (0.1, 0.06), (0.1, 0.06), (0.5, 0.09), (0.94, 0.03), (0.94, 0.03), (0.7, 0.4),
            (0.54, 1.0),
        ]],
    ],
    // 8: one line; two rings; one line, begun in the middle.
    &[
        &[&[
            (0.84, 0.14), (0.54, 0.0), (0.22, 0.12), (0.26, 0.34), (0.54, 0.5), (0.84, 0.7), (0.78, 0.93),
            (0.48, 1.0), (0.16, 0.9), (0.18, 0.68), (0.5, 0.48), (0.76, 0.32), (0.84, 0.12),
        ]],
        &[
            &[(0.5, 0.0), (0.24, 0.1), (0.22, 0.33), (0.5, 0.46), (0.78, 0.34), (0.76, 0.1), (0.5, 0.0)],
            &[(0.5, 0.46), (0.18, 0.58), (0.14, 0.86), (0.5, 1.0), (0.86, 0.86), (0.82, 0.58), (0.5, 0.46)],
        ],
        &[&[
            (0.5, 0.48), (0.26, 0.3), (0.3, 0.08), (0.6, 0.0), (0.82, 0.16), (0.66, 0.38), (0.36, 0.58),
            (0.14, 0.8), (0.34, 0.99), (0.68, 0.96), (0.8, 0.76), (0.5, 0.48),
        ]],
    ],
    // 9: a straight tail; a bowed tail; a leaning tail.
    &[
        &[&[
            (0.84, 0.16), (0.54, 0.0), (0.2, 0.12), (0.12, 0.36), (0.38, 0.5), (0.7, 0.4), (0.86, 0.12),
            (0.86, 0.12), (0.84, 0.5), (0.78, 1.0),
        ]],
        &[&[
            (0.82, 0.18), (0.54, 0.0), (0.2, 0.1), (0.14, 0.38), (0.42, 0.52), (0.74, 0.4), (0.86, 0.14),
            (0.86, 0.14), (0.88, 0.6), (0.64, 0.96), (0.2, 0.96),
        ]],
        &[&[
            (0.78, 0.1), (0.46, 0.0), (0.16, 0.18), (0.2, 0.44), (0.52, 0.44), (0.78, 0.1), (0.78, 0.1),
            (0.62, 0.55), (0.44, 1.0),
        ]],
    ],
];

/// The strokes of one writing of a digit, as short lines, in units of about the digit's height.
fn written(dice: &mut Dice, class: usize) -> Vec<Vec<Point>> {
    let forms = FORMS[class];
    let form = forms[dice.pick(forms.len())];
    let shaky = dice.range(0.005, 0.035);
    let hand = Hand::new(dice);
    let mut strokes = Vec::new();
    for &points in form {
        let mut moved: Vec<Point> = Vec::new();
        let mut from = 0;
        for (k, &(x, y)) in points.iter().enumerate() {
            if k > 0 && points[k - 1] == (x, y) {
                // A corner: the line so far ends here, and the next begins.
                strokes.push(curve(&moved[from..], LINES));
                from = moved.len() - 1;
            } else {
                moved.push(at(x + shaky * dice.bell(), y + shaky * dice.bell()));
            }
        }
        strokes.push(curve(&moved[from..], LINES));
    }
    for point in strokes.iter_mut().flatten() {
        *point = hand.place(*point);
    }
    strokes
}

/// Lines between two points of a form.
const LINES: usize = 6;

/// What one hand does to every point of a digit: a smooth warp, then width, slant and turn.
struct Hand {
    warp: [Point; 4],
    width: f32,
    slant: f32,
    turn: f32,
}

impl Hand {
    fn new(dice: &mut Dice) -> Hand {
        let strength = dice.range(0.02, 0.16);
        let mut vector = || at(dice.bell(), dice.bell()) * strength;
        let warp = [vector(), vector(), vector(), vector()];
        Hand { warp, width: dice.range(0.5, 0.95), slant: dice.range(-0.2, 0.45), turn: dice.bell() * 0.018 }
    }

    fn place(&self, point: Point) -> Point {
        let p = point - at(0.5, 0.5);
        let [a, b, c, d] = self.warp;
        let q = p
            + a * (p.x * p.y * 2.0)
            + b * (p.x * p.x - 0.1)
            + c * (p.y * p.y - 0.1)
            + d * (p.x * p.y * p.y * 4.0);
        at(q.x * self.width - q.y * self.slant, q.y).turned(self.turn)
    }
}

/// strokes -> (1, 1, 28, 28): scaled to the box, drawn with a round soft pen, centred by mass.
fn inked(dice: &mut Dice, strokes: &[Vec<Point>]) -> Tensor {
    const BOX: f32 = 20.0;
    let [_, h, w] = SHAPE;
    let pen = Pen::new(dice);
    let all = || strokes.iter().flatten();
    let low = all().fold(at(f32::INFINITY, f32::INFINITY), |m, p| at(m.x.min(p.x), m.y.min(p.y)));
    let high = all().fold(at(f32::NEG_INFINITY, f32::NEG_INFINITY), |m, p| at(m.x.max(p.x), m.y.max(p.y)));
    let extent = (high.x - low.x).max(high.y - low.y).max(1e-3);
    let scale = (BOX - 2.0 * pen.radius) / extent;
    let (from, to) = ((low + high) * 0.5, at(w as f32, h as f32) * 0.5);
    let lines: Vec<Vec<Point>> =
        strokes.iter().map(|stroke| stroke.iter().map(|&p| (p - from) * scale + to).collect()).collect();

    let mut ink = vec![0.0; h * w];
    for (n, cell) in ink.iter_mut().enumerate() {
        let p = at((n % w) as f32 + 0.5, (n / w) as f32 + 0.5);
        *cell = lines.iter().map(|line| pen.mark(p, line)).fold(0.0, f32::max);
    }
    let (down, right) = shift_to_middle(&ink, h, w);
    Tensor::from_shape_fn((1, 1, h, w), |(_, _, i, j)| {
        let (i, j) = (i.checked_add_signed(-down), j.checked_add_signed(-right));
        match (i, j) {
            (Some(i), Some(j)) if i < h && j < w => whole(ink[i * w + j]),
            _ => 0.0,
        }
    })
}

/// How many whole pixels down and right bring the centre of mass to the middle.
fn shift_to_middle(ink: &[f32], h: usize, w: usize) -> (isize, isize) {
    let (mut mass, mut sum) = (0.0, at(0.0, 0.0));
    for (n, &value) in ink.iter().enumerate() {
        mass += value;
        sum = sum + at((n % w) as f32 + 0.5, (n / w) as f32 + 0.5) * value;
    }
    if mass <= 0.0 {
        return (0, 0);
    }
    let off = at(w as f32, h as f32) * 0.5 - sum * (1.0 / mass);
    (off.y.round() as isize, off.x.round() as isize)
}

/// A round pen whose pressure changes along a stroke.
struct Pen {
    radius: f32,
    edge: f32,
    taper: f32,
    full: f32,
}

impl Pen {
    fn new(dice: &mut Dice) -> Pen {
        Pen {
            radius: dice.range(0.75, 1.75),
            edge: dice.range(0.9, 1.5),
            taper: dice.range(-0.25, 0.25),
            full: dice.range(235.0, 255.0),
        }
    }

    /// The ink that `line` leaves at `p`.
    fn mark(&self, p: Point, line: &[Point]) -> f32 {
        let spans = line.len().saturating_sub(1).max(1) as f32;
        let mut most = 0.0_f32;
        for (k, ends) in line.windows(2).enumerate() {
            let (distance, t) = distance_to_line(p, ends[0], ends[1]);
            let along = (k as f32 + t) / spans - 0.5;
            let radius = self.radius * (1.0 + 2.0 * self.taper * along);
            most = most.max((radius - distance) / self.edge + 0.5);
        }
        self.full * most.clamp(0.0, 1.0)
    }
}
