//! The other ways to show a place: what stands on the screen is what the trace has.

use convstep::{
    app::{Action, AppState, Figure, Lang, LessonAction, Page},
    data::samples,
    lesson::bundled as lessons,
    model_io::{bundled, presets},
    nn::Part,
    tensor::number,
    trace::{Address, Operand, Pass, TensorId, Trace, kept, kept_by},
};
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};

use crate::harness::{Program, update, window};

fn open(model: &str, picture: &str) -> AppState {
    let preset = presets::all().iter().find(|preset| preset.name == model);
    let model = match preset {
        Some(preset) => preset.model(presets::SEED).expect("a preset"),
        None => bundled::load(model).expect("a bundled model"),
    };
    AppState::open(model, samples::load(picture).expect("a bundled picture")).expect("it fits")
}

/// The window of 1280x720 on a state, at a place behind the whole step, in one of the other ways.
fn shown(
    mut state: AppState,
    label: usize,
    look: &str,
    figure: Figure,
    lang: Lang,
) -> Harness<'static, Program> {
    update(&mut state, Action::SetLang(lang));
    update(&mut state, Action::SetLabel(label));
    update(&mut state, Action::GoTo("update".into()));
    let place = state.plan().parse(look).expect("an address");
    let look = Action::look(state.plan(), &place);
    update(&mut state, look);
    update(&mut state, Action::SetFigure(Some(figure)));
    assert!(state.notices().is_empty(), "{:?}", state.notices());
    assert_eq!(state.figure(), Some(figure), "{figure:?} fits");
    let mut harness = window(state, [1280.0, 720.0], update);
    harness.run_steps(2);
    harness
}

/// All that is said on the screen.
fn words(harness: &Harness<Program>) -> Vec<String> {
    let nodes = harness.query_all_by(|node| node.label().is_some() || node.value().is_some());
    let said = nodes.map(|node| {
        let node = node.accesskit_node();
        node.label().filter(|label| !label.is_empty()).or_else(|| node.value()).unwrap_or_default()
    });
    said.collect()
}

fn says(harness: &Harness<Program>, part: &str) {
    let all = words(harness);
    assert!(all.iter().any(|words| words.contains(part)), "{part:?} is not among {all:#?}");
}

#[test]
fn how_often_a_cell_is_read_is_what_the_trace_says() {
    for (model, unread) in
        [("slide-7", false), ("slide-7-2", true), ("slide-7-3", true), ("slide-7-p3", false)]
    {
        let state = open(model, "digit-7");
        let (plan, trace) = (state.plan().clone(), state.trace().clone());
        let window = *plan.layer(0).window().expect("a window");
        for (i, j) in [(0, 0), (0, 16), (16, 16), (31, 31), (5, 30)] {
            let cell = plan.parse(&format!("input/k0/({i},{j})")).expect("an address");
            let readers = trace.readers(&cell.whole_cell(), usize::MAX);
            let is_forward = |place: &&Address| plan.stage_at(place).is_some_and(|s| s.pass == Pass::Fwd);
            assert_eq!(
                window.windows_over([i, j]),
                readers.iter().filter(is_forward).count(),
                "{model} {i} {j}"
            );
        }
        let [corner, side, middle] =
            [[0, 0], [0, 16], [16, 16]].map(|cell| window.windows_over(cell).to_string());
        let harness = shown(state, 1, "fwd/conv1", Figure::Coverage, Lang::En);
        let line =
            format!("Upper left corner: {corner}. Middle of the upper edge: {side}. Middle: {middle}.");
        says(&harness, &line);
        says(
            &harness,
            if unread { "crossed out: row 31 and column 31" } else { "Every cell is read at least once." },
        );
    }
    let harness = shown(open("slide-7", "digit-7"), 1, "fwd/conv1", Figure::Coverage, Lang::Zh);
    says(&harness, "左上角：1。上边中点：7。正中间：49。");
}

#[test]
fn what_is_kept_is_all_that_the_backward_pass_reads() {
    for (model, picture) in
        [("article-backprop", "article-3x3"), ("twins", "article-3x3"), ("shapes", "shape-star")]
    {
        let state = open(model, picture);
        let plan = state.plan().clone();
        let all = kept(&plan);
        // The stages that read each tensor, term by term.
        for s in plan.pass_stages(Pass::Bwd) {
            let stage = &plan.stages()[s];
            let of_stage = |one: &&convstep::trace::Kept| one.readers.contains(&s);
            let found: Vec<TensorId> = all.iter().filter(of_stage).map(|one| one.tensor).collect();
            let start = stage.start;
            let steps = stage.steps();
            for step in (start..start + steps).step_by((steps / 4000).max(1) as usize) {
                for operand in plan.describe(step).term.operands() {
                    let Operand::Cell { tensor, .. } = *operand else { continue };
                    let pass = plan.stage_of(tensor).map(|made| plan.stages()[made].pass);
                    let is_before = pass.is_none_or(|pass| pass < Pass::Bwd) && !tensor.is_parameter();
                    assert_eq!(is_before, found.contains(&tensor), "{model}: {tensor:?}, stage {s}");
                }
            }
        }
        let total: usize = all.iter().map(|one| one.numbers).sum();
        let harness = shown(state, 1, "bwd", Figure::Kept, Lang::En);
        let (n, bytes) = (number::thousands(total as u64), number::thousands(4 * total as u64));
        says(&harness, &format!("{n} numbers of the way forward are needed: {bytes} bytes"));
    }
    let plan = open("shapes", "shape-star").plan().clone();
    assert_eq!(kept_by(&plan, 0), 3072, "a convolution keeps its input");
}

#[test]
fn all_derivatives_of_the_article_stand_there_with_their_sums() {
    let harness =
        shown(open("article-backprop", "article-3x3"), 3, "bwd/conv1.dW", Figure::Derivatives, Lang::En);
    let trace = harness.state().state.trace().clone();
    let plan = trace.plan();
    says(&harness, "∂L/∂w(0,1) = 1.25·2 + 2.25·0 + 3·1 + 4·1 = 9.5");
    says(&harness, "∂L/∂x(1,1) = 4·1 + 3·(−1) + 2.25·0.5 + 1.25·2 = 4.625");
    let all = words(&harness);
    for (tensor, letter, side) in [("bwd/conv1.dW/k0,0", 'w', 2), ("bwd/conv1.dX/k0", 'x', 3)] {
        for (i, j) in (0..side).flat_map(|i| (0..side).map(move |j| (i, j))) {
            let cell = plan.parse(&format!("{tensor}/({i},{j})")).expect("an address");
            let value = trace.finished(&cell.whole_cell());
            let front = format!("∂L/∂{letter}({i},{j}) = ");
            let line = all.iter().find(|words| words.starts_with(&front)).expect("a line for each");
            let (sum, result) = line[front.len()..].rsplit_once(" = ").expect("a sum and its result");
            assert_eq!(result, number::four_digits(value), "{line}");
            let factor =
                |text: &str| text.trim_matches(['(', ')']).replace('−', "-").parse::<f32>().expect(text);
            let products = sum.split(" + ").map(|product| product.split('·').map(factor).product::<f32>());
            assert!((products.sum::<f32>() - value).abs() < 1e-4, "{line}");
        }
    }
}

#[test]
fn a_derivative_that_is_not_computed_yet_is_not_told() {
    let mut state = open("article-backprop", "article-3x3");
    update(&mut state, Action::SetLabel(3));
    update(&mut state, Action::GoTo("bwd/loss.dX".into()));
    let place = state.plan().parse("bwd/conv1.dW").expect("an address");
    let look = Action::look(state.plan(), &place);
    update(&mut state, look);
    update(&mut state, Action::SetFigure(Some(Figure::Derivatives)));
    let harness = window(state, [1280.0, 720.0], update);
    says(&harness, "∂L/∂w(0,1) = 1.25·2 + 2.25·0 + 3·1 + 4·1 = ?");
}

/// The length of a tensor.
fn norm(trace: &Trace, tensor: TensorId) -> f64 {
    let values = trace.tensor(tensor).expect("it is computed");
    values.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn sizes_are_the_lengths_of_the_gradients() {
    let harness = shown(open("vanishing", "digit-7"), 7, "bwd", Figure::Sizes, Lang::En);
    let trace = harness.state().state.trace().clone();
    let layers = &trace.plan().network().layers;
    let learning = (0..layers.len()).filter(|l| layers[*l].parameter_count() > 0);
    for l in learning {
        let (name, size) = (layers[l].name(), norm(&trace, TensorId::layer(l, Part::Dw)));
        says(&harness, &format!("{name}: {name} ∂L/∂w {}", number::short(size as f32)));
    }
}

#[test]
fn a_turned_filter_gives_what_the_layer_gives_with_its_weights_turned() {
    let lesson = lessons().lesson("pattern").expect("bundled");
    let beat = lesson.beat("turned").expect("the beat that turns a filter");
    let scene = convstep::app::beat_scene(lesson, beat).expect("a scene");
    let before = scene.before.as_ref().expect("the scene before the turn");
    let plan = scene.plan();
    for (i, j) in [(0, 0), (11, 13), (15, 13), (13, 11), (27, 27)] {
        let cell = plan.parse(&format!("fwd/conv1/k0/({i},{j})")).expect("an address").whole_cell();
        let turned = before.trace.turned(0, 0, [0, i, j]).expect("a convolution");
        assert!((turned - scene.trace.finished(&cell)).abs() < 1e-6, "({i},{j})");
    }
    let mut harness = shown(open("pattern", "pattern-circle"), 0, "fwd/conv1/k0", Figure::Turned, Lang::En);
    says(&harness, "Products added up, cell (11,13): 1");
    let turn = harness.get_by_label_contains("Turned by 180°");
    turn.click();
    harness.run_steps(3);
    assert!(harness.state().state.view().turned);
    let value = before.trace.turned(0, 0, [0, 11, 13]).expect("a convolution");
    says(&harness, &format!("Products added up, cell (11,13): {}", number::four_digits(value)));
}

#[test]
fn a_number_stands_in_the_vector_where_flattening_puts_it() {
    let harness = shown(open("shapes", "shape-star"), 4, "fwd/flatten", Figure::Vector, Lang::En);
    let trace = harness.state().state.trace().clone();
    let plan = trace.plan();
    // The middle cell of the first map, and the one behind it.
    for (k, n) in [("k0", 10), ("k1", 26)] {
        let from = plan.parse(&format!("fwd/pool3/{k}/(2,2)")).expect("an address").whole_cell();
        let to = plan.parse(&format!("fwd/flatten/k{n}")).expect("an address").whole_cell();
        assert_eq!(trace.finished(&from), trace.finished(&to));
        let value = number::four_digits(trace.finished(&from));
        says(&harness, &format!("number {n}"));
        says(&harness, &value);
    }
}

#[test]
fn a_figure_goes_where_it_can_be_shown_and_escape_leaves_it() {
    let mut state = open("shapes", "shape-star");
    for figure in [Figure::Coverage, Figure::Vector, Figure::Turned, Figure::Kept, Figure::Sizes] {
        update(&mut state, Action::SetPage(Page::Home));
        update(&mut state, Action::SetFigure(Some(figure)));
        assert_eq!(
            (state.figure(), state.view().page),
            (Some(figure), Page::Network),
            "{:?}",
            state.notices()
        );
        update(&mut state, Action::Escape);
        assert_eq!(state.figure(), None);
    }
    let before = state.look();
    update(&mut state, Action::SetFigure(Some(Figure::Derivatives)));
    assert_eq!((state.figure(), state.look()), (None, before), "shapes is too large for it");
    assert!(state.notices().last().is_some_and(|notice| notice.text.contains("article-backprop")));
}

#[test]
fn a_count_that_a_lesson_asks_for_is_covered() {
    let mut state = AppState::new();
    let lesson = lessons().lesson("stride").expect("bundled");
    let asks = |beat: &convstep::lesson::Beat| {
        beat.ask
            .as_ref()
            .is_some_and(|ask| ask.right.as_deref().is_some_and(|right| right.starts_with("windows(")))
    };
    let beat = lesson.beats.iter().position(asks).expect("a beat that asks how often a cell is read");
    update(&mut state, LessonAction::StartAt { id: "stride".into(), beat }.into());
    update(&mut state, Action::SetFigure(Some(Figure::Coverage)));
    let mut harness = window(state, [1280.0, 720.0], update);
    harness.run_steps(2);
    says(&harness, "Upper left corner: ?. Middle of the upper edge: ?. Middle: ?.");
    let shown = LessonAction::GoOn.into();
    update(&mut harness.state_mut().state, shown);
    update(&mut harness.state_mut().state, Action::SetFigure(Some(Figure::Coverage)));
    harness.run_steps(3);
    says(&harness, "Upper left corner: 1.");
}
