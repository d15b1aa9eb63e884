"""The score of a painting: counted by hand, and against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from painting import TRUTH
from sklearn.metrics import jaccard_score

from helpers import metrics
from helpers.categories import STREET, VOID
from helpers.show.painting_score import score_painting

pytestmark = pytest.mark.lesson1
_ = VOID


def test_the_score_as_counted_by_hand() -> None:
    painted = [[0, 0, 0, 0, 0, 0], [0, 0, 0, _, 2, 6], [6, 6, 6, 6, 6, 6], [0, 0, 0, _, _, _]]
    score = score_painting(np.array(painted), torch.tensor(TRUTH), STREET)
    assert (score.counted, score.right, score.unlabelled, score.void) == (23, 14, 4, 1)
    assert [(each.category.name, each.both, each.painted, each.truth) for each in score.categories] == [
        ("sky", 8, 11, 11),  # the sky painted on the void pixel does not count
        ("road", 0, 1, 0),
        ("car", 6, 7, 12),
    ]
    assert [each.iou for each in score.categories] == [8 / 14, 0, 6 / 13]
    assert score.mean_iou == pytest.approx((8 / 14 + 0 + 6 / 13) / 3)  # road is not in the picture, and was painted
    assert score.pixel_accuracy == 14 / 23


def test_the_truth_itself_scores_one_and_nothing_scores_zero() -> None:
    truth = torch.tensor(TRUTH)
    best, none = (score_painting(each, truth, STREET) for each in (truth, torch.full_like(truth, VOID)))
    assert (best.mean_iou, best.pixel_accuracy, best.unlabelled) == (1, 1, 0)
    assert (none.mean_iou, none.pixel_accuracy, none.unlabelled) == (0, 0, 23)


@pytest.mark.parametrize("seed", range(5))
def test_the_iou_is_that_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, painted = rng.choice([0, 1, 2, 3, 5, VOID], (2, 30, 40))
    painted[painted == 3] = 7  # 3 is in the truth alone, 7 in the painting alone
    score = score_painting(painted, truth, STREET)
    counts = truth != VOID
    labels = [each.category.id for each in score.categories]
    expected = jaccard_score(truth[counts], painted[counts], labels=labels, average=None)
    assert labels == [0, 1, 2, 3, 5, 7]
    assert [each.iou for each in score.categories] == pytest.approx(expected)
    assert score.mean_iou == pytest.approx(expected.mean())
    assert score.pixel_accuracy == pytest.approx((truth == painted)[counts].mean())


@pytest.mark.parametrize(
    ("painted", "truth", "words"),
    [
        (np.zeros((4, 5), int), TRUTH, r"painted: expected the size of the truth, \[4, 6\], got \[4, 5\]"),
        (np.full((4, 6), 8), TRUTH, r"painted: expected ids 0..7 or 255, got \[8\]"),
        (np.full((4, 6), -1), TRUTH, r"painted: expected ids 0..7 or 255, got \[-1\]"),
        (np.zeros((4, 6)), TRUTH, r"painted: expected integers \[H, W\], got float64 \[4, 6\]"),
        (np.zeros((4, 6), int), np.full((4, 6), VOID), "semantic: expected at least one pixel with a label"),
        (np.zeros((4, 6), int), np.full((4, 6), 9), r"semantic: expected ids 0..7 or 255, got \[9\]"),
    ],
)
def test_maps_that_cannot_be_scored(painted: np.ndarray, truth: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        score_painting(painted, np.array(truth), STREET)


@pytest.mark.parametrize("seed", range(5))
def test_the_mean_is_that_of_the_metrics(seed: int) -> None:
    """One name, one meaning: a network that gave this map would have the same mean IoU."""
    generator = torch.Generator().manual_seed(seed)
    truth, painted = torch.randint(0, 8, (2, 12, 15), generator=generator)
    truth[truth == 3], painted[painted == 5] = 0, 1
    truth[:2] = VOID
    expected = metrics.mean_iou(metrics.confusion_matrix(painted, truth, len(STREET)))
    assert score_painting(painted.numpy(), truth, STREET).mean_iou == pytest.approx(expected)


def test_one_wrong_pixel_of_an_absent_category_costs_as_much_as_a_category() -> None:
    truth = torch.zeros(4, 4, dtype=torch.int64)
    truth[2:] = 2
    painted = truth.clone()
    painted[0, 0] = 6
    assert score_painting(painted.numpy(), truth, STREET).mean_iou == pytest.approx((7 / 8 + 1 + 0) / 3)
