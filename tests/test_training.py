"""The training loop: it learns, stops in good order, says what went wrong, and shows nothing by itself."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from helpers.training import LONGEST_GRADIENT, WEIGHT_DECAY, History, TrainingError, Watcher, best_device, fit

pytestmark = pytest.mark.lesson2


def test_where_nothing_is_shown_nothing_is_loaded_that_shows() -> None:
    code = """
import sys
for module in "training", "losses", "augment", "models.zoo":
    __import__(f"helpers.{module}")
    print(*(f"{module} loads {name}" for name in ("matplotlib", "IPython", "ipywidgets") if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def line() -> Iterator[tuple[Tensor, Tensor]]:
    """Points of y = 2x + 1, without end."""
    generator = torch.Generator().manual_seed(0)
    while True:
        x = torch.rand(16, 1, generator=generator)
        yield x, 2 * x + 1


def distance(net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
    x, y = batch
    return (net(x) - y).square().mean()


def small_net(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(1, 1), nn.Dropout(0.0))


def copied(net: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in net.parameters()]


def same(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.equal(*pair) for pair in zip(one, other, strict=True))


# --- fit ---


def test_it_learns_a_line() -> None:
    net = small_net()
    history = fit(net, line(), distance, 200, rate=0.3)
    assert len(history.loss) == 200 and not history.stopped and history.seconds > 0
    assert np.mean(history.loss[-5:]) < np.mean(history.loss[:5]) / 50
    assert [round(float(parameter), 1) for parameter in copied(net)] == [2.0, 1.0]
    assert not net.training
    assert repr(history) == "History(200 steps)"


def test_the_same_seed_gives_the_same_weights() -> None:
    nets = [small_net(seed) for seed in (0, 0, 1)]
    histories = [fit(net, line(), distance, 5) for net in nets]
    assert histories[0].loss == histories[1].loss != histories[2].loss
    assert same(copied(nets[0]), copied(nets[1])) and not same(copied(nets[0]), copied(nets[2]))


@pytest.mark.parametrize(
    ("steps", "measured"),
    [
        (100, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]),
        (25, [2, 5, 8, 10, 12, 15, 18, 20, 22, 25]),
        (3, [1, 2, 3]),
        (1, [1]),
    ],
)
def test_the_metric_is_measured_ten_times(steps: int, measured: list[int]) -> None:
    taken, calls = 0, []

    def loss(net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        nonlocal taken
        taken += 1
        assert net.training and torch.is_grad_enabled()
        return distance(net, batch)

    def metric(net: nn.Module) -> float:
        assert not net.training and not torch.is_grad_enabled()
        calls.append(taken)
        return taken / 100

    history = fit(small_net(), line(), loss, steps, metric=("score", metric))
    assert calls == measured
    assert history.metric == [(step, step / 100) for step in measured] and history.metric_name == "score"


@pytest.mark.parametrize("where", ["batches", "loss", "metric"])
def test_an_interrupt_keeps_what_was_learned(where: str) -> None:
    net, seen = small_net(), []

    def press_stop(place: str) -> None:
        if place == where and len(seen) == 3:
            raise KeyboardInterrupt

    def until_stopped() -> Iterator[tuple[Tensor, ...]]:
        for batch in line():
            press_stop("batches")
            yield batch

    def loss(net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        press_stop("loss")
        seen.append(copied(net))
        return distance(net, batch)

    def metric(net: nn.Module) -> float:
        press_stop("metric")
        return 0.5

    before = copied(net)
    history = fit(net, until_stopped(), loss, 10, metric=("score", metric))
    assert history.stopped and len(history.loss) == len(seen) == 3
    assert len(history.metric) == (2 if where == "metric" else 3)
    assert not net.training
    assert not same(copied(net), before) and not same(copied(net), seen[-1])  # three steps were taken, and kept
    assert repr(history) == "History(3 steps, stopped early)"


def test_an_interrupt_before_the_first_step_changes_nothing() -> None:
    def none() -> Iterator[tuple[Tensor, ...]]:
        raise KeyboardInterrupt
        yield

    net = small_net()
    before = copied(net)
    history = fit(net, none(), distance, 10)
    assert history.stopped and history.loss == [] and same(copied(net), before) and not net.training


@pytest.mark.parametrize(
    ("factor", "what"),
    [
        (lambda net: torch.nan, "loss is nan"),
        (lambda net: torch.inf, "loss is inf"),
        (lambda net: 1 + (0 * net[0].bias).sqrt(), "gradient is nan"),  # the root of 0 is 0, and has no slope
    ],
    ids=["loss nan", "loss inf", "gradient nan"],
)
def test_what_is_no_number_is_said_with_a_remedy(factor, what: str) -> None:
    net, seen = small_net(), []

    def loss(net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        seen.append(copied(net))
        return (distance(net, batch) * (factor(net) if len(seen) == 4 else 1)).sum()

    history = Noted()
    with pytest.raises(TrainingError, match=re.escape(f"the {what} at step 4; try a rate below 0.5")):
        fit(net, line(), loss, 10, rate=0.5, watch=[history])
    assert same(copied(net), seen[-1]), "the step was taken"
    assert all(weights.isfinite().all() for weights in copied(net)) and not net.training
    assert history.calls[-1] == ("end", 3)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="steps: expected a whole number, at least 1, got 0"):
        fit(small_net(), line(), distance, 0)
    two = iter([next(line()), next(line())])
    with pytest.raises(ValueError, match="batches: expected no end, got 2 for 5 steps"):
        fit(small_net(), two, distance, 5)


def test_the_rate_rises_and_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = []
    step = torch.optim.AdamW.step

    def noted(self: torch.optim.AdamW, *args: object) -> None:
        rates.append(self.param_groups[0]["lr"])
        step(self, *args)

    monkeypatch.setattr(torch.optim.AdamW, "step", noted)
    fit(small_net(), line(), distance, 100, rate=0.1)
    assert len(rates) == 100
    assert max(rates) == pytest.approx(0.1) and np.argmax(rates) == 14  # 15 % of the steps
    assert rates[0] < 0.01 and rates[-1] < 0.001


def test_mixed_precision_multiplies_in_half_and_keeps_whole_weights() -> None:
    net, seen = small_net(), []

    def loss(net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        seen.append(net(batch[0]).dtype)
        return distance(net, batch)

    history = fit(net, line(), loss, 100, rate=0.3, mixed=True)
    assert set(seen) == {torch.bfloat16} and net[0].weight.dtype == torch.float32
    assert np.mean(history.loss[-5:]) < np.mean(history.loss[:5]) / 10
    fit(net, line(), loss, 1)
    assert seen[-1] == torch.float32


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_the_quickest_device_is_chosen(cuda: bool, mps: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert best_device() == torch.device(expected)


def noted_steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """Fills with the rate and the length of the gradient of every step."""
    steps: list[tuple[float, float]] = []
    step = torch.optim.AdamW.step

    def noted(self: torch.optim.AdamW, *args: object) -> None:
        group = self.param_groups[0]
        lengths = [weight.grad.norm() for weight in group["params"]]
        steps.append((group["lr"], float(torch.stack(lengths).norm())))
        step(self, *args)

    monkeypatch.setattr(torch.optim.AdamW, "step", noted)
    return steps


def test_no_step_follows_a_gradient_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = noted_steps(monkeypatch)
    fit(small_net(), line(), lambda net, batch: 1000 * distance(net, batch), 3)
    assert [length for _, length in steps] == pytest.approx([LONGEST_GRADIENT] * 3, rel=1e-3)
    fit(small_net(), line(), lambda net, batch: distance(net, batch) / 1000, 3)
    assert all(0 < length < 0.1 for _, length in steps[3:]), "short ones stay as they are"


def test_what_no_batch_asks_for_decays(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, net = noted_steps(monkeypatch), small_net()
    [weight, bias] = copied(net)
    fit(net, line(), lambda net, batch: 0 * distance(net, batch), 20, rate=0.1)
    left = math.prod(1 - rate * WEIGHT_DECAY for rate, _ in steps)
    assert left < 0.995
    assert torch.allclose(copied(net)[0], left * weight) and torch.allclose(copied(net)[1], left * bias)


# --- who watches ---


class Noted(Watcher):
    """Notes every call, and how many steps were taken until then."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    def begin(self, net: nn.Module, history: History) -> None:
        self._note("begin", net, history)

    def step(self, history: History) -> None:
        self.calls.append(("step", len(history.loss)))

    def look(self, net: nn.Module, history: History) -> None:
        self._note("look", net, history)

    def end(self, net: nn.Module, history: History) -> None:
        self._note("end", net, history)
        assert history.seconds > 0

    def _note(self, what: str, net: nn.Module, history: History) -> None:
        assert not net.training and not torch.is_grad_enabled()
        self.calls.append((what, len(history.loss)))


def test_who_watches_is_told_of_everything() -> None:
    first, second = Noted(), Noted()
    fit(small_net(), line(), distance, 20, watch=[first, second])
    assert first.calls == second.calls
    assert first.calls[0] == ("begin", 0) and first.calls[-1] == ("end", 20)
    assert [taken for what, taken in first.calls if what == "step"] == list(range(1, 21))
    assert [taken for what, taken in first.calls if what == "look"] == list(range(2, 21, 2))


def test_the_metric_is_there_before_anyone_looks() -> None:
    class Reader(Watcher):
        def look(self, net: nn.Module, history: History) -> None:
            assert history.metric[-1] == (len(history.loss), 0.25) and history.metric_name == "score"

    fit(small_net(), line(), distance, 5, metric=("score", lambda net: 0.25), watch=[Reader()])


@pytest.mark.parametrize("what", ["begin", "step", "look", "end"])
def test_a_fault_of_a_watcher_is_not_hidden(what: str) -> None:
    def broken(*_: object) -> None:
        raise OSError("no room")

    watcher, net = Watcher(), small_net()
    setattr(watcher, what, broken)
    with pytest.raises(OSError, match="no room"):
        fit(net, line(), distance, 3, watch=[watcher])
    assert not net.training


def test_an_interrupt_while_someone_looks_ends_the_training() -> None:
    class Impatient(Noted):
        def look(self, net: nn.Module, history: History) -> None:
            if len(history.loss) == 4:
                raise KeyboardInterrupt

    watcher = Impatient()
    history = fit(small_net(), line(), distance, 20, watch=[watcher])
    assert history.stopped and len(history.loss) == 4 and watcher.calls[-1] == ("end", 4)
