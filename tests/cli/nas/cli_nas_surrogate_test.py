#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule nas surrogate on cells that the program itself lists, with energies that this test makes up."""

import csv
import json
import os
import random
import subprocess
import tempfile
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]
CODES = {"conv1x1-bn-relu": 2, "conv3x3-bn-relu": 3, "maxpool3x3": 4}


def joule(*arguments):
    return subprocess.run([JOULE, "nas", *map(str, arguments)], capture_output=True, text=True)


def row(cell, parameters, kwh):
    matrix, _, ops = cell.partition(":")
    rows = [line.ljust(7, "0") for line in matrix.split("/")]
    rows += ["0" * 7] * (7 - len(rows))
    codes = [1, *(CODES[op] for op in ops.split(",") if op), 5]
    triangle = "".join(rows[i][i:] for i in range(7))
    return f"{triangle},{''.join(map(str, codes)).ljust(7, '0')},{parameters},{kwh}"


class Surrogate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        listed = cls.folder / "cells.csv"
        assert joule("enumerate", "--vertices", 5, "--csv", listed).returncode == 0
        with open(listed, newline="") as file:
            cells = [line["cell"] for line in csv.DictReader(file)]
        random.seed(1)
        lines = ["upper_triangle_28,node_codes_7,parameters,energy_kwh"]
        for cell in random.sample(cells, 200):
            parameters = json.loads(joule("net", cell, "--json").stdout)["parameters"]
            lines.append(row(cell, parameters, 0.005 + parameters * 1e-9))
        cls.data = cls.folder / "data.csv"
        cls.data.write_text("\n".join(lines) + "\n")

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def fails(self, code, *arguments):
        done = joule("surrogate", *arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def test_trials_are_written_and_a_space_is_predicted(self):
        out, saved, table = self.folder / "out", self.folder / "s.json", self.folder / "t.db"
        markdown = self.folder / "s.md"
        done = joule("surrogate", "--data", self.data, "--splits", 2, "--size-splits", 1, "--sizes", 60, "--epochs", 3,
                     "--out", out, "--markdown", markdown, "--save", saved)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        results = json.loads((out / "results.json").read_text())
        self.assertEqual(results["cells"], 200)
        self.assertEqual(len(results["trials"]), 3 * (2 + 1))
        for trial in results["trials"]:
            self.assertEqual(trial["tested"], 200 - 140 - 19)
            self.assertEqual("coverage" in trial, trial["surrogate"] == "boosted trees")
        self.assertIn("![", markdown.read_text())
        self.assertTrue((self.folder / "s" / "scatter.svg").exists())

        done = joule("surrogate", "predict", saved, "--vertices", 4, "--out", table)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("91 cells", done.stdout)
        answer = json.loads(joule("query", table, "--cell", "0110/0010/0001/0000:0,2", "--json").stdout)["answers"][0]
        (energy,) = [value for value in answer["values"] if value["name"] == "energy"]
        self.assertEqual((energy["quality"], energy["unit"]), ("modelled", "J"))
        low, high = energy["interval"]
        self.assertLess(low, energy["number"])
        self.assertLess(energy["number"], high)

    def test_refuses_in_one_line(self):
        self.assertIn("--data", self.fails(2))
        self.assertIn("paper6", self.fails(2, "--data", self.data, "--kinds", "paper6"))
        self.assertIn("cannot train on 500", self.fails(2, "--data", self.data, "--sizes", 500))
        wrong = self.folder / "wrong.csv"
        wrong.write_text("a,b\n1,2\n")
        self.assertIn("line 1", self.fails(3, "--data", wrong))
        self.assertIn(str(wrong), self.fails(3, "predict", wrong, "--out", self.folder / "x.db"))


if __name__ == "__main__":
    unittest.main()
