"""Coins without a network: a threshold, and the watershed."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed
from torch import Tensor

from helpers.arguments import describe, expect

SMALLEST = 64  # pixels of a region that counts, as in `collages.py`


def bright_regions(image: Tensor) -> Tensor:
    """Each connected region that is brighter than Otsu's threshold (1979), its holes filled: bool `[N, H, W]`.

    Args:
        image: grey, float `[3, H, W]` in 0..1.

    Raises `ValueError` for anything else, as does `flooded`.
    """
    return _masks(ndimage.label(_bright(image), np.ones((3, 3)))[0])


def flooded(image: Tensor) -> Tensor:
    """The same bright pixels, parted by a watershed (Vincent and Soille 1991): bool `[N, H, W]`.

    The sources are the places deepest inside, at least 15 pixels apart and as far from the edge of the picture; from
    there the bright pixels are flooded. What has no source is left out: at the edge it is mostly ground.
    """
    bright = _bright(image)
    depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(bright), 2)
    sources = np.zeros(bright.shape, int)
    deepest = peak_local_max(depth, min_distance=15, labels=ndimage.label(bright, np.ones((3, 3)))[0])
    sources[tuple(deepest.T)] = np.arange(1, len(deepest) + 1)
    return _masks(watershed(-depth, sources, mask=bright))


def _bright(image: Tensor) -> np.ndarray:
    fits = isinstance(image, Tensor) and image.is_floating_point() and image.ndim == 3 and len(image) == 3
    expect(fits and image.numel() > 0, "image", "float [3, H, W]", describe(image))
    gray = image[0].cpu().numpy()
    return ndimage.binary_fill_holes(gray > threshold_otsu(gray))


def _masks(numbers: np.ndarray) -> Tensor:
    masks = torch.from_numpy(numbers) == torch.arange(1, int(numbers.max()) + 1)[:, None, None]
    return masks[masks.sum((1, 2)) >= SMALLEST]
