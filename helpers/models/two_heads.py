"""One network, two questions: what is in the picture, and what is at each place.

The trunk turns a picture into a grid of cells with features. One head averages the cells and answers once (*global
average pooling*, Lin, Chen, Yan 2014, section 3.2); the other asks the same kind of question of every cell (a *1×1
convolution*, section 3.1 there). In between lies every other grid: average over larger or smaller blocks of cells, and
one label becomes four, sixteen, ... up to a full map.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from helpers.arguments import check_image
from helpers.categories import CategorySet
from helpers.models.encoder import conv_block
from helpers.models.network import SemanticNetwork


class TwoHeads(SemanticNetwork):
    """A small trunk with a head for the whole picture and a head for each cell of 4 × 4 pixels.

    Args:
        categories: the vocabulary; each gets a channel of both answers.
        channels: of the features at strides 2 and 4.
    """

    stride = 4

    def __init__(self, categories: CategorySet, channels: tuple[int, int] = (24, 48)) -> None:
        super().__init__(categories)
        first, width = channels
        self.trunk = nn.Sequential(
            conv_block(3, first, stride=2),  # (B, 24, H/2, W/2)
            conv_block(first, width, stride=2),  # (B, 48, H/4, W/4)
            *(_Dilated(width, dilation) for dilation in (1, 2, 4, 8)),
        )
        self.whole = nn.Linear(width, len(categories))
        self.cell = nn.Conv2d(width, len(categories), 1)

    def classify(self, image: Tensor) -> Tensor:
        """One answer for the picture: float `[B, 3, H, W]` → logits `[B, C]`, for each category: is it in there?"""
        check_image(image)
        features = self.trunk(image - 0.5)  # (B, 48, H/4, W/4)
        return self.whole(features.mean((2, 3)))

    def segment(self, image: Tensor, grid: tuple[int, int] | None = None) -> Tensor:
        """One answer for each cell: logits `[B, C, H/4, W/4]`; with `grid` (rows, columns) of each block."""
        check_image(image)
        features = self.trunk(image - 0.5)
        if grid is not None:
            features = F.adaptive_avg_pool2d(features, grid)
        return self.cell(features)

    def forward(self, image: Tensor) -> Tensor:
        """A score for each category at each pixel, `[B, C, H, W]`: the cells' answers, enlarged smoothly."""
        return F.interpolate(self.segment(image), image.shape[-2:], mode="bilinear", align_corners=False)


class _Dilated(nn.Module):
    """A convolution that looks `dilation` cells away to each side, added to what came in (He et al. 2016)."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.look = conv_block(channels, channels, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.look(x)
