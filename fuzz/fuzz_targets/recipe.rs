//! What a session keeps of a data set, as JSON; one that opens files is not made.
#![no_main]

use convstep::data::{Recipe, Split};
use convstep::execution::Execution;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(recipe) = serde_json::from_slice::<Recipe>(bytes) else { return };
    let text = serde_json::to_string(&recipe).expect("JSON");
    assert_eq!(serde_json::from_str::<Recipe>(&text).expect("what was written can be read"), recipe);
    if recipe.is_opened() {
        return;
    }
    if let Ok(data) = recipe.make(&(), Execution::SERIAL) {
        let [_, h, w] = data.shape();
        if h * w < 1 << 16 {
            let _ = data.example(Split::Train, 3);
        }
    }
});
