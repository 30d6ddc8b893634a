//! Widgets that draw tensors and layers; each is given its data by the caller.

pub mod addressed_grid;
pub mod busy;
pub mod flow;
pub mod grid;
pub mod hatch;
pub mod icon;
pub mod legend;
pub mod segments;
pub mod sign;
pub mod thumbnail;
