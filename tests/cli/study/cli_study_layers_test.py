#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule study layers on a tiny scale: what it writes, that it goes on instead of starting again, what it refuses."""

import csv
import html
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

JOULE = os.environ["JOULE"]
STUDY = ["study", "layers", "--data", "synthetic", "--limit", "200", "--batch", "40", "--epochs", "1", "--repeats", "2",
         "--linear", "1,2", "--conv", "1,2", "--nets", "simple-cnn,dense-poly", "--probe-steps", "2", "--threads", "1",
         "--meter", "none"]  # fmt: skip


def joule(*arguments):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True)


class StudyLayers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name) / "layers"
        cls.markdown = Path(cls.temporary.name) / "docs" / "synthetic.md"
        cls.markdown.parent.mkdir()
        cls.done = joule(*STUDY, "--out", cls.folder, "--keep-runs", "--markdown", cls.markdown)
        assert cls.done.returncode == 0, cls.done.stderr
        cls.results = json.loads((cls.folder / "results.json").read_text())

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def fails(self, code, *arguments):
        done = joule(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def values(self, cell):
        return {(v["name"], v["quality"]): v for v in cell["values"]}

    def test_every_net_is_trained_with_every_draw(self):
        with open(self.folder / "trials.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 2 * (8 + 2))
        self.assertEqual({row["state"] for row in rows}, {"complete"})
        draws = {}
        for row in rows:
            run = self.folder / "trials" / f"{int(row['number']):06}"
            config = json.loads((run / "config.json").read_text())
            if row["net"] == "simple-cnn":
                relu = "" if row["relu"] == "each" else "-norelu"
                self.assertEqual(config["model"], f"simple-cnn-{row['conv']}-{row['linear']}{relu}")
            else:
                self.assertEqual(config["model"], f"dense-poly-{row['linear']}")
            drawn = (config["lr"], config["beta1"], config["beta2"], config["seed"])
            self.assertEqual(draws.setdefault(row["draw"], drawn), drawn)
            self.assertEqual(drawn[0], float(row["lr"]))
            summary = json.loads((run / "summary.json").read_text())
            self.assertAlmostEqual(float(row["test accuracy [%, counted]"]), 100 * summary["test_accuracy"])
        self.assertEqual(len(set(draws.values())), 2)

    def test_the_layers_add_up_to_the_run(self):
        for cell in self.results["cells"]:
            values = self.values(cell)
            whole = values["training energy", "modelled"]["mean"]
            layers = sum(v["mean"] for (name, quality), v in values.items()
                         if name.startswith("energy of ") and quality == "modelled")
            self.assertTrue(0.95 < layers / whole < 1.05, (cell["model"], layers, whole))
            self.assertIn("reason", values["training energy", "unavailable"])
            self.assertNotIn(("energy", "measured"), values)

    def test_the_effects_are_those_of_the_trials(self):
        energy = next(e for e in self.results["effects"] if e["measure"]["quality"] == "modelled")
        conv = next(f for f in energy["factors"] if f["factor"] == "conv")
        means = {1: [], 2: []}
        for cell in self.results["cells"]:
            if "conv" in cell:
                means[cell["conv"]].append(self.values(cell)["training energy", "modelled"]["mean"])
        low, high = sum(means[1]) / 4, sum(means[2]) / 4
        self.assertAlmostEqual(conv["difference"]["mean"], high - low, delta=1e-9 * high)
        self.assertEqual((conv["from"], conv["to"], conv["layers"], conv["difference"]["n"]), ("1", "2", 1, 2))
        self.assertEqual([e["measure"]["unit"] for e in self.results["effects"]], ["J", "s", "%"])
        self.assertEqual(len(self.results["two_ways"]), 6)
        for ways in self.results["two_ways"]:
            along = sum(kind["mean"] for kind in ways["along"].values())
            self.assertAlmostEqual(ways["own"]["mean"] + along + ways["rest"]["mean"], ways["factorial"]["mean"])

    def test_the_page_holds_the_results(self):
        page = (self.folder / "study.html").read_text()
        data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1)
        self.assertEqual(json.loads(html.unescape(data)), self.results)

    def test_the_pictures_of_the_texts_are_there(self):
        for file, folder in ((self.folder / "table.md", "pictures"), (self.markdown, "synthetic")):
            pictures = re.findall(rf"\]\(({folder}/[^)]+)\)", file.read_text())
            self.assertGreaterEqual(len(pictures), 6)
            for picture in pictures:
                self.assertTrue(xml.parse(file.parent / picture).getroot().tag.endswith("svg"))
        self.assertIn("linear 2, conv 2, ReLU each", self.done.stdout)

    def test_the_same_command_runs_nothing_again(self):
        before = (self.folder / "trials.csv").read_text()
        again = joule(*STUDY, "--out", self.folder, "--keep-runs")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual((self.folder / "trials.csv").read_text(), before)

    def test_an_interrupted_study_goes_on(self):
        out = Path(self.temporary.name) / "interrupted"
        short = [*STUDY, "--nets", "simple-cnn", "--conv", "1", "--relu", "none", "--repeats", "1", "--limit", "2000",
                 "--epochs", "8", "--out", out]  # fmt: skip
        first = subprocess.Popen([JOULE, *map(str, short)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while first.poll() is None and not (out / "trials/000000/metrics.jsonl").exists():
            time.sleep(0.01)
        first.send_signal(signal.SIGINT)
        self.assertEqual(first.wait(), 130)
        done = joule(*short)
        self.assertEqual(done.returncode, 0, done.stderr)
        cells = json.loads((out / "results.json").read_text())["cells"]
        self.assertEqual([(cell["complete"], cell["errors"]) for cell in cells], [(1, []), (1, [])])
        self.assertIn("One draw", (out / "table.md").read_text())

    def test_measured_joules_have_columns_of_their_own(self):
        trace = Path(self.temporary.name) / "trace.jsonl"
        head = {"joule_trace": 1, "meter": "rapl", "scope": "package 0", "joules_per_tick": 1e-6, "systematic": 0.0,
                "update_period_s": 0.001}  # fmt: skip
        # A reading a second: 10 W from the first to the second, while the machine idles, in slices, then 30 W.
        ticks = [10_000_000 * min(i, 1) + 30_000_000 * max(i - 1, 0) for i in range(60)]
        lines = [head] + [{"ns": 1_000_000_000 * i, "ticks": t} for i, t in enumerate(ticks)]
        lines[2:2] = [{"ns": 100_000_000 * k, "ticks": 1_000_000 * k, "slice": True} for k in range(1, 10)]
        trace.write_text("".join(json.dumps(line) + "\n" for line in lines))
        out = Path(self.temporary.name) / "measured"
        done = joule(*STUDY, "--nets", "simple-cnn", "--conv", "1", "--relu", "none", "--meter", f"replay:{trace}",
                     "--idle", "1", "--out", out)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        results = json.loads((out / "results.json").read_text())
        measures = [(e["measure"]["value"], e["measure"]["quality"]) for e in results["effects"]]
        self.assertEqual(measures, [("training energy above idle", "attributed"), ("training energy", "measured"),
                                    ("training energy", "modelled"), ("training time", "measured"),
                                    ("test accuracy", "counted")])  # fmt: skip
        values = self.values(results["cells"][0])
        gross, above = values["training energy", "measured"], values["training energy above idle", "attributed"]
        self.assertEqual(gross["numbers"], [30, 30])
        self.assertEqual(above["numbers"], [20, 20])
        self.assertLess(values["training energy", "modelled"]["mean"], 1)
        self.assertGreater(values["energy of linear1", "attributed"]["mean"], 0)
        ways = [(w["measure"]["value"], w["measure"]["quality"]) for w in results["two_ways"]]
        self.assertEqual(ways, [("training energy above idle", "attributed"), ("training energy", "modelled"),
                                ("training time", "measured")])  # fmt: skip
        text = (out / "table.md").read_text()
        self.assertIn("training energy above idle, attributed, J", text)
        self.assertIn("training energy, modelled (horowitz45), J", text)

    def test_another_study_is_refused(self):
        error = self.fails(2, *STUDY, "--epochs", "2", "--out", self.folder, "--keep-runs")
        self.assertIn("config.training.epochs is 1, got 2", error)

    def test_bad_options_are_refused_before_anything_is_written(self):
        out = Path(self.temporary.name) / "none"
        for asked, said in ((["--preset", "fast"], "preset: expected one of quick, paper, got 'fast'"),
                            (["--conv", "1,9"], "conv: expected at most 8, got 9"),
                            (["--linear", "7,3"], "linear: expected ascending levels, got 3 after 7"),
                            (["--relu", "some"], "relu: expected one of none, each, got 'some'"),
                            (["--repeats", "0"], "repeats: expected at least 1, got 0"),
                            (["--lr", "0.1"], "--lr: expected LOW,HIGH, got 1 number"),
                            (["--beta1", "0.5,2"], "beta1: expected at most 1, got 2"),
                            (["--seeds", "two"], "seeds: expected one of one, each, got 'two'"),
                            (["--nets", "dense-poly"], "nets: expected simple-cnn among them")):  # fmt: skip
            self.assertIn(said, self.fails(2, *STUDY, *asked, "--out", out))
        self.assertFalse(out.exists())

    def test_a_net_that_is_too_deep_for_the_images_is_refused(self):
        out = Path(self.temporary.name) / "deep"
        done = joule(*STUDY, "--conv", "1,6", "--out", out)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stderr.splitlines()[1:],  # behind the progress
                         ["joule: simple-cnn-6-1-norelu: expects images of at least 64x64, got 28x28"])  # fmt: skip


if __name__ == "__main__":
    unittest.main()
