//! Where the columns lie: how wide each is, how large a map, how many maps a lane has room for.

use super::column;
use crate::data::Content;
use crate::nn::{Part, network::Unseen};
use crate::trace::{Plan, TensorId};
use crate::ui::{
    fonts, names,
    theme::text_size,
    view::View,
    widgets::grid::{MARGIN, snap_cell},
};
use egui::{Align2, Color32, FontId, Painter, Rect, Ui, Vec2, pos2, vec2};
use std::ops::Range;

/// Between maps of a column, beside the margins that they bring along.
pub const GAP: f32 = -1.0;
/// The head of a column: name, number of maps, size of a map.
pub const HEAD: f32 = 49.0;
/// The line that shows how far a lane has come.
pub const RAIL: f32 = 7.0;
/// Between the lanes: how many maps are not shown.
pub const MIDDLE: f32 = 14.0;
/// Room for the scroll bar.
const BAR: f32 = 5.0;
/// The least distance between columns.
const COLUMN_GAP: f32 = 5.0;
/// The most, where there is room to spare.
const WIDE_GAP: f32 = 34.0;
/// The side of the smallest map: 32 cells and the frame.
const SMALLEST: f32 = 32.0 + 2.0 * MARGIN;
/// The side of a map where the network is too wide for the panel: 48 cells and the frame.
const USUAL: f32 = 48.0 + 2.0 * MARGIN;
/// The side of a map that was made smaller than fits.
const LEAST: f32 = 12.0;
/// The side of the largest map.
const LARGEST: f32 = 124.0;
/// The widest head; longer names end in an ellipsis.
const WIDEST_HEAD: f32 = 76.0;
/// Room for a mark's frame beside the first and the last column.
const FRAME: f32 = 5.0;
/// Between a strip and the words beside it.
pub const BESIDE: f32 = 5.0;

/// What a column shows.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Body {
    /// Planes; the colour picture before them.
    Maps {
        /// How many.
        channels: usize,
        /// Whether the three of them make a picture.
        picture: bool,
    },
    /// One cell per feature.
    Vector {
        /// How many.
        features: usize,
        /// Whether they are the classes.
        classes: bool,
    },
    /// The probabilities, if there are any, and the loss.
    Loss {
        /// How many probabilities.
        features: usize,
    },
}

impl Body {
    /// What column `c` shows.
    pub fn new(view: &View, c: usize) -> Self {
        let plan = view.state.plan();
        let layers = plan.network().layers.len();
        if c > layers {
            let has_prob = plan.stage_of(TensorId::loss(Part::Prob)).is_some();
            return Self::Loss { features: if has_prob { plan.network().classes() } else { 0 } };
        }
        let [_, channels, rows, cols] = plan.shape_of(column::tensor_at(plan, c)).0;
        if rows * cols == 1 && channels > 1 {
            return Self::Vector { features: channels, classes: c == layers };
        }
        let is_picture = matches!(view.state.inputs().picture.content, Content::Picture(_));
        Self::Maps { channels, picture: c == 0 && channels == 3 && is_picture }
    }

    /// How many places its lane would take to show everything.
    pub const fn items(self) -> usize {
        match self {
            Self::Maps { channels, picture } => channels + picture as usize,
            Self::Vector { features, .. } => features,
            Self::Loss { features } => features,
        }
    }
}

/// The sizes of everything in the lanes.
pub struct Layout {
    /// Left and right of each column.
    pub columns: Vec<Range<f32>>,
    /// What each shows.
    pub bodies: Vec<Body>,
    /// What layers leave unread of their inputs.
    pub unseen: Vec<Unseen>,
    /// All columns with their gaps.
    pub width: f32,
    /// The side of a map's place.
    pub thumb: f32,
    /// Maps that a lane has room for.
    pub rows: usize,
    /// The height of a lane.
    pub lane: f32,
}

/// The width of a line of small text.
pub fn text_width(ui: &Ui, text: &str, font: FontId) -> f32 {
    ui.painter().layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER).size().x
}

/// The font of names.
pub fn name_font() -> FontId {
    FontId::new(text_size::SMALL + 0.5, fonts::strong())
}

/// The font of everything else.
pub fn small_font() -> FontId {
    FontId::proportional(text_size::SMALL)
}

/// A line of text around `at` that ends in an ellipsis where it is wider than `width`.
pub fn fitted_text_ui(painter: &Painter, at: Rect, anchor: Align2, text: &str, font: FontId, color: Color32) {
    // Dots alone would say nothing.
    if at.width() < 16.0 && text.chars().count() > 1 {
        return;
    }
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap.max_width = at.width();
    job.wrap.max_rows = 1;
    job.wrap.break_anywhere = true;
    let galley = painter.layout_job(job);
    let place = anchor.align_size_within_rect(galley.size(), at);
    painter.galley(place.min, galley, color);
}

/// The name over a column.
pub fn name(plan: &Plan, c: usize) -> String {
    plan.name(column::tensor_at(plan, c))
}

/// Number of maps and size of a map, as two lines.
pub fn shape_lines(plan: &Plan, c: usize) -> [String; 2] {
    let [_, channels, rows, cols] = plan.shape_of(column::tensor_at(plan, c)).0;
    if rows * cols == 1 {
        [channels.to_string(), String::new()]
    } else {
        [format!("{channels} ×"), format!("{rows}×{cols}")]
    }
}

impl Layout {
    /// The sizes with which the network fits best into `room`.
    pub fn new(ui: &Ui, view: &View, room: Vec2) -> Self {
        let plan = view.state.plan();
        let count = column::count(plan);
        let lane = ((room.y - HEAD - 2.0 * RAIL - MIDDLE - BAR) / 2.0).floor().max(SMALLEST);
        let bodies: Vec<Body> = (0..count).map(|c| Body::new(view, c)).collect();
        let unseen = plan.network().unseen();
        let heads: Vec<f32> = (0..count)
            .map(|c| {
                let warning = if unseen.iter().any(|unseen| unseen.layer + 1 == c) { 15.0 } else { 0.0 };
                let [mut first, second] = shape_lines(plan, c);
                if c + 1 == count {
                    // The loss stands there as a number.
                    first = "0.00000".to_owned();
                }
                let first = crate::ui::widgets::icon::SIDE + 4.0 + text_width(ui, &first, small_font());
                let lines = first.max(text_width(ui, &second, small_font()));
                (text_width(ui, &name(plan, c), name_font()) + warning).max(lines).min(WIDEST_HEAD) + 4.0
            })
            .collect();
        let classes = (0..plan.network().classes().min(64))
            .map(|class| text_width(ui, &names::class(view, class), small_font()))
            .fold(0.0f32, f32::max)
            .min(96.0)
            + 4.0;
        let percent = text_width(ui, "100 %", small_font());
        // Where it is made smaller than fits, heads give way.
        let zoom = (0.5 * f32::from(view.state.view().lane_zoom)).exp2();
        let head_share = (1.5 * zoom).min(1.0);
        let width_of = |c: usize, thumb: f32| {
            let body = match bodies[c] {
                Body::Maps { .. } => thumb,
                Body::Vector { features, classes: named } => {
                    let cell = strip_cell(lane, features, ui.pixels_per_point());
                    cell + 2.0 * MARGIN + if named { BESIDE + classes } else { 0.0 }
                }
                Body::Loss { features: 0 } => thumb,
                Body::Loss { features } => {
                    strip_cell(lane, features, ui.pixels_per_point()) + 2.0 * MARGIN + BESIDE + percent
                }
            };
            body.max(head_share * heads[c]).ceil()
        };
        let total = |thumb: f32| {
            (0..count).map(|c| width_of(c, thumb) + COLUMN_GAP).sum::<f32>() - COLUMN_GAP + 2.0 * FRAME
        };
        let maps = bodies.iter().filter(|body| matches!(body, Body::Maps { .. }));
        let most = maps.map(|body| body.items()).max().unwrap_or(1).max(1);
        let fitting = |side: f32| (((lane + GAP) / (side + GAP)).floor() as usize).clamp(1, most);
        // Maps of 32, 16 and 8 cells are equally large where the side is a multiple of 16.
        let fine = bodies.iter().enumerate().any(|(c, body)| {
            matches!(body, Body::Maps { .. }) && plan.shape_of(column::tensor_at(plan, c)).0[2] >= 16
        });
        let whole_cells = |side: f32| {
            let cells = side - 2.0 * MARGIN;
            if fine && cells >= 32.0 { (cells / 16.0).floor() * 16.0 + 2.0 * MARGIN } else { side }
        };
        let side = |rows: usize| whole_cells(((lane + GAP) / rows as f32 - GAP).floor());
        // The largest maps with which the whole network is seen, and up to three maps of each layer.
        let highest = side(most.min(3).min(fitting(SMALLEST))).min(LARGEST);
        let sides = (0..).map(|n| whole_cells(highest - 2.0 * n as f32)).take_while(|&side| side >= SMALLEST);
        let scrolling = || if fitting(USUAL) >= most.min(3) { USUAL } else { SMALLEST };
        let thumb = sides.into_iter().find(|&side| total(side) <= room.x);
        let thumb = (zoom * thumb.unwrap_or_else(scrolling)).max(LEAST).min(lane);
        let rows = fitting(thumb);
        let spare = (room.x - total(thumb)).max(0.0);
        let gap = COLUMN_GAP + (spare / (count + 1) as f32).min(WIDE_GAP);
        let taken = total(thumb) + (gap - COLUMN_GAP) * (count - 1) as f32;
        let mut x = FRAME + ((room.x - taken) / 2.0).max(0.0).floor();
        let columns: Vec<Range<f32>> = (0..count)
            .map(|c| {
                let left = x;
                x += width_of(c, thumb) + gap;
                left..left + width_of(c, thumb)
            })
            .collect();
        let width = columns.last().map_or(0.0, |last| last.end) + FRAME;
        Self { columns, bodies, unseen, width, thumb, rows, lane }
    }

    /// How many of a column's items a lane shows.
    pub fn shown(&self, c: usize, pixels_per_point: f32) -> usize {
        let body = self.bodies[c];
        match body {
            Body::Maps { .. } => self.rows.min(body.items()),
            Body::Vector { features, .. } | Body::Loss { features } => {
                let cell = strip_cell(self.lane, features, pixels_per_point);
                (((self.lane - 2.0 * MARGIN) / cell) as usize).clamp(1, features.max(1))
            }
        }
    }

    /// Where a column lies, lanes and head, when the top left corner of all is at `origin`.
    pub fn column_rect(&self, c: usize, origin: egui::Pos2) -> Rect {
        let height = HEAD + 2.0 * RAIL + MIDDLE + 2.0 * self.lane;
        let x = &self.columns[c];
        Rect::from_min_size(origin + vec2(x.start, 0.0), vec2(x.end - x.start, height))
    }

    /// The part of a column's rectangle that is its head.
    pub fn head_rect(&self, column: Rect) -> Rect {
        Rect::from_min_size(column.min, vec2(column.width(), HEAD))
    }

    /// The part of a column's rectangle that is a lane.
    pub fn lane_rect(&self, column: Rect, lane: column::Lane) -> Rect {
        let top = column.top()
            + match lane {
                column::Lane::Forward => HEAD + RAIL,
                column::Lane::Backward => HEAD + 2.0 * RAIL + self.lane + MIDDLE,
            };
        Rect::from_min_size(pos2(column.left(), top), vec2(column.width(), self.lane))
    }

    /// The height of the middle of a lane's rail, from the top.
    pub fn rail_y(&self, lane: column::Lane) -> f32 {
        match lane {
            column::Lane::Forward => HEAD + 0.5 * RAIL,
            column::Lane::Backward => HEAD + 1.5 * RAIL + self.lane + MIDDLE,
        }
    }

    /// The row between the lanes.
    pub fn middle_rect(&self, column: Rect) -> Rect {
        let top = column.top() + HEAD + RAIL + self.lane;
        Rect::from_min_size(pos2(column.left(), top), vec2(column.width(), MIDDLE))
    }
}

/// The side of a cell of a strip of `features` cells.
pub fn strip_cell(lane: f32, features: usize, pixels_per_point: f32) -> f32 {
    let side = (lane - 2.0 * MARGIN) / features.max(1) as f32;
    snap_cell(side.clamp(9.0, 28.0), pixels_per_point)
}
