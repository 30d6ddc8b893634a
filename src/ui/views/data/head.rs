//! The choice of data set and part, its figures, what its files were taken for, and what was left out.

use super::push;
use crate::app::{Action, DataAction, Shown, TrainAction};
use crate::data::{Dataset, Generated, Origin, Split};
use crate::ui::{number, theme, told, view::View};
use egui::{Button, ComboBox, Label, RichText, Role, ScrollArea, Ui, WidgetInfo};

/// Draws the data set's name, figures and buttons above the examples.
pub fn head_ui(ui: &mut Ui, view: &View, data: &Dataset) {
    ui.horizontal_wrapped(|ui| {
        set_ui(ui, view, data);
        for part in Split::ALL {
            part_ui(ui, view, data, part);
        }
        train_ui(ui, view, data);
    });
    let facts = facts(view, data);
    ui.label(RichText::new(facts).font(theme::small_font()).color(view.theme.text_weak));
    notes_ui(ui, view, data);
    skipped_ui(ui, view, data);
}

/// What the files were taken for.
fn notes_ui(ui: &mut Ui, view: &View, data: &Dataset) {
    let Some(opened) = &view.state.data().opened else { return };
    if !opened.dataset.is_of_one_source(data) {
        return;
    }
    for note in &opened.notes {
        let words = told::data_note(view.words, note);
        ui.label(RichText::new(words).font(theme::small_font()));
    }
}

/// The name of a set.
fn name(view: &View, data: &Dataset) -> String {
    data.generator().map_or_else(|| data.name().to_owned(), |generated| generated_name(view, generated))
}

fn generated_name(view: &View, generated: Generated) -> String {
    view.text(&format!("data.{}", generated.name()))
}

fn set_ui(ui: &mut Ui, view: &View, data: &Dataset) {
    let (label, now) = (view.text("sets.set"), name(view, data));
    let combo = ComboBox::from_id_salt("shown set").width(130.0).selected_text(&now).show_ui(ui, |ui| {
        for generated in Generated::ALL {
            let current = data.generator() == Some(generated);
            if ui.selectable_label(current, generated_name(view, generated)).clicked() {
                push(view, DataAction::Show(Shown::Generated(generated)));
            }
        }
        if let Some(opened) = &view.state.data().opened {
            let current = data.is_of_one_source(&opened.dataset);
            if ui.selectable_label(current, opened.dataset.name()).clicked() {
                push(view, DataAction::Show(Shown::Opened));
            }
        }
    });
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, format!("{label}: {now}")));
    if ui.button(view.text("cmd.open_data")).clicked() {
        push(view, DataAction::Ask(true));
    }
}

fn part_ui(ui: &mut Ui, view: &View, data: &Dataset, part: Split) {
    let now = view.state.data().part == part;
    let name = view.text(&format!("sets.{}", part.name()));
    let count = data.len(part).map_or_else(|| "∞".to_owned(), |len| len.to_string());
    let tip = match data.origin(part) {
        Origin::Generated => "sets.is_generated",
        Origin::Own => "sets.is_own",
        Origin::KeptBack => "sets.is_kept_back",
        Origin::Absent => "sets.is_absent",
    };
    let response = ui.selectable_label(now, format!("{name} {count}"));
    if response.on_hover_text(view.text(tip)).clicked() {
        push(view, DataAction::Split(part));
    }
}

/// The button that trains on it, or a note where it is trained on already.
fn train_ui(ui: &mut Ui, view: &View, data: &Dataset) {
    let training = view.state.inputs().training.as_ref();
    if training.is_some_and(|training| training.schedule.data.is_of_one_source(data)) {
        // In one piece: words without spaces would break anywhere.
        let words = RichText::new(view.text("sets.is_trained_on")).color(view.theme.good);
        ui.add(Label::new(words).extend());
    } else if ui.add(Button::new(view.text("sets.use"))).on_hover_text(view.text("sets.use_tip")).clicked() {
        view.push(Action::Train(TrainAction::Use(Some(data.clone()))));
    }
}

/// Its shape, and the channels' mean and deviation.
fn facts(view: &View, data: &Dataset) -> String {
    let shape = |[c, h, w]: [usize; 3]| format!("{c}×{h}×{w}");
    let (own, now) = (data.own_shape(), data.shape());
    let pictures = if own == now {
        shape(own)
    } else {
        view.fill("sets.fitted", &[("own", &shape(own)), ("shape", &shape(now))])
    };
    let classes = data.classes().len().to_string();
    let mut words = view.fill("sets.facts", &[("shape", &pictures), ("classes", &classes)]);
    if let Some(Ok(measured)) = view.state.data().measured(data, view.state.data().part) {
        let statistics = &measured.statistics;
        let list = |numbers: &[f64]| {
            let numbers: Vec<String> = numbers.iter().map(|&x| number::four_digits(x as f32)).collect();
            numbers.join(" ")
        };
        let (mean, std) = (list(&statistics.mean), list(&statistics.std));
        let examples = statistics.examples.to_string();
        words += "  ·  ";
        words += &view.fill("sets.statistics", &[("mean", &mean), ("std", &std), ("n", &examples)]);
    }
    words
}

/// The files that could not be read, and why.
fn skipped_ui(ui: &mut Ui, view: &View, data: &Dataset) {
    let Some(opened) = &view.state.data().opened else { return };
    if opened.skipped.is_empty() || !opened.dataset.is_of_one_source(data) {
        return;
    }
    let title = view.fill("sets.skipped", &[("n", &opened.skipped.len().to_string())]);
    ui.collapsing(RichText::new(title).color(view.theme.warn), |ui| {
        ScrollArea::vertical().id_salt("skipped").max_height(110.0).show_rows(
            ui,
            ui.text_style_height(&egui::TextStyle::Body),
            opened.skipped.len(),
            |ui, rows| {
                for skipped in &opened.skipped[rows] {
                    ui.label(format!("{}: {}", skipped.name, skipped.reason));
                }
            },
        );
    });
}
