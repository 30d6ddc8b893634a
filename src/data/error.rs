//! Errors of pictures, arrays and data sets. Each is one line: what was expected, what came, what to do.

use super::limits::{FORMATS, MAX_PIXELS, MAX_SIDE};

/// Why a picture could not be read or fitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PictureError {
    /// The file is empty.
    #[error("{name}: expected a picture, got an empty file; save or download it again")]
    Empty {
        /// The picture's name.
        name: String,
    },
    /// The bytes are in none of the supported formats.
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
    /// The file ends too early or is inconsistent.
    #[error(
        "{name}: expected a complete {format} file, but this one is cut short or damaged ({reason}); \
         save or download it again"
    )]
    Damaged {
        /// The picture's name.
        name: String,
        /// The format that the first bytes announce.
        format: &'static str,
        /// The decoder's message.
        reason: String,
    },
    /// A rare variant of a supported format.
    #[error("{name}: expected a common kind of {format} file, got a rare one ({reason}); convert it to PNG")]
    RareKind {
        /// The picture's name.
        name: String,
        /// The format that the first bytes announce.
        format: &'static str,
        /// The decoder's message.
        reason: String,
    },
    /// More pixels than the program accepts.
    #[error(
        "{name}: expected at most {pixels} million pixels and {side} in a row or column, got {got}; \
         make the picture smaller first",
        pixels = MAX_PIXELS / 1_000_000, side = MAX_SIDE
    )]
    TooLarge {
        /// The picture's name.
        name: String,
        /// Width and height, or a description of the size.
        got: String,
    },
    /// Raw bytes of the wrong length for the picture's size.
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
        /// The number of bytes for this size.
        expected: u64,
        /// The number of bytes that came.
        got: usize,
    },
    /// The network's input has neither 1 nor 3 channels.
    #[error(
        "{name}: a picture fills 1 channel (grey) or 3 (red, green, blue), got a network with {got}; \
         choose another network, or load an array (.npy) with {got} channels"
    )]
    Channels {
        /// The picture's name.
        name: String,
        /// The number of channels of the network's input.
        got: usize,
    },
    /// Several pictures instead of one.
    #[error("{name}: expected one picture, got a batch of {got}; take one of them")]
    Batch {
        /// The picture's name.
        name: String,
        /// The number of pictures.
        got: usize,
    },
    /// The network's input has no pixels, or more than a picture may have.
    #[error(
        "{name}: expected a network input of 1 to {max} million pixels, got {h} x {w}; \
         choose another network",
        max = MAX_PIXELS / 1_000_000
    )]
    Target {
        /// The picture's name.
        name: String,
        /// The height of the network's input.
        h: usize,
        /// The width of the network's input.
        w: usize,
    },
    /// An array whose shape is not that of the network's input.
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
        /// The reason.
        reason: super::npy::NpyError,
    },
    /// There is no bundled sample of this name.
    #[error("expected the name of a bundled sample, got \"{got}\"; {hint}`convstep samples` lists them all")]
    UnknownSample {
        /// The unknown name.
        got: String,
        /// A hint with similar names, ready to print: empty, or `did you mean ...? `.
        hint: String,
    },
}

/// Why a data set could not be opened, or one of its examples could not be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DataError {
    /// The user cancelled the opening.
    #[error("opening the data set was cancelled; open it again to use it")]
    Cancelled,
    /// The set or one of its files is invalid.
    #[error("{name}: {what}")]
    Wrong {
        /// The set's or the file's name.
        name: String,
        /// What was expected, what came, what to do.
        what: String,
    },
    /// The names of the set's folders do not tell which of them holds the test pictures.
    #[error(
        "{name}: expected names that tell training and test pictures apart, as train and test do, got the folders {folders}; \
         say --test-folder NAME for the test part, --test-folder none if each folder is a class, or open one of them",
        folders = list_names(folders)
    )]
    PartsUnclear {
        /// The set's name.
        name: String,
        /// Its upper folders.
        folders: Vec<String>,
    },
    /// A file or folder that the system could not read.
    #[error("{path}: expected {expected}, got {reason}; check the path and the file")]
    Unreadable {
        /// Where it lies.
        path: String,
        /// What was to be read.
        expected: String,
        /// Whether nothing lies there.
        is_missing: bool,
        /// The system's message.
        reason: String,
    },
    /// A file in none of the formats of data sets.
    #[error(
        "{name}: expected a data set (a folder of class folders or a .zip or .tar.gz of one, IDX files like MNIST's, batches like \
         CIFAR's, a .csv table of pixels or of file names, arrays as .npz), got a file of another kind; convert it, or \
         open a picture on its own"
    )]
    NotADataSet {
        /// The file's name.
        name: String,
    },
    /// Pictures, if any, that no folder of a class holds.
    #[error(
        "{name}: expected a folder for each class with pictures inside, as in train/cat/1.png, got {got}; arrange them \
         like that"
    )]
    NoClasses {
        /// The set's name.
        name: String,
        /// What is there instead.
        got: Instead,
    },
    /// No picture of the set can be read.
    #[error("{name}: expected pictures, got none that can be read; the first error is: {first}")]
    NoReadable {
        /// The set's name.
        name: String,
        /// Why the first one cannot be.
        first: String,
    },
    /// No example in the part that is trained on.
    #[error("{name}: expected training examples, got none; choose other data")]
    NoExamples {
        /// The set's name.
        name: String,
    },
    /// A picture of the set cannot be read or fitted.
    #[error(transparent)]
    Picture(#[from] PictureError),
}

/// What a data set holds in place of class folders with pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instead {
    /// No picture, but files with these endings, each with their number; the commonest first.
    Files(Vec<(String, usize)>),
    /// Pictures outside any class folder.
    Loose {
        /// How many.
        count: usize,
    },
    /// Pictures directly in the folder of a part.
    Within {
        /// How many, where that was counted.
        count: Option<usize>,
        /// The folders.
        folders: Vec<String>,
    },
}

impl std::fmt::Display for Instead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Instead::Files(endings) if endings.is_empty() => write!(f, "no picture"),
            Instead::Files(endings) => {
                let found = endings.iter().map(|(ending, count)| format!("{count} .{ending}"));
                write!(f, "no picture ({} files)", found.collect::<Vec<_>>().join(", "))
            }
            Instead::Loose { count } => write!(f, "{count} pictures outside any class folder"),
            Instead::Within { count, folders } => {
                let count = count.map(|count| format!("{count} ")).unwrap_or_default();
                write!(f, "{count}pictures directly in {}", folders.join(", "))
            }
        }
    }
}

impl DataError {
    /// An error about the set or file `name`.
    pub(super) fn wrong(name: &str, what: impl Into<String>) -> DataError {
        DataError::Wrong { name: name.to_owned(), what: what.into() }
    }
}

/// The most names that a line lists.
const LISTED: usize = 4;

/// Some names, separated by commas; of many, the first and how many more.
pub fn list_names<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<&str> = names.iter().take(LISTED).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
