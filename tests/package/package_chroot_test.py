#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Debian packages in a system that has nothing else: installed by apt, the program runs, a project is built with the library,
and they leave nothing behind.

Takes minutes and Debian's archive: run by `make test-all` (JOULE_TESTS=all); needs root and debootstrap.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from package_test import BUILD, VERSION, make_packages

ROOT = Path(__file__).parents[2]


class Chroot(unittest.TestCase):
    def inside(self, command):
        done = subprocess.run(["chroot", self.root, "/bin/sh", "-ec", command], capture_output=True, text=True,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"})  # fmt: skip
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        return done.stdout

    def install(self, what):
        self.inside(f"apt-get install -q -y --no-install-recommends {what}")

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.root = Path(self.temporary.name, "root")

    def test_installed_used_and_removed(self):
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", self.root], check=True, stdout=subprocess.DEVNULL)
        for file in make_packages(self.temporary.name).values():
            shutil.copy(file, self.root / "tmp")
        shutil.copytree(ROOT / "tests/consumer", self.root / "tmp/consumer")
        self.inside("apt-get -q update")
        before = self.inside("find /usr /etc -xdev -path '*joule*'")
        self.assertEqual(before, "")

        self.install("/tmp/joule_*.deb $(ls /tmp/libjoule[0-9]*.deb || true)")
        self.assertEqual(self.inside("joule --version").strip(), VERSION)
        self.assertIn("accuracy", self.inside("cd /tmp && joule train --data synthetic --limit 120 --model lenet5 --epochs 1 "
                                              "--batch 20 --out run && joule eval --model run"))  # fmt: skip

        self.install("/tmp/*.deb g++ cmake ninja-build pkg-config")
        self.inside("cmake -G Ninja -S /tmp/consumer -B /tmp/whole && cmake --build /tmp/whole && /tmp/whole/consumer")
        self.inside("c++ -std=c++20 -I/tmp/consumer /tmp/consumer/main.cpp -o /tmp/program $(pkg-config --cflags --libs joule) && /tmp/program")

        self.inside("apt-get purge -q -y joule 'libjoule*'")
        self.assertEqual(self.inside("find /usr /etc -xdev -path '*joule*'"), "")


if __name__ == "__main__":
    reasons = {
        "JOULE_TESTS=all (make test-all) runs it": os.environ.get("JOULE_TESTS") != "all",
        "it needs root": os.geteuid() != 0,
        "there is no debootstrap": not shutil.which("debootstrap"),
        "this build installs nothing": not (BUILD / "CPackConfig.cmake").exists(),
    }
    for reason, holds in reasons.items():
        if holds:
            print(f"skipped: {reason}")
            sys.exit(77)
    unittest.main()
