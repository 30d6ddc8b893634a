//! A frame's shapes as a picture of plain shapes, images and texts, for files that keep them as such.
//!
//! What has no plain form (textures that repeat, blurred edges, colours that change within a triangle) becomes an image
//! of its own pixels.

use super::{fonts, raster::LastFrame};
use crate::export::{
    fonts::{Face, has_character},
    picture::{Bounds, Colour, Drawn, Image, Item, Outline, Run, Scene, Segment, Shape, Stroke, Text},
};
use egui::{
    Color32, FontFamily, Pos2, Rect, StrokeKind, TextureId, Vec2,
    emath::{GuiRounding, Rot2},
    epaint::text::{Glyph, PlacedRow},
    epaint::{
        BandShape, CircleShape, ClippedShape, ColorMode, CubicBezierShape, EllipseShape, Mesh, PathShape,
        QuadraticBezierShape, RectShape, TextShape, Vertex, WHITE_UV,
    },
    text::{ByteIndex, TextFormat},
};
use image::RgbaImage;
use std::sync::Arc;

/// Pixels a point of what becomes an image.
const DENSITY: f32 = 4.0;

/// The shapes of a frame as a picture of so many points, on no ground.
pub fn scene(frame: &LastFrame, size: Vec2, title: String) -> Scene {
    let mut converter = Converter { frame, clip: Rect::EVERYTHING, items: Vec::new() };
    for ClippedShape { clip_rect, shape, transform_after_tessellation: _ } in &frame.shapes {
        converter.clip = clip_rect.intersect(Rect::from_min_size(Pos2::ZERO, size));
        if converter.clip.is_positive() {
            converter.add(shape);
        }
    }
    Scene { size: size.into(), ground: None, title, items: converter.items }
}

struct Converter<'a> {
    frame: &'a LastFrame,
    clip: Rect,
    items: Vec<Item>,
}

/// A rectangle of one colour or of one part of a texture.
struct Quad {
    rect: Rect,
    uv: Rect,
    color: Color32,
}

impl Converter<'_> {
    fn add(&mut self, shape: &egui::Shape) {
        match shape {
            egui::Shape::Noop | egui::Shape::Callback(_) => {}
            egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| self.add(shape)),
            egui::Shape::Circle(CircleShape { center, radius, fill, stroke }) => {
                let outline =
                    Outline::Ellipse(bounds(Rect::from_center_size(*center, Vec2::splat(2.0 * radius))));
                self.push(outline, *fill, (stroke.width, stroke.color));
            }
            egui::Shape::Ellipse(ellipse) => self.ellipse(ellipse),
            egui::Shape::LineSegment { points, stroke } => {
                let outline = Outline::Path(polyline(points, false));
                self.push(outline, Color32::TRANSPARENT, (stroke.width, stroke.color));
            }
            egui::Shape::Path(path) => self.path(path, shape),
            egui::Shape::Band(band) => self.band(band),
            egui::Shape::Rect(rect) => self.rect(rect, shape),
            egui::Shape::Text(text) => self.text(text),
            egui::Shape::Mesh(mesh) => self.mesh(mesh, shape),
            egui::Shape::QuadraticBezier(curve) => self.quadratic(curve, shape),
            egui::Shape::CubicBezier(curve) => self.cubic(curve, shape),
        }
    }

    fn item(&mut self, drawn: Drawn) {
        self.items.push(Item { clip: bounds(self.clip), drawn });
    }

    fn push(&mut self, outline: Outline, fill: Color32, (width, line): (f32, Color32)) {
        let fill = (fill.a() > 0).then(|| colour(fill));
        let stroke = (width > 0.0 && line.a() > 0).then(|| Stroke { width, colour: colour(line) });
        if fill.is_some() || stroke.is_some() {
            self.item(Drawn::Shape(Shape { outline, fill, stroke }));
        }
    }

    fn ellipse(&mut self, ellipse: &EllipseShape) {
        let EllipseShape { center, radius, fill, stroke, angle } = *ellipse;
        let outline = if angle == 0.0 {
            Outline::Ellipse(bounds(Rect::from_center_size(center, 2.0 * radius)))
        } else {
            // The usual four curves; the number places their control points.
            const ROUND: f32 = 0.552_285;
            let at = |x: f32, y: f32| point(center + Rot2::from_angle(angle) * (radius * egui::vec2(x, y)));
            let curve = |[a, b, c]: [(f32, f32); 3]| Segment::Cubic(at(a.0, a.1), at(b.0, b.1), at(c.0, c.1));
            Outline::Path(vec![
                Segment::Move(at(1.0, 0.0)),
                curve([(1.0, ROUND), (ROUND, 1.0), (0.0, 1.0)]),
                curve([(-ROUND, 1.0), (-1.0, ROUND), (-1.0, 0.0)]),
                curve([(-1.0, -ROUND), (-ROUND, -1.0), (0.0, -1.0)]),
                curve([(ROUND, -1.0), (1.0, -ROUND), (1.0, 0.0)]),
                Segment::Close,
            ])
        };
        self.push(outline, fill, (stroke.width, stroke.color));
    }

    fn path(&mut self, path: &PathShape, shape: &egui::Shape) {
        match path.stroke.color {
            ColorMode::Solid(color) => {
                let outline = Outline::Path(polyline(&path.points, path.closed));
                self.push(outline, path.fill, (path.stroke.width, color));
            }
            ColorMode::UV(_) => self.pixels(shape),
        }
    }

    fn band(&mut self, band: &BandShape) {
        let turn = Rot2::from_angle(band.angle);
        let at = |x: f32, y: f32| Pos2::ZERO + turn * egui::vec2(x, y);
        let upper = band.points.iter().map(|p| at(p.x, p.y.min));
        let lower = band.points.iter().rev().map(|p| at(p.x, p.y.max));
        let points: Vec<Pos2> = upper.chain(lower).collect();
        let outline = Outline::Path(polyline(&points, true));
        self.push(outline, band.fill, (band.stroke.width, band.stroke.color));
    }

    fn rect(&mut self, rect: &RectShape, shape: &egui::Shape) {
        let radius = rect.corner_radius;
        if rect.angle != 0.0 || rect.blur_width > 0.0 {
            return self.pixels(shape);
        }
        let per_point = self.frame.pixels_per_point;
        if let Some(brush) = &rect.brush
            && brush.fill_texture_id != TextureId::default()
        {
            let place = rect.rect.round_to_pixels(per_point);
            if radius == egui::CornerRadius::ZERO {
                self.textured(
                    brush.fill_texture_id,
                    &Quad { rect: place, uv: brush.uv, color: rect.fill },
                    shape,
                );
                return self.push(
                    Outline::Rect(bounds(place), 0.0),
                    Color32::TRANSPARENT,
                    (rect.stroke.width, rect.stroke.color),
                );
            }
            return self.pixels(shape);
        }
        let corners = [radius.nw, radius.ne, radius.sw, radius.se];
        let is_even = corners.iter().all(|corner| *corner == corners[0]);
        let round = |place: Rect, by: f32| {
            let most = 0.5 * place.size().min_elem();
            let corners = corners
                .map(|corner| if corner == 0 { 0.0 } else { (f32::from(corner) + by).clamp(0.0, most) });
            if is_even {
                Outline::Rect(bounds(place), corners[0])
            } else {
                Outline::Path(rounded(place, corners))
            }
        };
        let snaps = rect.round_to_pixels.unwrap_or(true);
        let place = if snaps { rect.rect.round_to_pixels(per_point) } else { rect.rect };
        if !place.is_finite() && !self.clip.is_finite() {
            return;
        }
        let place = place.intersect(Rect::from_min_max(Pos2::new(-1e5, -1e5), Pos2::new(1e5, 1e5)));
        self.push(round(place, 0.0), rect.fill, (0.0, Color32::TRANSPARENT));
        let width = rect.stroke.width;
        let by = match rect.stroke_kind {
            StrokeKind::Inside => -0.5 * width,
            StrokeKind::Middle => 0.0,
            StrokeKind::Outside => 0.5 * width,
        };
        self.push(round(place.expand(by), by), Color32::TRANSPARENT, (width, rect.stroke.color));
    }

    fn quadratic(&mut self, curve: &QuadraticBezierShape, shape: &egui::Shape) {
        let [from, control, to] = curve.points;
        let third = |end: Pos2| end + (control - end) * (2.0 / 3.0);
        self.curve([from, third(from), third(to), to], curve.closed, curve.fill, &curve.stroke, shape);
    }

    fn cubic(&mut self, curve: &CubicBezierShape, shape: &egui::Shape) {
        self.curve(curve.points, curve.closed, curve.fill, &curve.stroke, shape);
    }

    fn curve(
        &mut self,
        [from, a, b, to]: [Pos2; 4],
        closed: bool,
        fill: Color32,
        stroke: &egui::epaint::PathStroke,
        shape: &egui::Shape,
    ) {
        let ColorMode::Solid(color) = stroke.color else { return self.pixels(shape) };
        let mut segments = vec![Segment::Move(point(from)), Segment::Cubic(point(a), point(b), point(to))];
        segments.extend(closed.then_some(Segment::Close));
        self.push(Outline::Path(segments), fill, (stroke.width, color));
    }

    fn mesh(&mut self, mesh: &Arc<Mesh>, shape: &egui::Shape) {
        let is_plain =
            mesh.texture_id == TextureId::default() && mesh.vertices.iter().all(|v| v.uv == WHITE_UV);
        match quads(mesh) {
            Some(quads) if is_plain => match colour_grid(&quads) {
                Some(image) => self.item(Drawn::Image(image)),
                None => {
                    for Quad { rect, color, .. } in quads {
                        let outline = Outline::Rect(bounds(rect), 0.0);
                        self.push(outline, color, (0.0, Color32::TRANSPARENT));
                    }
                }
            },
            Some(quads) if quads.iter().all(|quad| is_part(quad.uv)) => {
                for quad in quads {
                    self.textured(mesh.texture_id, &quad, shape);
                }
            }
            Some(_) | None => match triangles(mesh).filter(|_| is_plain) {
                Some(triangles) => {
                    for (points, color) in triangles {
                        let outline = Outline::Path(polyline(&points, true));
                        self.push(outline, color, (0.0, Color32::TRANSPARENT));
                    }
                }
                None => self.pixels(shape),
            },
        }
    }

    /// A part of a texture, cut at its pixels.
    fn textured(&mut self, id: TextureId, quad: &Quad, shape: &egui::Shape) {
        /// Shares of a pixel that are taken for inaccuracies.
        const HAIR: f32 = 0.05;
        let Some((pixels, [width, height], is_smooth)) = self.frame.rasterizer.texture(id) else { return };
        if !is_part(quad.uv) || !quad.rect.is_positive() {
            return self.pixels(shape);
        }
        let texels = Rect::from_min_max(
            Pos2::new(quad.uv.left() * width as f32, quad.uv.top() * height as f32),
            Pos2::new(quad.uv.right() * width as f32, quad.uv.bottom() * height as f32),
        );
        let first = |x: f32| (x + HAIR).floor().max(0.0);
        let end = |x: f32, all: usize| (x - HAIR).ceil().min(all as f32);
        let whole = Rect::from_min_max(
            Pos2::new(first(texels.left()), first(texels.top())),
            Pos2::new(end(texels.right(), width), end(texels.bottom(), height)),
        );
        if !whole.is_positive() || !texels.is_positive() {
            return;
        }
        // Where the cut lies within pixels, the whole ones are larger than the place, which then cuts them.
        let scale = quad.rect.size() / texels.size();
        let is_exact = (whole.min - texels.min).abs().max_elem() <= HAIR
            && (whole.max - texels.max).abs().max_elem() <= HAIR;
        let place = if is_exact {
            quad.rect
        } else {
            Rect::from_min_size(quad.rect.min + (whole.min - texels.min) * scale, whole.size() * scale)
        };
        let tint = quad.color;
        let image = RgbaImage::from_fn(whole.width() as u32, whole.height() as u32, |x, y| {
            let at = (whole.top() as usize + y as usize) * width + whole.left() as usize + x as usize;
            image::Rgba(colour(tinted(pixels[at], tint)))
        });
        let image = Image { bounds: bounds(place), pixels: Arc::new(image), is_smooth };
        let clip = self.clip.intersect(quad.rect);
        self.items
            .push(Item { clip: bounds(if is_exact { self.clip } else { clip }), drawn: Drawn::Image(image) });
    }

    /// A shape as its own pixels.
    fn pixels(&mut self, shape: &egui::Shape) {
        let visible = shape.visual_bounding_rect().intersect(self.clip);
        if !visible.is_positive() || !visible.is_finite() {
            return;
        }
        let corner = (visible.min.to_vec2() * DENSITY).floor() / DENSITY;
        let size = ((visible.max.to_vec2() - corner) * DENSITY).ceil();
        let size_px = [size.x, size.y].map(|side| side as u32);
        let shapes = vec![ClippedShape::new(self.clip, shape.clone())];
        let pixels = self.frame.paint_part(shapes, corner.to_pos2(), size_px, DENSITY);
        let place = Rect::from_min_size(corner.to_pos2(), size / DENSITY);
        let image = Image { bounds: bounds(place), pixels: Arc::new(pixels), is_smooth: true };
        self.item(Drawn::Image(image));
    }

    fn text(&mut self, text: &TextShape) {
        if text.opacity_factor <= 0.0 {
            return;
        }
        let galley = &text.galley;
        let origin = text.pos.round_to_pixels(self.frame.pixels_per_point);
        let turned = (text.angle != 0.0).then(|| (text.angle.to_degrees(), point(origin)));
        let mut rest = galley.job.text.char_indices().peekable();
        let mut at = 0;
        for row in &galley.rows {
            let mut line = Line {
                text,
                origin: origin + row.pos.to_vec2(),
                runs: Vec::new(),
                grounds: Vec::new(),
                is_cut: false,
            };
            for (number, glyph) in row.glyphs.iter().enumerate() {
                // The sign at the end of a text that is cut off is not in the text; it looks as what is before it.
                if let Some((byte, _)) = rest.next_if(|(_, c)| *c == glyph.chr) {
                    at = byte;
                }
                let format = galley.job.format_at_byte(ByteIndex(at));
                let (face, _) = face(&format.font_id.family);
                if !glyph.chr.is_whitespace() && !has_character(face, glyph.chr) {
                    self.glyph(text, row, glyph);
                    line.is_cut = true;
                    continue;
                }
                let right = row.glyphs.get(number + 1).map_or(glyph.max_x(), |next| next.pos.x);
                line.add(glyph, right, format);
            }
            if row.ends_with_newline {
                rest.next_if(|(_, c)| *c == '\n');
            }
            self.line(line, turned);
        }
    }

    /// A sign that no bundled font has, as its pixels.
    fn glyph(&mut self, text: &TextShape, row: &PlacedRow, glyph: &Glyph) {
        let font = TextureId::default();
        let Some((_, size, _)) = self.frame.rasterizer.texture(font) else { return };
        let first = glyph.first_vertex as usize;
        let Some(corners) = row.visuals.mesh.vertices.get(first..first + 4) else { return };
        if glyph.uv_rect.is_nothing() {
            return;
        }
        let by = text.pos.round_to_pixels(self.frame.pixels_per_point).to_vec2() + row.pos.to_vec2();
        let texel = egui::vec2(1.0 / size[0] as f32, 1.0 / size[1] as f32);
        let ink = |color| if color == Color32::PLACEHOLDER { text.fallback_color } else { color };
        let mut mesh = Mesh::with_texture(font);
        mesh.vertices.extend(corners.iter().map(|corner| Vertex {
            pos: corner.pos + by,
            uv: (corner.uv.to_vec2() * texel).to_pos2(),
            color: text.override_text_color.unwrap_or_else(|| ink(corner.color)),
        }));
        mesh.indices.extend([0, 1, 2, 2, 1, 3]);
        self.pixels(&egui::Shape::mesh(mesh));
    }

    /// A line of text: what lies behind it, and the text.
    fn line(&mut self, line: Line, turned: Option<(f32, [f32; 2])>) {
        for (rect, fill) in line.grounds {
            // Turned text has no ground in this program.
            self.push(Outline::Rect(bounds(rect), 0.0), fill, (0.0, Color32::TRANSPARENT));
        }
        let mut runs: Vec<Run> = line.runs;
        while runs.last().is_some_and(|run| run.text.trim().is_empty()) {
            runs.pop();
        }
        if !runs.is_empty() {
            self.item(Drawn::Text(Text { runs, turned }));
        }
    }
}

/// A line of text while it is read.
struct Line<'a> {
    text: &'a TextShape,
    origin: Pos2,
    runs: Vec<Run>,
    grounds: Vec<(Rect, Color32)>,
    /// What comes next does not continue the last run.
    is_cut: bool,
}

impl Line<'_> {
    fn add(&mut self, glyph: &Glyph, right: f32, format: &TextFormat) {
        let ink = self.text.override_text_color.unwrap_or(format.color);
        let ink = if ink == Color32::PLACEHOLDER { self.text.fallback_color } else { ink };
        let ink = colour(ink.gamma_multiply(self.text.opacity_factor));
        let at = point(self.origin + glyph.pos.to_vec2());
        let (face, is_mono) = face(&format.font_id.family);
        let run = Run {
            text: String::new(),
            at,
            width: 0.0,
            size: format.font_id.size,
            face,
            is_mono,
            is_slanted: format.italics,
            colour: ink,
        };
        let same = |before: &&mut Run| {
            (before.size, before.face, before.colour) == (run.size, run.face, run.colour)
                && (before.is_mono, before.is_slanted, before.at[1])
                    == (run.is_mono, run.is_slanted, run.at[1])
        };
        let end = self.origin.x + right;
        let is_cut = std::mem::take(&mut self.is_cut);
        match self.runs.last_mut().filter(|before| !is_cut && same(before)) {
            Some(before) => {
                before.text.push(glyph.chr);
                before.width = end - before.at[0];
            }
            None => self.runs.push(Run { text: glyph.chr.to_string(), width: end - at[0], ..run }),
        }
        if format.background.a() > 0 {
            let rect = glyph.logical_rect().translate(self.origin.to_vec2()).expand(format.expand_bg);
            self.grounds.push((rect, format.background));
        }
    }
}

/// The font of a family, and whether its characters have one width.
fn face(family: &FontFamily) -> (Face, bool) {
    match family {
        FontFamily::Proportional => (Face::Text, false),
        FontFamily::Monospace => (Face::Text, true),
        FontFamily::Name(_) if *family == fonts::strong() => (Face::Strong, false),
        FontFamily::Name(_) => (Face::Digits, false),
    }
}

/// The rectangles of a mesh, where it has nothing else, each of one colour.
fn quads(mesh: &Mesh) -> Option<Vec<Quad>> {
    if !mesh.vertices.len().is_multiple_of(4) || mesh.indices.len() != mesh.vertices.len() / 4 * 6 {
        return None;
    }
    let of = |(number, [a, b, c, d]): (usize, &[Vertex; 4])| {
        let first = 4 * number as u32;
        let indices: Vec<u32> =
            mesh.indices[6 * number..6 * number + 6].iter().map(|i| i.wrapping_sub(first)).collect();
        let is_rect = a.pos.y == b.pos.y && c.pos.y == d.pos.y && a.pos.x == c.pos.x && b.pos.x == d.pos.x;
        let is_upright = a.uv.y == b.uv.y && c.uv.y == d.uv.y && a.uv.x == c.uv.x && b.uv.x == d.uv.x;
        let is_one = [b, c, d].iter().all(|vertex| vertex.color == a.color);
        (indices == [0, 1, 2, 2, 1, 3] && is_rect && is_upright && is_one).then(|| Quad {
            rect: Rect::from_min_max(a.pos, d.pos),
            uv: Rect::from_min_max(a.uv, d.uv),
            color: a.color,
        })
    };
    mesh.vertices.as_chunks::<4>().0.iter().enumerate().map(of).collect()
}

/// The triangles of a mesh, where each has one colour.
fn triangles(mesh: &Mesh) -> Option<Vec<([Pos2; 3], Color32)>> {
    let of = |corners: [u32; 3]| {
        let [a, b, c] = corners.map(|index| mesh.vertices.get(index as usize));
        let [a, b, c] = [a?, b?, c?];
        (a.color == b.color && a.color == c.color).then_some(([a.pos, b.pos, c.pos], a.color))
    };
    mesh.triangles().map(of).collect()
}

/// Rectangles that together are a grid without gaps, as an image with a pixel for each.
fn colour_grid(quads: &[Quad]) -> Option<Image> {
    const HAIR: f32 = 0.02;
    let first = quads.first()?.rect;
    let near = |a: f32, b: f32| (a - b).abs() < HAIR;
    let whole = quads.iter().fold(first, |whole, quad| whole.union(quad.rect));
    let [columns, rows] =
        [whole.width() / first.width(), whole.height() / first.height()].map(|n| n.round() as usize);
    if quads.len() < 4 || columns * rows != quads.len() {
        return None;
    }
    let cell = egui::vec2(whole.width() / columns as f32, whole.height() / rows as f32);
    let mut pixels = RgbaImage::new(columns as u32, rows as u32);
    let mut is_set = vec![false; quads.len()];
    for quad in quads {
        let at = (quad.rect.min - whole.min) / cell;
        let (x, y) = (at.x.round(), at.y.round());
        let place = whole.min + egui::vec2(x, y) * cell;
        let fits = near(place.x, quad.rect.left()) && near(place.y, quad.rect.top());
        let fits =
            fits && near(place.x + cell.x, quad.rect.right()) && near(place.y + cell.y, quad.rect.bottom());
        let (x, y) = (x as usize, y as usize);
        if !fits || x >= columns || y >= rows || std::mem::replace(&mut is_set[y * columns + x], true) {
            return None;
        }
        pixels.put_pixel(x as u32, y as u32, image::Rgba(colour(quad.color)));
    }
    Some(Image { bounds: bounds(whole), pixels: Arc::new(pixels), is_smooth: false })
}

/// Whether texture coordinates name a part of the texture, upright and without repetition.
fn is_part(uv: Rect) -> bool {
    const HAIR: f32 = 1e-4;
    uv.is_positive()
        && uv.min.x >= -HAIR
        && uv.min.y >= -HAIR
        && uv.max.x <= 1.0 + HAIR
        && uv.max.y <= 1.0 + HAIR
}

/// A pixel of a texture in the colour of what it covers.
fn tinted(texel: Color32, tint: Color32) -> Color32 {
    if tint == Color32::WHITE {
        return texel;
    }
    let (texel, tint) = (texel.to_array(), tint.to_array());
    let [r, g, b, a] =
        std::array::from_fn(|k| ((u32::from(texel[k]) * u32::from(tint[k]) + 127) / 255) as u8);
    Color32::from_rgba_premultiplied(r, g, b, a)
}

fn colour(color: Color32) -> Colour {
    color.to_srgba_unmultiplied()
}

const fn point(pos: Pos2) -> [f32; 2] {
    [pos.x, pos.y]
}

const fn bounds(rect: Rect) -> Bounds {
    Bounds { left: rect.min.x, top: rect.min.y, right: rect.max.x, bottom: rect.max.y }
}

fn polyline(points: &[Pos2], closed: bool) -> Vec<Segment> {
    let mut segments: Vec<Segment> = points.iter().map(|p| Segment::Line(point(*p))).collect();
    if let Some(first) = points.first() {
        segments[0] = Segment::Move(point(*first));
    }
    segments.extend((closed && !points.is_empty()).then_some(Segment::Close));
    segments
}

/// A rectangle whose corners, at the left above, at the right above, at the left below and at the right below, have
/// radii of their own.
fn rounded(rect: Rect, [nw, ne, sw, se]: [f32; 4]) -> Vec<Segment> {
    const ROUND: f32 = 1.0 - 0.552_285;
    let (left, top, right, bottom) = (rect.left(), rect.top(), rect.right(), rect.bottom());
    let corner = |x: f32, y: f32, from: [f32; 2], to: [f32; 2]| {
        let towards = |[px, py]: [f32; 2]| [x + (px - x) * ROUND, y + (py - y) * ROUND];
        Segment::Cubic(towards(from), towards(to), to)
    };
    vec![
        Segment::Move([left + nw, top]),
        Segment::Line([right - ne, top]),
        corner(right, top, [right - ne, top], [right, top + ne]),
        Segment::Line([right, bottom - se]),
        corner(right, bottom, [right, bottom - se], [right - se, bottom]),
        Segment::Line([left + sw, bottom]),
        corner(left, bottom, [left + sw, bottom], [left, bottom - sw]),
        Segment::Line([left, top + nw]),
        corner(left, top, [left, top + nw], [left + nw, top]),
        Segment::Close,
    ]
}
