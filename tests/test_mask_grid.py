"""Masks on a grid inside a box: both ends agree on pixel centres, and torchvision's own are left alone."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import Tensor
from torchvision.models.detection.roi_heads import paste_masks_in_image, project_masks_on_boxes

from helpers.categories import STREET
from helpers.losses import mask_rcnn_loss
from helpers.models.mask_grid import crop_masks, paste_masks
from helpers.models.mask_rcnn import MaskRCNN, WholePixels
from helpers.scenes.dataset import VALIDATION, stack_things
from helpers.scenes.street import street

pytestmark = pytest.mark.lesson4


def mask_ious(a: Tensor, b: Tensor) -> Tensor:
    return (a & b).sum((1, 2)) / (a | b).sum((1, 2))


@pytest.fixture(scope="module")
def truth() -> list:
    scenes = [street(VALIDATION + seed) for seed in range(40)]
    return [(scene.instances["masks"], scene.instances["boxes"]) for scene in scenes if len(scene.instances["masks"])]


@pytest.mark.parametrize(("side", "least"), [(10, 0.94), (20, 0.985), (28, 0.995)])
def test_true_masks_come_back_from_the_grid(truth: list, side: int, least: float) -> None:
    ours, theirs = [], []
    for masks, boxes in truth:
        back = paste_masks(crop_masks(masks, boxes, side), boxes, masks.shape[1:]) > 0.5
        ours.append(mask_ious(back, masks))
        grids = project_masks_on_boxes(masks.float(), boxes, torch.arange(len(boxes)), side)
        theirs.append(mask_ious(paste_masks_in_image(grids[:, None], boxes, masks.shape[1:])[:, 0] > 0.5, masks))
    assert torch.cat(ours).mean() >= least
    assert torch.cat(theirs).mean() < 0.87  # however fine the grid: half a pixel is lost at both ends


BOXES = torch.tensor([[10.0, 6.0, 30.0, 26.0], [3.25, 5.5, 22.75, 24.1], [12.0, 4.0, 19.0, 29.0]])


def ramps(height: int = 32, width: int = 40) -> Tensor:
    """Two pictures: each pixel holds the x, or the y, of its own centre."""
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    return torch.stack([x, y])


@pytest.mark.parametrize("side", [5, 20])
def test_a_cell_holds_what_lies_at_its_centre(side: int) -> None:
    """Interpolation gives a ramp back exactly, so that each cell says at which x and y it was read."""
    for box in BOXES:
        x, y = crop_masks(ramps(), box.expand(2, 4), side)
        step = (torch.arange(side) + 0.5) / side
        assert torch.allclose(x, (box[0] + step * (box[2] - box[0])).expand(side, -1), atol=1e-4)
        assert torch.allclose(y, (box[1] + step * (box[3] - box[1]))[:, None].expand(-1, side), atol=1e-4)


@pytest.mark.parametrize("side", [5, 20])
def test_a_pixel_reads_the_grid_at_its_own_centre(side: int) -> None:
    for box in BOXES:
        step = (torch.arange(side) + 0.5) / side
        grid = (box[0] + step * (box[2] - box[0])).expand(side, -1)  # every cell holds the x of its centre
        pasted = paste_masks(torch.stack([grid, torch.ones_like(grid)]), box.expand(2, 4), (32, 40))
        x, y = ramps()
        half = (box[2:] - box[:2]) / side / 2  # the outermost half cell fades out
        inside = (x > box[0] + half[0]) & (x < box[2] - half[0]) & (y > box[1] + half[1]) & (y < box[3] - half[1])
        assert inside.any() and torch.allclose(pasted[0][inside], x[inside], atol=1e-3)
        outside = (x < box[0] - half[0]) | (x > box[2] + half[0]) | (y < box[1] - half[1]) | (y > box[3] + half[1])
        assert pasted[1][outside].max() == 0
        assert torch.allclose(pasted[1][inside], torch.ones(1))


def test_a_mirrored_mask_gives_the_mirrored_grid_and_picture() -> None:
    """Nothing prefers right to left, or down to up, as the half pixel did."""
    masks = torch.rand(3, 32, 40, generator=torch.Generator().manual_seed(0)) > 0.5
    turned = torch.stack([40 - BOXES[:, 2], BOXES[:, 1], 40 - BOXES[:, 0], BOXES[:, 3]], 1)
    grids = crop_masks(masks, BOXES, 20)
    assert torch.allclose(crop_masks(masks.flip(2), turned, 20), grids.flip(2), atol=1e-4)
    pasted = paste_masks(grids, BOXES, (32, 40))
    assert torch.allclose(paste_masks(grids.flip(2), turned, (32, 40)), pasted.flip(2), atol=1e-4)
    upside = torch.stack([BOXES[:, 0], 32 - BOXES[:, 3], BOXES[:, 2], 32 - BOXES[:, 1]], 1)
    assert torch.allclose(crop_masks(masks.flip(1), upside, 20), grids.flip(1), atol=1e-4)
    theirs = [
        project_masks_on_boxes(each.float(), box, torch.arange(3), 20)
        for each, box in ((masks, BOXES), (masks.flip(2), turned))
    ]
    assert not torch.allclose(theirs[1], theirs[0].flip(2), atol=1e-2)


def test_a_box_without_width_holds_no_number_that_is_none() -> None:
    pasted = paste_masks(torch.ones(1, 20, 20), torch.tensor([[8.5, 3.0, 8.5, 9.0]]), (12, 16))
    assert pasted.isfinite().all() and pasted.min() >= 0 and pasted.max() <= 1


def test_no_boxes_no_masks() -> None:
    none = torch.zeros(0, 4)
    assert crop_masks(torch.zeros(0, 9, 8, dtype=torch.bool), none, 20).shape == (0, 20, 20)
    assert paste_masks(torch.zeros(0, 20, 20), none, (9, 8)).shape == (0, 9, 8)


THEIRS = """
import torch
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
torch.manual_seed(0)
net = MaskRCNN(
    resnet_fpn_backbone(backbone_name="resnet18", weights=None), num_classes=3, min_size=64, max_size=64,
    box_score_thresh=0.0, box_detections_per_img=3, rpn_post_nms_top_n_test=8, rpn_post_nms_top_n_train=8,
)
image = [torch.rand(3, 64, 64)]
mask = torch.zeros(1, 64, 64, dtype=torch.uint8)
mask[:, 10:40, 20:50] = 1
target = [{"boxes": torch.tensor([[20.0, 10, 50, 40]]), "labels": torch.tensor([1]), "masks": mask}]
with torch.no_grad():
    torch.manual_seed(1)
    loss = net.train()(image, target)["loss_mask"]
    found = net.eval()(image)[0]
numbers = [float(loss), float(found["masks"].sum()), float(found["boxes"].sum()), len(found["scores"])]
"""


def test_torchvisions_own_is_left_alone() -> None:
    torch.manual_seed(0)
    ours = MaskRCNN(STREET, (4, 6, 8, 10, 12))
    mask_rcnn_loss(ours.train(), stack_things([street(0), street(1)]))
    ours.eval().instances(torch.rand(1, 3, 96, 128))
    here: dict = {}
    exec(THEIRS, here)
    alone = subprocess.run(
        [sys.executable, "-c", THEIRS + "print(numbers)"], capture_output=True, text=True, check=True
    )
    assert here["numbers"] == pytest.approx(eval(alone.stdout), rel=1e-4)
    assert here["numbers"][3] > 0


def test_the_networks_targets_and_answers_go_through_these_two_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Teach it the grids of true boxes, ask for them: the very masks come back."""
    torch.manual_seed(0)
    net = MaskRCNN(STREET, (4, 6, 8, 10, 12)).eval()
    scene = street(VALIDATION)
    true, number = scene.instances, {label: place for place, label in enumerate(net.things, start=1)}
    grids = crop_masks(true["masks"], true["boxes"], 20)
    found = {"boxes": true["boxes"], "masks": grids[:, None], "scores": true["scores"]}
    found["labels"] = torch.tensor([number[label] for label in true["labels"].tolist()])
    monkeypatch.setattr(net.net, "forward", lambda images: [found])
    answer = net.instances(scene.image[None])[0]
    assert torch.equal(answer["labels"], true["labels"]) and torch.equal(answer["boxes"], true["boxes"])
    new = mask_ious(answer["masks"], true["masks"]).mean()
    assert new > 0.97
    drawn = net(scene.image[None])[0]
    assert torch.equal(drawn["grids"], grids)
    theirs = paste_masks_in_image(drawn["grids"][:, None], drawn["boxes"], scene.size)[:, 0] > 0.5
    other = WholePixels(STREET, (4, 6, 8, 10, 12)).eval()
    monkeypatch.setattr(other.net, "forward", lambda images: [found])
    old = other.instances(scene.image[None])[0]["masks"]
    assert torch.equal(old, theirs) and mask_ious(old, true["masks"]).mean() < new - 0.03


def test_the_mask_loss_sees_the_boxes_that_hold_a_thing_and_their_class_alone() -> None:
    torch.manual_seed(0)
    heads = MaskRCNN(STREET, (4, 6, 8, 10, 12)).net.roi_heads
    masks = torch.zeros(2, 32, 40, dtype=torch.bool)
    masks[0, 5:20, 8:30] = masks[1, 2:30, 20:25] = True
    proposals, rows, labels = [BOXES], [torch.tensor([1, 0, 1])], [torch.tensor([2, 0, 3])]
    logits = torch.randn(2, 4, 20, 20)
    asked = []
    heads.draw = lambda features, boxes, shapes: asked.append(boxes) or logits
    loss = heads.mask_loss(None, proposals, None, rows, labels, [{"masks": masks}])
    assert torch.equal(asked[0][0], BOXES[[0, 2]])
    expected = []
    for place, (box, label) in enumerate(((BOXES[0], 2), (BOXES[2], 3))):
        grid = crop_masks(masks[1:], box[None], 20)[0]
        for row in range(20):
            for column in range(20):
                share = torch.sigmoid(logits[place, label, row, column])
                wanted = grid[row, column]
                expected.append(-(wanted * share.log() + (1 - wanted) * (1 - share).log()))
    assert loss == pytest.approx(float(torch.stack(expected).mean()), rel=1e-4)
    logits = logits[:0]
    assert heads.mask_loss(None, proposals, None, rows, [torch.zeros(3).long()], [{"masks": masks}]) == 0
