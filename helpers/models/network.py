"""How every network of the course is called.

A network is built as `Net(categories, channels=...)`, and `net(image)` gives what its idea gives: scores, maps,
detections. Beside that it has, of these three, the answers that it can give:

    net.semantic(image)   int64 [B, H, W] of category ids
    net.instances(image)  a list of instances, one `Instances` for each picture
    net.panoptic(image)   a list of panoptic maps, one `Panoptic` for each picture

`image` is float `[B, 3, H, W]`, RGB in 0..1. The answers lie on its device. They need evaluation mode, since batch
normalisation would otherwise answer by what else is in the batch, and learn from it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from helpers.arguments import check_image, expect
from helpers.categories import CategorySet


class Network(nn.Module):
    """A network that knows its vocabulary.

    Args:
        categories: what it can name.
    """

    def __init__(self, categories: CategorySet) -> None:
        super().__init__()
        self.categories = categories

    def ready(self, image: Tensor) -> None:
        """Raises `ValueError` in training mode, and as `check_image` does."""
        expect(not self.training, "net", "evaluation mode", "training mode; call net.eval() first")
        check_image(image)


class SemanticNetwork(Network):
    """A network whose `forward` gives logits `[B, C, H, W]`."""

    @torch.no_grad()
    def semantic(self, image: Tensor) -> Tensor:
        """float `[B, 3, H, W]` in 0..1 → int64 `[B, H, W]`: at each pixel the category with the highest score."""
        self.ready(image)
        return self(image).argmax(1)
