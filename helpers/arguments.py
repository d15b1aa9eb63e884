"""What came in, against what was expected: one sentence for every function that takes maps, masks or numbers."""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from helpers.categories import VOID


def expect(condition: bool, argument: str, expected: object, got: object) -> None:
    """Raises `ValueError("argument: expected ..., got ...")` unless the condition holds."""
    if not condition:
        raise ValueError(f"{argument}: expected {expected}, got {got}")


def describe(value: Any) -> str:
    """The dtype and shape of a tensor or array, the type of anything else."""
    return f"{value.dtype} {list(value.shape)}" if isinstance(value, Tensor | np.ndarray) else type(value).__name__


def is_whole(value: Any) -> bool:
    """Whether it is a whole number: Python's, numpy's or a tensor of one. True and False are none."""
    if isinstance(value, bool | np.bool_) or getattr(value, "dtype", None) == torch.bool:
        return False
    try:
        operator.index(value)
    except TypeError:
        return False
    return True


ROUNDING = 0.01
"""How far a picture may leave 0..1: what half precision, or resizing, makes of a 1."""


def check_image(image: Tensor) -> None:
    """Raises `ValueError` for anything but a batch of colour pictures in 0..1."""
    fits = isinstance(image, Tensor) and image.is_floating_point() and image.ndim == 4 and image.shape[1] == 3
    expect(fits and image.numel() > 0, "image", "float [B, 3, H, W]", describe(image))
    low, high = (float(value) for value in image.detach().aminmax())
    inside = low >= -ROUNDING and high <= 1 + ROUNDING  # not so for nan
    expect(inside, "image", "values in 0..1", f"{low:g}..{high:g}")


def check_semantic(
    argument: str, semantic: Tensor, num_categories: int, axes: Collection[int] = (2,), void: bool = True
) -> None:
    """Raises `ValueError` unless it is an int64 map of category ids, `[H, W]` or, with 3 among `axes`, `[N, H, W]`.

    `void`: whether 255 is allowed, too.
    """
    fits = is_whole(num_categories) and 0 < num_categories <= VOID
    expect(fits, "num_categories", f"1..{VOID}", num_categories)
    fits = isinstance(semantic, Tensor) and semantic.dtype == torch.int64 and semantic.ndim in axes
    shapes = " or ".join({2: "[H, W]", 3: "[N, H, W]"}[count] for count in axes)
    expect(fits and 0 not in semantic.shape, argument, f"int64 {shapes}", describe(semantic))
    wrong = (semantic < 0) | (semantic >= num_categories)
    if void:
        wrong &= semantic != VOID
    if wrong.any():
        ids = f"category ids 0..{num_categories - 1}" + (f" or {VOID} for void" if void else "")
        expect(False, argument, ids, semantic[wrong].unique().tolist()[:8])


def check_masks(argument: str, masks: Tensor, size: Collection[int] | None = None) -> None:
    """Raises `ValueError` unless it is bool `[N, H, W]`, of this (H, W) if one is given; N may be 0."""
    fits = isinstance(masks, Tensor) and masks.dtype == torch.bool and masks.ndim == 3 and 0 not in masks.shape[1:]
    expect(fits, argument, "bool [N, H, W]", describe(masks))
    if size is not None:
        expect(list(masks.shape[1:]) == list(size), argument, f"masks of {list(size)}", list(masks.shape[1:]))


def check_scores(argument: str, scores: Tensor, count: int | None = None) -> None:
    """Raises `ValueError` unless it is float `[N]` of numbers, `count` of them if that is given."""
    fits = isinstance(scores, Tensor) and scores.is_floating_point() and scores.ndim == 1
    expected = "float [N]" if count is None else f"float [{count}], one for each mask"
    expect(fits and count in (None, len(scores)), argument, expected, describe(scores))
    expect(not scores.isnan().any(), argument, "numbers", f"{int(scores.isnan().sum())} that are nan")


def check_instances(
    argument: str,
    instances: dict[str, Tensor],
    keys: Collection[str] = ("masks", "labels", "scores"),
    things: Iterable[int] | None = None,
) -> None:
    """Raises `ValueError` unless there are masks and labels (and scores, if among `keys`), one of each for each object.

    `things`: the ids that a label may be, if they matter.
    """
    missing = [key for key in keys if key not in instances]
    expect(not missing, argument, ", ".join(keys), f"no {', '.join(missing)}")
    masks, labels = instances["masks"], instances["labels"]
    check_masks(f"{argument}['masks']", masks)
    fits = isinstance(labels, Tensor) and labels.dtype == torch.int64 and labels.shape == masks.shape[:1]
    expect(fits, f"{argument}['labels']", f"int64 [{len(masks)}], one for each mask", describe(labels))
    if "scores" in keys:
        check_scores(f"{argument}['scores']", instances["scores"], len(masks))
    if things is not None:
        things = list(things)
        wrong = sorted(set(labels.tolist()) - set(things))
        expect(not wrong, f"{argument}['labels']", f"ids of things, {things}", wrong[:8])


def check_drawing(seed: Any, size: Any, smallest: tuple[int, int], largest: tuple[int, int]) -> None:
    """Raises `ValueError` unless a scene can be drawn from this seed, at this (height, width)."""
    expect(is_whole(seed) and seed >= 0, "seed", "an integer of at least 0", repr(seed))
    fits = isinstance(size, tuple | list) and len(size) == 2 and all(is_whole(side) for side in size)
    fits = fits and all(low <= side <= high for low, side, high in zip(smallest, size, largest, strict=True))
    expect(fits, "size", f"(height, width) from {smallest} to {largest}", repr(size))
