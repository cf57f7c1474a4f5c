#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trained nets in Joule, with and without skipping zeros, beside ONNX Runtime and OpenVINO on the CPU.

  joule study eat --out runs/eat
  benchmarks/onnx_peers.py --joule build/release/cli/joule runs/eat/trials/000000 runs/eat/trials/000002

Each RUN is the folder of a run of joule train. Its net, which model.safetensors holds as data, is made into an ONNX
model; its logits are compared with those of joule predict before anything is timed. Then all sides take turns, each
in a process of its own, with the same test images, batch and threads. Needs: pip install onnx onnxruntime openvino.
"""

import argparse
import csv
import gzip
import json
import math
import os
import platform
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

try:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    sys.exit(f"onnx_peers: {error}: pip install onnx onnxruntime openvino")

BATCHES = 4  # in turn, as joule bench infer has it
CHECKED = 64  # images whose logits are compared
# Student's quantile .975, by degrees of freedom.
STUDENT = [0, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131]


def tensors_of(path):
    """The metadata of a safetensors file, and its tensors."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    head = json.loads(data[8 : 8 + size])
    metadata = head.pop("__metadata__")
    tensors = {}
    for name, entry in head.items():
        if entry["dtype"] != "F32":
            sys.exit(f"onnx_peers: {path}: {name} is {entry['dtype']}, expected F32")
        begin, end = (8 + size + at for at in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], dtype="<f4").reshape(entry["shape"])
    if metadata.get("joule.layout") != "oihw":
        sys.exit(f"onnx_peers: {path}: the layout is {metadata.get('joule.layout')}, expected oihw")
    return metadata, tensors


def pair(attributes, name, default):
    return attributes.get(name, [default, default])


class Converter:
    """Makes an ONNX graph of channels first of a net that is data."""

    def __init__(self, net, tensors):
        self.tensors, self.nodes, self.constants = tensors, [], []
        for node in net["nodes"]:
            make = getattr(self, node["kind"], None)
            if make is None:
                sys.exit(f"onnx_peers: {node['name']}: no ONNX operator is known here for the kind {node['kind']}")
            make(node, node.get("attributes", {}))
        h, w, channels = net["inputs"][0]["shape"]
        last = (net.get("outputs") or [net["nodes"][-1]["name"]])[0]
        graph = helper.make_graph(
            self.nodes,
            net["name"],
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", channels, h, w])],
            [helper.make_tensor_value_info(last, TensorProto.FLOAT, ["n", "classes"])],
            self.constants,
        )
        self.model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(self.model)

    def constant(self, node, name):
        full = f"{node['name']}.{name}"
        if full not in self.tensors:
            return None
        self.constants.append(numpy_helper.from_array(self.tensors[full], full))
        return full

    def add(self, node, operator, inputs=(), **attributes):
        inputs = [*node["inputs"], *inputs]
        self.nodes.append(helper.make_node(operator, inputs, [node["name"]], node["name"], **attributes))

    def Conv2d(self, node, a):
        inputs = [name for name in (self.constant(node, "weight"), self.constant(node, "bias")) if name]
        self.add(
            node,
            "Conv",
            inputs,
            kernel_shape=a["kernel"],
            strides=pair(a, "stride", 1),
            pads=pair(a, "padding", 0) * 2,
            dilations=pair(a, "dilation", 1),
            group=a.get("groups", 1),
        )

    def BatchNorm(self, node, a):
        names = ("weight", "bias", "running_mean", "running_var")
        self.add(node, "BatchNormalization", [self.constant(node, n) for n in names], epsilon=a.get("epsilon", 1e-5))

    def Linear(self, node, _):
        inputs = [name for name in (self.constant(node, "weight"), self.constant(node, "bias")) if name]
        self.add(node, "Gemm", inputs, transB=1)

    def ReLU(self, node, a):
        if a:
            sys.exit(f"onnx_peers: {node['name']}: a ReLU with {', '.join(a)} is not an ONNX Relu")
        self.add(node, "Relu")

    def MaxPool2d(self, node, a):
        pads = pair(a, "padding", 0) * 2
        self.add(node, "MaxPool", kernel_shape=a["kernel"], strides=a.get("stride", a["kernel"]), pads=pads)

    def AvgPool2d(self, node, a):
        self.add(node, "AveragePool", kernel_shape=a["kernel"], strides=a.get("stride", a["kernel"]))

    def GlobalAvgPool(self, node, _):
        pooled = node["name"] + ".pooled"
        self.nodes.append(helper.make_node("GlobalAveragePool", node["inputs"], [pooled]))
        self.nodes.append(helper.make_node("Flatten", [pooled], [node["name"]]))

    def Flatten(self, node, _):
        self.add(node, "Flatten")

    def Add(self, node, _):
        self.add(node, "Add")


def images_of(joule, metadata, count):
    """The first test images, normalised, channels first. Of IDX sets."""
    info = json.loads(subprocess.run([joule, "info", "--json"], capture_output=True, text=True, check=True).stdout)
    folders = {entry["name"]: entry["folder"] for entry in info["data_sets"]}
    name = metadata["data"]
    if not folders.get(name):
        sys.exit(f"onnx_peers: {name} is not among the data sets that joule info finds in a folder")
    file = next((f for f in Path(folders[name]).glob("t10k-images*idx3-ubyte*")), None)
    if file is None:
        sys.exit(f"onnx_peers: {folders[name]} has no t10k-images-idx3-ubyte: only sets in the form of MNIST are read")
    data = (gzip.open if file.suffix == ".gz" else open)(file, "rb").read()
    _, total, h, w = struct.unpack(">4I", data[:16])
    if f"{h}x{w}" != metadata["image"]:
        sys.exit(f"onnx_peers: the net takes images of {metadata['image']}, {file} has {h}x{w}")
    images = np.frombuffer(data, np.uint8, offset=16).reshape(total, 1, h, w)[:count].astype(np.float32) / 255
    mean, deviation = (np.array(json.loads(metadata[key]), np.float32) for key in ("mean", "deviation"))
    return (images - mean[:, None, None]) / deviation[:, None, None]


def onnxruntime_side(model, threads):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {"input": images})[0], ort.__version__


def openvino_side(model, threads):
    import openvino as ov

    core = ov.Core()
    # Of its two hints the quicker one of a batch at a time; f32, as the others compute.
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(model), "CPU", settings)
    request = compiled.create_infer_request()
    return lambda images: request.infer({0: images})[0], ov.__version__.split("-")[0]


PEERS = {"onnxruntime": onnxruntime_side, "openvino": openvino_side}


def run_side(options):
    """In a process of its own: JSON with the images per second of the median step, and some logits."""
    infer, version = PEERS[options.side](options.model, options.threads)
    images = np.load(options.images)
    batches = [images[i * options.batch : (i + 1) * options.batch] for i in range(BATCHES)]
    seconds = []
    for i in range(4 + options.steps):
        start = time.perf_counter()
        infer(batches[i % BATCHES])
        seconds.append(time.perf_counter() - start)
    logits = infer(batches[0])[:CHECKED].tolist()
    rate = options.batch / statistics.median(seconds[4:])
    print(json.dumps({"version": version, "images_per_second": rate, "logits": logits}))


def joule_sides(options, run, batch):
    """Images per second with and without skipping, each in a process of its own."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [options.joule, "bench", "infer", "--weights", run, "--batch", batch, "--steps", options.steps]
        command += ["--rounds", 1, "--threads", options.threads, "--json", file.name]
        subprocess.run([str(word) for word in command], check=True, capture_output=True)
        sides = json.load(open(file.name))["nets"][0]["sides"]
    rates = {side["name"]: side["images_per_second"]["median"] for side in sides}
    return {"joule": rates["joule"], "joule, dense": rates["joule, dense"]}


def joule_logits(options, run):
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        command = [options.joule, "predict", "--model", run, "--limit", CHECKED, "--out", file.name]
        subprocess.run([str(word) for word in command], check=True, capture_output=True)
        rows = list(csv.reader(open(file.name)))[1:]
    return np.array([[float(value) for value in row[2:]] for row in rows])


def measure(options, run, names):
    """Of each side its rates by round; the versions of the peers."""
    metadata, tensors = tensors_of(Path(run) / "model.safetensors")
    expected = joule_logits(options, run)
    images = images_of(options.joule, metadata, BATCHES * options.batch)
    rates, versions = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        model, array = Path(folder) / "net.onnx", Path(folder) / "images.npy"
        onnx.save(Converter(json.loads(metadata["net"]), tensors).model, model)
        np.save(array, np.ascontiguousarray(images))
        for number in range(options.rounds):
            sides = ["joule", *names]
            random.Random(number).shuffle(sides)
            for side in sides:
                if side == "joule":
                    for name, rate in joule_sides(options, run, options.batch).items():
                        rates.setdefault(name, []).append(rate)
                    continue
                words = [sys.executable, __file__, "--side", side, "--model", model, "--images", array]
                words += ["--batch", options.batch, "--steps", options.steps, "--threads", options.threads]
                done = subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)
                result = json.loads(done.stdout.splitlines()[-1])
                off = np.abs(np.array(result["logits"]) - expected).max() / np.abs(expected).max()
                if not off < 1e-4:
                    sys.exit(f"onnx_peers: {run}: the logits of {side} are off by {off:.1e} of the largest")
                rates.setdefault(side, []).append(result["images_per_second"])
                versions[side] = result["version"]
            print(f"{run}: round {number + 1} of {options.rounds}", file=sys.stderr)
    return rates, versions


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def ratio(over, under):
    """Mean of the ratios of the rounds, and the half-width of its 95 % interval (Student's)."""
    ratios = [a / b for a, b in zip(over, under)]
    if len(ratios) < 2:
        return ratios[0], None
    return statistics.mean(ratios), STUDENT[len(ratios) - 1] * statistics.stdev(ratios) / math.sqrt(len(ratios))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", metavar="RUN", help="folders of runs of joule train")
    parser.add_argument("--joule", default="build/release/cli/joule", help="the program")
    parser.add_argument("--peers", default="onnxruntime,openvino", help="of these, separated by commas")
    parser.add_argument("--batch", type=int, default=256, help="images per step")
    parser.add_argument("--steps", type=int, default=20, help="timed steps of a process")
    parser.add_argument("--rounds", type=int, default=9, help="processes of each side, which take turns")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of each side")
    parser.add_argument("--json", help="file to write")
    parser.add_argument("--side", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--model", help=argparse.SUPPRESS)
    parser.add_argument("--images", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        run_side(options)
        return
    names = options.peers.split(",")
    for name in names:
        if name not in PEERS:
            parser.error(f"--peers: {name} is none of {', '.join(PEERS)}")
        __import__(name)
    if not options.runs:
        parser.error("expected a RUN")
    if not 1 <= options.rounds <= len(STUDENT):
        parser.error(f"--rounds: expected 1 to {len(STUDENT)}, got {options.rounds}")
    load, nets = os.getloadavg()[0], []
    for run in options.runs:
        rates, versions = measure(options, run, names)
        over = {name: ratio(rates["joule"], rates[name]) for name in rates if name != "joule"}
        nets.append({"run": run, "images_per_second": rates, "joule_over": over, "versions": versions})
        print(f"\n{run}: images of {options.batch}, {options.threads} threads, {options.rounds} rounds")
        for name, values in rates.items():
            text = f"  {name:<14} {statistics.median(values):10.0f} images/s"
            if name in over:
                mean, half = over[name]
                text += f"   joule is {mean:.2f} times as fast" + (f" (+- {half:.2f})" if half is not None else "")
            print(text)
    if options.json:
        machine = {"processor": processor(), "load_before": load}
        text = {"date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "environment": machine}
        text |= {"batch": options.batch, "threads": options.threads, "rounds": options.rounds, "nets": nets}
        Path(options.json).write_text(json.dumps(text, indent=2) + "\n")


if __name__ == "__main__":
    main()
