#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the compiler says to mistakes of a user: in words, of what is wrong and what to write."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

BUILD = Path(os.environ["JOULE_BUILD"])

PROGRAM = """
#include <joule/layers/containers.h>
using namespace joule;
int main() {
  nn::ReLU relu;
  nn::Flatten flatten;
  nn::MaxPool2d pool(2);
  nn::Sequential of_a_variable(relu);
  nn::Sequential net;
  net.add("flatten", flatten);
  net.add("number", 3);
  nn::Residual around_a_variable(pool);
}
"""


class Misuse(unittest.TestCase):
    def test_what_a_net_cannot_own(self):
        compiler = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE)[1]
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "misuse.cpp")
            source.write_text(PROGRAM)
            said = subprocess.run(
                [compiler, "-std=c++20", f"-I{BUILD}/include", "-fsyntax-only", "-fno-diagnostics-color", source],
                capture_output=True, text=True)
        self.assertNotEqual(said.returncode, 0)
        errors = [line.split("error: ")[1] for line in said.stderr.splitlines() if "error: " in line]
        self.assertTrue(all("static assertion failed" in e or "static_assert failed" in e for e in errors), errors)
        moves = [e for e in errors if "a net owns its layers: give it the layer itself, std::move(layer)" in e]
        self.assertEqual(len(moves), 3, errors)  # one per kind of layer
        others = [e for e in errors if "this is not a layer: a layer derives from joule::nn::Module" in e]
        self.assertEqual(len(others), 1, errors)


if __name__ == "__main__":
    unittest.main()
