//! A plane's colours as one texture, and where its cells are not simply current.

use std::ops::Range;
use std::sync::Arc;

use egui::cache::FramePublisher;
use egui::{Color32, ColorImage, Context, Id, TextureHandle, TextureOptions};

use super::geometry::{CellSpan, clamped};
use super::{CellState, CellView, Cells};
use crate::ui::colormap::{MapKind, Mapping};
use crate::ui::theme::Theme;

/// All that the pixels depend on. The cells themselves are represented by the caller's revision.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct PictureKey {
    pub revision: u64,
    pub rows: Range<usize>,
    pub cols: Range<usize>,
    /// Cells per texel on a side: more than one where a pixel is larger than a cell.
    pub block: usize,
    pub mapping: (MapKind, u32, u32, bool, bool),
    pub dark: bool,
}

/// The texture of (a part of) a plane.
pub(super) struct Picture {
    key: PictureKey,
    pub texture: TextureHandle,
    /// The rectangles of cells that are not current.
    pub marked: Vec<(CellState, CellSpan)>,
    /// Cells that are NaN or infinite, the first few.
    pub not_finite: Vec<(usize, usize, f32)>,
}

/// More signs than these would not be seen as signs.
const MOST_NOT_FINITE: usize = 2000;

type Pictures = FramePublisher<Id, Arc<Picture>>;

/// The picture for `key`: last frame's if nothing changed, else a new one in the same texture.
/// A picture that is not asked for during a frame is dropped.
pub(super) fn picture(
    ctx: &Context,
    id: Id,
    key: PictureKey,
    cells: &Cells<'_>,
    mapping: &Mapping,
    theme: &Theme,
) -> Arc<Picture> {
    let old = ctx.memory_mut(|memory| memory.caches.cache::<Pictures>().get(&id).cloned());
    let picture = match old {
        Some(old) if old.key == key => old,
        old => {
            let drawn = draw(&key, cells, mapping, theme);
            let texture = match old {
                Some(old) => {
                    let mut texture = old.texture.clone();
                    texture.set(drawn.image, TextureOptions::NEAREST);
                    texture
                }
                None => ctx.load_texture("plane", drawn.image, TextureOptions::NEAREST),
            };
            Arc::new(Picture { key, texture, marked: drawn.marked, not_finite: drawn.not_finite })
        }
    };
    ctx.memory_mut(|memory| memory.caches.cache::<Pictures>().set(id, picture.clone()));
    picture
}

struct Drawn {
    image: ColorImage,
    marked: Vec<(CellState, CellSpan)>,
    not_finite: Vec<(usize, usize, f32)>,
}

fn draw(key: &PictureKey, cells: &Cells<'_>, mapping: &Mapping, theme: &Theme) -> Drawn {
    let block = key.block.max(1);
    let [height, width] = [key.rows.len(), key.cols.len()].map(|n| n.div_ceil(block));
    let mut pixels = Vec::with_capacity(width * height);
    let mut not_finite = Vec::new();
    let mut runs = Runs::default();
    for y in 0..height {
        let first_row = key.rows.start + y * block;
        let rows = first_row..(first_row + block).min(key.rows.end);
        runs.begin_row(clamped(first_row), clamped(rows.len()));
        for x in 0..width {
            let first_col = key.cols.start + x * block;
            let cols = first_col..(first_col + block).min(key.cols.end);
            let (color, state) = match cells {
                Cells::Values(view) => {
                    let view = block_view(view, &rows, &cols);
                    if !view.value.is_finite()
                        && view.state != CellState::NotYet
                        && not_finite.len() < MOST_NOT_FINITE
                    {
                        not_finite.push((first_row, first_col, view.value));
                    }
                    (mapping.color(view.value), view.state)
                }
                Cells::Rgb(view) => {
                    let (channels, state) = view(first_row, first_col);
                    let odd = channels.into_iter().find(|channel| !channel.is_finite());
                    if let Some(odd) = odd.filter(|_| not_finite.len() < MOST_NOT_FINITE) {
                        not_finite.push((first_row, first_col, odd));
                    }
                    (mapping.color_rgb(channels), state)
                }
            };
            runs.add(state, clamped(first_col), clamped(cols.len()));
            pixels.push(tinted(color, state, theme));
        }
    }
    Drawn { image: ColorImage::new([width, height], pixels), marked: runs.finish(), not_finite }
}

/// One cell, or the mean of a block of cells with the state of its first.
fn block_view(view: &dyn Fn(usize, usize) -> CellView, rows: &Range<usize>, cols: &Range<usize>) -> CellView {
    let first = view(rows.start, cols.start);
    if rows.len() * cols.len() <= 1 {
        return first;
    }
    let values = rows.clone().flat_map(|i| cols.clone().map(move |j| view(i, j).value));
    let sum: f64 = values.map(f64::from).sum();
    CellView { value: (sum / (rows.len() * cols.len()) as f64) as f32, state: first.state }
}

/// The colour that a cell has by its state; hatching comes on top.
pub(super) fn tinted(color: Color32, state: CellState, theme: &Theme) -> Color32 {
    match state {
        CellState::NotYet => theme.hatch_ground,
        CellState::Stale => color.lerp_to_gamma(theme.stale_tint, theme.stale_amount),
        CellState::Partial | CellState::Current => color,
    }
}

/// Gathers cells of one state into rectangles: first along a row, then over equal rows.
#[derive(Default)]
struct Runs {
    row: (i32, i32),
    current: Option<(CellState, i32, i32)>,
    this_row: Vec<(CellState, CellSpan)>,
    open: Vec<(CellState, CellSpan)>,
    closed: Vec<(CellState, CellSpan)>,
}

impl Runs {
    fn begin_row(&mut self, top: i32, rows: i32) {
        self.end_row();
        self.row = (top, rows);
    }

    fn add(&mut self, state: CellState, left: i32, cols: i32) {
        match &mut self.current {
            Some((same, _, length)) if *same == state => *length += cols,
            _ => {
                self.end_run();
                self.current = (state != CellState::Current).then_some((state, left, cols));
            }
        }
    }

    fn end_run(&mut self) {
        if let Some((state, left, cols)) = self.current.take() {
            self.this_row.push((state, CellSpan::new(self.row.0, left, self.row.1, cols)));
        }
    }

    fn end_row(&mut self) {
        self.end_run();
        for (state, span) in &mut self.this_row {
            let above = self
                .open
                .iter()
                .position(|(s, above)| s == state && (above.left, above.cols) == (span.left, span.cols));
            if let Some(above) = above {
                let (_, above) = self.open.swap_remove(above);
                *span = CellSpan { top: above.top, rows: above.rows + span.rows, ..*span };
            }
        }
        self.closed.append(&mut self.open);
        std::mem::swap(&mut self.open, &mut self.this_row);
    }

    fn finish(mut self) -> Vec<(CellState, CellSpan)> {
        self.end_row();
        self.closed.append(&mut self.open);
        self.closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STATES: [CellState; 4] =
        [CellState::NotYet, CellState::Partial, CellState::Current, CellState::Stale];

    proptest! {
        #[test]
        fn marked_rectangles_are_the_cells(
            cells in prop::collection::vec(0usize..4, 35), block in 1usize..3,
        ) {
            let (rows, cols) = (5, 7);
            let state = |i: usize, j: usize| STATES[cells[i / block * block * cols + j / block * block]];
            let view = |i, j| CellView { value: 1.0, state: state(i, j) };
            let key = PictureKey {
                revision: 0, rows: 0..rows, cols: 0..cols, block,
                mapping: Mapping::fit_signed([1.0], false).key(), dark: false,
            };
            let mapping = Mapping::fit_signed([1.0], false);
            let drawn = draw(&key, &Cells::Values(&view), &mapping, Theme::light());
            for i in 0..rows {
                for j in 0..cols {
                    let over: Vec<_> = drawn
                        .marked
                        .iter()
                        .filter(|(_, span)| span.contains(i as i32, j as i32))
                        .map(|(state, _)| *state)
                        .collect();
                    let expected = match state(i, j) {
                        CellState::Current => vec![],
                        state => vec![state],
                    };
                    prop_assert_eq!(over, expected);
                }
            }
        }
    }

    #[test]
    fn a_uniform_plane_is_one_rectangle() {
        let mapping = Mapping::fit_signed([1.0], false);
        let key = PictureKey {
            revision: 0,
            rows: 0..224,
            cols: 0..224,
            block: 1,
            mapping: mapping.key(),
            dark: false,
        };
        let view = |_, _| CellView { value: 0.0, state: CellState::NotYet };
        let drawn = draw(&key, &Cells::Values(&view), &mapping, Theme::light());
        assert_eq!(drawn.marked, [(CellState::NotYet, CellSpan::new(0, 0, 224, 224))]);
    }

    #[test]
    fn a_block_shows_its_mean() {
        let view = |i: usize, j: usize| CellView::current((i * 2 + j) as f32);
        assert_eq!(block_view(&view, &(0..2), &(0..2)).value, 1.5);
        let with_nan = |i: usize, j: usize| CellView::current(if i + j == 2 { f32::NAN } else { 0.0 });
        assert!(block_view(&with_nan, &(0..2), &(0..2)).value.is_nan());
    }
}
