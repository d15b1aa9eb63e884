"""The player where no front end runs: its figure with everything lit, and the sentences of its steps below it."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.table import Table

_INCH_OF_LINE = 0.2
_WIDTH = 9.0  # inches
_CHARACTERS = 112  # of a line of that width
_INK = "#1f2328"


def draw(info: dict, pixels: bytes) -> np.ndarray:
    """What a `Player` sends to its page, as a picture, uint8 `[H, W, 3]`."""
    lines = [
        part
        for number, step in enumerate(info["steps"], start=1)
        for part in textwrap.wrap(f"{number}. {step['text']}", _CHARACTERS, subsequent_indent="    ")
    ]
    panels = info["panels"]
    widths = [panel["width"] / panel["height"] if panel["kind"] == "picture" else _aspect(panel) for panel in panels]
    height = min(max(_WIDTH / sum(widths), 1.6), 4.5)
    below = _INCH_OF_LINE * (len(lines) + 0.7)
    figure = Figure(figsize=(_WIDTH, height + 0.4 + below), dpi=100, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    bottom = below / figure.get_figheight()
    edges = {"left": 0.01, "right": 0.99, "bottom": bottom, "top": 1 - 0.3 / figure.get_figheight()}
    grid = figure.add_gridspec(1, len(panels), width_ratios=widths, wspace=0.06, **edges)
    for place, panel in zip(grid, panels, strict=True):
        ax = figure.add_subplot(place)
        ax.set_title(panel["title"], fontsize=10, fontweight="bold", loc="left", color=_INK)
        ax.axis("off")
        if panel["kind"] == "picture":
            pixels = _draw_picture(ax, panel, pixels)
        else:
            _draw_grid(ax, panel)
    figure.text(0.01, bottom - 0.1 / figure.get_figheight(), "\n".join(lines), va="top", fontsize=9.5, color=_INK)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _aspect(panel: dict) -> float:
    """How wide a grid is for its height."""
    height, width = len(panel["cells"]), len(panel["cells"][0])
    return 1.4 * (width + bool(panel["rows"])) / (height + bool(panel["columns"]))


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
    """The names of masks, boxes and points, where they are few enough to be read."""
    named = [mark for mark in marks if mark["kind"] != "arrow"]
    for mark in named if len(named) <= 12 else []:
        box = {"facecolor": _color(mark["tint"]), "edgecolor": "none", "boxstyle": "round,pad=0.15"}
        ax.text(
            *mark["tag"], mark["id"], fontsize=8, fontweight="bold", color="black", ha="center", va="center", bbox=box
        )


def _draw_grid(ax: Axes, panel: dict) -> None:
    table = Table(ax, bbox=(0, 0, 1, 1))
    rows, columns = panel["rows"], panel["columns"]
    height, width = len(panel["cells"]) + bool(columns), len(panel["cells"][0]) + bool(rows)

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
