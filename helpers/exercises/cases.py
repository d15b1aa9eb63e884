"""What the exercises are tried on: label maps, numbers that floats hold exactly, masks that wind or fall apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from helpers.categories import VOID

HAIR = 1e-6
"""Added to a threshold, it makes "more than" of "at least"."""


def label_maps(rng: np.random.Generator, count: int, categories: int, void: float = 0.2) -> Iterator[Tensor]:
    """Random semantic maps of small and growing size; a share of their pixels is void.

    The last is large: several hundred pixels of each category, more than an 8-bit count can hold.
    """
    sides = [rng.integers(1, 3 + index // 2, 2) for index in range(count - 1)]
    for height, width in [*sides, (24, 30 * categories)]:
        semantic = rng.integers(0, categories, (height, width))
        semantic[rng.random((height, width)) < void] = VOID
        yield torch.from_numpy(semantic)


def map_pairs(rng: np.random.Generator, count: int, categories: int) -> Iterator[tuple[Tensor, Tensor]]:
    """A prediction, which agrees on about half of the pixels, and the truth. Each of them has void, also on its own."""
    for semantic in label_maps(rng, count, categories):
        other = rng.integers(0, categories, tuple(semantic.shape))
        other[rng.random(other.shape) < 0.2] = VOID
        keep = torch.from_numpy(rng.random(other.shape) < 0.5)
        yield semantic.where(keep, torch.from_numpy(other)), semantic


def eighths(rng: np.random.Generator, low: int, high: int, *shape: int) -> Tensor:
    """Random float32 multiples of 1/8, from low/8 to below high/8: what is equal is equal on every machine."""
    return torch.tensor(rng.integers(low, high, shape) / 8).float()


def shuffled_descending(values: Tensor) -> Tensor:
    """The order from high to low. Of more than 16 values equals come in reverse, as an unstable sort may have them."""
    if len(values) <= 16:
        return values.argsort(descending=True, stable=True)
    return len(values) - 1 - values.flip(0).argsort(descending=True, stable=True)


def spiral(side: int) -> Tensor:
    """A path one pixel wide that winds inward, bool [side, side], side = 4 · n + 1: one region, side² / 2 long."""
    places = torch.arange(side)
    to_edge = places.minimum(side - 1 - places)
    mask = torch.minimum(to_edge[:, None], to_edge) % 2 == 0  # squares inside squares
    for corner in range(0, side // 2, 2):  # each is opened below its first pixel, and from there joined to the next
        mask[corner + 1, corner] = False
        mask[corner + 2, corner + 1] = True
    return mask


def dots(side: int) -> Tensor:
    """Single pixels that do not touch, bool [side, side]: a region for every second row and column."""
    even = torch.arange(side) % 2 == 0
    return even[:, None] & even
