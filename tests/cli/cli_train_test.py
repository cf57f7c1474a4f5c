#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule train, killed, interrupted and repeated: the files must be those of an undisturbed run."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]
# 20 steps an epoch (of 444 images 44 are held back), a fraction of a second when the machine is idle.
RUN = ["--data", "synthetic", "--model", "lenet5", "--limit", "444", "--batch", "20", "--epochs", "3",
       "--augment", "crop-flip", "--l0-lambda", "0.1", "--l0-warmup", "1.5", "--threads", "1"]  # fmt: skip
TIMES = ("seconds", "images_per_second", "nanoseconds")
MEASURED = ("gross", "idle", "dynamic", "meters", "laps")
# A counter of millijoules that moves every 10 ms.
METER = {"joule_trace": 1, "meter": "rapl", "scope": "package 0", "joules_per_tick": 1e-3, "systematic": 0.0,
         "update_period_s": 0.01}  # fmt: skip


def joule(*arguments, **options):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True, **options)


def without(names, value):
    if not isinstance(value, dict):
        return value
    return {key: without(names, part) for key, part in value.items() if key not in names}


def metrics(folder, leave_out=(*TIMES, *MEASURED)):
    """The lines of metrics.jsonl without what depends on the clock or on a meter."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [without(leave_out, json.loads(line)) for line in lines]


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
            names,
            ["checkpoint.safetensors", "config.json", "metrics.jsonl", "model.safetensors", "report.html", "summary.json"],
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

    def test_a_target_steers_lambda(self):
        plain = RUN[: RUN.index("--l0-lambda")] + ["--threads", "1"]
        targets = {
            "density": ["--target-density", "0.2", "--l0-weights", "macs"],
            "joules": ["--target-joules", "2e-5"],
            "loss": ["--target-accuracy-loss", "5%", "--reference", self.reference],
        }
        for name, target in targets.items():
            with self.subTest(name):
                out = self.folder / f"target {name}"
                done = joule("train", *plain, *target, "--out", out)
                self.assertEqual(done.returncode, 0, done.stderr)
                lines = metrics(out)
                for line in lines:
                    self.assertEqual(list(line["control"]), ["lambda", "measured", "target"])
                    self.assertEqual(line["control"]["target"], float(target[1].rstrip("%")))
                last = lines[-1]["control"]
                self.assertRegex(done.stderr, rf"lambda \S+ \({last['measured']:.4g} of {last['target']:.4g}\)")
                # Killed, it goes on to the same bits.
                again = self.folder / f"target {name}, killed"
                process = subprocess.Popen([JOULE, "train", *map(str, [*plain, *target]), "--out", str(again)],
                                           stderr=subprocess.PIPE, text=True)  # fmt: skip
                self.wait_for(process, lambda: (again / "checkpoint.safetensors").exists())
                process.send_signal(signal.SIGINT)
                process.communicate()
                done = joule("train", "--out", again, "--resume")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(learned(again), learned(out))
        done = joule("train", *RUN, "--target-density", "0.2", "--out", self.folder / "both")
        self.assertEqual(done.returncode, 2)
        self.assertIn("target_density: steers lambda, but l0_lambda gives it: 0.1", done.stderr)

    def test_same_bits_again(self):
        again = self.folder / "again"
        self.assertEqual(joule("train", *RUN, "--out", again).returncode, 0)
        self.assert_same_run(again)

    def test_goes_on_from_the_weights_of_another_run(self):
        tuned = self.folder / "tuned"
        options = ["--limit", "444", "--batch", "20", "--threads", "1", "--lr", "1e-9", "--momentum", "0",
                   "--weight-decay", "0", "--epochs", "1"]  # fmt: skip
        done = joule("train", "--weights", self.reference, *options, "--out", tuned)
        self.assertEqual(done.returncode, 0, done.stderr)
        config = json.loads((tuned / "config.json").read_text())
        self.assertEqual([config[name] for name in ("model", "data")], ["lenet5", "synthetic"])
        losses = [json.loads((run / "summary.json").read_text())["test_loss"] for run in (self.reference, tuned)]
        self.assertAlmostEqual(losses[1], losses[0], places=4)  # hardly a step was made
        fresh = json.loads((tuned / "metrics.jsonl").read_text().splitlines()[0])["train_loss"]
        begun = metrics(self.reference)[0]["train_loss"]
        self.assertLess(fresh, 0.9 * begun)
        # A net of one's own brings its graph along.
        graph = self.folder / "mine.json"
        self.assertEqual(joule("summary", "--model", "lenet5", "--input", "28x28x1", "--classes", "10",
                               "--save-net", graph).returncode, 0)  # fmt: skip
        net = json.loads(graph.read_text())
        graph.write_text(json.dumps({**net, "name": "mine"}))
        mine = self.folder / "mine"
        short = ["--data", "synthetic", *options]
        self.assertEqual(joule("train", "--net", graph, *short, "--out", mine).returncode, 0)
        again = self.folder / "mine again"
        done = joule("train", "--weights", mine / "model.safetensors", *options, "--out", again)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads((again / "config.json").read_text())["model"], "mine")

    def test_a_run_cannot_be_made_longer(self):
        done = joule("train", *RUN, "--epochs", "9", "--out", self.reference, "--resume")
        self.assertEqual((done.returncode, done.stderr),
                         (2, f"joule: {self.reference}: this run was started otherwise: epochs is 3, got 9; "
                             f"joule train --weights {self.reference} begins another one with its weights\n"))  # fmt: skip

    def test_weights_that_do_not_fit_are_refused(self):
        def refused(code, *options):
            out = self.folder / "none"
            done = joule("train", "--weights", self.reference, *options, "--out", out)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (code, 1), done.stderr)
            self.assertFalse(out.exists() and any(out.iterdir()), done.stderr)
            return done.stderr

        self.assertIn("do not fit small-cnn: load_state: the saved state does not fit; conv1.",
                      refused(2, "--model", "small-cnn", "--limit", "100"))  # fmt: skip
        self.assertIn("the images are normalised as for the weights", refused(2, "--normalize", "off"))
        done = joule("train", "--weights", self.folder / "nothing", "--out", self.folder / "none")
        self.assertEqual(done.returncode, 3)
        self.assertIn("nothing", done.stderr)

    def test_killed_at_any_moment(self):
        moments = {
            "config": lambda out: (out / "config.json").exists(),
            "first epoch": lambda out: (out / "checkpoint.safetensors").exists(),
            "second epoch": lambda out: (out / "metrics.jsonl").exists() and (out / "metrics.jsonl").read_text().count("\n") == 2,
            "writing": lambda out: any(out.glob("*.tmp")),
            "end": lambda out: (out / "summary.json").exists(),
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

    def test_the_last_complete_epoch_is_usable_after_a_kill(self):
        out = self.folder / "usable"
        process = self.start(out)
        self.wait_for(process, lambda: (out / "checkpoint.safetensors").exists())
        process.send_signal(signal.SIGKILL)
        process.communicate()
        done = joule("eval", "--model", out, "--limit", "40")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"\Athe net after epoch [123] of 3; its run is not finished\n40 images: ")
        net = json.loads(joule("eval", "--model", out, "--limit", "40", "--json").stdout)["net"]
        self.assertEqual((net["epochs"], net["unfinished"]), (3, True))
        again = joule("eval", "--model", self.reference, "--limit", "40")
        self.assertRegex(again.stdout, r"\A40 images: ")
        net = json.loads(joule("eval", "--model", self.reference, "--limit", "40", "--json").stdout)["net"]
        self.assertEqual(net, {"epoch": 3, "epochs": 3})
        self.resume(out)
        self.assert_same_run(out)

    def test_two_at_once(self):
        out = self.folder / "two"
        first = self.start(out)
        self.wait_for(first, lambda: (out / "config.json").exists())
        first.send_signal(signal.SIGSTOP)  # it would be done too soon
        try:
            for more in ((), ("--resume",), ("--overwrite", "--seed", "9")):
                second = joule("train", *RUN, "--out", out, *more)
                self.assertEqual((second.returncode, second.stdout), (2, ""), second.stderr)
                if more:
                    self.assertIn(f"joule: {out}: process {first.pid} on ", second.stderr)
                    self.assertIn(" trains into this folder; wait for it, or take another folder\n", second.stderr)
            self.assertEqual(json.loads((out / "config.json").read_text())["seed"], 1)
        finally:
            first.send_signal(signal.SIGCONT)
        _, errors = first.communicate()
        self.assertEqual(first.returncode, 0, errors)
        self.assert_same_run(out)

    def test_lost_lines_of_metrics_are_an_error(self):
        out = self.folder / "shortened"
        process = self.start(out)
        self.wait_for(process, lambda: (out / "metrics.jsonl").exists() and len(metrics(out)) == 2)
        process.send_signal(signal.SIGINT)
        process.communicate()
        lines = (out / "metrics.jsonl").read_text().splitlines(keepends=True)
        (out / "metrics.jsonl").write_text(lines[0])
        refused = joule("train", "--out", out, "--resume")
        self.assertEqual(refused.returncode, 3, refused.stderr)
        self.assertRegex(refused.stderr, r"metrics.jsonl: ends after 1 of the [23] epochs that the checkpoint covers\n\Z")
        self.assertEqual((out / "metrics.jsonl").read_text(), lines[0])

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

    def page(self, out):
        """The data of a run's page, and its text."""
        html = (out / "report.html").read_text()
        return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', html)[1]), html

    def test_page(self):
        data, html = self.page(self.reference)
        self.assertEqual(data["config"], json.loads((self.reference / "config.json").read_text()))
        self.assertEqual(data["epochs"], metrics(self.reference, ()))
        self.assertEqual(data["energy"], self.summary(self.reference))
        self.assertIn("instruction set", data["environment"])
        self.assertTrue("The trained net" in html)
        self.assertFalse("epochs are complete" in html)
        last, summary = data["epochs"][-1], json.loads((self.reference / "summary.json").read_text())
        for key in ("relu_outputs", "relu_outputs_nonzero"):
            self.assertEqual(last[key], summary[key])

    def test_page_of_a_run_that_is_not_finished(self):
        out = self.folder / "page"
        meter = self.trace("page.jsonl", [(at, at) for at in range(100)])
        stopped = self.metered(out, meter, "--idle", "0", "--energy-budget", "30J")
        self.assertEqual(stopped.returncode, 130, stopped.stderr)
        data, html = self.page(out)
        self.assertEqual(len(data["epochs"]), 1)
        self.assertTrue("1 of 3 epochs are complete" in html)
        self.assertTrue("energy of all epochs until then (measured, gross), J" in html)
        begun = self.metered(out, meter, "--idle", "0", "--energy-budget", "1J", "--overwrite")
        self.assertEqual(begun.returncode, 130, begun.stderr)
        self.assertTrue("No epoch is complete yet." in self.page(out)[1])

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

    def trace(self, name, readings):
        """(seconds, joules), or a text that says why there is no reading; a third says that a slice ends there."""
        lines = [METER]
        for seconds, what, *slice_ends in readings:
            reading = {"failure": what} if isinstance(what, str) else {"ticks": round(1000 * what)}
            lines.append({"ns": round(1e9 * seconds), **reading, "slice": bool(slice_ends)})
        path = self.folder / name
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return f"replay:{path}"

    def metered(self, out, meter, *more):
        return joule("train", *RUN, "--out", out, "--meter", meter, *more)

    def summary(self, out):
        return json.loads((out / "summary.json").read_text())["energy"]

    # Idle: 10 W.  Epochs of 4, 5 and 6 s at 30 W, each with a validation of 1 s at 10 W and a test of 1 s at 20 W.
    IDLE = [(0, 0), *((k / 10, k, True) for k in range(1, 20)), (2, 20)]
    READINGS = [*IDLE, (2, 20), (6, 140), (7, 150), (8, 170), (9, 180), (14, 330), (15, 340), (16, 360),
                (17, 370), (23, 550), (24, 560), (25, 580)]  # fmt: skip

    def test_measured_energy_of_a_trace(self):
        out = self.folder / "measured"
        done = self.metered(out, self.trace("whole.jsonl", self.READINGS), "--carbon-intensity", "360", "--pue", "1.5")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_same_run(out)
        lines = metrics(out, ())
        for line, joules in zip(lines, (120, 150, 180)):
            training, test = line["energy"]["training"], line["energy"]["evaluation"]
            self.assertEqual((training["gross"]["value"], training["gross"]["quality"]), (joules, "measured"))
            self.assertEqual(training["meters"][0]["ticks"], 1000 * joules)
            self.assertAlmostEqual(training["idle"]["value"], joules / 3)
            self.assertAlmostEqual(training["dynamic"]["value"], joules * 2 / 3)
            self.assertEqual(line["energy"]["validation"]["gross"]["value"], 10)
            self.assertEqual((test["gross"]["value"], test["gross"]["unit"]), (20, "J"))
            self.assertEqual(test["modelled"]["horowitz45"]["quality"], "modelled")
        energy = self.summary(out)
        self.assertEqual(energy["total"]["gross"]["value"], 540)
        self.assertEqual(energy["training"]["gross"]["value"], 450)
        self.assertEqual(energy["meters"][0]["ticks"], 540000)
        self.assertAlmostEqual(energy["facility_energy"]["value"], 810)
        self.assertAlmostEqual(energy["carbon"]["value"], 540 / 3.6e6 * 360)
        self.assertEqual(energy["lost_after_epochs"], [])
        self.assertEqual(energy["predictions"]["measured"], [])  # two epochs tell no trend from noise
        self.assert_chosen(out, lines, (150, 330, 540))
        self.assertIn("measured energy: 540 J +- ", done.stdout)
        self.assertIn("carbon: 0.054 g CO2e (stated 360 g/kWh, of what the sum covers alone)", done.stdout)
        self.assertIn("its share of the building: 810 J (stated PUE of 1.5, of what the sum covers alone)", done.stdout)
        self.assertIn("  covers: replay of rapl, package 0\n  lacks: the rest of the machine (", done.stdout)
        self.assertIn("note: replay of rapl gives the readings of a recording in order, whatever runs: its energies are those of "
                      "this run only if it is the one that was recorded\n", done.stderr)  # fmt: skip
        self.assertEqual(energy["scope"]["covers"], ["replay of rapl, package 0"])
        self.assertFalse(energy["scope"]["machine"])
        self.assertNotIn("after epoch 2: ", done.stderr)
        self.assertRegex(done.stderr, r"epoch 1/3 .* 300 mJ/image")

    def test_prediction_of_a_trace(self):
        out = self.folder / "predicted"
        # Epochs of 120, 130, 140, 150 and 160 J, each with 10 J of validation and test.
        readings, now = [], 0
        for joules in (120, 130, 140, 150, 160):
            for part in (0, joules, 5, 5):
                now += part
                readings.append((now / 10, now))
        arguments = ["5" if argument == "3" else argument for argument in RUN]
        done = joule("train", *arguments, "--out", out, "--idle", "0", "--meter", self.trace("five.jsonl", readings))
        self.assertEqual(done.returncode, 0, done.stderr)
        after = self.summary(out)["predictions"]["measured"]
        self.assertEqual([(p["after_epoch"], p["of"]) for p in after], [(3, "measured"), (4, "measured")])
        # Windows that share their readings: together they leave 10 ms at 10.2 W and a tick open, and so, it is taken, does the rest.
        for prediction in after:
            self.assertAlmostEqual(prediction["value"], 750, places=3)  # along the line
            self.assertAlmostEqual(prediction["half_width"], 5 / prediction["after_epoch"] * (0.102 + 0.001), delta=0.001)
        self.assertEqual(self.summary(out)["predictions"]["modelled"]["zero-skip"][0]["of"], "modelled")
        self.assertIn("after epoch 3: 750 J +- ", done.stderr)

    def assert_chosen(self, out, lines, joules):
        """By validation accuracy over what had been spent until then, whatever the test images say."""
        summary = json.loads((out / "summary.json").read_text())
        accuracies = [line["validation_accuracy"] for line in lines]
        best = max(accuracies)
        self.assertEqual(summary["best_epoch"]["epoch"], 1 + accuracies.index(best))
        chosen = summary["accuracy_over_energy"]["measured"]
        front = [(i, joules[i]) for i in range(3) if accuracies[i] > max(accuracies[:i], default=-1)]
        self.assertEqual([(p["epoch"] - 1, p["energy"]["value"]) for p in chosen["front"]], front)
        within = next(i for i in range(3) if accuracies[i] >= best - 0.01)
        self.assertEqual(chosen["within_a_point_of_best"]["energy"]["value"], joules[within])

    def test_without_validation_nothing_is_chosen(self):
        out = self.folder / "no validation"
        done = joule("train", *RUN, "--limit", "100", "--epochs", "1", "--validation", "0", "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("no best epoch: no images were held back to choose by (--validation)", done.stdout)
        self.assertNotIn("validation", done.stderr)
        (line,) = metrics(out)
        self.assertEqual((line["validation_accuracy"], line["validation_loss"]), (None, None))
        summary = json.loads((out / "summary.json").read_text())
        self.assertEqual((summary["best_epoch"], summary["accuracy_over_energy"]), (None, None))
        refused = joule("train", *RUN, "--validation", "0", "--schedule", "plateau", "--out", self.folder / "plateau")
        self.assertEqual((refused.returncode, refused.stdout), (2, ""))
        self.assertIn("validation: the plateau schedule goes by the loss on images that are held back", refused.stderr)

    def test_modelled_energy_without_a_meter(self):
        energy = self.summary(self.reference)
        work = json.loads((self.reference / "summary.json").read_text())["training"]
        executed = work["modelled_energy"]["horowitz45"]["executed"]
        self.assertEqual(energy["training"]["modelled"]["horowitz45"], executed)
        out = self.folder / "no meter"
        done = self.metered(out, "none", "--carbon-intensity", "360")
        self.assert_same_run(out)
        self.assertRegex(done.stdout, r"measured energy: unavailable \(none: ")
        self.assertIn("carbon: unavailable, as there is no measured energy", done.stdout)
        energy = self.summary(out)
        self.assertEqual((energy["total"]["gross"]["value"], energy["carbon"]["value"]), (None, None))
        self.assertEqual(energy["predictions"]["measured"], [])
        self.assertEqual(energy["predictions"]["modelled"]["zero-skip"], [])  # two epochs tell no trend
        chosen = json.loads((out / "summary.json").read_text())["accuracy_over_energy"]
        self.assertEqual(chosen["measured"]["front"], [])
        self.assertIsNone(chosen["measured"]["within_a_point_of_best"]["energy"]["value"])
        self.assertGreater(len(chosen["modelled"]["zero-skip"]["front"]), 0)
        self.assertRegex(done.stdout, r"within 1 point of the best \(.*\): after epoch \d and .* \(modelled, horowitz45\)")

    def test_energy_budget(self):
        out = self.folder / "budget"
        # A reading per step: 1 J each, and the 30 J are exceeded in the first epoch's test, behind its validation.
        readings = [(at, at + (at > 24) * 10) for at in range(100)]
        meter = self.trace("budget.jsonl", readings)
        stopped = self.metered(out, meter, "--idle", "0", "--energy-budget", "0.03kJ")
        self.assertEqual(stopped.returncode, 130, stopped.stderr)
        last = stopped.stderr.splitlines()[-1]
        self.assertRegex(last, r"\Ajoule: the energy budget of 30 J is spent: \d+ J \(measured, gross\); saved ")
        self.assertIn("--resume goes on from there", last)
        self.assertFalse((out / "running").exists())
        saved = (out / "checkpoint.safetensors").read_bytes()
        for budget in (("--energy-budget", "30 J"), (), ()):  # what is spent allows no step more, asked for again or not
            again = self.metered(out, meter, "--idle", "0", *budget, "--resume")
            self.assertEqual(again.returncode, 130)
            self.assertEqual((out / "checkpoint.safetensors").read_bytes(), saved)
        rest = self.metered(out, self.trace("rest.jsonl", [(at, at) for at in range(200)]), "--idle", "0", "--resume",
                            "--energy-budget", "1kJ")  # fmt: skip
        self.assertEqual(rest.returncode, 0, rest.stderr)
        self.assert_same_run(out)
        self.assertEqual(self.summary(out)["lost_after_epochs"], [])
        self.assertIsNotNone(self.summary(out)["total"]["gross"]["value"])

    def test_budgets_that_cannot_be(self):
        out = self.folder / "impossible"
        meter = self.trace("impossible.jsonl", self.READINGS)
        for budget in ("0J", "-5J", "nan J", "inf J", "5", "J", "5 cal", "5J 5", "1e400J"):
            done = self.metered(out, meter, f"--energy-budget={budget}")
            self.assertEqual(done.returncode, 2, budget)
            expected = "--energy-budget: expected a positive energy in J, kJ, Wh or kWh, such as 500J, got "
            self.assertEqual(done.stderr, f"joule: {expected}'{budget}'\n")
        for options, text in (
            (("--energy-budget", "5J", "--meter", "none"), "energy budget: it is one of measured energy, and what the"),
            (("--pue", "0.5"), "pue: expected a factor >= 1, got 0.5"),
            (("--carbon-intensity=-3",), "carbon intensity: expected a number of grams per kWh >= 0, got -3"),
            (("--idle=-1",), "--idle: expected 0 to 3600 seconds, got -1"),
            (("--idle-power=-1",), "idle power: expected a number of watts >= 0, got -1"),
            (("--meter", "plug"), "plug"),
        ):
            done = self.metered(out, meter, *options)
            self.assertEqual(done.returncode, 2, options)
            self.assertRegex(done.stderr, r"\Ajoule: [^\n]+\n\Z")
            self.assertIn(text, done.stderr)
        self.assertFalse(out.exists())

    def test_a_meter_that_dies(self):
        out = self.folder / "dies"
        meter = self.trace("dies.jsonl", [*self.IDLE, *self.READINGS[21:26], (14, "the GPU is lost"), (14, "gone")])
        done = self.metered(out, meter)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_same_run(out)
        self.assertIn("no measured energy any more: epoch 2, training: the GPU is lost, 5 s after", done.stderr)
        self.assertIn("measured energy: unavailable (replay of rapl, package 0: epoch 2, training: the GPU", done.stdout)
        first, second, _ = metrics(out, ())
        self.assertEqual(first["energy"]["training"]["gross"]["value"], 120)
        self.assertIsNone(second["energy"]["training"]["gross"]["value"])

    @staticmethod
    def cards(**more):
        """Two cards of 200 W that this run does not compute on."""
        library = str(Path(os.environ["JOULE_BUILD"]) / "tests" / "fake_nvml")
        return {**os.environ, "LD_LIBRARY_PATH": library, "FAKE_NVML_WATTS": "200", "FAKE_NVML_PERIOD_MS": "1", **more}

    def test_a_gpu_pays_nothing_of_what_the_processors_did(self):
        for known in (True, False):
            out = self.folder / f"cards {known}"
            lost = {} if known else {"FAKE_NVML_LOST_WITH": str(out / "metrics.jsonl")}  # they may well break
            env = self.cards(**lost)
            done = joule("train", *RUN, "--out", out, "--meter", "nvml", "--carbon-intensity", "360", env=env)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assert_same_run(out)
            self.assertIn("measured energy: unavailable (processors: no meter of the processors was asked for)", done.stdout)
            beside = r"  not in the sum: (.*nvml, GPU 00000000:\d\d:00.0.*): the run did not compute on a GPU\n"
            self.assertEqual(len(re.findall(beside, done.stdout)), 2)
            self.assertNotIn("J/image", done.stderr)
            self.assertNotIn("no measured energy any more", done.stderr)
            for line in metrics(out, ()):
                for part in ("training", "evaluation"):
                    energy = line["energy"][part]
                    self.assertIsNone(energy["gross"]["value"])
                    reasons = [meter["not_in_sum"] for meter in energy["meters"]]
                    self.assertEqual(reasons, [None] + 2 * ["the run did not compute on a GPU"])
            energy = self.summary(out)
            self.assertEqual((energy["total"]["gross"]["value"], energy["carbon"]["value"]), (None, None))
            self.assertEqual(energy["predictions"]["measured"], [])
            chosen = json.loads((out / "summary.json").read_text())["accuracy_over_energy"]
            self.assertEqual(chosen["measured"]["front"], [])
            self.assertGreater(len(chosen["modelled"]["horowitz45"]["front"]), 0)
            self.assertEqual([meter["gross"]["value"] is not None for meter in energy["meters"]], [False, known, known])
            html = self.page(out)[1]
            self.assertEqual(html.count("<li>Not in the sum: "), 2)
            self.assertIn("until then (modelled, horowitz45)", html)
        refused = joule("train", *RUN, "--out", self.folder / "cards 2", "--meter", "nvml", "--energy-budget", "5J",
                        env=self.cards())  # fmt: skip
        self.assertEqual(refused.returncode, 2)
        self.assertEqual(refused.stderr, "joule: energy budget: it is one of measured energy, and what the run computes on "
                         "is not measured (processors: no meter of the processors was asked for)\n")  # fmt: skip

    def test_what_a_kill_undid_is_said(self):
        out = self.folder / "lost"
        process = self.start(out)
        self.wait_for(process, lambda: (out / "running").exists())
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.assertTrue((out / "running").exists())
        # Stopped cleanly in the second epoch, but as if it had then been resumed and killed.
        readings = [(at, at) for at in range(100)]
        meter = self.trace("lost.jsonl", readings)
        stopped = self.metered(out, meter, "--idle", "0", "--energy-budget", "26J", "--resume")
        self.assertEqual(stopped.returncode, 130, stopped.stderr)
        self.assertFalse((out / "running").exists())
        (out / "running").write_text("")
        done = self.metered(out, self.trace("lost_rest.jsonl", [(at, at) for at in range(300)]), "--idle", "0", "--energy-budget", "1kJ",
                            "--resume")  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_same_run(out)
        self.assertEqual(self.summary(out)["lost_after_epochs"], [0, 1])
        for epoch in (0, 1):
            self.assertIn(f"not in it: what was spent after epoch {epoch} and then lost", done.stdout)
        self.assertIsNotNone(self.summary(out)["total"]["gross"]["value"])
        self.assertFalse((out / "running").exists())

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

    def test_files_that_no_run_made_are_not_replaced(self):
        out = self.folder / "foreign"
        out.mkdir()
        (out / "model.safetensors").write_text("mine")
        (out / "notes.txt").write_text("mine, too")
        quick = ["train", *RUN[:4], "--epochs", "1", "--limit", "40", "--out", out]
        refused = joule(*quick)
        self.assertEqual((refused.returncode, refused.stdout), (2, ""))
        self.assertEqual(
            refused.stderr,
            f"joule: {out}: holds model.safetensors, but no run that made it (there is no config.json); "
            "--overwrite replaces it\n",
        )
        refused = joule(*quick, "--resume")
        self.assertEqual(refused.returncode, 3)
        self.assertRegex(refused.stderr, r"\Ajoule: [^\n]*config.json: is missing, though model.safetensors is there: [^\n]*\n\Z")
        self.assertEqual(joule(*quick, "--overwrite", "--data", self.folder / "none").returncode, 3)
        self.assertEqual((out / "model.safetensors").read_text(), "mine")
        self.assertEqual(sorted(path.name for path in out.iterdir()), ["model.safetensors", "notes.txt"])
        self.assertEqual(joule(*quick, "--overwrite").returncode, 0)
        self.assertEqual((out / "notes.txt").read_text(), "mine, too")
        self.assertNotEqual((out / "model.safetensors").read_bytes(), b"mine")

    def test_a_demo_replaces_only_a_demo(self):
        out = self.folder / "demo"
        quick = ["demo", "--data", "synthetic", "--model", "lenet5", "--limit", "40", "--epochs", "1", "--out", out]
        kept = out / "standard" / "config.json"
        self.assertEqual(joule("train", *RUN[:4], "--epochs", "1", "--limit", "40", "--out", kept.parent).returncode, 0)
        before = kept.read_bytes()
        refused = joule(*quick)
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn(f"{kept.parent}: holds a run already; ", refused.stderr)
        (out / "summary.json").write_text('{"test_accuracy": 1}')
        refused = joule(*quick)
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn(f"{out}/summary.json: is not the summary of a demo; --overwrite replaces it", refused.stderr)
        self.assertEqual(kept.read_bytes(), before)
        self.assertEqual(joule(*quick, "--overwrite").returncode, 0)
        self.assertEqual(joule(*quick, "--seed", "2").returncode, 0)  # a demo
        self.assertEqual(json.loads(kept.read_text())["seed"], 2)


if __name__ == "__main__":
    unittest.main()
