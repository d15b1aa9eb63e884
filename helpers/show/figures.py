"""Figures: one look for the whole course, names written on the picture, and a description for who cannot see it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike
from scipy.ndimage import distance_transform_edt

from helpers.categories import VOID, CategorySet
from helpers.labels import Segment, masks_to_boxes
from helpers.show.box_names import name_boxes
from helpers.show.colors import (
    color_instances,
    color_panoptic,
    color_semantic,
    draw_borders,
    enlarge,
    hatch,
    image_bytes,
    label_map,
    shade,
    to_numpy,
)

DPI = 100
PICTURE_WIDTH = 360
"""Pixels that a label map is enlarged to before borders and hatching are drawn, so that these stay thin."""

_TEXT = "#1f2328"
_STYLE = {
    "figure.dpi": DPI,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11,
    "text.color": _TEXT,
    "axes.labelcolor": _TEXT,
    "axes.edgecolor": "#8c959f",
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.axisbelow": True,
    "grid.color": "#e4e7eb",
    "xtick.color": "#57606a",
    "ytick.color": "#57606a",
    "legend.frameon": False,
    "lines.linewidth": 2.2,
    "image.interpolation": "nearest",
    "image.cmap": "viridis",
}
# Seen by a screen reader, takes no room on the screen.
_UNSEEN = "position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap"


def use_style() -> None:
    """Makes every later figure look like the course: call it once, at the top of a lesson.

    What a matplotlibrc of the learner's says is dropped, except for how and where windows open.
    """
    plt.rcdefaults()
    plt.rcParams.update(_STYLE)


@contextmanager
def course_style() -> Iterator[None]:
    """The look of the course for the figures made inside, and for no other."""
    with plt.rc_context():
        use_style()
        yield


def show_figure(alt: str, structure: str = "", values: str = "") -> None:
    """Shows the current figure with a description in words, and closes it; use it in place of `plt.show()`.

    The description goes into the picture's metadata, where nbconvert looks for it, and into its plain text. JupyterLab
    uses neither, so that a paragraph which only a screen reader meets comes before the picture.

    Args:
        alt: a sentence; the same on every machine, since nbval compares the paragraph.
        structure: what kind of figure it is, its axes and series; the same on every machine, too.
        values: the numbers of the figure, in words; they differ, and go into the metadata alone.

    Raises `ValueError` without a description.
    """
    if len(alt.split()) < 3:
        raise ValueError(f"alt: expected a sentence that says what the figure shows, got '{alt}'")
    alt = f"{alt} {structure}".strip()
    figure = plt.gcf()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", pil_kwargs={"optimize": True})
    plt.close(figure)
    paragraph = f'<p style="{_UNSEEN}">Figure: {escape(alt)}</p>'
    display({"text/html": paragraph, "text/plain": f"Figure: {alt}"}, raw=True)
    metadata = {"image/png": {"alt": f"{alt} {values}".strip()}}
    display({"image/png": buffer.getvalue(), "text/plain": alt}, metadata=metadata, raw=True)


def show_image(image: ArrayLike, title: str = "", ax: Axes | None = None) -> Axes:
    """Draws an image (float `[3, H, W]` in 0..1 or uint8 `[H, W, 3]`) and returns its axes."""
    return draw_map(image_bytes(image), title, ax)


def show_labels(
    semantic: ArrayLike, categories: CategorySet, title: str = "", ax: Axes | None = None, names: bool = True
) -> Axes:
    """Draws a semantic map `[H, W]` in its categories' colours, with their `names` in the middle of the regions."""
    semantic = label_map(semantic, "semantic")
    times = _times(semantic.shape)
    colors = enlarge(color_semantic(semantic, categories), times)
    ax = draw_map(hatch(colors, enlarge(semantic == VOID, times)), title, ax, semantic.shape)
    if names:
        write_names(ax, semantic, categories)
    return ax


def show_panoptic(
    panoptic: ArrayLike,
    segments: Sequence[Segment],
    categories: CategorySet,
    title: str = "",
    ax: Axes | None = None,
    instances: bool = False,
) -> Axes:
    """Draws a panoptic map `[H, W]`: stuff in its category's colour, each thing in a shade of it with a white border.

    With `instances` the things alone; the rest is light grey.
    """
    panoptic = label_map(panoptic, "panoptic")
    times = _times(panoptic.shape)
    color = color_instances if instances else color_panoptic
    things = np.where(np.isin(panoptic, [segment.id for segment in segments if segment.isthing]), panoptic, 0)
    colors = enlarge(color(panoptic, segments, categories), times)
    if not instances:
        colors = hatch(colors, enlarge(panoptic == 0, times))
    return draw_map(draw_borders(colors, enlarge(things, times)), title, ax, panoptic.shape)


def show_instances(
    image: ArrayLike,
    instances: Mapping[str, ArrayLike],
    categories: CategorySet,
    title: str = "",
    ax: Axes | None = None,
    boxes: bool = True,
) -> Axes:
    """Draws instances over their picture: each mask in a shade of its category, with its name and score on its box.

    Where a name would be cut or cover another one it stands elsewhere, or nowhere; in small pictures, without the score
    (`box_names.py`).

    Args:
        instances: in torchvision's form: `boxes` `[N, 4]` xyxy, `labels` `[N]`, `masks` bool `[N, H, W]`, and `scores`
            `[N]` where they have any; those of truth, all 1, are not written. What comes first is drawn on top. Without
            `boxes` they are those of the masks.
        boxes: False leaves the boxes out, and what is written on them.
    """
    pixels = image_bytes(image)
    times = _times(pixels.shape)
    colors = enlarge(pixels, times)
    masks, labels = to_numpy(instances["masks"]), to_numpy(instances["labels"]).tolist()
    ink = [shade(categories[label].color, labels[:place].count(label)) for place, label in enumerate(labels)]
    for mask, color in reversed(list(zip(masks, ink, strict=True))):
        mask = enlarge(mask, times)
        colors[mask] = (0.4 * colors[mask] + 0.6 * np.array(color)).astype(np.uint8)
        colors = draw_borders(colors, mask)
    ax = draw_map(colors, title, ax, pixels.shape[:2])
    if boxes:
        frames = _boxes(instances)
        for (left, top, right, bottom), color in zip(frames, ink, strict=True):
            edge, corner = np.array(color) / 255, (left - 0.5, top - 0.5)
            ax.add_patch(Rectangle(corner, right - left, bottom - top, fill=False, edgecolor=edge, linewidth=1.5))
        name_boxes(ax, frames, [categories[label].name for label in labels], _doubts(instances))
    return ax


def name_points(labels: np.ndarray) -> dict[int, tuple[float, float, float]]:
    """Where to write a name into each region of a label map `[H, W]`: its value → (row, column, room).

    The point is the middle of the widest lying ellipse (three times as wide as high, the shape of a word) that fits
    into the region; room is half the ellipse's width in pixels.
    """
    points = {}
    for value in np.unique(labels).tolist():
        inside = np.pad(labels == value, 1)
        distance = distance_transform_edt(inside, sampling=(3, 1))[1:-1, 1:-1]
        room = float(distance.max())
        # Of many equally good points, the one nearest to their middle.
        rows, columns = np.nonzero(distance >= room - 0.5)
        nearest = np.hypot(rows - rows.mean(), columns - columns.mean()).argmin()
        points[value] = (float(rows[nearest]), float(columns[nearest]), room)
    return points


def write_names(ax: Axes, semantic: np.ndarray, categories: CategorySet) -> None:
    """Names inside the regions that are large enough; a legend below the picture for the others."""
    legend = []
    for value, (row, column, room) in name_points(semantic).items():
        known = value < len(categories)
        name = categories[value].name if known else ("void" if value == VOID else str(value))
        color = np.array(categories.palette[value]) / 255
        # 0.028 of the picture's width is about half a letter at this size.
        if room >= 0.016 * semantic.shape[1] * len(name) / 2:
            dark = color @ (0.299, 0.587, 0.114) < 0.55
            ink, halo = ("white", "black") if dark else ("black", "white")
            text = ax.text(column, row, name, color=ink, ha="center", va="center", fontsize=9, fontweight="bold")
            text.set_path_effects([withStroke(linewidth=1.6, foreground=halo, alpha=0.55)])
        else:
            legend.append(Patch(facecolor=color, edgecolor=_TEXT, linewidth=0.6, label=name))
    if legend:
        ax.legend(
            handles=legend, loc="upper left", bbox_to_anchor=(0, -0.01), ncols=4, fontsize=9,
            handlelength=1, handleheight=1, handletextpad=0.5, columnspacing=1.2, borderaxespad=0.2, borderpad=0,
        )  # fmt: skip


def draw_map(colors: np.ndarray, title: str, ax: Axes | None, size: tuple[int, ...] | None = None, **options) -> Axes:
    """Draws colours (or a map with a colour scale) over `size` (H, W) pixels, which are the units of the axes."""
    height, width = size or colors.shape[:2]
    if ax is None:
        _, ax = plt.subplots(figsize=(4.6, 4.6 * height / width + 0.4))
    ax.imshow(colors, extent=(-0.5, width - 0.5, height - 0.5, -0.5), **options)
    ax.set_title(title)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    return ax


def _boxes(instances: Mapping[str, ArrayLike]) -> list[list[float]]:
    """xyxy of each object, that of its mask where no other is given."""
    boxes = instances["boxes"] if "boxes" in instances else masks_to_boxes(torch.as_tensor(instances["masks"]))
    return to_numpy(boxes).tolist()


def _doubts(instances: Mapping[str, ArrayLike]) -> list[str | None]:
    """The score of each object, as it is written; None for each where nobody doubts."""
    scores = to_numpy(instances["scores"]).tolist() if "scores" in instances else []
    return [f"{score:.2f}" for score in scores] if set(scores) - {1.0} else [None] * len(instances["labels"])


def _times(size: tuple[int, ...]) -> int:
    return max(1, round(PICTURE_WIDTH / size[1]))
