#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""packaging/docker/Dockerfile, built by Buildah, which needs no engine, on a Debian that debootstrap makes here in the place of the
published image; and the program of that image.

Compiles the program and needs Debian's archive: run by `make test-all` (JOULE_TESTS=all) as root, where buildah and debootstrap are.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from package_test import VERSION

ROOT = Path(__file__).parents[2]
BASE = "docker.io/library/debian:bookworm-slim"
IMAGE = "localhost/joule-test"


class Docker(unittest.TestCase):
    def buildah(self, *arguments):
        # vfs and chroot ask nothing of the kernel; the images lie in a folder that goes away.
        environment = {**os.environ, "STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
        done = subprocess.run(["buildah", "--root", self.folder / "images", "--runroot", self.folder / "run", *arguments],
                              capture_output=True, text=True, env=environment)  # fmt: skip
        self.assertEqual(done.returncode, 0, f"buildah {' '.join(map(str, arguments))}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        return done.stdout.strip()

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name)

    def test_the_image_has_the_program(self):
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", self.folder / "debian"], check=True, stdout=subprocess.DEVNULL)
        container = self.buildah("from", "scratch")
        self.buildah("add", "-q", container, self.folder / "debian", "/")
        self.buildah("commit", "-q", container, BASE)
        self.buildah("bud", "-q", "--pull-never", "-f", ROOT / "packaging/docker/Dockerfile", "-t", IMAGE, ROOT)

        container = self.buildah("from", "--pull-never", IMAGE)
        self.assertEqual(self.buildah("run", container, "--", "joule", "--version"), VERSION)
        self.assertEqual(self.buildah("run", container, "--", "id", "-un"), "joule")
        said = self.buildah("run", container, "--", "joule", "train", "--data", "synthetic", "--limit", "120", "--model", "lenet5",
                            "--epochs", "1", "--batch", "20", "--out", "run")  # fmt: skip
        self.assertIn("accuracy", said)


if __name__ == "__main__":
    reasons = {
        "JOULE_TESTS=all (make test-all) runs it": os.environ.get("JOULE_TESTS") != "all",
        "it needs root": os.geteuid() != 0,
        "there is no buildah: apt-get install buildah": not shutil.which("buildah"),
        "there is no debootstrap": not shutil.which("debootstrap"),
    }
    for reason, holds in reasons.items():
        if holds:
            print(f"skipped: {reason}")
            sys.exit(77)
    unittest.main()
