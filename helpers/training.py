"""Training: one loop for every network of the course.

`fit` takes a network, batches and a loss, moves the weights and returns a `History`. It draws nothing: who wants to
see how it goes is handed in as a `Watcher` (`show.TrainingBar`, say). Interrupting the kernel (the square button) ends
the training early and keeps what was learned.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import torch
from torch import Tensor, nn

from helpers.arguments import expect, is_whole

Loss = Callable[[nn.Module, tuple[Tensor, ...]], Tensor]
"""From the network and a batch to one number; see `helpers.losses`."""

LOOKS = 10
"""How often the metric is measured during a training."""

WEIGHT_DECAY, LONGEST_GRADIENT = 1e-2, 5.0


class TrainingError(Exception):
    """The training cannot go on; the message says why and what to try."""


@dataclass
class History:
    """What happened in a training.

    Attributes:
        steps: how many there should be.
        loss: of every step that was taken.
        metric: (step, value) of every time it was measured.
        metric_name: what `metric` holds.
        seconds: in all.
        stopped: whether the learner ended it early.
    """

    steps: int
    loss: list[float] = field(default_factory=list)
    metric: list[tuple[int, float]] = field(default_factory=list)
    metric_name: str = ""
    seconds: float = 0.0
    stopped: bool = False

    def __repr__(self) -> str:
        return f"History({len(self.loss)} steps{', stopped early' if self.stopped else ''})"


class Watcher:
    """Sees a training, and may show, draw or write down what it sees; override what is needed.

    In `begin`, `look` and `end` the network is in evaluation mode, and no gradients are kept.
    """

    def begin(self, net: nn.Module, history: History) -> None:
        """Before the first step."""

    def step(self, history: History) -> None:
        """After every step."""

    def look(self, net: nn.Module, history: History) -> None:
        """`LOOKS` times, after the metric was measured; after every step where there are fewer."""

    def end(self, net: nn.Module, history: History) -> None:
        """After the last step, also when an interrupt or an error made it the last."""


def fit(
    net: nn.Module,
    batches: Iterator[tuple[Tensor, ...]],
    loss: Loss,
    steps: int,
    rate: float = 1.6e-2,
    metric: tuple[str, Callable[[nn.Module], float]] | None = None,
    watch: Sequence[Watcher] = (),
    device: torch.device | str = "cpu",
    mixed: bool = False,
) -> History:
    """Train `net` in place for `steps` batches, with AdamW and a one-cycle rate (Smith and Topin 2019).

    It ends in evaluation mode.

    Args:
        batches: tuples of tensors on any device, without end.
        loss: from the network and a batch to one number.
        rate: the highest learning rate, reached after 15 % of the steps.
        metric: its name and a function that measures it, without gradients and with the network in evaluation mode.
        watch: who is told how it goes.
        device: where to train; the network stays there. In a lesson the CPU, so that its next cells run everywhere.
        mixed: multiply in bfloat16, keep weights and sums in float32 (Micikevicius et al. 2018, section 3). Half the
            time again on a GPU or a CPU that can; it pays in a long training, and costs a short one some accuracy.

    Returns:
        What happened. An interrupt ends the training early and is said, not raised.

    Raises:
        ValueError: for fewer than one step, or batches that come to an end before.
        TrainingError: when the loss or its gradient is no longer a number; the weights stay as they were before that
            step.
    """
    expect(is_whole(steps) and steps >= 1, "steps", "a whole number, at least 1", steps)
    device = torch.device(device)
    net.to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=max(steps, 2), pct_start=0.15)
    history = History(steps, metric_name=metric[0] if metric else "")
    looks = {max(1, round(steps * share / LOOKS)) for share in range(1, LOOKS + 1)}
    _tell(watch, "begin", net, history)
    start = perf_counter()
    try:
        for step in range(1, steps + 1):
            net.train()
            batch = next(batches, None)
            if batch is None:
                raise ValueError(f"batches: expected no end, got {step - 1} for {steps} steps")
            with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
                value = loss(net, tuple(_to(tensor, device) for tensor in batch))
            number = value.item()
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            length = float(nn.utils.clip_grad_norm_(net.parameters(), LONGEST_GRADIENT))
            for what, size in (("loss", number), ("gradient", length)):
                if not math.isfinite(size):  # a step would ruin all weights
                    raise TrainingError(f"the {what} is {size} at step {step}; try a rate below {rate:g}")
            optimizer.step()
            schedule.step()
            history.loss.append(number)
            if step in looks:
                if metric:
                    with torch.no_grad():
                        history.metric.append((step, metric[1](net.eval())))
                _tell(watch, "look", net, history)
            for watcher in watch:
                watcher.step(history)
    except KeyboardInterrupt:
        history.stopped = True
    finally:
        history.seconds = perf_counter() - start
        _tell(watch, "end", net, history)
    return history


def best_device() -> torch.device:
    """The quickest that this machine has: CUDA, Apple's MPS, or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _tell(watch: Sequence[Watcher], what: str, net: nn.Module, history: History) -> None:
    net.eval()
    with torch.no_grad():
        for watcher in watch:
            getattr(watcher, what)(net, history)


def _to(tensor: Tensor, device: torch.device) -> Tensor:
    tensor = tensor.to(device, non_blocking=True)
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor
