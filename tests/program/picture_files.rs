//! Pictures of what is shown: the window and the command line write the same bytes, readers that are not ours open them,
//! and they show the same.

#[path = "../common/pdf.rs"]
mod reader;

use crate::{fake::Fake, start};
use clap::Parser;
use convstep::{
    app::{Action, AppState, FileAction, Lang, PictureAction, PicturePart, PictureSetup, picture_file},
    cli::{self, Args},
    data::Location,
    export::picture::Format,
    ui::{program::Program, render::Drawing},
};
use image::{Rgba, RgbaImage};
use resvg::{tiny_skia, usvg};
use std::{path::Path, sync::Arc};

fn open(model: &str, image: &str) -> AppState {
    let model = convstep::model_io::bundled::load(model).expect("bundled");
    AppState::open(model, convstep::data::samples::load(image).expect("bundled")).expect("fits")
}

fn at(model: &str, image: &str, place: &str) -> AppState {
    let mut state = open(model, image);
    start::run_unnoticed(&mut state, [start::go(place)]);
    state
}

fn file(state: &AppState, setup: PictureSetup) -> Vec<u8> {
    picture_file(&Drawing, std::slice::from_ref(state), &setup).expect("a picture")
}

/// An SVG opened by another's reader, with the bundled fonts.
fn tree(svg: &[u8]) -> usvg::Tree {
    let mut options = usvg::Options { font_family: "Inter".into(), ..Default::default() };
    let fonts = Arc::make_mut(&mut options.fontdb);
    for name in ["text.otf", "strong.otf", "digits.otf", "symbols.ttf", "cjk.otf"] {
        fonts.load_font_file(Path::new("assets/fonts").join(name)).expect("a font");
    }
    usvg::Tree::from_data(svg, &options).expect("an SVG")
}

/// The texts of an SVG, a line each.
fn texts(group: &usvg::Group, found: &mut Vec<String>) {
    for node in group.children() {
        match node {
            usvg::Node::Group(group) => texts(group, found),
            usvg::Node::Text(text) => found.push(text.chunks().iter().map(|chunk| chunk.text()).collect()),
            usvg::Node::Path(_) | usvg::Node::Image(_) => {}
        }
    }
}

fn lines(svg: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    texts(tree(svg).root(), &mut found);
    found
}

fn drawn(svg: &[u8], scale: f32) -> RgbaImage {
    let tree = tree(svg);
    let [width, height] = [tree.size().width(), tree.size().height()].map(|side| (side * scale) as u32);
    let mut pixels = tiny_skia::Pixmap::new(width, height).expect("a size");
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    let bytes = pixels.encode_png().expect("a PNG");
    image::load_from_memory(&bytes).expect("a PNG").to_rgba8()
}

/// The share of blocks of some pixels whose mean colours differ by more than a sixth of the range: what is absent,
/// elsewhere or of another colour counts, the edges of letters do not.
fn difference(a: &RgbaImage, b: &RgbaImage) -> f64 {
    const SIDE: u32 = 24;
    assert_eq!(a.dimensions(), b.dimensions());
    let mean = |picture: &RgbaImage, x: u32, y: u32| {
        let mut sum = [0.0; 4];
        for Rgba(pixel) in (0..SIDE * SIDE).map(|k| picture.get_pixel(x + k % SIDE, y + k / SIDE)) {
            (0..4).for_each(|c| sum[c] += f64::from(pixel[c]) / f64::from(SIDE * SIDE));
        }
        sum
    };
    let (mut differing, mut count) = (0, 0);
    for y in (0..a.height() - SIDE).step_by(SIDE as usize) {
        for x in (0..a.width() - SIDE).step_by(SIDE as usize) {
            let (p, q) = (mean(a, x, y), mean(b, x, y));
            count += 1;
            differing += usize::from((0..4).any(|c| (p[c] - q[c]).abs() > 40.0));
        }
    }
    f64::from(differing as u32) / f64::from(count)
}

fn look(name: &str, ending: &str, bytes: &[u8]) {
    if let Ok(folder) = std::env::var("CONVSTEP_LOOK") {
        std::fs::write(format!("{folder}/{name}.{ending}"), bytes).expect("written");
    }
}

fn png(picture: &RgbaImage) -> Vec<u8> {
    convstep::export::picture::png(picture).expect("a PNG")
}

/// Places of every depth, both parts, both languages, both themes.
fn pictures() -> Vec<(&'static str, AppState, PictureSetup)> {
    let plain = PictureSetup { has_caption: true, ..PictureSetup::default() };
    let window = PictureSetup { part: PicturePart::Window, size: [1280, 720], ..plain };
    let chinese = PictureSetup { lang: Lang::Zh, ..plain };
    let dark = PictureSetup { is_dark: true, ..plain };
    vec![
        ("cell", at("digits", "digit-7", "fwd/conv1/k2/(3,5)/m7"), plain),
        (
            "cell-zh-dark",
            at("digits", "digit-7", "fwd/conv1/k2/(3,5)/m7"),
            PictureSetup { is_dark: true, ..chinese },
        ),
        ("back", at("article-backprop", "article-3x3", "bwd/conv1.dW"), chinese),
        ("map", at("shapes", "shape-star", "fwd/conv1/k2"), plain),
        ("layer", at("shapes", "shape-star", "fwd/conv1"), dark),
        ("network", open("shapes", "shape-star"), plain),
        ("window", at("shapes", "shape-star", "fwd/conv1"), window),
        (
            "window-zh",
            at("digits", "digit-7", "fwd/conv1/k2/(3,5)"),
            PictureSetup { lang: Lang::Zh, ..window },
        ),
    ]
}

#[test]
fn all_three_files_show_the_same() {
    for (name, state, setup) in pictures() {
        let pixels = image::load_from_memory(&file(&state, setup)).expect("a PNG").to_rgba8();
        assert_eq!(pixels.dimensions(), (2 * setup.size[0], 2 * setup.size[1]));
        let svg = file(&state, PictureSetup { format: Format::Svg, ..setup });
        let pdf = file(&state, PictureSetup { format: Format::Pdf, ..setup });
        let from_svg = drawn(&svg, 2.0);
        let page = &reader::pictures(&pdf, 8.0 / 3.0)[0];
        let from_pdf = image::load_from_memory(page).expect("a PNG").to_rgba8();
        look(name, "png", &png(&pixels));
        look(name, "svg", &svg);
        look(&format!("{name}-svg"), "png", &png(&from_svg));
        look(&format!("{name}-pdf"), "png", page);
        let differences = [difference(&pixels, &from_svg), difference(&pixels, &from_pdf)];
        println!("{name}: {differences:?}, {} and {} bytes", svg.len(), pdf.len());
        assert!(differences.iter().all(|part| *part < 0.004), "{name}: {differences:?}");
    }
}

#[test]
fn the_printed_result_is_found_in_the_text_of_both_files() {
    let state = at("digits", "digit-7", "fwd/conv1/k2/(3,5)");
    let printed = convstep::tensor::number::four_digits(state.trace().finished(&state.look()));
    let svg = file(&state, PictureSetup { format: Format::Svg, ..PictureSetup::default() });
    let found = lines(&svg);
    assert!(found.iter().any(|line| line.contains(&printed)), "{printed} is not in {found:#?}");
    let pdf = file(&state, PictureSetup { format: Format::Pdf, ..PictureSetup::default() });
    let text = &reader::texts(&pdf)[0];
    assert!(text.contains(&printed), "{printed} is not in {text}");
    // The words of the other language are found as well.
    let chinese = PictureSetup { format: Format::Pdf, lang: Lang::Zh, ..PictureSetup::default() };
    let text = &reader::texts(&file(&state, chinese))[0];
    assert!(text.contains("卷积") || text.contains("输入"), "{text}");
}

fn by_command_line(words: &[&str], out: &Path) -> Result<(), String> {
    let all = ["convstep", "export", "picture"].iter().chain(words).copied();
    let out = ["--out", out.to_str().expect("UTF-8")];
    let args = Args::try_parse_from(all.chain(out)).expect("parses");
    cli::execute(&args, Some(&Drawing)).map(drop).map_err(|error| error.0)
}

fn settle(program: &mut Program<Fake>) {
    while program.take_answers() {}
}

fn update(program: &mut Program<Fake>, action: impl Into<Action>) {
    program.apply([action.into()]);
    settle(program);
}

#[test]
fn the_window_and_the_command_line_write_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut program = Program::new(Fake::default(), open("digits", "digit-7"));
    settle(&mut program);
    for action in [start::go("fwd/conv1/k2/(3,5)"), PictureAction::Open.into()] {
        update(&mut program, action);
    }
    for format in Format::ALL {
        let setup = PictureSetup {
            format,
            size: [800, 480],
            lang: Lang::Zh,
            is_dark: true,
            has_caption: true,
            ..program.state().picture().setup
        };
        update(&mut program, PictureAction::Set(setup));
        let preview = program.state().picture().preview.clone().expect("a small picture is drawn");
        assert!(preview.width() <= 640 && preview.height() < preview.width());
        update(&mut program, PictureAction::Save);
        let asked = program.state().files().asked.clone().expect("asks where");
        assert!(asked.text.ends_with(&format!("digits-fwd-conv1-k2-3-5.{}", format.ending())), "{asked:?}");
        update(&mut program, FileAction::Confirm { replace: false });
        let written = &program.host().files[&Location::from(asked.text.as_str())];
        let out = folder.path().join("place").with_extension(format.ending());
        let words =
            ["--model", "digits", "--image", "digit-7", "--at", "fwd/conv1/k2/(3,5)", "--size", "800x480"];
        let more = ["--lang", "zh", "--theme", "dark", "--caption", "--scale", "2"];
        by_command_line(&[&words[..], &more].concat(), &out).expect("writes");
        assert!(*written == std::fs::read(&out).expect("a file"), "{format:?}");
        update(&mut program, PictureAction::Open);
    }
    update(&mut program, PictureAction::Copy);
    let copied = program.host().pictures.first().expect("a picture on the clipboard");
    assert_eq!(copied.dimensions(), (1600, 960));
    let said = program.state().notices().last().expect("a notice");
    assert_eq!(said.text, "copied a picture of 1600 × 960 pixels");
}

#[test]
fn places_are_the_pages_of_one_pdf() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("pages.pdf");
    let words =
        ["--model", "digits", "--image", "digit-7", "--at", "fwd/conv1", "--at", "fwd/fc", "--caption"];
    by_command_line(&words, &out).expect("writes");
    let pdf = std::fs::read(&out).expect("a file");
    assert_eq!(reader::sizes(&pdf), [(720.0, 450.0); 2]);
    let texts = reader::texts(&pdf);
    assert!(texts[0].contains("digits · digit-7 · fwd/conv1"), "{}", texts[0]);
    assert!(texts[1].contains("digits · digit-7 · fwd/fc"), "{}", texts[1]);
    let error = by_command_line(&words, &folder.path().join("pages.png")).expect_err("one place");
    assert!(error.contains("expected one place for a .png file, got 2"), "{error}");
}

#[test]
fn what_cannot_be_written_leaves_one_line_and_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let words = ["--model", "digits", "--image", "digit-7"];
    let large = [&words[..], &["--size", "8000x8000", "--scale", "4"]].concat();
    let cases = [
        (&words[..], "no/such/folder.svg", "no/such"),
        (&words, "picture.bmp", ".png, .svg or .pdf"),
        (&large, "large.png", "got 32000 x 32000; choose a smaller size or scale"),
    ];
    for (words, name, expected) in cases {
        let out = folder.path().join(name);
        let error = by_command_line(words, &out).expect_err("no file");
        assert!(error.contains(expected) && !error.contains('\n'), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn a_transparent_ground_shows_what_lies_behind_it() {
    let state = at("shapes", "shape-star", "fwd/conv1/k2");
    let setup = PictureSetup { is_transparent: true, scale: 1, ..PictureSetup::default() };
    let clear = image::load_from_memory(&file(&state, setup)).expect("a PNG").to_rgba8();
    assert_eq!(clear.get_pixel(0, 0).0[3], 0);
    let solid = clear.pixels().filter(|pixel| pixel.0[3] == 255).count();
    assert!(solid > 10_000, "{solid}");
    let svg = drawn(&file(&state, PictureSetup { format: Format::Svg, ..setup }), 1.0);
    assert_eq!(svg.get_pixel(0, 0).0[3], 0);
    look("clear", "png", &png(&clear));
}
