#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/trust/long_run.py: each kind of round once; with JOULE_TESTS=all (make test-all) for 20 minutes. And that it can fail."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from long_run import Wrong, require_steady

LONG_RUN = Path(__file__).with_name("long_run.py")
MINUTES = "20" if os.environ.get("JOULE_TESTS") == "all" else "0"


def long_run(*arguments):
    return subprocess.run([sys.executable, "-B", LONG_RUN, *arguments], capture_output=True, text=True)


class LongRun(unittest.TestCase):
    def test_nothing_is_lost_and_nothing_grows(self):
        done = long_run("--joule", os.environ["JOULE"], "--minutes", MINUTES)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr)
        for name in ("killed", "full", "memory", "meter", "profile", "study", "steady epochs"):
            self.assertRegex(done.stdout, rf"\d  {name}\n")

    def test_a_resumed_run_that_is_off_by_a_bit_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "joule"
            program.write_text(
                f"#!{sys.executable}\n"
                "import os, pathlib, subprocess, sys\n"
                'code = subprocess.call([os.environ["JOULE"], *sys.argv[1:]])\n'
                'if "--resume" in sys.argv:\n'
                '    model = pathlib.Path(sys.argv[sys.argv.index("--out") + 1], "model.safetensors")\n'
                "    model.write_bytes(model.read_bytes()[:-1] + bytes([model.read_bytes()[-1] ^ 1]))\n"
                "sys.exit(code)\n"
            )
            program.chmod(0o755)
            done = long_run("--joule", program, "--rounds", "full")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("its weights differ from those of an undisturbed run", done.stderr)
        subprocess.run(["rm", "-rf", done.stderr.split("long_run: ")[-1].split(" is kept")[0]], check=True)

    def test_what_grows_is_found(self):
        steady = [(epoch, 40_000 + epoch % 7 * 100, 4 + epoch % 2) for epoch in range(400, 440)]
        require_steady(steady)
        require_steady([(epoch, 100 * epoch, 4) for epoch in range(0, 400, 10)])  # its first epochs
        with self.assertRaisesRegex(Wrong, "the memory of the steady process grew from 41900 to 50"):
            require_steady([(epoch, kib + (10_000 if epoch >= 420 else 1_300), files) for epoch, kib, files in steady])
        with self.assertRaisesRegex(Wrong, "the open files of the steady process grew from 5 to 6"):
            require_steady([(epoch, kib, files + (2 if epoch >= 420 else 0)) for epoch, kib, files in steady])

    def test_what_is_no_program_is_refused(self):
        self.assertIn("is no program", long_run("--joule", __file__ + ".none").stderr)
        self.assertIn("--rounds: expected killed, full,", long_run("--joule", os.environ["JOULE"], "--rounds", "none").stderr)


if __name__ == "__main__":
    unittest.main()
