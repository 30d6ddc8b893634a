//! Where the maps of a layer lie: as large as they all fit, and scrolled by whole rows where they would be too small.

use egui::{Rect, Vec2, pos2, vec2};

/// What a tile is made of.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TileForm {
    /// Squares side by side.
    pub panels: usize,
    /// The gaps between them, together.
    pub gaps: f32,
    /// The height of the line above.
    pub label: f32,
    /// Between two tiles at least.
    pub apart: f32,
    /// The least side of a square.
    pub least: f32,
    /// The largest.
    pub most: f32,
}

/// Tiles in rows and columns, within an area that begins at (0, 0).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Arrangement {
    /// Tiles in a row.
    pub columns: usize,
    /// All rows.
    pub rows: usize,
    /// Rows that are visible at a time.
    pub shown: usize,
    /// The side of a square, in points.
    pub side: f32,
    /// A tile's width.
    pub width: f32,
    /// From one tile to the next, across and down.
    pub pitch: Vec2,
    /// Where the first tile begins.
    left: f32,
    form: TileForm,
}

/// What a gap grows at most.
const GROWTH: f32 = 26.0;
/// What the scroll bar takes.
const BAR: f32 = 14.0;

impl Arrangement {
    /// `count` tiles in an area, in the number of columns that gives the largest side; of equal ones those that fill
    /// the rows most evenly.
    pub fn new(area: Vec2, count: usize, form: TileForm) -> Self {
        let count = count.max(1);
        let side = |columns: usize| {
            let rows = count.div_ceil(columns) as f32;
            // Tiles are apart from one another, not from the edges.
            let across = (area.x + form.apart) / columns as f32 - form.apart - form.gaps;
            let across = across / form.panels as f32;
            across.min(area.y / rows - form.label - form.apart).min(form.most).floor()
        };
        let fits = (1..=count).rev().map(|columns| (columns, side(columns)));
        let best = fits.fold((1, f32::MIN), |best, other| if other.1 > best.1 { other } else { best });
        if best.1 >= form.least {
            let even = count.div_ceil(count.div_ceil(best.0));
            let best = if side(even) >= best.1 { (even, side(even)) } else { best };
            return Self::placed(area, count, best, form, area.x);
        }
        let width = form.panels as f32 * form.least + form.gaps;
        let room = area.x - BAR;
        let columns = (((room + form.apart) / (width + form.apart)) as usize).clamp(1, count);
        Self::placed(area, count, (columns, form.least), form, room)
    }

    fn placed(area: Vec2, count: usize, (columns, side): (usize, f32), form: TileForm, room: f32) -> Self {
        let rows = count.div_ceil(columns);
        let width = form.panels as f32 * side + form.gaps;
        let height = form.label + side + form.apart;
        let shown = ((area.y / height) as usize).clamp(1, rows);
        let spare = ((area.y - shown as f32 * height) / shown as f32).clamp(0.0, GROWTH);
        let between = (columns - 1).max(1) as f32;
        let gap = ((room - columns as f32 * width) / between).clamp(0.0, form.apart + GROWTH);
        let pitch = vec2((width + gap).floor(), (height + spare).floor());
        let block = width + (columns - 1) as f32 * pitch.x;
        let left = (0.5 * (room - block)).max(0.0).floor();
        Self { columns, rows, shown, side, width, pitch, left, form }
    }

    /// Whether there are more rows than are visible at a time.
    pub const fn scrolls(&self) -> bool {
        self.shown < self.rows
    }

    /// The tile number `n`, its line included, when the visible rows begin with row `first`.
    pub fn tile(&self, n: usize, first: usize) -> Rect {
        let (row, column) = (n / self.columns, n % self.columns);
        let y = (row as f32 - first as f32) * self.pitch.y;
        let min = pos2(self.left + column as f32 * self.pitch.x, y);
        Rect::from_min_size(min, vec2(self.width, self.form.label + self.side))
    }

    /// The square number `panel` of a tile.
    pub fn square(&self, tile: Rect, panel: usize) -> Rect {
        let gap = self.form.gaps / (self.form.panels - 1).max(1) as f32;
        let left = tile.left() + panel as f32 * (self.side + gap);
        Rect::from_min_size(pos2(left, tile.top() + self.form.label), Vec2::splat(self.side))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Page;
    use crate::trace::Depth;
    use crate::ui::room::{Room, Wants};

    const MAPS: TileForm =
        TileForm { panels: 1, gaps: 0.0, label: 20.0, apart: 8.0, least: 48.0, most: f32::MAX };

    fn stage(size: (f32, f32), zoom: f32) -> Vec2 {
        let (page, depth, drawer) = (Page::Network, Depth::Layer, None);
        let wants = Wants {
            page,
            depth,
            notice: false,
            drawer,
            timeline: None,
            presenting: None,
            lesson: None,
            alone: None,
        };
        Room::new(vec2(size.0, size.1) / zoom, &wants).stage.size()
    }

    #[test]
    fn maps_are_as_large_as_the_design_asks() {
        // In pixels; a side is a whole number of points.
        let cases = [
            ((1280.0, 720.0), 1.0, 32, 104.0),
            ((1920.0, 1080.0), 1.0, 32, 184.0),
            ((1024.0, 768.0), 1.0, 32, 108.0),
            ((1366.0, 768.0), 1.0, 32, 112.0),
            ((1280.0, 720.0), 1.5, 32, 100.0),
            ((1280.0, 720.0), 1.25, 32, 103.0),
            ((1024.0, 768.0), 1.5, 32, 94.0),
            ((1920.0, 1080.0), 2.0, 32, 154.0),
            ((1280.0, 720.0), 1.0, 64, 70.0),
            ((1280.0, 720.0), 1.0, 128, 48.0),
            ((1280.0, 720.0), 1.0, 8, 215.0),
        ];
        for (size, zoom, count, least) in cases {
            let found = Arrangement::new(stage(size, zoom), count, MAPS);
            assert!(found.side * zoom >= least, "{count} at {size:?}, {zoom}: {found:?}");
            assert!(!found.scrolls(), "{count} at {size:?}, {zoom}: {found:?}");
        }
        let presenting = Some(crate::ui::room::Presenting::default());
        let zoom = Room::presented_zoom(720.0);
        let wants = Wants {
            page: Page::Network,
            depth: Depth::Layer,
            notice: false,
            drawer: None,
            timeline: None,
            presenting,
            lesson: None,
            alone: None,
        };
        let presented = Room::new(vec2(1280.0, 720.0) / zoom, &wants).stage.size();
        let found = Arrangement::new(presented, 32, TileForm { apart: 4.0, ..MAPS });
        assert!(found.side * zoom >= 128.0 && !found.scrolls(), "presented: {found:?}");
        for size in [(1024.0, 768.0), (1280.0, 720.0)] {
            let found = Arrangement::new(stage(size, 2.0), 32, MAPS);
            assert!(found.scrolls() && found.side == 48.0, "{found:?}");
        }
    }

    #[test]
    fn tiles_lie_within_the_area_and_not_on_one_another() {
        let pairs = TileForm { panels: 2, gaps: 18.0, ..MAPS };
        for form in [MAPS, pairs, TileForm { most: 120.0, ..MAPS }] {
            for count in [1, 2, 3, 7, 10, 32, 128, 1000] {
                for area in [vec2(1256.0, 510.0), vec2(488.0, 220.0), vec2(936.0, 402.0)] {
                    let found = Arrangement::new(area, count, form);
                    let visible = (found.shown * found.columns).min(count);
                    let whole = Rect::from_min_size(pos2(0.0, 0.0), area);
                    for n in 0..visible {
                        let tile = found.tile(n, 0);
                        assert!(whole.contains_rect(tile), "{count} in {area:?}: {tile:?} {found:?}");
                        assert!(tile.contains_rect(found.square(tile, form.panels - 1)));
                        if n % found.columns > 0 {
                            assert!(tile.left() >= found.tile(n - 1, 0).right());
                        }
                    }
                    assert!(found.rows * found.columns >= count);
                }
            }
        }
    }
}
