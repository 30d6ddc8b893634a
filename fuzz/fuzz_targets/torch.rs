//! A state dict by torch.save, and the draft of its architecture.
#![no_main]

use convstep::model_io::{Model, torch};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = torch::to_safetensors(bytes);
    let _ = Model::draft("a.pth", bytes);
});
