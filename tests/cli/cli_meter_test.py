#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule meter, end to end: on a recorded trace, on a library that plays two GPUs, and on nothing."""

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
FAKE_NVML = Path(os.environ["JOULE_BUILD"]) / "tests" / "fake_nvml"
GPUS = {**os.environ, "LD_LIBRARY_PATH": str(FAKE_NVML), "FAKE_NVML_WATTS": "200", "FAKE_NVML_PERIOD_MS": "50"}
OF_AMD = {**os.environ, "LD_LIBRARY_PATH": str(FAKE_NVML.parent / "fake_rocm_smi"), "FAKE_ROCM_WATTS": "150"}

# 10 W for 2 s when idle, 30 W for 5 s, 14 W for 2 s when idle again, in slices of 100 ms; the counter moves every 10 ms.
HEAD = {"joule_trace": 1, "meter": "rapl", "scope": "package 0 + DRAM", "joules_per_tick": 1e-6, "systematic": 0.0,
        "update_period_s": 0.01}  # fmt: skip
BEFORE = [(k / 10, 1_000_000 + k * 1_000_000, k % 20 > 0) for k in range(21)]
WORK = [(3, 31_000_000, False), (8, 181_000_000, False)]
AFTER = [(9 + k / 10, 190_000_000 + k * 1_400_000, k % 20 > 0) for k in range(21)]
READINGS = BEFORE + WORK + AFTER  # time, ticks, whether a slice ends there
IT_MOVED = ("the idle power was 10 W in the first spell and 14 W in the last, more than it fluctuates: meanwhile it is "
            "taken to lie between them")  # fmt: skip


def meter(*arguments, **options):
    return subprocess.run([JOULE, "meter", *map(str, arguments)], capture_output=True, text=True, **options)


class Meter(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.trace = cls.write_trace("trace.jsonl", READINGS)
        cls.replay = ("--meter", f"replay:{cls.trace}")

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @classmethod
    def write_trace(cls, name, readings):
        lines = [HEAD] + [{"ns": round(1e9 * t), "ticks": ticks, "slice": ends} for t, ticks, ends in readings]
        path = cls.folder / name
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return path

    def report(self, *arguments, **options):
        done = meter("--json", *arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stderr)

    def assert_refused(self, code, text, *arguments, **options):
        done = meter(*arguments, **options)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertRegex(done.stderr, r"\Ajoule: [^\n]+\n\Z")
        self.assertIn(text, done.stderr)

    # What it reports.

    def test_figures_of_a_trace(self):
        report = self.report(*self.replay, "--", "true")
        self.assertEqual([report[key] for key in ("version", "command", "exit_code", "signal")], [1, ["true"], 0, None])
        (entry,) = report["meters"]
        idle_power = entry["idle_power"]
        self.assertAlmostEqual(idle_power["value"], 12)  # between 10 and 14 W
        # An update period at the largest power until then: a slice's 1 J, the work's 150 J; and a tick.
        edges = ((1 / 0.09 + 150 / 4.99) * 0.01 + 2e-6) / 2 / 2
        self.assertAlmostEqual(idle_power["uncertainty"], 2 + edges, places=5)
        self.assertEqual(idle_power["quality"], "measured")
        gross, idle, dynamic = entry["gross"], entry["idle"], entry["dynamic"]
        self.assertAlmostEqual(gross["value"], 150)
        self.assertAlmostEqual(gross["uncertainty"], 150 / 4.99 * 0.01 + 1e-6)  # one period at 30 W, one tick
        self.assertAlmostEqual(idle["value"], 60)
        self.assertAlmostEqual(dynamic["value"], 90)
        self.assertAlmostEqual(dynamic["uncertainty"], gross["uncertainty"] + 5 * idle_power["uncertainty"], places=5)
        self.assertEqual([gross["quality"], idle["quality"], dynamic["quality"]], ["measured", "attributed", "attributed"])
        self.assertEqual(entry["power"]["value"], 30)
        self.assertEqual(entry["duration"]["value"], 5)
        self.assertEqual(gross["source"], "replay of rapl, package 0 + DRAM")
        self.assertEqual(entry["remarks"], [IT_MOVED])

    def test_the_same_bits_each_time(self):
        first, second = (self.report(*self.replay, "--", "true") for _ in range(2))
        for report in first, second:
            self.assertTrue(report.pop("environment")["date"])  # which says when
        self.assertEqual(first, second)

    def test_table(self):
        done = meter(*self.replay, "--", "true")
        self.assertEqual(
            done.stderr.splitlines(),
            [
                "energy by replay of rapl, package 0 + DRAM",
                "  gross     150 J +- 300.6 mJ (measured)",
                "  idle      60 J +- 10.51 J (attributed)",
                "  dynamic   90 J +- 10.82 J (attributed)",
                "  power     30 W +- 60.12 mW (measured)",
                "  duration  5 s (measured)",
                "  note      " + IT_MOVED,
            ],
        )

    def test_the_example_of_the_guide_is_a_trace(self):
        guide = (Path(__file__).parents[2] / "docs" / "energy.md").read_text()
        trace = self.folder / "guide.jsonl"
        trace.write_text(guide.split("```jsonl\n")[1].split("```")[0])
        (entry,) = self.report("--meter", f"replay:{trace}", "--idle", "0", "--", "true")["meters"]
        self.assertAlmostEqual(entry["gross"]["value"], 1260.118204)
        self.assertEqual(entry["remarks"], [])

    def test_stated_idle_power(self):
        trace = self.write_trace("two.jsonl", WORK)
        (entry,) = self.report("--meter", f"replay:{trace}", "--idle-power", "12", "--", "true")["meters"]
        self.assertEqual((entry["idle"]["value"], entry["idle"]["quality"]), (60, "modelled"))
        self.assertAlmostEqual(entry["dynamic"]["value"], 90)

    def test_without_idle_power(self):
        trace = self.write_trace("two.jsonl", WORK)
        (entry,) = self.report("--meter", f"replay:{trace}", "--idle", "0", "--", "true")["meters"]
        self.assertAlmostEqual(entry["gross"]["value"], 150)
        for key in ("idle", "dynamic"):
            self.assertIsNone(entry[key]["value"])
            self.assertEqual(entry[key]["reason"], "no idle power: it was not asked for (--idle 0)")

    def test_a_trace_that_does_not_fit_is_noticed(self):
        (entry,) = self.report(*self.replay, "--idle", "0", "--", "true")["meters"]
        self.assertIn("4 of the trace's 6 readings were not asked for", entry["remarks"][0])
        short = self.write_trace("short.jsonl", BEFORE + WORK[:1])
        (entry,) = self.report("--meter", f"replay:{short}", "--", "true")["meters"]
        self.assertIsNone(entry["gross"]["value"])
        self.assertIn("the trace has only 22 readings", entry["gross"]["reason"])

    def test_unavailable_is_never_zero(self):
        done = meter("--meter", "none", "--", "true")
        self.assertEqual(done.returncode, 0)
        self.assertIn("gross     unavailable: no meter was asked for", done.stderr)
        self.assertNotIn("0 J", done.stderr)
        started = time.monotonic()
        (entry,) = self.report("--meter", "none", "--idle", "60", "--", "true")["meters"]
        self.assertLess(time.monotonic() - started, 30)  # no idle power to measure, so no waiting
        self.assertIsNone(entry["gross"]["value"])
        self.assertGreater(entry["duration"]["value"], 0)

    def test_a_gpu_that_is_lost_ends_nothing(self):
        lost = self.folder / "lost"
        command = ["sh", "-c", f"sleep .3; touch {lost}; sleep .2; exit 7"]
        done = meter("--meter", "nvml", "--json", "--idle", "0.2", "--", *command, env={**GPUS, "FAKE_NVML_LOST_WITH": str(lost)})
        self.assertEqual(done.returncode, 7)
        entries = json.loads(done.stderr)["meters"]
        self.assertEqual(len(entries), 2)
        for entry in entries:
            self.assertIsNone(entry["gross"]["value"])
            self.assertRegex(entry["gross"]["reason"], r"GPU is lost, .* m?s after the window began")

    def test_gpus(self):
        report = self.report("--meter", "nvml", "--idle", "1", "--", "sleep", "1", env=GPUS)
        self.assertEqual(len(report["meters"]), 2)
        for entry in report["meters"]:
            self.assertIn("(whole card)", entry["meter"]["scope"])
            self.assertAlmostEqual(entry["meter"]["update_period_s"], 0.05, delta=0.03)
            gross = entry["gross"]
            truth = 200 * entry["duration"]["value"]
            self.assertLess(abs(gross["value"] - truth), gross["uncertainty"])
            self.assertLess(gross["uncertainty"], 0.3 * truth)
            self.assertIn("unresolved", entry["dynamic"]["reason"])  # sleeping costs what idling costs

    def test_one_gpu_recorded_and_replayed(self):
        trace = self.folder / "gpu.jsonl"
        options = ("--idle", "0.5")
        live = self.report("--meter", "nvml:0000:65:00.0", *options, "--record", trace, "--", "sleep", "0.5", env=GPUS)
        again = self.report("--meter", f"replay:{trace}", *options, "--", "sleep", "0.5")
        for key in ("gross", "power", "duration", "idle_power"):
            figures = live["meters"][0][key], again["meters"][0][key]
            self.assertEqual(*({**figure, "source": None} for figure in figures))
        self.assertGreater(live["meters"][0]["gross"]["value"], 50)
        self.assertEqual(again["meters"][0]["remarks"], [])

    def test_a_card_without_a_counter(self):
        env = {**GPUS, "FAKE_NVML_NO_COUNTER": "1"}
        command = ("--meter", "nvml:0000:65:00.0", "--idle", "0")
        (entry,) = self.report(*command, "--", "sleep", "1.2", env=env)["meters"]
        gross, duration = entry["gross"], entry["duration"]["value"]
        self.assertIn("(whole card), from samples of its power", gross["source"])
        self.assertAlmostEqual(gross["value"], 200 * duration, delta=0.1 * duration)
        self.assertGreater(gross["uncertainty"], 0.05 * gross["value"])
        self.assertLess(gross["uncertainty"], 0.6 * gross["value"])
        (entry,) = self.report(*command, "--", "true", env=env)["meters"]  # less than a few samples
        self.assertRegex(entry["gross"]["reason"], "unresolved: .* is too short .the power is renewed every")

    def test_an_instance_of_a_card(self):
        command = ("--meter", "nvml:MIG-33333333-3333", "--idle", "0", "--", "sleep", "0.5")
        (entry,) = self.report(*command, env={**GPUS, "FAKE_NVML_MIG": "1"})["meters"]
        self.assertIn("GPU 00000000:65:00.0 Fake 1 (whole card, shared with other MIG instances)", entry["gross"]["source"])
        self.assertGreater(entry["gross"]["value"], 0)
        for unknown in ("MIG-4", "GPU-4", "0000:99:00.0"):
            self.assert_refused(2, f"nvml: the driver knows no GPU {unknown}", "--meter", f"nvml:{unknown}",
                                "--", "echo", "run", env=GPUS)  # fmt: skip

    def test_auto_has_a_meter_even_where_there_is_none(self):
        report = self.report("--idle", "0", "--", "true")
        self.assertGreaterEqual(len(report["meters"]), 1)
        for entry in report["meters"]:
            if entry["meter"]["status"] != "ok":
                self.assertRegex(entry["gross"]["reason"], r"(rapl: |not here: .*rapl)")
                self.assertIsNotNone(entry["meter"]["remedy"])

    def test_out(self):
        out = self.folder / "report.json"
        done = meter(*self.replay, "--json", "--out", out, "--", "sh", "-c", "echo out; echo err >&2")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "out\n", "err\n"))
        self.assertAlmostEqual(json.loads(out.read_text())["meters"][0]["gross"]["value"], 150)

    def test_info_lists_every_source(self):
        info = subprocess.run([JOULE, "info", "--json"], capture_output=True, text=True, env=GPUS)
        sources = json.loads(info.stdout)["energy_sources"]
        names = [source["name"] for source in sources]
        self.assertEqual((names[:4], names[-1]), (["nvml", "nvml", "perf", "rapl"], "battery"))
        self.assertEqual((names[4], set(names[5:-1])), ("rocm_smi", {"hwmon"}))
        for source in sources:
            if source["status"] == "ok":
                self.assertGreater(source["joules_per_tick"], 0)
                self.assertGreater(source["update_period_s"], 0)
            else:
                self.assertTrue(source["reason"] and source["remedy"], source)
        text = subprocess.run([JOULE, "info"], capture_output=True, text=True, env=GPUS).stdout
        self.assertRegex(text, r"nvml +GPU 00000000:17:00.0 Fake 0 \(whole card\)\n +counts gpu, moves every [^\n]+, resolution 1 mJ")

    def test_a_gpu_of_amd(self):
        report = self.report("--meter", "rocm_smi:0000:c1:00.0", "--idle", "0", "--", "sleep", "1", env=OF_AMD)
        (entry,) = report["meters"]
        self.assertEqual(entry["meter"]["scope"], "GPU 0000:c1:00.0 AMD Instinct MI210 (whole card)")
        self.assertEqual(entry["gross"]["quality"], "measured")
        truth = 150 * entry["duration"]["value"]
        self.assertLessEqual(abs(entry["gross"]["value"] - truth), entry["gross"]["uncertainty"])
        self.assertLess(entry["gross"]["uncertainty"], 0.5 * truth)  # on a busy machine the period seems longer
        self.assert_refused(2, "rocm_smi: the library knows no GPU 0000:99:00.0", "--meter", "rocm_smi:0000:99:00.0", "--",
                            "echo", "run", env=OF_AMD)  # fmt: skip
        info = subprocess.run([JOULE, "info"], capture_output=True, text=True, env=OF_AMD).stdout
        self.assertRegex(info, r"rocm_smi +GPU 0001:23:01.0 AMD Instinct MI210 \(whole card\)\n +counts gpu, moves every [^\n]+, resolution 15.26 uJ")

    # How it runs the command.

    def test_exit_codes_and_signals_of_the_command(self):
        for script, code in (("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 128 + 9), ("kill -TERM $$", 128 + 15)):
            self.assertEqual(meter("--meter", "none", "--", "sh", "-c", script).returncode, code)
        done = meter("--meter", "none", "--json", "--", "sh", "-c", "kill -9 $$")
        self.assertEqual(json.loads(done.stderr)["signal"], 9)

    def test_arguments_and_streams_pass_through(self):
        program = "import sys; print(sys.argv[1:], sys.stdin.read())"
        arguments = ["", "--", "--meter", "a b", "-x", "ü"]
        done = meter("--meter", "none", "--", sys.executable, "-c", program, *arguments, input="in")
        self.assertEqual(done.stdout, f"{arguments} in\n")

    def test_a_signal_is_passed_on(self):
        program = """
import signal, sys, time
for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
    signal.signal(s, lambda number, frame: sys.exit(number + 40))
print("ready", flush=True)
time.sleep(60)
"""
        for sent in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            arguments = [JOULE, "meter", *self.replay, "--", sys.executable, "-c", program]
            with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
                self.assertEqual(running.stdout.readline(), "ready\n")
                running.send_signal(sent)
                _, errors = running.communicate(timeout=30)
            self.assertEqual(running.returncode, sent + 40)
            self.assertIn("gross     150 J", errors)  # the report comes all the same

    @staticmethod
    def ends(pid):
        """Waits for the end of a process that is nobody's child here."""
        for _ in range(3000):
            try:
                stat = Path(f"/proc/{pid}/stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                return True
            if stat.rsplit(")", 1)[1].split()[0] == "Z":
                return True
            time.sleep(0.01)
        return False

    @staticmethod
    def end(pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def test_the_command_and_all_that_it_started_end_with_the_meter(self):
        # One in the command's process group, one in a session of its own, and the command itself.
        script = "sleep 600 & echo $!; setsid sleep 600 & echo $!; echo $$ $PPID; wait"
        for kill_guard in (False, True):
            arguments = [JOULE, "meter", "--meter", "none", "--", "sh", "-c", script]
            with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
                started = [int(running.stdout.readline()) for _ in range(2)]
                command, guard = map(int, running.stdout.readline().split())
                try:
                    self.assertNotEqual(guard, running.pid)
                    os.kill(guard if kill_guard else running.pid, signal.SIGKILL)
                    self.assertTrue(self.ends(command))
                    if not kill_guard:
                        self.assertTrue(all(map(self.ends, [*started, guard])))
                    self.assertEqual(running.wait(), 128 + 9 if kill_guard else -9)
                finally:
                    for pid in (*started, command):
                        self.end(pid)

    def test_what_the_command_leaves_behind_lives_on(self):
        done = meter("--meter", "none", "--", "sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!")
        left = int(done.stdout)
        os.kill(left, 0)
        os.kill(left, signal.SIGKILL)

    def test_the_command_has_the_usual_signals(self):
        done = meter("--meter", "none", "--", "cat", "/proc/self/status")
        status = dict(line.split(":", 1) for line in done.stdout.splitlines())
        self.assertEqual(int(status["SigBlk"], 16), 0)
        for ignored in (signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
            self.assertEqual(int(status["SigIgn"], 16) >> (ignored - 1) & 1, 0, ignored)

    def test_an_interrupt_before_the_command_begins(self):
        arguments = [JOULE, "meter", "--meter", "nvml:0000:65:00.0", "--idle", "600", "--", "echo", "run"]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=GPUS) as running:
            while not self.catches(running.pid, signal.SIGINT):  # calibrated, and measuring the idle power
                time.sleep(0.01)
            running.send_signal(signal.SIGINT)
            output, _ = running.communicate(timeout=30)
        self.assertEqual((running.returncode, output), (130, ""))

    @staticmethod
    def catches(pid, number):
        (caught,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt"))
        return int(caught.split()[1], 16) >> (number - 1) & 1

    # Streams, several meters, and the suite of hostile ones.

    def plug(self, watts, lines=400, **options):
        """A program that plays a meter at the plug, ten times a second."""
        script = self.folder / "plug.py"
        script.write_text(
            "import sys, time\nprint('seconds watts', flush=True)\nbegin = time.monotonic()\n"
            f"for i in range({lines}):\n    print(time.monotonic() - begin, {watts}, flush=True)\n    time.sleep(.1)\n"
        )
        return f"exec:{sys.executable} {script}"

    def test_a_stream_of_mean_watts(self):
        report = self.report("--meter", "stream:mean-watts:" + self.plug(40), "--idle", "0", "--", "sleep", "2")
        (entry,) = report["meters"]
        gross = entry["gross"]
        self.assertEqual((gross["quality"], entry["meter"]["domain"], report["closure"]), ("sampled", "machine", None))
        self.assertLessEqual(abs(gross["value"] - 40 * entry["duration"]["value"]), gross["uncertainty"])

    def test_the_wall_and_its_parts_are_closed(self):
        arguments = ("--meter", f"replay:{self.trace}+stream:mean-watts:" + self.plug(40), "--idle", "0", "--", "sleep", "2")
        closure = self.report(*arguments)["closure"]
        self.assertEqual(closure["parts"]["value"], 20)  # of the trace: 10 W for 2 s
        self.assertAlmostEqual(closure["rest"]["value"], closure["wall"]["value"] - 20)
        self.assertAlmostEqual(closure["rest"]["uncertainty"], closure["wall"]["uncertainty"] + closure["parts"]["uncertainty"])
        done = meter(*arguments)
        self.assertIn("the machine beyond its parts\n  rest ", done.stderr)

    def test_a_stream_that_breaks_says_where(self):
        script = self.folder / "bad.sh"
        script.write_text("echo 0 40; sleep .6; echo .6 40; sleep .6; echo 1.2 40; sleep .5; echo 1.7 nan; sleep 9\n")
        report = self.report("--meter", f"stream:watts:exec:sh {script}", "--idle", "0", "--", "sleep", "1.5")
        (entry,) = report["meters"]
        self.assertRegex(entry["gross"]["reason"], r"^line 4: expected seconds and watts, got '1.7 nan', .* after the window began")

    def test_a_tree_of_another_machine(self):
        chip = self.folder / "sys" / "class" / "hwmon" / "hwmon0"
        chip.mkdir(parents=True)
        (chip / "name").write_text("power_meter\n")
        (chip / "power1_average").write_text("100000000\n")
        (chip / "power1_average_interval").write_text("50\n")
        (chip / "power1_oem_info").write_text("Grace Power Socket 0\n")
        sysfs = ("--sysfs", str(self.folder / "sys"))
        (entry,) = self.report(*sysfs, "--idle", "0", "--", "sleep", "1")["meters"]
        self.assertEqual((entry["meter"]["name"], entry["meter"]["domain"]), ("hwmon", "processors"))
        self.assertEqual(entry["gross"]["quality"], "sampled")
        self.assertAlmostEqual(entry["gross"]["value"], 100 * entry["duration"]["value"], delta=1)
        info = subprocess.run([JOULE, "info", *sysfs], capture_output=True, text=True)
        self.assertIn("power_meter Grace Power Socket 0: the Grace processor and its memory", info.stdout)
        self.assert_refused(2, "--sysfs: there is no folder /nowhere", "--sysfs", "/nowhere", "--", "echo", "run")

    def test_conformance(self):
        suite = Path(__file__).parents[1] / "meters"
        done = meter("--conformance", suite)
        self.assertEqual(done.returncode, 0, done.stdout)
        cases = len(list(suite.glob("*/case.json")))
        self.assertTrue(done.stdout.endswith(f"{cases} of {cases} cases pass\n"))
        wrong = self.folder / "suite" / "wrong"
        wrong.mkdir(parents=True)
        (wrong / "case.json").write_text((suite / "plain" / "case.json").read_text())
        (wrong / "answer.json").write_text('{"of": "processors", "joules": 300, "widest_j": 1}')
        done = meter("--conformance", "--json", wrong.parent)
        self.assertEqual(done.returncode, 1)
        (verdict,) = json.loads(done.stdout)
        self.assertEqual((verdict["case"], verdict["passed"]), ("wrong", False))
        self.assertRegex(verdict["got"], r"^200 J \+- ")

    def test_the_recordings_of_the_examples_cover_their_truth(self):
        folder = Path(__file__).parents[2] / "examples" / "recordings"
        made = self.folder / "made"
        made.mkdir()
        subprocess.run([sys.executable, "-B", folder / "make.py", made], check=True)
        for name, truth in json.loads((folder / "truth.json").read_text()).items():
            self.assertEqual((folder / f"{name}.jsonl").read_text(), (made / f"{name}.jsonl").read_text())
            (entry,) = self.report("--meter", f"replay:{folder / name}.jsonl", "--", "true")["meters"]
            self.assertIn("(synthetic)", entry["meter"]["scope"])
            self.assertEqual(entry["remarks"], [])
            self.assertLessEqual(abs(entry["gross"]["value"] - truth["gross_j"]), entry["gross"]["uncertainty"])
            self.assertLessEqual(abs(entry["dynamic"]["value"] - truth["dynamic_j"]), entry["dynamic"]["uncertainty"])

    # What it refuses.

    def test_commands_that_cannot_be_run(self):
        self.assert_refused(127, "nowhere: cannot be run: No such file", "--meter", "none", "--", "nowhere")
        plain = self.folder / "plain"
        plain.write_text("no program")
        self.assert_refused(126, "Permission denied", "--meter", "none", "--", plain)
        self.assert_refused(2, "command is required", "--meter", "none")
        self.assert_refused(2, "there is no command", "--meter", "none", "--", "")

    def test_bad_options(self):
        self.assert_refused(2, "meter: expected auto, nvml, nvml:ID, rocm_smi, rocm_smi:ID, perf, rapl", "--meter", "x", "--", "echo", "run")
        self.assert_refused(2, "got the number 0", "--meter", "nvml:0", "--", "echo", "run")
        self.assert_refused(2, "--idle: expected 0 to 3600 seconds, got -1", "--idle=-1", "--", "echo", "run")
        self.assert_refused(2, "expected a number of watts >= 0, got -3", "--idle-power=-3", "--", "echo", "run")
        self.assert_refused(2, "a trace holds one meter, and 'nvml' gives 2", "--meter", "nvml", "--record",
                            self.folder / "r", "--", "echo", "run", env=GPUS)  # fmt: skip
        self.assertFalse((self.folder / "r").exists() or (self.folder / "r.joule.tmp").exists())

    def test_bad_files(self):
        nowhere = self.folder / "nowhere" / "file"
        self.assert_refused(3, str(nowhere), "--meter", "none", "--out", nowhere, "--", "echo", "run")
        self.assert_refused(3, str(nowhere), "--meter", "none", "--record", nowhere, "--", "echo", "run")
        self.assert_refused(3, "nowhere", "--meter", f"replay:{nowhere}", "--", "echo", "run")
        bad = self.folder / "bad.jsonl"
        bad.write_text(json.dumps(HEAD) + '\n{"ns":0,"ticks":-1}\n')
        self.assert_refused(3, "bad.jsonl:2: 'ticks' must be a whole number", "--meter", f"replay:{bad}", "--", "echo", "run")


if __name__ == "__main__":
    unittest.main()
