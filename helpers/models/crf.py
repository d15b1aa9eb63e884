"""A dense CRF: borders pulled to where the colours change, without any training (Krähenbühl and Koltun 2011).

A network's scores are soft at borders, where the picture itself is sharp. So every pixel takes a weighted mean of
all others' probabilities, those near in place and colour most, and moves towards it, several times (*mean field*, the
paper's algorithm 1). Two *kernels* are the weights (equation 3): the *appearance* kernel counts nearness in place and
colour, the *smoothness* kernel nearness in place alone.

All pairs of pixels are too many to visit. The paper sums over them with a permutohedral lattice. Here the smoothness
kernel is exact, since a Gaussian of two axes is one along the rows times one along the columns. For the appearance
kernel, pixels close in place and colour are put together in cells, as on the bilateral grid of Paris and Durand 2006
and Chen, Paris, Durand 2007; unlike there, a cell sits at the mean of its pixels, and every pair of cells is visited.
What else differs from the paper: each kernel is normalised on both sides, as in the authors' code, so that a weight
means the same in a large region and in a small one; and weights and sigmas are chosen by hand, not by a search.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.arguments import check_image, describe, expect

POSITION_SIGMA, SMOOTHNESS_SIGMA = 8.0, 1.0
"""Pixels: how far the appearance kernel and the smoothness kernel reach (θα and θγ in the paper)."""

MOST_CELLS = 2000
"""Bounds time and memory: a picture that would have more cells gets larger ones."""

KernelSum = Callable[[Tensor], Tensor]
"""From values float `[C, H, W]` to, at each pixel i, the sum over all pixels j of k(i, j) · value j. k(i, i) is 1."""


@torch.no_grad()
def dense_crf(
    logits: Tensor,
    image: Tensor,
    iterations: int = 5,
    appearance_weight: float = 3.0,
    smoothness_weight: float = 0.5,
    color_sigma: float = 0.04,
) -> Tensor:
    """What each pixel is, after asking all the others.

    Args:
        logits: float `[C, H, W]`, the network's scores for 2 or more categories.
        image: float `[3, H, W]` in 0..1, the picture they belong to.
        iterations: how often the pixels ask; 0 leaves the network's answer as it is.
        appearance_weight: how much pixels listen to those near in place and colour.
        smoothness_weight: how much they listen to their neighbours of any colour.
        color_sigma: how far apart two near colours may be, in units of `image` (θβ in the paper).

    Returns:
        Probabilities float32 `[C, H, W]`, which sum to 1 over the categories.

    Raises:
        ValueError: for other shapes or numbers than these.
    """
    _check(logits, image)
    expect(iterations >= 0, "iterations", "0 or more", iterations)
    expect(appearance_weight >= 0, "appearance_weight", "0 or more", appearance_weight)
    expect(smoothness_weight >= 0, "smoothness_weight", "0 or more", smoothness_weight)
    expect(color_sigma > 0, "color_sigma", "more than 0", color_sigma)

    image = image.float()
    appearance = _message(appearance_kernel(image, color_sigma), image)
    smoothness = _message(smoothness_kernel(image), image)
    unary = -logits.float().log_softmax(0)  # (C, H, W)
    q = (-unary).softmax(0)
    for _ in range(iterations):
        agree = appearance_weight * appearance(q) + smoothness_weight * smoothness(q)  # message passing
        disagree = agree.sum(0) - agree  # compatibility transform (Potts): what speaks for any other category
        q = (-unary - disagree).softmax(0)  # local update, normalisation
    return q


def smoothness_kernel(image: Tensor) -> KernelSum:
    """Nearness in place alone, exact."""
    rows, columns = (
        gaussian(torch.arange(side, device=image.device)[:, None] / SMOOTHNESS_SIGMA) for side in image.shape[1:]
    )
    return lambda values: rows @ values @ columns  # (H, H) @ (C, H, W) @ (W, W)


def appearance_kernel(image: Tensor, color_sigma: float) -> KernelSum:
    """Nearness in place and colour, as if every pixel had the mean place and colour of its cell.

    A cell is half a sigma wide in each of the five directions, or wider for `MOST_CELLS`.
    """
    axes = (torch.arange(side, device=image.device) for side in image.shape[1:])
    places = torch.stack(torch.meshgrid(*axes, indexing="ij"))  # (2, H, W)
    features = torch.cat([places / POSITION_SIGMA, image / color_sigma]).flatten(1)  # (5, N), in sigmas
    size = 0.5
    cell = cells(features, size)  # (N)
    while cell.max() >= MOST_CELLS:
        size *= 1.2
        cell = cells(features, size)
    num_cells = int(cell.max()) + 1

    def splat(values: Tensor) -> Tensor:
        """Sums over the pixels of each cell: `[C, N]` → `[C, M]`."""
        return values.new_zeros(len(values), num_cells).index_add_(1, cell, values)

    means = splat(features) / splat(torch.ones_like(features[:1]))  # (5, M)
    blur = gaussian(means.T)  # (M, M)

    def kernel_sum(values: Tensor) -> Tensor:
        blurred = splat(values.flatten(1)) @ blur  # (C, M)
        return blurred.index_select(1, cell).view_as(values)  # slice: to each pixel, what its cell got

    return kernel_sum


def cells(features: Tensor, size: float) -> Tensor:
    """The cell that each column of `features` (D, N), 0 or more, lies in, on a grid of spacing `size`: int64 `[N]`.

    Cells are numbered from 0, and only those that hold something.
    """
    cell = torch.zeros_like(features[0], dtype=torch.int64)
    for step in (features / size).floor().long():  # one axis after the other
        cell = (cell * (step.max() + 1) + step).unique(return_inverse=True)[1]
    return cell


def gaussian(points: Tensor) -> Tensor:
    """exp(-d²/2) for the distance d between each two of `points` (M, D), in sigmas: float `[M, M]`."""
    # By default distances come from a matrix product, which loses them where points are far from zero.
    distance = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    exponent = distance.square_() / -2
    return exponent.clamp_(min=-30).exp_()  # 1e-13 is nothing beside 1, and numbers below 1e-38 are slow


def _message(kernel_sum: KernelSum, image: Tensor) -> KernelSum:
    """At pixel i the sum of the others' values, weighted by k(i, j) / √(Σ k(i, ·) · Σ k(j, ·))."""
    scale = kernel_sum(torch.ones_like(image[:1])).rsqrt()  # (1, H, W)
    return lambda values: scale * (kernel_sum(scale * values) - scale * values)  # without the pixel's own value


def _check(logits: Tensor, image: Tensor) -> None:
    for name, value, shape in (("logits", logits, "[C, H, W]"), ("image", image, "[3, H, W]")):
        fits = value.is_floating_point() and value.ndim == 3 and value.numel() > 0
        expect(fits, name, f"float {shape}", describe(value))
    expect(len(logits) >= 2, "logits", "2 or more categories", len(logits))
    lost = int(logits.float().log_softmax(0).isnan().any(0).sum())  # one pixel would make all others nan
    expect(lost == 0, "logits", "numbers, and in each pixel one above minus infinity", f"{lost} pixels without")
    size = [3, *logits.shape[1:]]
    expect(list(image.shape) == size, "image", f"{size}, the size of logits", list(image.shape))
    check_image(image[None])
