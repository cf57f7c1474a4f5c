#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule bench: what it prints and writes, and how it refuses bad input.  The times are of no interest here."""

import json
import os
import subprocess
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path

JOULE = os.environ["JOULE"]
EXAMPLE = Path(__file__).parent.parent / "bench" / "bench_conv_example.json"
STEPS_EXAMPLE = Path(__file__).parent.parent / "bench" / "bench_steps_example.json"
PASSES = ["forward", "grad-weight", "grad-input", "grad-input-masked", "step"]
SMALL = ["--shapes", "3x4x5", "--density", "1,.5", "--rounds", "2", "--batch", "2"]


def joule(*arguments, **options):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True, **options)


def shape_of(value):
    """The keys of a JSON value at every depth: of a list those of its first object, of a leaf nothing."""
    if isinstance(value, dict):
        return {key: shape_of(inner) for key, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [shape_of(value[0])]
    return None


class Page(HTMLParser):
    """What a page would load, and the JSON in it."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.embedded, self.script = [], {}, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        there = [attributes[name] for name in ("src", "href", "srcset", "data", "action") if name in attributes]
        self.loads += [place for place in there if not place.startswith("#")]  # on the page itself
        self.script = attributes.get("id") if tag == "script" else None

    def handle_data(self, data):
        if self.script:
            self.embedded[self.script] = json.loads(data)
            self.script = None


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def assert_refused(self, code, text, *arguments, **options):
        done = joule("bench", *arguments, **options)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertRegex(done.stderr, r"\Ajoule: [^\n]+\n\Z")
        self.assertIn(text, done.stderr)

    def output(self, *arguments, **options):
        done = joule("bench", *arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_help_teaches_by_example(self):
        for command in ([], ["conv"], ["train"], ["infer"]):
            text = self.output(*command, "--help")
            self.assertIn("Example", text)
            self.assertIn(f"joule bench {' '.join(command)}".strip(), text)

    def test_conv(self):
        file, page = self.folder / "conv.json", self.folder / "conv.html"
        text = self.output("conv", *SMALL, "--json", file, "--html", page)
        report = json.loads(file.read_text())
        example = json.loads(EXAMPLE.read_text())
        self.assertEqual(report["schema"], example["schema"])
        report["environment"]["cache_bytes"] = {}  # the names are those of this machine's
        onednn = report["environment"]["onednn"]
        if onednn:  # the example has a peer
            report["curves"][0]["crossovers"] = report["curves"][0]["crossovers"][:1]
            expected, found = shape_of(example), shape_of(report)
            self.assertEqual(found, expected)
        else:
            self.assertIn("oneDNN: not in this build", text)
        self.assertEqual([curve["pass"] for curve in report["curves"]], PASSES)
        ops = json.loads(joule("info", "--json").stdout)["ops"]
        op_of = {"forward": "conv2d", "grad-weight": "conv2d_grad_weight", "grad-input": "conv2d_grad_input"}
        op_of["grad-input-masked"] = op_of["grad-input"]
        for curve in report["curves"]:
            self.assertEqual([point["density"] for point in curve["points"]], [1, 0.5])
            # What a rule passes over is measured as well: the zeros decide only who wins.
            rows = [{m["name"] for m in point["measurements"]} for point in curve["points"]]
            self.assertEqual(rows[0], rows[1])
            for crossover in curve["crossovers"]:
                self.assertEqual(crossover["direct"]["measured"], [1, 0.5])
            for point in curve["points"]:
                names = [m["name"] for m in point["measurements"]] + [o["name"] for o in point["omitted"]]
                self.assertEqual(len(names), len(set(names)))
                self.assertEqual(names[0], "joule")
                for row in ops[op_of[curve["pass"]]] if curve["pass"] in op_of else []:
                    self.assertEqual(row["name"] in names, row["device"] == "cpu")
                self.assertEqual(sum(m["kind"] == "direct" for m in point["measurements"]), 2 if onednn else 0)
                for m in point["measurements"]:
                    self.assertEqual(m["seconds"]["count"], 2)
            self.assertIn(f"3x4x5, {curve['pass']}, random zeros", text)

        html = Page(page.read_text())
        self.assertEqual(html.loads, [])
        self.assertEqual(html.embedded["data"], json.loads(file.read_text()))
        self.assertEqual(len(html.embedded["charts"]), len(PASSES))

    def test_conv_of_a_trained_net(self):
        run, file, page = self.folder / "run", self.folder / "real.json", self.folder / "real.html"
        data = ["--data", "synthetic"]
        done = joule("train", *data, "--limit", "40", "--model", "lenet5", "--epochs", "1", "--out", run)
        self.assertEqual(done.returncode, 0, done.stderr)
        passes = "forward,grad-input,grad-input-masked"
        self.output("conv", *SMALL, "--passes", passes, "--real", run, *data, "--json", file, "--html", page)
        report = json.loads(file.read_text())
        self.assertEqual((report["options"]["model"], report["options"]["data"]), ("lenet5", "synthetic"))
        real = [curve for curve in report["curves"] if curve["zeros"] == "real"]
        # Nobody asks for the gradient of the images, and an average pool needs that of every zero.
        self.assertEqual(
            [(curve["problem"]["name"], curve["pass"]) for curve in real],
            [("conv1", "forward"), ("conv2", "forward"), ("conv2", "grad-input")],
        )
        self.assertEqual(real[0]["problem"]["x"], [2, 28, 28, 1])
        for curve in real:
            (point,) = curve["points"]
            self.assertIsNone(point["density"])
        self.assertLess(real[1]["points"][0]["x_density"], 1)
        self.assertIn("conv2, ", page.read_text())

    def test_a_pin_that_cannot_run_is_left_out(self):
        file = self.folder / "pin.json"
        environment = {**os.environ, "JOULE_FORCE": "conv2d:cpu.skip_zero_bf16_weights"}
        text = self.output("conv", *SMALL, "--passes", "forward", "--json", file, env=environment)
        self.assertIn("left out: joule (conv2d: no implementation named cpu.skip_zero_bf16_weights", text)
        point = json.loads(file.read_text())["curves"][0]["points"][0]
        self.assertNotIn("joule", [m["name"] for m in point["measurements"]])

    def test_oversubscription_is_said(self):
        processors = len(os.sched_getaffinity(0))
        text = self.output("conv", *SMALL, "--passes", "forward", "--threads", processors + 1)
        self.assertIn(f"warning: oversubscribed: {processors + 1} threads share {processors} processors", text)

    def test_train_and_infer(self):
        run = self.folder / "net"
        done = joule("train", "--data", "synthetic", "--limit", "40", "--model", "lenet5", "--epochs", "1", "--out", run)
        self.assertEqual(done.returncode, 0, done.stderr)
        nets = ["--models", "lenet5", "--weights", run, "--torch-peer", "/nowhere/torch_peer"]
        example = json.loads(STEPS_EXAMPLE.read_text())
        for mode in ("train", "infer"):
            file, page = self.folder / f"{mode}.json", self.folder / f"{mode}.html"
            text = self.output(mode, *nets, "--batch", "20", "--steps", "2", "--rounds", "2", "--json", file, "--html", page)
            report = json.loads(file.read_text())
            self.assertEqual((report["schema"], report["options"]["mode"]), (example["schema"], mode))
            self.assertEqual([(net["weights"], net["data"]) for net in report["nets"]], [("fresh", "random"), (str(run), "synthetic")])
            for net in report["nets"]:
                self.assertEqual(net.keys(), example["nets"][0].keys())
                joules = net["sides"][0]
                self.assertEqual(joules["name"], "joule")
                self.assertEqual(joules["images_per_second"]["count"], 2)
                self.assertEqual(joules.keys(), example["nets"][0]["sides"][0].keys())
                self.assertEqual(joules["counted"].keys(), example["nets"][0]["sides"][0]["counted"].keys())
                energy = joules["counted"]["modelled_energy_per_1000_images"]["horowitz45"]["executed"]
                self.assertEqual((energy["quality"], energy["unit"]), ("modelled", "J"))
                self.assertGreater(joules["peak_bytes"], 1 << 20)
                self.assertIn("PyTorch", [omitted["name"] for omitted in net["omitted"]])
            self.assertIn("left out: PyTorch: not installed (there is no /nowhere/torch_peer)", text)
            html = Page(page.read_text())
            self.assertEqual((html.loads, html.embedded["data"]), ([], report))
        # The same net, the same images: as many MACs forward, and more than twice as many in a step.
        train, infer = (json.loads((self.folder / f"{mode}.json").read_text()) for mode in ("train", "infer"))
        macs = lambda report: report["nets"][1]["sides"][0]["counted"]["macs"]
        summary = json.loads(joule("summary", "--model", "lenet5", "--json").stdout)
        self.assertEqual(macs(infer), 20 * summary["macs"])
        self.assertGreater(macs(train), 2 * macs(infer))

    def test_a_net_whose_input_is_no_picture(self):
        for name, classes in (("ds-cnn", 12), ("autoencoder", 640)):
            for mode in ("train", "infer"):
                file = self.folder / f"{name}-{mode}.json"
                self.output(mode, "--models", name, "--batch", "2", "--steps", "1", "--rounds", "1", "--json", file)
                net = json.loads(file.read_text())["nets"][0]
                self.assertEqual((net["model"], net["classes"]), (name, classes))
                self.assertGreater(net["sides"][0]["images_per_second"]["median"], 0)

    def test_bad_input(self):
        self.assert_refused(2, "A subcommand is required")
        self.assert_refused(2, "expected INxOUTxSIZE[:KxK[/STRIDE]] such as 64x128x56:3x3/1, got '64x128'", "conv", "--shapes", "64x128")
        self.assert_refused(2, "--density: expected a number in (0, 1], got '2'", "conv", "--density", "2")
        self.assert_refused(2, "--passes: expected forward", "conv", "--passes", "backward")
        self.assert_refused(2, "--rounds: expected at least 1, got 0", "conv", "--rounds", "0")
        self.assert_refused(2, "--batch: expected at least 1, got 0", "conv", "--batch", "0")
        self.assert_refused(2, "threads: must not be negative, got -1", "conv", "--threads", "-1")
        self.assert_refused(2, "--data: names the images of --real", "conv", "--data", "synthetic")
        self.assert_refused(2, "model: there is no 'alexnet'", "train", "--models", "alexnet")
        self.assert_refused(2, "--rounds: expected at least 1, got 0", "infer", "--rounds", "0")
        self.assert_refused(3, "/nowhere", "train", "--weights", "/nowhere")
        self.assert_refused(2, "--batch: synthetic has 500 images, got 501", "infer", "--data", "synthetic", "--batch", "501")
        self.assert_refused(3, "/nowhere", "conv", "--real", "/nowhere")
        self.assert_refused(3, "/nowhere/f.json", "conv", "--json", "/nowhere/f.json")
        self.assert_refused(3, "/nowhere/f.html", "conv", "--html", "/nowhere/f.html")


if __name__ == "__main__":
    unittest.main()
