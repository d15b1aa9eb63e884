"""What a chart can show as one number: the number itself, a score with its interval, or the runs of several seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from helpers.show.colors import to_numpy

NONE = "–"
"""Written where there is no number: nan, or infinity."""


@dataclass(frozen=True)
class Quantity:
    """A number, how far it can be trusted, and the runs that it is the mean of.

    Attributes:
        value: whole numbers stay such; nan where there is none.
        low, high: its interval; nan where there is none.
        runs: one number for each seed; empty where there was one run.
    """

    value: int | float
    low: float = math.nan
    high: float = math.nan
    runs: tuple[float, ...] = ()

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest of all that is drawn of it; 0 where nothing is."""
        drawn = [each for each in (self.value, self.low, self.high, *self.runs) if math.isfinite(each)]
        return (min(drawn), max(drawn)) if self.known else (0.0, 0.0)

    @property
    def known(self) -> bool:
        return math.isfinite(self.value)

    def text(self, digits: int) -> str:
        """The number as it is written on the figure."""
        return number_text(self.value, digits)

    def words(self, digits: int) -> str:
        """The number with its interval or its runs, for those who cannot see the figure."""
        if self.runs:
            return f"{self.text(digits)} (runs {', '.join(number_text(run, digits) for run in self.runs)})"
        if self.known and math.isfinite(self.low) and math.isfinite(self.high):
            return f"{self.text(digits)} ({number_text(self.low, digits)} to {number_text(self.high, digits)})"
        return self.text(digits)


def number_text(value: float, digits: int) -> str:
    """1,149,687 of a whole number, 0.64 of another, – of none."""
    if not math.isfinite(value):
        return NONE
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}f}"
    return text.replace("-", "−")


def number(value: Any, argument: str) -> int | float:
    """A number of Python's, numpy's or torch's as Python's own; raises `ValueError` for anything else."""
    array = to_numpy(value)
    if array.size != 1 or array.dtype.kind not in "iuf":
        raise ValueError(f"{argument}: expected a number, got {value!r}")
    plain = array.item()
    return int(plain) if isinstance(plain, Integral) else float(plain)


def quantity(value: Any, argument: str) -> Quantity:
    """What came as one number of a chart.

    Args:
        value: a number; an object with `value`, `low` and `high`, such as `evaluation.Score`; or a sequence of numbers,
            one for each seed, which stands for its mean.
        argument: what the errors call it.

    Raises `ValueError` for anything else, and for an empty sequence.
    """
    if all(hasattr(value, name) for name in ("value", "low", "high")):
        return Quantity(*(number(getattr(value, name), f"{argument}.{name}") for name in ("value", "low", "high")))
    if isinstance(value, str | Mapping) or not (isinstance(value, Real | Iterable) or hasattr(value, "item")):
        raise ValueError(f"{argument}: expected a number, a score or numbers, got {value!r}")
    array = to_numpy(value)
    if array.ndim == 0:
        return Quantity(number(value, argument))
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iuf":
        raise ValueError(f"{argument}: expected a number, a score or numbers, got {value!r}")
    return Quantity(float(np.mean(array)), runs=tuple(float(run) for run in array))


def series(values: Any, argument: str, expected: str) -> dict[str, Any]:
    """A mapping with at least one name, the names as text; raises `ValueError` for anything else."""
    if not isinstance(values, Mapping) or not values:
        raise ValueError(f"{argument}: expected {expected}, got {values!r}")
    return {str(name): value for name, value in values.items()}
