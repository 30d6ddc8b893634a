//! Misconceptions as rules: what a learner who holds one takes a quantity for.
//!
//! A rule deforms one quantity; the question's whole expression is evaluated again with it. `None` means that the rule
//! says nothing about the item, which then has no such option. What the window says of a rule stands in
//! `assets/lessons/misconceptions/`.

mod backward;
mod forward;
mod learning;
mod orders;
mod pictures;
mod reading;

use super::{answer::Answer, query::Query, scene::Scene};
use crate::trace::Address;

/// A misconception.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Its name in lesson files.
    pub id: &'static str,
    /// What the learner believes, as a formula: wrong beside right.
    pub formula: &'static str,
    /// What the learner takes a quantity for; `None` where the rule says nothing about it.
    pub answer: fn(&Scene, &Query) -> Option<Answer>,
    /// The place that refutes it; `None` for the place of the question.
    pub refute: fn(&Scene, &Query) -> Option<Address>,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}", self.id)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// The rule by which two equal things come to differ: it does not say which of them will be the larger one.
pub(super) const EITHER_WAY: &str = "drift-apart";

/// All rules.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [pictures::RULES, forward::RULES, backward::RULES, learning::RULES, orders::RULES].into_iter().flatten()
}

/// The rule with a name.
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id == id)
}

/// For rules that are refuted where they are asked.
fn here(_: &Scene, _: &Query) -> Option<Address> {
    None
}
