#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pyproject.toml: a wheel is built from the sources, installed into an empty folder, and computes there.

Compiles the libraries once more, so it is run by `make test-all` (JOULE_TESTS=all) alone.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
VERSION = re.search(r"^project\(joule VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
PROGRAM = """
import joule, numpy
assert joule.__version__ == "{version}", joule.__version__
net = joule.model("lenet5", seed=1)
with joule.measure("none") as cost:
    assert net.predict(numpy.zeros((2, 28, 28, 1), numpy.float32)).shape == (2, 10)
assert cost.macs > 0
print(joule.__file__)
"""


class Wheel(unittest.TestCase):
    def test_a_wheel_computes(self):
        with tempfile.TemporaryDirectory() as folder:
            build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder,
                     str(ROOT)]  # fmt: skip
            done = subprocess.run(build, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            (wheel,) = Path(folder).glob("*.whl")
            self.assertTrue(wheel.name.startswith(f"joule_dl-{VERSION}-cp"), wheel.name)
            names = set(zipfile.ZipFile(wheel).namelist())
            self.assertLessEqual({"joule/__init__.py", "joule/_core.pyi", "joule/py.typed"}, names)
            others = {name for name in names if not name.startswith(("joule/", f"joule_dl-{VERSION}.dist-info/"))}
            self.assertEqual(others, set())  # no headers, no program
            self.assertEqual([name for name in names if name.endswith("LICENSE")], [f"joule_dl-{VERSION}.dist-info/licenses/LICENSE"])
            target = Path(folder, "installed")
            subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", target, wheel], check=True)
            done = subprocess.run([sys.executable, "-c", PROGRAM.format(version=VERSION)], cwd=folder, env={"PYTHONPATH": str(target)},
                                  capture_output=True, text=True)  # fmt: skip
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertTrue(done.stdout.startswith(str(target)), done.stdout)


if __name__ == "__main__":
    if os.environ.get("JOULE_TESTS") != "all":
        print("skipped: it compiles the libraries once more: make test-all")
        sys.exit(77)
    for name in ("nanobind", "scikit_build_core", "numpy"):
        if importlib.util.find_spec(name) is None:
            print(f"skipped: this Python has no {name}: scripts/setup.sh test installs it")
            sys.exit(77)
    if shutil.which("ninja") is None:
        print("skipped: there is no ninja")
        sys.exit(77)
    unittest.main()
