"""Questions about lists of objects, against slow loops that say the same."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from helpers import objects
from helpers.labels import Instances, masks_to_boxes
from helpers.objects import crowding, lowest, regions, surer_than, touching

pytestmark = pytest.mark.lesson4
QUICK = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
NEAR = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]


@st.composite
def lists(draw: st.DrawFn) -> Instances:
    """Up to five objects of three categories, most of them sparse, some empty, in a small picture."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    count, height, width = draw(st.integers(0, 5)), draw(st.integers(1, 7)), draw(st.integers(1, 7))
    density = draw(st.sampled_from((0.02, 0.1, 0.4)))
    return {
        "masks": torch.rand(count, height, width, generator=generator) < density,
        "labels": torch.randint(0, 3, (count,), generator=generator),
        "scores": torch.rand(count, generator=generator),
    }


def places(mask: Tensor) -> set[tuple[int, ...]]:
    return {tuple(place) for place in mask.nonzero().tolist()}


def touch(one: Tensor, other: Tensor) -> bool:
    grown = {(row + down, column + right) for row, column in places(one) for down, right in NEAR}
    return bool(grown & places(other))


def patches(region: Tensor) -> list[set[tuple[int, ...]]]:
    """The connected regions of a mask, by flooding from one pixel after the other; corners connect."""
    left, found = places(region), []
    for start in sorted(left):
        if start not in left:
            continue
        left.remove(start)
        reached, edge = {start}, [start]
        while edge:
            row, column = edge.pop()
            fresh = {(row + down, column + right) for down, right in NEAR} & left
            left -= fresh
            reached |= fresh
            edge += fresh
        found.append(reached)
    return found


@QUICK
@given(lists(), st.floats(0, 1, width=32))
def test_the_surer_ones_are_kept_in_order(instances: Instances, score: float) -> None:
    kept = [row for row, value in enumerate(instances["scores"].tolist()) if value > score]
    found = surer_than(instances, score)
    assert found.keys() == instances.keys()
    assert all(torch.equal(found[key], instances[key][kept]) for key in instances)


def test_an_equal_score_is_not_surer() -> None:
    one = {"masks": torch.ones(1, 2, 2) > 0, "labels": torch.tensor([1]), "scores": torch.tensor([0.5])}
    assert len(surer_than(one, 0.5)["scores"]) == 0 and len(surer_than(one, 0.49)["scores"]) == 1


@QUICK
@given(lists())
def test_masks_that_are_a_pixel_apart_or_less_touch(instances: Instances) -> None:
    masks = instances["masks"]
    expected = [any(touch(one, other) for at, other in enumerate(masks) if at != row) for row, one in enumerate(masks)]
    found = touching(masks)
    assert found.dtype == torch.bool and found.tolist() == expected


def test_a_corner_touches_a_gap_does_not() -> None:
    masks = torch.zeros(3, 1, 6, dtype=torch.bool)
    masks[0, 0, 0] = masks[1, 0, 1] = masks[2, 0, 3] = True
    assert touching(masks).tolist() == [True, True, False]
    corner = torch.eye(2, dtype=torch.bool)[:, :, None] & torch.eye(2, dtype=torch.bool)[:, None]
    assert touching(corner).tolist() == [True, True]


@QUICK
@given(lists(), st.integers(0, 2) | st.none())
def test_crowding_counts_those_that_touch_their_own_kind(instances: Instances, label: int | None) -> None:
    masks, labels = instances["masks"], instances["labels"].tolist()
    count = sum(
        any(at != row and labels[at] == labels[row] and touch(masks[row], masks[at]) for at in range(len(masks)))
        for row in range(len(masks))
        if label is None or labels[row] == label
    )
    assert crowding(instances, label) == count


@QUICK
@given(st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 9), st.integers(1, 6), st.permutations([0, 1, 2]))
def test_regions_are_what_a_flood_reaches(seed: int, height: int, width: int, least: int, labels: list[int]) -> None:
    generator = torch.Generator().manual_seed(seed)
    semantic = torch.tensor([0, 1, 2, 255])[torch.randint(0, 4, (height, width), generator=generator)]
    wanted = labels[: seed % 4]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(objects, "SMALLEST", least)
        found = regions(semantic, wanted)
    expected = [(label, patch) for label in wanted for patch in patches(semantic == label) if len(patch) >= least]
    got = [(int(label), places(mask)) for label, mask in zip(found["labels"], found["masks"], strict=True)]
    assert sorted((label, sorted(patch)) for label, patch in got) == sorted(
        (label, sorted(patch)) for label, patch in expected
    )
    assert [label for label, _ in got] == [label for label, _ in expected]  # in the order that was asked for
    assert torch.equal(found["boxes"], masks_to_boxes(found["masks"]))
    assert found["scores"].tolist() == [1.0] * len(expected) and found["labels"].dtype == torch.int64
    assert found["masks"].shape[1:] == semantic.shape and found["masks"].dtype == torch.bool


def test_a_region_counts_from_64_pixels() -> None:
    semantic = torch.full((9, 20), 255)
    semantic[:8, :8], semantic[:7, 10:19] = 1, 1
    assert [int(mask.sum()) for mask in regions(semantic, [1])["masks"]] == [64]


@QUICK
@given(lists(), st.lists(st.integers(0, 3), min_size=1, max_size=3))
def test_the_lowest_one_has_the_pixel_furthest_down(instances: Instances, labels: list[int]) -> None:
    best, row_of_best = None, -1
    for mask, label in zip(instances["masks"], instances["labels"].tolist(), strict=True):
        reach = max((row for row, _ in places(mask)), default=-1)
        if label in labels and reach > row_of_best:
            best, row_of_best = mask, reach
    found = lowest(instances, labels)
    assert (found is None) if best is None else torch.equal(found, best)


def test_an_empty_mask_is_nobody() -> None:
    masks = torch.zeros(2, 4, 4, dtype=torch.bool)
    masks[1, 1, 1] = True
    instances = {"masks": masks, "labels": torch.tensor([1, 1])}
    assert torch.equal(lowest(instances, [1]), masks[1])
    assert lowest({key: value[:1] for key, value in instances.items()}, [1]) is None


LIST = {"masks": torch.ones(1, 2, 2) > 0, "labels": torch.tensor([1]), "scores": torch.tensor([0.5])}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: surer_than({"scores": torch.ones(1)}, 0.5), "instances: expected masks, labels, scores, got no masks"),
        (lambda: surer_than(LIST | {"scores": torch.ones(2)}, 0.5), r"instances\['scores'\]: expected float \[1\]"),
        (lambda: touching(torch.ones(1, 2, 2)), r"masks: expected bool \[N, H, W\], got torch.float32 \[1, 2, 2\]"),
        (lambda: crowding({"masks": LIST["masks"]}), "instances: expected masks, labels, got no labels"),
        (lambda: regions(torch.ones(2, 2), [1]), r"semantic: expected int64 \[H, W\], got torch.float32 \[2, 2\]"),
        (lambda: lowest(LIST, []), "labels: expected at least one category, got 0"),
        (lambda: lowest({"labels": LIST["labels"]}, [1]), "instances: expected masks, labels, got no masks"),
    ],
)
def test_what_does_not_fit_is_named(call: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
