#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""model.safetensors as the outside world reads it: a LeNet-5 computed here from the file alone, images
channel first and weights [out, in, kh, kw] as PyTorch has them, gives the logits of joule predict; so
does a program in C++ that loads the file, and the joule program takes what that program saves.
$JOULE_BUILD/tests/safetensors_peer is that program."""

import csv
import json
import os
import random
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]
PEER = Path(os.environ["JOULE_BUILD"]) / "tests" / "safetensors_peer"
SIDE, IMAGES, CHECKED = 28, 40, 3


def write_idx(folder, half, images, labels):
    header = struct.pack(">4i", 0x803, len(images), SIDE, SIDE)
    (folder / f"{half}-images-idx3-ubyte").write_bytes(header + b"".join(map(bytes, images)))
    (folder / f"{half}-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 0x801, len(labels)) + bytes(labels))


def read_model(path):
    """({name: (shape, floats)}, metadata)"""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = (entry["shape"], struct.unpack(f"<{(end - begin) // 4}f", body[begin:end]))
    return tensors, metadata


def convolve(planes, weight, bias, padding):
    (outputs, inputs, kh, kw), values = weight
    assert inputs == len(planes)
    side = len(planes[0])
    out_side = side + 2 * padding - kh + 1
    result = []
    for o in range(outputs):
        plane = [[bias[1][o]] * out_side for _ in range(out_side)]
        for i in range(inputs):
            for r in range(kh):
                for s in range(kw):
                    w = values[((o * inputs + i) * kh + r) * kw + s]
                    for p in range(max(0, padding - r), min(out_side, side + padding - r)):
                        row = planes[i][p + r - padding]
                        for q in range(max(0, padding - s), min(out_side, side + padding - s)):
                            plane[p][q] += w * row[q + s - padding]
        result.append([[max(value, 0) for value in row] for row in plane])
    return result


def pool(planes):
    half = range(len(planes[0]) // 2)
    return [[[(p[2 * y][2 * x] + p[2 * y][2 * x + 1] + p[2 * y + 1][2 * x] + p[2 * y + 1][2 * x + 1]) / 4
              for x in half] for y in half] for p in planes]  # fmt: skip


def linear(x, weight, bias):
    (outputs, inputs), values = weight
    assert inputs == len(x)
    return [bias[1][o] + sum(w * v for w, v in zip(values[o * inputs :], x)) for o in range(outputs)]


def relu(x):
    return [max(value, 0) for value in x]


def lenet5(tensors, plane):
    def of(layer):
        return tensors[f"{layer}.weight"], tensors[f"{layer}.bias"]

    planes = pool(convolve([plane], *of("conv1"), padding=2))
    planes = pool(convolve(planes, *of("conv2"), padding=0))
    flat = [value for channel in planes for row in channel for value in row]  # channel first
    return linear(relu(linear(relu(linear(flat, *of("linear1"))), *of("linear2"))), *of("linear3"))


def change(path, out, edit):
    """The file again, with edit(header) done to its header; the tensors keep their bytes."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    edit(header)
    text = json.dumps(header).encode()
    out.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])


class ModelFile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        generator = random.Random(1)
        labels = [i % 10 for i in range(IMAGES)]
        cls.images = [[generator.randrange(256) for _ in range(SIDE * SIDE)] for _ in labels]
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = Path(temporary.name)
        data = cls.folder / "noise"
        data.mkdir()
        for half in ("train", "t10k"):
            write_idx(data, half, cls.images, labels)
        out = cls.folder / "run"
        train = [JOULE, "train", "--data", data, "--model", "lenet5", "--batch", "10", "--out", out]
        subprocess.run(train, check=True, capture_output=True)
        cls.model = out / "model.safetensors"
        cls.rows = cls.predicted(out)

    @classmethod
    def predicted(cls, model):
        """The logits by joule predict."""
        out = cls.folder / "p.csv"
        predict = [JOULE, "predict", "--model", model, "--limit", str(CHECKED), "--out", out]
        subprocess.run(predict, check=True, capture_output=True)
        with out.open() as file:
            return [[float(row[f"logit{k}"]) for k in range(10)] for row in csv.DictReader(file)]

    def peer(self, verb, path):
        return subprocess.run([PEER, verb, path], capture_output=True, text=True)

    def check_logits(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [[float(value) for value in line.split()] for line in done.stdout.splitlines()]
        self.check_rows(rows)

    def check_rows(self, rows):
        self.assertEqual(len(rows), CHECKED)
        for row, expected in zip(rows, self.rows):
            for value, logit in zip(row, expected, strict=True):
                # The same net; batches of another size may sum in another order.
                self.assertAlmostEqual(value, logit, delta=1e-5)

    def test_the_outside_world_computes_the_same(self):
        tensors, metadata = read_model(self.model)
        self.assertEqual((metadata["format"], metadata["model"], metadata["image"]), ("pt", "lenet5", "28x28"))
        self.assertEqual(metadata["joule.layout"], "oihw")
        self.assertEqual(json.loads(metadata["joule.flattened"]), {"linear1": [5, 5, 16]})
        (mean,), (deviation,) = json.loads(metadata["mean"]), json.loads(metadata["deviation"])
        self.assertEqual(len(self.rows), CHECKED)
        for row, image in zip(self.rows, self.images):
            pixels = [(value / 255 - mean) / deviation for value in image]
            expected = lenet5(tensors, [pixels[y * SIDE : (y + 1) * SIDE] for y in range(SIDE)])
            for k, value in enumerate(expected):
                # Sums of at most 400 products in float32, of values of the order of 1.
                self.assertAlmostEqual(row[k], value, delta=1e-4)

    def test_a_program_in_cpp_loads_it(self):
        self.check_logits(self.peer("logits", self.model))

    def test_what_a_program_in_cpp_saves_is_evaluated(self):
        done = self.peer("resave", self.model)
        self.assertEqual(done.returncode, 0, done.stderr)
        saved = Path(f"{self.model}.model")
        self.assertEqual(saved.read_bytes(), self.model.read_bytes())
        own_layout = Path(f"{self.model}.ohwi")
        self.assertNotEqual(own_layout.read_bytes(), self.model.read_bytes())
        for path in (saved, own_layout):
            self.check_rows(self.predicted(path))
            self.check_logits(self.peer("logits", path))

    def test_a_file_that_does_not_state_its_layout(self):
        def forget(*keys):
            def edit(header):
                for key in keys:
                    del header["__metadata__"][key]

            path = self.folder / "changed.safetensors"
            change(self.model, path, edit)
            return path

        # Of an earlier Joule: the program knows the net, a program in C++ must say where it flattens.
        path = forget("joule.layout", "joule.flattened")
        self.check_rows(self.predicted(path))
        self.assertIn("could read a flattened image", self.peer("logits", path).stderr)
        self.check_logits(self.peer("foreign", path))
        # Of PyTorch: it could be either.
        path = forget("joule.layout", "joule.flattened", "joule")
        done = self.peer("logits", path)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("does not state its layout, and 'conv1.weight' [6,1,5,5] could be", done.stderr)
        self.check_logits(self.peer("foreign", path))

    def test_a_file_that_states_another_net_is_refused(self):
        path = self.folder / "changed.safetensors"
        change(self.model, path, lambda header: header["__metadata__"].update({"joule.flattened": "{}"}))
        done = subprocess.run([JOULE, "eval", "--model", path], capture_output=True, text=True)
        self.assertEqual(done.returncode, 3)
        self.assertIn('states the flattened inputs {}, the net {"linear1":[5,5,16]}', done.stderr)


if __name__ == "__main__":
    unittest.main()
