"""A matrix as a figure: its numbers in their cells, the darker the more, with names at its sides."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from helpers.show.colors import to_numpy
from helpers.show.figures import show_figure
from helpers.show.fitting import chart, head, settle, text_size, wrapped
from helpers.show.quantities import number_text

_COLORS = "Blues"
_NOTHING = "#d9dde2"
_FRAME = "#b3541e"
_NUMBERS = {"fontsize": 9}
_NAMES = {"fontsize": 10}
_LOWEST = 60  # pixels of a matrix, so that the name of its rows has room


def matrix(
    values: ArrayLike,
    title: str,
    alt: str,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    x: str = "",
    y: str = "",
    framed: Collection[tuple[int, int]] = (),
    digits: int = 2,
    least: float = -math.inf,
    scale: tuple[float, float] = (0, 1),
) -> None:
    """Shows a matrix: every number in its cell, the darker the larger. Where there is none (nan) stands "–".

    Args:
        values: numbers `[R, C]`, NumPy or torch.
        title: stands over the figure.
        alt: a sentence on what the figure shows, the same on every machine.
        rows, columns: a name for each row, at its left, and each column, above it.
        x, y: what the columns and the rows are.
        framed: (row, column) of cells to put a frame around.
        digits: decimals that are written; whole numbers are written as such.
        least: numbers below are not written, and a line under the matrix says so.
        scale: the numbers that are white and darkest.

    Raises `ValueError` for values of another shape or type, names that are not as many, and frames outside.
    """
    array = _read(values, rows, columns, framed)
    texts = np.array([[_text(number, digits, least) for number in row] for row in array.tolist()])
    with chart() as (figure, ax):
        colors = plt.get_cmap(_COLORS).with_extremes(bad=_NOTHING)
        ax.imshow(np.where(np.isfinite(array), array, np.nan), cmap=colors, vmin=scale[0], vmax=scale[1], aspect="auto")
        _write(ax, array, texts, scale)
        for row, column in framed:
            ax.add_patch(Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, fill=False, edgecolor=_FRAME, linewidth=2))
        cell = _name_sides(figure, ax, list(map(str, rows)), list(map(str, columns)), texts)
        note = f"below {number_text(least, digits)}: not written" if (array < least).any() else ""
        width, height = cell[0] * len(columns), max(cell[1] * len(rows), _LOWEST)
        ax.set_ylabel(wrapped(figure, y, height, **_NAMES), **_NAMES)
        ax.set_title(wrapped(figure, x, width, **_NAMES), **_NAMES, fontweight="normal", loc="center")
        ax.set_xlabel(wrapped(figure, note, width, **_NUMBERS), **_NUMBERS, loc="left", color="#57606a")
        settle(figure, ax, width, height)
        head(figure, ax, title)
        of = f" {y} by {x}" if x and y else ""
        structure = f"Matrix{of}: rows {', '.join(map(str, rows))}; columns {', '.join(map(str, columns))}."
        show_figure(alt, structure, _words(array, rows, digits))


def _read(
    values: ArrayLike, rows: Sequence[str], columns: Sequence[str], framed: Collection[tuple[int, int]]
) -> np.ndarray:
    array = to_numpy(values)
    if array.ndim != 2 or not array.size or array.dtype.kind not in "iuf":
        raise ValueError(f"values: expected numbers [R, C], got {array.dtype} {list(array.shape)}")
    for argument, names, count in (("rows", rows, array.shape[0]), ("columns", columns, array.shape[1])):
        if len(names) != count:
            raise ValueError(f"{argument}: expected {count} names, got {len(names)}")
    outside = [cell for cell in framed if not (0 <= cell[0] < array.shape[0] and 0 <= cell[1] < array.shape[1])]
    if outside:
        raise ValueError(f"framed: expected (row, column) within {list(array.shape)}, got {outside[0]}")
    return array


def _text(number: float, digits: int, least: float) -> str:
    return "" if number < least else number_text(number, digits)


def _write(ax: Axes, array: np.ndarray, texts: np.ndarray, scale: tuple[float, float]) -> None:
    dark = scale[0] + 0.55 * (scale[1] - scale[0])
    for (row, column), text in np.ndenumerate(texts):
        ink = "white" if array[row, column] > dark else "#1f2328"
        # All are inside: left out of the layout, which would measure them again and again.
        ax.text(column, row, text, color=ink, ha="center", va="center", in_layout=False, **_NUMBERS)


def _name_sides(
    figure: Figure, ax: Axes, rows: list[str], columns: list[str], texts: np.ndarray
) -> tuple[float, float]:
    """Write the names, those of columns upright where they are wider than a column; the size of a cell in pixels."""
    names = [wrapped(figure, name, 220, **_NAMES) for name in rows]
    height = max(26, *(text_size(figure, name, **_NAMES)[1] + 8 for name in names))
    width = max(34, *(text_size(figure, text, **_NUMBERS)[0] + 12 for text in set(texts.flat)), 240 / len(columns))
    upright = any(text_size(figure, name, **_NAMES)[0] > width - 6 for name in columns)
    tops = [wrapped(figure, name, 160 if upright else width, **_NAMES) for name in columns]
    turned = {"rotation": 90 if upright else 0, **_NAMES}
    width = max([width, *(text_size(figure, name, **turned)[0] + 6 for name in tops)])
    ax.set_xticks(range(len(columns)), tops, **turned)
    ax.set_yticks(range(len(rows)), names, **_NAMES)
    ax.tick_params(length=0, labelcolor="#1f2328", top=True, labeltop=True, bottom=False, labelbottom=False)
    ax.spines[:].set_visible(False)
    return width, height


def _words(array: np.ndarray, rows: Sequence[str], digits: int) -> str:
    """Every number, for the metadata."""
    lines = (
        f"{name}: {' '.join(number_text(number, digits) for number in row)}"
        for name, row in zip(rows, array.tolist(), strict=True)
    )
    return "; ".join(lines) + "."
