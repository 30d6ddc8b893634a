//! What is computed over the maps at each position: their mean and sum, and a layer normalisation, as ConvNeXt has it.

use super::{
    attributes::{float, input},
    constant::Array,
    graph::Graph,
    joins, norms,
    proto::NodeProto,
    scale,
    value::Value,
};
use crate::nn::{
    Part,
    spec::{ConvSpec, Kind, LrnSpec},
};

/// Whether a layer normalisation is of the maps at each position, as those of ConvNeXt are. One of the picture itself does
/// not tell which of the file's axes are channels.
///
/// # Errors
/// As for [`norms::axes`].
pub fn is_of_channels(graph: &Graph, node: &NodeProto, x: &Value) -> Result<bool, String> {
    let axes = norms::axes(graph, node, x)?;
    let over = x.axes.iter().zip(1i64..).filter(|(_, place)| axes.contains(place));
    let over: Vec<usize> = over.flat_map(|(axes, _)| axes.iter().copied()).collect();
    Ok(x.source.is_some() && !axes.contains(&0) && !x.is_column() && are_channels(x, &over))
}

/// Whether what is computed over these axes of a tensor is over its maps, as the layer before gives them.
pub fn are_channels(x: &Value, axes: &[usize]) -> bool {
    axes == [0] && !x.is_flat && x.layer_cells() == x.cells
}

/// A layer normalisation of the maps at each position, from layers that there are: the mean of the maps is taken away,
/// and a local response normalisation over all maps divides by the root of the mean square.
///
/// # Errors
/// If the scale or the shift is not one number for each map, or as for [`Graph::push`].
pub fn at_each_position(graph: &mut Graph, node: &NodeProto, x: &Value) -> Result<Value, String> {
    let channels = x.cells[0];
    let negative = mean_of_channels(graph, node, x, -1.0 / channels as f32)?;
    let centred = joins::sum(graph, node, &[x.clone(), negative])?;
    // Windows that reach all maps from each of them; alpha is divided by their size.
    let size = channels.saturating_mul(2).saturating_sub(1);
    let eps = float(node, "epsilon", 1e-5);
    let spec = LrnSpec { size, alpha: size as f64 / channels as f64, beta: 0.5, k: eps };
    let mut y = graph.push_same(node, Kind::LocalResponseNorm(spec), vec![], &centred)?;
    if let Some(layer) = y.source {
        let name = graph.layers[layer].0.name().to_owned();
        graph.note(format!(
            "{name} is part of a layer normalisation over the maps at each position: a convolution takes the mean, a sum \
             takes it away, {name} divides; training changes the weights of this convolution too"
        ));
    }
    for (place, is_scale) in [(1, true), (2, false)] {
        let Some(name) = input(node, place) else { continue };
        let array = graph.take(name)?;
        if array.values.len() != channels {
            return Err(format!(
                "expected {channels} numbers to scale and shift by, got {}; the file is damaged, export it again",
                array.values.len()
            ));
        }
        y = match is_scale {
            true => scale::scaled(graph, node, &y, &array.values)?,
            false => scale::shifted(graph, node, &y, &array.values)?,
        };
    }
    Ok(y)
}

/// The sum of the maps at each position, times a number: one map, by a 1x1 convolution. Its axes are the input's, that of
/// the channels with one cell.
///
/// # Errors
/// As for [`Graph::push`].
pub fn mean_of_channels(
    graph: &mut Graph,
    node: &NodeProto,
    x: &Value,
    factor: f32,
) -> Result<Value, String> {
    let channels = x.cells[0];
    let spec = ConvSpec { bias: false, ..ConvSpec::new(1, 1) };
    let weight = Array { dims: vec![1, channels, 1, 1], values: vec![factor; channels] };
    let source = graph.push(node, Kind::Conv2d(spec), vec![(Part::Weight, weight)], x)?;
    let [_, h, w] = x.cells;
    Ok(Value { is_sole: true, ..Value::new(Some(source), [1, h, w], false, x.axes.clone()) })
}
