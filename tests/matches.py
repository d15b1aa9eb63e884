"""Small pictures for the linked view, in which every kind of prediction occurs."""

from __future__ import annotations

import numpy as np
import torch

from helpers.categories import STREET
from helpers.labels import Instances
from helpers.show.matches import LinkedMatches, linked_matches

TREE, CAR, PERSON = (STREET.id(name) for name in ("tree", "car", "person"))
ALT = "A street and what was found in it."


def boxes(size: tuple[int, int], *corners: tuple[int, int, int, int]) -> torch.Tensor:
    """Bool masks of boxes (top, left, bottom, right)."""
    masks = torch.zeros(len(corners), *size, dtype=torch.bool)
    for mask, (top, left, bottom, right) in zip(masks, corners, strict=True):
        mask[top:bottom, left:right] = True
    return masks


def small() -> tuple[torch.Tensor, Instances, Instances]:
    """A picture 24 × 40 with three cars, a person and a tree; a prediction of every kind, not in order."""
    cars = ((2, 2, 10, 12), (2, 16, 10, 26), (2, 30, 10, 38))
    truth = {
        "masks": boxes((24, 40), (14, 2, 22, 6), *cars, (14, 20, 22, 28)),
        "labels": torch.tensor([PERSON, CAR, CAR, CAR, TREE]),
    }
    found = {
        "masks": boxes(
            (24, 40),
            (2, 2, 10, 10),  # 3: car 1 again, IoU 0.8
            (2, 2, 10, 12),  # 1: car 1
            (2, 19, 10, 29),  # 4: car 2, IoU 7 / 13
            (2, 36, 10, 40),  # 5: car 3, but with an IoU of 2 / 10
            (14, 2, 22, 6),  # 2: the person
            (16, 32, 20, 36),  # 6: a tree where nothing is
        ),
        "labels": torch.tensor([CAR, CAR, CAR, CAR, PERSON, TREE]),
        "scores": torch.tensor([0.8, 0.95, 0.7, 0.7, 0.9, 0.25]),
    }
    image = torch.linspace(0, 1, 24 * 40).view(1, 24, 40).expand(3, -1, -1)
    return image, found, truth


def view(**more: object) -> LinkedMatches:
    return linked_matches(*small(), alt=ALT, **more)


def crowded() -> LinkedMatches:
    """60 predictions of 20 cars in 256 × 256 pixels."""
    rng = np.random.default_rng(3)
    corners = [(top, left, top + 20, left + 30) for top, left in rng.integers(0, 200, (60, 2)).tolist()]
    truth = {"masks": boxes((256, 256), *corners[:20]), "labels": torch.full((20,), CAR)}
    found = {
        "masks": boxes((256, 256), *corners),
        "labels": torch.full((60,), CAR),
        "scores": torch.linspace(1, 0.1, 60),
    }
    return linked_matches(torch.rand(3, 256, 256), found, truth, alt=ALT)


def random_instances(seed: int, count: int, scores: bool) -> Instances:
    """Small boxes in 6 × 9 pixels, so that many overlap; few different scores, so that many are equal."""
    rng = np.random.default_rng(seed)
    corners = [
        (top, left, top + rng.integers(1, 4), left + rng.integers(1, 4)) for top, left in rng.integers(0, 4, (count, 2))
    ]
    labels = torch.from_numpy(rng.choice([TREE, CAR], count))
    instances = {"masks": boxes((6, 9), *corners), "labels": labels}
    return instances | ({"scores": torch.from_numpy(rng.integers(1, 6, count) / 5)} if scores else {})


def random_view(seed: int) -> LinkedMatches:
    rng = np.random.default_rng(seed)
    found, truth = (
        random_instances(seed, rng.integers(0, 8), True),
        random_instances(seed + 1, rng.integers(0, 8), False),
    )
    return linked_matches(torch.rand(3, 6, 9), found, truth, alt=ALT)
