"""The street world: exact truth, the same bytes everywhere, knobs that do what they say."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from helpers.categories import STREET, VOID
from helpers.scenes import sprites, street_plan
from helpers.scenes.scene import Scene
from helpers.scenes.street import street

pytestmark = pytest.mark.lesson1

SIZES = [(64, 64), (96, 128), (97, 131), (512, 1024)]


def digest(scene: Scene) -> str:
    """A fingerprint of everything in a scene."""
    sha = hashlib.sha256()
    for array in (scene.image, scene.panoptic, *scene.amodal.values()):
        sha.update(array.contiguous().numpy().tobytes())
    sha.update(repr(scene.segments).encode())
    return sha.hexdigest()[:16]


# The fingerprints of five scenes. A change of the world changes them, and with them every number in the lessons and
# every shipped weight: change them only on purpose.
GOLDEN = {
    (0, (96, 128)): "d0513c3b4ac82be5",
    (1_000_294, (96, 128)): "18c7f67ab64a572b",
    (2_000_000, (97, 131)): "d28e38a6dfbdf398",
    (7, (64, 64)): "6f88fa72da33e333",
    (11, (512, 1024)): "b81f7a6a3fc93d6c",
}


@pytest.mark.parametrize(("seed", "size"), GOLDEN)
def test_a_seed_gives_the_same_bytes_on_every_machine(seed: int, size: tuple[int, int]) -> None:
    assert digest(street(seed, size)) == GOLDEN[seed, size]


def test_bytes_do_not_depend_on_the_processor() -> None:
    """NumPy picks its inner loops by what the processor can do; with the plainest ones the bytes are the same."""
    code = (
        "from tests.test_scenes import GOLDEN, digest, street;"
        "assert all(digest(street(*key)) == value for key, value in GOLDEN.items())"
    )
    # NumPy refuses to switch off what the processor lacks or what its build needs, so ask it for the list.
    from numpy._core._multiarray_umath import __cpu_baseline__, __cpu_dispatch__, __cpu_features__

    off = [name for name in __cpu_dispatch__ if __cpu_features__.get(name) and name not in __cpu_baseline__]
    env = os.environ | {"NPY_DISABLE_CPU_FEATURES": " ".join(off)}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("size", SIZES)
def test_a_scene_keeps_the_conventions(size: tuple[int, int]) -> None:
    scene = street(2_000_003, size)
    assert scene.image.dtype == torch.float32 and scene.image.shape == (3, *size)
    assert scene.image.min() >= 0 and scene.image.max() <= 1
    assert scene.panoptic.dtype == torch.int64 and scene.panoptic.shape == size
    assert torch.equal((scene.image * 255).round() / 255, scene.image), "an image has 256 levels, as a file would"


@pytest.mark.parametrize("seed", range(40))
def test_segments_say_what_the_map_holds(seed: int) -> None:
    scene = street(seed)
    ids, areas = torch.unique(scene.panoptic[scene.panoptic > 0], return_counts=True)
    assert {segment.id: segment.area for segment in scene.segments} == dict(
        zip(ids.tolist(), areas.tolist(), strict=True)
    )
    assert all(STREET[segment.category_id].isthing == segment.isthing for segment in scene.segments)
    stuff = [segment.category_id for segment in scene.segments if not segment.isthing]
    assert len(stuff) == len(set(stuff)), "one segment for each kind of stuff"


@pytest.mark.parametrize("seed", range(20))
def test_small_things_are_void(seed: int) -> None:
    scene = street(seed, crowding=1)
    assert all(segment.area >= 64 for segment in scene.segments if segment.isthing)
    large = street(seed, (192, 256), crowding=1)
    assert all(segment.area >= 4 * 64 for segment in large.segments if segment.isthing)


@pytest.mark.parametrize(("seed", "size", "limit"), [(25, (96, 128), 64), (38, (96, 128), 64), (533, (192, 256), 256)])
def test_a_thing_exactly_at_the_limit_is_labelled(seed: int, size: tuple[int, int], limit: int) -> None:
    """Each of these streets has one that shows just so many pixels, and one that shows fewer would be void."""
    scene = street(seed, size, crowding=1)
    assert min(segment.area for segment in scene.segments if segment.isthing) == limit


def test_amodal_masks_contain_what_is_seen_and_some_of_what_is_hidden() -> None:
    hidden = 0
    for seed in range(20):
        scene = street(seed, crowding=1)
        assert set(scene.amodal) == {segment.id for segment in scene.segments if segment.isthing}
        for segment_id, full in scene.amodal.items():
            seen = scene.panoptic == segment_id
            assert full.dtype == torch.bool and bool((full | ~seen).all()), "a thing is seen only where it is"
            hidden += int((full & ~seen).sum())
    assert hidden > 1000


def test_where_two_things_overlap_the_nearer_one_is_seen() -> None:
    for seed in range(20):
        scene = street(seed, crowding=1)
        for front, over in scene.amodal.items():  # ids run from far to near
            for behind, under in scene.amodal.items():
                if behind < front:
                    assert not (scene.panoptic[over & under] == behind).any()


def test_crowding_and_light_do_what_they_say() -> None:
    def things(crowding: float) -> int:
        return sum(len(street(seed, crowding=crowding).amodal) for seed in range(30))

    def brightness(light: float) -> float:
        return sum(float(street(seed, light=light).image.mean()) for seed in range(30)) / 30

    assert things(1.0) > 2 * things(0.0)
    assert brightness(1.0) > 2 * brightness(0.0)


def same_truth(one: Scene, other: Scene) -> bool:
    """Whether everything but the picture is the same, bit by bit."""
    return digest(dataclasses.replace(one, image=other.image)) == digest(other)


def drawn(seed: int) -> dict[str, float]:
    """What the seed itself decides for the two knobs."""
    dice = street_plan.Dice(seed)
    return {"crowding": dice.random(), "light": min(dice.between(0.25, 1.3), 1.0)}


@pytest.mark.parametrize("seed", range(10))
def test_a_knob_set_to_what_the_seed_decides_changes_nothing(seed: int) -> None:
    scene, decided = street(seed), drawn(seed)
    for knobs in (decided, *({name: value} for name, value in decided.items())):
        assert digest(street(seed, **knobs)) == digest(scene)


@pytest.mark.parametrize("crowding", [None, 0.0, 1.0])
def test_light_touches_the_picture_and_not_the_truth(crowding: float | None) -> None:
    for seed in range(10):
        scene = street(seed, crowding=crowding)  # in the light of the seed
        lit = [street(seed, crowding=crowding, light=light) for light in (0.0, 0.2, 0.5, 1.0)]
        assert all(same_truth(each, scene) for each in lit)
        assert len({digest(each) for each in lit}) == len(lit)


@pytest.mark.parametrize("seed", range(10))
def test_crowding_moves_neither_the_camera_nor_street_and_houses(seed: int) -> None:
    def place(crowding: float | None) -> list:
        plan = street_plan.plan_street(seed, (96, 128), crowding, None)
        return [plan.camera, plan.light, plan.edges, plan.buildings]

    assert place(0.0) == place(0.5) == place(1.0) == place(None)


@pytest.mark.parametrize("seed", range(10))
def test_size_moves_nothing_in_the_world(seed: int) -> None:
    """The plan in metres is the same for every picture of the same shape."""

    def world(size: tuple[int, int]) -> tuple[list, list[float]]:
        plan = street_plan.plan_street(seed, size, None, None)
        things = [(thing.kind, thing.sprite, thing.flip, thing.colors.tolist()) for thing in plan.things]
        metres = [value for thing in plan.things for value in (thing.x, thing.z, thing.side, thing.size)]
        return things, [plan.light, *plan.edges, *metres]

    things, metres = world((96, 128))
    for size in ((192, 256), (384, 512)):
        others, moved = world(size)
        assert others == things and moved == pytest.approx(metres)


def test_a_size_shows_the_same_street() -> None:
    """Twice the size, the same scene: categories agree on almost every pixel."""
    for seed in range(10):
        small, large = street(seed, (96, 128)).semantic, street(seed, (192, 256)).semantic[::2, ::2]
        known = (small != VOID) & (large != VOID)
        assert (small == large)[known].float().mean() > 0.95


def test_the_world_is_varied_enough_to_learn_from() -> None:
    """Over 200 scenes every category is common, and things touch: connected regions undercount the cars."""
    from skimage.measure import label

    present, cars, regions = np.zeros(len(STREET)), 0, 0
    for seed in range(200):
        scene = street(seed)
        for category in {segment.category_id for segment in scene.segments}:
            present[category] += 1
        car = STREET.id("car")
        cars += sum(segment.category_id == car for segment in scene.segments)
        regions += label((scene.semantic == car).numpy(), connectivity=2).max()
    assert (present > 80).all(), dict(zip(STREET.names, present, strict=True))
    assert regions < 0.9 * cars


def test_part_maps_are_one_piece_and_have_their_parts() -> None:
    from skimage.measure import label

    for group in (*sprites.cars().values(), sprites.people(), sprites.trees()):
        for sprite in group:
            assert label(sprite.parts > 0, connectivity=2).max() == 1
            assert sprite.parts[-1].any() and sprite.parts[: len(sprite.parts) // 10].any(), (
                "a thing stands on the ground and fills its height"
            )


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": 0, "size": (32, 128)}, "size"),
        ({"seed": 0, "size": (96, 2048)}, "size"),
        ({"seed": 0, "size": 96}, "size"),
        ({"seed": 0, "crowding": 1.5}, "crowding"),
        ({"seed": 0, "light": -0.1}, "light"),
    ],
)
def test_bad_arguments_are_named(arguments: dict, named: str) -> None:
    with pytest.raises(ValueError, match=rf"^{named}: expected .* got "):
        street(**arguments)


def test_dice_cover_their_range() -> None:
    dice = street_plan.Dice(0)
    counts = [dice.count(2, 4) for _ in range(500)]
    assert set(counts) == {2, 3, 4}
    assert {dice.pick("abc") for _ in range(100)} == set("abc")


def test_a_seed_may_be_any_whole_number() -> None:
    for seed in (np.int64(7), np.int32(7)):
        assert torch.equal(street(seed).image, street(7).image)
    for seed in (True, -1, 7.0, "7", None):
        with pytest.raises(ValueError, match="seed: expected an integer of at least 0"):
            street(seed)
