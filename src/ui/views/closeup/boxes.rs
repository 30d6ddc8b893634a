//! One number in a box: a sum, a bias, a result.

use super::table::hatch_ui;
use crate::trace::Address;
use crate::ui::{
    colormap::Mapping,
    fonts, number,
    theme::text_size,
    view::View,
    widgets::grid::{CellState, CellView},
};
use egui::{Align2, Color32, FontId, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo};

/// One number in a box.
pub(super) struct NumberBox<'a> {
    /// A name of its own within the close-up.
    pub(super) id: &'a str,
    /// What it is, for a screen reader.
    pub(super) name: &'a str,
    /// The number and its state.
    pub(super) cell: CellView,
    /// Its text, where that was chosen together with others.
    pub(super) text: Option<&'a str>,
    /// Where it is in the plan.
    pub(super) address: Option<Address>,
    /// The colours.
    pub(super) mapping: Mapping,
    /// Whether it is framed as the current one.
    pub(super) framed: bool,
}

impl NumberBox<'_> {
    /// Its text, as drawn.
    fn text(&self) -> String {
        let fitted = || number::fit_number(self.cell.value, 7, Some(2)).unwrap_or_default();
        self.text.map_or_else(fitted, str::to_owned)
    }
}

/// Draws a number in its box, framed and coloured by its state.
pub(super) fn box_ui(ui: &mut Ui, view: &View, rect: Rect, number: &NumberBox) {
    let theme = view.theme;
    let is_there = number.cell.state != CellState::NotYet;
    if number.cell.state != CellState::Current {
        hatch_ui(ui, rect, theme.hatch_ground, theme.hatch_line);
    }
    if is_there {
        let color = number.mapping.color(number.cell.value);
        // A running sum keeps a hatched rim.
        let inner = if number.cell.state == CellState::Partial { rect.shrink(4.0) } else { rect };
        ui.painter().rect_filled(inner, 0, color);
        let text = number.text();
        let width = |size: f32| {
            let font = FontId::new(size, fonts::cells(ui.ctx()));
            let galley = ui.painter().layout_no_wrap(text.clone(), font, Color32::PLACEHOLDER);
            galley.size().x
        };
        let [least, most] = text_size::CELL;
        let most = most.min(0.46 * rect.height()).max(least);
        let size = (most * (rect.width() - 8.0) / width(most).max(1.0)).clamp(least.min(most), most);
        let font = FontId::new((2.0 * size).floor() / 2.0, fonts::cells(ui.ctx()));
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, &text, font, theme.ink_on(color));
    }
    let edge = Stroke::new(1.0, theme.plane_frame);
    ui.painter().rect_stroke(rect, 0, edge, StrokeKind::Inside);
    let selected = view.state.selected().is_some() && number.address == view.state.selected();
    if number.framed || selected {
        ui.painter().rect_stroke(rect, 2, Stroke::new(2.5, theme.cursor), StrokeKind::Middle);
    } else if number.address.is_some() && number.address == view.hovered() {
        ui.painter().rect_stroke(rect, 1, Stroke::new(1.5, theme.hover), StrokeKind::Inside);
    }
    let words = match number.cell.state {
        CellState::NotYet => format!("{} {}", number.name, view.text("grid.not_yet")),
        CellState::Partial | CellState::Current | CellState::Stale => {
            format!("{} {}", number.name, number.text())
        }
    };
    let answer = ui.interact(rect, ui.scope_id().with(("box", number.id)), Sense::click());
    answer.widget_info(|| WidgetInfo::labeled(Role::Cell, true, &words));
    if let Some(address) = number.address {
        if answer.double_clicked() {
            view.visit(&address.whole_cell());
        } else if answer.clicked() {
            view.look(&address.whole_cell());
        }
        if answer.hovered() {
            view.hover(address);
        }
    }
    answer.on_hover_text(words);
}
