//! A node of a program, and its arguments by name.

use crate::model_io::{ModelError, architecture::short};
use serde_json::Value as Json;

/// An operator with its arguments.
pub struct Node<'a> {
    /// As in `aten.conv2d.default`.
    pub target: &'a str,
    /// The operator alone, as in `conv2d`.
    pub op: &'a str,
    /// Whether it changes its first argument.
    pub is_in_place: bool,
    /// The tensor that it makes, the first of several.
    pub output: &'a str,
    /// All tensors of a list that it makes.
    pub outputs: Vec<&'a str>,
    inputs: &'a [Json],
    stack: &'a str,
}

impl<'a> Node<'a> {
    /// A node that makes a tensor; `None` for checks and for sizes.
    pub fn new(json: &'a Json) -> Option<Self> {
        let output = json
            .pointer("/outputs/0/as_tensor/name")
            .or_else(|| json.pointer("/outputs/0/as_tensors/0/name"));
        let full = json.get("target")?.as_str()?;
        let target = full.strip_prefix("torch.ops.").unwrap_or(full);
        let op = target.strip_prefix("aten.").unwrap_or(target).split('.').next()?;
        Some(Self {
            target,
            op: op.strip_suffix('_').unwrap_or(op),
            is_in_place: op.ends_with('_'),
            output: output?.as_str()?,
            outputs: outputs(json),
            inputs: json.get("inputs")?.as_array()?,
            stack: json.pointer("/metadata/nn_module_stack").and_then(Json::as_str).unwrap_or_default(),
        })
    }

    /// What a message calls it.
    pub fn place(&self) -> String {
        format!("operator {} ({})", short(&format!("{:?}", self.output)), short(self.target))
    }

    /// An error that names it.
    pub fn error(&self, what: &str) -> ModelError {
        ModelError(format!("{}: {what}", self.place()))
    }

    /// The name of the layer that it becomes: that of the module of PyTorch in which it is, else its own. The border that a
    /// convolution adds before it has not the convolution's name, which its weights have.
    pub fn layer(&self) -> String {
        let mut module = self.stack.rsplit(';').next().unwrap_or_default().splitn(3, ',').skip(1);
        let (path, class) = (module.next().unwrap_or_default(), module.next().unwrap_or_default());
        let is_layer = class.starts_with("torch.nn.modules.") && !class.contains(".container.");
        let is_border = self.op.contains("pad") && class.starts_with("torch.nn.modules.conv.");
        match (is_layer && !path.is_empty(), is_border) {
            (true, true) => format!("{path}_pad"),
            (true, false) => path.to_owned(),
            (false, _) => self.output.to_owned(),
        }
    }

    /// An argument that is there and not None.
    pub fn get(&self, name: &str) -> Option<&'a Json> {
        let own = |input: &&Json| input.get("name").and_then(Json::as_str) == Some(name);
        self.inputs.iter().find(own)?.get("arg").filter(|arg| arg.get("as_none").is_none())
    }

    /// The first argument that is a tensor.
    ///
    /// # Errors
    /// If there is none.
    pub fn first(&self) -> Result<&'a str, ModelError> {
        let first = self.inputs.first().and_then(|input| input.pointer("/arg/as_tensor/name")?.as_str());
        first.ok_or_else(|| self.error("expected a tensor, got something else; export the model again"))
    }

    /// A tensor.
    pub fn tensor(&self, name: &str) -> Option<&'a str> {
        self.get(name)?.pointer("/as_tensor/name")?.as_str()
    }

    /// Several tensors.
    pub fn tensors(&self, name: &str) -> Vec<&'a str> {
        let list = self.get(name).and_then(|arg| arg.get("as_tensors")?.as_array());
        list.into_iter().flatten().filter_map(|tensor| tensor.get("name")?.as_str()).collect()
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.get(name)?.get("as_int")?.as_i64()
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<f64> {
        let arg = self.get(name)?;
        let number = arg.get("as_float").or_else(|| arg.get("as_int"))?;
        number.as_f64().or_else(|| match number.as_str()? {
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        })
    }

    /// A truth value.
    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.get(name).and_then(|arg| arg.get("as_bool")?.as_bool()).unwrap_or(default)
    }

    /// A text.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name)?.get("as_string")?.as_str()
    }

    /// Whole numbers; sizes that are free are `None`.
    pub fn ints(&self, name: &str) -> Option<Vec<Option<i64>>> {
        let arg = self.get(name)?;
        if let Some(int) = arg.get("as_int") {
            return Some(vec![int.as_i64()]);
        }
        let list = arg.get("as_ints").or_else(|| arg.get("as_sym_ints"))?.as_array()?;
        Some(list.iter().map(|item| item.as_i64().or_else(|| item.get("as_int")?.as_i64())).collect())
    }

    /// Whole numbers that are all known.
    pub fn known(&self, name: &str) -> Option<Vec<i64>> {
        self.ints(name)?.into_iter().collect()
    }

    /// Numbers.
    pub fn floats(&self, name: &str) -> Option<Vec<f64>> {
        self.get(name)?.get("as_floats")?.as_array()?.iter().map(Json::as_f64).collect()
    }
}

/// The names in the list that a node makes; none if it makes no list.
fn outputs(json: &Json) -> Vec<&str> {
    let list = json.pointer("/outputs/0/as_tensors").and_then(Json::as_array);
    list.into_iter().flatten().filter_map(|tensor| tensor.get("name")?.as_str()).collect()
}
