//! All maps of a tensor in one texture, made when the values change: a hundred maps are a hundred quads.

use super::{
    colormap::Mapping,
    tensor_plane::{TensorPlane, mapping},
    view::View,
    widgets::grid::CellState,
};
use crate::app::Scale;
use crate::trace::TensorId;
use egui::{
    Color32, ColorImage, Context, Id, Painter, Rect, TextureHandle, TextureOptions, cache::FramePublisher,
    pos2,
};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

/// Cells of a map's side in the texture; larger maps are sampled.
const MOST: usize = 128;

/// Maps side by side in one texture.
pub struct Atlas {
    texture: TextureHandle,
    columns: usize,
    rows: usize,
    /// Rows and columns of a map in the texture.
    side: [usize; 2],
}

type Atlases = FramePublisher<u64, Arc<Atlas>>;

/// Maps of `[rows, columns]` cells, `maps` of them, with the colour of each cell by map, row and column.
/// `key` changes with everything that the colours depend on; the texture lives while each frame asks for it.
pub fn atlas(
    ctx: &Context,
    key: impl Hash,
    maps: usize,
    [rows, cols]: [usize; 2],
    color: impl Fn(usize, usize, usize) -> Color32,
) -> Arc<Atlas> {
    let mut hasher = DefaultHasher::new();
    (key, maps, rows, cols).hash(&mut hasher);
    let key = hasher.finish();
    let known = ctx.memory_mut(|memory| memory.caches.cache::<Atlases>().get(&key).cloned());
    let atlas = known.unwrap_or_else(|| Arc::new(Atlas::new(ctx, maps, [rows, cols], color)));
    ctx.memory_mut(|memory| memory.caches.cache::<Atlases>().set(key, Arc::clone(&atlas)));
    atlas
}

/// The maps of a tensor at the cursor, in the colours that its grids have. Cells that are not computed yet have the
/// ground of the hatching.
pub fn tensor_atlas(ctx: &Context, view: &View, tensor: TensorId, image: u32) -> Arc<Atlas> {
    let plane = TensorPlane::new(view, tensor, image, 0);
    let maps = plane.planes();
    let mappings: Vec<Mapping> = match view.state.view().scale {
        Scale::Map => (0..maps).map(|map| mapping(view, tensor, image, Some(map))).collect(),
        Scale::Layer | Scale::Largest | Scale::Network => {
            vec![mapping(view, tensor, image, None); maps.min(1)]
        }
    };
    let keys: Vec<_> = mappings.iter().map(Mapping::key).collect();
    let cells = (maps * plane.rows() * plane.cols()) as u32;
    let key = (Id::unique("tensor atlas"), plane.revision_of(0..cells), keys);
    let (rows, cols) = (plane.rows(), plane.cols());
    atlas(ctx, key, maps, [rows, cols], |map, i, j| {
        let cell = plane.cell_at(((map * rows + i) * cols + j) as u32);
        match cell.state {
            CellState::NotYet => view.theme.hatch_ground,
            CellState::Partial | CellState::Current | CellState::Stale => {
                mappings[map.min(mappings.len() - 1)].color(cell.value)
            }
        }
    })
}

impl Atlas {
    fn new(
        ctx: &Context,
        maps: usize,
        [rows, cols]: [usize; 2],
        color: impl Fn(usize, usize, usize) -> Color32,
    ) -> Self {
        let columns = (maps as f32).sqrt().ceil().max(1.0) as usize;
        let side = [rows, cols].map(|side| side.clamp(1, MOST));
        let atlas_rows = maps.div_ceil(columns).max(1);
        let size = [columns * side[1], atlas_rows * side[0]];
        let mut pixels = vec![Color32::TRANSPARENT; size[0] * size[1]];
        for map in 0..maps {
            let (top, left) = (map / columns * side[0], map % columns * side[1]);
            for y in 0..side[0].min(rows) {
                for x in 0..side[1].min(cols) {
                    let (i, j) = (y * rows / side[0], x * cols / side[1]);
                    pixels[(top + y) * size[0] + left + x] = color(map, i, j);
                }
            }
        }
        let texture = ctx.load_texture("maps", ColorImage::new(size, pixels), TextureOptions::NEAREST);
        Self { texture, columns, rows: atlas_rows, side }
    }

    /// Paints a map into a rectangle.
    pub fn paint(&self, painter: &Painter, map: usize, rect: Rect) {
        // A hair inside the map's pixels, so that no neighbour shines through at the edge.
        const INSET: f32 = 0.01;
        let [width, height] = [self.columns * self.side[1], self.rows * self.side[0]].map(|side| side as f32);
        let (top, left) = (map / self.columns * self.side[0], map % self.columns * self.side[1]);
        let corner = |x: f32, y: f32| pos2(x / width, y / height);
        let uv = Rect::from_min_max(
            corner(left as f32 + INSET, top as f32 + INSET),
            corner((left + self.side[1]) as f32 - INSET, (top + self.side[0]) as f32 - INSET),
        );
        painter.image(self.texture.id(), rect, uv, Color32::WHITE);
    }
}
