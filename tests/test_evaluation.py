"""Evaluation: the same as the metrics by hand, scene by scene, with intervals that mean what they say."""

from __future__ import annotations

import gc
import math
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from helpers import metrics
from helpers.categories import COINS, STREET, Category, CategorySet
from helpers.evaluation import Score, difference, evaluate
from helpers.fusion import majority_vote
from helpers.labels import Instances, Panoptic, is_thing
from helpers.scenes.dataset import Drawn
from helpers.scenes.scene import Scene
from helpers.scenes.street import street

pytestmark = [pytest.mark.lesson3, pytest.mark.lesson4, pytest.mark.lesson7]


def legible(scene: Scene) -> Scene:
    """The scene with a picture that says what it shows: red is the category of a pixel, green its segment."""
    image = torch.stack([scene.semantic, scene.panoptic, torch.zeros_like(scene.semantic)])
    return replace(scene, image=image / 255)


def draw(seed: int, size: tuple[int, int] = (64, 64)) -> Scene:
    return legible(street(seed, size))


def with_crowd(scene: Scene) -> Scene:
    """Its first thing is a crowd."""
    first = next(segment for segment in scene.segments if segment.isthing)
    segments = tuple(replace(each, iscrowd=each == first) for each in scene.segments)
    return replace(scene, segments=segments)


def with_void(scene: Scene) -> Scene:
    """Nobody labelled its last thing, though it is in the picture."""
    last = [segment for segment in scene.segments if segment.isthing][-1]
    kept = tuple(segment for segment in scene.segments if segment != last)
    return replace(scene, panoptic=scene.panoptic.where(scene.panoptic != last.id, 0), segments=kept)


class Reader(nn.Module):
    """Reads the truth off a legible picture, and is wrong in a known way: all lies `slip` columns too far right.

    It gives all three answers, and counts what it is asked.
    """

    def __init__(self, slip: int = 0, categories: CategorySet = STREET) -> None:
        super().__init__()
        self.slip, self.categories, self.asked = slip, categories, 0
        self.eval()

    def read(self, image: Tensor) -> tuple[Tensor, Tensor]:
        assert image.ndim == 4 and len(image) == 1 and not self.training
        self.asked += 1
        semantic, panoptic = (image[0, :2] * 255).round().long().roll(self.slip, -1)
        return semantic.where(semantic < len(self.categories), 0), panoptic

    def semantic(self, image: Tensor) -> Tensor:
        return self.read(image)[0][None]

    def instances(self, image: Tensor) -> list[Instances]:
        semantic, panoptic = self.read(image)
        ids = panoptic[is_thing(semantic, self.categories)].unique()
        masks = panoptic == ids[:, None, None]
        labels = torch.tensor([int(semantic[mask][0]) for mask in masks], dtype=torch.int64)
        return [{"masks": masks, "labels": labels, "scores": 1 / (1 + ids * 7 % 31)}]  # no two are equal

    def panoptic(self, image: Tensor) -> list[Panoptic]:
        semantic, panoptic = self.read(image)
        group = panoptic.where(is_thing(semantic, self.categories), -1)
        return [majority_vote(semantic, group, self.categories, stuff_area=0)]


class Semantic(nn.Module):
    """Answers with the semantic map alone."""

    def __init__(self, slip: int = 0, categories: CategorySet = STREET) -> None:
        super().__init__()
        self.reader, self.categories = Reader(slip, categories), categories
        self.eval()

    def semantic(self, image: Tensor) -> Tensor:
        return self.reader.semantic(image)


def by_hand(net: Reader, scenes: Sequence[Scene]) -> dict[str, float]:
    """Every score, by the functions of `metrics` on all scenes at once."""
    pictures = [scene.image[None] for scene in scenes]
    maps = [
        (net.semantic(image)[0], scene.semantic, len(STREET)) for image, scene in zip(pictures, scenes, strict=True)
    ]
    confusion = sum(metrics.confusion_matrix(*each) for each in maps)
    edges = sum(metrics.boundary_counts(*each) for each in maps)
    scores = {
        "mIoU": metrics.mean_iou(confusion),
        "pixel accuracy": metrics.pixel_accuracy(confusion),
        "boundary mIoU": float((edges[:, 0].double() / edges[:, 1]).nanmean()),
    }
    ious = metrics.category_iou(confusion).tolist()
    scores |= {f"IoU {category.name}": iou for category, iou in zip(STREET, ious, strict=True)}
    scores |= metrics.average_precision(
        [net.instances(image)[0] for image in pictures],
        [scene.instances for scene in scenes],
        STREET,
        [scene.panoptic == 0 for scene in scenes],
        [scene.crowds for scene in scenes],
    )
    pairs = zip(pictures, scenes, strict=True)
    counts = [
        metrics.panoptic_counts(net.panoptic(image)[0], (it.panoptic, it.segments), STREET) for image, it in pairs
    ]
    return scores | metrics.panoptic_quality(sum(counts), STREET)


def values(scores: dict[str, Score]) -> dict[str, float]:
    return {name: score.value for name, score in scores.items()}


def same(a: dict[str, float], b: dict[str, float]) -> bool:
    return a == pytest.approx(b, abs=1e-9, nan_ok=True)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    """Of two sizes, with crowds, void and categories that are not in all of them."""
    some = [draw(seed, (64, 96) if seed % 2 else (72, 64)) for seed in range(6)]
    some[2], some[3], some[5] = with_crowd(some[2]), with_crowd(some[3]), with_void(some[5])
    assert any((scene.panoptic == 0).any() for scene in some)
    return some


# --- what the scores are ---


def test_the_scores_are_those_of_the_metrics(scenes: list[Scene]) -> None:
    net = Reader(slip=2)
    scores = evaluate(net, scenes, draws=0, title=None)
    expected = by_hand(net, scenes)
    assert same(values(scores), expected) and list(scores) == list(expected)
    assert 0.2 < scores["mIoU"].value < 0.95 and 0.2 < scores["PQ"].value < 0.95 and 0.1 < scores["AP50"].value < 0.99
    assert all(math.isnan(score.low) and math.isnan(score.high) for score in scores.values())
    assert all(type(number) is float for score in scores.values() for number in score)


@pytest.mark.parametrize("change", [with_crowd, with_void])
def test_what_is_found_in_void_or_in_a_crowd_is_not_false(change: Callable[[Scene], Scene]) -> None:
    scores = evaluate(Reader(), [change(draw(seed)) for seed in range(4)], draws=0, title=None)
    assert all(math.isnan(each.value) or each.value == pytest.approx(1) for each in scores.values())
    assert scores["AP"].value == pytest.approx(1) and scores["PQ"].value == 1


def test_the_truth_scores_1(scenes: list[Scene]) -> None:
    scores = evaluate(Reader(), scenes, draws=20, title=None)
    assert all(math.isnan(each.value) or each == pytest.approx((1, 1, 1)) for each in scores.values())
    assert scores["PQ"].value == scores["mIoU"].value == 1


def test_each_network_is_asked_what_it_can_answer(scenes: list[Scene]) -> None:
    net = Semantic(slip=2)
    scores = evaluate(net, scenes[:2], draws=0, title=None)
    assert list(scores) == ["mIoU", "pixel accuracy", "boundary mIoU", *(f"IoU {each.name}" for each in STREET)]
    assert net.reader.asked == 2

    class WithLayer(nn.Module):
        """Its layers have the names of answers."""

        def __init__(self) -> None:
            super().__init__()
            self.categories, self.semantic, self.instances = STREET, nn.Conv2d(3, 8, 1), nn.Conv2d(3, 8, 1)

        def panoptic(self, image: Tensor) -> list[Panoptic]:
            return Reader().panoptic(image)

    scores = evaluate(WithLayer().eval(), scenes[:2], draws=0, title=None)
    assert scores["PQ"].value == 1 and not any("IoU" in name or "AP" in name for name in scores)


def test_a_category_that_is_nowhere_has_no_score(scenes: list[Scene]) -> None:
    people = [scene for scene in scenes if not (scene.semantic == STREET.id("person")).any()]
    assert people
    scores = evaluate(Reader(slip=2), people, draws=30, title=None)
    for name in ("IoU person", "AP person", "PQ person", "SQ person", "RQ person"):
        assert all(math.isnan(number) for number in scores[name])
    ious = [scores[f"IoU {each.name}"].value for each in STREET]
    assert scores["mIoU"].value == pytest.approx(np.nanmean(ious))
    assert not math.isnan(scores["mIoU"].low)


def test_all_void_says_nothing() -> None:
    scene = draw(0)
    void = replace(scene, panoptic=torch.zeros_like(scene.panoptic), segments=())
    scores = evaluate(Reader(), [void], draws=5, title=None)
    assert all(math.isnan(number) for score in scores.values() for number in score)


# --- how far they can be trusted ---


def test_the_interval_is_that_of_scoring_scenes_drawn_again(scenes: list[Scene]) -> None:
    """By the functions of `metrics`, on lists in which scenes stand as often as they were drawn."""
    net, draws, size = Reader(slip=2), 12, len(scenes)
    scores = evaluate(net, scenes, draws=draws, seed=3, title=None)
    times = np.random.default_rng(3).multinomial(size, [1 / size] * size, draws)
    assert times.sum() == draws * size and times.max() > 1
    again = [by_hand(net, [scenes[place] for place in np.repeat(np.arange(size), often)]) for often in times]
    for name, score in scores.items():
        each = np.array([drawn[name] for drawn in again])
        each = each[~np.isnan(each)]
        ends = np.quantile(each, [0.025, 0.975]).tolist() if len(each) else [math.nan] * 2
        assert [score.low, score.high] == pytest.approx(ends, abs=1e-9, nan_ok=True), name


def test_the_interval_holds_the_value_and_shrinks_with_more_scenes() -> None:
    net = Reader(slip=2)
    few, many = (evaluate(net, Drawn(draw, count, 0), draws=300, title=None) for count in (6, 96))
    for name in ("mIoU", "pixel accuracy", "boundary mIoU", "AP", "AP50", "PQ", "SQ", "RQ", "PQ things", "PQ stuff"):
        for score in (few[name], many[name]):
            assert score.low < score.value < score.high, name
        wide, narrow = (score.high - score.low for score in (few[name], many[name]))
        assert wide > 2 * narrow, name  # four times, by the law of the root
    single = evaluate(net, Drawn(draw, 1, 2), draws=1, title=None)
    assert all(math.isnan(each.value) or each.low == each.value == each.high for each in single.values())


def test_the_seed_makes_the_interval_and_not_the_value(scenes: list[Scene]) -> None:
    net = Reader(slip=2)
    first, again, other = (evaluate(net, scenes, draws=50, seed=seed, title=None) for seed in (0, 0, 1))
    assert all(first[name] == pytest.approx(again[name], abs=0, nan_ok=True) for name in first)
    assert values(first) == pytest.approx(values(other), abs=0, nan_ok=True)
    assert first["mIoU"] != other["mIoU"] and first["AP"] != other["AP"] and first["PQ"] != other["PQ"]


def test_a_score_in_words() -> None:
    assert str(Score(0.9125, 0.88, 0.94049)) == "0.912 (0.880 to 0.940)"
    assert str(Score(math.nan, math.nan, math.nan)) == "nan (nan to nan)"


# --- how it runs ---


class Watched(Sequence):
    """Draws scenes when asked, and knows how many of them are still alive."""

    def __init__(self, count: int) -> None:
        self.count, self.alive, self.asked, self.most = count, weakref.WeakSet(), [], 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: int) -> Scene:
        gc.collect()
        self.most = max(self.most, len(self.alive))
        if place >= self.count:
            raise IndexError
        self.asked.append(place)
        scene = draw(place)
        self.alive.add(scene)
        return scene


def test_scenes_are_drawn_once_when_they_are_needed_and_not_kept() -> None:
    watched = Watched(5)
    evaluate(Reader(slip=2), watched, draws=5, title=None)
    assert watched.asked == [0, 1, 2, 3, 4]
    assert watched.most == 0  # each is gone before the next is drawn
    gc.collect()
    assert not watched.alive


def test_pictures_go_to_where_the_network_is() -> None:
    class Elsewhere(Semantic):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1, device="meta"))

        def semantic(self, image: Tensor) -> Tensor:
            assert image.device.type == "meta" and image.shape == (1, 3, 64, 64)
            return torch.zeros(1, 64, 64, dtype=torch.int64)  # a tensor of meta holds no numbers to score

    assert evaluate(Elsewhere(), [draw(0)], draws=0, title=None)["IoU sky"].value > 0


def test_the_bar_has_a_title_or_is_not_there(scenes: list[Scene], capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(Semantic(), scenes[:2], draws=0, title=None)
    assert capsys.readouterr() == ("", "")
    evaluate(Semantic(), scenes[:2], draws=0, title="looking")
    assert "looking" in capsys.readouterr().err


def test_the_scenes_and_the_network_stay_as_they_are(scenes: list[Scene]) -> None:
    net = Reader(slip=2)
    before = [(scene.image.clone(), scene.panoptic.clone()) for scene in scenes]
    state = torch.random.get_rng_state()
    evaluate(net, scenes, draws=5, title=None)
    assert all(scene.image.equal(image) and scene.panoptic.equal(ids)
               for scene, (image, ids) in zip(scenes, before, strict=True))  # fmt: skip
    assert torch.random.get_rng_state().equal(state)


# --- bad input ---

TREES_AS_STUFF = CategorySet("street", tuple(replace(each, isthing=each.id > 5) for each in STREET))
FEWER = CategorySet("fewer", tuple(Category(each.id, each.name, each.isthing, each.color) for each in list(STREET)[:7]))
RENAMED = CategorySet("other", tuple(replace(each, color=(each.id, 0, 0)) for each in STREET))


def test_a_set_of_another_name_and_other_colours_has_the_same_categories(scenes: list[Scene]) -> None:
    assert evaluate(Semantic(categories=RENAMED), scenes[:1], draws=0, title=None)["mIoU"].value == 1


class Bare(nn.Module):
    """Answers, yet does not say in what words."""

    def semantic(self, image: Tensor) -> Tensor:
        return Reader().semantic(image)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda scene: evaluate(Reader(), []), "scenes: expected at least one, got 0"),
        (
            lambda scene: evaluate(nn.Conv2d(3, 8, 1), [scene]),
            "net: expected one of the methods semantic, instances, p",
        ),
        (lambda scene: evaluate(Bare().eval(), [scene]), "net.categories: expected a CategorySet, got NoneType"),
        (lambda scene: evaluate(Reader().train(), [scene]), "net: expected evaluation mode, got training mode"),
        (
            lambda scene: evaluate(Reader(categories=COINS), [scene]),
            r"scenes\[0\]: expected the categories of net, b",
        ),
        (lambda scene: evaluate(Reader(categories=FEWER), [scene]), r"scenes\[0\]: expected the categories of net"),
        (
            lambda scene: evaluate(Reader(categories=TREES_AS_STUFF), [scene]),
            r"scenes\[0\]: .* tree, car \(thing\), person \(thing\), got .* tree \(thing\), car \(thing\)",
        ),
        (
            lambda scene: evaluate(Reader(), [scene, replace(scene, categories=COINS)]),
            r"scenes\[1\]: expected the categories of net, sky, .* got background, coin \(thing\)",
        ),
    ],
)
def test_bad_input_is_named(call: Callable[[Scene], object], words: str) -> None:
    with pytest.raises(ValueError, match="^" + words):
        call(draw(0))


def test_a_network_is_not_ahead_of_itself() -> None:
    scenes = [draw(seed) for seed in range(4)]
    ahead = difference(Reader(1), Reader(1), scenes, draws=20, title=None)
    assert all(one == Score(0, 0, 0) or math.isnan(one.value) for one in ahead.values())


def test_a_difference_is_that_of_both_scores_and_narrower_than_what_they_share() -> None:
    """What makes scenes hard for both cancels; turned round, the sign turns and nothing else."""
    scenes = [draw(seed) for seed in range(12)]
    one, other = Reader(1), Reader(2)
    ahead, behind = (difference(*pair, scenes, draws=200, title=None) for pair in ((one, other), (other, one)))
    scores = [evaluate(net, scenes, draws=200, title=None) for net in (one, other)]
    for name in ("mIoU", "PQ"):
        assert ahead[name].value == pytest.approx(scores[0][name].value - scores[1][name].value)
        assert ahead[name] == pytest.approx((-behind[name].value, -behind[name].high, -behind[name].low))
        assert ahead[name].low > 0
        apart = sum(score[name].high - score[name].low for score in scores)
        assert ahead[name].high - ahead[name].low < apart
