//! What was loaded: a picture, to be fitted, or an array of values, to be taken as it is; and its label, if known.

use super::background::Background;
use super::error::PictureError;
use super::fit::{Crop, Fit, Fitted, fit};
use super::npy;
use super::picture::Picture;
use crate::tensor::Tensor;

/// Something a network can look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// A file's name, or a sample's.
    pub name: String,
    /// The pixels or values.
    pub content: Content,
    /// The name of the true class, where it is known.
    pub label: Option<String>,
}

/// Pixels to fit, or values to take.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A picture: fitted to the network's size, then scaled from 0..=255 by the network's own rule.
    Picture(Picture),
    /// (1, C, H, W): the network's input itself, neither fitted nor scaled.
    Values(Tensor),
}

impl Loaded {
    /// Decodes a file that the user opened or dropped: a picture of any format, or a NumPy array. The content
    /// decides, not the name.
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

    /// The network's input, (1, channels, h, w): a picture is fitted, with pixel values 0..=255; an array must have
    /// that shape and keeps its values.
    pub fn input(
        &self,
        channels: usize,
        h: usize,
        w: usize,
        how: Fit,
        background: Background,
    ) -> Result<Fitted, PictureError> {
        match &self.content {
            Content::Picture(picture) => fit(picture, channels, h, w, how, background),
            Content::Values(values) => {
                let (_, c, rows, columns) = values.dim();
                let (expected, got) = ([channels, h, w], [c, rows, columns]);
                if expected != got {
                    return Err(PictureError::ArrayShape { name: self.name.clone(), expected, got });
                }
                let seen = Crop { x: 0.0, y: 0.0, w: w as f64, h: h as f64 };
                Ok(Fitted { tensor: values.clone(), seen })
            }
        }
    }

    /// (C, H, W) as it is stored: 1 or 3 channels for a picture, all of them for an array. The input of a network
    /// that is made to measure.
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
