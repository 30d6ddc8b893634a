//! Sessions saved against a crash, in files of one folder.

use super::{Content, LeftSession, Reply, writer::Writer};
use crate::files::{Keeper, Left, write_atomically};
use crate::model_io::session::ENDING;
use std::path::Path;

/// This program's own file, and those that crashed programs left.
#[derive(Default)]
pub struct Rescue {
    keeper: Option<Keeper>,
    /// Latest first; the first one is offered.
    left: Vec<Left>,
    /// The one that was restored: removed when it is part of the own file.
    restored: Option<Left>,
}

impl Rescue {
    /// Makes a place in `folder`.
    ///
    /// # Errors
    /// One line if the folder cannot be written to.
    pub fn begin(folder: &Path) -> Result<Self, String> {
        let keeper = Keeper::begin(folder, ENDING).map_err(|error| error.0)?;
        let left = keeper.left();
        Ok(Self { keeper: Some(keeper), left, restored: None })
    }

    /// Whether there is a place to keep sessions at.
    pub const fn has_place(&self) -> bool {
        self.keeper.is_some()
    }

    /// The latest session that was left.
    pub fn left(&self) -> Option<LeftSession> {
        self.left.first().map(|left| LeftSession { age: left.age().as_secs_f64() })
    }

    /// The bytes of the latest session that was left.
    ///
    /// # Errors
    /// One line if there is none or it cannot be read.
    pub fn restore(&mut self) -> Result<Vec<u8>, String> {
        if self.left.is_empty() {
            return Err("expected a session that a crash left, got none; open a saved one".into());
        }
        let left = self.left.remove(0);
        let bytes = left.read().map_err(|error| error.0)?;
        self.restored = Some(left);
        Ok(bytes)
    }

    /// Removes the latest session that was left.
    pub fn discard(&mut self) {
        if !self.left.is_empty() {
            self.left.remove(0).remove();
        }
    }

    /// Removes the session that was restored.
    pub fn remove_restored(&mut self) {
        self.restored.take().into_iter().for_each(Left::remove);
    }

    /// Writes the own file.
    pub fn keep(&self, writer: &Writer, content: Content, reply: Reply<Result<(), String>>) {
        let Some(path) = self.keeper.as_ref().map(|keeper| keeper.path().to_owned()) else {
            return reply(Err("expected a folder to keep sessions in, got none; save the session".into()));
        };
        writer.push(move || {
            reply(content().and_then(|bytes| write_atomically(&path, &bytes).map_err(|error| error.0)));
        });
    }

    /// The window closes: unsaved work stays for the next start; without any, the own file is removed.
    pub fn end(&mut self, writer: &Writer, unsaved: Option<Content>, replaces_restored: bool) {
        let restored = self.restored.take().filter(|_| replaces_restored);
        let Some(keeper) = self.keeper.take() else { return };
        // After what is still to be written to the same file.
        writer.push(move || {
            let is_safe = match unsaved.map(|content| content()) {
                // If it cannot be written, what was written last stays.
                Some(bytes) => bytes.is_ok_and(|bytes| write_atomically(keeper.path(), &bytes).is_ok()),
                None => {
                    keeper.end();
                    true
                }
            };
            restored.filter(|_| is_safe).into_iter().for_each(Left::remove);
        });
    }
}
