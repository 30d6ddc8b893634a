//! The trainer: one call, one batch.
