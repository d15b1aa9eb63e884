"""Scenes for training and scoring: drawn once, then handed out in batches that never end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from helpers.bar import progress
from helpers.scenes.scene import Scene
from helpers.scenes.street import street

VALIDATION, TEST = 1_000_000, 2_000_000
"""Where the seeds begin: training from 0, validation (tune on these), test (report on the first 100, never tune)."""


def streets(count: int, start: int = 0, size: tuple[int, int] = (96, 128)) -> list[Scene]:
    """`count` streets from the seed `start` on, with a progress bar."""
    return [street(seed, size) for seed in progress(range(start, start + count), f"drawing {count} streets")]


def stack(scenes: Sequence[Scene]) -> tuple[Tensor, Tensor]:
    """All images, float32 `[N, 3, H, W]`, and all semantic maps, int64 `[N, H, W]`, of scenes of one size."""
    return torch.stack([scene.image for scene in scenes]), torch.stack([scene.semantic for scene in scenes])


def stack_things(scenes: Sequence[Scene]) -> tuple[Tensor, Tensor, Tensor]:
    """As `stack`, and int64 `[N, H, W]`: a number for each thing of a scene, 0 where there is none."""
    things = [
        scene.panoptic * torch.isin(scene.panoptic, torch.tensor([s.id for s in scene.segments if s.isthing]))
        for scene in scenes
    ]
    return *stack(scenes), torch.stack(things)


def batches(*tensors: Tensor, size: int = 8, seed: int = 0) -> Iterator[tuple[Tensor, ...]]:
    """Random batches without end from tensors of equal length; half of the batches are mirrored left to right.

    Mirroring flips the last axis of tensors with two or more axes after the first: images and maps, not one label
    per image. A mirrored street is still a street, so it is a new training picture that costs nothing.

    Raises `ValueError` for no tensors, empty ones, or lengths that differ.
    """
    lengths = [len(tensor) for tensor in tensors]
    if len(set(lengths)) != 1 or 0 in lengths:
        raise ValueError(f"tensors: expected equal lengths from 1, got {lengths}")

    def endless() -> Iterator[tuple[Tensor, ...]]:  # apart, so that the error above comes with the call
        generator = torch.Generator().manual_seed(seed)
        while True:
            chosen = torch.randint(lengths[0], (size,), generator=generator)
            mirror = torch.rand((), generator=generator) < 0.5
            yield tuple(tensor[chosen].flip(-1) if mirror and tensor.ndim > 2 else tensor[chosen] for tensor in tensors)

    return endless()


Stack = Callable[[Sequence[Scene]], tuple[Tensor, ...]]


def fresh_scenes(
    size: int, stack: Stack = stack, draw: Callable[[int], Scene] = street
) -> Iterator[tuple[Tensor, ...]]:
    """Batches of new scenes without end, from the seed 0 on, drawn by another process while the network trains.

    Drawn scenes cost nothing but time, so a long training need not see any of them twice.

    Args:
        size: scenes in a batch.
        stack: what makes tensors of them. It and `draw` travel to the other process: functions of a module.
        draw: from a seed to a scene.
    """
    yield from DataLoader(_FreshScenes(size, stack, draw), batch_size=None, num_workers=1, prefetch_factor=8)


class _FreshScenes(IterableDataset):
    def __init__(self, size: int, stack: Stack, draw: Callable[[int], Scene]) -> None:
        self.size, self.stack, self.draw = size, stack, draw

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        for first in count(step=self.size):
            yield self.stack([self.draw(seed) for seed in range(first, first + self.size)])
