"""The way down that the course's networks share: ever coarser, ever richer features of a picture."""

from __future__ import annotations

from torch import Tensor, nn

CHANNELS = (16, 32, 48, 64, 96)
"""Of the features at strides 2, 4, 8, 16 and 32, in a network small enough to train while you watch."""


def conv_block(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    """3×3 convolution, batch normalisation, ReLU; `stride` 2 halves height and width."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


def check_image(image: Tensor) -> None:
    """Raises `ValueError` for anything but a batch of colour pictures."""
    if image.ndim != 4 or image.shape[1] != 3:
        raise ValueError(f"image: expected float [B, 3, H, W], got {list(image.shape)}")


class Encoder(nn.Module):
    """Features at 1/2, 1/4, 1/8, ... of the picture's size, one level for each of `channels`.

    It begins with a strided convolution, so that no convolution works at full size: on a laptop that is three times
    faster than the U-Net paper's way, and the small pictures of the course lose little by it.
    """

    def __init__(self, channels: tuple[int, ...] = CHANNELS) -> None:
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
            features.append(stage(features[-1]))  # (B, Ci, H/2^(i+1), W/2^(i+1)), rounded up
        return features
