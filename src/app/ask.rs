//! Questions about the cell that is looked at whose answer takes some computing: a gradient check, the paths from
//! the loss.

use super::{
    action::{Effect, fail},
    state::{AppState, Doing},
    work::{self, Task},
};
use crate::nn::{
    Execution,
    check::{Cell, Check, Ran, widen, widen_params},
};
use crate::trace::{Pass, Paths, Trace};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the inspector shows of the cell that is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Tab {
    /// Formula and terms.
    #[default]
    Why,
    /// The gradient check.
    Check,
    /// The paths from the loss.
    Paths,
    /// What is to be said of the whole tensor.
    Statistics,
}

impl Tab {
    /// All of them, in the order in which they stand.
    pub const ALL: [Self; 4] = [Self::Why, Self::Check, Self::Paths, Self::Statistics];

    /// Its name in keys of texts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Why => "why",
            Self::Check => "check",
            Self::Paths => "paths",
            Self::Statistics => "statistics",
        }
    }
}

/// A question.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Question {
    /// The values that it is about.
    pub revision: u64,
    /// The cell.
    pub cell: Cell,
    /// What is asked.
    pub kind: Kind,
}

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// The gradient check with a step of ten to the power of `-exponent`.
    Check {
        /// From 1 to [`EXPONENTS`].
        exponent: u8,
    },
    /// The paths from the loss.
    Paths,
}

/// The smallest step of a check is ten to the power of minus this.
pub const EXPONENTS: u8 = 9;

/// What came of a question.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// The check of the same network in f64, from its first layer on, and in f32, as shown.
    Check(Check<f64>, Check<f32>),
    /// The paths.
    Paths(Paths),
    /// There is nothing of the kind.
    Nothing,
}

/// The question that the inspector's tab puts about the cell that is looked at, if any.
pub(super) fn question(state: &AppState) -> Option<Question> {
    let kind = match state.view.tab {
        Tab::Check => Kind::Check { exponent: state.view.exponent },
        Tab::Paths => Kind::Paths,
        Tab::Why | Tab::Statistics => return None,
    };
    let cell = state.trace().differentiable(&state.focus())?;
    Some(Question { revision: state.revision(), cell, kind })
}

/// Whether an answer takes no longer than a frame may.
fn is_quick(state: &AppState) -> bool {
    const MULTIPLY_ADDS: u64 = 2_000_000;
    let network = state.plan().network();
    let images = u64::from(state.plan().setup().images);
    state.trace().reached() >= Pass::Bwd && network.terms() * images <= MULTIPLY_ADDS
}

/// Answers the tab's question anew where it has changed and the answer is quick.
pub(super) fn refresh(state: &mut AppState) {
    if let Some(question) = question(state)
        && state.answer.as_ref().is_none_or(|(answered, _)| *answered != question)
        && is_quick(state)
    {
        state.answer = answer(state.trace(), question, Execution::SERIAL).map(|answer| (question, answer));
    }
}

/// Answers the tab's question, whatever it takes.
pub(super) fn ask(state: &mut AppState) -> Vec<Effect> {
    let Some(question) = question(state) else {
        fail(state, "expected a parameter, a pixel, an activation or a gradient of one; select one".into());
        return Vec::new();
    };
    let (trace, name) = (Arc::clone(state.trace()), state.model().name.clone());
    vec![work::start(state, Doing::Computing, name, Task::Answer { trace, question })]
}

/// The answer to a question about a trace; `None` if cancelled.
pub(super) fn answer(trace: &Arc<Trace>, question: Question, exec: Execution) -> Option<Answer> {
    let mut trace = Trace::clone(trace);
    if !trace.go_on(Pass::Bwd, exec) {
        return None;
    }
    Some(match question.kind {
        Kind::Paths => trace.paths(question.cell).map_or(Answer::Nothing, Answer::Paths),
        Kind::Check { exponent } => {
            let eps = 10f64.powi(-i32::from(exponent));
            let Some(shown) = trace.ran().check(question.cell, eps as f32) else {
                return Some(Answer::Nothing);
            };
            let ran = trace.ran();
            let (params, target) = (widen_params(ran.params), widen(ran.target));
            let x = widen(&ran.values.input);
            let values = ran.network.run(&params, &x, &target, ran.mode, ran.stream);
            let wide = Ran {
                network: ran.network,
                params: &params,
                target: &target,
                mode: ran.mode,
                stream: ran.stream,
                values: &values,
            };
            match wide.check(question.cell, eps) {
                Some(wide) => Answer::Check(wide, shown),
                None => Answer::Nothing,
            }
        }
    })
}

impl AppState {
    /// The question that the inspector's tab puts about the cell that is looked at, and its answer where it has come.
    pub fn asked(&self) -> Option<(Question, Option<&Answer>)> {
        let question = question(self)?;
        let answer = self.answer.as_ref().filter(|(answered, _)| *answered == question);
        Some((question, answer.map(|(_, answer)| answer)))
    }
}
