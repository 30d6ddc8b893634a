//! Resampling: scales a region of a picture, blended with a background.

use super::background::Background;
use super::picture::{Picture, Samples};

/// A rectangle of whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub x: usize,
    pub y: usize,
    pub w: usize,
    pub h: usize,
}

/// Opaque resampled pixels with one or three channels, 0.0..=255.0, not rounded.
pub(super) struct Canvas {
    width: usize,
    channels: usize,
    values: Vec<f32>,
}

impl Canvas {
    /// The one or three channels of a pixel.
    pub(super) fn pixel(&self, i: usize, j: usize) -> &[f32] {
        let at = (i * self.width + j) * self.channels;
        &self.values[at..at + self.channels]
    }
}

/// Scales `region` to (h, w) with a triangle filter. Rows come first, so that the inner loops run along memory; of
/// a large picture each row is read about twice and only one row of sums is kept.
pub(super) fn resample(
    picture: &Picture,
    region: Region,
    w: usize,
    h: usize,
    background: Background,
) -> Canvas {
    // Transparent grey takes on the background's colour, so only opaque grey stays one channel.
    let channels = if picture.channels() == 1 { 1 } else { 3 };
    let columns: Vec<Taps> = (0..w).map(|j| Taps::new(j, w, region.w)).collect();
    let mut values = Vec::with_capacity(w * h * channels);
    let mut line = vec![0.0; region.w * channels];
    for i in 0..h {
        line.fill(0.0);
        let taps = Taps::new(i, h, region.h);
        for (k, &weight) in taps.weights.iter().enumerate() {
            add_row(picture, region, region.y + taps.first + k, weight, background, &mut line);
        }
        for taps in &columns {
            for c in 0..channels {
                let samples = line[taps.first * channels + c..].iter().step_by(channels);
                values.push(taps.weights.iter().zip(samples).map(|(weight, sample)| weight * sample).sum());
            }
        }
    }
    Canvas { width: w, channels, values }
}

/// The source cells that contribute to one output cell, with weights that add up to 1.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

impl Taps {
    /// The taps of cell `out` of `outs` over `ins` source cells. The triangle is centred on the cell; it extends
    /// one output cell, and at least one source cell, to each side, and ends at the border. Equal sizes give
    /// exactly one tap of weight 1.
    fn new(out: usize, outs: usize, ins: usize) -> Taps {
        let scale = ins as f64 / outs as f64;
        let reach = scale.max(1.0);
        let middle = (out as f64 + 0.5) * scale;
        let first = (middle - reach).floor().max(0.0) as usize;
        let last = ((middle + reach).ceil() as usize).clamp(first + 1, ins.max(1));
        let first = first.min(last - 1);
        let share = |at: usize| (1.0 - (at as f64 + 0.5 - middle).abs() / reach).max(0.0);
        let total: f64 = (first..last).map(share).sum();
        let weights: Vec<f32> = (first..last).map(|at| (share(at) / total) as f32).collect();
        // Trim zeros at both ends, so that no row is read in vain.
        let skip = weights.iter().take_while(|&&weight| weight == 0.0).count();
        let keep = weights.len() - weights.iter().rev().take_while(|&&weight| weight == 0.0).count();
        Taps { first: first + skip, weights: weights[skip..keep].to_vec() }
    }
}

/// line += weight * row `y` of the region, in 0..=255, blended with the background.
fn add_row(
    picture: &Picture,
    region: Region,
    y: usize,
    weight: f32,
    background: Background,
    line: &mut [f32],
) {
    let channels = picture.channels();
    let start = (y * picture.width() as usize + region.x) * channels;
    let end = start + region.w * channels;
    match picture.samples() {
        Samples::Eight(samples) => {
            add_samples(&samples[start..end], channels, 255.0, weight, background, line)
        }
        Samples::Sixteen(samples) => {
            add_samples(&samples[start..end], channels, 65_535.0, weight, background, line)
        }
    }
}

fn add_samples<T: Copy + Into<f32>>(
    row: &[T],
    channels: usize,
    full: f32,
    weight: f32,
    background: Background,
    line: &mut [f32],
) {
    let background = background.0.map(f32::from);
    // Exactly `weight` for 8 bits, so that a weight of 1 leaves a picture unchanged.
    let scaled = weight * (255.0 / full);
    let over = |colour: f32, alpha: f32, c: usize| {
        let alpha = alpha / full;
        scaled * colour * alpha + weight * background[c] * (1.0 - alpha)
    };
    match channels {
        1 | 3 => {
            for (sum, &sample) in line.iter_mut().zip(row) {
                *sum += scaled * sample.into();
            }
        }
        2 => {
            for (sums, pixel) in line.as_chunks_mut::<3>().0.iter_mut().zip(row.as_chunks::<2>().0) {
                let [grey, alpha] = pixel.map(Into::into);
                for (c, sum) in sums.iter_mut().enumerate() {
                    *sum += over(grey, alpha, c);
                }
            }
        }
        _ => {
            for (sums, pixel) in line.as_chunks_mut::<3>().0.iter_mut().zip(row.as_chunks::<4>().0) {
                let [r, g, b, alpha] = pixel.map(Into::into);
                for (c, (sum, colour)) in sums.iter_mut().zip([r, g, b]).enumerate() {
                    *sum += over(colour, alpha, c);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sizes_are_one_tap_of_one() {
        for n in [1usize, 2, 3, 32, 10_000] {
            for out in (0..n).step_by(n.div_ceil(50)) {
                let taps = Taps::new(out, n, n);
                assert_eq!((taps.first, taps.weights.as_slice()), (out, [1.0].as_slice()));
            }
        }
    }

    #[test]
    fn taps_stay_inside_and_add_up_to_one() {
        for (outs, ins) in
            [(1, 1), (1, 10_000), (10_000, 1), (32, 33), (33, 32), (7, 1000), (1000, 7), (2, 3)]
        {
            for out in 0..outs {
                let taps = Taps::new(out, outs, ins);
                assert!(!taps.weights.is_empty(), "{out} of {outs} from {ins}");
                assert!(taps.first + taps.weights.len() <= ins, "{out} of {outs} from {ins}");
                let total: f32 = taps.weights.iter().sum();
                assert!((total - 1.0).abs() < 1e-3, "{out} of {outs} from {ins}: {total}");
            }
        }
    }

    #[test]
    fn halving_averages_and_doubling_interpolates() {
        // Centre at 1 between cells 0 and 1, reach 2: shares 3/4, 3/4, 1/4 of the triangle, over their sum.
        let taps = Taps::new(0, 2, 4);
        let expected = [3.0 / 7.0, 3.0 / 7.0, 1.0 / 7.0];
        assert!(taps.weights.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{:?}", taps.weights);
        let taps = Taps::new(1, 4, 2);
        assert_eq!(taps.weights, [0.75, 0.25]);
    }
}
