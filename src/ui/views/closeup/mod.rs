//! The close-up of a stage: one file per layer family.

mod activation;
mod batchnorm;
mod conv;
mod dense;
mod given;
mod loss;
mod pieces;
mod plain;
mod pool;
mod sheet;
mod softmax;
mod table;
mod update;

use crate::nn::Op;
use crate::trace::{Owner, Pass};
use crate::ui::view::View;
use egui::Ui;

/// Draws the close-up of the cell that is looked at.
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
                Op::BatchNorm2d(_) => batchnorm::batchnorm_ui(ui, view, &focus, stage, l),
                Op::Flatten | Op::Dropout { .. } => plain::plain_ui(ui, view, &focus, stage, l),
            }
        }
    }
}
