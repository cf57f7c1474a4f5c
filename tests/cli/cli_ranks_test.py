#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mpirun joule train: several processes come to what one comes to, whatever happens to them."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "parallel"))
import mpirun

JOULE = os.environ["JOULE"]
# 5 steps an epoch, the last of 40 images.
RUN = ["--data", "synthetic", "--limit", "340", "--batch", "64", "--epochs", "2", "--augment", "crop-flip", "--idle", "0",
       "--meter", "none", "--threads", "1"]  # fmt: skip


def joule(ranks, *arguments):
    """joule train; with 0 ranks without mpirun."""
    command = [JOULE, "train", *map(str, arguments)]
    if ranks:
        return mpirun.run(ranks, *command)
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


LEARNED = ("train_loss", "l0_penalty", "train_accuracy", "validation_loss", "validation_accuracy", "test_loss",
           "test_accuracy", "relu_outputs", "relu_outputs_nonzero")  # fmt: skip


def learned(folder):
    """What the run came to, bit for bit."""
    curve = [[line[key] for key in LEARNED] for line in lines(folder)]
    work = [[line["energy"][part]["work"][key] for key in ("macs", "macs_skippable", "values_in_nonzero")]
            for line in lines(folder) for part in ("training", "validation", "evaluation")]  # fmt: skip
    return curve, work, hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def descendants(pid):
    """The processes of mpirun's ranks, by rank."""
    ranks = {}
    for path in Path("/proc").iterdir():
        if not path.name.isdigit():
            continue
        try:
            words = dict(word.split("=", 1) for word in (path / "environ").read_text().split("\0") if "=" in word)
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, UnicodeDecodeError, ValueError):
            continue
        if parent == pid and "OMPI_COMM_WORLD_RANK" in words:
            ranks[int(words["OMPI_COMM_WORLD_RANK"])] = int(path.name)
    return ranks


class Ranks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def train(self, name, ranks, *arguments):
        out = self.folder / name
        done = joule(ranks, *arguments, "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        return out

    def assert_near(self, folder, expected, relative):
        for line, other in zip(lines(folder), lines(expected), strict=True):
            for key in ("train_loss", "test_loss", "validation_loss"):
                self.assertAlmostEqual(line[key] / other[key], 1, delta=relative, msg=f"{key} of epoch {line['epoch']}")

    @classmethod
    def net(cls, *layers):
        """LeNet5 with such layers: "norm" behind the first convolution, "dropout" before the last layer."""
        made = cls.folder / f"{'-'.join(layers)}.json"
        if made.exists():
            return made
        subprocess.run([JOULE, "summary", "--model", "lenet5", "--save-net", made], check=True, capture_output=True)
        graph = json.loads(made.read_text())
        graph["name"] = "lenet5-" + "-".join(layers)
        nodes = {node["name"]: node for node in graph["nodes"]}
        if "norm" in layers:
            nodes["relu1"]["inputs"] = ["norm"]
            graph["nodes"].insert(graph["nodes"].index(nodes["relu1"]),
                                  {"name": "norm", "kind": "BatchNorm", "inputs": ["conv1"], "attributes": {"channels": 6}})  # fmt: skip
        if "dropout" in layers:
            # 83 numbers an image: those of an image begin within a counter, which has four.
            nodes["linear2"]["attributes"]["out"] = nodes["linear3"]["attributes"]["in"] = 83
            nodes["linear3"]["inputs"] = ["drop"]
            graph["nodes"].insert(len(graph["nodes"]) - 1,
                                  {"name": "drop", "kind": "Dropout", "inputs": ["relu4"], "attributes": {"probability": 0.4}})  # fmt: skip
        made.write_text(json.dumps(graph))
        return made

    def test_slices_give_the_same_bits_on_1_2_and_4_processes(self):
        run = [*RUN, "--net", self.net("norm", "dropout"), "--slices", "4", "--deterministic", "--l0-lambda", "0.1"]
        one = learned(self.train("slices 0", 0, *run))
        for ranks in (2, 4):
            with self.subTest(ranks=ranks):
                self.assertEqual(learned(self.train(f"slices {ranks}", ranks, *run)), one)

    def test_the_same_curve_as_one_process(self):
        run = [*RUN, "--model", "lenet5"]
        one = self.train("lenet 0", 0, *run)
        for ranks in (1, 3):
            with self.subTest(ranks=ranks):
                out = self.train(f"lenet {ranks}", ranks, *run)
                self.assert_near(out, one, 1e-4 if ranks > 1 else 0)
                summary = json.loads((out / "summary.json").read_text())
                whole = json.loads((one / "summary.json").read_text())
                self.assertEqual(summary["training"]["work"]["forward"]["macs"], whole["training"]["work"]["forward"]["macs"])
                self.assertEqual(summary["inference"]["work"]["macs"], whole["inference"]["work"]["macs"])
                self.assertEqual(len(summary["inference"]["lines"]), len(whole["inference"]["lines"]))
                if ranks == 1:
                    self.assertNotIn("ranks", summary)
                    continue
                self.assertEqual((summary["ranks"]["count"], summary["ranks"]["hosts"]), (ranks, 1))
                self.assertEqual(summary["ranks"]["images"], 2 * 306)
                # Per step and rank the gradients once, and what the step came to.
                gradients = 10 * ranks * 4 * summary["parameters"]
                self.assertGreater(summary["ranks"]["bytes"], gradients)
                self.assertLess(summary["ranks"]["bytes"], 1.1 * gradients)
                seconds = summary["ranks"]["communication_seconds"]
                self.assertLessEqual(seconds["least"], seconds["mean"])
                self.assertLessEqual(seconds["mean"], seconds["most"])
                self.assertIsNone(summary["ranks"]["images_per_joule"])
                self.assertRegex((out / "report.html").read_text(), r"on 1 machine\(s\); [\d.]+ % of the last epoch's steps were communication")

    def test_synchronised_batch_norm_is_that_of_the_whole_batch(self):
        run = [*RUN, "--net", self.net("norm")]
        one = self.train("sync 0", 0, *run)
        self.assert_near(self.train("sync 2", 2, *run, "--sync-batch-norm", "on"), one, 1e-4)
        local = self.train("local 2", 2, *run)
        apart = abs(lines(local)[0]["train_loss"] / lines(one)[0]["train_loss"] - 1)
        self.assertGreater(apart, 1e-4)  # else this shows nothing

    def test_dropout_draws_for_the_whole_batch(self):
        run = [*RUN, "--net", self.net("dropout"), "--epochs", "1"]
        one = self.train("dropout 0", 0, *run)
        self.assert_near(self.train("dropout 3", 3, *run), one, 1e-4)

    def test_a_run_goes_on_with_another_number_of_processes(self):
        run = [*RUN, "--model", "lenet5", "--slices", "4", "--deterministic"]
        whole = self.train("whole", 0, *run)
        out = self.folder / "changing"
        process = subprocess.Popen(mpirun.mpirun(4, JOULE, "train", *run, "--epochs", "2", "--out", out), stderr=subprocess.PIPE,
                                   text=True, env=mpirun.environment())  # fmt: skip
        while process.poll() is None and not (out / "checkpoint.safetensors").exists():
            time.sleep(0.002)
        for pid in descendants(process.pid).values():  # as Slurm does
            os.kill(pid, signal.SIGTERM)
        text = process.communicate(timeout=60)[1]
        if process.returncode != 0:  # else it was finished before
            self.assertEqual(process.returncode, 130, text)
            self.assertEqual(len(re.findall("joule: interrupted; saved", text)), 1, text)
            self.assertFalse((out / "running").exists())
        self.train("changing", 2, *run, "--resume")
        self.assertEqual(learned(out), learned(whole))

    def test_one_signal_to_one_rank_stops_all_at_the_same_step(self):
        out = self.folder / "signal"
        run = [*RUN, "--model", "lenet5", "--epochs", "500", "--out", out]
        process = subprocess.Popen(mpirun.mpirun(3, JOULE, "train", *run), stderr=subprocess.PIPE, text=True, env=mpirun.environment())
        while process.poll() is None and not (out / "checkpoint.safetensors").exists():
            time.sleep(0.002)
        os.kill(descendants(process.pid)[2], signal.SIGTERM)
        text = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 130, text)
        self.assertIn("joule: interrupted; saved", text)
        self.assertTrue((out / "checkpoint.safetensors").exists())

    def test_a_lost_rank_ends_all_and_leaves_a_checkpoint(self):
        out = self.folder / "killed"
        run = [*RUN, "--model", "lenet5", "--epochs", "500", "--slices", "4", "--deterministic", "--out", out]
        process = subprocess.Popen(mpirun.mpirun(4, JOULE, "train", *run), stderr=subprocess.PIPE, text=True, env=mpirun.environment())
        while process.poll() is None and not (out / "checkpoint.safetensors").exists():
            time.sleep(0.002)
        begin = time.monotonic()
        os.kill(descendants(process.pid)[3], signal.SIGKILL)
        text = process.communicate(timeout=60)[1]
        self.assertLess(time.monotonic() - begin, 20)
        self.assertEqual(process.returncode, 137, text)
        self.assertIn("rank 3", text)
        done = [line["epoch"] for line in lines(out)]
        self.assertEqual(done, list(range(1, len(done) + 1)))
        end = len(done) + 1
        # It goes on, alone, to the end of the next epoch; and is stopped there.
        process = subprocess.Popen([JOULE, "train", *map(str, run), "--resume"], stderr=subprocess.PIPE, text=True)
        while process.poll() is None and len((out / "metrics.jsonl").read_text().splitlines()) < end:
            time.sleep(0.002)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.communicate(timeout=60) and process.returncode, 130)
        self.assertEqual(lines(out)[end - 1]["epoch"], end)

    def assert_refused(self, done, code, text):
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(len(re.findall("^joule: ", done.stderr, re.MULTILINE)), 1, done.stderr)
        self.assertRegex(done.stderr, text)

    def test_what_differs_between_ranks_is_refused_in_one_line(self):
        differ = self.folder / "differ.sh"
        differ.write_text(f'#!/bin/sh\n[ "$OMPI_COMM_WORLD_RANK" = 2 ] && set -- "$@" --lr 0.25\nexec {JOULE} train "$@"\n')
        differ.chmod(0o755)
        done = mpirun.run(3, differ, *RUN, "--model", "lenet5", "--out", self.folder / "differ")
        self.assert_refused(done, 2, r"rank 2 on \S+ has another configuration than rank 0 on \S+: lr is 0.05, got 0.25")
        self.assertFalse((self.folder / "differ").exists())

    def test_data_that_differ_are_refused(self):
        images = self.folder / "images"
        for rank in (0, 1):
            write_idx(images / str(rank) / "set", rank)
        differ = self.folder / "data.sh"
        differ.write_text(f'#!/bin/sh\ncd {images}/$OMPI_COMM_WORLD_RANK && exec {JOULE} train "$@"\n')
        differ.chmod(0o755)
        done = mpirun.run(2, differ, "--data", "set", "--model", "lenet5", "--batch", "4", "--idle", "0", "--meter", "none",
                          "--validation", "0", "--epochs", "1", "--out", self.folder / "data")  # fmt: skip
        self.assert_refused(done, 2, r"rank 1 on \S+ has another set of training images than rank 0 on \S+: set \[20,28,28,1\] with the "
                                     r"fingerprint \w+ there, set \[20,28,28,1\] with the fingerprint \w+ here")  # fmt: skip

    def test_what_cannot_be_divided_is_refused(self):
        for ranks, options, text in (
            (3, ["--batch", "2"], "data loader: 3 share each batch"),
            (4, ["--limit", "258", "--validation", "0"], "data loader: 4 share each batch, and the last one has 2 images"),
            (2, ["--deterministic"], "deterministic: the bits of 2 processes depend on their number unless slices is given"),
            (3, ["--slices", "4"], "slices: 3 processes cannot have the same number of 4 slices"),
            (2, ["--slices", "4", "--sync-batch-norm", "on"], "sync_batch_norm: needs all slices at the same time"),
            (2, ["--slices", "6"], "slices: expected 0 or a power of two, got 6"),
            (2, ["--lr", "x"], "--lr"),
        ):
            with self.subTest(options=options):
                done = joule(ranks, *RUN, "--model", "lenet5", *options, "--out", self.folder / "refused")
                self.assert_refused(done, 2, text)
                self.assertRegex(done.stderr, rf"(?m)^joule: rank \d of {ranks} on ")

    def test_a_loss_that_is_no_number_is_told_once(self):
        done = joule(2, *RUN, "--model", "lenet5", "--lr", "1e30", "--out", self.folder / "diverged")
        self.assert_refused(done, 1, "training stopped at epoch 1, step")

    def test_processes_share_the_processors(self):
        run = RUN[: RUN.index("--threads")]
        environment = {key: value for key, value in mpirun.environment().items() if key != "OMP_NUM_THREADS"}
        done = subprocess.run(mpirun.mpirun(2, JOULE, "train", *run, "--model", "lenet5", "--epochs", "1", "--out", self.folder / "fair"),
                              capture_output=True, text=True, env=environment, timeout=120)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        threads = max(1, len(os.sched_getaffinity(0)) // 2)
        found = re.search(r"2 processes on 1 machine\(s\), with (\d+) thread\(s\) each", done.stderr)
        self.assertIsNotNone(found, done.stderr)
        self.assertLessEqual(int(found[1]), threads)

    def test_a_counter_of_the_machine_is_counted_once(self):
        trace = self.folder / "trace.jsonl"
        head = {"joule_trace": 1, "meter": "rapl", "scope": "package 0", "joules_per_tick": 1e-3, "systematic": 0.0,
                "update_period_s": 0.01}  # fmt: skip
        rows = [head, *({"ns": 1_000_000_000 * i, "ticks": 100_000 * i, "slice": False} for i in range(1000))]  # 100 W
        trace.write_text("".join(json.dumps(row) + "\n" for row in rows))
        run = [*RUN[: RUN.index("--idle")], "--threads", "1", "--idle", "0", "--meter", f"replay:{trace}"]
        done = joule(2, *run, "--model", "lenet5", "--out", self.folder / "metered")
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in lines(self.folder / "metered"):
            meters = line["energy"]["training"]["meters"]
            self.assertEqual([(meter["meter"], meter["scope"]) for meter in meters], [("replay of rapl", "package 0")])
            self.assertEqual(line["ranks"]["count"], 2)
        summary = json.loads((self.folder / "metered" / "summary.json").read_text())
        spent = summary["energy"]["training"]["gross"]["value"]
        self.assertAlmostEqual(summary["ranks"]["images_per_joule"], summary["ranks"]["images"] / spent, delta=1e-6)
        self.assertRegex(done.stdout, r"communication: [\d.]+ MB by 2 processes on 1 machine\(s\); ")
        self.assertRegex(done.stdout, r"images per joule: [\d.]+ \(training steps, gross, measured\)")


    def test_counters_of_two_machines_add_up(self):
        """Machines by name alone: namespaces of one machine."""
        if subprocess.run(["unshare", "--uts", "true"], capture_output=True).returncode:
            self.skipTest("unshare --uts needs root")
        machine = self.folder / "machine.sh"
        machine.write_text('#!/bin/sh\nexec unshare --uts sh -c \'hostname "node$((OMPI_COMM_WORLD_RANK / 2))"; exec "$@"\' - "$@"\n')
        machine.chmod(0o755)
        head = {"joule_trace": 1, "meter": "rapl", "scope": "package 0", "joules_per_tick": 1e-3, "systematic": 0.0,
                "update_period_s": 0.01}  # fmt: skip
        rows = [head, *({"ns": 1_000_000_000 * i, "ticks": 100_000 * i, "slice": False} for i in range(1000))]
        trace = self.folder / "machines.jsonl"
        trace.write_text("".join(json.dumps(row) + "\n" for row in rows))
        out = self.folder / "machines"
        run = [*RUN[: RUN.index("--idle")], "--threads", "1", "--idle", "0", "--meter", f"replay:{trace}", "--model", "lenet5"]
        done = mpirun.run(4, machine, JOULE, "train", *run, "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        summary = json.loads((out / "summary.json").read_text())
        self.assertEqual((summary["ranks"]["count"], summary["ranks"]["hosts"]), (4, 2))
        meters = summary["energy"]["meters"]
        self.assertEqual([meter["scope"] for meter in meters], ["package 0 of node0", "package 0 of node1"])
        self.assertEqual(summary["energy"]["total"]["gross"]["value"], sum(meter["gross"]["value"] for meter in meters))
        self.assertIn("4 processes on 2 machine(s)", done.stderr)
        self.assertNotRegex(done.stderr, r"step \d+/.*J/image")  # in between, rank 0 does not know what the others draw
        done = mpirun.run(4, machine, JOULE, "train", *run, "--energy-budget", "1kJ", "--out", self.folder / "budget")
        self.assert_refused(done, 2, "energy budget: can be kept on one machine, these processes are on 2")


    def test_bench_ranks_prints_a_line_per_exchange(self):
        done = mpirun.run(2, JOULE, "bench", "ranks", "--rounds", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^2 processes on 1 machine\(s\), Open MPI [\d.]+\n")
        for what, count in (("gather", 1), ("sum", 6), ("sum as a tree (--slices)", 6)):
            found = re.findall(rf"^{re.escape(what)} +(\d+) +[\d.]+ +[\d.]+$", done.stdout, re.MULTILINE)
            self.assertEqual(len(found), count, done.stdout)
        done = subprocess.run([JOULE, "bench", "ranks"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("measures several processes, and there is one", done.stderr)


def write_idx(folder, seed):
    """A data set of MNIST's files: 20 training images, whose pixels depend on the seed, 10 test images."""
    folder.mkdir(parents=True)
    for half, count in (("train", 20), ("t10k", 10)):
        pixels = bytes((i * 7 + (seed if half == "train" else 0)) % 256 for i in range(count * 784))
        (folder / f"{half}-images-idx3-ubyte").write_bytes(
            b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (count, 28, 28)) + pixels)  # fmt: skip
        (folder / f"{half}-labels-idx1-ubyte").write_bytes(
            b"\0\0\x08\x01" + count.to_bytes(4, "big") + bytes(i % 10 for i in range(count)))  # fmt: skip


if __name__ == "__main__":
    mpirun.skip_without_mpi()
    unittest.main()
