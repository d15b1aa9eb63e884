"""Names on boxes: each where it fits and covers no other, found whenever the figure is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Bbox

SMALL = 3.2
"""Inches. In a picture of less width names stand alone, without what is known beside them."""


def name_boxes(ax: Axes, boxes: Sequence[Sequence[float]], names: Sequence[str], details: Sequence[str | None]) -> None:
    """Writes a name on each box, and its detail behind it; what comes first has the first choice.

    A name stands above its box; if it is cut there or covers another name, within the box, or below it. If there is
    no room at all, the detail is left out, and if that is not enough, the name.

    Args:
        ax: shows a picture whose pixels are the units.
        boxes: xyxy each, whose edges lie between pixels.
        names, details: one for each box; None where there is no detail.
    """
    written = []
    for (left, top, _, _), name, detail in zip(boxes, names, details, strict=True):
        text = name if detail is None else f"{name} {detail}"
        tag = ax.text(left - 0.5, top - 0.5, text, color="white", fontsize=7, va="bottom", clip_on=True)
        tag.set_path_effects([withStroke(linewidth=2, foreground="black", alpha=0.8)])
        written.append((tag, name))
    ax.add_artist(_Places(boxes, written))


class _Places(Artist):
    """Is drawn before the names, draws nothing, and moves them: how large they are is not known earlier."""

    def __init__(self, boxes: Sequence[Sequence[float]], tags: list[tuple[Text, str]]) -> None:
        super().__init__()
        self.boxes, self.tags = boxes, [(tag, tag.get_text(), name) for tag, name in tags]
        self.set_in_layout(False)

    def draw(self, renderer: RendererBase) -> None:
        picture = self.axes.get_window_extent(renderer)
        small = picture.width < SMALL * self.axes.figure.dpi
        taken: list[Bbox] = []
        for box, (tag, whole, name) in zip(self.boxes, self.tags, strict=True):
            texts = [name] if small else list(dict.fromkeys((whole, name)))
            tag.set_visible(any(self._fits(tag, text, box, picture, taken, renderer) for text in texts))

    def _fits(
        self, tag: Text, text: str, box: Sequence[float], picture: Bbox, taken: list[Bbox], renderer: RendererBase
    ) -> bool:
        """Writes the text at the first place that is free, if there is one, and adds that to what is taken."""
        tag.set_text(text)
        size = tag.get_window_extent(renderer).size
        corners = self.axes.transData.transform([(box[0] - 0.5, box[1] - 0.5), (box[0] - 0.5, box[3] - 0.5)])
        for place in _places(corners, size, picture):
            if picture.y0 <= place.y0 and place.y1 <= picture.y1 and not place.count_overlaps(taken):
                tag.set_position(self.axes.transData.inverted().transform(place.min))
                taken.append(place)
                return True
        return False


def _places(corners: Sequence[Sequence[float]], size: Sequence[float], picture: Bbox) -> Iterator[Bbox]:
    """Above a box, within it and below it, in pixels of the screen; pushed left where the picture ends."""
    (left, top), (_, bottom) = corners
    width, height = size
    left = max(min(left, picture.x1 - width), picture.x0)
    for low in (top, top - height, bottom - height):
        yield Bbox.from_bounds(left, low, width, height)
