#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ONNX's own cases of the operators that Joule reads: each gives what ONNX says, or is refused with a reason.

  JOULE_BUILD=build/dev python3 tests/exchange/onnx_conformance_test.py --list    prints every case
The counts stand in docs/onnx.md, for the release of onnx that it names.  What a case computes with beside its
first input (weights, shapes, bounds) becomes an initialiser, as in any exported net; Add, Sub, Mul, Div, Sum and
Concat keep all of theirs where these have one shape.  Skipped (77) without PyPI's onnx, numpy and safetensors.
"""

import collections
import os
import re
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

try:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from onnx.backend.test.loader import load_model_tests
    from safetensors.numpy import load_file, save_file
except ImportError as error:
    print(f"skipped: {error} (pip install onnx numpy safetensors)")
    sys.exit(77)

PEER = Path(os.environ["JOULE_BUILD"]) / "tests" / "onnx_peer"
if not PEER.exists():
    print("skipped: this Joule was built without ONNX")
    sys.exit(77)
DOCS = Path(__file__).parents[2] / "docs" / "onnx.md"
ALL_ARE_COMPUTED = {"Add", "Sub", "Mul", "Div", "Sum", "Concat"}


def peer(folder, model, inputs):
    """The outputs by name, or the text of the error."""
    onnx.save(model, folder / "case.onnx")
    save_file({name: np.ascontiguousarray(x) for name, x in inputs.items()}, folder / "in.safetensors")
    command = [PEER, "run", folder / "case.onnx", folder / "in.safetensors", folder / "out.safetensors"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 3:
        return None, done.stderr.strip()
    if done.returncode:
        raise AssertionError(f"onnx_peer ended with {done.returncode}: {done.stderr}")
    return load_file(folder / "out.safetensors"), ""


def operators(folder):
    """Those that Joule reads, as its error lists them."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Zzzzzzzz", ["x"], ["y"])], "g", values[:1], values[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    _, error = peer(folder, model, {"x": np.zeros((1, 1), np.float32)})
    return set(error.split("there are ", 1)[1].split(", "))


def frozen(model, arrays):
    """The model with all but its computed inputs as initialisers, and what these are."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph = model.graph
    given = dict(zip((value.name for value in graph.input), arrays))
    first = graph.node[0]
    computed = [name for name in first.input if name in given][:1]
    shapes = {given[name].shape for name in first.input if name in given}
    if first.op_type in ALL_ARE_COMPUTED and (len(shapes) == 1 or first.op_type == "Concat"):
        computed = list(given)
    for name, array in given.items():
        if name not in computed:
            graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
    kept = [value for value in graph.input if value.name in computed]
    del graph.input[:]
    graph.input.extend(kept)
    return model, {name: given[name] for name in computed}


def reason_of(error):
    """The part of an error that cases have in common."""
    error = error.split(": ", 1)[1]
    error = re.sub(r"^(node|input|output) '[^']*'(, \w+)?: ", "", error)
    error = re.sub(r"'[^']*'", "...", error)
    return re.sub(r"\[[^\]]*\]|-?\d+(\.\d+)?(e[+-]?\d+)?", "#", error)


def run_cases(folder):
    """For each case its operator, and "" or the reason why it is refused; wrong results by name."""
    known = operators(folder)
    results, wrong = {}, {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = load_model_tests(kind="node") + load_model_tests(kind="simple")
    for case in cases:
        if case.model is None or any(node.op_type not in known for node in case.model.graph.node):
            continue
        if any(case.name.endswith(end) for end in ("_expanded", "_expanded_ver18")) or not case.model.graph.node:
            continue
        op = case.model.graph.node[0].op_type
        inputs, outputs = case.data_sets[0]  # printed with four digits in some: case.rtol
        if not all(isinstance(x, (np.ndarray, np.generic)) for x in [*inputs, *outputs]):
            results[case.name] = op, "of another type than float32"
            continue
        floats = [x for x in inputs if x.dtype.kind not in "iub"]
        if any(x.dtype != np.float32 for x in [*floats, *outputs]) or not floats:
            results[case.name] = op, "of another type than float32"
            continue
        model, computed = frozen(case.model, inputs)
        if any(x.dtype != np.float32 for x in computed.values()):
            results[case.name] = op, "of another type than float32"
            continue
        got, error = peer(folder, model, computed)
        if got is None:
            results[case.name] = op, reason_of(error)
            continue
        results[case.name] = op, ""
        for value, expected in zip(case.model.graph.output, outputs):
            actual = got[value.name]
            same = actual.shape == expected.shape and np.allclose(actual, expected, rtol=case.rtol, atol=1e-5)
            if not same:
                wrong[case.name] = f"{op}: {actual.ravel()[:5]} instead of {expected.ravel()[:5]}"
    return results, wrong


class OnnxConformance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            cls.results, cls.wrong = run_cases(Path(folder))

    def test_no_case_is_wrong(self):
        self.assertEqual(self.wrong, {})
        self.assertGreater(sum(not reason for _, reason in self.results.values()), 50)

    def test_the_counts_are_those_of_the_docs(self):
        text = DOCS.read_text()
        version = re.search(r"onnx (\d+\.\d+\.\d+)", text)[1]
        if version != onnx.__version__:
            self.skipTest(f"docs/onnx.md is of onnx {version}, this is {onnx.__version__}")
        passed = sum(not reason for _, reason in self.results.values())
        refused = len(self.results) - passed
        self.assertIn(f"{passed} give what ONNX says, {refused} are refused", " ".join(text.split()))


def print_list():
    with tempfile.TemporaryDirectory() as folder:
        results, wrong = run_cases(Path(folder))
    for name, (op, reason) in sorted(results.items()):
        print(f"{name}\t{op}\t{wrong.get(name) or reason or 'passed'}")
    reasons = collections.Counter(reason or "passed" for _, reason in results.values())
    for reason, count in reasons.most_common():
        print(f"{count:5} {reason}")
    print(f"{len(wrong):5} wrong")


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print_list()
    else:
        unittest.main()
