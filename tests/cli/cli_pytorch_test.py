#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule export --pytorch and joule import --pytorch: a trained net comes back with the same outputs, whatever its names became."""

import ast
import json
import os
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]


def joule(*arguments, code=0):
    done = subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


def read(path):
    """The header of a safetensors file, and its tensors as bytes."""
    data = Path(path).read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    metadata = header.pop("__metadata__", {})
    return metadata, {name: (entry, data[8 + size :][slice(*entry["data_offsets"])]) for name, entry in header.items()}


def write(path, tensors):
    """As PyTorch writes it: without metadata."""
    header, data = {}, b""
    for name, (entry, values) in tensors.items():
        header[name] = {"dtype": entry["dtype"], "shape": entry["shape"], "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


class Pytorch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.run_folder = cls.folder / "run"
        joule("train", "--data", "synthetic", "--model", "lenet5", "--limit", 200, "--batch", 20, "--epochs", 1, "--out", cls.run_folder)
        cls.said = joule("export", "--model", cls.run_folder, "--pytorch", cls.folder / "net.py")
        cls.model = cls.run_folder / "model.safetensors"
        cls.metadata, cls.tensors = read(cls.folder / "net.safetensors")
        own, _ = read(cls.model)
        cls.normalised = ["--mean", ",".join(map(str, json.loads(own["mean"]))), "--deviation",
                          ",".join(map(str, json.loads(own["deviation"])))]  # fmt: skip

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def imported(self, tensors, *options, code=0):
        write(self.folder / "weights.safetensors", tensors)
        return joule("import", "--pytorch", self.folder / "weights.safetensors", "--model", "lenet5", "--input", "28x28x1",
                     *self.normalised, "--out", self.folder / "back.safetensors", *options, code=code)  # fmt: skip

    def assert_back(self):
        _, back = read(self.folder / "back.safetensors")
        _, own = read(self.model)
        self.assertEqual({name: values for name, (_, values) in back.items()}, {name: values for name, (_, values) in own.items()})
        evaluated = [json.loads(joule("eval", "--model", model, "--data", "synthetic", "--limit", 100, "--json")) for model in
                     (self.model, self.folder / "back.safetensors")]  # fmt: skip
        self.assertEqual(evaluated[0]["test_loss"], evaluated[1]["test_loss"])

    def test_a_module_of_python_beside_its_weights(self):
        source = (self.folder / "net.py").read_text()
        module = ast.parse(source)
        self.assertIn("lenet5, written by Joule", ast.get_docstring(module))
        self.assertIn("joule.mean: ", ast.get_docstring(module))
        self.assertEqual([node.name for node in module.body if isinstance(node, ast.ClassDef)], ["Net"])
        self.assertIn("net.safetensors: its", self.said)
        self.assertEqual(self.metadata["format"], "pt")
        for name in self.tensors:
            self.assertIn(f'"{name.rsplit(".", 1)[0]}": nn.', source)

    def test_the_exported_file_itself_comes_back(self):
        joule("import", "--pytorch", self.folder / "net.safetensors", "--model", "lenet5", "--input", "28x28x1", *self.normalised,
              "--out", self.folder / "back.safetensors")  # fmt: skip
        self.assert_back()

    def test_the_same_names_come_back(self):
        self.assertIn("  name\n", self.imported(self.tensors))
        self.assert_back()

    def test_other_names_are_matched_by_shape(self):
        layers = sorted({name.rsplit(".", 1)[0] for name in self.tensors})
        renamed = {}
        for name, content in self.tensors.items():
            layer, last = name.rsplit(".", 1)
            renamed[f"module.{layers.index(layer)}.{last}"] = content
        self.assertIn("  shape\n", self.imported(renamed))
        self.assert_back()

    def test_given_names(self):
        layers = sorted({name.rsplit(".", 1)[0] for name in self.tensors})
        renamed = {("x" + name if name.startswith(layers[0] + ".") else name): content for name, content in self.tensors.items()}
        names = self.folder / "names.json"
        names.write_text(json.dumps({"x" + layers[0]: layers[0]}))
        self.assertIn("  given\n", self.imported(renamed, "--map", names))
        self.assert_back()
        names.write_text("[1]")
        self.assertIn("names.json: is no JSON object: expected", self.imported(renamed, "--map", names, code=3))

    def test_what_is_left_over_is_named(self):
        first = next(iter(self.tensors))
        extra = {**self.tensors, "ema.decay": ({"dtype": "F32", "shape": [1]}, b"\0" * 4)}
        self.assertIn("the net has nothing for ema.decay [1] of the file", self.imported(extra, code=2))
        self.assertIn("left out: ema.decay [1]\n", self.imported(extra, "--ignore-rest"))
        self.assert_back()
        fewer = {name: content for name, content in self.tensors.items() if name != first}
        self.assertIn(f"the file has nothing for {first} ", self.imported(fewer, code=2))

    def test_bad_options(self):
        for values, error in (("1,2", "--mean and --deviation: expected 1 numbers each, got 2 and 1"), ("nan", "--mean: expected a decimal number"),
                              ("1e300", "--mean: expected finite numbers")):  # fmt: skip
            self.assertIn(error, self.imported(self.tensors, "--mean", values, code=2))
        for value in "0", "-1", "1e300", "1e-300":
            self.assertIn("--deviation: expected numbers above 0", self.imported(self.tensors, f"--deviation={value}", code=2))
        self.assertIn("give --onnx F.onnx, --pytorch F.py", joule("export", "--model", self.run_folder, code=2))
        self.assertIn("expected the name of a Python file", joule("export", "--model", self.run_folder, "--pytorch", "a.pt", code=2))
        ours = self.folder / "ours.safetensors"
        ours.write_bytes(b"no")
        self.assertIn("ours.safetensors", joule("import", "--pytorch", ours, "--model", "lenet5", "--mean", 0, "--deviation", 1, "--out",
                                                self.folder / "none", code=3))  # fmt: skip


if __name__ == "__main__":
    unittest.main()
