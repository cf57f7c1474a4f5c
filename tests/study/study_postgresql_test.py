#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Studies in a PostgreSQL database: the cases of study_cases.py, with a server of its own on 127.0.0.1.

Skipped (77) where Debian's package postgresql is not installed.
"""

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from study_cases import StudyCases

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parent.parent.name))
if not PROGRAMS or not shutil.which("psql"):
    print("skipped: there is no PostgreSQL server here (apt-get install postgresql)")
    sys.exit(77)
BIN = PROGRAMS[-1].parent
ROOT = os.geteuid() == 0
if ROOT and "postgres" not in {user.pw_name for user in pwd.getpwall()}:
    print("skipped: PostgreSQL's server refuses root, and there is no user postgres")
    sys.exit(77)


class Server:
    """A cluster in a temporary folder."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="joule-postgresql-"))
        if ROOT:
            shutil.chown(self.folder, "postgres", "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.data = self.folder / "data"
        self.do("initdb", "-D", self.data, "-U", "joule", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        self.start()

    def do(self, program, *arguments):
        command = [str(BIN / program), *map(str, arguments)]
        if ROOT:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stdout}")

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        self.do("pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self):
        self.do("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder)

    def sql(self, database, statement):
        done = subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port),
             "-U", "joule", "-d", database, "-c", statement],
            capture_output=True, text=True, check=True)  # fmt: skip
        return [line.split("\t") for line in done.stdout.splitlines()]


SERVER = None
NUMBERS = itertools.count()


def setUpModule():
    global SERVER
    SERVER = Server()


def tearDownModule():
    SERVER.remove()


class Postgresql(StudyCases, unittest.TestCase):
    def make_storage(self):
        self.database = f"studies{next(NUMBERS)}"
        SERVER.sql("postgres", f"CREATE DATABASE {self.database}")
        self.storage = f"postgresql://joule@127.0.0.1:{SERVER.port}/{self.database}"

    new_storage = make_storage

    def sql(self, statement):
        return SERVER.sql(self.database, statement)

    def add_audit(self):
        self.sql("CREATE TABLE audit (number BIGINT)")
        self.sql("CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
                 "'BEGIN INSERT INTO audit VALUES (NEW.number); RETURN NULL; END'")  # fmt: skip
        self.sql("CREATE TRIGGER ended AFTER UPDATE ON trials FOR EACH ROW WHEN (NEW.state IN ('complete', 'failed', "
                 "'pruned') AND OLD.state = 'running') EXECUTE FUNCTION note()")  # fmt: skip

    def table_names(self):
        return [name for (name,) in self.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")]

    def test_a_server_that_comes_back_has_missed_nothing(self):
        self.audit()
        self.sql("UPDATE studies SET config = '{}'")
        config = {"milliseconds": 100, "epochs": 2}
        self.sql("UPDATE studies SET config = '%s'" % f'{{"log": "{self.log}", "milliseconds": 100, "epochs": 2}}')
        process = self.start("run", trials=30, workers=3, config=config)
        for _ in range(3):
            time.sleep(0.4)
            SERVER.stop()
            SERVER.start()
        self.finish(process)
        self.assertEqual(self.states(), ["complete"] * 30)
        self.assertEqual(self.ends(), list(range(1, 30)))

    def test_a_server_that_is_not_there(self):
        storage = "postgresql://joule:secret@127.0.0.1:1/studies"
        text = self.run_study(code=3, trials=1, storage=storage)
        self.assertRegex(text, r"^joule: postgresql://joule:\.\.\.@127\.0\.0\.1:1/studies: cannot be reached: connection .*refused")
        self.assertNotIn("secret", text)

    def test_a_database_that_is_not_there(self):
        text = self.run_study(code=3, trials=1, storage=f"postgresql://joule@127.0.0.1:{SERVER.port}/nowhere")
        self.assertIn('database "nowhere" does not exist', text)


if __name__ == "__main__":
    unittest.main()
