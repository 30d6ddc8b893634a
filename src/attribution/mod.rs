//! What a network looks at: which pixels a unit's value hangs on, what picture it would like best, and
//! which of many pictures excite it most.
//!
//! Each method has one file. A [`Probe`] is a network as far as one [`Unit`]; every gradient is the
//! network's own backward pass, with [`crate::nn::activation::Gate`] as the rule at its ReLUs. What takes
//! many passes is a stepper: one call, one pass; [`Attribution`] is any of them. Nothing here starts a thread.

mod ascent;
mod grad_cam;
mod gradient;
mod heatmap;
mod integrated;
mod method;
mod occlusion;
mod pixel_range;
mod probe;
mod receptive;
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
pub use receptive::receptive_field;
pub use sanity::{randomised, rank_correlation};
pub use stepwise::{Attribution, AttributionSettings};
pub use top_activations::{TopActivation, TopActivations};
pub use unit::Unit;
