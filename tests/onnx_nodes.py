"""Runs the node tests of the `onnx` package against convstep, and prints how many are right, wrong and refused.

    pip install onnx==1.23.2
    cargo build --release
    python tests/onnx_nodes.py target/release/convstep [--list] [--table]

A test is one ONNX graph with inputs and expected outputs. Its first input is the picture; the others, which hold weights,
become constants of the file, but those of the same shape that are joined with it (Add, Concat, Max ...) come from the same
picture by a Split in front. Of a batch, each picture is run by itself. A tensor with one axis, of an operator that computes
cell by cell, gets a batch axis in front. An operator that only counts cells otherwise (Transpose, Reshape ...) is followed
by a Flatten and a product with the unit matrix, so that the network has a layer and the order of the cells shows; a
LogSoftmax of a vector, which only ends a network, comes after such a product. Right is what lies within the tests' own 1e-3 of each number, or 1e-4 of the largest, 1e-2 of bfloat16, which has eight bits; wrong is another result; refused is a file that
convstep does not open, in one line. The exit code is 1 if a result is wrong or a refusal is not one line.
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
from onnx import numpy_helper

# The operators that a convolutional network has.
OPERATORS = """Add AveragePool BatchNormalization Celu Clip Concat Conv ConvTranspose DepthToSpace Div Dropout Elu Flatten
Gelu Gemm GlobalAveragePool GlobalMaxPool GroupNormalization HardSigmoid HardSwish Identity InstanceNormalization LRN
LayerNormalization LeakyRelu LogSoftmax MatMul Max MaxPool Mean Min Mish Mul Neg PRelu Pad ReduceMax ReduceMean Relu
Reshape Resize Selu Sigmoid Slice Softmax Softplus SpaceToDepth Split Squeeze Sub Sum Swish Tanh ThresholdedRelu Transpose
Unsqueeze Upsample""".split()

# Those that join tensors.
JOINS = "Add Concat Div Max Mean Min Mul Sub Sum".split()
# Those that compute cell by cell, so that axes do not matter.
BY_CELL = """Add Celu Clip Div Dropout Elu Gelu HardSigmoid HardSwish LeakyRelu Max Mean Min Mish Mul Neg Relu Selu Sigmoid
Softplus Sub Sum Swish Tanh ThresholdedRelu""".split()
# Those that only count cells otherwise.
ORDERS = "Flatten Identity Reshape Squeeze Transpose Unsqueeze".split()


def cases():
    """(name, operator, model, [(inputs, outputs)])"""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        for case in collect_testcases(None):
            if case.model is None:
                continue
            found = operator(case.name, case.model)
            if found:
                yield case.name, found, case.model, case.data_sets
    data = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data")
    for group in ["pytorch-converted", "pytorch-operator"]:
        for name in sorted(os.listdir(os.path.join(data, group))):
            folder = os.path.join(data, group, name)
            model = onnx.load(os.path.join(folder, "model.onnx"))
            found = operator(name, model)
            if not found:
                continue
            sets = []
            for part in sorted(p for p in os.listdir(folder) if p.startswith("test_data_set")):
                read = lambda kind: [
                    numpy_helper.to_array(onnx.load_tensor(os.path.join(folder, part, file)))
                    for file in sorted(os.listdir(os.path.join(folder, part)), key=lambda f: (len(f), f))
                    if file.startswith(kind)
                ]
                try:
                    sets.append((read("input"), read("output")))
                except Exception:
                    sets = []
                    break
            if sets:
                yield group.removeprefix("pytorch-") + "/" + name, found, model, sets


def operator(name, model):
    """The operator that a test is about, if a convolutional network has it."""
    for node in reversed(model.graph.node):
        if node.op_type in OPERATORS and node.op_type.lower() in name.lower().replace("_", ""):
            return node.op_type
    squeezed = name.lower().replace("_", "").removeprefix("test")
    return next((op for op in sorted(OPERATORS, key=len, reverse=True) if squeezed.startswith(op.lower())), None)


def is_floats(x):
    return hasattr(x, "dtype") and x.dtype.kind == "f"


def with_batch(model, inputs, expected):
    """A test of tensors with one axis with a batch axis in front."""
    if not all(hasattr(x, "ndim") and x.ndim <= 1 for x in [*inputs, *expected]):
        return model, inputs, expected
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for value in [*copy.graph.input, *copy.graph.output]:
        dims = value.type.tensor_type.shape.dim
        if len(dims) == 1:
            own = dims[0].dim_value
            del dims[:]
            dims.add().dim_value = 1
            dims.add().dim_value = own
    wide = lambda arrays: [x[None] if x.ndim == 1 else x for x in arrays]
    return copy, wide(inputs), wide(expected)


def with_split(model, inputs):
    """A test that joins tensors of one shape, cut from one picture."""
    shapes = {x.shape for x in inputs if hasattr(x, "shape")}
    if len(inputs) < 2 or len(shapes) != 1 or inputs[0].ndim < 2 or not all(map(is_floats, inputs)):
        return model, inputs
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    names = [value.name for value in copy.graph.input]
    whole = copy.graph.input[0]
    del copy.graph.input[1:]
    whole.name = "whole"
    whole.type.tensor_type.shape.dim[1].dim_value = inputs[0].shape[1] * len(inputs)
    split = onnx.helper.make_node("Split", ["whole"], names, axis=1)
    if copy.opset_import[0].version >= 18:
        split.attribute.append(onnx.helper.make_attribute("num_outputs", len(inputs)))
    nodes = [split, *copy.graph.node]
    del copy.graph.node[:]
    copy.graph.node.extend(nodes)
    return copy, [np.concatenate(inputs, axis=1)]


def with_layer(model, inputs, expected):
    """A test of an order of cells, with a product with the unit matrix behind it."""
    if not is_floats(expected[0]) or expected[0].ndim < 2 or expected[0].shape[0] != inputs[0].shape[0]:
        return model, expected
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    made = copy.graph.output[0].name
    count = int(np.prod(expected[0].shape[1:]))
    copy.graph.initializer.append(numpy_helper.from_array(np.eye(count, dtype=expected[0].dtype), "unit"))
    copy.graph.node.append(onnx.helper.make_node("Flatten", [made], ["flattened"], axis=1))
    copy.graph.node.append(onnx.helper.make_node("MatMul", ["flattened", "unit"], ["ordered"]))
    copy.graph.output[0].name = "ordered"
    del copy.graph.output[0].type.tensor_type.shape.dim[:]
    return copy, [expected[0].reshape(expected[0].shape[0], count)]


def after_layer(model, inputs):
    """A test of a vector behind a product with the unit matrix."""
    if not is_floats(inputs[0]) or inputs[0].ndim != 2:
        return model
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    value = copy.graph.input[0]
    unit = np.eye(inputs[0].shape[1], dtype=inputs[0].dtype)
    copy.graph.initializer.append(numpy_helper.from_array(unit, "unit"))
    nodes = [onnx.helper.make_node("MatMul", ["features", "unit"], [value.name]), *copy.graph.node]
    value.name = "features"
    del copy.graph.node[:]
    copy.graph.node.extend(nodes)
    return copy


def with_weights(model, inputs):
    """The model with all inputs but the first as constants, and the first one's array."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    known = {tensor.name for tensor in copy.graph.initializer}
    names = [value.name for value in copy.graph.input if value.name not in known]
    if len(names) != len(inputs):
        names = names[: len(inputs)]
    for name, array in list(zip(names, inputs))[1:]:
        value = next(value for value in copy.graph.input if value.name == name)
        copy.graph.input.remove(value)
        copy.graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
    return copy


def run(program, folder, picture):
    np.save(os.path.join(folder, "x.npy"), np.ascontiguousarray(picture, dtype=np.float32))
    command = [program, "run", "--model", "model.onnx", "--image", "x.npy", "--json"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def outputs(result, expected):
    """The program's outputs; where it left out a softmax that its loss contains, with it."""
    report = json.loads(result.stdout)
    notes = " ".join(report["notes"])
    if "the final LogSoftmax was omitted" in notes:
        logits = np.array(report["outputs"], dtype=np.float64)
        return logits - logits.max() - np.log(np.exp(logits - logits.max()).sum())
    if "the final Softmax was omitted" in notes:
        return np.array(report["probabilities"])
    # Numbers that are not finite are null.
    return np.array([np.nan if x is None else x for x in report["outputs"]], dtype=np.float64)


def turn(picture):
    """(C, L) as (C, 1, L), and features as (F, 1, 1): convstep's pictures have rows and columns."""
    if picture.ndim == 1:
        return picture[:, None, None]
    return picture[:, None, :] if picture.ndim == 2 else picture


def prepared(operator_, model, inputs, expected):
    """The test as it is run."""
    if operator_ in BY_CELL and expected:
        model, inputs, expected = with_batch(model, inputs, expected)
    if operator_ in JOINS:
        model, inputs = with_split(model, inputs)
    if operator_ in ORDERS:
        model, expected = with_layer(model, inputs, expected)
    if operator_ == "LogSoftmax":
        model = after_layer(model, inputs)
    return model, inputs, expected


def is_last(result):
    """Whether the program shows the picture channels first where the file has them last."""
    notes = " ".join(json.loads(result.stdout)["notes"]) if result.returncode == 0 else ""
    return "(rows, columns, channels)" in notes or "(columns, channels)" in notes


def shown(program, folder, picture):
    """The program's result with the picture as the program shows it."""
    result = run(program, folder, turn(picture))
    wanted = re.search(r"expected an array of shape \[(\d+), (\d+), (\d+)\]", result.stderr)
    moved = turn(np.moveaxis(picture, -1, 0)) if picture.ndim else picture
    if wanted:
        shape = tuple(map(int, wanted.groups()))
        if picture.size == np.prod(shape) and picture.ndim == 1:
            result = run(program, folder, picture.reshape(shape))
        elif moved.shape == shape:
            result = run(program, folder, moved)
    elif is_last(result):
        result = run(program, folder, moved)
    return result


def verdict(program, operator_, model, sets):
    """("right" | "wrong" | "refused", why)"""
    for inputs, expected in sets:
        if not inputs or not hasattr(inputs[0], "shape") or not hasattr(expected[0], "shape"):
            return "refused", "no picture"
        model_, inputs, expected = prepared(operator_, model, inputs, expected)
        if inputs[0].ndim < 2:
            return "refused", "no picture"
        if is_floats(inputs[0]) and np.abs(inputs[0][np.isfinite(inputs[0])]).max(initial=0) > np.finfo(np.float32).max:
            return "refused", "numbers beyond float32"
        with tempfile.TemporaryDirectory() as folder:
            try:
                onnx.save(with_weights(model_, inputs), os.path.join(folder, "model.onnx"))
            except Exception as error:
                return "refused", f"cannot be saved: {error}"
            for n, picture in enumerate(inputs[0]):
                result = shown(program, folder, picture)
                if result.returncode != 0:
                    lines = result.stderr.strip().splitlines()
                    if len(lines) != 1 or not lines[0].startswith("convstep: "):
                        return "wrong", "not refused in one line: " + " | ".join(lines[-3:])
                    return "refused", lines[0]
                ours = outputs(result, expected)
                theirs = np.asarray(expected[0])
                if theirs.shape[:1] != inputs[0].shape[:1]:
                    return "wrong", f"shape {theirs.shape}"
                theirs = theirs[n].astype(np.float64)
                layers = json.loads(result.stdout)["layers"]
                moved = np.moveaxis(theirs, -1, 0) if theirs.ndim else theirs
                if is_last(result) and list(turn(moved).shape) == layers[-1]["shape"]:
                    theirs = moved
                theirs = theirs.ravel()
                if ours.shape != theirs.shape:
                    return "wrong", f"{ours.shape} in place of {theirs.shape}"
                largest = max(np.abs(theirs).max(), 1e-6)
                # Some of the tests' numbers are rounded to four places, those of bfloat16 have eight bits.
                rtol, atol = (1e-2, 1e-2) if expected[0].dtype.name == "bfloat16" else (1e-3, 1e-4)
                if not np.allclose(ours, theirs, rtol=rtol, atol=atol * largest, equal_nan=True):
                    return "wrong", f"off by {np.abs(ours - theirs).max() / largest:.1e}"
    return "right", ""


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program")
    arguments.add_argument("--list", action="store_true", help="print each test with its verdict")
    arguments.add_argument("--table", action="store_true", help="print the table for docs/models.md")
    arguments = arguments.parse_args()
    program = os.path.abspath(arguments.program)
    counts = collections.defaultdict(collections.Counter)
    wrong = []
    for name, operator_, model, sets in cases():
        result, why = verdict(program, operator_, model, sets)
        counts[operator_][result] += 1
        if result == "wrong":
            wrong.append((name, why))
        if arguments.list:
            print(f"{result:8} {operator_:20} {name}: {why}")
    if arguments.table:
        print("| operator | right | refused |\n|---|---|---|")
        for operator_, count in sorted(counts.items()):
            print(f"| {operator_} | {count['right']} | {count['refused']} |")
    total = sum(counts.values(), collections.Counter())
    print(f"{sum(total.values())} tests: {total['right']} right, {total['wrong']} wrong, {total['refused']} refused")
    for name, why in wrong:
        print(f"wrong: {name}: {why}")
    sys.exit(bool(wrong))


main()
