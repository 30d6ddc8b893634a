//! The maps of a tensor beside those that they are compared with: before, now, and the difference.

use super::{
    atlas::{Atlas, atlas},
    colormap::{Mapping, ValueRange},
    names, number,
    picture_words::{self, score},
    summary::{MapSummary, TensorSummary, values_of},
    tensor_plane::{TensorPlane, mapping},
    view::View,
    widgets::grid::{CellState, CellView},
};
use crate::app::{Compared, Kept, Scale, With};
use crate::tensor::argmax;
use crate::trace::TensorId;
use egui::{Context, cache::FramePublisher};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

/// A tensor as it was, and how it differs now.
pub struct Before {
    /// Its values before.
    pub cells: Vec<f32>,
    /// Those values in numbers, map by map.
    pub summary: TensorSummary,
    /// Now minus before.
    pub changes: Vec<f32>,
    /// The differences in numbers, map by map.
    pub changed: TensorSummary,
    /// The answer before, its score then and now.
    pub answer: (usize, f32, f32),
    /// Changes with all of it.
    pub key: u64,
}

/// Which side of a comparison is shown.
#[derive(Clone)]
pub enum Side {
    /// The present.
    Now,
    /// What it is compared with.
    Before(Arc<Before>),
    /// The present minus that.
    Difference(Arc<Before>),
}

type Befores = FramePublisher<u64, Option<Arc<Before>>>;
type Sources = FramePublisher<u64, Option<Arc<Kept>>>;

/// What the maps are compared with, found once for as long as it is shown; `key` changes with it.
fn source(ctx: &Context, view: &View, with: With, key: u64) -> Option<Arc<Kept>> {
    let known = ctx.memory_mut(|memory| memory.caches.cache::<Sources>().get(&key).cloned());
    let kept = known.unwrap_or_else(|| view.state.compared_with(with));
    ctx.memory_mut(|memory| memory.caches.cache::<Sources>().set(key, kept.clone()));
    kept
}

fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl Before {
    /// The tensor in what the maps are compared with; `None` where there is nothing of the kind. Computed once for
    /// as long as it is shown.
    pub fn cached(ctx: &Context, view: &View, tensor: TensorId, image: u32) -> Option<Arc<Self>> {
        let state = view.state;
        let with = state.view().with;
        let source_key = hash_of((state.revision(), with, state.compared_key(with)?));
        let kept = source(ctx, view, with, source_key);
        let key = hash_of((source_key, tensor, image));
        let known = ctx.memory_mut(|memory| memory.caches.cache::<Befores>().get(&key).cloned());
        let before =
            known.unwrap_or_else(|| Self::new(view, kept.as_deref()?, tensor, image, key).map(Arc::new));
        ctx.memory_mut(|memory| memory.caches.cache::<Befores>().set(key, before.clone()));
        before
    }

    fn new(view: &View, kept: &Kept, tensor: TensorId, image: u32, key: u64) -> Option<Self> {
        let (state, plan) = (view.state, view.state.plan());
        let cells = kept.twin(plan, tensor)?;
        let (now, map) = values_of(view, tensor, image)?;
        let changes: Vec<f32> = now.iter().zip(&cells).map(|(now, before)| now - before).collect();
        let (class, before) = argmax(kept.scores());
        let now = state.scores().get(class).copied().unwrap_or(f32::NAN);
        Some(Self {
            summary: TensorSummary::from_values(&cells, map),
            changed: TensorSummary::from_values(&changes, map),
            cells,
            changes,
            answer: (class, before, now),
            key,
        })
    }

    /// How many maps differ in any cell.
    pub fn maps_changed(&self) -> usize {
        self.changed.maps.iter().filter(|map| !map.is_zero()).count()
    }
}

impl Side {
    /// The side that the user chose, where there is something to compare with.
    pub fn new(view: &View, before: Option<&Arc<Before>>) -> Self {
        match (before, view.state.view().compared) {
            (None, _) | (Some(_), Compared::Now) => Self::Now,
            (Some(before), Compared::Before) => Self::Before(Arc::clone(before)),
            (Some(before), Compared::Difference) => Self::Difference(Arc::clone(before)),
        }
    }

    /// Changes with the side and with what it shows.
    pub fn key(&self) -> (u8, u64) {
        match self {
            Self::Now => (0, 0),
            Self::Before(before) => (1, before.key),
            Self::Difference(before) => (2, before.key),
        }
    }

    /// A map in numbers; `None` for the present, of which the summary of the tensor tells.
    pub fn numbers(&self, map: usize) -> Option<MapSummary> {
        match self {
            Self::Now => None,
            Self::Before(before) => before.summary.maps.get(map).copied(),
            Self::Difference(before) => before.changed.maps.get(map).copied(),
        }
    }

    /// A cell of this side by its number within the tensor: as far as the present, `now`, is computed.
    pub fn cell(&self, now: CellView, index: usize) -> CellView {
        let other = match self {
            Self::Now => None,
            Self::Before(before) => before.cells.get(index),
            Self::Difference(before) => before.changes.get(index),
        };
        match (other, now.state) {
            (Some(&value), CellState::Current) => CellView::current(value),
            (Some(_), CellState::NotYet | CellState::Partial | CellState::Stale) => CellView::not_yet(),
            (None, _) => now,
        }
    }

    /// The colours of a map, by the scale that was chosen; of a difference around 0.
    pub fn mapping(&self, view: &View, tensor: TensorId, image: u32, map: Option<usize>) -> Mapping {
        let Self::Difference(before) = self else { return mapping(view, tensor, image, map) };
        let largest = before.changed.largest;
        let reach = match (view.state.view().scale, map) {
            (Scale::Map, Some(map)) => {
                before.changed.maps.get(map).map_or(largest, |map| map.strongest().abs())
            }
            (Scale::Layer, _) => before.changed.reach,
            (Scale::Map | Scale::Largest | Scale::Network, _) => largest,
        };
        let range = ValueRange { min: -reach, max: reach, not_finite: 0 };
        Mapping::signed_for(range, view.theme.dark).with_log(view.state.view().log)
    }

    /// All maps of a tensor on this side in one texture.
    pub fn atlas(&self, ctx: &Context, view: &View, tensor: TensorId, image: u32) -> Arc<Atlas> {
        let plane = TensorPlane::new(view, tensor, image, 0);
        let (maps, size) = (plane.planes(), [plane.rows(), plane.cols()]);
        let mappings: Vec<Mapping> =
            (0..maps).map(|map| self.mapping(view, tensor, image, Some(map))).collect();
        let keys: Vec<_> = mappings.iter().map(Mapping::key).collect();
        let cells = size[0] * size[1];
        let key = ("compared", plane.revision_of(0..(maps * cells) as u32), self.key(), keys);
        atlas(ctx, key, maps, size, |map, i, j| {
            let index = map * cells + i * size[1] + j;
            let cell = self.cell(plane.cell_at(index as u32), index);
            match cell.state {
                CellState::NotYet => view.theme.hatch_ground,
                CellState::Partial | CellState::Current | CellState::Stale => mappings[map].color(cell.value),
            }
        })
    }
}

/// A number with its sign, also where it is above 0.
pub fn with_sign(value: f32, digits: usize) -> String {
    let text = number::significant(value, digits);
    if value > 0.0 { format!("+{text}") } else { text }
}

/// What was done, and what came of it in so many maps.
pub fn effect(view: &View, befores: &[Arc<Before>]) -> (String, String) {
    let front = match view.state.view().with {
        With::PictureBefore => view
            .state
            .picture_change()
            .map_or_else(String::new, |change| format!("{}:", picture_words::change(view, &change))),
        With::ModelBefore => view.text("layer.weights_edited"),
        With::Nothing | With::Kept => view.text("layer.against_kept"),
    };
    let Some(first) = befores.first() else { return (front, String::new()) };
    let sum = |of: fn(&Before) -> usize| befores.iter().map(|before| of(before)).sum::<usize>().to_string();
    let (changed, maps) = (sum(Before::maps_changed), sum(|before| before.changed.maps.len()));
    let (class, was, now) = first.answer;
    let [was, now] = [was, now].map(|value| score(view, value));
    let class = names::class(view, class);
    let values = [
        ("changed", changed.as_str()),
        ("maps", maps.as_str()),
        ("class", class.as_str()),
        ("before", was.as_str()),
        ("now", now.as_str()),
    ];
    let key = if view.state.names_classes() { "layer.came_of_it" } else { "layer.maps_came_of_it" };
    (front, view.fill(key, &values))
}

/// Why nothing is compared, where something was to be.
pub fn nothing_to_compare(view: &View) -> Option<String> {
    let with = view.state.view().with;
    let key = match with {
        With::Nothing => return None,
        _ if view.state.compared_key(with).is_some() => "layer.no_twin",
        With::PictureBefore => "layer.no_picture_before",
        With::ModelBefore => "layer.no_weights_before",
        With::Kept => "layer.nothing_kept",
    };
    Some(view.text(key))
}
