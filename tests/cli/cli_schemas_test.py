#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the program writes as JSON says what it is, and is as docs/schemas/ says.

The package `jsonschema` checks the schemas; without it only the names and versions are checked.
"""

import copy
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

try:
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource
except ImportError as missing:
    Draft202012Validator, why = None, str(missing)

JOULE = os.environ["JOULE"]
SCHEMAS = {path.name: json.loads(path.read_text()) for path in
           (Path(__file__).resolve().parents[2] / "docs" / "schemas").glob("*.json")}  # fmt: skip
SMALL = ["--data", "synthetic", "--model", "lenet5", "--limit", 60, "--batch", 20, "--threads", 1]
HEAD = {"joule_trace": 1, "meter": "rapl", "scope": "package 0", "joules_per_tick": 1e-6, "systematic": 0.0,
        "update_period_s": 0.001}  # fmt: skip


def joule(*arguments):
    done = subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode in (0, 1, 5), done.stderr
    return done


class Schemas(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        folder = Path(cls.temporary.name)
        cls.documents = {}  # by what they are: several of one schema

        def written(name, *arguments):
            path = folder / f"{len(cls.documents)}.json"
            joule(*arguments, path)
            cls.documents[name] = json.loads(path.read_text())

        def printed(name, *arguments):
            done = joule(*arguments)
            cls.documents[name] = json.loads(done.stdout or done.stderr)

        trace = folder / "trace.jsonl"
        lines = [HEAD, *({"ns": round(1e8 * t), "ticks": 1000000 * t, "slice": 0 < t < 20} for t in range(60))]
        trace.write_text("".join(json.dumps(line) + "\n" for line in lines))
        runs = []
        for name, more in (("unmeasured", ["--meter", "none"]), ("measured", ["--meter", f"replay:{trace}", "--idle", 1, "--seed", 2]),
                           ("unvalidated", ["--meter", "none", "--validation", 0, "--pue", 1.5, "--carbon-intensity", 300])):  # fmt: skip
            runs.append(folder / name)
            joule("train", *SMALL, "--epochs", 3, *more, "--out", runs[-1])
            cls.documents[f"run, {name}"] = json.loads((runs[-1] / "summary.json").read_text())
        printed("eval", "eval", "--model", runs[0], "--data", "synthetic", "--json")
        net = ("--model", "lenet5", "--input", "28x28x1", "--classes", 10, "--batch", 2, "--steps", 2)
        written("profile", "profile", *net, "--meter", "none", "--json")
        written("profile, measured", "profile", *net, "--meter", f"replay:{trace}", "--idle", 1, "--attribute", "model",
                "--no-times", "--json")  # fmt: skip
        written("steps", "bench", "infer", "--models", "lenet5", "--batch", 2, "--steps", 1, "--rounds", 1, "--json")
        written("steps, training", "bench", "train", "--models", "lenet5", "--batch", 2, "--steps", 1, "--rounds", 1, "--json")
        written("conv", "bench", "conv", "--shapes", "8x8x6", "--batch", 1, "--density", "0.5,1", "--rounds", 1, "--json")
        written("compare", "compare", *runs, "--json")
        written("gate", "compare", runs[0], "--gate", runs[1], "--json")
        printed("meter", "meter", "--meter", "none", "--idle", 0, "--json", "--", "true")
        printed("info", "info", "--json")
        printed("summary", "summary", "--model", "lenet5", "--json")
        printed("energy", "energy", "--model", "lenet5", "--input", "28x28x1", "--classes", 10,
                "--relu-density", 0.5, "--json")  # fmt: skip

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def test_each_says_what_it_is(self):
        for what, document in self.documents.items():
            with self.subTest(what):
                self.assertEqual(next(iter(document)), "schema")
                self.assertEqual(set(document["schema"]), {"name", "version"})
                schema = SCHEMAS.get(document["schema"]["name"] + ".json")
                if schema:
                    expected = {key: value["const"] for key, value in schema["properties"]["schema"]["properties"].items()}
                    self.assertEqual(document["schema"], expected)
        told = {document["schema"]["name"] + ".json" for document in self.documents.values()}
        self.assertEqual(set(SCHEMAS) - told, {"joule.common.json"})

    def test_figures_of_a_machine_say_of_which(self):
        for what, document in self.documents.items():
            if what in ("compare", "gate", "info", "summary", "energy"):  # of others' figures, or of counts
                continue
            self.assertIn("commit", document["environment"], what)
            if what.startswith("run"):
                self.assertEqual(document["environment"]["threads"], 1)  # as asked for
        self.assertIsNone(self.documents["profile, measured"]["environment"]["date"])  # --no-times

    def validator(self, schema):
        registry = Registry().with_resources((name, Resource.from_contents(s)) for name, s in SCHEMAS.items())
        return Draft202012Validator(schema, registry=registry)

    @unittest.skipUnless(Draft202012Validator, "" if Draft202012Validator else f"{why} (scripts/setup.sh test installs it)")
    def test_each_is_as_its_schema_says(self):
        for name, schema in SCHEMAS.items():
            Draft202012Validator.check_schema(schema)
            self.assertEqual(schema["$id"], name)
        for what, document in self.documents.items():
            schema = SCHEMAS.get(document["schema"]["name"] + ".json")
            if not schema:
                continue
            with self.subTest(what):
                check = self.validator(schema)
                errors = [f"{list(error.path)}: {error.message}" for error in check.iter_errors(document)]
                self.assertFalse(errors, errors[:5])
                # The schema would see a member that is missing, one that it does not know, and a value of another type.
                for key in schema["required"]:
                    self.assertFalse(check.is_valid({k: v for k, v in document.items() if k != key}), key)
                    self.assertFalse(check.is_valid({**document, key: {} if isinstance(document[key], list) else []}), key)
                self.assertFalse(check.is_valid({**document, "unknown": 0}))

    @unittest.skipUnless(Draft202012Validator, "" if Draft202012Validator else f"{why} (scripts/setup.sh test installs it)")
    def test_an_unavailable_figure_has_no_value(self):
        check = self.validator(SCHEMAS["joule.run.json"])
        document = self.documents["run, unmeasured"]
        figure = document["energy"]["total"]["gross"]
        self.assertEqual(figure["quality"], "unavailable")
        for change in ({"value": 0}, {"reason": None}, {"quality": "measured"}, {"quality": "guessed"}):
            changed = copy.deepcopy(document)
            changed["energy"]["total"]["gross"].update(change)
            self.assertFalse(check.is_valid(changed), change)


if __name__ == "__main__":
    unittest.main()
