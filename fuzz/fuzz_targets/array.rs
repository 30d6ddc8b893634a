//! A NumPy array.
#![no_main]

use convstep::data::{Loaded, npy};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = npy::decode(bytes);
    let _ = Loaded::decode("a.npy", bytes);
});
