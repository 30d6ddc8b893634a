//! Small pictures in great number: only those that are drawn are read, a few in a frame, and kept as long as they stay
//! in sight.

use crate::data::{Dataset, Split, shuffle_pixels};
use crate::tensor::Tensor;
use crate::ui::theme::{Theme, space, text_size};
use egui::{
    Align2, Color32, ColorImage, Context, FontId, Id, Rect, Response, Sense, Stroke, StrokeKind,
    TextureHandle, TextureOptions, Ui, cache::FramePublisher, pos2, vec2,
};
use std::sync::Arc;

/// A picture that has been read.
pub struct Thumbnail {
    /// The picture, or why it cannot be read.
    picture: Result<TextureHandle, String>,
    /// Its class.
    pub class: Option<usize>,
}

type Thumbnails = FramePublisher<Id, Arc<Thumbnail>>;

/// How many pictures may still be read in this frame.
pub struct Budget(u32);

impl Budget {
    /// So many that scrolling stays smooth.
    pub const fn for_one_frame() -> Self {
        Self(24)
    }
}

/// An example of a set, its pixels in the order that a seed gives: the one in sight since the last frame, or read now; `None` where it has to wait for the next
/// frame, which is asked for.
pub fn from_example(
    ctx: &Context,
    data: &Dataset,
    part: Split,
    (index, shuffle): (u64, Option<u64>),
    budget: &mut Budget,
) -> Option<Arc<Thumbnail>> {
    kept(ctx, Id::unique(("example", data, part, index, shuffle)), || {
        let Some(left) = budget.0.checked_sub(1) else {
            ctx.request_repaint();
            return None;
        };
        budget.0 = left;
        Some(match data.example(part, index) {
            Ok(example) => {
                let picture = match shuffle {
                    Some(seed) => image(&shuffle_pixels(&example.pixels, seed)),
                    None => image(&example.pixels),
                };
                (Ok(picture), Some(example.class))
            }
            Err(error) => (Err(error.to_string()), None),
        })
    })
}

/// Pixels, (1, C, H, W) in 0..=255; the picture is known by its id.
pub fn from_pixels(ctx: &Context, id: Id, pixels: &Tensor) -> Option<Arc<Thumbnail>> {
    kept(ctx, id, || Some((Ok(image(pixels)), None)))
}

type Read = (Result<ColorImage, String>, Option<usize>);

fn kept(ctx: &Context, id: Id, read: impl FnOnce() -> Option<Read>) -> Option<Arc<Thumbnail>> {
    let known = ctx.memory_mut(|memory| memory.caches.cache::<Thumbnails>().get(&id).cloned());
    let thumbnail = match known {
        Some(known) => known,
        None => {
            let (picture, class) = read()?;
            let picture = picture.map(|image| ctx.load_texture("thumbnail", image, TextureOptions::NEAREST));
            Arc::new(Thumbnail { picture, class })
        }
    };
    ctx.memory_mut(|memory| memory.caches.cache::<Thumbnails>().set(id, Arc::clone(&thumbnail)));
    Some(thumbnail)
}

/// Red, green and blue; of other numbers of channels the first one as grey.
fn image(pixels: &Tensor) -> ColorImage {
    let (_, c, h, w) = pixels.dim();
    let cells = (0..h).flat_map(|i| (0..w).map(move |j| (i, j)));
    let channels = if c == 3 { [0, 1, 2] } else { [0; 3] };
    let colors = cells.map(|(i, j)| {
        let [r, g, b] = channels.map(|c| pixels[[0, c, i, j]].round() as u8);
        Color32::from_rgb(r, g, b)
    });
    ColorImage::new([w, h], colors.collect())
}

impl Thumbnail {
    /// Draws it as large as it fits into a rectangle, in its proportions; answers where, unless it cannot be read.
    pub fn paint(&self, ui: &Ui, theme: &Theme, rect: Rect) -> Option<Rect> {
        match &self.picture {
            Ok(_) => self.paint_part(ui, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), rect),
            Err(_) => {
                let font = FontId::proportional(text_size::BODY);
                ui.painter().text(rect.center(), Align2::CENTER_CENTER, "✗", font, theme.bad);
                None
            }
        }
    }

    /// Draws a part of it, from 0 to 1 both ways, as large as it fits into a rectangle, in its proportions; answers
    /// where, unless it cannot be read.
    pub fn paint_part(&self, ui: &Ui, part: Rect, rect: Rect) -> Option<Rect> {
        let texture = self.picture.as_ref().ok()?;
        let size = texture.size_vec2() * part.size();
        let size = size * (rect.width() / size.x).min(rect.height() / size.y);
        let rect = Rect::from_center_size(rect.center(), size);
        ui.painter().image(texture.id(), rect, part, Color32::WHITE);
        Some(rect)
    }

    /// Why it cannot be read.
    pub fn error(&self) -> Option<&str> {
        self.picture.as_ref().err().map(String::as_str)
    }
}

/// A picture to click, with a caption below; `words` are for the pointer and for who does not see it.
pub fn thumbnail_ui(
    ui: &mut Ui,
    theme: &Theme,
    thumbnail: Option<&Thumbnail>,
    side: f32,
    caption: (&str, Color32),
    words: &str,
) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(side, height(side)), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), words));
    if ui.is_rect_visible(rect) {
        let square = Rect::from_min_size(rect.min, vec2(side, side));
        match thumbnail {
            Some(thumbnail) => {
                thumbnail.paint(ui, theme, square);
            }
            None => {
                ui.painter().rect_filled(square, 0.0, theme.hatch_ground);
            }
        }
        if response.hovered() || response.has_focus() {
            let stroke = Stroke::new(2.0, if response.has_focus() { theme.accent } else { theme.hover });
            ui.painter().rect_stroke(square.expand(1.0), 0.0, stroke, StrokeKind::Outside);
        }
        let (text, color) = caption;
        let mut job = egui::text::LayoutJob::simple_singleline(
            text.to_owned(),
            FontId::proportional(text_size::SMALL),
            color,
        );
        job.wrap = egui::text::TextWrapping::truncate_at_width(side);
        let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
        let at = pos2(rect.center().x - galley.size().x / 2.0, square.bottom() + space::XS / 2.0);
        ui.painter().galley(at, galley, color);
    }
    match thumbnail.and_then(Thumbnail::error) {
        Some(error) => response.on_hover_text(error),
        None => response.on_hover_text(words),
    }
}

/// The height that a thumbnail of a side takes, with its caption.
pub fn height(side: f32) -> f32 {
    side + text_size::SMALL + space::S
}
