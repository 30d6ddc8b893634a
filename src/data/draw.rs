//! Plane geometry for drawing with distance functions: points, outlines, pen strokes, colours.

use std::ops::{Add, Mul, Sub};

/// A point or vector; x points right, y down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub x: f32,
    pub y: f32,
}

/// A point.
pub(super) const fn at(x: f32, y: f32) -> Point {
    Point { x, y }
}

impl Add for Point {
    type Output = Point;
    fn add(self, o: Point) -> Point {
        at(self.x + o.x, self.y + o.y)
    }
}

impl Sub for Point {
    type Output = Point;
    fn sub(self, o: Point) -> Point {
        at(self.x - o.x, self.y - o.y)
    }
}

impl Mul<f32> for Point {
    type Output = Point;
    fn mul(self, s: f32) -> Point {
        at(self.x * s, self.y * s)
    }
}

impl Point {
    /// The dot product.
    pub(super) fn dot(self, o: Point) -> f32 {
        self.x * o.x + self.y * o.y
    }

    /// Length.
    pub(super) fn length(self) -> f32 {
        self.dot(self).sqrt()
    }

    /// Rotated about the origin; 0.25 `turns` map the x axis to the y axis.
    pub(super) fn turned(self, turns: f32) -> Point {
        let (sin, cos) = sin_cos(turns);
        at(cos * self.x - sin * self.y, sin * self.x + cos * self.y)
    }
}

/// Sine and cosine of an angle in full turns, by power series. Library functions may differ in the last bit between
/// machines; this gives the same bits on all of them.
pub(super) fn sin_cos(turns: f32) -> (f32, f32) {
    let turns = f64::from(turns);
    let x = (turns - turns.round()) * std::f64::consts::TAU;
    let series = |first: f64, from: u32| {
        let (mut term, mut sum) = (first, first);
        for k in 0..10 {
            let n = f64::from(from + 2 * k);
            term *= -x * x / ((n + 1.0) * (n + 2.0));
            sum += term;
        }
        sum as f32
    };
    (series(x, 1), series(1.0, 0))
}

/// The distance from `p` to the segment from `a` to `b`, and the position of the nearest point on it, 0..=1.
pub(super) fn distance_to_line(p: Point, a: Point, b: Point) -> (f32, f32) {
    let (along, to) = (b - a, p - a);
    let squared = along.dot(along);
    let t = if squared > 0.0 { (to.dot(along) / squared).clamp(0.0, 1.0) } else { 0.0 };
    ((to - along * t).length(), t)
}

/// The distance from `p` to a closed polygon, negative inside (even-odd rule).
pub(super) fn distance_to_polygon(p: Point, corners: &[Point]) -> f32 {
    let mut nearest = f32::INFINITY;
    let mut inside = false;
    for (k, &a) in corners.iter().enumerate() {
        let b = corners[(k + 1) % corners.len()];
        nearest = nearest.min(distance_to_line(p, a, b).0);
        if (a.y > p.y) != (b.y > p.y) && p.x < a.x + (b.x - a.x) * (p.y - a.y) / (b.y - a.y) {
            inside = !inside;
        }
    }
    if inside { -nearest } else { nearest }
}

/// The share of a pixel that is covered, given the distance of its centre from the edge, in pixels.
pub(super) fn coverage(distance: f32) -> f32 {
    (0.5 - distance).clamp(0.0, 1.0)
}

/// A Catmull-Rom curve through all `points`, as a polyline.
pub(super) fn curve(points: &[Point], lines_per_span: usize) -> Vec<Point> {
    let Some((&first, rest)) = points.split_first() else { return Vec::new() };
    let mut path = vec![first];
    for k in 0..rest.len() {
        let (p1, p2) = (points[k], points[k + 1]);
        // The curve is extended linearly beyond its ends.
        let p0 = if k > 0 { points[k - 1] } else { p1 + p1 - p2 };
        let p3 = points.get(k + 2).copied().unwrap_or(p2 + p2 - p1);
        for line in 1..=lines_per_span {
            let t = line as f32 / lines_per_span as f32;
            let a = p1 * 2.0;
            let b = p2 - p0;
            let c = p0 * 2.0 - p1 * 5.0 + p2 * 4.0 - p3;
            let d = p1 * 3.0 - p0 - p2 * 3.0 + p3;
            path.push((a + b * t + c * (t * t) + d * (t * t * t)) * 0.5);
        }
    }
    path
}

/// Red, green, blue in 0.0..=255.0.
pub(super) type Colour = [f32; 3];

/// A colour from hue (in turns), saturation and value in 0..=1.
pub(super) fn colour(hue: f32, saturation: f32, value: f32) -> Colour {
    let sector = (hue - hue.floor()) * 6.0;
    [5.0, 3.0, 1.0].map(|offset: f32| {
        let k = (offset + sector) % 6.0;
        255.0 * value * (1.0 - saturation * k.min(4.0 - k).clamp(0.0, 1.0))
    })
}

/// Linear interpolation from `a` (t = 0) to `b` (t = 1).
pub(super) fn mix(a: Colour, b: Colour, t: f32) -> Colour {
    std::array::from_fn(|c| a[c] + (b[c] - a[c]) * t)
}

/// The brightness that separates figure from background: ITU-R BT.601 luma.
pub(super) fn brightness([r, g, b]: Colour) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

/// The nearest whole number in 0..=255.
pub(super) fn whole(value: f32) -> f32 {
    value.clamp(0.0, 255.0).round()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_and_cosine_are_right() {
        for k in -40..=40 {
            let turns = k as f32 * 0.037;
            let (sin, cos) = sin_cos(turns);
            let angle = f64::from(turns) * std::f64::consts::TAU;
            assert!((f64::from(sin) - angle.sin()).abs() < 1e-6, "{turns}");
            assert!((f64::from(cos) - angle.cos()).abs() < 1e-6, "{turns}");
        }
    }

    #[test]
    fn distances() {
        let square = [at(-1.0, -1.0), at(1.0, -1.0), at(1.0, 1.0), at(-1.0, 1.0)];
        assert_eq!(distance_to_polygon(at(0.0, 0.0), &square), -1.0);
        assert_eq!(distance_to_polygon(at(3.0, 0.0), &square), 2.0);
        assert_eq!(distance_to_line(at(1.0, 1.0), at(0.0, 0.0), at(0.0, 0.0)), (2.0_f32.sqrt(), 0.0));
    }

    #[test]
    fn a_curve_passes_through_its_points() {
        let points = [at(0.0, 0.0), at(1.0, 2.0), at(3.0, 1.0)];
        let path = curve(&points, 8);
        assert_eq!(path.len(), 17);
        assert_eq!((path[0], path[8], path[16]), (points[0], points[1], points[2]));
        assert!(curve(&[], 8).is_empty());
    }

    #[test]
    fn primary_colours() {
        assert_eq!(colour(0.0, 1.0, 1.0), [255.0, 0.0, 0.0]);
        assert_eq!(colour(0.5, 1.0, 1.0), [0.0, 255.0, 255.0]);
        assert_eq!(colour(0.3, 0.0, 1.0), [255.0; 3]);
    }
}
