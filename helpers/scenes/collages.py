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

from functools import lru_cache

import numpy as np
import torch
from scipy import ndimage

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
    """A crop of a ground, float32 `[H, W]`: mirrored, turned, its brightness and contrast changed, under a slow shade."""
    if dice.chance(0.5):
        bank, contrast = _plate(), dice.between(0.8, 2.4)
    else:
        bank, contrast = _ground(dice.pick(("gravel", "grass", "brick"))), dice.between(0.3, 1.1)
    if dice.chance(0.5):
        bank = bank.T
    crop = textures.crop(bank, height, width, dice.random(), dice.random())[:: dice.pick((1, -1)), :: dice.pick((1, -1))]
    down, right = (np.linspace(-0.5, 0.5, side, dtype=np.float32) for side in (height, width))
    slope, tilt = np.float32(dice.between(-0.5, 0.5)), np.float32(dice.between(-0.5, 0.5))
    light = np.float32(dice.between(0.14, 0.5)) * (1 + slope * down[:, None] + tilt * right)
    return light + crop * np.float32(contrast)


def _sample(layers: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """`[C, S, S]` at the places (rows, columns), both float32 `[h, w]`, bilinearly; outside, the border goes on."""
    last = np.float32(layers.shape[-1] - 1.001)
    rows, columns = np.clip(rows, 0, last), np.clip(columns, 0, last)
    top, left = rows.astype(np.int32), columns.astype(np.int32)
    down, right = rows - top, columns - left
    upper = layers[:, top, left] * (1 - right) + layers[:, top, left + 1] * right
    lower = layers[:, top + 1, left] * (1 - right) + layers[:, top + 1, left + 1] * right
    return upper * (1 - down) + lower * down


def _paste(picture: np.ndarray, dice: Dice, cutout: np.ndarray, middle: tuple[float, float], scale: float, sun: tuple[float, float], dark: float) -> np.ndarray:
    """Paste a coin into `picture` `[H, W]` and return its extent, bool `[H, W]`."""
