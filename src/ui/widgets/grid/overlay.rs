//! What is laid over the cells of a plane: outlines, tints and marks.

use egui::{Align2, Color32, FontId, Painter, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};

use super::NumberStyle;
use super::geometry::{CellSpan, ScreenFromGrid};
use crate::ui::fonts;
use crate::ui::theme::{Theme, text_size};
use crate::ui::widgets::hatch::{Hatching, Slope};

/// Something drawn over cells. Later ones cover earlier ones.
#[derive(Clone, Debug, PartialEq)]
pub enum Overlay {
    /// A frame around cells: a window, a receptive field, the cursor.
    Outline {
        /// The cells inside.
        span: CellSpan,
        /// The line's colour; a thin seam around it keeps it visible on any cell.
        color: Color32,
        /// The line's width in points.
        width: f32,
        /// Dashes instead of a full line.
        dashed: bool,
        /// Words on a small tag at the frame's corner.
        label: Option<String>,
    },
    /// A translucent colour over cells.
    Tint {
        /// The cells.
        span: CellSpan,
        /// The colour; its alpha decides how much of the cells is seen through it.
        color: Color32,
    },
    /// Cells of padding within the plane: a window's taps outside the tensor, the zeros between
    /// the rows of a gradient spread by a stride. They look as those of [`super::Grid::padding`].
    Padding {
        /// The cells.
        span: CellSpan,
        /// What stands in each of them; empty where there is no number.
        holds: &'static str,
    },
    /// A dot in the middle of a cell: the winner of a pool, a tap.
    Dot {
        /// Row and column.
        cell: (i32, i32),
        /// The dot's colour.
        color: Color32,
    },
    /// A cross over a cell: killed, not counted.
    Cross {
        /// Row and column.
        cell: (i32, i32),
        /// The cross's colour.
        color: Color32,
    },
    /// A word under a cell's number, where the cell is large enough for both.
    Word {
        /// Row and column.
        cell: (i32, i32),
        /// The word.
        text: String,
        /// The colour of the cell that it stands on.
        ground: Color32,
    },
}

impl Overlay {
    /// A frame two points wide.
    pub fn outline(span: CellSpan, color: Color32) -> Self {
        Self::Outline { span, color, width: 2.0, dashed: false, label: None }
    }

    /// The cell that is being computed.
    pub fn cursor(theme: &Theme, i: usize, j: usize) -> Self {
        Self::outline(CellSpan::cell(i, j), theme.cursor).with_width(2.5)
    }

    /// What a cell reads.
    pub fn reads(theme: &Theme, span: CellSpan) -> Self {
        Self::outline(span, theme.reads)
    }

    /// What reads a cell; dashed, so that it differs from [`Overlay::reads`] without colour.
    pub fn readers(theme: &Theme, span: CellSpan) -> Self {
        Self::outline(span, theme.readers).with_dashes()
    }

    /// Zero padding within the plane.
    pub fn padding(span: CellSpan) -> Self {
        Self::Padding { span, holds: "0" }
    }

    /// Padding that holds something else than 0; the others stay as they are.
    pub fn holding(mut self, number: &'static str) -> Self {
        if let Self::Padding { holds, .. } = &mut self {
            *holds = number;
        }
        self
    }

    /// A translucent colour over cells.
    pub fn tint(span: CellSpan, color: Color32) -> Self {
        Self::Tint { span, color }
    }

    /// A dot in a cell.
    pub fn dot(i: i32, j: i32, color: Color32) -> Self {
        Self::Dot { cell: (i, j), color }
    }

    /// A cross over a cell.
    pub fn cross(i: i32, j: i32, color: Color32) -> Self {
        Self::Cross { cell: (i, j), color }
    }

    /// A word under the number of a cell of the colour `ground`.
    pub fn word(i: i32, j: i32, text: impl Into<String>, ground: Color32) -> Self {
        Self::Word { cell: (i, j), text: text.into(), ground }
    }

    /// Draws it over a grid that has been drawn.
    pub fn paint_ui(&self, painter: &Painter, grid: ScreenFromGrid, theme: &Theme) {
        overlay_ui(painter, grid, self, theme, None);
    }

    /// The same moved up by `rows` and left by `cols`.
    pub fn moved(mut self, rows: i32, cols: i32) -> Self {
        match &mut self {
            Self::Outline { span, .. } | Self::Tint { span, .. } | Self::Padding { span, .. } => {
                (span.top, span.left) = (span.top - rows, span.left - cols);
            }
            Self::Dot { cell, .. } | Self::Cross { cell, .. } | Self::Word { cell, .. } => {
                *cell = (cell.0 - rows, cell.1 - cols);
            }
        }
        self
    }

    /// An outline with another width; the others stay as they are.
    pub fn with_width(mut self, points: f32) -> Self {
        if let Self::Outline { width, .. } = &mut self {
            *width = points;
        }
        self
    }

    /// An outline in dashes; the others stay as they are.
    pub fn with_dashes(mut self) -> Self {
        if let Self::Outline { dashed, .. } = &mut self {
            *dashed = true;
        }
        self
    }

    /// An outline with a tag; the others stay as they are.
    pub fn with_label(mut self, text: impl Into<String>) -> Self {
        if let Self::Outline { label, .. } = &mut self {
            *label = Some(text.into());
        }
        self
    }
}

pub(super) fn overlay_ui(
    painter: &Painter,
    grid: ScreenFromGrid,
    overlay: &Overlay,
    theme: &Theme,
    style: Option<NumberStyle>,
) {
    match overlay {
        Overlay::Outline { span, color, width, dashed, label } => {
            let rect = grid.span_rect(*span);
            outline_ui(painter, rect, grid.cell_points, Stroke::new(*width, *color), *dashed, theme);
            if let Some(label) = label {
                tag_ui(painter, rect, *width, label, *color, theme);
            }
        }
        Overlay::Tint { span, color } => {
            painter.rect_filled(grid.span_rect(*span), 0, *color);
        }
        Overlay::Padding { span, holds } => padding_ui(painter, grid, (*span, holds), theme, style),
        Overlay::Dot { cell, color } => dot_ui(painter, grid, *cell, *color, theme),
        Overlay::Word { cell, text, ground } => {
            let rect = grid.cell_rect(cell.0, cell.1);
            let font = FontId::new(text_size::SMALL, fonts::strong());
            let galley = painter.layout_no_wrap(text.clone(), font, theme.ink_on(*ground));
            let size = galley.size();
            if rect.width() >= size.x + 8.0 && rect.height() >= 4.0 * size.y {
                let at = pos2(rect.center().x - 0.5 * size.x, rect.bottom() - size.y - 6.0);
                painter.galley(at, galley, theme.ink_on(*ground));
            }
        }
        Overlay::Cross { cell, color } => cross_ui(painter, grid, *cell, *color, theme),
    }
}

fn dot_ui(painter: &Painter, grid: ScreenFromGrid, cell: (i32, i32), color: Color32, theme: &Theme) {
    let rect = grid.cell_rect(cell.0, cell.1);
    let radius = if grid.cell_points >= 24.0 {
        (0.1 * grid.cell_points).clamp(3.0, 5.0)
    } else {
        (0.2 * grid.cell_points).clamp(1.0, 4.0)
    };
    // In a corner where a number stands in the middle.
    let center = if grid.cell_points >= 24.0 {
        rect.right_top() + vec2(-1.0, 1.0) * (radius + 2.5)
    } else {
        rect.center()
    };
    painter.circle(center, radius, color, Stroke::new(1.0, theme.halo));
}

fn cross_ui(painter: &Painter, grid: ScreenFromGrid, cell: (i32, i32), color: Color32, theme: &Theme) {
    let rect = grid.cell_rect(cell.0, cell.1);
    let width = (0.07 * grid.cell_points).clamp(1.0, 2.0);
    // In a corner where a number stands in the middle.
    let rect = if grid.cell_points >= 24.0 {
        let side = (0.2 * grid.cell_points).clamp(6.0, 10.0);
        Rect::from_min_size(rect.min + Vec2::splat(2.5 + width), Vec2::splat(side))
    } else {
        rect.shrink(0.18 * grid.cell_points)
    };
    for stroke in [Stroke::new(width + 1.5, theme.halo), Stroke::new(width, color)] {
        painter.line_segment([rect.left_top(), rect.right_bottom()], stroke);
        painter.line_segment([rect.right_top(), rect.left_bottom()], stroke);
    }
}

/// Padding cells inside a plane, with what they hold where that can be read.
fn padding_ui(
    painter: &Painter,
    grid: ScreenFromGrid,
    (span, holds): (CellSpan, &str),
    theme: &Theme,
    style: Option<NumberStyle>,
) {
    let rect = grid.span_rect(span).intersect(painter.clip_rect());
    if !rect.is_positive() {
        return;
    }
    painter.rect_filled(rect, 0, theme.padding_ground);
    let mut hatching = Hatching::new(Slope::Falling, grid.origin, theme.padding_line);
    hatching.add(rect);
    hatching.paint_ui(painter);
    if grid.cell_points < 8.0 {
        return;
    }
    let number = (grid.cell_points >= 20.0 && !holds.is_empty()).then(|| {
        let size = style.map_or(text_size::CELL_MIN, |style| style.size);
        let font = FontId::new(size, fonts::cells(painter.ctx()));
        painter.layout_no_wrap(holds.to_owned(), font, theme.text_weak)
    });
    let line = Stroke::new(1.0 / painter.pixels_per_point(), theme.padding_line);
    for i in span.top..span.top.saturating_add(span.rows) {
        for j in span.left..span.left.saturating_add(span.cols) {
            let cell = grid.cell_rect(i, j);
            if !cell.intersects(rect) {
                continue;
            }
            painter.rect_stroke(cell, 0, line, StrokeKind::Inside);
            if let Some(number) = &number {
                let patch = Rect::from_center_size(cell.center(), number.size() + vec2(4.0, -2.0));
                painter.rect_filled(patch, 3, theme.padding_ground);
                let at = Align2::CENTER_CENTER.align_size_within_rect(number.size(), cell).min;
                painter.galley(at, number.clone(), theme.text_weak);
            }
        }
    }
}

/// A frame with a seam on both sides. On small cells it lies outside, so as not to cover them.
pub(super) fn outline_ui(
    painter: &Painter,
    rect: Rect,
    cell_points: f32,
    stroke: Stroke,
    dashed: bool,
    theme: &Theme,
) {
    let rect = if cell_points < 6.0 { rect.expand(0.5 * stroke.width) } else { rect };
    let seam = Stroke::new(stroke.width + 2.0, theme.halo);
    painter.rect_stroke(rect, 1.5, seam, StrokeKind::Middle);
    if dashed {
        let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom()];
        let path = [corners[0], corners[1], corners[2], corners[3], corners[0]];
        let dash = (0.5 * cell_points).clamp(3.0, 7.0);
        painter.extend(Shape::dashed_line(&path, stroke, dash, 0.7 * dash));
    } else {
        painter.rect_stroke(rect, 1.5, stroke, StrokeKind::Middle);
    }
}

/// A tag above the frame, or below it where there is no room above.
fn tag_ui(painter: &Painter, rect: Rect, line_width: f32, text: &str, color: Color32, theme: &Theme) {
    let font = FontId::proportional(text_size::SMALL);
    let galley = painter.layout_no_wrap(text.to_owned(), font, theme.ink_on(color));
    let size = galley.size() + vec2(8.0, 2.0);
    let clip = painter.clip_rect();
    let above = rect.top() - size.y - 0.5 * line_width;
    let top = if above >= clip.top() { above } else { rect.bottom() + 0.5 * line_width };
    let left = (rect.left() - 0.5 * line_width).clamp(clip.left(), (clip.right() - size.x).max(clip.left()));
    let tag = Rect::from_min_size(pos2(left, top), size);
    painter.rect_filled(tag, 2, color);
    let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), tag).min;
    painter.galley(at, galley, theme.ink_on(color));
}
