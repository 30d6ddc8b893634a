//! Sanity checks: does a map change when the network's weights are randomised?
//!
//! Adebayo et al. 2018, "Sanity checks for saliency maps": a map that looks the same with random weights shows the
//! picture, not the network.

use crate::nn::{Network, Params, init::Init};
use crate::tensor::Tensor;

/// Replaces the parameters of the layers from `from` on by random ones: weights by He et al. 2015, biases 0. `from`
/// = 0 randomises the whole network; a later layer only the layers after it, as in the paper's cascade.
pub fn randomised(network: &Network, params: &Params, from: usize, seed: u64) -> Params {
    let mut random = network.init::<f32>(Init::He, seed);
    for (layer, learnt) in random.0.iter_mut().zip(&params.0).take(from) {
        *layer = learnt.clone();
    }
    random
}

/// Spearman's rank correlation of two maps of one shape, from -1 to 1: the correlation of the ranks, where equal
/// cells share their mean rank. NaN if a map is constant or contains NaN.
pub fn rank_correlation(a: &Tensor, b: &Tensor) -> f64 {
    if a.dim() != b.dim() || a.iter().chain(b).any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let product =
        |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum() };
    product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
}

/// Each cell's rank from 0; equal cells share their mean rank.
fn ranks(map: &Tensor) -> Vec<f64> {
    let cells: Vec<f32> = map.iter().map(|&x| if x == 0.0 { 0.0 } else { x }).collect();
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by(|&a, &b| cells[a].total_cmp(&cells[b]));
    let mut ranks = vec![0.0; cells.len()];
    let mut first = 0;
    for run in order.chunk_by(|&a, &b| cells[a] == cells[b]) {
        let rank = first as f64 + (run.len() as f64 - 1.0) / 2.0;
        run.iter().for_each(|&cell| ranks[cell] = rank);
        first += run.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(cells: &[f32]) -> Tensor {
        Tensor::from_shape_vec((1, 1, 1, cells.len()), cells.to_vec()).expect("fits")
    }

    #[test]
    fn ranks_correlate_by_order_alone() {
        let a = map(&[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(rank_correlation(&a, &map(&[10.0, 100.0, 1e6, 1e9])), 1.0);
        assert_eq!(rank_correlation(&a, &map(&[4.0, 3.0, 2.0, 1.0])), -1.0);
        assert!(rank_correlation(&a, &map(&[5.0; 4])).is_nan());
        assert!(rank_correlation(&a, &map(&[5.0, f32::NAN, 1.0, 2.0])).is_nan());
        assert_eq!(ranks(&map(&[3.0, -0.0, 0.0, 7.0])), [2.0, 0.5, 0.5, 3.0]);
    }

    #[test]
    fn ties_share_their_ranks() {
        // Ranks 0 1.5 1.5 3 against 0 1 2 3: covariance 4.5, variances 4.5 and 5.
        let correlation = rank_correlation(&map(&[1.0, 2.0, 2.0, 3.0]), &map(&[1.0, 2.0, 3.0, 4.0]));
        assert!((correlation - 4.5 / (4.5f64 * 5.0).sqrt()).abs() < 1e-12, "{correlation}");
    }
}
