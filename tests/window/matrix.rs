//! The window in all sizes, zooms and languages, on every page and at every depth: nothing is cut, nothing lies on
//! anything else, no word is broken, no text is too small, and zooming leaves no trace. Read from what is painted and from
//! the accessibility tree.

use crate::harness::{Program, train_to_the_end, window};
use convstep::{
    app::{
        Action, AdjustAction, AppState, CompareAction, Compared, Drawer, Effect, Lane, Lang, Page, Show,
        ThemeChoice, TrainAction, Training, Until, With, apply, run_tasks_here,
    },
    data::{Dataset, Disk, Generated, samples},
    model_io::bundled,
    nn::Execution,
    trace::Depth,
    ui::{oklab::contrast_ratio, theme::LIGHT},
};
use egui::{Color32, Pos2, Rect, Shape, epaint::TextShape, vec2};
use egui_kittest::{Harness, kittest::NodeT};

/// Width and height in pixels.
const SIZES: [[f32; 2]; 4] = [[1024.0, 768.0], [1280.0, 720.0], [1366.0, 768.0], [1920.0, 1080.0]];
/// Pixels a point.
const ZOOMS: [f32; 5] = [1.0, 1.1, 1.25, 1.5, 2.0];

fn run(state: &mut AppState, action: Action) -> Vec<Effect> {
    let asked = apply(state, action);
    for effect in run_tasks_here(state, asked, Execution::SERIAL, &Disk) {
        if let Effect::Train { job, .. } = effect {
            let job = job.lock().expect("no panic").take();
            train_to_the_end(state, job.expect("a job"), run);
        }
    }
    Vec::new()
}

/// The page of training after so many steps; `None`: before a data set was chosen.
fn training(lang: Lang, steps: Option<u32>) -> AppState {
    let mut state = state_at(lang, "fwd", Page::Training);
    let Some(steps) = steps else { return state };
    let data = Dataset::generated(Generated::Shapes, 0);
    do_it(&mut state, [Action::Train(TrainAction::Use(Some(data)))]);
    let mut training = state.inputs().training.clone().expect("set").with_batch(4);
    training.schedule.epoch_len = 80;
    do_it(&mut state, [Action::Train(TrainAction::Set(Training { epochs: 3, ..training }))]);
    if let Some(last) = steps.checked_sub(1) {
        do_it(&mut state, [Action::Train(TrainAction::Start(Until::Step(last)))]);
    }
    state
}

/// The pages beside the network's.
fn pages(lang: Lang) -> Vec<(String, AppState)> {
    let mut states = vec![("evidence".to_owned(), state_at(lang, "fwd", Page::Attribution))];
    states.push(("nothing to compare".into(), state_at(lang, "fwd", Page::Compare)));
    let shift = Action::Adjust { adjust: AdjustAction::Shift { right: 1, down: 0 }, more: false };
    let mut compared = state_at(lang, "fwd", Page::Compare);
    do_it(&mut compared, [Action::Compare(CompareAction::Keep), shift.clone()]);
    states.push(("compare".into(), compared));
    for (name, address) in [("whole network, difference", "fwd"), ("layer, difference", "fwd/relu2")] {
        let mut state = state_at(lang, address, Page::Network);
        let with = Action::SetComparison(With::PictureBefore, Compared::Difference);
        do_it(&mut state, [shift.clone(), with]);
        states.push((name.into(), state));
    }
    for (name, steps) in [("training, no data", None), ("training, idle", Some(0)), ("trained", Some(46))] {
        states.push((name.into(), training(lang, steps)));
    }
    states
}

fn do_it(state: &mut AppState, actions: impl IntoIterator<Item = Action>) {
    for action in actions {
        run(state, action);
    }
}

/// What is shown: its name, the address that is gone to, and the page.
const PLACES: [(&str, &str, Page); 18] = [
    ("whole network", "fwd", Page::Network),
    ("all gradients", "bwd", Page::Network),
    ("layer", "fwd/relu2", Page::Network),
    ("layer backward", "bwd/conv2.dX", Page::Network),
    ("map", "fwd/conv2/k3", Page::Network),
    ("conv cell", "fwd/conv1/k3/(10,12)", Page::Network),
    ("conv term", "fwd/conv1/k3/(10,12)/m13", Page::Network),
    ("many inputs", "fwd/conv2/k3/(5,5)", Page::Network),
    ("dX cell", "bwd/conv2.dX/k3/(5,5)", Page::Network),
    ("dW cell", "bwd/conv2.dW/k3,1/(1,1)", Page::Network),
    ("pool forward", "fwd/pool1/k3/(5,5)", Page::Network),
    ("pool backward", "bwd/pool1.dX/k6/(25,13)", Page::Network),
    ("ReLU", "fwd/relu1/k3/(5,5)", Page::Network),
    ("dense", "fwd/fc/k4", Page::Network),
    ("softmax", "loss/loss.prob/k4", Page::Network),
    ("update", "update/conv1.weight/k3,1/(1,1)", Page::Network),
    ("home", "fwd", Page::Home),
    ("data", "fwd", Page::Data),
];

fn state_at(lang: Lang, address: &str, page: Page) -> AppState {
    let model = bundled::load("shapes").expect("bundled");
    let picture = samples::load("shape-star").expect("bundled");
    let mut state = AppState::open(model, picture).expect("it fits");
    let go = Action::GoTo(address.to_owned());
    do_it(&mut state, [Action::SetLang(lang), go, Action::SetPage(page)]);
    assert!(state.notices().is_empty(), "{:?}", state.notices());
    state
}

/// All inspected states, by name.
fn states(lang: Lang) -> Vec<(String, AppState)> {
    let mut states = Vec::new();
    for (name, address, page) in PLACES {
        let state = state_at(lang, address, page);
        if page == Page::Network && Depth::new(&state.look()) >= Depth::Cell {
            let mut open = state.clone();
            do_it(&mut open, [Action::SetDrawer(Some(Drawer::Why))]);
            states.push((format!("{name}, Why? open"), open));
        }
        states.push((name.to_owned(), state));
    }
    for show in [Show::Filters, Show::Both] {
        let mut state = state_at(lang, "fwd/conv1", Page::Network);
        do_it(&mut state, [Action::SetShow(show)]);
        states.push((format!("layer, {show:?}"), state));
    }
    let mut both = state_at(lang, "update/fc.bias", Page::Network);
    let layer = both.plan().parse("fwd/conv2").expect("an address");
    let look = Action::look(both.plan(), &layer);
    do_it(&mut both, [look, Action::SetLane(Lane::Both)]);
    states.push(("values and gradients".into(), both));
    for (name, address) in [
        ("photos, whole network", "fwd"),
        ("photos, layer", "fwd/relu2"),
        ("photos, map", "fwd/conv2/k7"),
        ("photos, neuron", "fwd/fc2/k3"),
    ] {
        let mut state = AppState::new();
        let place = state.plan().parse(address).expect("an address");
        let look = Action::look(state.plan(), &place);
        do_it(&mut state, [Action::SetLang(lang), look]);
        states.push((name.into(), state));
    }
    let mut presented = state_at(lang, "fwd/conv1/k3/(10,12)/m13", Page::Network);
    do_it(&mut presented, [Action::Present(true)]);
    states.push(("presented term".into(), presented));
    states.extend(pages(lang));
    states
}

/// A text that is painted, with the rectangle that it may be seen in.
struct Painted {
    text: String,
    rect: Rect,
    clip: Rect,
    shape: TextShape,
}

fn add(shape: &Shape, clip: Rect, texts: &mut Vec<Painted>) {
    match shape {
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| add(shape, clip, texts)),
        Shape::Text(shape) if !shape.galley.text().trim().is_empty() => {
            let (text, rect) = (shape.galley.text().to_owned(), shape.visual_bounding_rect());
            texts.push(Painted { text, rect, clip, shape: shape.clone() });
        }
        _ => {}
    }
}

/// The texts that can be seen.
fn texts(harness: &Harness<Program>) -> Vec<Painted> {
    let mut texts = Vec::new();
    let screen = harness.ctx.content_rect();
    for clipped in &harness.output().shapes {
        add(&clipped.shape, clipped.clip_rect.intersect(screen), &mut texts);
    }
    texts.retain(|text| {
        let seen = text.rect.intersect(text.clip);
        seen.width() > 1.0 && seen.height() > 1.0
    });
    texts
}

/// What is wrong with what is painted, one line each.
fn faults(harness: &Harness<Program>) -> Vec<String> {
    let mut faults = Vec::new();
    let view = harness.state().state.view();
    let is_scrolling = view.drawer.is_some()
        || matches!(view.page, Page::Data | Page::Home | Page::Attribution | Page::Compare | Page::Training);
    let is_whole = view.page == Page::Network && Depth::new(&harness.state().state.look()) == Depth::Pass;
    let texts = texts(harness);
    for text in &texts {
        let words = &text.text;
        let is_name = harness.state().state.inputs().picture.name.as_str() == words;
        if text.shape.galley.elided && !is_name {
            faults.push(format!("left out: {words:?}"));
        }
        // Lists and pages that scroll cut their first and last rows.
        let scrolls = (text.clip.left() - 1.5 <= text.rect.left()
            && text.rect.right() <= text.clip.right() + 1.5)
            && is_scrolling;
        // The columns of the whole network scroll to the side.
        let columns = is_whole && text.clip.width() < harness.ctx.content_rect().width() - 300.0;
        // So do the tiles of the strip.
        let tiles = text.clip.height() < 60.0 && (30.0..45.0).contains(&text.clip.top());
        if !scrolls && !columns && !tiles && !text.clip.expand(1.5).contains_rect(text.rect) {
            faults.push(format!("cut off: {words:?} {:?} in {:?}", text.rect, text.clip));
        }
        let sizes = text.shape.galley.job.sections.iter().map(|section| section.format.font_id.size);
        if let Some(least) = sizes.min_by(f32::total_cmp).filter(|least| *least < 13.0) {
            faults.push(format!("{least} points: {words:?}"));
        }
        let rows = &text.shape.galley.rows;
        for (row, next) in rows.iter().zip(rows.iter().skip(1)) {
            let (last, first) = (row.row.glyphs.last(), next.row.glyphs.first());
            let is_broken = last.zip(first).is_some_and(|(last, first)| {
                !row.ends_with_newline && last.chr.is_ascii_alphabetic() && first.chr.is_ascii_alphabetic()
            });
            if is_broken {
                faults.push(format!("a broken word: {words:?}"));
            }
        }
    }
    for (k, text) in texts.iter().enumerate() {
        for other in &texts[..k] {
            let shared = text.rect.intersect(text.clip).intersect(other.rect.intersect(other.clip));
            if shared.width() > 1.5 && shared.height() > 3.0 {
                faults.push(format!("{:?} lies on {:?} at {shared:?}", text.text, other.text));
            }
        }
    }
    faults
}

/// Draws all inspected states in a size and zoom; returns what is wrong, one line each.
fn check(size: [f32; 2], zoom: f32) -> Vec<String> {
    let mut all = Vec::new();
    for lang in Lang::ALL {
        for (name, state) in states(lang) {
            let is_presented = state.view().presenting;
            let zoom = if is_presented { convstep::ui::room::Room::presented_zoom(size[1]) } else { zoom };
            let harness = window(state, size.map(|side| side / zoom), run);
            let faults = faults(&harness);
            all.extend(faults.into_iter().map(|fault| format!("{lang:?} {name}: {fault}")));
        }
    }
    all.into_iter().map(|fault| format!("{zoom}: {fault}")).collect()
}

macro_rules! sizes {
    ($($name:ident $size:literal;)*) => {
        $(
            #[test]
            fn $name() {
                let faults: Vec<_> = ZOOMS.iter().flat_map(|&zoom| check(SIZES[$size], zoom)).collect();
                assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
            }
        )*
    };
}

sizes! {
    nothing_is_cut_or_covered_at_1024_x_768 0;
    nothing_is_cut_or_covered_at_1280_x_720 1;
    nothing_is_cut_or_covered_at_1366_x_768 2;
    nothing_is_cut_or_covered_at_1920_x_1080 3;
}

#[test]
fn zooming_leaves_no_trace() {
    for (name, state) in states(Lang::En) {
        let mut harness = window(state, SIZES[1], run);
        // Pictures of a data set come a few a frame.
        harness.run_steps(12);
        let shown = |harness: &Harness<Program>| {
            texts(harness).iter().map(|text| format!("{} {:?}", text.text, text.rect)).collect::<Vec<_>>()
        };
        let before = shown(&harness);
        harness.set_size(vec2(SIZES[1][0], SIZES[1][1]) / 2.0);
        harness.run_steps(3);
        harness.set_size(SIZES[1].into());
        harness.run_steps(15);
        assert_eq!(before, shown(&harness), "{name}");
    }
}

#[test]
fn at_most_one_button_is_filled_blue_and_targets_are_large_enough() {
    let mut faults = Vec::new();
    for (name, state) in states(Lang::En) {
        let transport = |rect: Rect| rect.top() > SIZES[1][1] - 50.0;
        let harness = window(state, SIZES[1], run);
        let mut blue = Vec::new();
        for clipped in &harness.output().shapes {
            if let Shape::Rect(rect) = &clipped.shape
                && rect.fill == LIGHT.accent
                && (24.0..80.0).contains(&rect.rect.height())
                && rect.rect.width() > 60.0
                && !transport(rect.rect)
            {
                blue.push(rect.rect);
            }
        }
        if blue.len() > 1 {
            faults.push(format!("{name}: {blue:?}"));
        }
        for node in harness.root().children_recursive() {
            let node = node.accesskit_node();
            let is_button =
                matches!(node.role(), egui::accesskit::Role::Button | egui::accesskit::Role::RadioButton);
            if !is_button {
                continue;
            }
            let words = node.label().unwrap_or_default();
            if words.trim().is_empty() {
                faults.push(format!("{name}: a button without a name"));
            }
            if let Some(bounds) = node.bounding_box()
                && (bounds.width() < 24.0 || bounds.height() < 24.0)
            {
                faults.push(format!("{name}: {words}: {} x {}", bounds.width(), bounds.height()));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

/// Where something is painted, and with which colour; `None` for what has many, such as a picture.
struct Ground {
    area: Rect,
    color: Option<Color32>,
}

fn add_grounds(shape: &Shape, clip: Rect, grounds: &mut Vec<Ground>, texts: &mut Vec<(usize, Painted)>) {
    let mut ground = |area: Rect, color| grounds.push(Ground { area: area.intersect(clip), color });
    match shape {
        Shape::Vec(shapes) => {
            for shape in shapes {
                add_grounds(shape, clip, grounds, texts);
            }
        }
        Shape::Rect(rect) if rect.brush.is_some() => ground(rect.rect, None),
        Shape::Rect(rect) if rect.fill != Color32::TRANSPARENT => ground(rect.rect, Some(rect.fill)),
        Shape::Mesh(mesh) => ground(mesh.calc_bounds(), None),
        Shape::Circle(circle) if circle.fill != Color32::TRANSPARENT => {
            ground(circle.visual_bounding_rect(), None);
        }
        Shape::Path(path) if path.fill != Color32::TRANSPARENT => ground(path.visual_bounding_rect(), None),
        Shape::Text(shape) if !shape.galley.text().trim().is_empty() => {
            let (text, rect) = (shape.galley.text().to_owned(), shape.visual_bounding_rect());
            texts.push((grounds.len(), Painted { text, rect, clip, shape: shape.clone() }));
        }
        Shape::Noop
        | Shape::Rect(_)
        | Shape::Text(_)
        | Shape::Circle(_)
        | Shape::Band(_)
        | Shape::Ellipse(_)
        | Shape::LineSegment { .. }
        | Shape::Path(_)
        | Shape::QuadraticBezier(_)
        | Shape::CubicBezier(_)
        | Shape::Callback(_) => {}
    }
}

/// One colour over another.
fn over(above: Color32, below: Color32) -> Color32 {
    let (above, below) = (above.to_array().map(f32::from), below.to_array().map(f32::from));
    let rest = 1.0 - above[3] / 255.0;
    let mixed = |k: usize| (above[k] + rest * below[k]).round().min(255.0) as u8;
    Color32::from_rgb(mixed(0), mixed(1), mixed(2))
}

/// The colour below a point, of what was painted first to last; `None` where it has many.
fn ground_at(grounds: &[Ground], at: Pos2) -> Option<Color32> {
    let mut below = Some(Color32::BLACK);
    for ground in grounds.iter().filter(|ground| ground.area.contains(at)) {
        below = match ground.color {
            Some(color) if color.is_opaque() => Some(color),
            Some(color) => below.map(|below| over(color, below)),
            None => None,
        };
    }
    below
}

/// Texts whose ink is too near to what is painted below it, one line each, and how many were looked at.
fn weak_inks(harness: &Harness<Program>) -> (Vec<String>, usize) {
    let (mut grounds, mut texts) = (Vec::new(), Vec::new());
    let screen = harness.ctx.content_rect();
    for clipped in &harness.output().shapes {
        add_grounds(&clipped.shape, clipped.clip_rect.intersect(screen), &mut grounds, &mut texts);
    }
    let root = harness.root();
    let disabled: Vec<Rect> = root
        .children_recursive()
        .filter(|node| node.accesskit_node().is_disabled())
        .map(|node| node.rect())
        .collect();
    let (mut faults, mut count) = (Vec::new(), 0);
    for (before, text) in &texts {
        let seen = text.rect.intersect(text.clip);
        let is_off = disabled.iter().any(|rect| rect.contains(seen.center()));
        if seen.width() <= 1.0 || seen.height() <= 1.0 || is_off {
            continue;
        }
        for section in &text.shape.galley.job.sections {
            let words = &text.text[section.byte_range.start.0..section.byte_range.end.0];
            if words.trim().is_empty() {
                continue;
            }
            let own = section.format.color;
            let ink = if own == Color32::PLACEHOLDER { text.shape.fallback_color } else { own };
            let ink = text.shape.override_text_color.unwrap_or(ink);
            let is_large = section.format.font_id.size >= 18.0;
            let least = if is_large { 3.0 } else { 4.5 };
            for share in [0.1, 0.5, 0.9] {
                let at = Pos2::new(seen.left() + share * seen.width(), seen.center().y);
                let Some(ground) = ground_at(&grounds[..*before], at) else { continue };
                count += 1;
                let ratio = contrast_ratio(over(ink, ground), ground);
                if ratio < least - 0.01 {
                    faults.push(format!("{ratio:.2}: {words:?} {ink:?} on {ground:?}"));
                    break;
                }
            }
        }
    }
    (faults, count)
}

#[test]
fn every_text_is_read_on_what_is_painted_below_it_in_both_themes() {
    let mut all = Vec::new();
    let mut looked_at = 0;
    for theme in [ThemeChoice::Light, ThemeChoice::Dark] {
        for (name, mut state) in states(Lang::En) {
            do_it(&mut state, [Action::SetTheme(theme)]);
            let harness = window(state, SIZES[1], run);
            let (faults, count) = weak_inks(&harness);
            looked_at += count;
            all.extend(faults.into_iter().map(|fault| format!("{theme:?} {name}: {fault}")));
        }
    }
    assert!(looked_at > 5000, "{looked_at}");
    all.sort();
    all.dedup();
    assert!(all.is_empty(), "{} faults\n{}", all.len(), all.join("\n"));
}
