//! Adds notices.

use crate::app::state::{AppState, Notice, NoticeKind};

/// Notices that are kept.
const NOTICES: usize = 6;

/// Forgets what did not work: the user has done something that did.
pub(in crate::app) fn forget_errors(state: &mut AppState) {
    state.notices.retain(|notice| notice.kind != NoticeKind::Error);
}

/// Adds a line on what did not work.
pub(in crate::app) fn fail(state: &mut AppState, text: String) {
    notice(state, text, NoticeKind::Error);
}

/// Adds a line; the oldest gives way where there are many.
pub(in crate::app) fn notice(state: &mut AppState, text: String, kind: NoticeKind) {
    state.notices.push(Notice { text, kind });
    if state.notices.len() > NOTICES {
        state.notices.remove(0);
    }
}
