"""Coins by a threshold and by flooding: what a patch is, what parts it, what is left out."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import ndimage
from torch import Tensor

from helpers.scenes.old_ways import bright_regions, flooded
from helpers.scenes.photos import coins

pytestmark = pytest.mark.lesson4
SIZE = 120, 160


def discs(*circles: tuple[float, float, float]) -> Tensor:
    """Bright discs (row, column, radius) on a dark ground: bool `[N, H, W]`."""
    rows, columns = torch.meshgrid(*map(torch.arange, SIZE), indexing="ij")
    return torch.stack([(rows - row) ** 2 + (columns - column) ** 2 <= radius**2 for row, column, radius in circles])


def picture(masks: Tensor) -> Tensor:
    return (0.2 + 0.6 * masks.any(0).float()).expand(3, *SIZE)


def same(found: Tensor, expected: Tensor) -> bool:
    """Whether both hold the same masks, in any order."""
    return len(found) == len(expected) and all(any(torch.equal(a, b) for b in expected) for a in found)


APART = discs((30, 30, 12), (30, 100, 18), (85, 60, 15))


def test_what_is_apart_is_found_in_both_ways() -> None:
    assert same(bright_regions(picture(APART)), APART)
    assert same(flooded(picture(APART)), APART)


def test_holes_are_filled_and_small_ones_left_out() -> None:
    image = picture(APART).clone()
    image[:, 28:33, 28:33] = 0.2  # a hole
    image[:, 5:13, 140:148] = 0.8  # 64 pixels
    image[:, 110:117, 10:19] = 0.8  # 63
    found = bright_regions(image)
    extra = torch.zeros(1, *SIZE, dtype=torch.bool)
    extra[0, 5:13, 140:148] = True
    assert same(found, torch.cat([APART, extra]))


def test_a_corner_connects() -> None:
    image = torch.full((3, 40, 40), 0.2)
    image[:, 10:20, 10:20] = image[:, 20:30, 20:30] = 0.9
    assert [int(mask.sum()) for mask in bright_regions(image)] == [200]


@pytest.mark.parametrize("circles", [((60, 60, 18), (60, 92, 18)), ((60, 50, 25), (60, 82, 13))])
def test_flooding_parts_what_touches_where_it_is_narrow(circles: tuple) -> None:
    pair = discs(*circles)
    assert (pair[0] & pair[1]).any()
    [region] = bright_regions(picture(pair))
    assert torch.equal(region, pair.any(0))
    found = flooded(picture(pair))
    assert len(found) == 2 and not (found[0] & found[1]).any() and torch.equal(found.any(0), region)
    iou = [[float((a & b).sum() / (a | b).sum()) for b in pair] for a in found]
    assert sorted(max(row) > 0.85 for row in iou) == [True, True]


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 119), st.integers(0, 159), st.integers(9, 22)), min_size=1, max_size=6))
def test_the_flood_stays_on_bright_ground(circles: list[tuple[int, int, int]]) -> None:
    image = picture(discs(*circles))
    regions, parts = bright_regions(image), flooded(image)
    bright = torch.from_numpy(ndimage.binary_fill_holes(image[0] > 0.5))
    assert (parts.long().sum(0) <= 1).all() and (regions.long().sum(0) <= 1).all()  # nothing twice
    assert all(ndimage.label(part, [[1] * 3] * 3)[1] == 1 and part.sum() >= 64 for part in [*parts, *regions])
    assert not (parts.any(0) & ~bright).any()
    for region in regions:  # each has one source at least, if its middle is not at the edge of the picture
        inside = (parts & region).any(0)
        depth = ndimage.distance_transform_edt(region)
        if depth[20:-20, 20:-20].max() > depth.max() - 0.5:
            assert inside.any()
    ours = {tuple(map(tuple, mask.nonzero().tolist())) for mask in regions}
    labels, count = ndimage.label(bright, [[1] * 3] * 3)
    theirs = [torch.from_numpy(labels == number) for number in range(1, count + 1)]
    assert ours == {tuple(map(tuple, mask.nonzero().tolist())) for mask in theirs if mask.sum() >= 64}


def test_in_the_dark_there_is_nothing() -> None:
    for way in (bright_regions, flooded):
        found = way(torch.full((3, 40, 50), 0.4))
        assert found.shape == (0, 40, 50) and found.dtype == torch.bool


def test_all_coins_of_the_photograph_but_the_one_on_bright_ground() -> None:
    scene = coins()
    for way in (bright_regions, flooded):
        found = way(scene.image)
        assert len(found) == 24
        true = scene.instances["masks"]
        iou = (found[:, None] & true).sum((2, 3)) / (found[:, None] | true).sum((2, 3))
        assert int((iou.amax(0) > 0.9).sum()) == 23


@pytest.mark.parametrize("way", [bright_regions, flooded])
@pytest.mark.parametrize("image", [torch.rand(4, 4), torch.rand(1, 4, 4), torch.ones(3, 4, 4) > 0, torch.rand(3, 0, 4)])
def test_what_is_no_picture_is_named(way: object, image: Tensor) -> None:
    with pytest.raises(ValueError, match=r"image: expected float \[3, H, W\], got"):
        way(image)
