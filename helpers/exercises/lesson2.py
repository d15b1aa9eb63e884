"""Exercises of lesson 2: labels for a picture, the 1×1 convolution, pixel accuracy, mean IoU."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from helpers.categories import VOID
from helpers.course.exercise import Exercise, Wrong, register
from helpers.exercises.cases import eighths, label_maps, map_pairs
from helpers.exercises.lesson1 import category_iou_spec

NAN = float("nan")


# --- 1. labels for the whole picture ---


def picture_labels_spec(semantic: Tensor, num_categories: int) -> Tensor:
    present = torch.zeros(num_categories, dtype=torch.bool)
    for label in semantic.flatten().tolist():
        if label != VOID:
            present[label] = True
    return present


def picture_labels_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield torch.tensor([[1]]), 3
    yield torch.full((2, 2), VOID), 2
    for semantic in label_maps(rng, 40, 6):
        yield semantic, 6


def picture_labels(semantic: Tensor, num_categories: int) -> Tensor:
    return torch.stack([(semantic == c).any() for c in range(num_categories)])


def _ids(semantic: Tensor, num_categories: int) -> Tensor:
    return semantic.unique()


def _shares(semantic: Tensor, num_categories: int) -> Tensor:
    return torch.stack([(semantic == category).float().mean() for category in range(num_categories)])


def _most_common_only(semantic: Tensor, num_categories: int) -> Tensor:
    counts = torch.stack([(semantic == category).sum() for category in range(num_categories)])
    return torch.arange(num_categories) == counts.argmax()


def _void_counts_as_last(semantic: Tensor, num_categories: int) -> Tensor:
    return picture_labels(semantic.clamp(max=num_categories - 1), num_categories)


register(
    Exercise(
        name="picture_labels",
        lesson=2,
        title="From a label map to labels for the picture",
        spec=picture_labels_spec,
        cases=picture_labels_cases,
        hints=(
            "For one category: is there any pixel with it? `(semantic == 3).any()`.",
            "Ask it for every id from 0 to num_categories - 1, in order.",
            "`torch.stack([...])` makes one tensor of a list of answers.",
        ),
        solution=picture_labels,
        reasons=(
            "For each id one question is asked, whether any pixel has it, and the answers stand in the order of the "
            "ids. `torch.stack` makes one bool tensor of the single ones. Void needs no line of its own: 255 is "
            "never asked for, so a picture that is all void has no label at all."
        ),
        wrong=(
            Wrong(_ids, "lists the ids that occur in place of one yes or no for each category"),
            Wrong(_shares, "says how much in place of whether"),
            Wrong(_most_common_only, "allows a picture only one category"),
            Wrong(_void_counts_as_last, "takes void for the last category"),
        ),
    )
)


# --- 2. the 1×1 convolution ---


def conv_1x1_spec(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    (count, height, width), categories = features.shape, len(weight)
    answers = torch.zeros(categories, height, width)
    for row in range(height):
        for column in range(width):
            for category in range(categories):
                total = bias[category].clone()
                for feature in range(count):
                    total += weight[category, feature] * features[feature, row, column]
                answers[category, row, column] = total
    return answers


def conv_1x1_cases(rng: np.random.Generator) -> Iterator[tuple]:
    def numbers(*shape: int) -> Tensor:
        return eighths(rng, -20, 21, *shape)

    yield torch.tensor([[[0.5]]]), torch.tensor([[3.0]]), torch.tensor([0.25])
    for index in range(20):
        count, categories, height, width = (int(size) for size in rng.integers(1, 3 + index // 5, 4))
        yield numbers(count, height, width), numbers(categories, count), numbers(categories)


def conv_1x1(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.einsum("ck,khw->chw", weight, features) + bias[:, None, None]


def _no_bias(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.einsum("ck,khw->chw", weight, features)


def _pooled_first(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    answer = weight @ features.mean((1, 2)) + bias
    return answer[:, None, None].expand(-1, *features.shape[1:])


def _cells_first(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.einsum("ck,khw->hwc", weight, features) + bias


def _in_whole_numbers(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return conv_1x1(features.trunc(), weight.trunc(), bias.trunc())


register(
    Exercise(
        name="conv_1x1",
        lesson=2,
        title="A linear layer for every cell",
        spec=conv_1x1_spec,
        cases=conv_1x1_cases,
        hints=(
            "For one cell it is `weight @ features[:, row, column] + bias`.",
            "`features.flatten(1)` has the cells side by side, [K, H·W]; `weight @` that does all of them at once.",
            "Bring the result back with `.view(len(weight), H, W)`, and add `bias[:, None, None]`.",
        ),
        solution=conv_1x1,
        reasons=(
            "`einsum` writes down what the layer is: for each category c and each cell h, w, the sum over k of "
            "weight times feature. Cells never mix, which is why a kernel of 1×1 is a linear layer for each of "
            "them. The bias is one number for each category; `[:, None, None]` lets it meet all cells of its "
            "category."
        ),
        wrong=(
            Wrong(_no_bias, "forgets the bias"),
            Wrong(_pooled_first, "averages over the cells first, as a classifier does"),
            Wrong(_cells_first, "puts the categories last"),
            Wrong(_in_whole_numbers, "takes features and weights for whole numbers, as labels are"),
        ),
    )
)


# --- 3. pixel accuracy ---


def pixel_accuracy_spec(predicted: Tensor, semantic: Tensor) -> float:
    right = counted = 0
    for guess, truth in zip(predicted.flatten().tolist(), semantic.flatten().tolist(), strict=True):
        if truth != VOID:
            counted += 1
            right += guess == truth
    return right / counted if counted else NAN


def pixel_accuracy_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield torch.tensor([[1, 0]]), torch.tensor([[1, VOID]])
    yield torch.tensor([[0]]), torch.tensor([[VOID]])
    yield torch.tensor([[1, VOID]]), torch.tensor([[1, VOID]])
    yield torch.tensor([[1, VOID]]), torch.tensor([[1, 0]])
    yield from map_pairs(rng, 40, 4)


def pixel_accuracy(predicted: Tensor, semantic: Tensor) -> float:
    return float((predicted == semantic)[semantic != VOID].double().mean())


def _void_is_wrong(predicted: Tensor, semantic: Tensor) -> float:
    return float((predicted == semantic).double().mean())


def _void_is_right(predicted: Tensor, semantic: Tensor) -> float:
    return float(((predicted == semantic) | (semantic == VOID)).double().mean())


def _void_is_found(predicted: Tensor, semantic: Tensor) -> float:
    known = int((semantic != VOID).sum())
    return int((predicted == semantic).sum()) / known if known else NAN


def _void_hides(predicted: Tensor, semantic: Tensor) -> float:
    return float((predicted == semantic)[(semantic != VOID) & (predicted != VOID)].double().mean())


def _mean_of_ids(predicted: Tensor, semantic: Tensor) -> float:
    known = semantic != VOID
    rights = [float((predicted == c)[semantic == c].double().mean()) for c in semantic[known].unique().tolist()]
    return sum(rights) / len(rights) if rights else NAN


register(
    Exercise(
        name="pixel_accuracy",
        lesson=2,
        title="The share of right pixels",
        spec=pixel_accuracy_spec,
        cases=pixel_accuracy_cases,
        hints=(
            "`predicted == semantic` is a mask of the right pixels.",
            "Index a mask with another mask to keep a part of it: `right[semantic != VOID]`.",
            "The mean of a mask is its share of True: make it `.double()` first. The mean of nothing is nan by itself.",
        ),
        solution=pixel_accuracy,
        reasons=(
            "`[semantic != VOID]` keeps the pixels whose truth is known, before anything is averaged. A pixel that "
            "the prediction calls void stays and is wrong, as it equals no label. `.double()` is needed since torch "
            "averages no bools. Where all is void, the mean of nothing is `nan` by itself."
        ),
        wrong=(
            Wrong(_void_is_wrong, "counts void pixels as mistakes"),
            Wrong(_void_is_right, "counts void pixels as right"),
            Wrong(_void_is_found, "counts void as right where the prediction says void too"),
            Wrong(_void_hides, "leaves out pixels that the prediction calls void, as if that were no mistake"),
            Wrong(_mean_of_ids, "gives every category one vote, which is another score"),
        ),
    )
)


# --- 4. mean IoU ---


def mean_iou_spec(predicted: Tensor, semantic: Tensor, num_categories: int) -> float:
    scores = [category_iou_spec(predicted, semantic, category) for category in range(num_categories)]
    scores = [score for score in scores if score == score]  # nan is not equal to itself
    return sum(scores) / len(scores) if scores else NAN


def mean_iou_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield torch.tensor([[0, 1]]), torch.tensor([[0, 0]]), 3
    yield torch.tensor([[0, 1]]), torch.tensor([[0, VOID]]), 2
    yield torch.tensor([[1]]), torch.tensor([[VOID]]), 2
    yield torch.tensor([[0, VOID]]), torch.tensor([[0, 0]]), 1
    for predicted, semantic in map_pairs(rng, 40, 5):
        yield predicted, semantic, 5


def mean_iou(predicted: Tensor, semantic: Tensor, num_categories: int) -> float:
    known = semantic != VOID
    scores = []
    for category in range(num_categories):
        ours, truth = (predicted == category) & known, semantic == category
        if (ours | truth).any():
            scores.append(int((ours & truth).sum()) / int((ours | truth).sum()))
    return sum(scores) / len(scores) if scores else float("nan")


def _absent_is_zero(predicted: Tensor, semantic: Tensor, num_categories: int) -> float:
    scores = [category_iou_spec(predicted, semantic, category) for category in range(num_categories)]
    return sum(score if score == score else 0.0 for score in scores) / num_categories


def _absent_is_one(predicted: Tensor, semantic: Tensor, num_categories: int) -> float:
    scores = [category_iou_spec(predicted, semantic, category) for category in range(num_categories)]
    return sum(score if score == score else 1.0 for score in scores) / num_categories


def _pooled(predicted: Tensor, semantic: Tensor, num_categories: int) -> float:
    known = semantic != VOID
    both = int((predicted == semantic)[known].sum())
    either = 2 * int(known.sum()) - both
    return both / either if either else NAN


def _void_in_union(predicted: Tensor, semantic: Tensor, num_categories: int) -> float:
    scores = []
    for category in range(num_categories):
        ours, truth = predicted == category, semantic == category
        if (ours | truth).any():
            scores.append(int((ours & truth).sum()) / int((ours | truth).sum()))
    return sum(scores) / len(scores) if scores else NAN


def _void_leaves_union(predicted: Tensor, semantic: Tensor, num_categories: int) -> float:
    return mean_iou_spec(predicted, semantic.where(predicted != VOID, VOID), num_categories)


register(
    Exercise(
        name="mean_iou",
        lesson=2,
        title="One vote for every category",
        spec=mean_iou_spec,
        cases=mean_iou_cases,
        hints=(
            "You wrote the IoU of one category in lesson 1. Here it is needed for each, and then their mean.",
            "A category that is in neither map has an empty union. Leave it out of the mean: neither 0 nor 1.",
            'Collect the scores in a list. If the list is empty at the end, return `float("nan")`.',
        ),
        solution=mean_iou,
        reasons=(
            "Void is taken out of the predicted mask once, as in lesson 1. A category that is in neither map has no "
            "union and is left out: neither 0, which would punish, nor 1, which would reward. So the sum is divided "
            "by the number of categories that occur, and if none does, there is nothing to divide by: `nan`."
        ),
        wrong=(
            Wrong(_absent_is_zero, "punishes a category that nobody could have found"),
            Wrong(_absent_is_one, "rewards a category that was never there"),
            Wrong(_pooled, "divides the sum of intersections by the sum of unions, so large categories win again"),
            Wrong(_void_in_union, "counts predictions on void pixels as mistakes"),
            Wrong(_void_leaves_union, "leaves out pixels that the prediction calls void, as if that were no miss"),
        ),
    )
)
