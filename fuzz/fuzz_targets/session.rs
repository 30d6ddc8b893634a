//! A session file.
#![no_main]

use convstep::app::Session;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(session) = Session::from_bytes("a.convstep", bytes) {
        let again = session.to_bytes().expect("what was read can be written");
        Session::from_bytes("a.convstep", &again).expect("what was written can be read");
    }
});
