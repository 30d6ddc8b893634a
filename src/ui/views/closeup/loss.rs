//! The loss: shift, exp, sum, divide, the logarithm, and p minus y.

use super::caption::Caption;
use super::focused_cell::FocusedCell;
use super::table::{CellStyle, Column, Marks, Table};
use super::{Body, Closeup};
use crate::nn::{Part, loss::Loss};
use crate::trace::{Address, Pass, Stage, Step, TensorId};
use crate::ui::{
    names, number,
    tensor_plane::TensorPlane,
    view::View,
    widgets::grid::{CellState, CellView},
};

/// The close-up of the loss and of its gradient: a table with a row per class.
pub(super) fn loss<'a>(view: &'a View<'a>, focus: &Address, stage: &Stage) -> Option<Closeup<'a>> {
    let spot = FocusedCell::from_address(view, focus)?;
    let network = view.state.plan().network().clone();
    let key = match (network.loss, stage.pass) {
        (Loss::BinaryCrossEntropy, Pass::Bwd) => "closeup.loss_bce_back",
        (Loss::BinaryCrossEntropy, _) => "closeup.loss_bce",
        (Loss::CrossEntropy, Pass::Bwd) => "closeup.loss_ce_back",
        (Loss::CrossEntropy, _) => "closeup.loss_ce",
        (Loss::Mse, Pass::Bwd) => "closeup.loss_mse_back",
        (Loss::Mse, _) => "closeup.loss_mse",
    };
    let columns = columns(view, stage, spot.image);
    let rows = network.classes();
    let over_rows = match network.loss {
        Loss::CrossEntropy => matches!(stage.tensor.part, Part::Max | Part::Sum),
        Loss::BinaryCrossEntropy => false,
        Loss::Mse => stage.tensor.part == Part::Out,
    };
    let last = (spot.done as usize).checked_sub(1).filter(|&m| over_rows && m < rows && !spot.is_done());
    let marks = Marks { focus: *focus, row: last, target: Some(view.state.label()) };
    let steps = view.state.trace().cell_until(focus, spot.done).steps;
    let caption = Caption::from_steps(view, &counting(view, stage, network.loss, steps));
    let caption = caption.with_words(words(view, stage, &spot).into_iter().chain([view.text(key)]));
    let colors = view.theme.pass(stage.pass);
    Some(Closeup { body: Body::Table(Table { rows, columns, marks, colors }), caption })
}

/// The columns of a loss: forward from the scores to the loss, backward the gradient of the scores.
fn columns<'a>(view: &'a View<'a>, stage: &Stage, image: u32) -> Vec<Column<'a>> {
    let network = view.state.plan().network();
    let is_backward = stage.pass == Pass::Bwd;
    let own = TensorId::loss;
    let y = view.state.plan().input_of(network.layers.len());
    let column = |tensor, head: &str, style| Column::from_cells(view, tensor, image, [0, 1], head, style);
    let made = |part: Part| stage.tensor.part == part && !is_backward;
    let single = |part: Part| {
        let plane = TensorPlane::new(view, own(part), image, 0);
        (plane.cell_at(0), Some(plane.address_at(0)))
    };
    match (network.loss, is_backward) {
        (Loss::CrossEntropy, false) => {
            let ((max, max_at), (sum, sum_at)) = (single(Part::Max), single(Part::Sum));
            let (loss, loss_at) = single(Part::Out);
            let made_loss = format!("L = −ln p({})", names::class(view, view.state.label()));
            vec![
                column(y, "z", CellStyle::Number).current(made(Part::Max)).foot("max", max, max_at),
                column(own(Part::Shift), "z − max", CellStyle::Number).current(made(Part::Shift)),
                column(own(Part::Exp), "exp", CellStyle::Number)
                    .current(made(Part::Exp) || made(Part::Sum))
                    .foot("Σ", sum, sum_at),
                column(own(Part::Prob), "p = exp ÷ Σ", CellStyle::Bar)
                    .current(made(Part::Prob) || made(Part::Out))
                    .foot(made_loss, loss, loss_at),
            ]
        }
        (Loss::CrossEntropy, true) => vec![
            column(own(Part::Prob), "p", CellStyle::Bar),
            column(TensorId::TARGET, "t", CellStyle::Number),
            column(own(Part::Dx), "∂L/∂z = p − t", CellStyle::Signed).current(true),
        ],
        (Loss::BinaryCrossEntropy, _) => binary_columns(view, stage, image),
        (Loss::Mse, false) => vec![
            column(y, "y", CellStyle::Number),
            column(TensorId::TARGET, "t", CellStyle::Number),
            squares(view, image).current(true),
        ],
        (Loss::Mse, true) => vec![
            column(y, "y", CellStyle::Number),
            column(TensorId::TARGET, "t", CellStyle::Number),
            column(own(Part::Dx), "∂L/∂y = 2 (y − t) ÷ F", CellStyle::Signed).current(true),
        ],
    }
}

/// The columns of a binary cross-entropy. Its one output speaks for the second class; what the first one has is shown
/// where it follows.
fn binary_columns<'a>(view: &'a View<'a>, stage: &Stage, image: u32) -> Vec<Column<'a>> {
    let is_backward = stage.pass == Pass::Bwd;
    let own = TensorId::loss;
    let y = view.state.plan().input_of(view.state.plan().network().layers.len());
    let column = |tensor, head: &str, style, is_shared: bool| Column {
        head: head.into(),
        style,
        from_row: if is_shared { 0 } else { 1 },
        cell: Box::new(move |row| {
            let plane = TensorPlane::new(view, tensor, image, 0);
            let cell = plane.cell_at(0);
            match row {
                0 => (CellView { value: 1.0 - cell.value, ..cell }, None),
                _ => (cell, Some(plane.address_at(0))),
            }
        }),
        current: false,
        foot: None,
    };
    let made = |part: Part| stage.tensor.part == part && !is_backward;
    if is_backward {
        return vec![
            column(own(Part::Prob), "p", CellStyle::Bar, true),
            column(TensorId::TARGET, "t", CellStyle::Number, true),
            column(own(Part::Dx), "∂L/∂z = p − t", CellStyle::Signed, false).current(true),
        ];
    }
    let loss = TensorPlane::new(view, own(Part::Out), image, 0);
    let made_loss = format!("L = −ln p({})", names::class(view, view.state.label()));
    let exp = column(own(Part::Exp), "exp(−|z|)", CellStyle::Number, false);
    vec![
        column(y, "z", CellStyle::Number, false),
        column(own(Part::Prob), "p = 1 ÷ (1 + exp(−z))", CellStyle::Bar, true).current(made(Part::Prob)),
        column(own(Part::Max), "max(z, 0)", CellStyle::Number, false).current(made(Part::Max)),
        column(own(Part::Shift), "−|z|", CellStyle::Number, false).current(made(Part::Shift)),
        exp.current(made(Part::Exp) || made(Part::Out)).foot(
            made_loss,
            loss.cell_at(0),
            Some(loss.address_at(0)),
        ),
    ]
}

/// The steps that add something: of a cross-entropy, those of the right answer.
fn counting(view: &View, stage: &Stage, loss: Loss, mut steps: Vec<Step>) -> Vec<Step> {
    if stage.tensor.part == Part::Out && loss == Loss::CrossEntropy {
        let counts = |m: u32| m == 0 || m as usize == view.state.label() + 1;
        steps.retain(|step| counts(step.address.term()));
    }
    steps
}

/// The squared differences, as far as the loss has added them up.
fn squares<'a>(view: &'a View<'a>, image: u32) -> Column<'a> {
    let plan = view.state.plan();
    let address = plan.writer(TensorId::loss(Part::Out), view.state.trace().time(), image, 0);
    let (done, all) = view.state.terms_done(&address);
    let fold = view.state.trace().cell_until(&address, done);
    let products: Vec<Option<f32>> = fold.steps.iter().map(|step| step.product()).collect();
    let sum = match (done, done == all) {
        (0, _) => CellView::not_yet(),
        (_, true) => CellView::current(fold.value),
        (_, false) => CellView { value: fold.value, state: CellState::Partial },
    };
    let cell = move |row: usize| {
        (products.get(row).copied().flatten().map_or(CellView::not_yet(), CellView::current), None)
    };
    Column {
        head: "(y − t)²".into(),
        style: CellStyle::Number,
        from_row: 0,
        cell: Box::new(cell),
        current: false,
        foot: Some(("L = Σ ÷ F".into(), sum, Some(address))),
    }
}

/// The sentences on the loss and on its gradient.
fn words(view: &View, stage: &Stage, spot: &FocusedCell) -> Option<String> {
    let label = view.state.label();
    let name = names::class(view, label);
    let trace = view.state.trace();
    let kind = view.state.plan().network().loss;
    match (stage.pass, stage.tensor.part, kind) {
        (Pass::Bwd, _, Loss::CrossEntropy | Loss::BinaryCrossEntropy) if spot.is_done() => {
            let gradient = trace.value(TensorId::loss(Part::Dx), spot.image, spot.index);
            let is_given = view.state.target().is_given();
            let key = match (gradient == 0.0, kind.class_of(spot.index as usize) == label) {
                (true, _) => "closeup.loss_flat",
                (false, true) if is_given => "closeup.loss_raise",
                (false, false) if is_given => "closeup.loss_lower",
                (false, true) => "right.loss_raise",
                (false, false) => "right.loss_lower",
            };
            let own = names::class_of_output(view, spot.index as usize);
            Some(view.fill(key, &[("name", &own)]))
        }
        (Pass::Loss, Part::Out, Loss::CrossEntropy | Loss::BinaryCrossEntropy) if spot.is_done() => {
            let p = trace.values().scores(trace.plan().network(), spot.image as usize)[label];
            let loss = trace.value(TensorId::loss(Part::Out), spot.image, 0);
            let (p, loss) = (number::four_digits(p), number::four_digits(loss));
            let a_class = crate::ui::picture_words::a_class(view, label);
            let words = [("name", name.as_str()), ("class", &a_class), ("p", &p), ("loss", &loss)];
            let is_given = view.state.target().is_given();
            let key = if is_given { "closeup.loss_is" } else { "right.loss_if_is" };
            Some(view.fill(key, &words))
        }
        (Pass::Loss, Part::Shift, Loss::BinaryCrossEntropy) => Some(view.text("closeup.loss_bce_shift")),
        (Pass::Loss, Part::Prob, Loss::BinaryCrossEntropy) if spot.is_done() => {
            let [other, own] = [0, 1].map(|class| names::class(view, class));
            Some(view.fill("closeup.loss_bce_prob", &[("own", &own), ("other", &other)]))
        }
        (Pass::Loss, Part::Shift, _) => Some(view.text("closeup.loss_shift")),
        (Pass::Loss, Part::Prob, _) if spot.is_done() => Some(view.text("closeup.loss_prob")),
        _ => None,
    }
}
