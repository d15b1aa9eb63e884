"""Numbers that a lesson measures: each shown beside the bound that it must keep.

A learned number differs a little from one machine to the next, and a lesson's output is compared with the stored one.
So the number stands between two marks, `AP: ⟨0.636⟩ at least 0.60 ✓`, and the comparison leaves out what is between
them (`tests/nbval.cfg`). Another number passes; a broken bound, ✗ in place of ✓, does not. Nothing else on the line may
depend on the number. `problems` holds stored text against this, and refuses bounds so slack that they cannot break.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from html import unescape
from numbers import Integral, Real
from typing import Any

NEAR = 0.1
"""How far a bound may stand from its number, as a share of the number."""

SPREADS = 3
"""How many spreads it may stand from it, where a spread is known."""

EXEMPT = "times"
"""The unit of ratios of times: how much faster one thing is than another differs too much between machines."""

_NUMBER = r"-?\d[\d,]*(?:\.\d+)?"
_PLACE = re.compile(
    rf"⟨(?P<value>{_NUMBER})⟩(?: ± ⟨(?P<spread>{_NUMBER})⟩)?(?: (?P<unit>\S.*?))?? "
    rf"(?:at least (?P<least>{_NUMBER})|at most (?P<most>{_NUMBER})|between (?P<low>{_NUMBER}) and (?P<high>{_NUMBER}))"
    rf"(?: (?P=unit))? ✓"
)
_TAG = re.compile(r"</?[a-z][^<>]*>")


@dataclass(frozen=True)
class Measured:
    """A number with the bound that it must keep; its text is `⟨0.636⟩ at least 0.60 ✓`.

    Attributes:
        value: whole numbers are shown as such, others with `digits` decimals.
        low, high: the bound; None on the side where there is none.
        unit: stands behind the number; "times" for a ratio of times.
        digits: decimals of the number as it is shown, and as it is judged.
        spread: its standard deviation, over seeds of a training say, where it is known.
    """

    value: int | float
    low: int | float | None
    high: int | float | None
    unit: str = ""
    digits: int = 3
    spread: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the number, as it is shown, keeps its bound; nan and infinity never do."""
        if not math.isfinite(self.value):
            return False
        shown = round(self.value, self.digits)
        return (self.low is None or shown >= self.low) and (self.high is None or shown <= self.high)

    @property
    def number(self) -> str:
        """`⟨0.636⟩`, with the spread and the unit."""
        spread = "" if self.spread is None else f" ± ⟨{self.spread:,.{self.digits}f}⟩"
        return f"⟨{_shown(self.value, self.digits)}⟩{spread}{self._unit}"

    @property
    def bound(self) -> str:
        """`at least 0.60`, with the unit."""
        low, high = (None if end is None else _short(end, self.digits) for end in (self.low, self.high))
        words = f"at most {high}" if low is None else f"at least {low}" if high is None else f"between {low} and {high}"
        return words + self._unit

    @property
    def verdict(self) -> str:
        return "✓" if self.holds else "✗"

    @property
    def _unit(self) -> str:
        return f" {self.unit}" if self.unit else ""

    def __str__(self) -> str:
        return f"{self.number} {self.bound} {self.verdict}"


def within(
    value: Any,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    between: tuple[float, float] | None = None,
    unit: str = "",
    digits: int = 3,
    spread: float | None = None,
) -> Measured:
    """A number with its bound, to stand in a cell of `show.table`.

    Args:
        value: a number of Python's, numpy's or torch's.
        at_least, at_most, between: the bound, written out, not computed; exactly one of the three.
        unit, digits, spread: see `Measured`.

    Raises `ValueError` for a value that is no number, and for no bound or two; not for a broken bound, nan or infinity.
    """
    given = [bound for bound in (at_least, at_most, between) if bound is not None]
    if len(given) != 1:
        raise ValueError(f"bound: expected one of at_least, at_most and between, got {len(given)}")
    low, high = (_bound(end, digits) for end in (between if between is not None else (at_least, at_most)))
    if low is not None and high is not None and low > high:
        raise ValueError(f"between: expected (low, high), got {between}")
    return Measured(_plain(value), low, high, unit, digits, None if spread is None else float(_plain(spread)))


def measured(
    name: str,
    value: Any,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    between: tuple[float, float] | None = None,
    unit: str = "",
    digits: int = 3,
    spread: float | None = None,
) -> None:
    """Print a number and the bound that it keeps, `AP: ⟨0.636⟩ at least 0.60 ✓`, or breaks, ✗; see `within`."""
    bounds = {"at_least": at_least, "at_most": at_most, "between": between}
    print(f"{name}: {within(value, **bounds, unit=unit, digits=digits, spread=spread)}")


def problems(text: str) -> list[str]:
    """What is wrong with the measured numbers in a stored output: plain text, or HTML.

    A broken bound, a marked number without a bound, and a bound too far from its number: further than a tenth of it,
    than one unit of its last digit (a count may be off by one), and than three spreads where a spread is known.
    """
    found = []
    for line in unescape(_TAG.sub("", text)).splitlines():
        if "✗" in line:
            found.append(f"a broken bound: {line.strip()}")
            continue
        found += [problem for match in _PLACE.finditer(line) for problem in _slack(match)]
        if "⟨" in _PLACE.sub("", line):
            found.append(f"a marked number without a bound: {line.strip()}")
    return found


def _slack(match: re.Match[str]) -> list[str]:
    """The ends of a bound that stand too far from their number."""
    if match["unit"] == EXEMPT:
        return []
    value, spread = _read(match["value"]), _read(match["spread"] or "0")
    ends = [_read(end) for end in match.group("least", "most", "low", "high") if end]
    room = max(abs(value) * Decimal(str(NEAR)), Decimal(1).scaleb(value.as_tuple().exponent), SPREADS * spread)
    far = [end for end in ends if abs(end - value) > room]
    return [f"{end} stands too far from its number, more than {room.normalize():f}: {match[0]}" for end in far]


def _read(number: str) -> Decimal:
    return Decimal(number.replace(",", ""))


def _plain(value: Any, argument: str = "value") -> int | float:
    """A number as Python's own int or float."""
    if hasattr(value, "item"):
        with suppress(ValueError, RuntimeError):  # more than one number
            value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{argument}: expected a number, got {value!r}")
    return int(value) if isinstance(value, Integral) else float(value)


def _bound(bound: Any, digits: int) -> int | float | None:
    """A bound with more decimals than the number would stand beside one that looks the same; it was computed, too."""
    if bound is None:
        return None
    bound = _plain(bound, "bound")
    if not math.isfinite(bound) or _decimals(bound) > digits:
        raise ValueError(f"bound: expected a number with at most {digits} decimals, as digits says, got {bound!r}")
    return bound


def _decimals(number: float) -> int:
    return max(0, -Decimal(str(number)).normalize().as_tuple().exponent)


def _shown(value: float, digits: int) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}f}"


def _short(bound: float, digits: int) -> str:
    """A bound as people write it: 7, 0.60, 0.655."""
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:,.{max(_decimals(bound), min(2, digits))}f}"
