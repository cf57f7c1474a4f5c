#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every command of docs/howto.md, in order, in an empty folder: each ends well, and what the text names is there."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
JOULE = Path(os.environ["JOULE"])


def commands(text):
    lines, code = [], False
    for line in text.split("\n"):
        if line.startswith("```"):
            code = line == "```sh"
        elif code:
            lines.append(line)
    return lines


class HowTo(unittest.TestCase):
    def test_every_command(self):
        path = {**os.environ, "PATH": f"{JOULE.parent}:{os.environ['PATH']}"}
        lines = commands((ROOT / "docs/howto.md").read_text())
        self.assertGreater(len(lines), 10)
        with tempfile.TemporaryDirectory() as folder:
            for line in lines:
                done = subprocess.run(line, shell=True, cwd=folder, env=path, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout}{done.stderr}")
            for name in ("runs/first/report.html", "compare.html", "profile.html", "runs/eat/study.html", "trials.csv"):
                self.assertTrue(Path(folder, name).is_file(), name)


if __name__ == "__main__":
    if not os.access(JOULE, os.X_OK):
        print(f"skipped: there is no program {JOULE}")
        sys.exit(77)
    unittest.main()
