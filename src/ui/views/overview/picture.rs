//! The left end: the picture, what the network sees of it, and what can be done with both.

use super::{Scene, column::unread_ui, picture_rect};
use crate::app::Action;
use crate::data::Content;
use crate::trace::TensorId;
use crate::ui::{
    canvas::{Brush, canvas_ui},
    lit, names,
    original::{original_size, original_ui, unread_pixels},
    theme::{self, space},
    view::View,
};
use egui::{Button, Rect, RichText, ScrollArea, Sense, Ui, UiBuilder, vec2};

/// The height of what stands below the pictures: three buttons.
const BUTTONS: f32 = 124.0;

impl Scene<'_> {
    /// Draws it; answers where the pixels that the network sees are, and how large one is.
    pub(super) fn picture_ui(&self, ui: &mut Ui) -> Option<(Rect, f32)> {
        let (view, rect) = (self.view, picture_rect(self.layout.stage));
        let mut seen = None;
        ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
            ScrollArea::vertical().id_salt("picture").show(ui, |ui| {
                ui.set_width(rect.width());
                ui.spacing_mut().item_spacing.y = 6.0;
                ui.add_space(11.0);
                let in_training = view.state.inputs().training.is_some();
                // Where there is no room for both, what the network sees is enough.
                let side = (rect.height() - BUTTONS - 40.0).clamp(64.0, rect.width());
                let room = rect.height() - side - BUTTONS - 60.0;
                if in_training {
                    batch_ui(ui, view);
                } else if room > 60.0 {
                    caption_ui(ui, &view.text("overview.your_picture"), view);
                    let size = original_size(view, vec2(rect.width(), room.min(rect.width())));
                    let (place, response) = ui.allocate_exact_size(size, Sense::click());
                    let label = format!(
                        "{} {}",
                        view.text("overview.your_picture"),
                        view.state.inputs().picture.name
                    );
                    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
                    original_ui(ui, view, place);
                    let name = &view.state.inputs().picture.name;
                    if response.hovered() {
                        view.read_out(name.as_str(), size_words(view));
                    }
                    if response.clicked() {
                        view.push(Action::ShowAdjust(true));
                    }
                }
                seen = Some(seen_ui(ui, view, side));
                if !in_training {
                    buttons_ui(ui, view, rect.bottom());
                }
            });
        });
        seen
    }
}

fn caption_ui(ui: &mut Ui, words: &str, view: &View) {
    ui.label(RichText::new(words).font(theme::strong_font()).color(view.theme.text_strong));
}

/// `1804 × 1200`, of a picture.
fn size_words(view: &View) -> String {
    match &view.state.inputs().picture.content {
        Content::Picture(picture) => format!("{} × {}", picture.width(), picture.height()),
        Content::Values(_) => String::new(),
    }
}

/// What the network sees; while the pad is open its brush paints here too.
fn seen_ui(ui: &mut Ui, view: &View, side: f32) -> (Rect, f32) {
    let [_, h, w] = view.state.model().network.input;
    caption_ui(ui, &view.text("overview.sees"), view);
    let painted =
        if view.state.inputs().painted.is_some() { view.text("overview.painted") } else { String::new() };
    let size = view.fill("overview.pixels", &[("rows", &h.to_string()), ("cols", &w.to_string())]);
    let size = RichText::new(size + &painted).font(theme::small_font()).color(view.theme.text_weak);
    ui.label(size);
    let brush = (view.state.view().pad && view.state.inputs().training.is_none()).then(|| Brush::kept(ui));
    let cell = side / h.max(w).max(1) as f32;
    let response = canvas_ui(ui, view, "seen", cell, &view.text("overview.sees"), brush);
    let grid = response.screen_from_grid;
    let cell = vec2(grid.cell_points, grid.cell_points);
    let rect = Rect::from_min_size(grid.origin, vec2(w as f32, h as f32) * cell);
    lit::frame_ui(ui.painter(), view, rect, TensorId::INPUT, None);
    if let Some(unseen) = unread_pixels(view) {
        unread_ui(ui, view, &unseen, rect, cell);
        if response.hovered.is_some() {
            let which = names::rows_and_columns(view, &unseen.rows, &unseen.cols).unwrap_or_default();
            view.read_out(
                view.text("overview.sees"),
                view.fill("overview.unseen_pixels", &[("which", &which)]),
            );
        }
    }
    (rect, grid.cell_points)
}

/// Opens, adjusts and draws: as many buttons as stand wholly above `bottom`; the menu has all of them.
fn buttons_ui(ui: &mut Ui, view: &View, bottom: f32) {
    if view.room.is_picture {
        return;
    }
    ui.add_space(space::XS);
    let width = ui.available_width();
    let buttons = [
        ("picture.open", Action::AskForPicture),
        ("overview.adjust", Action::ShowAdjust(true)),
        ("overview.draw", Action::ShowPad(true)),
    ];
    for (key, action) in buttons {
        if ui.cursor().top() + 30.0 > bottom {
            return;
        }
        if ui.add_sized(vec2(width, 30.0), Button::new(view.text(key))).clicked() {
            view.push(action);
        }
    }
}

/// The training step and the picture of its batch, with buttons to the other pictures.
fn batch_ui(ui: &mut Ui, view: &View) {
    let (state, plan) = (view.state, view.state.plan());
    let (image, images) = (state.image(), plan.setup().images);
    let (n, all, step) = (image.to_string(), images.to_string(), state.trace().time().to_string());
    caption_ui(ui, &view.fill("picture.step", &[("step", &step)]), view);
    ui.label(view.fill("picture.image", &[("n", &n), ("all", &all)]));
    ui.horizontal(|ui| {
        for (sign, key, other) in [
            ("◀", "picture.image_before", image.checked_sub(1)),
            ("▶", "picture.image_after", Some(image + 1).filter(|&image| image < images)),
        ] {
            let button = ui.add_enabled(other.is_some(), Button::new(sign).min_size(vec2(34.0, 30.0)));
            button.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::Button, other.is_some(), view.text(key))
            });
            if let Some(image) = other.filter(|_| button.on_hover_text(view.text(key)).clicked()) {
                let look = state.look();
                view.look(&if plan.is_layered() { look } else { look.with_image(image) });
            }
        }
    });
    let right = names::class(view, state.label());
    ui.label(
        RichText::new(view.fill("overview.right_is", &[("class", &right)])).color(view.theme.text_strong),
    );
}
