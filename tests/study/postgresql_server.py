# SPDX-License-Identifier: MIT
"""A PostgreSQL server of a test's own, on addresses of this machine."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

ROOT = os.geteuid() == 0


def programs():
    """The folder of the newest server; None: there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parent.parent.name))
    return found[-1].parent if found else None


def why_not():
    """Why no server can be started here; empty: one can."""
    if not programs() or not shutil.which("psql"):
        return "there is no PostgreSQL server here (apt-get install postgresql)"
    if ROOT and "postgres" not in {user.pw_name for user in pwd.getpwall()}:
        return "PostgreSQL's server refuses root, and there is no user postgres"
    return ""


class Server:
    """A cluster in a temporary folder; others than this machine may come by the addresses."""

    def __init__(self, addresses=("127.0.0.1",), others=()):
        self.addresses = ",".join(addresses)
        self.folder = Path(tempfile.mkdtemp(prefix="joule-postgresql-"))
        if ROOT:
            shutil.chown(self.folder, "postgres", "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.data = self.folder / "data"
        self.do("initdb", "-D", self.data, "-U", "joule", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        with (self.data / "pg_hba.conf").open("a") as allowed:
            for network in others:
                allowed.write(f"host all all {network} trust\n")
        self.start()

    def do(self, program, *arguments):
        command = [str(programs() / program), *map(str, arguments)]
        if ROOT:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stdout}")

    def start(self):
        options = f"-p {self.port} -c listen_addresses={self.addresses} -c unix_socket_directories={self.folder}"
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

    def add_audit(self, database):
        """From now on the database itself notes each end of a trial in the table audit."""
        self.sql(database, "CREATE TABLE audit (number BIGINT)")
        self.sql(database, "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
                           "'BEGIN INSERT INTO audit VALUES (NEW.number); RETURN NULL; END'")  # fmt: skip
        self.sql(database, "CREATE TRIGGER ended AFTER UPDATE ON trials FOR EACH ROW WHEN (NEW.state IN ('complete', "
                           "'failed', 'pruned') AND OLD.state = 'running') EXECUTE FUNCTION note()")  # fmt: skip
