//! The page before there is training: a card for each set that could be learned from, and runs to go on with.

use super::{data, runs};
use crate::app::{Action, DataAction, DataMatch, TrainAction, Until};
use crate::data::{Dataset, Split};
use crate::ui::{
    names,
    theme::{space, text_size},
    view::View,
    widgets::thumbnail::{Budget, from_example},
};
use egui::{
    Align, Button, CornerRadius, FontId, Frame, Layout, Margin, Rect, RichText, Sense, Stroke, Ui, pos2, vec2,
};

/// The least width of a card.
const CARD: f32 = 300.0;
/// The side of an example.
const EXAMPLE: f32 = 52.0;

/// Draws the page.
pub fn invitation_ui(ui: &mut Ui, view: &View) {
    ui.add_space(space::XL);
    ui.vertical_centered(|ui| {
        let heading = RichText::new(view.text("training.invite"));
        let font = FontId::new(text_size::HEADING, crate::ui::fonts::strong());
        ui.label(heading.font(font).color(view.theme.text_strong));
        ui.label(RichText::new(view.text("training.invite_more")).color(view.theme.text_weak));
    });
    ui.add_space(space::L);
    let sets = data::at_hand(view);
    let cards = sets.len() + 1;
    let gap = space::L;
    let most = (((ui.available_width() + gap) / (CARD + gap)) as usize).clamp(1, cards);
    let has_own = sets.iter().any(|(_, fits)| *fits == DataMatch::Own);
    // What fits best comes first: the sets with the network's own classes, else what the user has.
    let order: Vec<Option<usize>> = match has_own {
        true => (0..sets.len()).map(Some).chain([None]).collect(),
        false => [None].into_iter().chain((0..sets.len()).map(Some)).collect(),
    };
    let mut budget = Budget::for_one_frame();
    let width = ((ui.available_width() + gap) / most as f32 - gap).min(420.0);
    for row in order.chunks(most) {
        ui.horizontal_top(|ui| {
            let used = row.len() as f32 * (width + gap) - gap;
            ui.spacing_mut().item_spacing.x = gap;
            ui.add_space((0.5 * (ui.available_width() - used) - gap).max(0.0));
            for place in row {
                card_ui(ui, view, width, |ui| match place {
                    Some(k) => set_ui(ui, view, &sets[*k], has_own && *k == 0, &mut budget),
                    None => open_ui(ui, view),
                });
            }
        });
        ui.add_space(gap);
    }
    ui.horizontal_wrapped(|ui| runs::runs_ui(ui, view));
}

fn card_ui(ui: &mut Ui, view: &View, width: f32, content: impl FnOnce(&mut Ui)) {
    let frame = Frame::new()
        .fill(view.theme.raised)
        .stroke(Stroke::new(1.0, view.theme.line))
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::same(16));
    ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::top_down(Align::Min), |ui| {
        frame.show(ui, |ui| {
            ui.set_width(width - 34.0);
            ui.spacing_mut().item_spacing = vec2(space::S, space::S);
            content(ui);
        });
    });
}

fn title_ui(ui: &mut Ui, view: &View, title: &str, below: &str) {
    let font = FontId::new(text_size::PART, crate::ui::fonts::strong());
    ui.label(RichText::new(title).font(font).color(view.theme.text_strong));
    ui.label(RichText::new(below).color(view.theme.text_weak));
}

/// A set: its name, its classes, examples, and the button; or why the network cannot learn from it.
fn set_ui(ui: &mut Ui, view: &View, (data, fits): &(Dataset, DataMatch), is_best: bool, budget: &mut Budget) {
    let name = data::name(view, data);
    title_ui(ui, view, &name, &classes(ui, view, data));
    examples_ui(ui, view, data, budget);
    let sentence = data::sentence(view, data, fits);
    let words = match fits {
        DataMatch::Own => view.fill("training.train_on", &[("data", &name)]),
        DataMatch::Others { .. } => sentence,
        DataMatch::TooMany { .. } | DataMatch::OneClass | DataMatch::Pictures(_) => {
            ui.label(RichText::new(sentence).color(view.theme.text));
            return;
        }
    };
    if button_ui(ui, view, &words, is_best) {
        view.push(Action::Train(TrainAction::Use(Some(data.clone()))));
        if *fits == DataMatch::Own {
            view.push(Action::Train(TrainAction::Start(Until::End)));
        }
    }
}

/// As many classes as fit on a line.
fn classes(ui: &Ui, view: &View, data: &Dataset) -> String {
    let all: Vec<String> = (0..data.classes().len())
        .filter_map(|class| names::class_in(view.words, data.classes(), class))
        .collect();
    let room = ui.available_width();
    let line = |n: usize| {
        let rest = if n < all.len() { "…" } else { "" };
        format!("{}{rest}", all[..n].join(&view.text("training.comma")))
    };
    let fits = |n: &usize| crate::ui::widgets::flow::body_width(ui, &line(*n)) <= room;
    line((1..=all.len()).rev().find(fits).unwrap_or(0))
}

/// The first examples in one row.
fn examples_ui(ui: &mut Ui, view: &View, data: &Dataset, budget: &mut Budget) {
    let count = ((ui.available_width() + space::S) / (EXAMPLE + space::S)) as u64;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), EXAMPLE), Sense::hover());
    for index in 0..count.min(data.len(Split::Train).unwrap_or(count)) {
        let left = rect.left() + index as f32 * (EXAMPLE + space::S);
        let place = Rect::from_min_size(pos2(left, rect.top()), vec2(EXAMPLE, EXAMPLE));
        match from_example(ui.ctx(), data, Split::Train, (index, None), budget) {
            Some(picture) => drop(picture.paint(ui, view.theme, place)),
            None => drop(ui.painter().rect_filled(place, 0.0, view.theme.hatch_ground)),
        }
    }
}

/// A wide button; blue where it is the one to press.
fn button_ui(ui: &mut Ui, view: &View, words: &str, is_best: bool) -> bool {
    let size = vec2(ui.available_width(), 44.0);
    if !is_best {
        return ui.add_sized(size, Button::new(words).wrap()).clicked();
    }
    let words = RichText::new(words).color(view.theme.on_accent);
    ui.add_sized(size, Button::new(words).wrap().fill(view.theme.accent)).clicked()
}

/// The way to a set of one's own.
fn open_ui(ui: &mut Ui, view: &View) {
    title_ui(ui, view, &view.text("training.own_data"), &view.text("training.open_more"));
    let size = vec2(ui.available_width(), EXAMPLE);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_size(size);
        ui.label(RichText::new(view.text("training.drop")).color(view.theme.text_weak));
    });
    if button_ui(ui, view, &view.text("cmd.open_data"), false) {
        view.push(Action::Data(DataAction::Ask(true)));
    }
}
