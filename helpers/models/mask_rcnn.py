"""Mask R-CNN: find boxes, then draw a mask inside each (He, Gkioxari, Dollár, Girshick 2017).

The steps are torchvision's own: the region proposal network (Ren et al. 2015), RoIAlign, the heads, the suppression of
doubles. What stands here makes it small enough for a laptop, and puts masks where they belong:

- The way up of a U-Net takes the place of the feature pyramid (Lin et al. 2017): both join coarse features with fine.
- Anchors have the sizes of things in a street of 96 × 128 pixels. The heads are narrow: boxes see 5 × 5 cells (the
  paper: 7 × 7), masks 10 × 10 (14 × 14), and two convolutions in place of four come before the mask is drawn.
- Mask targets and pasted masks agree on pixel centres: see `mask_grid.py`.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.detection import roi_heads, rpn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.generalized_rcnn import GeneralizedRCNN
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import MultiScaleRoIAlign

from helpers.categories import CategorySet
from helpers.labels import Instances
from helpers.models.encoder import CHANNELS
from helpers.models.mask_grid import crop_masks, paste_by_whole_pixels, paste_masks
from helpers.models.network import Network
from helpers.models.unet import UNet

WIDTH = 40  # of the pyramid's features
ANCHORS, SHAPES = (10, 22, 46), (0.5, 1.0, 2.5)  # side of a square of the anchor's area, in pixels; height over width


class MaskRCNN(Network):
    """Picture to instances.

    Args:
        categories: the network looks for the things among them.
        channels: of the trunk, a U-Net. One that has learned to segment saves most of the training: copy its
            weights with `net.trunk.load_state_dict`.
    """

    paste = staticmethod(paste_masks)

    def __init__(self, categories: CategorySet, channels: tuple[int, ...] = CHANNELS) -> None:
        super().__init__(categories)
        self.things = [category.id for category in categories.things]
        self.net = GeneralizedRCNN(
            _Pyramid(UNet(categories, channels), channels),
            _Proposals(
                AnchorGenerator(tuple((side,) for side in ANCHORS), (SHAPES,) * len(ANCHORS)),
                rpn.RPNHead(WIDTH, len(SHAPES)),
                fg_iou_thresh=0.7,
                bg_iou_thresh=0.3,
                batch_size_per_image=64,
                positive_fraction=0.5,
                pre_nms_top_n={"training": 200, "testing": 100},
                post_nms_top_n={"training": 150, "testing": 40},
                nms_thresh=0.7,
            ),
            _heads(len(self.things) + 1),  # number 0 means: no thing
            _AsItIs(min_size=0, max_size=0, image_mean=[0.0] * 3, image_std=[1.0] * 3),
        )

    @property
    def trunk(self) -> UNet:
        return self.net.backbone.trunk

    @torch.no_grad()
    def forward(self, image: Tensor) -> list[dict[str, Tensor]]:
        """float `[B, 3, H, W]` in 0..1 → for each picture what the heads found, by falling score.

        `boxes` float `[N, 4]` xyxy, `labels` int64 `[N]` of category ids, `scores` float `[N]`, and `grids` float
        `[N, 20, 20]`: the masks as the network draws them, in 0..1, each within its box.
        """
        self.ready(image)
        ids = torch.tensor([0, *self.things], device=image.device)
        return [
            {"boxes": it["boxes"], "labels": ids[it["labels"]], "scores": it["scores"], "grids": it["masks"][:, 0]}
            for it in self.net(list(image))
        ]

    @torch.no_grad()
    def instances(self, image: Tensor) -> list[Instances]:
        """float `[B, 3, H, W]` in 0..1 → for each picture instances by falling score; masks may overlap."""
        instances = []
        for found in self(image):
            masks = self.paste(found.pop("grids"), found["boxes"], image.shape[-2:]) > 0.5
            seen = masks.flatten(1).any(1)  # a box may hold no pixel that is more likely in than out
            instances.append({key: value[seen] for key, value in (found | {"masks": masks}).items()})
        return instances


class WholePixels(MaskRCNN):
    """The same network with torchvision's pasting, to see what half a pixel costs."""

    paste = staticmethod(paste_by_whole_pixels)


class _Pyramid(nn.Module):
    """The levels of a U-Net's way up at strides 2, 4, 8 and 16, each brought to `WIDTH` features."""

    def __init__(self, trunk: UNet, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.trunk = trunk
        self.project = nn.ModuleList(nn.Conv2d(width, WIDTH, 1) for width in channels[:4])

    def forward(self, x: Tensor) -> OrderedDict[str, Tensor]:
        levels = zip(("2", "4", "8", "16"), self.project, self.trunk.pyramid(x), strict=False)
        return OrderedDict((stride, project(level)) for stride, project, level in levels)


class _Proposals(rpn.RegionProposalNetwork):
    """torchvision's, without the finest level: it holds thousands of anchors, and no thing needs them."""

    def forward(self, images, features, targets=None):
        return super().forward(images, {stride: level for stride, level in features.items() if stride != "2"}, targets)


def _heads(classes: int) -> RoIHeads:
    return RoIHeads(
        box_roi_pool=MultiScaleRoIAlign(["4", "8", "16"], output_size=5, sampling_ratio=1),
        box_head=TwoMLPHead(WIDTH * 5 * 5, 128),
        box_predictor=FastRCNNPredictor(128, classes),
        fg_iou_thresh=0.5,
        bg_iou_thresh=0.5,
        batch_size_per_image=32,
        positive_fraction=0.25,
        bbox_reg_weights=None,
        score_thresh=0.05,
        nms_thresh=0.5,
        detections_per_img=30,
        mask_roi_pool=MultiScaleRoIAlign(["2", "4"], output_size=10, sampling_ratio=1),
        mask_head=MaskRCNNHeads(WIDTH, (32, 32), dilation=1),
        mask_predictor=MaskRCNNPredictor(32, 32, classes),
    )


class RoIHeads(roi_heads.RoIHeads):
    """torchvision's two heads for each box; only the targets of the masks are our own."""

    def forward(self, features, proposals, image_shapes, targets=None):
        """Training: no result, and the losses. Evaluation: for each picture boxes, labels, scores and grids."""
        if self.training:
            proposals, rows, labels, steps = self.select_training_samples(proposals, targets)
        x = self.box_head(self.box_roi_pool(features, proposals, image_shapes))  # (all boxes, 128)
        logits, deltas = self.box_predictor(x)
        if self.training:
            classifier, box = roi_heads.fastrcnn_loss(logits, deltas, labels, steps)
            mask = self.mask_loss(features, proposals, image_shapes, rows, labels, targets)
            return [], {"loss_classifier": classifier, "loss_box_reg": box, "loss_mask": mask}

        found = self.postprocess_detections(logits, deltas, proposals, image_shapes)
        found = [dict(zip(("boxes", "scores", "labels"), it, strict=True)) for it in zip(*found, strict=True)]
        grids = self.draw(features, [it["boxes"] for it in found], image_shapes)  # (all boxes, classes, 20, 20)
        grids = roi_heads.maskrcnn_inference(grids, [it["labels"] for it in found])
        return [it | {"masks": grid} for it, grid in zip(found, grids, strict=True)], {}

    def draw(self, features, boxes, image_shapes) -> Tensor:
        """A logit for each cell, and for each class, in each box."""
        return self.mask_predictor(self.mask_head(self.mask_roi_pool(features, boxes, image_shapes)))

    def mask_loss(self, features, proposals, image_shapes, rows, labels, targets) -> Tensor:
        """Cross-entropy of each cell, in boxes that hold a thing and for its class alone (the paper, section 3)."""
        holds = [label > 0 for label in labels]
        boxes = [box[it] for box, it in zip(proposals, holds, strict=True)]
        logits = self.draw(features, boxes, image_shapes)  # (N, classes, M, M)
        if len(logits) == 0:  # the mean over nothing would be nan
            return logits.sum()
        masks = [truth["masks"][row[it]] for truth, row, it in zip(targets, rows, holds, strict=True)]
        grids = [crop_masks(mask, box, logits.shape[-1]) for mask, box in zip(masks, boxes, strict=True)]
        label = torch.cat([label[it] for label, it in zip(labels, holds, strict=True)])
        own = logits[torch.arange(len(label), device=label.device), label]  # (N, M, M)
        return F.binary_cross_entropy_with_logits(own, torch.cat(grids))


class _AsItIs(GeneralizedRCNNTransform):
    """torchvision's preparation of pictures, without its enlarging to 800 pixels and its pasting of masks."""

    def resize(self, image, target=None):
        return image, target

    def postprocess(self, result, image_shapes, original_image_sizes):
        return result
