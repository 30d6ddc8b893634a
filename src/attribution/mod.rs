//! What a network looks at: which pixels a unit's value hangs on, what picture it would like best, and
//! which of many pictures excite it most.
//!
//! Each method has one file. A [`Probe`] is a network as far as one [`Unit`]; every gradient is the
//! network's own backward pass, with [`crate::nn::activation::Gate`] as the rule at its ReLUs. What takes
//! many passes is a stepper: one call, one pass; [`Look`] is any of them. Nothing here starts a thread.

mod ascent;
mod exciting;
mod grad_cam;
mod gradient;
mod integrated;
mod look;
mod method;
mod occlusion;
mod plane;
mod probe;
mod receptive;
mod sanity;
mod unit;

pub use ascent::{Ascent, AscentRules};
pub use exciting::{Excited, Exciting};
pub use grad_cam::{GradCam, grad_cam, usual_layer};
pub use gradient::gradient;
pub use integrated::Integrated;
pub use look::{Look, Settings};
pub use method::Method;
pub use occlusion::{Occlusion, Patch, Rect};
pub use plane::{Fill, PixelRange, strongest, summed, upsample};
pub use probe::Probe;
pub use receptive::receptive_field;
pub use sanity::{randomised, rank_correlation};
pub use unit::Unit;
