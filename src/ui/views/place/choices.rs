//! The choices at the right end of the place row: what the maps are compared with, which numbers they show, what a
//! layer shows, and in which order. Those that have no room are in a menu.

use super::Fold;
use crate::app::{Action, Compared, Figure, Lane, Order, Show, With};
use crate::nn::Part;
use crate::trace::{Depth, Pass, TensorId};
use crate::ui::{
    blocks::{filters_of, scores_layer, with_gradient},
    names,
    theme::{self, space},
    view::View,
    widgets::{
        flow::most_fitting,
        segments::{list_width, segments_ui, segments_width, titled_list_ui},
    },
};
use egui::{Button, RichText, Role, Ui, WidgetInfo, vec2};

/// The width of the button that opens the menu.
const MORE: f32 = 36.0;

/// A choice of the row: one of some values.
struct Choice {
    /// The key of its name.
    name: &'static str,
    words: Vec<String>,
    chosen: usize,
    /// What choosing each value asks for.
    actions: Vec<Action>,
    /// Always a list, its name before the chosen word.
    is_list: bool,
    /// What the list shows in place of name and word while its first value, which is nothing, is chosen.
    idle: Option<String>,
}

impl Choice {
    /// A choice among `values`, each with its words and with what choosing it asks for.
    fn new<T: Copy + PartialEq>(
        name: &'static str,
        values: &[T],
        now: T,
        words: impl Fn(T) -> String,
        action: impl Fn(T) -> Action,
    ) -> Self {
        let chosen = values.iter().position(|value| *value == now).unwrap_or(0);
        let words = values.iter().map(|&value| words(value)).collect();
        let actions = values.iter().map(|&value| action(value)).collect();
        Self { name, words, chosen, actions, is_list: false, idle: None }
    }

    fn into_list(self) -> Self {
        Self { is_list: true, ..self }
    }

    /// A list whose first value is nothing.
    fn or_idle(self, idle: String) -> Self {
        Self { idle: Some(idle), ..self.into_list() }
    }

    /// What the closed list shows: its name in weak ink, and what is chosen.
    fn closed(&self, view: &View, fold: Fold) -> [String; 2] {
        match &self.idle {
            Some(idle) if self.chosen == 0 => [String::new(), idle.clone()],
            _ if self.is_list && fold < Fold::Labels => {
                [view.text(self.name), self.words[self.chosen].clone()]
            }
            _ => [String::new(), self.words[self.chosen].clone()],
        }
    }

    fn width(&self, ui: &Ui, view: &View, fold: Fold) -> f32 {
        if !self.is_list && fold < Fold::Segments {
            return segments_width(ui, &self.words);
        }
        list_width(ui, self.closed(view, fold).join(" ").trim_start())
    }

    fn draw_ui(&self, ui: &mut Ui, view: &View, fold: Fold) {
        let name = view.text(self.name);
        let clicked = if !self.is_list && fold < Fold::Segments {
            segments_ui(ui, view.theme, &name, &self.words, self.chosen)
        } else {
            let [front, now] = self.closed(view, fold);
            titled_list_ui(ui, view.theme, &name, [&front, &now], &self.words, self.chosen)
        };
        if let Some(clicked) = clicked {
            view.push(self.actions[clicked].clone());
        }
    }

    /// The same in the menu: its name, and below it all that can be chosen.
    fn entries_ui(&self, ui: &mut Ui, view: &View) {
        let name = view.text(self.name);
        ui.label(RichText::new(&name).font(theme::small_font()).color(view.theme.text_weak));
        for (k, word) in self.words.iter().enumerate() {
            let is_chosen = k == self.chosen;
            let text = RichText::new(word).font(theme::body_font());
            let response = ui.add(Button::selectable(is_chosen, text).min_size(vec2(160.0, 30.0)));
            response.widget_info(|| {
                WidgetInfo::selected(Role::RadioButton, true, is_chosen, format!("{name}: {word}"))
            });
            if response.clicked() {
                view.push(self.actions[k].clone());
                ui.close();
            }
        }
    }
}

/// The choices that the stage has.
pub struct Choices(Vec<Choice>);

impl Choices {
    /// The choices of what is shown, from left to right.
    pub fn new(view: &View) -> Self {
        let (plan, look) = (view.state.plan(), view.state.look());
        let (depth, now) = (Depth::new(&look), view.state.view());
        let pass = plan.stage_at(&look).map(|stage| stage.pass);
        let tensor = view.state.trace().tensor_cell(&look.whole_cell()).map(|(tensor, ..)| tensor);
        let has_pair = tensor.is_some_and(|tensor| with_gradient(plan, tensor).is_some());
        let has_gradients = match depth {
            Depth::Pass => pass != Some(Pass::Update),
            Depth::Layer | Depth::Map => has_pair,
            Depth::Cell | Depth::Term => false,
        };
        let is_layer = depth == Depth::Layer;
        let compares = is_layer || depth == Depth::Pass;
        let is_compared = compares && now.with != With::Nothing;
        let mut all = Vec::new();
        all.extend(figures_of(view, depth));
        if view.state.figure().is_some() {
            return Self(all);
        }
        if compares {
            let word = |with: With| view.text(with.key());
            let action = |with| Action::SetComparison(with, now.compared);
            let choice = Choice::new("place.compare", &With::ALL, now.with, word, action);
            all.push(choice.or_idle(view.text("place.compare_idle")));
        }
        if is_compared {
            let word = |side: Compared| view.text(side.key());
            let action = |side| Action::SetComparison(now.with, side);
            all.push(Choice::new("place.side", &Compared::ALL, now.compared, word, action));
        } else if has_gradients {
            let word = |lane: Lane| view.text(lane.key());
            all.push(Choice::new("place.lane", &Lane::ALL, view.state.lane(), word, Action::SetLane));
        }
        let rivals = rivals(view);
        if !rivals.is_empty() {
            let classes: Vec<Option<usize>> =
                std::iter::once(None).chain(rivals.into_iter().map(Some)).collect();
            let word = |class: Option<usize>| match class {
                Some(class) => names::class(view, class),
                None => view.text("map.nobody"),
            };
            let choice = Choice::new("map.against", &classes, now.against, word, Action::SetAgainst);
            all.push(choice.into_list());
        }
        if is_layer && !is_compared && filters_of(view, &look).is_some() {
            let word = |show: Show| view.text(show.key());
            all.push(Choice::new("place.show", &Show::ALL, now.show, word, Action::SetShow));
        }
        if is_layer {
            let orders: Vec<Order> =
                Order::ALL.into_iter().filter(|order| *order != Order::Changed || is_compared).collect();
            let word = |order: Order| view.text(order.key());
            all.push(Choice::new("place.order", &orders, now.order, word, Action::SetOrder).into_list());
        }
        Self(all)
    }

    /// The width of the choices under a fold, with all of them in the row.
    pub fn width(&self, ui: &Ui, view: &View, fold: Fold) -> f32 {
        self.0.iter().map(|choice| choice.width(ui, view, fold) + space::S).sum()
    }

    /// The least width: all of them in the menu.
    pub fn least(&self) -> f32 {
        if self.0.is_empty() { 0.0 } else { MORE + space::S }
    }

    /// Which stand in the row: all, or as many as fit into `room` beside the menu. Those that say which numbers are
    /// seen stay longest.
    fn shown(&self, ui: &Ui, view: &View, fold: Fold, room: f32) -> Vec<bool> {
        const KEPT: [&str; 7] = [
            "place.figure",
            "place.side",
            "map.against",
            "place.lane",
            "place.show",
            "place.order",
            "place.compare",
        ];
        let rank = |choice: &Choice| KEPT.iter().position(|name| *name == choice.name);
        let mut by_rank: Vec<usize> = (0..self.0.len()).collect();
        by_rank.sort_by_key(|&k| rank(&self.0[k]));
        let width = |count: usize| {
            let more = if count < by_rank.len() { self.least() } else { 0.0 };
            let choices = by_rank[..count].iter().map(|&k| self.0[k].width(ui, view, fold) + space::S);
            more + choices.sum::<f32>()
        };
        let kept = most_fitting(self.0.len(), room, width);
        (0..self.0.len()).map(|k| by_rank[..kept].contains(&k)).collect()
    }

    /// From right to left, as the row's end is laid out, into the room that is left.
    pub fn draw_ui(&self, ui: &mut Ui, view: &View, fold: Fold) {
        let shown = self.shown(ui, view, fold, ui.available_width());
        if shown.contains(&false) {
            self.more_ui(ui, view, &shown);
        }
        for (choice, _) in self.0.iter().zip(&shown).rev().filter(|(_, shown)| **shown) {
            choice.draw_ui(ui, view, fold);
        }
    }

    /// The menu with the choices that have no room in the row.
    fn more_ui(&self, ui: &mut Ui, view: &View, shown: &[bool]) {
        let hidden = || self.0.iter().zip(shown).filter(|(_, shown)| !**shown).map(|(choice, _)| choice);
        let names: Vec<String> = hidden().map(|choice| view.text(choice.name)).collect();
        let words = view.fill("place.more", &[("names", &names.join(&view.text("place.and")))]);
        let button = Button::new(RichText::new("…").font(theme::strong_font())).min_size(vec2(MORE, 30.0));
        let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
            for (number, choice) in hidden().enumerate() {
                if number > 0 {
                    ui.separator();
                }
                choice.entries_ui(ui, view);
            }
        });
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
        response.on_hover_text(words);
    }
}

/// The ways in which the place can be shown; `None` where there is only one.
fn figures_of(view: &View, depth: Depth) -> Option<Choice> {
    let figures = view.state.figures();
    let ways: Vec<Option<Figure>> = std::iter::once(None).chain(figures.into_iter().map(Some)).collect();
    let word = |figure: Option<Figure>| match (figure, depth) {
        (Some(figure), _) => view.text(figure.key()),
        (None, Depth::Pass) => view.text("figure.layers"),
        (None, Depth::Layer | Depth::Map) => view.text("figure.maps"),
        (None, Depth::Cell | Depth::Term) => view.text("figure.products"),
    };
    let choice = Choice::new("place.figure", &ways, view.state.figure(), word, Action::SetFigure);
    (ways.len() > 1).then(|| choice.or_idle(view.text("place.figure_idle")))
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
