"""Bars: numbers side by side, each written on its bar, with how far it can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from helpers.show.figures import show_figure
from helpers.show.fitting import GAP, chart, head, limits, name_axes, scale, settle, text_size, to_points, wrapped
from helpers.show.inks import PLAIN, fixed, inks
from helpers.show.quantities import Quantity, quantity, series

WIDEST = 1000
"""Pixels; more bars than fit into this lie on their side."""

_NUMBERS = {"fontsize": 9}
_NAMES = {"fontsize": 10}
_HALO = [withStroke(linewidth=3.4, foreground="white")]
_WHISKER = {"color": "#1f2328", "linewidth": 1.4, "solid_capstyle": "butt", "path_effects": _HALO}
_LONG = 440  # pixels that bars lying on their side have
_HIGH = 230  # that upright bars have
_BETWEEN = 0.7  # bars, between two groups

Groups = dict[str, dict[str, Quantity]]


def bars(values: Mapping[str, Any], title: str, alt: str, *, unit: str = "", digits: int = 2) -> None:
    """Shows numbers as bars: `{name: number}`, or `{group: {name: number}}` to compare the names group by group.

    A score with `value`, `low` and `high` has its interval as a whisker. A sequence of numbers, one for each seed, is
    drawn as their mean with a dot for each. Where there is no number (nan) stands "–".

    Args:
        values: as above; a name that is missing from a group has no bar there.
        title: stands over the figure.
        alt: a sentence on what the figure shows, the same on every machine.
        unit: of the numbers; stands at their axis.
        digits: decimals that are written; whole numbers are written as such.

    Raises `ValueError` for no values, and for what is no number.
    """
    groups, grouped = _read(values)
    names = list(dict.fromkeys(name for group in groups.values() for name in group))
    with chart() as (figure, ax):
        thick = _thickness(figure, groups, names, digits)
        upright = grouped and thick * _length(groups) <= WIDEST
        draw = _draw_upright if upright else _draw_lying
        colors = inks(names) if grouped else {name: fixed(name) or PLAIN for name in names}
        name_axes(figure, ax, *(("", unit) if upright else (unit, "")), _LONG, _HIGH)
        draw(figure, ax, groups, colors, thick, digits)
        key = [Patch(color=colors[name], label=name) for name in names] if grouped else []
        head(figure, ax, title, key)
        show_figure(alt, _structure(groups, grouped, names, unit), _words(groups, grouped, digits))


def _read(values: Mapping[str, Any]) -> tuple[Groups, bool]:
    """The groups, and whether there are any: names without groups are groups of one."""
    values = series(values, "values", "{name: number} or {group: {name: number}}")
    grouped = [isinstance(value, Mapping) for value in values.values()]
    if any(grouped) != all(grouped):
        raise ValueError("values: expected numbers alone or groups alone, got both")
    if not any(grouped):
        return {name: {name: quantity(value, f"values['{name}']")} for name, value in values.items()}, False
    groups = {
        group: {
            name: quantity(value, f"values['{group}']['{name}']")
            for name, value in series(inside, f"values['{group}']", "{name: number}").items()
        }
        for group, inside in values.items()
    }
    return groups, True


def _length(groups: Groups) -> float:
    """How many bars would fill the axis, with the gaps between the groups."""
    return sum(len(group) for group in groups.values()) + _BETWEEN * len(groups)


def _places(groups: Groups) -> dict[str, list[float]]:
    """The middle of each bar of each group, in bars from the axis' beginning."""
    places, begin = {}, _BETWEEN / 2
    for name, group in groups.items():
        places[name] = [begin + 0.5 + number for number in range(len(group))]
        begin += len(group) + _BETWEEN
    return places


def _thickness(figure: Figure, groups: Groups, names: Sequence[str], digits: int) -> float:
    """Pixels of an upright bar: its number fits on it, and the words of a group's name under the group."""
    widths = [text_size(figure, bar.text(digits), **_NUMBERS)[0] for group in groups.values() for bar in group.values()]
    words = [
        min(90, text_size(figure, word, **_NAMES)[0] + 8) / (len(group) + _BETWEEN)
        for name, group in groups.items()
        for word in name.split()
    ]
    return max(26, 380 / _length(groups), *(width + 2 * GAP for width in widths), *words)


def _draw_upright(figure: Figure, ax: Axes, groups: Groups, colors: dict[str, str], thick: float, digits: int) -> None:
    places = _places(groups)
    all_bars = [bar for group in groups.values() for bar in group.values()]
    height = text_size(figure, "0", **_NUMBERS)[1]
    ax.set_ylim(limits([bar.ends for bar in all_bars], [height + 3 * GAP] * len(all_bars), _HIGH))
    ax.set_xlim(0, _length(groups))
    for name, group in groups.items():
        for place, (series_name, bar) in zip(places[name], group.items(), strict=True):
            _draw_bar(ax, place, bar, colors[series_name], digits, upright=True)
    middles = [sum(group) / len(group) for group in places.values()]
    rooms = [thick * (len(group) + _BETWEEN) - 8 for group in groups.values()]
    labels = [wrapped(figure, name, room, **_NAMES) for name, room in zip(groups, rooms, strict=True)]
    ax.set_xticks(middles, labels, **_NAMES)
    _finish(ax, upright=True)
    settle(figure, ax, thick * _length(groups), _HIGH)


def _draw_lying(figure: Figure, ax: Axes, groups: Groups, colors: dict[str, str], _: float, digits: int) -> None:
    places = _places(groups)
    all_bars = [bar for group in groups.values() for bar in group.values()]
    widths = [text_size(figure, bar.text(digits), **_NUMBERS)[0] for bar in all_bars]
    ax.set_xlim(limits([bar.ends for bar in all_bars], [width + 3 * GAP for width in widths], _LONG))
    ax.set_ylim(_length(groups), 0)
    for name, group in groups.items():
        for place, (series_name, bar) in zip(places[name], group.items(), strict=True):
            _draw_bar(ax, place, bar, colors[series_name], digits, upright=False)
    labels = [wrapped(figure, name, 220, **_NAMES) for name in groups]
    needed = [
        (text_size(figure, label, **_NAMES)[1] + 8) / (len(group) + _BETWEEN)
        for label, group in zip(labels, groups.values(), strict=True)
    ]
    ax.set_yticks([sum(group) / len(group) for group in places.values()], labels, **_NAMES)
    _finish(ax, upright=False)
    settle(figure, ax, _LONG, max(20, *needed) * _length(groups))


def _draw_bar(ax: Axes, place: float, bar: Quantity, color: str, digits: int, upright: bool) -> None:
    """One bar, its whisker or its runs, and beyond them its number."""
    low, high = bar.ends
    down = bar.known and bar.value < 0
    if bar.known:
        (ax.bar if upright else ax.barh)(place, bar.value, 0.86, color=color)
        if math.isfinite(bar.low) and math.isfinite(bar.high):
            whole = [[bar.low, bar.high], [place, place]]
            ax.plot(*(whole[::-1] if upright else whole), **_WHISKER)
        spots = [place + 0.3 * _aside(number, len(bar.runs)) for number in range(len(bar.runs))]
        style = {"s": 22, "color": "#1f2328", "edgecolor": "white", "linewidth": 0.8, "zorder": 3}
        ax.scatter(*((spots, bar.runs) if upright else (bar.runs, spots)), **style)
    away = to_points(GAP + 1) * (-1 if down else 1)
    end = low if down else high
    ax.annotate(
        bar.text(digits), (place, end) if upright else (end, place), (0, away) if upright else (away, 0),
        textcoords="offset points", annotation_clip=False, in_layout=False, **_NUMBERS,
        ha="center" if upright else "right" if down else "left",
        va="center" if not upright else "top" if down else "bottom",
    )  # fmt: skip


def _aside(number: int, count: int) -> float:
    """How far the dot of a run stands from the middle of its bar, from -1 to 1: equal runs stay apart."""
    return 0.0 if count < 2 else 2 * number / (count - 1) - 1


def _finish(ax: Axes, upright: bool) -> None:
    """The axis of the numbers with few marks and lines; that of the names with its line at 0 alone."""
    numbers, names = (ax.yaxis, ax.xaxis) if upright else (ax.xaxis, ax.yaxis)
    scale(numbers, 4)
    ax.tick_params(axis="y" if upright else "x", length=0, labelsize=9)
    ax.tick_params(axis="x" if upright else "y", length=0, labelcolor="#1f2328")
    ax.spines[:].set_visible(False)
    (ax.axhline if upright else ax.axvline)(0, color="#8c959f", linewidth=1)
    names.grid(False)


def _structure(groups: Groups, grouped: bool, names: Sequence[str], unit: str) -> str:
    in_unit = f", in {unit}" if unit else ""
    if not grouped:
        return f"Bars{in_unit}: {', '.join(names)}."
    return f"Bars{in_unit}: {', '.join(names)}, for each of {', '.join(groups)}."


def _words(groups: Groups, grouped: bool, digits: int) -> str:
    """Every number, for the metadata."""
    said = []
    for group, inside in groups.items():
        values = ", ".join(f"{name} {bar.words(digits)}" for name, bar in inside.items())
        said.append(f"{group}: {values}" if grouped else values)
    return "; ".join(said) + "."
