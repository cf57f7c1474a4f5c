#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ONNX Runtime computes from what Joule writes what Joule computes, and Joule from files made here what it does.

$JOULE_BUILD/tests/onnx_peer is Joule's side.  Skipped (77) without PyPI's onnx, onnxruntime, numpy and safetensors.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import numpy as np
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper
    from safetensors.numpy import load_file, save_file
except ImportError as error:
    print(f"skipped: {error} (pip install onnx onnxruntime numpy safetensors)")
    sys.exit(77)

PEER = Path(os.environ["JOULE_BUILD"]) / "tests" / "onnx_peer"
if not PEER.exists():
    print("skipped: this Joule was built without ONNX")
    sys.exit(77)
NETS = {
    "small-cnn": (28, 1),
    "lenet5": (32, 1),
    "simple-cnn": (32, 3),
    "dense-poly": (12, 1),
    "dense-linear": (12, 1),
    "resnet18": (32, 3),
    "vgg16": (32, 3),
}


def peer(*arguments):
    done = subprocess.run([PEER, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(done.stderr)


def runtime(path, inputs):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))


class OnnxRuntime(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def compare(self, path, inputs, tolerance):
        save_file({name: np.ascontiguousarray(x) for name, x in inputs.items()}, self.folder / "in.safetensors")
        peer("run", path, self.folder / "in.safetensors", self.folder / "out.safetensors")
        ours = load_file(self.folder / "out.safetensors")
        theirs = runtime(path, inputs)
        self.assertEqual(set(ours), set(theirs))
        for name, expected in theirs.items():
            self.assertEqual(ours[name].shape, expected.shape, (path, name))
            error = np.abs(ours[name] - expected).max() / max(1, np.abs(expected).max())
            self.assertLessEqual(error, tolerance, (path, name))

    def test_every_named_net_is_the_same_there(self):
        for name, (side, channels) in NETS.items():
            path = self.folder / f"{name}.onnx"
            peer("write", name, side, channels, path)
            onnx.checker.check_model(str(path), full_check=True)
            for batch in 1, 3:
                x = np.random.default_rng(batch).normal(size=(batch, channels, side, side))
                self.compare(path, {"input": x.astype(np.float32)}, 1e-5)

    def test_every_kind_of_layer_is_the_same_there(self):
        path = self.folder / "layers.onnx"
        peer("layers", path)
        onnx.checker.check_model(str(path), full_check=True)
        x = np.random.default_rng(1).normal(size=(2, 3, 9, 8)).astype(np.float32)
        self.compare(path, {"image": x}, 1e-5)

    def test_metadata_and_free_batch(self):
        path = self.folder / "net.onnx"
        peer("write", "small-cnn", 28, 1, path)
        model = onnx.load(path)
        self.assertEqual(model.opset_import[0].version, 17)
        self.assertEqual(model.graph.input[0].type.tensor_type.shape.dim[0].dim_param, "N")
        metadata = {entry.key: entry.value for entry in model.metadata_props}
        self.assertEqual(metadata["joule.layout"], "oihw")
        self.assertIn("joule.densities", metadata)
        self.assertRegex(metadata["joule.version"], r"^\d+\.\d+\.\d+")

    def mobile_net(self):
        """Inverted residuals: expansion, depthwise with stride and padding, projection, ReLU6, squeeze and excitation."""
        random = np.random.default_rng(5)
        nodes, tensors = [], []

        def constant(name, values):
            tensors.append(numpy_helper.from_array(np.asarray(values, dtype=np.float32), name))
            return name

        def conv(x, name, channels_in, channels_out, kernel, **attributes):
            groups = attributes.get("group", 1)
            shape = (channels_out, channels_in // groups, kernel, kernel)
            weight = random.normal(size=shape) * (2 / np.prod(shape[1:])) ** 0.5
            nodes.append(helper.make_node("Conv", [x, constant(f"{name}.weight", weight)], [name], **attributes))
            return norm(name, channels_out)

        def norm(x, channels):
            values = [random.uniform(0.5, 1.5, channels) for _ in range(4)]
            names = [constant(f"{x}.norm.{i}", v) for i, v in enumerate(values)]
            nodes.append(helper.make_node("BatchNormalization", [x, *names], [f"{x}.normed"], epsilon=1e-3))
            return f"{x}.normed"

        def relu6(x):
            nodes.append(helper.make_node("Clip", [x, "zero", "six"], [f"{x}.relu6"]))
            return f"{x}.relu6"

        constant("zero", 0.0), constant("six", 6.0)
        x = relu6(conv("image", "stem", 3, 8, 3, strides=[2, 2], pads=[0, 0, 1, 1]))
        y = relu6(conv(x, "expand", 8, 16, 1))
        y = relu6(conv(y, "depthwise", 16, 16, 3, pads=[1, 1, 1, 1], group=16))
        nodes.append(helper.make_node("GlobalAveragePool", [y], ["squeezed"]))
        gate = conv("squeezed", "excite", 16, 16, 1)
        nodes.append(helper.make_node("Sigmoid", [gate], ["gate"]))
        nodes.append(helper.make_node("Mul", [y, "gate"], ["gated"]))
        y = conv("gated", "project", 16, 8, 1)
        nodes.append(helper.make_node("Add", [x, y], ["block"]))
        nodes.append(helper.make_node("ReduceMean", ["block"], ["mean"], axes=[2, 3], keepdims=0))
        weight = constant("head.weight", random.normal(size=(10, 8)))
        nodes.append(helper.make_node("Gemm", ["mean", weight, constant("head.bias", range(10))], ["y"], transB=1))
        graph = helper.make_graph(
            nodes,
            "mobile",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, 16, 16])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 10])],
            tensors,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        return model

    def test_a_mobile_net(self):
        path = self.folder / "mobile.onnx"
        onnx.save(self.mobile_net(), path)
        x = np.random.default_rng(2).normal(size=(2, 3, 16, 16)).astype(np.float32)
        self.compare(path, {"image": x}, 1e-4)

    def test_weights_in_another_file(self):
        path = self.folder / "mobile.onnx"
        onnx.save(self.mobile_net(), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
        x = np.random.default_rng(2).normal(size=(2, 3, 16, 16)).astype(np.float32)
        self.compare(path, {"image": x}, 1e-4)


if __name__ == "__main__":
    unittest.main()
