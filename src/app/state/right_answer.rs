//! Which answer is right: asked once, when the loss or a value that follows from it is shown and no answer
//! was given.

use super::AppState;
use crate::trace::Pass;

/// Whether the user was asked which answer is right.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RightAnswer {
    /// Not of this picture.
    #[default]
    NotAsked,
    /// The question is open.
    Asked,
    /// The user dismissed it.
    Dismissed,
}

impl RightAnswer {
    /// Puts the question away.
    pub(in crate::app) fn dismiss(&mut self) {
        if *self == Self::Asked {
            *self = Self::Dismissed;
        }
    }
}

impl AppState {
    /// Whether the question which answer is right is open.
    pub fn asks_right_answer(&self) -> bool {
        self.right_answer == RightAnswer::Asked && self.can_ask()
    }

    /// The classes, the likeliest first.
    pub fn likeliest(&self) -> Vec<usize> {
        let scores = self.scores();
        let mut classes: Vec<usize> = (0..self.model().network.classes().min(scores.len())).collect();
        classes.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        classes
    }

    /// Whether there is something to ask.
    pub(in crate::app) fn can_ask(&self) -> bool {
        self.inputs.training.is_none() && self.names_classes() && !self.target().is_given()
    }

    /// Whether the cursor stands in what depends on the right answer; where the prediction is shown it does not.
    pub(in crate::app) fn is_beyond_answer(&self) -> bool {
        let plan = self.plan();
        let pass = plan.stage_at(&self.focus()).map(|stage| stage.pass);
        let at = self.cursor().at();
        match pass {
            Some(Pass::Loss) => at != super::after_loss(plan, 0).at() && self.knows_scores(),
            Some(Pass::Bwd | Pass::Update) => true,
            Some(Pass::Fwd) | None => false,
        }
    }
}
