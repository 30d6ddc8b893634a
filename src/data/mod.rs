//! Pictures and data sets: what a network looks at, and where it comes from.
//!
//! Everything here takes bytes or seeds and gives values; the files are opened elsewhere. A picture is decoded
//! ([`Picture`]), then fitted to a network ([`fit()`]); generated examples ([`Generated`]) and bundled samples
//! ([`samples`]) need no file at all.

mod dice;
mod difficulty;
pub mod digits;
mod draw;
mod error;
mod fit;
mod generated;
mod loaded;
pub mod npy;
mod numerals;
pub mod paint;
mod picture;
mod resample;
pub mod samples;
pub mod shapes;

pub use difficulty::Difficulty;
pub use error::PictureError;
pub use fit::{Fit, Fitted, Ground, Preview, Seen, fit, preview};
pub use generated::Generated;
pub use loaded::{Content, Loaded};
pub use picture::{FORMATS, MAX_PIXELS, MAX_SIDE, Picture};
pub use samples::{SAMPLES, Sample};
