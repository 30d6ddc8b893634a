//! The window's contents: where the regions lie, and what keys do.

use super::{
    keys,
    theme::Theme,
    view::{Memory, View},
    views::{self, tour::Regions},
    widgets::busy::busy_ui,
};
use crate::app::{Action, AppState, Page, Side};
use egui::{CentralPanel, Frame, Margin, Panel, ScrollArea, Ui};

/// Draws the whole window and returns what the user asked for.
pub fn window_ui(ui: &mut Ui, state: &AppState, memory: &mut Memory) -> Vec<Action> {
    let theme = Theme::from_ui(ui);
    let mut actions = keys::pressed(ui, state);
    let view = View::new(state, theme, memory);
    if state.view().blank {
        CentralPanel::default().frame(Frame::new().fill(egui::Color32::BLACK)).show(ui, |_| {});
    } else {
        let regions = if state.draft().is_some() {
            views::builder::builder_ui(ui, &view);
            Regions::default()
        } else {
            regions_ui(ui, &view, theme)
        };
        if view.state.data().asking {
            views::open_data::open_data_ui(ui, &view);
        }
        views::notices::notices_ui(ui, &view);
        views::files::files_ui(ui, &view);
        if state.view().help {
            views::help::help_ui(ui, &view);
        }
        if let Some(stop) = state.view().tour {
            views::tour::tour_ui(ui, &view, &regions, stop);
        }
        if state.view().palette {
            views::palette::palette_ui(ui, &view);
        } else {
            views::palette::forget(ui);
        }
    }
    let (asked, hovered) = view.finish();
    actions.extend(asked);
    if memory.hovered != hovered {
        memory.hovered = hovered;
        ui.ctx().request_repaint();
    }
    actions
}

fn regions_ui(ui: &mut Ui, view: &View, theme: &Theme) -> Regions {
    let room = ui.available_size();
    let bar = Frame::new().fill(theme.panel).inner_margin(Margin::symmetric(10, 6));
    let side = Frame::new().fill(theme.panel).inner_margin(Margin::same(10));
    let top = Panel::top("top").frame(bar).show(ui, |ui| {
        ui.horizontal(|ui| {
            views::menu::menu_ui(ui, view);
            ui.separator();
            views::breadcrumb::breadcrumb_ui(ui, view);
        });
    });
    let bottom = Panel::bottom("bottom").frame(bar).show(ui, |ui| {
        views::transport::transport_ui(ui, view);
        views::timeline::timeline_ui(ui, view);
    });
    let network = Panel::left("network")
        .frame(side)
        .default_size((room.x * 0.28).clamp(250.0, 460.0))
        .resizable(true)
        .show(ui, |ui| {
            views::picture::picture_ui(ui, view);
            ui.separator();
            views::lanes::lanes_ui(ui, view);
        });
    // Training has plots beside one another and no cell to ask.
    let side_panel = (view.state.view().page == Page::Closeup).then(|| {
        Panel::right("inspector")
            .frame(side)
            .default_size((room.x * 0.26).clamp(250.0, 420.0))
            // However wide it was pulled in a larger window, the middle keeps its room.
            .max_size(room.x * if room.x < 1100.0 { 0.3 } else { 0.45 })
            .resizable(true)
            .show(ui, |ui| {
                sides_ui(ui, view);
                match view.state.view().side {
                    Side::Cell => views::inspector::inspector_ui(ui, view),
                    Side::Time => views::time::time_ui(ui, view),
                }
            })
    });
    let middle = CentralPanel::default()
        .frame(Frame::new().fill(theme.ground).inner_margin(Margin::same(12)))
        .show(ui, |ui| {
            pages_ui(ui, view);
            views::time::stopped_ui(ui, view);
            match view.state.view().page {
                Page::Closeup => {
                    ScrollArea::both().id_salt("closeup").auto_shrink(false).show(ui, |ui| {
                        views::closeup::closeup_ui(ui, view);
                    });
                }
                Page::Training => views::training::training_ui(ui, view),
                Page::Data => views::data::data_ui(ui, view),
                Page::Attribution => views::evidence::evidence_ui(ui, view),
                Page::Compare => views::compare::compare_ui(ui, view),
            }
        });
    if view.state.view().pad {
        views::pad::pad_ui(ui, view);
    }
    let rects = [
        Some(top.response.rect),
        Some(network.response.rect),
        Some(middle.response.rect),
        side_panel.map(|panel| panel.response.rect),
        Some(bottom.response.rect),
    ];
    Regions { rects }
}

/// The tabs of the panel beside the close-up.
fn sides_ui(ui: &mut Ui, view: &View) {
    ui.horizontal(|ui| {
        for side in Side::ALL {
            let tab = ui.selectable_label(side == view.state.view().side, view.text(side.key()));
            if tab.on_hover_text(view.text(&format!("{}_tip", side.key()))).clicked() {
                view.act(Action::SetSide(side));
            }
        }
    });
    ui.add_space(super::theme::space::XS);
}

/// The tabs of what the middle shows.
fn pages_ui(ui: &mut Ui, view: &View) {
    ui.horizontal_wrapped(|ui| {
        for page in Page::ALL {
            let current = page == view.state.view().page;
            if ui.selectable_label(current, view.text(page.key())).clicked() {
                view.act(Action::SetPage(page));
            }
        }
        if view.state.training().running.is_some() {
            busy_ui(ui, view);
        }
    });
    ui.add_space(super::theme::space::XS);
}
