//! All keys at a glance.

use crate::app::{
    Action,
    command::{COMMANDS, Group},
};
use crate::ui::{keys, theme, view::View};
use egui::{Align2, Grid, RichText, ScrollArea, Ui, Window, vec2};

/// Draws the list of keys over the window.
pub fn help_ui(ui: &mut Ui, view: &View) {
    let mut open = true;
    Window::new(view.text("cmd.help"))
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0))
        .open(&mut open)
        .show(ui.ctx(), |ui| {
            let room = ui.ctx().content_rect().height() - 130.0;
            ScrollArea::vertical().max_height(room).min_scrolled_height(room).show(ui, |ui| {
                ui.horizontal_top(|ui| {
                    for groups in [
                        &[Group::Step, Group::File][..],
                        &[Group::Grain, Group::Follow, Group::Lesson],
                        &[Group::Edit, Group::View],
                    ] {
                        ui.vertical(|ui| groups.iter().for_each(|group| group_ui(ui, view, *group)));
                        ui.add_space(18.0);
                    }
                });
            });
        });
    if !open {
        view.push(Action::ToggleHelp);
    }
}

fn group_ui(ui: &mut Ui, view: &View, group: Group) {
    ui.label(RichText::new(view.text(group.key())).font(theme::title_font()).color(view.theme.accent));
    Grid::new(group.key()).num_columns(2).min_row_height(18.0).spacing([12.0, 5.0]).show(ui, |ui| {
        for command in COMMANDS.iter().filter(|command| command.group == group) {
            let keys = command.shortcut.as_ref().and_then(|keys| keys::words(ui.ctx(), keys));
            let Some(keys) = keys else { continue };
            ui.label(RichText::new(keys).font(theme::mono_font()).color(view.theme.text_strong));
            ui.label(view.text(&format!("cmd.{}", command.id)));
            ui.end_row();
        }
    });
    ui.add_space(10.0);
}
