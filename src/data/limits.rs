//! What pictures the program accepts: formats and sizes.

/// The most pixels a picture may have: 10,000 x 10,000.
pub const MAX_PIXELS: u64 = 100_000_000;

/// The most pixels in a row or a column.
pub const MAX_SIDE: u32 = 65_535;

/// The names of the formats that are read, as they appear in messages.
pub const FORMATS: &str = "PNG, JPEG, GIF, BMP, WebP or TIFF";
