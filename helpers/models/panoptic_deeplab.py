"""Panoptic-DeepLab: instances without boxes, by pixels that point at the middle of their thing (Cheng et al. 2020).

One network gives three maps: the semantic scores; a *heat map* that is high at the centre of each thing; and for each
pixel an *offset*, the step from it to the centre of the thing it belongs to. Peaks of the heat map are the things; each
pixel of a thing goes where its offset points, and joins the nearest peak (the paper's section 3). What differs from
the paper: the trunk is the course's small U-Net with one way up for all three maps; what their published code does,
offsets that are scaled by one side of the picture and a peak search that loses ties, is avoided.

Places are (row, column) in pixels, the middle of the upper left pixel at (0, 0).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers.categories import VOID, CategorySet
from helpers.labels import masks_to_boxes
from helpers.models.encoder import CHANNELS, conv_block
from helpers.models.unet import UNet

Instances = dict[str, Tensor]

PEAK_SIZE = 7
"""A peak is the highest place in a square of this many pixels: no two things are closer."""


class Maps(NamedTuple):
    """What the network gives."""

    semantic: Tensor  # logits [B, C, H, W]
    heat: Tensor  # 0..1 [B, H, W]
    offsets: Tensor  # [B, 2, H, W], rows down and columns right, in pixels


class PanopticDeepLab(nn.Module):
    """Picture to semantic scores, heat map and offsets.

    Args:
        categories: the vocabulary.
        channels: of the trunk, a U-Net; its own head gives the semantic scores.
    """

    def __init__(self, categories: CategorySet, channels: tuple[int, ...] = CHANNELS) -> None:
        super().__init__()
        self.categories = categories
        self.trunk = UNet(len(categories), channels)
        self.centers = nn.Sequential(conv_block(channels[0], 32), nn.Conv2d(32, 4, 1))
        self.offsets = nn.Sequential(conv_block(channels[0], 32), nn.Conv2d(32, 8, 1))
        nn.init.constant_(self.centers[-1].bias, -3.0)  # nearly no pixel is a centre

    def forward(self, image: Tensor) -> Maps:
        """float `[B, 3, H, W]` in 0..1 to the three maps, at the picture's size."""
        height, width = image.shape[-2:]
        x = self.trunk.pyramid(image)[0]  # (B, C0, H/2, W/2)
        heads = (self.trunk.head, self.centers, self.offsets)
        semantic, heat, offsets = (F.pixel_shuffle(head(x), 2)[..., :height, :width] for head in heads)
        return Maps(semantic, heat[:, 0].float().sigmoid(), offsets.float() * 16)  # × 16: weights near 1 will do

    @torch.no_grad()
    def instances(self, image: Tensor) -> list[Instances]:
        """float `[B, 3, H, W]` in 0..1 → the instances of each picture; see `to_instances`."""
        return [to_instances(*maps, self.categories) for maps in zip(*self(image), strict=True)]


# --- what the network is taught ---


def center_targets(things: Tensor) -> tuple[Tensor, Tensor]:
    """The heat map and the offsets that a perfect network would give.

    A thing's centre is the mean place of its pixels. Around it the heat falls as a Gaussian, wider for larger things.

    Args:
        things: int64 `[B, H, W]`, a number for each thing of a picture, 0 where there is none.

    Returns:
        heat float `[B, H, W]`; offsets float `[B, 2, H, W]`, 0 where there is no thing.
    """
    batch, height, width = things.shape
    rows, columns = _places(height, width, things.device)
    most = things.max() + 1
    numbers = things + most * torch.arange(batch, device=things.device)[:, None, None]  # no two pictures share one
    numbers, thing = numbers.unique(return_inverse=True)  # (K), (B, H, W)
    area = torch.bincount(thing.flatten())
    center = torch.stack(
        [torch.bincount(thing.flatten(), place.expand_as(things).flatten()) / area for place in (rows, columns)]
    ).float()  # (2, K)

    inside = (things > 0)[:, None]
    offsets = (center[:, thing].transpose(0, 1) - torch.stack([rows, columns])) * inside  # (B, 2, H, W)

    sigma = (0.18 * area.sqrt()).clamp(1.2, 3.5)
    down, across = (
        torch.exp(-((place - middle[:, None]) ** 2) / (2 * sigma[:, None] ** 2))
        for place, middle in zip((rows[:, 0], columns[0]), center, strict=True)
    )  # (K, H), (K, W)
    bells = down[:, :, None] * across[:, None, :] * (numbers % most > 0)[:, None, None]  # (K, H, W), none for 0
    heat = torch.zeros(batch, height, width, device=things.device)
    picture = (numbers // most)[:, None, None].expand_as(bells)
    return heat.scatter_reduce_(0, picture, bells, "amax"), offsets


def center_loss(maps: Maps, semantic: Tensor, things: Tensor) -> Tensor:
    """Squared error of the heat where there is a label, and L1 of the offsets on things; weighted, so that both matter.

    Args:
        semantic, things: int64 `[B, H, W]`; see `center_targets`.
    """
    heat, offsets = center_targets(things)
    known, inside = semantic != VOID, things > 0
    heat_loss = ((maps.heat - heat).square() * known).sum() / known.sum().clamp(min=1)
    offset_loss = ((maps.offsets - offsets).abs().sum(1) * inside).sum() / inside.sum().clamp(min=1)
    return 20 * heat_loss + 0.05 * offset_loss


# --- from maps to instances ---


def find_peaks(heat: Tensor, threshold: float, most: int = 100) -> tuple[Tensor, Tensor]:
    """The places that are the highest of their neighbourhood and reach the threshold, highest first.

    Args:
        heat: 0..1 `[H, W]`.
        most: at most so many.

    Returns:
        places int64 `[K, 2]` (row, column) and their heat `[K]`.
    """
    rows = F.max_pool2d(heat[None], (PEAK_SIZE, 1), stride=1, padding=(PEAK_SIZE // 2, 0))
    highest = F.max_pool2d(rows, (1, PEAK_SIZE), stride=1, padding=(0, PEAK_SIZE // 2))[0]  # of a square, in two steps
    places = ((heat == highest) & (heat >= threshold)).nonzero()  # (K, 2)
    values = heat[places[:, 0], places[:, 1]]
    order = values.argsort(descending=True, stable=True)[:most]
    return places[order], values[order]


def group_pixels(peaks: Tensor, offsets: Tensor, thing: Tensor) -> Tensor:
    """For each pixel of a thing, which peak is nearest to where its offset points: int64 `[H, W]`, -1 elsewhere.

    Args:
        peaks: `[K, 2]` (row, column). Without any peak, all is -1.
        offsets: `[2, H, W]` in pixels.
        thing: bool `[H, W]`.
    """
    group = torch.full(thing.shape, -1, device=thing.device)
    if len(peaks):
        target = thing.nonzero() + offsets[:, thing].T  # (N, 2)
        distance = (target[:, None] - peaks).square().sum(2)  # (N, K)
        group[thing] = distance.argmin(1)
    return group


def to_instances(
    semantic: Tensor, heat: Tensor, offsets: Tensor, categories: CategorySet, threshold: float = 0.1
) -> Instances:
    """Peaks, grouping, and a vote: the category that most pixels of a group have in the semantic map.

    The score is the peak's heat times the mean share of that category over the mask (the paper's section 3).

    Args:
        semantic: logits `[C, H, W]`.
        heat: `[H, W]`.
        offsets: `[2, H, W]`.
        threshold: of the peaks.

    Returns:
        `boxes`, `labels`, `masks` and `scores`, highest score first. No two masks overlap.
    """
    device, count = semantic.device, len(categories)
    peaks, values = find_peaks(heat, threshold)
    shares, label = semantic.softmax(0), semantic.argmax(0)
    thing = torch.tensor([category.isthing for category in categories], device=device)[label]
    group = group_pixels(peaks, offsets, thing)

    inside = group >= 0
    member = group[inside]  # (N), the group of each pixel that has one
    votes = torch.bincount(member * count + label[inside], minlength=len(peaks) * count).view(-1, count)  # (K, C)
    area, labels = votes.sum(1), votes.argmax(1)
    sure = torch.bincount(member, shares[labels[member], *inside.nonzero().T], minlength=len(peaks)) / area
    scores = (values * sure).float()

    order = scores.where(area > 0, -1).argsort(descending=True, stable=True)[: int((area > 0).sum())]
    masks = group == order[:, None, None]
    return {"boxes": masks_to_boxes(masks), "labels": labels[order], "masks": masks, "scores": scores[order]}


def _places(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Row and column of each pixel, float `[H, W]` both."""
    rows, columns = torch.arange(height, device=device), torch.arange(width, device=device)
    return tuple(torch.meshgrid(rows.float(), columns.float(), indexing="ij"))
