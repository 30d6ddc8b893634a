//! Pictures: a file's bytes decoded to samples, upright, in the file's own depth and channels.

use super::error::PictureError;
use super::limits::{MAX_PIXELS, MAX_SIDE};
use crate::tensor::Tensor;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::metadata::Orientation;
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError, ImageFormat, ImageReader, Limits,
};
use std::{borrow::Cow, io::Cursor};

/// The most bytes that a decoder may allocate: the largest picture with 4 samples of 16 bits, and working space.
const MAX_BYTES: u64 = 1 << 30;

/// A decoded picture.
///
/// It keeps the depth of its file (8 or 16 bits a sample), its channels and its alpha; fitting it to a network
/// rounds its numbers once. The orientation from the camera's metadata is applied. Colour profiles are ignored:
/// samples are used unchanged, as in most training pipelines.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    name: String,
    width: u32,
    height: u32,
    channels: usize,
    samples: Samples,
}

/// The samples, row by row, pixel by pixel, channel by channel.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Samples {
    /// 8 bits per sample.
    Eight(Vec<u8>),
    /// 16 bits per sample.
    Sixteen(Vec<u16>),
}

impl Picture {
    /// Decodes a file's bytes. The format is detected from the content, not from the name. Of an animation, only
    /// the first frame is decoded.
    ///
    /// ```
    /// use convstep::data::{Picture, PictureError};
    ///
    /// let error = Picture::decode("notes.txt", b"Dear diary").unwrap_err();
    /// assert!(matches!(error, PictureError::NotAPicture { .. }));
    /// assert!(error.to_string().contains("PNG"));
    /// ```
    pub fn decode(name: &str, bytes: &[u8]) -> Result<Picture, PictureError> {
        let format = format_of(name, bytes)?;
        if format == ImageFormat::Jpeg
            && let Err(reason) = whole_jpeg(bytes)
        {
            let (name, reason) = (name.to_owned(), reason.to_owned());
            return Err(PictureError::Damaged { name, format: "JPEG", reason });
        }
        let (image, orientation) = decode_within_limits(name, format, bytes)?;
        Picture::from_image(name, image, orientation)
    }

    /// (C, H, W) of an encoded picture, upright, read from its header; C is 1 or 3.
    pub(super) fn shape(name: &str, bytes: &[u8]) -> Result<[usize; 3], PictureError> {
        let (decoder, orientation) = decoder(name, format_of(name, bytes)?, bytes)?;
        let (width, height) = decoder.dimensions();
        let channels = if decoder.color_type().has_color() { 3 } else { 1 };
        use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
        Ok(match orientation {
            Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH => {
                [channels, width as usize, height as usize]
            }
            Orientation::NoTransforms
            | Orientation::Rotate180
            | Orientation::FlipHorizontal
            | Orientation::FlipVertical => [channels, height as usize, width as usize],
        })
    }

    /// A picture from raw pixels, as from the clipboard: `bytes` holds red, green, blue, alpha for each pixel, row
    /// by row; alpha is not premultiplied.
    pub fn from_rgba(name: &str, width: u32, height: u32, bytes: Vec<u8>) -> Result<Picture, PictureError> {
        check_size(name, width, height)?;
        let expected = u64::from(width) * u64::from(height) * 4;
        if bytes.len() as u64 != expected {
            let name = name.to_owned();
            return Err(PictureError::WrongLength { name, width, height, expected, got: bytes.len() });
        }
        Ok(Picture { name: name.to_owned(), width, height, channels: 4, samples: Samples::Eight(bytes) })
    }

    /// A picture from pixel values: (1, C, H, W) with C = 1 or 3, rounded to whole numbers in 0..=255.
    pub fn from_tensor(name: &str, values: &Tensor) -> Result<Picture, PictureError> {
        let (n, channels, height, width) = values.dim();
        if channels != 1 && channels != 3 {
            return Err(PictureError::Channels { name: name.to_owned(), got: channels });
        }
        if n != 1 {
            return Err(PictureError::Batch { name: name.to_owned(), got: n });
        }
        let (w, h) = (u32::try_from(width).unwrap_or(u32::MAX), u32::try_from(height).unwrap_or(u32::MAX));
        check_size(name, w, h)?;
        let pixels = values.view().permuted_axes([0, 2, 3, 1]);
        let samples = Samples::Eight(pixels.iter().map(|v| (v + 0.5) as u8).collect());
        Ok(Picture { name: name.to_owned(), width: w, height: h, channels, samples })
    }

    /// A picture of `[width, height]` pixels of three channels, which the samples must fill.
    pub(super) fn from_rgb16(name: &str, [width, height]: [u32; 2], samples: Vec<u16>) -> Picture {
        Picture { name: name.to_owned(), width, height, channels: 3, samples: Samples::Sixteen(samples) }
    }

    /// A PNG file with the same samples, bit for bit: [`Picture::decode`] restores this picture.
    ///
    /// # Errors
    /// If the encoder fails.
    pub fn to_png(&self) -> Result<Vec<u8>, PictureError> {
        use ExtendedColorType::{L8, L16, La8, La16, Rgb8, Rgb16, Rgba8, Rgba16};
        let colors = match self.samples {
            Samples::Eight(_) => [L8, La8, Rgb8, Rgba8],
            Samples::Sixteen(_) => [L16, La16, Rgb16, Rgba16],
        };
        let bytes: Cow<[u8]> = match &self.samples {
            Samples::Eight(samples) => Cow::Borrowed(samples),
            Samples::Sixteen(samples) => samples.iter().flat_map(|s| s.to_ne_bytes()).collect(),
        };
        let mut png = Vec::new();
        let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive);
        let written = encoder.write_image(&bytes, self.width, self.height, colors[self.channels - 1]);
        written.map_err(|error| explain(&self.name, ImageFormat::Png, error))?;
        Ok(png)
    }

    /// The name of the file or sample.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// The height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The number of channels: 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Whether pixels have an alpha channel.
    pub fn has_alpha(&self) -> bool {
        matches!(self.channels, 2 | 4)
    }

    /// Bits per sample: 8 or 16.
    pub fn bits(&self) -> u32 {
        match self.samples {
            Samples::Eight(_) => 8,
            Samples::Sixteen(_) => 16,
        }
    }

    /// One pixel as red, green, blue, alpha of 8 bits each; `None` outside the picture. 16 bits are rounded to the
    /// nearest of 8: 65,535 becomes 255, 128 becomes 0 and 129 becomes 1.
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 4]> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let at = (y as usize * self.width as usize + x as usize) * self.channels;
        let s = |c: usize| match &self.samples {
            Samples::Eight(v) => v[at + c],
            Samples::Sixteen(v) => eight_from_sixteen(v[at + c]),
        };
        Some(match self.channels {
            1 => [s(0), s(0), s(0), 255],
            2 => [s(0), s(0), s(0), s(1)],
            3 => [s(0), s(1), s(2), 255],
            _ => [s(0), s(1), s(2), s(3)],
        })
    }

    pub(super) fn samples(&self) -> &Samples {
        &self.samples
    }

    fn from_image(
        name: &str,
        mut image: DynamicImage,
        upright: Orientation,
    ) -> Result<Picture, PictureError> {
        image.apply_orientation(upright);
        let (width, height) = (image.width(), image.height());
        check_size(name, width, height)?;
        use Samples::{Eight, Sixteen};
        let (channels, samples) = match image {
            DynamicImage::ImageLuma8(p) => (1, Eight(p.into_raw())),
            DynamicImage::ImageLumaA8(p) => (2, Eight(p.into_raw())),
            DynamicImage::ImageRgb8(p) => (3, Eight(p.into_raw())),
            DynamicImage::ImageRgba8(p) => (4, Eight(p.into_raw())),
            DynamicImage::ImageLuma16(p) => (1, Sixteen(p.into_raw())),
            DynamicImage::ImageLumaA16(p) => (2, Sixteen(p.into_raw())),
            DynamicImage::ImageRgb16(p) => (3, Sixteen(p.into_raw())),
            DynamicImage::ImageRgba16(p) => (4, Sixteen(p.into_raw())),
            DynamicImage::ImageRgb32F(p) => (3, Sixteen(sixteen_from_float(&p))),
            DynamicImage::ImageRgba32F(p) => (4, Sixteen(sixteen_from_float(&p))),
            // The enum belongs to the image crate and may grow.
            other => (4, Eight(other.into_rgba8().into_raw())),
        };
        Ok(Picture { name: name.to_owned(), width, height, channels, samples })
    }
}

fn format_of(name: &str, bytes: &[u8]) -> Result<ImageFormat, PictureError> {
    if bytes.is_empty() {
        return Err(PictureError::Empty { name: name.to_owned() });
    }
    match image::guess_format(bytes) {
        Ok(format) if format.reading_enabled() => Ok(format),
        Ok(format) => Err(not_a_picture(name, format!("a file of type {}", format.to_mime_type()))),
        Err(_) => Err(not_a_picture(name, describe(bytes))),
    }
}

fn decode_within_limits(
    name: &str,
    format: ImageFormat,
    bytes: &[u8],
) -> Result<(DynamicImage, Orientation), PictureError> {
    let (decoder, orientation) = decoder(name, format, bytes)?;
    let image = DynamicImage::from_decoder(decoder).map_err(|error| explain(name, format, error))?;
    Ok((image, orientation))
}

/// A decoder that has read the header, and the picture's orientation.
fn decoder<'a>(
    name: &str,
    format: ImageFormat,
    bytes: &'a [u8],
) -> Result<(impl ImageDecoder + 'a, Orientation), PictureError> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let explain = |error| explain(name, format, error);
    let mut decoder = reader.into_decoder().map_err(explain)?;
    let (width, height) = decoder.dimensions();
    check_size(name, width, height)?;
    if decoder.total_bytes() > MAX_BYTES {
        let got = format!("{width} x {height} of {} bits per pixel", decoder.color_type().bits_per_pixel());
        return Err(PictureError::TooLarge { name: name.to_owned(), got });
    }
    // A picture with unreadable metadata counts as upright.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((decoder, orientation))
}

fn check_size(name: &str, width: u32, height: u32) -> Result<(), PictureError> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 || pixels > MAX_PIXELS || width.max(height) > MAX_SIDE {
        let (name, got) = (name.to_owned(), format!("{width} x {height}"));
        return Err(match pixels {
            0 => PictureError::NotAPicture { name, got: format!("one of {got} pixels") },
            _ => PictureError::TooLarge { name, got },
        });
    }
    Ok(())
}

fn explain(name: &str, format: ImageFormat, error: ImageError) -> PictureError {
    let name = name.to_owned();
    let format = match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::Gif => "GIF",
        ImageFormat::Bmp => "BMP",
        ImageFormat::WebP => "WebP",
        ImageFormat::Tiff => "TIFF",
        ImageFormat::Pnm => "PPM",
        // The enum belongs to the image crate; the formats above are all that are compiled in.
        _ => "picture",
    };
    match error {
        ImageError::Limits(_) => PictureError::TooLarge { name, got: "more than that".to_owned() },
        ImageError::Unsupported(e) => {
            PictureError::RareKind { name, format, reason: one_line(&e.to_string()) }
        }
        other => PictureError::Damaged { name, format, reason: one_line(&other.to_string()) },
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn not_a_picture(name: &str, got: String) -> PictureError {
    PictureError::NotAPicture { name: name.to_owned(), got }
}

/// Describes bytes of an unknown format for the error message.
fn describe(bytes: &[u8]) -> String {
    const SHOWN: usize = 24;
    let start = &bytes[..bytes.len().min(SHOWN)];
    let start = start.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let (size, start) = (bytes.len(), start.trim());
    if bytes.starts_with(b"version https://git-lfs") {
        "a pointer of Git LFS in place of the file (fetch it with git lfs pull)".to_owned()
    } else if bytes.starts_with(b"\x93NUMPY") {
        "a NumPy array (.npy)".to_owned()
    } else if start.starts_with("<svg") || start.starts_with("<?xml") {
        "a vector drawing or XML text".to_owned()
    } else if start.chars().count() >= 4 && !start.contains(char::is_control) {
        format!("{size} bytes that begin with the text \"{start}\"")
    } else {
        let hex: Vec<String> = bytes.iter().take(8).map(|b| format!("{b:02x}")).collect();
        format!("{size} bytes that begin with {}", hex.join(" "))
    }
}

/// Checks that a JPEG has its end marker by walking its segments. The decoder would silently fill the missing part
/// of a truncated file with grey. ITU-T T.81, annex B.1.1: every segment but SOI, EOI, RSTm and TEM has a length;
/// scan data escapes 0xFF as 0xFF00.
fn whole_jpeg(bytes: &[u8]) -> Result<(), &'static str> {
    let cut = "no end-of-image marker";
    let mut at = 2;
    while let Some(&byte) = bytes.get(at) {
        let marker = bytes.get(at + 1).copied();
        match (byte, marker) {
            (0xFF, Some(0xD9)) => return Ok(()),
            // Scan data, its escapes and restart markers, and fill bytes before a marker.
            (0xFF, Some(0x00 | 0x01 | 0xD0..=0xD8)) => at += 2,
            (0xFF, Some(0xFF)) => at += 1,
            (0xFF, Some(_)) => {
                let (Some(&high), Some(&low)) = (bytes.get(at + 2), bytes.get(at + 3)) else {
                    return Err(cut);
                };
                at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
            }
            _ => at += 1,
        }
    }
    Err(cut)
}

/// round(v * 255 / 65535), which is v / 257 to the nearest; there are no ties, because 257 is odd.
fn eight_from_sixteen(v: u16) -> u8 {
    ((u32::from(v) + 128) / 257) as u8
}

/// Float samples are 0..=1 by convention; others are clamped, and NaN becomes 0.
fn sixteen_from_float(samples: &[f32]) -> Vec<u16> {
    samples.iter().map(|v| (v.clamp(0.0, 1.0) * 65_535.0 + 0.5) as u16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_round_to_the_nearest_of_eight() {
        for v in 0..=u16::MAX {
            let exact = f64::from(v) * 255.0 / 65_535.0;
            assert_eq!(f64::from(eight_from_sixteen(v)), exact.round(), "{v}");
        }
    }

    #[test]
    fn floats_are_cut_off_and_nan_is_black() {
        let got = sixteen_from_float(&[-1.0, 0.0, 0.5, 1.0, 7.0, f32::NAN, f32::INFINITY]);
        assert_eq!(got, [0, 0, 32_768, 65_535, 65_535, 0, 65_535]);
    }

    #[test]
    fn a_picture_comes_back_from_its_png_bit_for_bit() {
        for channels in 1..=4 {
            let eight = Samples::Eight((0..7 * 5 * channels).map(|n| (n * 37 % 256) as u8).collect());
            let sixteen =
                Samples::Sixteen((0..7 * 5 * channels).map(|n| (n * 4099 % 65_536) as u16).collect());
            for samples in [eight, sixteen] {
                let picture = Picture { name: "p".into(), width: 7, height: 5, channels, samples };
                let png = picture.to_png().expect("encodes");
                assert_eq!(Picture::decode("p", &png), Ok(picture));
            }
        }
    }

    #[test]
    fn describes_what_it_cannot_read() {
        assert!(describe(b"\x93NUMPY\x01\x00").contains(".npy"));
        assert!(describe(b"<svg width=").contains("vector"));
        assert!(describe(b"hello world").contains("\"hello world\""));
        assert_eq!(describe(&[0, 1, 2]), "3 bytes that begin with 00 01 02");
    }
}
