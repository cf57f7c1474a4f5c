#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Nets as files: what joule summary writes joule train trains, and its run folder is enough for all the rest."""

import json
import os
import re
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]
DOCS = Path(__file__).parents[2] / "docs" / "nets.md"
RUN = ["--data", "synthetic", "--limit", "60", "--batch", "20", "--epochs", "1", "--threads", "1",
       "--deterministic", "--meter", "none"]  # fmt: skip


def joule(*arguments):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True)


def metadata(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length])["__metadata__"]


def with_metadata(path, change):
    """The file's bytes with other metadata."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    change(header["__metadata__"])
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


class Nets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.lenet = cls.folder / "lenet5.json"
        done = joule("summary", "--model", "lenet5", "--save-net", cls.lenet)
        assert done.returncode == 0, done.stderr
        cls.mine = cls.folder / "mine.json"
        net = json.loads(cls.lenet.read_text())
        net["name"] = "mine"
        cls.mine.write_text(json.dumps(net))
        cls.run_folder = cls.folder / "run"
        done = joule("train", "--net", cls.mine, *RUN, "--out", cls.run_folder)
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def fails(self, code, *arguments):
        done = joule(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def changed(self, name, change):
        net = json.loads(self.mine.read_text())
        change(net)
        path = self.folder / name
        path.write_text(json.dumps(net))
        return path

    def test_a_file_is_the_net_that_it_was_written_from(self):
        named = json.loads(joule("summary", "--model", "lenet5", "--json").stdout)
        self.assertEqual(json.loads(joule("summary", "--net", self.lenet, "--json").stdout), named)
        again = self.folder / "again.json"
        joule("summary", "--net", self.lenet, "--save-net", again)
        self.assertEqual(again.read_text(), self.lenet.read_text())

    def test_an_untrained_file_is_profiled_modelled_and_tuned(self):
        steps = ["--steps", 1, "--batch", 2, "--meter", "none", "--json", "-"]
        profiled = json.loads(joule("profile", "--model", self.mine, *steps).stdout)
        named = json.loads(joule("profile", "--model", "lenet5", "--input", "28x28x1", "--classes", 10, *steps).stdout)
        work = lambda report: [(line["layer"], line["op"], line["macs"]) for line in report["lines"]]  # noqa: E731
        self.assertEqual(work(profiled), work(named))
        half = ["--relu-density", 0.5, "--batch", 1, "--json"]
        energy = json.loads(joule("energy", "--model", self.mine, *half).stdout)
        of_name = json.loads(joule("energy", "--model", "lenet5", "--input", "28x28x1", "--classes", 10, *half).stdout)
        self.assertEqual(energy["profiles"], of_name["profiles"])
        on_data = joule("energy", "--model", self.mine, "--data", "synthetic", "--limit", 20)
        self.assertEqual((on_data.returncode, on_data.stderr), (0, ""))
        table = self.folder / "tuned.json"
        done = joule("tune", "--model", self.mine, "--batch", 1, "--rounds", 2, "--densities", 0.5, "--out", table)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(table.exists())

    def test_an_untrained_file_is_refused_where_weights_are_needed(self):
        self.assertIn("mine.json: a net without weights; joule train --net trains it",
                      self.fails(3, "eval", "--model", self.mine))  # fmt: skip
        self.assertIn("mine.json is an untrained net: say --data or --relu-density",
                      self.fails(2, "energy", "--model", self.mine))  # fmt: skip
        self.assertIn("takes images 28x28x1", self.fails(2, "profile", "--model", self.mine, "--input", "32x32x3"))
        self.assertIn("none.json", self.fails(3, "profile", "--model", self.folder / "none.json"))

    def test_the_nets_of_mlperf_tiny_are_shown_on_what_they_are_for(self):
        for name, shape, classes, parameters in (
            ("resnet8", [32, 32, 3], 10, 78186),
            ("ds-cnn", [49, 10, 1], 12, 23756),
            ("mobilenet-v1-0.25", [96, 96, 3], 2, 216322),
            ("autoencoder", [1, 640, 1], 640, 267928),
        ):
            summary = json.loads(joule("summary", "--model", name, "--json").stdout)
            self.assertEqual((summary["input"], summary["classes"], summary["parameters"]), (shape, classes, parameters))
            file = self.folder / f"{name}.json"
            joule("summary", "--model", name, "--save-net", file)
            self.assertEqual(json.loads(joule("summary", "--net", file, "--json").stdout), summary)
        other = json.loads(joule("summary", "--model", "resnet8", "--input", "28x28x1", "--classes", 3, "--json").stdout)
        self.assertEqual((other["input"], other["classes"]), ([28, 28, 1], 3))
        error = self.fails(2, "train", "--data", "synthetic", "--model", "autoencoder", "--out", self.folder / "none")
        self.assertIn("autoencoder: puts out as many values as it reads: expected classes=784", error)

    def test_a_summary_says_where_batch_norms_go_and_what_tells_of_a_run(self):
        said = "inference (profile, eval, predict) folds those behind a convolution into it."
        self.assertIn(said, " ".join(joule("summary", "--model", "resnet8").stdout.split()))
        self.assertNotIn("folds", joule("summary", "--model", "lenet5").stdout)
        error = self.fails(2, "summary", "--model", self.folder)
        self.assertIn(f"got the path {self.folder}; joule profile --model tells of a trained one", error)

    def test_a_trained_file_is_the_trained_net(self):
        named = self.folder / "named"
        done = joule("train", "--model", "lenet5", *RUN, "--out", named)
        self.assertEqual(done.returncode, 0, done.stderr)
        results = [json.loads((run / "summary.json").read_text()) for run in (named, self.run_folder)]
        self.assertEqual(results[0]["test_loss"], results[1]["test_loss"])

    def test_the_run_folder_holds_the_net(self):
        config = json.loads((self.run_folder / "config.json").read_text())
        self.assertEqual((config["model"], json.loads(config["net"])["name"]), ("mine", "mine"))
        self.assertEqual(json.loads(metadata(self.run_folder / "model.safetensors")["net"])["name"], "mine")
        self.assertEqual(json.loads(metadata(self.run_folder / "checkpoint.safetensors")["net"])["name"], "mine")
        for command in (
            ["eval", "--model", self.run_folder, "--limit", 20],
            ["predict", "--model", self.run_folder, "--limit", 20, "--out", self.folder / "p.csv"],
            ["energy", "--model", self.run_folder, "--limit", 20],
            ["profile", "--model", self.run_folder, "--batch", 4, "--steps", 1, "--meter", "none"],
        ):
            done = joule(*command)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_run_is_resumed_without_the_file(self):
        run = self.folder / "resumed"
        file = self.changed("gone.json", lambda net: None)
        done = joule("train", "--net", file, *RUN, "--out", run)
        self.assertEqual(done.returncode, 0, done.stderr)
        (run / "summary.json").unlink()
        file.unlink()
        done = joule("train", "--resume", "--out", run, "--meter", "none")
        self.assertEqual(done.returncode, 0, done.stderr)
        # With the file it is the same run, and with another one it is not.
        (run / "summary.json").unlink()
        done = joule("train", "--resume", "--net", self.mine, "--out", run, "--meter", "none")
        self.assertEqual(done.returncode, 0, done.stderr)
        other = self.changed("other.json", lambda net: net["nodes"][0]["attributes"].update(init="xavier_normal"))
        error = self.fails(2, "train", "--resume", "--net", other, "--out", run)
        self.assertIn("this run was started otherwise: net is another", error)

    def test_a_net_that_cannot_be(self):
        def wider(net):
            net["nodes"][0]["attributes"]["out"] = 7

        error = self.fails(3, "summary", "--net", self.changed("wider.json", wider))
        self.assertIn("wider.json: graph: node 'conv2', Conv2d: expected 6 channels, got 7", error)
        error = self.fails(3, "train", "--net", self.changed("wider.json", wider), "--out", self.folder / "none")
        self.assertIn("wider.json: graph: node 'conv2', Conv2d: expected 6 channels, got 7", error)
        error = self.fails(2, "train", "--net", self.mine, "--model", "lenet5", "--out", self.folder / "none")
        self.assertIn("--net", error)
        other = self.changed("images.json", lambda net: net["inputs"][0].update(shape=[28, 32, 1]))
        self.assertIn("expected 400 features", self.fails(3, "summary", "--net", other))

    def test_a_named_net_is_what_its_name_says(self):
        def renamed(net):
            net["name"] = "lenet5"
            net["nodes"][0]["attributes"]["init"] = "xavier_normal"

        error = self.fails(3, "train", "--net", self.changed("named.json", renamed), "--out", self.folder / "none")
        self.assertIn("net: it is named lenet5, but is another one (node 0: expected conv1 = Conv2d(input; ", error)
        model = self.run_folder / "model.safetensors"

        def claims(meta):
            net = json.loads(meta["net"])
            renamed(net)
            meta.update(model="lenet5", net=json.dumps(net))

        false = self.folder / "false.safetensors"
        false.write_bytes(with_metadata(model, claims))
        self.assertIn("false.safetensors: net: it is named lenet5, but is another one", self.fails(3, "eval", "--model", false))
        false.write_bytes(with_metadata(model, lambda meta: meta.update(model="small-cnn")))
        self.assertIn("false.safetensors: its graph is mine", self.fails(3, "eval", "--model", false))
        # Nothing of a size that the file itself has not is made of it.
        def huge(meta):
            net = json.loads(meta["net"])
            attributes = {node["name"]: node.get("attributes") for node in net["nodes"]}
            attributes["linear1"]["out"] = attributes["linear2"]["in"] = 10**9
            meta["net"] = json.dumps(net)

        false.write_bytes(with_metadata(model, huge))
        error = self.fails(3, "eval", "--model", false)
        self.assertRegex(error, "false.safetensors: its graph has 48[0-9]{10} weights, the file [0-9]{5}\n")
        # Files of earlier Joules do not say.
        false.write_bytes(with_metadata(model, lambda meta: (meta.pop("net"), meta.update(model="lenet5"))))
        self.assertEqual(joule("eval", "--model", false, "--limit", 20).returncode, 0)

    def test_the_example_of_the_docs(self):
        example = re.search(r"```json\n(.*?)```", DOCS.read_text(), re.DOTALL)[1]
        file = self.folder / "example.json"
        file.write_text(example)
        again = self.folder / "example_again.json"
        done = joule("summary", "--net", file, "--save-net", again)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("two-branches: images 28x28x1, 10 classes", done.stdout)
        self.assertEqual(json.loads(again.read_text()), json.loads(example))

    def test_norms_are_part_of_the_convolutions_unless_they_are_separate(self):
        net = ["--model", "simple-cnn", "--input", "16x16x1", "--classes", 4, "--batch", 2, "--steps", 1]
        layers = []
        for options in ([], ["--separate-norms"]):
            report = self.folder / "profile.json"
            done = joule("profile", *net, "--meter", "none", *options, "--json", report)
            self.assertEqual(done.returncode, 0, done.stderr)
            layers.append({line["layer"] for line in json.loads(report.read_text())["lines"]})
        self.assertEqual(layers[1] - layers[0], {"norm1", "norm2", "relu1", "relu2"})

    def test_a_net_of_several_inputs_and_outputs_has_a_summary(self):
        def second(net):
            net["inputs"].append({"name": "bias", "shape": [10]})
            net["nodes"].append({"name": "sum", "kind": "Add", "inputs": ["linear3", "bias"]})
            net["outputs"] = ["sum", "linear3"]

        net = self.changed("two.json", second)
        done = joule("summary", "--net", net)
        self.assertIn("mine: reads input 28x28x1, bias 10; puts out sum 10, linear3 10", done.stdout)
        summary = json.loads(joule("summary", "--net", net, "--json").stdout)
        self.assertEqual(summary["inputs"], {"input": [28, 28, 1], "bias": [10]})
        error = self.fails(3, "train", "--net", net, "--out", self.folder / "none")
        self.assertIn("expected one input [H,W,C] and one output, got 2 and 2", error)


if __name__ == "__main__":
    unittest.main()
