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


def conv_block(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    """3×3 convolution, batch normalisation, ReLU; `stride` 2 halves height and width."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


class Encoder(nn.Module):
    """The way down: features at 1/2, 1/4, 1/8, 1/16 and 1/32 of the picture's size."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, channels[0], 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels[0]),
            nn.ReLU(inplace=True),
        )
        self.stages = nn.ModuleList(
            nn.Sequential(conv_block(before, after, stride=2), conv_block(after, after))
            for before, after in zip(channels[:-1], channels[1:], strict=True)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        features = [self.stem(x)]  # (B, C0, H/2, W/2)
        for stage in self.stages:
            features.append(stage(features[-1]))  # (B, Ci, H/2^(i+1), W/2^(i+1))
        return features


class UNet(nn.Module):
    """Picture to a score for each category at each pixel.

    Args:
        num_categories: channels of the output.
        channels: of the features at strides 2, 4, 8, ...
        skips: False cuts the skip connections: the way up then has only the coarsest features to work from.
    """

    def __init__(
        self, num_categories: int, channels: tuple[int, ...] = (16, 32, 48, 64, 96), skips: bool = True
    ) -> None:
        super().__init__()
        self.encoder = Encoder(channels)
        self.skips = skips
        self.up = nn.ModuleList(
            conv_block(below + (beside if skips else 0), beside)
            for below, beside in zip(channels[:0:-1], channels[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(channels[0], num_categories * 4, 1)

    def forward(self, image: Tensor) -> Tensor:
        """float `[B, 3, H, W]` in 0..1 → logits float `[B, num_categories, H, W]`; H and W of any size from 32."""
        if image.ndim != 4 or image.shape[1] != 3:
            raise ValueError(f"image: expected float [B, 3, H, W], got {list(image.shape)}")
        height, width = image.shape[-2:]
        x = F.pad(image - 0.5, (0, width % 2, 0, height % 2))  # (B, 3, even, even)
        *features, x = self.encoder(x)
        for level, skip in zip(self.up, reversed(features), strict=True):
            x = F.interpolate(x, skip.shape[-2:], mode="nearest")  # as large as the level above
            x = level(torch.cat([x, skip], 1) if self.skips else x)
        x = F.pixel_shuffle(self.head(x), 2)  # (B, 4·C, H/2, W/2) → (B, C, H, W)
        return x[..., :height, :width]
