//! States to start a test from.

use convstep::{app::AppState, data::samples, model_io::bundled};

/// The network of eight shapes with its star.
pub fn shapes() -> AppState {
    let model = bundled::load("shapes").expect("bundled");
    AppState::open(model, samples::load("shape-star").expect("bundled")).expect("fits")
}
