"""What a check draws of a case: the target, and the learner's answer.

An answer can be anything. Where it cannot be drawn, these raise, and the check shows no picture.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from skimage.measure import label
from torch import Tensor
from torch.nn import functional as F


def pair_picture(args: tuple, target: Tensor, yours: Tensor) -> Figure:
    """The first argument beside the target and the learner's answer."""
    figure, axes = plt.subplots(1, 3, figsize=(7.5, 2.6))
    shown = (np.atleast_2d(args[0]), np.asarray(target, float), np.asarray(yours, float))
    for ax, picture, title in zip(axes, shown, ("given", "target", "yours"), strict=True):
        ax.imshow(picture if picture.ndim == 2 else picture.reshape(-1, picture.shape[-1]), cmap="viridis")
        ax.set(title=title, xticks=[], yticks=[])
    return figure


def runs_picture(args: tuple, target: Tensor, yours: Tensor) -> Figure:
    """The mask of run lengths beside the learner's; of what was given only the size can be drawn."""
    return pair_picture((np.zeros(args[1:]),), target, yours)


def regions_picture(args: tuple, target: int, yours: int) -> Figure:
    """Every region in a colour of its own: where the learner counts more or fewer, one can see which."""
    regions = label(args[0].numpy())
    figure, ax = plt.subplots(figsize=(3.2, 3))
    ax.imshow(np.ma.masked_equal(regions, 0), cmap="turbo", vmin=0, vmax=target + 1)
    ax.set(title=f"target {target}, yours {yours}", xticks=[], yticks=[], facecolor="black")
    return figure


def channels_picture(args: tuple, target: Tensor, yours: Tensor) -> Figure:
    """The channels of a batch's first picture side by side, with a white line after each."""

    def channels(features: Tensor) -> Tensor:
        return F.pad(features[0], (0, 1), value=torch.nan).movedim(0, 1).flatten(1)  # [H, K · (W + 1)]

    return pair_picture((channels(args[0]),), channels(target), channels(yours))


def road_picture(args: tuple, target: Tensor, yours: Tensor) -> Figure:
    """The road in white; over it bars, as high as the counts."""
    road, (figure, axes) = (args[0] == args[1]).numpy(), plt.subplots(1, 2, figsize=(6, 3))
    for ax, counts, title in zip(axes, (target, yours), ("target", "yours"), strict=True):
        ax.imshow(road, cmap="gray", vmin=-0.5, vmax=1)
        ax.bar(range(len(counts)), -counts.numpy(), bottom=len(road) - 0.5, width=0.5, color="#b3541e")
        ax.set(title=title, xticks=[], yticks=[])
    return figure


def box_picture(args: tuple, target: Tensor, yours: Tensor) -> Figure:
    """A mask, with the outlines of both boxes."""

    def outline(box: Tensor) -> Tensor:
        # once around, [5, 2]; a picture is drawn with the middle of its first pixel at 0
        return (box - 0.5)[[0, 1, 2, 1, 2, 3, 0, 3, 0, 1]].view(5, 2)

    return marked_picture(args[0], outline(target), outline(yours), "-:")


def match_picture(args: tuple, target: Tensor, yours: Tensor) -> Figure:
    """The table of IoUs, brighter for more, with a mark where a prediction (row) found a truth (column)."""
    rows = torch.arange(len(target))
    figure = marked_picture(args[0], *(torch.stack([found, rows], 1)[found >= 0] for found in (target, yours)))
    figure.axes[0].set(ylabel="prediction", xlabel="bright: large IoU")
    if len(rows) <= 12:  # more would be written over each other
        figure.axes[0].set(yticks=rows, yticklabels=args[1].tolist(), ylabel="score")
    return figure


def groups_picture(args: tuple, target: Tensor, yours: Tensor) -> Figure:
    """Groups as colours, centres as stars, and on each pixel of a thing its offset as an arrow."""
    (centers, offsets, thing), (figure, axes) = args, plt.subplots(1, 2, figsize=(7, 3.4))
    for ax, groups, title in zip(axes, (target, yours), ("target", "yours"), strict=True):
        ax.imshow(groups.numpy(), vmin=0, vmax=len(centers), alpha=0.6)
        arrows = torch.cat([thing.nonzero().T.flip(0), offsets[:, thing].flip(0)]).numpy()
        ax.quiver(*arrows, angles="xy", scale_units="xy", scale=1, width=0.005)
        ax.plot(*centers.T.flip(0).numpy(), "*", color="C1", markersize=12)
        ax.set(title=title, xticks=[], yticks=[])
    return figure


def peaks_picture(args: tuple, target: Tensor, yours: Tensor) -> Figure:
    """A heat map, with the places of both answers."""
    return marked_picture(args[0], target.flip(1), yours.flip(1))


def marked_picture(values: Tensor, target: Tensor, yours: Tensor, marks: str = "ox") -> Figure:
    """A map in grey; over it places (column, row): those of the target, and those of the learner's answer."""
    if not values.numel():
        raise ValueError(f"values: expected a map to draw, got {list(values.shape)}")
    figure, ax = plt.subplots(figsize=(3.6, 3.4))
    ax.imshow(values.numpy(), cmap="gray")
    for places, mark, color, name in zip((target, yours), marks, ("C0", "C1"), ("target", "yours"), strict=True):
        ax.plot(*places.T.numpy(), mark, color=color, label=name, ms=11, mfc="none", lw=3, mew=2)
    ax.set(xticks=[], yticks=[])
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
    return figure
