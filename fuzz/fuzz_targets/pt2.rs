//! A program by torch.export: the bytes as a file, and as the graph in one.
#![no_main]

use convstep::model_io::{Model, Near};
use convstep_fuzz::with_part;
use libfuzzer_sys::fuzz_target;

const FILE: &[u8] = include_bytes!("../../tests/fixtures/branches/squeeze_excite.pt2");

fuzz_target!(|bytes: &[u8]| {
    let _ = Model::from_file("a.pt2", bytes, &Near::NOTHING);
    if bytes.starts_with(b"{") {
        let _ = Model::from_file("a.pt2", &with_part(FILE, "models/model.json", bytes), &Near::NOTHING);
    }
});
