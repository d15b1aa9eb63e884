"""Collages: training pictures for one photograph, made of pieces of it.

The photograph of coins has 24 coins: too few to train on, and a network should be tested on coins that it never saw.
So the photograph is split. Coins of the upper two rows are cut out and pasted on photographed grounds, turned,
resized, lit anew, over and beside each other; the lower two rows are held out. Since each coin is painted into the
picture and into the map of indices by the same mask, the truth is exact, also where coins overlap.

Cutting and pasting follows Dwibedi, Misra and Hebert, "Cut, Paste and Learn", ICCV 2017. They blend the borders in
several ways, so that a network does not learn to find the seam; we soften the border, and every coin casts a shadow.

The same bytes on every machine, by the means that `textures` describes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from scipy import ndimage

from helpers.arguments import check_drawing
from helpers.categories import COINS
from helpers.labels import Segment
from helpers.scenes import textures
from helpers.scenes.photos import coins, photo
from helpers.scenes.scene import Scene
from helpers.scenes.street_plan import Dice

TRAINED_ON, HELD_OUT = range(1, 13), range(13, 25)
"""The coins of the photograph that are pasted, its upper two rows, and those that never are."""

HELD_OUT_ROW = 145
"""Nothing of the photograph from this row down is used: it is the first one below the upper two rows of coins."""

SMALLEST, LARGEST = (64, 64), (512, 512)
LEAST_AREA, LEAST_SHARE = 64, 0.15
"""A coin that shows fewer pixels, or less of its extent within the picture, is void: too little to label."""

MARGIN = 10  # pixels around a cut-out coin, for its shadow
HALF = np.float32(0.5)
PATCH = 16  # pixels a side: what fits between the coins of the photograph


@lru_cache
def _upper_rows() -> tuple[np.ndarray, np.ndarray]:
    """What may be used of the photograph: int64 levels 0..255 and int64 labels, 0 for the plate, both `[145, 384]`."""
    scene = coins()
    levels, labels = (scene.image[0] * 255).round().long(), scene.panoptic * (scene.semantic == COINS.id("coin"))
    return levels[:HELD_OUT_ROW].numpy(), labels[:HELD_OUT_ROW].numpy()


@lru_cache
def _cutouts() -> tuple[np.ndarray, ...]:
    """Each coin of `TRAINED_ON` as three layers, float32 `[3, S, S]` in 0..1: its brightness, its cover, its shadow.

    Beyond its border a coin is continued with its nearest pixel, so that none of the old ground shines through.
    """
    levels, labels = _upper_rows()
    cutouts = []
    for number, box in zip(TRAINED_ON, ndimage.find_objects(labels), strict=True):
        mask = labels[box] == number
        height, width = mask.shape
        side = max(height, width) + 2 * MARGIN
        top, left = (side - height) // 2, (side - width) // 2
        around = ((top, side - height - top), (left, side - width - left))
        mask, brightness = np.pad(mask, around), np.pad(levels[box], around)
        nearest = ndimage.distance_transform_edt(~mask, return_distances=False, return_indices=True)
        cover = ndimage.uniform_filter(mask.astype(np.float32), 3)
        shadow = ndimage.uniform_filter(ndimage.uniform_filter(mask.astype(np.float32), 7), 7)
        cutouts.append(np.stack([brightness[tuple(nearest)].astype(np.float32) / np.float32(255), cover, shadow]))
    return tuple(cutouts)


@lru_cache
def _ground(name: str) -> np.ndarray:
    """A photographed ground of 512×512, float32, brightness with mean 0."""
    levels = (photo(name)[0] * 255).round().long().numpy()
    return (levels - int(levels.sum()) // levels.size).astype(np.float32) / np.float32(255)


@lru_cache
def _plate() -> np.ndarray:
    """The dark plate under the coins, as `_ground`: patches from between the coins, in random places, softly mixed.

    Where several patches overlap, weights `w` with `sum(w**2) == 1` keep the strength of their grain.
    """
    levels, labels = (array[4:, 8:368] for array in _upper_rows())  # without the edge of the plate
    margin = 2  # the coins' soft borders
    clear = np.lib.stride_tricks.sliding_window_view(labels == 0, (PATCH + 2 * margin,) * 2).all((2, 3))
    corners = np.argwhere(clear) + margin
    dice, step, size = Dice(0), PATCH // 2, LARGEST[0]
    ramp = np.minimum(np.arange(PATCH), np.arange(PATCH)[::-1]).astype(np.float32) + np.float32(0.5)
    weight = ramp[:, None] * ramp
    total, square = np.zeros((2, size + PATCH, size + PATCH), np.float32)
    for top in range(0, size + step, step):
        for left in range(0, size + step, step):
            row, column = dice.pick(corners)
            patch = levels[row : row + PATCH, column : column + PATCH]
            here = np.s_[top : top + PATCH, left : left + PATCH]
            total[here] += weight * (patch - int(patch.sum()) // patch.size).astype(np.float32)
            square[here] += weight * weight
    inner = np.s_[step : step + size, step : step + size]  # where four patches overlap
    return total[inner] / np.sqrt(square[inner]) / np.float32(255)


def _choose_ground(dice: Dice, height: int, width: int) -> np.ndarray:
    """A crop of a ground, float32 `[H, W]`: turned, mirrored, of any brightness and contrast, in a slow shade."""
    if dice.chance(0.5):
        bank, contrast = _plate(), dice.between(0.8, 2.4)
    else:
        bank, contrast = _ground(dice.pick(("gravel", "grass", "brick"))), dice.between(0.3, 1.1)
    crop = textures.crop(bank.T if dice.chance(0.5) else bank, height, width, dice.random(), dice.random())
    crop = crop[:: dice.pick((1, -1)), :: dice.pick((1, -1))]
    down, right = (np.arange(side, dtype=np.float32) / np.float32(side) - HALF for side in (height, width))
    slope, tilt = np.float32(dice.between(-0.6, 0.6)), np.float32(dice.between(-0.6, 0.6))
    light = np.float32(dice.between(0.1, 0.5)) * (1 + slope * down[:, None] + tilt * right)
    return light + crop * np.float32(contrast)


def _direction(dice: Dice) -> tuple[float, float]:
    """A random point of the unit circle, from the tangent of half its angle: `sin` differs between machines."""
    tangent, side = dice.between(-1, 1), dice.pick((1, -1))
    square = tangent * tangent
    return side * (1 - square) / (1 + square), side * 2 * tangent / (1 + square)


@dataclass(frozen=True, eq=False)
class _Coin:
    """A coin in its place: the layers of its cut-out, its middle (row, column), how it is resized and turned."""

    layers: np.ndarray
    middle: tuple[float, float]
    scale: float
    turn: tuple[float, float]
    mirror: int

    @property
    def radius(self) -> float:
        return (self.layers.shape[-1] / 2 - MARGIN) * self.scale

    def window(self, size: tuple[int, int]) -> tuple[slice, slice]:
        """The rows and columns of a picture that the coin and its shadow may touch."""
        reach = self.radius + MARGIN * self.scale
        spans = zip(self.middle, size, strict=True)
        rows, columns = (slice(max(int(at - reach), 0), min(max(int(at + reach) + 1, 0), end)) for at, end in spans)
        return rows, columns

    def sample(self, layers: np.ndarray, window: tuple[slice, slice], shift: tuple[float, float]) -> np.ndarray:
        """`layers` `[C, S, S]` as they look at the pixels of `window`, `[C, h, w]`, moved by `shift` pixels."""
        down, right = (
            (np.arange(part.start, part.stop, dtype=np.float32) + np.float32(0.5 - at - by)) / np.float32(self.scale)
            for part, at, by in zip(window, self.middle, shift, strict=True)
        )
        cos, sin = (np.float32(value) for value in self.turn)
        half, last = np.float32((layers.shape[-1] - 1) / 2), np.float32(layers.shape[-1] - 1.001)
        rows = np.clip(cos * down[:, None] + sin * right + half, 0, last)
        columns = np.clip((cos * right - sin * down[:, None]) * np.float32(self.mirror) + half, 0, last)
        top, left = rows.astype(np.int32), columns.astype(np.int32)
        v, u = rows - top, columns - left  # between four pixels: bilinear
        pixels, side = layers.reshape(len(layers), -1), layers.shape[-1]
        corners = (pixels.take(top * side + (left + step), axis=1) for step in (0, 1, side, side + 1))
        upper_left, upper_right, lower_left, lower_right = corners
        upper = upper_left + u * (upper_right - upper_left)
        lower = lower_left + u * (lower_right - lower_left)
        return upper + v * (lower - upper)


def _throw(dice: Dice, size: tuple[int, int], others: list[_Coin], company: float) -> _Coin:
    """A random coin, anywhere or, with the probability `company`, against or on top of one of the others."""
    layers, scale = dice.pick(_cutouts()), dice.between(0.8, 1.3)
    coin = _Coin(layers, (0, 0), scale, _direction(dice), dice.pick((1, -1)))
    if others and dice.chance(company):
        other, (down, right) = dice.pick(others), _direction(dice)
        apart = dice.between(0.5, 1.05) * (coin.radius + other.radius)
        middle = other.middle[0] + apart * down, other.middle[1] + apart * right
        middle = min(max(middle[0], 0), size[0]), min(max(middle[1], 0), size[1])
    else:
        middle = dice.between(0, size[0]), dice.between(0, size[1])
    return replace(coin, middle=middle)


def _develop(dice: Dice, picture: np.ndarray) -> np.ndarray:
    """From brightness to a photograph of 256 levels: blur of the lens, noise of the sensor."""
    soft = np.float32(dice.between(0, 0.12))
    wide = np.pad(picture, 1, mode="edge")
    around = wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:]
    picture = picture + soft * (around - 4 * picture)
    noise = textures.crop(textures.grain()[0], *picture.shape, dice.random(), dice.random())
    picture = np.clip(picture + noise * np.float32(dice.between(0.005, 0.04)), 0, 1)
    return (picture * np.float32(255) + HALF).astype(np.uint8).astype(np.float32) / np.float32(255)


def collage(seed: int, size: tuple[int, int] = (128, 128)) -> Scene:
    """One collage of coins with exact truth; the same arguments give the same bytes on every machine.

    Args:
        seed: training collages count from 0, validation from 1,000,000, test from 2,000,000.
        size: (height, width) in pixels, from 64 × 64 to 512 × 512.

    Returns:
        A `Scene` over `COINS`, grey. 2 to 8 coins fall on 128 × 128, in proportion at other sizes, each 0.8 to 1.3
        times as large as in the photograph. A coin is void if it shows fewer than 64 pixels, or less than 15 % of its
        extent within the picture. `amodal` has that extent for every coin that is not.

    Raises `ValueError` for a seed below 0 or a size outside these limits.
    """
    check_drawing(seed, size, SMALLEST, LARGEST)
    dice, (height, width) = Dice(seed), size
    picture = _choose_ground(dice, height, width)
    index = np.zeros((height, width), np.int64)  # 0 is the ground, then the coins as they are thrown
    count = max(round(dice.count(2, 8) * height * width / 128**2), 1)
    company, dark = dice.random(), np.float32(dice.between(0.2, 0.8))
    sun = dice.between(-4, 4), dice.between(-4, 4)  # how far a shadow falls, in pixels
    thrown: list[_Coin] = []
    extents: list[np.ndarray] = []
    for number in range(1, count + 1):
        coin = _throw(dice, (height, width), thrown, company)
        window = coin.window((height, width))
        brightness, cover = coin.sample(coin.layers[:2], window, (0, 0))
        (shadow,) = coin.sample(coin.layers[2:], window, sun)
        contrast, level = np.float32(dice.between(0.6, 1.4)), np.float32(dice.between(0.45, 0.75))
        brightness = (brightness - np.float32(0.65)) * contrast + level  # 0.65: what the coins have in the mean
        below = picture[window] * (1 - dark * shadow)
        picture[window] = below + cover * (brightness - below)
        extent = np.zeros((height, width), bool)
        extent[window] = cover > HALF
        index[extent] = number
        thrown.append(coin)
        extents.append(extent)
    grey = torch.from_numpy(_develop(dice, picture)).expand(3, -1, -1).contiguous()
    return _label(f"collage {seed}", grey, index, extents)


def _label(name: str, image: torch.Tensor, index: np.ndarray, extents: list[np.ndarray]) -> Scene:
    """Give the segments their ids, the ground first; leave out coins of which too little shows."""
    area = np.bincount(index.ravel(), minlength=len(extents) + 1).tolist()
    ids = np.zeros(len(area), np.int64)
    segments: list[Segment] = []
    amodal: dict[int, torch.Tensor] = {}
    if area[0]:
        segments.append(Segment(1, COINS.id("background"), False, area[0]))
        ids[0] = 1
    for number, extent in enumerate(extents, 1):
        if area[number] < max(LEAST_AREA, LEAST_SHARE * np.count_nonzero(extent)):
            continue
        segments.append(Segment(len(segments) + 1, COINS.id("coin"), True, area[number]))
        ids[number] = len(segments)
        amodal[len(segments)] = torch.from_numpy(extent)
    return Scene(name, image, torch.from_numpy(ids[index]), tuple(segments), COINS, amodal)
