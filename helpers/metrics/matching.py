"""Which prediction found which object, and what follows: precision and recall."""

from __future__ import annotations

import torch
from torch import Tensor

from helpers.arguments import check_instances, check_masks, check_scores, describe, expect
from helpers.labels import Instances
from helpers.metrics.confusion import ratio


def mask_iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of each mask in `a` with each in `b`: bool `[N, H, W]`, bool `[M, H, W]` to `[N, M]`.

    Returns float64 on the CPU. Two empty masks have 0 here, not `nan` as in `iou`: they can be no match. Raises
    `ValueError` for masks of another form, or of two sizes.
    """
    check_masks("a", a)
    check_masks("b", b)
    sizes = [list(each.shape[1:]) for each in (a, b)]
    expect(sizes[0] == sizes[1], "b", f"the size of a, {sizes[0]}", sizes[1])
    a, b = a.flatten(1).float(), b.flatten(1).float()  # float, since integers are multiplied slowly; exact up to 2^24
    both = a @ b.T  # [N, M]: the sum over all pixels of yes · yes
    either = a.sum(1)[:, None] + b.sum(1) - both
    return ratio(both, either.clamp(min=1))


def match(predicted: Instances, truth: Instances, threshold: float = 0.5) -> Tensor:
    """Which true object each predicted one has found, in one picture, by COCO's rule (`evaluateImg` in pycocotools).

    The surest prediction chooses first, then the next: each takes, of the true objects of its category that are still
    free, the one with the largest IoU, if that reaches the threshold. Nothing is taken back, so the matching need not
    be the best one. Of equal scores the earlier row chooses first; of equal IoUs the later object is chosen.

    Args:
        predicted: instances with `masks` bool `[N, H, W]`, `labels` int64 `[N]`, `scores` float `[N]`.
        truth: `masks` bool `[M, H, W]`, `labels` int64 `[M]`.
        threshold: the smallest IoU of a match, above 0 and up to 1.

    Returns:
        int64 `[N]` on the CPU: the row in `truth`, -1 where none was found. No row of `truth` stands in it twice.

    Raises:
        ValueError: for instances of another form, masks of two sizes, and a threshold out of range.
    """
    check_pair(predicted, truth)
    expect(0 < threshold <= 1, "threshold", "an IoU above 0 and up to 1", threshold)
    ious = mask_iou(predicted["masks"], truth["masks"])
    ious[(predicted["labels"][:, None] != truth["labels"]).cpu()] = 0
    found = torch.full([len(ious)], -1)
    free = set(range(ious.shape[1]))
    for row in falling(predicted["scores"]).tolist():
        choice = max(((float(ious[row, column]), column) for column in free), default=(0, -1))
        if choice[0] >= threshold:
            found[row] = choice[1]
            free.remove(choice[1])
    return found


def precision_recall(scores: Tensor, matched: Tensor, num_truth: int) -> tuple[Tensor, Tensor]:
    """Precision and recall of the surest prediction alone, of the two surest, and so on to all N: a curve to plot.

    Precision is the share of the predictions so far that found an object; recall is the share of the objects that
    they found. Predictions of many pictures go in one after the other; of equal scores the earlier one comes first.

    Args:
        scores: float `[N]`, in any order.
        matched: bool `[N]`, whether each prediction found an object: `match(...) >= 0`.
        num_truth: how many objects there are to find.

    Returns:
        Precision and recall, float64 `[N]` each, on the CPU. Recall is `nan` where there are no objects.

    Raises:
        ValueError: for tensors of another form, and for fewer objects than were found.
    """
    check_scores("scores", scores)
    fits = matched.dtype == torch.bool and matched.shape == scores.shape
    expect(fits, "matched", f"bool {list(scores.shape)}", describe(matched))
    expect(num_truth >= matched.sum(), "num_truth", f"at least the {int(matched.sum())} that are matched", num_truth)
    hits = matched.cpu()[falling(scores)].cumsum(0)
    return ratio(hits, torch.arange(1, len(hits) + 1)), ratio(hits, torch.tensor(num_truth))


def falling(scores: Tensor) -> Tensor:
    """The order of falling scores, on the CPU; of equal ones the earlier comes first."""
    return scores.cpu().argsort(descending=True, stable=True)


def check_pair(predicted: Instances, truth: Instances, place: str = "", things: list[int] | None = None) -> None:
    """Raises `ValueError` unless both are instances of one picture, `predicted` with scores."""
    check_instances(f"predicted{place}", predicted, things=things)
    check_instances(f"truth{place}", truth, ("masks", "labels"), things)
    size, found = list(truth["masks"].shape[1:]), list(predicted["masks"].shape[1:])
    expect(found == size, f"predicted{place}['masks']", f"the size of the true masks, {size}", found)
