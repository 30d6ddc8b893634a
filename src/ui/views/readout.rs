//! The words of the read-out line: what is under the pointer.

use crate::ui::{
    theme::{self, space},
    view::View,
};
use egui::text::{LayoutJob, TextFormat};

/// The half-bold front and the rest as one line.
pub fn job(view: &View, front: &str, rest: &str) -> LayoutJob {
    let mut job = LayoutJob::default();
    let format = |font_id, color| TextFormat { font_id, color, ..TextFormat::default() };
    job.append(front, 0.0, format(theme::strong_font(), view.theme.text_strong));
    if !rest.is_empty() {
        job.append(rest, space::S, format(theme::body_font(), view.theme.text));
    }
    job
}
