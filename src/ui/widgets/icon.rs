//! A small drawing for each kind of layer.

use crate::nn::spec::{Kind, Together};
use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2};

/// What an icon shows.
#[derive(Clone, Copy)]
pub enum Icon<'a> {
    /// The input picture.
    Input,
    /// A layer.
    Layer(&'a Kind),
    /// The loss.
    Loss,
}

/// Draws the icon into a square.
pub fn icon_ui(painter: &Painter, rect: Rect, icon: Icon, color: Color32) {
    let thin = Stroke::new(1.2, color);
    let thick = Stroke::new(1.8, color);
    let at = |x: f32, y: f32| -> Pos2 { rect.min + Vec2::new(x, y) * rect.size() };
    let line = |points: &[(f32, f32)], stroke: Stroke| {
        painter.add(Shape::line(points.iter().map(|&(x, y)| at(x, y)).collect(), stroke));
    };
    let curve = |f: fn(f32) -> f32| {
        let points: Vec<(f32, f32)> = (0..=16).map(|k| k as f32 / 16.0).map(|t| (t, f(t))).collect();
        line(&points, thick);
    };
    let frame = |a: (f32, f32), b: (f32, f32), stroke| {
        painter.rect_stroke(Rect::from_min_max(at(a.0, a.1), at(b.0, b.1)), 1.0, stroke, StrokeKind::Inside);
    };
    let fill = |a: (f32, f32), b: (f32, f32)| {
        painter.rect_filled(Rect::from_min_max(at(a.0, a.1), at(b.0, b.1)), 0.5, color);
    };
    let grid = |n: usize| {
        frame((0.0, 0.0), (1.0, 1.0), thin);
        for k in 1..n {
            let t = k as f32 / n as f32;
            line(&[(t, 0.0), (t, 1.0)], thin);
            line(&[(0.0, t), (1.0, t)], thin);
        }
    };
    match icon {
        Icon::Input => {
            frame((0.0, 0.05), (1.0, 0.95), thin);
            line(&[(0.08, 0.8), (0.38, 0.42), (0.58, 0.66), (0.74, 0.5), (0.94, 0.8)], thin);
            painter.circle_filled(at(0.72, 0.28), 0.1 * rect.width(), color);
        }
        Icon::Loss => {
            painter.circle_stroke(rect.center(), 0.45 * rect.width(), thin);
            painter.circle_filled(rect.center(), 0.2 * rect.width(), color);
        }
        Icon::Layer(kind) => match kind {
            // A window over a plane.
            Kind::Conv2d(_) => {
                frame((0.0, 0.0), (1.0, 1.0), thin);
                fill((0.18, 0.18), (0.66, 0.66));
            }
            // A cell of a plane stamped on a larger one.
            Kind::ConvTranspose2d(_) => {
                frame((0.0, 0.0), (1.0, 1.0), thin);
                fill((0.0, 0.0), (0.3, 0.3));
                frame((0.34, 0.34), (1.0, 1.0), thin);
                line(&[(0.3, 0.3), (0.62, 0.62)], thin);
            }
            // One of four.
            Kind::MaxPool2d(_) | Kind::GlobalMaxPool2d | Kind::AdaptiveMaxPool2d(_) => {
                grid(2);
                fill((0.5, 0.0), (1.0, 0.5));
            }
            // Four into one.
            Kind::AvgPool2d(_) | Kind::GlobalAvgPool2d | Kind::AdaptiveAvgPool2d(_) => {
                grid(2);
                painter.circle_filled(rect.center(), 0.22 * rect.width(), color);
            }
            // One into four.
            Kind::Upsample2d(_) => {
                grid(2);
                fill((0.0, 0.0), (0.28, 0.28));
            }
            // A border around a plane.
            Kind::Pad2d(_) => {
                frame((0.0, 0.0), (1.0, 1.0), thin);
                fill((0.25, 0.25), (0.75, 0.75));
            }
            // A corner of a plane.
            Kind::Crop2d(_) => {
                frame((0.0, 0.0), (1.0, 1.0), thin);
                fill((0.0, 0.0), (0.6, 0.6));
            }
            // One of three planes.
            Kind::SliceChannels(_) => {
                for top in [0.0, 0.72] {
                    frame((0.0, top), (1.0, top + 0.28), thin);
                }
                fill((0.0, 0.36), (1.0, 0.64));
            }
            // Planes that change places.
            Kind::ChannelShuffle(_) => {
                for [from, to] in [[0.1, 0.1], [0.37, 0.63], [0.63, 0.37], [0.9, 0.9]] {
                    line(&[(0.0, from), (1.0, to)], thin);
                }
            }
            // Its curve.
            Kind::Activation(activation) => {
                let (function, reach) = (activation.forward_fn(), activation.reach());
                let points: Vec<(f32, f32)> = (0..=32)
                    .map(|k| k as f32 / 32.0)
                    .map(|t| (t, function((2.0 * t - 1.0) * reach)))
                    .collect();
                let low = points.iter().fold(f32::INFINITY, |low, (_, y)| low.min(*y));
                let high = points.iter().fold(f32::NEG_INFINITY, |high, (_, y)| high.max(*y));
                let scale = 0.8 / (high - low).max(1e-6);
                let points: Vec<(f32, f32)> =
                    points.into_iter().map(|(t, y)| (t, 0.9 - scale * (y - low))).collect();
                line(&points, thick);
            }
            // A bend whose left arm may turn.
            Kind::PRelu(_) => {
                line(&[(0.0, 0.75), (0.5, 0.6), (1.0, 0.1)], thick);
                line(&[(0.05, 0.95), (0.5, 0.6)], thin);
            }
            // A plane laid out as a line.
            Kind::Flatten => {
                frame((0.0, 0.2), (0.42, 0.8), thin);
                line(&[(0.5, 0.5), (0.72, 0.5)], thin);
                fill((0.82, 0.0), (1.0, 1.0));
            }
            Kind::Dense(_) => {
                for from in [0.1, 0.5, 0.9] {
                    for to in [0.25, 0.75] {
                        line(&[(0.1, from), (0.9, to)], Stroke::new(1.0, color));
                    }
                    painter.circle_filled(at(0.1, from), 1.6, color);
                }
                for to in [0.25, 0.75] {
                    painter.circle_filled(at(0.9, to), 1.6, color);
                }
            }
            Kind::BatchNorm2d(_) => curve(|t| 0.9 - 0.8 * (-18.0 * (t - 0.5) * (t - 0.5)).exp()),
            // A bell over what is normalised together: some maps of several, one, or all.
            Kind::GroupNorm(norm) => {
                let width = match norm.of {
                    Together::Group(_) => 0.64,
                    Together::Channel => 0.3,
                    Together::Whole => 1.0,
                };
                let bell = |t: f32| 0.68 - 0.68 * (-18.0 * (t - 0.5) * (t - 0.5)).exp();
                let points: Vec<(f32, f32)> =
                    (0..=16).map(|k| k as f32 / 16.0).map(|t| (t * width, bell(t))).collect();
                line(&points, thick);
                for x in [0.0, 0.36, 0.72] {
                    let (from, to) = ((x, 0.8), (x + 0.28, 1.0));
                    if x < width { fill(from, to) } else { frame(from, to, thin) }
                }
            }
            // One of several neighbours, made smaller.
            Kind::LocalResponseNorm(_) => {
                for (x, top) in [(0.05, 0.1), (0.4, 0.45), (0.75, 0.1)] {
                    frame((x, top), (x + 0.22, 1.0), thin);
                }
                fill((0.4, 0.45), (0.62, 1.0));
            }
            Kind::Dropout(_) => {
                painter.circle_stroke(rect.center(), 0.45 * rect.width(), thin);
                line(&[(0.18, 0.82), (0.82, 0.18)], thin);
            }
            // Two lines into one, with the sign of what is done.
            Kind::Add => {
                painter.circle_stroke(rect.center(), 0.45 * rect.width(), thin);
                line(&[(0.5, 0.25), (0.5, 0.75)], thick);
                line(&[(0.25, 0.5), (0.75, 0.5)], thick);
            }
            Kind::Multiply => {
                painter.circle_stroke(rect.center(), 0.45 * rect.width(), thin);
                line(&[(0.32, 0.32), (0.68, 0.68)], thick);
                line(&[(0.32, 0.68), (0.68, 0.32)], thick);
            }
            // One stack on another.
            Kind::Concat => {
                frame((0.1, 0.0), (0.9, 0.42), thin);
                fill((0.1, 0.54), (0.9, 1.0));
            }
            Kind::Softmax => {
                for (x, top) in [(0.05, 0.6), (0.4, 0.05), (0.75, 0.75)] {
                    fill((x, top), (x + 0.22, 1.0));
                }
            }
        },
    }
}

/// The side of an icon beside a line of small text.
pub const SIDE: f32 = 12.0;

/// The square of an icon whose left middle is `at`.
pub fn icon_rect(at: Pos2) -> Rect {
    Rect::from_min_size(pos2(at.x, at.y - 0.5 * SIDE), Vec2::splat(SIDE))
}
