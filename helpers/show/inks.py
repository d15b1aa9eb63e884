"""The colour of a series in a chart: the same method has the same colour in every figure of every lesson."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.colors import to_rgb
from skimage.color import deltaE_ciede2000, rgb2lab

from helpers.categories import COINS, STREET

PLAIN = "#4c78a8"
"""Of bars that their axis names already."""

METHODS = {
    "box-free": "#b3541e",
    "panoptic-deeplab": "#b3541e",
    "with boxes": "#24467c",
    "mask r-cnn": "#24467c",
    "semantic": "#625854",
    "u-net": "#625854",
    "regions": "#599e7b",
    "truth": "#1f2328",
    "before": "#9595af",
    "after": "#a353f2",
}
"""By how a series is called; "box-free, 30 s" is box-free, too."""

# Found by search: any two differ for every kind of colour vision, and each can be read on white.
CYCLE = ("#2f8fd0", "#ae3f00", "#5d32a0", "#c58a4d", "#123c42", "#846480", "#4a2612", "#6c725d")

ALIKE = 15
"""Colours nearer to each other (CIEDE2000) are not for two series of one figure."""

_CATEGORIES = {
    category.name: "#{:02x}{:02x}{:02x}".format(*category.color) for each in (STREET, COINS) for category in each
}


def fixed(name: str) -> str | None:
    """The colour that a method or a category has everywhere; None for any other name."""
    name = name.lower()
    known = [method for method in METHODS if name.startswith(method)]
    return METHODS[max(known, key=len)] if known else _CATEGORIES.get(name)


def inks(names: Iterable[str]) -> dict[str, str]:
    """A colour for each series of a figure, no two of the same while there are enough."""
    colors: dict[str, str] = {}
    names = list(names)
    for name in names:
        color = fixed(name)
        if color and color not in colors.values():
            colors[name] = color
    free = [color for color in CYCLE if not any(_alike(color, other) for other in colors.values())] or list(CYCLE)
    others = [name for name in names if name not in colors]
    return colors | {name: free[place % len(free)] for place, name in enumerate(others)}


def _alike(one: str, other: str) -> bool:
    return bool(deltaE_ciede2000(*(rgb2lab(to_rgb(color)) for color in (one, other))) < ALIKE)
