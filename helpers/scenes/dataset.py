"""Scenes for training and scoring: drawn once, or when they are asked for, and handed out in batches that never end."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import count

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from helpers.arguments import expect, is_whole
from helpers.bar import progress
from helpers.scenes.scene import Scene
from helpers.scenes.street import street

VALIDATION, TEST = 1_000_000, 2_000_000
"""Where the seeds begin: training from 0, validation (tune on these), test (report on the first 100, never tune)."""

Draw = Callable[[int], Scene]


def streets(count: int, start: int = 0, size: tuple[int, int] = (96, 128)) -> list[Scene]:
    """`count` streets from the seed `start` on, with a progress bar. Raises as `Drawn` does."""
    seeds = Drawn(street, count, start).seeds
    return [street(seed, size) for seed in progress(seeds, f"drawing {count} streets")]


class Drawn(Sequence):
    """Scenes from the seed `start` on, each drawn when it is asked for and not kept.

    Raises:
        ValueError: for seeds that belong to two of training, validation and test, and numbers that are not whole.
    """

    def __init__(self, draw: Draw, count: int, start: int) -> None:
        for name, number in (("count", count), ("start", start)):
            expect(is_whole(number) and number >= 0, name, "a whole number from 0", number)
        self.draw, self.seeds = draw, range(start, start + count)
        for bound in (VALIDATION, TEST):
            crosses = start < bound < start + count
            expect(not crosses, "count", f"at most {bound - start}, since other seeds begin at {bound}", count)

    def __len__(self) -> int:
        return len(self.seeds)

    def __getitem__(self, place: int) -> Scene:
        return self.draw(self.seeds[operator.index(place)])


def stack(scenes: Sequence[Scene]) -> tuple[Tensor, Tensor]:
    """All images, float32 `[N, 3, H, W]`, and all semantic maps, int64 `[N, H, W]`.

    Raises `ValueError` for no scenes, or scenes of two sizes.
    """
    sizes = sorted({scene.size for scene in scenes})
    expect(len(sizes) == 1, "scenes", "at least one, all of one size", f"the sizes {sizes}")
    return torch.stack([scene.image for scene in scenes]), torch.stack([scene.semantic for scene in scenes])


def stack_things(scenes: Sequence[Scene]) -> tuple[Tensor, Tensor, Tensor]:
    """As `stack`, and int64 `[N, H, W]`: a number for each thing of a scene, 0 where there is none, or a crowd."""
    images, maps = stack(scenes)
    things = torch.zeros_like(maps)
    for place, scene in enumerate(scenes):
        ids = torch.tensor([segment.id for segment in scene.segments if segment.isthing and not segment.iscrowd])
        things[place] = scene.panoptic * torch.isin(scene.panoptic, ids)
    return images, maps, things


def batches(*tensors: Tensor, size: int = 8, seed: int = 0) -> Iterator[tuple[Tensor, ...]]:
    """Random batches without end from tensors of equal length; half of the batches are mirrored left to right.

    Mirroring flips the last axis of tensors with two or more axes after the first: images and maps, not one label
    per image. A mirrored street is still a street, so it is a new training picture that costs nothing.

    Raises `ValueError` for no tensors, empty ones, or lengths that differ, and a size below 1.
    """
    expect(is_whole(size) and size > 0, "size", "a whole number from 1", size)
    lengths = [len(tensor) for tensor in tensors]
    expect(len(set(lengths)) == 1 and 0 not in lengths, "tensors", "equal lengths from 1", lengths)

    def endless() -> Iterator[tuple[Tensor, ...]]:  # apart, so that the error above comes with the call
        generator = torch.Generator().manual_seed(seed)
        while True:
            chosen = torch.randint(lengths[0], (size,), generator=generator)
            mirror = torch.rand((), generator=generator) < 0.5
            yield tuple(tensor[chosen].flip(-1) if mirror and tensor.ndim > 2 else tensor[chosen] for tensor in tensors)

    return endless()


Stack = Callable[[Sequence[Scene]], tuple[Tensor, ...]]


def fresh_scenes(
    size: int, stack: Stack = stack, draw: Draw = street, workers: int = 1
) -> Iterator[tuple[Tensor, ...]]:
    """Batches of new scenes without end, from the seed 0 on, drawn by other processes while the network trains.

    Drawn scenes cost nothing but time, so a long training need not see any of them twice. Every process of a training
    on several devices (`torchrun` numbers them in RANK and WORLD_SIZE) and every worker draws its own. When all seeds
    below `VALIDATION` are used up, they begin again.

    Args:
        size: scenes in a batch.
        stack: what makes tensors of them. It and `draw` travel to the other process: functions of a module.
        draw: from a seed to a scene.
        workers: processes that draw.

    Raises:
        ValueError: for a size or workers below 1.
    """
    for name, number in (("size", size), ("workers", workers)):
        expect(is_whole(number) and number > 0, name, "a whole number from 1", number)
    scenes = _FreshScenes(size, stack, draw)
    return iter(DataLoader(scenes, batch_size=None, num_workers=workers, prefetch_factor=8))


class _FreshScenes(IterableDataset):
    def __init__(self, size: int, stack: Stack, draw: Draw) -> None:
        self.size, self.stack, self.draw = size, stack, draw
        self.rank, self.ranks = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        for batch in count(self.rank * workers + worker, self.ranks * workers):
            seeds = range(batch * self.size, (batch + 1) * self.size)
            yield self.stack([self.draw(seed % VALIDATION) for seed in seeds])
