"""How long panoptic quality takes, beside torchmetrics and beside the reference evaluator's way of counting.

The picture is one of a data set of driving: 512 × 1024 pixels with 40 segments, ids as COCO has them, and a prediction
whose borders have slipped.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np
import torch
from torch import Tensor
from torchmetrics.detection import PanopticQuality

from helpers.categories import STREET
from helpers.labels import Panoptic, Segment, panoptic_to_semantic
from helpers.metrics import panoptic_counts

SIZE, COUNT, OFFSET = (512, 1024), 40, 256**3
KIND = [*range(5), *(5 + place % 3 for place in range(COUNT - 5))]
"""The category of each segment: the five kinds of stuff once, the rest things."""


def pair() -> tuple[Panoptic, Panoptic]:
    """Prediction and truth: five bands of stuff, and before them 35 things, ellipses that may hide parts of others."""
    dice = np.random.default_rng(0)
    row, column = np.mgrid[: SIZE[0], : SIZE[1]]
    index = row * 5 // SIZE[0]
    for thing in range(5, COUNT):
        y, x = 51 + thing // 5 % 7 * 68, 102 + thing % 5 * 204  # too far apart for one to hide another
        height, width = dice.uniform(15, 60), dice.uniform(10, 60)
        index[((row - y) / height) ** 2 + ((column - x) / width) ** 2 < 1] = thing
    return _panoptic(np.roll(index, (3, 5), (0, 1)), dice), _panoptic(index, dice)


def _panoptic(index: np.ndarray, dice: np.random.Generator) -> Panoptic:
    ids, areas = dice.choice(OFFSET - 1, COUNT, replace=False) + 1, np.bincount(index.ravel())
    rows = zip(ids.tolist(), KIND, areas.tolist(), strict=True)
    segments = tuple(Segment(number, kind, STREET[kind].isthing, area) for number, kind, area in rows)
    return Panoptic(torch.from_numpy(ids[index]), segments)


def by_unique(predicted: Panoptic, truth: Panoptic) -> list[list[float]]:
    """The counts as panopticapi's `evaluation.py` takes them: a number for each pair of ids, and all pixels sorted."""
    found, true = predicted.map.numpy(), truth.map.numpy()
    area = dict(zip(*np.unique(found, return_counts=True), strict=True))
    both = {}
    pairs = true.astype(np.uint64) * OFFSET + found.astype(np.uint64)
    for label, pixels in zip(*np.unique(pairs, return_counts=True), strict=True):
        both[label // OFFSET, label % OFFSET] = pixels
    guesses, objects = ({each.id: each for each in side.segments} for side in (predicted, truth))
    counts, matched = [[0.0, 0, 0, 0] for _ in STREET], set()
    for (true_id, found_id), pixels in both.items():
        one, other = objects.get(true_id), guesses.get(found_id)
        if one is None or other is None or one.category_id != other.category_id:
            continue
        iou = pixels / (one.area + area[found_id] - pixels - both.get((0, found_id), 0))
        if iou > 0.5:
            counts[one.category_id][0] += iou
            counts[one.category_id][1] += 1
            matched |= {("true", true_id), ("found", found_id)}
    for number, each in guesses.items():
        if ("found", number) not in matched and both.get((0, number), 0) / area[number] <= 0.5:
            counts[each.category_id][2] += 1
    for number, each in objects.items():
        counts[each.category_id][3] += ("true", number) not in matched
    return counts


def _colors(panoptic: Panoptic) -> Tensor:
    """int64 `[1, H, W, 2]`, as torchmetrics wants it: category and segment of each pixel."""
    return torch.stack([panoptic_to_semantic(*panoptic), panoptic.map], -1)[None]


def seconds(rounds: int = 3) -> tuple[float, float, float]:
    """For one picture: ours, torchmetrics' and by `np.unique`, in turns, the best of several."""
    predicted, truth = pair()
    things, stuff = ({category.id for category in group} for group in (STREET.things, STREET.stuff))
    metric, colors = PanopticQuality(things=things, stuffs=stuff), (_colors(predicted), _colors(truth))
    assert np.allclose(panoptic_counts(predicted, truth, STREET), by_unique(predicted, truth), rtol=0, atol=1e-9)
    ask = {
        lambda: panoptic_counts(predicted, truth, STREET): 100,
        lambda: metric.update(*colors): 1,  # it takes seconds
        lambda: by_unique(predicted, truth): 50,
    }
    times = {question: [] for question in ask}
    for _ in range(rounds):
        for question, often in ask.items():
            for _ in range(often):
                start = perf_counter()
                question()
                times[question].append(perf_counter() - start)
    return tuple(min(each) for each in times.values())
