#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CodeCarbon and pyJoules on the hostile meters of tests/meters, by the folder that each can be told to read.

  pip install codecarbon pyJoules
  python3 benchmarks/meter_peers.py [CASE ...]     writes a table in Markdown; takes minutes, as the cases are played live

A tool is right if it is within 3 % and .1 J of the truth, or says that it does not know where there is no knowing.  CodeCarbon
is asked for processors and DRAM every second, pyJoules for all packages and DRAMs before and after.
"""

import concurrent.futures
import logging
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "meters"))
from play import Player  # noqa: E402

LONGEST_S = 120


class CodeCarbon:
    def __init__(self, root):
        from codecarbon.core.cpu import IntelRAPL
        from codecarbon.core.units import Time

        logging.disable(logging.CRITICAL)
        self.rapl, self.time = IntelRAPL(rapl_dir=str(root / "class/powercap"), rapl_include_dram=True), Time
        if not self.rapl._rapl_files:
            raise RuntimeError("no file")
        self.joules, self.last = 0.0, None

    def begin(self, now):
        self.rapl.start()
        self.last = now

    def look(self, now):
        details = self.rapl.get_cpu_details(self.time(seconds=now - self.last))
        self.last = now
        self.joules += sum(3.6e6 * v for k, v in details.items() if "Energy" in k)

    def end(self, now):
        self.look(now)
        return self.joules


class PyJoules:
    def __init__(self, root):
        from pyJoules.device import rapl_device

        # Of the module, as cases are played at the same time: each device keeps the files that it was given.
        rapl_device.RAPL_API_DIR = str(root / "class/powercap/intel-rapl")
        device = rapl_device.RaplDevice()
        domains = device.available_package_domains() + device.available_dram_domains()
        if not domains:
            raise RuntimeError("no domain")
        device.configure(domains)
        self.device = device

    def begin(self, now):
        self.first = self.device.get_energy()

    def look(self, now):
        pass

    def end(self, now):
        return 1e-6 * sum(b - a for a, b in zip(self.first, self.device.get_energy()))  # it tells microjoules


def measure(tool, case):
    """What the tool says, and the truth for the seconds that it measured."""
    with tempfile.TemporaryDirectory() as folder:
        player = Player(case, Path(folder))
        begin, end = player.case["window_s"]
        with player:
            player.wait_until(0.5)
            meter = tool(Path(folder))
            player.wait_until(begin)
            started = player.now()
            meter.begin(started)
            while player.now() + 1 < end:
                player.wait_until(player.now() + 1)
                meter.look(player.now())
            player.wait_until(end)
            ended = player.now()
            joules = meter.end(ended)
            truth = player.answer.get("joules")
            return joules, None if truth is None else truth * (ended - started) / (end - begin)


def verdict(tool, case):
    answer = Player(case, "/").answer
    unknown = "joules" not in answer or answer.get("may_be_unavailable")
    try:
        joules, truth = measure(tool, case)
    except Exception as error:  # whatever a tool raises, it says that it does not know
        return f"{'right' if unknown else 'none'}: {type(error).__name__}"
    if truth is None:
        return f"wrong: {joules:.1f} J"
    right = abs(joules - truth) <= 0.1 + 0.03 * truth
    return f"{'right' if right else 'wrong'}: {joules:.1f} J"


def main():
    cases = [Path(name) for name in sys.argv[1:]] or sorted(p.parent for p in (ROOT / "tests/meters").glob("*/case.json"))
    players = [(c, Player(c, "/")) for c in cases]
    played = [c for c, p in players if p.playable and p.answer["of"] == "processors" and p.case["window_s"][1] <= LONGEST_S
              and any("powercap" in f for f in p.case["files"])]  # fmt: skip
    tools = {"CodeCarbon": CodeCarbon, "pyJoules": PyJoules}
    with concurrent.futures.ProcessPoolExecutor(max_workers=6) as pool:
        jobs = {(c, name): pool.submit(verdict, tool, c) for c in played for name, tool in tools.items()}
    print("| case | truth | " + " | ".join(tools) + " |\n| --- | --- |" + " --- |" * len(tools))
    for case in played:
        truth = Player(case, "/").answer.get("joules")
        told = "not to be known" if truth is None else f"{truth:g} J"
        print(f"| {case.name} | {told} | " + " | ".join(jobs[case, name].result() for name in tools) + " |")


if __name__ == "__main__":
    main()
