//! The description of a step without any values.

use super::address::{Address, Grain};
use super::plan::Plan;
use super::rules;
use super::term::Term;

/// All about a step but its values.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StepDescription {
    /// Where it is; its grain is [`Grain::Term`].
    pub address: Address,
    /// The formula of its stage in symbols.
    pub formula: &'static str,
    /// The operation and where its operands come from.
    pub term: Term,
    /// Where the operands' cells were last written; `None` for a constant and for padding.
    pub writers: [Option<Address>; 2],
}

impl Plan {
    /// Describes a step of the run: its address, the formula of its stage, its operation, and where its operands
    /// were last written. The time it takes does not grow with the step's number.
    pub fn describe(&self, step: u64) -> StepDescription {
        let address = self.locate(step, Grain::Term);
        let Some(stage) = self.stage_at(&address) else { unreachable!("a step lies in a stage") };
        let time = address.time();
        let term = rules::term(self, time, stage, address.image(), address.cell(), address.term());
        let writers = term.operands.map(|operand| self.last_writer(&operand?, time));
        StepDescription { address, formula: rules::formula(self, stage), term, writers }
    }
}
