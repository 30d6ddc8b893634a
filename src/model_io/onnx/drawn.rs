//! A graph that another reader draws in ONNX's operators, so that it is read as an ONNX file is.

use super::proto::{
    AttributeProto, DimensionProto, GraphProto, NodeProto, TensorProto, TensorShapeProto, TensorTypeProto,
    TypeProto, ValueInfoProto, data_type,
};
use crate::model_io::{ModelError, Preprocess};
use crate::nn::loss::Loss;

/// The version of the operators in which graphs are drawn.
pub const OPSET: i64 = 18;

/// The most nodes that are drawn.
const MOST: usize = 1 << 13;

/// The order of the axes of the pictures in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// Channels, rows, columns.
    ChannelsFirst,
    /// Rows, columns, channels.
    ChannelsLast,
}

/// A graph in the making.
#[derive(Default)]
pub struct Drawing {
    graph: GraphProto,
    /// What each node stands for in the file, as in `layer "conv" (Conv2D)`.
    places: Vec<String>,
}

/// A finished graph, and what the file tells beside it.
pub struct Drawn {
    /// The graph.
    pub drawing: Drawing,
    /// The file's size in bytes.
    pub len: usize,
    /// How the file has its pictures, if it says so.
    pub layout: Option<Layout>,
    /// Mean and deviation of the pixels in 0..=1: one number for each channel, or one for all.
    pub preprocess: Option<[Vec<f64>; 2]>,
    /// The loss that the file names.
    pub loss: Option<Loss>,
    /// What is said of the file, one line each.
    pub notes: Vec<String>,
    /// The weights of the file that the graph does not name.
    pub unused: Vec<String>,
}

impl Drawing {
    /// The graph's input; extents that the file leaves free are `None`.
    pub fn input(&mut self, name: &str, dims: &[Option<i64>]) {
        let dim = dims.iter().map(|&dim_value| DimensionProto { dim_value, dim_param: None }).collect();
        let shape = Some(TensorShapeProto { dim });
        let tensor_type = Some(TensorTypeProto { elem_type: data_type::FLOAT, shape });
        self.graph.input.push(ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type }) });
    }

    /// Names an output of the graph.
    pub fn output(&mut self, name: &str) {
        self.graph.output.push(ValueInfoProto { name: name.into(), r#type: None });
    }

    /// Adds a node, and returns the name of its output. `layer` is the name of the layer that it becomes, `place` what it
    /// stands for in the file.
    ///
    /// # Errors
    /// If there are too many.
    pub fn node(
        &mut self,
        op: &str,
        layer: &str,
        place: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> Result<String, ModelError> {
        if self.graph.node.len() == MOST {
            return Err(ModelError(format!(
                "{place}: expected a model of at most {MOST} operators, got more; use a smaller model"
            )));
        }
        let output = format!("->{}", self.graph.node.len());
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: vec![output.clone()],
            name: format!("{}/{op}", layer.replace('/', "_")),
            op_type: op.to_owned(),
            attribute: attributes,
            domain: String::new(),
        });
        self.places.push(place.to_owned());
        Ok(output)
    }

    /// Adds a constant of floating-point numbers, once.
    pub fn floats(&mut self, name: &str, dims: &[usize], values: &[f32]) -> String {
        if !self.has(name) {
            self.graph.initializer.push(TensorProto {
                dims: dims.iter().map(|&dim| dim as i64).collect(),
                data_type: data_type::FLOAT,
                name: name.to_owned(),
                raw_data: values.iter().flat_map(|x| x.to_le_bytes()).collect(),
                ..TensorProto::default()
            });
        }
        name.to_owned()
    }

    /// Adds a constant as its bytes, little-endian, of one of the types of [`data_type`].
    pub fn raw(&mut self, name: &str, dims: &[usize], data_type: i32, bytes: Vec<u8>) {
        self.graph.initializer.push(TensorProto {
            dims: dims.iter().map(|&dim| dim as i64).collect(),
            data_type,
            name: name.to_owned(),
            raw_data: bytes,
            ..TensorProto::default()
        });
    }

    /// Adds a list of whole numbers, and returns its name.
    pub fn whole(&mut self, values: &[i64]) -> String {
        let name = format!("->list{}", self.graph.initializer.len());
        self.graph.initializer.push(TensorProto {
            dims: vec![values.len() as i64],
            data_type: data_type::INT64,
            int64_data: values.to_vec(),
            name: name.clone(),
            ..TensorProto::default()
        });
        name
    }

    /// Adds one number, and returns its name.
    pub fn number(&mut self, value: f64) -> String {
        let name = format!("->number{}", self.graph.initializer.len());
        self.floats(&name, &[], &[value as f32])
    }

    /// Whether there is a constant of this name.
    pub fn has(&self, name: &str) -> bool {
        self.graph.initializer.iter().any(|tensor| tensor.name == name)
    }

    /// The graph, and what its nodes stand for.
    pub fn finish(self) -> (GraphProto, Vec<String>) {
        (self.graph, self.places)
    }
}

/// The preprocessing for a picture with this many channels.
///
/// # Errors
/// As for [`Preprocess::new`].
pub fn preprocess(given: Option<[Vec<f64>; 2]>, channels: usize) -> Result<Preprocess, ModelError> {
    let Some([mean, std]) = given else { return Ok(Preprocess::identity(channels)) };
    let each = |numbers: Vec<f64>| if numbers.len() == 1 { numbers.repeat(channels) } else { numbers };
    Preprocess::new(channels, each(mean), each(std))
}

/// A whole number as an attribute.
pub fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i, ..AttributeProto::default() }
}

/// A list of whole numbers as an attribute.
pub fn ints(name: &str, ints: impl IntoIterator<Item = i64>) -> AttributeProto {
    AttributeProto { name: name.into(), ints: ints.into_iter().collect(), ..AttributeProto::default() }
}

/// A number as an attribute.
pub fn float(name: &str, f: f64) -> AttributeProto {
    AttributeProto { name: name.into(), f: f as f32, ..AttributeProto::default() }
}

/// A text as an attribute.
pub fn text(name: &str, text: &str) -> AttributeProto {
    AttributeProto { name: name.into(), s: text.as_bytes().to_vec(), ..AttributeProto::default() }
}
