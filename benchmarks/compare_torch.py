#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Joule's training step and inference of SmallCnn beside libtorch's.

  benchmarks/compare_torch.py BUILD [--rounds 5] [--steps 20] [--threads 2] [--out FOLDER]

Runs the two programs in turn, several times, and gives the ratio of each round: what else the machine
does hits both.  Each side runs in the best of its ways: libtorch in either layout, and for inference
both in slices of the batch too.  Writes FOLDER/<cpu>/<date>.json; FOLDER is benchmarks/results unless told.
"""

import argparse
import datetime
import json
import platform
import re
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
JOULE = {"train": [[]], "infer": [["--slice", "16"], ["--slice", "64"], ["--slice", "128"]]}
TORCH = {
    "train": [["--format", "channels-last"], ["--format", "contiguous"]],
    "infer": [["--format", "channels-last"], ["--format", "contiguous"], ["--format", "channels-last", "--slice", "16"]],
}


def run(program, mode, arguments, steps, threads):
    """The JSON lines that the program prints."""
    command = [program, "--mode", mode, "--steps", str(steps), "--threads", str(threads), *arguments]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def compare(build, mode, rounds, steps, threads):
    """Ratios Joule / libtorch of images per second, and both peaks of memory."""
    joule, torch = build / "benchmarks/small_cnn_steps", build / "benchmarks/torch_peer"
    fastest = lambda program, ways: ways[0] if len(ways) == 1 else max(
        ways, key=lambda a: run(program, mode, a, steps, threads)[0]["images_per_second_best"]
    )
    our_way, their_way = fastest(joule, JOULE[mode]), fastest(torch, TORCH[mode])
    ours, theirs = [], []
    for _ in range(rounds):
        ours += run(joule, mode, our_way, steps, threads)
        theirs += run(torch, mode, their_way, steps, threads)
    ratio = lambda key: spread([a[key] / b[key] for a, b in zip(ours, theirs)])
    return {
        "ratio_of_medians": ratio("images_per_second"),
        "ratio_of_best_steps": ratio("images_per_second_best"),
        "joule_images_per_second": spread([a["images_per_second"] for a in ours]),
        "libtorch_images_per_second": spread([b["images_per_second"] for b in theirs]),
        "joule_peak_bytes": max(a["peak_bytes"] for a in ours),
        "libtorch_peak_bytes": max(b["peak_bytes"] for b in theirs),
        "joule_arguments": our_way,
        "libtorch_arguments": their_way,
    }


def overheads(build, steps, threads):
    """Time of a training step with the ledger, and with the penalty, relative to one without."""
    lines = run(
        build / "benchmarks/small_cnn_steps", "train", ["--variants", "plain,ledger,l0"], steps, threads
    )
    return {line["variant"]: line["time_to_first_variant"] for line in lines[1:]}


def cpu_name():
    match = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return match[1] if match else platform.machine()


def versions():
    def text(*command):
        try:
            return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return "unknown"

    package = lambda name: text("dpkg-query", "-W", "-f", "${Version}", name)
    return {
        "joule": text("git", "describe", "--always", "--dirty"),
        "libtorch": package("libtorch1.13"),
        "onednn": package("libdnnl2"),
        # libtorch's linear layers are only as fast as the BLAS that Debian's alternatives name.
        "blas": str(Path("/etc/alternatives/libblas.so.3-x86_64-linux-gnu").resolve()),
        "compiler": text("c++", "--version").split("\n")[0],
        "kernel": platform.release(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results")
    options = parser.parse_args()
    if not (options.build / "benchmarks/torch_peer").exists():
        print("compare_torch: torch_peer was not built: apt-get install -y libtorch-dev libopenblas0-openmp", file=sys.stderr)
        return 1

    now = datetime.datetime.now(datetime.timezone.utc)
    result = {
        "date": now.isoformat(timespec="seconds"),
        "cpu": cpu_name(),
        "threads": options.threads,
        "rounds": options.rounds,
        "steps": options.steps,
        "versions": versions(),
        "train": compare(options.build, "train", options.rounds, options.steps, options.threads),
        "infer": compare(options.build, "infer", options.rounds, options.steps, options.threads),
        "time_relative_to_plain_training_step": overheads(options.build, 3 * options.steps, options.threads),
    }
    for mode in ("train", "infer"):
        r = result[mode]
        print(
            f"{mode}: {r['ratio_of_medians']['median']:.2f}x libtorch "
            f"({r['ratio_of_medians']['min']:.2f} to {r['ratio_of_medians']['max']:.2f} in {options.rounds} rounds; "
            f"best steps {r['ratio_of_best_steps']['median']:.2f}x), "
            f"{r['joule_images_per_second']['median']:.0f} against {r['libtorch_images_per_second']['median']:.0f} images/s, "
            f"peak memory {r['joule_peak_bytes'] / 1e6:.0f} against {r['libtorch_peak_bytes'] / 1e6:.0f} MB"
        )
    for variant, ratio in result["time_relative_to_plain_training_step"].items():
        print(f"training step with {variant}: {100 * (ratio - 1):+.1f} %")
    folder = options.out / re.sub(r"[^A-Za-z0-9.]+", "-", result["cpu"]).strip("-").lower()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{now:%Y-%m-%d}.json"
    file.write_text(json.dumps(result, indent=2) + "\n")
    print(f"wrote {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
