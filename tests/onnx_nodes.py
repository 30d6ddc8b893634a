"""Runs the node tests of the `onnx` package against convstep, and prints how many are right, wrong and refused.

    pip install onnx==1.23.2
    cargo build --release
    python tests/onnx_nodes.py target/release/convstep [--list] [--table]

A test is one ONNX graph with inputs and expected outputs. Its first input is the picture; the others, which hold weights,
become constants of the file. Of a batch, each picture is run by itself. Right is what lies within the tests' own 1e-3 of
each number, or 1e-4 of the largest; wrong is another result; refused is a file that convstep does not open, in one line.
The exit code is 1 if a result is wrong or a refusal is not one line.
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
Reshape Resize Selu Sigmoid Slice Softmax Softplus Split Squeeze Sub Sum Swish Tanh ThresholdedRelu Transpose Unsqueeze
Upsample""".split()


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
    return np.array(report["outputs"])


def turn(picture):
    """(C, L) as (C, 1, L): convstep's pictures have rows."""
    return picture[:, None, :] if picture.ndim == 2 else picture


def verdict(program, model, sets):
    """("right" | "wrong" | "refused", why)"""
    for inputs, expected in sets:
        if not inputs or not hasattr(inputs[0], "shape") or inputs[0].ndim < 2 or not hasattr(expected[0], "shape"):
            return "refused", "no picture"
        with tempfile.TemporaryDirectory() as folder:
            try:
                onnx.save(with_weights(model, inputs), os.path.join(folder, "model.onnx"))
            except Exception as error:
                return "refused", f"cannot be saved: {error}"
            for n, picture in enumerate(inputs[0]):
                result = run(program, folder, turn(picture))
                shown = re.search(r"expected an array of shape \[(\d+), (\d+), (\d+)\]", result.stderr)
                if shown:
                    # Shown channels first, or a vector as a square.
                    shape = tuple(map(int, shown.groups()))
                    turned = np.moveaxis(picture, -1, 0)
                    if picture.ndim == 3 and turned.shape == shape:
                        result = run(program, folder, turned)
                    elif picture.size == np.prod(shape) and picture.ndim == 1:
                        result = run(program, folder, picture.reshape(shape))
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
                if theirs.ndim == 3 and list(theirs.shape) != layers[-1]["shape"]:
                    theirs = np.moveaxis(theirs, -1, 0)
                theirs = theirs.ravel()
                if ours.shape != theirs.shape:
                    return "wrong", f"{ours.shape} in place of {theirs.shape}"
                largest = max(np.abs(theirs).max(), 1e-6)
                # Some of the tests' numbers are rounded to four places.
                if not np.allclose(ours, theirs, rtol=1e-3, atol=1e-4 * largest, equal_nan=True):
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
        result, why = verdict(program, model, sets)
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
