//! How many examples there are of each class, as bars, and the mean picture of each. A click shows one class only.

use super::push;
use crate::app::{DataAction, JobKind};
use crate::data::{Dataset, Measured};
use crate::ui::{
    names,
    theme::{self, space},
    told,
    view::View,
    widgets::thumbnail::from_pixels,
};
use egui::{Align2, Id, ProgressBar, Rect, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

const ROW: f32 = 34.0;

/// Draws the classes with their counts and mean pictures; a click filters the examples.
pub fn classes_ui(ui: &mut Ui, view: &View, data: &Dataset) {
    let measured = match view.state.data().measured(data, view.state.data().part) {
        Some(Ok(measured)) => Some(&**measured),
        Some(Err(error)) => {
            ui.label(RichText::new(told::data_error(view.words, error)).color(view.theme.bad));
            return;
        }
        None => None,
    };
    let measuring = view.state.jobs().of_kind(JobKind::MeasuringData).map(|job| job.part);
    if let Some(part) = measuring.filter(|_| measured.is_none()) {
        let words = view.text("sets.measuring");
        let bar = ui.add(ProgressBar::new(part).text(&words));
        bar.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, &words));
    } else if measured.is_some() {
        let key = if data.generator().is_some() { "sets.of_some" } else { "sets.of_all" };
        let examples = measured.map_or(0, |measured| measured.statistics.examples).to_string();
        let words = view.fill(key, &[("n", &examples)]);
        ui.label(RichText::new(words).font(theme::small_font()).color(view.theme.text_weak));
    }
    if ui.selectable_label(view.state.data().class.is_none(), view.text("sets.all_classes")).clicked() {
        push(view, DataAction::Class(None));
    }
    let area = ScrollArea::vertical().id_salt("classes").auto_shrink(false);
    area.show_rows(ui, ROW, data.classes().len(), |ui, rows| {
        for class in rows {
            class_ui(ui, view, data, measured, class);
        }
    });
}

fn class_ui(ui: &mut Ui, view: &View, data: &Dataset, measured: Option<&Measured>, class: usize) {
    let theme = view.theme;
    let name = names::class_in(view.words, data.classes(), class).unwrap_or_default();
    let now = view.state.data().class == Some(class);
    let counts = |measured: &Measured| measured.by_class.iter().map(Vec::len).collect::<Vec<_>>();
    let counts = measured.map(counts).unwrap_or_default();
    let count = counts.get(class).copied();
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let count_text = count.map_or_else(String::new, |count| count.to_string());
    let words = view.fill("sets.of_class", &[("class", &name), ("n", &count_text)]);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, now, &words));
    if now || response.hovered() || response.has_focus() {
        let color = if now { theme.accent_soft } else { theme.button_hover };
        ui.painter().rect_filled(rect, f32::from(space::RADIUS), color);
    }
    let square = Rect::from_min_size(rect.min + vec2(2.0, 2.0), vec2(ROW - 4.0, ROW - 4.0));
    let mean = measured.and_then(|measured| measured.means.get(class)?.as_ref());
    let id = Id::unique(("mean", data, view.state.data().part, class));
    let mean = mean.and_then(|mean| from_pixels(ui.ctx(), id, mean));
    if let Some(mean) = &mean {
        mean.paint(ui, theme, square);
    }
    let left = square.right() + space::S;
    let font = theme::small_font();
    let top = rect.top() + 3.0;
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let right = rect.right() - space::S;
    let at = painter.text(pos2(right, top), Align2::RIGHT_TOP, count_text, font.clone(), theme.text_weak);
    painter.with_clip_rect(painter.clip_rect().with_max_x(at.left() - 4.0)).text(
        pos2(left, top),
        Align2::LEFT_TOP,
        name,
        font,
        theme.text,
    );
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let rail = Rect::from_min_max(pos2(left, rect.bottom() - 12.0), pos2(right, rect.bottom() - 5.0));
    painter.rect_filled(rail, 2.0, theme.field);
    let share = count.unwrap_or(0) as f32 / most as f32;
    painter.rect_filled(rail.with_max_x(rail.left() + rail.width() * share), 2.0, theme.accent);
    let response = response.on_hover_ui(|ui| {
        ui.label(&words);
        if let Some(mean) = &mean {
            const SIDE: f32 = 140.0;
            let (rect, _) = ui.allocate_exact_size(vec2(SIDE, SIDE), Sense::hover());
            mean.paint(ui, theme, rect);
        }
    });
    if response.clicked() {
        push(view, DataAction::Class((!now).then_some(class)));
    }
}
