//! A Keras model: the bytes as a file, and as the layers in one.
#![no_main]

use convstep::model_io::{Model, Near};
use convstep_fuzz::with_part;
use libfuzzer_sys::fuzz_target;

const FILE: &[u8] = include_bytes!("../../tests/fixtures/keras/depthwise.keras");

fuzz_target!(|bytes: &[u8]| {
    let _ = Model::from_file("a.keras", bytes, &Near::NOTHING);
    if bytes.starts_with(b"{") {
        let _ = Model::from_file("a.keras", &with_part(FILE, "config.json", bytes), &Near::NOTHING);
    }
});
