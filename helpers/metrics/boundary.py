"""IoU near the contours alone, so that the inside of a large region cannot hide a rough border."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from helpers.arguments import expect, is_whole
from helpers.categories import VOID
from helpers.metrics.confusion import check_maps, ratio


def boundary_iou(predicted: Tensor, semantic: Tensor, num_categories: int, distance: int = 2) -> Tensor:
    """IoU of each category over its inner boundary: "Boundary IoU" (Cheng et al., CVPR 2021).

    Each mask is reduced to its *inner boundary*: its pixels with another category among the (2·distance + 1)² pixels
    around them. The edge of the picture is a contour too, as in the authors' code, and so is the edge of void: a pixel
    that is void in the truth is taken out of both maps first, as if the picture ended there.

    The authors score object by object, mostly at 2 % of the diagonal of the picture; here a category is one mask, with
    one intersection and one union over all pictures.

    Args:
        predicted, semantic, num_categories: as for `confusion_matrix`.
        distance: how thick the boundary is, in pixels, from 1.

    Returns:
        float64 `[C]` on the CPU: 0..1; `nan` for a category that is in neither map, as in `category_iou`.

    Raises:
        ValueError: as `confusion_matrix` does, and for a distance below 1.
    """
    counts = boundary_counts(predicted, semantic, num_categories, distance)
    return ratio(counts[:, 0], counts[:, 1])


def boundary_counts(predicted: Tensor, semantic: Tensor, num_categories: int, distance: int = 2) -> Tensor:
    """The intersection and the union of each category's inner boundaries: int64 `[C, 2]`; counts of pictures add up.

    Arguments and errors as for `boundary_iou`.
    """
    check_maps(predicted, semantic, num_categories)
    expect(is_whole(distance) and distance >= 1, "distance", "a whole number of pixels from 1", distance)
    found = _inner_boundary(predicted.where(semantic != VOID, VOID), int(distance))
    truth = _inner_boundary(semantic, int(distance))

    def count(semantic: Tensor) -> Tensor:
        return semantic.flatten().bincount(minlength=VOID + 1)[:num_categories]

    both = count(found.where(found == truth, VOID))
    return torch.stack([both, count(found) + count(truth) - both], 1)


def _inner_boundary(semantic: Tensor, distance: int) -> Tensor:
    """The map with void wherever the whole square around a pixel is of one category: all masks eroded at once."""
    ids = F.pad(semantic.float(), [distance] * 4, value=VOID)[None]  # float, since not every device pools integers
    side = 2 * distance + 1
    highest, lowest = (sign * _highest(sign * ids, side) for sign in (1, -1))
    return semantic.where((highest != lowest)[0], VOID)


def _highest(values: Tensor, side: int) -> Tensor:
    """The maximum of a square around each place, first down, then across: cheap for a large side, too."""
    return F.max_pool2d(F.max_pool2d(values, (side, 1), stride=1), (1, side), stride=1)
