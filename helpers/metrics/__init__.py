"""Scores: how well a prediction agrees with the truth. Void never counts. One idea a file."""

from helpers.metrics.average_precision import (
    MEDIUM,
    SMALL,
    PictureMatches,
    average_precision,
    match_picture,
    precision_scores,
)
from helpers.metrics.boundary import boundary_counts, boundary_iou
from helpers.metrics.confusion import (
    category_dice,
    category_iou,
    confusion_matrix,
    dice,
    iou,
    mean_iou,
    pixel_accuracy,
)
from helpers.metrics.matching import mask_iou, match, precision_recall
from helpers.metrics.panoptic import panoptic_counts, panoptic_quality

__all__ = [
    "MEDIUM",
    "SMALL",
    "PictureMatches",
    "average_precision",
    "boundary_counts",
    "boundary_iou",
    "category_dice",
    "category_iou",
    "confusion_matrix",
    "dice",
    "iou",
    "mask_iou",
    "match",
    "match_picture",
    "mean_iou",
    "panoptic_counts",
    "panoptic_quality",
    "pixel_accuracy",
    "precision_recall",
    "precision_scores",
]
