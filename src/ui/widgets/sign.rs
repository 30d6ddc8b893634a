//! The few drawn signs that stand on buttons without words, and the buttons that carry them.

use crate::ui::theme::{Theme, space};
use egui::{
    Painter, Pos2, Rect, Response, Role, Sense, Shape, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, vec2,
};

/// A sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    /// Three lines: the menu.
    Menu,
    /// A lens: search.
    Search,
    /// An open book: lessons.
    Book,
    /// A screen on a stand: present to a class.
    Present,
    /// A cross: close.
    Close,
    /// A window with a panel at its right.
    Panel,
    /// A triangle to the right: what follows lies further in.
    Inwards,
    /// A framed landscape: a picture of what is shown.
    Picture,
}

impl Sign {
    /// Draws it into a square.
    pub fn paint(self, painter: &Painter, rect: Rect, color: egui::Color32) {
        let stroke = Stroke::new(1.6, color);
        let at = |x: f32, y: f32| -> Pos2 { rect.min + Vec2::new(x, y) * rect.size() };
        let line = |a: (f32, f32), b: (f32, f32)| {
            painter.line_segment([at(a.0, a.1), at(b.0, b.1)], stroke);
        };
        let frame = |a: (f32, f32), b: (f32, f32)| {
            let rect = Rect::from_min_max(at(a.0, a.1), at(b.0, b.1));
            painter.rect_stroke(rect, 1.5, stroke, StrokeKind::Middle);
        };
        match self {
            Self::Menu => {
                for y in [0.2, 0.5, 0.8] {
                    line((0.08, y), (0.92, y));
                }
            }
            Self::Search => {
                painter.circle_stroke(at(0.42, 0.42), 0.3 * rect.width(), stroke);
                line((0.64, 0.64), (0.92, 0.92));
            }
            Self::Book => {
                line((0.5, 0.24), (0.5, 0.9));
                for side in [-1.0, 1.0] {
                    let x = |far: f32| 0.5 + side * far;
                    line((0.5, 0.24), (x(0.16), 0.14));
                    line((x(0.16), 0.14), (x(0.44), 0.14));
                    line((x(0.44), 0.14), (x(0.44), 0.78));
                    line((x(0.44), 0.78), (x(0.16), 0.78));
                    line((x(0.16), 0.78), (0.5, 0.9));
                }
            }
            Self::Present => {
                frame((0.06, 0.12), (0.94, 0.7));
                line((0.5, 0.7), (0.5, 0.92));
                line((0.28, 0.92), (0.72, 0.92));
                let points = vec![at(0.42, 0.28), at(0.62, 0.41), at(0.42, 0.54)];
                painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
            }
            Self::Close => {
                line((0.2, 0.2), (0.8, 0.8));
                line((0.8, 0.2), (0.2, 0.8));
            }
            Self::Panel => {
                frame((0.06, 0.14), (0.94, 0.86));
                line((0.6, 0.14), (0.6, 0.86));
            }
            Self::Picture => {
                frame((0.06, 0.14), (0.94, 0.86));
                painter.circle_filled(at(0.32, 0.38), 0.09 * rect.width(), color);
                line((0.14, 0.76), (0.4, 0.52));
                line((0.4, 0.52), (0.54, 0.66));
                line((0.54, 0.66), (0.7, 0.46));
                line((0.7, 0.46), (0.88, 0.7));
            }
            Self::Inwards => {
                let points = vec![at(0.3, 0.2), at(0.72, 0.5), at(0.3, 0.8)];
                painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
            }
        }
    }
}

/// A button of 30 points with a sign and no words; `words` are its name and its tooltip.
pub fn sign_button_ui(ui: &mut Ui, theme: &Theme, sign: Sign, words: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(32.0, 30.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, words));
    let ground = if response.is_pointer_button_down_on() {
        Some(theme.button_down)
    } else if response.hovered() || response.has_focus() {
        Some(theme.button_hover)
    } else {
        None
    };
    if let Some(ground) = ground {
        ui.painter().rect_filled(rect, space::RADIUS, ground);
    }
    sign.paint(ui.painter(), Rect::from_center_size(rect.center(), Vec2::splat(17.0)), theme.text_strong);
    response.on_hover_text(words)
}
