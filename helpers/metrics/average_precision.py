"""Average precision of masks by COCO's rules, computed by pycocotools (cocodataset.org/#detection-eval).

pycocotools matches, one picture at a time (`match_picture`); what it found is added up here (`precision_scores`), so
that a data set need not be in memory at once, and that pictures can be drawn again and again for a confidence interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from math import inf
from typing import Any, NamedTuple

import numpy as np
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from pycocotools.mask import encode
from torch import Tensor

from helpers.arguments import check_instances, check_masks, describe, expect
from helpers.categories import CategorySet
from helpers.labels import Instances
from helpers.metrics.matching import check_pair

SMALL, MEDIUM = 16**2, 32**2
"""Below so many pixels an object of the course's pictures of 96 × 128 is small, or medium; from MEDIUM on it is large.

COCO's own bounds, 32² and 96², are for photographs of some 480 × 640.
"""
SIZES = {"": (0, inf), " small": (0, SMALL - 1), " medium": (SMALL, MEDIUM - 1), " large": (MEDIUM, inf)}  # ends inside
THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)


class PictureMatches(NamedTuple):
    """What was found in one picture, for one category and one range of sizes.

    Attributes:
        scores: `[D]`, falling, of its at most 100 predictions.
        hit: bool `[10, D]`, whether each found an object, at each threshold.
        counts: bool `[10, D]`; not those on void or a crowd, or of another size.
        num_truth: objects that count.
    """

    scores: np.ndarray
    hit: np.ndarray
    counts: np.ndarray
    num_truth: int


def average_precision(
    predicted: Sequence[Instances],
    truth: Sequence[Instances],
    categories: CategorySet,
    void: Sequence[Tensor] | None = None,
    crowds: Sequence[Instances] | None = None,
) -> dict[str, float]:
    """COCO's scores of predicted masks.

    At one IoU threshold and for one category, average precision is the area under the curve of `precision_recall`
    over all pictures, made to fall only: the mean, over the recalls 0, 0.01, ..., 1, of the best precision with at
    least that recall, 0 where none has it. In each picture the 100 surest predictions of a category count; those with
    equal scores stand in the order in which they are given.

    Args:
        predicted: for each picture what `match` takes. Labels are ids of things in `categories`.
        truth: the same without scores, as `Scene.instances`.
        categories: whose things are looked for.
        void: bool `[H, W]` for each picture, where nobody labelled anything.
        crowds: for each picture `masks` and `labels` of groups that nobody labelled one by one, as `Scene.crowds`.

    A prediction that matches no object does not count if the share of its pixels in void, or in one crowd of its
    category, reaches the IoU threshold.

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
    for name, each in (("predicted", predicted), ("void", void), ("crowds", crowds)):
        if each is not None:
            expect(len(each) == len(truth), name, f"one for each of the {len(truth)} pictures in truth", len(each))
    voids, groups = ([None] * len(truth) if each is None else each for each in (void, crowds))
    pictures = enumerate(zip(predicted, truth, voids, groups, strict=True))
    return precision_scores(
        [match_picture(*each, categories, f"[{place}]") for place, (*each,) in pictures], categories
    )


def match_picture(
    predicted: Instances,
    truth: Instances,
    void: Tensor | None,
    crowds: Instances | None,
    categories: CategorySet,
    place: str = "",
) -> list[list[PictureMatches]]:
    """What was found in one picture: for each thing of `categories`, and for each of `SIZES`.

    Arguments and errors as for `average_precision`, for one picture; `place` goes into the words of an error.
    """
    things = [category.id for category in categories.things]
    check_pair(predicted, truth, place, things)
    size = list(truth["masks"].shape[1:])
    objects = _to_coco(truth)
    if void is not None:
        fits = isinstance(void, Tensor) and void.dtype == torch.bool and list(void.shape) == size
        expect(fits, f"void{place}", f"bool {size}", describe(void))
        # Void might hide an object of any category: it is a crowd of each.
        objects += _to_coco({"masks": void.expand(len(things), -1, -1), "labels": torch.tensor(things)}, iscrowd=1)
    if crowds is not None:
        check_instances(f"crowds{place}", crowds, ("masks", "labels"), things)
        check_masks(f"crowds{place}['masks']", crowds["masks"], size)
        objects += _to_coco(crowds, iscrowd=1)
    with redirect_stdout(StringIO()):  # pycocotools prints how far it is
        evaluation = COCOeval(_coco(objects, size, things), _coco(_to_coco(predicted), size, things), "segm")
        evaluation.params.maxDets = [100]
        evaluation.params.areaRng = list(SIZES.values())
        evaluation.params.iouThrs = THRESHOLDS
        evaluation.evaluate()
    each = iter(evaluation.evalImgs)  # thing after thing, and size after size
    return [[_picture_matches(next(each)) for _ in SIZES] for _ in things]


def precision_scores(
    pictures: Sequence[list[list[PictureMatches]]], categories: CategorySet, times: np.ndarray | None = None
) -> dict[str, float]:
    """The scores of `average_precision`, from what `match_picture` found in each picture.

    Args:
        times: int `[R, N]`, how often each of the N pictures counts, in each of R draws. Then every score is an array
            `[R]`. Of equal scores in a picture that counts twice, both copies of the earlier prediction come first.
    """
    times_or_once = np.ones((1, len(pictures)), np.int64) if times is None else times
    things, scores = categories.things, {}
    for column, size in enumerate(SIZES):
        area = np.array(
            [_area_under([picture[row][column] for picture in pictures], times_or_once) for row in range(len(things))]
        )  # (things, R, 10)
        scores[f"AP{size}"] = _mean(area, (0, 2))
        if not size:
            scores |= {"AP50": _mean(area[..., 0], 0), "AP75": _mean(area[..., 5], 0)}
            each = {f"AP {thing.name}": _mean(area[row], 1) for row, thing in enumerate(things)}
    scores |= each
    return scores if times is not None else {name: float(value[0]) for name, value in scores.items()}


def _area_under(pictures: list[PictureMatches], times: np.ndarray) -> np.ndarray:
    """float `[R, 10]`: average precision at each threshold, `nan` where there is no object."""
    truth = times @ np.array([each.num_truth for each in pictures], np.int64)  # (R)
    scores = np.concatenate([each.scores for each in pictures] or [np.zeros(0)])
    order = np.argsort(-scores, kind="stable")
    hit, counts = (
        np.concatenate([getattr(each, name) for each in pictures], 1)[:, order] if pictures else np.zeros((10, 0), bool)
        for name in ("hit", "counts")
    )  # (10, D)
    picture = np.repeat(np.arange(len(pictures)), [len(each.scores) for each in pictures])[order]
    area = np.full((len(times), len(THRESHOLDS)), np.nan)
    for draw in truth.nonzero()[0]:
        often = times[draw][picture]  # (D)
        hits = np.cumsum(often * (hit & counts), 1)
        taken = np.maximum(hits + np.cumsum(often * (~hit & counts), 1), 1)
        precision = np.maximum.accumulate((hits / taken)[:, ::-1], 1)[:, ::-1]  # made to fall only
        precision = np.concatenate([precision, np.zeros((len(THRESHOLDS), 1))], 1)  # a recall that is never reached
        for row, recall in enumerate(hits / truth[draw]):
            area[draw, row] = precision[row, np.searchsorted(recall, RECALLS)].mean()
    return area


def _mean(values: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    """The mean of those that are numbers; `nan` where there is none."""
    there = ~np.isnan(values)
    count = there.sum(axis)
    return np.where(count, np.where(there, values, 0).sum(axis) / np.maximum(count, 1), np.nan)


def _picture_matches(found: dict[str, Any] | None) -> PictureMatches:
    """From what pycocotools says of a picture; None if it has neither objects nor predictions."""
    if found is None:
        return PictureMatches(np.zeros(0), np.zeros((10, 0), bool), np.zeros((10, 0), bool), 0)
    hit, counts = found["dtMatches"] > 0, ~found["dtIgnore"].astype(bool)
    return PictureMatches(np.array(found["dtScores"], float), hit, counts, int((found["gtIgnore"] == 0).sum()))


def _to_coco(instances: Instances, iscrowd: int = 0) -> list[dict[str, Any]]:
    """The instances of one picture as COCO writes them down, yet without an id. Truth need not have scores."""
    masks = instances["masks"].cpu()
    pixels = np.asfortranarray(masks.permute(1, 2, 0).numpy(), np.uint8)
    codes = encode(pixels)  # many times faster than our own mask_to_rle
    areas, labels = masks.flatten(1).sum(1).tolist(), instances["labels"].tolist()
    scores = instances.get("scores", torch.ones(len(masks))).tolist()
    return [
        {
            "image_id": 1,
            "category_id": label,
            "segmentation": code,
            "area": area,
            "score": score,
            "iscrowd": iscrowd,
        }
        for label, code, area, score in zip(labels, codes, areas, scores, strict=True)
    ]


def _coco(rows: list[dict[str, Any]], size: list[int], things: list[int]) -> COCO:
    """A data set of one picture."""
    data = COCO()
    data.dataset = {
        "images": [{"id": 1, "height": size[0], "width": size[1]}],
        "annotations": [{**row, "id": place} for place, row in enumerate(rows, start=1)],  # 0 would mean: no match
        "categories": [{"id": thing} for thing in things],
    }
    data.createIndex()
    return data
