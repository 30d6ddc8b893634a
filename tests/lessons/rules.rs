//! The misconceptions of the lessons: what each one makes of the numbers of the bundled networks, beside the right ones,
//! and how often it can be told from them.

use convstep::app::{beat_scene, lesson_scene};
use convstep::data::Permutation;
use convstep::lesson::{
    Answer, Ask, Beat, BeatPage, Choice, Edit, EditChange, Evaluator, Expression, Function, Item, Kind,
    Lesson, Query, Rule, Scene, Setting, Value, Variables, Verdict, bundled, rule, rules, substitute,
};
use convstep::trace::{Address, Grain};
use std::collections::{BTreeMap, BTreeSet};

/// A network with a picture and the edits of a beat.
#[derive(Clone, PartialEq)]
struct At {
    setting: Setting,
    /// Edits that the learner has seen undone.
    edits: Vec<Edit>,
}

fn at(model: &str, picture: &str, label: &str) -> At {
    let label = (!label.is_empty()).then(|| label.to_owned());
    let setting = Setting {
        model: model.into(),
        picture: picture.into(),
        folder: Default::default(),
        label,
        shift: [0, 0],
        rate: None,
        edits: Vec::new(),
    };
    At { setting, edits: Vec::new() }
}

fn star() -> At {
    at("shapes", "shape-star", "star")
}

fn by_hand() -> At {
    at("article-backprop", "article-3x3", "3")
}

fn circle() -> At {
    at("pattern", "pattern-circle", "curve")
}

impl At {
    fn rate(mut self, rate: f64) -> Self {
        self.setting.rate = Some(rate);
        self
    }

    fn set(mut self, target: &str, change: EditChange) -> Self {
        self.edits.push(Edit { target: target.into(), change });
        self
    }

    fn scene(&self) -> Scene {
        let before = lesson_scene(&self.setting).expect("a scene");
        if self.edits.is_empty() {
            return before;
        }
        let setting = Setting { edits: self.edits.clone(), ..self.setting.clone() };
        Scene { before: Some(Box::new(before)), ..lesson_scene(&setting).expect("a scene") }
    }

    /// The scene that follows another one.
    fn after(&self, before: &Self) -> Scene {
        Scene { before: Some(Box::new(before.scene())), ..self.scene() }
    }
}

/// The answer to an expression, rightly or as a learner with a misconception gives it.
fn answer(scene: &Scene, expression: &str, believed: Option<&str>) -> Option<Answer> {
    let variables = Variables::new();
    let parsed = Expression::parse(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    let evaluator = Evaluator::new(scene, None, &variables);
    let evaluator = match believed {
        Some(id) => evaluator.believing(rule(id).unwrap_or_else(|| panic!("there is no rule {id}"))),
        None => evaluator,
    };
    evaluator.answer(&parsed).unwrap_or_else(|error| panic!("{expression}: {error}"))
}

/// A number with four significant digits, counts as they are, cells by address.
fn shown(scene: &Scene, answer: &Answer) -> String {
    match answer {
        Answer::Number(number) => four(number.value),
        Answer::Sign(_) | Answer::Cells(_) | Answer::Place(_) | Answer::Order(_) | Answer::Met(_) => {
            answer.print(scene.plan(), 4)
        }
    }
}

fn four(value: f64) -> String {
    match value.fract() == 0.0 && value.abs() < 1e9 {
        true => value.to_string(),
        false => format!("{:.3e}", value),
    }
}

/// What is expected, in the same form.
fn expected(text: &str) -> String {
    text.parse::<f64>().map_or_else(|_| text.to_owned(), four)
}

/// An expression, its right answer, and what each rule makes of it.
type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

/// All faults of a table.
fn check(scene: &Scene, rows: &[Row]) {
    let mut faults = Vec::new();
    for (expression, right, wrong) in rows {
        let got = answer(scene, expression, None).map(|answer| shown(scene, &answer));
        if got.as_deref() != Some(&expected(right)) {
            faults.push(format!("{expression}: expected {right}, got {got:?}"));
        }
        for (id, wrong) in *wrong {
            let got = answer(scene, expression, Some(id)).map(|answer| shown(scene, &answer));
            let wanted = (!wrong.is_empty()).then(|| expected(wrong));
            if got != wanted {
                faults.push(format!("{expression} as {id}: expected {wanted:?}, got {got:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn pictures_are_counted_and_read() {
    check(
        &star().scene(),
        &[
            ("length(input)", "3072", &[("colour-forgotten", "1024")]),
            ("count(input)", "3072", &[("colour-forgotten", "1024")]),
            ("length(flatten)", "384", &[("colour-forgotten", "16")]),
            ("value(input/k0/(16,16))", "-0.2157", &[("raw-pixels", "0.3922")]),
            ("source(fwd/flatten/k17)", "fwd/pool3/k1/(0,1)", &[("flatten-hwc", "fwd/pool3/k17/(0,0)")]),
            ("value(fwd/flatten/k17)", "2.150", &[("flatten-hwc", "0")]),
            ("index(fwd/pool3/k1/(0,1))", "17", &[("flatten-hwc", "25")]),
        ],
    );
    check(&at("digits", "digit-7", "7").scene(), &[("length(input)", "784", &[("colour-forgotten", "")])]);
    let scene = star().set("input/k0/(16,16)", EditChange::Number(0.0)).scene();
    check(&scene, &[("value(input/k0/(16,16))", "-1", &[("raw-pixels", "0")])]);
}

#[test]
fn sizes_follow_from_window_stride_and_padding() {
    let scene = |model| at(model, "shape-star", "").scene();
    check(
        &scene("slide-7"),
        &[
            ("stride(conv1)", "1", &[("jump-by-width", "7")]),
            ("width(conv1)", "26", &[("jump-by-width", "4"), ("size-minus", "25"), ("same-size", "32")]),
            ("unseen(conv1)", "0", &[("blind-at-one", "4")]),
            ("windows(conv1, input/k0/(0,0))", "1", &[("seen-alike", "49")]),
            ("windows(conv1, input/k0/(0,16))", "7", &[("seen-alike", "49")]),
            ("readers(input/k0/(16,16))", "49", &[("seen-alike", "49")]),
        ],
    );
    check(
        &scene("slide-7-2"),
        &[("width(conv1)", "13", &[("round-up", "14")]), ("unseen(conv1)", "1", &[("blind-at-one", "")])],
    );
    check(
        &scene("slide-7-3"),
        &[("width(conv1)", "9", &[("round-up", "10")]), ("unseen(conv1)", "1", &[("blind-at-one", "")])],
    );
    check(
        &scene("slide-7-p3"),
        &[
            ("width(conv1)", "32", &[("size-minus", "31"), ("same-size", ""), ("round-up", "")]),
            ("windows(conv1, input/k0/(0,0))", "16", &[("seen-alike", "49")]),
        ],
    );
    check(
        &at("digits", "digit-7", "7").scene(),
        &[("width(conv1)", "24", &[("jump-by-width", "5"), ("size-minus", "23"), ("same-size", "28")])],
    );
}

#[test]
fn padding_is_grey() {
    check(
        &star().scene(),
        &[
            ("value(fwd/conv1/k0/(31,31))", "0.6370", &[("pad-black", "1.430")]),
            ("value(fwd/conv1/k0/(31,14))", "0.0007712", &[("pad-copies", "0.08812")]),
            ("value(fwd/conv1/k0/(14,14))", "-0.2037", &[("pad-black", ""), ("pad-copies", "")]),
            ("padded(fwd/conv1/k0/(31,31))", "15", &[]),
        ],
    );
}

#[test]
fn parameters_are_those_of_the_filters() {
    check(
        &star().scene(),
        &[
            ("params(conv1)", "224", &[("params-by-picture", "229376"), ("params-no-bias", "216")]),
            ("params(conv2)", "1168", &[("params-no-bias", "1152"), ("one-plane", "160")]),
            ("filter_params(conv1)", "28", &[("one-plane", "10"), ("params-no-bias", "27")]),
            ("maps(conv2)", "16", &[("maps-multiply", "128")]),
            ("reads(fwd/conv3/k0/(4,4))", "18", &[("field-is-kernel", "3")]),
        ],
    );
    check(
        &at("stretch", "shape-star", "star").scene(),
        &[("params(fc)", "24584", &[("params-no-bias", "24576")])],
    );
    check(
        &at("photos", "scene", "").scene(),
        &[
            ("terms(fwd/conv2/k0/(10,10))", "289", &[("one-plane", "10")]),
            ("params(conv2)", "9248", &[("params-no-bias", "9216")]),
        ],
    );
}

#[test]
fn a_convolution_adds_up_all_channels() {
    let cell = "value(fwd/conv1/k2/(19,20))";
    check(
        &star().scene(),
        &[
            (
                cell,
                "3.214",
                &[
                    ("one-plane", "0.7188"),
                    ("same-plane", "2.885"),
                    ("channel-mean", "1.170"),
                    ("bias-each-plane", "3.509"),
                    ("divide-always", "0.2614"),
                    ("no-division", ""),
                    ("flip-forward", "-1.890"),
                    ("positives-only", "3.594"),
                ],
            ),
            (
                "value(fwd/conv2/k5/(8,8))",
                "-0.4736",
                &[("one-plane", "-0.1179"), ("channel-mean", "-0.1851"), ("positives-only", "0.8058")],
            ),
            ("value(fwd/fc/k4)", "12.39", &[("positives-only", "33.66")]),
        ],
    );
}

#[test]
fn a_score_is_agreement() {
    let circle = circle();
    check(
        &circle.scene(),
        &[
            ("which(fwd/best1/k0, fwd/best1/k1)", "0", &[("most-ink", "1")]),
            (
                "value(fwd/conv1/k0/(11,13))",
                "1",
                &[("no-division", "75"), ("divide-always", ""), ("one-plane", "")],
            ),
            ("value(fwd/conv1/k0/(11,13)) * filter_pixels(conv1)", "75", &[("one-plane", "25")]),
            ("value(fwd/conv1/k0/(0,0))", "0.04", &[("blank-is-zero", "0"), ("no-division", "3")]),
            ("value(fwd/conv1/k1/(0,0))", "-0.2", &[("blank-is-zero", "0"), ("no-division", "-15")]),
            ("value(fwd/conv1/k1/(13,11))", "0.44", &[("blank-is-zero", "")]),
            ("differ_in_window(fwd/conv1/k1/(13,11))", "7", &[("score-is-share", "14")]),
            (
                "largest(fwd/conv1/k0)",
                "fwd/conv1/k0/(11,13)",
                &[("window-by-centre", "fwd/conv1/k0/(13,15)")],
            ),
        ],
    );
    let square = at("pattern", "pattern-square", "line");
    check(&square.after(&circle), &[("which(fwd/best1/k0, fwd/best1/k1)", "1", &[("same-as-before", "0")])]);
    let half = circle.clone().set("input", EditChange::Scale(0.5)).scene();
    check(
        &half,
        &[
            ("value(fwd/conv1/k0/(11,13))", "0.5", &[("score-is-likeness", "1")]),
            ("max(fwd/conv1/k1)", "0.22", &[("score-is-likeness", "0.44")]),
        ],
    );
    let turned = circle.set("conv1.weight/k0", EditChange::Turn).scene();
    check(
        &turned,
        &[(
            "largest(fwd/conv1/k0)",
            "fwd/conv1/k0/(15,13)",
            &[("turn-changes-nothing", "fwd/conv1/k0/(11,13)")],
        )],
    );
    check(&square.scene(), &[("value(fwd/conv1/k0/(11,13))", "0.04", &[("score-is-likeness", "")])]);
}

#[test]
fn activations_let_positives_through() {
    check(
        &at("digits", "digit-7", "7").scene(),
        &[
            ("value(fwd/relu1/k2/(9,17))", "0", &[("relu-abs", "8.128")]),
            ("value(fwd/relu1/k1/(3,9))", "2.345", &[]),
            ("which(fwd/relu1/k4/(10,20), fwd/relu1/k1/(3,9))", "1", &[("own-scale", "0")]),
            ("value(fwd/relu1/k2/(0,0))", "0.4086", &[("blank-is-zero", "0")]),
        ],
    );
}

#[test]
fn a_max_pool_passes_the_largest_on() {
    check(
        &star().scene(),
        &[
            (
                "value(fwd/pool1/k2/(7,3))",
                "3.232",
                &[("pool-mean", "1.807"), ("pool-sum", "7.227"), ("pool-first", "2.311")],
            ),
            ("winner(fwd/pool1/k2/(7,3))", "fwd/relu1/k2/(14,7)", &[("pool-first", "fwd/relu1/k2/(14,6)")]),
            ("value(fwd/pool1/k5/(1,15))", "0", &[("pool-across", "1.081"), ("pool-mean", "")]),
            ("params(pool1)", "0", &[("pool-learns", "32")]),
            ("width(pool3)", "4", &[("pool-size", "5"), ("same-size", "8")]),
            ("maps(pool3)", "24", &[("pool-across", "1")]),
            ("share_dropped(pool3)", "75", &[("same-size", "0")]),
        ],
    );
    check(
        &at("mnist", "digit-7", "7").scene(),
        &[("value(fwd/pool1/k3/(4,5))", "0.2336", &[("pool-mean", "0.06747")])],
    );
}

#[test]
fn a_shift_changes_what_is_pooled() {
    let mut by_one = star();
    by_one.setting.shift = [1, 0];
    let scene = by_one.after(&star());
    check(
        &scene,
        &[
            ("differ(fwd/pool1)", "949", &[("shift-proof", "0")]),
            ("differ(fwd/pool2)", "703", &[("shift-proof", "0")]),
            ("differ(fwd/pool3)", "241", &[("shift-proof", "0")]),
            ("prob(4)", "0.9969", &[("shift-proof", "0.9921")]),
            ("sign(differ(fwd/pool1))", "+", &[("shift-proof", "0")]),
        ],
    );
    let mut by_two = star();
    by_two.setting.shift = [2, 0];
    let scene = by_two.after(&star());
    let Some(Answer::Number(moved)) = answer(&scene, "moved(fwd/pool1)", None) else { panic!("a count") };
    assert!(moved.value >= 1664.0, "all inner cells move along, got {}", moved.value);
}

#[test]
fn probability_and_loss() {
    check(
        &at("shapes", "shape-arrow", "arrow").scene(),
        &[
            ("value(loss/loss.prob/k7)", "0.8685", &[("share", "-0.02165"), ("softmax-twice", "0.2504")]),
            ("prob(7)", "0.8685", &[("share", "-0.02165")]),
            ("value(loss/loss)", "0.1410", &[("loss-is-miss", "0.1315")]),
            ("loss", "0.1410", &[("loss-is-miss", "0.1315")]),
            (
                "order(loss/loss.max, loss/loss.shift, loss/loss.exp, loss/loss.sum, loss/loss.prob)",
                "0 1 2 3 4",
                &[("order-sum-first", "3 0 1 2 4")],
            ),
        ],
    );
    check(&at("shapes", "shape-star", "arrow").scene(), &[("loss", "4.967", &[("loss-is-miss", "0.9930")])]);
    check(
        &at("digits", "digit-7", "7").scene(),
        &[("value(loss/loss.prob/k7)", "0.9884", &[("share", "-0.2523")])],
    );
}

#[test]
fn the_busiest_map_need_not_matter() {
    check(
        &star().scene(),
        &[
            ("sum(fwd/relu1/k5)", "187.1", &[]),
            ("sum(fwd/relu1/k6)", "50.18", &[]),
            ("prob_without(fwd/relu1/k5)", "0.9988", &[]),
            ("prob_without(fwd/relu1/k6)", "0.4518", &[]),
            ("needed(fwd/relu1/k5, fwd/relu1/k6)", "1", &[("busiest-map", "0")]),
            ("sign(prob_without(fwd/relu1/k5) - prob_without(fwd/relu1/k6))", "+", &[("busiest-map", "−")]),
        ],
    );
    let blank = star().set("conv1.weight/k3", EditChange::Blank).scene();
    check(&blank, &[("prob(4)", "0.9647", &[("same-as-before", "0.9921")])]);
    let blank = star().set("conv1.weight/k2", EditChange::Blank).scene();
    check(&blank, &[("prob(2)", "0.9965", &[]), ("answer()", "2", &[("same-as-before", "4")])]);
}

#[test]
fn the_gradient_of_the_loss() {
    check(
        &star().scene(),
        &[
            ("value(bwd/loss.dX/k4)", "-0.007897", &[("error-sign", "0.007897"), ("only-true-class", "")]),
            ("value(bwd/loss.dX/k7)", "0.006967", &[("only-true-class", "0"), ("error-sign", "-0.006967")]),
            ("sign(value(bwd/loss.dX/k4))", "−", &[("error-sign", "+")]),
        ],
    );
    check(&by_hand().scene(), &[("value(bwd/loss.dX/k0/(1,0))", "3", &[("error-sign", "-3")])]);
}

#[test]
fn the_gradient_of_a_weight() {
    let scene = by_hand().scene();
    check(
        &scene,
        &[
            ("value(bwd/conv1.dW/k0,0/(0,0))", "18.75", &[]),
            (
                "value(bwd/conv1.dW/k0,0/(0,1))",
                "9.5",
                &[("dw-one-place", "4"), ("dw-mean", "2.375"), ("dw-ignores-input", "10.5")],
            ),
            ("terms(bwd/conv1.dW/k0,0/(0,1))", "4", &[("dw-one-place", "1")]),
            ("value(bwd/conv1.dW/k0,0/(1,0))", "14", &[("flip-forward", "17.5")]),
            ("value(bwd/conv1.dW/k0,0/(1,1))", "25.5", &[]),
            ("minus_sign(bwd/conv1.dW/k0,0/(0,1))", "−", &[("ascent", "+")]),
        ],
    );
    check(
        &star().scene(),
        &[
            (
                "value(bwd/conv1.dW/k0,0/(1,1))",
                "-0.007264",
                &[("dw-one-place", "-0.001348"), ("dw-ignores-input", "-0.03419")],
            ),
            ("value(bwd/conv1.db/k0)", "-0.03419", &[("db-mean", "-0.00003339")]),
            ("terms(bwd/conv1.dW/k0,0/(1,1))", "1024", &[("dw-one-place", "1")]),
        ],
    );
    check(&at("digits", "digit-7", "7").scene(), &[("value(bwd/conv1.dW/k2,0/(2,2))", "0.002818", &[])]);
    let changed = by_hand().set("input/k0/(1,2)", EditChange::Number(-2.0)).scene();
    check(&changed, &[("value(bwd/conv1.dW/k0,0/(0,1))", "-5.5", &[])]);
}

#[test]
fn the_gradient_of_an_input() {
    check(
        &by_hand().scene(),
        &[
            ("value(fwd/conv1/k0/(0,0))", "2.5", &[("flip-forward", "1")]),
            ("value(fwd/conv1/k0/(0,1))", "4.5", &[("flip-forward", "4")]),
            ("value(fwd/conv1/k0/(1,0))", "6", &[("flip-forward", "8.5")]),
            ("value(fwd/conv1/k0/(1,1))", "9", &[("flip-forward", "4.5")]),
            ("value(bwd/conv1.dX/k0/(1,1))", "4.625", &[("dx-unturned", "8.5"), ("overlap-assign", "4")]),
            ("value(bwd/conv1.dX/k0/(0,0))", "1.25", &[("overlap-assign", "")]),
            ("value(bwd/conv1.dX/k0/(2,2))", "8", &[("dx-unturned", "4"), ("overlap-assign", "")]),
            ("windows(conv1, input/k0/(0,0))", "1", &[("seen-alike", "4")]),
            ("readers(input/k0/(1,1))", "4", &[("seen-alike", "4")]),
            ("kept(conv1)", "9", &[("order-nothing-kept", "0")]),
        ],
    );
    check(
        &star().scene(),
        &[("value(bwd/conv2.dX/k4/(13,4))", "-0.001293", &[("dx-unturned", "-0.002700")])],
    );
    let overlap = at("overlap", "overlap-3x3", "0").scene();
    check(&overlap, &[("value(bwd/pool1.dX/k0/(1,1))", "9.5", &[("overlap-assign", "2.5")])]);
    let mut symmetric = by_hand();
    for (target, number) in [("(0,0)", 1.0), ("(0,1)", 2.0), ("(1,0)", 2.0), ("(1,1)", 1.0)] {
        symmetric = symmetric.set(&format!("conv1.weight/k0,0/{target}"), EditChange::Number(number));
    }
    let scene = symmetric.scene();
    assert_eq!(answer(&scene, "value(bwd/conv1.dX/k0/(1,1))", Some("dx-unturned")), None);
    assert_eq!(answer(&scene, "value(fwd/conv1/k0/(1,1))", Some("flip-forward")), None);
}

#[test]
fn gates_on_the_way_back() {
    check(
        &star().scene(),
        &[
            (
                "value(bwd/pool1.dX/k2/(14,6))",
                "0",
                &[("pool-grad-all", "-0.002047"), ("pool-grad-shared", "-0.0005118"), ("pool-grad-one", "")],
            ),
            (
                "value(bwd/pool1.dX/k2/(14,7))",
                "-0.002047",
                &[("pool-grad-all", ""), ("pool-grad-shared", "-0.0005118"), ("pool-grad-one", "1")],
            ),
            ("value(bwd/relu1.dX/k3/(15,9))", "-0.001935", &[("relu-by-gradient", "0"), ("relu-open", "")]),
            ("value(bwd/relu1.dX/k0/(6,12))", "0", &[("relu-open", "0.0001049"), ("relu-by-gradient", "")]),
            (
                "source(bwd/conv2.dX/k0/(12,10))",
                "bwd/pool1.dX/k0/(25,21)",
                &[(
                    "pool-grad-all",
                    "bwd/pool1.dX/k0/(24,20) bwd/pool1.dX/k0/(24,21) bwd/pool1.dX/k0/(25,20)",
                )],
            ),
            (
                "winner(fwd/pool1/k0/(12,10))",
                "fwd/relu1/k0/(25,21)",
                &[("pool-grad-all", "fwd/relu1/k0/(24,20) fwd/relu1/k0/(24,21) fwd/relu1/k0/(25,20)")],
            ),
            (
                "smaller(bwd/pool1.dX/k0/(24,20), bwd/pool1.dX/k0/(24,21), bwd/pool1.dX/k0/(25,20), \
                 bwd/pool1.dX/k0/(25,21))",
                "3",
                &[("pool-grad-all", "0")],
            ),
        ],
    );
}

#[test]
fn orders_of_computing() {
    check(
        &by_hand().scene(),
        &[(
            "order(fwd/conv1, loss/loss, bwd/loss.dX, bwd/conv1.dW, update/conv1.weight)",
            "0 1 2 3 4",
            &[("forward-order-back", "0 1 3 2 4"), ("update-before-backward", "0 1 4 2 3")],
        )],
    );
    check(
        &star().scene(),
        &[(
            "order(bwd/conv1.dW, bwd/fc.dX, bwd/conv3.dX, bwd/loss.dX)",
            "3 1 2 0",
            &[("forward-order-back", "0 2 1 3")],
        )],
    );
}

#[test]
fn the_update() {
    let scene = by_hand().rate(0.01).scene();
    check(
        &scene,
        &[
            (
                "value(update/conv1.weight/k0,0/(0,1))",
                "-1.095",
                &[("ascent", "-0.905"), ("no-rate", "-10.5"), ("update-is-gradient", "9.5")],
            ),
            ("loss", "31.625", &[]),
            ("loss_after", "20.14", &[]),
        ],
    );
    check(
        &star().rate(0.01).scene(),
        &[(
            "value(update/conv1.weight/k0,0/(1,1))",
            "0.02275",
            &[("ascent", "0.02261"), ("no-rate", "0.02994"), ("update-is-gradient", "-0.007264")],
        )],
    );
}

#[test]
fn a_larger_rate_need_not_be_faster() {
    check(&by_hand().rate(0.001).scene(), &[("loss - loss_after", "1.274", &[("bigger-rate-faster", "")])]);
    check(
        &by_hand().rate(0.05).scene(),
        &[("loss - loss_after", "29.60", &[("bigger-rate-faster", "64.40")])],
    );
    let scene = by_hand().rate(0.1).scene();
    check(
        &scene,
        &[
            ("loss_after", "42.02", &[("bigger-rate-faster", "-97.18")]),
            ("sign_of_change(loss)", "+", &[("bigger-rate-faster", "−")]),
            ("loss_after(0.05)", "2.022", &[]),
        ],
    );
    check(
        &at("shapes", "shape-star", "arrow").rate(0.001).scene(),
        &[("loss_after", "0.3352", &[]), ("loss_after(0.0001)", "4.364", &[])],
    );
}

#[test]
fn a_batch_updates_by_the_mean() {
    check(
        &star().scene(),
        &[
            ("value_of(shape-arrow, bwd/conv1.dW/k0,0/(1,1))", "-0.3498", &[]),
            ("batch_mean(shape-arrow, bwd/conv1.dW/k0,0/(1,1))", "-0.1785", &[("batch-sum", "-0.3570")]),
        ],
    );
}

#[test]
fn gradients_vanish_and_explode() {
    let scene = at("vanishing", "digit-7", "7").scene();
    check(
        &scene,
        &[
            ("norm(bwd/conv12.dW)", "2.480", &[("equal-share-back", "")]),
            ("norm(bwd/conv1.dW)", "0.000003562", &[("equal-share-back", "2.480")]),
            ("value(bwd/sigmoid1.dX/k0/(0,0))", "1.474e-8", &[("slope-one", "5.898e-8")]),
        ],
    );
    let scene = at("exploding", "digit-7", "7").scene();
    let Some(Answer::Cells(cells)) = answer(&scene, "first_not_finite()", None) else { panic!("cells") };
    assert_eq!(cells[0].time(), 1, "in the second training step");
    check(&scene, &[("sign_of_change(loss)", "0", &[("bigger-rate-faster", "−")])]);
}

#[test]
fn the_brightest_pixel_need_not_matter() {
    let in_all = "bwd/conv1.dX/k0/(24,16) bwd/conv1.dX/k1/(24,16) bwd/conv1.dX/k2/(24,16)";
    let in_green = "bwd/conv1.dX/k1/(6,29) bwd/conv1.dX/k1/(22,4)";
    check(
        &star().scene(),
        &[
            ("farthest(bwd/conv1.dX)", "bwd/conv1.dX/k1/(14,5)", &[("bright-is-important", in_all)]),
            ("farthest(bwd/conv1.dX/k1)", "bwd/conv1.dX/k1/(14,5)", &[("bright-is-important", in_green)]),
            ("largest_abs(bwd/conv1.dX)", "0.01106", &[]),
        ],
    );
}

#[test]
fn equal_filters_stay_equal() {
    let twins = at("twins", "article-3x3", "b");
    let after = "differ(update/conv1.weight/k0,0, update/conv1.weight/k1,0)";
    let signed = "sign(value(update/conv1.weight/k0,0/(0,0)) - value(update/conv1.weight/k1,0/(0,0)))";
    check(
        &twins.scene(),
        &[
            (after, "0", &[("drift-apart", "4"), ("stay-together", "0")]),
            (signed, "0", &[("drift-apart", "+")]),
            ("value(bwd/conv1.dW/k1,0/(0,0))", "0.5982", &[]),
        ],
    );
    let parted = twins.set("fc.weight/k0,4", EditChange::Number(0.15)).scene();
    check(
        &parted,
        &[
            (after, "3", &[("drift-apart", ""), ("stay-together", "0")]),
            (signed, "+", &[("stay-together", "0")]),
            ("value(update/conv1.weight/k1,0/(0,0))", "0.9935", &[("stay-together", "0.9940")]),
        ],
    );
}

/// How often, of 200 cells drawn at random, a rule's answer prints otherwise than the right one.
fn separates(scene: &Scene, id: &str, stages: &[&str], counts: &dyn Fn(&Address) -> bool) -> usize {
    let plan = scene.plan();
    let cells: Vec<Address> = stages
        .iter()
        .flat_map(|text| {
            let whole = plan.parse(text).expect("a stage");
            assert_eq!(whole.grain(), Grain::Layer);
            (0..plan.shape_at(&whole).len() as u32).map(move |cell| whole.with_cell(cell))
        })
        .filter(counts)
        .collect();
    let drawn = Permutation::shuffle(cells.len() as u64, 7, 0);
    let drawn = (0..200).map(|n| cells[drawn.at(n % cells.len() as u64) as usize]);
    let says = rule(id).expect("a rule").answer;
    let is_other = |cell: &Address| {
        let query = Query { function: Function::Value, arguments: vec![Value::Place(*cell)] };
        let right = Answer::value(scene.trace.finished(cell)).print(plan, 4);
        says(scene, &query).is_some_and(|wrong| wrong.print(plan, 4) != right)
    };
    drawn.filter(is_other).count()
}

#[test]
fn rules_separate_as_often_as_was_found() {
    let scene = star().rate(0.01).scene();
    let plan = scene.plan().clone();
    let any = |_: &Address| true;
    let is_border = |cell: &Address| {
        let [_, _, i, j] = plan.shape_at(cell).at(cell.cell() as usize);
        [i, j].iter().any(|at| *at == 0 || *at == 31)
    };
    let value = |text: &str, cell: &Address| {
        scene.trace.finished(&plan.parse(text).expect("a stage").with_cell(cell.cell()))
    };
    let has_gradient = |cell: &Address| value("bwd/pool1.dX", cell) != 0.0;
    let is_open = |cell: &Address| has_gradient(cell) && value("fwd/conv1", cell) > 0.0;
    let mut faults = Vec::new();
    let mut rate = |ids: &[&str], found: usize, stages: &[&str], counts: &dyn Fn(&Address) -> bool| {
        let (low, high) = if found >= 199 { (196, 200) } else { (found.saturating_sub(25), found + 25) };
        for id in ids {
            let got = separates(&scene, id, stages, counts);
            if !(low..=high).contains(&got) {
                faults.push(format!("{id}: found {found} of 200, now {got}"));
            }
        }
    };
    let forward = ["fwd/conv1", "fwd/conv2", "fwd/conv3"];
    let sums =
        ["one-plane", "same-plane", "channel-mean", "bias-each-plane", "divide-always", "flip-forward"];
    rate(&sums, 200, &forward, &any);
    rate(&["positives-only", "jump-by-width"], 199, &forward, &any);
    rate(&["pad-black", "pad-copies"], 200, &["fwd/conv1"], &is_border);
    let pools = ["fwd/pool1", "fwd/pool2", "fwd/pool3"];
    rate(&["pool-mean"], 109, &pools, &any);
    rate(&["pool-sum"], 88, &pools, &any);
    rate(&["pool-across"], 175, &pools, &any);
    rate(&["relu-abs"], 134, &["fwd/relu1", "fwd/relu2", "fwd/relu3"], &any);
    rate(&["dw-one-place", "dw-mean", "dw-ignores-input"], 200, &["bwd/conv1.dW", "bwd/conv2.dW"], &any);
    rate(&["db-mean"], 200, &["bwd/conv1.db"], &any);
    rate(&["dx-unturned"], 200, &["bwd/conv2.dX", "bwd/conv3.dX"], &any);
    let pooled = ["bwd/pool1.dX", "bwd/pool2.dX", "bwd/pool3.dX"];
    rate(&["pool-grad-all"], 149, &pooled, &any);
    rate(&["pool-grad-shared"], 200, &pooled, &any);
    rate(&["pool-grad-one"], 59, &pooled, &any);
    rate(&["relu-by-gradient"], 94, &["bwd/relu1.dX"], &is_open);
    rate(&["relu-open"], 100, &["bwd/relu1.dX"], &has_gradient);
    rate(&["ascent"], 178, &["update/conv1.weight"], &any);
    rate(&["no-rate", "update-is-gradient"], 200, &["update/conv1.weight"], &any);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// All lessons' files.
fn lessons() -> Vec<Lesson> {
    let folders =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/lessons")).expect("a folder");
    let files = folders.map(|entry| entry.expect("an entry").path().join("lesson.toml"));
    let read = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a text");
        Lesson::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let mut lessons: Vec<Lesson> = files.filter(|path| path.is_file()).map(read).collect();
    lessons.sort_by_key(|lesson| lesson.number);
    lessons
}

/// The questions of a lesson that have an answer in the numbers, each with its beat's scene. What the experiment
/// measures is not known before it has run.
fn questions(lesson: &Lesson) -> Vec<(&Beat, &Ask, Scene)> {
    let has_answer = |ask: &Ask| !matches!(ask.kind, Kind::Think | Kind::Change);
    let asks = lesson.beats.iter().enumerate().filter(|(_, beat)| beat.page != BeatPage::Experiment);
    let asks = asks.filter_map(|(index, beat)| Some((index, beat, beat.ask.as_ref()?)));
    let asks = asks.filter(|(_, _, ask)| has_answer(ask));
    let with_scene = |(index, beat, ask): (usize, _, _)| {
        (beat, ask, beat_scene(lesson, index).unwrap_or_else(|error| panic!("{}: {error}", lesson.id)))
    };
    asks.map(with_scene).collect()
}

/// What a learner who holds a rule answers to an item; `None` where the rule says nothing about it.
fn believed(scene: &Scene, ask: &Ask, item: &Item, rule: &'static Rule) -> Option<Answer> {
    let text = match (&ask.right, &ask.within, ask.kind) {
        (_, _, Kind::Order) => format!("order({})", ask.items.join(", ")),
        (Some(right), ..) => right.clone(),
        (None, Some(map), Kind::Cell) => format!("largest({map})"),
        (None, ..) => "value".to_owned(),
    };
    let text = substitute(&text, &item.variables).expect("variables");
    let expression = Expression::parse(&text).expect("an expression");
    let evaluator = Evaluator::new(scene, item.at, &item.variables).believing(rule);
    evaluator.answer(&expression).expect("an answer")
}

#[test]
fn right_and_wrong_print_differently_and_no_misconception_is_left_out() {
    const SEEDS: u64 = 500;
    let mut faults = Vec::new();
    let mut met: BTreeMap<&str, Vec<String>> = rules().map(|rule| (rule.id, Vec::new())).collect();
    for lesson in &lessons() {
        for (beat, ask, scene) in questions(lesson) {
            let name = format!("{}.{}", lesson.id, beat.id);
            let mut offered = BTreeSet::new();
            for seed in 0..if ask.vary.is_empty() { 1 } else { SEEDS } {
                let item = match Item::draw(beat, &scene, seed, 4) {
                    Ok(item) => item,
                    Err(error) => {
                        faults.push(format!("{name}, seed {seed}: {error}"));
                        continue;
                    }
                };
                let texts: BTreeSet<&str> = item.options.iter().map(|option| option.text.as_str()).collect();
                if texts.len() < item.options.len() {
                    faults.push(format!("{name}, seed {seed}: options print alike"));
                }
                let right = item.right.as_ref().expect("an answer");
                if item.judge(right) != Verdict::Right {
                    faults.push(format!(
                        "{name}, seed {seed}: the right answer is told {:?}",
                        item.judge(right)
                    ));
                }
                for rule in item.options.iter().flat_map(|option| &option.rules) {
                    offered.insert(rule.id);
                    let place = item.refutation(rule, ask, &scene);
                    let is_there = place.is_none_or(|place| scene.plan().has(&place));
                    assert!(is_there, "{name}: {rule:?} is refuted nowhere");
                }
            }
            let silent: Vec<_> = ask.wrong.iter().filter(|id| !offered.contains(id.as_str())).collect();
            if !silent.is_empty() {
                faults.push(format!("{name}: no option of {silent:?}"));
            }
            offered.iter().for_each(|id| met.entry(id).or_default().push(name.clone()));
        }
    }
    met.iter().for_each(|(id, questions)| println!("{id}: {}", questions.join(", ")));
    // This one waits for what the experiment measures.
    let unmet: Vec<_> =
        met.iter().filter(|(id, found)| found.is_empty() && **id != "dense-needs-order").collect();
    assert!(faults.is_empty() && unmet.is_empty(), "{}\nmet nowhere: {unmet:?}", faults.join("\n"));
}

#[test]
fn a_believer_is_told_his_rule_and_no_other() {
    const SEEDS: u64 = 5;
    let mut faults = Vec::new();
    for lesson in &lessons() {
        let questions = questions(lesson);
        for seed in 0..SEEDS {
            let items: Vec<_> = questions
                .iter()
                .filter_map(|(beat, ask, scene)| {
                    Some((beat, ask, scene, Item::draw(beat, scene, seed, 4).ok()?))
                })
                .collect();
            for id in &lesson.meets {
                let believer = rule(id).unwrap_or_else(|| panic!("{}: no rule {id}", lesson.id));
                let (mut applied, mut told) = (0, None);
                for (beat, ask, scene, item) in &items {
                    let name = format!("{}.{} (seed {seed})", lesson.id, beat.id);
                    let Some(answer) = believed(scene, ask, item, believer) else { continue };
                    let same = |option: &&Choice| option.rules.iter().any(|rule| rule.id == *id);
                    let is_offered = item.options.iter().any(|option| same(&option));
                    match item.judge(&answer) {
                        Verdict::Right => continue,
                        Verdict::Rule(_) if is_offered => told = told.or(Some(applied)),
                        Verdict::Rule(other) => faults.push(format!("{name}: {id} is told {other:?}")),
                        Verdict::Wrong => {}
                    }
                    applied += 1;
                }
                // The experiment's question is answered by what it measures.
                if told.is_none_or(|told| told > 2) && id != "dense-needs-order" {
                    faults.push(format!(
                        "{} (seed {seed}): {id} is told after {told:?} of {applied}",
                        lesson.id
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn each_rule_has_its_sentences_and_each_sentence_its_rule() {
    let ids: Vec<&str> = rules().map(|rule| rule.id).collect();
    let said = &bundled().misconceptions;
    let silent: Vec<_> = ids.iter().filter(|id| !said.contains_key(**id)).collect();
    let without_rule: Vec<_> = said.keys().filter(|id| !ids.contains(&id.as_str())).collect();
    assert!(
        silent.is_empty() && without_rule.is_empty(),
        "no sentences: {silent:?}; no rule: {without_rule:?}"
    );
    let mut counted = BTreeMap::new();
    ids.iter().for_each(|id| *counted.entry(id).or_insert(0) += 1);
    assert!(counted.values().all(|count| *count == 1), "a rule stands twice: {counted:?}");
}

#[test]
fn no_rule_is_confused_by_a_question_that_is_none_of_its_business() {
    let scenes = [
        star().scene(),
        by_hand().scene(),
        circle().set("input", EditChange::Scale(0.5)).scene(),
        at("twins", "article-3x3", "b").scene(),
    ];
    for scene in &scenes {
        let plan = scene.plan();
        let stages = plan.stages().iter().enumerate().map(|(s, _)| Address::whole_stage(0, 0, s));
        let given = plan.given().map(|tensor| Address::whole_given(0, 0, tensor));
        let mut arguments: Vec<Vec<Value>> =
            vec![Vec::new(), vec![Value::Number(3.0)], vec![Value::Word("dense".into())]];
        arguments.extend((0..plan.network().layers.len()).map(|l| vec![Value::Layer(l)]));
        arguments.extend(stages.chain(given).flat_map(|place| {
            let last = place.with_cell(plan.shape_at(&place).len() as u32 - 1);
            [
                vec![Value::Place(place)],
                vec![Value::Place(last)],
                vec![Value::Place(place.with_cell(0)), Value::Place(last)],
            ]
        }));
        for rule in rules() {
            for function in Function::ALL.iter().copied().filter(|f| !matches!(f, Function::Needed)) {
                for arguments in &arguments {
                    let query = Query { function, arguments: arguments.clone() };
                    if (rule.answer)(scene, &query).is_some() {
                        let refuted = (rule.refute)(scene, &query);
                        let is_there = refuted.is_none_or(|place| plan.has(&place));
                        assert!(is_there, "{rule:?} goes to no place of {query:?}");
                    }
                }
            }
        }
    }
}
