#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Studies in a PostgreSQL database: the cases of study_cases.py, with a server of its own on 127.0.0.1.

Skipped (77) where Debian's package postgresql is not installed.
"""

import itertools
import os
import signal
import sys
import time
import unittest

from postgresql_server import Server, why_not
from study_cases import StudyCases, wait_until

if why_not():
    print(f"skipped: {why_not()}")
    sys.exit(77)

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
        SERVER.add_audit(self.database)

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

    def test_what_a_stopped_worker_has_locked_is_free_after_half_a_minute(self):
        """It is stopped in the middle of a transaction, with a trial's row locked."""
        self.audit()
        self.sql("UPDATE studies SET trials = 3, config = '%s'" % f'{{"log": "{self.log}"}}')
        self.sql("CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(2); RETURN NEW; END'")
        self.sql("CREATE TRIGGER slow BEFORE UPDATE ON trials FOR EACH ROW WHEN (NEW.number = 1 AND NEW.token = 1 AND "
                 "NEW.state = 'complete') EXECUTE FUNCTION slowly()")  # fmt: skip
        stopped = self.start("worker")
        asleep = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        wait_until(lambda: self.sql(asleep) == [["1"]], "it ends its trial")
        os.kill(stopped.pid, signal.SIGSTOP)
        try:
            self.finish(self.start("worker"))
        finally:
            os.kill(stopped.pid, signal.SIGCONT)
        self.assertIn("the late result is refused", self.finish(stopped))
        self.assertEqual(self.states(), ["complete"] * 3)
        self.assertEqual(self.ends(), [1, 2])
        self.assertEqual(self.trials("token")[1], ["2"])

    def test_finished_trials_are_added_many_with_each_statement(self):
        self.run_study(trials=1)
        self.sql("CREATE TABLE statements (added BIGINT)")
        self.sql("CREATE FUNCTION count_rows() RETURNS trigger LANGUAGE plpgsql AS "
                 "'BEGIN INSERT INTO statements SELECT COUNT(*) FROM fresh; RETURN NULL; END'")  # fmt: skip
        self.sql("CREATE TRIGGER counted AFTER INSERT ON trials REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT "
                 "EXECUTE FUNCTION count_rows()")  # fmt: skip
        self.finish(self.start("rates", study="rates", trials=100))
        counts = self.sql("SELECT added, COUNT(*) FROM statements GROUP BY added ORDER BY added")
        self.assertEqual(counts, [["1", "2000"], ["4", "1"], ["32", "3"]])  # one by one: those that it proposes

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
