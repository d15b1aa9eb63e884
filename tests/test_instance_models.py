"""The two instance networks: what they are taught, what they give, and that grouping undoes the teaching."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from helpers import metrics
from helpers.categories import COINS, STREET
from helpers.losses import center_targets
from helpers.models.fused import Fused
from helpers.models.mask_rcnn import MaskRCNN
from helpers.models.panoptic_deeplab import Maps, PanopticDeepLab, find_peaks, group_pixels, to_instances, to_panoptic
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


# --- Mask R-CNN ---


@pytest.fixture(scope="module")
def detector() -> MaskRCNN:
    torch.manual_seed(0)
    return MaskRCNN(STREET, SMALL)


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
    other = UNet(STREET, SMALL)
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
    with pytest.raises(ValueError, match=r"image: expected float \[B, 3, H, W\], got torch.float32 \[3, 96, 128\]"):
        detector.eval().instances(torch.rand(3, 96, 128))


# --- centres and offsets ---


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


def test_peaks_are_highest_of_their_neighbourhood() -> None:
    heat = torch.zeros(20, 30)
    heat[3, 4], heat[3, 6], heat[3, 20], heat[15, 4], heat[19, 29] = 0.9, 0.8, 0.5, 0.5, 0.05
    places, values = find_peaks(heat, 0.1)
    assert places.tolist() == [[3, 4], [3, 20], [15, 4]] and values.tolist() == pytest.approx([0.9, 0.5, 0.5])
    assert find_peaks(heat, 0.5)[0].tolist() == [[3, 4], [3, 20], [15, 4]]  # at the threshold counts
    assert [19, 29] in find_peaks(heat, 0.05)[0].tolist()
    assert find_peaks(heat, 0.95)[0].shape == (0, 2)


def test_of_equal_neighbours_one_is_the_peak_and_equals_far_apart_all_are() -> None:
    heat = torch.zeros(30, 40)
    heat[4:6, 10:13] = 1.0  # a plateau, as of a heat map that is sure of two things side by side
    heat[4, 20], heat[4, 24], heat[9, 38] = 1.0, 1.0, 1.0  # four columns apart, one more than a square reaches
    assert find_peaks(heat, 0.5)[0].tolist() == [[4, 10], [4, 20], [4, 24], [9, 38]]
    everywhere, values = find_peaks(torch.full((30, 40), 0.7), 0.5)
    assert everywhere.tolist() == [[row, column] for row in range(0, 30, 4) for column in range(0, 40, 4)]
    assert values.tolist() == pytest.approx([0.7] * 80)
    between = torch.zeros(8, 20)
    between[4, [2, 5, 8]] = 1.0  # the middle one is near to both, and falls; the last one is near to no peak
    assert find_peaks(between, 0.5)[0].tolist() == [[4, 2], [4, 8]]
    some = (torch.rand(60, 80, generator=torch.Generator().manual_seed(0)) * 8).round() / 8  # ties without end
    places, values = find_peaks(some, 0.5)
    near = (places[:, None] - places).abs().amax(2).fill_diagonal_(99)
    assert len(places) > 20 and near.min() > 3
    for (row, column), value in zip(places.tolist(), values, strict=True):
        assert value == some[row, column] == some[max(0, row - 3) : row + 4, max(0, column - 3) : column + 4].max()


def test_a_heat_map_must_hold_numbers() -> None:
    heat = torch.zeros(8, 8)
    heat[3, 3] = torch.nan
    with pytest.raises(ValueError, match="heat: expected numbers, got 1 that are nan"):
        find_peaks(heat, 0.1)
    with pytest.raises(ValueError, match=r"heat: expected float \[H, W\], got torch.int64 \[8, 8\]"):
        find_peaks(torch.zeros(8, 8, dtype=torch.int64), 0.1)


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
        assert torch.equal(maps.logits, net.trunk(image))
    assert maps.heat.shape == (2, *size) and maps.offsets.shape == (2, 2, *size)
    assert maps.heat.min() > 0 and maps.heat.mean() < 0.2  # it begins with the belief that centres are rare
    assert len(net.instances(image)) == 2


def test_panoptic_and_instances_hold_the_same_things(scenes: list) -> None:
    for maps in zip(*perfect_maps(scenes), strict=True):
        found, (panoptic, segments) = to_instances(*maps, STREET), to_panoptic(*maps, STREET)
        things = [segment for segment in segments if segment.isthing]
        masks = {(panoptic == segment.id).numpy().tobytes(): segment for segment in things}
        assert len(masks) == len(found["masks"])
        for mask, label, score in zip(found["masks"], found["labels"], found["scores"], strict=True):
            segment = masks[mask.numpy().tobytes()]
            assert segment.category_id == label and segment.score == pytest.approx(float(score))
            assert segment.area == mask.sum()


def test_two_networks_side_by_side_give_all_three_answers(detector: MaskRCNN) -> None:
    torch.manual_seed(0)
    unet = UNet(STREET, SMALL).eval()
    net, image = Fused(unet, detector.eval()).eval(), torch.rand(2, 3, 96, 128)
    assert torch.equal(net.semantic(image), unet.semantic(image))
    assert [len(each["masks"]) for each in net.instances(image)] == [
        len(each["masks"]) for each in detector.instances(image)
    ]
    for semantic, (panoptic, segments) in zip(net.semantic(image), net.panoptic(image), strict=True):
        assert panoptic.shape == semantic.shape
        for segment in segments:
            if not segment.isthing:
                assert (semantic[panoptic == segment.id] == segment.category_id).all()
    with pytest.raises(ValueError, match="instance_net: expected the categories of semantic_net, street, got coins"):
        Fused(unet, MaskRCNN(COINS, SMALL))
