//! A picture as plain shapes, images and texts, and its files: SVG, PDF and PNG.
//!
//! What is drawn comes from elsewhere, as a [`Scene`]; here is no window. Positions and sizes are in points, of which an
//! SVG has 96 and a printed inch 72 to its inch: a scene 960 points wide is 10 inches wide on paper.

mod svg;

use super::{
    ExportError,
    fonts::Face,
    pdf::{self, Page},
};
use image::{
    RgbaImage,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub use svg::svg;

/// What a picture is written as.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Format {
    /// Pixels.
    #[default]
    Png,
    /// Shapes and text for screens and slides.
    Svg,
    /// Shapes and text for paper; one page or many.
    Pdf,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Png, Self::Svg, Self::Pdf];

    /// The ending of its files.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Pdf => "pdf",
        }
    }
}

/// Red, green, blue and opacity, not multiplied.
pub type Colour = [u8; 4];

/// A rectangle by its edges.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Bounds {
    /// The least x.
    pub left: f32,
    /// The least y.
    pub top: f32,
    /// The largest x.
    pub right: f32,
    /// The largest y.
    pub bottom: f32,
}

impl Bounds {
    /// Its width.
    pub const fn width(&self) -> f32 {
        self.right - self.left
    }

    /// Its height.
    pub const fn height(&self) -> f32 {
        self.bottom - self.top
    }

    /// Whether another lies within it, but for a hair.
    pub fn contains(&self, other: &Self) -> bool {
        const HAIR: f32 = 0.01;
        other.left >= self.left - HAIR
            && other.top >= self.top - HAIR
            && other.right <= self.right + HAIR
            && other.bottom <= self.bottom + HAIR
    }

    /// Whether another has a part within it.
    pub fn meets(&self, other: &Self) -> bool {
        other.left < self.right
            && other.right > self.left
            && other.top < self.bottom
            && other.bottom > self.top
    }

    /// A rectangle that has more room at each side.
    pub const fn expand(&self, by: f32) -> Self {
        Self { left: self.left - by, top: self.top - by, right: self.right + by, bottom: self.bottom + by }
    }
}

/// A picture: what lies further back comes first.
#[derive(Clone, PartialEq, Debug)]
pub struct Scene {
    /// Width and height.
    pub size: [f32; 2],
    /// The colour behind everything; none for a transparent ground.
    pub ground: Option<Colour>,
    /// What it shows, in words.
    pub title: String,
    /// What is drawn.
    pub items: Vec<Item>,
}

/// Something that is drawn, and the part of the picture in which it shows.
#[derive(Clone, PartialEq, Debug)]
pub struct Item {
    /// Nothing shows outside.
    pub clip: Bounds,
    /// What is drawn.
    pub drawn: Drawn,
}

/// What is drawn.
#[derive(Clone, PartialEq, Debug)]
pub enum Drawn {
    /// An outline, filled or stroked.
    Shape(Shape),
    /// Pixels.
    Image(Image),
    /// A line of text.
    Text(Text),
}

/// An outline, filled, stroked or both.
#[derive(Clone, PartialEq, Debug)]
pub struct Shape {
    /// The outline.
    pub outline: Outline,
    /// The colour within.
    pub fill: Option<Colour>,
    /// The line along it.
    pub stroke: Option<Stroke>,
}

/// A line along an outline, half of its width at each side.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Stroke {
    /// Its width.
    pub width: f32,
    /// Its colour.
    pub colour: Colour,
}

/// An outline.
#[derive(Clone, PartialEq, Debug)]
pub enum Outline {
    /// A rectangle with corners of one radius.
    Rect(Bounds, f32),
    /// An ellipse without rotation, by its bounds.
    Ellipse(Bounds),
    /// Lines and curves.
    Path(Vec<Segment>),
}

/// A part of a path, from where the last one ended.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Segment {
    /// Begins anew.
    Move([f32; 2]),
    /// A straight line.
    Line([f32; 2]),
    /// A cubic Bézier curve: two control points, then its end.
    Cubic([f32; 2], [f32; 2], [f32; 2]),
    /// A straight line to where the path began.
    Close,
}

/// Pixels, stretched over a rectangle.
#[derive(Clone, PartialEq, Debug)]
pub struct Image {
    /// Where they lie.
    pub bounds: Bounds,
    /// The pixels; opacity is not multiplied into the colours.
    pub pixels: Arc<RgbaImage>,
    /// Colours change smoothly from pixel to pixel; else each is a rectangle with sharp edges.
    pub is_smooth: bool,
}

/// A line of text.
#[derive(Clone, PartialEq, Debug)]
pub struct Text {
    /// The parts of the line, from left to right.
    pub runs: Vec<Run>,
    /// Degrees that the line is turned by, clockwise, and about which point.
    pub turned: Option<(f32, [f32; 2])>,
}

/// A part of a line of text that has one look.
#[derive(Clone, PartialEq, Debug)]
pub struct Run {
    /// The characters.
    pub text: String,
    /// Where the first one stands: its left end, and the line that it stands on.
    pub at: [f32; 2],
    /// How wide they are together.
    pub width: f32,
    /// The size of the font.
    pub size: f32,
    /// The font.
    pub face: Face,
    /// All characters have one width, as in program text.
    pub is_mono: bool,
    /// Slanted.
    pub is_slanted: bool,
    /// The colour.
    pub colour: Colour,
}

impl Drawn {
    /// A rectangle within which all of it lies; nothing is said of turned text.
    fn bounds(&self) -> Option<Bounds> {
        match self {
            Self::Shape(shape) => {
                let stroke = shape.stroke.map_or(0.0, |stroke| stroke.width);
                Some(shape.outline.bounds()?.expand(stroke))
            }
            Self::Image(image) => Some(image.bounds),
            Self::Text(Text { turned: Some(_), .. }) => None,
            Self::Text(Text { runs, turned: None }) => around(runs.iter().flat_map(|run| {
                let [x, y] = run.at;
                [[x, y - run.size], [x + run.width, y + 0.3 * run.size]]
            })),
        }
    }
}

impl Outline {
    fn bounds(&self) -> Option<Bounds> {
        match self {
            Self::Rect(bounds, _) | Self::Ellipse(bounds) => Some(*bounds),
            Self::Path(segments) => around(segments.iter().flat_map(|segment| match *segment {
                Segment::Move(to) | Segment::Line(to) => vec![to],
                Segment::Cubic(a, b, to) => vec![a, b, to],
                Segment::Close => Vec::new(),
            })),
        }
    }
}

/// The rectangle around points.
fn around(points: impl Iterator<Item = [f32; 2]>) -> Option<Bounds> {
    points.fold(None, |bounds, [x, y]| {
        let b = bounds.unwrap_or(Bounds { left: x, top: y, right: x, bottom: y });
        let (left, top) = (b.left.min(x), b.top.min(y));
        Some(Bounds { left, top, right: b.right.max(x), bottom: b.bottom.max(y) })
    })
}

/// Pictures as one PDF, a page each.
///
/// # Errors
/// If one has no extent.
pub fn pdf(scenes: &[Scene]) -> Result<Vec<u8>, ExportError> {
    let drawings: Vec<String> = scenes.iter().map(svg::for_paper).collect();
    let pages: Vec<Page> = drawings.iter().map(|svg| Page { svg, size: None }).collect();
    pdf::pdf(&pages, scenes.first().map_or("", |scene| &scene.title))
}

/// Pixels as a PNG file.
///
/// # Errors
/// If there are none.
pub fn png(pixels: &RgbaImage) -> Result<Vec<u8>, ExportError> {
    let mut file = Vec::new();
    // What is drawn repeats itself: whole rows are found again best without a filter.
    let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Best, FilterType::NoFilter);
    match pixels.write_with_encoder(encoder) {
        Ok(()) => Ok(file),
        Err(error) => Err(ExportError(format!("expected a picture, got {error}"))),
    }
}
