"""A semantic network and an instance network, side by side: each answers alone, and both are fused.

So began panoptic segmentation (Kirillov et al., "Panoptic Segmentation", CVPR 2019, section 7): two networks that know
nothing of each other, and a rule for their conflicts.
"""

from __future__ import annotations

import torch
from torch import Tensor

from helpers.arguments import expect
from helpers.fusion import fuse_by_score
from helpers.labels import Instances, Panoptic
from helpers.models.network import Network


class Fused(Network):
    """Picture to all three answers.

    Args:
        semantic_net: gives `semantic`.
        instance_net: gives `instances`; both have one vocabulary.
    """

    def __init__(self, semantic_net: Network, instance_net: Network) -> None:
        super().__init__(semantic_net.categories)
        same = instance_net.categories == self.categories
        expect(
            same,
            "instance_net",
            f"the categories of semantic_net, {self.categories.name}",
            instance_net.categories.name,
        )
        self.semantic_net, self.instance_net = semantic_net, instance_net

    @torch.no_grad()
    def forward(self, image: Tensor) -> tuple[Tensor, list[Instances]]:
        """float `[B, 3, H, W]` in 0..1 → what both say: semantic maps int64 `[B, H, W]`, instances of each picture."""
        return self.semantic(image), self.instances(image)

    def semantic(self, image: Tensor) -> Tensor:
        self.ready(image)
        return self.semantic_net.semantic(image)

    def instances(self, image: Tensor) -> list[Instances]:
        self.ready(image)
        return self.instance_net.instances(image)

    def panoptic(self, image: Tensor) -> list[Panoptic]:
        """float `[B, 3, H, W]` in 0..1 → the panoptic map of each picture; see `fusion.fuse_by_score`."""
        return [fuse_by_score(*answers, self.categories) for answers in zip(*self(image), strict=True)]
