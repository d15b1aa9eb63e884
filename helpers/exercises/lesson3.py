"""Exercises of lesson 3, the first: IoU of all categories, regions, a skip connection."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from skimage.measure import label
from torch import Tensor
from torch.nn import functional as F

from helpers.course.exercise import Exercise, Wrong, register
from helpers.exercises.cases import dots, spiral
from helpers.exercises.pictures import channels_picture, regions_picture

NAN = float("nan")


# --- 1. the IoU of all categories from one table ---


def iou_from_confusion_spec(confusion: Tensor) -> Tensor:
    count, scores = len(confusion), []
    for category in range(count):
        either = 0
        for truth in range(count):
            for guess in range(count):
                if category in (truth, guess):
                    either += int(confusion[truth, guess])
        scores.append(int(confusion[category, category]) / either if either else NAN)
    return torch.tensor(scores, dtype=torch.float64)


def iou_from_confusion_cases(rng: np.random.Generator) -> Iterator[tuple]:
    for table in ([[4]], [[3, 1], [0, 0]], [[3, 0], [2, 0]], [[5, 0], [0, 0]], [[70_000, 300], [9, 600]]):
        yield (torch.tensor(table),)
    for index in range(40):
        count = 2 + index // 8
        in_truth, in_prediction = rng.random((count, 1)) < 0.8, rng.random(count) < 0.8
        yield (torch.from_numpy(rng.integers(0, 9, (count, count)) * in_truth * in_prediction),)


def iou_from_confusion(confusion: Tensor) -> Tensor:
    both = confusion.diag()
    return both.double() / (confusion.sum(0) + confusion.sum(1) - both)


def _not_in_truth_is_nan(confusion: Tensor) -> Tensor:
    return iou_from_confusion(confusion).where(confusion.sum(1) > 0, NAN)


register(
    Exercise(
        name="iou_from_confusion",
        lesson=3,
        title="The IoU of every category from one table",
        spec=iou_from_confusion_spec,
        cases=iou_from_confusion_cases,
        hints=(
            "The pixels that are right stand on the diagonal: `confusion.diag()` is every intersection at once.",
            "`confusion.sum(1)` is how often each category is in the truth, `confusion.sum(0)` in the prediction.",
            "Truth plus prediction holds the intersection twice: take it away once, and you have the union.",
            "`both.double() / union` gives nan by itself where both are 0.",
        ),
        solution=iou_from_confusion,
        reasons=(
            "The diagonal holds what is right, and with it every intersection. A row is what the category has in "
            "the truth, a column what it has in the prediction; their sum holds the intersection twice, so one is "
            "taken away, and the union is left. A category in neither divides 0 by 0, which gives `nan` by itself; "
            "one that is only predicted has a union and scores 0. `.double()` keeps large counts exact."
        ),
        wrong=(
            Wrong(lambda confusion: confusion.diag() / (confusion.sum(0) + confusion.sum(1)), "has the diagonal twice"),
            Wrong(lambda confusion: confusion.diag() / confusion.sum(1), "divides by the truth alone: that is recall"),
            Wrong(lambda confusion: confusion.diag() / confusion.sum(0), "divides by the prediction alone: precision"),
            Wrong(lambda confusion: iou_from_confusion(confusion).nan_to_num(), "scores 0 where nothing was to find"),
            Wrong(_not_in_truth_is_nan, "lets go what is predicted where the truth has none of it"),
        ),
    )
)


# --- 2. count regions ---


def count_regions_spec(mask: Tensor) -> int:
    left = {(row, column) for row, column in mask.nonzero().tolist()}
    regions = 0
    while left:
        regions += 1
        front = [left.pop()]
        while front:
            row, column = front.pop()
            touching = {(row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)} & left
            left -= touching
            front.extend(touching)
    return regions


def count_regions_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield (torch.tensor([[False]]),)
    yield (torch.tensor([[True]]),)
    yield (torch.eye(2).bool(),)
    yield (torch.tensor([[1, 0, 1], [1, 0, 1], [1, 1, 1]]).bool(),)
    for index in range(40):
        yield (torch.from_numpy(rng.random(rng.integers(1, 3 + index // 3, 2)) < rng.random()),)
    for winding in (spiral(9), spiral(13), spiral(13).flip(0, 1), spiral(21)):
        yield (winding,)  # a long way for a number that spreads from pixel to pixel
    for _ in range(8):  # paths that part and meet again
        yield (torch.from_numpy(rng.random((24, 36)) < 0.4),)
    yield (dots(33),)  # more regions than 8 bits can number


def _runs_in_rows(mask: Tensor) -> int:
    return int(mask[:, 0].sum() + (mask[:, 1:] & ~mask[:, :-1]).sum())


def _spread(mask: Tensor, steps: int) -> int:
    numbers = (torch.arange(mask.numel()).view(mask.shape) + 1.0) * mask
    for _ in range(steps):
        numbers = F.max_pool2d(numbers[None], 3, stride=1, padding=1)[0] * mask
    return len(numbers[mask].unique())


def _one_pass(mask: Tensor) -> int:
    """Row by row, each pixel takes the lowest number among its four neighbours before it; a higher one becomes that."""
    numbers, same = {}, {}
    for row, column in mask.nonzero().tolist():
        before = [(row - 1, column - 1), (row - 1, column), (row - 1, column + 1), (row, column - 1)]
        met = [numbers[place] for place in before if place in numbers] or [len(same) + 1]
        numbers[row, column] = min(met)
        same |= {number: min(met) for number in met}
    return len({same[number] for number in numbers.values()})


def count_regions(mask: Tensor) -> int:
    return int(label(mask.numpy(), connectivity=2).max())


register(
    Exercise(
        name="count_regions",
        lesson=3,
        title="Count the regions of a mask",
        spec=count_regions_spec,
        cases=count_regions_cases,
        hints=(
            "`skimage.measure.label(mask.numpy())` gives every region a number of its own, and 0 to the rest.",
            "Its `connectivity` says who is a neighbour: 1 at a side, 2 at a corner too. Without it, it is 2.",
            "The regions are numbered from 1 without a gap, so the highest number is how many there are.",
        ),
        solution=count_regions,
        reasons=(
            "`label` is `skimage.measure.label`: it numbers the regions from 1 without a gap and leaves 0 to the "
            "background, so the highest number is how many there are, and an empty mask has 0. `connectivity=2` "
            "makes pixels neighbours that touch at a corner; with 1 a slanting line would fall apart. Writing it "
            "yourself is the hard way: a number that spreads from pixel to pixel needs as many steps as the region "
            "is long."
        ),
        wrong=(
            Wrong(lambda mask: int(label(mask.numpy(), connectivity=1).max()), "lets pixels touch at their sides only"),
            Wrong(lambda mask: len(np.unique(label(mask.numpy()))), "takes label 0, the background, for a region"),
            Wrong(_runs_in_rows, "starts anew in every row"),
            Wrong(lambda mask: _spread(mask, 2 * sum(mask.shape)), "believes that no path is longer than the edge"),
            Wrong(lambda mask: _spread(mask, 20), "lets numbers spread for twenty steps, which was enough so far"),
            Wrong(_one_pass, "follows a number to the one it joined, but not to the one that this one joined"),
            Wrong(lambda mask: int(mask.sum()), "counts pixels in place of regions"),
            Wrong(lambda mask: int(mask.any()), "takes all that has one category for one thing"),
        ),
        picture=regions_picture,
    )
)


# --- 3. a skip connection ---


def join_skip_spec(deep: Tensor, skip: Tensor) -> Tensor:
    (batch, below, _, _), (_, beside, height, width) = deep.shape, skip.shape
    joined = torch.zeros(batch, below + beside, height, width)
    for row in range(height):
        for column in range(width):
            joined[:, :below, row, column] = deep[:, :, row // 2, column // 2]
            joined[:, below:, row, column] = skip[:, :, row, column]
    return joined


def join_skip_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield torch.tensor([[[[1.0]]]]), torch.tensor([[[[2.0]]]])
    yield torch.tensor([[[[1.0, 5.0]]]]), torch.tensor([[[[2.0, 3.0, 4.0]]]])
    for index in range(30):
        batch, below, beside, height, width = rng.integers(1, 3 + index // 10, 5)
        tall, wide = np.array([2 * height, 2 * width]) - rng.integers(0, 2, 2)
        shapes = (batch, below, height, width), (batch, beside, tall, wide)
        yield tuple(torch.from_numpy(rng.integers(0, 10, shape)).float() for shape in shapes)


def _enlarged(deep: Tensor, skip: Tensor, mode: str = "nearest") -> Tensor:
    return F.interpolate(deep, skip.shape[-2:], mode=mode)


def _always_twice(deep: Tensor, skip: Tensor) -> Tensor:
    deep = F.interpolate(deep, scale_factor=2)
    return torch.cat([deep, _enlarged(skip, deep)], 1)


def join_skip(deep: Tensor, skip: Tensor) -> Tensor:
    large = F.interpolate(deep, skip.shape[-2:], mode="nearest")
    return torch.cat([large, skip], dim=1)


register(
    Exercise(
        name="join_skip",
        lesson=3,
        title="Join deep features with those of a skip connection",
        spec=join_skip_spec,
        cases=join_skip_cases,
        hints=(
            "The size to reach is that of `skip`, not twice that of `deep`: `skip.shape[-2:]`.",
            '`F.interpolate(deep, size, mode="nearest")` repeats each cell until the size is reached.',
            "`torch.cat([one, other], 1)` puts channels after channels; dimension 0 is the batch.",
        ),
        solution=join_skip,
        reasons=(
            "The size to reach is read off `skip`, since an odd side is rounded when it is halved: twice the deep "
            "size may be one too many. `nearest` repeats cells and invents nothing between them; what is smooth is "
            "for the next convolution to learn. Joined along dimension 1, the channels stand side by side and the "
            "network may weigh them, where adding would mix them for good."
        ),
        also=(lambda deep, skip: torch.cat([_enlarged(deep, skip, "nearest-exact"), skip], 1),),
        wrong=(
            Wrong(lambda deep, skip: _enlarged(deep, skip) + skip, "adds the features, as an FCN adds its scores"),
            Wrong(lambda deep, skip: torch.cat([_enlarged(deep, skip), skip], 0), "puts picture after picture"),
            Wrong(_always_twice, "believes that the level above is always twice as large, and bends the skip to that"),
            Wrong(lambda deep, skip: torch.cat([skip, _enlarged(deep, skip)], 1), "puts the skip first"),
            Wrong(lambda deep, skip: torch.cat([_enlarged(deep, skip, "bilinear"), skip], 1), "enlarges smoothly"),
        ),
        picture=channels_picture,
    )
)
