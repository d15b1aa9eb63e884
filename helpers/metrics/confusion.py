"""Pixel by pixel: overlap of two masks, and of every category of two maps."""

from __future__ import annotations

import torch
from torch import Tensor

from helpers.arguments import check_semantic, describe, expect


def iou(a: Tensor, b: Tensor) -> float:
    """Intersection over union of two masks, also called the Jaccard index.

    Args:
        a, b: bool `[H, W]`, or any two masks of one shape.

    Returns:
        0..1; `nan` where both masks are empty, since nothing divided by nothing is no score.

    Raises:
        ValueError: for masks that are not bool, or of two shapes.
    """
    both, in_a, in_b = _overlap(a, b)
    return both / (in_a + in_b - both) if in_a + in_b else float("nan")


def dice(a: Tensor, b: Tensor) -> float:
    """Twice the intersection over the sum of both areas (Dice 1945), also called F1: 2·IoU / (1 + IoU).

    Arguments, empty masks and errors as for `iou`.
    """
    both, in_a, in_b = _overlap(a, b)
    return 2 * both / (in_a + in_b) if in_a + in_b else float("nan")


def confusion_matrix(predicted: Tensor, semantic: Tensor, num_categories: int) -> Tensor:
    """Counts the pixels of each category (row) that were predicted as each category (column).

    The matrices of batches add up: sum them over a whole data set, then score the sum. The mean of the batches' scores
    is another number.

    Args:
        predicted: int64 `[H, W]` or `[N, H, W]` of category ids, never void: a network always names a category.
        semantic: the truth, of the same shape; 255 = void, and what was predicted there is not counted.
        num_categories: C, 1..255.

    Returns:
        int64 `[C, C]`, on the device of the maps. Its sum is the number of pixels that are not void.

    Raises:
        ValueError: for maps of another dtype, of two shapes or empty, and for ids that are no category, under void too.
    """
    check_maps(predicted, semantic, num_categories)
    num_categories = int(num_categories)  # the square of a small numpy integer would overflow
    row = semantic.clamp(max=num_categories)  # void gets a row of its own, the last, which is then cut off
    counts = (row * num_categories + predicted).flatten().bincount(minlength=num_categories**2)
    return counts[: num_categories**2].view(num_categories, num_categories)


def pixel_accuracy(confusion: Tensor) -> float:
    """The share of pixels with the right category (Long, Shelhamer, Darrell, CVPR 2015, section 5).

    Takes what `confusion_matrix` gives, or a sum of such. Returns 0..1; `nan` where no pixel counts. Raises
    `ValueError` unless it is a square int64 matrix.
    """
    _check_confusion(confusion)
    total = int(confusion.sum())
    return int(confusion.diagonal().sum()) / total if total else float("nan")


def category_iou(confusion: Tensor) -> Tensor:
    """Intersection over union of each category: of its pixels in the truth and those in the prediction.

    Takes what `confusion_matrix` gives, or a sum of such. Returns float64 `[C]` on the CPU: 0..1, and `nan` for a
    category that is in neither map, which thus counts neither as found nor as missed. Raises `ValueError` unless
    `confusion` is a square int64 matrix.
    """
    _check_confusion(confusion)
    both = confusion.diagonal()
    return ratio(both, confusion.sum(0) + confusion.sum(1) - both)


def category_dice(confusion: Tensor) -> Tensor:
    """`dice` of each category: float64 `[C]` on the CPU, `nan` for one in neither map; see `category_iou`."""
    _check_confusion(confusion)
    return ratio(2 * confusion.diagonal(), confusion.sum(0) + confusion.sum(1))


def mean_iou(confusion: Tensor) -> float:
    """The mean of `category_iou` over the categories that occur, in the truth or in the prediction.

    It is the "mean IU" of Long, Shelhamer, Darrell, CVPR 2015, section 5; theirs runs over all categories, where an
    absent one would be 0 / 0. Returns 0..1; `nan` where none occurs. Raises as `category_iou` does.
    """
    return float(category_iou(confusion).nanmean())


def ratio(part: Tensor, whole: Tensor) -> Tensor:
    """float64 on the CPU, since not every device has it; 0 / 0 is `nan`."""
    return part.cpu().double() / whole.cpu()


def check_maps(predicted: Tensor, semantic: Tensor, num_categories: int) -> None:
    """Raises `ValueError` unless both are maps of one shape, `semantic` with void, `predicted` without."""
    check_semantic("predicted", predicted, num_categories, axes=(2, 3), void=False)
    check_semantic("semantic", semantic, num_categories, axes=(2, 3))
    shapes = [list(each.shape) for each in (semantic, predicted)]
    expect(shapes[0] == shapes[1], "predicted", f"the shape of semantic, {shapes[0]}", shapes[1])


def _overlap(a: Tensor, b: Tensor) -> tuple[int, int, int]:
    for name, mask in (("a", a), ("b", b)):
        expect(mask.dtype == torch.bool, name, "a bool mask", mask.dtype)
    expect(a.shape == b.shape, "b", f"the shape of a, {list(a.shape)}", list(b.shape))
    return int((a & b).sum()), int(a.sum()), int(b.sum())


def _check_confusion(confusion: Tensor) -> None:
    square = confusion.ndim == 2 and confusion.shape[0] == confusion.shape[1]
    expect(square and confusion.dtype == torch.int64, "confusion", "int64 [C, C]", describe(confusion))
