"""Scores: how well a prediction agrees with the truth. Void never counts."""

from __future__ import annotations

import torch
from torch import Tensor


def iou(a: Tensor, b: Tensor) -> float:
    """Intersection over union of two masks, also called the Jaccard index.

    Args:
        a, b: bool `[H, W]`, or any two masks of one shape.

    Returns:
        0..1; `nan` where both masks are empty, since nothing divided by nothing is no score.

    Raises:
        ValueError: for masks that are not bool, or of two shapes.
    """
    for name, mask in (("a", a), ("b", b)):
        if mask.dtype != torch.bool:
            raise ValueError(f"{name}: expected a bool mask, got {mask.dtype}")
    if a.shape != b.shape:
        raise ValueError(f"b: expected the shape of a, {list(a.shape)}, got {list(b.shape)}")
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else float("nan")
