//! Which columns read others than the one beside them: arcs in tracks above the heads. A chain has none.

use super::{Scene, column::Column};
use crate::nn::Source;
use crate::trace::Plan;
use egui::{Color32, Pos2, Shape, Stroke, Ui, pos2};

/// The height of a track, and the least of one of many.
const TRACK: [f32; 2] = [9.0, 5.0];
/// The height of all tracks in which they keep theirs.
const ALL: f32 = 54.0;
/// The most tracks: further arcs share the uppermost.
const MOST: usize = 14;
/// Between the lowest track and the heads.
const FOOT: f32 = 8.0;

/// A reading that goes around columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arc {
    /// The column that is read; `None` for the picture.
    from: Option<usize>,
    /// The column that reads.
    to: usize,
    /// The track, counted from the heads.
    track: usize,
}

impl Arc {
    /// The places between which it lies; the picture is before the first column.
    fn ends(self) -> [usize; 2] {
        [self.from.map_or(0, |from| from + 1), self.to + 1]
    }
}

/// The arcs of a row of columns, the short ones below.
pub fn arcs(plan: &Plan, columns: &[Column]) -> Vec<Arc> {
    let column_of = |l: usize| columns.iter().position(|column| column.layers.contains(&l));
    let mut arcs: Vec<Arc> = Vec::new();
    for (to, column) in columns.iter().enumerate() {
        for source in &plan.layer(column.layers.start).sources {
            let from = match source {
                Source::Input => None,
                Source::Layer(l) => Some(column_of(*l)),
            };
            let is_beside = match from {
                None => to == 0,
                Some(from) => from.is_none_or(|from| from + 1 >= to),
            };
            let arc = Arc { from: from.flatten(), to, track: 0 };
            if !is_beside && !arcs.contains(&arc) {
                arcs.push(arc);
            }
        }
    }
    arcs.sort_by_key(|arc| {
        let [from, to] = arc.ends();
        (to - from, from)
    });
    for n in 0..arcs.len() {
        let [from, to] = arcs[n].ends();
        let meets = |other: &&Arc| {
            let [a, b] = other.ends();
            a < to && from < b
        };
        let taken: Vec<usize> = arcs[..n].iter().filter(meets).map(|arc| arc.track).collect();
        arcs[n].track = (0..MOST - 1).find(|track| !taken.contains(track)).unwrap_or(MOST - 1);
    }
    arcs
}

/// How many tracks the arcs take.
fn tracks(arcs: &[Arc]) -> usize {
    arcs.iter().map(|arc| arc.track + 1).max().unwrap_or(0)
}

/// The height of a track.
fn track_height(arcs: &[Arc]) -> f32 {
    (ALL / tracks(arcs).max(1) as f32).clamp(TRACK[1], TRACK[0])
}

/// The height above the heads that arcs take: none without one.
pub fn height(arcs: &[Arc]) -> f32 {
    if arcs.is_empty() { 0.0 } else { track_height(arcs) * tracks(arcs) as f32 + FOOT }
}

impl Scene<'_> {
    /// Draws the arcs above a row of columns that begins at `origin`; those of the column under the pointer stand out.
    pub(super) fn arcs_ui(&self, ui: &Ui, origin: Pos2) {
        let (layout, theme, plan) = (&self.layout, self.view.theme, self.view.state.plan());
        let hovered = self.hovered.as_ref().and_then(|hovered| {
            let is_its = |column: &Column| [column.output(), column.gradient(plan)].contains(&hovered.tensor);
            self.columns.iter().position(is_its)
        });
        for arc in &layout.arcs {
            let is_of_hovered = hovered.is_some() && (arc.from == hovered || Some(arc.to) == hovered);
            let color = if is_of_hovered { theme.reads } else { theme.text_weak };
            self.arc_ui(ui, *arc, origin, color);
        }
    }

    fn arc_ui(&self, ui: &Ui, arc: Arc, origin: Pos2, color: Color32) {
        let layout = &self.layout;
        let body = layout.body(self.lane);
        let foot = origin.y + layout.above - 1.0;
        let track = track_height(&layout.arcs);
        let y = origin.y + layout.above - FOOT - track * (arc.track as f32 + 0.5);
        let x = |column: usize, share: f32| origin.x + layout.pitch * column as f32 + share * body;
        let (left, right) = (arc.from.map(|from| x(from, 0.72)), x(arc.to, 0.28));
        let stroke = Stroke::new(1.5, color);
        let corner = 5.0_f32.min(track);
        let mut points = match left {
            Some(left) => vec![pos2(left, foot), pos2(left, y + corner), pos2(left + corner, y)],
            // From the picture, left of the columns.
            None => vec![pos2(origin.x, y)],
        };
        points.extend([pos2(right - corner, y), pos2(right, y + corner), pos2(right, foot)]);
        ui.painter().add(Shape::line(points, stroke));
        let head = [pos2(right, foot + 1.0), pos2(right - 4.0, foot - 6.0), pos2(right + 4.0, foot - 6.0)];
        ui.painter().add(Shape::convex_polygon(head.to_vec(), color, Stroke::NONE));
    }
}
