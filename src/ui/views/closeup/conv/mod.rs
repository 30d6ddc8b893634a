//! Convolution, and the transposed one: window, filter, products, sum, result; the gradients of the weight, of the bias
//! and of the input. One file per kind of sum.

mod bias;
mod cancel;
mod chain;
mod conv_cell;
mod face;
mod scatter;
mod share;
mod slide;
mod sum;
mod sum_layout;
mod weight;

use super::{Body, Closeup, computed::Computed};
use crate::app::Action;
use crate::trace::{Address, Stage};
use crate::ui::{theme, view::View};
pub use conv_cell::{ConvCell, Filters};
use egui::{Rect, RichText, Ui};

/// The close-up of a convolution: its output, or the gradient of its sum, weights, biases or input.
pub(super) fn conv<'a>(
    view: &'a View<'a>,
    focus: &Address,
    stage: &'a Stage,
    l: usize,
    filters: Filters<'a>,
) -> Option<Closeup<'a>> {
    let conv_cell = ConvCell::new(view, focus, stage, l, filters)?;
    match Computed::from_part(stage.tensor.part)? {
        Computed::SumGradient => Some(share::share(&conv_cell)),
        Computed::WeightGradient => Some(weight::weight(&conv_cell)),
        Computed::BiasGradient => Some(bias::bias(&conv_cell)),
        Computed::Output if super::slides(view) => {
            let caption = slide::caption(&conv_cell, &sum_of(&conv_cell));
            Some(Closeup { body: Body::Slide(Box::new(conv_cell)), caption })
        }
        Computed::InputGradient | Computed::Output
            if conv_cell.is_gathered() && view.state.view().scatter =>
        {
            Some(scatter::scatter(&conv_cell))
        }
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

/// Draws the window on what it slides over, beside the map that it fills.
pub(super) fn slide_ui(ui: &mut Ui, conv_cell: &ConvCell, rect: Rect) {
    slide::slide_ui(ui, conv_cell, &sum_of(conv_cell), rect);
}

/// The sum that makes the cell.
fn sum_of<'c, 'a>(conv_cell: &'c ConvCell<'a>) -> sum::Sum<'c, 'a> {
    if conv_cell.is_gathered() { sum::Sum::gathered(conv_cell) } else { sum::Sum::sliding(conv_cell) }
}

/// The two ways to see a gathered sum: gathered by each cell or scattered by each cell that it reads.
pub(super) fn ways_ui(ui: &mut Ui, view: &View, is_transposed: bool) {
    let tip = if is_transposed { "_stamp_tip" } else { "_tip" };
    for (scatter, key) in [(false, "conv.gather"), (true, "conv.scatter")] {
        let words = RichText::new(view.text(key)).font(theme::small_font());
        let way = ui.selectable_label(view.state.view().scatter == scatter, words);
        if way.on_hover_text(view.text(&format!("{key}{tip}"))).clicked() {
            view.push(Action::ShowScatter(scatter));
        }
    }
}
