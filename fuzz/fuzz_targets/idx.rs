//! Pictures and labels in IDX, plain and packed, alone and in a folder.
#![no_main]

use convstep_fuzz::{open_set, two};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (labels, images) = two(bytes);
    let names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"];
    let files = [(names[0], images), (names[1], labels)];
    open_set(&files, names[0]);
    open_set(&files, "");
});
