//! An ONNX model.
#![no_main]

use convstep::model_io::{Near, onnx};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = onnx::read("a.onnx", bytes, &Near::NOTHING);
});
