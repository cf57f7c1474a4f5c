#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""scripts/release.sh: the versions agree, and a release is made in a repository of its own, or refused and nothing changed."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = ("CMakeLists.txt", "CITATION.cff", "CHANGELOG.md", "packaging/vcpkg/joule/vcpkg.json", "scripts/release.sh",
         "docs/packaging.md")


class Release(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = Path(temporary.name, "joule")
        for name in FILES:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.root / name)
        self.write_gate("exit 0")
        self.write("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n\nWhat will be 0.1.0.\n\n### Added\n- All of it.\n")
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "A maintainer")
        self.git("config", "user.email", "maintainer@example.invalid")
        self.commit()
        self.version = re.search(r"^project\(joule VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]

    def write(self, name, text):
        (self.root / name).write_text(text)

    def write_gate(self, text):
        (self.root / ".ci").mkdir(exist_ok=True)
        self.write(".ci/run", f"#!/bin/sh\n{text}\n")
        (self.root / ".ci/run").chmod(0o755)

    def git(self, *arguments):
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        return subprocess.run(["git", *arguments], cwd=self.root, env=environment, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "a state")

    def release(self, version):
        return subprocess.run(["scripts/release.sh", version], cwd=self.root, capture_output=True, text=True)

    def assert_refused(self, text, version):
        before = self.git("rev-parse", "HEAD"), self.git("status", "--porcelain"), self.git("tag")
        done = self.release(version)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(text, done.stderr)
        self.assertEqual((self.git("rev-parse", "HEAD"), self.git("status", "--porcelain"), self.git("tag")), before)

    def test_versions_agree(self):
        done = subprocess.run([ROOT / "scripts/release.sh", "check"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_release(self):
        done = self.release("7.1.0")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.git("rev-parse", "v7.1.0^{commit}"), self.git("rev-parse", "main"))
        self.assertEqual(self.git("log", "-1", "--format=%s"), "release: 7.1.0")
        self.assertEqual(self.git("status", "--porcelain"), "")
        self.assertIn("project(joule VERSION 7.1.0 ", (self.root / "CMakeLists.txt").read_text())
        self.assertEqual(json.loads((self.root / FILES[3]).read_text())["version"], "7.1.0")
        page = (self.root / "docs/packaging.md").read_text()
        for said in ("find_package(joule 7.1 REQUIRED)", "`libjoule7.1`", "libjoule_core.so.7.1`", "find_package(joule X.Y)"):
            self.assertIn(said, page)
        self.assertRegex((self.root / "CHANGELOG.md").read_text(),
                         r"\A# Changelog\n\n## \[Unreleased\]\n\n## \[7\.1\.0\] - \d{4}-\d\d-\d\d\n\n### Added\n- All of it\.\n\Z")  # fmt: skip
        self.assert_refused("there is a tag v7.1.0 already", "7.1.0")
        self.assert_refused("CHANGELOG.md says nothing under Unreleased", "7.2.0")
        self.assert_refused("7.0.9 comes before 7.1.0", "7.0.9")

    def test_a_red_gate_changes_nothing(self):
        self.write_gate("test -f CMakeLists.txt && exit 3")
        self.commit()
        self.assert_refused(".ci/run failed", "7.1.0")

    def test_what_is_refused(self):
        self.assert_refused("'7.1' is no version", "7.1")
        self.write("untracked", "")
        self.assert_refused("the tree is not clean", "7.1.0")
        (self.root / "untracked").unlink()
        self.write("CITATION.cff", "version: 6.0.0\n")
        self.commit()
        self.assert_refused(f"CITATION.cff states the version '6.0.0', CMakeLists.txt {self.version}", "7.1.0")
        self.git("checkout", "--quiet", "-b", "other")
        self.assert_refused("this is not the branch main", "7.1.0")


if __name__ == "__main__":
    unittest.main()
