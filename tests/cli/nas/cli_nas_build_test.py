#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule nas build on a tiny scale: what it writes, that it goes on instead of starting again, what it refuses."""

import csv
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]
BUILD = ["nas", "build", "--data", "synthetic", "--limit", "100", "--batch", "20", "--vertices", "3", "--budgets", "2",
         "--seeds", "2", "--channels", "2", "--stacks", "2", "--lr", "0.01", "--threads", "1", "--meter", "none"]  # fmt: skip


def joule(*arguments):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True)


class NasBuild(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name) / "built"
        cls.markdown = Path(cls.temporary.name) / "docs" / "built.md"
        cls.markdown.parent.mkdir()
        cls.table = Path(cls.temporary.name) / "copy.db"
        cls.all = [*BUILD, "--scale-energy-to", "108", "--table", cls.table, "--markdown", cls.markdown, "--out", cls.folder]
        cls.done = joule(*cls.all)
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

    def test_every_cell_is_trained_with_every_seed(self):
        with open(self.folder / "trials.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 2 * 7)
        self.assertEqual({row["state"] for row in rows}, {"complete"})
        for row in rows:
            half, whole = (float(row[f"training energy{at} [J, modelled]"]) for at in (" at half", ""))
            self.assertLess(0, half)
            self.assertLess(half, whole)
            # The energy of all evaluations and of the steps is all that there is.
            together = whole + float(row["evaluation energy [J, modelled]"])
            self.assertAlmostEqual(together, float(row["energy [J, modelled]"]), delta=1e-9 * together)
            self.assertLess(float(row["training time at half [s, measured]"]), float(row["training time [s, measured]"]))
            self.assertIn("training energy unavailable", row)
        self.assertTrue(self.results["finished"])
        self.assertEqual([cell["complete"] for cell in self.results["cells"]], [2] * 7)

    def test_the_table_answers(self):
        self.assertEqual(self.table.read_bytes(), (self.folder / "table.db").read_bytes())
        done = joule("nas", "query", self.table, "--cell", "011/001/000:1", "--epochs", 2)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("validation accuracy", done.stdout)
        self.assertIn("energy scaled linearly to 108 epochs", done.stdout)
        self.assertIn("modelled", done.stdout)
        self.assertRegex(done.stdout, r"unavailable +\S+: \S")  # the source and why

    def test_the_terminal_has_the_captions_of_the_tables(self):
        for caption in ("The front, 2 epochs", "How far seeds differ, 2 epochs"):
            self.assertIn(f"\n{caption}\n", self.done.stdout)

    def test_the_page_says_what_was_not_measured(self):
        text = self.markdown.read_text()
        self.assertIn("No meter could be read", text)
        self.assertIn("The front, 2 epochs", text)
        for picture in ("front-2.svg",):
            self.assertTrue((self.markdown.parent / "built" / picture).exists())
        self.assertIn("All 7 cells", (self.folder / "study.html").read_text())

    def test_the_same_command_trains_nothing_again(self):
        before = (self.folder / "trials.csv").read_bytes()
        done = joule(*self.all)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.folder / "trials.csv").read_bytes(), before)
        self.assertEqual(json.loads((self.folder / "results.json").read_text()), self.results)

    def test_what_is_refused(self):
        self.assertIn("config.channels is 2, got 3", self.fails(2, *self.all, "--channels", 3))
        self.assertIn("at most 100000 nets", self.fails(2, *BUILD, "--vertices", 7, "--out", self.folder / "x"))
        self.assertIn("budgets: expected ascending", self.fails(2, *BUILD, "--budgets", "4,2", "--out", self.folder / "x"))
        self.assertIn("--scale-energy-to", self.fails(2, *BUILD, "--scale-energy-to", "0", "--out", self.folder / "x"))


if __name__ == "__main__":
    unittest.main()
