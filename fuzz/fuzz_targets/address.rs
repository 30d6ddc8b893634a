//! An address as typed, and where the cursor goes by it: what is read and written is read as the same.
#![no_main]

use convstep::trace::{Cursor, Plan, Setup};
use convstep_fuzz::model;
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

static PLANS: LazyLock<[Plan; 2]> = LazyLock::new(|| {
    let network = Arc::new(model().network);
    let one = Setup::default();
    let batches = Setup { images: 3, batches: 4, epochs: 5, ..one };
    [one, batches].map(|setup| Plan::new(Arc::clone(&network), setup))
});

fuzz_target!(|text: &str| {
    for plan in PLANS.iter() {
        if let Ok(address) = plan.parse(text) {
            assert!(plan.has(&address), "{text:?}");
            let written = plan.text(&address);
            assert_eq!(plan.parse(&written).as_ref(), Ok(&address), "{text:?} {written:?}");
            let _ = (plan.steps(&address), plan.shape_at(&address));
        }
        if let Ok(cursor) = Cursor::parse(plan, text) {
            assert!(cursor.at() <= plan.run_len());
        }
    }
});
