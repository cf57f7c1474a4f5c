#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a training step of SmallCnn costs from Python, beside the same step in C++.

  PYTHONPATH=build/release/python benchmarks/python_overhead.py --program build/release/benchmarks/small_cnn_steps

Both sides run the same net with the same batches, optimiser and threads: small_cnn_steps --variants plain, and the loop that a
Python program writes (net, cross_entropy, backward, step).  They take turns, each in a process of its own; a JSON object on
standard output has the medians of each turn, their ratios Python / C++, and the 95 % interval of the mean ratio.  The
exit code is 1 if that interval lies above --most (1.02: an overhead of two percent).
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time

# Student's quantile .975, by degrees of freedom.
STUDENT = [0, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131]


def python_side(options):
    """The median seconds of a step in this process."""
    import joule
    import numpy as np

    joule.set_num_threads(options.threads)
    net = joule.model("small-cnn", seed=1)
    optimizer = joule.Sgd(net, lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)
    rng = np.random.default_rng(2)
    images = [rng.random((options.batch, 28, 28, 1), dtype=np.float32) for _ in range(4)]
    labels = [rng.integers(0, 10, options.batch, dtype=np.int32) for _ in range(4)]
    seconds = []
    for i in range(options.warmup + options.steps):
        begin = time.perf_counter()
        optimizer.zero_grad()
        loss = joule.cross_entropy(net(images[i % 4]), labels[i % 4])
        loss.backward()
        optimizer.step()
        if not math.isfinite(loss.item()):
            sys.exit("python_overhead: the loss is not finite")
        seconds.append(time.perf_counter() - begin)
    measured = sorted(seconds[options.warmup :])
    return measured[len(measured) // 2]  # as small_cnn_steps has it


def cpp_side(options):
    command = [options.program, "--mode", "train", "--variants", "plain", "--batch", str(options.batch), "--threads",
               str(options.threads), "--warmup", str(options.warmup), "--steps", str(options.steps)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return options.batch / json.loads(done.stdout.splitlines()[-1])["images_per_second"]  # of the median step


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", help="small_cnn_steps of a build with JOULE_BENCHMARKS=ON")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--most", type=float, default=1.02, help="ratio above which the exit code is 1")
    parser.add_argument("--side", choices=["python"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(python_side(options))
        return 0
    if options.program is None:
        parser.error("--program is required")
    if not 2 <= options.rounds <= len(STUDENT):
        parser.error(f"--rounds: expected 2 to {len(STUDENT)}, got {options.rounds}")

    numbers = [f"--{name}={getattr(options, name)}" for name in ("batch", "threads", "warmup", "steps")]
    rounds = []
    for turn in range(options.rounds):
        sides = {"cpp": lambda: cpp_side(options),
                 "python": lambda: float(subprocess.run([sys.executable, __file__, "--side", "python", *numbers],
                                                        capture_output=True, text=True, check=True).stdout)}  # fmt: skip
        order = list(sides) if turn % 2 == 0 else list(sides)[::-1]
        rounds.append({name: sides[name]() for name in order})
    ratios = [r["python"] / r["cpp"] for r in rounds]
    mean = statistics.mean(ratios)
    half = STUDENT[len(ratios) - 1] * statistics.stdev(ratios) / math.sqrt(len(ratios))
    print(json.dumps({"schema": {"name": "joule-python-overhead", "version": 1}, "batch": options.batch, "threads": options.threads,
                      "steps": options.steps, "seconds": rounds, "ratios": ratios, "mean_ratio": mean, "half_width": half}, indent=2))  # fmt: skip
    return 1 if mean - half > options.most else 0


if __name__ == "__main__":
    sys.exit(main())
