#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule train, killed, interrupted and repeated: the files must be those of an undisturbed run."""

import json
import os
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]
# 20 steps an epoch, a fraction of a second when the machine is idle.
RUN = ["--data", "synthetic", "--model", "lenet5", "--limit", "400", "--batch", "20", "--epochs", "3",
       "--augment", "crop-flip", "--l0-lambda", "0.1", "--l0-warmup", "1.5", "--threads", "1"]  # fmt: skip
TIMES = ("seconds", "images_per_second")


def joule(*arguments, **options):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True, **options)


def metrics(folder):
    """The lines of metrics.jsonl without what depends on the clock."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key not in TIMES} for line in lines]


def learned(folder):
    """What a run came to, byte for byte."""
    summary = json.loads((folder / "summary.json").read_text())
    work = summary["training"]["work"]
    return ((folder / "model.safetensors").read_bytes(), metrics(folder), summary["test_loss"], work)


class Train(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.reference = cls.folder / "reference"
        done = joule("train", *RUN, "--out", cls.reference)
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def assert_same_run(self, folder):
        self.assertEqual(learned(folder), learned(self.reference))

    def start(self, out, *more):
        return subprocess.Popen([JOULE, "train", *RUN, "--out", str(out), *more], stderr=subprocess.PIPE, text=True)

    def wait_for(self, process, condition):
        while process.poll() is None and not condition():
            time.sleep(0.001)

    def resume(self, out):
        done = joule("train", *RUN, "--out", out, "--resume")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_files(self):
        names = sorted(path.name for path in self.reference.iterdir())
        self.assertEqual(
            names, ["checkpoint.safetensors", "config.json", "metrics.jsonl", "model.safetensors", "summary.json"]
        )
        config = json.loads((self.reference / "config.json").read_text())
        self.assertEqual((config["model"], config["l0_lambda"], config["epochs"]), ("lenet5", 0.1, 3))
        lines = metrics(self.reference)
        self.assertEqual([line["epoch"] for line in lines], [1, 2, 3])
        self.assertLess(lines[2]["train_loss"], lines[0]["train_loss"])
        self.assertGreater(lines[2]["l0_penalty"], 0)
        summary = json.loads((self.reference / "summary.json").read_text())
        self.assertEqual(summary["parameters"], 61706)
        self.assertEqual(summary["test_accuracy"], lines[2]["test_accuracy"])
        self.assertEqual(list(summary["relu_density"]), ["relu1", "relu2", "relu3", "relu4"])
        inference = summary["inference"]
        # Of the 28 * 5 taps along an axis of conv1, 2 + 1 at either end are in the padding.
        macs = 6 * (28 * 5 - 6) ** 2 + 16 * 6 * 25 * 100 + 400 * 120 + 120 * 84 + 84 * 10
        self.assertEqual(inference["work"]["macs"], macs * inference["images"])
        energy = inference["modelled_energy"]["horowitz45"]
        self.assertEqual(energy["none"]["quality"], "modelled")
        self.assertLess(energy["ideal"]["value"], energy["none"]["value"])

    def test_same_bits_again(self):
        again = self.folder / "again"
        self.assertEqual(joule("train", *RUN, "--out", again).returncode, 0)
        self.assert_same_run(again)

    def test_killed_at_any_moment(self):
        moments = {
            "config": lambda out: (out / "config.json").exists(),
            "first epoch": lambda out: (out / "checkpoint.safetensors").exists(),
            "second epoch": lambda out: (out / "metrics.jsonl").exists() and len(metrics(out)) == 2,
            "writing": lambda out: any(out.glob("*.tmp")),
            "end": lambda out: (out / "model.safetensors").exists(),
        }
        for name, condition in moments.items():
            with self.subTest(name):
                out = self.folder / f"killed at {name}"
                process = self.start(out)
                self.wait_for(process, lambda: condition(out))
                process.send_signal(signal.SIGKILL)
                process.communicate()
                self.resume(out)
                self.assert_same_run(out)

    def test_killed_again_and_again(self):
        out = self.folder / "often"
        for delay in (0.02, 0.1, 0.05, 0.2, 0.15):
            process = self.start(out, "--resume")
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        self.resume(out)
        self.assert_same_run(out)

    def test_torn_metrics_are_mended(self):
        out = self.folder / "torn"
        process = self.start(out)
        self.wait_for(process, lambda: (out / "checkpoint.safetensors").exists())
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with open(out / "metrics.jsonl", "a") as file:
            file.write('{"epoch":2,"train_lo')
        self.resume(out)
        self.assert_same_run(out)

    def test_interrupted(self):
        out = self.folder / "interrupted"
        process = self.start(out)
        self.assertIn("step", process.stderr.readline())  # in the midst of the first epoch
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
        self.assertEqual(process.returncode, 130)
        self.assertIn(f"joule: interrupted; saved {out}/checkpoint.safetensors", errors)
        self.assertFalse((out / "model.safetensors").exists())
        self.assertEqual(joule("train", "--out", out, "--resume").returncode, 0)
        self.assert_same_run(out)

    def test_deterministic_for_any_number_of_threads(self):
        models = []
        for threads in (1, 2):
            out = self.folder / f"{threads} threads"
            done = joule("train", *RUN, "--deterministic", "--threads", threads, "--out", out)
            self.assertEqual(done.returncode, 0, done.stderr)
            models.append(learned(out)[:3])
        self.assertEqual(models[0], models[1])

    def test_an_existing_run_is_not_overwritten(self):
        out = self.folder / "existing"
        quick = ["train", *RUN[:4], "--epochs", "1", "--limit", "40", "--out", out]
        self.assertEqual(joule(*quick).returncode, 0)
        before = (out / "model.safetensors").read_bytes()
        refused = joule(*quick)
        self.assertEqual(refused.returncode, 2)
        self.assertEqual(
            refused.stderr, f"joule: {out}: holds a run already; --resume continues it, --overwrite starts anew\n"
        )
        other = joule("train", "--out", out, "--resume", "--lr", "0.2")
        self.assertEqual(other.returncode, 2)
        self.assertEqual(other.stderr, f"joule: {out}: this run was started otherwise: lr is 0.05, got 0.2\n")
        self.assertEqual((out / "model.safetensors").read_bytes(), before)
        self.assertEqual(joule(*quick, "--seed", "2", "--overwrite").returncode, 0)
        self.assertNotEqual((out / "model.safetensors").read_bytes(), before)


if __name__ == "__main__":
    unittest.main()
