"""Training: one loop for every model of the course.

`fit` takes a network, batches and a loss, moves the weights, shows how it goes and returns a `History` that can draw
itself. Interrupting the kernel (the square button) ends the training early and keeps what was learned.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from helpers.bar import Bar
from helpers.categories import VOID

Loss = Callable[[nn.Module, tuple[Tensor, ...]], Tensor]


class TrainingError(Exception):
    """The training cannot go on; the message says why and what to try."""


@dataclass
class History:
    """What happened in a training.

    Attributes:
        loss: of every step.
        metric: (step, value) of every time it was measured.
        seconds: in all.
        stopped: whether the learner ended it early.
        metric_name: what `metric` holds.
    """

    loss: list[float] = field(default_factory=list)
    metric: list[tuple[int, float]] = field(default_factory=list)
    seconds: float = 0.0
    stopped: bool = False
    metric_name: str = ""

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the learning curve: the loss, smoothed, and the metric on an axis of its own at the right."""
        ax = ax or plt.subplots(figsize=(7, 3))[1]
        ax.set(xlabel="step", ylabel="loss", title=f"Learning curve, {self.seconds:.0f} s")
        if not self.loss:  # stopped before the first step
            return ax
        steps = np.arange(1, len(self.loss) + 1)
        width = max(1, len(self.loss) // 40)
        smooth = np.convolve(self.loss, np.ones(width) / width, mode="valid")
        ax.plot(steps, self.loss, color="#c9d3e0", linewidth=1)
        ax.plot(steps[width - 1 :], smooth, color="#30507a")
        ax.set_ylim(0, 1.1 * max(smooth) or 1)
        if self.metric:
            right = ax.twinx()
            right.plot(*zip(*self.metric, strict=True), color="#b3541e", marker="o", markersize=4)
            right.set_ylabel(self.metric_name, color="#b3541e")
            right.set_ylim(0, 1)
            right.spines["right"].set_visible(True)
        return ax

    def __repr__(self) -> str:
        return f"History({len(self.loss)} steps{', stopped early' if self.stopped else ''})"


def fit(
    net: nn.Module,
    batches: Iterator[tuple[Tensor, ...]],
    loss: Loss,
    steps: int,
    rate: float = 1.6e-2,
    title: str = "training",
    metric: tuple[str, Callable[[nn.Module], float]] | None = None,
    picture: Callable[[nn.Module], np.ndarray] | None = None,
    device: torch.device | str = "cpu",
    mixed: bool = False,
) -> History:
    """Train `net` in place for `steps` batches, with AdamW and a one-cycle rate (Smith and Topin 2019).

    Args:
        batches: tuples of tensors on any device, without end.
        loss: from the network and a batch to one number.
        rate: the highest learning rate, reached after 15 % of the steps.
        metric: its name and a function that measures it, without gradients and with the network in evaluation mode: ten
            times on the way, or after every step where there are fewer than ten.
        picture: a function to a uint8 `[H, W, 3]` picture of how it goes, shown under the bar and redrawn as often.
        device: where to train; the network stays there. In a lesson the CPU, so that its next cells run everywhere.
        mixed: multiply in bfloat16, keep weights and sums in float32 (Micikevicius et al. 2018, section 3). Half the
            time again on a GPU or a CPU that can; it pays in a long training, and costs a short one some accuracy.

    Returns:
        What happened. An interrupt ends the training early and is said, not raised.

    Raises:
        ValueError: for fewer than one step, or batches that come to an end before.
        TrainingError: when the loss is no longer a number; the weights stay as they were before that step.
    """
    if steps < 1:
        raise ValueError(f"steps: expected at least 1, got {steps}")
    device = torch.device(device)
    net.to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=max(steps, 2), pct_start=0.15)
    history = History(metric_name=metric[0] if metric else "")
    with torch.no_grad():
        bar = Bar(steps, title, _png(picture(net.eval())) if picture else None)
    looks = {max(1, round(steps * share / 10)) for share in range(1, 11)}
    start, last = perf_counter(), ""
    try:
        for step in range(1, steps + 1):
            net.train()
            batch = next(batches, None)
            if batch is None:
                raise ValueError(f"batches: expected no end, got {step - 1} for {steps} steps")
            with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
                value = loss(net, tuple(_to(tensor, device) for tensor in batch))
            number = value.item()
            if not math.isfinite(number):  # a step along its gradient would ruin all weights
                raise TrainingError(f"{title}: the loss is {number} at step {step}; try a rate below {rate:g}")
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            history.loss.append(number)
            drawn = None
            if step in looks:
                net.eval()
                with torch.no_grad():
                    if metric:
                        history.metric.append((step, metric[1](net)))
                        last = f"  {metric[0]} {history.metric[-1][1]:.2f}"
                    drawn = _png(picture(net)) if picture else None
            bar.move(step, f"loss {number:.2f}{last}", drawn)
    except KeyboardInterrupt:
        history.stopped = True
    finally:
        net.eval()
        history.seconds = perf_counter() - start
        taken = len(history.loss)
        end = f"{taken} steps" if taken == steps else f"failed after {taken} of {steps} steps"
        if history.stopped:
            end = f"stopped by you after {taken} of {steps} steps; what was learned is kept"
        bar.close(f"{end}, {history.seconds:.0f} s{last}")
    return history


def best_device() -> torch.device:
    """The quickest that this machine has: CUDA, Apple's MPS, or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _to(tensor: Tensor, device: torch.device) -> Tensor:
    tensor = tensor.to(device, non_blocking=True)
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def _png(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG")
    return file.getvalue()


def semantic_loss(logits: Tensor, semantic: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy plus Dice: every pixel counts in the first, every category in the second.

    Dice is that of Milletari et al. 2016 (section 3) without their squares; the 1 keeps absent categories from 0 / 0.
    Where all is void there is nothing to learn: 0, without a gradient.

    Args:
        logits: float `[B, C, H, W]`.
        semantic: int64 `[B, H, W]`, 255 = void, which is left out of both.
        weights: float `[C]`, how much a pixel of each category counts in the cross-entropy.
    """
    known, logits = semantic != VOID, logits.float()  # sums over many pixels: not in half precision
    weights = logits.new_ones(logits.shape[1]) if weights is None else weights.to(logits.device)
    counted = (weights[semantic.where(known, 0)] * known).sum().clamp(min=1e-8)  # its mean over no pixel would be nan
    cross_entropy = F.cross_entropy(logits, semantic, weights, ignore_index=VOID, reduction="sum") / counted
    target = F.one_hot(semantic.where(known, 0), logits.shape[1]).movedim(-1, 1) * known[:, None]  # (B, C, H, W)
    guess = logits.softmax(1) * known[:, None]
    both = (guess * target).sum((0, 2, 3))
    dice = (2 * both + 1) / (guess.sum((0, 2, 3)) + target.sum((0, 2, 3)) + 1)
    return cross_entropy + 1 - dice.mean()


def category_weights(semantic: Tensor, num_categories: int) -> Tensor:
    """How much a pixel of each category should count: more where the category is rare, but modestly.

    One over the square root of its share of the pixels, scaled so that the mean over all pixels is 1. (One over the
    share itself gives every category the same weight in all, and makes a network see rare things everywhere.)

    Args:
        semantic: int64 `[N, H, W]`, 255 = void.

    Returns:
        float `[C]`; 0 for a category that never occurs.
    """
    share = torch.bincount(semantic[semantic != VOID], minlength=num_categories).float()
    share /= share.sum()
    weights = share.rsqrt().where(share > 0, 0)
    return weights / (weights * share).sum()
