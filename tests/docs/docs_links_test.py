#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The documents: their links lead somewhere, their anchors are headings, and headings are in order."""

import os
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts/site"))
from github_markdown import anchors, headings, links


def documents(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in ("build", "runs") and (not f.startswith(".") or f == ".github"))
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".md"))


def breaches(root):
    found = []
    for file in documents(root):
        text, here = file.read_text(), file.relative_to(root)
        for target, anchor in links(text):
            there = (file.parent / target).resolve() if target else file
            if not there.exists():
                found.append(f"{here}: {target} does not exist")
            elif root.resolve() not in there.resolve().parents:
                found.append(f"{here}: {target} is not of the repository")
            elif anchor and there.suffix == ".md" and anchor not in anchors(there.read_text()):
                found.append(f"{here}: {target or here.name} has no heading #{anchor}")
        if here.parts[0] == ".github":  # forms
            continue
        before = 0
        for number, level, title in headings(text):
            if level > before + 1 or (level == 1 and before):
                found.append(f"{here}:{number}: the heading '{title}' is of level {level}, after one of level {before}")
            before = level
        if before == 0:
            found.append(f"{here}: there is no heading")
    return found


class Links(unittest.TestCase):
    def test_documents_of_joule(self):
        self.assertGreater(len(list(documents(ROOT))), 20)
        self.assertEqual(breaches(ROOT), [])

    def test_each_breach_is_found(self):
        sound = "# A page\n\n## What it is\nSee [there](docs/b.md#the-c-sizes), [`below`](#what-it-is) and [all](docs).\n"
        other = "# B\n## The `c` sizes\n```\n# no heading\n[no link](nowhere.md)\n```\n[up](../a.md) `[code](x.md)`\n"
        for text, said in (
            (sound, []),
            (sound.replace("docs/b.md", "docs/c.md"), ["a.md: docs/c.md does not exist"]),
            (sound.replace("#the-c", "#a-c"), ["a.md: docs/b.md has no heading #a-c-sizes"]),
            (sound.replace("(#what", "(#that"), ["a.md: a.md has no heading #that-it-is"]),
            (sound.replace("(docs)", "(..)"), ["a.md: .. is not of the repository"]),
            (sound.replace("## W", "### W"), ["a.md:3: the heading 'What it is' is of level 3, after one of level 1"]),
            (sound + "# Another\n", ["a.md:5: the heading 'Another' is of level 1, after one of level 2"]),
            ("Text alone.\n", ["a.md: there is no heading"]),
        ):
            with self.subTest(said=said), tempfile.TemporaryDirectory() as folder:
                root = Path(folder, "root")
                (root / "docs").mkdir(parents=True)
                (root / "a.md").write_text(text)
                (root / "docs/b.md").write_text(other)
                self.assertEqual(breaches(root), said)


if __name__ == "__main__":
    unittest.main()
