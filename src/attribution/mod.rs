//! Attribution: the pixels that a unit's value depends on, the picture that maximises it, and the pictures of a
//! data set that activate it most.
//!
//! Each method has one file. A [`Probe`] is the part of a network that leads to one [`Unit`]; every gradient comes
//! from the network's own backward pass, with [`crate::nn::activation::Gate`] as the rule at ReLUs. Methods that
//! take many passes work step by step, one pass per call; [`Attribution`] does so for any method. Nothing here
//! starts a thread.

mod ascent;
mod grad_cam;
mod gradient;
mod heatmap;
mod integrated;
mod method;
mod occlusion;
mod pixel_range;
mod probe;
mod receptive_field;
mod sanity;
mod stepwise;
mod top_activations;
mod unit;

pub use ascent::{Ascent, AscentRules};
pub use grad_cam::{GradCam, grad_cam, usual_layer};
pub use gradient::gradient;
pub use heatmap::{strongest, summed, upsample};
pub use integrated::Integrated;
pub use method::Method;
pub use occlusion::{Occlusion, Patch, Rect};
pub use pixel_range::{Fill, PixelRange};
pub use probe::Probe;
pub use receptive_field::receptive_field;
pub use sanity::{randomised, rank_correlation};
pub use stepwise::{Attribution, AttributionSettings};
pub use top_activations::{TopActivation, TopActivations};
pub use unit::Unit;
