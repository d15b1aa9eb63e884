"""U-Net: down to see what is there, up to say where, with bridges between (Ronneberger, Fischer, Brox 2015).

The picture is squeezed to ever coarser, richer features; on the way up each level is joined by the features of the
same size from the way down (the *skip connection*), which still know where the edges were. What differs from the
paper's figure 1, so that it trains on a laptop: it starts with a strided convolution and ends with a pixel shuffle,
which keeps every convolution at half the picture's size or below; batch normalisation; padding, so that the output
has the input's size; one convolution per level on the way up.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers.arguments import check_image
from helpers.categories import CategorySet
from helpers.models.encoder import CHANNELS, Encoder, conv_block
from helpers.models.network import SemanticNetwork


class UNet(SemanticNetwork):
    """Picture to a score for each category at each pixel.

    Args:
        categories: the vocabulary; each gets a channel of the output.
        channels: of the features at strides 2, 4, 8, ...
        skips: False cuts the skip connections: the way up then has only the coarsest features to work from.
    """

    def __init__(self, categories: CategorySet, channels: tuple[int, ...] = CHANNELS, skips: bool = True) -> None:
        super().__init__(categories)
        self.encoder = Encoder(channels)
        self.skips = skips
        self.up = nn.ModuleList(
            conv_block(below + (beside if skips else 0), beside)
            for below, beside in zip(channels[:0:-1], channels[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(channels[0], len(categories) * 4, 1)

    def pyramid(self, image: Tensor) -> list[Tensor]:
        """What the way up holds: features at 1/2, 1/4, ... of the size of the image (its sides made even)."""
        check_image(image)
        height, width = image.shape[-2:]
        x = F.pad(image - 0.5, (0, width % 2, 0, height % 2))  # (B, 3, even, even)
        *skips, x = self.encoder(x)
        levels = [x]  # the coarsest, where down turns to up
        for level, skip in zip(self.up, reversed(skips), strict=True):
            x = F.interpolate(x, skip.shape[-2:], mode="nearest")  # as large as the level above
            x = level(torch.cat([x, skip], 1) if self.skips else x)
            levels.insert(0, x)
        return levels

    def forward(self, image: Tensor) -> Tensor:
        """float `[B, 3, H, W]` in 0..1 → logits float `[B, C, H, W]`; H and W of any size from 32."""
        x = F.pixel_shuffle(self.head(self.pyramid(image)[0]), 2)  # (B, 4·C, H/2, W/2) → (B, C, H, W)
        return x[..., : image.shape[-2], : image.shape[-1]]
