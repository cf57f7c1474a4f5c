#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A net that Joule trained is written as ONNX and read again by every command that takes a trained net; one from
elsewhere says what is missing."""

import csv
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


def field(number, payload):
    """A field of protobuf: a message or a text, or a whole number."""
    if isinstance(payload, int):
        return varint(number << 3) + varint(payload)
    payload = payload.encode() if isinstance(payload, str) else payload
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def value_info(name, dims):
    shape = b"".join(field(1, field(1, d) if d else field(2, "N")) for d in dims)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def classifier(op="Flatten"):
    """[N,1,4,4] -> flatten -> 3 classes: the sums of the upper half, of the lower half, and of nothing."""
    weights = [1.0] * 8 + [0.0] * 8 + [0.0] * 8 + [1.0] * 8 + [0.0] * 16
    tensor = field(1, 3) + field(1, 16) + field(2, 1) + field(8, "fc.weight") + field(9, struct.pack("<48f", *weights))
    transposed = field(5, field(1, "transB") + field(3, 1) + field(20, 2))
    flatten = field(1, "x") + field(2, "f") + field(4, op)
    gemm = field(1, "f") + field(1, "fc.weight") + field(2, "y") + field(4, "Gemm") + transposed
    graph = field(1, flatten) + field(1, gemm) + field(5, tensor)
    graph += field(11, value_info("x", [0, 1, 4, 4])) + field(12, value_info("y", [0, 3]))
    return field(1, 8) + field(8, field(1, "") + field(2, 17)) + field(7, graph)


class CliOnnx(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.kept.name)
        cls.foreign = cls.folder / "foreign.onnx"
        cls.foreign.write_bytes(classifier())
        if "built without ONNX" in subprocess.run(
            [JOULE, "summary", "--net", cls.foreign], capture_output=True, text=True
        ).stderr:  # fmt: skip
            raise unittest.SkipTest("this Joule was built without ONNX")
        cls.run_folder = cls.folder / "run"
        joule("train", "--model", "lenet5", "--data", "synthetic", "--epochs", 1, "--limit", 64,
              "--meter", "none", "--threads", 1, "--out", cls.run_folder)  # fmt: skip
        cls.onnx = cls.folder / "net.onnx"
        cls.said = joule("export", "--model", cls.run_folder, "--onnx", cls.onnx)

    @classmethod
    def tearDownClass(cls):
        cls.kept.cleanup()

    def test_export_says_what_it_wrote(self):
        self.assertIn("lenet5 with", self.said)
        self.assertIn("ONNX operator set 17", self.said)

    def test_eval_and_predict_say_the_same_as_of_the_run(self):
        ours = json.loads(joule("eval", "--model", self.run_folder, "--json"))
        theirs = json.loads(joule("eval", self.onnx, "--json"))
        self.assertEqual(theirs["test_accuracy"], ours["test_accuracy"])
        self.assertAlmostEqual(theirs["test_loss"], ours["test_loss"], places=5)
        rows = []
        for model in self.run_folder, self.onnx:
            out = self.folder / "p.csv"
            joule("predict", "--model", model, "--limit", 20, "--out", out)
            rows.append(list(csv.reader(out.read_text().splitlines())))
        self.assertEqual(rows[0][0], rows[1][0])
        for ours, theirs in zip(rows[0][1:], rows[1][1:]):
            self.assertEqual(ours[:2], theirs[:2])
            for a, b in zip(ours[2:], theirs[2:]):
                self.assertAlmostEqual(float(a), float(b), places=4)

    def test_profile_of_a_net_from_elsewhere(self):
        profile = json.loads(joule("profile", self.foreign, "--batch", 2, "--steps", 1, "--warmup", 0, "--idle", 0,
                                   "--meter", "none", "--json", "-"))  # fmt: skip
        self.assertEqual(profile["model"], "foreign.onnx")
        self.assertIn("fc", json.dumps(profile))

    def test_energy_tune_and_bench_read_it(self):
        energy = json.loads(joule("energy", self.foreign, "--relu-density", 0.5, "--batch", 2, "--json"))
        self.assertIn("foreign.onnx", json.dumps(energy))
        bench = self.folder / "bench.json"
        joule("bench", "infer", "--weights", self.foreign, "--batch", 2, "--steps", 1, "--rounds", 1,
              "--json", bench)  # fmt: skip
        self.assertIn("foreign.onnx", bench.read_text())

    def test_summary_and_the_net_as_data(self):
        summary = json.loads(joule("summary", self.foreign, "--json", "--save-net", self.folder / "net.json"))
        self.assertEqual(summary["input"], [4, 4, 1])
        self.assertEqual(summary["macs"], 48)
        self.assertEqual([layer["layer"] for layer in summary["layers"]], ["f", "fc"])
        self.assertEqual(json.loads((self.folder / "net.json").read_text())["nodes"][1]["kind"], "Linear")

    def test_what_a_file_does_not_say_is_asked_for(self):
        self.assertEqual(
            joule("eval", "--model", self.foreign, code=2),
            f"joule: {self.foreign} does not say what it was trained on: give --data\n",
        )
        self.assertIn("say --mean and --deviation", joule("eval", self.foreign, "--data", "synthetic", code=2))
        self.assertIn(
            "--mean and --deviation: expected 1 numbers each, got 2 and 1",
            joule("eval", self.foreign, "--data", "synthetic", "--mean", "0,1", "--deviation", "1", code=2),
        )
        self.assertIn(
            "says itself how its images are normalised",
            joule("eval", self.onnx, "--mean", "0", "--deviation", "1", code=2),
        )

    def test_files_that_are_not_read(self):
        bad = self.folder / "bad.onnx"
        bad.write_bytes(classifier("Flattn"))
        self.assertEqual(
            joule("profile", bad, code=3),
            f"joule: {bad}: node 'f', Flattn: the operator 'Flattn' is not read; did you mean 'Flatten'?\n",
        )
        bad.write_bytes(self.foreign.read_bytes()[:-20])
        self.assertIn("not a file of ONNX", joule("summary", "--net", bad, code=3))
        self.assertIn("cannot be opened", joule("summary", "--net", self.folder / "none.onnx", code=3))


if __name__ == "__main__":
    unittest.main()
