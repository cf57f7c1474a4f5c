#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule study hpo on a tiny scale: what it writes, that it goes on instead of starting again, what it refuses."""

import csv
import html
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

JOULE = os.environ["JOULE"]
TINY = ["study", "hpo", "--data", "synthetic", "--model", "lenet5", "--limit", "120", "--batch", "20", "--threads", "1",
        "--meter", "none"]  # fmt: skip
STUDY = [*TINY, "--epochs", "2", "--rounds", "4", "--seeds", "2", "--strategy", "random,tpe"]


def joule(*arguments):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True)


def points_of(folder, part):
    with open(folder / part / "trials.csv", newline="") as file:
        return [(row["lr"], row["beta1"], row["validation accuracy [%, counted]"]) for row in csv.DictReader(file)]


class StudyHpo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.root = Path(cls.temporary.name)
        cls.folder = cls.root / "hpo"
        cls.done = joule(*STUDY, "--out", cls.folder)
        assert cls.done.returncode == 0, cls.done.stderr
        cls.results = json.loads((cls.folder / "results.json").read_text())

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def fails(self, code, *arguments):
        done = joule(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def test_each_strategy_is_searched_with_each_seed(self):
        names = [search["study"] for search in self.results["searches"]]
        self.assertEqual(names, ["hpo-random-1", "hpo-tpe-1", "hpo-random-2", "hpo-tpe-2"])
        for search in self.results["searches"]:
            self.assertEqual(search["complete"] + search["failed"], 4)
            self.assertEqual(len(search["steps"]), 4)
        # tpe begins as random does; the second repetition has other points.
        self.assertEqual(points_of(self.folder, "random-1"), points_of(self.folder, "tpe-1"))
        self.assertNotEqual(points_of(self.folder, "random-1")[0][0], points_of(self.folder, "random-2")[0][0])

    def test_the_curves_are_those_of_the_rounds(self):
        self.assertEqual(self.results["joules"], "modelled")
        for search in self.results["searches"]:
            best, joules = None, 0
            for step, trial in zip(search["steps"], search["rounds"]):
                values = {(v["name"], v["quality"]): v.get("number") for v in trial["values"]}
                accuracy = values.get(("validation accuracy", "counted"))
                if accuracy is not None:
                    best = accuracy if best is None else max(best, accuracy)
                    joules += values["energy", "modelled"]
                    self.assertAlmostEqual(values["training energy", "modelled"], values["energy", "modelled"])
                self.assertEqual(step["best"], best)
                if search["failed"] == 0:
                    self.assertAlmostEqual(step["joules"], joules)
                proposal = {v["name"]: v for v in trial["proposal"]}
                self.assertEqual(proposal["proposal time"]["quality"], "measured")
                self.assertNotIn("proposal energy", proposal)

    def test_page_text_and_pictures(self):
        page = (self.folder / "study.html").read_text()
        data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1)
        self.assertEqual(json.loads(html.unescape(data)), self.results)
        text = (self.folder / "table.md").read_text()
        pictures = re.findall(r"\]\((pictures/[^)]+)\)", text)
        self.assertEqual(len(pictures), 4)
        for picture in pictures:
            self.assertTrue(xml.parse(self.folder / picture).getroot().tag.endswith("svg"))
        self.assertIn("(n 2)", text)
        self.assertIn("rounds to 1 point", self.done.stdout)

    def test_its_searches_are_compared(self):
        compared = self.root / "compared.json"
        done = joule("study", "compare", self.folder, "--json", compared)
        self.assertEqual(done.returncode, 0, done.stderr)
        names = [study["name"] for study in json.loads(compared.read_text())["studies"]]
        self.assertEqual(sorted(names), ["hpo-random-1", "hpo-random-2", "hpo-tpe-1", "hpo-tpe-2"])
        self.assertRegex(done.stdout, r"sampler +random +tpe +random +tpe")

    def test_the_same_command_runs_nothing_again(self):
        before = (self.folder / "tpe-2" / "trials.csv").read_text()
        again = joule(*STUDY, "--out", self.folder)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual((self.folder / "tpe-2" / "trials.csv").read_text(), before)
        shown = joule("study", "show", "hpo-tpe-1", "--storage", self.folder / "study.db")
        self.assertIn("sampler tpe", shown.stdout)

    def test_which_of_its_studies_is_asked_with_the_command_that_answers(self):
        storage = self.folder / "study.db"
        names = "hpo-random-1, hpo-random-2, hpo-tpe-1, hpo-tpe-2"
        for command in ("show", "export"):
            more = ["--csv", self.root / "none.csv"] if command == "export" else []
            error = self.fails(2, "study", command, self.folder, *more)
            found = re.fullmatch(r"joule: (\S+) holds several studies: (.+); name one: joule (.+)\n", error)
            self.assertTrue(found, error)
            self.assertEqual(found[1], str(storage))
            self.assertEqual(", ".join(sorted(found[2].split(", "))), names)
            answered = joule(*found[3].split(), *more)
            self.assertEqual(answered.returncode, 0, answered.stderr)
        error = self.fails(2, "study", "worker", "--storage", self.folder)
        self.assertIn(f"; name one: joule study worker --storage {storage} --study hpo-", error)

    def test_points_are_brief_on_the_page_and_whole_in_the_results(self):
        text = (self.folder / "table.md").read_text()
        self.assertRegex(text, r"lr 0?\.?\d")
        for digits in re.findall(r"(?:lr|beta1) ([\d.e-]+)", text):
            self.assertLessEqual(len(digits.split("e")[0].replace(".", "").lstrip("0")), 5, digits)
        compared = joule("study", "compare", self.folder)
        self.assertLess(max(len(name) for name in re.findall(r"hpo-\w+-\d: lr [^ ]+, beta1 [^ ]+", compared.stdout)), 60)
        best = self.results["searches"][0]["best"]["point"]
        self.assertIn(repr(best["lr"]), (self.folder / "results.json").read_text())

    def test_the_terminal_has_the_captions_of_the_tables(self):
        for caption in ("What each strategy came to, and what it took to come within 1 point of that",
                        "What the searches spent", "The best round of each search"):  # fmt: skip
            self.assertIn(f"\n{caption}\n", self.done.stdout)

    def test_a_killed_search_proposes_what_it_would_have(self):
        study = [*TINY, "--limit", "300", "--epochs", "3", "--rounds", "12", "--repeats", "2", "--seeds", "1",
                 "--strategy", "tpe", "--pruner", "hyperband"]  # fmt: skip
        whole, killed = self.root / "whole", self.root / "killed"
        self.assertEqual(joule(*study, "--out", whole).returncode, 0)
        for moment in ("000001/repeat-2", "000004/repeat-1", "000011"):
            first = subprocess.Popen([JOULE, *map(str, study), "--out", str(killed)],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
            while first.poll() is None and not (killed / "tpe-1/trials" / moment / "metrics.jsonl").exists():
                if moment == "000011" and (killed / "tpe-1/trials" / moment).exists():
                    break
                time.sleep(0.002)
            first.send_signal(signal.SIGKILL)
            first.wait()
        done = joule(*study, "--out", killed)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(points_of(killed, "tpe-1"), points_of(whole, "tpe-1"))
        one, other = (json.loads((f / "results.json").read_text())["searches"][0] for f in (whole, killed))
        self.assertGreater(one["pruned"], 0)
        for key in ("complete", "failed", "pruned", "epochs_saved"):
            self.assertEqual(one[key], other[key], key)
        states = lambda search: [(r["state"], r["point"]) for r in search["rounds"]]
        self.assertEqual(states(one), states(other))

    def test_a_round_is_the_mean_of_its_trainings(self):
        out = self.root / "repeats"
        done = joule(*TINY, "--epochs", "2", "--rounds", "1", "--repeats", "2", "--seeds", "1", "--strategy", "random",
                     "--keep-runs", "--out", out)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        trial = json.loads((out / "results.json").read_text())["searches"][0]["rounds"][0]
        self.assertEqual(trial["state"], "complete", trial["error"])
        accuracies = []
        for repeat in (1, 2):
            run = out / f"random-1/trials/000000/repeat-{repeat}"
            accuracies.append(json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])["validation_accuracy"])
            self.assertEqual(json.loads((run / "config.json").read_text())["seed"], repeat)
        values = {(v["name"], v["quality"]): v for v in trial["values"]}
        self.assertAlmostEqual(values["validation accuracy", "counted"]["number"], 50 * sum(accuracies))
        self.assertIn("interval", values["validation accuracy", "counted"])
        self.assertAlmostEqual(values["energy", "modelled"]["number"], 2 * values["training energy", "modelled"]["number"])
        exported = self.root / "repeats.json"
        joule("study", "export", "hpo-random-1", "--storage", out / "study.db", "--json", exported)
        reports = json.loads(exported.read_text())["trials"][0]["reports"]
        self.assertEqual([report["epoch"] for report in reports], [1, 2, 3, 4])

    def test_a_round_that_diverges_fails_alone(self):
        space = self.root / "wild.json"
        space.write_text('{"dimensions": [{"name": "lr", "kind": "categorical", "choices": ["1e30", "0.01"]}]}')
        out = self.root / "wild"
        done = joule(*TINY, "--epochs", "1", "--space", space, "--optimizer", "sgd", "--rounds", "2", "--seeds", "1",
                     "--strategy", "grid", "--out", out)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        search = json.loads((out / "results.json").read_text())["searches"][0]
        self.assertEqual([trial["state"] for trial in search["rounds"]], ["failed", "complete"])
        self.assertIn("diverged", (out / "table.md").read_text())

    def test_budgets(self):
        one = [*TINY, "--epochs", "2", "--rounds", "3", "--seeds", "1", "--strategy", "random"]
        done = joule(*one, "--energy-budget", "1e-9J", "--out", self.root / "poor")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--energy-budget: is below what one round of hpo-random-1 takes", done.stderr.splitlines()[-1])
        within = [*one, "--objective", "accuracy-within-budget", "--budget-joules"]
        done = joule(*within, "1e-9", "--out", self.root / "tight")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--budget-joules: no training was within 1e-09 J; the cheapest took", done.stderr)
        self.assertIn("No training was within the budget", (self.root / "tight/table.md").read_text())
        done = joule(*within, "1e9", "--out", self.root / "wide")
        self.assertEqual(done.returncode, 0, done.stderr)
        # A budget that is enough for a round or two ends the search.
        spent = self.results["searches"][0]["steps"][0]["joules"]
        out = self.root / "budget"
        done = joule(*one, "--energy-budget", f"{1.5 * spent}J", "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        search = json.loads((out / "results.json").read_text())["searches"][0]
        self.assertIn("is spent", search["ended"])
        self.assertLess(search["complete"], 3)

    def test_a_meter_is_read_for_the_proposals_too(self):
        trace = self.root / "trace.jsonl"
        head = {"joule_trace": 1, "meter": "rapl", "scope": "package 0", "joules_per_tick": 1e-6, "systematic": 0.0,
                "update_period_s": 0.01}  # fmt: skip
        lines = [head] + [{"ns": i * 10**9, "ticks": i * 10**6} for i in range(5000)]  # 1 J a reading
        trace.write_text("".join(json.dumps(line) + "\n" for line in lines))
        out = self.root / "metered"
        done = joule(*TINY, "--epochs", "1", "--rounds", "3", "--seeds", "1", "--strategy", "random", "--meter",
                     f"replay:{trace}", "--out", out)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        results = json.loads((out / "results.json").read_text())
        self.assertEqual(results["joules"], "measured")
        joules = proposals = 0
        for step, trial in zip(results["searches"][0]["steps"], results["searches"][0]["rounds"]):
            proposal = {v["name"]: v for v in trial["proposal"]}["proposal energy"]
            self.assertEqual((proposal["quality"], proposal["unit"]), ("measured", "J"))
            proposals += proposal["number"]
            joules += sum(v["number"] for v in trial["values"] if (v["name"], v["quality"]) == ("energy", "measured"))
            self.assertAlmostEqual(step["proposal_joules"], proposals)
            self.assertAlmostEqual(step["joules"], joules + proposals)
        self.assertGreaterEqual(proposals, 3)

    def test_bad_options_are_refused_before_anything_is_written(self):
        out = self.root / "none"
        for wrong, said in ((["--strategy", "bayes"], "sampler: expected one of"),
                            (["--strategy", "tpe,tpe"], "--strategy: tpe is there twice"),
                            (["--strategy", "tpe,"], "--strategy: a name is empty"),
                            (["--objective", "speed"], "objective: expected one of"),
                            (["--objective", "accuracy-within-budget"], "needs --budget-joules"),
                            (["--budget-joules", "3"], "budget-joules: is that of"),
                            (["--pruner", "mean"], "pruner: expected one of none, median, hyperband"),
                            (["--pruner", "median", "--objective", "front"], "the pruner median goes by one goal"),
                            (["--preset", "fast"], "preset: expected one of quick, paper"),
                            (["--rounds", "0"], "rounds: expected at least 1, got 0"),
                            (["--seeds", "0"], "seeds: expected at least 1, got 0"),
                            (["--lr", "0.1"], "--lr: the space sets it"),
                            (["--ignore", "momentum"], "ignore: the space has no dimension momentum"),
                            (["--optimizer", "sgd"], "is an option of adam and adamw, not of sgd")):  # fmt: skip
            self.assertIn(said, self.fails(2, *STUDY, *wrong, "--out", out), wrong)
        space = self.root / "space.json"
        real = '{"dimensions": [{"name": "%s", "kind": "real", "low": %s, "high": %s%s}]}'
        for text, code, said in ((real % ("lr", 0.1, 0.01, ""), 3, "dimension 'lr'"),
                                 (real % ("lr", 0, 0.1, ', "log": true'), 3, "dimension 'lr'"),
                                 (real % ("learning", 0, 0.1, ""), 2, "there is no 'learning'"),
                                 (real % ("data", 0, 0.1, ""), 2, "space: dimension 'data': all trials must share it"),
                                 (real % ("lr", -1, 0.1, ""), 2, "space: dimension 'lr': lr: must be positive, got -1"),
                                 ("[", 3, "space.json")):  # fmt: skip
            space.write_text(text)
            self.assertIn(said, self.fails(code, *TINY, "--space", space, "--out", out), text)
        self.assertIn("nowhere.json", self.fails(3, *TINY, "--space", self.root / "nowhere.json", "--out", out))
        self.assertFalse(out.exists())
        self.assertIn("config.training.epochs is 2, got 1", self.fails(2, *STUDY, "--epochs", "1", "--out", self.folder))


if __name__ == "__main__":
    unittest.main()
