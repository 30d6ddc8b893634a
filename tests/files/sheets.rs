//! Worksheets and their keys: what is printed is the trace's and adds up, by button and by command line the same.

use super::pdf::reader;
use convstep::{
    app::{
        Action, AppState, Effect, FileAction, FileKind, LessonAction, SheetPlace, apply, lesson_sheets,
        run_tasks_here,
    },
    data::samples,
    export::{
        pdf::png,
        sheet::{Language, Options, Paper, Set, Sheets},
    },
    lesson::bundled,
    model_io::bundled as models,
    nn::Execution,
    tensor::number::{MINUS, written},
    trace::Trace,
};
use std::process::Command;

fn shown(model: &str, picture: &str, at: &str) -> AppState {
    let model = models::load(model).expect("a bundled model");
    let mut state = AppState::open(model, samples::load(picture).expect("a sample")).expect("they fit");
    let effects = apply(&mut state, Action::GoTo(at.into()));
    run_tasks_here(&mut state, effects, Execution::SERIAL, &());
    assert!(state.notices().is_empty(), "{at}: {:?}", state.notices());
    state
}

/// The texts of a page, in the order in which they are drawn.
fn texts(svg: &str) -> Vec<String> {
    let page = resvg::usvg::roxmltree::Document::parse(svg).expect("XML");
    let is_text = |node: &resvg::usvg::roxmltree::Node| node.has_tag_name("text");
    let text = |node: resvg::usvg::roxmltree::Node| {
        node.descendants().filter_map(|part| part.is_text().then(|| part.text())?).collect()
    };
    page.descendants().filter(is_text).map(text).collect()
}

fn read(text: &str) -> Option<f64> {
    text.trim().replace(MINUS, "-").parse().ok()
}

fn last_place(text: &str) -> f64 {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len() as i32);
    10f64.powi(exponent.replace(MINUS, "-").parse::<i32>().expect("an exponent") - decimals)
}

/// What a printed sum of products comes to: `2 · (−1) + 0.5 · 3`, `4.2 + 0.8 − 0.1`.
fn reckoned(sum: &str) -> Option<f64> {
    let spaced = sum.replace(" − ", " + −1 · ");
    let product = |term: &str| {
        let factors = term.split(" · ").map(|factor| read(factor.trim_matches(['(', ')'])));
        factors.collect::<Option<Vec<f64>>>().map(|factors| factors.into_iter().product::<f64>())
    };
    spaced.split(" + ").map(product).collect::<Option<Vec<f64>>>().map(|terms| terms.into_iter().sum())
}

/// Each printed sum that can be reckoned gives what is printed on its right: exactly behind `=`, nearly behind `≈`.
fn sums_hold(sheets: &Sheets) -> usize {
    let mut found = 0;
    // A long sum stands on several lines.
    let mut before = String::new();
    for part in sheets.pages.iter().flat_map(|page| texts(page)) {
        let is_begun =
            [" + ", " − ", " · "].iter().any(|sign| part.contains(sign)) && !part.contains(['=', '≈']);
        let text = format!("{before} {part}").trim().to_owned();
        before = if is_begun { text.clone() } else { String::new() };
        for (sign, exact) in [(" = ", true), (" ≈ ", false)] {
            let Some((left, right)) = text.rsplit_once(sign) else { continue };
            let left = left.rsplit([':', '=']).next().unwrap_or(left).trim();
            let (Some(sum), Some(result)) = (reckoned(left), read(right)) else { continue };
            let terms = 1 + left.matches(['+', '·']).count();
            let bound = last_place(right) * if exact { 0.501 } else { 6.0 * terms as f64 };
            assert!((sum - result).abs() <= bound, "{text}: {sum}");
            found += 1;
        }
    }
    found
}

fn has_all(trace: &Trace, at: &str, key: &[String], digits: usize) {
    let place = trace.plan().parse(at).expect("an address");
    for cell in 0..trace.plan().shape_at(&place).len() as u32 {
        let value = written(trace.finished(&place.with_cell(cell)), Some(digits));
        assert!(key.contains(&value), "{at}, cell {cell}: {value} is not in {key:?}");
    }
}

#[test]
fn all_partial_derivatives_are_on_the_key_and_none_on_the_sheet() {
    let state = shown("article-backprop", "article-3x3", "bwd");
    for language in [Language::En, Language::Zh] {
        let options = Options { language, ..Options::default() };
        let sheets = SheetPlace::shown(&state).sheets(&options).expect("sheets");
        assert_eq!(sheets.pages.len(), 2);
        let key = texts(&sheets.pages[1]);
        let mut trace = (**state.trace()).clone();
        trace.compute_to(convstep::trace::Pass::Update, Execution::SERIAL);
        for at in ["fwd/conv1", "bwd/loss.dX", "bwd/conv1.dW", "bwd/conv1.dX"] {
            has_all(&trace, at, &key, 7);
        }
        // 4 outputs, 4 weights, 9 pixels.
        assert_eq!(sums_hold(&sheets), 17, "{key:?}");
        for answer in ["18.75", "25.5", "4.625"] {
            assert!(!texts(&sheets.pages[0]).contains(&answer.to_owned()), "{answer}");
        }
        let bytes = sheets.pdf().expect("a PDF");
        let read = reader::texts(&bytes);
        assert!(read[1].contains("∂L/∂x₂₂") && read[1].contains("25.5"), "{}", read[1]);
        assert!(read.iter().all(|page| !page.contains('\u{FFFD}')));
        reader::look(&bytes, &format!("by-hand-{language:?}"));
    }
}

#[test]
fn each_kind_of_cell_has_a_worksheet_whose_key_adds_up_to_the_trace() {
    let places = [
        ("article-backprop", "article-3x3", "bwd/conv1.dX/k0/(1,1)"),
        ("article-backprop", "article-3x3", "bwd/conv1.dW/k0,0/(0,1)"),
        ("article-backprop", "article-3x3", "fwd/conv1/k0"),
        ("pattern", "pattern-circle", "fwd/conv1/k1/(12,12)"),
        ("shapes", "shape-star", "fwd/conv1/k2/(9,9)"),
        ("shapes", "shape-star", "fwd/relu1/k2/(9,9)"),
        ("shapes", "shape-star", "fwd/pool1/k2/(4,4)"),
        ("shapes", "shape-star", "fwd/conv2/k3/(5,5)"),
        ("shapes", "shape-star", "fwd/fc/k4/(0,0)"),
        ("shapes", "shape-star", "bwd/conv1.dW/k4,1/(1,1)"),
        ("shapes", "shape-star", "bwd/pool1.dX/k4/(6,6)"),
        ("shapes", "shape-star", "bwd/relu1.dX/k4/(6,6)"),
        ("shapes", "shape-star", "bwd/fc.dX/k40/(0,0)"),
        ("shapes", "shape-star", "loss/loss.prob/k4/(0,0)"),
        ("shapes", "shape-star", "update/conv1.weight/k0,0/(1,1)"),
        ("overlap", "overlap-3x3", "bwd/pool1.dX/k0/(1,1)"),
    ];
    for (model, picture, at) in places {
        let state = shown(model, picture, at);
        for (language, paper, digits) in [(Language::En, Paper::A4, 3), (Language::Zh, Paper::Letter, 4)] {
            let options = Options { language, paper, digits, has_key: true };
            let sheets =
                SheetPlace::shown(&state).sheets(&options).unwrap_or_else(|error| panic!("{at}: {error}"));
            let key = texts(sheets.pages.last().expect("a key"));
            let place = state.plan().parse(at).expect("an address");
            let mut trace = (**state.trace()).clone();
            trace.compute_to(convstep::trace::Pass::Update, Execution::SERIAL);
            let value = trace.finished(&place.whole_cell());
            let is_there = |text: &String| {
                let number = text.rsplit(['=', '≈']).next().and_then(read);
                number.is_some_and(|number| {
                    (number - f64::from(value)).abs() <= 0.006 * f64::from(value.abs()) + 1e-9
                })
            };
            assert!(key.iter().any(is_there), "{at}: {value} is not in {key:?}");
            sums_hold(&sheets);
            assert!(key.iter().all(|text| !text.contains("%{") && !text.starts_with("sheet.")), "{key:?}");
            let bytes = sheets.pdf().expect("a PDF");
            let (width, height) = reader::sizes(&bytes)[0];
            let [wanted_width, wanted_height] = paper.size();
            assert!(
                (f64::from(width) - wanted_width).abs() < 0.1
                    && (f64::from(height) - wanted_height).abs() < 0.1
            );
            assert!(reader::texts(&bytes).iter().all(|page| !page.contains('\u{FFFD}')));
            reader::look(&bytes, &format!("{model}-{}-{language:?}", at.replace(['/', '(', ')', ','], "_")));
        }
    }
}

#[test]
fn places_that_nobody_works_out_by_hand_are_told_in_one_line() {
    for (model, picture, at) in [
        ("shapes", "shape-star", "fwd/conv1"),
        ("shapes", "shape-star", "fwd/conv1/k0"),
        ("shapes", "shape-star", "bwd"),
        ("shapes", "shape-star", "input/k0"),
    ] {
        let error = SheetPlace::shown(&shown(model, picture, at)).sheets(&Options::default()).expect_err(at);
        assert!(error.0.contains("expected") && error.0.lines().count() == 1, "{error}");
    }
    let lesson = bundled().lesson("backprop").expect("a lesson");
    let set = Set { question: Some("make"), count: 1, seed: 1 };
    let error = lesson_sheets(lesson, &set, &Options::default()).expect_err("a task");
    assert!(error.0.contains("that can be answered on paper") && error.0.contains("dw"), "{error}");
    let error = lesson_sheets(lesson, &Set { question: None, count: 0, seed: 1 }, &Options::default());
    assert!(error.is_err_and(|error| error.0.contains("1 to 200")));
}

#[test]
fn every_lesson_makes_a_set_of_unlike_sheets_with_all_keys_at_the_end() {
    for lesson in &bundled().lessons {
        for language in [Language::En, Language::Zh] {
            let options = Options { language, ..Options::default() };
            let set = Set { question: None, count: 2, seed: 3 };
            let sheets = match lesson_sheets(lesson, &set, &options) {
                Ok(sheets) => sheets,
                Err(error) => panic!("{}: {error}", lesson.id),
            };
            let pages: Vec<Vec<String>> = sheets.pages.iter().map(|page| texts(page)).collect();
            let title = if language == Language::En { "Keys" } else { "全部答案" };
            let keys = pages.iter().position(|page| page.iter().any(|text| text == title));
            let keys = keys.unwrap_or_else(|| panic!("{}: no keys", lesson.id));
            assert!(keys >= 2, "{}: {keys}", lesson.id);
            let gap = |text: &String| {
                text.contains("%{")
                    || text.contains('?') && text.starts_with("? ")
                    || text.starts_with("sheet.")
            };
            let gaps: Vec<&String> = pages.iter().flatten().filter(|text| gap(text)).collect();
            assert!(gaps.is_empty(), "{}: {gaps:?}", lesson.id);
            sums_hold(&sheets);
            assert!(sheets.pages.iter().all(|page| png(page, 0.2).is_ok()));
            if ["pattern", "backprop"].contains(&lesson.id.as_str()) {
                let bytes = sheets.pdf().expect("a PDF");
                assert!(reader::texts(&bytes).iter().all(|page| !page.contains('\u{FFFD}')));
                reader::look(&bytes, &format!("lesson-{}-{language:?}", lesson.id));
            }
        }
    }
}

#[test]
fn thirty_students_of_the_two_lessons_for_paper_get_unlike_sheets() {
    for (id, beat) in [("backprop", "names-x"), ("pattern", "two-patterns")] {
        let lesson = bundled().lesson(id).expect("a lesson");
        let set = Set { question: Some(beat), count: 30, seed: 1 };
        let sheets = lesson_sheets(lesson, &set, &Options::default()).expect("sheets");
        let numbers = |page: &String| {
            let all = texts(page);
            let own = all.iter().filter(|text| !text.contains("seed") && !text.contains(" / "));
            own.cloned().collect::<Vec<String>>()
        };
        let mut pages: Vec<Vec<String>> = sheets.pages[..30].iter().map(numbers).collect();
        assert!(pages.iter().all(|page| !page.iter().any(|text| text == "Keys")));
        pages.sort();
        pages.dedup();
        assert_eq!(pages.len(), 30, "{id}");
        let key: Vec<String> = sheets.pages[30..].iter().flat_map(|page| texts(page)).collect();
        assert!(key.iter().any(|text| text == "Sheet 30 of 30"), "{id}");
        if id == "backprop" {
            assert_eq!(sums_hold(&sheets), 17 * 30);
        }
        // The same seed, the same sheets.
        assert_eq!(sheets, lesson_sheets(lesson, &set, &Options::default()).expect("sheets"));
    }
}

/// What the window writes.
fn saved(state: &mut AppState, kind: FileKind) -> Vec<u8> {
    apply(state, FileAction::Ask(kind).into());
    apply(state, FileAction::Type("out.pdf".into()).into());
    let effects = apply(state, FileAction::Confirm { replace: true }.into());
    let bytes = effects.iter().find_map(|effect| match effect {
        Effect::Write { content, .. } => Some(content.to_bytes(None).expect("a file")),
        _ => None,
    });
    bytes.expect("something is written")
}

fn written_by_command(args: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out.pdf");
    let mut command = Command::new(env!("CARGO_BIN_EXE_convstep"));
    let output =
        command.args(["export", "sheet"]).args(args).arg("--out").arg(&out).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(out).expect("a file")
}

#[test]
fn window_and_command_line_write_the_same_worksheets() {
    let at = "fwd/conv1/k2/(9,9)";
    let mut state = shown("shapes", "shape-star", at);
    let by_command = written_by_command(&["--model", "shapes", "--image", "shape-star", "--at", at]);
    assert!(saved(&mut state, FileKind::Sheet) == by_command);
    let mut state = shown("shapes", "shape-star", at);
    let lesson = bundled().lesson("pattern").expect("a lesson");
    let effects = apply(&mut state, LessonAction::Open(lesson.clone()).into());
    run_tasks_here(&mut state, effects, Execution::SERIAL, &());
    let by_command = written_by_command(&["--lesson", "2", "--count", "30"]);
    assert!(saved(&mut state, FileKind::LessonSheets) == by_command);
}

#[test]
fn a_file_a_page_and_mistakes_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_convstep"));
        command.current_dir(folder.path()).args(["export", "sheet"]).args(args).output().expect("it starts")
    };
    let output =
        run(&["--lesson", "backprop", "--question", "names-x", "--no-key", "--count", "2", "--out", "s.svg"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = std::fs::read_to_string(folder.path().join("s-2.svg")).expect("a page");
    assert!(page.contains("Sheet 2 of 2"));
    assert!(!folder.path().join("s-3.svg").exists());
    for args in [
        &["--lesson", "backprop", "--out", "s.txt"][..],
        &["--lesson", "no-such", "--out", "s.pdf"],
        &["--lesson", "backprop", "--out", "no/such/folder/s.pdf"],
        &["--model", "shapes", "--image", "shape-star", "--at", "fwd/conv9", "--out", "s.pdf"],
        &["--out", "s.pdf"],
    ] {
        let output = run(args);
        let line = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && line.trim_end().lines().count() == 1, "{args:?}: {line}");
    }
    assert!(!folder.path().join("s.pdf").exists());
}

#[test]
fn the_network_is_drawn_as_svg_pdf_png_and_for_latex() {
    let folder = tempfile::tempdir().expect("a folder");
    let export = |out: &str, style: &str| {
        let path = folder.path().join(out);
        let mut command = Command::new(env!("CARGO_BIN_EXE_convstep"));
        let output =
            command.args(["export", "--model", "lenet5", "--style", style, "--out"]).arg(&path).output();
        let output = output.expect("it starts");
        assert!(output.status.success(), "{out}: {}", String::from_utf8_lossy(&output.stderr));
        std::fs::read(path).expect("a file")
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    // What `convstep models` says of it.
    let parameters = "61,706";
    assert!(texts(&text(export("t.svg", "table"))).iter().any(|text| text.trim() == parameters));
    assert!(reader::texts(&export("t.pdf", "table"))[0].contains(parameters));
    assert!(text(export("t.tex", "table")).contains(parameters));
    let picture = image::load_from_memory(&export("b.png", "boxes")).expect("a picture");
    assert!(picture.width() > 600);
    assert!(reader::texts(&export("b.pdf", "boxes"))[0].contains("1 × 28 × 28"));
}
