//! Where the stepping stands, and where it stood before.

use crate::trace::{Address, Cursor};

/// The cursor, the selected cell, and the trail behind and ahead of them.
#[derive(Clone, Debug)]
pub(in crate::app) struct Position {
    /// Where the stepping stands.
    pub cursor: Cursor,
    /// A cell to look at while the cursor stays.
    pub selected: Option<Address>,
    /// Where the cursor and the selection were before, latest last.
    pub trail: Vec<(Cursor, Option<Address>)>,
    /// Where they were before going back along the trail.
    pub trail_ahead: Vec<(Cursor, Option<Address>)>,
    /// Where they will be once the replay of training steps arrives there.
    pub pending: Option<(Cursor, Option<Address>)>,
}

impl Position {
    /// At a cursor, with nothing selected and no trail.
    pub const fn new(cursor: Cursor) -> Self {
        Self { cursor, selected: None, trail: Vec::new(), trail_ahead: Vec::new(), pending: None }
    }

    /// Forgets the trail, behind and ahead.
    pub fn clear_trail(&mut self) {
        self.trail.clear();
        self.trail_ahead.clear();
    }
}
