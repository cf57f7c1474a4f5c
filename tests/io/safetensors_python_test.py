#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Python package `safetensors` reads what Joule writes, and Joule reads what it writes.

$JOULE_BUILD/tests/safetensors_peer is Joule's side.  Skipped (77) without the package.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import numpy as np
    from safetensors import safe_open
    from safetensors.numpy import save_file
except ImportError as error:
    print(f"skipped: {error} (scripts/setup.sh test installs it when PyPI is in reach)")
    sys.exit(77)

PEER = Path(os.environ["JOULE_BUILD"]) / "tests" / "safetensors_peer"


def sample():
    o, i, h, w = np.indices((2, 5, 3, 4))
    tensors = {
        "conv.weight": (1000 * o + 100 * h + 10 * w + i).astype(np.float32),
        "special": np.array([0.1, 1e-45, -np.inf], dtype=np.float32),
        "empty": np.zeros((0, 2), dtype=np.float32),
        "step": np.array(-7, dtype=np.int32),
    }
    return tensors, {"format": "pt", 'learning rate "é"': "0.05"}


class SafetensorsPython(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = str(Path(folder.name) / "sample.safetensors")

    def peer(self, verb):
        done = subprocess.run([PEER, verb, self.path], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_python_reads_what_joule_writes(self):
        self.peer("write")
        tensors, metadata = sample()
        with safe_open(self.path, framework="np") as file:
            layout = {"joule.layout": "oihw", "joule.flattened": "{}"}
            self.assertEqual(file.metadata(), metadata | layout)
            self.assertEqual(set(file.keys()), set(tensors))
            for name, expected in tensors.items():
                actual = file.get_tensor(name)
                self.assertEqual(actual.dtype, expected.dtype)
                np.testing.assert_array_equal(actual, expected)

    def test_joule_reads_what_python_writes(self):
        tensors, metadata = sample()
        save_file(tensors, self.path, metadata)
        self.peer("check")

    def test_joule_notices_a_difference(self):
        tensors, metadata = sample()
        tensors["conv.weight"][1, 2, 0, 3] += 1
        save_file(tensors, self.path, metadata)
        done = subprocess.run([PEER, "check", self.path], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("conv.weight[77] is 1033, expected 1032", done.stderr)


if __name__ == "__main__":
    unittest.main()
