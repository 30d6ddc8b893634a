//! Where the columns of the table of layers lie.

use crate::ui::theme::space;
use egui::Rangef;

/// Where the columns lie: left edges of words, right edges of numbers.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    pub(super) icon: f32,
    pub(super) name: f32,
    pub(super) kind: f32,
    pub(super) numbers: f32,
    pub(super) output: f32,
    pub(super) parameters: f32,
    pub(super) multiply_adds: f32,
    pub(super) right: f32,
}

impl Columns {
    /// The columns in a span of the window.
    pub fn new(span: Rangef) -> Self {
        // Room for the bar that scrolls.
        let right = span.max - 14.0;
        let multiply_adds = right - space::M;
        let parameters = multiply_adds - 140.0;
        let output = parameters - 110.0;
        let icon = span.min + 38.0;
        let name = icon + 26.0;
        let kind = name + (0.11 * span.span()).clamp(96.0, 170.0);
        let numbers = kind + (0.14 * span.span()).clamp(130.0, 200.0);
        Self { icon, name, kind, numbers, output, parameters, multiply_adds, right }
    }

    /// The left edge of a card's contents.
    pub const fn content(&self) -> f32 {
        self.name
    }

    /// The right edge of a card's contents.
    pub const fn content_end(&self) -> f32 {
        self.multiply_adds
    }
}
