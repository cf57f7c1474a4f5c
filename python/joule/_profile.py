# SPDX-License-Identifier: MIT
"""profile(): work, time and energy of every operation of a net."""

from __future__ import annotations

import json
import os

from joule import _core
from joule._core import Net
from joule._figure import Figure, frame, si, table


def _flat(line: dict) -> dict:
    """A line with its figures as columns; energies of two qualities never share one."""
    modelled, attributed = line["modelled"], line["attributed"]
    row = {key: value for key, value in line.items() if key not in ("modelled", "attributed", "ticks")}
    row["modelled_joules"] = modelled["value"]
    row["modelled_uncertainty_joules"] = modelled["uncertainty"]
    row["attributed_joules"] = attributed["value"]
    row["attributed_uncertainty_joules"] = attributed["uncertainty"]
    row["attributed_reason"] = attributed["reason"]
    return row


class Profile(list):
    """A list with a dict per layer, phase, op and implementation; `report` has everything that `joule profile --json` has."""

    def __init__(self, report: dict):
        super().__init__(_flat(line) for line in report["lines"])
        self.report = report

    @property
    def energy(self) -> Figure:
        """Measured over the window: all that the meter's scope drew."""
        return Figure.of(self.report["window"]["gross"])

    @property
    def dynamic(self) -> Figure:
        """What was drawn because the net ran; this is what the lines share."""
        return Figure.of(self.report["window"]["dynamic"])

    @property
    def seconds(self) -> float | None:
        return self.report["window"]["duration"]["value"]

    def frame(self):
        """The lines as a pandas DataFrame."""
        return frame(list(self))

    def _repr_html_(self) -> str:
        def row(line: dict) -> list[str]:
            attributed = line["attributed_joules"]
            density = line["density"]
            return [line["layer"], line["phase"], line["op"], line["implementation"], si(1e-9 * line["nanoseconds"], "s"),
                    f"{line['macs']:,}", f"{line['macs_skipped']:,}", "" if density is None else f"{density:.3f}",
                    si(line["modelled_joules"], "J"), "unavailable" if attributed is None else si(attributed, "J")]  # fmt: skip

        r = self.report
        caption = f"{r['model']} {r['input']}, {r['mode']}, {r['steps']} steps of {r['batch']}; window: {self.energy}"
        head = ["layer", "phase", "op", "implementation", "time", "MACs", "skipped", "density",
                f"modelled, {r['profile']['name']}", f"attributed by {r['attribution']}"]  # fmt: skip
        return table(head, [row(line) for line in self], caption)


def profile(
    net: Net | str | os.PathLike,
    *,
    input: str = "",
    data: str = "",
    classes: int | None = None,
    batch: int = 32,
    steps: int = 10,
    warmup: int = 2,
    train: bool = False,
    meter: str = "auto",
    idle: float = 5,
    attribute: str = "time",
    cost_model: str = "horowitz45",
    seed: int = 1,
) -> Profile:
    """Runs `steps` passes of `batch` images in one window, and says of every operation what work it did, how long it took,
    what the cost model makes of that, and which share of the measured energy is its own.

    `net` is a Net, or what `joule profile` takes: a built-in name (with `input="28x28x1"` and `classes`), the folder of a
    run, a model.safetensors, an ONNX file, a net as data.  `data` names the images; without it they are standard normal,
    or those of the run.  A Net is profiled as a copy.  `train` profiles training steps.  `meter`, `idle` (seconds, before
    and after; nothing is waited for without a meter), `attribute` (time, model, regression), `cost_model` and `seed` are
    the options of `joule profile`.

    Errors    DataError if there is no such net or data set; ArgumentError for an option that does not fit;
              KeyboardInterrupt on Ctrl-C.  Without a meter the attributed energies are unavailable and say why.
    """
    what = net if isinstance(net, Net) else os.fspath(net)
    text = _core.profile_json(
        what, input=input, data=data, classes=classes, batch=batch, steps=steps, warmup=warmup, train=train, meter=meter,
        idle=idle, attribute=attribute, cost_model=cost_model, seed=seed)  # fmt: skip
    return Profile(json.loads(text))
