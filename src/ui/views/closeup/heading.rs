//! What every close-up begins and ends with: the heading and the notes.

use crate::trace::{Address, Pass, Stage, TensorId};
use crate::ui::{
    fonts, names,
    theme::{self, space, text_size},
    view::View,
};
use egui::{Color32, CornerRadius, FontId, Frame, Label, Margin, RichText, Ui, vec2};

/// The heading: the pass as a coloured tag, the title, and the current cell's name.
pub(super) fn heading_ui(ui: &mut Ui, view: &View, focus: &Address, stage: &Stage, title: &str) {
    let colors = view.theme.pass(stage.pass);
    let pass = match stage.pass {
        Pass::Fwd => "closeup.pass_fwd",
        Pass::Loss => "closeup.pass_loss",
        Pass::Bwd => "closeup.pass_bwd",
        Pass::Update => "closeup.pass_update",
    };
    let tag = format!("{} {}", colors.glyph, view.text(pass));
    ui.horizontal(|ui| {
        tag_ui(ui, &tag, colors.soft, colors.strong);
        title_ui(ui, view, focus, title);
    });
    ui.add_space(space::XS);
}

/// The heading of a tensor that no stage computes.
pub(super) fn plain_heading_ui(ui: &mut Ui, view: &View, focus: &Address, tag: &str, title: &str) {
    ui.horizontal(|ui| {
        tag_ui(ui, tag, view.theme.accent_soft, view.theme.accent);
        title_ui(ui, view, focus, title);
    });
    ui.add_space(space::XS);
}

/// The title and, in the rest of the line, the name of the current cell.
fn title_ui(ui: &mut Ui, view: &View, focus: &Address, title: &str) {
    ui.label(RichText::new(title).font(theme::title_font()).color(view.theme.text_strong));
    let room = ui.clip_rect().right() - ui.cursor().left() - 20.0;
    if room > 40.0 {
        let place = RichText::new(names::cell(view, focus)).small().color(view.theme.text_weak);
        ui.allocate_ui(vec2(room, ui.spacing().interact_size.y), |ui| ui.add(Label::new(place).truncate()));
    }
}

fn tag_ui(ui: &mut Ui, words: &str, ground: Color32, ink: Color32) {
    Frame::new()
        .fill(ground)
        .corner_radius(CornerRadius::same(space::RADIUS))
        .inner_margin(Margin::symmetric(7, 2))
        .show(ui, |ui| {
            ui.label(RichText::new(words).font(FontId::new(text_size::SMALL, fonts::strong())).color(ink));
        });
}

/// The part of a tensor that a grid shows, and its size: `map 2 · 16×16`; for weights `filter 3, slice 0`.
pub(super) fn map_detail(view: &View, tensor: TensorId, plane: usize) -> String {
    let shape = view.state.plan().shape_of(tensor);
    let [_, _, h, w] = shape.0;
    let name = names::plane(view, tensor, plane);
    if view.state.plan().is_weight_shaped(tensor) { name } else { format!("{name} · {h}×{w}") }
}

/// An explanation beside a bar of the given colour.
pub(super) fn note_ui(ui: &mut Ui, view: &View, color: Color32, words: &str) {
    let theme = view.theme;
    // Words wrap at the edge of what is seen; the area around could scroll to the side for ever.
    let room = (ui.clip_rect().right() - ui.cursor().left() - 44.0).max(160.0);
    let answer = Frame::new()
        .fill(theme.panel)
        .corner_radius(CornerRadius::same(space::RADIUS))
        .inner_margin(Margin { left: 14, right: 10, top: 5, bottom: 5 })
        .show(ui, |ui| {
            ui.set_max_width(room);
            ui.add(Label::new(RichText::new(words).color(theme.text)).wrap())
        });
    let mut bar = answer.response.rect;
    bar.set_right(bar.left() + 4.0);
    ui.painter().rect_filled(bar, CornerRadius { nw: space::RADIUS, sw: space::RADIUS, ne: 0, se: 0 }, color);
}

/// How high a note of two lines is, with the gap before it.
pub(super) const NOTE_HEIGHT: f32 = 52.0;
