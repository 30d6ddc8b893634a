//! What a reader of data sets took files for: said to the user, because it decides what is trained on.

use super::{dataset::Split, error::list_names};
use std::fmt;

/// Something that was recognised, not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataNote {
    /// Folders, files or marks that stand for parts of the set.
    Parts(Vec<(String, Split)>),
    /// Classes whose folders have folders of their own, all of which are that class.
    Subfolders(Vec<String>),
    /// A table that names the pictures' files, and its columns of file names and labels.
    Labels {
        /// The table's file.
        table: String,
        /// The heading of the column of file names.
        files: String,
        /// The heading of the column of labels.
        labels: String,
    },
    /// An array of fractions from 0 to 1, multiplied by 255.
    Scaled {
        /// The array's name.
        array: String,
    },
    /// Columns of a table that are neither label nor pixels.
    Columns {
        /// The table's file.
        table: String,
        /// The headings.
        columns: Vec<String>,
    },
}

impl fmt::Display for DataNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataNote::Parts(parts) => {
                let of = |split: Split| {
                    let names: Vec<&str> = parts
                        .iter()
                        .filter(|(_, part)| *part == split)
                        .map(|(name, _)| name.as_str())
                        .collect();
                    (!names.is_empty()).then(|| format!("{} from {}", split.name(), list_names(&names)))
                };
                let parts: Vec<String> = Split::ALL.into_iter().filter_map(of).collect();
                write!(f, "parts by their names: {}", parts.join("; "))
            }
            DataNote::Subfolders(classes) => {
                write!(f, "the folders within a class are that class: {}", list_names(classes))
            }
            DataNote::Labels { table, files, labels } => {
                write!(f, "labels from {table}: column {labels}, for the pictures in column {files}")
            }
            DataNote::Scaled { array } => write!(f, "{array}: fractions from 0 to 1, multiplied by 255"),
            DataNote::Columns { table, columns } => {
                write!(f, "{table}: neither label nor pixels, so not read: column {}", list_names(columns))
            }
        }
    }
}
