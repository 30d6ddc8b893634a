//! What is known of a tensor's maps at one glance: their largest values, sums and zeros, and where the values end.

use super::view::View;
use crate::tensor::{Tensor, shape_of};
use crate::trace::TensorId;
use std::sync::Arc;

/// One map in numbers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MapSummary {
    /// The least finite value; `+inf` if there is none.
    pub min: f32,
    /// The largest finite value; `-inf` if there is none.
    pub max: f32,
    /// The sum of the finite values.
    pub sum: f64,
    /// How many values are exactly 0.
    pub zeros: usize,
    /// How many values there are.
    pub cells: usize,
    /// The number of the cell with the largest value within the map, row-major.
    pub largest: usize,
}

impl MapSummary {
    /// The summary of some values.
    pub fn from_values(values: impl IntoIterator<Item = f32>) -> Self {
        let (min, max) = (f32::INFINITY, f32::NEG_INFINITY);
        let mut summary = Self { min, max, sum: 0.0, zeros: 0, cells: 0, largest: 0 };
        for value in values {
            if value > summary.max && value.is_finite() {
                (summary.max, summary.largest) = (value, summary.cells);
            }
            if value.is_finite() {
                summary.min = summary.min.min(value);
                summary.sum += f64::from(value);
            }
            summary.zeros += usize::from(value == 0.0);
            summary.cells += 1;
        }
        summary
    }

    /// Every value is 0.
    pub const fn is_zero(&self) -> bool {
        self.zeros == self.cells
    }

    /// The value farthest from 0, with its sign; 0 if there is none.
    pub fn strongest(&self) -> f32 {
        if self.min > self.max {
            0.0
        } else if self.max >= -self.min {
            self.max
        } else {
            self.min
        }
    }
}

/// A tensor in numbers, map by map; of weights filter by filter, or neuron by neuron.
#[derive(Clone, PartialEq, Debug)]
pub struct TensorSummary {
    /// Its maps.
    pub maps: Vec<MapSummary>,
    /// The magnitude that 99 % of the values that are not 0 stay below or reach; 0 if all are.
    pub reach: f32,
    /// The largest magnitude.
    pub largest: f32,
}

/// The share of the values other than 0 that a layer's colours tell apart.
const SHARE: f64 = 0.99;

/// The values of a tensor that are ordered by their magnitudes, at most.
const MOST: usize = 1 << 21;

impl TensorSummary {
    /// The summary of maps of `plane` cells each, one after another.
    pub fn from_values(values: &[f32], plane: usize) -> Self {
        let maps: Vec<MapSummary> =
            values.chunks(plane.max(1)).map(|map| MapSummary::from_values(map.iter().copied())).collect();
        let finite = maps.iter().filter(|map| map.min <= map.max);
        let largest = finite.map(|map| map.strongest().abs()).fold(0.0, f32::max);
        // A sample of very many values is enough to find where 99 % of them end.
        let mut magnitudes: Vec<f32> = values
            .iter()
            .step_by(values.len().div_ceil(MOST).max(1))
            .map(|value| value.abs())
            .filter(|value| *value > 0.0 && value.is_finite())
            .collect();
        let reach = match magnitudes.len() {
            0 => 0.0,
            count => {
                let at = ((count as f64 * SHARE).ceil() as usize).clamp(1, count) - 1;
                *magnitudes.select_nth_unstable_by(at, f32::total_cmp).1
            }
        };
        Self { maps, reach, largest }
    }

    /// The numbers of the maps, those with the largest values first; equal ones by their numbers.
    pub fn by_strength(&self) -> Vec<usize> {
        self.by(|map| f64::from(map.max.max(f32::MIN)))
    }

    /// The numbers of the maps, those farthest from 0 first.
    pub fn by_magnitude(&self) -> Vec<usize> {
        self.by(|map| f64::from(map.strongest().abs()))
    }

    /// The numbers of the maps, those with the largest sums first.
    pub fn by_sum(&self) -> Vec<usize> {
        self.by(|map| map.sum)
    }

    fn by(&self, key: impl Fn(&MapSummary) -> f64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.maps.len()).collect();
        order.sort_by(|&a, &b| key(&self.maps[b]).total_cmp(&key(&self.maps[a])));
        order
    }
}

/// The summary of a tensor for one image, kept while the values stay; of a parameter that the update has come past,
/// the updated one. `None` where there is no such tensor, or a lesson's question covers some of it.
pub fn summary(view: &View, tensor: TensorId, image: u32) -> Option<Arc<TensorSummary>> {
    if view.state.covers().any_of(tensor) {
        return None;
    }
    let revision = view.state.revision();
    let mut kept = view.memory.summaries.borrow_mut();
    if kept.0 != revision {
        *kept = (revision, Default::default());
    }
    let image = if tensor.is_per_image() { image } else { 0 };
    let trace = view.state.trace();
    let is_updated = tensor.is_parameter()
        && view
            .state
            .plan()
            .stage_of(tensor)
            .is_some_and(|stage| trace.progress(stage, 0, view.state.cursor().at()).is_complete());
    if let Some(summary) = kept.1.get(&(tensor, image, is_updated)) {
        return Some(Arc::clone(summary));
    }
    let cells = if is_updated { trace.updated_tensor(tensor)? } else { trace.tensor(tensor)? };
    let summary = with_values(view, tensor, image, cells, TensorSummary::from_values)?;
    let summary = Arc::new(summary);
    kept.1.insert((tensor, image, is_updated), Arc::clone(&summary));
    Some(summary)
}

/// The values of a tensor for one image, and how many of them are a map; `None` where there is no such tensor.
pub fn values_of(view: &View, tensor: TensorId, image: u32) -> Option<(Vec<f32>, usize)> {
    let cells = view.state.trace().tensor(tensor)?;
    let image = if tensor.is_per_image() { image } else { 0 };
    with_values(view, tensor, image, cells, |values, map| (values.to_vec(), map))
}

fn with_values<T>(
    view: &View,
    tensor: TensorId,
    image: u32,
    cells: &Tensor,
    make: impl FnOnce(&[f32], usize) -> T,
) -> Option<T> {
    let shape = shape_of(cells);
    let one = if tensor.is_per_image() { shape.len() / shape.0[0].max(1) } else { shape.len() };
    let start = image as usize * one;
    // Of weights a filter is a map, with all its slices.
    let is_weight = view.state.plan().is_weight_shaped(tensor);
    let map = if is_weight { shape.len() / shape.0[0].max(1) } else { shape.plane() };
    match cells.as_slice() {
        Some(all) => Some(make(all.get(start..start + one)?, map)),
        None => {
            let values: Vec<f32> = cells.iter().copied().skip(start).take(one).collect();
            Some(make(&values, map))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_stand_by_strength() {
        let summary = TensorSummary::from_values(&[0.0, 1.0, 0.0, 0.0, -5.0, 3.0, 2.0, 2.5], 2);
        assert_eq!(summary.by_strength(), [2, 3, 0, 1]);
        assert_eq!(summary.by_magnitude(), [2, 3, 0, 1]);
        assert_eq!(summary.by_sum(), [3, 0, 1, 2]);
        assert!(summary.maps[1].is_zero() && !summary.maps[0].is_zero());
        assert_eq!((summary.maps[2].strongest(), summary.maps[3].largest), (-5.0, 1));
    }

    #[test]
    fn the_reach_leaves_out_a_hundredth_of_what_is_not_zero() {
        let values: Vec<f32> = (1..=100).map(|k| k as f32).chain([0.0; 50]).collect();
        let summary = TensorSummary::from_values(&values, 150);
        assert_eq!((summary.reach, summary.largest), (99.0, 100.0));
        let few = TensorSummary::from_values(&[0.0, -2.0, 1.0], 3);
        assert_eq!((few.reach, few.largest), (2.0, 2.0));
        let none = TensorSummary::from_values(&[0.0, f32::NAN], 2);
        assert_eq!((none.reach, none.maps[0].zeros, none.maps[0].cells), (0.0, 1, 2));
    }
}
