"""Exercises of lesson 4: boxes, IoU of all pairs, greedy matching, precision and recall, grouping, peaks.

Numbers in the cases are multiples of 1/8 or 1/16, which floats hold exactly: what is equal is equal on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from skimage.measure import label
from torch import Tensor
from torch.nn import functional as F

from helpers.course.checks import Exercise, Wrong, register
from helpers.exercises.cases import eighths, unequal_ious
from helpers.exercises.pictures import box_picture, groups_picture, match_picture, peaks_picture

HAIR = 1e-6  # added to a threshold, it makes "more than" of "at least"


def _descending(values: Tensor) -> Tensor:
    """The order from high to low. Of more than 16 values equals come in reverse, as an unstable sort may have them."""
    if len(values) <= 16:
        return values.argsort(descending=True, stable=True)
    return len(values) - 1 - values.flip(0).argsort(descending=True, stable=True)


# --- 1. the box around a mask ---


def mask_to_box_spec(mask: Tensor) -> Tensor:
    rows, columns = zip(*mask.nonzero().tolist(), strict=True)
    return torch.tensor([min(columns), min(rows), max(columns) + 1, max(rows) + 1]).float()


def mask_to_box_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield (torch.tensor([[True]]),)
    yield (torch.tensor([[0, 0, 1], [0, 0, 0], [1, 0, 0]]).bool(),)
    for index in range(40):
        height, width = rng.integers(1, 3 + index // 3, 2)
        mask = rng.random((height, width)) < 0.5 * rng.random()
        mask[rng.integers(height), rng.integers(width)] = True
        yield (torch.from_numpy(mask),)
    yield (F.pad(torch.ones(2, 3).bool(), (260, 9, 270, 8)),)  # places that 8 bits cannot hold


def _mask_to_box(mask: Tensor) -> Tensor:
    places = mask.nonzero().flip(1)  # (column, row)
    return torch.cat([places.amin(0), places.amax(0) + 1]).float()


register(
    Exercise(
        name="mask_to_box",
        lesson=4,
        title="The box around a mask",
        spec=mask_to_box_spec,
        cases=mask_to_box_cases,
        hints=(
            "`rows, columns = mask.nonzero(as_tuple=True)` are the places of all pixels of the mask.",
            "x runs along the columns, y along the rows: the box begins at `columns.min()`, `rows.min()`.",
            "A pixel is a square: the last one ends 1 after its place. `torch.stack([...]).float()` joins the four.",
        ),
        solution=_mask_to_box,
        wrong=(
            Wrong(lambda mask: _mask_to_box(mask) - torch.tensor([0, 0, 1, 1]), "ends it where the last pixel begins"),
            Wrong(lambda mask: _mask_to_box(mask.T), "puts rows before columns, as an index does"),
            Wrong(lambda mask: (box := _mask_to_box(mask)) - F.pad(box[:2], (2, 0)), "ends in a width and a height"),
            Wrong(lambda mask: _mask_to_box(torch.from_numpy(label(mask.numpy()) == 1)), "takes it for one region"),
        ),
        picture=box_picture,
    )
)


# --- 2. the IoU of all pairs ---


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


def _mask_iou_matrix(predicted: Tensor, truth: Tensor) -> Tensor:
    both = (predicted[:, None] & truth).sum((2, 3))
    either = (predicted[:, None] | truth).sum((2, 3))
    return both / either.clamp(min=1)


def _boxed(masks: Tensor) -> Tensor:
    boxed = torch.zeros_like(masks)
    for n in masks.any(2).any(1).nonzero().flatten():
        left, top, right, bottom = _mask_to_box(masks[n]).int()
        boxed[n, top:bottom, left:right] = True
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
        solution=_mask_iou_matrix,
        wrong=(
            Wrong(lambda *masks: 2 / (1 + 1 / _mask_iou_matrix(*masks)), "counts the intersection twice: that is Dice"),
            Wrong(lambda *masks: _mask_iou_matrix(*map(_boxed, masks)), "compares the boxes around the masks"),
            Wrong(lambda p, t: (p[:, None] & t).sum((2, 3)) / t.sum((1, 2)).clamp(min=1), "divides by the truth alone"),
            Wrong(lambda predicted, truth: _mask_iou_matrix(truth, predicted), "has a row for each truth"),
        ),
    )
)


# --- 3. greedy matching ---


def greedy_match_spec(iou: Tensor, scores: Tensor, threshold: float) -> Tensor:
    found, free = torch.full((len(scores),), -1), list(range(iou.shape[1]))
    for n in sorted(range(len(scores)), key=lambda n: -scores[n]):  # of equals, the first stays first
        best = max(free, key=lambda m: iou[n, m], default=None)
        if best is not None and iou[n, best] >= threshold:
            found[n] = best
            free.remove(best)
    return found


def greedy_match_cases(rng: np.random.Generator) -> Iterator[tuple]:
    """No IoU twice in a row: of equals COCO's evaluation takes the last, `argmax` the first, and both are right."""
    yield torch.tensor([[0.5]]), torch.tensor([0.25]), 0.5
    yield torch.zeros(0, 1), torch.zeros(0), 0.5
    yield torch.zeros(1, 0), torch.tensor([0.5]), 0.5
    yield torch.tensor([[0.75], [0.5]]), torch.tensor([0.25, 0.5]), 0.5
    yield torch.tensor([[0.875, 0.0], [0.75, 0.5]]), torch.tensor([0.75, 0.5]), 0.5
    yield torch.tensor([[0.5], [0.25]]), torch.tensor([0.75, 0.5]), 0.0
    for index in range(50):
        n, m = rng.integers(1, 3 + index // 10, 2)
        yield unequal_ious(rng, n, m), eighths(rng, 1, 9, n), float(eighths(rng, 0, 7))
    for _ in range(4):  # many with one score: a sort that shuffles equals goes wrong
        yield unequal_ious(rng, 40, 12), eighths(rng, 5, 8, 40), 0.25


def _greedy_match(iou: Tensor, scores: Tensor, threshold: float, taken: float = -1) -> Tensor:
    left, found = iou.clone(), torch.full((len(scores),), -1)
    for n in scores.argsort(descending=True, stable=True):
        if (left[n] >= threshold).any():
            found[n] = left[n].argmax()
            left[:, found[n]] = taken
    return found


def _shuffled_equals(iou: Tensor, scores: Tensor, threshold: float) -> Tensor:
    order = _descending(scores)
    found = torch.empty_like(order)
    found[order] = _greedy_match(iou[order], scores[order], threshold)
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
            "Then every choice is the same: if `(left[n] >= threshold).any()`, take `left[n].argmax()`.",
        ),
        solution=lambda iou, scores, threshold: _greedy_match(iou, scores, threshold),
        wrong=(
            Wrong(lambda iou, scores, least: _greedy_match(iou, 0 * scores, least), "lets them choose as they come"),
            Wrong(lambda iou, _, least: F.pad(iou, (1, 0), value=least - HAIR).argmax(1) - 1, "lets two find the same"),
            Wrong(lambda iou, *rest: _greedy_match(iou * (iou == _best(iou)), *rest), "gives up if the best is taken"),
            Wrong(lambda iou, scores, least: _greedy_match(iou, scores, least + HAIR), "wants more than the threshold"),
            Wrong(lambda iou, _, least: _greedy_match(iou, _best(iou)[:, 0], least), "lets large IoUs choose first"),
            Wrong(lambda *args: _greedy_match(*args, taken=0), "sets taken ones to 0, which reaches a threshold of 0"),
            Wrong(_shuffled_equals, "sorts without `stable=True`, which shuffles equal scores"),
        ),
        picture=match_picture,
    )
)


# --- 4. precision and recall ---


def precision_and_recall_spec(matched: Tensor, num_truth: int, scores: Tensor, threshold: float) -> tuple[float, float]:
    kept = [found for found, score in zip(matched.tolist(), scores.tolist(), strict=True) if score >= threshold]
    return sum(kept) / len(kept) if kept else torch.nan, sum(kept) / num_truth if num_truth else torch.nan


def precision_and_recall_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield torch.tensor([True]), 2, torch.tensor([0.5]), 0.5
    yield torch.tensor([True]), 2, torch.tensor([0.25]), 0.5
    yield torch.tensor([False]), 0, torch.tensor([0.75]), 0.5
    yield torch.arange(600) % 3 > 0, 500, torch.full((600,), 0.75), 0.5  # more than 8 bits can count
    for index in range(40):
        matched = torch.from_numpy(rng.random(rng.integers(0, 3 + index // 4)) < 0.6)
        num_truth = int(matched.sum() + rng.integers(0, 4))
        yield matched, num_truth, eighths(rng, 1, 9, len(matched)), float(eighths(rng, 1, 8))


def _precision_and_recall(matched: Tensor, num_truth: int, scores: Tensor, threshold: float) -> tuple[float, float]:
    kept = matched[scores >= threshold].double()
    return float(kept.mean()), float(kept.sum() / num_truth)


register(
    Exercise(
        name="precision_and_recall",
        lesson=4,
        title="Precision and recall at a threshold",
        spec=precision_and_recall_spec,
        cases=precision_and_recall_cases,
        hints=(
            "`matched[scores >= threshold]` says of each prediction that is kept whether it found an object.",
            "Make that `.double()`. Precision is its mean; recall is its sum divided by `num_truth`.",
            "The mean of an empty tensor is nan by itself, and so is a tensor with 0 in it, divided by 0.",
        ),
        solution=_precision_and_recall,
        wrong=(
            Wrong(lambda *args: _precision_and_recall(*args)[::-1], "takes each for the other"),
            Wrong(lambda m, n, s, t: _precision_and_recall(m & (s >= t), n, s, 0), "divides by the dropped ones too"),
            Wrong(lambda m, n, s, t: _precision_and_recall(m, int(m.sum()), s, t), "forgets the objects nobody found"),
            Wrong(lambda m, n, s, t: _precision_and_recall(m, n, s, t + HAIR), "drops a score just at the threshold"),
            Wrong(lambda *args: tuple(np.nan_to_num(_precision_and_recall(*args))), "scores 0 if nothing is to score"),
        ),
    )
)


# --- 5. group pixels by their offsets ---


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


def _group_by_offsets(
    centers: Tensor, offsets: Tensor, thing: Tensor, p: float = 2, reach: float = torch.inf
) -> Tensor:
    groups = torch.zeros(thing.shape, dtype=torch.int64)
    if len(centers):
        aims = thing.nonzero() + offsets[:, thing].T  # [P, 2]
        nearest = torch.cdist(aims, centers, p).min(1)
        groups[thing] = (nearest.indices + 1) * (nearest.values <= reach)
    return groups


def _kept_inside(centers: Tensor, offsets: Tensor, thing: Tensor) -> Tensor:
    places = torch.stack(torch.meshgrid(*map(torch.arange, thing.shape), indexing="ij"))
    last = torch.tensor(thing.shape)[:, None, None] - 1
    return _group_by_offsets(centers, (places + offsets).clamp(min=0).minimum(last) - places, thing)


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
        solution=lambda centers, offsets, thing: _group_by_offsets(centers, offsets, thing),
        wrong=(
            Wrong(lambda c, o, t: _group_by_offsets(c, 0 * o, t), "takes the centre next to the pixel"),
            Wrong(lambda c, o, t: _group_by_offsets(c, o.flip(0), t), "takes the offsets for (x, y)"),
            Wrong(lambda c, o, t: _group_by_offsets(c, -o, t), "takes the step as one from the centre to the pixel"),
            Wrong(lambda c, o, t: _group_by_offsets(c, o, t) - t.long(), "counts from 0, which is no object"),
            Wrong(lambda c, o, t: _group_by_offsets(c, o, t | True), "lets road and sky join an object"),
            Wrong(_kept_inside, "bends what points out of the picture back to its edge"),
            Wrong(lambda *args: _group_by_offsets(*args, reach=3), "leaves out what points near to no centre"),
            Wrong(lambda *args: _group_by_offsets(*args, p=1), "adds up the distances down and across"),
        ),
        picture=groups_picture,
    )
)


# --- 6. the peaks of a heat map ---


def find_centers_spec(heat: Tensor, threshold: float) -> Tensor:
    places = []
    for row, column in (heat >= threshold).nonzero().tolist():
        around = heat[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        if heat[row, column] == around.max():
            places.append((row, column))
    places.sort(key=lambda place: -heat[place])  # of equals, the first stays first
    return torch.tensor(places, dtype=torch.int64).view(-1, 2)


def find_centers_cases(rng: np.random.Generator) -> Iterator[tuple]:
    for row, threshold in (([0.5], 0.5), ([0.25], 0.5), ([0.5, 0.5], 0.25), ([0.5, 0.25, 0.75], 0.25), ([-0.5], -1.0)):
        yield torch.tensor([row]), threshold
    yield torch.tensor([[-0.25, -0.75]]), -0.5
    yield torch.full((7, 7), 0.5), 0.5  # many equals: a sort that shuffles them goes wrong
    yield eighths(rng, 0, 4, 20, 280), 0.125
    for index in range(40):
        yield eighths(rng, -4, 9, *rng.integers(1, 3 + index // 4, 2)), float(eighths(rng, -3, 5))


def _by_heat(heat: Tensor, peaks: Tensor, threshold: float) -> Tensor:
    peaks = peaks & (heat >= threshold)
    return peaks.nonzero()[heat[peaks].argsort(descending=True, stable=True)]


def _find_centers(heat: Tensor, threshold: float) -> Tensor:
    return _by_heat(heat, heat == F.max_pool2d(heat[None], 3, stride=1, padding=1)[0], threshold)


def _around(heat: Tensor, outside: float = -torch.inf) -> Tensor:
    """The eight neighbours of each pixel, [H, W, 8]: the square around it, row by row, without the middle."""
    squares = F.pad(heat, (1, 1, 1, 1), value=outside).unfold(0, 3, 1).unfold(1, 3, 1)
    return squares.flatten(2)[..., [0, 1, 2, 3, 5, 6, 7, 8]]


register(
    Exercise(
        name="find_centers",
        lesson=4,
        title="The peaks of a heat map",
        spec=find_centers_spec,
        cases=find_centers_cases,
        hints=(
            "`F.max_pool2d(heat[None], 3, stride=1, padding=1)[0]` is the highest value around each pixel.",
            "The peaks are the pixels that equal it, so that none around is higher, `&` that reach the threshold.",
            "`peaks.nonzero()` are their places, row by row, and `heat[peaks]` is their heat in the same order.",
            "`heat[peaks].argsort(descending=True, stable=True)` puts the places in order; equals stay row by row.",
        ),
        solution=_find_centers,
        wrong=(
            Wrong(lambda h, t: _by_heat(h, h >= t, t), "takes all that is hot for centres"),
            Wrong(lambda h, t: _by_heat(h, h == h.max(), t), "looks for the highest of all alone"),
            Wrong(lambda h, t: _by_heat(h, h > _around(h).amax(2), t), "has no peak where neighbours are equal"),
            Wrong(lambda h, t: _by_heat(h, h >= _around(h)[..., [1, 3, 4, 6]].amax(2), t), "forgets the corners"),
            Wrong(lambda h, t: _by_heat(h, h >= _around(h, 0).amax(2), t), "puts zeros outside, above some heat"),
            Wrong(lambda h, t: _by_heat(h, h >= _around(h * (h >= t)).amax(2), t), "makes all below the threshold 0"),
            Wrong(
                lambda h, t: (places := _find_centers(h, t))[_descending(h[*places.T])], "sorts without `stable=True`"
            ),
        ),
        picture=peaks_picture,
    )
)
