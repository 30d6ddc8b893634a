//! Augmentation: random shifts, mirroring, rotation and brightness of training pictures, drawn anew in every epoch.

use super::{draw::sin_cos, error::DataError, rng::ExampleRng};
use crate::tensor::Tensor;
use ndarray::Array4;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How training pictures are varied; the default leaves them unchanged.
///
/// Augmentation works on pixels, before preprocessing. Pixels from outside the picture repeat the nearest edge
/// pixel.
///
/// ```
/// use convstep::data::Augment;
///
/// let augment: Augment = "shift=4,flip,rotate=10".parse()?;
/// assert_eq!(augment, Augment { shift: 4, flip: true, rotate: 10.0, brightness: 0.0 });
/// assert_eq!(augment.to_string(), "shift=4,flip,rotate=10");
/// assert!("shear=3".parse::<Augment>().is_err());
/// # Ok::<(), convstep::data::DataError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augment {
    /// The largest shift in each direction, in whole pixels.
    pub shift: u32,
    /// Whether half of the pictures are mirrored left to right.
    pub flip: bool,
    /// The largest rotation about the centre in either direction, in degrees from 0 to 180; bilinear.
    pub rotate: f32,
    /// The brightness range, from 0 to 1: all values are multiplied by one factor between 1 - brightness and 1 +
    /// brightness and clamped to 255.
    pub brightness: f32,
}

const MAX_SHIFT: u32 = 1 << 16;
const FORM: &str = "shift=PIXELS,flip,rotate=DEGREES,brightness=SHARE in any choice, as in shift=2,flip";

impl Augment {
    /// Whether pictures stay unchanged.
    pub fn is_nothing(&self) -> bool {
        *self == Augment::default()
    }

    /// Varies a picture. pixels: (1, C, H, W) in 0..=255 -> the same shape, whole numbers in 0..=255. The result
    /// depends only on `seed`, `epoch` and `index`; each kind of variation has its own random stream, so enabling
    /// one does not change the others.
    pub fn apply(&self, pixels: &Tensor, seed: u64, epoch: u64, index: u64) -> Tensor {
        const AUGMENT: u64 = 0x4155_474d_454e_5421;
        if self.is_nothing() {
            return pixels.clone();
        }
        let mut rng = ExampleRng::in_epoch(seed, AUGMENT, epoch, index);
        let mut draw = || rng.unit();
        // Uniform over the whole numbers from -shift to shift.
        let span = (2 * self.shift.min(MAX_SHIFT) + 1) as f32;
        let mut whole = || (draw() * span).floor() - (span - 1.0) / 2.0;
        let (down, right) = (whole(), whole());
        let mirrored = draw() < 0.5 && self.flip;
        let turns = (2.0 * draw() - 1.0) * self.rotate / 360.0;
        let factor = 1.0 + (2.0 * draw() - 1.0) * self.brightness;
        let (sin, cos) = if self.rotate == 0.0 { (0.0, 1.0) } else { sin_cos(turns) };
        let (_, _, h, w) = pixels.dim();
        let (middle_i, middle_j) = ((h as f32 - 1.0) / 2.0, (w as f32 - 1.0) / 2.0);
        Array4::from_shape_fn(pixels.dim(), |(n, c, i, j)| {
            // The source position of this cell.
            let (y, x) = (i as f32 - middle_i - down, j as f32 - middle_j - right);
            let (i, j) = (cos * y - sin * x + middle_i, sin * y + cos * x + middle_j);
            let j = if mirrored { w as f32 - 1.0 - j } else { j };
            (bilinear(pixels, n, c, i, j) * factor).clamp(0.0, 255.0).round()
        })
    }
}

/// Bilinear interpolation at row `i`, column `j`; positions beyond the edge take the edge's value.
fn bilinear(pixels: &Tensor, n: usize, c: usize, i: f32, j: f32) -> f32 {
    let (_, _, h, w) = pixels.dim();
    let (i, j) = (i.clamp(0.0, h as f32 - 1.0), j.clamp(0.0, w as f32 - 1.0));
    let (up, left) = (i as usize, j as usize);
    let (down, right) = ((up + 1).min(h - 1), (left + 1).min(w - 1));
    let (v, u) = (i - up as f32, j - left as f32);
    let row = |i: usize| pixels[[n, c, i, left]] * (1.0 - u) + pixels[[n, c, i, right]] * u;
    row(up) * (1.0 - v) + row(down) * v
}

impl fmt::Display for Augment {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let parts = [
            (self.shift > 0).then(|| format!("shift={}", self.shift)),
            self.flip.then(|| "flip".to_owned()),
            (self.rotate != 0.0).then(|| format!("rotate={}", self.rotate)),
            (self.brightness != 0.0).then(|| format!("brightness={}", self.brightness)),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.write_str(if parts.is_empty() { "none" } else { "" })?;
        f.write_str(&parts.join(","))
    }
}

impl FromStr for Augment {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let mut augment = Augment::default();
        if text.trim() == "none" {
            return Ok(augment);
        }
        for part in text.split(',').map(str::trim) {
            let wrong = |expected: &str| {
                let got: String = part.chars().take(40).filter(|c| !c.is_control()).collect();
                DataError::wrong("augment", format!("expected {expected}, got \"{got}\"; write {FORM}"))
            };
            let (name, value) =
                part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value)));
            let number = |most: f32, expected: &str| {
                let number = value.and_then(|value| value.trim().parse().ok());
                number.filter(|number| (0.0..=most).contains(number)).ok_or_else(|| wrong(expected))
            };
            match (name.trim(), value) {
                ("shift", Some(value)) => {
                    let pixels = value.trim().parse().ok().filter(|pixels| *pixels <= MAX_SHIFT);
                    augment.shift = pixels.ok_or_else(|| wrong("a whole number of pixels to shift"))?;
                }
                ("flip", None) => augment.flip = true,
                ("rotate", Some(_)) => augment.rotate = number(180.0, "degrees to rotate, from 0 to 180")?,
                ("brightness", Some(_)) => augment.brightness = number(1.0, "brightness from 0 to 1")?,
                _ => return Err(wrong("a variation")),
            }
        }
        Ok(augment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A picture whose cells all differ and that has no symmetry.
    fn picture(h: usize, w: usize) -> Tensor {
        Tensor::from_shape_fn((1, 2, h, w), |(_, c, i, j)| ((c * 101 + i * 17 + j * 7) % 256) as f32)
    }

    #[test]
    fn a_shift_repeats_the_edge() {
        let (augment, pixels) = (Augment { shift: 2, ..Augment::default() }, picture(6, 5));
        let mut seen = std::collections::BTreeSet::new();
        for index in 0..200 {
            let got = augment.apply(&pixels, 1, 0, index);
            let found =
                (-2..=2).flat_map(|down| (-2..=2).map(move |right| (down, right))).find(|(down, right)| {
                    let from = |at: usize, by: &isize, len: usize| {
                        (at as isize - by).clamp(0, len as isize - 1) as usize
                    };
                    got.indexed_iter()
                        .all(|((n, c, i, j), &v)| v == pixels[[n, c, from(i, down, 6), from(j, right, 5)]])
                });
            seen.insert(found.expect("a shift of at most 2"));
        }
        assert_eq!(seen.len(), 25);
    }

    #[test]
    fn half_are_mirrored() {
        let (augment, pixels) = (Augment { flip: true, ..Augment::default() }, picture(4, 5));
        let mut mirror = pixels.clone();
        mirror.invert_axis(ndarray::Axis(3));
        let mirrored = (0..400).filter(|&index| augment.apply(&pixels, 1, 0, index) == mirror).count();
        let same = (0..400).filter(|&index| augment.apply(&pixels, 1, 0, index) == pixels).count();
        assert_eq!(mirrored + same, 400);
        assert!((150..250).contains(&mirrored), "{mirrored}");
    }

    #[test]
    fn turning_keeps_the_middle_and_a_disc() {
        let augment = Augment { rotate: 180.0, ..Augment::default() };
        let disc = Tensor::from_shape_fn((1, 1, 21, 21), |(_, _, i, j)| {
            let (y, x) = (i as f32 - 10.0, j as f32 - 10.0);
            (200.0 - 15.0 * (x * x + y * y).sqrt()).max(0.0).round()
        });
        let bar = Tensor::from_shape_fn((1, 1, 21, 21), |(_, _, _, j)| if j == 10 { 255.0 } else { 0.0 });
        let mut least: f32 = 255.0;
        for index in 0..40 {
            let got = augment.apply(&disc, 3, 0, index);
            for ((_, _, i, j), &value) in got.indexed_iter() {
                // Farther out, the corners come from outside the picture.
                let is_near = (i as f32 - 10.0).hypot(j as f32 - 10.0) <= 9.0;
                assert!(!is_near || (value - disc[[0, 0, i, j]]).abs() < 12.0, "{index}: ({i}, {j}) {value}");
            }
            let got = augment.apply(&bar, 3, 0, index);
            assert_eq!(got[[0, 0, 10, 10]], 255.0);
            least = least.min(got[[0, 0, 0, 10]]);
        }
        assert_eq!(least, 0.0, "no bar was turned");
    }

    #[test]
    fn brightness_is_one_factor() {
        let (augment, pixels) =
            (Augment { brightness: 0.5, ..Augment::default() }, Tensor::from_elem((1, 3, 2, 2), 100.0));
        let values: Vec<f32> = (0..200)
            .map(|index| {
                let got = augment.apply(&pixels, 1, 0, index);
                assert!(got.iter().all(|v| *v == got[[0, 0, 0, 0]]));
                got[[0, 0, 0, 0]]
            })
            .collect();
        let (low, high) =
            values.iter().fold((255.0f32, 0.0f32), |(low, high), v| (low.min(*v), high.max(*v)));
        assert!((50.0..60.0).contains(&low) && (140.0..=150.0).contains(&high), "{low} {high}");
    }

    #[test]
    fn one_more_variation_leaves_the_others() {
        let shift = Augment { shift: 3, ..Augment::default() };
        let both = Augment { brightness: 0.0001, ..shift };
        assert_eq!(shift.apply(&picture(9, 9), 5, 2, 7), both.apply(&picture(9, 9), 5, 2, 7));
    }

    #[test]
    fn mistakes_get_one_line() {
        for text in [
            "",
            "shift",
            "shift=-1",
            "shift=1.5",
            "shift=99999999999",
            "flip=1",
            "rotate=200",
            "rotate=nan",
            "brightness=2",
            "zoom=3",
            "shift=1,,flip",
            "\n",
        ] {
            let error = text.parse::<Augment>().unwrap_err().to_string();
            assert!(error.contains("augment: expected") && !error.contains('\n'), "{text:?}: {error}");
        }
        assert_eq!("none".parse(), Ok(Augment::default()));
        assert_eq!(Augment::default().to_string(), "none");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        #[test]
        fn pure_whole_and_within_range(
            shift in 0u32..20, flip: bool, rotate in 0.0f32..=180.0, brightness in 0.0f32..=1.0,
            h in 1usize..12, w in 1usize..12, seed: u64, epoch: u64, index: u64,
        ) {
            let augment = Augment { shift, flip, rotate, brightness };
            let got = augment.apply(&picture(h, w), seed, epoch, index);
            prop_assert_eq!(got.dim(), (1, 2, h, w));
            prop_assert!(got.iter().all(|v| (0.0..=255.0).contains(v) && v.fract() == 0.0));
            prop_assert_eq!(&got, &augment.apply(&picture(h, w), seed, epoch, index));
            prop_assert_eq!(augment.to_string().parse::<Augment>(), Ok(augment));
        }
    }
}
