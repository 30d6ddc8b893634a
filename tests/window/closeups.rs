//! Every kind of stage has a close-up that draws at any moment, at the sizes that must work.

use crate::frame::draw;
use convstep::app::{Action, AppState, Digits, Lang, apply};
use convstep::data::{Content, Loaded, samples};
use convstep::model_io::{Architecture, Model, bundled, presets};
use convstep::nn::{
    Activation, Mode,
    init::Init,
    optimizer::{Optimizer, Rule},
    spec::Kind,
};
use convstep::tensor::Tensor;
use convstep::trace::{Address, Depth, Move};
use convstep::ui::{
    names, number,
    room::{Presenting, Room, Wants},
    shell,
    strings::Words,
    theme::Theme,
    view::Memory,
};
use egui::{Context, RawInput, Rect, Vec2};
use image::DynamicImage;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const SIZES: [Vec2; 2] = [Vec2::new(1280.0, 720.0), Vec2::new(1024.0, 768.0)];

/// Networks that have every layer between them, in small.
const NETWORKS: [(&str, &str); 16] = [
    (
        "normed",
        r#"
input = [2, 8, 8]
classes = ["a", "b", "c"]
layers = [
    { name = "conv", kind = "conv2d", out_channels = 3, kernel = 3, padding = 1 },
    { name = "bn", kind = "batch_norm2d" },
    { name = "leaky", kind = "leaky_relu", slope = 0.1 },
    { name = "avg", kind = "avg_pool2d", kernel = 3, stride = 2, padding = 1, count_include_pad = false },
    { name = "tanh", kind = "tanh" },
    { name = "drop", kind = "dropout", p = 0.4 },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 3 },
]
"#,
    ),
    (
        "squares",
        r#"
input = [1, 7, 9]
loss = { kind = "mse" }
layers = [
    { name = "pool", kind = "max_pool2d", kernel = 3, stride = 2, padding = 1 },
    { name = "sigmoid", kind = "sigmoid" },
    { name = "gap", kind = "global_avg_pool2d" },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 5, bias = false },
    { name = "relu", kind = "relu" },
    { name = "out", kind = "dense", out_features = 4 },
    { name = "soft", kind = "softmax" },
]
"#,
    ),
    (
        "volume",
        r#"
input = [3, 6, 5]
layers = [
    { name = "soft", kind = "softmax" },
    { name = "bn", kind = "batch_norm2d" },
    { name = "drop", kind = "dropout" },
]
"#,
    ),
    (
        "rest",
        r#"
input = [1, 5, 5]
layers = [
    { name = "pool", kind = "max_pool2d", kernel = 2, stride = 3 },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 2 },
]
"#,
    ),
    (
        "wide",
        r#"
input = [40, 7, 7]
layers = [
    { name = "relu", kind = "relu" },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 300 },
]
"#,
    ),
    (
        "odd",
        r#"
input = [2, 11, 9]
loss = { kind = "mse" }
layers = [
    { name = "conv", kind = "conv2d", out_channels = 4, kernel = 3, stride = [2, 1], padding = [2, 1], groups = 2, normalize = true },
    { name = "bn", kind = "batch_norm2d" },
    { name = "far", kind = "conv2d", out_channels = 3, kernel = [3, 2], stride = 2, dilation = 2, bias = false },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 2 },
]
"#,
    ),
    (
        "slopes",
        r#"
input = [2, 3, 4]
layers = [
    { name = "one", kind = "prelu" },
    { name = "each", kind = "prelu", per_channel = true },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 6 },
    { name = "features", kind = "prelu", per_channel = true },
    { name = "out", kind = "dense", out_features = 2 },
]
"#,
    ),
    (
        "groups",
        r#"
input = [4, 3, 2]
layers = [
    { name = "gn", kind = "group_norm", groups = 2 },
    { name = "plain", kind = "group_norm", groups = 2, affine = false },
    { name = "inorm", kind = "instance_norm" },
    { name = "scaled", kind = "instance_norm", affine = true },
    { name = "ln", kind = "layer_norm" },
    { name = "flatten", kind = "flatten" },
    { name = "features", kind = "group_norm", groups = 3 },
    { name = "vector", kind = "layer_norm" },
    { name = "fc", kind = "dense", out_features = 2 },
]
"#,
    ),
    (
        "neighbours",
        r#"
input = [6, 3, 2]
layers = [
    { name = "lrn", kind = "local_response_norm", size = 3, alpha = 0.9, k = 2 },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 2 },
]
"#,
    ),
    (
        "one",
        r#"
input = [1, 1, 1]
layers = [{ name = "fc", kind = "dense", out_features = 1 }]
loss = { kind = "mse" }
"#,
    ),
    (
        "two",
        r#"
input = [1, 4, 4]
classes = ["cat", "dog"]
layers = [
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 1 },
]
"#,
    ),
    (
        "uneven",
        r#"
input = [1, 9, 8]
layers = [
    { name = "conv", kind = "conv2d", out_channels = 2, kernel = 4, padding = 1, padding_end = 2 },
    { name = "far", kind = "max_pool2d", kernel = [2, 3], stride = 2, padding = 1, padding_end = 0, dilation = 2, ceil_mode = true },
    { name = "avg", kind = "avg_pool2d", kernel = 2, padding_end = [0, 1], ceil_mode = true },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 2 },
]
"#,
    ),
    (
        "joined",
        r#"
input = [2, 5, 4]
layers = [
    { name = "conv", kind = "conv2d", out_channels = 2, kernel = 3, padding = 1 },
    { name = "relu", kind = "relu" },
    { name = "sum", kind = "add", inputs = ["relu", "input", "relu", "conv", "input"] },
    { name = "gap", kind = "global_avg_pool2d", inputs = ["relu"] },
    { name = "scaled", kind = "multiply", inputs = ["sum", "gap"] },
    { name = "product", kind = "multiply", inputs = ["scaled", "relu", "sum"] },
    { name = "both", kind = "concat", inputs = ["product", "conv", "input"] },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 3 },
]
"#,
    ),
    (
        "stamped",
        r#"
input = [2, 3, 4]
loss = { kind = "mse" }
layers = [
    { name = "up", kind = "conv_transpose2d", out_channels = 4, kernel = 3, stride = 2, padding = 1, output_padding = [1, 0], groups = 2 },
    { name = "relu", kind = "relu" },
    { name = "out", kind = "conv_transpose2d", out_channels = 1, kernel = [2, 3], stride = [3, 1], dilation = [1, 2], padding = [0, 1], padding_end = [1, 2], bias = false },
]
"#,
    ),
    (
        "line",
        r#"
input = [3, 20]
layers = [
    { name = "conv", kind = "conv1d", out_channels = 4, kernel = 5, padding = 2 },
    { name = "relu", kind = "relu" },
    { name = "pool", kind = "max_pool1d", kernel = 2 },
    { name = "up", kind = "conv_transpose1d", out_channels = 2, kernel = 3, stride = 2 },
    { name = "mean", kind = "avg_pool1d", kernel = 3 },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 3 },
]
"#,
    ),
    (
        "enlarged",
        r#"
input = [1, 4, 3]
layers = [
    { name = "zeros", kind = "zero_pad2d", padding = [0, 1], padding_end = [1, 2] },
    { name = "mirror", kind = "reflection_pad2d", padding = 1 },
    { name = "edge", kind = "replication_pad2d", padding = [1, 0], padding_end = [0, 2] },
    { name = "up", kind = "upsample_nearest2d", scale = 2 },
    { name = "smooth", kind = "upsample_bilinear2d", scale = [1, 2] },
    { name = "exact", kind = "upsample_nearest_exact2d", size = [9, 12] },
    { name = "cubic", kind = "upsample_bicubic2d", size = [8, 11], align_corners = true },
    { name = "filters", kind = "conv2d", out_channels = 6, kernel = 1 },
    { name = "shuffle", kind = "channel_shuffle", groups = 2 },
    { name = "slice", kind = "slice_channels", start = 1, count = 2, step = 3 },
    { name = "more", kind = "zero_pad2d", padding = 0, channels = [1, 0] },
    { name = "cut", kind = "crop2d", start = [0, 1], size = [8, 5], step = [1, 2] },
    { name = "windows", kind = "adaptive_avg_pool2d", output_size = [4, 5] },
    { name = "most", kind = "adaptive_max_pool2d", output_size = [2, 5] },
    { name = "gmp", kind = "global_max_pool2d" },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 2 },
]
"#,
    ),
];

fn open(name: &str, toml: &str) -> AppState {
    let architecture = Architecture::parse(toml).expect(name);
    let model = Model::initial(name, architecture, Init::He, 7).expect(name);
    let [c, h, w] = model.network.input;
    let mut bits = 1u32;
    // Steps of a quarter, so that ties and zeros occur.
    let values = Tensor::from_shape_simple_fn((1, c, h, w), || {
        bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (bits >> 28) as f32 / 4.0 - 2.0
    });
    let picture = Loaded { name: "numbers".into(), content: Content::Values(values), label: None };
    AppState::open(model, picture).expect(name)
}

/// For each stage: a cell in its first, middle and last part, at its first and last term.
fn addresses(state: &AppState) -> Vec<Address> {
    let plan = state.plan();
    let mut found = Vec::new();
    for (s, stage) in plan.stages().iter().enumerate() {
        let cells = stage.cells() as u32;
        for (cell, term) in [(0, 0), (cells / 2, stage.terms / 2), (cells - 1, stage.terms - 1)] {
            found.push(Address::stage_cell(0, 0, s, cell).with_term(term));
        }
    }
    found
}

fn draw_all(state: &mut AppState) {
    for (k, address) in addresses(state).into_iter().enumerate() {
        let action = Action::visit(state.plan(), &address);
        apply(state, action);
        draw(state, SIZES[k % 2], k % 3 == 0);
    }
    // A cell that the cursor has not reached, and given tensors.
    let last = addresses(state).last().copied();
    apply(state, Action::Go(Move::Start));
    for address in last.into_iter().chain(addresses(state).into_iter().step_by(7)) {
        let action = Action::look(state.plan(), &address);
        apply(state, action);
        draw(state, SIZES[0], false);
    }
    let given: Vec<_> = state.plan().given().collect();
    for tensor in given {
        let address = state.plan().writer(tensor, 0, 0, 0);
        let action = Action::look(state.plan(), &address);
        apply(state, action);
        draw(state, SIZES[1], true);
    }
}

#[test]
fn bundled_models_draw_at_every_stage() {
    for known in bundled::models() {
        let model = bundled::load(known.name).expect("a bundled model");
        let picture = samples::load(known.default_sample).expect("a bundled sample");
        let mut state = AppState::open(model, picture).expect("they fit");
        draw_all(&mut state);
    }
}

#[test]
fn every_layer_draws_in_evaluation_and_training() {
    for (name, toml) in NETWORKS {
        for mode in [Mode::Eval, Mode::Train] {
            let mut state = open(name, toml);
            apply(&mut state, Action::SetMode(mode));
            draw_all(&mut state);
        }
    }
}

#[test]
fn every_activation_draws() {
    let mut toml = "input = [1, 2, 3]\n".to_owned();
    for name in Activation::ALL.map(|activation| Kind::Activation(activation).name()) {
        toml += &format!("[[layers]]\nname = \"my_{name}\"\nkind = \"{name}\"\n");
    }
    draw_all(&mut open("activations", &(toml + "[loss]\nkind = \"mse\"\n")));
}

#[test]
fn the_networks_have_every_kind_of_layer() {
    for starter in Kind::starters() {
        let name = format!("kind = \"{}\"", starter.name());
        let is_there = NETWORKS.iter().any(|(_, toml)| toml.contains(&name));
        // These are drawn one after the other.
        assert!(is_there || matches!(starter, Kind::Activation(_)), "{name} is in no network");
    }
}

#[test]
fn every_rule_of_update_draws_in_chinese() {
    let (name, toml) = NETWORKS[0];
    for rule in Rule::ALL {
        let mut state = open(name, toml);
        apply(&mut state, Action::SetLang(Lang::Zh));
        let optimizer = Optimizer { rule, learning_rate: 0.1, weight_decay: 0.01 };
        apply(&mut state, Action::SetOptimizer(optimizer));
        draw_all(&mut state);
        let last = addresses(&state).last().expect("stages").at_time(3);
        let action = Action::visit(state.plan(), &last);
        apply(&mut state, action);
        draw(&state, SIZES[0], false);
    }
}

/// All texts of a frame, as a screen reader gets them.
fn texts(ctx: &Context, state: &AppState, memory: &mut Memory) -> Vec<String> {
    let screen_rect = Some(Rect::from_min_size(egui::Pos2::ZERO, SIZES[0]));
    let input = RawInput { screen_rect, ..RawInput::default() };
    let output = ctx.run_ui(input, |ui| {
        shell::window_ui(ui, state, memory);
    });
    let update = output.platform_output.accesskit_update.clone().expect("a tree of the window");
    output.drop_without_applying_deltas();
    let text = |node: &egui::accesskit::Node| node.value().or(node.label()).map(str::to_owned);
    update.nodes.iter().filter_map(|(_, node)| text(node)).collect()
}

/// The value of an arithmetic expression by the usual precedence; its numbers are read as f32 where `1` is
/// set.
struct Reader<'a>(&'a str, bool);

impl Reader<'_> {
    fn value(text: &str, single: bool) -> Option<f64> {
        let mut reader = Reader(text, single);
        reader.sum().filter(|_| reader.0.trim().is_empty())
    }

    fn eat(&mut self, token: &str) -> bool {
        let rest = self.0.trim_start().strip_prefix(token);
        rest.map(|rest| self.0 = rest).is_some()
    }

    fn sum(&mut self) -> Option<f64> {
        let mut sum = self.product()?;
        loop {
            if self.eat("+") {
                sum += self.product()?;
            } else if self.eat("−") {
                sum -= self.product()?;
            } else {
                return Some(sum);
            }
        }
    }

    fn product(&mut self) -> Option<f64> {
        let mut product = self.factor()?;
        loop {
            if self.eat("·") {
                product *= self.factor()?;
            } else if self.eat("÷") {
                product /= self.factor()?;
            } else {
                return Some(product);
            }
        }
    }

    fn factor(&mut self) -> Option<f64> {
        if self.eat("−") {
            return Some(-self.factor()?);
        }
        if self.eat("√") {
            return Some(self.factor()?.sqrt());
        }
        for (name, function) in [
            ("exp(", f64::exp as fn(f64) -> f64),
            ("ln(", f64::ln),
            ("tanh(", f64::tanh),
            ("σ(", |x| 1.0 / (1.0 + (-x).exp())),
            ("Φ(", normal_cdf),
            ("(", |x| x),
        ] {
            if self.eat(name) {
                let inner = function(self.sum()?);
                return self.eat(")").then(|| self.power(inner));
            }
        }
        if self.eat("min(") {
            let first = self.sum()?;
            let second = self.eat(",").then(|| self.sum())??;
            return self.eat(")").then(|| first.min(second));
        }
        if self.eat("π") {
            return Some(std::f64::consts::PI);
        }
        if self.eat("max(") {
            let first = self.sum()?;
            let second = self.eat(",").then(|| self.sum())??;
            return self.eat(")").then(|| first.max(second));
        }
        if self.eat("∞") {
            return Some(f64::INFINITY);
        }
        let text = self.0.trim_start();
        let mut before = ' ';
        let end = text.find(|c: char| {
            let belongs = c.is_ascii_digit() || c == '.' || c == 'e' || (c == '−' && before == 'e');
            before = c;
            !belongs
        });
        let (number, rest) = text.split_at(end.unwrap_or(text.len()));
        self.0 = rest;
        let number = number.replace('−', "-");
        let number = if self.1 { f64::from(number.parse::<f32>().ok()?) } else { number.parse().ok()? };
        Some(self.power(number))
    }

    fn power(&mut self, base: f64) -> f64 {
        if self.eat("²") {
            base * base
        } else if self.eat("³") {
            base * base * base
        } else if self.eat("^") {
            self.factor().map_or(f64::NAN, |exponent| base.powf(exponent))
        } else {
            base
        }
    }
}

/// The distribution function of the standard normal distribution, by Simpson's rule.
fn normal_cdf(x: f64) -> f64 {
    const STEPS: usize = 400;
    let density = |t: f64| (-0.5 * t * t).exp() / std::f64::consts::TAU.sqrt();
    let step = x / STEPS as f64;
    let weight = |k: usize| match k {
        0 | STEPS => 1.0,
        k if k % 2 == 1 => 4.0,
        _ => 2.0,
    };
    0.5 + (0..=STEPS).map(|k| weight(k) * density(k as f64 * step)).sum::<f64>() * step / 3.0
}

/// A network of every activation, each by itself at the picture's size.
fn activations() -> String {
    let mut toml = "input = [1, 4, 4]\nloss = { kind = \"mse\" }\n".to_owned();
    for activation in Activation::ALL {
        let key = activation.key();
        toml += &format!("[[layers]]\nname = \"the_{key}\"\nkind = \"{key}\"\n");
    }
    toml
}

#[test]
fn each_activation_has_its_title_and_formula_in_both_languages() {
    let ctx = Context::default();
    ctx.enable_accesskit();
    Theme::by_darkness(false).apply(&ctx);
    let mut memory = Memory::default();
    let mut state = open("activations", &activations());
    let mut sums = 0;
    for lang in [Lang::En, Lang::Zh] {
        apply(&mut state, Action::SetLang(lang));
        for activation in Activation::ALL {
            let back = Words(lang).fill("closeup.act_back", &[("name", activation.title())]);
            let titles = [activation.title().to_owned(), back];
            let places = [("fwd", ""), ("bwd", ".dX")];
            for ((title, formula), (pass, part)) in titles.iter().zip(activation.formulas()).zip(places) {
                let address = format!("{pass}/the_{}{part}/k0/(1,2)/m0", activation.key());
                apply(&mut state, Action::GoTo(address.clone()));
                let texts = texts(&ctx, &state, &mut memory);
                assert!(texts.iter().any(|text| text == title), "{address}: no {title:?} in {texts:#?}");
                assert!(
                    texts.iter().any(|text| text.contains(&names::formula(formula))),
                    "{address}: no {formula:?}"
                );
                let lines: Vec<&str> = texts.iter().flat_map(|text| text.lines()).collect();
                let equations = lines.iter().filter(|line| adds_up(line, state.view().digits)).count();
                assert!(equations > 0, "{address}: no arithmetic");
                sums += equations;
            }
        }
    }
    assert!(sums >= 4 * Activation::ALL.len());
}

/// Half a unit of a printed number's last digit.
fn half_unit(text: &str) -> f64 {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len() as i32);
    let exponent: i32 = exponent.replace('−', "-").parse().expect("an exponent");
    0.5 * 10f64.powi(exponent - decimals)
}

/// An equation's line checked: false where it is none.
fn adds_up(line: &str, digits: Digits) -> bool {
    let (left, right, exact) = match (line.split_once(" = "), line.split_once(" ≈ ")) {
        (Some((left, right)), _) => (left, right, true),
        (_, Some((left, right))) => (left, right, false),
        (None, None) => return false,
    };
    // A term's number and what its operand is stand before it.
    let is_term = left.split_once(": ").is_some_and(|(name, _)| name.parse::<u32>().is_ok());
    let left = left.split_once(": ").map_or(left, |(_, left)| left);
    // Beyond six digits a number stands for the f32 that it is.
    let significant =
        |number: &str| number.chars().filter(char::is_ascii_digit).skip_while(|&c| c == '0').count();
    let apart = |c: char| !c.is_ascii_digit() && c != '.';
    let single = digits == Digits::All || line.split(apart).any(|number| significant(number) > 6);
    let Some(printed) = Reader::value(left, single) else {
        assert!(!is_term, "{line}: cannot be read");
        return false;
    };
    let result = Reader::value(right, single).unwrap_or_else(|| panic!("{line}: no result"));
    let off = if printed == result { 0.0 } else { (printed - result).abs() };
    if digits == Digits::All {
        assert!(exact, "{line}: all digits are there");
    }
    // Where it is said to be nearly so, it is five in the last digit. f32 rounds the result, and what is between.
    let rounding = if single { 2e-7 * result.abs() + 1e-44 } else { 0.0 };
    let allowed = half_unit(right) * if exact { 1.001 } else { 10.002 };
    assert!(
        off <= if digits == Digits::All { rounding } else { allowed + rounding },
        "{line}: off by {off:e}"
    );
    true
}

#[test]
fn what_is_printed_adds_up_at_each_precision() {
    let ctx = Context::default();
    ctx.enable_accesskit();
    Theme::by_darkness(false).apply(&ctx);
    let mut memory = Memory::default();
    let shapes = AppState::open(
        bundled::load("shapes").expect("a bundled model"),
        samples::load("shape-star").expect("a bundled sample"),
    );
    let mut states = vec![shapes.expect("they fit")];
    for (k, (name, toml)) in NETWORKS.into_iter().enumerate() {
        let mut state = open(name, toml);
        apply(&mut state, Action::SetMode(if k == 1 { Mode::Eval } else { Mode::Train }));
        let optimizer = Optimizer { rule: Rule::ALL[k % 4], learning_rate: 0.1, weight_decay: 0.01 };
        apply(&mut state, Action::SetOptimizer(optimizer));
        states.push(state);
    }
    let (mut lines, mut exact) = (0, 0);
    let mono = egui::FontId::monospace(14.0);
    for mut state in states {
        for address in addresses(&state) {
            let action = Action::visit(state.plan(), &address);
            apply(&mut state, action);
            for digits in Digits::ALL {
                apply(&mut state, Action::SetDigits(digits));
                let texts = texts(&ctx, &state, &mut memory);
                for c in texts.iter().flat_map(|text| text.chars()).filter(|c| !c.is_whitespace()) {
                    let is_there = ctx.fonts_mut(|fonts| fonts.has_glyph(&mono, c));
                    assert!(is_there, "{}: no glyph for {c:?}", state.plan().text(&address));
                }
                let all: Vec<&str> = texts.iter().flat_map(|text| text.lines()).collect();
                let found = all.iter().filter(|line| adds_up(line, digits));
                let found: Vec<_> = found.collect();
                let address = state.plan().text(&address);
                assert!(!found.is_empty(), "{address}: no arithmetic with {digits:?} digits");
                lines += found.len();
                exact += found.iter().filter(|line| line.contains(" = ")).count();
            }
        }
    }
    assert!(exact * 10 > lines * 9, "of {lines} lines only {exact} add up to the last digit");
}

/// The sums that stand as pictures: with the digits that a cell of each size shows, what the products come to is the
/// result, but for the rounding of each number that is printed.
#[test]
fn products_in_cells_add_up_to_their_sum_at_each_size() {
    for (name, toml) in NETWORKS {
        let mut state = open(name, toml);
        apply(&mut state, Action::SetMode(Mode::Train));
        let mut sums = 0;
        for address in addresses(&state) {
            let cell = address.whole_cell();
            let fold = state.trace().cell(&cell);
            let adds = |op| {
                use convstep::trace::TermOp::*;
                matches!(
                    op,
                    MulAdd | NegMulAdd | CrossTerm | MulSquareAdd | SquareDiffAdd | Add | Route { .. }
                )
            };
            if !fold.steps.iter().all(|step| adds(step.term.op)) || fold.steps.len() < 2 {
                continue;
            }
            sums += 1;
            // As many characters and digits as a cell has room for: see `number_plan` of the grid.
            for (chars, digits) in [(5, Some(2)), (7, Some(4)), (12, None)] {
                let print = |value| number::fit_number(value, chars, digits).expect("room for it");
                let read = |text: &str| {
                    if text == "≈0" {
                        (0.0, 1e-3)
                    } else {
                        (Reader::value(text, false).expect("a number"), half_unit(text))
                    }
                };
                let (mut sum, mut allowed) = read(&print(fold.start));
                for product in fold.steps.iter().filter_map(|step| step.product()) {
                    let (value, half) = read(&print(product));
                    (sum, allowed) = (sum + value, allowed + half);
                }
                let (result, half) = read(&print(fold.value));
                let text = state.plan().text(&cell);
                let off = (sum - result).abs();
                // f32 rounds each of the sums on the way, too.
                let rounding = 1e-6 * (1.0 + result.abs());
                assert!(off <= (allowed + half) * 1.001 + rounding, "{text}: {sum} is not {result}");
            }
        }
        assert!(sums > 0, "{name}: no sums");
    }
}

#[test]
fn a_pool_tells_what_it_throws_away_and_what_the_other_kind_would_give() {
    let (name, toml) = (
        "pools",
        r#"
input = [1, 4, 6]
layers = [
    { name = "avg", kind = "avg_pool2d", kernel = 2, stride = 1 },
    { name = "max", kind = "max_pool2d", kernel = 2, stride = 1 },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 2 },
]
"#,
    );
    let state = open(name, toml);
    let trace = state.trace();
    let [x, y, z] = [
        &trace.values().input,
        trace.tensor(state.plan().input_of(1)).expect("made"),
        trace.tensor(state.plan().input_of(2)).expect("made"),
    ];
    let as_max = trace.pooled_otherwise(0, 0, 0).expect("a pool");
    let as_avg = trace.pooled_otherwise(1, 0, 0).expect("a pool");
    assert_eq!([as_max.len(), as_avg.len()], [15, 8]);
    let taps = |x: &Tensor, i: usize, j: usize| {
        [x[[0, 0, i, j]], x[[0, 0, i, j + 1]], x[[0, 0, i + 1, j]], x[[0, 0, i + 1, j + 1]]]
    };
    assert_eq!(as_max[7], taps(x, 1, 2).into_iter().fold(f32::MIN, f32::max));
    assert_eq!(as_avg[6], taps(y, 1, 2).into_iter().sum::<f32>() / 4.0);
    assert!(trace.pooled_otherwise(2, 0, 0).is_none() && trace.thrown_away(0, 0, 0, 1).is_none());
    // One window keeps one of its four cells; two that overlap read six, and may keep the same one.
    assert_eq!(trace.thrown_away(1, 0, 0, 1), Some([3, 4]));
    let [lost, read] = trace.thrown_away(1, 0, 0, 2).expect("a maximum");
    assert_eq!((lost, read), (if z[[0, 0, 0, 0]] == z[[0, 0, 0, 1]] { 5 } else { 4 }, 6));
    assert_eq!(trace.thrown_away(1, 0, 0, 99).expect("a maximum")[1], 15);

    let mut state = open(name, toml);
    apply(&mut state, Action::Go(Move::End));
    let cell = state.plan().parse("fwd/max/k0/(1,2)").expect("an address");
    let action = Action::look(state.plan(), &cell);
    apply(&mut state, action);
    apply(&mut state, Action::ShowBothPools(true));
    let ctx = Context::default();
    ctx.enable_accesskit();
    Theme::by_darkness(false).apply(&ctx);
    let texts = texts(&ctx, &state, &mut Memory::default());
    let average = format!("Average (1,2): {}", number::four_digits(as_avg[6]));
    assert!(texts.contains(&average), "{average} is not among {texts:#?}");
}

/// Goes to each close-up that there is: what it is called, its address, the state there.
fn each_closeup(mut visit: impl FnMut(&str, &str, &AppState)) {
    let shapes = AppState::open(
        bundled::load("shapes").expect("a bundled model"),
        samples::load("shape-star").expect("a bundled sample"),
    );
    let mut normed = open(NETWORKS[0].0, NETWORKS[0].1);
    apply(&mut normed, Action::SetMode(Mode::Train));
    apply(&mut normed, Action::SetOptimizer(Optimizer { rule: Rule::ALL[3], ..Optimizer::default() }));
    let squares = open(NETWORKS[1].0, NETWORKS[1].1);
    let mut odd = open(NETWORKS[5].0, NETWORKS[5].1);
    let nesterov = Optimizer { rule: Rule::ALL[2], weight_decay: 0.01, ..Optimizer::default() };
    apply(&mut odd, Action::SetOptimizer(nesterov));
    let shapes = shapes.expect("they fit");
    let mut seen = shapes.clone();
    // What no stage makes, and what is seen on request.
    for (text, wish) in [
        ("input/k1/(12,9)", None),
        ("conv1.weight/k3,0/(1,1)", None),
        ("conv1.bias/k3", None),
        ("fwd/pool1/k2/(7,9)", Some(Action::ShowBothPools(true))),
        ("bwd/conv2.dX/k3/(4,6)", Some(Action::ShowScatter(true))),
        ("fwd/conv1/k3/(10,12)", None),
        ("fwd/conv1/k3/(10,12)/m13", None),
        ("bwd/pool1.dX/k6/(25,13)", Some(Action::ShowScatter(false))),
        ("bwd/conv2.dX/k3/(5,6)", None),
        ("fwd/conv2/k7/(3,4)", None),
    ] {
        apply(&mut seen, Action::GoTo(text.into()));
        wish.into_iter().for_each(|wish| drop(apply(&mut seen, wish)));
        visit(&format!("seen-{}.png", text.replace(['/', '(', ')', ','], "_")), text, &seen);
    }
    let of_name = |name: &str| {
        let (name, toml) = NETWORKS.iter().find(|(other, _)| *other == name).expect("a network");
        open(name, toml)
    };
    let (groups, slopes, stamped) = (of_name("groups"), of_name("slopes"), of_name("stamped"));
    let (joined, enlarged) = (of_name("joined"), of_name("enlarged"));
    let mut scattered = stamped.clone();
    apply(&mut scattered, Action::ShowScatter(true));
    for text in ["fwd/up/k1/(2,3)", "fwd/out/k0/(4,2)/m5"] {
        apply(&mut scattered, Action::GoTo(text.into()));
        visit(&format!("scattered-{}.png", text.replace(['/', '(', ')', ','], "_")), text, &scattered);
    }
    for (name, mut state) in [
        ("shapes", shapes),
        ("normed", normed),
        ("squares", squares),
        ("odd", odd),
        ("groups", groups),
        ("slopes", slopes),
        ("stamped", stamped),
        ("joined", joined),
        ("enlarged", enlarged),
    ] {
        for address in addresses(&state).into_iter().skip(1).step_by(3) {
            let text = state.plan().text(&address);
            // Updates are alike but for their tensor; the network for shapes has many layers of a kind.
            let is_known = match name {
                "shapes" => {
                    !["conv1", "relu1", "pool1", "fc", "loss"].iter().any(|layer| text.contains(layer))
                }
                // The others are these in other numbers.
                "groups" => !["/gn", "/inorm", "/ln"].iter().any(|layer| text.contains(layer)),
                "stamped" => !["/up", "/out"].iter().any(|layer| text.contains(layer)),
                "joined" => !["/sum", "/both", "/scaled", ".dY"].iter().any(|layer| text.contains(layer)),
                "enlarged" => !["/mirror", "/smooth", "/cubic", "/cut", "/shuffle"]
                    .iter()
                    .any(|layer| text.contains(layer)),
                "slopes" => !["/one", "/each", "/features"].iter().any(|layer| text.contains(layer)),
                _ => false,
            };
            if is_known || (text.contains("update/") && !text.contains("conv") && !text.contains("loss")) {
                continue;
            }
            let action = Action::visit(state.plan(), &address);
            apply(&mut state, action);
            visit(&format!("{name}-{}.png", text.replace(['/', '(', ')', ','], "_")), &text, &state);
        }
    }
}

/// The part of a window of 1280x720 pixels that the close-up fills, with its equation and legends: left, top, width and
/// height.
const CLOSEUP: [u32; 4] = [0, 132, 1280, 540];
/// The colours of the pictures kept: so many from 0 to 255 in each channel.
const LEVELS: u8 = 16;

/// What is painted in a frame: each text with its place, what it is clipped to and the size of its letters; and the
/// nodes of the accessibility tree by their labels.
struct Painted {
    texts: Vec<(String, Rect, Rect, f32, bool)>,
    nodes: Vec<(String, Rect)>,
    room: Room,
}

/// A frame of a window of so many pixels at a zoom.
fn paint(state: &AppState, pixels: [f32; 2], zoom: f32) -> Painted {
    let ctx = Context::default();
    ctx.enable_accesskit();
    Theme::by_darkness(false).apply(&ctx);
    let mut memory = Memory::default();
    let points = Vec2::from(pixels) / zoom;
    let screen = Rect::from_min_size(egui::Pos2::ZERO, points);
    let mut painted =
        Painted { texts: Vec::new(), nodes: Vec::new(), room: Room::new(points, &wants(state)) };
    for frame in 1..=3 {
        let mut input =
            RawInput { screen_rect: Some(screen), time: Some(f64::from(frame) * 0.3), ..RawInput::default() };
        if let Some(viewport) = input.viewports.get_mut(&egui::ViewportId::ROOT) {
            viewport.native_pixels_per_point = Some(zoom);
        }
        let mut output = ctx.run_ui(input, |ui| {
            shell::window_ui(ui, state, &mut memory);
        });
        let update = output.platform_output.accesskit_update.take().expect("a tree of the window");
        let shapes = std::mem::take(&mut output.shapes);
        output.drop_without_applying_deltas();
        painted.texts.clear();
        for shape in &shapes {
            text_shapes(&shape.shape, shape.clip_rect, &mut painted.texts);
        }
        let node = |(_, node): &(egui::accesskit::NodeId, egui::accesskit::Node)| {
            let bounds = node.bounds()?;
            let at = Rect::from_min_max(
                egui::pos2(bounds.x0 as f32, bounds.y0 as f32),
                egui::pos2(bounds.x1 as f32, bounds.y1 as f32),
            );
            Some((node.value().or(node.label())?.to_owned(), at))
        };
        painted.nodes = update.nodes.iter().filter_map(node).collect();
    }
    painted
}

/// What the window of a state is to show.
fn wants(state: &AppState) -> Wants {
    let view = state.view();
    Wants {
        page: view.page,
        depth: Depth::new(&state.look()),
        notice: false,
        drawer: view.drawer,
        timeline: None,
        presenting: view.presenting.then(Presenting::default),
        lesson: None,
        alone: None,
    }
}

fn text_shapes(shape: &egui::Shape, clip: Rect, texts: &mut Vec<(String, Rect, Rect, f32, bool)>) {
    match shape {
        egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| text_shapes(shape, clip, texts)),
        egui::Shape::Text(text) if !text.galley.text().trim().is_empty() => {
            let rect = text.galley.rect.translate(text.pos.to_vec2());
            let sizes = text.galley.job.sections.iter().map(|section| section.format.font_id.size);
            let size = sizes.fold(f32::MAX, f32::min);
            texts.push((text.galley.text().to_owned(), rect, clip, size, text.galley.elided));
        }
        _ => {}
    }
}

impl Painted {
    /// The places of the nodes whose label begins so.
    fn nodes(&self, front: &str) -> Vec<Rect> {
        self.nodes.iter().filter(|(label, _)| label.starts_with(front)).map(|(_, rect)| *rect).collect()
    }

    /// The labels that begin so.
    fn labels(&self, front: &str) -> Vec<&str> {
        self.nodes.iter().map(|(label, _)| label.as_str()).filter(|label| label.starts_with(front)).collect()
    }

    /// The sizes of the numbers within a rectangle.
    fn numbers_in(&self, rect: Rect) -> Vec<f32> {
        let inside = self.texts.iter().filter(|(_, at, ..)| rect.expand(2.0).contains_rect(*at));
        inside.map(|&(_, _, _, size, _)| size).collect()
    }

    /// The number at the end of a label.
    fn number(label: &str) -> f64 {
        let text = label.rsplit(' ').next().expect("a number");
        Reader::value(text, false).unwrap_or_else(|| panic!("{label}: no number"))
    }
}

fn at(model: &str, sample: &str, address: &str) -> AppState {
    at_of(bundled::load(model).expect("a bundled model"), sample, address)
}

/// A place of a model, with the cursor behind it.
fn at_of(model: Model, sample: &str, address: &str) -> AppState {
    let picture = samples::load(sample).expect("a bundled sample");
    let mut state = AppState::open(model, picture).expect("they fit");
    let address = state.plan().parse(address).expect("an address");
    let action = Action::visit(state.plan(), &address);
    apply(&mut state, action);
    // The place itself is shown, in its grain.
    let action = Action::look(state.plan(), &address);
    apply(&mut state, action);
    state
}

#[test]
fn a_convolution_has_a_row_for_each_channel_with_numbers_of_one_size() {
    let state = at("shapes", "shape-star", "fwd/conv1/k3/(10,12)");
    for (pixels, cell) in [([1280.0, 720.0], 46.0), ([1024.0, 768.0], 52.0), ([1920.0, 1080.0], 84.0)] {
        let painted = paint(&state, pixels, 1.0);
        let mut sizes = Vec::new();
        for name in ["window ", "filter ", "window × filter "] {
            let grids: Vec<Rect> = ["red", "green", "blue"]
                .iter()
                .flat_map(|channel| painted.nodes(&format!("{name}{channel}")))
                .collect();
            assert_eq!(grids.len(), 3, "{pixels:?} {name}: {:#?}", painted.nodes);
            for grid in grids {
                assert_eq!(grid.width(), 3.0 * cell + 4.0, "{pixels:?}");
                let numbers = painted.numbers_in(grid);
                assert_eq!(numbers.len(), 9, "{pixels:?} {name}");
                sizes.extend(numbers);
            }
        }
        assert!(sizes.iter().all(|&size| size == sizes[0]) && sizes[0] >= 14.0, "{pixels:?}: {sizes:?}");
        let ends = painted.texts.iter().any(|(text, ..)| text == "−0.1268");
        assert!(ends, "{pixels:?}: the equation ends in the result");
        let map = painted.nodes("conv1 output, map 3");
        if pixels[0] == 1280.0 {
            assert!(map.iter().any(|map| map.width() >= 280.0), "{map:?}");
        }
    }
}

#[test]
fn a_term_fills_its_products_one_by_one() {
    let state = at("shapes", "shape-star", "fwd/conv1/k3/(10,12)/m13");
    let painted = paint(&state, [1280.0, 720.0], 1.0);
    let products = ["red", "green", "blue"].map(|channel| {
        let grid = painted.nodes(&format!("window × filter {channel}"));
        grid.iter().map(|&grid| painted.numbers_in(grid).len()).sum::<usize>()
    });
    assert_eq!(products, [9, 5, 0], "14 products are there");
    assert!(painted.texts.iter().any(|(text, ..)| text == "0.1517"));
}

#[test]
fn a_low_room_shows_one_row_and_chips_that_add_up_and_change_it() {
    let state = at("shapes", "shape-star", "fwd/conv1/k3/(10,12)");
    for (zoom, cell) in [(1.5, 69.0), (2.0, 46.0)] {
        let painted = paint(&state, [1280.0, 720.0], zoom);
        let windows = painted.nodes("window green");
        assert_eq!(windows.len(), 1, "{zoom}: {:#?}", painted.nodes);
        assert!(
            (windows[0].width() / zoom - 3.0 * cell - 4.0).abs() < 3.0
                || (windows[0].width() - 3.0 * cell - 4.0).abs() < 3.0
        );
        let chips = ["red ", "green ", "blue ", "bias "].map(|name| {
            let labels = painted.labels(name);
            let label = labels.iter().find(|label| label.split(' ').count() == 2);
            Painted::number(label.unwrap_or_else(|| panic!("{zoom}: no chip {name}: {:#?}", painted.nodes)))
        });
        let result = Painted::number(painted.labels("result ")[0]);
        assert!((chips.iter().sum::<f64>() - result).abs() < 1e-9, "{chips:?} {result}");
    }
}

#[test]
fn channels_that_have_no_row_stand_in_one_line_and_all_adds_up() {
    let photos = bundled::models().iter().find(|model| model.name == "photos").expect("a bundled model");
    let state = at("photos", photos.default_sample, "fwd/conv2/k7/(25,18)");
    let painted = paint(&state, [1280.0, 720.0], 1.0);
    let rows = painted.labels("sum map");
    assert!(rows.len() >= 2, "{:#?}", painted.nodes);
    let more = painted.labels("+");
    assert!(more.iter().any(|label| label.contains("together")), "{more:?}");
    let shown: f64 = rows.iter().map(|row| Painted::number(row)).sum();
    let sum = shown + Painted::number(more[0]) + Painted::number(painted.labels("bias ")[0]);
    let result = Painted::number(painted.labels("result ")[0]);
    assert!((sum - result).abs() < 1e-9, "{rows:?} {more:?}: {sum} is not {result}");
    let windows = painted.nodes("window map");
    assert!(windows.iter().all(|window| window.width() >= 124.0), "{windows:?}");
}

#[test]
fn a_filter_of_five_has_all_its_numbers() {
    let model = presets::load("lenet5").and_then(|preset| preset.model(3)).expect("a preset");
    let state = at_of(model, "digit-7", "fwd/conv1/k2/(9,11)");
    let painted = paint(&state, [1280.0, 720.0], 1.0);
    let sizes: Vec<f32> = ["window ", "filter ", "window × filter "]
        .iter()
        .flat_map(|name| painted.nodes(&format!("{name}grey")))
        .flat_map(|grid| painted.numbers_in(grid))
        .collect();
    assert_eq!(sizes.len(), 75, "{:#?}", painted.nodes);
    assert!(sizes.iter().all(|&size| size >= 13.0));
}

#[test]
fn a_pool_says_what_arrives_who_won_and_what_leaves() {
    let state = at("shapes", "shape-star", "bwd/pool1.dX/k6/(25,13)");
    let painted = paint(&state, [1280.0, 720.0], 1.0);
    let texts = |text: &str| painted.texts.iter().filter(|(other, ..)| other == text).collect::<Vec<_>>();
    let arrives = texts("0.00671");
    assert_eq!(arrives.len(), 2, "it arrives, and it leaves: {:#?}", painted.texts);
    let winner = texts("0.234");
    assert_eq!(winner.len(), 1);
    // Side by side, from left to right.
    assert!(arrives[0].1.right() < winner[0].1.left() && winner[0].1.right() < arrives[1].1.left());
    assert!([arrives[0], arrives[1], winner[0]].iter().all(|text| (20.0..=24.0).contains(&text.3)));
    let zeros = texts("0").into_iter().filter(|text| text.3 >= 20.0 && text.1.left() > winner[0].1.right());
    assert_eq!(zeros.count(), 3);
    let flat = painted.texts.iter().find(|(text, ..)| text.contains("235") || text.contains("[ "));
    assert!(flat.is_none(), "{flat:?}");
    assert!(painted.texts.iter().any(|(text, ..)| text.contains("all of the gradient goes to it")));
}

#[test]
fn the_channel_of_the_term_always_has_a_row() {
    let photos = bundled::models().iter().find(|model| model.name == "photos").expect("a bundled model");
    for channel in [0, 13, 31] {
        let place = format!("fwd/conv2/k7/(25,18)/m{}", 9 * channel + 4);
        let painted = paint(&at("photos", photos.default_sample, &place), [1280.0, 720.0], 1.0);
        let window = painted.nodes(&format!("window map {channel}"));
        assert_eq!(window.len(), 1, "{place}: {:#?}", painted.labels("window"));
    }
}

#[test]
fn a_click_on_a_chip_shows_its_channel() {
    let state = at("shapes", "shape-star", "fwd/conv1/k3/(10,12)");
    let ctx = Context::default();
    ctx.enable_accesskit();
    Theme::by_darkness(false).apply(&ctx);
    let mut memory = Memory::default();
    let mut frame = |events: Vec<egui::Event>| {
        let screen_rect = Some(Rect::from_min_size(egui::Pos2::ZERO, Vec2::new(853.0, 480.0)));
        let input = RawInput { screen_rect, events, ..RawInput::default() };
        let mut output = ctx.run_ui(input, |ui| {
            shell::window_ui(ui, &state, &mut memory);
        });
        let update = output.platform_output.accesskit_update.take().expect("a tree of the window");
        output.drop_without_applying_deltas();
        let node = |(_, node): &(egui::accesskit::NodeId, egui::accesskit::Node)| {
            let bounds = node.bounds()?;
            let middle =
                egui::pos2((bounds.x0 + bounds.x1) as f32 / 2.0, (bounds.y0 + bounds.y1) as f32 / 2.0);
            Some((node.value().or(node.label())?.to_owned(), middle))
        };
        update.nodes.iter().filter_map(node).collect::<Vec<_>>()
    };
    let window = |nodes: &[(String, egui::Pos2)]| {
        let window = nodes.iter().find(|(label, _)| label.starts_with("window ") && !label.contains('×'));
        window.map(|(label, _)| label.clone()).unwrap_or_default()
    };
    frame(Vec::new());
    let nodes = frame(Vec::new());
    assert_eq!(window(&nodes), "window green");
    let chip = nodes.iter().find(|(label, _)| label.starts_with("red ")).expect("a chip");
    let button = |pressed| egui::Event::PointerButton {
        pos: chip.1,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: egui::Modifiers::NONE,
    };
    frame(vec![egui::Event::PointerMoved(chip.1)]);
    frame(vec![button(true)]);
    frame(vec![button(false)]);
    assert_eq!(window(&frame(Vec::new())), "window red");
}

#[test]
fn a_presenter_has_large_cells_and_a_large_equation() {
    let mut state = at("shapes", "shape-star", "fwd/conv1/k3/(10,12)/m13");
    apply(&mut state, Action::Present(true));
    // Sizes in pixels: a presenter's points are larger.
    let zoom = Room::presented_zoom(720.0);
    let painted = paint(&state, [1280.0, 720.0], zoom);
    let window = painted.nodes("window green");
    assert!(window.iter().any(|window| window.width() * zoom >= 3.0 * 56.0), "{:#?}", painted.nodes);
    let sizes: Vec<f32> = window.iter().flat_map(|&grid| painted.numbers_in(grid)).collect();
    assert!(sizes.len() == 9 && sizes.iter().all(|&size| size * zoom >= 20.0), "{sizes:?}");
    let equation = painted.texts.iter().find(|(text, ..)| text == "0.1517").expect("the result");
    assert!((equation.3 * zoom - 34.0).abs() < 0.1, "{}", equation.3 * zoom);
}

/// At every size and zoom of the design nothing of a close-up is cut off or smaller than can be read.
#[test]
fn nothing_of_a_close_up_is_cut() {
    let windows = [
        ([1024.0, 768.0], 1.0),
        ([1280.0, 720.0], 1.0),
        ([1280.0, 720.0], 1.5),
        ([1280.0, 720.0], 2.0),
        ([1920.0, 1080.0], 1.0),
    ];
    let mut n = 0;
    each_closeup(|_, address, state| {
        n += 1;
        let mut state = state.clone();
        apply(&mut state, Action::SetLang(if n % 2 == 0 { Lang::Zh } else { Lang::En }));
        let address = state.plan().parse(address).expect("an address");
        let action = Action::look(state.plan(), &address);
        apply(&mut state, action);
        for (pixels, zoom) in windows {
            let painted = paint(&state, pixels, zoom);
            let place = format!("{} at {pixels:?}, {zoom}", state.plan().text(&address));
            let lines = painted.room.equation.into_iter().chain(painted.room.legend);
            let regions: Vec<Rect> = lines.chain([painted.room.stage]).collect();
            for (text, rect, clip, size, elided) in &painted.texts {
                let Some(region) = regions.iter().find(|region| region.contains(rect.center())) else {
                    continue;
                };
                let is_inside =
                    region.expand(2.0).contains_rect(*rect) && clip.expand(2.0).contains_rect(*rect);
                if !clip.intersects(*rect) {
                    continue;
                }
                // A long table scrolls.
                let scrolls = ["loss", "soft", "lrn"].iter().any(|table| place.contains(table));
                if scrolls && region.height() > clip.height() + 2.0 && clip.intersects(*rect) {
                    continue;
                }
                assert!(!elided, "{place}: {text:?} is cut short");
                assert!(is_inside, "{place}: {text:?} at {rect:?} leaves {region:?} or {clip:?}");
                assert!(*size >= 13.0, "{place}: {text:?} has letters of {size}");
            }
        }
    });
    assert!(n > 40);
}

/// How the close-ups look, at full size: a picture of each one in tests/golden, its colours rounded to 16 levels. After
/// a wanted change, `CONVSTEP_GOLDEN=write cargo test --test window closeups::every_closeup` writes all of them anew; look at
/// what changed.
#[test]
fn every_closeup_looks_as_it_did() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let writes = std::env::var("CONVSTEP_GOLDEN").is_ok_and(|what| what == "write");
    let kept = || fs::read_dir(&folder).expect("tests/golden").map(|entry| entry.expect("a picture").path());
    if writes {
        kept().for_each(|file| fs::remove_file(file).expect("a writable folder"));
    }
    let step = 255 / (LEVELS - 1);
    let (mut wrong, mut files) = (Vec::new(), BTreeSet::new());
    each_closeup(|file, text, state| {
        let frame = convstep::ui::render::render(state, [1280, 720], 1.0, files.len() % 2 == 1);
        let [left, top, width, height] = CLOSEUP;
        let mut now = DynamicImage::from(frame).crop_imm(left, top, width, height).into_rgb8();
        now.iter_mut()
            .for_each(|channel| *channel = (*channel / step + u8::from(*channel % step > step / 2)) * step);
        let file = folder.join(file);
        assert!(files.insert(file.clone()), "{text}: two pictures of this name");
        if writes {
            let to = std::io::BufWriter::new(fs::File::create(&file).expect("a writable folder"));
            let encoder = PngEncoder::new_with_quality(to, CompressionType::Best, FilterType::NoFilter);
            now.write_with_encoder(encoder).expect("a writable folder");
            return;
        }
        let Ok(golden) = image::open(&file).map(DynamicImage::into_rgb8) else {
            wrong.push(format!("{}: no such picture", file.display()));
            return;
        };
        assert_eq!(golden.dimensions(), now.dimensions(), "{text}");
        // A colour at the edge of two levels may fall on either side; a wrong digit is off by many levels.
        let differ = |(a, b): &(&image::Rgb<u8>, &image::Rgb<u8>)| {
            a.0.iter().zip(b.0).any(|(&a, b)| a.abs_diff(b) > step)
        };
        let changed = golden.pixels().zip(now.pixels()).filter(differ).count();
        if changed > 3 {
            wrong.push(format!("{text}: {changed} pixels differ from {}", file.display()));
        }
    });
    assert!(files.len() > 40, "{} close-ups", files.len());
    let stale: Vec<_> = kept().filter(|file| !files.contains(file)).collect();
    assert!(stale.is_empty(), "of no close-up: {stale:?}");
    assert!(wrong.is_empty(), "{wrong:#?}\nif they are as they should be, CONVSTEP_GOLDEN=write");
}

/// The same in full, light and dark, to look at: `CONVSTEP_FRAMES=DIR cargo test --test window closeups:: -- --ignored`;
/// `CONVSTEP_FRAMES_SIZE=1024x768` for another size than 1280x720, `CONVSTEP_FRAMES_ZOOM=1.5` for another zoom,
/// `CONVSTEP_FRAMES_LANG=zh` in Chinese.
#[test]
#[ignore = "writes pictures for a person to look at"]
fn frames() {
    let Ok(directory) = std::env::var("CONVSTEP_FRAMES") else { return };
    let size = std::env::var("CONVSTEP_FRAMES_SIZE").unwrap_or_else(|_| "1280x720".into());
    let (width, height) = size.split_once('x').expect("a size such as 1024x768");
    let size = [width, height].map(|side| side.parse().expect("a size such as 1024x768"));
    let zoom = std::env::var("CONVSTEP_FRAMES_ZOOM").map_or(1.0, |zoom| zoom.parse().expect("a number"));
    let lang = match std::env::var("CONVSTEP_FRAMES_LANG") {
        Ok(lang) if lang == "zh" => Lang::Zh,
        Ok(_) | Err(_) => Lang::En,
    };
    each_closeup(|file, address, state| {
        let mut state = state.clone();
        let address = state.plan().parse(address).expect("an address");
        let action = Action::look(state.plan(), &address);
        apply(&mut state, action);
        apply(&mut state, Action::SetLang(lang));
        for (theme, dark) in [("light", false), ("dark", true)] {
            let frame = convstep::ui::render::render(&state, size, zoom, dark);
            frame.save(format!("{directory}/{theme}-{file}")).expect("a writable directory");
        }
    });
}
