//! Adds notices.

use crate::app::state::{AppState, Notice, NoticeKind};

/// Notices that are kept.
const NOTICES: usize = 6;

pub(in crate::app) fn fail(state: &mut AppState, text: String) {
    notice(state, text, NoticeKind::Error);
}

pub(in crate::app) fn notice(state: &mut AppState, text: String, kind: NoticeKind) {
    state.notices.push(Notice { text, kind });
    if state.notices.len() > NOTICES {
        state.notices.remove(0);
    }
}
