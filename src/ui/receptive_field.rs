//! The cells of the other tensors that a cell depends on, layer by layer, and those that depend on it; for a weight, the
//! cells that it is multiplied with and adds to.

use super::widgets::grid::CellSpan;
use crate::nn::{Axis, Block, Layer, Op, Part, Source};
use crate::trace::{Owner, Plan, TensorId};
use std::ops::Range;

/// Where a tensor stands among those that the layers hand on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    /// An output, or the picture.
    Values(Source),
    /// The gradient of one, or what one of its readers hands back.
    Gradient(Source),
    /// What the loss makes of the last output.
    Loss,
}

fn standing(plan: &Plan, tensor: TensorId) -> Option<Standing> {
    if let Some(source) = plan.differentiated(tensor) {
        return Some(Standing::Gradient(source));
    }
    match (tensor.owner, tensor.part) {
        (Owner::Input, _) => Some(Standing::Values(Source::Input)),
        (Owner::Layer(l), Part::Out) => Some(Standing::Values(Source::Layer(l as usize))),
        (Owner::Loss, Part::Out | Part::Prob) => Some(Standing::Loss),
        _ => None,
    }
}

/// The sources in their order, the picture first.
fn source_at(place: usize) -> Source {
    Source::before(place)
}

/// Cells of a tensor: the same rectangle in each of some channels.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReceptiveField {
    /// The tensor.
    pub tensor: TensorId,
    /// The channels.
    pub channels: Range<usize>,
    /// The cells in each.
    pub span: CellSpan,
    /// Whether these cells depend on the given cell; otherwise it depends on them.
    pub readers: bool,
}

impl ReceptiveField {
    fn new(tensor: TensorId, block: &Block, readers: bool) -> Self {
        let Block { channels, rows, cols } = block;
        let [top, left, height, width] = [rows.start, cols.start, rows.len(), cols.len()].map(|n| n as i32);
        let span = CellSpan::new(top, left, height, width);
        Self { tensor, channels: channels.clone(), span, readers }
    }
}

/// The cells that the cell `index` of a tensor depends on, back to the input or to the loss, and those that depend on
/// it.
pub fn receptive_fields(plan: &Plan, tensor: TensorId, index: u32) -> Vec<ReceptiveField> {
    let at = plan.shape_of(tensor).at(index as usize);
    let Some(standing) = standing(plan, tensor) else { return uses(plan, tensor, at) };
    let network = plan.network();
    let [_, k, i, j] = at;
    let here = Block::cell([k, i, j]);
    let last = source_at(network.layers.len());
    let forward = !matches!(standing, Standing::Gradient(_));
    let mut found = Vec::new();
    let mut add = |place: usize, blocks: &[Block], readers: bool| {
        let source = source_at(place);
        let tensor = if forward { TensorId::of(source) } else { plan.gradient_of(source) };
        found.extend(blocks.iter().map(|block| ReceptiveField::new(tensor, block, readers)));
    };
    // Towards the input; the loss reads the last layer's output: one cell of it for a probability, else all.
    let (source, blocks) = match standing {
        Standing::Values(source) | Standing::Gradient(source) => (source, here.clone()),
        Standing::Loss if tensor.part == Part::Prob => (last, here.clone()),
        Standing::Loss => (last, Block::whole(network.output())),
    };
    let is_sum_of_more = standing == Standing::Gradient(source) && plan.gradient_of(source) != tensor;
    if standing == Standing::Loss || is_sum_of_more {
        add(source.place(), std::slice::from_ref(&blocks), !forward);
    }
    let before = network.depends_on(source, vec![blocks]);
    for (place, blocks) in before.iter().enumerate().take(source.place()).rev() {
        add(place, blocks, !forward);
    }
    // Towards the loss: what one reader of several hands back comes from that reader alone.
    if standing != Standing::Loss {
        let behind = match (tensor.owner, Layer::input_of_gradient(tensor.part)) {
            (Owner::Layer(l), Some(input)) => {
                let reader = l as usize;
                let made = network.layers[reader].read_by(input, &here);
                network.dependents_of(Source::Layer(reader), made)
            }
            _ => network.dependents_of(source, vec![here.clone()]),
        };
        for (place, blocks) in behind.iter().enumerate().skip(source.place() + 1) {
            add(place, blocks, forward);
        }
        if source == last && plan.stage_of(TensorId::loss(Part::Prob)).is_some() {
            found.push(ReceptiveField::new(TensorId::loss(Part::Prob), &here, forward));
        }
    }
    found
}

/// All that a parameter meets: the input cells that a weight is multiplied with and the outputs that it goes into;
/// of its gradient, the output gradients that it comes from.
fn uses(plan: &Plan, tensor: TensorId, [o, c, u, v]: [usize; 4]) -> Vec<ReceptiveField> {
    let Owner::Layer(l) = tensor.owner else { return Vec::new() };
    let l = l as usize;
    let layer = plan.layer(l);
    let is_gradient = match tensor.part {
        Part::Weight | Part::Bias => false,
        Part::Dw | Part::Db => true,
        _ => return Vec::new(),
    };
    let [_, h, w] = layer.output;
    let touched = |axis: &Axis, u: usize| {
        let axis = *axis;
        let mut cells = (0..axis.out).filter_map(move |i| axis.tap(i, u));
        let first = cells.next()?;
        Some(first..cells.next_back().unwrap_or(first) + 1)
    };
    // A bias is added to all cells of its map and multiplied with none.
    let is_bias = matches!(tensor.part, Part::Bias | Part::Db);
    let (read, made) = match &layer.op {
        Op::Conv2d(conv) => {
            let channel = conv.inputs_of(o).start + c;
            let cells = touched(&conv.window.rows, u).zip(touched(&conv.window.cols, v));
            let read = cells.map(|(rows, cols)| Block { channels: channel..channel + 1, rows, cols });
            (read, Block { channels: o..o + 1, rows: 0..h, cols: 0..w })
        }
        Op::ConvTranspose2d(_) if is_bias => (None, Block { channels: c..c + 1, rows: 0..h, cols: 0..w }),
        // Filter o belongs to input map o, its slice c to an output map of its group.
        Op::ConvTranspose2d(spec) => {
            let window = &spec.conv.window;
            let Some((rows, cols)) = touched(&window.rows, u).zip(touched(&window.cols, v)) else {
                return Vec::new();
            };
            let channel = spec.conv.inputs_of(o).start + c;
            let [_, h, w] = layer.input;
            let read = Block { channels: o..o + 1, rows: 0..h, cols: 0..w };
            (Some(read), Block { channels: channel..channel + 1, rows, cols })
        }
        Op::Dense(_) => (Some(Block::cell([c, 0, 0])), Block::cell([o, 0, 0])),
        _ => return Vec::new(),
    };
    let (read, made) = if is_bias { (None, Block { channels: c..c + 1, ..made }) } else { (read, made) };
    let output = match is_gradient {
        true => plan.output_gradient_of(l),
        false => TensorId::layer(l, Part::Out),
    };
    let read = read.map(|block| ReceptiveField::new(plan.input_of(l), &block, false));
    read.into_iter().chain([ReceptiveField::new(output, &made, !is_gradient)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribution::receptive_field;
    use crate::model_io::bundled;
    use crate::trace::Setup;
    use std::sync::Arc;

    fn shapes() -> Plan {
        let model = bundled::load("shapes").expect("a bundled model");
        Plan::new(Arc::new(model.network), Setup::default())
    }

    #[test]
    fn a_cell_is_followed_back_to_the_picture_and_on_to_the_classes() {
        let plan = shapes();
        let network = plan.network();
        for (l, layer) in network.layers.iter().enumerate().filter(|(_, layer)| layer.output[1] > 1) {
            let [c, h, w] = layer.output;
            for at in [[0, 0, 0], [c / 2, h / 2, w / 3], [c - 1, h - 1, w - 1]] {
                let index = ((at[0] * h + at[1]) * w + at[2]) as u32;
                let out = receptive_fields(&plan, TensorId::layer(l, Part::Out), index);
                let input = out.iter().find(|field| field.tensor == TensorId::INPUT).expect("the picture");
                let rect = receptive_field(network, l, [at[1], at[2]]);
                let span = CellSpan::new(
                    rect.at[0] as i32,
                    rect.at[1] as i32,
                    rect.size[0] as i32,
                    rect.size[1] as i32,
                );
                assert_eq!((input.span, input.readers), (span, false), "{} {at:?}", layer.spec.name);
                let last = TensorId::layer(network.layers.len() - 1, Part::Out);
                let classes = out.iter().find(|field| field.tensor == last).expect("the classes");
                assert_eq!((classes.channels.clone(), classes.readers), (0..network.classes(), true));
            }
        }
        // Of gradients, what one comes from lies on the other side.
        let back = receptive_fields(&plan, TensorId::layer(3, Part::Dx), 5);
        let side = |tensor| back.iter().find(|field| field.tensor == tensor).map(|field| field.readers);
        assert_eq!(side(TensorId::layer(0, Part::Dx)), Some(true));
        assert_eq!(side(TensorId::loss(Part::Dx)), Some(false));
    }

    #[test]
    fn a_gradient_stands_where_its_tensor_does() {
        let plan = shapes();
        for source in (0..=plan.network().layers.len()).map(source_at) {
            let (tensor, gradient) = (TensorId::of(source), plan.gradient_of(source));
            assert_eq!(standing(&plan, tensor), Some(Standing::Values(source)));
            assert_eq!(standing(&plan, gradient), Some(Standing::Gradient(source)));
            assert_eq!(plan.shape_of(gradient), plan.shape_of(tensor));
        }
    }

    #[test]
    fn a_weight_lights_all_that_it_met() {
        let plan = shapes();
        // conv1 has padding 1: the corner tap of a 3 x 3 filter never meets the last row and column.
        let weight = receptive_fields(&plan, TensorId::layer(0, Part::Weight), 4 * 27 + 9);
        let [input, output] = &weight[..] else { panic!("{weight:?}") };
        assert_eq!(
            (input.tensor, input.channels.clone(), input.span),
            (TensorId::INPUT, 1..2, CellSpan::new(0, 0, 31, 31))
        );
        assert_eq!((output.channels.clone(), output.span), (4..5, CellSpan::new(0, 0, 32, 32)));
        let bias = receptive_fields(&plan, TensorId::layer(0, Part::Db), 2);
        let [gradient] = &bias[..] else { panic!("{bias:?}") };
        assert_eq!((gradient.tensor, gradient.channels.clone()), (TensorId::layer(1, Part::Dx), 2..3));
    }
}
