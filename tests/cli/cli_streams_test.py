#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Standard streams that fail or are closed, signals, and output to what is no regular file."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]
DATA = ["--data", "synthetic", "--limit", "40"]
TRAIN = ["train", *DATA, "--model", "lenet5", "--epochs", "1", "--batch", "20", "--idle", "0", "--meter", "none"]
LONG = ["train", "--data", "synthetic", "--model", "lenet5", "--epochs", "1000", "--batch", "20", "--meter", "none", "--out"]
STDIN, STDOUT, STDERR = 0, 1, 2
FULL = "No space left on device"


def joule(*arguments, closed=(), **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.run([JOULE, *map(str, arguments)], preexec_fn=lambda: [os.close(d) for d in closed], **options)


@contextlib.contextmanager
def full():
    with open("/dev/full", "w") as device:
        yield device


@contextlib.contextmanager
def without_reader():
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


def mask(pid, name):
    """The signals of a line of the process's status, such as SigCgt."""
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(name + ":"))
    return {number for number in signal.Signals if int(line.split()[1], 16) >> (number - 1) & 1}


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Streams(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.model = cls.folder / "run"
        done = joule(*TRAIN, "--out", cls.model)
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def commands(self, name):
        """Each sub-command, quickly, with what it has to leave behind although nobody can read its results."""
        out = self.folder / name
        out.mkdir()
        net = ["--model", "lenet5", "--input", "28x28x1", "--classes", "10"]
        return {
            "--version": [],
            "--help": [],
            "tune --help": [],
            "summary": [],
            "summary --json": [],
            "info": [],
            "energy --cost-models": [],
            f"energy --model {self.model} --relu-density 0.5 --batch 1": [],
            f"eval --model {self.model} --limit 9": [],
            f"predict --model {self.model} --limit 9 --out {out}/p.csv": [out / "p.csv"],
            " ".join(["profile", *net, "--meter", "none", "--steps", "1", "--html", f"{out}/p.html"]): [out / "p.html"],
            " ".join(["profile", *net, "--meter", "none", "--steps", "1", "--json", "-"]): [],
            f"tune --shapes 1x1x4 --batch 1 --rounds 1 --densities 0.5 --out {out}/t.json": [out / "t.json"],
            f"bench infer --models lenet5 --batch 2 --steps 1 --rounds 1 --json {out}/b.json": [out / "b.json"],
            " ".join([*TRAIN, "--out", f"{out}/run"]): [out / "run/model.safetensors", out / "run/report.html"],
            f"demo --data synthetic --limit 40 --model lenet5 --epochs 1 --out {out}/demo": [out / "demo/summary.json"],
        }

    def assert_output_lost(self, why, done, results):
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(done.stderr.splitlines()[-1], f"joule: standard output: cannot be written: {why}")
        for path in results:
            self.assertTrue(path.stat().st_size > 0, path)
            self.assertEqual(list(path.parent.glob("*.tmp")), [])

    def test_standard_output_is_full(self):
        for command, results in self.commands("full").items():
            with self.subTest(command), full() as device:
                self.assert_output_lost(FULL, joule(*command.split(), stdout=device), results)

    def test_standard_output_is_closed(self):
        for command, results in self.commands("closed").items():
            with self.subTest(command):
                self.assert_output_lost("Bad file descriptor", joule(*command.split(), closed=[STDOUT]), results)

    def test_the_reader_went_away(self):
        for command in ("--version", "summary --json", f"eval --model {self.model} --limit 9"):
            with self.subTest(command), without_reader() as pipe:
                done = joule(*command.split(), stdout=pipe)
                self.assertEqual((done.returncode, done.stderr), (-signal.SIGPIPE, ""))  # as every program's
                done = joule(*command.split(), stdout=pipe, restore_signals=False)  # Python ignores SIGPIPE
                self.assert_output_lost("Broken pipe", done, [])

    def test_results_are_kept_though_the_reader_went_away(self):
        out = self.folder / "kept.json"
        with without_reader() as pipe:  # each operation is shown once it is measured
            done = joule("tune", "--shapes", "1x1x4,1x2x4", "--batch", 1, "--rounds", 1, "--out", out, stdout=pipe)
        self.assertEqual(done.returncode, -signal.SIGPIPE)
        self.assertGreater(len(json.loads(out.read_text())["machines"][0]["entries"]), 1)

    def test_errors_that_cannot_be_printed_change_nothing(self):
        refused = ["summary", "--model", "alexnet"]
        with full() as device:
            self.assertEqual(joule(*refused, stderr=device).returncode, 2)
            self.assertEqual(joule(*TRAIN, "--out", self.folder / "no log", stderr=device).returncode, 0)
        with without_reader() as pipe:
            self.assertEqual(joule(*refused, stderr=pipe).returncode, 2)
            self.assertEqual(joule(*TRAIN, "--out", self.folder / "no reader", stderr=pipe).returncode, 0)
        self.assertEqual(joule(*refused, closed=[STDERR]).returncode, 2)
        self.assertEqual(joule(*TRAIN, "--out", self.folder / "closed log", closed=[STDERR]).returncode, 0)
        model = (self.model / "model.safetensors").read_bytes()
        for name in ("no log", "no reader", "closed log"):
            self.assertEqual((self.folder / name / "model.safetensors").read_bytes(), model)
        with full() as device:
            self.assertEqual(joule("meter", "--meter", "none", "--", "sh", "-c", "exit 7", stderr=device).returncode, 7)
            done = joule("summary", stdout=device, stderr=device)
            self.assertEqual(done.returncode, 3)

    def test_no_file_is_taken_for_a_closed_stream(self):
        expected, out = self.folder / "expected.csv", self.folder / "closed.csv"
        run = ["predict", "--model", self.model, "--limit", 9, "--precision", "bf16", "--out"]
        self.assertEqual(joule(*run, expected).returncode, 0)
        self.assertEqual(joule(*run, out, closed=[STDIN, STDOUT, STDERR], stdout=None, stderr=None).returncode, 3)
        self.assertEqual(out.read_bytes(), expected.read_bytes())

    def test_a_command_that_is_metered_finds_closed_streams_closed(self):
        script = f"test ! -e /proc/$$/fd/0 && echo lost; echo $? > {self.folder}/echo"
        joule("meter", "--meter", "none", "--", "sh", "-c", script, closed=[STDIN, STDOUT], stdout=None)
        self.assertNotEqual((self.folder / "echo").read_text(), "0\n")
        done = joule("meter", "--meter", "none", "--", "cat", "/proc/self/status")
        ignored = next(line for line in done.stdout.splitlines() if line.startswith("SigIgn"))
        self.assertEqual(int(ignored.split()[1], 16) >> (signal.SIGPIPE - 1) & 1, 0)

    # Where a report goes.

    def predict(self, out, **options):
        return joule("predict", "--model", self.model, "--limit", 3, "--out", out, **options)

    def test_to_a_device_and_to_a_link(self):
        self.predict(self.folder / "three.csv")
        expected = (self.folder / "three.csv").read_bytes()
        link, target = self.folder / "link", self.folder / "target"
        link.symlink_to("target")
        for _ in range(2):  # made, then replaced
            self.assertEqual(self.predict(link).returncode, 0)
            self.assertEqual((os.readlink(link), target.read_bytes()), ("target", expected))
        null = self.folder / "null"
        null.symlink_to("/dev/null")
        self.assertEqual(self.predict(null).returncode, 0)
        self.assertEqual(os.readlink(null), "/dev/null")
        self.assertTrue(stat.S_ISCHR(os.stat(null).st_mode))

    def test_to_a_pipe_and_to_a_descriptor(self):
        expected = (self.folder / "four.csv")
        self.predict(expected)
        pipe, read = self.folder / "pipe", []
        os.mkfifo(pipe)
        reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
        reader.start()
        self.assertEqual(self.predict(pipe).returncode, 0)
        reader.join()
        self.assertEqual(read, [expected.read_bytes()])
        self.assertTrue(stat.S_ISFIFO(pipe.stat().st_mode))
        shown = expected.read_text()
        self.assertTrue(self.predict("/proc/self/fd/1").stdout.startswith(shown))
        appended = self.folder / "appended"
        appended.write_text("kept\n")
        with appended.open("a") as file:  # as >> does
            self.assertEqual(self.predict("/proc/self/fd/1", stdout=file).returncode, 0)
        self.assertTrue(appended.read_text().startswith("kept\n" + shown))
        self.assertIn("Bad file descriptor", self.predict("/proc/self/fd/77").stderr)

    # Signals.

    def start(self, *arguments, ignored=(), **options):
        options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True, **options}
        process = subprocess.Popen([JOULE, *map(str, arguments)], **options,
                                   preexec_fn=lambda: [signal.signal(s, signal.SIG_IGN) for s in ignored])  # fmt: skip
        self.addCleanup(process.kill)
        return process

    def wait_for(self, process, condition):
        while process.poll() is None and not condition():
            time.sleep(0.002)
        self.assertIsNone(process.poll())

    def end(self, process, *signals):
        for sent in signals:
            process.send_signal(sent)
            time.sleep(0.02)
        process.communicate(timeout=60)
        return process.returncode

    def test_each_signal_saves_the_run(self):
        for sent in ((signal.SIGINT,), (signal.SIGTERM,), (signal.SIGHUP,), (signal.SIGHUP, signal.SIGHUP)):
            with self.subTest(sent):
                out = self.folder / f"signal {[int(s) for s in sent]}"
                process = self.start(*LONG, out, "--limit", "2000")
                self.wait_for(process, (out / "running").exists)
                self.assertEqual(self.end(process, *sent), 130)
                self.assertTrue((out / "checkpoint.safetensors").exists())

    def test_a_second_one_ends_at_once(self):
        for sent in (signal.SIGINT, signal.SIGTERM):
            process = self.start("tune", "--model", "resnet18", "--input", "32x32x3", "--out", self.folder / f"{sent} twice.json")
            self.wait_for(process, lambda: sent in mask(process.pid, "SigCgt"))
            process.send_signal(sent)
            self.wait_for(process, lambda: sent not in mask(process.pid, "SigCgt"))
            self.assertEqual(self.end(process, sent), -sent)

    def test_what_was_ignored_stays_ignored(self):
        out = self.folder / "ignored"
        ignored = (signal.SIGINT, signal.SIGHUP)
        process = self.start(*LONG, out, "--limit", "2000", ignored=ignored)  # nohup ... &
        self.wait_for(process, (out / "running").exists)
        self.assertLessEqual(set(ignored), mask(process.pid, "SigIgn"))
        for sent in ignored:
            process.send_signal(sent)
        time.sleep(0.1)
        self.assertIsNone(process.poll())
        self.assertEqual(self.end(process, signal.SIGTERM), 130)

    def test_every_long_command_stops_cleanly(self):
        out = self.folder / "stopped"
        out.mkdir()
        commands = [
            ["demo", "--data", "synthetic", "--model", "lenet5", "--limit", "2000", "--epochs", "1000", "--overwrite",
             "--out", out / "demo"],
            ["profile", "--model", self.model, "--meter", "none", "--steps", "1000000", "--html", out / "p.html"],
            ["tune", "--model", "resnet18", "--input", "32x32x3", "--batch", "1", "--rounds", "3", "--out", out / "t.json"],
            ["bench", "train", "--models", "lenet5", "--steps", "1000000", "--json", out / "b.json"],
            ["bench", "conv", "--shapes", "16x16x28", "--json", out / "c.json"],
        ]
        for command in commands:
            for sent in (signal.SIGHUP, signal.SIGTERM):
                with self.subTest(command=command, sent=sent):
                    process = self.start(*command)
                    self.wait_for(process, lambda: sent in mask(process.pid, "SigCgt"))
                    if command[1] == "train":
                        self.wait_for(process, lambda: children(process.pid))
                        (child,) = children(process.pid)
                    self.assertEqual(self.end(process, sent), 130)
                    self.assertEqual(list(out.glob("**/*.tmp")), [])
                    if command[1] == "train":
                        self.assertFalse(Path(f"/proc/{child}").exists())
        self.assertFalse((out / "b.json").exists() or (out / "c.json").exists())
        json.loads((out / "t.json").read_text())  # what was measured so far

    def test_a_measurement_ends_with_who_asked_for_it(self):
        process = self.start("bench", "train", "--models", "lenet5", "--steps", "1000000", stderr=subprocess.DEVNULL)
        self.wait_for(process, lambda: children(process.pid))
        (child,) = children(process.pid)
        time.sleep(0.5)  # until it is more than started
        self.assertEqual(self.end(process, signal.SIGKILL), -signal.SIGKILL)
        deadline = time.monotonic() + 30
        while Path(f"/proc/{child}").exists() and Path(f"/proc/{child}/stat").read_text().split()[2] != "Z":
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)


if __name__ == "__main__":
    unittest.main()
