"""Lines and dots: how one number follows another. One call, one figure, names written where the eye is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from helpers.show.colors import to_numpy
from helpers.show.figures import show_figure
from helpers.show.fitting import (
    apart,
    beside,
    chart,
    head,
    name_axes,
    pixels,
    scale,
    settle,
    text_size,
    to_points,
    wrapped,
)
from helpers.show.inks import inks
from helpers.show.quantities import NONE, Quantity, number_text, quantity, series

_NAMES = {"fontsize": 10, "fontweight": "bold"}
_WIDE, _HIGH, _SQUARE = 480, 300, 380
_FEW = 12
"""Up to so many points of a line are marked, since each of them was measured."""


@dataclass(frozen=True)
class Line:
    """One line: float `[N]` each; `low` and `high` are None without a band."""

    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None

    @property
    def end(self) -> tuple[float, float] | None:
        """The last point that there is, (x, y)."""
        known = np.flatnonzero(np.isfinite(self.x) & np.isfinite(self.y))
        return (float(self.x[known[-1]]), float(self.y[known[-1]])) if len(known) else None


def curves(lines: Mapping[str, Sequence[Any]], title: str, alt: str, *, x: str, y: str) -> None:
    """Shows lines, each with its name at its end.

    Args:
        lines: `{name: (x, y)}`, or `{name: (x, y, low, high)}` with a band from low to high; float `[N]` each. Where a
            number is missing (nan), the line has a gap; a line without any number has "–" behind its name.
        title: stands over the figure.
        alt: a sentence on what the figure shows, the same on every machine.
        x, y: what the axes are, with their units.

    Raises `ValueError` for no lines, and for what are no numbers, or not equally many.
    """
    read = {name: _line(value, f"lines['{name}']") for name, value in series(lines, "lines", "{name: (x, y)}").items()}
    with chart() as (figure, ax):
        colors = inks(read)
        for name, line in read.items():
            marker = {"marker": "o", "markersize": 4} if len(line.x) <= _FEW else {}
            ax.plot(line.x, line.y, color=colors[name], **marker)
            if line.low is not None:
                ax.fill_between(line.x, line.low, line.high, color=colors[name], alpha=0.18, linewidth=0)
        _range_of_y(ax, read.values())
        _axes(figure, ax, x, y, (_WIDE, _HIGH))
        _name_ends(figure, ax, read, colors)
        head(figure, ax, title)
        words = "; ".join(f"{name}: {_ends(line)}" for name, line in read.items())
        show_figure(alt, f"Lines, {y} over {x}: {', '.join(read)}.", f"{words}.")


def scatter(
    points: Mapping[str, Sequence[Any]], title: str, alt: str, *, x: str, y: str, diagonal: bool = False
) -> None:
    """Shows points: `{name: (x, y)}`, each with its name beside it, or a cloud of them for each name.

    Args:
        points: x and y are numbers, or scores with `value`, `low` and `high` (their intervals are drawn), or float
            `[N]` each for a cloud. A point that lacks a number (nan) is not drawn; its name has "–" behind it.
        title: stands over the figure.
        alt: a sentence on what the figure shows, the same on every machine.
        x, y: what the axes are, with their units.
        diagonal: both axes are alike, with a line where x equals y.

    Raises `ValueError` for no points, and for what are no numbers, or not equally many.
    """
    clouds = {name: _cloud(value, name) for name, value in series(points, "points", "{name: (x, y)}").items()}
    with chart() as (figure, ax):
        colors = inks(clouds)
        for name, (across, up) in clouds.items():
            _draw_cloud(ax, across, up, colors[name])
        if diagonal:
            _draw_diagonal(ax)
        size = (_SQUARE, _SQUARE) if diagonal else (_WIDE, _HIGH)
        _axes(figure, ax, x, y, size)
        ax.margins(0.1)
        settle(figure, ax, *size)
        single = {name: cloud for name, cloud in clouds.items() if len(cloud[0]) == 1 and _drawn(cloud)}
        _name_points(figure, ax, single, colors)
        key = [_entry(name, cloud, colors[name]) for name, cloud in clouds.items() if name not in single]
        head(figure, ax, title, key)
        words = "; ".join(f"{name}: {_cloud_words(cloud)}" for name, cloud in clouds.items())
        show_figure(alt, f"Points, {y} over {x}: {', '.join(clouds)}.", f"{words}.")


# --- lines ---


def _line(value: Any, argument: str) -> Line:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) not in (2, 4):
        raise ValueError(f"{argument}: expected (x, y) or (x, y, low, high), got {value!r}")
    arrays = [to_numpy(each) for each in value]
    shapes = [list(array.shape) for array in arrays]
    if any(array.ndim != 1 or not array.size or array.dtype.kind not in "biuf" for array in arrays):
        raise ValueError(f"{argument}: expected numbers [N] each, got {shapes}")
    if len({array.size for array in arrays}) > 1:
        raise ValueError(f"{argument}: expected equally many numbers, got {shapes}")
    return Line(*(array.astype(float) for array in arrays))


def _range_of_y(ax: Axes, lines: Sequence[Line]) -> None:
    """From 0 if nothing lies below; to 1 if all are shares and some are large."""
    every = [array for line in lines for array in (line.y, line.low, line.high) if array is not None]
    numbers = np.concatenate(every)
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return
    low, high = float(numbers.min()), float(numbers.max())
    if low >= 0:
        ax.set_ylim(0, 1.02 if 0.5 < high <= 1 else 1.05 * high or 1)


def _name_ends(figure: Figure, ax: Axes, lines: dict[str, Line], colors: dict[str, str]) -> None:
    """Each name at the right of the axes, at its line's height, or as near as the others let it."""
    labels = {
        name: wrapped(figure, name if line.end else f"{name} {NONE}", 170, **_NAMES) for name, line in lines.items()
    }
    heights = [text_size(figure, label, **_NAMES)[1] + 3 for label in labels.values()]
    high = max(_HIGH, sum(heights))
    settle(figure, ax, _WIDE, high)
    ends = [line.end or (math.nan, math.nan) for line in lines.values()]
    levels = pixels([end[1] for end in ends], *ax.get_ylim(), high)
    for name, end, level in zip(lines, ends, apart(levels, heights, 0, high), strict=True):
        # From the right edge, wherever that comes to lie while the figure settles.
        ax.annotate(
            labels[name], (1, level / high), (to_points(16), 0), xycoords="axes fraction", textcoords="offset points",
            color=colors[name], ha="left", va="center", annotation_clip=False, **_NAMES,
        )  # fmt: skip
        if lines[name].end:
            begin = pixels([end[0]], *ax.get_xlim(), _WIDE)[0], pixels([end[1]], *ax.get_ylim(), high)[0]
            _lead(ax, begin, (_WIDE + 13, level), colors[name])
    settle(figure, ax, _WIDE, high)


def _ends(line: Line) -> str:
    if line.end is None:
        return NONE
    known = np.flatnonzero(np.isfinite(line.x) & np.isfinite(line.y))
    first, last = ((float(line.x[place]), float(line.y[place])) for place in (known[0], known[-1]))
    return f"from {first[1]:.3g} at {first[0]:.3g} to {last[1]:.3g} at {last[0]:.3g}"


def _axes(figure: Figure, ax: Axes, x: str, y: str, size: tuple[int, int]) -> None:
    name_axes(figure, ax, x, y, *size)
    scale(ax.xaxis, 4)  # a number such as −1,000,000 is wide
    scale(ax.yaxis, 5)
    ax.tick_params(labelsize=9)


# --- names ---

Spot = tuple[float, float]
"""Pixels from the lower left corner of the axes."""


def _lead(ax: Axes, begin: Spot, end: Spot, color: str) -> None:
    """A thin line from a mark to its name; an arrow of matplotlib's would take a hundred times as long."""
    size = ax.get_window_extent().size
    across, up = (np.array([begin, end]) / size).T
    ax.add_line(Line2D(across, up, transform=ax.transAxes, color=color, linestyle=":", linewidth=1.2, clip_on=False))


# --- points ---

Cloud = tuple[list[Quantity], list[Quantity]]


def _cloud(value: Any, name: str) -> Cloud:
    argument = f"points['{name}']"
    if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str) or len(value) != 2:
        raise ValueError(f"{argument}: expected (x, y), got {value!r}")
    across, up = (_quantities(each, argument) for each in value)
    if len(across) != len(up):
        raise ValueError(f"{argument}: expected equally many numbers, got {len(across)} and {len(up)}")
    return across, up


def _quantities(value: Any, argument: str) -> list[Quantity]:
    if hasattr(value, "low") or to_numpy(value).ndim == 0:
        return [quantity(value, argument)]
    return [quantity(each, argument) for each in to_numpy(value)]


def _drawn(cloud: Cloud) -> bool:
    return any(across.known and up.known for across, up in zip(*cloud, strict=True))


def _draw_cloud(ax: Axes, across: list[Quantity], up: list[Quantity], color: str) -> None:
    ax.plot(
        [each.value for each in across], [each.value for each in up], "o", color=color, linestyle="none",
        markersize=8 if len(across) == 1 else 5, alpha=1 if len(across) == 1 else 0.6, markeredgewidth=0,
    )  # fmt: skip
    for x, y in zip(across, up, strict=True):
        ax.plot([x.low, x.high], [y.value, y.value], color=color, linewidth=1.2)
        ax.plot([x.value, x.value], [y.low, y.high], color=color, linewidth=1.2)


def _draw_diagonal(ax: Axes) -> None:
    low, high = (pick(pick(ax.get_xlim()), pick(ax.get_ylim())) for pick in (min, max))
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    ax.plot([low, high], [low, high], color="#8c959f", linewidth=1, linestyle="--", zorder=0)
    ax.set(xlim=(low, high), ylim=(low, high))


def _name_points(figure: Figure, ax: Axes, single: dict[str, Cloud], colors: dict[str, str]) -> None:
    box = ax.get_window_extent()
    labels = {name: wrapped(figure, name, 150, **_NAMES) for name in single}
    marks = [
        (
            pixels([across[0].value], *ax.get_xlim(), box.width)[0],
            pixels([up[0].value], *ax.get_ylim(), box.height)[0],
        )
        for across, up in single.values()
    ]
    sizes = [text_size(figure, label, **_NAMES) for label in labels.values()]
    boxes = beside(marks, [(width + 4, height + 2) for width, height in sizes], (0, 0, box.width, box.height))
    for name, mark, place in zip(single, marks, boxes, strict=True):
        middle = (place[0] + place[2]) / 2, (place[1] + place[3]) / 2
        ax.annotate(
            labels[name], tuple(to_points(each) for each in middle), xycoords="axes points",
            color=colors[name], ha="center", va="center", annotation_clip=False, **_NAMES,
        )  # fmt: skip
        if math.dist(mark, middle) > 30 + max(place[2] - place[0], place[3] - place[1]) / 2:
            _lead(
                ax, mark, (min(max(mark[0], place[0]), place[2]), min(max(mark[1], place[1]), place[3])), colors[name]
            )


def _entry(name: str, cloud: Cloud, color: str) -> Line2D:
    label = name if _drawn(cloud) else f"{name} {NONE}"
    return Line2D([], [], marker="o", linestyle="none", color=color, label=label)


def _cloud_words(cloud: Cloud) -> str:
    if len(cloud[0]) == 1:
        return f"{number_text(cloud[0][0].value, 3)} and {number_text(cloud[1][0].value, 3)}"
    return f"{len(cloud[0])} points"
