//! Convolution: window, filter, products, sum, result; the gradients of the weight, of the bias and
//! of the input. One file per kind of sum.

mod bias;
mod cancel;
mod chain;
mod conv_cell;
mod face;
mod scatter;
mod share;
mod sum;
mod sum_layout;
mod weight;

use super::{Body, Closeup, computed::Computed};
use crate::app::Action;
use crate::nn::conv::Conv2d;
use crate::trace::{Address, Stage};
use crate::ui::{theme, view::View};
pub use conv_cell::ConvCell;
use egui::{Rect, RichText, Ui};

/// The close-up of a convolution: its output, or the gradient of its sum, weights, biases or input.
pub(super) fn conv<'a>(
    view: &'a View<'a>,
    focus: &Address,
    stage: &'a Stage,
    l: usize,
    spec: &'a Conv2d,
) -> Option<Closeup<'a>> {
    let conv_cell = ConvCell::new(view, focus, stage, l, spec)?;
    match Computed::from_part(stage.tensor.part)? {
        Computed::SumGradient => Some(share::share(&conv_cell)),
        Computed::WeightGradient => Some(weight::weight(&conv_cell)),
        Computed::BiasGradient => Some(bias::bias(&conv_cell)),
        Computed::InputGradient if view.state.view().scatter => Some(scatter::scatter(&conv_cell)),
        Computed::InputGradient | Computed::Output => {
            let caption = sum_layout::caption(&conv_cell, &sum_of(&conv_cell));
            Some(Closeup { body: Body::Sum(Box::new(conv_cell)), caption })
        }
    }
}

/// Draws a sum of windows times filter slices.
pub(super) fn sum_ui(ui: &mut Ui, conv_cell: &ConvCell, rect: Rect) {
    sum_layout::sum_ui(ui, conv_cell, &sum_of(conv_cell), rect);
}

/// The sum that makes the cell.
fn sum_of<'c, 'a>(conv_cell: &'c ConvCell<'a>) -> sum::Sum<'c, 'a> {
    match Computed::from_part(conv_cell.stage.tensor.part) {
        Some(Computed::InputGradient) => sum::Sum::from_input_gradient(conv_cell),
        Some(
            Computed::Output | Computed::SumGradient | Computed::WeightGradient | Computed::BiasGradient,
        )
        | None => sum::Sum::from_output(conv_cell),
    }
}

/// The two ways to see an input gradient, gathered by each cell or scattered by each output gradient.
pub(super) fn ways_ui(ui: &mut Ui, view: &View) {
    for (scatter, key) in [(false, "conv.gather"), (true, "conv.scatter")] {
        let words = RichText::new(view.text(key)).font(theme::small_font());
        let way = ui.selectable_label(view.state.view().scatter == scatter, words);
        if way.on_hover_text(view.text(&format!("{key}_tip"))).clicked() {
            view.push(Action::ShowScatter(scatter));
        }
    }
}
