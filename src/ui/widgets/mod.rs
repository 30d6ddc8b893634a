//! Widgets that draw tensors; each is given its data by the caller.

pub mod flow;
pub mod grid;
pub mod sheet;
