# SPDX-License-Identifier: MIT
"""Runs and studies: training into a folder, and reading what lies there."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from joule import _core
from joule._core import ArgumentError, DataError, Meters, Net
from joule._figure import Figure, frame, table
from joule._measure import _meters_of
from joule._nets import load


def _figures(parts: dict) -> dict:
    """An energy of metrics.jsonl as columns: joules, and what they are."""
    columns = {}
    for part, split in parts.items():
        for name in ("gross", "idle", "dynamic"):
            columns[f"{part}_{name}_joules"] = split[name]["value"]
            columns[f"{part}_{name}_quality"] = split[name]["quality"]
        for model, figure in split["modelled"].items():
            columns[f"{part}_modelled_{model}_joules"] = figure["value"]
    return columns


def _flat(epoch: dict) -> dict:
    row = {key: value for key, value in epoch.items() if key not in ("energy", "control", "ranks")}
    for group in ("control", "ranks"):
        for key, value in (epoch.get(group) or {}).items():
            row[f"{group}_{key}"] = value
    return row | _figures(epoch["energy"])


def _json(path: Path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except ValueError as error:
        raise DataError(f"{path}: is not JSON: {error}") from error


class Run:
    """The folder of a training run: `config`, `epochs` (a dict per line of metrics.jsonl), and `summary`, None until it is
    finished (docs/cli.md has the keys)."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.config: dict = _json(folder / "config.json")
        self.epochs: list[dict] = self._read_epochs(folder / "metrics.jsonl")
        self.summary: dict | None = _json(folder / "summary.json") if (folder / "summary.json").exists() else None

    @staticmethod
    def _read_epochs(path: Path) -> list[dict]:
        epochs = []
        if not path.exists():
            return epochs
        *lines, torn = path.read_text(encoding="utf-8").split("\n")  # torn: what a kill left of a line
        for number, line in enumerate(lines, 1):
            try:
                epochs.append(json.loads(line))
            except ValueError as error:
                raise DataError(f"{path}:{number}: is not JSON: {error}") from error
        return epochs

    @property
    def finished(self) -> bool:
        return self.summary is not None

    @property
    def energy(self) -> Figure:
        """Measured, of all epochs with validation and test.  Errors: ArgumentError if the run is not finished."""
        if self.summary is None:
            raise ArgumentError(f"{self.folder}: the run is not finished; its epochs are in run.epochs")
        return Figure.of(self.summary["energy"]["total"]["gross"])

    def net(self) -> Net:
        """The net after the last complete epoch, in evaluation mode."""
        return load(self.folder)

    def frame(self):
        """A row per epoch, as a pandas DataFrame; measured, attributed and modelled energies have columns of their own."""
        return frame([_flat(epoch) for epoch in self.epochs])

    def __repr__(self) -> str:
        state = "finished" if self.finished else "not finished"
        return f"joule.Run({str(self.folder)!r}: {self.config['model']} on {self.config['data']}, {len(self.epochs)} epochs, {state})"

    def _repr_html_(self) -> str:
        head = ["epoch", "loss", "validation accuracy", "test accuracy", "non-zero ReLU outputs", "energy of training"]
        rows = []
        for epoch in self.epochs:
            outputs, validation = epoch["relu_outputs"], epoch["validation_accuracy"]
            rows.append([epoch["epoch"], f"{epoch['train_loss']:.4f}", "" if validation is None else f"{validation:.4f}",
                         f"{epoch['test_accuracy']:.4f}", f"{epoch['relu_outputs_nonzero'] / outputs:.3f}" if outputs else "",
                         str(Figure.of(epoch["energy"]["training"]["gross"]))])  # fmt: skip
        return table(head, rows, repr(self))


def read_run(folder: str | os.PathLike) -> Run:
    """What a run has written, also while it is under way.

    Errors    DataError (path, what is wrong) if the folder holds no run or a file is damaged.
    """
    return Run(Path(folder))


def train(
    out: str | os.PathLike,
    *,
    existing: str = "refuse",
    meter: str | Meters = "none",
    idle: float = 0,
    on_epoch: Callable[[dict], None] | None = None,
    **options,
) -> Run:
    """Trains a net into the folder `out`, as `joule train` does, with its options as keywords:

        run = joule.train("runs/first", data="synthetic", model="lenet5", epochs=2, l0_lambda=0.3)

    `existing` says what to do with a run that is there: refuse, resume, overwrite.  `meter` is as in measure(); `idle`
    seconds before the run tell the idle power.  `on_epoch` gets each line of metrics.jsonl as a dict.

    Errors    ArgumentError and DataError as the program; KeyboardInterrupt on Ctrl-C, which leaves a checkpoint to resume
              from; TrainingError if the loss is no number.
    """
    try:
        text = json.dumps(options)
    except TypeError as error:
        raise ArgumentError(f"train: an option is neither number, text nor truth value: {error}") from error
    meters = None
    if meter != "none":
        meters = _meters_of(meter, fresh=idle > 0)
        if idle > 0:
            meters.measure_idle(idle)
    told = None if on_epoch is None else lambda line: on_epoch(json.loads(line))
    _core.train_run(os.fspath(out), text, existing, meters, told)
    return read_run(out)


def _column(cells: list[str]) -> list:
    """Numbers, if all of its cells are some, else text; None where there is nothing."""
    kind = str
    if all(re.fullmatch(r"-?\d+", cell) for cell in cells if cell):
        kind = int
    elif all(re.fullmatch(r"-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|-?inf", cell) for cell in cells if cell):
        kind = float
    return [kind(cell) if cell else None for cell in cells]


class Study(list):
    """A list with a dict per trial; units and qualities are in the names of the columns, "energy [J, measured]"."""

    def frame(self):
        """The trials as a pandas DataFrame."""
        return frame(list(self))

    def _repr_html_(self) -> str:
        head = list(self[0]) if self else []
        return table(head, [["" if value is None else value for value in trial.values()] for trial in self])


def read_study(path: str | os.PathLike) -> Study:
    """The trials of a study: of the CSV that `joule study export --csv` wrote, or of a study's folder, which the program
    `joule` exports (the one that the environment variable JOULE names, or on the PATH).

    Errors    DataError if there is no such study, or no program to export it.
    """
    path = Path(path)
    if path.is_dir():
        program = os.environ.get("JOULE") or shutil.which("joule")
        if program is None:
            raise DataError(f"{path}: a study is exported by the program joule, which is not on the PATH; name it in the "
                            f"environment variable JOULE, or read the CSV of joule study export {path} --csv FILE")  # fmt: skip
        done = subprocess.run([program, "study", "export", str(path), "--csv", "-"], capture_output=True, text=True)
        if done.returncode != 0:
            raise DataError(f"{path}: {done.stderr.strip()}")
        text = done.stdout
    else:
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise DataError(f"{path}: there is no such file") from None
    head, *rows = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    if "state" not in head:
        raise DataError(f"{path}: is no export of a study: its first line has no column 'state'")
    for number, row in enumerate(rows, 1):
        if len(row) != len(head):
            raise DataError(f"{path}: trial {number} has {len(row)} cells, the head has {len(head)}")
    columns = [_column([row[i] for row in rows]) for i in range(len(head))]
    return Study(dict(zip(head, trial)) for trial in zip(*columns))
