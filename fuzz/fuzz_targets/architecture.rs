//! An architecture as TOML: what is read and written is read as the same.
#![no_main]

use convstep::model_io::Architecture;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(architecture) = Architecture::parse(text) else { return };
    let written = architecture.to_toml();
    assert_eq!(Architecture::parse(&written).expect("what was written can be read"), architecture);
    if let Ok(network) = architecture.build() {
        assert_eq!(network.input, architecture.input);
        let _ = (network.terms(), network.parameter_count());
    }
});
