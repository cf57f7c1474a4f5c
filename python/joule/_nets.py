# SPDX-License-Identifier: MIT
"""Nets from files, and how good they are."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from joule import _core
from joule._core import Dataset, Net
from joule._figure import frame, table


def load(path: str | os.PathLike, *, mean: Sequence[float] = (), deviation: Sequence[float] = ()) -> Net:
    """A net from what `path` is: the folder of a run, a model.safetensors, an ONNX file (NAME.onnx), or a net as data
    (NAME.json, docs/nets.md), which gets fresh weights.

    `mean` and `deviation`, per channel, say how images are normalised for an ONNX file that does not say.

    Errors    DataError if there is no such file, or it is damaged, or holds what Joule cannot compute.
    """
    return _core.load_net(os.fspath(path), mean=list(mean), deviation=list(deviation))


class Evaluation(dict):
    """What a net makes of labelled images: accuracy, loss, images, relu_density per layer, and the lines of work."""

    def frame(self):
        """The lines as a pandas DataFrame."""
        return frame(self["lines"])

    def _repr_html_(self) -> str:
        rows = [["images", self["images"]], ["accuracy", f"{self['accuracy']:.4f}"], ["loss", f"{self['loss']:.4f}"]]
        rows += [[f"density of {layer}", f"{density:.4f}"] for layer, density in self["relu_density"].items()]
        for count in ("macs", "macs_skippable", "macs_skipped"):
            rows.append([count, f"{sum(line[count] for line in self['lines']):,}"])
        return table(["", "counted"], rows)


def evaluate(net: Net, dataset: Dataset, *, batch: int = 256) -> Evaluation:
    """Runs all images through the net, in evaluation mode, off the tape.

    Errors    ArgumentError if the net does not fit the data set; NotFiniteError if logits are no numbers;
              KeyboardInterrupt on Ctrl-C.
    """
    return Evaluation(json.loads(_core.evaluate_json(net, dataset, batch)))
