"""What the stages of Mask R-CNN hand on is what the network itself makes."""

from __future__ import annotations

import pytest
import torch

from helpers.categories import STREET
from helpers.models import zoo
from helpers.models.mask_grid import paste_masks
from helpers.models.mask_rcnn import MaskRCNN
from helpers.models.stages import look_inside
from helpers.scenes.street import street

pytestmark = pytest.mark.lesson4


@pytest.fixture(scope="module")
def net() -> MaskRCNN:
    return zoo.load("mask_rcnn")


@pytest.mark.parametrize("size", [(96, 128), (90, 110), (64, 100)])
def test_the_stages_are_those_of_the_network(net: MaskRCNN, size: tuple[int, int]) -> None:
    image = street(1_000_294, size=size).image
    seen: dict[str, object] = {}
    hooks = [
        net.net.backbone.register_forward_hook(lambda _, given, made: seen.update(features=made)),
        net.net.rpn.register_forward_hook(lambda _, given, made: seen.update(proposals=made[0][0])),
    ]
    [found] = net(image[None])
    for hook in hooks:
        hook.remove()
    stages, [instances] = look_inside(net, image), net.instances(image[None])
    assert len(stages.boxes) > 2
    for name in ("boxes", "labels", "scores", "grids"):
        assert torch.equal(getattr(stages, name), found[name])
    assert stages.instances.keys() == instances.keys()
    assert all(torch.equal(stages.instances[key], instances[key]) for key in instances)
    assert torch.equal(stages.proposals, seen["proposals"])
    assert stages.features.keys() == seen["features"].keys()
    for stride, level in stages.features.items():
        assert torch.equal(level, seen["features"][stride][0])
        assert level.shape == (40, *(-(-side // 32) * 32 // int(stride) for side in size))
    assert not stages.features["2"].requires_grad


def test_each_stage_has_the_form_it_promises(net: MaskRCNN) -> None:
    image = street(1_000_294).image
    stages = look_inside(net, image)
    count = len(stages.boxes)
    assert list(stages.features) == ["2", "4", "8", "16"] and stages.proposals.shape == (40, 4)
    assert stages.boxes.shape == (count, 4) and stages.labels.shape == stages.scores.shape == (count,)
    assert stages.grids.shape == (count, 20, 20) and stages.grids.min() >= 0 and stages.grids.max() <= 1
    assert (stages.scores.diff() <= 0).all()
    assert set(stages.labels.tolist()) <= {category.id for category in STREET.things}
    pasted = paste_masks(stages.grids, stages.boxes, image.shape[1:]) > 0.5
    assert torch.equal(pasted[pasted.flatten(1).any(1)], stages.instances["masks"])


def test_it_refuses_what_the_network_refuses(net: MaskRCNN) -> None:
    with pytest.raises(ValueError, match=r"image: expected float \[B, 3, H, W\]"):
        look_inside(net, torch.rand(2, 64, 64))
    with pytest.raises(ValueError, match="image: expected values in 0..1"):
        look_inside(net, torch.rand(3, 64, 64) * 9)
    with pytest.raises(ValueError, match="net: expected evaluation mode"):
        look_inside(MaskRCNN(STREET, zoo.WIDE), torch.rand(3, 64, 64))
