#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule train --config FILE: any of the options by the names of config.json; the command line counts for more."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]
QUICK = {"data": "synthetic", "model": "lenet5", "limit": 40, "epochs": 1, "batch": 20, "threads": 1}


def joule(*arguments):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True)


class Config(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        self.out = self.folder / "run"
        self.addCleanup(self.temporary.cleanup)

    def train(self, fields, *arguments, out=None):
        """joule train with these fields in the file."""
        file = self.folder / "fields.json"
        file.write_text(fields if isinstance(fields, str) else json.dumps(fields))
        return joule("train", "--config", file, "--idle", 0, "--meter", "none", "--out", out or self.out, *arguments)

    def config(self, out=None):
        return json.loads(((out or self.out) / "config.json").read_text())

    def assert_trains(self, *arguments, **options):
        done = self.train(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)

    def assert_refused(self, code, text, fields, *arguments):
        done = self.train(fields, *arguments)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertEqual(done.stderr, f"joule: {text}\n")
        self.assertFalse(self.out.exists())

    def test_the_command_line_counts_for_more(self):
        self.assert_trains({**QUICK, "lr": 0.25, "seed": 2**64 - 1, "deterministic": True}, "--lr", 0.125, "--batch", 10)
        config = self.config()
        asked = {**QUICK, "lr": 0.125, "batch": 10, "seed": 2**64 - 1, "deterministic": True}
        self.assertEqual({name: config[name] for name in asked}, asked)
        self.assertEqual((config["optimizer"], config["momentum"]), ("sgd", 0.9))  # neither says so: the defaults

    def test_the_configuration_of_a_run_makes_the_same_run(self):
        self.assert_trains(QUICK)
        again = self.folder / "again"
        self.assert_trains((self.out / "config.json").read_text(), out=again)
        for name in ("config.json", "model.safetensors"):
            self.assertEqual((again / name).read_bytes(), (self.out / name).read_bytes())

    def test_the_learning_rate_of_adam_unless_one_is_said(self):
        for number, (fields, arguments, lr) in enumerate((
            ({"optimizer": "adam"}, (), 0.001), ({"optimizer": "adam", "lr": 0.02}, (), 0.02),
            ({"lr": 0.02}, ("--optimizer", "adam"), 0.02), ({}, ("--optimizer", "adam", "--lr", 0.03), 0.03),
        )):  # fmt: skip
            out = self.folder / str(number)
            self.assert_trains({**QUICK, **fields}, *arguments, out=out)
            self.assertEqual(self.config(out)["lr"], lr)

    def test_resuming_goes_by_file_and_command_line(self):
        self.assert_trains(QUICK)
        same = self.train({"batch": 20}, "--resume")
        self.assertEqual(same.returncode, 0, same.stderr)
        other = self.train({"batch": 10}, "--resume")
        self.assertEqual((other.returncode, other.stderr),
                         (2, f"joule: {self.out}: this run was started otherwise: batch is 20, got 10\n"))  # fmt: skip

    def test_what_is_refused(self):
        file = self.folder / "fields.json"
        self.assert_refused(3, f"{file}: there is no 'epoch'; did you mean 'epochs'?", {**QUICK, "epoch": 3})
        self.assert_refused(3, f"{file}: there is no 'l0-lambda'; did you mean 'l0_lambda'?", {"l0-lambda": 3})
        self.assert_refused(3, f"{file}: 'epochs' cannot be \"3\"", {"epochs": "3"})
        self.assert_refused(3, f"{file}: 'epochs' cannot be 2.5", {"epochs": 2.5})
        self.assert_refused(3, f"{file}: lr: must be positive, got -1", {"lr": -1})
        self.assert_refused(3, f"{file}: the member \"lr\" is there twice", '{"lr": 1, "lr": 2}')
        self.assert_refused(3, f"{file}: expected a JSON object", "[]")
        self.assert_refused(2, "warmup: the one-cycle schedule has a warm-up of its own, got 1", {**QUICK, "warmup": 1})
        done = joule("train", "--config", self.folder / "nowhere.json", "--out", self.out)
        self.assertEqual(done.returncode, 3)
        self.assertIn("nowhere.json", done.stderr)


if __name__ == "__main__":
    unittest.main()
