"""The IoU explorer: a true mask, a predicted one that the learner drags about, and how well the two agree.

Intersection over union (also Jaccard index) of two masks: the pixels that both have, divided by those that at least one
has. Many scores of the field count an object as found if its IoU is greater than 0.5, as in Kirillov et al., "Panoptic
Segmentation", CVPR 2019, section 4.1.

The neighbourhood of the masks goes to the browser once. There `iou_masks.js` moves, grows and counts and
`iou_explorer.js` draws, without asking the kernel. Where no front end runs, as on GitHub, a plain picture made by
`render` stands in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isnan

import anywidget
import numpy as np
import torch
import traitlets
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw, ImageFont

from helpers.metrics import iou
from helpers.show.colors import draw_borders, enlarge, image_bytes, to_numpy
from helpers.show.page import check_size, css, esm, png_bundle

FOUND_ABOVE = 0.5
BOTH, ONLY_TRUTH, ONLY_PREDICTION = (24, 158, 105), (116, 196, 255), (255, 154, 46)
"""The colours of the three areas. The last two are striped as well, in opposite directions."""

_DIM, _FILL = 0.6, 0.78  # how much of the picture is left, how much of an area's colour lies over it
_NO_IMAGE = 112  # the grey where no picture is given, before it is dimmed
_PICTURE_WIDTH = 420


@dataclass(frozen=True)
class Window:
    """The part of the picture that is shown, in pixels, and how far a mask can move (`margin`) without leaving it."""

    top: int
    left: int
    height: int
    width: int
    margin: int

    def cut(self, array: np.ndarray) -> np.ndarray:
        """The window of an array `[H, W, ...]`."""
        return array[self.top : self.top + self.height, self.left : self.left + self.width]


def find_window(masks: np.ndarray) -> Window:
    """The box around all true pixels of bool `[H, W]` with a margin, neither taller than wide nor a long strip.

    The margin lets the learner move a copy until it no longer touches. The picture's border cuts the window, so that
    what leaves the window has left the picture. All of the picture if no pixel is true.
    """
    rows, columns = (np.flatnonzero(masks.any(axis)) for axis in (1, 0))
    if not rows.size:
        rows, columns = (np.arange(count) for count in masks.shape)
    box = [int(places[-1] - places[0]) + 1 for places in (rows, columns)]
    margin = ceil(max(0.4 * max(box), min(min(box), 0.75 * max(box)))) + 1
    height, width = (side + 2 * margin for side in box)
    height, width = max(height, ceil(width * 0.62)), max(width, height)
    size = [min(wanted, there) for wanted, there in zip((height, width), masks.shape, strict=True)]
    starts = []
    for places, side, there in zip((rows, columns), size, masks.shape, strict=True):
        middle = int(places[0] + places[-1] + 1) // 2
        starts.append(min(max(middle - side // 2, 0), there - side))
    return Window(*starts, *size, margin)


def render(mask: np.ndarray, other: np.ndarray, image: np.ndarray | None = None) -> np.ndarray:
    """The explorer as a plain picture, uint8 `[H', W', 3]`.

    Args:
        mask: the truth, bool `[H, W]`.
        other: the prediction, bool `[H, W]`.
        image: uint8 `[H, W, 3]`.

    Above, the picture around the masks: the truth has a solid outline, the prediction a dashed one. Below, a bar that
    is the union, filled as far as the intersection goes, with a tick at 0.5; and the same in numbers.
    """
    window = find_window(mask | other)
    times = max(1, round(_PICTURE_WIDTH / window.width))
    if image is None:
        image = np.full((*mask.shape, 3), _NO_IMAGE, np.uint8)
    truth, prediction = (enlarge(window.cut(each), times) for each in (mask, other))
    picture = enlarge(window.cut(image), times) * _DIM
    paint = _paint(truth, prediction)
    covered = truth | prediction
    picture[covered] = picture[covered] * (1 - _FILL) + paint[covered] * _FILL
    picture = draw_borders(np.round(picture).astype(np.uint8), truth)
    dash = np.indices(truth.shape).sum(0) % 10 < 6
    white, black = (draw_borders(picture, prediction, color) for color in ((255, 255, 255), (0, 0, 0)))
    return np.concatenate([np.where(dash[..., None], white, black), _legend(mask, other, picture.shape[1])])


def _paint(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """uint8 `[H, W, 3]`: the colour of the area that each pixel is in, with the stripes of the two kinds of error."""
    paint = np.zeros((*truth.shape, 3), np.uint8)
    rows, columns = np.indices(truth.shape)
    for area, color, stripes in [
        (truth & prediction, BOTH, None),
        (truth & ~prediction, ONLY_TRUTH, (rows + columns) % 8 < 2),
        (prediction & ~truth, ONLY_PREDICTION, (rows - columns) % 8 < 2),
    ]:
        paint[area] = color
        if stripes is not None:
            paint[area & stripes] = np.array(color) // 3
    return paint


def _legend(mask: np.ndarray, other: np.ndarray, width: int) -> np.ndarray:
    """uint8 `[86, width, 3]`: the bar and two lines of text below the picture."""
    areas = [int(area.sum()) for area in (mask & other, mask & ~other, other & ~mask)]
    legend = np.full((86, width, 3), 255, np.uint8)
    ends = np.cumsum([0, *areas]) * width // max(sum(areas), 1)
    for number, (start, end) in enumerate(zip(ends[:-1], ends[1:], strict=True)):
        part = np.ones((16, end - start), bool)
        legend[10:26, start:end] = _paint(part & (number < 2), part & (number != 1))
    legend[6:30, width // 2 - 1 : width // 2 + 1] = 0
    drawing = Image.fromarray(legend)
    pen = ImageDraw.Draw(drawing)
    pen.text((4, 36), f"IoU = {_ratio(mask, other)} (tick: {FOUND_ABOVE})", "black", ImageFont.load_default(16))
    words = f"both {areas[0]}, only truth {areas[1]} (///), only prediction {areas[2]} (\\\\\\)"
    pen.text((4, 63), words, "black", ImageFont.load_default(11))
    return np.asarray(drawing)


def _ratio(mask: np.ndarray, other: np.ndarray) -> str:
    value = iou(torch.tensor(mask), torch.tensor(other))
    return f"{(mask & other).sum()} / {(mask | other).sum()} = {'undefined' if isnan(value) else f'{value:.2f}'}"


class IoUExplorer(anywidget.AnyWidget):
    """The widget that `iou_explorer` makes. Its traits go to the browser once and never change."""

    _esm = esm("iou_masks.js", "iou_explorer.js")
    _css = css("iou_explorer.css")

    info = traitlets.Dict().tag(sync=True)
    image = traitlets.Bytes().tag(sync=True)
    truth = traitlets.Bytes().tag(sync=True)
    prediction = traitlets.Bytes().tag(sync=True)

    def __init__(self, mask: np.ndarray, other: np.ndarray, image: np.ndarray | None) -> None:
        self._pictures = (mask, other, image)
        window = find_window(mask | other)
        colors = {"both": BOTH, "truth": ONLY_TRUTH, "prediction": ONLY_PREDICTION}
        super().__init__(
            info={
                "picture": list(mask.shape),
                "height": window.height,
                "width": window.width,
                "margin": window.margin,
                "colors": {name: list(color) for name, color in colors.items()},
                "foundAbove": FOUND_ABOVE,
            },
            image=b"" if image is None else window.cut(image).tobytes(),
            truth=window.cut(mask).tobytes(),
            prediction=window.cut(other).tobytes(),
        )

    def __repr__(self) -> str:
        mask = self._pictures[0]
        return f"IoUExplorer({mask.shape[0]}×{mask.shape[1]}, {mask.sum()} pixels)"

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict]:
        alt = f"A true mask and a predicted one: IoU = {_ratio(*self._pictures[:2])}"
        return png_bundle(super()._repr_mimebundle_(**kwargs), render(*self._pictures), alt)


def iou_explorer(mask: ArrayLike, image: ArrayLike | None = None, other: ArrayLike | None = None) -> IoUExplorer:
    """An explorer of the IoU of two masks, of which the learner moves, grows and shrinks the second.

    Args:
        mask: the truth, bool `[H, W]`.
        image: the picture below it, float `[3, H, W]` in 0..1 or uint8 `[H, W, 3]`; grey without.
        other: the prediction to begin with, bool `[H, W]`; a copy of the truth without.

    Raises `ValueError` for another type, sizes that differ, or a picture larger than 512×1024.
    """
    mask = _mask(mask, "mask")
    check_size(mask.shape, "mask")
    other = mask.copy() if other is None else _mask(other, "other", mask.shape)
    if image is not None:
        image = image_bytes(image)
        if image.shape[:2] != mask.shape:
            raise ValueError(f"image: expected the size of the mask, {list(mask.shape)}, got {list(image.shape[:2])}")
    return IoUExplorer(mask, other, image)


def _mask(array: ArrayLike, name: str, size: tuple[int, ...] | None = None) -> np.ndarray:
    array = to_numpy(array)
    if array.ndim != 2 or array.dtype != bool or 0 in array.shape or (size and array.shape != size):
        expected = f"bool {list(size)}" if size else "bool [H, W]"
        raise ValueError(f"{name}: expected {expected}, got {array.dtype} {list(array.shape)}")
    return array
