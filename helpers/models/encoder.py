"""The way down that the course's networks share: ever coarser, ever richer features of a picture."""

from __future__ import annotations

from torch import Tensor, nn

CHANNELS = (16, 32, 48, 64, 96)
"""Of the features at strides 2, 4, 8, 16 and 32, in a network small enough to train while you watch."""


def conv_block(in_channels: int, out_channels: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """3×3 convolution, batch normalisation, ReLU.

    `stride` 2 halves height and width; `dilation` d leaves d - 1 places out between the nine that are read.
    """
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, stride, padding=dilation, dilation=dilation, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


class Encoder(nn.Module):
    """Features of a picture at falling resolution, one level for each of `channels`.

    It begins with a strided convolution, so that no convolution works at full size: on a laptop that is three times
    faster than the U-Net paper's way, and the small pictures of the course lose little by it.

    The stem sees as far to each side. A 3×3 convolution of stride 2 does not: of every two cells it looks at the first
    one and its neighbours, half a cell too far up and left, in all 1, 3, 7 and 15 pixels at strides 4, 8, 16 and 32.
    So it is in ResNets. It is the same everywhere, and what is learned on top makes up for it.

    Args:
        channels: of each level; the first is the stem's, at half the picture's size.
        strides: of each level after the first, 2 by default: levels at 1/2, 1/4, 1/8, ... of the picture's size.
        dilations: of each level after the first, 1 by default.
    """

    def __init__(
        self,
        channels: tuple[int, ...] = CHANNELS,
        strides: tuple[int, ...] | None = None,
        dilations: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        stages = len(channels) - 1
        strides, dilations = strides or (2,) * stages, dilations or (1,) * stages
        for name, given in (("strides", strides), ("dilations", dilations)):
            if len(given) != stages:
                raise ValueError(f"{name}: expected {stages}, one for each level after the first, got {len(given)}")
        self.stem = nn.Sequential(
            nn.Conv2d(3, channels[0], 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels[0]),
            nn.ReLU(inplace=True),
        )
        self.stages = nn.ModuleList(
            nn.Sequential(conv_block(before, after, stride, dilation), conv_block(after, after, dilation=dilation))
            for before, after, stride, dilation in zip(channels[:-1], channels[1:], strides, dilations, strict=True)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        features = [self.stem(x)]  # (B, C0, H/2, W/2), rounded down
        for stage in self.stages:
            features.append(stage(features[-1]))  # (B, Ci, H/2^(i+1), W/2^(i+1)), rounded up; at stride 1 as before
        return features
