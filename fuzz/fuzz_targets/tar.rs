//! A .tar archive of a data set, plain and packed.
#![no_main]

use convstep_fuzz::open_set;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    open_set(&[("set.tar", bytes)], "set.tar");
});
