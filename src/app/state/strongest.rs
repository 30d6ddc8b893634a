//! The cell of a map that stands for it: the one with the largest value, of a gradient the one farthest from 0.

use super::AppState;
use crate::nn::Part;
use crate::trace::{Address, Depth};

/// The strongest cell of a map, for the values of a revision. It is found once, after the action that shows the map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::app) struct Strongest {
    revision: u64,
    map: Address,
    cell: u32,
}

impl Strongest {
    /// The strongest cell of the shown map; `None` where no map is shown, or where none of its values is
    /// finite.
    pub fn find(state: &AppState) -> Option<Self> {
        let (map, revision) = (state.look(), state.revision());
        if Depth::new(&map) != Depth::Map {
            return None;
        }
        if let Some(known) = state.strongest.filter(|known| known.is_of(map, revision)) {
            return Some(known);
        }
        let (trace, plan) = (state.trace(), state.plan());
        let (tensor, ..) = trace.tensor_cell(&map.whole_cell())?;
        let cells = map.cell()..map.cell() + plan.shape_at(&map).plane() as u32;
        let strength = |cell: u32| {
            let value = trace.finished(&map.with_cell(cell));
            if tensor.part == Part::Out { value } else { value.abs() }
        };
        let finite = cells.map(|cell| (cell, strength(cell))).filter(|(_, strength)| strength.is_finite());
        // The first of several that are equal.
        let (cell, _) = finite.reduce(|best, next| if next.1 > best.1 { next } else { best })?;
        Some(Self { revision, map, cell })
    }

    /// The cell, where its map is shown and complete at the cursor.
    pub fn cell(&self, state: &AppState) -> Option<Address> {
        let is_done =
            |map: &Address| state.plan().steps(map).is_none_or(|steps| state.cursor().at() >= steps.end);
        let is_shown = self.is_of(state.look(), state.revision()) && is_done(&self.map);
        is_shown.then(|| self.map.with_cell(self.cell))
    }

    fn is_of(&self, map: Address, revision: u64) -> bool {
        (self.map, self.revision) == (map, revision)
    }
}
