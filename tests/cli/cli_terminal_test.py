#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What joule shows on a terminal: nothing wider than it, no control character where none is wanted, and
for a mistyped word what was probably meant."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import tempfile
import termios
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]
TRAIN = ["train", "--data", "synthetic", "--model", "lenet5", "--limit", "200", "--batch", "2", "--epochs", "1", "--lr", "0.001",
         "--idle", "0", "--threads", "1"]  # fmt: skip
ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR", "JOULE_FORCE")}


def joule(*arguments, **environment):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True, env={**ENVIRONMENT, **environment})


def on_terminal(*arguments, columns=80, **environment):
    """What is written to a terminal of so many columns; standard output and errors are the same one."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([JOULE, *map(str, arguments)], stdin=theirs, stdout=theirs, stderr=theirs,
                               env={**ENVIRONMENT, "TERM": "xterm", **environment})  # fmt: skip
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the last holder of the other end is gone
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait() == 0, shown
    return shown.decode().replace("\r\n", "\n")


class Terminal(unittest.TestCase):
    def assert_fits(self, text, columns):
        lines = text.split("\n")
        self.assertLessEqual(max(map(len, lines)), columns, max(lines, key=len))

    def test_every_help_fits_80_columns(self):
        commands = [()]
        for command in commands:  # grows by what each lists
            text = joule(*command, "--help").stdout
            self.assertIn(" ".join(("Usage: joule", *command)), text)
            with self.subTest(command=" ".join(command)):
                self.assert_fits(text, 80)
            listed = text.partition("\nSubcommands:\n")[2].partition("\n\n")[0]
            commands += [(*command, name) for name in re.findall(r"^  (\S+)", listed, re.MULTILINE)]
        self.assertGreater(len(commands), 40)

    def test_tables_are_broken_into_blocks_of_columns(self):
        wide = joule("energy", "--model", "resnet18", "--input", "32x32x3", "--classes", 10, "--relu-density", 0.5,
                     "--batch", 1).stdout  # fmt: skip
        narrow = on_terminal("energy", "--model", "resnet18", "--input", "32x32x3", "--classes", 10,
                             "--relu-density", 0.5, "--batch", 1)  # fmt: skip
        table = next(part for part in narrow.split("\n\n") if "E_worst" in part)
        self.assertGreater(max(map(len, wide.splitlines())), 80)
        self.assert_fits(table, 80)
        # The same cells, and each block begins with the layers.
        cells = lambda text: sorted(set(text.split()))  # noqa: E731
        self.assertEqual(cells(narrow), cells(wide))
        self.assertEqual(len(re.findall(r"^conv1 ", wide, re.MULTILINE)), 1)
        self.assertGreater(len(re.findall(r"^conv1 ", narrow, re.MULTILINE)), 1)

    def test_columns_says_more_than_the_terminal(self):
        self.assertEqual(on_terminal("summary", COLUMNS="40").count("conv1"), 3)
        self.assertEqual(on_terminal("summary", COLUMNS="no number"), on_terminal("summary", columns=80))
        self.assertEqual(on_terminal("summary", columns=500), joule("summary").stdout)
        self.assertEqual(joule("summary", COLUMNS="40").stdout, joule("summary").stdout)  # no terminal

    def test_the_progress_bar_fits(self):
        with tempfile.TemporaryDirectory() as folder:
            for columns in (200, 80, 40, 12):
                shown = on_terminal(*TRAIN, "--out", Path(folder, str(columns)), columns=columns)
                bars = re.findall(r"\r([^\r\n]*)\033\[K", shown)
                bars = [bar for bar in bars if bar]
                self.assertGreater(len(bars), 0)
                for bar in bars:
                    self.assertLess(len(bar), columns)
                if columns == 80:
                    self.assertRegex(bars[0], r"\Aepoch 1/1 \[[#.]{8,24}\]  \d+/90  ETA \S+  loss ")
                if columns == 200:
                    self.assertRegex(bars[0], r" \[[#.]{24}\] .* images/s")

    def test_no_control_characters_where_none_are_wanted(self):
        with tempfile.TemporaryDirectory() as folder:
            for number, environment in enumerate(({"TERM": "dumb"}, {"NO_COLOR": "1"})):
                shown = on_terminal(*TRAIN, "--out", Path(folder, str(number)), **environment)
                self.assertNotRegex(shown, r"[\r\033]")
                self.assertRegex(shown, r"epoch 1/1  step \d+/90  ETA ")
            self.assertIn("\033", on_terminal(*TRAIN, "--out", Path(folder, "bar"), NO_COLOR=""))
            piped = joule(*TRAIN, "--out", Path(folder, "pipe"))
            self.assertNotRegex(piped.stdout + piped.stderr, r"[\r\033]")


class Suggestions(unittest.TestCase):
    def assert_says(self, text, *arguments, code=2, **environment):
        done = joule(*arguments, **environment)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertEqual(done.stderr, f"joule: {text}\n")

    def test_commands_and_options(self):
        self.assert_says("unknown command trian: did you mean train?", "trian", "--epochs", 3)
        self.assert_says("unknown command cnov: did you mean conv?", "bench", "cnov")
        self.assert_says("unknown command xyz (joule --help shows what there is)", "xyz")
        self.assert_says("unknown option --epoch: did you mean --epochs?", "train", "--out", "x", "--epoch", 3)
        self.assert_says("unknown option --epoch: did you mean --epochs?", "train", "--epoch=3")
        self.assert_says("unknown option --frobnicate (joule bench conv --help shows what there is)", "bench", "conv", "--frobnicate")
        self.assert_says("unexpected argument 'x' (joule train --help shows what there is)", "train", "--out", "y", "x")

    def test_names(self):
        train = ("train", "--out", "x")
        self.assert_says("schedule: expected one of constant, step, exponential, cosine, one-cycle, plateau, got 'cosin'; "
                         "did you mean 'cosine'?", *train, "--schedule", "cosin")  # fmt: skip
        nets = "autoencoder, dense-linear, dense-poly, ds-cnn, lenet5, mobilenet-v1-0.25, resnet18, resnet8, simple-cnn, small-cnn, vgg16"
        self.assert_says(f"model: expected one of {nets}, got 'resnet-18'; "
                         "did you mean 'resnet18'?", *train, "--model", "resnet-18")  # fmt: skip
        self.assert_says(f"model: there is no 'lenet'; there are {nets}; "
                         "did you mean 'lenet5'?", "summary", "--model", "lenet")  # fmt: skip
        done = joule("energy", "--model", "lenet5", "--data", "cifar10")
        self.assertIn("'cifar10': expected fashion-mnist, mnist, cifar-10, cifar-100, gtsrb, celeba, synthetic, or the path of a folder; "
                      "did you mean 'cifar-10'?\n", done.stderr)  # fmt: skip
        done = joule("energy", "--model", "lenet5", "--cost-model", "horowitz")
        self.assertTrue(done.stderr.endswith("; did you mean 'horowitz45'?\n"), done.stderr)
        done = joule("profile", "--model", "lenet5", "--by", "layers")
        self.assertTrue(done.stderr.endswith("got 'layers'; did you mean 'layer'?\n"), done.stderr)
        done = joule("meter", "--meter", "rappl", "--", "true")
        self.assertTrue(done.stderr.endswith("got 'rappl'; did you mean 'rapl'?\n"), done.stderr)

    def test_pins(self):
        self.assert_says("JOULE_FORCE: there is no operation 'conv2'; did you mean 'conv2d'? (joule info lists them)",
                         "summary", JOULE_FORCE="relu:reference,conv2:reference")  # fmt: skip
        done = joule("summary", JOULE_FORCE="conv2d:cpu.skipzero")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"conv2d: no implementation named cpu.skipzero; there are .*; did you mean 'cpu.skip_zero'\?\n\Z")
        # Neither needs an implementation, and the one lists their names.
        self.assertEqual(joule("info", JOULE_FORCE="conv2:x").returncode, 0)
        self.assertEqual(joule("meter", "--idle", 0, "--meter", "none", "--", "true", JOULE_FORCE="conv2:x").returncode, 0)

    def test_the_old_name_of_an_option(self):
        energy = ("energy", "--model", "lenet5", "--input", "28x28x1", "--classes", 10, "--relu-density", 0.5, "--json")
        old, new = joule(*energy, "--profile", "horowitz45"), joule(*energy, "--cost-model", "horowitz45")
        self.assertEqual((old.stdout, new.stderr), (new.stdout, ""))
        self.assertEqual(old.stderr, "joule: --profile is deprecated: write --cost-model\n")
        old = joule("energy", "--profiles")
        self.assertEqual(old.stdout, joule("energy", "--cost-models").stdout)
        self.assertEqual(old.stderr, "joule: --profiles is deprecated: write --cost-models\n")
        old = joule("profile", "--model", "lenet5", "--input", "28x28x1", "--classes", 10, "--meter", "none", "--steps", 1,
                    "--profile", "zero-skip")  # fmt: skip
        self.assertEqual((old.returncode, old.stderr), (0, "joule: --profile is deprecated: write --cost-model\n"))
        self.assertIn("--profile TEXT", joule("profile", "--help").stdout)
        self.assertIn("Deprecated: the old name of --cost-model", joule("profile", "--help").stdout)


if __name__ == "__main__":
    unittest.main()
