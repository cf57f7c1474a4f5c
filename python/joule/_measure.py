# SPDX-License-Identifier: MIT
"""measure(): the energy, the time and the work of any block of code."""

from __future__ import annotations

import json

from joule import _core
from joule._core import ArgumentError, Meters
from joule._figure import Figure, frame, si, table

_open: dict[str, Meters] = {}  # by selection


def _meters_of(selection: str | Meters, fresh: bool = False) -> Meters:
    """Opened once, as calibrating them takes six of their update periods.  A replay begins anew each time."""
    if isinstance(selection, Meters):
        return selection
    if fresh or "replay:" in selection:
        return Meters(selection)
    if selection not in _open:
        _open[selection] = Meters(selection)
    return _open[selection]


def meters(selection: str | Meters = "auto") -> list[dict]:
    """What measure() would read: of each meter its name, scope, status and, if it cannot be read, why and what to do."""
    return json.loads(_meters_of(selection).json())


class Measurement:
    """What a block cost; measure() makes it, and the end of the block fills it."""

    def __init__(self, meters: Meters, idle: float):
        self._meters = meters
        self._idle = idle
        self._measuring: _core.Measuring | None = None
        self._report: dict | None = None

    def __enter__(self) -> Measurement:
        if self._measuring is not None:
            raise ArgumentError("measure: this block has begun already; call joule.measure() anew")
        if self._idle > 0:
            self._meters.measure_idle(self._idle)
        self._measuring = _core.Measuring(self._meters)
        self._measuring.begin()
        return self

    def __exit__(self, *error) -> None:
        self._report = json.loads(self._measuring.end())

    @property
    def report(self) -> dict:
        """Everything, as joule meter --json has it per meter, and the lines of work."""
        if self._report is None:
            raise ArgumentError("measure: the block has not ended; its figures are there behind it")
        return self._report

    @property
    def energy(self) -> Figure:
        """All that the meters' scopes drew meanwhile, whoever drew it."""
        return Figure.of(self.report["gross"])

    @property
    def idle(self) -> Figure:
        """What they would have drawn anyway; unavailable unless the idle power was measured or stated."""
        return Figure.of(self.report["idle"])

    @property
    def dynamic(self) -> Figure:
        """energy - idle."""
        return Figure.of(self.report["dynamic"])

    @property
    def seconds(self) -> float:
        """On the monotonic clock, with or without a meter."""
        return self.report["seconds"]

    @property
    def work(self) -> list[dict]:
        """Of Joule's operations that this thread ran in the block, a line per layer, phase, op and implementation."""
        return self.report["lines"]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the dense algorithms."""
        return sum(line["macs"] for line in self.work)

    @property
    def macs_skippable(self) -> int:
        """Those with a zero operand."""
        return sum(line["macs_skippable"] for line in self.work)

    @property
    def macs_skipped(self) -> int:
        """Those that were not executed for that reason."""
        return sum(line["macs_skipped"] for line in self.work)

    def frame(self):
        """`work` as a pandas DataFrame."""
        return frame(self.work)

    def __repr__(self) -> str:
        if self._report is None:
            return "joule.Measurement(not ended)"
        return f"joule.Measurement(energy={self.energy}, seconds={self.seconds:.4g}, macs={self.macs})"

    def _repr_html_(self) -> str:
        if self._report is None:
            return "<p>not ended</p>"
        rows = [[name, str(figure)] for name, figure in
                (("energy", self.energy), ("idle", self.idle), ("dynamic", self.dynamic))]  # fmt: skip
        rows.append(["time", si(self.seconds, "s")])
        rows += [[f"{m['meter']['name']}, not in the sum: {m['not_in_sum']}", str(Figure.of(m["gross"]))]
                 for m in self.report["meters"] if m["not_in_sum"]]  # fmt: skip
        if self.work:
            rows.append(["MACs", f"{self.macs:,}"])
            rows.append(["with a zero operand", f"{self.macs_skippable:,}"])
            rows.append(["skipped", f"{self.macs_skipped:,}"])
        return table(["", "measured"], rows)


def measure(meter: str | Meters = "auto", *, idle: float = 0, idle_power: float | None = None) -> Measurement:
    """Measures a block of code, Joule's or anybody's:

        with joule.measure() as cost:
            net.predict(images)
        print(cost.energy, cost.seconds, cost.macs_skipped)

    `meter` is a selection (docs/energy.md: auto, rapl, perf, nvml, rocm_smi, replay:FILE, none, ...) or Meters that are open already.
    `idle` seconds before the block, in which nothing should run, tell the idle power; `idle_power` states it in watts.
    The energy is that of the processors, or of the machine if only that can be measured: other programs are in it.  Work
    on a GPU must have ended (synchronise) before the block does.

    Cost      the meters are opened and calibrated at the first call.
    Errors    ArgumentError for another selection.  A meter that cannot be read is no error: the energy is unavailable,
              and says why.
    """
    if idle and idle_power is not None:
        raise ArgumentError(f"measure: idle is {idle} and idle_power {idle_power}; say one of them")
    opened = _meters_of(meter, fresh=bool(idle) or idle_power is not None)
    if idle_power is not None:
        opened.state_idle(idle_power)
    return Measurement(opened, idle)
