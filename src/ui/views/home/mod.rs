//! Home: what this is, and one thing to do. A picture, a network, its answer, and "Look inside".

mod cards;
mod foot;
mod lessons;
mod samples;

use crate::app::{Action, Page};
use crate::trace::{Address, Grain, Pass};
use crate::ui::{
    fonts,
    room::{Height, Width},
    theme::{self, space, text_size},
    view::View,
};
use cards::{answer_card_ui, network_card_ui, picture_card_ui};
use egui::{
    Align2, FontId, Galley, Painter, Rect, Role, ScrollArea, Sense, Shape, Stroke, StrokeKind, Ui, UiBuilder,
    WidgetInfo, pos2, vec2,
};
use std::sync::Arc;

/// The bar at the bottom.
const FOOT: f32 = 56.0;
/// The width of a page whose cards are higher.
const NARROW: f32 = 1100.0;
/// Between cards, where the arrow is.
const ARROW: f32 = 34.0;
/// The widths of the first two cards and of the third, as shares.
const SHARES: [f32; 3] = [448.0, 330.0, 382.0];
/// The least width of the third card, which has the button.
const LAST: f32 = 326.0;
/// The widest that the cards are together.
const WIDEST: f32 = 1400.0;
/// The height of a card where there is room.
const CARD: f32 = 392.0;
/// The least height of a card: with less, the page scrolls.
const LEAST_CARD: f32 = 345.0;
/// The size of the blue button.
const BUTTON: egui::Vec2 = vec2(300.0, 60.0);

/// Draws the page.
pub fn home_ui(ui: &mut Ui, view: &View) {
    let whole = ui.max_rect();
    let is_low = view.room.height == Height::Short || !has_room_for_cards(ui, view, whole);
    let is_narrow = view.room.width == Width::Narrow;
    let bottom = if is_narrow || is_low { FOOT + BUTTON.y + space::L } else { FOOT };
    let (page, foot) = whole.split_top_bottom_at_y((whole.bottom() - bottom).max(whole.top()));
    if is_narrow || is_low {
        ui.scope_builder(UiBuilder::new().max_rect(page), |ui| {
            ScrollArea::vertical()
                .id_salt("home")
                .auto_shrink(false)
                .show(ui, |ui| stacked_ui(ui, view, is_narrow));
        });
        // "Look inside" stays where it is while the page scrolls.
        let width = foot.width().min(420.0);
        let at = pos2(foot.center().x - 0.5 * width, foot.top() + space::S);
        look_inside_ui(ui, view, Rect::from_min_size(at, vec2(width, BUTTON.y)));
    } else {
        beside_ui(ui, view, page);
    }
    foot::foot_ui(ui, view, Rect::from_min_max(pos2(foot.left(), foot.bottom() - FOOT), foot.max));
}

/// Whether the cards have their height beside the sentences and the row of lessons.
fn has_room_for_cards(ui: &Ui, view: &View, whole: Rect) -> bool {
    let width = (whole.width() - 2.0 * space::M).min(WIDEST);
    let room = whole.height() - FOOT - head_height(ui, view, width) - lessons::HEIGHT - space::M - space::S;
    room >= if width < NARROW { 1.15 * LEAST_CARD } else { LEAST_CARD }
}

/// The three cards side by side below the sentences.
fn beside_ui(ui: &mut Ui, view: &View, page: Rect) {
    let width = (page.width() - 2.0 * space::M).min(WIDEST);
    let head = head_height(ui, view, width);
    let most = if width < NARROW { 1.15 * CARD } else { CARD };
    let lessons = lessons::HEIGHT + space::M;
    let height = most.min(page.height() - head - lessons - space::S);
    // What is left over stands above and below.
    let top = page.top() + 0.3 * (page.height() - head - height - lessons - space::S).max(0.0);
    let left = page.center().x - 0.5 * width;
    head_ui(ui, view, Rect::from_min_size(pos2(left, top), vec2(width, head)));
    cards_ui(ui, view, Rect::from_min_size(pos2(left, top + head), vec2(width, height)), true);
    let row = pos2(left, top + head + height + space::M);
    let row = Rect::from_min_size(row, vec2(width, lessons::HEIGHT));
    lessons::lessons_ui(ui, view, row, width < NARROW);
}

/// The cards in a page that scrolls: one below the other where it is narrow.
fn stacked_ui(ui: &mut Ui, view: &View, is_narrow: bool) {
    let width = ui.available_width() - space::M;
    let head = head_height(ui, view, width);
    let (rect, _) = ui.allocate_exact_size(vec2(width, head), Sense::hover());
    head_ui(ui, view, rect);
    if !is_narrow {
        let (rect, _) = ui.allocate_exact_size(vec2(width, 1.15 * CARD + space::M), Sense::hover());
        // A child has a cursor of its own: what stands below the cards comes after all of them.
        let mut child = ui.new_child(UiBuilder::new().max_rect(rect));
        cards_ui(&mut child, view, rect.with_max_y(rect.bottom() - space::M), false);
        return row_of_lessons_ui(ui, view, width);
    }
    let heights = [CARD - 20.0, 380.0, 250.0];
    let all = heights.iter().map(|height| height + space::M).sum();
    let (rect, _) = ui.allocate_exact_size(vec2(width, all), Sense::hover());
    let mut top = rect.top();
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect));
    for (number, height) in heights.into_iter().enumerate() {
        let card = Rect::from_min_size(pos2(rect.left(), top), vec2(width, height));
        card_ui(&mut child, view, number, card, false);
        top = card.bottom() + space::M;
    }
    row_of_lessons_ui(ui, view, width);
}

/// The lessons in a page that scrolls.
fn row_of_lessons_ui(ui: &mut Ui, view: &View, width: f32) {
    let (rect, _) = ui.allocate_exact_size(vec2(width, lessons::HEIGHT + space::M), Sense::hover());
    lessons::lessons_ui(ui, view, rect.with_max_y(rect.bottom() - space::M), true);
}

/// The cards side by side, an arrow between them.
fn cards_ui(ui: &mut Ui, view: &View, rect: Rect, has_button: bool) {
    let room = rect.width() - 2.0 * ARROW;
    let [first, second, third] = SHARES;
    let last = (room * third / (first + second + third)).max(LAST);
    let rest = room - last;
    let widths = [rest * first / (first + second), rest * second / (first + second), last];
    let mut x = rect.left();
    for (number, width) in widths.into_iter().enumerate() {
        let card = Rect::from_min_size(pos2(x, rect.top()), vec2(width, rect.height()));
        card_ui(ui, view, number, card, has_button);
        x = card.right() + ARROW;
        if number < 2 {
            let at = pos2(card.right() + 0.5 * ARROW, card.center().y);
            arrow_ui(ui.painter(), at, view.theme.accent);
        }
    }
}

/// What this is, in one sentence, and what to do, in another.
fn head_galleys(ui: &Ui, view: &View, width: f32) -> [Arc<Galley>; 2] {
    let first = FontId::new(text_size::FIRST, fonts::strong());
    let second = FontId::proportional(text_size::TITLE);
    let texts = [("home.what", first, view.theme.text_strong), ("home.how", second, view.theme.text_weak)];
    texts.map(|(key, font, color)| {
        let mut job = egui::text::LayoutJob::simple(view.text(key), font, color, width);
        job.halign = egui::Align::Center;
        ui.painter().layout_job(job)
    })
}

fn head_height(ui: &Ui, view: &View, width: f32) -> f32 {
    head_galleys(ui, view, width).iter().map(|galley| galley.size().y).sum::<f32>() + 38.0
}

fn head_ui(ui: &Ui, view: &View, rect: Rect) {
    let mut y = rect.top() + 14.0;
    for galley in head_galleys(ui, view, rect.width()) {
        let height = galley.size().y;
        ui.painter().galley(pos2(rect.center().x, y), galley, view.theme.text);
        y += height + 4.0;
    }
}

/// A card with its number and its title.
fn card_ui(ui: &mut Ui, view: &View, number: usize, rect: Rect, has_button: bool) {
    let theme = view.theme;
    ui.painter().rect_filled(rect, 8.0, theme.raised);
    ui.painter().rect_stroke(rect, 8.0, Stroke::new(1.0, theme.line), StrokeKind::Inside);
    let dot = pos2(rect.left() + 26.0, rect.top() + 28.0);
    ui.painter().circle_filled(dot, 13.0, theme.accent);
    let digit = (number + 1).to_string();
    ui.painter().text(dot, Align2::CENTER_CENTER, digit, theme::strong_font(), theme.on_accent);
    let answer = if view.state.gives_probabilities() { "home.answer" } else { "home.scores" };
    let title = view.text(["home.picture", "home.network", answer][number]);
    // The title is as large as it fits beside the number.
    let room = rect.right() - dot.x - 30.0;
    let short = if number == 1 { view.text("home.network_short") } else { title.clone() };
    let sizes = [(&title, text_size::EQUATION), (&title, text_size::TITLE), (&title, text_size::BODY)];
    let galleys = [sizes[0], sizes[1], sizes[2], (&short, text_size::BODY)].map(|(words, size)| {
        let font = FontId::new(size, fonts::strong());
        ui.painter().layout_no_wrap(words.clone(), font, theme.text_strong)
    });
    let fits = galleys.iter().position(|galley| galley.size().x <= room).unwrap_or(3);
    let galley = Arc::clone(&galleys[fits]);
    let at = dot + vec2(22.0, -0.5 * galley.size().y);
    ui.painter().galley(at, galley, theme.text_strong);
    let inner = Rect::from_min_max(rect.min + vec2(18.0, 52.0), rect.max - vec2(18.0, 12.0));
    ui.scope_builder(UiBuilder::new().max_rect(inner).id_salt(("card", number)), |ui| match number {
        0 => picture_card_ui(ui, view),
        1 => network_card_ui(ui, view),
        _ => answer_card_ui(ui, view, has_button),
    });
}

fn arrow_ui(painter: &Painter, center: egui::Pos2, color: egui::Color32) {
    let (from, to) = (center - vec2(13.0, 0.0), center + vec2(13.0, 0.0));
    painter.line_segment([from, to - vec2(6.0, 0.0)], Stroke::new(2.5, color));
    let points = vec![to, to - vec2(9.0, 5.0), to - vec2(9.0, -5.0)];
    painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
}

/// The one blue button of the window: to the whole network behind its forward pass.
fn look_inside_ui(ui: &mut Ui, view: &View, rect: Rect) {
    let theme = view.theme;
    let response = ui.interact(rect, ui.scope_id().with("look inside"), Sense::click());
    let words = view.text("home.look_inside");
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
    ui.painter().rect_filled(rect, 6.0, theme.accent);
    if response.hovered() || response.has_focus() {
        let ring = Stroke::new(2.0, theme.text_strong);
        ui.painter().rect_stroke(rect, 6.0, ring, StrokeKind::Outside);
    }
    let font = FontId::new(text_size::HEADING, fonts::strong());
    let at = rect.center() - vec2(16.0, 0.0);
    let text = ui.painter().text(at, Align2::CENTER_CENTER, words, font, theme.on_accent);
    let tip = pos2(text.right() + 30.0, rect.center().y);
    let points = vec![tip, tip - vec2(17.0, 10.0), tip - vec2(17.0, -10.0)];
    ui.painter().add(Shape::convex_polygon(points, theme.on_accent, Stroke::NONE));
    if response.clicked() {
        let plan = view.state.plan();
        let stage = plan.pass_stages(Pass::Fwd).start;
        let first = Address::whole_stage(view.state.trace().time(), view.state.image(), stage);
        view.push(Action::SetPage(Page::Network));
        view.look(&plan.widen(&first, Grain::Pass));
    }
}
