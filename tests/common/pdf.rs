//! A PDF read by a reader that is not ours: its texts, its pages as pixels.
#![allow(dead_code, reason = "each test file uses its own part of this one")]

use hayro::hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, SoftMask, font::GlyphRun, hayro_cmap::BfString, interpret_page,
};
use hayro::hayro_syntax::Pdf;
use hayro::kurbo::{Affine, BezPath, Point, Rect};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};

/// Collects the characters of a page, a line for each height.
#[derive(Default)]
struct Reader {
    text: String,
    last: Option<f64>,
}

impl<'a> Device<'a> for Reader {
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        for glyph in run.glyphs() {
            let height = (props.transform * glyph.transform() * Point::ZERO).y;
            if self.last.is_some_and(|last| (last - height).abs() > 0.5) {
                self.text.push('\n');
            }
            self.last = Some(height);
            match glyph.as_unicode() {
                Some(BfString::Char(c)) => self.text.push(c),
                Some(BfString::String(s)) => self.text.push_str(&s),
                None => self.text.push('\u{FFFD}'),
            }
        }
    }
    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}

fn open(pdf: &[u8]) -> Pdf {
    Pdf::new(pdf.to_vec()).expect("a PDF")
}

/// The text of each page in the order in which it is drawn, a line for each height.
pub fn texts(pdf: &[u8]) -> Vec<String> {
    let pdf = open(pdf);
    let read = |page| {
        let page: &hayro::hayro_syntax::page::Page = page;
        let (width, height) = page.render_dimensions();
        let room = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
        let cache = InterpreterCache::new();
        let settings = InterpreterSettings::default();
        let mut context = Context::new(Affine::IDENTITY, room, &cache, page.xref(), settings);
        let mut reader = Reader::default();
        interpret_page(page, &mut context, &mut reader);
        reader.text
    };
    pdf.pages().iter().map(read).collect()
}

/// Width and height of each page in points.
pub fn sizes(pdf: &[u8]) -> Vec<(f32, f32)> {
    open(pdf).pages().iter().map(|page| page.render_dimensions()).collect()
}

/// Each page as a PNG, `scale` pixels to a point.
pub fn pictures(pdf: &[u8], scale: f32) -> Vec<Vec<u8>> {
    let pdf = open(pdf);
    let cache = RenderCache::new();
    let on = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    let draw = |page| {
        let (read, drawn) = (InterpreterSettings::default(), RenderSettings::default());
        hayro::render(page, &cache, &read, &drawn, &on).into_png().expect("a PNG")
    };
    pdf.pages().iter().map(draw).collect()
}

/// Writes each page as a PNG into the folder that `CONVSTEP_LOOK` names, to be looked at.
pub fn look(pdf: &[u8], name: &str) {
    let Ok(folder) = std::env::var("CONVSTEP_LOOK") else { return };
    for (page, bytes) in pictures(pdf, 1.5).iter().enumerate() {
        std::fs::write(format!("{folder}/{name}-{page}.png"), bytes).expect("written");
    }
}
