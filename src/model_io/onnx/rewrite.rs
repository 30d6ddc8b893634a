//! What a file spells out in several nodes, as one node: the activations SiLU, HardSwish, hard sigmoid, Mish and GELU,
//! group normalisation by an instance normalisation of groups, layer normalisation by its means.

#![expect(clippy::arithmetic_side_effects, reason = "counts of axes and nodes, which are few")]

use super::{
    constant::ints_of,
    proto::{AttributeProto, GraphProto, NodeProto, TensorProto, data_type},
};
use std::collections::HashMap;

/// A node that takes the place of the one at this position.
struct Found {
    at: usize,
    op: &'static str,
    inputs: Vec<String>,
    attributes: Vec<AttributeProto>,
}

/// Replaces the last node of each pattern by the whole. The other nodes stay for whoever else reads them.
pub fn apply(graph: &mut GraphProto) {
    let found: Vec<Found> = {
        let spelled = Spelled::new(graph);
        (0..graph.node.len()).filter_map(|at| spelled.find(at)).collect()
    };
    for Found { at, op, inputs, attributes } in found {
        let node = &mut graph.node[at];
        // A name such as /act/Mul tells of the operator.
        if let Some((place, last)) = node.name.rsplit_once('/')
            && last.starts_with(&node.op_type)
        {
            node.name = format!("{place}/{op}");
        } else if op.ends_with("Normalization") {
            // node_Reshape_14 says nothing of it.
            node.name.clear();
        }
        node.op_type = op.into();
        node.input = inputs;
        node.attribute = attributes;
        if op == "HardSigmoid" {
            let alpha = AttributeProto { name: "alpha".into(), f: 1.0 / 6.0, ..AttributeProto::default() };
            node.attribute.push(alpha);
        }
    }
}

struct Spelled<'a> {
    graph: &'a GraphProto,
    makers: HashMap<&'a str, &'a NodeProto>,
    weights: HashMap<&'a str, &'a TensorProto>,
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

    /// A constant of the file.
    fn constant(&self, name: &str) -> Option<&'a TensorProto> {
        let of_node = |node: &'a NodeProto| node.attribute.iter().find_map(|attribute| attribute.t.as_ref());
        self.weights.get(name).copied().or_else(|| self.maker(name, "Constant").and_then(of_node))
    }

    /// The number that a constant of one cell holds.
    fn number(&self, name: &str) -> Option<f32> {
        let tensor = self.constant(name)?;
        if tensor.data_type != data_type::FLOAT || tensor.dims.iter().any(|&dim| dim != 1) {
            return None;
        }
        match (tensor.float_data.as_slice(), tensor.raw_data.as_slice()) {
            ([number], []) => Some(*number),
            ([], raw) => raw.try_into().ok().map(f32::from_le_bytes),
            _ => None,
        }
    }

    /// The other operand of a node with a number near `number` as one of two.
    fn with(&self, node: &'a NodeProto, number: f32) -> Option<&'a str> {
        let [a, b] = node.input.as_slice() else { return None };
        let is = |name: &str| self.number(name).is_some_and(|got| (got - number).abs() < 1e-5 * number.abs());
        match (is(a), is(b)) {
            (false, true) => Some(a),
            (true, false) if node.op_type != "Div" => Some(b),
            _ => None,
        }
    }

    fn find(&self, at: usize) -> Option<Found> {
        let node = &self.graph.node[at];
        let found =
            |op, input: &str| Some(Found { at, op, inputs: vec![input.to_owned()], attributes: Vec::new() });
        match node.op_type.as_str() {
            "Mul" => {
                if let Some((op, input)) = self.gated(node) {
                    return found(op, input);
                }
                found("Gelu", self.gelu(node)?)
            }
            "Reshape" => self.group_norm(at),
            "Div" => match self.hard(node) {
                Some((op, input)) => found(op, input),
                None => self.layer_norm(at),
            },
            _ => None,
        }
    }

    /// An instance normalisation of groups: Reshape to (batch, groups, rest), InstanceNormalization, Reshape back. The
    /// last shape stays, for it must be the first tensor's own.
    fn group_norm(&self, at: usize) -> Option<Found> {
        let back = &self.graph.node[at];
        let norm = self.maker(back.input.first()?, "InstanceNormalization")?;
        let split = self.maker(norm.input.first()?, "Reshape")?;
        let groups = match *self.list(split.input.get(1)?)?.as_slice() {
            [_, groups, _] if groups > 0 => groups,
            _ => return None,
        };
        let [_, scale, shift] = norm.input.as_slice() else { return None };
        // The shape that parts the groups is read as well, so that it is not among what is left over.
        let shapes = [back.input.get(1)?, split.input.get(1)?];
        let inputs = [split.input.first()?, scale, shift].into_iter().chain(shapes).cloned().collect();
        let count = AttributeProto { name: "num_groups".into(), i: groups, ..AttributeProto::default() };
        let attributes = norm.attribute.iter().cloned().chain([count]).collect();
        Some(Found { at, op: "GroupNormalization", inputs, attributes })
    }

    /// (x - mean) / sqrt(variance + eps), both means over the same axes, as exporters wrote it before there was an operator.
    fn layer_norm(&self, at: usize) -> Option<Found> {
        let div = &self.graph.node[at];
        let [centred, deviation] = div.input.as_slice() else { return None };
        let sub = self.maker(centred, "Sub")?;
        let [x, mean] = sub.input.as_slice() else { return None };
        let mean = self.maker(mean, "ReduceMean")?;
        let sum = self.maker(self.maker(deviation, "Sqrt")?.input.first()?, "Add")?;
        let (variance, eps) = match sum.input.as_slice() {
            [a, b] => self.number(b).map(|eps| (a, eps)).or_else(|| Some((b, self.number(a)?)))?,
            _ => return None,
        };
        let variance = self.maker(variance, "ReduceMean")?;
        let square = variance.input.first()?;
        let is_square = match self.maker(square, "Pow") {
            Some(pow) => self.with(pow, 2.0) == Some(centred),
            None => self.maker(square, "Mul")?.input.iter().all(|factor| factor == centred),
        };
        let axes = self.axes(mean)?;
        if !is_square || mean.input.first() != Some(x) || self.axes(variance)? != axes {
            return None;
        }
        let attributes = vec![
            AttributeProto { name: "axes".into(), ints: axes, ..AttributeProto::default() },
            AttributeProto { name: "epsilon".into(), f: eps, ..AttributeProto::default() },
        ];
        Some(Found { at, op: "LayerNormalization", inputs: vec![x.clone()], attributes })
    }

    /// The axes of a mean that keeps them.
    fn axes(&self, node: &NodeProto) -> Option<Vec<i64>> {
        let attribute = |name: &str| node.attribute.iter().find(|attribute| attribute.name == name);
        if attribute("keepdims").is_some_and(|keepdims| keepdims.i == 0) {
            return None;
        }
        match attribute("axes") {
            Some(axes) => Some(axes.ints.clone()),
            None => self.list(node.input.get(1)?),
        }
    }

    /// The whole numbers of a list in the file.
    fn list(&self, name: &str) -> Option<Vec<i64>> {
        let tensor = self.constant(name)?;
        let numbers = ints_of(tensor, &tensor.raw_data).ok()?;
        (numbers.len() <= 8).then_some(numbers)
    }

    /// A tensor multiplied by a function of itself.
    fn gated(&self, node: &'a NodeProto) -> Option<(&'static str, &'a str)> {
        let [a, b] = node.input.as_slice() else { return None };
        [(a, b), (b, a)].into_iter().find_map(|(x, gate)| {
            let reads = |node: &NodeProto| node.input.first() == Some(x);
            let alpha = |node: &NodeProto| {
                node.attribute.iter().find(|attribute| attribute.name == "alpha").map_or(0.2, |alpha| alpha.f)
            };
            if self.maker(gate, "Sigmoid").is_some_and(reads) {
                return Some(("Swish", x.as_str()));
            }
            let is_hard = |node: &NodeProto| reads(node) && (alpha(node) - 1.0 / 6.0).abs() < 1e-6;
            if self.maker(gate, "HardSigmoid").is_some_and(is_hard) {
                return Some(("HardSwish", x.as_str()));
            }
            let soft = self.maker(gate, "Tanh").and_then(|tanh| self.maker(tanh.input.first()?, "Softplus"));
            soft.is_some_and(reads).then_some(("Mish", x.as_str()))
        })
    }

    /// clip(x + 3, 0, 6) / 6, or x times that.
    fn hard(&self, node: &'a NodeProto) -> Option<(&'static str, &'a str)> {
        let sixth = self.with(node, 6.0)?;
        if let Some(x) = self.clipped(sixth) {
            return Some(("HardSigmoid", x));
        }
        let [a, b] = self.maker(sixth, "Mul")?.input.as_slice() else { return None };
        let fits = |x: &'a str, gate: &'a str| self.clipped(gate).filter(|of| x == *of);
        fits(a, b).or_else(|| fits(b, a)).map(|x| ("HardSwish", x))
    }

    /// x of clip(x + 3, 0, 6), in one node or in two.
    fn clipped(&self, name: &'a str) -> Option<&'a str> {
        let (mut bounds, mut at) = ([None, None], name);
        while let Some(node) = self.maker(at, "Clip").filter(|_| bounds.contains(&None)) {
            for (place, key) in [(0, "min"), (1, "max")] {
                let own = node
                    .attribute
                    .iter()
                    .find(|attribute| attribute.name == key)
                    .map(|attribute| attribute.f);
                let own = own.or_else(|| self.number(node.input.get(place + 1)?));
                if own.is_some() {
                    bounds[place] = own;
                }
            }
            at = node.input.first()?;
        }
        (bounds == [Some(0.0), Some(6.0)]).then(|| self.with(self.maker(at, "Add")?, 3.0))?
    }

    /// x / 2 * (1 + erf(x / sqrt(2))), in the orders in which exporters write it.
    fn gelu(&self, node: &'a NodeProto) -> Option<&'a str> {
        let input = |node: &'a NodeProto| node.input.first().map(String::as_str);
        // (1 + erf(x / sqrt(2))), and its x.
        let gate = |name: &str| {
            let erf = self.with(self.maker(name, "Add")?, 1.0)?;
            let scaled = input(self.maker(erf, "Erf")?)?;
            match self.maker(scaled, "Div") {
                Some(div) => self.with(div, std::f32::consts::SQRT_2),
                None => self.with(self.maker(scaled, "Mul")?, std::f32::consts::FRAC_1_SQRT_2),
            }
        };
        let half = |name: &str| self.with(self.maker(name, "Mul")?, 0.5);
        // A product of two, in either order.
        let product = |node: &'a NodeProto, first: &dyn Fn(&'a str) -> Option<&'a str>| {
            let [a, b] = node.input.as_slice() else { return None };
            let fits = |x: &'a str, g: &'a str| gate(g).filter(|of| first(x) == Some(*of));
            fits(a, b).or_else(|| fits(b, a))
        };
        if let Some(inner) = self.with(node, 0.5) {
            return product(self.maker(inner, "Mul")?, &|x| Some(x));
        }
        product(node, &half).or_else(|| {
            let [a, b] = node.input.as_slice() else { return None };
            // x * (0.5 * (1 + erf))
            let fits = |x: &'a str, g: &'a str| gate(half(g)?).filter(|of| x == *of);
            fits(a, b).or_else(|| fits(b, a))
        })
    }
}
