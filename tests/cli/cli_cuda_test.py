#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule --device cuda, end to end: skipped where there is no device (the executor of tests/simt is one)."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]


def joule(*arguments):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True)


def reason():
    """Why there is no CUDA device, or None."""
    done = joule("info", "--json")
    return json.loads(done.stdout)["devices"][1].get("reason")


class Cuda(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.holder.name)
        cls.run_folder = cls.folder / "run"
        options = ["--model", "lenet5", "--data", "synthetic", "--limit", "48", "--batch", "16", "--epochs", "1"]
        cls.trained = joule("train", "--device", "cuda", *options, "--out", cls.run_folder)

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    def output(self, *arguments):
        done = joule(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
        return done.stdout

    def test_training_leaves_a_run(self):
        self.assertEqual(self.trained.returncode, 0, self.trained.stderr)
        config = json.loads((self.run_folder / "config.json").read_text())
        self.assertEqual((config["device"], config["precision"], config["graph"]), ("cuda", "f32", "auto"))
        self.assertIn("run: 0 of 3 steps were replays of a CUDA graph", self.trained.stdout)  # the third is captured

    def test_both_devices_say_the_same_of_a_net(self):
        rows = []
        for device in ("cpu", "cuda"):
            file = self.folder / f"{device}.csv"
            self.output("predict", "--model", self.run_folder, "--limit", 8, "--device", device, "--out", file)
            rows.append([line.split(",") for line in file.read_text().splitlines()[1:]])
        for cpu, cuda in zip(*rows, strict=True):
            self.assertEqual(cpu[:2], cuda[:2])
            for a, b in zip(cpu[2:], cuda[2:], strict=True):
                self.assertAlmostEqual(float(a), float(b), places=4)

    def test_work_is_counted_alike(self):
        options = ["profile", "--model", self.run_folder, "--batch", 4, "--steps", 1, "--warmup", 0, "--meter", "none"]
        reports = []
        for device in ("cpu", "cuda"):
            file = self.folder / f"{device}.json"
            self.output(*options, "--device", device, "--json", file)
            reports.append(json.loads(file.read_text())["lines"])
        counts = ("calls", "macs", "macs_skippable")
        of_device = [{(r["layer"], r["phase"], r["op"]): [r[c] for c in counts] for r in rows} for rows in reports]
        self.assertEqual(*of_device)
        self.assertTrue(all(row["implementation"].startswith("cu") for row in reports[1]))

    def test_eval_and_energy_run_there(self):
        self.assertIn("accuracy", self.output("eval", "--model", self.run_folder, "--limit", 8, "--device", "cuda"))
        options = ["--input", "28x28x1", "--classes", 10, "--batch", 2, "--relu-density", 0.5, "--device", "cuda"]
        self.assertIn("lenet5", self.output("energy", "--model", "lenet5", *options))

    def test_bench(self):
        file = self.folder / "train.json"
        options = ["--models", "lenet5", "--batch", 2, "--steps", 1, "--rounds", 1, "--device", "cuda"]
        done = joule("bench", "train", *options, "--torch-peer", "/nowhere", "--json", file)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(file.read_text())
        self.assertEqual(report["options"]["device"], "cuda")
        self.assertEqual([side["name"] for side in report["nets"][0]["sides"]], ["joule", "joule, dense"])
        self.assertGreater(report["nets"][0]["sides"][0]["peak_bytes"], 0)
        ways = {side["way"] for side in report["nets"][0]["sides"]}
        self.assertLessEqual(ways, {"as a graph", "kernel by kernel"})

    def test_an_operation_that_the_device_lacks_is_an_error(self):
        environment = {**os.environ, "JOULE_FORCE": "conv2d:cpu.direct"}
        command = [JOULE, "eval", "--model", self.run_folder, "--limit", "2", "--device", "cuda"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        self.assertEqual(done.returncode, 2)
        self.assertIn("conv2d: no implementation named cpu.direct for this on cuda", done.stderr)


if __name__ == "__main__":
    if why := reason():
        print(why)
        sys.exit(77)
    unittest.main()
