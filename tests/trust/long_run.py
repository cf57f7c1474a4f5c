#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trains, profiles and runs studies in a loop, for hours if asked, while faults are injected.

  tests/trust/long_run.py --joule build/release/cli/joule --minutes 20
  tests/trust/long_run.py --hours 24 --seed 7 --json trust.json

Each round draws one of these:
  killed     a training run is killed, interrupted and stopped for a while at random moments, and resumed until it ends: the net and
             the figures must be those of an undisturbed run, bit for bit
  full       the disk is full at a random size of a file: one clear line, and the run can be resumed as above
  memory     the address space is limited: the run ends as always, or with one clear line
  meter      a meter that stalls, lies or goes away: the net is the same, and no energy is made up
  profile    the same profile of a recording: the same bytes
  study      the workers of a study are killed at random: no trial is lost, none finished twice, the figures are the same
Beside them one process trains all the time; its memory and its open files must not grow.

Ends with a table, and exits with 1 at the first thing that is not as it should be; its folder is kept and named, and the same --seed
draws the same rounds.
"""

import argparse
import csv
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TRAIN = ["train", "--data", "synthetic", "--model", "lenet5", "--limit", "444", "--batch", "20", "--epochs", "3", "--augment",
         "crop-flip", "--l0-lambda", "0.1", "--l0-warmup", "1.5", "--threads", "1"]  # fmt: skip
STUDY = ["study", "eat", "--data", "synthetic", "--model", "lenet5", "--limit", "300", "--batch", "20", "--epochs", "2", "--lambda",
         "0.5,1", "--sigma", "1e-4", "--seeds", "2", "--threads", "1", "--meter", "none", "--workers", "2",
         "--crashes", "1000"]  # fmt: skip
CLOCK_OR_METER = {"seconds", "images_per_second", "nanoseconds", "gross", "idle", "dynamic", "meters"}
# A run keeps at most 200 points for its page: after twice as many epochs nothing may grow but by what allocators leave unused.
SETTLED = 400  # epochs
MAY_GROW = 0.1  # of the memory


class Wrong(Exception):
    """Something is not as it should be; the text says what."""


def counted(value):
    """A JSON value without what depends on the clock or on a meter."""
    if not isinstance(value, dict):
        return value
    return {key: counted(part) for key, part in value.items() if key not in CLOCK_OR_METER}


def learned(folder):
    """What a run came to: its weights byte for byte, and every figure that is counted."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    summary = json.loads((folder / "summary.json").read_text())
    return {
        "weights": (folder / "model.safetensors").read_bytes(),
        "epochs": [counted(json.loads(line)) for line in lines],
        "test loss": summary["test_loss"],
        "work": summary["training"]["work"],
    }


def trials(folder):
    """The trials of a study, with what is counted of them."""
    with open(folder / "trials.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = [name for name in rows[0] if name in ("trial", "state") or "accuracy" in name or "MACs" in name]
    return sorted(tuple(row[name] for name in kept) for row in rows)


def memory(process):
    """Resident KiB of a process that runs, and its open files."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    if "VmRSS" not in fields:
        raise ProcessLookupError
    return int(fields["VmRSS"].split()[0]), len(os.listdir(f"/proc/{process.pid}/fd"))


def require_steady(samples):
    """Of a process that trains, (epoch, resident KiB, open files) as time goes on: that neither grows.

    A file that is just being written is open, too, so the fewest of the second half are compared with the most of the first.
    """
    settled = [sample for sample in samples if sample[0] >= SETTLED]
    before, after = settled[: len(settled) // 2], settled[len(settled) // 2 :]
    if not before:
        return
    _, kib, files = zip(*before)
    _, kib_after, files_after = zip(*after)
    if min(kib_after) > max(kib) * (1 + MAY_GROW):
        raise Wrong(f"the memory of the steady process grew from {max(kib)} to {min(kib_after)} KiB")
    if min(files_after) > max(files):
        raise Wrong(f"the open files of the steady process grew from {max(files)} to {min(files_after)}")


class Steady:
    """One process that trains while everything else happens."""

    def __init__(self, run):
        self.run, self.samples, self.process, self.log = run, [], None, None

    def start(self):
        self.log = open(self.run.folder / "steady.txt", "w+")
        arguments = [*TRAIN, "--limit", "60", "--epochs", "100000", "--out", self.run.folder / "steady"]
        self.process = self.run.start(arguments, stdout=subprocess.DEVNULL, stderr=self.log)

    def sample(self):
        if self.process.poll() is not None:
            raise Wrong(f"the steady process ended with {self.process.returncode}: see {self.log.name}")
        metrics = self.run.folder / "steady" / "metrics.jsonl"
        epoch = metrics.read_bytes().count(b"\n") if metrics.exists() else 0
        self.samples.append((epoch, *memory(self.process)))

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            raise Wrong("the steady process did not end within a minute of SIGINT") from None
        finally:
            self.log.close()
        if code != 130:
            raise Wrong(f"the steady process ended with {code}, not with 130 as an interrupted one")
        require_steady(self.samples)


class LongRun:
    def __init__(self, joule, folder, seed):
        self.joule, self.folder, self.random = joule, folder, random.Random(seed)
        self.rounds, self.faults = {}, {}
        self.children = []

    # What all rounds use.

    def start(self, arguments, **options):
        process = subprocess.Popen([self.joule, *map(str, arguments)], text=True, start_new_session=True, **options)
        self.children.append(process)
        return process

    def ends(self, *arguments, code=0, **options):
        process = self.start(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        out, error = process.communicate(timeout=300)
        if code is not None and process.returncode != code:
            raise Wrong(f"joule {' '.join(map(str, arguments))}: exit status {process.returncode}, not {code}: {error}")
        return process.returncode, out, error

    def fault(self, name):
        self.faults[name] = self.faults.get(name, 0) + 1

    def same_as_reference(self, out):
        for name, value in learned(out).items():
            if value != self.reference[name]:
                raise Wrong(f"{out}: its {name} differ from those of an undisturbed run")

    def one_clear_line(self, code, error, *words):
        lines = [line for line in error.splitlines() if line.startswith("joule: ")]
        if code not in (1, 2, 3) or len(lines) != 1 or not any(word in lines[0] for word in words):
            raise Wrong(f"expected an exit status of 1 to 3 and one line with {' or '.join(words)}, got {code} and: {error}")

    def prepare(self):
        self.ends(*TRAIN, "--out", self.folder / "reference")
        began = time.monotonic()
        self.ends(*TRAIN, "--out", self.folder / "reference", "--overwrite")
        self.takes = time.monotonic() - began
        self.reference = learned(self.folder / "reference")
        began = time.monotonic()
        self.ends(*STUDY, "--out", self.folder / "study")
        self.study_takes = time.monotonic() - began
        self.study = trials(self.folder / "study")
        self.recording = self.folder / "recording.jsonl"
        self.recording.write_text(recording())
        self.profile = None

    # The rounds.

    def killed(self, out):
        """Signals at random moments until one run is left alone, or has ended before its signal."""
        for _ in range(self.random.randint(1, 6)):
            process = self.start([*TRAIN, "--out", out, "--resume"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            time.sleep(self.random.uniform(0, 1.2 * self.takes))
            name = self.random.choice(["SIGKILL", "SIGKILL", "SIGTERM", "SIGINT", "SIGSTOP"])
            process.send_signal(getattr(signal, name))
            self.fault(name)
            if name == "SIGSTOP":
                time.sleep(self.random.uniform(0, 0.5))
                process.send_signal(signal.SIGCONT)
            error = process.communicate(timeout=300)[1]
            allowed = {"SIGKILL": (0, -9), "SIGSTOP": (0,)}.get(name, (0, 130, 143, -15, -2))
            if process.returncode not in allowed:
                raise Wrong(f"{out}: exit status {process.returncode} after {name}: {error}")
        self.ends(*TRAIN, "--out", out, "--resume")
        self.same_as_reference(out)

    def full(self, out):
        largest = int(10 ** self.random.uniform(1, 5.3))

        def limited():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

        code, _, error = self.ends(*TRAIN, "--out", out, code=None, preexec_fn=limited)
        if code:
            self.fault("file too large")
            self.one_clear_line(code, error, "File too large")
        self.ends(*TRAIN, "--out", out, "--resume")
        self.same_as_reference(out)

    def memory(self, out):
        most = int(self.random.uniform(60, 400)) << 20

        def limited():
            resource.setrlimit(resource.RLIMIT_AS, (most, most))

        code, _, error = self.ends(*TRAIN, "--out", out, code=None, preexec_fn=limited)
        if code == 127 or "error while loading shared libraries" in error or "libgomp" in error:
            return  # not Joule's: nothing of it has run yet, or OpenMP's library gave up a thread's stack
        if code:
            self.fault("out of memory")
            self.one_clear_line(code, error, "memory", "bytes", "alloc")
        self.ends(*TRAIN, "--out", out, "--resume")
        self.same_as_reference(out)

    def meter(self, out):
        """A program that writes what a meter at the plug would, and then does something else."""
        name, script = self.random.choice([
            ("ends", "print(0, 40, flush=True); time.sleep(0.02)"),
            ("stalls", "[print(i / 100, 40, flush=True) or time.sleep(0.01) for i in range(20)]; time.sleep(1000)"),
            ("goes back", "[print(abs(5 - i) / 10, 40, flush=True) or time.sleep(0.01) for i in range(1000)]"),
            ("not a number", "[print(i / 100, 'nan', flush=True) or time.sleep(0.01) for i in range(1000)]"),
            ("1e300 W", "[print(i / 100, 1e300, flush=True) or time.sleep(0.01) for i in range(1000)]"),
            ("no numbers", "[print('hello', flush=True) or time.sleep(0.01) for i in range(1000)]"),
            ("fails", "sys.exit(3)"),
        ])  # fmt: skip
        program = self.folder / "plug.py"
        program.write_text(f"#!{sys.executable}\nimport sys, time\n{script}\n")
        program.chmod(0o755)
        code, _, error = self.ends(*TRAIN, "--meter", f"stream:watts,limit=300:exec:{program}", "--idle", "0", "--out", out, code=None)
        self.fault(f"meter: {name}")
        if code:
            self.one_clear_line(code, error, "stream", "meter", str(program))
            self.ends(*TRAIN, "--out", out, "--resume", "--meter", "none")
        self.same_as_reference(out)
        gross = json.loads((out / "summary.json").read_text()).get("gross") or {}
        if isinstance(gross.get("joules"), (int, float)) and not 0 <= gross["joules"] < 300 * 3600:
            raise Wrong(f"{out}: {gross} from a meter that {name}")

    def profiled(self, out):
        out.mkdir()
        self.ends("profile", "--model", self.folder / "reference", "--steps", "3", "--meter", f"replay:{self.recording}", "--attribute",
                  "model", "--idle", "0", "--no-times", "--threads", "1", "--json", out / "profile.json")  # fmt: skip
        profile = (out / "profile.json").read_bytes()
        self.profile = self.profile or profile
        if profile != self.profile:
            raise Wrong(f"{out / 'profile.json'}: not the bytes of the first profile")

    def studied(self, out):
        for _ in range(self.random.randint(1, 3)):
            process = self.start([*STUDY, "--out", out], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(self.random.uniform(0, self.study_takes))
            if self.random.random() < 0.5:
                workers = Path(f"/proc/{process.pid}/task/{process.pid}/children")
                for pid in workers.read_text().split() if workers.exists() else ():
                    try:
                        os.kill(int(pid), signal.SIGKILL)
                        self.fault("worker killed")
                    except ProcessLookupError:
                        pass
                process.wait(timeout=300)
            else:
                os.killpg(process.pid, signal.SIGKILL)
                self.fault("study killed")
                process.wait(timeout=300)
        self.ends(*STUDY, "--out", out)
        if trials(out) != self.study:
            raise Wrong(f"{out}: its trials differ from those of an undisturbed study")

    ROUNDS = {"killed": killed, "full": full, "memory": memory, "meter": meter, "profile": profiled, "study": studied}

    def loop(self, names, seconds, log):
        """Each of `names` once, then as they are drawn until the time is over."""
        self.prepare()
        steady = Steady(self)
        steady.start()
        began, number = time.monotonic(), 0
        while number < len(names) or time.monotonic() - began < seconds:
            name = names[number] if number < len(names) else self.random.choice(names)
            number += 1
            out = self.folder / f"{number}-{name}"
            self.ROUNDS[name](self, out)
            self.rounds[name] = self.rounds.get(name, 0) + 1
            subprocess.run(["rm", "-rf", out], check=True)
            steady.sample()
            log(f"{time.monotonic() - began:8.0f} s  round {number}: {name}")
        steady.stop()
        self.rounds["steady epochs"] = steady.samples[-1][0]
        return steady.samples

    def end(self):
        for process in self.children:
            if process.poll() is None:
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                process.wait()


def recording():
    """A counter of millijoules, read before and after each of three steps of a second at 40 W."""
    header = {"joule_trace": 1, "meter": "rapl", "scope": "package 0", "joules_per_tick": 1e-3, "systematic": 0.0,
              "update_period_s": 0.01}  # fmt: skip
    readings = [{"ns": second * 1_000_000_000, "ticks": second * 40_000} for second in range(4)]
    return "\n".join(map(json.dumps, [header, *readings])) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--joule", default="build/release/cli/joule", help="the program")
    parser.add_argument("--hours", type=float, default=0)
    parser.add_argument("--minutes", type=float, default=0, help="how long; each kind of round runs once in any case")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn")
    parser.add_argument("--rounds", default=",".join(LongRun.ROUNDS), help="which, separated by commas: %(default)s")
    parser.add_argument("--json", help="file for what was done")
    options = parser.parse_args()
    joule = os.path.abspath(options.joule)
    if not os.access(joule, os.X_OK):
        sys.exit(f"long_run: --joule: {options.joule} is no program")
    names = options.rounds.split(",")
    if unknown := [name for name in names if name not in LongRun.ROUNDS]:
        sys.exit(f"long_run: --rounds: expected {', '.join(LongRun.ROUNDS)}, got {', '.join(unknown)}")
    # A shell's job in the background ignores SIGINT, and with it what it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="joule-long-run-"))
    run = LongRun(joule, folder, options.seed)
    try:
        samples = run.loop(names, 3600 * options.hours + 60 * options.minutes, lambda line: print(line, flush=True))
    except Wrong as wrong:
        sys.exit(f"long_run: {wrong}\nlong_run: {folder} is kept; --seed {options.seed}")
    finally:
        run.end()
    subprocess.run(["rm", "-rf", folder], check=True)
    for title, counts in (("rounds", run.rounds), ("faults", run.faults)):
        print(f"\n{title}")
        for name, count in sorted(counts.items()):
            print(f"  {count:7}  {name}")
    _, kib, files = zip(*samples)
    print(f"\nsteady process: {min(kib) / 1024:.1f} to {max(kib) / 1024:.1f} MiB, {min(files)} to {max(files)} open files")
    if options.json:
        document = {"seed": options.seed, "rounds": run.rounds, "faults": run.faults, "resident_kib": kib, "open_files": files}
        Path(options.json).write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
