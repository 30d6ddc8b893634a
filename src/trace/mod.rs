//! The plan of a training step, its addresses, and what each step computes.
//!
//! Nothing is recorded. A [`Plan`] is a list of stages, shapes only; a stage is cells x terms, so a
//! step number and an [`Address`] turn into one another by division. A [`Trace`] adds the values of
//! one training step and answers [`Trace::step`] and [`Trace::cell`] by folding one cell again.
//!
//! In reading order: [`tensor_id`] (which tensors there are), [`address`] (a place, and its text), [`plan`]
//! (stages), [`term`] (one operation), [`rules`] (what each layer's stages do), [`describe`] (a step without
//! values), [`values`] (plan + numbers), [`cursor`] (moving about).

#![deny(clippy::wildcard_enum_match_arm)]

pub mod address;
pub mod breakpoint;
pub mod contributions;
pub mod cursor;
pub mod depth;
pub mod describe;
pub mod equation;
mod kept;
pub mod paths;
pub mod plan;
mod pooled;
pub mod rules;
mod scatter;
pub mod tensor_id;
pub mod term;
mod turned;
pub mod values;

pub use address::{
    Address, Grain, Pass, Place,
    text::{AddressError, AddressText},
};
pub use breakpoint::{Break, Found, Hits, Stop, Watched};
pub use contributions::{Contribution, Contributions};
pub use cursor::{Cursor, Move};
pub use depth::Depth;
pub use describe::StepDescription;
pub use equation::Equation;
pub use kept::{Kept, kept, kept_by};
pub use paths::{Cut, Factor, Group, Link, Paths};
pub use plan::{Plan, Setup, Stage};
pub use tensor_id::{Owner, TensorId};
pub use term::{Operand, Term, TermOp};
pub use values::{CellFold, StageProgress, Step, Trace};
