//! The page Evidence, by role and label, with no display and no GPU.

use convstep::{
    app::{Action, AppState, AttributionAction, JobKind, Lang, Page, Subject, apply},
    attribution::{AttributionSettings, Method, Unit},
    data::{Content, Loaded},
    model_io::{Architecture, Model},
    nn::init::Init,
    tensor::Tensor,
    ui::{render::render, strings::Words, theme::Theme},
};
use egui::accesskit::Role;
use egui_kittest::{Harness, kittest::Queryable};

use crate::harness::{Program, update, window};
use crate::start;

fn harness(lang: Lang, size: [f32; 2]) -> Harness<'static, Program> {
    let mut state = start::shapes();
    apply(&mut state, Action::SetLang(lang));
    window(state, size, update)
}

#[test]
fn a_method_is_chosen_and_its_map_is_there() {
    let mut harness = harness(Lang::En, [1280.0, 720.0]);
    harness.key_press(egui::Key::F4);
    harness.run_steps(3);
    assert_eq!(harness.state().state.view().page, Page::Attribution);
    assert!(harness.query_by_label("the evidence alone, star (score)").is_some());
    harness.get_by_label("Method: Saliency").click();
    harness.run_steps(3);
    harness.get_by_label("Grad-CAM").click();
    harness.run_steps(3);
    let made = harness.state().state.attribution().made().expect("begun");
    assert!(made.look.grad_cam().is_some());
    assert!(harness.query_by_label_contains("At the output of relu3").is_some());
    harness.get_by_label("Compare with random weights").click();
    harness.run_steps(3);
    assert!(harness.state().state.attribution().made().is_some_and(|made| made.correlation.is_some()));
}

#[test]
fn every_method_is_shown_in_both_languages_and_sizes() {
    for lang in Lang::ALL {
        let words = Words(lang);
        for size in [[1280.0, 720.0], [1024.0, 768.0]] {
            let mut harness = harness(lang, size);
            update(&mut harness.state_mut().state, Action::SetPage(Page::Attribution));
            for method in Method::ALL {
                let mut settings = {
                    let state = &harness.state().state;
                    state.attribution().settings(&state.model().network)
                };
                settings.method = method;
                (settings.steps, settings.ascent.steps) = (3, 3);
                update(
                    &mut harness.state_mut().state,
                    Action::Attribution(AttributionAction::Settings(settings)),
                );
                harness.run_steps(2);
                let about = words.text(&format!("evidence.about.{}", method.name()));
                assert!(harness.query_by_label(&about).is_some(), "{} in {lang:?}", method.name());
                let warned = harness.query_by_label_contains(&words.text("evidence.changes")).is_some();
                assert_eq!(warned, method.changes_gradient(), "{}", method.name());
            }
        }
    }
}

#[test]
fn the_top_activations_are_found_and_one_is_clicked() {
    let mut harness = harness(Lang::En, [1280.0, 720.0]);
    harness.key_press(egui::Key::F4);
    harness.run_steps(3);
    let unit = Unit::Channel { layer: 3, channel: 3 };
    update(
        &mut harness.state_mut().state,
        Action::Attribution(AttributionAction::Subject(Subject::Unit(unit))),
    );
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("Strongest pictures for").is_none());
    harness.get_by_role_and_label(Role::Button, "Strongest pictures").click();
    harness.run_steps(4);
    assert!(harness.query_by_label("Strongest pictures for map 3 of conv2").is_some());
    assert!(harness.query_by_label("2000 of 2000 examples searched: Shapes, training examples").is_some());
    let search = harness.state().state.attribution().search.as_ref().expect("begun");
    let label = |excited: &convstep::attribution::TopActivation| {
        let example = search.data.example(search.part, excited.index).expect("an example");
        let (at, size) = (excited.patch.at, excited.patch.size);
        format!(
            "example {}, {}: {}, rows {}–{}, columns {}–{}",
            excited.index,
            search.data.classes()[example.class],
            convstep::ui::number::four_digits(excited.value),
            at[0],
            at[0] + size[0] - 1,
            at[1],
            at[1] + size[1] - 1
        )
    };
    let labels: Vec<String> = search.best().iter().map(label).collect();
    assert_eq!(labels.len(), 9);
    for label in &labels {
        assert!(harness.query_by_role_and_label(Role::Button, label).is_some(), "{label}");
    }
    // All of the first row is in sight, where the page was scrolled to.
    let first = harness.get_by_label(&labels[0]).rect();
    assert!(first.top() > 80.0 && first.bottom() < 560.0, "{first:?}");
    assert!(harness.query_by_label("Search again").is_none());
    update(&mut harness.state_mut().state, Action::GoTo("e1.b0".into()));
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("Out of date").is_some());
    harness.get_by_label("Search again").click();
    harness.run_steps(4);
    assert!(harness.query_by_label_contains("Out of date").is_none());
    let index = harness.state().state.attribution().search.as_ref().expect("begun").best()[0].index;
    harness.get_by_label_contains(&format!("example {index}, ")).click();
    harness.run_steps(3);
    let state = &harness.state().state;
    assert_eq!(state.view().page, Page::Network);
    assert_eq!(state.inputs().picture.name, format!("shapes train {index}"));
}

#[test]
fn a_search_in_both_languages_and_sizes_tells_how_far_it_is_and_is_cancelled() {
    for lang in Lang::ALL {
        let words = Words(lang);
        for size in [[1280.0, 720.0], [1024.0, 768.0]] {
            let mut state = start::shapes();
            apply(&mut state, Action::SetLang(lang));
            // Nobody works: the first part of the search is not answered.
            let mut harness = window(state, size, apply);
            harness.key_press(egui::Key::F4);
            harness.run_steps(3);
            harness.get_by_role_and_label(Role::Button, &words.text("evidence.top")).click();
            // The page scrolls there.
            harness.run_steps(8);
            let set = (words.text("data.shapes"), words.text("evidence.top_train"));
            let parts = [("done", "0"), ("all", "2000"), ("set", &*set.0), ("part", &*set.1)];
            let progress = words.fill("evidence.top_progress", &parts);
            let bar = harness.query_by_role_and_label(Role::ProgressIndicator, &progress);
            assert!(bar.is_some(), "{lang:?} {size:?}");
            harness.get_by_role_and_label(Role::Button, &words.text("evidence.top_stop")).click();
            harness.run_steps(3);
            assert!(
                harness.query_by_role_and_label(Role::ProgressIndicator, &progress).is_none(),
                "{lang:?} {size:?}"
            );
            assert!(harness.state().state.jobs().of_kind(JobKind::TopActivations).is_none());
            let again = words.text("evidence.top_again");
            assert!(harness.query_by_role_and_label(Role::Button, &again).is_some());
        }
    }
}

/// A network whose maps show what is not finite where it is: nothing mixes the cells of its input.
fn with_odd_cells() -> AppState {
    let architecture = r#"
input = [1, 6, 6]
loss = { kind = "mse" }
layers = [
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 2 },
]
"#;
    let architecture = Architecture::parse(architecture).expect("an architecture");
    let model = Model::initial("odd", architecture, Init::He, 1).expect("a model");
    let mut values = Tensor::from_elem((1, 1, 6, 6), 0.5);
    (values[[0, 0, 1, 2]], values[[0, 0, 4, 3]]) = (f32::NAN, f32::INFINITY);
    let picture = Loaded { name: "odd".into(), content: Content::Values(values), label: None };
    AppState::open(model, picture).expect("fits")
}

/// Which of the 36 cells of a picture on the page have the theme's magenta, beside the sign in their middle.
fn magenta_cells(harness: &Harness<'static, Program>, picture: &str, dark: bool) -> Vec<(usize, usize)> {
    let rect = harness.get_by_label_contains(picture).rect();
    let state = &harness.state().state;
    let frame = render(state, [1280, 720], 1.0, dark);
    let magenta = if dark { Theme::dark() } else { Theme::light() }.not_finite.to_array();
    let cells = (0..6).flat_map(|i| (0..6).map(move |j| (i, j)));
    let is_magenta = |&(i, j): &(usize, usize)| {
        let at = rect.min + egui::vec2(j as f32 + 0.12, i as f32 + 0.12) * (rect.size() / 6.0);
        frame.get_pixel(at.x as u32, at.y as u32).0 == magenta
    };
    cells.filter(is_magenta).collect()
}

#[test]
fn what_is_not_finite_is_magenta_in_every_map() {
    let mut harness = window(with_odd_cells(), [1280.0, 720.0], update);
    let choose = |harness: &mut Harness<'static, Program>, method: Method| {
        let state = &mut harness.state_mut().state;
        let settings = AttributionSettings { method, ..state.attribution().settings(&state.model().network) };
        update(state, Action::Attribution(AttributionAction::Settings(settings)));
        harness.run_steps(3);
    };
    update(&mut harness.state_mut().state, Action::SetPage(Page::Attribution));
    let odd = vec![(1, 2), (4, 3)];
    for dark in [true, false] {
        choose(&mut harness, Method::GradientTimesInput);
        assert_eq!(magenta_cells(&harness, "the evidence alone, ", dark), odd);
        assert_eq!(magenta_cells(&harness, "the evidence over the picture, ", dark), odd);
        assert!(harness.query_by_label_contains("2 cells are NaN").is_some());
        // The gradient is finite; the picture below it is not.
        choose(&mut harness, Method::Saliency);
        assert_eq!(magenta_cells(&harness, "the evidence alone, ", dark), []);
        assert_eq!(magenta_cells(&harness, "the evidence over the picture, ", dark), odd);
        // One place only is covered: the others are not computed, which is not NaN.
        choose(&mut harness, Method::Occlusion);
        let state = &mut harness.state_mut().state;
        apply(state, Action::Attribution(AttributionAction::Again));
        apply(state, Action::Attribution(AttributionAction::TogglePlay));
        let look = &state.attribution().made().expect("begun").look;
        let made: Vec<_> = (0..36).map(|p| (p / 6, p % 6)).filter(|&(i, j)| look.has([i, j])).collect();
        harness.run_steps(3);
        assert_eq!(magenta_cells(&harness, "the evidence alone, ", dark), made);
    }
}

#[test]
fn a_cell_that_is_nan_is_told_so_and_not_that_it_is_not_computed() {
    let mut harness = window(with_odd_cells(), [1280.0, 720.0], update);
    update(&mut harness.state_mut().state, Action::SetPage(Page::Attribution));
    let state = &mut harness.state_mut().state;
    let settings = AttributionSettings {
        method: Method::GradientTimesInput,
        ..state.attribution().settings(&state.model().network)
    };
    update(state, Action::Attribution(AttributionAction::Settings(settings)));
    harness.run_steps(3);
    let rect = harness.get_by_label_contains("the evidence alone, ").rect();
    harness.hover_at(rect.min + egui::vec2(2.5, 1.5) * (rect.size() / 6.0));
    harness.run_steps(3);
    assert!(harness.query_by_label("the evidence alone, row 1, column 2, value NaN").is_some());
}
