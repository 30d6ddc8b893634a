//! Limits on pictures: supported formats and largest sizes.

/// The most pixels of a picture: 10,000 x 10,000.
pub const MAX_PIXELS: u64 = 100_000_000;

/// The most pixels in a row or a column.
pub const MAX_SIDE: u32 = 65_535;

/// The names of the supported formats, as messages list them.
pub const FORMATS: &str = "PNG, JPEG, GIF, BMP, WebP, TIFF or PPM";
