//! The OKLab colour space, in which equal distances look equal.
//!
//! Source: Björn Ottosson, "A perceptual color space for image processing", 2020
//! (<https://bottosson.github.io/posts/oklab/>); the matrices are his.
//! Luminance and contrast ratio: WCAG 2.1, section "relative luminance".

use egui::Color32;

/// A colour by lightness (0 black to 1 white), green-red and blue-yellow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oklab {
    /// Lightness, 0 to 1.
    pub l: f32,
    /// Green (negative) to red.
    pub a: f32,
    /// Blue (negative) to yellow.
    pub b: f32,
}

impl Oklab {
    /// From lightness, chroma (0 to about 0.32 on a screen) and hue in degrees.
    pub fn from_lch(l: f32, chroma: f32, hue_degrees: f32) -> Self {
        let (sin, cos) = hue_degrees.to_radians().sin_cos();
        Self { l, a: chroma * cos, b: chroma * sin }
    }

    /// The way from `self` (t = 0) to `other` (t = 1).
    pub fn lerp(self, other: Self, t: f32) -> Self {
        let mix = |from: f32, to: f32| from + (to - from) * t;
        Self { l: mix(self.l, other.l), a: mix(self.a, other.a), b: mix(self.b, other.b) }
    }

    /// Converts an opaque sRGB colour.
    pub fn from_color(color: Color32) -> Self {
        let [r, g, b] = [color.r(), color.g(), color.b()].map(linear_from_srgb_u8);
        let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
        let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
        let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
        Self {
            l: 0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
            a: 1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
            b: 0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
        }
    }

    /// The nearest sRGB colour of this lightness and hue: chroma gives way where the screen has no such colour.
    pub fn to_srgb(self) -> Color32 {
        let fits = |rgb: [f32; 3]| rgb.iter().all(|c| (-1e-4..=1.0001).contains(c));
        let with_chroma = |k: f32| Self { l: self.l, a: self.a * k, b: self.b * k }.to_linear();
        let mut rgb = with_chroma(1.0);
        if !fits(rgb) {
            let (mut inside, mut outside) = (0.0, 1.0);
            for _ in 0..12 {
                let middle = 0.5 * (inside + outside);
                if fits(with_chroma(middle)) { inside = middle } else { outside = middle }
            }
            rgb = with_chroma(inside);
        }
        let [r, g, b] = rgb.map(srgb_u8_from_linear);
        Color32::from_rgb(r, g, b)
    }

    fn to_linear(self) -> [f32; 3] {
        let l = (self.l + 0.396_337_78 * self.a + 0.215_803_76 * self.b).powi(3);
        let m = (self.l - 0.105_561_346 * self.a - 0.063_854_17 * self.b).powi(3);
        let s = (self.l - 0.089_484_18 * self.a - 1.291_485_5 * self.b).powi(3);
        [
            4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
            -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
            -0.004_196_086 * l - 0.703_418_6 * m + 1.707_614_7 * s,
        ]
    }
}

/// `under` with `over` laid on it at `amount` (0 none, 1 all), mixed as the eye mixes.
pub fn mix(under: Color32, over: Color32, amount: f32) -> Color32 {
    Oklab::from_color(under).lerp(Oklab::from_color(over), amount.clamp(0.0, 1.0)).to_srgb()
}

/// The contrast of two opaque colours, 1 (none) to 21 (black on white).
pub fn contrast_ratio(one: Color32, other: Color32) -> f32 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(color: Color32) -> f32 {
    let [r, g, b] = [color.r(), color.g(), color.b()].map(linear_from_srgb_u8);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn linear_from_srgb_u8(byte: u8) -> f32 {
    let c = f32::from(byte) / 255.0;
    if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

fn srgb_u8_from_linear(linear: f32) -> u8 {
    let c = linear.clamp(0.0, 1.0);
    let srgb = if c <= 0.003_130_8 { 12.92 * c } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 };
    (srgb * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_values() {
        // From the table of the source, computed there from XYZ.
        let white = Oklab::from_color(Color32::WHITE);
        assert!((white.l - 1.0).abs() < 1e-3 && white.a.abs() < 1e-3 && white.b.abs() < 1e-3);
        let red = Oklab::from_color(Color32::from_rgb(255, 0, 0));
        assert!((red.l - 0.628).abs() < 1e-3 && (red.a - 0.225).abs() < 1e-3 && (red.b - 0.126).abs() < 1e-3);
    }

    #[test]
    fn there_and_back() {
        for (r, g, b) in [(0, 0, 0), (255, 255, 255), (12, 200, 99), (255, 0, 255), (1, 2, 3)] {
            let color = Color32::from_rgb(r, g, b);
            assert_eq!(Oklab::from_color(color).to_srgb(), color);
        }
    }

    #[test]
    fn contrast_of_black_on_white() {
        assert!((contrast_ratio(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 0.01);
    }
}
