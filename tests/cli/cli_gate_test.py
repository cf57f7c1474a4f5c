#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule compare --gate: runs of joule train, and reports of joule bench, judged by earlier ones."""

import copy
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]
RUN = ["--data", "synthetic", "--model", "lenet5", "--limit", "60", "--batch", "20", "--epochs", "1", "--threads", "1",
       "--meter", "none"]  # fmt: skip
PASSED, REGRESSED, UNDECIDED = 0, 1, 5


def joule(*arguments):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True)


class Gate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def gate(self, base, new, *options):
        """The exit code, the JSON, the text."""
        out = self.folder / "gate.json"
        out.unlink(missing_ok=True)
        done = joule("compare", *base, "--gate", *new, "--json", out, *options)
        self.assertIn(done.returncode, (PASSED, REGRESSED, UNDECIDED), done.stderr)
        found = json.loads(out.read_text())
        outcome = {PASSED: "passed", REGRESSED: "regressed", UNDECIDED: "undecided"}[done.returncode]
        self.assertEqual(found["outcome"], outcome)
        self.assertIn(f"gate: {outcome}", done.stdout)
        return done.returncode, {figure["name"]: figure for figure in found["figures"]}, done.stdout

    def assert_refused(self, code, text, *arguments):
        done = joule("compare", *arguments)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertIn(text, done.stderr)


class Runs(Gate):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.base = []
        for seed in range(1, 5):
            cls.base.append(cls.folder / f"base-{seed}")
            done = joule("train", *RUN, "--seed", seed, "--out", cls.base[-1])
            assert done.returncode == 0, done.stderr

    def changed(self, name, slower=1.0, more_macs=0, more_seeds=0):
        """The runs as if another build had made them."""
        runs = []
        for run in self.base:
            runs.append(self.folder / f"{name}-{run.name}")
            shutil.copytree(run, runs[-1])
            metrics = json.loads((runs[-1] / "metrics.jsonl").read_text())
            metrics["seconds"] *= slower
            metrics["energy"]["training"]["work"]["macs"] += more_macs
            (runs[-1] / "metrics.jsonl").write_text(json.dumps(metrics) + "\n")
            if more_seeds:
                config = json.loads((runs[-1] / "config.json").read_text())
                config["seed"] += more_seeds
                (runs[-1] / "config.json").write_text(json.dumps(config))
        return runs

    def settled(self, name):
        """The same, with training times that do not depend on this machine's moods."""
        runs = self.changed(name)
        for run, seconds in zip(runs, (1.0, 1.01, 1.02, 1.03)):
            metrics = json.loads((run / "metrics.jsonl").read_text())
            metrics["seconds"] = seconds
            (run / "metrics.jsonl").write_text(json.dumps(metrics) + "\n")
        return runs

    def test_the_same_runs_pass(self):
        code, figures, text = self.gate(self.base, self.changed("same"))
        self.assertEqual(code, PASSED, text)
        verdicts = {name: figure["verdict"] for name, figure in figures.items()}
        self.assertEqual(verdicts, {"MACs executed, training": "same", "bytes moved, training": "same",
                                    "MACs executed, test": "same", "bytes moved, test": "same",
                                    "energy (modelled, horowitz45)": "same",
                                    "time of the training steps": "not told apart"})  # fmt: skip
        macs = 0
        for run in self.base:
            work = json.loads((run / "metrics.jsonl").read_text())["energy"]["training"]["work"]
            macs += work["macs"] - work["macs_skipped"]
        self.assertEqual(figures["MACs executed, training"]["base"]["value"], macs)

    def test_one_mac_more_is_a_regression(self):
        code, figures, text = self.gate(self.base, self.changed("more", more_macs=1))
        self.assertEqual(code, REGRESSED, text)
        self.assertEqual(figures["MACs executed, training"]["verdict"], "worse")
        self.assertEqual(figures["MACs executed, test"]["verdict"], "same")
        code, figures, _ = self.gate(self.base, self.changed("fewer", more_macs=-1))
        self.assertEqual(code, PASSED)
        self.assertEqual(figures["MACs executed, training"]["verdict"], "better")

    def test_slower_runs(self):
        base, name = self.settled("settled"), "time of the training steps"
        slow = [self.folder / f"slow-{run.name}" for run in base]
        for run, copied in zip(base, slow):
            shutil.copytree(run, copied)
            metrics = json.loads((copied / "metrics.jsonl").read_text())
            metrics["seconds"] *= 1.2
            (copied / "metrics.jsonl").write_text(json.dumps(metrics) + "\n")
        code, figures, text = self.gate(base, slow)
        self.assertEqual((code, figures[name]["verdict"]), (REGRESSED, "worse"), text)
        self.assertAlmostEqual(figures[name]["ratio"], 1.2, delta=0.03)
        self.assertEqual(self.gate(base, slow, "--gate-tolerance", "30%")[1][name]["verdict"], "within tolerance")
        self.assertEqual(self.gate(slow, base)[1][name]["verdict"], "better")
        code, figures, _ = self.gate(base, slow, "--gate-figures", "count,energy")
        self.assertEqual(code, PASSED)
        self.assertNotIn(name, figures)
        code, figures, text = self.gate(base[:3], slow[:3])
        self.assertEqual((code, figures[name]["verdict"]), (UNDECIDED, "too few values"))
        self.assertIn("3 and 3 values; 4 each can be told apart", text)

    def test_what_cannot_be_compared(self):
        name = "time of the training steps"
        runs = self.changed("unrecorded")
        (runs[2] / "report.html").unlink()
        code, figures, _ = self.gate(self.base, runs)
        self.assertEqual((code, figures[name]["verdict"]), (UNDECIDED, "not comparable"))
        self.assertEqual(figures[name]["reason"], "unrecorded-base-3 does not record its machine (no report.html)")
        self.assertEqual(self.gate(self.base, runs, "--gate-same-machine")[0], PASSED)
        page = runs[2] / "report.html"
        html = (self.base[2] / "report.html").read_text()
        out = self.folder / "compare.json"
        self.assertEqual(joule("compare", *self.base[:2], "--json", out).returncode, 0)
        page.write_text(html.replace(json.loads(out.read_text())["runs"][0]["environment"]["processor"], "Another"))
        self.assertIn("other machines: ", self.gate(self.base, runs)[1][name]["reason"])
        code, figures, _ = self.gate(self.base, self.changed("seeds", more_seeds=10))
        self.assertEqual(code, UNDECIDED)
        self.assertEqual(figures["bytes moved, test"]["reason"], "the two sets have no seed in common")

    def test_refusals(self):
        base, other = self.base, self.folder / "other"
        done = joule("train", *RUN, "--lr", "0.01", "--out", other)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_refused(2, "runs of a set may differ only in their seeds: lr is 0.05, got 0.01",
                            base[0], other, "--gate", base[1])  # fmt: skip
        done = joule("compare", base[0], "--gate", other)
        self.assertIn("note: the sets are of different configurations: lr is 0.05, got 0.01", done.stdout)
        self.assert_refused(2, "is given twice", base[0], "--gate", base[0])
        self.assert_refused(3, "there is no such folder or file", base[0], "--gate", self.folder / "missing")
        self.assert_refused(2, "--html", base[0], "--gate", base[1], "--html", self.folder / "x.html")
        self.assert_refused(2, "expected figures of these kinds: count, energy, ratio, time, memory; got joules",
                            base[0], "--gate", base[1], "--gate-figures", "joules")  # fmt: skip
        self.assert_refused(2, "--gate-tolerance", base[0], base[1], "--gate-tolerance", "3")
        self.assert_refused(2, "expected a tolerance of at least 0", base[0], "--gate", base[1], "--gate-tolerance=-3")
        unfinished = self.folder / "unfinished"
        shutil.copytree(base[0], unfinished)
        (unfinished / "summary.json").unlink()
        self.assert_refused(2, "the run is not finished", base[1], "--gate", unfinished)
        report = self.folder / "some.json"
        report.write_text("{}")
        self.assert_refused(2, "is a folder, others are files", base[0], "--gate", report)


class Reports(Gate):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        path = cls.folder / "infer.json"
        done = joule("bench", "infer", "--models", "lenet5", "--batch", 8, "--steps", 2, "--rounds", 2, "--json", path)
        assert done.returncode == 0, done.stderr
        cls.infer = json.loads(path.read_text())
        path = cls.folder / "conv.json"
        done = joule("bench", "conv", "--shapes", "8x8x6", "--batch", 2, "--density", "0.5,1", "--passes", "forward",
                     "--rounds", 2, "--json", path)  # fmt: skip
        assert done.returncode == 0, done.stderr
        cls.conv = json.loads(path.read_text())

    def set_of(self, name, report, count, change):
        """Reports of the same measurement again; change(report, i) makes the i-th."""
        paths = []
        for i in range(count):
            one = copy.deepcopy(report)
            change(one, i)
            paths.append(self.folder / f"{name}-{i}.json")
            paths[-1].write_text(json.dumps(one))
        return paths

    @staticmethod
    def speed(factor):
        def change(report, i):
            for net in report["nets"]:
                for side in net["sides"]:
                    for key in ("images_per_second", "over_dense"):
                        if side[key]:
                            side[key]["median"] *= factor * (1 + 0.001 * i)
                    side["peak_bytes"] = round(side["peak_bytes"] * (1 + 0.0001 * i))
        return change  # fmt: skip

    def test_nets(self):
        base = self.set_of("base", self.infer, 6, self.speed(1))
        code, figures, text = self.gate(base, self.set_of("same", self.infer, 6, self.speed(1.0001)))
        self.assertEqual(code, PASSED, text)
        name = "lenet5 (fresh), joule: images per second"
        self.assertEqual(figures[name]["verdict"], "not told apart")
        self.assertEqual(len(figures[name]["base"]["values"]), 6)
        self.assertEqual(figures["lenet5 (fresh), joule: MACs executed"]["verdict"], "same")
        self.assertEqual(figures["lenet5 (fresh), joule: energy of 1000 images (modelled, horowitz45)"]["verdict"], "same")
        code, figures, text = self.gate(base, self.set_of("slow", self.infer, 6, self.speed(0.8)))
        self.assertEqual((code, figures[name]["verdict"]), (REGRESSED, "worse"), text)
        self.assertEqual(figures["lenet5 (fresh), joule: peak memory"]["verdict"], "not told apart")
        code, figures, _ = self.gate(base, self.set_of("quick", self.infer, 6, self.speed(1.3)))
        self.assertEqual((code, figures[name]["verdict"]), (PASSED, "better"))
        self.assertEqual(self.gate(base[:2], base[2:4])[0], UNDECIDED)

    def test_counts_of_nets(self):
        def more(report, i):
            report["nets"][0]["sides"][0]["counted"]["bytes_read"] += 1

        base = self.set_of("counts", self.infer, 1, lambda report, i: None)
        code, figures, _ = self.gate(base, self.set_of("bytes", self.infer, 1, more), "--gate-figures", "count")
        self.assertEqual((code, figures["lenet5 (fresh), joule: bytes moved"]["verdict"]), (REGRESSED, "worse"))

    def test_reports_of_earlier_versions(self):
        def older(report, i):
            for key in ("flags", "commit", "governor", "frequency_hz", "temperature_celsius", "cache_bytes", "memory_limit_bytes"):
                del report["environment"][key]

        old = self.set_of("older", self.infer, 1, older)
        now = self.set_of("now", self.infer, 1, lambda report, i: None)
        self.assertEqual(self.gate(old, now, "--gate-figures", "count")[0], PASSED)

    def test_convolutions(self):
        def slower(report, i):
            for curve in report["curves"]:
                for m in curve["points"][1]["measurements"]:
                    m["seconds"]["median"] *= 1.5 + 0.01 * i

        def as_it_is(report, i):
            for curve in report["curves"]:
                for point in curve["points"]:
                    for m in point["measurements"]:
                        m["seconds"]["median"] *= 1 + 0.001 * i

        base = self.set_of("conv", self.conv, 8, as_it_is)
        code, figures, text = self.gate(base, self.set_of("slower", self.conv, 8, slower), "--gate-figures", "time,count")
        self.assertEqual(code, REGRESSED, text)
        worse = [name for name, figure in figures.items() if figure["verdict"] == "worse"]
        self.assertEqual(len(worse), 1, worse)
        self.assertRegex(worse[0], r" forward, density 0\.5: time$|forward, density 1(\.0)?: time$")

    def test_refusals(self):
        (infer,) = self.set_of("one", self.infer, 1, lambda report, i: None)
        (conv,) = self.set_of("other", self.conv, 1, lambda report, i: None)
        self.assert_refused(2, "is of joule.bench.conv, ", infer, "--gate", conv)
        (batch,) = self.set_of("batch", self.infer, 1, lambda report, i: report["options"].update(batch=9))
        self.assert_refused(2, "was measured with the options ", infer, "--gate", batch)
        (later,) = self.set_of("later", self.infer, 1, lambda report, i: report["schema"].update(version=99))
        self.assert_refused(3, "joule.bench.steps of version 99 cannot be judged, only version ", infer, "--gate", later)
        (damaged,) = self.set_of("damaged", self.infer, 1, lambda report, i: report["nets"][0].pop("sides"))
        self.assert_refused(3, f"{damaged}: is damaged: ", infer, "--gate", damaged)
        (part,) = self.set_of("part", self.infer, 1, lambda report, i: report.update(complete=False))
        self.assert_refused(3, f"{part}: was interrupted, so it is not complete", infer, "--gate", part)
        text = self.folder / "text.json"
        text.write_text("[1,")
        self.assert_refused(3, f"{text}: ", infer, "--gate", text)
        text.write_text('{"a": 1}')
        self.assert_refused(3, "is no report of joule bench train, infer or conv", infer, "--gate", text)
        self.assert_refused(2, "is given twice", infer, "--gate", infer)
        (machine,) = self.set_of("machine", self.infer, 1, lambda report, i: report["environment"].update(cpu="Another"))
        out = self.folder / "machine-gate.json"
        self.assertEqual(joule("compare", infer, "--gate", machine, "--json", out).returncode, UNDECIDED)
        reasons = {figure["name"]: figure["reason"] for figure in json.loads(out.read_text())["figures"]}
        self.assertIn("other machines: ", reasons["lenet5 (fresh), joule: images per second"])
        self.assertIsNone(reasons["lenet5 (fresh), joule: MACs executed"])


if __name__ == "__main__":
    unittest.main()
