"""Exercises of lesson 3: IoU of all categories, regions, a skip connection, receptive field, weights, road ahead."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from skimage.measure import label
from torch import Tensor
from torch.nn import functional as F

from helpers.categories import VOID
from helpers.course.checks import Exercise, Wrong, register
from helpers.exercises.cases import dots, label_maps, spiral
from helpers.exercises.pictures import channels_picture, regions_picture, road_picture

NAN = float("nan")
Layers = list[tuple[int, int]]


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


def _iou_from_confusion(confusion: Tensor) -> Tensor:
    both = confusion.diag()
    return both.double() / (confusion.sum(0) + confusion.sum(1) - both)


def _not_in_truth_is_nan(confusion: Tensor) -> Tensor:
    return _iou_from_confusion(confusion).where(confusion.sum(1) > 0, NAN)


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
        solution=_iou_from_confusion,
        wrong=(
            Wrong(lambda confusion: confusion.diag() / (confusion.sum(0) + confusion.sum(1)), "has the diagonal twice"),
            Wrong(lambda confusion: confusion.diag() / confusion.sum(1), "divides by the truth alone: that is recall"),
            Wrong(lambda confusion: confusion.diag() / confusion.sum(0), "divides by the prediction alone: precision"),
            Wrong(lambda confusion: _iou_from_confusion(confusion).nan_to_num(), "scores 0 where nothing was to find"),
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
        solution=lambda mask: int(label(mask.numpy(), connectivity=2).max()),
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
        solution=lambda deep, skip: torch.cat([_enlarged(deep, skip), skip], 1),
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


# --- 4. the receptive field ---


def receptive_field_spec(layers: Layers) -> int:
    seen = {0}  # places in the last layer's output, followed back to the picture
    for kernel, stride in reversed(layers):
        seen = {place * stride + step for place in seen for step in range(kernel)}
    return max(seen) - min(seen) + 1


def receptive_field_cases(rng: np.random.Generator) -> Iterator[tuple]:
    for layers in ([], [(3, 1)], [(3, 1), (3, 1)], [(3, 2), (3, 1)], [(2, 2), (2, 2), (2, 2)], [(3, 2)] * 8):
        yield (layers,)
    for index in range(40):
        count = 1 + index // 8
        kernels, strides = rng.integers(1, 6, count).tolist(), rng.integers(1, 4, count).tolist()
        yield (list(zip(kernels, strides, strict=True)),)


def _receptive_field(layers: Layers) -> int:
    field = jump = 1
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
    return field


def _strides_before(layers: Layers) -> Layers:
    return list(zip([1, *(kernel for kernel, _ in layers)], [*(stride for _, stride in layers), 1], strict=True))


register(
    Exercise(
        name="receptive_field",
        lesson=3,
        title="How much of the picture one output pixel sees",
        spec=receptive_field_spec,
        cases=receptive_field_cases,
        hints=(
            "Without layers a pixel sees itself: 1. A 3×3 convolution lets it see one more on each side: 3.",
            "After a layer with stride 2, neighbours are 2 pixels of the picture apart: keep that as `jump`, from 1.",
            "Each layer adds `(kernel - 1) * jump`. Its own stride counts only for the layers after it.",
        ),
        solution=_receptive_field,
        wrong=(
            Wrong(lambda layers: 1 + sum(kernel - 1 for kernel, _ in layers), "forgets what strides do to later steps"),
            Wrong(lambda layers: math.prod(kernel for kernel, _ in layers), "multiplies, though windows overlap"),
            Wrong(lambda layers: _receptive_field([(k + 1, s) for k, s in layers]), "adds whole kernels, not one less"),
            Wrong(
                lambda layers: _receptive_field(_strides_before(layers)), "lets a layer's stride spread its own kernel"
            ),
        ),
    )
)


# --- 5. weights for rare categories ---


def balanced_weights_spec(semantic: Tensor, num_categories: int) -> Tensor:
    labels = [category for category in semantic.flatten().tolist() if category != VOID]
    shares = [labels.count(category) / len(labels) for category in range(num_categories)]
    weights = [1 / math.sqrt(share) if share else 0.0 for share in shares]
    mean = sum(weights[category] for category in labels) / len(labels)
    return torch.tensor([weight / mean for weight in weights])


def balanced_weights_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield torch.tensor([[[0]]]), 1
    yield torch.tensor([[[1, 1, 1, 1, 0]]]), 2
    yield torch.tensor([[[0, 0, 0, 0]], [[1, VOID, VOID, VOID]]]), 3
    yield torch.tensor([[[1, 1, 2]]]), 3
    for index, shape in enumerate([*rng.integers(1, 3 + np.arange(40) // 8, (3, 40)).T, (2, 24, 40)]):
        semantic = rng.integers(index % 2, 5, shape)  # in every second set the first category is missing
        semantic[rng.random(shape) < 0.2] = VOID
        semantic[-1, -1, -1] = 4  # at least one pixel with a label
        yield torch.from_numpy(semantic), int(rng.integers(5, 7))


def _balanced_weights(semantic: Tensor, num_categories: int) -> Tensor:
    labels = semantic[semantic != VOID]
    shares = labels.bincount(minlength=num_categories) / len(labels)
    weights = shares.rsqrt().where(shares > 0, 0)
    return weights / weights[labels].mean()


def _no_root(semantic: Tensor, num_categories: int) -> Tensor:
    weights = _balanced_weights(semantic, num_categories) ** 2
    return weights / weights[semantic[semantic != VOID]].mean()


def _as_they_occur(semantic: Tensor, num_categories: int) -> Tensor:
    ids = semantic[semantic != VOID].unique()
    return F.pad(_balanced_weights(semantic, num_categories)[ids], (0, num_categories - len(ids)))


register(
    Exercise(
        name="balanced_weights",
        lesson=3,
        title="Weights that let rare categories be heard",
        spec=balanced_weights_spec,
        cases=balanced_weights_cases,
        hints=(
            "Keep the pixels with a label: `labels = semantic[semantic != VOID]`. `labels.bincount(...)` counts them.",
            "`minlength=num_categories` counts a category that never occurs too. Its 1/sqrt is inf: put a 0 there.",
            "`weights[labels]` is the weight of every pixel: divide by its mean, and that mean becomes 1.",
        ),
        solution=_balanced_weights,
        wrong=(
            Wrong(_no_root, "leaves out the root, so that the rarest drown out all others"),
            Wrong(lambda s, n: _balanced_weights(s, n) / (s != VOID).float().mean(), "has a mean over void pixels too"),
            Wrong(
                lambda s, n: (w := _balanced_weights(s, n)) / w.mean(), "gives the categories mean 1, not the pixels"
            ),
            Wrong(lambda s, n: (w := _balanced_weights(s, n)).where(w > 0, torch.inf), "divides by a share of 0"),
            Wrong(_as_they_occur, "numbers the categories that occur, as if none were missing before them"),
            Wrong(lambda s, n: _balanced_weights(s[:, -1:], n), "looks at one row of each picture"),
            Wrong(lambda s, n: _balanced_weights(s[-1:], n), "looks at one picture of several"),
        ),
    )
)


# --- 6. how far one can drive ---


def drivable_ahead_spec(semantic: Tensor, road: int) -> Tensor:
    counts = []
    for column in semantic.T.tolist():
        count = 0
        while count < len(column) and column[-1 - count] == road:
            count += 1
        counts.append(count)
    return torch.tensor(counts)


def drivable_ahead_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield torch.tensor([[2]]), 2
    yield torch.tensor([[2, 0, 2], [2, 2, 0], [2, 2, VOID]]), 2
    yield torch.tensor([[1, 1], [1, 1], [0, VOID], [1, 1]]), 1
    yield (torch.arange(300)[:, None] >= torch.tensor([0, 10, 290])).long(), 1  # more rows than 8 bits can count
    for semantic in label_maps(rng, 40, 2, void=0.1):
        yield semantic, int(rng.integers(0, 2))


def _drivable_ahead(semantic: Tensor, road: int) -> Tensor:
    return (semantic == road).flip(0).cumprod(0).sum(0)


def _longest_run(semantic: Tensor, road: int) -> Tensor:
    run = longest = torch.zeros_like(semantic[0])
    for row in semantic == road:
        run = (run + 1) * row
        longest = longest.maximum(run)
    return longest


register(
    Exercise(
        name="drivable_ahead",
        lesson=3,
        title="How far the road goes on without a break",
        spec=drivable_ahead_spec,
        cases=drivable_ahead_cases,
        hints=(
            "`semantic == road` is a mask; `.flip(0)` turns it over, so that the row nearest to the car is the first.",
            "Going up, a column counts until its first False. A product of ones and zeros stays 0 from the first 0 on.",
            "`mask.cumprod(0)` is that product, row by row; `.sum(0)` counts its ones.",
        ),
        solution=_drivable_ahead,
        wrong=(
            Wrong(lambda semantic, road: (semantic == road).sum(0), "counts road that lies behind an obstacle"),
            Wrong(lambda semantic, road: _drivable_ahead(semantic.flip(0), road), "counts from the top downward"),
            Wrong(_longest_run, "takes the longest stretch, wherever it begins"),
            Wrong(lambda semantic, road: _drivable_ahead(semantic.where(semantic < VOID, road), road), "void is road"),
        ),
        picture=road_picture,
    )
)
