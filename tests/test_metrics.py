"""Scores: against slow specifications, pycocotools, scikit-learn, torchmetrics and SciPy, and what always holds."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco
from scipy.ndimage import binary_erosion
from sklearn.metrics import f1_score, jaccard_score
from torch import Tensor
from torchmetrics.functional import classification as reference

from helpers import metrics
from helpers.categories import STREET, VOID
from helpers.scenes.street import street

pytestmark = [pytest.mark.lesson1, pytest.mark.lesson3]
steady = settings(deadline=None, derandomize=True)  # the same examples each time, on a slow machine too
PAIRS = arrays(bool, st.tuples(st.just(2), st.integers(1, 9), st.integers(1, 9)))


@given(PAIRS)
def test_iou_is_that_of_pycocotools_and_scikit_learn(masks: np.ndarray) -> None:
    a, b = masks
    score = metrics.iou(torch.tensor(a), torch.tensor(b))
    if not masks.any():
        assert math.isnan(score)  # both references say 0 here, as if the masks disagreed
        return
    codes = [[coco.encode(np.asfortranarray(mask, np.uint8))] for mask in (a, b)]
    assert score == pytest.approx(coco.iou(*codes, [0])[0, 0], abs=1e-12)
    assert score == pytest.approx(jaccard_score(a.ravel(), b.ravel()), abs=1e-12)


@given(PAIRS)
def test_dice_is_f1_and_follows_from_iou(masks: np.ndarray) -> None:
    a, b = torch.tensor(masks)
    score = metrics.dice(a, b)
    if not masks.any():
        assert math.isnan(score)
        return
    assert type(score) is float and score == metrics.dice(b, a)
    assert score == pytest.approx(f1_score(masks[0].ravel(), masks[1].ravel()), abs=1e-12)
    assert score == pytest.approx(2 * metrics.iou(a, b) / (1 + metrics.iou(a, b)), abs=1e-12)


@given(PAIRS)
def test_what_holds_for_all_masks(masks: np.ndarray) -> None:
    a, b = torch.tensor(masks)
    score = metrics.iou(a, b)
    if not masks.any():
        assert math.isnan(score)
        return
    assert score == metrics.iou(b, a)
    assert 0 <= score <= 1
    assert (score == 1) == bool((a == b).all())
    assert (score == 0) == (not (a & b).any())


def test_a_worked_example() -> None:
    a, b = torch.zeros(2, 4, 6, dtype=torch.bool)
    a[1:3, 1:4], b[1:3, 2:5] = True, True
    score = metrics.iou(a, b)
    assert score == 4 / 8 and type(score) is float
    assert metrics.dice(a, b) == 2 * 4 / (6 + 6)
    assert metrics.iou(a, torch.zeros_like(a)) == 0


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (torch.zeros(4, 6), torch.zeros(4, 6, dtype=torch.bool), "a: expected a bool mask, got torch.float32"),
        (torch.zeros(4, 6, dtype=torch.bool), torch.zeros(4, 6).long(), "b: expected a bool mask, got torch.int64"),
        (
            torch.zeros(4, 6, dtype=torch.bool),
            torch.zeros(6, dtype=torch.bool),  # it would broadcast
            r"b: expected the shape of a, \[4, 6\], got \[6\]",
        ),
    ],
)
@pytest.mark.parametrize("measure", [metrics.iou, metrics.dice])
def test_bad_input_is_named(measure, a: torch.Tensor, b: torch.Tensor, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        measure(a, b)


# --- label maps ---

CATEGORIES = 4


@st.composite
def map_pairs(draw: st.DrawFn, void: bool = True) -> tuple[Tensor, Tensor]:
    """A prediction and the truth, of one picture or several; often some categories are missing."""
    sides = st.integers(1, 7)
    shape = draw(st.tuples(sides, sides) | st.tuples(st.integers(1, 3), sides, sides))
    used = st.sampled_from(draw(st.lists(st.integers(0, CATEGORIES - 1), min_size=1)))
    predicted = draw(arrays(np.int64, shape, elements=used))
    semantic = draw(arrays(np.int64, shape, elements=used | st.just(VOID) if void else used))
    return torch.from_numpy(predicted), torch.from_numpy(semantic)


def score(predicted: Tensor, semantic: Tensor) -> Tensor:
    return metrics.category_iou(metrics.confusion_matrix(predicted, semantic, CATEGORIES))


def same(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, rtol=0, atol=1e-12, equal_nan=True)


def noisy_streets() -> tuple[Tensor, Tensor]:
    """Three streets with void in them, and a prediction that slipped by two columns and is wrong here and there."""
    dice = torch.Generator().manual_seed(0)
    semantic = torch.stack([street(seed).semantic for seed in range(3)])
    predicted = semantic.where(semantic != VOID, 0).roll(2, -1)
    other = torch.randint(0, len(STREET), semantic.shape, generator=dice)
    predicted = predicted.where(torch.rand(semantic.shape, generator=dice) > 0.1, other)
    return predicted, semantic.where(torch.rand(semantic.shape, generator=dice) > 0.05, VOID)


@steady
@given(map_pairs())
def test_the_counts_and_their_scores_are_those_of_a_loop(maps: tuple[Tensor, Tensor]) -> None:
    predicted, semantic = maps
    counts = [[0] * CATEGORIES for _ in range(CATEGORIES)]
    for guess, truth in zip(predicted.flatten().tolist(), semantic.flatten().tolist(), strict=True):
        if truth != VOID:
            counts[truth][guess] += 1
    confusion = metrics.confusion_matrix(predicted, semantic, CATEGORIES)
    assert confusion.tolist() == counts and confusion.dtype == torch.int64

    ious, right, counted = [], 0, 0
    for category in range(CATEGORIES):
        both = counts[category][category]
        either = sum(counts[category]) + sum(row[category] for row in counts) - both
        ious.append(both / either if either else math.nan)
        right, counted = right + both, counted + sum(counts[category])
    found = metrics.category_iou(confusion)
    assert same(found, torch.tensor(ious, dtype=torch.float64)) and found.dtype == torch.float64
    occurring = [value for value in ious if not math.isnan(value)]
    accuracy, mean = metrics.pixel_accuracy(confusion), metrics.mean_iou(confusion)
    assert type(accuracy) is float and type(mean) is float
    assert accuracy == pytest.approx(right / counted if counted else math.nan, nan_ok=True)
    assert mean == pytest.approx(sum(occurring) / len(occurring) if occurring else math.nan, nan_ok=True)


def boundary_of(mask: Tensor, distance: int) -> set[tuple[int, int]]:
    """The pixels of a mask with a place near them that is not in it; what lies outside the picture is not."""
    inside = set(map(tuple, mask.nonzero().tolist()))
    steps = range(-distance, distance + 1)
    return {(y, x) for y, x in inside if any((y + down, x + right) not in inside for down in steps for right in steps)}


@steady
@given(map_pairs(), st.integers(1, 3))
def test_boundary_iou_is_that_of_a_loop(maps: tuple[Tensor, Tensor], distance: int) -> None:
    predicted, semantic = (ids if ids.ndim == 3 else ids[None] for ids in maps)
    ious = []
    for category in range(CATEGORIES):
        both = either = 0
        for guess, truth in zip(predicted, semantic, strict=True):
            ours = boundary_of((guess == category) & (truth != VOID), distance)
            theirs = boundary_of(truth == category, distance)
            both, either = both + len(ours & theirs), either + len(ours | theirs)
        ious.append(both / either if either else math.nan)
    found = metrics.boundary_iou(*maps, CATEGORIES, distance)
    assert same(found, torch.tensor(ious, dtype=torch.float64)) and found.dtype == torch.float64


@steady
@given(map_pairs())
def test_what_holds_for_all_maps(maps: tuple[Tensor, Tensor]) -> None:
    predicted, semantic = maps
    near, whole = metrics.boundary_iou(predicted, semantic, CATEGORIES), score(predicted, semantic)
    assert torch.equal(near.isnan(), whole.isnan())
    assert same(metrics.boundary_iou(predicted, semantic, CATEGORIES, distance=4), whole)  # 4 pixels in is all of 7
    right = semantic.where(semantic != VOID, 0)
    for scores in (metrics.boundary_iou(right, semantic, CATEGORIES), score(right, semantic)):
        assert (scores.isnan() | (scores == 1)).all()


@steady
@given(map_pairs(void=False))
def test_truth_and_prediction_may_change_places(maps: tuple[Tensor, Tensor]) -> None:
    a, b = maps
    there, back = metrics.confusion_matrix(a, b, CATEGORIES), metrics.confusion_matrix(b, a, CATEGORIES)
    assert torch.equal(there, back.T)
    assert same(metrics.category_iou(there), metrics.category_iou(back))
    assert same(metrics.boundary_iou(a, b, CATEGORIES), metrics.boundary_iou(b, a, CATEGORIES))


def test_the_scores_are_those_of_torchmetrics() -> None:
    predicted, semantic = noisy_streets()
    count = len(STREET) + 1  # the last is in neither map
    confusion = metrics.confusion_matrix(predicted, semantic, count)
    pair, options = (predicted, semantic), {"num_classes": count, "ignore_index": VOID}
    assert torch.equal(confusion, reference.multiclass_confusion_matrix(*pair, **options))
    accuracy = reference.multiclass_accuracy(*pair, **options, average="micro")
    assert metrics.pixel_accuracy(confusion) == pytest.approx(float(accuracy), abs=1e-6)
    mean = reference.multiclass_jaccard_index(*pair, **options)  # it leaves the absent one out of the mean as well ...
    assert metrics.mean_iou(confusion) == pytest.approx(float(mean), abs=1e-6)
    ious = reference.multiclass_jaccard_index(*pair, **options, average=None).double()
    assert torch.allclose(metrics.category_iou(confusion)[:-1], ious[:-1], rtol=0, atol=1e-6)
    assert metrics.category_iou(confusion)[-1].isnan() and ious[-1] == 0  # ... but calls it 0 here


@pytest.mark.parametrize("distance", [1, 2, 5])
def test_the_boundary_is_that_of_iterated_erosion(distance: int) -> None:
    """As in the code released with the paper: a 3×3 erosion, `distance` times over, with zeros around the picture."""
    predicted, semantic = noisy_streets()
    found = metrics.boundary_iou(predicted, semantic, len(STREET), distance)
    for category in STREET:
        edges = []
        for ids in (predicted, semantic):
            masks = ((ids == category.id) & (semantic != VOID)).numpy()
            edges.append([mask & ~binary_erosion(mask, np.ones((3, 3)), iterations=distance) for mask in masks])
        both, either = np.logical_and(*edges).sum(), np.logical_or(*edges).sum()
        assert found[category.id] == pytest.approx(both / either, abs=1e-12)


def test_matrices_of_batches_add_up() -> None:
    predicted, semantic = noisy_streets()
    parts = [metrics.confusion_matrix(*pair, len(STREET)) for pair in zip(predicted, semantic, strict=True)]
    assert torch.equal(sum(parts), metrics.confusion_matrix(predicted, semantic, len(STREET)))


def test_boundaries_of_pictures_add_up() -> None:
    predicted, semantic = noisy_streets()
    parts = [metrics.boundary_counts(*pair, len(STREET), 3) for pair in zip(predicted, semantic, strict=True)]
    total = sum(parts)
    assert total.equal(metrics.boundary_counts(predicted, semantic, len(STREET), 3))
    assert total.dtype == torch.int64 and total.shape == (len(STREET), 2) and (total[:, 0] <= total[:, 1]).all()
    ious = metrics.boundary_iou(predicted, semantic, len(STREET), 3)
    assert same(total[:, 0].double() / total[:, 1], ious) and 0.1 < ious.nanmean() < 0.9


@pytest.mark.parametrize("whole", [np.int64, np.uint8])
def test_a_whole_number_may_be_numpys(whole: type) -> None:
    """Also one whose square is too large for its own kind."""
    predicted, semantic = noisy_streets()
    for count in (len(STREET), 200):
        confusion = metrics.confusion_matrix(predicted, semantic, count)
        assert metrics.confusion_matrix(predicted, semantic, whole(count)).equal(confusion)
        expected = metrics.boundary_iou(predicted, semantic, count, 2)
        assert same(metrics.boundary_iou(predicted, semantic, whole(count), whole(2)), expected)


@steady
@given(map_pairs())
def test_dice_of_categories_is_that_of_their_masks(maps: tuple[Tensor, Tensor]) -> None:
    predicted, semantic = maps
    scores = metrics.category_dice(metrics.confusion_matrix(predicted, semantic, CATEGORIES))
    counts = semantic != VOID
    ones = [metrics.dice((predicted == each) & counts, semantic == each) for each in range(CATEGORIES)]
    assert same(scores, torch.tensor(ones, dtype=torch.float64)) and scores.dtype == torch.float64


def test_pixels_counted_by_hand() -> None:
    semantic = torch.tensor([[0, 0, 1], [1, VOID, 0]])
    predicted = torch.tensor([[0, 1, 1], [1, 2, 3]])  # 2 stands on void alone, so it does not occur
    confusion = metrics.confusion_matrix(predicted, semantic, 5)
    assert confusion[:2].tolist() == [[1, 1, 0, 1, 0], [0, 2, 0, 0, 0]] and confusion.sum() == 5
    assert same(
        metrics.category_iou(confusion), torch.tensor([1 / 3, 2 / 3, math.nan, 0, math.nan], dtype=torch.float64)
    )
    assert metrics.mean_iou(confusion) == pytest.approx((1 / 3 + 2 / 3 + 0) / 3)
    assert metrics.pixel_accuracy(confusion) == 3 / 5


def test_nothing_to_score_is_nan() -> None:
    confusion = metrics.confusion_matrix(torch.zeros(2, 3).long(), torch.full((2, 3), VOID), 2)
    assert not confusion.any()
    assert math.isnan(metrics.mean_iou(confusion)) and math.isnan(metrics.pixel_accuracy(confusion))
    assert metrics.boundary_iou(torch.zeros(2, 3).long(), torch.full((2, 3), VOID), 2).isnan().all()


def test_boundaries_counted_by_hand() -> None:
    semantic, hole = torch.zeros(2, 5, 5, dtype=torch.int64)
    hole[2, 2] = 1
    # The frame of 16 pixels, for the edge of the picture is a contour; in `hole` also the 8 around the hole.
    assert metrics.boundary_iou(hole, semantic, 2, distance=1).tolist() == [16 / 24, 0]
    semantic[2, 2] = VOID  # then both have the 8, whatever is predicted in the hole
    for predicted in (hole, torch.zeros_like(hole)):
        scores = metrics.boundary_iou(predicted, semantic, 2, distance=1)
        assert scores[0] == 1 and scores[1].isnan()


def test_a_slipped_border_shows_in_boundary_iou() -> None:
    semantic = torch.zeros(96, 128, dtype=torch.int64)
    semantic[20:70, 30:90] = 1
    slipped = semantic.roll(2, 1)
    assert score(slipped, semantic)[1] == 58 / 62
    assert metrics.boundary_iou(slipped, semantic, 2)[1] == 232 / 616  # of 50·60 - 46·56 = 424 pixels: 2·2·58 in both
    assert metrics.boundary_iou(slipped, semantic, 2, distance=10)[1] > 0.75  # thicker is milder


SMALL = torch.zeros(2, 3, dtype=torch.int64)


@pytest.mark.parametrize("count", [metrics.confusion_matrix, metrics.boundary_iou, metrics.boundary_counts])
@pytest.mark.parametrize(
    ("predicted", "semantic", "categories", "words"),
    [
        (SMALL.int(), SMALL, 2, r"predicted: expected int64 \[H, W\] or \[N, H, W\], got torch.int32 \[2, 3\]"),
        (SMALL, SMALL.double(), 2, "semantic: expected int64 .* got torch.float64"),
        (SMALL[0], SMALL[0], 2, r"predicted: expected int64 .* got torch.int64 \[3\]"),
        (SMALL[None, None], SMALL[None, None], 2, r"predicted: .* got torch.int64 \[1, 1, 2, 3\]"),
        (SMALL[:0], SMALL[:0], 2, r"predicted: expected int64 .* got torch.int64 \[0, 3\]"),
        (
            SMALL,
            SMALL[:1],
            2,
            r"predicted: expected the shape of semantic, \[1, 3\], got \[2, 3\]",
        ),  # it would broadcast
        (SMALL + 2, SMALL, 2, r"predicted: expected category ids 0\.\.1, got \[2\]"),
        (SMALL - 1, SMALL, 2, r"predicted: expected category ids 0\.\.1, got \[-1\]"),
        (SMALL + VOID, SMALL + VOID, 2, r"predicted: expected category ids 0\.\.1, got \[255\]"),
        (SMALL, SMALL + 2, 2, r"semantic: expected category ids 0\.\.1 or 255 for void, got \[2\]"),
        (SMALL, SMALL - 1, 2, r"semantic: expected category ids 0\.\.1 or 255 for void, got \[-1\]"),
        (SMALL, SMALL + VOID + 1, 2, r"semantic: expected category ids 0\.\.1 or 255 for void, got \[256\]"),
        (SMALL, SMALL, 0, r"num_categories: expected 1\.\.255, got 0"),
        (SMALL, SMALL, 2.0, r"num_categories: expected 1\.\.255, got 2.0"),
        (SMALL, SMALL, 256, r"num_categories: expected 1\.\.255, got 256"),
    ],
)
def test_bad_maps_are_named(count, predicted: Tensor, semantic: Tensor, categories: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        count(predicted, semantic, categories)


@pytest.mark.parametrize("distance", [0, -1, 1.5, True, np.float64(2)])
def test_a_bad_distance_is_named(distance: float) -> None:
    with pytest.raises(ValueError, match=f"distance: expected a whole number of pixels from 1, got {distance}$"):
        metrics.boundary_iou(SMALL, SMALL, 2, distance)


@pytest.mark.parametrize(
    "measure", [metrics.pixel_accuracy, metrics.category_iou, metrics.category_dice, metrics.mean_iou]
)
@pytest.mark.parametrize("confusion", [SMALL, SMALL[0], torch.zeros(2, 2)])
def test_a_bad_matrix_is_named(measure, confusion: Tensor) -> None:
    with pytest.raises(ValueError, match=r"confusion: expected int64 \[C, C\], got torch"):
        measure(confusion)
