//! The mapping from value to colour: one object, used by the pixels and by the legend alike.
//!
//! - Diverging: blue for negative, neutral for zero, orange for positive; both arms equally light
//!   at equal magnitude. Blue against orange stays apart under every common colour blindness.
//! - Sequential: one ramp of hue from blue-purple over teal to yellow with steadily changing
//!   lightness, after viridis (Smith & van der Walt 2015), but mixed in OKLab. Low values lie
//!   near the ground of the theme, because readers take "more" for what stands out from the ground
//!   (Schloss et al. 2019, "Mapping color to meaning in colormap data visualizations").
//! - Gray and RGB: for pictures, the same in both themes.

use std::sync::LazyLock;

use egui::{
    Align2, Color32, Mesh, Rect, Response, Role, Sense, Shape, Stroke, StrokeKind, Ui, Vec2, WidgetInfo,
};

use super::number;
use super::oklab::Oklab;
use super::theme::{NOT_FINITE, Theme, space, text_size};

/// What kind of values a mapping shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MapKind {
    /// Signed values around zero.
    Diverging,
    /// Values from low to high.
    Sequential,
    /// Picture intensities, black to white.
    Gray,
    /// The three channels of a colour picture, each from black to full.
    Rgb,
    /// One channel of a colour picture, by its number, from black to full red, green or blue.
    Tinted(u8),
}

/// How a value becomes a colour.
///
/// ```
/// use convstep::ui::colormap::Mapping;
/// let mapping = Mapping::fit_signed([-0.5, 2.0], false);
/// assert_eq!((mapping.lo, mapping.hi), (-2.0, 2.0));
/// assert_ne!(mapping.color(-2.0), mapping.color(2.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mapping {
    /// The family of colours.
    pub kind: MapKind,
    /// The value of the first colour; values below have it too.
    pub lo: f32,
    /// The value of the last colour; values above have it too.
    pub hi: f32,
    /// Logarithmic instead of linear: equal factors are equal steps, down to a thousandth of the range.
    pub log: bool,
    /// Colours for the dark theme.
    pub dark: bool,
}

/// What a set of values spans, to tell in the legend what the mapping cuts off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueRange {
    /// The least finite value; `+inf` if there is none.
    pub min: f32,
    /// The greatest finite value; `-inf` if there is none.
    pub max: f32,
    /// How many values are NaN or infinite.
    pub not_finite: usize,
}

impl ValueRange {
    /// The range of all `values`; not-finite ones are only counted.
    pub fn from_values(values: impl IntoIterator<Item = f32>) -> Self {
        let mut value_range = Self { min: f32::INFINITY, max: f32::NEG_INFINITY, not_finite: 0 };
        for value in values {
            if value.is_finite() {
                value_range.min = value_range.min.min(value);
                value_range.max = value_range.max.max(value);
            } else {
                value_range.not_finite += 1;
            }
        }
        value_range
    }

    /// The span of both.
    pub fn union(self, other: Self) -> Self {
        Self {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            not_finite: self.not_finite + other.not_finite,
        }
    }

    /// Whether there is a finite value.
    pub fn is_some(&self) -> bool {
        self.min <= self.max
    }
}

impl Mapping {
    /// Diverging, symmetric around zero, as wide as the value farthest from it.
    pub fn fit_signed(values: impl IntoIterator<Item = f32>, dark: bool) -> Self {
        Self::signed_for(ValueRange::from_values(values), dark)
    }

    /// Sequential from zero (or the least value, if that is negative) to the greatest value.
    pub fn fit_positive(values: impl IntoIterator<Item = f32>, dark: bool) -> Self {
        Self::positive_for(ValueRange::from_values(values), dark)
    }

    /// [`Mapping::fit_signed`] for values already measured.
    pub fn signed_for(value_range: ValueRange, dark: bool) -> Self {
        let reach =
            if value_range.is_some() { value_range.min.abs().max(value_range.max.abs()) } else { 0.0 };
        let reach = if reach > 0.0 { reach } else { 1.0 };
        Self { kind: MapKind::Diverging, lo: -reach, hi: reach, log: false, dark }
    }

    /// [`Mapping::fit_positive`] for values already measured.
    pub fn positive_for(value_range: ValueRange, dark: bool) -> Self {
        let (lo, hi) =
            if value_range.is_some() { (value_range.min.min(0.0), value_range.max) } else { (0.0, 1.0) };
        let hi = if hi > lo { hi } else { lo + 1.0 };
        Self { kind: MapKind::Sequential, lo, hi, log: false, dark }
    }

    /// Gray for a picture with values from `lo` to `hi`.
    pub fn gray(lo: f32, hi: f32, dark: bool) -> Self {
        Self { kind: MapKind::Gray, lo, hi, log: false, dark }
    }

    /// One channel of a colour picture, in its own colour: red (0), green (1) or blue.
    pub fn tinted(channel: usize, lo: f32, hi: f32, dark: bool) -> Self {
        Self { kind: MapKind::Tinted(channel.min(2) as u8), lo, hi, log: false, dark }
    }

    /// Colour for a picture whose channels go from `lo` to `hi`.
    pub fn rgb(lo: f32, hi: f32, dark: bool) -> Self {
        Self { kind: MapKind::Rgb, lo, hi, log: false, dark }
    }

    /// The same mapping, logarithmic or linear.
    pub fn with_log(self, log: bool) -> Self {
        Self { log, ..self }
    }

    /// The colour of `value`. NaN and the infinities have one of their own.
    pub fn color(&self, value: f32) -> Color32 {
        if value.is_finite() { self.color_at(self.position(value)) } else { NOT_FINITE }
    }

    /// The colour of a picture cell with three channels.
    pub fn color_rgb(&self, channels: [f32; 3]) -> Color32 {
        if !channels.iter().all(|c| c.is_finite()) {
            return NOT_FINITE;
        }
        let [r, g, b] = channels.map(|c| byte(self.position(c)));
        Color32::from_rgb(r, g, b)
    }

    /// Where `value` lies between the first colour (0) and the last (1); values outside lie at the ends.
    pub fn position(&self, value: f32) -> f32 {
        // In f64, so that a range such as -3e38..3e38 does not overflow.
        let (lo, hi, value) = (f64::from(self.lo), f64::from(self.hi), f64::from(value));
        if hi <= lo || !value.is_finite() || !(hi - lo).is_finite() {
            return 0.5;
        }
        let position = match (self.kind, self.log) {
            (_, false) => (value - lo) / (hi - lo),
            (MapKind::Diverging, true) => {
                let reach = hi.abs().max(lo.abs());
                0.5 + 0.5 * value.signum() * squeeze(value.abs() / reach)
            }
            (MapKind::Sequential | MapKind::Gray | MapKind::Rgb | MapKind::Tinted(_), true) => {
                squeeze((value - lo) / (hi - lo))
            }
        };
        position.clamp(0.0, 1.0) as f32
    }

    /// The value at `position`; the inverse of [`Mapping::position`] within the range.
    pub fn value_at(&self, position: f32) -> f32 {
        let (lo, hi) = (f64::from(self.lo), f64::from(self.hi));
        let position = f64::from(position.clamp(0.0, 1.0));
        let value = match (self.kind, self.log) {
            (_, false) => lo + (hi - lo) * position,
            (MapKind::Diverging, true) => {
                let from_middle = 2.0 * position - 1.0;
                from_middle.signum() * stretch(from_middle.abs()) * hi.abs().max(lo.abs())
            }
            (MapKind::Sequential | MapKind::Gray | MapKind::Rgb | MapKind::Tinted(_), true) => {
                lo + (hi - lo) * stretch(position)
            }
        };
        value as f32
    }

    /// The colour at `position`.
    pub fn color_at(&self, position: f32) -> Color32 {
        let maps = if self.dark { &*DARK_MAPS } else { &*LIGHT_MAPS };
        let pick = |table: &[Color32]| {
            let index = (position.clamp(0.0, 1.0) * (table.len() - 1) as f32).round() as usize;
            table.get(index).copied().unwrap_or(NOT_FINITE)
        };
        match self.kind {
            MapKind::Diverging => pick(&maps.diverging),
            MapKind::Sequential => pick(&maps.sequential),
            MapKind::Gray | MapKind::Rgb => Color32::from_gray(byte(position)),
            MapKind::Tinted(channel) => {
                // Green is the brightest of the three at the same strength.
                let full: [f32; 3] =
                    [[0.95, 0.24, 0.22], [0.28, 0.86, 0.42], [0.3, 0.42, 1.0]][channel as usize % 3];
                let [r, g, b] = full.map(|share| byte(share * position.clamp(0.0, 1.0)));
                Color32::from_rgb(r, g, b)
            }
        }
    }

    /// All that a texture of coloured values depends on, as a hash key.
    pub fn key(&self) -> (MapKind, u32, u32, bool, bool) {
        (self.kind, self.lo.to_bits(), self.hi.to_bits(), self.log, self.dark)
    }

    /// The values that the legend labels: the ends, and zero if it lies between them.
    pub fn ticks(&self) -> Vec<f32> {
        if self.lo < 0.0 && self.hi > 0.0 { vec![self.lo, 0.0, self.hi] } else { vec![self.lo, self.hi] }
    }
}

/// The share of the range below which a logarithmic scale is linear.
const LOG_FLOOR: f64 = 1e-3;

/// 0..1 to 0..1, logarithmic above [`LOG_FLOOR`].
fn squeeze(x: f64) -> f64 {
    (x.max(0.0) / LOG_FLOOR).ln_1p() / LOG_FLOOR.recip().ln_1p()
}

/// The inverse of [`squeeze`].
fn stretch(y: f64) -> f64 {
    (y * LOG_FLOOR.recip().ln_1p()).exp_m1() * LOG_FLOOR
}

fn byte(position: f32) -> u8 {
    (position.clamp(0.0, 1.0) * 255.0).round() as u8
}

struct Maps {
    /// Odd in length, so that zero has a colour of its own.
    diverging: Vec<Color32>,
    sequential: Vec<Color32>,
}

static LIGHT_MAPS: LazyLock<Maps> = LazyLock::new(|| Maps {
    diverging: diverging(0.975, 0.53),
    sequential: (0..=LAST).rev().map(|k| sequential(k, 0.965, 0.25)).collect(),
});

static DARK_MAPS: LazyLock<Maps> = LazyLock::new(|| Maps {
    diverging: diverging(0.235, 0.79),
    sequential: (0..=LAST).map(|k| sequential(k, 0.95, 0.32)).collect(),
});

/// The last entry of a map; even, so that the diverging one has a middle.
const LAST: usize = 510;

/// Blue, neutral, orange; lightness goes evenly from `neutral` to `end` on both arms.
fn diverging(neutral: f32, end: f32) -> Vec<Color32> {
    const HALF: i32 = LAST as i32 / 2;
    let at = |index: i32| {
        let magnitude = index.abs() as f32 / HALF as f32;
        // Colour comes in fast, so that the sign of a small value is seen, and holds from the middle on.
        let chroma = 0.165 * (1.0 - (1.0 - magnitude).powf(2.2));
        let hue = if index < 0 { 252.0 } else { 55.0 };
        Oklab::from_lch(neutral + (end - neutral) * magnitude, chroma, hue).to_srgb()
    };
    (-HALF..=HALF).map(at).collect()
}

/// Entry `index` of the ramp from `darkest` blue-purple over teal to `lightest` yellow. Lightness goes
/// evenly; colour fades at the end that lies near the ground of the theme, where "nothing" is.
fn sequential(index: usize, lightest: f32, darkest: f32) -> Color32 {
    let t = index as f32 / LAST as f32;
    let lightness = darkest + (lightest - darkest) * t;
    let hue = 300.0 - 195.0 * t.powf(1.15);
    let chroma = 0.085 + 0.06 * (std::f32::consts::PI * t).sin() + 0.02 * t;
    let from_ground = if lightest > 0.96 { 1.0 - t } else { t };
    let fade = (from_ground / 0.3).min(1.0);
    Oklab::from_lch(lightness, chroma * (0.25 + 0.75 * fade * (2.0 - fade)), hue).to_srgb()
}

/// Paints the colours of a mapping from left to right into a rectangle.
pub fn paint_bar(painter: &egui::Painter, mapping: &Mapping, bar: Rect) {
    let mut mesh = Mesh::default();
    let strips = (bar.width() * painter.pixels_per_point()).ceil().clamp(1.0, 1024.0) as usize;
    for strip in 0..strips {
        let [from, to] = [strip, strip + 1].map(|s| egui::lerp(bar.x_range(), s as f32 / strips as f32));
        let color = mapping.color_at((strip as f32 + 0.5) / strips as f32);
        mesh.add_colored_rect(Rect::from_x_y_ranges(from..=to, bar.y_range()), color);
    }
    painter.add(mesh);
}

/// The legend of `mapping`: a bar of its colours `length` points long with labelled ticks.
///
/// If `value_range` (of the values shown) passes the range, a wedge marks that end: colours there stand
/// for "this much or more". If it holds values that are not finite, their colour is shown too.
pub fn legend_ui(ui: &mut Ui, mapping: &Mapping, length: f32, value_range: Option<ValueRange>) -> Response {
    const BAR: f32 = 12.0;
    const WEDGE: f32 = 7.0;
    const TICK: f32 = 4.0;
    let theme = Theme::from_ui(ui);
    let font = egui::FontId::proportional(text_size::SMALL);
    let row = ui.fonts_mut(|fonts| fonts.row_height(&font));

    let below = value_range.is_some_and(|e| e.is_some() && e.min < mapping.lo);
    let above = value_range.is_some_and(|e| e.is_some() && e.max > mapping.hi);
    let not_finite = value_range.map_or(0, |e| e.not_finite);
    let not_finite_text = "NaN ∞";
    let chip = if not_finite > 0 {
        let words = ui.painter().layout_no_wrap(not_finite_text.to_owned(), font.clone(), theme.text_weak);
        space::M + words.size().x
    } else {
        0.0
    };

    let size = Vec2::new(length, BAR + TICK + row);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let bar_width = length - 2.0 * WEDGE - chip;
    let bar = Rect::from_min_size(rect.min + Vec2::new(WEDGE, 0.0), Vec2::new(bar_width.max(1.0), BAR));

    if ui.is_rect_visible(rect) {
        paint_bar(ui.painter(), mapping, bar);
        wedges_ui(ui, mapping, bar, WEDGE, [below, above]);
        ui.painter().rect_stroke(bar, 0, Stroke::new(1.0, theme.plane_frame), StrokeKind::Outside);
        ticks_ui(ui, mapping, bar, (rect.left(), WEDGE, TICK), [below, above]);
        if not_finite > 0 {
            let painter = ui.painter();
            let chip =
                Rect::from_min_size(egui::pos2(rect.right() - chip + space::M, bar.top()), Vec2::splat(BAR));
            painter.rect_filled(chip, 0, NOT_FINITE);
            painter.rect_stroke(chip, 0, Stroke::new(1.0, theme.plane_frame), StrokeKind::Outside);
            let at = egui::pos2(chip.left(), bar.bottom() + TICK);
            painter.text(at, Align2::LEFT_TOP, not_finite_text, font.clone(), theme.text_weak);
        }
    }

    let words = format!(
        "{} … {}{}",
        number::four_digits(mapping.lo),
        number::four_digits(mapping.hi),
        if mapping.log { " (log)" } else { "" }
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &words));
    match response.hover_pos() {
        Some(pos) if bar.contains(pos) => {
            let value = mapping.value_at((pos.x - bar.left()) / bar.width());
            response.on_hover_text_at_pointer(number::four_digits(value))
        }
        Some(_) | None => response,
    }
}

/// The wedges at the ends of a legend's bar, for values below and above its mapping.
fn wedges_ui(ui: &Ui, mapping: &Mapping, bar: Rect, width: f32, [below, above]: [bool; 2]) {
    let stroke = Stroke::new(1.0, Theme::from_ui(ui).plane_frame);
    let wedge = |tip: f32, base: f32, color: Color32| {
        let points = vec![
            egui::pos2(base, bar.top()),
            egui::pos2(tip, bar.center().y),
            egui::pos2(base, bar.bottom()),
        ];
        Shape::convex_polygon(points, color, stroke)
    };
    if below {
        ui.painter().add(wedge(bar.left() - width, bar.left(), mapping.color_at(0.0)));
    }
    if above {
        ui.painter().add(wedge(bar.right() + width, bar.right(), mapping.color_at(1.0)));
    }
}

/// The ticks below a legend's bar and their numbers: the ends first, as a number between them that has no room is left
/// out while its tick stays. `left` is the legend's left edge.
fn ticks_ui(
    ui: &Ui,
    mapping: &Mapping,
    bar: Rect,
    (left, wedge, length): (f32, f32, f32),
    [below, above]: [bool; 2],
) {
    let (painter, theme) = (ui.painter(), Theme::from_ui(ui));
    let font = egui::FontId::proportional(text_size::SMALL);
    let mut labels: Vec<Rect> = Vec::new();
    let mut ticks = mapping.ticks();
    ticks.sort_by_key(|&tick| tick != mapping.lo && tick != mapping.hi);
    for tick in ticks {
        let x = egui::lerp(bar.x_range(), mapping.position(tick));
        let line = bar.bottom()..=bar.bottom() + length;
        painter.vline(painter.round_to_pixel_center(x), line, Stroke::new(1.0, theme.line_strong));
        let (anchor, x) = if tick == mapping.lo {
            (Align2::LEFT_TOP, left)
        } else if tick == mapping.hi {
            (Align2::RIGHT_TOP, bar.right() + wedge)
        } else {
            (Align2::CENTER_TOP, x)
        };
        let text = match tick {
            t if t == mapping.lo && below => format!("≤ {}", number::short(t)),
            t if t == mapping.hi && above => format!("≥ {}", number::short(t)),
            t => number::short(t),
        };
        let galley = painter.layout_no_wrap(text, font.clone(), theme.text_weak);
        let label = anchor.anchor_size(egui::pos2(x, bar.bottom() + length), galley.size());
        if labels.iter().all(|other| !other.expand2(Vec2::new(3.0, 0.0)).intersects(label)) {
            painter.galley(label.min, galley, theme.text_weak);
            labels.push(label);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lightness(colors: &[Color32]) -> Vec<f32> {
        colors.iter().map(|&c| Oklab::from_color(c).l).collect()
    }

    /// Bytes round, so neighbours may be equal or off by half a byte; over eight entries it must rise.
    fn rises(lightness: &[f32]) -> bool {
        lightness.windows(2).all(|w| w[1] >= w[0] - 0.002) && lightness.windows(9).all(|w| w[8] > w[0])
    }

    #[test]
    fn sequential_lightness_is_monotone() {
        assert!(rises(&lightness(&DARK_MAPS.sequential)));
        let mut light = lightness(&LIGHT_MAPS.sequential);
        light.reverse();
        assert!(rises(&light));
    }

    #[test]
    fn sequential_steps_look_equal() {
        // Over a sixteenth of the map each, in OKLab distance.
        let distance = |one: Color32, other: Color32| {
            let (p, q) = (Oklab::from_color(one), Oklab::from_color(other));
            ((p.l - q.l).powi(2) + (p.a - q.a).powi(2) + (p.b - q.b).powi(2)).sqrt()
        };
        let stops: Vec<Color32> = DARK_MAPS.sequential.iter().copied().step_by(LAST / 15).collect();
        let steps: Vec<f32> = stops.windows(2).map(|w| distance(w[0], w[1])).collect();
        let (least, most) = steps.iter().fold((f32::MAX, 0f32), |(l, m), &s| (l.min(s), m.max(s)));
        assert!(most < 1.8 * least, "{steps:?}");
    }

    #[test]
    fn arms_leave_zero_evenly() {
        for (maps, away) in [(&*LIGHT_MAPS, -1.0), (&*DARK_MAPS, 1.0)] {
            let l: Vec<f32> = lightness(&maps.diverging).into_iter().map(|l| l * away).collect();
            let (negative, positive) = l.split_at(255);
            assert!(rises(positive));
            assert!(rises(&negative.iter().rev().copied().collect::<Vec<_>>()));
            for (n, p) in negative.iter().rev().zip(&positive[1..]) {
                assert!((n - p).abs() < 0.01, "equal magnitudes are equally light");
            }
        }
    }

    #[test]
    fn little_is_told_from_the_dark_ground() {
        let ground = Oklab::from_color(Theme::dark().ground).l;
        let little = Oklab::from_color(Mapping::fit_positive([0.0, 1.0], true).color(0.1)).l;
        assert!(little - ground >= 0.1, "{little} on {ground}");
    }

    #[test]
    fn zero_is_neutral() {
        for dark in [false, true] {
            let zero = Oklab::from_color(Mapping::fit_signed([-3.0, 1.0], dark).color(0.0));
            assert!(zero.a.abs() < 0.01 && zero.b.abs() < 0.01);
            assert!(if dark { zero.l < 0.3 } else { zero.l > 0.95 });
        }
    }

    #[test]
    fn not_finite_is_unlike_every_data_color() {
        let magenta = Oklab::from_color(NOT_FINITE);
        for maps in [&*LIGHT_MAPS, &*DARK_MAPS] {
            for &color in maps.diverging.iter().chain(&maps.sequential) {
                let c = Oklab::from_color(color);
                let distance = ((c.a - magenta.a).powi(2) + (c.b - magenta.b).powi(2)).sqrt();
                assert!(distance > 0.12, "{color:?}");
            }
        }
        let mapping = Mapping::fit_positive([0.0, 1.0], false);
        assert_eq!(mapping.color(f32::NAN), NOT_FINITE);
        assert_eq!(mapping.color(f32::NEG_INFINITY), NOT_FINITE);
        assert_eq!(mapping.color_rgb([0.0, f32::NAN, 0.0]), NOT_FINITE);
    }

    #[test]
    fn blue_and_orange_stay_apart_for_dichromats() {
        // In OKLab the confusion lines of red-green blindness run along a; b must differ.
        for maps in [&*LIGHT_MAPS, &*DARK_MAPS] {
            for k in [64, 128, 255] {
                let (n, p) =
                    (Oklab::from_color(maps.diverging[255 - k]), Oklab::from_color(maps.diverging[255 + k]));
                assert!(p.b - n.b > 0.1, "{k}: {n:?} {p:?}");
            }
        }
    }

    #[test]
    fn fits() {
        let signed = Mapping::fit_signed([f32::NAN, 0.25, -1.5, f32::INFINITY], false);
        assert_eq!((signed.lo, signed.hi), (-1.5, 1.5));
        let none = Mapping::fit_signed([], true);
        assert_eq!((none.lo, none.hi), (-1.0, 1.0));
        let positive = Mapping::fit_positive([0.5, 3.0], false);
        assert_eq!((positive.lo, positive.hi), (0.0, 3.0));
        let zeros = Mapping::fit_positive([0.0; 4], false);
        assert_eq!((zeros.lo, zeros.hi), (0.0, 1.0));
        let value_range = ValueRange::from_values([1.0, f32::NAN]);
        assert_eq!((value_range.min, value_range.max, value_range.not_finite), (1.0, 1.0, 1));
        assert!(!ValueRange::from_values([]).is_some());
    }

    fn any_mapping() -> impl Strategy<Value = Mapping> {
        let kinds = [MapKind::Diverging, MapKind::Sequential, MapKind::Gray, MapKind::Rgb];
        (0usize..4, 1e-6f32..1e6, any::<bool>(), any::<bool>()).prop_map(move |(k, hi, log, dark)| Mapping {
            kind: kinds[k],
            lo: if k == 0 { -hi } else { 0.0 },
            hi,
            log,
            dark,
        })
    }

    proptest! {
        #[test]
        fn position_is_monotone(mapping in any_mapping(), a: f32, b: f32) {
            prop_assume!(a.is_finite() && b.is_finite() && a <= b);
            prop_assert!(mapping.position(a) <= mapping.position(b));
            prop_assert!((0.0..=1.0).contains(&mapping.position(a)));
        }

        #[test]
        fn legend_reads_back(mapping in any_mapping(), position in 0.0f32..=1.0) {
            let back = mapping.position(mapping.value_at(position));
            prop_assert!((back - position).abs() < 1e-3, "{} {}", back, position);
        }

        #[test]
        fn any_bits_have_a_color(mapping in any_mapping(), bits: u32) {
            let value = f32::from_bits(bits);
            prop_assert_eq!(mapping.color(value) == NOT_FINITE, !value.is_finite());
        }
    }
}
