//! A state dict by torch.save.
#![no_main]

use convstep::model_io::torch;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = torch::to_safetensors(bytes);
});
