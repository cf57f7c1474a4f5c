#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule evolve and joule study energize on a tiny scale: what they write, that they go on after a kill bit for bit, what they refuse."""

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]
CONFIG = {
    "preset": "quick",
    "data": "synthetic",
    "limit": 200,
    "lambda": 3,
    "meter": "none",
    "training": {"epochs": 1, "seconds": 0, "deterministic": True, "threads": 1},
    "limits": {"generations": 4},
}
# Among the values those that a clock gave.
TIMES = ("latency", "training time", "peak memory", "time beside training")


def joule(*arguments):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True)


def candidates(folder):
    """Of each candidate what does not depend on the clock."""
    results = json.loads((Path(folder) / "results.json").read_text())
    for candidate in results["candidates"]:
        values = candidate["values"]
        candidate["values"] = {name: value for name, value in values.items() if not name.startswith(TIMES)}
    return results["candidates"]


class Evolve(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.root = Path(cls.temporary.name)
        cls.config = cls.write("config.json", CONFIG)
        cls.folder = cls.root / "evolve"
        cls.command = ["evolve", "--config", cls.config, "--seed", "4"]
        cls.done = joule(*cls.command, "--out", cls.folder)
        assert cls.done.returncode == 0, cls.done.stderr
        cls.results = json.loads((cls.folder / "results.json").read_text())

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @classmethod
    def write(cls, name, config):
        path = cls.root / name
        path.write_text(json.dumps(config))
        return path

    def fails(self, code, *arguments):
        done = joule(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def test_generations_candidates_and_pages(self):
        self.assertEqual([g["generation"] for g in self.results["generations"]], [0, 1, 2, 3])
        for candidate in self.results["candidates"]:
            self.assertIn("time beside training", candidate["values"])
            if not candidate["valid"]:
                self.assertEqual(candidate["fitness"], -1)
                self.assertNotEqual(candidate["values"]["net"]["reason"], "")
                continue
            values = candidate["values"]
            self.assertEqual(values["epochs"]["value"], len(candidate["losses"]))
            self.assertEqual(values["power_1"]["quality"], "modelled")
            self.assertEqual(values["power_1"]["unit"], "J")
            self.assertAlmostEqual(
                values["accuracy"]["value"], (values["accuracy_0"]["value"] + values["accuracy_1"]["value"]) / 2
            )
            self.assertEqual(candidate["fitness"], values["accuracy_0"]["value"])
            self.assertGreater(values["peak memory"]["value"], 1e6)
        self.assertTrue(any(c["valid"] for c in self.results["candidates"]))
        best = max(c["fitness"] for c in self.results["candidates"])
        self.assertEqual(self.results["generations"][-1]["fitness"], best)
        with open(self.folder / "generations.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 4)
        self.assertEqual(float(rows[-1]["fitness"]), round(best, 6))
        page = (self.folder / "study.html").read_text()
        self.assertIn("modelled joules per image", page)
        self.assertIn("<svg xmlns", page)
        self.assertTrue((self.folder / "pictures" / "net.svg").exists())
        self.assertEqual(len(self.results["finals"]), 1)

    def test_killed_anywhere_it_comes_to_the_same(self):
        for wait in (0.3, 1.0):
            folder = self.root / f"killed-{wait}"
            for _ in range(2):
                process = subprocess.Popen(
                    [JOULE, *map(str, self.command), "--out", str(folder)],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                time.sleep(wait)
                process.send_signal(signal.SIGKILL)
                process.wait()
            done = joule(*self.command, "--out", folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(candidates(folder), candidates(self.folder))

    def test_two_workers_evolve_the_same_nets(self):
        folder = self.root / "two"
        done = joule(*self.command, "--workers", "2", "--out", folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(candidates(folder), candidates(self.folder))

    def test_another_configuration_or_grammar_is_refused_with_the_difference(self):
        other = self.write("other.json", CONFIG | {"lambda": 5})
        error = self.fails(2, "evolve", "--config", other, "--seed", "4", "--out", self.folder)
        self.assertIn("config.lambda is 3, got 5", error)
        error = self.fails(2, *self.command, "--grammar", "zero-aware", "--out", self.folder)
        self.assertIn("config.grammar is", error)
        error = self.fails(2, "evolve", "--config", self.config, "--seed", "5", "--out", self.folder)
        self.assertIn("seed is 4, got 5", error)

    def test_limits_say_how_far_not_what(self):
        folder = self.root / "further"
        done = joule(*self.command, "--generations", "2", "--out", folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(candidates(folder), candidates(self.folder)[: len(candidates(folder))])
        done = joule(*self.command, "--generations", "4", "--out", folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(candidates(folder), candidates(self.folder))

    def test_weights_are_kept_for_those_that_train_longer(self):
        rates = {"preset": "energize", "rates": {"train_longer": 1.0}}
        config = self.write("longer.json", CONFIG | {"settings": rates, "limits": {"generations": 3}})
        folder = self.root / "longer"
        done = joule("evolve", "--config", config, "--seed", "4", "--out", folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        longer = [c for c in candidates(folder) if c["role"] == "offspring"]
        self.assertTrue(longer)
        for candidate in longer:
            self.assertTrue(candidate["individual"]["resumes"])
            self.assertTrue(candidate["valid"], candidate)

    def test_watts_without_a_meter_are_refused(self):
        error = self.fails(2, "evolve", "--preset", "energize", "--meter", "none", "--out", self.root / "watts")
        self.assertIn('no meter can be read here', error)
        self.assertIn('"unit": "J"', error)

    def test_power_by_a_meter_is_in_watts(self):
        plug = self.root / "plug.py"  # plays a meter that reads 40 W, a hundred times a second
        plug.write_text(
            "import time\nbegin = time.monotonic()\n"
            "while True:\n    print(time.monotonic() - begin, 40, flush=True)\n    time.sleep(.01)\n"
        )
        term = {"metric": "power_1", "direction": "minimise", "weight": 10, "unit": "W"}
        config = self.write(
            "metered.json",
            {
                **CONFIG,
                "lambda": 2,
                "limit": 2000,
                "limits": {"generations": 1},
                "meter": f"stream:mean-watts,domain=processors,limit=80:exec:{sys.executable} {plug}",
                "passes": 10,
                "module_seconds": 0.5,
                "fitness": {"terms": [{"metric": "accuracy_1"}, term]},
            },
        )
        folder = self.root / "metered"
        done = joule("evolve", "--config", config, "--seed", "4", "--out", folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        valid = [c for c in json.loads((folder / "results.json").read_text())["candidates"] if c["valid"]]
        self.assertTrue(valid)
        for candidate in valid:
            values = candidate["values"]
            power, joules = values["power_1"], values["joules_1"]
            self.assertEqual((power["unit"], joules["unit"]), ("W", "J"))
            self.assertEqual((power["quality"], joules["quality"]), ("sampled", "sampled"))
            self.assertTrue(power["low"] <= 40 <= power["high"], power)
            self.assertGreater(joules["value"], 0)
            self.assertAlmostEqual(candidate["fitness"], values["accuracy_1"]["value"] + 10 / power["value"])
        self.assertIn("W, sampled", (folder / "study.html").read_text())

    def test_bad_configurations_have_one_error(self):
        broken = self.root / "broken.json"
        broken.write_text('{"lamda": 3}')
        self.assertIn("did you mean 'lambda'?", self.fails(3, "evolve", "--config", broken, "--out", self.root / "b"))
        self.fails(2, "evolve", "--config", self.config, "--preset", "quick", "--out", self.root / "b")
        self.fails(2, "study", "energize", "--variants", "nsga3", "--out", self.root / "b")

    def test_energize_compares_variants(self):
        folder, text = self.root / "energize", self.root / "energize.md"
        config = self.write("small.json", CONFIG | {"limits": {"generations": 2}})
        command = ["study", "energize", "--config", config, "--generations", "2", "--seeds", "2"]
        done = joule(*command, "--out", folder, "--markdown", text)
        self.assertEqual(done.returncode, 0, done.stderr)
        results = json.loads((folder / "results.json").read_text())
        self.assertEqual(results["variants"], ["accuracy", "published", "nsga2", "zero-aware"])
        self.assertEqual(len(results["runs"]), 8)
        for test in results["tests"]:
            self.assertEqual(test["against"], "accuracy")
        page = text.read_text()
        self.assertIn("29.18 W", page)
        self.assertIn("Mann-Whitney", page)
        for picture in ("fitness", "accuracy", "power", "archive"):
            self.assertTrue((self.root / "energize" / f"{picture}.svg").exists() or (folder / "pictures" / f"{picture}.svg").exists())
        before = {run["seed"]: run["candidates"] for run in results["runs"] if run["variant"] == "nsga2"}
        again = joule(*command, "--out", folder)
        self.assertEqual(again.returncode, 0, again.stderr)
        results = json.loads((folder / "results.json").read_text())
        self.assertEqual(before, {run["seed"]: run["candidates"] for run in results["runs"] if run["variant"] == "nsga2"})


if __name__ == "__main__":
    unittest.main()
