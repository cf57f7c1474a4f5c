#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Gaussian processes are those of scikit-learn, acquisitions what SciPy's distributions say.

$JOULE_BUILD/tests/search_peer is Joule's side.  Skipped (77) without the packages.
"""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

try:
    import moocore
    import numpy as np
    from scipy import integrate, special, stats
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel
except ImportError as error:
    print(f"skipped: {error} (scripts/setup.sh test installs it when PyPI is in reach)")
    sys.exit(77)

PEER = Path(os.environ["JOULE_BUILD"]) / "tests" / "search_peer"


def ask(questions):
    done = subprocess.run([PEER], input=json.dumps(questions), capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


class Oracle(unittest.TestCase):
    def test_processes(self):
        """Means, variances, log likelihoods and their gradients, to 1e-8 of themselves."""
        rng = np.random.default_rng(1)
        questions = []
        for case in range(60):
            n, d = int(rng.integers(1, 40)), int(rng.integers(1, 6))
            questions.append({"ask": "process", "kernel": ["rbf", "matern52"][case % 2],
                              "x": rng.uniform(0, 1, n * d).tolist(), "y": rng.normal(0, 1, n).tolist(),
                              "length_scales": rng.uniform(0.1, 2, d).tolist(), "mean": float(rng.normal(0, 1)),
                              "signal": float(rng.uniform(0.1, 9)), "noise": float(10 ** rng.uniform(-4, 0)),
                              "at": rng.uniform(-0.5, 1.5, 7 * d).tolist()})  # fmt: skip
        for question, answer in zip(questions, ask(questions)):
            d = len(question["length_scales"])
            x, at = (np.array(question[name]).reshape(-1, d) for name in ("x", "at"))
            y = np.array(question["y"]) - question["mean"]
            shape = Matern(question["length_scales"], nu=2.5) if question["kernel"] == "matern52" else RBF(question["length_scales"])
            kernel = ConstantKernel(question["signal"]) * shape
            noise = question["noise"]
            means, deviations = GaussianProcessRegressor(kernel, alpha=noise, optimizer=None).fit(x, y).predict(at, return_std=True)
            np.testing.assert_allclose(answer["means"], means + question["mean"], rtol=1e-8, atol=1e-10)
            np.testing.assert_allclose(answer["variances"], deviations**2, rtol=1e-8, atol=1e-10)
            whole = GaussianProcessRegressor(kernel + WhiteKernel(noise), alpha=0, optimizer=None).fit(x, y)
            value, gradient = whole.log_marginal_likelihood(whole.kernel_.theta, eval_gradient=True)
            np.testing.assert_allclose(answer["log_likelihood"], value, rtol=1e-8)
            ours = answer["gradient"][-2:-1] + answer["gradient"][:-2] + answer["gradient"][-1:]
            np.testing.assert_allclose(ours, gradient, rtol=1e-8, atol=1e-8 * np.abs(gradient).max())

    def test_improvements(self):
        rng = np.random.default_rng(2)
        questions = []
        for z in [*np.linspace(-24, 6, 61), -24.99, -25.01, -40, -100]:
            mean, deviation = float(rng.normal(0, 3)), float(10 ** rng.uniform(-3, 2))
            questions.append({"ask": "acquisition", "mean": mean, "deviation": deviation, "best": mean + z * deviation})
        for question, answer in zip(questions, ask(questions)):
            mean, deviation = question["mean"], question["deviation"]
            z = (question["best"] - mean) / deviation
            if z > -5:
                closed = deviation * (z * stats.norm.cdf(z) + stats.norm.pdf(z))
                np.testing.assert_allclose(answer["improvement"], closed, rtol=1e-10)
            np.testing.assert_allclose(answer["log_probability"], special.log_ndtr(z), rtol=1e-9)
            # E[max(z - t, 0)] is the integral of Phi up to z.
            below = special.log_ndtr(z)
            scale = 1 / max(1, -z)
            area = integrate.quad(lambda t: np.exp(special.log_ndtr(z - scale * t) - below), 0, 60, epsabs=0, epsrel=1e-11)[0]
            np.testing.assert_allclose(answer["log_improvement"], np.log(deviation * area * scale) + below, rtol=2e-9, atol=1e-9)

    def test_hypervolume_improvements(self):
        """By the mean growth of many drawn points, within five standard errors of it."""
        rng = np.random.default_rng(3)
        questions = []
        for case in range(12):
            m = 2 + case % 3
            points = rng.uniform(0, 1, (8, m))
            questions.append({"ask": "hypervolume_improvement", "reference": [1.1] * m,
                              "front": points[moocore.is_nondominated(points)].tolist(),
                              "means": rng.uniform(0, 0.8, m).tolist(),
                              "deviations": rng.uniform(0.05, 0.4, m).tolist()})  # fmt: skip
        for question, answer in zip(questions, ask(questions)):
            front, reference = np.array(question["front"]), question["reference"]
            before = moocore.hypervolume(front, ref=reference)
            drawn = rng.normal(question["means"], question["deviations"], (4000, len(reference)))
            growth = [moocore.hypervolume(np.vstack([front, y]), ref=reference) - before for y in drawn]
            self.assertLess(abs(answer - np.mean(growth)), 5 * stats.sem(growth))

    def test_the_papers_sampler(self):
        """What it proposes has a probability that hardly one of many other points has, by scikit-learn's own process."""
        rng = np.random.default_rng(4)
        low, high = np.array([0.0, -2.0, 1.0]), np.array([4.0, 2.0, 3.0])
        space = {"dimensions": [{"name": f"x{i}", "kind": "real", "low": low[i], "high": high[i]} for i in range(3)]}
        questions = []
        for case in range(6):
            points = rng.uniform(low, high, (6 + case, 3))
            values = np.sin(points.sum(1)) / 2 + 0.3
            questions.append({"ask": "next", "sampler": "gp-pi-paper", "seed": case, "space": space,
                              "directions": ["maximise"], "trials": [
                {"point": {f"x{i}": float(x) for i, x in enumerate(point)}, "objectives": [float(value)]}
                for point, value in zip(points, values)]})  # fmt: skip
        for question, answer in zip(questions, ask(questions)):
            points = np.array([list(trial["point"].values()) for trial in question["trials"]])
            values = np.array([trial["objectives"][0] for trial in question["trials"]])
            process = GaussianProcessRegressor().fit(points, values)

            def probability(at):
                mean, deviation = process.predict(at, return_std=True)
                return stats.norm.cdf((mean - values.max()) / (deviation + 1e-9))

            others = probability(rng.uniform(low, high, (10000, 3)))
            self.assertGreaterEqual(probability(np.array([list(answer.values())]))[0], np.quantile(others, 0.999))


if __name__ == "__main__":
    unittest.main()
