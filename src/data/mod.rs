//! Pictures and data sets.
//!
//! A picture is decoded ([`Picture`]) and fitted to a network ([`fit()`]). Generated examples ([`Generated`]) and
//! bundled samples ([`samples`]) need no file. A [`Dataset`] holds labelled pictures of one shape, generated or
//! loaded. Only [`open()`] reads files; everything else maps bytes or seeds to values.

mod adjust;
mod archive;
mod arrange;
mod augment;
mod background;
mod beside;
mod cifar;
mod cifar_archive;
mod cifar_python;
mod class_folders;
mod counter;
mod csv;
mod dataset;
mod difficulty;
pub mod digits;
mod draw;
mod error;
mod example_source;
mod files;
mod fit;
mod former_names;
mod generated;
mod idx;
mod limits;
mod loaded;
mod location;
mod named_pictures;
mod notes;
pub mod npy;
mod npz;
mod numerals;
mod open;
mod open_options;
pub mod paint;
mod parts;
pub mod pickle;
mod picture;
mod picture_files;
mod recipe;
mod resample;
mod rng;
pub mod samples;
pub mod shapes;
mod shuffle;
mod square;
mod statistics;
mod store;
mod tar;
mod upper_folders;

pub use adjust::{Adjustment, Fit, Frame};
pub use augment::Augment;
pub use background::Background;
pub use beside::{Beside, ModelFolder, folder_of, place_within};
pub use dataset::{Dataset, Example, Origin, Split, TEST_SHARE, VALIDATION};
pub use difficulty::Difficulty;
pub use error::{DataError, Instead, PictureError, list_names};
pub use example_source::ExampleSource;
pub use fit::{Crop, Fitted, Placement, Preview, fit, preview};
pub use former_names::{FORMER_NAMES, current_name};
pub use generated::Generated;
pub use limits::{FORMATS, MAX_PIXELS, MAX_SIDE};
pub use loaded::{Content, Loaded};
pub use location::Location;
pub use notes::DataNote;
pub use open::{Disk, is_data, open};
pub use open_options::{DataFiles, MAX_HELD_BYTES, OpenOptions, Opened, Skipped};
pub use picture::Picture;
pub use recipe::Recipe;
pub use samples::{Figure, SAMPLES, Sample, SampleContent};
pub use shuffle::{Permutation, shuffle_pixels};
pub use statistics::{ChannelStatistics, MEASURED, Measured};
pub use upper_folders::UpperFolders;
