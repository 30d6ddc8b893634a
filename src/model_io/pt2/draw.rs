//! An operator that is drawn, and the drawing.

use super::{arguments::Node, values::Values};
use crate::model_io::{
    ModelError,
    onnx::{drawn::Drawing, proto::AttributeProto},
};

/// What operators are drawn on.
pub struct Draw<'d, 'a> {
    /// The graph so far.
    pub drawing: &'d mut Drawing,
    /// The tensors so far.
    pub values: &'d mut Values<'a>,
    /// The operator.
    pub node: &'d Node<'a>,
}

/// What an operator becomes: the tensor in the drawing.
pub type Drawn = Result<String, ModelError>;

impl Draw<'_, '_> {
    /// The tensor in the drawing.
    pub fn value(&self, name: &str) -> Drawn {
        self.values.get(name).map_err(|what| self.node.error(&what))
    }

    /// A node on the first argument.
    pub fn push(&mut self, op: &str, more: &[&str], attributes: Vec<AttributeProto>) -> Drawn {
        let first = self.value(self.node.first()?)?;
        let inputs = [&[first.as_str()], more].concat();
        self.push_on(op, &inputs, attributes)
    }

    /// A node on tensors of the drawing.
    pub fn push_on(&mut self, op: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> Drawn {
        self.drawing.node(op, &self.node.layer(), &self.node.place(), inputs, attributes)
    }

    /// How many axes the first argument has, and their extents.
    pub fn sizes(&self) -> Result<Vec<Option<i64>>, ModelError> {
        Ok(self.values.sizes(self.node.first()?))
    }
}
