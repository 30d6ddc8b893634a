//! The bundled samples: pictures and values that code generates on demand, and a photograph.

use super::draw::{at, colour, coverage, mix, sin_cos, whole};
use super::error::PictureError;
use super::former_names::current_name;
use super::loaded::{Content, Loaded};
use super::picture::Picture;
use super::{digits, shapes};
use crate::tensor::Tensor;

/// A bundled sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// The name by which it is loaded.
    pub name: &'static str,
    /// The name of its class, if it has one.
    pub label: Option<&'static str>,
    /// What it shows.
    pub source: SampleContent,
}

/// What a sample shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SampleContent {
    /// The nth example of a class of [`shapes`].
    Shape {
        /// The index of the class.
        class: usize,
        /// Which of its examples.
        nth: u64,
    },
    /// The nth example of a class of [`digits`].
    Digit {
        /// The index of the class.
        class: usize,
        /// Which of its examples.
        nth: u64,
    },
    /// Figures in pure white on pure black, without grey at their edges: 3 x 32 x 32.
    Figures(&'static [Figure]),
    /// The values of one channel, row by row; not a picture.
    Values {
        /// Rows and columns.
        size: (usize, usize),
        /// The values.
        values: &'static [f32],
    },
    /// A landscape: 3 x 480 x 640, much larger than a network's input.
    Scene,
    /// A photograph: the bytes of its file.
    Photo(&'static [u8]),
}

/// A figure whose pixels are all white or all black.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// A small circle, its upper left corner at (row, column).
    Circle(usize, usize),
    /// The outline of a square, three pixels thick.
    Square {
        /// Row and column of its upper left corner.
        at: (usize, usize),
        /// The length of a side, in pixels.
        side: usize,
    },
}

/// A small circle: `#` is white. A filter of 5 x 5 can only see a semicircle that fits into it.
const CIRCLE: [&[u8; 7]; 7] = [
    b"..###..", //
    b".#####.", b"##...##", b"##...##", b"##...##", b".#####.", b"..###..",
];

impl Figure {
    /// Whether the pixel at (i, j) belongs to the figure's line.
    fn has(self, i: usize, j: usize) -> bool {
        const THICK: usize = 3;
        let within = |(row, column): (usize, usize), side: usize| {
            let (i, j) = (i.checked_sub(row)?, j.checked_sub(column)?);
            (i < side && j < side).then_some((i, j))
        };
        match self {
            Self::Circle(row, column) => {
                within((row, column), CIRCLE.len()).is_some_and(|(i, j)| CIRCLE[i][j] == b'#')
            }
            Self::Square { at, side } => within(at, side)
                .is_some_and(|(i, j)| [i, j, side - 1 - i, side - 1 - j].into_iter().any(|far| far < THICK)),
        }
    }
}

impl SampleContent {
    /// Whether both show the same kind of thing, so that a network for the one can be asked about the other.
    pub fn is_like(&self, other: &Self) -> bool {
        use SampleContent::{Digit, Figures, Photo, Scene, Shape, Values};
        match self {
            Shape { .. } => matches!(other, Shape { .. }),
            Digit { .. } => matches!(other, Digit { .. }),
            Figures(_) => matches!(other, Figures(_)),
            Values { .. } => matches!(other, Values { .. }),
            Scene | Photo(_) => matches!(other, Scene | Photo(_)),
        }
    }
}

/// The seed of all samples that come from a generator.
const SEED: u64 = 2024;

const fn shape(name: &'static str, class: usize, nth: u64) -> Sample {
    Sample { name, label: Some(shapes::CLASSES[class]), source: SampleContent::Shape { class, nth } }
}

const fn digit(name: &'static str, class: usize, nth: u64) -> Sample {
    Sample { name, label: Some(digits::CLASSES[class]), source: SampleContent::Digit { class, nth } }
}

const fn values(name: &'static str, side: usize, values: &'static [f32]) -> Sample {
    Sample { name, label: None, source: SampleContent::Values { size: (side, side), values } }
}

/// Pictures of convolution arithmetic. That of 5x5 is in figure 1.1 of Dumoulin & Visin's guide; the others are cut from
/// it or continue it.
#[rustfmt::skip]
const SIDE_4: &[f32] = &[
    3.0, 3.0, 2.0, 1.0,
    0.0, 0.0, 1.0, 3.0,
    3.0, 1.0, 2.0, 2.0,
    2.0, 0.0, 0.0, 2.0,
];
#[rustfmt::skip]
const SIDE_5: &[f32] = &[
    3.0, 3.0, 2.0, 1.0, 0.0,
    0.0, 0.0, 1.0, 3.0, 1.0,
    3.0, 1.0, 2.0, 2.0, 3.0,
    2.0, 0.0, 0.0, 2.0, 2.0,
    2.0, 0.0, 0.0, 0.0, 1.0,
];
#[rustfmt::skip]
const SIDE_6: &[f32] = &[
    3.0, 3.0, 2.0, 1.0, 0.0, 2.0,
    0.0, 0.0, 1.0, 3.0, 1.0, 1.0,
    3.0, 1.0, 2.0, 2.0, 3.0, 0.0,
    2.0, 0.0, 0.0, 2.0, 2.0, 1.0,
    2.0, 0.0, 0.0, 0.0, 1.0, 3.0,
    1.0, 2.0, 1.0, 0.0, 2.0, 2.0,
];
#[rustfmt::skip]
const SIDE_7: &[f32] = &[
    3.0, 3.0, 2.0, 1.0, 0.0, 2.0, 1.0,
    0.0, 0.0, 1.0, 3.0, 1.0, 1.0, 2.0,
    3.0, 1.0, 2.0, 2.0, 3.0, 0.0, 1.0,
    2.0, 0.0, 0.0, 2.0, 2.0, 1.0, 3.0,
    2.0, 0.0, 0.0, 0.0, 1.0, 3.0, 0.0,
    1.0, 2.0, 1.0, 0.0, 2.0, 2.0, 1.0,
    0.0, 1.0, 3.0, 2.0, 1.0, 0.0, 2.0,
];

/// All bundled samples, in the order in which menus offer them.
pub const SAMPLES: &[Sample] = &[
    Sample {
        name: "cat",
        label: Some("cat"),
        source: SampleContent::Photo(include_bytes!("../../assets/samples/cat.jpg")),
    },
    Sample {
        name: "pattern-circle",
        label: Some("circle"),
        source: SampleContent::Figures(&[Figure::Circle(12, 12)]),
    },
    Sample {
        name: "pattern-square",
        label: Some("square"),
        source: SampleContent::Figures(&[Figure::Square { at: (8, 8), side: 16 }]),
    },
    Sample {
        name: "pattern-both",
        label: None,
        source: SampleContent::Figures(&[Figure::Circle(12, 3), Figure::Square { at: (9, 14), side: 14 }]),
    },
    Sample {
        name: "article-3x3",
        label: None,
        source: SampleContent::Values {
            size: (3, 3),
            values: &[1.0, 2.0, 0.0, 3.0, 1.0, 1.0, 0.0, 2.0, 4.0],
        },
    },
    Sample {
        name: "overlap-3x3",
        label: None,
        source: SampleContent::Values {
            size: (3, 3),
            values: &[1.0, 2.0, 0.0, 3.0, 5.0, 1.0, 0.0, 2.0, 4.0],
        },
    },
    values("arithmetic-2x2", 2, &[2.0, 1.0, 3.0, 2.0]),
    values("arithmetic-3x3", 3, &[2.0, 1.0, 3.0, 0.0, 1.0, 2.0, 3.0, 2.0, 1.0]),
    values("arithmetic-4x4", 4, SIDE_4),
    values("arithmetic-5x5", 5, SIDE_5),
    values("arithmetic-6x6", 6, SIDE_6),
    values("arithmetic-7x7", 7, SIDE_7),
    Sample { name: "scene", label: None, source: SampleContent::Scene },
    shape("shape-circle", 0, 11),
    shape("shape-square", 1, 6),
    shape("shape-triangle", 2, 2),
    shape("shape-cross", 3, 8),
    shape("shape-star", 4, 7),
    shape("shape-ring", 5, 3),
    shape("shape-heart", 6, 16),
    shape("shape-arrow", 7, 7),
    digit("digit-0", 0, 4),
    digit("digit-1", 1, 6),
    digit("digit-2", 2, 3),
    digit("digit-3", 3, 3),
    digit("digit-4", 4, 1),
    digit("digit-5", 5, 0),
    digit("digit-6", 6, 4),
    digit("digit-7", 7, 4),
    digit("digit-8", 8, 8),
    digit("digit-9", 9, 9),
];

/// The sample with this name, or with this former name.
pub fn find(name: &str) -> Option<&'static Sample> {
    let name = current_name(name);
    SAMPLES.iter().find(|sample| sample.name == name)
}

/// Makes the sample with this name, or with this former name.
///
/// ```
/// use convstep::data::samples;
///
/// assert_eq!(samples::load("digit-7")?.label.as_deref(), Some("7"));
/// let error = samples::load("digit7").unwrap_err();
/// assert!(error.to_string().contains("did you mean digit-7"));
/// # Ok::<(), convstep::data::PictureError>(())
/// ```
pub fn load(name: &str) -> Result<Loaded, PictureError> {
    let Some(sample) = find(name) else {
        return Err(PictureError::UnknownSample { got: shortened(name), hint: hint(name) });
    };
    let name = sample.name;
    let content = match sample.source {
        SampleContent::Shape { class, nth } => {
            let (pixels, _) = shapes::sample(SEED, shapes::index_of(SEED, class, nth));
            Content::Picture(Picture::from_tensor(name, &pixels)?)
        }
        SampleContent::Digit { class, nth } => {
            let (pixels, _) = digits::sample(SEED, digits::index_of(SEED, class, nth));
            Content::Picture(Picture::from_tensor(name, &pixels)?)
        }
        SampleContent::Figures(all) => {
            let pixels = Tensor::from_shape_fn((1, 3, 32, 32), |(_, _, i, j)| {
                if all.iter().any(|figure| figure.has(i, j)) { 255.0 } else { 0.0 }
            });
            Content::Picture(Picture::from_tensor(name, &pixels)?)
        }
        SampleContent::Values { size: (h, w), values } => {
            Content::Values(Tensor::from_shape_fn((1, 1, h, w), |(_, _, i, j)| values[i * w + j]))
        }
        SampleContent::Scene => Content::Picture(Picture::from_tensor(name, &scene())?),
        SampleContent::Photo(bytes) => Content::Picture(Picture::decode(name, bytes)?),
    };
    Ok(Loaded { name: name.to_owned(), content, label: sample.label.map(str::to_owned) })
}

/// (1, 3, 480, 640): an evening sky with the sun, and hills that darken towards the viewer.
fn scene() -> Tensor {
    const H: usize = 480;
    const W: usize = 640;
    let sun = at(0.68, 0.4);
    let (zenith, middle, horizon) =
        (colour(0.62, 0.62, 0.52), colour(0.93, 0.38, 0.86), colour(0.1, 0.5, 1.0));
    let sunlight = colour(0.13, 0.25, 1.0);
    // Each range of hills: height of its base and of its waves, frequency and phase of the waves, colour.
    let hills = [
        (0.60, 0.050, 1.3, 0.15, colour(0.90, 0.32, 0.70)),
        (0.68, 0.060, 1.9, 0.55, colour(0.82, 0.34, 0.52)),
        (0.78, 0.050, 1.1, 0.30, colour(0.72, 0.42, 0.36)),
        (0.89, 0.045, 1.6, 0.80, colour(0.66, 0.55, 0.19)),
    ];
    let mut pixels = Tensor::zeros((1, 3, H, W));
    for i in 0..H {
        for j in 0..W {
            // One unit is the picture's height; x is measured from the left.
            let p = at((j as f32 + 0.5) / H as f32, (i as f32 + 0.5) / H as f32);
            let away = (p - at(sun.x * W as f32 / H as f32, sun.y)).length();
            let height = (p.y / 0.62).min(1.0);
            let mut pixel = if height < 0.5 {
                mix(zenith, middle, height * 2.0)
            } else {
                mix(middle, horizon, height * 2.0 - 1.0)
            };
            let glow = 0.05 / (0.05 + away * away * 1.6);
            pixel = mix(pixel, sunlight, 0.75 * glow);
            pixel = mix(pixel, [255.0, 250.0, 225.0], coverage((away - 0.075) * H as f32));
            for (k, &(base, wave, across, begin, shade)) in hills.iter().enumerate() {
                let ridge = base
                    + wave * sin_cos(p.x * across + begin).0
                    + wave * 0.4 * sin_cos(p.x * across * 2.7 + begin * 5.0).0
                    + wave * 0.1 * sin_cos(p.x * across * 9.1 + begin * 11.0).0;
                // Haze gathers at the foot of distant hills.
                let haze = ((p.y - ridge) * 4.0).clamp(0.0, 1.0) * 0.35 * (3 - k) as f32 / 3.0;
                let lit = mix(mix(shade, horizon, haze), sunlight, 0.35 * glow * (3 - k) as f32 / 3.0);
                pixel = mix(pixel, lit, coverage((ridge - p.y) * H as f32));
            }
            for (c, value) in pixel.into_iter().enumerate() {
                pixels[[0, c, i, j]] = whole(value);
            }
        }
    }
    pixels
}

/// A hint with similar names, as the beginning of a sentence; empty if there are none.
fn hint(got: &str) -> String {
    const FURTHEST: usize = 3;
    let got = shortened(got).to_lowercase();
    let contains = |name: &str| got.len() >= 3 && name.contains(&got);
    let mut near: Vec<(usize, &str)> = SAMPLES
        .iter()
        .map(|sample| (if contains(sample.name) { 0 } else { edits(&got, sample.name) }, sample.name))
        .filter(|&(edits, name)| edits <= FURTHEST.min(name.len() / 2))
        .collect();
    near.sort_by_key(|&(edits, _)| edits);
    let best = near.first().map_or(0, |&(edits, _)| edits);
    let names: Vec<&str> =
        near.iter().filter(|&&(edits, _)| edits == best).map(|&(_, name)| name).take(4).collect();
    if names.is_empty() { String::new() } else { format!("did you mean {}? ", names.join(" or ")) }
}

/// The printable beginning of a name.
fn shortened(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// The Levenshtein distance: insertions, deletions and replacements from `a` to `b` (Levenshtein 1966).
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, &y) in b.iter().enumerate() {
            let replaced = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("scene", "scene"), 0);
    }

    #[test]
    fn near_names_are_offered() {
        assert_eq!(hint("scnee"), "did you mean scene? ");
        assert_eq!(hint("circle"), "did you mean pattern-circle or shape-circle? ");
        assert_eq!(hint("a photograph of my cat"), "");
        assert_eq!(hint(""), "");
    }
}
