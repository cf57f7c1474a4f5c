#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How close samplers come to the lowest value of a function, beside those of others.

  benchmarks/search_regret.py run OUT.jsonl [--strategies joule:gp ...] [--functions ...] [--seeds 20] [--asker PATH]
  benchmarks/search_regret.py table OUT.jsonl[.gz]...   Markdown on the standard output

`run` adds a line for each function, strategy and seed that OUT.jsonl does not have yet: the regret after each
evaluation.  The regret is f(x) - min f, without noise, at the x whose observed value is the lowest so far.  A seed
gives every strategy the same noise.  `table` has the median and quartiles of the regret, and the mean
difference of log10 regret to each peer, paired by seed, with Student's 95 % interval.

Needs numpy and scipy, and of each peer its package: scikit-optimize (skopt), botorch, optuna; for joule:* the
program search_asker (JOULE_BENCHMARKS=ON).
"""

import argparse
import gzip
import json
import os
import platform
import subprocess
import sys
import time
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np  # noqa: E402
from scipy import stats  # noqa: E402

warnings.filterwarnings("ignore")
STRATEGIES = ("joule:gp", "joule:tpe", "skopt", "botorch", "optuna", "random")
PEERS = ("skopt", "botorch", "optuna")
FLOOR = 1e-10  # regrets below are rounding

HARTMANN = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14],
                     [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])  # fmt: skip
CENTRES = 1e-4 * np.array([[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
                           [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]])  # fmt: skip
WEIGHTS = np.array([1, 1.2, 3, 3.2])


def branin(x):
    a, b = x
    return (b - 5.1 / (4 * np.pi**2) * a**2 + 5 / np.pi * a - 6) ** 2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(a) + 10


def hartmann(x):
    d = len(x)
    return -float(WEIGHTS @ np.exp(-(HARTMANN[:, :d] * (np.array(x) - CENTRES[:, :d]) ** 2).sum(1)))


# name: f, ranges, lowest value, deviation of the noise
FUNCTIONS = {
    "branin": (branin, [(-5, 10), (0, 15)], 0.39788735772973816, 0),
    "hartmann6": (hartmann, [(0, 1)] * 6, -3.322368011415514, 0),
    # Picheny et al. 2013 without its scaling, whose spread is about 0.84
    "noisy hartmann4": (hartmann, [(0, 1)] * 4, -3.7298405844855926, 0.1),
}


def initial_trials(dimensions):
    """As many as Joule's gp takes of the Sobol sequence."""
    return min(10, 2 * dimensions + 2)


def by_joule(sampler, asker):
    def start(ranges, seed):
        dimensions = [{"name": f"x{i}", "kind": "real", "low": low, "high": high} for i, (low, high) in enumerate(ranges)]
        program = subprocess.Popen([asker], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        seen = []

        def ask():
            question = {"sampler": sampler, "space": {"dimensions": dimensions}, "seed": seed, "observations": seen,
                        "trial": len(seen), "directions": ["minimise"]}  # fmt: skip
            print(json.dumps(question), file=program.stdin, flush=True)
            answer = json.loads(program.stdout.readline())
            return [answer[f"x{i}"] for i in range(len(ranges))]

        def tell(x, y):
            seen.append({"point": {f"x{i}": v for i, v in enumerate(x)}, "objectives": [y]})

        return ask, tell

    return start


def by_skopt(ranges, seed):
    """What gp_minimize() makes, with its own settings."""
    from skopt import Optimizer
    from skopt.utils import cook_estimator, normalize_dimensions

    space = normalize_dimensions([(float(low), float(high)) for low, high in ranges])
    rng = np.random.RandomState(seed)
    model = cook_estimator("GP", space=space, random_state=rng.randint(0, np.iinfo(np.int32).max), noise="gaussian")
    optimizer = Optimizer(space, model, n_initial_points=10, acq_func="gp_hedge", random_state=rng,
                          acq_optimizer="auto", acq_optimizer_kwargs={"n_points": 10000, "n_restarts_optimizer": 5,
                                                                      "n_jobs": 1})  # fmt: skip
    return optimizer.ask, lambda x, y: optimizer.tell(list(x), float(y))


def by_botorch(ranges, seed):
    """Sobol points, then the logarithm of expected improvement over the best posterior mean; BoTorch's own process."""
    import torch
    from botorch.acquisition import LogExpectedImprovement
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms import Normalize, Standardize
    from botorch.optim import optimize_acqf
    from gpytorch.mlls import ExactMarginalLogLikelihood

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    d = len(ranges)
    bounds = torch.tensor(ranges, dtype=torch.double).T
    sobol = torch.quasirandom.SobolEngine(d, scramble=True, seed=seed)
    unit = torch.stack([torch.zeros(d), torch.ones(d)]).double()
    xs, ys = [], []

    def ask():
        if len(xs) < initial_trials(d):
            return (bounds[0] + (bounds[1] - bounds[0]) * sobol.draw(1, dtype=torch.double)[0]).tolist()
        x = (torch.tensor(xs, dtype=torch.double) - bounds[0]) / (bounds[1] - bounds[0])
        y = -torch.tensor(ys, dtype=torch.double)[:, None]
        model = SingleTaskGP(x, y, input_transform=Normalize(d, bounds=unit), outcome_transform=Standardize(1))
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        with torch.no_grad():
            best = model.posterior(x).mean.max()
        point, _ = optimize_acqf(LogExpectedImprovement(model, best), bounds=unit, q=1, num_restarts=8, raw_samples=256)
        return (bounds[0] + (bounds[1] - bounds[0]) * point[0]).tolist()

    def tell(x, y):
        xs.append(list(x))
        ys.append(float(y))

    return ask, tell


def by_optuna(ranges, seed):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    trials = []

    def ask():
        trials.append(study.ask({f"x{i}": optuna.distributions.FloatDistribution(*r) for i, r in enumerate(ranges)}))
        return [trials[-1].params[f"x{i}"] for i in range(len(ranges))]

    return ask, lambda x, y: study.tell(trials[-1], float(y))


def by_random(ranges, seed):
    rng = np.random.default_rng(seed)
    return lambda: [float(rng.uniform(*r)) for r in ranges], lambda x, y: None


def start(strategy, asker, ranges, seed):
    if strategy.startswith("joule:"):
        return by_joule(strategy.removeprefix("joule:"), asker)(ranges, seed)
    return {"skopt": by_skopt, "botorch": by_botorch, "optuna": by_optuna, "random": by_random}[strategy](ranges, seed)


def regrets(function, strategy, seed, evaluations, asker):
    f, ranges, lowest, noise = FUNCTIONS[function]
    ask, tell = start(strategy, asker, ranges, seed)
    errors = np.random.default_rng(10_000 + seed).normal(0, 1, evaluations) * noise
    best, out = np.inf, []
    for error in errors:
        x = ask()
        true = float(f(x))
        tell(x, true + error)
        if true + error < best:
            best, regret = true + error, true - lowest
        out.append(max(regret, 0.0))
    return out


def lines(path):
    if not Path(path).exists():
        return []
    with (gzip.open if path.endswith(".gz") else open)(path, "rt") as file:
        return [json.loads(line) for line in file]


def run(args):
    done = {(r["function"], r["strategy"], r["seed"]) for r in lines(args.out)}
    for seed in range(args.first_seed, args.first_seed + args.seeds):
        for function in args.functions:
            for strategy in args.strategies:
                if (function, strategy, seed) in done:
                    continue
                before = time.process_time(), time.monotonic()
                values = [float(f"{v:.3g}") for v in regrets(function, strategy, seed, args.evaluations, args.asker)]
                row = {"function": function, "strategy": strategy, "seed": seed, "regret": values,
                       "seconds": round(time.monotonic() - before[1], 1), "machine": platform.processor() or
                       platform.machine(), "date": time.strftime("%Y-%m-%d")}  # fmt: skip
                with open(args.out, "a") as file:
                    file.write(json.dumps(row) + "\n")
                print(f"{function} {strategy} seed {seed}: {values[-1]:.3g} in {row['seconds']} s", file=sys.stderr)


def table(args):
    rows = [row for path in args.out for row in lines(path)]
    last = {(r["function"], r["strategy"], r["seed"]): max(r["regret"][-1], FLOOR) for r in rows}
    strategies = [s for s in dict.fromkeys(STRATEGIES + tuple(r["strategy"] for r in rows)) if any(k[1] == s for k in last)]
    evaluations = {len(r["regret"]) for r in rows}
    print(f"Regret after {', '.join(map(str, sorted(evaluations)))} evaluations: median [quartiles].\n")
    print("| function | " + " | ".join(strategies) + " |\n|---|" + "---|" * len(strategies))
    for function in FUNCTIONS:
        cells = []
        for strategy in strategies:
            values = [v for (f, s, _), v in last.items() if (f, s) == (function, strategy)]
            low, middle, high = np.quantile(values, [0.25, 0.5, 0.75]) if values else (np.nan,) * 3
            cells.append(f"{middle:.2g} [{low:.2g}, {high:.2g}] of {len(values)}")
        print(f"| {function} | " + " | ".join(cells) + " |")
    print("\nMean of log10 regret(Joule) - log10 regret(peer), paired by seed, and its 95 % interval; below 0 Joule is closer.\n")
    print("| function | strategy | " + " | ".join(PEERS) + " |\n|---|---|" + "---|" * len(PEERS))
    for function in FUNCTIONS:
        for ours in [s for s in strategies if s.startswith("joule:")]:
            cells = []
            for peer in PEERS:
                pairs = [np.log10(v / last[f, peer, k]) for (f, s, k), v in last.items()
                         if (f, s) == (function, ours) and (f, peer, k) in last]  # fmt: skip
                if len(pairs) < 2:
                    cells.append("")
                    continue
                interval = stats.ttest_1samp(pairs, 0).confidence_interval(0.95)
                cells.append(f"{np.mean(pairs):+.2f} [{interval.low:+.2f}, {interval.high:+.2f}] n={len(pairs)}")
            print(f"| {function} | {ours} | " + " | ".join(cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("run")
    command.add_argument("out")
    command.add_argument("--strategies", nargs="+", default=list(STRATEGIES))
    command.add_argument("--functions", nargs="+", default=list(FUNCTIONS), choices=list(FUNCTIONS))
    command.add_argument("--seeds", type=int, default=20)
    command.add_argument("--first-seed", type=int, default=0)
    command.add_argument("--evaluations", type=int, default=64)
    command.add_argument("--asker", default="build/release/benchmarks/search_asker")
    command.set_defaults(call=run)
    command = commands.add_parser("table")
    command.add_argument("out", nargs="+")
    command.set_defaults(call=table)
    args = parser.parse_args()
    args.call(args)


if __name__ == "__main__":
    main()
