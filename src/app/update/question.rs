//! Answers the inspector's question.

use super::{jobs, notice::fail};
use crate::app::{
    effect::Effect,
    state::{
        AppState, JobKind, Message,
        question::{self, question},
    },
    task::Task,
};
use crate::nn::Execution;
use crate::trace::Pass;
use std::sync::Arc;

/// Whether an answer takes no longer than a frame may.
fn is_quick(state: &AppState) -> bool {
    const MULTIPLY_ADDS: u64 = 2_000_000;
    let network = state.plan().network();
    let images = u64::from(state.plan().setup().images);
    state.trace().reached() >= Pass::Bwd && network.terms() * images <= MULTIPLY_ADDS
}

/// Answers the tab's question anew where it has changed and the answer is quick.
pub(in crate::app) fn answer_if_quick(state: &mut AppState) {
    if let Some(question) = question(state)
        && state.answer.as_ref().is_none_or(|(answered, _)| *answered != question)
        && is_quick(state)
    {
        state.answer =
            question::answer(state.trace(), question, Execution::SERIAL).map(|answer| (question, answer));
    }
}

/// Starts the task that answers the open tab's question.
pub(in crate::app) fn start_answer(state: &mut AppState) -> Vec<Effect> {
    let Some(question) = question(state) else {
        let text = "expected a parameter, a pixel, an activation or a gradient of one; select one";
        fail(state, Message::sentence(text.into(), "notice.nothing_to_check", &[]));
        return Vec::new();
    };
    let (trace, name) = (Arc::clone(state.trace()), state.model().name.clone());
    vec![jobs::start(state, JobKind::Computing, name, Task::Answer { trace, question })]
}
