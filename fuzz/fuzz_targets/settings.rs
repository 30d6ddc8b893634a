//! The settings of data and training as typed: augmentation, difficulty, the size of a frame.
#![no_main]

use convstep::{
    cli::Size,
    data::{Augment, Difficulty, Generated},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(augment) = text.parse::<Augment>() {
        assert_eq!(augment.to_string().parse::<Augment>().as_ref(), Ok(&augment), "{text:?}");
    }
    let _ = (text.parse::<Difficulty>(), text.parse::<Size>(), Generated::parse(text));
});
