//! Local response normalisation: all channels at one position, from the squares to the result.

use super::caption::Caption;
use super::focused_cell::FocusedCell;
use super::table::{CellStyle, Column, Marks, Table};
use super::{Body, Closeup};
use crate::nn::Part;
use crate::trace::{Address, Operand, Pass, Stage, TensorId};
use crate::ui::view::View;

/// Shows the stage as a table: a row per channel at the focused position, a column per tensor. The row of the channel
/// that the last term of a sum read is marked.
pub(super) fn local_response_norm<'a>(
    view: &'a View<'a>,
    focus: &Address,
    stage: &Stage,
    l: usize,
) -> Option<Closeup<'a>> {
    let spot = FocusedCell::from_address(view, focus)?;
    let plan = view.state.plan();
    let is_backward = stage.pass == Pass::Bwd;
    let key = if is_backward { "closeup.lrn_back" } else { "closeup.lrn" };
    let [channels, h, w] = plan.layer(l).output;
    let plane = (h * w) as u32;
    let own = |part| TensorId::layer(l, part);
    let column = |tensor, head: &str, style| {
        Column::from_cells(view, tensor, spot.image, [spot.index % plane, plane], head, style)
    };
    let made = |part: Part, head: &str| {
        column(own(part), head, CellStyle::Number).current(stage.tensor.part == part)
    };
    let (x, dy) = (plan.input_of(l), plan.output_gradient_of(l));
    let columns: Vec<Column> = if is_backward {
        vec![
            column(dy, "∂L/∂y", CellStyle::Number),
            column(own(Part::Out), "y", CellStyle::Number),
            made(Part::Ratio, "∂L/∂y · y ÷ scale"),
            made(Part::Dot, "Σ"),
            made(Part::Dx, "∂L/∂x"),
        ]
    } else {
        vec![
            column(x, "x", CellStyle::Number),
            made(Part::Sum, "Σ x²"),
            made(Part::Scale, "Σ · α ÷ size + k"),
            made(Part::Factor, "^ −β"),
            made(Part::Out, "y"),
        ]
    };
    let fold = view.state.trace().cell_until(focus, spot.done);
    let is_sum = matches!(stage.tensor.part, Part::Sum | Part::Dot);
    let read = fold.steps.last().filter(|_| is_sum && !spot.is_done()).and_then(|step| {
        step.term.operands().find_map(|operand| match operand {
            Operand::Cell { index, .. } => Some((index / plane) as usize),
            Operand::Constant { .. } | Operand::Padding { .. } => None,
        })
    });
    let marks = Marks { focus: *focus, row: read, target: None };
    let colors = view.theme.pass(stage.pass);
    let caption = Caption::from_steps(view, &fold.steps).with_words([view.text(key)]);
    Some(Closeup { body: Body::Table(Table { rows: channels, columns, marks, colors }), caption })
}
