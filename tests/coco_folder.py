"""A small folder in COCO panoptic format, and ways to change it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch

from helpers.categories import STREET
from helpers.labels import Segment
from helpers.scenes.coco import CocoScene, read_coco_panoptic
from helpers.scenes.scene import Scene

Edit = Callable[[dict], object]


def read(folder: Path) -> CocoScene:
    """The first scene of a folder that `write_coco_panoptic` wrote, and someone changed."""
    return read_coco_panoptic(folder / "images", folder / "panoptic.json")[0]


def small_scene(name: str = "small") -> Scene:
    """Void, sky, a car and a crowd of people, 3×4 pixels."""
    panoptic = torch.tensor([[0, 7, 7, 7], [4, 4, 70_000, 70_000], [4, 4, 0, 70_000]])
    segments = (Segment(7, 0, False, 3), Segment(70_000, 7, True, 3, iscrowd=True), Segment(4, 6, True, 4))
    image = torch.arange(36).reshape(3, 3, 4) / 255
    return Scene(name, image, panoptic, segments, STREET)


def assert_same(scene: Scene, other: Scene) -> None:
    assert torch.equal((scene.image * 255).round(), (other.image * 255).round())
    assert torch.equal(scene.panoptic, other.panoptic)
    assert scene.segments == other.segments
    assert scene.categories.categories == other.categories.categories


def edit_json(folder: Path, edit: Edit) -> None:
    content = json.loads((folder / "panoptic.json").read_text())
    edit(content)
    (folder / "panoptic.json").write_text(json.dumps(content))
