#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fronts, statistics and samplers are those of SciPy, moocore, NumPy and Optuna, on many random cases.

$JOULE_BUILD/tests/search_peer is Joule's side.  Skipped (77) without the packages.
"""

import itertools
import json
import os
import subprocess
import sys
import unittest
import warnings
from pathlib import Path
from unittest import mock

try:
    import moocore
    import numpy as np
    import optuna
    from optuna.samplers._tpe import parzen_estimator, sampler as tpe
    from scipy import special, stats
except ImportError as error:
    print(f"skipped: {error} (scripts/setup.sh test installs it when PyPI is in reach)")
    sys.exit(77)

PEER = Path(os.environ["JOULE_BUILD"]) / "tests" / "search_peer"
FORMULA = 1e-12  # relative: the same formula in double
P_VALUE = 1e-10  # relative: other implementations of the distributions, far into the tails


def ask(questions):
    done = subprocess.run([PEER], input=json.dumps(questions), capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def sample(rng, n, ties):
    """Values at a height and of a width of their own; with ties they are few."""
    values = rng.normal(rng.uniform(-5, 5), rng.uniform(0.1, 3), n)
    return (np.round(values) if ties else values).tolist()


def value_of(dimension, rng):
    """A random value of a dimension of a space."""
    if dimension["kind"] == "categorical":
        return str(rng.choice(dimension["choices"]))
    low, high, step = dimension["low"], dimension["high"], dimension.get("step", 1)
    if dimension["kind"] == "integer":
        return low + step * int(rng.integers(0, (high - low) // step + 1))
    if "log" in dimension:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return float(rng.uniform(low, high))


class Oracle(unittest.TestCase):
    def close(self, actual, expected, tolerance, what):
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance * 1e-2, err_msg=str(what))

    def test_fronts(self):
        rng = np.random.default_rng(1)
        questions = []
        for case in range(240):
            m = 2 + case % 5
            n = int(rng.integers(1, 40 if m < 5 else 16))
            points = rng.integers(0, 8, (n, m)).astype(float) if case % 2 else rng.normal(4, 2, (n, m))
            maximise = rng.integers(0, 2, m).astype(bool)
            signs = np.where(maximise, -1.0, 1.0)
            questions.append({"ask": "front", "points": (points * signs).tolist(), "reference": (7 * signs).tolist(),
                              "directions": ["maximise" if x else "minimise" for x in maximise]})  # fmt: skip
        for question, answer in zip(questions, ask(questions)):
            signs = np.where(np.array(question["directions"]) == "maximise", -1.0, 1.0)
            costs, reference = np.array(question["points"]) * signs, np.full(len(signs), 7.0)
            # moocore gives equal points different ranks
            different, of = np.unique(costs, axis=0, return_inverse=True)
            np.testing.assert_array_equal(answer["ranks"], moocore.pareto_rank(different)[of.ravel()])
            members = costs[answer["front"]]
            kept = costs[moocore.is_nondominated(costs, keep_weakly=False)]
            np.testing.assert_array_equal(members, kept[np.lexsort(kept.T[::-1])])
            self.close(answer["hypervolume"], moocore.hypervolume(costs, ref=reference), FORMULA, question)
            contributions = moocore.hv_contributions(costs, ref=reference, ignore_dominated=False)
            scale = max(answer["hypervolume"], 1)  # they are differences of volumes
            np.testing.assert_allclose(answer["contributions"], contributions, atol=FORMULA * scale, rtol=0)

    def test_attainment_surfaces(self):
        rng = np.random.default_rng(2)
        questions = []
        for case in range(120):
            runs = [rng.integers(0, 9, (int(rng.integers(1, 9)), 2)).astype(float) for _ in range(rng.integers(2, 8))]
            for k in range(1, len(runs) + 1):
                questions.append({"ask": "attainment", "runs": [run.tolist() for run in runs], "k": k,
                                  "directions": ["minimise", "minimise"]})  # fmt: skip
        for question, answer in zip(questions, ask(questions)):
            runs, k = question["runs"], question["k"]
            rows, sets = np.concatenate(runs), np.repeat(np.arange(len(runs)), list(map(len, runs)))
            surface = moocore.eaf(rows, sets, percentiles=[100 * k / len(runs)])[:, :2]
            np.testing.assert_array_equal(answer, surface[np.argsort(surface[:, 0])])

    def test_means_and_differences(self):
        rng = np.random.default_rng(3)
        questions = []
        for case in range(400):
            n = int(rng.integers(2, 30))
            level = float(rng.choice([0.5, 0.9, 0.95, 0.999]))
            a, b = sample(rng, n, case % 3 == 0), sample(rng, n if case % 2 else int(rng.integers(2, 30)), False)
            questions.append({"ask": "mean", "a": b, "level": level})
            questions.append({"ask": "difference", "a": a, "b": b, "paired": bool(case % 2), "level": level})
        for question, answer in zip(questions, ask(questions)):
            level, b = question["level"], np.array(question["b"] if "b" in question else question["a"])
            if question["ask"] == "mean":
                expected = stats.ttest_1samp(b, 0).confidence_interval(level)
                self.close(answer["mean"], b.mean(), FORMULA, question)
                self.close(answer["deviation"], b.std(ddof=1), FORMULA, question)
                self.assertEqual(answer["n"], len(b))
            else:
                a = np.array(question["a"])
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # differences that are all nearly the same
                    test = stats.ttest_rel(a, b) if question["paired"] else stats.ttest_ind(a, b, equal_var=False)
                expected = test.confidence_interval(level)
                for name, value in (("difference", a.mean() - b.mean()), ("t", test.statistic), ("degrees", test.df)):
                    self.close(answer[name], value, 1e-11, question)  # a mean of what cancels
                self.close(answer["p"], test.pvalue, P_VALUE, question)
            self.close(answer["interval"], [expected.low, expected.high], P_VALUE, question)

    def test_bootstrap_intervals(self):
        rng = np.random.default_rng(4)
        questions = [{"ask": "bootstrap", "a": rng.exponential(2, int(rng.integers(5, 25))).tolist(), "resamples": 999,
                      "seed": int(rng.integers(2**63)), "level": [0.9, 0.95][case % 2],
                      "statistic": ["mean", "median"][case // 2 % 2]} for case in range(40)]  # fmt: skip
        for question, answer in zip(questions, ask(questions)):
            values = np.array(question["a"])
            statistic = getattr(np, question["statistic"])
            drawn = np.sort(statistic(values[np.array(answer["numbers"])], axis=1))
            alphas = np.array([1 - question["level"], 1 + question["level"]]) / 2
            self.close(answer["percentile"], np.quantile(drawn, alphas), FORMULA, question)
            # Efron and Tibshirani, equations 14.9 to 14.15
            estimate = statistic(values)
            z0 = special.ndtri(((drawn < estimate).mean() + (drawn <= estimate).mean()) / 2)
            without = np.array([statistic(np.delete(values, i)) for i in range(len(values))])
            d = without.mean() - without
            a = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
            z = z0 + special.ndtri(alphas)
            moved = special.ndtr(z0 + z / (1 - a * z))
            self.close(answer["bca"], np.quantile(drawn, moved), 1e-10, question)

    def test_bootstrap_agrees_with_scipy(self):
        """Other resamples, of which there are many: the intervals differ by their noise."""
        rng = np.random.default_rng(5)
        values = rng.exponential(2, 20)
        question = {"ask": "bootstrap", "a": values.tolist(), "resamples": 9999, "seed": 1, "level": 0.9,
                    "statistic": "mean"}  # fmt: skip
        (answer,) = ask([question])
        for method in ("percentile", "bca"):
            expected = stats.bootstrap((values,), np.mean, n_resamples=99999, confidence_level=0.9,
                                       method=method, rng=rng).confidence_interval  # fmt: skip
            error = values.std() / np.sqrt(len(values))
            np.testing.assert_allclose(answer[method], [expected.low, expected.high], atol=0.08 * error)

    def test_kruskal_wallis(self):
        rng = np.random.default_rng(6)
        questions = [{"ask": "kruskal_wallis", "groups": [sample(rng, int(rng.integers(1, 15)), case % 2)
                                                          for _ in range(rng.integers(2, 6))]}
                     for case in range(300)]  # fmt: skip
        questions = [q for q in questions if len(set(itertools.chain(*q["groups"]))) > 1]
        for question, answer in zip(questions, ask(questions)):
            test = stats.kruskal(*question["groups"])
            self.close(answer["h"], test.statistic, 1e-11, question)
            self.close(answer["p"], test.pvalue, P_VALUE, question)
            n, k = sum(map(len, question["groups"])), len(question["groups"])
            if n > k:
                self.close(answer["eta_squared"], (test.statistic - k + 1) / (n - k), 1e-10, question)

    def test_mann_whitney(self):
        rng = np.random.default_rng(7)
        questions = [{"ask": "mann_whitney", "a": sample(rng, int(rng.integers(1, 20)), case % 2),
                      "b": sample(rng, int(rng.integers(1, 20)), case % 2)} for case in range(400)]  # fmt: skip
        questions.append({"ask": "mann_whitney", "a": rng.normal(size=8).tolist(), "b": rng.normal(1, 1, 300).tolist()})
        questions = [q for q in questions if len(set(q["a"] + q["b"])) > 1]
        exact = 0
        for question, answer in zip(questions, ask(questions)):
            test = stats.mannwhitneyu(question["a"], question["b"])
            self.assertEqual(answer["u"], test.statistic)
            self.close(answer["p"], test.pvalue, P_VALUE, question)
            exact += answer["exact"]
        self.assertGreater(exact, 50)
        self.assertLess(exact, len(questions) - 50)

    def test_rank_correlations(self):
        rng = np.random.default_rng(8)
        questions = []
        for case in range(400):
            n = int(rng.integers(2, 60))
            x = np.array(sample(rng, n, case % 2))
            y = x * rng.choice([-1, 1]) + rng.normal(0, rng.choice([0.001, 1, 9]), n)
            y = y if case % 4 < 2 else np.round(y)
            if len(set(x)) > 1 and len(set(y)) > 1:
                questions.append({"ask": "correlation", "a": x.tolist(), "b": y.tolist()})
        questions.append({"ask": "correlation", "a": list(range(40)), "b": [1, 0, *range(2, 40)]})
        for question, answer in zip(questions, ask(questions)):
            x, y = question["a"], question["b"]
            tau = stats.kendalltau(x, y)
            self.close(answer["tau"], tau.statistic, FORMULA, question)
            self.close(answer["tau_p"], tau.pvalue, P_VALUE, question)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                rho = stats.spearmanr(x, y)
            self.close(answer["rho"], rho.statistic, FORMULA, question)
            if len(x) > 2 and abs(rho.statistic) < 1 - 1e-9:  # beside 1 the p-value has no digits
                self.close(answer["rho_p"], rho.pvalue, 1e-7, question)

    def test_anova(self):
        rng = np.random.default_rng(9)
        questions = []
        for case in range(60):
            levels = rng.integers(2, 4, rng.integers(1, 4)).tolist()
            replicates = int(rng.integers(1, 4))
            runs = [[list(cell), float(rng.normal(10 + cell[0] - 2 * cell[-1] * cell[0], 1))]
                    for cell in itertools.product(*map(range, levels)) for _ in range(replicates)]  # fmt: skip
            order = rng.permutation(len(runs))
            questions.append({"ask": "anova", "levels": levels, "runs": [runs[i] for i in order],
                              "largest": int(rng.integers(1, len(levels) + 1))})  # fmt: skip
        tested = 0
        for question, answer in zip(questions, ask(questions)):
            cells = np.array([run[0] for run in question["runs"]])
            values = np.array([run[1] for run in question["runs"]])

            def columns(term):
                """Dummies of the combinations of levels of these factors."""
                _, of = np.unique(cells[:, list(term)], axis=0, return_inverse=True)
                return np.eye(of.max() + 1)[of.ravel()]

            def residual(terms):
                """Sum of squares that a model of these terms leaves, and its degrees of freedom."""
                design = np.hstack([np.ones((len(values), 1)), *map(columns, terms)])
                fit, _, rank, _ = np.linalg.lstsq(design, values, rcond=None)
                return ((values - design @ fit) ** 2).sum(), len(values) - rank

            factors = range(len(question["levels"]))
            terms = [t for size in range(1, question["largest"] + 1) for t in itertools.combinations(factors, size)]
            self.assertEqual([tuple(term["factors"]) for term in answer["terms"]], terms)
            rest, degrees = residual(terms)
            total = ((values - values.mean()) ** 2).sum()
            self.assertEqual(answer["residual_degrees"], degrees)
            np.testing.assert_allclose([answer["residual"], answer["total"]], [rest, total], atol=1e-11 * total)
            for term, found in zip(terms, answer["terms"]):
                # Type II: what the term adds to the model of all terms that do not hold it.
                others = [t for t in terms if not set(term) <= set(t)]
                without, with_it = residual(others), residual([*others, term])
                squares, own = without[0] - with_it[0], without[1] - with_it[1]
                self.assertEqual(found["degrees"], own)
                np.testing.assert_allclose(found["sum_of_squares"], squares, atol=1e-11 * total)
                np.testing.assert_allclose(found["eta_squared"], squares / total, atol=1e-11)
                if degrees:
                    tested += 1
                    f = squares / own / (rest / degrees)
                    np.testing.assert_allclose(found["f"], f, rtol=1e-8, atol=1e-9)
                    np.testing.assert_allclose(found["p"], stats.f.sf(found["f"], own, degrees), rtol=P_VALUE)
                    np.testing.assert_allclose(found["partial_eta_squared"], squares / (squares + rest), atol=1e-10)
            main = answer["terms"][0]["effects"]
            expected = [values[cells[:, 0] == level].mean() - values.mean() for level in range(question["levels"][0])]
            np.testing.assert_allclose(main, expected, atol=1e-12 * abs(values).max())
        self.assertGreater(tested, 50)

    def test_parzen_estimator(self):
        """The density is Optuna's, in other coordinates."""
        rng = np.random.default_rng(10)
        stable = np.argsort
        dimensions = [
            ({"name": "r", "kind": "real", "low": -3.0, "high": 5.5}, optuna.distributions.FloatDistribution(-3, 5.5)),
            ({"name": "l", "kind": "real", "low": 1e-4, "high": 0.2, "log": True},
             optuna.distributions.FloatDistribution(1e-4, 0.2, log=True)),
            ({"name": "i", "kind": "integer", "low": -4, "high": 20, "step": 4},
             optuna.distributions.IntDistribution(-4, 20, step=4)),
            ({"name": "j", "kind": "integer", "low": 1, "high": 300, "log": True},
             optuna.distributions.IntDistribution(1, 300, log=True)),
            ({"name": "c", "kind": "categorical", "choices": ["a", "b", "c"]},
             optuna.distributions.CategoricalDistribution(["a", "b", "c"])),
        ]  # fmt: skip
        questions, spaces = [], []
        for case in range(60):
            chosen = [d for d in dimensions if rng.integers(2)] or dimensions
            drawn = [{d["name"]: value_of(d, rng) for d, _ in chosen} for _ in range(int(rng.integers(20, 80)))]
            spaces.append(dict((d["name"], other) for d, other in chosen))
            questions.append({"ask": "parzen", "space": {"dimensions": [d for d, _ in chosen]}, "points": drawn[20:],
                              "at": drawn[:20], "ageing": bool(case % 4)})  # fmt: skip
        for question, answer, space in zip(questions, ask(questions), spaces):

            def internal(points):
                return {name: np.array([d.to_internal_repr(p[name]) for p in points]) for name, d in space.items()}

            parameters = parzen_estimator._ParzenEstimatorParameters(1.0, True, False, tpe.default_weights, True)
            weights = None if question["ageing"] else np.ones(len(question["points"]))
            with mock.patch.object(np, "argsort", lambda a: stable(a, kind="stable")):
                estimator = parzen_estimator._ParzenEstimator(internal(question["points"]), space, parameters, weights)
            expected = estimator.log_pdf(internal(question["at"]))
            extents = {"r": 8.5, "l": np.log(0.2 / 1e-4)}  # Joule's reals go from 0 to 1
            expected += sum(np.log(extents[name]) for name in space if name in extents)
            np.testing.assert_allclose(answer, expected, rtol=1e-11, atol=1e-11, err_msg=str(question))

    def test_promising_trials(self):
        rng = np.random.default_rng(11)
        questions = []
        for case in range(120):
            m = 1 + case % 4
            maximise = rng.integers(0, 2, m).astype(bool)
            points = rng.normal(rng.choice([-5, 0, 5]), 2, (int(rng.integers(10, 90)), m))
            if case % 5 == 0 and m > 1:  # on a sphere: all of rank 0
                points = np.abs(points) / np.linalg.norm(points, axis=1, keepdims=True) * np.where(maximise, 1, -1)
            questions.append({"ask": "promising", "points": points.tolist(),
                              "directions": ["maximise" if x else "minimise" for x in maximise]})  # fmt: skip
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        for question, answer in zip(questions, ask(questions)):
            study = optuna.create_study(directions=[d.replace("ise", "ize") for d in question["directions"]])
            study.add_trials([optuna.trial.create_trial(values=values) for values in question["points"]])
            gamma = tpe.default_gamma if len(study.directions) == 1 else tpe.default_gamma_multiobjective
            below, _ = tpe._split_trials(study, study.trials, gamma(len(study.trials)))
            self.assertEqual(answer, sorted(trial.number for trial in below), question)

    def pruned_by_optuna(self, pruner, direction, tables, question):
        """Runs the trials one after another, and the questions that Joule is to answer alike, with the answers."""
        study = optuna.create_study(direction=direction.replace("ise", "ize"), pruner=pruner)
        rounded = lambda trial: {"number": trial.number, "complete": trial.state == optuna.trial.TrialState.COMPLETE,
                                 "reports": sorted(trial.intermediate_values.items())}  # fmt: skip
        questions, answers = [], []
        for table in tables:
            trial = study.ask()
            state = optuna.trial.TrialState.COMPLETE
            for step, value in enumerate(table, 1):
                trial.report(value, step)
                others = [rounded(t) for t in study.trials if t.number != trial.number]
                own = {"number": trial.number, "complete": False, "reports": list(enumerate(table[:step], 1))}
                questions.append({"ask": "prune", "direction": direction, "trial": own, "others": others, **question})
                answers.append(trial.should_prune())
                if answers[-1]:
                    state = optuna.trial.TrialState.PRUNED
                    break
            study.tell(trial, None if state == optuna.trial.TrialState.PRUNED else table[-1], state=state)
        return questions, answers

    def test_pruners(self):
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore")  # experimental ones
        rng = np.random.default_rng(12)
        for case in range(24):
            steps, direction = int(rng.integers(1, 30)), ["minimise", "maximise"][case % 2]
            tables = np.cumsum(rng.normal(0, 1, (20, steps)), axis=1) + rng.normal(0, 1, (20, 1))
            if case % 3 == 0:
                tables = np.round(tables)  # with ties
            startup, warmup, reduction = int(rng.integers(0, 6)), int(rng.integers(1, 4)), int(rng.integers(2, 5))
            median = optuna.pruners.MedianPruner(startup, warmup)
            with self.subTest(pruner="median", case=case):
                questions, answers = self.pruned_by_optuna(
                    median, direction, tables.tolist(),
                    {"pruner": "median", "startup_trials": startup, "warmup_steps": warmup})  # fmt: skip
                self.assertEqual(ask(questions), answers)
            settings = {"pruner": "hyperband", "most_steps": steps, "reduction": reduction}
            (brackets,) = ask([{"ask": "brackets", "count": len(tables), **settings}])
            hyperband = optuna.pruners.HyperbandPruner(1, steps, reduction)
            hyperband._get_bracket_id = lambda _, trial: brackets["of"][trial.number]
            with self.subTest(pruner="hyperband", case=case):
                questions, answers = self.pruned_by_optuna(hyperband, direction, tables.tolist(), settings)
                self.assertEqual(ask(questions), answers)
                self.assertEqual(brackets["count"], hyperband._n_brackets)

    def test_sobol_points(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a number of points that is no power of two
            for dimensions in (1, 2, 13, 500, 3667):
                (points,) = ask([{"ask": "sobol", "dimensions": dimensions, "numbers": list(range(70))}])
                expected = stats.qmc.Sobol(dimensions, scramble=False, bits=32).random(70)
                np.testing.assert_array_equal(np.array(points) / 2.0**32, expected)
            (point,) = ask([{"ask": "sobol", "dimensions": 5, "numbers": [123457]}])
            engine = stats.qmc.Sobol(5, scramble=False, bits=32).fast_forward(123457)
            np.testing.assert_array_equal(np.array(point) / 2.0**32, engine.random(1))


if __name__ == "__main__":
    unittest.main()
