//! A unit's text: what is read and written is read as the same.
#![no_main]

use convstep::{
    attribution::{Probe, Unit},
    model_io::Model,
};
use convstep_fuzz::model;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static MODEL: LazyLock<Model> = LazyLock::new(model);

fuzz_target!(|text: &str| {
    let class = |text: &str| MODEL.class_index(text).map_err(|error| error.to_string());
    let Ok(unit) = Unit::parse(text, &MODEL.network, class) else { return };
    let written = unit.text(&MODEL.network, |class| MODEL.class_name(class));
    assert_eq!(Unit::parse(&written, &MODEL.network, class), Ok(unit), "{text:?} {written:?}");
    let _ = Probe::new(&MODEL.network, &MODEL.params, unit);
});
