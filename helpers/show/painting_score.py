"""The score of a painted label map against the truth: how well each category was met, and the picture as a whole.

Three rules decide what counts. A pixel that is void in the truth never counts. A pixel that was left unlabelled counts,
as wrong. The mean runs over the categories that are in the truth or in the painting, as in `metrics.mean_iou`; one
that was painted but is not there has an IoU of 0.

The measures are those of Long, Shelhamer, Darrell, "Fully Convolutional Networks for Semantic Segmentation", CVPR 2015,
section 5 ("pixel accuracy" and "mean IU").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from helpers.categories import VOID, Category, CategorySet
from helpers.show.colors import label_map


@dataclass(frozen=True)
class CategoryScore:
    """One category that is in the truth, in the painting, or in both. All numbers are pixels that count."""

    category: Category
    both: int
    painted: int
    truth: int

    @property
    def iou(self) -> float:
        """Intersection over union, 0..1: the pixels in both, as a share of those in either."""
        return self.both / (self.painted + self.truth - self.both)


@dataclass(frozen=True)
class PaintingScore:
    """The score of a whole painting.

    Attributes:
        categories: one `CategoryScore` for each category in the truth or the painting, by id.
        counted: pixels that count: all that are not void in the truth.
        right: those of them with the right label.
        unlabelled: those of them without a label.
        void: pixels that do not count.
    """

    categories: tuple[CategoryScore, ...]
    counted: int
    right: int
    unlabelled: int
    void: int

    @property
    def mean_iou(self) -> float:
        """The mean of the IoUs of the categories in the truth or in the painting, 0..1."""
        ious = [each.iou for each in self.categories]
        return sum(ious) / len(ious)

    @property
    def pixel_accuracy(self) -> float:
        """The share of the pixels that count with the right label, 0..1."""
        return self.right / self.counted


def score_painting(painted: ArrayLike, semantic: ArrayLike, categories: CategorySet) -> PaintingScore:
    """Scores a painting against the truth.

    Args:
        painted: integers `[H, W]` of category ids, 255 = unlabelled.
        semantic: the truth, integers `[H, W]` of category ids, 255 = void.
        categories: the vocabulary of both.

    Raises `ValueError` if one of them is not such a map, their sizes differ, or the truth is void everywhere.
    """
    painted, semantic = check_labels(painted, "painted", categories), check_labels(semantic, "semantic", categories)
    if painted.shape != semantic.shape:
        raise ValueError(f"painted: expected the size of the truth, {list(semantic.shape)}, got {list(painted.shape)}")
    counts = semantic != VOID
    if not counts.any():
        raise ValueError("semantic: expected at least one pixel with a label, got void everywhere")
    # table[t, p]: how many pixels of category t were painted as p; the last column holds the unlabelled ones.
    number = len(categories)
    column = np.where(painted == VOID, number, painted)
    table = np.bincount(semantic[counts] * (number + 1) + column[counts], minlength=number * (number + 1))
    table = table.reshape(number, number + 1)
    in_truth, in_painting, in_both = table.sum(1).tolist(), table.sum(0).tolist(), table.diagonal().tolist()
    scores = [CategoryScore(each, in_both[each.id], in_painting[each.id], in_truth[each.id]) for each in categories]
    return PaintingScore(
        categories=tuple(score for score in scores if score.painted or score.truth),
        counted=int(counts.sum()),
        right=sum(in_both),
        unlabelled=in_painting[number],
        void=int((~counts).sum()),
    )


def check_labels(labels: ArrayLike, name: str, categories: CategorySet) -> np.ndarray:
    """A label map as int64 `[H, W]`. Raises `ValueError` with the argument's `name` if it holds an unknown id."""
    array = label_map(labels, name)
    unknown = np.setdiff1d(array, [*range(len(categories)), VOID])
    if unknown.size:
        raise ValueError(f"{name}: expected ids 0..{len(categories) - 1} or {VOID}, got {unknown[:5].tolist()}")
    return array
