#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pieces of C++ in the documents compile: each as the body of a function, with the names that its text takes for granted.

README.md's program is one of examples/, which are built and run.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ["JOULE_BUILD"])
BEFORE = """#include <iostream>
#include <joule/joule.h>
#include "joule/nas/table/answer.h"
#include "joule/nas/table/table.h"
#include "joule/training/energy/dataset_energy.h"
using namespace joule;
"""
GIVEN = ("nn::Sequential& net, Tensor images, Tensor labels, const DataSplit& data, DataLoader& loader, Sgd& optimizer, "
         "training::Model& model, void (*step)()")  # fmt: skip


def pieces(file):
    """(number of its first line, text) of each block of C++."""
    text = file.read_text()
    for match in re.finditer(r"^```cpp\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield text.count("\n", 0, match.start()) + 2, match[1]


def program(found):
    """One file of all pieces; the compiler's messages name the documents."""
    out = BEFORE
    for number, (file, line, text) in enumerate(found):
        body = text.replace("for (...)", "for (;;)")
        out += f'void piece_{number}({GIVEN}) {{{{\n#line {line} "{file.relative_to(ROOT)}"\n{body}}}}}\n'  # in braces: may hide a name
    return out


def compiler():
    cache = (BUILD / "CMakeCache.txt").read_text()
    return re.search(r"^CMAKE_CXX_COMPILER:\w+=(.*)$", cache, re.MULTILINE)[1]


def compile_text(text):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pieces.cpp")
        file.write_text(text)
        return subprocess.run([compiler(), "-std=c++20", "-fsyntax-only", f"-I{BUILD}/include", file], capture_output=True, text=True)


class Programs(unittest.TestCase):
    def test_pieces_compile(self):
        found = [(file, line, text) for file in [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
                 for line, text in pieces(file)]  # fmt: skip
        self.assertGreater(len(found), 5)
        done = compile_text(program(found))
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    if not (BUILD / "CMakeCache.txt").exists() or not shutil.which(compiler()):
        print("skipped: there is no build")
        sys.exit(77)
    unittest.main()
