"""Room for what is written: charts whose names and numbers are all inside the figure, and none on another.

A chart says how many pixels its axes shall have; the figure grows around them until its words fit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from scipy.optimize import isotonic_regression

from helpers.show.figures import DPI, course_style

GAP = 4
"""Pixels between a mark and the word beside it."""

Box = tuple[float, float, float, float]
"""Left, bottom, right and top, in pixels."""


@contextmanager
def chart() -> Iterator[tuple[Figure, Axes]]:
    """A new figure in the look of the course, closed if what draws it fails. A $ in a name is a dollar."""
    with course_style(), plt.rc_context({"text.parse_math": False}):
        figure, ax = plt.subplots()
        try:
            yield figure, ax
        finally:
            plt.close(figure)


def to_points(pixels: float) -> float:
    """Pixels of our figures in typographic points."""
    return pixels * 72 / DPI


def text_size(figure: Figure, text: str, **style: Any) -> tuple[float, float]:
    """Width and height of a text in pixels."""
    drawn = figure.text(0, 0, text, **style)
    box = drawn.get_window_extent()
    drawn.remove()
    return box.width, box.height


def wrapped(figure: Figure, text: str, width: float, **style: Any) -> str:
    """A text in lines of at most `width` pixels, broken between words, and within a word that is wider than a line."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if text_size(figure, longer, **style)[0] <= width:
            lines[-1] = longer
            continue
        first, *rest = _pieces(figure, word, width, **style)
        lines += [first, *rest] if lines[-1] else [first, *rest]
    return "\n".join(line for line in lines if line)


def _pieces(figure: Figure, word: str, width: float, **style: Any) -> list[str]:
    """A word in pieces of at most `width` pixels, of one letter at least."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and text_size(figure, pieces[-1] + letter, **style)[0] > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def name_axes(figure: Figure, ax: Axes, x: str, y: str, width: float, height: float) -> None:
    """What the axes are, in lines no longer than the axes will be."""
    ax.set_xlabel(wrapped(figure, x, width, fontsize=11))
    ax.set_ylabel(wrapped(figure, y, height, fontsize=11))


def settle(figure: Figure, ax: Axes, width: float, height: float) -> None:
    """Give the axes `width` × `height` pixels, and the figure what stands around them."""
    figure.set_size_inches((width + 600) / DPI, (height + 600) / DPI)  # room for whatever stands around
    for _ in range(8):  # what stands around moves with the marks of the axes; three are enough, most often
        figure.draw_without_rendering()
        box = ax.get_window_extent()
        more = np.array([width - box.width, height - box.height])
        if np.abs(more).max() < 1:
            break
        figure.set_size_inches(np.ceil(figure.get_size_inches() * DPI + more) / DPI)


def head(figure: Figure, ax: Axes, title: str, key: Sequence[Artist] = ()) -> None:
    """The title, and under it the names of the series, where they do not stand in the picture; after `settle`."""
    box = ax.get_window_extent()
    if key:
        for artist in key:
            artist.set_label(wrapped(figure, artist.get_label(), box.width - 40, fontsize=10))
        for columns in range(len(key), 0, -1):
            legend = ax.legend(
                handles=_by_lines(key, columns), ncols=columns, loc="lower left", bbox_to_anchor=(0, 1), fontsize=10,
                handlelength=1, handleheight=1, handletextpad=0.5, columnspacing=1.4, borderaxespad=0.3, borderpad=0,
            )  # fmt: skip
            if legend.get_window_extent().width <= box.width:
                break
    room = figure.bbox.width - 16
    words = wrapped(figure, title, room, fontsize=12, fontweight="bold")
    figure.suptitle(words, x=to_points(8) / to_points(figure.bbox.width), ha="left", fontsize=12, fontweight="bold")
    settle(figure, ax, box.width, box.height)


def _by_lines(key: Sequence[Artist], columns: int) -> list[Artist]:
    """In the order in which a legend, that fills one column after another, is read line by line."""
    return [artist for column in range(columns) for artist in key[column::columns]]


def scale(axis: Axis, marks: int) -> None:
    """Few marks at round numbers, written out: a factor such as 1e6 would stand at the end of the axis, on the key."""
    axis.set_major_locator(MaxNLocator(marks, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}".replace("-", "−")))
    axis.grid(True)


def limits(ends: Sequence[tuple[float, float]], rooms: Sequence[float], length: float) -> tuple[float, float]:
    """Where an axis of `length` pixels begins and ends, so that beyond each end its label has room, and 0 is inside.

    Args:
        ends: the lowest and the highest number of each mark.
        rooms: pixels for its label, below the lowest where that is the further from 0, else above the highest.
        length: larger than three of the rooms.
    """
    low, high = min([0.0, *(end for end, _ in ends)]), max([0.0, *(end for _, end in ends)])
    if high == low:
        high = 1.0
    lowest, highest = low, high
    for _ in range(60):  # each step of the way is at most two thirds of the last
        pixel = (high - low) / length
        low = min([lowest, *(end - room * pixel for (end, _), room in zip(ends, rooms, strict=True) if end < 0)])
        high = max([highest, *(end + room * pixel for (_, end), room in zip(ends, rooms, strict=True) if end >= 0)])
    return low, high


def apart(centres: Sequence[float], sizes: Sequence[float], low: float, high: float) -> list[float]:
    """New centres of intervals of these `sizes`, none on another and all within `low` to `high`, moved little.

    The sum of the squared moves is least (isotonic regression), before what sticks out is pushed inside.
    """
    order = np.argsort(centres, kind="stable")
    sizes_up = np.asarray(sizes, float)[order]
    before = np.cumsum(sizes_up) - sizes_up / 2  # the centres, packed from 0
    free = isotonic_regression(np.asarray(centres, float)[order] - before).x
    moved = np.empty(len(order))
    moved[order] = np.clip(free, low, max(low, high - sizes_up.sum())) + before
    return moved.tolist()


def beside(marks: Sequence[tuple[float, float]], sizes: Sequence[tuple[float, float]], area: Box) -> list[Box]:
    """A place for the name of each mark: near it, inside the area, on no other name, and if there is room on no mark.

    Marks and sizes (width, height) in pixels.
    """
    taken: list[Box] = []
    dots = [(x - 5, y - 5, x + 5, y + 5) for x, y in marks]
    for (x, y), size in zip(marks, sizes, strict=True):
        inside = [box for box in _around(x, y, *size) if _holds(area, box)] + list(_everywhere(area, *size))
        free = [box for box in inside if not any(_touch(box, other) for other in taken)]
        clear = [box for box in free if not any(_touch(box, dot) for dot in dots)]
        taken.append((clear or free or inside)[0])
    return taken


def _around(x: float, y: float, width: float, height: float) -> Iterator[Box]:
    """Boxes beside a mark, the nearest first: right, left, above, below, then aslant."""
    for far in (8, 16, 28, 44, 64, 90):
        for right, up in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)):
            middle = x + right * (far + width / 2), y + up * (far + height / 2)
            yield _box(*middle, width, height)


def _everywhere(area: Box, width: float, height: float) -> Iterator[Box]:
    left, bottom, right, top = area
    for x in np.arange(left + width / 2, right - width / 2, 12):
        for y in np.arange(bottom + height / 2, top - height / 2, height / 2 + 1):
            yield _box(x, y, width, height)


def _box(x: float, y: float, width: float, height: float) -> Box:
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _holds(area: Box, box: Box) -> bool:
    return area[0] <= box[0] and area[1] <= box[1] and box[2] <= area[2] and box[3] <= area[3]


def pixels(values: Sequence[float], low: float, high: float, length: float) -> list[float]:
    """Where numbers lie on an axis of `length` pixels from `low` to `high`; 0 pixels where there is none."""
    return [(value - low) / (high - low) * length if math.isfinite(value) else 0.0 for value in values]
