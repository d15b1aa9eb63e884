"""Questions one asks a list of objects, and the list that a semantic map gives if each patch is taken for an object."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from helpers.arguments import check_instances, check_masks, check_semantic, expect
from helpers.categories import VOID
from helpers.labels import Instances, masks_to_boxes

SMALLEST = 64
"""Pixels of a region that counts as an object: what has fewer is void in a street (`scenes/street.py`)."""


def surer_than(instances: Instances, score: float) -> Instances:
    """Those with a higher score, in the same order. Raises `ValueError` for instances of another form."""
    check_instances("instances", instances)
    kept = instances["scores"] > score
    return {key: value[kept] for key, value in instances.items()}


def touching(masks: Tensor) -> Tensor:
    """Which of the masks bool `[N, H, W]` touch another one, side by side or at a corner: bool `[N]`.

    Masks that overlap touch. Raises `ValueError` for masks of another form.
    """
    check_masks("masks", masks)
    if len(masks) == 0:
        return masks.new_zeros(0)
    grown = F.max_pool2d(masks[:, None].float(), 3, 1, 1)[:, 0] > 0  # by one pixel in all eight directions
    meets = (grown.flatten(1).float() @ masks.flatten(1).float().T) > 0  # [N, N]
    return meets.fill_diagonal_(False).any(1)


def crowding(instances: Instances, label: int | None = None) -> int:
    """How many objects touch another one of their category; with a `label`, of that category alone.

    Raises `ValueError` for instances of another form.
    """
    check_instances("instances", instances, ("masks", "labels"))
    masks, labels = instances["masks"], instances["labels"]
    wanted = labels.unique() if label is None else [label]
    return sum(int(touching(masks[labels == one]).sum()) for one in wanted)


def regions(semantic: Tensor, labels: Sequence[int]) -> Instances:
    """Each connected region of a semantic map as if it were one object, those of fewer than `SMALLEST` pixels left out.

    Args:
        semantic: int64 `[H, W]` of category ids, 255 = void.
        labels: the categories whose regions are wanted. Pixels that touch at a corner are connected.

    Returns:
        `boxes`, `labels`, `masks`, and `scores` that are all 1: a region has none of its own.

    Raises:
        ValueError: for a map of another form.
    """
    check_semantic("semantic", semantic, VOID, axes=(2,))
    masks, found = [semantic.new_zeros((0, *semantic.shape), dtype=torch.bool)], []
    for label in labels:
        numbers, count = ndimage.label((semantic == label).cpu().numpy(), structure=np.ones((3, 3)))
        each = torch.from_numpy(numbers) == torch.arange(1, count + 1)[:, None, None]
        masks.append(each[each.sum((1, 2)) >= SMALLEST].to(semantic.device))
        found += [label] * len(masks[-1])
    all_masks = torch.cat(masks)
    return {
        "boxes": masks_to_boxes(all_masks),
        "labels": semantic.new_tensor(found),
        "masks": all_masks,
        "scores": torch.ones(len(found), device=semantic.device),
    }


def lowest(instances: Instances, labels: Sequence[int]) -> Tensor | None:
    """The mask bool `[H, W]` that reaches lowest in the picture, of the objects with these labels; None without any.

    Of equal ones the first; an empty mask reaches nowhere. On flat ground it is the nearest object.

    Raises `ValueError` without labels, and for instances of another form.
    """
    expect(len(labels) > 0, "labels", "at least one category", 0)
    check_instances("instances", instances, ("masks", "labels"))
    masks, ids = instances["masks"], instances["labels"]
    wanted = masks[torch.isin(ids, ids.new_tensor(labels)) & masks.flatten(1).any(1)]
    if len(wanted) == 0:
        return None
    rows = wanted.any(2)  # [N, H]
    last = rows.shape[1] - rows.flip(1).long().argmax(1)  # below the lowest row of each
    return wanted[last.argmax()]
