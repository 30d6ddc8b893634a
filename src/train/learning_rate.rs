//! The schedule of the learning rate.

/// How the learning rate changes over a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LearningRateSchedule {
    /// It stays constant.
    #[default]
    Constant,
    /// It falls from the full rate to 0 along half a cosine (Loshchilov & Hutter 2017, eq. 5, without restarts).
    Cosine,
}

impl LearningRateSchedule {
    /// The rate of step `step` of `steps`, counted from 0.
    pub fn rate(self, full: f64, step: u64, steps: u64) -> f64 {
        match self {
            Self::Constant => full,
            Self::Cosine if steps == 0 => full,
            Self::Cosine => {
                let done = step.min(steps) as f64 / steps as f64;
                full * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosine_falls_from_full_to_nothing() {
        let rates = [0, 5, 10].map(|step| LearningRateSchedule::Cosine.rate(2.0, step, 10));
        assert_eq!(rates[0], 2.0);
        assert!((rates[1] - 1.0).abs() < 1e-12 && rates[2].abs() < 1e-12);
        assert_eq!(LearningRateSchedule::Constant.rate(2.0, 5, 10), 2.0);
        assert_eq!(LearningRateSchedule::Cosine.rate(2.0, 0, 0), 2.0);
    }
}
