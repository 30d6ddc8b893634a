//! The plan of a training step, its addresses, and what each step computes.
