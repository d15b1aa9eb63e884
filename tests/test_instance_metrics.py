"""Scores of instances: against pycocotools, a plain specification and worked examples, and what always holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import isnan, nan
from typing import Any

import numpy as np
import pytest
import torch
from pycocotools import mask as coco
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torch import Tensor

from helpers import metrics
from helpers.categories import COINS, STREET, Category, CategorySet
from helpers.scenes.street import street

pytestmark = pytest.mark.lesson4
THINGS = [5, 6, 7]
HEIGHT, WIDTH = 24, 32
Instances = dict[str, Tensor]


def boxes(*corners: tuple[int, int, int, int], size: tuple[int, int] = (HEIGHT, WIDTH)) -> Tensor:
    """Rectangles as masks, from (x1, y1, x2, y2)."""
    masks = torch.zeros(len(corners), *size, dtype=torch.bool)
    for mask, (x1, y1, x2, y2) in zip(masks, corners, strict=True):
        mask[y1:y2, x1:x2] = True
    return masks


def instances(masks: Tensor, labels: list[int] | None = None, scores: list[float] | None = None) -> Instances:
    """Cars, unless told otherwise; with falling scores, unless told otherwise."""
    count = len(masks)
    return {
        "masks": masks,
        "labels": torch.tensor([6] * count if labels is None else labels, dtype=torch.int64),
        "scores": torch.arange(count, 0, -1) / (count + 1) if scores is None else torch.tensor(scores),
    }


def draw(generator: np.random.Generator, digits: int = 6) -> tuple[Instances, Instances]:
    """A picture's truth, and predictions that are mostly shifted copies of it. Few digits make equal scores."""
    count, extra = generator.integers(0, 7), generator.integers(0, 3)
    corner = generator.integers(0, [WIDTH - 12, HEIGHT - 12], (count + extra, 2))
    true = np.concatenate([corner, corner + generator.integers(4, 13, corner.shape)], axis=1)
    shifted = (true + generator.choice([-1, 0, 0, 0, 1], true.shape)).clip(0)
    labels = generator.choice(THINGS, count + extra)
    named = np.where(generator.random(count + extra) < 0.8, labels, generator.choice(THINGS, count + extra))
    again = generator.permutation(np.repeat(np.arange(count + extra), generator.integers(0, 3, count + extra)))
    scores = generator.random(len(again)).round(digits).tolist()
    truth = {"masks": boxes(*true[:count]), "labels": torch.tensor(labels[:count])}
    return instances(boxes(*shifted[again]), named[again].tolist(), scores), truth


def draw_many(seed: int, pictures: int = 8, digits: int = 6) -> tuple[list[Instances], list[Instances]]:
    generator = np.random.default_rng(seed)
    predicted, truth = zip(*(draw(generator, digits) for _ in range(pictures)), strict=True)
    return list(predicted), list(truth)


def same(a: dict[str, float], b: dict[str, float]) -> bool:
    return a == pytest.approx(b, abs=1e-12, nan_ok=True)


def keep(chosen: Instances, rows: Any) -> Instances:
    return {name: values[rows] for name, values in chosen.items()}


def plain_ap(predicted: list[Instances], truth: list[Instances], category: int, threshold: float) -> float:
    """Average precision as it is told, step by step."""
    scores, matched, num_truth = [], [], 0
    for found, expected in zip(predicted, truth, strict=True):
        of_category = found["labels"] == category
        scores.append(found["scores"][of_category])
        matched.append((metrics.match(found, expected, threshold) >= 0)[of_category])
        num_truth += int((expected["labels"] == category).sum())
    if num_truth == 0:
        return nan
    precision, recall = metrics.precision_recall(torch.cat(scores), torch.cat(matched), num_truth)
    return float(np.mean([max(precision[recall >= r].tolist(), default=0) for r in np.linspace(0, 1, 101)]))


# --- IoU of all pairs ---


@pytest.mark.parametrize("seed", range(5))
def test_the_iou_of_all_pairs_is_that_of_one_pair_and_of_pycocotools(seed: int) -> None:
    generator = np.random.default_rng(seed)
    a, b = (torch.tensor(generator.random((count, 9, 7)) < 0.4) for count in (4, 6))
    scores = metrics.mask_iou(a, b)
    assert scores.dtype == torch.float64
    assert scores.tolist() == [[metrics.iou(one, other) for other in b] for one in a]
    assert metrics.mask_iou(b, a).equal(scores.T)
    codes = [coco.encode(np.asfortranarray(masks.permute(1, 2, 0).numpy(), np.uint8)) for masks in (a, b)]
    assert scores.numpy() == pytest.approx(coco.iou(*codes, [0] * len(b)), abs=1e-15)


def test_no_masks_and_empty_masks() -> None:
    full, empty = torch.ones(2, 3, 4, dtype=torch.bool), torch.zeros(1, 3, 4, dtype=torch.bool)
    assert metrics.mask_iou(full[:0], full).shape == (0, 2)
    assert metrics.mask_iou(full, full[:0]).shape == (2, 0)
    assert metrics.mask_iou(torch.cat([full, empty]), empty).tolist() == [[0], [0], [0]]


def test_a_large_mask_is_counted_exactly() -> None:
    """Half a megapixel: numbers of 16 bits would round."""
    mask = torch.ones(1, 700, 701, dtype=torch.bool)
    other = mask.clone()
    other[0, 0, 0] = False
    assert metrics.mask_iou(mask, other).item() == (700 * 701 - 1) / (700 * 701)


# --- matching ---


def test_the_surest_prediction_chooses_first() -> None:
    truth = instances(boxes((0, 0, 10, 10), (10, 0, 20, 10)))
    both = boxes((4, 0, 14, 10), (1, 0, 11, 10), (12, 0, 22, 10), (0, 0, 10, 10))  # the last two are good for one each
    assert metrics.match(instances(both, scores=[0.9, 0.5, 0.8, 0.6]), truth).tolist() == [-1, -1, 1, 0]
    assert metrics.match(instances(both, scores=[0.9, 0.7, 0.8, 0.6]), truth).tolist() == [-1, 0, 1, -1]
    found = metrics.match(instances(both, scores=[0.9, 0.7, 0.8, 0.6]), truth, 0.4)
    assert found.tolist() == [0, -1, 1, -1] and found.dtype == torch.int64  # at 6 / 14 = 0.43 the first counts too


def test_greedy_is_not_always_best() -> None:
    """The first takes the object that the second needs, although another would do for it."""
    truth = instances(boxes((0, 0, 10, 10), (0, 0, 10, 15)))
    predicted = instances(boxes((0, 0, 10, 11), (0, 0, 10, 9)))
    assert metrics.mask_iou(predicted["masks"], truth["masks"])[0].min() >= 0.7
    assert metrics.match(predicted, truth, 0.7).tolist() == [0, -1]


def test_the_threshold_itself_is_enough() -> None:
    truth, predicted = instances(boxes((0, 0, 10, 10))), instances(boxes((0, 0, 10, 5)))
    assert metrics.match(predicted, truth, 0.5).tolist() == [0]
    assert metrics.match(predicted, truth, 0.5 + 1e-9).tolist() == [-1]
    assert metrics.match(truth, truth, 1).tolist() == [0]


def test_only_objects_of_the_category_are_matched() -> None:
    truth = instances(boxes((0, 0, 10, 10), (0, 0, 10, 9)), [6, 7])
    predicted = instances(boxes((0, 0, 10, 10), (0, 0, 10, 10), (0, 0, 10, 10)), [7, 5, 6])
    assert metrics.match(predicted, truth).tolist() == [1, -1, 0]


def test_ties_go_as_documented() -> None:
    box = (0, 0, 8, 8)
    equal = instances(boxes(box, box, box), scores=[0.5, 0.5, 0.5])
    assert metrics.match(equal, instances(boxes(box))).tolist() == [0, -1, -1]  # the earlier row first
    assert metrics.match(equal, instances(boxes(box, box))).tolist() == [1, 0, -1]  # the later object first


@pytest.mark.parametrize("seed", range(5))
def test_what_holds_for_all_matchings(seed: int) -> None:
    for predicted, truth in zip(*draw_many(seed), strict=True):
        found = metrics.match(predicted, truth)
        rows = found[found >= 0]
        assert len(rows.unique()) == len(rows)
        assert predicted["labels"][found >= 0].equal(truth["labels"][rows])
        assert (metrics.mask_iou(predicted["masks"], truth["masks"])[found >= 0, rows] >= 0.5).all()
        order = torch.randperm(len(found), generator=torch.Generator().manual_seed(seed))
        assert metrics.match(keep(predicted, order), truth).equal(found[order])
    none = instances(boxes())
    assert metrics.match(none, none).shape == (0,)
    assert metrics.match(instances(boxes((0, 0, 4, 4))), none).tolist() == [-1]


# --- precision and recall ---


def test_a_worked_curve() -> None:
    scores, matched = torch.tensor([0.3, 0.9, 0.5, 0.7]), torch.tensor([True, True, False, True])
    precision, recall = metrics.precision_recall(scores, matched, 4)  # in order: yes, yes, no, yes
    assert precision.tolist() == [1, 1, 2 / 3, 3 / 4]
    assert recall.tolist() == [1 / 4, 2 / 4, 2 / 4, 3 / 4]
    precision, recall = metrics.precision_recall(torch.tensor([0.5, 0.5]), torch.tensor([False, True]), 1)
    assert precision.tolist() == [0, 1 / 2] and recall.tolist() == [0, 1]  # of equal scores the earlier comes first
    precision, recall = metrics.precision_recall(torch.tensor([0.5]), torch.tensor([False]), 0)
    assert precision.tolist() == [0] and recall.isnan().all()


# --- average precision ---


@pytest.mark.parametrize("digits", [6, 1], ids=["scores differ", "equal scores"])
@pytest.mark.parametrize("seed", range(6))
def test_average_precision_is_what_the_specification_says(seed: int, digits: int) -> None:
    predicted, truth = draw_many(seed, digits=digits)
    score = metrics.average_precision(predicted, truth, STREET)
    thresholds = np.linspace(0.5, 0.95, 10)
    table = np.array([[plain_ap(predicted, truth, thing, limit) for thing in THINGS] for limit in thresholds])
    assert 0.05 < score["AP"] < score["AP50"] < 0.95  # an example worth the name
    expected = {"AP": table, "AP50": table[0], "AP75": table[5]}
    expected |= {f"AP {STREET[thing].name}": table[:, place] for place, thing in enumerate(THINGS)}
    assert same({name: score[name] for name in expected}, {name: each.mean() for name, each in expected.items()})


def test_the_truth_itself_scores_1_and_nothing_scores_0() -> None:
    truth = [street(seed).instances for seed in range(4)]
    names, absent = ["AP", "AP50", "AP75", "AP small", "AP medium", "AP tree", "AP car", "AP person"], {"AP large": nan}
    assert same(metrics.average_precision(truth, truth, STREET), dict.fromkeys(names, 1.0) | absent)
    nothing = [keep(each, slice(0)) for each in truth]
    assert same(metrics.average_precision(nothing, truth, STREET), dict.fromkeys(names, 0.0) | absent)
    assert all(isnan(score) for score in metrics.average_precision(truth, nothing, STREET).values())
    assert all(type(score) is float for score in metrics.average_precision(nothing, nothing, STREET).values())


def test_an_absent_category_has_no_score_and_is_not_in_the_mean() -> None:
    truth = [instances(boxes((0, 0, 8, 8), (10, 0, 20, 8)), [6, 5])]
    predicted = [instances(boxes((0, 0, 8, 8), (0, 10, 8, 20)), [6, 7])]  # a car found, a tree missed, a person made up
    score = metrics.average_precision(predicted, truth, STREET)
    assert score["AP car"] == pytest.approx(1) and score["AP tree"] == 0 and isnan(score["AP person"])
    assert score["AP"] == pytest.approx(0.5)


def test_a_thing_may_have_the_id_0() -> None:
    only = CategorySet("only", (Category(0, "cell", True, (1, 2, 3)),))
    truth = [instances(boxes((0, 0, 8, 8)), [0])]
    assert metrics.average_precision(truth, truth, only)["AP cell"] == pytest.approx(1)
    coins = [instances(boxes((0, 0, 8, 8)), [1])]
    assert metrics.average_precision(coins, coins, COINS)["AP coin"] == pytest.approx(1)


def test_second_predictions_of_an_object_cost_precision() -> None:
    truth = [instances(boxes((0, 0, 8, 8), (10, 0, 18, 8)))]
    twice = [instances(truth[0]["masks"].repeat_interleave(2, dim=0))]
    assert metrics.average_precision(truth, truth, STREET)["AP50"] == pytest.approx(1)
    # yes, no, yes, no: precision 1 up to a recall of 1 / 2, that is at 51 of 101 places, then 2 / 3
    assert metrics.average_precision(twice, truth, STREET)["AP50"] == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_the_order_of_rows_and_pictures_does_not_matter() -> None:
    predicted, truth = draw_many(1)
    score = metrics.average_precision(predicted, truth, STREET)
    moved = [keep(each, slice(None)) for each in predicted]
    for place, each in enumerate(predicted):
        order = torch.randperm(len(each["labels"]), generator=torch.Generator().manual_seed(place))
        moved[place] = keep(each, order)
    again = [keep(each, torch.arange(len(each["labels"])).flip(0)) for each in truth]
    assert same(metrics.average_precision(moved[::-1], again[::-1], STREET), score)
    surer = [{**each, "scores": each["scores"] / 2 + 0.5} for each in predicted]
    assert same(metrics.average_precision(surer, truth, STREET), score)  # only the order of the scores matters


def test_the_bounds_of_the_sizes() -> None:
    """Objects of 255 and 1024 pixels are found, those of 256 and 1023 missed."""
    size, corners = (96, 128), [(0, 0, 51, 5), (0, 10, 93, 21), (64, 32, 80, 48), (64, 64, 96, 96)]
    masks = boxes(*corners, size=size)
    assert masks.flatten(1).sum(1).tolist() == [255, 1023, 256, 1024]
    truth = [instances(masks)]
    score = metrics.average_precision([keep(truth[0], [0, 3])], truth, STREET)
    bands = [score["AP small"], score["AP medium"], score["AP large"]]
    assert bands == [pytest.approx(1), 0, pytest.approx(1)]
    only = metrics.average_precision(truth, [keep(truth[0], [2])], STREET)  # the true one has 256
    assert isnan(only["AP small"]) and not isnan(only["AP medium"]) and isnan(only["AP large"])
    # a large one made up, the surest of all, costs the large and spares the small
    made_up = instances(boxes((0, 30, 40, 90), *corners, size=size))
    score = metrics.average_precision([made_up], truth, STREET)
    assert [score["AP small"], score["AP medium"], score["AP large"]] == pytest.approx([1, 1, 0.5])


def test_void_forgives_what_lies_mostly_in_it() -> None:
    truth = [instances(boxes((0, 0, 8, 8)))]
    void = [boxes((20, 0, 32, 24))[0]]
    score = metrics.average_precision
    for x, with_void in ((20, 1), (16, 1), (15, 0.5)):  # in void wholly, by half, by less
        predicted = [instances(boxes((x, 10, x + 8, 20), (0, 0, 8, 8)))]
        assert score(predicted, truth, STREET)["AP50"] == pytest.approx(0.5)
        assert score(predicted, truth, STREET, void)["AP50"] == pytest.approx(with_void)
    assert score(truth, truth, STREET, void)["AP"] == pytest.approx(1)
    assert score([keep(truth[0], slice(0))], truth, STREET, void)["AP"] == 0  # what is missed stays missed
    assert isnan(score(truth, truth, STREET, void)["AP tree"])  # void is no object
    inside = [instances(boxes((20, 0, 32, 24), (21, 1, 30, 20), (0, 0, 8, 8)), [7, 6, 6])]
    assert score(inside, truth, STREET, void)["AP"] == pytest.approx(1)  # many in one void, of any category


def test_pictures_may_differ_in_size_and_nothing_is_printed_or_changed(capsys: pytest.CaptureFixture[str]) -> None:
    truth = [instances(boxes((0, 0, 8, 8), size=size)) for size in ((24, 32), (10, 50))]
    before = [{name: values.clone() for name, values in each.items()} for each in truth]
    assert metrics.average_precision(truth, truth, STREET, [~each["masks"][0] for each in truth])["AP"] > 0.99
    assert capsys.readouterr() == ("", "")
    for each, old in zip(truth, before, strict=True):
        assert each.keys() == old.keys() and all(values.equal(old[name]) for name, values in each.items())


def test_a_hundred_pictures_are_scored_in_a_moment() -> None:
    corners = [(x, y, x + 14, y + 20) for x in (0, 20, 40, 60, 80) for y in (10, 50)]
    masks = boxes(*corners, size=(96, 128))
    truth = [instances(masks, [5, 6, 7, 6, 7, 6, 5, 6, 7, 7]) for _ in range(100)]
    predicted = [{**each, "masks": each["masks"].roll(1, 2)} for each in truth]
    metrics.average_precision(predicted[:1], truth[:1], STREET)
    start = time.process_time()
    score = metrics.average_precision(predicted, truth, STREET)
    assert time.process_time() - start < 1.5
    assert 0.7 < score["AP"] < 0.9 and score["AP50"] == pytest.approx(1)


def test_only_the_100_surest_predictions_of_a_picture_count() -> None:
    truth, wrong = [instances(boxes((0, 0, 8, 8)))], [(20, 10, 30, 20)]
    for count, expected in ((99, 1 / 100), (100, 0)):  # so many wrong ones are surer than the right one
        predicted = [instances(boxes(*wrong * count, (0, 0, 8, 8)))]
        assert metrics.average_precision(predicted, truth, STREET)["AP50"] == pytest.approx(expected)


# --- crowds, and COCO's own evaluation of all pictures at once ---


def coco_scores(
    predicted: list[Instances], truth: list[Instances], void: list[Tensor], crowds: list[Instances]
) -> dict[str, float]:
    """What pycocotools says when it is given the whole set. Void is a crowd of each category."""
    objects, found = [], []
    for image, (guess, true, blank, groups) in enumerate(zip(predicted, truth, void, crowds, strict=True), start=1):
        everywhere = {"masks": blank.expand(len(THINGS), -1, -1), "labels": torch.tensor(THINGS)}
        for rows, into, crowd in (
            (true, objects, 0),
            (everywhere, objects, 1),
            (groups, objects, 1),
            (guess, found, 0),
        ):
            for row, mask in enumerate(rows["masks"]):
                code = coco.encode(np.asfortranarray(mask.numpy(), np.uint8))
                entry = {"id": len(into) + 1, "image_id": image, "category_id": int(rows["labels"][row])}
                score = float(rows["scores"][row]) if "scores" in rows else 1.0
                into.append(entry | {"segmentation": code, "area": int(mask.sum()), "iscrowd": crowd, "score": score})
    sets = []
    for rows in (objects, found):
        data = COCO()
        images = [{"id": place + 1, "height": HEIGHT, "width": WIDTH} for place in range(len(truth))]
        data.dataset = {"images": images, "annotations": rows, "categories": [{"id": each} for each in THINGS]}
        data.createIndex()
        sets.append(data)
    evaluation = COCOeval(*sets, "segm")
    evaluation.params.areaRng = [[0, 1e9], [0, 255], [256, 1023], [1024, 1e9]]
    evaluation.params.areaRngLbl = ["all", "small", "medium", "large"]
    evaluation.params.maxDets = [100]
    evaluation.evaluate()
    evaluation.accumulate()
    precision = evaluation.eval["precision"][..., 0]  # thresholds, recalls, categories, sizes; -1 without objects

    def mean(part: np.ndarray) -> float:
        return float(part[part > -1].mean()) if (part > -1).any() else nan

    scores = {"AP": mean(precision[..., 0]), "AP50": mean(precision[0, ..., 0]), "AP75": mean(precision[5, ..., 0])}
    sizes = enumerate(("small", "medium", "large"), start=1)
    scores |= {f"AP {name}": mean(precision[..., place]) for place, name in sizes}
    return scores | {f"AP {STREET[thing].name}": mean(precision[:, :, row, 0]) for row, thing in enumerate(THINGS)}


def draw_voids_and_crowds(seed: int, pictures: int) -> tuple[list[Tensor], list[Instances]]:
    generator = np.random.default_rng(seed)
    corners = [generator.integers(0, [WIDTH - 16, HEIGHT - 16], (3, 2)) for _ in range(pictures)]
    squares = [boxes(*np.concatenate([each, each + 16], 1)) for each in corners]
    crowds = [
        {"masks": each[1 : 1 + count], "labels": torch.tensor(generator.choice(THINGS, count), dtype=torch.int64)}
        for each, count in zip(squares, generator.integers(0, 3, pictures), strict=True)
    ]
    return [each[0] for each in squares], crowds


def add_guesses_on_crowds(predicted: list[Instances], crowds: list[Instances], seed: int) -> list[Instances]:
    """To each picture one prediction more for each crowd, half as wide; of its category or of any."""
    generator, more = np.random.default_rng(seed), []
    for found, crowd in zip(predicted, crowds, strict=True):
        count = len(crowd["masks"])
        other = torch.tensor(generator.choice(THINGS, count), dtype=torch.int64)
        masks = crowd["masks"] & crowd["masks"].roll(8, 2)
        labels = crowd["labels"].where(torch.tensor(generator.random(count)) < 0.5, other)
        extra = {"masks": masks, "labels": labels, "scores": torch.tensor(generator.random(count), dtype=torch.float32)}
        more.append({name: torch.cat([found[name], extra[name]]) for name in found})
    return more


@pytest.mark.parametrize("digits", [6, 1], ids=["scores differ", "equal scores"])
@pytest.mark.parametrize("seed", range(8))
def test_picture_by_picture_is_what_coco_says_of_the_whole_set(seed: int, digits: int) -> None:
    predicted, truth = draw_many(seed, digits=digits)
    void, crowds = draw_voids_and_crowds(seed, len(truth))
    predicted = add_guesses_on_crowds(predicted, crowds, seed)
    score = metrics.average_precision(predicted, truth, STREET, void, crowds)
    expected = coco_scores(predicted, truth, void, crowds)
    assert score == pytest.approx(expected, abs=1e-9, nan_ok=True)
    without = metrics.average_precision(predicted, truth, STREET, void)
    assert score != pytest.approx(without, abs=1e-6, nan_ok=True)  # the crowds matter


def test_a_surer_prediction_on_a_crowd_is_ignored_if_it_is_of_its_category() -> None:
    truth, crowd = [instances(boxes((0, 0, 8, 8)))], boxes((20, 0, 32, 24))
    on_crowd = [instances(boxes((20, 4, 28, 12), (0, 0, 8, 8)))]
    for category, expected in ((6, 1.0), (7, 0.5)):
        crowds = [{"masks": crowd, "labels": torch.tensor([category])}]
        assert metrics.average_precision(on_crowd, truth, STREET, crowds=crowds)["AP50"] == pytest.approx(expected)
    several = [instances(boxes((20, 4, 28, 12), (21, 5, 29, 13), (0, 0, 8, 8)))]  # a crowd takes as many as come
    crowds = [{"masks": crowd, "labels": torch.tensor([6])}]
    assert metrics.average_precision(several, truth, STREET, crowds=crowds)["AP"] == pytest.approx(1)
    nothing = [keep(truth[0], slice(0))]
    assert isnan(metrics.average_precision(on_crowd, nothing, STREET, crowds=crowds)["AP car"])  # a crowd is no object


@pytest.mark.parametrize("seed", range(4))
def test_a_picture_that_counts_twice_stands_twice_in_the_list(seed: int) -> None:
    predicted, truth = draw_many(seed, digits=9)  # no two scores are equal
    void, crowds = draw_voids_and_crowds(seed, len(truth))
    predicted = add_guesses_on_crowds(predicted, crowds, seed)
    found = [metrics.match_picture(*each, STREET) for each in zip(predicted, truth, void, crowds, strict=True)]
    times = np.random.default_rng(seed).multinomial(len(found), [1 / len(found)] * len(found), 5)
    drawn = metrics.precision_scores(found, STREET, times)
    assert times.max() > 1 and all(values.shape == (5,) for values in drawn.values())
    for place, often in enumerate(times):
        doubled = [each for each, count in zip(found, often, strict=True) for _ in range(count)]
        expected = metrics.precision_scores(doubled, STREET)
        assert {name: values[place] for name, values in drawn.items()} == pytest.approx(expected, abs=1e-9, nan_ok=True)
    assert metrics.precision_scores(found, STREET, np.zeros((0, len(found)), np.int64))["AP"].shape == (0,)


def test_no_pictures_have_no_score() -> None:
    score = metrics.average_precision([], [], STREET)
    assert len(score) == 9 and all(isnan(value) and type(value) is float for value in score.values())


# --- bad input ---

GOOD = instances(boxes((0, 0, 8, 8)))
LABELS = {"labels": GOOD["labels"]}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: metrics.mask_iou(GOOD["masks"].float(), GOOD["masks"]),
            r"a: expected bool \[N, H, W\], got torch.float32 \[1, 24, 32\]",
        ),
        (lambda: metrics.mask_iou(GOOD["masks"], GOOD["masks"][0]), r"b: expected bool \[N, H, W\], got torch.bool"),
        (
            lambda: metrics.mask_iou(GOOD["masks"], GOOD["masks"].mT),
            r"b: expected the size of a, \[24, 32\], got \[32, 24\]",
        ),
        (
            lambda: metrics.match({"masks": GOOD["masks"]}, GOOD),
            "predicted: expected masks, labels, scores, got no labels, scores",
        ),
        (lambda: metrics.match(GOOD, {"labels": GOOD["labels"]}), "truth: expected masks, labels, got no masks"),
        (
            lambda: metrics.match({**GOOD, "masks": GOOD["masks"][:, None]}, GOOD),  # as torchvision's networks give
            r"predicted\['masks'\]: expected bool \[N, H, W\], got torch.bool \[1, 1, 24, 32\]",
        ),
        (
            lambda: metrics.match(GOOD, {**GOOD, "labels": GOOD["labels"].int()}),
            r"truth\['labels'\]: expected int64 \[1\], one for each mask, got torch.int32 \[1\]",
        ),
        (
            lambda: metrics.match({**GOOD, "labels": torch.tensor([6, 6])}, GOOD),
            r"predicted\['labels'\]: expected int64 \[1\], one for each mask, got torch.int64 \[2\]",
        ),
        (
            lambda: metrics.match({**GOOD, "scores": torch.tensor([0.1, 0.2])}, GOOD),
            r"predicted\['scores'\]: expected float \[1\], one for each mask, got torch.float32 \[2\]",
        ),
        (
            lambda: metrics.match({**GOOD, "scores": torch.tensor([nan])}, GOOD),
            r"predicted\['scores'\]: expected numbers, got 1 that are nan",
        ),
        (
            lambda: metrics.match({**GOOD, "masks": GOOD["masks"].mT}, GOOD),
            r"predicted\['masks'\]: expected the size of the true masks, \[24, 32\], got \[32, 24\]",
        ),
        (lambda: metrics.match(GOOD, GOOD, 0), "threshold: expected an IoU above 0 and up to 1, got 0"),
        (lambda: metrics.match(GOOD, GOOD, 50), "threshold: .* got 50"),
        (
            lambda: metrics.precision_recall(torch.tensor([1, 2]), torch.tensor([True, True]), 2),
            r"scores: expected float \[N\], got torch.int64 \[2\]",
        ),
        (
            lambda: metrics.precision_recall(GOOD["scores"], torch.tensor([0]), 2),  # what match gives, unread
            r"matched: expected bool \[1\], got torch.int64 \[1\]",
        ),
        (
            lambda: metrics.precision_recall(GOOD["scores"], torch.tensor([True]), 0),
            "num_truth: expected at least the 1 that are matched, got 0",
        ),
        (
            lambda: metrics.average_precision([], [GOOD], STREET),
            "predicted: expected one for each of the 1 pictures in truth, got 0",
        ),
        (lambda: metrics.average_precision([GOOD], [GOOD], STREET, []), "void: expected one for each of the 1"),
        (lambda: metrics.precision_recall(GOOD["scores"], torch.ones(2) > 0, 2), r"matched: expected bool \[1\]"),
        (
            lambda: metrics.average_precision([GOOD], [GOOD], STREET, [GOOD["masks"][0].mT]),
            r"void\[0\]: expected bool \[24, 32\], got torch.bool \[32, 24\]",
        ),
        (
            lambda: metrics.average_precision([GOOD], [GOOD], STREET, crowds=[{"masks": GOOD["masks"].mT, **LABELS}]),
            r"crowds\[0\]\['masks'\]: expected masks of \[24, 32\], got \[32, 24\]",
        ),
        (
            lambda: metrics.average_precision(
                [GOOD], [GOOD], STREET, crowds=[{**GOOD, "labels": LABELS["labels"] * 0}]
            ),
            r"crowds\[0\]\['labels'\]: expected ids of things",
        ),
        (
            lambda: metrics.average_precision([GOOD], [GOOD], STREET, crowds=[]),
            "crowds: expected one for each of the 1",
        ),
        (
            lambda: metrics.average_precision([GOOD, {**GOOD, "labels": torch.tensor([1])}], [GOOD, GOOD], STREET),
            r"predicted\[1\]\['labels'\]: expected ids of things, \[5, 6, 7\], got \[1\]",
        ),
        (
            lambda: metrics.average_precision([GOOD], [GOOD], COINS),
            r"predicted\[0\]\['labels'\]: expected ids of things, \[1\], got \[6\]",
        ),
        (
            lambda: metrics.average_precision([GOOD], [{**GOOD, "labels": torch.tensor([0])}], STREET),
            r"truth\[0\]\['labels'\]: expected ids of things, \[5, 6, 7\], got \[0\]",
        ),
        (
            lambda: metrics.average_precision([{**GOOD, "scores": torch.tensor([1])}], [GOOD], STREET),
            r"predicted\[0\]\['scores'\]: expected float \[1\], one for each mask, got torch.int64",
        ),
    ],
)
def test_bad_input_is_named(call: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match="^" + words):
        call()
