"""Mask R-CNN: find boxes, then draw a mask inside each (He, Gkioxari, Dollár, Girshick 2017).

Everything that makes it Mask R-CNN is torchvision's own: the region proposal network (Ren et al. 2015), RoIAlign, the
heads, the suppression of doubles. What stands here is what makes it small enough for a laptop: the way up of a U-Net
takes the place of the feature pyramid (Lin et al. 2017), since both join coarse features with fine ones; the anchors
have the sizes of things in a street of 96 × 128 pixels; the heads are narrow.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN as TorchvisionMaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import MultiScaleRoIAlign

from helpers.categories import CategorySet
from helpers.labels import masks_to_boxes
from helpers.models.encoder import CHANNELS, check_image
from helpers.models.unet import UNet

Instances = dict[str, Tensor]

WIDTH = 40  # of the pyramid's features
ANCHORS, SHAPES = (10, 22, 46), (0.5, 1.0, 2.5)  # side of a square of the anchor's area, in pixels; height over width


class MaskRCNN(nn.Module):
    """Picture to instances.

    Args:
        categories: the network looks for the things among them.
        channels: of the trunk, a U-Net. One that has learned to segment saves most of the training: copy its
            weights with `net.trunk.load_state_dict`.
    """

    def __init__(self, categories: CategorySet, channels: tuple[int, ...] = CHANNELS) -> None:
        super().__init__()
        self.things = [category.id for category in categories if category.isthing]
        pyramid = _Pyramid(UNet(len(categories), channels), channels)
        classes = len(self.things) + 1  # 0 means: no thing
        self.net = TorchvisionMaskRCNN(
            pyramid,
            rpn_anchor_generator=AnchorGenerator(tuple((side,) for side in ANCHORS), (SHAPES,) * len(ANCHORS)),
            rpn_pre_nms_top_n_train=200,
            rpn_pre_nms_top_n_test=100,
            rpn_post_nms_top_n_train=150,
            rpn_post_nms_top_n_test=40,
            rpn_batch_size_per_image=64,
            box_roi_pool=MultiScaleRoIAlign(["4", "8", "16"], output_size=5, sampling_ratio=1),
            box_head=TwoMLPHead(WIDTH * 5 * 5, 128),
            box_predictor=FastRCNNPredictor(128, classes),
            box_batch_size_per_image=32,
            box_detections_per_img=30,
            mask_roi_pool=MultiScaleRoIAlign(["2", "4"], output_size=10, sampling_ratio=1),
            mask_head=MaskRCNNHeads(WIDTH, (32, 32), dilation=1),
            mask_predictor=MaskRCNNPredictor(32, 32, classes),
        )
        self.net.transform = _AsItIs(min_size=0, max_size=0, image_mean=[0.0] * 3, image_std=[1.0] * 3)
        # Proposals from the coarser levels: on the finest there are thousands of anchors, and no thing needs them.
        self.net.rpn.register_forward_pre_hook(lambda _, args: (args[0], _without(args[1], "2"), *args[2:]))

    @property
    def trunk(self) -> UNet:
        return self.net.backbone.trunk

    def losses(self, image: Tensor, truth: list[Instances]) -> dict[str, Tensor]:
        """The five losses of the paper, by torchvision's names.

        Args:
            image: float `[B, 3, H, W]` in 0..1.
            truth: for each picture `boxes`, `labels` (category ids) and `masks`; a picture may have no thing.
        """
        check_image(image)
        numbered = []
        for one in truth:
            labels = one["labels"].new_tensor([self.things.index(label) + 1 for label in one["labels"].tolist()])
            numbered.append({"boxes": one["boxes"].float(), "labels": labels, "masks": one["masks"].to(torch.uint8)})
        return self.net(list(image), numbered)

    @torch.no_grad()
    def instances(self, image: Tensor) -> list[Instances]:
        """float `[B, 3, H, W]` in 0..1 → for each picture instances in no order but falling score.

        `boxes` float `[N, 4]` xyxy, `labels` int64 `[N]` of category ids, `masks` bool `[N, H, W]`, `scores` `[N]`.
        """
        check_image(image)
        if self.training:
            raise ValueError("net: expected evaluation mode, got training mode; call net.eval() first")
        ids = torch.tensor([0, *self.things], device=image.device)
        instances = []
        for found in self.net(list(image)):
            masks = found["masks"][:, 0] > 0.5
            seen = masks.flatten(1).any(1)  # a box may hold no pixel that is more likely in than out
            instances.append(
                {
                    "boxes": found["boxes"][seen],
                    "labels": ids[found["labels"][seen]],
                    "masks": masks[seen],
                    "scores": found["scores"][seen],
                }
            )
        return instances


class _Pyramid(nn.Module):
    """The levels of a U-Net's way up at strides 2, 4, 8 and 16, each brought to `WIDTH` features."""

    out_channels = WIDTH

    def __init__(self, trunk: UNet, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.trunk = trunk
        self.project = nn.ModuleList(nn.Conv2d(width, WIDTH, 1) for width in channels[:4])

    def forward(self, x: Tensor) -> OrderedDict[str, Tensor]:
        levels = zip(("2", "4", "8", "16"), self.project, self.trunk.pyramid(x), strict=False)
        return OrderedDict((stride, project(level)) for stride, project, level in levels)


class _AsItIs(GeneralizedRCNNTransform):
    """torchvision's preparation of pictures, without its enlarging to 800 pixels."""

    def resize(self, image: Tensor, target: Instances | None = None) -> tuple[Tensor, Instances | None]:
        return image, target


def _without(features: dict[str, Tensor], level: str) -> OrderedDict[str, Tensor]:
    return OrderedDict((key, value) for key, value in features.items() if key != level)


def map_to_instances(semantic: Tensor, things: Tensor) -> Instances:
    """Truth for training, from maps that can be stacked to batches and mirrored.

    Args:
        semantic: int64 `[H, W]` of category ids.
        things: int64 `[H, W]`, a number for each thing, 0 where there is none.

    Returns:
        `boxes`, `labels` and `masks` of the things.
    """
    ids = things.unique()
    masks = things == ids[ids > 0][:, None, None]  # (N, H, W)
    labels = semantic.expand_as(masks)[masks]  # of all their pixels, thing after thing
    first = torch.cat([masks.new_zeros(1, dtype=torch.int64), masks.sum((1, 2)).cumsum(0)])[:-1]
    return {"boxes": masks_to_boxes(masks), "labels": labels[first], "masks": masks}
