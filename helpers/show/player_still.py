"""The player where no front end runs: its figure with everything lit, and the sentences of its steps below it."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.table import Table

_LINE, _CELL, _GAP = 0.2, (0.24, 0.36), 0.15
"""In inches: the height of a line of text, height and width of a cell, the room around a panel."""
_WIDTH = 9.0
_CHARACTERS = 112  # of a line of that width
_TITLE = 0.3
_INK = "#1f2328"


def draw(info: dict, pixels: bytes) -> np.ndarray:
    """What a `Player` sends to its page, as a picture, uint8 `[H, W, 3]`."""
    lines = [
        part
        for number, step in enumerate(info["steps"], start=1)
        for part in textwrap.wrap(f"{number}. {step['text']}", _CHARACTERS, subsequent_indent="    ")
    ]
    sizes = _sizes(info["panels"])
    width = max(_WIDTH, _GAP + sum(width + _GAP for _, width in sizes))
    tallest = max(height for height, _ in sizes)
    height = _TITLE + tallest + _LINE * (len(lines) + 1)
    figure = Figure(figsize=(width, height), dpi=100, facecolor="white", layout="none")
    canvas = FigureCanvasAgg(figure)
    left, top = _GAP, height - _TITLE
    for panel, (high, wide) in zip(info["panels"], sizes, strict=True):
        ax = figure.add_axes((left / width, (top - high) / height, wide / width, high / height))
        ax.set_title(panel["title"], fontsize=10, fontweight="bold", loc="left", color=_INK)
        ax.axis("off")
        if panel["kind"] == "picture":
            pixels = _draw_picture(ax, panel, pixels)
        else:
            _draw_grid(ax, panel)
        left += wide + _GAP
    below = (top - tallest - 0.5 * _LINE) / height
    figure.text(_GAP / width, below, "\n".join(lines), va="top", fontsize=9.5, color=_INK)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _sizes(panels: list[dict]) -> list[tuple[float, float]]:
    """Height and width of each panel in inches: a cell has one size, and pictures share what is left of the width."""
    grids = {at: _grid_shape(panel) for at, panel in enumerate(panels) if panel["kind"] == "grid"}
    pictures = len(panels) - len(grids)
    left = _WIDTH - _GAP * (len(panels) + 1) - sum(columns * _CELL[1] for _, columns in grids.values())
    share = min(max(left / max(pictures, 1), 2.4), 5.5)
    return [
        (grids[at][0] * _CELL[0], grids[at][1] * _CELL[1])
        if at in grids
        else (share * panel["height"] / panel["width"], share)
        for at, panel in enumerate(panels)
    ]


def _grid_shape(panel: dict) -> tuple[int, int]:
    """Rows and columns of a grid with its heads."""
    return len(panel["cells"]) + bool(panel["columns"]), len(panel["cells"][0]) + bool(panel["rows"])


def _color(tint: list[int]) -> tuple[float, ...]:
    return tuple(channel / 255 for channel in tint)


def _draw_picture(ax: Axes, panel: dict, pixels: bytes) -> bytes:
    """Draws a picture with its marks; returns the bytes that are left for the next panels."""
    height, width = panel["height"], panel["width"]
    count, packed = height * width, -(-height * width // 8)
    image = np.frombuffer(pixels[: 3 * count], np.uint8).reshape(height, width, 3)
    pixels = pixels[3 * count :]
    extent = (0, width, height, 0)
    ax.imshow(image, extent=extent, interpolation="nearest")
    for mark in panel["marks"]:
        if mark["kind"] == "mask":
            bits = np.frombuffer(pixels[:packed], np.uint8)
            pixels = pixels[packed:]
            _draw_mask(ax, np.unpackbits(bits)[:count].reshape(height, width), mark)
        else:
            _draw_mark(ax, mark)
    _write_names(ax, panel["marks"])
    ax.set(xlim=(0, width), ylim=(height, 0))
    return pixels


def _draw_mask(ax: Axes, mask: np.ndarray, mark: dict) -> None:
    color = _color(mark["tint"])
    paint = np.zeros((*mask.shape, 4))
    paint[mask > 0] = (*color, 0.45)
    ax.imshow(paint, extent=(0, mask.shape[1], mask.shape[0], 0), interpolation="nearest")
    enlarged = np.pad(mask.repeat(4, 0).repeat(4, 1), 1)
    rows, columns = ((np.arange(side) - 0.5) / 4 for side in enlarged.shape)
    if mask.any():
        ax.contour(columns, rows, enlarged, levels=[0.5], colors=[color], linewidths=1)


def _draw_mark(ax: Axes, mark: dict) -> None:
    color, at = _color(mark["tint"]), mark["at"]
    effects = [withStroke(linewidth=3.2, foreground="black")]
    if mark["kind"] == "box":
        left, top, right, bottom = at
        corners = ([left, right, right, left, left], [top, top, bottom, bottom, top])
        ax.plot(*corners, color=color, linewidth=1.8, path_effects=effects)
    elif mark["kind"] == "point":
        ax.plot(*at, "o", color=color, markersize=5, markeredgecolor="black")
    else:
        style = {"arrowstyle": "->", "color": color, "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", at[2:], at[:2], arrowprops=style)


def _write_names(ax: Axes, marks: list[dict]) -> None:
    """The names of masks, boxes and points, where they are few enough to be read; that of a point beside it."""
    named = [mark for mark in marks if mark["kind"] != "arrow"]
    upward = [mark["at"][:2] for mark in marks if mark["kind"] == "arrow" and mark["at"][3] < mark["at"][1]]
    for mark in named if len(named) <= 12 else []:
        box = {"facecolor": _color(mark["tint"]), "edgecolor": "none", "boxstyle": "round,pad=0.15"}
        beside = (
            (-11 if mark["at"] in upward else 11) if mark["kind"] == "point" else 0
        )  # off the arrow that starts there
        style = {"fontsize": 8, "fontweight": "bold", "color": "black", "ha": "center", "va": "center", "bbox": box}
        ax.annotate(mark["id"], mark["tag"], (0, beside), textcoords="offset points", annotation_clip=False, **style)


def _draw_grid(ax: Axes, panel: dict) -> None:
    table = Table(ax, bbox=(0, 0, 1, 1))
    rows, columns = panel["rows"], panel["columns"]
    height, width = _grid_shape(panel)

    def write(row: int, column: int, text: str, tint: list[int], share: float) -> None:
        color = tuple(1 - share * (1 - channel) for channel in _color(tint))
        cell = table.add_cell(row, column, 1 / width, 1 / height, text=text, loc="center", facecolor=color)
        cell.set(edgecolor="white", linewidth=1.5)
        cell.get_text().set(fontsize=8, color=_INK)

    for number, head in enumerate(rows):
        write(number + bool(columns), 0, head["id"], head["tint"], 0.45)
    for number, head in enumerate(columns):
        write(0, number + bool(rows), head["id"], head["tint"], 0.45)
    for row, line in enumerate(panel["cells"], start=bool(columns)):
        for column, cell in enumerate(line, start=bool(rows)):
            write(row, column, cell["text"], cell["tint"], 0.55 * abs(cell["shade"]))
    table.auto_set_font_size(False)
    ax.add_table(table)
