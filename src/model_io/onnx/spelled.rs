//! What a file spells out in several nodes, as one node: activations, and softmax.
//!
//! An activation is known by its values: nodes that compute cell by cell from one tensor and single numbers are a function of
//! one number, which is compared with each activation of this program at many places, also close to the numbers in it.

#![expect(clippy::arithmetic_side_effects, reason = "counts of nodes, and fixed numbers")]

use super::{
    constant::{floats_of, ints_of},
    proto::{AttributeProto, GraphProto, NodeProto, TensorProto, data_type},
};
use crate::nn::{Activation, Real};
use std::collections::HashMap;

/// The most nodes that one activation is made of.
const MOST_NODES: usize = 32;

/// A node that takes the place of the one at this position.
struct Found {
    at: usize,
    op: &'static str,
    input: String,
    attributes: Vec<AttributeProto>,
}

/// Replaces the last node of each pattern by the whole. The other nodes stay for whoever else reads them.
pub fn apply(graph: &mut GraphProto, opset: i64) {
    casts(graph);
    let found: Vec<Found> = {
        let spelled = Spelled::new(graph);
        (0..graph.node.len()).filter_map(|at| spelled.find(at, opset)).collect()
    };
    for Found { at, op, input, attributes } in found {
        let node = &mut graph.node[at];
        // A name such as /act/Mul tells of the operator.
        if let Some((place, last)) = node.name.rsplit_once('/')
            && last.starts_with(&node.op_type)
        {
            node.name = format!("{place}/{op}");
        }
        node.op_type = op.into();
        node.input = vec![input];
        node.attribute = attributes;
    }
}

/// A constant that is cast like a tensor is a constant, whatever the tensor.
fn casts(graph: &mut GraphProto) {
    let makers = graph.node.iter().filter(|node| node.op_type == "Constant").flat_map(|node| &node.output);
    let weights = graph.initializer.iter().map(|tensor| &tensor.name);
    let constants: std::collections::HashSet<String> = makers.chain(weights).cloned().collect();
    for node in graph.node.iter_mut().filter(|node| node.op_type == "CastLike" && node.input.len() == 2) {
        if constants.contains(&node.input[0]) && !constants.contains(&node.input[1]) {
            node.op_type = "Cast".into();
            node.input.truncate(1);
            node.attribute = vec![int("to", data_type::FLOAT.into())];
        }
    }
}

fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i, ..AttributeProto::default() }
}

fn number(name: &str, f: f32) -> AttributeProto {
    AttributeProto { name: name.into(), f, ..AttributeProto::default() }
}

/// The operator that is an activation, with its attributes.
fn operator(activation: Activation) -> (&'static str, Vec<AttributeProto>) {
    let bounds = |min, max| ("Clip", vec![number("min", min), number("max", max)]);
    match activation {
        Activation::Relu => ("Relu", vec![]),
        Activation::LeakyRelu { slope } => ("LeakyRelu", vec![number("alpha", slope as f32)]),
        Activation::Tanh => ("Tanh", vec![]),
        Activation::Sigmoid => ("Sigmoid", vec![]),
        Activation::Elu { alpha } => ("Elu", vec![number("alpha", alpha as f32)]),
        Activation::Selu => ("Selu", vec![]),
        Activation::Gelu => ("Gelu", vec![]),
        Activation::GeluTanh => {
            let approximate =
                AttributeProto { name: "approximate".into(), s: "tanh".into(), ..AttributeProto::default() };
            ("Gelu", vec![approximate])
        }
        Activation::Silu => ("Swish", vec![]),
        Activation::Softplus => ("Softplus", vec![]),
        Activation::Relu6 => bounds(0.0, 6.0),
        Activation::Hardswish => ("HardSwish", vec![]),
        Activation::Hardsigmoid => ("HardSigmoid", vec![number("alpha", 1.0 / 6.0), number("beta", 0.5)]),
        Activation::Mish => ("Mish", vec![]),
        Activation::Hardtanh { limit } => bounds(-limit as f32, limit as f32),
        Activation::ThresholdedRelu { threshold } => {
            ("ThresholdedRelu", vec![number("alpha", threshold as f32)])
        }
    }
}

struct Spelled<'a> {
    graph: &'a GraphProto,
    makers: HashMap<&'a str, &'a NodeProto>,
    weights: HashMap<&'a str, &'a TensorProto>,
}

/// Whether an operator computes each cell from the cells at the same place.
fn is_by_cell(op: &str) -> bool {
    matches!(
        op,
        "Identity"
            | "Cast"
            | "Add"
            | "Sum"
            | "Sub"
            | "Mul"
            | "Div"
            | "Neg"
            | "Abs"
            | "Sign"
            | "Exp"
            | "Log"
            | "Sqrt"
            | "Reciprocal"
            | "Pow"
            | "Erf"
            | "Tanh"
            | "Sigmoid"
            | "Relu"
            | "Softplus"
            | "Elu"
            | "LeakyRelu"
            | "HardSigmoid"
            | "Clip"
            | "Min"
            | "Max"
            | "Less"
            | "LessOrEqual"
            | "Greater"
            | "GreaterOrEqual"
            | "Equal"
            | "Not"
            | "And"
            | "Or"
            | "Where"
    )
}

impl<'a> Spelled<'a> {
    fn new(graph: &'a GraphProto) -> Self {
        let makers = graph.node.iter().filter_map(|node| Some((node.output.first()?.as_str(), node)));
        let weights = graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor));
        Self { graph, makers: makers.collect(), weights: weights.collect() }
    }

    fn maker(&self, name: &str, op: &str) -> Option<&'a NodeProto> {
        self.makers.get(name).copied().filter(|node| node.op_type == op)
    }

    /// A constant's tensor.
    fn tensor(&self, name: &str) -> Option<&'a TensorProto> {
        let of_node = |node: &'a NodeProto| node.attribute.iter().find_map(|attribute| attribute.t.as_ref());
        self.weights.get(name).copied().or_else(|| self.maker(name, "Constant").and_then(of_node))
    }

    /// The number that a constant of one cell holds.
    fn number(&self, name: &str) -> Option<f64> {
        /// Nodes between a constant and its use.
        const FAR: usize = 4;
        let mut name = name;
        for _ in 0..FAR {
            if let Some(tensor) = self.tensor(name) {
                // Weights are not decoded for this.
                if tensor.dims.iter().any(|&dim| dim != 1) || tensor.data_location != 0 {
                    return None;
                }
                let number = |numbers: Vec<f32>| numbers.first().map(|&number| f64::from(number));
                let whole = || ints_of(tensor, &tensor.raw_data).ok()?.first().map(|&n| n as f64);
                return floats_of(tensor, &tensor.raw_data).ok().map_or_else(whole, number);
            }
            let node = self.makers.get(name)?;
            match node.op_type.as_str() {
                "Constant" => {
                    let float = node.attribute.iter().find(|attribute| attribute.name == "value_float");
                    return float.map(|attribute| f64::from(attribute.f));
                }
                "Cast" | "Identity" => name = node.input.first()?,
                _ => return None,
            }
        }
        None
    }

    fn find(&self, at: usize, opset: i64) -> Option<Found> {
        let node = &self.graph.node[at];
        if let Some((op, input, axis)) = self.softmax(node).filter(|_| opset >= 13) {
            return Some(Found { at, op, input: input.to_owned(), attributes: vec![int("axis", axis)] });
        }
        if !is_by_cell(&node.op_type) || matches!(node.op_type.as_str(), "Identity" | "Cast") {
            return None;
        }
        let sources = self.sources(node);
        // The farthest first, which takes in the most nodes.
        sources.iter().rev().find_map(|&input| {
            let function = Function::new(self, node, input)?;
            let (op, attributes) = operator(function.activation()?);
            Some(Found { at, op, input: input.to_owned(), attributes })
        })
    }

    /// The tensors from which a node may be computed cell by cell, the nearest first.
    fn sources(&self, node: &'a NodeProto) -> Vec<&'a str> {
        let mut found: Vec<&str> = Vec::new();
        let mut open = vec![node];
        let mut next = 0;
        while let Some(node) = open.get(next).copied() {
            next += 1;
            for name in node.input.iter().map(String::as_str) {
                if name.is_empty() || found.contains(&name) || self.number(name).is_some() {
                    continue;
                }
                found.push(name);
                let maker = self.makers.get(name).copied().filter(|maker| is_by_cell(&maker.op_type));
                open.extend(maker.filter(|_| open.len() < MOST_NODES));
            }
        }
        found
    }

    /// A softmax in several nodes, or its logarithm: what it reads, and along which axis.
    fn softmax(&self, node: &'a NodeProto) -> Option<(&'static str, &'a str, i64)> {
        let [left, right] = node.input.as_slice() else { return None };
        match node.op_type.as_str() {
            // exp(x - max) / sum of them
            "Div" => {
                let exp = self.maker(left, "Exp")?;
                let axis = self.reduced(self.maker(right, "ReduceSum")?, left)?;
                let (x, of) = self.shifted(exp.input.first()?)?;
                (axis == of).then_some(("Softmax", x, axis))
            }
            // (x - max) - log(sum of exp(x - max))
            "Sub" => {
                let sum = self.maker(self.maker(right, "Log")?.input.first()?, "ReduceSum")?;
                let exp = self.maker(sum.input.first()?, "Exp")?;
                let axis = self.reduced(sum, sum.input.first()?)?;
                let (x, of) = self.shifted(left)?;
                (axis == of && exp.input.first() == Some(left)).then_some(("LogSoftmax", x, axis))
            }
            _ => None,
        }
    }

    /// The x of x - max(x), and the axis of the maximum.
    fn shifted(&self, name: &str) -> Option<(&'a str, i64)> {
        let [x, max] = self.maker(name, "Sub")?.input.as_slice() else { return None };
        Some((x, self.reduced(self.maker(max, "ReduceMax")?, x)?))
    }

    /// The one axis over which a node reduces this tensor and which it keeps.
    fn reduced(&self, node: &'a NodeProto, of: &str) -> Option<i64> {
        let keeps = super::attributes::int(node, "keepdims", 1) == 1;
        let axes = match (super::attributes::ints(node, "axes"), node.input.get(1)) {
            (Some(axes), _) => axes.to_vec(),
            (None, Some(name)) => {
                self.tensor(name).and_then(|tensor| ints_of(tensor, &tensor.raw_data).ok())?
            }
            (None, None) => return None,
        };
        let &[axis] = axes.as_slice() else { return None };
        (keeps && node.input.first().is_some_and(|name| name == of)).then_some(axis)
    }
}

/// Nodes as a function of one number: its values at some places.
struct Function {
    at: Vec<f64>,
    values: Vec<f64>,
}

impl Function {
    /// The first places, from which the number of an activation follows.
    const FIRST: [f64; 3] = [-1.0, 1.0, 60.0];

    /// The function that `last` is of `input`; `None` if it is of something else too, or of a single node.
    fn new<'a>(spelled: &Spelled<'a>, last: &'a NodeProto, input: &str) -> Option<Self> {
        let mut nodes = Vec::new();
        Self::order(spelled, last, input, &mut nodes, &mut Vec::new())?;
        if nodes.len() < 2 {
            return None;
        }
        let constants = nodes.iter().flat_map(|node| &node.input).filter_map(|name| spelled.number(name));
        let near = constants.flat_map(|x| [x, -x]).filter(|x| x.abs() <= 60.0);
        let near: Vec<f64> = near.flat_map(|x| [x - 1e-3, x, x + 1e-3]).collect();
        let grid = (-160..=160).map(|k| f64::from(k) / 16.0).chain((-12..=12).map(|k| f64::from(5 * k)));
        let at: Vec<f64> = Self::FIRST.into_iter().chain(grid).chain(near).collect();
        let mut made: HashMap<&str, Vec<f64>> = HashMap::from([(input, at.clone())]);
        for node in nodes {
            let mut inputs = Vec::with_capacity(node.input.len());
            for name in &node.input {
                inputs.push(match made.get(name.as_str()) {
                    Some(values) => Some(values.clone()),
                    None => spelled.number(name).map(|x| vec![x; at.len()]),
                });
            }
            let values = (0..at.len()).map(|n| {
                let x: Vec<Option<f64>> = inputs.iter().map(|values| values.as_ref().map(|x| x[n])).collect();
                by_cell(node, &x)
            });
            made.insert(node.output.first()?, values.collect::<Option<_>>()?);
        }
        let values = made.remove(last.output.first()?.as_str())?;
        Some(Self { at, values })
    }

    /// The nodes between `input` and `last`, each after those that it reads; `begun` has those whose inputs are looked at.
    fn order<'a>(
        spelled: &Spelled<'a>,
        last: &'a NodeProto,
        input: &str,
        nodes: &mut Vec<&'a NodeProto>,
        begun: &mut Vec<&'a NodeProto>,
    ) -> Option<()> {
        let has = |nodes: &[&NodeProto]| nodes.iter().any(|node| std::ptr::eq(*node, last));
        if has(nodes) {
            return Some(());
        }
        // In a damaged file nodes may wait for one another.
        if begun.len() >= MOST_NODES || has(begun) || !is_by_cell(&last.op_type) {
            return None;
        }
        begun.push(last);
        for name in last.input.iter().filter(|name| !name.is_empty() && *name != input) {
            if spelled.number(name).is_none() {
                Self::order(spelled, spelled.makers.get(name.as_str())?, input, nodes, begun)?;
            }
        }
        nodes.push(last);
        Some(())
    }

    /// The activation that has these values.
    fn activation(&self) -> Option<Activation> {
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-5 * (1.0 + b.abs());
        if self.at.iter().zip(&self.values).all(|(x, y)| close(*x, *y)) {
            return None;
        }
        let &[below, _, far, ..] = self.values.as_slice() else { return None };
        let fitted = |activation: Activation| match activation {
            Activation::LeakyRelu { .. } => activation.with_number(decimal(-below)),
            Activation::Elu { .. } => activation.with_number(decimal(below / (-1.0f64).exp_m1())),
            Activation::Hardtanh { .. } => activation.with_number(decimal(far)),
            Activation::Relu
            | Activation::Tanh
            | Activation::Sigmoid
            | Activation::Selu
            | Activation::Gelu
            | Activation::GeluTanh
            | Activation::Silu
            | Activation::Softplus
            | Activation::Relu6
            | Activation::Hardswish
            | Activation::Hardsigmoid
            | Activation::Mish
            // Where it jumps is not seen in some places.
            | Activation::ThresholdedRelu { .. } => activation,
        };
        Activation::ALL.into_iter().map(fitted).find(|activation| {
            let function = activation.forward_fn::<f64>();
            activation.number().is_none_or(|(_, number)| number.is_finite())
                && self.at.iter().zip(&self.values).all(|(x, y)| close(*y, function(*x)))
        })
    }
}

/// The number as the file most probably has it, in f32.
fn decimal(x: f64) -> f64 {
    super::attributes::decimal(x as f32)
}

/// What a node makes of the cells at one place; truth values are 0 and 1. `None` if an input is missing or the operator is
/// not known.
fn by_cell(node: &NodeProto, x: &[Option<f64>]) -> Option<f64> {
    let input = |place: usize| x.get(place).copied().flatten();
    let truth = |holds: bool| f64::from(u8::from(holds));
    let given = |name: &str, default: f64| super::attributes::float(node, name, default);
    let first = input(0)?;
    let all = || x.iter().copied().collect::<Option<Vec<f64>>>();
    Some(match node.op_type.as_str() {
        "Identity" => first,
        "Cast" => match super::attributes::int(node, "to", 0) as i32 {
            data_type::FLOAT | data_type::DOUBLE | data_type::FLOAT16 | data_type::BFLOAT16 => first,
            _ => return None,
        },
        "Add" | "Sum" => all()?.iter().sum(),
        "Sub" => first - input(1)?,
        "Mul" => first * input(1)?,
        "Div" => first / input(1)?,
        "Neg" => -first,
        "Abs" => first.abs(),
        "Sign" => {
            if first == 0.0 {
                0.0
            } else {
                first.signum()
            }
        }
        "Exp" => first.exp(),
        "Log" => first.ln(),
        "Sqrt" => first.sqrt(),
        "Reciprocal" => 1.0 / first,
        "Pow" => first.powf(input(1)?),
        "Erf" => 1.0 - Real::erfc(first),
        "Tanh" => first.tanh(),
        "Sigmoid" => 1.0 / (1.0 + (-first).exp()),
        "Relu" => first.max(0.0),
        "Softplus" => first.max(0.0) + (-first.abs()).exp().ln_1p(),
        "Elu" => {
            if first > 0.0 {
                first
            } else {
                given("alpha", 1.0) * first.exp_m1()
            }
        }
        "LeakyRelu" => {
            if first > 0.0 {
                first
            } else {
                given("alpha", 0.01) * first
            }
        }
        "HardSigmoid" => (given("alpha", 0.2) * first + given("beta", 0.5)).clamp(0.0, 1.0),
        "Clip" => {
            let bound = |name, place: usize, default| match node
                .input
                .get(place)
                .is_some_and(|name| !name.is_empty())
            {
                true => input(place),
                false => Some(super::attributes::optional_float(node, name).map_or(default, f64::from)),
            };
            let (min, max) = (bound("min", 1, f64::NEG_INFINITY)?, bound("max", 2, f64::INFINITY)?);
            first.max(min).min(max)
        }
        "Min" => all()?.into_iter().reduce(f64::min)?,
        "Max" => all()?.into_iter().reduce(f64::max)?,
        "Less" => truth(first < input(1)?),
        "LessOrEqual" => truth(first <= input(1)?),
        "Greater" => truth(first > input(1)?),
        "GreaterOrEqual" => truth(first >= input(1)?),
        "Equal" => truth(first == input(1)?),
        "Not" => truth(first == 0.0),
        "And" => truth(first != 0.0 && input(1)? != 0.0),
        "Or" => truth(first != 0.0 || input(1)? != 0.0),
        "Where" => {
            if first != 0.0 {
                input(1)?
            } else {
                input(2)?
            }
        }
        _ => return None,
    })
}
