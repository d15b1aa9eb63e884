"""Scores: against pycocotools and scikit-learn, and what must hold whatever the masks are."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco
from sklearn.metrics import jaccard_score

from helpers import metrics

pytestmark = pytest.mark.lesson1
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
def test_bad_input_is_named(a: torch.Tensor, b: torch.Tensor, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        metrics.iou(a, b)
