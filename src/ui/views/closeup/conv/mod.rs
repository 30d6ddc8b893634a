//! Convolution: window, filter, products, sum, result; the gradients of the weight, of the bias and
//! of the input. One file per kind of sum.

mod bias;
mod cancel;
mod conv_cell;
mod scatter;
mod share;
mod sum;
mod sum_layout;
mod weight;

use super::computed::Computed;
use crate::app::Action;
use crate::nn::conv::Conv2d;
use crate::trace::{Address, Stage};
use crate::ui::{theme, view::View};
use conv_cell::ConvCell;
use egui::{Align, Layout, Rect, RichText, Ui, UiBuilder, pos2, vec2};

/// Draws the close-up of a convolution: its output, or the gradient of its sum, weights, biases or input.
pub fn conv_ui(ui: &mut Ui, view: &View, focus: &Address, stage: &Stage, l: usize, spec: &Conv2d) {
    let Some(mut conv_cell) = ConvCell::new(view, focus, stage, l, spec) else { return };
    match Computed::from_part(stage.tensor.part) {
        Some(Computed::SumGradient) => share::share_ui(ui, &conv_cell),
        Some(Computed::WeightGradient) => weight::weight_ui(ui, &conv_cell),
        Some(Computed::BiasGradient) => bias::bias_ui(ui, &conv_cell),
        Some(Computed::InputGradient) => {
            conv_cell.taken = ways_ui(ui, view);
            match view.state.view().scatter {
                true => scatter::scatter_ui(ui, &conv_cell),
                false => sum_layout::sum_ui(ui, &conv_cell, &sum::Sum::from_input_gradient(&conv_cell)),
            }
        }
        Some(Computed::Output) => sum_layout::sum_ui(ui, &conv_cell, &sum::Sum::from_output(&conv_cell)),
        None => {}
    }
}

/// The two ways to see an input gradient, gathered by each cell or scattered by each output gradient: at the end of
/// the header's second line. Returns how wide it is.
fn ways_ui(ui: &mut Ui, view: &View) -> f32 {
    let room = conv_cell::room(ui);
    let line =
        Rect::from_min_max(pos2(room.left(), room.top() + 21.0), pos2(room.right(), room.top() + 43.0));
    let layout = Layout::right_to_left(Align::Center);
    let mut child = ui.new_child(UiBuilder::new().max_rect(line).layout(layout).id_salt("ways"));
    let ui = &mut child;
    ui.spacing_mut().button_padding = vec2(6.0, 1.0);
    ui.spacing_mut().interact_size.y = 20.0;
    ui.spacing_mut().item_spacing.x = 2.0;
    for (scatter, key) in [(true, "conv.scatter"), (false, "conv.gather")] {
        let words = RichText::new(view.text(key)).font(theme::small_font());
        let way = ui.selectable_label(view.state.view().scatter == scatter, words);
        if way.on_hover_text(view.text(&format!("{key}_tip"))).clicked() {
            view.act(Action::ShowScatter(scatter));
        }
    }
    ui.min_rect().width() + 6.0
}
