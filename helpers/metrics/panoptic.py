"""Panoptic quality: one score for things and stuff (Kirillov et al., "Panoptic Segmentation", CVPR 2019, section 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from helpers.arguments import describe, expect
from helpers.categories import CategorySet
from helpers.labels import Panoptic, Segment


def panoptic_counts(predicted: Panoptic, truth: Panoptic, categories: CategorySet) -> Tensor:
    """What panoptic quality is made of, for one picture; counts of pictures add up.

    A predicted and a true segment of one category match if their IoU is above one half. No segment can have two
    matches, since the segments of a map do not overlap (section 4.1). The rest is the reference evaluator's:

    - Void in the truth is no part of a predicted segment when the union is taken.
    - A predicted segment without a match does not count as false if more than half of it lies in void or in crowds of
      its category, all together. (Of several crowds of one category, the reference sees only the last.)
    - A crowd is neither matched nor missed.

    Args:
        predicted, truth: a map int64 `[H, W]` of segment ids, 0 = void, and one segment for each id.
        categories: what the segments' `category_id` refers to.

    Returns:
        float64 `[C, 4]` on the CPU: of each category the sum of the IoUs of its matches, and how many segments were
        matched (true positives), predicted but not matched (false positives), and missed (false negatives).

    Raises:
        ValueError: for maps of another form, of two sizes, and for segments that do not fit their map or `categories`.
    """
    found, true = _segments("predicted", predicted, len(categories)), _segments("truth", truth, len(categories))
    both = _overlaps(found, true)  # row 0 is void in the truth, column 0 void in the prediction
    union = both.sum(1)[:, None] + both.sum(0) - both - both[0]
    same = true.category[:, None] == found.category
    comparable = same & ~true.crowd[:, None]
    comparable[0] = False  # nor is there a category for column 0 to share, but with row 0
    iou = np.where(comparable, both / np.maximum(union, 1), 0)
    match = iou > 0.5
    excused = both[0] + (both * (same & true.crowd[:, None])).sum(0)  # pixels of each predicted segment
    false = ~match.any(0) & (2 * excused <= both.sum(0))
    missed = ~match.any(1) & ~true.crowd
    false[0] = missed[0] = False

    rows, columns = match.nonzero()
    hit, size = true.category[rows], len(categories)
    counts = (
        np.bincount(hit, iou[rows, columns], minlength=size),
        np.bincount(hit, minlength=size),
        np.bincount(found.category[false], minlength=size),
        np.bincount(true.category[missed], minlength=size),
    )
    return torch.from_numpy(np.stack(counts, 1).astype(np.float64))


def panoptic_quality(counts: Tensor, categories: CategorySet) -> dict[str, float]:
    """PQ, SQ and RQ from what `panoptic_counts` gives, or a sum of such.

    For each category, with its matches TP, false positives FP and false negatives FN:

        PQ = sum of the IoUs / (TP + FP/2 + FN/2)
        SQ = sum of the IoUs / TP, how well its matches fit, 0 without a match
        RQ = TP / (TP + FP/2 + FN/2), how many it finds

    PQ is SQ times RQ for each category, and so not for the means.

    Returns:
        0..1: "PQ", "SQ", "RQ", means over the categories that have a segment in truth or prediction; the same with
        " things" and " stuff" behind, and for each category with its name. `nan` where there is none.

    Raises:
        ValueError: for counts of another form.
    """
    fits = counts.dtype == torch.float64 and list(counts.shape) == [len(categories), 4]
    expect(fits, "counts", f"torch.float64 {[len(categories), 4]}", describe(counts))
    overlap, hits, false, missed = counts.T
    there = hits + false + missed > 0
    weight = (hits + (false + missed) / 2).where(there, torch.nan)
    each = torch.stack([overlap / weight, (overlap / hits.clamp(min=1)).where(there, torch.nan), hits / weight])
    isthing = torch.tensor([category.isthing for category in categories])
    scores = {}
    for group, rows in (("", isthing | True), (" things", isthing), (" stuff", ~isthing)):
        means = each[:, rows].nanmean(1).tolist()
        scores |= {f"{name}{group}": value for name, value in zip(("PQ", "SQ", "RQ"), means, strict=True)}
    for category, values in zip(categories, each.T.tolist(), strict=True):
        scores |= {f"{name} {category.name}": value for name, value in zip(("PQ", "SQ", "RQ"), values, strict=True)}
    return scores


class _Segments(NamedTuple):
    """A map and its segments by number, in the order of their ids; number 0 is void, of category -1."""

    argument: str
    map: np.ndarray
    ids: np.ndarray
    category: np.ndarray
    crowd: np.ndarray


def _segments(argument: str, panoptic: Panoptic, num_categories: int) -> _Segments:
    expect(isinstance(panoptic, tuple) and len(panoptic) == 2, argument, "a map and its segments", describe(panoptic))
    ids, segments = panoptic
    fits = isinstance(ids, Tensor) and ids.dtype == torch.int64 and ids.ndim == 2 and ids.numel() > 0
    expect(fits, f"{argument}.map", "int64 [H, W]", describe(ids))
    fits = isinstance(segments, Sequence) and all(isinstance(segment, Segment) for segment in segments)
    expect(fits, f"{argument}.segments", "a sequence of Segment", describe(segments))
    rows = sorted((int(segment.id), int(segment.category_id), bool(segment.iscrowd)) for segment in segments)
    number, category, crowd = (np.array(column) for column in zip((0, -1, False), *rows, strict=True))
    twice = number[1:][number[1:] == number[:-1]].tolist()
    expect(not twice, f"{argument}.segments", "ids that differ", f"more than one of {twice[:8]}")
    wrong = np.unique(category[category >= num_categories]).tolist()
    expect(not wrong, f"{argument}.segments", f"categories 0..{num_categories - 1}", wrong[:8])
    return _Segments(argument, ids.cpu().numpy(), number, category, crowd)


def _overlaps(found: _Segments, true: _Segments) -> np.ndarray:
    """float64 `[T, P]`: how many pixels each true segment shares with each predicted one.

    Counted by runs of equal pixels, of which there are far fewer: several times faster than sorting all pixels.
    """
    sizes = [list(each.map.shape) for each in (true, found)]
    expect(sizes[0] == sizes[1], "predicted.map", f"the size of truth, {sizes[0]}", sizes[1])
    rows, columns = true.map.ravel(), found.map.ravel()
    change = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
    edges = np.concatenate([[0], change.nonzero()[0] + 1, [len(rows)]])  # where runs begin, and the end of the last
    pairs = _numbers(true, rows[edges[:-1]]) * len(found.ids) + _numbers(found, columns[edges[:-1]])
    shape = len(true.ids), len(found.ids)
    both = np.bincount(pairs, np.diff(edges), shape[0] * shape[1]).reshape(shape)
    for each, area in ((true, both.sum(1)), (found, both.sum(0))):
        absent = each.ids[1:][area[1:] == 0].tolist()
        expect(not absent, f"{each.argument}.segments", "at least one pixel each", f"ids without any: {absent[:8]}")
    return both


def _numbers(segments: _Segments, ids: np.ndarray) -> np.ndarray:
    """The number of the segment with each of these ids."""
    sought = np.append(segments.ids, np.iinfo(np.int64).max)  # no search ends past it
    place = sought.searchsorted(ids)
    known = sought[place] == ids
    known &= place < len(segments.ids)
    if not known.all():
        unknown = np.unique(ids[~known])[:8].tolist()
        expect(False, f"{segments.argument}.map", "a segment for each id", f"ids without one: {unknown}")
    return place
