//! Where the picture, the columns and the answer lie, and how large a map is.

use super::{
    arcs::{self, Arc},
    column::Column,
};
use crate::app::Lane;
use crate::ui::view::View;
use egui::{Rect, pos2};

/// The width of the picture.
pub const PICTURE: f32 = 132.0;
/// The width of the answer.
pub const ANSWER: f32 = 186.0;
/// Between the picture, the columns and the answer.
const GAP: f32 = 24.0;
/// The head of a column: its name, what it adds, its size.
pub const HEAD: f32 = 68.0;
/// Below the maps: how many more there are, and the largest value.
pub const FOOT: f32 = 22.0;
/// Between maps of a column.
pub const BETWEEN: f32 = 7.0;
/// How much less than its column a map is wide.
const INSIDE: f32 = 14.0;
/// Between a map and its gradient.
pub const PAIR: f32 = 4.0;
/// The side of the largest map that nobody asked for.
const LARGEST: f32 = 132.0;
/// The width of a column where the row scrolls, and the least with which blocks unfold.
pub const SCROLLED: f32 = 72.0;
/// The least width of a column where the row does not scroll.
const LEAST: f32 = 60.0;
/// The most columns for which narrow ones stand side by side.
const MOST: usize = 14;
/// The side of the smallest map.
const SMALLEST: f32 = 16.0;

/// The sizes of one frame.
pub struct Layout {
    /// The stage.
    pub stage: Rect,
    /// The columns.
    pub row: Rect,
    /// The answer.
    pub answer: Rect,
    /// The distance from column to column.
    pub pitch: f32,
    /// The side of a map.
    pub side: f32,
    /// Maps one below the other.
    pub rows: usize,
    /// The arcs above the heads, and the height that they take.
    pub arcs: Vec<Arc>,
    pub above: f32,
}

/// The width that the columns have together.
pub fn room(stage: Rect) -> f32 {
    stage.width() - PICTURE - ANSWER - 2.0 * GAP
}

impl Layout {
    /// The sizes with which the columns fit best into the stage.
    pub fn new(view: &View, lane: Lane, stage: Rect, columns: &[Column]) -> Self {
        let count = columns.len().max(1);
        let each = room(stage) / count as f32;
        let scrolls = each < LEAST || (count > MOST && each < SCROLLED);
        let pitch = if scrolls { SCROLLED } else { each };
        let zoom = (0.5 * f32::from(view.state.view().lane_zoom)).exp2();
        let arcs = arcs::arcs(view.state.plan(), columns);
        let above = arcs::height(&arcs);
        let most = (stage.height() - above - HEAD - FOOT).max(SMALLEST);
        let pair = lane == Lane::Both;
        // A pair takes the width of one map, unless maps are made larger.
        let fits = (pitch - INSIDE).min(LARGEST);
        let fits = if pair { 0.5 * (fits - PAIR) } else { fits };
        let side = (zoom * fits).clamp(SMALLEST, most).floor();
        let taken = if pair { 2.0 * side + PAIR } else { side };
        let pitch = pitch.max(taken + INSIDE);
        let rows = ((most + BETWEEN) / (side + BETWEEN)).floor().max(1.0) as usize;
        let left = stage.left() + PICTURE + GAP;
        let row = Rect::from_min_max(pos2(left, stage.top()), pos2(left + room(stage), stage.bottom()));
        let answer = Rect::from_min_max(pos2(stage.right() - ANSWER, stage.top()), stage.max);
        Self { stage, row, answer, pitch, side, rows, arcs, above }
    }

    /// The width of a column's maps.
    pub fn body(&self, lane: Lane) -> f32 {
        match lane {
            Lane::Values | Lane::Gradients => self.side,
            Lane::Both => 2.0 * self.side + PAIR,
        }
    }
}
