"""Runs exported programs and compares their numbers with those of the program that exported them.

    python tests/programs.py FOLDER

FOLDER holds a folder for each case: `pytorch.py`, `keras.py` and `numpy.py`, whichever are to be run, their weights, and
`expected.npz` with the input, the outputs and the gradients of the loss as `convstep run --tensors` writes them, and
`case.json` with the class that is right and the name of the outputs. Prints a JSON line for each program: the largest difference of the outputs and, where the
program makes gradients, of the gradients, relative to the largest number of a tensor.
"""

import importlib.util
import json
import os
import pathlib
import sys

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def program(path):
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def difference(ours, theirs):
    ours, theirs = np.asarray(ours, np.float64).ravel(), np.asarray(theirs, np.float64).ravel()
    if ours.shape != theirs.shape:
        return float("inf")
    return float(np.abs(ours - theirs).max(initial=0) / max(np.abs(ours).max(initial=0), 1e-6))


def gradients_of(expected, names):
    return {name: expected["grad." + name] for name in names if "grad." + name in expected}


def with_numpy(module, expected):
    weights, x = {k: v.astype(np.float64) for k, v in module.load().items()}, expected["input"].astype(np.float64)
    outputs, cache = module.forward(x, weights)
    _, dy = module.loss_and_gradient(outputs, expected["target"])
    dx, g = module.backward(dy, cache, weights)
    theirs = {"input": dx, **g}
    return outputs, {name: (ours, theirs[name]) for name, ours in gradients_of(expected, theirs).items()}


def with_pytorch(module, expected):
    import torch

    net, x = module.load().double(), torch.from_numpy(expected["input"]).double().requires_grad_()
    outputs = net(x)
    module.loss_of(net, x, torch.from_numpy(expected["target"])).backward()
    names = getattr(module, "NAMES", {})
    there = {here: file_name for file_name, here in names.items()}
    theirs = {"input": x.grad}
    for name, parameter in net.named_parameters():
        layer, _, part = name.rpartition(".")
        theirs[f"{there.get(layer, layer)}.{part}"] = parameter.grad
    ours = gradients_of(expected, theirs)
    return outputs.detach(), {name: (ours[name], theirs[name]) for name in ours if theirs[name] is not None}


def with_keras(module, expected):
    model = module.load()
    return np.asarray(model.predict(expected["input"].transpose(0, 2, 3, 1), verbose=0)), {}


RUN = {"numpy": with_numpy, "pytorch": with_pytorch, "keras": with_keras}

for case in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    expected = dict(np.load(case / "expected.npz"))
    told = json.loads((case / "case.json").read_text())
    expected["target"] = np.array([told["target"]])
    for library, run in RUN.items():
        path = case / f"{library}.py"
        if not path.exists():
            continue
        line = {"case": case.name, "library": library}
        try:
            outputs, gradients = run(program(path), expected)
            line["outputs"] = difference(expected[told["last"]], outputs)
            line["gradients"] = len(gradients)
            line["worst"] = max((difference(*pair) for pair in gradients.values()), default=0.0)
        except Exception as error:
            line["error"] = f"{type(error).__name__}: {error}"
        print(json.dumps(line), flush=True)
