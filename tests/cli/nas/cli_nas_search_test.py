#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule nas search in a small table: what it writes and stores, that the same command finds the same, what it refuses."""

import csv
import json
import os
import re
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

JOULE = os.environ["JOULE"]
OPS = ["conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"]


def joule(*arguments):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True)


def made_up(cell, epochs):
    """A training of a cell as a line of a file to import."""
    labels = [OPS.index(op) if op in OPS else {"input": -1, "output": -2}[op] for op in cell["ops"]]
    inner = labels[1:-1]
    edges = sum(map(sum, cell["matrix"]))
    joules = 1e4 + sum({0: 9e3, 1: 3e3, 2: 1e3}[op] for op in inner) + 500 * edges
    accuracy = 0.2 + sum({0: 0.15, 1: 0.08, 2: 0.02}[op] for op in inner) + 0.01 * edges
    at = lambda share: {"epochs": epochs * share, "training_time": 20 * share * (1 + len(inner)), "train_accuracy": accuracy * share,
                        "validation_accuracy": accuracy * share, "test_accuracy": accuracy * share,
                        "energy_kwh": joules * share * epochs / 4 / 3.6e6}  # fmt: skip
    return {"hash": cell["hash"], "repeat": 1, "adjacency": cell["matrix"], "ops": labels, "trainable_parameters": 1000 + 100 * edges,
            "total_time_s": 99.0, "total_energy_kwh": 1.0, "gpu_w": [[100.0]], "cpu_w": [[50.0]],
            "evaluations": [at(0), at(0.5), at(1)]}  # fmt: skip


class NasSearch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.root = Path(cls.temporary.name)
        cells = cls.root / "cells.json"
        assert joule("nas", "enumerate", "--vertices", 4, "--json", cells).returncode == 0
        document = json.loads(cells.read_text())
        cls.cells = document if isinstance(document, list) else document["cells"]
        lines = cls.root / "made.jsonl"
        lines.write_text("".join(json.dumps(made_up(cell, 4)) + "\n" for cell in cls.cells))
        cls.table = cls.root / "4v.db"
        done = joule("nas", "import", lines, "--out", cls.table, "--energy", "measured")
        assert done.returncode == 0, done.stderr
        cls.folder = cls.root / "found"
        cls.command = ["nas", "search", cls.table, "--strategy", "semoa,sh-emoa,random,exhaustive", "--seeds", 2, "--evaluations", 40,
                       "--out", cls.folder]  # fmt: skip
        cls.done = joule(*cls.command, "--markdown", cls.root / "page.md")
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

    def test_what_it_finds(self):
        strategies = {s["strategy"]: s for s in self.results["strategies"]}
        self.assertEqual(list(strategies), ["semoa", "sh-emoa", "random", "exhaustive"])
        self.assertEqual([len(s["runs"]) for s in strategies.values()], [2, 2, 2, 1])
        whole = self.results["whole"]
        self.assertAlmostEqual(strategies["exhaustive"]["hypervolume"]["median"] / whole, 1)
        for strategy in strategies.values():
            self.assertLessEqual(strategy["hypervolume"]["high"], whole * (1 + 1e-12))
        self.assertEqual(strategies["exhaustive"]["runs"][0]["evaluations"], len(self.cells))
        # The volume of the whole, by the definition: a staircase up to the worst of both.
        points = {(made_up(c, 4)["evaluations"][2]["validation_accuracy"], made_up(c, 4)["evaluations"][2]["energy_kwh"] * 3.6e6)
                  for c in self.cells}  # fmt: skip
        worst, most = min(a for a, _ in points), max(e for _, e in points)
        volume, best = 0, worst
        for accuracy, energy in sorted(points, key=lambda p: (p[1], -p[0])):
            if accuracy > best:
                volume, best = volume + (accuracy - best) * (most - energy), accuracy
        self.assertAlmostEqual(whole / volume, 1, places=9)
        self.assertEqual(self.results["reference"], [worst, most])

    def test_the_page_and_its_pictures(self):
        page = (self.folder / "study.html").read_text()
        self.assertNotRegex(re.sub(r"<script>.*?</script>", "", page, flags=re.S), r"(?:src|href)=\"(?!#)")
        for folder, text in ((self.folder / "pictures", self.folder / "table.md"), (self.root / "page", self.root / "page.md")):
            pictures = re.findall(r"\]\(([^)]+\.svg)\)", text.read_text())
            self.assertEqual(len(pictures), 9)
            for picture in pictures:
                xml.parse(text.parent / picture)
            self.assertEqual(sorted(p.name for p in folder.iterdir()), sorted(Path(p).name for p in pictures))
        self.assertIn("about -70 %", (self.folder / "table.md").read_text())

    def test_what_is_stored_is_a_study(self):
        shown = joule("study", "show", "ecnas-semoa-2", "--storage", self.folder / "study.db").stdout
        self.assertIn("of the kind nas-search", shown)
        self.assertIn("sampler semoa:changes=edge_@2+op_@0.5, seed 2", shown)
        out = self.root / "trials.csv"
        done = joule("study", "export", "ecnas-random-1", "--storage", self.folder / "study.db", "--csv", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(out, newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 40)
        self.assertEqual({row["state"] for row in rows}, {"complete", "failed"})
        self.assertTrue(all(row["error"] for row in rows if row["state"] == "failed"))
        self.assertEqual(joule("study", "compare", self.folder).returncode, 0)

    def test_the_same_command_finds_the_same(self):
        before = joule("study", "export", "ecnas-semoa-1", "--storage", self.folder / "study.db", "--csv", self.root / "a.csv")
        again = joule(*self.command)
        self.assertEqual(again.returncode, 0, again.stderr)
        joule("study", "export", "ecnas-semoa-1", "--storage", self.folder / "study.db", "--csv", self.root / "b.csv")
        self.assertEqual((self.root / "a.csv").read_text(), (self.root / "b.csv").read_text())
        results = json.loads((self.folder / "results.json").read_text())
        for document in (results, self.results):
            for strategy in document["strategies"]:
                for run in strategy["runs"]:
                    run.pop("seconds", None)
        self.assertEqual(results["strategies"], self.results["strategies"])

    def test_more_evaluations_go_on(self):
        folder = self.root / "shorter"
        command = ["nas", "search", self.table, "--strategy", "semoa,nsga2", "--seeds", 1, "--out"]
        self.assertEqual(joule(*command, folder, "--evaluations", 40).returncode, 0)
        self.assertEqual(joule(*command, folder, "--evaluations", 30).returncode, 0)  # what is there stays
        longer = self.root / "longer"
        self.assertEqual(joule(*command, longer, "--evaluations", 80).returncode, 0)
        self.assertEqual(joule(*command, folder, "--evaluations", 80).returncode, 0)
        for name in ("ecnas-semoa-1", "ecnas-nsga2-1"):
            files = []
            for at in (folder, longer):
                out = self.root / f"{name}-{at.name}.json"
                joule("study", "export", name, "--storage", at / "study.db", "--json", out)
                files.append([(t["point"], t["state"]) for t in json.loads(out.read_text())["trials"]])
            self.assertEqual(len(files[0]), 80)
            self.assertEqual(files[0], files[1])

    def test_nets_are_trained(self):
        folder = self.root / "trained"
        command = ["nas", "search", "--train", "--data", "synthetic", "--limit", "120", "--batch", "20", "--threads", "1", "--meter", "none",
                   "--channels", "4", "--vertices", "3", "--budgets", "1,2", "--strategy", "random,semoa", "--seeds", "1",
                   "--evaluations", "6", "--out", folder]  # fmt: skip
        done = joule(*command)
        self.assertEqual(done.returncode, 0, done.stderr)
        results = json.loads((folder / "results.json").read_text())
        self.assertEqual([s["strategy"] for s in results["strategies"]], ["random", "semoa"])
        self.assertEqual([o["metric"] for o in results["objectives"]], ["validation accuracy", "energy"])
        self.assertEqual(results["strategies"][0]["runs"][0]["evaluations"], 6)
        # The trainings are not the search.
        trainings = results["strategies"][0]["runs"][0]
        self.assertLess(trainings["seconds"], 0.1)
        self.assertIn("| energy, J |", (folder / "table.md").read_text())
        best = results["strategies"][0]["runs"][0]["best accuracy"]
        self.assertLessEqual(best["validation accuracy"], 1)
        self.assertGreater(best["energy"], 0)
        again = joule(*command)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(json.loads((folder / "results.json").read_text())["strategies"], results["strategies"])
        self.assertIn("needs a table", self.fails(2, *command, "--strategy", "ms-ehvi"))
        self.assertIn("--channels: is for --train", self.fails(2, "nas", "search", self.table, "--channels", "4"))
        self.assertIn("expected a TABLE, or --train", self.fails(2, "nas", "search"))

    def test_what_it_refuses(self):
        table = self.table
        self.assertIn("did you mean 'semoa'?", self.fails(2, "nas", "search", table, "--strategy", "semo", "--out", self.root / "x"))
        self.assertIn("semoa: eta: expected a number from 1 to 2", self.fails(2, "nas", "search", table, "--strategy", "semoa:eta=3",
                                                                                "--out", self.root / "x"))  # fmt: skip
        self.assertIn("--budgets: the table has no trainings of 108 epochs",
                      self.fails(2, "nas", "search", table, "--budgets", "108", "--out", self.root / "x"))  # fmt: skip
        self.assertIn("watts", self.fails(2, "nas", "search", table, "--objectives", "watts", "--out", self.root / "x"))
        self.assertIn("expected 3 to 7 vertices", self.fails(2, "nas", "search", table, "--vertices", "8", "--out", self.root / "x"))
        self.fails(3, "nas", "search", self.root / "missing.db", "--out", self.root / "x")
        # Another table under the same name: what was found there is not what is found here.
        other = self.root / "other.jsonl"
        lines = [made_up(cell, 4) for cell in self.cells]
        for line in lines:
            line["evaluations"][2]["validation_accuracy"] /= 2
        other.write_text("".join(json.dumps(line) + "\n" for line in lines))
        copy = self.root / "copy.db"
        copy.write_bytes(table.read_bytes())
        command = ["nas", "search", copy, "--strategy", "random", "--seeds", 1, "--evaluations", 20, "--out", self.root / "copied"]
        self.assertEqual(joule(*command).returncode, 0)
        self.assertEqual(joule("nas", "import", other, "--out", copy, "--energy", "measured").returncode, 0)
        self.assertIn("the table is another one", self.fails(2, *command))


if __name__ == "__main__":
    unittest.main()
