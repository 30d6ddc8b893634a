//! The plan of a training step, its addresses, and what each step computes.
//!
//! Nothing is recorded. A [`Plan`] is a list of stages, shapes only; a stage is cells x terms, so a
//! step number and an [`Address`] turn into one another by division. A [`Trace`] adds the values of
//! one training step and answers [`Trace::step`] and [`Trace::cell`] by folding one cell again.
//!
//! In reading order: [`address`] (words), [`plan`] (stages), [`term`] (one operation), [`rules`]
//! (what each layer's stages do), [`values`] (plan + numbers), [`cursor`] (moving about).

pub mod address;
pub mod breakpoint;
pub mod cursor;
pub mod paths;
pub mod plan;
mod pooled;
pub mod rules;
mod scatter;
pub mod term;
pub mod values;

pub use address::{Address, AddressError, Grain, Pass, Place};
pub use breakpoint::{Break, Found, Hits, Stop, Watched};
pub use cursor::{Cursor, Move};
pub use paths::{Cut, Factor, Group, Link, Paths};
pub use plan::{Owner, Plan, Seek, Setup, Stage, TensorId};
pub use term::{Operand, Term, TermOp};
pub use values::{CellFold, Progress, Step, Trace};
