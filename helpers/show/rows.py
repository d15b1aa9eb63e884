"""Pictures side by side: an image, what was found in it, what is true."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from helpers.categories import STREET, CategorySet
from helpers.labels import Panoptic, panoptic_to_semantic
from helpers.show.colors import to_numpy
from helpers.show.figures import (
    course_style,
    draw_map,
    show_figure,
    show_image,
    show_instances,
    show_labels,
    show_panoptic,
    write_names,
)

Picture = ArrayLike | Mapping[str, Any] | Panoptic | Callable[[Axes], object]
"""What a row can show: an image, instances, a panoptic map, a semantic map, a mask, a heat map; or a function that
draws into given axes."""

MOST = 5
"""Pictures in a line; more go on in a second line."""

_EXPECTED = (
    "an image, instances, a panoptic map, a mask, a heat map, a function of axes, or with `categories` a semantic map"
)


def row(*pictures: Picture, titles: Sequence[str], alt: str = "", categories: CategorySet = STREET) -> None:
    """Shows pictures side by side: `show.row(scene.image, found, scene.instances, titles=["street", "found", "true"])`.

    Args:
        pictures: each an image (float `[3, H, W]` in 0..1 or uint8 `[H, W, 3]`); instances, drawn over the image that
            comes first in the row; a `Panoptic`; a semantic map (integers `[H, W]`); a mask (bool `[H, W]`); or a heat
            map (float `[H, W]`), whose colours run from 0 to 1 if its numbers do.
        titles: one for each picture.
        alt: what the figure shows, in a sentence, the same on every machine; by default the titles, one after another.
        categories: the vocabulary of the maps and instances.

    Raises `ValueError` if the numbers of pictures and titles differ, a picture is none of these, or there are instances
    and no image.
    """
    show_row(pictures, titles, alt or f"Side by side: {'; '.join(titles)}.", categories)


def show_row(
    pictures: Sequence[Picture], titles: Sequence[str], alt: str, categories: CategorySet | None = None
) -> None:
    """The same as `row` for a list of pictures, which may hold functions that draw into the axes they are given."""
    if not pictures or len(pictures) != len(titles):
        raise ValueError(f"titles: expected one for each of the {len(pictures)} pictures, got {len(titles)}")
    lines = math.ceil(len(pictures) / MOST)
    columns = math.ceil(len(pictures) / lines)
    image = next((picture for picture in pictures if _is_image(picture)), None)
    with course_style():
        figure, axes = plt.subplots(lines, columns, figsize=(min(3.8 * columns, 11.4), 3.2 * lines), squeeze=False)
        try:
            for ax in axes.flat[len(pictures) :]:
                ax.remove()
            for ax, picture, title in zip(axes.flat, pictures, titles, strict=False):
                _draw_any(picture, title, ax, categories, image)
            _trim(lines, axes.flat[: len(pictures)])
            show_figure(alt)
        finally:
            plt.close(figure)


def _trim(lines: int, axes: Sequence[Axes]) -> None:
    """Make the figure as high as its pictures need, so that no white bands stand above and below."""
    figure = plt.gcf()
    figure.canvas.draw()
    tallest = max(ax.get_tightbbox().height for ax in axes) / figure.dpi
    figure.set_figheight(lines * (tallest + 0.15))


def _is_image(picture: Picture) -> bool:
    return getattr(picture, "ndim", 0) == 3


def _draw_any(picture: Picture, title: str, ax: Axes, categories: CategorySet | None, image: Any) -> None:
    if callable(picture) and not hasattr(picture, "shape"):
        picture(ax)
        ax.set_title(title)
    elif isinstance(picture, Mapping):
        _draw_instances(picture, title, ax, categories, image)
    elif isinstance(picture, Panoptic):
        _draw_panoptic(picture, title, ax, categories)
    else:
        _draw_array(to_numpy(picture), title, ax, categories)


def _draw_instances(
    instances: Mapping[str, Any], title: str, ax: Axes, categories: CategorySet | None, image: Any
) -> None:
    if image is None or categories is None or not {"masks", "labels"} <= set(instances):
        raise ValueError(
            "pictures: expected instances with masks and labels, an image to draw them on, and categories; "
            f"got {', '.join(instances)} and {'an' if image is not None else 'no'} image"
        )
    show_instances(image, instances, categories, title, ax, boxes="boxes" in instances)


def _draw_panoptic(panoptic: Panoptic, title: str, ax: Axes, categories: CategorySet | None) -> None:
    if categories is None:
        raise ValueError("categories: expected a vocabulary for the panoptic map, got None")
    show_panoptic(*panoptic, categories, title, ax)
    write_names(ax, to_numpy(panoptic_to_semantic(*panoptic)), categories)


def _draw_array(array: np.ndarray, title: str, ax: Axes, categories: CategorySet | None) -> None:
    if array.ndim == 3:
        show_image(array, title, ax)
    elif array.ndim == 2 and array.dtype == bool:
        draw_map(array, title, ax, cmap="gray", vmin=0, vmax=1)
    elif array.ndim == 2 and array.dtype.kind == "f":
        _draw_heat(array, title, ax)
    elif categories is not None:
        show_labels(array, categories, title, ax)
    else:
        raise ValueError(f"pictures: expected {_EXPECTED}; got {array.dtype} {list(array.shape)}")


def _draw_heat(heat: np.ndarray, title: str, ax: Axes) -> None:
    """A heat map with the scale of its colours beside it."""
    shares = heat.size and np.nanmin(heat) >= 0 and np.nanmax(heat) <= 1
    draw_map(heat, title, ax, **({"vmin": 0, "vmax": 1} if shares else {}))
    bar = ax.figure.colorbar(ax.images[0], ax=ax, fraction=0.05, pad=0.02, aspect=18, shrink=0.85)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, length=0)
