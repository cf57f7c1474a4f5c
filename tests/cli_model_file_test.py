#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""model.safetensors as the outside world reads it: a LeNet-5 computed here from the file alone, images
channel first and weights [out, in, kh, kw] as PyTorch has them, gives the logits of joule predict."""

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


class ModelFile(unittest.TestCase):
    def test_the_outside_world_computes_the_same(self):
        generator = random.Random(1)
        labels = [i % 10 for i in range(IMAGES)]
        images = [[generator.randrange(256) for _ in range(SIDE * SIDE)] for _ in labels]
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            data = folder / "noise"
            data.mkdir()
            for half in ("train", "t10k"):
                write_idx(data, half, images, labels)
            out, predictions = folder / "run", folder / "p.csv"
            train = [JOULE, "train", "--data", data, "--model", "lenet5", "--batch", "10", "--out", out]
            subprocess.run(train, check=True, capture_output=True)
            predict = [JOULE, "predict", "--model", out, "--limit", str(CHECKED), "--out", predictions]
            subprocess.run(predict, check=True, capture_output=True)
            tensors, metadata = read_model(out / "model.safetensors")
            with predictions.open() as file:
                rows = list(csv.DictReader(file))
        self.assertEqual((metadata["format"], metadata["model"], metadata["image"]), ("pt", "lenet5", "28x28"))
        (mean,), (deviation,) = json.loads(metadata["mean"]), json.loads(metadata["deviation"])
        self.assertEqual(len(rows), CHECKED)
        for row, image in zip(rows, images):
            pixels = [(value / 255 - mean) / deviation for value in image]
            expected = lenet5(tensors, [pixels[y * SIDE : (y + 1) * SIDE] for y in range(SIDE)])
            for k, value in enumerate(expected):
                # Sums of at most 400 products in float32, of values of the order of 1.
                self.assertAlmostEqual(float(row[f"logit{k}"]), value, delta=1e-4)


if __name__ == "__main__":
    unittest.main()
