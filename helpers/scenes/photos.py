"""Photographs: real pictures, at hand without a download, one of them with labels.

scikit-image carries some pictures inside its package; `PHOTOS` names those that are photographs (through a camera, a
microscope or a telescope). They are read straight from there. `skimage.data` describes each, with its source and
licence; most are in the public domain.

`coins` has labels, made by us for this course: 24 Greek coins from Pompeii (Brooklyn Museum) on a dark ground. How
they were made, to do it again: the centre and radius of each coin were read off the picture; along 180 rays from the
centre, the border was put where the brightness falls most, as one closed path that changes slowly from ray to ray
(dynamic programming); pixels next to the border were then given to the coin or to the ground by the brightness
halfway between the two, and single teeth smoothed away. Every coin was looked at with its outline, enlarged ten times
or more, and two were corrected by hand: a scratch above the first coin, and the right edge of the last, where the
dark rim of the plate had drawn the border one pixel too far. Coins are 1 to 24 in reading order, the ground is 25. By
eye, the border is right to about a pixel, which is how sharp the picture is.
"""

from __future__ import annotations

import dataclasses
from importlib import resources
from pathlib import Path

from torch import Tensor

from helpers.categories import COINS
from helpers.scenes.coco import read_coco_panoptic, read_image
from helpers.scenes.scene import Scene

_FILES = {
    "astronaut": "astronaut.png",
    "brick": "brick.png",
    "camera": "camera.png",
    "cat": "chelsea.png",
    "cell": "cell.png",
    "clock": "clock_motion.png",
    "coffee": "coffee.png",
    "coins": "coins.png",
    "grass": "grass.png",
    "gravel": "gravel.png",
    "hubble_deep_field": "hubble_deep_field.jpg",
    "immunohistochemistry": "ihc.png",
    "moon": "moon.png",
    "motorcycle": "motorcycle_left.png",
    "retina": "retina.jpg",
    "rocket": "rocket.jpg",
}

PHOTOS: tuple[str, ...] = tuple(_FILES)
"""The names that `photo` knows."""


def photo(name: str) -> Tensor:
    """A photograph, float32 `[3, H, W]` in 0..1, of 300 to 1411 pixels a side. A grey one has three equal channels.

    Raises `ValueError` if `name` is not one of `PHOTOS`.
    """
    if name not in _FILES:
        raise ValueError(f"name: expected one of {', '.join(PHOTOS)}, got '{name}'")
    return read_image(_photo_folder() / _FILES[name])


def coins() -> Scene:
    """The photograph "coins", 303×384, with its labels: each of the 24 coins a thing, the background stuff."""
    here = Path(__file__).parent
    scene = read_coco_panoptic(_photo_folder(), here / "coins_labels.json", png_folder=here)[0]
    return dataclasses.replace(scene, categories=COINS)


def _photo_folder() -> Path:
    # Not skimage.data.coins() and its like: they look in a cache first, and might try to download.
    return Path(str(resources.files("skimage.data")))
