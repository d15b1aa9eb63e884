"""The player: steps that point into one standing figure, and results that show what they come from.

A figure stands still: pictures and grids whose elements have names. A step is data: one or two sentences, and which
elements stay lit while all else dims. Pointing at a result lights its causes, with the arithmetic in numbers. All of
it goes to the browser once; `helpers/page/player/` answers there. Where no front end runs, as on GitHub, a plain
picture with the sentences below it stands in its place (`player_still.py`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from helpers.page import bundle
from helpers.show.colors import image_bytes, to_numpy
from helpers.show.page import check_size, png_bundle
from helpers.show.player_still import draw

RGB = tuple[int, int, int]
TINTS: tuple[RGB, ...] = ((116, 196, 255), (255, 154, 46), (82, 201, 148), (214, 160, 255))
"""The colours of the panels in turn; what is in several panels has that of the first."""

_TERM = re.compile(r"\[([^]]+)\]\(([^)]+)\)")
Masks = Mapping[str, ArrayLike]
Numbers = Mapping[str, Sequence[float]]


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture with named elements. Positions are in pixels, (0, 0) is the middle of the first one.

    Attributes:
        title: the words above it.
        image: float `[3, H, W]` in 0..1 or uint8 `[H, W, 3]`.
        masks: bool `[H, W]` each.
        boxes: xyxy each, the right and lower edge outside, as in `Instances`.
        points: (row, column) each.
        arrows: (row, column) of the start, then of the tip, each.
    """

    title: str
    image: ArrayLike
    masks: Masks = field(default_factory=dict)
    boxes: Numbers = field(default_factory=dict)
    points: Numbers = field(default_factory=dict)
    arrows: Numbers = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The names of its elements."""
        return [*self.masks, *self.boxes, *self.points, *self.arrows]


@dataclass(frozen=True, eq=False)
class Grid:
    """A table of numbers. The cell of row "p1" and column "t2" is "p1·t2", and with `key="x"` it is "xp1·t2".

    Attributes:
        title: the words above it.
        values: numbers `[rows, columns]`; nan is shown as "–".
        rows, columns: their names, which are elements too; without, they are counted from 0 and not shown.
        key: what the names of the cells begin with, so that two grids of a figure differ.
        digits: after the point.
        most: the value with the full shade; the largest one by default. Give several grids the same to compare them.

    Raises `ValueError` for values that are no table, or names that do not fit it.
    """

    title: str
    values: ArrayLike
    rows: Collection[str] = ()
    columns: Collection[str] = ()
    key: str = ""
    digits: int = 2
    most: float | None = None

    def __post_init__(self) -> None:
        shape = list(to_numpy(self.values).shape)
        if len(shape) != 2 or 0 in shape:
            raise ValueError(f"values: expected numbers [rows, columns], got {shape}")
        for argument, names, count in zip(("rows", "columns"), (self.rows, self.columns), shape, strict=True):
            if names and len(names) != count:
                raise ValueError(f"{argument}: expected {count} names or none, got {len(names)}")

    @property
    def names(self) -> list[str]:
        """The names of its elements: the heads, then the cells, row by row."""
        return [*self.rows, *self.columns, *(name for line in self.cells for name in line)]

    @property
    def cells(self) -> list[list[str]]:
        """The names of its cells."""
        height, width = to_numpy(self.values).shape
        rows, columns = list(self.rows) or range(height), list(self.columns) or range(width)
        return [[f"{self.key}{row}·{column}" for column in columns] for row in rows]


@dataclass(frozen=True)
class Step:
    """One step: what is said, and what stays lit.

    Attributes:
        text: one or two sentences.
        lights: the elements that stay; all else dims. Without any, nothing dims.
        act: the element that the reader must press before it goes on.
        wrong: for other elements, why it is not this one.
    """

    text: str
    lights: Sequence[str] = ()
    act: str | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cause:
    """Where a result comes from.

    Attributes:
        lights: the elements that it comes from.
        arithmetic: how, in numbers. A term `[312](p1)` has the colour of the element "p1".
    """

    lights: Sequence[str]
    arithmetic: str


class Player(anywidget.AnyWidget):
    """The widget that `player` makes. Its traits go to the browser once and never change."""

    _esm, _css = bundle("player")

    info = traitlets.Dict().tag(sync=True)
    pixels = traitlets.Bytes().tag(sync=True)

    def __init__(self, info: dict, pixels: bytes) -> None:
        super().__init__(info=info, pixels=pixels)

    def __repr__(self) -> str:
        titles = ", ".join(f"'{panel['title']}'" for panel in self.info["panels"])
        return f"Player({titles}; {len(self.info['steps'])} steps)"

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict]:
        return png_bundle(super()._repr_mimebundle_(**kwargs), draw(self.info, self.pixels), self.info["alt"])


def player(
    panels: Sequence[Picture | Grid],
    steps: Sequence[Step],
    causes: Mapping[str, Cause] | None = None,
    *,
    alt: str,
    tints: Mapping[str, RGB] | None = None,
) -> Player:
    """A player of steps through a figure.

    Args:
        panels: the figure, from left to right. An element in several panels is one: it is lit in all of them.
        steps: what is said, one after the other.
        causes: for each result, by its name, where it comes from.
        alt: the figure in words.
        tints: RGB 0..255 of elements that shall not have the colour of their panel.

    Raises `ValueError` for a name that is no element, no step, a shape that does not fit, or a picture that is too
    large.
    """
    causes, tints = causes or {}, tints or {}
    if not panels or not steps:
        raise ValueError(f"{'steps' if panels else 'panels'}: expected at least one, got none")
    if len(alt.split()) < 3:
        raise ValueError(f"alt: expected a sentence that says what the figure shows, got '{alt}'")
    _check_names(panels, steps, causes, tints)
    colors = {name: TINTS[at % len(TINTS)] for at, panel in reversed(list(enumerate(panels))) for name in panel.names}
    colors |= {name: (int(red), int(green), int(blue)) for name, (red, green, blue) in tints.items()}
    sent = [
        _send_picture(panel, colors) if isinstance(panel, Picture) else _send_grid(panel, colors) for panel in panels
    ]
    info = {
        "alt": alt,
        "panels": [panel for panel, _ in sent],
        "steps": [
            {"text": step.text, "lights": list(step.lights), "act": step.act, "wrong": dict(step.wrong)}
            for step in steps
        ],
        "causes": {
            name: {"lights": list(cause.lights), "parts": _parts(cause.arithmetic, colors)}
            for name, cause in causes.items()
        },
    }
    return Player(info, b"".join(pixels for _, pixels in sent))


def _check_names(
    panels: Sequence[Picture | Grid],
    steps: Sequence[Step],
    causes: Mapping[str, Cause],
    tints: Mapping[str, RGB],
) -> None:
    known = set()
    for number, panel in enumerate(panels):
        doubled = [name for name, count in Counter(panel.names).items() if count > 1]
        if doubled:
            raise ValueError(f"panels[{number}]: expected every name once, got {', '.join(doubled[:5])} again")
        known |= set(panel.names)

    def check(argument: str, names: Iterable[str]) -> None:
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ValueError(f"{argument}: expected names of elements of the panels, got '{unknown[0]}'")

    for number, step in enumerate(steps):
        check(f"steps[{number}].lights", step.lights)
        check(f"steps[{number}].act", [step.act] if step.act is not None else [])
        check(f"steps[{number}].wrong", step.wrong)
        if step.wrong and step.act is None:
            raise ValueError(f"steps[{number}].wrong: expected none in a step without an act, got {len(step.wrong)}")
    check("causes", causes)
    check("tints", tints)
    for name, cause in causes.items():
        check(f"causes['{name}'].lights", cause.lights)
        check(f"causes['{name}'].arithmetic", [term for _, term in _TERM.findall(cause.arithmetic)])


def _parts(arithmetic: str, colors: Mapping[str, RGB]) -> list[dict]:
    """The arithmetic in pieces: plain text, and the terms with the colour of what they count."""
    parts, end = [], 0
    for term in _TERM.finditer(arithmetic):
        parts += [{"text": arithmetic[end : term.start()], "tint": None}]
        parts += [{"text": term[1], "tint": list(colors[term[2]])}]
        end = term.end()
    return [part for part in [*parts, {"text": arithmetic[end:], "tint": None}] if part["text"]]


def _send_picture(panel: Picture, colors: Mapping[str, RGB]) -> tuple[dict, bytes]:
    """A picture as `helpers/page/player/data.js` has it; and its RGB bytes, then each mask, eight pixels a byte."""
    image = image_bytes(panel.image)
    check_size(image.shape, f"the image of '{panel.title}'")
    masks = {name: to_numpy(mask) for name, mask in panel.masks.items()}
    for name, mask in masks.items():
        if mask.dtype != bool or mask.shape != image.shape[:2]:
            expected = f"bool {list(image.shape[:2])}"
            raise ValueError(f"masks['{name}']: expected {expected}, got {mask.dtype} {list(mask.shape)}")
    marks = [_mark(name, "mask", [], _middle(mask)) for name, mask in masks.items()]
    for kind, elements, count in (("box", panel.boxes, 4), ("point", panel.points, 2), ("arrow", panel.arrows, 4)):
        for name, numbers in elements.items():
            at = [float(number) for number in numbers]
            if len(at) != count or not all(map(isfinite, at)):
                raise ValueError(f"the {kind} '{name}': expected {count} finite numbers, got {at}")
            if kind != "box":  # rows come first, and a whole number is the middle of a pixel
                at = [at[place] + 0.5 for place in (1, 0, 3, 2)[:count]]
            marks.append(_mark(name, kind, at, at[:2]))
    for mark in marks:
        mark["tint"] = list(colors[mark["id"]])
    height, width = image.shape[:2]
    info = {"kind": "picture", "title": panel.title, "height": height, "width": width, "marks": marks}
    return info, image.tobytes() + b"".join(np.packbits(mask).tobytes() for mask in masks.values())


def _mark(name: str, kind: str, at: list[float], tag: Sequence[float]) -> dict:
    return {"id": name, "kind": kind, "at": at, "tag": list(tag)}


def _middle(mask: np.ndarray) -> list[float]:
    """x and y of the pixel of a mask that is nearest to the middle of all of them; of the first one if it is empty."""
    places = np.argwhere(mask) if mask.any() else np.zeros((1, 2), int)
    row, column = places[np.hypot(*(places - places.mean(0)).T).argmin()].tolist()
    return [column + 0.5, row + 0.5]


def _send_grid(panel: Grid, colors: Mapping[str, RGB]) -> tuple[dict, bytes]:
    """A grid as `helpers/page/player/data.js` has it; it sends no bytes."""
    values = to_numpy(panel.values).astype(float)
    finite = np.abs(values[np.isfinite(values)])
    most = panel.most if panel.most is not None else finite.max(initial=0)
    shades = np.clip(np.nan_to_num(values / (most or 1)), -1, 1)
    cells = [
        [
            {"id": name, "text": _number(value, panel.digits), "shade": round(shade, 3), "tint": list(colors[name])}
            for name, value, shade in zip(*line, strict=True)
        ]
        for line in zip(panel.cells, values.tolist(), shades.tolist(), strict=True)
    ]
    heads = [[{"id": name, "tint": list(colors[name])} for name in each] for each in (panel.rows, panel.columns)]
    return {"kind": "grid", "title": panel.title, "rows": heads[0], "columns": heads[1], "cells": cells}, b""


def _number(value: float, digits: int) -> str:
    if not isfinite(value):
        return "–"
    return "0" if value == 0 else f"{value:.{digits}f}".replace("-", "−")
