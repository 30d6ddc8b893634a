"""Opens torchvision's networks in convstep, as PyTorch exports them, and compares what they compute, the time and the memory.

    pip install torch torchvision onnx onnxscript
    cargo build --release
    python tests/torchvision_nets.py target/release/convstep [--networks resnet18,googlenet] [--table] [--keep DIR]

Each network has random weights and a picture of 3x224x224; the statistics of its batch normalisations are those of random
pictures. For each exporter: the file opens, and its outputs are those of PyTorch in float64 within 1e-4 of the largest. A
network that is also a preset opens as a state dict (.pth) with the preset's file too. Then, one after the other in each of
several rounds, convstep's forward pass of one picture (`bench`, one thread) and PyTorch's, on one thread and on all. Memory
is the peak of a process that does one run: `convstep run`, and Python with torch, which takes the figure in brackets before
it has a network. --keep leaves the ONNX files in a folder, for tests/window/large_models.rs.
The exit code is 1 if a result is wrong.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import torch
import torchvision

NETWORKS = "resnet18 mobilenet_v2 squeezenet1_1 densenet121 googlenet mnasnet0_5 shufflenet_v2_x0_5".split()
PRESETS = ["resnet18", "mobilenet_v2", "squeezenet1_1"]
TOLERANCE = 1e-4
ROUNDS = 3

# Runs a command and prints its peak memory. A process of its own, since a child begins with its parent's.
WATCH = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""

# One forward pass in a process of its own; prints its peak memory before and after, in MB.
CHILD = """
import resource, sys, torch, torchvision
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
torch.set_grad_enabled(False)
before = peak()
more = dict(aux_logits=False, init_weights=True) if sys.argv[1] == "googlenet" else {}
net = getattr(torchvision.models, sys.argv[1])(weights=None, **more).eval()
net(torch.randn(1, 3, 224, 224))
print(before, peak())
"""


def make(name):
    """The network in evaluation, as after some training."""
    torch.manual_seed(1)
    more = dict(aux_logits=False, init_weights=True) if name == "googlenet" else {}
    net = getattr(torchvision.models, name)(weights=None, **more)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        for _ in range(3):
            net(torch.randn(2, 3, 224, 224))
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.7, 1.3)
                module.bias.normal_(0, 0.2)
    return net.eval()


def run(command):
    """(text, seconds, peak memory in MB); ends the script if the command fails."""
    begin = time.perf_counter()
    child = subprocess.run([sys.executable, "-c", WATCH, *command], capture_output=True, text=True)
    seconds = time.perf_counter() - begin
    if child.returncode:
        sys.exit(f"{' '.join(command)}: {child.stderr}")
    return child.stdout, seconds, int(child.stderr.splitlines()[-1]) * 1024 / 1e6


def difference(text, expected):
    """The largest difference of the outputs, relative to the largest output."""
    ours = np.array(json.loads(text)["outputs"])
    return float(np.abs(ours - expected).max() / np.abs(expected).max())


def exported(net, x, name, folder):
    """(exporter, file) for each of PyTorch's two."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for by, more in [("script", dict(dynamo=False)), ("dynamo", dict(dynamo=True, verbose=False))]:
            path = os.path.join(folder, f"{name}.{by}.onnx")
            torch.onnx.export(net, (x,), path, **more)
            yield by, path


def forward_ms(net, x, threads, seconds):
    torch.set_num_threads(threads)
    net(x)
    times, begin = [], time.perf_counter()
    while time.perf_counter() - begin < seconds or len(times) < 3:
        before = time.perf_counter()
        net(x)
        times.append(time.perf_counter() - before)
    return statistics.median(times) * 1e3


def check(name, arguments, folder):
    """Rows for the table; whether all is right."""
    threads = os.cpu_count()
    net, x = make(name), torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        expected = net.double()(x.double())[0].numpy()
        net = net.float()
    picture = os.path.join(folder, "x.npy")
    np.save(picture, x[0].numpy())
    as_json = ["--image", picture, "--json", "--threads", str(threads)]
    worst, files = 0.0, []
    for by, path in exported(net, x, name, folder):
        text, seconds, memory = run([arguments.program, "run", "--model", path, *as_json])
        worst = max(worst, off := difference(text, expected))
        files.append((path, seconds, memory))
        layers = len(json.loads(text)["layers"])
        print(f"  {by}: {layers} layers, off by {off:.1e}, {seconds:.2f} s with opening, {memory:.0f} MB", flush=True)
    if name in PRESETS:
        path = os.path.join(folder, f"{name}.pth")
        torch.save(net.state_dict(), path)
        preset = os.path.join(os.path.dirname(__file__), "..", "assets", "presets", f"{name}.toml")
        text, seconds, memory = run([arguments.program, "run", "--model", path, "--architecture", preset, *as_json])
        worst = max(worst, off := difference(text, expected))
        print(f"  state dict with the preset: off by {off:.1e}, {seconds:.2f} s with opening, {memory:.0f} MB", flush=True)
    path, seconds, memory = files[-1]
    ours, one, all_ = [], [], []
    with torch.no_grad():
        for _ in range(ROUNDS):
            bench = ["bench", "--nets", path, "--metrics", "fwd1", "--seconds", "0.5"]
            ours.append(json.loads(run([arguments.program, *bench])[0])["value"])
            one.append(forward_ms(net, x, 1, 0.5))
            all_.append(forward_ms(net, x, threads, 0.5))
    before, after = map(float, run([sys.executable, "-c", CHILD, name])[0].split())
    ours, one, all_ = map(statistics.median, [ours, one, all_])
    row = f"| {name} | {worst:.0e} | {seconds:.2f} | {memory:.0f} | {ours:.1f} | {one:.1f} | {all_:.1f} | {after:.0f} ({before:.0f}) |"
    print(f"  forward {ours:.1f} ms; PyTorch {one:.1f} ms on one thread, {all_:.1f} ms on {threads}, {after:.0f} MB ({before:.0f})")
    return row, worst <= TOLERANCE


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program")
    arguments.add_argument("--networks", default=",".join(NETWORKS))
    arguments.add_argument("--table", action="store_true", help="print the table for docs/performance.md")
    arguments.add_argument("--keep", metavar="DIR", help="leave the ONNX files there")
    arguments = arguments.parse_args()
    arguments.program = os.path.abspath(arguments.program)
    rows, wrong = [], []
    with tempfile.TemporaryDirectory() as folder:
        folder = arguments.keep or folder
        os.makedirs(folder, exist_ok=True)
        for name in arguments.networks.split(","):
            print(name, flush=True)
            row, is_right = check(name, arguments, folder)
            rows.append(row)
            wrong += [] if is_right else [name]
    if arguments.table:
        print("| network | off by at most | open and run, s | memory, MB | forward, ms | PyTorch, 1 thread | PyTorch, all threads | PyTorch's memory, MB |")
        print("|---|---|---|---|---|---|---|---|")
        print("\n".join(rows))
    sys.exit(f"wrong: {', '.join(wrong)}" if wrong else 0)


main()
