//! Softmax: maximum, shift, exponential, sum, quotient.

use super::caption::Caption;
use super::focused_cell::FocusedCell;
use super::table::{CellStyle, Column, Marks, Table};
use super::{Body, Closeup};
use crate::nn::Part;
use crate::trace::{Address, Pass, Stage, TensorId};
use crate::ui::{tensor_plane::TensorPlane, view::View};

/// The close-up of a softmax layer: a table with a row per class.
pub(super) fn softmax<'a>(
    view: &'a View<'a>,
    focus: &Address,
    stage: &Stage,
    l: usize,
) -> Option<Closeup<'a>> {
    let spot = FocusedCell::from_address(view, focus)?;
    let plan = view.state.plan();
    let key = if stage.pass == Pass::Bwd { "closeup.softmax_back" } else { "closeup.softmax" };
    let [channels, h, w] = plan.layer(l).output;
    // One position; its channels lie a plane apart.
    let at = spot.index % (h * w) as u32;
    let own = |part| TensorId::layer(l, part);
    let column = |tensor, head: &str, style| {
        Column::from_cells(view, tensor, spot.image, [at, (h * w) as u32], head, style)
    };
    let made = |part: Part| stage.tensor.part == part;
    let single = |part: Part| {
        let plane = TensorPlane::new(view, own(part), spot.image, 0);
        (plane.cell_at(at), Some(plane.address_at(at)))
    };
    let columns: Vec<Column> = if stage.pass == Pass::Bwd {
        let (dot, dot_at) = single(Part::Dot);
        vec![
            column(own(Part::Out), "y", CellStyle::Bar),
            column(plan.output_gradient_of(l), "∂L/∂y", CellStyle::Number).current(made(Part::Dot)).foot(
                "Σ ∂L/∂y · y",
                dot,
                dot_at,
            ),
            column(own(Part::Dx), "∂L/∂x = (∂L/∂y − Σ) · y", CellStyle::Signed).current(made(Part::Dx)),
        ]
    } else {
        let ((max, max_at), (sum, sum_at)) = (single(Part::Max), single(Part::Sum));
        vec![
            column(plan.input_of(l), "x", CellStyle::Number)
                .current(made(Part::Max))
                .foot("max", max, max_at),
            column(own(Part::Shift), "x − max", CellStyle::Number).current(made(Part::Shift)),
            column(own(Part::Exp), "exp", CellStyle::Number)
                .current(made(Part::Exp) || made(Part::Sum))
                .foot("Σ", sum, sum_at),
            column(own(Part::Out), "y = exp ÷ Σ", CellStyle::Bar).current(made(Part::Out)),
        ]
    };
    let over_rows = matches!(stage.tensor.part, Part::Max | Part::Sum | Part::Dot);
    let last = (spot.done as usize).checked_sub(1).filter(|_| over_rows && !spot.is_done());
    let is_last = l + 1 == plan.network().layers.len() && h * w == 1;
    let marks = Marks { focus: *focus, row: last, target: is_last.then(|| view.state.label()) };
    let steps = view.state.trace().cell_until(focus, spot.done).steps;
    let colors = view.theme.pass(stage.pass);
    let caption = Caption::from_steps(view, &steps).with_words([view.text(key)]);
    Some(Closeup { body: Body::Table(Table { rows: channels, columns, marks, colors }), caption })
}
