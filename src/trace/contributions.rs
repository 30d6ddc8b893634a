//! What each map of its input gives to a cell of a convolution or of a dense layer: the cell's sum, taken apart by maps.

use super::address::{Address, Pass};
use super::plan::Plan;
use super::tensor_id::{Owner, TensorId};
use super::term::{Operand, TermOp};
use super::values::{Step, Trace};
use crate::nn::{Op, Part};
use std::ops::Range;

/// What one map of the input gives.
#[derive(Clone, PartialEq, Debug)]
pub struct Contribution {
    /// The number of the map, or of the neuron, that is read.
    pub from: usize,
    /// The weights that read it, by their row-major numbers in the layer's weight tensor.
    pub weights: Range<usize>,
    /// The sum of its products.
    pub gives: f64,
}

/// A cell's sum by the maps that it reads.
#[derive(Clone, PartialEq, Debug)]
pub struct Contributions {
    /// The tensor whose maps are read.
    pub reads: TensorId,
    /// The layer whose weights read it.
    pub layer: usize,
    /// Rows and columns of the weights that read one map.
    pub side: [usize; 2],
    /// What each map gives, by the maps' numbers.
    pub each: Vec<Contribution>,
    /// What is added beside them; 0 without a bias.
    pub bias: f64,
    /// The layer has a bias, and this is a cell that it is added to.
    pub has_bias: bool,
    /// The cell's value, as the network computed it.
    pub value: f64,
}

impl Contributions {
    /// The places in [`Contributions::each`], those that give most first, whatever their sign.
    pub fn by_magnitude(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.each.len()).collect();
        order.sort_by(|&a, &b| self.each[b].gives.abs().total_cmp(&self.each[a].gives.abs()));
        order
    }

    /// What the maps at some places give together.
    pub fn together(&self, places: &[usize]) -> f64 {
        places.iter().map(|&place| self.each[place].gives).sum()
    }

    /// What is left of the value when the bias and what the maps at some places give are taken away.
    pub fn rest(&self, places: &[usize]) -> f64 {
        self.value - self.bias - self.together(places)
    }

    /// How much more each map gives to this cell than to another cell of the same layer. The weights stay this cell's.
    pub fn minus(&self, other: &Self) -> Self {
        let each = self
            .each
            .iter()
            .zip(&other.each)
            .map(|(own, other)| Contribution { gives: own.gives - other.gives, ..own.clone() });
        let (bias, value) = (self.bias - other.bias, self.value - other.value);
        Self { each: each.collect(), bias, value, ..self.clone() }
    }
}

impl Trace {
    /// What each map of the input gives to a cell: of the output or the input gradient of a convolution or a dense
    /// layer. A dense layer behind a flatten layer reads the maps before that. `None` for other cells.
    pub fn contributions(&self, cell: &Address) -> Option<Contributions> {
        let plan = self.plan();
        let stage = plan.stage_at(cell)?;
        let Owner::Layer(l) = stage.tensor.owner else { return None };
        let layer = l as usize;
        let (.., index) = self.tensor_cell(cell)?;
        let map = index as usize / stage.shape.plane().max(1);
        let grouping = Grouping::new(plan, layer, stage.pass, stage.tensor.part, map)?;
        let fold = self.cell(cell);
        let mut found = Contributions {
            reads: grouping.reads,
            layer,
            side: grouping.side,
            each: Vec::new(),
            bias: 0.0,
            has_bias: false,
            value: f64::from(fold.value),
        };
        for step in &fold.steps {
            found.take(step, &grouping);
        }
        Some(found)
    }
}

/// Which terms of a cell read which map.
struct Grouping {
    reads: TensorId,
    side: [usize; 2],
    /// The number of the first map that is read; the others follow it.
    first: usize,
}

impl Grouping {
    fn new(plan: &Plan, l: usize, pass: Pass, part: Part, map: usize) -> Option<Self> {
        let (is_output, is_gradient) = ((pass, part) == (Pass::Fwd, Part::Out), part == Part::Dx);
        match &plan.layer(l).op {
            Op::Conv2d(spec) if is_output || is_gradient => {
                let (reads, first) = match is_output {
                    true => (plan.input_of(l), spec.inputs_of(map).start),
                    false => (plan.sum_gradient_of(l, spec), spec.outputs_of(map).start),
                };
                Some(Self { reads, side: [spec.window.rows.kernel, spec.window.cols.kernel], first })
            }
            // Its windows lie on the output.
            Op::ConvTranspose2d(spec) if is_output || is_gradient => {
                let conv = &spec.conv;
                let (reads, first) = match is_output {
                    true => (plan.input_of(l), conv.outputs_of(map).start),
                    false => (plan.output_gradient_of(l), conv.inputs_of(map).start),
                };
                Some(Self { reads, side: [conv.window.rows.kernel, conv.window.cols.kernel], first })
            }
            Op::Dense(_) if is_output => {
                let before =
                    plan.layer(l).sources[0].layer().filter(|&before| plan.layer(before).op == Op::Flatten);
                let [_, h, w] = plan.layer(before.unwrap_or(l)).input;
                Some(Self { reads: plan.input_of(before.unwrap_or(l)), side: [h, w], first: 0 })
            }
            Op::Dense(_) if is_gradient => {
                Some(Self { reads: plan.output_gradient_of(l), side: [1, 1], first: 0 })
            }
            Op::Conv2d(_)
            | Op::ConvTranspose2d(_)
            | Op::Dense(_)
            | Op::MaxPool2d(_)
            | Op::AvgPool2d(_)
            | Op::Resample2d(_)
            | Op::Activation(_)
            | Op::PRelu(_)
            | Op::BatchNorm2d(_)
            | Op::GroupNorm(_)
            | Op::LocalResponseNorm(_)
            | Op::Flatten
            | Op::Dropout { .. }
            | Op::Softmax
            | Op::Add
            | Op::Multiply
            | Op::Concat => None,
        }
    }

    /// The number of weights that read one map.
    const fn len(&self) -> usize {
        self.side[0] * self.side[1]
    }
}

impl Contributions {
    /// Files a step of the cell's sum.
    fn take(&mut self, step: &Step, grouping: &Grouping) {
        let [a, b] = step.values.map(f64::from);
        match (step.term.op, step.term.operands[1]) {
            (TermOp::MulAdd, Some(Operand::Cell { index, .. })) => {
                let place = step.address.term() as usize / grouping.len();
                if self.each.len() <= place {
                    let start = index as usize;
                    let weights = start..start + grouping.len();
                    self.each.push(Contribution { from: grouping.first + place, weights, gives: 0.0 });
                }
                self.each[place].gives += a * b;
            }
            // A score: the sum is divided by the number of weights.
            (TermOp::Div, _) => self.each.iter_mut().for_each(|one| one.gives /= a),
            (TermOp::Add, _) => (self.bias, self.has_bias) = (a, true),
            (op, _) => debug_assert!(false, "{op:?} is no step of such a sum"),
        }
    }
}
