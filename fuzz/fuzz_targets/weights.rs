//! A model file: by the architecture in it, and by another one.
#![no_main]

use convstep::model_io::{Architecture, Model, Near, weights};
use convstep_fuzz::{ARCHITECTURE, is_small};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Model::from_bytes("a", bytes, Some(ARCHITECTURE));
    let Ok(Some(text)) = weights::architecture_text(bytes) else { return };
    if Architecture::parse(&text).is_ok_and(|architecture| !is_small(&architecture)) {
        return;
    }
    if let Ok(model) = Model::from_file("a.safetensors", bytes, &Near::NOTHING) {
        let again = model.to_bytes().expect("what was read can be written");
        let again = Model::from_bytes("a", &again, None).expect("what was written can be read");
        assert_eq!(again.network, model.network);
    }
});
