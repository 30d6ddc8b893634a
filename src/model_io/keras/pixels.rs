//! What the first layers of a model do with the pixels: their scales and shifts become the preprocessing.

use crate::model_io::ModelError;

/// pixel · scale + shift, with a pixel in 0..=255; one number for each channel, or one for all.
#[derive(Clone, PartialEq, Debug)]
pub struct Scale {
    scale: Vec<f64>,
    shift: Vec<f64>,
    is_own: bool,
}

impl Default for Scale {
    fn default() -> Self {
        Self { scale: vec![1.0], shift: vec![0.0], is_own: false }
    }
}

impl Scale {
    /// Multiplied, then shifted; `None` if the numbers are of different channels.
    pub fn then(&self, scale: &[f64], shift: &[f64]) -> Option<Self> {
        let scaled = each(&self.scale, scale, |a, b| a * b)?;
        let shifted = each(&each(&self.shift, scale, |a, b| a * b)?, shift, |a, b| a + b)?;
        Some(Self { scale: scaled, shift: shifted, is_own: true })
    }
}

fn each(a: &[f64], b: &[f64], of: impl Fn(f64, f64) -> f64) -> Option<Vec<f64>> {
    match (a.len(), b.len()) {
        (_, 1) => Some(a.iter().map(|&a| of(a, b[0])).collect()),
        (1, _) => Some(b.iter().map(|&b| of(a[0], b)).collect()),
        (n, m) => (n == m).then(|| a.iter().zip(b).map(|(&a, &b)| of(a, b)).collect()),
    }
}

/// How the network's input follows from the pixels.
#[derive(Default)]
pub struct Pixels(Option<Scale>);

impl Pixels {
    /// A layer reads the picture in this form.
    ///
    /// # Errors
    /// If another layer reads it in another form.
    pub fn fix(&mut self, scale: &Scale) -> Result<(), ModelError> {
        match &self.0 {
            Some(other) if other != scale => Err(ModelError(
                "input: expected all branches to read the picture scaled in one way, got several; scale it once and save \
                 the model again"
                    .into(),
            )),
            _ => {
                self.0 = Some(scale.clone());
                Ok(())
            }
        }
    }

    /// Mean and deviation of the pixels in 0..=1; `None` if the file has no layer that scales.
    ///
    /// # Errors
    /// If a scale is 0.
    pub fn preprocess(&self) -> Result<Option<[Vec<f64>; 2]>, ModelError> {
        let Some(Scale { scale, shift, is_own: true }) = &self.0 else { return Ok(None) };
        // x = pixel · a + b = (pixel/255 − mean) / std with std = 1/(255 a) and mean = −b · std.
        if scale.contains(&0.0) {
            return Err(ModelError(
                "input: expected a scale other than 0, got 0; mend the model's Rescaling and save it again"
                    .into(),
            ));
        }
        let std: Vec<f64> = scale.iter().map(|a| rounded(1.0 / (255.0 * a))).collect();
        let mean = each(shift, &std, |b, std| rounded(-b * std));
        Ok(mean.map(|mean| [mean, std]))
    }

    /// What is said of it.
    pub fn note(&self) -> String {
        match &self.0 {
            Some(Scale { is_own: true, .. }) => {
                "the model's own scaling of the pixels is the preprocessing of the architecture".into()
            }
            _ => "the file does not tell how pixels become inputs: they are pixel/255, from 0 to 1; if the model was \
                  trained on pixels from 0 to 255, give an architecture with std = 1/255 = 0.00392156862745098 in [preprocess]"
                .into(),
        }
    }
}

/// Without what is left of 1/255 · 255, and without -0.
fn rounded(x: f64) -> f64 {
    format!("{x:.12e}").parse::<f64>().unwrap_or(x) + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_become_mean_and_deviation() {
        let fixed = |scale: Scale| {
            let mut pixels = Pixels::default();
            pixels.fix(&scale).expect("the first");
            pixels.preprocess().expect("valid")
        };
        let raw = Scale::default();
        assert_eq!(fixed(raw.clone()), None);
        let unit = raw.then(&[1.0 / 255.0], &[0.0]).expect("one number");
        assert_eq!(fixed(unit.clone()), Some([vec![0.0], vec![1.0]]));
        let signed = raw.then(&[1.0 / 127.5], &[-1.0]).expect("one number");
        assert_eq!(fixed(signed), Some([vec![0.5], vec![0.5]]));
        let channels = unit.then(&[4.0, 2.0], &[-1.0, 0.0]).expect("one for each channel");
        assert_eq!(fixed(channels.clone()), Some([vec![0.25, 0.0], vec![0.25, 0.5]]));
        assert_eq!(channels.then(&[1.0; 3], &[0.0]), None);
    }
}
