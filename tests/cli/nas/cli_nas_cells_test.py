#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule nas enumerate and net: fingerprints beside the authors' definition in Python, files, what is refused."""

import csv
import hashlib
import itertools
import json
import os
import random
import subprocess
import tempfile
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]
OPS = ["conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"]


def joule(*arguments):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True)


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def fingerprint(matrix, labels):
    """As Ying et al. 2019 define it."""
    n = len(matrix)
    before = [[w for w in range(n) if matrix[w][v]] for v in range(n)]
    behind = [[w for w in range(n) if matrix[v][w]] for v in range(n)]
    hashes = [md5(str((len(behind[v]), len(before[v]), labels[v]))) for v in range(n)]
    for _ in range(n):
        hashes = [md5("".join(sorted(hashes[w] for w in before[v])) + "|" +
                      "".join(sorted(hashes[w] for w in behind[v])) + "|" + hashes[v]) for v in range(n)]  # fmt: skip
    return md5(str(sorted(hashes)))


def labels_of(ops):
    return [-1, *(OPS.index(op) for op in ops), -2]


def random_full_cell(n):
    """A matrix of which every vertex lies on a way, and labels."""
    while True:
        matrix = [[int(a < b and random.random() < 0.5) for b in range(n)] for a in range(n)]
        if all(any(row) for row in matrix[:-1]) and all(any(matrix[a][b] for a in range(n)) for b in range(1, n)):
            if sum(map(sum, matrix)) <= 9:
                return matrix, [random.randrange(3) for _ in range(n - 2)]


class Cells(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def fails(self, *arguments):
        done = joule("nas", *arguments)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def test_the_list_of_a_space_is_what_trying_everything_finds(self):
        expected = set()
        for n in range(2, 5):
            for bits in itertools.product((0, 1), repeat=n * (n - 1) // 2):
                edges = iter(bits)
                matrix = [[next(edges) if a < b else 0 for b in range(n)] for a in range(n)]
                if all(any(row) for row in matrix[:-1]) and all(any(matrix[a][b] for a in range(n)) for b in range(1, n)):
                    for ops in itertools.product(range(3), repeat=n - 2):
                        expected.add(fingerprint(matrix, [-1, *ops, -2]))
        self.assertEqual(len(expected), 91)
        cells_json, cells_csv = self.folder / "cells.json", self.folder / "cells.csv"
        done = joule("nas", "enumerate", "--vertices", 4, "--count", "--json", cells_json, "--csv", cells_csv)
        self.assertEqual((done.returncode, done.stdout), (0, "91\n"), done.stderr)
        cells = json.loads(cells_json.read_text())
        self.assertEqual((cells["vertices"], cells["edges"]), (4, 9))
        self.assertEqual({cell["hash"] for cell in cells["cells"]}, expected)
        for cell in cells["cells"]:
            self.assertEqual(fingerprint(cell["matrix"], labels_of(cell["ops"][1:-1])), cell["hash"])
        with open(cells_csv, newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["hash"] for row in rows], [cell["hash"] for cell in cells["cells"]])
        self.assertEqual(rows[1]["cell"], "010/001/000:conv3x3-bn-relu")
        self.assertIn("2532", joule("nas", "enumerate", "--vertices", 5).stdout)

    def test_random_cells_have_the_authors_fingerprint(self):
        random.seed(4)
        for n in (2, 3, 5, 6, 7, 7, 7, 7):
            matrix, ops = random_full_cell(n)
            text = "/".join("".join(map(str, row)) for row in matrix) + ":" + ",".join(map(str, ops))
            done = joule("nas", "net", text, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            net = json.loads(done.stdout)
            self.assertEqual(net["hash"], fingerprint(matrix, [-1, *ops, -2]), text)
            self.assertEqual((net["matrix"], net["ops"]), (matrix, ["input", *(OPS[op] for op in ops), "output"]))

    def test_a_net_is_a_file_that_trains(self):
        cell = "0110/0011/0001/0000:0,2"
        out = self.folder / "net.json"
        done = joule("nas", "net", cell, "--channels", 4, "--cells", 1, "--stacks", 2, "--image", "28x28x1", "--out",
                     out, "--json")  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        net = json.loads(done.stdout)
        summary = json.loads(joule("summary", "--net", out, "--json").stdout)
        self.assertEqual((net["parameters"], net["name"]), (summary["parameters"], summary["model"]))
        # The summary runs every norm by itself, which inference makes a part of the convolution.
        macs = sum(layer["macs"] for layer in summary["layers"] if layer["kind"] != "BatchNorm")
        self.assertEqual(net["macs"], macs)
        done = joule("train", "--net", out, "--data", "synthetic", "--limit", 60, "--batch", 20, "--epochs", 1,
                     "--threads", 1, "--meter", "none", "--out", self.folder / "run")  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_what_is_pruned_is_shown(self):
        done = joule("nas", "net", "01010/00000/00010/00001/00000:0,1,2")
        self.assertIn("pruned       010/001/000:maxpool3x3\n", done.stdout)
        # trainable_parameters of a measured cell of EC-NAS.
        self.assertIn("parameters   2793866\n", joule("nas", "net", "011/001/000:1").stdout)

    def test_what_is_refused(self):
        self.assertIn("the matrix is not upper triangular: row 1, column 0 is 1", self.fails("net", "010/101/000:0"))
        self.assertIn("no way leads from the cell's input to its output", self.fails("net", "010/000/000:0"))
        self.assertIn("the cell has 10 edges, the space at most 9", self.fails("net", "01111/00111/00011/00001/00000:0,0,0"))
        self.assertIn("vertices: expected 2 to 7, got 9", self.fails("enumerate", "--vertices", 9))
        self.assertIn("2 vertices feed the output, which has 1 channels",
                      self.fails("net", "0110/0001/0001/0000:0,0", "--channels", 1))  # fmt: skip


if __name__ == "__main__":
    unittest.main()
