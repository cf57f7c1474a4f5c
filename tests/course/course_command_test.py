#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule course, end to end."""

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]


class Course(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        self.addCleanup(self.temporary.cleanup)

    def joule(self, *arguments, code=0):
        done = subprocess.run([JOULE, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def write(self, **answers):
        (self.folder / "answer.json").write_text(json.dumps(answers))

    def test_the_list_has_ten_lessons(self):
        lines = self.joule("course", "list").stdout.splitlines()
        self.assertEqual(len(lines), 10)
        self.assertEqual(lines[0], " 1  Tensors and a MAC")

    def test_the_answers_of_the_solution_are_right(self):
        for lesson in range(1, 10):
            (self.folder / "answer.json").unlink(missing_ok=True)
            self.joule("course", "show", lesson, "--sheet", "answer.json")
            sheet = json.loads((self.folder / "answer.json").read_text())
            self.assertEqual(sheet, {"lesson": lesson, "a": None, "b": None, "c": None})
            nothing = self.joule("course", "check", lesson, "answer.json", "--solution", code=1).stdout
            self.assertIn("0 of 3 right", nothing)
            truths = re.findall(r"^ {12}([^:]+): ", nothing, re.MULTILINE)
            for key, truth in zip("abc", truths):
                sheet[key] = truth if truth.isalpha() else json.loads(truth)
            self.write(**sheet)
            self.assertIn("3 of 3 right", self.joule("course", "check", lesson, "answer.json").stdout)

    def test_a_sheet_with_answers_is_not_overwritten(self):
        sheet = self.folder / "answer.json"
        for text in ('{"lesson": 1, "a": 97344, "b": null, "c": null}', '{"lesson": 1, "a": 1/9}', "my notes"):
            sheet.write_text(text)
            error = self.joule("course", "show", 1, "--sheet", "answer.json", code=2).stderr
            self.assertIn("--sheet: answer.json exists and is not an empty sheet", error)
            self.assertIn("give another name", error)
            self.assertEqual(sheet.read_text(), text)
        self.write(lesson=1, a=None)
        self.joule("course", "show", 2, "--sheet", "answer.json")
        self.assertEqual(json.loads(sheet.read_text())["lesson"], 2)

    def test_one_bad_answer_does_not_hide_the_others(self):
        for bad in ("1/9", "0,1111"):
            (self.folder / "answer.json").write_text('{\n  "lesson": 2,\n  "a": -18,\n  "b": 1.9,\n  "c": %s\n}\n' % bad)
            shown = self.joule("course", "check", 2, "answer.json", code=1).stdout
            self.assertIn(f"c         cannot be read: line 5: '{bad}' is not JSON: write a number such as 0.11", shown)
            self.assertIn("2 of 3 right", shown)
        (self.folder / "answer.json").write_text('{"lesson": 2,\n "a": -18, "c": 1/9}\n')
        error = self.joule("course", "check", 2, "answer.json", code=3).stderr
        self.assertIn("answer.json:2: not JSON in or behind the answer of 'c': write a number such as 0.11", error)
        (self.folder / "answer.json").write_text('{"lesson": 10, "standard": "s", "net": "n", "ratio": 0,4}')
        self.assertIn("answer.json:1: not JSON in or behind", self.joule("course", "check", 10, "answer.json", code=3).stderr)

    def test_lines_fit_and_an_incomplete_command_names_its_own_help(self):
        for lesson in range(1, 11):
            for line in self.joule("course", "show", lesson).stdout.splitlines():
                self.assertTrue(len(line) <= 80 or line.startswith("command "), line)
        self.assertIn("(joule course --help shows", self.joule("course", code=2).stderr)
        self.assertIn("(joule course check --help shows", self.joule("course", "check", 1, code=2).stderr)

    def test_a_hint_does_not_give_the_solution_away(self):
        for lesson, answers, formula in ((6, {"a": 1.5}, "v^2 / (v^2 + sigma)"), (6, {"b": 1.5}, "2 sigma v"), (9, {"b": 9}, "2 x 2")):
            self.write(lesson=lesson, **answers)
            self.assertNotIn(formula, self.joule("course", "check", lesson, "answer.json", code=1).stdout)
        self.write(lesson=3, b=47)
        self.assertIn("nine tenths", self.joule("course", "check", 3, "answer.json", code=1).stdout)

    def test_wrong_answers_exit_with_1_and_say_why(self):
        self.write(lesson=1, a=97344, b=112896)
        shown = self.joule("course", "check", 1, "answer.json", code=1).stdout
        self.assertIn("a         right\n", shown)
        self.assertIn("b         wrong: 112896 is not it: a tap outside the image is no MAC", shown)
        self.assertIn("c         not answered\n", shown)
        self.assertIn("1 of 3 right\n", shown)
        self.assertNotIn("107584", shown)

    def test_what_is_malformed_is_one_line(self):
        self.write(lesson=1, a="many")
        shown = self.joule("course", "check", 1, "answer.json", code=1).stdout
        self.assertIn("a         cannot be read: must be a whole number, got \"many\"\n", shown)
        self.assertIn("'lesson' must be 2, got 1", self.joule("course", "check", 2, "answer.json", code=3).stderr)
        self.assertIn("none.json", self.joule("course", "check", 2, "none.json", code=3).stderr)
        self.assertIn("expected 1 to 10, got 11", self.joule("course", "show", 11, code=2).stderr)

    def test_a_drawing_is_a_picture_with_the_columns(self):
        (self.folder / "p.csv").write_text("x,roof,layers\n1,2,\n2,3,2.5\n")
        self.joule("course", "draw", "p.csv", "--title", "Roof", "--log-x", "--points", "layers", "--out", "p.svg")
        svg = (self.folder / "p.svg").read_text()
        self.assertIn("<title>Roof</title>", svg)
        self.assertIn("layers", svg)
        (self.folder / "p.csv").write_text("x,roof\n1,high\n")
        self.assertIn("p.csv:2", self.joule("course", "draw", "p.csv", "--out", "q.svg", code=3).stderr)
        self.assertFalse((self.folder / "q.svg").exists())

    def test_the_project_runs_both_nets(self):
        train = ["train", "--data", "synthetic", "--limit", 200, "--epochs", 1, "--batch", 20, "--meter", "none"]
        self.joule(*train, "--model", "lenet5", "--out", "large")
        self.joule(*train, "--model", "dense-poly-1", "--lr", 0.5, "--out", "small")
        self.write(lesson=10, standard="large", net="small", ratio=1)
        shown = self.joule("course", "check", 10, "answer.json", code=1).stdout
        joules = [float(x) for x in re.findall(r"images, (\S+) uJ per image", shown)]
        self.assertLess(joules[1], joules[0])
        self.write(lesson=10, standard="large", net="small", ratio=joules[1] / joules[0])
        self.assertIn("3 of 3 right", self.joule("course", "check", 10, "answer.json").stdout)
        self.write(lesson=10, standard="large", net="nowhere", ratio=1)
        self.assertIn("nowhere", self.joule("course", "check", 10, "answer.json", code=3).stderr)
        self.assertIn("--solution", self.joule("course", "check", 10, "answer.json", "--solution", code=2).stderr)


if __name__ == "__main__":
    unittest.main()
