#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""scripts/course_notebooks.py: every command of a lesson is in a cell of its notebook, and nothing that it prints."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from pages import COURSE, ROOT, blocks


class Notebooks(unittest.TestCase):
    def test_each_lesson_is_a_notebook_with_its_commands(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, ROOT / "scripts" / "course_notebooks.py", folder], check=True)
            pages = sorted(COURSE.glob("[0-9][0-9]-*.md"))
            self.assertEqual([path.stem for path in sorted(Path(folder).glob("*.ipynb"))], [page.stem for page in pages])
            for page in pages:
                book = json.loads((Path(folder) / f"{page.stem}.ipynb").read_text())
                self.assertEqual((book["nbformat"], book["nbformat_minor"]), (4, 5))
                ids = [cell["id"] for cell in book["cells"]]
                self.assertEqual(len(ids), len(set(ids)))
                code = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
                commands = [block.text.rstrip("\n") for block in blocks(page) if block.language == "sh"]
                self.assertEqual(code, ["%%bash\n" + command for command in commands])
                text = "".join("".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "markdown")
                self.assertIn("## Questions", text)
                for block in blocks(page):
                    if block.language == "text" and block.text:
                        self.assertNotIn(block.text, text)
            self.assertTrue(list((Path(folder) / "pictures").glob("*.svg")))


if __name__ == "__main__":
    unittest.main()
