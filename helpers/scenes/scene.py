"""A scene: one picture with its exact labels, whether we drew it or someone photographed it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from helpers.categories import CategorySet
from helpers.labels import Instances, Panoptic, Segment, panoptic_to_instances, panoptic_to_semantic


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

    @property
    def truth(self) -> Panoptic:
        """The panoptic map with its segments, as fusion gives and the metrics take them."""
        return Panoptic(self.panoptic, self.segments)

    @cached_property
    def semantic(self) -> Tensor:
        """int64 `[H, W]` of category ids, 255 = void."""
        return panoptic_to_semantic(self.panoptic, self.segments)

    @cached_property
    def instances(self) -> Instances:
        """The things, without crowds: `boxes` `[N, 4]`, `labels` `[N]`, `masks` `[N, H, W]`, `scores` `[N]`."""
        return panoptic_to_instances(self.panoptic, self.segments)

    @cached_property
    def crowds(self) -> Instances:
        """Groups of things that nobody labelled one by one, in the form of `instances`."""
        crowds = {segment.id: segment for segment in self.segments if segment.iscrowd}
        inside = torch.isin(self.panoptic, torch.tensor(list(crowds), dtype=torch.int64))
        return panoptic_to_instances(
            self.panoptic.where(inside, 0), [replace(segment, iscrowd=False) for segment in crowds.values()]
        )

    def __repr__(self) -> str:
        height, width = self.size
        crowds = sum(segment.iscrowd for segment in self.segments)
        things = sum(segment.isthing for segment in self.segments) - crowds
        stuff = len(self.segments) - things - crowds
        counts = f"{things} thing{'s' * (things != 1)}, {stuff} kind{'s' * (stuff != 1)} of stuff"
        counts += f", {crowds} crowd{'s' * (crowds != 1)}" * (crowds > 0)
        return f"Scene('{self.name}', {height}×{width}, {counts})"
