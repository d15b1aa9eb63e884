"""Exercises of lesson 1: count pixels, one-hot, IoU with void, back from run lengths."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from helpers.categories import VOID
from helpers.course.exercise import Exercise, Wrong, register
from helpers.exercises.cases import label_maps, map_pairs
from helpers.exercises.pictures import pair_picture, runs_picture

# --- 1. count pixels ---


def count_pixels_spec(semantic: Tensor, category_id: int) -> int:
    count = 0
    for row in semantic.tolist():
        for label in row:
            if label == category_id:
                count += 1
    return count


def count_pixels_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield torch.tensor([[3]]), 3
    yield torch.tensor([[0, 0], [1, VOID]]), 0
    yield torch.full((2, 3), VOID), 1
    for semantic in label_maps(rng, 40, 5):
        yield semantic, int(rng.integers(0, 5))


def _rows_with(semantic: Tensor, category_id: int) -> int:
    return int((semantic == category_id).any(1).sum())


def _share(semantic: Tensor, category_id: int) -> float:
    return float((semantic == category_id).float().mean())


def _sum_of_ids(semantic: Tensor, category_id: int) -> int:
    return int(semantic[semantic == category_id].sum())


def _in_eight_bits(semantic: Tensor, category_id: int) -> int:
    return int((semantic == category_id).sum(dtype=torch.uint8))


def count_pixels(semantic: Tensor, category_id: int) -> int:
    return int((semantic == category_id).sum())


register(
    Exercise(
        name="count_pixels",
        lesson=1,
        title="Count the pixels of a category",
        spec=count_pixels_spec,
        cases=count_pixels_cases,
        hints=(
            "Comparing a map with a number compares every pixel: `semantic == 3` is a mask.",
            "In a sum, True counts as 1 and False as 0.",
            "`(semantic == category_id).sum()` is a tensor with one number; `int(...)` makes it a number.",
        ),
        solution=count_pixels,
        reasons=(
            "Comparing the whole map at once gives a mask, and in its sum every True counts as 1: no loop, and "
            "torch counts in 64 bits, so that large maps do not begin again after 255. `int` makes a plain number "
            "of a tensor that holds one. A category that never occurs has an empty mask, whose sum is 0; void is "
            "only one more id that is not asked for."
        ),
        wrong=(
            Wrong(_rows_with, "counts the rows that hold the category"),
            Wrong(_share, "gives the share of pixels in place of their number"),
            Wrong(_sum_of_ids, "adds up the ids of the pixels in place of counting them"),
            Wrong(_in_eight_bits, "counts in the type of a picture, which begins again after 255"),
        ),
    )
)


# --- 2. one-hot ---


def one_hot_spec(semantic: Tensor, num_categories: int) -> Tensor:
    height, width = semantic.shape
    masks = torch.zeros(num_categories, height, width, dtype=torch.bool)
    for row in range(height):
        for column in range(width):
            label = int(semantic[row, column])
            if label != VOID:
                masks[label, row, column] = True
    return masks


def one_hot_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield torch.tensor([[1]]), 2
    yield torch.tensor([[0, VOID]]), 1
    for semantic in label_maps(rng, 40, 4):
        yield semantic, 4


def _categories_last(semantic: Tensor, num_categories: int) -> Tensor:
    return semantic[..., None] == torch.arange(num_categories)


def _void_as_last(semantic: Tensor, num_categories: int) -> Tensor:
    return semantic.clamp(max=num_categories - 1)[None] == torch.arange(num_categories)[:, None, None]


def _void_as_first(semantic: Tensor, num_categories: int) -> Tensor:
    known = torch.where(semantic == VOID, 0, semantic)
    return known[None] == torch.arange(num_categories)[:, None, None]


def one_hot(semantic: Tensor, num_categories: int) -> Tensor:
    return semantic == torch.arange(num_categories)[:, None, None]


register(
    Exercise(
        name="one_hot",
        lesson=1,
        title="A mask for each category",
        spec=one_hot_spec,
        cases=one_hot_cases,
        hints=(
            "The mask of category 2 is `semantic == 2`. You need one such mask for every id, stacked.",
            "`torch.stack([...])` puts masks [H, W] on top of each other: [C, H, W].",
            "Void is 255. It equals none of the ids, so comparing leaves it out by itself.",
        ),
        solution=one_hot,
        reasons=(
            "`torch.arange(num_categories)[:, None, None]` holds the ids as [C, 1, 1]; compared with the map [H, "
            "W], each id meets every pixel, and what comes out is [C, H, W]. `torch.stack` over a list of masks "
            "gives the same. Void, 255, equals no id, so its pixels are False in every mask without a line for it; "
            "`F.one_hot` would fail on the 255."
        ),
        wrong=(
            Wrong(_categories_last, "puts the category last: [H, W, C]"),
            Wrong(_void_as_last, "gives void to the last category"),
            Wrong(_void_as_first, "gives void to category 0"),
        ),
        picture=pair_picture,
    )
)


# --- 3. IoU of a category, with void ---


def category_iou_spec(predicted: Tensor, semantic: Tensor, category_id: int) -> float:
    both = either = 0
    for guess, truth in zip(predicted.flatten().tolist(), semantic.flatten().tolist(), strict=True):
        if truth == VOID:
            continue
        both += guess == category_id and truth == category_id
        either += guess == category_id or truth == category_id
    return both / either if either else float("nan")


def category_iou_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield torch.tensor([[1, 1]]), torch.tensor([[1, 0]]), 1
    yield torch.tensor([[1, 1]]), torch.tensor([[1, VOID]]), 1
    yield torch.tensor([[0]]), torch.tensor([[0]]), 1
    yield torch.tensor([[1, VOID]]), torch.tensor([[1, 1]]), 1
    for predicted, semantic in map_pairs(rng, 40, 3):
        yield predicted, semantic, int(rng.integers(0, 3))


def _void_counts(predicted: Tensor, semantic: Tensor, category_id: int) -> float:
    ours, truth = predicted == category_id, semantic == category_id
    union = int((ours | truth).sum())
    return int((ours & truth).sum()) / union if union else float("nan")


def _over_truth(predicted: Tensor, semantic: Tensor, category_id: int) -> float:
    ours, truth = (predicted == category_id) & (semantic != VOID), semantic == category_id
    return int((ours & truth).sum()) / int(truth.sum()) if truth.any() else float("nan")


def _accuracy(predicted: Tensor, semantic: Tensor, category_id: int) -> float:
    known = semantic != VOID
    same = (predicted == category_id) == (semantic == category_id)
    return float(same[known].float().mean()) if known.any() else float("nan")


def _void_hides(predicted: Tensor, semantic: Tensor, category_id: int) -> float:
    return category_iou_spec(predicted, semantic.where(predicted != VOID, VOID), category_id)


def _empty_is_zero(predicted: Tensor, semantic: Tensor, category_id: int) -> float:
    score = category_iou_spec(predicted, semantic, category_id)
    return 0.0 if score != score else score


def category_iou(predicted: Tensor, semantic: Tensor, category_id: int) -> float:
    known = semantic != VOID
    ours, truth = (predicted == category_id) & known, semantic == category_id
    union = int((ours | truth).sum())
    return int((ours & truth).sum()) / union if union else float("nan")


register(
    Exercise(
        name="category_iou",
        lesson=1,
        title="IoU of one category, with void",
        spec=category_iou_spec,
        cases=category_iou_cases,
        hints=(
            "Make two masks: where the prediction says the category, and where the truth does.",
            "A predicted pixel counts only where the truth is known: `& (semantic != VOID)`.",
            'Count the pixels in both and those in either. If there are none in either, return `float("nan")`.',
        ),
        solution=category_iou,
        reasons=(
            "Void is taken out of the predicted mask alone: the true mask has no void pixel, since void is not the "
            "category. So one `&` keeps them out of intersection and union. A pixel that the prediction calls void "
            "stays: where the truth has the category there, it is a miss and counts in the union. Where the union "
            "is empty there is nothing to score, and `nan` says so; 0 would be a bad mark for nothing."
        ),
        wrong=(
            Wrong(_void_counts, "counts predictions on void pixels as mistakes"),
            Wrong(_over_truth, "divides by the truth alone, so that predicting everything scores 1"),
            Wrong(_accuracy, "measures the share of pixels that agree, most of which are neither"),
            Wrong(_void_hides, "leaves out pixels that the prediction calls void, as if that were no miss"),
            Wrong(_empty_is_zero, "scores 0 where there is nothing to score"),
        ),
    )
)


# --- 4. back from run lengths ---


def decode_runs_spec(runs: list[int], height: int, width: int) -> Tensor:
    mask = torch.zeros(height, width, dtype=torch.bool)
    place, value = 0, False
    for length in runs:
        for _ in range(length):
            mask[place % height, place // height] = value
            place += 1
        value = not value
    return mask


def decode_runs_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield [0, 1], 1, 1
    yield [1, 2, 1], 2, 2
    yield [2, 3, 1], 3, 2
    yield [10, 300, 3, 11], 27, 12  # runs longer than 8 bits can say
    for index in range(40):
        height, width = (int(side) for side in rng.integers(1, 3 + index // 3, 2))
        flat = rng.random(height * width) < rng.random()
        edges = np.flatnonzero(np.diff(flat.astype(int))) + 1
        runs = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
        yield ([0, *runs] if flat[0] else runs), height, width


def _by_rows(runs: list[int], height: int, width: int) -> Tensor:
    values = torch.arange(len(runs)) % 2 == 1
    return values.repeat_interleave(torch.tensor(runs)).view(height, width)


def _ones_first(runs: list[int], height: int, width: int) -> Tensor:
    return ~decode_runs_spec(runs, height, width)


def _not_turned(runs: list[int], height: int, width: int) -> Tensor:
    values = torch.arange(len(runs)) % 2 == 1
    return values.repeat_interleave(torch.tensor(runs)).view(width, height)


def decode_runs(runs: list[int], height: int, width: int) -> Tensor:
    values = torch.arange(len(runs)) % 2 == 1
    return values.repeat_interleave(torch.tensor(runs)).view(width, height).T


register(
    Exercise(
        name="decode_runs",
        lesson=1,
        title="From run lengths to a mask",
        spec=decode_runs_spec,
        cases=decode_runs_cases,
        hints=(
            "First make one long list of pixels: as many False as the first run says, then True, then False, ...",
            "The list walks down one column after the other. `view` fills rows, so give it (width, height).",
            "Turn what you have with `.T`, and columns become rows.",
        ),
        solution=decode_runs,
        reasons=(
            "The runs alternate and begin with zeros, so the run at an odd place is one of ones; a mask that begins "
            "with a one has a first run of length 0, which `repeat_interleave` repeats not at all. The list walks "
            "down the columns, while `view` fills rows: so it fills a picture that lies on its side, (width, "
            "height), and `.T` puts it upright."
        ),
        wrong=(
            Wrong(_by_rows, "fills the mask row by row"),
            Wrong(_ones_first, "starts with ones"),
            Wrong(_not_turned, "forgets to turn the picture at the end"),
        ),
        picture=runs_picture,
    )
)
