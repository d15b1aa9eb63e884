"""What one answer of a network costs: weights, arithmetic, memory, time."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from helpers.measured import Measured, within


@dataclass(frozen=True)
class Price:
    """Of one picture.

    Attributes:
        weights: numbers that were learned.
        multiplications: of convolutions and matrix products, which are nearly all.
        memory: bytes of tensors that exist at the same time, at most; without the weights and the picture.
        time: seconds, in the quickest of several rounds, which other programs disturb least.
    """

    weights: int
    multiplications: int
    memory: int
    time: float

    def over(self, other: Price, what: str, **bound: Any) -> Measured:
        """How many times as much as another's one of the four is, with the bound that it keeps: see `within`."""
        return within(getattr(self, what) / getattr(other, what), digits=2, **bound)


@torch.no_grad()
def prices(
    nets: Mapping[str, nn.Module], question: Mapping[str, str], image: Tensor, rounds: int = 15
) -> dict[str, Price]:
    """What each network's answer to its question costs.

    Args:
        nets: by name, in evaluation mode.
        question: by the same names: "semantic", "instances" or "panoptic" (see `models/network.py`).
        image: float `[B, 3, H, W]`.
        rounds: in which the networks take turns, so that whatever slows the machine slows them all.

    Raises `ValueError` for other names.
    """
    if set(nets) != set(question):
        raise ValueError(f"question: expected one for each of {', '.join(nets)}, got {', '.join(question)}")
    asks = {name: getattr(net, question[name]) for name, net in nets.items()}
    seconds = dict.fromkeys(asks, float("inf"))
    for _ in range(rounds):
        for name, ask in asks.items():
            start = perf_counter()
            ask(image)
            seconds[name] = min(seconds[name], perf_counter() - start)
    return {
        name: Price(
            sum(weight.numel() for weight in nets[name].parameters()),
            multiplications(ask, image),
            peak_bytes(ask, image),
            seconds[name],
        )
        for name, ask in asks.items()
    }


def multiplications(ask: Callable[[Tensor], Any], image: Tensor) -> int:
    """How many `ask(image)` makes in convolutions and matrix products."""
    with FlopCounterMode(display=False) as counter:
        ask(image)
    return counter.get_total_flops() // 2  # it counts a multiplication and its addition as two


def peak_bytes(ask: Callable[[Tensor], Any], image: Tensor) -> int:
    """The most memory that tensors made by `ask(image)` hold at the same time.

    What an operation needs within itself is not seen: a convolution may unfold its input for a moment.
    """
    with _Watch() as watch:
        ask(image)
    return watch.peak


class _Watch(TorchDispatchMode):
    """Counts the bytes of every memory block that an operation brings forth, for as long as somebody holds it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        given = _blocks((args, kwargs))
        result = operation(*args, **(kwargs or {}))
        for place, block in _blocks(result).items():
            if place not in given:  # else it is a view, or what was there is changed
                self._add(block)
        return result

    def _add(self, block: torch.UntypedStorage) -> None:
        self.now += block.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(block, self._drop, block.nbytes())

    def _drop(self, size: int) -> None:
        self.now -= size


def _blocks(tree: Any) -> dict[int, torch.UntypedStorage]:
    """The memory blocks of all tensors in lists, dicts and the like, by their address."""
    blocks = [each.untyped_storage() for each in tree_leaves(tree) if isinstance(each, Tensor)]
    return {block.data_ptr(): block for block in blocks if block.nbytes()}
