//! Changes the visible part of the timeline.

use crate::app::{
    action::SpanAction,
    state::{AppState, Spans},
};

/// Applies it.
pub(in crate::app) fn update(state: &mut AppState, action: SpanAction) {
    let spans = &mut state.spans;
    spans.seek = false;
    match action {
        SpanAction::Run(span) => spans.run = span,
        SpanAction::Step(span) => spans.step = span,
        SpanAction::Zoom(factor) => {
            spans.step = spans.step.zoomed(0.5, factor);
            spans.seek = true;
        }
        SpanAction::Whole => *spans = Spans::default(),
    }
}
