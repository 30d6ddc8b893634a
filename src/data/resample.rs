//! Resampling: scales a part of a picture, blended with a background.

use super::background::Background;
use super::picture::{Picture, Samples};

/// What lies beyond the picture's edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beyond {
    /// The nearest pixel of the picture.
    Edge,
    /// The background.
    Background,
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

/// Makes the cell in row i and column j of what `rows[i]` and `columns[j]` read. Rows come first, so that the inner
/// loops run along memory; of a large picture each row is read about twice and only one row of sums is kept.
pub(super) fn resample(
    picture: &Picture,
    columns: &[Taps],
    rows: &[Taps],
    beyond: Beyond,
    background: Background,
) -> Canvas {
    // Transparent grey takes on the background's colour, so only opaque grey stays one channel.
    let channels = if picture.channels() == 1 && beyond == Beyond::Edge { 1 } else { 3 };
    let from = columns.iter().map(|taps| taps.first).min().unwrap_or(0);
    let to = columns.iter().map(Taps::end).max().unwrap_or(0);
    let mut values = Vec::with_capacity(columns.len() * rows.len() * channels);
    let mut line = Line { from, channels, sums: vec![0.0; (to - from) as usize * channels] };
    for taps in rows {
        line.sums.fill(0.0);
        for (k, &weight) in taps.weights.iter().enumerate() {
            line.add_row(picture, taps.first + k as i64, weight, beyond, background);
        }
        for taps in columns {
            for c in 0..channels {
                let samples =
                    line.sums[(taps.first - from) as usize * channels + c..].iter().step_by(channels);
                values.push(taps.weights.iter().zip(samples).map(|(weight, sample)| weight * sample).sum());
            }
        }
    }
    Canvas { width: columns.len(), channels, values }
}

/// The source pixels along one axis that contribute to one output cell, with weights that add up to 1. They may lie
/// beyond the picture.
pub(super) struct Taps {
    first: i64,
    weights: Vec<f32>,
}

impl Taps {
    /// The taps of cell `cell`, where `cells` cells, from 0 on, cover `len` source pixels from `start` on. The
    /// triangle is centred on the cell; it extends one output cell, and at least one source pixel, to each side, and
    /// ends where that stretch does. Equal sizes give exactly one tap of weight 1. A cell outside 0..cells lies in a
    /// stretch of the same length beside it, so that what a cell reads does not depend on which others are asked for.
    pub(super) fn new(cell: i64, cells: usize, start: f64, len: f64) -> Taps {
        let (stretch, cell) = (cell.div_euclid(cells as i64), cell.rem_euclid(cells as i64));
        let start = start + stretch as f64 * len;
        let whole = start.floor();
        let offset = start - whole;
        let ins = (offset + len).ceil() as usize;
        let scale = len / cells as f64;
        let reach = scale.max(1.0);
        let middle = offset + (cell as f64 + 0.5) * scale;
        let first = (middle - reach).floor().max(0.0) as usize;
        let last = ((middle + reach).ceil() as usize).clamp(first + 1, ins.max(first + 1));
        let first = first.min(last - 1);
        let share = |at: usize| (1.0 - (at as f64 + 0.5 - middle).abs() / reach).max(0.0);
        let total: f64 = (first..last).map(share).sum();
        let weights: Vec<f32> = (first..last).map(|at| (share(at) / total) as f32).collect();
        // Trim zeros at both ends, so that no row is read in vain.
        let skip = weights.iter().take_while(|&&weight| weight == 0.0).count();
        let keep = weights.len() - weights.iter().rev().take_while(|&&weight| weight == 0.0).count();
        Taps { first: whole as i64 + (first + skip) as i64, weights: weights[skip..keep].to_vec() }
    }

    fn end(&self) -> i64 {
        self.first + self.weights.len() as i64
    }
}

/// Sums along a row of source pixels.
struct Line {
    /// The column of the first.
    from: i64,
    channels: usize,
    sums: Vec<f32>,
}

impl Line {
    /// Adds weight * row `y` of the picture, in 0..=255, blended with the background.
    fn add_row(&mut self, picture: &Picture, y: i64, weight: f32, beyond: Beyond, background: Background) {
        let (w, h) = (i64::from(picture.width()), i64::from(picture.height()));
        let to = self.from + (self.sums.len() / self.channels) as i64;
        if beyond == Beyond::Background && !(0..h).contains(&y) {
            return add_ground(&mut self.sums, weight, background);
        }
        let y = y.clamp(0, h - 1);
        // Columns within the picture, and sums before and behind it.
        let (left, right) = (self.from.max(0), to.min(w));
        let before = (left.min(to) - self.from) as usize * self.channels;
        let middle = (right.max(self.from) - self.from) as usize * self.channels;
        let (middle, all) = (middle.max(before), self.sums.len());
        let add = |sums: &mut [f32], x: i64, n: i64| {
            let start = (y * w + x) as usize * picture.channels();
            let range = start..start + n as usize * picture.channels();
            let line = (sums, self.channels);
            match picture.samples() {
                Samples::Eight(samples) => {
                    add_samples(&samples[range], picture.channels(), 255.0, weight, background, line);
                }
                Samples::Sixteen(samples) => {
                    add_samples(&samples[range], picture.channels(), 65_535.0, weight, background, line);
                }
            }
        };
        if left < right {
            add(&mut self.sums[before..middle], left, right - left);
        }
        for (range, x) in [(0..before, 0), (middle..all, w - 1)] {
            match beyond {
                Beyond::Edge => {
                    for sums in self.sums[range].chunks_mut(self.channels) {
                        add(sums, x, 1);
                    }
                }
                Beyond::Background => add_ground(&mut self.sums[range], weight, background),
            }
        }
    }
}

fn add_ground(sums: &mut [f32], weight: f32, background: Background) {
    let background = background.0.map(f32::from);
    for pixel in sums.as_chunks_mut::<3>().0 {
        for (sum, colour) in pixel.iter_mut().zip(background) {
            *sum += weight * colour;
        }
    }
}

fn add_samples<T: Copy + Into<f32>>(
    row: &[T],
    channels: usize,
    full: f32,
    weight: f32,
    background: Background,
    (line, line_channels): (&mut [f32], usize),
) {
    let background = background.0.map(f32::from);
    // Exactly `weight` for 8 bits, so that a weight of 1 leaves a picture unchanged.
    let scaled = weight * (255.0 / full);
    let over = |colour: f32, alpha: f32, c: usize| {
        let alpha = alpha / full;
        scaled * colour * alpha + weight * background[c] * (1.0 - alpha)
    };
    match channels {
        1 if line_channels == 3 => {
            for (sums, &grey) in line.as_chunks_mut::<3>().0.iter_mut().zip(row) {
                sums.iter_mut().for_each(|sum| *sum += scaled * grey.into());
            }
        }
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

/// The colour at a place of the picture, in its pixels, 0..=255, blended with the background; between the centres of
/// four pixels it is interpolated.
pub(super) fn colour_at(
    picture: &Picture,
    [x, y]: [f64; 2],
    beyond: Beyond,
    background: Background,
) -> [f32; 3] {
    let (left, top) = ((x - 0.5).floor(), (y - 0.5).floor());
    let (u, v) = ((x - 0.5 - left) as f32, (y - 0.5 - top) as f32);
    let mut colour = [0.0; 3];
    for (dx, dy, share) in
        [(0, 0, (1.0 - u) * (1.0 - v)), (1, 0, u * (1.0 - v)), (0, 1, (1.0 - u) * v), (1, 1, u * v)]
    {
        if share > 0.0 {
            let place = [left as i64 + dx, top as i64 + dy];
            add_pixel(picture, place, share, beyond, background, &mut colour);
        }
    }
    colour
}

/// Adds weight * the pixel in column `x` and row `y`, in 0..=255, blended with the background.
fn add_pixel(
    picture: &Picture,
    [x, y]: [i64; 2],
    weight: f32,
    beyond: Beyond,
    background: Background,
    sums: &mut [f32; 3],
) {
    let (w, h) = (i64::from(picture.width()), i64::from(picture.height()));
    if beyond == Beyond::Background && !((0..w).contains(&x) && (0..h).contains(&y)) {
        return add_ground(sums, weight, background);
    }
    let channels = picture.channels();
    let start = (y.clamp(0, h - 1) * w + x.clamp(0, w - 1)) as usize * channels;
    let (range, line) = (start..start + channels, (sums.as_mut_slice(), 3));
    match picture.samples() {
        Samples::Eight(samples) => add_samples(&samples[range], channels, 255.0, weight, background, line),
        Samples::Sixteen(samples) => {
            add_samples(&samples[range], channels, 65_535.0, weight, background, line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sizes_are_one_tap_of_one() {
        for n in [1i64, 2, 3, 32, 10_000] {
            for out in (0..n).step_by(n as usize / 50 + 1) {
                let taps = Taps::new(out, n as usize, 0.0, n as f64);
                assert_eq!((taps.first, taps.weights.as_slice()), (out, [1.0].as_slice()));
            }
        }
    }

    #[test]
    fn taps_stay_inside_and_add_up_to_one() {
        for (outs, ins) in
            [(1i64, 1i64), (1, 10_000), (10_000, 1), (32, 33), (33, 32), (7, 1000), (1000, 7), (2, 3)]
        {
            for out in 0..outs {
                let taps = Taps::new(out, outs as usize, 0.0, ins as f64);
                assert!(!taps.weights.is_empty(), "{out} of {outs} from {ins}");
                assert!(taps.first >= 0 && taps.end() <= ins, "{out} of {outs} from {ins}");
                let total: f32 = taps.weights.iter().sum();
                assert!((total - 1.0).abs() < 1e-3, "{out} of {outs} from {ins}: {total}");
            }
        }
    }

    #[test]
    fn halving_averages_and_doubling_interpolates() {
        // Centre at 1 between cells 0 and 1, reach 2: shares 3/4, 3/4, 1/4 of the triangle, over their sum.
        let taps = Taps::new(0, 2, 0.0, 4.0);
        let expected = [3.0 / 7.0, 3.0 / 7.0, 1.0 / 7.0];
        assert!(taps.weights.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{:?}", taps.weights);
        let taps = Taps::new(1, 4, 0.0, 2.0);
        assert_eq!(taps.weights, [0.75, 0.25]);
    }

    #[test]
    fn a_cell_reads_the_same_whichever_others_are_asked_for() {
        for (cells, start, len) in [(4usize, 3.0, 10.0), (7, -2.25, 3.5), (32, 0.5, 100.25)] {
            let [inside, beside] = [1, 1 + cells as i64].map(|cell| Taps::new(cell, cells, start, len));
            assert_eq!(Taps::new(1, cells, start + len, len).first, beside.first);
            assert!((beside.first - inside.first) as f64 - len < 1.0);
            assert!(Taps::new(-1, cells, start, len).end() as f64 <= start.ceil());
        }
    }
}
