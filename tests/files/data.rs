//! Pictures from bytes to network input: formats, depths, orientation, sizes, hostile input, samples.

use convstep::data::{
    Background, Content, Fit, Loaded, MAX_PIXELS, Picture, PictureError, SAMPLES, fit, preview, samples,
    shapes,
};
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ExtendedColorType, Frame, ImageFormat, RgbaImage};
use ndarray::Array3;
use ndarray_npy::WriteNpyExt;
use proptest::prelude::*;
use std::io::Cursor;

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// 5 x 3 pixels, all different, none symmetric, some transparent.
fn little_rgba() -> RgbaImage {
    RgbaImage::from_fn(5, 3, |x, y| {
        image::Rgba([40 * x as u8, 80 * y as u8, 200 - 30 * x as u8, 255 - 60 * y as u8])
    })
}

fn pixels(picture: &Picture) -> Vec<[u8; 4]> {
    let (w, h) = (picture.width(), picture.height());
    (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).map(|(x, y)| picture.pixel(x, y).unwrap()).collect()
}

fn decoded(image: &DynamicImage, format: ImageFormat) -> Picture {
    Picture::decode("test", &encoded(image, format)).unwrap()
}

#[test]
fn lossless_formats_keep_every_sample() {
    use ImageFormat::{Bmp, Png, Tiff, WebP};
    let rgba = DynamicImage::ImageRgba8(little_rgba());
    let rgb = DynamicImage::ImageRgb8(rgba.to_rgb8());
    let grey = DynamicImage::ImageLuma8(rgba.to_luma8());
    for (image, formats) in [
        (&rgba, [Png, WebP, Tiff, Bmp].as_slice()),
        (&rgb, [Png, WebP, Tiff, Bmp].as_slice()),
        (&grey, [Png, Tiff, Bmp].as_slice()),
    ] {
        let expected: Vec<[u8; 4]> = image.to_rgba8().pixels().map(|p| p.0).collect();
        for &format in formats {
            let picture = decoded(image, format);
            assert_eq!(pixels(&picture), expected, "{format:?} {:?}", image.color());
            assert_eq!((picture.width(), picture.height(), picture.bits()), (5, 3, 8));
        }
    }
    assert_eq!(decoded(&rgba, Png).channels(), 4);
    assert_eq!(decoded(&rgb, Png).channels(), 3);
    assert_eq!(decoded(&grey, Png).channels(), 1);
    let grey_alpha = DynamicImage::ImageLumaA8(rgba.to_luma_alpha8());
    assert_eq!(decoded(&grey_alpha, Png).channels(), 2);
    assert_eq!(pixels(&decoded(&grey_alpha, Png))[14], grey_alpha.to_rgba8().get_pixel(4, 2).0);
}

#[test]
fn sixteen_bits_are_kept_and_rounded_once() {
    use ImageFormat::{Png, Tiff};
    let values = [0u16, 128, 129, 32_767, 32_768, 65_406, 65_407, 65_535];
    let image = image::ImageBuffer::from_fn(8, 1, |x, _| image::Luma([values[x as usize]]));
    let grey = DynamicImage::ImageLuma16(image);
    for format in [Png, Tiff] {
        let picture = decoded(&grey, format);
        assert_eq!(picture.bits(), 16);
        let greys: Vec<u8> = pixels(&picture).iter().map(|p| p[0]).collect();
        assert_eq!(greys, [0, 0, 1, 127, 128, 254, 255, 255]);
        let input = fit(&picture, 1, 1, 8, Fit::Stretch, Background::WHITE).unwrap().tensor;
        assert_eq!(input.iter().map(|&v| v as u8).collect::<Vec<_>>(), greys);
    }
    // Two neighbours average before they are rounded: 129 and 385 are 1.5 in all, each alone is 1.
    let image = image::ImageBuffer::from_fn(2, 1, |x, _| image::Luma([[129u16, 385][x as usize]]));
    let picture = decoded(&DynamicImage::ImageLuma16(image), Png);
    let one = fit(&picture, 1, 1, 1, Fit::Stretch, Background::WHITE).unwrap().tensor;
    assert_eq!(one[[0, 0, 0, 0]], 1.0);
    let rgba = DynamicImage::ImageRgba8(little_rgba());
    let deep = DynamicImage::ImageRgba16(rgba.to_rgba16());
    assert_eq!(pixels(&decoded(&deep, Png)), pixels(&decoded(&rgba, Png)));
}

#[test]
fn floats_from_tiff() {
    let image =
        image::Rgb32FImage::from_fn(3, 1, |x, _| image::Rgb([[-1.0, 0.5, 2.0][x as usize], 0.0, 1.0]));
    let picture = decoded(&DynamicImage::ImageRgb32F(image), ImageFormat::Tiff);
    assert_eq!(pixels(&picture), [[0, 0, 255, 255], [128, 0, 255, 255], [255, 0, 255, 255]]);
}

#[test]
fn a_gif_gives_its_first_frame() {
    let red = RgbaImage::from_pixel(4, 4, image::Rgba([255, 0, 0, 255]));
    let blue = RgbaImage::from_pixel(4, 4, image::Rgba([0, 0, 255, 255]));
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    encoder.encode_frames([red, blue].map(Frame::new)).unwrap();
    drop(encoder);
    let picture = Picture::decode("two.gif", &bytes).unwrap();
    assert!(pixels(&picture).iter().all(|&p| p == [255, 0, 0, 255]));
}

#[test]
fn a_jpeg_is_near_its_original() {
    let rgb = image::RgbImage::from_fn(48, 32, |x, y| image::Rgb([5 * x as u8, 7 * y as u8, 120]));
    let picture = decoded(&DynamicImage::ImageRgb8(rgb.clone()), ImageFormat::Jpeg);
    assert_eq!((picture.width(), picture.height(), picture.channels()), (48, 32, 3));
    for (x, y, pixel) in rgb.enumerate_pixels() {
        let got = picture.pixel(x, y).unwrap();
        assert!((0..3).all(|c| got[c].abs_diff(pixel.0[c]) < 24), "{x},{y}: {got:?} {pixel:?}");
    }
    let grey = image::GrayImage::from_fn(16, 16, |x, _| image::Luma([16 * x as u8]));
    assert_eq!(decoded(&DynamicImage::ImageLuma8(grey), ImageFormat::Jpeg).channels(), 1);
}

/// A JPEG of 16 x 8 pixels, white but for its black left upper quarter, with an Exif segment that gives the
/// orientation.
fn jpeg_with_orientation(orientation: u16, big_endian: bool) -> Vec<u8> {
    let grey = image::GrayImage::from_fn(16, 8, |x, y| image::Luma([if x < 8 && y < 4 { 0 } else { 255 }]));
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 100).encode(&grey, 16, 8, ExtendedColorType::L8).unwrap();
    let u16_bytes = |v: u16| if big_endian { v.to_be_bytes() } else { v.to_le_bytes() };
    let u32_bytes = |v: u32| if big_endian { v.to_be_bytes() } else { v.to_le_bytes() };
    let mut tiff = if big_endian { b"MM".to_vec() } else { b"II".to_vec() };
    tiff.extend(u16_bytes(42));
    tiff.extend(u32_bytes(8)); // the first directory follows
    tiff.extend(u16_bytes(1)); // of one entry
    tiff.extend(u16_bytes(0x0112)); // Orientation
    tiff.extend(u16_bytes(3)); // of type SHORT
    tiff.extend(u32_bytes(1)); // one of them
    tiff.extend(u16_bytes(orientation));
    tiff.extend([0, 0]);
    tiff.extend(u32_bytes(0)); // no further directory
    let mut out = jpeg[..2].to_vec();
    out.extend([0xFF, 0xE1]);
    out.extend((2 + 6 + tiff.len() as u16).to_be_bytes());
    out.extend(b"Exif\0\0");
    out.extend(tiff);
    out.extend(&jpeg[2..]);
    out
}

#[test]
fn exif_orientation_is_applied() {
    // Where the black quarter is after turning: (right?, low?), and whether the picture stands on end.
    let expected = [
        (1, (false, false), false),
        (2, (true, false), false),
        (3, (true, true), false),
        (4, (false, true), false),
        (5, (false, false), true),
        (6, (true, false), true),
        (7, (true, true), true),
        (8, (false, true), true),
    ];
    for big_endian in [false, true] {
        for (orientation, (right, low), on_end) in expected {
            let picture =
                Picture::decode("turned.jpg", &jpeg_with_orientation(orientation, big_endian)).unwrap();
            let (w, h) = (picture.width(), picture.height());
            assert_eq!((w, h), if on_end { (8, 16) } else { (16, 8) }, "{orientation}");
            for (at_right, at_low) in [(false, false), (true, false), (false, true), (true, true)] {
                let (x, y) = (if at_right { w - 2 } else { 1 }, if at_low { h - 2 } else { 1 });
                let black = picture.pixel(x, y).unwrap()[0] < 100;
                assert_eq!(black, (at_right, at_low) == (right, low), "{orientation} at {x},{y}");
            }
        }
    }
    let nonsense = Picture::decode("odd.jpg", &jpeg_with_orientation(77, false)).unwrap();
    assert_eq!((nonsense.width(), nonsense.height()), (16, 8));
}

#[test]
fn a_cut_file_is_an_error_or_the_whole_picture() {
    let image = DynamicImage::ImageRgba8(RgbaImage::from_fn(40, 30, |x, y| {
        image::Rgba([(x * y) as u8, ((x * 31) ^ (y * 17)) as u8, (x * x) as u8, 255])
    }));
    let mut gif = Vec::new();
    GifEncoder::new(&mut gif).encode_frame(Frame::new(image.to_rgba8())).unwrap();
    let rgb = DynamicImage::ImageRgb8(image.to_rgb8());
    let files = [
        ("png", encoded(&image, ImageFormat::Png)),
        ("jpeg", encoded(&rgb, ImageFormat::Jpeg)),
        ("bmp", encoded(&image, ImageFormat::Bmp)),
        ("webp", encoded(&image, ImageFormat::WebP)),
        ("tiff", encoded(&image, ImageFormat::Tiff)),
        ("gif", gif),
    ];
    for (name, bytes) in files {
        let whole = Picture::decode("cut", &bytes).unwrap();
        let mut errors = 0;
        for n in
            (0..bytes.len()).step_by(1 + bytes.len() / 200).chain(bytes.len().saturating_sub(12)..bytes.len())
        {
            match Picture::decode("cut", &bytes[..n]) {
                // What is missing may be a closing mark that no pixel depends on.
                Ok(picture) => assert_eq!(picture, whole, "{name} cut at {n} of {}", bytes.len()),
                Err(error) => {
                    errors += 1;
                    let text = error.to_string();
                    assert!(!text.contains('\n') && text.starts_with("cut: expected"), "{name}: {text}");
                }
            }
        }
        assert!(errors > 150, "{name}: {errors}");
        let half = Picture::decode("cut", &bytes[..bytes.len() / 2]).unwrap_err();
        assert!(matches!(half, PictureError::Damaged { .. }), "{name}: {half}");
    }
}

#[test]
fn what_is_not_a_picture_says_what_is() {
    let error = |bytes: &[u8]| Picture::decode("x", bytes).unwrap_err();
    assert_eq!(error(b""), PictureError::Empty { name: "x".to_owned() });
    for bytes in [b"%PDF-1.7".as_slice(), b"<svg xmlns", b"\0\0\0\0", b"\x93NUMPY\x01\0", &[0xFF], b"hello"] {
        let text = error(bytes).to_string();
        assert!(
            text.contains("PNG, JPEG, GIF, BMP, WebP, TIFF or PPM") && text.contains("convert"),
            "{text}"
        );
    }
    // Known by its first bytes, but not read here.
    let icon = error(&[0, 0, 1, 0, 1, 0, 16, 16]);
    assert!(matches!(icon, PictureError::NotAPicture { .. }), "{icon}");
}

/// A PNG of one header: the size is whatever the caller says.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let small = encoded(&DynamicImage::ImageRgba8(little_rgba()), ImageFormat::Png);
    let mut bytes = small;
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    bytes
}

/// ISO 3309, as PNG's chunks have it.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

#[test]
fn huge_headers_are_turned_away() {
    for (w, h) in [(10_001, 10_000), (100_000, 1), (1, 100_000), (0x7FFF_FFFF, 0x7FFF_FFFF), (60_000, 60_000)]
    {
        let error = Picture::decode("huge.png", &png_header(w, h)).unwrap_err();
        assert!(matches!(error, PictureError::TooLarge { .. }), "{w} x {h}: {error}");
        assert!(error.to_string().contains("100 million"), "{error}");
    }
    // Within the limits, but the file holds 15 pixels.
    let error = Picture::decode("lie.png", &png_header(10_000, 10_000)).unwrap_err();
    assert!(matches!(error, PictureError::Damaged { .. }), "{error}");
    let mut bmp = encoded(&DynamicImage::ImageRgba8(little_rgba()), ImageFormat::Bmp);
    bmp[18..22].copy_from_slice(&60_000u32.to_le_bytes());
    bmp[22..26].copy_from_slice(&60_000u32.to_le_bytes());
    assert!(matches!(Picture::decode("huge.bmp", &bmp), Err(PictureError::TooLarge { .. })));
    let mut gif = Vec::new();
    GifEncoder::new(&mut gif).encode_frame(Frame::new(little_rgba())).unwrap();
    gif[6..10].copy_from_slice(&[0xFF; 4]);
    assert!(matches!(Picture::decode("huge.gif", &gif), Err(PictureError::TooLarge { .. })));
}

#[test]
fn raw_pixels_must_fill_their_size() {
    assert!(Picture::from_rgba("clip", 2, 2, vec![7; 16]).is_ok());
    let short = Picture::from_rgba("clip", 2, 2, vec![7; 15]).unwrap_err();
    assert!(short.to_string().contains("16 bytes") && short.to_string().contains("got 15"), "{short}");
    assert!(Picture::from_rgba("clip", 0, 2, vec![]).is_err());
    assert!(matches!(
        Picture::from_rgba("clip", u32::MAX, u32::MAX, vec![]),
        Err(PictureError::TooLarge { .. })
    ));
}

#[test]
fn a_picture_of_the_right_size_passes_unchanged() {
    let image =
        image::RgbImage::from_fn(32, 32, |x, y| image::Rgb([(x * 8) as u8, (y * 8) as u8, (x * y) as u8]));
    let picture = decoded(&DynamicImage::ImageRgb8(image.clone()), ImageFormat::Png);
    for how in Fit::ALL {
        let fitted = fit(&picture, 3, 32, 32, how, Background::WHITE).unwrap();
        for (x, y, pixel) in image.enumerate_pixels() {
            for c in 0..3 {
                assert_eq!(fitted.tensor[[0, c, y as usize, x as usize]], f32::from(pixel.0[c]));
            }
        }
        assert_eq!((fitted.seen.x, fitted.seen.y, fitted.seen.w, fitted.seen.h), (0.0, 0.0, 32.0, 32.0));
    }
}

#[test]
fn grey_and_colour_convert() {
    let picture =
        Picture::from_rgba("p", 3, 1, vec![255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255]).unwrap();
    let grey = fit(&picture, 1, 1, 3, Fit::Stretch, Background::WHITE).unwrap().tensor;
    assert_eq!(grey.iter().copied().collect::<Vec<_>>(), [76.0, 150.0, 29.0]);
    let grey = image::GrayImage::from_fn(4, 4, |x, y| image::Luma([(x * 60 + y) as u8]));
    let picture = decoded(&DynamicImage::ImageLuma8(grey.clone()), ImageFormat::Png);
    let rgb = fit(&picture, 3, 4, 4, Fit::Stretch, Background::WHITE).unwrap().tensor;
    for (x, y, pixel) in grey.enumerate_pixels() {
        assert!((0..3).all(|c| rgb[[0, c, y as usize, x as usize]] == f32::from(pixel.0[0])));
    }
    for channels in [0, 2, 4, 64] {
        let error = fit(&picture, channels, 4, 4, Fit::Stretch, Background::WHITE).unwrap_err();
        assert!(error.to_string().contains("1 channel (grey) or 3"), "{error}");
    }
    assert!(fit(&picture, 1, 0, 4, Fit::Stretch, Background::WHITE).is_err());
    assert!(fit(&picture, 1, usize::MAX, usize::MAX, Fit::Stretch, Background::WHITE).is_err());
}

#[test]
fn alpha_is_laid_over_the_ground() {
    let picture =
        Picture::from_rgba("p", 3, 1, vec![10, 20, 30, 255, 10, 20, 30, 0, 200, 100, 0, 51]).unwrap();
    let ground = Background([100, 150, 250]);
    let got = fit(&picture, 3, 1, 3, Fit::Stretch, ground).unwrap().tensor;
    let pixel = |j: usize| [0, 1, 2].map(|c| got[[0, c, 0, j]]);
    assert_eq!(pixel(0), [10.0, 20.0, 30.0]);
    assert_eq!(pixel(1), [100.0, 150.0, 250.0]);
    assert_eq!(pixel(2), [120.0, 140.0, 200.0]);
    // The colour of a transparent pixel must not bleed into its neighbours when the picture shrinks.
    let half = Picture::from_rgba("p", 2, 1, vec![0, 0, 0, 255, 255, 0, 255, 0]).unwrap();
    let got = fit(&half, 3, 1, 1, Fit::Stretch, Background([0, 255, 0])).unwrap().tensor;
    assert_eq!([0, 1, 2].map(|c| got[[0, c, 0, 0]]), [0.0, 128.0, 0.0]);
}

#[test]
fn the_three_fits_see_what_they_say() {
    // Left half black, right half white.
    let bytes = (0..480)
        .flat_map(|_| (0..640).flat_map(|x| [if x < 320 { 0 } else { 255 }; 3].into_iter().chain([255])));
    let picture = Picture::from_rgba("half", 640, 480, bytes.collect()).unwrap();
    let fitted = |how| fit(&picture, 1, 32, 32, how, Background([128; 3])).unwrap();
    let crop = fitted(Fit::CenterCrop);
    assert_eq!((crop.seen.x, crop.seen.y, crop.seen.w, crop.seen.h), (80.0, 0.0, 480.0, 480.0));
    let pad = fitted(Fit::Pad);
    assert_eq!((pad.seen.x, pad.seen.y, pad.seen.w, pad.seen.h), (0.0, -80.0, 640.0, 640.0));
    let stretch = fitted(Fit::Stretch);
    assert_eq!((stretch.seen.x, stretch.seen.y, stretch.seen.w, stretch.seen.h), (0.0, 0.0, 640.0, 480.0));
    for (fitted, top) in [(&crop, 0.0), (&pad, 128.0), (&stretch, 0.0)] {
        assert_eq!(fitted.tensor[[0, 0, 0, 0]], top);
        assert_eq!(fitted.tensor[[0, 0, 16, 2]], 0.0);
        assert_eq!(fitted.tensor[[0, 0, 16, 29]], 255.0);
    }
    assert_eq!(pad.tensor[[0, 0, 31, 31]], 128.0);
    let cell = crop.source_from_input(2..4, 1..2);
    assert_eq!((cell.x, cell.y, cell.w, cell.h), (95.0, 30.0, 15.0, 30.0));
}

#[test]
fn extreme_shapes_fit() {
    for (w, h) in [(1, 1), (1, 10_000), (10_000, 1), (3, 2), (65_535, 1), (1, 65_535)] {
        let bytes = [200, 100, 50, 255].repeat(w as usize * h as usize);
        let picture = Picture::from_rgba("extreme", w, h, bytes).unwrap();
        for how in Fit::ALL {
            for (rows, columns) in [(1, 1), (32, 32), (1, 224), (224, 1)] {
                let ground = Background([200, 100, 50]);
                let fitted = fit(&picture, 3, rows, columns, how, ground).unwrap();
                for (c, colour) in [200.0, 100.0, 50.0].into_iter().enumerate() {
                    let plane = fitted.tensor.index_axis(ndarray::Axis(1), c);
                    assert!(plane.iter().all(|&v| v == colour), "{w}x{h} to {rows}x{columns} {how:?}");
                }
                assert!(fitted.seen.w > 0.0 && fitted.seen.h > 0.0);
            }
        }
        let small = preview(&picture, 64, Background::WHITE);
        assert!(
            small.width <= 64
                && small.height <= 64
                && small.width.max(small.height) == 64.min(w.max(h) as usize)
        );
        assert_eq!(small.rgb.len(), small.width * small.height * 3);
    }
}

#[test]
fn a_large_picture_is_averaged_not_picked() {
    // A fine checkerboard is grey from far away.
    let image =
        image::GrayImage::from_fn(1000, 1000, |x, y| image::Luma([if (x + y) % 2 == 0 { 0 } else { 255 }]));
    let picture = decoded(&DynamicImage::ImageLuma8(image), ImageFormat::Png);
    let got = fit(&picture, 1, 8, 8, Fit::CenterCrop, Background::WHITE).unwrap().tensor;
    assert!(got.iter().all(|v| (126.0..=129.0).contains(v)), "{got}");
}

/// Ten thousand pixels each way: run with `cargo test --release --test files data:: -- --ignored --nocapture`.
#[test]
#[ignore = "takes 400 MB and some seconds"]
fn the_largest_picture_is_read_and_fitted() {
    let image =
        image::RgbImage::from_fn(10_000, 10_000, |x, y| image::Rgb([(x / 40) as u8, (y / 40) as u8, 90]));
    assert_eq!(u64::from(image.width()) * u64::from(image.height()), MAX_PIXELS);
    let bytes = encoded(&DynamicImage::ImageRgb8(image), ImageFormat::Png);
    let start = std::time::Instant::now();
    let picture = Picture::decode("largest.png", &bytes).unwrap();
    println!("decoded in {:?}", start.elapsed());
    let start = std::time::Instant::now();
    let fitted = fit(&picture, 3, 32, 32, Fit::CenterCrop, Background::WHITE).unwrap();
    println!("fitted in {:?}", start.elapsed());
    assert!((fitted.tensor[[0, 0, 16, 16]] - 129.0).abs() < 4.0);
    let start = std::time::Instant::now();
    preview(&picture, 1024, Background::WHITE);
    println!("preview in {:?}", start.elapsed());
}

#[test]
fn arrays_are_taken_as_they_are() {
    let array = Array3::from_shape_fn((2, 3, 4), |(c, i, j)| c as f32 * 100.0 + i as f32 - 0.5 * j as f32);
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).unwrap();
    let loaded = Loaded::decode("a.npy", &bytes).unwrap();
    assert_eq!(loaded.shape(), [2, 3, 4]);
    let input = loaded.input(2, 3, 4, Fit::CenterCrop, Background::WHITE).unwrap();
    assert_eq!(input.tensor[[0, 1, 2, 3]], 100.5);
    let error = loaded.input(1, 28, 28, Fit::CenterCrop, Background::WHITE).unwrap_err().to_string();
    assert!(error.contains("[1, 28, 28]") && error.contains("[2, 3, 4]"), "{error}");
    let error = Loaded::decode("a.npy", &bytes[..40]).unwrap_err().to_string();
    assert!(error.starts_with("a.npy: expected"), "{error}");
}

#[test]
fn every_sample_loads_by_its_name() {
    assert!(SAMPLES.len() >= 22);
    for (k, sample) in SAMPLES.iter().enumerate() {
        assert!(SAMPLES[k + 1..].iter().all(|other| other.name != sample.name));
        let loaded = samples::load(sample.name).unwrap();
        assert_eq!(loaded.label.as_deref(), sample.label);
        let [c, h, w] = loaded.shape();
        assert_eq!(
            loaded.input(c, h, w, Fit::CenterCrop, Background::WHITE).unwrap().tensor.dim(),
            (1, c, h, w)
        );
        assert_eq!(loaded, samples::load(sample.name).unwrap());
    }
    let load = |name| samples::load(name).unwrap();
    assert_eq!(load("pattern-circle").shape(), [3, 32, 32]);
    assert_eq!(load("article-3x3").shape(), [1, 3, 3]);
    assert!(matches!(load("article-3x3").content, Content::Values(_)));
    assert_eq!(load("scene").shape(), [3, 480, 640]);
    assert_eq!(load("digit-4").shape(), [1, 28, 28]);
}

#[test]
fn a_sample_is_its_generators_example() {
    let input =
        samples::load("shape-star").unwrap().input(3, 32, 32, Fit::CenterCrop, Background::WHITE).unwrap();
    let star = shapes::CLASSES.iter().position(|&name| name == "star").unwrap();
    let made = (0..160).map(|index| shapes::sample(2024, index)).filter(|(_, class)| *class == star);
    assert!(made.into_iter().any(|(pixels, _)| pixels == input.tensor));
}

#[test]
fn an_unknown_sample_points_the_way() {
    for name in ["digit_3", "cat.png", "", "\u{1F600}", &"x".repeat(10_000)] {
        let error = samples::load(name).unwrap_err().to_string();
        assert!(error.contains("`convstep samples`") && error.len() < 300, "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), kind in 0..8usize) {
        let magic: [&[u8]; 8] =
            [b"", b"\x89PNG\r\n\x1a\n", b"\xFF\xD8\xFF", b"GIF89a", b"BM", b"RIFF\x40\0\0\0WEBPVP8L", b"II*\0", b"\x93NUMPY\x01\0"];
        let bytes = [magic[kind], &bytes].concat();
        if let Err(error) = Loaded::decode("fuzz", &bytes) {
            prop_assert!(!error.to_string().contains('\n'));
        }
    }

    #[test]
    fn damaged_files_never_panic(kind in 0..6usize, at in 0.0..1.0f64, flip in 1u8..) {
        use ImageFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
        let rgba = DynamicImage::ImageRgba8(little_rgba());
        let image = if kind == 1 { DynamicImage::ImageRgb8(rgba.to_rgb8()) } else { rgba };
        let mut bytes = encoded(&image, [Png, Jpeg, Gif, Bmp, WebP, Tiff][kind]);
        let n = (at * bytes.len() as f64) as usize;
        bytes[n] ^= flip;
        if let Err(error) = Picture::decode("fuzz", &bytes) {
            prop_assert!(!error.to_string().contains('\n'));
        }
    }

    #[test]
    fn any_picture_fits_any_input(w in 1u32..60, h in 1u32..60, rows in 1usize..40, columns in 1usize..40, seed: u8) {
        let bytes = (0..w * h * 4).map(|k| (k as u8).wrapping_mul(seed)).collect();
        let picture = Picture::from_rgba("any", w, h, bytes).unwrap();
        for how in Fit::ALL {
            for channels in [1, 3] {
                let fitted = fit(&picture, channels, rows, columns, how, Background([seed; 3])).unwrap();
                prop_assert_eq!(fitted.tensor.dim(), (1, channels, rows, columns));
                prop_assert!(fitted.tensor.iter().all(|v| (0.0..=255.0).contains(v) && v.fract() == 0.0));
            }
            let seen = fit(&picture, 1, rows, columns, how, Background::WHITE).unwrap().seen;
            if how == Fit::Pad {
                prop_assert!(seen.x <= 0.0 && seen.y <= 0.0 && seen.x + seen.w >= f64::from(w) - 1e-9 && seen.y + seen.h >= f64::from(h) - 1e-9);
            } else {
                prop_assert!(seen.x >= 0.0 && seen.y >= 0.0 && seen.x + seen.w <= f64::from(w) && seen.y + seen.h <= f64::from(h));
            }
        }
    }
}
