//! The examples to scroll through; a click makes one the picture that is stepped through.

use super::push;
use crate::app::DataAction;
use crate::data::Dataset;
use crate::ui::{
    names,
    theme::space,
    told,
    view::View,
    widgets::busy::busy_ui,
    widgets::thumbnail::{Budget, from_example, height, thumbnail_ui},
};
use egui::{ScrollArea, Ui, vec2};

/// Examples of generated data that are shown: there is no last one.
const ENDLESS: u64 = 10_000;

/// The least side of a picture, in points: they fill the width.
const SIDE: f32 = 56.0;

/// Draws the examples of the chosen split and class, page by page; a click opens one.
pub fn examples_ui(ui: &mut Ui, view: &View, data: &Dataset) {
    let (part, class) = (view.state.data().part, view.state.data().class);
    let measured = view.state.data().measured(data, part);
    let of_class = match (class, measured) {
        (None, _) => None,
        (Some(class), Some(Ok(measured))) => {
            Some(measured.by_class.get(class).map_or(&[][..], Vec::as_slice))
        }
        (Some(_), Some(Err(error))) => {
            ui.label(told::data_error(view.words, error));
            return;
        }
        (Some(_), None) => {
            busy_ui(ui, view);
            return;
        }
    };
    let len = data.len(part).unwrap_or(ENDLESS);
    let count = of_class.map_or(len, |numbers| numbers.len() as u64);
    if count == 0 {
        ui.label(view.text("sets.none"));
        return;
    }
    let gap = vec2(space::S, space::S);
    // Beside the bar that scrolls.
    let room = ui.available_width() - 10.0 + gap.x;
    let columns = (room / (SIDE + gap.x)).max(1.0) as u64;
    let side = (room / columns as f32 - gap.x).floor().clamp(SIDE, 2.0 * SIDE);
    let rows = usize::try_from(count.div_ceil(columns)).unwrap_or(usize::MAX);
    ui.spacing_mut().item_spacing = gap;
    let mut budget = Budget::for_one_frame();
    // Another set, part or class begins at its top.
    let area = ScrollArea::vertical().id_salt(("examples", data, part, class)).auto_shrink(false);
    area.show_rows(ui, height(side), rows, |ui, rows| {
        for row in rows {
            ui.horizontal(|ui| {
                let first = row as u64 * columns;
                for k in first..(first + columns).min(count) {
                    let index = of_class.map_or(k, |numbers| numbers[k as usize]);
                    example_ui(ui, view, data, index, side, &mut budget);
                }
            });
        }
    });
}

fn example_ui(ui: &mut Ui, view: &View, data: &Dataset, index: u64, side: f32, budget: &mut Budget) {
    let part = view.state.data().part;
    let thumbnail = from_example(ui.ctx(), data, part, (index, None), budget);
    let class = thumbnail.as_ref().and_then(|thumbnail| thumbnail.class);
    let name = class.and_then(|class| names::class_in(view.words, data.classes(), class)).unwrap_or_default();
    let words = view.fill("sets.example", &[("n", &index.to_string()), ("class", &name)]);
    let caption = (name.as_str(), view.theme.text_weak);
    if thumbnail_ui(ui, view.theme, thumbnail.as_deref(), side, caption, &words).clicked() {
        push(view, DataAction::StepThrough { data: data.clone(), part, index });
    }
}
