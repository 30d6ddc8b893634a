//! What is new, and what this program is: pages of text over the window.

use crate::app::{Action, Sheet};
use crate::ui::{theme, view::View};
use egui::{Align2, RichText, ScrollArea, Ui, Window, vec2};

/// What is new, the latest first.
const NEWS: [&str; 6] =
    ["news.home", "news.network", "news.layer", "news.picture", "news.training", "news.present"];

/// Draws a page of text over the window.
pub fn sheet_ui(ui: &mut Ui, view: &View, sheet: Sheet) {
    let mut is_open = true;
    let title = view.text(match sheet {
        Sheet::News => "cmd.news",
        Sheet::About => "cmd.about",
        Sheet::Lessons | Sheet::Picture => return,
    });
    let width = (view.room.window.width() - 60.0).min(560.0);
    Window::new(title)
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0))
        .fixed_size(vec2(width, 0.0))
        .open(&mut is_open)
        .show(ui.ctx(), |ui| {
            let room = view.room.window.height() - 130.0;
            ScrollArea::vertical().max_height(room).min_scrolled_height(room).show(ui, |ui| match sheet {
                Sheet::News => news_ui(ui, view),
                Sheet::About => about_ui(ui, view),
                Sheet::Lessons | Sheet::Picture => {}
            });
        });
    if !is_open {
        view.push(Action::ShowSheet(None));
    }
}

fn news_ui(ui: &mut Ui, view: &View) {
    ui.spacing_mut().item_spacing.y = theme::space::S;
    for key in NEWS {
        ui.label(RichText::new(format!("• {}", view.text(key))).font(theme::body_font()));
    }
}

fn about_ui(ui: &mut Ui, view: &View) {
    ui.spacing_mut().item_spacing.y = theme::space::S;
    let name = format!("convstep {}", env!("CARGO_PKG_VERSION"));
    ui.label(RichText::new(name).font(theme::title_font()).color(view.theme.text_strong));
    ui.label(view.text("home.what"));
    ui.label(view.text("about.how"));
    ui.label(view.fill("about.licence", &[("licence", env!("CARGO_PKG_LICENSE"))]));
}
