"""The linked view where no front end runs: all predictions, at the lowest IoU threshold, with nothing selected."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

_INK, _SOFT, _LINE = "#1f2328", "#57606a", "#d0d7de"
_DASHES = {"hit": "solid", "double": "dashed", "wrong": "dotted", "missed": "solid"}
_SIGNS = {"hit": "✓", "double": "2×", "wrong": "?", "missed": "✗"}
_TIMES = 4  # how much masks are enlarged, so that an outline goes around pixels


def draw(info: dict, pixels: bytes) -> np.ndarray:
    """What a `LinkedMatches` sends to its page, as a picture, uint8 `[H, W, 3]`."""
    upper = max(4, 0.25 * (len(info["predictions"]) + 2))  # inches, so that many rows can be read
    figure = Figure(figsize=(10, upper + 3), dpi=100, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    names = [["picture", "matrix"], ["curve", "words"]]
    panels = figure.subplot_mosaic(names, width_ratios=[39, 57], height_ratios=[upper, 3], gridspec_kw=_PLACE)
    image, masks = unpack(info, pixels)
    draw_picture(panels["picture"], info, image, masks)
    draw_matrix(panels["matrix"], info)
    draw_curve(panels["curve"], info)
    write(panels["words"], info)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


_PLACE = {"left": 0.055, "right": 0.99, "bottom": 0.07, "top": 0.93, "wspace": 0.06, "hspace": 0.22}


def unpack(info: dict, pixels: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The picture, uint8 `[H, W, 3]`, and the masks of predictions and true objects, bool `[N + M, H, W]`."""
    height, width = info["height"], info["width"]
    data = np.frombuffer(pixels, np.uint8)
    image, packed = data[: 3 * height * width], data[3 * height * width :]
    count = len(info["predictions"]) + len(info["objects"])
    bits = np.unpackbits(packed.reshape(count, -(-height * width // 8)), axis=1)[:, : height * width]
    return image.reshape(height, width, 3), bits.reshape(count, height, width).astype(bool)


def draw_picture(ax: Axes, info: dict, image: np.ndarray, masks: np.ndarray) -> None:
    """The outlines of the predictions, and of the true objects that are missed."""
    _title(ax, "The street")
    ax.imshow(image, extent=(0, info["width"], info["height"], 0), interpolation="nearest")
    level, count = info["levels"][0], len(info["predictions"])
    marks = [(f"{at + 1}", kind, masks[at]) for at, kind in enumerate(level["kinds"])]
    for at, each in enumerate(info["objects"]):
        if at not in level["found"]:
            marks.append((f"{each['category']} {each['number']}", "missed", masks[count + at]))
    for name, kind, mask in marks:
        if mask.any():
            _draw_mask(ax, mask, kind, info)
            _name(ax, mask, f"{name} {_SIGNS[kind]}" if kind != "hit" else name, kind, info)
    ax.set(xlim=(0, info["width"]), ylim=(info["height"], 0), xticks=[], yticks=[], anchor="NW")


def _draw_mask(ax: Axes, mask: np.ndarray, kind: str, info: dict) -> None:
    color = _color(info, kind)
    enlarged = np.pad(mask.repeat(_TIMES, 0).repeat(_TIMES, 1), 1)
    rows, columns = ((np.arange(side) - 0.5) / _TIMES for side in enlarged.shape)
    stripes = np.add.outer(rows, columns) % 4 < 1.6
    paint = np.zeros((*enlarged.shape, 4))
    paint[enlarged & stripes if kind == "missed" else enlarged] = (*color, 1 if kind == "missed" else 0.28)
    extent = (columns[0], columns[-1], rows[-1], rows[0])
    ax.imshow(paint, extent=extent, interpolation="nearest")
    for style in ({"colors": "black", "linewidths": 2.6}, {"colors": [color], "linestyles": _DASHES[kind]}):
        ax.contour(columns, rows, enlarged, levels=[0.5], **{"linewidths": 1.4} | style)


def _name(ax: Axes, mask: np.ndarray, name: str, kind: str, info: dict) -> None:
    """Over the first row of a mask; below the last one of a false positive, which often lies over a hit."""
    false = kind in ("double", "wrong")
    row = mask.any(1).nonzero()[0][-1 if false else 0]
    column = mask[row].nonzero()[0].mean() + 0.5
    below = row + false < 0.9 * len(mask) if false else row < 0.06 * len(mask)
    box = {"facecolor": _color(info, kind), "edgecolor": "none", "boxstyle": "round,pad=0.12"}
    style = {"fontsize": 6.5, "fontweight": "bold", "ha": "center", "va": "top" if below else "bottom", "color": _INK}
    ax.text(column, row + false, name, bbox=box, **style)


def draw_matrix(ax: Axes, info: dict) -> None:
    """The IoU matrix, the cell that decides framed in each row."""
    _title(ax, "IoU of each prediction with each true object")
    level, predictions, objects = info["levels"][0], info["predictions"], info["objects"]
    ax.set(xlim=(-3.6, max(len(objects), 1)), ylim=(max(len(predictions), 1), -1.9))
    ax.axis("off")
    for column, each in enumerate(objects):
        kind = "hit" if column in level["found"] else "missed"
        if each["number"] == 1:
            _text(ax, column + 0.1, -1.4, each["category"], ha="left", color=_SOFT)
        _cell(ax, column, -1, f"{each['number']}{_SIGNS[kind]}", _tinted(info, kind))
    for row, (each, kind, found) in enumerate(zip(predictions, level["kinds"], level["found"], strict=True)):
        _cell(ax, -3.6, row, "", _tinted(info, kind), width=3.6)
        _text(ax, -3.5, row + 0.5, f"{row + 1}  {_SIGNS[kind]}  {each['category']}", ha="left")
        _text(ax, -0.1, row + 0.5, f"{each['score']:.3f}", ha="right")
        decides = found if found >= 0 else each["best"]
        for column in range(len(objects)):
            _draw_cell(ax, info, row, column, kind if column == decides else "")


def _draw_cell(ax: Axes, info: dict, row: int, column: int, frame: str) -> None:
    """One IoU; grey where the categories differ, framed if it decides what the prediction is."""
    iou, text = info["ious"][row][column], info["texts"][row][column]
    other = info["predictions"][row]["category"] != info["objects"][column]["category"]
    text = text if iou else "" if other else "0"
    _cell(ax, column, row, text, "#eceef0" if other else _mix(_color(info, "hit"), 0.6 * iou), bold=bool(frame))
    if frame:
        dark = tuple(0.65 * channel for channel in _color(info, frame))
        style = {"edgecolor": dark, "linestyle": _DASHES[frame], "linewidth": 1.8}
        ax.add_patch(Rectangle((column + 0.04, row + 0.06), 0.92, 0.88, facecolor="none", **style))


def draw_curve(ax: Axes, info: dict) -> None:
    """Precision and recall after each prediction."""
    _title(ax, "Precision and recall after each prediction")
    if info["curve"]:
        ax.plot(*zip(*info["curve"], strict=True), color=_SOFT, linewidth=0.8, label="many streets")
        ax.legend(loc="lower left", fontsize=8, frameon=False)
    kinds = info["levels"][0]["kinds"]
    hits = np.cumsum([kind == "hit" for kind in kinds])
    if len(hits) and info["objects"]:
        recall, precision = hits / len(info["objects"]), hits / np.arange(1, len(hits) + 1)
        ax.plot(recall, precision, color=_INK, linewidth=1)
        for kind, marker in (("hit", "o"), ("double", "s"), ("wrong", "^")):
            those = [each == kind for each in kinds]
            style = {"color": _color(info, kind), "markeredgecolor": _INK, "markersize": 6}
            ax.plot(recall[those], precision[those], marker, clip_on=False, zorder=3, **style)
    ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    ax.set_xlabel("recall", color=_SOFT, fontsize=9, labelpad=0)
    ax.set_ylabel("precision", color=_SOFT, fontsize=9, labelpad=0)
    ax.tick_params(labelsize=8, colors=_SOFT)
    ax.grid(color=_LINE)


def write(ax: Axes, info: dict) -> None:
    """How many there are of each kind, and precision and recall as sums of them."""
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.axis("off")
    kinds, objects = info["levels"][0]["kinds"], len(info["objects"])
    hit, double, wrong = (kinds.count(kind) for kind in ("hit", "double", "wrong"))
    missed = objects - hit
    names = {"hit": "hit*", "double": "double*", "wrong": "other false positive*", "missed": "missed"}
    counts = {"hit": hit, "double": double, "wrong": wrong, "missed": missed}
    for place, (kind, count) in enumerate(counts.items()):
        y = 0.92 - 0.13 * place
        box = {"facecolor": _color(info, kind), "edgecolor": "black", "linestyle": _DASHES[kind], "linewidth": 1}
        ax.add_patch(Rectangle((0, y - 0.04), 0.05, 0.08, **box))
        _text(
            ax,
            0.07,
            y,
            f"{_SIGNS[kind]} {count} {names[kind].replace('*', '' if count == 1 else 's')}",
            ha="left",
            fontsize=10,
        )
    precision = f"precision = hits / predictions = {hit} / ({hit} + {double} + {wrong}) = {_share(hit, len(kinds))}"
    recall = f"recall = hits / true objects = {hit} / ({hit} + {missed}) = {_share(hit, objects)}"
    threshold = f"IoU threshold {info['levels'][0]['threshold']:.2f}, all predictions"
    for place, line in enumerate((threshold, precision, recall)):
        _text(ax, 0, 0.32 - 0.13 * place, line, ha="left", fontsize=10)


def _share(part: int, whole: int) -> str:
    return f"{part} / {whole} = {part / whole:.2f}" if whole else f"{part} / {whole} = undefined"


def _title(ax: Axes, title: str) -> None:
    ax.set_title(title, fontsize=10, fontweight="bold", loc="left", color=_INK)


def _cell(ax: Axes, x: float, y: float, text: str, color: object, width: float = 1, bold: bool = False) -> None:
    ax.add_patch(Rectangle((x + 0.04, y + 0.06), width - 0.08, 0.88, facecolor=color, edgecolor="none"))
    _text(ax, x + width / 2, y + 0.5, text, fontweight="bold" if bold else "normal")


def _text(ax: Axes, x: float, y: float, text: str, **style: object) -> None:
    ax.text(x, y, text, **{"fontsize": 7.5, "ha": "center", "va": "center", "color": _INK} | style)


def _color(info: dict, kind: str) -> tuple[float, ...]:
    return tuple(channel / 255 for channel in info["colors"][kind])


def _tinted(info: dict, kind: str) -> tuple[float, ...]:
    return _mix(_color(info, kind), 0.38)


def _mix(color: tuple[float, ...], share: float) -> tuple[float, ...]:
    """A colour over a very light grey."""
    return tuple(share * channel + (1 - share) * grey for channel, grey in zip(color, to_rgb("#f3f4f6"), strict=True))
