"""The viewer: a picture with its labels, and everything about the pixel under the pointer.

All data goes to the browser once; `viewer.js` answers pointer and keys there, without asking the kernel. Where no
front end runs, as on GitHub, a plain picture made by `render` stands in its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import anywidget
import numpy as np
import torch
import traitlets
from numpy.typing import ArrayLike

from helpers.categories import CategorySet
from helpers.labels import Segment, panoptic_to_semantic
from helpers.scenes.scene import Scene
from helpers.show.colors import (
    color_instances,
    color_panoptic,
    color_semantic,
    draw_borders,
    enlarge,
    hatch,
    image_bytes,
    label_map,
    segment_colors,
)
from helpers.show.figures import name_points
from helpers.show.page import check_size, css, esm, png_bundle

LAYERS = ("semantic", "instances", "panoptic")


@dataclass(frozen=True, eq=False)
class ViewerState:
    """What a viewer shows at its start; `render` draws it and the browser gets it.

    Attributes:
        name: the title.
        image: uint8 `[H, W, 3]`.
        panoptic: int64 `[H, W]` of segment ids, 0 = void; None for a picture without labels.
        segments: one `Segment` for each id in `panoptic`.
        categories: the vocabulary of the segments; None for a picture without labels.
        layer: which labels: "semantic", "instances" or "panoptic".
        opacity: of the labels over the image, 0..1.
    """

    name: str
    image: np.ndarray
    panoptic: np.ndarray | None = None
    segments: tuple[Segment, ...] = ()
    categories: CategorySet | None = None
    layer: str = "semantic"
    opacity: float = 0.6

    @property
    def semantic(self) -> np.ndarray:
        """int64 `[H, W]` of category ids, 255 = void."""
        return panoptic_to_semantic(torch.from_numpy(self.panoptic), self.segments).numpy()


def render(state: ViewerState) -> np.ndarray:
    """The viewer as a plain picture, uint8 `[H', W', 3]`: the image, and beside it the image under its labels."""
    times = max(1, 360 // state.image.shape[1])
    image = enlarge(state.image, times)
    if state.panoptic is None:
        return image
    if state.layer == "semantic":
        colors = enlarge(color_semantic(state.semantic, state.categories), times)
    else:
        color = color_instances if state.layer == "instances" else color_panoptic
        colors = enlarge(color(state.panoptic, state.segments, state.categories), times)
    if state.layer != "instances":
        colors = hatch(colors, enlarge(state.panoptic == 0, times))
    # Where instance segmentation says nothing, the picture stays as it is.
    thing_ids = [segment.id for segment in state.segments if segment.isthing]
    things = enlarge(np.where(np.isin(state.panoptic, thing_ids), state.panoptic, 0), times)
    opacity = np.full((*things.shape, 1), state.opacity)
    if state.layer == "instances":
        opacity[things == 0] = 0
    mixed = np.round(image * (1 - opacity) + colors * opacity).astype(np.uint8)
    if state.layer != "semantic":
        mixed = draw_borders(mixed, things)
    gap = np.full((image.shape[0], 12, 3), 255, np.uint8)
    return np.concatenate([image, gap, mixed], axis=1)


class Viewer(anywidget.AnyWidget):
    """The widget that `viewer` makes. Its traits go to the browser once and never change."""

    _esm = esm("viewer.js")
    _css = css("viewer.css")

    info = traitlets.Dict().tag(sync=True)
    image = traitlets.Bytes().tag(sync=True)
    index = traitlets.Bytes().tag(sync=True)

    def __init__(self, state: ViewerState) -> None:
        self._state = state
        super().__init__(info=_info(state), image=state.image.tobytes(), index=_index(state))

    def __repr__(self) -> str:
        height, width = self._state.image.shape[:2]
        return f"Viewer('{self._state.name}', {height}×{width})"

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict]:
        labels = f" and its {self._state.layer} labels" if self._state.panoptic is not None else ""
        bundle = super()._repr_mimebundle_(**kwargs)
        return png_bundle(bundle, render(self._state), f"{self._state.name}: the picture{labels}")


def viewer(scene: Scene | ArrayLike, layer: str = "semantic", opacity: float = 0.6) -> Viewer:
    """A viewer of a scene, or of a plain picture without labels.

    Args:
        scene: a `Scene`; or an image, float `[3, H, W]` in 0..1 or uint8 `[H, W, 3]`.
        layer: the labels to begin with: "semantic", "instances" or "panoptic".
        opacity: of the labels over the image to begin with, 0..1.

    Raises `ValueError` for another layer, an opacity outside 0..1, or a picture larger than 512×1024.
    """
    if layer not in LAYERS:
        raise ValueError(f"layer: expected one of {', '.join(LAYERS)}, got '{layer}'")
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity: expected 0..1, got {opacity}")
    labelled = isinstance(scene, Scene)
    image = image_bytes(scene.image if labelled else scene)
    check_size(image.shape, "scene")
    if not labelled:
        return Viewer(ViewerState("picture", image))
    panoptic = label_map(scene.panoptic, "panoptic")
    return Viewer(ViewerState(scene.name, image, panoptic, tuple(scene.segments), scene.categories, layer, opacity))


def _index(state: ViewerState) -> bytes:
    """For each pixel the place of its segment in the list of segments, from 1, as little-endian uint16; 0 = void.

    Segment ids of COCO files go up to 16 million; places fit into two bytes.
    """
    if state.panoptic is None:
        return b""
    place = {segment.id: number for number, segment in enumerate(state.segments, start=1)} | {0: 0}
    present, index = np.unique(state.panoptic, return_inverse=True)
    unknown = set(present.tolist()) - set(place)
    if unknown:
        raise ValueError(f"panoptic: expected 0 or the id of one of the segments, got {sorted(unknown)[:5]}")
    return np.array([place[number] for number in present.tolist()], "<u2")[index].tobytes()


def _info(state: ViewerState) -> dict:
    """What `viewer.js` needs besides the pixels, as plain JSON. Areas are in pixels."""
    height, width = state.image.shape[:2]
    info = {"name": state.name, "height": height, "width": width, "labelled": state.panoptic is not None}
    if state.panoptic is None:
        return info
    semantic = state.semantic
    colors = segment_colors(state.segments, state.categories)
    category_points, segment_points = name_points(semantic), name_points(state.panoptic)
    ids, counts = np.unique(state.panoptic, return_counts=True)
    area = dict(zip(ids.tolist(), counts.tolist(), strict=True))
    return info | {
        "layer": state.layer,
        "opacity": state.opacity,
        "categories": [
            {
                "id": category.id,
                "name": category.name,
                "color": list(category.color),
                "area": int((semantic == category.id).sum()),
                "point": category_points.get(category.id),
            }
            for category in state.categories
        ],
        "segments": [
            {
                "id": segment.id,
                "category": segment.category_id,
                "isthing": segment.isthing,
                "color": list(colors[segment.id]),
                "area": area.get(segment.id, 0),
                "point": segment_points.get(segment.id),
            }
            for segment in state.segments
        ],
    }
