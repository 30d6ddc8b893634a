//! Holds the documents to the program: every command in them runs or at least parses, every architecture
//! builds, every link and path leads somewhere, and every list of options, keys and kinds is complete.

use crate::start;

use crate::start::run_unnoticed as run;
use clap::{CommandFactory, Parser, error::ErrorKind};
use convstep::{
    app::{Action, AppState, EditAction, Lang, MarkAction, StopReason},
    attribution::Method,
    cli::Args,
    model_io::{Architecture, bundled, presets},
    nn::{filters::Filter, spec::Kind},
    trace::{Break, Plan, Setup},
    ui::strings::Words,
};
use ndarray::Array3;
use ndarray_npy::WriteNpyExt;
use safetensors::{Dtype, tensor::TensorView};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A document: its path in the project and its text.
struct Document {
    path: PathBuf,
    text: String,
}

/// A fenced block of a document.
struct Block {
    /// Document and line, for messages.
    place: String,
    /// The language: the first word behind the fence.
    language: String,
    /// What follows the language.
    attributes: String,
    text: String,
}

impl Document {
    fn open(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        let text = fs::read_to_string(root().join(&path)).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        Self { path, text }
    }

    /// All documents for readers.
    fn all() -> Vec<Self> {
        let mut paths: Vec<PathBuf> =
            ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(PathBuf::from).into();
        for entry in fs::read_dir(root().join("docs")).expect("docs") {
            let path = Path::new("docs").join(entry.expect("an entry").file_name());
            if path.extension().is_some_and(|ending| ending == "md") {
                paths.push(path);
            }
        }
        paths.sort();
        assert!(paths.len() >= 12, "only {} documents were found", paths.len());
        paths.into_iter().map(Self::open).collect()
    }

    fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for (number, line) in self.text.lines().enumerate() {
            match (line.trim_start().strip_prefix("```"), open.take()) {
                (Some(_), Some(block)) => blocks.push(block),
                (Some(info), None) => {
                    let (language, attributes) = info.split_once(' ').unwrap_or((info, ""));
                    open = Some(Block {
                        place: format!("{}:{}", self.path.display(), number + 1),
                        language: language.to_owned(),
                        attributes: attributes.trim().to_owned(),
                        text: String::new(),
                    });
                }
                (None, Some(mut block)) => {
                    block.text += line;
                    block.text.push('\n');
                    open = Some(block);
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block is not closed", self.path.display());
        blocks
    }

    /// The text without its fenced blocks.
    fn prose(&self) -> String {
        let mut fenced = false;
        let mut prose = String::new();
        for line in self.text.lines() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            } else if !fenced {
                prose += line;
                prose.push('\n');
            }
        }
        prose
    }

    /// What stands between backticks in the prose.
    fn code_spans(&self) -> Vec<String> {
        let prose = self.prose();
        prose.split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")).collect()
    }
}

/// The arguments of a command line, split as a shell splits them; what a shell would treat in another way is refused.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None, '#') if word.is_none() => break,
            (None, '(' | ')' | '<' | '>' | '|' | ';' | '&' | '$' | '*' | '?' | '\\' | '`') => {
                panic!("{line}: a shell would not pass {c:?} on; put it in quotes")
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    assert!(quote.is_none(), "{line}: a quote is not closed");
    words.extend(word);
    words
}

/// The program's arguments in a command line, or `None` where it starts something else.
fn arguments(line: &str) -> Option<Vec<String>> {
    let starts_program = line == "convstep" || line.starts_with("convstep ");
    let starts_cargo = line.starts_with("cargo run") && !line.contains("--example");
    if !starts_program && !starts_cargo {
        return None;
    }
    let words = words(line);
    Some(if starts_program {
        words[1..].to_vec()
    } else {
        words.into_iter().skip_while(|word| word != "--").skip(1).collect()
    })
}

/// The command lines of a block, each with the output that the block shows.
fn commands(block: &Block) -> Vec<(String, String)> {
    if block.language == "sh" {
        let lines = block.text.lines().filter(|line| !line.trim().is_empty());
        return lines.map(|line| (line.trim().to_owned(), String::new())).collect();
    }
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in block.text.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command.to_owned(), String::new())),
            (None, Some((_, output))) => *output += &format!("{line}\n"),
            (None, None) => panic!("{}: expected `$ ` before the first command", block.place),
        }
    }
    commands
}

/// Parses arguments; `allowed` are further outcomes that are no mistake.
fn assert_parses(place: &str, arguments: &[String], allowed: &[ErrorKind]) {
    let all = std::iter::once("convstep").chain(arguments.iter().map(String::as_str));
    if let Err(error) = Args::try_parse_from(all) {
        let is_help = [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion].contains(&error.kind());
        assert!(is_help || allowed.contains(&error.kind()), "{place}: {arguments:?}: {error}");
    }
}

/// The blocks whose commands are parsed but not run: document and reason.
const NOT_RUN: [(&str, &str); 8] = [
    ("CONTRIBUTING.md", "builds and tests convstep"),
    ("CONTRIBUTING.md", "builds and tests convstep"),
    ("README.md", "opens a window"),
    ("docs/lessons.md", "opens a window"),
    ("docs/performance.md", "needs an emulator"),
    ("docs/performance.md", "takes a minute"),
    ("docs/performance.md", "takes a minute in a debug build"),
    ("docs/training.md", "needs MNIST"),
];

/// A folder with the files that the documents' commands name.
fn folder_of_examples() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    for source in ["assets/models", "assets/presets"] {
        fs::create_dir_all(at(source)).expect("creates");
        for entry in fs::read_dir(root().join(source)).expect(source) {
            let entry = entry.expect("an entry");
            fs::copy(entry.path(), at(source).join(entry.file_name())).expect("copies");
        }
    }
    // The state dict of the network in models.md.
    let sizes: [(&str, &[usize]); 4] =
        [("0.weight", &[8, 1, 5, 5]), ("0.bias", &[8]), ("4.weight", &[10, 1152]), ("4.bias", &[10])];
    let bytes = sizes.map(|(_, shape)| {
        let count = shape.iter().product::<usize>();
        (0..count).flat_map(|n| ((n % 13) as f32 / 100.0 - 0.06).to_le_bytes()).collect::<Vec<u8>>()
    });
    let tensors = sizes.iter().zip(&bytes).map(|((name, shape), bytes)| {
        (*name, TensorView::new(Dtype::F32, shape.to_vec(), bytes).expect("a tensor"))
    });
    let dict = safetensors::serialize(tensors, None).expect("serialises");
    fs::write(at("net.safetensors"), dict).expect("writes");
    fs::copy(root().join("tests/fixtures/onnx/opset_7.onnx"), at("net.onnx")).expect("copies");
    let array = Array3::from_shape_fn((2, 9, 10), |(c, i, j)| (c + i * j) as f32 / 90.0);
    array.write_npy(fs::File::create(at("x.npy")).expect("creates")).expect("writes");
    let picture = |n: u8| image::RgbImage::from_fn(32, 32, |x, y| image::Rgb([x as u8 * 8, y as u8 * 8, n]));
    picture(0).save(at("picture.png")).expect("saves");
    for class in ["circle", "star"] {
        fs::create_dir_all(at("pictures").join(class)).expect("creates");
        for n in 0..5 {
            picture(n * 40).save(at("pictures").join(class).join(format!("{n}.png"))).expect("saves");
        }
    }
    for block in Document::all().iter().flat_map(Document::blocks) {
        if let Some(name) = block.attributes.strip_prefix("file=") {
            fs::write(at(name), &block.text).expect("writes");
        }
    }
    folder
}

#[test]
fn every_command_in_the_documents_runs_or_is_listed_as_not_run() {
    let mut not_run = Vec::new();
    let mut count = 0;
    for document in Document::all() {
        let folder = folder_of_examples();
        for block in document.blocks() {
            let is_shell = ["sh", "console"].contains(&block.language.as_str());
            if !is_shell {
                let names_program = block.text.lines().any(|line| arguments(line.trim()).is_some());
                assert!(!names_program, "{}: mark a block of commands `sh` or `console`", block.place);
                continue;
            }
            let reason = block.attributes.strip_prefix("no-run: ");
            assert!(reason.is_some() || block.attributes.is_empty(), "{}: {}", block.place, block.attributes);
            if let Some(reason) = reason {
                println!("not run, as it {reason}: {}\n{}", block.place, block.text);
                not_run.push((document.path.to_str().expect("UTF-8").to_owned(), reason.to_owned()));
            }
            for (line, shown) in commands(&block) {
                let Some(arguments) = arguments(&line) else {
                    assert!(
                        reason.is_some(),
                        "{}: not the program, so mark it `no-run`: {line}",
                        block.place
                    );
                    continue;
                };
                assert_parses(&block.place, &arguments, &[]);
                if reason.is_some() {
                    continue;
                }
                let mut command = Command::new(env!("CARGO_BIN_EXE_convstep"));
                let output = command.args(&arguments).current_dir(&folder).output().expect("starts");
                let (out, err) =
                    (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
                assert!(output.status.success(), "{}: {line}\n{out}{err}", block.place);
                if !shown.is_empty() {
                    assert_eq!(out.trim_end(), shown.trim_end(), "{}: {line}", block.place);
                }
                count += 1;
            }
        }
    }
    println!("{count} commands ran; {} blocks did not", not_run.len());
    assert!(count >= 30, "only {count} commands were found");
    not_run.sort();
    assert_eq!(not_run, NOT_RUN.map(|(path, reason)| (path.to_owned(), reason.to_owned())));
}

#[test]
fn every_command_in_the_prose_parses() {
    let mut count = 0;
    for document in Document::all() {
        for span in document.code_spans() {
            if let Some(arguments) = arguments(&span) {
                // A sentence may name a command alone.
                let allowed = [ErrorKind::MissingRequiredArgument];
                assert_parses(&document.path.display().to_string(), &arguments, &allowed);
                count += 1;
            }
        }
    }
    assert!(count >= 10, "only {count} commands were found");
}

#[test]
fn every_architecture_in_the_documents_builds() {
    let mut count = 0;
    for block in Document::all().iter().flat_map(Document::blocks).filter(|block| block.language == "toml") {
        let built = Architecture::parse(&block.text).and_then(|architecture| architecture.build());
        built.unwrap_or_else(|error| panic!("{}: {error}", block.place));
        count += 1;
    }
    assert!(count >= 2, "only {count} architectures were found");
}

#[test]
fn every_block_names_its_language() {
    let known = ["sh", "console", "toml", "python", "rust", "text"];
    for block in Document::all().iter().flat_map(Document::blocks) {
        assert!(known.contains(&block.language.as_str()), "{}: {:?}", block.place, block.language);
    }
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|&c| c.is_alphanumeric() || c == ' ' || c == '-' || c == '_');
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut count = 0;
    for document in Document::all() {
        let folder = document.path.parent().expect("a folder").to_owned();
        for rest in document.prose().split("](").skip(1) {
            let target = rest.split(')').next().expect("a target");
            if target.contains("://") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { document.path.clone() } else { folder.join(file) };
            assert!(root().join(&path).exists(), "{}: {target} is not there", document.path.display());
            if !heading.is_empty() {
                let linked = Document::open(&path).prose();
                let mut headings = linked.lines().filter(|line| line.starts_with('#'));
                let found = headings.any(|line| anchor(line.trim_start_matches('#').trim()) == heading);
                assert!(found, "{}: {target} has no such heading", document.path.display());
            }
            count += 1;
        }
    }
    assert!(count >= 30, "only {count} links were found");
}

/// Whether a name fits a pattern in which `<...>` and `*` stand for any text.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.find(['<', '*']) {
        None => pattern == name,
        Some(start) => {
            let is_named = pattern[start..].starts_with('<');
            let end = if is_named { start + pattern[start..].find('>').expect("`>`") } else { start };
            let Some(name) = name.strip_prefix(&pattern[..start]) else { return false };
            (0..=name.len())
                .filter(|&n| name.is_char_boundary(n))
                .any(|n| fits(&pattern[end + 1..], &name[n..]))
        }
    }
}

/// The files and folders that a path in a document names.
fn named_by(pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.trim_end_matches('/').split('/') {
        found = found
            .iter()
            .filter_map(|folder| fs::read_dir(root().join(folder)).ok().map(|entries| (folder, entries)))
            .flat_map(|(folder, entries)| {
                let names = entries.map(|entry| entry.expect("an entry").file_name());
                let fitting = names.filter(|name| fits(part, &name.to_string_lossy()));
                fitting.map(|name| folder.join(name)).collect::<Vec<_>>()
            })
            .collect();
    }
    found
}

/// Whether a code span is a path in the project.
fn is_path(span: &str) -> bool {
    let folders = ["src/", "tests/", "docs/", "assets/", "fuzz/", "benches/", "examples/", ".ci/"];
    folders.iter().any(|folder| span.starts_with(folder)) && !span.contains(' ')
}

#[test]
fn every_path_in_the_documents_exists() {
    let mut count = 0;
    // The changelog names what was.
    for document in Document::all().into_iter().filter(|document| document.path != Path::new("CHANGELOG.md"))
    {
        for span in document.code_spans().into_iter().filter(|span| is_path(span)) {
            assert!(!named_by(&span).is_empty(), "{}: {span} is not there", document.path.display());
            count += 1;
        }
    }
    assert!(count >= 80, "only {count} paths were found");
}

/// Every ``` `name` in `path` ``` of the documents: the file, or one of the files, has the name.
#[test]
fn every_name_stands_in_the_file_that_the_documents_say() {
    let mut count = 0;
    for document in Document::all() {
        let prose = document.prose();
        let parts: Vec<&str> = prose.split('`').collect();
        for three in parts.windows(3).skip(1).step_by(2) {
            let [name, between, path] = three else { unreachable!("windows of three") };
            if between.trim() != "in" || !is_path(path) || is_path(name) {
                continue;
            }
            let name = name.trim_end_matches("()").rsplit("::").next().expect("a name");
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let has = |path: &PathBuf| {
                let text = fs::read_to_string(root().join(path)).unwrap_or_default();
                text.match_indices(name).any(|(at, _)| {
                    !text[..at].ends_with(is_word) && !text[at + name.len()..].starts_with(is_word)
                })
            };
            assert!(named_by(path).iter().any(has), "{}: no {name} in {path}", document.path.display());
            count += 1;
        }
    }
    assert!(count >= 20, "only {count} names were found");
}

#[test]
fn every_address_in_the_documents_names_a_place() {
    let setup = Setup { images: 16, batches: 20, epochs: 10, ..Setup::default() };
    let residual = "input = [1, 6, 6]
        layers = [
            { name = \"conv1\", kind = \"conv2d\", out_channels = 2, kernel = 3, padding = 1 },
            { name = \"relu1\", kind = \"relu\" },
            { name = \"conv2\", kind = \"conv2d\", out_channels = 2, kernel = 3, padding = 1 },
            { name = \"add1\", kind = \"add\", inputs = [\"relu1\", \"conv2\"] },
            { name = \"fc\", kind = \"dense\", out_features = 2 },
        ]";
    let residual =
        Architecture::parse(residual).and_then(|text| text.build()).expect("a network with a join");
    let bundled = ["shapes", "digits"].map(|name| bundled::load(name).expect("a bundled model").network);
    let networks = bundled.into_iter().chain([residual]);
    let plans: Vec<Plan> = networks.map(|network| Plan::new(Arc::new(network), setup)).collect();
    let starts = ["fwd/", "loss/", "bwd/", "update/", "input/", "conv1.weight/"];
    let mut count = 0;
    for document in Document::all() {
        for span in document.code_spans() {
            if starts.iter().any(|start| span.starts_with(start))
                || span.starts_with('e') && span.contains("/update")
            {
                let is_address = plans.iter().any(|plan| plan.parse(&span).is_ok());
                assert!(is_address, "{}: {span} is in no plan", document.path.display());
                count += 1;
            }
        }
    }
    assert!(count >= 10, "only {count} addresses were found");
}

/// The English texts of the window.
fn labels() -> Vec<String> {
    let folder = root().join("assets/strings");
    let files = fs::read_dir(folder).expect("strings").map(|entry| entry.expect("an entry").path());
    let english = files.filter(|path| path.to_string_lossy().ends_with(".en.toml"));
    let texts = english.map(|path| fs::read_to_string(path).expect("a file"));
    let mut open: Vec<toml::Value> =
        texts.map(|text| toml::Value::Table(text.parse().expect("TOML"))).collect();
    let mut labels = Vec::new();
    while let Some(value) = open.pop() {
        match value {
            toml::Value::Table(table) => open.extend(table.into_iter().map(|(_, value)| value)),
            toml::Value::String(label) => labels.push(label),
            other => panic!("{other} is no text"),
        }
    }
    labels
}

#[test]
fn every_label_that_the_documents_quote_is_on_the_screen() {
    let labels = labels();
    let mut count = 0;
    for path in ["README.md", "docs/window.md", "docs/data.md", "docs/training.md", "docs/attribution.md"] {
        let prose = Document::open(path).prose().replace("\n   ", " ").replace('\n', " ");
        let quoted = prose.split('"').skip(1).step_by(2);
        for label in quoted.filter(|quoted| quoted.starts_with(char::is_uppercase)) {
            assert!(labels.iter().any(|other| other == label), "{path}: {label:?} is no text of the window");
            count += 1;
        }
    }
    assert!(count >= 5, "only {count} labels were found");
}

/// Applies actions, and runs at once what they ask of a background thread.
#[test]
fn the_five_minutes_of_the_readme_are_true() {
    let readme = Document::open("README.md");
    let prose = readme.prose();
    let go = |address: &str| {
        assert!(readme.code_spans().iter().any(|span| span == address), "{address} is not in the README");
        Action::GoTo(address.into())
    };
    let mut state = start::shapes();
    // A winner among four.
    run(&mut state, [go("fwd/pool1/k0/(3,5)")]);
    let cell = state.trace().cell(&state.focus());
    assert_eq!(cell.steps.len(), 4);
    // A negative gradient, which comes through later maps.
    run(&mut state, [go("bwd/conv1.dW/k0,0/(1,1)")]);
    let cell = state.trace().cell(&state.focus());
    assert!(cell.value < 0.0, "{}", cell.value);
    // A blank filter, and back.
    let percent = |state: &AppState| {
        let (class, share) = state.prediction();
        assert_eq!(state.model().architecture.classes.get(class).map(String::as_str), Some("star"));
        format!("{:.1} %", share * 100.0)
    };
    let before = percent(&state);
    let blank = EditAction::SetFilter { layer: 0, out: 3, channel: None, filter: Filter::Blank };
    run(&mut state, [Action::Edit { edit: blank, more: false }]);
    assert!(prose.contains(&Words(Lang::En).text("map.blank")), "the button is called otherwise");
    assert!(state.knows_scores(), "the answer is there at once");
    let after = percent(&state);
    assert!(prose.contains(&before) && prose.contains(&after), "{before} is {after} now");
    run(&mut state, [Action::Undo]);
    assert_eq!(percent(&state), before);
    // The first NaN or infinity, and back.
    run(
        &mut state,
        [
            Action::OpenBundled("exploding".into()),
            Action::Mark(MarkAction::ToggleBreak(Break::NotFinite)),
            Action::Continue { back: false },
        ],
    );
    assert!(matches!(state.stopped(), Some(StopReason::Hit(stop)) if stop.reason == Break::NotFinite));
    let place = state.cursor().text(state.plan());
    assert!(place.starts_with("e1"), "not in the second training step: {place}");
    run(&mut state, [Action::Continue { back: true }]);
    assert_ne!(state.cursor().text(state.plan()), place);
}

#[test]
fn the_readme_is_short() {
    let lines = Document::open("README.md").text.lines().count();
    assert!(lines <= 150, "{lines} lines");
}

#[test]
fn the_command_line_page_has_every_command_and_option() {
    let page = Document::open("docs/command-line.md");
    let spans = page.code_spans();
    let shown: String = page.blocks().iter().map(|block| block.text.clone()).collect();
    for command in Args::command().get_subcommands() {
        let name = command.get_name();
        assert!(page.prose().lines().any(|line| line == format!("## {name}")), "{name} has no section");
        let within: Vec<_> = command.get_subcommands().collect();
        for of_export in within.iter().filter(|_| name == "export") {
            let heading = format!("### {name} {}", of_export.get_name());
            assert!(page.prose().lines().any(|line| line == heading), "{heading} is missing");
        }
        let arguments = within.iter().flat_map(|command| command.get_arguments());
        for option in command.get_arguments().chain(arguments).filter_map(|argument| argument.get_long()) {
            let option = format!("--{option}");
            let is_there = |text: &str| text.split([' ', '\n']).any(|word| word == option);
            assert!(is_there(&shown) || spans.iter().any(|span| is_there(span)), "{name} {option}");
        }
    }
}

#[test]
fn the_pages_list_every_model_preset_kind_and_method() {
    let rows = |page: &Document, name: &str| -> Vec<String> {
        let start = format!("| `{name}` |");
        let rows = page.text.lines().filter(|line| line.starts_with(&start));
        let rows: Vec<String> = rows.map(str::to_owned).collect();
        assert!(!rows.is_empty(), "{}: no row of {name}", page.path.display());
        rows
    };
    let models = Document::open("docs/models.md");
    let names = bundled::models().iter().map(|model| model.name);
    for name in names.chain(presets::all().iter().map(|preset| preset.name)) {
        rows(&models, name);
    }
    for kind in Kind::starters() {
        let rows = rows(&models, kind.name());
        for field in kind.hyperparameters() {
            let has = |row: &String| row.split('`').any(|span| span.split(' ').next() == Some(field.name));
            assert!(rows.iter().any(has), "the row of {} lacks {}", kind.name(), field.name);
        }
    }
    let attribution = Document::open("docs/attribution.md");
    for method in Method::ALL {
        rows(&attribution, method.name());
    }
}

#[cfg(feature = "window")]
#[test]
fn the_window_page_has_every_key() {
    use convstep::app::command::{ALIASES, COMMANDS};
    let spans = Document::open("docs/window.md").code_spans();
    let keys = COMMANDS.iter().filter_map(|command| Some((command.id, command.shortcut?)));
    for (id, shortcut) in keys.chain(ALIASES.iter().map(|(shortcut, id)| (*id, *shortcut))) {
        let key = match shortcut.key {
            "ArrowLeft" => "←",
            "ArrowRight" => "→",
            "ArrowUp" => "↑",
            "ArrowDown" => "↓",
            "Plus" => "+",
            "Minus" => "-",
            "OpenBracket" => "[",
            "CloseBracket" => "]",
            "Period" => ".",
            key => key,
        };
        let [ctrl, shift] = [(shortcut.ctrl, "Ctrl+"), (shortcut.shift, "Shift+")]
            .map(|(held, text)| if held { text } else { "" });
        let text = format!("{ctrl}{shift}{key}");
        assert!(spans.contains(&text), "{id}: {text} is missing");
    }
}
