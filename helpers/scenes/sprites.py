"""Cars, people and trees as part maps: what a thing looks like before it has a place, a size and a colour.

A part map is uint8 `[rows, columns]`: 0 is outside, every other number names a part (glass, tyre, hair, ...). A scene
looks a thing up in its part map at the pixel centres, so the outline of the picture and of the mask are the same by
construction, and a colour for each part gives the rest. Part maps are drawn once, fine enough for the largest scene.

Coordinates: x runs right and y down, both from 0 to 1 over the part map.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from random import Random

import numpy as np

Point = tuple[float, float]

# Parts of a car, in the order of its colour table.
BODY, BODY_DARK, BODY_LIGHT, GLASS, GLASS_LIGHT, TYRE, HUB, TAIL, HEAD, TRIM, PLATE = range(1, 12)
# Parts of a person.
SKIN, HAIR, SHIRT, SHIRT_DARK, TROUSERS, TROUSERS_DARK, SHOES, BAG = range(1, 9)
# Parts of a tree.
BARK, BARK_LIGHT, LEAF_DARK, LEAF, LEAF_LIGHT = range(1, 6)


@dataclass(frozen=True, eq=False)
class Sprite:
    """A part map with the size, in metres, of what it shows."""

    parts: np.ndarray
    width: float
    height: float


class Canvas:
    """An empty part map to draw on: later shapes cover earlier ones."""

    def __init__(self, rows: int, columns: int) -> None:
        self.parts = np.zeros((rows, columns), np.uint8)
        self.x = ((np.arange(columns) + 0.5) / columns)[None, :]
        self.y = ((np.arange(rows) + 0.5) / rows)[:, None]
        self.aspect = columns / rows

    def polygon(self, part: int, *points: Point) -> None:
        """Fill a polygon; a pixel is inside if a ray to the left crosses the outline an odd number of times."""
        inside = np.zeros(self.parts.shape, bool)
        for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
            if y0 == y1:
                continue
            crosses = (self.y >= min(y0, y1)) & (self.y < max(y0, y1))
            inside ^= crosses & (self.x > x0 + (self.y - y0) * ((x1 - x0) / (y1 - y0)))
        self.parts[inside] = part

    def box(self, part: int, left: float, top: float, right: float, bottom: float) -> None:
        self.parts[(self.y >= top) & (self.y < bottom) & (self.x >= left) & (self.x < right)] = part

    def disc(self, part: int, x: float, y: float, rx: float, ry: float) -> None:
        dx, dy = (self.x - x) / rx, (self.y - y) / ry
        self.parts[dx * dx + dy * dy < 1] = part

    def limb(self, part: int, start: Point, end: Point, thickness: float) -> None:
        """A thick line with round ends; `thickness` is a fraction of the part map's width."""
        (x0, y0), (x1, y1) = start, end
        dx, dy = (x1 - x0) * self.aspect, y1 - y0
        px, py = (self.x - x0) * self.aspect, self.y - y0
        along = np.clip((px * dx + py * dy) / (dx * dx + dy * dy), 0, 1)
        qx, qy = px - along * dx, py - along * dy
        radius = thickness * self.aspect / 2
        self.parts[qx * qx + qy * qy < radius * radius] = part


def _wheel(canvas: Canvas, x: float, y: float, rx: float, ry: float) -> None:
    canvas.disc(TYRE, x, y, rx, ry)
    canvas.disc(HUB, x, y, rx * 0.55, ry * 0.55)


def _car_side(roof: tuple[Point, ...], glass: tuple[tuple[Point, ...], ...], length: float, height: float) -> Sprite:
    """A car from the side, facing left. `roof` is the outline from bonnet to boot, `glass` its windows."""
    canvas = Canvas(192, 480)
    canvas.polygon(BODY, (0.01, 0.80), (0.01, 0.60), *roof, (0.99, 0.62), (0.99, 0.80), (0.94, 0.86), (0.05, 0.86))
    canvas.box(BODY_DARK, 0.03, 0.76, 0.97, 0.86)
    canvas.box(BODY_LIGHT, 0.06, 0.54, 0.94, 0.58)
    for window in glass:
        canvas.polygon(GLASS, *window)
        (x0, y0), (x1, y1) = window[0], window[-1]
        canvas.limb(GLASS_LIGHT, (x0 * 0.8 + x1 * 0.2 + 0.01, y0 * 0.5 + y1 * 0.5), (x1 + 0.012, y1 - 0.03), 0.008)
    canvas.box(TRIM, 0.0, 0.72, 0.05, 0.79)
    canvas.box(TRIM, 0.95, 0.72, 1.0, 0.79)
    canvas.box(HEAD, 0.012, 0.58, 0.055, 0.67)
    canvas.box(TAIL, 0.955, 0.58, 0.988, 0.69)
    canvas.box(BODY_DARK, 0.492, 0.52, 0.498, 0.80)
    canvas.box(TRIM, 0.52, 0.60, 0.57, 0.62)
    for x in (0.20, 0.80):
        arch = Canvas(*canvas.parts.shape)
        arch.disc(1, x, 0.80, 0.092, 0.092 * length / height)
        canvas.parts[(arch.parts > 0) & (canvas.parts > 0)] = BODY_DARK
        _wheel(canvas, x, 1 - 0.072 * length / height, 0.072, 0.072 * length / height)
    return Sprite(canvas.parts, length, height)


def _car_end(front: bool, roof_width: float, glass_top: float, sill: float, width: float, height: float) -> Sprite:
    """A car from the front or from behind. `roof_width` narrows the cabin, `sill` is the lower edge of the glass."""
    canvas = Canvas(256, 288)
    inset = (1 - roof_width) / 2
    for x in (0.06, 0.80):
        canvas.box(TYRE, x, 0.78, x + 0.14, 1.0)
    canvas.polygon(
        BODY,
        (inset + 0.04, 0.0),
        (0.96 - inset, 0.0),
        (1 - inset, 0.05),
        (0.96, sill),
        (0.99, sill + 0.10),
        (0.99, 0.84),
        (0.95, 0.90),
        (0.05, 0.90),
        (0.01, 0.84),
        (0.01, sill + 0.10),
        (0.04, sill),
        (inset, 0.05),
    )
    canvas.polygon(GLASS, (inset + 0.05, glass_top), (0.95 - inset, glass_top), (0.89, sill), (0.11, sill))
    canvas.polygon(
        GLASS_LIGHT,
        (inset + 0.12, glass_top + 0.02),
        (inset + 0.24, glass_top + 0.02),
        (0.28, sill - 0.03),
        (0.17, sill - 0.03),
    )
    canvas.box(BODY_LIGHT, 0.05, sill + 0.02, 0.95, sill + 0.06)
    canvas.box(BODY_DARK, 0.03, 0.80, 0.97, 0.90)
    light = HEAD if front else TAIL
    for left in (0.04, 0.78):
        canvas.box(light, left, sill + 0.12, left + 0.18, sill + (0.24 if front else 0.28))
    if front:
        canvas.box(TRIM, 0.27, sill + 0.13, 0.73, sill + 0.27)
    canvas.box(TRIM, 0.02, 0.73, 0.98, 0.78)
    canvas.box(PLATE, 0.37, 0.66 if not front else 0.79, 0.63, 0.74 if not front else 0.86)
    return Sprite(canvas.parts, width, height)


def _car_corner(front: bool, sill: float, width: float, height: float) -> Sprite:
    """A car seen from a rear or front corner: its end at the left, its side running away to the right."""
    canvas = Canvas(256, 420)
    e = 0.60  # where the end stops and the side begins
    for left in (0.04, 0.46):
        canvas.box(TYRE, left, 0.80, left + 0.10, 1.0)
    canvas.polygon(
        BODY_DARK,
        (e - 0.10, 0.0),
        (0.86, 0.07),
        (0.96, sill + 0.02),
        (0.995, sill + 0.06),
        (0.995, 0.74),
        (e, 0.92),
        (e, 0.4),
    )
    canvas.polygon(GLASS, (e - 0.03, 0.10), (0.82, 0.13), (0.93, sill), (e + 0.01, sill))
    canvas.box(BODY_DARK, 0.745, 0.05, 0.765, sill)
    canvas.polygon(
        BODY,
        (0.10, 0.0),
        (e - 0.10, 0.0),
        (e - 0.03, 0.06),
        (e, sill),
        (e, 0.86),
        (e - 0.03, 0.91),
        (0.03, 0.91),
        (0.005, 0.86),
        (0.005, sill + 0.05),
        (0.03, sill),
        (0.06, 0.06),
    )
    canvas.polygon(GLASS, (0.10, 0.09), (e - 0.09, 0.09), (e - 0.04, sill), (0.06, sill))
    canvas.polygon(GLASS_LIGHT, (0.15, 0.11), (0.22, 0.11), (0.20, sill - 0.03), (0.12, sill - 0.03))
    light = HEAD if front else TAIL
    for left in (0.02, e - 0.11):
        canvas.box(light, left, sill + 0.10, left + 0.09, sill + 0.26)
    canvas.box(TRIM, 0.01, 0.74, e, 0.79)
    canvas.box(PLATE, 0.22, 0.64, 0.38, 0.72)
    if front:
        canvas.box(TRIM, 0.14, sill + 0.13, 0.46, sill + 0.23)
    for x, y, r in ((0.70, 0.84, 0.050), (0.92, 0.76, 0.038)):
        _wheel(canvas, x, y, r, r * 2.7)
    return Sprite(canvas.parts, width, height)


@lru_cache
def cars() -> dict[str, tuple[Sprite, ...]]:
    """The cars by view: "side" (facing left), "rear", "front", "corner" (rear corner), "nose" (front corner)."""
    sedan = _car_side(
        ((0.05, 0.52), (0.25, 0.46), (0.36, 0.10), (0.66, 0.08), (0.80, 0.44), (0.97, 0.50)),
        (
            ((0.30, 0.46), (0.49, 0.46), (0.49, 0.15), (0.385, 0.16)),
            ((0.515, 0.46), (0.745, 0.46), (0.645, 0.15), (0.515, 0.15)),
        ),
        4.5,
        1.45,
    )
    hatch = _car_side(
        ((0.04, 0.54), (0.22, 0.46), (0.35, 0.09), (0.80, 0.06), (0.95, 0.40), (0.98, 0.50)),
        (
            ((0.28, 0.46), (0.49, 0.46), (0.49, 0.14), (0.375, 0.15)),
            ((0.515, 0.46), (0.86, 0.46), (0.79, 0.14), (0.515, 0.14)),
        ),
        3.9,
        1.5,
    )
    suv = _car_side(
        ((0.03, 0.46), (0.20, 0.40), (0.30, 0.05), (0.90, 0.03), (0.97, 0.36), (0.985, 0.45)),
        (
            ((0.25, 0.40), (0.46, 0.40), (0.46, 0.10), (0.325, 0.10)),
            ((0.49, 0.40), (0.70, 0.40), (0.70, 0.09), (0.49, 0.10)),
            ((0.73, 0.40), (0.93, 0.40), (0.885, 0.09), (0.73, 0.09)),
        ),
        4.6,
        1.8,
    )
    van = _car_side(
        ((0.02, 0.44), (0.11, 0.34), (0.20, 0.03), (0.97, 0.01), (0.985, 0.12), (0.99, 0.45)),
        (((0.15, 0.36), (0.33, 0.36), (0.33, 0.09), (0.215, 0.09)),),
        5.0,
        2.2,
    )
    pickup = _car_side(
        ((0.03, 0.48), (0.22, 0.44), (0.31, 0.06), (0.55, 0.05), (0.58, 0.44), (0.985, 0.46)),
        (
            ((0.27, 0.43), (0.42, 0.43), (0.42, 0.12), (0.335, 0.12)),
            ((0.44, 0.43), (0.55, 0.43), (0.535, 0.11), (0.44, 0.11)),
        ),
        5.1,
        1.75,
    )
    shapes = ((0.72, 0.08, 0.42, 1.80, 1.45), (0.82, 0.07, 0.40, 1.85, 1.75), (0.92, 0.06, 0.34, 1.95, 2.2))
    return {
        "side": (sedan, hatch, suv, van, pickup),
        "rear": tuple(_car_end(False, *shape) for shape in shapes),
        "front": tuple(_car_end(True, *shape) for shape in shapes),
        "corner": tuple(_car_corner(False, sill, 2.9, height) for sill, height in ((0.42, 1.5), (0.38, 1.85))),
        "nose": tuple(_car_corner(True, sill, 2.9, height) for sill, height in ((0.42, 1.5), (0.38, 1.85))),
    }


def _person(stride: float, arms: float, bag: bool, skirt: bool, seen_from: str) -> Sprite:
    """A person. `stride` spreads the feet and `arms` the hands, as fractions of the width."""
    canvas = Canvas(320, 160)
    hip, neck = 0.53, 0.19
    left, right = 0.5 - stride, 0.5 + stride
    spread = 0.06
    canvas.limb(TROUSERS_DARK, (0.5 + spread, hip), (right, 0.94), 0.19)
    canvas.limb(SHOES, (right, 0.962), (right - 0.07, 0.972), 0.13)
    canvas.limb(TROUSERS, (0.5 - spread, hip), (left, 0.94), 0.19)
    canvas.limb(SHOES, (left, 0.962), (left - 0.07, 0.972), 0.13)
    if bag:
        canvas.disc(BAG, 0.72, 0.33, 0.15, 0.12)
    canvas.limb(SHIRT_DARK, (0.66, neck + 0.06), (0.70 + arms, 0.42), 0.13)
    canvas.disc(SKIN, 0.71 + arms, 0.47, 0.06, 0.03)
    canvas.polygon(
        SHIRT,
        (0.33, neck + 0.01),
        (0.67, neck + 0.01),
        (0.71, 0.30),
        (0.66, hip + 0.02),
        (0.34, hip + 0.02),
        (0.29, 0.30),
    )
    if skirt:
        canvas.polygon(TROUSERS, (0.35, hip - 0.03), (0.65, hip - 0.03), (0.76, 0.74), (0.24, 0.74))
    canvas.limb(SHIRT_DARK, (0.34, neck + 0.06), (0.30 - arms, 0.42), 0.13)
    canvas.disc(SKIN, 0.29 - arms, 0.47, 0.06, 0.03)
    canvas.box(SKIN, 0.43, 0.13, 0.57, neck + 0.02)
    canvas.disc(HAIR, 0.5, 0.075, 0.155, 0.075)
    if seen_from == "front":
        canvas.disc(SKIN, 0.5, 0.095, 0.125, 0.06)
    elif seen_from == "left":
        canvas.disc(SKIN, 0.45, 0.09, 0.11, 0.058)
    return Sprite(canvas.parts, 0.86, 1.75)


@lru_cache
def people() -> tuple[Sprite, ...]:
    """People standing and walking, seen from the front, from behind and from the side."""
    return tuple(
        _person(stride, arms, bag, skirt, seen_from)
        for stride, arms, bag, skirt, seen_from in (
            (0.10, 0.00, False, False, "front"),
            (0.10, 0.02, False, False, "behind"),
            (0.22, 0.08, False, False, "left"),
            (0.30, 0.12, True, False, "left"),
            (0.14, 0.04, False, True, "front"),
            (0.16, 0.10, True, False, "behind"),
            (0.26, 0.02, False, True, "left"),
        )
    )


def _leafy(seed: int, crown: tuple[float, float, float, float], trunk: float, width: float, height: float) -> Sprite:
    """A broad-leaved tree: a trunk under a crown of overlapping discs inside the ellipse (x, y, rx, ry)."""
    canvas, dice = Canvas(320, 256), Random(seed)
    x, y, rx, ry = crown
    canvas.polygon(BARK, (0.5 - trunk * 0.6, y), (0.5 + trunk * 0.6, y), (0.5 + trunk, 1.0), (0.5 - trunk, 1.0))
    canvas.box(BARK_LIGHT, 0.5 - trunk * 0.5, y, 0.5 - trunk * 0.15, 0.99)
    canvas.disc(LEAF_DARK, x, y, rx * 0.74, ry * 0.76)  # no gaps, so that a tree is one region
    clumps = []
    while len(clumps) < 60:
        u, v = 2 * dice.random() - 1, 2 * dice.random() - 1
        if u * u + v * v < 1:
            clumps.append((x + 0.78 * rx * u, y + 0.80 * ry * v, 0.5 + 0.5 * dice.random()))
    for index, (cx, cy, scale) in enumerate(clumps):
        lit = (y - cy) / ry + (x - cx) / rx * 0.4  # the light comes from above, a little from the left
        part = LEAF_DARK if index < 16 or lit < -0.35 else LEAF_LIGHT if lit > 0.25 and index % 3 else LEAF
        size = 0.34 if index < 16 else 0.20
        canvas.disc(part, cx, cy, rx * size * scale, ry * size * scale)
    return Sprite(canvas.parts, width, height)


def _conifer(layers: int, width: float, height: float) -> Sprite:
    canvas = Canvas(320, 192)
    canvas.box(BARK, 0.45, 0.8, 0.55, 1.0)
    for layer in range(layers, 0, -1):
        top = 0.86 * (layer - 1) / layers - 0.04 * (layer > 1)
        bottom, half = 0.86 * layer / layers + 0.03, 0.10 + 0.39 * layer / layers
        canvas.polygon(LEAF_DARK, (0.5, top), (0.5 + half, bottom), (0.5 - half, bottom))
        canvas.polygon(LEAF, (0.5, top), (0.5 + half * 0.45, bottom - 0.03), (0.5 - half * 0.9, bottom - 0.01))
        canvas.polygon(
            LEAF_LIGHT, (0.5, top + 0.01), (0.5 - half * 0.1, bottom - 0.05), (0.5 - half * 0.6, bottom - 0.04)
        )
    return Sprite(canvas.parts, width, height)


@lru_cache
def trees() -> tuple[Sprite, ...]:
    """Round, spreading and slender broad-leaved trees, and conifers."""
    return (
        _leafy(11, (0.5, 0.32, 0.49, 0.32), 0.045, 4.2, 6.0),
        _leafy(12, (0.5, 0.30, 0.49, 0.29), 0.035, 5.2, 7.0),
        _leafy(13, (0.5, 0.40, 0.49, 0.39), 0.05, 3.2, 6.5),
        _leafy(14, (0.5, 0.27, 0.47, 0.27), 0.055, 3.4, 4.6),
        _leafy(15, (0.5, 0.44, 0.46, 0.44), 0.06, 2.2, 8.0),
        _conifer(3, 3.2, 6.5),
        _conifer(5, 3.6, 8.5),
    )
