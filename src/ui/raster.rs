//! Paints egui's triangles on the processor: pictures of the window without a window.
//!
//! Same input, same pixels, on every machine with IEEE floats and in every run. The rules are those
//! of egui's own painters: colours multiply and blend in gamma space with premultiplied alpha,
//! clip rectangles are rounded to pixels. A pixel belongs to a triangle if its centre does; on a
//! shared edge exactly one of two triangles has it. Paint callbacks are left out.

use std::collections::HashMap;

use egui::epaint::textures::{TextureFilter, TextureOptions, TextureWrapMode, TexturesDelta};
use egui::epaint::{ClippedPrimitive, ClippedShape, ImageDelta, Mesh, Primitive, Vertex};
use egui::{Color32, Context, Event, ImageData, Pos2, RawInput, Rect, TextureId, Ui, Vec2, ViewportId};
use image::RgbaImage;

use super::theme::Theme;

/// No picture is wider or higher than this many pixels.
pub const MAX_SIDE: u32 = 16_384;

/// The textures that meshes refer to, kept from frame to frame.
#[derive(Default)]
pub struct Rasterizer {
    textures: HashMap<TextureId, Texture>,
}

struct Texture {
    size: [usize; 2],
    pixels: Vec<Color32>,
    options: TextureOptions,
}

impl Rasterizer {
    /// Updates the textures that a frame adds or changes; call it before painting the frame.
    pub fn set_textures(&mut self, delta: &TexturesDelta) {
        for (&id, changes) in &delta.set {
            for change in changes {
                self.set_texture(id, change);
            }
        }
    }

    /// Forgets the textures that a frame was the last to use; to be called after painting it.
    pub fn free_textures(&mut self, delta: &TexturesDelta) {
        for id in &delta.free {
            self.textures.remove(id);
        }
    }

    fn set_texture(&mut self, id: TextureId, change: &ImageDelta) {
        let ImageData::Color(image) = &change.image;
        let Some([left, top]) = change.pos else {
            let texture = Texture { size: image.size, pixels: image.pixels.clone(), options: change.options };
            self.textures.insert(id, texture);
            return;
        };
        let Some(texture) = self.textures.get_mut(&id) else { return };
        texture.options = change.options;
        let width = image.width();
        for (y, row) in image.pixels.chunks_exact(width.max(1)).enumerate() {
            let start = (top + y) * texture.size[0] + left;
            if left + width <= texture.size[0]
                && let Some(target) = texture.pixels.get_mut(start..start + width)
            {
                target.copy_from_slice(row);
            }
        }
    }

    /// A texture's pixels row by row, its width and height, and whether they are enlarged smoothly.
    pub fn texture(&self, id: TextureId) -> Option<(&[Color32], [usize; 2], bool)> {
        let texture = self.textures.get(&id)?;
        let is_smooth = match texture.options.magnification {
            TextureFilter::Linear => true,
            TextureFilter::Nearest => false,
        };
        Some((&texture.pixels, texture.size, is_smooth))
    }

    /// Paints `primitives` on a `background`: opaque, or wholly transparent.
    pub fn paint(
        &self,
        primitives: &[ClippedPrimitive],
        size_px: [u32; 2],
        pixels_per_point: f32,
        background: Color32,
    ) -> RgbaImage {
        let [width, height] = size_px.map(|side| side.min(MAX_SIDE));
        let mut canvas = Canvas::new(width as usize, height as usize, background);
        for ClippedPrimitive { clip_rect, primitive } in primitives {
            match primitive {
                Primitive::Mesh(mesh) => {
                    if let Some(texture) = self.textures.get(&mesh.texture_id) {
                        canvas.clip_to(*clip_rect, pixels_per_point);
                        canvas.mesh(mesh, texture, pixels_per_point);
                    }
                }
                Primitive::Callback(_) => {}
            }
        }
        // Without a ground colours are not multiplied by their opacity; on one, all are opaque.
        let bytes = canvas.pixels.iter().flat_map(|p| p.to_srgba_unmultiplied()).collect();
        RgbaImage::from_raw(width, height, bytes).unwrap_or_default()
    }
}

/// Paints one frame's output whose textures all come with it.
pub fn paint(
    primitives: &[ClippedPrimitive],
    textures_delta: &TexturesDelta,
    size_px: [u32; 2],
    pixels_per_point: f32,
    background: Color32,
) -> RgbaImage {
    let mut rasterizer = Rasterizer::default();
    rasterizer.set_textures(textures_delta);
    rasterizer.paint(primitives, size_px, pixels_per_point, background)
}

/// What a frame is rendered with.
#[derive(Clone, Debug)]
pub struct FrameSetup {
    /// Width and height of the picture.
    pub size_px: [u32; 2],
    /// Pixels per point: 1 at 100 % zoom on a plain screen.
    pub pixels_per_point: f32,
    /// How many frames to run, so that layout and animations settle; the last one is painted.
    pub frames: usize,
    /// The dark theme instead of the light one.
    pub dark: bool,
    /// Input for the second frame (when the layout is known), such as a pointer to hover with.
    pub events: Vec<Event>,
}

impl FrameSetup {
    /// Light, 1 pixel per point, four frames, no input.
    pub fn new(width_px: u32, height_px: u32) -> Self {
        Self {
            size_px: [width_px, height_px],
            pixels_per_point: 1.0,
            frames: 4,
            dark: false,
            events: Vec::new(),
        }
    }
}

/// The last of some frames: what it draws, not yet painted.
pub struct LastFrame {
    /// What is drawn, what lies further back first.
    pub shapes: Vec<ClippedShape>,
    /// Pixels a point.
    pub pixels_per_point: f32,
    /// The textures that shapes refer to.
    pub rasterizer: Rasterizer,
    ctx: Context,
    size_px: [u32; 2],
}

impl LastFrame {
    /// Paints it on a ground.
    pub fn paint(self, ground: Color32) -> RgbaImage {
        let primitives = self.ctx.tessellate(self.shapes, self.pixels_per_point);
        self.rasterizer.paint(&primitives, self.size_px, self.pixels_per_point, ground)
    }

    /// Paints shapes of it alone on a transparent ground: the pixels from a corner on.
    pub fn paint_part(
        &self,
        shapes: Vec<ClippedShape>,
        corner: Pos2,
        size_px: [u32; 2],
        scale: f32,
    ) -> RgbaImage {
        let mut primitives = self.ctx.tessellate(shapes, self.pixels_per_point);
        for primitive in &mut primitives {
            primitive.clip_rect = primitive.clip_rect.translate(-corner.to_vec2());
            match &mut primitive.primitive {
                Primitive::Mesh(mesh) => mesh.translate(-corner.to_vec2()),
                Primitive::Callback(_) => {}
            }
        }
        self.rasterizer.paint(&primitives, size_px, scale, Color32::TRANSPARENT)
    }
}

/// Runs `run` as the window's contents, with our fonts and theme and a clock of its own, and paints it.
pub fn render_frame(setup: &FrameSetup, run: impl FnMut(&mut Ui)) -> RgbaImage {
    last_frame(setup, run).paint(Theme::by_darkness(setup.dark).ground)
}

/// The same without painting it.
pub fn last_frame(setup: &FrameSetup, mut run: impl FnMut(&mut Ui)) -> LastFrame {
    const SECS_PER_FRAME: f64 = 0.25;
    let theme = Theme::by_darkness(setup.dark);
    let pixels_per_point = if setup.pixels_per_point > 0.0 { setup.pixels_per_point } else { 1.0 };
    let [width, height] = setup.size_px.map(|side| side.min(MAX_SIDE) as f32 / pixels_per_point);

    let ctx = Context::default();
    theme.apply(&ctx);
    let mut frame = LastFrame {
        shapes: Vec::new(),
        pixels_per_point,
        rasterizer: Rasterizer::default(),
        ctx: ctx.clone(),
        size_px: setup.size_px,
    };
    let count = setup.frames.max(1);
    for number in 0..count {
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, Vec2::new(width, height))),
            max_texture_side: Some(8192),
            time: Some(number as f64 * SECS_PER_FRAME),
            predicted_dt: SECS_PER_FRAME as f32,
            events: if number == 1 { setup.events.clone() } else { Vec::new() },
            ..RawInput::default()
        };
        input.viewports.entry(ViewportId::ROOT).or_default().native_pixels_per_point = Some(pixels_per_point);
        let mut output = ctx.run_ui(input, &mut run);
        frame.rasterizer.set_textures(&output.textures_delta);
        // What the last frame is the last to use is still needed to paint it.
        if number + 1 == count {
            frame.shapes = std::mem::take(&mut output.shapes);
            frame.pixels_per_point = output.pixels_per_point;
        } else {
            frame.rasterizer.free_textures(&output.textures_delta);
        }
        output.textures_delta.clear();
    }
    frame
}

/// The pixels drawn up to now, and the part of them that may change.
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Color32>,
    /// Left, top, right, bottom; right and bottom excluded.
    clip_px: [usize; 4],
}

/// A vertex in pixels.
#[derive(Clone, Copy)]
struct Point {
    x: f64,
    y: f64,
    vertex: Vertex,
}

/// `value + dx * x + dy * y` for each of `N` values: what a triangle interpolates.
#[derive(Clone, Copy)]
struct Affine<const N: usize> {
    value: [f64; N],
    dx: [f64; N],
    dy: [f64; N],
}

impl<const N: usize> Affine<N> {
    fn through(points: &[Point; 3], values: [[f64; N]; 3]) -> Option<Self> {
        let [a, b, c] = points;
        let determinant = (b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y);
        if determinant == 0.0 || !determinant.is_finite() {
            return None;
        }
        let along = |i: usize, end: usize| values[end][i] - values[0][i];
        let dx =
            std::array::from_fn(|i| (along(i, 1) * (c.y - a.y) - along(i, 2) * (b.y - a.y)) / determinant);
        let dy =
            std::array::from_fn(|i| (along(i, 2) * (b.x - a.x) - along(i, 1) * (c.x - a.x)) / determinant);
        let value = std::array::from_fn(|i| values[0][i] - dx[i] * a.x - dy[i] * a.y);
        Some(Self { value, dx, dy })
    }

    fn at(&self, x: f64, y: f64) -> [f32; N] {
        std::array::from_fn(|i| (self.value[i] + self.dx[i] * x + self.dy[i] * y) as f32)
    }
}

impl Canvas {
    fn new(width: usize, height: usize, background: Color32) -> Self {
        let [r, g, b, opacity] = background.to_array();
        let ground = if opacity == 0 { Color32::TRANSPARENT } else { Color32::from_rgb(r, g, b) };
        let pixels = vec![ground; width * height];
        Self { width, height, pixels, clip_px: [0, 0, width, height] }
    }

    fn clip_to(&mut self, clip: Rect, pixels_per_point: f32) {
        let side =
            |points: f32, most: usize| (points * pixels_per_point).round().clamp(0.0, most as f32) as usize;
        self.clip_px = [
            side(clip.min.x, self.width),
            side(clip.min.y, self.height),
            side(clip.max.x, self.width),
            side(clip.max.y, self.height),
        ];
    }

    fn mesh(&mut self, mesh: &Mesh, texture: &Texture, pixels_per_point: f32) {
        if self.clip_px[0] >= self.clip_px[2] || self.clip_px[1] >= self.clip_px[3] {
            return;
        }
        let scale = f64::from(pixels_per_point);
        for corners in mesh.triangles() {
            let point = |index: u32| {
                let vertex = *mesh.vertices.get(index as usize)?;
                let (x, y) = (f64::from(vertex.pos.x) * scale, f64::from(vertex.pos.y) * scale);
                (x.is_finite() && y.is_finite()).then_some(Point { x, y, vertex })
            };
            if let [Some(a), Some(b), Some(c)] = corners.map(point) {
                self.triangle([a, b, c], texture);
            }
        }
    }

    fn triangle(&mut self, mut points: [Point; 3], texture: &Texture) {
        // From top to bottom, and left to right on a level: an edge that two triangles share
        // is then computed from the same end by both, so that no pixel is missed or painted twice.
        points.sort_by(|p, q| (p.y, p.x).partial_cmp(&(q.y, q.x)).unwrap_or(std::cmp::Ordering::Equal));
        let [top, middle, bottom] = points;
        let [left_px, top_px, right_px, bottom_px] = self.clip_px;
        let first_row = first_center(top.y).max(top_px);
        let end_row = first_center(bottom.y).min(bottom_px);
        if first_row >= end_row {
            return;
        }

        let vertices = points.map(|p| p.vertex);
        let one_color = vertices.iter().all(|v| v.color == vertices[0].color);
        let one_texel = vertices.iter().all(|v| v.uv == vertices[0].uv);
        if one_color && vertices[0].color == Color32::TRANSPARENT {
            return;
        }
        let uvs = vertices.map(|v| [f64::from(v.uv.x), f64::from(v.uv.y)]);
        let Some(uv) = Affine::through(&points, uvs) else { return };
        let colors = vertices.map(|v| v.color.to_array().map(f64::from));
        let Some(color) = Affine::through(&points, colors) else { return };
        let filter = texture.filter_for(&uv);
        let flat_color = vertices[0].color.to_array().map(f32::from);
        let flat_texel = texture.sample(vertices[0].uv.x, vertices[0].uv.y, filter);
        let solid = (one_color && one_texel).then(|| multiply(flat_color, flat_texel));

        for row in first_row..end_row {
            let y = row as f64 + 0.5;
            let long = x_on_edge(&top, &bottom, y);
            let short =
                if y < middle.y { x_on_edge(&top, &middle, y) } else { x_on_edge(&middle, &bottom, y) };
            let from = first_center(long.min(short)).max(left_px);
            let to = first_center(long.max(short)).min(right_px);
            if from >= to {
                continue;
            }
            let start = row * self.width;
            let Some(span) = self.pixels.get_mut(start + from..start + to) else { continue };
            if let Some(source) = solid {
                if source.a() == 255 {
                    span.fill(source);
                } else {
                    span.iter_mut().for_each(|pixel| *pixel = over(source, *pixel));
                }
                continue;
            }
            for (offset, pixel) in span.iter_mut().enumerate() {
                let x = (from + offset) as f64 + 0.5;
                let texel = if one_texel {
                    flat_texel
                } else {
                    let [u, v] = uv.at(x, y);
                    texture.sample(u, v, filter)
                };
                let paint = if one_color { flat_color } else { color.at(x, y) };
                *pixel = over(multiply(paint, texel), *pixel);
            }
        }
    }
}

/// The first pixel whose centre is at `edge` or after it.
fn first_center(edge: f64) -> usize {
    (edge - 0.5).ceil().max(0.0) as usize
}

fn x_on_edge(upper: &Point, lower: &Point, y: f64) -> f64 {
    let height = lower.y - upper.y;
    if height <= 0.0 { lower.x } else { upper.x + (y - upper.y) / height * (lower.x - upper.x) }
}

/// A vertex colour (0 to 255) times a texel (0 to 255).
fn multiply(paint: [f32; 4], texel: [f32; 4]) -> Color32 {
    let [r, g, b, a]: [u8; 4] =
        std::array::from_fn(|i| (paint[i] * texel[i] / 255.0 + 0.5).clamp(0.0, 255.0) as u8);
    Color32::from_rgba_premultiplied(r, g, b, a)
}

fn over(source: Color32, under: Color32) -> Color32 {
    if source == Color32::TRANSPARENT {
        return under;
    }
    let (source, under) = (source.to_array(), under.to_array());
    let through = 255 - u32::from(source[3]);
    let [r, g, b, a]: [u8; 4] = std::array::from_fn(|i| {
        // (n + 128) * 257 >> 16 is n / 255, rounded, for n up to 65,535.
        let under = ((u32::from(under[i]) * through + 128) * 257) >> 16;
        source[i].saturating_add(under as u8)
    });
    Color32::from_rgba_premultiplied(r, g, b, a)
}

impl Texture {
    /// The filter for a triangle, by whether texels come out larger or smaller than pixels.
    fn filter_for(&self, uv: &Affine<2>) -> TextureFilter {
        let texels_per_px = |du: f64, dv: f64| (du * self.size[0] as f64).hypot(dv * self.size[1] as f64);
        let most = texels_per_px(uv.dx[0], uv.dx[1]).max(texels_per_px(uv.dy[0], uv.dy[1]));
        if most > 1.0 { self.options.minification } else { self.options.magnification }
    }

    fn sample(&self, u: f32, v: f32, filter: TextureFilter) -> [f32; 4] {
        let (x, y) = (u * self.size[0] as f32, v * self.size[1] as f32);
        match filter {
            TextureFilter::Nearest => self.texel(x.floor() as i64, y.floor() as i64),
            TextureFilter::Linear => {
                let (x, y) = (x - 0.5, y - 0.5);
                let (left, top) = (x.floor(), y.floor());
                let (right_share, bottom_share) = (x - left, y - top);
                let (left, top) = (left as i64, top as i64);
                let upper = [self.texel(left, top), self.texel(left + 1, top)];
                let lower = [self.texel(left, top + 1), self.texel(left + 1, top + 1)];
                std::array::from_fn(|i| {
                    let along = |row: &[[f32; 4]; 2]| row[0][i] + (row[1][i] - row[0][i]) * right_share;
                    let (upper, lower) = (along(&upper), along(&lower));
                    upper + (lower - upper) * bottom_share
                })
            }
        }
    }

    fn texel(&self, x: i64, y: i64) -> [f32; 4] {
        let wrap = |at: i64, side: usize| {
            let side = side.max(1) as i64;
            match self.options.wrap_mode {
                TextureWrapMode::ClampToEdge => at.clamp(0, side - 1),
                TextureWrapMode::Repeat => at.rem_euclid(side),
                TextureWrapMode::MirroredRepeat => {
                    let at = at.rem_euclid(2 * side);
                    at.min(2 * side - 1 - at)
                }
            }
        };
        let index = wrap(y, self.size[1]) as usize * self.size[0] + wrap(x, self.size[0]) as usize;
        self.pixels.get(index).map_or([0.0; 4], |texel| texel.to_array().map(f32::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{Align2, FontId, Stroke, pos2, vec2};

    const RED: Color32 = Color32::from_rgb(200, 10, 30);

    fn setup() -> FrameSetup {
        FrameSetup::new(60, 40)
    }

    fn rgb(picture: &RgbaImage, x: u32, y: u32) -> [u8; 3] {
        let [r, g, b, a] = picture.get_pixel(x, y).0;
        assert_eq!(a, 255);
        [r, g, b]
    }

    fn ground() -> [u8; 3] {
        let [r, g, b, _] = Theme::light().ground.to_array();
        [r, g, b]
    }

    #[test]
    fn a_rectangle_covers_its_pixels_and_no_others() {
        let rect = Rect::from_min_max(pos2(10.0, 5.0), pos2(20.0, 15.0));
        let picture = render_frame(&setup(), |ui| {
            ui.painter().rect_filled(rect, 0, RED);
        });
        let covered = picture.pixels().filter(|p| p.0 == [200, 10, 30, 255]).count();
        assert_eq!(covered, 100);
        assert_eq!(rgb(&picture, 10, 5), [200, 10, 30]);
        assert_eq!(rgb(&picture, 19, 14), [200, 10, 30]);
        assert_eq!(rgb(&picture, 20, 15), ground());
        assert_eq!(rgb(&picture, 9, 5), ground());
    }

    #[test]
    fn shared_edges_are_painted_once() {
        // A fan of translucent triangles around a centre: a pixel painted twice would be darker.
        let mut mesh = Mesh::default();
        let center = pos2(30.3, 20.7);
        mesh.colored_vertex(center, Color32::from_black_alpha(100));
        for k in 0..7 {
            let angle = k as f32 / 7.0 * std::f32::consts::TAU + 0.1;
            mesh.colored_vertex(
                center + 100.0 * vec2(angle.cos(), angle.sin()),
                Color32::from_black_alpha(100),
            );
        }
        for k in 0..7 {
            mesh.add_triangle(0, 1 + k, 1 + (k + 1) % 7);
        }
        let picture = render_frame(&setup(), |ui| {
            ui.painter().add(mesh.clone());
        });
        let first = rgb(&picture, 0, 0);
        assert_ne!(first, ground());
        assert!(picture.pixels().all(|p| p.0[..3] == first));
    }

    #[test]
    fn clipping() {
        let picture = render_frame(&setup(), |ui| {
            let clip = Rect::from_min_max(pos2(0.0, 0.0), pos2(12.0, 40.0));
            ui.painter().with_clip_rect(clip).rect_filled(Rect::EVERYTHING.intersect(ui.max_rect()), 0, RED);
        });
        assert_eq!(rgb(&picture, 11, 30), [200, 10, 30]);
        assert_eq!(rgb(&picture, 12, 30), ground());
    }

    #[test]
    fn text_is_drawn_in_all_our_scripts() {
        for text in ["Conv", "卷积", "∂L∕∂w", "⏮"] {
            let picture = render_frame(&setup(), |ui| {
                let font = FontId::proportional(16.0);
                ui.painter().text(pos2(2.0, 2.0), Align2::LEFT_TOP, text, font, Color32::BLACK);
            });
            let dark = picture.pixels().filter(|p| p.0[1] < 100).count();
            assert!(dark > 15, "{text}: {dark} dark pixels");
        }
    }

    #[test]
    fn two_runs_are_equal_to_the_bit() {
        let draw = || {
            render_frame(
                &FrameSetup { pixels_per_point: 1.5, dark: true, ..FrameSetup::new(300, 200) },
                |ui| {
                    ui.heading("convstep 卷积");
                    ui.label("∂L/∂w = Σ x · δ");
                    let _ = ui.button("Step");
                    ui.painter().circle(
                        pos2(100.0, 100.0),
                        20.0,
                        RED.gamma_multiply(0.5),
                        Stroke::new(2.0, Color32::WHITE),
                    );
                },
            )
        };
        assert!(draw() == draw());
    }

    #[test]
    fn nearest_textures_stay_crisp() {
        let image = egui::ColorImage::new([2, 1], vec![RED, Color32::GREEN]);
        let mut texture = None;
        let picture = render_frame(&setup(), |ui| {
            let texture = texture
                .get_or_insert_with(|| ui.ctx().load_texture("two", image.clone(), TextureOptions::NEAREST));
            let rect = Rect::from_min_size(pos2(10.0, 10.0), vec2(20.0, 10.0));
            let all = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
            ui.painter().image(texture.id(), rect, all, Color32::WHITE);
        });
        assert_eq!(rgb(&picture, 19, 12), [200, 10, 30]);
        assert_eq!(rgb(&picture, 20, 12), [0, 255, 0]);
    }

    #[test]
    fn odd_sizes_are_no_trouble() {
        assert_eq!(render_frame(&FrameSetup::new(0, 0), |_| ()).dimensions(), (0, 0));
        let setup = FrameSetup { pixels_per_point: f32::NAN, frames: 0, ..FrameSetup::new(1, 3) };
        assert_eq!(render_frame(&setup, |ui| drop(ui.label("x"))).dimensions(), (1, 3));
    }
}
