#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""By what report/tables.js sorts: the number of a cell in its unit, words, and cells without a figure.  Skipped (77) without node."""

import json
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

NODE = shutil.which("node")
if NODE is None:
    print("skipped: there is no node")
    sys.exit(77)
SCRIPT = (Path(__file__).parents[2] / "report/tables.js").read_text()
FUNCTIONS = SCRIPT[SCRIPT.index("  const SCALES") : SCRIPT.index("  const make_sortable")]


def evaluated(expression):
    done = subprocess.run([NODE, "-e", f"{FUNCTIONS}\nconsole.log(JSON.stringify({expression}))"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


class TablesScript(unittest.TestCase):
    def test_cells_are_compared_in_their_units(self):
        cells = {"84.8 mJ": 0.0848, "5.85 uJ, between 3.9 uJ and 7.8 uJ": 5.85e-6, "90 J ± 55 mJ": 90, "1.8G (30 %)": 1.8e9, "3.008M": 3.008e6,
                 "1 234 567": 1234567, "12,345": 12345, "-3.2 %": -3.2, "<1 J": 1, "2 ms": 0.002, "1.4 s": 1.4, "5 images": 5, "1.2e-3": 0.0012,
                 "none": None, "(no layer)": None}  # fmt: skip
        found = evaluated(f"{json.dumps([*cells])}.map(number)")
        for cell, expected, value in zip(cells, cells.values(), found, strict=True):
            self.assertEqual(value, expected) if expected is None else self.assertAlmostEqual(value / expected, 1, 12, cell)

    def test_the_order(self):
        cells = ["1 J", "20 mJ", "3 uJ", "4 kJ"]
        self.assertEqual(evaluated(f"{json.dumps(cells)}.sort(compare)"), ["3 uJ", "20 mJ", "1 J", "4 kJ"])
        self.assertEqual(evaluated('["conv10", "conv9", "add"].sort(compare)'), ["add", "conv9", "conv10"])

    def test_what_is_not_there_is_told(self):
        self.assertEqual(evaluated('["", " ", "—", "-", "0", "-1"].map(missing)'), [True, True, True, True, False, False])


if __name__ == "__main__":
    unittest.main()
