#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The modules that Joule writes for PyTorch are Python, load their weights with strict=True, and compute what Joule computes.

$JOULE_BUILD/tests/pytorch_peer is Joule's side. Without PyPI's torch, numpy and safetensors only their syntax is checked.
"""

import ast
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

try:
    import torch
    from safetensors.torch import load_file
except ImportError as error:
    torch, missing = None, f"{error} (pip install torch numpy safetensors)"

PEER = Path(os.environ["JOULE_BUILD"]) / "tests" / "pytorch_peer"
NETS = {"small-cnn": (28, 1), "lenet5": (32, 1), "simple-cnn": (32, 3), "dense-poly": (12, 1), "resnet18": (32, 3), "vgg16": (32, 3),
        "resnet8": (32, 3), "mobilenet-v1-0.25": (96, 3)}  # fmt: skip


class PytorchExport(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def written(self, *arguments):
        done = subprocess.run([PEER, *map(str, arguments), self.folder], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        source = (self.folder / "net.py").read_text()
        self.assertIn('note: a"b', ast.get_docstring(ast.parse(source)))
        return source

    def compare(self, source):
        names = {}
        exec(compile(source, "net.py", "exec"), names)
        net = names["Net"]()
        net.load_state_dict(load_file(self.folder / "net.safetensors"), strict=True)
        net.eval()
        first = lambda x: x.permute(0, 3, 1, 2) if x.dim() == 4 else x  # noqa: E731  (as PyTorch has images)
        inputs = [first(x) for x in load_file(self.folder / "in.safetensors").values()]
        expected = load_file(self.folder / "out.safetensors")
        with torch.no_grad():
            outputs = net(*inputs)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        names = source.rsplit("return ", 1)[1].strip().split(", ")
        self.assertEqual(set(names), set(expected))
        for name, output in zip(names, outputs):
            right = first(expected[name])
            self.assertEqual(output.shape, right.shape, name)
            error = (output - right).abs().max() / max(1.0, float(right.abs().max()))
            self.assertLessEqual(float(error), 1e-5, name)

    def test_every_named_net(self):
        for name, (side, channels) in NETS.items():
            with self.subTest(name):
                source = self.written(name, side, channels)
                if torch:
                    self.compare(source)

    def test_every_kind_of_layer(self):
        source = self.written("layers")
        if torch:
            self.compare(source)

    def test_values(self):
        if not torch:
            self.skipTest(missing)


if __name__ == "__main__":
    unittest.main()
