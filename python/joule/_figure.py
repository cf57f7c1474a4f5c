# SPDX-License-Identifier: MIT
"""A quantity that says what it is and how sure it is, and how figures and tables are shown."""

from __future__ import annotations

import html
from dataclasses import dataclass, fields

from joule._core import ArgumentError

_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n"), (1e-12, "p"))


def si(value: float, unit: str) -> str:
    """0.00195, "J" as "1.95 mJ"."""
    if value == 0:
        return f"0 {unit}"
    scale, prefix = next((p for p in _PREFIXES if abs(value) >= p[0]), _PREFIXES[-1])
    return f"{value / scale:.4g} {prefix}{unit}"


@dataclass(frozen=True)
class Figure:
    """A number with its unit, the half-width of the interval around it, and how it was obtained.

    `quality` is measured, sampled (power, integrated), attributed (a share of something measured), modelled (counts times
    constants) or unavailable: then `value` is None and `reason` says why.  `uncertainty` is None if none is known, which
    does not mean that the value is exact.
    """

    value: float | None
    unit: str
    uncertainty: float | None
    quality: str
    source: str
    reason: str | None

    @classmethod
    def of(cls, figure: dict) -> Figure:
        """From a figure of Joule's JSON, which may say more."""
        return cls(**{field.name: figure[field.name] for field in fields(cls)})

    @property
    def available(self) -> bool:
        return self.value is not None

    @property
    def interval(self) -> tuple[float, float] | None:
        """(low, high), or None if there is no value or no uncertainty is known."""
        if self.value is None or self.uncertainty is None:
            return None
        return self.value - self.uncertainty, self.value + self.uncertainty

    def __float__(self) -> float:
        """Errors: ArgumentError with the reason if there is no value; it is never 0 instead."""
        if self.value is None:
            raise ArgumentError(f"the figure of {self.source} is unavailable: {self.reason}")
        return self.value

    def __str__(self) -> str:
        if self.value is None:
            return f"unavailable ({self.source}: {self.reason})"
        width = "" if self.uncertainty is None else f" +- {si(self.uncertainty, self.unit)}"
        return f"{si(self.value, self.unit)}{width} ({self.quality}, {self.source})"

    def _repr_html_(self) -> str:
        return html.escape(str(self))


def table(head: list[str], rows: list[list[object]], caption: str = "") -> str:
    """An HTML table; everything in it is escaped."""
    cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    title = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"


def frame(rows: list[dict]):
    """The rows as a pandas DataFrame.  Errors: ImportError that says how to get pandas."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError("frame() needs pandas, which is not installed: pip install pandas") from error
    return pandas.DataFrame(rows)
