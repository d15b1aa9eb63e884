"""Fusion: the truth back from exact answers, cases by hand, thresholds at their bounds, and what always holds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from helpers.categories import STREET, VOID, CategorySet
from helpers.fusion import STUFF_AREA, fuse_by_score, majority_vote, merge_queries, vote
from helpers.labels import Instances, Panoptic, Segment, is_thing, panoptic_to_semantic, semantic_to_panoptic
from helpers.metrics import panoptic_counts, panoptic_quality
from helpers.models.panoptic_deeplab import to_instances
from helpers.scenes.scene import Scene
from helpers.scenes.street import street

pytestmark = pytest.mark.lesson7
steady = settings(deadline=None, derandomize=True)  # the same examples each time, on a slow machine too
SKY, ROAD, TREE, CAR, PERSON = 0, 2, 5, 6, 7


def check(result: Panoptic, categories: CategorySet = STREET) -> None:
    """Whether it is a panoptic map as the module promises it."""
    ids, segments = result
    assert ids.dtype == torch.int64 and ids.ndim == 2 and isinstance(segments, tuple)
    assert [segment.id for segment in segments] == list(range(1, len(segments) + 1))
    areas = torch.bincount(ids.flatten(), minlength=len(segments) + 1)
    assert len(areas) == len(segments) + 1
    assert [segment.area for segment in segments] == areas[1:].tolist() and all(areas[1:] > 0)
    assert [segment.isthing for segment in segments] == [categories[each.category_id].isthing for each in segments]
    stuff = [segment.category_id for segment in segments if not segment.isthing]
    assert len(set(stuff)) == len(stuff) and not any(
        segment.isthing for segment in segments[len(segments) - len(stuff) :]
    )
    assert all(type(each.area) is int and type(each.score) is float and 0 <= each.score <= 1 for each in segments)
    assert not any(segment.iscrowd for segment in segments)


def told(result: Panoptic) -> list[tuple[int, int]]:
    """Category and area of each segment."""
    return [(segment.category_id, segment.area) for segment in result.segments]


def row(*pieces: tuple[int, int]) -> Tensor:
    """A map of one row, from (value, how many pixels) after (value, how many pixels)."""
    return torch.cat([torch.full((pixels,), value) for value, pixels in pieces])[None]


def spans(width: int, *ends: tuple[int, int]) -> Tensor:
    """Masks of one row, each true from its first column to before its last."""
    column = torch.arange(width)
    return torch.stack([(column >= first) & (column < last) for first, last in ends])[:, None]


def things(masks: Tensor, labels: list[int], scores: list[float]) -> Instances:
    return {"masks": masks, "labels": torch.tensor(labels), "scores": torch.tensor(scores)}


NO_THINGS: Instances = {
    "masks": torch.zeros(0, 1, 200) > 0, "labels": torch.zeros(0).long(), "scores": torch.zeros(0)
}  # fmt: skip


# --- exact answers give the truth back ---


def from_masks(scene: Scene) -> Panoptic:
    return fuse_by_score(scene.semantic, scene.instances, STREET, stuff_area=0)


def from_groups(scene: Scene) -> Panoptic:
    group = scene.panoptic.where(is_thing(scene.semantic, STREET), -1)
    return majority_vote(scene.semantic, group, STREET, stuff_area=0)


def from_queries(scene: Scene) -> Panoptic:
    """A query for each segment, and two that see nothing."""
    ids = torch.tensor([segment.id for segment in scene.segments] + [-1, -1])
    label = torch.tensor([segment.category_id for segment in scene.segments] + [len(STREET)] * 2)
    return merge_queries(torch.eye(len(STREET) + 1)[label], (scene.panoptic == ids[:, None, None]).float(), STREET)


@pytest.mark.parametrize("fuse", [from_masks, from_groups, from_queries])
@pytest.mark.parametrize("seed", range(6))
def test_exact_answers_give_the_truth_back(fuse: Callable[[Scene], Panoptic], seed: int) -> None:
    scene = street(seed)
    result = fuse(scene)
    check(result)
    score = panoptic_quality(panoptic_counts(result, (scene.panoptic, scene.segments), STREET), STREET)
    assert score["PQ"] == 1 and score["PQ things"] == 1 and score["PQ stuff"] == 1
    assert panoptic_to_semantic(*result).equal(scene.semantic)
    assert (result.map == 0).equal(scene.panoptic == 0)
    assert sorted(told(result)) == sorted((each.category_id, each.area) for each in scene.segments)


# --- what the three share ---


def by_masks(semantic: Tensor, **options: int) -> Panoptic:
    none = {**NO_THINGS, "masks": torch.zeros(0, *semantic.shape) > 0}
    return fuse_by_score(semantic, none, STREET, **options)


def by_groups(semantic: Tensor, **options: int) -> Panoptic:
    return majority_vote(semantic, torch.full_like(semantic, -1), STREET, **options)


@pytest.mark.parametrize("fuse", [by_masks, by_groups])
def test_without_things_there_is_stuff_alone(fuse: Callable[..., Panoptic]) -> None:
    result = fuse(row((ROAD, 70), (CAR, 80), (VOID, 10), (SKY, 64)), stuff_area=STUFF_AREA)
    check(result)
    assert told(result) == [(SKY, 64), (ROAD, 70)]  # in the order of the categories
    assert result.map.equal(row((2, 70), (0, 80), (0, 10), (1, 64)))  # a thing of which nobody knows which, is void
    void = fuse(row((VOID, 100)))
    assert void.segments == () and not void.map.any()


@pytest.mark.parametrize("fuse", [by_masks, by_groups])
def test_small_stuff_becomes_void(fuse: Callable[..., Panoptic]) -> None:
    assert STUFF_AREA == 64
    for pixels, left in ((63, []), (64, [(ROAD, 64)]), (65, [(ROAD, 65)])):
        result = fuse(row((ROAD, pixels), (VOID, 9)), stuff_area=STUFF_AREA)
        check(result)
        assert told(result) == left and int((result.map == 0).sum()) == 9 + (not left) * pixels
    for scale in (1, 2):  # the limit grows with the picture
        for pixels, left in ((64 * scale**2 - 1, 0), (64 * scale**2, 1)):
            semantic = torch.full((96 * scale, 128 * scale), VOID)
            semantic.view(-1)[:pixels] = ROAD
            assert len(fuse(semantic).segments) == left
    assert told(fuse(row((ROAD, 3)), stuff_area=3)) == [(ROAD, 3)]
    assert told(fuse(row((ROAD, 3)), stuff_area=4)) == []
    assert told(fuse(row((ROAD, 3)), stuff_area=0)) == [(ROAD, 3)]  # and no segment for stuff that is not there


def test_the_limit_of_stuff_counts_what_things_leave() -> None:
    semantic = row((ROAD, 104))
    for last, stuff in ((40, [(ROAD, 64)]), (41, [])):
        result = fuse_by_score(semantic, things(spans(104, (0, last)), [CAR], [0.9]), STREET, stuff_area=64)
        check(result)
        assert told(result) == [(CAR, last), *stuff]


def test_a_semantic_map_as_panoptic_knows_its_things_and_areas() -> None:
    """All things of a category are one segment, since the map knows no better; yet it is a thing."""
    semantic = row((ROAD, 70), (CAR, 20), (ROAD, 5), (CAR, 7), (VOID, 3), (PERSON, 9))
    ids, segments = semantic_to_panoptic(semantic, STREET)
    assert segments == (
        Segment(ROAD + 1, ROAD, False, 75),
        Segment(CAR + 1, CAR, True, 27),
        Segment(PERSON + 1, PERSON, True, 9),
    )
    assert ids.equal(row((ROAD + 1, 70), (CAR + 1, 20), (ROAD + 1, 5), (CAR + 1, 7), (0, 3), (PERSON + 1, 9)))
    for seed in range(3):
        ids, segments = semantic_to_panoptic(street(seed).semantic, STREET)
        assert {segment.category_id for segment in segments if segment.isthing} <= {TREE, CAR, PERSON}
        assert any(segment.isthing for segment in segments) and not all(segment.isthing for segment in segments)
        assert [segment.area for segment in segments] == [int((ids == segment.id).sum()) for segment in segments]


# --- masks by score ---


def test_the_surer_mask_wins_whatever_its_row() -> None:
    semantic = row((ROAD, 200))
    masks = spans(200, (0, 30), (20, 60))
    for scores, areas in (([0.9, 0.6], [(CAR, 30), (PERSON, 30)]), ([0.6, 0.9], [(PERSON, 40), (CAR, 20)])):
        result = fuse_by_score(semantic, things(masks, [CAR, PERSON], scores), STREET)
        check(result)
        assert told(result) == [*areas, (ROAD, 140)]
        assert [segment.score for segment in result.segments] == pytest.approx([0.9, 0.6, 1])
    tied = fuse_by_score(semantic, things(masks, [CAR, PERSON], [0.6, 0.6]), STREET)
    assert told(tied) == [(CAR, 30), (PERSON, 30), (ROAD, 140)]  # of equal scores the earlier row


def test_many_equal_scores_keep_their_order() -> None:
    """More than a sort of few rows takes: an unstable one would mix them."""
    masks = torch.eye(40, dtype=torch.bool)[:, None].repeat_interleave(2, 2)
    labels = [CAR if place % 3 else PERSON for place in range(40)]
    result = fuse_by_score(row((VOID, 80)), things(masks, labels, [0.7] * 40), STREET)
    assert [segment.category_id for segment in result.segments] == labels
    assert result.map.equal(torch.arange(1, 41).repeat_interleave(2)[None])


@pytest.mark.parametrize("bound", [0.5, 0.8, 0.3, 0.7])
def test_a_score_at_the_bound_is_enough(bound: float) -> None:
    """Also for a number that no float32 holds."""
    semantic, masks = row((ROAD, 200)), spans(200, (0, 30), (50, 80))
    below = float(torch.tensor(bound).nextafter(torch.tensor(0.0)))
    result = fuse_by_score(semantic, things(masks, [CAR, CAR], [bound, below]), STREET, score=bound)
    assert told(result) == [(CAR, 30), (ROAD, 170)]


@pytest.mark.parametrize(
    ("taken", "overlap", "kept"),
    [(50, 0.5, True), (51, 0.5, False), (57, 0.57, True), (58, 0.57, False), (0, 0.0, True), (1, 0.0, False),
     (99, 1.0, True), (100, 1.0, False)],
)  # fmt: skip
def test_how_much_of_a_mask_may_be_taken(taken: int, overlap: float, kept: bool) -> None:
    """A mask of 100 pixels; one with nothing left is no thing."""
    masks = spans(400, (0, 100), (100 - taken, 200 - taken))
    result = fuse_by_score(row((ROAD, 400)), things(masks, [CAR, CAR], [0.9, 0.8]), STREET, overlap=overlap)
    check(result)
    assert told(result)[:-1] == [(CAR, 100)] + [(CAR, 100 - taken)] * kept
    assert told(result)[-1] == (ROAD, 400 - 100 - (100 - taken) * kept)  # what is left out goes to stuff


def test_what_is_left_out_takes_nothing() -> None:
    """An unsure mask, an empty one and one that is taken: the next may have their pixels."""
    masks = spans(200, (0, 40), (0, 40), (5, 5), (30, 70), (35, 75))
    result = fuse_by_score(row((CAR, 200)), things(masks, [CAR] * 5, [0.49, 0.9, 0.9, 0.8, 0.7]), STREET)
    check(result)
    assert told(result) == [(CAR, 40), (CAR, 30)]  # of the last, 5 + 30 pixels of 40 are taken
    assert result.map.equal(row((1, 40), (2, 30), (0, 130)))  # cars without a mask


def test_masks_win_over_the_semantic_map() -> None:
    result = fuse_by_score(row((VOID, 20), (SKY, 80), (PERSON, 20)), things(spans(120, (0, 110)), [CAR], [1.0]), STREET)
    check(result)
    assert told(result) == [(CAR, 110)] and result.map.equal(row((1, 110), (0, 10)))


# --- groups by vote ---


def test_most_pixels_name_the_group() -> None:
    semantic = row((CAR, 6), (PERSON, 5), (ROAD, 64), (TREE, 4))
    group = row((0, 11), (-1, 64), (1, 4))
    result = majority_vote(semantic, group, STREET, torch.tensor([0.25, 0.75]))
    check(result)
    assert result.segments == (
        Segment(1, CAR, True, 11, 0.25),
        Segment(2, TREE, True, 4, 0.75),
        Segment(3, ROAD, False, 64),
    )
    assert result.map.equal(row((1, 11), (3, 64), (2, 4)))


def test_of_equal_votes_the_smaller_category() -> None:
    for order in ([CAR, PERSON], [PERSON, CAR]):
        semantic, group = row(*((category, 5) for category in order)), row((0, 10))
        assert told(majority_vote(semantic, group, STREET)) == [(CAR, 10)]


def test_stuff_and_void_belong_to_no_thing() -> None:
    """They have no vote either, though they are the most of the group."""
    semantic, group = row((ROAD, 70), (CAR, 5), (VOID, 20), (PERSON, 4)), row((3, 99))
    result = majority_vote(semantic, group, STREET)
    check(result)
    assert told(result) == [(CAR, 9), (ROAD, 70)] and result.map.equal(row((2, 70), (1, 5), (0, 20), (1, 4)))


def test_groups_without_a_vote_are_no_things() -> None:
    semantic, group = row((ROAD, 70), (CAR, 5), (PERSON, 5)), row((0, 70), (4, 5), (-1, 5))
    scores = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    result = majority_vote(semantic, group, STREET, scores)
    check(result)
    assert result.segments == (Segment(1, CAR, True, 5, 0.5), Segment(2, ROAD, False, 70))
    assert result.map.equal(row((2, 70), (1, 5), (0, 5)))  # a person in no group is void
    nobody = majority_vote(semantic, torch.full_like(group, -1), STREET, scores[:0])
    check(nobody)
    assert told(nobody) == [(ROAD, 70)]


def test_the_votes_are_counted() -> None:
    semantic, group = row((ROAD, 2), (CAR, 3), (PERSON, 4), (PERSON, 1)), row((0, 2), (1, 7), (-1, 1))
    labels, areas = vote(semantic, group, 4, STREET)
    assert labels[1] == PERSON and areas.tolist() == [0, 7, 0, 0] and labels.shape == (4,)
    assert [each.shape for each in vote(semantic, torch.full_like(group, -1), 0, STREET)] == [(0,), (0,)]


def test_instances_are_sorted_by_score_and_not_by_heat() -> None:
    """A tree under the higher peak, of which the network is hardly sure, and a car under the lower one, which it is."""
    label = torch.tensor([[TREE] * 4 + [CAR] * 4] * 3)
    logits = torch.zeros(len(STREET), 3, 8)
    logits.scatter_(0, label[None], torch.where(label == CAR, 8.0, 0.5)[None])
    heat = torch.zeros(3, 8)
    heat[1, 0], heat[1, 7] = 0.9, 0.6
    found = to_instances(logits, heat, torch.zeros(2, 3, 8), STREET)
    shares = logits.softmax(0)
    expected = [0.6 * float(shares[CAR, 0, 7]), 0.9 * float(shares[TREE, 0, 0])]
    assert expected[0] > 2 * expected[1]
    assert found["labels"].tolist() == [CAR, TREE] and found["scores"].tolist() == pytest.approx(expected, abs=1e-6)
    assert found["masks"].equal(torch.stack([label == CAR, label == TREE]))
    assert found["boxes"].tolist() == [[4, 0, 8, 3], [0, 0, 4, 3]]


# --- queries ---


def shares(*queries: tuple[int, float]) -> Tensor:
    """Of each query the share of one category; the rest is evenly spread over the others."""
    size = len(STREET) + 1
    rows = torch.stack([torch.full((size,), (1 - share) / (size - 1)) for _, share in queries])
    for place, (category, share) in enumerate(queries):
        rows[place, category] = share
    return rows


NOTHING = len(STREET)


def test_each_pixel_goes_to_the_largest_product() -> None:
    """Where both claim, the one that is surer by 0.95 · 0.6 against 0.9 · 0.7 loses."""
    masks = torch.stack([row((1, 10), (6, 2), (0, 8)), row((0, 10), (7, 2), (10, 8))]) / 10
    masks[0][masks[0] == 0.1] = 1
    result = merge_queries(shares((CAR, 0.95), (PERSON, 0.9)), masks, STREET)
    check(result)
    assert told(result) == [(CAR, 10), (PERSON, 10)] and result.map.equal(row((1, 10), (2, 10)))
    assert [segment.score for segment in result.segments] == pytest.approx([0.95, 0.9])


def test_of_equal_products_the_earlier_query() -> None:
    masks = spans(20, (0, 11), (10, 20)).float()
    result = merge_queries(shares((CAR, 0.9), (PERSON, 0.9)), masks, STREET)
    assert told(result) == [(CAR, 11), (PERSON, 9)]


@pytest.mark.parametrize(("share", "takes_part"), [(0.8, True), (0.7999, False)])
def test_who_takes_part(share: float, takes_part: bool) -> None:
    """A query that is not sure, or sees nothing, competes for no pixel either."""
    masks = spans(30, (0, 20), (0, 30), (0, 30)).float()
    result = merge_queries(shares((CAR, share), (NOTHING, 0.99), (PERSON, 0.7)), masks, STREET)
    check(result)
    assert told(result) == [(CAR, 20)] * takes_part


@pytest.mark.parametrize(("won", "kept"), [(80, True), (79, False)])
def test_a_query_keeps_most_of_its_mask_or_goes(won: int, kept: bool) -> None:
    masks = spans(200, (0, 100), (won, 200)).float() * torch.tensor([0.9, 1])[:, None, None]
    result = merge_queries(shares((CAR, 0.9), (PERSON, 0.9)), masks, STREET)
    check(result)
    assert told(result) == [(CAR, won)] * kept + [(PERSON, 200 - won)]


@pytest.mark.parametrize(("won", "own"), [(57, 100), (55, 100), (30, 50), (54, 75)])
def test_the_share_to_keep_is_exact(won: int, own: int) -> None:
    """Where the product of share and pixels would be rounded, too."""
    masks = spans(200, (0, own), (won, 200)).float() * torch.tensor([0.9, 1])[:, None, None]
    assert (CAR, won) in told(merge_queries(shares((CAR, 0.9), (PERSON, 0.9)), masks, STREET, keep=won / own))
    over = merge_queries(shares((CAR, 0.9), (PERSON, 0.9)), masks, STREET, keep=won / own + 0.001)
    assert (CAR, won) not in told(over)


def test_half_a_mask_is_in_and_less_is_out() -> None:
    masks = (row((10, 5), (5, 5), (4, 5), (0, 5)) / 10)[None]
    result = merge_queries(shares((CAR, 0.9)), masks, STREET)
    check(result)
    assert result.map.equal(row((1, 10), (0, 10)))
    assert merge_queries(shares((CAR, 0.9)), masks * 0.4, STREET).segments == ()  # nowhere half


@pytest.mark.parametrize("sure", [(0.85, 0.95), (0.95, 0.85)])
def test_queries_of_one_stuff_become_one_segment_and_things_stay_apart(sure: tuple[float, float]) -> None:
    masks = spans(50, (0, 10), (10, 20), (20, 30), (30, 45)).float()
    result = merge_queries(shares((ROAD, sure[0]), (CAR, 0.9), (ROAD, sure[1]), (CAR, 0.8)), masks, STREET)
    check(result)
    assert told(result) == [(CAR, 10), (CAR, 15), (ROAD, 20)]
    assert [segment.score for segment in result.segments] == pytest.approx([0.9, 0.8, 0.95])  # of stuff the surest
    assert result.map.equal(row((3, 10), (1, 10), (3, 10), (2, 15), (0, 5)))


def test_no_queries_give_void() -> None:
    for some in (shares((CAR, 0.9))[:0], shares((NOTHING, 0.9), (CAR, 0.3))):
        result = merge_queries(some, torch.ones(len(some), 4, 5), STREET)
        check(result)
        assert result.map.shape == (4, 5) and not result.map.any()


# --- whatever comes in ---

SIZES = st.tuples(st.integers(1, 6), st.integers(1, 7))


@st.composite
def answers(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor, Instances]:
    """A semantic map, groups, scores of groups, and masks that may overlap or be empty."""
    size = draw(SIZES)
    semantic = draw(arrays(np.int64, size, elements=st.sampled_from([*range(8), CAR, ROAD, VOID])))
    group = draw(arrays(np.int64, size, elements=st.integers(-1, min(4, semantic.size - 1))))
    tenth = st.integers(0, 10).map(lambda value: value / 10)  # so that some are equal
    count = draw(st.integers(0, 5))
    masks = torch.from_numpy(draw(arrays(bool, (count, *size))))
    labels = draw(st.lists(st.sampled_from([TREE, CAR, PERSON]), min_size=count, max_size=count))
    scores = draw(st.lists(tenth, min_size=count, max_size=count))
    instances = {"masks": masks, "labels": torch.tensor(labels, dtype=torch.int64), "scores": torch.tensor(scores)}
    sure = torch.tensor(draw(st.lists(tenth, min_size=5, max_size=5)))
    return torch.from_numpy(semantic), torch.from_numpy(group), sure, instances


@steady
@given(answers(), st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0, 3, STUFF_AREA]))
def test_masks_always_give_a_valid_map(given, overlap: float, stuff_area: int) -> None:
    semantic, _, _, instances = given
    before = semantic.clone(), {name: values.clone() for name, values in instances.items()}
    result = fuse_by_score(semantic, instances, STREET, overlap=overlap, stuff_area=stuff_area)
    check(result)
    assert semantic.equal(before[0]) and all(values.equal(before[1][name]) for name, values in instances.items())
    sure = instances["masks"][instances["scores"] >= 0.5].any(0)
    for segment in result.segments:
        mask = result.map == segment.id
        if segment.isthing:  # each lies within one of the masks of its category
            fits = (instances["masks"] | ~mask).flatten(1).all(1) & (instances["labels"] == segment.category_id)
            assert (instances["scores"][fits] == segment.score).any()
        else:
            assert (semantic[mask] == segment.category_id).all() and segment.area >= stuff_area
    taken = torch.tensor([False, *(segment.isthing for segment in result.segments)])[result.map]
    assert not (taken & ~sure).any()
    if overlap == 1:
        assert taken.equal(sure)  # whoever has a pixel left is a thing
    kept = {segment.category_id for segment in result.segments if not segment.isthing}
    for category in STREET.stuff:
        rest = (semantic == category.id) & ~taken
        assert (category.id in kept) == (int(rest.sum()) >= max(stuff_area, 1))
        if category.id in kept:
            assert panoptic_to_semantic(*result)[rest].eq(category.id).all()


@steady
@given(answers(), st.sampled_from([0, 3, STUFF_AREA]), st.booleans())
def test_groups_always_give_a_valid_map(given, stuff_area: int, scored: bool) -> None:
    semantic, group, scores, _ = given
    before = semantic.clone(), group.clone()
    result = majority_vote(semantic, group, STREET, scores if scored else None, stuff_area)
    check(result)
    assert semantic.equal(before[0]) and group.equal(before[1])
    thing = is_thing(semantic, STREET)
    number = 0
    for place in range(5):
        members = thing & (group == place)
        if members.any():
            number += 1
            assert (result.map == number).equal(members)
            votes = semantic[members].bincount(minlength=8).tolist()
            segment = result.segments[number - 1]
            assert segment.category_id == votes.index(max(votes)) and segment.isthing
            assert segment.score == (float(scores[place]) if scored else 1.0)
    assert number == sum(segment.isthing for segment in result.segments)
    assert not result.map[thing & (group < 0)].any() and not result.map[semantic == VOID].any()
    for category in STREET.stuff:
        mask = semantic == category.id
        there = int(mask.sum()) >= max(stuff_area, 1)
        assert [each.area for each in result.segments if each.category_id == category.id] == [int(mask.sum())] * there


@steady
@given(SIZES, st.integers(0, 6), st.integers(0, 10**6), st.sampled_from([0.0, 0.5, 0.8]))
def test_queries_always_give_a_valid_map(size: tuple[int, int], count: int, seed: int, keep: float) -> None:
    dice = torch.Generator().manual_seed(seed)
    scores = (torch.randn(count, len(STREET) + 1, generator=dice) * 4).softmax(1)
    masks = (torch.randn(count, *size, generator=dice) * 4).sigmoid()
    before = scores.clone(), masks.clone()
    result = merge_queries(scores, masks, STREET, score=0.5, keep=keep)
    check(result)
    assert scores.equal(before[0]) and masks.equal(before[1])
    sure, label = scores.max(1)
    part = [query for query in range(count) if label[query] < len(STREET) and sure[query] >= 0.5]
    claims: dict[int, Tensor] = {}
    for query in part:
        wins = torch.stack([sure[query] * masks[query] >= sure[other] * masks[other] for other in part]).all(0)
        own = masks[query] >= 0.5
        if own.any() and int((wins & own).sum()) >= keep * int(own.sum()) and (wins & own).any():
            category = int(label[query])
            key = category if not STREET[category].isthing else -1 - query
            claims[key] = claims.get(key, torch.zeros(size) > 0) | (wins & own)
    expected = sorted((mask.flatten().tolist() for mask in claims.values()), reverse=True)
    assert sorted([(result.map == each.id).flatten().tolist() for each in result.segments], reverse=True) == expected


# --- bad input ---

MAP = row((ROAD, 200))
ONE = things(spans(200, (0, 30)), [CAR], [0.9])
SURE, MASKS = shares((CAR, 0.9), (ROAD, 0.9)), torch.ones(2, 4, 5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: fuse_by_score(MAP.int(), ONE, STREET), r"semantic: expected int64 \[H, W\], got torch.int32"),
        (lambda: fuse_by_score(MAP[None], ONE, STREET), r"semantic: expected int64 \[H, W\], got torch.int64 \[1, 1"),
        (lambda: fuse_by_score(MAP + 6, ONE, STREET), r"semantic: expected category ids 0\.\.7 or 255 .* got \[8\]"),
        (lambda: fuse_by_score(MAP, {"masks": ONE["masks"]}, STREET), "instances: .* got no labels, scores"),
        (lambda: fuse_by_score(MAP, {**ONE, "labels": torch.tensor([ROAD])}, STREET), r".*expected ids of things, \[5"),
        (lambda: fuse_by_score(MAP, {**ONE, "scores": torch.tensor([torch.nan])}, STREET), r".*got 1 that are nan"),
        (lambda: fuse_by_score(MAP.mT, ONE, STREET), r"instances\['masks'\]: expected masks of \[200, 1\], got \[1, 2"),
        (lambda: majority_vote(MAP.float(), MAP, STREET), r"semantic: expected int64 \[H, W\], got torch.float32"),
        (lambda: majority_vote(MAP, MAP.int(), STREET), r"group: expected int64 \[1, 200\], got torch.int32"),
        (lambda: majority_vote(MAP, MAP[:, :9], STREET), r"group: expected int64 \[1, 200\], got torch.int64 \[1, 9\]"),
        (lambda: majority_vote(MAP, MAP - 4, STREET), r"group: expected numbers -1\.\.199, got -2\.\.-2"),
        (lambda: majority_vote(MAP, MAP + 10**12, STREET), r"group: expected numbers -1\.\.199, got 1000000000002"),
        (lambda: majority_vote(MAP, MAP, STREET, torch.ones(2)), "scores: expected one for each group, 3 or more"),
        (lambda: majority_vote(MAP, MAP, STREET, torch.ones(3).long()), r"scores: expected float \[N\], got torch"),
        (lambda: majority_vote(MAP, MAP, STREET, torch.ones(3) * torch.nan), "scores: expected numbers, got 3 that"),
        (lambda: merge_queries(SURE[:, :8], MASKS, STREET), r"shares: expected float \[Q, 9\], got .* \[2, 8\]"),
        (lambda: merge_queries(SURE.long(), MASKS, STREET), r"shares: expected float \[Q, 9\], got torch.int64"),
        (lambda: merge_queries(SURE, MASKS[:1], STREET), r"masks: expected float \[2, H, W\], got .* \[1, 4"),
        (lambda: merge_queries(SURE, MASKS > 0, STREET), r"masks: expected float \[2, H, W\], got torch.bool"),
        (lambda: merge_queries(SURE, MASKS[:, :0], STREET), r"masks: expected float \[2, H, W\], got torch.float32"),
        (lambda: merge_queries(SURE * torch.nan, MASKS, STREET), r"shares: expected values in 0\.\.1"),
        (lambda: merge_queries(SURE, MASKS * 3 - 5, STREET), r"masks: expected values in 0\.\.1"),  # logits
        (lambda: merge_queries(SURE, MASKS * 3, STREET), r"masks: expected values in 0\.\.1"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match="^" + words):
        call()
