//! A batch of CIFAR and the names of its classes. The bytes are repeated to whole records.
#![no_main]

use convstep_fuzz::{open_set, two};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (names, batch) = two(bytes);
    let record = |len: usize| batch.iter().copied().cycle().take(len).collect::<Vec<u8>>();
    open_set(&[("data_batch_1.bin", batch), ("batches.meta.txt", names)], "data_batch_1.bin");
    open_set(&[("data_batch_1.bin", &record(2 * 3073)), ("batches.meta.txt", names)], "");
    open_set(&[("train.bin", &record(2 * 3074)), ("fine_label_names.txt", names)], "");
});
