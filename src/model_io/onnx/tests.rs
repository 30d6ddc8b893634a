//! Graphs that cannot be represented are refused in one line that names the node and says what to do.

use super::{proto::*, *};
use crate::data::Beside;
use crate::nn::{Activation, Part, spec::Kind};

fn tensor(name: &str, dims: &[i64]) -> TensorProto {
    let count = dims.iter().product::<i64>() as usize;
    let float_data = (0..count).map(|x| x as f32 / 8.0 - 1.0).collect();
    TensorProto {
        dims: dims.into(),
        data_type: data_type::FLOAT,
        name: name.into(),
        float_data,
        ..Default::default()
    }
}

fn shape_tensor(name: &str, numbers: &[i64]) -> TensorProto {
    let (dims, int64_data) = (vec![numbers.len() as i64], numbers.into());
    TensorProto { dims, data_type: data_type::INT64, name: name.into(), int64_data, ..Default::default() }
}

fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto { name: name.into(), ints: ints.into(), ..Default::default() }
}

fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i, ..Default::default() }
}

fn number(name: &str, f: f32) -> AttributeProto {
    AttributeProto { name: name.into(), f, ..Default::default() }
}

fn text(name: &str, s: &str) -> AttributeProto {
    AttributeProto { name: name.into(), s: s.into(), ..Default::default() }
}

fn node(op: &str, input: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
    let input = input.iter().map(|&name| name.to_owned()).collect();
    NodeProto {
        input,
        output: vec![output.into()],
        name: format!("the {op}"),
        op_type: op.into(),
        attribute,
        ..Default::default()
    }
}

fn value(name: &str, dims: &[i64]) -> ValueInfoProto {
    let dim = |&n: &i64| match n {
        -1 => DimensionProto { dim_value: None, dim_param: Some("free".into()) },
        n => DimensionProto { dim_value: Some(n), dim_param: None },
    };
    let shape = Some(TensorShapeProto { dim: dims.iter().map(dim).collect() });
    let tensor_type = Some(TensorTypeProto { elem_type: data_type::FLOAT, shape });
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type }) }
}

/// A graph 2 x 6 x 6 with `nodes` from "x" to "y" and some weights that they may use.
fn file(nodes: Vec<NodeProto>) -> ModelProto {
    let initializer = vec![
        tensor("w", &[3, 2, 3, 3]),
        tensor("w3", &[3, 2, 3]),
        tensor("b", &[3]),
        tensor("dense", &[72, 4]),
        tensor("four", &[4]),
        tensor("one", &[1]),
        tensor("column", &[2, 4]),
        shape_tensor("flat", &[-1, 72]),
        shape_tensor("wide", &[-1, 36]),
    ];
    let graph = GraphProto {
        node: nodes,
        initializer,
        input: vec![value("x", &[-1, 2, 6, 6])],
        output: vec![value("y", &[])],
    };
    let opset = OperatorSetIdProto { domain: String::new(), version: 13 };
    ModelProto { graph: Some(graph), opset_import: vec![opset] }
}

fn load(file: &ModelProto) -> Result<Model, ModelError> {
    read("net", &file.encode_to_vec(), &Near::NOTHING)
}

/// The error of a graph.
fn error(nodes: Vec<NodeProto>) -> String {
    load(&file(nodes)).expect_err("cannot be represented").0
}

#[test]
fn what_no_layer_does_is_refused_with_its_node_and_a_remedy() {
    let conv = |attributes| vec![node("Conv", &["x", "w", "b"], "y", attributes)];
    let pool = |attributes: Vec<AttributeProto>| {
        let kernel = vec![ints("kernel_shape", &[3, 3]), ints("strides", &[2, 2])];
        vec![node("MaxPool", &["x"], "y", [kernel, attributes].concat())]
    };
    let flat = |op: &str, input: &[&str], attributes| {
        vec![node("Flatten", &["x"], "f", vec![]), node(op, input, "y", attributes)]
    };
    let of_conv = |nodes: Vec<NodeProto>| -> Vec<NodeProto> {
        nodes.into_iter().map(|node| NodeProto { input: vec!["c".into()], ..node }).collect()
    };
    let resize = |scales: &[f32], attributes: Vec<AttributeProto>| {
        let scales = AttributeProto { name: "scales".into(), floats: scales.into(), ..Default::default() };
        vec![node("Resize", &["x"], "y", [vec![scales], attributes].concat())]
    };
    for (nodes, expected) in [
        (vec![node("Softsign", &["x"], "y", vec![])], "expected a supported operator, got another one"),
        (
            vec![node("DepthToSpace", &["x"], "y", vec![int("blocksize", 2)])],
            "expected channels in groups of 4, a block of 2 x 2, got 2",
        ),
        (
            vec![
                node("Transpose", &["x"], "t", vec![ints("perm", &[0, 1, 3, 2])]),
                node("Add", &["x", "t"], "y", vec![]),
            ],
            "expected tensors whose axes go together, got (batch, channels, rows, columns) of [2, 6, 6] and (batch, channels, \
             columns, rows) of [2, 6, 6]",
        ),
        (
            vec![node("Relu", &["x"], "r", vec![]), node("Div", &["x", "r"], "y", vec![])],
            "expected a sum, a difference, a product, a mean, a maximum or a minimum of tensors, got \"Div\"",
        ),
        (
            vec![node("Relu", &["x"], "r", vec![]), node("Concat", &["x", "r"], "y", vec![int("axis", 2)])],
            "expected tensors joined along their channels, got axis 2 of (batch, channels, rows, columns)",
        ),
        (
            vec![node("Flatten", &["x"], "f", vec![]), node("Add", &["x", "f"], "y", vec![])],
            "expected tensors whose axes go together",
        ),
        (conv(vec![ints("pads", &[-1, 0, -1, 0])]), "expected a padding from 0 to"),
        (
            conv(vec![ints("strides", &[1])]),
            "expected two numbers of at least 0 in strides, got [1]; use one- or two-dimensional layers",
        ),
        (conv(vec![ints("strides", &[0, 0])]), "expected a stride of at least 1"),
        (conv(vec![int("group", -1)]), "expected a group of at least 1"),
        (
            conv(vec![ints("kernel_shape", &[5, 5])]),
            "expected weights of shape [3, 2, 5, 5], got [3, 2, 3, 3]",
        ),
        (
            vec![node("Conv", &["x", "w3"], "y", vec![])],
            "expected a weight with 4 axes (out, in, rows, columns), got 3",
        ),
        (
            vec![node("Conv", &["x", "none"], "y", vec![])],
            "expected a constant, got \"none\", which is computed",
        ),
        (vec![node("Conv", &["x"], "y", vec![])], "expected a weight as input 1, got none"),
        (
            vec![node(
                "AveragePool",
                &["x"],
                "y",
                vec![ints("kernel_shape", &[2, 2]), ints("dilations", &[2, 2])],
            )],
            "expected dilations of 1 in an average pool",
        ),
        (pool(vec![ints("pads", &[2, 2, 2, 2])]), "at most half the kernel"),
        (
            vec![node("Clip", &["x"], "y", vec![number("min", 5.0), number("max", 0.0)])],
            "expected a lower bound below the upper one, got 5 and 0; the output would be the same whatever the picture",
        ),
        (
            vec![node("PRelu", &["x", "b"], "y", vec![])],
            "expected one slope, or one for each channel, got slopes of shape [3] for (batch, channels, rows, columns)",
        ),
        (
            vec![node("Swish", &["x"], "y", vec![number("alpha", 0.0)])],
            "expected a number other than 0, got alpha = 0",
        ),
        (
            vec![node("Gelu", &["x"], "y", vec![text("approximate", "erf")])],
            "expected approximate none or tanh, got \"erf\"",
        ),
        (
            vec![node("Flatten", &["x"], "y", vec![int("axis", 2)])],
            "expected a Flatten of each example (axis 1), got axis 2",
        ),
        (
            vec![node("Reshape", &["x", "wide"], "y", vec![])],
            "expected a Reshape that flattens, to (batch, 72), or that groups whole axes of (batch, channels, rows, \
             columns), got [-1, 36]",
        ),
        (
            vec![node("MatMul", &["x", "dense"], "y", vec![])],
            "expected a flattened input, got (batch, channels, rows, columns) of [2, 6, 6]; put a Flatten before it",
        ),
        (flat("Conv", &["f", "w"], vec![]), "expected an input with rows and columns, got a flattened one"),
        (
            flat("Gemm", &["f", "dense"], vec![int("transB", 1)]),
            "expected a weight for 72 inputs, got 4 inputs",
        ),
        (
            flat("Gemm", &["f", "dense", "column"], vec![]),
            "expected a bias of one row of 4 numbers, got [2, 4], a different one for each picture",
        ),
        (
            flat("Add", &["f", "four"], vec![]),
            "expected one number for each channel or feature, got a constant of shape [4]",
        ),
        (
            vec![node("Cast", &["x"], "y", vec![int("to", 7)])],
            "expected a cast to floating-point numbers, got type 7",
        ),
        (
            vec![node("Transpose", &["x"], "y", vec![ints("perm", &[1, 0, 2, 3])])],
            "expected a Transpose that keeps the batch as the first axis",
        ),
        (
            vec![
                node("Transpose", &["x"], "t", vec![ints("perm", &[0, 2, 3, 1])]),
                node("Conv", &["t", "w"], "y", vec![]),
            ],
            "expected an input (batch, channels, rows, columns), got (batch, rows, columns, channels)",
        ),
        (
            vec![node("Pad", &["x"], "y", vec![ints("pads", &[1, 0, 0, 0, 0, 0, 0, 0])])],
            "expected a padding of channels, rows and columns, got [1, 0, 0, 0, 0, 0, 0, 0]",
        ),
        (
            vec![node(
                "Pad",
                &["x"],
                "y",
                vec![ints("pads", &[0, 0, 1, 0, 0, 0, 0, 0]), text("mode", "wrap")],
            )],
            "expected the mode constant, reflect or edge, got \"wrap\"; pad in one of these",
        ),
        (
            vec![node(
                "Pad",
                &["x"],
                "y",
                vec![ints("pads", &[0, 0, 6, 0, 0, 0, 0, 0]), text("mode", "reflect")],
            )],
            "expected a padding from 0 to 5, got 6",
        ),
        (
            vec![
                node(
                    "Pad",
                    &["x"],
                    "p",
                    vec![ints("pads", &[0, 0, 1, 1, 0, 0, 1, 1]), number("value", f32::NEG_INFINITY)],
                ),
                node("Conv", &["p", "w"], "y", vec![]),
            ],
            "expected a max pool after a Pad with the lowest number, got something else",
        ),
        (
            vec![node("Slice", &["x"], "y", vec![ints("starts", &[1]), ints("ends", &[3])])],
            "expected a part of each picture, got pictures 1 to 3 of the batch",
        ),
        (
            vec![node(
                "Slice",
                &["x"],
                "y",
                vec![ints("starts", &[7]), ints("ends", &[9]), ints("axes", &[2])],
            )],
            "expected at least one cell, got none of the 6 that there are",
        ),
        (
            vec![node("Split", &["x"], "y", vec![ints("split", &[1, 2]), int("axis", 1)])],
            "expected parts of 2 cells in all, got others",
        ),
        (
            vec![node("Gather", &["x", "flat"], "y", vec![])],
            "expected places in channels, rows or columns of each picture, got a Gather along axis 0",
        ),
        (
            vec![node("Gather", &["x", "flat"], "y", vec![int("axis", 2)])],
            "expected indices below 6, got [-1, 72]",
        ),
        (
            vec![
                node("Conv", &["x", "w"], "c", vec![]),
                node("ReduceMax", &["c"], "y", vec![ints("axes", &[1])]),
            ],
            "expected a reduction over rows and columns, got axes [1] of (batch, channels, rows, columns)",
        ),
        (vec![node("ReduceMax", &["x"], "y", vec![])], "got all axes, the batch among them"),
        (
            resize(&[1.0, 1.0, 2.0, 2.0], vec![text("coordinate_transformation_mode", "tf_crop_and_resize")]),
            "got coordinate_transformation_mode \"tf_crop_and_resize\" with nearest_mode \"round_prefer_floor\" from 6 x 6 to \
             12 x 12; resize by size= in PyTorch",
        ),
        (
            resize(&[1.0, 1.0, 0.5, 0.5], vec![text("mode", "linear"), int("antialias", 1)]),
            "expected a Resize without antialias, got one with it",
        ),
        (
            [vec![node("Conv", &["x", "w"], "c", vec![])], of_conv(resize(&[1.0, 2.0, 1.0, 1.0], vec![]))]
                .concat(),
            "expected a Resize of rows and columns to at least one cell",
        ),
        (resize(&[2.0, 1.0, 1.0, 1.0], vec![]), "expected as many pictures as before, got 2 times as many"),
        (resize(&[2.0, 2.0], vec![]), "expected a number for each of 4 axes, got 2"),
        (
            vec![node("Squeeze", &["x"], "y", vec![ints("axes", &[1])])],
            "expected a Squeeze of axes of length 1 after the batch, got axes [1]",
        ),
        (
            vec![node("Unsqueeze", &["x"], "y", vec![ints("axes", &[0])])],
            "expected an Unsqueeze after the batch, got axes [0]",
        ),
        (vec![node("Div", &["one", "x"], "y", vec![])], "a number divided by a tensor is not supported"),
        (flat("Softmax", &["f"], vec![int("axis", 0)]), "expected a softmax over the channels, got axis 0"),
        (
            flat("BatchNormalization", &["f", "b", "b", "b", "b"], vec![]),
            "expected weights of shape [1, 72, 1, 1], got [3]",
        ),
        (
            flat("BatchNormalization", &["f", "b", "b", "b", "b"], vec![int("training_mode", 1)]),
            "export the model in evaluation mode",
        ),
        (
            vec![node("LogSoftmax", &["x"], "l", vec![int("axis", 1)]), node("Relu", &["l"], "y", vec![])],
            "expected nothing after a LogSoftmax",
        ),
    ] {
        let error = error(nodes);
        assert!(error.contains(expected), "{error}\n  should contain: {expected}");
        assert!(error.starts_with("node \"the "), "{error}");
        assert!(!error.contains('\n') && error.contains("; "), "{error}");
    }
}

/// The kinds of the layers of a graph.
fn kinds(nodes: Vec<NodeProto>) -> Vec<&'static str> {
    let model = load(&file(nodes)).unwrap_or_else(|error| panic!("{error}"));
    model.network.layers.iter().map(|layer| layer.spec.kind.name()).collect()
}

/// What has no layer of its own is made of several, with the values that ONNX gives; the rest of the values are held by the
/// graphs in `tests/fixtures/onnx`.
#[test]
fn what_has_no_layer_of_its_own_is_made_of_several() {
    let one = |op: &str, attributes| kinds(vec![node(op, &["x"], "y", attributes)]);
    let pads = |numbers: &[i64]| vec![ints("pads", numbers)];
    assert_eq!(one("Pad", pads(&[0, 0, 1, 1, 0, 0, 1, 1])), ["zero_pad2d"]);
    assert_eq!(one("Pad", pads(&[0, 1, 0, 0, 0, 0, 0, 0])), ["zero_pad2d"]);
    assert_eq!(one("Pad", pads(&[0, 0, -1, 0, 0, 0, 0, -2])), ["crop2d", "crop2d"]);
    let pad = || node("Pad", &["x"], "p", vec![ints("pads", &[0, 0, 1, 1, 0, 0, 1, 1])]);
    assert_eq!(kinds(vec![pad(), node("Relu", &["p"], "y", vec![])]), ["zero_pad2d", "relu"]);
    let pool = || node("MaxPool", &["p"], "y", vec![ints("kernel_shape", &[3, 3])]);
    assert_eq!(kinds(vec![pad(), pool()]), ["zero_pad2d", "max_pool2d"]);
    let low = NodeProto { attribute: [pad().attribute, vec![number("value", f32::MIN)]].concat(), ..pad() };
    assert_eq!(kinds(vec![low, pool()]), ["max_pool2d"]);
    let clip = |min, max| one("Clip", vec![number("min", min), number("max", max)]);
    assert_eq!(clip(-1.0, 1.0), ["hardtanh"]);
    assert_eq!(clip(0.0, 5.0), ["conv2d", "hardtanh", "conv2d"]);
    assert_eq!(clip(-f32::INFINITY, 2.0), ["conv2d", "relu", "conv2d"]);
    assert_eq!(one("HardSigmoid", vec![]), ["conv2d", "conv2d", "hardtanh", "conv2d"]);
    assert_eq!(one("Selu", vec![number("gamma", 1.0)]), ["elu"]);
    assert_eq!(one("Celu", vec![number("alpha", 2.0)]), ["conv2d", "elu", "conv2d"]);
    assert_eq!(one("ReduceSum", vec![ints("axes", &[2, 3])]), ["global_avg_pool2d", "conv2d"]);
    assert_eq!(one("ReduceMax", vec![ints("axes", &[2]), int("keepdims", 0)]), ["max_pool2d"]);
    assert_eq!(one("ReduceMean", vec![ints("axes", &[1])]), ["conv2d"]);
    assert_eq!(one("ReduceMin", vec![ints("axes", &[2, 3])]), ["conv2d", "max_pool2d", "conv2d"]);
    let flip = vec![ints("starts", &[-1]), ints("ends", &[-99]), ints("axes", &[1]), ints("steps", &[-1])];
    assert_eq!(one("Slice", flip), ["slice_channels", "slice_channels", "concat"]);
}

#[test]
fn each_activation_is_read_from_its_operator() {
    let one = |op: &str, input: &[&str], attributes| vec![node(op, input, "y", attributes)];
    let plain = |op: &str| one(op, &["x"], vec![]);
    for (nodes, activation) in [
        (plain("Relu"), Activation::Relu),
        (one("LeakyRelu", &["x"], vec![number("alpha", 0.2)]), Activation::LeakyRelu { slope: 0.2 }),
        (plain("Tanh"), Activation::Tanh),
        (plain("Sigmoid"), Activation::Sigmoid),
        (plain("Elu"), Activation::Elu { alpha: 1.0 }),
        (one("Elu", &["x"], vec![number("alpha", 0.3)]), Activation::Elu { alpha: 0.3 }),
        (plain("Selu"), Activation::Selu),
        (plain("Gelu"), Activation::Gelu),
        (one("Gelu", &["x"], vec![text("approximate", "tanh")]), Activation::GeluTanh),
        (vec![node("Sigmoid", &["x"], "s", vec![]), node("Mul", &["x", "s"], "y", vec![])], Activation::Silu),
        (plain("Softplus"), Activation::Softplus),
        (one("Clip", &["x"], vec![number("min", 0.0), number("max", 6.0)]), Activation::Relu6),
        (plain("HardSwish"), Activation::Hardswish),
        (one("HardSigmoid", &["x"], vec![number("alpha", 1.0 / 6.0)]), Activation::Hardsigmoid),
        (plain("Mish"), Activation::Mish),
        (plain("ThresholdedRelu"), Activation::ThresholdedRelu { threshold: 1.0 }),
        (
            one("ThresholdedRelu", &["x"], vec![number("alpha", 2.0)]),
            Activation::ThresholdedRelu { threshold: 2.0 },
        ),
    ] {
        let model = load(&file(nodes)).expect("an activation");
        let ops: Vec<Op> = model.network.layers.iter().map(|layer| layer.op).collect();
        assert_eq!(ops, [Op::Activation(activation)]);
    }
}

/// Read as evaluation, it would compute something else without a word.
#[test]
fn dropout_in_training_mode_is_refused() {
    let with = |mode: i32| {
        let mut file = file(vec![node("Dropout", &["x", "one", "mode"], "y", vec![])]);
        let graph = file.graph.as_mut().expect("a graph");
        graph.initializer[5].float_data = vec![0.5];
        assert_eq!(graph.initializer[5].name, "one");
        let (data_type, int32_data) = (data_type::BOOL, vec![mode]);
        graph.initializer.push(TensorProto {
            data_type,
            int32_data,
            name: "mode".into(),
            ..Default::default()
        });
        load(&file)
    };
    let error = with(1).expect_err("draws at random").0;
    assert!(error.contains("got one in training mode") && error.contains("model.eval()"), "{error}");
    let ops: Vec<Op> = with(0).expect("a dropout").network.layers.iter().map(|layer| layer.op).collect();
    assert_eq!(ops, [Op::Dropout { p: 0.5 }]);
}

#[test]
fn files_that_are_no_chain_are_refused() {
    let relu = || file(vec![node("Relu", &["x"], "y", vec![])]);
    assert_eq!(load(&relu()).map(|model| model.network.output()), Ok([2, 6, 6]));
    let with = |change: &dyn Fn(&mut ModelProto, &mut GraphProto)| {
        let mut file = relu();
        let mut graph = file.graph.take().expect("a graph");
        change(&mut file, &mut graph);
        file.graph = Some(graph);
        load(&file).expect_err("refused").0
    };
    for (error, expected) in [
        (with(&|_, graph| graph.input.push(value("mask", &[1]))), "input: expected one, the picture, got 2"),
        (with(&|_, graph| graph.input.clear()), "input: expected one, the picture, got 0"),
        (
            with(&|_, graph| graph.input[0] = value("x", &[1, -1, -1, -1])),
            "input \"x\": expected a number of channels, got none; export it with a fixed size",
        ),
        (
            with(&|_, graph| graph.input[0] = value("x", &[1, 2, 3, 6, 6])),
            "expected 4 extents (batch, channels, rows, columns), got 5",
        ),
        (
            with(&|_, graph| graph.input[0] = value("x", &[1, 1 << 40, 6, 6])),
            "expected at most 65536 channels",
        ),
        (with(&|_, graph| graph.input[0].r#type = None), "expected floating-point numbers, got type 0"),
        (
            with(&|_, graph| graph.node = vec![node("LogSoftmax", &["x"], "y", vec![int("axis", 1)])]),
            "expected a LogSoftmax of classes after a layer, got one of 6 x 6 cells each",
        ),
        (with(&|_, graph| graph.output.clear()), "output: expected one, got none; export the model again"),
        (
            with(&|_, graph| graph.output[0].name = "gone".into()),
            "output \"gone\": expected a tensor of the file, got \"gone\", which nothing makes",
        ),
        (
            with(&|_, graph| {
                graph.node =
                    vec![node("Add", &["b", "x"], "a", vec![]), node("Add", &["a", "x"], "b", vec![])];
                graph.output[0].name = "b".into();
            }),
            "got a circle of nodes that wait for one another",
        ),
        (
            with(&|_, graph| graph.node.push(node("Relu", &["x"], "y", vec![]))),
            "\"y\": expected each tensor to be made once, got two nodes that make it",
        ),
        (with(&|_, graph| graph.node.clear()), "expected an ONNX file"),
        (with(&|file, _| file.opset_import[0].version = 5), "opset: expected a version from 6 to 28, got 5"),
        (with(&|file, _| file.opset_import.clear()), "got 1; export with"),
        (
            with(&|_, graph| graph.node[0].domain = "com.microsoft".into()),
            "expected an operator of ONNX itself, got one of \"com.microsoft\"",
        ),
    ] {
        assert!(error.contains(expected) && !error.contains('\n'), "{error}\n  should contain: {expected}");
    }
}

#[test]
fn damaged_weights_are_refused() {
    let with = |change: &dyn Fn(&mut TensorProto)| {
        let mut file = file(vec![node("Conv", &["x", "w", "b"], "y", vec![])]);
        change(&mut file.graph.as_mut().expect("a graph").initializer[0]);
        load(&file).expect_err("refused").0
    };
    for (error, expected) in [
        (
            with(&|w| w.float_data.truncate(5)),
            "expected as many numbers in \"w\" as its shape [3, 2, 3, 3] requires, got 5",
        ),
        (with(&|w| w.dims = vec![i64::MAX, i64::MAX, 3, 3]), "expected as many numbers"),
        (with(&|w| w.dims[0] = -3), "expected as many numbers"),
        (
            with(&|w| w.data_type = 9),
            "expected numbers of type float32, float16, bfloat16 or float64 in \"w\", got type 9",
        ),
        (with(&|w| w.raw_data = vec![0; 7]), "got 3 bytes too many"),
        (
            with(&|w| w.data_location = 1),
            "expected the weights (\"w\") in a file in the model's own folder, got \"\"",
        ),
        (
            with(&|w| {
                let value = "net.data".into();
                (w.data_location, w.external_data) =
                    (1, vec![StringStringEntryProto { key: "location".into(), value }]);
            }),
            "in the file \"net.data\" beside the model, got no folder to look in; put both files into one folder",
        ),
    ] {
        assert!(error.contains(expected) && !error.contains('\n'), "{error}\n  should contain: {expected}");
    }
}

/// A small file must not become a large network by using one weight repeatedly.
#[test]
fn what_layers_share_is_bounded() {
    let chain = |layers: usize| {
        let conv = |l: usize| {
            node("Conv", &[&format!("t{l}"), "square"], &format!("t{}", l + 1), vec![ints("pads", &[4; 4])])
        };
        let mut nodes: Vec<NodeProto> = (0..layers).map(conv).collect();
        nodes[0].input[0] = "x".into();
        nodes[layers - 1].output[0] = "y".into();
        let mut file = file(nodes);
        let graph = file.graph.as_mut().expect("a graph");
        graph.initializer = vec![tensor("square", &[2, 2, 9, 9])];
        load(&file)
    };
    let model = chain(3).expect("three may share");
    assert!(
        model.notes[0].contains("share \"square\" in the file; each gets its own copy"),
        "{:?}",
        model.notes
    );
    let error = chain(40).expect_err("too much").0;
    assert!(error.contains("which too many layers share"), "{error}");
}

#[test]
fn a_sum_after_a_product_is_its_bias() {
    let nodes = vec![
        node("Reshape", &["x", "flat"], "f", vec![]),
        node("MatMul", &["f", "dense"], "m", vec![]),
        node("Add", &["m", "four"], "y", vec![]),
    ];
    let model = load(&file(nodes)).expect("a dense layer");
    let Kind::Dense(dense) = &model.architecture.layers[1].kind else { panic!("no dense layer") };
    assert!(dense.bias);
    let weight = model.params.0[1].at(crate::nn::Part::Weight);
    // (in, out) in the file, (out, in) here.
    assert_eq!((weight.dim(), weight[[3, 2, 0, 0]]), ((4, 72, 1, 1), (2.0 * 4.0 + 3.0) / 8.0 - 1.0));
}

/// The layers and their parameters, without names.
fn layers(model: &Model) -> (Vec<Kind>, &Params) {
    (model.network.layers.iter().map(|layer| layer.spec.kind.clone()).collect(), &model.params)
}

/// Graphs that spell the same chain in other ways: the same layers with the same weights.
#[test]
fn what_only_moves_or_is_computed_once_is_seen_through() {
    let conv = || node("Conv", &["x", "w", "b"], "c", vec![]);
    let dense = |from: &str| node("Gemm", &[from, "head", "four"], "y", vec![]);
    let chain = |more: Vec<NodeProto>| {
        let mut file = file(more);
        let graph = file.graph.as_mut().expect("a graph");
        graph.initializer.push(tensor("head", &[48, 4]));
        graph.initializer.push(shape_tensor("zero", &[0]));
        graph.initializer.push(shape_tensor("minus", &[-1]));
        graph.initializer.push(shape_tensor("rows", &[2, 3]));
        graph.initializer.push(shape_tensor("parts", &[0, 3, 1, -1]));
        graph.initializer.push(shape_tensor("whole", &[3, 2, 3, 3]));
        load(&file).unwrap_or_else(|error| panic!("{error}"))
    };
    // Three channels of 4 x 4.
    let plain = chain(vec![conv(), node("Flatten", &["c"], "f", vec![]), dense("f")]);
    assert_eq!(plain.network.layers.len(), 3);
    let shape = || node("Shape", &["x"], "s", vec![]);
    for (what, nodes) in [
        ("any order", vec![dense("f"), node("Flatten", &["c"], "f", vec![]), conv()]),
        (
            "an unread node",
            vec![conv(), node("Relu", &["x"], "r", vec![]), node("Flatten", &["c"], "f", vec![]), dense("f")],
        ),
        (
            "the batch of the picture",
            vec![
                shape(),
                node("Gather", &["s", "zero"], "n", vec![]),
                node("Concat", &["n", "minus"], "to", vec![int("axis", 0)]),
                conv(),
                node("Reshape", &["c", "to"], "f", vec![]),
                dense("f"),
            ],
        ),
        (
            "axes that come and go",
            vec![
                conv(),
                node("Identity", &["c"], "i", vec![]),
                node("Unsqueeze", &["i"], "u", vec![ints("axes", &[1, 5])]),
                node("Squeeze", &["u"], "q", vec![ints("axes", &[1, -1])]),
                node("Reshape", &["q", "parts"], "p", vec![]),
                node("Transpose", &["p"], "t", vec![ints("perm", &[0, 1, 2, 3])]),
                node("Pad", &["t"], "z", vec![ints("pads", &[0; 8])]),
                node("Flatten", &["z"], "f", vec![]),
                dense("f"),
            ],
        ),
        (
            "a weight transposed twice, with a factor of one",
            vec![
                node("Transpose", &["w"], "w1", vec![]),
                node("Transpose", &["w1"], "w2", vec![]),
                node("Reshape", &["w2", "whole"], "w5", vec![]),
                node("Conv", &["x", "w5", "b"], "c", vec![]),
                node("Flatten", &["c"], "f", vec![]),
                dense("f"),
            ],
        ),
        (
            "there and back",
            vec![
                conv(),
                node("Transpose", &["c"], "t", vec![ints("perm", &[0, 2, 3, 1])]),
                node("Transpose", &["t"], "b1", vec![ints("perm", &[0, 3, 1, 2])]),
                node("Flatten", &["b1"], "f", vec![]),
                dense("f"),
            ],
        ),
    ] {
        assert_eq!(layers(&chain(nodes)), layers(&plain), "{what}");
    }
}

/// Flattened channels last, a dense layer's weights are counted by row, column, channel.
#[test]
fn weights_after_a_channels_last_flatten_are_turned() {
    let dense = |from: &str| node("MatMul", &[from, "dense"], "y", vec![]);
    let plain = load(&file(vec![node("Flatten", &["x"], "f", vec![]), dense("f")])).expect("a dense layer");
    let turned = load(&file(vec![
        node("Transpose", &["x"], "t", vec![ints("perm", &[0, 2, 3, 1])]),
        node("Flatten", &["t"], "f", vec![]),
        dense("f"),
    ]))
    .expect("a dense layer");
    let weight = |model: &Model| model.params.0[1].at(crate::nn::Part::Weight).clone();
    let (plain, turned) = (weight(&plain), weight(&turned));
    for [c, h, w] in [[0, 0, 0], [1, 2, 3], [1, 5, 5], [0, 4, 1]] {
        assert_eq!(turned[[2, c * 36 + h * 6 + w, 0, 0]], plain[[2, (h * 6 + w) * 2 + c, 0, 0]]);
    }
}

#[test]
fn a_channels_last_picture_is_shown_channels_first() {
    let mut file = file(vec![
        node("Transpose", &["x"], "t", vec![ints("perm", &[0, 3, 1, 2])]),
        node("Conv", &["t", "w"], "c", vec![]),
        node("Transpose", &["c"], "l", vec![ints("perm", &[0, 2, 3, 1])]),
        node("Add", &["l", "b"], "y", vec![]),
    ]);
    file.graph.as_mut().expect("a graph").input[0] = value("x", &[-1, 5, 4, 2]);
    let model = load(&file).expect("a convolution");
    assert_eq!((model.network.input, model.network.output()), ([2, 5, 4], [3, 3, 2]));
    assert!(model.params.0[0].get(crate::nn::Part::Bias).is_some(), "a sum along the last axis is the bias");
    assert!(
        model.notes[0].contains("(rows, columns, channels); they are shown as (channels, rows, columns)")
    );
}

#[test]
fn a_free_size_is_given_or_the_first_that_fits() {
    let with = |size| {
        let mut file =
            file(vec![node("Flatten", &["x"], "f", vec![]), node("MatMul", &["f", "dense"], "y", vec![])]);
        let graph = file.graph.as_mut().expect("a graph");
        graph.input[0] = value("x", &[-1, 2, -1, -1]);
        graph.initializer[3] = tensor("dense", &[128, 4]);
        read("net", &file.encode_to_vec(), &Near { size, ..Near::NOTHING })
    };
    let model = with(None).expect("fits");
    assert_eq!(model.network.input, [2, 8, 8]);
    assert_eq!(
        model.notes,
        ["the file leaves the picture's size free: it is opened with 8 rows and 8 columns"]
    );
    assert_eq!(with(Some([4, 16])).expect("fits").network.input, [2, 4, 16]);
    assert!(with(Some([4, 4])).expect_err("too few").0.contains("expected a weight for 32 inputs, got 128"));
}

#[test]
fn the_output_with_classes_is_shown_and_the_others_are_named() {
    let with = |outputs: &[&str]| {
        let mut file = file(vec![
            node("Relu", &["x"], "r", vec![]),
            node("Flatten", &["r"], "f", vec![]),
            node("MatMul", &["f", "dense"], "scores", vec![]),
        ]);
        file.graph.as_mut().expect("a graph").output = outputs.iter().map(|name| value(name, &[])).collect();
        load(&file).expect("a network")
    };
    for outputs in [["r", "scores"], ["scores", "r"], ["f", "scores"]] {
        let model = with(&outputs);
        assert_eq!(model.network.classes(), 4, "{outputs:?}");
        let other = if outputs[0] == "scores" { outputs[1] } else { outputs[0] };
        assert_eq!(
            model.notes,
            [format!("the file has 2 outputs: \"scores\" is shown, [\"{other}\"] left out")]
        );
    }
}

/// Constants that a small file asks for must not fill memory.
#[test]
fn what_is_computed_is_bounded() {
    let mut file =
        file(vec![node("ConstantOfShape", &["huge"], "k", vec![]), node("Add", &["x", "k"], "y", vec![])]);
    let graph = file.graph.as_mut().expect("a graph");
    graph.initializer.push(shape_tensor("huge", &[1 << 20, 1 << 20]));
    let error = load(&file).expect_err("too many").0;
    assert!(error.contains("expected constants that are not much larger than their file"), "{error}");
}

/// Two files of weights beside the model.
struct Two;

impl Beside for Two {
    fn size(&self, name: &str) -> Result<u64, String> {
        match name {
            "a.data" => Ok(1000),
            "b.data" => Ok(12),
            _ => Err("none".into()),
        }
    }

    fn read(&self, name: &str, start: u64, len: usize) -> Result<Vec<u8>, String> {
        assert!(start + len as u64 <= self.size(name)?, "asks only for what is there");
        Ok((start / 4..).map(|n| n as f32).take(len / 4).flat_map(f32::to_le_bytes).collect())
    }
}

#[test]
fn weights_are_read_from_the_files_beside() {
    let with = |weight: &[(&str, &str)], bias: &[(&str, &str)]| {
        let mut file = file(vec![node("Conv", &["x", "w", "b"], "y", vec![])]);
        let graph = file.graph.as_mut().expect("a graph");
        for (place, entries) in [(0, weight), (2, bias)] {
            let tensor = &mut graph.initializer[place];
            let entry = |(key, value): &(&str, &str)| StringStringEntryProto {
                key: (*key).into(),
                value: (*value).into(),
            };
            tensor.external_data = entries.iter().map(entry).collect();
            (tensor.data_location, tensor.float_data) = (1, Vec::new());
        }
        read("net", &file.encode_to_vec(), &Near { files: &Two, ..Near::NOTHING })
    };
    let weight = [("location", "a.data"), ("offset", "8"), ("length", "216")];
    let bias = [("location", "b.data")];
    let model = with(&weight, &bias).expect("reads");
    let parts = &model.params.0[0];
    let (w, b) = (parts.at(crate::nn::Part::Weight), parts.at(crate::nn::Part::Bias));
    assert_eq!((w[[0, 0, 0, 0]], w[[2, 1, 2, 2]], b[[0, 2, 0, 0]]), (2.0, 55.0, 2.0));
    for (weight, expected) in [
        (
            [("location", "../a.data"), ("offset", "0")],
            "in a file in the model's own folder, got \"../a.data\"",
        ),
        ([("location", "/a.data"), ("offset", "0")], "in a file in the model's own folder"),
        ([("location", "gone"), ("offset", "0")], "in the file \"gone\" beside the model, got none"),
        (
            [("location", "a.data"), ("offset", "-4")],
            "expected a whole number as the offset of \"w\", got \"-4\"",
        ),
        ([("location", "a.data"), ("offset", "18446744073709551615")], "got a file of 1000 bytes"),
        (
            [("location", "a.data"), ("offset", "800")],
            "expected 216 bytes of \"w\" from byte 800 of \"a.data\" on",
        ),
        (
            [("location", "a.data"), ("length", "4")],
            "expected 216 bytes for \"w\", as its shape requires, got a length of 4",
        ),
    ] {
        let error = with(&weight, &bias).expect_err(expected).0;
        assert!(error.contains(expected) && !error.contains('\n'), "{error}\n  should contain: {expected}");
    }
}

#[test]
fn constants_scale_and_shift_channels() {
    let weight = |nodes: Vec<NodeProto>| {
        let model = load(&file(nodes)).expect("reads");
        let [layer] = model.network.layers.as_slice() else { panic!("{:?}", layers(&model)) };
        let Kind::Conv2d(conv) = &layer.spec.kind else { panic!("{:?}", layer.spec) };
        assert_eq!((conv.groups, conv.kernel), (2, crate::nn::spec::Pair::square(1)));
        let parts = &model.params.0[0];
        let bias = parts.get(crate::nn::Part::Bias).map(|bias| bias.iter().copied().collect::<Vec<_>>());
        (parts.at(crate::nn::Part::Weight).iter().copied().collect::<Vec<_>>(), bias)
    };
    // "one" is -1.
    let two = |op: &str| node(op, &["x", "one"], "y", vec![]);
    assert_eq!(weight(vec![two("Mul")]), (vec![-1.0, -1.0], None));
    assert_eq!(weight(vec![two("Sub")]), (vec![1.0, 1.0], Some(vec![1.0, 1.0])));
    assert_eq!(weight(vec![node("Sub", &["one", "x"], "y", vec![])]), (vec![-1.0; 2], Some(vec![-1.0; 2])));
    let both = vec![node("Sub", &["x", "one"], "s", vec![]), node("Div", &["s", "one"], "y", vec![])];
    assert_eq!(weight(both), (vec![-1.0; 2], Some(vec![-1.0; 2])));
}

/// What is normalised together, and one number for each group, channel or cell.
#[test]
fn normalisations_of_each_picture_are_read_in_the_forms_that_there_are() {
    let with = |nodes: Vec<NodeProto>| {
        let mut file = file(nodes);
        let graph = file.graph.as_mut().expect("a graph");
        for (name, dims) in [
            ("one2", vec![1]),
            ("two", vec![2]),
            ("other", vec![2]),
            ("cells", vec![2, 6, 6]),
            ("rows", vec![6]),
        ] {
            graph.initializer.push(tensor(name, &dims));
        }
        load(&file)
    };
    let one = |op: &str, input: &[&str], attribute| with(vec![node(op, input, "y", attribute)]);
    let weight = |model: &Model| model.params.0[0].get(Part::Weight).cloned().expect("a scale");

    // Up to version 20 one number for each group, from then on one for each channel.
    let per_group =
        one("GroupNormalization", &["x", "one2", "one2"], vec![int("num_groups", 1)]).expect("reads");
    assert_eq!(weight(&per_group).iter().copied().collect::<Vec<_>>(), [-1.0, -1.0]);
    let per_channel =
        one("GroupNormalization", &["x", "two", "two"], vec![int("num_groups", 1)]).expect("reads");
    assert_eq!(weight(&per_channel).iter().copied().collect::<Vec<_>>(), [-1.0, -0.875]);
    assert_eq!(per_channel.architecture.layers[0].kind.name(), "group_norm");
    let instance =
        one("InstanceNormalization", &["x", "two", "two"], vec![number("epsilon", 0.25)]).expect("reads");
    let Kind::GroupNorm(spec) = &instance.architecture.layers[0].kind else { panic!("no normalisation") };
    assert_eq!(
        (spec.eps, spec.affine, instance.architecture.layers[0].kind.name()),
        (0.25, true, "instance_norm")
    );
    for axis in [1, -3] {
        let layer =
            one("LayerNormalization", &["x", "cells", "cells"], vec![int("axis", axis)]).expect("reads");
        assert_eq!(
            (weight(&layer).dim(), layer.architecture.layers[0].kind.name()),
            ((1, 2, 6, 6), "layer_norm")
        );
    }
    // Without a shift.
    let layer = one("LayerNormalization", &["x", "cells"], vec![int("axis", 1)]).expect("reads");
    assert!(layer.params.0[0].at(Part::Bias).iter().all(|&shift| shift == 0.0));

    for (op, input, attribute, expected) in [
        (
            "GroupNormalization",
            ["x", "two", "two"],
            int("num_groups", 3),
            "expected groups to divide 2 input channels",
        ),
        (
            "GroupNormalization",
            ["x", "b", "b"],
            int("num_groups", 1),
            "expected 2 numbers to scale and shift by, got 3",
        ),
        (
            "InstanceNormalization",
            ["x", "b", "b"],
            int("axis", 1),
            "expected 2 numbers to scale and shift by, got 3",
        ),
        (
            "LayerNormalization",
            ["x", "rows", "rows"],
            int("axis", -1),
            "expected a layer normalisation over all of",
        ),
        (
            "LayerNormalization",
            ["x", "two", "two"],
            int("axis", 1),
            "expected 72 numbers to scale and shift by, got 2",
        ),
    ] {
        let error = one(op, &input, vec![attribute]).expect_err("no layer does it").0;
        assert!(error.contains(expected), "{error}");
    }

    // A group normalisation that is spelled out, which must come back to its own shape.
    let spelled = |shape: &[i64]| {
        let nodes = vec![
            node("Reshape", &["x", "groups"], "r", vec![]),
            node("InstanceNormalization", &["r", "ones", "zeros"], "n", vec![]),
            node("Reshape", &["n", "back"], "g", vec![]),
            node("Mul", &["g", "scale"], "m", vec![]),
            node("Add", &["m", "shift"], "y", vec![]),
        ];
        let mut file = file(nodes);
        let graph = file.graph.as_mut().expect("a graph");
        let numbers = |name: &str, dims: &[i64], numbers: &[f32]| TensorProto {
            float_data: numbers.into(),
            ..tensor(name, dims)
        };
        graph.initializer.extend([
            shape_tensor("groups", &[0, 1, -1]),
            shape_tensor("back", shape),
            numbers("ones", &[1], &[1.0]),
            numbers("zeros", &[1], &[0.0]),
            numbers("scale", &[2, 1, 1], &[0.5, 2.0]),
            numbers("shift", &[2, 1, 1], &[-1.0, 3.0]),
        ]);
        load(&file)
    };
    let model = spelled(&[1, 2, 6, 6]).expect("reads");
    assert_eq!(model.network.layers.len(), 1, "{:?}", model.architecture.layers);
    let own = |part| model.params.0[0].at(part).iter().copied().collect::<Vec<_>>();
    assert_eq!((own(Part::Weight), own(Part::Bias)), (vec![0.5, 2.0], vec![-1.0, 3.0]));
    let error = spelled(&[1, 6, 2, 6]).expect_err("another shape").0;
    assert!(error.contains("expected a Reshape back to (batch, channels, rows, columns)"), "{error}");
}

/// PReLU with one slope, and with one for each channel.
#[test]
fn prelus_have_one_slope_or_one_for_each_channel() {
    for (slopes, dims, per_channel) in [("one", vec![1], false), ("each", vec![2, 1, 1], true)] {
        let mut file = file(vec![node("PRelu", &["x", slopes], "y", vec![])]);
        file.graph.as_mut().expect("a graph").initializer.push(tensor("each", &dims));
        let model = load(&file).expect("reads");
        let Kind::PRelu(spec) = &model.architecture.layers[0].kind else { panic!("no PReLU") };
        let slopes: Vec<f32> = model.params.0[0].at(Part::Weight).iter().copied().collect();
        assert_eq!((spec.per_channel, &slopes[..]), (per_channel, &[-1.0, -0.875][..dims[0] as usize]));
    }
}

#[test]
fn activations_that_are_spelled_out_are_one_layer() {
    let ops = |nodes: Vec<NodeProto>| {
        let mut file = file(nodes);
        let graph = file.graph.as_mut().expect("a graph");
        for (name, value) in
            [("half", 0.5), ("root", std::f32::consts::SQRT_2), ("1", 1.0), ("six", 6.0), ("0", 0.0)]
        {
            graph.initializer.push(TensorProto { float_data: vec![value], ..tensor(name, &[]) });
        }
        let model = load(&file).expect("an activation");
        model.network.layers.iter().map(|layer| layer.op).collect::<Vec<_>>()
    };
    let gate = || {
        vec![
            node("Div", &["x", "root"], "d", vec![]),
            node("Erf", &["d"], "e", vec![]),
            node("Add", &["e", "1"], "g", vec![]),
        ]
    };
    let gelu = [Op::Activation(Activation::Gelu)];
    let last = vec![node("Mul", &["x", "g"], "p", vec![]), node("Mul", &["p", "half"], "y", vec![])];
    assert_eq!(ops([gate(), last].concat()), gelu);
    let first = vec![node("Mul", &["x", "half"], "p", vec![]), node("Mul", &["p", "g"], "y", vec![])];
    assert_eq!(ops([first.clone(), gate()].concat()), gelu);
    let soft = vec![
        node("Softplus", &["x"], "s", vec![]),
        node("Tanh", &["s"], "t", vec![]),
        node("Mul", &["t", "x"], "y", vec![]),
    ];
    assert_eq!(ops(soft), [Op::Activation(Activation::Mish)]);
    let hard = vec![
        node("HardSigmoid", &["x"], "s", vec![number("alpha", 1.0 / 6.0)]),
        node("Mul", &["x", "s"], "y", vec![]),
    ];
    assert_eq!(ops(hard), [Op::Activation(Activation::Hardswish)]);
    let six = vec![node("Max", &["x", "0"], "r", vec![]), node("Min", &["six", "r"], "y", vec![])];
    assert_eq!(ops(six), [Op::Activation(Activation::Relu6)]);
}

#[test]
fn a_vector_is_shown_as_a_square_if_it_can_be() {
    let with = |features: i64| {
        let mut file = file(vec![
            node("BatchNormalization", &["x", "n", "n", "n", "n"], "n1", vec![]),
            node("MatMul", &["n1", "weight"], "y", vec![]),
        ]);
        let graph = file.graph.as_mut().expect("a graph");
        graph.input[0] = value("x", &[-1, features]);
        graph.initializer.push(tensor("weight", &[features, 3]));
        graph.initializer.push(tensor("n", &[features]));
        load(&file).expect("a dense layer").network.input
    };
    assert_eq!([with(49), with(48), with(50)], [[1, 7, 7], [3, 4, 4], [50, 1, 1]]);
}

/// Version 6 says where a constant begins, and whether a dropout only passes its input through.
#[test]
fn the_forms_of_version_6_are_read() {
    let with = |nodes: Vec<NodeProto>| {
        let mut file = file(nodes);
        file.opset_import[0].version = 6;
        load(&file)
    };
    let sum = |axis| node("Add", &["c", "b"], "y", vec![int("broadcast", 1), int("axis", axis)]);
    let conv = || node("Conv", &["x", "w"], "c", vec![]);
    let model = with(vec![conv(), sum(1)]).expect("a bias");
    assert_eq!(model.params.0[0].at(crate::nn::Part::Bias)[[0, 2, 0, 0]], 2.0 / 8.0 - 1.0);
    assert!(with(vec![conv(), sum(2)]).is_err(), "along rows it is no bias");
    let drop = |attributes| with(vec![node("Dropout", &["x"], "y", attributes)]);
    assert!(drop(vec![int("is_test", 1)]).is_ok());
    assert!(drop(vec![]).expect_err("draws").0.contains("in training mode"));
}

#[test]
fn branches_that_join_are_layers_with_names_of_what_they_read() {
    let inputs = |nodes: Vec<NodeProto>| {
        let model = load(&file(nodes)).unwrap_or_else(|error| panic!("{error}"));
        let layers = model.network.layers.iter();
        layers.map(|layer| (layer.spec.kind.name(), layer.spec.inputs.join(" "))).collect::<Vec<_>>()
    };
    let named = |nodes: Vec<NodeProto>| {
        nodes.into_iter().map(|node| NodeProto { name: node.output[0].clone(), ..node }).collect::<Vec<_>>()
    };
    let of = |pairs: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        pairs.iter().map(|(kind, inputs)| (*kind, (*inputs).to_owned())).collect()
    };
    let residual = named(vec![
        node("Tanh", &["x"], "a", vec![]),
        node("Relu", &["a"], "b", vec![]),
        node("Add", &["b", "a"], "y", vec![]),
    ]);
    assert_eq!(inputs(residual), of(&[("tanh", ""), ("relu", ""), ("add", "b a")]));
    let branches = named(vec![
        node("Relu", &["x"], "a", vec![]),
        node("Tanh", &["x"], "b", vec![]),
        node("Concat", &["a", "b", "x"], "y", vec![int("axis", 1)]),
    ]);
    assert_eq!(inputs(branches), of(&[("relu", ""), ("tanh", "input"), ("concat", "a b input")]));
    let squeeze = named(vec![
        node("GlobalAveragePool", &["x"], "g", vec![]),
        node("Sigmoid", &["g"], "s", vec![]),
        node("Mul", &["x", "s"], "y", vec![]),
    ]);
    assert_eq!(inputs(squeeze), of(&[("global_avg_pool2d", ""), ("sigmoid", ""), ("multiply", "input s")]));
    // A bias of what others read too is a layer of its own.
    let shared = named(vec![
        node("Conv", &["x", "w"], "c", vec![]),
        node("Add", &["c", "one"], "d", vec![]),
        node("Add", &["c", "d"], "y", vec![]),
    ]);
    assert_eq!(inputs(shared), of(&[("conv2d", ""), ("conv2d", ""), ("add", "c d")]));
}

/// In the order of the blocks' cells (DCR) and in that of the maps (CRD).
#[test]
fn cells_of_blocks_become_channels_and_back() {
    use crate::nn::{Mode, dropout::Stream};
    let x = crate::tensor::Tensor::from_shape_fn((1, 2, 6, 6), |(_, c, i, j)| (100 * c + 10 * i + j) as f32);
    let run = |nodes: Vec<NodeProto>| {
        let model = load(&file(nodes)).expect("a network");
        let values = model.network.forward(&model.params, &x, Mode::Eval, Stream::default());
        values.output().clone()
    };
    for (mode, channel) in [("DCR", 2 * 2 + 1), ("CRD", 4 + 2)] {
        let settings = || vec![int("blocksize", 2), text("mode", mode)];
        let depth = run(vec![node("SpaceToDepth", &["x"], "y", settings())]);
        assert_eq!(depth.dim(), (1, 8, 3, 3));
        // The block at (1, 2) of map 1 has its lower left cell at (3, 4).
        assert_eq!(depth[[0, channel, 1, 2]], 134.0, "{mode}");
        let back = vec![
            node("SpaceToDepth", &["x"], "d", settings()),
            node("DepthToSpace", &["d"], "y", settings()),
        ];
        assert_eq!(run(back), x, "{mode}");
    }
    let huge = vec![node("DepthToSpace", &["x"], "y", vec![int("blocksize", i64::MAX)])];
    assert!(error(huge).contains("expected maps and a blocksize from 1 to 64"));
}

/// Each against its formula.
#[test]
fn what_is_computed_over_the_maps_at_each_position_is_right() {
    use crate::nn::{Mode, dropout::Stream};
    let number_of = |c: usize, i: usize, j: usize| ((7 * c + 5 * i + 3 * j) % 11) as f32 / 4.0 - 1.0;
    let x = crate::tensor::Tensor::from_shape_fn((1, 2, 6, 6), |(_, c, i, j)| number_of(c, i, j));
    let check = |nodes: Vec<NodeProto>, of: &dyn Fn([f32; 2], usize) -> f32| {
        let model = load(&file(nodes)).unwrap_or_else(|error| panic!("{error}"));
        let values = model.network.forward(&model.params, &x, Mode::Eval, Stream::default());
        let y = values.output();
        for ((_, c, i, j), &y) in y.indexed_iter() {
            let expected = of([number_of(0, i, j), number_of(1, i, j)], c);
            assert!((y - expected).abs() <= 1e-5 * (1.0 + expected.abs()), "{c} {i} {j}: {y}, {expected}");
        }
        y.dim()
    };
    let mean = |op: &str| vec![node(op, &["x"], "y", vec![ints("axes", &[1])])];
    assert_eq!(check(mean("ReduceMean"), &|x, _| 0.5 * (x[0] + x[1])), (1, 1, 6, 6));
    assert_eq!(check(mean("ReduceSum"), &|x, _| x[0] + x[1]), (1, 1, 6, 6));
    let absolute = vec![node("Abs", &["x"], "y", vec![])];
    assert_eq!(check(absolute, &|x, c| x[c].abs()), (1, 2, 6, 6));
    let gate = vec![node("ThresholdedRelu", &["x"], "y", vec![number("alpha", 0.25)])];
    check(gate, &|x, c| if x[c] > 0.25 { x[c] } else { 0.0 });
    let normalised = |x: [f32; 2], c: usize, eps: f32| {
        let x = x.map(|x| x.max(0.0));
        let mean = 0.5 * (x[0] + x[1]);
        let var = 0.5 * x.map(|x| (x - mean).powi(2)).iter().sum::<f32>();
        (x[c] - mean) / (var + eps).sqrt()
    };
    // As ConvNeXt has it: turned to channels last, normalised, turned back.
    let last = |inputs: &[&str]| {
        vec![
            node("Relu", &["x"], "r", vec![]),
            node("Transpose", &["r"], "t", vec![ints("perm", &[0, 2, 3, 1])]),
            node("LayerNormalization", inputs, "n", vec![int("axis", -1), number("epsilon", 0.01)]),
            node("Transpose", &["n"], "y", vec![ints("perm", &[0, 3, 1, 2])]),
        ]
    };
    let with_two = |nodes: Vec<NodeProto>| {
        let mut file = file(nodes);
        let graph = file.graph.as_mut().expect("a graph");
        graph.initializer.push(TensorProto { float_data: vec![2.0, -3.0], ..tensor("scale", &[2]) });
        graph.initializer.push(TensorProto { float_data: vec![0.5, 1.0], ..tensor("shift", &[2]) });
        graph.initializer.push(TensorProto { float_data: vec![1.0, 1.0], ..tensor("ones", &[2]) });
        file
    };
    for (scale, shift, by) in
        [("scale", "shift", [[2.0, 0.5], [-3.0, 1.0]]), ("ones", "", [[1.0, 0.0], [1.0, 0.0]])]
    {
        let model = load(&with_two(last(&["t", scale, shift]))).unwrap_or_else(|error| panic!("{error}"));
        let values = model.network.forward(&model.params, &x, Mode::Eval, Stream::default());
        assert_eq!(values.output().dim(), (1, 2, 6, 6));
        for ((_, c, i, j), &y) in values.output().indexed_iter() {
            let expected =
                by[c][0] * normalised([number_of(0, i, j), number_of(1, i, j)], c, 0.01) + by[c][1];
            assert!((y - expected).abs() <= 1e-5 * (1.0 + expected.abs()), "{c} {i} {j}: {y}, {expected}");
        }
    }
    let columns = vec![node("LayerNormalization", &["x", "four"], "y", vec![int("axis", 2)])];
    assert!(error(columns).contains("only all cells, or the channels at each position"));
}
