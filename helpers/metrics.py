"""Scores: how well a prediction agrees with the truth. Void never counts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from math import inf, nan
from typing import Any

import numpy as np
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from pycocotools.mask import encode
from torch import Tensor
from torch.nn import functional as F

from helpers.categories import VOID, CategorySet

SMALL, MEDIUM = 16**2, 32**2
"""Below so many pixels an object of the course's pictures of 96 × 128 is small, or medium; from MEDIUM on it is large.

COCO's own bounds, 32² and 96², are for photographs of some 480 × 640.
"""


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


def mask_iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of each mask in `a` with each in `b`: bool `[N, H, W]`, bool `[M, H, W]` to `[N, M]`.

    Returns float64 on the CPU. Two empty masks have 0 here, not `nan` as in `iou`: they can be no match. Raises
    `ValueError` for masks of another form, or of two sizes.
    """
    _check_masks("a", a)
    _check_masks("b", b)
    if a.shape[1:] != b.shape[1:]:
        raise ValueError(f"b: expected the size of a, {list(a.shape[1:])}, got {list(b.shape[1:])}")
    a, b = a.flatten(1).float(), b.flatten(1).float()  # float, since integers are multiplied slowly; exact up to 2^24
    both = a @ b.T  # [N, M]: the sum over all pixels of yes · yes
    either = a.sum(1)[:, None] + b.sum(1) - both
    return _ratio(both, either.clamp(min=1))


def match(predicted: dict[str, Tensor], truth: dict[str, Tensor], threshold: float = 0.5) -> Tensor:
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
    _check_instances(predicted, truth)
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold: expected an IoU above 0 and up to 1, got {threshold}")
    ious = mask_iou(predicted["masks"], truth["masks"])
    ious[(predicted["labels"][:, None] != truth["labels"]).cpu()] = 0
    found = torch.full([len(ious)], -1)
    free = set(range(ious.shape[1]))
    for row in _falling(predicted["scores"]).tolist():
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
    _check_scores("scores", scores)
    if matched.dtype != torch.bool or matched.shape != scores.shape:
        raise ValueError(f"matched: expected bool {list(scores.shape)}, got {matched.dtype} {list(matched.shape)}")
    if num_truth < matched.sum():
        raise ValueError(f"num_truth: expected at least the {int(matched.sum())} that are matched, got {num_truth}")
    hits = matched.cpu()[_falling(scores)].cumsum(0)
    return _ratio(hits, torch.arange(1, len(hits) + 1)), _ratio(hits, torch.tensor(num_truth))


def average_precision(
    predicted: Sequence[dict[str, Tensor]],
    truth: Sequence[dict[str, Tensor]],
    categories: CategorySet,
    void: Sequence[Tensor] | None = None,
) -> dict[str, float]:
    """COCO's scores of predicted masks, computed by pycocotools (cocodataset.org/#detection-eval).

    At one IoU threshold and for one category, average precision is the area under the curve of `precision_recall`
    over all pictures, made to fall only: the mean, over the recalls 0, 0.01, ..., 1, of the best precision with at
    least that recall, 0 where none has it. In each picture the 100 surest predictions of a category count; those with
    equal scores stand in the order in which they are given.

    Args:
        predicted: for each picture what `match` takes. Labels are ids of things in `categories`.
        truth: the same without scores, as `Scene.instances`.
        categories: whose things are looked for.
        void: bool `[H, W]` for each picture, where nobody labelled anything. It is a crowd to COCO: a prediction
            that matches no object does not count if the share of its pixels in void reaches the IoU threshold.

    Returns:
        0..1, or `nan` where there is no such object in the truth:

        - "AP": the mean over the IoU thresholds 0.5, 0.55, ..., 0.95, and over the categories;
        - "AP50", "AP75": at one threshold;
        - "AP small", "AP medium", "AP large": objects below `SMALL` pixels, below `MEDIUM`, and the rest; predictions
          that match none count only if they have that size themselves. These are not COCO's bounds;
        - "AP car" and so on: one category, for each thing.

    Raises:
        ValueError: as `match` does, for labels that are no things, and for lists that are not equally long.
    """
    things = [category.id for category in categories.things]
    _check_pictures(predicted, truth, things, void)
    objects = [row for picture, each in enumerate(truth) for row in _to_coco(picture, each)]
    for picture, mask in enumerate(void or ()):  # void might hide an object of any category: a crowd of each
        crowds = {"masks": mask.expand(len(things), -1, -1), "labels": torch.tensor(things)}
        objects += _to_coco(picture, crowds, iscrowd=1)
    detections = [row for picture, each in enumerate(predicted) for row in _to_coco(picture, each)]
    sizes = [tuple(each["masks"].shape[1:]) for each in truth]
    with redirect_stdout(StringIO()):  # pycocotools prints how far it is
        evaluation = COCOeval(_coco_dataset(objects, sizes, things), _coco_dataset(detections, sizes, things), "segm")
        evaluation.params.maxDets = [100]
        evaluation.params.areaRng = [(0, inf), (0, SMALL - 1), (SMALL, MEDIUM - 1), (MEDIUM, inf)]  # both ends inside
        evaluation.params.areaRngLbl = ["all", "small", "medium", "large"]
        evaluation.evaluate()
        evaluation.accumulate()
    precision = torch.from_numpy(evaluation.eval["precision"][..., 0])  # [10 thresholds, 101 recalls, things, 4 sizes]
    precision[precision < 0] = nan  # pycocotools says -1 where there is no object
    scores = {"AP": precision[..., 0], "AP50": precision[0, ..., 0], "AP75": precision[5, ..., 0]}
    scores |= {f"AP {size}": precision[..., place] for place, size in enumerate(("small", "medium", "large"), start=1)}
    scores |= {f"AP {thing.name}": precision[..., place, 0] for place, thing in enumerate(categories.things)}
    return {name: float(values.nanmean()) for name, values in scores.items()}


def _to_coco(picture: int, instances: dict[str, Tensor], iscrowd: int = 0) -> list[dict[str, Any]]:
    """The instances of one picture as COCO writes them down, yet without an id. Truth need not have scores."""
    masks = instances["masks"].cpu()
    pixels = np.asfortranarray(masks.permute(1, 2, 0).numpy(), np.uint8)
    codes = encode(pixels)  # many times faster than our own mask_to_rle
    areas, labels = masks.flatten(1).sum(1).tolist(), instances["labels"].tolist()
    scores = instances.get("scores", torch.ones(len(masks))).tolist()
    return [
        {
            "image_id": picture,
            "category_id": label,
            "segmentation": code,
            "area": area,
            "score": score,
            "iscrowd": iscrowd,
        }
        for label, code, area, score in zip(labels, codes, areas, scores, strict=True)
    ]


def _coco_dataset(rows: list[dict[str, Any]], sizes: list[tuple[int, int]], things: list[int]) -> COCO:
    data = COCO()
    data.dataset = {
        "images": [{"id": place, "height": height, "width": width} for place, (height, width) in enumerate(sizes)],
        "annotations": [{**row, "id": place} for place, row in enumerate(rows, start=1)],  # 0 would mean: no match
        "categories": [{"id": thing} for thing in things],
    }
    data.createIndex()
    return data


def _falling(scores: Tensor) -> Tensor:
    return scores.cpu().argsort(descending=True, stable=True)


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


def _check_instances(predicted: dict[str, Tensor], truth: dict[str, Tensor], place: str = "") -> None:
    for name, instances, keys in (
        (f"predicted{place}", predicted, ("masks", "labels", "scores")),
        (f"truth{place}", truth, ("masks", "labels")),
    ):
        missing = [key for key in keys if key not in instances]
        if missing:
            raise ValueError(f"{name}: expected {', '.join(keys)}, got no {', '.join(missing)}")
        masks, labels = instances["masks"], instances["labels"]
        _check_masks(f"{name}['masks']", masks)
        if labels.dtype != torch.int64 or labels.shape != masks.shape[:1]:
            expected = f"int64 [{len(masks)}], one for each mask"
            raise ValueError(f"{name}['labels']: expected {expected}, got {labels.dtype} {list(labels.shape)}")
    _check_scores(f"predicted{place}['scores']", predicted["scores"], len(predicted["masks"]))
    size, found = list(truth["masks"].shape[1:]), list(predicted["masks"].shape[1:])
    if found != size:
        raise ValueError(f"predicted{place}['masks']: expected the size of the true masks, {size}, got {found}")


def _check_pictures(
    predicted: Sequence[dict[str, Tensor]],
    truth: Sequence[dict[str, Tensor]],
    things: list[int],
    void: Sequence[Tensor] | None,
) -> None:
    for name, each in (("predicted", predicted), ("void", truth if void is None else void)):
        if len(each) != len(truth):
            raise ValueError(f"{name}: expected one for each of the {len(truth)} pictures in truth, got {len(each)}")
    for picture, (found, expected) in enumerate(zip(predicted, truth, strict=True)):
        _check_instances(found, expected, f"[{picture}]")
        for name, labels in (("predicted", found["labels"]), ("truth", expected["labels"])):
            wrong = sorted(set(labels.tolist()) - set(things))
            if wrong:
                raise ValueError(f"{name}[{picture}]['labels']: expected ids of things, {things}, got {wrong[:8]}")
    for picture, mask in enumerate(void or ()):
        size = list(truth[picture]["masks"].shape[1:])
        if mask.dtype != torch.bool or list(mask.shape) != size:
            raise ValueError(f"void[{picture}]: expected bool {size}, got {mask.dtype} {list(mask.shape)}")


def _check_masks(name: str, masks: Tensor) -> None:
    if masks.dtype != torch.bool or masks.ndim != 3 or 0 in masks.shape[1:]:
        raise ValueError(f"{name}: expected bool [N, H, W], got {masks.dtype} {list(masks.shape)}")


def _check_scores(name: str, scores: Tensor, count: int | None = None) -> None:
    if not scores.is_floating_point() or scores.ndim != 1 or count not in (None, len(scores)):
        expected = "float [N]" if count is None else f"float [{count}], one for each mask"
        raise ValueError(f"{name}: expected {expected}, got {scores.dtype} {list(scores.shape)}")
    if scores.isnan().any():
        raise ValueError(f"{name}: expected numbers, got {int(scores.isnan().sum())} that are nan")
