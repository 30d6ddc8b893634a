//! The place row: the address as a ladder from the pass to the term, and the choices of the stage.

use crate::app::{Action, Compared, Drawer, Lane, Order, Show, With};
use crate::nn::Part;
use crate::trace::{Address, Depth, Grain, Pass, Place, TensorId};
use crate::ui::{
    blocks::{block_of, blocks, filters_of, scores_layer, with_gradient},
    names,
    theme::{self, space},
    view::View,
    widgets::{
        flow::text_width,
        segments::{list_ui, list_width, segments_ui, segments_width},
        sign::{Sign, sign_button_ui},
    },
};
use egui::{
    Align, Button, Color32, DragValue, Id, Layout, RichText, ScrollArea, TextEdit, Ui,
    text::{CCursor, CCursorRange},
    text_edit::TextEditState,
    vec2,
};

/// Draws the row: the ladder at its left, the choices of the stage at its right, "Why?" last.
pub fn place_ui(ui: &mut Ui, view: &View) {
    if view.state.view().typing_address {
        return typing_ui(ui, view);
    }
    let choices = Choices::new(view);
    let ladder = ladder(view);
    // What folds first stands first: the grey rest, the words before lists, the choices side by side.
    let room = ui.available_width();
    let widths = |fold: Fold| ladder_width(ui, &ladder, fold) + choices.width(ui, view, fold);
    let fold = Fold::ALL.into_iter().find(|&fold| widths(fold) <= room).unwrap_or(Fold::Few);
    ladder_ui(ui, view, &ladder, fold);
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        why_ui(ui, view, fold);
        choices.draw_ui(ui, view, fold);
    });
}

/// The title of what is presented: the layer, and the rest of the place.
pub fn title(view: &View) -> (String, String) {
    let rungs = ladder(view);
    let mut texts = rungs
        .into_iter()
        .filter(|rung| !matches!(rung.kind, RungKind::Ahead | RungKind::Aside))
        .map(|rung| rung.text)
        .skip(1);
    let front = texts.next().unwrap_or_default();
    (front, texts.collect::<Vec<_>>().join(", "))
}

/// What is left out of the row for want of room, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Fold {
    Nothing,
    Rest,
    Labels,
    Segments,
    Why,
    Front,
    Compare,
    Few,
}

impl Fold {
    const ALL: [Self; 8] = [
        Self::Nothing,
        Self::Rest,
        Self::Labels,
        Self::Segments,
        Self::Why,
        Self::Front,
        Self::Compare,
        Self::Few,
    ];
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
            true => view.fill("place.neuron_of", &[("class", &names::class(view, map))]),
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

/// The rungs that are shown under a fold.
fn shown(rungs: &[Rung], fold: Fold) -> impl Iterator<Item = &Rung> {
    let here = rungs.iter().position(|rung| rung.kind == RungKind::Here).unwrap_or(0);
    rungs.iter().enumerate().filter_map(move |(k, rung)| {
        let is_front = fold >= Fold::Front && k + 1 < here;
        let is_rest = fold >= Fold::Rest && rung.kind == RungKind::Ahead;
        let is_aside = fold >= Fold::Front && rung.kind == RungKind::Aside;
        (!is_front && !is_rest && !is_aside).then_some(rung)
    })
}

fn ladder_width(ui: &Ui, rungs: &[Rung], fold: Fold) -> f32 {
    let width = |text: &str| text_width(ui.painter(), text, theme::strong_font());
    shown(rungs, fold).map(|rung| width(&rung.text) + RUNG_PADDING + ARROW).sum()
}

fn ladder_ui(ui: &mut Ui, view: &View, rungs: &[Rung], fold: Fold) {
    ui.spacing_mut().item_spacing.x = 0.0;
    for (k, rung) in shown(rungs, fold).enumerate() {
        if k > 0 {
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

/// What can be shown in place of what is shown, at the same depth.
fn neighbours_ui(ui: &mut Ui, view: &View, look: &Address) {
    let plan = view.state.plan();
    match Depth::new(look) {
        Depth::Pass => passes_ui(ui, view, look),
        Depth::Layer => stages_ui(ui, view, look),
        Depth::Map => maps_ui(ui, view, look),
        Depth::Cell => position_ui(ui, view, look),
        Depth::Term => {
            let terms = plan.stage_at(look).map_or(0, |stage| stage.terms);
            for term in 0..terms.min(LISTED as u32) {
                let name = view.fill("place.term", &[("m", &term.to_string())]);
                if ui.add(Button::selectable(term == look.term(), name)).clicked() {
                    view.visit(&look.with_term(term));
                    ui.close();
                }
            }
        }
    }
}

/// The choices at the right end of the row.
struct Choices {
    depth: Depth,
    /// Maps, filters or both.
    has_filters: bool,
    /// Values, gradients or both.
    has_gradients: bool,
}

impl Choices {
    fn new(view: &View) -> Self {
        let (plan, look) = (view.state.plan(), view.state.look());
        let depth = Depth::new(&look);
        let pass = plan.stage_at(&look).map(|stage| stage.pass);
        let has_filters = depth == Depth::Layer && filters_of(view, &look).is_some();
        let tensor = view.state.trace().tensor_cell(&look.whole_cell()).map(|(tensor, ..)| tensor);
        let has_pair = tensor.is_some_and(|tensor| with_gradient(plan, tensor).is_some());
        let has_gradients = match depth {
            Depth::Pass => pass != Some(Pass::Update),
            Depth::Layer | Depth::Map => has_pair,
            Depth::Cell | Depth::Term => false,
        };
        Self { depth, has_filters, has_gradients }
    }

    /// The choices as names, words and the number of the chosen one, from left to right.
    fn all(&self, view: &View) -> Vec<Choice> {
        let now = view.state.view();
        let mut all = Vec::new();
        if self.depth == Depth::Layer {
            let words = With::ALL.map(|with| view.text(with.key())).to_vec();
            let chosen = With::ALL.iter().position(|with| *with == now.with).unwrap_or(0);
            let action =
                |view: &View, k: usize| Action::SetComparison(With::ALL[k], view.state.view().compared);
            all.push(Choice { name: "place.compare", words, chosen, is_list: true, action });
        }
        if self.depth == Depth::Layer && now.with != With::Nothing {
            let words = Compared::ALL.map(|side| view.text(side.key())).to_vec();
            let chosen = Compared::ALL.iter().position(|side| *side == now.compared).unwrap_or(0);
            let action =
                |view: &View, k: usize| Action::SetComparison(view.state.view().with, Compared::ALL[k]);
            all.push(Choice { name: "place.side", words, chosen, is_list: false, action });
        } else if self.has_gradients {
            let words = Lane::ALL.map(|lane| view.text(lane.key())).to_vec();
            let chosen = Lane::ALL.iter().position(|lane| *lane == view.state.lane()).unwrap_or(0);
            let action = |_: &View, k: usize| Action::SetLane(Lane::ALL[k]);
            all.push(Choice { name: "place.lane", words, chosen, is_list: false, action });
        }
        let others = rivals(view);
        if !others.is_empty() {
            let name = |class: &usize| names::class(view, *class);
            let words = std::iter::once(view.text("map.nobody")).chain(others.iter().map(name)).collect();
            let chosen = others.iter().position(|class| now.against == Some(*class)).map_or(0, |k| k + 1);
            let action = |view: &View, k: usize| {
                Action::SetAgainst(k.checked_sub(1).and_then(|k| rivals(view).get(k).copied()))
            };
            all.push(Choice { name: "map.against", words, chosen, is_list: true, action });
        }
        if self.has_filters && now.with == With::Nothing {
            let words = Show::ALL.map(|show| view.text(show.key())).to_vec();
            let chosen = Show::ALL.iter().position(|show| *show == now.show).unwrap_or(0);
            let action = |_: &View, k: usize| Action::SetShow(Show::ALL[k]);
            all.push(Choice { name: "place.show", words, chosen, is_list: false, action });
        }
        if self.depth == Depth::Layer {
            let orders: Vec<Order> = Order::ALL
                .into_iter()
                .filter(|order| *order != Order::Changed || now.with != With::Nothing)
                .collect();
            let words = orders.iter().map(|order| view.text(order.key())).collect();
            let chosen = orders.iter().position(|order| *order == now.order).unwrap_or(0);
            let action = |_: &View, k: usize| Action::SetOrder(Order::ALL[k]);
            all.push(Choice { name: "place.order", words, chosen, is_list: true, action });
        }
        all
    }

    fn width(&self, ui: &Ui, view: &View, fold: Fold) -> f32 {
        let why = if fold >= Fold::Why { 32.0 } else { list_width(ui, &view.text("drawer.why")) };
        let shown = self.shown(view, fold);
        shown.iter().map(|choice| choice.width(ui, view, fold) + space::S).sum::<f32>() + why
    }

    /// The choices that are shown under a fold; those left out have their keys and stand in the palette.
    fn shown(&self, view: &View, fold: Fold) -> Vec<Choice> {
        let mut all = self.all(view);
        let is_compared = view.state.view().with != With::Nothing;
        if fold >= Fold::Compare && !is_compared {
            all.retain(|choice| choice.name != "place.compare");
        }
        if fold >= Fold::Few {
            all.drain(..all.len().saturating_sub(1));
        }
        all
    }

    /// From right to left, as the row's end is laid out.
    fn draw_ui(&self, ui: &mut Ui, view: &View, fold: Fold) {
        for choice in self.shown(view, fold).into_iter().rev() {
            choice.draw_ui(ui, view, fold);
        }
    }
}

/// The classes that the neuron which is looked at can be compared with, those with the largest scores first; none
/// where it is not of a class.
fn rivals(view: &View) -> Vec<usize> {
    let (plan, look) = (view.state.plan(), view.state.look());
    let scores = scores_layer(plan.network()).map(|l| TensorId::layer(l, Part::Out));
    let cell = view.state.trace().tensor_cell(&look.whole_cell());
    let Some((tensor, image, own)) = cell.filter(|(tensor, ..)| Some(*tensor) == scores) else {
        return Vec::new();
    };
    if Depth::new(&look) != Depth::Map {
        return Vec::new();
    }
    let score = |class: &usize| view.state.trace().value(tensor, image, *class as u32);
    let mut rivals: Vec<usize> = (0..plan.shape_of(tensor).planes()).filter(|k| *k != own as usize).collect();
    rivals.sort_by(|a, b| score(b).total_cmp(&score(a)));
    rivals
}

/// A choice of the row.
struct Choice {
    /// The key of its name.
    name: &'static str,
    words: Vec<String>,
    chosen: usize,
    /// Always a list, its name before the chosen word.
    is_list: bool,
    action: fn(&View, usize) -> Action,
}

impl Choice {
    fn front(&self, view: &View, fold: Fold) -> String {
        if self.is_list && fold < Fold::Labels { view.text(self.name) } else { String::new() }
    }

    fn width(&self, ui: &Ui, view: &View, fold: Fold) -> f32 {
        if !self.is_list && fold < Fold::Segments {
            return segments_width(ui, &self.words);
        }
        let shown = format!("{} {}", self.front(view, fold), self.words[self.chosen]);
        list_width(ui, shown.trim_start())
    }

    fn draw_ui(&self, ui: &mut Ui, view: &View, fold: Fold) {
        let name = view.text(self.name);
        let clicked = if !self.is_list && fold < Fold::Segments {
            segments_ui(ui, view.theme, &name, &self.words, self.chosen)
        } else {
            list_ui(ui, view.theme, &name, &self.front(view, fold), &self.words, self.chosen)
        };
        if let Some(clicked) = clicked {
            view.push((self.action)(view, clicked));
        }
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
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &words));
        response.on_hover_text(view.text("cmd.show_why"))
    };
    if !now.why_seen {
        ui.painter().circle_filled(response.rect.right_top() + vec2(-4.0, 4.0), 4.0, view.theme.accent);
    }
    if response.clicked() {
        view.push(Action::SetDrawer((!is_open).then_some(Drawer::Why)));
    }
}

fn typing_ui(ui: &mut Ui, view: &View) {
    let id = Id::unique("address line");
    let kept: Option<String> = ui.data(|data| data.get_temp(id));
    let fresh = kept.is_none();
    let mut text = kept.unwrap_or_else(|| match view.state.selected() {
        Some(selected) => view.state.plan().text(&selected),
        None => view.state.cursor().text(view.state.plan()),
    });
    let edit = TextEdit::singleline(&mut text)
        .id(id.with("edit"))
        .font(theme::mono_font())
        .hint_text("fwd/conv1/k2/(3,5)/m7")
        .desired_width(ui.available_width() - 60.0);
    let response = ui.add(edit);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, view.text("cmd.go_to")));
    if fresh {
        response.request_focus();
        // Whatever is typed takes the place of what is there.
        let mut state = TextEditState::load(ui.ctx(), response.id).unwrap_or_default();
        let all = CCursorRange::two(CCursor::new(0), CCursor::new(text.chars().count()));
        state.cursor.set_char_range(Some(all));
        state.store(ui.ctx(), response.id);
    }
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    if entered {
        view.push(Action::GoTo(text.clone()));
    } else if response.lost_focus() && !fresh {
        view.push(Action::TypeAddress(false));
    }
    let stays = !response.lost_focus() || fresh;
    ui.data_mut(|data| {
        if stays {
            data.insert_temp(id, text);
        } else {
            data.remove::<String>(id);
        }
    });
}

/// Entries of a list; what lies behind is reached by typing.
const LISTED: usize = 512;

/// The maps of a stage.
fn maps_ui(ui: &mut Ui, view: &View, look: &Address) {
    let shape = view.state.plan().shape_at(look);
    let Some((tensor, ..)) = view.state.trace().tensor_cell(&look.whole_cell()) else { return };
    let now = look.cell() as usize / shape.plane().max(1);
    for map in 0..shape.planes().min(LISTED) {
        let name = names::plane(view, tensor, map);
        if ui.add(Button::selectable(map == now, name)).clicked() {
            view.look(&look.with_channel_from((map * shape.plane()) as u32));
            ui.close();
        }
    }
}

fn passes_ui(ui: &mut Ui, view: &View, address: &Address) {
    let plan = view.state.plan();
    let now = plan.stage_at(address).map(|stage| stage.pass);
    for pass in Pass::ALL {
        let stages = plan.pass_stages(pass);
        if stages.is_empty() {
            continue;
        }
        let to = plan.widen(
            &Address::whole_stage(
                address.time(),
                if pass == Pass::Update { 0 } else { address.image() },
                stages.start,
            ),
            Grain::Pass,
        );
        let look = view.theme.pass(pass);
        let words = format!("{} {}", look.glyph, view.text(&format!("pass.{}", pass.name())));
        if ui.add(Button::selectable(now == Some(pass), RichText::new(words).color(look.strong))).clicked() {
            view.look(&to);
            ui.close();
        }
    }
}

fn stages_ui(ui: &mut Ui, view: &View, address: &Address) {
    let plan = view.state.plan();
    let Some(stage) = plan.stage_at(address) else {
        for tensor in plan.given() {
            if ui
                .add(Button::selectable(address.place() == Place::Given(tensor), names::tensor(view, tensor)))
                .clicked()
            {
                view.look(&address.with_given(tensor));
                ui.close();
            }
        }
        return;
    };
    for s in plan.pass_stages(stage.pass) {
        let to = address.with_stage(s);
        let name = names::tensor(view, plan.stages()[s].tensor);
        if ui.add(Button::selectable(address.place() == to.place(), name)).clicked() {
            view.look(&to);
            ui.close();
        }
    }
}

fn position_ui(ui: &mut Ui, view: &View, address: &Address) {
    let shape = view.state.plan().shape_at(address);
    let mut at = shape.at(address.cell() as usize);
    let before = at;
    for (axis, key) in [(2, "crumb.row"), (3, "crumb.column")] {
        ui.horizontal(|ui| {
            let label = ui.label(view.text(key));
            let drag = DragValue::new(&mut at[axis]).range(0..=shape.0[axis] - 1);
            ui.add(drag).labelled_by(label.id);
        });
    }
    if at != before {
        view.look(&address.with_cell(shape.flat(at) as u32));
    }
}
