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

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers.arguments import describe, expect
from helpers.categories import CategorySet
from helpers.fusion import majority_vote, vote
from helpers.labels import Instances, Panoptic, is_thing, masks_to_boxes
from helpers.models.encoder import CHANNELS, conv_block
from helpers.models.network import Network
from helpers.models.unet import UNet

PEAK_SIZE = 7
"""A peak is the highest place in a square of this many pixels a side, itself in the middle."""


class Maps(NamedTuple):
    """What the network gives."""

    logits: Tensor  # semantic scores [B, C, H, W]
    heat: Tensor  # 0..1 [B, H, W]
    offsets: Tensor  # [B, 2, H, W], rows down and columns right, in pixels


class PanopticDeepLab(Network):
    """Picture to semantic scores, heat map and offsets.

    Args:
        categories: the vocabulary.
        channels: of the trunk, a U-Net; its own head gives the semantic scores.
    """

    def __init__(self, categories: CategorySet, channels: tuple[int, ...] = CHANNELS) -> None:
        super().__init__(categories)
        self.trunk = UNet(categories, channels)
        self.centers = nn.Sequential(conv_block(channels[0], 32), nn.Conv2d(32, 4, 1))
        self.offsets = nn.Sequential(conv_block(channels[0], 32), nn.Conv2d(32, 8, 1))
        nn.init.constant_(self.centers[-1].bias, -3.0)  # nearly no pixel is a centre

    def forward(self, image: Tensor) -> Maps:
        """float `[B, 3, H, W]` in 0..1 to the three maps, at the picture's size."""
        height, width = image.shape[-2:]
        x = self.trunk.pyramid(image)[0]  # (B, C0, H/2, W/2)
        heads = (self.trunk.head, self.centers, self.offsets)
        logits, heat, offsets = (F.pixel_shuffle(head(x), 2)[..., :height, :width] for head in heads)
        return Maps(logits, heat[:, 0].float().sigmoid(), offsets.float() * 16)  # × 16: weights near 1 will do

    @torch.no_grad()
    def semantic(self, image: Tensor) -> Tensor:
        """float `[B, 3, H, W]` in 0..1 → int64 `[B, H, W]`: at each pixel the category with the highest score."""
        self.ready(image)
        return self(image).logits.argmax(1)

    @torch.no_grad()
    def instances(self, image: Tensor) -> list[Instances]:
        """float `[B, 3, H, W]` in 0..1 → the instances of each picture; see `to_instances`."""
        self.ready(image)
        return [to_instances(*maps, self.categories) for maps in zip(*self(image), strict=True)]

    @torch.no_grad()
    def panoptic(self, image: Tensor) -> list[Panoptic]:
        """float `[B, 3, H, W]` in 0..1 → the panoptic map of each picture; see `to_panoptic`."""
        self.ready(image)
        return [to_panoptic(*maps, self.categories) for maps in zip(*self(image), strict=True)]


# --- from maps to instances ---


def find_peaks(heat: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    """The places that are the highest of their neighbourhood and reach the threshold, highest first.

    Within `PEAK_SIZE` // 2 rows and columns of a peak there is no other: of equal neighbours the first is kept. The
    paper keeps the 200 highest of all; no picture of the course has so many.

    Args:
        heat: 0..1 `[H, W]`.

    Returns:
        places int64 `[K, 2]` (row, column) and their heat `[K]`.

    Raises:
        ValueError: for a heat map of another form, or with values that are not numbers.
    """
    fits = heat.is_floating_point() and heat.ndim == 2 and heat.numel() > 0
    expect(fits, "heat", "float [H, W]", describe(heat))
    expect(not heat.isnan().any(), "heat", "numbers", f"{int(heat.isnan().sum())} that are nan")
    near = PEAK_SIZE // 2
    rows = F.max_pool2d(heat[None], (PEAK_SIZE, 1), stride=1, padding=(near, 0))
    highest = F.max_pool2d(rows, (1, PEAK_SIZE), stride=1, padding=(0, near))[0]  # of a square, in two steps
    left = ((heat == highest) & (heat >= threshold)).nonzero()  # (N, 2), with all that are equal
    left = left[heat[left[:, 0], left[:, 1]].argsort(descending=True, stable=True)]
    free, kept = np.ones(heat.shape, bool), []  # not yet near a peak; a tensor would take longer to ask place by place
    for place, (row, column) in enumerate(left.tolist()):
        if free[row, column]:
            kept.append(place)
            free[max(0, row - near) : row + near + 1, max(0, column - near) : column + near + 1] = False
    places = left[kept]
    return places, heat[places[:, 0], places[:, 1]]


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


class Groups(NamedTuple):
    """Which pixels belong together, and what each of the K groups is."""

    semantic: Tensor  # int64 [H, W] of category ids
    group: Tensor  # int64 [H, W], -1 where there is none
    labels: Tensor  # int64 [K], the category that most pixels of the group have
    areas: Tensor  # int64 [K], 0 for a peak that no pixel points at
    scores: Tensor  # float [K]


def to_groups(logits: Tensor, heat: Tensor, offsets: Tensor, categories: CategorySet, threshold: float = 0.1) -> Groups:
    """Peaks, and the pixels of things that point at them.

    Args:
        logits: semantic scores `[C, H, W]`.
        heat: `[H, W]`.
        offsets: `[2, H, W]`.
        threshold: of the peaks.

    The score of a group is the peak's heat times the mean share of the group's category over its pixels (the paper's
    section 3.3), 0 for a group without pixels.
    """
    peaks, values = find_peaks(heat, threshold)
    shares, semantic = logits.softmax(0), logits.argmax(0)
    group = group_pixels(peaks, offsets, is_thing(semantic, categories))
    labels, areas = vote(semantic, group, len(peaks), categories)
    inside = group >= 0
    member = group[inside]  # (N), the group of each pixel that has one
    own = shares[labels[member], *inside.nonzero().T]  # (N), its share of the group's category
    sure = torch.bincount(member, own, minlength=len(peaks)) / areas.clamp(min=1)
    return Groups(semantic, group, labels, areas, (values * sure).float())


def to_instances(
    logits: Tensor, heat: Tensor, offsets: Tensor, categories: CategorySet, threshold: float = 0.1
) -> Instances:
    """The groups as objects; each has the category of most of its pixels. Arguments as for `to_groups`.

    Returns `boxes`, `labels`, `masks` and `scores`, highest score first. No two masks overlap.
    """
    _, group, labels, areas, scores = to_groups(logits, heat, offsets, categories, threshold)
    order = scores.where(areas > 0, -1).argsort(descending=True, stable=True)[: int((areas > 0).sum())]
    masks = group == order[:, None, None]
    return {"boxes": masks_to_boxes(masks), "labels": labels[order], "masks": masks, "scores": scores[order]}


def to_panoptic(
    logits: Tensor, heat: Tensor, offsets: Tensor, categories: CategorySet, threshold: float = 0.1
) -> Panoptic:
    """The groups as things, the rest as stuff: see `fusion.majority_vote`. Arguments as for `to_groups`."""
    groups = to_groups(logits, heat, offsets, categories, threshold)
    return majority_vote(groups.semantic, groups.group, categories, groups.scores)
