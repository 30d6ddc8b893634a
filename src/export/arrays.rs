//! NumPy archives: all tensors of a run with their gradients, or a model's weights.

use super::{ExportError, code::makes_vector};
use crate::model_io::weights::{tensor_name, tensor_shape};
use crate::nn::{Layer, Network, Params, Part, Real, Source, Values, optimizer::TRAINED};
use crate::tensor::{Tensor, shape_of};
use ndarray::{ArrayD, IxDyn, arr0};
use ndarray_npy::{NpzWriter, WritableElement, WriteNpzError};
use std::io::Cursor;

/// An archive with `input`, each layer's output by its name, `<layer>.weight`, `<layer>.bias` and `loss`, and for
/// each of them the gradient of the loss as `grad.<name>`. Shapes are PyTorch's.
pub fn archive<T: Real + WritableElement>(
    network: &Network,
    params: &Params<T>,
    values: &Values<T>,
) -> Result<Vec<u8>, ExportError> {
    let write = || {
        let mut npz = NpzWriter::new_compressed(Cursor::new(Vec::new()));
        for (name, array) in named(network, params, values) {
            npz.add_array(name, &array)?;
        }
        npz.add_array("loss", &arr0(values.mean_loss()))?;
        npz.add_array("grad.loss", &arr0(T::one()))?;
        Ok(npz.finish()?.into_inner())
    };
    write().map_err(too_large)
}

/// An archive of a model's parameters and running statistics, with the names and shapes of its weight file.
pub fn weights(network: &Network, params: &Params) -> Result<Vec<u8>, ExportError> {
    let write = || {
        let mut npz = NpzWriter::new_compressed(Cursor::new(Vec::new()));
        for (layer, parts) in network.layers.iter().zip(&params.0) {
            for (part, shape) in layer.parameters() {
                let array =
                    parts.get(part).and_then(|tensor| reshaped(tensor, &tensor_shape(layer, part, shape)));
                if let Some(array) = array {
                    npz.add_array(tensor_name(layer, part), &array)?;
                }
            }
        }
        Ok(npz.finish()?.into_inner())
    };
    write().map_err(too_large)
}

fn too_large(error: WriteNpzError) -> ExportError {
    ExportError(format!("expected tensors that fit a NumPy archive, got: {error}; make the network smaller"))
}

/// What [`archive`] holds but for the loss: the tensors that there are, by their names.
pub fn named<T: Real>(network: &Network, params: &Params<T>, values: &Values<T>) -> Vec<(String, ArrayD<T>)> {
    let mut arrays = Vec::new();
    let mut add = |name: &str, tensor: Option<&Tensor<T>>, shape: &[usize]| {
        arrays.extend(tensor.and_then(|t| reshaped(t, shape)).map(|array| (name.to_owned(), array)));
    };
    let input = shape_of(&values.input).0;
    add("input", Some(&values.input), &input);
    add("grad.input", values.gradient(network, Source::Input), &input);
    let mut are_vectors: Vec<bool> = Vec::new();
    for (l, layer) in network.layers.iter().enumerate() {
        let inputs = layer.sources.iter().map(|source| source.layer().is_some_and(|l| are_vectors[l]));
        let is_vector = makes_vector(layer, &inputs.collect::<Vec<_>>());
        are_vectors.push(is_vector);
        let (name, out) = (layer.name(), values.layers[l].get(Part::Out));
        let shape = activation_shape(layer, values.input.dim().0, is_vector);
        add(name, out, &shape);
        add(&format!("grad.{name}"), values.gradient(network, Source::Layer(l)), &shape);
        for (part, shape) in layer.parameters() {
            let Some(trained) = TRAINED.iter().find(|trained| trained.param == part) else { continue };
            let (name, shape) = (format!("{name}.{}", part.suffix()), tensor_shape(layer, part, shape));
            add(&name, params.0[l].get(part), &shape);
            add(&format!("grad.{name}"), values.layers[l].get(trained.grad), &shape);
        }
    }
    arrays
}

fn activation_shape(layer: &Layer, images: usize, is_vector: bool) -> Vec<usize> {
    let [c, h, w] = layer.output;
    if is_vector { vec![images, c * h * w] } else { vec![images, c, h, w] }
}

fn reshaped<T: Real>(tensor: &Tensor<T>, shape: &[usize]) -> Option<ArrayD<T>> {
    ArrayD::from_shape_vec(IxDyn(shape), tensor.iter().copied().collect()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_io::Architecture;
    use crate::nn::{Mode, dropout::Stream, init::Init, loss::one_hot};
    use ndarray_npy::NpzReader;

    #[test]
    fn names_and_shapes_are_pytorchs() {
        let text = r#"
            input = [2, 6, 6]
            [[layers]]
            name = "conv1"
            kind = "conv2d"
            out_channels = 4
            kernel = 3
            [[layers]]
            name = "bn"
            kind = "batch_norm2d"
            [[layers]]
            name = "relu1"
            kind = "relu"
            [[layers]]
            name = "flat"
            kind = "flatten"
            [[layers]]
            name = "fc"
            kind = "dense"
            out_features = 3
            [[layers]]
            name = "relu2"
            kind = "relu"
        "#;
        let network = Architecture::parse(text).and_then(|a| a.build()).expect("valid");
        let params = network.init(Init::He, 1);
        let x = Tensor::from_shape_fn((1, 2, 6, 6), |(_, c, i, j)| (c * 36 + i * 6 + j) as f32 / 72.0);
        let values = network.run(&params, &x, &one_hot([3, 1, 1], &[1]), Mode::Eval, Stream::default());
        let bytes = archive(&network, &params, &values).expect("writes");
        let mut npz = NpzReader::new(Cursor::new(bytes)).expect("reads");
        let shapes: [(&str, &[usize]); 12] = [
            ("input", &[1, 2, 6, 6]),
            ("conv1", &[1, 4, 4, 4]),
            ("conv1.weight", &[4, 2, 3, 3]),
            ("conv1.bias", &[4]),
            ("bn", &[1, 4, 4, 4]),
            ("bn.weight", &[4]),
            ("bn.bias", &[4]),
            ("relu1", &[1, 4, 4, 4]),
            ("flat", &[1, 64]),
            ("fc.weight", &[3, 64]),
            ("relu2", &[1, 3]),
            ("loss", &[]),
        ];
        for (name, shape) in shapes {
            for name in [name.to_owned(), format!("grad.{name}")] {
                let array: ArrayD<f32> = npz.by_name(&format!("{name}.npy")).expect(&name);
                assert_eq!(array.shape(), shape, "{name}");
            }
        }
        assert_eq!(npz.len(), 2 * 14);
        let db: ArrayD<f32> = npz.by_name("grad.fc.bias.npy").expect("there");
        let dy: ArrayD<f32> = npz.by_name("grad.fc.npy").expect("there");
        assert_eq!(db.iter().collect::<Vec<_>>(), dy.iter().collect::<Vec<_>>());
    }
}
