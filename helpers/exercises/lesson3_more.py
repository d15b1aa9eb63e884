"""Exercises of lesson 3, the others: receptive field, weights for rare categories, the road ahead."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from helpers.categories import VOID
from helpers.course.exercise import Exercise, Wrong, register
from helpers.exercises.cases import label_maps
from helpers.exercises.pictures import road_picture

Layers = list[tuple[int, int]]


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


def receptive_field(layers: Layers) -> int:
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
        solution=receptive_field,
        reasons=(
            "`jump` is how far apart neighbours of the present layer lie in the picture. A kernel of k reaches over "
            "k - 1 such jumps more than a single place does, so that is what it adds. The stride is multiplied in "
            "afterwards, because it spreads only the layers that follow. Without layers the loop runs not at all, "
            "and a pixel sees itself: 1."
        ),
        wrong=(
            Wrong(lambda layers: 1 + sum(kernel - 1 for kernel, _ in layers), "forgets what strides do to later steps"),
            Wrong(lambda layers: math.prod(kernel for kernel, _ in layers), "multiplies, though windows overlap"),
            Wrong(lambda layers: receptive_field([(k + 1, s) for k, s in layers]), "adds whole kernels, not one less"),
            Wrong(
                lambda layers: receptive_field(_strides_before(layers)), "lets a layer's stride spread its own kernel"
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


def balanced_weights(semantic: Tensor, num_categories: int) -> Tensor:
    labels = semantic[semantic != VOID]
    shares = labels.bincount(minlength=num_categories) / len(labels)
    weights = shares.rsqrt().where(shares > 0, 0)
    return weights / weights[labels].mean()


def _no_root(semantic: Tensor, num_categories: int) -> Tensor:
    weights = balanced_weights(semantic, num_categories) ** 2
    return weights / weights[semantic[semantic != VOID]].mean()


def _as_they_occur(semantic: Tensor, num_categories: int) -> Tensor:
    ids = semantic[semantic != VOID].unique()
    return F.pad(balanced_weights(semantic, num_categories)[ids], (0, num_categories - len(ids)))


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
        solution=balanced_weights,
        reasons=(
            "Void is dropped first, so that neither shares nor mean know of it. `minlength` gives a category that "
            "never occurs a place with share 0, whose weight would be 1/√0, infinite: `where` makes it 0. "
            "`weights[labels]` is the weight of every pixel; divided by its mean, the loss keeps its size and only "
            "its balance changes."
        ),
        wrong=(
            Wrong(_no_root, "leaves out the root, so that the rarest drown out all others"),
            Wrong(lambda s, n: balanced_weights(s, n) / (s != VOID).float().mean(), "has a mean over void pixels too"),
            Wrong(lambda s, n: (w := balanced_weights(s, n)) / w.mean(), "gives the categories mean 1, not the pixels"),
            Wrong(lambda s, n: (w := balanced_weights(s, n)).where(w > 0, torch.inf), "divides by a share of 0"),
            Wrong(_as_they_occur, "numbers the categories that occur, as if none were missing before them"),
            Wrong(lambda s, n: balanced_weights(s[:, -1:], n), "looks at one row of each picture"),
            Wrong(lambda s, n: balanced_weights(s[-1:], n), "looks at one picture of several"),
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


def drivable_ahead(semantic: Tensor, road: int) -> Tensor:
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
        solution=drivable_ahead,
        reasons=(
            "Turned over, each column begins at the car. A running product of ones and zeros is 1 until the first 0 "
            "and 0 from there on, so its sum is the length of the unbroken stretch. Void is not the road's id and "
            "stops it as anything else does; a column that is road all the way gives the full height, in 64 bits."
        ),
        wrong=(
            Wrong(lambda semantic, road: (semantic == road).sum(0), "counts road that lies behind an obstacle"),
            Wrong(lambda semantic, road: drivable_ahead(semantic.flip(0), road), "counts from the top downward"),
            Wrong(_longest_run, "takes the longest stretch, wherever it begins"),
            Wrong(lambda semantic, road: drivable_ahead(semantic.where(semantic < VOID, road), road), "void is road"),
        ),
        picture=road_picture,
    )
)
