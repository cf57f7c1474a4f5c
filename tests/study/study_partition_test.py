#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Workers on two hosts and a PostgreSQL server on a third, with cables that are cut and clocks that are wrong.

The hosts are namespaces of this machine (network, names, processes), each with a cable to the server.  Skipped (77)
where they cannot be made, which takes root and iproute2, or where PostgreSQL is not installed.
"""

import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from postgresql_server import Server, why_not
from study_cases import PEER, wait_until

CLOCKS = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
SPACES = ["unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
TRIALS = 1000


def ip(*arguments):
    return subprocess.run(["ip", *map(str, arguments)], capture_output=True, text=True, check=True)


class Host:
    """Another machine: reaches the server by a cable of its own, and is ahead of its clock by `clock` seconds."""

    def __init__(self, name, number, clock):
        self.name, self.clock = name, clock
        self.space, self.cable = f"joule{os.getpid()}{name}", f"jl{os.getpid() % 100000}{name}"
        # Of the addresses that RFC 2544 keeps for such networks.
        self.server, self.address = (f"198.18.{os.getpid() % 250}.{4 * number + end}" for end in (1, 2))
        ip("netns", "add", self.space)
        try:
            ip("link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", self.space)
            ip("addr", "add", f"{self.server}/30", "dev", self.cable)
            ip("-n", self.space, "addr", "add", f"{self.address}/30", "dev", "eth0")
            ip("-n", self.space, "link", "set", "eth0", "up")
            self.mend()
        except subprocess.CalledProcessError:
            self.remove()
            raise

    def remove(self):
        ip("netns", "del", self.space)  # and the cable with it

    def cut(self):
        ip("link", "set", self.cable, "down")

    def mend(self):
        ip("link", "set", self.cable, "up")

    def start(self, command):
        clock = ["env", f"LD_PRELOAD={CLOCKS[0]}", f"FAKETIME={self.clock:+d}", "FAKETIME_DONT_FAKE_MONOTONIC=1"]
        script = f'hostname {self.name}; exec "$@"'
        return subprocess.Popen(
            ["ip", "netns", "exec", self.space, *SPACES, "sh", "-c", script, "-", *clock, *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip


def why_no_hosts():
    if why_not():
        return why_not()
    for there, name, package in [(shutil.which("ip"), "ip", "iproute2"), (shutil.which("unshare"), "unshare", "util-linux"),
                                 (CLOCKS, "libfaketime", "libfaketime")]:  # fmt: skip
        if not there:
            return f"there is no {name} here (apt-get install {package})"
    try:
        Host("try", 0, 0).remove()
        subprocess.run([*SPACES, "true"], capture_output=True, check=True)
    except subprocess.CalledProcessError as error:
        return f"a host cannot be made here, which takes root: {str(error.stderr).strip()}"
    return ""


if why_no_hosts():
    print(f"skipped: {why_no_hosts()}")
    sys.exit(77)

HOSTS = []
SERVER = None
NUMBERS = itertools.count()


def setUpModule():
    global SERVER
    HOSTS.extend([Host("a", 1, 3600), Host("b", 2, -3600)])
    SERVER = Server(["127.0.0.1", *(host.server for host in HOSTS)], [f"{host.address}/32" for host in HOSTS])


def tearDownModule():
    if SERVER:
        SERVER.remove()
    for host in HOSTS:
        host.remove()


class Partitions(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.log = Path(temporary.name) / "log"
        self.database = f"studies{next(NUMBERS)}"
        SERVER.sql("postgres", f"CREATE DATABASE {self.database}")
        self.workers = []
        self.addCleanup(self.end_workers)
        for host in HOSTS:
            self.addCleanup(host.mend)

    def end_workers(self):
        for _, process in self.workers:
            if process.poll() is None:
                process.kill()
                process.wait()
            process.stdout.close()
            process.stderr.close()

    def url(self, address="127.0.0.1", parameters=""):
        return f"postgresql://joule@{address}:{SERVER.port}/{self.database}{parameters}"

    def sql(self, statement):
        return SERVER.sql(self.database, statement)

    def make_study(self, trials, **config):
        """Its trial 0 is complete; the database notes each end of another."""
        config = json.dumps({"log": str(self.log), **config})
        subprocess.run([PEER, "run", "--storage", self.url(), "--study", "peer", "--trials", "1", "--config", config],
                       check=True, stdout=subprocess.DEVNULL)  # fmt: skip
        self.sql(f"UPDATE studies SET trials = {trials}")
        SERVER.add_audit(self.database)

    def start_worker(self, host, heartbeat=0.3, parameters=""):
        command = [str(PEER), "worker", "--storage", self.url(host.server, parameters), "--study", "peer",
                   "--heartbeat", str(heartbeat), "--crashes", "1000"]  # fmt: skip
        process = host.start(command)
        self.workers.append((host, process))
        return process

    def count(self, state="complete"):
        return int(self.sql(f"SELECT COUNT(*) FROM trials WHERE state = '{state}'")[0][0])

    def test_a_thousand_trials_are_finished_once_each(self):
        """Whatever is cut, killed or started anew in the middle of them."""
        seed = random.randrange(2**32)
        print(f"seed of the faults: {seed}", file=sys.stderr)
        chance = random.Random(seed)
        self.make_study(TRIALS, milliseconds=40, epochs=2)
        for host in HOSTS * 2:
            self.start_worker(host)
        done = dict.fromkeys(["cut", "kill", "restart"], 0)
        turns, killed = [], []
        end = time.monotonic() + 300
        while self.count() < TRIALS:
            self.assertLess(time.monotonic(), end, f"{self.count()} trials are complete")
            turns = turns or chance.sample(list(done), len(done))
            fault = turns.pop()
            done[fault] += 1
            if fault == "cut":
                host = chance.choice(HOSTS)
                host.cut()
                time.sleep(chance.uniform(0.2, 5))  # the lease takes 1.8 s
                host.mend()
            elif fault == "restart":
                SERVER.stop()
                time.sleep(chance.uniform(0, 1))
                SERVER.start()
            else:
                killed.append(chance.choice([process for _, process in self.workers]))
                killed[-1].kill()
            for host, process in list(self.workers):  # as a scheduler does
                if process.poll() is not None and process.returncode != 0 and self.count() < TRIALS:
                    self.workers.remove((host, process))
                    process.stdout.close()
                    process.stderr.close()
                    self.start_worker(host)
            time.sleep(chance.uniform(0.2, 1))
        print(f"faults: {done}", file=sys.stderr)
        for kind, times in done.items():
            self.assertGreater(times, 0, kind)
        for _, process in self.workers:
            code = process.wait(timeout=60)
            self.assertTrue(code == 0 or (code == -signal.SIGKILL and process in killed), process.stderr.read())
        self.assertEqual(self.sql("SELECT COUNT(*), COUNT(DISTINCT number) FROM audit"), [[str(TRIALS - 1)] * 2])
        self.assertEqual(self.count(), TRIALS)
        self.assertGreater(int(self.sql("SELECT SUM(crashes) FROM trials")[0][0]), 0)
        self.assertEqual(self.sql("SELECT DISTINCT host FROM trials WHERE number > 0 ORDER BY host"), [["a"], ["b"]])
        # The times are the database's, whatever the hosts' clocks say.
        [[wrong]] = self.sql("SELECT COUNT(*) FROM trials WHERE ended < started OR "
                             "ABS(ended - EXTRACT(EPOCH FROM clock_timestamp())) > 600")  # fmt: skip
        self.assertEqual(wrong, "0")

    def test_a_host_that_comes_back_is_refused_its_result(self):
        self.make_study(2, milliseconds=4000)
        late = self.start_worker(HOSTS[0])
        wait_until(lambda: self.count("running") == 1, "the trial began")
        HOSTS[0].cut()
        other = self.start_worker(HOSTS[1])
        wait_until(lambda: self.sql("SELECT host FROM trials WHERE number = 1") == [["b"]], "the other host took it")
        HOSTS[0].mend()
        self.assertEqual(late.wait(timeout=60), 0)
        self.assertRegex(late.stderr.read(), r"trial 1 is no longer that of attempt 1.*given to \d+ on b \(attempt 2\)")
        self.assertEqual(other.wait(timeout=60), 0)
        self.assertEqual(self.sql("SELECT number FROM audit"), [["1"]])

    def test_a_server_that_is_gone_ends_the_worker(self):
        """Nothing answers any more, not even that it refuses: after a minute of trying, one line."""
        self.make_study(1000, milliseconds=10)
        worker = self.start_worker(HOSTS[0], parameters="?connect_timeout=2&tcp_user_timeout=2000")
        wait_until(lambda: self.count() > 3, "trials run")
        HOSTS[0].cut()
        begin = time.monotonic()
        self.assertEqual(worker.wait(timeout=120), 3)
        self.assertGreater(time.monotonic() - begin, 50)
        self.assertRegex(worker.stderr.read(), rf"\Ajoule: postgresql://joule@{HOSTS[0].server}:\d+/\S+: [^\n]+\n\Z")


if __name__ == "__main__":
    unittest.main()
