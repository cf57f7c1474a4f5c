#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Nets that people have, as PyTorch exports them: Joule computes from the ONNX files what ONNX Runtime does.

$JOULE_BUILD/tests/onnx_peer is Joule's side.  Skipped (77) without PyPI's torch, torchvision, onnx, onnxscript,
onnxruntime and safetensors, which `make test` does not install: PyTorch takes gigabytes.
  JOULE_BUILD=$PWD/build/release PYTHON -B tests/exchange/onnx_torchvision_test.py
"""

import os
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

try:
    import numpy as np
    import onnxruntime
    import onnxscript  # noqa: F401: of PyTorch's exporter
    import torch
    import torchvision
    from safetensors.numpy import load_file, save_file
except ImportError as error:
    print(f"skipped: {error} (pip install torch torchvision onnx onnxscript onnxruntime safetensors)")
    sys.exit(77)

PEER = Path(os.environ["JOULE_BUILD"]) / "tests" / "onnx_peer"
if not PEER.exists():
    print("skipped: this Joule was built without ONNX")
    sys.exit(77)
warnings.filterwarnings("ignore")


def lenet():
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10),
    )  # fmt: skip


# name: net, shape of an image
NETS = {
    "LeNet": (lenet, (1, 28, 28)),
    "ResNet18": (torchvision.models.resnet18, (3, 96, 96)),
    "MobileNetV2": (torchvision.models.mobilenet_v2, (3, 96, 96)),
    "EfficientNet-B0": (torchvision.models.efficientnet_b0, (3, 96, 96)),
    "VGG16": (torchvision.models.vgg16, (3, 224, 224)),  # at other sizes its adaptive pooling is not one of ONNX's
}
# PyTorch's two exporters write different graphs: (opset, whether it is the one by torch.export).
EXPORTERS = ((13, False), (18, True))


def randomise(net, generator):
    """Statistics as of a net that was trained: fresh ones would leave batch norm without work."""
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor, (low, high) in ((module.running_var, (0.5, 2)), (module.running_mean, (-0.3, 0.3)), (module.weight, (0.5, 1.5))):
                tensor.data.uniform_(low, high, generator=generator)


class OnnxTorchvision(unittest.TestCase):
    def check(self, make, shape, opset, dynamo):
        generator = torch.Generator().manual_seed(1)
        torch.manual_seed(1)
        net = make().eval()
        randomise(net, generator)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            file = folder / "net.onnx"
            free = {"dynamic_shapes": ({0: torch.export.Dim("n")},)} if dynamo else {"dynamic_axes": {"image": {0: "n"}, "logits": {0: "n"}}}
            torch.onnx.export(net, (torch.randn(2, *shape),), file, input_names=["image"], output_names=["logits"], opset_version=opset,
                              dynamo=dynamo, verbose=False, **free)  # fmt: skip
            images = torch.randn(3, *shape, generator=generator).numpy()
            save_file({"image": images}, folder / "in.safetensors")
            done = subprocess.run([PEER, "run", file, folder / "in.safetensors", folder / "out.safetensors"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            ours = load_file(folder / "out.safetensors")["logits"]
            session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
            (theirs,) = session.run(None, {"image": images})
            with torch.inference_mode():
                truth = net(torch.from_numpy(images)).numpy()
        self.assertGreater(np.abs(truth).max(), 1e-3, "a net that says nothing would prove nothing")
        for other in theirs, truth:
            self.assertEqual(ours.shape, other.shape)
            self.assertLessEqual(np.abs(ours - other).max(), 1e-4 * np.abs(other).max())


for _name, (_make, _shape) in NETS.items():
    for _opset, _dynamo in EXPORTERS:

        def test(self, make=_make, shape=_shape, opset=_opset, dynamo=_dynamo):
            self.check(make, shape, opset, dynamo)

        setattr(OnnxTorchvision, f"test_{_name}_of_{'torch.export' if _dynamo else 'tracing'}", test)


if __name__ == "__main__":
    unittest.main()
