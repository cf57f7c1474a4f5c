#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Grammars, genes and the nets that they are, as joule evolve shows them."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]
PHENOTYPE = """layer:conv out_channels:8 kernel_size:3 stride:1 padding:same act:relu bias:True input:-1
| layer:fc act:softmax out_features:10 bias:True input:0
| learning:adam lr:0.001 beta1:0.9 beta2:0.999 weight_decay:0.00001 early_stop:8 batch_size:64 epochs:10000
| model_partition:_ partition_point:0
"""


def joule(*arguments):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True)


class Evolve(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name)

    def written(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def text_of(self, *arguments):
        done = joule("evolve", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def assert_refused(self, code, text, *arguments):
        done = joule("evolve", *arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn(text, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_a_grammar_is_checked_and_printed(self):
        for name in ("default", "fast-denser", "zero-aware"):
            text = self.text_of("grammar", name)
            self.assertEqual(self.text_of("grammar", self.written("g", text)), text)
        bad = self.written("bad.grammar", "<a> ::= layer:dropout [rate,float,1,0,0.5]\n<b> ::= <padings>\n<padding> ::= x:1")
        self.assert_refused(3, f"{bad}:2:9: there is no <padings>; did you mean 'padding'?", "grammar", bad)
        bad.write_text("<a> ::= layer:dropouts")
        self.assert_refused(2, "layer: expected one of", "grammar", bad)
        self.assert_refused(3, "a grammar is a file, or one of default, fast-denser, zero-aware; did you mean 'default'?",
                            "grammar", "defautl")  # fmt: skip

    def test_what_is_drawn_is_decoded(self):
        for grammar, settings in (("default", "energize"), ("fast-denser", "fast-denser"), ("zero-aware", "energize")):
            genes = ("--grammar", grammar, "--settings", settings)
            drawn = self.text_of("draw", *genes, "--seed", 7, "--mutations", 3)
            self.assertEqual(self.text_of("draw", *genes, "--seed", 7, "--mutations", 3), drawn)
            self.assertEqual(json.loads(drawn)["id"], 3)
            text = self.text_of("decode", self.written("one.json", drawn), *genes)
            self.assertTrue(text.startswith("layer:"), text)
            self.assertIn("| learning:", text)
            self.assertTrue(" parameters, " in text or "no net: " in text, text)

    def test_a_known_net_becomes_genes_and_a_file_that_is_a_net(self):
        one = self.written("one.json", self.text_of("draw", "--phenotype", self.written("p", PHENOTYPE)))
        net = self.folder / "net.json"
        text = self.text_of("decode", one, "--save-net", net)
        self.assertEqual(text.split("\n")[0], PHENOTYPE.strip().replace("\n", " "))
        self.assertIn("adam, lr 0.001, beta1 0.9, beta2 0.999, weight decay 1e-05; batch 64", text)
        self.assertIn("125540 parameters, 181888 MACs per image", text)
        shown = joule("summary", "--net", net)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("module0.conv0", shown.stdout)

    def test_what_is_wrong_is_one_line(self):
        one = self.written("one.json", self.text_of("draw", "--phenotype", self.written("p", PHENOTYPE)))
        self.assert_refused(2, "the output has 10 units, the data has 7 classes", "decode", one, "--classes", 7)
        bad = self.written("bad.json", one.read_text().replace('"slots": 1', '"slots": 0'))
        self.assert_refused(3, f"{bad}: slots: expected at least 1, got 0", "decode", bad)
        seed = self.written("p", PHENOTYPE.replace("kernel_size:3", "kernel_size:9"))
        self.assert_refused(2, "does not derive 'kernel_size:9': kernel_size: expected 2 to 5, got 9", "draw", "--phenotype", seed)
        rates = self.written("s.json", '{"rates": {"add_layer": 2}}')
        self.assert_refused(3, f"{rates}: rates: settings: add_layer: expected a probability, got 2", "draw", "--settings", rates)
        self.assert_refused(2, "--mutations: must not be negative, got -1", "draw", "--mutations", "-1")


if __name__ == "__main__":
    unittest.main()
