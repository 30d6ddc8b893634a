//! What the forward pass keeps for the backward pass: how many numbers and bytes, who reads them, and what it costs to
//! compute them again where they were thrown away.

use super::{count, says_ui};
use crate::trace::{Address, Kept, kept};
use crate::ui::{
    names,
    theme::{self, space},
    view::View,
};
use egui::{Align, Color32, FontId, Label, Layout, RichText, ScrollArea, Sense, Ui, UiBuilder, vec2};

/// The shares of the width of the columns.
const COLUMNS: [f32; 5] = [0.22, 0.13, 0.15, 0.28, 0.22];
/// The height of the words below the table.
const FOOT: f32 = 52.0;
/// The height of a row.
const ROW: f32 = 30.0;

/// Draws the table.
pub fn kept_ui(ui: &mut Ui, view: &View) {
    let all = kept(view.state.plan());
    let is_covered = view.state.covers().counts();
    let numbers: usize = all.iter().map(|one| one.numbers).sum();
    let bytes: usize = all.iter().map(Kept::bytes).sum();
    let [n, b] = [numbers, bytes].map(|n| count(n as u64, is_covered));
    let says = view.fill("figure.kept_says", &[("n", &n), ("bytes", &b)]);
    let rest = says_ui(ui, view, ui.max_rect(), &says);
    let keys = [
        "figure.kept_what",
        "figure.kept_numbers",
        "figure.kept_bytes",
        "figure.kept_by",
        "figure.kept_again",
    ];
    let strong = (theme::strong_font(), view.theme.text_strong);
    // The words below stand where the whole table has room above them.
    let table = (all.len() + 2) as f32 * ROW;
    let foot = if table + FOOT <= rest.height() { FOOT } else { 0.0 };
    let (table, below) = rest.split_top_bottom_at_y((rest.bottom() - foot).max(rest.top()));
    ui.scope_builder(UiBuilder::new().max_rect(table), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        row_ui(ui, &keys.map(|key| view.text(key)), &strong.0, strong.1);
        ScrollArea::vertical().id_salt("kept").auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for one in &all {
                kept_row_ui(ui, view, one, is_covered);
            }
            let total = [view.text("figure.kept_total"), n.clone(), b.clone(), String::new(), String::new()];
            row_ui(ui, &total, &strong.0, strong.1);
        });
    });
    view.read_out_first(view.text("figure.kept_point"), "");
    if foot > 0.0 {
        super::weak_ui(ui, view, below, &view.text("figure.kept_foot"));
    }
}

/// A tensor that is kept: under the pointer it is lit, a click looks at it.
fn kept_row_ui(ui: &mut Ui, view: &View, one: &Kept, is_covered: bool) {
    let plan = view.state.plan();
    let readers = one.readers.iter().map(|s| names::stage(view, &plan.stages()[*s]));
    let readers = readers.collect::<Vec<_>>().join(&view.text("place.and"));
    let again = match one.terms {
        0 => view.text("figure.kept_given"),
        terms => view.fill("figure.kept_terms", &[("n", &count(terms, is_covered))]),
    };
    let cells = [
        names::tensor(view, one.tensor),
        count(one.numbers as u64, is_covered),
        count(one.bytes() as u64, is_covered),
        readers,
        again,
    ];
    let rect = row_ui(ui, &cells, &theme::body_font(), view.theme.text);
    let response = ui.interact(rect, ui.scope_id().with(("kept", one.tensor)), Sense::click());
    if response.hovered() {
        ui.painter().rect_filled(rect, 3.0, view.theme.accent_soft.gamma_multiply(0.4));
    }
    let stage = plan.stage_of(one.tensor);
    if let Some(stage) = stage.filter(|_| response.clicked()) {
        view.look(&Address::whole_stage(view.state.trace().time(), view.state.image(), stage));
    }
}

/// A row of the table: numbers at the right of their columns.
fn row_ui(ui: &mut Ui, cells: &[String; 5], font: &FontId, color: Color32) -> egui::Rect {
    let width = ui.available_width();
    let (rect, _) = ui.allocate_exact_size(vec2(width, ROW), Sense::hover());
    let mut left = rect.left();
    for (k, (cell, share)) in cells.iter().zip(COLUMNS).enumerate() {
        let place =
            egui::Rect::from_min_size(egui::pos2(left, rect.top()), vec2(share * width - space::L, ROW));
        left += share * width;
        let layout = match k {
            1 | 2 => Layout::right_to_left(Align::Center),
            _ => Layout::left_to_right(Align::Center),
        };
        ui.scope_builder(UiBuilder::new().max_rect(place).layout(layout), |ui| {
            ui.add(Label::new(RichText::new(cell).font(font.clone()).color(color)).truncate());
        });
    }
    rect
}
