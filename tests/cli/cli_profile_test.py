#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule profile, end to end: on a recorded trace, on a library that plays two GPUs, and without a meter."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
    from prometheus_client.parser import text_string_to_metric_families as prometheus_text
except ImportError as missing:
    open_metrics, why = None, str(missing)

JOULE = os.environ["JOULE"]
GOLDEN = Path(__file__).resolve().parents[1] / "report" / "profile" / "report.prom"
FAKE_NVML = Path(os.environ["JOULE_BUILD"]) / "tests" / "fake_nvml"
GPU = {**os.environ, "LD_LIBRARY_PATH": str(FAKE_NVML), "FAKE_NVML_WATTS": "200", "FAKE_NVML_PERIOD_MS": "5"}
NET = ("--model", "lenet5", "--input", "28x28x1", "--classes", 10, "--batch", 4)
HEAD = {"joule_trace": 1, "meter": "rapl", "scope": "package 0", "joules_per_tick": 1e-6, "systematic": 0.0,
        "update_period_s": 0.001}  # fmt: skip


def profile(*arguments, **options):
    return subprocess.run([JOULE, "profile", *map(str, arguments)], capture_output=True, text=True, **options)


class Profile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def trace(self, name, watts, change=None, **more):
        """Idle at 10 W for 2 s, a step for each of `watts` of 1 s or of what is said, idle again."""
        steps = [w if isinstance(w, tuple) else (1, w) for w in watts]
        now, joules, readings = 0, 3, []
        for seconds, power in [(0, 0), (2, 10), (0.5, 10), *steps, (0.5, 10), (2, 10)]:
            now, joules = now + seconds, joules + seconds * power
            readings.append({"ns": int(1e9 * now), "ticks": round(1e6 * joules)})
        if change:
            change(readings)
        path = self.folder / name
        path.write_text("".join(json.dumps(line) + "\n" for line in [{**HEAD, **more}, *readings]))
        return f"replay:{path}"

    def layers(self):
        """The names of the net's layers."""
        summary = subprocess.run([JOULE, "summary", *map(str, NET[:6]), "--json"], capture_output=True, text=True)
        return [layer["layer"] for layer in json.loads(summary.stdout)["layers"]]

    def report(self, *arguments, **options):
        done = profile(*NET, "--json", "-", *arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def assert_adds_up(self, report):
        ticks = report["ticks"]
        given = sum(line["ticks"] or 0 for line in report["lines"])
        self.assertEqual(ticks["idle"] + given + ticks["unattributed"], ticks["gross"])

    def assert_refused(self, code, text, *arguments):
        done = profile(*arguments)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertRegex(done.stderr, r"\Ajoule: [^\n]+\n\Z")
        self.assertIn(text, done.stderr)

    # Figures.

    def test_shares_of_a_trace(self):
        meter = self.trace("three.jsonl", [40, 50, 60])
        report = self.report("--meter", meter, "--steps", 3, "--attribute", "model", "--cost-model", "zero-skip")
        self.assertEqual(report["ticks"], {"gross": 150_000_000, "idle": 30_000_000, "unattributed": 0})
        self.assert_adds_up(report)
        modelled = sum(line["modelled"]["value"] for line in report["lines"])
        for line in report["lines"]:
            share = 120 * line["modelled"]["value"] / modelled
            self.assertAlmostEqual(line["attributed"]["value"], share, delta=1e-6)
            self.assertEqual((line["attributed"]["quality"], line["modelled"]["quality"]), ("attributed", "modelled"))
            expected = 1950e-12 / 4 * (line["bytes_read"] + line["bytes_written"])
            expected += 3.7e-12 * (line["macs"] - line["macs_skipped"])
            self.assertAlmostEqual(line["modelled"]["value"], expected, delta=1e-9 * expected)
        self.assertAlmostEqual(report["modelled_per_dynamic"]["value"], modelled / 120)
        self.assertEqual(report["notes"], [])
        self.assertEqual((report["schema"], report["mode"]), ({"name": "joule.profile", "version": 2}, "forward"))

    def test_training_tells_what_is_left_for_the_backward_pass(self):
        def left(batch):
            done = subprocess.run([JOULE, "profile", "small-cnn", "--input", "28x28x1", "--classes", "10", "--train", "--batch", str(batch),
                                   "--steps", "2", "--warmup", "1", "--meter", "none", "--json", "-"], capture_output=True, text=True)  # fmt: skip
            self.assertEqual(done.returncode, 0, done.stderr)
            (note,) = json.loads(done.stdout)["notes"]
            return float(re.fullmatch(r"a forward pass leaves ([0-9.]+) MB of tensors for its backward pass", note)[1])

        # Activations alone: they grow with the batch, packed weights do not.
        self.assertAlmostEqual(left(64) / left(32), 2, delta=0.1)

    def test_by_time_and_training(self):
        report = self.report("--meter", self.trace("two.jsonl", [40, 50]), "--steps", 2, "--train")
        self.assert_adds_up(report)
        self.assertEqual({line["phase"] for line in report["lines"]}, {"forward", "backward", "update"})
        for line in report["lines"]:  # of 70 J in 2 s
            self.assertAlmostEqual(line["attributed"]["value"], 35e-9 * line["nanoseconds"], delta=1.1e-6)
        self.assertGreater(report["unattributed"]["value"], 0)

    def test_the_same_bytes_each_time(self):
        meter = self.trace("three.jsonl", [40, 50, 60])
        paths = [self.folder / f"same.{kind}" for kind in ("json", "csv", "prom", "html")]
        seen = []
        for _ in range(2):
            done = profile(*NET, "--meter", meter, "--steps", 3, "--no-times", "--json", paths[0],
                           "--csv", paths[1], "--prometheus", paths[2], "--html", paths[3])  # fmt: skip
            self.assertEqual(done.returncode, 0, done.stderr)
            seen.append([done.stdout, *(path.read_bytes() for path in paths)])
        self.assertEqual(*seen)
        report = json.loads(paths[0].read_text())
        self.assertEqual((report["attribution"], report["attribution_reason"]),
                         ("model", "it is the rule that needs no times, which --no-times leaves out"))  # fmt: skip

    def test_regression_runs_layer_by_layer(self):
        layers = self.report("--meter", "none", "--attribute", "regression", "--steps", 2)
        self.assertEqual(layers["mode"], "layers")
        called = {line["layer"]: line["calls"] for line in layers["lines"]}
        self.assertEqual(set(called.values()), {12})  # 2, 4 and 6
        names = self.layers()
        watts = {name: 20 + 5 * i for i, name in enumerate(names)}
        steps = [(seconds, watts[name]) for seconds in (1, 2, 3) for name in names]
        report = self.report("--meter", self.trace("layers.jsonl", steps), "--attribute", "regression", "--steps", 2)
        self.assert_adds_up(report)
        dynamic = sum(seconds * (power - 10) for seconds, power in steps)
        self.assertAlmostEqual(report["window"]["dynamic"]["value"], dynamic)
        for line in report["lines"]:
            self.assertAlmostEqual(line["attributed"]["value"], 6 * (watts[line["layer"]] - 10), delta=1e-5)
        # Layers that only hand on (flatten) run no operation: nobody gets their energy.
        silent = set(names) - set(called)
        self.assertAlmostEqual(report["unattributed"]["value"], sum(6 * (watts[name] - 10) for name in silent), delta=1e-4)

    def test_the_rule_is_chosen_by_what_was_measured(self):
        names = self.layers()
        steps = [(seconds, 20 + 5 * i) for seconds in (1, 2, 3) for i in range(len(names))]
        ran = "layers, 2 steps of 4 images"
        told = self.trace("told.jsonl", steps, ran=ran)
        report = self.report("--meter", told, "--steps", 2)
        self.assertEqual((report["mode"], report["attribution"]), ("layers", "regression"))
        energies = len({line["layer"] for line in report["lines"]})
        self.assertEqual(report["attribution_reason"],
                         f"{3 * energies} windows tell {energies} energies apart (condition number 1)")  # fmt: skip
        self.assert_adds_up(report)
        table = profile(*NET, "--meter", told, "--steps", 2).stdout
        self.assertIn("\nregression: assumes that a call takes the same energy in every window\nwhy regression: ", table)
        # Windows of the same energy, however often a layer was called, do not suffice.
        alike = self.trace("alike.jsonl", [(s, 10 + 10 * (i % 3) / s) for i, (s, _) in enumerate(steps)], ran=ran)
        report = self.report("--meter", alike, "--steps", 2)
        self.assertEqual((report["mode"], report["attribution"]), ("layers", "time"))
        self.assertRegex(report["attribution_reason"], "regression does not suffice: it gives .* longer windows tell more")
        # Nor is it tried where it cannot tell operations apart.
        for options, why in ((("--train",), "training steps are all alike"), ((), "the trace does not tell that")):
            report = self.report("--meter", self.trace("untold.jsonl", [40, 50]), "--steps", 2, *options)
            self.assertEqual(report["attribution"], "time")
            self.assertIn("regression was not tried: " + why, report["attribution_reason"])
        asked = self.report("--meter", self.trace("untold.jsonl", [40, 50]), "--steps", 2, "--attribute", "time")
        self.assertIsNone(asked["attribution_reason"])
        # Windows of something else are not taken for these.
        for options in (("--steps", 2, "--attribute", "time"), ("--steps", 2, "--train"), ("--steps", 3)):
            self.assert_refused(2, f"when it was recorded, '{ran}' was run", *NET, "--meter", told, *options)

    def verified_trace(self, name, watts, loops, change=None):
        """As joule profile --verify reads: a layer by itself takes 0.5 s a call at its watts; loops of 4 calls."""
        count = len(watts)
        steps = [(seconds, w) for seconds in (1, 2, 3) for w in watts.values()]
        steps += [(0.5, 10), (2, 10)]  # idle, after the window
        for w in loops:
            steps += [(0.25, 10), (0.5, 10)] + 5 * [(0.01, 10), (2, w)]
        path = self.trace(name, steps, change, ran="layers and loops, 2 steps of 4 images", loops=[4] * len(loops))
        self.assertEqual(count, len(self.layers()))
        return path

    def test_loops_verify_what_was_attributed(self):
        names = self.layers()
        watts = {name: 20 + 5 * i for i, name in enumerate(names)}
        plain = self.report("--meter", "none", "--attribute", "regression", "--steps", 2)
        ran = [name for name in names if name in {line["layer"] for line in plain["lines"]}]
        loops = [watts[name] for name in ran]
        loops[2] = 10 + 2 * (loops[2] - 10)  # by itself it takes twice as much
        meter = self.verified_trace("verified.jsonl", watts, loops)
        page = self.folder / "verified.html"
        report = self.report("--meter", meter, "--steps", 2, "--verify", "--html", page)
        self.assertEqual((report["attribution"], report["notes"]), ("regression", []))
        seen = report["verification"]
        self.assertEqual([one["lines"][0]["layer"] for one in seen["operations"]], ran)
        self.assertEqual((seen["of"], seen["agree"]), (len(ran), len(ran) - 1))
        self.assertAlmostEqual(seen["level_watts"], 10.5)
        for i, one in enumerate(seen["operations"]):
            self.assertAlmostEqual(one["looped"]["value"], 0.5 * (loops[i] - 10), delta=1e-4)
            self.assertAlmostEqual(one["attributed"]["value"], 0.5 * (watts[ran[i]] - 10), delta=1e-4)
            self.assertAlmostEqual(one["relative_error"], -0.5 if i == 2 else 0, delta=1e-3)
            self.assertGreater(one["relative_error_half_width"], 0)
            self.assertEqual((one["calls"], one["rested"], one["paused_at_watts"]), (4, True, 10))
        self.assertIn("Attributed, and in a loop", page.read_text())
        text = profile(*NET, "--meter", meter, "--steps", 2, "--verify").stdout
        self.assertRegex(text, r"\noperation +calls of a loop +attributed per call +looped per call +relative error +intervals")
        self.assertRegex(text, rf"\n{ran[2]} \(.*\) +4 .* -50 % \+- [0-9.e-]+ % +no\n")
        self.assertIn(f"of {len(ran)} operations {len(ran)} have both energies, and in {len(ran) - 1} of them the", text)
        self.assertIn("after a pause down to 10.5 W, at an idle power of 10 W", text)

    def test_what_cannot_be_verified(self):
        none = (*NET, "--meter", "none", "--verify")
        self.assert_refused(2, "--verify: modelled energy verifies nothing, and none cannot be read", *none)
        self.assert_refused(2, "leave out --train", *none, "--train")
        self.assert_refused(2, "it needs the idle power", *none, "--idle", 0)
        self.assert_refused(2, "--pause-to: it is for --verify", *NET, "--pause-to", 5)
        self.assert_refused(2, "--pause-to: expected watts above 0, got -1", *none, "--pause-to=-1")
        plain = self.trace("plain.jsonl", [40] * 36)
        self.assert_refused(2, "has no loops: it was not recorded by", *NET, "--meter", plain, "--verify")
        watts = {name: 20 for name in self.layers()}
        other = self.verified_trace("other.jsonl", watts, [20, 20])
        self.assert_refused(2, "the recording has 2 loops", *NET, "--meter", other, "--steps", 2, "--verify")
        self.assert_refused(2, "say the same ones as then", *NET, "--meter", other, "--steps", 2)

    def test_loops_are_recorded_and_replayed(self):
        """On a meter of this machine: a program that counts 30 W."""
        small = ("--model", "dense-linear-1", "--input", "8x8x1", "--classes", 10, "--batch", 4, "--json", "-")
        plug = self.folder / "plug.py"
        plug.write_text("import time\nbegin = time.monotonic()\nwhile True:\n    now = time.monotonic() - begin\n"
                        "    print(f'{now:.6f} {30 * now:.6f}', flush=True)\n    time.sleep(0.004)\n")  # fmt: skip
        trace = self.folder / "loops.jsonl"
        options = ("--steps", 2, "--idle", 0.5, "--verify", "--attribute", "model", "--no-times")
        meter = f"stream:joules,domain=processors:exec:{sys.executable} {plug}"
        ops = self.folder / "power.json"
        live = profile(*small, "--meter", meter, "--record", trace, "--trace", ops, *options)
        self.assertEqual((live.returncode, live.stderr), (0, ""))
        again = profile(*small, "--meter", f"replay:{trace}", *options)
        live, again = json.loads(live.stdout), json.loads(again.stdout)
        self.assertEqual(live["ticks"], again["ticks"])
        self.assertGreater(len(live["verification"]["operations"]), 0)
        # Its power is a track beside the operations; of another day's there is none.
        events = json.loads(ops.read_text())["traceEvents"]
        power = [event for event in events if event["ph"] == "C"]
        self.assertGreater(len(power), 5)
        self.assertEqual({event["name"] for event in power}, {power[0]["name"]})
        self.assertTrue(power[0]["name"].startswith("power, stream"))
        pairs = list(zip(power, power[1:]))
        joules = sum(event["args"]["W"] * (after["ts"] - event["ts"]) for event, after in pairs)
        self.assertAlmostEqual(joules / (power[-1]["ts"] - power[0]["ts"]), 30, delta=3)
        self.assertRegex("".join(live["notes"]), r"reading the power for .*power.json took [0-9.e-]+ % of a core")
        profile(*small, "--meter", f"replay:{trace}", "--trace", ops, *options)
        self.assertEqual({event["ph"] for event in json.loads(ops.read_text())["traceEvents"]}, {"X"})
        replayed = json.dumps(again["verification"]["operations"]).replace("replay of ", "")
        self.assertEqual(live["verification"]["operations"], json.loads(replayed))

    def test_without_a_meter_nothing_is_zero(self):
        done = profile(*NET, "--meter", "none")
        self.assertEqual(done.returncode, 0)
        self.assertIn("gross        unavailable (none: no meter was asked for)", done.stdout)
        self.assertIn("modelled / dynamic  none, as nothing was measured\nmodelled: by horowitz45, what the kernels executed\n", done.stdout)
        self.assertNotIn("assumes that", done.stdout)
        report = self.report("--meter", "none")
        for line in report["lines"]:
            self.assertEqual((line["attributed"]["value"], line["ticks"]), (None, None))
            self.assertEqual(line["attributed"]["reason"], "no meter was asked for")
        self.assertIsNone(report["ticks"])

    def test_a_meter_that_dies_does_not_end_the_run(self):
        def die(readings):
            readings[4:] = [{"ns": readings[4]["ns"], "failure": "Input/output error"}]

        report = self.report("--meter", self.trace("dead.jsonl", [40, 50, 60], die), "--steps", 3)
        self.assertEqual(report["lines"][0]["calls"], 3)
        reason = report["window"]["gross"]["reason"]
        self.assertIn("Input/output error, 2 s after the window began", reason)
        self.assertEqual(report["lines"][0]["attributed"]["reason"], reason)

    def test_recorded_and_replayed(self):
        trace = self.folder / "again.jsonl"
        options = ("--steps", 3, "--attribute", "model", "--no-times")
        live = self.report("--meter", self.trace("live.jsonl", [40, 50, 60]), "--record", trace, *options)
        again = self.report("--meter", f"replay:{trace}", *options)
        self.assertEqual(live["ticks"], {"gross": 150_000_000, "idle": 30_000_000, "unattributed": 0})
        self.assertEqual(live["ticks"], again["ticks"])
        self.assertEqual(again["notes"], [])
        self.assertEqual(json.loads(trace.read_text().splitlines()[0])["ran"], "forward, 3 steps of 4 images")

    def test_a_gpu_pays_nothing_of_what_the_processors_did(self):
        paths = [self.folder / f"gpu.{kind}" for kind in ("csv", "prom", "html", "jsonl", "windows")]
        csv_path, prometheus, page, record, windows = paths
        reports = ("--csv", csv_path, "--prometheus", prometheus, "--html", page, "--record", record, "--windows", windows)
        trace = self.trace("card.jsonl", [40] * 36)
        text = Path(trace.removeprefix("replay:")).read_text().replace('"rapl"', '"nvml"')
        (self.folder / "card.jsonl").write_text(text)
        for meter, cards in (("auto", 2), ("nvml", 2), ("nvml:0000:65:00.0", 1), (trace, 1)):
            steps = 1 if meter == trace else 60
            report = self.report("--meter", meter, "--idle-power", 20, "--steps", steps, *reports, env=GPU)
            if (report["meter"]["domain"], report["meter"]["status"]) == ("processors", "ok"):
                continue  # they can be read here
            reason = report["window"]["gross"]["reason"]
            self.assertRegex(reason, "no meter of the processors (can be read: perf: .*rapl: |was asked for)")
            self.assertIsNone(report["ticks"])
            for line in [*report["lines"], report["total"]]:
                self.assertIsNone(line["attributed"]["value"])
                self.assertEqual(line["attributed"]["reason"], reason)
            self.assertEqual(len(report["not_in_sum"]), cards)
            for other in report["not_in_sum"]:
                self.assertIn("nvml", other["meter"]["name"])
                self.assertEqual(other["meter"]["domain"], "gpu")
                self.assertEqual(other["reason"], "the run did not compute on a GPU")
                self.assertGreater(other["gross"]["value"], 0)
            self.assertEqual({row["attributed_joules"] for row in csv.DictReader(io.StringIO(csv_path.read_text()))}, {""})
            samples = prometheus.read_text()
            self.assertNotIn("attributed_joules", samples)
            self.assertNotIn("gross_joules", samples)
            self.assertEqual(samples.count("\njoule_window_not_in_sum_joules{"), cards)
            html = page.read_text()
            self.assertIn("Measured energy is unavailable", html)
            self.assertEqual(html.count("<li>Not in the sum: "), cards)
            self.assertFalse(record.exists() or windows.exists())
        done = profile(*NET, "--meter", trace, "--idle", 0, "--steps", 1)
        self.assertIn("gross        unavailable (processors: no meter of the processors was asked for)", done.stdout)
        self.assertRegex(done.stdout, r"(?s)not in it     *[0-9.]+ k?J .*replay\s+of\s+nvml.*:\s+the\s+run\s+did\s+not\s+compute\s+on\s+a\s+GPU")

    # Files.

    def test_trace_for_viewers(self):
        path = self.folder / "ops.json"
        report = self.report("--meter", "none", "--steps", 2, "--trace", path)
        events = json.loads(path.read_text())["traceEvents"]
        self.assertEqual(len(events), sum(line["calls"] for line in report["lines"]))
        end = 0
        for event in events:
            self.assertEqual(event["ph"], "X")
            self.assertIsInstance(event["pid"], int)
            self.assertIsInstance(event["tid"], int)
            self.assertGreaterEqual(event["ts"] + 1e-3, end)  # one thread: one after the other
            self.assertGreater(event["dur"], 0)
            end = event["ts"] + event["dur"]
        self.assertAlmostEqual(sum(e["dur"] for e in events), report["total"]["nanoseconds"] / 1e3, delta=1e-3)
        counted = sum(e["args"]["macs"] for e in events)
        self.assertEqual(counted, report["total"]["macs"])

    def test_csv_has_the_lines(self):
        path = self.folder / "lines.csv"
        report = self.report("--meter", self.trace("two.jsonl", [40, 50]), "--steps", 2, "--csv", path)
        rows = list(csv.DictReader(io.StringIO(path.read_text())))
        self.assertEqual(len(rows), len(report["lines"]))
        for row, line in zip(rows, report["lines"]):
            for key in ("layer", "phase", "op", "implementation"):
                self.assertEqual(row[key], line[key])
            self.assertEqual(int(row["macs_skippable"]), line["macs_skippable"])
            self.assertEqual(float(row["attributed_joules"]), line["attributed"]["value"])
            self.assertEqual(int(row["attributed_ticks"]), line["ticks"])

    def test_prometheus_text(self):
        path = self.folder / "joule.prom"
        for meter, energies in ((self.trace("two.jsonl", [40, 50]), True), ("none", False)):
            report = self.report("--meter", meter, "--steps", 2, "--prometheus", path)
            text = path.read_text()
            self.assertTrue(text.endswith("\n# EOF\n"))
            typed, seen = set(), {}
            label = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
            for line in text.splitlines():
                if match := re.fullmatch(r"# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge)", line):
                    self.assertNotIn(match[1], typed)
                    typed.add(match[1])
                elif match := re.fullmatch(r"# UNIT ([a-zA-Z_:][a-zA-Z0-9_:]*_(seconds|joules|bytes)) (\w+)", line):
                    self.assertIn(match[1], typed)
                    self.assertEqual(match[2], match[3])
                elif not line.startswith("# HELP ") and line != "# EOF":
                    match = re.fullmatch(rf"([a-zA-Z_:][a-zA-Z0-9_:]*)\{{({label}(?:,{label})*)\}} (\S+)", line)
                    self.assertTrue(match, line)
                    self.assertIn(match[1], typed)
                    self.assertNotIn((match[1], match[2]), seen)
                    seen[match[1], match[2]] = float(match[3])
            of = lambda name: [value for (metric, _), value in seen.items() if metric == name]  # noqa: E731
            self.assertEqual(sum(of("joule_op_macs")), report["total"]["macs"])
            self.assertEqual(of("joule_window_energy_available"), [float(energies)])
            self.assertEqual(len(of("joule_op_attributed_joules")), len(report["lines"]) if energies else 0)

    @unittest.skipUnless(open_metrics, "" if open_metrics else f"{why} (scripts/setup.sh test installs it)")
    def test_prometheus_and_open_metrics_read_the_same(self):
        path = self.folder / "joule.prom"
        texts = [GOLDEN.read_text()]  # it has names that must be escaped
        for meter in (self.trace("two.jsonl", [40, 50]), "none"):
            self.report("--meter", meter, "--steps", 2, "--prometheus", path)
            texts.append(path.read_text())
        for text in texts:
            families = list(open_metrics(text))
            samples = lambda all: [(s.name, s.labels, s.value) for family in all for s in family.samples]  # noqa: E731
            self.assertEqual(samples(families), samples(prometheus_text(text)))
            self.assertEqual(len(samples(families)), sum(not line.startswith("#") for line in text.splitlines()))
            for family in families:
                self.assertEqual(family.type, "gauge")
                unit = family.name.rsplit("_", 1)[1]
                self.assertEqual(family.unit, unit if unit in ("seconds", "joules", "bytes") else "", family.name)
            with self.assertRaises(ValueError):
                list(open_metrics(text.removesuffix("# EOF\n")))

    def test_page(self):
        page = self.folder / "profile.html"
        for meter, measured in ((self.trace("two.jsonl", [40, 50]), True), ("none", False)):
            report = self.report("--meter", meter, "--steps", 2, "--html", page)
            html = page.read_text()
            data = re.search(r'<script type="application/json" id="data">(.*?)</script>', html)[1]
            self.assertEqual(json.loads(data), report)
            self.assertEqual("Power over time" in html, measured)
            self.assertEqual("Measured energy is unavailable" in html, not measured)
            self.assertEqual(len(report["windows"]), 4 if measured else 0)
            self.assertIn("simd", report["environment"])
            self.assertLessEqual({"nvml", "perf", "rapl"}, {source["name"] for source in report["sources"]})
            for source in report["sources"]:
                self.assertTrue(source["status"] == "ok" or source["reason"])
        meter = self.trace("one.jsonl", [40])
        windows = self.report("--meter", meter, "--steps", 1)["windows"]
        self.assertEqual([window["what"] for window in windows], ["idle, before", "step", "idle, after"])
        done = profile(*NET, "--meter", meter, "--steps", 1, "--html", "-")
        self.assertTrue(done.stdout.startswith("<!DOCTYPE html>") and done.stdout.endswith("</html>\n"))

    def test_windows_for_a_fit(self):
        path = self.folder / "windows.json"
        steps = [(1 + i % 3 + i / 100, 20 + 7 * (i % 4)) for i in range(36)]  # 12 layers
        report = self.report("--meter", self.trace("fit.jsonl", steps), "--windows", path, "--steps", 2)
        self.assertEqual(report["mode"], "layers")
        windows = json.loads(path.read_text())["windows"]
        self.assertEqual(sum(w["macs"] for w in windows), report["total"]["macs"] - report["total"]["macs_skipped"])
        self.assertEqual(windows[0]["joules"], 20)
        self.assertAlmostEqual(windows[0]["uncertainty_joules"], (20 / 0.999 * 0.001 + 1e-6) / 6**0.5)
        out = self.folder / "mine.json"
        fit = subprocess.run([JOULE, "energy", "--fit", path, "--out", out], capture_output=True, text=True)
        self.assertEqual(fit.returncode, 0, fit.stderr)
        path.unlink()
        report = self.report("--meter", "none", "--windows", path, "--steps", 1)
        self.assertFalse(path.exists())
        self.assertIn("was not written: no window has an energy", report["notes"][-1])

    # The table.

    def test_rows(self):
        meter = self.trace("two.jsonl", [40, 50])
        for by, first in (("layer", "conv1"), ("phase", "forward"), ("op", "conv2d"), ("implementation", "conv2d")):
            lines = profile(*NET, "--meter", meter, "--steps", 2, "--by", by).stdout.splitlines()
            self.assertTrue(lines[2].startswith("op" if by == "implementation" else by), lines)
            self.assertTrue(lines[3].startswith(first), lines)
        text = "\n".join(lines)
        for word in ("total", "gross        90 J", "idle         20 J", "unattributed", "modelled / dynamic"):
            self.assertIn(word, text)

    # What it refuses.

    def test_bad_options(self):
        none = (*NET, "--meter", "none")
        self.assert_refused(2, "--attribute: expected auto, time, model or regression, got 'x'", *none, "--attribute", "x")
        self.assert_refused(2, "--by: expected line, layer", *none, "--by", "x")
        self.assert_refused(2, "--steps: expected at least 1, got 0", *none, "--steps", 0)
        self.assert_refused(2, "--warmup: must not be negative, got -1", *none, "--warmup=-1")
        self.assert_refused(2, "leave out --train", *none, "--attribute", "regression", "--train")
        for rule in "time", "regression":
            self.assert_refused(2, f"--no-times: sharing out by {rule} needs the times", *none, "--no-times", "--attribute", rule)
        self.assert_refused(2, "two reports are to go to", *none, "--json", "a", "--csv", "a")
        self.assert_refused(2, "models whole nets", *none, "--cost-model", "sponge")
        self.assert_refused(2, "say --data or --input and --classes", "--model", "lenet5")
        self.assert_refused(2, "meter: expected auto", *NET, "--meter", "x")
        self.assertFalse(Path("a").exists() or Path("a.joule.tmp").exists())

    def test_bad_files(self):
        nowhere = self.folder / "nowhere" / "file"
        for option in ("--html", "--json", "--csv", "--prometheus", "--trace", "--record", "--windows"):
            self.assert_refused(3, str(nowhere), *NET, "--meter", "none", option, nowhere)
        self.assert_refused(3, "neither a net", "--model", "nowhere")
        self.assert_refused(3, "neither a profile", *NET, "--meter", "none", "--cost-model", "nowhere.json")
        bad = self.folder / "bad.json"
        bad.write_text('{"name": "x"}')
        self.assert_refused(3, "bad.json: 'source' is missing", *NET, "--meter", "none", "--cost-model", bad)
        bad.write_text(json.dumps(HEAD) + '\n{"ns":0}\n')
        self.assert_refused(3, "bad.json:2: 'ticks' is missing", *NET, "--meter", f"replay:{bad}")
        self.assertEqual(list(self.folder.glob("*.tmp")), [])


if __name__ == "__main__":
    unittest.main()
