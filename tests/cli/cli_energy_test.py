#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule energy, end to end: the figures follow from the counts that it prints, by the published formulas."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]
PJ = 1e-12


def joule(*arguments):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True)


def total(counts, key):
    return sum(layer[key] for layer in counts)


def published(counts, recounts):
    """(E_worst, E_opt) in joules of one batch."""

    def parameters(suffix):
        return total(counts, "parameters" + suffix) + total(counts, "batch_counters") + recounts * total(counts, "statistics" + suffix)  # fmt: skip

    inputs, inputs_nz = total(counts, "inputs"), total(counts, "inputs_nonzero")
    compute = 3.7 * total(counts, "operations")
    worst = 1950 * (parameters("") + inputs + total(counts, "outputs")) + compute
    share = parameters("_nonzero") / parameters("") * inputs_nz / inputs
    optimal = 1950 * (parameters("_nonzero") + inputs_nz + total(counts, "outputs_nonzero")) + compute * share
    return worst * PJ, optimal * PJ


def write_windows(path, **changes):
    """Windows of a device that costs 2 pJ per MAC, 50 pJ per byte and 30 W."""
    windows = []
    for i in range(8):
        macs, data, seconds = (3 + i) * 10**10, (9 - i * i % 7) * 10**9, 1 + i % 3
        joules = 2 * PJ * macs + 50 * PJ * data + 30 * seconds
        windows.append({"joules": joules, "uncertainty_joules": 0.01, "macs": macs, "bytes": data, "seconds": seconds})
        windows[-1].update({key: change(windows[-1]) for key, change in changes.items()})
    path.write_text(json.dumps({"format": "joule-measured-windows", "version": 1, "device": "bench", "meter": "replay", "windows": windows}))  # fmt: skip


class Energy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.run_folder = cls.folder / "run"
        done = joule("train", "--data", "synthetic", "--limit", 120, "--model", "lenet5", "--epochs", 1, "--batch", 20,
                     "--out", cls.run_folder)  # fmt: skip
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def text(self, *arguments):
        done = joule("energy", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.text(*arguments, "--json"))

    def assert_refused(self, code, text, *arguments):
        done = joule("energy", *arguments)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertRegex(done.stderr, r"\Ajoule: [^\n]+\n\Z")
        self.assertIn(text, done.stderr)

    def untrained(self, model="simple-cnn", density=0.3):
        return ["--model", model, "--input", "28x28x1", "--classes", 10, "--relu-density", density, "--batch", 40]

    def assert_published(self, result, recounts):
        worst, optimal = published(result["counts"], recounts)
        profile = result["profiles"][0]
        self.assertAlmostEqual(profile["worst"]["value"] / worst, 1, places=12)
        self.assertAlmostEqual(profile["optimal"]["value"] / optimal, 1, places=12)
        self.assertAlmostEqual(profile["ratio"], optimal / worst, places=12)
        self.assertEqual(profile["worst"]["quality"], "modelled")
        for kind in ("worst_joules", "optimal_joules"):
            for part, value in profile[kind].items():
                self.assertAlmostEqual(sum(layer[kind][part] for layer in profile["layers"]), value, places=12)
            self.assertAlmostEqual(sum(profile[kind].values()), profile[kind.split("_")[0]]["value"], places=12)

    def test_figures_follow_from_the_counts(self):
        for bits in (32, 16, 8):
            for profile, recounts in (("sponge", 1), ("sponge-poisoning", 10)):
                arguments = ["--model", self.run_folder, "--cost-model", profile, "--threshold-bits", bits]
                result = self.json(*arguments)
                self.assertEqual((result["images"], result["batches"], result["threshold_bits"]), (500, 1, bits))
                self.assert_published(result, recounts)

    def test_counts_of_a_trained_net(self):
        counts = {layer["layer"]: layer for layer in self.json("--model", self.run_folder)["counts"]}
        conv = counts["conv1"]
        self.assertEqual((conv["inputs"], conv["outputs"]), (500 * 28 * 28, 500 * 28 * 28 * 6))
        self.assertEqual(conv["operations"], 500 * 28 * 28 * 6 * 25)  # padding counts
        self.assertEqual((conv["parameters"], counts["linear3"]["parameters"]), (156, 850))
        self.assertEqual(counts["pool1"]["operations"], 500 * 14 * 14 * 6 * 4)
        density = json.loads((self.run_folder / "summary.json").read_text())["relu_density"]
        evaluated = json.loads(joule("eval", "--model", self.run_folder, "--json").stdout)["relu_density"]
        self.assertEqual(set(density), {"relu1", "relu2", "relu3", "relu4"})
        for relu, expected in evaluated.items():
            self.assertEqual(counts[relu]["inputs_nonzero"], counts[relu]["outputs_nonzero"])
            self.assertAlmostEqual(counts[relu]["outputs_nonzero"] / counts[relu]["outputs"], expected, places=4)

    def test_a_larger_threshold_finds_more_zeros(self):
        ratios = [self.json("--model", self.run_folder, "--threshold-bits", bits)["profiles"][0]["ratio"] for bits in (32, 16, 8)]  # fmt: skip
        self.assertEqual(ratios, sorted(ratios, reverse=True))

    def test_ratio_of_the_data_set_is_the_mean_of_the_batches(self):
        result = self.json("--model", self.run_folder, "--limit", 210, "--batch", 200)
        self.assertEqual((result["images"], result["batches"]), (210, 2))
        first = self.json("--model", self.run_folder, "--limit", 200, "--batch", 200)["profiles"][0]["ratio"]
        least, largest = result["batch_ratios"]["least"], result["batch_ratios"]["largest"]
        self.assertIn(first, (least, largest))
        self.assertAlmostEqual(result["profiles"][0]["ratio"], (least + largest) / 2, places=12)
        self.assertNotAlmostEqual(result["profiles"][0]["ratio"], result["profiles"][0]["ratio_of_sums"], places=4)

    def test_statistics_of_norms(self):
        # Norms of 3 and 9 channels: 18 of 20 values more per channel.
        sponge, poisoning = (self.json(*self.untrained(), "--cost-model", name) for name in ("sponge", "sponge-poisoning"))
        self.assert_published(sponge, 1)
        self.assert_published(poisoning, 10)
        self.assertEqual(total(sponge["counts"], "statistics"), 2 * (3 + 9))
        more = poisoning["profiles"][0]["worst"]["value"] - sponge["profiles"][0]["worst"]["value"]
        self.assertAlmostEqual(more / (18 * (3 + 9) * 1950 * PJ), 1, places=6)

    def test_synthetic_activations(self):
        once, again = self.json(*self.untrained()), self.json(*self.untrained())
        self.assertEqual(once, again)
        self.assertNotEqual(once["counts"], self.json(*self.untrained(), "--seed", 2)["counts"])
        self.assertEqual((once["relu_density"], once["images"], once["batches"]), (0.3, 40, 1))
        for layer in once["counts"]:
            if layer["kind"] == "ReLU":
                self.assertAlmostEqual(layer["outputs_nonzero"] / layer["outputs"], 0.3, delta=0.02)
        self.assertEqual(self.json(*self.untrained(), "--limit", 100)["batches"], 3)
        of_run = self.json("--model", self.run_folder, "--relu-density", 0, "--batch", 5)
        self.assertEqual([c["outputs_nonzero"] for c in of_run["counts"] if c["kind"] == "ReLU"], [0] * 4)

    def test_zero_skip_stands_beside(self):
        beside = self.json("--model", self.run_folder)["profiles"][1]
        alone = self.json("--model", self.run_folder, "--cost-model", "zero-skip")["profiles"]
        self.assertEqual(alone, [beside])
        self.assertEqual(beside["profile"], "zero-skip")
        self.assertLess(beside["ratio"], 1)
        # Per layer: weights of conv2 once per batch, and no operation in a ReLU.
        layers = {layer["layer"]: layer for layer in beside["layers"]}
        self.assertAlmostEqual(layers["conv2"]["worst_joules"]["parameters"] / (1950 * PJ * 2416), 1, places=9)
        self.assertEqual(layers["relu1"]["worst_joules"]["compute"], 0)

    def test_linear_profiles(self):
        def worst(profile, *more):
            return self.json(*self.untrained(), "--cost-model", profile, *more)["profiles"][0]["worst_joules"]

        horowitz, jouppi = worst("horowitz45"), worst("jouppi7")
        self.assertAlmostEqual(jouppi["compute"] / horowitz["compute"], 1.69 / 4.6, places=9)
        self.assertAlmostEqual(jouppi["activations"] / horowitz["activations"], 350 / 1950, places=9)
        eyeriss = worst("eyeriss", "--mac-picojoules", 4.6)
        self.assertAlmostEqual(eyeriss["compute"] / horowitz["compute"], 1, places=9)
        self.assertAlmostEqual(eyeriss["activations"] / horowitz["activations"], 4.6 * 50 / 243.75, places=9)

    def test_table(self):
        text = self.text("--model", self.run_folder, "--limit", 300, "--batch", 200)
        for word in ("modelled", "no joule was measured", "zero-skip", "conv1", "total", "the mean over 2 batches", "data set synthetic", "Shumailov"):  # fmt: skip
            self.assertIn(word, text)
        resnet = self.text("--model", "resnet18", "--input", "32x32x3", "--classes", 10, "--relu-density", 0.3, "--batch", 1)  # fmt: skip
        rows = [line.split()[0] for line in resnet.splitlines() if line]
        self.assertEqual(rows.index("block1"), rows.index("block1.main.norm2") + 1)  # its sum
        self.assertIn("0.3 of what every ReLU puts out", resnet)

    def test_profiles(self):
        profiles = {profile["name"]: profile for profile in self.json("--cost-models")}
        self.assertEqual(
            list(profiles), ["sponge", "sponge-poisoning", "horowitz45", "zero-skip", "jouppi7", "eyeriss"]
        )
        self.assertEqual(profiles["eyeriss"]["kind"], "relative")
        self.assertNotIn("picojoules", json.dumps(profiles["eyeriss"]))
        self.assertEqual(profiles["jouppi7"]["picojoules_per_byte"], {"low": 31.25, "high": 56.25})
        text = self.text("--cost-models")
        for name in profiles:
            self.assertIn(name, text)

    def test_fit(self):
        windows, out = self.folder / "windows.json", self.folder / "fitted.json"
        write_windows(windows)
        text = self.text("--fit", windows, "--out", out)
        self.assertIn("fitted:bench", text)
        self.assertIn("condition number", text)
        fitted = json.loads(out.read_text())
        self.assertAlmostEqual(fitted["picojoules_per_mac"]["value"], 2, places=6)
        self.assertAlmostEqual(fitted["picojoules_per_byte"]["value"], 50, places=6)
        self.assertAlmostEqual(fitted["watts"]["value"], 30, places=6)
        self.assertEqual(fitted["device"], "bench")
        self.assertEqual(json.loads(self.text("--fit", windows, "--out", out, "--json")), fitted)
        result = self.json(*self.untrained(), "--cost-model", out)
        self.assertRegex(
            result["source"], r"\Aleast squares over 8 windows measured by replay; device bench, condition number \d"
        )
        result = result["profiles"][0]
        self.assertEqual(result["profile"], "fitted:bench")
        self.assertGreater(result["worst"]["uncertainty"], 0)
        self.assertGreater(result["worst_joules"]["overhead"], 0)  # 30 W
        # A constant that no positive number fits.
        write_windows(windows, joules=lambda w: w["joules"] - 60 * PJ * w["bytes"])
        self.assertIn("no positive constant fits better", self.text("--fit", windows, "--out", out))
        self.assertEqual(json.loads(out.read_text())["picojoules_per_byte"], 0)

    def test_a_fit_that_fails_writes_nothing(self):
        windows, out = self.folder / "bad.json", self.folder / "none.json"
        write_windows(windows, bytes=lambda w: 2 * w["macs"])
        self.assert_refused(3, "bad.json: fit: macs, bytes depend on each other", "--fit", windows, "--out", out)
        write_windows(windows, seconds=lambda w: 1)
        self.assert_refused(3, "all windows have 1 seconds", "--fit", windows, "--out", out)
        windows.write_text("{")
        self.assert_refused(3, "bad.json: not JSON at byte 2", "--fit", windows, "--out", out)
        self.assert_refused(3, "nowhere: cannot be opened", "--fit", self.folder / "nowhere", "--out", out)
        self.assertFalse(out.exists())
        write_windows(windows)
        self.assert_refused(3, "no/out.json", "--fit", windows, "--out", self.folder / "no/out.json")

    def test_usage(self):
        run = ["--model", self.run_folder]
        self.assert_refused(2, "give one of --model, --cost-models and --fit, got none")
        self.assert_refused(2, "got several", *run, "--cost-models")
        self.assert_refused(2, "--fit requires --out", "--fit", "x")
        self.assert_refused(2, "--batch requires --model", "--cost-models", "--batch", 3)
        self.assert_refused(2, "--data excludes --relu-density", *run, "--data", "synthetic", "--relu-density", 0.3)
        self.assert_refused(2, "resnet18 is an untrained net: say --data or --relu-density", "--model", "resnet18")
        self.assert_refused(2, "say --input and --classes", "--model", "resnet18", "--relu-density", 0.3)
        self.assert_refused(2, "expected HEIGHTxWIDTHxCHANNELS", *self.untrained(), "--input", "28x28")
        self.assert_refused(2, "takes images 28x28x1", *run, "--input", "32x32x3")
        self.assert_refused(2, "--classes is 7, but", *run, "--classes", 7)
        self.assert_refused(3, "vgg17: neither a net (autoencoder, ", "--model", "vgg17")
        self.assert_refused(3, "sponges: neither a profile (sponge, sponge-poisoning, ", *run, "--cost-model", "sponges")
        self.assert_refused(2, "eyeriss: its constants are multiples", *run, "--cost-model", "eyeriss")
        self.assert_refused(2, "only eyeriss leaves open", *run, "--mac-picojoules", 3)
        self.assert_refused(2, "a MAC costs more than 0 pJ", *run, "--cost-model", "eyeriss", "--mac-picojoules", 0)
        self.assert_refused(2, "expected 32, 16 or 8, got 12", *run, "--threshold-bits", 12)
        self.assert_refused(2, "to zero-skip only an exact 0 is zero", *run, "--cost-model", "zero-skip", "--threshold-bits", 32)  # fmt: skip
        self.assert_refused(2, "relu-density: must lie in [0, 1], got 1.5", *run, "--relu-density", 1.5)
        self.assert_refused(2, "batch: expected at least 1, got 0", *run, "--batch", 0)
        self.assert_refused(2, "limit: must not be negative, got -1", *run, "--limit", -1)


if __name__ == "__main__":
    unittest.main()
