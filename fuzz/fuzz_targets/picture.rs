//! A picture file, fitted to a network.
#![no_main]

use convstep::data::{Background, Fit, Loaded, Picture, fit};
use convstep_fuzz::PIXELS;
use image::ImageReader;
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

fuzz_target!(|bytes: &[u8]| {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let size = reader.ok().and_then(|reader| reader.into_dimensions().ok());
    if size.is_some_and(|(w, h)| u64::from(w) * u64::from(h) > PIXELS) {
        return;
    }
    let _ = Loaded::decode("a.png", bytes);
    if let Ok(picture) = Picture::decode("a.png", bytes) {
        assert_eq!(Some((picture.width(), picture.height())), size);
        for how in [Fit::CenterCrop, Fit::Pad, Fit::Stretch] {
            let fitted = fit(&picture, 3, 7, 5, how, Background::default()).expect("any picture fits");
            assert!(fitted.tensor.iter().all(|x| (0.0..=255.0).contains(x)));
        }
    }
});
