//! Encoded picture files under relative paths, wherever they lie.

/// Encoded picture files under relative paths, in a folder or an archive.
pub(super) trait Files: Send + Sync {
    /// The path of each file relative to the set's folder, with `/` between its parts.
    fn paths(&self) -> &[String];

    /// Reads file `number`. The error is one line.
    fn read(&self, number: usize) -> Result<Vec<u8>, String>;

    /// Whether files can be read repeatedly while the set is in use, at acceptable cost.
    fn stay(&self) -> bool;
}

/// Larger files are not accepted as pictures of a set.
pub(super) const MAX_FILE: u64 = 1 << 28;
