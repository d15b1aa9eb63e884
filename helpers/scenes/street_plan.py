"""What stands where in a street, in metres, before a single pixel is drawn.

The world is a flat ground seen by a pinhole camera that looks along it. One number then gives the scale everywhere:
a thing `z` metres away is drawn with `focal / z` pixels per metre, and stands `eye * focal / z` pixels below the
horizon. Sizes, road edges and who hides whom all follow from that.

Only `random.Random.random` is drawn from, whose numbers Python guarantees for a seed on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

import numpy as np

from helpers.scenes import sprites
from helpers.scenes.sprites import Sprite

T = TypeVar("T")
Color = tuple[float, float, float]

PAINTS: tuple[Color, ...] = (
    (0.90, 0.90, 0.88),
    (0.72, 0.74, 0.76),
    (0.42, 0.43, 0.45),
    (0.12, 0.12, 0.14),
    (0.62, 0.10, 0.12),
    (0.14, 0.22, 0.45),
    (0.32, 0.50, 0.70),
    (0.16, 0.34, 0.22),
    (0.52, 0.66, 0.42),
    (0.85, 0.70, 0.20),
    (0.48, 0.34, 0.24),
    (0.80, 0.76, 0.62),
    (0.55, 0.30, 0.48),
    (0.80, 0.46, 0.22),
    (0.42, 0.62, 0.62),
)
WALLS: tuple[Color, ...] = (
    (0.62, 0.40, 0.34),
    (0.75, 0.66, 0.52),
    (0.66, 0.66, 0.64),
    (0.50, 0.46, 0.44),
    (0.82, 0.80, 0.74),
    (0.58, 0.52, 0.60),
    (0.46, 0.52, 0.58),
    (0.70, 0.56, 0.58),
    (0.52, 0.58, 0.50),
    (0.36, 0.34, 0.36),
)
SKINS: tuple[Color, ...] = ((0.93, 0.76, 0.65), (0.80, 0.58, 0.44), (0.58, 0.38, 0.27), (0.36, 0.24, 0.18))
HAIRS: tuple[Color, ...] = ((0.10, 0.08, 0.07), (0.28, 0.18, 0.12), (0.62, 0.48, 0.28), (0.55, 0.54, 0.52))
LEAVES: tuple[Color, ...] = (
    (0.24, 0.42, 0.18),
    (0.34, 0.46, 0.20),
    (0.18, 0.34, 0.20),
    (0.46, 0.44, 0.16),
    (0.58, 0.36, 0.16),
    (0.40, 0.24, 0.22),
)
LAWNS: tuple[Color, ...] = (
    (0.36, 0.50, 0.24),
    (0.44, 0.52, 0.26),
    (0.54, 0.52, 0.32),
    (0.30, 0.40, 0.24),
    (0.42, 0.46, 0.36),
)
PAVINGS: tuple[Color, ...] = ((0.58, 0.56, 0.54), (0.46, 0.46, 0.48), (0.62, 0.56, 0.50), (0.52, 0.46, 0.44))


class Dice:
    """A seeded source of choices."""

    def __init__(self, seed: int) -> None:
        self.random = Random(int(seed)).random  # numpy's whole numbers, too

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.random()

    def chance(self, probability: float) -> bool:
        return self.random() < probability

    def count(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self.random() * len(options))]

    def tone(self, options: Sequence[Color], spread: float = 0.05) -> Color:
        """One of `options`, a little lighter or darker and tinted."""
        red, green, blue = self.pick(options)
        shift, wobble = self.between(-spread, spread), spread * 0.6
        red = min(max(red + shift + self.between(-wobble, wobble), 0.03), 0.97)
        green = min(max(green + shift + self.between(-wobble, wobble), 0.03), 0.97)
        blue = min(max(blue + shift + self.between(-wobble, wobble), 0.03), 0.97)
        return red, green, blue


@dataclass(frozen=True)
class Camera:
    """Where a point of the world falls in the picture. Pixels count from the upper left corner of the picture."""

    height: int
    width: int
    horizon: float  # row of the horizon
    vanish: float  # column where the road meets the horizon
    eye: float  # metres above the ground
    focal: float  # pixels

    def scale(self, z: float) -> float:
        """Pixels per metre at a depth of `z` metres."""
        return self.focal / z

    def row(self, y: float, z: float) -> float:
        """The row of a point `y` metres above the ground."""
        return self.horizon + (self.eye - y) * self.focal / z

    def column(self, x: float, z: float) -> float:
        """The column of a point `x` metres to the right of the camera."""
        return self.vanish + x * self.focal / z

    @property
    def nearest(self) -> float:
        """The depth, in metres, of the ground at the lower edge of the picture."""
        return self.eye * self.focal / (self.height - self.horizon)


@dataclass(frozen=True, eq=False)
class Thing:
    """A car, a person or a tree on the ground at (x, z) metres. `side` is how far a car's side shows beside its end."""

    kind: str
    sprite: Sprite
    x: float
    z: float
    colors: np.ndarray  # float32 [3, parts + 1]: the colour of each part of the sprite
    flip: bool = False
    side: float = 0.0
    size: float = 1.0


@dataclass(frozen=True)
class Building:
    """A block from depth `near` to `far` whose walls are at `left` and `right` metres."""

    left: float
    right: float
    near: float
    far: float
    height: float
    wall: Color
    glass: Color
    bay: float  # metres from window to window
    storey: float  # metres from floor to floor
    opening: tuple[float, float]  # the share of bay and storey that is glass
    lit: bool


@dataclass(frozen=True)
class Plan:
    """One street, ready to be drawn. `edges` are metres: grass | sidewalk | road | sidewalk | grass."""

    camera: Camera
    light: float
    edges: tuple[float, float, float, float]
    buildings: tuple[Building, ...]  # far to near
    things: tuple[Thing, ...]  # far to near
    lines: tuple[tuple[float, bool], ...]  # (metres to the right, dashed?) of each painted line
    crossing: float | None  # depth of a zebra crossing
    hills: float  # height of the hills behind, as a share of the picture; 0 for none
    dice: Dice = field(repr=False)  # for what only the drawing needs: colours of the ground, crops of noise


def _table(colors: dict[int, Color]) -> np.ndarray:
    """Part number to colour, as an array that a part map can index; row 0, the outside, is never seen."""
    return np.array([(0, 0, 0), *(colors[part] for part in range(1, len(colors) + 1))], np.float32).T


def _car_colors(dice: Dice, paint: Color, light: float) -> np.ndarray:
    def times(factor: float) -> Color:
        return tuple(min(value * factor + 0.01, 0.98) for value in paint)

    glass = dice.between(0.10, 0.32)
    on = dice.chance(0.15) or light < 0.35
    return _table(
        {
            sprites.BODY: paint,
            sprites.BODY_DARK: times(0.66),
            sprites.BODY_LIGHT: times(1.22),
            sprites.GLASS: (glass, glass + 0.03, glass + 0.06),
            sprites.GLASS_LIGHT: (glass + 0.25, glass + 0.29, glass + 0.33),
            sprites.TYRE: (0.07, 0.07, 0.08),
            sprites.HUB: dice.pick(((0.5, 0.5, 0.5), (0.3, 0.3, 0.3), (0.7, 0.7, 0.7))),
            sprites.TAIL: (1.6, 0.20, 0.15) if on else (0.60, 0.10, 0.10),
            sprites.HEAD: (2.2, 2.1, 1.7) if on else (0.85, 0.85, 0.80),
            sprites.TRIM: dice.pick(((0.15, 0.15, 0.16), times(0.8), (0.6, 0.6, 0.6))),
            sprites.PLATE: (0.86, 0.86, 0.78),
        }
    )


def _person_colors(dice: Dice) -> np.ndarray:
    shirt = dice.tone(PAINTS + LEAVES[:2], 0.10)
    trousers = dice.tone(
        ((0.13, 0.14, 0.20), (0.25, 0.25, 0.27), (0.20, 0.26, 0.40), (0.50, 0.45, 0.36), (0.60, 0.60, 0.60)), 0.06
    )
    return _table(
        {
            sprites.SKIN: dice.tone(SKINS),
            sprites.HAIR: dice.pick(HAIRS),
            sprites.SHIRT: shirt,
            sprites.SHIRT_DARK: tuple(value * 0.75 for value in shirt),
            sprites.TROUSERS: trousers,
            sprites.TROUSERS_DARK: tuple(value * 0.75 for value in trousers),
            sprites.SHOES: dice.tone(((0.1, 0.1, 0.1), (0.8, 0.8, 0.8))),
            sprites.BAG: dice.tone(PAINTS),
        }
    )


def _tree_colors(dice: Dice, leaf: Color) -> np.ndarray:
    bark = dice.tone(((0.34, 0.26, 0.20), (0.46, 0.43, 0.40), (0.26, 0.20, 0.17)))
    return _table(
        {
            sprites.BARK: bark,
            sprites.BARK_LIGHT: tuple(value * 1.3 for value in bark),
            sprites.LEAF_DARK: tuple(value * 0.62 for value in leaf),
            sprites.LEAF: leaf,
            sprites.LEAF_LIGHT: tuple(min(value * 1.28, 0.95) for value in leaf),
        }
    )


def _car(dice: Dice, camera: Camera, light: float, paint: Color, view: str, x: float, z: float) -> Thing:
    """A car. From off its axis an end view also shows the side that faces the middle of the road."""
    colors = _car_colors(dice, paint, light)
    if view == "side":
        return Thing("car", dice.pick(sprites.cars()["side"]), x, z, colors, dice.chance(0.5))
    inner = abs(x) - 0.9
    side = inner * (1 - z / (z + 4.2)) if inner > 0 else 0.0  # metres, at the scale of its near end
    end, corner = dice.pick(sprites.cars()[view]), dice.pick(sprites.cars()["corner" if view == "rear" else "nose"])
    mirrored = dice.chance(0.5)
    if side * camera.scale(z) < 0.02 * camera.height:
        return Thing("car", end, x, z, colors, mirrored)
    return Thing("car", corner, x, z, colors, x > 0, side)


def _cars(dice: Dice, camera: Camera, light: float, crowding: float, road: tuple[float, float]) -> list[Thing]:
    things: list[Thing] = []
    shared = dice.tone(PAINTS)

    def paint() -> Color:
        return shared if dice.chance(0.4) else dice.tone(PAINTS)

    near, (left, right) = camera.nearest, road
    for x, view in ((left + 1.1, "front"), (right - 1.1, "rear")):  # parked bumper to bumper
        if dice.chance(0.15 + 0.6 * crowding):
            facing = view if dice.chance(0.7) else "rear"
            z = near * dice.between(0.95, 2.2)
            for _ in range(dice.count(1, 2 + int(4 * crowding))):
                things.append(_car(dice, camera, light, paint(), facing, x + dice.between(-0.15, 0.15), z))
                z += dice.between(4.6, 5.4)
    for x, view in ((left * 0.35, "front"), (right * 0.35, "rear")):  # moving along
        if dice.chance(0.2 + 0.35 * crowding):
            z = near * dice.between(1.1, 4.0)
            for _ in range(dice.count(1, 1 + int(2 * crowding))):
                things.append(_car(dice, camera, light, paint(), view, x + dice.between(-0.4, 0.4), z))
                z += dice.between(6.0, 14.0)
    if dice.chance(0.18 + 0.25 * crowding):  # a queue across the street
        z, x = near * dice.between(1.5, 4.0), dice.between(left - 4, 0.5)
        for _ in range(dice.count(1, 2 + int(2 * crowding))):
            car = _car(dice, camera, light, paint(), "side", x, z)
            things.append(car)
            x += car.sprite.width + dice.between(-0.1, 0.9)
    return things


def _people(dice: Dice, camera: Camera, crowding: float, edges: tuple[float, float, float, float]) -> list[Thing]:
    things: list[Thing] = []
    far = 1.75 * camera.focal / (camera.height * 0.24)  # where a grown-up is a quarter of the picture high
    for _ in range(dice.count(0, 2 + int(2.5 * crowding))):
        z = camera.nearest * 1.05 + (far - camera.nearest) * dice.between(0.0, 1.0) * dice.between(0.3, 1.3)
        view = tuple((camera.width * share - camera.vanish) / camera.scale(z) for share in (0.03, 0.92))
        walks = [(a, b) for a, b in (edges[:2], edges[2:]) if b > a and a < view[1] and b > view[0]]
        low, high = dice.pick(walks) if walks and dice.chance(0.6) else view
        x = dice.between(max(low, view[0]), min(high, view[1]))
        for _ in range(dice.count(1, 1 + int(1 + 3 * crowding))):
            size = dice.between(0.92, 1.06) if dice.chance(0.85) else dice.between(0.62, 0.8)
            sprite = dice.pick(sprites.people())
            things.append(Thing("person", sprite, x, z, _person_colors(dice), dice.chance(0.5), size=size))
            x += dice.between(0.34, 0.75)
            z += dice.between(-0.25, 0.35)
    return things


def _trees(dice: Dice, camera: Camera, crowding: float, edges: tuple[float, float, float, float]) -> list[Thing]:
    things: list[Thing] = []
    for side, edge in ((-1, edges[0]), (1, edges[3])):
        if not dice.chance(0.45 + 0.3 * crowding):
            continue
        avenue, leaf = dice.pick(sprites.trees()), dice.tone(LEAVES)
        row = dice.chance(0.5)
        z = camera.nearest * dice.between(1.2, 3.0)
        for _ in range(dice.count(1, 2 + int(2 * crowding))):
            sprite = avenue if row else dice.pick(sprites.trees())
            tone = leaf if row else dice.tone(LEAVES)
            x = edge + side * (0.4 if row else dice.between(0.2, 5.0))
            things.append(
                Thing("tree", sprite, x, z, _tree_colors(dice, tone), dice.chance(0.5), size=dice.between(0.7, 1.1))
            )
            z += dice.between(3.0, 6.0) if row else dice.between(1.0, 12.0)
    return things


def _building(dice: Dice, light: float, left: float, right: float, near: float, far: float, height: float) -> Building:
    wall = dice.tone(WALLS, 0.08)
    pale = dice.between(0.15, 0.55)
    lit = dice.chance(0.75 if light < 0.35 else 0.06)
    glass = (1.9, 1.6, 0.9) if lit else (pale, pale + 0.03, pale + 0.06)
    opening = (dice.between(0.35, 0.7), dice.between(0.4, 0.65))
    return Building(
        left, right, near, far, height, wall, glass, dice.between(1.8, 3.6), dice.between(2.8, 3.6), opening, lit
    )


def _buildings(dice: Dice, camera: Camera, light: float, edges: tuple[float, float, float, float]) -> list[Building]:
    found = []
    x, end = ((column - camera.vanish) * 70 / camera.focal for column in (-0.1 * camera.width, camera.width))
    while x < end:
        width, depth = dice.between(6, 26), dice.between(55, 85)
        if dice.chance(0.7):
            found.append(_building(dice, light, x, x + width, depth, depth + 10, dice.between(5, 24)))
        x += width * dice.between(0.6, 1.3)
    for side, edge in ((-1, edges[0]), (1, edges[3])):  # the houses along the street
        if not dice.chance(0.6):
            continue
        inner, z = abs(edge) + dice.between(0.3, 5.0), camera.nearest * dice.between(1.0, 4.0)
        for _ in range(dice.count(1, 4)):
            length, depth, height = dice.between(7, 18), dice.between(8, 20), dice.between(3.5, 16)
            a, b = sorted((side * inner, side * (inner + depth)))
            found.append(_building(dice, light, a, b, z, z + length, height))
            z += length + (0.0 if dice.chance(0.6) else dice.between(1.5, 12))
    return sorted(found, key=lambda block: -block.near)


def plan_street(seed: int, size: tuple[int, int], crowding: float | None, light: float | None) -> Plan:
    """Decide what stands where. `crowding` and `light` run from 0 to 1; None lets the seed decide."""
    dice = Dice(seed)
    height, width = size
    drawn = dice.between(0, 1), dice.between(0.25, 1.3)  # always drawn, so that a knob changes nothing else
    crowding = drawn[0] if crowding is None else crowding
    light = min(drawn[1], 1.0) if light is None else light
    camera = Camera(
        height,
        width,
        horizon=height * dice.between(0.34, 0.50),
        vanish=width * dice.between(0.25, 0.75),
        eye=dice.between(1.5, 2.5),
        focal=height * dice.between(0.95, 1.3),
    )
    road = (-dice.between(3.2, 5.6), dice.between(3.2, 5.6))
    walks = tuple(dice.between(1.0, 3.0) if dice.chance(0.8) else 0.0 for _ in range(2))
    edges = (road[0] - walks[0], road[0], road[1], road[1] + walks[1])
    buildings = _buildings(dice, camera, light, edges)
    things = _cars(dice, camera, light, crowding, road)
    things += _people(dice, camera, crowding, edges)
    things += _trees(dice, camera, crowding, edges)
    lines = [((road[0] + road[1]) / 2, dice.chance(0.7))] if dice.chance(0.8) else []
    if dice.chance(0.4):
        lines += [(road[0] + 0.25, False), (road[1] - 0.25, False)]
    crossing = camera.nearest * dice.between(1.2, 3.0) if dice.chance(0.25) else None
    hills = dice.between(0.03, 0.10) if dice.chance(0.4) else 0.0
    return Plan(
        camera,
        light,
        edges,
        tuple(buildings),
        tuple(sorted(things, key=lambda thing: -thing.z)),
        tuple(lines),
        crossing,
        hills,
        dice,
    )
