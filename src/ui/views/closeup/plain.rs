//! What copies or masks cell by cell: flatten, dropout.

use super::pieces::{NOTE_HEIGHT, Spot, heading_ui, last_steps, lines_ui, note_ui};
use super::sheet::{Item, Sheet, around, legends_ui, link_ui, near_ui, row_ui, wrap};
use crate::nn::{Mode, Op, Part};
use crate::trace::{Address, Pass, Plan, Stage, TensorId};
use crate::ui::{number, plane::Plane, theme::space, view::View};
use egui::{Ui, vec2};

/// Draws it.
pub fn plain_ui(ui: &mut Ui, view: &View, focus: &Address, stage: &Stage, l: usize) {
    let Some(spot) = Spot::of(view, focus) else { return };
    match view.state.plan().layer(l).op {
        Op::Dropout { p } => dropout_ui(ui, view, focus, stage, l, &spot, p),
        _ => flatten_ui(ui, view, focus, stage, l, &spot),
    }
}

fn dropout_ui(ui: &mut Ui, view: &View, focus: &Address, stage: &Stage, l: usize, spot: &Spot, p: f64) {
    let plan = view.state.plan();
    let train = plan.setup().mode == Mode::Train;
    let key = match (stage.tensor.part, stage.pass) {
        (Part::Mask, _) => "closeup.dropout_mask",
        (_, Pass::Bwd) => "closeup.dropout_back",
        _ => "closeup.dropout",
    };
    heading_ui(ui, view, focus, stage, &view.text(key));
    let at = |tensor| around(view, tensor, spot.image, spot.index);
    let mask = TensorId::layer(l, Part::Mask);
    let (from, to) = match stage.pass {
        Pass::Bwd => (plan.output_gradient_of(l), TensorId::layer(l, Part::Dx)),
        Pass::Fwd | Pass::Loss | Pass::Update => (Plan::input_of(l), TensorId::layer(l, Part::Out)),
    };
    let items: Vec<Item> = match (train, stage.tensor.part) {
        (true, Part::Mask) => vec![at(mask).into()],
        (true, _) => vec![at(from).into(), "×".into(), at(mask).into(), "=".into(), at(to).into()],
        (false, _) => vec![at(from).into(), "=".into(), at(to).into()],
    };
    let room = ui.available_size();
    let drawn = row_ui(ui, view, 0, &items, vec2(room.x, (0.6 * room.y).max(120.0)));
    legends_ui(ui, view, &items);
    near_ui(ui, view, 1, &items, &drawn, 90.0);
    ui.add_space(space::S);
    let fold = view.state.trace().cell_until(focus, spot.done);
    lines_ui(ui, view, &last_steps(view, &fold.steps, 1, spot.terms as usize), NOTE_HEIGHT);
    let theme = view.theme;
    if train {
        let scale = number::four_digits((1.0 / (1.0 - p)) as f32);
        let (p, seed) = (number::short(p as f32), plan.setup().seed.to_string());
        let words = [("p", p.as_str()), ("scale", &scale), ("seed", &seed)];
        note_ui(ui, view, theme.accent, &view.fill("closeup.dropout_words", &words));
    } else {
        let p = number::short(p as f32);
        note_ui(ui, view, theme.accent, &view.fill("closeup.dropout_eval", &[("p", &p)]));
    }
}

fn flatten_ui(ui: &mut Ui, view: &View, focus: &Address, stage: &Stage, l: usize, spot: &Spot) {
    let plan = view.state.plan();
    let is_backward = stage.pass == Pass::Bwd;
    let key = if is_backward { "closeup.flatten_back" } else { "closeup.flatten" };
    heading_ui(ui, view, focus, stage, &view.text(key));
    let (volume, vector) = if is_backward {
        (TensorId::layer(l, Part::Dx), plan.output_gradient_of(l))
    } else {
        (Plan::input_of(l), TensorId::layer(l, Part::Out))
    };
    let [c, h, w] = plan.layer(l).input;
    let (len, k) = (c * h * w, spot.index as usize);
    // A row of the strip is a channel, so that the order can be seen.
    let cols = if h * w > 1 { h * w } else { wrap(len, 12) };
    let plane = Plane::new(view, vector, spot.image, 0);
    let detail = view.fill("closeup.cells", &[("count", &len.to_string())]);
    let strip =
        Sheet::strip(view, plane, spot.image, [0, 1], len, cols, [plan.name(vector), detail]).focus(k);
    let map = around(view, volume, spot.image, spot.index);
    let room = ui.available_size();
    let link = Item::Link { from_cell: spot.done > 0 };
    let items: [Item; 3] =
        if is_backward { [strip.into(), link, map.into()] } else { [map.into(), link, strip.into()] };
    let drawn = row_ui(ui, view, 0, &items, vec2(room.x, (0.66 * room.y).max(120.0)));
    if let ([from, to], true) = (&drawn[..], spot.done > 0) {
        let in_map = if h * w > 1 { (k / w % h, k % w) } else { (k / cols, k % cols) };
        let in_strip = (k / cols, k % cols);
        let (a, b) = if is_backward { (in_strip, in_map) } else { (in_map, in_strip) };
        link_ui(ui, (from, a.0, a.1), (to, b.0, b.1), view.theme.accent, view.theme);
    }
    legends_ui(ui, view, &items);
    ui.add_space(space::S);
    let place = [("c", k / (h * w)), ("i", k / w % h), ("j", k % w), ("h", h), ("w", w), ("f", k)];
    let place = place.map(|(name, number)| (name, number.to_string()));
    let place: Vec<(&str, &str)> = place.iter().map(|(name, text)| (*name, text.as_str())).collect();
    note_ui(ui, view, view.theme.accent, &view.fill("closeup.flatten_place", &place));
    let fold = view.state.trace().cell_until(focus, spot.done);
    lines_ui(ui, view, &last_steps(view, &fold.steps, 1, spot.terms as usize), 0.0);
}
