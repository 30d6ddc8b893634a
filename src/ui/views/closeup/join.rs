//! Joins: the inputs and what is made of them, forward and backward; and the gradients that an output's readers hand
//! back, added up.

use super::caption::Caption;
use super::focused_cell::FocusedCell;
use super::part::around;
use super::parts::Item;
use super::{Closeup, legends};
use crate::nn::{Layer, Op, Source};
use crate::trace::{Address, Operand, Stage, TensorId};
use crate::ui::{names, view::View};

/// The most inputs side by side; of more, those around the one that is read.
const SHOWN: usize = 4;

/// The close-up of an add, a multiply or a concat.
pub(super) fn join<'a>(view: &'a View<'a>, focus: &Address, stage: &Stage, l: usize) -> Option<Closeup<'a>> {
    let cell = FocusedCell::from_address(view, focus)?;
    let layer = view.state.plan().layer(l);
    let (items, words) = match (&layer.op, Layer::input_of_gradient(stage.tensor.part)) {
        (Op::Concat, None) => copied(view, focus, &cell, concat_words(view, layer, &cell)),
        (Op::Concat, Some(_)) => copied(view, focus, &cell, view.text("closeup.concat_back")),
        (Op::Multiply, None) => {
            let scale = layer.scale().and_then(|k| view.state.plan().inputs_of(l).nth(k));
            let words = match scale {
                Some(scale) => view.fill("closeup.multiply_map", &[("scale", &names::tensor(view, scale))]),
                None => view.text("closeup.multiply"),
            };
            (operands(view, focus, &cell, "×"), words)
        }
        (Op::Multiply, Some(k)) if layer.is_scale(k) => {
            (summed_products(view, &cell, l, k), view.text("closeup.multiply_back_map"))
        }
        (Op::Multiply, Some(_)) => (operands(view, focus, &cell, "×"), view.text("closeup.multiply_back")),
        (_, None) => (operands(view, focus, &cell, "+"), view.text("closeup.add")),
        (_, Some(_)) => copied(view, focus, &cell, view.text("closeup.add_back")),
    };
    Some(closed(view, focus, &cell, items, words))
}

/// The close-up of a sum of gradients: of an output, or the picture, that is read more than once.
pub(super) fn sum<'a>(view: &'a View<'a>, focus: &Address, stage: &Stage) -> Option<Closeup<'a>> {
    let cell = FocusedCell::from_address(view, focus)?;
    let plan = view.state.plan();
    let source = plan.differentiated(stage.tensor)?;
    let readers = plan.network().readers(source).len().to_string();
    let name = names::tensor(view, TensorId::of(source));
    let words = view.fill("closeup.gradient_sum", &[("n", &readers), ("layer", &name)]);
    let items = operands(view, focus, &cell, "+");
    Some(closed(view, focus, &cell, items, words))
}

fn closed<'a>(
    view: &'a View<'a>,
    focus: &Address,
    cell: &FocusedCell,
    items: Vec<Item<'a>>,
    words: String,
) -> Closeup<'a> {
    let steps = view.state.trace().cell_until(focus, cell.done).steps;
    let caption = Caption::from_steps(view, &steps).with_words([words]).with_legends(legends(&items));
    Closeup::of_parts(items, None, caption)
}

/// The cells that the terms of the cell read, in their order, with a sign between them, and the result.
fn operands<'a>(
    view: &'a View<'a>,
    focus: &Address,
    cell: &FocusedCell,
    sign: &'static str,
) -> Vec<Item<'a>> {
    let fold = view.state.trace().cell(focus);
    let read = fold.steps.iter().flat_map(|step| {
        let cells = step.term.operands().filter_map(move |operand| match *operand {
            Operand::Cell { tensor, image, index } => Some((tensor, image, index)),
            Operand::Constant { .. } | Operand::Padding { .. } => None,
        });
        cells.map(move |cell| (step.address.term(), cell))
    });
    let read: Vec<_> = read.collect();
    // The operand of the term that is due, in the middle of those that have room.
    let due = read.iter().position(|(term, _)| *term >= cell.done).unwrap_or(read.len());
    let start = due.saturating_sub(SHOWN / 2).min(read.len().saturating_sub(SHOWN));
    let end = (start + SHOWN).min(read.len());
    let mut items: Vec<Item> = Vec::new();
    if start > 0 {
        items.extend(["…".into(), sign.into()]);
    }
    for (n, &(_, (tensor, image, index))) in read[start..end].iter().enumerate() {
        if n > 0 {
            items.push(sign.into());
        }
        items.push(around(view, tensor, image, index).into());
    }
    if end < read.len() {
        items.extend([sign.into(), "…".into()]);
    }
    items.push("=".into());
    items.push(around(view, cell.tensor, cell.image, cell.index).into());
    items
}

/// The cell that is copied, and the copy.
fn copied<'a>(
    view: &'a View<'a>,
    focus: &Address,
    cell: &FocusedCell,
    words: String,
) -> (Vec<Item<'a>>, String) {
    let mut items = operands(view, focus, cell, "");
    if let Some(sign) = items.get_mut(1) {
        *sign = Item::Arrow(view.text("closeup.flatten_copy"));
    }
    (items, words)
}

/// What a product with one number for each map sums up: the gradient times the other input, over the map.
fn summed_products<'a>(view: &'a View<'a>, cell: &FocusedCell, l: usize, k: usize) -> Vec<Item<'a>> {
    let plan = view.state.plan();
    let [_, h, w] = plan.layer(l).output;
    let map = cell.at[1];
    let dy = plan.output_gradient_of(l);
    let other = plan.inputs_of(l).nth(1 - k).unwrap_or(TensorId::INPUT);
    // The position of the term that is due.
    let position = (cell.done as usize).min(h * w - 1);
    let index = (map * h * w + position) as u32;
    let at = |tensor| Item::from(around(view, tensor, cell.image, index));
    vec![at(dy), "×".into(), at(other), "Σ".into(), around(view, cell.tensor, cell.image, cell.index).into()]
}

/// Which input's map a map of a concatenation is.
fn concat_words(view: &View, layer: &Layer, cell: &FocusedCell) -> String {
    let made = cell.at[1];
    let mut first = 0;
    for (source, [maps, ..]) in layer.sources.iter().zip(&layer.inputs) {
        if made < first + maps {
            let name = match source {
                Source::Input => view.text("name.input"),
                Source::Layer(l) => view.state.plan().layer(*l).name().to_owned(),
            };
            let numbers = [made, made - first, first].map(|n| n.to_string());
            let [made, from, before] = numbers.each_ref().map(String::as_str);
            let key = if first == 0 { "closeup.concat_first" } else { "closeup.concat" };
            return view.fill(key, &[("made", made), ("from", from), ("before", before), ("layer", &name)]);
        }
        first += maps;
    }
    String::new()
}
