//! A picture of what is shown: how it is drawn and written, what it looks like, and the buttons to save and copy it.

use crate::app::{Action, Digits, Lang, PictureAction, PicturePart, PictureSetup};
use crate::export::picture::Format;
use crate::ui::{
    theme::{self, space},
    view::View,
    widgets::segments::segments_ui,
};
use egui::{
    Align2, Button, Color32, ColorImage, DragValue, Id, Rect, RichText, Role, ScrollArea, Sense, Stroke,
    StrokeKind, TextureHandle, TextureOptions, Ui, Vec2, WidgetInfo, Window, vec2,
};
use image::RgbaImage;
use std::sync::Arc;

/// The width of the names of the choices.
const NAMES: f32 = 92.0;
/// The width of the choices, names included.
const CHOICES: f32 = 410.0;
/// The size of the small picture, with its frame.
const PREVIEW: Vec2 = vec2(320.0, 240.0);

/// Draws the sheet over the window.
pub fn picture_sheet_ui(ui: &mut Ui, view: &View) {
    let mut is_open = true;
    let room = view.room.window.size() - vec2(60.0, 110.0);
    // Between and beside both, with the room of a scroll bar.
    let wide = CHOICES + PREVIEW.x + 2.0 * space::XL;
    let is_wide = room.x >= wide;
    let width = if is_wide { wide } else { room.x.min(CHOICES + space::XL) };
    Window::new(view.text("picture_sheet.title"))
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0))
        .fixed_size(vec2(width, 0.0))
        .open(&mut is_open)
        .show(ui.ctx(), |ui| {
            ScrollArea::vertical().max_height(room.y).min_scrolled_height(room.y).show(ui, |ui| {
                if is_wide {
                    ui.horizontal_top(|ui| {
                        ui.vertical(|ui| {
                            ui.set_width(CHOICES);
                            choices_ui(ui, view);
                        });
                        ui.add_space(space::L);
                        ui.vertical(|ui| preview_ui(ui, view));
                    });
                } else {
                    choices_ui(ui, view);
                }
                ui.add_space(space::S);
                buttons_ui(ui, view);
            });
        });
    if !is_open {
        view.push(Action::ShowSheet(None));
    }
}

fn choices_ui(ui: &mut Ui, view: &View) {
    let now = view.state.picture().setup;
    let mut setup = now;
    ui.spacing_mut().item_spacing.y = space::S;
    choice_ui(ui, view, "part", PicturePart::ALL, &mut setup.part, |part| view.text(part.key()));
    choice_ui(ui, view, "format", Format::ALL, &mut setup.format, |format| format.ending().to_uppercase());
    size_ui(ui, view, &mut setup);
    let themes = [false, true];
    choice_ui(ui, view, "theme", themes, &mut setup.is_dark, |is_dark| {
        view.text(if is_dark { "menu.dark" } else { "menu.light" })
    });
    choice_ui(ui, view, "language", Lang::ALL, &mut setup.lang, |lang| lang.name().to_owned());
    choice_ui(ui, view, "digits", Digits::ALL, &mut setup.digits, |digits| {
        digits.count().map_or_else(|| view.text("menu.all_digits"), |count| count.to_string())
    });
    let is_alone = setup.part == PicturePart::Stage;
    let boxes = [
        ("transparent", &mut setup.is_transparent, true),
        ("legend", &mut setup.has_legend, is_alone),
        ("caption", &mut setup.has_caption, is_alone),
    ];
    for (key, value, enabled) in boxes {
        ui.horizontal(|ui| {
            ui.add_space(NAMES + space::S);
            let words = view.text(&format!("picture_sheet.{key}"));
            ui.add_enabled(enabled, egui::Checkbox::new(value, words));
        });
    }
    if setup != now {
        view.push(PictureAction::Set(setup).into());
    }
}

/// A choice: its name, and all its values side by side.
fn choice_ui<T: Copy + PartialEq, const N: usize>(
    ui: &mut Ui,
    view: &View,
    key: &str,
    all: [T; N],
    value: &mut T,
    words: impl Fn(T) -> String,
) {
    let name = view.text(&format!("picture_sheet.{key}"));
    ui.horizontal(|ui| {
        name_ui(ui, view, &name);
        let chosen = all.iter().position(|choice| choice == value).unwrap_or(0);
        if let Some(clicked) = segments_ui(ui, view.theme, &name, &all.map(words), chosen) {
            *value = all[clicked];
        }
    });
}

fn name_ui(ui: &mut Ui, view: &View, name: &str) {
    let (rect, _) = ui.allocate_exact_size(vec2(NAMES, 30.0), Sense::hover());
    ui.painter().text(
        rect.left_center(),
        Align2::LEFT_CENTER,
        name,
        theme::body_font(),
        view.theme.text_weak,
    );
}

/// Width and height in points, and how many pixels that makes.
fn size_ui(ui: &mut Ui, view: &View, setup: &mut PictureSetup) {
    ui.horizontal(|ui| {
        name_ui(ui, view, &view.text("picture_sheet.size"));
        for (side, key) in ["picture_sheet.width", "picture_sheet.height"].into_iter().enumerate() {
            if side > 0 {
                ui.label("×");
            }
            let [least, most] = PictureSetup::SIDES;
            let field = DragValue::new(&mut setup.size[side]).range(least..=most).speed(2.0);
            let response = ui.add_sized(vec2(70.0, 30.0), field);
            let words = view.text(key);
            response.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, &words));
            response.on_hover_text(words);
        }
    });
    ui.horizontal(|ui| {
        name_ui(ui, view, &view.text("picture_sheet.scale"));
        let scales = [1, 2, 3, 4];
        let words = scales.map(|scale| format!("{scale}×"));
        let chosen = scales.iter().position(|scale| *scale == setup.scale).unwrap_or(0);
        let name = view.text("picture_sheet.scale");
        if let Some(clicked) = segments_ui(ui, view.theme, &name, &words, chosen) {
            setup.scale = scales[clicked];
        }
        let [w, h] = setup.size.map(|side| (side * setup.scale).to_string());
        let pixels = view.fill("picture_sheet.pixels", &[("w", &w), ("h", &h)]);
        ui.label(RichText::new(pixels).font(theme::small_font()).color(view.theme.text_weak));
    });
}

/// The picture, small.
fn preview_ui(ui: &mut Ui, view: &View) {
    let (place, response) = ui.allocate_exact_size(PREVIEW, Sense::hover());
    let name = view.text("picture_sheet.preview");
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &name));
    ui.painter().rect_filled(place, space::RADIUS, view.theme.field);
    ui.painter().rect_stroke(place, space::RADIUS, Stroke::new(1.0, view.theme.line), StrokeKind::Inside);
    let inner = place.shrink(6.0);
    let Some(pixels) = &view.state.picture().preview else {
        let font = theme::small_font();
        ui.painter().text(place.center(), Align2::CENTER_CENTER, "…", font, view.theme.text_weak);
        return;
    };
    let size = vec2(pixels.width() as f32, pixels.height() as f32);
    let scale = (inner.width() / size.x).min(inner.height() / size.y);
    let rect = Rect::from_center_size(inner.center(), size * scale);
    let whole = Rect::from_min_max(egui::Pos2::ZERO, egui::pos2(1.0, 1.0));
    ui.painter().image(texture(ui, pixels).id(), rect, whole, Color32::WHITE);
    ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, view.theme.line), StrokeKind::Outside);
}

/// The texture of the small picture, made when it is new.
fn texture(ui: &Ui, pixels: &Arc<RgbaImage>) -> TextureHandle {
    type Known = Option<(Arc<RgbaImage>, TextureHandle)>;
    let id = Id::unique("small picture");
    let known = ui.data(|data| data.get_temp::<Known>(id)).flatten();
    if let Some((_, texture)) = known.filter(|(of, _)| Arc::ptr_eq(of, pixels)) {
        return texture;
    }
    let size = [pixels.width() as usize, pixels.height() as usize];
    let image = ColorImage::from_rgba_unmultiplied(size, pixels.as_raw());
    let texture = ui.ctx().load_texture("small picture", image, TextureOptions::LINEAR);
    ui.data_mut(|data| data.insert_temp::<Known>(id, Some((Arc::clone(pixels), texture.clone()))));
    texture
}

fn buttons_ui(ui: &mut Ui, view: &View) {
    ui.horizontal(|ui| {
        let words = RichText::new(view.text("picture_sheet.save")).color(view.theme.on_accent);
        let save = Button::new(words).fill(view.theme.accent).min_size(vec2(110.0, 30.0));
        if ui.add(save).clicked() {
            view.push(PictureAction::Save.into());
        }
        let copy = Button::new(view.text("picture_sheet.copy")).min_size(vec2(110.0, 30.0));
        if ui.add(copy).on_hover_text(view.text("picture_sheet.copy_tip")).clicked() {
            view.push(PictureAction::Copy.into());
        }
    });
}
