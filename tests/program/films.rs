//! Films: the fifteen animations of convolution arithmetic, and the same bytes from the window and from the command line.

use crate::program::run;
use convstep::{
    app::{
        Action, AppState, DrawnFilm, Effect, Figure, FileAction, FilmOrder, FilmQuestion, FilmRange,
        FilmSteps, Framing, JobKind, apply,
    },
    export::{
        film::{Form, Pace, film},
        palette::{Histogram, Palette},
    },
    model_io::presets,
    nn::Op,
    trace::{Address, Grain},
    ui::render::Drawing,
};
use image::{AnimationDecoder, RgbaImage, imageops};
use std::{io::Cursor, path::Path, process::Command};

fn opened(name: &str) -> AppState {
    let mut state = AppState::new();
    run(&mut state, [Action::OpenBundled(name.into())]);
    state
}

/// Name, the picture's side, the kernel, stride, padding, dilation, output padding and the side of what is made, as the
/// guide's figures have them: 2.1 to 2.7, 4.1 to 4.7, 5.1.
const GUIDE: [(&str, [usize; 7]); 15] = [
    ("no_padding_no_strides", [4, 3, 1, 0, 1, 0, 2]),
    ("arbitrary_padding_no_strides", [5, 4, 1, 2, 1, 0, 6]),
    ("same_padding_no_strides", [5, 3, 1, 1, 1, 0, 5]),
    ("full_padding_no_strides", [5, 3, 1, 2, 1, 0, 7]),
    ("no_padding_strides", [5, 3, 2, 0, 1, 0, 2]),
    ("padding_strides", [5, 3, 2, 1, 1, 0, 3]),
    ("padding_strides_odd", [6, 3, 2, 1, 1, 0, 3]),
    ("no_padding_no_strides_transposed", [2, 3, 1, 0, 1, 0, 4]),
    ("arbitrary_padding_no_strides_transposed", [6, 4, 1, 2, 1, 0, 5]),
    ("same_padding_no_strides_transposed", [5, 3, 1, 1, 1, 0, 5]),
    ("full_padding_no_strides_transposed", [7, 3, 1, 2, 1, 0, 5]),
    ("no_padding_strides_transposed", [2, 3, 2, 0, 1, 0, 5]),
    ("padding_strides_transposed", [3, 3, 2, 1, 1, 0, 5]),
    ("padding_strides_odd_transposed", [3, 3, 2, 1, 1, 1, 6]),
    ("dilation", [7, 3, 1, 0, 2, 0, 3]),
];

/// What the layer makes of the picture, by the definition: windows that are read, or stamps that are added.
fn made(
    x: &[f32],
    w: &[f32],
    [side, kernel, stride, padding, dilation, _, out]: [usize; 7],
    stamps: bool,
) -> Vec<f32> {
    let mut y = vec![0.0; out * out];
    let windows = if stamps { side } else { out };
    for (i, j) in (0..windows).flat_map(|i| (0..windows).map(move |j| (i, j))) {
        for (u, v) in (0..kernel).flat_map(|u| (0..kernel).map(move |v| (u, v))) {
            let far = |i: usize, u: usize| (i * stride + u * dilation).checked_sub(padding);
            let (Some(p), Some(q)) = (far(i, u), far(j, v)) else { continue };
            let weight = w[u * kernel + v];
            if stamps && p < out && q < out {
                y[p * out + q] += weight * x[i * side + j];
            } else if !stamps && p < side && q < side {
                y[i * out + j] += weight * x[p * side + q];
            }
        }
    }
    y
}

#[test]
fn every_animation_has_the_guides_sizes_and_really_computes() {
    assert_eq!(presets::arithmetic().len(), GUIDE.len());
    for (preset, (name, numbers)) in presets::arithmetic().iter().zip(GUIDE) {
        assert_eq!(preset.name, format!("arithmetic-{name}"));
        let mut state = opened(preset.name);
        let [side, .., out] = numbers;
        let network = &state.model().network;
        assert_eq!((network.input, network.output()), ([1, side, side], [1, out, out]), "{name}");
        let is_transposed = matches!(network.layers[0].op, Op::ConvTranspose2d(_));
        assert_eq!(is_transposed, name.ends_with("_transposed"));
        // The window opens on the first cell, with the window that slides.
        assert_eq!(state.figure(), Some(Figure::Slide), "{name}");
        assert_eq!(state.cursor().text(state.plan()), "fwd/conv1/k0/(0,0)");
        let x: Vec<f32> = state.trace().values().input.iter().copied().collect();
        let w = preset.filter.expect("chosen");
        let expected = made(&x, w, numbers, is_transposed);
        let own = Address::whole_stage(0, 0, 0);
        let cells: Vec<f32> =
            (0..out * out).map(|k| state.trace().finished(&own.with_cell(k as u32))).collect();
        assert_eq!(cells, expected, "{name}");
        // A film without any setting has a frame for each cell, and the last one is the last cell.
        let range = FilmRange { grain: Grain::Cell, ..FilmRange::default() };
        let mut steps = FilmSteps::new(&state, &range).expect("a film");
        assert_eq!(steps.len(), out * out, "{name}");
        let last = steps.state(out * out - 1).expect("computed");
        assert_eq!(last.cursor().text(last.plan()), format!("fwd/conv1/k0/({0},{0})", out - 1));
        run(&mut state, [Action::Escape]);
        assert_eq!(state.figure(), None);
    }
}

/// A frame of each, in the order of the guide, where about half is done: five in a row, a third as large.
fn contact_sheet() -> RgbaImage {
    let [w, h] = [240, 180];
    let mut sheet = RgbaImage::from_pixel(5 * w, 3 * h, image::Rgba([255; 4]));
    for (k, preset) in presets::arithmetic().iter().enumerate() {
        let range = FilmRange { grain: Grain::Cell, ..FilmRange::default() };
        let mut steps = FilmSteps::new(&opened(preset.name), &range).expect("a film").with_own_figure();
        let middle = steps.len() / 2;
        let framing = Framing::window(FilmOrder::SIZE, 1.0, false);
        let frame = convstep::app::Draw::pixels(&Drawing, steps.state(middle).expect("computed"), &framing);
        let small = imageops::resize(&frame, w, h, imageops::FilterType::Triangle);
        imageops::replace(&mut sheet, &small, i64::from(k as u32 % 5 * w), i64::from(k as u32 / 5 * h));
    }
    sheet
}

/// An indexed PNG of a picture, in at most 256 colours.
fn indexed(sheet: &RgbaImage) -> Vec<u8> {
    let rgb = |pixel: &image::Rgba<u8>| [pixel.0[0], pixel.0[1], pixel.0[2]];
    let mut histogram = Histogram::default();
    histogram.add(sheet.pixels().map(rgb));
    let palette = Palette::new(&histogram, 256);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, sheet.width(), sheet.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    encoder.set_palette(palette.colours().concat());
    let pixels: Vec<u8> = sheet.pixels().map(|pixel| palette.index(rgb(pixel))).collect();
    let mut writer = encoder.write_header().expect("a head");
    writer.write_image_data(&pixels).expect("pixels");
    writer.finish().expect("an end");
    bytes
}

/// After a wanted change, `CONVSTEP_GOLDEN=write cargo test --test program films::the_contact_sheet` writes it anew.
#[test]
fn the_contact_sheet_shows_them_as_they_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/arithmetic.png");
    let drawn = contact_sheet();
    if std::env::var("CONVSTEP_GOLDEN").is_ok_and(|what| what == "write") {
        std::fs::write(&path, indexed(&drawn)).expect("writes");
    }
    let bytes = std::fs::read(&path).expect("docs/arithmetic.png");
    assert!(bytes.len() < 300_000, "{} bytes", bytes.len());
    let kept = image::load_from_memory(&bytes).expect("a picture").into_rgba8();
    assert_eq!(kept.dimensions(), drawn.dimensions());
    let differ = kept
        .pixels()
        .zip(drawn.pixels())
        .filter(|(a, b)| a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > 24));
    let differ = differ.count();
    assert!(differ < 2000, "{differ} pixels differ; if they are as they should be, CONVSTEP_GOLDEN=write");
}

fn convstep(args: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_convstep")).args(args).output().expect("the program starts")
}

/// The film that the window makes of what the sheet says.
fn by_window(name: &str, change: impl FnOnce(&mut FilmQuestion)) -> Vec<u8> {
    let mut state = opened(name);
    apply(&mut state, FileAction::AskFilm.into());
    let mut film = state.files().film.expect("asked");
    change(&mut film);
    apply(&mut state, FileAction::SetFilm(film).into());
    apply(&mut state, FileAction::ConfirmFilm.into());
    assert!(state.files().film.is_none() && state.files().asked.is_some());
    let effects = apply(&mut state, FileAction::Confirm { replace: false }.into());
    let Some(Effect::Film { job, film, location, replace, .. }) = effects.into_iter().next() else {
        panic!("no film is drawn");
    };
    assert!(state.jobs().of_kind(JobKind::Filming).is_some());
    let bytes = film.draw(&Drawing, &|_| true).expect("draws").expect("not cancelled");
    let result = Ok((film.form, std::sync::Arc::new(bytes)));
    let effects = apply(&mut state, FileAction::Filmed { job, location, replace, result }.into());
    let Some(Effect::Write { location, content, .. }) = effects.into_iter().next() else {
        panic!("it is not written");
    };
    assert!(location.to_string().ends_with(film.form.ending()), "{location}");
    content.to_bytes(None).expect("a file")
}

#[test]
fn the_window_and_the_command_line_write_the_same_film() {
    let folder = tempfile::tempdir().expect("a folder");
    for (form, name) in [(Form::Gif, "x.gif"), (Form::Apng, "x.png")] {
        let out = folder.path().join(name);
        let out = out.to_str().expect("UTF-8");
        let model = "arithmetic-no_padding_strides";
        let done = convstep(&["export", "film", "--model", model, "--steps", "3", "--out", out]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(said.starts_with("3 frames of 720x540, about 0."), "{said}");
        let written = std::fs::read(out).expect("written");
        let windows = by_window(model, |film| (film.steps, film.form) = (3, form));
        assert!(written == windows, "{name} differs");
        let frames = match form {
            Form::Gif => image::codecs::gif::GifDecoder::new(Cursor::new(&written))
                .expect("a gif")
                .into_frames()
                .collect_frames(),
            Form::Apng => image::codecs::png::PngDecoder::new(Cursor::new(&written))
                .expect("a png")
                .apng()
                .expect("animated")
                .into_frames()
                .collect_frames(),
        };
        let frames = frames.expect("decodes");
        assert_eq!(
            frames.iter().map(|frame| frame.delay().numer_denom_ms()).map(|(n, d)| n / d).collect::<Vec<_>>(),
            [1500, 500, 1500]
        );
        assert_eq!(frames[0].buffer().dimensions(), (720, 540));
        assert_ne!(frames[0].buffer(), frames[1].buffer());
    }
}

#[test]
fn what_cannot_be_filmed_leaves_one_line_and_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let model = "arithmetic-dilation";
    for (more, name, line) in [
        (&["--at", "fwd/conv9"][..], "a.gif", "conv9"),
        (&["--at", "fwd/conv1/k0/(2,2)", "--to", "fwd/conv1/k0/(0,0)"], "a.gif", "behind the beginning"),
        (&["--at", "conv1.weight"], "a.gif", "given values"),
        (&[], "a.mp4", ".gif or .png"),
        (&[], "none/a.gif", "folder"),
        (&["--model", "digits", "--grain", "term", "--at", "fwd/conv1"], "a.gif", "at most 5000 steps"),
    ] {
        let out = at(name);
        let mut args = vec!["export", "film"];
        if !more.contains(&"--model") {
            args.extend(["--model", model]);
        }
        args.extend(more);
        args.extend(["--out", &out]);
        let done = convstep(&args);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(!done.status.success() && said.contains(line), "{args:?}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        assert_eq!(std::fs::read_dir(folder.path()).expect("lists").count(), 0, "{args:?} left a file");
    }
}

#[test]
fn a_cancelled_film_is_forgotten_and_one_that_fails_says_why() {
    let mut state = opened("arithmetic-dilation");
    let asked = |state: &mut AppState| {
        apply(state, FileAction::AskFilm.into());
        apply(state, FileAction::ConfirmFilm.into());
        match apply(state, FileAction::Confirm { replace: false }.into()).pop() {
            Some(Effect::Film { job, film, location, cancel, .. }) => (job, film, location, cancel),
            other => panic!("{other:?}"),
        }
    };
    let (job, film, location, cancel) = asked(&mut state);
    apply(&mut state, Action::Cancel(JobKind::Filming));
    assert!(cancel.load(std::sync::atomic::Ordering::Relaxed));
    assert_eq!(film.draw(&Drawing, &|_| false), Ok(None));
    let late = Ok((Form::Gif, std::sync::Arc::new(vec![1])));
    assert!(
        apply(&mut state, FileAction::Filmed { job, location, replace: false, result: late }.into())
            .is_empty()
    );
    let (job, _, location, _) = asked(&mut state);
    let result = Err("expected something, got nothing; try again".into());
    assert!(
        apply(&mut state, FileAction::Filmed { job, location, replace: false, result }.into()).is_empty()
    );
    assert!(state.notices().last().is_some_and(|notice| notice.text.contains("got nothing")));
}

#[test]
fn terms_and_layers_make_films_too() {
    let mut state = opened("arithmetic-no_padding_strides");
    for (grain, from, count) in [(Grain::Term, "fwd/conv1/k0/(1,0)", 9), (Grain::Pass, "fwd", 4)] {
        let to = (grain == Grain::Term).then(|| from.to_owned());
        let range = FilmRange { from: Some(from.into()), to, steps: None, grain };
        let steps = FilmSteps::new(&state, &range).expect("a film");
        assert_eq!(steps.len(), count, "{grain:?}");
    }
    run(&mut state, [Action::SetFigure(None)]);
    let range = FilmRange { steps: Some(2), grain: Grain::Term, ..FilmRange::default() };
    let steps = FilmSteps::new(&state, &range).expect("a film");
    let framing = Framing::window([320, 240], 1.0, true);
    let mut frames = DrawnFilm { steps, draw: &Drawing, framing };
    let gif = film(&mut frames, Form::Gif, Pace::USUAL, &|_| true).expect("draws").expect("whole");
    assert!(image::load_from_memory(&gif).is_ok_and(|frame| (frame.width(), frame.height()) == (320, 240)));
}
