"""What networks are taught.

A loss is called as `loss(net, batch)` and gives one number, so that `training.fit` takes any of them:

    semantic_loss    every pixel's category
    mask_rcnn_loss   boxes, classes, and masks inside boxes
    box_free_loss    every pixel's category, and centres and offsets of things

A batch begins with `image` float `[B, 3, H, W]` and `semantic` int64 `[B, H, W]`, as `dataset.stack` gives them; those
for things go on with `things` int64 `[B, H, W]`, a number for each thing of a picture, 0 where there is none
(`dataset.stack_things`). What follows the three are the parts they are made of.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers.arguments import check_image, check_semantic, describe, expect
from helpers.categories import VOID, CategorySet
from helpers.labels import Instances, is_thing, masks_to_boxes

Batch = tuple[Tensor, ...]


def semantic_loss(net: nn.Module, batch: Batch, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy plus Dice of what `net(image)` gives: logits `[B, C, H, W]`. See `cross_entropy_dice`."""
    image, semantic, *_ = batch
    return cross_entropy_dice(net(image), semantic, weights)


def mask_rcnn_loss(net: nn.Module, batch: Batch) -> Tensor:
    """The five losses of Mask R-CNN, added up (He et al. 2017, section 3; two are those of the proposals, Ren
    et al. 2015, section 3.1.2). Crowds and void are background here.

    Raises:
        ValueError: as `check_things` does, and in evaluation mode.
    """
    expect(net.training, "net", "training mode", "evaluation mode; call net.train() first")
    check_things(batch, net.categories)
    image, semantic, things = batch
    number = torch.zeros(VOID + 1, dtype=torch.int64, device=image.device)  # torchvision counts things from 1
    number[net.things] = torch.arange(1, len(net.things) + 1, device=image.device)
    truth = [map_to_instances(*maps) for maps in zip(semantic, things, strict=True)]
    targets = [{**one, "labels": number[one["labels"]]} for one in truth]
    return sum(net.net(list(image), targets).values())


def box_free_loss(net: nn.Module, batch: Batch, weights: Tensor | None = None) -> Tensor:
    """The semantic loss, and that of centres and offsets (Cheng et al. 2020, section 3).

    `net(image)` gives `logits`, `heat` and `offsets`, as `PanopticDeepLab` does. What differs from the paper: the
    semantic loss, and the weights of the other two, which are chosen so that both matter (20 and 0.05 in place of 200
    and 0.01, for smaller pictures).

    Raises `ValueError` as `check_things` and `cross_entropy_dice` do.
    """
    check_things(batch, net.categories)
    image, semantic, things = batch
    maps = net(image)
    crowd = is_thing(semantic, net.categories) & (things == 0)  # things that nobody told apart: no centre is known
    known = (semantic != VOID) & ~crowd
    heat_loss, offset_loss = center_loss(maps.heat, maps.offsets, things, known)
    return cross_entropy_dice(maps.logits, semantic, weights) + 20 * heat_loss + 0.05 * offset_loss


# --- semantic ---


def cross_entropy_dice(logits: Tensor, semantic: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy plus Dice: every pixel counts in the first, every category in the second.

    Dice is that of Milletari et al. 2016 (section 3) without their squares; the 1 keeps absent categories from 0 / 0.
    Where all is void there is nothing to learn: 0, without a gradient.

    Args:
        logits: float `[B, C, H, W]`.
        semantic: int64 `[B, H, W]`, 255 = void, which is left out of both.
        weights: float `[C]`, how much a pixel of each category counts in the cross-entropy.

    Raises:
        ValueError: for logits, a map or weights of another form, logits that are not finite, and ids that are no
            category.
    """
    expect(logits.is_floating_point() and logits.ndim == 4, "logits", "float [B, C, H, W]", describe(logits))
    wrong = int((~logits.isfinite()).sum())
    expect(wrong == 0, "logits", "finite numbers (a lower rate may keep them so)", f"{wrong} that are nan or infinite")
    num_categories = logits.shape[1]
    check_semantic("semantic", semantic, num_categories, axes=(3,))
    size = [len(logits), *logits.shape[2:]]
    expect(list(semantic.shape) == size, "semantic", f"{size}, the size of logits", list(semantic.shape))
    known, logits = semantic != VOID, logits.float()  # sums over many pixels: not in half precision
    weights = logits.new_ones(num_categories) if weights is None else weights.to(logits)
    expect(weights.shape == (num_categories,), "weights", f"float [{num_categories}]", describe(weights))
    counted = (weights[semantic.where(known, 0)] * known).sum().clamp(min=1e-8)  # its mean over no pixel would be nan
    cross_entropy = F.cross_entropy(logits, semantic, weights, ignore_index=VOID, reduction="sum") / counted
    target = F.one_hot(semantic.where(known, 0), num_categories).movedim(-1, 1) * known[:, None]  # (B, C, H, W)
    shares = logits.softmax(1) * known[:, None]
    both = (shares * target).sum((0, 2, 3))
    dice = (2 * both + 1) / (shares.sum((0, 2, 3)) + target.sum((0, 2, 3)) + 1)
    return cross_entropy + 1 - dice.mean()


def category_weights(semantic: Tensor, num_categories: int) -> Tensor:
    """How much a pixel of each category should count: more where the category is rare, but modestly.

    One over the square root of its share of the pixels, scaled so that the mean over all pixels is 1. (One over the
    share itself gives every category the same weight in all, and makes a network see rare things everywhere.)

    Args:
        semantic: int64 `[N, H, W]`, 255 = void.

    Returns:
        float `[C]`; 0 for a category that never occurs.

    Raises:
        ValueError: as `cross_entropy_dice` does, and where all is void: there is nothing to weigh.
    """
    check_semantic("semantic", semantic, num_categories, axes=(3,))
    counts = torch.bincount(semantic[semantic != VOID], minlength=num_categories)
    expect(counts.sum() > 0, "semantic", "at least one pixel with a label", "only void")
    share = counts / counts.sum()
    weights = share.rsqrt().where(share > 0, 0)
    return weights / (weights * share).sum()


# --- things, with boxes ---


def map_to_instances(semantic: Tensor, things: Tensor) -> Instances:
    """The things of one picture, from maps that can be stacked to batches and mirrored.

    Args:
        semantic: int64 `[H, W]` of category ids.
        things: int64 `[H, W]`, a number for each thing, 0 where there is none.

    Returns:
        `boxes`, `labels` and `masks`.
    """
    ids = things.unique()
    masks = things == ids[ids > 0][:, None, None]  # (N, H, W)
    labels = semantic.expand_as(masks)[masks]  # of all their pixels, thing after thing
    first = torch.cat([masks.new_zeros(1, dtype=torch.int64), masks.sum((1, 2)).cumsum(0)])[:-1]
    return {"boxes": masks_to_boxes(masks), "labels": labels[first], "masks": masks}


# --- things, with centres and offsets ---


def center_targets(things: Tensor) -> tuple[Tensor, Tensor]:
    """The heat map and the offsets that a perfect network would give.

    A thing's centre is the mean place of its pixels. Around it the heat falls as a Gaussian, wider for larger things
    (the paper's is 8 pixels wide for all). Places are (row, column) of pixel centres, the upper left one at (0, 0).

    Args:
        things: int64 `[B, H, W]`, a number for each thing of a picture, 0 where there is none.

    Returns:
        heat float `[B, H, W]`; offsets float `[B, 2, H, W]`, 0 where there is no thing.
    """
    batch, height, width = things.shape
    axes = (torch.arange(side, device=things.device).float() for side in (height, width))
    rows, columns = torch.meshgrid(*axes, indexing="ij")
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


def center_loss(heat: Tensor, offsets: Tensor, things: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Mean squared error of the heat, over `known`; mean L1 length of the offsets' error in pixels, over things.

    Args:
        heat: 0..1 `[B, H, W]`.
        offsets: float `[B, 2, H, W]` in pixels.
        things: int64 `[B, H, W]`; see `center_targets`.
        known: bool `[B, H, W]`, where the truth says whether there is a centre.
    """
    true_heat, true_offsets = center_targets(things)
    inside = things > 0
    heat_loss = ((heat - true_heat).square() * known).sum() / known.sum().clamp(min=1)
    offset_loss = ((offsets - true_offsets).abs().sum(1) * inside).sum() / inside.sum().clamp(min=1)
    return heat_loss, offset_loss


# --- what every loss checks ---


def check_things(batch: Batch, categories: CategorySet) -> None:
    """Raises `ValueError` unless it is image, semantic and things of one size, each thing of a countable category."""
    named = "image, semantic and things, as dataset.stack_things gives them"
    expect(len(batch) == 3, "batch", named, f"{len(batch)} tensors")
    image, semantic, things = batch
    check_image(image)
    check_semantic("semantic", semantic, len(categories), axes=(3,))
    size = [len(image), *image.shape[2:]]
    expect(list(semantic.shape) == size, "semantic", f"{size}, the size of image", list(semantic.shape))
    fits = things.dtype == torch.int64 and things.shape == semantic.shape
    expect(fits, "things", f"int64 {list(semantic.shape)}", describe(things))
    expect(things.min() >= 0, "things", "numbers from 0", int(things.min()))
    wrong = semantic[(things > 0) & ~is_thing(semantic, categories)].unique().tolist()
    ids = [thing.id for thing in categories.things]
    expect(not wrong, "semantic", f"ids of things, {ids}, where things is not 0", wrong[:8])
