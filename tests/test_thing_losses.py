"""What the networks for things are taught: boxes and masks, or centres and offsets."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers import metrics
from helpers.categories import STREET, VOID
from helpers.losses import (
    box_free_loss,
    center_loss,
    center_targets,
    cross_entropy_dice,
    map_to_instances,
    mask_rcnn_loss,
)
from helpers.models.mask_rcnn import MaskRCNN
from helpers.models.panoptic_deeplab import Maps
from helpers.scenes.dataset import stack_things
from helpers.scenes.scene import Scene
from helpers.scenes.street import street

pytestmark = pytest.mark.lesson4


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [street(seed) for seed in range(4)]


# --- things, with boxes ---


def test_maps_of_things_hold_the_same_objects(scenes: list[Scene]) -> None:
    _, semantic, things = stack_things(scenes)
    for scene, *maps in zip(scenes, semantic, things, strict=True):
        truth, found = scene.instances, map_to_instances(*maps)
        overlap = metrics.mask_iou(found["masks"], truth["masks"])
        assert overlap.shape[0] == overlap.shape[1] and (overlap.max(1).values == 1).all()
        order = overlap.argmax(1)
        assert torch.equal(found["labels"], truth["labels"][order])
        assert torch.equal(found["boxes"], truth["boxes"][order])


def test_a_map_without_things_gives_none() -> None:
    found = map_to_instances(torch.zeros(8, 9, dtype=torch.int64), torch.zeros(8, 9, dtype=torch.int64))
    assert found["boxes"].shape == (0, 4) and found["masks"].shape == (0, 8, 9) and found["labels"].shape == (0,)


@pytest.fixture(scope="module")
def detector() -> MaskRCNN:
    torch.manual_seed(0)
    return MaskRCNN(STREET, (4, 6, 8, 10, 12))


def test_the_detector_is_taught_the_things_of_the_scenes(detector: MaskRCNN, scenes: list[Scene]) -> None:
    """What torchvision gets, against the scenes' own objects: numbers from 1, boxes xyxy, masks of the thing."""
    seen = []
    hook = detector.net.register_forward_pre_hook(lambda _, args: seen.append(args))
    mask_rcnn_loss(detector.train(), stack_things(scenes))
    hook.remove()
    [(images, targets)] = seen
    assert len(images) == len(targets) == len(scenes)
    for scene, image, target in zip(scenes, images, targets, strict=True):
        assert torch.equal(image, scene.image)
        truth = scene.instances
        names = [STREET.things[label - 1].name for label in target["labels"].tolist()]
        found = zip(target["masks"].flatten(1).int().tolist(), target["boxes"].tolist(), names, strict=True)
        expected = [
            (mask.flatten().int().tolist(), box, STREET[label].name)
            for mask, box, label in zip(truth["masks"], truth["boxes"].tolist(), truth["labels"].tolist(), strict=True)
        ]
        assert sorted(found) == sorted(expected)


def test_the_detectors_loss_trains_every_part(detector: MaskRCNN, scenes: list[Scene]) -> None:
    parts = []
    hook = detector.net.register_forward_hook(lambda module, args, output: parts.append(output))
    total = mask_rcnn_loss(detector.train(), stack_things(scenes))
    hook.remove()
    assert set(parts[0]) == {
        "loss_classifier", "loss_box_reg", "loss_mask", "loss_objectness", "loss_rpn_box_reg",
    }  # fmt: skip
    assert total.item() == pytest.approx(sum(part.item() for part in parts[0].values()), rel=1e-6)
    total.backward()
    idle = [name for name, weight in detector.named_parameters() if weight.grad is None]
    assert all("trunk.head" in name for name in idle), idle  # the semantic head has no part in it
    detector.zero_grad()


def test_a_picture_without_things_can_be_learned_from(detector: MaskRCNN) -> None:
    empty = torch.zeros(1, 96, 128, dtype=torch.int64)
    assert mask_rcnn_loss(detector.train(), (torch.rand(1, 3, 96, 128), empty, empty)).isfinite()


def test_the_detector_learns_in_training_mode_only(detector: MaskRCNN) -> None:
    with pytest.raises(ValueError, match="net: expected training mode, got evaluation mode; call net.train.. first"):
        mask_rcnn_loss(detector.eval(), stack_things([street(0)]))


# --- things, with centres and offsets ---


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


class Answer(nn.Module):
    """A network that gives the truth of scenes, changed."""

    categories = STREET

    def __init__(self, batch: tuple[Tensor, ...], heat: Tensor | float = 0, offsets: Tensor | float = 0) -> None:
        super().__init__()
        _, semantic, things = batch
        logits = 50.0 * F.one_hot(semantic.where(semantic != VOID, 0), len(STREET)).movedim(-1, 1)
        true_heat, true_offsets = center_targets(things)
        self.maps = Maps(logits, true_heat + heat, true_offsets + offsets)

    def forward(self, image: Tensor) -> Maps:
        return self.maps


def test_each_part_of_the_box_free_loss_has_its_weight(scenes: list[Scene]) -> None:
    batch = stack_things(scenes)
    things = batch[2] > 0

    def cost(**changed: Tensor | float) -> float:
        return float(box_free_loss(Answer(batch, **changed), batch))

    assert cost() == pytest.approx(0, abs=1e-4)
    assert cost(heat=0.1) == pytest.approx(20 * 0.1**2, rel=1e-3)
    assert cost(offsets=2) == pytest.approx(0.05 * 4, rel=1e-3)  # two axes, two pixels each
    assert cost(offsets=2.0 * things[:, None]) == cost(offsets=2)  # on stuff there is nothing to point at
    assert cost(offsets=100.0 * ~things[:, None]) == cost()
    turned = Answer(batch)
    turned.maps = turned.maps._replace(logits=turned.maps.logits.flip(1))
    weights = torch.arange(1.0, 9)
    expected = cross_entropy_dice(turned.maps.logits, batch[1], weights)
    assert float(box_free_loss(turned, batch, weights)) == pytest.approx(float(expected), rel=1e-5)


def test_where_centres_are_unknown_nothing_is_taught(scenes: list[Scene]) -> None:
    """In void, and in a crowd: pixels of a thing's category that have no number."""
    image, semantic, things = stack_things(scenes[:1])
    crowd = things == things[things > 0].min()
    assert crowd.any() and not crowd.all()
    things[crowd] = 0
    batch = image, semantic, things
    known = float(box_free_loss(Answer(batch), batch))
    assert float(box_free_loss(Answer(batch, heat=0.5 * crowd), batch)) == pytest.approx(known, abs=1e-6)
    elsewhere = 0.5 * (semantic == STREET.id("road"))
    assert float(box_free_loss(Answer(batch, heat=elsewhere), batch)) > known + 0.1
    semantic[:] = VOID
    things[:] = 0
    assert float(box_free_loss(Answer(batch, heat=0.5, offsets=3), batch)) == 0


def test_the_losses_of_centres_alone() -> None:
    things = torch.zeros(1, 8, 10, dtype=torch.int64)
    things[0, 2:4, 3:6] = 4
    heat, offsets = center_targets(things)
    known = torch.ones(1, 8, 10, dtype=torch.bool)
    assert center_loss(heat, offsets, things, known) == (0, 0)
    heat_loss, offset_loss = center_loss(
        heat + 0.5 * (things == 0), offsets + 3 * (things == 0)[:, None], things, known
    )
    assert heat_loss == pytest.approx(0.25 * 74 / 80) and offset_loss == 0
    assert center_loss(heat + 1, offsets + 1, things * 0, known & False) == (0, 0)
