//! The paths from the loss to one cell: how much of its gradient comes through each part of every later layer, and
//! the strongest single path as a product of local derivatives.

use super::address::Address;
use super::plan::Plan;
use super::tensor_id::{Owner, TensorId};
use super::term::{Operand, TermOp};
use super::values::{Step, Trace};
use crate::nn::{
    Part, Source,
    check::{Cell, Ran},
    optimizer::TRAINED,
    tangent::Passing,
};

/// How a cell's gradient is shared out.
#[derive(Clone, PartialEq, Debug)]
pub struct Paths {
    /// The cell.
    pub cell: Cell,
    /// The derivative of the summed loss by it.
    pub gradient: f32,
    /// Every layer that lies between it and the loss, the nearest to the cell first.
    pub cuts: Vec<Cut>,
}

/// One layer: all that comes back from the loss to the cell comes through its output, or past it.
#[derive(Clone, PartialEq, Debug)]
pub struct Cut {
    /// The layer.
    pub layer: usize,
    /// What carries the cell's gradient past the layer: its own output, and the outputs that go around it.
    pub ways: Vec<Way>,
    /// Whether the groups are channels; else they are single cells.
    pub by_channel: bool,
    /// The largest groups, largest first.
    pub groups: Vec<Group>,
    /// How many others there are that are not 0.
    pub others: usize,
    /// What comes through the others.
    pub others_sum: f64,
    /// Their share, in thousandths.
    pub others_share: u32,
}

/// An output that carries a cell's gradient past a layer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Way {
    /// Whose output it is, or the picture.
    pub source: Source,
    /// What comes through it. The ways of a cut add up to the cell's gradient.
    pub sum: f64,
    /// The magnitude of `sum` among those of all ways, in thousandths, rounded so that a cut's are 1000.
    pub share: u32,
}

/// What comes through a channel, or through one cell, of an output.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Group {
    /// Whose output it is part of.
    pub source: Source,
    /// The channel.
    pub channel: usize,
    /// The image of its largest cell.
    pub image: usize,
    /// The number of its largest cell within the image.
    pub index: usize,
    /// dL/dy * dy/dcell, added up over the group. The groups of a cut add up to the cell's gradient.
    pub sum: f64,
    /// The magnitude of `sum` among those of all groups, in thousandths, rounded so that a cut's are 1000.
    pub share: u32,
    /// dL/dy of its largest cell.
    pub gradient: f32,
    /// dy/dcell of its largest cell.
    pub moves: f32,
}

/// Groups that are kept of each cut.
const KEPT: usize = 5;

/// One step of a path: a gradient and what it is a multiple of.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Link {
    /// Where this gradient was made.
    pub at: Address,
    /// Its value.
    pub value: f32,
    /// The term that is followed, where the path continues.
    pub next: Option<Factor>,
}

/// The largest term of a gradient: a later gradient times a local derivative.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Factor {
    /// The local derivative.
    pub value: f32,
    /// Where it comes from, where it is a cell: a weight.
    pub from: Option<Address>,
    /// The magnitude of the term among those of all terms, in thousandths.
    pub share: u32,
    /// How many terms are not 0.
    pub terms: usize,
}

impl Trace {
    /// The cell that a check or the paths of an address are about: a parameter, input or activation; for a gradient
    /// what it is the gradient of. `None` for what has no gradient of its own.
    pub fn differentiable(&self, address: &Address) -> Option<Cell> {
        let (tensor, image, index) = self.tensor_cell(address)?;
        let (image, index) = (image as usize, index as usize);
        let output = |source: Source| match source {
            Source::Input => Cell::Input { image, index },
            Source::Layer(layer) => Cell::Output { layer, image, index },
        };
        // What one of several readers hands back is only a part of a cell's gradient.
        if let Some(source) = self.plan().differentiated(tensor) {
            return (self.plan().gradient_of(source) == tensor).then(|| output(source));
        }
        match (tensor.owner, tensor.part) {
            (Owner::Input, _) => Some(Cell::Input { image, index }),
            (Owner::Loss, _) => None,
            (Owner::Layer(l), Part::Out) => Some(output(Source::Layer(l as usize))),
            (Owner::Layer(l), part) => {
                let trained = TRAINED.iter().find(|t| t.param == part || t.grad == part)?;
                Some(Cell::Parameter { layer: l as usize, part: trained.param, index })
            }
        }
    }

    /// What ran, for a check in f32.
    pub fn ran(&self) -> Ran<'_, f32> {
        let (plan, setup) = (self.plan(), self.plan().setup());
        Ran {
            network: plan.network(),
            params: self.params(),
            target: self.target(),
            mode: setup.mode,
            stream: plan.stream(self.time()),
            values: self.values(),
        }
    }

    /// How the gradient of a cell comes through every later layer. `None` where no gradient of it has been computed.
    pub fn paths(&self, cell: Cell) -> Option<Paths> {
        let ran = self.ran();
        let gradient = ran.gradient(cell)?;
        let mut cuts = Vec::new();
        ran.paths(cell, &mut |layer, passing| cuts.push(Self::cut(layer, passing)))?;
        Some(Paths { cell, gradient, cuts })
    }

    fn cut(layer: usize, passing: &[Passing<f32>]) -> Cut {
        let channels: Vec<Vec<InChannel>> = passing.iter().map(in_channels).collect();
        let active = channels.iter().flatten().filter(|channel| channel.largest.is_some()).count();
        let has_maps = passing.iter().any(|way| {
            let (images, _, h, w) = way.through.dim();
            images * h * w > 1
        });
        let by_channel = active > 1 && has_maps;
        let each = passing.iter().zip(&channels);
        let mut groups: Vec<Group> =
            each.flat_map(|(way, channels)| groups(way, channels, by_channel)).collect();
        groups.sort_by(|a, b| b.sum.abs().total_cmp(&a.sum.abs()));
        let others = groups.split_off(groups.len().min(KEPT));
        let others_sum: f64 = others.iter().map(|group| group.sum).sum();
        let others_size: f64 = others.iter().map(|group| group.sum.abs()).sum();
        let sizes: Vec<f64> = groups.iter().map(|group| group.sum.abs()).chain([others_size]).collect();
        let shares = thousandths(&sizes);
        for (group, share) in groups.iter_mut().zip(&shares) {
            group.share = *share;
        }
        let others_share = shares.last().copied().unwrap_or(0);
        let sums: Vec<f64> =
            channels.iter().map(|channels| channels.iter().map(|channel| channel.sum).sum()).collect();
        let sizes: Vec<f64> = sums.iter().map(|sum| sum.abs()).collect();
        let ways = passing.iter().zip(sums.iter().zip(thousandths(&sizes)));
        let ways = ways.map(|(way, (&sum, share))| Way { source: way.source, sum, share }).collect();
        Cut { layer, ways, by_channel, groups, others: others.len(), others_sum, others_share }
    }

    /// The strongest path back to the loss from the largest cell of a group of the cut at a layer: at each gradient its
    /// largest term is followed, until one is the loss's own or no product of one later gradient.
    pub fn strongest_path(&self, layer: usize, group: &Group) -> Vec<Link> {
        let (mut tensor, mut terms) = self.plan().gradient_behind(layer, group.source);
        let (mut image, mut index) = (group.image as u32, group.index as u32);
        let mut links = Vec::new();
        loop {
            let at = self.plan().writer(tensor, self.time(), image, index);
            let value = match terms {
                Some(terms) => self.running(&at, terms),
                None => self.value(tensor, image, index),
            };
            let next = self.largest_term(tensor, &at, terms.take().unwrap_or(u32::MAX));
            links.push(Link { at, value, next: next.map(|(factor, _)| factor) });
            match next {
                Some((_, (t, n, i))) => (tensor, image, index) = (t, n, i),
                None => return links,
            }
        }
    }

    /// The largest of the first `terms` terms of a gradient's cell, and the later gradient that it is a multiple of.
    fn largest_term(
        &self,
        tensor: TensorId,
        at: &Address,
        terms: u32,
    ) -> Option<(Factor, (TensorId, u32, u32))> {
        if tensor.owner == Owner::Loss || at.stage().is_none() {
            return None;
        }
        let cell = self.cell_until(at, terms);
        let sizes: Option<Vec<f64>> =
            cell.steps.iter().map(|step| step.product().map(|product| f64::from(product.abs()))).collect();
        let Some(sizes) = sizes else {
            // Not a sum: a multiple of one later gradient, or nothing that reads as a product.
            let mut gradients = cell.steps.iter().flat_map(gradients_of);
            let (operand, of, value) = gradients.next()?;
            if gradients.any(|(other, ..)| other != operand) || value == 0.0 {
                return None;
            }
            let factor = Factor { value: cell.value / value, from: None, share: 1000, terms: 1 };
            return Some((factor, of));
        };
        let largest = (0..sizes.len()).max_by(|&a, &b| sizes[a].total_cmp(&sizes[b]).then(b.cmp(&a)))?;
        let step = &cell.steps[largest];
        let (operand, of, _) = gradients_of(step).next()?;
        if sizes[largest] == 0.0 {
            return None;
        }
        let other = (0..2).find(|&k| step.term.operands[k] != Some(operand));
        let is_product = matches!(step.term.op, TermOp::MulAdd | TermOp::Product);
        let (value, from) = other.filter(|_| is_product).map_or((1.0, None), |k| {
            let from = step.term.operands[k].as_ref().and_then(|operand| self.writer(operand));
            (step.values[k], from)
        });
        let share = thousandths(&sizes)[largest];
        let terms = sizes.iter().filter(|size| **size != 0.0).count();
        Some((Factor { value, from, share, terms }, of))
    }
}

/// The operands of a step that are gradients of activations, with their values.
fn gradients_of(step: &Step) -> impl Iterator<Item = (Operand, (TensorId, u32, u32), f32)> + '_ {
    step.term.operands.iter().zip(step.values).filter_map(|(operand, value)| match *operand {
        Some(Operand::Cell { tensor, image, index })
            if tensor.part.is_activation_gradient() || matches!(tensor.part, Part::Ds | Part::Dxhat) =>
        {
            Some((Operand::Cell { tensor, image, index }, (tensor, image, index), value))
        }
        _ => None,
    })
}

/// What comes through one channel, and its largest cell: image, row and column.
#[derive(Clone, Copy, Default)]
struct InChannel {
    sum: f64,
    largest: Option<(f32, [usize; 3])>,
}

fn in_channels(way: &Passing<f32>) -> Vec<InChannel> {
    let mut channels = vec![InChannel::default(); way.through.dim().1];
    for ((n, c, i, j), &x) in way.through.indexed_iter().filter(|(_, x)| **x != 0.0) {
        let channel = &mut channels[c];
        channel.sum += f64::from(x);
        if channel.largest.is_none_or(|(most, _)| x.abs() > most) {
            channel.largest = Some((x.abs(), [n, i, j]));
        }
    }
    channels
}

/// The channels, or the cells, that something comes through.
fn groups(way: &Passing<f32>, channels: &[InChannel], by_channel: bool) -> Vec<Group> {
    let (_, _, h, w) = way.through.dim();
    let group = |n: usize, c: usize, i: usize, j: usize, sum: f64| Group {
        source: way.source,
        channel: c,
        image: n,
        index: (c * h + i) * w + j,
        sum,
        share: 0,
        gradient: way.gradient[[n, c, i, j]],
        moves: way.moves[[n, c, i, j]],
    };
    if by_channel {
        let channels = channels.iter().enumerate();
        let largest = channels.filter_map(|(c, channel)| Some((c, channel.sum, channel.largest?.1)));
        return largest.map(|(c, sum, [n, i, j])| group(n, c, i, j, sum)).collect();
    }
    let cells = way.through.indexed_iter().filter(|(_, x)| **x != 0.0);
    cells.map(|((n, c, i, j), &x)| group(n, c, i, j, f64::from(x))).collect()
}

/// Sizes as thousandths of their sum, rounded so that they add up to 1000: the largest remainders are rounded up.
/// All 0 where the sum is 0 or not finite.
pub fn thousandths(sizes: &[f64]) -> Vec<u32> {
    let sum: f64 = sizes.iter().sum();
    if !(sum > 0.0 && sum.is_finite()) {
        return vec![0; sizes.len()];
    }
    let exact: Vec<f64> = sizes.iter().map(|size| size / sum * 1000.0).collect();
    let mut shares: Vec<u32> = exact.iter().map(|exact| exact.floor() as u32).collect();
    let missing = 1000u32.saturating_sub(shares.iter().sum()) as usize;
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()));
    for &k in order.iter().take(missing) {
        shares[k] += 1;
    }
    shares
}

impl Plan {
    /// Where the gradient of a group's output was made, for a group of the cut at a layer: by the readers behind that
    /// layer.
    pub fn gradient_address(&self, layer: usize, time: u32, group: &Group) -> Address {
        let (gradient, terms) = self.gradient_behind(layer, group.source);
        let at = self.writer(gradient, time, group.image as u32, group.index as u32);
        terms.map_or(at, |terms| at.with_term(terms - 1))
    }

    /// The gradient that comes back to an output from the readers behind a layer: a reader's, or the sum of all. Of
    /// several but not all it is what that sum is after so many terms, as those behind come first.
    fn gradient_behind(&self, layer: usize, source: Source) -> (TensorId, Option<u32>) {
        let readers = self.network().readers(source);
        let behind = readers.iter().take_while(|edge| edge.layer > layer).count();
        match readers.first() {
            Some(edge) if behind == 1 => (TensorId::layer(edge.layer, self.network().edge_part(*edge)), None),
            _ => (self.gradient_of(source), (behind < readers.len()).then_some(behind as u32)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        for sizes in [vec![1.0, 1.0, 1.0], vec![0.0, 5.0], vec![0.3, 0.3, 0.2, 0.1, 0.1, 1e-9]] {
            assert_eq!(thousandths(&sizes).iter().sum::<u32>(), 1000, "{sizes:?}");
        }
        assert_eq!(thousandths(&[1.0, 1.0, 1.0]), [334, 333, 333]);
        assert_eq!(thousandths(&[0.0, 0.0]), [0, 0]);
        assert_eq!(thousandths(&[f64::NAN, 1.0]), [0, 0]);
    }
}
