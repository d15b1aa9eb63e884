"""Fully convolutional networks: FCN-32s, FCN-16s and FCN-8s (Long, Shelhamer, Darrell 2015).

A network that classifies pictures, without its last step: a 1×1 convolution scores the categories in each cell of the
coarsest features, and the scores are enlarged to the picture. One cell is 32 × 32 pixels, so the answer is coarse. The
paper's remedy (section 4.2, figure 3): score finer features too, and *add* those scores on the way up, where they can
still move a border. FCN-16s adds the scores at stride 16, FCN-8s also those at stride 8. What differs from the paper:
a small encoder with batch normalisation in place of VGG; every enlarging is bilinear and fixed, where the paper learns
all but the last; and the three are trained from random weights, not each from the one before.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from helpers.arguments import check_image
from helpers.categories import CategorySet
from helpers.models.encoder import Encoder
from helpers.models.network import SemanticNetwork


class FCN(SemanticNetwork):
    """Picture to a score for each category at each pixel.

    Args:
        categories: the vocabulary; each gets a channel of the output.
        channels: of the features at strides 2, 4, 8, 16 and 32.
        stride: of the finest features that are scored: 32, 16 or 8.
    """

    def __init__(
        self, categories: CategorySet, channels: tuple[int, ...] = (16, 32, 64, 96, 128), stride: int = 8
    ) -> None:
        super().__init__(categories)
        if stride not in (8, 16, 32):
            raise ValueError(f"stride: expected 8, 16 or 32, got {stride}")
        self.stride = stride
        self.encoder = Encoder(channels)
        scored = {32: 1, 16: 2, 8: 3}[stride]
        self.score = nn.ModuleList(nn.Conv2d(width, len(categories), 1) for width in channels[::-1][:scored])

    def stage_scores(self, image: Tensor) -> list[Tensor]:
        """The scores of each stage alone, before they are added: `[B, C, H/32, W/32]`, then H/16, then H/8."""
        check_image(image)
        features = self.encoder(image - 0.5)
        return [score(x) for score, x in zip(self.score, reversed(features), strict=False)]

    def forward(self, image: Tensor) -> Tensor:
        """float `[B, 3, H, W]` in 0..1 → logits float `[B, C, H, W]`; H and W of any size from 32."""
        x, *finer = self.stage_scores(image)  # (B, C, H/32, W/32)
        for scores in finer:
            x = enlarge(x, scores.shape[-2:]) + scores  # (B, C, H/16, W/16), then (B, C, H/8, W/8)
        return enlarge(x, image.shape[-2:])  # (B, C, H, W)


def enlarge(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear: between the middles of four cells, a score is a weighted mean of theirs."""
    return F.interpolate(x, tuple(size), mode="bilinear", align_corners=False)
