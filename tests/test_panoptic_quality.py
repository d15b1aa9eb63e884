"""Panoptic quality: against cases counted by hand, a slow loop after the reference evaluator, and torchmetrics."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor
from torchmetrics.detection import PanopticQuality

from helpers.categories import STREET, Category, CategorySet
from helpers.labels import Panoptic, Segment, panoptic_to_semantic
from helpers.metrics import panoptic_counts, panoptic_quality
from helpers.scenes.street import street

pytestmark = pytest.mark.lesson7
steady = settings(deadline=None, derandomize=True)  # the same examples each time, on a slow machine too

TRIO = CategorySet(
    "trio",
    (
        Category(0, "road", False, (1, 1, 1)),
        Category(1, "car", True, (2, 2, 2)),
        Category(2, "person", True, (3, 3, 3)),
    ),
)
ROAD, CAR, PERSON = range(3)


def row(*pieces: tuple[int, int]) -> Tensor:
    """A map of one row, from (id, how many pixels) after (id, how many pixels)."""
    return torch.cat([torch.full((pixels,), number) for number, pixels in pieces])[None]


def panoptic(ids: Tensor, categories: dict[int, int], crowds: tuple[int, ...] = ()) -> Panoptic:
    """A map with a segment of a category of TRIO for each id."""
    segments = (
        Segment(number, category, category != ROAD, int((ids == number).sum()), iscrowd=number in crowds)
        for number, category in categories.items()
    )
    return Panoptic(ids, tuple(segments))


def counts(predicted: Panoptic, truth: Panoptic) -> list[list[float]]:
    return panoptic_counts(predicted, truth, TRIO).tolist()


def near(a: list[list[float]], b: list[list[float]]) -> bool:
    return np.allclose(a, b, rtol=0, atol=1e-9)


def reference(predicted: Panoptic, truth: Panoptic) -> list[list[float]]:
    """Pixel by pixel and pair by pair, after `pq_compute_single_core` in panopticapi's evaluation.py.

    One thing differs: of several crowds of a category, the reference sees only the one that stands last.
    """
    both: dict[tuple[int, int], int] = {}
    for pair in zip(truth.map.flatten().tolist(), predicted.map.flatten().tolist(), strict=True):
        both[pair] = both.get(pair, 0) + 1
    area = [{}, {}]
    for pair, pixels in both.items():
        for side in (0, 1):
            area[side][pair[side]] = area[side].get(pair[side], 0) + pixels
    found = [[0.0, 0, 0, 0] for _ in TRIO]
    matched: tuple[set[int], set[int]] = (set(), set())
    for true in truth.segments:
        for guess in predicted.segments:
            if true.iscrowd or true.category_id != guess.category_id:
                continue
            overlap = both.get((true.id, guess.id), 0)
            iou = overlap / (area[0][true.id] + area[1][guess.id] - overlap - both.get((0, guess.id), 0))
            if iou > 0.5:
                found[true.category_id][0] += iou
                found[true.category_id][1] += 1
                matched[0].add(true.id)
                matched[1].add(guess.id)
    for guess in predicted.segments:
        if guess.id not in matched[1]:
            excused = both.get((0, guess.id), 0)
            for true in truth.segments:
                if true.iscrowd and true.category_id == guess.category_id:
                    excused += both.get((true.id, guess.id), 0)
            if not excused / area[1][guess.id] > 0.5:
                found[guess.category_id][2] += 1
    for true in truth.segments:
        if true.id not in matched[0] and not true.iscrowd:
            found[true.category_id][3] += 1
    return found


# --- counted by hand ---


def test_one_thing_found_one_made_up_one_missed() -> None:
    truth = panoptic(row((1, 10), (2, 10), (3, 10)), {1: ROAD, 2: CAR, 3: PERSON})
    predicted = panoptic(row((9, 10), (8, 8), (7, 12)), {9: ROAD, 8: CAR, 7: CAR})
    result = counts(predicted, truth)
    assert near(result, [[1, 1, 0, 0], [0.8, 1, 1, 0], [0, 0, 0, 1]])
    score = panoptic_quality(torch.tensor(result, dtype=torch.float64), TRIO)
    expected = {"PQ road": 1, "SQ road": 1, "RQ road": 1, "PQ car": 0.8 / 1.5, "SQ car": 0.8, "RQ car": 1 / 1.5}
    expected |= {"PQ person": 0, "SQ person": 0, "RQ person": 0, "PQ stuff": 1, "SQ stuff": 1, "RQ stuff": 1}
    expected |= {"PQ things": 0.8 / 3, "SQ things": 0.4, "RQ things": 1 / 3}
    expected |= {"PQ": (1 + 0.8 / 1.5) / 3, "SQ": 1.8 / 3, "RQ": (1 + 1 / 1.5) / 3}
    assert score == pytest.approx(expected, abs=1e-9)
    assert score["PQ"] != pytest.approx(score["SQ"] * score["RQ"])  # the product is right for each category alone
    assert all(type(value) is float for value in score.values())


@pytest.mark.parametrize(("pixels", "hit"), [(10, False), (11, True)])
def test_half_is_not_enough_for_a_match(pixels: int, hit: bool) -> None:
    """A car of 20 pixels, of which `pixels` are found: an IoU of exactly one half is none."""
    truth = panoptic(row((1, 20)), {1: CAR})
    predicted = panoptic(row((1, pixels), (0, 20 - pixels)), {1: CAR})
    assert near(counts(predicted, truth)[1:2], [[pixels / 20, 1, 0, 0] if hit else [0, 0, 1, 1]])


def test_void_in_the_truth_is_no_part_of_the_union() -> None:
    truth = panoptic(row((1, 10), (0, 30)), {1: CAR})
    predicted = panoptic(row((1, 20), (0, 20)), {1: CAR})  # 10 pixels right, 10 in void
    assert near(counts(predicted, truth)[1:2], [[1, 1, 0, 0]])
    back = counts(truth, predicted)[1:2]  # void in the prediction does count: 10 of 20
    assert near(back, [[0, 0, 1, 1]])


@pytest.mark.parametrize(("inside", "false"), [(10, 1), (11, 0)])
def test_more_than_half_in_void_is_not_false(inside: int, false: int) -> None:
    truth = panoptic(row((0, inside), (1, 30 - inside)), {1: ROAD})
    predicted = panoptic(row((5, 20), (0, 10)), {5: CAR})
    assert near(counts(predicted, truth)[1:2], [[0, 0, false, 0]])


@pytest.mark.parametrize(
    ("void", "crowd", "category", "false"),
    [
        (0, 11, CAR, 0),
        (0, 10, CAR, 1),
        (0, 20, PERSON, 1),  # a crowd of another category excuses nothing
        (6, 5, CAR, 0),  # neither is enough alone
        (5, 5, CAR, 1),
        (6, 5, PERSON, 1),
    ],
)
def test_void_and_crowd_together_excuse(void: int, crowd: int, category: int, false: int) -> None:
    """Twenty pixels are taken for a car; the rest of them is road."""
    pieces = [(0, void), (2, crowd), (1, 40 - void - crowd)]
    truth = panoptic(row(*pieces), {1: ROAD, 2: category}, crowds=(2,))
    predicted = panoptic(row((7, 20), (0, 20)), {7: CAR})
    result = counts(predicted, truth)
    assert result[CAR] == [0, 0, false, 0] and result[PERSON] == [0] * 4 and result[ROAD] == [0, 0, 0, 1]


def test_two_crowds_of_a_category_excuse_together() -> None:
    truth = panoptic(row((2, 6), (3, 6), (1, 28)), {1: ROAD, 2: CAR, 3: CAR}, crowds=(2, 3))
    assert counts(panoptic(row((7, 20), (0, 20)), {7: CAR}), truth)[CAR] == [0, 0, 0, 0]


def test_a_crowd_is_neither_matched_nor_missed() -> None:
    truth = panoptic(row((2, 20), (1, 20)), {1: ROAD, 2: CAR}, crowds=(2,))
    exact = panoptic(row((7, 20), (8, 20)), {7: CAR, 8: ROAD})
    assert counts(exact, truth) == [[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    nothing = panoptic(row((0, 20), (8, 20)), {8: ROAD})
    assert counts(nothing, truth) == [[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    score = panoptic_quality(panoptic_counts(nothing, truth, TRIO), TRIO)
    assert math.isnan(score["PQ car"]) and math.isnan(score["PQ things"]) and score["PQ"] == 1


def test_a_crowd_is_still_part_of_the_union() -> None:
    """Unlike void: a car that spills over a crowd of cars is too large."""
    truth = panoptic(row((1, 10), (2, 10)), {1: CAR, 2: CAR}, crowds=(2,))
    assert near(counts(panoptic(row((1, 14), (0, 6)), {1: CAR}), truth)[1:2], [[10 / 14, 1, 0, 0]])


def test_the_category_must_be_right() -> None:
    truth, predicted = panoptic(row((1, 10)), {1: CAR}), panoptic(row((1, 10)), {1: PERSON})
    assert counts(predicted, truth) == [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]


# --- against others ---


@st.composite
def pairs(draw: st.DrawFn, void: bool = True, crowds: bool = True, stuff: bool = True) -> tuple[Panoptic, Panoptic]:
    """A prediction and the truth, a few pixels each, often alike; ids from anywhere below 256³."""
    kinds = st.integers(0 if stuff else 1, 2)
    index = draw(arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 8)), elements=st.integers(0, 4)))
    slipped = index.copy()
    for place in draw(st.lists(st.integers(0, index.size - 1), max_size=6)):
        slipped.flat[place] = draw(st.integers(0, 4))
    kind = draw(st.lists(kinds, min_size=5, max_size=5))
    other = [draw(st.sampled_from([each, each, each, 2])) for each in kind]
    crowd = draw(st.lists(st.booleans(), min_size=5, max_size=5)) if crowds else [False] * 5
    number = st.integers(1, 2000) | st.integers(1, 256**3 - 1)
    sides = []
    for at, kind_of, crowded in ((slipped, other, [False] * 5), (index, kind, crowd)):
        ids = np.array(draw(st.lists(number, min_size=5, max_size=5, unique=True)))
        if void:
            ids[0] = 0
        segments = [
            Segment(int(ids[k]), kind_of[k], kind_of[k] != ROAD, int((at == k).sum()), iscrowd=crowded[k])
            for k in np.unique(at).tolist()
            if ids[k]
        ]
        sides.append(Panoptic(torch.from_numpy(ids[at]), tuple(segments)))
    return tuple(sides)


@steady
@given(pairs())
def test_the_counts_are_those_of_a_slow_loop(sides: tuple[Panoptic, Panoptic]) -> None:
    result = panoptic_counts(*sides, TRIO)
    assert near(result.tolist(), reference(*sides))
    assert result.dtype == torch.float64 and result.shape == (3, 4) and result.device.type == "cpu"


@steady
@given(pairs())
def test_the_quality_is_what_the_paper_says(sides: tuple[Panoptic, Panoptic]) -> None:
    score, each = panoptic_quality(panoptic_counts(*sides, TRIO), TRIO), {}
    for category, (overlap, hits, false, missed) in zip(TRIO, reference(*sides), strict=True):
        if hits + false + missed:
            pq = overlap / (hits + false / 2 + missed / 2)
            sq, rq = overlap / hits if hits else 0, hits / (hits + false / 2 + missed / 2)
            assert pq == pytest.approx(sq * rq, abs=1e-12)
            each[category.id] = pq, sq, rq
    groups = {"": (0, 1, 2), " things": (1, 2), " stuff": (0,), " road": (0,), " car": (1,), " person": (2,)}
    for group, ids in groups.items():
        values = [each[category] for category in ids if category in each]
        means = np.mean(values, 0) if values else [math.nan] * 3
        found = [score[name + group] for name in ("PQ", "SQ", "RQ")]
        assert found == pytest.approx(list(means), abs=1e-9, nan_ok=True)
    assert len(score) == 3 * len(groups)


def colors(side: Panoptic) -> Tensor:
    """int64 `[1, H, W, 2]` as torchmetrics wants it; void is a category that it does not know."""
    semantic = panoptic_to_semantic(*side)
    return torch.stack([semantic, side.map], -1)[None]


def torchmetrics_scores(sides: list[tuple[Panoptic, Panoptic]], categories: CategorySet) -> Tensor:
    """PQ, SQ and RQ of each category, things first; 0 for one that is not there."""
    things, stuff = ({each.id for each in group} for group in (categories.things, categories.stuff))
    metric = PanopticQuality(things, stuff, allow_unknown_preds_category=True, return_per_class=True,
                             return_sq_and_rq=True)  # fmt: skip
    for predicted, truth in sides:
        metric.update(colors(predicted), colors(truth))
    return metric.compute()


@settings(steady, max_examples=40)
@given(pairs(void=False, crowds=False, stuff=False))
def test_torchmetrics_says_the_same(sides: tuple[Panoptic, Panoptic]) -> None:
    """Without what it sees otherwise: it knows no crowds; what is void in the prediction it takes out of the union,
    and excuses a missed segment that is mostly void in the prediction; it joins segments of one kind of stuff."""
    theirs = torchmetrics_scores([sides], TRIO).tolist()
    score = panoptic_quality(panoptic_counts(*sides, TRIO), TRIO)
    for name, values in zip(("car", "person"), theirs, strict=False):
        ours = [score[f"{part} {name}"] for part in ("PQ", "SQ", "RQ")]
        # It divides in float32.
        assert [0 if math.isnan(value) else value for value in ours] == pytest.approx(values, abs=1e-6)


def test_torchmetrics_says_the_same_of_streets() -> None:
    """With void in the truth, which both leave out."""
    sides = []
    for seed in range(3):
        scene = street(seed)
        everywhere = scene.panoptic.where(scene.panoptic > 0, scene.segments[0].id).roll(2, -1)
        areas = torch.bincount(everywhere.flatten()).tolist()
        segments = tuple(replace(each, area=areas[each.id]) for each in scene.segments)
        sides.append((Panoptic(everywhere, segments), Panoptic(scene.panoptic, scene.segments)))
    assert any((truth.map == 0).any() for _, truth in sides)
    score = panoptic_quality(sum(panoptic_counts(*each, STREET) for each in sides), STREET)
    theirs = torchmetrics_scores(sides, STREET)
    for category, values in zip([*STREET.things, *STREET.stuff], theirs.tolist(), strict=True):
        ours = [score[f"{part} {category.name}"] for part in ("PQ", "SQ", "RQ")]
        # It divides in float32.
        assert [0 if math.isnan(value) else value for value in ours] == pytest.approx(values, abs=1e-6)
    assert 0.5 < score["PQ"] < 0.99  # an example worth the name


# --- what always holds ---


@steady
@given(pairs(), st.randoms(use_true_random=False))
def test_numbers_and_order_of_segments_do_not_matter(sides: tuple[Panoptic, Panoptic], dice) -> None:
    before = panoptic_counts(*sides, TRIO)
    for side in (0, 1):
        ids, segments = sides[side]
        new = dict(zip([each.id for each in segments], dice.sample(range(1, 256**3), len(segments)), strict=True))
        moved = ids.clone().apply_(lambda number, new=new: new.get(number, 0))
        again = [replace(each, id=new[each.id]) for each in segments]
        dice.shuffle(again)
        changed = [*sides]
        changed[side] = Panoptic(moved, tuple(again))
        assert torch.allclose(panoptic_counts(*changed, TRIO), before, rtol=0, atol=1e-12)


@steady
@given(pairs(crowds=False), st.integers(0, 1))
def test_the_truth_itself_scores_1(sides: tuple[Panoptic, Panoptic], side: int) -> None:
    score = panoptic_quality(panoptic_counts(sides[side], sides[side], TRIO), TRIO)
    assert all(math.isnan(value) or value == 1 for value in score.values())


def test_counts_of_pictures_add_up() -> None:
    """Two pictures are one in which nothing touches: the maps side by side, with ids of their own."""
    cuts = []
    for seed in (1, 2):
        scene = street(seed)
        truth = Panoptic(scene.panoptic, scene.segments)
        cuts.append((Panoptic(scene.panoptic.roll(3, -1), scene.segments), truth))
    shift = 1000
    joined = [
        Panoptic(
            torch.cat([first.map, second.map + shift * (second.map > 0)], 1),
            first.segments + tuple(replace(each, id=each.id + shift) for each in second.segments),
        )
        for first, second in zip(*cuts, strict=True)
    ]
    total = sum(panoptic_counts(*each, STREET) for each in cuts)
    assert torch.allclose(total, panoptic_counts(*joined, STREET), rtol=0, atol=1e-9)


def test_the_largest_ids_and_maps_that_are_not_contiguous() -> None:
    most = 256**3 - 1
    truth = panoptic(row((most, 10), (1, 10)), {most: CAR, 1: ROAD})
    predicted = panoptic(row((most - 1, 9), (most, 11)), {most - 1: CAR, most: ROAD})
    expected = [[10 / 11, 1, 0, 0], [0.9, 1, 0, 0], [0, 0, 0, 0]]
    assert near(counts(predicted, truth), expected)
    tall = [Panoptic(side.map.repeat(3, 1).T, side.segments) for side in (predicted, truth)]
    assert not tall[0].map.is_contiguous() and near(counts(*tall), expected)
    far = panoptic(row((2**63 - 1, 20)), {2**63 - 1: ROAD})
    assert counts(far, far) == [[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_nothing_there_is_nan_without_a_warning() -> None:
    nothing, something = Panoptic(torch.zeros(4, 5).long(), ()), panoptic(row((1, 20)).view(4, 5), {1: CAR})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert counts(nothing, nothing) == [[0.0] * 4] * 3
        assert all(
            math.isnan(value) for value in panoptic_quality(panoptic_counts(nothing, nothing, TRIO), TRIO).values()
        )
        assert counts(something, nothing) == [[0.0] * 4] * 3  # all of it lies in void
        assert counts(nothing, something)[CAR] == [0, 0, 0, 1]
        only = CategorySet("only", (Category(0, "sea", False, (1, 1, 1)),))
        score = panoptic_quality(torch.tensor([[1.5, 2.0, 1.0, 1.0]], dtype=torch.float64), only)
    assert score["PQ"] == score["PQ stuff"] == score["PQ sea"] == 0.5
    assert math.isnan(score["PQ things"])  # a vocabulary without things


def test_the_maps_stay_as_they_are() -> None:
    truth = panoptic(row((0, 2), (1, 10)), {1: CAR})
    before = truth.map.clone()
    counts(truth, truth)
    assert truth.map.equal(before)


# --- bad input ---

GOOD = panoptic(row((1, 10), (2, 10)), {1: ROAD, 2: CAR})


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (GOOD.map, ": expected a map and its segments, got torch.int64"),
        (Panoptic(GOOD.map.int(), GOOD.segments), r"\.map: expected int64 \[H, W\], got torch.int32 \[1, 20\]"),
        (Panoptic(GOOD.map[0], GOOD.segments), r"\.map: expected int64 \[H, W\], got torch.int64 \[20\]"),
        (Panoptic(GOOD.map[:0], ()), r"\.map: expected int64 \[H, W\], got torch.int64 \[0, 20\]"),
        (Panoptic(GOOD.map.numpy(), GOOD.segments), r"\.map: expected int64 \[H, W\], got int64 \[1, 20\]"),
        (Panoptic(GOOD.map, GOOD.segments[:1]), r"\.map: expected a segment for each id, got ids without one: \[2\]"),
        (Panoptic(-GOOD.map, ()), r"\.map: expected a segment for each id, got ids without one: \[-2, -1\]"),
        (Panoptic(GOOD.map + 2**62, GOOD.segments), r"\.map: expected a segment for each id, got ids without one"),
        (Panoptic(GOOD.map * 0 + 2**63 - 1, ()), r"\.map: expected a segment for each id, got ids without one: \[92"),
        (
            Panoptic(GOOD.map, (*GOOD.segments, Segment(3, CAR, True, 5))),
            r"\.segments: expected at least one pixel each, got ids without any: \[3\]",
        ),
        (
            Panoptic(GOOD.map, (*GOOD.segments, GOOD.segments[1])),
            r"\.segments: expected ids that differ, got more than one of \[2\]",
        ),
        (
            Panoptic(GOOD.map, (GOOD.segments[0], Segment(2, 3, True, 10))),
            r"\.segments: expected categories 0\.\.2, got \[3\]",
        ),
        (Panoptic(GOOD.map, ({"id": 1},)), r"\.segments: expected a sequence of Segment"),
        (Panoptic(GOOD.map, None), r"\.segments: expected a sequence of Segment, got NoneType"),
    ],
)
@pytest.mark.parametrize("side", ["predicted", "truth"])
def test_bad_input_is_named(bad: Panoptic, words: str, side: str) -> None:
    sides = {"predicted": GOOD, "truth": GOOD} | {side: bad}
    with pytest.raises(ValueError, match=f"^{side}{words}"):
        panoptic_counts(**sides, categories=TRIO)


def test_sizes_and_counts_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"^predicted.map: expected the size of truth, \[1, 20\], got \[4, 5\]"):
        panoptic_counts(Panoptic(GOOD.map.view(4, 5), GOOD.segments), GOOD, TRIO)
    for wrong in (torch.zeros(3, 4), torch.zeros(2, 4).double(), torch.zeros(4).double()):
        with pytest.raises(ValueError, match=r"^counts: expected torch.float64 \[3, 4\], got torch"):
            panoptic_quality(wrong, TRIO)
