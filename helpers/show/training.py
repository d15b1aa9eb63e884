"""How a training goes: a bar with a picture under it, and the learning curve afterwards."""

from __future__ import annotations

import io
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from PIL import Image
from torch import nn

from helpers.bar import Bar
from helpers.training import History, Watcher


class TrainingBar(Watcher):
    """Shows how far a training is, its loss and its metric.

    Args:
        title: what stands before the bar.
        picture: from the network to a uint8 `[H, W, 3]` picture of how it goes, shown under the bar and redrawn each
            time the metric is measured.
    """

    def __init__(self, title: str, picture: Callable[[nn.Module], np.ndarray] | None = None) -> None:
        self.title, self.picture = title, picture

    def begin(self, net: nn.Module, history: History) -> None:
        self.bar = Bar(history.steps, self.title, self._png(net))

    def step(self, history: History) -> None:
        self.bar.move(len(history.loss), f"loss {history.loss[-1]:.2f}{_last(history)}")

    def look(self, net: nn.Module, history: History) -> None:
        if self.picture:
            self.bar.move(len(history.loss), f"loss {history.loss[-1]:.2f}{_last(history)}", self._png(net))

    def end(self, net: nn.Module, history: History) -> None:
        taken = len(history.loss)
        end = f"{taken} steps" if taken == history.steps else f"failed after {taken} of {history.steps} steps"
        if history.stopped:
            end = f"stopped by you after {taken} of {history.steps} steps"
            end += "; what was learned is kept" if taken else ""
        self.bar.close(f"{end}, {history.seconds:.0f} s{_last(history)}")

    def _png(self, net: nn.Module) -> bytes | None:
        if self.picture is None:
            return None
        file = io.BytesIO()
        Image.fromarray(self.picture(net)).save(file, format="PNG")
        return file.getvalue()


def learning_curve(history: History, ax: Axes | None = None) -> Axes:
    """Draw the loss, smoothed, and the metric on an axis of its own at the right."""
    ax = ax or plt.subplots(figsize=(7, 3))[1]
    ax.set(xlabel="step", ylabel="loss", title=f"Learning curve, {history.seconds:.0f} s")
    if not history.loss:  # stopped before the first step
        return ax
    steps = np.arange(1, len(history.loss) + 1)
    width = max(1, len(history.loss) // 40)
    smooth = np.convolve(history.loss, np.ones(width) / width, mode="valid")
    ax.plot(steps, history.loss, color="#c9d3e0", linewidth=1)
    ax.plot(steps[width - 1 :], smooth, color="#30507a")
    ax.set_ylim(0, 1.1 * max(smooth) or 1)
    if history.metric:
        right = ax.twinx()
        right.plot(*zip(*history.metric, strict=True), color="#b3541e", marker="o", markersize=4)
        right.set_ylabel(history.metric_name, color="#b3541e")
        right.set_ylim(0, 1)
        right.spines["right"].set_visible(True)
    return ax


def _last(history: History) -> str:
    return f"  {history.metric_name} {history.metric[-1][1]:.2f}" if history.metric else ""
