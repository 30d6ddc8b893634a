//! A batch of CIFAR's Python version, alone and with its class names.
#![no_main]

use convstep_fuzz::open_set;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    open_set(&[("data_batch_1", bytes)], "data_batch_1");
    open_set(&[("data_batch_1", bytes), ("batches.meta", bytes)], "");
});
