"""A semantic network and an instance network, side by side: each answers alone, and both are fused.

So began panoptic segmentation (Kirillov et al., "Panoptic Segmentation", CVPR 2019, section 6): two networks that know
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
        what: gives `semantic`.
        which: gives `instances`; both have one vocabulary.
    """

    def __init__(self, what: Network, which: Network) -> None:
        super().__init__(what.categories)
        expect(which.categories == what.categories, "which", f"the categories of what, {what.categories.name}",
               which.categories.name)  # fmt: skip
        self.what, self.which = what, which

    def semantic(self, image: Tensor) -> Tensor:
        return self.what.semantic(image)

    def instances(self, image: Tensor) -> list[Instances]:
        return self.which.instances(image)

    @torch.no_grad()
    def panoptic(self, image: Tensor) -> list[Panoptic]:
        """float `[B, 3, H, W]` in 0..1 → the panoptic map of each picture; see `fusion.fuse_by_score`."""
        answers = zip(self.semantic(image), self.instances(image), strict=True)
        return [fuse_by_score(semantic, instances, self.categories) for semantic, instances in answers]
