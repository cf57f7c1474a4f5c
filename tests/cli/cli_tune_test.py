#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule tune, end to end on tiny shapes: the table, who uses it, and what is wrong with it.  Times nothing."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]
NET = ["--model", "lenet5", "--input", "16x16x1", "--classes", "3", "--batch", "2"]
QUICK = ["--rounds", "1", "--densities", "0.2,0.6", "--threads", "1"]
CONVOLUTIONS = {"conv2d", "conv2d_grad_input", "conv2d_grad_weight"}


class Tune(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.table = self.folder / "joule" / "tuning.json"
        self.environment = {**os.environ, "XDG_CACHE_HOME": str(self.folder), "OMP_NUM_THREADS": "1"}
        self.environment.pop("JOULE_TUNING", None)

    def joule(self, *arguments, **variables):
        return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True,
                              env={**self.environment, **variables})  # fmt: skip

    def output(self, *arguments, **variables):
        done = self.joule(*arguments, **variables)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def tune(self, *arguments, **variables):
        return json.loads(self.output("tune", *NET, *QUICK, "--json", *arguments, **variables))

    def tuning(self, **variables):
        return json.loads(self.output("info", "--json", **variables))["tuning"]

    def assert_refused(self, code, text, *arguments, **variables):
        done = self.joule(*arguments, **variables)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertRegex(done.stderr, r"\Ajoule: [^\n]+\n\Z")
        self.assertIn(text, done.stderr)

    def saved(self):
        return json.loads(self.table.read_text())

    def test_measures_every_row_of_what_the_net_runs(self):
        for precision in ("f32", "bf16"):
            with self.subTest(precision=precision):
                self.assert_measures_every_row(precision)

    def assert_measures_every_row(self, precision):
        report = self.tune("--train", "--precision", precision)
        self.assertEqual(report["path"], str(self.table))
        self.assertEqual({o["op"] for o in report["operations"]} & CONVOLUTIONS, CONVOLUTIONS)
        rows = json.loads(self.output("info", "--json"))["ops"]
        for operation in report["operations"]:
            here = [row for row in rows[operation["op"]]
                    if row["device"] == "cpu" and row["precision"] in ("f32", precision)
                    and row["algorithm"] == "direct"]
            # The net has no convolution of a channel by itself.
            named = [row["name"] for row in here if row["name"] not in ("reference", "cpu.depthwise")]
            if "wanted" not in operation["operands"]:  # it cannot run without
                named = [name for name in named if name != "cpu.skip_unwanted"]
            self.assertEqual([row["name"] for row in operation["rows"]], named)
            count = 1 + len(operation["operands"]) * 2
            self.assertEqual(len(operation["points"]), count)
            self.assertEqual(operation["threads"], 1)
            self.assertEqual(operation["disturbance"], 1)  # of a single round
            for point in operation["points"]:
                self.assertIn(point["choice"], named)
                self.assertIn(point["static_choice"], named)
                self.assertGreater(point["gain"], 0.97 - 1e-9)
        operands = {o["op"]: o["operands"] for o in report["operations"]}
        self.assertEqual(operands["conv2d_grad_weight"], ["x", "grad_y"])
        self.assertEqual(operands["conv2d_grad_input"][0], "grad_y")
        (machine,) = self.saved()["machines"]
        self.assertEqual(len(machine["entries"]), len(report["operations"]))
        self.assertEqual([p.name for p in self.table.parent.iterdir()], ["tuning.json"])

    def test_shapes_are_those_of_bench_conv(self):
        report = self.tune_shapes("--shapes", "3x4x8,5x6x9:1x1/2", "--train", "--batch", "2")
        found = {(o["layer"], o["op"], tuple(o["operands"])) for o in report["operations"]}
        for shape in ("3x4x8", "5x6x9:1x1/2"):
            for op, operands in (
                ("conv2d", ("x",)),
                ("conv2d_grad_weight", ("x", "grad_y")),
                ("conv2d_grad_input", ("grad_y",)),
                ("conv2d_grad_input", ("grad_y", "wanted")),
            ):
                self.assertIn((shape, op, operands), found)
        sizes = [o["sizes"] for o in report["operations"] if o["layer"] == "5x6x9:1x1/2" and o["op"] == "conv2d"]
        self.assertEqual([s[:15] for s in sizes], [[2, 9, 9, 5, 6, 1, 1, 2, 2, 0, 0, 1, 1, 1, relu] for relu in (0, 1)])
        forward = self.tune_shapes("--shapes", "3x4x8", "--batch", "2")
        self.assertEqual({o["op"] for o in forward["operations"]}, {"conv2d"})

    def tune_shapes(self, *arguments):
        return json.loads(self.output("tune", *QUICK, "--json", *arguments))

    def test_linear_layers_know_their_zeros(self):
        report = self.tune("--train", "--rounds", "1")
        operands = {o["op"]: o["operands"] for o in report["operations"]}
        self.assertEqual(operands["linear"], ["x"])
        self.assertEqual(operands["linear_grad_input"], ["grad_y"])
        self.assertEqual(operands["linear_grad_weight"], ["grad_y"])

    def test_the_table_says_what_the_gain_is(self):
        """The choice at each point follows from the times that were saved."""
        for operation in self.tune()["operations"]:
            for point in operation["points"]:
                times = {}
                for row in operation["rows"]:
                    if point["operand"] is None:
                        times[row["name"]] = row["dense_ms"]
                    else:
                        k = operation["operands"].index(point["operand"])
                        at = operation["densities"].index(point["density"])
                        times[row["name"]] = row["sparse_ms"][k][at]
                least = min(times.values())
                self.assertLessEqual(0.97 * times[point["choice"]], least * (1 + 1e-9))
                self.assertAlmostEqual(point["gain"], times[point["static_choice"]] / times[point["choice"]])

    def test_text_names_rows_and_choices(self):
        text = self.output("tune", *NET, *QUICK)
        self.assertRegex(text, r"conv1 conv2d, 1 thread\n +density .* cpu\.skip_zero .* measured choice")
        self.assertRegex(text, r"\n +x 0\.2 .* ms")
        self.assertRegex(text, rf"\n{self.table}: \d+ operations; of \d+ choices \d+ differ from the static ones\n\Z")

    def test_info_shows_the_table(self):
        self.assertEqual(self.tuning()["text"], f"none in {self.table}; joule tune measures")
        count = len(self.tune()["operations"])
        self.assertEqual(self.tuning()["text"], f"{count} measured choices in {self.table}")
        self.assertIn(f"\ntuning     {count} measured choices in {self.table}\n", self.output("info"))
        self.assertEqual(self.tuning(JOULE_TUNING="off")["text"], "off")
        self.assertEqual(self.tuning(JOULE_TUNING="off")["entries"], 0)

    def test_later_measurements_are_merged(self):
        first = len(self.tune()["operations"])
        self.assertEqual(len(self.tune()["operations"]), first)
        self.assertEqual(self.tuning()["entries"], first)
        self.tune("--batch", "3")
        self.assertEqual(self.tuning()["entries"], 2 * first)

    def test_other_machines_are_ignored_and_kept(self):
        count = len(self.tune()["operations"])
        for key in ("cpu", "simd", "joule", "onednn"):
            saved = self.saved()
            before = saved["machines"][0][key]
            saved["machines"][0][key] = "another"
            self.table.write_text(json.dumps(saved))
            self.assertEqual(self.tuning()["text"], f"none in {self.table}; {count} of other machines or versions ignored; joule tune measures")  # fmt: skip
            saved["machines"][0][key] = before
            self.table.write_text(json.dumps(saved))
        saved["machines"][0]["cpu"] = "another"
        self.table.write_text(json.dumps(saved))
        self.tune()
        self.assertEqual([m["cpu"] == "another" for m in self.saved()["machines"]], [True, False])
        self.assertEqual(self.tuning()["text"], f"{count} measured choices in {self.table}; {count} of other machines or versions ignored")  # fmt: skip

    def test_damaged_tables_are_ignored_and_replaced(self):
        self.tune()
        whole = self.table.read_text()
        for text in ("", whole[: len(whole) // 2], "[]", whole.replace('"version":1', '"version":2'),
                     whole.replace('"dense_ms":', '"dense_ms":-')):  # fmt: skip
            self.table.write_text(text)
            status = self.tuning()
            self.assertEqual(status["entries"], 0)
            self.assertTrue(status["problem"].startswith(f"{self.table}: "), status)
            self.assertNotIn("\n", status["text"])
            self.assertEqual(status["text"], "ignored: " + status["problem"])
            self.output("summary", "--model", "lenet5", "--input", "28x28x1")
        self.tune()
        self.assertIsNone(self.tuning()["problem"])

    def test_a_read_only_table_is_read_and_replaced(self):
        count = len(self.tune()["operations"])
        self.table.chmod(0o444)
        self.assertEqual(self.tuning()["entries"], count)
        self.tune("--batch", "3")  # the folder may be written
        self.assertEqual(self.tuning()["entries"], 2 * count)

    def work(self, model, **variables):
        """(layer, implementation) of the convolutions of an evaluation in batches of 16."""
        report = json.loads(self.output("eval", "--model", model, "--limit", "16", "--json", **variables))
        lines = report["inference"]["lines"]
        return {line["layer"]: line["implementation"] for line in lines if line["op"] == "conv2d"}

    def test_the_table_decides_what_runs(self):
        """Whatever row the table says is the fastest runs; pinned and deterministic runs ignore it."""
        run = self.folder / "run"
        data = ["--data", "synthetic", "--limit", "16", "--model", "lenet5", "--epochs", "1", "--batch", "16"]
        self.output_of_train("train", *data, "--out", run)
        static = self.work(run)
        json.loads(self.output("tune", "--model", run, *QUICK, "--json"))
        tuned = self.saved()
        for wanted in ("cpu.skip_zero", "cpu.direct"):
            for entry in tuned["machines"][0]["entries"]:
                for row in entry["rows"]:
                    ms = 1 if row["name"] == wanted else 2
                    row["dense_ms"] = ms
                    row["sparse_ms"] = [[ms for _ in times] for times in row["sparse_ms"]]
            self.table.write_text(json.dumps(tuned))
            self.assertEqual(set(self.work(run).values()), {wanted})
            self.assertEqual(set(self.work(run, JOULE_FORCE="conv2d:reference").values()), {"reference"})
            self.assertEqual(self.work(run, JOULE_TUNING="off"), static)
            first, second = self.folder / "1.csv", self.folder / "2.csv"
            for out in (first, second):
                self.output("predict", "--model", run, "--limit", "16", "--out", out)
            self.assertEqual(first.read_bytes(), second.read_bytes())

    def output_of_train(self, *arguments):
        done = self.joule(*arguments)  # its progress goes to standard error
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_deterministic_runs_do_not_depend_on_the_table(self):
        run = self.folder / "run"
        data = ["--data", "synthetic", "--limit", "16", "--model", "lenet5", "--epochs", "1", "--batch", "16"]
        self.output_of_train("train", *data, "--out", run)
        self.tune("--model", run, "--batch", "16")
        saved = self.saved()
        for entry in saved["machines"][0]["entries"]:
            entry["rows"] = [row for row in entry["rows"] if row["name"] == "cpu.skip_zero"] or entry["rows"]
        self.table.write_text(json.dumps(saved))

        def deterministic(**variables):
            report = self.output("eval", "--model", run, "--limit", "16", "--json", "--deterministic", **variables)
            lines = json.loads(report)["inference"]["lines"]
            return [line["implementation"] for line in lines if line["op"] == "conv2d"]

        self.assertEqual(set(self.work(run).values()), {"cpu.skip_zero"})
        self.assertEqual(deterministic(), deterministic(JOULE_TUNING="off"))
        self.assertNotEqual(set(deterministic()), {"cpu.skip_zero"})

    def test_places_that_cannot_be_written(self):
        blocked = self.folder / "a file"
        blocked.write_text("")
        self.assert_refused(3, f"{blocked}/joule/tuning.json: cannot be written: Not a directory", "tune", *NET, *QUICK,
                            XDG_CACHE_HOME=str(blocked))  # fmt: skip
        self.assert_refused(3, "/proc/joule.json: cannot be written", "tune", *NET, *QUICK, "--out", "/proc/joule.json")
        locked = self.folder / "locked"
        locked.mkdir(mode=0o500)
        if os.geteuid() != 0:  # root may write anywhere
            self.assert_refused(3, "cannot be written: Permission denied", "tune", *NET, *QUICK, XDG_CACHE_HOME=str(locked))
        self.assert_refused(2, "JOULE_TUNING is off", "tune", *NET, *QUICK, JOULE_TUNING="off")

    def test_out_names_another_file(self):
        other = self.folder / "elsewhere" / "table.json"
        self.tune("--out", other)
        self.assertFalse(self.table.exists())
        self.assertGreater(self.tuning(JOULE_TUNING=str(other))["entries"], 0)
        self.assertEqual(self.tuning()["entries"], 0)

    def test_bad_options(self):
        for text, *options in (
            ("rounds: expected 1 to 1000, got 0", "--rounds", "0"),
            ("batch: expected at least 1, got 0", "--batch", "0"),
            ("densities: must ascend between 0 and 1, got 0.2 after 0.5", "--densities", "0.5,0.2"),
            ("densities: must ascend between 0 and 1, got 1 after 0", "--densities", "1"),
            ("--densities: expected a decimal number, got 'nan'", "--densities", "nan"),
            ("model: 'nonsense' is neither a net nor a folder or file", "--model", "nonsense"),
            ("--input: expected HEIGHTxWIDTHxCHANNELS", "--model", "lenet5", "--input", "28"),
            ("threads", "--threads", "-1"),
            ("--shapes: expected INxOUTxSIZE[:KxK[/STRIDE]] such as 64x128x56:3x3/1, got '3x4'", "--shapes", "3x4"),
            ("--model excludes --shapes", "--shapes", "3x4x8", "--model", "lenet5"),
        ):
            with self.subTest(options=options):
                self.assert_refused(2, text, "tune", *options)
        self.assertFalse(self.table.exists())

    def test_a_run_measures_what_the_table_lacks(self):
        options = ["train", "--model", "lenet5", "--data", "synthetic", "--limit", 32, "--batch", 16, "--epochs", 1,
                   "--threads", 1, "--tune", "--out"]  # fmt: skip
        first = self.joule(*options, self.folder / "first")
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertRegex(first.stderr, r"tuned \S+ conv2d \(1\)\n")
        self.assertRegex(first.stderr, r"tuned \S+ conv2d_grad_weight \(")
        page = (self.folder / "first" / "report.html").read_text()
        entries = len(self.saved()["machines"][0]["entries"])
        linear = {e["sizes"][0] for e in self.saved()["machines"][0]["entries"] if e["op"] == "linear"}
        self.assertEqual(linear, {16, 256})  # of a step, and of an evaluation
        self.assertIn(f"{entries} measured choices in {self.table}", page)
        second = self.joule(*options, self.folder / "second")
        self.assertEqual(second.returncode, 0, second.stderr)
        self.assertNotIn("tuned", second.stderr)
        self.assertEqual(len(self.saved()["machines"][0]["entries"]), entries)

    def test_a_run_that_goes_by_no_table_measures_none(self):
        options = ["train", "--data", "synthetic", "--out", self.folder / "run", "--tune"]
        self.assert_refused(2, "tune: a run on cuda, or with --deterministic, goes by no table",
                            *options, "--deterministic")  # fmt: skip
        self.assert_refused(2, "JOULE_TUNING is off", *options, JOULE_TUNING="off")
        self.assert_refused(2, "--tune", *options, "--resume")
        self.assertFalse((self.folder / "run").exists())


if __name__ == "__main__":
    unittest.main()
