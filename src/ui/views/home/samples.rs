//! Some bundled pictures to choose from, and the network that fits a picture.

use crate::app::Action;
use crate::data::{Background, Content, SAMPLES, preview, samples};
use crate::ui::{theme, view::View};
use egui::{
    Align2, Color32, ColorImage, Id, Rect, Role, Sense, Stroke, StrokeKind, TextureHandle, TextureOptions,
    Ui, WidgetInfo, pos2, vec2,
};

/// The samples that are offered, those that are there.
const CHOSEN: [&str; 8] =
    ["cat", "shape-star", "shape-heart", "shape-ring", "digit-7", "digit-3", "scene", "shape-arrow"];

/// The bundled network that knows pictures of this kind; `None` where none does.
pub fn network_for(view: &View) -> Option<&'static str> {
    let picture = &view.state.inputs().picture;
    match &picture.content {
        Content::Values(_) => None,
        Content::Picture(_) if picture.name.starts_with("shape-") => Some("shapes"),
        Content::Picture(_) if picture.name.starts_with("digit-") => Some("digits"),
        Content::Picture(_) if picture.name.starts_with("pattern-") => None,
        Content::Picture(_) => Some("photos"),
    }
}

/// As many samples as fit into a row, below a line of words.
pub fn samples_ui(ui: &mut Ui, view: &View, rect: Rect, side: f32) {
    let theme = view.theme;
    let words = view.text("home.samples");
    ui.painter().text(rect.left_top(), Align2::LEFT_TOP, words, theme::small_font(), theme.text_weak);
    let there = CHOSEN.iter().filter(|name| SAMPLES.iter().any(|sample| sample.name == **name));
    let pitch = side + 12.0;
    let fits = ((rect.width() + 12.0) / pitch) as usize;
    for (k, name) in there.take(fits).enumerate() {
        let corner = pos2(rect.left() + k as f32 * pitch, rect.bottom() - side);
        let place = Rect::from_min_size(corner, vec2(side, side));
        let response = ui.interact(place, ui.scope_id().with(("sample", *name)), Sense::click());
        let is_chosen = view.state.inputs().picture.name == *name;
        let words = view.fill("home.sample", &[("name", name)]);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_chosen, &words));
        if let Some(texture) = texture(ui, name) {
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            ui.painter().image(texture.id(), place, whole, Color32::WHITE);
        }
        let line = match (is_chosen, response.hovered() || response.has_focus()) {
            (true, _) => Stroke::new(2.0, theme.accent),
            (false, true) => Stroke::new(2.0, theme.hover),
            (false, false) => Stroke::new(1.0, theme.plane_frame),
        };
        ui.painter().rect_stroke(place, 0.0, line, StrokeKind::Outside);
        if response.on_hover_text(words).clicked() {
            view.push(Action::OpenSample((*name).to_owned()));
        }
    }
}

/// The middle of a sample as a small picture, read once.
fn texture(ui: &Ui, name: &str) -> Option<TextureHandle> {
    let id = Id::unique(("sample", name));
    if let Some(kept) = ui.data(|data| data.get_temp::<TextureHandle>(id)) {
        return Some(kept);
    }
    let loaded = samples::load(name).ok()?;
    let Content::Picture(picture) = &loaded.content else { return None };
    let preview = preview(picture, 96, Background::default());
    let side = preview.width.min(preview.height);
    let (left, top) = ((preview.width - side) / 2, (preview.height - side) / 2);
    let colors = (0..side * side).map(|k| {
        let at = 3 * ((top + k / side) * preview.width + left + k % side);
        Color32::from_rgb(preview.rgb[at], preview.rgb[at + 1], preview.rgb[at + 2])
    });
    let image = ColorImage::new([side, side], colors.collect());
    let texture = ui.ctx().load_texture("sample", image, TextureOptions::LINEAR);
    ui.data_mut(|data| data.insert_temp(id, texture.clone()));
    Some(texture)
}
