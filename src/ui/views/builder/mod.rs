//! The builder: a network is written here, layer by layer, with its sizes and costs beside it.

mod card;
mod columns;
mod head;
mod hyperparameters;
mod rows;

use crate::app::{Action, BuildAction, Draft, Work};
use crate::ui::{names, number::thousands, theme, theme::space, told, view::View};
use egui::{
    Align, Button, CentralPanel, Frame, Key, Layout, Margin, Modifiers, Panel, RichText, ScrollArea, Ui,
};

/// Draws it over the whole window, while there is a draft.
pub fn builder_ui(ui: &mut Ui, view: &View) {
    let Some(draft) = view.state.draft() else { return };
    keys(ui, view, draft);
    let bar = Frame::new().fill(view.theme.panel).inner_margin(Margin::symmetric(16, 10));
    Panel::top("builder head").frame(bar).show(ui, |ui| head::head_ui(ui, view, draft));
    Panel::bottom("builder foot").frame(bar).show(ui, |ui| foot_ui(ui, view, draft));
    CentralPanel::default().frame(Frame::new().fill(view.theme.ground).inner_margin(Margin::same(10))).show(
        ui,
        |ui| {
            let columns = columns::Columns::new(ui.available_rect_before_wrap().x_range());
            rows::titles_ui(ui, view, &columns);
            ScrollArea::vertical()
                .id_salt("builder layers")
                .auto_shrink(false)
                .show(ui, |ui| rows::rows_ui(ui, view, draft, &columns));
        },
    );
}

fn push(view: &View, action: BuildAction) {
    view.push(Action::Build(action));
}

/// Moving, copying and removing the picked layer by keys.
fn keys(ui: &Ui, view: &View, draft: &Draft) {
    if egui::Popup::is_any_open(ui.ctx()) {
        return;
    }
    let typing = ui.ctx().text_edit_focused();
    let last = draft.specs().len().checked_sub(1);
    let neighbour = |up: bool| match (draft.selected, last) {
        (_, None) => None,
        (None, Some(last)) => Some(if up { last } else { 0 }),
        (Some(l), Some(last)) => Some(if up { l.saturating_sub(1) } else { (l + 1).min(last) }),
    };
    ui.input_mut(|input| {
        for (key, up) in [(Key::ArrowUp, true), (Key::ArrowDown, false)] {
            if input.consume_key(Modifiers::ALT, key) {
                push(view, BuildAction::Move { up });
            } else if !typing && input.consume_key(Modifiers::NONE, key) {
                push(view, BuildAction::Select(neighbour(up)));
            }
        }
        if input.consume_key(Modifiers::COMMAND, Key::D) {
            push(view, BuildAction::Duplicate);
        }
        if !typing && input.consume_key(Modifiers::NONE, Key::Delete) {
            push(view, BuildAction::Remove);
        }
    });
}

/// The totals, what stands in the way, and the way out.
fn foot_ui(ui: &mut Ui, view: &View, draft: &Draft) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let can_apply = draft.obstacle().is_none();
        let words = RichText::new(view.text("build.apply")).font(theme::strong_font());
        let words = if can_apply { words.color(view.theme.on_accent) } else { words };
        let mut button = Button::new(words).min_size(egui::vec2(96.0, 32.0));
        if can_apply {
            button = button.fill(view.theme.accent);
        }
        let apply = ui.add_enabled(can_apply, button).on_hover_text(view.text("build.apply.tip"));
        let why = draft.obstacle().map(|why| told::failed(view.words, Work::Build, why));
        let apply = apply.on_disabled_hover_text(why.unwrap_or_default());
        if apply.clicked() {
            push(view, BuildAction::Apply);
        }
        let cancel = Button::new(view.text("build.cancel")).min_size(egui::vec2(96.0, 32.0));
        if ui.add(cancel).on_hover_text(view.text("build.cancel.tip")).clicked() {
            push(view, BuildAction::Cancel);
        }
        ui.add_space(space::M);
        ui.with_layout(Layout::top_down(Align::Min), |ui| {
            let count = |n: u64| if view.state.covers_layers() { "?".to_owned() } else { thousands(n) };
            let totals = [
                ("layers", draft.specs().len().to_string()),
                ("parameters", count(draft.parameter_count())),
                ("multiply_adds", count(draft.multiply_adds())),
            ];
            let totals = totals.each_ref().map(|(name, number)| (*name, number.as_str()));
            // Only what fits is counted.
            let key = if draft.misfit().is_none() { "build.totals" } else { "build.totals_so_far" };
            ui.label(RichText::new(view.fill(key, &totals)).font(theme::strong_font()));
            match draft.obstacle() {
                Some(obstacle) => {
                    let obstacle = told::failed(view.words, Work::Build, obstacle);
                    ui.label(RichText::new(format!("✗ {obstacle}")).color(view.theme.bad));
                }
                None => {
                    let (kept, all) = draft.kept(view.state.model());
                    let words = match (kept, all) {
                        (_, 0) => view.text("build.ready_none"),
                        (0, _) => view.text("build.ready"),
                        _ => view.fill(
                            "build.ready_kept",
                            &[("kept", &kept.to_string()), ("all", &all.to_string())],
                        ),
                    };
                    ui.label(RichText::new(format!("✓ {words}")).color(view.theme.good));
                    if let Some(words) = unseen(view, draft) {
                        ui.label(RichText::new(format!("⚠ {words}")).color(view.theme.warn));
                    }
                }
            }
        });
    });
}

/// Which rows and columns no window reads: of the first layer that leaves any out.
fn unseen(view: &View, draft: &Draft) -> Option<String> {
    draft.layers().iter().find_map(|layer| {
        let window = layer.window()?;
        let which = names::rows_and_columns(view, &window.rows.unseen(), &window.cols.unseen())?;
        Some(view.fill("build.unseen", &[("layer", layer.name()), ("which", &which)]))
    })
}
