"""From what networks say to one panoptic map: every pixel belongs to one segment, or to none.

Three ways, one for each kind of network, all with the same output:

    fuse_by_score   a semantic map, and masks that may overlap
    majority_vote   a semantic map, and for each pixel the number of its group
    merge_queries   for each query a category and a mask

Segments are numbered from 1: things first, then one for each kind of stuff that is there. What no segment claims is
void, 0. Each function takes the maps of one picture and leaves them as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor

from helpers.arguments import ROUNDING, check_instances, check_masks, check_scores, check_semantic, describe, expect
from helpers.categories import VOID, CategorySet
from helpers.labels import Instances, Panoptic, Segment, is_thing

STUFF_AREA = 64
"""Of 96 × 128 pixels, and in proportion of other sizes: stuff that covers less becomes void.

That there is such a limit comes from "Panoptic Feature Pyramid Networks" (Kirillov, Girshick, He, Dollár 2019); their
code has 64 · 64 on photographs of some 480 × 640, one pixel in 75. That would be 164 here; ours is the size below which
the course labels no thing.
"""


def fuse_by_score(
    semantic: Tensor,
    instances: Instances,
    categories: CategorySet,
    score: float = 0.5,
    overlap: float = 0.5,
    stuff_area: float | None = None,
) -> Panoptic:
    """Masks are pasted by falling score, each on the pixels that are still free; stuff gets what is left.

    "Panoptic Segmentation" (Kirillov et al. 2019, section 7): things win over stuff, surer ones over less sure ones. A
    thing that is mostly taken already is left out. Pixels that the semantic map gives to a thing, but no mask claims,
    become void.

    Args:
        semantic: int64 `[H, W]` of category ids, 255 = void.
        instances: `masks`, `labels` (things) and `scores`.
        score: masks below it are left out.
        overlap: the largest share of a mask that may be taken already.
        stuff_area: stuff with fewer pixels becomes void; None for `STUFF_AREA`.

    Raises:
        ValueError: for a map or instances of another form, and for labels that are no things.
    """
    check_semantic("semantic", semantic, len(categories))
    check_instances("instances", instances, things=[thing.id for thing in categories.things])
    masks, labels, scores = instances["masks"], instances["labels"], instances["scores"]
    check_masks("instances['masks']", masks, semantic.shape)
    panoptic, segments = torch.zeros_like(semantic), []
    for row in scores.argsort(descending=True, stable=True).tolist():
        area = int(masks[row].sum())
        free = masks[row] & (panoptic == 0)
        left = int(free.sum())
        if scores[row] < score or left == 0 or (area - left) / area > overlap:
            continue
        segments.append(Segment(len(segments) + 1, int(labels[row]), True, left, float(scores[row])))
        panoptic[free] = len(segments)
    return _add_stuff(panoptic, segments, semantic, categories, stuff_area)


def majority_vote(
    semantic: Tensor,
    group: Tensor,
    categories: CategorySet,
    scores: Tensor | None = None,
    stuff_area: float | None = None,
) -> Panoptic:
    """A group of pixels is one thing, of the category that most of its pixels have; stuff gets what is in no group.

    Panoptic-DeepLab (Cheng et al. 2020, section 3.2). Pixels of stuff or void belong to no thing, whatever their group.

    Args:
        semantic: int64 `[H, W]` of category ids, 255 = void.
        group: int64 `[H, W]`, numbers from 0; -1 where there is none. A table has a place for each number up to the
            largest, so none may reach the number of pixels.
        scores: float `[K]`, of each group; 1 if not given.
        stuff_area: stuff with fewer pixels becomes void; None for `STUFF_AREA`.

    Raises:
        ValueError: for maps or scores of another form, and for groups out of range.
    """
    check_semantic("semantic", semantic, len(categories))
    fits = isinstance(group, Tensor) and group.dtype == torch.int64 and group.shape == semantic.shape
    expect(fits, "group", f"int64 {list(semantic.shape)}", describe(group))
    low, high = int(group.min()), int(group.max())
    expect(low >= -1 and high < group.numel(), "group", f"numbers -1..{group.numel() - 1}", f"{low}..{high}")
    if scores is not None:
        check_scores("scores", scores)
        expect(high < len(scores), "scores", f"one for each group, {high + 1} or more", len(scores))
    count = high + 1 if scores is None else len(scores)
    labels, areas = vote(semantic, group, count, categories)
    segments = []
    number = torch.zeros(count + 1, dtype=torch.int64, device=semantic.device)  # of the segment; the last is for -1
    for row in areas.nonzero().flatten().tolist():
        sure = 1.0 if scores is None else float(scores[row])
        segments.append(Segment(len(segments) + 1, int(labels[row]), True, int(areas[row]), sure))
        number[row] = len(segments)
    panoptic = number[group] * is_thing(semantic, categories)
    return _add_stuff(panoptic, segments, semantic, categories, stuff_area)


def vote(semantic: Tensor, group: Tensor, count: int, categories: CategorySet) -> tuple[Tensor, Tensor]:
    """Of each group, the category that most of its pixels have, and how many pixels vote; only things have a vote.

    Args:
        semantic, group: as for `majority_vote`, with groups below `count`.

    Returns:
        int64 `[K]` category ids, of equal votes the smaller one; int64 `[K]`, 0 for a group in which nobody votes.
    """
    votes = (group >= 0) & is_thing(semantic, categories)
    size = len(categories)
    ballots = torch.bincount(group[votes] * size + semantic[votes], minlength=count * size).view(count, size)
    return (ballots.argmax(1), ballots.sum(1)) if count else (ballots.new_zeros(0), ballots.new_zeros(0))


def merge_queries(
    shares: Tensor,
    masks: Tensor,
    categories: CategorySet,
    score: float = 0.8,
    keep: float = 0.8,
) -> Panoptic:
    """Each pixel goes to the query with the largest product of class score and mask there, if it lies in its mask.

    MaskFormer (Cheng, Schwing, Kirillov 2021, section 3.4); that a pixel must reach one half in the winner's mask is
    their code's. A query that says "nothing", or is not sure, takes no part;
    one that wins less than the share `keep` of its own mask goes: another has covered it. Queries for the same stuff
    become one segment.

    Args:
        shares: float `[Q, C + 1]`, 0..1, of each query over the categories; the last means: nothing.
        masks: float `[Q, H, W]`, 0..1.
        score: the smallest share of its category with which a query takes part.

    Raises:
        ValueError: for tensors of another form, and for values outside 0..1, such as logits.
    """
    fits = isinstance(shares, Tensor) and shares.is_floating_point() and shares.ndim == 2
    fits = fits and shares.shape[1] == len(categories) + 1
    expect(fits, "shares", f"float [Q, {len(categories) + 1}]", describe(shares))
    fits = isinstance(masks, Tensor) and masks.is_floating_point() and masks.ndim == 3
    fits = fits and len(masks) == len(shares) and 0 not in masks.shape[1:]
    expect(fits, "masks", f"float [{len(shares)}, H, W]", describe(masks))
    for name, values in (("shares", shares), ("masks", masks)):
        inside = bool(((values >= -ROUNDING) & (values <= 1 + ROUNDING)).all())  # not so for nan
        expect(inside, name, "values in 0..1, as softmax and sigmoid give them", "others")
    sure, label = shares.max(1)
    takes_part = (label < len(categories)) & (sure >= score)
    sure, label, masks = sure[takes_part], label[takes_part], masks[takes_part]
    panoptic = torch.zeros(masks.shape[1:], dtype=torch.int64, device=masks.device)
    if not len(masks):
        return Panoptic(panoptic, ())
    winner = (sure[:, None, None] * masks).argmax(0)  # (H, W)
    things, stuff = [], {}
    for query in range(len(masks)):
        own = masks[query] >= 0.5
        won = own & (winner == query)
        if not won.any() or int(won.sum()) / int(own.sum()) < keep:
            continue
        if categories[int(label[query])].isthing:
            things.append((int(label[query]), won, float(sure[query])))
        else:
            _, before, surest = stuff.get(int(label[query]), (0, False, 0.0))
            stuff[int(label[query])] = (int(label[query]), won | before, max(surest, float(sure[query])))
    segments = []
    for number, (category, mask, surest) in enumerate([*things, *stuff.values()], start=1):
        panoptic[mask] = number
        segments.append(Segment(number, category, categories[category].isthing, int(mask.sum()), surest))
    return Panoptic(panoptic, tuple(segments))


# --- what the three share ---


def _add_stuff(
    panoptic: Tensor, segments: list[Segment], semantic: Tensor, categories: CategorySet, stuff_area: float | None
) -> Panoptic:
    """One segment for each kind of stuff, of the pixels that are still free; none below `stuff_area`."""
    least = STUFF_AREA * semantic.numel() / (96 * 128) if stuff_area is None else max(stuff_area, 1)
    left = semantic.where(panoptic == 0, VOID)
    areas = torch.bincount(left.flatten(), minlength=VOID + 1).tolist()
    number = torch.zeros(VOID + 1, dtype=torch.int64, device=semantic.device)  # of the segment; 0 for things and void
    for category in categories.stuff:
        if areas[category.id] >= max(least, 1):
            segments.append(Segment(len(segments) + 1, category.id, False, areas[category.id]))
            number[category.id] = len(segments)
    return Panoptic(panoptic + number[left], tuple(segments))
