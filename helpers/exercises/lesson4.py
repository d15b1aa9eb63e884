"""Exercises of lesson 4, the first: IoU of all pairs, greedy matching, grouping by offsets.

Numbers in the cases are multiples of 1/8, which floats hold exactly: what is equal is equal on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from helpers.course.exercise import Exercise, Wrong, register
from helpers.exercises.cases import HAIR, eighths, shuffled_descending
from helpers.exercises.pictures import groups_picture, match_picture

# --- 1. the IoU of all pairs ---


def mask_iou_matrix_spec(predicted: Tensor, truth: Tensor) -> Tensor:
    iou = torch.zeros(len(predicted), len(truth))
    for n, ours in enumerate(predicted):
        for m, theirs in enumerate(truth):
            if (ours | theirs).any():
                iou[n, m] = int((ours & theirs).sum()) / int((ours | theirs).sum())
    return iou


def mask_iou_matrix_cases(rng: np.random.Generator) -> Iterator[tuple]:
    for n, m in ((0, 2), (2, 0), (1, 1), (2, 1)):
        yield torch.zeros(n, 1, 1).bool(), torch.ones(m, 1, 1).bool()
    yield torch.zeros(1, 1, 1).bool(), torch.zeros(1, 1, 1).bool()
    yield torch.ones(1, 20, 30).bool(), F.pad(torch.ones(1, 20, 20), (4, 6)).bool()  # more pixels than 8 bits can count
    for index in range(40):
        n, m, height, width = rng.integers(1, 3 + index // 10, 4)
        masks = rng.random((n + m, height, width)) < rng.choice([0, 0.3, 0.6, 0.9], (n + m, 1, 1))
        yield torch.from_numpy(masks[:n]), torch.from_numpy(masks[n:])


def mask_iou_matrix(predicted: Tensor, truth: Tensor) -> Tensor:
    both = (predicted[:, None] & truth).sum((2, 3))
    either = (predicted[:, None] | truth).sum((2, 3))
    return both / either.clamp(min=1)


def _boxed(masks: Tensor) -> Tensor:
    boxed = torch.zeros_like(masks)
    for n in masks.any(2).any(1).nonzero().flatten():
        rows, columns = masks[n].nonzero(as_tuple=True)
        boxed[n, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    return boxed


register(
    Exercise(
        name="mask_iou_matrix",
        lesson=4,
        title="The IoU of every prediction with every truth",
        spec=mask_iou_matrix_spec,
        cases=mask_iou_matrix_cases,
        hints=(
            "Two loops do it. Without: `predicted[:, None]` is [N, 1, H, W], and meets every mask of `truth`.",
            "`(predicted[:, None] & truth).sum((2, 3))` is every intersection, [N, M]. With `|` it is every union.",
            "`union.clamp(min=1)` makes 0 / 0 a 0. It changes nothing else: any other union has at least one pixel.",
        ),
        solution=mask_iou_matrix,
        reasons=(
            "With a new axis, [N, 1, H, W] meets [M, H, W], and every pair of masks is laid one over the other at "
            "once; summing over the picture leaves [N, M], and without predictions or objects that is an empty "
            "table, not an error. `clamp(min=1)` makes 0 / 0 of two empty masks a 0 and changes nothing else. It "
            "costs memory for N · M pictures: for many objects, flat masks as floats and one product of matrices, "
            "`a @ b.T`, are the better way."
        ),
        wrong=(
            Wrong(lambda *masks: 2 / (1 + 1 / mask_iou_matrix(*masks)), "counts the intersection twice: that is Dice"),
            Wrong(lambda *masks: mask_iou_matrix(*map(_boxed, masks)), "compares the boxes around the masks"),
            Wrong(lambda p, t: (p[:, None] & t).sum((2, 3)) / t.sum((1, 2)).clamp(min=1), "divides by the truth alone"),
            Wrong(lambda predicted, truth: mask_iou_matrix(truth, predicted), "has a row for each truth"),
        ),
    )
)


# --- 2. greedy matching ---


def greedy_match_spec(iou: Tensor, scores: Tensor, threshold: float) -> Tensor:
    found, free = torch.full((len(scores),), -1), list(range(iou.shape[1]))
    for n in sorted(range(len(scores)), key=lambda n: -scores[n]):  # of equals, the first stays first
        best = max(reversed(free), key=lambda m: iou[n, m], default=None)  # of equals, the last
        if best is not None and iou[n, best] >= threshold:
            found[n] = best
            free.remove(best)
    return found


def greedy_match_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield torch.tensor([[0.5]]), torch.tensor([0.25]), 0.5
    yield torch.zeros(0, 1), torch.zeros(0), 0.5
    yield torch.zeros(1, 0), torch.tensor([0.5]), 0.5
    yield torch.tensor([[0.75], [0.5]]), torch.tensor([0.25, 0.5]), 0.5
    yield torch.tensor([[0.875, 0.0], [0.75, 0.5]]), torch.tensor([0.75, 0.5]), 0.5
    yield torch.tensor([[0.5], [0.25]]), torch.tensor([0.75, 0.5]), 0.0
    yield torch.tensor([[0.5, 0.5]]), torch.tensor([0.75]), 0.5
    yield torch.tensor([[0.5, 0.75, 0.75, 0.5], [0.25, 0.625, 0.5, 0.25]]), torch.tensor([0.75, 0.5]), 0.5
    for index in range(50):
        n, m = rng.integers(1, 3 + index // 10, 2)
        yield eighths(rng, 0, 9, n, m), eighths(rng, 1, 9, n), float(eighths(rng, 0, 7))
    for _ in range(4):  # many with one score: a sort that shuffles equals goes wrong
        yield eighths(rng, 0, 9, 40, 12), eighths(rng, 5, 8, 40), 0.25


def greedy_match(iou: Tensor, scores: Tensor, threshold: float) -> Tensor:
    left, found = iou.clone(), torch.full((len(scores),), -1)
    for n in scores.argsort(descending=True, stable=True):
        if (left[n] >= threshold).any():
            best = (left[n] == left[n].max()).nonzero()
            found[n] = best.max()  # of equals, the last
            left[:, found[n]] = -1
    return found


def _matched(iou: Tensor, scores: Tensor, threshold: float, taken: float = -1, choose: Callable = torch.amax) -> Tensor:
    left, found = iou.clone(), torch.full((len(scores),), -1)
    for n in scores.argsort(descending=True, stable=True):
        if (left[n] >= threshold).any():
            found[n] = choose((left[n] == left[n].max()).nonzero())
            left[:, found[n]] = taken
    return found


def _each_alone(iou: Tensor, scores: Tensor, threshold: float) -> Tensor:
    found = torch.full((len(scores),), -1)
    for n in range(len(scores)):
        found[n] = greedy_match(iou[[n]], scores[[n]], threshold)[0]
    return found


def _last_chooses_first(iou: Tensor, scores: Tensor, threshold: float) -> Tensor:
    return greedy_match(iou.flip(0), scores.flip(0), threshold).flip(0)


def _shuffled_equals(iou: Tensor, scores: Tensor, threshold: float) -> Tensor:
    order = shuffled_descending(scores)
    found = torch.empty_like(order)
    found[order] = greedy_match(iou[order], scores[order], threshold)
    return found


def _best(iou: Tensor) -> Tensor:
    return F.pad(iou, (0, 1)).amax(1, keepdim=True)  # a column of zeros, as there may be no other


register(
    Exercise(
        name="greedy_match",
        lesson=4,
        title="Which prediction found which object",
        spec=greedy_match_spec,
        cases=greedy_match_cases,
        hints=(
            "`scores.argsort(descending=True, stable=True)` is the order in which the predictions choose.",
            "Begin with -1 for all. In a copy of `iou`, set the column of a truth that is taken to -1.",
            "Then every choice is the same: if `(left[n] >= threshold).any()`, take where `left[n]` is highest.",
            "`argmax` gives the first of equals. `(left[n] == left[n].max()).nonzero().max()` is the last.",
        ),
        solution=greedy_match,
        reasons=(
            "A stable sort lets the first of equal scores choose first. A truth that is taken gets -1 in a copy of "
            "the table: lower than any threshold, where 0 would reach one of 0. Of equal IoUs COCO's evaluation "
            "takes the last, because it goes on to the next truth unless that is worse; `argmax` would take the "
            "first. Where there is no truth, `any` of nothing is False, and the -1 stays."
        ),
        wrong=(
            Wrong(lambda iou, scores, least: greedy_match(iou, 0 * scores, least), "lets them choose as they come"),
            Wrong(_each_alone, "lets two find the same"),
            Wrong(lambda iou, *rest: greedy_match(iou * (iou == _best(iou)), *rest), "gives up if the best is taken"),
            Wrong(lambda iou, scores, least: greedy_match(iou, scores, least + HAIR), "wants more than the threshold"),
            Wrong(lambda iou, _, least: greedy_match(iou, _best(iou)[:, 0], least), "lets large IoUs choose first"),
            Wrong(lambda *args: _matched(*args, taken=0), "sets taken ones to 0, which reaches a threshold of 0"),
            Wrong(lambda *args: _matched(*args, choose=torch.amin), "takes the first of equal IoUs, as `argmax` does"),
            Wrong(_last_chooses_first, "lets the last of equal scores choose first"),
            Wrong(_shuffled_equals, "sorts without `stable=True`, which shuffles equal scores"),
        ),
        picture=match_picture,
    )
)


# --- 3. group pixels by their offsets ---


def group_by_offsets_spec(centers: Tensor, offsets: Tensor, thing: Tensor) -> Tensor:
    groups = torch.zeros(thing.shape, dtype=torch.int64)
    for row, column in thing.nonzero().tolist():
        y, x = row + float(offsets[0, row, column]), column + float(offsets[1, row, column])
        distances = [(y - down) ** 2 + (x - right) ** 2 for down, right in centers.tolist()]
        if distances:
            groups[row, column] = 1 + distances.index(min(distances))  # of equals, the first
    return groups


def group_by_offsets_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield torch.zeros(1, 2), torch.zeros(2, 1, 1), torch.tensor([[True]])
    yield torch.zeros(0, 2), torch.zeros(2, 1, 2), torch.tensor([[True, False]])
    many = torch.arange(300).float()  # more than 8 bits can number
    yield torch.stack([0 * many, many], 1), torch.zeros(2, 2, 300), torch.ones(2, 300).bool()
    for index in range(30):
        count, height, width = (int(size) for size in rng.integers(1, 3 + index // 6, 3))
        centers = eighths(rng, 0, 8, count, 2) * torch.tensor([height, width])
        owner = torch.from_numpy(rng.integers(0, count, height * width))
        far = 40 if index % 3 == 0 else 4  # some point out of the picture, and near to no centre
        aims = centers[owner] + eighths(rng, -far, far + 1, height * width, 2)
        thing = torch.from_numpy(rng.random((height, width)) < 0.7)
        yield centers, (aims - torch.ones_like(thing).nonzero()).T.reshape(2, height, width), thing


def group_by_offsets(centers: Tensor, offsets: Tensor, thing: Tensor) -> Tensor:
    groups = torch.zeros(thing.shape, dtype=torch.int64)
    if len(centers):
        aims = thing.nonzero() + offsets[:, thing].T  # [P, 2]
        groups[thing] = torch.cdist(aims, centers).argmin(1) + 1
    return groups


def _grouped(centers: Tensor, offsets: Tensor, thing: Tensor, p: float = 2, reach: float = torch.inf) -> Tensor:
    groups = torch.zeros(thing.shape, dtype=torch.int64)
    if len(centers):
        nearest = torch.cdist(thing.nonzero() + offsets[:, thing].T, centers, p).min(1)
        groups[thing] = (nearest.indices + 1) * (nearest.values <= reach)
    return groups


def _kept_inside(centers: Tensor, offsets: Tensor, thing: Tensor) -> Tensor:
    places = torch.stack(torch.meshgrid(*map(torch.arange, thing.shape), indexing="ij"))
    last = torch.tensor(thing.shape)[:, None, None] - 1
    return group_by_offsets(centers, (places + offsets).clamp(min=0).minimum(last) - places, thing)


register(
    Exercise(
        name="group_by_offsets",
        lesson=4,
        title="From offsets to objects",
        spec=group_by_offsets_spec,
        cases=group_by_offsets_cases,
        hints=(
            "Only pixels of things count: `thing.nonzero()` are their places, (row, column), [P, 2].",
            "`offsets[:, thing].T` are their offsets in the same order. The sum is where each of them points.",
            "`torch.cdist(aims, centers)` is every distance, [P, K]. Its `.argmin(1)` counts from 0.",
            "Begin with zeros, then set `groups[thing] = ...`. Without a centre, leave the zeros as they are.",
        ),
        solution=group_by_offsets,
        reasons=(
            "`thing.nonzero()` and `offsets[:, thing].T` list the same pixels in the same order, so their sum is "
            "where each points, which may lie out of the picture or between pixels: nothing is rounded or bent "
            "back. `cdist` has every distance, and `argmin` the nearest centre, of equals the first; + 1, since 0 "
            "is no thing. Without a centre `argmin` would fail: then all stays 0. However far the nearest centre "
            "is, it is taken."
        ),
        wrong=(
            Wrong(lambda c, o, t: group_by_offsets(c, 0 * o, t), "takes the centre next to the pixel"),
            Wrong(lambda c, o, t: group_by_offsets(c, o.flip(0), t), "takes the offsets for (x, y)"),
            Wrong(lambda c, o, t: group_by_offsets(c, -o, t), "takes the step as one from the centre to the pixel"),
            Wrong(lambda c, o, t: group_by_offsets(c, o, t) - t.long(), "counts from 0, which is no object"),
            Wrong(lambda c, o, t: group_by_offsets(c, o, t | True), "lets road and sky join an object"),
            Wrong(_kept_inside, "bends what points out of the picture back to its edge"),
            Wrong(lambda *args: _grouped(*args, reach=3), "leaves out what points near to no centre"),
            Wrong(lambda *args: _grouped(*args, p=1), "adds up the distances down and across"),
        ),
        picture=groups_picture,
    )
)
