//! SVG pages as one PDF, and as pixels.
//!
//! Text stays text, set in subsets of the bundled fonts that the file carries with it. The same pages give the same
//! bytes.

use super::{
    ExportError,
    fonts::{self, Face},
};
use krilla::{Document, SerializeSettings, geom::Size, metadata::Metadata, page::PageSettings};
use krilla_svg::{SurfaceExt, SvgSettings};
use resvg::{
    tiny_skia,
    usvg::{self, FontFamily, FontResolver, ImageHrefResolver, Options, Tree, fontdb},
};
use std::sync::{Arc, LazyLock};

/// A page of a PDF.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Page<'a> {
    /// The drawing, the text of an SVG file.
    pub svg: &'a str,
    /// Width and height in points, 72 to an inch; `None` for the drawing's own size, 96 pixels to an inch.
    pub size: Option<[f32; 2]>,
}

/// Points in a pixel of an SVG.
pub const POINTS_PER_PIXEL: f32 = 0.75;

/// The pages as one PDF with a title.
///
/// # Errors
/// One line that names the page that is no SVG or has no extent.
pub fn pdf(pages: &[Page], title: &str) -> Result<Vec<u8>, ExportError> {
    // What is not asked for is left out: a file without a clock has no date.
    let mut document = Document::new_with(SerializeSettings { enable_tagging: false, ..Default::default() });
    document.set_metadata(
        Metadata::new()
            .title(title.to_owned())
            .creator("convstep".to_owned())
            .producer("convstep".to_owned()),
    );
    for (index, page) in pages.iter().enumerate() {
        let wrong = |what: &str| ExportError(format!("page {}: expected {what}", index + 1));
        let tree = parse(page.svg).map_err(|error| wrong(&error.0))?;
        let own = [tree.size().width(), tree.size().height()].map(|pixels| pixels * POINTS_PER_PIXEL);
        let [width, height] = page.size.unwrap_or(own);
        let size = Size::from_wh(width, height).ok_or_else(|| wrong("a width and a height above 0"))?;
        let settings = PageSettings::new(size);
        let mut sheet = document.start_page_with(settings);
        let mut surface = sheet.surface();
        surface
            .draw_svg(&tree, size, SvgSettings::default())
            .ok_or_else(|| wrong("a drawing that a PDF can hold"))?;
        surface.finish();
        sheet.finish();
    }
    document.finish().map_err(|error| ExportError(format!("{title}: expected a PDF, got {error:?}")))
}

/// An SVG as the bytes of a PNG, `scale` pixels to one of its own.
///
/// # Errors
/// One line: no SVG, or more than `MOST_PIXELS` pixels.
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>, ExportError> {
    let tree = parse(svg)?;
    let [width, height] =
        [tree.size().width(), tree.size().height()].map(|side| (side * scale).ceil().max(1.0));
    let too_large = || {
        ExportError(format!(
            "expected a picture of at most {MOST_PIXELS} pixels, got {width} × {height}; choose a smaller scale"
        ))
    };
    // Also where it is no number.
    let is_small = width * height <= MOST_PIXELS as f32;
    if !is_small {
        return Err(too_large());
    }
    let mut pixels = tiny_skia::Pixmap::new(width as u32, height as u32).ok_or_else(too_large)?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| ExportError(format!("expected a PNG, got {error}")))
}

/// The most pixels of a picture: 256 MiB.
const MOST_PIXELS: u32 = 1 << 26;

/// The tree of an SVG with the bundled fonts and no other. Files that it names are not read.
fn parse(svg: &str) -> Result<Tree, ExportError> {
    let options = Options {
        font_family: "Inter".to_owned(),
        fontdb: Arc::clone(&FONTS.0),
        font_resolver: FontResolver {
            select_font: Box::new(|font, _| Some(first_font(font))),
            select_fallback: Box::new(|c, used, _| {
                let mut order = Face::Text.order().iter().copied();
                order
                    .find(|&font| !used.contains(&FONTS.1[font]) && fonts::has(font, c))
                    .map(|font| FONTS.1[font])
            }),
        },
        image_href_resolver: ImageHrefResolver {
            resolve_data: ImageHrefResolver::default_data_resolver(),
            resolve_string: Box::new(|_, _| None),
        },
        ..Options::default()
    };
    Tree::from_str(svg, &options).map_err(|error| ExportError(format!("an SVG, got {error}")))
}

/// The font that a text begins with: the narrow digits where their family comes first, the half-bold one by its weight.
fn first_font(font: &usvg::Font) -> fontdb::ID {
    let face = match font.families().first() {
        Some(FontFamily::Named(name)) if Face::Digits.families().starts_with(&format!("'{name}'")) => {
            Face::Digits
        }
        Some(_) | None if font.weight() >= Face::Strong.weight() => Face::Strong,
        Some(_) | None => Face::Text,
    };
    FONTS.1[face.order()[0]]
}

/// The bundled fonts, and their ids by their numbers.
static FONTS: LazyLock<(Arc<fontdb::Database>, [fontdb::ID; 5])> = LazyLock::new(|| {
    let mut database = fontdb::Database::new();
    let ids = fonts::ALL.map(|font| {
        let ids = database.load_font_source(fontdb::Source::Binary(Arc::new(font)));
        ids.first().copied().unwrap_or(fontdb::ID::dummy())
    });
    (Arc::new(database), ids)
});

#[cfg(test)]
mod tests {
    use super::*;

    const SVG: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='400' height='120' font-size='20'>\
        <rect width='400' height='120' fill='#fff'/>\
        <text x='10' y='30'>Sum 4.625 ≈ −1 ⊙ 卷积核</text>\
        <text x='10' y='60' font-weight='600'>Bold 梯度</text>\
        <text x='10' y='90' font-family=\"'Noto Sans CJK SC'\">0123</text></svg>";

    #[test]
    fn each_text_finds_its_font() {
        let mut used = Vec::new();
        let tree = parse(SVG).expect("an SVG");
        for node in tree.root().children() {
            if let usvg::Node::Text(text) = node {
                let glyphs = text.layouted().iter().flat_map(|span| &span.positioned_glyphs);
                let fonts = glyphs.map(|glyph| FONTS.1.iter().position(|id| *id == glyph.font));
                let mut fonts: Vec<Option<usize>> = fonts.collect();
                fonts.dedup();
                used.push(fonts);
            }
        }
        assert_eq!(used, [vec![Some(1), Some(3), Some(1), Some(4)], vec![Some(2), Some(4)], vec![Some(0)]]);
    }

    #[test]
    fn what_is_no_drawing_is_told_in_one_line() {
        let error =
            pdf(&[Page { svg: SVG, size: None }, Page { svg: "<p>", size: None }], "x").expect_err("no SVG");
        assert!(error.0.starts_with("page 2: expected an SVG, got") && !error.0.contains('\n'), "{error}");
        let error = png(SVG, 1e6).expect_err("too large");
        assert!(error.0.contains("choose a smaller scale"), "{error}");
        assert!(pdf(&[Page { svg: SVG, size: Some([0.0, 1.0]) }], "x").is_err());
        let bytes = png(SVG, 2.0).expect("a PNG");
        let picture = image::load_from_memory(&bytes).expect("a picture");
        assert_eq!((picture.width(), picture.height()), (800, 240));
    }
}
