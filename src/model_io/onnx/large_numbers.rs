//! Numbers near the largest that there are, in the place of each whole number of a graph: the graph is opened or refused in
//! one line. Where a sum or product overflows, it panics here.

use super::{proto::*, *};

/// Graphs with convolutions, pools, paddings, resizes, parts, channel shuffles, normalisations and computed shapes.
const FILES: [(&str, &[u8]); 13] = [
    ("bordered", include_bytes!("../../../tests/fixtures/onnx/bordered.onnx")),
    ("ceil_mode", include_bytes!("../../../tests/fixtures/onnx/ceil_mode.onnx")),
    ("channel_shuffle", include_bytes!("../../../tests/fixtures/onnx/channel_shuffle.onnx")),
    ("channels_last", include_bytes!("../../../tests/fixtures/onnx/channels_last.onnx")),
    ("computed_weights", include_bytes!("../../../tests/fixtures/onnx/computed_weights.onnx")),
    ("decoder_script", include_bytes!("../../../tests/fixtures/onnx/decoder_script.onnx")),
    ("line_script", include_bytes!("../../../tests/fixtures/onnx/line_script.onnx")),
    ("norms_script_16", include_bytes!("../../../tests/fixtures/onnx/norms_script_16.onnx")),
    ("repeated", include_bytes!("../../../tests/fixtures/onnx/repeated.onnx")),
    ("resized", include_bytes!("../../../tests/fixtures/onnx/resized.onnx")),
    ("uneven_padding", include_bytes!("../../../tests/fixtures/onnx/uneven_padding.onnx")),
    ("view_of_the_picture", include_bytes!("../../../tests/fixtures/onnx/view_of_the_picture.onnx")),
    ("free_size", include_bytes!("../../../tests/fixtures/onnx/free_size.onnx")),
];

const LARGE: [i64; 11] = [
    i64::MAX,
    i64::MIN,
    i64::MIN + 7,
    u32::MAX as i64,
    i32::MAX as i64,
    i32::MIN as i64,
    1 << 24,
    1 << 40,
    1 << 62,
    -1,
    0,
];

/// The whole numbers of a tensor.
fn of_tensor(tensor: &mut TensorProto) -> impl Iterator<Item = &mut i64> {
    if tensor.data_type == data_type::INT64 && !tensor.raw_data.is_empty() {
        tensor.int64_data =
            tensor.raw_data.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect();
        tensor.raw_data.clear();
    }
    tensor.dims.iter_mut().chain(&mut tensor.int64_data)
}

/// The whole numbers of a graph.
fn numbers(file: &mut ModelProto) -> Vec<&mut i64> {
    let graph = file.graph.as_mut().expect("a graph");
    let mut all: Vec<&mut i64> = graph.initializer.iter_mut().flat_map(of_tensor).collect();
    for attribute in graph.node.iter_mut().flat_map(|node| &mut node.attribute) {
        all.push(&mut attribute.i);
        all.extend(&mut attribute.ints);
        all.extend(attribute.t.iter_mut().flat_map(of_tensor));
    }
    for input in &mut graph.input {
        let tensor = input.r#type.as_mut().and_then(|own| own.tensor_type.as_mut());
        let dims =
            tensor.and_then(|tensor| tensor.shape.as_mut()).into_iter().flat_map(|shape| &mut shape.dim);
        all.extend(dims.filter_map(|dim| dim.dim_value.as_mut()));
    }
    all
}

#[test]
fn large_numbers_are_read_or_refused() {
    let mut refused = 0;
    for (name, bytes) in FILES {
        let file = ModelProto::decode(bytes).expect(name);
        let count = numbers(&mut file.clone()).len();
        for place in 0..count {
            for value in LARGE {
                let mut changed = file.clone();
                *numbers(&mut changed)[place] = value;
                let Err(error) = read("net", &changed.encode_to_vec(), &Near::NOTHING) else { continue };
                refused += 1;
                let line = error.0;
                assert!(
                    !line.is_empty() && !line.contains(char::is_control) && line.len() < 2000,
                    "{name}, number {place}, {value}: {line}"
                );
            }
        }
    }
    assert!(refused > 1000, "{refused}");
}

/// A list of whole numbers.
fn list(name: &str, numbers: &[i64]) -> TensorProto {
    TensorProto {
        dims: vec![numbers.len() as i64],
        data_type: data_type::INT64,
        name: name.into(),
        int64_data: numbers.into(),
        ..TensorProto::default()
    }
}

/// Why a graph is refused whose first node computes with constants and whose second one reads what it makes.
fn refusal(first: [&str; 5], second: &str, initializer: Vec<TensorProto>) -> String {
    let node = |op: &str, inputs: &[&str], output: &str| NodeProto {
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.into()],
        op_type: op.into(),
        ..NodeProto::default()
    };
    let dim = |n: i64| DimensionProto { dim_value: Some(n), dim_param: None };
    let shape = Some(TensorShapeProto { dim: [1, 2, 6, 6].map(dim).into() });
    let tensor_type = Some(TensorTypeProto { elem_type: data_type::FLOAT, shape });
    let value = |name: &str, tensor_type| ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto { tensor_type }),
    };
    let graph = GraphProto {
        node: vec![node(first[0], &first[1..], "made"), node(second, &["x", "made"], "y")],
        initializer,
        input: vec![value("x", tensor_type)],
        output: vec![value("y", None)],
    };
    let opset = OperatorSetIdProto { domain: String::new(), version: 13 };
    let file = ModelProto { graph: Some(graph), opset_import: vec![opset] };
    read("net", &file.encode_to_vec(), &Near::NOTHING).expect_err(first[0]).0
}

/// Extents beside one that is 0 count nothing, and are as large as they like.
#[test]
fn an_empty_constant_of_large_extents_is_refused() {
    for op in ["Flatten", "Gather", "Concat", "Split", "Transpose", "ReduceSum", "Slice"] {
        let empty = TensorProto {
            dims: vec![0, 1 << 40, 1 << 40],
            data_type: data_type::FLOAT,
            name: "empty".into(),
            ..TensorProto::default()
        };
        let error = refusal([op, "empty", "zero", "zero", "zero"], "Add", vec![empty, list("zero", &[0])]);
        assert!(
            error.contains("expected as many numbers in \"empty\" as its shape") && !error.contains('\n'),
            "{error}"
        );
    }
}

/// A Slice that names an axis twice would begin behind the end.
#[test]
fn a_slice_of_one_axis_twice_is_refused() {
    let ten = list("ten", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let lists = vec![ten, list("five", &[5, 5]), list("end", &[10, 10]), list("axes", &[0, 0])];
    let error = refusal(["Slice", "ten", "five", "end", "axes"], "Reshape", lists);
    assert!(error.contains("expected each axis once, got axis 0 again"), "{error}");
}

/// A sum over an axis that is named twice is the sum over it.
#[test]
fn a_sum_over_one_axis_twice_is_one_sum() {
    let lists = vec![list("ten", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), list("axes", &[0, 0])];
    let error = refusal(["ReduceSum", "ten", "axes", "", ""], "Reshape", lists);
    assert!(error.contains("got [55]"), "{error}");
}
