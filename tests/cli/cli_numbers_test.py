#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a user may write for a number: every option of every sub-command is walked."""

import json
import os
import re
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

JOULE = os.environ["JOULE"]
COMMANDS = ("train", "eval", "predict", "summary", "energy", "info", "demo", "meter", "profile", "tune", "compare", "evolve draw",
            "bench conv", "bench train", "bench infer", "bench side")  # fmt: skip
# A line of --help, such as "  --batch INT=32  Images"; of those with a name of their own what they hold.
OPTION = re.compile(r"^  (?:-\w,)?(--[\w-]+) (\S+)", re.MULTILINE)
OWN_NAMES = {"--relu-density": "FLOAT"}
NO_NUMBER = ("", " ", " 1", "1 ", "1x", "+1", "0x10", "0b1", "1e999", "99999999999999999999", "nan", "inf", "-", "1,", "1;2")
NO_WHOLE_NUMBER = ("1.0", "1e3", "-9223372036854775809")


def joule(*arguments, **options):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True, **options)


def options_of(command):
    """(name, INT, UINT, FLOAT or TEXT) of each option that takes a value."""
    for name, shown in OPTION.findall(joule(*command.split(), "--help").stdout):
        if shown in ("Excludes:", "Needs:"):
            continue  # a flag
        kind = OWN_NAMES.get(name) or re.match(r"[A-Z]*", shown)[0]
        yield name, kind if kind in ("INT", "UINT", "FLOAT") else "TEXT"


class Numbers(unittest.TestCase):
    def assert_all_refused(self, attempts):
        """Each (command, option, value): one line that names option and value, exit code 2."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(lambda a: joule(*a[0].split(), f"{a[1]}", a[2]), attempts))
        for (command, option, value), done in zip(attempts, results):
            with self.subTest(command=command, option=option, value=value):
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertRegex(done.stderr, rf"\Ajoule: {option}: expected [^\n]+\n\Z")
                self.assertIn(f"got '{value}'" if "," not in value else "got '", done.stderr)

    def test_every_option_refuses_what_is_no_number(self):
        kinds = {(command, *option) for command in COMMANDS for option in options_of(command)}
        numbers = sorted(option for option in kinds if option[2] != "TEXT")
        self.assertGreater(len(numbers), 70)
        # The same options mean the same in several commands: each meets every value somewhere, and everywhere some.
        met = set()
        attempts = []
        for command, name, kind in numbers:
            values = NO_NUMBER + (NO_WHOLE_NUMBER if kind != "FLOAT" else ()) + (("-1",) if kind == "UINT" else ())
            few = ("", "0x10", "99999999999999999999" if kind != "FLOAT" else "1e999")
            if kind == "FLOAT":
                values = tuple(value for value in values if value != "99999999999999999999")
            attempts += [(command, name, value) for value in (few if name in met else values)]
            met.add(name)
        self.assert_all_refused(attempts)

    def test_no_option_takes_an_empty_text(self):
        texts = [(command, name, "") for command in COMMANDS for name, kind in options_of(command) if kind == "TEXT"]
        self.assertGreater(len(texts), 40)
        self.assert_all_refused(texts)

    def test_the_message_says_the_range(self):
        for option, value, text in (
            ("--seed", "-1", "--seed: expected a whole number from 0 to 18446744073709551615, got '-1'"),
            ("--seed", "18446744073709551616", "from 0 to 18446744073709551615, got '18446744073709551616'"),
            ("--threads", "2147483648", "from -2147483648 to 2147483647, got '2147483648'"),
            ("--lr", "1e-999", "--lr: expected a number whose size is between 2.22507e-308 and 1.79769e+308, or 0, got '1e-999'"),
        ):
            self.assertIn(text, joule("train", "--out", "x", option, value).stderr)

    def test_decimal_whatever_the_zeros(self):
        with tempfile.TemporaryDirectory() as folder:
            numbers = ("--batch", "010", "--seed", "18446744073709551615", "--lr", "00.05", "--weight-decay", "5e-04",
                       "--l0-lambda", "0.1234567890123456")  # fmt: skip
            done = joule("train", "--data", "synthetic", "--model", "lenet5", "--limit", "20", "--epochs", "01", *numbers,
                         "--idle", "0", "--out", folder + "/run", env={**os.environ, "LC_ALL": "de_DE.UTF-8"})  # fmt: skip
            self.assertEqual(done.returncode, 0, done.stderr)
            config = json.loads(Path(folder, "run/config.json").read_text())
        asked = {"batch": 10, "seed": 2**64 - 1, "lr": 0.05, "weight_decay": 5e-4, "l0_lambda": 0.1234567890123456, "epochs": 1}
        self.assertEqual({key: config[key] for key in asked}, asked)

    def test_limits_that_keep_products_from_overflowing(self):
        most = 2**63 - 1
        for text, *arguments in (
            (f"batch: expected at most 1048576, got {most}", "train", "--out", "x", "--batch", most),
            (f"epochs: expected at most 1000000, got {most}", "train", "--out", "x", "--epochs", most),
            ("warmup: expected at most 1000000 epochs, got 1e+300", "train", "--out", "x", "--schedule", "constant", "--warmup", "1e300"),
            ("l0_warmup: expected at most 1000000 epochs, got 1e+300", "train", "--out", "x", "--l0-warmup", "1e300"),
            ("lr: its size must lie between 1.17549e-38 and 3.40282e+38, got 1e-300", "train", "--out", "x", "--lr", "1e-300"),
            ("clip_norm: its size must lie between", "train", "--out", "x", "--clip-norm", "1e300"),
            ("momentum: must lie in [0, 1), got 1", "train", "--out", "x", "--momentum", "0.99999999999"),
            (f"batch: expected at most 1048576, got {most}", "energy", "--model", "lenet5", "--batch", most),
            (f"--batch: expected at most 1048576, got {most}", "profile", "--model", "lenet5", "--batch", most),
            (f"--steps: expected at most 1000000000, got {most}", "profile", "--model", "lenet5", "--steps", most),
            (f"batch: expected at most 1048576, got {most}", "tune", "--batch", most),
            (f"--batch: expected at most 1048576, got {most}", "bench", "conv", "--batch", most),
            (f"--batch: expected at most 1048576, got {most}", "bench", "train", "--batch", most),
            (f"image, channels and classes must be at most 65536, got 28x28, 1 and {most}", "summary", "--classes", most),
            ("must be at most 65536, got 4294967296x4294967296, 1 and 10", "summary", "--input", f"{2**32}x{2**32}x1"),
        ):
            done = joule(*arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(text, done.stderr)

    def test_sizes_lists_and_energies(self):
        for text, *arguments in (
            ("--input: expected HEIGHTxWIDTHxCHANNELS such as 32x32x3, got '", "summary", "--input"),
            ("--shapes: expected INxOUTxSIZE", "bench", "conv", "--shapes"),
            ("--energy-budget: expected ", "train", "--out", "x", "--energy-budget"),
            ("--density: expected a ", "bench", "conv", "--density"),
            ("--densities: expected a decimal number, got '", "tune", "--densities"),
        ):
            for bad in ("1x", "x", "0x10", "1x2x", "1x2x0x3", " 1x2x3", "1x2x99999999999999999999", "nan", "infJ", "nanJ", "1e999J",
                        "-5J", "0x10J", ".5,,.6", ".5,", "[.5]"):  # fmt: skip
                with self.subTest(arguments=arguments, bad=bad):
                    done = joule(*arguments, bad)
                    self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                    self.assertIn(text, done.stderr)


if __name__ == "__main__":
    unittest.main()
