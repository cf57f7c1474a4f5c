#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule study eat on a tiny scale: what it writes, that it goes on instead of starting again, what it refuses."""

import csv
import html
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

JOULE = os.environ["JOULE"]
STUDY = ["study", "eat", "--data", "synthetic", "--model", "lenet5", "--limit", "200", "--batch", "20", "--epochs", "1",
         "--lambda", "0.5,1", "--sigma", "1e-4", "--seeds", "2", "--threads", "1", "--meter", "none"]  # fmt: skip


def joule(*arguments):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True)


class StudyEat(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name) / "eat"
        cls.done = joule(*STUDY, "--out", cls.folder)
        assert cls.done.returncode == 0, cls.done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def fails(self, code, *arguments):
        done = joule(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def test_every_point_is_trained_with_every_seed(self):
        with open(self.folder / "trials.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 6)
        self.assertEqual({row["state"] for row in rows}, {"complete"})
        self.assertEqual(sorted((row["seed"], row["method"], row["lambda"]) for row in rows)[0][1], "eat")
        for row in rows:
            run = self.folder / "trials" / f"{int(row['number']):06}"
            config = json.loads((run / "config.json").read_text())
            self.assertEqual(config["l0_lambda"], float(row["lambda"] or 0))
            # The worker's share, not a number: an interrupted trial may go on beside more or fewer workers.
            self.assertEqual(config["threads"], 0)
            last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
            self.assertAlmostEqual(float(row["validation accuracy [%, counted]"]), 100 * last["validation_accuracy"])

    def test_the_results_are_those_of_the_runs(self):
        results = json.loads((self.folder / "results.json").read_text())
        self.assertTrue(results["finished"])
        self.assertEqual([cell["lambda"] for cell in results["cells"]], [None, 0.5, 1])
        standard = {(v["name"], v["quality"]): v for v in results["cells"][0]["values"]}
        accuracies = []
        for trial in (0, 3):
            summary = json.loads((self.folder / "trials" / f"{trial:06}" / "summary.json").read_text())
            accuracies.append(100 * summary["test_accuracy"])
        accuracy = standard["test accuracy", "counted"]
        self.assertEqual(accuracy["n"], 2)
        self.assertEqual([round(n, 9) for n in accuracy["numbers"]], [round(a, 9) for a in accuracies])
        ratio = standard["test ratio, sponge-poisoning", "modelled"]["mean"]
        self.assertTrue(0 < ratio < 1, ratio)
        self.assertIn("reason", standard["energy", "unavailable"])
        self.assertNotIn(("energy", "measured"), standard)

    def test_a_run_is_the_run_of_joule_train(self):
        alone = Path(self.temporary.name) / "alone"
        config = json.loads((self.folder / "trials/000001/config.json").read_text())
        file = Path(self.temporary.name) / "config.json"
        file.write_text(json.dumps(config))
        done = joule("train", "--config", file, "--meter", "none", "--out", alone)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((alone / "model.safetensors").read_bytes(),
                         (self.folder / "trials/000001/model.safetensors").read_bytes())

    def test_the_page_holds_the_results(self):
        page = (self.folder / "study.html").read_text()
        data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1)
        self.assertEqual(json.loads(html.unescape(data)), json.loads((self.folder / "results.json").read_text()))

    def test_the_pictures_of_the_text_are_there(self):
        text = (self.folder / "table.md").read_text()
        pictures = re.findall(r"\]\((pictures/[^)]+)\)", text)
        self.assertGreaterEqual(len(pictures), 5)
        for picture in pictures:
            self.assertTrue(xml.parse(self.folder / picture).getroot().tag.endswith("svg"))
        self.assertIn("standard", self.done.stdout)

    def test_the_same_command_runs_nothing_again(self):
        before = (self.folder / "trials.csv").read_text()
        again = joule(*STUDY, "--out", self.folder)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual((self.folder / "trials.csv").read_text(), before)

    def test_an_interrupted_trial_goes_on_beside_more_workers(self):
        out = Path(self.temporary.name) / "interrupted"
        long = [*STUDY, "--threads", "0", "--limit", "2000", "--epochs", "12", "--lambda", "0.001", "--seeds", "1", "--out", out]
        first = subprocess.Popen([JOULE, *map(str, long)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while first.poll() is None and not (out / "trials/000000/metrics.jsonl").exists():
            time.sleep(0.01)
        first.send_signal(signal.SIGINT)
        self.assertEqual(first.wait(), 130)
        self.assertFalse((out / "trials/000000/summary.json").exists())
        done = joule(*long, "--workers", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        cells = json.loads((out / "results.json").read_text())["cells"]
        self.assertEqual([(cell["complete"], cell["errors"]) for cell in cells], [(1, []), (1, [])])

    def test_its_points_are_compared(self):
        out = Path(self.temporary.name) / "compare"
        out.mkdir()
        files = [word for kind in ("html", "csv", "json") for word in (f"--{kind}", out / f"c.{kind}")]
        done = joule("study", "compare", self.folder, "--values", "speed-up,MACs", *files)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("method standard ", done.stdout)
        self.assertIn("speed-up (measured)", done.stdout)
        self.assertNotIn("firing", done.stdout)
        results = json.loads((self.folder / "results.json").read_text())
        compared = json.loads((out / "c.json").read_text())
        self.assertEqual(len(compared["arms"]), 3)
        self.assertEqual(sorted(compared["front"]), sorted(results["front"]))
        for arm, cell in zip(compared["arms"], results["cells"]):
            means = {(v["name"], v["quality"]): v["mean"] for v in cell["values"] if "mean" in v}
            for value in arm["values"]:
                self.assertAlmostEqual(value["mean"], means[value["name"], value["quality"]])
        self.assertTrue(compared["arms"][1]["differences"][0]["paired"])
        with open(out / "c.csv", newline="") as file:
            self.assertEqual([row["lambda"] for row in csv.DictReader(file)], ["", "0.5", "1"])
        # Two studies, also by the command for runs; runs and studies are not mixed.
        other = Path(self.temporary.name) / "other"
        self.assertEqual(joule(*STUDY, "--lambda", "1", "--batch", "32", "--out", other).returncode, 0)
        done = joule("compare", self.folder, other)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"training.batch +\d+ +32")
        run = self.folder / "trials" / "000000"
        self.assertIn("holds a study, others do not", self.fails(2, "compare", run, self.folder))
        self.assertIn("--values: no value", self.fails(2, "study", "compare", self.folder, "--values", "speedup"))

    def test_a_peer_that_is_left_out_says_why(self):
        out = Path(self.temporary.name) / "peers"
        shutil.copytree(self.folder, out)
        peer = Path(self.temporary.name) / "torch_peer"
        peer.write_text("#!/bin/sh\necho it is broken >&2\nexit 1\n")
        peer.chmod(0o755)
        done = joule(*STUDY, "--torch-peer", peer, "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        peers = json.loads((out / "results.json").read_text())["peers"]
        self.assertEqual({entry["library"] for entry in peers}, {"joule", "joule, dense", "PyTorch"})
        for entry in peers:
            ran = entry["library"] != "PyTorch"
            self.assertEqual(entry["images_per_second"] is not None, ran)
            self.assertEqual(entry.get("left_out"), None if ran else "its program has no lenet5")
        self.assertIn("| left out: its program has no lenet5 |", (out / "table.md").read_text())

    def test_another_study_is_refused(self):
        error = self.fails(2, *STUDY, "--epochs", "2", "--out", self.folder)
        self.assertIn("config.training.epochs is 1, got 2", error)

    def test_bad_options_are_refused_before_anything_is_written(self):
        out = Path(self.temporary.name) / "none"
        self.assertIn("lambda", self.fails(2, *STUDY, "--lambda", "0", "--out", out))
        self.assertIn("preset", self.fails(2, *STUDY, "--preset", "fast", "--out", out))
        self.assertIn("sigma", self.fails(2, *STUDY, "--sigma", "x", "--out", out))
        self.assertFalse(out.exists())

    def test_a_standard_training_that_learns_nothing_is_told(self):
        out = Path(self.temporary.name) / "ignorant"
        done = joule(*STUDY, "--lr", "1e-9", "--lambda", "1", "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"Note: Standard training has learnt nothing: its test accuracy, \d+\.\d\d %")
        self.assertIn("learnt nothing", (out / "table.md").read_text())
        learnt = joule(*STUDY, "--epochs", "12", "--lambda", "0.001", "--seeds", "1", "--out", out / "learnt")
        self.assertEqual(learnt.returncode, 0, learnt.stderr)
        self.assertNotIn("learnt nothing", learnt.stdout)

    def test_the_terminal_has_the_captions_of_the_tables(self):
        captions = re.findall(r"(?m)^\*\*(.+)\*\*$", (self.folder / "table.md").read_text())
        self.assertIn("All points", captions)
        self.assertIn("\nAll points\n", self.done.stdout)
        self.assertIn("\nStandard training beside energy-aware training\n", self.done.stdout)

    def test_its_storage_is_listed_by_its_folder(self):
        listed = joule("study", "list", self.folder)
        self.assertRegex(listed.stdout, r"(?m)^eat +eat +6 +6 ")
        for where in (["--out", self.folder], ["--storage", self.folder], ["--storage", self.folder / "study.db"]):
            self.assertEqual(joule("study", "list", *where).stdout, listed.stdout, where)
        shown = joule("study", "show", "eat", "--storage", self.folder)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertEqual(shown.stdout, joule("study", "show", self.folder).stdout)
        self.assertIn("needs a folder", self.fails(2, "study", "list"))
        empty = Path(self.temporary.name) / "empty"
        empty.mkdir()
        self.assertIn(f"{empty}/study.db: there is no such file", self.fails(3, "study", "list", "--storage", empty))
        self.assertEqual(list(empty.iterdir()), [])

    def test_a_dead_net_fails_its_trial_alone(self):
        out = Path(self.temporary.name) / "dead"
        done = joule(*STUDY, "--lambda", "1,1e30", "--seeds", "1", "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        results = json.loads((out / "results.json").read_text())
        self.assertEqual([cell["failed"] for cell in results["cells"]], [0, 0, 1])
        self.assertNotIn(2, results["front"])
        self.assertIn("Trials failed", (out / "table.md").read_text())


if __name__ == "__main__":
    unittest.main()
