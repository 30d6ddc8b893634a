//! What can be wrong with a picture, an array or a data set, in one line each: what was expected, what came, what
//! to do.

use super::limits::{FORMATS, MAX_PIXELS, MAX_SIDE};

/// Why a picture could not be read or fitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PictureError {
    /// The file holds nothing.
    #[error("{name}: expected a picture, got an empty file; save or download it again")]
    Empty {
        /// The picture's name.
        name: String,
    },
    /// The bytes are in none of the formats that are read.
    #[error(
        "{name}: expected a picture ({formats}), got {got}; convert it to PNG",
        formats = FORMATS
    )]
    NotAPicture {
        /// The picture's name.
        name: String,
        /// What the bytes look like.
        got: String,
    },
    /// The file ends too early or its content contradicts itself.
    #[error(
        "{name}: expected a whole {format} file, but this one is cut short or damaged ({reason}); \
         save or download it again"
    )]
    Damaged {
        /// The picture's name.
        name: String,
        /// The format that the first bytes promise.
        format: &'static str,
        /// The decoder's complaint.
        reason: String,
    },
    /// The format is read, but not this kind of it.
    #[error("{name}: expected a common kind of {format} file, got a rare one ({reason}); convert it to PNG")]
    RareKind {
        /// The picture's name.
        name: String,
        /// The format that the first bytes promise.
        format: &'static str,
        /// The decoder's complaint.
        reason: String,
    },
    /// More pixels than the program takes.
    #[error(
        "{name}: expected at most {pixels} million pixels and {side} in a row or column, got {got}; \
         make the picture smaller first",
        pixels = MAX_PIXELS / 1_000_000, side = MAX_SIDE
    )]
    TooLarge {
        /// The picture's name.
        name: String,
        /// Width and height, or what stands for them.
        got: String,
    },
    /// Raw bytes that do not make the picture they are said to be.
    #[error(
        "{name}: expected {width} x {height} pixels of 4 bytes ({expected} bytes), got {got} bytes; \
         copy the picture again"
    )]
    WrongLength {
        /// The picture's name.
        name: String,
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
        /// The bytes that such a picture has.
        expected: u64,
        /// The bytes that came.
        got: usize,
    },
    /// A network that does not look at pictures.
    #[error(
        "{name}: a picture fills 1 channel (grey) or 3 (red, green, blue), got a network with {got}; \
         choose another network, or load an array (.npy) with {got} channels"
    )]
    Channels {
        /// The picture's name.
        name: String,
        /// The channels that were asked for.
        got: usize,
    },
    /// Several pictures where one is wanted.
    #[error("{name}: expected one picture, got a batch of {got}; take one of them")]
    Batch {
        /// The picture's name.
        name: String,
        /// How many there are.
        got: usize,
    },
    /// A target without pixels, or with more than a picture may have.
    #[error(
        "{name}: expected a network input of 1 to {max} million pixels, got {h} x {w}; \
         choose another network",
        max = MAX_PIXELS / 1_000_000
    )]
    Target {
        /// The picture's name.
        name: String,
        /// The height that was asked for.
        h: usize,
        /// The width that was asked for.
        w: usize,
    },
    /// An array has exactly one size, and it is not the network's.
    #[error(
        "{name}: expected an array of shape {expected:?} (channels, rows, columns), got {got:?}; \
         arrays are not resized: make one of that shape, or choose another network"
    )]
    ArrayShape {
        /// The array's name.
        name: String,
        /// (C, H, W) of the network's input.
        expected: [usize; 3],
        /// (C, H, W) of the array.
        got: [usize; 3],
    },
    /// An array file that cannot be read.
    #[error("{name}: {reason}")]
    Array {
        /// The array's name.
        name: String,
        /// What is wrong with it.
        reason: super::npy::NpyError,
    },
    /// No bundled sample has this name.
    #[error("expected the name of a bundled sample, got \"{got}\"; {hint}`convstep samples` lists them all")]
    UnknownSample {
        /// The name that came.
        got: String,
        /// Names like it: empty, or `did you mean .. ?; ` ready to print.
        hint: String,
    },
}

/// Why a data set could not be opened, or an example of it not be given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DataError {
    /// The user stopped the opening.
    #[error("opening the data was cancelled; open it again to have it")]
    Cancelled,
    /// The set, or a file of it, is not what it should be.
    #[error("{name}: {what}")]
    Wrong {
        /// The set's or the file's name.
        name: String,
        /// What was expected, what came, what to do.
        what: String,
    },
    /// A picture of the set cannot be read or fitted.
    #[error(transparent)]
    Picture(#[from] PictureError),
}

impl DataError {
    /// Something is wrong with the set or file `name`.
    pub(super) fn wrong(name: &str, what: impl Into<String>) -> DataError {
        DataError::Wrong { name: name.to_owned(), what: what.into() }
    }
}
