//! Goes to where a link leads, or to the moment of a text.

use super::{lesson, moment, notice::fail};
use crate::app::{
    action::LessonAction,
    effect::Effect,
    state::{AppState, Link},
};

/// Goes there; an error becomes a notice.
pub(in crate::app) fn open(state: &mut AppState, text: &str) -> Vec<Effect> {
    match Link::parse(text) {
        Ok(Link::Moment(moment)) => moment::open(state, *moment),
        Ok(Link::Lesson { id, beat }) => lesson::update(state, LessonAction::StartAt { id, beat }),
        Err(error) => {
            fail(state, error);
            Vec::new()
        }
    }
}
