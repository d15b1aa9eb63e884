"""Noise that every machine draws alike: banks made once, from integers, and cropped at random.

A scene must have the same bytes on every machine, so nothing here calls a function whose last digit differs between
processors (`sin`, `exp`, a sum over many floats). Random bits come from PCG64, whose stream NumPy guarantees; blurs
are sums of integers; what remains is addition, multiplication and division, which IEEE 754 fixes.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

BANK = (768, 1536)
"""Rows and columns of a noise bank: a scene of the largest size finds many different crops in it."""


def _bits(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """Random integers 0..255 of `shape`, as int64."""
    count = int(np.prod(shape))
    raw = np.random.PCG64(seed).random_raw((count + 7) // 8)
    return raw.astype("<u8").view(np.uint8)[:count].reshape(shape).astype(np.int64)


def _box_sum(values: np.ndarray, width: int) -> np.ndarray:
    """Sum over a `width` × `width` window, wrapped around at the borders, in exact integer arithmetic."""
    for axis in (0, 1):
        wrapped = np.concatenate([values, values.take(range(width), axis)], axis)
        total = np.cumsum(wrapped, axis)
        values = total.take(range(width, total.shape[axis]), axis) - total.take(range(total.shape[axis] - width), axis)
    return values


def _unit(values: np.ndarray) -> np.ndarray:
    """Integers to float32 with mean 0, clipped at ±1 (about 2.5 standard deviations)."""
    centred = values - int(values.sum()) // values.size
    spread = int(np.abs(centred).sum()) // values.size  # mean absolute deviation: integers again
    return np.clip(centred.astype(np.float32) / np.float32(max(3 * spread, 1)), -1, 1)


@lru_cache
def grain() -> np.ndarray:
    """Sensor noise: float32 `[3, rows, columns]` in -1..1, bell-shaped, independent from pixel to pixel."""
    return _unit(_bits(1, (4, 3, *BANK)).sum(0))


@lru_cache
def rough() -> np.ndarray:
    """Asphalt, plaster, lawn: float32 `[rows, columns]` in -1..1, fine with a coarser part beneath."""
    fine, medium = _bits(2, BANK), _bits(3, BANK)
    return _unit(_box_sum(fine, 2) * 6 + _box_sum(medium, 6))


@lru_cache
def clouds() -> np.ndarray:
    """Large soft patches, wider than high: float32 `[rows, columns]` in -1..1."""
    small, large = _bits(4, BANK), _bits(5, BANK)
    soft = _box_sum(_box_sum(small, 9), 7) * 6 + _box_sum(_box_sum(large, 25), 15)
    return _unit(np.repeat(soft, 2, axis=1)[:, : BANK[1]])


def crop(bank: np.ndarray, height: int, width: int, u: float, v: float) -> np.ndarray:
    """A `height` × `width` window of `bank`; `u` and `v` in 0..1 choose which."""
    top = int(u * (bank.shape[-2] - height))
    left = int(v * (bank.shape[-1] - width))
    return bank[..., top : top + height, left : left + width]
