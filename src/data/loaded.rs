//! A loaded input: a picture to fit, or an array to use unchanged, with its label if known.

use super::adjust::Adjustment;
use super::background::Background;
use super::error::PictureError;
use super::fit::{Crop, Fitted, Placement, fit};
use super::npy;
use super::picture::Picture;
use crate::tensor::Tensor;

/// An input for a network, loaded from a file or made from a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The name of the file or sample.
    pub name: String,
    /// The pixels or values.
    pub content: Content,
    /// The name of its class, if known.
    pub label: Option<String>,
}

/// A picture to fit, or values to use unchanged.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A picture: fitted to the network's input, then scaled from 0..=255 by the network's preprocessing.
    Picture(Picture),
    /// (1, C, H, W): the network's input itself, neither fitted nor scaled.
    Values(Tensor),
}

impl Loaded {
    /// Decodes the bytes of a picture file or a NumPy array. The format is detected from the bytes, not from the
    /// name.
    pub fn decode(name: &str, bytes: &[u8]) -> Result<Loaded, PictureError> {
        let content = if bytes.starts_with(npy::MAGIC) {
            let values =
                npy::decode(bytes).map_err(|reason| PictureError::Array { name: name.to_owned(), reason })?;
            Content::Values(values)
        } else {
            Content::Picture(Picture::decode(name, bytes)?)
        };
        Ok(Loaded { name: name.to_owned(), content, label: None })
    }

    /// The network's input, (1, channels, h, w), before preprocessing. A picture is fitted, with values in 0..=255;
    /// an array keeps its values, whatever the adjustment.
    ///
    /// # Errors
    /// If a picture cannot be fitted, or an array has another shape.
    pub fn input(
        &self,
        channels: usize,
        h: usize,
        w: usize,
        how: impl Into<Adjustment>,
        background: Background,
    ) -> Result<Fitted, PictureError> {
        match &self.content {
            Content::Picture(picture) => fit(picture, channels, h, w, how, background),
            Content::Values(values) => {
                let (_, c, rows, columns) = values.dim();
                let (expected, got) = ([channels, h, w], [c, rows, columns]);
                // A sequence (C, L), or a batch of one, is a picture of one row.
                let is_line = h == 1 && got == [1, channels, w];
                if expected != got && !is_line {
                    return Err(PictureError::ArrayShape { name: self.name.clone(), expected, got });
                }
                let seen = Crop { x: 0.0, y: 0.0, w: w as f64, h: h as f64 };
                let mut numbers = values.iter().copied();
                let tensor =
                    Tensor::from_shape_simple_fn((1, channels, h, w), || numbers.next().unwrap_or_default());
                Ok(Fitted { tensor, seen, placement: Placement::identity(h, w) })
            }
        }
    }

    /// (C, H, W) as stored; C is 1 or 3 for a picture. A network built for this input has this input shape.
    pub fn shape(&self) -> [usize; 3] {
        match &self.content {
            Content::Picture(p) => {
                let channels = if p.channels() < 3 { 1 } else { 3 };
                [channels, p.height() as usize, p.width() as usize]
            }
            Content::Values(values) => {
                let (_, c, h, w) = values.dim();
                [c, h, w]
            }
        }
    }
}
