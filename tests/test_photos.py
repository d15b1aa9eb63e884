"""The photographs, and the labels of the coins."""

from __future__ import annotations

import socket

import numpy as np
import pytest
import skimage.data
import skimage.measure
import skimage.morphology
import torch

from helpers.categories import COINS
from helpers.scenes.photos import PHOTOS, coins, photo

pytestmark = pytest.mark.lesson1


# --- photographs -----------------------------------------------------------------------------------------------------


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a photograph asked for the network")

    monkeypatch.setattr(socket, "socket", refuse)


@pytest.mark.parametrize("name", PHOTOS)
def test_every_photo_is_at_hand_without_the_network(name: str, no_network: None) -> None:
    image = photo(name)
    assert image.dtype == torch.float32
    assert image.shape[0] == 3
    assert min(image.shape[1:]) >= 300
    assert 0 <= image.min() < image.max() <= 1


def test_photos_are_the_pixels_that_scikit_image_gives() -> None:
    cat, moon = skimage.data.cat(), skimage.data.moon()
    assert np.array_equal((photo("cat") * 255).permute(1, 2, 0).numpy().round(), cat)
    assert np.array_equal((photo("moon") * 255).numpy().round(), np.stack([moon] * 3))


def test_an_unknown_photo_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="name: expected one of astronaut, .*, rocket, got 'dog'"):
        photo("dog")


# --- the labels of the coins -----------------------------------------------------------------------------------------


def test_each_of_the_24_coins_is_a_thing_on_a_background_without_void() -> None:
    scene = coins()
    assert scene.size == (303, 384)
    assert scene.categories is COINS
    assert torch.equal(scene.image, photo("coins"))
    assert [segment.id for segment in scene.segments] == list(range(1, 26))
    assert [COINS[segment.category_id].name for segment in scene.segments] == ["coin"] * 24 + ["background"]
    assert (scene.panoptic > 0).all()
    assert not any(segment.iscrowd for segment in scene.segments)


def test_coins_are_whole_round_apart_and_in_reading_order() -> None:
    masks = coins().instances["masks"].numpy()
    centres = []
    for mask in masks:
        (region,) = skimage.measure.regionprops(skimage.measure.label(mask, connectivity=1))  # one piece
        assert region.euler_number == 1  # without holes
        assert region.solidity > 0.95  # without leaks or bites
        assert 1000 < region.area < 3300
        centres.append(region.centroid)
    pieces = skimage.measure.label(masks.any(0), connectivity=2)
    assert pieces.max() == 24  # no two touch
    rows = np.array(centres).reshape(4, 6, 2)
    assert (rows[:-1, :, 0].max(axis=1) < rows[1:, :, 0].min(axis=1)).all()
    assert (np.diff(rows[:, :, 1], axis=1) > 0).all()


def test_the_border_of_every_coin_lies_where_the_brightness_falls() -> None:
    scene = coins()
    brightness = scene.image[0].numpy()
    disk = skimage.morphology.disk
    for number, mask in enumerate(scene.instances["masks"].numpy(), start=1):

        def fall(outline: np.ndarray) -> float:
            """How much darker the two pixels outside an outline are than the two inside, on average."""
            inside = outline & ~skimage.morphology.erosion(outline, disk(2))
            outside = skimage.morphology.dilation(outline, disk(2)) & ~outline
            return brightness[inside].mean() - brightness[outside].mean()

        assert fall(mask) > 0.2, f"coin {number}"
        assert fall(mask) > fall(skimage.morphology.dilation(mask, disk(1))) + 0.05, (
            f"coin {number}: one pixel too small"
        )
        assert fall(mask) > fall(skimage.morphology.erosion(mask, disk(1))) + 0.05, (
            f"coin {number}: one pixel too large"
        )
