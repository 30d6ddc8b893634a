//! The regions of the window. No view imports another; no view does a layer's arithmetic.

pub mod adjust;
pub mod builder;
pub mod closeup;
pub mod compare;
pub mod data;
pub mod evidence;
pub mod files;
pub mod help;
pub mod inspector;
pub mod lanes;
pub mod layer;
pub mod map;
pub mod notices;
pub mod open_data;
pub mod open_path;
pub mod pad;
pub mod palette;
pub mod place;
pub mod readout;
pub mod strip;
pub mod time;
pub mod timeline;
pub mod top;
pub mod training;
pub mod transport;
