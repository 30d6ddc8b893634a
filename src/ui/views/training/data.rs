//! The choice of the data set to train on, with a sentence on those that do not fit the network.

use crate::app::{Action, DataAction, DataMatch, TrainAction};
use crate::data::{Dataset, Generated};
use crate::nn::loss::Loss;
use crate::ui::widgets::flow::body_width;
use crate::ui::{room::Width, theme, told, view::View};
use egui::{Button, ComboBox, RichText, Role, Ui, WidgetInfo};

/// What a data set is called.
pub fn name(view: &View, data: &Dataset) -> String {
    match data.generator() {
        Some(generated) => view.text(&format!("data.{}", generated.name())),
        None => data.name().to_owned(),
    }
}

/// The available sets, those with the network's own classes first, and how each fits the network.
pub fn at_hand(view: &View) -> Vec<(Dataset, DataMatch)> {
    let seed = view.state.inputs().seed;
    let generated = Generated::ALL.into_iter().map(|generated| Dataset::generated(generated, seed));
    let opened = view.state.data().opened.as_ref().map(|opened| opened.dataset.clone());
    let mut sets: Vec<_> = opened
        .into_iter()
        .chain(generated)
        .map(|data| {
            let fits = view.state.data_match(&data);
            (data, fits)
        })
        .collect();
    sets.sort_by_key(|(_, fits)| match fits {
        DataMatch::Own => 0,
        DataMatch::Others { .. } => 1,
        DataMatch::TooMany { .. } | DataMatch::OneClass | DataMatch::Pictures(_) => 2,
    });
    sets
}

/// What learning from a set would change, in one sentence; empty where the classes are the network's own.
pub fn sentence(view: &View, data: &Dataset, fits: &DataMatch) -> String {
    let name = name(view, data);
    match fits {
        DataMatch::Own => String::new(),
        DataMatch::Others { classes, outputs } => {
            let (n, of) = (classes.to_string(), outputs.to_string());
            let unused = outputs - classes;
            let key = match (data.generator(), unused) {
                (Some(Generated::Shapes), 0) => "training.learn_shapes",
                (Some(Generated::Shapes), _) => "training.learn_shapes_unused",
                (Some(Generated::Digits) | None, 0) => "training.learn_classes",
                (Some(Generated::Digits) | None, _) => "training.learn_classes_unused",
            };
            let unused = match unused {
                1..=9 => view.text(&format!("training.count.{unused}")),
                more => more.to_string(),
            };
            view.fill(key, &[("n", &n), ("outputs", &of), ("unused", &unused), ("data", &name)])
        }
        DataMatch::TooMany { classes, outputs } => {
            let (n, of) = (classes.to_string(), outputs.to_string());
            let network = &view.state.model().network;
            let is_binary = network.loss == Loss::BinaryCrossEntropy;
            let key = if is_binary { "training.too_many_for_one" } else { "training.too_many" };
            let layer = network.scored_by().unwrap_or_else(|| network.last_name());
            view.fill(key, &[("data", &name), ("n", &n), ("outputs", &of), ("layer", layer)])
        }
        DataMatch::OneClass => view.fill("training.one_class", &[("data", &name)]),
        DataMatch::Pictures(why) => told::data_error(view.words, why),
    }
}

/// What training on the chosen data changes, where its classes are not the network's.
pub fn mismatch(view: &View) -> Option<String> {
    let data = &view.state.inputs().training.as_ref()?.schedule.data;
    Some(sentence(view, data, &view.state.data_match(data))).filter(|words| !words.is_empty())
}

/// A set's name, and that it is generated where it is.
fn name_and_origin(view: &View, data: &Dataset) -> String {
    let name = name(view, data);
    if data.generator().is_some() { view.fill("training.made_here", &[("data", &name)]) } else { name }
}

/// The choice of what is learned from.
pub fn data_ui(ui: &mut Ui, view: &View) {
    let now = view.state.inputs().training.as_ref().map(|training| &training.schedule.data);
    let picture = || view.text("training.picture");
    let words = |of: fn(&View, &Dataset) -> String| {
        view.fill("training.learn_from", &[("data", &now.map_or_else(picture, |data| of(view, data)))])
    };
    // Where the first line has room, also where the set is from.
    let words = if view.room.width == Width::Wide { words(name_and_origin) } else { words(name) };
    let width = (body_width(ui, &words) + 28.0).min(300.0);
    let combo = ComboBox::from_id_salt("training data").width(width).selected_text(&words).truncate();
    let combo = combo.show_ui(ui, |ui| {
        if ui.selectable_label(now.is_none(), view.text("training.picture")).clicked() && now.is_some() {
            view.push(Action::Train(TrainAction::Use(None)));
        }
        for (data, fits) in at_hand(view) {
            set_ui(ui, view, (&data, &fits), now.is_some_and(|now| now.is_of_one_source(&data)));
        }
        if ui.selectable_label(false, view.text("cmd.open_data")).clicked() {
            view.push(Action::Data(DataAction::Ask(true)));
        }
    });
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, &words));
}

fn set_ui(ui: &mut Ui, view: &View, (data, fits): (&Dataset, &DataMatch), is_now: bool) {
    let can = matches!(fits, DataMatch::Own | DataMatch::Others { .. });
    let name = name_and_origin(view, data);
    let response = ui.add_enabled(can, Button::selectable(is_now, &name));
    let why = sentence(view, data, fits);
    if !why.is_empty() {
        ui.label(RichText::new(&why).font(theme::small_font()).color(view.theme.text_weak));
    }
    if response.clicked() && !is_now {
        view.push(Action::Train(TrainAction::Use(Some(data.clone()))));
    }
}
