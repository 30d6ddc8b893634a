//! Moving pictures: frames as an animated GIF, an animated PNG, or numbered pictures.
//!
//! A film is first drawn, then written: the colours of a GIF are chosen for all frames at once. Between two frames only
//! the rectangle that changes is written, and in it only the pixels that do.

use super::{
    ExportError,
    palette::{Histogram, Palette, Rgb},
};
use crate::execution::OnProgress;
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use image::{ImageFormat, RgbaImage};
use std::io::{Cursor, Read, Write};

/// What a film is written as.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// An animated GIF: all programs show it; at most 256 colours.
    Gif,
    /// An animated PNG: every colour as it is.
    Apng,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Gif, Self::Apng];

    /// The ending of its files.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Gif => "gif",
            Self::Apng => "png",
        }
    }
}

/// How long each frame stays.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pace {
    /// Frames a second, from 0.1 to 50: programs slow down faster films.
    pub fps: f32,
    /// Further seconds for the first and for the last frame.
    pub hold: [f32; 2],
}

impl Default for Pace {
    fn default() -> Self {
        Self::USUAL
    }
}

impl Pace {
    /// Two frames a second, and a further second for the first and for the last.
    pub const USUAL: Self = Self { fps: 2.0, hold: [1.0, 1.0] };

    /// How long frame `n` of `count` stays, in hundredths of a second; together they are right to a hundredth.
    pub fn hundredths(&self, n: usize, count: usize) -> u16 {
        let each = 100.0 / f64::from(self.fps.clamp(0.1, 50.0));
        let until = |n: usize| (each * n as f64).round();
        let hold = |seconds: f32| (100.0 * f64::from(seconds.clamp(0.0, 60.0))).round();
        let first = if n == 0 { hold(self.hold[0]) } else { 0.0 };
        let last = if n + 1 == count { hold(self.hold[1]) } else { 0.0 };
        (until(n + 1) - until(n) + first + last).clamp(2.0, f64::from(u16::MAX)) as u16
    }
}

/// Where the frames of a film come from: drawn one by one when they are asked for. All have the same size and no
/// transparent pixel.
pub trait Frames {
    /// How many there are, at least 1.
    fn count(&self) -> usize;

    /// Draws a frame by its number from 0.
    ///
    /// # Errors
    /// One line on why it cannot be drawn.
    fn frame(&mut self, n: usize) -> Result<RgbaImage, String>;
}

/// The largest film that is written without being asked for, in bytes.
pub const LIMIT: u64 = 20_000_000;

/// About how many bytes a film will have, from a few of its frames.
///
/// # Errors
/// Where a frame cannot be drawn.
pub fn estimate(frames: &mut dyn Frames, form: Form) -> Result<u64, ExportError> {
    /// Changes from one frame to the next that are tried.
    const TRIED: usize = 4;
    let count = frames.count();
    let one = Packed::draw(frames, 0)?;
    let alone = written(form, std::slice::from_ref(&one), Pace::default())?.len() as u64;
    let mut changes = Vec::new();
    for k in 0..TRIED.min(count - 1) {
        let n = 1 + k * (count - 1) / TRIED.min(count - 1);
        let [before, after] = [Packed::draw(frames, n - 1)?, Packed::draw(frames, n)?];
        let first = written(form, std::slice::from_ref(&before), Pace::default())?.len();
        let both = written(form, &[before, after], Pace::default())?.len();
        changes.push(both.saturating_sub(first) as u64);
    }
    let change = changes.iter().sum::<u64>() / (changes.len() as u64).max(1);
    Ok(alone + change * (count as u64 - 1))
}

/// The error of a film that would be larger than `most` bytes; nothing where it would not.
///
/// # Errors
/// That one line.
pub fn check_size(estimate: u64, most: u64) -> Result<(), ExportError> {
    let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
    if estimate <= most {
        return Ok(());
    }
    Err(ExportError(format!(
        "expected a film of at most {}, got one of about {}; choose fewer steps or a smaller frame, or allow more",
        megabytes(most),
        megabytes(estimate)
    )))
}

/// The whole film as a file; `None` if it was cancelled. Drawing a frame is a step of the progress.
///
/// # Errors
/// Where a frame cannot be drawn, or frames differ in size.
pub fn film(
    frames: &mut dyn Frames,
    form: Form,
    pace: Pace,
    on_progress: OnProgress,
) -> Result<Option<Vec<u8>>, ExportError> {
    let count = frames.count();
    let mut packed = Vec::with_capacity(count);
    for n in 0..count {
        if !on_progress(n as f32 / count as f32) {
            return Ok(None);
        }
        packed.push(Packed::draw(frames, n)?);
    }
    let bytes = written(form, &packed, pace)?;
    Ok(on_progress(1.0).then_some(bytes))
}

/// A PNG file with its name.
pub type NumberedPicture = (String, Vec<u8>);

/// Each frame as a PNG file, with its name: `0001.png`; `None` if it was cancelled.
///
/// # Errors
/// Where a frame cannot be drawn.
pub fn pictures(
    frames: &mut dyn Frames,
    on_progress: OnProgress,
) -> Result<Option<Vec<NumberedPicture>>, ExportError> {
    let count = frames.count();
    let digits = count.to_string().len().max(4);
    let mut files = Vec::with_capacity(count);
    for n in 0..count {
        if !on_progress(n as f32 / count as f32) {
            return Ok(None);
        }
        let mut png = Cursor::new(Vec::new());
        let frame = frames.frame(n).map_err(ExportError)?;
        frame.write_to(&mut png, ImageFormat::Png).map_err(|error| not_written(&error))?;
        files.push((format!("{:0digits$}.png", n + 1), png.into_inner()));
    }
    Ok(on_progress(1.0).then_some(files))
}

/// A frame's pixels, deflated: hundreds of frames of flat colours fit into memory.
struct Packed {
    size: [u32; 2],
    deflated: Vec<u8>,
}

impl Packed {
    fn draw(frames: &mut dyn Frames, n: usize) -> Result<Self, ExportError> {
        let frame = frames.frame(n).map_err(ExportError)?;
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        let deflated = encoder.write_all(frame.as_raw()).and_then(|()| encoder.finish());
        let deflated = deflated.map_err(|error| not_written(&error))?;
        Ok(Self { size: [frame.width(), frame.height()], deflated })
    }

    /// Red, green and blue of each pixel, row by row.
    fn pixels(&self) -> Result<Vec<Rgb>, ExportError> {
        let mut bytes = Vec::new();
        let read = DeflateDecoder::new(&self.deflated[..]).read_to_end(&mut bytes);
        read.map_err(|error| not_written(&error))?;
        Ok(bytes.chunks_exact(4).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect())
    }
}

fn not_written(error: &dyn std::fmt::Display) -> ExportError {
    ExportError(format!("expected frames that can be written, got {error}; choose a smaller frame"))
}

fn written(form: Form, frames: &[Packed], pace: Pace) -> Result<Vec<u8>, ExportError> {
    let size = frames.first().map_or([0; 2], |frame| frame.size);
    let fits = |side: u32| (1..=u32::from(u16::MAX)).contains(&side);
    if !size.iter().all(|&side| fits(side)) || frames.iter().any(|frame| frame.size != size) {
        let what = "expected frames of one size up to 65535 pixels, got others; choose another size";
        return Err(ExportError(what.into()));
    }
    match form {
        Form::Gif => gif(frames, size, pace),
        Form::Apng => apng(frames, size, pace),
    }
}

/// The rectangle in which two pictures of a width differ: left, top, width, height; a single pixel where they do not.
fn changed<T: PartialEq>(before: &[T], after: &[T], width: usize) -> [usize; 4] {
    let rows = || before.chunks_exact(width).zip(after.chunks_exact(width));
    let top = rows().position(|(a, b)| a != b);
    let Some(top) = top else { return [0, 0, 1, 1] };
    let height = rows().count();
    let bottom = height - rows().rev().position(|(a, b)| a != b).unwrap_or(0);
    let within = || rows().skip(top).take(bottom - top);
    let left = within().filter_map(|(a, b)| a.iter().zip(b).position(|(a, b)| a != b)).min().unwrap_or(0);
    let ends = within().filter_map(|(a, b)| a.iter().zip(b).rposition(|(a, b)| a != b)).max();
    [left, top, ends.unwrap_or(left) + 1 - left, bottom - top]
}

/// The cells of a rectangle, row by row, with what stands there before and after.
fn within<T: Copy>(
    before: &[T],
    after: &[T],
    width: usize,
    [left, top, w, h]: [usize; 4],
) -> impl Iterator<Item = (T, T)> {
    let at = (top..top + h).flat_map(move |y| (left..left + w).map(move |x| y * width + x));
    at.map(|k| (before[k], after[k])).collect::<Vec<_>>().into_iter()
}

fn gif(frames: &[Packed], [width, height]: [u32; 2], pace: Pace) -> Result<Vec<u8>, ExportError> {
    let mut histogram = Histogram::default();
    for frame in frames {
        histogram.add(frame.pixels()?.into_iter());
    }
    // One number is left for pixels that stay, unless all 256 are colours.
    let palette = Palette::new(&histogram, if histogram.len() == 256 { 256 } else { 255 });
    let stays = u8::try_from(palette.colours().len()).ok();
    let mut table: Vec<u8> = palette.colours().concat();
    table.extend(stays.map(|_| [0; 3]).into_iter().flatten());
    let mut bytes = Vec::new();
    let failed = |error: gif::EncodingError| not_written(&error);
    let mut encoder = gif::Encoder::new(&mut bytes, width as u16, height as u16, &table).map_err(failed)?;
    encoder.set_repeat(gif::Repeat::Infinite).map_err(failed)?;
    let mut before: Option<Vec<u8>> = None;
    for (n, frame) in frames.iter().enumerate() {
        let after: Vec<u8> = frame.pixels()?.into_iter().map(|pixel| palette.index(pixel)).collect();
        let rect = match &before {
            Some(before) => changed(before, &after, width as usize),
            None => [0, 0, width as usize, height as usize],
        };
        let kept = before.as_ref().and(stays);
        let earlier = before.as_deref().unwrap_or(&after);
        let buffer: Vec<u8> = within(earlier, &after, width as usize, rect)
            .map(|(a, b)| kept.filter(|_| a == b).unwrap_or(b))
            .collect();
        let [left, top, w, h] = rect.map(|side| side as u16);
        let drawn = gif::Frame {
            delay: pace.hundredths(n, frames.len()),
            dispose: gif::DisposalMethod::Keep,
            transparent: kept,
            left,
            top,
            width: w,
            height: h,
            buffer: buffer.into(),
            ..gif::Frame::default()
        };
        encoder.write_frame(&drawn).map_err(failed)?;
        before = Some(after);
    }
    drop(encoder);
    Ok(bytes)
}

fn apng(frames: &[Packed], [width, height]: [u32; 2], pace: Pace) -> Result<Vec<u8>, ExportError> {
    let failed = |error: png::EncodingError| not_written(&error);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_animated(frames.len() as u32, 0).map_err(failed)?;
    let mut writer = encoder.write_header().map_err(failed)?;
    let mut before: Option<Vec<Rgb>> = None;
    for (n, frame) in frames.iter().enumerate() {
        let after = frame.pixels()?;
        writer.set_frame_delay(pace.hundredths(n, frames.len()), 100).map_err(failed)?;
        let mut rect = [0, 0, width as usize, height as usize];
        if let Some(before) = &before {
            rect = changed(before, &after, width as usize);
            let [left, top, w, h] = rect.map(|side| side as u32);
            writer.set_frame_position(0, 0).map_err(failed)?;
            writer.set_frame_dimension(w, h).map_err(failed)?;
            writer.set_frame_position(left, top).map_err(failed)?;
            writer.set_blend_op(png::BlendOp::Over).map_err(failed)?;
        }
        let earlier = before.as_deref().unwrap_or(&after);
        let is_first = before.is_none();
        let pixels: Vec<u8> = within(earlier, &after, width as usize, rect)
            .flat_map(|(a, b)| if a == b && !is_first { [0; 4] } else { [b[0], b[1], b[2], 255] })
            .collect();
        writer.write_image_data(&pixels).map_err(failed)?;
        before = Some(after);
    }
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A square that moves over a striped ground; frames 3 and 4 are alike.
    struct Square {
        side: u32,
        colours: u32,
    }

    impl Frames for Square {
        fn count(&self) -> usize {
            7
        }

        fn frame(&mut self, n: usize) -> Result<RgbaImage, String> {
            let at = if n > 3 { n as u32 - 1 } else { n as u32 };
            Ok(RgbaImage::from_fn(self.side, self.side, |x, y| {
                let is_square = (at * 4..at * 4 + 8).contains(&x) && (at * 3..at * 3 + 8).contains(&y);
                let shade = (x * 13 + y * 7) % self.colours;
                let ground = [(shade % 256) as u8, (shade / 3) as u8, 90, 255];
                image::Rgba(if is_square { [255, 200, 0, 255] } else { ground })
            }))
        }
    }

    fn frames_of<'a>(decoder: impl image::AnimationDecoder<'a>) -> Vec<(RgbaImage, u32)> {
        let frames = decoder.into_frames().collect_frames().expect("decodes");
        let frames = frames.into_iter().map(|frame| {
            let (numer, denom) = frame.delay().numer_denom_ms();
            (frame.into_buffer(), numer / denom)
        });
        frames.collect()
    }

    #[test]
    fn frames_come_back_with_their_times() {
        let pace = Pace { fps: 3.0, hold: [0.5, 1.0] };
        for colours in [12, 255] {
            let mut square = Square { side: 40, colours };
            let drawn: Vec<RgbaImage> = (0..7).map(|n| square.frame(n).expect("draws")).collect();
            let gif = film(&mut square, Form::Gif, pace, &|_| true).expect("fits").expect("not cancelled");
            let decoder = image::codecs::gif::GifDecoder::new(Cursor::new(&gif)).expect("a gif");
            let gif = frames_of(decoder);
            let apng = film(&mut square, Form::Apng, pace, &|_| true).expect("fits").expect("whole");
            let decoder = image::codecs::png::PngDecoder::new(Cursor::new(&apng)).expect("a png");
            let apng = frames_of(decoder.apng().expect("animated"));
            for read in [&gif, &apng] {
                assert_eq!(
                    read.iter().map(|frame| frame.1).collect::<Vec<_>>(),
                    [830, 340, 330, 330, 340, 330, 1330]
                );
                assert!(read.iter().map(|frame| &frame.0).eq(&drawn), "{colours} colours");
            }
        }
    }

    #[test]
    fn two_hundred_and_fifty_six_colours_are_exact_too() {
        struct Ramp;
        impl Frames for Ramp {
            fn count(&self) -> usize {
                2
            }
            fn frame(&mut self, n: usize) -> Result<RgbaImage, String> {
                Ok(RgbaImage::from_fn(16, 16, |x, y| {
                    let k = if n == 0 { y * 16 + x } else { 255 - (y * 16 + x) };
                    image::Rgba([k as u8, 3, 255 - k as u8, 255])
                }))
            }
        }
        let gif = film(&mut Ramp, Form::Gif, Pace::default(), &|_| true).expect("fits").expect("whole");
        let read = frames_of(image::codecs::gif::GifDecoder::new(Cursor::new(&gif)).expect("a gif"));
        assert!(read.iter().enumerate().all(|(n, frame)| frame.0 == Ramp.frame(n).expect("draws")));
    }

    #[test]
    fn a_film_is_cancelled_between_frames_and_its_size_is_known_before() {
        let mut square = Square { side: 64, colours: 200 };
        for form in Form::ALL {
            assert_eq!(film(&mut square, form, Pace::default(), &|part| part < 0.5), Ok(None));
            let size =
                film(&mut square, form, Pace::default(), &|_| true).expect("fits").expect("whole").len();
            let said = estimate(&mut square, form).expect("draws") as f64;
            assert!((0.5..2.0).contains(&(said / size as f64)), "{said} for {size}");
            assert!(check_size(said as u64, 1000).is_err_and(|error| error.0.contains("expected a film")));
        }
        assert_eq!(pictures(&mut square, &|part| part < 0.5), Ok(None));
        let files = pictures(&mut square, &|_| true).expect("fits").expect("whole");
        assert_eq!(files.len(), 7);
        assert_eq!((files[0].0.as_str(), files[6].0.as_str()), ("0001.png", "0007.png"));
        let read = image::load_from_memory(&files[6].1).expect("a png").into_rgba8();
        assert_eq!(read, square.frame(6).expect("draws"));
    }
}
