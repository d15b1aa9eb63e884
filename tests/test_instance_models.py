"""The two instance networks: what they are taught, what they give, and that grouping undoes the teaching."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from helpers import metrics
from helpers.categories import STREET
from helpers.models.mask_rcnn import MaskRCNN, map_to_instances
from helpers.models.panoptic_deeplab import (
    Maps,
    PanopticDeepLab,
    center_loss,
    center_targets,
    find_peaks,
    group_pixels,
    to_instances,
)
from helpers.models.unet import UNet
from helpers.scenes.dataset import stack_things
from helpers.scenes.street import street

pytestmark = pytest.mark.lesson4
SMALL = (4, 6, 8, 10, 12)


@pytest.fixture(scope="module")
def scenes() -> list:
    return [street(seed) for seed in range(4)]


def sorted_masks(masks: Tensor) -> list:
    return sorted(mask.flatten().int().tolist() for mask in masks)


# --- truth that can be stacked ---


def test_maps_of_things_hold_the_same_objects(scenes: list) -> None:
    _, semantic, things = stack_things(scenes)
    for scene, *maps in zip(scenes, semantic, things, strict=True):
        truth, found = scene.instances, map_to_instances(*maps)
        overlap = metrics.mask_iou(found["masks"], truth["masks"])
        assert overlap.shape[0] == overlap.shape[1] and (overlap.max(1).values == 1).all()
        order = overlap.argmax(1)
        assert torch.equal(found["labels"], truth["labels"][order])
        assert torch.equal(found["boxes"], truth["boxes"][order])
        assert set(things.unique().tolist()) - {0} <= {s.id for one in scenes for s in one.segments if s.isthing}


def test_a_map_without_things_gives_none() -> None:
    found = map_to_instances(torch.zeros(8, 9, dtype=torch.int64), torch.zeros(8, 9, dtype=torch.int64))
    assert found["boxes"].shape == (0, 4) and found["masks"].shape == (0, 8, 9) and found["labels"].shape == (0,)


# --- Mask R-CNN ---


@pytest.fixture(scope="module")
def detector() -> MaskRCNN:
    torch.manual_seed(0)
    return MaskRCNN(STREET, SMALL)


def test_the_detector_has_losses_that_train_every_part(detector: MaskRCNN, scenes: list) -> None:
    image, *maps = stack_things(scenes)
    detector.train()
    losses = detector.losses(image, [map_to_instances(*each) for each in zip(*maps, strict=True)])
    assert set(losses) == {
        "loss_classifier", "loss_box_reg", "loss_mask", "loss_objectness", "loss_rpn_box_reg",
    }  # fmt: skip
    sum(losses.values()).backward()
    idle = [name for name, weight in detector.named_parameters() if weight.grad is None]
    assert all("trunk.head" in name for name in idle), idle  # the semantic head has no part in it
    detector.zero_grad()


def test_a_picture_without_things_can_be_learned_from(detector: MaskRCNN) -> None:
    empty = map_to_instances(torch.zeros(96, 128, dtype=torch.int64), torch.zeros(96, 128, dtype=torch.int64))
    losses = detector.train().losses(torch.rand(1, 3, 96, 128), [empty])
    assert all(value.isfinite() for value in losses.values())


@pytest.mark.parametrize("size", [(96, 128), (70, 101)])
def test_the_detector_gives_instances_in_the_courses_categories(detector: MaskRCNN, size: tuple[int, int]) -> None:
    detector.eval()
    for found in detector.instances(torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0))):
        count = len(found["scores"])
        assert found["boxes"].shape == (count, 4) and found["masks"].shape == (count, *size)
        assert found["masks"].dtype == torch.bool and found["masks"].flatten(1).any(1).all()
        assert set(found["labels"].tolist()) <= {STREET.id(name) for name in ("tree", "car", "person")}
        assert torch.equal(found["scores"], found["scores"].sort(descending=True).values)
        assert found["boxes"][:, 2].le(size[1]).all() and found["boxes"][:, 3].le(size[0]).all()


def test_a_box_without_a_mask_is_no_object(detector: MaskRCNN) -> None:
    image = torch.rand(1, 3, 96, 128, generator=torch.Generator().manual_seed(0))
    assert len(detector.eval().instances(image)[0]["masks"])
    last = detector.net.roi_heads.mask_predictor.mask_fcn_logits
    before = last.bias.data.clone()
    last.bias.data -= 100  # now no pixel of any mask is likely
    found = detector.instances(image)[0]
    last.bias.data = before
    assert {key: len(value) for key, value in found.items()} == dict.fromkeys(found, 0)
    assert found["masks"].shape == (0, 96, 128)


def test_the_detector_takes_the_weights_of_a_u_net(detector: MaskRCNN) -> None:
    other = UNet(len(STREET), SMALL)
    detector.trunk.load_state_dict(other.state_dict())
    assert torch.equal(detector.net.backbone.trunk.up[0][0].weight, other.up[0][0].weight)


def test_proposals_come_from_the_coarser_levels(detector: MaskRCNN) -> None:
    seen = []
    hook = detector.net.rpn.head.register_forward_pre_hook(lambda _, args: seen.extend(args[0]))
    detector.eval().instances(torch.rand(1, 3, 96, 128))
    hook.remove()
    assert [tuple(level.shape[-2:]) for level in seen] == [(24, 32), (12, 16), (6, 8)]


def test_the_detector_names_what_is_wrong(detector: MaskRCNN) -> None:
    with pytest.raises(ValueError, match="net: expected evaluation mode, got training mode"):
        detector.train().instances(torch.rand(1, 3, 96, 128))
    with pytest.raises(ValueError, match=r"image: expected float \[B, 3, H, W\], got \[3, 96, 128\]"):
        detector.eval().instances(torch.rand(3, 96, 128))


# --- centres and offsets ---


def slow_targets(things: Tensor) -> tuple[Tensor, Tensor]:
    """`center_targets` of one picture, pixel by pixel."""
    height, width = things.shape
    heat, offsets = torch.zeros(height, width), torch.zeros(2, height, width)
    for number in set(things.flatten().tolist()) - {0}:
        pixels = (things == number).nonzero().double()
        row, column = pixels.mean(0).tolist()
        sigma = min(max(0.18 * len(pixels) ** 0.5, 1.2), 3.5)
        for y in range(height):
            for x in range(width):
                bell = torch.tensor(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma**2)).exp()
                heat[y, x] = max(heat[y, x], bell)
                if things[y, x] == number:
                    offsets[:, y, x] = torch.tensor([row - y, column - x])
    return heat, offsets


def test_targets_against_a_slow_specification() -> None:
    things = torch.randint(0, 4, (3, 9, 11), generator=torch.Generator().manual_seed(0)) * 5
    things[1] = 0  # a picture without things
    things[2, :, :6] = 7
    heat, offsets = center_targets(things)
    for place in range(3):
        expected = slow_targets(things[place])
        assert torch.allclose(heat[place], expected[0], atol=1e-5)
        assert torch.allclose(offsets[place], expected[1], atol=1e-4)
    assert heat[1].max() == 0


def perfect_maps(scenes: list) -> Maps:
    _, semantic, things = stack_things(scenes)
    logits = 10.0 * F.one_hot(semantic.where(semantic < 8, 0), len(STREET)).movedim(-1, 1)
    return Maps(logits, *center_targets(things))


def test_perfect_maps_give_the_objects_back() -> None:
    """All but those whose centres are so near that they share a peak."""
    scenes = [street(seed) for seed in range(10, 40)]
    found = [to_instances(*each, STREET) for each in zip(*perfect_maps(scenes), strict=True)]
    score = metrics.average_precision(found, [scene.instances for scene in scenes], STREET)
    assert score["AP50"] > 0.9
    for each in found:
        assert each["masks"].sum(0).max() <= 1  # no two overlap


def test_a_perfect_answer_costs_nothing(scenes: list) -> None:
    _, semantic, things = stack_things(scenes)
    maps = perfect_maps(scenes)
    assert center_loss(maps, semantic, things) == 0
    worse = maps._replace(offsets=maps.offsets + 2)
    assert center_loss(worse, semantic, things) == pytest.approx(0.05 * 4, rel=1e-4)  # two axes, two pixels each
    hidden = torch.full_like(semantic, 255), torch.zeros_like(things)
    assert center_loss(worse._replace(heat=maps.heat + 1), *hidden) == 0  # void, and no thing


def test_peaks_are_highest_of_their_neighbourhood_and_ties_are_kept() -> None:
    heat = torch.zeros(20, 30)
    heat[3, 4], heat[3, 6], heat[3, 20], heat[15, 4], heat[19, 29] = 0.9, 0.8, 0.5, 0.5, 0.05
    places, values = find_peaks(heat, 0.1)
    assert places.tolist() == [[3, 4], [3, 20], [15, 4]] and values.tolist() == pytest.approx([0.9, 0.5, 0.5])
    assert find_peaks(heat, 0.5)[0].tolist() == [[3, 4], [3, 20], [15, 4]]  # at the threshold counts
    assert find_peaks(heat, 0.1, most=2)[0].tolist() == [[3, 4], [3, 20]]
    assert [19, 29] in find_peaks(heat, 0.05)[0].tolist()
    assert find_peaks(heat, 0.95)[0].shape == (0, 2)


def test_pixels_join_the_peak_they_point_at() -> None:
    peaks = torch.tensor([[2, 2], [2, 9]])
    offsets, thing = torch.zeros(2, 5, 12), torch.ones(5, 12, dtype=torch.bool)
    thing[1] = False
    group = group_pixels(peaks, offsets, thing)
    assert group[0].tolist() == [0] * 6 + [1] * 6 and (group[1] == -1).all()
    offsets[1, 4] = 12.0  # the last row points far to the right
    assert group_pixels(peaks, offsets, thing)[4].tolist() == [1] * 12
    offsets[0, 0, 0] = 100.0  # rows and columns are counted in the same unit: down is as near to both
    assert group_pixels(peaks, offsets, thing)[0, 0] == 0
    assert (group_pixels(peaks[:0], offsets, thing) == -1).all()


def test_the_vote_of_a_group_and_its_score() -> None:
    car, road = STREET.id("car"), STREET.id("road")
    logits = torch.zeros(len(STREET), 4, 6)
    logits[road] = 5.0
    logits[car, :, :2] = 20.0
    heat = torch.zeros(4, 6)
    heat[1, 1], heat[1, 5] = 0.8, 0.6  # the second lies on the road: no pixel of a thing joins it
    offsets = torch.zeros(2, 4, 6)
    found = to_instances(logits, heat, offsets, STREET)
    assert found["labels"].tolist() == [car] and found["boxes"].tolist() == [[0, 0, 2, 4]]
    assert found["scores"].item() == pytest.approx(0.8, abs=1e-3)
    assert to_instances(logits, heat * 0, offsets, STREET)["masks"].shape == (0, 4, 6)


@pytest.mark.parametrize("size", [(96, 128), (97, 131)])
def test_the_box_free_network_answers_at_the_pictures_size(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    net = PanopticDeepLab(STREET, SMALL).eval()
    image = torch.rand(2, 3, *size)
    with torch.no_grad():
        maps = net(image)
        assert torch.equal(maps.semantic, net.trunk(image))
    assert maps.heat.shape == (2, *size) and maps.offsets.shape == (2, 2, *size)
    assert maps.heat.min() > 0 and maps.heat.mean() < 0.2  # it begins with the belief that centres are rare
    assert len(net.instances(image)) == 2
