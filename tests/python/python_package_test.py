#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Python package of this build: the pytest tests of tests/python/package, and what they need to be there."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE = Path(os.environ["JOULE_BUILD"]) / "python"


def skipped(why):
    print(f"skipped: {why}")
    sys.exit(77)


if __name__ == "__main__":
    if not list(PACKAGE.glob("joule/_core.*.so")):
        skipped("this build has no Python module: nanobind and Python's headers were missing when it was configured "
                "(scripts/setup.sh test installs them), or it is a build with sanitizers")  # fmt: skip
    for name in ("pytest", "numpy"):
        if importlib.util.find_spec(name) is None:
            skipped(f"this Python has no {name}: pip install {name}")
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "PYTHONDONTWRITEBYTECODE": "1"}
    sys.exit(subprocess.call([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE / "package")], env=environment))
