"""Scenes for training and scoring: whose seeds they have, how they are stacked, and in which order they come."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice

import pytest
import torch

from helpers.categories import STREET, VOID
from helpers.labels import Segment
from helpers.scenes.dataset import TEST, VALIDATION, Drawn, batches, fresh_scenes, stack, stack_things, streets
from helpers.scenes.scene import Scene
from helpers.scenes.street import street

pytestmark = pytest.mark.lesson2


# --- seeds ---


def test_streets_are_drawn_from_their_seeds() -> None:
    scenes = streets(2, start=VALIDATION, size=(64, 80))
    images, maps = stack(scenes)
    assert images.shape == (2, 3, 64, 80) and maps.shape == (2, 64, 80) and maps.dtype == torch.int64
    assert torch.equal(images[1], street(VALIDATION + 1, (64, 80)).image)
    assert (VALIDATION, TEST) == (1_000_000, 2_000_000)


@pytest.mark.parametrize(
    ("count", "start"),
    [(3, 0), (VALIDATION, 0), (1, VALIDATION - 1), (VALIDATION, VALIDATION), (1, TEST), (10**7, TEST), (0, VALIDATION)],
)
def test_scenes_drawn_when_asked_for_have_the_seeds_from_start_on(count: int, start: int) -> None:
    drawn: list[int] = []
    scenes = Drawn(lambda seed: drawn.append(seed) or seed, count, start)
    assert len(scenes) == count and drawn == []
    if count:
        assert (scenes[0], scenes[count - 1], scenes[-1]) == (start, start + count - 1, start + count - 1)
        assert drawn == [start, start + count - 1, start + count - 1], "nothing is kept"
    with pytest.raises(IndexError):
        scenes[count]
    with pytest.raises(TypeError, match="slice"):
        scenes[:2]
    assert list(islice(scenes, 2)) == [start, start + 1][:count]


@pytest.mark.parametrize(
    ("count", "start", "words"),
    [
        (2, VALIDATION - 1, "count: expected at most 1, since other seeds begin at 1000000, got 2"),
        (VALIDATION + 1, 0, "count: expected at most 1000000, since other seeds begin at 1000000, got 1000001"),
        (101, TEST - 100, "count: expected at most 100, since other seeds begin at 2000000, got 101"),
        (TEST + 1, 0, "count: expected at most 1000000, since other seeds begin at 1000000, got 2000001"),
        (-1, 0, "count: expected a whole number from 0, got -1"),
        (2.5, 0, "count: expected a whole number from 0, got 2.5"),
        (1, -1, "start: expected a whole number from 0, got -1"),
        (1, True, "start: expected a whole number from 0, got True"),
    ],
)
def test_seeds_of_two_kinds_are_refused(count: int, start: int, words: str) -> None:
    for make in (lambda: Drawn(street, count, start), lambda: streets(count, start)):
        with pytest.raises(ValueError, match=re.escape(words)):
            make()


# Draws that cost nothing, and say which seeds were asked for: they travel to other processes.


def seed_alone(seed: int) -> int:
    return seed


def as_tensor(seeds: list[int]) -> tuple[torch.Tensor, ...]:
    return (torch.tensor(seeds),)


def fresh_seeds(size: int, count: int, workers: int = 1) -> list[list[int]]:
    source = fresh_scenes(size, as_tensor, seed_alone, workers)
    return [next(source)[0].tolist() for _ in range(count)]


def test_fresh_streets_never_come_twice() -> None:
    source = fresh_scenes(3)
    for first in (0, 3):
        image, semantic = next(source)
        for place in range(3):
            scene = street(first + place)
            assert torch.equal(image[place], scene.image) and torch.equal(semantic[place], scene.semantic)


def test_no_seed_of_validation_is_ever_drawn() -> None:
    """Every seed of training comes once before any comes again, also where a batch does not end at the last."""
    first, second, third, fourth, fifth = fresh_seeds(300_000, 5)
    seeds = [*first, *second, *third, *fourth, *fifth]
    assert seeds[:VALIDATION] == list(range(VALIDATION)) and seeds[VALIDATION:] == list(range(500_000))


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_draw_in_turn_what_one_would(workers: int) -> None:
    assert fresh_seeds(4, 9, workers) == [list(range(4 * batch, 4 * batch + 4)) for batch in range(9)]


@pytest.mark.parametrize("workers", [1, 2])
def test_processes_of_one_training_share_the_seeds(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `torchrun` numbers them."""
    seeds: Counter[int] = Counter()
    monkeypatch.setenv("WORLD_SIZE", "3")
    for rank in range(3):
        monkeypatch.setenv("RANK", str(rank))
        for batch in fresh_seeds(4, 6, workers):
            seeds.update(batch)
    assert seeds == Counter(range(3 * 6 * 4))


@pytest.mark.parametrize("name", ["size", "workers"])
@pytest.mark.parametrize("number", [0, -2, 1.5])
def test_fresh_scenes_need_whole_numbers_and_say_so_at_once(name: str, number: float) -> None:
    with pytest.raises(ValueError, match=f"{name}: expected a whole number from 1, got {number}"):
        fresh_scenes(**{"size": 4, name: number})


# --- stacks ---


def with_crowd() -> Scene:
    """A sky, a car, a crowd of people, and a corner of void."""
    panoptic = torch.full((8, 10), 4)
    panoptic[2:4, 2:6], panoptic[5:7, 1:9], panoptic[0, 0] = 9, 3, 0
    segments = (
        Segment(4, STREET.id("sky"), False, int((panoptic == 4).sum())),
        Segment(9, STREET.id("car"), True, 8),
        Segment(3, STREET.id("person"), True, 16, iscrowd=True),
    )
    return Scene("by hand", torch.rand(3, 8, 10), panoptic, segments, STREET)


def test_a_crowd_is_no_thing() -> None:
    """Nobody knows where one ends and the next begins: it is neither taught nor counted, and known as what it is."""
    scene = with_crowd()
    image, semantic, things = stack_things([scene, scene])
    assert image.shape == (2, 3, 8, 10) and things.dtype == torch.int64
    assert torch.equal(things[0], torch.where(scene.panoptic == 9, 9, 0))
    assert things[1].count_nonzero() == len(scene.instances["masks"][0].nonzero()) == 8
    assert scene.instances["labels"].tolist() == [STREET.id("car")]
    assert scene.crowds["labels"].tolist() == [STREET.id("person")]
    assert torch.equal(scene.crowds["masks"][0], scene.panoptic == 3)
    assert scene.crowds["boxes"].tolist() == [[1, 5, 9, 7]]
    assert semantic[0, 5, 1] == STREET.id("person") and semantic[0, 0, 0] == VOID
    assert repr(scene) == "Scene('by hand', 8×10, 1 thing, 1 kind of stuff, 1 crowd)"


def test_without_things_the_map_of_things_is_empty() -> None:
    panoptic = torch.ones(1, 4, 5, dtype=torch.int64)[0]
    scene = Scene("sky", torch.rand(3, 4, 5), panoptic, (Segment(1, 0, False, 20),), STREET)
    assert stack_things([scene])[2].unique().tolist() == [0]
    assert {key: len(value) for key, value in scene.crowds.items()} == dict.fromkeys(scene.crowds, 0)
    assert repr(scene) == "Scene('sky', 4×5, 0 things, 1 kind of stuff)"


def test_numbers_of_things_are_those_of_their_segments() -> None:
    scene = street(3)
    ids = {segment.id for segment in scene.segments if segment.isthing}
    things = stack_things([scene])[2][0]
    assert ids and set(things.unique().tolist()) - {0} == ids
    assert torch.equal(things[things > 0], scene.panoptic[things > 0])


@pytest.mark.parametrize("function", [stack, stack_things])
def test_scenes_that_make_no_stack_are_named(function) -> None:
    with pytest.raises(ValueError, match=re.escape("scenes: expected at least one, all of one size, got the sizes []")):
        function([])
    with pytest.raises(ValueError, match=re.escape("all of one size, got the sizes [(64, 64), (64, 80)]")):
        function([street(0, (64, 80)), street(1, (64, 64))])


# --- batches ---


def test_batches_are_mirrored_whole_and_labels_stay() -> None:
    images = torch.arange(5 * 3 * 2 * 4).view(5, 3, 2, 4)
    maps, labels = images[:, 0], torch.arange(10).view(5, 2)
    endless = batches(images, maps, labels, size=3)
    mirrored = []
    for _ in range(40):
        image, semantic, label = next(endless)
        assert image.shape == (3, 3, 2, 4) and semantic.shape == (3, 2, 4) and label.shape == (3, 2)
        assert torch.equal(image[:, 0], semantic)
        chosen = label[:, 0] // 2
        assert torch.equal(label, labels[chosen])
        mirrored.append(torch.equal(semantic, maps[chosen].flip(-1)))
        assert mirrored[-1] or torch.equal(semantic, maps[chosen])
    assert 10 < sum(mirrored) < 30


def test_batches_follow_their_seed_and_reach_every_scene() -> None:
    numbers = torch.arange(6)
    one, again, other = (batches(numbers, size=4, seed=seed) for seed in (0, 0, 1))
    drawn = [[next(source)[0].tolist() for _ in range(12)] for source in (one, again, other)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert set(sum(drawn[0], [])) == set(range(6))


@pytest.mark.parametrize("lengths", [(4, 5), (0, 0), ()])
def test_batches_of_unequal_lengths_are_refused_at_once(lengths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=re.escape(f"tensors: expected equal lengths from 1, got {list(lengths)}")):
        batches(*(torch.zeros(length) for length in lengths))


@pytest.mark.parametrize("size", [0, -1, 2.5])
def test_a_batch_holds_at_least_one(size: float) -> None:
    with pytest.raises(ValueError, match=f"size: expected a whole number from 1, got {size}"):
        batches(torch.zeros(4), size=size)
