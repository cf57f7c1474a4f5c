#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""parallel/communicator.h under mpirun: 1, 2, 3 and 4 processes on this machine."""

import os
import re
import subprocess
import time
import unittest
from pathlib import Path

import mpirun

PEER = Path(os.environ["JOULE_BUILD"]) / "tests/ranks_peer"


def peer(ranks, case):
    return mpirun.run(ranks, PEER, case)


class Ranks(unittest.TestCase):
    def assert_ok(self, done, ranks):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"ok {ranks}\n", done.stdout)

    def test_gathers(self):
        for ranks in (1, 3, 4):
            self.assert_ok(peer(ranks, "gathers"), ranks)

    def test_sums(self):
        for ranks in (1, 2, 4):
            self.assert_ok(peer(ranks, "sums"), ranks)

    def test_the_tree_needs_a_power_of_two(self):
        done = peer(3, "sums")
        self.assertEqual(done.returncode, 9)
        self.assertRegex(done.stderr, r"rank 0 of 3 on \S+: a tree of sums: expected a power of two of processes, got 3\n")

    def test_the_bits_do_not_depend_on_the_number_of_ranks(self):
        bits = set()
        for ranks in (1, 2, 4):
            done = peer(ranks, "gradients")
            self.assert_ok(done, ranks)
            bits.add(re.search(r"bits (\d+)", done.stdout)[1])
        self.assertEqual(len(bits), 1, bits)

    def test_over_tcp_as_between_machines(self):
        for case in ("gathers", "sums"):
            self.assert_ok(mpirun.run(2, PEER, case, transport="tcp"), 2)

    def test_a_rank_that_fails_ends_all_and_is_named(self):
        begin = time.monotonic()
        done = peer(3, "fail")
        self.assertEqual(done.returncode, 9)
        self.assertEqual(len(re.findall("this rank has failed", done.stderr)), 1)
        self.assertRegex(done.stderr, r"rank 2 of 3 on \S+: this rank has failed\n")
        self.assertLess(time.monotonic() - begin, 20)

    def test_without_mpirun_it_is_alone(self):
        done = subprocess.run([PEER, "gathers"], capture_output=True, text=True, timeout=60)
        self.assert_ok(done, 1)


if __name__ == "__main__":
    mpirun.skip_without_mpi()
    unittest.main()
