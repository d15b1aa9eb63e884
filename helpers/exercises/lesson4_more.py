"""Exercises of lesson 4, the others: boxes, precision and recall, the peaks of a heat map.

Numbers in the cases are multiples of 1/8, which floats hold exactly: what is equal is equal on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from skimage.measure import label
from torch import Tensor
from torch.nn import functional as F

from helpers.course.exercise import Exercise, Wrong, register
from helpers.exercises.cases import HAIR, eighths, shuffled_descending
from helpers.exercises.pictures import box_picture, peaks_picture

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


def mask_to_box(mask: Tensor) -> Tensor:
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
        solution=mask_to_box,
        reasons=(
            "`nonzero` gives (row, column), a box wants x first: `flip(1)` swaps them once for all. The least of "
            "both is where the box begins. A pixel is a square as wide as 1, so the last column ends at its number "
            "+ 1, and likewise the row: a box of one pixel is 1 wide, not 0. A mask in several pieces has one box "
            "around them all; an empty one has none, and `amin` fails."
        ),
        wrong=(
            Wrong(lambda mask: mask_to_box(mask) - torch.tensor([0, 0, 1, 1]), "ends it where the last pixel begins"),
            Wrong(lambda mask: mask_to_box(mask.T), "puts rows before columns, as an index does"),
            Wrong(lambda mask: (box := mask_to_box(mask)) - F.pad(box[:2], (2, 0)), "ends in a width and a height"),
            Wrong(lambda mask: mask_to_box(torch.from_numpy(label(mask.numpy()) == 1)), "takes it for one region"),
        ),
        picture=box_picture,
    )
)


# --- 2. precision and recall ---


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


def precision_and_recall(
    matched: Tensor,
    num_truth: int,
    scores: Tensor,
    threshold: float,
) -> tuple[float, float]:
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
        solution=precision_and_recall,
        reasons=(
            "`>=` keeps a score just at the threshold. Of the kept ones, each is 1 or 0: the mean is precision, and "
            "the sum over all there is to find is recall. If nothing is kept, the mean of nothing is `nan`; if "
            "there is nothing to find, a tensor divided by 0 gives `nan` too, where a Python number would raise. If "
            "none is kept but there is something to find, recall is 0."
        ),
        wrong=(
            Wrong(lambda *args: precision_and_recall(*args)[::-1], "takes each for the other"),
            Wrong(lambda m, n, s, t: precision_and_recall(m & (s >= t), n, s, 0), "divides by the dropped ones too"),
            Wrong(lambda m, n, s, t: precision_and_recall(m, int(m.sum()), s, t), "forgets the objects nobody found"),
            Wrong(lambda m, n, s, t: precision_and_recall(m, n, s, t + HAIR), "drops a score just at the threshold"),
            Wrong(lambda *args: tuple(np.nan_to_num(precision_and_recall(*args))), "scores 0 if nothing is to score"),
        ),
    )
)


# --- 3. the peaks of a heat map ---


def find_centers_spec(heat: Tensor, threshold: float, window: int) -> Tensor:
    places, near = [], window // 2
    for row, column in (heat >= threshold).nonzero().tolist():
        around = heat[max(row - near, 0) : row + near + 1, max(column - near, 0) : column + near + 1]
        if heat[row, column] == around.max():
            places.append((row, column))
    places.sort(key=lambda place: -heat[place])  # of equals, the first stays first
    return torch.tensor(places, dtype=torch.int64).view(-1, 2)


def find_centers_cases(rng: np.random.Generator) -> Iterator[tuple]:
    for row, threshold in (([0.5], 0.5), ([0.25], 0.5), ([0.5, 0.5], 0.25), ([0.5, 0.25, 0.75], 0.25), ([-0.5], -1.0)):
        yield torch.tensor([row]), threshold, 3
    yield torch.tensor([[-0.25, -0.75]]), -0.5, 3
    yield torch.tensor([[0.5, 0.0, 0.0, 0.25]]), 0.25, 5  # three steps apart: beyond a window of 5, within one of 7
    yield torch.tensor([[0.5, 0.0, 0.0, 0.25]]), 0.25, 7
    yield torch.full((7, 7), 0.5), 0.5, 3  # many equals: a sort that shuffles them goes wrong
    yield eighths(rng, 0, 4, 20, 280), 0.125, 3
    for index in range(60):
        window, sides = 3 + 2 * (index % 3), rng.integers(1, 3 + index // 4, 2)
        yield eighths(rng, -4, 9, *sides), float(eighths(rng, -3, 5)), window


def find_centers(heat: Tensor, threshold: float, window: int) -> Tensor:
    highest = F.max_pool2d(heat[None], window, stride=1, padding=window // 2)[0]
    peaks = (heat == highest) & (heat >= threshold)
    return peaks.nonzero()[heat[peaks].argsort(descending=True, stable=True)]


def _by_heat(heat: Tensor, peaks: Tensor, threshold: float) -> Tensor:
    peaks = peaks & (heat >= threshold)
    return peaks.nonzero()[heat[peaks].argsort(descending=True, stable=True)]


def _squares(heat: Tensor, window: int, outside: float = -torch.inf) -> Tensor:
    """The square around each pixel, row by row, [H, W, window, window]."""
    return F.pad(heat, [window // 2] * 4, value=outside).unfold(0, window, 1).unfold(1, window, 1)


def _above_all_others(heat: Tensor, threshold: float, window: int) -> Tensor:
    others = _squares(heat, window).clone()
    others[..., window // 2, window // 2] = -torch.inf
    return _by_heat(heat, heat > others.amax((2, 3)), threshold)


def _row_and_column(heat: Tensor, threshold: float, window: int) -> Tensor:
    squares, near = _squares(heat, window), window // 2
    return _by_heat(heat, heat == squares[..., near, :].amax(2).maximum(squares[..., near].amax(2)), threshold)


def _shuffled(heat: Tensor, threshold: float, window: int) -> Tensor:
    places = find_centers(heat, threshold, window)
    return places[shuffled_descending(heat[*places.T])]


register(
    Exercise(
        name="find_centers",
        lesson=4,
        title="The peaks of a heat map",
        spec=find_centers_spec,
        cases=find_centers_cases,
        hints=(
            "`F.max_pool2d(heat[None], window, stride=1, padding=window // 2)[0]` is the highest around each pixel.",
            "The peaks are the pixels that equal it, so that none around is higher, `&` that reach the threshold.",
            "`peaks.nonzero()` are their places, row by row, and `heat[peaks]` is their heat in the same order.",
            "`heat[peaks].argsort(descending=True, stable=True)` puts the places in order; equals stay row by row.",
        ),
        solution=find_centers,
        reasons=(
            "The highest value of each window comes from one pooling with stride 1; a pixel that equals it has "
            "nothing higher around. The padding of `max_pool2d` counts as -∞, so that a peak at the edge and a "
            "negative one are found too. Of equal neighbours all stay, where `find_peaks` of the lesson, which "
            "numbers things, keeps the first alone. `nonzero` goes row by row, and a stable sort leaves equals so."
        ),
        wrong=(
            Wrong(lambda h, t, w: _by_heat(h, h >= t, t), "takes all that is hot for centres"),
            Wrong(lambda h, t, w: _by_heat(h, h == h.max(), t), "looks for the highest of all alone"),
            Wrong(lambda h, t, w: find_centers(h, t, 3), "looks at the eight around it, whatever the window"),
            Wrong(lambda h, t, w: find_centers(h, t, 2 * w + 1), "looks a whole window far to each side"),
            Wrong(_above_all_others, "has no peak where neighbours are equal"),
            Wrong(_row_and_column, "looks along the row and the column alone"),
            Wrong(lambda h, t, w: _by_heat(h, h == _squares(h, w, 0).amax((2, 3)), t), "puts zeros outside"),
            Wrong(lambda h, t, w: find_centers(h * (h >= t), t, w), "makes all below the threshold 0"),
            Wrong(_shuffled, "sorts without `stable=True`"),
        ),
        picture=peaks_picture,
    )
)
