#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Studies in an SQLite file: the cases of study_cases.py, and what may be wrong with a file."""

import os
import resource
import sqlite3
import subprocess
import unittest
from pathlib import Path

from study_cases import PEER, StudyCases


class Sqlite(StudyCases, unittest.TestCase):
    def make_storage(self):
        self.storage = str(self.folder / "study.db")

    def new_storage(self):
        self.storage = str(self.folder / "another.db")

    def sql(self, statement):
        connection = sqlite3.connect(self.storage, timeout=60, isolation_level=None)
        try:
            rows = connection.execute(statement).fetchall()
        finally:
            connection.close()
        return [["" if value is None else str(value) for value in row] for row in rows]

    def add_audit(self):
        self.sql("CREATE TABLE audit (number)")
        self.sql("CREATE TRIGGER ended AFTER UPDATE ON trials WHEN NEW.state IN ('complete', 'failed', 'pruned') AND "
                 "OLD.state = 'running' BEGIN INSERT INTO audit VALUES (NEW.number); END")  # fmt: skip

    def table_names(self):
        return [name for (name,) in self.sql("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]

    def test_a_file_that_is_no_database(self):
        (self.folder / "study.db").write_text("This is a text, and longer than the head of a database. " * 20)
        text = self.run_study(code=3, trials=1)
        self.assertEqual(text, f"joule: {self.storage}: file is not a database\n")

    def test_a_file_on_a_network_file_system(self):
        command = [str(PEER), "run", "--storage", self.storage, "--trials", "1", "--config", '{"log": "/dev/null"}']
        preload = Path(os.environ["JOULE_BUILD"]) / "tests/libfake_nfs.so"
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LD_PRELOAD": str(preload)})
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(done.stderr, f"joule: {self.storage}: is on NFS, which other machines may mount, too, and SQLite works on one "
                                      "machine: use a local disk, or --storage postgresql://... for studies over machines "
                                      "(docs/scale.md)\n")  # fmt: skip
        self.assertFalse(Path(self.storage).exists())

    def test_a_study_that_is_not_there(self):
        self.assertIn("there is no such file, so no study", self.finish(self.start("worker"), 3))
        self.assertFalse((self.folder / "study.db").exists())

    def test_a_folder_that_cannot_be_made(self):
        (self.folder / "file").write_text("")
        text = self.run_study(code=3, trials=1, out=self.folder / "file" / "out")
        self.assertEqual(text, f"joule: {self.folder}/file/out: cannot make this folder: Not a directory\n")

    def test_a_file_that_may_not_be_written(self):
        self.run_study(trials=1)
        os.chmod(self.storage, 0o444)
        os.chmod(self.folder, 0o555)
        self.addCleanup(os.chmod, self.folder, 0o755)
        command = [str(PEER), "run", "--storage", self.storage, "--trials", "5", "--config", '{"log": "/dev/null"}']
        if os.geteuid() == 0:
            command = ["runuser", "-u", "nobody", "--", *command]
            os.chmod(self.folder.parent, os.stat(self.folder.parent).st_mode)
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertRegex(done.stderr, rf"^joule: {self.storage}: .*(readonly|unable to open).*\n$")

    def test_a_disk_that_is_full(self):
        self.run_study(trials=1)

        def limit():
            size = 200_000
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        command = [str(PEER), "run", "--storage", self.storage, "--trials", "2000", "--config", '{"log": "%s"}' % self.log]
        done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertRegex(done.stderr, rf"^joule: {self.storage}: .*(disk I/O error|full).*\n$")
        self.run_study(trials=1)  # and what was there is whole
        self.assertEqual(self.sql("PRAGMA integrity_check"), [["ok"]])


if __name__ == "__main__":
    unittest.main()
