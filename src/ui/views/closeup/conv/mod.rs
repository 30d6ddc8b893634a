//! Convolution: window, filter, products, sum, result; the gradients of the weight, of the bias and
//! of the input. One file per kind of sum.

mod bias;
mod look;
mod share;
mod sum;
mod sum_layout;
mod weight;

use crate::nn::{Part, conv::Conv2d};
use crate::trace::{Address, Stage};
use crate::ui::view::View;
use egui::Ui;
use look::Look;

/// Draws it.
pub fn conv_ui(ui: &mut Ui, view: &View, focus: &Address, stage: &Stage, l: usize, spec: &Conv2d) {
    let Some(look) = Look::new(view, focus, stage, l, spec) else { return };
    match stage.tensor.part {
        Part::Ds => share::share_ui(ui, &look),
        Part::Dw => weight::weight_ui(ui, &look),
        Part::Db => bias::bias_ui(ui, &look),
        Part::Dx => sum_layout::sum_ui(ui, &look, &sum::Sum::of_input_gradient(&look)),
        _ => sum_layout::sum_ui(ui, &look, &sum::Sum::of_output(&look)),
    }
}
