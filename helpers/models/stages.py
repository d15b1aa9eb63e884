"""What the stages of Mask R-CNN hand on, for one picture."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from helpers.labels import Instances
from helpers.models.mask_rcnn import MaskRCNN


class Stages(NamedTuple):
    """One picture, stage by stage. Boxes are xyxy in pixels."""

    features: dict[str, Tensor]  # by stride: [40, H / stride, W / stride], of H and W rounded up to multiples of 32
    proposals: Tensor  # [P, 4]: where something may be
    boxes: Tensor  # [N, 4]: corrected, surest first
    labels: Tensor  # [N], category ids
    scores: Tensor  # [N]
    grids: Tensor  # [N, 20, 20]: a mask in 0..1 within each box
    instances: Instances  # the masks pasted into the picture


@torch.no_grad()
def look_inside(net: MaskRCNN, image: Tensor) -> Stages:
    """float `[3, H, W]` in 0..1 → all that `net.instances(image[None])` makes on its way.

    Raises `ValueError` as `net` does.
    """
    [found], [instances] = net(image[None]), net.instances(image[None])
    prepared, _ = net.net.transform([image])  # brought to a multiple of 32 pixels a side
    features = net.net.backbone(prepared.tensors)
    [proposals], _ = net.net.rpn(prepared, features)
    maps = {stride: level[0] for stride, level in features.items()}
    return Stages(maps, proposals, found["boxes"], found["labels"], found["scores"], found["grids"], instances)
