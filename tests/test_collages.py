"""Collages: exact truth, the same bytes everywhere, and not a pixel of the coins that are held out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch
from skimage.measure import label

from helpers.categories import COINS
from helpers.scenes import collages
from helpers.scenes.collages import HELD_OUT, HELD_OUT_ROW, TRAINED_ON, collage
from helpers.scenes.photos import coins
from helpers.scenes.scene import Scene
from tests.test_scenes import digest

pytestmark = pytest.mark.lesson4

Layers = Callable[[np.ndarray], np.ndarray]

# As for the streets: change them only on purpose.
GOLDEN = {
    (0, (128, 128)): "a2acf37377df5ba0",
    (1_000_003, (96, 128)): "a3d193d87ce006d9",
    (2_000_000, (64, 64)): "356700674f6fb1f2",
    (7, (303, 384)): "0d688ec636d19436",
}


@pytest.fixture(scope="module")
def many() -> list[Scene]:
    return [collage(seed) for seed in range(60)]


def forget() -> None:
    """Let the next collage cut its pieces anew."""
    for cached in (collages._upper_rows, collages._cutouts, collages._plate):
        cached.cache_clear()


@pytest.mark.parametrize(("seed", "size"), GOLDEN)
def test_a_seed_gives_the_same_bytes_on_every_machine(seed: int, size: tuple[int, int]) -> None:
    assert digest(collage(seed, size)) == GOLDEN[seed, size]


def test_seeds_differ(many: list[Scene]) -> None:
    assert len({digest(scene) for scene in many}) == len(many)


# --- what is held out ------------------------------------------------------------------------------------------------


def test_the_photograph_is_split_below_its_upper_two_rows() -> None:
    photograph = coins().panoptic
    assert sorted({*TRAINED_ON, *HELD_OUT}) == list(range(1, 25)) and not {*TRAINED_ON} & {*HELD_OUT}
    lowest = torch.isin(photograph, torch.tensor(TRAINED_ON)).any(1).nonzero().max()
    highest = torch.isin(photograph, torch.tensor(HELD_OUT)).any(1).nonzero().min()
    assert lowest + 1 == HELD_OUT_ROW <= highest


@pytest.mark.parametrize(("first", "same"), [(HELD_OUT_ROW, True), (HELD_OUT_ROW - 2, False)])
def test_nothing_from_the_held_out_rows_is_used(first: int, same: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the lower rows of the photograph and of its labels gone, the collages are the same; two rows more matter."""
    before = [digest(collage(seed)) for seed in range(20)]
    photograph = coins()
    image, panoptic = photograph.image.clone(), photograph.panoptic.clone()
    image[:, first:] = 1
    panoptic[HELD_OUT_ROW:] = photograph.segments[-1].id  # plate, everywhere
    kept = tuple(segment for segment in photograph.segments if segment.id not in HELD_OUT)
    emptied = dataclasses.replace(photograph, image=image, panoptic=panoptic, segments=kept)
    monkeypatch.setattr(collages, "coins", lambda: emptied)
    try:
        forget()
        after = [digest(collage(seed)) for seed in range(20)]
    finally:
        forget()
    assert (after == before) == same


def test_each_upper_coin_has_a_cutout_and_no_other() -> None:
    photograph = coins().panoptic
    covers = [(cutout[1] > 0.5).sum() for cutout in collages._cutouts()]
    areas = [int((photograph == number).sum()) for number in TRAINED_ON]
    assert covers == pytest.approx(areas, rel=0.02)


# --- the truth -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(64, 64), (128, 128), (97, 131), (512, 512)])
def test_a_collage_keeps_the_conventions(size: tuple[int, int]) -> None:
    scene = collage(2_000_003, size)
    assert scene.image.dtype == torch.float32 and scene.image.shape == (3, *size)
    assert scene.panoptic.dtype == torch.int64 and scene.panoptic.shape == size
    assert scene.categories is COINS
    assert scene.image.min() >= 0 and scene.image.max() <= 1
    assert torch.equal((scene.image * 255).round() / 255, scene.image), "an image has 256 levels, as a file would"
    assert torch.equal(scene.image[0], scene.image[1]) and torch.equal(scene.image[0], scene.image[2]), "grey"


def test_segments_say_what_the_map_holds(many: list[Scene]) -> None:
    for scene in many:
        ids, areas = torch.unique(scene.panoptic[scene.panoptic > 0], return_counts=True)
        assert [(segment.id, segment.area) for segment in scene.segments] == list(
            zip(ids.tolist(), areas.tolist(), strict=True)
        )
        assert [segment.category_id for segment in scene.segments] == [0] + [1] * (len(scene.segments) - 1)
        assert [segment.isthing for segment in scene.segments] == [False] + [True] * (len(scene.segments) - 1)


def test_a_coin_of_which_little_shows_is_void(many: list[Scene]) -> None:
    assert any((scene.panoptic == 0).any() for scene in many)
    for scene in many:
        assert set(scene.amodal) == {segment.id for segment in scene.segments if segment.isthing}
        for segment in scene.segments[1:]:
            assert segment.area >= max(64, 0.15 * int(scene.amodal[segment.id].sum()))


@pytest.mark.parametrize(
    ("shown", "extent", "void"),
    [(64, 64, False), (63, 63, True), (64, 426, False), (150, 1000, False), (149, 1000, True), (231, 1540, False)],
)
def test_a_coin_exactly_at_the_limit_is_labelled(shown: int, extent: int, void: bool) -> None:
    """64 pixels, and 15 % of the extent, are enough: another coin hides the rest."""
    places = np.arange(64 * 64).reshape(64, 64)
    coin, hiding = places < extent, places >= shown
    index = np.where(hiding, 2, 1)
    scene = collages._label("two coins", torch.zeros(3, 64, 64), index, [coin, hiding])
    assert [segment.area for segment in scene.segments] == [shown, 64 * 64 - shown][void:]
    assert int((scene.panoptic == 0).sum()) == void * shown


def test_amodal_masks_contain_what_is_seen_and_the_nearer_coin_hides_the_other(many: list[Scene]) -> None:
    for scene in many:
        for front, over in scene.amodal.items():  # ids run from far to near
            assert over.dtype == torch.bool and not ((scene.panoptic == front) & ~over).any()
            assert not any((scene.panoptic[over] == behind).any() for behind in scene.amodal if behind < front)


def test_coins_overlap_and_touch_often(many: list[Scene]) -> None:
    """In most collages a coin is partly hidden; there are more than twice as many coins as connected regions."""
    hidden = sum(any((full & (scene.panoptic != i)).any() for i, full in scene.amodal.items()) for scene in many)
    seen = sum(len(scene.amodal) for scene in many)
    regions = sum(label((scene.semantic == COINS.id("coin")).numpy()).max() for scene in many)
    assert hidden > len(many) / 2
    assert regions < 0.45 * seen
    assert 2 * len(many) < seen < 8 * len(many)


# --- the picture -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("turn", "mirror", "expected"),
    [
        ((1, 0), 1, lambda layers: layers),
        ((1, 0), -1, lambda layers: layers[..., ::-1]),
        ((-1, 0), 1, lambda layers: layers[..., ::-1, ::-1]),
        ((0, 1), 1, lambda layers: np.rot90(layers, axes=(1, 2))),
    ],
)
def test_a_coin_is_turned_and_mirrored_about_its_middle(turn: tuple, mirror: int, expected: Layers) -> None:
    layers = collages._cutouts()[1]
    side = layers.shape[-1]
    coin = collages._Coin(layers, (side / 2 + 20, side / 2 + 30), 1.0, turn, mirror)
    seen = coin.sample(layers, np.s_[20 : 20 + side, 30 : 30 + side], (0, 0))
    assert seen == pytest.approx(expected(layers), abs=1e-2)
    moved = coin.sample(layers, np.s_[23 : 23 + side, 28 : 28 + side], (3, -2))
    assert moved == pytest.approx(seen, abs=1e-5)


def test_a_coin_twice_as_large_has_four_times_the_area() -> None:
    layers = collages._cutouts()[0]
    areas = []
    for scale in (1.0, 2.0):
        coin = collages._Coin(layers, (100, 100), scale, (0.8, 0.6), 1)
        areas.append(int((coin.sample(layers, coin.window((200, 200)), (0, 0))[1] > 0.5).sum()))
    assert areas[1] == pytest.approx(4 * areas[0], rel=0.02)


def test_directions_lie_on_the_circle_all_around() -> None:
    dice = collages.Dice(0)
    directions = np.array([collages._direction(dice) for _ in range(400)])
    assert np.hypot(*directions.T) == pytest.approx(1)
    octants = np.floor(np.arctan2(*directions.T) / (np.pi / 4)).astype(int)
    assert np.bincount(octants + 4, minlength=8)[:8].min() > 25


def test_a_shadow_darkens_the_ground_around_a_coin() -> None:
    near, far = [], []
    for seed in range(60):
        scene = collage(seed)
        distance = collages.ndimage.distance_transform_edt((scene.panoptic == 1).numpy())
        near.append(scene.image[0][(distance > 1.5) & (distance < 4)].mean())
        far.append(scene.image[0][distance > 12].mean())
    assert np.median(np.array(near) / np.array(far)) < 0.93


def test_the_plate_of_the_photograph_lies_within_the_variation(many: list[Scene]) -> None:
    """Wherever one looks on the plate, there are darker and lighter grounds among the collages."""
    photograph = coins()
    plate = photograph.image[0].where(photograph.semantic == COINS.id("background"), torch.nan)
    windows = plate[:300, :384].unfold(0, 60, 60).unfold(1, 64, 64).flatten(2)
    grounds = torch.tensor([float(scene.image[0][scene.panoptic == 1].mean()) for scene in many])
    assert grounds.quantile(0.02) < windows.nanmedian(-1).values.quantile(0.1)
    assert grounds.quantile(0.98) > windows.nanmedian(-1).values.max()


@pytest.mark.parametrize("image", ["plate", "gravel", "grass", "brick"])
def test_a_ground_has_mean_zero_and_fits_the_largest_collage(image: str) -> None:
    ground = collages._plate() if image == "plate" else collages._ground(image)
    assert ground.shape == collages.LARGEST and ground.dtype == np.float32
    assert abs(ground.mean()) < 0.005 and ground.std() > 0.01


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": True}, "seed"),
        ({"seed": 0, "size": (32, 128)}, "size"),
        ({"seed": 0, "size": (128, 513)}, "size"),
        ({"seed": 0, "size": (128, 128, 3)}, "size"),
        ({"seed": 0, "size": 128}, "size"),
    ],
)
def test_bad_arguments_are_named(arguments: dict, named: str) -> None:
    with pytest.raises(ValueError, match=rf"^{named}: expected .* got "):
        collage(**arguments)
