"""A scene: one picture with its exact labels, whether we drew it or someone photographed it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from torch import Tensor

from helpers.categories import CategorySet
from helpers.labels import Segment, panoptic_to_instances, panoptic_to_semantic


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture and its truth. The panoptic map is what is stored; the other label maps are read off it.

    Attributes:
        name: what to call it in a title, such as "street 7".
        image: float32 `[3, H, W]`, RGB in 0..1.
        panoptic: int64 `[H, W]` of segment ids, 0 = void.
        segments: one `Segment` for each id in `panoptic`.
        categories: the vocabulary that the segments' `category_id` refers to.
        amodal: bool `[H, W]` for the id of each thing: its full extent, with what stands in front of it taken away.
            Empty where it is not known, as in photographs.
    """

    name: str
    image: Tensor
    panoptic: Tensor
    segments: tuple[Segment, ...]
    categories: CategorySet
    amodal: dict[int, Tensor] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        return tuple(self.panoptic.shape)

    @cached_property
    def semantic(self) -> Tensor:
        """int64 `[H, W]` of category ids, 255 = void."""
        return panoptic_to_semantic(self.panoptic, self.segments)

    @cached_property
    def instances(self) -> dict[str, Tensor]:
        """The things in torchvision's form: `boxes` `[N, 4]`, `labels` `[N]`, `masks` `[N, H, W]`, `scores` `[N]`."""
        return panoptic_to_instances(self.panoptic, self.segments)

    def __repr__(self) -> str:
        height, width = self.size
        things = sum(segment.isthing for segment in self.segments)
        stuff = len(self.segments) - things
        counts = f"{things} thing{'s' * (things != 1)}, {stuff} kind{'s' * (stuff != 1)} of stuff"
        return f"Scene('{self.name}', {height}×{width}, {counts})"
