//! Both languages have the same keys and placeholders, the fonts have every glyph, every key that the program asks for
//! exists, and the strings use the terms of docs/glossary.md.

use crate::start;

use convstep::{
    app::{
        About, Action, AppState, BuildAction, Figure, Lang, LessonAction, Notice, NoticeKind, Work, apply,
        command,
    },
    data::{DataError, DataNote, Instead, PictureError, Split},
    nn::{
        Activation, Mode, Network,
        hyperparameter::Value,
        loss::Loss,
        optimizer::{Optimizer, Rule},
        spec::*,
    },
    trace::{Grain, Pass, Plan, Setup},
    ui::{fonts, names::hyperparameter_key, sentences, strings::Words, told},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

fn flatten(prefix: &str, table: &toml::Table, into: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(table) => flatten(&key, table, into),
            value => {
                let text = value.as_str().unwrap_or_else(|| panic!("{key} is no text")).to_owned();
                assert!(into.insert(key.clone(), text).is_none(), "{key} stands twice");
            }
        }
    }
}

fn words(lang: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/strings");
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("strings") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.ends_with(&format!(".{lang}.toml")) {
            let text = fs::read_to_string(&path).expect("a file");
            let table: toml::Table = text.parse().unwrap_or_else(|e| panic!("{name}: {e}"));
            flatten("", &table, &mut all);
        }
    }
    all
}

fn placeholders(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = text.split("%{").skip(1).filter_map(|rest| rest.split('}').next()).collect();
    found.sort_unstable();
    found
}

#[test]
fn each_string_stands_in_all_languages_with_the_same_placeholders() {
    let en = words(Lang::En.code());
    assert!(en.len() > 150, "only {} strings were found", en.len());
    for lang in Lang::ALL {
        let translated = words(lang.code());
        for (key, text) in &en {
            let other = translated.get(key).unwrap_or_else(|| panic!("{key} is missing in {lang:?}"));
            let allowed = placeholders(text);
            for name in placeholders(other) {
                assert!(allowed.contains(&name), "{key}: the text in {lang:?} asks for %{{{name}}}");
            }
        }
        for key in translated.keys() {
            assert!(en.contains_key(key), "{key} is missing in English");
        }
    }
}

#[test]
fn each_file_of_strings_is_in_the_program() {
    for lang in Lang::ALL {
        for (key, text) in words(lang.code()) {
            assert_eq!(Words(lang).text(&key), text, "{key} in {lang:?}; is it in assets/strings?");
        }
    }
}

#[test]
fn the_fonts_have_each_glyph() {
    let ctx = egui::Context::default();
    fonts::install(&ctx);
    ctx.run_ui(egui::RawInput::default(), |_| ()).drop_without_applying_deltas();
    let font = egui::FontId::proportional(14.0);
    for lang in Lang::ALL {
        for (key, text) in words(lang.code()) {
            for c in text.chars().filter(|c| !c.is_whitespace()) {
                assert!(ctx.fonts_mut(|f| f.has_glyph(&font, c)), "{key}: no glyph for {c:?}");
            }
        }
    }
}

const fn is_han(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// A text with a letter in place of each `%{name}`.
fn without_placeholders(text: &str) -> String {
    let mut parts = text.split("%{");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "x" + part.split_once('}').map_or(part, |(_, rest)| rest))
}

#[test]
fn chinese_has_full_width_punctuation_and_thin_spaces() {
    const THIN_SPACE: char = '\u{2009}';
    for (key, text) in words("zh") {
        let text: Vec<char> = without_placeholders(&text).chars().collect();
        for (&a, &b) in text.iter().zip(text.iter().skip(1)) {
            let other = match (is_han(a), is_han(b)) {
                (true, false) => b,
                (false, true) => a,
                (true, true) | (false, false) => continue,
            };
            let shown: String = text.iter().collect();
            assert!(!other.is_ascii_punctuation(), "{key}: {other:?} beside a Han character: {shown}");
            assert!(other != ' ', "{key}: a thin space (U+2009) belongs beside a Han character: {shown}");
            assert!(!other.is_alphanumeric(), "{key}: no thin space between {a:?} and {b:?}: {shown}");
            let is_wide = "，。：；？！、（）“”《》".contains(other);
            assert!(other == THIN_SPACE || is_wide || "…·".contains(other), "{key}: {other:?} in {shown}");
        }
    }
}

/// What the glossary forbids but may stand in these longer words.
const ALLOWED: [(&str, &str); 4] =
    [("Looks at", "looks at a picture"), ("unit", "linear unit"), ("格", "严格"), ("格", "空格")];

/// The rows of the first table of the glossary: the English terms, and the words that must not be used.
fn glossary() -> Vec<(Vec<String>, Vec<String>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/glossary.md");
    let text = fs::read_to_string(path).expect("docs/glossary.md");
    let list = |cell: &str| {
        let words = cell.split([',', ';', '，', '；', '、']).map(|word| word.trim().to_owned());
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>()
    };
    let table =
        text.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let mut rows = table.skip(2).map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let [english, _, _, not] = cells[..] else { panic!("four cells: {line}") };
        (list(english), list(not))
    });
    let rows: Vec<_> = rows.by_ref().collect();
    assert!(rows.len() > 20, "only {} rows", rows.len());
    rows
}

/// Whether a text has a word: in English as a whole word or its plural, whatever the case; in Chinese anywhere.
fn has_word(text: &str, word: &str) -> bool {
    if word.chars().any(is_han) {
        return text.contains(word);
    }
    let (text, word) = (text.to_lowercase(), word.to_lowercase());
    text.match_indices(&word).any(|(at, _)| {
        let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let rest = text[at + word.len()..].strip_prefix('s').unwrap_or(&text[at + word.len()..]);
        !is_letter(text[..at].chars().next_back()) && !is_letter(rest.chars().next())
    })
}

#[test]
fn the_words_are_those_of_the_glossary() {
    let rows = glossary();
    let terms: Vec<&String> = rows.iter().flat_map(|(english, _)| english).collect();
    // A word that is a term of its own in another row is ambiguous by itself.
    let forbidden = rows.iter().flat_map(|(_, not)| not).filter(|word| !terms.contains(word));
    let forbidden: Vec<&String> = forbidden.collect();
    assert!(forbidden.len() > 20, "only {} words", forbidden.len());
    for lang in Lang::ALL.map(Lang::code) {
        for (key, text) in words(lang) {
            let text = without_placeholders(&text);
            for word in &forbidden {
                let allowed = ALLOWED.iter().filter(|(short, _)| short == word);
                let text = allowed.fold(text.clone(), |text, (_, long)| text.replace(long, ""));
                assert!(!has_word(&text, word), "{key} ({lang}) says {word:?}: {text}");
            }
        }
    }
}

/// Words that the screen has other words for, beyond those of the glossary, and what they may stand in.
const GONE: [(&str, &[&str]); 9] = [
    ("channel", &[]),
    ("plane", &[]),
    ("unit", &["linear unit"]),
    ("tap", &[]),
    ("given", &["not given"]),
    ("dX", &[]),
    ("dW", &[]),
    ("k3", &[]),
    ("m7", &["fwd/conv1/k2/(3,5)/m7"]),
];

#[test]
fn the_words_of_the_code_are_not_on_the_screen() {
    for (key, text) in words("en") {
        let text = without_placeholders(&text).to_lowercase();
        for (word, allowed) in GONE {
            let text = allowed.iter().fold(text.clone(), |text, longer| text.replace(longer, ""));
            assert!(!has_word(&text, word), "{key} says {word:?}: {text}");
        }
    }
    for (key, text) in words("zh") {
        for word in ["滤波器", "体积", "立体", "步长", "单元", "死的", "再次前往", "过程"]
        {
            assert!(!text.contains(word), "{key} says {word:?}: {text}");
        }
    }
}

fn has(key: &str) {
    for lang in Lang::ALL {
        assert_ne!(Words(lang).text(key), key, "{key} has no text in {lang:?}");
    }
}

/// The files of Rust below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .collect()
}

#[test]
fn every_key_in_the_code_of_the_window_has_its_words() {
    let known = words("en");
    // Names that look like keys: a file's, and tensors' in examples.
    const OTHERS: [&str; 3] = ["recent.json", "lessons.json", "conv1.weight"];
    let is_key = |text: &str| {
        let is_word =
            |word: &str| !word.is_empty() && word.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'));
        text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.contains('.')
            && text.split('.').all(is_word)
    };
    let mut lacking = Vec::new();
    let mut found = 0;
    for path in sources(Path::new("src/ui")) {
        let code = fs::read_to_string(&path).unwrap();
        for literal in
            code.lines().flat_map(|line| line.split('"').skip(1).step_by(2)).filter(|text| is_key(text))
        {
            found += 1;
            if !known.contains_key(literal) && !OTHERS.contains(&literal) {
                lacking.push(format!("{literal} in {}", path.display()));
            }
        }
    }
    assert!(found > 500, "{found} keys were found");
    // What the core asks to be said.
    let told = |text: &&str| is_key(text) && (text.starts_with("notice.") || text.starts_with("failed."));
    for path in sources(Path::new("src/app")) {
        let code = fs::read_to_string(&path).unwrap();
        let literals = code.lines().flat_map(|line| line.split('"').skip(1).step_by(2));
        let unknown = literals.filter(told).filter(|key| !known.contains_key(*key));
        lacking.extend(unknown.map(|key| format!("{key} in {}", path.display())));
    }
    assert_eq!(lacking, Vec::<String>::new());
}

#[test]
fn every_command_has_its_words() {
    for command in command::COMMANDS {
        has(&format!("cmd.{}", command.id));
        has(command.group.key());
    }
    for grain in Grain::ALL {
        has(&format!("grain.{}", grain.name()));
    }
    for pass in Pass::ALL {
        has(&format!("pass.{}", pass.name()));
    }
    for page in convstep::app::Page::ALL {
        has(page.key());
    }
    for method in convstep::attribution::Method::ALL {
        has(&format!("evidence.name.{}", method.name()));
        has(&format!("evidence.about.{}", method.name()));
    }
    for model in convstep::model_io::bundled::models() {
        has(&format!("model.{}", model.name));
    }
    for preset in convstep::model_io::presets::all() {
        has(&format!("preset.{}", preset.name));
    }
}

#[test]
fn every_kind_of_layer_and_each_of_its_numbers_has_its_words() {
    for kind in Kind::starters() {
        if !matches!(kind, Kind::Activation(_)) {
            has(&format!("build.kind.{}", kind.name()));
        }
        has(&format!("build.kind.{}_tip", kind.name()));
        for field in kind.hyperparameters() {
            let key = hyperparameter_key(&kind, field.name);
            has(&key);
            has(&format!("{key}_tip"));
            if let Value::Flag(_) = field.value {
                has(&format!("build.flag.{}_on", field.name));
                has(&format!("build.flag.{}_off", field.name));
            }
        }
    }
}

/// A network with every kind of layer.
fn every_layer(loss: Loss) -> Network {
    let conv = |normalize| Kind::Conv2d(ConvSpec { normalize, ..ConvSpec::new(2, 3) });
    let pool = Pair::square(2);
    let kinds = vec![
        conv(true),
        Kind::BatchNorm2d(BatchNormSpec::default()),
        Kind::MaxPool2d(MaxPoolSpec {
            kernel: pool,
            stride: None,
            padding: Pair::square(0),
            ..MaxPoolSpec::new(1)
        }),
        conv(false),
        Kind::AvgPool2d(AvgPoolSpec {
            kernel: pool,
            stride: None,
            padding: Pair::square(0),
            count_include_pad: true,
            ..AvgPoolSpec::new(1)
        }),
        Kind::LocalResponseNorm(LrnSpec::default()),
        Kind::PRelu(PReluSpec::default()),
        Kind::GroupNorm(GroupNormSpec::new(Together::Group(2))),
        Kind::GroupNorm(GroupNormSpec::new(Together::Channel)),
        Kind::GroupNorm(GroupNormSpec::new(Together::Whole)),
        Kind::Dropout(DropoutSpec::default()),
        Kind::GlobalAvgPool2d,
        Kind::GlobalMaxPool2d,
        Kind::Flatten,
        Kind::Dense(DenseSpec {
            out_features: if loss == Loss::BinaryCrossEntropy { 1 } else { 3 },
            bias: true,
        }),
        Kind::Softmax,
    ];
    let resampled = Kind::starters().into_iter().filter(|kind| {
        matches!(
            kind,
            Kind::ConvTranspose2d(_)
                | Kind::Upsample2d(_)
                | Kind::Pad2d(_)
                | Kind::Crop2d(_)
                | Kind::SliceChannels(_)
                | Kind::ChannelShuffle(_)
                | Kind::AdaptiveAvgPool2d(_)
                | Kind::AdaptiveMaxPool2d(_)
        )
    });
    // Those that take a map to one cell come last.
    let last = resampled
        .clone()
        .filter(|kind| matches!(kind, Kind::AdaptiveAvgPool2d(_) | Kind::AdaptiveMaxPool2d(_)));
    let first = resampled.filter(|kind| {
        matches!(
            kind,
            Kind::ConvTranspose2d(_)
                | Kind::Upsample2d(_)
                | Kind::Pad2d(_)
                | Kind::SliceChannels(_)
                | Kind::ChannelShuffle(_)
        )
    });
    // With its bias, as it starts, and without.
    let bare = Kind::ConvTranspose2d(ConvTransposeSpec { bias: false, ..ConvTransposeSpec::new(2, 3) });
    let crop =
        Kind::Crop2d(CropSpec { start: Pair::square(0), size: Pair::square(14), step: Pair::square(1) });
    let first = first.chain([bare, crop]);
    let end = kinds.len() - 3;
    let mut kinds = kinds;
    kinds.splice(end..end, last);
    let kinds: Vec<Kind> =
        Activation::ALL.map(Kind::Activation).into_iter().chain(first).chain(kinds).collect();
    for name in Kind::starters().iter().map(Kind::name) {
        let is_join = ["add", "multiply", "concat"].contains(&name);
        assert!(
            is_join || kinds.iter().any(|kind| kind.name() == name),
            "{name} is not in the network of every layer"
        );
    }
    let mut layers: Vec<LayerSpec> =
        kinds.into_iter().enumerate().map(|(n, kind)| LayerSpec::new(format!("l{n}"), kind)).collect();
    // The joins, behind the first activation; the picture and its output are read more than once.
    let joins = [
        LayerSpec::new("sum", Kind::Add).reading(["l0", "input"]),
        LayerSpec::new("product", Kind::Multiply).reading(["sum", "l0"]),
        LayerSpec::new("both", Kind::Concat).reading(["product", "sum"]),
        LayerSpec::new("mean", Kind::GlobalAvgPool2d),
        LayerSpec::new("scaled", Kind::Multiply).reading(["both", "mean"]),
    ];
    layers.splice(1..1, joins);
    Network::build([1, 16, 16], layers, loss).expect("a network of every layer")
}

#[test]
fn every_stage_has_its_sentence() {
    for loss in Loss::ALL {
        let network = Arc::new(every_layer(loss));
        for mode in [Mode::Eval, Mode::Train] {
            for rule in Rule::ALL {
                let optimizer = Optimizer { rule, weight_decay: 0.1, ..Optimizer::default() };
                let setup = Setup { images: 2, mode, optimizer, ..Setup::default() };
                let plan = Plan::new(Arc::clone(&network), setup);
                for stage in plan.stages() {
                    has(&sentences::key(&plan, stage));
                }
            }
        }
    }
}

#[test]
fn the_fresh_start_has_a_prediction() {
    let state = start::shapes();
    let (class, p) = state.prediction();
    assert!(class < state.model().network.classes() && p > 0.0);
}

/// An error of each kind that a picture can have.
fn picture_errors() -> Vec<PictureError> {
    let name = || "a.png".to_owned();
    vec![
        PictureError::Empty { name: name() },
        PictureError::NotAPicture { name: name(), got: "7 bytes".into() },
        PictureError::Damaged { name: name(), format: "PNG", reason: "eof".into() },
        PictureError::RareKind { name: name(), format: "PNG", reason: "9 bits".into() },
        PictureError::TooLarge { name: name(), got: "7 x 9".into() },
        PictureError::WrongLength { name: name(), width: 2, height: 3, expected: 24, got: 5 },
        PictureError::Channels { name: name(), got: 5 },
        PictureError::Batch { name: name(), got: 4 },
        PictureError::Target { name: name(), h: 0, w: 7 },
        PictureError::ArrayShape { name: name(), expected: [1, 2, 3], got: [4, 5, 6] },
        PictureError::UnknownSample { got: name(), hint: String::new() },
    ]
}

/// An error of each kind that a data set can have.
fn data_errors() -> Vec<DataError> {
    let name = || "pets".to_owned();
    let instead = [
        Instead::Files(Vec::new()),
        Instead::Files(vec![("txt".into(), 3)]),
        Instead::Loose { count: 7 },
        Instead::Within { count: None, folders: vec!["test".into()] },
    ];
    let mut errors = vec![
        DataError::Cancelled,
        DataError::Wrong { name: name(), what: "expected 4 bytes, got 5; mend it".into() },
        DataError::PartsUnclear { name: name(), folders: vec!["one".into(), "two".into()] },
        DataError::NotADataSet { name: name() },
        DataError::NoReadable { name: name(), first: "eof".into() },
        DataError::NoExamples { name: name() },
    ];
    errors.extend([false, true].map(|is_missing| DataError::Unreadable {
        path: "/a/b".into(),
        expected: "a file".into(),
        is_missing,
        reason: "os error 2".into(),
    }));
    errors.extend(instead.map(|got| DataError::NoClasses { name: name(), got }));
    errors.extend(picture_errors().into_iter().map(DataError::Picture));
    errors
}

/// Checks that a notice says in English what its line says, and in Chinese something else.
fn check_told(notice: &Notice) {
    let english = told::notice(Words(Lang::En), notice);
    // The screen has no options of the command line, and says map where the core says channel.
    let own = ["(maps, rows", "fills one map", "; choose another", "; open one of them", "nothing there"];
    let has_own_words = own.iter().any(|words| english.contains(words));
    assert!(english == notice.text || has_own_words, "{english} is not {}", notice.text);
    let chinese = told::notice(Words(Lang::Zh), notice);
    assert!(chinese.chars().any(is_han) && !chinese.contains("%{"), "{chinese}");
}

#[test]
fn errors_are_told_in_each_language() {
    let error = |text: String, about| Notice { text, about, kind: NoticeKind::Error };
    for picture in picture_errors() {
        check_told(&error(picture.to_string(), About::Picture(picture)));
    }
    for data in data_errors() {
        check_told(&error(data.to_string(), About::Data(data)));
    }
    for work in Work::ALL {
        check_told(&error("net.onnx: expected a layer, got none; add one".into(), About::Work(work)));
    }
    let note = DataNote::Parts(vec![("train".into(), Split::Train), ("test".into(), Split::Test)]);
    let note = error("pets: …".into(), About::Note("pets".into(), note));
    assert!(told::notice(Words(Lang::Zh), &note).chars().any(is_han));
}

#[test]
fn what_the_program_says_by_itself_is_told_in_each_language() {
    let told_after = |actions: Vec<Action>| {
        let mut state = AppState::new();
        for action in actions {
            apply(&mut state, action);
        }
        let notice = state.notices().last().cloned().expect("a notice");
        assert!(matches!(notice.about, About::Sentence(..) | About::Work(_)), "{notice:?}");
        check_told(&notice);
    };
    let shown =
        |model: &str, figure| vec![Action::OpenBundled(model.into()), Action::SetFigure(Some(figure))];
    told_after(shown("stretch", Figure::Turned));
    told_after(shown("photos", Figure::Derivatives));
    told_after(vec![Action::GoTo("nowhere".into())]);
    told_after(vec![LessonAction::Start("none".into()).into()]);
    told_after(vec![Action::Build(BuildAction::StartFrom("none".into()))]);
}
