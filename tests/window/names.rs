//! One name a thing: no text on the screen and no accessible name has an address's letters in it, on any page, at any
//! depth, in any language; classes of bundled models have names in every language.

use crate::start::run_unnoticed as run;
use convstep::{
    app::{Action, AppState, Drawer, Lang, Page, Show},
    data::samples,
    model_io::bundled,
    ui::{names, shell, strings::Words, theme::Theme, view::Memory},
};
use egui::{
    Context, Pos2, RawInput, Rect, Shape,
    accesskit::{Node, Role},
    pos2, vec2,
};

/// The frames until the layout stands.
const FRAMES: usize = 2;

/// All painted texts and all accessible names and values but those of text fields.
fn words(ctx: &Context, state: &AppState, memory: &mut Memory) -> Vec<String> {
    words_under(ctx, state, memory, None)
}

/// The same while the pointer rests at a place.
fn words_under(ctx: &Context, state: &AppState, memory: &mut Memory, pointer: Option<Pos2>) -> Vec<String> {
    let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 720.0)));
    let mut all = Vec::new();
    for frame in 0..FRAMES {
        let events = pointer.map(egui::Event::PointerMoved).into_iter().collect();
        let input = RawInput { screen_rect, events, ..RawInput::default() };
        let mut output = ctx.run_ui(input, |ui| {
            shell::window_ui(ui, state, memory);
        });
        let shapes = std::mem::take(&mut output.shapes);
        let update = output.platform_output.accesskit_update.take().expect("a tree of the window");
        output.drop_without_applying_deltas();
        if frame + 1 < FRAMES {
            continue;
        }
        shapes.iter().for_each(|shape| painted(&shape.shape, &mut all));
        let nodes = update.nodes.iter().map(|(_, node)| node);
        for node in nodes.filter(|node| node.role() != Role::TextInput) {
            all.extend([Node::label, Node::value].iter().filter_map(|of| of(node)).map(str::to_owned));
        }
    }
    all
}

fn painted(shape: &Shape, texts: &mut Vec<String>) {
    match shape {
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| painted(shape, texts)),
        Shape::Text(text) => texts.push(text.galley.text().to_owned()),
        _ => {}
    }
}

/// What of an address's letters a text has: `k` and a digit, a gradient's part, a pass and a slash.
fn letters(text: &str) -> Option<String> {
    let has_part =
        ["dX", "dW", "bwd/", "fwd/", "loss/", "update/"].into_iter().find(|part| text.contains(part));
    let chars: Vec<char> = text.chars().collect();
    let is_map = |k: usize| {
        matches!(chars[k], 'k' | 'm')
            && chars.get(k + 1).is_some_and(char::is_ascii_digit)
            && !k.checked_sub(1).is_some_and(|before| chars[before].is_alphanumeric())
    };
    let map = (0..chars.len()).find(|&k| is_map(k)).map(|k| chars[k..=k + 1].iter().collect());
    has_part.map(str::to_owned).or(map)
}

#[test]
fn letters_are_found() {
    assert_eq!(letters("conv1/k3"), Some("k3".into()));
    assert_eq!(letters("m7"), Some("m7".into()));
    assert_eq!(letters("pool1.dX"), Some("dX".into()));
    assert_eq!(letters("rank3, 5 km2, map 3 of conv1"), None);
}

#[track_caller]
fn assert_words(ctx: &Context, state: &AppState, memory: &mut Memory, at: &str) {
    let all = words(ctx, state, memory);
    assert!(all.len() > 20, "{at}: {all:?}");
    for text in all {
        assert_eq!(letters(&text), None, "{at}: {text:?}");
    }
}

/// Places of every depth, every pass and every kind of tensor.
const PLACES: [&str; 18] = [
    "fwd",
    "fwd/conv1",
    "fwd/conv1/k3",
    "fwd/conv1/k3/(10,12)",
    "fwd/conv1/k3/(10,12)/m13",
    "fwd/relu1/k3/(4,5)",
    "fwd/pool1/k6/(12,6)",
    "fwd/fc/k4",
    "loss/loss.prob/k4",
    "loss/loss",
    "bwd/loss.dX/k4",
    "bwd/fc.dX/k17/m3",
    "bwd/fc.dW/k4,17",
    "bwd/pool1.dX/k6/(25,13)",
    "bwd/conv2.dX/k3/(4,6)/m9",
    "bwd/conv2.dW/k3,2/(1,1)/m20",
    "bwd/conv1.db/k3/m50",
    "update/conv1.weight/k3,0/(1,1)",
];

/// The network of the shapes with its star.
fn shapes() -> AppState {
    let known = bundled::models().iter().find(|known| known.name == "shapes").expect("shapes");
    let picture = samples::load(known.default_sample).expect("bundled");
    AppState::open(bundled::load("shapes").expect("bundled"), picture).expect("fits")
}

fn window() -> (Context, Memory) {
    let ctx = Context::default();
    ctx.enable_accesskit();
    Theme::by_darkness(false).apply(&ctx);
    (ctx, Memory::default())
}

#[test]
fn what_the_pointer_shows_is_words_too() {
    let (ctx, mut memory) = window();
    ctx.all_styles_mut(|style| {
        style.interaction.tooltip_delay = 0.0;
        style.interaction.show_tooltips_only_when_still = false;
    });
    let mut state = shapes();
    let mut more = 0;
    for (place, lang) in PLACES.into_iter().zip(Lang::ALL.into_iter().cycle()) {
        run(&mut state, [Action::SetLang(lang), Action::GoTo(place.into())]);
        let before = words_under(&ctx, &state, &mut memory, Some(pos2(-9.0, -9.0))).len();
        for (row, column) in (0..5).flat_map(|row| (0..8).map(move |column| (row, column))) {
            let pointer = pos2(60.0 + 165.0 * column as f32, 60.0 + 140.0 * row as f32);
            let all = words_under(&ctx, &state, &mut memory, Some(pointer));
            more += usize::from(all.len() > before);
            for text in all {
                assert_eq!(letters(&text), None, "{place}, {lang:?}, {pointer:?}: {text:?}");
            }
        }
    }
    assert!(more > 60, "the pointer showed something at {more} places only");
}

#[test]
fn no_text_on_the_network_page_has_the_letters_of_an_address() {
    for lang in Lang::ALL {
        let (ctx, mut memory) = window();
        let mut state = shapes();
        run(&mut state, [Action::SetLang(lang), Action::SetDrawer(Some(Drawer::Why))]);
        for place in PLACES {
            run(&mut state, [Action::GoTo(place.into())]);
            assert_words(&ctx, &state, &mut memory, &format!("{place}, {lang:?}"));
        }
        // Given tensors, shown.
        for place in ["input/k1/(12,9)", "conv1.weight/k3,0/(1,1)", "conv1.bias/k3", "target/k2"] {
            let address = state.plan().parse(place).expect(place);
            let action = Action::look(state.plan(), &address);
            run(&mut state, [action]);
            assert_words(&ctx, &state, &mut memory, &format!("{place}, {lang:?}"));
        }
        run(&mut state, [Action::GoTo("fwd/conv2".into())]);
        for show in [Show::Filters, Show::Both] {
            run(&mut state, [Action::SetShow(show)]);
            assert_words(&ctx, &state, &mut memory, &format!("{show:?}, {lang:?}"));
        }
    }
}

#[test]
fn no_text_of_another_page_or_drawer_has_the_letters_of_an_address() {
    for lang in Lang::ALL {
        let (ctx, mut memory) = window();
        let mut state = shapes();
        run(&mut state, [Action::SetLang(lang), Action::SetDrawer(Some(Drawer::Time))]);
        for place in ["fwd/conv2/k1/(2,3)", "bwd/pool1.dX/k6/(25,13)", "update/conv1.weight/k3,0/(1,1)/m0"] {
            run(
                &mut state,
                [Action::GoTo(place.into()), Action::Mark(convstep::app::MarkAction::ToggleBookmark)],
            );
        }
        assert_words(&ctx, &state, &mut memory, &format!("Time, {lang:?}"));
        for page in Page::ALL {
            run(&mut state, [Action::SetPage(page)]);
            assert_words(&ctx, &state, &mut memory, &format!("{page:?}, {lang:?}"));
        }
    }
}

#[test]
fn classes_of_bundled_models_have_names_in_every_language() {
    let classes = |name: &str| bundled::load(name).expect("bundled").architecture.classes;
    assert_eq!(classes("photos"), bundled::PHOTO_CLASSES);
    for (model, class, chinese) in
        [("shapes", 4, "五角星"), ("photos", 3, "猫"), ("digits", 7, "7"), ("pattern", 0, "曲线")]
    {
        let classes = classes(model);
        assert_eq!(names::class_in(Words(Lang::En), &classes, class).as_ref(), classes.get(class));
        assert_eq!(names::class_in(Words(Lang::Zh), &classes, class).as_deref(), Some(chinese));
        assert_eq!(names::class_in(Words(Lang::Zh), &classes, classes.len()), None);
    }
    // A user's names stay, also where one of them is a name that a bundled model has.
    let own = ["cat".to_owned(), "my cat".to_owned()];
    assert_eq!(names::class_in(Words(Lang::Zh), &own, 0).as_deref(), Some("cat"));
    // The window says it.
    let (ctx, mut memory) = window();
    let mut state = shapes();
    run(&mut state, [Action::SetLang(Lang::Zh), Action::SetPage(Page::Network), Action::GoTo("loss".into())]);
    let all = words(&ctx, &state, &mut memory);
    assert!(all.iter().any(|text| text.contains("五角星")), "{all:#?}");
    assert!(!all.iter().any(|text| text == "star"), "{all:#?}");
}

#[test]
fn scores_of_patterns_have_names_and_are_no_percentages() {
    for (lang, names) in [(Lang::En, ["curve", "line"]), (Lang::Zh, ["曲线", "竖线"])] {
        let (ctx, mut memory) = window();
        let model = bundled::load("pattern").expect("bundled");
        let picture = samples::load("pattern-both").expect("bundled");
        let mut state = AppState::open(model, picture).expect("fits");
        run(&mut state, [Action::SetLang(lang)]);
        for (page, place) in [
            (Page::Home, "fwd/conv1"),
            (Page::Network, "fwd"),
            (Page::Network, "fwd/best1/k0"),
            (Page::Network, "fwd/conv1/k0"),
        ] {
            run(&mut state, [Action::GoTo("end".into()), Action::SetPage(page)]);
            let look = state.plan().parse(place).expect(place);
            let look = Action::look(state.plan(), &look);
            run(&mut state, [look]);
            let all = words(&ctx, &state, &mut memory);
            for name in names {
                assert!(all.iter().any(|text| text.contains(name)), "{page:?} {place}: {all:#?}");
            }
            // No share of anything but the map's cells that are 0.
            let share = all.iter().find(|text| text.contains('%') && text.contains("50"));
            assert_eq!(share, None, "{page:?} {place}");
        }
        // The two filters are told apart by what they look for.
        let all = words(&ctx, &state, &mut memory);
        let maps = if lang == Lang::En { "map 0 (curve)" } else { "特征图\u{2009}0（曲线）" };
        assert!(all.iter().any(|text| text.to_lowercase().contains(maps)), "{maps}: {all:#?}");
    }
}

#[test]
fn a_cell_is_named_in_words_and_then_its_value() {
    let (ctx, mut memory) = window();
    let mut state = shapes();
    run(&mut state, [Action::SetPage(Page::Network), Action::GoTo("bwd/pool1.dX/k6/(25,13)".into())]);
    let all = words(&ctx, &state, &mut memory);
    let gradient = state.trace().finished(&state.focus());
    let cell = "map 6 of relu1, row 25, column 13";
    assert!(
        gradient.is_finite() && all.iter().any(|text| text.contains(cell)),
        "{cell} is not among {all:#?}"
    );
}
