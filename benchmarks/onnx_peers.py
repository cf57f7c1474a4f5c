#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Nets in Joule, with and without skipping zeros, beside ONNX Runtime and OpenVINO on the CPU.

  joule study eat --out runs/eat
  benchmarks/onnx_peers.py --joule build/release/cli/joule runs/eat/trials/000000 runs/eat/trials/000002
  benchmarks/onnx_peers.py --batch 1 resnet8 ds-cnn mobilenet-v1-0.25 autoencoder

Each RUN is the folder of a run of joule train, or the name of one of Joule's nets, whose weights and images are then
random. Its net, which model.safetensors holds as data, is made into an ONNX model; what that says of some images is
compared with what joule predict says before anything is timed. Then all sides take turns, each in a process of its
own, with the same weights, images, batch and threads. Needs: pip install onnx onnxruntime openvino.
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


def shapes_of(node):
    """The tensors of a node of a net that is data, as a file has them: by name, with their shapes."""
    a = node.get("attributes", {})
    if node["kind"] == "Conv2d":
        shapes = {"weight": (a["out"], a["in"] // a.get("groups", 1), *a["kernel"])}
    elif node["kind"] == "Linear":
        shapes = {"weight": (a["out"], a["in"])}
    elif node["kind"] == "BatchNorm":
        return {name: (a["channels"],) for name in ("weight", "bias", "running_mean", "running_var")}
    else:
        return {}
    return shapes | ({"bias": (a["out"],)} if a.get("bias", True) else {})


def random_tensors(net, seed=1):
    """Weights as of a net that was trained: He's, and scales, shifts and statistics around those of a fresh one."""
    generator, tensors = np.random.default_rng(seed), {}
    for node in net["nodes"]:
        for name, shape in shapes_of(node).items():
            if name == "running_var":
                values = generator.uniform(0.5, 2, shape)
            elif name == "weight" and len(shape) == 1:
                values = generator.uniform(0.5, 1.5, shape)
            else:
                values = generator.normal(0, math.sqrt(2 / math.prod(shape[1:])) if name == "weight" else 0.1, shape)
            tensors[f"{node['name']}.{name}"] = values.astype("<f4")
    return tensors


def save_tensors(path, metadata, tensors):
    """A safetensors file."""
    head, at = {"__metadata__": metadata}, 0
    for name, values in tensors.items():
        head[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": [at, at + values.nbytes]}
        at += values.nbytes
    text = json.dumps(head).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(v.tobytes() for v in tensors.values()))


def save_fresh_net(joule, name, path):
    """One of Joule's nets, with random weights, as joule train would leave it."""
    graph = path.with_suffix(".json")
    command = [joule, "summary", "--model", name, "--save-net", graph, "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr.strip() or f"{command} ended with {done.returncode}")
    printed = json.loads(done.stdout)
    net, (h, w, channels) = json.loads(graph.read_text()), printed["input"]
    metadata = {"format": "pt", "model": name, "image": f"{h}x{w}", "channels": str(channels), "data": "random"}
    metadata |= {"classes": str(printed["classes"]), "joule.layout": "oihw", "net": json.dumps(net)}
    metadata |= {"mean": json.dumps([0] * channels), "deviation": json.dumps([1] * channels)}
    save_tensors(path, metadata, random_tensors(net))


def pair(attributes, name, default):
    return attributes.get(name, [default, default])


class Converter:
    """Makes an ONNX graph of channels first of a net that is data."""

    def __init__(self, net, tensors):
        self.tensors, self.nodes, self.constants = tensors, [], []
        self.same, self.pads = {}, {}  # outputs that are another value; that one with zeros around it
        self.readers = [name for node in net["nodes"] for name in node["inputs"]] + net.get("outputs", [])
        self.read_by = {name: node["kind"] for node in net["nodes"] for name in node["inputs"]}
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

    def value(self, name):
        while name in self.same:
            name = self.same[name]
        return name

    def add(self, node, operator, inputs=(), **attributes):
        inputs = [*(self.value(name) for name in node["inputs"]), *inputs]
        self.nodes.append(helper.make_node(operator, inputs, [node["name"]], node["name"], **attributes))

    def Conv2d(self, node, a):
        inputs = [name for name in (self.constant(node, "weight"), self.constant(node, "bias")) if name]
        around = self.pads.get(node["inputs"][0], [0] * 4)
        self.add(
            node,
            "Conv",
            inputs,
            kernel_shape=a["kernel"],
            strides=pair(a, "stride", 1),
            pads=[own + more for own, more in zip(pair(a, "padding", 0) * 2, around)],
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
        for name in ("padding", "ceil_mode"):
            if np.any(a.get(name, 0)):
                sys.exit(f"onnx_peers: {node['name']}: an AvgPool2d with {name} is not known here")
        self.add(node, "AveragePool", kernel_shape=a["kernel"], strides=a.get("stride", a["kernel"]))

    def GlobalAvgPool(self, node, _):
        pooled = node["name"] + ".pooled"
        self.nodes.append(helper.make_node("GlobalAveragePool", [self.value(node["inputs"][0])], [pooled]))
        self.nodes.append(helper.make_node("Flatten", [pooled], [node["name"]]))

    def Flatten(self, node, _):
        self.add(node, "Flatten")

    def Add(self, node, _):
        self.add(node, "Add")

    def Dropout(self, node, _):
        self.same[node["name"]] = node["inputs"][0]

    def Pad2d(self, node, a):
        name, (top, bottom, left, right) = node["name"], a["padding"]
        if self.readers.count(name) != 1 or self.read_by.get(name) != "Conv2d" or min(a["padding"]) < 0:
            sys.exit(f"onnx_peers: {name}: a Pad2d is known here where a convolution alone reads it")
        self.same[name], self.pads[name] = node["inputs"][0], [top, left, bottom, right]


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
        command += ["--data", "random"] if Path(run).is_file() else []
        command += ["--rounds", 1, "--threads", options.threads, "--json", file.name]
        subprocess.run([str(word) for word in command], check=True, capture_output=True)
        sides = json.load(open(file.name))["nets"][0]["sides"]
    rates = {side["name"]: side["images_per_second"]["median"] for side in sides}
    return {"joule": rates["joule"], "joule, dense": rates["joule, dense"]}


def joule_probabilities(options, run, images):
    """Of each image, 0 to 255, the class that joule predict names, and its probability."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, image in enumerate(images.astype(np.uint8)):
            channels, h, w = image.shape
            files.append(Path(folder) / f"{number}.pnm")
            head = f"P{5 if channels == 1 else 6} {w} {h} 255\n"
            files[-1].write_bytes(head.encode() + image.transpose(1, 2, 0).tobytes())
        out = Path(folder) / "out.csv"
        command = [options.joule, "predict", "--model", run, "--out", out, "--image", *files]
        subprocess.run(command, check=True, capture_output=True)
        rows = list(csv.reader(open(out)))[1:]
    return [int(row[1]) for row in rows], np.array([float(row[3]) for row in rows])


def off_by(logits, expected):
    """The largest difference of what a peer says from what Joule says, by the largest value."""
    if isinstance(expected, np.ndarray):
        return np.abs(logits - expected[: len(logits)]).max() / np.abs(expected).max()
    classes, probabilities = expected
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return np.abs(shares[np.arange(len(classes)), classes] - probabilities).max() / probabilities.max()


def joule_logits(options, run):
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        command = [options.joule, "predict", "--model", run, "--limit", CHECKED, "--out", file.name]
        subprocess.run([str(word) for word in command], check=True, capture_output=True)
        rows = list(csv.reader(open(file.name)))[1:]
    return np.array([[float(value) for value in row[2:]] for row in rows])


def measure(options, run, names):
    """Of each side its rates by round; the versions of the peers."""
    rates, versions = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        if Path(run).exists():
            net = run
            metadata, tensors = tensors_of(Path(run) / "model.safetensors")
            expected = joule_logits(options, run)
            images = images_of(options.joule, metadata, BATCHES * options.batch)
        else:
            net = Path(folder) / "model.safetensors"
            save_fresh_net(options.joule, run, net)
            metadata, tensors = tensors_of(net)
            h, w = map(int, metadata["image"].split("x"))
            shape = (BATCHES * options.batch, int(metadata["channels"]), h, w)
            pixels = np.random.default_rng(2).integers(0, 256, shape)
            expected = joule_probabilities(options, net, pixels[: min(CHECKED, options.batch)])
            images = pixels.astype(np.float32) / 255
        model, array = Path(folder) / "net.onnx", Path(folder) / "images.npy"
        onnx.save(Converter(json.loads(metadata["net"]), tensors).model, model)
        np.save(array, np.ascontiguousarray(images))
        for number in range(options.rounds):
            sides = ["joule", *names]
            random.Random(number).shuffle(sides)
            for side in sides:
                if side == "joule":
                    for name, rate in joule_sides(options, net, options.batch).items():
                        rates.setdefault(name, []).append(rate)
                    continue
                words = [sys.executable, __file__, "--side", side, "--model", model, "--images", array]
                words += ["--batch", options.batch, "--steps", options.steps, "--threads", options.threads]
                done = subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)
                result = json.loads(done.stdout.splitlines()[-1])
                off = off_by(np.array(result["logits"]), expected)
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
    parser.add_argument("runs", nargs="*", metavar="RUN", help="folders of runs of joule train, or nets by name")
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
