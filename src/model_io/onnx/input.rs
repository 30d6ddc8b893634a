//! What a node reads: its first input, and in which form an operator takes it.

use super::{attributes::needed, graph::Graph, proto::NodeProto, value::Value};

/// The node's first input.
///
/// # Errors
/// If it does not depend on the picture.
pub fn first(graph: &Graph, node: &NodeProto) -> Result<Value, String> {
    graph.value(needed(node, 0, "an input")?).cloned()
}

/// A vector in the form in which a layer makes it, so that its features are channels.
///
/// # Errors
/// As for [`Graph::flatten`].
pub fn column(graph: &mut Graph, x: Value) -> Result<Value, String> {
    match x.is_vector() && !x.is_flat && !x.is_column() {
        true => graph.flatten(&NodeProto::default(), &x),
        false => Ok(x),
    }
}

/// Checks that the file's tensor has channels, rows and columns in this order.
///
/// # Errors
/// If it has not.
pub fn maps(value: &Value) -> Result<(), String> {
    if value.is_maps() || value.is_line() {
        return Ok(());
    }
    match value.is_vector() {
        true => Err(
            "expected an input with rows and columns, got a flattened one; move the layer before the Flatten"
                .into(),
        ),
        false => Err(format!(
            "expected an input (batch, channels, rows, columns), got {}; export the model with channels first",
            value.words()
        )),
    }
}
