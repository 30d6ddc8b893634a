//! A .zip of class folders, and a packed file.
#![no_main]

use convstep_fuzz::open_set;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    open_set(&[("set.zip", bytes)], "set.zip");
    open_set(&[("train-images-idx3-ubyte.gz", bytes), ("train-labels-idx1-ubyte.gz", bytes)], "");
    open_set(&[("train.csv.gz", bytes)], "train.csv.gz");
});
