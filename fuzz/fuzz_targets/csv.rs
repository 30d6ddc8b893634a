//! A table of labels and pixels, alone and with another, and one that names pictures.
#![no_main]

use convstep_fuzz::open_set;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    open_set(&[("train.csv", bytes)], "train.csv");
    open_set(&[("train.csv", bytes), ("test.csv", b"label,a,b,c,d\n1,2,3,4,5\n")], "");
    // Beside pictures it may name them.
    open_set(&[("train.csv", bytes), ("a.pgm", b"P5 1 1 255 a"), ("b.pgm", b"P5 1 1 255 b")], "");
});
