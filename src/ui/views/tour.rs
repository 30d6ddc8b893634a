//! The tour for a first start: points at the five regions of the window, one after the other.

use crate::app::{Action, TOUR};
use crate::ui::{theme, theme::space, view::View};
use egui::{
    Align, Area, Color32, Frame, Id, LayerId, Layout, Order, Rect, RichText, Stroke, StrokeKind, Ui, Vec2,
    pos2, vec2,
};

/// The regions of the window.
#[derive(Clone, Copy, Default)]
pub struct Regions {
    /// Menus and address, the network, the close-up, the inspector, the transport and the timeline.
    pub rects: [Option<Rect>; TOUR.len()],
}

/// The width of the card.
const WIDTH: f32 = 360.0;

/// Draws a stop of the tour over the window.
pub fn tour_ui(ui: &mut Ui, view: &View, regions: &Regions, stop: usize) {
    let (Some(&name), Some(rect)) = (TOUR.get(stop), regions.rects.get(stop).copied().flatten()) else {
        return;
    };
    let whole = ui.ctx().content_rect();
    let painter = ui.ctx().layer_painter(LayerId::new(Order::Middle, Id::unique("tour shade")));
    let rect = rect.intersect(whole);
    // All but the region lies in the shade.
    let shade = Color32::from_black_alpha(if view.theme.dark { 150 } else { 90 });
    for part in [
        Rect::from_min_max(whole.min, pos2(whole.right(), rect.top())),
        Rect::from_min_max(pos2(whole.left(), rect.bottom()), whole.max),
        Rect::from_min_max(pos2(whole.left(), rect.top()), pos2(rect.left(), rect.bottom())),
        Rect::from_min_max(pos2(rect.right(), rect.top()), pos2(whole.right(), rect.bottom())),
    ] {
        painter.rect_filled(part, 0, shade);
    }
    painter.rect_stroke(rect, 4, Stroke::new(3.0, view.theme.accent), StrokeKind::Inside);
    let frame = Frame::popup(ui.style()).inner_margin(14).stroke(Stroke::new(1.5, view.theme.accent));
    let area = Area::new(Id::unique("tour")).order(Order::Foreground).fixed_pos(place(whole, rect));
    area.show(ui.ctx(), |ui| {
        frame.show(ui, |ui| {
            ui.set_width(WIDTH);
            ui.label(RichText::new(view.text(&format!("tour.{name}"))).font(theme::title_font()));
            ui.label(view.text(&format!("tour.{name}_text")));
            ui.add_space(space::S);
            ui.horizontal(|ui| {
                let all = TOUR.len().to_string();
                let number = (stop + 1).to_string();
                let words = view.fill("tour.number", &[("n", &number), ("all", &all)]);
                ui.label(RichText::new(words).color(view.theme.text_weak));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let is_last = stop + 1 == TOUR.len();
                    let next = ui.button(view.text(if is_last { "tour.end" } else { "tour.next" }));
                    let id = Id::unique("tour stop with the keyboard");
                    // Enter goes on.
                    if ui.data(|data| data.get_temp(id)) != Some(stop) {
                        ui.data_mut(|data| data.insert_temp(id, stop));
                        next.request_focus();
                    }
                    if next.clicked() {
                        ui.data_mut(|data| data.remove::<usize>(id));
                        view.act(Action::Tour(Some(stop + 1)));
                    }
                    if stop > 0 && ui.button(view.text("tour.back")).clicked() {
                        view.act(Action::Tour(Some(stop - 1)));
                    }
                    if !is_last && ui.button(view.text("tour.skip")).clicked() {
                        view.act(Action::Tour(None));
                    }
                });
            });
        });
    });
}

/// Beside the region, on the side where there is room for the card.
fn place(whole: Rect, rect: Rect) -> egui::Pos2 {
    const GAP: f32 = 14.0;
    let size = vec2(WIDTH + 32.0, 170.0);
    let candidates = [
        pos2(rect.center().x - 0.5 * size.x, rect.bottom() + GAP),
        pos2(rect.right() + GAP, rect.center().y - 0.5 * size.y),
        pos2(rect.left() - GAP - size.x, rect.center().y - 0.5 * size.y),
        pos2(rect.center().x - 0.5 * size.x, rect.top() - GAP - size.y),
    ];
    let inner = whole.shrink(8.0);
    let fits = |at: &egui::Pos2| {
        let card = Rect::from_min_size(*at, size);
        let moved = card.translate(inside(inner, card));
        !moved.shrink(2.0).intersects(rect)
    };
    let at = candidates.into_iter().find(fits).unwrap_or(rect.center() - 0.5 * size);
    at + inside(inner, Rect::from_min_size(at, size))
}

/// How far to move a rectangle so that it lies in another.
fn inside(whole: Rect, rect: Rect) -> Vec2 {
    let shift = |lo: f32, hi: f32, from: f32, to: f32| (lo - from).max(0.0) + (hi - to).min(0.0);
    vec2(
        shift(whole.left(), whole.right(), rect.left(), rect.right()),
        shift(whole.top(), whole.bottom(), rect.top(), rect.bottom()),
    )
}
