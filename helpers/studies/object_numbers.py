"""Objects written as numbers: a map that holds 1 on the pixels of one object, 2 on those of another, 0 on the rest.

Two ways to choose the numbers, for a network to learn; and the ways back, from a map of numbers to objects. Such a map
is `things` in the course's words, int64, `[B, H, W]` for a batch.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from scipy import ndimage
from torch import Tensor

from helpers.labels import Instances
from helpers.metrics import match

SMALLEST = 16
"""Pixels of an object; what has fewer is left out."""


# --- to numbers ---


def numbers_anew(things: Tensor, generator: torch.Generator) -> Tensor:
    """Number the objects of each picture from 1 in a random order: int64 `[B, H, W]`, 0 where there is none."""
    numbers = torch.zeros_like(things)
    for picture, ids in enumerate(map(_ids, things)):
        for number, place in enumerate(torch.randperm(len(ids), generator=generator), start=1):
            numbers[picture][things[picture] == ids[place]] = number
    return numbers


def numbers_left_to_right(things: Tensor) -> Tensor:
    """Number the objects of each picture from 1 by the column of their centre, as `numbers_anew`.

    Of equal columns the smaller number of `things` comes first.
    """
    numbers = torch.zeros_like(things)
    for picture, one in enumerate(things):
        for number, id in enumerate(sorted(_ids(one), key=lambda id: mean_column(one == id)), start=1):
            numbers[picture][one == id] = number
    return numbers


def mean_column(mask: Tensor) -> float:
    """Of the pixels of a mask bool `[H, W]`; the first column is 0."""
    return float(mask.nonzero()[:, 1].double().mean())


def _ids(things: Tensor) -> Tensor:
    return things[things > 0].unique()


# --- and back ---


def objects_of_numbers(numbers: Tensor) -> Tensor:
    """One object for each number of a map int64 `[H, W]`: bool `[N, H, W]`. Those below `SMALLEST` are left out."""
    masks = numbers == _ids(numbers)[:, None, None]
    return masks[masks.sum((1, 2)) >= SMALLEST]


def regions_of_numbers(numbers: Tensor) -> Tensor:
    """The same map with each connected region numbered by itself, from 1: pixels of one number, side by side."""
    regions = torch.zeros_like(numbers)
    for number in _ids(numbers):
        found = torch.from_numpy(ndimage.label(numbers == number)[0]).long()
        regions = regions.where(found == 0, found + regions.max())
    return regions


def count_found(numbers: Iterable[Tensor], things: Iterable[Tensor]) -> int:
    """How many true objects are found by maps int64 `[H, W]`: greedily, one to one, IoU at least 0.5."""
    pairs = [[_instances(objects_of_numbers(one)) for one in pair] for pair in zip(numbers, things, strict=True)]
    return sum(int((match(predicted, truth) >= 0).sum()) for predicted, truth in pairs)


def _instances(masks: Tensor) -> Instances:
    """All of one category; the largest chooses first."""
    return {"masks": masks, "labels": torch.zeros(len(masks), dtype=torch.int64), "scores": masks.sum((1, 2)).float()}
