"""What the tests of the painter share: a small scene with its truth, and an ear at the widget."""

from __future__ import annotations

import torch

from helpers.categories import STREET, VOID
from helpers.labels import Segment
from helpers.scenes.scene import Scene
from helpers.show.painter import Painter

_ = VOID
TRUTH = [[_, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [6, 6, 6, 6, 6, 6], [6, 6, 6, 6, 6, 6]]
"""4×6: one pixel of void, eleven of sky, twelve of car."""


def small_scene(truth: list[list[int]] = TRUTH) -> Scene:
    semantic = torch.tensor(truth)
    panoptic = torch.where(semantic == VOID, 0, semantic + 1)
    ids = [number for number in panoptic.unique().tolist() if number]
    segments = tuple(Segment(each, each - 1, each == 7, int((panoptic == each).sum())) for each in ids)
    return Scene("small", torch.arange(72).reshape(3, 4, 6) / 255, panoptic, segments, STREET)


class Told(list):
    """What a painter sends to its page."""

    def __init__(self, widget: Painter) -> None:
        super().__init__()
        widget.send = lambda message, buffers=(): self.append((message, [bytes(each) for each in buffers]))
