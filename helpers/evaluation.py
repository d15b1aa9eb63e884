"""Every score that a network can have, each with how far it can be trusted.

Cards, benchmarks, lessons and your own data are all scored here, and so can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from helpers import metrics
from helpers.arguments import expect
from helpers.bar import Bar
from helpers.categories import CategorySet
from helpers.scenes.scene import Scene


class Score(NamedTuple):
    """A score and its interval: of intervals made this way, some 95 of 100 hold the score over all scenes like these.

    All three are `nan` where the score says nothing.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def evaluate(
    net: nn.Module,
    scenes: Sequence[Scene],
    draws: int = 1000,
    seed: int = 0,
    title: str | None = "scoring",
) -> dict[str, Score]:
    """What `net` reaches on scenes.

    Scenes are looked at one at a time, not kept. The interval is a bootstrap over scenes (Efron 1979): they are drawn
    again, as many as there are and with repetition, and scored as a whole; of all draws, the middle 95 % are taken. It
    says how the score moves with the choice of scenes, not with the seed of the training.

    Args:
        net: in evaluation mode, with `categories` and at least one of `semantic`, `instances` and `panoptic`
            (see `models/network.py`).
        scenes: of its vocabulary, of any size each; `dataset.Drawn` draws them when asked, a COCO folder reads them.
        draws: of the bootstrap; 0 for none, then the interval is `nan`.
        seed: of the bootstrap.
        title: of the progress bar; None for no bar.

    Returns:
        By name: "mIoU", "pixel accuracy", "boundary mIoU" and "IoU car" and so on with `semantic`; "AP", "AP50", ... as
        `metrics.average_precision` has them with `instances`; "PQ", "SQ", "RQ", "PQ things", ... as
        `metrics.panoptic_quality` has them with `panoptic`.

    Raises:
        ValueError: for no scenes, another vocabulary, and a network that can answer nothing or is in training mode.
    """
    once, again = _scored(net, scenes, draws, seed, title)
    return {name: Score(value, *_middle(again[name])) for name, value in once.items()}


def difference(
    first: nn.Module,
    second: nn.Module,
    scenes: Sequence[Scene],
    draws: int = 1000,
    seed: int = 0,
    title: str | None = "scoring",
) -> dict[str, Score]:
    """By how much `first` is ahead of `second` on the same scenes, for each score that both have.

    In each draw of the bootstrap both are scored on the same scenes. What makes a scene hard for both cancels, so this
    interval is narrower than those of the two scores let one think. Where it holds 0, the two are nearly a tie.

    Arguments and errors as for `evaluate`.
    """
    (one, ones), (other, others) = (_scored(net, scenes, draws, seed, title) for net in (first, second))
    return {name: Score(one[name] - other[name], *_middle(ones[name] - others[name])) for name in one if name in other}


def _scored(
    net: nn.Module, scenes: Sequence[Scene], draws: int, seed: int, title: str | None
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Every score, and what it is in each draw, float `[draws]`; which scenes are drawn depends on the seed alone."""
    questions = [question for name, question in QUESTIONS.items() if hasattr(type(net), name)]  # methods, not layers
    expect(questions, "net", f"one of the methods {', '.join(QUESTIONS)}", type(net).__name__)
    vocabulary = getattr(net, "categories", None)
    expect(isinstance(vocabulary, CategorySet), "net.categories", "a CategorySet", type(vocabulary).__name__)
    expect(not net.training, "net", "evaluation mode", "training mode; call net.eval() first")
    expect(len(scenes) > 0, "scenes", "at least one", 0)
    found: list[list[Any]] = [[] for _ in questions]
    bar = Bar(len(scenes), title) if title else None
    for place in range(len(scenes)):
        counts = _count(questions, net, scenes[place], f"scenes[{place}]")
        for so_far, count in zip(found, counts, strict=True):
            so_far.append(count)
        if bar:
            bar.move(place + 1)
    if bar:
        bar.close()

    generator = np.random.default_rng(seed)
    size = len(scenes)
    times = generator.multinomial(size, np.full(size, 1 / size), draws)  # (draws, scenes)
    once, again = {}, {}
    for question, so_far in zip(questions, found, strict=True):
        scores = question.score(so_far, net.categories, np.ones((1, size), np.int64))
        once |= {name: float(value[0]) for name, value in scores.items()}
        again |= question.score(so_far, net.categories, times)
    return once, again


class Question(NamedTuple):
    """One of the three ways to answer, and how it is scored.

    Attributes:
        count: from a network, a picture `[1, 3, H, W]` and its scene to what adds up.
        score: from what was counted in N scenes, the vocabulary and how often each scene counts, int64 `[R, N]`, to
            each score, float `[R]`.
    """

    count: Callable[[nn.Module, Tensor, Scene], Any]
    score: Callable[[list[Any], CategorySet, np.ndarray], dict[str, np.ndarray]]


def _count(questions: list[Question], net: nn.Module, scene: Scene, place: str) -> list[Any]:
    """What one scene adds to each question."""
    known, used = (
        ", ".join(f"{each.name} (thing)" if each.isthing else each.name for each in categories)
        for categories in (net.categories, scene.categories)
    )
    expect(used == known, place, f"the categories of net, {known}", used)
    device = next((weight.device for weight in net.parameters()), torch.device("cpu"))
    image = scene.image[None].to(device)
    return [question.count(net, image, scene) for question in questions]


def _count_semantic(net: nn.Module, image: Tensor, scene: Scene) -> np.ndarray:
    """int64 `[C, 5]`: intersection, area in the truth and in the prediction; intersection and union of boundaries."""
    predicted, size = net.semantic(image)[0].cpu(), len(net.categories)
    confusion = metrics.confusion_matrix(predicted, scene.semantic, size)
    areas = torch.stack([confusion.diagonal(), confusion.sum(1), confusion.sum(0)], 1)
    return torch.cat([areas, metrics.boundary_counts(predicted, scene.semantic, size)], 1).numpy()


def _score_semantic(counts: list[np.ndarray], categories: CategorySet, times: np.ndarray) -> dict[str, np.ndarray]:
    total = np.tensordot(times, np.stack(counts), 1)  # (R, C, 5)
    both, truth, predicted, edge_both, edge_either = np.moveaxis(total, 2, 0)  # (R, C) each
    each, edges = _ratio(both, truth + predicted - both), _ratio(edge_both, edge_either)
    scores = {
        "mIoU": _mean(each),
        "pixel accuracy": _ratio(both.sum(1), truth.sum(1)),
        "boundary mIoU": _mean(edges),
    }
    return scores | {f"IoU {category.name}": each[:, category.id] for category in categories}


def _count_instances(net: nn.Module, image: Tensor, scene: Scene) -> list[list[metrics.PictureMatches]]:
    found = {key: value.cpu() for key, value in net.instances(image)[0].items()}
    return metrics.match_picture(found, scene.instances, scene.panoptic == 0, scene.crowds, net.categories)


def _score_instances(matches: list[Any], categories: CategorySet, times: np.ndarray) -> dict[str, np.ndarray]:
    return metrics.precision_scores(matches, categories, times)


def _count_panoptic(net: nn.Module, image: Tensor, scene: Scene) -> Tensor:
    return metrics.panoptic_counts(net.panoptic(image)[0], scene.truth, net.categories)


def _score_panoptic(counts: list[Tensor], categories: CategorySet, times: np.ndarray) -> dict[str, np.ndarray]:
    totals = np.tensordot(times, torch.stack(counts).numpy(), 1)  # (R, C, 4)
    scores = [metrics.panoptic_quality(torch.from_numpy(total), categories) for total in totals]
    names = scores[0] if scores else metrics.panoptic_quality(torch.zeros_like(counts[0]), categories)
    return {name: np.array([score[name] for score in scores]) for name in names}


QUESTIONS = {
    "semantic": Question(_count_semantic, _score_semantic),
    "instances": Question(_count_instances, _score_instances),
    "panoptic": Question(_count_panoptic, _score_panoptic),
}


def _middle(values: np.ndarray) -> tuple[float, float]:
    """What 95 % of them lie between; `nan` without any."""
    values = values[~np.isnan(values)]
    return tuple(np.quantile(values, (0.025, 0.975)).tolist()) if len(values) else (float("nan"), float("nan"))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def _mean(values: np.ndarray) -> np.ndarray:
    """Of each row, the mean over those that are numbers; `nan` without any."""
    there = ~np.isnan(values)
    return _ratio(np.where(there, values, 0).sum(1), there.sum(1))
