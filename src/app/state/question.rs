//! Questions about a cell whose answer takes some computing: a gradient check, the paths from the loss.

use super::{AppState, view::Tab};
use crate::nn::{
    Execution,
    check::{Cell, Check, Ran, widen, widen_params},
};
use crate::trace::{Pass, Paths, Trace};
use std::sync::Arc;

/// A question.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Question {
    /// The values that it is about.
    pub revision: u64,
    /// The cell.
    pub cell: Cell,
    /// What is asked.
    pub kind: QuestionKind,
}

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum QuestionKind {
    /// The gradient check with a step of ten to the power of `-exponent`.
    Check {
        /// The exponent, from 1 to `EXPONENTS`.
        exponent: u8,
    },
    /// The paths from the loss.
    Paths,
}

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

/// The question that the inspector's tab puts about the cell that is shown, if any.
pub(in crate::app) fn question(state: &AppState) -> Option<Question> {
    let kind = match state.view.tab {
        Tab::Check => QuestionKind::Check { exponent: state.view.exponent },
        Tab::Paths => QuestionKind::Paths,
        Tab::Why | Tab::Statistics => return None,
    };
    let cell = state.trace().differentiable(&state.focus())?;
    Some(Question { revision: state.revision(), cell, kind })
}

/// The answer to a question about a trace; `None` if cancelled.
pub(in crate::app) fn answer(trace: &Arc<Trace>, question: Question, exec: Execution) -> Option<Answer> {
    let mut trace = Trace::clone(trace);
    if !trace.compute_to(Pass::Bwd, exec) {
        return None;
    }
    Some(match question.kind {
        QuestionKind::Paths => trace.paths(question.cell).map_or(Answer::Nothing, Answer::Paths),
        QuestionKind::Check { exponent } => {
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
    /// The question that the inspector's tab puts about the cell that is shown, and its answer where it has come.
    pub fn asked(&self) -> Option<(Question, Option<&Answer>)> {
        let question = question(self)?;
        let answer = self.answer.as_ref().filter(|(answered, _)| *answered == question);
        Some((question, answer.map(|(_, answer)| answer)))
    }
}
