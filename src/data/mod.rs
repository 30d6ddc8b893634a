//! Pictures and data sets: what a network looks at, and where it comes from.
//!
//! A picture is decoded ([`Picture`]), then fitted to a network ([`fit()`]); generated examples ([`Generated`]) and
//! bundled samples ([`samples`]) need no file at all. A [`Dataset`] is labelled pictures of one shape, generated or
//! loaded. Everything here takes bytes or seeds and gives values; files are opened in one place, [`open()`].

mod archive;
mod augment;
mod cifar;
mod class_folders;
mod csv;
mod dataset;
mod difficulty;
pub mod digits;
mod draw;
mod error;
mod files;
mod fit;
mod generated;
mod idx;
mod loaded;
pub mod npy;
mod numerals;
mod open;
pub mod paint;
mod picture;
mod progress;
mod recipe;
mod resample;
mod rng;
pub mod samples;
pub mod shapes;
mod shuffle;
mod statistics;
mod store;

pub use augment::Augment;
pub use dataset::{Dataset, Example, Origin, Split, TEST_SHARE, VALIDATION};
pub use difficulty::Difficulty;
pub use error::{DataError, PictureError};
pub use fit::{Background, Crop, Fit, Fitted, Preview, fit, preview};
pub use generated::Generated;
pub use loaded::{Content, Loaded};
pub use open::{HELD, Opened, Opening, Skipped, is_data, open};
pub use picture::{FORMATS, MAX_PIXELS, MAX_SIDE, Picture};
pub use progress::Progress;
pub use recipe::{ExampleSource, Recipe};
pub use samples::{SAMPLES, Sample};
pub use shuffle::Permutation;
pub use statistics::{ChannelStatistics, MEASURED, Measured};
