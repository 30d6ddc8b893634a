//! A checkpoint of training.
#![no_main]

use convstep::model_io::Checkpoint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(checkpoint) = Checkpoint::from_bytes("a.safetensors", bytes) {
        let again = checkpoint.to_bytes().expect("what was read can be written");
        Checkpoint::from_bytes("a.safetensors", &again).expect("what was written can be read");
    }
});
