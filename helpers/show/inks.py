"""The colour of a series in a chart: the same method has the same colour in every figure of every lesson."""

from __future__ import annotations

from collections.abc import Iterable

from helpers.categories import COINS, STREET

PLAIN = "#4c78a8"
"""Of bars that their axis names already."""

METHODS = {
    "box-free": "#b3541e",
    "panoptic-deeplab": "#b3541e",
    "with boxes": "#24467c",
    "mask r-cnn": "#24467c",
    "semantic": "#7f8fa6",
    "u-net": "#7f8fa6",
    "regions": "#00856f",
    "truth": "#1f2328",
    "before": "#aab4c0",
    "after": "#7a3b8f",
}
"""By how a series is called; "box-free, 30 s" is box-free, too."""

# Okabe and Ito, "Color Universal Design", 2008, without black, the two blues and yellow, which white paper swallows.
CYCLE = ("#d55e00", "#56b4e9", "#009e73", "#cc79a7", "#8c6d1f", "#5b5fc7", "#e69f00", "#444c56")

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
    free = [color for color in CYCLE if color not in colors.values()] or list(CYCLE)
    others = [name for name in names if name not in colors]
    return colors | {name: free[place % len(free)] for place, name in enumerate(others)}
