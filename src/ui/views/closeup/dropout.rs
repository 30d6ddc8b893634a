//! Dropout: each cell times its mask.

use super::arithmetic::{last_steps, lines_ui};
use super::captioned_grid::{Item, around, legends_ui, near_ui, row_ui};
use super::focused_cell::FocusedCell;
use super::heading::{NOTE_HEIGHT, heading_ui, note_ui};
use crate::nn::{Mode, Part};
use crate::trace::{Address, Pass, Plan, Stage, TensorId};
use crate::ui::{number, theme::space, view::View};
use egui::{Ui, vec2};

/// Draws the close-up of a dropout layer: values × mask = result; `p` is the probability that a cell is dropped.
pub fn dropout_ui(ui: &mut Ui, view: &View, focus: &Address, stage: &Stage, l: usize, p: f64) {
    let Some(cell) = FocusedCell::from_address(view, focus) else { return };
    let plan = view.state.plan();
    let train = plan.setup().mode == Mode::Train;
    let key = match (stage.tensor.part, stage.pass) {
        (Part::Mask, _) => "closeup.dropout_mask",
        (_, Pass::Bwd) => "closeup.dropout_back",
        _ => "closeup.dropout",
    };
    heading_ui(ui, view, focus, stage, &view.text(key));
    let at = |tensor| around(view, tensor, cell.image, cell.index);
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
    let fold = view.state.trace().cell_until(focus, cell.done);
    lines_ui(ui, view, &last_steps(view, &fold.steps, 1, cell.terms as usize), NOTE_HEIGHT);
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
