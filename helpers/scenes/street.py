"""The street world: the scene that runs through every lesson, drawn with its exact truth.

`street(seed)` gives one `Scene`. The labels are never read off the finished picture: each thing is painted into the
picture and into the map of indices by the same mask, far things first, so that near ones hide what is behind them.
Light, haze, blur and noise then touch the picture alone.
"""

from __future__ import annotations

import numpy as np
import torch

from helpers.arguments import check_drawing
from helpers.categories import STREET
from helpers.labels import Segment
from helpers.scenes import textures
from helpers.scenes.scene import Scene
from helpers.scenes.street_plan import LAWNS, PAVINGS, Building, Plan, Thing, plan_street

SKY, BUILDING, ROAD, SIDEWALK, GRASS, TREE, CAR, PERSON = range(8)
KIND = {"tree": TREE, "car": CAR, "person": PERSON}

SMALLEST, LARGEST = (64, 64), (512, 1024)
LEAST_AREA = 64 / (96 * 128)
"""A thing that shows less than this share of the picture is void: too small to label, as in real data sets."""

HALF = np.float32(0.5)
HAZE = 220
"""Metres at which the air takes half of a colour."""


class Painting:
    """A picture in the making: float32 `color` `[3, H, W]`, uint8 `stuff` `[H, W]`, int16 `index` of things `[H, W]`.

    `index` is 0 where no thing is, and 1 + its place in the plan where one is.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan, self.camera, self.dice = plan, plan.camera, plan.dice
        height, width = plan.camera.height, plan.camera.width
        self.color = np.empty((3, height, width), np.float32)
        self.stuff = np.empty((height, width), np.uint8)
        self.index = np.zeros((height, width), np.int16)
        self.rows = np.arange(height, dtype=np.float32) + HALF
        self.columns = np.arange(width, dtype=np.float32) + HALF
        self.fog = np.zeros((3, 1), np.float32)  # the colour of the sky at the horizon

    def noise(self, bank: np.ndarray, height: int, width: int) -> np.ndarray:
        return textures.crop(bank, height, width, self.dice.random(), self.dice.random())

    def span(self, low: float, high: float, limit: int) -> tuple[int, int]:
        """First and one past the last pixel whose centre lies in (low, high], within 0..limit."""
        return min(max(int(low + 0.5), 0), limit), min(max(int(high + 0.5), 0), limit)

    def hazed(self, colors: np.ndarray, z: float) -> np.ndarray:
        """`colors`, float32 `[3, N]`, as they look from `z` metres away: the air mixes the horizon in."""
        return colors + (self.fog - colors) * np.float32(z / (z + HAZE))


def _sky(painting: Painting) -> None:
    dice, width = painting.dice, painting.camera.width
    zenith = dice.pick(((0.28, 0.46, 0.76), (0.40, 0.56, 0.80), (0.55, 0.60, 0.68), (0.34, 0.40, 0.60)))
    fogs = ((0.78, 0.84, 0.92), (0.80, 0.80, 0.80), (0.90, 0.78, 0.66), (0.66, 0.74, 0.86))
    painting.fog = np.array(dice.pick(fogs), np.float32)[:, None]
    fog, zenith = painting.fog[..., None], np.array(zenith, np.float32)[:, None, None]
    end = int(painting.camera.horizon) + 1
    contrast, cover = np.float32(dice.between(0.6, 1.6)), np.float32(dice.between(-0.9, 0.6))
    down = np.minimum(painting.rows[:end] / np.float32(painting.camera.horizon), 1)[:, None]
    cloud = np.clip(painting.noise(textures.clouds(), end, width) * contrast + cover, 0, np.float32(0.7))
    sky = zenith + down * (fog - zenith)  # (3, end, 1)
    painting.color[:, :end] = sky + cloud * (np.float32(0.93) - sky)
    painting.stuff[:] = SKY


def _hills(painting: Painting) -> None:
    """Green hills behind everything: one row of the cloud bank is their outline."""
    camera, width = painting.camera, painting.camera.width
    outline = painting.noise(textures.clouds(), 1, width)[0]
    height = (outline + np.float32(1.2)) * np.float32(0.5 * painting.plan.hills * camera.height)
    top, end = int(camera.horizon - 1.1 * painting.plan.hills * camera.height), int(camera.horizon) + 1
    top = max(top, 0)
    mask = painting.rows[top:end, None] > np.float32(camera.horizon) - height
    color = painting.hazed(np.array(painting.dice.tone(LAWNS), np.float32)[:, None], 90)[..., None]
    np.copyto(painting.color[:, top:end], color, where=mask)
    painting.stuff[top:end][mask] = GRASS


def _ground(painting: Painting) -> None:
    """Grass, sidewalks and road with their paint; four straight edges meet at the vanishing point."""
    camera, dice, plan = painting.camera, painting.dice, painting.plan
    top = int(camera.horizon + 0.5)
    height, width = camera.height - top, camera.width
    scale = ((painting.rows[top:] - np.float32(camera.horizon)) / np.float32(camera.eye))[:, None]  # pixels per metre
    scale = np.maximum(scale, np.float32(1e-3))
    columns = painting.columns[None, :] - np.float32(camera.vanish)
    band = np.zeros((height, width), np.uint8)
    for edge in plan.edges:
        band += columns >= np.float32(edge) * scale

    lawn, paving = dice.tone(LAWNS), dice.tone(PAVINGS, 0.08)
    grey = dice.between(0.22, 0.46)
    road = (grey, grey * dice.between(0.96, 1.04), grey * dice.between(0.96, 1.10))
    base = np.array((lawn, paving, road, paving, lawn), np.float32).T
    depth = np.array((0.10, 0.035, 0.035, 0.035, 0.10), np.float32) * np.float32(dice.between(0.6, 1.5))
    fine = painting.noise(textures.rough(), height, width)
    color = base.take(band, axis=1)

    on_road = band == 2
    bright = np.float32(dice.between(0.62, 0.9))
    paint = np.zeros((height, width), bool)
    for x, dashed in plan.lines:
        line = np.abs(columns - np.float32(x) * scale) < np.maximum(np.float32(0.07) * scale, np.float32(0.45))
        if dashed:
            z = np.float32(camera.focal) / scale
            line &= (z % np.float32(6) < np.float32(3.2)) & (z < np.float32(60))
        paint |= line
    if plan.crossing is not None:
        first, last = painting.span(camera.row(0, plan.crossing + 3), camera.row(0, plan.crossing), camera.height)
        rows = slice(max(first - top, 0), max(last - top, 0))
        paint[rows] |= (columns / scale[rows]) % np.float32(1.1) < np.float32(0.55)
    np.copyto(color, bright, where=paint & on_road)
    for edge in plan.edges[1:3]:  # kerbs: the stone belongs to the sidewalk
        kerb = np.abs(columns - np.float32(edge) * scale) < np.maximum(np.float32(0.12) * scale, HALF)
        np.multiply(color, np.float32(1.18), out=color, where=kerb & ~on_road)

    clear = scale / (scale + np.float32(camera.focal / HAZE))  # what the haze leaves
    shade = _shadows(painting, top) + fine * depth[band]
    fog = painting.fog[..., None]
    painting.color[:, top:] = fog + clear * (color * shade - fog)
    painting.stuff[top:] = np.array((GRASS, SIDEWALK, ROAD, SIDEWALK, GRASS), np.uint8)[band]


def _shadows(painting: Painting, top: int) -> np.ndarray:
    """How much light the ground gets: float32, 1 in the open. A shadow darkens, it does not change a label."""
    camera, dice, plan = painting.camera, painting.dice, painting.plan
    height, width = camera.height - top, camera.width
    light = np.ones((height, width), np.float32)
    sun = 0.0 if plan.light < 0.45 else dice.between(-1.6, 1.6)  # metres of shadow per metre of height
    dark = np.float32(0.62 if sun else 0.75)
    for thing in plan.things:
        scale = camera.scale(thing.z)
        base, middle = camera.row(0, thing.z), camera.column(thing.x, thing.z)
        reach = sun * min(thing.sprite.height * thing.size, 3.0) * scale
        half = (0.55 if thing.kind != "tree" else 0.25) * thing.sprite.width * thing.size * scale
        rx, ry = half + abs(reach) / 2, max(0.16 * half + 0.3, 0.8)
        first, last = painting.span(base - ry, base + ry, camera.height)
        left, right = painting.span(middle + reach / 2 - rx, middle + reach / 2 + rx, width)
        if first >= last or left >= right or first < top:
            continue
        dy = (painting.rows[first:last] - np.float32(base)) / np.float32(ry)
        dx = (painting.columns[left:right] - np.float32(middle + reach / 2)) / np.float32(rx)
        inside = (dx * dx)[None, :] + (dy * dy)[:, None] < 1
        window = light[first - top : last - top, left:right]
        window[inside] = dark
    if sun and dice.chance(0.4):  # the shadow of a house outside the picture, across the street
        z = camera.nearest * dice.between(1.1, 3.0)
        first, last = painting.span(camera.row(0, z * 1.5), camera.row(0, z), camera.height)
        rows = slice(max(first - top, 0), max(last - top, 0))
        light[rows] = np.minimum(light[rows], dark)
    return light


def _wall(
    painting: Painting,
    rows: slice,
    columns: slice,
    mask: np.ndarray | None,
    shade: float,
    block: Building,
    grid: np.ndarray,
) -> None:
    """Paint one wall of a house: `grid` is true where there is glass."""
    colors = np.array((block.wall, block.glass), np.float32).T
    colors[:, 0] *= np.float32(shade)
    color = painting.hazed(colors, 0 if block.lit else block.near).take(grid, axis=1)
    window, stuff = painting.color[:, rows, columns], painting.stuff[rows, columns]
    if mask is None:
        window[:], stuff[:] = color, BUILDING
    else:
        np.copyto(window, color, where=mask)
        np.copyto(stuff, np.uint8(BUILDING), where=mask)


def _building(painting: Painting, block: Building) -> None:
    """A block: the wall along the street, which runs towards the vanishing point, and the wall that faces us."""
    camera = painting.camera
    share_x, share_y = block.opening
    bay, storey = np.float32(block.bay), np.float32(block.storey)
    inner = block.left if block.left > 0 else block.right if block.right < 0 else 0.0
    if inner:
        near, far = camera.column(inner, max(block.near, 0.5)), camera.column(inner, block.far)
        first, last = painting.span(min(near, far), max(near, far), camera.width)
        if first < last:
            across = painting.columns[first:last] - np.float32(camera.vanish)
            scale = across / np.float32(inner)  # pixels per metre of the wall in this column
            high = np.float32(block.height - camera.eye) * scale
            low = np.float32(camera.eye) * scale
            top, end = painting.span(
                camera.horizon - float(high.max()), camera.horizon + float(low.max()), camera.height
            )
            down = painting.rows[top:end, None] - np.float32(camera.horizon)
            mask = (down > -high) & (down <= low)
            above = np.float32(camera.eye) - down / scale  # metres above the ground
            along = np.float32(camera.focal) / scale  # metres away
            grid = ((along % bay) < bay * np.float32(share_x)) & ((above % storey) > storey * np.float32(1 - share_y))
            _wall(painting, slice(top, end), slice(first, last), mask, 0.74, block, grid)
    if block.near > 0.6 * camera.nearest:
        scale = camera.scale(block.near)
        first, last = painting.span(
            camera.column(block.left, block.near), camera.column(block.right, block.near), camera.width
        )
        top, end = painting.span(camera.row(block.height, block.near), camera.row(0, block.near), camera.height)
        if first < last and top < end:
            u = (painting.columns[first:last] - np.float32(camera.column(block.left, block.near))) / np.float32(scale)
            v = (np.float32(camera.row(0, block.near)) - painting.rows[top:end]) / np.float32(scale)
            grid = ((u % bay) < bay * np.float32(share_x))[None, :] & ((v % storey) > storey * np.float32(1 - share_y))[
                :, None
            ]
            _wall(painting, slice(top, end), slice(first, last), None, 1.0, block, grid)


def _thing(painting: Painting, thing: Thing, number: int) -> tuple[slice, slice, np.ndarray] | None:
    """Paint a thing by looking its part map up at the pixel centres; return where its mask lies, None if outside."""
    camera, sprite = painting.camera, thing.sprite
    scale = camera.scale(thing.z) * thing.size
    end_share = 0.6 if thing.side else 1.0  # of a corner view's part map, the end takes 0.6 and the side the rest
    end_width = (1.8 if thing.side else sprite.width) * scale
    width = end_width + thing.side * scale
    base, height = camera.row(0, thing.z), sprite.height * scale
    left = camera.column(thing.x, thing.z) - end_width / 2 - (thing.side * scale if thing.flip and thing.side else 0)
    first, last = painting.span(base - height, base, camera.height)
    start, stop = painting.span(left, left + width, camera.width)
    if first >= last or start >= stop:
        return None
    v = (painting.rows[first:last] - np.float32(base - height)) / np.float32(height)
    u = (painting.columns[start:stop] - np.float32(left)) / np.float32(width)
    if thing.flip:
        u = 1 - u
    if thing.side:
        share = np.float32(end_width / width)
        side = np.float32(end_share) + (u - share) * np.float32((1 - end_share) * width / (width - end_width))
        u = np.where(u < share, u * np.float32(end_share / share), side)
    rows = np.minimum((v * np.float32(sprite.parts.shape[0])).astype(np.int32), sprite.parts.shape[0] - 1)
    columns = np.minimum((u * np.float32(sprite.parts.shape[1])).astype(np.int32), sprite.parts.shape[1] - 1)
    parts = sprite.parts[rows[:, None], columns[None, :]]
    mask = parts > 0
    color = painting.hazed(thing.colors, thing.z).take(parts, axis=1)
    color *= (np.float32(0.90) + np.float32(0.2) * (1 - v))[:, None]  # lighter towards the sky
    np.copyto(painting.color[:, first:last, start:stop], color, where=mask)
    np.copyto(painting.index[first:last, start:stop], np.int16(number), where=mask)
    return slice(first, last), slice(start, stop), mask


def _develop(painting: Painting) -> np.ndarray:
    """From light to a photograph of 256 levels: exposure, tint, blur of the lens, noise of the sensor."""
    dice, light, color = painting.dice, painting.plan.light, painting.color
    height, width = painting.stuff.shape
    day = min(light / 0.55, 1.0)
    exposure = (0.20 + 0.80 * day) * dice.between(0.85, 1.15)
    cold = tuple(value + (1 - value) * day for value in (0.80, 0.90, 1.15))
    tint = tuple(value * exposure * dice.between(0.93, 1.07) for value in cold)
    color *= np.array(tint, np.float32)[:, None, None]
    soft = np.float32(dice.between(0.3, 1.0) * 0.25)
    for here, there in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[:, :, 1:], np.s_[:, :, :-1])):
        step = (color[here] - color[there]) * soft
        color[there] += step
        color[here] -= step
    amount = np.float32(dice.between(0.008, 0.036) + 0.03 * (1 - day))
    color += painting.noise(textures.grain(), height, width) * amount
    np.clip(color, 0, 1, out=color)
    color *= np.float32(255)
    color += HALF
    return color.astype(np.uint8).astype(np.float32) / np.float32(255)


def _check(seed: int, size: tuple[int, int], crowding: float | None, light: float | None) -> None:
    check_drawing(seed, size, SMALLEST, LARGEST)
    for name, value in (("crowding", crowding), ("light", light)):
        if value is not None and not 0 <= value <= 1:
            raise ValueError(f"{name}: expected a number from 0 to 1, or None, got {value!r}")


def street(
    seed: int, size: tuple[int, int] = (96, 128), crowding: float | None = None, light: float | None = None
) -> Scene:
    """One street scene with exact truth; the same arguments give the same bytes on every machine.

    Args:
        seed: training scenes count from 0, validation from 1,000,000, test from 2,000,000.
        size: (height, width) in pixels, from 64 × 64 to 512 × 1024.
        crowding: 0 (few things) to 1 (many, that touch and hide each other); None: the seed decides.
        light: 0 (night) to 1 (noon); None: the seed decides.

    Returns:
        A `Scene` over `STREET`. A thing that shows fewer than 64 pixels at 96 × 128, in proportion at other sizes,
        is void. `amodal` has the full extent, within the picture, of every thing that is not.
    """
    _check(seed, size, crowding, light)
    plan = plan_street(seed, size, crowding, light)
    painting = Painting(plan)
    _sky(painting)
    if plan.hills:
        _hills(painting)
    _ground(painting)
    for block in plan.buildings:
        _building(painting, block)
    extents = [_thing(painting, thing, number) for number, thing in enumerate(plan.things, 1)]
    return _label(f"street {seed}", painting, extents)


def _label(name: str, painting: Painting, extents: list[tuple[slice, slice, np.ndarray] | None]) -> Scene:
    """Give the segments their ids, stuff first; leave out what is too small to label."""
    key = painting.stuff.astype(np.int64)  # 0..7: stuff; from 8: things
    np.add(painting.index, len(STREET) - 1, out=key, where=painting.index > 0)
    area = np.bincount(key.ravel(), minlength=len(STREET) + len(extents)).tolist()
    ids = np.zeros(len(area), np.int64)
    segments: list[Segment] = []
    amodal: dict[int, torch.Tensor] = {}
    for category in STREET.stuff:
        if area[category.id]:
            segments.append(Segment(len(segments) + 1, category.id, False, area[category.id]))
            ids[category.id] = len(segments)
    for number, (thing, extent) in enumerate(zip(painting.plan.things, extents, strict=True), len(STREET)):
        if extent is None or area[number] < LEAST_AREA * key.size:
            continue
        segments.append(Segment(len(segments) + 1, KIND[thing.kind], True, area[number]))
        ids[number] = len(segments)
        rows, columns, mask = extent
        full = np.zeros(key.shape, bool)
        full[rows, columns] = mask
        amodal[len(segments)] = torch.from_numpy(full)
    image, panoptic = torch.from_numpy(_develop(painting)), torch.from_numpy(ids[key])
    return Scene(name, image, panoptic, tuple(segments), STREET, amodal)
