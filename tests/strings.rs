//! Every word stands in both languages, every glyph is in the fonts, and every key that the program
//! asks for is there.
#![cfg(feature = "window")]

use convstep::{
    app::{AppState, Lang, command},
    nn::{
        Activation, Mode, Network,
        hyperparameter::Value,
        loss::Loss,
        optimizer::{Optimizer, Rule},
        spec::*,
    },
    trace::{Grain, Pass, Plan, Setup},
    ui::{fonts, say, strings::Words},
};
use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

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
fn each_string_stands_in_both_languages_with_the_same_placeholders() {
    let (en, zh) = (words("en"), words("zh"));
    assert!(en.len() > 150, "only {} strings were found", en.len());
    for (key, text) in &en {
        let other = zh.get(key).unwrap_or_else(|| panic!("{key} is missing in Chinese"));
        let allowed = placeholders(text);
        for name in placeholders(other) {
            assert!(allowed.contains(&name), "{key}: the Chinese text asks for %{{{name}}}");
        }
    }
    for key in zh.keys() {
        assert!(en.contains_key(key), "{key} is missing in English");
    }
}

#[test]
fn the_fonts_have_each_glyph() {
    let ctx = egui::Context::default();
    fonts::install(&ctx);
    ctx.run_ui(egui::RawInput::default(), |_| ()).drop_without_applying_deltas();
    let font = egui::FontId::proportional(14.0);
    for lang in ["en", "zh"] {
        for (key, text) in words(lang) {
            for c in text.chars().filter(|c| !c.is_whitespace()) {
                assert!(ctx.fonts_mut(|f| f.has_glyph(&font, c)), "{key}: no glyph for {c:?}");
            }
        }
    }
}

fn has(key: &str) {
    for lang in [Lang::En, Lang::Zh] {
        assert_ne!(Words(lang).text(key), key, "{key} has no text in {lang:?}");
    }
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
        has(&format!("looks.name.{}", method.name()));
        has(&format!("looks.says.{}", method.name()));
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
            has(&format!("build.field.{}", field.name));
            has(&format!("build.field.{}_tip", field.name));
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
        Kind::MaxPool2d(MaxPoolSpec { kernel: pool, stride: None, padding: Pair::square(0) }),
        conv(false),
        Kind::AvgPool2d(AvgPoolSpec {
            kernel: pool,
            stride: None,
            padding: Pair::square(0),
            count_include_pad: true,
        }),
        Kind::Dropout(DropoutSpec::default()),
        Kind::GlobalAvgPool2d,
        Kind::Flatten,
        Kind::Dense(DenseSpec { out_features: 3, bias: true }),
        Kind::Softmax,
    ];
    let kinds = Activation::ALL.map(Kind::Activation).into_iter().chain(kinds);
    let layers = kinds.enumerate().map(|(n, kind)| LayerSpec::new(format!("l{n}"), kind)).collect();
    Network::build([1, 16, 16], layers, loss).expect("a network of every layer")
}

#[test]
fn every_stage_has_its_sentence() {
    for loss in [Loss::CrossEntropy, Loss::Mse] {
        let network = Arc::new(every_layer(loss));
        for mode in [Mode::Eval, Mode::Train] {
            for rule in Rule::ALL {
                let optimizer = Optimizer { rule, weight_decay: 0.1, ..Optimizer::default() };
                let setup = Setup { images: 2, mode, optimizer, ..Setup::default() };
                let plan = Plan::new(Arc::clone(&network), setup);
                for stage in plan.stages() {
                    has(&say::key(&plan, stage));
                }
            }
        }
    }
}

#[test]
fn the_fresh_start_has_a_prediction() {
    let state = AppState::new();
    let (class, p) = state.prediction();
    assert!(class < state.model().network.classes() && p > 0.0);
}
