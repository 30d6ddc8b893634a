//! Adds notices.

use crate::app::state::{AppState, Message, Notice, NoticeKind};

/// Notices that are kept.
const NOTICES: usize = 6;

/// Forgets what did not work: the user has done something that did.
pub(in crate::app) fn forget_errors(state: &mut AppState) {
    state.notices.retain(|notice| notice.kind != NoticeKind::Error);
}

/// Adds a line on what did not work.
pub(in crate::app) fn fail(state: &mut AppState, why: impl Into<Message>) {
    notice(state, why, NoticeKind::Error);
}

/// Adds a line; the oldest gives way where there are many.
pub(in crate::app) fn notice(state: &mut AppState, what: impl Into<Message>, kind: NoticeKind) {
    let Message { text, about } = what.into();
    state.notices.push(Notice { text, about, kind });
    if state.notices.len() > NOTICES {
        state.notices.remove(0);
    }
}
