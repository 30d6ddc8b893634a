//! The place row: the address as a ladder from the pass to the term, and the choices of the stage.

mod choices;
mod neighbours;
mod typing;

use crate::app::{Action, Drawer, Figure, Page, PictureAction, Show};
use crate::nn::Part;
use crate::trace::{Address, Depth, Grain, Owner, Pass, TensorId};
use crate::ui::{
    blocks::{block_of, blocks, filters_of, scores_layer},
    names,
    theme::{self, space},
    view::View,
    widgets::{
        flow::text_width,
        segments::list_width,
        sign::{Sign, sign_button_ui},
    },
};
use choices::Choices;
use egui::{Align, Button, Color32, Layout, RichText, Role, ScrollArea, Ui, WidgetInfo, vec2};
use neighbours::{neighbours_ui, passes_ui};

/// Draws the row: the ladder at its left, the choices of the stage at its right, "Why?" last.
pub fn place_ui(ui: &mut Ui, view: &View) {
    if view.state.view().typing_address {
        return typing::typing_ui(ui, view);
    }
    let choices = Choices::new(view);
    let ladder = ladder(view);
    // What folds first stands first: the words before lists, the grey rest, the choices side by side.
    let room = ui.available_width();
    let widths = |fold: Fold| {
        ladder_width(ui, &ladder, fold) + choices.width(ui, view, fold) + why_width(ui, view, fold) + PICTURE
    };
    let fold = Fold::ALL.into_iter().find(|&fold| widths(fold) <= room).unwrap_or(Fold::Front);
    ladder_ui(ui, view, &ladder, fold);
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        why_ui(ui, view, fold);
        picture_ui(ui, view);
        choices.draw_ui(ui, view, fold);
    });
}

/// The title of what is presented: the layer, and the rest of the place, or what a whole layer shows.
pub fn title(view: &View) -> (String, String) {
    let page = view.state.view().page;
    if page != Page::Network {
        return (view.text(page.key()), view.text(&format!("{}.asks", page.key())));
    }
    let rungs = ladder(view);
    let shows = layer_shows(view);
    let mut texts = rungs
        .into_iter()
        .filter(|rung| !matches!(rung.kind, RungKind::Ahead | RungKind::Aside))
        .map(|rung| rung.text)
        .skip(1);
    let front = texts.next().unwrap_or_default();
    (front, shows.unwrap_or_else(|| texts.collect::<Vec<_>>().join(", ")))
}

/// What a layer that is shown whole shows: so many maps or filters, and what they say; at any depth, another way to
/// show it.
fn layer_shows(view: &View) -> Option<String> {
    let (state, look) = (view.state, view.state.look());
    if let Some(figure) = state.figure().filter(|figure| *figure != Figure::Slide) {
        return Some(view.text(figure.key()));
    }
    if Depth::new(&look) != Depth::Layer {
        return None;
    }
    let (tensor, ..) = state.trace().tensor_cell(&look.whole_cell())?;
    match (tensor.owner, tensor.part) {
        (Owner::Layer(_), Part::Out) => {}
        (Owner::Input, Part::Out) => return Some(names::planes_by_name(view, tensor)),
        (Owner::Loss, _) | (Owner::Layer(_) | Owner::Input, _) => return None,
    }
    let shape = state.plan().shape_of(tensor);
    let key = match (filters_of(view, &look).is_some(), state.view().show) {
        (true, Show::Maps) => "place.of_filters",
        (true, Show::Filters) => "place.filters",
        (true, Show::Both) => "place.filters_and_maps",
        (false, _) => return Some(names::maps(view, shape)),
    };
    Some(view.fill(key, &[("n", &names::planes(view, shape))]))
}

/// What is left out of the row for want of room, in this order; then the choices go into a menu one by one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Fold {
    Nothing,
    Labels,
    Rest,
    Segments,
    Why,
    Front,
}

impl Fold {
    const ALL: [Self; 6] = [Self::Nothing, Self::Labels, Self::Rest, Self::Segments, Self::Why, Self::Front];
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum RungKind {
    /// What lies around what is shown: a click looks there.
    Outer,
    /// The activation of a layer that is shown without it.
    Aside,
    /// What is shown: a click lists its neighbours.
    Here,
    /// What lies further in.
    Ahead,
}

/// A part of the ladder.
struct Rung {
    text: String,
    kind: RungKind,
    /// Where a click looks.
    to: Option<Address>,
    /// The colour of a pass.
    color: Option<(Color32, Color32)>,
}

/// The ladder of what is shown: the pass, the layer, the map, the cell, the term; what lies further in is grey.
fn ladder(view: &View) -> Vec<Rung> {
    let (state, plan) = (view.state, view.state.plan());
    let look = state.look();
    let depth = Depth::new(&look);
    let mut rungs = Vec::new();
    if state.inputs().training.is_some() || plan.times() > 1 && look.time() > 0 {
        let step = view.fill("place.step", &[("step", &look.time().to_string())]);
        rungs.push(Rung { text: step, kind: RungKind::Outer, to: None, color: None });
    }
    let pass = plan.stage_at(&look).map(|stage| stage.pass);
    let outer = |at: Depth| if at == depth { RungKind::Here } else { RungKind::Outer };
    let widen = |grain| Some(plan.widen(&look, grain));
    match pass {
        Some(pass) => {
            let colors = view.theme.pass(pass);
            let text = format!("{} {}", colors.glyph, view.text(&format!("place.{}", pass.name())));
            let color = Some((colors.soft, colors.strong));
            rungs.push(Rung { text, kind: RungKind::Outer, to: widen(Grain::Pass), color });
        }
        None => {
            let text = view.text("place.given");
            rungs.push(Rung { text, kind: RungKind::Outer, to: None, color: None });
        }
    }
    if depth == Depth::Pass {
        let text = view.text("place.whole");
        rungs.push(Rung { text, kind: RungKind::Here, to: Some(look), color: None });
    } else {
        layer_rungs(view, &look, outer(Depth::Layer), &mut rungs);
    }
    let shape = plan.shape_at(&look);
    let tensor = state.trace().tensor_cell(&look.whole_cell()).map(|(tensor, ..)| tensor);
    if depth >= Depth::Map
        && let Some(tensor) = tensor
    {
        let map = look.cell() as usize / shape.plane().max(1);
        let is_class = scores_layer(plan.network()).map(|l| TensorId::layer(l, Part::Out)) == Some(tensor);
        let text = match is_class {
            true => view.fill("place.neuron_of", &[("class", &names::class_of_output(view, map))]),
            false => names::plane(view, tensor, map),
        };
        rungs.push(Rung { text, kind: outer(Depth::Map), to: widen(Grain::Channel), color: None });
    }
    if depth >= Depth::Cell {
        let [_, _, i, j] = shape.at(look.cell() as usize);
        let text = view.fill("place.cell", &[("i", &i.to_string()), ("j", &j.to_string())]);
        rungs.push(Rung { text, kind: outer(Depth::Cell), to: widen(Grain::Cell), color: None });
    }
    if depth == Depth::Term {
        let text = view.fill("place.term", &[("m", &look.term().to_string())]);
        rungs.push(Rung { text, kind: RungKind::Here, to: Some(look), color: None });
    }
    let further = [Depth::Layer, Depth::Map, Depth::Cell, Depth::Term];
    let keys = ["place.layer", "place.map", "place.a_cell", "place.a_term"];
    // A neuron is one cell.
    let is_vector = depth >= Depth::Layer && shape.plane() == 1;
    let skips = |at: Depth| is_vector && at == Depth::Cell;
    for (at, key) in further.into_iter().zip(keys).filter(|(at, _)| *at > depth && !skips(*at)) {
        let to = (at < Depth::Term).then(|| look.refine(at.grain()));
        rungs.push(Rung { text: view.text(key), kind: RungKind::Ahead, to, color: None });
    }
    rungs
}

/// The layer, and its activation as a chip that switches between before and after it.
fn layer_rungs(view: &View, look: &Address, kind: RungKind, rungs: &mut Vec<Rung>) {
    let plan = view.state.plan();
    let Some((tensor, ..)) = view.state.trace().tensor_cell(&look.whole_cell()) else { return };
    let to = Some(plan.widen(look, Grain::Layer));
    let is_forward = plan.stage_at(look).is_some_and(|stage| stage.pass == Pass::Fwd);
    let blocks = blocks(plan.network());
    let block = is_forward.then(|| block_of(&blocks, tensor)).flatten().map(|number| &blocks[number]);
    let Some((block, activation)) = block.and_then(|block| Some((block, block.activations(plan).next()?)))
    else {
        rungs.push(Rung { text: names::tensor(view, tensor), kind, to, color: None });
        return;
    };
    let stage = |l: usize| {
        let stage = plan.stage_of(crate::trace::TensorId::layer(l, crate::nn::Part::Out))?;
        Some(Address::whole_stage(look.time(), look.image(), stage))
    };
    let name = block.name(plan).to_owned();
    let (activation, title) = activation;
    let is_after = tensor.owner == crate::trace::Owner::Layer(activation as u16);
    if is_after {
        rungs.push(Rung { text: format!("{name} + {title}"), kind, to, color: None });
        if kind == RungKind::Here {
            let text = view.fill("place.without", &[("title", title)]);
            rungs.push(Rung { text, kind: RungKind::Aside, to: stage(block.layers.start), color: None });
        }
    } else {
        rungs.push(Rung { text: name, kind, to, color: None });
        if kind == RungKind::Here {
            let text = format!("+ {title}");
            rungs.push(Rung { text, kind: RungKind::Aside, to: stage(activation), color: None });
        }
    }
}

/// Between two rungs.
const ARROW: f32 = 16.0;
/// Left and right of a rung's words.
const RUNG_PADDING: f32 = 20.0;
/// The width of "…", which stands for the ladder's front.
const FRONT: f32 = 30.0;

/// The rungs that are shown under a fold.
fn shown(rungs: &[Rung], fold: Fold) -> impl Iterator<Item = &Rung> {
    let front = front(rungs, fold).len();
    rungs[front..].iter().filter(move |rung| {
        let is_rest = fold >= Fold::Rest && rung.kind == RungKind::Ahead;
        let is_aside = fold >= Fold::Front && rung.kind == RungKind::Aside;
        !is_rest && !is_aside
    })
}

/// The rungs that "…" stands for under a fold.
fn front(rungs: &[Rung], fold: Fold) -> &[Rung] {
    let here = rungs.iter().position(|rung| rung.kind == RungKind::Here).unwrap_or(0);
    if fold < Fold::Front { &[] } else { &rungs[..here] }
}

fn ladder_width(ui: &Ui, rungs: &[Rung], fold: Fold) -> f32 {
    let width = |text: &str| text_width(ui.painter(), text, theme::strong_font());
    let front = if front(rungs, fold).is_empty() { 0.0 } else { FRONT + ARROW };
    front + shown(rungs, fold).map(|rung| width(&rung.text) + RUNG_PADDING + ARROW).sum::<f32>()
}

fn ladder_ui(ui: &mut Ui, view: &View, rungs: &[Rung], fold: Fold) {
    ui.spacing_mut().item_spacing.x = 0.0;
    let front = front(rungs, fold);
    if !front.is_empty() {
        front_ui(ui, view, front);
    }
    for (k, rung) in shown(rungs, fold).enumerate() {
        if k > 0 || !front.is_empty() {
            let (rect, _) = ui.allocate_exact_size(vec2(ARROW, 30.0), egui::Sense::hover());
            let is_ahead = rung.kind == RungKind::Ahead;
            let color = if is_ahead { view.theme.line_strong } else { view.theme.text_weak };
            let square = egui::Rect::from_center_size(rect.center(), vec2(11.0, 11.0));
            if rung.kind != RungKind::Aside {
                Sign::Inwards.paint(ui.painter(), square, color);
            }
        }
        rung_ui(ui, view, rung);
    }
    ui.spacing_mut().item_spacing.x = space::S;
}

/// What lies around what is shown, as a menu; the outermost first.
fn front_ui(ui: &mut Ui, view: &View, front: &[Rung]) {
    let words = view.text("place.front");
    let button = Button::new(RichText::new("…").font(theme::strong_font())).min_size(vec2(FRONT, 28.0));
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        for rung in front {
            let text = RichText::new(&rung.text).font(theme::body_font());
            let entry = ui.add_enabled(rung.to.is_some(), Button::new(text).min_size(vec2(140.0, 30.0)));
            if let Some(to) = rung.to.filter(|_| entry.clicked()) {
                view.look(&to);
                ui.close();
            }
        }
    });
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
    response.on_hover_text(words);
}

fn rung_ui(ui: &mut Ui, view: &View, rung: &Rung) {
    let theme = view.theme;
    let (fill, ink) = match (rung.kind, rung.color) {
        (_, Some((soft, strong))) => (soft, strong),
        (RungKind::Here, None) => (theme.accent_soft, theme.accent),
        (RungKind::Outer, None) => (Color32::TRANSPARENT, theme.text),
        (RungKind::Aside, None) => (theme.button, theme.text),
        (RungKind::Ahead, None) => (Color32::TRANSPARENT, theme.text_weak),
    };
    let is_strong = rung.kind == RungKind::Here || rung.color.is_some();
    let font = if is_strong { theme::strong_font() } else { theme::body_font() };
    let text = RichText::new(&rung.text).font(font).color(ink);
    let button = Button::new(text).fill(fill).stroke(egui::Stroke::NONE).min_size(vec2(0.0, 28.0));
    let look = view.state.look();
    if rung.kind == RungKind::Here && Depth::new(&look) > Depth::Pass {
        let opened = ui.menu_button(RichText::new(&rung.text).font(theme::strong_font()).color(ink), |ui| {
            ui.set_min_width(120.0);
            ScrollArea::vertical().max_height(380.0).show(ui, |ui| neighbours_ui(ui, view, &look));
        });
        let words = view.fill("place.neighbours", &[("place", &rung.text)]);
        opened.response.on_hover_text(words);
        return;
    }
    let response = ui.add(button);
    if response.clicked() {
        match (rung.to, rung.color) {
            (Some(_), Some(_)) if Depth::new(&look) == Depth::Pass => {}
            (Some(to), _) => view.look(&to),
            (None, _) => {}
        }
    }
    if rung.color.is_some() && Depth::new(&look) == Depth::Pass {
        egui::Popup::menu(&response).show(|ui| passes_ui(ui, view, &look));
    }
}

fn why_width(ui: &Ui, view: &View, fold: Fold) -> f32 {
    if fold >= Fold::Why { 32.0 } else { list_width(ui, &view.text("drawer.why")) }
}

/// The width of the button for a picture, with the gap before it.
const PICTURE: f32 = 32.0 + space::S;

/// The button that sets up a picture of what is shown.
fn picture_ui(ui: &mut Ui, view: &View) {
    let words = view.text("cmd.export_picture");
    if sign_button_ui(ui, view.theme, Sign::Picture, &words).clicked() {
        view.push(PictureAction::Open.into());
    }
}

/// The button that opens and closes the panel "Why?"; a dot on it until it was opened once.
fn why_ui(ui: &mut Ui, view: &View, fold: Fold) {
    let now = view.state.view();
    let is_open = now.drawer == Some(Drawer::Why);
    let words = view.text(if is_open { "drawer.why_open" } else { "drawer.why_closed" });
    let name = view.text("drawer.why");
    let response = if fold >= Fold::Why {
        sign_button_ui(ui, view.theme, Sign::Panel, &words)
    } else {
        let fill = if is_open { view.theme.accent_soft } else { view.theme.button };
        let text = RichText::new(format!("      {name}")).font(theme::body_font());
        let response = ui.add(Button::new(text).fill(fill).min_size(vec2(0.0, 30.0)));
        let at = egui::pos2(response.rect.left() + 19.0, response.rect.center().y);
        let square = egui::Rect::from_center_size(at, vec2(17.0, 17.0));
        Sign::Panel.paint(ui.painter(), square, view.theme.text_strong);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
        response.on_hover_text(view.text("cmd.show_why"))
    };
    if !now.why_seen {
        ui.painter().circle_filled(response.rect.right_top() + vec2(-4.0, 4.0), 4.0, view.theme.accent);
    }
    if response.clicked() {
        view.push(Action::SetDrawer((!is_open).then_some(Drawer::Why)));
    }
}
