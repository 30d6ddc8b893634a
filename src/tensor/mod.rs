//! Rank-4 tensors, their shapes and positions.
