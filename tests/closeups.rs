//! Every kind of stage has a close-up that draws at any moment, at the sizes that must work.
#![cfg(feature = "window")]

mod frame;

use convstep::app::{Action, AppState, Digits, Lang, apply};
use convstep::data::{Content, Loaded, samples};
use convstep::model_io::{Architecture, Model, bundled};
use convstep::nn::{
    Activation, Mode,
    init::Init,
    optimizer::{Optimizer, Rule},
    spec::Kind,
};
use convstep::tensor::Tensor;
use convstep::trace::{Address, Move, Plan};
use convstep::ui::{number, shell, strings::Words, theme::Theme, view::Memory};
use egui::{Context, RawInput, Rect, Vec2};
use frame::draw;
use image::DynamicImage;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const SIZES: [Vec2; 2] = [Vec2::new(1280.0, 720.0), Vec2::new(1024.0, 768.0)];

/// Networks that have every layer between them, in small.
const NETWORKS: [(&str, &str); 8] = [
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

/// What an arithmetic expression comes to, by the rules of school; its numbers as f32 where `1` says so.
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
                assert!(texts.iter().any(|text| text.contains(formula)), "{address}: no {formula:?}");
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
        trace.tensor(Plan::input_of(1)).expect("made"),
        trace.tensor(Plan::input_of(2)).expect("made"),
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
    let average = format!("Average (1,2) = {}", number::four_digits(as_avg[6]));
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
    ] {
        apply(&mut seen, Action::GoTo(text.into()));
        wish.into_iter().for_each(|wish| drop(apply(&mut seen, wish)));
        visit(&format!("seen-{}.png", text.replace(['/', '(', ')', ','], "_")), text, &seen);
    }
    for (name, mut state) in [("shapes", shapes), ("normed", normed), ("squares", squares), ("odd", odd)] {
        for address in addresses(&state).into_iter().skip(1).step_by(3) {
            let text = state.plan().text(&address);
            // Updates are alike but for their tensor; the network for shapes has many layers of a kind.
            let is_known = match name {
                "shapes" => {
                    !["conv1", "relu1", "pool1", "fc", "loss"].iter().any(|layer| text.contains(layer))
                }
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

/// The part of a window of 1280x720 pixels that the close-up fills: left, top, width and height.
const CLOSEUP: [u32; 4] = [368, 84, 580, 476];
/// The colours of the pictures kept: so many from 0 to 255 in each channel.
const LEVELS: u8 = 16;

/// How the close-ups look, at full size: a picture of each one in tests/golden, its colours rounded to 16 levels. After
/// a wanted change, `CONVSTEP_GOLDEN=write cargo test --test closeups every_closeup` writes all of them anew; look at
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

/// The same in full, light and dark, to look at: `CONVSTEP_FRAMES=DIR cargo test --test closeups -- --ignored`;
/// `CONVSTEP_FRAMES_SIZE=1024x768` for another size than 1280x720, `CONVSTEP_FRAMES_LANG=zh` in Chinese.
#[test]
#[ignore = "writes pictures for a person to look at"]
fn frames() {
    let Ok(directory) = std::env::var("CONVSTEP_FRAMES") else { return };
    let size = std::env::var("CONVSTEP_FRAMES_SIZE").unwrap_or_else(|_| "1280x720".into());
    let (width, height) = size.split_once('x').expect("a size such as 1024x768");
    let size = [width, height].map(|side| side.parse().expect("a size such as 1024x768"));
    let lang = match std::env::var("CONVSTEP_FRAMES_LANG") {
        Ok(lang) if lang == "zh" => Lang::Zh,
        Ok(_) | Err(_) => Lang::En,
    };
    each_closeup(|file, _, state| {
        let mut state = state.clone();
        apply(&mut state, Action::SetLang(lang));
        for (theme, dark) in [("light", false), ("dark", true)] {
            let frame = convstep::ui::render::render(&state, size, 1.0, dark);
            frame.save(format!("{directory}/{theme}-{file}")).expect("a writable directory");
        }
    });
}
