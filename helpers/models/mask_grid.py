"""From a mask to a small grid inside a box, and back: the two ends of Mask R-CNN's mask branch.

Mask R-CNN draws every mask on a grid of the same size, 20 × 20 say, whatever the size of its box. Training needs the
way in, the part of the true mask that lies in a box, on the grid (`crop_masks`); an answer needs the way out, the grid
enlarged to the picture (`paste_masks`). Both must agree on where things are, to the fraction of a pixel:

    picture   a pixel is a square of side 1: column i covers x from i to i + 1, and its centre is at x = i + 1/2.
    box       x1 and x2 are edges, so a box around columns 3 and 4 is x1 = 3, x2 = 5.
    grid      the box is cut into M equal cells: the centre of cell j is at x = x1 + (j + 1/2) · (x2 - x1) / M.

The same holds for rows and y. The way in reads the mask at places x, the way out reads the grid at the centres of the
pixels; between centres both interpolate. Nothing is rounded, so a mask that goes in and out comes back in its place.

torchvision's own two ends do not agree. Its way in (`roi_align` with `aligned=False`) takes x for the *number* of a
pixel, whose centre is at x + 1/2, and so reads half a pixel too far right and down. Its way out
(`paste_masks_in_image`) cuts the box to whole pixels and gives it one pixel more at the right and lower edge. A network
cannot learn that away, since how much it matters depends on the size of the box: on small things most.
The cure is that of RoIAlign itself, once more: Mask R-CNN (He et al. 2017, section 3) put an end to rounding in the
features, and Detectron2 later to the half pixel (`ROIAlign`, its flag `aligned`).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.models.detection.roi_heads import paste_masks_in_image
from torchvision.ops import roi_align


def crop_masks(masks: Tensor, boxes: Tensor, side: int) -> Tensor:
    """The way in: what the mask holds in each cell of the grid.

    Args:
        masks: `[N, H, W]`, bool or 0..1.
        boxes: float `[N, 4]` xyxy in pixels, edges; one for each mask.
        side: M, cells along each side of the grid.

    Returns:
        float `[N, M, M]` in 0..1: the mean of the mask, interpolated, at ceil(side of the box / M) places along each
        side of a cell. The picture's edge is repeated for one pixel; beyond it all is 0.
    """
    which = torch.arange(len(boxes), device=boxes.device)[:, None]
    rois = torch.cat([which.to(boxes), boxes], 1)  # (N, 5): which mask, and where
    return roi_align(masks[:, None].to(boxes), rois, side, aligned=True)[:, 0]  # aligned: x is read at number x - 1/2


def paste_masks(grids: Tensor, boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """The way out: the grids as masks of the picture's size, read at the centre of every pixel.

    Args:
        grids: float `[N, M, M]` in 0..1.
        boxes: float `[N, 4]` xyxy in pixels, edges; one for each grid.
        size: (H, W) of the picture.

    Returns:
        float `[N, H, W]` in 0..1. Around a grid all is 0, so its outermost half cell fades out.
    """
    height, width = size
    x1, y1, x2, y2 = boxes.T[..., None]  # (N, 1) each
    columns, rows = torch.arange(width, device=boxes.device), torch.arange(height, device=boxes.device)
    wide, high = (x2 - x1).clamp(min=1e-6), (y2 - y1).clamp(min=1e-6)
    u = (columns + 0.5 - x1) / wide * 2 - 1  # (N, W): -1 at the box's left edge, 1 at its right edge
    v = (rows + 0.5 - y1) / high * 2 - 1  # (N, H)
    places = torch.stack([u[:, None].expand(-1, height, -1), v[..., None].expand(-1, -1, width)], -1)  # (N, H, W, 2)
    return F.grid_sample(grids[:, None], places, align_corners=False)[:, 0]  # False: ±1 are edges, not centres


def paste_by_whole_pixels(grids: Tensor, boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """The way out as torchvision has it, for comparison. Arguments and result as for `paste_masks`."""
    return paste_masks_in_image(grids[:, None], boxes, tuple(size))[:, 0]
