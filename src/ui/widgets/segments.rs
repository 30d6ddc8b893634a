//! A choice among a few: all of them side by side, or, where there is no room, as a list.

use super::flow::body_width;
use crate::ui::theme::{self, Theme, space};
use egui::{
    Align2, ComboBox, CornerRadius, Rect, RichText, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2,
};

/// The height of the control.
const HEIGHT: f32 = 30.0;
/// Left and right of each word.
const PADDING: f32 = 9.0;

/// The width of the choices side by side, in points.
pub fn segments_width(ui: &Ui, words: &[String]) -> f32 {
    words.iter().map(|word| (body_width(ui, word) + 2.0 * PADDING).ceil()).sum::<f32>() + 4.0
}

/// The width of the choice as a list with `shown` in it, in points.
pub fn list_width(ui: &Ui, shown: &str) -> f32 {
    (body_width(ui, shown) + 46.0).ceil()
}

/// The choices side by side, the chosen one framed; answers the one that was clicked. `name` is the name of
/// the choice.
pub fn segments_ui(ui: &mut Ui, theme: &Theme, name: &str, words: &[String], chosen: usize) -> Option<usize> {
    let (whole, _) = ui.allocate_exact_size(vec2(segments_width(ui, words), HEIGHT), Sense::hover());
    ui.painter().rect_filled(whole, space::RADIUS, theme.button);
    let mut left = whole.left() + 2.0;
    let mut clicked = None;
    for (k, word) in words.iter().enumerate() {
        let width = (body_width(ui, word) + 2.0 * PADDING).ceil();
        let rect = Rect::from_min_size(egui::pos2(left, whole.top()), vec2(width, HEIGHT));
        left += width;
        let response = ui.interact(rect, ui.scope_id().with((name, k)), Sense::click());
        let is_chosen = k == chosen;
        response.widget_info(|| {
            WidgetInfo::selected(Role::RadioButton, true, is_chosen, format!("{name}: {word}"))
        });
        let inner = rect.shrink2(vec2(0.0, 2.0));
        let radius = CornerRadius::same(space::RADIUS);
        if is_chosen {
            ui.painter().rect_filled(inner, radius, theme.field);
            ui.painter().rect_stroke(inner, radius, Stroke::new(1.0, theme.line_strong), StrokeKind::Inside);
        } else if response.hovered() {
            ui.painter().rect_filled(inner, radius, theme.button_hover);
        }
        if response.has_focus() {
            ui.painter().rect_stroke(inner, radius, Stroke::new(2.0, theme.accent), StrokeKind::Inside);
        }
        let color = if is_chosen { theme.accent } else { theme.text };
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, word, theme::body_font(), color);
        if response.clicked() {
            clicked = Some(k);
        }
    }
    clicked.filter(|&k| k != chosen)
}

/// The same choice as a list that shows the chosen word.
pub fn list_ui(ui: &mut Ui, theme: &Theme, name: &str, words: &[String], chosen: usize) -> Option<usize> {
    let now = words.get(chosen).map(String::as_str).unwrap_or_default();
    titled_list_ui(ui, theme, name, ["", now], words, chosen)
}

/// The same choice as a list that shows `front` in weak ink, and `now` behind it.
pub fn titled_list_ui(
    ui: &mut Ui,
    theme: &Theme,
    name: &str,
    [front, now]: [&str; 2],
    words: &[String],
    chosen: usize,
) -> Option<usize> {
    let mut clicked = None;
    let mut job = egui::text::LayoutJob::default();
    let format = |color| egui::TextFormat { font_id: theme::body_font(), color, ..Default::default() };
    if !front.is_empty() {
        job.append(&format!("{front} "), 0.0, format(theme.text_weak));
    }
    job.append(now, 0.0, format(theme.text));
    let shown = if front.is_empty() { now.to_owned() } else { format!("{front} {now}") };
    let width = list_width(ui, &shown) - 24.0;
    let combo = ComboBox::from_id_salt(name).width(width).height(420.0).selected_text(job);
    let combo = combo.show_ui(ui, |ui| {
        for (k, word) in words.iter().enumerate() {
            let text = RichText::new(word).font(theme::body_font());
            if ui.selectable_label(k == chosen, text).clicked() {
                clicked = Some(k);
            }
        }
    });
    let word = words.get(chosen).map(String::as_str).unwrap_or_default();
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, format!("{name}: {word}")));
    clicked.filter(|&k| k != chosen)
}
