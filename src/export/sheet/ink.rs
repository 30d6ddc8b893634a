//! What is drawn on a page, as SVG.

use super::text::Run;
use crate::export::fonts::Face;
use std::fmt::Write;

/// Black of text.
pub const INK: &str = "#1f2933";
/// Grey of what matters less.
pub const WEAK: &str = "#5f6b7a";
/// Lines of grids.
pub const LINE: &str = "#4b5663";

/// The elements of a page, in points from its upper left corner.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ink(String);

/// A text as XML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn rounded(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

impl Ink {
    /// The page as the text of an SVG file, of a size in points.
    pub fn svg(&self, [width, height]: [f64; 2], title: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}pt\" height=\"{height}pt\" viewBox=\"0 0 {width} \
             {height}\" font-family=\"{}\">\n<title>{}</title>\n<rect width=\"{width}\" height=\"{height}\" \
             fill=\"#ffffff\"/>\n{}</svg>\n",
            Face::Text.families(),
            escaped(title),
            self.0
        )
    }

    fn write_text(&mut self, [x, y]: [f64; 2], size: f64, face: Face, more: &str, content: &str) {
        if content.is_empty() {
            return;
        }
        let weight = if face == Face::Strong { " font-weight=\"600\"" } else { "" };
        let (x, y, text) = (rounded(x), rounded(y), escaped(content));
        let _ =
            writeln!(self.0, "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{weight}{more}>{text}</text>");
    }

    /// A text that begins at a point of its base line.
    pub fn text(&mut self, at: [f64; 2], size: f64, face: Face, colour: &str, content: &str) {
        self.write_text(at, size, face, &format!(" fill=\"{colour}\""), content);
    }

    /// A text whose middle is at a point of its base line.
    pub fn text_middle(&mut self, at: [f64; 2], size: f64, face: Face, colour: &str, content: &str) {
        self.write_text(at, size, face, &format!(" fill=\"{colour}\" text-anchor=\"middle\""), content);
    }

    /// A text that ends at a point of its base line.
    pub fn text_right(&mut self, at: [f64; 2], size: f64, colour: &str, content: &str) {
        self.write_text(at, size, Face::Text, &format!(" fill=\"{colour}\" text-anchor=\"end\""), content);
    }

    /// A line of text in two weights.
    pub fn runs(&mut self, [x, y]: [f64; 2], size: f64, colour: &str, runs: &[Run]) {
        let parts = runs.iter().map(|run| match run.is_strong {
            true => format!("<tspan font-weight=\"600\">{}</tspan>", escaped(&run.text)),
            false => escaped(&run.text),
        });
        let (x, y, parts) = (rounded(x), rounded(y), parts.collect::<String>());
        let _ = writeln!(
            self.0,
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{colour}\">{parts}</text>"
        );
    }

    /// A rectangle.
    pub fn rectangle(&mut self, [x, y]: [f64; 2], [w, h]: [f64; 2], fill: &str, edge: &str, thickness: f64) {
        let [x, y, w, h] = [x, y, w, h].map(rounded);
        let _ = writeln!(
            self.0,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{fill}\" stroke=\"{edge}\" \
             stroke-width=\"{thickness}\"/>"
        );
    }

    /// A level line.
    pub fn line(&mut self, [x, y]: [f64; 2], width: f64, colour: &str) {
        let [x, y, end] = [x, y, x + width].map(rounded);
        let _ = writeln!(
            self.0,
            "<line x1=\"{x}\" y1=\"{y}\" x2=\"{end}\" y2=\"{y}\" stroke=\"{colour}\" stroke-width=\"0.6\"/>"
        );
    }
}
