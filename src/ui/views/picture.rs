//! The picture, what the network sees of it, and what it makes of it.

use crate::app::Action;
use crate::data::{Background, Content, Fit, Picture, preview};
use crate::nn::Part;
use crate::trace::{Grain, TensorId};
use crate::ui::{
    canvas::{Brush, canvas_ui},
    number,
    theme::{self, Theme},
    view::View,
};
use egui::{
    Align2, Button, ColorImage, ComboBox, Id, Image, Rect, RichText, Sense, Stroke, StrokeKind,
    TextureHandle, TextureOptions, Ui, pos2, vec2,
};
use std::sync::Arc;

/// Draws the panel.
pub fn picture_ui(ui: &mut Ui, view: &View) {
    // Side of the two pictures: smaller where the panel is narrow, so that the classes have room.
    let side: f32 = if ui.available_width() < 330.0 { 66.0 } else { 97.0 };
    ui.horizontal_top(|ui| {
        ui.vertical(|ui| {
            ui.set_max_width((side + 4.0).max(84.0));
            if view.state.inputs().training.is_some() {
                batch_ui(ui, view);
            } else {
                caption_ui(ui, view, &view.text("picture.original"));
                original_ui(ui, view, side);
            }
        });
        ui.vertical(|ui| {
            ui.set_max_width((side + 4.0).max(84.0));
            let [c, h, w] = view.state.model().network.input;
            let is_painted = view.state.inputs().painted.is_some();
            let mark = if is_painted { " •" } else { "" };
            let caption = caption_ui(ui, view, &format!("{}{mark}", view.text("picture.seen")));
            let caption = caption.on_hover_text(format!("{c}×{h}×{w}"));
            if is_painted {
                caption.on_hover_text(view.text("edit.edited_picture"));
            }
            seen_ui(ui, view, side);
        });
        ui.vertical(|ui| prediction_ui(ui, view));
    });
    if view.state.inputs().training.is_none() {
        ui.horizontal(|ui| settings_ui(ui, view));
    }
}

/// The current training step and picture of the batch, with buttons to the other pictures.
fn batch_ui(ui: &mut Ui, view: &View) {
    let (state, plan) = (view.state, view.state.plan());
    let images = plan.setup().images;
    let image = state.image();
    let (n, all, step) = (image.to_string(), images.to_string(), state.trace().time().to_string());
    caption_ui(ui, view, &view.fill("picture.step", &[("step", &step)]));
    ui.label(view.fill("picture.image", &[("n", &n), ("all", &all)]));
    ui.horizontal(|ui| {
        for (sign, key, other) in [
            ("◀", "picture.image_before", image.checked_sub(1)),
            ("▶", "picture.image_after", Some(image + 1).filter(|&image| image < images)),
        ] {
            let button = ui.add_enabled(other.is_some(), Button::new(sign).min_size(vec2(34.0, 28.0)));
            button.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::Button, other.is_some(), view.text(key))
            });
            if let Some(image) = other.filter(|_| button.on_hover_text(view.text(key)).clicked()) {
                let here = state.cursor().address(plan).unwrap_or_else(|| plan.locate(0, Grain::Layer));
                view.visit(&here.refine(Grain::Example).with_image(image));
            }
        }
    });
    let target = view.state.model().class_name(state.label());
    ui.label(RichText::new(format!("◎ {target}")).color(view.theme.text_strong));
}

fn caption_ui(ui: &mut Ui, view: &View, text: &str) -> egui::Response {
    ui.label(RichText::new(text).font(theme::small_font()).color(view.theme.text_weak))
}

/// The picture as it was opened, with a frame around what the network sees.
fn original_ui(ui: &mut Ui, view: &View, side: f32) {
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
    let name = &view.state.inputs().picture.name;
    match &view.state.inputs().picture.content {
        Content::Picture(picture) => {
            let texture = texture(ui, view, picture);
            let size = vec2(picture.width() as f32, picture.height() as f32);
            let points_per_pixel = side / size.x.max(size.y);
            let shown = Rect::from_center_size(rect.center(), size * points_per_pixel);
            Image::new((texture.id(), texture.size_vec2())).paint_at(ui, shown);
            let seen = view.state.fitted().seen;
            let corner = pos2(seen.x as f32, seen.y as f32).to_vec2() * points_per_pixel;
            let frame = Rect::from_min_size(
                shown.min + corner,
                vec2(seen.w as f32, seen.h as f32) * points_per_pixel,
            );
            let painter = ui.painter().with_clip_rect(rect.expand(2.0));
            painter.rect_stroke(frame, 1.0, Stroke::new(1.5, view.theme.cursor), StrokeKind::Inside);
            let (w, h) = (picture.width(), picture.height());
            response.on_hover_text(format!("{name}\n{w} × {h}"));
        }
        Content::Values(_) => {
            let font = theme::small_font();
            let color = view.theme.text_weak;
            ui.painter().text(rect.center(), Align2::CENTER_CENTER, view.text("picture.values"), font, color);
            response.on_hover_text(name.as_str());
        }
    }
}

/// The texture of the original, made once per picture.
fn texture(ui: &Ui, view: &View, picture: &Picture) -> TextureHandle {
    let id = Id::unique("original picture");
    let ground = view.state.inputs().ground;
    let key = (Arc::as_ptr(&view.state.inputs().picture) as usize, ground.0);
    type Kept = ((usize, [u8; 3]), TextureHandle);
    let kept: Option<Kept> = ui.data(|data| data.get_temp(id));
    if let Some((kept_key, texture)) = kept
        && kept_key == key
    {
        return texture;
    }
    let preview = preview(picture, 256, ground);
    let image = ColorImage::from_rgb([preview.width, preview.height], &preview.rgb);
    let texture = ui.ctx().load_texture("original picture", image, TextureOptions::LINEAR);
    ui.data_mut(|data| data.insert_temp(id, (key, texture.clone())));
    texture
}

/// What the network sees: its input. A click picks a pixel; while the pad is open its brush paints here too.
fn seen_ui(ui: &mut Ui, view: &View, side: f32) {
    let [_, h, w] = view.state.model().network.input;
    let brush = (view.state.view().pad && view.state.inputs().training.is_none()).then(|| Brush::kept(ui));
    canvas_ui(ui, view, "seen", side / h.max(w) as f32, &view.text("picture.seen"), brush);
}

/// The best classes with their probabilities, once the cursor has passed them.
fn prediction_ui(ui: &mut Ui, view: &View) {
    let is_known = view.state.knows_scores();
    let is_probability = view.state.plan().stage_of(TensorId::loss(Part::Prob)).is_some();
    caption_ui(ui, view, &view.text("picture.prediction"));
    let scores = view.state.scores();
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    if !is_known {
        // Nothing is known yet: the classes in their own order, without bars.
        order.sort_unstable();
    }
    for &class in order.iter().take(4) {
        let score = is_known.then_some(scores[class]);
        row_ui(ui, view, class, score, is_probability);
    }
}

fn row_ui(ui: &mut Ui, view: &View, class: usize, score: Option<f32>, is_probability: bool) {
    let theme: &Theme = view.theme;
    let width = ui.available_width().clamp(90.0, 190.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 20.0), Sense::click());
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, 3.0, theme.field);
    if let Some(score) = score
        && is_probability
    {
        let bar = Rect::from_min_size(rect.min, vec2(width * score.clamp(0.0, 1.0), rect.height()));
        painter.rect_filled(bar, 3.0, theme.accent_soft);
    }
    let is_target = class == view.state.label();
    let name = view.state.model().class_name(class);
    let name = if is_target { format!("◎ {name}") } else { name };
    let font = theme::small_font();
    painter.text(
        rect.left_center() + vec2(6.0, 0.0),
        Align2::LEFT_CENTER,
        &name,
        font.clone(),
        theme.text_strong,
    );
    let value = match score {
        Some(score) if is_probability => format!("{:.1} %", score * 100.0),
        Some(score) => number::four_digits(score),
        None => "·".into(),
    };
    let number = rect.right_center() - vec2(6.0, 0.0);
    let number = painter.text(number, Align2::RIGHT_CENTER, &value, font.clone(), theme.text);
    // A long name gives way to the number.
    let names = painter.with_clip_rect(rect.with_max_x(number.left() - 4.0));
    names.text(rect.left_center() + vec2(6.0, 0.0), Align2::LEFT_CENTER, &name, font, theme.text_strong);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, format!("{name} {value}")));
    if response.on_hover_text(view.text("picture.choose_target")).clicked() {
        view.act(Action::SetLabel(class));
    }
}

/// How the picture is fitted, what lies under it, and the target.
fn settings_ui(ui: &mut Ui, view: &View) {
    let inputs = view.state.inputs();
    let draw = ui.button("✏").on_hover_text(view.text("cmd.draw"));
    draw.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, view.text("pad.draw")));
    if draw.clicked() {
        view.act(Action::ShowPad(true));
    }
    let open = ui.button(view.text("picture.open"));
    if open.clicked() {
        view.act(Action::AskForPicture);
    }
    if matches!(inputs.picture.content, Content::Picture(_)) {
        let name = |fit: Fit| view.text(&format!("fit.{}", fit.name()));
        let combo = ComboBox::from_id_salt("fit").width(84.0).selected_text(name(inputs.fit));
        let combo = combo.show_ui(ui, |ui| {
            for fit in Fit::ALL {
                if ui.selectable_label(fit == inputs.fit, name(fit)).clicked() {
                    view.act(Action::SetFit(fit));
                }
            }
        });
        let label = view.text("picture.fit");
        combo.response.on_hover_text(&label).widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::ComboBox, true, format!("{label}: {}", name(inputs.fit)))
        });
        let mut ground = inputs.ground.0;
        if ui.color_edit_button_srgb(&mut ground).on_hover_text(view.text("picture.ground")).changed() {
            view.act(Action::SetBackground(Background(ground)));
        }
    }
    let classes = view.state.model().network.classes();
    let name = |class: usize| view.state.model().class_name(class);
    let combo =
        ComboBox::from_id_salt("target").width(84.0).selected_text(format!("◎ {}", name(view.state.label())));
    let combo = combo.show_ui(ui, |ui| {
        for class in 0..classes.min(1000) {
            if ui.selectable_label(class == view.state.label(), name(class)).clicked() {
                view.act(Action::SetLabel(class));
            }
        }
    });
    let label = view.text("picture.target");
    combo.response.on_hover_text(&label).widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::Role::ComboBox,
            true,
            format!("{label}: {}", name(view.state.label())),
        )
    });
}
