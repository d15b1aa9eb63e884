"""A dense CRF: borders pulled to where the colours change, without any training (Krähenbühl and Koltun 2011).

A network's scores are soft and late at borders; the picture itself is sharp there. So let every pixel ask all the
others, near ones and those of its own colour most, and move a little towards their answer; then ask again (*mean field*,
the paper's algorithm 1). Two *kernels* say how much a pixel listens to another (equation 3): the *appearance* kernel
counts nearness in place and in colour, the *smoothness* kernel nearness in place alone.

All pairs of pixels are too many to visit. The paper sums over them with a permutohedral lattice. Here the smoothness
kernel is exact, since a Gaussian of two axes is one along the rows times one along the columns. For the appearance
kernel, pixels close in place and colour are put together in cells, as on the bilateral grid of Paris and Durand 2006
and Chen, Paris, Durand 2007; other than there a cell sits at the mean of its pixels, and every pair of cells is
visited. What else differs from the paper's text: each kernel is normalised on both sides, as in the authors' code, so
that a weight means the same in the middle of a large region and in a small one; and no parameter is learned.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

POSITION_SIGMA, SMOOTHNESS_SIGMA = 16.0, 2.0
"""Pixels: how far the appearance kernel and the smoothness kernel reach (theta alpha and theta gamma in the paper)."""

MOST_CELLS = 2000
"""Bounds time and memory: a picture with more cells than this gets larger cells."""

KernelSum = Callable[[Tensor], Tensor]
"""From values float `[C, H, W]` to, at each pixel i, the sum over all pixels j of k(i, j) · value j. k(i, i) is 1."""


@torch.no_grad()
def dense_crf(
    logits: Tensor,
    image: Tensor,
    iterations: int = 5,
    appearance_weight: float = 6.0,
    smoothness_weight: float = 1.0,
    color_sigma: float = 0.1,
) -> Tensor:
    """What each pixel is, after asking all the others.

    Args:
        logits: float `[C, H, W]`, the network's scores for 2 or more categories.
        image: float `[3, H, W]` in 0..1, the picture they belong to.
        iterations: how often the pixels ask; 0 leaves the network's answer alone.
        appearance_weight: how much pixels listen to those near in place and colour.
        smoothness_weight: how much they listen to their neighbours of any colour.
        color_sigma: how far apart two colours may be, in units of `image`, and still count as near.

    Returns:
        Probabilities float32 `[C, H, W]`, which sum to 1 over the categories.

    Raises:
        ValueError: for other shapes or numbers than these.
    """
    _check(logits, image)
    for name, value in (("appearance_weight", appearance_weight), ("smoothness_weight", smoothness_weight)):
        _expect(value >= 0, name, "0 or more", value)
    _expect(iterations >= 0, "iterations", "0 or more", iterations)
    _expect(color_sigma > 0, "color_sigma", "more than 0", color_sigma)

    height, width = image.shape[1:]
    appearance = _message(appearance_kernel(image, color_sigma), image)
    smoothness = _message(smoothness_kernel(height, width, image.device), image)
    unary = -logits.float().log_softmax(0)  # (C, H, W)
    q = (-unary).softmax(0)
    for _ in range(iterations):
        agree = appearance_weight * appearance(q) + smoothness_weight * smoothness(q)  # message passing
        disagree = agree.sum(0) - agree  # compatibility transform (Potts): what speaks for any other category
        q = (-unary - disagree).softmax(0)  # local update, normalisation
    return q


def smoothness_kernel(height: int, width: int, device: torch.device | str = "cpu") -> KernelSum:
    """Nearness in place alone, exact: a Gaussian of `SMOOTHNESS_SIGMA` pixels."""
    rows, columns = (
        gaussian(torch.arange(side, device=device)[:, None] / SMOOTHNESS_SIGMA) for side in (height, width)
    )
    return lambda values: rows @ values @ columns  # (H, H) @ (C, H, W) @ (W, W)


def appearance_kernel(image: Tensor, color_sigma: float) -> KernelSum:
    """Nearness in place and colour, as if every pixel stood at the mean place and colour of its cell.

    A cell is half a sigma wide in each of the five directions; more, where `MOST_CELLS` would not do.
    """
    height, width = image.shape[1:]
    places = torch.stack(
        torch.meshgrid(*(torch.arange(side, device=image.device) for side in (height, width)), indexing="ij")
    )
    features = torch.cat([places / POSITION_SIGMA, image / color_sigma]).flatten(1)  # (5, N), in sigmas
    size = 0.5
    cell = cells(features, size)  # (N)
    while cell.max() >= MOST_CELLS:
        size *= 1.25
        cell = cells(features, size)

    def splat(values: Tensor) -> Tensor:
        """Sums over the pixels of each cell: `[C, N]` → `[C, M]`."""
        return values.new_zeros(len(values), int(cell.max()) + 1).index_add_(1, cell, values)

    means = splat(features) / splat(torch.ones_like(features))  # (5, M)
    between = gaussian(means.T)  # (M, M)

    def kernel_sum(values: Tensor) -> Tensor:
        blurred = splat(values.flatten(1)) @ between  # (C, M)
        return blurred.index_select(1, cell).view_as(values)  # slice: what its cell got, to each pixel

    return kernel_sum


def cells(features: Tensor, size: float) -> Tensor:
    """Which cell of a grid with this spacing each column of `features` (D, N) lies in: int64 `[N]`, counted from 0.

    Only cells that hold something get a number.
    """
    cell = torch.zeros_like(features[0], dtype=torch.int64)
    for step in (features / size).floor().long():  # one axis after the other
        step -= step.min()
        cell = (cell * (step.max() + 1) + step).unique(return_inverse=True)[1]
    return cell


def gaussian(points: Tensor) -> Tensor:
    """exp(-d²/2) for the distance d between each two of `points` (M, D), in sigmas: float `[M, M]`."""
    exponent = torch.cdist(points, points).square_() / -2
    return exponent.clamp_(min=-30).exp_()  # 1e-13 is nothing beside 1, and still smaller floats make exp very slow


def _message(kernel_sum: KernelSum, image: Tensor) -> KernelSum:
    """What a pixel hears: the others' values, weighted by the kernel k(i, j) / √(Σ k(i, ·) · Σ k(j, ·))."""
    scale = kernel_sum(torch.ones_like(image[:1])).rsqrt()  # (1, H, W)
    return lambda values: scale * (kernel_sum(scale * values) - scale * values)  # nobody hears himself


def _check(logits: Tensor, image: Tensor) -> None:
    for name, value, shape in (("logits", logits, "[C, H, W]"), ("image", image, "[3, H, W]")):
        fits = value.is_floating_point() and value.ndim == 3 and 0 not in value.shape
        _expect(fits, name, f"float {shape}", f"{value.dtype} {list(value.shape)}")
    _expect(len(logits) >= 2, "logits", "at least 2 categories", len(logits))
    _expect(len(image) == 3, "image", "float [3, H, W]", list(image.shape))
    same = image.shape[1:] == logits.shape[1:]
    _expect(same, "image", f"the size of logits, {list(logits.shape[1:])}", list(image.shape[1:]))
    low, high = image.aminmax()
    _expect(low >= 0 and high <= 1, "image", "values in 0..1", f"{low:g}..{high:g}")


def _expect(condition: bool, argument: str, expected: str, got: object) -> None:
    if not condition:
        raise ValueError(f"{argument}: expected {expected}, got {got}")
