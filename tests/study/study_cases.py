# SPDX-License-Identifier: MIT
"""What holds of a study's processes, whatever its storage: SQLite's and PostgreSQL's tests run these cases.

The processes are those of $JOULE_BUILD/tests/study_peer, whose source says what its config may ask for.
"""

import contextlib
import csv
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PEER = Path(os.environ["JOULE_BUILD"]) / "tests" / "study_peer"
JOULE = os.environ.get("JOULE")
ROUNDS = 25


def children(pid):
    """The processes that a process has started, and theirs."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in task.read_text().split():
                found += [int(child), *children(child)]
        except OSError:
            pass
    return found


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s until {what}")
        time.sleep(0.02)


class StudyCases:
    """A mixin: the class beside it has `storage` (a URL) and `sql(statement)`, which returns rows of texts."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.log = self.folder / "log"
        self.started = []
        self.addCleanup(self.end_processes)
        self.make_storage()

    def end_processes(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
            process.stdout.close()
            process.stderr.close()

    # Processes.

    def start(self, what, *arguments, storage=None, config=None, **options):
        config = {"log": str(self.log), **(config or {})}
        asked = {"storage": storage or self.storage, "heartbeat": 0.3, "config": json.dumps(config), **options}
        if what == "worker":
            del asked["config"]
            asked.setdefault("study", "peer")
        command = [str(PEER), what, *arguments]
        for name, value in asked.items():
            command += ["--" + name.replace("_", "-"), str(value)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.started.append(process)
        return process

    def finish(self, process, code=0):
        out, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, code, out + errors)
        return out + errors

    def run_study(self, *arguments, code=0, **options):
        return self.finish(self.start("run", *arguments, **options), code)

    # What the storage holds.

    def audit(self):
        """From now on the database itself notes each end of a trial."""
        self.run_study(trials=1)  # makes the tables
        self.add_audit()

    def ends(self):
        return sorted(int(number) for (number,) in self.sql("SELECT number FROM audit"))

    def trials(self, columns="number, state, point, seed", order="number"):
        return self.sql(f"SELECT {columns} FROM trials ORDER BY {order}")

    def states(self):
        return [state for (state,) in self.trials("state")]

    def starts(self):
        return [tuple(map(int, line.split())) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    # The cases.

    def test_every_trial_runs_once(self):
        self.audit()
        self.run_study(trials=30, workers=3)
        self.assertEqual(self.states(), ["complete"] * 30)
        self.assertEqual(self.ends(), list(range(1, 30)))
        self.assertEqual(sorted(number for number, _, _ in self.starts()), list(range(30)))
        self.assertGreater(len({pid for _, _, pid in self.starts()}), 1)
        for number, point, value in self.sql(
            "SELECT number, point, (SELECT v.number FROM trial_values v WHERE v.study = trials.study AND "
            "v.trial = trials.number AND v.name = 'square') FROM trials"
        ):
            self.assertEqual(float(value), json.loads(point)["x"] ** 2, number)

    def test_an_unavailable_value_has_no_number(self):
        self.run_study(trials=2)
        rows = self.sql("SELECT CASE WHEN number IS NULL THEN 'null' ELSE 'number' END, quality, reason "
                        "FROM trial_values WHERE name = 'power'")  # fmt: skip
        self.assertEqual(rows, [["null", "unavailable", "there is no meter"]] * 2)

    def test_kills_lose_nothing_and_finish_nothing_twice(self):
        """kill -9, of a worker or of all, at any moment; at the end the study is the one that was never killed."""
        self.audit()
        seed = random.randrange(2**32)
        print(f"seed of the kills: {seed}", file=sys.stderr)
        chance = random.Random(seed)
        # More work than the rounds can do on a fast machine, or nothing is left to kill.
        options = {"trials": 60, "workers": 3, "crashes": 1000, "config": {"milliseconds": 300, "epochs": 3}}
        self.sql("UPDATE studies SET config = '%s'" % json.dumps({"log": str(self.log), **options["config"]}))
        kills = 0
        for _ in range(ROUNDS):
            process = self.start("run", **options)
            for _ in range(chance.randrange(1, 4)):
                time.sleep(chance.uniform(0.01, 0.25))
                workers = children(process.pid)
                if workers and process.poll() is None:
                    with contextlib.suppress(ProcessLookupError):  # killed before, and just taken notice of
                        os.kill(chance.choice(workers), signal.SIGKILL)
                        kills += 1
            workers = children(process.pid)
            if process.poll() is None:
                process.kill()
                kills += 1
            process.wait()
            wait_until(lambda workers=workers: not any(map(lives, workers)), "the workers ended with their parent")
        self.assertGreater(kills, ROUNDS)
        self.run_study(**options)
        self.assertEqual(self.states(), ["complete"] * 60)
        self.assertEqual(self.ends(), list(range(1, 60)))
        crashes = int(self.sql("SELECT SUM(crashes) FROM trials")[0][0])
        self.assertGreater(crashes, 0)
        tokens = int(self.sql("SELECT SUM(token) FROM trials")[0][0])
        self.assertEqual(tokens, 60 + crashes)  # nothing but a death makes a trial run again
        # By attempt no trial began twice: a token is one worker's.
        attempts = [(number, token) for number, token, _ in self.starts()]
        self.assertEqual(len(attempts), len(set(attempts)))
        interrupted = self.trials()
        self.new_storage()
        self.run_study(**{**options, "workers": 1, "config": {"milliseconds": 1, "epochs": 3}})
        self.assertEqual(self.trials(), interrupted)

    def test_a_late_result_is_refused(self):
        self.audit()
        config = {"milliseconds": 1000}
        self.sql("UPDATE studies SET trials = 2, config = '%s'" % json.dumps({"log": str(self.log), **config}))
        late = self.start("worker")
        wait_until(lambda: len(self.starts()) == 2, "the trial began")
        os.kill(late.pid, signal.SIGSTOP)
        try:
            self.finish(self.start("worker"))  # takes it when the lease has run out
        finally:
            os.kill(late.pid, signal.SIGCONT)
        self.assertEqual([start[:2] for start in self.starts()[1:]], [(1, 1), (1, 2)])
        text = self.finish(late)
        self.assertIn("trial 1 is no longer that of attempt 1: its worker was taken for dead", text)
        self.assertIn("(attempt 2), and is complete; the late result is refused", text)
        self.assertEqual(self.ends(), [1])
        self.assertEqual(self.trials("token, crashes")[1], ["2", "1"])

    def test_a_worker_that_lives_keeps_a_long_trial(self):
        """Longer than the lease, by its heartbeat."""
        config = {"milliseconds": 2500}
        first = self.start("run", trials=1, heartbeat=0.1, config=config)
        wait_until(lambda: self.starts(), "the trial began")
        self.finish(self.start("run", trials=1, heartbeat=0.1, config=config))
        self.finish(first)
        self.assertEqual(self.trials("token, crashes, state"), [["1", "0", "complete"]])

    def test_two_that_begin_the_same_study_at_once(self):
        processes = [self.start("run", trials=12, workers=2) for _ in range(5)]
        for process in processes:
            self.finish(process)
        self.assertEqual(self.sql("SELECT COUNT(*) FROM studies"), [["1"]])
        self.assertEqual(self.states(), ["complete"] * 12)
        self.assertEqual(sorted(number for number, _, _ in self.starts()), list(range(12)))

    def test_another_study_of_the_name_is_refused(self):
        self.run_study(trials=1)
        for options, difference in [
            ({"seed": 2}, "seed is 1, got 2"),
            ({"sampler": "sobol"}, 'sampler is "random", got "sobol"'),
            ({"config": {"epochs": 4}}, "config.epochs is not there, got 4"),
        ]:
            text = self.run_study(code=2, trials=1, **options)
            self.assertIn(f"the study peer is another one: {difference}; give it another name or folder", text)
        self.run_study(trials=3)  # more of the same is the same study
        self.assertEqual(self.states(), ["complete"] * 3)

    def test_a_trial_that_kills_its_workers_has_failed(self):
        text = self.run_study(trials=4, workers=2, config={"crash": [2]})
        self.assertIn("4 trials, 1 failed", text)
        self.assertIn("its worker was killed by signal 9 (Killed); it is tried again", text)
        self.assertEqual(self.states(), ["complete", "complete", "failed", "complete"])
        (row,) = self.sql("SELECT token, crashes, error FROM trials WHERE number = 2")
        self.assertEqual(row[:2], ["3", "3"])
        self.assertRegex(row[2], r"^its worker \d+ on \S+ died: killed by signal 9 \(Killed\) \(3 workers died of this trial\)$")

    def test_a_trial_that_fails_keeps_its_error(self):
        text = self.run_study(trials=4, config={"fail": [1], "nan": [2], "prune": [3]})
        self.assertIn("4 trials, 2 failed", text)
        self.assertEqual(
            self.trials("state, error"),
            [
                ["complete", ""],
                ["failed", "it fails\ufffd, as told"],
                ["failed", "the counted value square is nan; expected a finite number"],
                ["pruned", "not worth it"],
            ],
        )
        self.run_study("--retry-failed", trials=4, config={"fail": [1], "nan": [2], "prune": [3]})
        self.assertEqual(self.trials("token"), [["1"], ["2"], ["2"], ["1"]])

    def test_the_folder_of_a_failed_trial_stays(self):
        config = {"folder": True, "fail": [1]}
        self.run_study(trials=3, config=config, out=self.folder / "out")
        self.assertEqual([path.name for path in (self.folder / "out" / "trials").iterdir()], ["000001"])
        self.assertEqual((self.folder / "out" / "trials" / "000001" / "checkpoint").read_text(), "here")
        self.run_study("--retry-failed", trials=3, config=config, out=self.folder / "kept", storage=self.storage)

    def test_an_interrupt_leaves_a_study_to_go_on_with(self):
        self.audit()
        config = {"milliseconds": 300, "epochs": 3}
        self.sql("UPDATE studies SET config = '%s'" % json.dumps({"log": str(self.log), **config}))
        process = self.start("run", trials=6, workers=2, config=config)
        wait_until(lambda: len(self.starts()) >= 4, "trials run")
        process.send_signal(signal.SIGINT)
        self.assertIn("interrupted", self.finish(process, 130))
        self.assertEqual(set(self.states()), {"complete", "waiting"})
        self.assertEqual(self.trials("crashes"), [["0"]] * len(self.states()))
        self.run_study(trials=6, workers=2, config=config)
        self.assertEqual(self.states(), ["complete"] * 6)
        self.assertEqual(self.ends(), list(range(1, 6)))

    def test_the_energy_budget_is_the_studys(self):
        text = self.run_study(code=130, trials=10, budget=35, config={"joules": 10})
        self.assertIn("the energy budget of 35 J is spent: 40 J, measured", text)
        self.assertEqual(self.states(), ["complete"] * 4)
        self.run_study(trials=10, budget=1000, config={"joules": 10})
        self.assertEqual(self.states(), ["complete"] * 10)

    def test_a_trial_stops_when_the_budget_is_spent(self):
        text = self.run_study(code=130, trials=2, budget=35, config={"joules": 100, "epochs": 10, "milliseconds": 50})
        self.assertIn("is spent: 40 J, measured", text)
        self.assertEqual(self.states(), ["waiting"])

    def test_a_budget_that_cannot_be_kept(self):
        text = self.run_study(code=3, trials=3, budget=35)
        self.assertIn("its energy budget of 35 J cannot be kept: trial 0 has no energy, neither measured nor sampled nor modelled", text)

    def test_a_worker_that_cannot_begin_ends_the_run(self):
        text = self.run_study(code=2, trials=3, workers=2, config={"refuse": True})
        self.assertEqual(text, "joule: the peer refuses, as told\n")
        self.assertEqual(self.states(), [])

    def test_what_it_does_a_second(self):
        text = self.finish(self.start("rates", trials=75))
        self.assertRegex(text, r"trials added, 10000 at once +\d+ a second \(75 in ")
        self.assertRegex(text, r"trials claimed +\d+ a second \(2000 in ")
        self.assertEqual(self.states(), ["complete"] * 2075)
        squares = self.sql("SELECT trial, number FROM trial_values WHERE name = 'square' AND trial < 75 ORDER BY trial")
        self.assertEqual([(int(trial), float(number)) for trial, number in squares], [(n, n) for n in range(75)])

    def test_a_newer_schema_is_refused(self):
        self.run_study(trials=1)
        self.sql("UPDATE joule_schema SET version = 99")
        text = self.run_study(code=3, trials=1)
        self.assertIn("its schema has version 99, and this program knows those up to 2", text)

    def test_a_database_of_something_else_is_refused(self):
        self.sql("CREATE TABLE recipes (name TEXT)")
        text = self.run_study(code=3, trials=1)
        self.assertIn("it holds something else than Joule's studies: the tables recipes", text)
        self.assertEqual(self.table_names(), ["recipes"])

    def test_the_program_reads_it(self):
        if not JOULE:
            self.skipTest("this build has no program")
        self.run_study(trials=3, config={"fail": [1]}, out=self.folder / "out")

        def joule(*arguments, code=0):
            done = subprocess.run([JOULE, "study", *arguments], capture_output=True, text=True)
            self.assertEqual(done.returncode, code, done.stderr)
            return done.stdout + done.stderr

        self.assertRegex(joule("list", "--storage", self.storage), r"(?m)^peer +peer +3 +2 +0 +0 +1 +0 ")
        text = joule("show", "peer", "--storage", self.storage)
        self.assertIn("trials: 2 complete or pruned, 1 failed, 0 running, of 3", text)
        text = joule("show", "--storage", self.storage, "--trial", "1")
        self.assertIn("trial 1: failed\nerror: it fails\ufffd, as told\n", text)
        text = joule("show", "else", "--storage", self.storage, code=2)
        self.assertIn("there is no study named 'else'; it holds peer\n", text)
        file = self.folder / "trials.csv"
        joule("export", "peer", "--storage", self.storage, "--csv", str(file))
        self.assertEqual(file.read_bytes(), (self.folder / "out" / "trials.csv").read_bytes())
        with open(file, newline="") as lines:
            rows = list(csv.DictReader(lines))
        self.assertEqual([row["state"] for row in rows], ["complete", "failed", "complete"])
        self.assertEqual(rows[1]["error"], "it fails\ufffd, as told")
        self.assertEqual(float(rows[0]["square [m2, counted]"]), float(rows[0]["x"]) ** 2)
        self.assertEqual(rows[0]["power unavailable"], "there is no meter")
        document = json.loads(joule("export", "--storage", self.storage, "--json", "-"))
        self.assertEqual(document["study"], json.loads((self.folder / "out" / "config.json").read_text())["study"])
        self.assertEqual([trial["state"] for trial in document["trials"]], ["complete", "failed", "complete"])
        text = joule("worker", "--storage", self.storage, code=2)
        self.assertIn("this program has no kind of studies named 'peer'", text)
