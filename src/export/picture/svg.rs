//! A scene as the text of an SVG file.
//!
//! Text stays text: a line is one element, so that it can be searched and copied. The fonts that it is set in are named,
//! and those that are small come with the file; Chinese is set in what the reader has.

use super::{Bounds, Colour, Drawn, Image, Item, Outline, Run, Scene, Segment, Shape, Text, png};
use crate::export::fonts::{self, Face};
use base64::{Engine, engine::general_purpose::STANDARD};
use image::imageops::{self, FilterType};
use std::{
    collections::BTreeSet,
    fmt::{self, Write},
};

/// Fonts larger than this don't come with the file.
const MOST_OF_FONT: usize = 64 * 1024;

/// The text of an SVG file with the scene.
pub fn svg(scene: &Scene) -> String {
    written(scene, Some(&font_faces(scene)))
}

/// The same for a reader that has the fonts.
pub(super) fn for_paper(scene: &Scene) -> String {
    written(scene, None)
}

/// `style`: the rules for a reader that may not have the fonts.
fn written(scene: &Scene, style: Option<&str>) -> String {
    let [width, height] = scene.size.map(Number);
    let (body, clips) = body(scene, style.is_some());
    let mut file = String::new();
    add(
        &mut file,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{width}\" \
             height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"{}\">\n<title>{}</title>\n",
            Face::Text.families(),
            escaped(&scene.title)
        ),
    );
    if let Some(style) = style.filter(|style| !style.is_empty()) {
        add(&mut file, format_args!("<style>\n{style}</style>\n"));
    }
    if !clips.is_empty() {
        file += "<defs>\n";
        for (number, clip) in clips.iter().enumerate() {
            let rect = RectAttributes(clip);
            add(&mut file, format_args!("<clipPath id=\"clip{number}\"><rect {rect}/></clipPath>\n"));
        }
        file += "</defs>\n";
    }
    if let Some(ground) = scene.ground {
        let paint = Paint("fill", ground);
        add(&mut file, format_args!("<rect width=\"{width}\" height=\"{height}\"{paint}/>\n"));
    }
    file + &body + "</svg>\n"
}

/// What is drawn, and the rectangles that parts of it are cut at.
fn body(scene: &Scene, fits: bool) -> (String, Vec<Bounds>) {
    let whole = Bounds { left: 0.0, top: 0.0, right: scene.size[0], bottom: scene.size[1] };
    let (mut body, mut clips, mut open) = (String::new(), Vec::new(), None);
    for item in scene.items.iter().filter(|item| is_visible(item, &whole)) {
        let clip = clip_of(item, &whole, &mut clips);
        if clip != open {
            if open.is_some() {
                body += "</g>\n";
            }
            if let Some(clip) = clip {
                add(&mut body, format_args!("<g clip-path=\"url(#clip{clip})\">\n"));
            }
            open = clip;
        }
        match &item.drawn {
            Drawn::Shape(shape) => write_shape(&mut body, shape),
            Drawn::Image(image) => write_image(&mut body, image),
            Drawn::Text(text) => write_text(&mut body, text, fits),
        }
    }
    if open.is_some() {
        body += "</g>\n";
    }
    (body, clips)
}

/// Whether any of it shows.
fn is_visible(item: &Item, whole: &Bounds) -> bool {
    let clip = &item.clip;
    let is_in_clip = item.drawn.bounds().is_none_or(|bounds| clip.meets(&bounds.expand(0.01)));
    clip.width() > 0.0 && clip.height() > 0.0 && whole.meets(clip) && is_in_clip
}

/// The number of the rectangle that an item is cut at; none where it does not reach beyond.
fn clip_of(item: &Item, whole: &Bounds, clips: &mut Vec<Bounds>) -> Option<usize> {
    let clip = item.clip;
    if clip.contains(whole) || item.drawn.bounds().is_some_and(|bounds| clip.contains(&bounds)) {
        return None;
    }
    let known = clips.iter().position(|known| *known == clip);
    Some(known.unwrap_or_else(|| {
        clips.push(clip);
        clips.len() - 1
    }))
}

fn write_shape(out: &mut String, shape: &Shape) {
    let mut paint = match shape.fill {
        Some(fill) => Paint("fill", fill).to_string(),
        None => " fill=\"none\"".to_owned(),
    };
    if let Some(stroke) = shape.stroke {
        add(
            &mut paint,
            format_args!("{} stroke-width=\"{}\"", Paint("stroke", stroke.colour), Number(stroke.width)),
        );
    }
    match &shape.outline {
        Outline::Rect(bounds, radius) => {
            let rect = RectAttributes(bounds);
            let round = if *radius > 0.0 { format!(" rx=\"{}\"", Number(*radius)) } else { String::new() };
            add(out, format_args!("<rect {rect}{round}{paint}/>\n"));
        }
        Outline::Ellipse(bounds) => {
            let [cx, cy] =
                [bounds.left + bounds.right, bounds.top + bounds.bottom].map(|sum| Number(0.5 * sum));
            let [rx, ry] = [bounds.width(), bounds.height()].map(|side| Number(0.5 * side));
            add(out, format_args!("<ellipse cx=\"{cx}\" cy=\"{cy}\" rx=\"{rx}\" ry=\"{ry}\"{paint}/>\n"));
        }
        Outline::Path(segments) => {
            let mut data = String::new();
            for segment in segments {
                let mut part = |letter: char, points: &[[f32; 2]]| {
                    data.push(letter);
                    let numbers: Vec<String> =
                        points.iter().flatten().map(|x| Number(*x).to_string()).collect();
                    data += &numbers.join(" ");
                };
                match *segment {
                    Segment::Move(to) => part('M', &[to]),
                    Segment::Line(to) => part('L', &[to]),
                    Segment::Cubic(a, b, to) => part('C', &[a, b, to]),
                    Segment::Close => part('Z', &[]),
                }
            }
            add(out, format_args!("<path d=\"{data}\"{paint}/>\n"));
        }
    }
}

/// An image as a PNG within the file. Sharp pixels are made larger, so that a reader that smooths all images shows them
/// sharp as well.
fn write_image(out: &mut String, image: &Image) {
    /// Pixels of the file to a point of the picture, times that one pixel is enlarged, and pixels in all, at most.
    const DENSITY: f32 = 4.0;
    const MOST_TIMES: u32 = 16;
    const MOST_PIXELS: u32 = 1 << 20;
    let (width, height) = image.pixels.dimensions();
    let wanted = (DENSITY * image.bounds.width() / width.max(1) as f32).ceil() as u32;
    let mut times = if image.is_smooth { 1 } else { wanted.clamp(1, MOST_TIMES) };
    while times > 1 && (width * times).saturating_mul(height * times) > MOST_PIXELS {
        times -= 1;
    }
    let file = match times {
        1 => png(&image.pixels),
        _ => png(&imageops::resize(&*image.pixels, width * times, height * times, FilterType::Nearest)),
    };
    let Ok(file) = file else { return };
    let look = if image.is_smooth { "" } else { " style=\"image-rendering:pixelated\"" };
    let data = base64(&file);
    let rect = RectAttributes(&image.bounds);
    add(
        out,
        format_args!(
            "<image {rect} preserveAspectRatio=\"none\"{look} xlink:href=\"data:image/png;base64,{data}\"/>\n"
        ),
    );
}

/// A line of text; `fits`: in the width that it has here, also where the reader lacks the font.
fn write_text(out: &mut String, text: &Text, fits: bool) {
    let turned = match text.turned {
        Some((degrees, [x, y])) => {
            format!(" transform=\"rotate({} {} {})\"", Number(degrees), Number(x), Number(y))
        }
        None => String::new(),
    };
    let whole: String = text.runs.iter().map(|run| run.text.as_str()).collect();
    let has_wide_spaces = whole.contains("  ") || whole.starts_with(' ') || whole.ends_with(' ');
    let spaces = if has_wide_spaces || text.runs.len() > 1 { " xml:space=\"preserve\"" } else { "" };
    match text.runs.as_slice() {
        [] => {}
        [run] => {
            let look = RunAttributes(run, fits);
            add(out, format_args!("<text{turned}{spaces} {look}>{}</text>\n", escaped(&run.text)));
        }
        runs => {
            add(out, format_args!("<text{turned}{spaces}>"));
            for run in runs {
                add(out, format_args!("<tspan {}>{}</tspan>", RunAttributes(run, fits), escaped(&run.text)));
            }
            *out += "</text>\n";
        }
    }
}

/// The rules that bring the fonts which the scene's text is set in.
fn font_faces(scene: &Scene) -> String {
    let mut used = BTreeSet::new();
    for item in &scene.items {
        let Drawn::Text(text) = &item.drawn else { continue };
        for run in &text.runs {
            used.extend(run.text.chars().filter_map(|c| fonts::font_of(run.face, c)));
        }
    }
    let mut rules = String::new();
    for font in used.into_iter().filter(|font| fonts::ALL[*font].len() <= MOST_OF_FONT) {
        let (family, weight) = fonts::family(font);
        let data = base64(fonts::ALL[font]);
        add(
            &mut rules,
            format_args!(
                "@font-face{{font-family:'{family}';font-weight:{weight};src:url(data:font/otf;base64,{data})}}\n"
            ),
        );
    }
    rules
}

/// Position, size, font and colour of a run.
struct RunAttributes<'a>(&'a Run, bool);

impl fmt::Display for RunAttributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self(run, fits) = *self;
        let [x, y] = run.at.map(Number);
        write!(f, "x=\"{x}\" y=\"{y}\" font-size=\"{}\"", Number(run.size))?;
        if run.is_mono {
            write!(f, " font-family=\"Hack, 'DejaVu Sans Mono', Consolas, monospace\"")?;
        } else if run.face == Face::Digits {
            write!(f, " font-family=\"{}\"", run.face.families())?;
        } else if run.face == Face::Strong {
            // Some readers know the half-bold font by a family of its own.
            write!(f, " font-family=\"'Inter SemiBold', {}\"", run.face.families())?;
        }
        if run.face.weight() != Face::Text.weight() {
            write!(f, " font-weight=\"{}\"", run.face.weight())?;
        }
        if run.is_slanted {
            write!(f, " font-style=\"italic\"")?;
        }
        if (fits || run.is_mono) && run.text.chars().nth(1).is_some() {
            write!(f, " textLength=\"{}\"", Number(run.width))?;
            if !run.is_mono {
                write!(f, " lengthAdjust=\"spacingAndGlyphs\"")?;
            }
        }
        write!(f, "{}", Paint("fill", run.colour))
    }
}

struct RectAttributes<'a>(&'a Bounds);

impl fmt::Display for RectAttributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (x, y) = (Number(self.0.left), Number(self.0.top));
        let (width, height) = (Number(self.0.width()), Number(self.0.height()));
        write!(f, "x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"")
    }
}

/// A colour as an attribute, and its opacity where it is not opaque.
struct Paint(&'static str, Colour);

impl fmt::Display for Paint {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self(name, [r, g, b, opacity]) = *self;
        write!(f, " {name}=\"#{r:02x}{g:02x}{b:02x}\"")?;
        if opacity < 255 {
            write!(f, " {name}-opacity=\"{}\"", Number(f32::from(opacity) / 255.0))?;
        }
        Ok(())
    }
}

/// A number with at most three decimals.
#[derive(Clone, Copy)]
struct Number(f32);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let rounded = (f64::from(self.0) * 1000.0).round() / 1000.0;
        // Neither -0 nor what is no number.
        let rounded = if rounded == 0.0 || !rounded.is_finite() { 0.0 } else { rounded };
        write!(f, "{rounded}")
    }
}

/// Writing to a string does not fail.
fn add(out: &mut String, what: fmt::Arguments) {
    let _ = out.write_fmt(what);
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            // XML has no control characters.
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        let coded = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(coded, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }

    #[test]
    fn numbers_are_short_and_finite() {
        let texts = [1.0, 0.5, -0.0, 1.0 / 3.0, 1e-9, f32::NAN].map(|x| Number(x).to_string());
        assert_eq!(texts, ["1", "0.5", "0", "0.333", "0", "0"]);
    }
}
