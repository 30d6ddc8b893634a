//! The protocol by which long work reports its progress and is cancelled.

/// Called with the progress, from 0 to 1, as work goes on; returns `false` to cancel it. May be called from any of
/// the threads that share the work.
pub type OnProgress<'a> = &'a (dyn Fn(f32) -> bool + Sync);

/// Ignores the progress and never cancels.
pub const UNOBSERVED: OnProgress<'static> = &|_| true;
