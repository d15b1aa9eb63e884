"""Colour for label maps: a semantic map, its instances, a panoptic map; and the outlines between their segments.

A category has one colour in the whole course (`helpers.categories`). The things of one category must differ from each
other and still look related, so each gets a shade: the lightness changes most, since every kind of colour vision sees
lightness, and the hue a little. Shades are chosen in CIE LCh, where equal steps look about equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from skimage.color import lab2rgb, rgb2lab

from helpers.categories import CategorySet
from helpers.labels import Segment

NO_INSTANCE_COLOR = (226, 226, 226)
"""Where no thing is: instance segmentation says nothing about stuff."""

_HATCH_COLOR = (96, 96, 96)
_LIGHTNESS = (28.0, 43.0, 58.0, 73.0, 88.0)
_HUE_TURNS = (0.0, 14.0, -14.0)
# Okabe and Ito's palette for all kinds of colour vision, without their black, and two shades more.
_NUMBER_COLORS = (
    (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167),
    (110, 60, 20), (60, 60, 130),
)  # fmt: skip
SHADES = len(_LIGHTNESS) * len(_HUE_TURNS)
"""How many shades a category has before they repeat."""


def to_numpy(array: ArrayLike) -> np.ndarray:
    """A NumPy view of a tensor on any device, or of anything else that is like an array."""
    if hasattr(array, "detach"):
        array = array.detach().cpu().numpy()
    return np.asarray(array)


def image_bytes(image: ArrayLike) -> np.ndarray:
    """An image as uint8 `[H, W, 3]`.

    Args:
        image: float `[3, H, W]` in 0..1, or uint8 `[H, W, 3]`; torch or NumPy.

    Raises `ValueError` for any other shape, type or range.
    """
    array = to_numpy(image)
    if array.ndim == 3 and array.shape[0] == 3 and array.dtype.kind == "f":
        if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            raise ValueError(f"image: expected values in 0..1, got {array.min():.3g}..{array.max():.3g}")
        return np.round(array.transpose(1, 2, 0) * 255).astype(np.uint8)
    if array.ndim == 3 and array.shape[2] == 3 and array.dtype == np.uint8:
        return array
    expected = "float [3, H, W] in 0..1 or uint8 [H, W, 3]"
    raise ValueError(f"image: expected {expected}, got {array.dtype} {list(array.shape)}")


def label_map(labels: ArrayLike, name: str) -> np.ndarray:
    """A label map as int64 `[H, W]`; raises `ValueError` with the argument's `name` for another shape or type."""
    array = to_numpy(labels)
    if array.ndim != 2 or array.dtype.kind not in "iu":
        raise ValueError(f"{name}: expected integers [H, W], got {array.dtype} {list(array.shape)}")
    return array.astype(np.int64)


def color_numbers(numbers: ArrayLike) -> np.ndarray:
    """Colours uint8 `[H, W, 3]` of a map of object numbers `[H, W]`: one for each number, `NO_INSTANCE_COLOR` for 0.

    The colours begin again after `len(_NUMBER_COLORS)` numbers.
    """
    numbers = label_map(numbers, "numbers")
    palette = np.array(_NUMBER_COLORS, np.uint8)
    return np.where((numbers > 0)[..., None], palette[(numbers - 1) % len(palette)], np.uint8(NO_INSTANCE_COLOR))


def color_semantic(semantic: ArrayLike, categories: CategorySet) -> np.ndarray:
    """The colours of a semantic map `[H, W]` as uint8 `[H, W, 3]`: one look-up in the palette; void is black.

    Raises `ValueError` for an id outside 0..255.
    """
    semantic = label_map(semantic, "semantic")
    if semantic.size and not 0 <= semantic.min() <= semantic.max() <= 255:
        raise ValueError(f"semantic: expected ids in 0..255, got {semantic.min()}..{semantic.max()}")
    return categories.palette[semantic]


def color_panoptic(panoptic: ArrayLike, segments: Sequence[Segment], categories: CategorySet) -> np.ndarray:
    """The colours of a panoptic map `[H, W]` as uint8 `[H, W, 3]`.

    Stuff has the colour of its category, every thing a shade of it; void is black.
    Raises `ValueError` if the map holds an id that is neither 0 nor a segment.
    """
    return _look_up(panoptic, segments, segment_colors(segments, categories), (0, 0, 0))


def color_instances(panoptic: ArrayLike, segments: Sequence[Segment], categories: CategorySet) -> np.ndarray:
    """The same as `color_panoptic` for the things alone; all else, void too, is light grey."""
    colors = segment_colors(segments, categories)
    colors |= {segment.id: NO_INSTANCE_COLOR for segment in segments if not segment.isthing}
    return _look_up(panoptic, segments, colors, NO_INSTANCE_COLOR)


def segment_colors(segments: Sequence[Segment], categories: CategorySet) -> dict[int, tuple[int, int, int]]:
    """The RGB colour of every segment by its id: the things of a category, by rising id, go through its shades."""
    colors: dict[int, tuple[int, int, int]] = {}
    seen = dict.fromkeys(range(len(categories)), 0)
    for segment in sorted(segments, key=lambda segment: segment.id):
        base = categories[segment.category_id].color
        colors[segment.id] = shade(base, seen[segment.category_id]) if segment.isthing else base
        seen[segment.category_id] += 1
    return colors


@lru_cache(maxsize=1024)
def shade(color: tuple[int, int, int], number: int) -> tuple[int, int, int]:
    """Shade `number` (0, 1, 2, ...) of an RGB colour; number 0 is the colour itself.

    The walk over the five levels of lightness takes two steps at a time, so that shades with neighbouring numbers lie
    at least some 22 of CIE lightness apart.
    """
    number %= SHADES
    if number == 0:
        return color
    lightness, a, b = rgb2lab(np.array(color) / 255)
    start = int(np.abs(np.array(_LIGHTNESS) - lightness).argmin())
    level = (start + 2 * number) % len(_LIGHTNESS)
    # The level nearest to the colour itself stands for it, or two shades would be almost the same.
    target = lightness if level == start else _LIGHTNESS[level]
    chroma = np.hypot(a, b)
    hue = np.arctan2(b, a) + np.radians(_HUE_TURNS[number % len(_HUE_TURNS)])
    while True:
        wanted = np.array([target, chroma * np.cos(hue), chroma * np.sin(hue)])
        rgb = lab2rgb(wanted)
        # A screen cannot show every colour: give up some strength of colour, never the lightness.
        if chroma < 1 or np.abs(rgb2lab(rgb) - wanted).max() < 2:
            return tuple(int(channel) for channel in np.round(rgb * 255))
        chroma *= 0.95


def hatch(colors: np.ndarray, mask: np.ndarray, period: int = 8) -> np.ndarray:
    """A copy of uint8 `[H, W, 3]` with grey diagonal lines where `mask` `[H, W]` is true: how figures draw void."""
    rows, columns = np.indices(mask.shape)
    hatched = colors.copy()
    hatched[mask & ((rows + columns) % period < period // 4)] = _HATCH_COLOR
    return hatched


def draw_borders(colors: np.ndarray, labels: np.ndarray, color: tuple[int, int, int] = (255, 255, 255)) -> np.ndarray:
    """A copy of uint8 `[H, W, 3]` with a one-pixel line under and right of each border in `labels` `[H, W]`.

    Enlarge both before, so that the line takes little from a thin person.
    """
    border = np.zeros(labels.shape, bool)
    border[1:] |= labels[1:] != labels[:-1]
    border[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    outlined = colors.copy()
    outlined[border] = color
    return outlined


def enlarge(array: np.ndarray, times: int) -> np.ndarray:
    """`[H, W, ...]` with every pixel repeated `times` × `times`: between two labels there is nothing to blend."""
    return array.repeat(times, axis=0).repeat(times, axis=1)


def _look_up(
    panoptic: ArrayLike,
    segments: Sequence[Segment],
    colors: dict[int, tuple[int, int, int]],
    void: tuple[int, int, int],
) -> np.ndarray:
    """uint8 `[H, W, 3]`: `colors` of the segment at each pixel, `void` where the id is 0."""
    panoptic = label_map(panoptic, "panoptic")
    present, index = np.unique(panoptic, return_inverse=True)
    unknown = set(present.tolist()) - {0} - {segment.id for segment in segments}
    if unknown:
        raise ValueError(f"panoptic: expected 0 or the id of one of the segments, got {sorted(unknown)[:5]}")
    table = np.array([void if number == 0 else colors[number] for number in present.tolist()], np.uint8)
    return table.reshape(-1, 3)[index.reshape(panoptic.shape)]
