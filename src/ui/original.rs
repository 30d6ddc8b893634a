//! The picture as it was opened, with a frame around what the network sees of it.

use super::{atlas::atlas, theme, view::View, widgets::hatch::hatch_ui};
use crate::data::{Content, Crop, Picture, preview};
use crate::nn::network::Unseen;
use egui::{
    Align2, Color32, ColorImage, Id, Image, Rect, Shape, Stroke, StrokeKind, TextureHandle, TextureOptions,
    Ui, Vec2, pos2, vec2,
};
use std::sync::Arc;

/// The size that the original has within `most`, in its own proportions; an array is as wide as there is room.
pub fn original_size(view: &View, most: Vec2) -> Vec2 {
    match &view.state.inputs().picture.content {
        Content::Picture(picture) => {
            let size = vec2(picture.width().max(1) as f32, picture.height().max(1) as f32);
            size * (most.x / size.x).min(most.y / size.y)
        }
        Content::Values(_) => vec2(most.x, most.y.min(32.0)),
    }
}

/// The input as a picture: colours, or grey; an array's values from its smallest, black, to its largest, white.
pub fn input_ui(ui: &Ui, view: &View, rect: Rect) {
    let pixels = &view.state.fitted().tensor;
    let image = view.state.image() as usize;
    let (_, channels, rows, cols) = pixels.dim();
    let [lo, hi] = match view.state.inputs().picture.content {
        Content::Picture(_) => [0.0, 255.0],
        Content::Values(_) => {
            let finite = || pixels.iter().copied().filter(|value| value.is_finite());
            [finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max)]
        }
    };
    let scale = if hi > lo { 255.0 / (hi - lo) } else { 0.0 };
    let key = ("strip input", view.state.revision(), image);
    let atlas = atlas(ui.ctx(), key, 1, [rows, cols], |_, i, j| {
        let at = |c: usize| {
            ((pixels[[0, c.min(channels - 1), i, j]] - lo) * scale).round().clamp(0.0, 255.0) as u8
        };
        if channels == 3 { Color32::from_rgb(at(0), at(1), at(2)) } else { Color32::from_gray(at(0)) }
    });
    atlas.paint(ui.painter(), 0, rect);
}

/// Draws the original into a rectangle of its proportions. The frame is a white line on a dark one, so that it is
/// seen on any picture; rows and columns that no window reads are hatched.
pub fn original_ui(ui: &Ui, view: &View, rect: Rect) {
    let theme = view.theme;
    let Content::Picture(picture) = &view.state.inputs().picture.content else {
        let words = view.text("picture.values");
        ui.painter().text(
            rect.left_center(),
            Align2::LEFT_CENTER,
            words,
            theme::small_font(),
            theme.text_weak,
        );
        return;
    };
    let texture = texture(ui, view, picture);
    Image::new((texture.id(), texture.size_vec2())).paint_at(ui, rect);
    ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, theme.plane_frame), StrokeKind::Outside);
    let scale = rect.width() / picture.width().max(1) as f32;
    let place = |crop: Crop| {
        let corner = pos2(crop.x as f32, crop.y as f32).to_vec2() * scale;
        Rect::from_min_size(rect.min + corner, vec2(crop.w as f32, crop.h as f32) * scale)
    };
    let fitted = view.state.fitted();
    let painter = ui.painter().with_clip_rect(rect.expand(2.0));
    // Shuffled pixels come from anywhere in the picture.
    let is_shuffled = view.state.model().architecture.preprocess.shuffle().is_some();
    if let Some(unseen) = unread_pixels(view).filter(|_| !is_shuffled) {
        let (_, _, h, w) = fitted.tensor.dim();
        let rows = unseen.rows.iter().map(|&i| (i..i + 1, 0..w));
        let cols = unseen.cols.iter().map(|&j| (0..h, j..j + 1));
        for (rows, cols) in rows.chain(cols) {
            hatch_ui(&painter, place(fitted.source_from_input(rows, cols)), theme.hatch_line);
        }
    }
    let (_, _, h, w) = fitted.tensor.dim();
    // A picture that is turned by degrees is seen through a turned frame.
    let at = |[x, y]: [f64; 2]| rect.min + vec2(x as f32, y as f32) * scale;
    let frame = fitted.corners(0..h, 0..w).map(at).to_vec();
    painter.add(Shape::closed_line(frame.clone(), Stroke::new(3.5, theme.ink_dark)));
    painter.add(Shape::closed_line(frame, Stroke::new(1.5, theme.ink_light)));
}

/// Whether the network sees less, or more, than the whole picture, so that the frame says something.
pub fn is_framed(view: &View) -> bool {
    let Content::Picture(picture) = &view.state.inputs().picture.content else { return false };
    let size = [f64::from(picture.width()), f64::from(picture.height())];
    let fitted = view.state.fitted();
    let (_, _, h, w) = fitted.tensor.dim();
    let is_at_edge = |at: f64, size: f64| at.abs() < 0.5 || (at - size).abs() < 0.5;
    !fitted.corners(0..h, 0..w).iter().all(|at| is_at_edge(at[0], size[0]) && is_at_edge(at[1], size[1]))
}

/// Rows and columns of the picture that no window of the first layer reads.
pub fn unread_pixels(view: &View) -> Option<Unseen> {
    view.state.plan().network().unseen().into_iter().find(|unseen| unseen.layer == 0)
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
    let preview = preview(picture, 512, ground);
    let image = ColorImage::from_rgb([preview.width, preview.height], &preview.rgb);
    let texture = ui.ctx().load_texture("original picture", image, TextureOptions::LINEAR);
    ui.data_mut(|data| data.insert_temp(id, (key, texture.clone())));
    texture
}
