#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the synthetic recordings of this folder, and what is true of them.

  python3 examples/recordings/make.py [DIR]     writes laptop.jsonl, server.jsonl, gpu.jsonl and truth.json

No machine was measured: the power is a stated curve with noise from a fixed seed, and the counters count it as those
of such machines do.  Each is for `joule meter --meter replay:FILE -- true`: two seconds of rest, a load, two seconds
of rest.  The format is told in docs/energy.md.
"""

import json
import math
import random
import sys
from pathlib import Path

REST_S, LOAD_S = 2.0, 20.0
STEP_S = 0.001  # of the curve


def power_of(machine, t, noise):
    """Watts at t: rest, a load that warms up and breathes, rest."""
    low, high = machine["rest_w"], machine["load_w"]
    loaded = REST_S <= t < REST_S + LOAD_S
    if not loaded:
        return low * (1 + 0.02 * noise)
    since = t - REST_S
    warm = 1 + 0.03 * (1 - math.exp(-since / 8))
    breath = 1 + machine["breath"] * math.sin(2 * math.pi * since / machine["breath_s"])
    return high * warm * breath * (1 + 0.01 * noise)


def recording(machine, seed):
    """The lines of the trace, and the true energies of its three windows."""
    draw = random.Random(seed)
    unit, period = machine["unit_j"], machine["period_s"]
    steps = round((2 * REST_S + LOAD_S) / STEP_S)
    joules, truth, noise = [0.0], [0.0, 0.0, 0.0], 0.0
    for i in range(steps):
        noise = 0.95 * noise + 0.31 * draw.gauss(0, 1)
        t = i * STEP_S
        energy = power_of(machine, t, noise) * STEP_S
        joules.append(joules[-1] + energy)
        truth[0 if t < REST_S else 1 if t < REST_S + LOAD_S else 2] += energy

    def line(t, kind=None):
        shown = joules[min(steps, round(math.floor(t / period + 1e-9) * period / STEP_S))]
        entry = {"ns": round(1e9 * (100 + t)), "ticks": machine["start"] + math.floor(shown / unit)}
        if machine.get("senses"):
            entry["integral_uj"] = math.floor(1e6 * joules[round(t / STEP_S)])
            entry["integral_samples"] = round(t / 0.05)
        if kind:
            entry[kind] = True
        return entry

    edges = [0, REST_S, REST_S, REST_S + LOAD_S, REST_S + LOAD_S, 2 * REST_S + LOAD_S]
    lines = [line(t) for t in edges]
    slices = [k * machine["slice_s"] for k in range(1, round(REST_S / machine["slice_s"]))]
    lines += [line(begin + t, "slice") for begin in (0, REST_S + LOAD_S) for t in slices]
    lines += [line(0.5 * k, "background") for k in range(1, round(2 * (2 * REST_S + LOAD_S)))]
    lines.sort(key=lambda entry: entry["ns"])  # stable: at an edge, the window's own reading is first
    head = {"joule_trace": 1, "meter": machine["meter"], "scope": machine["scope"] + " (synthetic)",
            "joules_per_tick": unit, "systematic": machine["systematic"], "update_period_s": period}  # fmt: skip
    return [head, *lines], truth


MACHINES = {
    "laptop": {"meter": "rapl", "scope": "package 0, without DRAM", "unit_j": 1e-6, "period_s": 0.001, "start": 81234567,
               "systematic": 0.0, "rest_w": 3.8, "load_w": 14.2, "breath": 0.05, "breath_s": 0.7, "slice_s": 0.05},
    "server": {"meter": "perf", "scope": "packages 0 and 1 + DRAM", "unit_j": 2**-32, "period_s": 0.001, "start": 0,
               "systematic": 0.0, "rest_w": 118.0, "load_w": 412.0, "breath": 0.08, "breath_s": 1.9, "slice_s": 0.05},
    "gpu": {"meter": "nvml", "scope": "GPU 00000000:65:00.0 a card of 350 W (whole card)", "unit_j": 1e-3, "period_s": 0.02,
            "start": 5000000, "systematic": 0.05, "rest_w": 62.0, "load_w": 291.0, "breath": 0.15, "breath_s": 0.31, "slice_s": 0.1,
            "senses": True},
}  # fmt: skip


def main(folder):
    truths = {}
    for seed, (name, machine) in enumerate(MACHINES.items()):
        lines, truth = recording(machine, seed)
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        idle = (truth[0] + truth[2]) / (2 * REST_S)
        truths[name] = {"synthetic": True, "gross_j": round(truth[1], 6), "idle_w": round(idle, 6),
                        "dynamic_j": round(truth[1] - idle * LOAD_S, 6), "seconds": LOAD_S}  # fmt: skip
    (folder / "truth.json").write_text(json.dumps(truths, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
