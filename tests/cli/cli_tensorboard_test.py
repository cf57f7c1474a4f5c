#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule train --tensorboard: its event files, read without TensorBoard, and by TensorBoard where it is there."""

import json
import math
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from event_files import Events, doubles, fields, record  # noqa: E402

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError as missing:
    EventAccumulator, why = None, str(missing)

JOULE = os.environ["JOULE"]
RUN = ["--data", "synthetic", "--model", "lenet5", "--limit", "100", "--batch", "20", "--threads", "1"]
HEAD = {"joule_trace": 1, "meter": "rapl", "scope": "package 0", "joules_per_tick": 1.0, "systematic": 0.0,
        "update_period_s": 0.01}  # fmt: skip


def joule(*arguments):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True)


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


class TensorBoard(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.out, self.events = self.folder / "run", self.folder / "events"

    def train(self, *more):
        done = joule("train", *RUN, "--out", self.out, "--tensorboard", self.events, *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def metrics(self):
        return [json.loads(line) for line in (self.out / "metrics.jsonl").read_text().splitlines()]

    def assert_those_of_the_run(self, events):
        """Each epoch once, and as metrics.jsonl has it."""
        metrics = self.metrics()
        for tag, name in (("loss/training", "train_loss"), ("loss/validation", "validation_loss"),
                          ("loss/test", "test_loss"), ("accuracy/training", "train_accuracy"),
                          ("accuracy/validation", "validation_accuracy"), ("accuracy/test", "test_accuracy"),
                          ("images_per_second/training", "images_per_second")):  # fmt: skip
            self.assertEqual(events.scalars[tag], {m["epoch"]: float32(m[name]) for m in metrics}, tag)
        for part, where in (("training", "training"), ("validation", "validation"), ("test", "evaluation")):
            for profile, figure in metrics[0]["energy"][where]["modelled"].items():
                self.assertGreater(figure["value"], 0)
                expected = {m["epoch"]: float32(m["energy"][where]["modelled"][profile]["value"]) for m in metrics}
                self.assertEqual(events.scalars[f"joules/{part}/modelled_{profile}"], expected)

    def test_a_run(self):
        # The file is named before it is read, so no later file can come before it.
        before = time.time()
        self.train("--epochs", 2, "--meter", "none", "--lr", "0.03", "--schedule", "constant")
        events = Events(self.events)
        self.assertEqual(len(events.files), 1)
        self.assertRegex(events.files[0].name, r"^events\.out\.tfevents\.\d{10}\.")
        self.assertEqual(events.starts, [0])
        self.assertTrue(all(before - 1 <= t <= time.time() + 1 for t in events.times))
        self.assert_those_of_the_run(events)
        self.assertEqual(events.scalars["learning_rate"], {1: float32(0.03), 2: float32(0.03)})
        densities = json.loads((self.out / "summary.json").read_text())["relu_density"]
        self.assertEqual({tag: steps[2] for tag, steps in events.scalars.items() if tag.startswith("density/")},
                         {"density/" + layer: float32(density) for layer, density in densities.items()})  # fmt: skip
        # Nothing was measured: no curve says so, and a text says why.
        self.assertFalse([tag for tag in events.scalars if "gross" in tag or "dynamic" in tag or "measured" in tag])
        self.assertIn("No energy of training was measured: ", events.texts["joules"][1])
        self.assertEqual(list(events.texts["joules"]), [1])  # and again only when it changes

    def test_options(self):
        self.train("--epochs", 1, "--seed", 2**64 - 1, "--deterministic")
        events = Events(self.events)
        config = json.loads((self.out / "config.json").read_text())
        rows = [line.split(" | ") for line in events.texts["options"][0].splitlines()]
        self.assertIn(["| --seed", "18446744073709551615 |"], rows)
        self.assertIn("processor", events.texts["environment"][0])
        start = fields(events.hparams["_hparams_/session_start_info"][3][0])
        values = {}
        for entry in map(fields, start[1]):
            kind, value = next(iter(fields(entry[2][0]).items()))
            values[entry[1][0].decode()] = {2: lambda v: doubles(v)[0], 3: bytes.decode, 4: bool}[kind](value[0])
        for name, value in config.items():
            if name == "net":
                self.assertNotIn(name, values)
            elif name == "seed":
                self.assertEqual(values[name], str(value))  # no double has it
            else:
                self.assertEqual(values[name], value, name)
        experiment = fields(events.hparams["_hparams_/experiment"][2][0])
        metrics = {fields(fields(metric)[1][0])[2][0].decode() for metric in experiment[5]}
        self.assertTrue({"accuracy/test", "loss/test"} <= metrics <= events.scalars.keys(), metrics)
        self.assertEqual({fields(info)[1][0].decode() for info in experiment[4]}, set(values))
        end = fields(events.hparams["_hparams_/session_end_info"][4][0])
        self.assertEqual(end[1], [1])  # success

    def test_histograms(self):
        self.train("--epochs", 2)
        events = Events(self.events)
        layers = json.loads(joule("summary", "--model", "lenet5", "--input", "28x28x1", "--classes", 10,
                                  "--json").stdout)  # fmt: skip
        weights = sum(h[2]["num"] for tag, h in events.histograms.items() if tag.startswith("weights/"))
        self.assertEqual(weights, layers["parameters"])
        outputs = {tag: h[2] for tag, h in events.histograms.items() if tag.startswith("outputs/")}
        # A tenth of the 100 training images is held back: fewer than a batch.
        for tag, h in outputs.items():
            self.assertEqual(h["num"] % 10, 0, tag)
        for tag, steps in events.histograms.items():
            self.assertEqual(list(steps), [1, 2], tag)
            for h in steps.values():
                self.assertEqual(sum(h["counts"]), h["num"])
                self.assertEqual(h["limits"], sorted(set(h["limits"])))
                held = [i for i, count in enumerate(h["counts"]) if count]
                below = h["limits"][held[0] - 1] if held[0] else -math.inf
                self.assertTrue(below <= h["min"] < h["limits"][held[0]], tag)
                self.assertTrue(h["max"] < h["limits"][held[-1]], tag)
                self.assertLessEqual(h["sum"] ** 2, h["sum_squares"] * h["num"] * (1 + 1e-9))
        self.assertNotEqual(events.histograms["weights/linear1.weight"][1], events.histograms["weights/linear1.weight"][2])
        relus = {tag: h for tag, h in outputs.items() if "density/" + tag[8:] in events.scalars}
        self.assertTrue(relus)
        for tag, h in relus.items():  # not less than 0, and zeros in a bucket of their own
            self.assertEqual(h["min"], 0, tag)
            zeros = sum(n for limit, n in zip(h["limits"], h["counts"]) if 0 < limit <= 1e-12)
            self.assertAlmostEqual(1 - zeros / h["num"], events.scalars["density/" + tag[8:]][2], delta=0.1)

    def trace(self, readings):
        path = self.folder / "trace.jsonl"
        lines = [HEAD, *({"ns": round(1e9 * t), "ticks": ticks, "slice": bool(ends)} for t, ticks, *ends in readings)]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return path

    def test_measured_energy(self):
        idle = [(0, 0), *((k / 10, k, True) for k in range(1, 20)), (2, 20)]
        readings = [*idle, (2, 20), (6, 140), (7, 150), (8, 170), (9, 180), (14, 330), (15, 340), (16, 360)]
        self.train("--epochs", 2, "--idle", 2, "--meter", f"replay:{self.trace(readings)}")
        events = Events(self.events)
        gross = {m["epoch"]: m["energy"]["training"]["gross"] for m in self.metrics()}
        self.assertEqual({figure["quality"] for figure in gross.values()}, {"measured"})
        self.assertEqual(events.scalars["joules/training/gross_measured"],
                         {epoch: float32(figure["value"]) for epoch, figure in gross.items()})  # fmt: skip
        self.assertEqual(events.scalars["joules/training/gross_measured_plus_minus"],
                         {epoch: float32(figure["uncertainty"]) for epoch, figure in gross.items()})  # fmt: skip
        self.assertIn("joules/training/dynamic_attributed", events.scalars)
        self.assertNotIn("joules", events.texts)

    def kill_after_an_epoch(self, *more):
        process = subprocess.Popen([JOULE, "train", *RUN, *more, "--out", str(self.out), "--tensorboard", str(self.events)],
                                   stderr=subprocess.DEVNULL)  # fmt: skip
        while process.poll() is None and not (self.out / "checkpoint.safetensors").exists():
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertFalse((self.out / "summary.json").exists(), "it was too quick")

    def test_a_resumed_run_overlaps_nothing(self):
        epochs = 40
        self.kill_after_an_epoch("--epochs", str(epochs), "--lr", "0.003")
        (first,) = Events(self.events).files
        # The kill came after the events of an epoch and before its checkpoint, and in the middle of a record.
        wrong = struct.pack("<d", time.time())
        value = b"\x0a\x0dloss/training" + b"\x15" + struct.pack("<f", 99)
        summary = b"\x0a" + bytes([len(value)]) + value
        lost = b"\x09" + wrong + b"\x10" + bytes([epochs]) + b"\x2a" + bytes([len(summary)]) + summary
        first.write_bytes(first.read_bytes() + record(lost))
        self.assertEqual(Events(self.events).scalars["loss/training"][epochs], 99)
        self.train("--resume")
        events = Events(self.events)
        self.assertEqual(len(events.files), 2)
        self.assertEqual(events.files[0], first)
        self.assertEqual(events.starts[0], 0)
        self.assertGreater(events.starts[1], 1)
        self.assert_those_of_the_run(events)
        self.assertEqual(list(events.texts["options"]), [0])
        self.assertIn("_hparams_/session_end_info", events.hparams)
        if EventAccumulator:
            read = EventAccumulator(str(self.events), size_guidance={"scalars": 0}).Reload()
            self.assertEqual({e.step: e.value for e in read.Scalars("loss/training")}, events.scalars["loss/training"])

    def test_the_run_is_the_same_with_and_without(self):
        self.train("--epochs", 2, "--model", "resnet8", "--augment", "crop-flip")
        other = self.folder / "other"
        done = joule("train", *RUN, "--epochs", 2, "--model", "resnet8", "--augment", "crop-flip", "--out", other)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.out / "model.safetensors").read_bytes(), (other / "model.safetensors").read_bytes())
        of = lambda folder: json.loads((folder / "summary.json").read_text())["training"]["work"]  # noqa: E731
        counts = lambda work: {k: {n: c for n, c in v.items() if n != "nanoseconds"} for k, v in work.items()}  # noqa: E731
        self.assertEqual(counts(of(self.out)), counts(of(other)))

    def test_a_folder_that_is_taken(self):
        self.train("--epochs", 1)
        (name,) = (path.name for path in self.events.iterdir())
        done = joule("train", *RUN, "--epochs", 1, "--out", self.folder / "other", "--tensorboard", self.events)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, f"joule: --tensorboard {self.events}: holds {name} already; give each run a folder "
                                      "of its own, or --overwrite to hide what is there\n")  # fmt: skip
        self.assertFalse((self.folder / "other").exists())
        self.train("--epochs", 1, "--overwrite", "--lr", "0.01")
        events = Events(self.events)
        self.assertEqual(events.starts, [0, 0])
        self.assert_those_of_the_run(events)
        self.assertIn("| --lr | 0.01 |", events.texts["options"][0])

    def test_a_folder_that_cannot_be_written(self):
        (self.folder / "file").write_text("")
        self.events = self.folder / "file" / "events"
        done = joule("train", *RUN, "--epochs", 1, "--out", self.out, "--tensorboard", self.events)
        self.assertEqual(done.returncode, 3)
        self.assertIn(f"joule: {self.events}: cannot be ", done.stderr)

    def test_demo(self):
        done = joule("demo", "--data", "synthetic", "--limit", 100, "--epochs", 1, "--out", self.out,
                     "--tensorboard", self.events)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        for net in ("standard", "l0"):
            self.assertEqual(list(Events(self.events / net).scalars["loss/test"]), [1])

    @unittest.skipUnless(EventAccumulator, "" if EventAccumulator else f"{why} (scripts/setup.sh test installs it)")
    def test_tensorboard_reads_it(self):
        from tensorboard.plugins.hparams import plugin_data_pb2
        from tensorboard.util import tensor_util

        self.train("--epochs", 3)
        ours = Events(self.events)
        read = EventAccumulator(str(self.events), size_guidance={"scalars": 0, "histograms": 0, "tensors": 0}).Reload()
        self.assertEqual({tag: {e.step: e.value for e in read.Scalars(tag)} for tag in read.Tags()["scalars"]}, ours.scalars)
        self.assertEqual(set(read.Tags()["histograms"]), set(ours.histograms))
        for tag, steps in ours.histograms.items():
            for event in read.Histograms(tag):
                value, mine = event.histogram_value, steps[event.step]
                self.assertEqual((value.num, value.min, value.max, value.sum), (mine["num"], mine["min"], mine["max"], mine["sum"]))
                self.assertEqual((list(value.bucket_limit), list(value.bucket)), (mine["limits"], mine["counts"]))
        texts = {tag: tensor_util.make_ndarray(read.Tensors(tag)[0].tensor_proto).item().decode() for tag in ours.texts}
        self.assertEqual(texts["options"], ours.texts["options"][0])
        content = read.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
        start = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
        self.assertEqual(start.hparams["model"].string_value, "lenet5")
        self.assertEqual(start.hparams["batch"].number_value, 20)
        self.assertIs(start.hparams["deterministic"].bool_value, False)


if __name__ == "__main__":
    unittest.main()
