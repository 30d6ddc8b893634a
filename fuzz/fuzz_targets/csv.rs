//! A table of labels and pixels, alone and with the file that names its classes.
#![no_main]

use convstep_fuzz::open_set;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    open_set(&[("train.csv", bytes)], "train.csv");
    open_set(&[("train.csv", bytes), ("test.csv", b"label,a,b,c,d\n1,2,3,4,5\n")], "");
});
