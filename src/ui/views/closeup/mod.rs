//! The close-up of a stage: one file per layer family.

#![deny(clippy::wildcard_enum_match_arm)]

mod activation;
mod arithmetic;
mod batchnorm;
mod captioned_grid;
mod computed;
mod conv;
mod dense;
mod dropout;
mod flatten;
mod focused_cell;
mod given;
mod heading;
mod local_response_norm;
mod loss;
mod pool;

mod softmax;
mod table;
mod update;

use crate::nn::Op;
use crate::trace::{Owner, Pass};
use crate::ui::view::View;
use egui::Ui;

/// Draws the close-up of the current cell.
pub fn closeup_ui(ui: &mut Ui, view: &View) {
    let focus = view.state.focus();
    let plan = view.state.plan();
    let Some(stage) = plan.stage_at(&focus) else { return given::given_ui(ui, view, &focus) };
    if stage.pass == Pass::Update {
        return update::update_ui(ui, view, &focus, stage);
    }
    match stage.tensor.owner {
        Owner::Input | Owner::Loss => loss::loss_ui(ui, view, &focus, stage),
        Owner::Layer(l) => {
            let l = l as usize;
            match &plan.layer(l).op {
                Op::Conv2d(spec) => conv::conv_ui(ui, view, &focus, stage, l, spec),
                Op::MaxPool2d(spec) | Op::AvgPool2d(spec) => pool::pool_ui(ui, view, &focus, stage, l, spec),
                Op::Activation(function) => {
                    activation::activation_ui(ui, view, &focus, stage, l, *function);
                }
                Op::Dense(spec) => dense::dense_ui(ui, view, &focus, stage, l, spec),
                Op::Softmax => softmax::softmax_ui(ui, view, &focus, stage, l),
                Op::LocalResponseNorm(_) => {
                    local_response_norm::local_response_norm_ui(ui, view, &focus, stage, l);
                }
                Op::BatchNorm2d(_) => batchnorm::batchnorm_ui(ui, view, &focus, stage, l),
                Op::Flatten => flatten::flatten_ui(ui, view, &focus, stage, l),
                Op::Dropout { p } => dropout::dropout_ui(ui, view, &focus, stage, l, *p),
            }
        }
    }
}
