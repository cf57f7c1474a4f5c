#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule compare, on runs that joule train has made: tables, page, charts, files, and what it refuses."""

import csv
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

JOULE = os.environ["JOULE"]
RUN = ["--data", "synthetic", "--model", "lenet5", "--limit", "120", "--batch", "20", "--epochs", "2", "--threads", "1"]


def joule(*arguments, **options):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True, **options)


class Compare(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.runs = []
        for name, more in (("dense-1", ()), ("dense-2", ("--seed", 2)), ("sparse-1", ("--l0-lambda", 0.1)),
                           ("sparse-2", ("--l0-lambda", 0.1, "--seed", 2))):  # fmt: skip
            cls.runs.append(cls.folder / name)
            done = joule("train", *RUN, "--idle", 0, *more, "--out", cls.runs[-1])
            assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def compare(self, *arguments):
        done = joule("compare", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def compared(self, *runs):
        out = self.folder / "c.json"
        self.compare(*runs, "--json", out)
        return json.loads(out.read_text())

    def test_means_are_those_of_the_summaries(self):
        text = self.compare(*self.runs)
        found = self.compared(*self.runs)
        self.assertEqual([group["runs"] for group in found["groups"]], [["dense-1", "dense-2"], ["sparse-1", "sparse-2"]])
        means = []
        for first in (0, 2):
            own = [json.loads((run / "summary.json").read_text()) for run in self.runs[first : first + 2]]
            values = found["groups"][first // 2]["values"]
            accuracy = 100 * sum(summary["test_accuracy"] for summary in own) / 2
            self.assertAlmostEqual(values["test_accuracy"]["mean"], accuracy)
            modelled = [s["energy"]["total"]["modelled"]["horowitz45"]["value"] for s in own]
            self.assertAlmostEqual(values["modelled_energy"]["mean"], sum(modelled) / 2)
            self.assertEqual(values["modelled_energy"]["quality"], "modelled")
            nonzero = [100 * s["relu_outputs_nonzero"] / s["relu_outputs"] for s in own]
            means.append(sum(nonzero) / 2)
            self.assertAlmostEqual(values["nonzero_activations"]["mean"], means[-1])
            self.assertIn(f"{accuracy:.2f} % [", text)
        difference = found["differences"][0]
        self.assertEqual((difference["group"], difference["less"]), ("l0_lambda 0.1", "l0_lambda 0"))
        values = difference["values"]["nonzero_activations"]
        self.assertAlmostEqual(values["difference"], means[1] - means[0])
        self.assertTrue(values["interval"][0] < values["difference"] < values["interval"][1])
        self.assertEqual(values["n"], [2, 2])
        self.assertEqual(found["options"]["different"], {"l0_lambda": ["0", "0.1"], "seed": ["1, 2", "1, 2"]})
        self.assertEqual(found["options"]["common"]["model"], "lenet5")
        self.assertIn("processor", found["runs"][0]["environment"])
        self.assertIn("n = 2 and 2", text)
        if not found["groups"][0]["values"]["measured_energy"]["n"]:
            self.assertRegex(text, r"\nenergy \(measured, gross\): unavailable \(dense-1: ")

    def test_csv_has_a_row_per_epoch_of_each_run(self):
        out = self.folder / "c.csv"
        self.compare(*self.runs, "--csv", out)
        with open(out, newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([(row["run"], row["epoch"]) for row in rows],
                         [(run.name, epoch) for run in self.runs for epoch in "12"])  # fmt: skip
        lines = [json.loads(line) for line in (self.runs[0] / "metrics.jsonl").read_text().splitlines()]
        self.assertAlmostEqual(float(rows[1]["test loss"]), lines[1]["test_loss"])
        self.assertAlmostEqual(float(rows[1]["time of the training steps [s]"]), sum(m["seconds"] for m in lines))
        spent = [float(row["energy (modelled, horowitz45) [J]"]) for row in rows[:2]]
        self.assertTrue(0 < spent[0] < spent[1])

    def test_page_and_charts(self):
        page, charts = self.folder / "c.html", self.folder / "charts/of it"
        self.compare(*self.runs, "--html", page, "--svg", charts)
        html = page.read_text()
        self.assertIn("<h1>Comparison of 4 training runs</h1>", html)
        data = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)[1]
        self.assertEqual(len(json.loads(data)["runs"]), 4)
        self.assertNotIn("://", re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL))  # Chart.js names its site
        names = sorted(path.name for path in charts.iterdir())
        self.assertIn("validation-accuracy-against-energy-modelled-horowitz45.svg", names)
        self.assertIn("training-loss.svg", names)
        self.assertEqual(len(names), html.count("<canvas"))
        for name in names:
            root = ElementTree.parse(charts / name).getroot()
            self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")

    def test_a_run_that_was_stopped_is_compared_as_far_as_it_came(self):
        stopped = self.folder / "stopped"
        shutil.copytree(self.runs[1], stopped, dirs_exist_ok=True)
        (stopped / "summary.json").unlink()
        (stopped / "report.html").unlink()
        lines = (stopped / "metrics.jsonl").read_text().splitlines(keepends=True)
        (stopped / "metrics.jsonl").write_text(lines[0] + "torn")
        text = self.compare(self.runs[0], stopped, self.runs[2])
        self.assertIn("1 of 2, not finished", text)
        self.assertIn("stopped is not finished: 1 of 2 epochs are complete; it counts in no mean.", text)
        text = self.compare(self.runs[2], stopped)
        self.assertIn("stopped: no run is finished; its figures are those after epoch 1 of 2.", text)
        self.assertIn("that of stopped is not recorded", text)

    def test_one_run_each_has_no_interval(self):
        text = self.compare(self.runs[0], self.runs[2])
        self.assertIn("no interval: n = 1", text)
        self.assertIn("note: n = 1 of dense-1, sparse-1", text)

    def test_what_it_refuses(self):
        missing = self.folder / "missing"
        empty = self.folder / "empty"
        empty.mkdir()
        run = self.runs[0]
        for code, message, arguments in (
            (2, "runs is required", ()),
            (2, "compare: expected at least two folders of runs, got 1", (run,)),
            (2, f"compare: {run} is given twice", (run, run)),
            (3, f"{missing}: there is no such folder", (run, missing)),
            (3, f"{empty}: holds no run of joule train (there is no config.json)", (empty, run)),
            (3, "missing/page.html: ", (run, self.runs[2], "--html", missing / "page.html")),
        ):
            done = joule("compare", *arguments)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1)
            self.assertIn(message, done.stderr)
            self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
