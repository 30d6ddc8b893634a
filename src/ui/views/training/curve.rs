//! Curves over the steps: smoothed, thinned, and the numbers of their axes.

use egui_plot::PlotPoint;

/// The largest number of points per curve; more cannot be distinguished.
const POINTS: usize = 400;

/// The steps that each point of a smoothed curve is the mean of.
pub const SMOOTH: usize = 19;

/// The mean of the steps around each step; where one is not finite, of the others.
pub fn smooth(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let half = SMOOTH / 2;
    let mut sums = vec![(0.0, 0u32)];
    for &(_, y) in points {
        let (sum, count) = sums[sums.len() - 1];
        sums.push(if y.is_finite() { (sum + y, count + 1) } else { (sum, count) });
    }
    let mean = |place: usize| {
        let (from, to) = (place.saturating_sub(half), (place + half + 1).min(points.len()));
        let count = sums[to].1 - sums[from].1;
        (sums[to].0 - sums[from].0) / f64::from(count)
    };
    points.iter().enumerate().map(|(place, &(x, _))| (x, mean(place))).collect()
}

/// A curve in at most [`POINTS`] points, each the mean of the steps that it stands for; what is not finite leaves a
/// gap.
pub fn thin(points: &[(f64, f64)]) -> Vec<PlotPoint> {
    let each = points.len().div_ceil(POINTS).max(1);
    let mean = |part: &[(f64, f64)]| {
        let count = part.len() as f64;
        let sum = part.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
        PlotPoint::new(sum.0 / count, sum.1 / count)
    };
    points.chunks(each).map(mean).filter(|point| point.y.is_finite()).collect()
}

/// A round number not below a positive one: 1, 1.5, 2, 2.5, 3, 4, 5, 6 or 8 times a power of ten.
pub fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    let rounds = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    let found = rounds.into_iter().map(|round| round * power).find(|round| *round >= value * (1.0 - 1e-9));
    found.unwrap_or(10.0 * power)
}

/// The end of an axis from 0 that shows a value, and the distance of its marks: at least `least` of them above 0.
pub fn ticks(value: f64, least: usize) -> (f64, f64) {
    let rough = value / least as f64;
    let power = 10f64.powf(rough.log10().floor());
    let steps = [5.0, 2.5, 2.0, 1.0];
    let step = steps.into_iter().map(|step| step * power).find(|step| *step <= rough * (1.0 + 1e-9));
    let step = step.unwrap_or(power);
    ((value / step - 1e-9).ceil() * step, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_has_few_points_and_keeps_the_mean() {
        let all: Vec<(f64, f64)> = (0..10_000).map(|time| (f64::from(time), f64::from(time))).collect();
        let points = thin(&all);
        assert!(points.len() <= POINTS && points.len() > POINTS / 2);
        assert!(points.iter().all(|point| (point.x - point.y).abs() < 1.0), "{:?}", points.last());
        let mean = points.iter().map(|point| point.y).sum::<f64>() / points.len() as f64;
        assert!((mean - 4999.5).abs() < 1.0);
    }

    #[test]
    fn each_point_of_a_smooth_curve_is_the_mean_of_nineteen() {
        let all: Vec<(f64, f64)> =
            (0..50).map(|time| (f64::from(time), if time == 25 { 19.0 } else { 0.0 })).collect();
        let smooth = smooth(&all);
        assert!((16..=34).all(|place| (smooth[place].1 - 1.0f64).abs() < 1e-9));
        assert!(smooth[15].1.abs() < 1e-9 && smooth[35].1.abs() < 1e-9);
    }

    #[test]
    fn what_is_not_finite_leaves_a_gap() {
        let points = thin(&[(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0)]);
        assert_eq!(points.iter().map(|point| point.y).collect::<Vec<_>>(), [1.0, 3.0]);
        assert_eq!(smooth(&[(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0)])[1].1, 2.0);
    }

    #[test]
    fn an_axis_has_at_least_as_many_marks_as_it_should_and_shows_the_value() {
        for value in [0.013, 0.9, 1.0, 2.29, 2.5, 99.0, 100.0, 1500.0, 12_345.0] {
            let (top, step) = ticks(value, 4);
            assert!(top >= value * 0.999 && top < value + step, "{value}: {top}");
            let marks = (top / step).round() as usize;
            assert!((4..=10).contains(&marks), "{value}: {marks}");
        }
        assert_eq!(ticks(100.0, 4), (100.0, 25.0));
        assert_eq!(round_up(1230.0 * 1.25), 2000.0);
    }
}
