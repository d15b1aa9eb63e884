"""Scores: how well a prediction agrees with the truth. Void never counts."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from helpers.categories import VOID


def iou(a: Tensor, b: Tensor) -> float:
    """Intersection over union of two masks, also called the Jaccard index.

    Args:
        a, b: bool `[H, W]`, or any two masks of one shape.

    Returns:
        0..1; `nan` where both masks are empty, since nothing divided by nothing is no score.

    Raises:
        ValueError: for masks that are not bool, or of two shapes.
    """
    for name, mask in (("a", a), ("b", b)):
        if mask.dtype != torch.bool:
            raise ValueError(f"{name}: expected a bool mask, got {mask.dtype}")
    if a.shape != b.shape:
        raise ValueError(f"b: expected the shape of a, {list(a.shape)}, got {list(b.shape)}")
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else float("nan")


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
    _check_maps(predicted, semantic, num_categories)
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
    return _ratio(both, confusion.sum(0) + confusion.sum(1) - both)


def mean_iou(confusion: Tensor) -> float:
    """The mean of `category_iou` over the categories that occur, in the truth or in the prediction.

    It is the "mean IU" of Long, Shelhamer, Darrell, CVPR 2015, section 5; theirs runs over all categories, where an
    absent one would be 0 / 0. Returns 0..1; `nan` where none occurs. Raises as `category_iou` does.
    """
    return float(category_iou(confusion).nanmean())


def boundary_iou(predicted: Tensor, semantic: Tensor, num_categories: int, distance: int = 2) -> Tensor:
    """IoU of each category near its contours alone, so that the inside of a large region cannot hide a rough border.

    Each mask is reduced to its *inner boundary*: its pixels with another category among the (2·distance + 1)² pixels
    around them. The edge of the picture is a contour too, as in the authors' code, and so is the edge of void: a pixel
    that is void in the truth is taken out of both maps first, as if the picture ended there.

    The measure is that of Cheng et al., "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation",
    CVPR 2021. They score object by object, mostly at 2 % of the diagonal of the picture; here a category is one
    mask, with one intersection and one union over all pictures. Unlike confusion matrices these scores do not add up:
    give all maps of a data set at once.

    Args:
        predicted, semantic, num_categories: as for `confusion_matrix`.
        distance: how thick the boundary is, in pixels, from 1.

    Returns:
        float64 `[C]` on the CPU: 0..1; `nan` for a category that is in neither map, as in `category_iou`.

    Raises:
        ValueError: as `confusion_matrix` does, and for a distance below 1.
    """
    _check_maps(predicted, semantic, num_categories)
    if not isinstance(distance, int) or distance < 1:
        raise ValueError(f"distance: expected a whole number of pixels from 1, got {distance}")
    found = _inner_boundary(predicted.where(semantic != VOID, VOID), distance)
    truth = _inner_boundary(semantic, distance)

    def count(semantic: Tensor) -> Tensor:
        return semantic.flatten().bincount(minlength=VOID + 1)[:num_categories]

    both = count(found.where(found == truth, VOID))
    return _ratio(both, count(found) + count(truth) - both)


def _inner_boundary(semantic: Tensor, distance: int) -> Tensor:
    """The map with void wherever the whole square around a pixel is of one category: all masks eroded at once."""
    ids = F.pad(semantic.float(), [distance] * 4, value=VOID)[None]  # float, since not every device pools integers
    side = 2 * distance + 1
    highest, lowest = F.max_pool2d(ids, side, stride=1), -F.max_pool2d(-ids, side, stride=1)
    return semantic.where((highest != lowest)[0], VOID)


def _ratio(both: Tensor, either: Tensor) -> Tensor:
    return both.cpu().double() / either.cpu()  # 0 / 0 is nan; on the CPU, since not every device has float64


def _check_maps(predicted: Tensor, semantic: Tensor, num_categories: int) -> None:
    if not 0 < num_categories <= VOID:
        raise ValueError(f"num_categories: expected 1..{VOID}, got {num_categories}")
    for name, ids in (("predicted", predicted), ("semantic", semantic)):
        if ids.dtype != torch.int64 or ids.ndim not in (2, 3) or 0 in ids.shape:
            raise ValueError(f"{name}: expected int64 [H, W] or [N, H, W], got {ids.dtype} {list(ids.shape)}")
    if predicted.shape != semantic.shape:
        shapes = f"{list(semantic.shape)}, got {list(predicted.shape)}"
        raise ValueError(f"predicted: expected the shape of semantic, {shapes}")
    categories = f"category ids 0..{num_categories - 1}"
    wrong = (predicted < 0) | (predicted >= num_categories)
    if wrong.any():
        raise ValueError(f"predicted: expected {categories}, got {predicted[wrong].unique().tolist()[:8]}")
    wrong = ((semantic < 0) | (semantic >= num_categories)) & (semantic != VOID)
    if wrong.any():
        found = semantic[wrong].unique().tolist()[:8]
        raise ValueError(f"semantic: expected {categories} or {VOID} for void, got {found}")


def _check_confusion(confusion: Tensor) -> None:
    if confusion.dtype != torch.int64 or confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise ValueError(f"confusion: expected int64 [C, C], got {confusion.dtype} {list(confusion.shape)}")
