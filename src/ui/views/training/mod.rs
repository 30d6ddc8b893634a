//! Training on a data set: what is learned from, Train and Pause, plots over the steps, and what the last check
//! found. The plots are the timeline: a click goes to the step.

mod absent;
mod bottom;
mod controls;
mod curve;
mod data;
mod diagnostics;
mod field;
mod filters;
mod invitation;
mod mixups;
mod more;
mod plots;
mod runs;

use crate::ui::{theme::space, view::View};
use egui::{Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};

/// The share of the width that the plots have.
const PLOTS: f32 = 0.62;
/// The height of the bar below all.
const BOTTOM: f32 = 46.0;

/// Draws the page Training: the controls, the plots with the diagnostics beside them, the bar of steps.
pub fn training_ui(ui: &mut Ui, view: &View) {
    ui.add_space(space::S);
    controls::controls_ui(ui, view);
    if view.state.inputs().training.is_none() {
        ScrollArea::vertical().id_salt("training").auto_shrink(false).show(ui, |ui| {
            match &view.state.files().absent {
                Some(absent) => absent::absent_ui(ui, view, absent),
                None => invitation::invitation_ui(ui, view),
            }
        });
        return;
    }
    ui.add_space(space::XS);
    controls::progress_ui(ui, view);
    ui.add_space(space::XS);
    let rest = ui.available_rect_before_wrap();
    let whole = Rect::from_min_max(rest.min, ui.max_rect().max);
    let bar = Rect::from_min_max(pos2(whole.left(), whole.bottom() - BOTTOM), whole.max);
    let middle = Rect::from_min_max(whole.min, pos2(whole.right(), bar.top() - space::S));
    middle_ui(ui, view, middle);
    ui.scope_builder(UiBuilder::new().max_rect(bar).id_salt("selected step"), |ui| {
        bottom::bottom_ui(ui, view)
    });
}

/// Plots at the left, one of the diagnostics at the right; in a low room both scroll.
fn middle_ui(ui: &mut Ui, view: &View, rect: Rect) {
    let wanted = 2.0 * plots::LEAST + 116.0;
    if rect.height() >= wanted && rect.width() >= 720.0 {
        return columns_ui(ui, view, rect);
    }
    ui.scope_builder(UiBuilder::new().max_rect(rect).id_salt("training middle"), |ui| {
        ScrollArea::vertical().id_salt("training").auto_shrink(false).show(ui, |ui| {
            let width = ui.available_width();
            let is_wide = width >= 720.0;
            let height = if is_wide { wanted } else { 2.0 * wanted };
            let (rect, _) = ui.allocate_exact_size(vec2(width, height), egui::Sense::hover());
            if is_wide {
                return columns_ui(ui, view, rect);
            }
            plots::plots_ui(ui, view, Rect::from_min_size(rect.min, vec2(width, wanted)));
            let below = Rect::from_min_max(pos2(rect.left(), rect.top() + wanted + space::M), rect.max);
            right_ui(ui, view, below);
        });
    });
}

fn columns_ui(ui: &mut Ui, view: &View, rect: Rect) {
    let split = rect.left() + (rect.width() * PLOTS).round();
    plots::plots_ui(ui, view, Rect::from_min_max(rect.min, pos2(split, rect.bottom())));
    right_ui(ui, view, Rect::from_min_max(pos2(split + space::XL, rect.top()), rect.max));
}

fn right_ui(ui: &mut Ui, view: &View, rect: Rect) {
    ui.scope_builder(UiBuilder::new().max_rect(rect).id_salt("training right"), |ui| {
        ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        diagnostics::diagnostics_ui(ui, view);
    });
}
