//! The maps of a layer beside those that they are compared with.

use crate::app::With;
use crate::tensor::argmax;
use crate::trace::TensorId;
use crate::ui::{
    summary::{TensorSummary, values_of},
    view::View,
};
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

type Befores = FramePublisher<u64, Option<Arc<Before>>>;

impl Before {
    /// The tensor in what the maps are compared with; `None` where there is nothing of the kind. Computed once for
    /// as long as it is shown.
    pub fn cached(ctx: &Context, view: &View, tensor: TensorId, image: u32) -> Option<Arc<Self>> {
        let state = view.state;
        let with = state.view().with;
        let source = state.compared_key(with)?;
        let mut hasher = DefaultHasher::new();
        (state.revision(), with, source, tensor, image).hash(&mut hasher);
        let key = hasher.finish();
        let known = ctx.memory_mut(|memory| memory.caches.cache::<Befores>().get(&key).cloned());
        let before = known.unwrap_or_else(|| Self::new(view, with, tensor, image, key).map(Arc::new));
        ctx.memory_mut(|memory| memory.caches.cache::<Befores>().set(key, before.clone()));
        before
    }

    fn new(view: &View, with: With, tensor: TensorId, image: u32, key: u64) -> Option<Self> {
        let (state, plan) = (view.state, view.state.plan());
        let kept = state.compared_with(with)?;
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
