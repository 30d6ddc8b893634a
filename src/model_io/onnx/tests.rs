//! Graphs that cannot be represented are refused in one line that names the node and says what to do.

use super::{proto::*, *};
use crate::nn::{Activation, spec::Kind};

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
    read("net", &file.encode_to_vec(), None)
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
    for (nodes, expected) in [
        (
            vec![node("ConvTranspose", &["x", "w"], "y", vec![])],
            "expected a supported operator, got another one",
        ),
        (
            vec![node("Relu", &["x"], "r", vec![]), node("Add", &["x", "r"], "y", vec![])],
            "branches that join",
        ),
        (
            vec![node("Relu", &["x"], "r", vec![]), node("Relu", &["x"], "y", vec![])],
            "expected to read \"r\", which the node before makes, got \"x\"; only a plain chain",
        ),
        (
            conv(vec![ints("pads", &[0, 0, 1, 1])]),
            "expected the same padding on both sides, got [0, 0] before and [1, 1] after",
        ),
        (
            conv(vec![text("auto_pad", "SAME_UPPER"), ints("strides", &[2, 2])]),
            "got [0, 0] before and [1, 1] after",
        ),
        (conv(vec![ints("pads", &[-1, 0, -1, 0])]), "expected a padding from 0 to"),
        (
            conv(vec![ints("strides", &[1])]),
            "expected two numbers of at least 0 in strides, for rows and columns, got [1]",
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
            pool(vec![int("ceil_mode", 1)]),
            "expected windows that cover all rows evenly, got ceil_mode = 1 on 6 rows",
        ),
        (pool(vec![ints("dilations", &[2, 2])]), "expected dilations of 1 in a pool"),
        (pool(vec![ints("pads", &[2, 2, 2, 2])]), "at most half the kernel"),
        (
            vec![node("Clip", &["x"], "y", vec![number("min", 0.0), number("max", 5.0)])],
            "expected bounds 0 and infinity, as ReLU has, or 0 and 6, as ReLU6 has, got 0 and 5; replace it",
        ),
        (
            vec![node("PRelu", &["x", "b"], "y", vec![])],
            "expected one slope for all channels, got 3 different ones; use PReLU with one parameter",
        ),
        (
            vec![node("HardSigmoid", &["x"], "y", vec![])],
            "expected alpha = 0.16666667, got 0.2; use PyTorch's form",
        ),
        (vec![node("Selu", &["x"], "y", vec![number("gamma", 1.0)])], "expected gamma = 1.050701, got 1;"),
        (
            vec![node("Gelu", &["x"], "y", vec![text("approximate", "erf")])],
            "expected approximate none or tanh, got \"erf\"",
        ),
        (
            vec![node("Sigmoid", &["x"], "s", vec![]), node("Mul", &["s", "s"], "y", vec![])],
            "expected a product of a tensor and its Sigmoid",
        ),
        (
            vec![node("Flatten", &["x"], "y", vec![int("axis", 2)])],
            "expected a Flatten of each example (axis 1), got axis 2",
        ),
        (
            vec![node("Reshape", &["x", "wide"], "y", vec![])],
            "expected a Reshape that flattens, to (batch, 72), got [-1, 36]",
        ),
        (
            vec![node("MatMul", &["x", "dense"], "y", vec![])],
            "expected a flattened input, got maps of [2, 6, 6]; put a Flatten before it",
        ),
        (flat("Conv", &["f", "w"], vec![]), "expected an input with rows and columns, got a flattened one"),
        (
            flat("Gemm", &["f", "dense"], vec![int("transB", 1)]),
            "expected a weight for 72 inputs, got 4 inputs",
        ),
        (
            flat("Gemm", &["f", "dense"], vec![number("alpha", 0.5)]),
            "expected alpha = 1 and beta = 1, got 0.5 and 1",
        ),
        (flat("Add", &["f", "four"], vec![]), "expected a bias right after a MatMul or a Conv that has none"),
        (
            flat("Softmax", &["f"], vec![int("axis", 0)]),
            "expected a softmax over the channels (axis 1), got axis 0",
        ),
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

#[test]
fn each_activation_is_read_from_its_operator() {
    let one = |op: &str, input: &[&str], attributes| vec![node(op, input, "y", attributes)];
    let plain = |op: &str| one(op, &["x"], vec![]);
    for (nodes, activation) in [
        (plain("Relu"), Activation::Relu),
        (one("LeakyRelu", &["x"], vec![number("alpha", 0.2)]), Activation::LeakyRelu { slope: 0.2 }),
        (one("PRelu", &["x", "one"], vec![]), Activation::LeakyRelu { slope: -1.0 }),
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
            with(&|_, graph| graph.input[0] = value("x", &[1, 2, -1, 6])),
            "input \"x\": expected a number of rows, got \"free\"; export it with a fixed size, only the batch may be free",
        ),
        (
            with(&|_, graph| graph.input[0] = value("x", &[1, 72])),
            "expected 4 extents (batch, channels, rows, columns), got 2",
        ),
        (
            with(&|_, graph| graph.input[0] = value("x", &[1, 1 << 40, 6, 6])),
            "expected at most 65536 channels",
        ),
        (with(&|_, graph| graph.input[0].r#type = None), "expected floating-point numbers, got type 0"),
        (
            with(&|_, graph| graph.output.push(value("x", &[]))),
            "output: expected one, \"y\", which the last node makes, got [\"y\", \"x\"]",
        ),
        (with(&|_, graph| graph.node.clear()), "expected an ONNX file"),
        (with(&|file, _| file.opset_import[0].version = 6), "opset: expected a version from 7 to 28, got 6"),
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
            "expected weights in the file itself, got \"w\" in a second file; export it as one file",
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
